//! A set of phrases that is matched token by token.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::text::{Cased, Token, tokens};

/// Phrases with a value each; the longest that begins at a token is found without looking at
/// more tokens than the phrase has.
#[derive(Debug)]
pub struct Phrases<T> {
    by_first: FxHashMap<SmolStr, Row<T>>,
}

/// The phrases with the same first word, the longest first.
#[derive(Debug)]
struct Row<T> {
    phrases: Vec<Phrase<T>>,
    /// Whether the first word is a phrase by itself.
    single: bool,
    /// The second words as a set of bits, several words a bit: what is not in it is surely none.
    seconds: u64,
}

impl<T> Default for Row<T> {
    fn default() -> Self {
        Row { phrases: Vec::new(), single: false, seconds: 0 }
    }
}

/// A bit by the first byte and the length of a word.
pub fn bit(word: &str) -> u64 {
    let first = word.bytes().next().map_or(0, usize::from);
    1 << ((first + word.len() * 7) % 64)
}

#[derive(Debug)]
struct Phrase<T> {
    /// The tokens after the first, lower case.
    rest: Vec<SmolStr>,
    /// As written in the list.
    written: String,
    value: T,
}

impl<T> Default for Phrases<T> {
    fn default() -> Self {
        Phrases { by_first: FxHashMap::default() }
    }
}

impl Phrases<()> {
    /// A set without values.
    pub fn of(phrases: &[String]) -> Self {
        let mut set = Phrases::default();
        for phrase in phrases {
            set.insert(phrase, ());
        }
        set
    }
}

impl<T> Phrases<T> {
    /// Adds a phrase. One without a word is left out.
    pub fn insert(&mut self, phrase: &str, value: T) {
        let cased = Cased::of(phrase);
        let mut words = tokens(&cased).into_iter().map(|t| SmolStr::new(t.lower));
        let Some(first) = words.next() else { return };
        let rest: Vec<SmolStr> = words.collect();
        let row = self.by_first.entry(first).or_default();
        match rest.first() {
            Some(second) => row.seconds |= bit(second),
            None => row.single = true,
        }
        let at = row.phrases.partition_point(|known| known.rest.len() >= rest.len());
        row.phrases.insert(at, Phrase { rest, written: phrase.to_owned(), value });
    }

    /// The first words of all phrases.
    pub fn first_words(&self) -> impl Iterator<Item = &str> {
        self.by_first.keys().map(SmolStr::as_str)
    }

    /// The first words of all phrases and the words behind them, with their values.
    pub fn all(&self) -> impl Iterator<Item = (&SmolStr, &[SmolStr], &T)> {
        self.by_first.iter().flat_map(|(first, row)| {
            row.phrases.iter().map(move |phrase| (first, &*phrase.rest, &phrase.value))
        })
    }

    /// The longest phrase that begins at `tokens[at]`: (its value, as written, how many tokens).
    pub fn longest(&self, tokens: &[Token], at: usize) -> Option<(&T, &str, usize)> {
        let row = self.by_first.get(tokens.get(at)?.lower)?;
        let following = &tokens[at + 1..];
        let second = following.first().is_some_and(|t| row.seconds & bit(t.lower) != 0);
        if !second && !row.single {
            return None;
        }
        row.phrases
            .iter()
            .find(|phrase| {
                phrase.rest.len() <= following.len()
                    && phrase.rest.iter().zip(following).all(|(word, token)| *word == token.lower)
            })
            .map(|phrase| (&phrase.value, phrase.written.as_str(), phrase.rest.len() + 1))
    }

    /// Where the first phrase of the set begins in `tokens`, and how many tokens it has.
    pub fn find(&self, tokens: &[Token]) -> Option<(usize, usize)> {
        (0..tokens.len()).find_map(|at| self.longest(tokens, at).map(|(_, _, n)| (at, n)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_phrase_wins() {
        let set =
            Phrases::of(&["Board".into(), "Board of Directors".into(), "C++ Alliance".into()]);
        for (text, expected) in [
            ("board of directors", Some(3)),
            ("Board of Trustees", Some(1)),
            ("c++ alliance", Some(2)),
            ("directors", None),
        ] {
            let found = set.longest(&tokens(&Cased::of(text)), 0).map(|(_, _, n)| n);
            assert_eq!(found, expected, "{text}");
        }
    }
}
