//! `gazetted history`: what was announced of a person, an organisation or a body, over time.

use serde_json::json;

use super::output::{print, table};
use super::roster::{position, stay_json, told, told_json};
use super::{Failure, Shell};
use crate::daemon::Clock;
use crate::detect::{DEFAULT_MIN_CONFIDENCE, Names};
use crate::roster::{Basis, Told, history, stays};

#[derive(clap::Args)]
pub struct Arguments {
    /// A person, organisation, project or body, by any of its names
    subject: String,
    /// Leave out facts below this confidence
    #[arg(long, value_name = "0..1", default_value_t = DEFAULT_MIN_CONFIDENCE)]
    min_confidence: f64,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let names = Names::with(&shell.words(&[])?);
    let forms = names.forms(&arguments.subject);
    let facts = told(shell.reader()?.facts_about(&forms, arguments.min_confidence)?);
    let found = history(&facts);
    if arguments.json {
        let today = Clock::System.now().date_naive();
        let periods: Vec<_> =
            stays(&facts, today, &names).iter().map(|stay| stay_json(stay, None)).collect();
        let all = json!({
            "version": 1, "subject": arguments.subject, "names": forms,
            "facts": found.iter().map(|t| told_json(t)).collect::<Vec<_>>(), "periods": periods,
        });
        return Ok(print(&format!("{all}\n"))?);
    }
    if found.is_empty() {
        shell.say(&format!("no facts about {}", arguments.subject));
        return Ok(());
    }
    let head =
        ["DATE", "", "ACTION", "SUBJECT", "BODY", "AS", "SOURCE"].map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(head).chain(found.iter().map(|t| row(t))).collect();
    Ok(print(&table(&rows))?)
}

fn row(told: &Told) -> Vec<String> {
    let when = told.when();
    let basis = match when.basis {
        Basis::Effective => "",
        Basis::Published => "announced",
        Basis::Seen => "first seen",
    };
    let fact = &told.fact;
    let subject = match fact.affiliation() {
        Some(affiliation) => format!("{} ({affiliation})", fact.subject),
        None => fact.subject.clone(),
    };
    let link = told.source.as_ref().map(|s| s.link.clone().unwrap_or_else(|| s.feed.clone()));
    vec![
        when.text,
        basis.to_owned(),
        fact.action().to_owned(),
        subject,
        fact.body.clone(),
        position(told),
        link.unwrap_or_default(),
    ]
}
