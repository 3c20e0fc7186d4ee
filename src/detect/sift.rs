//! A first look at a sentence by its words alone, before any name is looked for: whether it can
//! tell a fact, or stand over a list of them.
//!
//! It never rejects what the later stages would take: it asks for less than each of them does.

use super::construct::Table;
use super::lexicon::{Known, LeadSet, LeadSets, Lexicon, TriggerClass, WordClass};
use super::mention::{MentionKind, NameType};
use super::pattern::Cues;
use crate::text::Token;

/// Whether a construction can match the words, or a list or an enumeration can stand under them.
pub fn can_tell(tokens: &[Token], known: &[Known], lexicon: &Lexicon, table: &Table) -> bool {
    let triggers: Vec<TriggerClass> = (0..tokens.len())
        .filter(|at| known[*at].class.is(WordClass::TRIGGER))
        .filter_map(|at| lexicon.triggers.longest(tokens, at).map(|(class, _, _)| *class))
        .collect();
    can_lead(&triggers, known) || {
        let mentions = possible_mentions(tokens, known);
        table.has_possible(&Cues::of_words(&triggers, &mentions, known, table.cues()))
    }
}

/// The kinds of mentions that the words allow at all.
fn possible_mentions(tokens: &[Token], known: &[Known]) -> Vec<MentionKind> {
    let name = MentionKind::Name(NameType::default());
    let named = tokens.iter().any(|t| t.capital || t.lower.starts_with('@'));
    let of_class = |class: WordClass| known.iter().any(|k| k.class.is(class));
    [
        (named, name),
        (of_class(WordClass::ROLE), MentionKind::Role),
        (of_class(UNIT), MentionKind::Unit),
        (of_class(WordClass::TIER), MentionKind::Tier),
    ]
    .into_iter()
    .filter_map(|(can_be, kind)| can_be.then_some(kind))
    .collect()
}

/// Whether [`super::lead::read`] can find an action in the words.
fn can_lead(triggers: &[TriggerClass], known: &[Known]) -> bool {
    let mut sets = LeadSets::default();
    let mut class = WordClass::default();
    for word in known {
        sets = sets.or(word.leads);
        class = class.or(word.class);
    }
    let has = |any: &[LeadSet]| any.iter().any(|set| sets.has(*set));
    let triggered = |any: &[TriggerClass]| any.iter().any(|class| triggers.contains(class));
    let position = has(&[LeadSet::Positions]) || class.is(POSITION);
    let members =
        has(&[LeadSet::Members, LeadSet::JoiningMembers]) || triggered(&[TriggerClass::Member]);
    let news = has(NEWS)
        || class.is(WordClass::TIER.or(WordClass::AGAIN))
        || triggered(&[TriggerClass::Depart, TriggerClass::Departure]);
    news && (position || members || has(&[LeadSet::Elections]))
}

/// What begins or ends a unit.
const UNIT: WordClass = WordClass::UNIT.or(WordClass::TEAM).or(WordClass::UNIT_HEAD);

/// What stands in a role or a unit.
const POSITION: WordClass = WordClass::ROLE.or(UNIT);

/// The sets of which every action needs one, where nothing else says what happens.
const NEWS: &[LeadSet] = &[
    LeadSet::Elected,
    LeadSet::Winners,
    LeadSet::Departing,
    LeadSet::Returning,
    LeadSet::Founding,
    LeadSet::Fresh,
];

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
            let tokens = tokens(text);
            let known: Vec<Known> = tokens.iter().map(|t| lexicon.known(&t.lower)).collect();
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
            let tokens = tokens(text);
            let known: Vec<Known> = tokens.iter().map(|t| lexicon.known(&t.lower)).collect();
            assert!(can_tell(&tokens, &known, &lexicon, table), "{text}");
        }
    }
}
