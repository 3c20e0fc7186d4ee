//! What every reader gives: an entry before it has an identity.

use chrono::{DateTime, Utc};

/// A document, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Its title, as HTML.
    pub title: Option<String>,
    /// Its entries, in its order.
    pub entries: Vec<Draft>,
}

/// An entry, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The title, as HTML.
    pub title: Option<String>,
    /// The guid or id.
    pub guid: Option<String>,
    /// The address of its page, absolute.
    pub link: Option<String>,
    /// When it was first published.
    pub published: Option<DateTime<Utc>>,
    /// When it was last changed.
    pub updated: Option<DateTime<Utc>>,
    /// Its first author's name.
    pub author: Option<String>,
    /// The teaser, as HTML.
    pub summary: Option<String>,
    /// The full text, as HTML.
    pub content: Option<String>,
}

impl Draft {
    /// Whether something is missing that most entries have.
    pub fn has_gap(&self) -> bool {
        self.title.is_none()
            || self.link.is_none()
            || (self.published.is_none() && self.updated.is_none())
            || (self.summary.is_none() && self.content.is_none())
    }

    /// Takes from another reading of the same entry what is missing here. Not the guid: it is who
    /// the entry is, and must not depend on what else is missing.
    pub fn fill(&mut self, other: Draft) {
        fill(&mut self.title, other.title);
        fill(&mut self.link, other.link);
        if self.published.is_none() && self.updated.is_none() {
            (self.published, self.updated) = (other.published, other.updated);
        }
        fill(&mut self.author, other.author);
        fill(&mut self.summary, other.summary);
        fill(&mut self.content, other.content);
    }
}

fn fill<T>(place: &mut Option<T>, value: Option<T>) {
    if place.is_none() {
        *place = value;
    }
}

/// Plain text as HTML. Publishers often say `text` and send HTML: what has an end tag, a break or
/// a reference is taken for that.
pub fn html_of_text(text: String) -> String {
    if !text.contains(['<', '&']) || looks_like_html(&text) {
        return text;
    }
    escape(&text)
}

/// Plain text as HTML, whatever it looks like.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn looks_like_html(text: &str) -> bool {
    let tag = text.match_indices('<').any(|(at, _)| {
        let behind = &text[at + 1..];
        let name = behind.trim_start_matches('/');
        let is_end = name.len() < behind.len();
        let letters = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
        letters > 0 && (is_end || matches!(&name[..letters], "br" | "p" | "img" | "hr" | "li"))
    });
    tag || text.match_indices('&').any(|(at, _)| {
        let window: String = text[at + 1..].chars().take(10).collect();
        window.split_once(';').is_some_and(|(name, _)| {
            name.len() > 1 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_html_and_html_stays() {
        for (text, html) in [
            ("plain", "plain"),
            ("1 < 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2"),
            ("a <b>bold</b> claim", "a <b>bold</b> claim"),
            ("one<br>two", "one<br>two"),
            ("AT&amp;T", "AT&amp;T"),
            ("<Foo> is generic", "&lt;Foo&gt; is generic"),
        ] {
            assert_eq!(html_of_text(text.to_owned()), html, "{text}");
        }
    }
}
