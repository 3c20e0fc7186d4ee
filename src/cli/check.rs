//! `gazetted check`: the configuration, and when things would run.

use chrono::{DateTime, Utc};

use super::output::print;
use super::{Failure, Shell};
use crate::daemon::Clock;
use crate::mail::Signer;
use crate::schedule::{CronSpec, Tz};

pub fn run(shell: &Shell) -> Result<(), Failure> {
    let config = shell.config()?;
    let now = Clock::System.now();
    let enabled = config.feeds.iter().filter(|f| f.enabled).count();
    let mut text = format!(
        "{}: fine\n{} feeds ({enabled} enabled), {} digests\n",
        config.path.display(),
        config.feeds.len(),
        config.digests.len()
    );
    text.push_str(&format!("database: {}\n", config.store_path.display()));
    for lexicon in &config.lexicons {
        text.push_str(&format!(
            "lexicon {}: {}\n",
            lexicon.path.display(),
            lexicon.words.outline()
        ));
    }
    if let Some(dkim) = &config.mail.dkim {
        // A credential is there only for the service.
        let there = dkim.key_file.is_some() || shell.credentials_directory.is_some();
        if there && let Err(error) = Signer::load(dkim, shell.credentials_directory.as_deref()) {
            return Err(Failure::Config(error.to_string()));
        }
        let name = format!("{}._domainkey.{}", dkim.selector, dkim.domain);
        text.push_str(&format!("messages are signed; the public key belongs at {name}\n"));
    }
    let mut schedules: Vec<(&CronSpec, Tz, usize)> = Vec::new();
    for feed in config.feeds.iter().filter(|f| f.enabled).map(|f| &f.timing) {
        match schedules
            .iter_mut()
            .find(|(spec, tz, _)| *spec == &feed.schedule && *tz == feed.timezone)
        {
            Some((_, _, n)) => *n += 1,
            None => schedules.push((&feed.schedule, feed.timezone, 1)),
        }
    }
    for (spec, tz, n) in schedules {
        text.push_str(&format!("{n} feeds on \"{spec}\": {}\n", firings(spec, tz, now)));
    }
    for digest in &config.digests {
        text.push_str(&format!(
            "digest \"{}\" on \"{}\": {}\n",
            digest.subscription.name,
            digest.schedule,
            firings(&digest.schedule, digest.timezone, now)
        ));
    }
    Ok(print(&text)?)
}

/// The next three firings.
fn firings(spec: &CronSpec, tz: Tz, now: DateTime<Utc>) -> String {
    let mut at = now;
    let mut found = Vec::new();
    while found.len() < 3 {
        let Some(next) = spec.next_after(tz, at) else { break };
        found.push(next.with_timezone(&tz).format("%a %d %b %H:%M %Z").to_string());
        at = next;
    }
    found.join(", ")
}
