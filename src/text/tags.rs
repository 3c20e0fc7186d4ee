//! The tags of a page with their attributes, for those who look for links and not for text.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

/// A start tag, with the text behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its name in lower case.
    pub name: String,
    /// Its attributes, names in lower case, values with their references read.
    pub attributes: Vec<(String, String)>,
    /// The beginning of the text up to its end tag or the next tag that was asked for.
    pub text: String,
}

impl Tag {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// The first `most` start tags of these names, in the page's order. Tags in comments and scripts
/// are none.
pub fn tags(page: &str, names: &[&str], most: usize) -> Vec<Tag> {
    let mut found: Vec<Tag> = Vec::new();
    let mut open = false;
    // What stands in a script or a style is text.
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    for token in Tokenizer::new_with_emitter(page, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name);
                if !names.contains(&name.as_ref()) {
                    continue;
                }
                if found.len() >= most {
                    return found;
                }
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let name = name.into_owned();
                open = !VOID.contains(&name.as_str());
                let attributes = tag.attributes.iter().map(|(n, v)| (text(n), text(v))).collect();
                found.push(Tag { name, attributes, text: String::new() });
            }
            Token::EndTag(tag) => {
                let ends = |last: &Tag| last.name.as_bytes() == &**tag.name;
                open = open && !found.last().is_some_and(ends);
            }
            Token::String(run) if open => {
                if let Some(tag) = found.last_mut()
                    && tag.text.len() < TEXT_BYTES_MAX
                {
                    let run = &run[..run.len().min(TEXT_BYTES_MAX)];
                    tag.text.push_str(&String::from_utf8_lossy(run));
                }
            }
            _ => {}
        }
    }
    found
}

/// Elements that hold no text (HTML, void elements), of those that are asked for.
const VOID: &[&str] = &["base", "link", "meta"];

/// The text of a tag is gathered no further, in bytes: a link's words are few, and a link that is
/// never closed would gather the page.
const TEXT_BYTES_MAX: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_with_attributes_and_text_and_not_from_comments_or_scripts() {
        let page = "<LINK REL=alternate href='/a?x=1&amp;y=2'><!-- <a href=no> --><script>'<a href=no>'</script>\
                    <a href=/b>One <b>two</b></a> three <a>";
        let found = tags(page, &["link", "a"], 10);
        let shown: Vec<_> =
            found.iter().map(|t| (t.name.as_str(), t.get("href"), t.text.as_str())).collect();
        assert_eq!(
            shown,
            [("link", Some("/a?x=1&y=2"), ""), ("a", Some("/b"), "One two"), ("a", None, "")]
        );
        assert_eq!(found[0].get("rel"), Some("alternate"));
        assert_eq!(tags(page, &["a"], 1).len(), 1);
        assert!(tags("", &["a"], 1).is_empty());
    }
}
