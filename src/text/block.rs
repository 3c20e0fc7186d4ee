//! HTML to blocks: titles, headings, paragraphs, list items, cells and quotes, each with the
//! heading above it and the paragraph that leads into its list.
//!
//! Broken markup is no error. No tree is built: an open list of a few counters is all the state
//! there is, so that depth costs nothing.

use super::escape::push_reference;
use super::html::{Piece, Pieces};

/// No article has more blocks; what comes after is dropped. Keeps a page of 100,000 list items
/// from costing more than reading it.
pub const BLOCKS_MAX: usize = 20_000;

/// No article has more text, in bytes; what comes after is dropped. A book has half of it.
pub const TEXT_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A term of a description list that is longer is a paragraph of its own.
const TERM_BYTES_MAX: usize = 80;

/// No block is longer, in bytes; what comes after starts a block of its own.
const BLOCK_BYTES_MAX: usize = 64 * 1024;

/// Few blocks are longer, in bytes: the buffer for their texts begins with so many.
const TEXT_BYTES: usize = 2 * 1024;

/// No tag of which anything is known has a longer name.
const TAG_BYTES_MAX: usize = 16;

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// The article's title.
    Title,
    /// A heading of this level, 1 to 6; a paragraph that is wholly strong counts as level 6.
    Heading(u8),
    /// A paragraph, or loose text.
    Paragraph,
    /// An item of a list.
    ListItem,
    /// A cell of a table, in this row and column.
    Cell {
        /// The table's number in the document, from 0.
        table: u32,
        /// From 0.
        row: u32,
        /// From 0.
        column: u32,
        /// Whether it is a header cell.
        header: bool,
    },
    /// A paragraph inside a block quotation.
    Quote,
}

/// A run of text that belongs together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its text: white space collapsed, no markup.
    pub text: String,
    /// Bytes at the start of `text` that are set in strong type.
    pub strong_prefix: usize,
    /// The heading that it stands under, as an index into the blocks.
    pub heading: Option<usize>,
    /// For a list item or a cell: the paragraph or heading before the list, as an index.
    pub lead_in: Option<usize>,
    /// The number of the list that it belongs to, where it is an item.
    pub list: Option<u32>,
}

/// The blocks of a document: its title, then its body in reading order.
pub fn blocks(title: &str, html: &str) -> Vec<Block> {
    let mut builder = Builder::default();
    builder.read(title, html);
    builder.blocks
}

/// Whether the text of some block passes a test: [`blocks`] without making any, for the many documents
/// of which that is all that needs to be known.
pub fn any_block(title: &str, html: &str, passes: &mut dyn FnMut(&str) -> bool) -> bool {
    let mut builder = Builder { test: Some(Test { passes, passed: false }), ..Builder::default() };
    builder.read(title, html);
    builder.test.is_some_and(|test| test.passed)
}

/// A tag's name in small letters; nothing where it is too long to be known.
fn in_small_letters<'a>(written: &'a str, buffer: &'a mut [u8; TAG_BYTES_MAX]) -> &'a [u8] {
    let written = written.as_bytes();
    if !written.iter().any(u8::is_ascii_uppercase) {
        return written;
    }
    let Some(name) = buffer.get_mut(..written.len()) else { return b"" };
    name.copy_from_slice(written);
    name.make_ascii_lowercase();
    name
}

/// The text of a fragment of HTML on one line, for titles and summaries.
pub fn plain_text(html: &str) -> String {
    let mut all = String::new();
    any_block("", html, &mut |text| {
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(text);
        false
    });
    all
}

/// What the text of a block is asked, where that is all.
struct Test<'a> {
    passes: &'a mut dyn FnMut(&str) -> bool,
    passed: bool,
}

#[derive(Default)]
struct Builder<'a> {
    blocks: Vec<Block>,
    /// Where there is one, no blocks are kept.
    test: Option<Test<'a>>,
    /// Blocks that ended, and the bytes of their texts.
    count: usize,
    bytes: usize,
    text: String,
    strong_prefix: usize,
    all_strong: bool,
    strong_depth: u32,
    hidden_depth: u32,
    quote_depth: u32,
    heading_level: Option<u8>,
    /// Open lists, innermost last: (number, block that leads in).
    lists: Vec<(u32, Option<usize>)>,
    lists_seen: u32,
    in_item: bool,
    tables_seen: u32,
    table: Option<(u32, u32, u32, Option<usize>)>,
    cell: Option<bool>,
    /// The heading that stands open at each level.
    headings: [Option<usize>; 7],
}

impl Builder<'_> {
    fn read(&mut self, title: &str, html: &str) {
        self.text.reserve(TEXT_BYTES);
        self.push_title(title);
        let mut name = [0; TAG_BYTES_MAX];
        let mut plain = String::new();
        for piece in Pieces::new(html) {
            match piece {
                Piece::Text(text) => self.text(text),
                Piece::Reference(reference) => {
                    plain.clear();
                    push_reference(reference, &mut plain);
                    self.text(&plain);
                }
                Piece::Open { name: written, self_closing } => {
                    self.open(in_small_letters(written, &mut name), self_closing);
                }
                Piece::Close(written) => self.close(in_small_letters(written, &mut name)),
            }
            if self.is_full() {
                break;
            }
        }
        self.flush();
    }

    /// Whether there are blocks or text enough, or all is known.
    fn is_full(&self) -> bool {
        self.count >= BLOCKS_MAX
            || self.bytes >= TEXT_BYTES_MAX
            || self.test.as_ref().is_some_and(|test| test.passed)
    }

    /// Tests the text in hand, where that is all that is to be done with it.
    fn put_to_test(&mut self) -> bool {
        let Some(test) = &mut self.test else { return false };
        test.passed |= (test.passes)(&self.text);
        true
    }

    fn push_title(&mut self, title: &str) {
        self.text(title);
        self.end_line();
        if !self.text.is_empty() {
            self.count += 1;
            if !self.put_to_test() {
                self.blocks.push(Block {
                    kind: BlockKind::Title,
                    text: self.text.as_str().to_owned(),
                    strong_prefix: 0,
                    heading: None,
                    lead_in: None,
                    list: None,
                });
            }
        }
        self.text.clear();
        self.strong_prefix = 0;
    }

    fn open(&mut self, name: &[u8], self_closing: bool) {
        match name {
            b"script" | b"style" | b"template" | b"noscript" if !self_closing => {
                self.hidden_depth += 1;
            }
            b"b" | b"strong" => self.strong_depth += 1,
            b"br" | b"hr" => self.flush(),
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => {
                self.flush();
                self.heading_level = Some(name[1] - b'0');
            }
            b"ul" | b"ol" | b"dl" => {
                self.flush();
                let lead_in = self.last_outside_list();
                self.lists.push((self.lists_seen, lead_in));
                self.lists_seen += 1;
                self.in_item = false;
            }
            // A term and what is told of it are one item: "President: Ana Castellan".
            b"dd" if self.text.ends_with(": ") => {}
            b"li" | b"dt" | b"dd" => {
                self.flush();
                self.in_item = true;
            }
            b"blockquote" => {
                self.flush();
                self.quote_depth += 1;
            }
            b"table" => {
                self.flush();
                let lead_in = self.last_outside_list();
                self.table = Some((self.tables_seen, 0, 0, lead_in));
                self.tables_seen += 1;
            }
            b"tr" => {
                self.flush();
                if let Some(table) = &mut self.table {
                    table.1 += 1;
                    table.2 = 0;
                }
            }
            b"td" | b"th" => {
                self.flush();
                self.cell = Some(name == b"th");
                if let Some(table) = &mut self.table {
                    table.2 += 1;
                }
            }
            name if is_block(name) => self.flush(),
            _ => {}
        }
    }

    fn close(&mut self, name: &[u8]) {
        match name {
            b"script" | b"style" | b"template" | b"noscript" => {
                self.hidden_depth = self.hidden_depth.saturating_sub(1);
            }
            b"b" | b"strong" => self.strong_depth = self.strong_depth.saturating_sub(1),
            b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => {
                self.flush();
                self.heading_level = None;
            }
            b"ul" | b"ol" | b"dl" => {
                self.flush();
                self.lists.pop();
                self.in_item = !self.lists.is_empty();
            }
            b"dt" if (1..=TERM_BYTES_MAX).contains(&self.text.len()) => {
                self.end_line();
                self.text.push_str(if self.text.ends_with(':') { " " } else { ": " });
            }
            b"li" | b"dt" | b"dd" => {
                self.flush();
                self.in_item = false;
            }
            b"blockquote" => {
                self.flush();
                self.quote_depth = self.quote_depth.saturating_sub(1);
            }
            b"table" => {
                self.flush();
                self.table = None;
                self.cell = None;
            }
            b"td" | b"th" => {
                self.flush();
                self.cell = None;
            }
            name if is_block(name) => self.flush(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.hidden_depth > 0 {
            return;
        }
        if self.text.is_empty() {
            self.all_strong = true;
            self.strong_prefix = 0;
        }
        let mut rest = text;
        while !rest.is_empty() {
            // Words come in runs, and runs are copied whole.
            let room = BLOCK_BYTES_MAX.saturating_sub(self.text.len());
            let (run, after) = rest.split_at(clean_run(rest, room));
            if !run.is_empty() {
                self.push_run(run);
                rest = after;
            } else if let Some(c) = rest.chars().next() {
                rest = &rest[c.len_utf8()..];
                if c.is_whitespace() {
                    if !self.text.is_empty() && !self.text.ends_with(' ') {
                        self.text.push(' ');
                    }
                } else if !is_invisible(c) && !c.is_control() {
                    self.push_run(c.encode_utf8(&mut [0; 4]));
                }
            }
            if self.text.len() >= BLOCK_BYTES_MAX {
                self.flush();
                if self.is_full() {
                    return;
                }
            }
        }
    }

    /// Adds text that neither begins nor ends with white space, noting whether it is still the strong beginning.
    fn push_run(&mut self, run: &str) {
        if self.strong_depth == 0 {
            self.all_strong = false;
        }
        self.text.push_str(run);
        if self.all_strong {
            self.strong_prefix = self.text.len();
        }
    }

    fn end_line(&mut self) {
        while self.text.ends_with(' ') {
            self.text.pop();
        }
    }

    /// Ends the block in hand.
    fn flush(&mut self) {
        self.end_line();
        if self.text.is_empty() || self.is_full() {
            self.text.clear();
            return;
        }
        self.count += 1;
        self.bytes += self.text.len();
        if self.put_to_test() {
            self.text.clear();
            return;
        }
        // The buffer stays for the next block; the block takes as much as it needs.
        let text = self.text.as_str().to_owned();
        self.text.clear();
        let strong_prefix = self.strong_prefix.min(text.len());
        let kind = self.kind(&text, strong_prefix);
        let index = self.blocks.len();
        let mut block =
            Block { kind, text, strong_prefix, heading: None, lead_in: None, list: None };
        match kind {
            BlockKind::Heading(level) => {
                let level = usize::from(level);
                block.heading = self.headings[..level].iter().rev().flatten().next().copied();
                self.headings[level] = Some(index);
                for deeper in &mut self.headings[level + 1..] {
                    *deeper = None;
                }
            }
            _ => block.heading = self.headings.iter().rev().flatten().next().copied(),
        }
        if kind == BlockKind::ListItem {
            block.list = self.lists.last().map(|(number, _)| *number);
            block.lead_in = self.lists.last().and_then(|(_, lead_in)| *lead_in);
        } else if matches!(kind, BlockKind::Cell { .. }) {
            block.lead_in = self.table.and_then(|(_, _, _, lead_in)| lead_in);
        }
        self.blocks.push(block);
        self.strong_prefix = 0;
    }

    fn kind(&self, text: &str, strong_prefix: usize) -> BlockKind {
        if let Some(level) = self.heading_level {
            return BlockKind::Heading(level);
        }
        if let (Some((table, row, column, _)), Some(header)) = (self.table, self.cell) {
            return BlockKind::Cell { table, row, column, header };
        }
        if self.in_item || !self.lists.is_empty() {
            return BlockKind::ListItem;
        }
        if self.quote_depth > 0 {
            return BlockKind::Quote;
        }
        // A short paragraph that is wholly strong is how many editors write a heading.
        if strong_prefix == text.len() && text.len() < 120 && !text.ends_with('.') {
            return BlockKind::Heading(6);
        }
        BlockKind::Paragraph
    }

    /// The last block that is no list item: what leads into the list that opens now.
    fn last_outside_list(&self) -> Option<usize> {
        if let Some((_, lead_in)) = self.lists.last() {
            return self.blocks.len().checked_sub(1).filter(|_| self.in_item).or(*lead_in);
        }
        self.blocks.len().checked_sub(1)
    }
}

/// How many bytes at the start are plain words with single spaces between them: as many words as it
/// takes to fill `room`, none of them longer than a block.
fn clean_run(text: &str, room: usize) -> usize {
    let bytes = text.as_bytes();
    if !bytes.first().is_some_and(u8::is_ascii_graphic) {
        return 0;
    }
    let mut at = clean_steps(&bytes[..bytes.len().min(room)]);
    let mut word = bytes[..at].iter().rposition(|b| *b == b' ').map_or(0, |space| space + 1);
    let mut end = if word == at { at.saturating_sub(1) } else { at };
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii_graphic() {
            end = at + 1;
            if end - word >= BLOCK_BYTES_MAX {
                break;
            }
        } else if *byte == b' ' && at == end && end < room {
            word = at + 1;
        } else {
            break;
        }
        at += 1;
    }
    end
}

/// The same in whole steps of bytes that are looked at together; it may end behind a space.
fn clean_steps(bytes: &[u8]) -> usize {
    const STEP: usize = 16;
    let mut at = 0;
    while let (Some(here), Some(next)) =
        (bytes.get(at..at + STEP), bytes.get(at + 1..at + 1 + STEP))
    {
        let odd = here.iter().zip(next).fold(false, |odd, (a, b)| {
            odd | !(b' '..=b'~').contains(a) | ((*a == b' ') & (*b == b' '))
        });
        if odd {
            break;
        }
        at += STEP;
    }
    at
}

fn is_block(name: &[u8]) -> bool {
    matches!(
        name,
        b"p" | b"div"
            | b"section"
            | b"article"
            | b"header"
            | b"footer"
            | b"main"
            | b"aside"
            | b"nav"
            | b"pre"
            | b"figure"
            | b"figcaption"
            | b"address"
            | b"details"
            | b"summary"
            | b"form"
            | b"thead"
            | b"tbody"
            | b"caption"
    )
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(html: &str) -> Vec<(BlockKind, String)> {
        blocks("", html).into_iter().map(|b| (b.kind, b.text)).collect()
    }

    #[test]
    fn markup_becomes_blocks() {
        use BlockKind::{Heading, ListItem, Paragraph, Quote};
        for (html, expected) in [
            ("<p>One <b>two</b>\n three</p>", vec![(Paragraph, "One two three")]),
            ("loose<br>text", vec![(Paragraph, "loose"), (Paragraph, "text")]),
            (
                "<h2>New members</h2><ul><li>A</li><li><p>B</p></li></ul>",
                vec![(Heading(2), "New members"), (ListItem, "A"), (ListItem, "B")],
            ),
            ("<p><strong>Silver members</strong></p>", vec![(Heading(6), "Silver members")]),
            ("<blockquote><p>Said</p></blockquote>", vec![(Quote, "Said")]),
            ("<script>var a = '<p>no</p>';</script><p>yes", vec![(Paragraph, "yes")]),
            ("<p>AT&amp;T&nbsp;joins", vec![(Paragraph, "AT&T joins")]),
            ("", vec![]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(k, t)| (k, t.to_owned())).collect();
            assert_eq!(shape(html), expected, "{html}");
        }
    }

    #[test]
    fn a_test_sees_the_text_of_every_block_until_one_passes() {
        let html = "<h2>New</h2>loose<br>text<ul><li>A<li> B </ul><table><tr><td>c &amp; d</table>";
        for title in ["", " The <title> ", "Title"] {
            let all: Vec<String> = blocks(title, html).into_iter().map(|b| b.text).collect();
            let mut seen = Vec::new();
            let mut see = |text: &str| {
                seen.push(text.to_owned());
                false
            };
            assert!(!any_block(title, html, &mut see));
            assert_eq!(seen, all, "{title}");
            let mut asked = 0;
            let mut second = |_: &str| {
                asked += 1;
                asked == 2
            };
            assert!(any_block(title, html, &mut second));
            assert_eq!(asked, 2);
        }
    }

    #[test]
    fn list_items_know_their_lead_in_and_heading() {
        let found = blocks("T", "<h2>H</h2><p>They are:</p><ul><li>A</li><li>B<ul><li>C</ul></ul>");
        let lead = |text: &str| {
            let block = found.iter().find(|b| b.text == text).unwrap();
            (
                block.lead_in.map(|i| found[i].text.clone()),
                block.heading.map(|i| found[i].text.clone()),
            )
        };
        assert_eq!(lead("A"), (Some("They are:".into()), Some("H".into())));
        assert_eq!(lead("B"), (Some("They are:".into()), Some("H".into())));
        assert_eq!(lead("C").0, Some("B".into()));
    }

    #[test]
    fn cells_know_their_place() {
        let found = blocks("", "<table><tr><th>Name<th>Role<tr><td>Ana<td>Chair</table>");
        let places: Vec<_> = found.iter().map(|b| b.kind).collect();
        assert_eq!(places.len(), 4);
        assert!(matches!(places[0], BlockKind::Cell { row: 1, column: 1, header: true, .. }));
        assert!(matches!(places[3], BlockKind::Cell { row: 2, column: 2, header: false, .. }));
    }

    #[test]
    fn hostile_input_stays_bounded() {
        assert!(blocks("", &"<li>x".repeat(BLOCKS_MAX * 2)).len() <= BLOCKS_MAX);
        assert_eq!(blocks("", &"<div>".repeat(200_000)).len(), 0);
        assert!(blocks("", &"x".repeat(BLOCK_BYTES_MAX * 3)).len() >= 3);
        let endless = blocks("", &"<p>word word".repeat(TEXT_BYTES_MAX / 4));
        let text: usize = endless.iter().map(|b| b.text.len()).sum();
        assert!(text < TEXT_BYTES_MAX + BLOCK_BYTES_MAX, "{text}");
    }
}
