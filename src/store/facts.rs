//! Entries, facts, sightings and changes.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::feeds::{PollWriter, apply_shown};
use super::replay::told_by;
use super::{Store, StoreError, seconds, time, while_doing};
use crate::crash;
use crate::ledger::{self, Aliases, Speaker};
use crate::model::{
    Alias, Change, ChangeKind, Detail, Evidence, Fact, FactId, FactKey, Head, Kind, KnownFact,
    PlannedEntry, Polarity, PollPlan, SameText, Sighting, TextSource, fold_name,
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
    /// Also what was rejected, or is known in another form now.
    pub all: bool,
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

/// What nobody rejected, and is known in no other form now.
pub(super) const STANDING: &str = "verdict IS NOT 'rejected' AND merged_into IS NULL AND NOT EXISTS (SELECT 1 FROM fact AS later WHERE later.amends = fact.id)";

impl Store {
    /// Applies a plan: entries, facts, sightings, changes, validators and the feed's state, all or
    /// nothing (invariant 3).
    ///
    /// # Errors
    /// When the database fails; then nothing was changed.
    pub fn apply(&mut self, plan: &PollPlan) -> Result<Applied, StoreError> {
        self.apply_all(&[plan]).pop().unwrap_or_else(|| Ok(Applied::default()))
    }

    /// Applies several plans with one write to the disk. Each is all or nothing by itself: where one
    /// fails, all are taken back and written one by one, which is rare and spares the others a
    /// savepoint each.
    pub fn apply_all(&mut self, plans: &[&PollPlan]) -> Vec<Result<Applied, StoreError>> {
        match self.apply_together(plans) {
            Ok(applied) => applied.into_iter().map(Ok).collect(),
            Err(error) if plans.len() < 2 => vec![Err(while_doing("storing a poll")(error))],
            Err(_) => plans.iter().flat_map(|plan| self.apply_all(&[plan])).collect(),
        }
    }

    /// Applies all of the plans, or none.
    fn apply_together(&mut self, plans: &[&PollPlan]) -> Result<Vec<Applied>, rusqlite::Error> {
        let transaction = self.connection.transaction()?;
        crash::point("store.poll.begun");
        let mut writer = PollWriter::new(&transaction);
        let apply = |plan: &&PollPlan| apply_plan(&transaction, &mut writer, plan);
        let applied = plans.iter().map(apply).collect::<Result<_, _>>()?;
        drop(writer);
        crash::point("store.poll.before-commit");
        transaction.commit()?;
        crash::point("store.poll.committed");
        Ok(applied)
    }

    /// The changes after a cursor, with all their sources, oldest first. Each fact stands there once,
    /// as it is known now; what a person rejected does not, nor what the subscription told already, but
    /// for digests that are taken back.
    ///
    /// # Errors
    /// When the database fails or holds what it should not.
    pub fn pending_changes(
        &self,
        after: i64,
        subscription: &str,
        taken_back: &[i64],
    ) -> Result<Vec<Change>, StoreError> {
        let sql = "SELECT change.id, change.fact_id, change.kind, change.at, change.was, fact.amends
                   FROM change JOIN fact ON fact.id = change.fact_id
                   WHERE change.id > ?1
                     AND NOT EXISTS (SELECT 1 FROM digest_change JOIN digest ON digest.id = digest_id WHERE change_id = change.id AND subscription = ?2
                                       AND digest_id NOT IN (SELECT value FROM json_each(?3)))
                   ORDER BY change.id";
        let query = || {
            let mut found: Vec<Change> = Vec::new();
            let mut heads: HashMap<FactId, usize> = HashMap::new();
            let mut statement = self.connection.prepare(sql)?;
            let taken_back = serde_json::to_string(taken_back).expect("numbers are plain data");
            let mut rows = statement.query(params![after, subscription, taken_back])?;
            while let Some(row) = rows.next()? {
                let amended = row.get::<_, String>(2)? == "amended";
                let id = head(&self.connection, FactId(row.get(1)?))?.id;
                let before: Option<i64> = row.get::<_, Option<i64>>(5)?.filter(|_| amended);
                let before = before.map(|b| self.fact(FactId(b))).transpose()?.flatten();
                let kind = if amended { ChangeKind::Amended } else { ChangeKind::New };
                if let Some(known) = heads.get(&id).and_then(|at| found.get_mut(*at)) {
                    // Corrected or strengthened before anybody was told: it is told once.
                    known.earlier.push(std::mem::replace(&mut known.id, row.get(0)?));
                    if amended && known.was.take().is_some() {
                        // What was told before, in weaker words, is corrected.
                        (known.kind, known.before) = (kind, before);
                    }
                    continue;
                }
                let Some(fact) = self.fact_unless_rejected(id)? else { continue };
                heads.insert(id, found.len());
                found.push(Change {
                    id: row.get(0)?,
                    kind,
                    fact,
                    before,
                    sources: self.sources(id)?,
                    at: time(row.get(3)?),
                    was: row.get(4)?,
                    earlier: Vec::new(),
                });
            }
            Ok(found)
        };
        query().map_err(while_doing("reading changes"))
    }

    /// The last change, told or not.
    ///
    /// # Errors
    /// When the database fails.
    pub fn last_change(&self) -> Result<i64, StoreError> {
        self.connection
            .query_row("SELECT coalesce(max(id), 0) FROM change", [], |row| row.get(0))
            .map_err(while_doing("reading changes"))
    }

    fn fact_unless_rejected(&self, id: FactId) -> Result<Option<Fact>, rusqlite::Error> {
        let sql =
            format!("SELECT {FACT_COLUMNS} FROM fact WHERE id = ?1 AND verdict IS NOT 'rejected'");
        self.connection
            .prepare_cached(&sql)?
            .query_row([id.0], |row| read_fact(row).map(|(_, fact, _, _)| fact))
            .optional()
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
               AND (?6 OR {STANDING})
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
                filter.feed,
                filter.all
            ];
            let rows: Vec<_> =
                statement.query_map(parameters, read_fact)?.collect::<Result<_, _>>()?;
            rows.into_iter().map(|row| self.with_sources(row)).collect()
        };
        query().map_err(while_doing("reading facts"))
    }

    /// A fact with all its sources.
    pub(super) fn with_sources(&self, row: FactRow) -> Result<StoredFact, rusqlite::Error> {
        let (id, fact, first_seen, amends) = row;
        Ok(StoredFact { id, fact, first_seen, amends, sources: self.sources(id)? })
    }

    pub(super) fn fact(&self, id: FactId) -> Result<Option<Fact>, rusqlite::Error> {
        let sql = format!("SELECT {FACT_COLUMNS} FROM fact WHERE id = ?1");
        self.connection
            .query_row(&sql, [id.0], |row| read_fact(row).map(|(_, fact, _, _)| fact))
            .optional()
    }

    pub(super) fn sources(&self, id: FactId) -> Result<Vec<Sighting>, rusqlite::Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT feed.name, feed.publisher, entry.title, entry.link, entry.published, sighting.seen, sighting.detail, sighting.effective, entry.text_source
             FROM sighting JOIN entry ON entry.id = sighting.entry_id JOIN feed ON feed.id = entry.feed_id
             WHERE sighting.fact_id = ?1 ORDER BY sighting.id",
        )?;
        let rows = statement.query_map([id.0], |row| {
            Ok(Sighting {
                feed: row.get(0)?,
                publisher: row.get(1)?,
                title: row.get(2)?,
                link: row.get(3)?,
                text: text_source(row, 8)?,
                published: row.get::<_, Option<i64>>(4)?.map(time),
                seen: time(row.get(5)?),
                detail: row
                    .get::<_, Option<String>>(6)?
                    .and_then(|detail| serde_json::from_str(&detail).ok()),
                effective: row.get(7)?,
            })
        })?;
        rows.collect()
    }
}

fn apply_plan(
    transaction: &Connection,
    writer: &mut PollWriter,
    plan: &PollPlan,
) -> Result<Applied, rusqlite::Error> {
    let mut applied = Applied::default();
    for rekeyed in &plan.rekeyed {
        transaction
            .prepare_cached("UPDATE OR IGNORE entry SET key = ?3 WHERE feed_id = ?1 AND key = ?2")?
            .execute(params![plan.state.id, rekeyed.old.0, rekeyed.new.0])?;
    }
    for planned in &plan.entries {
        apply_entry(transaction, plan, planned, &mut applied)?;
    }
    apply_shown(transaction, plan)?;
    writer.state(plan)?;
    crash::point("store.poll.state");
    Ok(applied)
}

fn apply_entry(
    transaction: &Connection,
    plan: &PollPlan,
    planned: &PlannedEntry,
    applied: &mut Applied,
) -> Result<(), rusqlite::Error> {
    let id = match insert_entry(transaction, plan, planned)? {
        Some(id) => {
            applied.new_entries += 1;
            id
        }
        None => match update_entry(transaction, plan, planned)? {
            Some(id) => {
                applied.edited_entries += usize::from(!planned.late_page);
                id
            }
            None => return Ok(()),
        },
    };
    crash::point("store.poll.entry");
    learn(transaction, plan.state.id, plan.at, &planned.aliases)?;
    for fact in &planned.facts {
        apply_fact(transaction, plan.at, id, planned, fact, applied)?;
    }
    Ok(())
}

/// Which of an entry's texts a column names.
pub(super) fn text_source(row: &Row, column: usize) -> Result<TextSource, rusqlite::Error> {
    Ok(match row.get_ref(column)?.as_str()? {
        "page" => TextSource::Page,
        _ => TextSource::Feed,
    })
}

fn source(planned: &PlannedEntry) -> &'static str {
    match planned.text_source {
        TextSource::Feed => "feed",
        TextSource::Page => "page",
    }
}

/// Writes an entry under a new key and gives its number; nothing where the key is known. Most entries
/// that come here are new, and a plain insert is the cheapest way to find out.
fn insert_entry(
    transaction: &Connection,
    plan: &PollPlan,
    planned: &PlannedEntry,
) -> Result<Option<i64>, rusqlite::Error> {
    let entry = &planned.entry;
    let retry = planned.page_retry;
    let inserted = transaction
        .prepare_cached(
            "INSERT INTO entry (feed_id, key, version, link, title, author, published, first_seen, html, text_source, news, page_due, page_tries, fingerprint)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (feed_id, key) DO NOTHING",
        )?
        .execute(params![
            plan.state.id,
            entry.key.0,
            entry.version,
            entry.link,
            entry.title,
            entry.author,
            entry.published.map(seconds),
            seconds(plan.at),
            planned.html,
            source(planned),
            planned.report,
            retry.and_then(|r| r.due).map(seconds),
            retry.map_or(0, |r| r.tries),
            planned.fingerprint
        ])?;
    Ok((inserted > 0).then(|| transaction.last_insert_rowid()))
}

/// Writes another version of a known entry, or its page, and gives its number; nothing where the
/// version is known.
fn update_entry(
    transaction: &Connection,
    plan: &PollPlan,
    planned: &PlannedEntry,
) -> Result<Option<i64>, rusqlite::Error> {
    let entry = &planned.entry;
    let (id, version): (i64, String) = transaction
        .prepare_cached("SELECT id, version FROM entry WHERE feed_id = ?1 AND key = ?2")?
        .query_row(params![plan.state.id, entry.key.0], |r| Ok((r.get(0)?, r.get(1)?)))?;
    if version == entry.version && !planned.late_page {
        return Ok(None);
    }
    let retry = planned.page_retry;
    transaction
        .prepare_cached(
            "UPDATE entry SET version = ?2, link = ?3, title = ?4, author = ?5, published = ?6, html = ?7, text_source = ?8,
               page_due = ?9, page_tries = ?10, fingerprint = ?11
             WHERE id = ?1",
        )?
        .execute(params![
            id,
            entry.version,
            entry.link,
            entry.title,
            entry.author,
            entry.published.map(seconds),
            planned.html,
            source(planned),
            retry.and_then(|r| r.due).map(seconds),
            retry.map_or(0, |r| r.tries),
            planned.fingerprint
        ])?;
    Ok(Some(id))
}

/// Reconciles one fact inside the transaction, so that two entries of one poll that tell it meet.
fn apply_fact(
    transaction: &Connection,
    at: DateTime<Utc>,
    entry: i64,
    planned: &PlannedEntry,
    fact: &Fact,
    applied: &mut Applied,
) -> Result<(), rusqlite::Error> {
    let aliases = aliases_of(transaction, entry, planned, fact)?;
    let known = known_facts(transaction, entry, planned, fact, at, &aliases)?;
    let told_here: Vec<i64> = transaction
        .prepare_cached("SELECT fact_id FROM sighting WHERE entry_id = ?1")?
        .query_map([entry], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    let told = |id: FactId| told_here.contains(&id.0);
    for mut found in ledger::reconcile(&known, std::slice::from_ref(fact), at, &aliases, told) {
        if found.kind == ChangeKind::New && !told_here.is_empty() {
            let gone = told_by(transaction, entry, |words| !planned.words.contains(words))?;
            if let Some(was) = ledger::corrected(&gone, fact, &planned.facts, &aliases) {
                found.kind = ChangeKind::Amended;
                found.known = Some(head(transaction, was.id)?);
            }
        }
        let id = match (found.kind, found.known) {
            (ChangeKind::Restated, Some(head)) => head.id.0,
            (kind, head) => {
                let id = insert_fact(transaction, at, &found.fact, head.map(|h| h.id.0))?;
                crash::point("store.poll.fact");
                applied.new_facts += 1;
                let was = head.map(|h| h.confidence).filter(|_| kind == ChangeKind::Strengthened);
                if planned.report {
                    let word = if kind == ChangeKind::Amended { "amended" } else { "new" };
                    insert_change(transaction, id, word, at, was)?;
                    applied.changes += 1;
                    crash::point("store.poll.change");
                }
                id
            }
        };
        insert_sighting(transaction, id, entry, at, fact)?;
    }
    Ok(())
}

/// Remembers what a text says that short names stand for.
fn learn(
    transaction: &Connection,
    feed: i64,
    at: DateTime<Utc>,
    aliases: &[Alias],
) -> Result<(), rusqlite::Error> {
    for alias in aliases.iter().filter(|a| a.learnt) {
        transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO alias (short, name, feed_id, seen) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![alias.short, alias.name, feed, seconds(at)])?;
    }
    Ok(())
}

/// The aliases of a fact's names: those that its own text and the lexicons give, and those that the
/// ledger remembers. Of a short name that texts give several meanings its own feed's counts, or none.
pub(super) fn aliases_of(
    transaction: &Connection,
    entry: i64,
    planned: &PlannedEntry,
    fact: &Fact,
) -> Result<Aliases, rusqlite::Error> {
    let mut learnt: Vec<Alias> = Vec::new();
    let (subject, body) = (fold_name(&fact.subject), fold_name(&fact.body));
    // Of most names nothing was learnt, and to see that takes no table of SQLite's own.
    let knows_any = "SELECT EXISTS (SELECT 1 FROM alias WHERE short = ?1) OR EXISTS (SELECT 1 FROM alias WHERE short = ?2)
                         OR EXISTS (SELECT 1 FROM alias WHERE name = ?1) OR EXISTS (SELECT 1 FROM alias WHERE name = ?2)";
    if !transaction.prepare_cached(knows_any)?.query_row([&subject, &body], |row| row.get(0))? {
        return Ok(Aliases::of(planned.aliases.iter()));
    }
    let mut statement = transaction.prepare_cached(
        "WITH mine (short) AS (VALUES (?1), (?2) UNION SELECT short FROM alias WHERE name IN (?1, ?2))
         SELECT short, name, max(feed_id = (SELECT feed_id FROM entry WHERE id = ?3)) FROM alias JOIN mine USING (short)
         GROUP BY short, name ORDER BY short, name",
    )?;
    let rows = statement.query_map(params![subject, body, entry], |row| {
        Ok((Alias::learnt(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?), row.get(2)?))
    })?;
    let rows: Vec<(Alias, bool)> = rows.collect::<Result<_, _>>()?;
    for of_one in rows.chunk_by(|(a, _), (b, _)| a.short == b.short) {
        let own = of_one.iter().filter(|(_, own)| *own);
        match (own.clone().count(), of_one) {
            (0, [(only, _)]) => learnt.push(only.clone()),
            (1, _) => learnt.extend(own.map(|(alias, _)| alias.clone())),
            _ => {}
        }
    }
    Ok(Aliases::of(learnt.iter().chain(&planned.aliases)))
}

/// What the ledger knows of the subject of a fact: of its body, or from words that stand in the entry
/// as well, or from another entry's text that it is a copy of. The subject may stand there under another
/// name: then it is looked for in its body.
pub(super) fn known_facts(
    transaction: &Connection,
    entry: i64,
    planned: &PlannedEntry,
    fact: &Fact,
    at: DateTime<Utc>,
    aliases: &Aliases,
) -> Result<Vec<KnownFact>, rusqlite::Error> {
    let key = ledger::key(fact);
    let mut others = under_other_names(transaction, fact, at, aliases)?;
    let copied = told_in_copies(transaction, entry, planned, fact)?;
    others.extend(copied.iter().filter(|(_, text)| **text == SameText::OwnWord).map(|(id, _)| id));
    if others.is_empty() && !is_subject(transaction, &key)? {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {FACT_COLUMNS}, quote_key <> '' AND instr(?3, quote_key) > 0
         FROM (SELECT * FROM (SELECT * FROM fact WHERE key_subject = ?1 AND polarity = ?2 ORDER BY id DESC LIMIT {KNOWN_MAX})
               UNION SELECT * FROM fact WHERE id IN (SELECT value FROM json_each(?4))) AS fact
         ORDER BY id"
    );
    let parameters = params![
        key.subject,
        polarity(&key),
        planned.words,
        serde_json::to_string(&others).expect("numbers are plain data"),
    ];
    let rows: Vec<(FactRow, bool)> = transaction
        .prepare_cached(&sql)?
        .query_map(parameters, |row| Ok((read_fact(row)?, row.get(11)?)))?
        .collect::<Result<_, _>>()?;
    rows.into_iter()
        .map(|(row, same_words)| {
            let otherwise = if same_words { SameText::Words } else { SameText::No };
            let same_text = copied.get(&row.0.0).copied().unwrap_or(otherwise);
            (row, same_text)
        })
        .filter(|((_, known, ..), same_text)| ledger::may_be_one(known, fact, *same_text, aliases))
        .map(|((id, fact, first_seen, _), same_text)| {
            let head = head(transaction, id)?;
            Ok(KnownFact { id, fact, first_seen, same_text, head })
        })
        .collect()
}

/// Whether the ledger knows anything of a subject: of most new ones it does not.
fn is_subject(transaction: &Connection, key: &FactKey) -> Result<bool, rusqlite::Error> {
    transaction
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM fact WHERE key_subject = ?1)")?
        .query_row([&key.subject], |row| row.get(0))
}

/// What entries tell that this one is a copy of; of their publishers, where it tells the fact of its own.
fn told_in_copies(
    transaction: &Connection,
    entry: i64,
    planned: &PlannedEntry,
    fact: &Fact,
) -> Result<HashMap<i64, SameText>, rusqlite::Error> {
    let mut statement = transaction.prepare_cached(
        "SELECT fact.id, fact.subject, feed.publisher, own.publisher
         FROM entry JOIN sighting ON entry_id = entry.id JOIN fact ON fact.id = fact_id JOIN feed ON feed.id = feed_id,
              (SELECT publisher FROM feed WHERE id = (SELECT feed_id FROM entry WHERE id = ?2)) AS own
         WHERE fingerprint = ?1 AND entry.id <> ?2",
    )?;
    let mut rows = statement.query(params![planned.fingerprint, entry])?;
    let mut found = HashMap::new();
    while let Some(row) = rows.next()? {
        let theirs =
            Speaker { subject: row.get_ref(1)?.as_str()?, publisher: row.get_ref(2)?.as_str()? };
        let own = Speaker { subject: &fact.subject, publisher: row.get_ref(3)?.as_str()? };
        let copied_word = own.publisher != theirs.publisher
            && ledger::is_copied_word(&theirs, &own, &planned.words);
        let told = found.entry(row.get(0)?).or_insert(SameText::Copy);
        if copied_word {
            *told = SameText::OwnWord;
        }
    }
    Ok(found)
}

/// The facts of a body of whose subjects one may be a fact's under another name.
fn under_other_names(
    transaction: &Connection,
    fact: &Fact,
    at: DateTime<Utc>,
    aliases: &Aliases,
) -> Result<Vec<i64>, rusqlite::Error> {
    let key = ledger::key(fact);
    let mut found = Vec::new();
    for body in ledger::body_forms(fact, aliases) {
        let is_beginning: bool = transaction
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM fact WHERE key_body > ?1 || ' ' AND key_body < ?1 || '!')")?
            .query_row([&body], |row| row.get(0))?;
        // The body itself, and those whose names begin with it, where there are any.
        let sql = if is_beginning {
            "SELECT id, subject FROM fact WHERE key_body = ?1 AND kind = ?2 AND polarity = ?3 AND first_seen BETWEEN ?4 AND ?5 AND key_subject <> ?6
             UNION ALL
             SELECT id, subject FROM fact WHERE key_body > ?1 || ' ' AND key_body < ?1 || '!' AND kind = ?2 AND polarity = ?3 AND first_seen BETWEEN ?4 AND ?5
             ORDER BY id DESC LIMIT ?7"
        } else {
            "SELECT id, subject FROM fact WHERE key_body = ?1 AND kind = ?2 AND polarity = ?3 AND first_seen BETWEEN ?4 AND ?5 AND key_subject <> ?6
             ORDER BY first_seen DESC, id DESC LIMIT ?7"
        };
        let (from, until) = (at - ledger::SAME_FACT_WITHIN, at + ledger::SAME_FACT_WITHIN);
        let mut statement = transaction.prepare_cached(sql)?;
        let mut rows = statement.query(params![
            body,
            key.kind.as_str(),
            polarity(&key),
            seconds(from),
            seconds(until),
            key.subject,
            KNOWN_MAX
        ])?;
        while let Some(row) = rows.next()? {
            if ledger::may_be_subject(fact, row.get_ref(1)?.as_str()?, aliases) {
                found.push(row.get(0)?);
            }
        }
    }
    found.truncate(usize::from(KNOWN_MAX));
    Ok(found)
}

/// A new fact is held against so many of the newest facts of its subject.
const KNOWN_MAX: u16 = 500;

/// Facts are amended, strengthened and merged so often at most; more is a circle.
const FORMS_MAX: usize = 64;

/// What a fact is known as now.
pub(super) fn head(transaction: &Connection, id: FactId) -> Result<Head, rusqlite::Error> {
    let mut at = id.0;
    for _ in 0..FORMS_MAX {
        let next: Option<i64> = transaction
            .prepare_cached(
                "SELECT coalesce((SELECT merged_into FROM fact WHERE id = ?1), (SELECT max(id) FROM fact WHERE amends = ?1))",
            )?
            .query_row([at], |row| row.get(0))?;
        match next {
            Some(next) if next != at => at = next,
            _ => break,
        }
    }
    transaction
        .prepare_cached("SELECT confidence, verdict IS NOT NULL FROM fact WHERE id = ?1")?
        .query_row([at], |row| {
            Ok(Head { id: FactId(at), confidence: row.get(0)?, decided: row.get(1)? })
        })
}

fn polarity(key: &FactKey) -> &'static str {
    match key.polarity {
        Polarity::In => "in",
        Polarity::Out => "out",
    }
}

pub(super) fn insert_change(
    transaction: &Connection,
    fact: i64,
    word: &str,
    at: DateTime<Utc>,
    was: Option<f64>,
) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached("INSERT INTO change (fact_id, kind, at, was) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![fact, word, seconds(at), was])
        .map(drop)
}

pub(super) fn insert_sighting(
    transaction: &Connection,
    fact_id: i64,
    entry: i64,
    at: DateTime<Utc>,
    fact: &Fact,
) -> Result<(), rusqlite::Error> {
    let detail = serde_json::to_string(&fact.detail).expect("a detail is plain data");
    transaction
        .prepare_cached(
            "INSERT INTO sighting (fact_id, entry_id, seen, detail, effective, quote) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (fact_id, entry_id) DO UPDATE SET detail = excluded.detail, effective = excluded.effective, quote = excluded.quote",
        )?
        .execute(params![fact_id, entry, seconds(at), detail, fact.effective, fact.evidence.quote])
        .map(drop)
}

/// Writes a fact. One that takes the place of another keeps its age and its sources.
pub(super) fn insert_fact(
    transaction: &Connection,
    at: DateTime<Utc>,
    fact: &Fact,
    amends: Option<i64>,
) -> Result<i64, rusqlite::Error> {
    let detail = serde_json::to_string(&fact.detail).expect("a detail is plain data");
    let marks = serde_json::to_string(&fact.evidence.marks).expect("marks are plain data");
    let key = ledger::key(fact);
    let id = transaction
        .prepare_cached(
            "INSERT INTO fact (kind, action, subject, body, detail, effective, quote, marks, rule, confidence, polarity, key_subject, key_body, key_position, quote_key, amends, first_seen)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, coalesce((SELECT first_seen FROM fact WHERE id = ?16), ?17))",
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
            polarity(&key),
            key.subject,
            key.body,
            key.position,
            ledger::quote_key(fact),
            amends,
            seconds(at),
        ])?;
    if let Some(before) = amends {
        transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO sighting (fact_id, entry_id, seen, detail, effective, quote) SELECT ?1, entry_id, seen, detail, effective, quote FROM sighting WHERE fact_id = ?2 ORDER BY id",
            )?
            .execute([id, before])?;
    }
    Ok(id)
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
