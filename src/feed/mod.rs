//! Bytes to entries: decoding, repair, parsing, identity.
//!
//! A feed that is broken gives what stands before the damage, and the damage is a warning. An
//! entry is never lost silently. Knows nothing of HTTP beyond the charset of a Content-Type.

mod channel;
mod dates;
mod decode;
pub mod discover;
mod draft;
mod identity;
mod json;
mod reader;
mod scan;
mod strict;
mod survey;
mod vocabulary;

use std::borrow::Cow;
use std::time::Duration;

use url::{Position, Url};

use channel::Channel;
use draft::{Document, Draft};
pub use identity::{former_version, is_version};
use reader::Window;
use survey::{Survey, survey};

use crate::model::Entry;
use crate::text::plain_text;

/// No feed gives more entries at once: of more, those at the newer end are read.
pub const ENTRIES_MAX: usize = 5_000;

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
    /// Other addresses that it names; boxed, for few feeds are asked for them.
    pub links: Box<OwnLinks>,
}

/// Addresses that a feed gives of itself, absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnLinks {
    /// Its own (`rel="self"`, JSON Feed's `feed_url`).
    pub feed: Option<String>,
    /// Its WebSub hub (`rel="hub"`).
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
    /// The parser itself failed.
    #[error("the feed parser failed on this document; please report the feed's address")]
    Panic,
}

/// Parses a feed.
///
/// # Errors
/// When the bytes are no feed. A feed that is broken is none of the errors: it gives what can be
/// had of it, and a warning.
pub fn parse(
    bytes: &[u8],
    content_type: Option<&str>,
    base_url: &str,
) -> Result<ParsedFeed, ParseError> {
    let mut warnings = Vec::new();
    let text = decode::decode(bytes, content_type, &mut warnings);
    let text = without_noise(text);
    let base = Url::parse(base_url).ok();
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let (document, channel) = if start.starts_with('{') {
        json::read(start, base.as_ref(), &mut warnings).map_err(ParseError::Unreadable)?
    } else {
        xml(start, base.as_ref(), &mut warnings)?
    };
    Ok(convert(document, &channel, base.as_ref(), warnings))
}

/// The text of a fetched page, decoded by the same rules as a feed.
pub fn decode_page(bytes: &[u8], content_type: Option<&str>) -> String {
    decode::decode(bytes, content_type, &mut Vec::new()).into_owned()
}

/// So many bytes are looked at together for controls.
const NOISE_STEP: usize = 256;

/// Controls that no text means, which XML has no room for, go; those that are windows-1252 read as
/// Latin-1 become the quotes and dashes that they were.
fn without_noise(text: Cow<'_, str>) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    // In pieces that are looked at as a whole: every byte of every feed comes by here.
    let is_control = |b: &u8| (*b < b' ') & (*b != b'\t') & (*b != b'\n') & (*b != b'\r');
    let mut pieces = bytes.chunks(NOISE_STEP);
    let has_controls = pieces.any(|piece| piece.iter().fold(false, |any, b| any | is_control(b)));
    // U+0080 to U+009F are these two bytes.
    let is_misread =
        |at: usize| bytes.get(at + 1).is_some_and(|second| (0x80..0xa0).contains(second));
    if !has_controls && !memchr::memchr_iter(0xc2, bytes).any(is_misread) {
        return text;
    }
    let kept = text.chars().filter(|c| !scan::is_noise(*c));
    Cow::Owned(kept.map(|c| scan::windows_1252(u32::from(c)).unwrap_or(c)).collect())
}

/// Reads RSS, Atom or CDF: our own reader, and feed-rs a sound feed of which it misses entries.
fn xml(
    text: &str,
    base: Option<&Url>,
    warnings: &mut Vec<String>,
) -> Result<(Document, Channel), ParseError> {
    let look = survey(text);
    let Some(root) = look.root else { return Err(refuse(text)) };
    // Relative addresses of RSS are its site's, of Atom its own (RFC 4287 §2, RFC 3986 §5.1).
    let site = look.channel.site(base).filter(|_| scan::local(root.name) != "feed");
    let site = site.and_then(|site| Url::parse(&site).ok());
    let base = site.as_ref().or(base);
    if look.is_sound() {
        // Both readers give the same of a sound feed, a test holds them to it; ours is the faster one.
        let all = Window { skip: 0, take: ENTRIES_MAX };
        let document = reader::read(text, root.start, base, all);
        if document.entries.len() == look.entries {
            return Ok((document, look.channel));
        }
        match strict::read(&text[root.start..], base) {
            Ok(document) if document.entries.len() == look.entries => {
                return Ok((filled(document, text, root.start, base), look.channel));
            }
            Ok(_) => {}
            Err(reason) => {
                warnings.push(format!("the feed is unusual ({reason}); it was read all the same"))
            }
        }
    }
    let window = window(&look, text, root.start, base, warnings);
    let document = reader::read(text, root.start, base, window);
    if document.entries.is_empty() && document.title.is_none() && is_page(text) {
        return Err(ParseError::Page);
    }
    if let Some(damage) = look.damage {
        warnings.push(format!(
            "the feed is not well formed ({damage}); its entries were read all the same, but one at the damage may be incomplete"
        ));
    }
    Ok((document, look.channel))
}

/// feed-rs knows fewer elements than our own reader: what it leaves empty is looked for again.
fn filled(mut document: Document, text: &str, start: usize, base: Option<&Url>) -> Document {
    if document.title.is_none() || document.entries.iter().any(Draft::has_gap) {
        let again = reader::read(text, start, base, Window { skip: 0, take: ENTRIES_MAX });
        document.title = document.title.or(again.title);
        if again.entries.len() == document.entries.len() {
            for (entry, other) in document.entries.iter_mut().zip(again.entries) {
                entry.fill(other);
            }
        }
    }
    document
}

/// Which entries to read of very many. Most feeds begin with the newest; a feed that ends with it
/// is read from its end.
fn window(
    look: &Survey<'_>,
    text: &str,
    start: usize,
    base: Option<&Url>,
    warnings: &mut Vec<String>,
) -> Window {
    if look.entries <= ENTRIES_MAX {
        return Window { skip: 0, take: ENTRIES_MAX };
    }
    let date_of = |skip| {
        let one = reader::read(text, start, base, Window { skip, take: 1 });
        one.entries.first().and_then(|e| e.published.or(e.updated))
    };
    let ends_with_newest = date_of(look.entries - 1) > date_of(0);
    let skip = if ends_with_newest { look.entries - ENTRIES_MAX } else { 0 };
    warnings.push(format!(
        "the feed has {} entries; only the {} {ENTRIES_MAX} are read",
        look.entries,
        if ends_with_newest { "last" } else { "first" },
    ));
    Window { skip, take: ENTRIES_MAX }
}

fn refuse(text: &str) -> ParseError {
    if is_page(text) {
        ParseError::Page
    } else if text.is_empty() {
        ParseError::Unreadable("the document is empty".to_owned())
    } else {
        ParseError::Unreadable("no element of a feed stands in it".to_owned())
    }
}

/// How far into a document it is told whether it is a web page.
const PAGE_CHARS_MAX: usize = 2_000;

fn is_page(text: &str) -> bool {
    let start: String = text.chars().take(PAGE_CHARS_MAX).collect::<String>().to_lowercase();
    start.contains("<html") || start.contains("<!doctype html")
}

fn convert(
    document: Document,
    channel: &Channel,
    base: Option<&Url>,
    mut warnings: Vec<String>,
) -> ParsedFeed {
    let mut entries: Vec<Entry> = document.entries.into_iter().map(entry).collect();
    identity::settle(&mut entries, &mut warnings);
    ParsedFeed {
        title: document.title.map(|t| clean(&t)).filter(|t| !t.is_empty()),
        entries,
        warnings,
        ttl: channel.ttl,
        update_interval: channel.update_interval(),
        skip_hours: channel.skip_hours.clone(),
        skip_days: channel.skip_days.clone(),
        site: channel.site(base),
        links: Box::new(OwnLinks { feed: channel.own(base), hub: channel.hub(base) }),
    }
}

fn entry(draft: Draft) -> Entry {
    let has_content = draft.content.is_some();
    let mut html = match (draft.content, draft.summary) {
        // Some feeds put a teaser into content and the text into the summary.
        (Some(content), Some(summary)) if content.len() < summary.len() => summary,
        (Some(text), _) | (None, Some(text)) => text,
        (None, None) => String::new(),
    };
    if html.len() > HTML_BYTES_MAX {
        let cut = (0..=HTML_BYTES_MAX).rev().find(|at| html.is_char_boundary(*at)).unwrap_or(0);
        html.truncate(cut);
    }
    let title = draft.title.map(|t| clean(&t)).unwrap_or_default();
    Entry {
        key: identity::key(draft.guid.as_deref(), draft.link.as_deref(), &title, &html),
        guid: draft.guid,
        link: draft.link,
        version: identity::version(&title, &html),
        title,
        published: draft.published.or(draft.updated),
        author: draft.author.and_then(|a| person_name(&a)),
        html,
        has_content,
    }
}

/// One line of plain text of a fragment of HTML.
fn clean(html: &str) -> String {
    let has_markup = memchr::memchr2(b'<', b'&', html.as_bytes()).is_some();
    if has_markup { one_line(&plain_text(html)) } else { one_line(html) }
}

/// The name in `jane@example.org (Jane Roe)`, `Jane Roe <jane@example.org>` or `Jane Roe`.
fn person_name(text: &str) -> Option<String> {
    let words = text.split_whitespace().filter(|word| !word.contains('@'));
    let name = words.collect::<Vec<_>>().join(" ");
    let name = one_line(name.trim_matches(['(', ')', '<', '>', '[', ']', ',', ' ']));
    (!name.is_empty() && !name.eq_ignore_ascii_case("unknown")).then_some(name)
}

/// An entry's text is cut here, in bytes: longer than any announcement, short enough for any store.
const HTML_BYTES_MAX: usize = 1024 * 1024;

fn absolute(href: &str, own_base: Option<&str>, base: Option<&Url>) -> Option<String> {
    let href = href.trim();
    if is_plain_address(href, base) {
        return Some(href.to_owned());
    }
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

/// Whether an address is absolute and written as it would be after parsing it, as most are: the feed's
/// own host, or a name in small letters without port; a path and a query of signs that mean nothing but
/// themselves.
fn is_plain_address(href: &str, base: Option<&Url>) -> bool {
    let own = base.map(|base| &base[..Position::BeforePath]);
    let own = own.and_then(|own| href.strip_prefix(own)?.strip_prefix('/'));
    let named = || {
        let rest = href.strip_prefix("https://").or_else(|| href.strip_prefix("http://"))?;
        let (host, path) = rest.split_once('/')?;
        is_plain_host(host).then_some(path)
    };
    let Some(path) = own.or_else(named) else { return false };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'~' | b'/');
    // A segment that begins with a dot may be "." or "..".
    !path.starts_with('.')
        && !path.contains("/.")
        && path.bytes().all(|b| plain(b) || b == b'.')
        && query.bytes().all(|b| plain(b) || matches!(b, b'.' | b'=' | b'&' | b'+'))
}

fn is_plain_host(host: &str) -> bool {
    let label = |l: &str| {
        // "xn--" has rules of its own.
        !l.is_empty()
            && !l.starts_with("xn--")
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    host.rsplit_once('.').is_some_and(|(names, last)| {
        names.split('.').all(label)
            && last.len() > 1
            && last.bytes().all(|b| b.is_ascii_lowercase())
    })
}

fn one_line(text: &str) -> String {
    let bytes = text.as_bytes();
    let is_plain = |pair: &[u8]| pair[0].is_ascii_graphic() || (pair[0] == b' ' && pair[1] != b' ');
    if bytes.first() != Some(&b' ')
        && bytes.last().is_some_and(u8::is_ascii_graphic)
        && bytes.windows(2).all(is_plain)
    {
        return text.to_owned();
    }
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
            (
                "items without end",
                rss("<item><title>One</title><item><title>Two</title>"),
                vec!["One", "Two"],
            ),
            (
                "a title without end",
                rss("<item><title>One<link>/1</link></item><item><title>Two</title></item>"),
                vec!["One", "Two"],
            ),
            (
                "raw markup",
                rss("<item><title>A <b>bold</b> step<br></title></item>"),
                vec!["A bold step"],
            ),
            ("numbers of windows-1252", rss(&item("&#147;A&#148;")), vec!["“A”"]),
            ("controls of windows-1252", rss(&item("\u{93}A\u{94}")), vec!["“A”"]),
            ("control characters", rss(&item("A\u{1}B\0")), vec!["AB"]),
            (
                "markup in a title",
                rss(&item("&lt;b&gt;Bold&lt;/b&gt; &amp;amp; more")),
                vec!["Bold & more"],
            ),
            ("two feeds in one", format!("{two}{two}"), vec!["One", "Two"]),
        ] {
            assert_eq!(titles(text.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn addresses_that_are_taken_as_they_are_would_be_the_same_after_parsing() {
        for (href, plain) in [
            ("https://example.org/", true),
            ("http://news.example.org/2026/01/a-b_c~d.html?p=1&q=a.b+c", true),
            ("https://a--b.example.org/a//b?", true),
            ("https://example.org", false),
            ("https://example.org/#a", false),
            ("https://example.org:443/", false),
            ("https://me@example.org/", false),
            ("HTTPS://example.org/", false),
            ("https://Example.org/", false),
            ("https://xn--a.example.org/", false),
            ("https://example.org./", false),
            ("https://10.0.0.1/", false),
            ("https://example.0x7f/", false),
            ("https://example.org/a/../b", false),
            ("https://example.org/./b", false),
            ("https://example.org/%2e%2e/b", false),
            ("https://example.org/a b", false),
            ("https://example.org/a\\b", false),
            ("https://example.org/é", false),
            ("https:///example.org/", false),
            ("https:example.org/", false),
            ("//example.org/a", false),
            ("ftp://example.org/a", false),
            // The feed's own host is written as it is parsed.
            ("http://10.0.0.2:8081/a?b=c", true),
            ("http://10.0.0.2:8081/../a", false),
            ("http://10.0.0.2:8081", false),
            ("http://10.0.0.2:80810/a", false),
        ] {
            let own = Url::parse("http://10.0.0.2:8081/feed.xml").unwrap();
            assert_eq!(is_plain_address(href, Some(&own)), plain, "{href}");
            if plain {
                assert_eq!(Url::parse(href).unwrap().as_str(), href);
            }
        }
    }

    #[test]
    fn a_line_is_one_line() {
        for (text, line) in [
            ("One line.", "One line."),
            (" One  line\n", "One line"),
            ("One\u{1}line", "One line"),
            ("One line ", "One line"),
            ("Ünï\u{a0}x", "Ünï x"),
            ("x", "x"),
            (" ", ""),
            ("", ""),
        ] {
            assert_eq!(one_line(text), line, "{text}");
        }
    }

    #[test]
    fn odd_vocabularies_give_what_can_be_had() {
        for (name, text, expected) in [
            (
                "an item of another vocabulary",
                rss("<item><title>A</title><media:item><media:title>B</media:title></media:item></item>"),
                vec!["A"],
            ),
            ("a prefix undeclared", rss("<item><dc:title>A</dc:title></item>"), vec!["A"]),
            (
                "an unknown type",
                "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title type='weird/x'>A</title></entry><entry><title>B</title></entry></feed>".to_owned(),
                vec!["A", "B"],
            ),
            (
                "Atom 0.3, base64",
                "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><entry><title mode='base64'>TWVyaWRpYW4g\nQ2xvdWQ</title></entry></feed>".to_owned(),
                vec!["Meridian Cloud"],
            ),
            (
                "Atom, XHTML",
                "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title type='xhtml'><x:div xmlns:x='http://www.w3.org/1999/xhtml'>A &lt; <x:b>B</x:b></x:div></title></entry></feed>".to_owned(),
                vec!["A < B"],
            ),
            ("CDF", "<CHANNEL HREF='https://example.org/'><ITEM HREF='/a'><TITLE>A</TITLE></ITEM></CHANNEL>".to_owned(), vec!["A"]),
            ("JSON, torn", "{\"items\":[{\"id\":1,\"title\":\"A\"},{\"id\":2,\"ti".to_owned(), vec!["A"]),
            ("JSON, odd types", "{\"version\":1,\"items\":[{\"id\":{},\"title\":\"A\",\"authors\":\"x\",\"url\":null}]}".to_owned(), vec!["A"]),
        ] {
            assert_eq!(titles(text.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn damage_is_a_warning_and_soundness_is_none() {
        let sound = rss("<item><title>A</title></item>");
        assert_eq!(parse(sound.as_bytes(), None, BASE).unwrap().warnings, Vec::<String>::new());
        let cut = &sound[..sound.len() - 10];
        let warnings = parse(cut.as_bytes(), None, BASE).unwrap().warnings;
        assert!(warnings[0].contains("cut off"), "{warnings:?}");
    }

    #[test]
    fn links_are_absolute() {
        let atom = |items: &str| {
            format!(
                "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://example.com/blog/'>{items}</feed>"
            )
        };
        for (name, text, expected) in [
            (
                "of the site",
                rss("<item><link>a?b=1&amp;c=2</link></item>"),
                Some("https://example.org/a?b=1&c=2"),
            ),
            (
                "bare ampersand",
                rss("<item><link>/a?b=1&copy=2</link></item>"),
                Some("https://example.org/a?b=1&copy=2"),
            ),
            (
                "xml:base",
                atom("<entry xml:base='2026/'><link href='a'/></entry>"),
                Some("https://example.com/blog/2026/a"),
            ),
            (
                "xml:base on the link",
                atom("<entry><link xml:base='/x/' href='a'/></entry>"),
                Some("https://example.com/x/a"),
            ),
            (
                "alternate first",
                atom("<entry><link rel='self' href='s'/><link rel='alternate' href='a'/></entry>"),
                Some("https://example.com/blog/a"),
            ),
            (
                "guid as link",
                rss("<item><guid>https://example.org/g</guid></item>"),
                Some("https://example.org/g"),
            ),
            (
                "guid that is none",
                rss("<item><guid isPermaLink='false'>https://example.org/g</guid></item>"),
                None,
            ),
            ("a script", rss("<item><link>javascript:alert(1)</link></item>"), None),
            (
                "white space",
                rss("<item><link>\n https://example.org/a \n</link></item>"),
                Some("https://example.org/a"),
            ),
        ] {
            let feed = parse(text.as_bytes(), None, BASE).unwrap();
            assert_eq!(feed.entries[0].link.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_feed_says_how_often_it_wants_to_be_asked() {
        use chrono::Weekday::{Mon, Sun};
        let channel = |text: &str| parse(rss(text).as_bytes(), None, BASE).unwrap();
        let feed = channel(
            "<ttl> 60 </ttl><skipHours><hour>0</hour><hour>24</hour><hour>x</hour><hour>99</hour><hour>7</hour></skipHours><skipDays><day>Sunday</day><day>monday</day><day>Someday</day></skipDays><sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency><item><title>A</title></item>",
        );
        assert_eq!(feed.ttl, Some(Duration::from_secs(3_600)));
        assert_eq!((feed.skip_hours, feed.skip_days), (vec![0, 7], vec![Sun, Mon]));
        assert_eq!(feed.update_interval, Some(Duration::from_secs(6 * 3_600)));
        for nonsense in [
            "<ttl>-5</ttl>",
            "<ttl/>",
            "<ttl>99999999999999999999</ttl>",
            "<sy:updatePeriod>often</sy:updatePeriod>",
            "<sy:updateFrequency>0</sy:updateFrequency>",
            "<item><ttl>5</ttl></item>",
        ] {
            let feed = channel(nonsense);
            assert_eq!((feed.ttl, feed.update_interval), (None, None), "{nonsense}");
        }
    }

    #[test]
    fn a_feed_says_where_it_lives() {
        let feed = parse(rss("<atom:link xmlns:atom='http://www.w3.org/2005/Atom' rel='self' href='/rss'/><atom:link rel='hub' href='https://hub.example.org'/><image><link>https://example.org/logo</link></image>").as_bytes(), None, BASE).unwrap();
        let told = (feed.site.as_deref(), feed.links.feed.as_deref(), feed.links.hub.as_deref());
        assert_eq!(
            told,
            (
                Some("https://example.org/"),
                Some("https://example.org/rss"),
                Some("https://hub.example.org/")
            )
        );
        let json = "{\"items\":[],\"home_page_url\":\"/\",\"feed_url\":\"/f\",\"hubs\":[{\"type\":\"WebSub\",\"url\":\"/h\"}]}";
        let feed = parse(json.as_bytes(), None, BASE).unwrap();
        let told = (feed.site.as_deref(), feed.links.feed.as_deref(), feed.links.hub.as_deref());
        assert_eq!(
            told,
            (
                Some("https://example.org/"),
                Some("https://example.org/f"),
                Some("https://example.org/h")
            )
        );
    }

    #[test]
    fn of_very_many_entries_the_newer_end_is_read() {
        let items = |newest_first: bool| {
            let item = |n: usize| {
                format!("<item><guid>{n}</guid><pubDate>{}-01-01</pubDate></item>", 1000 + n)
            };
            let count = ENTRIES_MAX + 2;
            if newest_first {
                (0..count).rev().map(item).collect::<String>()
            } else {
                (0..count).map(item).collect()
            }
        };
        for newest_first in [true, false] {
            let feed = parse(rss(&items(newest_first)).as_bytes(), None, BASE).unwrap();
            assert_eq!(feed.entries.len(), ENTRIES_MAX);
            let newest = (ENTRIES_MAX + 1).to_string();
            assert!(
                feed.entries.iter().any(|e| e.guid.as_ref() == Some(&newest)),
                "{newest_first}"
            );
            assert!(
                feed.warnings.iter().any(|w| w.contains("5002 entries")),
                "{:?}",
                feed.warnings
            );
        }
    }

    #[test]
    fn what_is_no_feed_says_so() {
        assert_eq!(parse(b"<!doctype html><html><body>hi", None, BASE), Err(ParseError::Page));
        for nothing in ["", "  ", "<a/>", "{}", "{\"items\": 3}", "[]", "hello"] {
            let result = parse(nothing.as_bytes(), None, BASE);
            assert!(matches!(result, Err(ParseError::Unreadable(_))), "{nothing}: {result:?}");
        }
        // Of XHTML, but a feed all the same.
        let odd = format!("<!DOCTYPE html>{}", rss("<item><title>A</title></item>"));
        assert_eq!(titles(odd.as_bytes()), ["A"]);
    }

    /// Name, document, entries that it gives.
    fn hostile_documents() -> Vec<(&'static str, String, usize)> {
        const BYTES: usize = 256 * 1024;
        let flood = |unit: &str| unit.repeat(BYTES / unit.len());
        vec![
            (
                "elements without end",
                rss(&format!("<item><title>A</title><description>{}", flood("<div>"))),
                1,
            ),
            ("elements of an entry", rss(&format!("<item><title>A</title>{}", flood("<x>"))), 1),
            (
                "end tags of nothing",
                rss(&format!(
                    "{}<item><title>A</title></item>",
                    "<x>".repeat(100_000) + &"</y>".repeat(BYTES / 8)
                )),
                1,
            ),
            ("entries", rss(&flood("<item><title>A</title><guid>x</guid></item>")), 1),
            ("empty entries", rss(&flood("<item/>")), 1),
            (
                "references",
                rss(&format!("<item><title>A</title><description>{}", flood("&lt;"))),
                1,
            ),
            (
                "named references",
                rss(&format!("<item><title>A</title><description>{}", flood("&rsquo;"))),
                1,
            ),
            (
                "bare ampersands",
                rss(&format!("<item><title>A</title><description>{}", flood("&"))),
                1,
            ),
            (
                "comments without end",
                rss(&format!("{}<item><title>A</title></item>", flood("<!-- "))),
                1,
            ),
            (
                "quotes without end",
                rss(&format!("{}<item><title>A</title></item>", flood("<a b=\""))),
                1,
            ),
            ("angles", rss(&format!("{}<item><title>A</title></item>", flood("<"))), 1),
            ("attributes", rss(&format!("<item {}><title>A</title></item>", flood("a='b' "))), 1),
            (
                "prefixes",
                rss(&format!(
                    "<item {}><title>A</title></item>",
                    (0..200_000).map(|n| format!("xmlns:p{n}='u' ")).collect::<String>()
                )),
                1,
            ),
            (
                "bases",
                rss(&format!("{}<item><title>A</title></item>", flood("<a xml:base='b/'>"))),
                1,
            ),
            (
                "JSON",
                format!("{{\"items\":[{}{{\"title\":\"A\"}}]}}", flood("{\"title\":\"A\"},")),
                1,
            ),
            ("deep JSON", flood("{\"a\":["), 0),
            ("torn JSON", format!("{{\"items\":[{}", flood("{\"title\":\"A\"},")), 1),
        ]
    }

    #[test]
    fn hostile_documents_cost_little() {
        for (name, text, entries) in hostile_documents() {
            let begun = std::time::Instant::now();
            let given = parse(text.as_bytes(), None, BASE).map_or(0, |feed| feed.entries.len());
            assert_eq!(given, entries, "{name}");
            // What is quadratic takes hours. Times of optimised builds: examples/feed_speed.rs.
            assert!(begun.elapsed() < Duration::from_secs(90), "{name}: {:?}", begun.elapsed());
        }
    }

    #[test]
    fn entity_bombs_and_external_entities_are_inert() {
        let bomb = format!(
            "<?xml version=\"1.0\"?><!DOCTYPE rss [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]>{}",
            rss("<item><title>x &b; &c;</title></item>")
        );
        assert_eq!(titles(bomb.as_bytes()), ["x &b; &c;"]);
    }

    #[test]
    fn both_readers_agree_on_sound_feeds() {
        let items = "<item><title>One &amp; only</title><link>/a?b=1&amp;c</link><guid isPermaLink=\"false\"> 1 </guid><pubDate>Wed, 04 Mar 2026 05:06:07 GMT</pubDate><author>priya@example.org (Priya Raman)</author><description>\n <![CDATA[<p>Text]]> more &lt;b&gt; </description></item>\n<item><title><![CDATA[Two]]></title><content:encoded xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><![CDATA[<p>Full</p>]]></content:encoded><description>Short</description><link>https://example.org/b</link><pubDate>2026-03-04</pubDate></item>";
        let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:base=\"/blog/\"><title>T</title><entry><title type=\"html\">A &amp;amp; B</title><id>1</id><link rel=\"self\" href=\"s\"/><link href=\"a\"/><updated>2026-01-02T00:00:00Z</updated><published>2026-01-01T00:00:00Z</published><author><name>Priya Raman</name></author><content type=\"html\">&lt;p&gt;x</content></entry><entry><title>1 &lt; 2</title><id>2</id><link rel=\"related\" href=\"r\"/><summary>a &lt; b</summary><updated>2026-01-02T00:00:00Z</updated></entry></feed>";
        for text in [rss(items), atom.to_owned()] {
            let look = survey(&text);
            assert!(look.is_sound(), "{look:?}");
            let base = Url::parse(BASE).unwrap();
            let start = look.root.unwrap().start;
            let strict = strict::read(&text[start..], Some(&base)).unwrap();
            let lenient =
                reader::read(&text, start, Some(&base), Window { skip: 0, take: ENTRIES_MAX });
            assert_eq!(strict.title, lenient.title);
            let shown =
                |document: Document| document.entries.into_iter().map(entry).collect::<Vec<_>>();
            assert_eq!(shown(strict), shown(lenient));
        }
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
