//! The names of bodies, organisations, units and roles as the lexicons know them: which of them
//! are one. For whoever asks the ledger; detection itself has its own, faster, ways.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::UserLexicon;
use crate::model::{fold, fold_name};

/// Names in all their forms.
#[derive(Debug, Default)]
struct Forms {
    /// From each folded form to the name that stands for all of them …
    names: FxHashMap<String, String>,
    /// … and back.
    of_name: FxHashMap<String, Vec<String>>,
}

impl Forms {
    fn name(&self, folded: &str) -> Option<&str> {
        self.names.get(folded).map(String::as_str)
    }

    fn of(&self, name: &str) -> &[String] {
        self.of_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The first who calls a form something is right; a name in full is nobody's alias.
    fn add(&mut self, name: &str, forms: &[String], fold: impl Fn(&str) -> String) {
        let canonical = self.name(&fold(name)).unwrap_or(name).to_owned();
        for form in forms.iter().map(String::as_str).chain([name]).map(fold) {
            if let Entry::Vacant(place) = self.names.entry(form) {
                self.of_name.entry(canonical.clone()).or_default().push(place.key().clone());
                place.insert(canonical.clone());
            }
        }
    }
}

/// Which names are one.
#[derive(Debug, Default)]
pub struct Names {
    bodies: Forms,
    /// From a body to the one that it belongs to, both folded.
    parents: HashMap<String, String>,
    organisations: Forms,
    units: Forms,
    roles: Forms,
    main_boards: HashSet<String>,
    single_roles: HashSet<String>,
    /// From the highest.
    tiers: Vec<String>,
}

#[derive(Deserialize)]
struct BodiesFile {
    body: Vec<Row>,
}

#[derive(Deserialize)]
struct UnitsFile {
    unit: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    parent: Option<String>,
}

#[derive(Deserialize)]
struct OrganisationsFile {
    names: Vec<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PostsFile {
    main_boards: Vec<String>,
    single_roles: Vec<String>,
    same_roles: Vec<Vec<String>>,
    tiers: Vec<String>,
}

impl Names {
    /// The built-in names and those of users, which go before them.
    pub fn with(users: &[UserLexicon]) -> Names {
        let mut names = Names::default();
        for user in users {
            user.bodies().for_each(|(name, forms)| names.bodies.add(name, forms, fold_name));
            user.organisations()
                .for_each(|(name, forms)| names.organisations.add(name, forms, fold_name));
            user.units().for_each(|(name, forms)| names.units.add(name, forms, fold));
            for (short, name) in user.aliases() {
                // An alias does not say what it is of: it is found under both.
                let short = [short.clone()];
                names.bodies.add(name, &short, fold_name);
                names.organisations.add(name, &short, fold_name);
            }
        }
        // A test reads every file, so a release has none that is wrong.
        let bodies: Option<BodiesFile> = toml::from_str(include_str!("lexicon/bodies.toml")).ok();
        let bodies = bodies.map(|file| file.body).unwrap_or_default();
        for row in &bodies {
            names.bodies.add(&row.name, &row.aliases, fold_name);
        }
        // Now that every form is known: a parent may be given by any of its names.
        let built_in = bodies.iter().filter_map(|row| Some((&*row.name, row.parent.as_deref()?)));
        for (body, parent) in users.iter().flat_map(UserLexicon::parents).chain(built_in) {
            let key = |name| fold_name(names.body(name));
            let (body, parent) = (key(body), key(parent));
            names.parents.entry(body).or_insert(parent);
        }
        let organisations: Option<OrganisationsFile> =
            toml::from_str(include_str!("lexicon/organisations.toml")).ok();
        for forms in organisations.into_iter().flat_map(|file| file.names) {
            if let Some((name, others)) = forms.split_first() {
                names.organisations.add(name, others, fold_name);
            }
        }
        let units: Option<UnitsFile> = toml::from_str(include_str!("lexicon/units.toml")).ok();
        for row in units.into_iter().flat_map(|file| file.unit) {
            names.units.add(&row.name, &row.aliases, fold);
        }
        if let Ok(posts) = toml::from_str::<PostsFile>(include_str!("lexicon/posts.toml")) {
            for forms in &posts.same_roles {
                if let Some((name, others)) = forms.split_first() {
                    names.roles.add(name, others, fold);
                }
            }
            names.main_boards = posts.main_boards.iter().map(|name| fold(name)).collect();
            names.tiers = posts.tiers.iter().map(|name| fold(name)).collect();
            names.single_roles = posts.single_roles.iter().map(|name| fold(name)).collect();
        }
        names
    }

    /// The name of a body, in whatever form it is given.
    pub fn body<'a>(&'a self, name: &'a str) -> &'a str {
        self.bodies.name(&fold_name(name)).unwrap_or(name)
    }

    /// The bodies that belong to a body, and those that belong to them, folded and sorted.
    pub fn below(&self, body: &str) -> Vec<String> {
        let top = fold_name(self.body(body));
        let mut found: HashSet<&str> = HashSet::new();
        let mut upper = vec![top.as_str()];
        while let Some(parent) = upper.pop() {
            let children = self.parents.iter().filter(|(_, p)| *p == parent);
            // Each is taken once: a circle of parents ends.
            upper.extend(
                children.map(|(c, _)| c.as_str()).filter(|c| *c != top && found.insert(*c)),
            );
        }
        let mut found: Vec<String> = found.into_iter().map(str::to_owned).collect();
        found.sort();
        found
    }

    /// The name of an organisation, in whatever form it is given. A body that is a member of
    /// another is an organisation too.
    pub fn organisation<'a>(&'a self, name: &'a str) -> &'a str {
        self.organisations.name(&fold_name(name)).unwrap_or_else(|| self.body(name))
    }

    /// The name of a unit, in whatever form it is given.
    pub fn unit<'a>(&'a self, name: &'a str) -> &'a str {
        self.units.name(&fold(name)).unwrap_or(name)
    }

    /// A role, in whatever form it is given.
    pub fn role<'a>(&'a self, name: &'a str) -> &'a str {
        self.roles.name(&fold(name)).unwrap_or(name)
    }

    /// Whether a body that says "the Board" may mean this unit.
    pub fn is_main_board(&self, unit: &str) -> bool {
        self.main_boards.contains(&fold(unit))
    }

    /// Whether one person holds this role at a time.
    pub fn is_single(&self, role: &str) -> bool {
        self.single_roles.contains(&fold(role))
    }

    /// Where a tier stands among the others, the highest first; one that is unknown stands behind
    /// them, and none at all last.
    pub fn tier_rank(&self, tier: Option<&str>) -> usize {
        let Some(tier) = tier.map(fold) else { return usize::MAX };
        self.tiers.iter().position(|known| *known == tier).unwrap_or(self.tiers.len())
    }

    /// Whether a name is one of the lexicons, in whatever form it is given.
    pub fn knows(&self, name: &str) -> bool {
        let folded = fold_name(name);
        self.organisations.name(&folded).or(self.bodies.name(&folded)).is_some()
    }

    /// Every folded form of a body or organisation, the given one first.
    pub fn forms(&self, name: &str) -> Vec<String> {
        let own = fold_name(name);
        let mut forms: Vec<String> =
            [(&self.bodies, self.body(name)), (&self.organisations, self.organisation(name))]
                .into_iter()
                .flat_map(|(known, canonical)| {
                    known.of(canonical).iter().cloned().chain([fold_name(canonical)])
                })
                .filter(|form| *form != own)
                .collect();
        forms.sort();
        forms.dedup();
        forms.insert(0, own);
        forms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_name_have_one_name() {
        let user = "[[body]]\nname = \"Open Lattice Foundation\"\naliases = [\"OLF\"]\n[[unit]]\nname = \"Lattice Council\"\naliases = [\"The Weavers\"]\n";
        let names = Names::with(&[UserLexicon::parse(user).unwrap()]);
        for (given, expected) in [
            ("CNCF", "Cloud Native Computing Foundation"),
            ("the cncf", "Cloud Native Computing Foundation"),
            ("Cloud Native Computing Foundation", "Cloud Native Computing Foundation"),
            ("OLF", "Open Lattice Foundation"),
            ("Tidewater Alliance", "Tidewater Alliance"),
        ] {
            assert_eq!(names.body(given), expected);
        }
        assert_eq!(Names::with(&[]).body("CNCF"), "Cloud Native Computing Foundation");
        assert_eq!(names.unit("the weavers"), "Lattice Council");
        assert_eq!(
            names.organisation("IBM"),
            names.organisation("International Business Machines")
        );
        assert_eq!(names.role("CEO"), "Chief Executive Officer");
        assert!(names.is_main_board("governing board") && !names.is_main_board("Advisory Board"));
        assert!(names.is_single("executive director") && !names.is_single("Co-Chair"));
        let forms = names.forms("OLF");
        assert_eq!(forms, ["olf", "open lattice foundation"]);
    }

    #[test]
    fn what_belongs_to_a_body_is_found_at_any_depth_and_in_circles() {
        let user = "[[body]]\nname = \"Tessellate\"\nparent = \"CNCF\"\n[[body]]\nname = \"Tile Group\"\nparent = \"Tessellate\"\n\
                    [[body]]\nname = \"Ring One\"\nparent = \"Ring Two\"\n[[body]]\nname = \"Ring Two\"\nparent = \"Ring One\"\n";
        let names = Names::with(&[UserLexicon::parse(user).unwrap()]);
        let linux = names.below("the linux foundation");
        for below in ["cloud native computing foundation", "tessellate", "tile group"] {
            assert!(linux.iter().any(|b| b == below), "{below} is missing in {linux:?}");
        }
        assert!(
            !linux.iter().any(|b| b == "linux foundation" || b == "apache software foundation")
        );
        assert_eq!(names.below("Tile Group"), [""; 0]);
        assert_eq!(names.below("Ring One"), ["ring two"]);
    }

    #[test]
    fn the_list_of_posts_is_well_formed() {
        toml::from_str::<PostsFile>(include_str!("lexicon/posts.toml")).unwrap();
    }
}
