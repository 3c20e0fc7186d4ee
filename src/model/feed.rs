//! Feeds and their entries, before anything is read into them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A feed's name in the configuration: its identity across restarts and changes of address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeedName(pub String);

impl std::fmt::Display for FeedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What sort of publisher a feed belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedKind {
    /// A foundation, consortium or project: every entry may matter.
    #[default]
    Foundation,
    /// A company's newsroom or blog.
    Vendor,
    /// A newswire that carries many companies' releases.
    Newswire,
}

/// Whether an entry's page is fetched for its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FullTextPolicy {
    /// Where the feed carries only a summary.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A configured feed, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Its name.
    pub name: FeedName,
    /// Its address: http, https or file.
    pub url: String,
    /// Whose voice it is.
    pub publisher: String,
    /// What sort of publisher that is.
    pub kind: FeedKind,
    /// Whether to fetch pages.
    pub full_text: FullTextPolicy,
}

/// An entry's identity inside its feed: guid, else link, else a hash of the content.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryKey(pub String);

/// One entry of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its identity inside the feed.
    pub key: EntryKey,
    /// The guid or id as the feed gives it.
    pub guid: Option<String>,
    /// The absolute address of its page.
    pub link: Option<String>,
    /// The title as one line of plain text.
    pub title: String,
    /// When it says it was published. Never decides what is new (invariant 7).
    pub published: Option<DateTime<Utc>>,
    /// Its first author's name.
    pub author: Option<String>,
    /// The longest of content and summary, as HTML.
    pub html: String,
    /// Whether the feed gave a full content element, not only a summary.
    pub has_content: bool,
    /// A hash of title and html: a new version of a known entry has another.
    pub version: String,
}

/// The validators of the last 200 answer, byte for byte (RFC 9110 §8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`, quotes and `W/` included.
    pub etag: Option<String>,
    /// `Last-Modified`, as sent.
    pub last_modified: Option<String>,
}

/// How one poll ended, for the store and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A body came and was parsed.
    Fetched,
    /// 304, or the same bytes as last time.
    Unchanged,
    /// 410: the publisher says that the feed is no more.
    Gone,
    /// 429 or 503, or any other failure; the text says what and what may help.
    Failed(String),
    /// Not asked: its host rests until a time that it named. The text says until when.
    Postponed(String),
}
