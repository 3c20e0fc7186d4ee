//! A fetched page as a flat tree: elements in the order in which they open, and the events between
//! them. Bounded in depth, elements and text, and built in one pass.

use std::convert::Infallible;

use html5gum::Tokenizer;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};

use super::marks::{self, Marks};

/// Elements stand no deeper; a tag beyond it is read as if it were not there. Pages in use nest to
/// about sixty.
const DEPTH_MAX: usize = 256;

/// No more events (tags and runs of text) are read of a page: ten times what a long article has.
const EVENTS_MAX: usize = 400_000;

/// No more text is read of a page, in bytes: twice what detection reads of an article.
const TEXT_BYTES_MAX: usize = 2 * crate::text::block::TEXT_BYTES_MAX;

/// Scripts with data that are kept, and the longest, in bytes. What Next.js puts into one is mostly
/// below 128 kB.
const DATA_SCRIPTS_MAX: usize = 8;
const DATA_BYTES_MAX: usize = 1024 * 1024;

/// What an element is, as far as an article needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Holds other elements and ends a paragraph: `div`, `section`, `header` …
    Box,
    /// `article`.
    Article,
    /// `main`.
    Main,
    /// `form`: a search box, or all of an ASP.NET page.
    Form,
    /// Whose content is never the article's: `nav`, `footer`, `aside`, `svg`, `button` …
    Aside,
    /// Whose content is no text: `script`, `style`, `template` …
    Hidden,
    /// `title` of the page.
    Title,
    /// Kept with its name: paragraphs, headings, lists, tables, quotations.
    Kept(&'static str),
    /// Runs inside a paragraph; kept without its tag.
    Inline,
    /// `a`.
    Link,
}

/// Names of elements that are kept.
const KEPT: &[&str] = &[
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "td",
    "th",
    "caption",
    "blockquote",
    "pre",
    "b",
    "strong",
    "figcaption",
    "br",
    "hr",
];

impl Tag {
    fn of(name: &[u8]) -> Tag {
        match name {
            b"article" => Tag::Article,
            b"main" => Tag::Main,
            b"form" => Tag::Form,
            b"a" => Tag::Link,
            b"title" => Tag::Title,
            b"nav" | b"footer" | b"aside" | b"dialog" | b"menu" | b"button" | b"select"
            | b"textarea" | b"svg" | b"canvas" | b"audio" | b"video" | b"object" | b"search" => {
                Tag::Aside
            }
            b"script" | b"style" | b"noscript" | b"template" | b"iframe" => Tag::Hidden,
            b"html" | b"body" | b"div" | b"section" | b"header" | b"figure" | b"address"
            | b"details" | b"summary" | b"fieldset" | b"center" | b"hgroup" | b"picture" => {
                Tag::Box
            }
            _ => KEPT
                .iter()
                .find(|kept| kept.as_bytes() == name)
                .map_or(Tag::Inline, |kept| Tag::Kept(kept)),
        }
    }

    /// The level of a heading.
    pub fn heading(self) -> Option<u8> {
        match self {
            Tag::Kept(name) if name.len() == 2 && name.starts_with('h') && name != "hr" => {
                Some(name.as_bytes()[1] - b'0')
            }
            _ => None,
        }
    }

    /// Whether it is a cell of a table.
    pub fn is_cell(self) -> bool {
        matches!(self, Tag::Kept("td" | "th"))
    }

    fn is_inline(self) -> bool {
        matches!(self, Tag::Inline | Tag::Link | Tag::Kept("b" | "strong"))
    }
}

/// An element.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// What it is.
    pub tag: Tag,
    /// The element around it, an index; its own for the root.
    pub parent: usize,
    /// Its events: from its own start …
    pub first: usize,
    /// … to before this one.
    pub last: usize,
    /// What its attributes say.
    pub marks: Marks,
    /// Letters of its own text, without its children's.
    pub own: usize,
    /// Of those, the letters inside links.
    pub own_linked: usize,
    name: u64,
}

/// What stands in a page, in order.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// An element begins.
    Open(usize),
    /// An element ends.
    Close(usize),
    /// `br` or `hr`.
    Break,
    /// Text: from … to … in [`Page::text`].
    Text(usize, usize),
}

/// A page.
#[derive(Debug, Default)]
pub struct Page {
    /// Its elements; the first is around all.
    pub nodes: Vec<Node>,
    /// Its events.
    pub events: Vec<Event>,
    /// Its text, character references read.
    pub text: String,
    /// Scripts that hold data: (whether they are JSON-LD, their text).
    pub data: Vec<(bool, String)>,
}

impl Page {
    /// Reads a page. Never fails.
    pub fn read(html: &str) -> Page {
        let mut reader = Reader::new();
        scan(html, &mut reader);
        reader.finish()
    }

    /// The text of an element.
    pub fn text_of(&self, node: &Node) -> impl Iterator<Item = &str> {
        self.events[node.first..node.last].iter().filter_map(|event| match event {
            Event::Text(from, to) => Some(&self.text[*from..*to]),
            _ => None,
        })
    }
}

/// Hands the tags and texts of a page to the reader, until that has enough. All that is used of
/// the tokenizer stands here.
fn scan(html: &str, reader: &mut Reader) {
    let mut attribute: Vec<u8> = Vec::new();
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: html5gum::Span<()>| {
        match event {
            CallbackEvent::OpenStartTag { name } => reader.start(name),
            CallbackEvent::AttributeName { name } => {
                attribute.clear();
                attribute.extend_from_slice(name);
                reader.attribute(name, b"");
            }
            CallbackEvent::AttributeValue { value } => reader.attribute(&attribute, value),
            CallbackEvent::CloseStartTag { self_closing } => reader.open(self_closing),
            CallbackEvent::EndTag { name } => reader.close(name),
            CallbackEvent::String { value } => reader.string(&String::from_utf8_lossy(value)),
            _ => {}
        }
        reader.is_full().then_some(())
    });
    // What a script holds is no markup.
    emitter.naively_switch_states(true);
    let _: Option<Result<(), Infallible>> = Tokenizer::new_with_emitter(html, emitter).next();
}

/// The start tag in hand.
#[derive(Debug)]
struct Start {
    tag: Tag,
    name: u64,
    is_void: bool,
    marks: Marks,
    /// For a script: whether it holds data, and whether that is JSON-LD.
    data: Option<bool>,
}

/// Builds a page.
struct Reader {
    page: Page,
    /// Open elements, outermost first.
    stack: Vec<usize>,
    /// How many open elements there are by name, and how many were too deep, hashed.
    open: Vec<(u32, u32)>,
    links: u32,
    hidden: u32,
    start: Option<Start>,
}

const NAME_SLOTS: usize = 512;

impl Reader {
    fn new() -> Reader {
        let root = Node {
            tag: Tag::Box,
            parent: 0,
            first: 0,
            last: 0,
            marks: Marks::default(),
            own: 0,
            own_linked: 0,
            name: 0,
        };
        let page = Page { nodes: vec![root], ..Page::default() };
        Reader {
            page,
            stack: vec![0],
            open: vec![(0, 0); NAME_SLOTS],
            links: 0,
            hidden: 0,
            start: None,
        }
    }

    fn is_full(&self) -> bool {
        self.page.events.len() >= EVENTS_MAX || self.page.text.len() >= TEXT_BYTES_MAX
    }

    fn start(&mut self, name: &[u8]) {
        let tag = Tag::of(name);
        let marks = marks::of_name(name);
        self.start =
            Some(Start { tag, name: hash(name), is_void: is_void(name), marks, data: None });
    }

    fn attribute(&mut self, name: &[u8], value: &[u8]) {
        // An end tag may carry attributes too; they mean nothing.
        let Some(start) = &mut self.start else { return };
        if start.tag == Tag::Hidden {
            if name == b"type" {
                start.data = match value {
                    b"application/ld+json" => Some(true),
                    b"application/json" => Some(false),
                    _ => None,
                };
            }
            return;
        }
        start.marks = start.marks | marks::of_attribute(name, value);
    }

    fn open(&mut self, self_closing: bool) {
        let Some(start) = self.start.take() else { return };
        if matches!(start.tag, Tag::Kept("br" | "hr")) {
            if self.hidden == 0 {
                self.page.events.push(Event::Break);
            }
            return;
        }
        let foreign = self_closing && start.tag == Tag::Aside;
        if start.is_void || foreign {
            return;
        }
        if !start.tag.is_inline() {
            self.imply_ends(start.tag);
        }
        let slot = slot(start.name);
        if self.stack.len() >= DEPTH_MAX {
            self.open[slot].1 += 1;
            return;
        }
        if let Some(linked_data) = start.data
            && self.page.data.len() < DATA_SCRIPTS_MAX
        {
            self.page.data.push((linked_data, String::new()));
        }
        self.open[slot].0 += 1;
        self.links += u32::from(start.tag == Tag::Link);
        self.hidden += u32::from(start.tag == Tag::Hidden);
        let index = self.page.nodes.len();
        let first = self.page.events.len();
        self.page.events.push(Event::Open(index));
        self.page.nodes.push(Node {
            tag: start.tag,
            parent: self.stack.last().copied().unwrap_or_default(),
            first,
            last: first,
            marks: if start.data.is_some() { Marks::DATA } else { start.marks },
            own: 0,
            own_linked: 0,
            name: start.name,
        });
        self.stack.push(index);
    }

    /// Ends what the element that begins ends by beginning: WHATWG HTML 13.1.2.4.
    fn imply_ends(&mut self, tag: Tag) {
        let is = |names: &[&str], tag: Tag| matches!(tag, Tag::Kept(n) if names.contains(&n));
        let (ended, bounds): (&[&str], &[&str]) = match tag {
            Tag::Kept("li") => (&["li"], &["ul", "ol", "table", "td"]),
            Tag::Kept("dt" | "dd") => (&["dt", "dd"], &["dl", "table", "td"]),
            Tag::Kept("tr" | "tbody" | "thead" | "tfoot") => (&["tr"], &["table"]),
            Tag::Kept("td" | "th") => (&["td", "th"], &["tr", "table"]),
            _ => (&["p"], &[]),
        };
        for depth in (1..self.stack.len()).rev() {
            let open = self.page.nodes[self.stack[depth]].tag;
            if is(ended, open) {
                self.pop_to(depth);
                return;
            }
            let stops = if bounds.is_empty() { !open.is_inline() } else { is(bounds, open) };
            if stops {
                return;
            }
        }
    }

    fn close(&mut self, name: &[u8]) {
        self.start = None;
        let (name, tag) = (hash(name), Tag::of(name));
        let counts = &mut self.open[slot(name)];
        if counts.1 > 0 {
            counts.1 -= 1;
            return;
        }
        if counts.0 == 0 {
            return;
        }
        let is_table_part = matches!(tag, Tag::Kept("table" | "tr" | "tbody" | "thead" | "tfoot"));
        for depth in (1..self.stack.len()).rev() {
            let node = &self.page.nodes[self.stack[depth]];
            if node.name == name {
                self.pop_to(depth);
                return;
            }
            // A stray end tag in a cell ends nothing outside of it.
            if node.tag.is_cell() && !is_table_part {
                return;
            }
        }
    }

    /// Closes the open elements from this depth on.
    fn pop_to(&mut self, depth: usize) {
        for index in self.stack.drain(depth..).rev() {
            self.page.events.push(Event::Close(index));
            let node = &mut self.page.nodes[index];
            node.last = self.page.events.len();
            self.links -= u32::from(node.tag == Tag::Link);
            self.hidden -= u32::from(node.tag == Tag::Hidden);
            self.open[slot(node.name)].0 -= 1;
        }
    }

    fn string(&mut self, text: &str) {
        let Some(&top) = self.stack.last() else { return };
        let node = &mut self.page.nodes[top];
        if self.hidden > 0 {
            if node.marks.has(Marks::DATA)
                && let Some((_, data)) = self.page.data.last_mut()
                && data.len() + text.len() <= DATA_BYTES_MAX
            {
                data.push_str(text);
            }
            return;
        }
        let letters = text.chars().filter(|c| !c.is_whitespace()).count();
        node.own += letters;
        node.own_linked += if self.links > 0 { letters } else { 0 };
        let mut end = text.len().min(TEXT_BYTES_MAX.saturating_sub(self.page.text.len()));
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let from = self.page.text.len();
        self.page.text.push_str(&text[..end]);
        self.page.events.push(Event::Text(from, self.page.text.len()));
        if end < text.len() {
            // Full to the byte, so that nothing more is read.
            self.page.text.push_str(&" ".repeat(TEXT_BYTES_MAX - self.page.text.len()));
        }
    }

    fn finish(mut self) -> Page {
        self.pop_to(1);
        self.page.nodes[0].last = self.page.events.len();
        self.page
    }
}

/// FNV-1a: names are compared by it. A collision would only close an element too early.
fn hash(name: &[u8]) -> u64 {
    name.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn slot(name: u64) -> usize {
    usize::try_from(name % NAME_SLOTS as u64).unwrap_or_default()
}

fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"br"
            | b"col"
            | b"embed"
            | b"hr"
            | b"img"
            | b"input"
            | b"link"
            | b"meta"
            | b"param"
            | b"source"
            | b"track"
            | b"wbr"
    )
}
