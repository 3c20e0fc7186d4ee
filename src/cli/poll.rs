//! `gazetted poll`: feeds now, no mail.

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;

use super::output::minute;
use super::{Failure, Shell, block_on};
use crate::daemon::{Cycle, PollResult, Subject, by_address};
use crate::model::{Feed, Outcome};
use crate::store::Applied;

#[derive(clap::Args)]
pub struct Arguments {
    /// Only these feeds, by name
    names: Vec<String>,
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let cycle = shell.cycle()?;
    block_on(async {
        let feeds = chosen(&cycle, &arguments.names)?;
        let results = poll_all(shell, &cycle, feeds).await?;
        shell.say(&summary(&results));
        failed_part(&results)
    })
}

fn chosen(cycle: &Cycle, names: &[String]) -> Result<Vec<Feed>, Failure> {
    let feeds = &cycle.config().feeds;
    if names.is_empty() {
        return Ok(feeds.iter().filter(|f| f.enabled).map(|f| f.feed.clone()).collect());
    }
    names
        .iter()
        .map(|name| {
            let found = feeds.iter().find(|f| f.feed.name.0 == *name);
            found.map(|f| f.feed.clone()).ok_or_else(|| {
                Failure::Failed(format!("no feed is called `{name}`; see `gazetted feeds`"))
            })
        })
        .collect()
}

/// Polls feeds side by side, as many as the settings allow; pacing per host is the client's. What
/// a server asked for in so many words is kept here too: a feed that rests, or is gone, is not asked.
pub async fn poll_all(
    shell: &Shell,
    cycle: &Cycle,
    feeds: Vec<Feed>,
) -> Result<Vec<PollResult>, Failure> {
    let states = cycle.states().await?;
    let now = cycle.now();
    let at_once = cycle.polls_at_once();
    let mut results = Vec::new();
    let mut asked = Vec::new();
    for group in by_address(feeds, states) {
        let (resting, group): (Vec<Subject>, Vec<Subject>) =
            group.into_iter().partition(|s| not_asked(s, now).is_some());
        results.extend(resting.into_iter().filter_map(|s| postponed(s, now)));
        if !group.is_empty() {
            asked.push(group);
        }
    }
    results.iter().for_each(|result| tell(shell, result));
    let mut waiting = asked.into_iter();
    let mut polls = JoinSet::new();
    loop {
        while polls.len() < at_once {
            let Some(group) = waiting.next() else { break };
            let cycle = cycle.clone();
            // In a box: a task is moved several times before it runs.
            polls.spawn(Box::pin(async move { cycle.poll(group).await }));
        }
        let Some(ended) = polls.join_next().await else { break };
        let ended = ended.map_err(|_| {
            Failure::Failed("a poll failed in an unexpected way; please report it".into())
        })??;
        ended.iter().for_each(|result| tell(shell, result));
        results.extend(ended);
    }
    Ok(results)
}

/// Why a feed is not to be asked even by hand.
fn not_asked(subject: &Subject, now: DateTime<Utc>) -> Option<String> {
    let state = &subject.state;
    let again = format!("`gazetted feeds resume \"{}\"` asks it all the same", state.name);
    if state.gone {
        return Some(format!("its publisher ended it (410); {again}"));
    }
    let until = state.rest_until.filter(|at| *at > now)?;
    let when = minute(until);
    Some(format!("its server asked to be left alone until {when}; {again}"))
}

fn postponed(subject: Subject, now: DateTime<Utc>) -> Option<PollResult> {
    let outcome = Outcome::Postponed(not_asked(&subject, now)?);
    let feed = subject.feed.name.0;
    let applied = Applied::default();
    Some(PollResult { feed, outcome, applied, warnings: Vec::new(), state: subject.state })
}

fn tell(shell: &Shell, result: &PollResult) {
    match &result.outcome {
        Outcome::Failed(reason) | Outcome::Postponed(reason) => {
            shell.say(&format!("{}: {reason}", result.feed))
        }
        Outcome::Gone => {
            shell.say(&format!("{}: the publisher says that this feed is gone", result.feed))
        }
        Outcome::Fetched | Outcome::Unchanged => {}
    }
    for warning in &result.warnings {
        shell.say(&format!("{}: {warning}", result.feed));
    }
}

/// "62 feeds: 61 read, 0 unchanged, 1 failed; 379 new entries, 0 edited, 640 facts".
pub fn summary(results: &[PollResult]) -> String {
    let count = |test: &dyn Fn(&PollResult) -> bool| results.iter().filter(|r| test(r)).count();
    let sum = |part: &dyn Fn(&PollResult) -> usize| results.iter().map(part).sum::<usize>();
    format!(
        "{} feeds: {} read, {} unchanged, {} failed; {} new entries, {} edited, {} new facts, {} of them news",
        results.len(),
        count(&|r| r.outcome == Outcome::Fetched),
        count(&|r| r.outcome == Outcome::Unchanged),
        count(&|r| matches!(r.outcome, Outcome::Failed(_) | Outcome::Gone)),
        sum(&|r| r.applied.new_entries),
        sum(&|r| r.applied.edited_entries),
        sum(&|r| r.applied.new_facts),
        sum(&|r| r.applied.changes),
    )
}

/// Exit code 3 where a feed failed.
pub fn failed_part(results: &[PollResult]) -> Result<(), Failure> {
    let failed: Vec<&str> = results
        .iter()
        .filter(|r| matches!(r.outcome, Outcome::Failed(_) | Outcome::Gone))
        .map(|r| r.feed.as_str())
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::Partial(format!("{} feeds failed: {}", failed.len(), failed.join(", "))))
    }
}
