//! The article in a page's data scripts: JSON-LD's `articleBody`, and the text that a page built by
//! scripts carries as JSON (Next.js and the like).

use serde_json::Value;

use super::{escape_into, letters};

/// A text shorter than this is a label, in letters.
const TEXT_LETTERS_MIN: usize = 200;

/// Keys whose value is the text of an article, in schema.org and in what content management systems
/// hand over.
const BODY_KEYS: &[&str] =
    &["articleBody", "body", "bodyHtml", "content", "contentHtml", "html", "text"];

/// The types of a rich text's parts: (type, element). Contentful, Sanity, Strapi, TipTap, Slate.
const PARTS: &[(&str, &str)] = &[
    ("paragraph", "p"),
    ("block", "p"),
    ("heading", "h2"),
    ("heading-1", "h2"),
    ("heading-2", "h2"),
    ("heading-3", "h3"),
    ("heading-4", "h4"),
    ("list-item", "li"),
    ("listItem", "li"),
    ("list_item", "li"),
    ("quote", "blockquote"),
    ("blockquote", "blockquote"),
    ("table-cell", "td"),
    ("tableCell", "td"),
    ("table-row", "tr"),
    ("tableRow", "tr"),
];

/// The longest text of an article that the scripts hold, as HTML.
pub fn article(data: &[(bool, String)]) -> Option<String> {
    let mut best: Option<String> = None;
    for (linked_data, text) in data {
        // serde_json refuses what nests deeper than 128, so that walking it is bounded too.
        let Ok(value) = serde_json::from_str::<Value>(text) else { continue };
        let keys = if *linked_data { &BODY_KEYS[..1] } else { BODY_KEYS };
        let mut found = Found { keys, best: best.take() };
        found.walk(&value, "");
        best = found.best;
        if !linked_data {
            let mut rich = String::new();
            rich_text(&value, false, &mut rich);
            if longer(&rich, best.as_deref()) {
                best = Some(rich);
            }
        }
    }
    best
}

struct Found {
    keys: &'static [&'static str],
    best: Option<String>,
}

impl Found {
    fn walk(&mut self, value: &Value, key: &str) {
        match value {
            Value::String(text)
                if self.keys.contains(&key) && longer(text, self.best.as_deref()) =>
            {
                self.best = Some(as_html(text));
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, key)),
            Value::Object(fields) => fields.iter().for_each(|(key, value)| self.walk(value, key)),
            _ => {}
        }
    }
}

fn longer(text: &str, than: Option<&str>) -> bool {
    let length = letters(text);
    length >= TEXT_LETTERS_MIN && than.is_none_or(|than| letters(than) < length)
}

/// A text as HTML: itself where it is HTML, else its lines as paragraphs.
fn as_html(text: &str) -> String {
    if text.contains("</") || text.contains("<p>") || text.contains("<br") {
        return text.to_owned();
    }
    let mut html = String::with_capacity(text.len() + 64);
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        html.push_str("<p>");
        escape_into(line.trim(), &mut html);
        html.push_str("</p>");
    }
    html
}

/// A rich text given as a tree of typed parts, in order, as HTML.
fn rich_text(value: &Value, inside: bool, html: &mut String) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| rich_text(item, inside, html)),
        Value::Object(fields) => {
            let text = |key: &str| fields.get(key).and_then(Value::as_str);
            let kind = text("nodeType").or_else(|| text("_type")).or_else(|| text("type"));
            let part = kind.and_then(|k| PARTS.iter().find(|(name, _)| *name == k)).map(|p| p.1);
            if let Some(element) = part {
                html.push_str(&format!("<{element}>"));
            }
            let inside = inside || part.is_some();
            if inside && let Some(run) = text("value").or_else(|| text("text")) {
                escape_into(run, html);
            }
            for (_, child) in fields.iter().filter(|(_, v)| v.is_array() || v.is_object()) {
                rich_text(child, inside, html);
            }
            if let Some(element) = part {
                html.push_str(&format!("</{element}>"));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_in_data() {
        let long =
            "Meridian Cloud has joined the Open Lattice Foundation as a Gold member. ".repeat(5);
        let graph = format!(
            "{{\"@graph\":[{{\"@type\":\"WebSite\"}},{{\"articleBody\":\"{long}\\n\\nSecond & last.\"}}]}}"
        );
        let found = article(&[(true, graph)]).unwrap();
        assert!(found.starts_with("<p>Meridian") && found.ends_with("<p>Second &amp; last.</p>"));
        let html = format!("{{\"props\":{{\"post\":{{\"contentHtml\":\"<p>{long}</p>\"}}}}}}");
        assert!(article(&[(false, html.clone())]).unwrap().starts_with("<p>Meridian"));
        assert_eq!(article(&[(true, html)]), None);
        let rich = format!(
            "{{\"body\":{{\"nodeType\":\"document\",\"content\":[{{\"nodeType\":\"heading-2\",\"content\":[{{\"nodeType\":\"text\",\"value\":\"Members\"}}]}},\
             {{\"nodeType\":\"paragraph\",\"content\":[{{\"nodeType\":\"text\",\"value\":\"{long}\"}}]}}]}}}}"
        );
        let found = article(&[(false, rich)]).unwrap();
        assert!(found.starts_with("<h2>Members</h2><p>Meridian"), "{found}");
        assert_eq!(article(&[(false, "{".repeat(10_000)), (true, "{}".into())]), None);
    }
}
