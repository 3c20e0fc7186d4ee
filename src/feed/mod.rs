//! Bytes to entries: decoding, repair, parsing, identity.
//!
//! A feed that is broken gives what stands before the damage, and the damage is a warning. An
//! entry is never lost silently. Knows nothing of HTTP beyond the charset of a Content-Type.

mod channel;
mod decode;
pub mod discover;
mod identity;
mod repair;
mod scan;
mod survey;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use channel::Channel;
use feed_rs::model as raw;
use feed_rs::parser::Builder;
use url::Url;

use crate::model::Entry;
use crate::text::plain_text;

/// No feed gives more entries at once; the newest stand first, so the rest is the archive.
pub const ENTRIES_MAX: usize = 5_000;

/// Elements may not stand deeper: feed-rs' own parser is quadratic in the depth, and no feed in
/// use nests beyond a few dozen.
const DEPTH_MAX: usize = 256;

/// A feed, parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedFeed {
    /// Its own title.
    pub title: Option<String>,
    /// Its entries, in the feed's order.
    pub entries: Vec<Entry>,
    /// What was repaired or is odd.
    pub warnings: Vec<String>,
    /// How long the publisher asks to be left alone (RSS `ttl`).
    pub ttl: Option<Duration>,
    /// How often it changes by its own word.
    pub update_interval: Option<Duration>,
    /// Hours of the day, UTC, in which nothing changes.
    pub skip_hours: Vec<u8>,
    /// Days on which nothing changes.
    pub skip_days: Vec<chrono::Weekday>,
    /// Its web site, absolute.
    pub site: Option<String>,
    /// Its own address by its own word (`rel="self"`), absolute.
    pub own_address: Option<String>,
    /// Its WebSub hub (`rel="hub"`), absolute.
    pub hub: Option<String>,
}

/// Why bytes gave no feed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It is a web page.
    #[error("this is a web page, not a feed; look for the feed's own address")]
    Page,
    /// Nothing could be read even after repair.
    #[error("this is no RSS, Atom or JSON feed: {0}")]
    Unreadable(String),
    /// Nested deeper than any feed.
    #[error("the document nests more than {DEPTH_MAX} elements")]
    Depth,
    /// The parser itself failed.
    #[error("the feed parser failed on this document; please report the feed's address")]
    Panic,
}

/// Parses a feed.
///
/// # Errors
/// When no entry can be had from the bytes.
pub fn parse(
    bytes: &[u8],
    content_type: Option<&str>,
    base_url: &str,
) -> Result<ParsedFeed, ParseError> {
    let mut warnings = Vec::new();
    let text = decode::decode(bytes, content_type, &mut warnings);
    let text = repair::neutralise(&text, &mut warnings);
    if repair::depth(&text) > DEPTH_MAX {
        return Err(ParseError::Depth);
    }
    let channel = survey::survey(&text).channel;
    let feed = match read(&text, base_url) {
        Ok(feed) if !repair::loses_entries(&text, feed.entries.len()) => feed,
        first => {
            let mended = repair::mend(&text);
            match (read(&mended, base_url), first) {
                (Ok(feed), Err(reason)) => {
                    warnings.push(format!("the feed is broken ({reason}); it was repaired, and what stands behind the damage may be missing"));
                    feed
                }
                (Ok(mended), Ok(first)) => {
                    warnings.push(
                        "the feed has mismatched tags; entries behind them were recovered"
                            .to_owned(),
                    );
                    if mended.entries.len() > first.entries.len() { mended } else { first }
                }
                (Err(_), Ok(first)) => {
                    warnings.push(
                        "the feed has mismatched tags; entries behind them may be missing"
                            .to_owned(),
                    );
                    first
                }
                (Err(_), Err(reason)) => return Err(refuse(&text, reason)),
            }
        }
    };
    Ok(convert(feed, &channel, base_url, warnings))
}

/// The text of a fetched page, decoded by the same rules as a feed.
pub fn decode_page(bytes: &[u8], content_type: Option<&str>) -> String {
    decode::decode(bytes, content_type, &mut Vec::new())
}

fn refuse(text: &str, reason: String) -> ParseError {
    let start: String = text.chars().take(2_000).collect::<String>().to_lowercase();
    if reason == PANICKED {
        ParseError::Panic
    } else if start.contains("<html") || start.contains("<!doctype html") {
        ParseError::Page
    } else {
        ParseError::Unreadable(reason)
    }
}

const PANICKED: &str = "the parser panicked";

/// feed-rs panics on some input (notes/crates.md): a panic is that feed's error and nobody else's.
fn read(text: &str, base_url: &str) -> Result<raw::Feed, String> {
    let parse = || {
        let builder = Builder::new().base_uri(Some(base_url)).id_generator(|_, _, _| String::new());
        builder.sanitize_content(false).build().parse(text.as_bytes())
    };
    match catch_unwind(AssertUnwindSafe(parse)) {
        Ok(result) => result.map_err(|e| e.to_string()),
        Err(_) => Err(PANICKED.to_owned()),
    }
}

fn convert(
    feed: raw::Feed,
    channel: &Channel,
    base_url: &str,
    mut warnings: Vec<String>,
) -> ParsedFeed {
    if feed.entries.len() > ENTRIES_MAX {
        warnings.push(format!(
            "the feed has {} entries; only the first {ENTRIES_MAX} are read",
            feed.entries.len()
        ));
    }
    let base = Url::parse(base_url).ok();
    let mut entries: Vec<Entry> =
        feed.entries.into_iter().take(ENTRIES_MAX).map(|e| entry(e, base.as_ref())).collect();
    identity::settle(&mut entries, &mut warnings);
    ParsedFeed {
        title: feed.title.map(|t| plain_text(&t.content)).filter(|t| !t.is_empty()),
        entries,
        warnings,
        ttl: channel.ttl,
        update_interval: channel.update_interval(),
        skip_hours: channel.skip_hours.clone(),
        skip_days: channel.skip_days.clone(),
        site: channel.site(base.as_ref()),
        own_address: channel.own(base.as_ref()),
        hub: channel.hub(base.as_ref()),
    }
}

fn entry(raw: raw::Entry, base: Option<&Url>) -> Entry {
    let content = raw.content.and_then(|c| c.body).filter(|b| !b.trim().is_empty());
    let has_content = content.is_some();
    let summary = raw.summary.map(|s| s.content).unwrap_or_default();
    let html = match content {
        // Some feeds put a teaser into content and the text into the summary.
        Some(content) if content.len() >= summary.len() => content,
        Some(_) | None => summary,
    };
    let link = raw
        .links
        .iter()
        .find(|l| l.rel.as_deref().is_none_or(|rel| rel == "alternate"))
        .or(raw.links.first())
        .and_then(|l| absolute(&l.href, raw.base.as_deref(), base));
    let title = raw.title.map(|t| one_line(&plain_text(&t.content))).unwrap_or_default();
    let guid = Some(raw.id.trim().to_owned()).filter(|id| !id.is_empty());
    let mut entry = Entry {
        key: identity::key(guid.as_deref(), link.as_deref(), &title, &html),
        guid,
        link,
        version: identity::version(&title, &html),
        title,
        published: raw.published.or(raw.updated),
        author: raw
            .authors
            .into_iter()
            .map(|a| one_line(a.name.as_deref().unwrap_or_default()))
            .find(|name| !name.is_empty() && name != "unknown"),
        html,
        has_content,
    };
    if entry.html.len() > HTML_BYTES_MAX {
        let cut =
            (0..=HTML_BYTES_MAX).rev().find(|at| entry.html.is_char_boundary(*at)).unwrap_or(0);
        entry.html.truncate(cut);
    }
    entry
}

/// An entry's text is cut here, in bytes: longer than any announcement, short enough for any store.
const HTML_BYTES_MAX: usize = 1024 * 1024;

fn absolute(href: &str, own_base: Option<&str>, base: Option<&Url>) -> Option<String> {
    let href = href.trim();
    let base = match (own_base.map(str::trim).filter(|b| !b.is_empty()), base) {
        (Some(own), Some(base)) => base.join(own).ok(),
        (Some(own), None) => Url::parse(own).ok(),
        (None, base) => base.cloned(),
    };
    let url = match base {
        Some(base) => base.join(href).ok(),
        None => Url::parse(href).ok(),
    }?;
    matches!(url.scheme(), "http" | "https" | "file").then(|| url.to_string())
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://example.org/feed.xml";

    fn rss(items: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>T</title><link>https://example.org/</link><description>d</description>{items}</channel></rss>"
        )
    }

    fn titles(bytes: &[u8]) -> Vec<String> {
        parse(bytes, None, BASE).unwrap().entries.into_iter().map(|e| e.title).collect()
    }

    #[test]
    fn every_format_gives_its_entries() {
        for (name, text) in [
            ("RSS 2.0", rss("<item><title>A</title><link>/a</link></item>")),
            ("RSS 0.91", rss("<item><title>A</title><link>/a</link></item>").replace("2.0", "0.91")),
            ("no version", rss("<item><title>A</title><link>/a</link></item>").replace(" version=\"2.0\"", "")),
            ("odd version", rss("<item><title>A</title><link>/a</link></item>").replace("2.0", "2")),
            ("RSS 1.0", "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\"><channel><title>T</title><link>l</link><description>d</description></channel><item><title>A</title><link>https://example.org/a</link></item></rdf:RDF>".into()),
            ("Atom 1.0", "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>T</title><id>x</id><updated>2026-01-01T00:00:00Z</updated><entry><title>A</title><id>1</id><link href=\"/a\"/><updated>2026-01-01T00:00:00Z</updated></entry></feed>".into()),
            ("JSON Feed", "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"T\",\"items\":[{\"id\":\"1\",\"url\":\"https://example.org/a\",\"title\":\"A\",\"content_html\":\"<p>x\"}]}".into()),
            ("JSON Feed, numeric id, no version", "{\"title\":\"T\",\"items\":[{\"id\":1,\"url\":\"https://example.org/a\",\"title\":\"A\",\"content_text\":\"x\"}]}".into()),
        ] {
            let feed = parse(text.as_bytes(), None, BASE).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(feed.entries.len(), 1, "{name}");
            assert_eq!(feed.entries[0].title, "A", "{name}");
            assert_eq!(feed.entries[0].link.as_deref(), Some("https://example.org/a"), "{name}");
        }
    }

    #[test]
    fn broken_feeds_give_what_can_be_had() {
        let item = |t: &str| format!("<item><title>{t}</title><guid>{t}</guid></item>");
        let two = rss(&(item("One") + &item("Two")));
        for (name, text, expected) in [
            ("bare ampersand in a title", rss(&item("A & B")), vec!["A & B"]),
            (
                "bare ampersand in a link",
                rss("<item><title>A</title><link>https://example.org/?a=1&b=2</link></item>"),
                vec!["A"],
            ),
            ("HTML entities", rss(&item("Ana&nbsp;&rsquo;s caf&eacute;")), vec!["Ana ’s café"]),
            ("cut off", two[..two.len() - 30].to_owned(), vec!["One"]),
            (
                "mismatched tag",
                rss(&(item("One")
                    + "<item><title>Two</b></title><guid>2</guid></item>"
                    + &item("Three"))),
                vec!["One", "Two", "Three"],
            ),
            (
                "garbage before",
                format!("<br />Warning: x in <b>y.php</b>\n{two}"),
                vec!["One", "Two"],
            ),
            ("white space before", format!("{}{two}", " ".repeat(20_000)), vec!["One", "Two"]),
            (
                "second declaration",
                two.replace(
                    "<item><title>Two",
                    "<?xml version=\"1.0\" encoding=\"latin1\"?><item><title>Two",
                ),
                vec!["One", "Two"],
            ),
            ("control characters", rss(&item("A\u{1}B\0")), vec!["AB"]),
            (
                "markup in a title",
                rss(&item("&lt;b&gt;Bold&lt;/b&gt; &amp;amp; more")),
                vec!["Bold & more"],
            ),
        ] {
            assert_eq!(titles(text.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_feed_says_so() {
        assert_eq!(parse(b"<!doctype html><html><body>hi", None, BASE), Err(ParseError::Page));
        assert!(matches!(parse(b"", None, BASE), Err(ParseError::Unreadable(_))));
        let deep = rss(&format!("<item><title>A</title><description>{}", "<div>".repeat(5_000)));
        assert_eq!(parse(deep.as_bytes(), None, BASE), Err(ParseError::Depth));
    }

    #[test]
    fn a_declared_charset_is_followed_and_a_mark_wins() {
        let latin = rss("<item><title>Caf\u{e9}</title></item>");
        let bytes: Vec<u8> = latin.chars().map(|c| c as u8).collect();
        for content_type in [Some("application/rss+xml; charset=ISO-8859-1"), None] {
            let feed = parse(&bytes, content_type, BASE).unwrap();
            assert_eq!(feed.entries[0].title, "Café", "{content_type:?}");
        }
        let marked = format!("\u{feff}{latin}");
        let feed = parse(marked.as_bytes(), Some("text/xml; charset=windows-1252"), BASE).unwrap();
        assert_eq!(feed.entries[0].title, "Café");
        let utf16: Vec<u8> = std::iter::once(0xfeff_u16)
            .chain(latin.encode_utf16())
            .flat_map(u16::to_be_bytes)
            .collect();
        assert_eq!(parse(&utf16, None, BASE).unwrap().entries[0].title, "Café");
    }

    #[test]
    fn text_is_kept_and_full_content_is_told_from_a_summary() {
        let feed = parse(
            rss("<item><title>A</title><description>&lt;p&gt;Short&lt;/p&gt;</description></item>")
                .as_bytes(),
            None,
            BASE,
        )
        .unwrap();
        assert_eq!(
            (feed.entries[0].html.as_str(), feed.entries[0].has_content),
            ("<p>Short</p>", false)
        );
    }
}
