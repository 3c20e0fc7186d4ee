//! The pieces of an XML text, however broken: what neither fails nor loops on any input.
//!
//! Every byte is looked at a bounded number of times; names, attributes and text are borrowed.

use std::borrow::Cow;

use memchr::memchr;
use memchr::memmem::find;
use rustc_hash::FxHashMap;

/// A start tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The name, prefix included.
    pub name: &'a str,
    /// What stands between the name and the end of the tag.
    pub attributes: &'a str,
    /// Where its `<` stands.
    pub start: usize,
    /// Where the text behind it begins.
    pub end: usize,
    /// Whether it closes itself.
    pub empty: bool,
}

/// One piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A start tag.
    Open(Tag<'a>),
    /// An end tag: name, where its `<` stands, where the text behind it begins.
    Close(&'a str, usize, usize),
    /// Text with its references unread.
    Text(&'a str),
    /// The inside of a CDATA section.
    Raw(&'a str),
    /// A `<` that begins nothing.
    Stray,
    /// A comment.
    Comment,
    /// An XML declaration, a processing instruction or a document type.
    Aside,
    /// The document ends inside the tag, comment or section that begins here.
    Torn,
}

/// Reads pieces one after the other.
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// No comment that begins from here on has an end.
    comments_are_open: bool,
}

impl<'a> Scanner<'a> {
    /// Begins at a byte of the text, which must stand on a character boundary.
    pub fn new(text: &'a str, at: usize) -> Scanner<'a> {
        Scanner { text, at, comments_are_open: false }
    }

    /// `<! … >` and `<? … ?>`.
    fn declaration(&mut self, rest: &'a str) -> Piece<'a> {
        let (lead, tail, whole): (usize, &str, fn(&'a str) -> Piece<'a>) =
            if rest.starts_with("<![CDATA[") {
                ("<![CDATA[".len(), "]]>", Piece::Raw)
            } else if rest.starts_with("<!--") {
                ("<!--".len(), "-->", |_| Piece::Comment)
            } else if rest.starts_with("<?") {
                ("<?".len(), ">", |_| Piece::Aside)
            } else {
                ("<!".len(), ">", |_| Piece::Aside)
            };
        let inner = &rest[lead..];
        if self.comments_are_open && rest.starts_with("<!--") {
            self.at += lead;
            return Piece::Stray;
        }
        if let Some(length) = find(inner.as_bytes(), tail.as_bytes()) {
            // A document type may hold declarations of its own in brackets.
            let (length, tail) = match find(&inner.as_bytes()[..length], b"[") {
                Some(_) if rest.starts_with("<!DOCTYPE") => {
                    find(inner.as_bytes(), b"]>").map_or((length, 1), |end| (end, 2))
                }
                _ => (length, tail.len()),
            };
            self.at += lead + length + tail;
            return whole(&inner[..length]);
        }
        if rest.starts_with("<![CDATA[") {
            // Cut off: what came is text.
            self.at = self.text.len();
            return Piece::Raw(inner);
        }
        if rest.starts_with("<!--") {
            // What stands behind it is worth more than the comment; asked once, for all of them.
            self.comments_are_open = true;
            self.at += lead;
            return Piece::Stray;
        }
        self.at = self.text.len();
        Piece::Torn
    }

    fn tag(&mut self, rest: &'a str) -> Piece<'a> {
        let start = self.at;
        let closing = rest.as_bytes().get(1) == Some(&b'/');
        let first = rest.as_bytes().get(1 + usize::from(closing)).copied().unwrap_or(b' ');
        let is_name = first.is_ascii_alphabetic() || first == b'_' || first >= 0x80;
        let length = if is_name { tag_length(rest.as_bytes()) } else { Length::NoTag };
        let length = match length {
            Length::Of(length) => length,
            Length::NoTag => {
                self.at += 1;
                return Piece::Stray;
            }
            Length::Torn => {
                self.at = self.text.len();
                return Piece::Torn;
            }
        };
        self.at += length;
        if closing {
            return Piece::Close(rest[2..length - 1].trim(), start, self.at);
        }
        let inner = &rest[1..length - 1];
        let empty = inner.as_bytes().last() == Some(&b'/');
        let inner = &inner[..inner.len() - usize::from(empty)];
        let name_end =
            inner.bytes().position(|b| b.is_ascii_whitespace() || b == b'/').unwrap_or(inner.len());
        let (name, attributes) = inner.split_at(name_end);
        Piece::Open(Tag { name, attributes, start, end: self.at, empty })
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = &self.text[self.at..];
        match rest.as_bytes() {
            [] => None,
            [b'<', b'!' | b'?', ..] => Some(self.declaration(rest)),
            [b'<', ..] => Some(self.tag(rest)),
            _ => {
                let length = memchr(b'<', rest.as_bytes()).unwrap_or(rest.len());
                self.at += length;
                Some(Piece::Text(&rest[..length]))
            }
        }
    }
}

/// The elements that stand open.
#[derive(Default)]
pub struct Open<'a> {
    names: Vec<&'a str>,
    /// Steps spent on end tags that close nothing.
    futile: usize,
}

/// More steps in vain mean a document built to waste time: later stray end tags are not looked up.
const FUTILE_MAX: usize = 1_000_000;

impl<'a> Open<'a> {
    /// How many stand open.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// The innermost.
    pub fn last(&self) -> &'a str {
        self.names.last().copied().unwrap_or_default()
    }

    /// Opens one.
    pub fn push(&mut self, name: &'a str) {
        self.names.push(name);
    }

    /// Which of those that stand open an end tag closes; none, when it closes nothing.
    pub fn find(&mut self, name: &str) -> Option<usize> {
        if self.futile > FUTILE_MAX && self.last() != name {
            return None;
        }
        let found = self.names.iter().rposition(|open| *open == name);
        if found.is_none() {
            self.futile += self.names.len();
        }
        found
    }

    /// The one at a place.
    pub fn get(&self, at: usize) -> &'a str {
        self.names.get(at).copied().unwrap_or_default()
    }

    /// Closes all from a place on.
    pub fn close_from(&mut self, at: usize) {
        self.names.truncate(at);
    }
}

enum Length {
    Of(usize),
    NoTag,
    Torn,
}

/// How long the tag is that begins here. A `>` inside a quoted value does not end it; a quote that
/// no second one answers before the next `<` quotes nothing.
fn tag_length(bytes: &[u8]) -> Length {
    let mut before = b'<';
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'>' => return Length::Of(at + 1),
            b'<' => return Length::NoTag,
            quote @ (b'"' | b'\'') if before == b'=' => {
                let value = &bytes[at + 1..];
                match memchr::memchr2(quote, b'<', value) {
                    Some(length) if value[length] == quote => at += length + 1,
                    _ => {}
                }
                before = quote;
            }
            byte if !byte.is_ascii_whitespace() => before = byte,
            _ => {}
        }
        at += 1;
    }
    Length::Torn
}

/// The value of an attribute, its references unread.
pub fn attribute<'a>(attributes: &'a str, wanted: &str) -> Option<&'a str> {
    self::attributes(attributes).find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// Names and values of a tag, references unread; what has no value has an empty one.
pub fn attributes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        let end =
            rest.bytes().position(|b| b.is_ascii_whitespace() || b == b'=').unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let Some(value) = behind.trim_start().strip_prefix('=') else {
            rest = behind;
            return Some((name, ""));
        };
        let value = value.trim_start();
        let (value, behind) = match value.bytes().next() {
            Some(quote @ (b'"' | b'\'')) => {
                let inner = &value[1..];
                match memchr(quote, inner.as_bytes()) {
                    Some(end) => (&inner[..end], &inner[end + 1..]),
                    None => (inner, ""),
                }
            }
            _ => {
                let end = value.bytes().position(|b| b.is_ascii_whitespace());
                value.split_at(end.unwrap_or(value.len()))
            }
        };
        rest = behind;
        Some((name, value))
    })
}

/// The part of a name behind its prefix.
pub fn local(name: &str) -> &str {
    name.bytes().rposition(|b| b == b':').map_or(name, |colon| &name[colon + 1..])
}

/// No reference is longer than this, `&` and `;` included: the longest name of HTML has 33 bytes.
const REFERENCE_BYTES_MAX: usize = 35;

/// How one `&` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// One of XML's five or a plain number: every parser reads it alike.
    Sound(char, usize),
    /// A character that strict parsers refuse or leave out, or read otherwise than people mean it.
    Odd(char, usize),
    /// A name to be looked up, and its length.
    Named(&'a str, usize),
    /// The `&` stands for itself.
    Bare,
}

/// Reads the reference that begins with the first byte of `text`, which is `&`.
pub fn reference(text: &str) -> Reference<'_> {
    // The tags of HTML inside of XML are full of these.
    match text.as_bytes() {
        [_, b'l', b't', b';', ..] => return Reference::Sound('<', 4),
        [_, b'g', b't', b';', ..] => return Reference::Sound('>', 4),
        [_, b'a', b'm', b'p', b';', ..] => return Reference::Sound('&', 5),
        [_, b'q', b'u', b'o', b't', b';', ..] => return Reference::Sound('"', 6),
        _ => {}
    }
    let window = &text.as_bytes()[..text.len().min(REFERENCE_BYTES_MAX)];
    let Some(end) = memchr(b';', window) else { return Reference::Bare };
    let name = &text[1..end];
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return match code {
            Ok(code) => match (windows_1252(code), char::from_u32(code)) {
                (Some(meant), _) => Reference::Odd(meant, end + 1),
                (None, Some(c)) if !is_noise(c) => Reference::Sound(c, end + 1),
                _ => Reference::Odd(' ', end + 1),
            },
            Err(_) => Reference::Bare,
        };
    }
    let c = match name {
        "apos" => '\'',
        _ if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            return Reference::Named(name, end + 1);
        }
        _ => return Reference::Bare,
    };
    Reference::Sound(c, end + 1)
}

/// Characters that no text means: controls other than white space, and what XML forbids.
pub fn is_noise(c: char) -> bool {
    (c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r'))
        || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// What a control of U+0080 to U+009F means: all browsers read its number as windows-1252.
pub fn windows_1252(code: u32) -> Option<char> {
    let byte = u8::try_from(code).ok().filter(|byte| (0x80..0xa0).contains(byte))?;
    let (text, ..) = encoding_rs::WINDOWS_1252.decode(std::slice::from_ref(&byte));
    Some(text.chars().next().filter(|c| !c.is_control()).unwrap_or(' '))
}

/// Text with its references read: XML's, HTML's by name, and numbers. An unknown one stays.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if memchr(b'&', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    push_unescaped(text, &mut out);
    Cow::Owned(out)
}

/// Adds text with its references read: see [`unescape`].
pub fn push_unescaped(text: &str, out: &mut String) {
    // Looking a name up starts a tokenizer of HTML, and texts repeat theirs.
    let mut known: FxHashMap<&str, String> = FxHashMap::default();
    out.reserve(text.len());
    let mut from = 0;
    // No reference holds another `&`.
    for at in memchr::memchr_iter(b'&', text.as_bytes()) {
        out.push_str(&text[from..at]);
        let length = match reference(&text[at..]) {
            Reference::Sound(c, length) | Reference::Odd(c, length) => {
                out.push(c);
                length
            }
            Reference::Named(name, length) => {
                let look_up = || crate::text::unescape(&text[at..at + length]);
                out.push_str(known.entry(name).or_insert_with(look_up));
                length
            }
            Reference::Bare => {
                out.push('&');
                1
            }
        };
        from = at + length;
    }
    out.push_str(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        Scanner::new(text, 0)
            .map(|piece| match piece {
                Piece::Open(t) => {
                    format!("<{}{}{}>", t.name, t.attributes, if t.empty { "/" } else { "" })
                }
                Piece::Close(name, ..) => format!("</{name}>"),
                Piece::Text(t) => format!("[{t}]"),
                Piece::Raw(t) => format!("({t})"),
                Piece::Stray => "?".into(),
                Piece::Comment => "#".into(),
                Piece::Aside => "!".into(),
                Piece::Torn => "~".into(),
            })
            .collect()
    }

    #[test]
    fn any_text_is_cut_into_pieces() {
        for (text, expected) in [
            ("<a>b</a >", "<a>[b]</a>"),
            ("<a x='1>2' y=\"/\"/>", "<a x='1>2' y=\"/\"/>"),
            ("<a x=\"1>b</a>", "<a x=\"1>[b]</a>"),
            ("1 < 2 <3 <b>", "[1 ]?[ 2 ]?[3 ]<b>"),
            ("<a <b>", "?[a ]<b>"),
            ("<![CDATA[<x>]]><![CDATA[cut", "(<x>)(cut"),
            ("<!-- <a> --><?xml version='1.0'?><a>", "#!<a>"),
            ("<!DOCTYPE x [<!ENTITY y 'z>'>]><a>", "!<a>"),
            ("<!-- never closed <a> <!-- <b>", "?[ never closed ]<a>[ ]?[ ]<b>"),
            ("<a href='x", "~"),
            ("", ""),
        ] {
            assert_eq!(show(text).trim_end_matches(')'), expected.trim_end_matches(')'), "{text}");
        }
    }

    #[test]
    fn attributes_are_read_however_they_are_written() {
        let read = |text| attributes(text).collect::<Vec<_>>();
        assert_eq!(
            read(" a='1' b = \"2 3\" c=4 d e='"),
            [("a", "1"), ("b", "2 3"), ("c", "4"), ("d", ""), ("e", "")]
        );
        assert_eq!(attribute(" rel='self' href=x/", "href"), Some("x/"));
    }

    #[test]
    fn references_are_read_and_bare_ones_left() {
        for (text, plain) in [
            ("A &amp; B &lt;", "A & B <"),
            ("A & B&C;", "A & B&C;"),
            ("&rsquo;&eacute;&nbsp;", "’é\u{a0}"),
            ("&#146;&#x93;&#233;&#1;", "’“é "),
            ("&#xffffffff;&#99999999999;", " &#99999999999;"),
            ("&é;&", "&é;&"),
        ] {
            assert_eq!(unescape(text), plain, "{text}");
        }
    }
}
