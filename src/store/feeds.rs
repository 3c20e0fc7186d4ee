//! Feeds and what is known of them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use rustc_hash::FxHashMap;

use super::{Store, StoreError, seconds, time, while_doing};
use crate::model::{
    Entry, EntryKey, Feed, FeedName, FeedState, FeedStates, FullTextPolicy, Moving, PollPlan,
    RequestRecord, Stranger, Validators,
};

/// So many of a feed's last requests are kept.
const REQUESTS_KEPT: i64 = 64;

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
    /// Where it moved for good, by many redirects.
    pub address: Option<String>,
    /// Its web site, by its own word.
    pub site: Option<String>,
}

/// An entry whose page is to be tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct DuePage {
    /// The entry as the feed gave it.
    pub entry: Entry,
    /// Tries that failed so far.
    pub tries: u32,
    /// Whether its facts are news.
    pub news: bool,
}

const STATE_COLUMNS: &str = "id, name, etag, last_modified, body_hash, last_poll, last_success, last_status, last_error, failures, failing_since, not_before, rest_until, baseline_done, gone, address, moving_to, moving_since, moving_polls, site, pages_due, polls";

impl Store {
    /// Takes over the configured feeds. A feed whose address or settings changed is asked without
    /// validators (P6); one that is configured no more keeps its facts.
    ///
    /// # Errors
    /// When the database fails.
    pub fn register_feeds(&mut self, feeds: &[&Feed]) -> Result<(), StoreError> {
        let failed = while_doing("registering feeds");
        let mut register = || {
            let transaction = self.connection.transaction()?;
            // Most starts find the feeds as they were, and write nothing.
            let (changed, former) = compare(&transaction, feeds)?;
            let mut statement =
                transaction.prepare("UPDATE feed SET configured = 0 WHERE name = ?1")?;
            for name in former {
                statement.execute([name])?;
            }
            drop(statement);
            let mut statement = transaction.prepare(
                "INSERT INTO feed (name, url, publisher, settings) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (name) DO UPDATE SET
                   etag = CASE WHEN url = excluded.url AND settings IS excluded.settings THEN etag END,
                   last_modified = CASE WHEN url = excluded.url AND settings IS excluded.settings THEN last_modified END,
                   body_hash = CASE WHEN url = excluded.url AND settings IS excluded.settings THEN body_hash END,
                   not_before = CASE WHEN url = excluded.url THEN not_before END,
                   rest_until = CASE WHEN url = excluded.url THEN rest_until END,
                   failures = CASE WHEN url = excluded.url THEN failures ELSE 0 END,
                   failing_since = CASE WHEN url = excluded.url THEN failing_since END,
                   gone = CASE WHEN url = excluded.url THEN gone ELSE 0 END,
                   address = CASE WHEN url = excluded.url THEN address END,
                   moving_to = CASE WHEN url = excluded.url THEN moving_to END,
                   moving_polls = CASE WHEN url = excluded.url THEN moving_polls ELSE 0 END,
                   settings = excluded.settings, url = excluded.url, publisher = excluded.publisher, configured = 1",
            )?;
            for feed in changed {
                statement.execute(params![
                    feed.name.0,
                    feed.url,
                    feed.publisher,
                    settings(feed)
                ])?;
            }
            drop(statement);
            transaction.commit()
        };
        register().map_err(failed)
    }

    /// Asks a feed again that was given up as gone, or that rests.
    ///
    /// # Errors
    /// When the database fails. Whether there is such a feed is the answer.
    pub fn resume_feed(&mut self, name: &FeedName) -> Result<bool, StoreError> {
        let sql = "UPDATE feed SET gone = 0, failures = 0, failing_since = NULL, not_before = NULL, rest_until = NULL, last_poll = NULL WHERE name = ?1 AND configured";
        let changed = self.connection.execute(sql, [&name.0]);
        changed.map(|n| n > 0).map_err(while_doing("resuming a feed"))
    }

    /// What is known of a feed.
    ///
    /// # Errors
    /// When the database fails or the feed was never registered.
    pub fn feed_state(&self, name: &FeedName) -> Result<FeedState, StoreError> {
        self.connection
            .prepare_cached(&format!("SELECT {STATE_COLUMNS} FROM feed WHERE name = ?1"))
            .and_then(|mut s| s.query_row([&name.0], read_state))
            .map_err(while_doing("reading a feed's state"))
    }

    /// What is known of every configured feed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn feed_states(&self) -> Result<FeedStates, StoreError> {
        let query = || {
            let sql = format!("SELECT {STATE_COLUMNS} FROM feed WHERE configured");
            let mut statement = self.connection.prepare(&sql)?;
            let rows = statement.query_map([], read_state)?;
            rows.map(|row| row.map(|state| (state.name.clone(), state))).collect::<Result<_, _>>()
        };
        query().map_err(while_doing("reading the feeds' states"))
    }

    /// Those of a feed's entries whose page is to be tried again by now, the oldest first; and when
    /// the next of the others is due.
    ///
    /// # Errors
    /// When the database fails.
    pub fn due_pages(
        &self,
        feed_id: i64,
        now: DateTime<Utc>,
        most: usize,
    ) -> Result<(Vec<DuePage>, Option<DateTime<Utc>>), StoreError> {
        let sql =
            "SELECT key, version, link, title, author, published, html, page_tries, news FROM entry
                   WHERE feed_id = ?1 AND page_due <= ?2 ORDER BY page_due LIMIT ?3";
        let read = |row: &Row| {
            let entry = Entry {
                key: EntryKey(row.get(0)?),
                guid: None,
                version: row.get(1)?,
                link: row.get(2)?,
                title: row.get(3)?,
                author: row.get(4)?,
                published: row.get::<_, Option<i64>>(5)?.map(time),
                html: row.get(6)?,
                has_content: false,
            };
            Ok(DuePage { entry, tries: row.get(7)?, news: row.get(8)? })
        };
        let query = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let due: Vec<DuePage> = statement
                .query_map(params![feed_id, seconds(now), most], read)?
                .collect::<Result<_, _>>()?;
            let later: Option<i64> = self
                .connection
                .prepare_cached(
                    "SELECT min(page_due) FROM (SELECT page_due FROM entry WHERE feed_id = ?1 AND page_due IS NOT NULL ORDER BY page_due LIMIT -1 OFFSET ?2)",
                )?
                .query_row(params![feed_id, i64::try_from(due.len()).unwrap_or(i64::MAX)], |row| row.get(0))?;
            Ok((due, later.map(time)))
        };
        query().map_err(while_doing("looking for pages to try again"))
    }

    /// The last requests of a feed, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn requests(&self, name: &FeedName) -> Result<Vec<RequestRecord>, StoreError> {
        let sql = "SELECT at, page, held, conditional, status, bytes, redirects, early FROM request
                   JOIN feed ON feed.id = feed_id WHERE name = ?1 ORDER BY at, page, slot";
        let read = |row: &Row| {
            Ok(RequestRecord {
                at: time(row.get(0)?),
                page: row.get(1)?,
                held: row.get(2)?,
                conditional: row.get(3)?,
                status: row.get(4)?,
                bytes: row.get::<_, i64>(5)?.unsigned_abs(),
                redirects: row.get(6)?,
                early: row.get(7)?,
            })
        };
        let query = || {
            self.connection
                .prepare_cached(sql)?
                .query_map([&name.0], read)?
                .collect::<Result<_, _>>()
        };
        query().map_err(while_doing("reading the requests of a feed"))
    }

    /// How many of the configured feeds were ever read, and how many fail.
    ///
    /// # Errors
    /// When the database fails.
    pub fn feed_counts(&self) -> Result<(usize, usize), StoreError> {
        let sql =
            "SELECT count(last_success), coalesce(sum(failures > 0), 0) FROM feed WHERE configured";
        let read = |row: &Row| Ok((row.get::<_, u32>(0)? as usize, row.get::<_, u32>(1)? as usize));
        self.connection.query_row(sql, [], read).map_err(while_doing("counting the feeds"))
    }

    /// The addresses of feeds whose servers asked for a rest of the whole host that is not over,
    /// with its end (P15).
    ///
    /// # Errors
    /// When the database fails.
    pub fn host_rests(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
        let sql = "SELECT url, rest_until FROM feed WHERE configured AND last_status = 429 AND rest_until > ?1";
        let query = || -> Result<Vec<_>, rusqlite::Error> {
            let mut statement = self.connection.prepare(sql)?;
            let rows = statement.query_map([seconds(now)], |r| Ok((r.get(0)?, time(r.get(1)?))))?;
            rows.collect()
        };
        query().map_err(while_doing("reading the rests of hosts"))
    }

    /// For entries under unknown keys: the known entries of the feed that are the same, by their
    /// link or their text, as (index, key, version).
    ///
    /// # Errors
    /// When the database fails.
    pub fn twins(
        &self,
        feed_id: i64,
        strangers: &[Stranger],
    ) -> Result<Vec<(usize, EntryKey, String)>, StoreError> {
        let sql = "SELECT key, version FROM entry WHERE feed_id = ?1 AND (link = ?2 OR version IN (?3, ?4)) ORDER BY version IN (?3, ?4) DESC, id DESC LIMIT 1";
        let query = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut found = Vec::new();
            for Stranger { index, link, versions: [version, former] } in strangers {
                let twin = statement
                    .query_row(params![feed_id, link, version, former], |r| {
                        Ok((EntryKey(r.get(0)?), r.get(1)?))
                    })
                    .optional()?;
                found.extend(twin.map(|(key, version)| (*index, key, version)));
            }
            Ok(found)
        };
        query().map_err(while_doing("looking for entries under other keys"))
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
                          (SELECT count(*) FROM entry WHERE feed_id = feed.id), address, site
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
                address: row.get(11)?,
                site: row.get(12)?,
            })
        };
        let query = || -> Result<Vec<FeedOverview>, rusqlite::Error> {
            self.connection.prepare(sql)?.query_map([], read)?.collect()
        };
        query().map_err(while_doing("listing feeds"))
    }
}

/// What its answers depend on beside its address (P6).
fn settings(feed: &Feed) -> &'static str {
    match feed.full_text {
        FullTextPolicy::Auto => "full_text=Auto",
        FullTextPolicy::Always => "full_text=Always",
        FullTextPolicy::Never => "full_text=Never",
    }
}

/// The feeds that are not registered as they are configured, in their order, and the names of those
/// that are configured no more.
fn compare<'f>(
    connection: &Connection,
    feeds: &[&'f Feed],
) -> Result<(Vec<&'f Feed>, Vec<String>), rusqlite::Error> {
    let mut left: FxHashMap<&str, &'f Feed> =
        feeds.iter().map(|feed| (feed.name.0.as_str(), *feed)).collect();
    let mut former = Vec::new();
    let mut statement =
        connection.prepare("SELECT name, url, publisher, settings FROM feed WHERE configured")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = |column| row.get_ref(column).map(|value| value.as_str_or_null());
        let name = row.get_ref(0)?.as_str()?;
        let Some(feed) = left.get(name) else {
            former.push(name.to_owned());
            continue;
        };
        let known = (text(1)??, text(2)??, text(3)??);
        if known == (Some(&*feed.url), Some(&*feed.publisher), Some(settings(feed))) {
            left.remove(name);
        }
    }
    let changed = feeds.iter().copied().filter(|feed| left.contains_key(&*feed.name.0)).collect();
    Ok((changed, former))
}

fn read_state(row: &Row) -> Result<FeedState, rusqlite::Error> {
    let at = |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(time));
    let (since, polls) = (at(17)?, row.get(18)?);
    let moving = row.get::<_, Option<String>>(16)?.map(|to| Moving {
        to,
        since: since.unwrap_or_default(),
        polls,
    });
    Ok(FeedState {
        id: row.get(0)?,
        name: FeedName(row.get(1)?),
        validators: Validators { etag: row.get(2)?, last_modified: row.get(3)? },
        body_hash: row.get(4)?,
        last_poll: at(5)?,
        last_success: at(6)?,
        last_status: row.get(7)?,
        last_error: row.get(8)?,
        failures: row.get(9)?,
        failing_since: at(10)?,
        not_before: at(11)?,
        rest_until: at(12)?,
        baseline_done: row.get(13)?,
        gone: row.get(14)?,
        address: row.get(15)?,
        moving,
        site: row.get(19)?,
        pages_due: at(20)?,
        requests: row.get(21)?,
    })
}

/// The statements that every poll needs, kept over the polls that are written together.
pub(super) struct PollWriter<'c> {
    connection: &'c Connection,
    times: Option<CachedStatement<'c>>,
    request: Option<CachedStatement<'c>>,
}

/// Its place in `kept`, or as it is made now.
fn kept<'k, 'c>(
    kept: &'k mut Option<CachedStatement<'c>>,
    connection: &'c Connection,
    sql: &str,
) -> Result<&'k mut CachedStatement<'c>, rusqlite::Error> {
    match kept {
        Some(statement) => Ok(statement),
        None => Ok(kept.insert(connection.prepare_cached(sql)?)),
    }
}

impl<'c> PollWriter<'c> {
    /// For polls that are written in one transaction.
    pub fn new(connection: &'c Connection) -> PollWriter<'c> {
        PollWriter { connection, times: None, request: None }
    }

    /// Writes the feed's own row of a plan, and its requests into the ring.
    pub fn state(&mut self, plan: &PollPlan) -> Result<(), rusqlite::Error> {
        if plan.quiet {
            self.times(&plan.state)?
        } else {
            self.row(plan)?
        }
        let made = i64::try_from(plan.requests.len()).unwrap_or_default();
        for (request, number) in plan.requests.iter().zip(plan.state.requests - made..) {
            self.request(plan.state.id, number.rem_euclid(REQUESTS_KEPT), request)?;
        }
        Ok(())
    }

    /// Of a poll that changed nothing else: thousands an hour.
    fn times(&mut self, state: &FeedState) -> Result<(), rusqlite::Error> {
        let sql = "UPDATE feed SET last_poll = ?2, last_success = ?3, last_status = ?4, not_before = ?5, rest_until = ?6, polls = ?7 WHERE id = ?1";
        let times = kept(&mut self.times, self.connection, sql)?;
        times.execute(params![
            state.id,
            state.last_poll.map(seconds),
            state.last_success.map(seconds),
            state.last_status,
            state.not_before.map(seconds),
            state.rest_until.map(seconds),
            state.requests,
        ])?;
        Ok(())
    }

    fn row(&mut self, plan: &PollPlan) -> Result<(), rusqlite::Error> {
        let state = &plan.state;
        let sql = "UPDATE feed SET
               etag = ?2, last_modified = ?3, body_hash = ?4, last_poll = ?5, last_success = ?6,
               last_status = ?7, last_error = ?8, failures = ?9, failing_since = ?10,
               not_before = ?11, rest_until = ?12, baseline_done = ?13, gone = ?14, address = ?15,
               moving_to = ?16, moving_since = ?17, moving_polls = ?18, site = ?19,
               pages_due = ?20, warnings = coalesce(?21, warnings), polls = ?22
             WHERE id = ?1";
        self.connection.prepare_cached(sql)?.execute(params![
            state.id,
            state.validators.etag,
            state.validators.last_modified,
            state.body_hash,
            state.last_poll.map(seconds),
            state.last_success.map(seconds),
            state.last_status,
            state.last_error,
            state.failures,
            state.failing_since.map(seconds),
            state.not_before.map(seconds),
            state.rest_until.map(seconds),
            state.baseline_done,
            state.gone,
            state.address,
            state.moving.as_ref().map(|m| &m.to),
            state.moving.as_ref().map(|m| seconds(m.since)),
            state.moving.as_ref().map_or(0, |m| m.polls),
            state.site,
            state.pages_due.map(seconds),
            plan.warnings.as_ref().map(|w| w.join("\n")),
            state.requests,
        ])?;
        Ok(())
    }

    /// Writes a request into its place in the ring, over the one that stood there.
    fn request(
        &mut self,
        feed: i64,
        slot: i64,
        request: &RequestRecord,
    ) -> Result<(), rusqlite::Error> {
        let values = params![
            feed,
            slot,
            seconds(request.at),
            request.page,
            request.held,
            request.conditional,
            request.status,
            i64::try_from(request.bytes).unwrap_or(i64::MAX),
            request.redirects,
            request.early,
        ];
        // Two plain statements: one that replaces keeps a copy of every page that it changes.
        let sql = "UPDATE request SET at = ?3, page = ?4, held = ?5, conditional = ?6, status = ?7, bytes = ?8, redirects = ?9, early = ?10
             WHERE feed_id = ?1 AND slot = ?2";
        if kept(&mut self.request, self.connection, sql)?.execute(values)? == 0 {
            let sql = "INSERT INTO request (feed_id, slot, at, page, held, conditional, status, bytes, redirects, early)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
            self.connection.prepare_cached(sql)?.execute(values)?;
        }
        Ok(())
    }
}

/// Notes which of a feed's entries it shows no more, and which it shows again: what has left it for long
/// and told nothing need not be remembered.
pub(super) fn apply_shown(
    transaction: &Connection,
    plan: &PollPlan,
) -> Result<(), rusqlite::Error> {
    if plan.shown.is_empty() {
        return Ok(());
    }
    let feed = plan.state.id;
    let keys: Vec<&str> = plan.shown.iter().map(|key| key.0.as_str()).collect();
    let keys = serde_json::to_string(&keys).expect("texts are plain data");
    transaction
        .prepare_cached(
            "UPDATE entry SET absent = ?2 WHERE feed_id = ?1 AND absent IS NULL AND key NOT IN (SELECT value FROM json_each(?3))",
        )?
        .execute(params![feed, seconds(plan.at), keys])?;
    // Seldom is one shown again; that some are is seen without looking at each.
    let shown: usize = transaction
        .prepare_cached("SELECT count(*) FROM entry WHERE feed_id = ?1 AND absent IS NULL")?
        .query_row([feed], |row| row.get::<_, u32>(0))? as usize;
    if shown < plan.shown.len() {
        transaction
            .prepare_cached(
                "UPDATE entry SET absent = NULL WHERE feed_id = ?1 AND absent IS NOT NULL AND key IN (SELECT value FROM json_each(?2))",
            )?
            .execute(params![feed, keys])?;
    }
    Ok(())
}
