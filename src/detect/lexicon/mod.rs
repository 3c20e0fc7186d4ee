//! The words: gazetteers and word lists, read once from the TOML files beside this one.
//!
//! Code knows kinds, not names: a foundation, a tier or a trigger is added in a file.

mod phrases;
mod user;

use std::collections::HashMap;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use smol_str::SmolStr;

pub use phrases::Phrases;
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
    /// It begins words that take a sentence out of the news, or out of the certain.
    pub const GATE: WordClass = WordClass(1 << 7);

    /// Whether it is any of these.
    pub fn is(self, any: WordClass) -> bool {
        self.0 & any.0 != 0
    }

    /// Both together.
    #[must_use]
    pub fn or(self, other: WordClass) -> WordClass {
        WordClass(self.0 | other.0)
    }
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
    /// Given names.
    pub given_names: Words,
    /// Family names that are hardly anything else.
    pub family_names: Words,
    /// Words in the names of newswires.
    pub newswires: Vec<String>,
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
    /// Words above lists.
    pub leads: LeadWords,
    /// What the user's own words say beyond that.
    pub own: OwnWords,
    /// The classes of all words that the other fields hold.
    classes: FxHashMap<SmolStr, WordClass>,
}

/// Words in what stands above a list; `leads.toml` says what each set is for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct LeadWords {
    pub elected: Words,
    pub winners: Words,
    pub staff: Words,
    pub standing: Words,
    pub candidates: Words,
    pub chosen: Words,
    pub others: Words,
    pub positions: Words,
    pub departing: Words,
    pub arriving: Words,
    pub fresh: Words,
    pub returning: Words,
    pub following: Words,
    pub newcomers: Words,
    pub elections: Words,
    pub members: Words,
    pub joining_members: Words,
    pub founding: Words,
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
    newswires: Vec<String>,
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
    /// What a word in lower case can be or begin.
    pub fn class(&self, word: &str) -> WordClass {
        // "co-chair" is what "chair" is.
        let plain = word.strip_prefix("co-").unwrap_or(word);
        let class = |word: &str| self.classes.get(word).copied().unwrap_or_default();
        if plain.len() == word.len() { class(word) } else { class(word).or(class(plain)) }
    }

    /// Notes the classes of all words; to be called again when words were added.
    fn index(&mut self) {
        let mut classes: FxHashMap<SmolStr, WordClass> = FxHashMap::default();
        let mut note = |word: &str, class: WordClass| {
            let known = classes.entry(SmolStr::new(word)).or_default();
            *known = known.or(class);
        };
        self.bodies.first_words().for_each(|w| note(w, WordClass::BODY));
        self.organisations.first_words().for_each(|w| note(w, WordClass::ORGANISATION));
        self.units.first_words().for_each(|w| note(w, WordClass::UNIT));
        self.tiers.first_words().for_each(|w| note(w, WordClass::TIER));
        self.role_phrases.first_words().for_each(|w| note(w, WordClass::ROLE));
        let roles = self.role_heads.iter().chain(&self.role_modifiers);
        roles.for_each(|w| note(w, WordClass::ROLE));
        self.triggers.first_words().for_each(|w| note(w, WordClass::TRIGGER));
        self.never_names.iter().for_each(|w| note(w, WordClass::NEVER_NAME));
        for gate in [&self.candidacy, &self.history, &self.modality, &self.negation] {
            gate.first_words().for_each(|w| note(w, WordClass::GATE));
        }
        self.classes = classes;
    }

    /// The canonical name of a body in the gazetteer.
    pub fn canonical_body(&self, name: &str) -> Option<&str> {
        let tokens = crate::text::tokens(name);
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
            family_names: names.family_names.split_whitespace().map(str::to_owned).collect(),
            given_names: names.names.split_whitespace().map(str::to_owned).collect(),
            newswires: words.newswires,
            boilerplate_headings: words.boilerplate_headings,
            candidacy: Phrases::of(&words.candidacy),
            history: Phrases::of(&words.history),
            modality: Phrases::of(&words.modality),
            negation: Phrases::of(&words.negation),
            leads: toml::from_str(LEADS)?,
            own: OwnWords::default(),
            classes: FxHashMap::default(),
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
        assert!(lexicon.triggers.longest(&crate::text::tokens("steps down"), 0).is_some());
    }
}
