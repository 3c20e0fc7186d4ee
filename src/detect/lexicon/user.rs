//! A user's own words: the format of a lexicon file, its check, and how it extends the built-in
//! lexicon. Reads no file; `config` does that.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use toml::de::DeTable;

use super::{Lexicon, Phrases};
use crate::model::{fold, fold_name};
use crate::text::{Cased, Token, lower_words, tokens};
use crate::typed::{Placed, Problem, Problems, Section, nearest};

/// No list is longer: the built-in list of organisations, made from the member lists of every
/// large foundation, has a third of that.
const WORDS_MAX: usize = 10_000;
/// No name or phrase is longer, in characters: what is longer is a sentence that got in by mistake.
const WORD_CHARS_MAX: usize = 200;
/// A name of so few letters and digits is found only as it is written.
const SHORT_CHARS_MAX: usize = 6;

/// The words of one checked file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserLexicon {
    bodies: Vec<Named>,
    organisations: Vec<Named>,
    units: Vec<Named>,
    tiers: Vec<String>,
    role_phrases: Vec<String>,
    role_heads: Vec<String>,
    role_modifiers: Vec<String>,
    /// From a short form to the name in full.
    aliases: Vec<(String, String)>,
    ignored_names: Vec<String>,
    ignored_sentences: Vec<String>,
}

/// A name with the other forms in which texts give it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Named {
    name: String,
    aliases: Vec<String>,
    /// The forms that are common words too.
    ambiguous: Vec<String>,
    /// The body that a body belongs to.
    parent: Option<String>,
}

impl Named {
    fn forms(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.name).chain(&self.aliases)
    }

    fn is_ambiguous(&self, form: &str) -> bool {
        self.ambiguous.iter().any(|a| key(a) == key(form))
    }
}

impl UserLexicon {
    /// Reads and checks the text of a file.
    ///
    /// # Errors
    /// All problems of the text at once.
    pub fn parse(text: &str) -> Result<UserLexicon, Vec<Problem>> {
        let problems = Problems::default();
        let (table, errors) = DeTable::parse_recoverable(text);
        problems.add_errors(&errors, "docs/DETECTION.md, “Your own words”,");
        let root = Section::new("a lexicon", 0..0, Some(table.get_ref()), &problems);
        let mut check =
            Check { text, problems: &problems, seen: HashMap::new(), names: HashMap::new() };
        let lexicon = check.lexicon(&root);
        root.finish();
        let problems = problems.into_inner();
        if problems.is_empty() { Ok(lexicon) } else { Err(problems) }
    }

    /// The bodies, each with its other forms.
    pub fn bodies(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.bodies.iter().map(|named| (named.name.as_str(), named.aliases.as_slice()))
    }

    /// The bodies that belong to another, each with that one.
    pub fn parents(&self) -> impl Iterator<Item = (&str, &str)> {
        let parents = self.bodies.iter().map(|body| (&body.name, &body.parent));
        parents.filter_map(|(name, parent)| Some((name.as_str(), parent.as_deref()?)))
    }

    /// The organisations, each with its other forms.
    pub fn organisations(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.organisations.iter().map(|named| (named.name.as_str(), named.aliases.as_slice()))
    }

    /// The units, each with its other forms.
    pub fn units(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.units.iter().map(|named| (named.name.as_str(), named.aliases.as_slice()))
    }

    /// Short forms, each with the name in full.
    pub fn aliases(&self) -> impl Iterator<Item = (&String, &str)> {
        self.aliases.iter().map(|(short, name)| (short, name.as_str()))
    }

    /// How many words there are of each sort, for people: "3 bodies, 1 tier".
    pub fn outline(&self) -> String {
        let forms = |named: &[Named]| named.iter().map(|n| n.forms().count()).sum::<usize>();
        let counts = [
            (forms(&self.bodies), "name of bodies", "names of bodies"),
            (forms(&self.organisations), "name of organisations", "names of organisations"),
            (forms(&self.units), "name of units", "names of units"),
            (self.tiers.len(), "tier", "tiers"),
            (
                self.role_phrases.len() + self.role_heads.len() + self.role_modifiers.len(),
                "word of roles",
                "words of roles",
            ),
            (self.aliases.len(), "alias", "aliases"),
            (self.ignored_names.len(), "ignored name", "ignored names"),
            (self.ignored_sentences.len(), "ignored phrase", "ignored phrases"),
        ];
        let total: usize = counts.iter().map(|(n, _, _)| n).sum();
        let parts: Vec<String> = counts
            .iter()
            .filter(|(n, _, _)| *n > 0)
            .map(|(n, one, more)| format!("{n} {}", if *n == 1 { one } else { more }))
            .collect();
        match total {
            0 => "0 words".to_owned(),
            1 => format!("1 word ({})", parts.join(", ")),
            _ => format!("{total} words ({})", parts.join(", ")),
        }
    }
}

/// What a user's words say beyond what the gazetteers hold: what to leave out, what to call things.
#[derive(Debug, Default)]
pub struct OwnWords {
    /// By folded name.
    ignored_names: HashSet<String>,
    ignored_sentences: Phrases<()>,
    /// From a folded form to the form as written and the canonical name.
    canonical: HashMap<String, (String, String)>,
}

impl OwnWords {
    /// Whether some names are never an organisation, a person or a body.
    pub fn ignores_names(&self) -> bool {
        !self.ignored_names.is_empty()
    }

    /// Whether this name is never an organisation, a person or a body.
    pub fn ignores_name(&self, name: &str) -> bool {
        self.ignores_names() && self.ignored_names.contains(&fold_name(name))
    }

    /// Whether a sentence holds a phrase of those that yield nothing.
    pub fn ignores_sentence(&self, tokens: &[Token]) -> bool {
        self.ignored_sentences.find(tokens).is_some()
    }

    /// What the user calls the body or organisation of this name, where it is another name.
    pub fn canonical(&self, name: &str) -> Option<&str> {
        if self.canonical.is_empty() {
            return None;
        }
        let (written, canonical) = self.canonical.get(&fold_name(name))?;
        let bare = name.trim();
        let bare = bare.strip_prefix("the ").or(bare.strip_prefix("The ")).unwrap_or(bare);
        let short = written.chars().filter(|c| c.is_alphanumeric()).count() <= SHORT_CHARS_MAX;
        (!short || bare == written).then_some(canonical.as_str())
    }

    fn call(&mut self, form: &str, canonical: &str) {
        self.canonical
            .entry(fold_name(form))
            .or_insert_with(|| (form.to_owned(), canonical.to_owned()));
    }
}

impl Lexicon {
    /// This lexicon with the words of users; where two files differ, the first one counts.
    #[must_use]
    pub fn extended(mut self, users: &[UserLexicon]) -> Lexicon {
        for user in users {
            for body in &user.bodies {
                for form in body.forms() {
                    self.bodies.insert(form, body.name.clone());
                    // The user knows better than the built-in list what is common.
                    self.ambiguous_bodies.remove(&form.to_lowercase());
                }
                self.ambiguous_bodies.extend(body.ambiguous.iter().map(|a| a.to_lowercase()));
            }
            for organisation in &user.organisations {
                for form in organisation.forms() {
                    self.organisations.insert(form, organisation.is_ambiguous(form));
                }
            }
            for named in user.bodies.iter().chain(&user.organisations) {
                named.aliases.iter().for_each(|alias| self.own.call(alias, &named.name));
            }
            for unit in &user.units {
                unit.forms().for_each(|form| self.units.insert(form, unit.name.clone()));
            }
            user.tiers.iter().for_each(|tier| self.tiers.insert(tier, ()));
            user.role_phrases.iter().for_each(|role| self.role_phrases.insert(role, ()));
            self.role_heads.extend(user.role_heads.iter().map(|word| word.to_lowercase()));
            self.role_modifiers.extend(user.role_modifiers.iter().map(|word| word.to_lowercase()));
            self.own.ignored_names.extend(user.ignored_names.iter().map(|name| fold_name(name)));
            for phrase in &user.ignored_sentences {
                self.own.ignored_sentences.insert(phrase, ());
            }
        }
        // Last, because an alias may name what another file tells of.
        for (short, canonical) in users.iter().flat_map(|user| &user.aliases) {
            self.add_alias(short, canonical);
        }
        self.index();
        self
    }

    /// A short form of a body, or of an organisation where the name is known as one or looks like
    /// no body's.
    fn add_alias(&mut self, short: &str, canonical: &str) {
        let cased = Cased::of(canonical);
        let words = tokens(&cased);
        let whole = |n: usize| n == words.len();
        let organisation = self.organisations.longest(&words, 0).is_some_and(|f| whole(f.2));
        let body_word = words.iter().any(|t| self.body_heads.contains(t.lower));
        if let Some(known) = self.canonical_body(canonical).map(str::to_owned) {
            self.bodies.insert(short, known);
            self.ambiguous_bodies.remove(&short.to_lowercase());
        } else if body_word && !organisation {
            self.bodies.insert(canonical, canonical.to_owned());
            self.bodies.insert(short, canonical.to_owned());
            self.ambiguous_bodies.remove(&short.to_lowercase());
        } else {
            self.organisations.insert(canonical, false);
            self.organisations.insert(short, false);
        }
        self.own.call(short, canonical);
    }
}

/// How two spellings compare: as the gazetteers do it, token by token, case aside.
fn key(word: &str) -> String {
    lower_words(word).join(" ")
}

/// Words among which none may stand twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Set {
    /// Of bodies and organisations: one name is one thing.
    Names,
    Units,
    Tiers,
    RolePhrases,
    RoleHeads,
    RoleModifiers,
    IgnoredNames,
    IgnoredSentences,
}

struct Check<'a> {
    text: &'a str,
    problems: &'a Problems,
    /// Where each word was seen first.
    seen: HashMap<(Set, String), usize>,
    /// Where each folded name that stands for a body or an organisation was seen first.
    names: HashMap<String, usize>,
}

impl Check<'_> {
    fn lexicon(&mut self, root: &Section) -> UserLexicon {
        let roles = root.section("roles", "[roles]");
        let ignore = root.section("ignore", "[ignore]");
        let lexicon = UserLexicon {
            bodies: self.tables(root, "body", "[[body]]", Check::body),
            organisations: self.tables(root, "organisation", "[[organisation]]", |check, table| {
                check.organisation(table)
            }),
            units: self.tables(root, "unit", "[[unit]]", Check::unit),
            tiers: self.list(root, "tiers", "`tiers`", Set::Tiers),
            role_phrases: self.list(&roles, "phrases", "`phrases` in [roles]", Set::RolePhrases),
            role_heads: self.single(&roles, "heads", "`heads` in [roles]", Set::RoleHeads),
            role_modifiers: self.single(
                &roles,
                "modifiers",
                "`modifiers` in [roles]",
                Set::RoleModifiers,
            ),
            aliases: self.short_forms(root.section("aliases", "[aliases]")),
            // Behind the names, which it must not contradict.
            ignored_names: self.ignored_names(&ignore),
            ignored_sentences: self.list(
                &ignore,
                "sentences",
                "`sentences` in [ignore]",
                Set::IgnoredSentences,
            ),
        };
        roles.finish();
        ignore.finish();
        lexicon
    }

    fn tables(
        &mut self,
        root: &Section,
        key: &'static str,
        title: &str,
        read: impl Fn(&mut Self, Section) -> Option<Named>,
    ) -> Vec<Named> {
        let tables = root.sections(key, title);
        self.bound(title, tables.get(WORDS_MAX).map(|t| t.span.clone()));
        tables.into_iter().take(WORDS_MAX).filter_map(|table| read(self, table)).collect()
    }

    fn body(&mut self, table: Section) -> Option<Named> {
        let name = self.name_of(&table, "[[body]]");
        let aliases = self.aliases_of(&table, "[[body]]", name.as_ref());
        let mut ambiguous = Vec::new();
        for form in table.strings("ambiguous").into_iter().flat_map(|l| l.value) {
            let forms: Vec<&str> = name.iter().chain(&aliases).map(|f| f.value.as_str()).collect();
            if forms.iter().any(|f| key(f) == key(&form.value)) {
                ambiguous.push(form.value);
            } else {
                let near = nearest(&form.value, forms.into_iter());
                let help = near.map_or_else(
                    || "add it to `aliases` too, or take it away".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!(
                    "`ambiguous` in [[body]] has `{}`, which is no name of this body",
                    form.value
                );
                self.problems.add(form.span, message, help);
            }
        }
        let parent = table.string("parent");
        let parent = parent.and_then(|p| self.filled("`parent` in [[body]]", p));
        if let (Some(parent), Some(name)) = (&parent, &name)
            && key(&parent.value) == key(&name.value)
        {
            let message = format!("`parent` in [[body]] is `{}` itself", name.value);
            let help = "name the body that it belongs to, or take `parent` away";
            self.problems.add(parent.span.clone(), message, help);
        }
        table.finish();
        let parent = parent.map(|p| p.value);
        Some(Named { name: name?.value, aliases: values(aliases), ambiguous, parent })
    }

    fn organisation(&mut self, table: Section) -> Option<Named> {
        let name = self.name_of(&table, "[[organisation]]");
        let aliases = values(self.aliases_of(&table, "[[organisation]]", name.as_ref()));
        let common = table.boolean("ambiguous").is_some_and(|a| a.value);
        table.finish();
        let name = name?.value;
        let ambiguous =
            if common { aliases.iter().chain([&name]).cloned().collect() } else { Vec::new() };
        Some(Named { name, aliases, ambiguous, parent: None })
    }

    fn unit(&mut self, table: Section) -> Option<Named> {
        let title = "[[unit]]";
        let name = self
            .required(&table, title)
            .and_then(|name| self.word("`name` in [[unit]]", Set::Units, name));
        let mut aliases = Vec::new();
        for alias in table.strings("aliases").into_iter().flat_map(|l| l.value) {
            if self.is_itself(title, &alias, name.as_ref()) {
                continue;
            }
            if alias.value.trim().chars().count() == 2 {
                let message = format!("`aliases` in [[unit]] has `{}`", alias.value.trim());
                let help = "two letters stand for too many things; take it away";
                self.problems.add(alias.span, message, help);
                continue;
            }
            aliases.extend(self.word("`aliases` in [[unit]]", Set::Units, alias));
        }
        table.finish();
        Some(Named { name: name?.value, aliases: values(aliases), ..Named::default() })
    }

    fn required(&self, table: &Section, title: &str) -> Option<Placed<String>> {
        if !table.has("name") {
            let message = format!("this {title} has no `name`");
            self.problems.add(table.span.clone(), message, "add name = \"…\"");
        }
        table.string("name")
    }

    /// The name of a body or an organisation.
    fn name_of(&mut self, table: &Section, title: &str) -> Option<Placed<String>> {
        let name = self.required(table, title)?;
        self.name(&format!("`name` in {title}"), name)
    }

    fn aliases_of(
        &mut self,
        table: &Section,
        title: &str,
        name: Option<&Placed<String>>,
    ) -> Vec<Placed<String>> {
        let list = table.strings("aliases").map(|l| l.value).unwrap_or_default();
        let field = format!("`aliases` in {title}");
        self.bound(&field, list.get(WORDS_MAX).map(|w| w.span.clone()));
        let mut found = Vec::new();
        for alias in list.into_iter().take(WORDS_MAX) {
            if !self.is_itself(title, &alias, name) {
                found.extend(self.name(&field, alias));
            }
        }
        found
    }

    fn is_itself(
        &self,
        title: &str,
        alias: &Placed<String>,
        name: Option<&Placed<String>>,
    ) -> bool {
        let itself = name.is_some_and(|name| key(&name.value) == key(&alias.value));
        if itself {
            let message = format!("`aliases` in {title} has `{}`, the name itself", alias.value);
            self.problems.add(
                alias.span.clone(),
                message,
                "take it away; case makes no difference",
            );
        }
        itself
    }

    /// "short" = "name in full".
    fn short_forms(&mut self, table: Section) -> Vec<(String, String)> {
        let pairs = table.pairs();
        self.bound("[aliases]", pairs.get(WORDS_MAX).map(|(short, _)| short.span.clone()));
        let shorts: HashSet<String> = pairs.iter().map(|(short, _)| key(&short.value)).collect();
        let mut found = Vec::new();
        for (short, canonical) in pairs.into_iter().take(WORDS_MAX) {
            let field = format!("`{}` in [aliases]", short.value);
            if key(&short.value) == key(&canonical.value) {
                let message = format!("{field} is an alias of itself");
                self.problems.add(canonical.span, message, "write the name in full behind the =");
                continue;
            }
            if shorts.contains(&key(&canonical.value)) {
                let message = format!("{field} stands for `{}`, itself an alias", canonical.value);
                self.problems.add(canonical.span, message, "write the last name of the chain");
                continue;
            }
            let canonical = self.filled(&field, canonical);
            if let Some(canonical) = &canonical {
                self.names.entry(fold_name(&canonical.value)).or_insert(canonical.span.start);
            }
            let short = self.name("a key in [aliases]", short);
            found.extend(short.zip(canonical).map(|(s, c)| (s.value, c.value)));
        }
        found
    }

    fn ignored_names(&mut self, table: &Section) -> Vec<String> {
        let field = "`names` in [ignore]";
        let list = table.strings("names").map(|l| l.value).unwrap_or_default();
        self.bound(field, list.get(WORDS_MAX).map(|w| w.span.clone()));
        let mut found = Vec::new();
        for name in list.into_iter().take(WORDS_MAX) {
            let Some(name) = self.word(field, Set::IgnoredNames, name) else { continue };
            if let Some(at) = self.names.get(&fold_name(&name.value)) {
                let message = format!(
                    "{field} has `{}`, which line {} makes a body or an organisation",
                    name.value,
                    self.line(*at)
                );
                self.problems.add(name.span, message, "take it away from one of the two");
                continue;
            }
            found.push(name.value);
        }
        found
    }

    fn list(&mut self, table: &Section, key: &'static str, field: &str, set: Set) -> Vec<String> {
        let list = table.strings(key).map(|l| l.value).unwrap_or_default();
        self.bound(field, list.get(WORDS_MAX).map(|w| w.span.clone()));
        let words = list.into_iter().take(WORDS_MAX);
        values(words.filter_map(|word| self.word(field, set, word)).collect())
    }

    /// A list of single words.
    fn single(&mut self, table: &Section, key: &'static str, field: &str, set: Set) -> Vec<String> {
        for word in table.strings(key).into_iter().flat_map(|l| l.value) {
            if lower_words(&word.value).len() > 1 {
                let message = format!("{field} has `{}`, more than one word", word.value);
                self.problems.add(word.span, message, "put it into `phrases` in [roles]");
            }
        }
        self.list(table, key, field, set)
    }

    /// A name of a body or an organisation, which texts begin with a capital.
    fn name(&mut self, field: &str, typed: Placed<String>) -> Option<Placed<String>> {
        let name = self.word(field, Set::Names, typed)?;
        if !tokens(&Cased::of(&name.value)).first().is_some_and(|t| t.capital) {
            let message = format!("{field} has `{}`, which begins with no capital", name.value);
            let help = "names are found by their capitals: write it as texts do; one that texts write small cannot be found";
            self.problems.add(name.span, message, help);
            return None;
        }
        self.names.entry(fold_name(&name.value)).or_insert(name.span.start);
        Some(name)
    }

    /// A word that stands in its set for the first time.
    fn word(&mut self, field: &str, set: Set, typed: Placed<String>) -> Option<Placed<String>> {
        let word = self.filled(field, typed)?;
        let start = word.span.start;
        if let Some(first) = self.seen.get(&(set, key(&word.value))) {
            let message =
                format!("{field} has `{}`, which stands in line {}", word.value, self.line(*first));
            let help = "take one of the two away; case makes no difference";
            self.problems.add(word.span, message, help);
            return None;
        }
        self.seen.insert((set, key(&word.value)), start);
        Some(word)
    }

    /// A word with something in it, and not too much; without the white space around it.
    fn filled(&self, field: &str, typed: Placed<String>) -> Option<Placed<String>> {
        let value = typed.value.trim();
        if fold(value).is_empty() {
            let help = "write a name or a phrase, or take it away";
            let what = if value.is_empty() { "an empty word" } else { "no letter or digit" };
            self.problems.add(typed.span, format!("{field} has {what}"), help);
            return None;
        }
        let chars = value.chars().count();
        if chars > WORD_CHARS_MAX {
            let message = format!("{field} has a word of {chars} characters");
            self.problems.add(typed.span, message, format!("use at most {WORD_CHARS_MAX}"));
            return None;
        }
        Some(Placed { value: value.to_owned(), span: typed.span })
    }

    /// Notes that a list is too long, at the first place that is too much.
    fn bound(&self, field: &str, over: Option<Range<usize>>) {
        if let Some(span) = over {
            let message = format!("{field} has more than {WORDS_MAX} entries");
            self.problems.add(span, message, "divide it over several files");
        }
    }

    fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }
}

fn values(placed: Vec<Placed<String>>) -> Vec<String> {
    placed.into_iter().map(|p| p.value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"
tiers = ["Cobalt", "Mica"]

[[body]]
name = "Tessellate"
aliases = ["TSL", "Tessellate Commons"]
parent = "Harbor Foundation"
ambiguous = ["Tessellate"]

[[organisation]]
name = "Quill & Ember"
aliases = ["Quillember"]
ambiguous = true

[[unit]]
name = "Keel Circle"
aliases = ["Keel"]

[roles]
phrases = ["keeper of the keys"]
heads = ["warden"]
modifiers = ["harbour"]

[aliases]
"OLF" = "Open Lattice Foundation"
"Brightw" = "Brightwater Analytics"

[ignore]
names = ["Signal Weekly"]
sentences = ["as a reminder"]
"#;

    fn problems(text: &str) -> Vec<String> {
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        let found = UserLexicon::parse(text).expect_err(text);
        found
            .iter()
            .map(|p| format!("{}: {} | {}", line(p.span.start), p.message, p.help))
            .collect()
    }

    #[test]
    fn every_table_is_read_and_counted() {
        let lexicon = UserLexicon::parse(FULL).unwrap();
        assert_eq!(
            lexicon.outline(),
            "16 words (3 names of bodies, 2 names of organisations, 2 names of units, 2 tiers, \
             3 words of roles, 2 aliases, 1 ignored name, 1 ignored phrase)"
        );
        assert_eq!(UserLexicon::parse("").unwrap().outline(), "0 words");
        assert_eq!(UserLexicon::parse("tiers = \"Cobalt\"").unwrap().outline(), "1 word (1 tier)");
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of inputs and expected outputs")]
    fn a_wrong_word_is_told_with_its_line_its_field_and_the_remedy() {
        let body = "[[body]]\nname = \"Tessellate\"\n";
        for (text, expected) in [
            ("[[body]]\nname = \" \"\n", "2: `name` in [[body]] has an empty word | write a name"),
            ("[[body]]\nname = \"--\"\n", "2: `name` in [[body]] has no letter or digit"),
            ("[[body]]\n", "1: this [[body]] has no `name` | add name"),
            ("[[unit]]\nname = 3\n", "2: `name` must be a string, not an integer"),
            (
                &format!("{body}{body}"),
                "4: `name` in [[body]] has `Tessellate`, which stands in line 2",
            ),
            (
                &format!("{body}aliases = [\"TSL\", \"tsl\"]"),
                "3: `aliases` in [[body]] has `tsl`, which stands in line 3",
            ),
            (
                &format!("{body}[[organisation]]\nname = \"tessellatE\""),
                "4: `name` in [[organisation]]",
            ),
            (
                &format!("{body}aliases = [\"TESSELLATE\"]"),
                "3: `aliases` in [[body]] has `TESSELLATE`, the name itself",
            ),
            (
                &format!("{body}aliases = [\"tsl\"]"),
                "begins with no capital | names are found by their capitals",
            ),
            (
                &format!("{body}aliases = [\"TSL\"]\nambiguous = [\"TSLL\"]"),
                "4: `ambiguous` in [[body]] has `TSLL`, which is no name of this body | did you mean `TSL`?",
            ),
            (
                &format!("{body}parent = \"Tessellate\""),
                "3: `parent` in [[body]] is `Tessellate` itself",
            ),
            (
                &format!("{body}[ignore]\nnames = [\"The Tessellate\"]"),
                "4: `names` in [ignore] has `The Tessellate`, which line 2 makes a body",
            ),
            ("[aliases]\n\"OLF\" = \"olf\"", "2: `OLF` in [aliases] is an alias of itself"),
            (
                "[aliases]\n\"A\" = \"B\"\n\"B\" = \"Cee\"",
                "2: `A` in [aliases] stands for `B`, itself an alias",
            ),
            ("[aliases]\n\"OLF\" = \"\"", "2: `OLF` in [aliases] has an empty word"),
            ("[aliases]\nOLF = [1]", "2: `OLF` must be a string, not an array"),
            (
                "[aliases]\nOLF = \"Open Lattice\"\n[ignore]\nnames = [\"Open Lattice\"]",
                "4: `names` in [ignore]",
            ),
            (
                "[[unit]]\nname = \"Keel\"\naliases = [\"KL\"]",
                "3: `aliases` in [[unit]] has `KL` | two letters",
            ),
            (
                "[roles]\nheads = [\"grand warden\"]",
                "2: `heads` in [roles] has `grand warden`, more than one word",
            ),
            ("[role]\nheads = []", "1: unknown key `role` in a lexicon | did you mean `roles`?"),
            (
                "[ignore]\npublishers = []",
                "2: unknown key `publishers` in [ignore] | [ignore] knows: names, sentences",
            ),
            ("tiers = [\"Mica\", \"mica\"]", "1: `tiers` has `mica`, which stands in line 1"),
            (
                &format!("tiers = [\"{}\"]", "x".repeat(201)),
                "1: `tiers` has a word of 201 characters | use at most 200",
            ),
            ("tiers = [", "see docs/DETECTION.md"),
        ] {
            let found = problems(text);
            assert!(
                found.iter().any(|p| p.contains(expected)),
                "{text}\nwanted {expected}\nfound {found:#?}"
            );
            assert_eq!(found.len(), 1, "{text}\n{found:#?}");
        }
    }

    #[test]
    fn all_problems_are_told_at_once_and_lists_end() {
        let text = "tiers = [\"\"]\n[[body]]\nnam = \"x\"\n[roles]\nheads = [\"a b\"]\n";
        assert_eq!(problems(text).len(), 4, "{:#?}", problems(text));
        let words: Vec<String> = (0..=WORDS_MAX).map(|n| format!("\"t{n}\"")).collect();
        let found = problems(&format!("tiers = [{}]", words.join(",")));
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("`tiers` has more than 10000 entries"), "{found:?}");
    }

    #[test]
    fn an_extended_lexicon_knows_the_words_and_their_canonical_names() {
        let users = [UserLexicon::parse(FULL).unwrap()];
        let lexicon = Lexicon::built_in().unwrap().extended(&users);
        assert_eq!(lexicon.canonical_body("TSL"), Some("Tessellate"));
        assert_eq!(lexicon.canonical_body("OLF"), Some("Open Lattice Foundation"));
        assert!(lexicon.ambiguous_bodies.contains("tessellate"));
        assert!(lexicon.organisations.longest(&tokens(&Cased::of("Brightw")), 0).is_some());
        for (name, canonical) in [
            ("TSL", Some("Tessellate")),
            ("the TSL", Some("Tessellate")),
            ("Tsl", None),
            ("TESSELLATE COMMONS", Some("Tessellate")),
            ("Tessellate", None),
            ("Quillember, Inc.", Some("Quill & Ember")),
            ("OLF", Some("Open Lattice Foundation")),
            ("Meridian Cloud", None),
        ] {
            assert_eq!(lexicon.own.canonical(name), canonical, "{name}");
        }
        assert!(lexicon.own.ignores_name("the Signal Weekly"));
        assert!(!lexicon.own.ignores_name("Signal Weekly Group"));
        assert!(
            lexicon.own.ignores_sentence(&tokens(&Cased::of("And, as a reminder, dues are due.")))
        );
    }
}
