//! JSON Feed 1.x, taken as it comes: no version, numbers for ids, fields of a wrong type, a tail
//! that is missing.
//!
//! feed-rs refuses all of these, and reads nothing of the rest that this does not.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use url::Url;

use super::channel::Channel;
use super::draft::{Document, Draft, escape};
use super::{ENTRIES_MAX, absolute, dates};

/// Reads a document.
///
/// # Errors
/// When it is no JSON feed at all.
pub fn read(
    text: &str,
    base: Option<&Url>,
    warnings: &mut Vec<String>,
) -> Result<(Document, Channel), String> {
    let feed = match serde_json::from_str::<Feed>(text) {
        Ok(feed) => feed,
        Err(error) => {
            let items = torn_items(text);
            if items.is_empty() {
                return Err(format!("it begins like JSON, but: {error}"));
            }
            warnings.push(format!(
                "the JSON feed is broken ({error}); the entries before the damage were read"
            ));
            Feed { items: Some(Items { read: items, all: 0 }), ..Feed::default() }
        }
    };
    let Some(items) = feed.items else {
        return Err("it is JSON, but holds no `items`".to_owned());
    };
    if items.all > items.read.len() {
        warnings.push(format!(
            "the feed has {} entries; only the first {ENTRIES_MAX} are read",
            items.all
        ));
    }
    if !feed.version.0.as_deref().is_some_and(|v| v.contains("jsonfeed.org/version/1")) {
        warnings.push("the JSON feed has no version that is known; it is read as 1.1".to_owned());
    }
    let hub = feed.hubs.0.into_iter().find_map(|hub| hub.url.0);
    let site = feed.home_page_url.0.as_deref();
    let channel = Channel::of_json(site, feed.feed_url.0.as_deref(), hub.as_deref());
    let author = feed.author.or(feed.authors);
    let drafts = items.read.into_iter().map(|item| draft(item, base, author.0.as_deref()));
    let entries = drafts.collect();
    Ok((Document { title: feed.title.0.map(|t| escape(&t)), entries }, channel))
}

fn draft(item: Item, base: Option<&Url>, author: Option<&str>) -> Draft {
    let filled = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let address = |text: Option<String>| filled(text).and_then(|t| absolute(&t, None, base));
    let guid = filled(item.id.0);
    Draft {
        title: filled(item.title.0).map(|t| escape(&t)),
        link: address(item.url.0)
            .or_else(|| address(item.external_url.0))
            .or_else(|| guid.as_deref().and_then(|guid| absolute(guid, None, None))),
        guid,
        published: item.date_published.0.as_deref().and_then(dates::parse),
        updated: item.date_modified.0.as_deref().and_then(dates::parse),
        author: filled(item.author.or(item.authors).0).or_else(|| author.map(str::to_owned)),
        summary: filled(item.summary.0).map(|t| escape(&t)),
        content: filled(item.content_html.0)
            .or_else(|| filled(item.content_text.0).map(|t| escape(&t).replace('\n', "<br>\n"))),
    }
}

/// The items that stand whole in a text that is no whole JSON.
fn torn_items(text: &str) -> Vec<Item> {
    let Some(at) = text.find("\"items\"") else { return Vec::new() };
    let Some(open) = text[at..].find('[') else { return Vec::new() };
    let mut rest = &text[at + open + 1..];
    let mut items = Vec::new();
    while items.len() < ENTRIES_MAX {
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Item>();
        let Some(Ok(item)) = stream.next() else { break };
        rest = rest[stream.byte_offset()..].trim_start().trim_start_matches(',');
        items.push(item);
    }
    items
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Feed {
    version: Lax,
    title: Lax,
    home_page_url: Lax,
    feed_url: Lax,
    author: Name,
    authors: Name,
    hubs: Hubs,
    items: Option<Items>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Item {
    id: Lax,
    url: Lax,
    external_url: Lax,
    title: Lax,
    content_html: Lax,
    content_text: Lax,
    summary: Lax,
    date_published: Lax,
    date_modified: Lax,
    author: Name,
    authors: Name,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Hub {
    url: Lax,
}

/// A string, or what is written in its place: a number is its digits, all else is nothing.
#[derive(Default)]
struct Lax(Option<String>);

/// The first name of an author, of a list of them, or a bare string.
#[derive(Default)]
struct Name(Option<String>);

impl Name {
    fn or(self, other: Name) -> Name {
        Name(self.0.or(other.0))
    }
}

/// The hubs, or nothing where they are no list.
#[derive(Default)]
struct Hubs(Vec<Hub>);

/// The first `ENTRIES_MAX` items, and how many there are.
struct Items {
    read: Vec<Item>,
    all: usize,
}

impl<'de> Deserialize<'de> for Lax {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Lax, D::Error> {
        deserializer.deserialize_any(LaxVisitor).map(Lax)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_any(NameVisitor).map(Name)
    }
}

impl<'de> Deserialize<'de> for Hubs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hubs, D::Error> {
        let hubs = Option::<Vec<Hub>>::deserialize(deserializer)?;
        Ok(Hubs(hubs.unwrap_or_default()))
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Items, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

/// The scalars of JSON that mean no text, for a visitor whose value is `Option<String>`.
macro_rules! scalars {
    () => {
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }
        fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
            Ok(Some(text))
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }
        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }
        fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }
    };
}

struct LaxVisitor;

impl<'de> Visitor<'de> for LaxVisitor {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an author or a list of them")
    }

    scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut first = None;
        while let Some(Name(name)) = seq.next_element()? {
            first = first.or(name);
        }
        Ok(first)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Lax(key)) = map.next_key()? {
            let Lax(value) = map.next_value()?;
            if key.as_deref() == Some("name") {
                found = value;
            }
        }
        Ok(found)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items, A::Error> {
        let mut items = Items { read: Vec::new(), all: 0 };
        while items.read.len() < ENTRIES_MAX {
            let Some(item) = seq.next_element()? else { break };
            items.read.push(item);
        }
        items.all = items.read.len();
        while seq.next_element::<IgnoredAny>()?.is_some() {
            items.all += 1;
        }
        Ok(items)
    }
}
