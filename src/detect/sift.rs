//! A first look at a text by its words alone, before any name is looked for: whether a sentence can
//! tell a fact, or stand over a list of them.
//!
//! It never rejects what the later stages would take: it asks for less than each of them does. The
//! [`Sieve`] reads a block at the speed of memory, and takes some sentences together where it is not
//! sure that one ends; what it lets through is looked at again, sentence by sentence.

use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

use super::construct::Table;
use super::filter::{WordFilter, mix};
use super::lexicon::{Known, LeadSet, LeadSets, Lexicon, TriggerClass, WordClass};
use super::mention::{MentionKind, NameType, UNIT_HEADS_OF_TWO};
use super::pattern::Cues;
use crate::text::{
    ABBREVIATIONS, Cased, FIRST, Runs, Sentences, Token, TokenKind, eight, is_plain_end, key,
    lower_case, small, token_at,
};

/// Whether a construction can match the words of a sentence, or a list or an enumeration can stand
/// under them.
pub fn can_tell(tokens: &[Token], known: &[Known], lexicon: &Lexicon, table: &Table) -> bool {
    let mut seen = Seen::default();
    for (at, known) in known.iter().enumerate() {
        seen.note(*known);
        if known.class.is(WordClass::TRIGGER)
            && let Some((class, _, _)) = lexicon.triggers.longest(tokens, at)
        {
            seen.triggers |= bit_of(*class);
        }
        seen.role |=
            known.class.is(WordClass::ROLE) && lexicon.role_phrases.longest(tokens, at).is_some();
    }
    seen.cues.note(tokens, known.iter().copied(), table.cues());
    let named = tokens.iter().any(|t| t.capital || t.lower.starts_with('@'));
    seen.can_tell(named, table)
}

fn bit_of(class: TriggerClass) -> u32 {
    1 << class as u32
}

/// What some words are, taken together.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Classes of triggers, one bit each.
    triggers: u32,
    class: WordClass,
    leads: LeadSets,
    /// The whole of a role stands there.
    role: bool,
    /// Two words that end a unit do.
    unit: bool,
    cues: Cues,
}

impl Seen {
    fn hint(&mut self, hint: &Hint, table: &Table) {
        hint.alone.iter().for_each(|whole| self.whole(*whole));
        self.know(hint.known, table);
    }

    fn know(&mut self, known: Known, table: &Table) {
        self.note(known);
        if known.cues != 0 {
            self.cues.add_word(known.cues, table.cues());
        }
    }

    fn whole(&mut self, whole: Whole) {
        self.triggers |= whole.triggers;
        self.role |= whole.role;
        self.unit |= whole.unit;
        if let Some(set) = whole.set {
            self.cues.add_set(set);
        }
    }

    fn note(&mut self, known: Known) {
        self.class = self.class.or(known.class);
        self.leads = self.leads.or(known.leads);
    }

    fn can_tell(&self, named: bool, table: &Table) -> bool {
        self.can_lead() || {
            let name = MentionKind::Name(NameType::default());
            let mut cues = self.cues;
            cues.add_triggers(self.triggers);
            for (can_be, kind) in [
                (named, name),
                (self.has_role(), MentionKind::Role),
                (self.has_unit(), MentionKind::Unit),
                (self.class.is(WordClass::TIER), MentionKind::Tier),
            ] {
                if can_be {
                    cues.add_mention(kind);
                }
            }
            table.has_possible(&cues)
        }
    }

    /// Whether a role can be mentioned: its last word stands there, or a whole one, or "board member".
    fn has_role(&self) -> bool {
        let member = self.triggers & bit_of(TriggerClass::Member) != 0;
        self.role || self.class.is(WordClass::ROLE_HEAD) || self.has_unit() && member
    }

    fn has_unit(&self) -> bool {
        self.unit || self.class.is(UNIT)
    }

    /// Whether [`super::lead::read`] can find an action in the words.
    fn can_lead(&self) -> bool {
        let has = |any: &[LeadSet]| any.iter().any(|set| self.leads.has(*set));
        let triggered =
            |any: &[TriggerClass]| any.iter().any(|class| self.triggers & bit_of(*class) != 0);
        let position = has(&[LeadSet::Positions]) || self.has_unit() || self.has_role();
        let members =
            has(&[LeadSet::Members, LeadSet::JoiningMembers]) || triggered(&[TriggerClass::Member]);
        let news = has(NEWS)
            || self.class.is(WordClass::TIER.or(WordClass::AGAIN))
            || triggered(&[TriggerClass::Depart, TriggerClass::Departure]);
        news && (position || members || has(&[LeadSet::Elections]))
    }
}

/// What begins or ends a unit.
const UNIT: WordClass = WordClass::UNIT.or(WordClass::TEAM).or(WordClass::UNIT_HEAD);

/// Of what a word can be, what [`Seen`] asks for; what only begins a longer role is a pair.
const ASKED: WordClass = UNIT.or(WordClass::ROLE_HEAD).or(WordClass::TIER).or(WordClass::AGAIN);

/// The sets of which every action needs one, where nothing else says what happens.
const NEWS: &[LeadSet] = &[
    LeadSet::Elected,
    LeadSet::Winners,
    LeadSet::Departing,
    LeadSet::Returning,
    LeadSet::Founding,
    LeadSet::Fresh,
];

/// Words that stand in so many sentences that nothing is told by looking for them: the sieve takes
/// them for said everywhere.
const COMMON: &[&str] = &[
    ",", "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "in", "is",
    "it", "of", "on", "our", "that", "the", "this", "to", "we", "with",
];

/// What the sieve knows of a word.
#[derive(Debug, Default)]
struct Hint {
    known: Known,
    /// What it is by itself, or with a common word before it.
    alone: Vec<Whole>,
    /// What begins with it, by the second word.
    pairs: Vec<Pair>,
    /// The second words as a set of bits, several words a bit: what is not in it is surely none.
    seconds: u64,
}

/// A second word, and what the two are.
#[derive(Debug)]
struct Pair {
    /// The first bytes of the word: most others are told apart by them.
    first: u64,
    word: SmolStr,
    whole: Whole,
}

impl Pair {
    fn of(word: impl Into<SmolStr>, whole: Whole) -> Pair {
        let word = word.into();
        Pair { first: key(word.as_bytes()), word, whole }
    }

    fn bit(&self) -> u64 {
        second_bit(mix(self.first, self.word.len()))
    }
}

/// What some words are together.
#[derive(Clone, Copy, Debug, Default)]
struct Whole {
    /// Classes of triggers, one bit each.
    triggers: u32,
    role: bool,
    unit: bool,
    /// A set of the phrases of patterns.
    set: Option<u16>,
}

/// The hints of words, and what the common ones say.
#[derive(Default)]
struct Hints {
    of_word: FxHashMap<SmolStr, Hint>,
    common: Seen,
}

impl Hints {
    fn of(lexicon: &Lexicon, table: &Table) -> Hints {
        let mut hints = Hints::default();
        for (word, known) in lexicon.all_known() {
            let counts =
                known.class.is(ASKED) || known.leads != LeadSets::default() || known.cues != 0;
            if counts {
                hints.know(word, known, table);
            }
            for (rest, set) in table.cues().longer(known.cues) {
                hints.begin(word, rest, Whole { set: Some(set), ..Whole::default() });
            }
        }
        for (first, rest, class) in lexicon.triggers.all() {
            hints.begin(first, rest, Whole { triggers: bit_of(*class), ..Whole::default() });
        }
        for (first, rest, ()) in lexicon.role_phrases.all() {
            hints.begin(first, rest, Whole { role: true, ..Whole::default() });
        }
        for (first, second) in UNIT_HEADS_OF_TWO {
            hints.begin(first, &[*second], Whole { unit: true, ..Whole::default() });
        }
        hints
    }

    fn know(&mut self, word: &str, known: Known, table: &Table) {
        if COMMON.contains(&word) {
            self.common.know(known, table);
        } else {
            self.of_word.entry(word.into()).or_default().known = known;
        }
    }

    /// A phrase: by its first two words, or by the first word that is not common where it begins with
    /// one that is.
    fn begin(&mut self, first: &str, rest: &[impl AsRef<str>], whole: Whole) {
        let is_common = |word: &str| COMMON.contains(&word);
        let mut rest = rest.iter().map(AsRef::as_ref);
        if !is_common(first) {
            let hint = self.of_word.entry(first.into()).or_default();
            match rest.next() {
                None => hint.alone.push(whole),
                Some(second) => hint.pairs.push(Pair::of(second, whole)),
            }
        } else if let Some(rare) = rest.find(|word| !is_common(word)) {
            self.of_word.entry(rare.into()).or_default().alone.push(whole);
        } else {
            self.common.whole(whole);
        }
    }
}

/// The words that count for [`can_tell`], to be found in a text that is not split into tokens.
#[derive(Debug)]
pub struct Sieve {
    hints: Vec<Hint>,
    numbers: FxHashMap<SmolStr, u16>,
    /// The same of plain words that their first bytes are the whole of, by these.
    short: FxHashMap<u64, u16>,
    filter: WordFilter,
    /// What the common words say.
    common: Seen,
    /// The hints of marks of one ASCII character.
    marks: [u16; 128],
    /// The plain abbreviations, by their first bytes: none has more.
    abbreviations: FxHashSet<u64>,
    /// No word that counts is longer, in bytes.
    longest: usize,
}

/// No hint.
const NONE: u16 = u16::MAX;

impl Sieve {
    /// The words of a lexicon.
    pub fn of(lexicon: &Lexicon, table: &Table) -> Sieve {
        let Hints { of_word, common } = Hints::of(lexicon, table);
        let mut sieve = Sieve {
            common,
            hints: Vec::with_capacity(of_word.len()),
            numbers: FxHashMap::default(),
            short: FxHashMap::default(),
            filter: WordFilter::default(),
            marks: [NONE; 128],
            abbreviations: ABBREVIATIONS.iter().map(|word| key(word.as_bytes())).collect(),
            longest: 0,
        };
        for ((word, mut hint), number) in of_word.into_iter().zip(0..NONE) {
            let first = key(word.as_bytes());
            if word.len() <= FIRST && word.bytes().all(|b| b.is_ascii_alphanumeric()) {
                sieve.short.insert(first, number);
            }
            sieve.filter.insert(mix(first, word.len()));
            hint.seconds = hint.pairs.iter().fold(0, |all, pair| all | pair.bit());
            sieve.longest = sieve.longest.max(word.len());
            if let [mark @ 0..128] = word.as_bytes() {
                sieve.marks[usize::from(*mark)] = number;
            }
            sieve.hints.push(hint);
            sieve.numbers.insert(word, number);
        }
        sieve
    }

    /// Whether some sentence of a block can tell something; see [`can_tell`].
    pub fn lets_through(&self, text: &str, lexicon: &Lexicon, table: &Table) -> bool {
        Reader::of(self, lexicon, table).read(text) && {
            let cased = Cased::of(text);
            let split = Sentences::of([&cased], text.len());
            let known: Vec<Known> = split.tokens().iter().map(|t| lexicon.known(t.lower)).collect();
            split.all().any(|s| can_tell(&split.tokens()[s.clone()], &known[s], lexicon, table))
        }
    }
}

/// The bit of a second word; by other bits than its place.
fn second_bit(mixed: u64) -> u64 {
    1 << (mixed >> 32 & 63)
}

/// Reads a block through the sieve.
struct Reader<'a> {
    sieve: &'a Sieve,
    lexicon: &'a Lexicon,
    table: &'a Table,
    seen: Seen,
    /// What the word before begins, by the second word.
    pairs: &'a [Pair],
    /// The bits of these second words.
    seconds: u64,
}

impl<'a> Reader<'a> {
    fn of(sieve: &'a Sieve, lexicon: &'a Lexicon, table: &'a Table) -> Reader<'a> {
        Reader { sieve, lexicon, table, seen: sieve.common, pairs: &[], seconds: 0 }
    }

    fn read(mut self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let mut runs = Runs::of(text);
        let mut at = 0;
        while at < bytes.len() {
            let end = runs.end(at);
            if end > at && is_plain_end(bytes, end) {
                let first = small(eight(bytes, at), end - at);
                let mixed = mix(first, end - at);
                // Most words neither count nor are the second of anything.
                if self.sieve.filter.may_hold(mixed) || self.seconds & second_bit(mixed) != 0 {
                    self.plain(&text[at..end], first);
                } else {
                    self.seconds = 0;
                }
                at = end + usize::from(bytes.get(end) == Some(&b' '));
            } else if bytes[at] == b' ' {
                at += 1;
            } else if is_plain_mark(bytes, at) {
                self.mark(&text[at..=at], bytes[at]);
                if self.ends_sentence(bytes, at) {
                    if self.seen.can_tell(true, self.table) {
                        return true;
                    }
                    self.seen = self.sieve.common;
                    self.seconds = 0;
                }
                at += 1;
            } else {
                // Everything that is odd is read as later stages read it.
                let (span, kind) = token_at(text, at);
                at = span.end;
                match kind {
                    Some(TokenKind::Possessive) => self.odd("'s"),
                    Some(_) => self.odd(&lower_case(&text[span])),
                    None => {}
                }
            }
        }
        self.seen.can_tell(true, self.table)
    }

    /// A word of plain letters and digits.
    fn plain(&mut self, word: &str, first: u64) {
        let number = match word.len() {
            1..=FIRST => self.sieve.short.get(&first),
            length if length <= self.sieve.longest => {
                self.sieve.numbers.get(word.to_ascii_lowercase().as_str())
            }
            _ => None,
        };
        self.token(number.copied().unwrap_or(NONE), first, word);
    }

    /// A mark that is a token by itself.
    fn mark(&mut self, mark: &str, byte: u8) {
        let number = self.sieve.marks[usize::from(byte & 0x7f)];
        if number == NONE && self.seconds == 0 {
            return;
        }
        self.token(number, key(mark.as_bytes()), mark);
    }

    /// A token that is no plain word: what the lexicon knows of it by its parts counts, too.
    fn odd(&mut self, word: &str) {
        let number = self.sieve.numbers.get(word).copied().unwrap_or(NONE);
        self.token(number, key(word.as_bytes()), word);
        self.seen.note(self.lexicon.known(word));
    }

    fn token(&mut self, number: u16, first: u64, word: &str) {
        if self.seconds & second_bit(mix(first, word.len())) != 0 {
            let is_second =
                |pair: &&Pair| pair.first == first && pair.word.eq_ignore_ascii_case(word);
            for pair in self.pairs.iter().filter(is_second) {
                self.seen.whole(pair.whole);
            }
        }
        self.seconds = 0;
        if let Some(hint) = self.sieve.hints.get(usize::from(number)) {
            self.seen.hint(hint, self.table);
            (self.pairs, self.seconds) = (&hint.pairs, hint.seconds);
        }
    }

    /// Whether a sentence surely ends at this mark, with a plain word before it.
    fn ends_sentence(&self, bytes: &[u8], at: usize) -> bool {
        let gap = bytes.get(at + 1) == Some(&b' ');
        match bytes[at] {
            b'!' | b'?' => gap,
            b'.' if gap && bytes.get(at + 2).is_some_and(u8::is_ascii_uppercase) => {
                let before = &bytes[..at];
                let plain = before.iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count();
                let word = &before[at - plain..];
                let apart = before[..at - plain].last().is_none_or(|byte| *byte == b' ');
                let abbreviates = plain <= FIRST && self.sieve.abbreviations.contains(&key(word));
                plain > 1 && apart && !abbreviates
            }
            _ => false,
        }
    }
}

/// Whether a mark stands here that is a token by itself and begins nothing longer.
fn is_plain_mark(bytes: &[u8], at: usize) -> bool {
    let alone = || bytes.get(at + 1).is_none_or(|b| b.is_ascii() && !b.is_ascii_alphanumeric());
    match bytes[at] {
        b'_' | b'+' | b'#' => false,
        b'@' | b'.' | b'\'' => alone(),
        byte => byte.is_ascii_punctuation(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::construct;
    use crate::text::tokens;

    #[test]
    fn only_sentences_without_the_words_of_news_are_passed_over() {
        let lexicon = Lexicon::built_in().unwrap();
        for (text, tells) in [
            ("The parser is twice as fast as before.", false),
            ("A new cache keeps what it has read.", false),
            ("We announce version two.", false),
            ("We maintain it as before.", false),
            ("Priya Raman joined Quill Data.", true),
            ("New members:", true),
            ("The new board:", true),
            ("Outgoing maintainers", true),
            ("Gold sponsors", true),
            ("Reappointed directors", true),
        ] {
            let cased = Cased::of(text);
            let tokens = tokens(&cased);
            let known: Vec<Known> = tokens.iter().map(|t| lexicon.known(t.lower)).collect();
            let found = can_tell(&tokens, &known, &lexicon, construct::built_in());
            assert_eq!(found, tells, "{text}");
        }
    }

    #[test]
    fn whatever_a_construction_tells_passes() {
        let lexicon = Lexicon::built_in().unwrap();
        let table = construct::built_in();
        for example in table.constructions.iter().flat_map(|c| &c.yes) {
            let text = example.split_once(" => ").expect("an example says its fact").0;
            let cased = Cased::of(text);
            let tokens = tokens(&cased);
            let known: Vec<Known> = tokens.iter().map(|t| lexicon.known(t.lower)).collect();
            assert!(can_tell(&tokens, &known, &lexicon, table), "{text}");
        }
    }

    #[test]
    fn common_words_alone_tell_nothing() {
        let lexicon = Lexicon::built_in().unwrap();
        let (sieve, table) = (Sieve::of(&lexicon, construct::built_in()), construct::built_in());
        for (text, passes) in [
            (
                "Zebras are as they have it, and that is of a kind with the grass on our plain.",
                false,
            ),
            ("", false),
            ("She is the treasurer.", true),
        ] {
            assert_eq!(Reader::of(&sieve, &lexicon, table).read(text), passes, "{text}");
        }
    }

    #[test]
    fn the_sieve_lets_through_what_a_sentence_tells_and_nothing_else() {
        let lexicon = Lexicon::built_in().unwrap();
        let (sieve, table) = (Sieve::of(&lexicon, construct::built_in()), construct::built_in());
        let odd = [
            "The parser is twice as fast. It is now quicker.",
            "PRIYA RAMAN JOINED Quill Data!",
            "Dr. Priya Raman’s co-chairs are re-elected, @tom_o said.",
            "We met at St. Mary. Members: Ana; “Quill Data”; C++, .NET and Node.js",
            "Ana Castellan is no longer (so she says) a member of the U.S. board.",
            "Ana …joined—Quill‑Data. New e.V. members\u{a0}are here... or not",
            "New\tmembers_of 3.5 releases: x.Joined the board",
        ];
        let phrases = include_str!("phrasebook.txt").lines();
        let examples = table.constructions.iter().flat_map(|c| c.yes.iter().chain(&c.no));
        let joined: String = phrases.clone().collect::<Vec<_>>().join(" ");
        let all = odd.into_iter().chain(phrases).chain(examples.map(String::as_str));
        for text in all.chain([joined.as_str()]) {
            let cased = Cased::of(text);
            let split = Sentences::of([&cased], text.len());
            let tells = split.all().any(|s| {
                let tokens = &split.tokens()[s];
                let known: Vec<Known> = tokens.iter().map(|t| lexicon.known(t.lower)).collect();
                can_tell(tokens, &known, &lexicon, table)
            });
            assert_eq!(sieve.lets_through(text, &lexicon, table), tells, "{text}");
        }
    }
}
