//! Tokens to mentions: names, roles, units and tiers, each with what its words say of its type.
//!
//! A mention here is a guess from the words alone; what the document says elsewhere is added in
//! `resolve`, and what the construction says in `construct`.

use std::ops::Range;
use std::rc::Rc;

use super::effective::{is_month, month_number};
use super::lexicon::{Known, Lexicon, Phrases, TriggerClass, WordClass};
use crate::text::{Token, TokenKind};

/// No name has more tokens.
const NAME_TOKENS_MAX: usize = 12;

/// What a mention is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MentionKind {
    /// A proper name.
    Name(NameType),
    /// A role.
    Role,
    /// A committee, board or team.
    Unit,
    /// A membership level.
    Tier,
}

/// What the words of a name say of its type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameType {
    /// It can be a person's name: two to four words, nothing against it.
    pub person: bool,
    /// A known given name, an honorific or a handle says that it is one.
    pub surely_person: bool,
    /// A company word, the gazetteer or capitals say that it is an organisation.
    pub organisation: bool,
    /// The gazetteer or its last word says that it is a foundation or the like.
    pub body: bool,
    /// A word says that it is software or a specification.
    pub project: bool,
    /// One word that nothing is known of: a handle, a given name, an organisation.
    pub lone: bool,
    /// Only its capitals say that it is an organisation: "NVK" can be a person too.
    pub shouted: bool,
}

/// A mention in a sentence: a half-open range of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mention {
    /// What it is.
    pub kind: MentionKind,
    /// Its first token.
    pub start: usize,
    /// The token after its last.
    pub end: usize,
}

impl Mention {
    /// What is known of the type of a name; nothing for what is no name.
    pub fn name_type(self) -> NameType {
        match self.kind {
            MentionKind::Name(kind) => kind,
            _ => NameType::default(),
        }
    }
}

/// Whether a word denies the one behind it: "not", "weren't".
pub fn denies(word: &str) -> bool {
    word == "not" || word.ends_with("n't") || word.ends_with("n’t")
}

/// Whether a word is a number from two to twelve.
pub fn is_numeral(word: &str) -> bool {
    matches!(
        word,
        "two"
            | "three"
            | "four"
            | "five"
            | "six"
            | "seven"
            | "eight"
            | "nine"
            | "ten"
            | "eleven"
            | "twelve"
            | "dozen"
    )
}

/// A trigger in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Its class.
    pub class: TriggerClass,
    /// Its first token.
    pub start: usize,
    /// The token after its last.
    pub end: usize,
}

/// A sentence with its mentions and triggers, indexed by token.
#[derive(Debug)]
pub struct Parsed<'a> {
    /// The text that the tokens' spans point into.
    pub text: &'a str,
    /// The tokens.
    pub tokens: &'a [Token<'a>],
    /// What is known of each token.
    known: &'a [Known],
    /// What begins at each token.
    places: Vec<Place>,
    mentions: Vec<Mention>,
    triggers: Vec<Trigger>,
    /// The person of whom the text spoke last before this sentence.
    pub antecedent: Option<Rc<str>>,
    /// What stands for the organisation of which it spoke last.
    pub reference: Option<Reference>,
}

/// "The company": what stands for a name that was told before.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Its first token.
    pub start: usize,
    /// The name.
    pub name: Rc<str>,
}

/// What begins at a token: the numbers of a mention and a trigger.
#[derive(Clone, Copy, Debug)]
struct Place {
    mention: u16,
    trigger: u16,
}

/// No mention or trigger; sentences are shorter (`text::sentence`).
const NONE: u16 = u16::MAX;

impl Parsed<'_> {
    /// The mention that begins at a token.
    pub fn mention(&self, at: usize) -> Option<Mention> {
        let number = self.places.get(at)?.mention;
        self.mentions.get(usize::from(number)).copied()
    }

    /// The trigger that begins at a token.
    pub fn trigger(&self, at: usize) -> Option<Trigger> {
        let number = self.places.get(at)?.trigger;
        self.triggers.get(usize::from(number)).copied()
    }

    /// What is known of a token; nothing past the end.
    pub fn known(&self, at: usize) -> Known {
        self.known.get(at).copied().unwrap_or_default()
    }

    /// What is known of all tokens, in order.
    pub fn all_known(&self) -> impl Iterator<Item = Known> + '_ {
        self.known.iter().copied()
    }

    /// Whether some token is any of these.
    pub fn has(&self, class: WordClass) -> bool {
        self.all_known().any(|known| known.class.is(class))
    }

    /// Whether a token is any of these.
    pub fn is(&self, at: usize, class: WordClass) -> bool {
        self.known.get(at).is_some_and(|known| known.class.is(class))
    }

    /// All triggers, in order.
    pub fn triggers(&self) -> impl DoubleEndedIterator<Item = Trigger> + '_ {
        self.triggers.iter().copied()
    }

    /// Gives every name the type that a look at it in its sentence tells.
    pub fn settle(&mut self, look: impl Fn(&Parsed, Mention) -> NameType) {
        for number in 0..self.mentions.len() {
            let mention = self.mentions[number];
            if matches!(mention.kind, MentionKind::Name(_)) {
                self.mentions[number].kind = MentionKind::Name(look(self, mention));
            }
        }
    }

    /// Whether a phrase of the set stands among some tokens; `class` is that of their first words.
    pub fn says(&self, phrases: &Phrases<()>, class: WordClass, range: Range<usize>) -> bool {
        let tokens = &self.tokens[..range.end];
        range.into_iter().any(|at| {
            self.is(at, class) && phrases.longest(tokens, at).is_some() && !self.is_in_person(at)
        })
    }

    /// Whether a token is part of a person's name: "Mark Hope" hopes nothing.
    pub fn is_in_person(&self, at: usize) -> bool {
        let in_person = |m: Mention| m.end - m.start > 1 && m.name_type().surely_person;
        self.tokens[at].capital && self.mention_around(at).is_some_and(in_person)
    }

    /// The mention that a token is part of; mentions do not overlap.
    pub fn mention_around(&self, at: usize) -> Option<Mention> {
        self.mentions.iter().copied().find(|m| (m.start..m.end).contains(&at))
    }

    /// Takes what stands for an organisation as subject of the sentence for that one's name: "The company
    /// has joined …". What "it" stands for is nobody's to tell.
    pub fn refer(&mut self, name: &Rc<str>) {
        let Some((start, end)) = self.organisation_referred_to() else { return };
        self.add_organisations(std::iter::once((start, end)));
        self.reference = Some(Reference { start, name: Rc::clone(name) });
    }

    /// Takes a word in small letters, which no capital tells, for an organisation's name: "quillo".
    pub fn note_name(&mut self, word: &str) {
        let is_it = |at: &usize| {
            &self.text[self.tokens[*at].span.clone()] == word && self.mention_around(*at).is_none()
        };
        let places: Vec<usize> = (0..self.tokens.len()).filter(is_it).collect();
        if !places.is_empty() {
            self.add_organisations(places.into_iter().map(|at| (at, at + 1)));
        }
    }

    /// Adds mentions of organisations that no mention overlaps, each from a token to behind another.
    fn add_organisations(&mut self, places: impl Iterator<Item = (usize, usize)>) {
        let kind = NameType { organisation: true, ..NameType::default() };
        let mention = |(start, end)| Mention { kind: MentionKind::Name(kind), start, end };
        let mut mentions = self.mentions.clone();
        mentions.extend(places.map(mention));
        self.set_mentions(mentions);
    }

    fn organisation_referred_to(&self) -> Option<(usize, usize)> {
        const NOUNS: &[&str] = &[
            "company",
            "firm",
            "bank",
            "startup",
            "start-up",
            "vendor",
            "manufacturer",
            "university",
            "institute",
            "retailer",
            "studio",
            "agency",
            "carmaker",
            "automaker",
            "insurer",
            "maker",
        ];
        for at in 0..self.tokens.len().min(8) {
            // A name of its own is the subject.
            if self.mention(at).is_some_and(|m| matches!(m.kind, MentionKind::Name(_))) {
                return None;
            }
            if self.lower(at) != "the" || !NOUNS.contains(&self.lower(at + 1)) {
                continue;
            }
            let end = at + 2;
            let acts = self.is(end, WordClass::AUXILIARY) || self.trigger(end).is_some();
            return (acts && (at..end).all(|i| self.mention(i).is_none())).then_some((at, end));
        }
        None
    }

    /// Puts other mentions in the place of all; they must not overlap.
    pub fn set_mentions(&mut self, mut mentions: Vec<Mention>) {
        mentions.sort_by_key(|m| m.start);
        self.places.iter_mut().for_each(|p| p.mention = NONE);
        for (number, mention) in (0..NONE).zip(&mentions) {
            if let Some(place) = self.places.get_mut(mention.start) {
                place.mention = number;
            }
        }
        self.mentions = mentions;
    }

    /// The text of a range of tokens.
    pub fn slice(&self, start: usize, end: usize) -> &str {
        if start >= end || end > self.tokens.len() {
            return "";
        }
        &self.text[self.tokens[start].span.start..self.tokens[end - 1].span.end]
    }

    /// The mention at a token or behind its article: "of Quill Data", "of the Harbor Foundation".
    pub fn mention_behind_article(&self, at: usize) -> Option<Mention> {
        self.mention(at + usize::from(self.lower(at) == "the"))
    }

    /// All mentions, in order.
    pub fn mentions(&self) -> impl DoubleEndedIterator<Item = Mention> + '_ {
        self.mentions.iter().copied()
    }

    /// The lower-case token, or nothing past the end.
    pub fn lower(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |t| t.lower)
    }
}

/// Finds the mentions and triggers of a sentence, of whose tokens is known what the lexicon says.
pub fn parse<'a>(
    text: &'a str,
    tokens: &'a [Token<'a>],
    known: &'a [Known],
    headline: bool,
    lexicon: &Lexicon,
) -> Parsed<'a> {
    let begin = dateline_end(tokens).max(shouted_place(text, tokens, lexicon));
    let (tokens, known) = (&tokens[begin..], &known[begin..]);
    let title_case = headline && is_title_case(tokens);
    let said = known.iter().fold(WordClass::default(), |all, known| all.or(known.class));
    let scan = Scan { text, tokens, known, said, lexicon, title_case };
    let (mut mentions, mut triggers) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        triggers.extend(scan.trigger(at));
        match scan.mention(at) {
            Some(mention) => {
                mentions.push(mention);
                // Triggers inside a role or unit ("board member") still count.
                if !matches!(mention.kind, MentionKind::Name(_)) {
                    triggers.extend((at + 1..mention.end).filter_map(|inner| scan.trigger(inner)));
                }
                at = mention.end;
            }
            None => at += 1,
        }
    }
    let mut places = vec![Place { mention: NONE, trigger: NONE }; tokens.len()];
    for (number, mention) in (0..NONE).zip(&mentions) {
        places[mention.start].mention = number;
    }
    for (number, trigger) in (0..NONE).zip(&triggers) {
        places[trigger.start].trigger = number;
    }
    let (antecedent, reference) = (None, None);
    Parsed { text, tokens, known, places, mentions, triggers, antecedent, reference }
}

/// Where the sentence proper begins behind "OTTAWA, Canada – September 20, 2023 –".
fn dateline_end(tokens: &[Token]) -> usize {
    let mut end = 0;
    for at in 1..tokens.len().saturating_sub(1).min(45) {
        // Not that of "2026–2028".
        let between = tokens[at].span.end == tokens[at + 1].span.start
            && tokens[at - 1].span.end == tokens[at].span.start;
        let dash = tokens[at].kind == TokenKind::Mark
            && !(between && tokens[at].lower == "–")
            && matches!(tokens[at].lower, "-" | "–" | "—" | "/" | ")");
        if !dash {
            continue;
        }
        let dashes = tokens[at].lower != "/" && tokens[at].lower != ")"
            || tokens[at].lower == "/" && tokens[at + 1].lower == "-";
        let before = &tokens[end..at];
        // "During the assembly of 2026 the board was elected: Chair – Ana": a sentence, and no dateline.
        let small = before.iter().filter(|t| t.kind == TokenKind::Word && !t.capital);
        let tells =
            small.filter(|t| !t.lower.starts_with(|c: char| c.is_ascii_digit())).count() > 2;
        let dated = before.iter().any(|t| {
            t.lower.len() == 4 && t.lower.starts_with("20")
                || t.lower.contains("newswire")
                || t.lower.contains("pressrelease")
        });
        // "Nov. 4".
        let day = before.len() <= 4
            && before.iter().any(|t| is_month(t.lower))
            && before.iter().any(|t| t.lower.bytes().all(|b| b.is_ascii_digit()));
        let placed = at < 7
            && end == 0
            && before.len() <= 6
            && before.iter().all(|t| {
                t.capital
                    || t.kind == TokenKind::Mark
                    || t.lower.bytes().all(|b| b.is_ascii_digit())
            })
            && (before.iter().any(|t| t.lower == ","));
        if dashes && (dated && !tells || day || placed) && before.len() <= 30 {
            end = at + 1;
        }
    }
    // "… 2024 – OWASP": skip the marks that are left.
    while end > 0
        && end + 1 < tokens.len()
        && tokens[end].kind == TokenKind::Mark
        && tokens[end].lower != "("
    {
        end += 1;
    }
    end
}

/// Where the sentence proper begins behind "WESTHAVEN – Quill Data has …": a place in capitals, of up to
/// three words, that is no organisation.
fn shouted_place(text: &str, tokens: &[Token], lexicon: &Lexicon) -> usize {
    let shouted = |t: &Token| {
        let raw = &text[t.span.clone()];
        raw.len() > 2 && raw.chars().all(char::is_uppercase)
    };
    let place = tokens.iter().take(3).take_while(|t| shouted(t)).count();
    let head = WordClass::BODY_HEAD.or(WordClass::ORGANISATION_HEAD);
    let dash = |t: &Token| matches!(t.lower, "–" | "—" | "-");
    let placed = tokens.len() > 8
        && place > 0
        && (place > 1 || tokens[0].lower.len() > 4)
        && dash(&tokens[place])
        && tokens[place + 1].capital
        && !lexicon.known(tokens[place - 1].lower).class.is(head)
        && lexicon.organisations.longest(tokens, 0).is_none_or(|(_, _, n)| n < place)
        && lexicon.bodies.longest(tokens, 0).is_none_or(|(_, _, n)| n < place);
    if placed { place + 1 } else { 0 }
}

/// Most words begin with a capital: a headline. Capitals say less there.
fn is_title_case(tokens: &[Token]) -> bool {
    let words: Vec<&Token> =
        tokens.iter().filter(|t| t.kind == TokenKind::Word && t.lower.len() > 3).collect();
    words.len() >= 4 && words.iter().filter(|t| t.capital).count() * 10 >= words.len() * 8
}

/// What can begin with a small letter.
const BEGINS_IN_SMALL: WordClass =
    WordClass::UNIT.or(WordClass::TIER).or(WordClass::ROLE).or(WordClass::TEAM);

/// Nouns for a unit that is named in small letters.
pub const TEAMS: &[&str] = &["team", "committee", "council"];

/// Last words of units that are named by capitals.
pub const UNIT_HEADS: &[&str] = &[
    "board",
    "committee",
    "council",
    "team",
    "panel",
    "subcommittee",
    "sig",
    "wg",
    "pmc",
    "division",
    "practice",
];

/// The same of two words.
pub const UNIT_HEADS_OF_TWO: &[(&str, &str)] = &[
    ("working", "group"),
    ("interest", "group"),
    ("study", "group"),
    ("steering", "group"),
    ("advisory", "group"),
    ("expert", "group"),
    ("task", "group"),
    ("leadership", "group"),
    ("user", "group"),
    ("management", "group"),
    ("coordination", "group"),
    ("task", "force"),
    ("election", "commission"),
    ("elections", "commission"),
];

/// Last words of what somebody is Vice President or Head of.
const FIELDS_OF_WORK: &[&str] = &[
    "technology",
    "production",
    "purchasing",
    "research",
    "operations",
    "engineering",
    "manufacturing",
    "marketing",
    "sales",
    "strategy",
    "communications",
    "partnerships",
    "policy",
    "programs",
    "development",
    "intelligence",
    "relations",
    "affairs",
    "success",
    "experience",
];

/// What ends the name of a firm even behind a given name: "Jackson University".
const FIRM_WORDS: &[&str] = &[
    "group",
    "company",
    "university",
    "college",
    "hospital",
    "museum",
    "polytechnic",
    "observatory",
    "inc",
    "ltd",
    "llc",
    "corp",
    "gmbh",
    "plc",
    "corporation",
    "limited",
    "network",
    "software",
    "technology",
    "semiconductor",
    "pharma",
    "insurance",
    "telecom",
    "airways",
];

/// What stands behind a comma after a role.
const FIELD_OR_REGION: WordClass = WordClass::ROLE_MODIFIER.or(WordClass::REGION);

/// No role in its own words is longer, in words.
const ROLE_WORDS_MAX: usize = 7;

/// Words that begin roles, whatever follows up to the head.
const BEGINS_ROLE: &[&str] = &[
    "chief",
    "senior",
    "deputy",
    "assistant",
    "associate",
    "junior",
    "regional",
    "global",
    "principal",
    "interim",
    "acting",
    "group",
    "vice",
];

/// Heads that need no word before them: a name stands there.
const WHOLE_TITLES: &[&str] = &[
    "ceo",
    "cto",
    "cfo",
    "coo",
    "cio",
    "ciso",
    "cmo",
    "cpo",
    "cro",
    "cso",
    "founder",
    "co-founder",
    "president",
    "chairman",
    "chairwoman",
    "chairperson",
    "general",
    "chief",
    "evp",
    "svp",
    "vp",
    "leader",
    "leaders",
    "advocate",
    "fellow",
    "fellows",
    "lead",
    "leads",
];

/// Words before "team" that name no team.
const NO_TEAM_NAMES: &[&str] = &[
    "entire",
    "whole",
    "great",
    "small",
    "large",
    "strong",
    "amazing",
    "existing",
    "same",
    "growing",
    "talented",
    "dedicated",
    "global",
    "local",
    "current",
    "original",
    "winning",
    "best",
    "other",
    "full",
    "expanded",
    "diverse",
    "experienced",
    "world-class",
    "internal",
    "in-house",
    "joint",
    "remote",
    "wonderful",
    "fantastic",
    "awesome",
    "selection",
    "hiring",
    "interview",
    "search",
    "right",
    "volunteer",
    "bigger",
    "larger",
    "smaller",
    "combined",
];

struct Scan<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    known: &'a [Known],
    /// What some token or other is: what none is need not be looked for.
    said: WordClass,
    lexicon: &'a Lexicon,
    title_case: bool,
}

impl<'a> Scan<'a> {
    /// The longest phrase of a set that begins here; `class` spares the look where none does.
    fn longest<T>(
        &self,
        phrases: &'a Phrases<T>,
        class: WordClass,
        at: usize,
    ) -> Option<(&'a T, &'a str, usize)> {
        self.is(at, class).then(|| phrases.longest(self.tokens, at)).flatten()
    }

    fn is(&self, at: usize, class: WordClass) -> bool {
        self.known.get(at).is_some_and(|known| known.class.is(class))
    }

    fn trigger(&self, at: usize) -> Option<Trigger> {
        let (class, _, length) = self.longest(&self.lexicon.triggers, WordClass::TRIGGER, at)?;
        Some(Trigger { class: *class, start: at, end: at + length })
    }

    /// Whether nothing begins at a word in small letters: no unit, tier or role.
    fn is_plain(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        !token.capital
            && !self.is(at, BEGINS_IN_SMALL)
            && !self.is(at + 1, WordClass::TEAM)
            && self.text.as_bytes()[token.span.start] != b'@'
            && self.role_in_own_words(at).is_none()
    }

    fn mention(&self, at: usize) -> Option<Mention> {
        let make = |kind, end| Some(Mention { kind, start: at, end });
        if self.tokens[at].kind != TokenKind::Word || self.is_plain(at) {
            return None;
        }
        if let Some(end) = self.known_body(at) {
            // A longer run of capitals is a longer name: "Zephyr" in "Zephyr Robotics".
            let run = self.run(at);
            let longer = run.is_some_and(|run| run > end && !self.title_case);
            if !longer {
                let known = NameType { body: true, organisation: true, ..NameType::default() };
                return make(MentionKind::Name(known), end);
            }
        }
        if let Some(end) = self.unit(at) {
            return make(MentionKind::Unit, self.unit_tail(self.numbered_unit(at, end)));
        }
        if let Some((_, _, n)) = self.longest(&self.lexicon.tiers, WordClass::TIER, at)
            && (self.tier_follows(at + n) || self.tier_led(at) || self.tier_heads(at, n))
        {
            return make(MentionKind::Tier, at + n);
        }
        if let Some(end) = self.role_in_own_words(at).or_else(|| self.role(at)) {
            return make(MentionKind::Role, end);
        }
        if let Some(end) = self.known_organisation(at) {
            let run = self.run(at);
            let end = run.filter(|run| *run > end && !self.title_case).unwrap_or(end);
            let mut kind = self.name_type(at, end);
            kind.organisation = true;
            kind.person = false;
            kind.surely_person = false;
            kind.lone = false;
            kind.shouted = false;
            return make(MentionKind::Name(kind), end);
        }
        let end = self.run(at)?;
        if self.is_counted(at, end) {
            return None;
        }
        make(MentionKind::Name(self.name_type(at, end)), end)
    }

    /// "Four Health Systems Join the Coalition": in a headline, what is counted has no name there.
    fn is_counted(&self, at: usize, end: usize) -> bool {
        let counted = at.checked_sub(1).is_some_and(|before| {
            let word = self.lower(before);
            is_numeral(word) || matches!(word, "several" | "more")
        });
        counted && self.title_case && self.lower(end - 1).ends_with('s')
    }

    fn known_body(&self, at: usize) -> Option<usize> {
        let (_, written, n) = self.longest(&self.lexicon.bodies, WordClass::BODY, at)?;
        let raw = self.raw(at, at + n);
        if !self.tokens[at].capital {
            return None;
        }
        let short = written.chars().filter(|c| c.is_alphanumeric()).count() <= 6;
        if short && raw != written {
            return None;
        }
        let ambiguous = self.lexicon.ambiguous_bodies.contains(&written.to_lowercase());
        (!ambiguous || n > 1).then_some(at + n)
    }

    fn known_organisation(&self, at: usize) -> Option<usize> {
        let (common, written, n) =
            self.longest(&self.lexicon.organisations, WordClass::ORGANISATION, at)?;
        let raw = self.raw(at, at + n);
        let first_matches = raw.chars().next() == written.chars().next();
        if !self.tokens[at].capital || !first_matches {
            return None;
        }
        let sentence_start = at == 0;
        let doubtful = *common && sentence_start && raw != written;
        // "SASHA" is an organisation, Sasha is not.
        let shouted = written.chars().all(char::is_uppercase) && raw != written;
        if doubtful
            || shouted && self.is(at, WordClass::GIVEN_NAME)
            || self.is(at, WordClass::NEVER_NAME)
        {
            return None;
        }
        Some(at + n)
    }

    fn raw(&self, start: usize, end: usize) -> &str {
        &self.text[self.tokens[start].span.start..self.tokens[end - 1].span.end]
    }

    /// "Governing Board", "Nix Steering Committee" (the words that are its own), "core team".
    fn unit(&self, at: usize) -> Option<usize> {
        // "Three firms came on board."
        let aboard = self.lower(at) == "board"
            && !self.tokens[at].capital
            && at > 0
            && self.lower(at - 1) == "on"
            && self.lower(at + 1) != "of";
        if aboard {
            return None;
        }
        if let Some((_, written, n)) = self.longest(&self.lexicon.units, WordClass::UNIT, at) {
            let acronym = written.chars().all(|c| c.is_uppercase());
            if !acronym || self.raw(at, at + n) == written {
                // "Core" in "Core Lattice Team".
                let longer = self.capital_unit(at).filter(|end| n == 1 && *end > at + n);
                return Some(longer.unwrap_or(at + n));
            }
        }
        if self.is(at, WordClass::TEAM)
            && matches!(self.lower(at), "council" | "committee")
            && at > 0
            && matches!(self.lower(at - 1), "the" | "our" | "this" | "its" | "their")
        {
            return Some(at + 1);
        }
        if let Some(end) = self.plain_unit(at) {
            return Some(end);
        }
        self.capital_unit(at)
    }

    /// "Working Group 4", "SIG Storage": what tells units of one kind apart.
    fn numbered_unit(&self, at: usize, end: usize) -> usize {
        let number = self
            .tokens
            .get(end)
            .is_some_and(|t| t.lower.len() <= 3 && t.lower.bytes().all(|b| b.is_ascii_digit()));
        let group = matches!(self.lower(end - 1), "group" | "committee" | "panel" | "team");
        let named = end == at + 1
            && self.raw(at, end) == "SIG"
            && self.is_capital(end)
            && !self.is(end, WordClass::NEVER_NAME);
        end + usize::from(group && number && self.is_capital(end - 1) || named)
    }

    /// "Working Group on Identity": where the words end that say what a group is on.
    fn unit_tail(&self, end: usize) -> usize {
        let head = matches!(
            self.lower(end - 1),
            "group" | "force" | "committee" | "subcommittee" | "panel" | "council" | "sig"
        );
        let named = |at: usize| {
            self.is_capital(at) && self.is_name_word(at) && month_number(self.lower(at)).is_none()
        };
        if !(head && self.is_capital(end - 1) && self.lower(end) == "on" && named(end + 1)) {
            return end;
        }
        let mut last = end + 2;
        while last < end + 7 {
            if named(last) {
                last += 1;
            } else if matches!(self.lower(last), "and" | "&") && named(last + 1) {
                last += 2;
            } else {
                break;
            }
        }
        last
    }

    /// Capitalised words that end in a unit's head: "Diversity Working Group".
    fn capital_unit(&self, at: usize) -> Option<usize> {
        let mut end = at;
        while end < self.tokens.len() && end < at + 5 {
            let token = &self.tokens[end];
            if end > at
                && self.is(end, WordClass::UNIT_HEAD)
                && token.capital == self.tokens[at].capital
            {
                return Some(end + 1);
            }
            if end > at && self.is_group_head(end) {
                return Some(end + 2);
            }
            // "Silica Consortium Advisory Board": the words up to there name whose board it is.
            if end > at && self.is(end, WordClass::BODY_HEAD) {
                return None;
            }
            // "Users' Council".
            let possessive =
                matches!(token.lower, "'" | "’") && self.is(end + 1, WordClass::UNIT_HEAD);
            let joint = matches!(token.lower, "and" | "&" | "of") || possessive;
            if !(token.capital || (joint && end > at))
                || self.is(end, WordClass::NEVER_NAME) && !joint
            {
                return None;
            }
            if self.longest(&self.lexicon.organisations, WordClass::ORGANISATION, end).is_some()
                || self.longest(&self.lexicon.bodies, WordClass::BODY, end).is_some()
            {
                return None;
            }
            end += 1;
        }
        None
    }

    /// "Working Group", "Task Force" behind the words that say which one.
    fn is_group_head(&self, at: usize) -> bool {
        self.ends_unit(at) && self.is_capital(at) && self.is_capital(at + 1)
    }

    /// The same in letters of any size.
    fn ends_unit(&self, at: usize) -> bool {
        let second = self.lower(at + 1);
        // Asked of every word.
        matches!(second, "group" | "force" | "commission")
            && UNIT_HEADS_OF_TWO.contains(&(self.lower(at), second))
    }

    /// "the parser team", "new parser team members": in small letters, with a sign that it is one.
    fn plain_unit(&self, at: usize) -> Option<usize> {
        let token = &self.tokens[at];
        let group = self.ends_unit(at + 1) && !self.is_capital(at + 1);
        if group && token.kind == TokenKind::Word && !self.is(at, WordClass::NEVER_NAME) {
            let led = at > 0 && matches!(self.lower(at - 1), "the" | "our" | "its" | "their");
            let common = NO_TEAM_NAMES.contains(&token.lower);
            return (led && !common && !token.capital).then_some(at + 3);
        }
        let head = self.is(at + 1, WordClass::TEAM) && !self.tokens[at + 1].capital;
        if !head || token.kind != TokenKind::Word || self.is(at, WordClass::NEVER_NAME) {
            return None;
        }
        let common = NO_TEAM_NAMES.contains(&token.lower) || token.lower.len() < 3;
        let pointed = at > 0 && matches!(self.lower(at - 1), "the" | "new" | "a");
        let member = matches!(
            self.lower(at + 2),
            "member" | "members" | "lead" | "leads" | "leader" | "leadership"
        );
        let whole = self.longest(&self.lexicon.units, WordClass::UNIT, at).is_none()
            && self.longest(&self.lexicon.organisations, WordClass::ORGANISATION, at).is_none()
            && self.longest(&self.lexicon.bodies, WordClass::BODY, at).is_none();
        (!common && whole && (member || pointed && self.lower(at - 1) == "the")).then_some(at + 2)
    }

    /// A tier counts where member or sponsor follows, or the text ends.
    fn tier_follows(&self, at: usize) -> bool {
        (at..at + 4).any(|i| {
            self.tokens.get(i).is_some_and(|t| {
                (i == at && t.lower == ")")
                    || [
                        "member",
                        "sponsor",
                        "partner",
                        "supporter",
                        "patron",
                        "tier",
                        "level",
                        "affiliate",
                        "contributor",
                    ]
                    .iter()
                    .any(|word| t.lower.starts_with(word))
            })
        }) || at >= self.tokens.len()
            || self.tier_enumerated(at)
    }

    /// "Gold – Quill Data; Kestrel Systems": a level before names.
    fn tier_heads(&self, at: usize, length: usize) -> bool {
        at == 0
            && self.tokens[0].capital
            && matches!(self.lower(length), ":" | "–" | "—")
            && self.is_capital(length + 1)
    }

    /// "as Gold, Silver and Associate members": another level follows that a word of membership follows.
    fn tier_enumerated(&self, at: usize) -> bool {
        let mut next = at;
        while matches!(self.lower(next), "," | "and" | "&") {
            next += 1;
        }
        next > at
            && self
                .longest(&self.lexicon.tiers, WordClass::TIER, next)
                .is_some_and(|(_, _, n)| self.tier_follows(next + n))
    }

    /// "… its membership level from Silver to Gold": behind a word of membership or rising.
    fn tier_led(&self, at: usize) -> bool {
        let led = at > 0 && matches!(self.lower(at - 1), "from" | "to");
        led && self.tokens[at].capital
            && (at.saturating_sub(9)..at).any(|i| {
                let word = self.lower(i);
                ["member", "sponsor", "upgrad", "downgrad", "level", "tier"]
                    .iter()
                    .any(|stem| word.starts_with(stem))
                    || matches!(
                        word,
                        "moves"
                            | "moved"
                            | "moving"
                            | "goes"
                            | "went"
                            | "gone"
                            | "drops"
                            | "dropped"
                    )
            })
    }

    /// Modifiers, a head, and what `of` or `for` adds.
    fn role(&self, at: usize) -> Option<usize> {
        let phrase = self.longest(&self.lexicon.role_phrases, WordClass::ROLE, at);
        let phrase = phrase.map(|(_, _, n)| at + n);
        if !self.is(at, WordClass::ROLE) || self.is_praise(at) {
            return None;
        }
        let mut end = at;
        let mut head = None;
        while end < self.tokens.len() && end < at + 7 {
            let token = &self.tokens[end];
            let plain = token.lower.strip_prefix("co-").unwrap_or(token.lower);
            let is_head = self.is(end, WordClass::ROLE_HEAD) && self.is_written_as_role(end, plain);
            let is_modifier = self.is(end, WordClass::ROLE_MODIFIER);
            let joins = matches!(token.lower, "and" | "&" | "-" | "/")
                && end > at
                && self.next_is_role_word(end + 1);
            // "interim chief executive": a phrase behind modifiers.
            if end > at
                && let Some((_, _, n)) =
                    self.longest(&self.lexicon.role_phrases, WordClass::ROLE, end)
            {
                head = head.max(Some(end + n));
            }
            if is_head {
                head = head.max(Some(end + 1));
            }
            if !(is_head || is_modifier || joins) {
                break;
            }
            end += 1;
        }
        // "chief executive", but "chief executive officer".
        if let Some(phrase) = phrase
            && head.is_none_or(|head| head <= phrase)
        {
            return Some(self.role_tail(at, phrase));
        }
        let head = head?;
        // "the developer toolkit" is for developers.
        let thing = matches!(
            self.lower(head),
            "toolkit" | "tools" | "tooling" | "portal" | "kit" | "productivity"
        );
        if thing && self.lower(head - 1) == "developer" {
            return None;
        }
        if head == at + 1 && self.is_no_role_alone(at) {
            return None;
        }
        Some(self.role_tail(at, head))
    }

    /// Whether a head of roles is none where nothing stands before it: a given name, a common word.
    fn is_no_role_alone(&self, at: usize) -> bool {
        let next = at + 1;
        let goes_on = self.tokens.get(next).is_some_and(|t| t.kind == TokenKind::Word && t.capital);
        // "Dean Okafor steps down".
        if goes_on
            && self.is(at, WordClass::GIVEN_NAME)
            && !self.is(next, WordClass::NEVER_NAME.or(WordClass::GIVEN_NAME))
        {
            return true;
        }
        let weak = matches!(
            self.lower(at),
            "general"
                | "partner"
                | "fellow"
                | "lead"
                | "leads"
                | "chief"
                | "assistant"
                | "principal"
        );
        // "elected fellow of …", not "our fellow members".
        let posted = at > 0
            && matches!(self.lower(at), "fellow" | "lead")
            && matches!(self.lower(at - 1), "as" | "named" | "appointed" | "elected" | "a")
            && matches!(
                self.lower(next),
                "of" | "at" | "for" | "until" | "from" | "and" | ";" | "," | "." | ""
            );
        // "Lead Agency", "General Assembly": the capital goes on.
        let begins_name =
            goes_on && matches!(self.lower(at), "lead" | "general" | "partner" | "principal");
        weak && !posted && (begins_name || !self.tokens[at].capital)
    }

    /// "as Grants Manager", "Chief Nursing Officer", "as its outreach coordinator": a role with words of
    /// its own before the head, of which no list has all. They are no name: where a post is to follow,
    /// and where the first says already that a role begins.
    fn role_in_own_words(&self, at: usize) -> Option<usize> {
        let limit = (at + ROLE_WORDS_MAX).min(self.tokens.len());
        // Asked of every word.
        if !self.said.is(WordClass::ROLE_HEAD) {
            return None;
        }
        let head = (at + 1..limit).find(|i| self.is(*i, WordClass::ROLE_HEAD))?;
        let capital = self.tokens[at].capital;
        let begins = capital && BEGINS_ROLE.contains(&self.lower(at));
        if !(begins || self.awaits_role(at)) {
            return None;
        }
        // "Chief Trust and Safety Officer".
        let officer = || (head..limit).find(|i| self.lower(*i) == "officer");
        let head = if self.lower(at) == "chief" { officer()? } else { head };
        let own = at..head;
        let is_own = |i: usize| {
            let token = &self.tokens[i];
            let joint = i > at && i + 1 < head && matches!(token.lower, "and" | "&" | "-" | "/");
            let plain = || {
                let class = WordClass::NEVER_NAME.or(WordClass::TRIGGER).or(WordClass::ROLE_HEAD);
                !self.is(i, class) && token.lower.chars().all(char::is_alphabetic)
            };
            joint
                || token.kind == TokenKind::Word
                    && token.capital == capital
                    && (capital || plain())
                    && !self.names_other(i, head)
        };
        let is_new = |i: usize| !self.is(i, WordClass::ROLE);
        // "as Quill CEO", "as Quill Managing Director": a body, and a title that needs no other word.
        let whole = || {
            let title = self.lower(head);
            WHOLE_TITLES.contains(&title)
                || matches!(self.lower(head - 1), "executive" | "managing" | "general" | "vice")
        };
        let follows = self.tokens.get(head + 1);
        let goes_on =
            !self.title_case && follows.is_some_and(|t| t.kind == TokenKind::Word && t.capital);
        (self.tokens[head].capital == capital
            && own.clone().any(is_new)
            && own.into_iter().all(is_own)
            && !goes_on
            && (begins || !whole()))
        .then(|| self.role_tail(at, head + 1))
    }

    /// Whether the words before say that a post is to follow.
    fn awaits_role(&self, at: usize) -> bool {
        let before = |back: usize| at.checked_sub(back).map_or("", |i| self.lower(i));
        let capital = self.tokens[at].capital;
        match before(1) {
            "as" => before(2) != "such" && before(2) != "well",
            "become" | "becomes" | "became" | "becoming" => true,
            "its" | "our" | "their" | "his" | "her" | "a" | "an" | "the" | "new" | "first" => {
                matches!(before(2), "as" | "become" | "becomes" | "became" | "named" | "appointed")
                    || matches!(before(3), "as")
                    || capital && matches!(before(1), "its" | "our" | "their" | "new")
            }
            "of" => matches!(before(2), "role" | "position" | "post" | "title" | "office"),
            "to" => matches!(before(2), "promoted" | "elevated"),
            "named" | "appointed" | "elected" => {
                self.title_case
                    || matches!(before(2), "was" | "were" | "been" | "is" | "being" | "be")
            }
            _ => false,
        }
    }

    /// Whether a body, a unit, a level or a person is named at a word before the head of a role.
    fn names_other(&self, at: usize, head: usize) -> bool {
        let ends = |end: usize| end <= head;
        self.known_body(at).is_some_and(ends)
            || self.known_organisation(at).is_some_and(ends)
            || self.unit(at).is_some()
            || self.is(at, WordClass::GIVEN_NAME.or(WordClass::BODY_HEAD))
            || self.is(at, WordClass::ORGANISATION_HEAD) && !self.is(at, WordClass::ROLE_MODIFIER)
            || self.is_written_as_own_name(at)
    }

    /// "OpenWeave", "OLF": no plain word; "IT" is one.
    fn is_written_as_own_name(&self, at: usize) -> bool {
        let raw = self.raw(at, at + 1);
        let capitals = raw.chars().filter(|c| c.is_uppercase()).count();
        let region = self.is(at, WordClass::ROLE_MODIFIER) || raw.len() <= 2;
        capitals > 1 && !region && !raw.contains('-') || raw.contains(|c: char| c.is_ascii_digit())
    }

    /// "a key advocate", "a strong leader": praise, and no post.
    fn is_praise(&self, at: usize) -> bool {
        at > 1
            && matches!(self.lower(at - 2), "a" | "an")
            && matches!(
                self.lower(at - 1),
                "key"
                    | "strong"
                    | "passionate"
                    | "trusted"
                    | "vocal"
                    | "tireless"
                    | "powerful"
                    | "fierce"
                    | "staunch"
                    | "dedicated"
            )
    }

    /// "CRO", not "Cro": an acronym is a role in capitals or small letters only.
    fn is_written_as_role(&self, at: usize, word: &str) -> bool {
        let acronym =
            word.len() <= 4 && !word.contains(['a', 'i', 'u', 'y'].as_slice()) && word != "head"
                || matches!(word, "cio" | "ciso" | "cao" | "caio" | "cdao" | "ccio");
        let raw = self.raw(at, at + 1);
        !acronym
            || !raw.starts_with(char::is_uppercase)
            || raw.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase)
    }

    fn next_is_role_word(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|t| t.capital)
            && (self.is_role_head(at) || self.is_itself(at, WordClass::ROLE_MODIFIER))
    }

    /// Whether a word ends roles as it stands, with its "co-".
    fn is_role_head(&self, at: usize) -> bool {
        self.is_itself(at, WordClass::ROLE_HEAD) && self.is_written_as_role(at, self.lower(at))
    }

    /// Whether a word is a head or modifier of roles with its "co-".
    fn is_itself(&self, at: usize, class: WordClass) -> bool {
        let word = self.lower(at);
        if !word.starts_with("co-") {
            return self.is(at, class);
        }
        let heads = class == WordClass::ROLE_HEAD;
        let words = if heads { &self.lexicon.role_heads } else { &self.lexicon.role_modifiers };
        words.contains(word)
    }

    /// "Chief Executive Officer of", "Chair of": what follows is led, and no field of work.
    fn is_led(&self, start: usize, of: usize) -> bool {
        let title = self.raw(start, of).to_lowercase();
        self.lower(of) == "of"
            && [
                "ceo",
                "chief executive officer",
                "chief executive",
                "executive director",
                "president and ceo",
                "founder",
                "co-founder",
                "president and chief executive officer",
            ]
            .contains(&title.as_str())
    }

    /// "Kestrel Systems", not "Cloud Systems": a name, and a word that companies bear.
    fn is_company(&self, at: usize) -> bool {
        let field = self.is(at, WordClass::ROLE.or(WordClass::ORGANISATION_HEAD));
        !field && self.is_capital(at + 1) && self.is(at + 1, WordClass::ORGANISATION_HEAD)
    }

    /// "… of Engineering", "… for Australia": capitalised words that are no body.
    fn role_tail(&self, start: usize, mut end: usize) -> usize {
        if matches!(self.lower(end), "of" | "for") {
            let mut last = end;
            let mut at = end + 1;
            while at < self.tokens.len() && at < end + 8 {
                let token = &self.tokens[at];
                let joint = matches!(token.lower, "and" | "&" | "the" | ",");
                let names_body = self.is_body_behind_role(start, end, at);
                if names_body || (token.kind != TokenKind::Word && !joint) {
                    // "Director of the Foundation": all of it is the body's.
                    if names_body {
                        last = end;
                    }
                    break;
                }
                if token.capital && !joint {
                    if at > end + 1 && self.begins_holder(at) {
                        break;
                    }
                    last = at + 1;
                } else if !joint {
                    // "president of Tidewater sailing Academy": the capitals were a name's first.
                    let inside = at > end + 1
                        && self.is_capital(at + 1)
                        && self.is(at + 1, WordClass::BODY_HEAD.or(WordClass::UNIT_HEAD))
                        || self.is_group_head(at + 1);
                    if inside {
                        last = end;
                    }
                    break;
                }
                at += 1;
            }
            // At least one word after `of`; one only, unless it is a field of work.
            // "vice chair of Tidewater's Codes Committee": whose the committee is.
            if last > end + 1 && self.lower(last) != "'s" {
                end = last;
            }
        }
        end = self.field_of_work(self.field_behind(end));
        // "Chair Emeritus", "President Elect".
        if matches!(self.lower(end), "emeritus" | "emerita" | "elect" | "designate") {
            end += 1;
        }
        end = self.field_behind_comma(end);
        // "Executive Director and CEO", "SVP, Chief Audit Executive" stay one role.
        if (matches!(self.lower(end), "and" | "&" | "/")
            || (self.lower(end) == "," && self.next_is_role_word(end + 1)))
            && let Some(more) = (end + 1 < self.tokens.len()).then(|| self.role(end + 1)).flatten()
            && self.tokens[end + 1].capital
        {
            return more;
        }
        end
    }

    /// "Managing Director Technology": where a role ends with a field that nothing parts from its head.
    fn field_behind(&self, end: usize) -> usize {
        let head = matches!(self.lower(end - 1), "director" | "president" | "officer" | "head");
        let field = self.is_capital(end) && FIELDS_OF_WORK.contains(&self.lower(end));
        let goes_on =
            self.tokens.get(end + 1).is_some_and(|t| t.kind == TokenKind::Word && t.capital);
        end + usize::from(head && field && !goes_on && !self.title_case)
    }

    /// "Head of Platform Reliability, Ulla Brandt, has …": whether the name of whoever holds a role begins
    /// at a word behind its field of work.
    fn begins_holder(&self, at: usize) -> bool {
        let is_word = |i: &usize| self.tokens.get(*i).is_some_and(|t| t.kind == TokenKind::Word);
        let run = (at..at + 4).take_while(|i| is_word(i) && self.is_capital(*i)).count();
        let is_field = |i: usize| {
            FIELDS_OF_WORK.contains(&self.lower(i))
                || self.is(i, FIELD_OR_REGION.or(WordClass::ROLE_MODIFIER))
        };
        if run < 2 || (at..at + run).any(is_field) {
            return false;
        }
        let behind = at + run;
        let goes_on = match self.lower(behind) {
            "," => !matches!(self.lower(behind + 1), "and" | "&" | "or"),
            word => matches!(word, "has" | "have" | "is" | "was" | "will" | "joins" | "("),
        };
        self.is(at, WordClass::GIVEN_NAME) || self.lower(at - 1) == "," && run <= 3 && goes_on
    }

    /// Whether a body or a unit is named at a word behind a role and its "of", which begins at `of`.
    fn is_body_behind_role(&self, start: usize, of: usize, at: usize) -> bool {
        let token = &self.tokens[at];
        let own = matches!(token.lower, "company" | "firm" | "project" | "group" | "organization");
        // "editor of the Barrow Gazette", not "head of the Americas".
        let called = at == of + 2
            && self.lower(of) == "of"
            && self.lower(of + 1) == "the"
            && self.is_capital(at + 1)
            && !self.is(at, FIELD_OR_REGION)
            && !self.is(at + 1, FIELD_OR_REGION);
        let adjoins = at == of + 1
            && (self.is_led(start, of) || self.is_company(at) && !self.is_field_of_head(of, at));
        let capital = token.capital
            && (called
                || adjoins
                || self.is_small_inside(at, at + 1)
                || self.capital_unit(at).is_some());
        own || capital
            || self
                .longest(&self.lexicon.bodies, WordClass::BODY, at)
                .is_some_and(|(_, w, _)| w.len() > 4)
            || self.longest(&self.lexicon.organisations, WordClass::ORGANISATION, at).is_some()
            || self.is(at, WordClass::BODY_HEAD)
            || self.longest(&self.lexicon.units, WordClass::UNIT, at).is_some()
    }

    /// "President, North America", "Director, Field Engineering": where a role ends with the region or the
    /// field behind a comma. A firm may be called like a field: it is none where the head says all.
    fn field_behind_comma(&self, end: usize) -> usize {
        if self.lower(end) != "," || end == 0 {
            return end;
        }
        let mut last = end + 1;
        let mut known = false;
        while last < self.tokens.len() && last < end + 6 {
            let joint = last > end + 1 && matches!(self.lower(last), "and" | "&");
            let field = FIELDS_OF_WORK.contains(&self.lower(last));
            if !joint && !(self.is_capital(last) && (field || self.is(last, FIELD_OR_REGION))) {
                break;
            }
            known |= field || self.is(last, WordClass::REGION);
            last += 1;
        }
        // "Senior Vice President, Transmission, and …": nobody calls a person by such a word.
        if last == end + 1 && self.is_word_of_field(end) {
            return end + 2;
        }
        let closed = self.tokens.get(last).is_none_or(|t| {
            t.kind != TokenKind::Word
                || matches!(
                    t.lower,
                    "of" | "at" | "for" | "effective" | "from" | "in" | "on" | "with"
                )
        });
        if known && closed { last } else { end }
    }

    /// Whether one word stands behind the comma of a role that needs a field, and a mark behind it.
    fn is_word_of_field(&self, comma: usize) -> bool {
        let functional = match self.lower(comma - 1) {
            "vp" | "svp" | "evp" => true,
            "president" => comma > 1 && self.lower(comma - 2) == "vice",
            _ => false,
        };
        let word = comma + 1;
        let marked = matches!(self.lower(word + 1), "," | ";" | "." | "");
        functional
            && marked
            && self.is_capital(word)
            && self.is_name_word(word)
            && !self.is(word, WordClass::GIVEN_NAME.or(WordClass::FAMILY_NAME))
            && self.known_organisation(word).is_none()
            && self.known_body(word).is_none()
            && !self.is_written_as_own_name(word)
    }

    /// "Vice President of Threat Research": what a function is for, though companies have such
    /// names, too.
    fn is_field_of_head(&self, end: usize, at: usize) -> bool {
        let before = self.lower(end.wrapping_sub(2));
        let functional = match self.lower(end.wrapping_sub(1)) {
            "vp" | "svp" | "evp" | "head" | "manager" | "lead" => true,
            "president" => before == "vice",
            "director" => !matches!(before, "executive" | "managing" | "board"),
            _ => false,
        };
        let last = (at..at + 3).take_while(|i| self.is_capital(*i)).last();
        functional && last.is_some_and(|i| FIELDS_OF_WORK.contains(&self.lower(i)))
    }

    /// Where a role ends with its field in small letters: "vice president of engineering".
    fn field_of_work(&self, end: usize) -> usize {
        let is_field = |at: usize| {
            self.tokens.get(at).is_some_and(|t| !t.capital)
                && self.is(at, WordClass::ROLE_MODIFIER)
                && !self.is(at, WordClass::ROLE_HEAD.or(WordClass::TEAM))
        };
        if self.lower(end) != "of" {
            return end;
        }
        let mut last = end;
        let mut at = end + 1;
        while at < end + 5 && is_field(at) {
            last = at + 1;
            at = if self.lower(last) == "and" && is_field(last + 1) { last + 1 } else { last };
        }
        // "of core systems engineering" is a field, "of technical documents" is none.
        let goes_on = self.tokens.get(last).is_some_and(|t| {
            t.kind == TokenKind::Word && !t.capital && !self.is(last, WordClass::NEVER_NAME)
        });
        if last > end + 1 && !goes_on { last } else { end }
    }

    fn lower(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |t| t.lower)
    }

    fn is_name_word(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        token.kind == TokenKind::Word
            && token.capital
            && (!self.is(at, WordClass::NEVER_NAME)
                || self.is_acronym(at)
                || self.opens_name(at)
                || self.is_month_as_name(at))
            && !token.lower.starts_with(|c: char| c.is_ascii_digit() && token.lower.len() < 2)
            && !(token.lower.starts_with("20") && token.lower.contains('-'))
            || self.text[token.span.clone()].starts_with('@')
    }

    /// "US" is a word, "US SIF" is a name.
    fn is_acronym(&self, at: usize) -> bool {
        let raw = &self.text[self.tokens[at].span.clone()];
        raw.len() >= 2
            && raw.chars().all(char::is_uppercase)
            && self.tokens.iter().any(|t| t.kind == TokenKind::Word && !t.capital)
            && self.tokens.get(at + 1).is_some_and(|t| t.capital)
    }

    /// "April Weber", not "April 2026".
    fn is_month_as_name(&self, at: usize) -> bool {
        self.is(at, WordClass::GIVEN_NAME)
            && !self.is(at + 1, WordClass::NEVER_NAME)
            && self.tokens.get(at + 1).is_some_and(|t| {
                t.kind == TokenKind::Word
                    && t.capital
                    && !t.lower.starts_with(|c: char| c.is_ascii_digit())
            })
    }

    /// "New Zealand", "First Republic": a common word that opens a name of a place.
    fn opens_name(&self, at: usize) -> bool {
        self.lower(at) == "new"
            && matches!(
                self.lower(at + 1),
                "zealand"
                    | "york"
                    | "england"
                    | "jersey"
                    | "mexico"
                    | "south"
                    | "orleans"
                    | "delhi"
                    | "relic"
                    | "hampshire"
                    | "brunswick"
            )
    }

    /// A run of capitalised words with joints: where the name that begins here ends.
    fn run(&self, at: usize) -> Option<usize> {
        // "(Tidewater) Co., Ltd." leaves a suffix that is no name.
        let suffix = matches!(self.lower(at), "co" | "ltd" | "llc" | "gmbh" | "plc")
            || self.is_profession(at);
        let begins_generic = suffix || !(self.is_name_word(at) || self.is_tied(at + 1));
        if begins_generic || self.text[self.tokens[at].span.clone()].starts_with('@') {
            return (!begins_generic).then_some(at + 1);
        }
        let mut end = at + 1;
        let mut probe = end;
        while probe < self.tokens.len() && probe < at + NAME_TOKENS_MAX {
            let token = &self.tokens[probe];
            let adjacent_initial = self.is_stop_inside(probe);
            if self.is_tied(probe) || self.is_danish_suffix(probe) {
                probe += if self.is_tied(probe) { 2 } else { 3 };
                end = probe;
                continue;
            }
            let joint = self.is(probe, WordClass::NAME_JOINT) && !self.title_case
                || matches!(token.lower, "of" | "de" | "van" | "von" | "for")
                    && self.title_case
                    && self.has_body_head(at, probe)
                || token.lower == "&"
                // "University of Tidewater at Port Lindsay".
                || token.lower == "at" && self.lower(at) == "university"
                || (token.lower == "the" && self.lower(probe - 1) == "of")
                || (token.lower == "and" && self.and_joins(at, probe));
            if self.text[token.span.clone()].starts_with('@') {
                break;
            }
            if let Some(after) = self.nickname(at, probe) {
                probe = after;
                continue;
            }
            if self.is_profession(probe) {
                break;
            }
            if self.is_capital_inside(probe, at) || adjacent_initial {
                probe += 1;
                end = probe;
            } else if self.is_small_inside(at, probe) {
                probe += 2 + usize::from(self.is_group_head(probe + 1));
                end = probe;
            } else if token.lower == "."
                && self.legal_suffix(probe - 1)
                && self.lower(probe + 1) == ","
                && self.legal_suffix(probe + 2)
            {
                // "Tidewater Instruments Co., Ltd."
                probe += 1;
            } else if token.lower == "," && self.legal_suffix(probe + 1) {
                probe += 2;
                end = probe;
                if self.lower(probe) == "." {
                    probe += 1;
                    end = probe;
                }
                break;
            } else if joint && probe + 1 < self.tokens.len() {
                if matches!(token.lower, "of" | "for" | "at") && !self.of_joins(at, probe) {
                    break;
                }
                probe += 1;
            } else {
                break;
            }
        }
        // "Acme Inc." keeps its stop outside.
        Some(end)
    }

    /// The stop of "J. Okafor", "Mary Jo St. Clair".
    fn is_stop_inside(&self, at: usize) -> bool {
        let before = &self.tokens[at - 1];
        let initial =
            before.capital && before.lower.split(['-', '.']).all(|part| part.chars().count() <= 1);
        let saint = matches!(before.lower, "st" | "ste" | "mt") && self.is_capital(at + 1);
        self.lower(at) == "." && (initial || saint)
    }

    /// "Former Kestrel Executive Priya Raman": a headline's word for who somebody is, and no name.
    fn is_profession(&self, at: usize) -> bool {
        const PROFESSIONS: &[&str] = &[
            "executive",
            "exec",
            "veteran",
            "alum",
            "alumnus",
            "alumna",
            "lawyer",
            "banker",
            "astronaut",
            "entrepreneur",
            "investor",
            "physicist",
            "astrophysicist",
            "biologist",
            "chemist",
            "journalist",
            "politician",
            "philanthropist",
        ];
        PROFESSIONS.contains(&self.lower(at))
            && self.is_capital(at + 1)
            && self.is(at + 1, WordClass::GIVEN_NAME)
    }

    /// "A/S", of "Granite Bank A/S".
    fn is_danish_suffix(&self, at: usize) -> bool {
        [self.lower(at), self.lower(at + 1), self.lower(at + 2)] == ["a", "/", "s"]
    }

    /// "M&Co", "C&A": nothing between the letters and the sign.
    fn is_tied(&self, sign: usize) -> bool {
        let Some(token) = self.tokens.get(sign) else { return false };
        token.lower == "&"
            && self.tokens[sign - 1].capital
            && token.span.start == self.tokens[sign - 1].span.end
            && self
                .tokens
                .get(sign + 1)
                .is_some_and(|t| t.span.start == token.span.end && t.capital)
    }

    /// "Jonas (Joe) Weber", "Mei 'wren' Tanaka": a nickname inside a name.
    fn nickname(&self, at: usize, probe: usize) -> Option<usize> {
        let closes = match self.lower(probe) {
            "(" => &[")"][..],
            "'" | "‘" | "’" => &["'", "’"][..],
            "\"" | "“" | "”" => &["\"", "”"][..],
            _ => return None,
        };
        let word = self.tokens.get(probe + 1)?.kind == TokenKind::Word;
        let closed = closes.contains(&self.lower(probe + 2));
        let family = self.is_capital(probe + 3)
            && self.tokens[probe + 3].kind == TokenKind::Word
            && !self.is(probe + 3, WordClass::NEVER_NAME);
        let joined = self.tokens.get(probe + 3)?.span.start > self.tokens[probe + 2].span.end;
        let short = probe == at + 1 && self.is_given_name(at);
        (word && closed && family && joined && short && self.role(probe + 3).is_none())
            .then_some(probe + 3)
    }

    /// "Cirrus Nine, DataHive", "Studio Seven has joined": a numeral that ends a name and counts nothing.
    fn is_numeral_of_name(&self, at: usize) -> bool {
        let numeral = matches!(
            self.lower(at),
            "one" | "two" | "three" | "four" | "five" | "six" | "seven" | "eight" | "nine" | "ten"
        );
        let ends = self.tokens.get(at + 1).is_none_or(|next| {
            next.kind != TokenKind::Word
                || matches!(
                    next.lower,
                    "and" | "has" | "have" | "is" | "are" | "was" | "were" | "will" | "as"
                )
        });
        numeral && ends && !self.title_case
    }

    fn is_capital_inside(&self, probe: usize, at: usize) -> bool {
        let token = &self.tokens[probe];
        if token.kind != TokenKind::Word
            || !(token.capital
                || token.lower.chars().all(|c| c.is_ascii_digit()) && probe == at + 1)
        {
            return false;
        }
        // "Harbor First Coalition": the head of a body holds the words before it together.
        let before_head = !self.title_case
            && self.is(probe + 1, WordClass::BODY_HEAD)
            && self.tokens.get(probe + 1).is_some_and(|t| t.capital);
        let generic = self.is(probe, WordClass::NEVER_NAME)
            && !before_head
            && !matches!(
                token.lower,
                "project"
                    | "foundation"
                    | "community"
                    | "company"
                    | "organization"
                    | "community’s"
                    | "may"
                    | "april"
                    | "june"
                    | "august"
            );
        // "Granite Bank AS" is a firm of Norway.
        let generic = generic
            && !(token.lower == "as" && self.is_norwegian_suffix(probe))
            && !self.is_numeral_of_name(probe);
        let unit = self.unit(probe).is_some() && !self.is(probe, WordClass::BODY_HEAD);
        let tier = self
            .longest(&self.lexicon.tiers, WordClass::TIER, probe)
            .is_some_and(|(_, _, n)| probe + n < self.tokens.len() && self.tier_follows(probe + n));
        let role_end = self.role(probe).filter(|_| !self.is(probe, WordClass::GIVEN_NAME));
        let role = role_end.is_some();
        // "Lindsay Capital Advisors", not "Tom Okafor Advisors".
        let firm = matches!(token.lower, "advisors" | "partners" | "associates" | "consultants")
            && role_end == Some(probe + 1)
            && !self.is(at, WordClass::GIVEN_NAME)
            && (at..probe).all(|i| self.tokens[i].capital);
        // "Ana Judge", not "Crystal Community Manager".
        let known_person = self.is(at, WordClass::GIVEN_NAME) && role_end == Some(probe + 1);
        // A trigger in a headline ends the name: "Acme Names Ana".
        let in_body =
            self.has_body_head(at, probe) && (at..probe).any(|i| self.tokens[i].lower == "of");
        let surname = known_person && probe == at + 1;
        let ends_name = role && !(firm || surname || in_body);
        !(generic || unit || tier || ends_name)
    }

    fn is_norwegian_suffix(&self, at: usize) -> bool {
        let shouted = |i: usize| self.raw(i, i + 1).chars().all(|c| !c.is_lowercase());
        shouted(at) && !shouted(at - 1) && !self.is_capital(at + 1)
    }

    /// "the Tidewater sailing Association": one word in small letters between a name and its head.
    /// Behind an article only, and no verb: "Harbor thanks Foundation members" is no name.
    fn is_small_inside(&self, at: usize, probe: usize) -> bool {
        let Some(token) = self.tokens.get(probe) else { return false };
        probe == at + 1
            && at > 0
            && matches!(self.lower(at - 1), "the" | "of")
            && token.kind == TokenKind::Word
            && !token.capital
            && token.lower.chars().all(char::is_alphabetic)
            && token.lower.len() > 2
            && (!self.may_be_verb(probe) || self.ends_there(probe + 2))
            && !token.lower.ends_with("ly")
            && !self.is(probe, WordClass::NEVER_NAME.or(WordClass::TRIGGER))
            && self.is_capital(probe + 1)
            && (self.is(probe + 1, WordClass::BODY_HEAD)
                || matches!(self.lower(probe + 1), "committee" | "council")
                || self.is_group_head(probe + 1))
    }

    /// "thanks", "agreed"; "lens" and "reed" look like it.
    fn may_be_verb(&self, at: usize) -> bool {
        let word = self.lower(at);
        word.ends_with("ed") || word.ends_with('s') && !word.ends_with("ss")
    }

    /// Whether what stands here can go on no name and with no verb: "… as", "… after", a mark.
    fn ends_there(&self, at: usize) -> bool {
        self.tokens.get(at).is_none_or(|t| {
            t.kind != TokenKind::Word
                || matches!(t.lower, "as" | "to" | "after" | "until" | "since" | "effective")
        })
    }

    /// `of` joins "University of X", "Bank of X", "Society of X" — not "CEO of X".
    fn of_joins(&self, at: usize, probe: usize) -> bool {
        let next_capital = self.is_capital(probe + 1) && !self.is(probe + 1, WordClass::NEVER_NAME)
            || self.lower(probe + 1) == "the" && self.is_capital(probe + 2);
        next_capital
            && (at..probe).any(|i| {
                let word = self.tokens[i].lower;
                self.is(i, WordClass::BODY_HEAD.or(WordClass::ORGANISATION_HEAD))
                    || matches!(
                        word,
                        "bank"
                            | "university"
                            | "ministry"
                            | "house"
                            | "chamber"
                            | "state"
                            | "city"
                            | "port"
                            | "bureau"
                            | "board"
                            | "government"
                            | "friends"
                            | "republic"
                            | "kingdom"
                            | "county"
                            | "code"
                    )
            })
    }

    fn has_body_head(&self, at: usize, end: usize) -> bool {
        (at..end).any(|i| self.is(i, WordClass::BODY_HEAD))
    }

    /// `and` inside "National Institute of Standards and Technology", not between two names.
    fn and_joins(&self, at: usize, probe: usize) -> bool {
        if self.title_case {
            return false;
        }
        let of_before = (at..probe).any(|i| matches!(self.tokens[i].lower, "of" | "for"));
        of_before
            && self.has_body_head(at, probe)
            && self.is_capital(probe + 1)
            && !self.is(probe + 1, WordClass::GIVEN_NAME)
            || self.is(probe + 2, WordClass::BODY_HEAD)
                && self.is_capital(probe + 2)
                && probe == at + 1
    }

    /// "Anna", and "Anna-Lena" by its parts.
    fn is_given_name(&self, at: usize) -> bool {
        let known = |w: &str| self.lexicon.given_names.contains(w);
        let word = self.lower(at);
        self.is(at, WordClass::GIVEN_NAME) || word.contains('-') && word.split('-').all(known)
    }

    fn is_capital(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|t| t.capital)
    }

    fn legal_suffix(&self, at: usize) -> bool {
        matches!(
            self.lower(at),
            "inc"
                | "llc"
                | "ltd"
                | "corp"
                | "co"
                | "gmbh"
                | "plc"
                | "limited"
                | "incorporated"
                | "s.a"
                | "l.p"
        )
    }

    fn name_type(&self, start: usize, end: usize) -> NameType {
        use WordClass as Class;
        let words = || (start..end).filter(|i| self.tokens[*i].kind == TokenKind::Word);
        let any = |class: Class| words().any(|i| self.is(i, class));
        let (first, last) = (words().next(), words().next_back());
        let count = words().count();
        // "João Paulo da Silva Neto" has four names.
        let capitals_count = words().filter(|i| self.tokens[*i].capital).count();
        let last_is = |class: Class| last.is_some_and(|i| self.is(i, class));
        let last_word = last.map_or("", |i| self.lower(i));
        let handle = self.raw(start, start + 1).starts_with('@');
        // "the Maple sailing Committee": what is_small_inside joined.
        let committee = matches!(last_word, "committee" | "council" | "group" | "force")
            && words().any(|i| !self.tokens[i].capital);
        let body =
            any(Class::BODY_HEAD) || last_word == "project" && count > 1 || committee && count > 2;
        // "Mei Harbor Companies" is a firm, whatever its first word; "David Bank" is not.
        let firm = count > 1
            && last_is(Class::ORGANISATION_HEAD)
            && (count > 2 || last_word.ends_with('s') || FIRM_WORDS.contains(&last_word));
        let given = !firm && first.is_some_and(|i| self.is_given_name(i));
        let family = (2..=3).contains(&count)
            && last_is(Class::FAMILY_NAME)
            && words().all(|i| self.tokens[i].capital && !self.is(i, Class::ORGANISATION_HEAD));
        let organisation_word =
            words().skip(usize::from(given)).any(|i| self.is(i, Class::ORGANISATION_HEAD));
        let marks = (start..end).any(|i| matches!(self.lower(i), "&" | "of" | "," | "for" | "and"));
        let digits = words().any(|i| self.lower(i).bytes().any(|b| b.is_ascii_digit()));
        let shouting = count == 1 && self.is_shouted(start, end);
        let honorific = self.follows_honorific(start);
        // "Priya (@praman)": whoever has a handle behind the name is a person.
        let handled = self.lower(end) == "("
            && self.lower(end + 2) == ")"
            && self.raw(end + 1, end + 2).starts_with('@');
        let titled = last.is_some_and(|i| self.is_role_head(i));
        // "AWS Secrets", not "JB Rainsberger" or "ANA CASTELLAN".
        let capitals = |i: usize| {
            let span = self.tokens[i].span.clone();
            span.len() > 2 && self.text[span].chars().all(char::is_uppercase)
        };
        let mixed = last.is_some_and(|i| !capitals(i)) && words().any(capitals);
        // "Version B", "Plan B" (an initial has a stop behind it), "General Meeting".
        let lettered = count == 2 && last_word.len() == 1 && self.lower(end) != "."
            || matches!(last_word, "meeting" | "assembly" | "plenary");
        let against = titled
            || mixed
            || lettered
            || body
            || marks
            || shouting
            || digits
            || (organisation_word && !given);
        let person = handle
            || honorific
            || (!against && (2..=4).contains(&capitals_count))
            || given && count == 1
            || handled && !against;
        let surely =
            handle || honorific || handled && person || ((given || family) && person && count >= 2);
        NameType {
            person,
            surely_person: surely && !body && !organisation_word,
            organisation: !surely && (organisation_word || shouting || marks || body),
            body,
            project: last_is(Class::PROJECT_HEAD),
            shouted: shouting && !organisation_word && !body,
            lone: count == 1 && !organisation_word && !body && !digits && !titled,
        }
    }

    /// "Dr. Castellan", "Prof Okafor".
    fn follows_honorific(&self, at: usize) -> bool {
        let stop = usize::from(at > 1 && self.lower(at - 1) == ".");
        at.checked_sub(1 + stop).is_some_and(|before| self.is(before, WordClass::HONORIFIC))
    }

    /// "NVK", with no small letter.
    fn is_shouted(&self, start: usize, end: usize) -> bool {
        let raw = self.raw(start, end);
        raw.len() > 1 && raw.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Cased, tokens};

    fn found(text: &str) -> Vec<(String, &'static str)> {
        let lexicon = Lexicon::built_in().unwrap();
        let cased = Cased::of(text);
        let tokens = tokens(&cased);
        let known: Vec<Known> = tokens.iter().map(|t| lexicon.known(t.lower)).collect();
        let parsed = parse(text, &tokens, &known, true, &lexicon);
        parsed
            .mentions()
            .map(|m| {
                let kind = match m.kind {
                    MentionKind::Role => "role",
                    MentionKind::Unit => "unit",
                    MentionKind::Tier => "tier",
                    MentionKind::Name(t) if t.surely_person => "person",
                    MentionKind::Name(t) if t.body => "body",
                    MentionKind::Name(t) if t.organisation => "organisation",
                    MentionKind::Name(_) => "name",
                };
                (parsed.slice(m.start, m.end).to_owned(), kind)
            })
            .collect()
    }

    #[test]
    fn mentions_are_found_with_their_extent() {
        for (text, expected) in [
            (
                "Meridian Cloud has joined the Open Lattice Foundation as a Platinum member",
                vec![
                    ("Meridian Cloud", "organisation"),
                    ("Open Lattice Foundation", "body"),
                    ("Platinum", "tier"),
                ],
            ),
            (
                "we appointed Dr. Ana B. Castellan as Vice President of Engineering",
                vec![("Ana B. Castellan", "person"), ("Vice President of Engineering", "role")],
            ),
            (
                "The Harbor Foundation Governing Board",
                vec![("Harbor Foundation", "body"), ("Governing Board", "unit")],
            ),
            (
                "Kestrel Systems Names Priya Raman as Chief Technology Officer",
                vec![
                    ("Kestrel Systems", "organisation"),
                    ("Priya Raman", "person"),
                    ("Chief Technology Officer", "role"),
                ],
            ),
            (
                "Quill Data, Inc. works with the University of Tidewater",
                vec![
                    ("Quill Data, Inc.", "organisation"),
                    ("University of Tidewater", "organisation"),
                ],
            ),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(t, k)| (t.to_owned(), k)).collect();
            assert_eq!(found(text), expected, "{text}");
        }
    }

    /// Of the mentions of a sentence those of one kind.
    fn only(kind: &str, text: &str) -> Vec<String> {
        found(text).into_iter().filter(|(_, k)| *k == kind).map(|(name, _)| name).collect()
    }

    #[test]
    fn roles_have_words_that_no_list_has_where_a_post_is_to_follow() {
        for (text, role) in [
            ("Priya Raman was hired as Quay Operations Steward", "Quay Operations Steward"),
            (
                "Priya Raman was hired as Chief Cyber Resilience Officer",
                "Chief Cyber Resilience Officer",
            ),
            (
                "Priya Raman was hired as Chief Trust and Safety Officer",
                "Chief Trust and Safety Officer",
            ),
            (
                "Priya Raman was hired as its harbour outreach coordinator",
                "harbour outreach coordinator",
            ),
            ("Priya Raman was named Goodwill Ambassador", "Goodwill Ambassador"),
            ("Priya Raman becomes President, North America, of it", "President, North America"),
            (
                "Priya Raman becomes Senior Vice President, Transmission, of it",
                "Senior Vice President, Transmission",
            ),
            // A line break parts the role from what it is held in.
            ("Priya Raman becomes Vice President,", "Vice President"),
            ("Priya Raman becomes Director Emerita", "Director Emerita"),
            ("Priya Raman becomes editor-in-chief of the Barrow Gazette", "editor-in-chief"),
            ("Priya Raman becomes Head of the Americas", "Head of the Americas"),
            // Whose post it is, is no part of it.
            ("Priya Raman was hired as Kestrel CEO", "CEO"),
            ("Priya Raman was hired as Open Lattice Foundation Director", "Director"),
        ] {
            assert_eq!(only("role", text), [role], "{text}");
        }
        assert_eq!(only("person", "Dean Okafor steps down"), ["Dean Okafor"]);
        assert_eq!(only("role", "Linh Cao steps down"), [""; 0]);
    }

    #[test]
    fn names_keep_their_suffixes_and_stops() {
        for (text, kind, name) in [
            ("we met Mary Jo St. Clair there", "person", "Mary Jo St. Clair"),
            ("we met J.R. Whitcombe there", "name", "J.R. Whitcombe"),
            (
                "we met with João Paulo da Silva Neto there in the morning",
                "person",
                "João Paulo da Silva Neto",
            ),
            ("with Granite Bank A/S", "organisation", "Granite Bank A/S"),
            ("with Granite Bank AS as a partner", "organisation", "Granite Bank AS"),
            ("with AT&L of Tirna", "organisation", "AT&L"),
            ("with Jackson University", "organisation", "Jackson University"),
            (
                "the Working Group on Identity and Trust met",
                "unit",
                "Working Group on Identity and Trust",
            ),
            ("the Users' Council met", "unit", "Users' Council"),
        ] {
            assert_eq!(only(kind, text), [name], "{text}: {:?}", found(text));
        }
        let headline = "Harbor Names Former Kestrel Executive Priya Raman to Board";
        assert_eq!(only("person", headline), ["Priya Raman"]);
    }
}
