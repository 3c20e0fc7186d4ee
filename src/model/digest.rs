//! Subscriptions and the digests composed for them.

use chrono::{DateTime, NaiveDate, Utc};

use super::fact::Kind;

/// A configured digest: who gets what.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// Its name, shown in the mail and used in its List-Id.
    pub name: String,
    /// The readers' addresses, each gets a message of its own.
    pub to: Vec<String>,
    /// The kinds of fact it reports.
    pub kinds: Vec<Kind>,
    /// Only these bodies, under any of their names; empty: all.
    pub bodies: Vec<String>,
    /// And whatever belongs to those bodies.
    pub include_children: bool,
    /// Only these subjects, under any of their names; empty: all.
    pub subjects: Vec<String>,
    /// Only facts seen in these feeds; empty: all.
    pub feeds: Vec<String>,
    /// Facts below this confidence are left out.
    pub min_confidence: f64,
    /// Organisations and people whose news go to the top.
    pub watch: Vec<String>,
    /// Their news go out at once, in a message of their own.
    pub watch_immediately: bool,
    /// Its readers are told when there was nothing to say for a month.
    pub all_quiet: bool,
}

/// Why a digest goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Its schedule asks for it.
    Scheduled,
    /// There is news of a watched name.
    Watch,
    /// There was nothing to say for a month.
    Quiet,
}

/// A digest that goes out after its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    /// When it was due first.
    pub due: DateTime<Utc>,
    /// How many times it was due since.
    pub times: usize,
    /// Whether digests were composed and could not be handed over; else nobody composed any.
    pub unsent: bool,
}

/// The span of time that a digest covers, half-open, with the reader's local dates for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// Start, included.
    pub from: DateTime<Utc>,
    /// End, excluded.
    pub until: DateTime<Utc>,
    /// The first day, in the subscription's time zone.
    pub first_day: NaiveDate,
    /// The last day, in the subscription's time zone.
    pub last_day: NaiveDate,
}

/// A link to a source under an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLink {
    /// The publisher or feed, in words.
    pub label: String,
    /// An http(s) address; anything else was dropped.
    pub url: Option<String>,
    /// The same address with a text fragment that leads to the evidence.
    pub deep_url: Option<String>,
    /// What this source says otherwise: "Silver member", "effective 2027-01-01".
    pub says: Option<String>,
    /// The day it was published, or first seen.
    pub day: NaiveDate,
    /// Whether the proof stands on the entry's page, since the feed has only a summary.
    pub from_page: bool,
}

/// One line of news with its proof.
#[derive(Clone, Debug, PartialEq)]
pub struct DigestItem {
    /// The sentence that says what happened, as runs of (text, is it strong).
    pub headline: Vec<(String, bool)>,
    /// The evidence as runs of (text, is it marked).
    pub quote: Vec<(String, bool)>,
    /// Where it was read, the first source first.
    pub sources: Vec<SourceLink>,
    /// The date of effect, where one is given.
    pub effective: Option<String>,
    /// The confidence, shown where the fact is unconfirmed.
    pub confidence: f64,
}

/// The news of one body.
#[derive(Clone, Debug, PartialEq)]
pub struct DigestSection {
    /// The body's name.
    pub body: String,
    /// Memberships before appointments.
    pub items: Vec<DigestItem>,
    /// How many facts the items report (an item may report several).
    pub fact_count: usize,
}

/// A composed digest: everything that the renderers need, nothing that they must look up.
#[derive(Clone, Debug, PartialEq)]
pub struct Digest {
    /// The subscription's name.
    pub subscription: String,
    /// The period's label: `2026-11-22` or `2026-W47`.
    pub label: String,
    /// Why it goes out.
    pub occasion: Occasion,
    /// What it covers.
    pub period: Period,
    /// The counts in words: "4 joined, 1 left, 5 appointments".
    pub counts: String,
    /// The subject line of the mail: the counts and the leading names.
    pub subject: String,
    /// The news of watched names; they do not stand among those of the bodies.
    pub watched: Vec<DigestItem>,
    /// The news by body.
    pub sections: Vec<DigestSection>,
    /// The facts below the confidence at which a fact counts as confirmed.
    pub unconfirmed: Vec<DigestItem>,
    /// Corrections of what an earlier digest said, as items.
    pub corrections: Vec<DigestItem>,
    /// That it is sent later than its schedule asked, where it is, in words.
    pub late: Option<String>,
    /// How many changes of this period were told at once, each when it was found.
    pub told_at_once: u32,
    /// The changes it reports, by row.
    pub change_ids: Vec<i64>,
    /// Those of them that correct what was told before.
    pub corrected: Vec<i64>,
    /// How many feeds were read in the period.
    pub feeds_read: usize,
    /// How many of them fail now.
    pub feeds_failing: usize,
    /// What the operator should know of the feeds, one a line; empty for everybody else.
    pub health: Vec<String>,
}
