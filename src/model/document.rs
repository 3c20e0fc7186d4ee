//! The article: the text that detection reads.

use serde::{Deserialize, Serialize};

/// Where an article's text was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextSource {
    /// The feed carried it.
    Feed,
    /// The entry's page was fetched.
    Page,
}

/// One document as detection takes it: a feed entry with the best text known for it. This is
/// also the input line of `gazetted detect`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    /// An identifier, carried through to the output.
    pub id: String,
    /// The feed's publisher: "our board" is the publisher's.
    #[serde(default, deserialize_with = "null_as_default")]
    pub publisher: String,
    /// The title, as plain text.
    #[serde(default, deserialize_with = "null_as_default")]
    pub title: String,
    /// Publication date as the feed gives it (`YYYY-MM-DD…`), for relative dates in the text.
    #[serde(default)]
    pub published: Option<String>,
    /// The author: the first person of the text.
    #[serde(default)]
    pub author: Option<String>,
    /// Where the article stands.
    #[serde(default)]
    pub url: Option<String>,
    /// The body, as HTML.
    #[serde(default, deserialize_with = "null_as_default")]
    pub html: String,
}

fn null_as_default<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}
