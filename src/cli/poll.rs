//! `gazetted poll`: feeds now, no mail.

use tokio::task::JoinSet;

use super::{Failure, Shell, block_on};
use crate::daemon::{Cycle, PollResult};
use crate::model::{Feed, Outcome};

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

/// Polls feeds side by side, as many as the settings allow; pacing per host is the client's.
pub async fn poll_all(
    shell: &Shell,
    cycle: &Cycle,
    feeds: Vec<Feed>,
) -> Result<Vec<PollResult>, Failure> {
    let at_once = cycle.config().fetch.concurrency * 2;
    let mut waiting = feeds.into_iter();
    let mut polls = JoinSet::new();
    let mut results = Vec::new();
    loop {
        while polls.len() < at_once {
            let Some(feed) = waiting.next() else { break };
            let cycle = cycle.clone();
            polls.spawn(async move { cycle.poll(&feed).await });
        }
        let Some(ended) = polls.join_next().await else { break };
        let result = ended.map_err(|_| {
            Failure::Failed("a poll failed in an unexpected way; please report it".into())
        })??;
        tell(shell, &result);
        results.push(result);
    }
    Ok(results)
}

fn tell(shell: &Shell, result: &PollResult) {
    match &result.outcome {
        Outcome::Failed(reason) => shell.say(&format!("{}: {reason}", result.feed)),
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
