//! `gazetted status`: how the feeds, the digests and the outbox stand.

use chrono::{DateTime, Utc};

use super::output::{minute, print, table};
use super::{Failure, Shell};
use crate::daemon::Clock;
use crate::health;
use crate::poll::due_at;
use crate::schedule::next_due;
use crate::store::{FeedOverview, Store, Suspension};

#[derive(clap::Args)]
pub struct Arguments {
    /// As JSON, for monitoring
    #[arg(long)]
    json: bool,
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let config = shell.config()?;
    let store = shell.reader()?;
    let now = Clock::System.now();
    let (known, states) = (store.feed_overview()?, store.feed_states()?);
    let mut troubles: Vec<String> = store.open_troubles()?.iter().map(health::line).collect();
    troubles.extend(store.suspensions()?.iter().map(suspended));
    let mut rows = vec![["FEED", "STATE", "LAST READ", "NEXT"].map(str::to_owned).to_vec()];
    let mut json = Vec::new();
    for feed in &config.feeds {
        let name = &feed.feed.name;
        let found = known.iter().find(|k| k.name == name.0);
        let due = states
            .get(name)
            .filter(|_| feed.enabled)
            .and_then(|s| due_at(&feed.timing, &feed.feed.url, s, now));
        let word = if feed.enabled { state(found) } else { "disabled" };
        let read = found.and_then(|f| f.last_success);
        json.push(serde_json::json!({
            "feed": name, "state": word, "last_success": read, "next_poll": due,
            "failures": found.map_or(0, |f| f.failures), "error": found.and_then(|f| f.last_error.clone()),
            "status": found.and_then(|f| f.last_status), "address": found.and_then(|f| f.address.clone()),
        }));
        rows.push(vec![name.0.clone(), word.to_owned(), or_never(read), or_never(due)]);
    }
    let digests = digests(&config, &store, now)?;
    let (waiting, refused) = store.outbox_counts()?;
    if arguments.json {
        let times = |(name, last, next): &DigestTimes| serde_json::json!({ "digest": name, "last": last, "next": next });
        let digests: Vec<_> = digests.iter().map(times).collect();
        let all = serde_json::json!({ "feeds": json, "troubles": troubles, "digests": digests, "mail": { "waiting": waiting, "refused": refused } });
        return Ok(print(&format!("{all}\n"))?);
    }
    let mut text = table(&rows);
    for trouble in &troubles {
        text.push_str(&format!("! {trouble}\n"));
    }
    for (name, last, next) in &digests {
        let (last, next) = (minute(*last), or_never(*next));
        text.push_str(&format!("digest \"{name}\": last {last}, next {next}\n"));
    }
    text.push_str(&format!("mail: {waiting} waiting, {refused} refused\n"));
    Ok(print(&text)?)
}

type DigestTimes = (String, DateTime<Utc>, Option<DateTime<Utc>>);

fn digests(
    config: &crate::config::Config,
    store: &Store,
    now: DateTime<Utc>,
) -> Result<Vec<DigestTimes>, Failure> {
    let mut found = Vec::new();
    for digest in &config.digests {
        let name = &digest.subscription.name;
        let last = store.subscription_state(name)?.last_run;
        let none = std::time::Duration::ZERO;
        let next = next_due(&digest.schedule, digest.timezone, Some(last), now, none);
        found.push((name.clone(), last, next));
    }
    Ok(found)
}

fn suspended(recipient: &Suspension) -> String {
    let (to, since) = (&recipient.address, minute(recipient.since));
    format!(
        "mail to {to} is suspended since {since}, {}: `gazetted outbox resume {to}`",
        recipient.reason
    )
}

/// One word for a feed's state.
pub fn state(feed: Option<&FeedOverview>) -> &'static str {
    match feed {
        Some(f) if f.gone => "gone",
        Some(f) if f.failures > 0 => "failing",
        Some(f) if f.last_success.is_some() && f.address.is_some() => "moved",
        Some(f) if f.last_success.is_some() && !f.warnings.is_empty() => "read, with repairs",
        Some(f) if f.last_success.is_some() => "read",
        _ => "not polled yet",
    }
}

fn or_never(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "never".into(), minute)
}
