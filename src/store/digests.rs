//! Subscriptions and digests.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::outbox::insert_message;
use super::{Store, StoreError, seconds, time, while_doing};
use crate::crash;
use crate::model::Subscription;

/// How far a subscription has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionState {
    /// Changes up to this one were considered.
    pub cursor: i64,
    /// The end of its last period.
    pub last_run: DateTime<Utc>,
    /// Changes up to this one were looked through for watched names; no less than the cursor.
    pub watched: i64,
    /// How many changes behind the cursor were told at once.
    pub told_at_once: u32,
    /// When its readers were last told something; at first, since when there is the subscription.
    pub spoke: DateTime<Utc>,
}

/// How far a subscription has read once a digest is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Through its period: the next one begins at the end of this digest's.
    Period {
        /// Changes up to this one were considered.
        cursor: i64,
    },
    /// Through what is told at once; its period goes on.
    Watched {
        /// Changes up to this one were looked through.
        up_to: i64,
    },
}

/// A composed digest, for the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestRecord {
    /// The subscription's name.
    pub subscription: String,
    /// The period's label.
    pub label: String,
    /// The period, half-open.
    pub from: DateTime<Utc>,
    /// Its end.
    pub until: DateTime<Utc>,
    /// The subject line.
    pub subject: String,
    /// When it was composed.
    pub composed: DateTime<Utc>,
    /// The changes that it reports.
    pub change_ids: Vec<i64>,
    /// Whether its readers are told something: health is the operator's alone.
    pub to_readers: bool,
    /// How far the subscription has read from now on.
    pub progress: Progress,
    /// The troubles of feeds that it tells the operator.
    pub troubles: Vec<i64>,
    /// The notices about mail that it tells the operator.
    pub notices: Vec<i64>,
    /// Earlier digests that reached nobody and are told in this one: they are taken back.
    pub takes_back: Vec<i64>,
}

/// Digests that reached nobody so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Their rows.
    pub digests: Vec<i64>,
    /// The begin of the first one's period.
    pub from: DateTime<Utc>,
    /// Changes up to this id were told before.
    pub cursor: i64,
}

/// A message to one recipient, frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// The envelope's recipient.
    pub recipient: String,
    /// The envelope's sender.
    pub sender: String,
    /// The deterministic Message-ID.
    pub message_id: String,
    /// The whole message.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Takes over the configured digests. A new one begins with what comes from now on: in a fresh
    /// database that is everything.
    ///
    /// # Errors
    /// When the database fails.
    pub fn register_subscriptions(
        &mut self,
        subscriptions: &[&Subscription],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut register = || {
            let transaction = self.connection.transaction()?;
            for subscription in subscriptions {
                transaction.execute(
                    "INSERT OR IGNORE INTO subscription (name, cursor, last_run, spoke) VALUES (?1, (SELECT coalesce(max(id), 0) FROM change), ?2, ?2)",
                    params![subscription.name, seconds(now)],
                )?;
            }
            transaction.commit()
        };
        register().map_err(while_doing("registering digests"))
    }

    /// How far a subscription has read.
    ///
    /// # Errors
    /// When the database fails or the subscription was never registered.
    pub fn subscription_state(&self, name: &str) -> Result<SubscriptionState, StoreError> {
        self.connection
            .query_row(
                "SELECT cursor, last_run, max(cursor, coalesce(watched, 0)),
                        (SELECT count(DISTINCT change_id) FROM digest_change JOIN digest ON digest.id = digest_id WHERE change_id > cursor AND subscription = name),
                        coalesce(spoke, last_run)
                 FROM subscription WHERE name = ?1",
                [name],
                |row| {
                    Ok(SubscriptionState {
                        cursor: row.get(0)?,
                        last_run: time(row.get(1)?),
                        watched: row.get(2)?,
                        told_at_once: row.get(3)?,
                        spoke: time(row.get(4)?),
                    })
                },
            )
            .map_err(while_doing("reading a digest's state"))
    }

    /// The messages that first told what some changes correct: reader and Message-ID, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn first_told(
        &self,
        subscription: &str,
        corrections: &[i64],
    ) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "WITH RECURSIVE form (id) AS (
                     SELECT amends FROM fact JOIN change ON change.fact_id = fact.id WHERE change.id = ?1 AND amends IS NOT NULL
                     UNION SELECT amends FROM fact JOIN form ON fact.id = form.id WHERE amends IS NOT NULL
                   )
                   SELECT digest_id, recipient, message_id FROM outbox WHERE digest_id =
                     (SELECT min(digest_id) FROM form JOIN change ON change.fact_id = form.id JOIN digest_change ON change_id = change.id
                        JOIN digest ON digest.id = digest_id WHERE subscription = ?2)";
        let look = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut found: Vec<(i64, String, String)> = Vec::new();
            for change in corrections {
                let rows = statement.query_map(params![change, subscription], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?;
                found.extend(rows.collect::<Result<Vec<_>, _>>()?);
            }
            found.sort();
            found.dedup();
            Ok(found.into_iter().map(|(_, reader, message)| (reader, message)).collect())
        };
        look().map_err(while_doing("looking for what is corrected"))
    }

    /// The digests of a subscription whose periods begin at or after a time and that reached nobody: each
    /// message was tried in vain, none is under way or may have arrived. Not those that tell the operator
    /// something, nor what was told at once.
    ///
    /// # Errors
    /// When the database fails.
    pub fn unsent_digests(
        &self,
        subscription: &str,
        from: DateTime<Utc>,
    ) -> Result<Option<Unsent>, StoreError> {
        let sql = format!(
            "SELECT id, period_from, (SELECT min(change_id) FROM digest_change WHERE digest_id = digest.id)
             FROM digest WHERE subscription = ?1 AND period_from >= ?2 AND label NOT LIKE 'watch-%' AND {UNSENT}
               AND EXISTS (SELECT 1 FROM digest_change WHERE digest_id = digest.id)
               AND NOT EXISTS (SELECT 1 FROM trouble WHERE told = composed OR told_over = composed)
               AND NOT EXISTS (SELECT 1 FROM notice WHERE told = composed)
             ORDER BY id"
        );
        let look = || -> Result<Vec<(i64, i64, i64)>, rusqlite::Error> {
            self.connection
                .prepare_cached(&sql)?
                .query_map(params![subscription, seconds(from)], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?
                .collect()
        };
        let rows = look().map_err(while_doing("looking for digests that reached nobody"))?;
        let (from, first) = (rows.iter().map(|r| r.1).min(), rows.iter().map(|r| r.2).min());
        Ok(from.zip(first).map(|(from, first)| Unsent {
            digests: rows.iter().map(|row| row.0).collect(),
            from: time(from),
            cursor: first - 1,
        }))
    }

    /// Records a digest, its changes, its messages and the subscription's cursor, all or nothing
    /// (invariant 4). False: something that it takes back is on its way meanwhile.
    ///
    /// # Errors
    /// When the database fails; then nothing was changed.
    pub fn commit_digest(
        &mut self,
        digest: &DigestRecord,
        messages: &[NewMessage],
    ) -> Result<bool, StoreError> {
        let mut commit = || {
            let transaction = self.connection.transaction()?;
            for id in &digest.takes_back {
                if !is_unsent(&transaction, *id)? {
                    return Ok(false);
                }
            }
            transaction.execute(
                "INSERT INTO digest (subscription, label, period_from, period_until, subject, composed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![digest.subscription, digest.label, seconds(digest.from), seconds(digest.until), digest.subject, seconds(digest.composed)],
            )?;
            let id = transaction.last_insert_rowid();
            crash::point("store.digest.begun");
            for change in &digest.change_ids {
                transaction.execute(
                    "INSERT INTO digest_change (digest_id, change_id) VALUES (?1, ?2)",
                    params![id, change],
                )?;
            }
            crash::point("store.digest.changes");
            for trouble in &digest.troubles {
                transaction.execute(
                    "UPDATE trouble SET told = coalesce(told, ?2), told_over = CASE WHEN over IS NOT NULL THEN ?2 END WHERE id = ?1",
                    params![trouble, seconds(digest.composed)],
                )?;
            }
            for notice in &digest.notices {
                transaction.execute(
                    "UPDATE notice SET told = ?2 WHERE id = ?1",
                    params![notice, seconds(digest.composed)],
                )?;
            }
            for message in messages {
                insert_message(&transaction, id, message, digest.composed)?;
                crash::point("store.digest.message");
            }
            // After the new rows are there, for theirs must not be used again.
            for old in &digest.takes_back {
                take_back(&transaction, *old)?;
            }
            if digest.to_readers {
                transaction.execute(
                    "UPDATE subscription SET spoke = ?2 WHERE name = ?1",
                    params![digest.subscription, seconds(digest.composed)],
                )?;
            }
            match digest.progress {
                Progress::Period { cursor } => {
                    close_period(&transaction, &digest.subscription, cursor, digest.until)?
                }
                Progress::Watched { up_to } => watch(&transaction, &digest.subscription, up_to)?,
            }
            crash::point("store.digest.before-commit");
            transaction.commit()?;
            crash::point("store.digest.committed");
            Ok(true)
        };
        commit().map_err(while_doing("recording a digest"))
    }

    /// A period without news: the cursor and the period move on, nothing is sent.
    ///
    /// # Errors
    /// When the database fails.
    pub fn skip_digest(
        &mut self,
        subscription: &str,
        cursor: i64,
        until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        close_period(&self.connection, subscription, cursor, until)
            .map_err(while_doing("closing a quiet period"))
    }

    /// Nothing of the changes up to this one is to be told at once.
    ///
    /// # Errors
    /// When the database fails.
    pub fn skip_watched(&mut self, subscription: &str, up_to: i64) -> Result<(), StoreError> {
        watch(&self.connection, subscription, up_to)
            .map_err(while_doing("looking for watched names"))
    }
}

/// Of a digest: each of its messages was tried in vain, none is under way or may have arrived.
const UNSENT: &str = "EXISTS (SELECT 1 FROM outbox WHERE digest_id = digest.id)
    AND NOT EXISTS (SELECT 1 FROM outbox WHERE digest_id = digest.id AND (state <> 'pending' OR began IS NOT NULL OR attempts = 0))";

fn is_unsent(connection: &Connection, digest: i64) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached(&format!("SELECT count(*) FROM digest WHERE id = ?1 AND {UNSENT}"))?
        .query_row([digest], |row| row.get(0))
}

/// A digest that reached nobody, and what it holds is told in another.
fn take_back(connection: &Connection, digest: i64) -> Result<(), rusqlite::Error> {
    for sql in [
        "DELETE FROM outbox WHERE digest_id = ?1",
        "DELETE FROM digest_change WHERE digest_id = ?1",
        "DELETE FROM digest WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([digest])?;
    }
    Ok(())
}

fn close_period(
    connection: &Connection,
    subscription: &str,
    cursor: i64,
    until: DateTime<Utc>,
) -> Result<(), rusqlite::Error> {
    connection
        .execute(
            "UPDATE subscription SET cursor = ?2, last_run = ?3 WHERE name = ?1",
            params![subscription, cursor, seconds(until)],
        )
        .map(drop)
}

fn watch(connection: &Connection, subscription: &str, up_to: i64) -> Result<(), rusqlite::Error> {
    connection
        .execute(
            "UPDATE subscription SET watched = ?2 WHERE name = ?1",
            params![subscription, up_to],
        )
        .map(drop)
}
