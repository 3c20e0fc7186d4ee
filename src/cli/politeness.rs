//! `gazetted feeds --politeness`: how politely each feed was treated, by its own record.

use chrono::Duration;

use super::output::table;
use crate::config::Config;
use crate::politeness::{Record, score};
use crate::store::{Store, StoreError};

/// The report: a line for each feed, and what was not kept.
///
/// # Errors
/// When the database fails.
pub fn report(config: &Config, store: &Store) -> Result<String, StoreError> {
    let mut rows = vec![
        ["FEED", "REQUESTS", "UNCHANGED", "BYTES", "EVERY", "KEPT"].map(str::to_owned).to_vec(),
    ];
    let mut broken = String::new();
    for feed in config.feeds.iter().filter(|f| f.enabled) {
        let floor = Duration::from_std(feed.timing.min_interval).unwrap_or_default();
        let record = score(&store.requests(&feed.feed.name)?, floor);
        rows.push(row(&feed.feed.name.0, &record));
        for score in record.scores.iter().filter(|s| !s.is_kept()) {
            broken.push_str(&format!(
                "{}: {} ({}) was kept {} times of {}\n",
                feed.feed.name, score.criterion, score.asks, score.kept, score.of
            ));
        }
    }
    let mut text = table(&rows);
    text.push_str(&broken);
    text.push_str("Each feed's last 64 requests count. Commands such as `gazetted once` ask at once and so may break P7 and P9; the daemon keeps them. docs/POLITENESS.md has all criteria.\n");
    Ok(text)
}

fn row(name: &str, record: &Record) -> Vec<String> {
    let kept = record.scores.iter().filter(|s| s.is_kept()).count();
    let every = record.interval.map_or_else(|| "–".into(), |i| format!("{} min", i.num_minutes()));
    vec![
        name.to_owned(),
        record.requests.to_string(),
        record.unchanged.to_string(),
        record.bytes.to_string(),
        every,
        format!("{kept} of {}", record.scores.len()),
    ]
}
