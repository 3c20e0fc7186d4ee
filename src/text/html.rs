//! HTML to tags and text, as slices of the page: the tokenizer of WHATWG HTML (13.2.5) as far as
//! blocks need it.
//!
//! Attributes, comments, declarations and the content of scripts and styles are jumped over, so that
//! most of a page costs one search. Never fails; broken markup is read as browsers read it, with
//! one exception: a script ends at the first `</script`, whatever comments stand in it, since what
//! hides the rest of a page hides its news.

use memchr::{memchr, memchr2, memmem};

/// A named reference has no more letters; `&CounterClockwiseContourIntegral;` has 31.
const REFERENCE_BYTES_MAX: usize = 40;

/// A part of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text without character references.
    Text(&'a str),
    /// What may be a character reference, with its `&`; see [`super::unescape`].
    Reference(&'a str),
    /// A start tag.
    Open {
        /// Its name, as written.
        name: &'a str,
        /// Whether it ends in `/>`.
        self_closing: bool,
    },
    /// An end tag, by its name as written.
    Close(&'a str),
}

/// Elements whose content is text, whatever stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RawText {
    Script,
    Style,
    Textarea,
    Title,
}

impl RawText {
    fn of(name: &str) -> Option<RawText> {
        let known = [RawText::Script, RawText::Style, RawText::Textarea, RawText::Title];
        known.into_iter().find(|raw| name.eq_ignore_ascii_case(raw.name()))
    }

    fn name(self) -> &'static str {
        match self {
            RawText::Script => "script",
            RawText::Style => "style",
            RawText::Textarea => "textarea",
            RawText::Title => "title",
        }
    }

    /// Whether references are read in it, and the text is for readers.
    fn is_shown(self) -> bool {
        matches!(self, RawText::Textarea | RawText::Title)
    }
}

/// Reads a page piece by piece.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    html: &'a str,
    at: usize,
    /// Where the text ends in which tags are text.
    raw_until: usize,
    /// The element that is not closed any more, so that nobody looks for its end again.
    unclosed: [bool; 4],
}

impl<'a> Pieces<'a> {
    /// Begins to read.
    pub fn new(html: &'a str) -> Self {
        Pieces { html, at: 0, raw_until: 0, unclosed: [false; 4] }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.html.as_bytes().get(at).copied()
    }

    /// What begins at a `<`; `None` where it is text. Moves behind what it finds.
    fn markup(&mut self) -> Option<Option<Piece<'a>>> {
        let after = self.at + 1;
        match self.byte(after)? {
            b'a'..=b'z' | b'A'..=b'Z' => Some(self.tag(after, false)),
            b'/' => match self.byte(after + 1)? {
                b'a'..=b'z' | b'A'..=b'Z' => Some(self.tag(after + 1, true)),
                _ => Some(self.jump(after + 1, b'>')),
            },
            b'!' if self.html.as_bytes()[after..].starts_with(b"!--") => {
                self.at = self.comment_end(after + 1);
                Some(None)
            }
            b'!' | b'?' => Some(self.jump(after, b'>')),
            _ => None,
        }
    }

    /// Moves behind the next such byte.
    fn jump(&mut self, from: usize, byte: u8) -> Option<Piece<'a>> {
        let rest = &self.html.as_bytes()[from..];
        self.at = from + memchr(byte, rest).map_or(rest.len(), |found| found + 1);
        None
    }

    /// Where the comment ends whose dashes stand at `dashes`: behind `-->`, of which they may be
    /// part, or `--!>`.
    fn comment_end(&self, dashes: usize) -> usize {
        let bytes = self.html.as_bytes();
        let mut at = dashes;
        while let Some(found) = memmem::find(&bytes[at..], b"--") {
            at += found;
            match (bytes.get(at + 2), bytes.get(at + 3)) {
                (Some(b'>'), _) => return at + 3,
                (Some(b'!'), Some(b'>')) if at >= dashes + 2 => return at + 4,
                _ => at += 1,
            }
        }
        bytes.len()
    }

    /// The tag whose name begins at `from`; nothing where the page ends inside it.
    fn tag(&mut self, from: usize, closes: bool) -> Option<Piece<'a>> {
        let bytes = self.html.as_bytes();
        let mut at = from;
        while bytes.get(at).is_some_and(|b| !matches!(b, b'>' | b'/') && !is_space(*b)) {
            at += 1;
        }
        let name = &self.html[from..at];
        let Some(self_closing) = self.attributes(at) else {
            self.at = bytes.len();
            return None;
        };
        if closes {
            return Some(Piece::Close(name));
        }
        if !self_closing && let Some(raw) = RawText::of(name) {
            self.raw_text(raw);
        }
        Some(Piece::Open { name, self_closing })
    }

    /// Moves behind the attributes that begin at `at` and the `>` after them; says whether a `/`
    /// stands before that.
    fn attributes(&mut self, mut at: usize) -> Option<bool> {
        let bytes = self.html.as_bytes();
        loop {
            while is_space(*bytes.get(at)?) {
                at += 1;
            }
            match *bytes.get(at)? {
                b'>' => {
                    self.at = at + 1;
                    return Some(false);
                }
                b'/' if bytes.get(at + 1) == Some(&b'>') => {
                    self.at = at + 2;
                    return Some(true);
                }
                b'/' => at += 1,
                _ => at = attribute_end(bytes, at)?,
            }
        }
    }

    /// Behind the start tag of an element of raw text: its content is jumped over, or read as text.
    fn raw_text(&mut self, raw: RawText) {
        let name = raw.name();
        let end = if self.unclosed[raw as usize] { None } else { self.end_tag(name) };
        self.unclosed[raw as usize] |= end.is_none();
        match end {
            Some(end) if raw.is_shown() => self.raw_until = end,
            Some(end) => self.at = end,
            // What is shown is read as markup rather than lost.
            None if raw.is_shown() => {}
            None => self.at = self.html.len(),
        }
    }

    /// Where the next end tag of this name begins.
    fn end_tag(&self, name: &str) -> Option<usize> {
        let bytes = self.html.as_bytes();
        memmem::find_iter(&bytes[self.at..], b"</").map(|found| self.at + found).find(|at| {
            let named = at + 2..at + 2 + name.len();
            let behind = bytes.get(named.end).copied();
            bytes.get(named).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
                && behind.is_some_and(|b| matches!(b, b'>' | b'/') || is_space(b))
        })
    }

    /// The reference that begins at a `&`, if what follows can be one.
    fn reference(&self, from: usize) -> Option<&'a str> {
        let bytes = self.html.as_bytes();
        let numeric = bytes.get(from + 1) == Some(&b'#');
        let digits = from + 1 + usize::from(numeric);
        let most =
            if numeric { bytes.len() } else { bytes.len().min(digits + REFERENCE_BYTES_MAX) };
        let length = bytes[digits..most].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let end = digits + length;
        let end = end + usize::from(bytes.get(end) == Some(&b';'));
        (length > 0).then(|| &self.html[from..end])
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let bytes = self.html.as_bytes();
        let mut from = self.at;
        let mut search = from;
        loop {
            let rest = bytes.get(search..)?;
            let found = match rest.first() {
                // Half of all markup stands right behind other markup.
                Some(b'<' | b'&') => Some(search),
                _ => memchr2(b'<', b'&', rest).map(|found| search + found),
            };
            let Some(found) = found else {
                self.at = bytes.len();
                return (from < bytes.len()).then(|| Piece::Text(&self.html[from..]));
            };
            let reference = if bytes[found] == b'&' { self.reference(found) } else { None };
            let begins = reference.is_some() || bytes[found] == b'<' && self.is_markup(found);
            if !begins {
                search = found + 1;
                continue;
            }
            if found > from {
                self.at = found;
                return Some(Piece::Text(&self.html[from..found]));
            }
            if let Some(reference) = reference {
                self.at = found + reference.len();
                return Some(Piece::Reference(reference));
            }
            self.at = found;
            if let Some(piece) = self.markup().flatten() {
                return Some(piece);
            }
            from = self.at;
            search = from;
        }
    }
}

impl Pieces<'_> {
    /// Whether a `<` begins a tag, a comment or a declaration.
    fn is_markup(&self, at: usize) -> bool {
        at >= self.raw_until
            && match self.byte(at + 1) {
                Some(b'/') => self.byte(at + 2).is_some(),
                Some(b) => b.is_ascii_alphabetic() || matches!(b, b'!' | b'?'),
                None => false,
            }
    }
}

/// Where the attribute ends that begins at `at`, with its value; `None` where the page ends in it.
fn attribute_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    // A name may begin with `=`.
    at += 1;
    while !matches!(*bytes.get(at)?, b'>' | b'/' | b'=') && !is_space(bytes[at]) {
        at += 1;
    }
    let mut value = at;
    while is_space(*bytes.get(value)?) {
        value += 1;
    }
    if bytes[value] != b'=' {
        return Some(value);
    }
    value += 1;
    while is_space(*bytes.get(value)?) {
        value += 1;
    }
    match bytes[value] {
        quote @ (b'"' | b'\'') => Some(value + 2 + memchr(quote, &bytes[value + 1..])?),
        _ => {
            while *bytes.get(value)? != b'>' && !is_space(bytes[value]) {
                value += 1;
            }
            Some(value)
        }
    }
}

/// White space inside tags. A carriage return counts: what reads HTML makes it a line feed first.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces on one line: text as it is, tags by their names, references in braces.
    fn shown(html: &str) -> String {
        let one = |piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Reference(text) => format!("{{{text}}}"),
            Piece::Open { name, self_closing: false } => format!("[{name}]"),
            Piece::Open { name, self_closing: true } => format!("[{name}/]"),
            Piece::Close(name) => format!("[/{name}]"),
        };
        Pieces::new(html).map(one).collect()
    }

    #[test]
    fn tags_and_text_are_told_apart() {
        for (html, pieces) in [
            ("<p>One</p>", "[p]One[/p]"),
            ("<BR/>a<br />b<img alt=/>c", "[BR/]a[br/]b[img]c"),
            ("<a title='1 > 0' href=x/y>z</a >", "[a]z[/a]"),
            ("<a b = \"</p>\"c>x<a =>y<a b=>z", "[a]x[a]y[a]z"),
            ("1 < 2 <3 <> </> a</", "1 < 2 <3 <>  a</"),
            ("<!--><p>a<!---><p>b<!-- <p> --!>c<!--!>d-->e", "[p]a[p]bce"),
            ("<!DOCTYPE html><?xml a?>b<![CDATA[c]]>d</ e>f<!-- g", "bdf"),
            (
                "<script>a<b</p></SCRIPT >c<style><!--</style>d",
                "[script][/SCRIPT]c[style][/style]d",
            ),
            ("<script/>a<title>b<p>&amp;</title>c", "[script/]a[title]b<p>{&amp;}[/title]c"),
            ("<textarea>a<p>b", "[textarea]a[p]b"),
            ("<style>a<p>b", "[style]"),
            ("AT&T & &amp;&#x27;&lt &;&#;", "AT{&T} & {&amp;}{&#x27;}{&lt} &;&#;"),
            ("a<p b='c", "a"),
            ("é<é&é", "é<é&é"),
            ("", ""),
        ] {
            assert_eq!(shown(html), pieces, "{html}");
        }
    }
}
