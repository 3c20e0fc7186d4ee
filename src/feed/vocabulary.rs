//! Which element of which vocabulary means what.

use super::scan::{Tag, attribute, attributes, local};

/// A vocabulary, told from its address or, undeclared, from the prefix that everybody gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// RSS of any version, Atom of any version, CDF.
    Core,
    /// Dublin Core elements.
    Dc,
    /// Dublin Core terms.
    DcTerms,
    /// `content:encoded`.
    Content,
    /// XHTML.
    Xhtml,
    /// iTunes.
    Itunes,
    /// Media RSS.
    Media,
    /// Anything else.
    Other,
}

impl Space {
    fn of_address(address: &str) -> Space {
        match address.trim().trim_end_matches(['#', '/']) {
            "http://purl.org/rss/1.0/modules/content" => Space::Content,
            "http://purl.org/dc/elements/1.1"
            | "http://purl.org/dc/elements/1.0"
            | "http://purl.org/rss/1.0/modules/dc" => Space::Dc,
            "http://purl.org/dc/terms" => Space::DcTerms,
            "http://www.w3.org/1999/xhtml" => Space::Xhtml,
            "http://search.yahoo.com/mrss" => Space::Media,
            other if other.starts_with("http://www.itunes.com/") => Space::Itunes,
            other
                if CORE.iter().any(|core| other.starts_with(core))
                    && !other.contains("/modules/") =>
            {
                Space::Core
            }
            _ => Space::Other,
        }
    }

    fn of_prefix(prefix: &str) -> Space {
        match prefix {
            "" | "atom" | "atom10" | "atom03" | "a10" | "rss" | "a" => Space::Core,
            "dc" => Space::Dc,
            "dcterms" | "dcterm" => Space::DcTerms,
            "content" => Space::Content,
            "xhtml" | "html" | "body" | "h" => Space::Xhtml,
            "itunes" => Space::Itunes,
            "media" => Space::Media,
            _ => Space::Other,
        }
    }
}

/// How the addresses of RSS and Atom begin, over the years.
const CORE: &[&str] = &[
    "http://www.w3.org/2005/Atom",
    "http://purl.org/atom/",
    "http://purl.org/rss/1.0",
    "http://purl.org/net/rss1.1",
    "http://my.netscape.com/",
    "http://channel.netscape.com/",
    "http://backend.userland.com/",
    "http://blogs.law.harvard.edu/tech/rss",
];

/// The vocabularies that a document declares, whatever their scope: nobody gives one prefix two.
#[derive(Default)]
pub struct Spaces<'a> {
    declared: Vec<(&'a str, Space)>,
}

/// No honest document declares more prefixes.
pub const PREFIXES_MAX: usize = 64;

impl<'a> Spaces<'a> {
    /// Takes note of the declarations of a tag.
    pub fn declare(&mut self, tag: &Tag<'a>) {
        if !tag.attributes.contains("xmlns:") {
            return;
        }
        for (name, address) in attributes(tag.attributes) {
            let Some(prefix) = name.strip_prefix("xmlns:") else { continue };
            let known = self.declared.iter().any(|(declared, _)| *declared == prefix);
            if !known && self.declared.len() < PREFIXES_MAX {
                self.declared.push((prefix, Space::of_address(address)));
            }
        }
    }

    /// The vocabulary of a tag.
    pub fn of(&self, tag: &Tag<'a>) -> Space {
        match tag.name.split_once(':') {
            Some((prefix, _)) => self
                .declared
                .iter()
                .find(|(declared, _)| *declared == prefix)
                .map_or_else(|| Space::of_prefix(prefix), |(_, space)| *space),
            // Only a declaration on the element itself makes it something else than the feed's own.
            None => match attribute(tag.attributes, "xmlns") {
                Some("http://www.w3.org/1999/xhtml") => Space::Xhtml,
                Some("http://purl.org/dc/elements/1.1/") => Space::Dc,
                _ => Space::Core,
            },
        }
    }
}

/// Relations of a link that lead to something else than the entry's page.
pub fn is_aside(rel: &str) -> bool {
    matches!(rel, "self" | "edit" | "replies" | "license" | "enclosure" | "hub")
}

/// What an element of an entry tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The title.
    Title,
    /// The address, as text.
    Link,
    /// The guid or id.
    Guid,
    /// When it was published.
    Published,
    /// When it was changed.
    Updated,
    /// When it was made: the weakest of the dates.
    Created,
    /// The author's name.
    Author,
    /// The teaser.
    Summary,
    /// The full text.
    Content,
}

/// The rank of a format's own elements; those of other vocabularies have less.
pub const STRONG: u8 = 2;

/// The field of an element, and how much it counts: a higher rank wins over a lower one.
pub fn field(space: Space, name: &str) -> Option<(Field, u8)> {
    let name = local(name);
    let lower;
    let small = if name.bytes().any(|b| b.is_ascii_uppercase()) {
        lower = name.to_ascii_lowercase();
        lower.as_str()
    } else {
        name
    };
    Some(match (space, small) {
        (Space::Core, "title") => (Field::Title, STRONG),
        (Space::Dc, "title") => (Field::Title, 1),
        (Space::Media, "title") => (Field::Title, 0),
        (Space::Core, "link") => (Field::Link, STRONG),
        (Space::Core, "guid" | "id") => (Field::Guid, STRONG),
        (Space::Core, "pubdate" | "published" | "issued") => (Field::Published, STRONG),
        (Space::DcTerms, "issued") => (Field::Published, 1),
        (Space::Core, "updated" | "modified" | "lastbuilddate") => (Field::Updated, STRONG),
        (Space::Dc, "date") | (Space::DcTerms, "modified" | "updated") => (Field::Updated, 1),
        (Space::Core | Space::DcTerms, "created") => (Field::Created, 1),
        (Space::Dc, "creator" | "author") | (Space::Itunes, "author") => (Field::Author, 1),
        (Space::Core, "author") => (Field::Author, STRONG),
        (Space::Core, "description" | "summary" | "abstract" | "tagline") => {
            (Field::Summary, STRONG)
        }
        (Space::Dc | Space::DcTerms, "description" | "abstract") => (Field::Summary, 1),
        (Space::Itunes, "summary") => (Field::Summary, 1),
        (Space::Media, "description") => (Field::Summary, 0),
        (Space::Core, "content") | (Space::Content, "encoded") => (Field::Content, STRONG),
        (Space::Core | Space::Xhtml, "body" | "fullitem") | (Space::Xhtml, "div") => {
            (Field::Content, 1)
        }
        _ => return None,
    })
}
