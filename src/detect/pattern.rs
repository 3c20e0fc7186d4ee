//! The small language in which constructions are written: a regular expression over tokens and
//! mentions instead of characters.
//!
//! | element | matches |
//! | --- | --- |
//! | `word` | the token, lower case |
//! | `[a\|b\|two words]` | one of the phrases |
//! | `@join` | a trigger of the class |
//! | `{s:orgs}` | a mention into a slot; see [`Want`] |
//! | `%app` | nothing, or an apposition: `( … )` or `, … ,` |
//! | `%aux` | auxiliaries and adverbs: "has recently", "is also" |
//! | `%det` | articles and possessives |
//! | `~3` | up to three tokens, not across a semicolon or another trigger |
//! | `( … )?` | the group or nothing |
//!
//! Matching backtracks; sentences are bounded (`text::sentences`), and so are gaps.

use std::cell::Cell;

use super::lexicon::TriggerClass;
use super::mention::{Mention, MentionKind, Parsed};
use crate::text::TokenKind;

/// An apposition has no more tokens.
const APPOSITION_TOKENS_MAX: usize = 45;
/// A list of names has no more members.
const NAMES_MAX: usize = 60;

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
    Words(Vec<Vec<String>>),
    Trigger(TriggerClass),
    Slot(Slot, Want),
    Apposition,
    Auxiliaries,
    Determiners,
    Gap(usize),
    Optional(Vec<Element>),
}

/// A compiled pattern: its alternatives, those with the optional groups first.
#[derive(Clone, Debug)]
pub struct Pattern {
    alternatives: Vec<Alternative>,
}

/// A pattern without optional groups, and what a sentence must hold for it to match at all.
#[derive(Clone, Debug)]
struct Alternative {
    elements: Vec<Element>,
    needs: Cues,
    /// Of each set one word must stand in the sentence.
    words: Vec<WordBits>,
}

/// A set of words as 128 bits, one a word, several words a bit: what it lacks is surely missing.
type WordBits = u128;

fn word_bit(word: &str) -> WordBits {
    use std::hash::BuildHasher as _;
    1 << (rustc_hash::FxBuildHasher.hash_one(word) % 128)
}

/// Words that patterns ask for, as a set of bits: a sentence's, or those that an alternative needs.
/// Most sentences lack what most patterns need, so that one comparison spares the matching.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cues {
    /// One bit for each class of triggers.
    triggers: u32,
    /// One bit for each set of mentions: role, unit, tier, name.
    mentions: u8,
    /// The words of a sentence; an alternative keeps its own apart.
    words: WordBits,
}

impl Cues {
    /// What a sentence offers.
    pub fn of(parsed: &Parsed) -> Cues {
        let mut cues = Cues::default();
        for trigger in parsed.trigger_at.iter().flatten() {
            cues.triggers |= 1 << trigger.class as u32;
        }
        for mention in parsed.mentions() {
            cues.mentions |= mention_bit(mention.kind);
        }
        cues.words = parsed.tokens.iter().fold(0, |bits, t| bits | word_bit(&t.lower));
        cues
    }

    fn offers(self, alternative: &Alternative) -> bool {
        let needs = alternative.needs;
        self.triggers & needs.triggers == needs.triggers
            && self.mentions & needs.mentions == needs.mentions
            && alternative.words.iter().all(|any| self.words & any != 0)
    }

    fn needed_by(elements: &[Element]) -> Cues {
        let mut cues = Cues::default();
        for element in elements {
            match element {
                Element::Trigger(class) => cues.triggers |= 1 << *class as u32,
                Element::Slot(_, want) => cues.mentions |= want.mention_bit(),
                _ => {}
            }
        }
        cues
    }
}

/// For each choice of phrases the bits of their first words.
fn needed_words(elements: &[Element]) -> Vec<WordBits> {
    let bits = |phrases: &Vec<Vec<String>>| {
        phrases.iter().filter_map(|p| p.first()).fold(0, |bits, word| bits | word_bit(word))
    };
    elements
        .iter()
        .filter_map(|e| if let Element::Words(phrases) = e { Some(bits(phrases)) } else { None })
        .collect()
}

fn mention_bit(kind: MentionKind) -> u8 {
    match kind {
        MentionKind::Role => 1,
        MentionKind::Unit => 2,
        MentionKind::Tier => 4,
        MentionKind::Name(_) => 8,
    }
}

impl Want {
    /// The mention without which nothing fills the slot; 0 where words alone can.
    fn mention_bit(self) -> u8 {
        match self {
            Want::Role => 1,
            Want::Unit => 2,
            Want::Tier => 4,
            Want::People | Want::SurePeople | Want::Organisations | Want::Names => 8,
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

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A message that names the element that is not understood.
    pub fn compile(text: &str) -> Result<Pattern, String> {
        let mut words = text.split_whitespace().collect::<Vec<_>>().into_iter().peekable();
        let elements = compile_sequence(&mut words, false)?;
        let alternatives = expand(&elements)
            .into_iter()
            .map(|elements| Alternative {
                needs: Cues::needed_by(&elements),
                words: needed_words(&elements),
                elements,
            })
            .collect();
        Ok(Pattern { alternatives })
    }

    /// What of the pattern a sentence with these cues can match at all.
    pub fn possible(&self, cues: Cues) -> impl Iterator<Item = Possible<'_>> {
        self.alternatives.iter().filter(move |a| cues.offers(a)).map(|a| Possible(&a.elements))
    }
}

/// A pattern, as far as a sentence can match it.
#[derive(Clone, Copy, Debug)]
pub struct Possible<'a>(&'a [Element]);

impl Possible<'_> {
    /// The match that begins at a token, if there is one.
    pub fn match_at(
        self,
        parsed: &Parsed,
        names: &dyn Names,
        at: usize,
        budget: &Budget,
    ) -> Option<Match> {
        if !can_begin(self.0.first()?, parsed, at) {
            return None;
        }
        let steps = budget.of_start();
        let mut found = Match { start: at, end: at, steps, ..Match::default() };
        let matched = step(self.0, parsed, names, at, &mut found);
        budget.steps.set(budget.steps.get() - (steps - found.steps));
        matched.then_some(found)
    }
}

/// Whether the first element can match at a token, by a look at the token alone.
fn can_begin(first: &Element, parsed: &Parsed, at: usize) -> bool {
    match first {
        Element::Trigger(class) => parsed.trigger_at[at].is_some_and(|t| t.class == *class),
        Element::Slot(_, Want::People | Want::SurePeople | Want::Organisations | Want::Names) => {
            parsed.mention_at[at].is_some() || is_honorific(parsed.lower(at))
        }
        Element::Slot(_, Want::Role | Want::Unit | Want::Tier) => parsed.mention_at[at].is_some(),
        Element::Slot(_, Want::Pronoun) => matches!(parsed.lower(at), "he" | "she"),
        Element::Words(phrases) => {
            phrases.iter().any(|phrase| phrase.first().is_some_and(|w| parsed.lower(at) == w))
        }
        _ => true,
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
) -> Result<Vec<Element>, String> {
    let mut elements = Vec::new();
    while let Some(word) = words.next() {
        let element = match word {
            "(" => Element::Optional(compile_sequence(words, true)?),
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
                let phrases = whole[1..whole.len() - 1].split('|');
                Element::Words(
                    phrases
                        .map(|p| {
                            crate::text::tokens(p)
                                .into_iter()
                                .map(|t| t.lower.to_string())
                                .collect()
                        })
                        .collect(),
                )
            }
            _ if word.starts_with('@') => Element::Trigger(trigger_class(&word[1..])?),
            _ if word.starts_with('{') => slot(word)?,
            _ if word.starts_with('~') => {
                Element::Gap(word[1..].parse().map_err(|_| format!("`{word}` is no gap"))?)
            }
            _ => Element::Words(vec![vec![word.to_owned()]]),
        };
        elements.push(element);
    }
    if inside { Err("a group is not closed".into()) } else { Ok(elements) }
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

/// Matches the elements from `at` on; on success `found` holds the match.
fn step(
    elements: &[Element],
    parsed: &Parsed,
    names: &dyn Names,
    at: usize,
    found: &mut Match,
) -> bool {
    let Some((first, rest)) = elements.split_first() else {
        found.end = at;
        return true;
    };
    if found.steps == 0 {
        return false;
    }
    found.steps -= 1;
    match first {
        Element::Words(phrases) => phrases.iter().any(|phrase| {
            phrase.iter().enumerate().all(|(i, word)| parsed.lower(at + i) == word)
                && step(rest, parsed, names, at + phrase.len(), found)
        }),
        Element::Trigger(class) => {
            let trigger =
                parsed.trigger_at.get(at).copied().flatten().filter(|t| t.class == *class);
            let Some(trigger) = trigger else { return false };
            let before = found.trigger;
            found.trigger = found.trigger.or(Some((trigger.start, trigger.end)));
            let matched = step(rest, parsed, names, trigger.end, found);
            if !matched {
                found.trigger = before;
            }
            matched
        }
        Element::Slot(slot, want) => fill(*slot, *want, rest, parsed, names, at, found),
        Element::Apposition => {
            appositions(parsed, at).into_iter().any(|end| step(rest, parsed, names, end, found))
        }
        Element::Auxiliaries => step(rest, parsed, names, skip_auxiliaries(parsed, at), found),
        Element::Determiners => step(rest, parsed, names, skip_determiners(parsed, at), found),
        Element::Gap(most) => {
            for skipped in 0..=*most {
                if step(rest, parsed, names, at + skipped, found) {
                    return true;
                }
                let barrier = at + skipped >= parsed.tokens.len()
                    || matches!(
                        parsed.lower(at + skipped),
                        ";" | "." | "!" | "?" | "by" | "where" | "which"
                    )
                    || parsed.trigger_at[at + skipped]
                        .is_some_and(|t| t.class != TriggerClass::Member);
                if barrier {
                    return false;
                }
            }
            false
        }
        // Compiling has expanded them.
        Element::Optional(_) => false,
    }
}

fn fill(
    slot: Slot,
    want: Want,
    rest: &[Element],
    parsed: &Parsed,
    names: &dyn Names,
    at: usize,
    found: &mut Match,
) -> bool {
    let depth = found.fillers.len();
    let first = found.start == at
        || want == Want::People && matches!(parsed.lower(at.wrapping_sub(1)), "a" | "an");
    if slot == Slot::Subject && first && follows_preposition(parsed, want, at) {
        return false;
    }
    if let Some((fillers, end)) = fillers_at(slot, want, parsed, names, at) {
        // "joins Tidewater's legal community": what is joined stands behind the possessive.
        if slot == Slot::Body && rest.is_empty() && parsed.lower(end) == "'s" {
            return false;
        }
        found.fillers.extend(fillers);
        if step(rest, parsed, names, end, found) {
            return true;
        }
        found.fillers.truncate(depth);
    }
    false
}

fn fillers_at(
    slot: Slot,
    want: Want,
    parsed: &Parsed,
    names: &dyn Names,
    at: usize,
) -> Option<(Vec<Filler>, usize)> {
    let filler = |m: Mention| Filler { slot, start: m.start, end: m.end, own: false };
    let mention = parsed.mention_at.get(at).copied().flatten();
    match want {
        Want::Role | Want::Unit | Want::Tier => {
            let mention = mention?;
            let fits = matches!(
                (want, mention.kind),
                (Want::Role, MentionKind::Role)
                    | (Want::Unit, MentionKind::Unit)
                    | (Want::Tier, MentionKind::Tier)
            );
            fits.then(|| (vec![filler(mention)], mention.end))
        }
        Want::Body | Want::Place => {
            // "the Bank" is the document's own, not a bank of that name.
            let own = names.is_own(parsed, at);
            if let Some(mention) = mention
                && let MentionKind::Name(_) = mention.kind
                && own != Some(mention.end)
            {
                let kind = mention.name_type();
                let fits = if want == Want::Body {
                    kind.body || kind.known_body
                } else {
                    !kind.surely_person
                };
                if fits && !is_event(parsed.slice(mention.start, mention.end)) {
                    return Some((vec![filler(mention)], mention.end));
                }
            }
            let end = own?;
            Some((vec![Filler { slot, start: at, end, own: true }], end))
        }
        Want::Pronoun => {
            let said = matches!(parsed.lower(at), "he" | "she") && parsed.antecedent.is_some();
            said.then(|| (vec![Filler { slot, start: at, end: at + 1, own: false }], at + 1))
        }
        Want::Handle => {
            let word = parsed.tokens.get(at)?;
            let fits = word.kind == TokenKind::Word
                && mention.is_none()
                && parsed.trigger_at[at].is_none()
                && word.lower.len() > 3
                && names.can_be_handle(&word.lower);
            fits.then(|| (vec![Filler { slot, start: at, end: at + 1, own: false }], at + 1))
        }
        Want::People | Want::SurePeople | Want::Organisations | Want::Names => {
            let (mentions, end) = names_list(parsed, want, at)?;
            Some((mentions.into_iter().map(filler).collect(), end))
        }
    }
}

/// "…, head of storage at Acme, has joined": Acme is not who joins. Nor is the last of a list of
/// people an organisation.
fn follows_preposition(parsed: &Parsed, want: Want, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let of_somebody = matches!(parsed.lower(before), "at" | "of" | "from" | "with" | "by");
    let beside_person = matches!(want, Want::Organisations | Want::Names)
        && matches!(parsed.lower(before), "," | "and")
        && parsed.mention_at[..before]
            .iter()
            .rev()
            .flatten()
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
    lower.split(' ').any(|w| {
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
        ) || w.len() > 6 && (w.ends_with("fest") || w.ends_with("con") && w != "silicon")
    })
}

/// "A, B (C), and D": the names that fit, and where the list ends.
pub fn names_list(parsed: &Parsed, want: Want, at: usize) -> Option<(Vec<Mention>, usize)> {
    let fits = |mention: Mention| {
        let MentionKind::Name(_) = mention.kind else { return false };
        let kind = mention.name_type();
        match want {
            Want::People | Want::SurePeople => {
                let lone = kind.lone && stands_alone(parsed, mention);
                let nameable = !kind.organisation || kind.shouted && lone;
                kind.surely_person
                    || (kind.person || lone) && nameable && !kind.body && !is_title(parsed, mention)
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
    let first = parsed.mention_at.get(honorific_end).copied().flatten().filter(|m| fits(*m))?;
    let mut found = vec![first];
    let mut end = first.end;
    while found.len() < NAMES_MAX {
        let mut after = skip_bracket(parsed, end);
        // "Quill Data Inc., Kestrel Systems"
        if parsed.lower(after) == "." && matches!(parsed.lower(after + 1), "," | "and") {
            after += 1;
        }
        let mut next = after;
        if parsed.lower(next) == "," {
            next += 1;
        }
        if matches!(parsed.lower(next), "and" | "&" | "plus")
            || parsed.lower(next) == "as" && parsed.lower(next + 1) == "well"
        {
            next += if parsed.lower(next) == "as" { 3 } else { 1 };
        }
        if next == after {
            break;
        }
        next = skip_honorific(parsed, next);
        if parsed.lower(next) == "the" && !matches!(want, Want::People | Want::SurePeople) {
            next += 1;
        }
        // "Our sponsors Quill Data, Priya Raman and Granite Bank": people pass in a list of
        // organisations.
        let passes =
            |m: Mention| want == Want::Organisations && m.name_type().surely_person || fits(m);
        let Some(mention) = parsed.mention_at.get(next).copied().flatten().filter(|m| passes(*m))
        else {
            break;
        };
        found.push(mention);
        end = mention.end;
    }
    // One sure name vouches for the unusual ones beside it.
    let sure = || found.iter().any(|m| m.name_type().surely_person);
    let shouted = found.iter().any(|m| m.name_type().shouted);
    let vouched = match want {
        Want::SurePeople => sure(),
        Want::People => !shouted || sure(),
        _ => true,
    };
    vouched.then_some((found, end))
}

/// "Acme Store Head Ana Castellan": what stands before the role is her employer.
fn is_title(parsed: &Parsed, mention: Mention) -> bool {
    let at = |at: usize| parsed.mention_at.get(at).copied().flatten();
    at(mention.end).is_some_and(|role| {
        role.kind == MentionKind::Role
            && at(role.end).is_some_and(|name| matches!(name.kind, MentionKind::Name(_)))
    })
}

/// Whether one word stands where only a whole name can: "…, Yarrow and Wren joined the board".
fn stands_alone(parsed: &Parsed, mention: Mention) -> bool {
    let before = mention.start.checked_sub(1);
    let opens = before.is_none_or(|b| {
        matches!(parsed.lower(b), "," | "and" | "&" | ":" | "that" | "–" | "—")
            || parsed.lower(b) == "to"
                && b.checked_sub(1).is_some_and(|c| parsed.lower(c).starts_with("congrat"))
            || (0..=b).any(|t| {
                parsed.trigger_at[t]
                    .is_some_and(|t| t.class == TriggerClass::Welcome && t.end == mention.start)
            })
    });
    let goes_on = parsed.mention_at.get(mention.end).copied().flatten().is_some()
        || parsed.tokens.get(mention.end).is_some_and(|t| t.capital)
        || parsed.lower(mention.end) == "'s";
    opens && !goes_on
}

fn is_honorific(word: &str) -> bool {
    matches!(word, "dr" | "mr" | "mrs" | "ms" | "mx" | "prof" | "professor" | "sir" | "amb")
}

fn skip_honorific(parsed: &Parsed, at: usize) -> usize {
    let mut at = at;
    while is_honorific(parsed.lower(at)) {
        at += 1;
        if parsed.lower(at) == "." {
            at += 1;
        }
    }
    at
}

/// The token after a bracket that opens at `at`; `at` where none does.
pub fn skip_bracket(parsed: &Parsed, at: usize) -> usize {
    if parsed.lower(at) != "(" && parsed.lower(at) != "[" {
        return at;
    }
    (at + 1..(at + APPOSITION_TOKENS_MAX).min(parsed.tokens.len()))
        .find(|i| matches!(parsed.lower(*i), ")" | "]"))
        .map_or(at, |close| skip_bracket(parsed, close + 1))
}

/// Where an apposition that begins at `at` may end, nearest first; `at` itself comes first.
fn appositions(parsed: &Parsed, at: usize) -> Vec<usize> {
    let mut ends = vec![at];
    let bracket = skip_bracket(parsed, at);
    if bracket > at {
        ends.push(bracket);
    }
    let mut opened = bracket;
    if matches!(parsed.lower(opened), "," | "–" | "—") {
        opened += 1;
        // "Ana Castellan, who …", "Ana Castellan, will …": a comma that nothing closes.
        let goes_on = matches!(
            parsed.lower(opened),
            "who" | "will" | "has" | "have" | "is" | "was" | "chose" | "decided"
        ) || parsed.trigger_at.get(opened).copied().flatten().is_some();
        if goes_on {
            ends.push(opened);
        }
        for i in opened..(opened + APPOSITION_TOKENS_MAX).min(parsed.tokens.len()) {
            if matches!(parsed.lower(i), "," | "–" | "—") {
                ends.push(i + 1);
            }
            // "Acme, a sponsor since 2015 has renewed": the second comma is often forgotten.
            if i > opened && matches!(parsed.lower(i), "has" | "have" | "will") {
                ends.push(i);
            }
            if matches!(parsed.lower(i), ";" | "!" | "?") {
                break;
            }
        }
    }
    ends
}

/// Words between a subject and its verb.
const AUXILIARIES: &[&str] = &[
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

fn skip_auxiliaries(parsed: &Parsed, at: usize) -> usize {
    let mut at = at;
    while at < parsed.tokens.len() && parsed.trigger_at[at].is_none() {
        let word = parsed.lower(at);
        let auxiliary = AUXILIARIES.contains(&word);
        // "is (re-)joining"
        let bracket = skip_bracket(parsed, at);
        if bracket > at && bracket <= at + 5 {
            at = bracket;
            continue;
        }
        if !(auxiliary || word.ends_with("ly") && word.len() > 4) {
            break;
        }
        at += 1;
    }
    at
}

fn skip_determiners(parsed: &Parsed, at: usize) -> usize {
    let mut at = at;
    while matches!(
        parsed.lower(at),
        "the"
            | "a"
            | "an"
            | "our"
            | "its"
            | "their"
            | "his"
            | "her"
            | "this"
            | "new"
            | "newest"
            | "latest"
            | "first"
            | "second"
            | "third"
            | "fourth"
            | "fifth"
            | "next"
            | "as"
            | "to"
            | "'s"
            | "official"
            | "newly"
            | "another"
            | "additional"
            | "inaugural"
            | "permanent"
            | "of"
            | "full-time"
            | "prestigious"
            | "existing"
            | "my"
    ) && parsed.mention_at.get(at).copied().flatten().is_none()
    {
        at += 1;
    }
    at
}
