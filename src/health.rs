//! When a feed's trouble begins and when it is over. Pure.

use chrono::{DateTime, Duration, Utc};

use crate::model::{FeedHealth, Trouble, TroubleKind};

/// A feed that fails for so long is trouble: shorter outages mend themselves.
const FAILING_AFTER: Duration = Duration::days(3);
/// A feed is silent after so many times its own rhythm …
const SILENT_RHYTHMS: i32 = 3;
/// … but never within so short a time: a daily blog has holidays.
const SILENT_MIN: Duration = Duration::days(14);
/// A rhythm needs so many entries.
const RHYTHM_ENTRIES: usize = 5;

/// A beginning or an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Trouble begins.
    Begins {
        /// What it is.
        kind: TroubleKind,
        /// Since when.
        since: DateTime<Utc>,
        /// What may help.
        detail: String,
    },
    /// The trouble of this row is over.
    Ends(i64),
}

/// What changed in a feed's health.
pub fn judge(feed: &FeedHealth, now: DateTime<Utc>) -> Vec<Turn> {
    let mut turns = Vec::new();
    for kind in TroubleKind::ALL {
        let found = finding(feed, kind, now);
        let open = feed.open.iter().find(|(_, open, _)| *open == kind);
        // A feed that moves on from one address to another is another trouble.
        let same = |detail: &str| kind != TroubleKind::Moved || open.is_some_and(|o| o.2 == detail);
        match (found, open) {
            (Some((since, detail)), None) => turns.push(Turn::Begins { kind, since, detail }),
            (None, Some((id, ..))) => turns.push(Turn::Ends(*id)),
            (Some((since, detail)), Some((id, ..))) if !same(&detail) => {
                turns.extend([Turn::Ends(*id), Turn::Begins { kind, since, detail }]);
            }
            _ => {}
        }
    }
    turns
}

fn finding(
    feed: &FeedHealth,
    kind: TroubleKind,
    now: DateTime<Utc>,
) -> Option<(DateTime<Utc>, String)> {
    match kind {
        TroubleKind::Gone => feed.gone.then(|| {
            let help = "its publisher ended it (410): remove it, or give it its new address";
            (feed.failing_since.unwrap_or(now), help.to_owned())
        }),
        TroubleKind::Failing => {
            let since = feed.failing_since.filter(|_| !feed.gone)?;
            let error = feed.last_error.clone().unwrap_or_default();
            (now - since >= FAILING_AFTER).then_some((since, error))
        }
        TroubleKind::Moved => {
            let address = feed.address.as_ref()?;
            Some((now, format!("write url = \"{address}\" in its [[feed]]")))
        }
        TroubleKind::Silent => {
            let rhythm = rhythm(&feed.entries)?;
            let last = (*feed.entries.first()?).min(now);
            let patience = (rhythm * SILENT_RHYTHMS).max(SILENT_MIN);
            let failing = feed.gone || feed.failing_since.is_some();
            (now - last > patience && !failing).then(|| {
                let usual = rhythm.num_days().max(1);
                (last, format!("it used to have an entry every {usual} days or so: look whether it moved or ended"))
            })
        }
    }
}

/// The usual time between two entries: the median of the latest ones.
fn rhythm(entries: &[DateTime<Utc>]) -> Option<Duration> {
    if entries.len() < RHYTHM_ENTRIES {
        return None;
    }
    let mut gaps: Vec<Duration> = entries.windows(2).map(|w| w[0] - w[1]).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied().filter(|gap| *gap >= Duration::zero())
}

/// The trouble in one line.
pub fn line(trouble: &Trouble) -> String {
    let day = trouble.since.format("%-d %B %Y");
    if let Some(over) = trouble.over {
        let until = over.format("%-d %B %Y");
        let was = match trouble.kind {
            TroubleKind::Failing | TroubleKind::Gone => "is read again",
            TroubleKind::Moved => "has its new address in the configuration",
            TroubleKind::Silent => "has news again",
        };
        return format!("{} {was} since {until}", trouble.feed);
    }
    let is = match trouble.kind {
        TroubleKind::Failing => format!("fails since {day}"),
        TroubleKind::Gone => format!("is gone since {day}"),
        TroubleKind::Moved => "moved".to_owned(),
        TroubleKind::Silent => format!("is silent since {day}"),
    };
    format!("{} {is}: {}", trouble.feed, trouble.detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(days: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap_or_default() + Duration::days(days)
    }

    fn feed() -> FeedHealth {
        FeedHealth {
            feed_id: 1,
            failing_since: None,
            last_error: None,
            gone: false,
            address: None,
            entries: (0..8).map(|n| at(-7 * n)).collect(),
            open: Vec::new(),
        }
    }

    fn kinds(feed: &FeedHealth, day: i64) -> Vec<&'static str> {
        let word = |turn: &Turn| match turn {
            Turn::Begins { kind, .. } => kind.as_str(),
            Turn::Ends(_) => "over",
        };
        judge(feed, at(day)).iter().map(word).collect()
    }

    #[test]
    fn trouble_begins_once_and_ends_once() {
        let failing = FeedHealth { failing_since: Some(at(0)), ..feed() };
        let gone = FeedHealth { gone: true, ..failing.clone() };
        let moved = FeedHealth { address: Some("https://new.example/".into()), ..feed() };
        let told = |feed: &FeedHealth, kind: TroubleKind| {
            let detail = finding(feed, kind, at(30)).map(|f| f.1).unwrap_or_default();
            FeedHealth { open: vec![(7, kind, detail)], ..feed.clone() }
        };
        let elsewhere = FeedHealth {
            address: Some("https://newer.example/".into()),
            ..told(&moved, TroubleKind::Moved)
        };
        for (name, feed, day, expected) in [
            ("all is well", feed(), 3, vec![]),
            ("failing for two days", failing.clone(), 2, vec![]),
            ("failing for three", failing.clone(), 3, vec!["failing"]),
            ("told already", told(&failing, TroubleKind::Failing), 9, vec![]),
            ("read again", told(&feed(), TroubleKind::Failing), 9, vec!["over"]),
            ("gone at once", gone, 0, vec!["gone"]),
            ("moved", moved.clone(), 0, vec!["moved"]),
            ("moved, told", told(&moved, TroubleKind::Moved), 1, vec![]),
            ("moved again", elsewhere, 1, vec!["over", "moved"]),
            ("a weekly blog after two weeks", feed(), 14, vec![]),
            ("after three and a day", feed(), 22, vec!["silent"]),
            (
                "silent because it fails",
                FeedHealth { failing_since: Some(at(21)), ..feed() },
                22,
                vec![],
            ),
            (
                "too few entries for a rhythm",
                FeedHealth { entries: vec![at(-90); 4], ..feed() },
                99,
                vec![],
            ),
            (
                "many entries in one day",
                FeedHealth { entries: vec![at(0); 30], ..feed() },
                13,
                vec![],
            ),
        ] {
            assert_eq!(kinds(&feed, day), expected, "{name}");
        }
    }
}
