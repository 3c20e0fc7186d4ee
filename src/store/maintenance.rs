//! Backups, checks, and what is kept for how long.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags, params};

use super::{BUSY_TIMEOUT_MS, MIGRATIONS, Store, StoreError, lock, seconds, while_doing};

/// So many problems are shown; a file with more is no better understood by all of them.
const PROBLEMS_MAX: usize = 50;
/// So many rows lose their text in one transaction: polls wait no longer than for one of these.
const PRUNED_AT_ONCE: usize = 500;
/// So many pages are given back at once, for the same reason.
const PAGES_AT_ONCE: u32 = 1000;

/// The tables whose rows are counted.
const COUNTED: [&str; 8] =
    ["feed", "entry", "fact", "sighting", "change", "digest", "outbox", "request"];

/// What a look through a database file found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The schema that it has.
    pub schema: u32,
    /// The schema of this program.
    pub schema_known: u32,
    /// Its size in bytes, free pages included.
    pub bytes: u64,
    /// How many rows each table has.
    pub counts: Vec<(&'static str, u64)>,
    /// What is wrong with it; empty for a sound one.
    pub problems: Vec<String>,
}

/// What is older than these times may lose its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cutoffs {
    /// The HTML of entries first seen before this that prove no fact, such entries themselves where their
    /// feed shows them no more since before this, and records of requests.
    pub articles: Option<DateTime<Utc>>,
    /// The bytes of messages that were sent before this.
    pub mail: Option<DateTime<Utc>>,
}

impl Cutoffs {
    /// What is older at a time than it is to be kept; what has no span is kept for ever.
    pub fn of(articles: Option<Duration>, mail: Option<Duration>, now: DateTime<Utc>) -> Cutoffs {
        let before = |kept: Option<Duration>| {
            now.checked_sub_signed(chrono::Duration::from_std(kept?).ok()?)
        };
        Cutoffs { articles: before(articles), mail: before(mail) }
    }
}

/// What was taken away, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Entries without their HTML.
    pub articles: u64,
    /// Messages without their bytes.
    pub messages: u64,
    /// Entries that left their feed and told nothing.
    pub entries: u64,
    /// Records of requests.
    pub requests: u64,
    /// The bytes of texts and messages.
    pub bytes: u64,
}

impl std::ops::AddAssign for Pruned {
    fn add_assign(&mut self, more: Pruned) {
        self.articles += more.articles;
        self.messages += more.messages;
        self.entries += more.entries;
        self.requests += more.requests;
        self.bytes += more.bytes;
    }
}

/// Looks through a database or a backup, beside whoever works on it: every page and index, every
/// reference, every fact's proof.
///
/// # Errors
/// When there is none, or it cannot be opened. What is wrong inside it is no error but the answer.
pub fn check(path: &Path) -> Result<Check, StoreError> {
    let failed = |reason: String| StoreError::Open { path: path.to_owned(), reason };
    let bytes = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?.len();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| failed(e.to_string()))?;
    let wait = Duration::from_millis(BUSY_TIMEOUT_MS);
    connection.busy_timeout(wait).map_err(|e| failed(e.to_string()))?;
    let schema_known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let mut found =
        Check { schema: 0, schema_known, bytes, counts: Vec::new(), problems: Vec::new() };
    if let Err(error) = look_through(&connection, &mut found) {
        if !is_damage(&error) {
            return Err(failed(error.to_string()));
        }
        found.problems.push(error.to_string());
    }
    Ok(found)
}

fn look_through(connection: &Connection, found: &mut Check) -> Result<(), rusqlite::Error> {
    found.schema = connection.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    if found.schema == 0 {
        found.problems.push("it has no schema: it is no database of gazetted".to_owned());
        return Ok(());
    }
    if found.schema > found.schema_known {
        found.problems.push(format!(
            "it was made by a newer gazetted: schema {}, this program knows {}",
            found.schema, found.schema_known
        ));
    }
    let said: Vec<String> = connection
        .prepare(&format!("PRAGMA integrity_check({PROBLEMS_MAX})"))?
        .query_map([], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    found.problems.extend(said.into_iter().filter(|line| line != "ok"));
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if found.problems.len() >= PROBLEMS_MAX {
            break;
        }
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        let id: Option<i64> = row.get(1)?;
        found.problems.push(format!(
            "row {} of {table} points at a row of {parent} that is not there",
            id.map_or_else(|| "?".to_owned(), |id| id.to_string())
        ));
    }
    for table in COUNTED {
        let exists: bool = connection.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [table],
            |r| r.get(0),
        )?;
        if exists {
            let count: i64 =
                connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0))?;
            found.counts.push((table, count.unsigned_abs()));
        } else if table != "request" {
            found.problems.push(format!("it has no table {table}"));
        }
    }
    let unproven: i64 = connection.query_row(
        "SELECT count(*) FROM fact WHERE NOT EXISTS (SELECT 1 FROM sighting WHERE fact_id = fact.id)",
        [],
        |r| r.get(0),
    )?;
    if unproven > 0 {
        found.problems.push(format!("{unproven} facts have no source"));
    }
    Ok(())
}

/// Copies a database into a file that did not exist, beside whoever works on it: the state of one
/// moment, readable by its owner alone, looked through before it gets its name.
///
/// # Errors
/// When the file exists or cannot be written, or the copy is not sound; then there is no such file.
pub fn back_up(database: &Path, to: &Path) -> Result<Check, StoreError> {
    let failed = |reason: String| StoreError::Backup { path: to.to_owned(), reason };
    if to.exists() {
        return Err(failed("it exists; name another file".to_owned()));
    }
    let part = beside(to, ".part");
    let copied = copy(database, &part).map_err(&failed).and_then(|()| {
        let found = check(&part)?;
        match found.problems.first() {
            Some(problem) => Err(failed(format!("the copy is not sound: {problem}"))),
            None => Ok(found),
        }
    });
    let found = copied.and_then(|found| {
        std::fs::rename(&part, to).map_err(|e| failed(e.to_string()))?;
        sync_folder(to);
        Ok(found)
    });
    if found.is_err() {
        // What is half written is of no use; that it may not be there at all is no other error.
        let _ = std::fs::remove_file(&part);
    }
    found
}

/// A copy of one moment, in one file, on the disk.
fn copy(database: &Path, to: &Path) -> Result<(), String> {
    let said = |e: rusqlite::Error| e.to_string();
    // What a killed backup left behind.
    let _ = std::fs::remove_file(to);
    private_file(to).map_err(|e| e.to_string())?;
    let from =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(said)?;
    from.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS)).map_err(said)?;
    let mut into = Connection::open(to).map_err(said)?;
    // In one step: a copy in several would begin again at every commit of the daemon. Readers of a
    // write-ahead log hold up no writer.
    match Backup::new(&from, &mut into).and_then(|backup| backup.step(-1)).map_err(said)? {
        StepResult::Done => {}
        _ => return Err("the database was locked for too long; try again".to_owned()),
    }
    into.pragma_update(None, "journal_mode", "DELETE").map_err(said)?;
    into.close().map_err(|(_, e)| e.to_string())?;
    File::open(to).and_then(|file| file.sync_all()).map_err(|e| e.to_string())
}

/// The daily backup: once for each date; the oldest beyond `keep` go. Gives the new file.
///
/// # Errors
/// As of [`back_up`]; the older ones stay then.
pub fn daily_backup(
    database: &Path,
    date: NaiveDate,
    keep: usize,
) -> Result<Option<PathBuf>, StoreError> {
    let to = named(database, &format!("daily-{date}"));
    let made = if to.exists() {
        None
    } else {
        back_up(database, &to)?;
        Some(to)
    };
    for old in daily_backups(database).into_iter().rev().skip(keep.max(1)) {
        // One that cannot be removed is tried again tomorrow.
        let _ = std::fs::remove_file(old);
    }
    Ok(made)
}

/// The daily backups of a database, the oldest first. No other file is taken for one.
pub fn daily_backups(database: &Path) -> Vec<PathBuf> {
    let folder = database.parent().filter(|f| !f.as_os_str().is_empty());
    let Ok(files) = std::fs::read_dir(folder.unwrap_or(Path::new("."))) else { return Vec::new() };
    let ours = named(database, "daily-");
    let start = ours.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let date = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?.strip_prefix(&start)?.strip_suffix(".db")?;
        NaiveDate::parse_from_str(name, "%Y-%m-%d").ok()
    };
    let mut found: Vec<(NaiveDate, PathBuf)> = files
        .filter_map(|file| file.ok().map(|f| f.path()))
        .filter_map(|path| date(&path).map(|date| (date, path)))
        .collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// A file beside the database: `gazetted.db` and `daily-2026-11-26` give
/// `gazetted.daily-2026-11-26.db`.
pub fn named(database: &Path, what: &str) -> PathBuf {
    let stem = database.file_stem().unwrap_or_default().to_string_lossy();
    database.with_file_name(format!("{stem}.{what}.db"))
}

/// Puts a backup in the place of the database, which is kept under a name with `stamp`. Gives that
/// name, where there was a database.
///
/// # Errors
/// When a daemon holds the database, the backup is not sound or too new, or a file cannot be
/// written; the database is what it was then.
pub fn restore(database: &Path, from: &Path, stamp: &str) -> Result<Option<PathBuf>, StoreError> {
    let failed = |reason: String| StoreError::Restore { path: from.to_owned(), reason };
    let _lock = lock::Lock::take(database)?;
    let found = check(from)?;
    if let Some(problem) = found.problems.first() {
        return Err(failed(format!("it is not sound: {problem}")));
    }
    let part = beside(database, ".restoring");
    copy(from, &part).map_err(&failed)?;
    let kept = keep_replaced(database, stamp).map_err(|e| {
        let _ = std::fs::remove_file(&part);
        failed(format!("the database cannot be kept aside: {e}"))
    })?;
    std::fs::rename(&part, database).map_err(|e| failed(e.to_string()))?;
    sync_folder(database);
    // It was made from the entries of the other database.
    for file in [super::search::index_path(database)] {
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(beside(&file, ending));
        }
    }
    Ok(kept)
}

/// A second name for the database, its log merged into it or kept beside it: at every moment
/// there is a database under its own name.
fn keep_replaced(database: &Path, stamp: &str) -> std::io::Result<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    // The log of a sound database ends up in it. That of a damaged one is moved as it is.
    if let Ok(connection) = Connection::open(database) {
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
    let mut kept = named(database, &format!("replaced-{stamp}"));
    let mut number = 1;
    while kept.exists() {
        number += 1;
        kept = named(database, &format!("replaced-{stamp}-{number}"));
    }
    std::fs::hard_link(database, &kept).or_else(|_| std::fs::copy(database, &kept).map(drop))?;
    for ending in ["-wal", "-shm"] {
        let log = beside(database, ending);
        if log.exists() {
            std::fs::rename(&log, beside(&kept, ending))?;
        }
    }
    Ok(Some(kept))
}

/// A copy of a database of an older schema, before it is brought up to date.
pub(super) fn before_migration(database: &Path, schema: u32) -> Result<PathBuf, StoreError> {
    let mut to = named(database, &format!("schema-{schema}"));
    let mut number = 1;
    while to.exists() {
        number += 1;
        to = named(database, &format!("schema-{schema}-{number}"));
    }
    back_up(database, &to)?;
    Ok(to)
}

impl Store {
    /// What [`Store::prune`] would take away.
    ///
    /// # Errors
    /// When the database fails.
    pub fn prunable(&self, before: &Cutoffs) -> Result<Pruned, StoreError> {
        let count = |sql: &str, at: Option<DateTime<Utc>>| -> Result<(u64, u64), rusqlite::Error> {
            let Some(at) = at else { return Ok((0, 0)) };
            self.connection.query_row(sql, [seconds(at)], |row| {
                Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()))
            })
        };
        let look = || -> Result<Pruned, rusqlite::Error> {
            let articles = count(
                &format!(
                    "SELECT count(*), coalesce(sum(octet_length(html)), 0) FROM entry WHERE {OLD_ARTICLE}"
                ),
                before.articles,
            )?;
            let messages = count(
                &format!(
                    "SELECT count(*), coalesce(sum(octet_length(bytes)), 0) FROM outbox WHERE {OLD_MESSAGE}"
                ),
                before.mail,
            )?;
            let requests = count("SELECT count(*), 0 FROM request WHERE at < ?1", before.articles)?;
            // Those that lose their text only now go with it.
            let entries = count(
                &format!(
                    "SELECT count(*), 0 FROM entry WHERE {SPENT} OR {OLD_ARTICLE} AND absent < ?1"
                ),
                before.articles,
            )?;
            Ok(Pruned {
                articles: articles.0,
                messages: messages.0,
                entries: entries.0,
                requests: requests.0,
                bytes: articles.1 + messages.1,
            })
        };
        look().map_err(while_doing("looking for what is old"))
    }

    /// Takes away what is old: texts, messages that were sent, entries that left their feed. Never a
    /// fact, its evidence, a source, an entry that told one, or the fact that an entry was seen which
    /// its feed still shows. In small steps: to be called until it gives none.
    ///
    /// # Errors
    /// When the database fails; a step is all or nothing.
    pub fn prune(&mut self, before: &Cutoffs) -> Result<Pruned, StoreError> {
        let mut step = || -> Result<Pruned, rusqlite::Error> {
            let transaction = self.connection.transaction()?;
            let mut pruned = Pruned::default();
            if let Some(at) = before.articles {
                prune_articles(&transaction, at, &mut pruned)?;
            }
            if let Some(at) = before.mail {
                prune_messages(&transaction, at, &mut pruned)?;
            }
            transaction.commit()?;
            Ok(pruned)
        };
        step().map_err(while_doing("taking away what is old"))
    }

    /// Gives some free pages back to the file system; says whether there are more.
    ///
    /// # Errors
    /// When the database fails.
    pub fn shrink(&mut self) -> Result<bool, StoreError> {
        let step = || -> Result<bool, rusqlite::Error> {
            let free =
                || self.connection.query_row("PRAGMA freelist_count", [], |r| r.get::<_, u32>(0));
            let before = free()?;
            // Each step gives back one page.
            let sql = format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})");
            let mut statement = self.connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
            let after = free()?;
            Ok(after > 0 && after < before)
        };
        step().map_err(while_doing("giving back free pages"))
    }

    /// Rewrites a database of an older version once, so that it can give back free pages later;
    /// says whether it did. Takes as long as copying it.
    ///
    /// # Errors
    /// When the database fails; it is what it was then.
    pub fn make_shrinkable(&mut self) -> Result<bool, StoreError> {
        let step = || -> Result<bool, rusqlite::Error> {
            let mode: u32 = self.connection.query_row("PRAGMA auto_vacuum", [], |r| r.get(0))?;
            if mode == 0 {
                self.connection.execute_batch(
                    "PRAGMA temp_store = FILE; PRAGMA auto_vacuum = INCREMENTAL; VACUUM; PRAGMA temp_store = MEMORY",
                )?;
            }
            Ok(mode == 0)
        };
        step().map_err(while_doing("rewriting the database"))
    }

    /// When a task of upkeep was last done.
    ///
    /// # Errors
    /// When the database fails.
    pub fn upkeep_done(&self, task: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        use rusqlite::OptionalExtension;
        self.connection
            .prepare_cached("SELECT at FROM upkeep WHERE task = ?1")
            .and_then(|mut s| s.query_row([task], |r| r.get(0)).optional())
            .map(|at| at.map(super::time))
            .map_err(while_doing("reading when upkeep was done"))
    }

    /// Notes that a task of upkeep was done.
    ///
    /// # Errors
    /// When the database fails.
    pub fn record_upkeep(&mut self, task: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.connection
            .execute(
                "INSERT INTO upkeep (task, at) VALUES (?1, ?2) ON CONFLICT (task) DO UPDATE SET at = excluded.at",
                params![task, seconds(at)],
            )
            .map(drop)
            .map_err(while_doing("noting that upkeep was done"))
    }
}

fn prune_articles(
    transaction: &Connection,
    at: DateTime<Utc>,
    pruned: &mut Pruned,
) -> Result<(), rusqlite::Error> {
    let sql = format!("SELECT id, octet_length(html) FROM entry WHERE {OLD_ARTICLE} LIMIT ?2");
    for (id, bytes) in some_rows(transaction, &sql, at)? {
        empty_row(transaction, "entry", "html = ''", id)?;
        pruned.articles += 1;
        pruned.bytes += bytes.unsigned_abs();
    }
    let sql = format!("SELECT id, 0 FROM entry WHERE {SPENT} LIMIT ?2");
    for (id, _) in some_rows(transaction, &sql, at)? {
        transaction.prepare_cached("DELETE FROM entry WHERE id = ?1")?.execute([id])?;
        pruned.entries += 1;
    }
    // A ring of some rows for each feed: looking through it costs less than an index of it.
    let requests = transaction.execute("DELETE FROM request WHERE at < ?1", [seconds(at)])?;
    pruned.requests += requests as u64;
    Ok(())
}

fn prune_messages(
    transaction: &Connection,
    at: DateTime<Utc>,
    pruned: &mut Pruned,
) -> Result<(), rusqlite::Error> {
    let sql = format!("SELECT id, octet_length(bytes) FROM outbox WHERE {OLD_MESSAGE} LIMIT ?2");
    for (id, bytes) in some_rows(transaction, &sql, at)? {
        empty_row(transaction, "outbox", "bytes = x''", id)?;
        pruned.messages += 1;
        pruned.bytes += bytes.unsigned_abs();
    }
    Ok(())
}

/// Takes the text out of a row that nothing points at. The row is taken out and put back: one that only
/// shrinks leaves its page to itself, and nothing is given back.
fn empty_row(
    transaction: &Connection,
    table: &str,
    emptied: &str,
    id: i64,
) -> Result<(), rusqlite::Error> {
    for sql in [
        format!("UPDATE {table} SET {emptied}, id = -id WHERE id = ?1"),
        format!("UPDATE {table} SET id = -id WHERE id = -?1"),
    ] {
        transaction.prepare_cached(&sql)?.execute([id])?;
    }
    Ok(())
}

/// The number and a figure of as many rows as one step changes.
fn some_rows(
    transaction: &Connection,
    sql: &str,
    at: DateTime<Utc>,
) -> Result<Vec<(i64, i64)>, rusqlite::Error> {
    let most = i64::try_from(PRUNED_AT_ONCE).unwrap_or(i64::MAX);
    transaction
        .prepare_cached(sql)?
        .query_map(params![seconds(at), most], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect()
}

/// An entry whose page is still to be fetched needs its text.
const OLD_ARTICLE: &str = "first_seen < ?1 AND html <> '' AND page_due IS NULL AND NOT EXISTS (SELECT 1 FROM sighting WHERE entry_id = entry.id)";
/// What told nothing, has no text and is not shown any more.
const SPENT: &str = "absent < ?1 AND html = '' AND page_due IS NULL AND NOT EXISTS (SELECT 1 FROM sighting WHERE entry_id = entry.id)";
const OLD_MESSAGE: &str = "state = 'sent' AND coalesce(ended, created) < ?1 AND bytes <> x''";

/// Whether SQLite says that the file itself is damaged, or none of its own.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

pub(super) fn private_file(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// A name is on the disk when its folder is. Best effort: not every file system can.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(test)]
mod tests {
    use super::{OLD_ARTICLE, OLD_MESSAGE, SPENT, Store};

    /// Without an index each day reads every text there is: a second a day after a year.
    #[test]
    fn what_is_old_is_found_without_reading_what_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("g.db")).unwrap();
        for (sql, index) in [
            (format!("SELECT id FROM entry WHERE {OLD_ARTICLE} LIMIT 9"), "entry_with_text"),
            (format!("SELECT id FROM entry WHERE {SPENT} LIMIT 9"), "entry_spent"),
            (format!("SELECT id FROM outbox WHERE {OLD_MESSAGE} LIMIT 9"), "outbox_with_bytes"),
            (
                "SELECT id FROM entry WHERE feed_id = ?1 AND absent IS NULL AND key NOT IN (SELECT value FROM json_each('[]'))".to_owned(),
                "COVERING INDEX entry_shown",
            ),
        ] {
            let mut plan =
                store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan: Vec<String> =
                plan.query_map([0], |r| r.get(3)).unwrap().map(Result::unwrap).collect();
            assert!(plan[0].contains(&format!("{index} ")), "{sql}: {plan:?}");
            assert!(plan[0].starts_with("SEARCH"), "{sql}: {plan:?}");
        }
    }
}
