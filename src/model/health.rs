//! Trouble with feeds, as the operator is told of it.

use chrono::{DateTime, Utc};

/// What can be wrong with a feed for so long that somebody should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TroubleKind {
    /// No poll has succeeded for days.
    Failing,
    /// Its publisher ended it (410).
    Gone,
    /// It moved for good; the configuration still has the old address.
    Moved,
    /// It is read, and says nothing for far longer than it used to.
    Silent,
}

impl TroubleKind {
    /// Every kind.
    pub const ALL: [TroubleKind; 4] =
        [TroubleKind::Failing, TroubleKind::Gone, TroubleKind::Moved, TroubleKind::Silent];

    /// Its word in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            TroubleKind::Failing => "failing",
            TroubleKind::Gone => "gone",
            TroubleKind::Moved => "moved",
            TroubleKind::Silent => "silent",
        }
    }

    /// The kind of a word.
    pub fn parse(word: &str) -> Option<TroubleKind> {
        TroubleKind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Trouble that began, and perhaps ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its row.
    pub id: i64,
    /// The feed's name.
    pub feed: String,
    /// What it is.
    pub kind: TroubleKind,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What may help, in words.
    pub detail: String,
    /// Since when it is over.
    pub over: Option<DateTime<Utc>>,
}

/// What is known of a feed's health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedHealth {
    /// The feed's row.
    pub feed_id: i64,
    /// Since when no poll has succeeded.
    pub failing_since: Option<DateTime<Utc>>,
    /// The last error.
    pub last_error: Option<String>,
    /// Whether its publisher ended it.
    pub gone: bool,
    /// Where it moved for good.
    pub address: Option<String>,
    /// When its latest entries were published, or first seen where they do not say, the newest first.
    pub entries: Vec<DateTime<Utc>>,
    /// Trouble that is not over: its row, kind and detail.
    pub open: Vec<(i64, TroubleKind, String)>,
}
