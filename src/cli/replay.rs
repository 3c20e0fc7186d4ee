//! `gazetted replay`: today's detection over the stored texts.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use twox_hash::XxHash3_64;

use super::facts::Said;
use super::output::print;
use super::{Failure, Shell};
use crate::daemon::Clock;
use crate::detect::{DEFAULT_MIN_CONFIDENCE, Grammar};
use crate::ledger::{Difference, key, same_news};
use crate::model::{Fact, FactId, FactKey, Kind, fold};
use crate::poll::read_again;
use crate::store::{Revision, Store, StoredEntry};
use crate::text::plain_text;

/// Texts that are in memory at once: the largest have some megabytes.
const TEXTS_AT_ONCE: u32 = 8;
/// More proposals are no list that somebody reads; what is taken over is not proposed again.
const PROPOSALS_MAX: usize = 10_000;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Only texts that were first seen on or after this day
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<NaiveDate>,
    /// Take over what is proposed, or only these proposals: what is new or corrected goes into the next
    /// digests
    #[arg(long, value_name = "ID", num_args = 0..)]
    confirm: Option<Vec<String>>,
    /// Never propose these again: what was found there is none, and what the ledger has stays
    #[arg(long, value_name = "ID", num_args = 1.., conflicts_with = "confirm")]
    reject: Vec<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Nothing is stored without --confirm or --reject.

Examples:
  gazetted replay --since 2026-01-01
  gazetted replay --confirm 3f2a9c1d 77e01b4a
  gazetted replay --reject 3f2a9c1d
  gazetted replay --confirm";

/// How a proposal differs from the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    New,
    Changed,
    Stronger,
    Gone,
}

impl Change {
    fn word(self) -> &'static str {
        match self {
            Change::New => "new",
            Change::Changed => "changed",
            Change::Stronger => "stronger",
            Change::Gone => "gone",
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Change::New => "NEW",
            Change::Changed => "READ OTHERWISE",
            Change::Stronger => "WAS TOO WEAK TO BE TOLD",
            Change::Gone => "NO LONGER FOUND",
        }
    }
}

/// One difference that a person may take over.
struct Proposal {
    change: Change,
    /// The fact as it would be known; for one that is gone, as it is known.
    fact: Fact,
    /// What it is known as.
    known: Option<(FactId, Fact)>,
    /// The entries that tell it, the first one's feed, title and address.
    entries: Vec<i64>,
    feed: String,
    title: String,
    link: Option<String>,
}

impl Proposal {
    /// A name that stays for as long as the proposal is the same.
    fn id(&self) -> String {
        let known = self.known.as_ref().map(|(id, _)| id.0);
        let said = json!([self.change.word(), self.entries.first(), known, self.fact]).to_string();
        // Half of it: a person types it, and who names one that is not there is told so.
        format!("{:08x}", XxHash3_64::oneshot(said.as_bytes()) >> 32)
    }

    fn confirmed(&self) -> (Revision, Vec<i64>) {
        let revision = match (&self.known, self.change) {
            (Some((id, _)), Change::Gone) => Revision::Remove(*id),
            (Some((id, _)), change) => {
                Revision::Replace(*id, self.fact.clone(), change == Change::Changed)
            }
            (None, _) => Revision::Add(self.fact.clone()),
        };
        (revision, self.entries.clone())
    }

    fn rejected(&self) -> (Revision, Vec<i64>) {
        let revision = match &self.known {
            Some((id, _)) => Revision::Keep(*id),
            None => Revision::Refuse(self.fact.clone()),
        };
        (revision, self.entries.clone())
    }

    fn json(&self) -> Value {
        let known =
            self.known.as_ref().map(|(id, fact)| json!({"id": id.0, "fact": Said::of(fact)}));
        json!({
            "id": self.id(), "change": self.change.word(), "fact": Said::of(&self.fact), "known": known,
            "feed": self.feed, "title": self.title, "url": self.link, "texts": self.entries.len(),
        })
    }
}

/// What reading everything again gave.
#[derive(Default)]
struct Collected {
    proposals: Vec<Proposal>,
    /// Where new facts stand among the proposals, by their key without the details.
    new: HashMap<(Kind, String), Vec<usize>>,
    found: HashSet<FactId>,
    missing: HashMap<FactId, Source>,
    texts: u64,
    left_out: u64,
}

/// A text as a proposal shows it.
struct Source {
    entry: i64,
    feed: String,
    title: String,
    link: Option<String>,
}

impl Source {
    fn of(stored: &StoredEntry, title: &str, link: Option<&str>) -> Source {
        let (feed, title) = (stored.feed.clone(), title.to_owned());
        Source { entry: stored.id, feed, title, link: link.map(str::to_owned) }
    }
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let since = arguments.since.and_then(|day| day.and_hms_opt(0, 0, 0)).map(|at| at.and_utc());
    let deciding = arguments.confirm.is_some() || !arguments.reject.is_empty();
    let mut store = if deciding { shell.corrector()? } else { shell.reader()? };
    let grammar = Grammar::with(&shell.words(&[])?);
    let collected = collect(&store, &grammar, since)?;
    let texts_gone = store.texts_gone(since)?;
    if deciding {
        return decide(shell, arguments, &mut store, &collected);
    }
    let text = if arguments.json {
        collected.proposals.iter().map(|p| p.json().to_string() + "\n").collect()
    } else {
        listed(&collected.proposals)
    };
    print(&text)?;
    shell.say(&summary(&collected, texts_gone));
    Ok(())
}

/// Reads every stored text again, some at a time.
fn collect(
    store: &Store,
    grammar: &Grammar,
    since: Option<DateTime<Utc>>,
) -> Result<Collected, Failure> {
    let mut all = Collected::default();
    let mut after = 0;
    loop {
        let texts = store.texts_after(after, since, TEXTS_AT_ONCE)?;
        let Some(last) = texts.last() else { break };
        after = last.id;
        for stored in texts {
            all.read(store, grammar, stored)?;
        }
    }
    all.settle_missing(store, since)?;
    all.proposals.sort_by_key(|p| p.change);
    Ok(all)
}

impl Collected {
    fn read(
        &mut self,
        store: &Store,
        grammar: &Grammar,
        mut stored: StoredEntry,
    ) -> Result<(), Failure> {
        self.texts += 1;
        let html = std::mem::take(&mut stored.entry.html);
        let text = format!("{} {}", fold(&stored.entry.title), fold(&plain_text(&html)));
        let entry = stored.entry.clone();
        let planned = read_again(&stored.publisher, entry, html, stored.text_source, grammar);
        let again = store.read_again(&stored, &planned, &text, DEFAULT_MIN_CONFIDENCE)?;
        let (title, link) = (&planned.entry.title, planned.entry.link.as_deref());
        self.found.extend(again.found);
        for id in again.missing {
            self.missing.entry(id).or_insert_with(|| Source::of(&stored, title, link));
        }
        for difference in again.differences {
            let source = Source::of(&stored, title, link);
            match difference {
                Difference::New(fact) => self.propose_new(fact, source),
                Difference::Changed(id, fact) => {
                    self.propose_known(store, Change::Changed, id, fact, source)?;
                }
                Difference::Stronger(id, fact) => {
                    self.propose_known(store, Change::Stronger, id, fact, source)?;
                }
            }
        }
        Ok(())
    }

    /// A new fact, once for all the texts that tell it.
    fn propose_new(&mut self, fact: Fact, source: Source) {
        let FactKey { kind, subject, .. } = key(&fact);
        let place = (kind, subject);
        let told = self.new.get(&place).into_iter().flatten();
        let twin = told.copied().find(|at| same_news(&self.proposals[*at].fact, &fact));
        match twin {
            Some(at) => self.proposals[at].entries.push(source.entry),
            None if self.proposals.len() >= PROPOSALS_MAX => self.left_out += 1,
            None => {
                self.new.entry(place).or_default().push(self.proposals.len());
                self.propose(Change::New, fact, None, source);
            }
        }
    }

    fn propose_known(
        &mut self,
        store: &Store,
        change: Change,
        id: FactId,
        fact: Fact,
        source: Source,
    ) -> Result<(), Failure> {
        let once = self.proposals.iter().all(|p| p.known.as_ref().is_none_or(|(k, _)| *k != id));
        if let Some(before) = store.undecided(id, None)?.filter(|_| once) {
            self.propose(change, fact, Some((id, before)), source);
        }
        Ok(())
    }

    /// What no text tells any more, where all that told it were read.
    fn settle_missing(
        &mut self,
        store: &Store,
        since: Option<DateTime<Utc>>,
    ) -> Result<(), Failure> {
        let mut missing: Vec<_> = std::mem::take(&mut self.missing).into_iter().collect();
        missing.retain(|(id, _)| !self.found.contains(id));
        missing.sort_by_key(|(id, _)| *id);
        for (id, source) in missing {
            if let Some(fact) = store.undecided(id, since)? {
                self.propose(Change::Gone, fact.clone(), Some((id, fact)), source);
            }
        }
        Ok(())
    }

    fn propose(
        &mut self,
        change: Change,
        fact: Fact,
        known: Option<(FactId, Fact)>,
        source: Source,
    ) {
        if self.proposals.len() >= PROPOSALS_MAX {
            self.left_out += 1;
            return;
        }
        let Source { entry, feed, title, link } = source;
        self.proposals.push(Proposal {
            change,
            fact,
            known,
            entries: vec![entry],
            feed,
            title,
            link,
        });
    }
}

/// Takes over, or refuses, what was named.
fn decide(
    shell: &Shell,
    arguments: &Arguments,
    store: &mut Store,
    collected: &Collected,
) -> Result<(), Failure> {
    let named = arguments.confirm.as_ref().unwrap_or(&arguments.reject);
    let chosen = chosen(&collected.proposals, named)?;
    let confirms = arguments.confirm.is_some();
    let revision = |p: &&Proposal| if confirms { p.confirmed() } else { p.rejected() };
    let revisions: Vec<_> = chosen.iter().map(revision).collect();
    store.revise(&revisions, Clock::System.now())?;
    if arguments.json {
        print(&chosen.iter().map(|p| p.json().to_string() + "\n").collect::<String>())?;
    }
    let count = |change| chosen.iter().filter(|p| p.change == change).count();
    if confirms {
        shell.say(&format!(
            "taken over: {} new, {} read otherwise, {} that were too weak; {} are rejected as no longer found; the next digests tell what is new or corrected",
            count(Change::New), count(Change::Changed), count(Change::Stronger), count(Change::Gone)
        ));
    } else {
        shell.say(&format!("{} proposals are never made again", chosen.len()));
    }
    Ok(())
}

/// The proposals of these names, or all of them where none is named.
fn chosen<'a>(all: &'a [Proposal], named: &[String]) -> Result<Vec<&'a Proposal>, Failure> {
    if named.is_empty() {
        return Ok(all.iter().collect());
    }
    let by_id: HashMap<String, &Proposal> = all.iter().map(|p| (p.id(), p)).collect();
    let mut ids: Vec<&String> = named.iter().collect();
    ids.sort();
    ids.dedup();
    let find = |id: &String| {
        by_id.get(id.as_str()).copied().ok_or_else(|| {
            Failure::Failed(format!(
                "there is no proposal {id} any more; `gazetted replay` shows what is proposed now, and nothing was stored"
            ))
        })
    };
    ids.into_iter().map(find).collect()
}

fn listed(proposals: &[Proposal]) -> String {
    let mut out = String::new();
    let mut heading = None;
    // Writing to a String does not fail, here and below.
    for proposal in proposals {
        if heading != Some(proposal.change) {
            let gap = if heading.is_some() { "\n" } else { "" };
            let _ = writeln!(out, "{gap}{}", proposal.change.heading());
            heading = Some(proposal.change);
        }
        let _ = writeln!(out, "  {}  {}", proposal.id(), said(&proposal.fact));
        if let Some((id, before)) =
            proposal.known.as_ref().filter(|_| proposal.change != Change::Gone)
        {
            let _ = writeln!(out, "            known as fact {}: {}", id.0, said(before));
        }
        let _ = writeln!(out, "            “{}”", proposal.fact.evidence.quote);
        let more = match proposal.entries.len() {
            1 => String::new(),
            texts => format!(" and {} more", texts - 1),
        };
        let _ = writeln!(out, "            {}: {}{more}", proposal.feed, proposal.title);
    }
    out
}

fn said(fact: &Fact) -> String {
    let details =
        [fact.tier(), fact.role(), fact.unit(), fact.affiliation(), fact.effective.as_deref()];
    let details: Vec<&str> = details.into_iter().flatten().collect();
    let behind =
        if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
    format!("{} {} {}{behind}", fact.subject, fact.action(), fact.body)
}

fn summary(collected: &Collected, texts_gone: u64) -> String {
    let count = |change| collected.proposals.iter().filter(|p| p.change == change).count();
    let gone = match texts_gone {
        0 => String::new(),
        gone => format!(", {gone} have lost their text to retention"),
    };
    let mut said = format!(
        "{} texts read again{gone}: {} new, {} read otherwise, {} that were too weak, {} no longer found",
        collected.texts,
        count(Change::New),
        count(Change::Changed),
        count(Change::Stronger),
        count(Change::Gone)
    );
    if collected.left_out > 0 {
        let _ = write!(said, "; {} more are proposed when these are decided", collected.left_out);
    }
    if !collected.proposals.is_empty() {
        said.push_str("\nNothing is stored. `gazetted replay --confirm` takes all of it over, `--confirm ID` one; `--reject ID` never proposes it again.");
    }
    said
}
