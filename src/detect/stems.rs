//! The cheapest look at an entry: whether its title or summary holds the stem of any trigger.

use std::sync::LazyLock;

use aho_corasick::packed::{Config, Searcher};
use aho_corasick::{AhoCorasick, AhoCorasickKind, Span};

/// Stems without which no construction matches: an entry without any needs no page fetched for it.
const STEMS: &[&str] = &[
    "join",
    "becom",
    "became",
    "welcom",
    "appoint",
    "named",
    "names",
    "naming",
    "hire",
    "promot",
    "elect",
    "voted",
    "step",
    "resign",
    "retir",
    "leav",
    "left",
    "depart",
    "succe",
    "replac",
    "member",
    "sponsor",
    "introduc",
    "meet ",
    "thank",
    "congratul",
    "renew",
    "outgoing",
    "emerit",
    "board",
    "committee",
    "council",
    "maintainer",
    "farewell",
    "goodbye",
    "moving on",
    "passed away",
    "new ",
    "takes over",
    "assum",
    "serve",
    "role of",
    "taking on",
    "takes on",
    "takes up",
    "tapped",
    "taps ",
    "addition",
    "newest",
    "announc",
    "launch",
    "passing of",
    "term ",
    "tenure",
    "lead",
    "head of",
    "ceo",
    "cto",
    "manager",
    "charge of",
    "no longer",
    "expel",
    "parted ways",
    "part ways",
    "commit ",
    "level",
    "remove",
    "dismiss",
    "oust",
    "upgrad",
    "downgrad",
    "withdr",
    "ended its",
    "hands over",
    "team",
    "maintain",
    "committer",
    "chair",
    "director",
    "officer",
    "oversee",
    "partner",
    "supporter",
    "sworn",
    "won ",
    "quit",
    "stand down",
    "stands down",
    "standing down",
    "stood down",
    "bow out",
    "bows out",
    "bowing out",
    "died",
    "recruit",
    "chose",
    "picked",
    "enrol",
    "aboard",
    "on board",
    "pulls out",
    "pulled out",
    "drops out",
    "dropped out",
    "hands",
    "handed",
    "passes the",
    "passed the",
    "reins",
    "helm",
    "last day",
    "accepted",
    "admitted",
    "approved",
    "fellow",
    "trustee",
    "president",
    "secretary",
    "treasurer",
    "executive",
    "editor",
    "dean ",
    "seat",
    "follows",
    "followed by",
];

/// So many stems are looked for at a time: with more, the searcher compares no faster than an
/// automaton.
const TOGETHER: usize = 40;

/// Finds the stems; they are no user's, so that every grammar shares them.
enum Finder {
    /// Many bytes at a time, by the tails of the stems: their first letter may be a capital.
    Vectors {
        /// The tails in small letters.
        small: Vec<Searcher>,
        /// The tails in capitals.
        capital: Vec<Searcher>,
    },
    /// Byte by byte, for machines without vectors.
    Automaton(Box<AhoCorasick>),
}

impl Finder {
    fn new() -> Finder {
        let capitals = |tail: &str| tail.to_ascii_uppercase();
        match (searchers(str::to_owned), searchers(capitals)) {
            (Some(small), Some(capital)) => Finder::Vectors { small, capital },
            _ => Finder::Automaton(Box::new(automaton())),
        }
    }

    fn finds(&self, text: &str) -> bool {
        match self {
            Finder::Vectors { small, capital } => {
                let in_text = |searcher: &Searcher| finds(searcher, text);
                small.iter().any(in_text)
                    || has_capitals(text.as_bytes()) && capital.iter().any(in_text)
            }
            Finder::Automaton(automaton) => automaton.is_match(text),
        }
    }
}

/// Searchers for the tails, as `shape` writes them.
fn searchers(shape: impl Fn(&str) -> String) -> Option<Vec<Searcher>> {
    let searcher = |stems: &[&str]| {
        let tails = stems.iter().map(|stem| shape(tail(stem)));
        Config::new().builder().extend(tails).build()
    };
    STEMS.chunks(TOGETHER).map(searcher).collect()
}

/// The first word of a stem but for its first letter, with the space behind it: what follows may
/// be written with a capital.
fn tail(stem: &str) -> &str {
    let end = stem.find(' ').map_or(stem.len(), |space| space + 1);
    &stem[1..end]
}

/// Whether a stem stands where one of the tails does.
fn finds(tails: &Searcher, text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_stem = |from: usize| {
        STEMS.iter().any(|stem| {
            let there = bytes.get(from..from + stem.len());
            there.is_some_and(|there| there.eq_ignore_ascii_case(stem.as_bytes()))
        })
    };
    let mut from = 0;
    while let Some(found) = tails.find_in(text, Span::from(from..text.len())) {
        if found.start().checked_sub(1).is_some_and(is_stem) {
            return true;
        }
        // "Menew " has the tail of "renew" and is none, but the next tail may begin inside it.
        from = found.start() + 1;
    }
    false
}

/// Whether two capitals follow each other: only then a tail in capitals can.
fn has_capitals(bytes: &[u8]) -> bool {
    let next = bytes.get(1..).unwrap_or_default();
    // Steps of many bytes, so that they are compared together.
    bytes.chunks(64).zip(next.chunks(64)).any(|(here, next)| {
        let both = |(a, b): (&u8, &u8)| a.is_ascii_uppercase() & b.is_ascii_uppercase();
        here.iter().zip(next).map(both).fold(false, |any, both| any | both)
    })
}

fn automaton() -> AhoCorasick {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(STEMS)
        .expect("the stems are few and short")
}

/// Whether an entry is worth reading in full: a cheap look for the stems of the triggers, in small
/// letters, in capitals or with a capital first.
pub fn could_matter(title: &str, summary_html: &str) -> bool {
    static FINDER: LazyLock<Finder> = LazyLock::new(Finder::new);
    FINDER.finds(title) || FINDER.finds(summary_html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_looking_find_the_same() {
        let (fast, plain) = (Finder::new(), automaton());
        let written = STEMS.iter().flat_map(|stem| {
            let title: Vec<String> = stem
                .split_inclusive(' ')
                .map(|word| word[..1].to_ascii_uppercase() + &word[1..])
                .collect();
            [(*stem).to_owned(), title.concat(), stem.to_ascii_uppercase()]
        });
        let texts = written.flat_map(|stem| {
            [format!("{stem}."), format!("<p>It said: {stem}"), format!("{} x", &stem[1..])]
        });
        let others = ["", "J", "<p>Quick builds of the HTML API.</p>", "é", "Oin us, oin"];
        for text in texts.chain(others.map(str::to_owned)) {
            assert_eq!(fast.finds(&text), plain.is_match(&text), "{text}");
        }
    }
}
