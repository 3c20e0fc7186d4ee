//! A reader that gives up on nothing: it takes from a broken or unusual XML feed whatever entries
//! can be told, each with whatever fields can be told.
//!
//! It reads sound feeds as well, as feed-rs does and in less time. It
//! holds no tree: a stack of names, the entry that is open, the field that is being taken.

use std::rc::Rc;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use url::Url;

use super::draft::{Document, Draft, escape, html_of_text};
use super::scan::{Open, Piece, Scanner, Tag, attribute, local, push_unescaped, unescape};
use super::survey::is_entry;
use super::vocabulary::{Field, STRONG, Space, Spaces, field, is_aside};
use super::{HTML_BYTES_MAX, absolute, dates};

/// No field stands deeper in its entry; beyond, nothing is looked up.
const NEST_MAX: usize = 32;

/// Which entries are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// So many are passed over first.
    pub skip: usize,
    /// So many are read.
    pub take: usize,
}

/// Reads a document.
pub fn read(text: &str, start: usize, base: Option<&Url>, window: Window) -> Document {
    let mut reader = Reader::new(base, window);
    for piece in Scanner::new(text, start) {
        match piece {
            Piece::Open(tag) => reader.open(tag),
            Piece::Close(name, ..) => reader.close(name),
            Piece::Text(run) => reader.text(run),
            Piece::Raw(run) => reader.raw(run),
            Piece::Stray => reader.raw("<"),
            Piece::Comment | Piece::Aside | Piece::Torn => {}
        }
        if reader.is_full() {
            break;
        }
    }
    reader.finish()
}

struct Reader<'a> {
    document: Document,
    window: Window,
    /// Entries that began.
    begun: usize,
    open: Open<'a>,
    spaces: Spaces<'a>,
    /// `xml:base` in force, and how many elements stood open when it came.
    bases: Vec<(usize, Option<Rc<Url>>)>,
    entry: Option<Entry>,
    capture: Option<Capture>,
}

/// The entry that is open.
struct Entry {
    draft: Draft,
    /// How many elements stand around it.
    depth: usize,
    /// How much what is known of each field counts, by `Field`.
    ranks: [Option<u8>; FIELDS],
    /// The guid may stand for the link.
    permalink: bool,
    /// A link that is not the alternate one, where there is no other.
    second_link: Option<String>,
    created: Option<chrono::DateTime<chrono::Utc>>,
    /// RSS 1.0's `rdf:about`.
    about: Option<String>,
}

/// The rank of an author's name that stands in an element of its own.
const NAME: u8 = STRONG + 1;

const FIELDS: usize = Field::Content as usize + 1;

/// A field that is being taken.
struct Capture {
    field: Option<Field>,
    rank: u8,
    /// How many elements stand around it.
    depth: usize,
    form: Form,
    value: String,
    /// Whether elements stood inside.
    has_markup: bool,
    base: Option<Rc<Url>>,
}

/// How the value of a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Text with references, which read give HTML.
    Html,
    /// Text with references, which read give text.
    Text,
    /// Elements, that are the value.
    Markup,
    /// Bytes as base64, of HTML or of text.
    Base64 { html: bool },
    /// Bytes of something that is no text.
    Other,
}

impl<'a> Reader<'a> {
    fn new(base: Option<&Url>, window: Window) -> Reader<'a> {
        Reader {
            document: Document::default(),
            window,
            begun: 0,
            open: Open::default(),
            spaces: Spaces::default(),
            bases: vec![(0, base.cloned().map(Rc::new))],
            entry: None,
            capture: None,
        }
    }

    fn is_full(&self) -> bool {
        self.document.entries.len() >= self.window.take
    }

    fn open(&mut self, tag: Tag<'a>) {
        self.spaces.declare(&tag);
        let space = self.spaces.of(&tag);
        if let Some(capture) = &self.capture {
            if !self.ends(capture, &tag, space) {
                return self.inner(&tag);
            }
            let depth = capture.depth;
            self.close_from(depth);
        }
        let depth = self.open.len();
        let base = self.base_of(&tag);
        if is_entry(tag.name) && space == Space::Core {
            self.close_entry();
            self.begun += 1;
            self.entry = Some(Entry::new(self.open.len(), &tag, base.as_deref()));
        } else {
            self.element(&tag, space, base.clone());
        }
        if tag.empty {
            if self.capture.as_ref().is_some_and(|c| c.depth == depth) {
                self.close_from(depth);
            } else if self.entry.as_ref().is_some_and(|e| e.depth == depth) {
                self.close_entry();
            }
        } else {
            if attribute(tag.attributes, "xml:base").is_some() {
                self.bases.push((depth, base));
            }
            self.open.push(tag.name);
        }
    }

    /// An element outside of any field.
    fn element(&mut self, tag: &Tag<'a>, space: Space, base: Option<Rc<Url>>) {
        let Some(entry) = &mut self.entry else {
            let at_channel = matches!(
                local(self.open.last()).to_ascii_lowercase().as_str(),
                "channel" | "feed" | "rss"
            );
            if let Some((Field::Title, rank)) = field(space, tag.name)
                && at_channel
                && self.document.title.is_none()
            {
                let form = form(tag, Field::Title, space);
                self.capture = Some(Capture::new(None, rank, self.open.len(), form, base));
            }
            return;
        };
        if self.open.len() - entry.depth > NEST_MAX {
            return;
        }
        let around = (entry.depth + 1..self.open.len()).rev().map(|at| self.open.get(at));
        let mut inside = None;
        for name in around {
            if is_compound(name) {
                inside = Some(local(name));
                break;
            }
        }
        let found = match inside {
            None => field(space, tag.name),
            Some(name) if name.eq_ignore_ascii_case("author") && local(tag.name) == "name" => {
                Some((Field::Author, NAME))
            }
            // Media RSS groups hold one medium's words.
            Some("group" | "content") if space == Space::Media => field(space, tag.name),
            Some(_) => None,
        };
        let Some((found, rank)) = found else { return };
        match found {
            Field::Link if attribute(tag.attributes, "href").is_some() => {
                entry.link(tag, base.as_deref());
                return;
            }
            // Each format has its own; another one's beside it would make another entry of this one.
            Field::Guid if (local(tag.name) == "id") != is_atom(self.open.get(0)) => return,
            Field::Guid => {
                entry.permalink = attribute(tag.attributes, "isPermaLink")
                    .is_none_or(|word| !word.trim().eq_ignore_ascii_case("false"))
                    && local(tag.name) == "guid";
            }
            _ => {}
        }
        let form = form(tag, found, space);
        self.capture = Some(Capture::new(Some(found), rank, self.open.len(), form, base));
    }

    /// An element inside a field: part of its value.
    fn inner(&mut self, tag: &Tag<'a>) {
        // Atom's author is a compound: its name counts, and nothing else in it.
        if let Some(capture) = &mut self.capture {
            if capture.field == Some(Field::Author) {
                if local(tag.name) == "name" {
                    capture.value.clear();
                    capture.rank = NAME;
                } else if !capture.has_markup {
                    capture.has_markup = true;
                }
            } else if capture.has_room() {
                capture.has_markup = true;
                capture.value.push('<');
                capture.value.push_str(local(tag.name));
                capture.value.push_str(tag.attributes);
                capture.value.push('>');
                if tag.empty && !is_void(tag.name) {
                    capture.value.push_str("</");
                    capture.value.push_str(local(tag.name));
                    capture.value.push('>');
                }
            }
        }
        if !tag.empty {
            self.open.push(tag.name);
        }
    }

    /// Whether a tag inside a field shows that the field's own end tag is missing.
    fn ends(&self, capture: &Capture, tag: &Tag<'a>, space: Space) -> bool {
        if capture.form == Form::Markup || space == Space::Xhtml {
            return false;
        }
        if is_entry(tag.name) && space == Space::Core {
            return true;
        }
        let Some((found, _)) = field(space, tag.name) else { return false };
        match capture.field {
            Some(Field::Author) => false,
            // Elements that HTML has as well may be part of the text.
            _ => match found {
                Field::Guid | Field::Published | Field::Updated | Field::Created => true,
                Field::Link => attribute(tag.attributes, "rel").is_none(),
                Field::Summary => local(tag.name) == "description",
                Field::Content => tag.name == "content:encoded",
                Field::Title | Field::Author => false,
            },
        }
    }

    fn close(&mut self, name: &str) {
        let Some(at) = self.open.find(name) else { return };
        match &mut self.capture {
            Some(capture) if at > capture.depth => {
                if capture.field != Some(Field::Author) && capture.has_room() && !is_void(name) {
                    capture.value.push_str("</");
                    capture.value.push_str(local(name));
                    capture.value.push('>');
                } else if capture.field == Some(Field::Author) && local(name) == "name" {
                    self.finish_capture();
                }
                self.open.close_from(at);
            }
            _ => self.close_from(at),
        }
    }

    /// Closes all elements from a place on, with what they end.
    fn close_from(&mut self, at: usize) {
        if self.capture.as_ref().is_some_and(|c| c.depth >= at) {
            self.finish_capture();
        }
        if self.entry.as_ref().is_some_and(|e| e.depth >= at) {
            self.close_entry();
        }
        self.open.close_from(at);
        while self.bases.len() > 1 && self.bases.last().is_some_and(|(depth, _)| *depth >= at) {
            self.bases.pop();
        }
    }

    /// At the end of the document. An entry that is open was cut off: its id may be still to come,
    /// and under another it would be another entry; it is kept only where it is all that there is.
    fn finish(mut self) -> Document {
        if self.document.entries.is_empty() {
            self.close_entry();
        }
        self.document
    }

    fn close_entry(&mut self) {
        self.finish_capture();
        if let Some(entry) = self.entry.take()
            && self.begun > self.window.skip
        {
            self.document.entries.push(entry.finish());
        }
    }

    fn text(&mut self, run: &str) {
        let Some(capture) = self.capture.as_mut().filter(|c| c.has_room()) else { return };
        match capture.form {
            Form::Markup => capture.value.push_str(run),
            _ => push_unescaped(run, &mut capture.value),
        }
    }

    fn raw(&mut self, run: &str) {
        let Some(capture) = self.capture.as_mut().filter(|c| c.has_room()) else { return };
        match capture.form {
            Form::Markup => capture.value.push_str(&escape(run)),
            _ => capture.value.push_str(run),
        }
    }

    fn finish_capture(&mut self) {
        let Some(capture) = self.capture.take() else { return };
        let rank = capture.rank;
        if capture.field == Some(Field::Author) && capture.has_markup && rank < NAME {
            // An author without a name: only an address of some kind.
            return;
        }
        let base = capture.base.clone();
        let field = capture.field;
        let value = capture.html();
        let value = match value.trim() {
            "" => return,
            trimmed if trimmed.len() < value.len() => trimmed.to_owned(),
            _ => value,
        };
        match (&mut self.entry, field) {
            (Some(entry), Some(field)) => entry.set(field, rank, value, base.as_deref()),
            _ => self.document.title = Some(value),
        }
    }

    /// The base for an element's relative addresses.
    fn base_of(&self, tag: &Tag<'a>) -> Option<Rc<Url>> {
        let around = self.bases.last().and_then(|(_, base)| base.clone());
        let own = attribute(tag.attributes, "xml:base").filter(|own| own.len() <= BASE_BYTES_MAX);
        let Some(own) = own else { return around };
        let own = unescape(own.trim());
        let joined = match &around {
            Some(base) if base.as_str().len() <= BASE_BYTES_MAX => base.join(&own).ok(),
            Some(_) => None,
            None => Url::parse(&own).ok(),
        };
        joined.map(Rc::new).or(around)
    }
}

/// A longer base is no address, but one that grows with every element.
const BASE_BYTES_MAX: usize = 2048;

impl Entry {
    fn new(depth: usize, tag: &Tag<'_>, base: Option<&Url>) -> Entry {
        let value = |name| attribute(tag.attributes, name).map(|v| unescape(v).trim().to_owned());
        // CDF keeps both on the element.
        let link = value("HREF").or_else(|| value("href"));
        let changed = value("LASTMOD").or_else(|| value("lastmod"));
        let draft = Draft {
            link: link.and_then(|link| absolute(&link, None, base)),
            updated: changed.and_then(|date| dates::parse(&date)),
            ..Draft::default()
        };
        Entry {
            draft,
            depth,
            ranks: [None; FIELDS],
            permalink: false,
            second_link: None,
            created: None,
            about: value("rdf:about"),
        }
    }

    fn link(&mut self, tag: &Tag<'_>, base: Option<&Url>) {
        let href = attribute(tag.attributes, "href").map(unescape).unwrap_or_default();
        let Some(address) = absolute(&href, None, base) else { return };
        match attribute(tag.attributes, "rel").map(str::trim) {
            None | Some("" | "alternate") => {
                self.draft.link.get_or_insert(address);
            }
            Some(rel) if is_aside(rel) => {}
            Some(_) => {
                self.second_link.get_or_insert(address);
            }
        }
    }

    fn set(&mut self, field: Field, rank: u8, value: String, base: Option<&Url>) {
        let known = &mut self.ranks[field as usize];
        // Of two that count alike the last stands, but of addresses and authors the first.
        let first = matches!(field, Field::Link | Field::Author);
        if known.is_some_and(|known| known > rank || (known == rank && first)) {
            return;
        }
        let draft = &mut self.draft;
        match field {
            Field::Title => draft.title = Some(value),
            Field::Link => match absolute(&value, None, base) {
                Some(address) => draft.link = Some(address),
                None => return,
            },
            Field::Guid => draft.guid = Some(value.trim().to_owned()),
            Field::Published | Field::Updated | Field::Created => {
                let Some(date) = dates::parse(&value) else { return };
                let place = match field {
                    Field::Published => &mut draft.published,
                    Field::Updated => &mut draft.updated,
                    _ => &mut self.created,
                };
                *place = Some(date);
            }
            Field::Author => draft.author = Some(value),
            Field::Summary => draft.summary = Some(value),
            Field::Content => draft.content = Some(value),
        }
        *known = Some(rank);
    }

    fn finish(mut self) -> Draft {
        let draft = &mut self.draft;
        let weak = self.ranks[Field::Summary as usize].is_some_and(|rank| rank < STRONG);
        if weak && draft.content.is_some() {
            draft.summary = None;
        }
        if draft.link.is_none() {
            // A guid is the address unless it says that it is none (RSS 2.0).
            let guid = draft.guid.as_deref().filter(|_| self.permalink);
            draft.link = guid.and_then(|guid| absolute(guid, None, None));
        }
        if draft.link.is_none() {
            draft.link = self.second_link.take();
        }
        if draft.link.is_none() && draft.guid.is_none() {
            draft.link = self.about.as_deref().and_then(|about| absolute(about, None, None));
            draft.guid = self.about.take();
        }
        if draft.published.is_none() && draft.updated.is_none() {
            draft.published = self.created;
        }
        self.draft
    }
}

impl Capture {
    fn new(
        field: Option<Field>,
        rank: u8,
        depth: usize,
        form: Form,
        base: Option<Rc<Url>>,
    ) -> Capture {
        Capture { field, rank, depth, form, value: String::new(), has_markup: false, base }
    }

    fn has_room(&self) -> bool {
        self.value.len() < HTML_BYTES_MAX
    }

    /// The value, as HTML where the field is one.
    fn html(self) -> String {
        match (self.field, self.form) {
            (Some(Field::Title | Field::Summary | Field::Content) | None, Form::Text) => {
                if self.has_markup { self.value } else { html_of_text(self.value) }
            }
            (_, Form::Base64 { html }) => {
                let text = base64_text(&self.value);
                if html { text } else { html_of_text(text) }
            }
            (_, Form::Other) => String::new(),
            _ => self.value,
        }
    }
}

fn base64_text(value: &str) -> String {
    // Padding is often forgotten, and lines are broken anywhere.
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let packed: String = value.split_ascii_whitespace().collect();
    match LENIENT.decode(&packed) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        // It says base64 and is none: what stands there is the best that there is.
        Err(_) => value.to_owned(),
    }
}

/// How an element's value is written: Atom says so in `type` and, before 1.0, in `mode`.
fn form(tag: &Tag<'_>, field: Field, space: Space) -> Form {
    if !matches!(field, Field::Title | Field::Summary | Field::Content) {
        return Form::Html;
    }
    let kind = attribute(tag.attributes, "type").map(|k| k.trim().to_ascii_lowercase());
    let mode = attribute(tag.attributes, "mode").map(|m| m.trim().to_ascii_lowercase());
    let is_html = kind.as_deref().is_some_and(|k| k.contains("html"));
    if space == Space::Xhtml {
        return Form::Markup;
    }
    match (mode.as_deref(), kind.as_deref()) {
        (Some("base64"), _) => Form::Base64 { html: is_html },
        (Some("xml"), Some(kind)) if kind.contains("html") || kind.ends_with("xml") => Form::Markup,
        (Some("escaped"), Some(kind)) if kind.contains("html") => Form::Html,
        (_, Some("xhtml" | "application/xhtml+xml")) => Form::Markup,
        (_, Some(kind)) if kind.ends_with("+xml") || kind.ends_with("/xml") => Form::Markup,
        (_, Some("text" | "text/plain")) => Form::Text,
        (_, Some(kind)) if kind.contains("html") || kind.starts_with("text/") => Form::Html,
        // A type of RFC 4287 §4.1.3.3 whose body is base64: text in disguise, or no text.
        (None, Some(kind)) if is_binary(kind) => match kind {
            "application/octet-stream" | "base64" => Form::Base64 { html: true },
            _ => Form::Other,
        },
        // RSS knows no types: a description is HTML.
        (_, None) if matches!(local(tag.name), "description" | "encoded" | "body" | "fullitem") => {
            Form::Html
        }
        _ => Form::Text,
    }
}

fn is_binary(kind: &str) -> bool {
    kind == "base64"
        || ["application/", "image/", "audio/", "video/"].iter().any(|t| kind.starts_with(t))
}

fn is_atom(root: &str) -> bool {
    matches!(local(root), "feed" | "entry")
}

/// Elements whose children speak of something else than the entry.
fn is_compound(name: &str) -> bool {
    matches!(
        local(name).to_ascii_lowercase().as_str(),
        "source"
            | "author"
            | "contributor"
            | "image"
            | "textinput"
            | "group"
            | "content"
            | "enclosure"
            | "owner"
            | "log"
            | "logtarget"
    )
}

/// Elements of HTML that have no end.
fn is_void(name: &str) -> bool {
    matches!(
        local(name),
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
    )
}
