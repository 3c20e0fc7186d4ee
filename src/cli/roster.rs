//! `gazetted roster`: who is where in a body, since when, and who says so.

use std::fmt::Write;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::output::{print, table};
use super::{Failure, Shell};
use crate::daemon::Clock;
use crate::detect::{DEFAULT_MIN_CONFIDENCE, Names};
use crate::model::Sighting;
use crate::roster::{Basis, Roster, Standing, Stay, Told, When, roster};
use crate::store::StoredFact;

#[derive(clap::Args)]
pub struct Arguments {
    /// The body, by any of its names
    body: String,
    /// On this day [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    at: Option<NaiveDate>,
    /// Leave out facts below this confidence
    #[arg(long, value_name = "0..1", default_value_t = DEFAULT_MIN_CONFIDENCE)]
    min_confidence: f64,
    /// With those who were there before
    #[arg(long)]
    former: bool,
    /// With the sentence that proves each
    #[arg(long)]
    proof: bool,
    /// One JSON object
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Comma-separated values
    #[arg(long)]
    csv: bool,
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let names = Names::with(&shell.words(&[])?);
    let forms = names.forms(&arguments.body);
    let store = shell.reader()?;
    let sure = told(store.facts_of_body(&forms, arguments.min_confidence)?);
    let weak = store.facts_of_body(&forms, 0.0)?.len().saturating_sub(sure.len());
    let at = arguments.at.unwrap_or_else(|| Clock::System.now().date_naive());
    let roster = roster(&arguments.body, &sure, at, &names);
    if arguments.json {
        return Ok(print(&format!("{}\n", as_json(&roster)))?);
    }
    if arguments.csv {
        let stays = current(&roster).map(|(stay, standing)| (stay, Some(*standing)));
        let former = roster.former.iter().filter(|_| arguments.former).map(|stay| (stay, None));
        return Ok(print(&csv(stays.chain(former))?)?);
    }
    if sure.is_empty() {
        shell.say(&format!("no facts about {}", roster.body));
    } else if current(&roster).next().is_none()
        && roster.to_come.is_empty()
        && (roster.former.is_empty() || !arguments.former)
    {
        shell.say(&format!("nobody is known to be in {} on {}", roster.body, roster.at));
    } else {
        print(&text(&roster, arguments))?;
        shell.say("\nWhat is not marked known is assumed: nobody announced its end.");
    }
    if weak > 0 {
        shell.say(&format!(
            "{} facts below confidence {} are left out (--min-confidence)",
            weak, arguments.min_confidence
        ));
    }
    Ok(())
}

/// Facts of the store as rosters take them.
pub fn told(facts: Vec<StoredFact>) -> Vec<Told> {
    let told = |stored: StoredFact| Told {
        id: stored.id,
        fact: stored.fact,
        first_seen: stored.first_seen,
        amends: stored.amends,
        source: stored.sources.into_iter().next(),
    };
    facts.into_iter().map(told).collect()
}

fn current(roster: &Roster) -> impl Iterator<Item = &(Stay, Standing)> {
    roster.members.iter().chain(&roster.posts).chain(&roster.projects)
}

fn text(roster: &Roster, arguments: &Arguments) -> String {
    let mut out = format!("{} on {}\n", roster.body, roster.at);
    let sections = [
        ("MEMBERS", ["TIER", "MEMBER"], &roster.members),
        ("SEATS AND OFFICES", ["UNIT", "WHO"], &roster.posts),
        ("PROJECTS", ["LEVEL", "PROJECT"], &roster.projects),
    ];
    for (title, [group, who], stays) in sections {
        if stays.is_empty() {
            continue;
        }
        let mut rows = vec![[group, who, "SINCE", "", "SOURCE"].map(str::to_owned).to_vec()];
        rows.extend(stays.iter().map(|(stay, standing)| row(stay, *standing)));
        // Writing to a String does not fail, here and below.
        let _ = write!(out, "\n{title}\n{}", table(&rows));
        if arguments.proof {
            for (stay, _) in stays {
                let _ = writeln!(out, "  {}: “{}”", stay.subject, stay.quote);
            }
        }
    }
    if arguments.former && !roster.former.is_empty() {
        let mut rows =
            vec![["FORMER", "AS", "SINCE", "UNTIL", "SOURCE"].map(str::to_owned).to_vec()];
        rows.extend(roster.former.iter().map(former_row));
        let _ = write!(out, "\n{}", table(&rows));
    }
    if !roster.to_come.is_empty() {
        let mut rows = vec![["TO COME", "ACTION", "WHO", "AS"].map(str::to_owned).to_vec()];
        rows.extend(roster.to_come.iter().map(|t| {
            vec![t.when().text, t.fact.action().to_owned(), t.fact.subject.clone(), position(t)]
        }));
        let _ = write!(out, "\n{}", table(&rows));
    }
    out
}

/// What a fact says beside who and where: tier, role and unit.
pub fn position(told: &Told) -> String {
    let fact = &told.fact;
    [fact.tier(), fact.role(), fact.unit()].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn row(stay: &Stay, standing: Standing) -> Vec<String> {
    let own = |part: &Option<String>| part.clone().unwrap_or_default();
    let mut who = stay.subject.clone();
    let remarks: Vec<&str> = stay
        .role
        .as_deref()
        .filter(|_| !stay.is_plain())
        .into_iter()
        .chain(stay.affiliation.as_deref())
        .collect();
    if !remarks.is_empty() {
        let _ = write!(who, " ({})", remarks.join(", "));
    }
    let group = if stay.unit.is_some() { own(&stay.unit) } else { own(&stay.tier) };
    let known = if standing == Standing::Known { "known" } else { "" };
    vec![capitalised(&group), who, since(stay), known.to_owned(), link(stay)]
}

/// Texts write "premier member" and "Premier Member" of one tier.
fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn former_row(stay: &Stay) -> Vec<String> {
    let place: Vec<&str> =
        [&stay.tier, &stay.role, &stay.unit].into_iter().filter_map(|p| p.as_deref()).collect();
    let until = stay.until.as_ref().map_or_else(String::new, |end| match &end.successor {
        Some(successor) => format!("{} (assumed: {successor} followed)", end.when.text),
        None => spoken(&end.when),
    });
    vec![stay.subject.clone(), place.join(", "), since(stay), until, link(stay)]
}

fn since(stay: &Stay) -> String {
    match &stay.since {
        Some(when) => spoken(when),
        None => {
            format!("before {}", stay.until.as_ref().map_or(&stay.last_word, |end| &end.when).text)
        }
    }
}

fn spoken(when: &When) -> String {
    match when.basis {
        Basis::Effective => when.text.clone(),
        Basis::Published => format!("{} (announced)", when.text),
        Basis::Seen => format!("{} (first seen)", when.text),
    }
}

fn link(stay: &Stay) -> String {
    let source = stay.source.as_ref();
    source.map_or_else(String::new, |s| s.link.clone().unwrap_or_else(|| s.feed.clone()))
}

fn as_json(roster: &Roster) -> Value {
    let standing = |stays: &[(Stay, Standing)]| -> Vec<Value> {
        stays.iter().map(|(stay, standing)| stay_json(stay, Some(*standing))).collect()
    };
    json!({
        "version": 1,
        "body": roster.body,
        "at": roster.at,
        "members": standing(&roster.members),
        "posts": standing(&roster.posts),
        "projects": standing(&roster.projects),
        "former": roster.former.iter().map(|stay| stay_json(stay, None)).collect::<Vec<_>>(),
        "to_come": roster.to_come.iter().map(told_json).collect::<Vec<_>>(),
    })
}

/// A fact as JSON.
pub fn told_json(told: &Told) -> Value {
    let (f, when) = (&told.fact, told.when());
    json!({
        "id": told.id.0, "date": when.text, "date_basis": when.basis.as_str(), "kind": f.kind().as_str(), "action": f.action(),
        "subject": f.subject, "body": f.body, "tier": f.tier(), "unit": f.unit(), "role": f.role(), "affiliation": f.affiliation(),
        "confidence": f.confidence, "evidence": f.evidence.quote, "source": told.source.as_ref().map(source_json),
    })
}

fn source_json(source: &Sighting) -> Value {
    json!({ "feed": source.feed, "publisher": source.publisher, "title": source.title, "url": source.link, "published": source.published })
}

/// A stay as JSON; without a standing it is over.
pub fn stay_json(stay: &Stay, standing: Option<Standing>) -> Value {
    let until = stay.until.as_ref();
    json!({
        "kind": stay.kind.as_str(), "subject": stay.subject, "body": stay.body, "tier": stay.tier, "unit": stay.unit, "role": stay.role,
        "affiliation": stay.affiliation,
        "since": stay.since.as_ref().map(|w| &w.text), "since_basis": stay.since.as_ref().map(|w| w.basis.as_str()),
        "last_word": stay.last_word.text,
        "until": until.map(|end| &end.when.text), "until_basis": until.map(|end| end.when.basis.as_str()),
        "successor": until.and_then(|end| end.successor.as_ref()),
        "standing": word(stay, standing),
        "facts": stay.facts.iter().map(|id| id.0).collect::<Vec<_>>(),
        "evidence": stay.quote, "source": stay.source.as_ref().map(source_json),
    })
}

/// "known" and "assumed" where it holds, "ended" and "assumed ended" where it is over.
fn word(stay: &Stay, standing: Option<Standing>) -> &'static str {
    match (&stay.until, standing) {
        (Some(end), _) if end.successor.is_some() => "assumed ended",
        (Some(_), _) => "ended",
        (None, Some(standing)) => standing.as_str(),
        (None, None) => "assumed",
    }
}

/// Stays as comma-separated values.
pub fn csv<'a>(
    stays: impl Iterator<Item = (&'a Stay, Option<Standing>)>,
) -> Result<String, Failure> {
    let failed = |e: String| Failure::Failed(format!("writing CSV: {e}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let head = [
        "kind",
        "body",
        "tier",
        "unit",
        "role",
        "subject",
        "affiliation",
        "since",
        "since_basis",
        "until",
        "until_basis",
        "standing",
        "last_word",
        "url",
        "evidence",
    ];
    writer.write_record(head).map_err(|e| failed(e.to_string()))?;
    for (stay, standing) in stays {
        let own = |part: &Option<String>| part.clone().unwrap_or_default();
        let when = |when: Option<&When>| {
            when.map_or_else(Default::default, |w| (w.text.clone(), w.basis.as_str().to_owned()))
        };
        let (since, since_basis) = when(stay.since.as_ref());
        let (until, until_basis) = when(stay.until.as_ref().map(|end| &end.when));
        let link = stay.source.as_ref().and_then(|s| s.link.clone()).unwrap_or_default();
        let cells = [
            stay.kind.as_str().to_owned(),
            stay.body.clone(),
            own(&stay.tier),
            own(&stay.unit),
            own(&stay.role),
            stay.subject.clone(),
            own(&stay.affiliation),
            since,
            since_basis,
            until,
            until_basis,
            word(stay, standing).to_owned(),
            stay.last_word.text.clone(),
            link,
            stay.quote.clone(),
        ];
        writer.write_record(cells.map(inert)).map_err(|e| failed(e.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|e| failed(e.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A cell that a spreadsheet takes for text: what comes from the network is no formula.
fn inert(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn a_cell_is_no_formula() {
        for (cell, written) in
            [("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("Quill Data", "Quill Data"), ("", "")]
        {
            assert_eq!(inert(cell.to_owned()), written);
        }
    }
}
