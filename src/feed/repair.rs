//! What real feeds get wrong, put right before the parser sees it.

use std::borrow::Cow;

/// Makes a document safe to parse: no declaration (it is UTF-8 now, and a late one makes feed-rs
/// panic), no control characters, nothing before the root, entities as characters.
pub fn neutralise(text: &str, warnings: &mut Vec<String>) -> String {
    let text: String =
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')).collect();
    let trimmed = text.trim_start();
    if trimmed.starts_with('{') {
        return json(trimmed, warnings);
    }
    let text = without_declarations(trimmed);
    let text = from_root(&text, warnings);
    let text = with_version(&text, warnings);
    entities(&text, warnings)
}

/// The deepest nesting of elements outside CDATA and comments.
pub fn depth(text: &str) -> usize {
    if text.starts_with('{') {
        return text
            .bytes()
            .scan(0_usize, |depth, b| {
                match b {
                    b'{' | b'[' => *depth += 1,
                    b'}' | b']' => *depth = depth.saturating_sub(1),
                    _ => {}
                }
                Some(*depth)
            })
            .max()
            .unwrap_or(0);
    }
    let mut deepest = 0;
    let mut depth = 0_usize;
    for tag in Tags::new(text) {
        match tag {
            Tag::Open { .. } => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            Tag::Close { .. } => depth = depth.saturating_sub(1),
        }
    }
    deepest
}

/// Whether the parser gave fewer entries than the document begins: it stops silently at a
/// mismatched tag (notes: T2).
pub fn loses_entries(text: &str, parsed: usize) -> bool {
    let begun = Tags::new(text)
        .filter(|tag| matches!(tag, Tag::Open { name, .. } if is_entry(name)))
        .count();
    begun > parsed
}

/// Cuts every entry out by itself and puts the well-formed ones into a feed again: damage inside
/// one costs that one its tail and no other anything.
pub fn mend(text: &str) -> String {
    let mut head_end = None;
    let mut entries: Vec<(usize, usize)> = Vec::new();
    let mut open: Option<usize> = None;
    for tag in Tags::new(text) {
        match tag {
            Tag::Open { name, start } if is_entry(name) => {
                if let Some(begun) = open.replace(start) {
                    entries.push((begun, start));
                }
                head_end.get_or_insert(start);
            }
            Tag::Close { name, end } if is_entry(name) => {
                if let Some(begun) = open.take() {
                    entries.push((begun, end));
                }
            }
            _ => {}
        }
    }
    let Some(head_end) = head_end else { return text.to_owned() };
    let head = &text[..head_end];
    let mut mended = balanced(head, false);
    let root_tags: Vec<String> = open_tags(&mended);
    for (start, end) in entries {
        mended.push_str(&balanced(&text[start..end], true));
    }
    for name in root_tags.iter().rev() {
        mended.push_str("</");
        mended.push_str(name);
        mended.push('>');
    }
    mended
}

fn is_entry(name: &str) -> bool {
    matches!(name, "item" | "entry") || name.ends_with(":item") || name.ends_with(":entry")
}

/// The text without end tags that close nothing; with `close`, what stays open is closed.
fn balanced(text: &str, close: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Vec<&str> = Vec::new();
    let mut copied = 0;
    for tag in Tags::new(text) {
        match tag {
            Tag::Open { name, .. } => open.push(name),
            Tag::Close { name, end } => {
                let start = text[..end].rfind('<').unwrap_or(0);
                match open.iter().rposition(|o| *o == name) {
                    Some(at) => {
                        out.push_str(&text[copied..start]);
                        for inner in open.drain(at + 1..).rev() {
                            out.push_str(&format!("</{inner}>"));
                        }
                        open.pop();
                        out.push_str(&text[start..end]);
                    }
                    None => out.push_str(&text[copied..start]),
                }
                copied = end;
            }
        }
    }
    let rest = &text[copied..];
    // A tag that the cut left half.
    let whole = match rest.rfind('<') {
        Some(at) if !rest[at..].contains('>') => &rest[..at],
        _ => rest,
    };
    out.push_str(whole);
    if close {
        for name in open.iter().rev() {
            out.push_str(&format!("</{name}>"));
        }
    }
    out
}

fn open_tags(text: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    for tag in Tags::new(text) {
        match tag {
            Tag::Open { name, .. } => open.push(name.to_owned()),
            Tag::Close { name, .. } => {
                if let Some(at) = open.iter().rposition(|o| o == name) {
                    open.truncate(at);
                }
            }
        }
    }
    open
}

fn without_declarations(text: &str) -> Cow<'_, str> {
    if !text.contains("<?xml") && !text.contains("<!DOCTYPE") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let declaration = rest.find("<?xml ").map(|at| (at, "?>"));
        let doctype = rest.find("<!DOCTYPE").map(|at| {
            (
                at,
                if rest[at..].find('[') < rest[at..].find('>') && rest[at..].contains("]>") {
                    "]>"
                } else {
                    ">"
                },
            )
        });
        let next = [declaration, doctype].into_iter().flatten().min();
        let Some((at, end)) = next else { break };
        let Some(length) = rest[at..].find(end) else { break };
        out.push_str(&rest[..at]);
        rest = &rest[at + length + end.len()..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Drops what stands before the root element: warnings of PHP, blank pages.
fn from_root<'a>(text: &'a str, warnings: &mut Vec<String>) -> Cow<'a, str> {
    let root = ["<rss", "<feed", "<rdf:RDF", "<RDF", "<atom:feed"]
        .iter()
        .filter_map(|r| text.find(r))
        .min();
    match root {
        Some(at) if at > 0 => {
            let before = text[..at].trim();
            if !before.is_empty() && !before.starts_with("<!--") && !before.starts_with("<?") {
                warnings.push("there is text before the feed begins".to_owned());
            }
            Cow::Borrowed(&text[at..])
        }
        _ => Cow::Borrowed(text),
    }
}

/// feed-rs knows a few versions of RSS and refuses every other.
fn with_version<'a>(text: &'a str, warnings: &mut Vec<String>) -> Cow<'a, str> {
    if !text.starts_with("<rss") {
        return Cow::Borrowed(text);
    }
    let Some(end) = text.find('>') else { return Cow::Borrowed(text) };
    let tag = &text[..end];
    let version = tag.find("version").and_then(|at| tag[at..].split(['"', '\'']).nth(1));
    match version {
        Some("2.0" | "0.91" | "0.92") => Cow::Borrowed(text),
        Some(other) => {
            warnings.push(format!("RSS version `{other}` is read as 2.0"));
            let at = tag.find("version").unwrap_or(0);
            let quoted = tag[at..].find(other).map_or(at, |o| at + o);
            Cow::Owned(format!("{}2.0{}", &text[..quoted], &text[quoted + other.len()..]))
        }
        None => Cow::Owned(format!("<rss version=\"2.0\"{}", &text["<rss".len()..])),
    }
}

/// Named HTML entities become characters, bare ampersands become `&amp;`. CDATA is left alone.
fn entities<'a>(text: &'a str, warnings: &mut Vec<String>) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 64);
    let mut rest: &'a str = text;
    let mut bare = 0;
    while let Some(at) = rest.find(['&', '<']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(end) = rest.strip_prefix("<![CDATA[").and_then(|inner| inner.find("]]>")) {
            let length = "<![CDATA[".len() + end + "]]>".len();
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        } else if rest.starts_with('<') {
            out.push('<');
            rest = &rest[1..];
        } else {
            let name = &rest[1..];
            let end = name.find(';').filter(|end| {
                *end > 0
                    && *end <= 12
                    && name[..*end].chars().all(|c| c.is_ascii_alphanumeric() || c == '#')
            });
            match end.map(|end| (&name[..end], end)) {
                Some(("amp" | "lt" | "gt" | "quot" | "apos", end)) => {
                    out.push_str(&rest[..end + 2]);
                    rest = &rest[end + 2..];
                }
                Some((numeric, end)) if numeric.starts_with('#') => {
                    out.push_str(&rest[..end + 2]);
                    rest = &rest[end + 2..];
                }
                Some((named, end)) => {
                    let shown = crate::text::plain_text(&format!("x&{named};x"));
                    let inner = shown.trim_start_matches('x').trim_end_matches('x');
                    if inner.contains('&') {
                        out.push_str("&amp;");
                        rest = name;
                    } else {
                        out.push_str(if inner.is_empty() { " " } else { inner });
                        rest = &rest[end + 2..];
                    }
                }
                None => {
                    bare += 1;
                    out.push_str("&amp;");
                    rest = name;
                }
            }
        }
    }
    out.push_str(rest);
    if bare > 0 {
        warnings.push(format!("{bare} bare ampersands were repaired"));
    }
    out
}

/// JSON feeds without a version, or with numbers as ids.
fn json(text: &str, warnings: &mut Vec<String>) -> String {
    let Ok(mut value) = serde_json::from_str::<serde_json::Value>(text) else {
        return text.to_owned();
    };
    let Some(feed) = value.as_object_mut() else { return text.to_owned() };
    let known = feed
        .get("version")
        .and_then(|v| v.as_str())
        .is_some_and(|v| v.contains("jsonfeed.org/version/1"));
    if !known && feed.contains_key("items") {
        warnings.push("the JSON feed has no version; it is read as 1.1".to_owned());
        feed.insert("version".into(), "https://jsonfeed.org/version/1.1".into());
    }
    if !feed.contains_key("title") {
        feed.insert("title".into(), "".into());
    }
    for item in feed.get_mut("items").and_then(|i| i.as_array_mut()).into_iter().flatten() {
        let Some(item) = item.as_object_mut() else { continue };
        match item.get("id") {
            Some(serde_json::Value::Number(number)) => {
                let id = number.to_string();
                item.insert("id".into(), id.into());
            }
            Some(serde_json::Value::String(_)) => {}
            _ => {
                item.insert("id".into(), "".into());
            }
        }
    }
    value.to_string()
}

/// A tag of the document: name and place.
enum Tag<'a> {
    Open { name: &'a str, start: usize },
    Close { name: &'a str, end: usize },
}

/// The tags of a document, those without content, comments and CDATA left out.
struct Tags<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tags<'a> {
    fn new(text: &'a str) -> Tags<'a> {
        Tags { text, at: 0 }
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = self.at + self.text[self.at..].find('<')?;
            let rest = &self.text[start..];
            if let Some(skip) = [("<![CDATA[", "]]>"), ("<!--", "-->"), ("<?", "?>"), ("<!", ">")]
                .iter()
                .find(|(open, _)| rest.starts_with(open))
            {
                let end = rest.find(skip.1).map_or(self.text.len(), |at| start + at + skip.1.len());
                self.at = end;
                continue;
            }
            let length = rest.find('>')?;
            self.at = start + length + 1;
            let inner = &rest[1..length];
            if let Some(name) = inner.strip_prefix('/') {
                return Some(Tag::Close { name: name.trim(), end: self.at });
            }
            if inner.ends_with('/') || !inner.starts_with(|c: char| c.is_ascii_alphabetic()) {
                continue;
            }
            let name = inner.split(|c: char| c.is_whitespace()).next().unwrap_or(inner);
            return Some(Tag::Open { name, start });
        }
    }
}
