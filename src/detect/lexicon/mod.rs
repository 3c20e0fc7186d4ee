//! The words: gazetteers and word lists, read once from the TOML files beside this one.
//!
//! Code knows kinds, not names: a foundation, a tier or a trigger is added in a file.

mod phrases;
mod user;

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

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
    pub ambiguous_bodies: HashSet<String>,
    /// Organisations by name and variant; the value says whether the name is a common word too.
    pub organisations: Phrases<bool>,
    /// Units by name and alias; the value is the canonical name.
    pub units: Phrases<String>,
    /// Tiers.
    pub tiers: Phrases<()>,
    /// Last words of roles.
    pub role_heads: HashSet<String>,
    /// Words before the head of a role.
    pub role_modifiers: HashSet<String>,
    /// Whole roles.
    pub role_phrases: Phrases<()>,
    /// Triggers.
    pub triggers: Phrases<TriggerClass>,
    /// Last words of the names of bodies.
    pub body_heads: HashSet<String>,
    /// Words inside the names of organisations.
    pub organisation_heads: HashSet<String>,
    /// Words that say that a name is a project's.
    pub project_heads: HashSet<String>,
    /// Capitalised words that are no part of a name.
    pub never_names: HashSet<String>,
    /// Lower-case words inside names.
    pub name_joints: HashSet<String>,
    /// Mr, Dr …
    pub honorifics: HashSet<String>,
    /// Given names.
    pub given_names: HashSet<String>,
    /// Family names that are hardly anything else.
    pub family_names: HashSet<String>,
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
}

/// Words in what stands above a list; `leads.toml` says what each set is for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct LeadWords {
    pub elected: HashSet<String>,
    pub staff: HashSet<String>,
    pub standing: HashSet<String>,
    pub candidates: HashSet<String>,
    pub chosen: HashSet<String>,
    pub others: HashSet<String>,
    pub positions: HashSet<String>,
    pub departing: HashSet<String>,
    pub arriving: HashSet<String>,
    pub fresh: HashSet<String>,
    pub returning: HashSet<String>,
    pub following: HashSet<String>,
    pub newcomers: HashSet<String>,
    pub elections: HashSet<String>,
    pub members: HashSet<String>,
    pub joining_members: HashSet<String>,
    pub founding: HashSet<String>,
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
    heads: HashSet<String>,
    modifiers: HashSet<String>,
    phrases: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsFile {
    body_heads: HashSet<String>,
    organisation_heads: HashSet<String>,
    project_heads: HashSet<String>,
    never_names: HashSet<String>,
    name_joints: HashSet<String>,
    honorifics: HashSet<String>,
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
        let mut ambiguous_bodies = HashSet::new();
        for row in toml::from_str::<BodiesFile>(BODIES)?.body {
            for name in row.aliases.iter().chain([&row.name]) {
                bodies.insert(name, row.name.clone());
            }
            ambiguous_bodies.extend(row.ambiguous.iter().map(|name| name.to_lowercase()));
        }
        let mut organisations = Phrases::default();
        let file: OrganisationsFile = toml::from_str(ORGANISATIONS)?;
        let ambiguous: HashSet<&String> = file.ambiguous.iter().collect();
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
        Ok(Lexicon {
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
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_has_one_class() {
        let file: HashMap<TriggerClass, Vec<String>> = toml::from_str(TRIGGERS).unwrap();
        let mut seen = HashSet::new();
        for word in file.values().flatten() {
            assert!(seen.insert(word), "{word} stands in two classes");
        }
    }

    #[test]
    fn the_built_in_files_are_well_formed() {
        let lexicon = Lexicon::built_in().unwrap();
        assert!(lexicon.given_names.contains("ana"));
        assert!(lexicon.triggers.longest(&crate::text::tokens("steps down"), 0).is_some());
    }
}
