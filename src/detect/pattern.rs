//! The small language in which constructions are written: a regular expression over tokens and
//! mentions instead of characters.
//!
//! | element | matches |
//! | --- | --- |
//! | `word` | the token, lower case |
//! | `[a\|b\|two words]` | one of the phrases |
//! | `@join` | a trigger of the class |
//! | `{s:orgs}` | a mention into a slot; see [`Want`] |
//! | `%app` | nothing, or an apposition: `( … )`, `, … ,` or "of Quill Data" |
//! | `%aux` | auxiliaries and adverbs: "has recently", "is also" |
//! | `%det` | articles and possessives |
//! | `~3` | up to three tokens, not across a semicolon or another trigger |
//! | `( … )?` | the group or nothing |
//!
//! Matching backtracks; sentences are bounded (`text::sentences`), and so are gaps.

use std::cell::Cell;

use rustc_hash::FxHashMap;

use super::lexicon::{Known, TriggerClass, WordClass, bit};
use super::mention::{Mention, MentionKind, Parsed};
use crate::text::{Token, TokenKind, is_abbreviation, lower_words};

/// An apposition has no more tokens.
const APPOSITION_TOKENS_MAX: usize = 45;
/// A list of names has no more members.
const NAMES_MAX: usize = 60;

/// The pronouns that stand for one person.
const PRONOUNS: [&str; 2] = ["he", "she"];

/// What a slot takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// One or more names that can be people.
    People,
    /// One or more names that are surely people's.
    SurePeople,
    /// "He", "she": the person of whom the text spoke last.
    Pronoun,
    /// One word that can be a handle: "welcome yarrow as a maintainer".
    Handle,
    /// One or more names that can be organisations.
    Organisations,
    /// One or more names.
    Names,
    /// The name of a body, or "the Foundation", "our company" for the document's own.
    Body,
    /// Any one name as a body, or the document's own.
    Place,
    /// A role.
    Role,
    /// A unit.
    Unit,
    /// A tier.
    Tier,
}

/// The slots of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Who joins, is appointed, leaves.
    Subject,
    /// The other side of a succession.
    Other,
    /// The body.
    Body,
    /// The unit.
    Unit,
    /// The role.
    Role,
    /// The tier.
    Tier,
}

#[derive(Clone, Debug)]
enum Element {
    /// One of some phrases, and the number of their set.
    Words(u16, Vec<Vec<String>>),
    Trigger(TriggerClass),
    Slot(Slot, Want),
    Apposition,
    Auxiliaries,
    Determiners,
    Gap(usize),
    Optional(Vec<Element>),
}

/// A pattern without optional groups, and what a sentence must hold for it to match at all.
#[derive(Clone, Debug)]
pub struct Alternative {
    elements: Vec<Element>,
    begins: Begin,
    needs: Needs,
}

/// What a token must be for an alternative to begin there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begin {
    Trigger(TriggerClass),
    /// A mention of these kinds; of names, a salutation too.
    Mention(u8),
    /// A word of the set.
    Words(u16),
}

/// Of all that an alternative needs, what a sentence most likely lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A trigger of the class.
    Trigger(TriggerClass),
    /// A word of the set.
    Words(u16),
    /// Nothing to go by.
    None,
}

/// So many sets of words have a bit.
pub const SETS_MAX: usize = 704;

/// Sets of words, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sets([u64; SETS_MAX / 64]);

impl Sets {
    /// Adds one.
    pub fn insert(&mut self, set: u16) {
        self.0[usize::from(set) / 64] |= 1 << (set % 64);
    }

    fn has(&self, set: u16) -> bool {
        self.0[usize::from(set) / 64] >> (set % 64) & 1 == 1
    }

    fn add(&mut self, other: &Sets) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    fn numbers(self) -> impl Iterator<Item = u16> {
        (0_u16..).zip(self.0).flat_map(|(word, bits)| ones(bits).map(move |bit| word * 64 + bit))
    }
}

/// The places of the bits that are set.
fn ones(mut bits: u64) -> impl Iterator<Item = u16> {
    std::iter::from_fn(move || {
        let place = u16::try_from(bits.trailing_zeros()).ok()?;
        bits &= bits.checked_sub(1)?;
        Some(place)
    })
}

/// The phrases that patterns ask for, by the words with which they begin. A word has a number by
/// which a token keeps what there is to know; 0 stands for every other word.
#[derive(Debug)]
pub struct WordCues {
    /// The phrases of each set; its place is its number.
    sets: Vec<Vec<Vec<String>>>,
    numbers: FxHashMap<String, u16>,
    of_number: Vec<WordCue>,
}

/// What a word is for patterns.
#[derive(Debug, Default)]
struct WordCue {
    /// The sets of which some phrase begins with it.
    begins: Sets,
    /// The sets of which it is a phrase by itself.
    alone: Sets,
    /// Longer phrases: what follows it, and the set.
    longer: Vec<(Vec<String>, u16)>,
    /// The second words of these as a set of bits, several words a bit.
    seconds: u64,
}

impl Default for WordCues {
    fn default() -> Self {
        WordCues {
            sets: Vec::new(),
            numbers: FxHashMap::default(),
            of_number: vec![WordCue::default()],
        }
    }
}

impl WordCues {
    /// The number of a set, which is new or known.
    fn number(&mut self, mut phrases: Vec<Vec<String>>) -> Result<u16, String> {
        phrases.retain(|phrase| !phrase.is_empty());
        phrases.sort_unstable();
        phrases.dedup();
        let known = self.sets.iter().position(|set| *set == phrases);
        let number = known.unwrap_or(self.sets.len());
        if number >= SETS_MAX {
            return Err(format!("there are more than {SETS_MAX} sets of words"));
        }
        let number = u16::try_from(number).map_err(|e| e.to_string())?;
        if known.is_none() {
            for phrase in &phrases {
                let new = self.of_number.len();
                let new = u16::try_from(new).map_err(|_| "there are too many words")?;
                let place = *self.numbers.entry(phrase[0].clone()).or_insert(new);
                if place == new {
                    self.of_number.push(WordCue::default());
                }
                let cue = &mut self.of_number[usize::from(place)];
                cue.begins.insert(number);
                match &phrase[1..] {
                    [] => cue.alone.insert(number),
                    rest => {
                        cue.seconds |= bit(&rest[0]);
                        cue.longer.push((rest.to_vec(), number));
                    }
                }
            }
            self.sets.push(phrases);
        }
        Ok(number)
    }

    /// Every word with its number.
    pub fn words(&self) -> impl Iterator<Item = (&str, u16)> {
        self.numbers.iter().map(|(word, number)| (word.as_str(), *number))
    }

    /// The words behind the first of longer phrases that begin with a word, each with its set.
    pub fn longer(&self, number: u16) -> impl Iterator<Item = (&[String], u16)> {
        self.cue(number).longer.iter().map(|(rest, set)| (&**rest, *set))
    }

    fn of(&self, number: u16) -> &Sets {
        &self.cue(number).begins
    }

    fn cue(&self, number: u16) -> &WordCue {
        &self.of_number[usize::from(number)]
    }

    /// How rare the words of a set are, by their length: the shortest is the most frequent.
    fn rarity(&self, set: u16) -> usize {
        self.sets[usize::from(set)].iter().map(|phrase| phrase[0].len()).min().unwrap_or(0)
    }
}

/// What patterns ask for: what a sentence offers, or what an alternative needs. Most sentences lack
/// what most patterns need, so that one comparison spares the matching.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cues {
    /// One bit for each class of triggers.
    triggers: u32,
    /// One bit for each kind of mention: role, unit, tier, name.
    mentions: u8,
    words: Sets,
}

impl Cues {
    fn needed_by(elements: &[Element]) -> Cues {
        let mut cues = Cues::default();
        for element in elements {
            match element {
                Element::Trigger(class) => cues.triggers |= 1 << *class as u32,
                Element::Slot(_, want) => cues.mentions |= want.mention_bit(),
                Element::Words(set, _) => cues.words.insert(*set),
                _ => {}
            }
        }
        cues
    }

    /// The classes of triggers, by number.
    pub fn triggers(&self) -> impl Iterator<Item = usize> {
        ones(u64::from(self.triggers)).map(usize::from)
    }

    /// Whether a set of words, of some that count, passes a test.
    pub fn any_word_of(&self, counting: &Sets, mut passes: impl FnMut(usize) -> bool) -> bool {
        self.words.0.iter().zip(&counting.0).enumerate().any(|(word, (mine, counting))| {
            ones(mine & counting).any(|bit| passes(word * 64 + usize::from(bit)))
        })
    }

    /// The kinds of mentions, as the number of one of [`MENTIONS_MAX`] combinations.
    pub fn mentions(&self) -> usize {
        usize::from(self.mentions)
    }
}

fn mention_bit(kind: MentionKind) -> u8 {
    match kind {
        MentionKind::Role => 1,
        MentionKind::Unit => 2,
        MentionKind::Tier => 4,
        MentionKind::Name(_) => NAME_BIT,
    }
}

/// What a mention can fill: "board member" is a role by its unit.
fn offered_bits(kind: MentionKind) -> u8 {
    let role = if kind == MentionKind::Unit { mention_bit(MentionKind::Role) } else { 0 };
    mention_bit(kind) | role
}

const NAME_BIT: u8 = 8;

/// So many combinations of kinds of mentions there are.
pub const MENTIONS_MAX: usize = 2 * NAME_BIT as usize;

impl Want {
    /// The mention without which nothing fills the slot; 0 where words alone can.
    fn mention_bit(self) -> u8 {
        match self {
            Want::Role => 1,
            Want::Unit => 2,
            Want::Tier => 4,
            Want::People | Want::SurePeople | Want::Organisations | Want::Names => NAME_BIT,
            Want::Pronoun | Want::Handle | Want::Body | Want::Place => 0,
        }
    }
}

/// A range of tokens that fills a slot. An empty range at the token stands for the document's own
/// body ("the Foundation").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filler {
    /// The slot.
    pub slot: Slot,
    /// Its first token.
    pub start: usize,
    /// The token after its last.
    pub end: usize,
    /// Whether it stands for the document's own body instead of naming one.
    pub own: bool,
}

/// Steps that matching may take for one document. A post of a megabyte takes a tenth of them; a
/// text made to be read in many ways is read in some, and then no further.
const STEPS_MAX: u32 = 4_000_000;

/// Steps that one pattern may take from one token.
const STEPS_PER_START_MAX: u32 = 3_000;

/// The work that matching has left.
#[derive(Debug)]
pub struct Budget {
    steps: Cell<u32>,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { steps: Cell::new(STEPS_MAX) }
    }
}

impl Budget {
    /// Whether nothing is left.
    pub fn is_spent(&self) -> bool {
        self.steps.get() == 0
    }

    /// What one pattern may take from one token.
    fn of_start(&self) -> u32 {
        self.steps.get().min(STEPS_PER_START_MAX)
    }
}

/// One match of a pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    /// The fillers, in order of their places.
    pub fillers: Vec<Filler>,
    /// The first trigger's first token.
    pub trigger: Option<(usize, usize)>,
    /// The first token of the match.
    pub start: usize,
    /// The token after the match.
    pub end: usize,
    /// Steps that the search for it may still take.
    pub steps: u32,
}

/// What matching needs to know of the document.
pub trait Names {
    /// Whether the token is a noun for the document's own body ("foundation", "company").
    fn is_own(&self, parsed: &Parsed, at: usize) -> Option<usize>;
    /// Whether a word in small letters can be somebody's handle.
    fn can_be_handle(&self, word: &str) -> bool;
}

/// A token at which a match may begin, and what it offers.
#[derive(Clone, Copy, Debug)]
struct Start {
    at: usize,
    trigger: Option<TriggerClass>,
    mention: u8,
    words: u16,
}

/// A sentence to match in, with what is known of it.
pub struct Ground<'a> {
    parsed: &'a Parsed<'a>,
    names: &'a dyn Names,
    words: &'a WordCues,
    starts: Vec<Start>,
}

impl Cues {
    /// What a sentence offers.
    pub fn of(parsed: &Parsed, words: &WordCues) -> Cues {
        let mut cues = Cues::default();
        parsed.triggers().for_each(|t| cues.triggers |= 1 << t.class as u32);
        parsed.mentions().for_each(|m| cues.mentions |= offered_bits(m.kind));
        cues.note(parsed.tokens, parsed.all_known(), words);
        cues
    }

    /// Adds the phrases that are a word by itself.
    pub fn add_word(&mut self, number: u16, words: &WordCues) {
        self.words.add(&words.cue(number).alone);
    }

    /// Adds a set of phrases.
    pub fn add_set(&mut self, set: u16) {
        self.words.insert(set);
    }

    /// Adds classes of triggers, one bit each.
    pub fn add_triggers(&mut self, classes: u32) {
        self.triggers |= classes;
    }

    /// Adds a kind of mention.
    pub fn add_mention(&mut self, kind: MentionKind) {
        self.mentions |= offered_bits(kind);
    }

    /// Adds the phrases that stand among tokens.
    pub fn note(&mut self, tokens: &[Token], known: impl Iterator<Item = Known>, words: &WordCues) {
        for (at, known) in known.enumerate().filter(|(_, known)| known.cues != 0) {
            let cue = words.cue(known.cues);
            self.words.add(&cue.alone);
            let second = tokens.get(at + 1).map_or(0, |token| bit(token.lower));
            if cue.seconds & second == 0 {
                continue;
            }
            for (rest, set) in &cue.longer {
                let following = tokens.get(at + 1..at + 1 + rest.len());
                let is_there = |following: &[Token]| {
                    rest.iter().zip(following).all(|(word, token)| *word == token.lower)
                };
                if following.is_some_and(is_there) {
                    self.words.insert(*set);
                }
            }
        }
    }
}

impl<'a> Ground<'a> {
    /// Notes where matches can begin.
    pub fn new(parsed: &'a Parsed<'a>, names: &'a dyn Names, words: &'a WordCues) -> Self {
        let mut starts = Vec::with_capacity(parsed.tokens.len());
        for (at, known) in parsed.all_known().enumerate() {
            let trigger = parsed.trigger(at).map(|t| t.class);
            let mut mention = parsed.mention(at).map_or(0, |m| mention_bit(m.kind));
            if known.class.is(WordClass::SALUTATION) {
                mention |= NAME_BIT;
            }
            if known.cues != 0 || mention != 0 || trigger.is_some() {
                starts.push(Start { at, trigger, mention, words: known.cues });
            }
        }
        Ground { parsed, names, words, starts }
    }

    /// The first match of one of the alternatives that begins at a token or behind it: of those
    /// that begin together, the one that stands first.
    pub fn find(
        &self,
        alternatives: &[&Alternative],
        from: usize,
        budget: &Budget,
    ) -> Option<Match> {
        let mut found = Match::default();
        for start in self.starts.iter().filter(|start| start.at >= from) {
            for alternative in alternatives {
                if self.can_begin(alternative.begins, start)
                    && self.matches(alternative, start.at, budget, &mut found)
                {
                    return Some(found);
                }
            }
        }
        None
    }

    fn can_begin(&self, begins: Begin, start: &Start) -> bool {
        match begins {
            Begin::Trigger(class) => start.trigger == Some(class),
            Begin::Mention(bit) => start.mention & bit != 0,
            Begin::Words(set) => self.words.of(start.words).has(set),
        }
    }

    fn matches(
        &self,
        alternative: &Alternative,
        at: usize,
        budget: &Budget,
        found: &mut Match,
    ) -> bool {
        let steps = budget.of_start();
        found.fillers.clear();
        found.trigger = None;
        (found.start, found.end, found.steps) = (at, at, steps);
        let matched = self.step(&alternative.elements, at, found);
        budget.steps.set(budget.steps.get() - (steps - found.steps));
        matched
    }
}

impl Alternative {
    /// The alternatives of a pattern, those with the optional groups first; the words that it asks
    /// for are noted among the cues.
    ///
    /// # Errors
    /// A message that names the element that is not understood.
    pub fn compile(text: &str, cues: &mut WordCues) -> Result<Vec<Alternative>, String> {
        let mut words = text.split_whitespace().collect::<Vec<_>>().into_iter().peekable();
        let elements = compile_sequence(&mut words, false, cues)?;
        expand(&elements).into_iter().map(|elements| Alternative::of(elements, cues)).collect()
    }

    fn of(elements: Vec<Element>, cues: &mut WordCues) -> Result<Alternative, String> {
        let pronouns = cues.number(PRONOUNS.map(|word| vec![word.to_owned()]).to_vec())?;
        let begins = match elements.first() {
            Some(Element::Trigger(class)) => Begin::Trigger(*class),
            Some(Element::Words(set, _)) => Begin::Words(*set),
            Some(Element::Slot(_, Want::Pronoun)) => Begin::Words(pronouns),
            Some(Element::Slot(_, want)) if want.mention_bit() != 0 => {
                Begin::Mention(want.mention_bit())
            }
            _ => return Err("it must begin with a trigger, words or a mention".into()),
        };
        let mut needs = Cues::needed_by(&elements);
        if elements.iter().any(|e| matches!(e, Element::Slot(_, Want::Pronoun))) {
            needs.words.insert(pronouns);
        }
        Ok(Alternative { elements, begins, needs: Needs::of(&needs)? })
    }

    /// What to look it up by.
    pub fn key(&self, cues: &WordCues) -> Key {
        let trigger = self.elements.iter().find_map(|e| match e {
            Element::Trigger(class) if *class != TriggerClass::Member => Some(*class),
            _ => None,
        });
        let rarest = self.needs.sets().iter().copied().max_by_key(|set| cues.rarity(*set));
        match (trigger, rarest) {
            (Some(class), _) => Key::Trigger(class),
            (None, Some(set)) => Key::Words(set),
            (None, None) if self.needs.triggers != 0 => Key::Trigger(TriggerClass::Member),
            (None, None) => Key::None,
        }
    }

    /// What it needs.
    pub fn needs(&self) -> Needs {
        self.needs
    }
}

/// No alternative asks for more sets of words.
const NEEDED_SETS_MAX: usize = 11;

/// The cues that an alternative needs, to be compared with those of every sentence of every text: in
/// half a line of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Needs {
    triggers: u32,
    mentions: u8,
    /// So many of the sets count.
    asked: u8,
    sets: [u16; NEEDED_SETS_MAX],
}

impl Needs {
    fn of(cues: &Cues) -> Result<Needs, String> {
        let Cues { triggers, mentions, words } = *cues;
        let mut needs = Needs { triggers, mentions, asked: 0, sets: [0; NEEDED_SETS_MAX] };
        for set in words.numbers() {
            let place = needs.sets.get_mut(usize::from(needs.asked)).ok_or_else(|| {
                format!("a pattern asks for more than {NEEDED_SETS_MAX} sets of words")
            })?;
            *place = set;
            needs.asked += 1;
        }
        Ok(needs)
    }

    fn sets(&self) -> &[u16] {
        &self.sets[..usize::from(self.asked)]
    }

    /// Whether a sentence with this combination of kinds of mentions has those that are needed.
    pub fn allow_mentions(&self, mentions: usize) -> bool {
        mentions & usize::from(self.mentions) == usize::from(self.mentions)
    }

    /// Whether a sentence with these cues has them.
    pub fn are_met(&self, cues: &Cues) -> bool {
        cues.triggers & self.triggers == self.triggers
            && cues.mentions & self.mentions == self.mentions
            && self.sets().iter().all(|set| cues.words.has(*set))
    }
}

/// A sequence without its optional groups: every choice of them, the fuller ones first.
fn expand(elements: &[Element]) -> Vec<Vec<Element>> {
    let Some((first, rest)) = elements.split_first() else { return vec![Vec::new()] };
    let tails = expand(rest);
    let with = |head: &[Element]| {
        tails.iter().map(|tail| head.iter().chain(tail).cloned().collect()).collect::<Vec<_>>()
    };
    match first {
        Element::Optional(group) => {
            let mut all: Vec<Vec<Element>> =
                expand(group).iter().flat_map(|head| with(head)).collect();
            all.extend(tails.clone());
            all
        }
        other => with(std::slice::from_ref(other)),
    }
}

fn compile_sequence<'a>(
    words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
    inside: bool,
    cues: &mut WordCues,
) -> Result<Vec<Element>, String> {
    let mut elements = Vec::new();
    while let Some(word) = words.next() {
        let element = match word {
            "(" => Element::Optional(compile_sequence(words, true, cues)?),
            ")?" if inside => return Ok(elements),
            "%app" => Element::Apposition,
            "%aux" => Element::Auxiliaries,
            "%det" => Element::Determiners,
            _ if word.starts_with('[') => {
                let mut whole = word.to_owned();
                while !whole.ends_with(']') {
                    whole.push(' ');
                    whole.push_str(words.next().ok_or_else(|| format!("`{whole}` is not closed"))?);
                }
                let phrases = whole[1..whole.len() - 1].split('|').map(lower_words);
                choice(phrases.collect(), cues)?
            }
            _ if word.starts_with('@') => Element::Trigger(trigger_class(&word[1..])?),
            _ if word.starts_with('{') => slot(word)?,
            _ if word.starts_with('~') => {
                Element::Gap(word[1..].parse().map_err(|_| format!("`{word}` is no gap"))?)
            }
            _ => choice(vec![vec![word.to_owned()]], cues)?,
        };
        elements.push(element);
    }
    if inside { Err("a group is not closed".into()) } else { Ok(elements) }
}

/// One of some phrases.
fn choice(phrases: Vec<Vec<String>>, cues: &mut WordCues) -> Result<Element, String> {
    Ok(Element::Words(cues.number(phrases.clone())?, phrases))
}

fn trigger_class(name: &str) -> Result<TriggerClass, String> {
    serde_json::from_value(name.into()).map_err(|_| format!("`@{name}` is no class of triggers"))
}

fn slot(word: &str) -> Result<Element, String> {
    let inner = word.trim_start_matches('{').trim_end_matches('}');
    let (slot, want) = inner.split_once(':').ok_or_else(|| format!("`{word}` has no type"))?;
    let slot = match slot {
        "s" => Slot::Subject,
        "o" => Slot::Other,
        "b" => Slot::Body,
        "u" => Slot::Unit,
        "r" => Slot::Role,
        "t" => Slot::Tier,
        _ => return Err(format!("`{word}`: no such slot")),
    };
    let want = match want {
        "people" => Want::People,
        "person!" => Want::SurePeople,
        "he" => Want::Pronoun,
        "handle" => Want::Handle,
        "orgs" => Want::Organisations,
        "names" => Want::Names,
        "body" => Want::Body,
        "place" => Want::Place,
        "role" => Want::Role,
        "unit" => Want::Unit,
        "tier" => Want::Tier,
        _ => return Err(format!("`{word}`: no such type")),
    };
    Ok(Element::Slot(slot, want))
}

impl Ground<'_> {
    /// Matches the elements from `at` on; on success `found` holds the match.
    fn step(&self, elements: &[Element], at: usize, found: &mut Match) -> bool {
        let parsed = self.parsed;
        let Some((first, rest)) = elements.split_first() else {
            found.end = at;
            return true;
        };
        if found.steps == 0 {
            return false;
        }
        found.steps -= 1;
        match first {
            Element::Words(set, phrases) => {
                self.words.of(parsed.known(at).cues).has(*set)
                    && phrases.iter().any(|phrase| {
                        phrase.iter().enumerate().all(|(i, word)| parsed.lower(at + i) == word)
                            && self.step(rest, at + phrase.len(), found)
                    })
            }
            Element::Trigger(class) => {
                let trigger = parsed.trigger(at).filter(|t| t.class == *class);
                let Some(trigger) = trigger else { return false };
                let before = found.trigger;
                found.trigger = found.trigger.or(Some((trigger.start, trigger.end)));
                let matched = self.step(rest, trigger.end, found);
                if !matched {
                    found.trigger = before;
                }
                matched
            }
            Element::Slot(slot, want) => self.fill(*slot, *want, rest, at, found),
            Element::Apposition => self.apposition(rest, at, found),
            Element::Auxiliaries => self.step(rest, skip_auxiliaries(parsed, at), found),
            Element::Determiners => self.step(rest, skip_determiners(parsed, at), found),
            Element::Gap(most) => self.gap(*most, rest, at, found),
            // Compiling has expanded them.
            Element::Optional(_) => false,
        }
    }

    fn gap(&self, most: usize, rest: &[Element], from: usize, found: &mut Match) -> bool {
        let parsed = self.parsed;
        for at in from..=from + most {
            if self.step(rest, at, found) {
                return true;
            }
            let barrier = at >= parsed.tokens.len()
                || parsed.is(at, WordClass::BARRIER) && !is_stop_of_short(parsed, at)
                || parsed.trigger(at).is_some_and(|t| t.class != TriggerClass::Member);
            if barrier {
                return false;
            }
        }
        false
    }

    /// Goes on at once, or behind an apposition that begins at `at`, the nearest end first.
    fn apposition(&self, rest: &[Element], at: usize, found: &mut Match) -> bool {
        let parsed = self.parsed;
        if self.step(rest, at, found) {
            return true;
        }
        let employer = skip_employer(parsed, at);
        if employer > at && self.step(rest, employer, found) {
            return true;
        }
        let bracket = skip_bracket(parsed, employer);
        if bracket > employer && self.step(rest, bracket, found) {
            return true;
        }
        // "Mei Tanaka, MD, to succeed …": the comma that closes the degrees.
        let closed = bracket > employer && parsed.lower(bracket) == ",";
        if closed && self.step(rest, bracket + 1, found) {
            return true;
        }
        if !matches!(parsed.lower(bracket), "," | "–" | "—") {
            return false;
        }
        let opened = bracket + 1;
        // "Ana Castellan, who …", "Ana Castellan, will …": a comma that nothing closes.
        let auxiliary = matches!(parsed.lower(opened), "will" | "has" | "have" | "is" | "was");
        let goes_on = auxiliary
            || matches!(parsed.lower(opened), "who" | "chose" | "decided")
            || parsed.trigger(opened).is_some();
        if goes_on && self.step(rest, opened, found) {
            return true;
        }
        // "Ana Castellan, and we thank …", "Ana Castellan, has left …, and the board has …": the clause goes
        // on, and what comes has a subject of its own.
        if auxiliary || matches!(parsed.lower(opened), "and" | "but" | "while") {
            return false;
        }
        let mut reported = false;
        let relative = matches!(parsed.lower(opened), "which" | "who" | "whose");
        for i in opened..(opened + APPOSITION_TOKENS_MAX).min(parsed.tokens.len()) {
            let word = parsed.lower(i);
            // "…, said that Ana has left": what follows "that" has a subject of its own.
            reported |= word == "that"
                || matches!(word, "and" | "but" | "while") && parsed.lower(i - 1) == ",";
            // "The Harbor Foundation, part of …, announced that Quill Data, …, has joined".
            let announces = matches!(parsed.lower(i - 1), "announced" | "announces");
            if word == "that" && announces && !relative {
                return false;
            }
            // "Acme, a sponsor since 2015 has renewed": the second comma is often forgotten.
            let end = match word {
                "," | "–" | "—" => Some(i + 1),
                "has" | "have" | "will" if i > opened && !reported => Some(i),
                _ => None,
            };
            if end.is_some_and(|end| self.step(rest, end, found)) {
                return true;
            }
            if matches!(word, ";" | "!" | "?") {
                break;
            }
        }
        false
    }

    fn fill(&self, slot: Slot, want: Want, rest: &[Element], at: usize, found: &mut Match) -> bool {
        let parsed = self.parsed;
        let depth = found.fillers.len();
        let first = found.start == at
            || want == Want::People && matches!(parsed.lower(at.wrapping_sub(1)), "a" | "an");
        if slot == Slot::Subject && first && follows_preposition(parsed, want, at) {
            return false;
        }
        if let Some(end) = self.fillers_at(slot, want, at, &mut found.fillers) {
            // "joins Tidewater's legal community": what is joined stands behind the possessive.
            let owns = slot == Slot::Body && rest.is_empty() && parsed.lower(end) == "'s";
            if !owns && self.step(rest, end, found) {
                return true;
            }
            // "Quill Data, Kestrel Systems and Coolant Inc. are …".
            if is_stop_of_short(parsed, end) && self.step(rest, end + 1, found) {
                return true;
            }
            // "With Quill Data, the Harbor Foundation gains …": no list of two.
            let alone = found.fillers.get(depth).copied();
            let several =
                found.fillers.len() > depth + 1 && matches!(rest.first(), Some(Element::Words(..)));
            if let Some(alone) = alone.filter(|f| several && parsed.lower(f.end) == ",") {
                found.fillers.truncate(depth + 1);
                if self.step(rest, alone.end, found) {
                    return true;
                }
            }
        }
        found.fillers.truncate(depth);
        false
    }

    /// Adds what fills the slot at a token, and says where it ends. What was added where nothing
    /// fills it, the caller takes away.
    fn fillers_at(
        &self,
        slot: Slot,
        want: Want,
        at: usize,
        fillers: &mut Vec<Filler>,
    ) -> Option<usize> {
        let (parsed, names) = (self.parsed, self.names);
        let mut add = |start, end, own| fillers.push(Filler { slot, start, end, own });
        let mention = parsed.mention(at);
        let end = match want {
            Want::Role | Want::Unit | Want::Tier => {
                let fits = |m: &Mention| mention_bit(m.kind) == want.mention_bit();
                // "as board member" names a role by its unit.
                let seat = mention.filter(|m| {
                    want == Want::Role
                        && m.kind == MentionKind::Unit
                        && matches!(parsed.lower(m.end), "member" | "members")
                });
                mention.filter(fits).map(|m| m.end).or_else(|| Some(seat?.end + 1))?
            }
            Want::Body | Want::Place => {
                // "the Bank" is the document's own, not a bank of that name.
                let own = names.is_own(parsed, at);
                let named = mention.filter(|m| own != Some(m.end) && is_place(parsed, *m, want));
                add(at, named.map_or(own, |m| Some(m.end))?, named.is_none());
                return named.map_or(own, |m| Some(m.end));
            }
            Want::Pronoun => {
                let said = PRONOUNS.contains(&parsed.lower(at)) && parsed.antecedent.is_some();
                said.then_some(at + 1)?
            }
            Want::Handle => {
                let word = parsed.tokens.get(at)?;
                let fits = word.kind == TokenKind::Word
                    && mention.is_none()
                    && parsed.trigger(at).is_none()
                    && word.lower.len() > 3
                    && names.can_be_handle(word.lower);
                fits.then_some(at + 1)?
            }
            Want::People | Want::SurePeople | Want::Organisations | Want::Names => {
                return each_name(parsed, want, at, &mut |m| add(m.start, m.end, false));
            }
        };
        add(at, end, false);
        Some(end)
    }
}

/// Whether a name can be the body of a slot.
fn is_place(parsed: &Parsed, mention: Mention, want: Want) -> bool {
    let MentionKind::Name(kind) = mention.kind else { return false };
    let fits = if want == Want::Body { kind.body } else { !kind.surely_person };
    // "The Summit Trust" is no summit.
    let headed = parsed.is(mention.end - 1, WordClass::BODY_HEAD);
    fits && (headed || !is_event(parsed.slice(mention.start, mention.end)))
}

/// A description of one person in a list has no more tokens.
const DESCRIPTION_TOKENS_MAX: usize = 18;

/// "Ana Castellan, head of storage at Acme, and Tom Okafor …", "Ana Castellan of Acme and Tom …":
/// the next person of a list whose people are described.
fn person_behind_description(parsed: &Parsed, end: usize) -> Option<Mention> {
    let described = matches!(parsed.lower(end), "," | "of" | "from" | "at" | "(" | "–" | "—");
    if !described {
        return None;
    }
    let person = |at: usize| {
        let at = skip_honorific(parsed, at);
        parsed.mention(at).filter(|m| m.name_type().surely_person && m.end - m.start > 1)
    };
    let limit = (end + DESCRIPTION_TOKENS_MAX).min(parsed.tokens.len());
    let mut open = 0_usize;
    for at in end..limit {
        match parsed.lower(at) {
            "(" => open += 1,
            ")" => open = open.saturating_sub(1),
            "," | ";" | "and" | "&" if open == 0 => {
                let mut next = at + 1;
                while matches!(parsed.lower(next), "," | "and" | "&" | "also") {
                    next += 1;
                }
                if let Some(found) = person(next) {
                    return Some(found);
                }
            }
            _ if parsed.trigger(at).is_some_and(|t| t.class != TriggerClass::Member)
                || parsed.is(at, WordClass::AUXILIARY)
                || matches!(
                    parsed.lower(at),
                    "who" | "which" | "that" | "said" | "to" | "." | ":"
                ) =>
            {
                // "M.D." and initials end with a stop, too.
                let degree = parsed.lower(at) == "."
                    && parsed.lower(at - 1).len() <= 4
                    && matches!(parsed.lower(at + 1), "," | "and" | ";");
                if !degree {
                    return None;
                }
            }
            _ => {}
        }
    }
    None
}

/// "…, head of storage at Acme, has joined": Acme is not who joins. Nor is the last of a list of
/// people an organisation.
fn follows_preposition(parsed: &Parsed, want: Want, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let of_somebody = matches!(parsed.lower(before), "at" | "of" | "from" | "with" | "by");
    let beside_person = matches!(want, Want::Organisations | Want::Names)
        && matches!(parsed.lower(before), "," | "and")
        && parsed
            .mentions()
            .rev()
            .filter(|m| m.end <= before && matches!(m.kind, MentionKind::Name(_)))
            .take(2)
            .any(|m| {
                let kind = m.name_type();
                let close = skip_bracket(parsed, m.end) + 1 >= before;
                close && kind.surely_person
            });
    // "named an Acme Partner": an award, and no person.
    let awarded = want == Want::People && matches!(parsed.lower(before), "a" | "an");
    of_somebody || beside_person || awarded
}

/// Names of conferences and fairs: taking part in one is no membership.
pub fn is_event(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.split(' ').map(|w| w.trim_end_matches(|c: char| c.is_ascii_digit())).any(|w| {
        matches!(
            w,
            "conference"
                | "summit"
                | "show"
                | "expo"
                | "hackathon"
                | "webinar"
                | "day"
                | "days"
                | "week"
                | "congress"
                | "festival"
                | "fest"
                | "event"
                | "meetup"
        ) || w.len() > 6
            && (w.ends_with("fest")
                || w.ends_with("days")
                || w.ends_with("conf")
                || w.ends_with("con") && w != "silicon")
    })
}

/// "A, B (C), and D": the names that fit, and where the list ends.
pub fn names_list(parsed: &Parsed, want: Want, at: usize) -> Option<(Vec<Mention>, usize)> {
    let mut found = Vec::new();
    let end = each_name(parsed, want, at, &mut |mention| found.push(mention))?;
    Some((found, end))
}

/// Hands over the names of a list one by one; `None` at the end where they do not fit together.
fn each_name(
    parsed: &Parsed,
    want: Want,
    at: usize,
    take: &mut dyn FnMut(Mention),
) -> Option<usize> {
    let fits = |mention: Mention| {
        let MentionKind::Name(_) = mention.kind else { return false };
        let kind = mention.name_type();
        match want {
            Want::People | Want::SurePeople => {
                let lone = kind.lone && stands_alone(parsed, mention);
                let nameable = !kind.organisation || kind.shouted && lone;
                kind.surely_person
                    || (kind.person || lone)
                        && nameable
                        && !kind.body
                        && !is_title(parsed, mention)
                        && !is_field(parsed, mention)
            }
            Want::Organisations => {
                let given_name = kind.person && kind.lone;
                let project = kind.project && !kind.organisation;
                !kind.surely_person && !given_name && !project
            }
            _ => true,
        }
    };
    let honorific_end = skip_honorific(parsed, at);
    let first = parsed.mention(honorific_end).filter(|m| fits(*m))?;
    // One sure name vouches for the unusual ones beside it.
    let (mut sure, mut shouted) = (false, false);
    let mut hand_over = |mention: Mention| {
        sure |= mention.name_type().surely_person;
        shouted |= mention.name_type().shouted;
        take(mention);
    };
    hand_over(first);
    let mut end = first.end;
    for _ in 1..NAMES_MAX {
        let people = matches!(want, Want::People | Want::SurePeople);
        let described = || people.then(|| person_behind_description(parsed, end)).flatten();
        let mut after = skip_bracket(parsed, end);
        // "Quill Data Inc., Kestrel Systems"
        if parsed.lower(after) == "." && matches!(parsed.lower(after + 1), "," | "and") {
            after += 1;
        }
        let mut next = after;
        if matches!(parsed.lower(next), "," | "·" | "•" | "|") || ends_part(parsed, next) {
            next += 1;
        }
        if matches!(parsed.lower(next), "and" | "&" | "plus")
            || parsed.lower(next) == "as" && parsed.lower(next + 1) == "well"
        {
            next += if parsed.lower(next) == "as" { 3 } else { 1 };
        }
        let separated = next > after;
        next = skip_honorific(parsed, next);
        if parsed.lower(next) == "the" && !matches!(want, Want::People | Want::SurePeople) {
            next += 1;
        }
        // "Our sponsors Quill Data, Priya Raman and Granite Bank": people pass in a list of
        // organisations.
        let passes =
            |m: Mention| want == Want::Organisations && m.name_type().surely_person || fits(m);
        let plain = parsed.mention(next).filter(|m| separated && passes(*m));
        let Some(mention) = plain.or_else(described) else {
            break;
        };
        hand_over(mention);
        end = mention.end;
    }
    let vouched = match want {
        Want::SurePeople => sure,
        Want::People => !shouted || sure,
        _ => true,
    };
    vouched.then_some(end)
}

/// "Quill Data; Kestrel Systems": a semicolon between two names, and not two clauses.
fn ends_part(parsed: &Parsed, at: usize) -> bool {
    parsed.lower(at) == ";"
        && parsed.mention(at + 1).is_some_and(|name| {
            let after = skip_bracket(parsed, name.end);
            after >= parsed.tokens.len() || matches!(parsed.lower(after), ";" | "," | "and" | ".")
        })
}

/// "Acme Store Head Ana Castellan": what stands before the role is her employer.
fn is_title(parsed: &Parsed, mention: Mention) -> bool {
    let at = |at: usize| parsed.mention(at);
    at(mention.end).is_some_and(|role| {
        role.kind == MentionKind::Role
            && at(role.end).is_some_and(|name| matches!(name.kind, MentionKind::Name(_)))
    })
}

/// "promoted to Vice President, Retail Lending Officer": a field of work behind another title.
fn is_field(parsed: &Parsed, mention: Mention) -> bool {
    let role = |at: usize| parsed.mention(at).is_some_and(|m| m.kind == MentionKind::Role);
    let titled = mention.start >= 2
        && parsed.lower(mention.start - 1) == ","
        && parsed.mentions().any(|m| m.kind == MentionKind::Role && m.end == mention.start - 1);
    titled && role(mention.end)
}

/// Whether one word stands where only a whole name can: "…, Yarrow and Wren joined the board".
fn stands_alone(parsed: &Parsed, mention: Mention) -> bool {
    let before = mention.start.checked_sub(1);
    let opens = before.is_none_or(|b| {
        matches!(parsed.lower(b), "," | "and" | "&" | ":" | "that" | "–" | "—")
            || parsed.lower(b) == "to"
                && b.checked_sub(1).is_some_and(|c| parsed.lower(c).starts_with("congrat"))
            || (0..=b).any(|t| {
                parsed
                    .trigger(t)
                    .is_some_and(|t| t.class == TriggerClass::Welcome && t.end == mention.start)
            })
    });
    let goes_on = parsed.mention(mention.end).is_some()
        || parsed.tokens.get(mention.end).is_some_and(|t| t.capital)
        || parsed.lower(mention.end) == "'s";
    opens && !goes_on
}

/// Words before the name of a person that are no part of it.
pub const SALUTATIONS: &[&str] = &[
    "dr",
    "mr",
    "mrs",
    "ms",
    "mx",
    "prof",
    "professor",
    "sir",
    "dame",
    "amb",
    "smt",
    "shri",
    "captain",
    "colonel",
    "rabbi",
    "rev",
    "hon",
    "judge",
    "capt",
];

/// Words and marks over which no gap reaches.
pub const BARRIERS: &[&str] = &[";", ".", "!", "?", "by", "where", "which"];

fn skip_honorific(parsed: &Parsed, at: usize) -> usize {
    let mut at = at;
    while parsed.is(at, WordClass::SALUTATION) {
        at += 1;
        if parsed.lower(at) == "." {
            at += 1;
        }
        // "Dr.-Ing."
        if parsed.lower(at) == "-" && parsed.lower(at + 1) == "ing" {
            at += 2 + usize::from(parsed.lower(at + 2) == ".");
        }
    }
    at
}

/// The token after what may stand behind a name: the stop of "Inc.", degrees, brackets; `at` where
/// nothing of it does.
pub fn skip_bracket(parsed: &Parsed, at: usize) -> usize {
    let shortened = is_stop_of_short(parsed, at) || is_star(parsed, at);
    let degrees = skip_degrees(parsed, at);
    if shortened || degrees > at {
        return skip_bracket(parsed, degrees.max(at + usize::from(shortened)));
    }
    if parsed.lower(at) != "(" && parsed.lower(at) != "[" {
        return at;
    }
    (at + 1..(at + APPOSITION_TOKENS_MAX).min(parsed.tokens.len()))
        .find(|i| matches!(parsed.lower(*i), ")" | "]"))
        .map_or(at, |close| skip_bracket(parsed, close + 1))
}

/// "Ana Castellan*; Tom Okafor": a star that points to a note.
fn is_star(parsed: &Parsed, at: usize) -> bool {
    parsed.lower(at) == "*"
        && at.checked_sub(1).is_some_and(|b| {
            parsed.tokens[b].span.end == parsed.tokens[at].span.start && parsed.tokens[b].capital
        })
}

/// "Kestrel Systems Inc. has joined", "Tom Okafor Jr. steps down": a stop that ends no sentence.
fn is_stop_of_short(parsed: &Parsed, at: usize) -> bool {
    parsed.lower(at) == "."
        && at + 1 < parsed.tokens.len()
        && at.checked_sub(1).is_some_and(|b| {
            parsed.tokens[b].capital
                && parsed.tokens[b].span.end == parsed.tokens[at].span.start
                && is_abbreviation(parsed.lower(b))
        })
}

/// Where the degrees end that stand behind a comma: "Mei Tanaka, MD, MPH was elected".
fn skip_degrees(parsed: &Parsed, at: usize) -> usize {
    let is_degree = |at: usize| {
        parsed.tokens.get(at).is_some_and(|t| t.capital) && DEGREES.contains(&parsed.lower(at))
    };
    let mut end = at;
    while parsed.lower(end) == "," && is_degree(end + 1) {
        end += 2;
        // "Ph.D."
        end += usize::from(parsed.lower(end) == "." && parsed.lower(end - 1).contains('.'));
    }
    end
}

/// Degrees, licences and the like that stand behind people's names.
const DEGREES: &[&str] = &[
    "phd", "ph.d", "md", "m.d", "mph", "mba", "cpa", "cfa", "esq", "jd", "j.d", "rn", "msc",
    "m.sc", "bsc", "b.sc", "obe", "mbe", "cbe", "frs", "pe", "p.e", "facs", "facp", "dds", "dvm",
    "pharmd", "dnp", "msn", "bsn", "llm", "ll.m", "cissp", "pmp", "jr", "sr", "ii", "iii", "iv",
    "fache", "edd", "ed.d", "dba", "psyd", "cfp", "aia", "faia",
];

/// Words between a subject and its verb.
pub const AUXILIARIES: &[&str] = &[
    "'ll",
    "'s",
    "again",
    "agreed",
    "all",
    "also",
    "announced",
    "are",
    "be",
    "been",
    "being",
    "both",
    "chosen",
    "decided",
    "delighted",
    "excited",
    "formally",
    "going",
    "graciously",
    "had",
    "happy",
    "has",
    "have",
    "honored",
    "honoured",
    "is",
    "it",
    "joyfully",
    "just",
    "kindly",
    "newly",
    "next",
    "now",
    "officially",
    "once",
    "pleased",
    "proud",
    "proudly",
    "recently",
    "s",
    "since",
    "since_then",
    "soon",
    "successfully",
    "that",
    "themselves",
    "then",
    "therefore",
    "they",
    "thrilled",
    "to",
    "today",
    "today’s",
    "unanimously",
    "was",
    "we",
    "were",
    "who",
    "will",
    "’ll",
];

/// "Ana Castellan of Quill Data has …": where the employer behind a name ends, else `at`.
pub fn skip_employer(parsed: &Parsed, at: usize) -> usize {
    if !matches!(parsed.lower(at), "of" | "from" | "at" | "with") {
        return at;
    }
    // Of people only: "the Harbor Institute at the University of Tidewater" is one name.
    let behind_person = parsed.mentions().take_while(|m| m.end <= at).any(|m| {
        let kind = m.name_type();
        m.end == at && (kind.surely_person || kind.person && !kind.lone && !kind.organisation)
    });
    if !behind_person {
        return at;
    }
    let employer = parsed
        .mention_behind_article(at + 1)
        .filter(|m| matches!(m.kind, MentionKind::Name(_)) && !m.name_type().surely_person);
    employer.map_or(at, |m| m.end)
}

/// Where auxiliaries and adverbs end.
fn skip_auxiliaries(parsed: &Parsed, at: usize) -> usize {
    let mut at = at;
    while at < parsed.tokens.len() && parsed.trigger(at).is_none() {
        // "is (re-)joining"
        let bracket = skip_bracket(parsed, at);
        if bracket > at && bracket <= at + 5 {
            at = bracket;
            continue;
        }
        let word = parsed.lower(at);
        let adverb = word.ends_with("ly") && word.len() > 4;
        if !(adverb || parsed.is(at, WordClass::AUXILIARY)) {
            break;
        }
        at += 1;
    }
    at
}

/// Words before a name or a role that say which one it is.
pub const DETERMINERS: &[&str] = &[
    "the",
    "a",
    "an",
    "our",
    "its",
    "their",
    "his",
    "her",
    "this",
    "new",
    "newest",
    "latest",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "next",
    "as",
    "to",
    "'s",
    "official",
    "newly",
    "another",
    "additional",
    "inaugural",
    "permanent",
    "of",
    "full-time",
    "prestigious",
    "existing",
    "my",
];

fn skip_determiners(parsed: &Parsed, at: usize) -> usize {
    let mut at = at;
    while parsed.is(at, WordClass::DETERMINER) && parsed.mention(at).is_none() {
        at += 1;
    }
    at
}
