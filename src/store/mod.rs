//! SQLite: feeds, entries, facts, digests, the outbox. SQL stands only here, one named function
//! for each question.
//!
//! One connection that writes, held by one process: a lock file beside the database says whose.

mod digests;
mod facts;
mod feeds;
mod health;
mod lock;
mod maintenance;
mod outbox;
mod replay;
mod roster;
mod search;
mod verdicts;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

pub use digests::{DigestRecord, NewMessage, Progress, SubscriptionState, Unsent};
pub use facts::{Applied, FactFilter, StoredFact};
pub use feeds::{DuePage, FeedOverview};
pub use maintenance::{
    Check, Cutoffs, Pruned, back_up, check, daily_backup, daily_backups, named, restore,
};
pub use outbox::{OutboxEntry, Retry, Suspension};
pub use replay::{Revision, StoredEntry};
pub use search::{ArticleHit, ArticleText, SearchIndex, index_path};
pub use verdicts::CorrectionError;

/// A database that takes so many bytes has room for going on.
const ROOM_BYTES: u32 = 2 * 1024 * 1024;

/// The schema, one entry for each file in `migrations/`, in order.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_initial.sql"),
    include_str!("../../migrations/0002_polite_polling.sql"),
    include_str!("../../migrations/0003_outbox.sql"),
    include_str!("../../migrations/0004_voices.sql"),
    include_str!("../../migrations/0005_search_and_retention.sql"),
    include_str!("../../migrations/0006_subscriptions.sql"),
    include_str!("../../migrations/0007_aliases.sql"),
    include_str!("../../migrations/0008_what_is_old.sql"),
];

/// The size of a new database's pages.
const PAGE_BYTES: u32 = 16 * 1024;

/// How long a statement waits for another process's read to end, in milliseconds.
const BUSY_TIMEOUT_MS: u64 = 10_000;

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened.
    #[error("the database {path} cannot be opened: {reason}")]
    Open {
        /// Its path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Another gazetted works on it.
    #[error("the database {path} is in use by another gazetted{}", pid.map(|p| format!(" (process {p})")).unwrap_or_default())]
    Locked {
        /// Its path.
        path: PathBuf,
        /// The other's process id, where it could be read.
        pid: Option<u32>,
    },
    /// It was made by a newer version.
    #[error(
        "the database {path} was made by a newer gazetted; install that version, or restore an older backup"
    )]
    Newer {
        /// Its path.
        path: PathBuf,
    },
    /// The file is damaged, or is no database at all.
    #[error(
        "the database {path} is damaged ({reason}); see what is wrong with `gazetted db check`, go back to a backup with `gazetted db restore FILE`"
    )]
    Damaged {
        /// Its path.
        path: PathBuf,
        /// SQLite's word.
        reason: String,
    },
    /// A backup could not be made.
    #[error("the backup {path} cannot be made: {reason}")]
    Backup {
        /// Its path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A backup could not be restored.
    #[error("{path} is not restored, and the database is what it was: {reason}")]
    Restore {
        /// The backup's path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A search's query is wrong.
    #[error(
        "the query `{query}` is not understood: {reason}; put words with signs in them into double quotes, and see https://sqlite.org/fts5.html#full_text_query_syntax"
    )]
    Query {
        /// As it was given.
        query: String,
        /// SQLite's word.
        reason: String,
    },
    /// A statement failed.
    #[error("the database failed while {doing}: {source}{}", if maintenance::is_damage(source) { "; see what is wrong with `gazetted db check`, go back to a backup with `gazetted db restore FILE`" } else { "" })]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// SQLite's word.
        source: rusqlite::Error,
    },
    /// What stands in the database is not what this program wrote.
    #[error("the database holds {0}, which this program did not write")]
    Corrupt(String),
}

/// Why a statement failed, as far as somebody outside can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreTrouble {
    /// No space is left on the disk, or the file may not grow.
    Full,
    /// The file or its file system is read-only.
    ReadOnly,
    /// The disk failed.
    Disk,
    /// Another program holds the database.
    Busy,
    /// Anything else: an error in this program or a damaged database.
    Other,
}

impl StoreTrouble {
    fn of(error: &rusqlite::Error) -> StoreTrouble {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreTrouble::Full,
            Some(ErrorCode::ReadOnly) => StoreTrouble::ReadOnly,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => StoreTrouble::Disk,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreTrouble::Busy,
            _ => StoreTrouble::Other,
        }
    }
}

impl StoreError {
    /// Of which sort a failed statement is.
    pub fn trouble(&self) -> StoreTrouble {
        match self {
            StoreError::Sqlite { source, .. } => StoreTrouble::of(source),
            StoreError::Locked { .. } => StoreTrouble::Busy,
            _ => StoreTrouble::Other,
        }
    }
}

/// `.map_err(while_doing("…"))`.
fn while_doing(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |source| StoreError::Sqlite { doing, source }
}

/// The database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// Held for as long as the store lives; `None` for a reader.
    _lock: Option<lock::Lock>,
}

impl Store {
    /// Opens the database for writing, makes it if it is missing and brings it up to date.
    ///
    /// # Errors
    /// When it cannot be opened, is another process's, or is newer than this program.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        let failed = |reason: String| StoreError::Open { path: path.to_owned(), reason };
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty() && !f.exists()) {
            make_private_folder(folder)
                .map_err(|e| failed(format!("its folder cannot be made: {e}")))?;
        }
        let lock = lock::Lock::take(path)?;
        make_private_file(path).map_err(|e| failed(e.to_string()))?;
        let mut connection = Connection::open(path).map_err(|e| failed(e.to_string()))?;
        let opened = |e| not_opened(path, &e);
        configure(&connection).map_err(opened)?;
        let schema: u32 =
            connection.query_row("PRAGMA user_version", [], |r| r.get(0)).map_err(opened)?;
        if schema == 0 {
            // Both count only before the first table is made. An entry's text of some kilobytes fits
            // into a large page, and costs half of what a chain of small ones does.
            connection.pragma_update(None, "page_size", PAGE_BYTES).map_err(opened)?;
            connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(opened)?;
        }
        connection.pragma_update(None, "journal_mode", "WAL").map_err(opened)?;
        // What a poll could take back is some pages; in a file they would be written for every poll.
        connection.pragma_update(None, "temp_store", "MEMORY").map_err(opened)?;
        if schema > 0 && (schema as usize) < MIGRATIONS.len() {
            maintenance::before_migration(path, schema)?;
        }
        migrate(&mut connection, path)?;
        write_at_once(&mut connection);
        Ok(Store { connection, _lock: Some(lock) })
    }

    /// Opens the database for short writes beside a daemon that has it open: each is one transaction
    /// that waits its turn. Nothing that the daemon keeps in memory may be changed in this way.
    ///
    /// # Errors
    /// When there is none, or it is of another version than this program.
    pub fn open_beside(path: &Path) -> Result<Store, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI;
        let mut store = Store::open_existing(path, flags)?;
        write_at_once(&mut store.connection);
        Ok(store)
    }

    /// Opens the database for reading beside a daemon that writes.
    ///
    /// # Errors
    /// When there is none, or it is newer than this program.
    pub fn open_read_only(path: &Path) -> Result<Store, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        Store::open_existing(path, flags)
    }

    /// Writes as much as a poll of a large feed would, and takes it away again.
    ///
    /// # Errors
    /// When the database cannot be written, or has no room to grow.
    pub fn try_to_write(&mut self) -> Result<(), StoreError> {
        let try_it = |c: &Connection| {
            c.execute_batch("CREATE TABLE IF NOT EXISTS room (bytes BLOB NOT NULL) STRICT")?;
            c.execute("INSERT INTO room (bytes) VALUES (zeroblob(?1))", [ROOM_BYTES])?;
            c.execute_batch("DROP TABLE room")
        };
        try_it(&self.connection).map_err(while_doing("trying to write"))
    }

    fn open_existing(path: &Path, flags: OpenFlags) -> Result<Store, StoreError> {
        let failed = |reason: String| StoreError::Open { path: path.to_owned(), reason };
        let connection = Connection::open_with_flags(path, flags).map_err(|e| {
            failed(format!("{e}; has `gazetted once` or `gazetted run` been started yet?"))
        })?;
        let opened = |e| not_opened(path, &e);
        configure(&connection).map_err(opened)?;
        let version: u32 =
            connection.query_row("PRAGMA user_version", [], |r| r.get(0)).map_err(opened)?;
        match (version as usize).cmp(&MIGRATIONS.len()) {
            std::cmp::Ordering::Greater => Err(StoreError::Newer { path: path.to_owned() }),
            std::cmp::Ordering::Less => Err(failed("it is older than this program; run `gazetted once` or `gazetted run` to bring it up to date".into())),
            std::cmp::Ordering::Equal => Ok(Store { connection, _lock: None }),
        }
    }
}

/// Why a database cannot be worked with: a damaged one wants another remedy than a missing one.
fn not_opened(path: &Path, error: &rusqlite::Error) -> StoreError {
    let (path, reason) = (path.to_owned(), error.to_string());
    if maintenance::is_damage(error) {
        StoreError::Damaged { path, reason }
    } else {
        StoreError::Open { path, reason }
    }
}

/// Statements that stay prepared. Storing an entry with its facts takes two dozen of them, more than rusqlite
/// keeps unasked, and each that was dropped would be prepared anew for every entry.
const STATEMENTS_MAX: usize = 64;

fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is told to be stored is stored, power cut or not: a digest lost is the third failure
    // that matters.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(())
}

/// A transaction asks for the right to write when it begins, and waits for it there: one that has
/// read before could not get it any more after another process wrote.
fn write_at_once(connection: &mut Connection) {
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let migrations = Migrations::new(MIGRATIONS.iter().map(|sql| M::up(sql)).collect());
    migrations.to_latest(connection).map_err(|error| match error {
        rusqlite_migration::Error::MigrationDefinition(_) => {
            StoreError::Newer { path: path.to_owned() }
        }
        other => StoreError::Open { path: path.to_owned(), reason: other.to_string() },
    })
}

#[cfg(unix)]
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(unix)]
fn make_private_file(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(drop)
}

fn seconds(at: DateTime<Utc>) -> i64 {
    at.timestamp()
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}
