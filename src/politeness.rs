//! How politely a feed was treated, by its own record of requests: the criteria of polite polling
//! that a record can show (P24). Those that it cannot are held by tests (docs/POLITENESS.md). Pure.

use chrono::Duration;

use crate::model::RequestRecord;

/// A criterion and how it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// Its number in docs/POLITENESS.md.
    pub criterion: &'static str,
    /// What it asks.
    pub asks: &'static str,
    /// Times that it was kept.
    pub kept: usize,
    /// Times that it applied.
    pub of: usize,
}

impl Score {
    /// Whether it was kept whenever it applied.
    pub fn is_kept(&self) -> bool {
        self.kept == self.of
    }
}

/// What a record of requests adds up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The scores, by criterion.
    pub scores: Vec<Score>,
    /// Requests for the feed.
    pub requests: usize,
    /// Those that were answered with 304.
    pub unchanged: usize,
    /// Bytes of all bodies, decoded.
    pub bytes: u64,
    /// The usual time between two requests.
    pub interval: Option<Duration>,
}

/// Adds up a record, the oldest request first. `min_interval` is the feed's floor, as configured.
pub fn score(requests: &[RequestRecord], min_interval: Duration) -> Record {
    let feed: Vec<&RequestRecord> = requests.iter().filter(|r| !r.page).collect();
    let mut gaps: Vec<Duration> = feed.windows(2).map(|w| w[1].at - w[0].at).collect();
    let count = |applies: &dyn Fn(&RequestRecord) -> bool,
                 kept: &dyn Fn(&RequestRecord) -> bool| {
        let of: Vec<_> = requests.iter().filter(|r| applies(r)).collect();
        (of.iter().filter(|r| kept(r)).count(), of.len())
    };
    let scores = [
        (
            "P1",
            "a request carries the validators of the last answer",
            count(&|r| !r.page && r.held, &|r| r.conditional),
        ),
        (
            "P7",
            "requests keep the shortest interval",
            (gaps.iter().filter(|g| **g >= min_interval).count(), gaps.len()),
        ),
        (
            "P9",
            "nothing is asked before the time that caching, ttl, back-off or Retry-After name",
            count(&|r| !r.page, &|r| !r.early),
        ),
        (
            "P14",
            "no more than five redirects are followed",
            count(&|_| true, &|r| r.redirects <= 5),
        ),
        (
            "P22",
            "nothing is accepted that was not asked for",
            count(&|_| true, &|r| r.status != Some(226)),
        ),
    ]
    .map(|(criterion, asks, (kept, of))| Score { criterion, asks, kept, of })
    .to_vec();
    gaps.sort_unstable();
    Record {
        scores,
        requests: feed.len(),
        unchanged: feed.iter().filter(|r| r.status == Some(304)).count(),
        bytes: requests.iter().map(|r| r.bytes).sum(),
        interval: gaps.get(gaps.len() / 2).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn a_record_shows_what_was_kept() {
        let at = |minutes: i64| {
            DateTime::from_timestamp(1_795_000_000, 0).unwrap_or_default()
                + Duration::minutes(minutes)
        };
        let request = |minutes, held, conditional, status| RequestRecord {
            at: at(minutes),
            held,
            conditional,
            status: Some(status),
            bytes: 10,
            ..RequestRecord::default()
        };
        let record = score(
            &[
                request(0, false, false, 200),
                request(60, true, true, 304),
                RequestRecord { page: true, ..request(60, false, false, 200) },
                RequestRecord { early: true, ..request(65, true, false, 200) },
            ],
            Duration::minutes(15),
        );
        let kept: Vec<_> = record.scores.iter().map(|s| (s.criterion, s.kept, s.of)).collect();
        assert_eq!(kept, [("P1", 1, 2), ("P7", 1, 2), ("P9", 2, 3), ("P14", 4, 4), ("P22", 4, 4)]);
        assert_eq!((record.requests, record.unchanged, record.bytes), (3, 1, 40));
        assert_eq!(score(&[], Duration::zero()).interval, None);
    }
}
