//! The words: gazetteers and word lists, read once from the TOML files beside this one.
//!
//! Code knows kinds, not names: a foundation, a tier or a trigger is added in a file.

mod phrases;
mod user;

use std::collections::HashMap;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use smol_str::SmolStr;

use super::construct;
use super::lead::AGAIN;
use super::mention::{TEAMS, UNIT_HEADS};
use super::pattern::{AUXILIARIES, BARRIERS, DETERMINERS, SALUTATIONS};
use super::resolve::{ELECTION_WORDS, FIRST_PERSON, LAUNCH_WORDS, SELECTION_WORDS};
use crate::text::{Cased, tokens};

pub use phrases::{Phrases, bit};
pub use user::{OwnWords, UserLexicon};

const BODIES: &str = include_str!("bodies.toml");
const ORGANISATIONS: &str = include_str!("organisations.toml");
const UNITS: &str = include_str!("units.toml");
const TIERS: &str = include_str!("tiers.toml");
const ROLES: &str = include_str!("roles.toml");
const WORDS: &str = include_str!("words.toml");
const TRIGGERS: &str = include_str!("triggers.toml");
const LEADS: &str = include_str!("leads.toml");
const GIVEN_NAMES: &str = include_str!("given_names.toml");

/// A set of words, lower case. Hashed fast and not against collisions: the words are ours or the
/// user's, never the network's.
pub type Words = FxHashSet<String>;

/// What a word can be or begin, one bit each: looked up once per token, so that a token of which
/// nothing is known costs nothing more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WordClass(u32);

impl WordClass {
    /// It begins the name of a body.
    pub const BODY: WordClass = WordClass(1);
    /// It begins the name of an organisation.
    pub const ORGANISATION: WordClass = WordClass(1 << 1);
    /// It begins the name of a unit.
    pub const UNIT: WordClass = WordClass(1 << 2);
    /// It begins a tier.
    pub const TIER: WordClass = WordClass(1 << 3);
    /// It is a word of a role.
    pub const ROLE: WordClass = WordClass(1 << 4);
    /// It begins a trigger.
    pub const TRIGGER: WordClass = WordClass(1 << 5);
    /// It is no part of a name.
    pub const NEVER_NAME: WordClass = WordClass(1 << 6);
    /// It ends the names of bodies.
    pub const BODY_HEAD: WordClass = WordClass(1 << 7);
    /// It stands in the names of organisations.
    pub const ORGANISATION_HEAD: WordClass = WordClass(1 << 8);
    /// It says that a name is a project's.
    pub const PROJECT_HEAD: WordClass = WordClass(1 << 9);
    /// It may stand between the capitals of a name.
    pub const NAME_JOINT: WordClass = WordClass(1 << 10);
    /// It stands before a person's name.
    pub const HONORIFIC: WordClass = WordClass(1 << 11);
    /// It is a given name.
    pub const GIVEN_NAME: WordClass = WordClass(1 << 12);
    /// It is a family name.
    pub const FAMILY_NAME: WordClass = WordClass(1 << 13);
    /// It ends a role, "co-" aside.
    pub const ROLE_HEAD: WordClass = WordClass(1 << 14);
    /// It stands before the end of a role, "co-" aside.
    pub const ROLE_MODIFIER: WordClass = WordClass(1 << 15);
    /// It stands between a subject and its verb.
    pub const AUXILIARY: WordClass = WordClass(1 << 16);
    /// It is an article or the like.
    pub const DETERMINER: WordClass = WordClass(1 << 17);
    /// Constructions and lists pass over it before a name.
    pub const SALUTATION: WordClass = WordClass(1 << 18);
    /// No gap of a construction reaches over it.
    pub const BARRIER: WordClass = WordClass(1 << 19);

    /// It is a noun for a unit: "the parser team".
    pub const TEAM: WordClass = WordClass(1 << 20);
    /// It reports an election.
    pub const ELECTION: WordClass = WordClass(1 << 21);
    /// It reports a selection.
    pub const SELECTION: WordClass = WordClass(1 << 22);
    /// It reports the launch of a body.
    pub const LAUNCH: WordClass = WordClass(1 << 23);
    /// The first person.
    pub const FIRST_PERSON: WordClass = WordClass(1 << 24);

    /// It ends the names of units.
    pub const UNIT_HEAD: WordClass = WordClass(1 << 25);
    /// It begins words of candidacy.
    pub const CANDIDACY: WordClass = WordClass(1 << 26);
    /// It begins words that move a sentence into the past.
    pub const HISTORY: WordClass = WordClass(1 << 27);
    /// It begins words that leave it open whether something happened.
    pub const MODALITY: WordClass = WordClass(1 << 28);
    /// It begins words that say that something did not happen.
    pub const NEGATION: WordClass = WordClass(1 << 29);

    /// It says that somebody is appointed once more.
    pub const AGAIN: WordClass = WordClass(1 << 30);
    /// It is a word of a part of the world.
    pub const REGION: WordClass = WordClass(1 << 31);

    /// What "co-chair" takes over from "chair" beside being what it is itself.
    const INHERITED: WordClass = WordClass((1 << 7) - 1);
    /// What "co-chair" is only where "chair" is.
    const ASSUMED: WordClass = WordClass(1 << 14 | 1 << 15);

    /// Whether it is any of these.
    pub fn is(self, any: WordClass) -> bool {
        self.0 & any.0 != 0
    }

    /// Both together.
    #[must_use]
    pub const fn or(self, other: WordClass) -> WordClass {
        WordClass(self.0 | other.0)
    }

    fn and(self, other: WordClass) -> WordClass {
        WordClass(self.0 & other.0)
    }

    fn without(self, other: WordClass) -> WordClass {
        WordClass(self.0 & !other.0)
    }
}

/// All that is known of a word, found by one look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// What it can be or begin.
    pub class: WordClass,
    /// The sets of words above lists that hold it.
    pub leads: LeadSets,
    /// The number of its cues among those of the constructions; see [`construct::cues`].
    pub cues: u16,
}

/// What a trigger speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerClass {
    /// joins
    Join,
    /// becomes
    Become,
    /// welcomes
    Welcome,
    /// adds
    Add,
    /// appoints, names, hires
    Appoint,
    /// the appointment of
    Appointing,
    /// elects
    Elect,
    /// steps down
    Depart,
    /// the departure of
    Departure,
    /// succeeds
    Succeed,
    /// member, sponsor
    Member,
    /// renews
    Renew,
    /// upgrades
    Upgrade,
    /// sponsors
    Sponsor,
    /// accepted as (a project)
    Host,
    /// withdraws
    Withdraw,
    /// thanks
    Thank,
}

impl TriggerClass {
    /// How many there are.
    pub const COUNT: usize = TriggerClass::Thank as usize + 1;
}

/// All words that detection knows.
#[derive(Debug)]
pub struct Lexicon {
    /// Bodies by name and alias; the value is the canonical name.
    pub bodies: Phrases<String>,
    /// Folded names of bodies that count only in a context.
    pub ambiguous_bodies: Words,
    /// Organisations by name and variant; the value says whether the name is a common word too.
    pub organisations: Phrases<bool>,
    /// Units by name and alias; the value is the canonical name.
    pub units: Phrases<String>,
    /// Tiers.
    pub tiers: Phrases<()>,
    /// Last words of roles.
    pub role_heads: Words,
    /// Words before the head of a role.
    pub role_modifiers: Words,
    /// Whole roles.
    pub role_phrases: Phrases<()>,
    /// Triggers.
    pub triggers: Phrases<TriggerClass>,
    /// Last words of the names of bodies.
    pub body_heads: Words,
    /// Words inside the names of organisations.
    pub organisation_heads: Words,
    /// Words that say that a name is a project's.
    pub project_heads: Words,
    /// Capitalised words that are no part of a name.
    pub never_names: Words,
    /// Lower-case words inside names.
    pub name_joints: Words,
    /// Mr, Dr …
    pub honorifics: Words,
    /// Words of parts of the world that stand behind a role: "President, North America".
    pub regions: Words,
    /// Given names.
    pub given_names: Words,
    /// Family names that are hardly anything else.
    pub family_names: Words,
    /// Words in the names of newswires.
    pub newswires: Vec<String>,
    /// Words in the names of papers.
    pub newspapers: Words,
    /// First words of headings under which nothing is news.
    pub boilerplate_headings: Vec<String>,
    /// Gate: candidacy.
    pub candidacy: Phrases<()>,
    /// Gate: history.
    pub history: Phrases<()>,
    /// Gate: modality.
    pub modality: Phrases<()>,
    /// Gate: negation.
    pub negation: Phrases<()>,
    /// Words above lists, by set.
    leads: HashMap<LeadSet, Words>,
    /// What the user's own words say beyond that.
    pub own: OwnWords,
    /// What is known of all words that the other fields hold.
    known: FxHashMap<SmolStr, Known>,
}

/// A set of the words in what stands above a list; `leads.toml` says what each is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum LeadSet {
    Elected,
    Winners,
    Staff,
    Standing,
    Candidates,
    Chosen,
    Others,
    Positions,
    Departing,
    Arriving,
    Fresh,
    Returning,
    Following,
    Newcomers,
    Elections,
    Members,
    JoiningMembers,
    Founding,
}

/// Some of the sets, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeadSets(u32);

impl LeadSets {
    /// Adds one.
    pub fn insert(&mut self, set: LeadSet) {
        self.0 |= 1 << set as u32;
    }

    /// Whether it is among them.
    pub fn has(self, set: LeadSet) -> bool {
        self.0 >> set as u32 & 1 == 1
    }

    /// Both together.
    #[must_use]
    pub fn or(self, other: LeadSets) -> LeadSets {
        LeadSets(self.0 | other.0)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BodiesFile {
    body: Vec<BodyRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyRow {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default, rename = "parent")]
    _parent: Option<String>,
    #[serde(default)]
    ambiguous: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganisationsFile {
    names: Vec<Vec<String>>,
    ambiguous: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitsFile {
    unit: Vec<UnitRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitRow {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TiersFile {
    levels: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RolesFile {
    heads: Words,
    modifiers: Words,
    phrases: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsFile {
    body_heads: Words,
    organisation_heads: Words,
    project_heads: Words,
    never_names: Words,
    name_joints: Words,
    honorifics: Words,
    regions: Words,
    newswires: Vec<String>,
    newspapers: Words,
    boilerplate_headings: Vec<String>,
    candidacy: Vec<String>,
    history: Vec<String>,
    modality: Vec<String>,
    negation: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamesFile {
    names: String,
    family_names: String,
}

impl Lexicon {
    /// What is known of a word in lower case.
    pub fn known(&self, word: &str) -> Known {
        let known = |word: &str| self.known.get(word).copied().unwrap_or_default();
        let mut found = known(word);
        // "co-chair" is what "chair" is.
        if let Some(plain) = word.strip_prefix("co-") {
            let plain = known(plain).class;
            let own = found.class.without(WordClass::ASSUMED);
            found.class = own.or(plain.and(WordClass::INHERITED.or(WordClass::ASSUMED)));
        }
        found
    }

    /// All words of which anything is known.
    pub fn all_known(&self) -> impl Iterator<Item = (&SmolStr, Known)> {
        self.known.iter().map(|(word, known)| (word, *known))
    }

    /// Notes what is known of all words; to be called again when words were added.
    fn index(&mut self) {
        let mut all: FxHashMap<SmolStr, Known> = FxHashMap::default();
        let mut note = |word: &str, class: WordClass| {
            let known = all.entry(SmolStr::new(word)).or_default();
            known.class = known.class.or(class);
        };
        self.bodies.first_words().for_each(|w| note(w, WordClass::BODY));
        self.organisations.first_words().for_each(|w| note(w, WordClass::ORGANISATION));
        self.units.first_words().for_each(|w| note(w, WordClass::UNIT));
        self.tiers.first_words().for_each(|w| note(w, WordClass::TIER));
        self.role_phrases.first_words().for_each(|w| note(w, WordClass::ROLE));
        self.triggers.first_words().for_each(|w| note(w, WordClass::TRIGGER));
        for (gate, class) in [
            (&self.candidacy, WordClass::CANDIDACY),
            (&self.history, WordClass::HISTORY),
            (&self.modality, WordClass::MODALITY),
            (&self.negation, WordClass::NEGATION),
        ] {
            gate.first_words().for_each(|w| note(w, class));
        }
        for (words, class) in [
            (&self.role_heads, WordClass::ROLE.or(WordClass::ROLE_HEAD)),
            (&self.role_modifiers, WordClass::ROLE.or(WordClass::ROLE_MODIFIER)),
            (&self.never_names, WordClass::NEVER_NAME),
            (&self.body_heads, WordClass::BODY_HEAD),
            (&self.organisation_heads, WordClass::ORGANISATION_HEAD),
            (&self.project_heads, WordClass::PROJECT_HEAD),
            (&self.name_joints, WordClass::NAME_JOINT),
            (&self.honorifics, WordClass::HONORIFIC),
            (&self.regions, WordClass::REGION),
            (&self.given_names, WordClass::GIVEN_NAME),
            (&self.family_names, WordClass::FAMILY_NAME),
        ] {
            words.iter().for_each(|w| note(w, class));
        }
        for (words, class) in [
            (AUXILIARIES, WordClass::AUXILIARY),
            (DETERMINERS, WordClass::DETERMINER),
            (SALUTATIONS, WordClass::SALUTATION),
            (BARRIERS, WordClass::BARRIER),
            (TEAMS, WordClass::TEAM),
            (AGAIN, WordClass::AGAIN),
            (UNIT_HEADS, WordClass::UNIT_HEAD),
            (ELECTION_WORDS, WordClass::ELECTION),
            (SELECTION_WORDS, WordClass::SELECTION),
            (LAUNCH_WORDS, WordClass::LAUNCH),
            (FIRST_PERSON, WordClass::FIRST_PERSON),
        ] {
            words.iter().for_each(|w| note(w, class));
        }
        for (set, words) in &self.leads {
            for word in words {
                all.entry(SmolStr::new(word)).or_default().leads.insert(*set);
            }
        }
        for (word, cues) in construct::cues().words() {
            all.entry(SmolStr::new(word)).or_default().cues = cues;
        }
        self.known = all;
    }

    /// The canonical name of a body in the gazetteer.
    pub fn canonical_body(&self, name: &str) -> Option<&str> {
        let cased = Cased::of(name);
        let tokens = tokens(&cased);
        let (canonical, _, length) = self.bodies.longest(&tokens, 0)?;
        (length == tokens.len()).then_some(canonical.as_str())
    }

    /// Reads the built-in files.
    ///
    /// # Errors
    /// A file that is no valid TOML of its shape; a test reads them all, so a release has none.
    pub fn built_in() -> Result<Lexicon, toml::de::Error> {
        let mut bodies = Phrases::default();
        let mut ambiguous_bodies = Words::default();
        for row in toml::from_str::<BodiesFile>(BODIES)?.body {
            for name in row.aliases.iter().chain([&row.name]) {
                bodies.insert(name, row.name.clone());
            }
            ambiguous_bodies.extend(row.ambiguous.iter().map(|name| name.to_lowercase()));
        }
        let mut organisations = Phrases::default();
        let file: OrganisationsFile = toml::from_str(ORGANISATIONS)?;
        let ambiguous: FxHashSet<&String> = file.ambiguous.iter().collect();
        for variants in &file.names {
            let common = variants.first().is_some_and(|name| ambiguous.contains(name));
            for name in variants {
                organisations.insert(name, common);
            }
        }
        let mut units = Phrases::default();
        for row in toml::from_str::<UnitsFile>(UNITS)?.unit {
            // Two capitals stand for too many other things.
            let aliases = row.aliases.iter().filter(|alias| alias.len() > 2);
            for name in aliases.chain([&row.name]) {
                units.insert(name, row.name.clone());
            }
        }
        let roles: RolesFile = toml::from_str(ROLES)?;
        let words: WordsFile = toml::from_str(WORDS)?;
        let mut triggers = Phrases::default();
        let file: HashMap<TriggerClass, Vec<String>> = toml::from_str(TRIGGERS)?;
        for (class, words) in &file {
            for word in words {
                triggers.insert(word, *class);
            }
        }
        let names: NamesFile = toml::from_str(GIVEN_NAMES)?;
        let mut lexicon = Lexicon {
            bodies,
            ambiguous_bodies,
            organisations,
            units,
            tiers: Phrases::of(&toml::from_str::<TiersFile>(TIERS)?.levels),
            role_heads: roles.heads,
            role_modifiers: roles.modifiers,
            role_phrases: Phrases::of(&roles.phrases),
            triggers,
            body_heads: words.body_heads,
            organisation_heads: words.organisation_heads,
            project_heads: words.project_heads,
            never_names: words.never_names,
            name_joints: words.name_joints,
            honorifics: words.honorifics,
            regions: words.regions,
            family_names: names.family_names.split_whitespace().map(str::to_owned).collect(),
            given_names: names.names.split_whitespace().map(str::to_owned).collect(),
            newswires: words.newswires,
            newspapers: words.newspapers,
            boilerplate_headings: words.boilerplate_headings,
            candidacy: Phrases::of(&words.candidacy),
            history: Phrases::of(&words.history),
            modality: Phrases::of(&words.modality),
            negation: Phrases::of(&words.negation),
            leads: toml::from_str(LEADS)?,
            own: OwnWords::default(),
            known: FxHashMap::default(),
        };
        lexicon.index();
        Ok(lexicon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_has_one_class() {
        let file: HashMap<TriggerClass, Vec<String>> = toml::from_str(TRIGGERS).unwrap();
        let mut seen = Words::default();
        for word in file.values().flatten() {
            assert!(seen.insert(word.clone()), "{word} stands in two classes");
        }
    }

    #[test]
    fn the_built_in_files_are_well_formed() {
        let lexicon = Lexicon::built_in().unwrap();
        assert!(lexicon.given_names.contains("ana"));
        assert!(lexicon.triggers.longest(&tokens(&Cased::of("steps down")), 0).is_some());
    }
}
