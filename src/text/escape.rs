//! Character references on their own, for those who took the tags out another way.

use html5gum::{Token, Tokenizer};

/// `text` with its character references (`&amp;`, `&#233;`, `&copy` …) read as HTML reads them;
/// a `<` stays a `<` and begins no tag.
pub fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for token in Tokenizer::new(&text.replace('<', "&lt;")) {
        let Ok(token) = token;
        if let Token::String(run) = token {
            plain.push_str(&String::from_utf8_lossy(&run));
        }
    }
    plain
}

/// The references that make up nearly all of the named ones.
const COMMON: [(&str, char); 14] = [
    ("&amp;", '&'),
    ("&nbsp;", '\u{a0}'),
    ("&quot;", '"'),
    ("&lt;", '<'),
    ("&gt;", '>'),
    ("&apos;", '\''),
    ("&rsquo;", '’'),
    ("&lsquo;", '‘'),
    ("&ldquo;", '“'),
    ("&rdquo;", '”'),
    ("&ndash;", '–'),
    ("&mdash;", '—'),
    ("&hellip;", '…'),
    ("&eacute;", 'é'),
];

/// Adds what one reference stands for; what is none is added as it is.
pub fn push_reference(reference: &str, plain: &mut String) {
    let named = || COMMON.iter().find(|(name, _)| *name == reference).map(|(_, c)| *c);
    match numbered(reference).or_else(named) {
        Some(c) => plain.push(c),
        None => plain.push_str(&unescape(reference)),
    }
}

/// The character of a closed numeric reference, where its number is all that counts: the others are
/// for the tokenizer, which knows what browsers make of them.
fn numbered(reference: &str) -> Option<char> {
    let digits = reference.strip_prefix("&#")?.strip_suffix(';')?;
    let number = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    // C0 and C1 controls have meanings of their own.
    let own_meaning = |c: &char| c.is_control();
    char::from_u32(number.ok()?).filter(|c| !own_meaning(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_nothing_else() {
        for (text, plain) in [
            ("Ros&eacute;n &amp; S&#246;ner", "Rosén & Söner"),
            ("&#x27;a&#39;", "'a'"),
            ("&copy2024 &notit; &unknown;", "©2024 ¬it; &unknown;"),
            ("1 < 2 <b> &lt;b&gt;", "1 < 2 <b> <b>"),
            ("&#146;&#0;", "’\u{fffd}"),
            ("", ""),
        ] {
            assert_eq!(unescape(text), plain, "{text}");
        }
    }

    #[test]
    fn a_reference_by_itself_is_read_like_one_in_a_text() {
        let common = COMMON.iter().map(|(name, _)| *name);
        for reference in common.chain([
            "&#8217;",
            "&#x2019;",
            "&#X2019;",
            "&#146;",
            "&#x0;",
            "&#xD800;",
            "&#1114112;",
            "&#65",
            "&#;",
            "&#99999999999999;",
            "&notit;",
            "&copy",
            "&unknown;",
            "&Eacute;",
            "&#10;",
            "&#xFDD0;",
        ]) {
            let mut plain = String::new();
            push_reference(reference, &mut plain);
            assert_eq!(plain, unescape(reference), "{reference}");
        }
    }
}
