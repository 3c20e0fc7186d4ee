//! `gazetted feeds`: the configured feeds and their state, or the catalogue.

use chrono::{DateTime, Utc};

use super::output::{print, table};
use super::{Failure, Shell};
use crate::config::catalogue;
use crate::store::{FeedOverview, Store, StoreError};

#[derive(clap::Args)]
pub struct Arguments {
    /// List the catalogue of feeds that ships with gazetted
    #[arg(long)]
    catalogue: bool,
    /// Show how politely each feed was treated, by its own record of requests
    #[arg(long)]
    politeness: bool,
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.catalogue {
        return Ok(print(&catalogue_table())?);
    }
    let config = shell.config()?;
    if arguments.politeness {
        return Ok(print(&super::politeness::report(&config, &shell.reader()?)?)?);
    }
    let known = match Store::open_read_only(&config.store_path) {
        Ok(store) => store.feed_overview()?,
        Err(StoreError::Open { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let mut rows =
        vec![["FEED", "STATE", "LAST POLL", "ENTRIES", "ADDRESS"].map(str::to_owned).to_vec()];
    for feed in &config.feeds {
        let found = known.iter().find(|k| k.name == feed.feed.name.0);
        rows.push(vec![
            feed.feed.name.0.clone(),
            if feed.enabled { state(found) } else { "disabled".into() },
            found.and_then(|k| k.last_poll).map_or_else(|| "never".into(), minute),
            found.map_or(0, |k| k.entries).to_string(),
            crate::fetch::redact(&feed.feed.url),
        ]);
    }
    let mut text = table(&rows);
    for feed in &known {
        for trouble in feed.last_error.iter().chain(&feed.warnings) {
            text.push_str(&format!("{}: {trouble}\n", feed.name));
        }
    }
    Ok(print(&text)?)
}

fn state(feed: Option<&FeedOverview>) -> String {
    match feed {
        None => "not polled yet".into(),
        Some(f) if f.gone => "gone".into(),
        Some(f) if f.failures > 0 => format!("failing ({} in a row)", f.failures),
        Some(f) if f.last_success.is_none() => "not polled yet".into(),
        Some(f) if !f.warnings.is_empty() => "read, with repairs".into(),
        Some(_) => "read".into(),
    }
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

fn catalogue_table() -> String {
    let mut rows = vec![
        ["ID", "PUBLISHER", "ADDRESS (unverified until polled)", "SEEN AT"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(
        catalogue::entries()
            .iter()
            .map(|e| vec![e.id.clone(), e.publisher.clone(), e.url.clone(), e.seen_at.clone()]),
    );
    table(&rows)
}
