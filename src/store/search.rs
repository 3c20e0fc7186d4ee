//! Text search: over facts in the database, over articles in an index beside it.
//!
//! The index of articles is made of what stands in the database, by whoever searches, and can be
//! deleted at any time: polls pay nothing for it and backups do not hold it.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use super::facts::{FACT_COLUMNS, STANDING, read_fact};
use super::maintenance::{is_damage, private_file};
use super::{BUSY_TIMEOUT_MS, Store, StoreError, StoredFact, time, while_doing};

/// The form of the index; one of another form is made anew.
const INDEX_VERSION: u32 = 1;
const INDEX: &str = "
    CREATE VIRTUAL TABLE article USING fts5 (title, text, content = '', contentless_delete = 1, tokenize = \"unicode61 remove_diacritics 2\");
    CREATE TABLE indexed (id INTEGER PRIMARY KEY, version TEXT NOT NULL) STRICT;
";
/// Words around what was found.
const SNIPPET_WORDS: u32 = 24;

/// An entry whose text is to be indexed or shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleText {
    /// Its row.
    pub id: i64,
    /// Its version.
    pub version: String,
    /// Its title.
    pub title: String,
    /// Its text as HTML; from the second step on as plain text.
    pub html: String,
}

/// An article that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleHit {
    /// Its feed.
    pub feed: String,
    /// Its title.
    pub title: String,
    /// Its address.
    pub link: Option<String>,
    /// Its own date.
    pub published: Option<DateTime<Utc>>,
    /// When it was first seen.
    pub first_seen: DateTime<Utc>,
    /// What was found, in `[` and `]`, with some words around it.
    pub snippet: String,
}

/// Where the index of a database's articles stands.
pub fn index_path(database: &Path) -> PathBuf {
    database.with_extension("search")
}

/// The index of articles, open beside the database.
#[derive(Debug)]
pub struct SearchIndex {
    connection: Connection,
}

impl SearchIndex {
    /// Opens the index of a database, makes it if it is missing, old or damaged.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(database: &Path) -> Result<SearchIndex, StoreError> {
        let path = index_path(database);
        let opened = SearchIndex::try_open(&path, database).or_else(|error| {
            if !is_damage(&error) {
                return Err(error);
            }
            // It holds nothing that cannot be made again.
            let _ = std::fs::remove_file(&path);
            SearchIndex::try_open(&path, database)
        });
        opened.map_err(|e| StoreError::Open {
            path,
            reason: format!(
                "{e}; it is the index that searching articles needs, `--facts` does without"
            ),
        })
    }

    fn try_open(path: &Path, database: &Path) -> Result<SearchIndex, rusqlite::Error> {
        let unwritable = |_| rusqlite::Error::InvalidPath(path.to_owned());
        private_file(path).map_err(unwritable)?;
        let connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::from_millis(BUSY_TIMEOUT_MS))?;
        // It can be made again: speed before safety.
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection
            .execute("ATTACH ?1 AS ledger", [format!("file:{}?mode=ro", percent(database))])?;
        let version: u32 = connection.query_row("PRAGMA main.user_version", [], |r| r.get(0))?;
        if version != INDEX_VERSION {
            connection.execute_batch(&format!(
                "BEGIN; DROP TABLE IF EXISTS article; DROP TABLE IF EXISTS indexed; {INDEX} PRAGMA main.user_version = {INDEX_VERSION}; COMMIT"
            ))?;
        }
        Ok(SearchIndex { connection })
    }

    /// How many entries are to be indexed.
    ///
    /// # Errors
    /// When a database fails.
    pub fn missing(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM ledger.entry AS e LEFT JOIN main.indexed AS i ON i.id = e.id WHERE i.version IS NOT e.version";
        self.connection
            .query_row(sql, [], |r| r.get::<_, i64>(0))
            .map(i64::unsigned_abs)
            .map_err(while_doing("looking for articles to index"))
    }

    /// Takes out what stands in the database no more.
    ///
    /// # Errors
    /// When a database fails.
    pub fn forget(&mut self) -> Result<usize, StoreError> {
        let gone = "id NOT IN (SELECT id FROM ledger.entry)";
        let mut forget = || -> Result<usize, rusqlite::Error> {
            let transaction = self.connection.transaction()?;
            transaction.execute(
                &format!("DELETE FROM main.article WHERE rowid IN (SELECT id FROM main.indexed WHERE {gone})"),
                [],
            )?;
            let forgotten =
                transaction.execute(&format!("DELETE FROM main.indexed WHERE {gone}"), [])?;
            transaction.commit()?;
            Ok(forgotten)
        };
        forget().map_err(while_doing("taking articles out of the index"))
    }

    /// Entries that are not indexed as they are now, after one, in the order of their rows.
    ///
    /// # Errors
    /// When a database fails.
    pub fn unindexed(&self, after: i64, most: usize) -> Result<Vec<ArticleText>, StoreError> {
        let sql = "SELECT e.id, e.version FROM ledger.entry AS e LEFT JOIN main.indexed AS i ON i.id = e.id
                   WHERE e.id > ?1 AND i.version IS NOT e.version ORDER BY e.id LIMIT ?2";
        let query = || -> Result<Vec<ArticleText>, rusqlite::Error> {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let rows: Vec<(i64, String)> = self
                .connection
                .prepare_cached(sql)?
                .query_map(params![after, most], |r| Ok((r.get(0)?, r.get(1)?)))?
                .collect::<Result<_, _>>()?;
            let mut text = self
                .connection
                .prepare_cached("SELECT title, html FROM ledger.entry WHERE id = ?1")?;
            rows.into_iter()
                .map(|(id, version)| {
                    let (title, html) = text.query_row([id], |r| Ok((r.get(0)?, r.get(1)?)))?;
                    Ok(ArticleText { id, version, title, html })
                })
                .collect()
        };
        query().map_err(while_doing("reading articles to index"))
    }

    /// Indexes articles, whose text is plain by now, all or none.
    ///
    /// # Errors
    /// When the index fails.
    pub fn add(&mut self, articles: &[ArticleText]) -> Result<(), StoreError> {
        let mut add = || -> Result<(), rusqlite::Error> {
            let transaction = self.connection.transaction()?;
            for article in articles {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO main.article (rowid, title, text) VALUES (?1, ?2, ?3)")?
                    .execute(params![article.id, article.title, article.html])?;
                transaction
                    .prepare_cached(
                        "INSERT OR REPLACE INTO main.indexed (id, version) VALUES (?1, ?2)",
                    )?
                    .execute(params![article.id, article.version])?;
            }
            transaction.commit()
        };
        add().map_err(while_doing("indexing articles"))
    }

    /// The articles that match, the best first: each with its text for a snippet.
    ///
    /// # Errors
    /// [`StoreError::Query`] for a query that is wrong; else when a database fails.
    pub fn find(
        &self,
        query: &str,
        most: usize,
    ) -> Result<Vec<(ArticleText, ArticleHit)>, StoreError> {
        let sql = "SELECT e.id, e.version, e.title, e.html, feed.name, e.link, e.published, e.first_seen
                   FROM main.article JOIN ledger.entry AS e ON e.id = article.rowid JOIN ledger.feed ON feed.id = e.feed_id
                   WHERE article MATCH ?1 ORDER BY bm25(article, 4.0, 1.0), e.id DESC LIMIT ?2";
        let find = || -> Result<Vec<_>, rusqlite::Error> {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            self.connection
                .prepare_cached(sql)?
                .query_map(params![query, most], |row| {
                    let text = ArticleText {
                        id: row.get(0)?,
                        version: row.get(1)?,
                        title: row.get(2)?,
                        html: row.get(3)?,
                    };
                    let hit = ArticleHit {
                        feed: row.get(4)?,
                        title: text.title.clone(),
                        link: row.get(5)?,
                        published: row.get::<_, Option<i64>>(6)?.map(time),
                        first_seen: time(row.get(7)?),
                        snippet: String::new(),
                    };
                    Ok((text, hit))
                })?
                .collect()
        };
        find().map_err(|error| query_error(query, error))
    }

    /// Where a query matches in a plain text: the best passage, what matches in brackets.
    ///
    /// # Errors
    /// [`StoreError::Query`] for a query that is wrong.
    pub fn snippet(&self, query: &str, title: &str, text: &str) -> Result<String, StoreError> {
        let find = || -> Result<Option<String>, rusqlite::Error> {
            self.connection.execute_batch("CREATE VIRTUAL TABLE IF NOT EXISTS temp.hit USING fts5 (title, text, tokenize = \"unicode61 remove_diacritics 2\"); DELETE FROM temp.hit")?;
            self.connection
                .prepare_cached("INSERT INTO temp.hit (title, text) VALUES (?1, ?2)")?
                .execute([title, text])?;
            self.connection
                .prepare_cached(&format!("SELECT snippet(hit, 1, '[', ']', '…', {SNIPPET_WORDS}) FROM temp.hit WHERE hit MATCH ?1"))?
                .query_row([query], |r| r.get(0))
                .optional()
        };
        find().map(Option::unwrap_or_default).map_err(|error| query_error(query, error))
    }
}

impl Store {
    /// The facts that match, the best first.
    ///
    /// # Errors
    /// [`StoreError::Query`] for a query that is wrong; else when the database fails.
    pub fn find_facts(&self, query: &str, most: usize) -> Result<Vec<StoredFact>, StoreError> {
        let sql = format!(
            "SELECT {FACT_COLUMNS} FROM fact_search JOIN fact ON fact.id = fact_search.rowid
             WHERE fact_search MATCH ?1 AND {STANDING} ORDER BY bm25(fact_search, 4.0, 4.0, 2.0, 1.0), fact.id DESC LIMIT ?2"
        );
        let find = || -> Result<Vec<StoredFact>, rusqlite::Error> {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let mut statement = self.connection.prepare_cached(&sql)?;
            let rows: Vec<_> =
                statement.query_map(params![query, most], read_fact)?.collect::<Result<_, _>>()?;
            rows.into_iter().map(|row| self.with_sources(row)).collect()
        };
        find().map_err(|error| query_error(query, error))
    }
}

/// What SQLite says of a query that it does not understand is for whoever wrote it.
fn query_error(query: &str, error: rusqlite::Error) -> StoreError {
    match &error {
        rusqlite::Error::SqliteFailure(failure, Some(said))
            if failure.code == ErrorCode::Unknown || failure.code == ErrorCode::TooBig =>
        {
            StoreError::Query { query: query.to_owned(), reason: said.clone() }
        }
        _ => while_doing("searching")(error),
    }
}

/// A path as part of a URI.
fn percent(path: &Path) -> String {
    use std::fmt::Write;
    use std::os::unix::ffi::OsStrExt;
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut out = String::new();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(byte) {
            out.push(char::from(*byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
