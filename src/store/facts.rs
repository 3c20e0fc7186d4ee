//! Entries, facts, sightings and changes.

use chrono::{DateTime, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::feeds::apply_state;
use super::{Store, StoreError, seconds, time, while_doing};
use crate::ledger;
use crate::model::{
    Change, ChangeKind, Detail, Evidence, Fact, FactId, Kind, KnownFact, PlannedEntry, Polarity,
    PollPlan, Sighting, TextSource,
};

/// What one plan changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Entries that were not known.
    pub new_entries: usize,
    /// Entries that had another version.
    pub edited_entries: usize,
    /// Facts that were not known.
    pub new_facts: usize,
    /// Changes for digests.
    pub changes: usize,
}

/// Which facts are asked for; an empty field asks for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FactFilter {
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only this body, folded.
    pub body: Option<String>,
    /// Only this subject, folded.
    pub subject: Option<String>,
    /// Only what this feed told.
    pub feed: Option<String>,
    /// Only what was first seen at or after this time.
    pub since: Option<DateTime<Utc>>,
}

/// A fact of the ledger with its sources.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredFact {
    /// Its row.
    pub id: FactId,
    /// What it says.
    pub fact: Fact,
    /// When it was first seen.
    pub first_seen: DateTime<Utc>,
    /// What it corrects.
    pub amends: Option<FactId>,
    /// Who told it, the first one first.
    pub sources: Vec<Sighting>,
}

pub(super) const FACT_COLUMNS: &str = "fact.id, fact.subject, fact.body, fact.detail, fact.effective, fact.quote, fact.marks, fact.rule, fact.confidence, fact.first_seen, fact.amends";

impl Store {
    /// Applies a plan: entries, facts, sightings, changes, validators and the feed's state, all or
    /// nothing (invariant 3).
    ///
    /// # Errors
    /// When the database fails; then nothing was changed.
    pub fn apply(&mut self, plan: &PollPlan) -> Result<Applied, StoreError> {
        self.apply_all(&[plan]).pop().unwrap_or_else(|| Ok(Applied::default()))
    }

    /// Applies several plans with one write to the disk. Each is all or nothing by itself.
    pub fn apply_all(&mut self, plans: &[&PollPlan]) -> Vec<Result<Applied, StoreError>> {
        let together = || -> Result<Vec<Result<Applied, StoreError>>, rusqlite::Error> {
            let mut transaction = self.connection.transaction()?;
            let mut results = Vec::with_capacity(plans.len());
            for plan in plans {
                let savepoint = transaction.savepoint()?;
                // Dropped without a commit, a savepoint takes back what was done in it.
                let applied = apply_plan(&savepoint, plan).and_then(|applied| {
                    savepoint.commit()?;
                    Ok(applied)
                });
                results.push(applied.map_err(while_doing("storing a poll")));
            }
            transaction.commit()?;
            Ok(results)
        };
        let mut together = together;
        together().unwrap_or_else(|error| {
            let said = error.to_string();
            let again = |_: &&PollPlan| Err(StoreError::Write(said.clone()));
            plans.iter().map(again).collect()
        })
    }

    /// The changes after a cursor, with all their sources, oldest first.
    ///
    /// # Errors
    /// When the database fails or holds what it should not.
    pub fn pending_changes(&self, after: i64) -> Result<Vec<Change>, StoreError> {
        let sql = format!(
            "SELECT {FACT_COLUMNS}, change.id, change.kind, change.at FROM change JOIN fact ON fact.id = change.fact_id WHERE change.id > ?1 ORDER BY change.id"
        );
        let read = |row: &Row| {
            let (id, fact, _, amends) = read_fact(row)?;
            let kind = if row.get::<_, String>(12)? == "amended" {
                ChangeKind::Amended
            } else {
                ChangeKind::New
            };
            Ok((
                id,
                amends,
                Change {
                    id: row.get(11)?,
                    kind,
                    fact,
                    before: None,
                    sources: Vec::new(),
                    at: time(row.get(13)?),
                },
            ))
        };
        let query = || {
            let mut found = Vec::new();
            let mut statement = self.connection.prepare(&sql)?;
            for row in statement.query_map([after], read)? {
                let (id, amends, mut change) = row?;
                change.sources = self.sources(id)?;
                change.before = amends.map(|before| self.fact(before)).transpose()?.flatten();
                found.push(change);
            }
            Ok(found)
        };
        query().map_err(while_doing("reading changes"))
    }

    /// The facts that a filter lets through, newest first.
    ///
    /// # Errors
    /// When the database fails or holds what it should not.
    pub fn facts(&self, filter: &FactFilter) -> Result<Vec<StoredFact>, StoreError> {
        let sql = format!(
            "SELECT {FACT_COLUMNS} FROM fact
             WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR key_body = ?2) AND (?3 IS NULL OR key_subject = ?3)
               AND (?4 IS NULL OR first_seen >= ?4)
               AND (?5 IS NULL OR EXISTS (SELECT 1 FROM sighting JOIN entry ON entry.id = entry_id JOIN feed ON feed.id = feed_id WHERE fact_id = fact.id AND feed.name = ?5))
             ORDER BY first_seen DESC, id DESC"
        );
        let query = || -> Result<Vec<StoredFact>, rusqlite::Error> {
            let mut statement = self.connection.prepare(&sql)?;
            let parameters = params![
                filter.kind.map(Kind::as_str),
                filter.body,
                filter.subject,
                filter.since.map(seconds),
                filter.feed
            ];
            let rows: Vec<_> =
                statement.query_map(parameters, read_fact)?.collect::<Result<_, _>>()?;
            rows.into_iter()
                .map(|(id, fact, first_seen, amends)| {
                    Ok(StoredFact { id, fact, first_seen, amends, sources: self.sources(id)? })
                })
                .collect()
        };
        query().map_err(while_doing("reading facts"))
    }

    fn fact(&self, id: FactId) -> Result<Option<Fact>, rusqlite::Error> {
        let sql = format!("SELECT {FACT_COLUMNS} FROM fact WHERE id = ?1");
        self.connection
            .query_row(&sql, [id.0], |row| read_fact(row).map(|(_, fact, _, _)| fact))
            .optional()
    }

    pub(super) fn sources(&self, id: FactId) -> Result<Vec<Sighting>, rusqlite::Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT feed.name, feed.publisher, entry.title, entry.link, entry.published, sighting.seen
             FROM sighting JOIN entry ON entry.id = sighting.entry_id JOIN feed ON feed.id = entry.feed_id
             WHERE sighting.fact_id = ?1 ORDER BY sighting.id",
        )?;
        let rows = statement.query_map([id.0], |row| {
            Ok(Sighting {
                feed: row.get(0)?,
                publisher: row.get(1)?,
                title: row.get(2)?,
                link: row.get(3)?,
                published: row.get::<_, Option<i64>>(4)?.map(time),
                seen: time(row.get(5)?),
            })
        })?;
        rows.collect()
    }
}

fn apply_plan(transaction: &Connection, plan: &PollPlan) -> Result<Applied, rusqlite::Error> {
    let mut applied = Applied::default();
    for rekeyed in &plan.rekeyed {
        transaction
            .prepare_cached("UPDATE OR IGNORE entry SET key = ?3 WHERE feed_id = ?1 AND key = ?2")?
            .execute(params![plan.state.id, rekeyed.old.0, rekeyed.new.0])?;
    }
    for planned in &plan.entries {
        apply_entry(transaction, plan, planned, &mut applied)?;
    }
    apply_state(transaction, plan)?;
    Ok(applied)
}

fn apply_entry(
    transaction: &Connection,
    plan: &PollPlan,
    planned: &PlannedEntry,
    applied: &mut Applied,
) -> Result<(), rusqlite::Error> {
    let entry = &planned.entry;
    let feed = plan.state.id;
    let known: Option<(i64, String)> = transaction
        .prepare_cached("SELECT id, version FROM entry WHERE feed_id = ?1 AND key = ?2")?
        .query_row(params![feed, entry.key.0], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    match &known {
        Some((_, version)) if *version == entry.version && !planned.late_page => return Ok(()),
        Some(_) if planned.late_page => {}
        Some(_) => applied.edited_entries += 1,
        None => applied.new_entries += 1,
    }
    let source = match planned.text_source {
        TextSource::Feed => "feed",
        TextSource::Page => "page",
    };
    let retry = planned.page_retry;
    let id: i64 = transaction
        .prepare_cached(
            "INSERT INTO entry (feed_id, key, version, link, title, author, published, first_seen, html, text_source, news, page_due, page_tries)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (feed_id, key) DO UPDATE SET version = excluded.version, link = excluded.link, title = excluded.title,
               author = excluded.author, published = excluded.published, html = excluded.html, text_source = excluded.text_source,
               page_due = excluded.page_due, page_tries = excluded.page_tries
             RETURNING id",
        )?
        .query_row(
            params![
                feed, entry.key.0, entry.version, entry.link, entry.title, entry.author, entry.published.map(seconds), seconds(plan.at), planned.html, source,
                planned.report, retry.and_then(|r| r.due).map(seconds), retry.map_or(0, |r| r.tries)
            ],
            |r| r.get(0),
        )?;
    for fact in &planned.facts {
        apply_fact(transaction, plan.at, id, planned.report, fact, applied)?;
    }
    Ok(())
}

/// Reconciles one fact inside the transaction, so that two entries of one poll that tell it meet.
fn apply_fact(
    transaction: &Connection,
    at: DateTime<Utc>,
    entry: i64,
    report: bool,
    fact: &Fact,
    applied: &mut Applied,
) -> Result<(), rusqlite::Error> {
    let key = ledger::key(fact);
    let polarity = match key.polarity {
        Polarity::In => "in",
        Polarity::Out => "out",
    };
    let sql = format!(
        "SELECT {FACT_COLUMNS} FROM fact WHERE key_subject = ?1 AND key_body = ?2 AND kind = ?3 AND polarity = ?4 ORDER BY id"
    );
    let known: Vec<KnownFact> = transaction
        .prepare_cached(&sql)?
        .query_map(params![key.subject, key.body, key.kind.as_str(), polarity], |row| {
            read_fact(row).map(|(id, fact, first_seen, _)| KnownFact { id, fact, first_seen })
        })?
        .collect::<Result<_, _>>()?;
    let told_here: Vec<i64> = transaction
        .prepare_cached("SELECT fact_id FROM sighting WHERE entry_id = ?1")?
        .query_map([entry], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    for found in
        ledger::reconcile(&known, std::slice::from_ref(fact), at, |id| told_here.contains(&id.0))
    {
        let id = match (found.kind, found.known) {
            (ChangeKind::Restated, Some(id)) => id.0,
            (kind, before) => {
                let amends = before.filter(|_| kind == ChangeKind::Amended).map(|id| id.0);
                let id = insert_fact(transaction, at, &found.fact, &key, polarity, amends)?;
                applied.new_facts += 1;
                if report {
                    let word = if kind == ChangeKind::Amended { "amended" } else { "new" };
                    transaction
                        .prepare_cached(
                            "INSERT INTO change (fact_id, kind, at) VALUES (?1, ?2, ?3)",
                        )?
                        .execute(params![id, word, seconds(at)])?;
                    applied.changes += 1;
                }
                id
            }
        };
        transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO sighting (fact_id, entry_id, seen) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![id, entry, seconds(at)])?;
    }
    Ok(())
}

fn insert_fact(
    transaction: &Connection,
    at: DateTime<Utc>,
    fact: &Fact,
    key: &crate::model::FactKey,
    polarity: &str,
    amends: Option<i64>,
) -> Result<i64, rusqlite::Error> {
    let detail = serde_json::to_string(&fact.detail).expect("a detail is plain data");
    let marks = serde_json::to_string(&fact.evidence.marks).expect("marks are plain data");
    transaction
        .prepare_cached(
            "INSERT INTO fact (kind, action, subject, body, detail, effective, quote, marks, rule, confidence, polarity, key_subject, key_body, key_position, first_seen, amends)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .insert(params![
            fact.kind().as_str(),
            fact.action(),
            fact.subject,
            fact.body,
            detail,
            fact.effective,
            fact.evidence.quote,
            marks,
            fact.evidence.rule,
            fact.confidence,
            polarity,
            key.subject,
            key.body,
            key.position,
            seconds(at),
            amends,
        ])
}

pub(super) type FactRow = (FactId, Fact, DateTime<Utc>, Option<FactId>);

pub(super) fn read_fact(row: &Row) -> Result<FactRow, rusqlite::Error> {
    let json = |column: usize, error: serde_json::Error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    };
    let detail: Detail = serde_json::from_str(&row.get::<_, String>(3)?).map_err(|e| json(3, e))?;
    let marks: Vec<(usize, usize)> =
        serde_json::from_str(&row.get::<_, String>(6)?).map_err(|e| json(6, e))?;
    let fact = Fact {
        subject: row.get(1)?,
        body: row.get(2)?,
        detail,
        effective: row.get(4)?,
        evidence: Evidence { quote: row.get(5)?, marks, rule: row.get(7)? },
        confidence: row.get(8)?,
    };
    Ok((FactId(row.get(0)?), fact, time(row.get(9)?), row.get::<_, Option<i64>>(10)?.map(FactId)))
}
