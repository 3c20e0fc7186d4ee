//! Where a site's feeds may be: a page and its address to candidate addresses, best first.
//!
//! Fetches nothing and promises nothing: a candidate is a feed only when it was fetched and parsed.

use std::collections::HashSet;

use url::Url;

use crate::model::{Entry, one_line};
use crate::text::{Tag, tags};

/// Tags of a page that are looked at: a page with more is an archive, and its feeds stand in the
/// head.
const TAGS_MAX: usize = 5_000;

/// Candidates that are tried for one page: each is a request to somebody's server.
pub const CANDIDATES_MAX: usize = 16;

/// Where feeds stand that no link names, in the order in which they are tried.
const COMMON_PATHS: &[&str] =
    &["feed", "rss", "feed.xml", "rss.xml", "atom.xml", "index.xml", "feed.json"];

/// Titles of feeds are shown no longer, in characters.
const TITLE_CHARS_MAX: usize = 120;

/// How a candidate was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// The address that was asked for is a feed itself.
    Given,
    /// `<link rel="alternate" type="application/rss+xml" …>` and its like.
    Link,
    /// An `<a>` whose address or words look like a feed.
    Anchor,
    /// Nothing names it; many sites have a feed there.
    Guess,
}

impl Via {
    /// One word for tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Via::Given => "given",
            Via::Link => "link",
            Via::Anchor => "anchor",
            Via::Guess => "guess",
        }
    }
}

/// An address that may be a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The absolute address, http or https, without fragment.
    pub url: String,
    /// What the page calls it.
    pub title: Option<String>,
    /// How it was found.
    pub via: Via,
}

/// The dialect of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RSS 0.9x and 2.0.
    Rss,
    /// RSS 0.90 and 1.0, in RDF.
    Rdf,
    /// Atom 0.3 and 1.0.
    Atom,
    /// JSON Feed 1.x.
    Json,
}

impl Format {
    /// As people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Rss => "RSS",
            Format::Rdf => "RSS 1.0",
            Format::Atom => "Atom",
            Format::Json => "JSON Feed",
        }
    }
}

/// What somebody typed for an address: `example.org` is `https://example.org/`, and the old
/// `feed:` scheme stands for http or for the scheme behind it.
///
/// # Errors
/// What is wrong with it, for people.
pub fn typed_address(text: &str) -> Result<Url, String> {
    let text = unfeed(text.trim());
    let full = match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "file") => return Ok(url),
        // `localhost:8080/feed` parses as the scheme `localhost`.
        Ok(url) if url.cannot_be_a_base() && is_host_and_port(&text) => format!("https://{text}"),
        Ok(url) => {
            return Err(format!(
                "`{}` addresses cannot be read; use http, https or file",
                url.scheme()
            ));
        }
        Err(_) => format!("https://{text}"),
    };
    let host_is_likely = text.split(['/', '?', '#']).next().is_some_and(|host| {
        (host.contains('.') || host.contains(':') || host == "localhost")
            && !host.contains(char::is_whitespace)
    });
    Url::parse(&full).ok().filter(|url| host_is_likely && url.host_str().is_some()).ok_or_else(
        || {
            format!(
                "`{}` is no address; write it in full, such as \"https://example.org/\"",
                one_line(&text, TITLE_CHARS_MAX)
            )
        },
    )
}

fn is_host_and_port(text: &str) -> bool {
    text.split_once(':').is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// `feed://example.org/` and `feed:https://example.org/` as an address that can be fetched.
fn unfeed(text: &str) -> String {
    let rest = match text.get(..5) {
        Some(scheme) if scheme.eq_ignore_ascii_case("feed:") => &text[5..],
        _ => return text.to_owned(),
    };
    match rest.strip_prefix("//") {
        Some(rest) => format!("http://{rest}"),
        None => rest.to_owned(),
    }
}

/// An address as it is compared with others: http and https, `www.`, a fragment, user and password
/// and a last slash make no difference.
pub fn normal_address(url: &str) -> String {
    let Ok(parsed) = Url::parse(&unfeed(url.trim())) else { return url.trim().to_owned() };
    if !matches!(parsed.scheme(), "http" | "https") {
        return parsed.to_string();
    }
    let host = parsed.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host).trim_end_matches('.');
    let port = parsed.port().map(|p| format!(":{p}")).unwrap_or_default();
    let query = parsed.query().filter(|q| !q.is_empty());
    let query = query.map(|q| format!("?{q}")).unwrap_or_default();
    format!("{host}{port}{}{query}", parsed.path().trim_end_matches('/'))
}

/// The feeds that a page names, best first: links in its head, then anchors; each address once,
/// feeds of comments behind the others of their sort.
pub fn candidates(page: &str, page_url: &str) -> Vec<Candidate> {
    let Ok(page_url) = Url::parse(page_url) else { return Vec::new() };
    let found = tags(page, &["base", "link", "a"], TAGS_MAX);
    let base = found
        .iter()
        .find(|tag| tag.name == "base")
        .and_then(|tag| page_url.join(tag.get("href")?.trim()).ok())
        .unwrap_or_else(|| page_url.clone());
    let mut listed: Vec<Candidate> = found.iter().filter_map(|tag| candidate(tag, &base)).collect();
    listed.sort_by_key(|c| (c.via, is_comments(&c.url, c.title.as_deref())));
    let mut seen = HashSet::new();
    listed.retain(|c| seen.insert(normal_address(&c.url)));
    listed.truncate(CANDIDATES_MAX);
    listed
}

fn candidate(tag: &Tag, base: &Url) -> Option<Candidate> {
    let href = tag.get("href").map(str::trim).filter(|href| !href.is_empty())?;
    let via = match tag.name.as_str() {
        "link" if is_feed_link(tag, href) => Via::Link,
        "a" if is_feed_link(tag, href) || is_feed_anchor(tag, href) => Via::Anchor,
        _ => return None,
    };
    let url = absolute(href, base)?;
    let words = tag.get("title").filter(|t| !t.trim().is_empty()).unwrap_or(&tag.text);
    let title = Some(one_line(words, TITLE_CHARS_MAX)).filter(|t| !t.is_empty());
    Some(Candidate { url, title, via })
}

fn absolute(href: &str, base: &Url) -> Option<String> {
    let mut url = base.join(&unfeed(href)).ok()?;
    url.set_fragment(None);
    (matches!(url.scheme(), "http" | "https") && url.host_str().is_some()).then(|| url.into())
}

/// A link of a feed's type. `application/json` alone is mostly the site's API, and oEmbed has types
/// of its own.
fn is_feed_link(tag: &Tag, href: &str) -> bool {
    let rel = tag.get("rel").unwrap_or_default().to_ascii_lowercase();
    let has_rel = |wanted: &str| rel.split_ascii_whitespace().any(|r| r == wanted);
    if has_rel("feed") {
        return true;
    }
    if !has_rel("alternate") {
        return false;
    }
    let kind = tag.get("type").unwrap_or_default().to_ascii_lowercase();
    match kind.split(';').next().unwrap_or_default().trim() {
        "application/rss+xml"
        | "application/atom+xml"
        | "application/rdf+xml"
        | "application/feed+json"
        | "application/rss"
        | "application/atom"
        | "application/x.atom+xml"
        | "application/x-atom+xml" => true,
        "application/json" | "application/xml" | "text/xml" => looks_like_feed(href),
        _ => false,
    }
}

fn is_feed_anchor(tag: &Tag, href: &str) -> bool {
    let words = one_line(&tag.text, TITLE_CHARS_MAX).to_lowercase();
    let named = ["rss", "atom", "feed", "rss feed", "atom feed", "json feed", "rss 2.0"]
        .contains(&words.as_str())
        || words.contains("rss feed")
        || words.contains("via rss");
    let scheme = href.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let fetchable = match scheme.as_deref() {
        Some("mailto" | "javascript" | "tel" | "data") => false,
        _ => !href.starts_with('#'),
    };
    fetchable && (named || looks_like_feed(href))
}

/// Whether the letters of an address are those of a feed: `/feed/`, `news.rss`, `?feed=rss2`.
fn looks_like_feed(href: &str) -> bool {
    let href = href.to_ascii_lowercase();
    if href.starts_with("feed:") {
        return true;
    }
    let href = href.split('#').next().unwrap_or_default();
    let (path, query) = href.split_once('?').unwrap_or((href, ""));
    let path = path
        .split_once("://")
        .map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let named = match last.rsplit_once('.') {
        Some((_, "rss" | "atom" | "rdf")) => true,
        Some((stem, "xml" | "json" | "php" | "aspx")) => {
            ["feed", "rss", "atom"]
                .iter()
                .any(|word| stem.split(['-', '_', '.']).any(|part| part == *word))
                || (last == "index.xml")
        }
        _ => matches!(last, "feed" | "feeds" | "rss" | "rss2" | "atom"),
    };
    named
        || query.split('&').any(|pair| {
            matches!(
                pair.split_once('='),
                Some((
                    "feed" | "format" | "type" | "alt",
                    "rss" | "rss2" | "atom" | "feed" | "json"
                ))
            )
        })
}

/// Whether a feed carries readers' comments, not the publisher's posts.
pub fn is_comments(url: &str, title: Option<&str>) -> bool {
    let path = Url::parse(url).map(|u| u.path().to_lowercase()).unwrap_or_default();
    let title = title.unwrap_or_default().to_lowercase();
    path.split('/').any(|part| part == "comments")
        || title.contains("comments feed")
        || title.starts_with("comments on ")
        || title.starts_with("comments for ")
}

/// Addresses at which many sites have a feed: beside the page first, then at the site's root.
pub fn guesses(page_url: &str) -> Vec<Candidate> {
    let Ok(page) = Url::parse(page_url) else { return Vec::new() };
    if !matches!(page.scheme(), "http" | "https") {
        return Vec::new();
    }
    let mut found: Vec<Candidate> = Vec::new();
    for folder in [folder(&page), Some("/".to_owned())].into_iter().flatten() {
        for path in COMMON_PATHS {
            let mut url = page.clone();
            url.set_path(&format!("{folder}{path}"));
            url.set_query(None);
            url.set_fragment(None);
            let url = String::from(url);
            if !found.iter().any(|c| c.url == url) {
                found.push(Candidate { url, title: None, via: Via::Guess });
            }
        }
    }
    found.truncate(CANDIDATES_MAX);
    found
}

/// `/blog/` for `/blog`, `/blog/` and `/blog/index.html`.
fn folder(page: &Url) -> Option<String> {
    let path = page.path();
    let (parent, last) = path.rsplit_once('/')?;
    Some(match last {
        "" => path.to_owned(),
        last if last.contains('.') => format!("{parent}/"),
        _ => format!("{path}/"),
    })
}

/// The pages of a site on which a lost feed may be named, nearest first: the folders above it, then
/// the site's root.
pub fn pages_above(feed_url: &str) -> Vec<String> {
    /// Folders are climbed no further before the root is looked at: each is a request.
    const FOLDERS_MAX: usize = 2;
    let Ok(feed) = Url::parse(feed_url) else { return Vec::new() };
    if !matches!(feed.scheme(), "http" | "https") {
        return Vec::new();
    }
    let mut page = feed.clone();
    page.set_query(None);
    page.set_fragment(None);
    let mut found = Vec::new();
    let mut path = feed.path().trim_end_matches('/');
    while let Some((parent, _)) = path.rsplit_once('/') {
        if !parent.is_empty() && found.len() < FOLDERS_MAX {
            page.set_path(&format!("{parent}/"));
            found.push(page.to_string());
        }
        path = parent;
    }
    page.set_path("/");
    found.push(page.to_string());
    found
}

/// The dialect of a document that may be a feed; `None` where its first element is no feed's.
pub fn format(document: &str) -> Option<Format> {
    let text = document.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.starts_with('{') {
        let is_feed = text.contains("\"items\"") || text.contains("jsonfeed.org/version");
        return is_feed.then_some(Format::Json);
    }
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let name = rest.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next()?;
        match name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase().as_str() {
            "rss" | "channel" => return Some(Format::Rss),
            "rdf" => return Some(Format::Rdf),
            "feed" => return Some(Format::Atom),
            "html" => return None,
            _ if name.starts_with("!--") => rest = rest.split_once("-->")?.1,
            // A declaration, or the garbage before the feed that the parser steps over too.
            _ => {}
        }
    }
    None
}

/// The newest entries: by their own dates, those without one behind, in the feed's order.
pub fn newest(entries: &[Entry], most: usize) -> Vec<&Entry> {
    let mut found: Vec<&Entry> = entries.iter().collect();
    found.sort_by_key(|entry| std::cmp::Reverse(entry.published));
    found.truncate(most);
    found
}

/// Whether two feeds carry the same posts, as the RSS and the Atom feed of one blog do: half of the
/// smaller one's links stand in the other.
pub fn same_posts(one: &[Entry], other: &[Entry]) -> bool {
    let links = |entries: &[Entry]| -> HashSet<String> {
        entries.iter().filter_map(|e| e.link.as_deref()).map(normal_address).collect()
    };
    let (one, other) = (links(one), links(other));
    let smaller = one.len().min(other.len());
    smaller > 0 && one.intersection(&other).count() * 2 >= smaller
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EntryKey;

    const PAGE: &str = "https://lattice.example/news/";

    fn found(page: &str) -> Vec<(Via, String)> {
        candidates(page, PAGE).into_iter().map(|c| (c.via, c.url)).collect()
    }

    #[test]
    fn links_and_anchors_of_feeds_are_found() {
        let link = |attributes: &str| format!("<head><link {attributes}></head>");
        for (name, page, expected) in [
            ("RSS", link("rel=alternate type=application/rss+xml href=/feed/"), Some((Via::Link, "https://lattice.example/feed/"))),
            ("Atom, relative", link("rel='alternate home' type='application/atom+xml; charset=utf-8' href=atom.xml"), Some((Via::Link, "https://lattice.example/news/atom.xml"))),
            ("JSON Feed", link("rel=alternate type=application/feed+json href=//cdn.example/feed.json"), Some((Via::Link, "https://cdn.example/feed.json"))),
            ("upper case", "<LINK REL=ALTERNATE TYPE=APPLICATION/RSS+XML HREF=/f>".into(), Some((Via::Link, "https://lattice.example/f"))),
            ("rel=feed", link("rel=feed href=/f"), Some((Via::Link, "https://lattice.example/f"))),
            ("plain XML that is named like a feed", link("rel=alternate type=text/xml href=/rss.xml"), Some((Via::Link, "https://lattice.example/rss.xml"))),
            ("base", "<base href='https://blog.example/a/'><link rel=alternate type=application/rss+xml href=rss>".into(), Some((Via::Link, "https://blog.example/a/rss"))),
            ("references", link("rel=alternate type=application/rss+xml href='/f?a=1&amp;b=2#x'"), Some((Via::Link, "https://lattice.example/f?a=1&b=2"))),
            ("the feed scheme", "<a href='feed://lattice.example/x'>x</a>".into(), Some((Via::Anchor, "http://lattice.example/x"))),
            ("an anchor by its path", "<a href=/blog/feed/>x</a>".into(), Some((Via::Anchor, "https://lattice.example/blog/feed/"))),
            ("an anchor by its ending", "<a href=/press.rss>x</a>".into(), Some((Via::Anchor, "https://lattice.example/press.rss"))),
            ("an anchor by its query", "<a href='/?feed=rss2'>x</a>".into(), Some((Via::Anchor, "https://lattice.example/?feed=rss2"))),
            ("an anchor by its words", "<a href=/syndication>RSS <b>feed</b></a>".into(), Some((Via::Anchor, "https://lattice.example/syndication"))),
            ("the WordPress API", link("rel=alternate type=application/json href=/wp-json/wp/v2/pages/1"), None),
            ("oEmbed", link("rel=alternate type=application/json+oembed href=/oembed?format=json"), None),
            ("another language", link("rel=alternate hreflang=de href=/de/"), None),
            ("a style sheet", link("rel=stylesheet type=text/css href=/feed.css"), None),
            ("an article about feeds", "<a href=/blog/how-we-feed-people>How we feed people</a>".into(), None),
            ("a mail address", "<a href='mailto:rss@lattice.example'>RSS</a>".into(), None),
            ("a script", "<a href='javascript:rss()'>RSS</a>".into(), None),
            ("a file", "<a href='file:///etc/feed.xml'>RSS</a>".into(), None),
            ("nothing", "<link rel=alternate type=application/rss+xml href=''>".into(), None),
            ("a comment", "<!-- <link rel=alternate type=application/rss+xml href=/f> -->".into(), None),
        ] {
            let expected: Vec<(Via, String)> =
                expected.into_iter().map(|(via, url)| (via, url.to_owned())).collect();
            assert_eq!(found(&page), expected, "{name}");
        }
    }

    #[test]
    fn candidates_are_ordered_unique_and_few() {
        let page = "<a href=/rss>RSS</a>\
            <link rel=alternate type=application/rss+xml title='Lattice &raquo; Comments Feed' href=/comments/feed/>\
            <link rel=alternate type=application/rss+xml title='Lattice &raquo; Feed' href=/feed/>\
            <a href=http://www.lattice.example/feed>RSS</a>";
        let shown: Vec<_> = candidates(page, PAGE)
            .into_iter()
            .map(|c| (c.url, c.title.unwrap_or_default()))
            .collect();
        let expected = [
            ("https://lattice.example/feed/", "Lattice » Feed"),
            ("https://lattice.example/comments/feed/", "Lattice » Comments Feed"),
            ("https://lattice.example/rss", "RSS"),
        ];
        assert_eq!(shown, expected.map(|(u, t)| (u.to_owned(), t.to_owned())));
        let many: String = (0..1_000).map(|n| format!("<a href=/{n}.rss>x</a>")).collect();
        assert_eq!(candidates(&many, PAGE).len(), CANDIDATES_MAX);
    }

    #[test]
    fn common_places_are_beside_the_page_and_at_the_root() {
        let at = |url: &str| guesses(url).into_iter().map(|c| c.url).collect::<Vec<_>>();
        let news = at("https://lattice.example/news/index.html?x=1");
        assert_eq!(news[0], "https://lattice.example/news/feed");
        assert!(news.contains(&"https://lattice.example/atom.xml".to_owned()));
        assert_eq!(news.len(), 14);
        assert_eq!(at("https://lattice.example").len(), 7);
        assert_eq!(at("https://lattice.example/blog")[0], "https://lattice.example/blog/feed");
        assert!(at("file:///tmp/x.html").is_empty());
    }

    #[test]
    fn a_lost_feed_is_looked_for_above_it() {
        for (feed, pages) in [
            (
                "https://l.example/a/b/c/feed.xml?x",
                vec!["https://l.example/a/b/c/", "https://l.example/a/b/", "https://l.example/"],
            ),
            ("https://l.example/blog/feed/", vec!["https://l.example/blog/", "https://l.example/"]),
            ("https://l.example/feed", vec!["https://l.example/"]),
            ("https://l.example", vec!["https://l.example/"]),
            ("file:///tmp/a.xml", vec![]),
        ] {
            assert_eq!(pages_above(feed), pages, "{feed}");
        }
    }

    #[test]
    fn addresses_are_read_as_people_type_them() {
        for (typed, expected) in [
            ("example.org", Ok("https://example.org/")),
            (" http://example.org/a ", Ok("http://example.org/a")),
            ("example.org:8080/x", Ok("https://example.org:8080/x")),
            ("localhost:8080/x", Ok("https://localhost:8080/x")),
            ("feed://example.org/x", Ok("http://example.org/x")),
            ("feed:https://example.org/x", Ok("https://example.org/x")),
            ("file:///tmp/a.xml", Ok("file:///tmp/a.xml")),
            ("gopher://example.org", Err("`gopher` addresses")),
            ("mailto:a@example.org", Err("`mailto` addresses")),
            ("hello world", Err("is no address")),
            ("nonsense", Err("is no address")),
            ("", Err("is no address")),
        ] {
            match (typed_address(typed), expected) {
                (Ok(url), Ok(expected)) => assert_eq!(url.as_str(), expected, "{typed}"),
                (Err(error), Err(part)) => assert!(error.contains(part), "{typed}: {error}"),
                (got, _) => panic!("{typed}: {got:?}"),
            }
        }
    }

    #[test]
    fn addresses_that_lead_to_one_feed_compare_equal() {
        for same in [
            "http://example.org/feed",
            "https://EXAMPLE.org/feed/",
            "https://www.example.org:443/feed#top",
            "https://user:secret@example.org/feed?",
            "feed://example.org/feed",
        ] {
            assert_eq!(normal_address(same), "example.org/feed", "{same}");
        }
        for other in [
            "https://example.org/Feed",
            "https://example.org/feed?a",
            "https://a.example.org/feed",
            "https://example.org:8443/feed",
        ] {
            assert_ne!(normal_address(other), "example.org/feed", "{other}");
        }
    }

    #[test]
    fn the_dialect_is_told_from_the_first_element() {
        for (document, expected) in [
            ("<?xml version='1.0'?>\n<!-- <feed> --><rss version='2.0'>", Some(Format::Rss)),
            ("<rdf:RDF xmlns:rdf='x'>", Some(Format::Rdf)),
            ("\u{feff}<feed xmlns='x'>", Some(Format::Atom)),
            ("<a:feed xmlns:a='x'>", Some(Format::Atom)),
            ("<br />Warning<rss>", Some(Format::Rss)),
            (" {\"items\": []}", Some(Format::Json)),
            ("{\"name\": 1}", None),
            ("<!doctype html><html><feed>", None),
            ("hello", None),
            ("", None),
        ] {
            assert_eq!(format(document), expected, "{document}");
        }
    }

    fn entry(link: &str, published: Option<i64>) -> Entry {
        Entry {
            key: EntryKey(link.into()),
            guid: None,
            link: Some(link.into()),
            title: String::new(),
            published: published.and_then(|at| chrono::DateTime::from_timestamp(at, 0)),
            author: None,
            html: String::new(),
            has_content: false,
            version: String::new(),
        }
    }

    #[test]
    fn the_newest_come_first_and_one_blog_is_known_again() {
        let entries = [
            entry("https://l.example/1", Some(1)),
            entry("https://l.example/2", None),
            entry("https://l.example/3", Some(3)),
        ];
        let links: Vec<_> = newest(&entries, 2).iter().filter_map(|e| e.link.as_deref()).collect();
        assert_eq!(links, ["https://l.example/3", "https://l.example/1"]);
        let other = [entry("http://l.example/3/", None), entry("https://l.example/9", None)];
        assert!(same_posts(&entries, &other));
        assert!(!same_posts(&entries, &other[1..]));
        assert!(!same_posts(&entries, &[]));
    }
}
