//! The troubles of feeds and what they are judged by.

use chrono::{DateTime, Utc};
use rusqlite::{Row, params};

use super::{Store, StoreError, seconds, time, while_doing};
use crate::health::Turn;
use crate::model::{FeedHealth, Trouble, TroubleKind};

/// A feed's rhythm is taken from so many of its latest entries.
const RHYTHM_OF: u32 = 20;
/// Ended troubles are kept for so long, in seconds: a year.
const KEPT: i64 = 365 * 86_400;

impl Store {
    /// What is known of the health of every configured feed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn feed_health(&self) -> Result<Vec<FeedHealth>, StoreError> {
        let feeds = "SELECT id, failing_since, last_error, gone, address FROM feed WHERE configured ORDER BY name";
        let read = |row: &Row| {
            Ok(FeedHealth {
                feed_id: row.get(0)?,
                failing_since: row.get::<_, Option<i64>>(1)?.map(time),
                last_error: row.get(2)?,
                gone: row.get(3)?,
                address: row.get(4)?,
                entries: Vec::new(),
                open: Vec::new(),
            })
        };
        let query = || {
            let mut statement = self.connection.prepare(feeds)?;
            let mut found: Vec<FeedHealth> =
                statement.query_map([], read)?.collect::<Result<_, _>>()?;
            let mut entries = self.connection.prepare(
                "SELECT min(coalesce(published, first_seen), first_seen) AS at FROM entry WHERE feed_id = ?1 ORDER BY at DESC LIMIT ?2",
            )?;
            let mut open = self.connection.prepare(
                "SELECT id, kind, detail FROM trouble WHERE feed_id = ?1 AND over IS NULL",
            )?;
            for feed in &mut found {
                feed.entries = entries
                    .query_map(params![feed.feed_id, RHYTHM_OF], |r| r.get(0).map(time))?
                    .collect::<Result<_, _>>()?;
                feed.open = open
                    .query_map([feed.feed_id], |row| Ok((row.get(0)?, kind(row, 1)?, row.get(2)?)))?
                    .collect::<Result<_, _>>()?;
            }
            Ok(found)
        };
        query().map_err(while_doing("reading the feeds' health"))
    }

    /// Writes down what began and what ended.
    ///
    /// # Errors
    /// When the database fails; then nothing was changed.
    pub fn record_turns(
        &mut self,
        turns: &[(i64, Turn)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut record = || {
            let transaction = self.connection.transaction()?;
            for (feed, turn) in turns {
                match turn {
                    Turn::Begins { kind, since, detail } => transaction.execute(
                        "INSERT INTO trouble (feed_id, kind, since, detail) VALUES (?1, ?2, ?3, ?4)",
                        params![feed, kind.as_str(), seconds(*since), detail],
                    )?,
                    Turn::Ends(id) => transaction.execute(
                        "UPDATE trouble SET over = ?2 WHERE id = ?1",
                        params![id, seconds(now)],
                    )?,
                };
            }
            // What ended before anybody was told of it needs no word; what was told is history.
            transaction.execute(
                "DELETE FROM trouble WHERE over IS NOT NULL AND (told IS NULL OR told_over < ?1)",
                [seconds(now) - KEPT],
            )?;
            transaction.commit()
        };
        record().map_err(while_doing("writing down the feeds' health"))
    }

    /// The troubles, or the ends of troubles, that nobody was told of yet, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn untold_troubles(&self) -> Result<Vec<Trouble>, StoreError> {
        self.troubles("told IS NULL AND over IS NULL OR over IS NOT NULL AND told_over IS NULL")
    }

    /// The troubles that are not over.
    ///
    /// # Errors
    /// When the database fails.
    pub fn open_troubles(&self) -> Result<Vec<Trouble>, StoreError> {
        self.troubles("over IS NULL")
    }

    fn troubles(&self, which: &str) -> Result<Vec<Trouble>, StoreError> {
        let sql = format!(
            "SELECT trouble.id, feed.name, kind, since, detail, over FROM trouble JOIN feed ON feed.id = feed_id WHERE configured AND ({which}) ORDER BY trouble.id"
        );
        let read = |row: &Row| {
            Ok(Trouble {
                id: row.get(0)?,
                feed: row.get(1)?,
                kind: kind(row, 2)?,
                since: row.get(3).map(time)?,
                detail: row.get(4)?,
                over: row.get::<_, Option<i64>>(5)?.map(time),
            })
        };
        let query =
            || self.connection.prepare(&sql)?.query_map([], read)?.collect::<Result<_, _>>();
        query().map_err(while_doing("reading the feeds' troubles"))
    }
}

fn kind(row: &Row, column: usize) -> Result<TroubleKind, rusqlite::Error> {
    let word: String = row.get(column)?;
    TroubleKind::parse(&word).ok_or_else(|| {
        let error = format!("`{word}` is no trouble").into();
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error)
    })
}
