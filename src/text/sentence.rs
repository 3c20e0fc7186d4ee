//! Sentences and tokens inside a block.

use std::borrow::Cow;
use std::ops::Range;

use super::runs::{FIRST, Runs, eight, is_plain_end, small};

/// A half-open range of bytes.
pub type Span = Range<usize>;

/// Words after whose full stop a sentence goes on. Folded to lower case, without the stop.
pub const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "amb", "st", "sr", "jr", "inc", "ltd", "corp", "co", "llc",
    "no", "vs", "e.g", "i.e", "etc", "u.s", "u.k", "dept", "est", "rev", "gen", "hon", "messrs",
    "ph.d", "m.sc", "b.sc", "jan", "feb", "mar", "apr", "aug", "sept", "sep", "oct", "nov", "dec",
    "n.v", "s.a", "b.v", "e.v", "l.p", "op", "approx", "h.v.a.c", "ing",
];

/// No sentence is longer, in tokens: longer ones are cut, so that a text without a full stop
/// costs no more than one with.
const SENTENCE_TOKENS_MAX: usize = 300;

/// A text, and the same in lower case with each character at the same bytes: its tokens need no memory
/// of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cased<'t> {
    text: &'t str,
    lower: Cow<'t, str>,
}

impl<'t> Cased<'t> {
    /// A text with its lower case.
    pub fn of(text: &'t str) -> Cased<'t> {
        Cased { text, lower: lower_case(text) }
    }
}

/// The sentences of some texts, all their tokens in one place: a document has thousands, and none
/// of them needs memory of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentences<'t> {
    tokens: Vec<Token<'t>>,
    /// The token after the last of each sentence.
    ends: Vec<usize>,
    /// The sentence after the last of each text.
    texts: Vec<usize>,
}

impl<'t> Sentences<'t> {
    /// Splits texts of so many bytes together.
    pub fn of(texts: impl IntoIterator<Item = &'t Cased<'t>>, bytes: usize) -> Sentences<'t> {
        let mut split = Sentences {
            tokens: Vec::with_capacity(bytes / BYTES_PER_TOKEN),
            ends: Vec::with_capacity(bytes / BYTES_PER_SENTENCE),
            texts: Vec::new(),
        };
        texts.into_iter().for_each(|text| split.push(text));
        split
    }

    /// Splits one more text.
    fn push(&mut self, cased: &'t Cased) {
        let (text, from) = (cased.text, self.tokens.len());
        push_tokens(cased, &mut self.tokens);
        let new = &self.tokens[from..];
        let mut start = 0;
        for i in 0..new.len() {
            let last = i + 1 == new.len();
            if last || i - start >= SENTENCE_TOKENS_MAX || ends_sentence(text, new, i) {
                self.ends.push(from + i + 1);
                start = i + 1;
            }
        }
        self.texts.push(self.ends.len());
    }

    /// The sentences of the text with this number, in order, as places among all tokens; each has
    /// a token. The tokens' spans are in that text.
    pub fn text(&self, number: usize) -> impl ExactSizeIterator<Item = Range<usize>> {
        let before = |ends: &[usize], at: usize| at.checked_sub(1).map_or(0, |b| ends[b]);
        (before(&self.texts, number)..self.texts[number])
            .map(move |sentence| before(&self.ends, sentence)..self.ends[sentence])
    }

    /// All sentences of all texts, as places among all tokens.
    pub fn all(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| *start..*end)
    }

    /// The tokens of all texts.
    pub fn tokens(&self) -> &[Token<'t>] {
        &self.tokens
    }

    /// How many sentences all the texts have.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// The bytes of a text that some tokens span.
pub fn span_of(tokens: &[Token]) -> Span {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => first.span.start..last.span.end,
        _ => 0..0,
    }
}

/// A token has about so many bytes with the space behind it, a sentence so many: what memory to
/// ask for.
const BYTES_PER_TOKEN: usize = 5;
const BYTES_PER_SENTENCE: usize = 64;

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Letters and digits, with inner apostrophes, hyphens and dots.
    Word,
    /// The clitic `'s`.
    Possessive,
    /// One other character.
    Mark,
}

/// A word or a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'t> {
    /// Its bytes in the block's text.
    pub span: Span,
    /// What it is made of.
    pub kind: TokenKind,
    /// Lower case.
    pub lower: &'t str,
    /// Whether its first letter is a capital, or it holds one further on ("tZERO").
    pub capital: bool,
}

/// Whether a sentence may go on behind the full stop of a word.
pub fn is_abbreviation(word: &str) -> bool {
    ABBREVIATIONS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

fn ends_sentence(text: &str, all: &[Token], i: usize) -> bool {
    let token = &all[i];
    if token.kind != TokenKind::Mark {
        return false;
    }
    let next = &all[i + 1];
    let gap = next.span.start > token.span.end;
    match token.lower {
        "!" | "?" | "…" | "。" => gap || token.lower == "。",
        "." => {
            if !gap {
                return next.capital && is_forgotten_space(text, token.span.start);
            }
            let opens = next.capital
                || next.kind == TokenKind::Mark
                || next.lower.starts_with(|c: char| c.is_ascii_digit());
            let Some(before) = i.checked_sub(1).map(|b| &all[b]) else { return false };
            let glued = before.span.end == token.span.start;
            let initial = before.lower.chars().count() == 1 && before.capital
                || are_initials(before.lower) && !follows_place(all, i - 1);
            let short = ABBREVIATIONS.contains(&before.lower);
            opens && glued && !initial && (!short || starts_new(next))
        }
        "\"" | "”" | "’" | ")" => {
            // A stop inside the quotation ends the sentence behind the closing mark.
            gap && next.capital
                && i > 0
                && matches!(all[i - 1].lower, "." | "!" | "?")
                && !text[token.span.end..next.span.start].is_empty()
        }
        _ => false,
    }
}

/// "J.R", of "J.R. Whitcombe".
fn are_initials(word: &str) -> bool {
    word.contains('.') && word.split('.').all(|part| part.chars().count() == 1)
}

/// "in Washington, D.C.", "of the U.S.": letters that stand for a place, and no person's.
fn follows_place(all: &[Token], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| {
        matches!(all[before].lower, "," | "the" | "in" | "of" | "from" | "to" | "at")
    }) || ABBREVIATIONS.contains(&all[at].lower)
}

/// Words that open a sentence even after an abbreviation ("… of Acme Inc. The board …").
fn starts_new(token: &Token) -> bool {
    token.capital
        && matches!(
            token.lower,
            "the"
                | "we"
                | "he"
                | "she"
                | "they"
                | "this"
                | "these"
                | "in"
                | "our"
                | "it"
                | "as"
                | "today"
        )
}

/// The tokens of a text.
pub fn tokens<'t>(cased: &'t Cased) -> Vec<Token<'t>> {
    let mut found = Vec::with_capacity(cased.text.len() / BYTES_PER_TOKEN);
    push_tokens(cased, &mut found);
    found
}

/// The words and marks of a text in lower case.
pub fn lower_words(text: &str) -> Vec<String> {
    tokens(&Cased::of(text)).into_iter().map(|t| t.lower.to_owned()).collect()
}

fn push_tokens<'t>(cased: &'t Cased, found: &mut Vec<Token<'t>>) {
    let text = cased.text;
    let bytes = text.as_bytes();
    let mut runs = Runs::of(text);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let end = runs.end(at);
        // Most words are plain letters and digits.
        if end > at && is_plain_end(bytes, end) {
            let capital = has_capital(bytes, at, end);
            let lower = &cased.lower[at..end];
            found.push(Token { span: at..end, kind: TokenKind::Word, lower, capital });
            at = end;
        } else if *byte == b' ' {
            at += 1;
        } else {
            let (span, kind) = token_at(text, at);
            at = span.end;
            let Some(kind) = kind else { continue };
            let lower =
                if kind == TokenKind::Possessive { "'s" } else { &cased.lower[span.clone()] };
            let capital = kind == TokenKind::Word && is_capital(&text[span.clone()]);
            found.push(Token { span, kind, lower, capital });
        }
    }
}

/// Whether one of some letters and digits is a capital: all else is the same in small letters.
fn has_capital(bytes: &[u8], mut at: usize, end: usize) -> bool {
    while at < end {
        let first = eight(bytes, at);
        // Nothing is left of what stands behind the end.
        let differs = small(first, end - at) & !first;
        if differs != 0 {
            return true;
        }
        at += FIRST;
    }
    false
}

/// What begins at a byte, and where it ends: a token, or one character of white space.
pub fn token_at(text: &str, start: usize) -> (Span, Option<TokenKind>) {
    let Some(c) = char_at(text, start) else { return (start..text.len(), None) };
    let at = start + c.len_utf8();
    if c.is_whitespace() {
        return (start..at, None);
    }
    let begins_word = is_word(c)
        || (c == '@' || c == '.' && opens(text, start) && next_is_capital(text, at))
            && next_is_word(text, at);
    if begins_word {
        (start..word_end(text, at), Some(TokenKind::Word))
    } else if is_possessive(text, start) {
        (start..at + 1, Some(TokenKind::Possessive))
    } else {
        (start..at, Some(TokenKind::Mark))
    }
}

/// Whether a word may begin at a stop: behind white space or a bracket.
fn opens(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_none_or(|before| before.is_whitespace() || before == '(')
}

/// The character at a byte that begins one; nothing at the end.
fn char_at(text: &str, at: usize) -> Option<char> {
    let byte = *text.as_bytes().get(at)?;
    if byte.is_ascii() { Some(char::from(byte)) } else { text[at..].chars().next() }
}

/// "the podcast.We": a stop between a small letter and a capital ends a sentence.
fn is_forgotten_space(text: &str, stop: usize) -> bool {
    let before = text[..stop].chars().rev().take(3).filter(|c| c.is_lowercase()).count();
    before == 3 && next_is_capital(text, stop + 1)
}

/// Where the word ends that goes on at `at`.
fn word_end(text: &str, mut at: usize) -> usize {
    loop {
        // Most letters are plain.
        let rest = &text.as_bytes()[at..];
        at += rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let Some(c) = char_at(text, at) else { break };
        let after = at + c.len_utf8();
        let inside = is_word(c)
            || is_joint(c)
                && next_is_word(text, after)
                && !is_possessive(text, at)
                && !(c == '.' && is_forgotten_space(text, at));
        if !inside {
            break;
        }
        at = after;
    }
    at
}

fn is_capital(word: &str) -> bool {
    if word.is_ascii() {
        return word.bytes().any(|b| b.is_ascii_uppercase());
    }
    word.chars().any(char::is_uppercase) || word.chars().next().is_some_and(is_caseless_letter)
}

/// The lower case of a text, each character at the same bytes; one whose small letter takes more or
/// fewer bytes stays as it is ("İ"). It is the text itself where all of it is in small letters.
pub fn lower_case(text: &str) -> Cow<'_, str> {
    // Capitals of other alphabets begin with other bytes than the marks of ordinary texts.
    let other = text.bytes().fold(false, |any, b| any | (b >= 0xC3 && b != 0xE2));
    if other {
        let small = |c: char| {
            let mut small = c.to_lowercase();
            let first = small.next().filter(|s| s.len_utf8() == c.len_utf8());
            first.filter(|_| small.next().is_none()).unwrap_or(c)
        };
        return Cow::Owned(text.chars().map(small).collect());
    }
    let capital = text.bytes().fold(false, |any, b| any | b.is_ascii_uppercase());
    if capital { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
}

/// Letters of scripts without case count as capitals: a name in them is a name.
fn is_caseless_letter(c: char) -> bool {
    c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c.is_alphanumeric() || c == '_' || c == '+' || c == '#'
}

fn is_joint(c: char) -> bool {
    matches!(c, '\'' | '’' | '-' | '.' | '‑')
}

fn next_is_word(text: &str, at: usize) -> bool {
    text[at..].chars().next().is_some_and(char::is_alphanumeric)
}

/// ".NET" is a word, ". Next" is not.
fn next_is_capital(text: &str, at: usize) -> bool {
    text[at..].chars().next().is_some_and(char::is_uppercase)
}

fn is_possessive(text: &str, at: usize) -> bool {
    let mut rest = text[at..].chars();
    matches!(rest.next(), Some('\'' | '’'))
        && matches!(rest.next(), Some('s' | 'S'))
        && !rest.next().is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_readers_end_them() {
        for (text, expected) in [
            ("One. Two.", vec!["One.", "Two."]),
            ("Acme Inc. joins. Good!", vec!["Acme Inc. joins.", "Good!"]),
            (
                "Dr. Ana B. Castellan left Acme Inc. The board thanks her.",
                vec!["Dr. Ana B. Castellan left Acme Inc.", "The board thanks her."],
            ),
            ("He said \"Fine.\" Then he left.", vec!["He said \"Fine.\"", "Then he left."]),
            ("Version 1.0.0 of Node.js is out", vec!["Version 1.0.0 of Node.js is out"]),
            ("", vec![]),
        ] {
            let cased = Cased::of(text);
            let split = Sentences::of([&cased], text.len());
            let found: Vec<_> = split.text(0).map(|s| &text[span_of(&split.tokens()[s])]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn tokens_keep_names_whole() {
        for (text, expected) in [
            ("Node.js's board", vec!["node.js", "'s", "board"]),
            ("O’Neil (@ana-c), AT&T", vec!["o’neil", "(", "@ana-c", ")", ",", "at", "&", "t"]),
            ("Drost-Fromm, C++", vec!["drost-fromm", ",", "c++"]),
            ("the .NET team. Next", vec!["the", ".net", "team", ".", "next"]),
        ] {
            assert_eq!(lower_words(text), expected, "{text}");
        }
    }

    #[test]
    fn letters_keep_their_places_in_lower_case() {
        for (text, expected) in [
            ("Zoë and ŁUKASZ — “Œuvre”", "zoë and łukasz — “œuvre”"),
            ("ДМИТРИЙ ИВАНОВ", "дмитрий иванов"),
            ("Ångström’s 株式会社 X", "ångström’s 株式会社 x"),
            // Two bytes would become three.
            ("İzmir", "İzmir"),
            ("plain", "plain"),
        ] {
            assert_eq!(lower_case(text), expected);
            assert_eq!(lower_case(text).len(), text.len());
        }
    }

    #[test]
    fn a_text_without_stops_is_cut() {
        let text = "word ".repeat(10_000);
        assert!(Sentences::of([&Cased::of(&text)], text.len()).len() > 30);
    }
}
