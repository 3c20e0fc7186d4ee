//! `gazetted facts`: the ledger.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::output::{print, table};
use super::{Failure, Shell};
use crate::daemon::Clock;
use crate::model::{Detail, Fact, FactId, Kind, Sighting, TextSource, fold_name};
use crate::store::{CorrectionError, FactFilter, StoredFact};

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    correction: Option<Correction>,
    /// Also what was rejected, or is known in another form now
    #[arg(long)]
    all: bool,
    /// Only this kind
    #[arg(long, value_enum)]
    kind: Option<KindArgument>,
    /// Only this body
    #[arg(long)]
    body: Option<String>,
    /// Only this organisation, person or project
    #[arg(long)]
    subject: Option<String>,
    /// Only what this feed told
    #[arg(long)]
    feed: Option<String>,
    /// Only what was first seen on or after this day
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<NaiveDate>,
    /// One JSON object a line
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values
    #[arg(long)]
    csv: bool,
}

const EXAMPLES: &str = "Examples:
  gazetted facts --body \"Open Lattice Foundation\" --since 2026-01-01
  gazetted facts reject 17 --note \"a candidate, not elected\"
  gazetted facts edit 17 --tier Gold
  gazetted facts merge 18 17";

/// What a person decides about a fact; it stays when the same news comes again.
#[derive(clap::Subcommand)]
enum Correction {
    /// It is no fact: no digest and no roster has it
    Reject {
        /// Its number
        id: i64,
        /// Why, for the record
        #[arg(long, default_value = "")]
        note: String,
    },
    /// It is right, however weak its words
    Confirm {
        /// Its number
        id: i64,
    },
    /// It is right but for a detail; the next digest corrects it
    Edit {
        /// Its number
        id: i64,
        #[command(flatten)]
        slots: Slots,
    },
    /// It is another fact in other words
    Merge {
        /// Its number
        id: i64,
        /// The other's
        into: i64,
    },
    /// What one feed told of it is another fact
    Split {
        /// Its number
        id: i64,
        /// The feed
        #[arg(long)]
        feed: String,
        #[command(flatten)]
        slots: Slots,
    },
}

/// The details of a fact that a person may set; an empty text takes one away.
#[derive(clap::Args)]
struct Slots {
    /// Who
    #[arg(long)]
    subject: Option<String>,
    /// Of what
    #[arg(long)]
    body: Option<String>,
    /// The tier of a membership
    #[arg(long)]
    tier: Option<String>,
    /// The board, committee or team of an appointment
    #[arg(long)]
    unit: Option<String>,
    /// The role of an appointment
    #[arg(long)]
    role: Option<String>,
    /// The employer of who is appointed
    #[arg(long)]
    affiliation: Option<String>,
    /// The date of effect
    #[arg(long, value_name = "YYYY[-MM[-DD]]")]
    effective: Option<String>,
}

impl Slots {
    fn apply(self, mut fact: Fact) -> Fact {
        let set = |slot: &mut Option<String>, value: Option<String>| {
            if let Some(value) = value {
                *slot = Some(value).filter(|v| !v.is_empty());
            }
        };
        fact.subject = self.subject.filter(|s| !s.is_empty()).unwrap_or(fact.subject);
        fact.body = self.body.filter(|b| !b.is_empty()).unwrap_or(fact.body);
        set(&mut fact.effective, self.effective);
        match &mut fact.detail {
            Detail::Membership(membership) => set(&mut membership.tier, self.tier),
            Detail::Appointment(appointment) => {
                set(&mut appointment.unit, self.unit);
                set(&mut appointment.role, self.role);
                set(&mut appointment.affiliation, self.affiliation);
            }
            Detail::Hosting(_) => {}
        }
        fact
    }
}

fn correct(shell: &Shell, correction: &mut Option<Correction>) -> Result<(), Failure> {
    let Some(correction) = correction.take() else { return Ok(()) };
    let mut store = shell.corrector()?;
    let now = Clock::System.now();
    let said = match correction {
        Correction::Reject { id, note } => {
            store.reject(FactId(id), &note)?;
            format!("fact {id} is rejected")
        }
        Correction::Confirm { id } => {
            let new = store.confirm(FactId(id), now)?;
            format!("fact {id} is confirmed, as fact {}", new.0)
        }
        Correction::Edit { id, slots } => {
            let new = store.edit(FactId(id), |fact| slots.apply(fact), now)?;
            format!("fact {id} is corrected, as fact {}", new.0)
        }
        Correction::Merge { id, into } => {
            store.merge_facts(FactId(id), FactId(into))?;
            format!("fact {id} is fact {into} from now on")
        }
        Correction::Split { id, feed, slots } => {
            let new = store.split_fact(FactId(id), &feed, |fact| slots.apply(fact), now)?;
            format!("what \"{feed}\" told of fact {id} is fact {} from now on", new.0)
        }
    };
    shell.say(&said);
    Ok(())
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum KindArgument {
    Membership,
    Appointment,
    Hosting,
}

const COLUMNS: [&str; 15] = [
    "first_seen",
    "kind",
    "action",
    "subject",
    "body",
    "tier",
    "unit",
    "role",
    "affiliation",
    "effective",
    "confidence",
    "source",
    "url",
    "evidence",
    "text",
];

pub fn run(shell: &Shell, mut arguments: Arguments) -> Result<(), Failure> {
    if arguments.correction.is_some() {
        return correct(shell, &mut arguments.correction);
    }
    let filter = FactFilter {
        kind: arguments.kind.map(|k| match k {
            KindArgument::Membership => Kind::Membership,
            KindArgument::Appointment => Kind::Appointment,
            KindArgument::Hosting => Kind::Hosting,
        }),
        body: arguments.body.as_deref().map(fold_name),
        subject: arguments.subject.as_deref().map(fold_name),
        feed: arguments.feed.clone(),
        all: arguments.all,
        since: arguments.since.and_then(|d| d.and_hms_opt(0, 0, 0)).map(|d| d.and_utc()),
    };
    let facts = shell.reader()?.facts(&filter)?;
    let text = if arguments.json {
        facts.iter().map(|f| json(f) + "\n").collect()
    } else if arguments.csv {
        csv(&facts)?
    } else if facts.is_empty() {
        shell.say("no facts");
        String::new()
    } else {
        table(&rows(&facts))
    };
    Ok(print(&text)?)
}

impl From<CorrectionError> for Failure {
    fn from(error: CorrectionError) -> Failure {
        match error {
            CorrectionError::Store(error) => error.into(),
            other => Failure::Failed(other.to_string()),
        }
    }
}

fn cells(fact: &StoredFact) -> [String; 15] {
    let own = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let first = fact.sources.first();
    let f = &fact.fact;
    [
        day(fact.first_seen),
        f.kind().as_str().to_owned(),
        f.action().to_owned(),
        f.subject.clone(),
        f.body.clone(),
        own(f.tier()),
        own(f.unit()),
        own(f.role()),
        own(f.affiliation()),
        own(f.effective.as_deref()),
        format!("{:.2}", f.confidence),
        own(first.map(|s| s.feed.as_str())),
        own(first.and_then(|s| s.link.as_deref())),
        f.evidence.quote.clone(),
        own(first.map(|s| text_word(s.text))),
    ]
}

fn json(fact: &StoredFact) -> String {
    let sources: Vec<serde_json::Value> = fact
        .sources
        .iter()
        .map(|s| serde_json::json!({"feed": s.feed, "publisher": s.publisher, "title": s.title, "url": s.link, "text": text_word(s.text), "published": s.published, "seen": s.seen}))
        .collect();
    let line = Line {
        id: fact.id.0,
        first_seen: fact.first_seen,
        said: Said::of(&fact.fact),
        amends: fact.amends.map(|a| a.0),
        sources,
    };
    serde_json::json!(line).to_string()
}

/// A fact with what the ledger knows of it, as JSON.
#[derive(Serialize)]
struct Line<'a> {
    id: i64,
    first_seen: DateTime<Utc>,
    #[serde(flatten)]
    said: Said<'a>,
    amends: Option<i64>,
    sources: Vec<serde_json::Value>,
}

/// What a fact says, as JSON.
#[derive(Serialize)]
pub(super) struct Said<'a> {
    kind: &'static str,
    action: &'static str,
    subject: &'a str,
    body: &'a str,
    tier: Option<&'a str>,
    unit: Option<&'a str>,
    role: Option<&'a str>,
    affiliation: Option<&'a str>,
    effective: Option<&'a str>,
    confidence: f64,
    rule: &'a str,
    evidence: &'a str,
}

impl Said<'_> {
    pub(super) fn of(fact: &Fact) -> Said<'_> {
        Said {
            kind: fact.kind().as_str(),
            action: fact.action(),
            subject: &fact.subject,
            body: &fact.body,
            tier: fact.tier(),
            unit: fact.unit(),
            role: fact.role(),
            affiliation: fact.affiliation(),
            effective: fact.effective.as_deref(),
            confidence: fact.confidence,
            rule: &fact.evidence.rule,
            evidence: &fact.evidence.quote,
        }
    }
}

fn csv(facts: &[StoredFact]) -> Result<String, Failure> {
    let failed = |e: csv::Error| Failure::Failed(format!("writing CSV: {e}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(failed)?;
    for fact in facts {
        writer.write_record(cells(fact)).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|e| Failure::Failed(format!("writing CSV: {e}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn rows(facts: &[StoredFact]) -> Vec<Vec<String>> {
    let head = ["ID", "SEEN", "ACTION", "SUBJECT", "BODY", "AS", "CONFIDENCE", "SOURCE"]
        .map(str::to_owned)
        .to_vec();
    let row = |fact: &StoredFact| {
        let f = &fact.fact;
        let position =
            [f.tier(), f.role(), f.unit()].into_iter().flatten().collect::<Vec<_>>().join(", ");
        vec![
            fact.id.0.to_string(),
            day(fact.first_seen),
            f.action().to_owned(),
            f.subject.clone(),
            f.body.clone(),
            position,
            format!("{:.2}", f.confidence),
            fact.sources.first().map(source).unwrap_or_default(),
        ]
    };
    std::iter::once(head).chain(facts.iter().map(row)).collect()
}

/// The feed's name, and that the proof stands on the page where the feed has only a summary.
fn source(sighting: &Sighting) -> String {
    match sighting.text {
        TextSource::Feed => sighting.feed.clone(),
        TextSource::Page => format!("{} (read from the page)", sighting.feed),
    }
}

fn text_word(text: TextSource) -> &'static str {
    match text {
        TextSource::Feed => "feed",
        TextSource::Page => "page",
    }
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}
