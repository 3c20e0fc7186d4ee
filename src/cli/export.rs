//! `gazetted export`: everything that the ledger knows of who was where and when, for other
//! programs: Popolo JSON (<https://www.popoloproject.com>), CSV or JSON lines.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::output::print;
use super::roster::{csv, stay_json, told};
use super::{Failure, Shell};
use crate::daemon::Clock;
use crate::detect::{DEFAULT_MIN_CONFIDENCE, Names};
use crate::model::{Kind, fold_name};
use crate::roster::{Stay, stays};

#[derive(clap::Args)]
pub struct Arguments {
    /// The form
    #[arg(long, value_enum)]
    format: Format,
    /// Only this body, by any of its names
    #[arg(long)]
    body: Option<String>,
    /// Leave out facts below this confidence
    #[arg(long, value_name = "0..1", default_value_t = DEFAULT_MIN_CONFIDENCE)]
    min_confidence: f64,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// Organisations, persons, memberships and posts, one JSON object
    Popolo,
    /// A row for each time in one place
    Csv,
    /// A JSON object for each time in one place
    Jsonl,
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let names = Names::with(&shell.words(&[])?);
    let store = shell.reader()?;
    let facts = match &arguments.body {
        Some(body) => store.facts_of_body(&names.forms(body), arguments.min_confidence)?,
        None => store.facts_from(arguments.min_confidence)?,
    };
    let found = stays(&told(facts), Clock::System.now().date_naive(), &names);
    let text = match arguments.format {
        Format::Popolo => format!("{:#}\n", popolo(&found, &names)),
        Format::Csv => csv(found.iter().map(|stay| (stay, None)))?,
        Format::Jsonl => found.iter().map(|stay| format!("{}\n", stay_json(stay, None))).collect(),
    };
    Ok(print(&text)?)
}

/// What memberships point at, each once.
#[derive(Default)]
struct Tables {
    organizations: BTreeMap<String, Value>,
    persons: BTreeMap<String, Value>,
    posts: BTreeMap<String, Value>,
}

impl Tables {
    fn organization(&mut self, name: &str, classification: Option<&str>) -> String {
        let id = format!("organization/{}", slug(name));
        let known = self
            .organizations
            .entry(id.clone())
            .or_insert_with(|| json!({ "id": id, "name": name }));
        if let (Some(word), Some(known)) = (classification, known.as_object_mut()) {
            known.insert("classification".to_owned(), word.into());
        }
        id
    }

    fn unit(&mut self, body: &str, name: &str) -> String {
        let id = format!("{body}/{}", slug(name));
        self.organizations.entry(id.clone()).or_insert_with(
            || json!({ "id": id, "name": name, "classification": "unit", "parent_id": body }),
        );
        id
    }

    fn person(&mut self, name: &str) -> String {
        let id = format!("person/{}", slug(name));
        self.persons.entry(id.clone()).or_insert_with(|| json!({ "id": id, "name": name }));
        id
    }

    fn post(&mut self, organization: &str, role: &str) -> String {
        let place = organization.strip_prefix("organization/").unwrap_or(organization);
        let id = format!("post/{place}/{}", slug(role));
        self.posts.entry(id.clone()).or_insert_with(
            || json!({ "id": id, "label": role, "role": role, "organization_id": organization }),
        );
        id
    }
}

fn slug(name: &str) -> String {
    fold_name(name).replace(' ', "-")
}

fn popolo(stays: &[Stay], names: &Names) -> Value {
    let mut tables = Tables::default();
    let memberships: Vec<Value> = stays
        .iter()
        .zip(1..)
        .map(|(stay, number)| membership(stay, number, &mut tables, names))
        .collect();
    let rows = |table: BTreeMap<String, Value>| table.into_values().collect::<Vec<_>>();
    json!({
        "organizations": rows(tables.organizations), "persons": rows(tables.persons), "posts": rows(tables.posts),
        "memberships": memberships,
    })
}

fn membership(stay: &Stay, number: usize, tables: &mut Tables, names: &Names) -> Value {
    let body = tables.organization(&stay.body, Some("body"));
    let mut row = Map::new();
    let mut put = |key: &str, value: Value| row.insert(key.to_owned(), value);
    put("id", format!("membership/{number}").into());
    let place = match (&stay.unit, stay.kind) {
        (Some(unit), Kind::Appointment) => tables.unit(&body, unit),
        _ => body,
    };
    match stay.kind {
        Kind::Appointment => {
            put("person_id", tables.person(&stay.subject).into());
            put("role", stay.role.as_deref().unwrap_or("member").into());
            if !stay.is_plain()
                && let Some(role) = &stay.role
            {
                put("post_id", tables.post(&place, role).into());
            }
            if let Some(employer) = &stay.affiliation {
                let id = tables.organization(names.organisation(employer), None);
                put("on_behalf_of_id", id.into());
            }
        }
        Kind::Membership | Kind::Hosting => {
            let hosted = stay.kind == Kind::Hosting;
            let name = names.organisation(&stay.subject);
            let id = tables.organization(name, hosted.then_some("project"));
            put("member", json!({ "@type": "Organization", "id": id, "name": name }));
            put("role", if hosted { "project" } else { "member" }.into());
            if let Some(tier) = &stay.tier {
                put("label", tier.as_str().into());
            }
        }
    }
    put("organization_id", place.into());
    if let Some(since) = &stay.since {
        put("start_date", since.text.as_str().into());
    }
    if let Some(end) = &stay.until {
        put("end_date", end.when.text.as_str().into());
    }
    let url = stay.source.as_ref().and_then(|s| s.link.clone());
    put("sources", json!([{ "url": url, "note": stay.quote }]));
    Value::Object(row)
}
