//! One poll of one feed as data: what was known, what came back, what is to be stored.

use chrono::{DateTime, Utc};

use super::document::TextSource;
use super::fact::Fact;
use super::feed::{Entry, EntryKey, Feed, FeedName, Outcome, Validators};
use super::ledger::Alias;

/// What is known of feeds, by their names. The names are the user's own: nobody makes them collide.
pub type FeedStates = rustc_hash::FxHashMap<FeedName, FeedState>;

/// What is known of a feed between two polls. A poll makes the next one from it.
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
    /// The last HTTP status, where one came.
    pub last_status: Option<u16>,
    /// The last error, where the last poll failed.
    pub last_error: Option<String>,
    /// Failures in a row.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since: Option<DateTime<Utc>>,
    /// Not to be asked before this time (Retry-After, back-off, Cache-Control, ttl).
    pub not_before: Option<DateTime<Utc>>,
    /// Until when the server asked in so many words to be left alone (Retry-After).
    pub rest_until: Option<DateTime<Utc>>,
    /// Whether a first poll has filled the ledger.
    pub baseline_done: bool,
    /// Whether the publisher answered 410.
    pub gone: bool,
    /// Where the feed moved for good, proven by many permanent redirects (P13).
    pub address: Option<String>,
    /// Where it is redirected to permanently, not yet proven.
    pub moving: Option<Moving>,
    /// Its web site, by its own word.
    pub site: Option<String>,
    /// When the page of one of its entries is to be tried again.
    pub pages_due: Option<DateTime<Utc>>,
    /// So many requests were made for it so far, for pages of its entries too.
    pub requests: i64,
}

impl FeedState {
    /// The address that is asked: the configured one, or where it moved for good.
    pub fn address_of<'a>(&'a self, feed: &'a Feed) -> &'a str {
        self.address.as_deref().unwrap_or(&feed.url)
    }

    /// A feed that was never asked.
    pub fn unasked(id: i64, name: FeedName) -> FeedState {
        FeedState {
            id,
            name,
            validators: Validators::default(),
            body_hash: None,
            last_poll: None,
            last_success: None,
            last_status: None,
            last_error: None,
            failures: 0,
            failing_since: None,
            not_before: None,
            rest_until: None,
            baseline_done: false,
            gone: false,
            address: None,
            moving: None,
            site: None,
            pages_due: None,
            requests: 0,
        }
    }

    /// Whether another state says the same but for when the feed was asked, how it answered and when
    /// it may be asked again, as after most polls.
    pub fn is_but_for_times(&self, other: &FeedState) -> bool {
        let FeedState {
            id,
            name,
            validators,
            body_hash,
            last_poll: _,
            last_success: _,
            last_status: _,
            last_error,
            failures,
            failing_since,
            not_before: _,
            rest_until: _,
            baseline_done,
            gone,
            address,
            moving,
            site,
            pages_due,
            requests: _,
        } = other;
        (self.id, self.failures, self.baseline_done, self.gone)
            == (*id, *failures, *baseline_done, *gone)
            && (self.failing_since, self.pages_due) == (*failing_since, *pages_due)
            && (&self.last_error, &self.address, &self.site) == (last_error, address, site)
            && (&self.name, &self.validators) == (name, validators)
            && (&self.body_hash, &self.moving) == (body_hash, moving)
    }
}

/// A permanent redirect that is watched until it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moving {
    /// Where it leads.
    pub to: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Polls in a row that were led there.
    pub polls: u32,
}

/// One redirect on the way to an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// Where it led.
    pub to: String,
}

impl Hop {
    /// Whether the server says that the old address is no more in use (RFC 9110 §15.4.2, §15.4.9).
    pub fn is_permanent(&self) -> bool {
        matches!(self.status, 301 | 308)
    }
}

/// What a request brought back, as far as deciding needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status; 200 for a file.
    pub status: u16,
    /// The address that answered, after redirects.
    pub final_url: String,
    /// The redirects on the way there.
    pub hops: Vec<Hop>,
    /// `Content-Type`, as sent.
    pub content_type: Option<String>,
    /// The validators of this answer.
    pub validators: Validators,
    /// `Retry-After`, as sent.
    pub retry_after: Option<String>,
    /// `Cache-Control`, as sent.
    pub cache_control: Option<String>,
    /// `Expires`, as sent.
    pub expires: Option<String>,
    /// `Date`, as sent.
    pub date: Option<String>,
    /// `Age`, as sent.
    pub age: Option<String>,
    /// The decoded body; empty for a 304.
    pub body: Vec<u8>,
}

/// One request, for the feed's own record of how it was treated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestRecord {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Whether it was for the page of an entry.
    pub page: bool,
    /// Whether validators were there to be sent.
    pub held: bool,
    /// Whether they were sent.
    pub conditional: bool,
    /// The status, where one came.
    pub status: Option<u16>,
    /// Bytes of the decoded body.
    pub bytes: u64,
    /// Redirects that were followed.
    pub redirects: u32,
    /// Whether it was made before the server's own rest was over.
    pub early: bool,
}

/// What is to become of an entry's page that could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRetry {
    /// Tries that failed so far.
    pub tries: u32,
    /// When the next one is due; `None` gives it up.
    pub due: Option<DateTime<Utc>>,
}

/// An entry that is new or has a new version, with what was detected in it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedEntry {
    /// The entry; its HTML stands in `html`.
    pub entry: Entry,
    /// The HTML that was read: the feed's, or the fetched page's.
    pub html: String,
    /// Which of the two.
    pub text_source: TextSource,
    /// What it announces.
    pub facts: Vec<Fact>,
    /// What short names of its facts stand for, by its own words and by the lexicons.
    pub aliases: Vec<Alias>,
    /// Its title and text, folded, where it announces something: words that prove a known fact are
    /// known again in them.
    pub words: String,
    /// A hash of its folded text, where it announces something: a copy has the same.
    pub fingerprint: Option<String>,
    /// Whether its facts are news for readers; false in a baseline.
    pub report: bool,
    /// Where its page was wanted and could not be had.
    pub page_retry: Option<PageRetry>,
    /// Whether the entry is known in this version and only its page came later.
    pub late_page: bool,
}

/// An entry under an unknown key that may be a known one under a new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Its place among the entries that are new or changed.
    pub index: usize,
    /// Its address.
    pub link: Option<String>,
    /// Its version, as it is written today and as it was written before.
    pub versions: [String; 2],
}

/// An entry that was known under another key: the feed gave all its entries new ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// As it was known.
    pub old: EntryKey,
    /// As it is known from now on.
    pub new: EntryKey,
}

/// Everything one poll changes, to be applied in one transaction (invariant 3).
#[derive(Clone, Debug, PartialEq)]
pub struct PollPlan {
    /// When the poll was made.
    pub at: DateTime<Utc>,
    /// How it ended.
    pub outcome: Outcome,
    /// The feed as it is known from now on, its validators included.
    pub state: FeedState,
    /// Entries that changed their key; they come before `entries`.
    pub rekeyed: Vec<Rekeyed>,
    /// New entries and new versions.
    pub entries: Vec<PlannedEntry>,
    /// All entries that the feed shows now; empty where nobody looked.
    pub shown: Vec<EntryKey>,
    /// What was repaired or skipped, for the administrator; `None` leaves what is known.
    pub warnings: Option<Vec<String>>,
    /// The requests that were made.
    pub requests: Vec<RequestRecord>,
    /// Whether of what is known of the feed only times, status and the count of requests change, as
    /// with most polls: then no more is written.
    pub quiet: bool,
}
