//! One look at an XML text before anything is parsed: what it is, how deep, how sound.

use super::ENTRIES_MAX;
use super::channel::Channel;
use super::scan::{Open, Piece, Reference, Scanner, Tag, attribute, attributes, local, reference};
use super::vocabulary::PREFIXES_MAX;

/// What the look found.
#[derive(Debug, Default)]
pub struct Survey<'a> {
    /// The tag of the root element: the first that can begin a feed.
    pub root: Option<Tag<'a>>,
    /// How many entries begin.
    pub entries: usize,
    /// Where the first entry begins.
    pub first_entry: Option<usize>,
    /// The deepest nesting.
    pub depth: usize,
    /// The first thing that is not well formed.
    pub damage: Option<String>,
    /// Whether something is well formed or commonly forgiven, but not for feed-rs.
    pub odd: bool,
    /// What the feed says of itself.
    pub channel: Channel,
}

/// feed-rs' own parser is quadratic in the depth; no feed in use nests beyond a few dozen.
const DEPTH_MAX: usize = 256;

impl Survey<'_> {
    /// Whether feed-rs may read it.
    pub fn is_sound(&self) -> bool {
        self.damage.is_none() && !self.odd && self.depth <= DEPTH_MAX && self.entries <= ENTRIES_MAX
    }
}

/// Looks at a text.
pub fn survey(text: &str) -> Survey<'_> {
    let mut look = Look::default();
    for piece in Scanner::new(text, 0) {
        match piece {
            Piece::Open(tag) => {
                if look.found.root.is_none() {
                    // What stands before the root is no part of the feed.
                    if !is_root(tag.name) {
                        look.before = true;
                        continue;
                    }
                    look.found.root = Some(tag);
                    look.root(&tag);
                }
                look.open(text, tag);
            }
            Piece::Close(name, ..) if look.found.root.is_some() => {
                look.close(name);
                if look.open.len() == 0 {
                    look.ended = true;
                    break;
                }
            }
            Piece::Text(run) if look.found.root.is_some() => look.text(run),
            Piece::Text(run) => {
                look.before |= !run.trim_matches(['\u{feff}', ' ', '\n', '\r', '\t']).is_empty()
            }
            Piece::Stray if look.found.root.is_some() => look.damage("a bare `<`"),
            Piece::Torn => look.damage("it is cut off"),
            Piece::Aside if look.found.root.is_some() => look.found.odd = true,
            _ => {}
        }
    }
    look.finish()
}

/// Whether an element of this name is the root of a feed.
pub fn is_root(name: &str) -> bool {
    // CDF is written in capitals or not.
    let name = local(name);
    ["rss", "feed", "rdf", "entry", "channel"].iter().any(|root| name.eq_ignore_ascii_case(root))
}

/// Whether an element of this name is an entry.
pub fn is_entry(name: &str) -> bool {
    let is_called = |local: &[u8]| {
        let (prefix, name) = name.as_bytes().split_at(name.len().saturating_sub(local.len()));
        name.eq_ignore_ascii_case(local) && matches!(prefix.last(), None | Some(b':'))
    };
    is_called(b"item") || is_called(b"entry")
}

#[derive(Default)]
struct Look<'a> {
    found: Survey<'a>,
    open: Open<'a>,
    /// How many elements stand around the entry that is open.
    entry: Option<usize>,
    prefixes: Vec<&'a str>,
    before: bool,
    ended: bool,
}

impl<'a> Look<'a> {
    fn damage(&mut self, what: &str) {
        self.found.damage.get_or_insert_with(|| what.to_owned());
    }

    fn root(&mut self, tag: &Tag<'a>) {
        let space = attribute(tag.attributes, "xmlns");
        let version = attribute(tag.attributes, "version");
        let plain = match (tag.name, space) {
            ("rss", None | Some("")) => matches!(version, Some("2.0" | "0.91" | "0.92")),
            ("rdf:RDF", Some("http://purl.org/rss/1.0/")) => true,
            ("feed", Some("http://www.w3.org/2005/Atom")) => true,
            _ => false,
        };
        self.found.odd |= !plain;
    }

    fn open(&mut self, text: &'a str, tag: Tag<'a>) {
        let parent = self.open.last();
        if !tag.attributes.is_empty() {
            self.attributes(&tag);
        }
        if let Some((prefix, _)) = tag.name.split_once(':') {
            self.found.odd |= prefix != "xml" && !self.prefixes.contains(&prefix);
        }
        // Markup where text belongs, and the constructs of Atom that only our own reader knows.
        self.found.odd |= holds_text(parent);
        if is_entry(tag.name) {
            self.found.entries += 1;
            self.found.first_entry.get_or_insert(tag.start);
            if self.entry.is_some() {
                self.damage("an entry stands inside another");
            }
            self.entry = Some(self.open.len());
        } else if self.entry.is_none() {
            let behind = &text[tag.end..];
            let value = if tag.empty { "" } else { first_text(behind) };
            self.found.channel.note(&tag, parent, value);
        }
        if tag.empty {
            self.entry = self.entry.filter(|around| *around < self.open.len());
        } else {
            self.open.push(tag.name);
            self.found.depth = self.found.depth.max(self.open.len());
        }
    }

    fn attributes(&mut self, tag: &Tag<'a>) {
        self.text(tag.attributes);
        for (name, value) in attributes(tag.attributes) {
            match name {
                "type" if matches!(tag.name, "title" | "description" | "summary" | "content") => {
                    self.found.odd |= !matches!(value, "text" | "html" | "text/html");
                }
                "src" if local(tag.name) == "content" => self.found.odd = true,
                "mode" => self.found.odd = true,
                _ => {
                    let Some(prefix) = name.strip_prefix("xmlns:") else { continue };
                    // A document with more is not for feed-rs: it uses one that is not noted.
                    if self.prefixes.len() < PREFIXES_MAX && !self.prefixes.contains(&prefix) {
                        self.prefixes.push(prefix);
                    }
                }
            }
        }
    }

    fn close(&mut self, name: &str) {
        match self.open.find(name) {
            Some(at) => {
                if at + 1 < self.open.len() {
                    let inner = self.open.get(at + 1);
                    self.damage(&format!("`<{inner}>` is not closed"));
                }
                self.open.close_from(at);
                self.entry = self.entry.filter(|around| *around < at);
            }
            None => self.damage(&format!("`</{name}>` closes nothing")),
        }
    }

    fn text(&mut self, run: &str) {
        for at in memchr::memchr_iter(b'&', run.as_bytes()) {
            match reference(&run[at..]) {
                Reference::Sound(..) => {}
                Reference::Odd(..) | Reference::Named(..) => self.found.odd = true,
                Reference::Bare => self.damage("a bare `&`"),
            }
        }
    }

    fn finish(mut self) -> Survey<'a> {
        if self.before && self.found.root.is_some() {
            self.damage("text stands before its beginning");
        }
        if !self.ended && self.found.root.is_some_and(|root| !root.empty) {
            self.damage("it is cut off");
        }
        self.found
    }
}

/// Whether an element of this name holds text and no elements, but for Atom's `xhtml`.
fn holds_text(name: &str) -> bool {
    matches!(
        name,
        "title"
            | "description"
            | "summary"
            | "content"
            | "content:encoded"
            | "link"
            | "guid"
            | "id"
            | "pubDate"
            | "published"
            | "updated"
            | "dc:date"
            | "dc:title"
    )
}

/// The text that directly follows a tag.
fn first_text(behind: &str) -> &str {
    match Scanner::new(behind, 0).next() {
        Some(Piece::Text(text) | Piece::Raw(text)) => text,
        _ => "",
    }
}
