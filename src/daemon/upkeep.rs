//! What the daemon does once a day: a backup, and taking away what is old.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::cycle::{Cycle, CycleError};
use crate::store::{Cutoffs, Pruned, StoreError, daily_backup};

/// The name of the task in the database.
pub(super) const DAILY: &str = "daily";
/// Once a day, from whenever the daemon was first started.
const EVERY: chrono::Duration = chrono::Duration::hours(24);
/// Between two steps, so that polls that wait for the database get their turn.
const PAUSE: Duration = Duration::from_millis(20);

/// What upkeep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpkeepResult {
    /// The backup that was written.
    pub backup: Option<PathBuf>,
    /// Why there is none, where there should be one.
    pub backup_failed: Option<String>,
    /// What was taken away.
    pub pruned: Pruned,
}

/// Whether it is time. A new database has nothing to be kept up yet: its day begins now.
pub(super) async fn upkeep_is_due(
    cycle: &Cycle,
    last: Option<DateTime<Utc>>,
) -> Result<bool, CycleError> {
    let now = cycle.now();
    let Some(last) = last else {
        cycle.with("noting when upkeep begins", move |s| s.record_upkeep(DAILY, now)).await?;
        return Ok(false);
    };
    // A clock that was set back would put it off for ever.
    Ok(now - last >= EVERY || last - now >= EVERY)
}

/// Writes the backup, then takes away what is old: in this order, so that the last backup holds
/// what goes. Where the backup cannot be written, nothing is taken away.
///
/// # Errors
/// When the database fails. A backup that cannot be written is told, and tried again tomorrow.
pub async fn keep_up(cycle: &Cycle) -> Result<UpkeepResult, CycleError> {
    let (now, kept) = (cycle.now(), cycle.config().retention.clone());
    cycle.with("noting when upkeep was done", move |s| s.record_upkeep(DAILY, now)).await?;
    let mut result = UpkeepResult::default();
    if kept.backups > 0 {
        let database = cycle.config().store_path.clone();
        // Beside the connection that writes: polls go on.
        let copy = move || daily_backup(&database, now.date_naive(), kept.backups);
        match tokio::task::spawn_blocking(copy).await.map_err(|_| CycleError::Task("a backup"))? {
            Ok(written) => result.backup = written,
            Err(error) => {
                tracing::error!("{error}; nothing old is taken away before there is a backup");
                result.backup_failed = Some(error.to_string());
                return Ok(result);
            }
        }
    }
    let before = Cutoffs::of(kept.articles, kept.mail, now);
    result.pruned = take_away(cycle, before).await?;
    let Pruned { articles, messages, entries, requests, bytes } = result.pruned;
    let backup = result.backup.as_ref().map(|path| path.display().to_string());
    tracing::info!(backup, articles, messages, entries, requests, bytes, "daily upkeep");
    Ok(result)
}

async fn take_away(cycle: &Cycle, before: Cutoffs) -> Result<Pruned, CycleError> {
    let mut all = Pruned::default();
    loop {
        let step = cycle.with("taking away what is old", move |s| s.prune(&before)).await?;
        if step == Pruned::default() {
            break;
        }
        all += step;
        tokio::time::sleep(PAUSE).await;
    }
    while cycle
        .with("giving back free pages", |s| -> Result<bool, StoreError> { s.shrink() })
        .await?
    {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(all)
}
