//! `gazetted facts`: the ledger.

use chrono::{DateTime, NaiveDate, Utc};

use super::output::{print, table};
use super::{Failure, Shell};
use crate::model::{Kind, fold_name};
use crate::store::{FactFilter, StoredFact};

#[derive(clap::Args)]
pub struct Arguments {
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

#[derive(Clone, Copy, clap::ValueEnum)]
enum KindArgument {
    Membership,
    Appointment,
    Hosting,
}

const COLUMNS: [&str; 14] = [
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
];

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let filter = FactFilter {
        kind: arguments.kind.map(|k| match k {
            KindArgument::Membership => Kind::Membership,
            KindArgument::Appointment => Kind::Appointment,
            KindArgument::Hosting => Kind::Hosting,
        }),
        body: arguments.body.as_deref().map(fold_name),
        subject: arguments.subject.as_deref().map(fold_name),
        feed: arguments.feed.clone(),
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

fn cells(fact: &StoredFact) -> [String; 14] {
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
    ]
}

fn json(fact: &StoredFact) -> String {
    let sources: Vec<serde_json::Value> = fact
        .sources
        .iter()
        .map(|s| serde_json::json!({"feed": s.feed, "publisher": s.publisher, "title": s.title, "url": s.link, "published": s.published, "seen": s.seen}))
        .collect();
    let f = &fact.fact;
    serde_json::json!({
        "id": fact.id.0, "first_seen": fact.first_seen, "kind": f.kind().as_str(), "action": f.action(), "subject": f.subject, "body": f.body, "tier": f.tier(), "unit": f.unit(), "role": f.role(),
        "affiliation": f.affiliation(), "effective": f.effective, "confidence": f.confidence, "rule": f.evidence.rule, "evidence": f.evidence.quote, "amends": fact.amends.map(|a| a.0), "sources": sources,
    })
    .to_string()
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
    let head = ["SEEN", "ACTION", "SUBJECT", "BODY", "AS", "CONFIDENCE", "SOURCE"]
        .map(str::to_owned)
        .to_vec();
    let row = |fact: &StoredFact| {
        let f = &fact.fact;
        let position =
            [f.tier(), f.role(), f.unit()].into_iter().flatten().collect::<Vec<_>>().join(", ");
        vec![
            day(fact.first_seen),
            f.action().to_owned(),
            f.subject.clone(),
            f.body.clone(),
            position,
            format!("{:.2}", f.confidence),
            fact.sources.first().map(|s| s.feed.clone()).unwrap_or_default(),
        ]
    };
    std::iter::once(head).chain(facts.iter().map(row)).collect()
}

fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}
