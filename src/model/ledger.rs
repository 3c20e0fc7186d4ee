//! What the ledger knows of a fact across documents.

use chrono::{DateTime, Utc};

use super::document::TextSource;
use super::fact::{Detail, Fact, Kind, Polarity};
use super::name::fold_name;

/// A fact's row in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FactId(pub i64);

/// What makes two reports the same fact, whoever tells it: names folded, details aside.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FactKey {
    /// The kind.
    pub kind: Kind,
    /// In or out.
    pub polarity: Polarity,
    /// The folded subject.
    pub subject: String,
    /// The folded body.
    pub body: String,
    /// For an appointment the folded unit and role: two positions are two facts. Else empty.
    pub position: String,
}

/// A short name and what it stands for, both folded.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Alias {
    /// The short name.
    pub short: String,
    /// The name that it stands for.
    pub name: String,
    /// Whether a text said so, and no lexicon: then the ledger remembers it.
    pub learnt: bool,
}

impl Alias {
    /// What a text says.
    pub fn learnt(short: &str, name: &str) -> Alias {
        Alias { short: fold_name(short), name: fold_name(name), learnt: true }
    }

    /// What a lexicon says.
    pub fn known(short: &str, name: &str) -> Alias {
        Alias { learnt: false, ..Alias::learnt(short, name) }
    }
}

/// Where and when a fact was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The feed's name.
    pub feed: String,
    /// The feed's publisher.
    pub publisher: String,
    /// The entry's title.
    pub title: String,
    /// The entry's address.
    pub link: Option<String>,
    /// Which of the entry's texts was read.
    pub text: TextSource,
    /// The entry's own date.
    pub published: Option<DateTime<Utc>>,
    /// When we first read it.
    pub seen: DateTime<Utc>,
    /// What this source says in detail, where that was kept.
    pub detail: Option<Detail>,
    /// The date of effect by its word.
    pub effective: Option<String>,
}

/// A fact of the ledger, as reconciling needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownFact {
    /// Its row.
    pub id: FactId,
    /// What it says.
    pub fact: Fact,
    /// When it was first seen.
    pub first_seen: DateTime<Utc>,
    /// What its words have to do with those of what was found.
    pub same_text: SameText,
    /// What it is known as now: itself, or what amends, strengthens or absorbed it.
    pub head: Head,
}

/// What the words that a known fact was read from have to do with those of a found one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameText {
    /// They are others.
    No,
    /// They are the same.
    Words,
    /// They stand in a text that the found one's is a copy of.
    Copy,
    /// So they do, and both are told of whoever publishes them: "we have joined".
    OwnWord,
}

/// The present form of a fact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Head {
    /// Its row.
    pub id: FactId,
    /// Its confidence.
    pub confidence: f64,
    /// Whether a person decided on it: nothing that is found changes it.
    pub decided: bool,
}

/// How a found fact stands to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// Not known before.
    New,
    /// Known; another source tells it again.
    Restated,
    /// Known, but a detail (tier, role, date) differs.
    Amended,
    /// Known, from weaker words.
    Strengthened,
}

/// One change of the ledger, as a digest reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its row, ascending in the order of discovery.
    pub id: i64,
    /// How it stands to what was known.
    pub kind: ChangeKind,
    /// The fact now.
    pub fact: Fact,
    /// For an amendment, the fact as it was.
    pub before: Option<Fact>,
    /// Every source that told it, the first one first; never empty.
    pub sources: Vec<Sighting>,
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// With what confidence the fact was known before, where it was.
    pub was: Option<f64>,
    /// Earlier changes that are told with it: the fact came to be known as it is now before anybody
    /// was told.
    pub earlier: Vec<i64>,
}
