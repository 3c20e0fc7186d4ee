//! Stored texts for reading them again, and what a person takes over of that.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::facts::{
    FACT_COLUMNS, aliases_of, head, insert_change, insert_fact, insert_sighting, known_facts,
    read_fact, text_source,
};
use super::{Store, StoreError, seconds, time, while_doing};
use crate::ledger::{self, Again, Told};
use crate::model::{Entry, EntryKey, Fact, FactId, PlannedEntry, TextSource};

/// A text that is still stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEntry {
    /// Its row.
    pub id: i64,
    /// Its feed's name.
    pub feed: String,
    /// Its feed's publisher.
    pub publisher: String,
    /// The entry; its HTML stands in it.
    pub entry: Entry,
    /// Which of the entry's texts it is.
    pub text_source: TextSource,
    /// When it was first seen.
    pub first_seen: DateTime<Utc>,
}

/// What a person decides about something that was found otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum Revision {
    /// A fact that was missed.
    Add(Fact),
    /// A fact that was read otherwise, or too weakly: what it was known as, and whether it is told as a
    /// correction.
    Replace(FactId, Fact, bool),
    /// A fact that is none.
    Remove(FactId),
    /// A fact is right as the ledger has it.
    Keep(FactId),
    /// What was found is none.
    Refuse(Fact),
}

impl Store {
    /// Up to `most` of the texts after a row that were first seen at or after a time, in the order of
    /// their rows.
    ///
    /// # Errors
    /// When the database fails.
    pub fn texts_after(
        &self,
        after: i64,
        since: Option<DateTime<Utc>>,
        most: u32,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let sql = "SELECT entry.id, feed.name, feed.publisher, key, version, link, title, author, published, html, text_source, first_seen
                   FROM entry JOIN feed ON feed.id = feed_id
                   WHERE entry.id > ?1 AND html <> '' AND (?2 IS NULL OR first_seen >= ?2) ORDER BY entry.id LIMIT ?3";
        let query = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![after, since.map(seconds), most], read_entry)?;
            rows.collect::<Result<_, _>>()
        };
        query().map_err(while_doing("reading stored texts"))
    }

    /// How many entries that were first seen at or after a time have lost their text to retention.
    ///
    /// # Errors
    /// When the database fails.
    pub fn texts_gone(&self, since: Option<DateTime<Utc>>) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM entry WHERE html = '' AND (?1 IS NULL OR first_seen >= ?1)";
        self.connection
            .query_row(sql, [since.map(seconds)], |row| row.get::<_, i64>(0))
            .map(i64::unsigned_abs)
            .map_err(while_doing("counting texts"))
    }

    /// What an entry, read again, tells otherwise than the ledger has it. `text` is the folded text with
    /// its title: what was read from words that stand there no more is no difference of reading.
    ///
    /// # Errors
    /// When the database fails or holds what it should not.
    pub fn read_again(
        &self,
        stored: &StoredEntry,
        planned: &PlannedEntry,
        text: &str,
        least: f64,
    ) -> Result<Again, StoreError> {
        let query = || {
            let told = told_by(&self.connection, stored.id, |words| text.contains(words))?;
            let ids: HashSet<FactId> = sighted(&self.connection, stored.id)?.into_iter().collect();
            let mut found = Vec::new();
            for fact in &planned.facts {
                let aliases = aliases_of(&self.connection, stored.id, planned, fact)?;
                let known = known_facts(
                    &self.connection,
                    stored.id,
                    planned,
                    fact,
                    stored.first_seen,
                    &aliases,
                )?;
                let one = std::slice::from_ref(fact);
                let here = |id: FactId| ids.contains(&id);
                found.extend(ledger::reconcile(&known, one, stored.first_seen, &aliases, here));
            }
            let aliases = ledger::Aliases::of(&planned.aliases);
            Ok(ledger::again(&told, &found, least, &aliases))
        };
        query().map_err(while_doing("comparing a text with the ledger"))
    }

    /// A fact, where nobody has decided on it and every text that told it is among those that were
    /// first seen at or after a time and are still stored.
    ///
    /// # Errors
    /// When the database fails or holds what it should not.
    pub fn undecided(
        &self,
        id: FactId,
        since: Option<DateTime<Utc>>,
    ) -> Result<Option<Fact>, StoreError> {
        let sql = format!(
            "SELECT {FACT_COLUMNS} FROM fact WHERE id = ?1 AND verdict IS NULL AND NOT EXISTS
               (SELECT 1 FROM sighting JOIN entry ON entry.id = entry_id WHERE fact_id = ?1 AND (html = '' OR first_seen < ?2))"
        );
        let since = since.map_or(i64::MIN, seconds);
        self.connection
            .prepare_cached(&sql)
            .and_then(|mut s| {
                s.query_row(params![id.0, since], |row| read_fact(row).map(|(_, fact, ..)| fact))
                    .optional()
            })
            .map_err(while_doing("reading a fact"))
    }

    /// Takes over what a person decided, all or nothing; each with the entries that tell it.
    ///
    /// # Errors
    /// When the database fails; then nothing was changed.
    pub fn revise(
        &mut self,
        revisions: &[(Revision, Vec<i64>)],
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let failed = || while_doing("taking over what was read again");
        let transaction = self.connection.transaction().map_err(failed())?;
        for (revision, entries) in revisions {
            revise(&transaction, revision, entries, at).map_err(failed())?;
        }
        transaction.commit().map_err(failed())
    }
}

fn read_entry(row: &Row) -> Result<StoredEntry, rusqlite::Error> {
    let entry = Entry {
        key: EntryKey(row.get(3)?),
        guid: None,
        version: row.get(4)?,
        link: row.get(5)?,
        title: row.get(6)?,
        author: row.get(7)?,
        published: row.get::<_, Option<i64>>(8)?.map(time),
        html: row.get(9)?,
        has_content: false,
    };
    let text_source = text_source(row, 10)?;
    let (id, feed, publisher) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(StoredEntry { id, feed, publisher, entry, text_source, first_seen: time(row.get(11)?) })
}

/// The facts that an entry told, as they were told.
fn sighted(connection: &Connection, entry: i64) -> Result<Vec<FactId>, rusqlite::Error> {
    let mut statement = connection
        .prepare_cached("SELECT fact_id FROM sighting WHERE entry_id = ?1 ORDER BY fact_id")?;
    statement.query_map([entry], |row| row.get(0).map(FactId))?.collect()
}

/// What an entry told, in its present form, where that was read from words, folded, that are asked for.
pub(super) fn told_by(
    connection: &Connection,
    entry: i64,
    asked_for: impl Fn(&str) -> bool,
) -> Result<Vec<Told>, rusqlite::Error> {
    let mut told: BTreeMap<FactId, Told> = BTreeMap::new();
    for id in sighted(connection, entry)? {
        let head = head(connection, id)?;
        let sql = format!(
            "SELECT {FACT_COLUMNS}, (SELECT quote FROM sighting WHERE fact_id = ?2 AND entry_id = ?3),
                    NOT EXISTS (SELECT 1 FROM sighting WHERE fact_id = ?1 AND entry_id <> ?3)
             FROM fact WHERE id = ?1"
        );
        let (fact, quote, only_here) =
            connection.prepare_cached(&sql)?.query_row(params![head.id.0, id.0, entry], |row| {
                let (_, fact, ..) = read_fact(row)?;
                Ok((fact, row.get::<_, Option<String>>(11)?, row.get(12)?))
            })?;
        let words = crate::model::fold(quote.as_deref().unwrap_or(&fact.evidence.quote));
        if asked_for(&words) {
            let decided = head.decided;
            told.insert(head.id, Told { id: head.id, fact, decided, only_here });
        }
    }
    Ok(told.into_values().collect())
}

fn revise(
    transaction: &Connection,
    revision: &Revision,
    entries: &[i64],
    at: DateTime<Utc>,
) -> Result<(), rusqlite::Error> {
    let decide = |id: FactId, verdict: &str, note: &str| {
        transaction
            .prepare_cached("UPDATE fact SET verdict = ?2, note = ?3 WHERE id = ?1")?
            .execute(params![id.0, verdict, note])
            .map(drop)
    };
    match revision {
        Revision::Add(fact) => {
            let id = add(transaction, fact, entries, at)?;
            insert_change(transaction, id, "new", at, None)
        }
        Revision::Refuse(fact) => {
            let id = add(transaction, fact, entries, at)?;
            decide(FactId(id), "rejected", "refused when it was found in a stored text")
        }
        Revision::Replace(before, fact, corrects) => {
            let was = head(transaction, *before)?;
            let id = insert_fact(transaction, at, fact, Some(was.id.0))?;
            for entry in entries {
                insert_sighting(transaction, id, *entry, at, fact)?;
            }
            let (word, was) =
                if *corrects { ("amended", None) } else { ("new", Some(was.confidence)) };
            insert_change(transaction, id, word, at, was)
        }
        Revision::Remove(id) => {
            decide(*id, "rejected", "not found any more when its text was read again")
        }
        Revision::Keep(id) => decide(*id, "confirmed", "kept when its text was read otherwise"),
    }
}

/// A fact that is as old as the first text that tells it.
fn add(
    transaction: &Connection,
    fact: &Fact,
    entries: &[i64],
    at: DateTime<Utc>,
) -> Result<i64, rusqlite::Error> {
    let seen = |entry: i64| {
        transaction
            .prepare_cached("SELECT first_seen FROM entry WHERE id = ?1")?
            .query_row([entry], |row| row.get(0).map(time))
    };
    let seen: Vec<DateTime<Utc>> =
        entries.iter().map(|entry| seen(*entry)).collect::<Result<_, _>>()?;
    let first = seen.iter().min().copied().unwrap_or(at);
    let id = insert_fact(transaction, first, fact, None)?;
    for (entry, seen) in entries.iter().zip(seen) {
        insert_sighting(transaction, id, *entry, seen, fact)?;
    }
    Ok(id)
}
