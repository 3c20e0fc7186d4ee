//! Feeds and what is known of them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{Store, StoreError, seconds, time, while_doing};
use crate::model::{EntryKey, Feed, FeedName, FeedState, Outcome, PollPlan, Validators};

/// A feed as an administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedOverview {
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// When it was last asked.
    pub last_poll: Option<DateTime<Utc>>,
    /// When it last answered well.
    pub last_success: Option<DateTime<Utc>>,
    /// The last status.
    pub last_status: Option<u16>,
    /// The last error, where the last poll failed.
    pub last_error: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    /// Not asked before this time.
    pub not_before: Option<DateTime<Utc>>,
    /// What was repaired in its last body.
    pub warnings: Vec<String>,
    /// How many entries are known.
    pub entries: usize,
    /// Whether the publisher ended it.
    pub gone: bool,
}

impl Store {
    /// Takes over the configured feeds. A feed whose address changed is asked without validators;
    /// one that is configured no more keeps its facts.
    ///
    /// # Errors
    /// When the database fails.
    pub fn register_feeds(&mut self, feeds: &[&Feed]) -> Result<(), StoreError> {
        let failed = while_doing("registering feeds");
        let mut register = || {
            let transaction = self.connection.transaction()?;
            transaction.execute("UPDATE feed SET configured = 0", [])?;
            for feed in feeds {
                transaction.execute(
                    "INSERT INTO feed (name, url, publisher) VALUES (?1, ?2, ?3)
                     ON CONFLICT (name) DO UPDATE SET
                       etag = CASE WHEN url = excluded.url THEN etag END,
                       last_modified = CASE WHEN url = excluded.url THEN last_modified END,
                       body_hash = CASE WHEN url = excluded.url THEN body_hash END,
                       not_before = CASE WHEN url = excluded.url THEN not_before END,
                       failures = CASE WHEN url = excluded.url THEN failures ELSE 0 END,
                       gone = CASE WHEN url = excluded.url THEN gone ELSE 0 END,
                       url = excluded.url, publisher = excluded.publisher, configured = 1",
                    params![feed.name.0, feed.url, feed.publisher],
                )?;
            }
            transaction.commit()
        };
        register().map_err(failed)
    }

    /// What is known of a feed.
    ///
    /// # Errors
    /// When the database fails or the feed was never registered.
    pub fn feed_state(&self, name: &FeedName) -> Result<FeedState, StoreError> {
        let sql = "SELECT id, etag, last_modified, body_hash, last_poll, last_success, failures, not_before, baseline_done, gone FROM feed WHERE name = ?1";
        let read = |row: &Row| {
            Ok(FeedState {
                id: row.get(0)?,
                name: name.clone(),
                validators: Validators { etag: row.get(1)?, last_modified: row.get(2)? },
                body_hash: row.get(3)?,
                last_poll: row.get::<_, Option<i64>>(4)?.map(time),
                last_success: row.get::<_, Option<i64>>(5)?.map(time),
                failures: row.get(6)?,
                not_before: row.get::<_, Option<i64>>(7)?.map(time),
                baseline_done: row.get(8)?,
                gone: row.get(9)?,
            })
        };
        self.connection
            .prepare_cached(sql)
            .and_then(|mut s| s.query_row([&name.0], read))
            .map_err(while_doing("reading a feed's state"))
    }

    /// The versions of those of the keys that are known.
    ///
    /// # Errors
    /// When the database fails.
    pub fn known_versions(
        &self,
        feed_id: i64,
        keys: &[EntryKey],
    ) -> Result<HashMap<EntryKey, String>, StoreError> {
        let look_up = || {
            let mut statement = self
                .connection
                .prepare_cached("SELECT version FROM entry WHERE feed_id = ?1 AND key = ?2")?;
            let mut known = HashMap::new();
            for key in keys {
                if let Some(version) =
                    statement.query_row(params![feed_id, key.0], |r| r.get(0)).optional()?
                {
                    known.insert(key.clone(), version);
                }
            }
            Ok(known)
        };
        look_up().map_err(while_doing("looking up entries"))
    }

    /// The configured feeds, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub fn feed_overview(&self) -> Result<Vec<FeedOverview>, StoreError> {
        let sql = "SELECT name, url, last_poll, last_success, last_status, last_error, failures, not_before, warnings, gone,
                          (SELECT count(*) FROM entry WHERE feed_id = feed.id)
                   FROM feed WHERE configured ORDER BY name";
        let read = |row: &Row| {
            Ok(FeedOverview {
                name: row.get(0)?,
                url: row.get(1)?,
                last_poll: row.get::<_, Option<i64>>(2)?.map(time),
                last_success: row.get::<_, Option<i64>>(3)?.map(time),
                last_status: row.get(4)?,
                last_error: row.get(5)?,
                failures: row.get(6)?,
                not_before: row.get::<_, Option<i64>>(7)?.map(time),
                warnings: row
                    .get::<_, Option<String>>(8)?
                    .unwrap_or_default()
                    .lines()
                    .map(str::to_owned)
                    .collect(),
                gone: row.get(9)?,
                entries: row.get::<_, u32>(10)? as usize,
            })
        };
        let query = || -> Result<Vec<FeedOverview>, rusqlite::Error> {
            self.connection.prepare(sql)?.query_map([], read)?.collect()
        };
        query().map_err(while_doing("listing feeds"))
    }
}

/// Writes the feed's own row of a plan.
pub(super) fn apply_state(
    transaction: &Transaction,
    plan: &PollPlan,
) -> Result<(), rusqlite::Error> {
    let (success, gone, error) = match &plan.outcome {
        Outcome::Fetched | Outcome::Unchanged => (true, false, None),
        Outcome::Gone => {
            (false, true, Some("the publisher says that the feed is gone (410)".to_owned()))
        }
        Outcome::Failed(reason) => (false, false, Some(reason.clone())),
    };
    let replaced = plan.validators.is_some();
    let validators = plan.validators.clone().unwrap_or_default();
    let warnings = (plan.outcome == Outcome::Fetched).then(|| plan.warnings.join("\n"));
    transaction
        .prepare_cached(
            "UPDATE feed SET
           etag = CASE WHEN ?2 THEN ?3 ELSE etag END,
           last_modified = CASE WHEN ?2 THEN ?4 ELSE last_modified END,
           body_hash = coalesce(?5, body_hash),
           last_poll = ?6,
           last_success = CASE WHEN ?7 THEN ?6 ELSE last_success END,
           last_status = ?8,
           last_error = ?9,
           failures = CASE WHEN ?7 THEN 0 ELSE failures + 1 END,
           not_before = ?10,
           baseline_done = baseline_done OR ?11,
           gone = ?12,
           warnings = coalesce(?13, warnings)
         WHERE id = ?1",
        )?
        .execute(params![
            plan.feed_id,
            replaced,
            validators.etag,
            validators.last_modified,
            plan.body_hash,
            seconds(plan.at),
            success,
            plan.status,
            error,
            plan.not_before.map(seconds),
            plan.completes_baseline,
            gone,
            warnings,
        ])?;
    Ok(())
}
