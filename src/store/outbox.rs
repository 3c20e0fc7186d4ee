//! The outbox: one row for each message, its bytes frozen. An attempt is written down before it is
//! made and after it: a program that dies in between knows that the message may have arrived, and a
//! disk that is full stops the sending instead of repeating it.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Store, StoreError, seconds, time, while_doing};
use crate::crash;
use crate::model::{Attempt, Notice, OutboxItem, OutboxState};

/// What was told to the operator is kept for so long, and what there is no operator for as well, in
/// seconds: 90 days.
const NOTICES_KEPT: i64 = 90 * 86_400;

const WAITING: &str = "state IN ('pending', 'uncertain')";

/// A message as an administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its row.
    pub id: i64,
    /// The subscription's name.
    pub subscription: String,
    /// The digest's period.
    pub label: String,
    /// The digest's subject.
    pub subject: String,
    /// The reader.
    pub recipient: String,
    /// The Message-ID.
    pub message_id: String,
    /// Where it stands.
    pub state: OutboxState,
    /// How many attempts were made.
    pub attempts: u32,
    /// When it was composed.
    pub created: DateTime<Utc>,
    /// When it is tried next.
    pub next_attempt: Option<DateTime<Utc>>,
    /// When it was sent or failed.
    pub ended: Option<DateTime<Utc>>,
    /// What came of the last attempt.
    pub note: String,
}

/// A recipient who gets no mail until somebody looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// The address.
    pub address: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// The server's word.
    pub reason: String,
}

/// What became of a message that was to be taken up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It is due now.
    Due,
    /// It was sent already.
    Sent,
    /// Its recipient is suspended.
    Suspended(String),
    /// There is no such message.
    Unknown,
}

impl Store {
    /// Messages whose next attempt is due, those that wait longest first. Only the oldest message to
    /// a recipient is among them: a later one never overtakes it.
    ///
    /// # Errors
    /// When the database fails or holds what it should not.
    pub fn outbox_due(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        let sql = format!(
            "SELECT id, digest_id, recipient, sender, message_id, bytes, state, attempts, coalesce(revived, created), next_attempt,
               (SELECT count(DISTINCT r.digest_id) FROM outbox r WHERE r.recipient = o.recipient AND r.refused AND r.digest_id <> o.digest_id
                  AND r.id > coalesce((SELECT forgiven FROM recipient WHERE address = o.recipient), 0)
                  AND r.id > coalesce((SELECT max(s.id) FROM outbox s WHERE s.recipient = o.recipient AND s.state = 'sent'), 0))
             FROM outbox o WHERE id IN (SELECT min(id) FROM outbox WHERE {WAITING} GROUP BY recipient) AND next_attempt <= ?1
             ORDER BY next_attempt, id LIMIT ?2"
        );
        let read = |row: &Row| {
            Ok(OutboxItem {
                id: row.get(0)?,
                digest_id: row.get(1)?,
                recipient: row.get(2)?,
                sender: row.get(3)?,
                message_id: row.get(4)?,
                bytes: row.get(5)?,
                state: state(row, 6)?,
                attempts: row.get(7)?,
                created: time(row.get(8)?),
                next_attempt: time(row.get(9)?),
                refused_before: row.get(10)?,
            })
        };
        let query = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
            statement.query_map(params![seconds(now), limit], read)?.collect::<Result<_, _>>()
        };
        query().map_err(while_doing("reading the outbox"))
    }

    /// Writes down that an attempt begins. False: the message waits no more, for
    /// somebody dropped it or a later digest tells what it holds.
    ///
    /// # Errors
    /// When the database fails: then nothing may be sent, for it could not be written down either.
    pub fn begin_attempt(
        &mut self,
        id: i64,
        message_id: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = format!(
            "UPDATE outbox SET began = ?2, attempts = attempts + 1 WHERE id = ?1 AND message_id = ?3 AND {WAITING}"
        );
        let changed = self.connection.execute(&sql, params![id, seconds(now), message_id]);
        crash::point("store.attempt.begun");
        changed.map(|n| n == 1).map_err(while_doing("recording that a delivery begins"))
    }

    /// Records what came of an attempt and what follows for the recipient, all or nothing.
    ///
    /// # Errors
    /// When the database fails; then nothing was changed.
    pub fn record_attempt(
        &mut self,
        item: &OutboxItem,
        attempt: &Attempt,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut record = || {
            let transaction = self.connection.transaction()?;
            let ended = matches!(attempt.state, OutboxState::Sent | OutboxState::Failed);
            transaction.execute(
                "UPDATE outbox SET state = ?2, next_attempt = ?3, note = ?4, refused = ?5, began = NULL, ended = ?6 WHERE id = ?1",
                params![
                    item.id,
                    attempt.state.as_str(),
                    attempt.next_attempt.map(seconds),
                    attempt.note,
                    attempt.refused,
                    ended.then_some(seconds(now))
                ],
            )?;
            if attempt.suspends {
                suspend(&transaction, &item.recipient, &attempt.note, now)?;
            }
            if let Some(notice) = &attempt.notice {
                let old = seconds(now) - NOTICES_KEPT;
                transaction.execute("DELETE FROM notice WHERE at < ?1", [old])?;
                transaction.execute(
                    "INSERT INTO notice (at, text) VALUES (?1, ?2)",
                    params![seconds(now), notice],
                )?;
            }
            crash::point("store.attempt.before-commit");
            transaction.commit()?;
            crash::point("store.attempt.committed");
            Ok(())
        };
        record().map_err(while_doing("recording a delivery"))
    }

    /// Marks the messages whose attempt was under way when an earlier process died: they may have
    /// arrived, and are sent again with the same bytes. Gives their number.
    ///
    /// # Errors
    /// When the database fails.
    pub fn settle_interrupted(&mut self) -> Result<usize, StoreError> {
        let sql = format!(
            "UPDATE outbox SET state = 'uncertain', began = NULL, note = 'the program ended during an attempt; it may have arrived' WHERE began IS NOT NULL AND {WAITING}"
        );
        self.connection.execute(&sql, []).map_err(while_doing("looking at interrupted deliveries"))
    }

    /// When the next attempt is due, if a message waits.
    ///
    /// # Errors
    /// When the database fails.
    pub fn next_outbox_time(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = format!(
            "SELECT min(next_attempt) FROM outbox WHERE id IN (SELECT min(id) FROM outbox WHERE {WAITING} GROUP BY recipient)"
        );
        self.connection
            .query_row(&sql, [], |r| r.get::<_, Option<i64>>(0))
            .map(|at| at.map(time))
            .map_err(while_doing("reading the outbox"))
    }

    /// How many messages wait, and how many failed for good.
    ///
    /// # Errors
    /// When the database fails.
    pub fn outbox_counts(&self) -> Result<(u32, u32), StoreError> {
        let sql = format!(
            "SELECT count(*) FILTER (WHERE {WAITING}), count(*) FILTER (WHERE state = 'failed') FROM outbox"
        );
        self.connection
            .query_row(&sql, [], |r| Ok((r.get(0)?, r.get(1)?)))
            .map_err(while_doing("counting the outbox"))
    }

    /// The messages of the outbox, the oldest first; without `all` only those that were not sent.
    ///
    /// # Errors
    /// When the database fails or holds what it should not.
    pub fn outbox_list(&self, all: bool) -> Result<Vec<OutboxEntry>, StoreError> {
        self.entries("?1 OR state <> 'sent'", i64::from(all))
    }

    /// A message and its bytes.
    ///
    /// # Errors
    /// When the database fails or holds what it should not.
    pub fn outbox_message(&self, id: i64) -> Result<Option<(OutboxEntry, Vec<u8>)>, StoreError> {
        let Some(entry) = self.entries("outbox.id = ?1", id)?.pop() else { return Ok(None) };
        self.connection
            .query_row("SELECT bytes FROM outbox WHERE id = ?1", [id], |r| r.get(0))
            .map(|bytes| Some((entry, bytes)))
            .map_err(while_doing("reading a message"))
    }

    fn entries(&self, which: &str, value: i64) -> Result<Vec<OutboxEntry>, StoreError> {
        let sql = format!(
            "SELECT outbox.id, subscription, label, subject, recipient, message_id, state, attempts, created, next_attempt, ended, note
             FROM outbox JOIN digest ON digest.id = digest_id WHERE {which} ORDER BY outbox.id"
        );
        let read = |row: &Row| {
            Ok(OutboxEntry {
                id: row.get(0)?,
                subscription: row.get(1)?,
                label: row.get(2)?,
                subject: row.get(3)?,
                recipient: row.get(4)?,
                message_id: row.get(5)?,
                state: state(row, 6)?,
                attempts: row.get(7)?,
                created: time(row.get(8)?),
                next_attempt: row.get::<_, Option<i64>>(9)?.map(time),
                ended: row.get::<_, Option<i64>>(10)?.map(time),
                note: row.get::<_, Option<String>>(11)?.unwrap_or_default(),
            })
        };
        let query =
            || self.connection.prepare(&sql)?.query_map([value], read)?.collect::<Result<_, _>>();
        query().map_err(while_doing("listing the outbox"))
    }

    /// The messages that wait; with `failed` also those that failed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn outbox_unsent(&self, failed: bool) -> Result<Vec<i64>, StoreError> {
        let sql = format!("SELECT id FROM outbox WHERE {WAITING} OR ?1 AND state = 'failed'");
        let query = || {
            self.connection
                .prepare(&sql)?
                .query_map([failed], |r| r.get(0))?
                .collect::<Result<_, _>>()
        };
        query().map_err(while_doing("listing the outbox"))
    }

    /// Takes a message up again: it is due now, and its five days begin anew. What may have arrived
    /// stays known as such.
    ///
    /// # Errors
    /// When the database fails; then nothing was changed.
    pub fn outbox_retry(&mut self, id: i64, now: DateTime<Utc>) -> Result<Retry, StoreError> {
        let mut retry = || {
            let transaction = self.connection.transaction()?;
            let sql = "SELECT state, recipient, EXISTS (SELECT 1 FROM recipient WHERE address = outbox.recipient AND suspended IS NOT NULL) FROM outbox WHERE id = ?1";
            let found: Option<(OutboxState, String, bool)> = transaction
                .query_row(sql, [id], |r| Ok((state(r, 0)?, r.get(1)?, r.get(2)?)))
                .optional()?;
            let outcome = match found {
                None => Retry::Unknown,
                Some((OutboxState::Sent, ..)) => Retry::Sent,
                Some((_, recipient, true)) => Retry::Suspended(recipient),
                Some(_) => {
                    transaction.execute(
                        "UPDATE outbox SET state = CASE state WHEN 'failed' THEN 'pending' ELSE state END,
                           attempts = 0, revived = ?2, next_attempt = ?2, refused = 0, ended = NULL WHERE id = ?1",
                        params![id, seconds(now)],
                    )?;
                    Retry::Due
                }
            };
            transaction.commit()?;
            Ok(outcome)
        };
        retry().map_err(while_doing("taking a message up again"))
    }

    /// Gives a message up by hand; it stays in the list as failed. False: it was sent already, or
    /// there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub fn outbox_drop(&mut self, id: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let sql = "UPDATE outbox SET state = 'failed', next_attempt = NULL, note = 'dropped by hand', ended = ?2 WHERE id = ?1 AND state <> 'sent'";
        let changed = self.connection.execute(sql, params![id, seconds(now)]);
        changed.map(|n| n == 1).map_err(while_doing("dropping a message"))
    }

    /// The recipients who get no mail until somebody looks.
    ///
    /// # Errors
    /// When the database fails.
    pub fn suspensions(&self) -> Result<Vec<Suspension>, StoreError> {
        let sql = "SELECT address, suspended, coalesce(reason, '') FROM recipient WHERE suspended IS NOT NULL ORDER BY address";
        let read = |row: &Row| {
            Ok(Suspension { address: row.get(0)?, since: time(row.get(1)?), reason: row.get(2)? })
        };
        let query = || self.connection.prepare(sql)?.query_map([], read)?.collect::<Result<_, _>>();
        query().map_err(while_doing("listing suspended recipients"))
    }

    /// Lifts a suspension; refusals so far no longer count. Gives the messages that were withheld or
    /// refused meanwhile; `None`: the address is not suspended.
    ///
    /// # Errors
    /// When the database fails; then nothing was changed.
    pub fn resume_recipient(&mut self, address: &str) -> Result<Option<Vec<i64>>, StoreError> {
        let mut resume = || {
            let transaction = self.connection.transaction()?;
            let since: Option<i64> = transaction
                .query_row(
                    "SELECT forgiven FROM recipient WHERE address = ?1 AND suspended IS NOT NULL",
                    [address],
                    |r| r.get(0),
                )
                .optional()?;
            let Some(since) = since else { return Ok(None) };
            let withheld = transaction
                .prepare("SELECT id FROM outbox WHERE recipient = ?1 COLLATE NOCASE AND id > ?2 AND state = 'failed' AND (refused OR note LIKE 'withheld%') ORDER BY id")?
                .query_map(params![address, since], |r| r.get(0))?
                .collect::<Result<_, _>>()?;
            transaction.execute(
                "UPDATE recipient SET suspended = NULL, reason = NULL, forgiven = (SELECT coalesce(max(id), 0) FROM outbox) WHERE address = ?1",
                [address],
            )?;
            transaction.commit()?;
            Ok(Some(withheld))
        };
        resume().map_err(while_doing("lifting a suspension"))
    }

    /// What the operator was not told of yet, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn untold_notices(&self) -> Result<Vec<Notice>, StoreError> {
        let read = |row: &Row| Ok(Notice { id: row.get(0)?, text: row.get(1)? });
        let query = || {
            self.connection
                .prepare("SELECT id, text FROM notice WHERE told IS NULL ORDER BY id")?
                .query_map([], read)?
                .collect::<Result<_, _>>()
        };
        query().map_err(while_doing("reading notices about mail"))
    }
}

/// No more mail to a recipient: what waits for it is withheld, as what comes will be.
fn suspend(
    transaction: &Connection,
    recipient: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<(), rusqlite::Error> {
    transaction.execute(
        "INSERT INTO recipient (address, suspended, reason) VALUES (?1, ?2, ?3) ON CONFLICT (address) DO UPDATE SET suspended = excluded.suspended, reason = excluded.reason",
        params![recipient, seconds(now), reason],
    )?;
    let sql = format!(
        "UPDATE outbox SET state = 'failed', next_attempt = NULL, ended = ?2, note = ?3 WHERE recipient = ?1 AND {WAITING}"
    );
    transaction.execute(&sql, params![recipient, seconds(now), withheld(reason)])?;
    Ok(())
}

fn withheld(reason: &str) -> String {
    format!("withheld, the recipient is suspended: {reason}")
}

/// Puts a message into the outbox; one to a suspended recipient is recorded as failed, not tried.
pub(super) fn insert_message(
    transaction: &Connection,
    digest_id: i64,
    message: &super::NewMessage,
    now: DateTime<Utc>,
) -> Result<(), rusqlite::Error> {
    let suspended: Option<String> = transaction
        .prepare_cached("SELECT coalesce(reason, '') FROM recipient WHERE address = ?1 AND suspended IS NOT NULL")?
        .query_row([&message.recipient], |r| r.get(0))
        .optional()?;
    let (state, ended) = match suspended {
        None => (OutboxState::Pending, None),
        Some(_) => (OutboxState::Failed, Some(seconds(now))),
    };
    let next = suspended.is_none().then_some(seconds(now));
    transaction
        .prepare_cached(
            "INSERT INTO outbox (digest_id, recipient, sender, message_id, bytes, state, created, next_attempt, note, ended) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            digest_id,
            message.recipient,
            message.sender,
            message.message_id,
            message.bytes,
            state.as_str(),
            seconds(now),
            next,
            suspended.as_deref().map(withheld),
            ended
        ])?;
    Ok(())
}

fn state(row: &Row, column: usize) -> Result<OutboxState, rusqlite::Error> {
    let word: String = row.get(column)?;
    OutboxState::parse(&word).ok_or_else(|| {
        let error = format!("`{word}` is no state of a message").into();
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error)
    })
}
