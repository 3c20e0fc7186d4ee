//! The outbox: one row for each message, its bytes frozen.

use chrono::{DateTime, Utc};
use rusqlite::{Row, params};

use super::{Store, StoreError, seconds, time, while_doing};
use crate::model::{Attempt, OutboxItem, OutboxState};

impl Store {
    /// Messages whose next attempt is due, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn outbox_due(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        let read = |row: &Row| {
            Ok(OutboxItem {
                id: row.get(0)?,
                recipient: row.get(1)?,
                sender: row.get(2)?,
                message_id: row.get(3)?,
                bytes: row.get(4)?,
                state: if row.get::<_, String>(5)? == "uncertain" {
                    OutboxState::Uncertain
                } else {
                    OutboxState::Pending
                },
                attempts: row.get(6)?,
                created: time(row.get(7)?),
                next_attempt: time(row.get(8)?),
            })
        };
        let query = || -> Result<Vec<OutboxItem>, rusqlite::Error> {
            self.connection
                .prepare_cached(
                    "SELECT id, recipient, sender, message_id, bytes, state, attempts, created, next_attempt FROM outbox
                     WHERE state IN ('pending', 'uncertain') AND next_attempt <= ?1 ORDER BY id LIMIT ?2",
                )?
                .query_map(params![seconds(now), limit], read)?
                .collect()
        };
        query().map_err(while_doing("reading the outbox"))
    }

    /// Records what came of an attempt.
    ///
    /// # Errors
    /// When the database fails.
    pub fn record_attempt(&mut self, id: i64, attempt: &Attempt) -> Result<(), StoreError> {
        self.connection
            .execute(
                "UPDATE outbox SET state = ?2, attempts = attempts + 1, next_attempt = ?3, note = ?4 WHERE id = ?1",
                params![id, attempt.state.as_str(), attempt.next_attempt.map(seconds), attempt.note],
            )
            .map(drop)
            .map_err(while_doing("recording a delivery"))
    }

    /// When the next attempt is due, if a message waits.
    ///
    /// # Errors
    /// When the database fails.
    pub fn next_outbox_time(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.connection
            .query_row(
                "SELECT min(next_attempt) FROM outbox WHERE state IN ('pending', 'uncertain')",
                [],
                |r| r.get::<_, Option<i64>>(0),
            )
            .map(|at| at.map(time))
            .map_err(while_doing("reading the outbox"))
    }

    /// How many messages wait, and how many failed for good.
    ///
    /// # Errors
    /// When the database fails.
    pub fn outbox_counts(&self) -> Result<(u32, u32), StoreError> {
        self.connection
            .query_row(
                "SELECT count(*) FILTER (WHERE state IN ('pending', 'uncertain')), count(*) FILTER (WHERE state = 'failed') FROM outbox",
                [],
                |r| Ok((r.get(0)?, r.get(1)?)),
            )
            .map_err(while_doing("counting the outbox"))
    }
}
