//! OPML 2.0, the format in which feed readers exchange their lists of feeds: reading somebody's
//! file, writing ours.
//!
//! Reads what readers really write: bare ampersands, attributes in any case, end tags that match
//! nothing. Entities of a file's own are never expanded and nothing is fetched: `&name;` stays as
//! it stands (S20). Fetches and stores nothing.

use quick_xml::Reader;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, Event};

use crate::model::one_line;

/// A file may be no larger, in bytes: a list of [`OUTLINES_MAX`] feeds with long titles has half.
pub const BYTES_MAX: usize = 8 * 1024 * 1024;

/// A file may hold no more outlines, folders included; no reader of feeds follows more.
pub const OUTLINES_MAX: usize = 10_000;

/// Outlines may stand no deeper: folders of folders are rare, and no reader shows a tenth level.
pub const DEPTH_MAX: usize = 32;

/// Titles and folders are cut here, in characters.
const TITLE_CHARS_MAX: usize = 120;

/// Addresses that are longer are none, in bytes: servers refuse them (RFC 9110 §4.1 asks for 8,000).
const URL_BYTES_MAX: usize = 8_000;

/// The name space of what OPML has no attribute for.
const NAMESPACE: &str = "urn:gazetted:opml";

/// One feed of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// What it is called: `title`, else `text`; empty where it has neither.
    pub title: String,
    /// `xmlUrl`: the feed's address, as typed.
    pub url: String,
    /// `htmlUrl`: the site.
    pub site: Option<String>,
    /// The folders that it stands in, outermost first.
    pub folders: Vec<String>,
    /// Whose feed it is; an attribute of ours.
    pub publisher: Option<String>,
    /// What sort of publisher that is; an attribute of ours.
    pub kind: Option<String>,
    /// `isComment`: it stands in the list and is not to be read. Counts for what stands in it.
    pub commented: bool,
}

/// A list of feeds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opml {
    /// Its feeds, in its order.
    pub outlines: Vec<Outline>,
    /// What was odd, for people.
    pub warnings: Vec<String>,
}

/// Why a text gave no list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpmlError {
    /// It is something else.
    #[error("this is no OPML file: {0}; export the list from your feed reader as OPML")]
    NotOpml(String),
    /// Larger than [`BYTES_MAX`].
    #[error("the file is larger than {} MiB, and no list of feeds is", BYTES_MAX / 1024 / 1024)]
    TooLarge,
    /// More outlines than [`OUTLINES_MAX`].
    #[error("the file has more than {OUTLINES_MAX} outlines; split it")]
    TooMany,
    /// Deeper than [`DEPTH_MAX`].
    #[error("the file nests outlines more than {DEPTH_MAX} deep")]
    TooDeep,
}

/// Reads a list.
///
/// # Errors
/// When it is no OPML, or larger than the limits. A file that is cut off or damaged gives what
/// stands before the damage, and a warning.
pub fn read(text: &str) -> Result<Opml, OpmlError> {
    if text.len() > BYTES_MAX {
        return Err(OpmlError::TooLarge);
    }
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim_start());
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut list = List::default();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => list.start(&tag, true)?,
            Ok(Event::Empty(tag)) => list.start(&tag, false)?,
            Ok(Event::End(tag)) => list.end(tag.local_name().as_ref()),
            Ok(Event::Text(text)) => list.text(&text)?,
            Ok(Event::DocType(declared)) => list.declared(&declared),
            Ok(Event::Eof) => return list.finish(),
            Ok(_) => {}
            Err(error) if list.inside => {
                list.opml.warnings.push(format!(
                    "the file is damaged at byte {} ({error}); what stands behind it was not read",
                    reader.error_position()
                ));
                list.closed = true;
                return list.finish();
            }
            Err(error) => return Err(OpmlError::NotOpml(error.to_string())),
        }
    }
}

/// A list that is being read.
#[derive(Default)]
struct List {
    opml: Opml,
    /// Whether the root element was seen.
    inside: bool,
    /// Whether it was closed, or its end is known to be missing.
    closed: bool,
    /// The outlines that are open: title, whether commented.
    open: Vec<(String, bool)>,
    outlines: usize,
    without_address: usize,
}

impl List {
    fn start(&mut self, tag: &BytesStart, holds: bool) -> Result<(), OpmlError> {
        let name = tag.local_name().as_ref().to_ascii_lowercase();
        if !self.inside {
            if name != "opml" {
                return Err(OpmlError::NotOpml(format!(
                    "it begins with <{}>",
                    one_line(&name, TITLE_CHARS_MAX)
                )));
            }
            self.inside = true;
            self.closed = !holds;
        } else if name == "outline" {
            self.outline(tag, holds)?;
        }
        Ok(())
    }

    fn outline(&mut self, tag: &BytesStart, holds: bool) -> Result<(), OpmlError> {
        self.outlines += 1;
        if self.outlines > OUTLINES_MAX {
            return Err(OpmlError::TooMany);
        }
        let mut outline = Outline::default();
        let mut text = String::new();
        for attribute in tag.attributes().with_checks(false).flatten() {
            let (key, value) = (attribute.key.0.to_ascii_lowercase(), value(&attribute));
            let line = || Some(one_line(&value, TITLE_CHARS_MAX)).filter(|l| !l.is_empty());
            match key.as_str() {
                "title" => outline.title = line().unwrap_or_default(),
                "text" => text = line().unwrap_or_default(),
                "xmlurl" => value.trim().clone_into(&mut outline.url),
                "htmlurl" => outline.site = Some(value.trim().to_owned()).filter(|s| !s.is_empty()),
                "gazetted:publisher" => outline.publisher = line(),
                "gazetted:kind" => outline.kind = line(),
                "iscomment" => outline.commented = value.trim().eq_ignore_ascii_case("true"),
                _ => {}
            }
        }
        if outline.title.is_empty() {
            outline.title = text;
        }
        outline.commented |= self.open.last().is_some_and(|(_, commented)| *commented);
        let (title, commented) = (outline.title.clone(), outline.commented);
        if outline.url.len() > URL_BYTES_MAX {
            let warning = format!("the address of `{title}` is longer than any; it was left out");
            self.opml.warnings.push(warning);
        } else if !outline.url.is_empty() {
            let folders = self.open.iter().map(|(title, _)| title.clone());
            outline.folders = folders.filter(|title| !title.is_empty()).collect();
            self.opml.outlines.push(outline);
        } else if !holds {
            self.without_address += 1;
        }
        if holds {
            if self.open.len() >= DEPTH_MAX {
                return Err(OpmlError::TooDeep);
            }
            self.open.push((title, commented));
        }
        Ok(())
    }

    fn end(&mut self, name: &str) {
        if name.eq_ignore_ascii_case("outline") {
            self.open.pop();
        } else if name.eq_ignore_ascii_case("opml") {
            self.closed = true;
        }
    }

    /// Text stands nowhere in OPML; before the root it means that this is something else.
    fn text(&self, text: &str) -> Result<(), OpmlError> {
        if self.inside || text.trim().is_empty() {
            return Ok(());
        }
        Err(OpmlError::NotOpml(format!("it begins with `{}`", one_line(text, 40))))
    }

    fn declared(&mut self, declaration: &str) {
        if declaration.contains("<!ENTITY") {
            self.opml.warnings.push("the file declares entities; they were not expanded".into());
        }
    }

    fn finish(mut self) -> Result<Opml, OpmlError> {
        if !self.inside {
            return Err(OpmlError::NotOpml("it holds no element".into()));
        }
        if !self.closed {
            self.opml.warnings.push("the file ends before its end; feeds may be missing".into());
        }
        if self.without_address > 0 {
            let warning = format!(
                "outlines without a feed's address were left out: {}",
                self.without_address
            );
            self.opml.warnings.push(warning);
        }
        Ok(self.opml)
    }
}

/// The value of an attribute. References that XML itself knows are read, all others stay as they
/// stand: files in use hold bare ampersands, and an entity of the file's own may be a bomb.
fn value(attribute: &Attribute) -> String {
    let raw = attribute.value.as_ref();
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = rest.find(';').and_then(|end| Some((reference(&rest[1..end])?, end + 1)));
        let (read, length) = known.unwrap_or(('&', 1));
        out.push(read);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// Writes a list as OPML 2.0. Folders are not written.
pub fn write(title: &str, outlines: &[Outline]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\" xmlns:gazetted=\"{NAMESPACE}\">\n  <head>\n    <title>{}</title>\n  </head>\n  <body>\n",
        escaped(title)
    );
    for outline in outlines {
        let title = escaped(&outline.title);
        out.push_str(&format!("    <outline type=\"rss\" text=\"{title}\" title=\"{title}\""));
        for (key, value) in [
            ("xmlUrl", Some(&outline.url)),
            ("htmlUrl", outline.site.as_ref()),
            ("isComment", outline.commented.then(|| "true".to_owned()).as_ref()),
            ("gazetted:publisher", outline.publisher.as_ref()),
            ("gazetted:kind", outline.kind.as_ref()),
        ] {
            if let Some(value) = value {
                out.push_str(&format!(" {key}=\"{}\"", escaped(value)));
            }
        }
        out.push_str("/>\n");
    }
    out.push_str("  </body>\n</opml>\n");
    out
}

/// Text as it may stand in an element or an attribute; characters that XML 1.0 has no place for
/// (§2.2) are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push_str(&format!("&#{};", u32::from(c))),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opml(body: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<opml version=\"2.0\"><head><title>T</title></head><body>{body}</body></opml>"
        )
    }

    fn addresses(text: &str) -> Vec<String> {
        read(text).unwrap().outlines.into_iter().map(|o| o.url).collect()
    }

    #[test]
    fn lists_are_read_as_readers_write_them() {
        let feed = "<outline text=\"Lattice\" xmlUrl=\"https://lattice.example/feed\"/>";
        for (name, text, expected) in [
            ("flat", opml(feed), vec!["https://lattice.example/feed"]),
            (
                "nested",
                opml(&format!(
                    "<outline text=\"A\"><outline text=\"B\">{feed}</outline></outline>"
                )),
                vec!["https://lattice.example/feed"],
            ),
            (
                "a bare ampersand",
                opml("<outline text=\"A & B\" xmlUrl=\"https://l.example/?a=1&b=2\"/>"),
                vec!["https://l.example/?a=1&b=2"],
            ),
            (
                "references",
                opml("<outline text=\"A\" xmlUrl=\"https://l.example/?a=1&amp;b=&#x32;&#33;\"/>"),
                vec!["https://l.example/?a=1&b=2!"],
            ),
            (
                "any case",
                opml("<OUTLINE TEXT=\"A\" XMLURL=\"https://l.example/\"/>").replace("opml", "OPML"),
                vec!["https://l.example/"],
            ),
            (
                "single quotes",
                opml("<outline text='A' xmlUrl='https://l.example/'></outline>"),
                vec!["https://l.example/"],
            ),
            (
                "end tags that match nothing",
                opml(&format!("<outline text=\"A\"></b>{feed}</outline></outline>")),
                vec!["https://lattice.example/feed"],
            ),
            (
                "a repeated attribute",
                opml("<outline text=\"A\" text=\"B\" xmlUrl=\"https://l.example/\"/>"),
                vec!["https://l.example/"],
            ),
            (
                "a mark and a comment before",
                format!("\u{feff}<!-- x -->{}", opml(feed)),
                vec!["https://lattice.example/feed"],
            ),
            (
                "folders without feeds",
                opml("<outline text=\"A\"><outline text=\"B\"/></outline>"),
                vec![],
            ),
            ("no body", "<opml/>".into(), vec![]),
        ] {
            assert_eq!(addresses(&text), expected, "{name}");
        }
    }

    #[test]
    fn an_outline_has_a_title_folders_and_what_we_added() {
        let text = opml(
            "<outline text=\"News\"><outline title=\"\" text=\"Lattice\u{202e}\r\n blog\" isComment=\"true\" xmlUrl=\" https://l.example/f \" htmlUrl=\"https://l.example/\" gazetted:publisher=\"Open Lattice Foundation\" gazetted:kind=\"vendor\"/></outline>\
             <outline text=\"Old\" isComment=\"true\"><outline text=\"x\" xmlUrl=\"https://x.example/\"/></outline>",
        );
        let found = read(&text).unwrap().outlines;
        let expected = Outline {
            title: "Lattice blog".into(),
            url: "https://l.example/f".into(),
            site: Some("https://l.example/".into()),
            folders: vec!["News".into()],
            publisher: Some("Open Lattice Foundation".into()),
            kind: Some("vendor".into()),
            commented: true,
        };
        assert_eq!(found[0], expected);
        assert!(found[1].commented, "what stands in a commented folder is commented");
    }

    #[test]
    fn what_is_no_list_says_so() {
        for (text, part) in [
            ("", "holds no element"),
            ("hello", "begins with `hello`"),
            ("{\"a\": 1}", "begins with `{"),
            ("<rss version=\"2.0\"><channel/></rss>", "begins with <rss>"),
            ("<!doctype html><html>", "begins with <html>"),
            ("<?xml version=\"1.0\"?>", "holds no element"),
            ("<", "no OPML file"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    /// S20: size, depth, number, external entities and bombs.
    #[test]
    fn hostile_lists_are_refused_or_read_as_they_stand() {
        let feed = "<outline text=\"A\" xmlUrl=\"https://l.example/\"/>";
        assert_eq!(read(&opml(&feed.repeat(OUTLINES_MAX))).unwrap().outlines.len(), OUTLINES_MAX);
        assert_eq!(read(&opml(&feed.repeat(OUTLINES_MAX + 1))), Err(OpmlError::TooMany));
        let nested = |depth: usize| {
            opml(&format!(
                "{}{feed}{}",
                "<outline text=\"d\">".repeat(depth),
                "</outline>".repeat(depth)
            ))
        };
        assert_eq!(read(&nested(DEPTH_MAX)).unwrap().outlines[0].folders.len(), DEPTH_MAX);
        assert_eq!(read(&nested(DEPTH_MAX + 1)), Err(OpmlError::TooDeep));
        assert_eq!(read(&opml(&" ".repeat(BYTES_MAX))), Err(OpmlError::TooLarge));
        assert_eq!(read(&opml(&"<b>".repeat(200_000))).unwrap().outlines.len(), 0);

        let external = "<!DOCTYPE opml [<!ENTITY x SYSTEM \"file:///etc/passwd\"><!ENTITY % y SYSTEM \"http://127.0.0.1/\"> %y;]>";
        let text = opml("<outline text=\"&x;\" xmlUrl=\"https://l.example/&x;\"/>");
        let list = read(&text.replace("?>", &format!("?>{external}"))).unwrap();
        assert_eq!(list.outlines[0].title, "&x;");
        assert_eq!(list.outlines[0].url, "https://l.example/&x;");
        assert_eq!(list.warnings, ["the file declares entities; they were not expanded"]);

        let mut bomb = String::from("<!DOCTYPE opml [<!ENTITY a0 \"ha\">");
        for n in 1..30 {
            bomb.push_str(&format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10)));
        }
        bomb.push_str("]>");
        let text = opml("<outline text=\"&a29;\" xmlUrl=\"https://l.example/\"/>");
        let list = read(&text.replace("?>", &format!("?>{bomb}"))).unwrap();
        assert_eq!(list.outlines[0].title, "&a29;");

        let long = opml(&format!(
            "<outline text=\"A\" xmlUrl=\"https://l.example/{}\"/>",
            "x".repeat(9_000)
        ));
        assert!(read(&long).unwrap().warnings[0].contains("longer than any"));
    }

    #[test]
    fn a_damaged_list_gives_what_stands_before_the_damage() {
        let whole = opml(
            "<outline text=\"A\" xmlUrl=\"https://a.example/\"/><outline text=\"B\" xmlUrl=\"https://b.example/\"/>",
        );
        for cut in [whole.len() - 10, whole.len() - 40, whole.len() - 60] {
            let list = read(&whole[..cut]).unwrap();
            assert_eq!(list.outlines[0].title, "A");
            assert_eq!(list.warnings.len(), 1, "{:?}", list.warnings);
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let outlines = vec![
            Outline {
                title: "A & \"B\" <c>".into(),
                url: "https://l.example/?a=1&b='2'".into(),
                publisher: Some("Open Lattice Foundation".into()),
                kind: Some("newswire".into()),
                commented: true,
                ..Outline::default()
            },
            Outline {
                title: "B".into(),
                url: "https://b.example/".into(),
                site: Some("https://b.example/".into()),
                ..Outline::default()
            },
        ];
        let list = read(&write("My <feeds> & more", &outlines)).unwrap();
        assert_eq!(list, Opml { outlines, warnings: Vec::new() });
        assert!(!write("a\0\u{b}b", &[]).contains(['\0', '\u{b}']));
    }
}
