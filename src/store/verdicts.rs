//! What people decide about facts. A decision stays when the same news comes again.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::facts::{head, insert_change, insert_fact};
use super::{Store, StoreError, while_doing};
use crate::model::{Fact, FactId};

/// Why a fact could not be corrected.
#[derive(Debug, thiserror::Error)]
pub enum CorrectionError {
    /// There is no such fact.
    #[error("there is no fact {0}; `gazetted facts` shows the numbers")]
    Unknown(i64),
    /// It is known in another form now.
    #[error("fact {0} is known as fact {1} now; correct that one")]
    Superseded(i64, i64),
    /// Only different facts can be merged, of the same kind.
    #[error("facts {0} and {1} cannot be merged: {2}")]
    Unlike(i64, i64, &'static str),
    /// A fact with one source has nothing to be split.
    #[error("fact {fact} was not told by the feed {feed}, or by nothing else")]
    OneVoice {
        /// The fact.
        fact: i64,
        /// The feed's name.
        feed: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Says that a fact is none: it goes into no digest and no roster, and the same news changes
    /// nothing.
    ///
    /// # Errors
    /// See [`CorrectionError`].
    pub fn reject(&mut self, id: FactId, note: &str) -> Result<(), CorrectionError> {
        self.decide("rejecting a fact", id, |connection, _| {
            connection
                .execute(
                    "UPDATE fact SET verdict = 'rejected', note = ?2 WHERE id = ?1",
                    params![id.0, note],
                )
                .map(drop)
        })
    }

    /// Says that a fact is right: its confidence is 1 from now on, and readers for whom it was too
    /// weak are told.
    ///
    /// # Errors
    /// See [`CorrectionError`].
    pub fn confirm(&mut self, id: FactId, at: DateTime<Utc>) -> Result<FactId, CorrectionError> {
        let mut confirmed = id;
        self.decide("confirming a fact", id, |connection, fact| {
            let was = fact.confidence;
            confirmed = decided(connection, at, &Fact { confidence: 1.0, ..fact }, id)?;
            insert_change(connection, confirmed.0, "new", at, Some(was))
        })?;
        Ok(confirmed)
    }

    /// Puts a fact in the place of another: what changed goes into the next digest as a correction.
    ///
    /// # Errors
    /// See [`CorrectionError`].
    pub fn edit(
        &mut self,
        id: FactId,
        change: impl FnOnce(Fact) -> Fact,
        at: DateTime<Utc>,
    ) -> Result<FactId, CorrectionError> {
        let mut edited = id;
        self.decide("editing a fact", id, |connection, fact| {
            let fact = Fact { confidence: 1.0, ..change(fact) };
            edited = decided(connection, at, &fact, id)?;
            insert_change(connection, edited.0, "amended", at, None)
        })?;
        Ok(edited)
    }

    /// Says that a fact is another one in other words: its sources are the other's from now on.
    ///
    /// # Errors
    /// See [`CorrectionError`].
    pub fn merge_facts(&mut self, id: FactId, into: FactId) -> Result<(), CorrectionError> {
        let target = self.present(into)?;
        let unlike = |why| Err(CorrectionError::Unlike(id.0, into.0, why));
        let fact = self.present(id)?;
        if id == into {
            return unlike("they are one already");
        }
        if (fact.kind(), fact.polarity()) != (target.kind(), target.polarity()) {
            return unlike("one is not of the other's kind");
        }
        self.decide("merging facts", id, |connection, _| {
            connection.execute(
                "INSERT OR IGNORE INTO sighting (fact_id, entry_id, seen, detail, effective, quote)
                 SELECT ?2, entry_id, seen, detail, effective, quote FROM sighting WHERE fact_id = ?1 ORDER BY id",
                [id.0, into.0],
            )?;
            connection
                .execute("UPDATE fact SET merged_into = ?2 WHERE id = ?1", [id.0, into.0])
                .map(drop)
        })
    }

    /// Says that what one feed told is another fact: it stands by itself from now on, and the same
    /// news joins neither anew.
    ///
    /// # Errors
    /// See [`CorrectionError`].
    pub fn split_fact(
        &mut self,
        id: FactId,
        feed: &str,
        change: impl FnOnce(Fact) -> Fact,
        at: DateTime<Utc>,
    ) -> Result<FactId, CorrectionError> {
        let told = "FROM sighting JOIN entry ON entry.id = entry_id JOIN feed ON feed.id = feed_id WHERE fact_id = ?1 AND feed.name";
        let count = |sign: &str| -> Result<i64, StoreError> {
            self.connection
                .query_row(&format!("SELECT count(*) {told} {sign} ?2"), params![id.0, feed], |r| {
                    r.get(0)
                })
                .map_err(while_doing("counting the sources of a fact"))
        };
        if count("=")? == 0 || count("<>")? == 0 {
            return Err(CorrectionError::OneVoice { fact: id.0, feed: feed.to_owned() });
        }
        let mut split = id;
        self.decide("splitting a fact", id, |connection, fact| {
            let fact = Fact { confidence: 1.0, ..change(fact) };
            split = FactId(insert_fact(connection, at, &fact, None)?);
            connection.execute("UPDATE fact SET verdict = 'confirmed' WHERE id = ?1", [split.0])?;
            connection.execute(
                &format!(
                    "UPDATE sighting SET fact_id = ?3 WHERE id IN (SELECT sighting.id {told} = ?2)"
                ),
                params![id.0, feed, split.0],
            )?;
            insert_change(connection, split.0, "new", at, None)
        })?;
        Ok(split)
    }

    /// The fact, where it is known in this form.
    fn present(&self, id: FactId) -> Result<Fact, CorrectionError> {
        let failed = while_doing("reading a fact");
        let look = || {
            let Some(fact) = self.fact(id)? else { return Ok(None) };
            Ok(Some((fact, head(&self.connection, id)?)))
        };
        match look().map_err(failed)? {
            None => Err(CorrectionError::Unknown(id.0)),
            Some((_, head)) if head.id != id => Err(CorrectionError::Superseded(id.0, head.id.0)),
            Some((fact, _)) => Ok(fact),
        }
    }

    fn decide(
        &mut self,
        doing: &'static str,
        id: FactId,
        write: impl FnOnce(&Connection, Fact) -> Result<(), rusqlite::Error>,
    ) -> Result<(), CorrectionError> {
        let fact = self.present(id)?;
        let failed = |e| CorrectionError::from(while_doing(doing)(e));
        let transaction = self.connection.transaction().map_err(failed)?;
        write(&transaction, fact).map_err(failed)?;
        transaction.commit().map_err(failed)
    }
}

fn decided(
    connection: &Connection,
    at: DateTime<Utc>,
    fact: &Fact,
    before: FactId,
) -> Result<FactId, rusqlite::Error> {
    let id = insert_fact(connection, at, fact, Some(before.0))?;
    connection.execute("UPDATE fact SET verdict = 'confirmed' WHERE id = ?1", [id])?;
    Ok(FactId(id))
}
