//! Finding the article in a fetched page.
//!
//! Publishers mark it: `<article>`, else `<main>`, else the body without navigation. No scoring of
//! densities: what stays around the article is dropped later, block by block, as boilerplate.

use html5gum::{Token, Tokenizer};

/// Elements whose content is no part of an article, wherever they stand.
const ASIDE: &[&[u8]] =
    &[b"nav", b"footer", b"aside", b"form", b"script", b"style", b"noscript", b"template"];

/// The part of a page that holds the article, as HTML. The page itself where nothing is marked.
pub fn article_html(page: &str) -> String {
    for element in [b"article".as_slice(), b"main", b"body"] {
        if let Some(inner) = longest(page, element) {
            return inner;
        }
    }
    without_asides(page)
}

/// The longest element of this name, by its text, without asides.
fn longest(page: &str, element: &[u8]) -> Option<String> {
    let mut best: Option<String> = None;
    let mut current: Option<(usize, String)> = None;
    let mut depth = 0_usize;
    let mut aside = 0_usize;
    for token in Tokenizer::new(page) {
        let Ok(token) = token;
        match &token {
            Token::StartTag(tag) if *tag.name == element && !tag.self_closing => {
                depth += 1;
                if current.is_none() {
                    current = Some((depth, String::new()));
                    continue;
                }
            }
            Token::EndTag(tag) if *tag.name == element => {
                if let Some((opened, text)) = current.take_if(|(opened, _)| *opened == depth) {
                    let _ = opened;
                    if best.as_ref().is_none_or(|b| b.len() < text.len()) {
                        best = Some(text);
                    }
                }
                depth = depth.saturating_sub(1);
                continue;
            }
            _ => {}
        }
        if let Some((_, text)) = &mut current {
            copy(&token, text, &mut aside);
        }
    }
    if let Some((_, text)) = current
        && best.as_ref().is_none_or(|b| b.len() < text.len())
    {
        best = Some(text);
    }
    best.filter(|text| text.chars().any(char::is_alphanumeric))
}

fn without_asides(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut aside = 0;
    for token in Tokenizer::new(page) {
        let Ok(token) = token;
        copy(&token, &mut text, &mut aside);
    }
    text
}

/// Writes a token back as HTML, tags without attributes, asides left out.
fn copy(token: &Token, out: &mut String, aside: &mut usize) {
    match token {
        Token::StartTag(tag) => {
            if ASIDE.contains(&&**tag.name) && !tag.self_closing {
                *aside += 1;
            } else if *aside == 0 {
                out.push('<');
                out.push_str(&String::from_utf8_lossy(&tag.name));
                out.push('>');
            }
        }
        Token::EndTag(tag) => {
            if ASIDE.contains(&&**tag.name) {
                *aside = aside.saturating_sub(1);
            } else if *aside == 0 {
                out.push_str("</");
                out.push_str(&String::from_utf8_lossy(&tag.name));
                out.push('>');
            }
        }
        Token::String(text) if *aside == 0 => {
            for c in String::from_utf8_lossy(text).chars() {
                match c {
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    '&' => out.push_str("&amp;"),
                    c => out.push(c),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_is_found_in_its_page() {
        for (page, expected) in [
            (
                "<body><nav><p>Home</nav><main><article><h1>T</h1><p>A &amp; B</article></main><footer>f</footer>",
                "<h1>T</h1><p>A &amp; B",
            ),
            ("<body><main><p>A</main><footer>f</footer>", "<p>A"),
            ("<body><nav>n</nav><p>A<footer>f</footer></body>", "<p>A"),
            ("<p>just this", "<p>just this"),
            ("<article>x</article><article>longer one</article>", "longer one"),
            ("<article>cut", "cut"),
        ] {
            assert_eq!(article_html(page), expected, "{page}");
        }
    }
}
