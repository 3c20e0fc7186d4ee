//! One poll of one feed as data: what was known, what came back, what is to be stored.

use chrono::{DateTime, Utc};

use super::document::TextSource;
use super::fact::Fact;
use super::feed::{Entry, FeedName, Outcome, Validators};

/// What the store knows of a feed before it is polled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedState {
    /// Its row.
    pub id: i64,
    /// Its name in the configuration.
    pub name: FeedName,
    /// The validators of the last 200 answer.
    pub validators: Validators,
    /// A hash of the last body that was parsed.
    pub body_hash: Option<String>,
    /// When it was last asked.
    pub last_poll: Option<DateTime<Utc>>,
    /// When it last answered with 200 or 304.
    pub last_success: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: u32,
    /// Not to be asked before this time (Retry-After, back-off, Cache-Control).
    pub not_before: Option<DateTime<Utc>>,
    /// Whether a first poll has filled the ledger.
    pub baseline_done: bool,
    /// Whether the publisher answered 410.
    pub gone: bool,
}

/// What a request brought back, as far as deciding needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status; 200 for a file.
    pub status: u16,
    /// The address that answered, after redirects.
    pub final_url: String,
    /// `Content-Type`, as sent.
    pub content_type: Option<String>,
    /// The validators of this answer.
    pub validators: Validators,
    /// `Retry-After`, as sent.
    pub retry_after: Option<String>,
    /// `Cache-Control`, as sent.
    pub cache_control: Option<String>,
    /// The decoded body; empty for a 304.
    pub body: Vec<u8>,
}

/// An entry that is new or has a new version, with what was detected in it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedEntry {
    /// The entry.
    pub entry: Entry,
    /// The HTML that was read: the feed's, or the fetched page's.
    pub html: String,
    /// Which of the two.
    pub text_source: TextSource,
    /// What it announces.
    pub facts: Vec<Fact>,
    /// Whether its facts are news for readers; false in a baseline.
    pub report: bool,
}

/// Everything one poll changes, to be applied in one transaction (invariant 3).
#[derive(Clone, Debug, PartialEq)]
pub struct PollPlan {
    /// The feed's row.
    pub feed_id: i64,
    /// When the poll was made.
    pub at: DateTime<Utc>,
    /// How it ended.
    pub outcome: Outcome,
    /// The HTTP status, where one came.
    pub status: Option<u16>,
    /// The validators to keep from now on; `None` leaves the stored ones.
    pub validators: Option<Validators>,
    /// The hash of the body that was parsed; `None` leaves the stored one.
    pub body_hash: Option<String>,
    /// Not to be asked before this time.
    pub not_before: Option<DateTime<Utc>>,
    /// New entries and new versions.
    pub entries: Vec<PlannedEntry>,
    /// What was repaired or skipped, for the administrator.
    pub warnings: Vec<String>,
    /// Whether this poll completes the feed's baseline.
    pub completes_baseline: bool,
}
