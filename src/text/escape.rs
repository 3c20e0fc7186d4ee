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
}
