//! What the whole document says of its names: acronyms, surnames, "the company", "our board", the
//! first person.

use std::collections::HashMap;

use super::lexicon::{Lexicon, WordClass};
use super::mention::{Mention, MentionKind, NameType, Parsed};
use super::pattern::Names;
use crate::model::{Article, fold_name};
use crate::text::{Cased, tokens};

/// Nouns by which a text speaks of the body it stands for.
const OWN_NOUNS: &[&str] = &[
    "foundation",
    "company",
    "organization",
    "organisation",
    "project",
    "consortium",
    "alliance",
    "association",
    "bank",
    "group",
    "community",
    "team",
    "society",
    "institute",
    "coalition",
    "initiative",
    "firm",
    "corporation",
    "conservancy",
    "collective",
    "federation",
    "forum",
    "board",
    "staff",
    "family",
];

/// Those of them, and more, that alone and with a capital mean its own body: "the Association's new
/// Chair".
const BODY_NOUNS: &[&str] = &[
    "association",
    "foundation",
    "institute",
    "society",
    "alliance",
    "consortium",
    "academy",
    "council",
    "trust",
    "federation",
    "initiative",
    "forum",
    "coalition",
    "union",
    "league",
    "guild",
    "collective",
    "conservancy",
    "cooperative",
    "chamber",
];

/// So many bodies of a document are told apart.
const BODIES_MAX: usize = 50;

/// What says that a document speaks of the body that it is taken to speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnBy {
    /// Its own words.
    Word,
    /// That it names no other: whoever says "we" in it is quoted, and may be another.
    Silence,
    /// Nothing.
    Guess,
}

/// What is known of the names of one document.
#[derive(Debug)]
pub struct Context {
    /// The body that "we" and "the foundation" stand for.
    pub own_body: Option<String>,
    /// The author's name, for the first person.
    pub author: Option<String>,
    /// The year of publication.
    pub year: Option<i32>,
    /// The month of publication, 1 to 12.
    pub month: Option<u32>,
    /// Whether the publisher carries other people's news, so that any organisation can be the body.
    pub wire: bool,
    /// How sure it is that the document speaks of that body.
    pub own_by: OwnBy,
    /// Whether the document reports an election.
    pub election: bool,
    /// Whether it reports an election or selection.
    pub selection: bool,
    /// Whether it reports that a body is launched.
    pub launch: bool,
    /// Whether it speaks of an acquisition.
    acquires: bool,
    /// The body that it launches, where that is not its own.
    pub launched: Option<String>,
    /// The initials of the publisher, where the document uses them.
    own_acronym: Option<String>,
    /// From a part of a person's name, lower case, to the whole of it.
    people: HashMap<String, String>,
    /// From an acronym to the name that it stands for.
    acronyms: HashMap<String, String>,
    /// The bodies that it names.
    bodies: Vec<String>,
    /// Types that the document settles, by folded name.
    types: Types,
}

/// Types of names, by folded name.
#[derive(Debug, Default)]
struct Types {
    by_name: HashMap<String, NameType>,
    /// How the names begin, one bit for some beginnings: most names begin otherwise, and need no
    /// folding.
    begins: u64,
}

impl Types {
    fn insert(&mut self, folded: String, kind: NameType) {
        self.begins |= match folded.as_bytes() {
            [first, second, ..] if first.is_ascii() && second.is_ascii() => {
                beginning(*first, *second)
            }
            _ => u64::MAX,
        };
        self.by_name.insert(folded, kind);
    }

    /// The type of a name as written.
    fn get(&self, name: &str) -> Option<&NameType> {
        // What folding does to two plain letters at the beginning is known; of articles, brackets
        // and marks it is not.
        if let [first, second, third, ..] = name.as_bytes()
            && [first, second, third].iter().all(|b| b.is_ascii_alphanumeric())
            && !name.as_bytes()[..3].eq_ignore_ascii_case(b"the")
            && self.begins & beginning(first.to_ascii_lowercase(), second.to_ascii_lowercase()) == 0
        {
            return None;
        }
        self.by_name.get(&fold_name(name))
    }
}

fn beginning(first: u8, second: u8) -> u64 {
    1 << ((usize::from(first) * 31 + usize::from(second)) % 64)
}

impl Context {
    /// Reads the names of a document.
    pub fn new(article: &Article, sentences: &[&Parsed], lexicon: &Lexicon) -> Context {
        let mut context = Context {
            own_body: None,
            author: article.author.clone().filter(|a| is_one_person(a, &article.publisher)),
            year: date_part(article, 0..4),
            month: date_part(article, 5..7),
            wire: false,
            own_by: OwnBy::Word,
            election: false,
            selection: false,
            launch: false,
            acquires: memchr::memmem::find(article.html.as_bytes(), b"acqui").is_some(),
            launched: None,
            own_acronym: None,
            people: HashMap::new(),
            acronyms: HashMap::new(),
            bodies: Vec::new(),
            types: Types::default(),
        };
        context.election = tells(sentences, WordClass::ELECTION);
        context.selection = context.election || tells(sentences, WordClass::SELECTION);
        context.launch = tells(sentences, WordClass::LAUNCH);
        for parsed in sentences {
            for mention in parsed.mentions() {
                let MentionKind::Name(kind) = mention.kind else { continue };
                context.learn(parsed, mention, kind);
            }
        }
        (context.own_body, context.wire, context.own_by) =
            own_body(article, sentences, lexicon, &context);
        context.own_acronym = acronym_of(article.publisher.trim(), sentences);
        if let (Some(acronym), false) = (&context.own_acronym, context.wire) {
            // A document that says only "ISRG" is about ISRG.
            let publisher = article.publisher.trim();
            let mut seen = "";
            let named = sentences.iter().any(|p| {
                // The sentences of a block have its text in common.
                let new = !std::ptr::eq(p.text, seen);
                seen = p.text;
                new && p.text.contains(publisher)
            });
            if !named {
                context.own_body = Some(acronym.clone());
            }
        }
        if context.launch {
            context.launched = launched(sentences, &context);
        }
        if let Some(own) = &context.own_body {
            let kind = NameType { body: true, organisation: true, ..NameType::default() };
            context.types.insert(fold_name(own), kind);
            if let Some(short) = without_head(own) {
                context.types.insert(fold_name(&short), kind);
            }
        }
        context
    }

    /// What one mention says of its name.
    fn learn(&mut self, parsed: &Parsed, mention: Mention, kind: NameType) {
        self.learn_person_by_context(parsed, mention, kind);
        let several = mention.end - mention.start > 1;
        if kind.body && several {
            let name = parsed.slice(mention.start, mention.end);
            if self.bodies.len() < BODIES_MAX && !self.bodies.iter().any(|b| b == name) {
                self.bodies.push(name.to_owned());
            }
        }
        self.learn_acronym(parsed, mention);
        self.learn_definition(parsed, mention, kind);
        self.learn_announcer(parsed, mention, kind);
        self.learn_person_by_pronoun(parsed, mention, kind);
        if kind.surely_person && several {
            self.learn_person(parsed, mention);
            if self.author.is_none() && names_speaker(parsed, mention.start) {
                self.author = Some(parsed.slice(mention.start, mention.end).to_owned());
            }
        }
    }

    /// Settles the types of all names by what the whole document says of them.
    pub fn settle(&self, parsed: &mut Parsed) {
        parsed.settle(|parsed, mention| self.name_type(parsed, mention));
    }

    /// The type of a name in the light of the whole document.
    fn name_type(&self, parsed: &Parsed, mention: Mention) -> NameType {
        let MentionKind::Name(kind) = mention.kind else { return NameType::default() };
        let raw = parsed.slice(mention.start, mention.end);
        if let Some(settled) = self.types.get(raw) {
            return *settled;
        }
        // "Yarrow is a designer" makes Yarrow Wren a person.
        let first = parsed.slice(mention.start, mention.start + 1);
        if mention.end - mention.start > 1
            && kind.person
            && !kind.organisation
            && self.types.get(first).is_some_and(|t| t.surely_person)
        {
            return NameType { person: true, surely_person: true, ..NameType::default() };
        }
        if mention.end - mention.start == 1
            && !kind.organisation
            && !kind.body
            && self.people.contains_key(parsed.lower(mention.start))
        {
            return NameType { person: true, surely_person: true, ..NameType::default() };
        }
        kind
    }

    /// The year and month of publication.
    pub fn published(&self) -> (Option<i32>, Option<u32>) {
        (self.year, self.month)
    }

    /// The short names that the document explains, each with what it stands for, in their order.
    pub fn acronyms(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> = self.acronyms.clone().into_iter().collect();
        all.sort();
        all
    }

    /// The name as the document gives it in full.
    pub fn full_name(&self, name: &str) -> String {
        let name = name.trim();
        if let Some(full) = self.acronyms.get(name) {
            return full.clone();
        }
        name.to_owned()
    }

    /// The body that "the foundation" means: one of the document's own name that ends in the noun
    /// ("Tidepool Foundation" in the news of Tidepool), else the document's own.
    pub fn own_by_noun(&self, noun: &str) -> Option<String> {
        let own = self.own_body.as_deref()?;
        if fold_name(own).contains(noun) {
            return Some(own.to_owned());
        }
        let named = self.bodies.iter().find(|b| {
            let folded = fold_name(b);
            folded.ends_with(noun) && folded.starts_with(&fold_name(own))
        });
        // The only foundation that a text of somebody else names is "the foundation".
        let only = || {
            let is_so_called = |b: &&String| b.contains(' ') && fold_name(b).ends_with(noun);
            let mut so_called = self.bodies.iter().filter(is_so_called);
            so_called.next().filter(|_| noun == "foundation" && so_called.next().is_none())
        };
        let named = named.or_else(only);
        Some(named.map_or_else(|| own.to_owned(), Clone::clone))
    }

    /// The document's own name, where it is one word in small letters.
    pub fn own_name_in_small_letters(&self) -> Option<&str> {
        let own = self.own_body.as_deref().filter(|_| !self.wire)?;
        let small = own.starts_with(char::is_lowercase) && !own.contains([' ', '/']);
        (small && own.len() > 3 && !own.contains(char::is_uppercase)).then_some(own)
    }

    /// Whether who joins a body by this name may be bought by it, and be no member: it is a company that
    /// speaks of an acquisition.
    pub fn buys(&self, body: &str) -> bool {
        let of_members = || fold_name(body).split(' ').any(|word| BODY_NOUNS.contains(&word));
        self.acquires && self.is_own_body(body) && !of_members()
    }

    /// The name of who acts: the document's own where it is called by a noun alone, "the Society".
    pub fn agent_name(&self, name: &str) -> String {
        self.own_by_noun_alone(name).unwrap_or_else(|| self.full_name(name))
    }

    /// The document's own body, where a name is a noun alone and less than the body's.
    fn own_by_noun_alone(&self, name: &str) -> Option<String> {
        self.own_body.clone().filter(|own| own.len() > name.len() && is_noun_alone(name))
    }

    /// A body's name: the document's own where the name means that.
    pub fn body_name(&self, name: &str) -> String {
        if let Some(own) = self.own_by_noun_alone(name) {
            return own;
        }
        match &self.own_body {
            // "Ceph Foundation" in the news of Ceph says more than "Ceph".
            Some(own)
                if self.is_own_body(name) && fold_name(name).len() <= fold_name(own).len() =>
            {
                own.clone()
            }
            _ => self.full_name(name),
        }
    }

    /// The full name of a person, from a part of it.
    pub fn person(&self, name: &str) -> String {
        let trimmed = name.trim().trim_start_matches('@');
        if trimmed.contains(' ') {
            return trimmed.to_owned();
        }
        self.people.get(&trimmed.to_lowercase()).cloned().unwrap_or_else(|| trimmed.to_owned())
    }

    /// Whether a name means the document's own body.
    pub fn is_own_body(&self, name: &str) -> bool {
        let Some(own) = &self.own_body else { return false };
        if self.own_acronym.as_deref() == Some(name.trim()) {
            return true;
        }
        let own = fold_name(own);
        let means = |name: &str| {
            own == name
                || (name.len() > 3 && own.starts_with(name))
                || (own.len() > 3 && name.starts_with(&own))
        };
        let full = self.acronyms.get(name.trim());
        means(&fold_name(name)) || full.is_some_and(|full| means(&fold_name(full)))
    }

    fn learn_person(&mut self, parsed: &Parsed, mention: Mention) {
        let full = parsed.slice(mention.start, mention.end).to_owned();
        for part in full.split_whitespace() {
            let part = part.trim_matches('.').to_lowercase();
            if part.len() > 1 {
                self.people.entry(part).or_insert_with(|| full.clone());
            }
        }
    }

    /// "Yarrow Wren, Staff Engineer at …", "Yarrow W. (@yarrow)": what follows says that it is a person.
    fn learn_person_by_context(&mut self, parsed: &Parsed, mention: Mention, kind: NameType) {
        let words = mention.end - mention.start;
        if kind.surely_person || kind.organisation || kind.body || !kind.person || words < 2 {
            return;
        }
        let handle =
            parsed.lower(mention.end) == "(" && parsed.lower(mention.end + 1).starts_with('@');
        let role_behind = parsed.lower(mention.end) == ","
            && (mention.end + 1..mention.end + 3)
                .any(|at| parsed.mention(at).is_some_and(|m| m.kind == MentionKind::Role));
        if handle || role_behind {
            let name = fold_name(parsed.slice(mention.start, mention.end));
            self.types.insert(
                name,
                NameType { person: true, surely_person: true, ..NameType::default() },
            );
            self.learn_person(parsed, mention);
        }
    }

    /// "Yarrow Wren shared her plans": the pronoun says that it is a person.
    fn learn_person_by_pronoun(&mut self, parsed: &Parsed, mention: Mention, kind: NameType) {
        let unsure = kind.person && !kind.surely_person && !kind.organisation && !kind.body;
        if !unsure || mention.end - mention.start < 2 || mention.start > 3 {
            return;
        }
        // "She joins Davis Harbor from …": she is somebody else.
        let spoken_of = |at: usize| matches!(parsed.lower(at), "he" | "she" | "they" | "who");
        if (0..mention.start).any(|at| spoken_of(at) || parsed.trigger(at).is_some()) {
            return;
        }
        for at in mention.end..(mention.end + 25).min(parsed.tokens.len()) {
            if parsed.mention(at).is_some_and(
                |m| matches!(m.kind, MentionKind::Name(k) if k.person || k.surely_person),
            ) {
                return;
            }
            if matches!(parsed.lower(at), "he" | "she" | "his" | "her" | "him") {
                let name = fold_name(parsed.slice(mention.start, mention.end));
                self.types.insert(
                    name,
                    NameType { person: true, surely_person: true, ..NameType::default() },
                );
                self.learn_person(parsed, mention);
                return;
            }
        }
    }

    /// "Open Lattice Foundation (OLF)", "(the “Coalition”)".
    fn learn_acronym(&mut self, parsed: &Parsed, mention: Mention) {
        if parsed.lower(mention.end) != "(" {
            return;
        }
        let name = parsed.slice(mention.start, mention.end).to_owned();
        for at in mention.end + 1..(mention.end + 12).min(parsed.tokens.len()) {
            if parsed.lower(at) == ")" {
                break;
            }
            let token = &parsed.tokens[at];
            let raw = &parsed.text[token.span.clone()];
            let capitals = raw.chars().filter(|c| c.is_uppercase()).count();
            let quoted = matches!(parsed.lower(at - 1), "\"" | "“");
            if raw.len() >= 2
                && raw.len() < 20
                && (capitals >= 2 || quoted && token.capital)
                && raw != name
            {
                self.acronyms.entry(raw.to_owned()).or_insert_with(|| name.clone());
            }
        }
    }

    /// "Lindsay Wren today announced", "… is pleased to announce": so organisations speak.
    fn learn_announcer(&mut self, parsed: &Parsed, mention: Mention, kind: NameType) {
        let word = |at: usize| parsed.lower(mention.end + at);
        let today = word(0) == "today" && matches!(word(1), "announced" | "announces")
            || matches!(word(0), "announced" | "announces") && word(1) == "today";
        let pleased = word(0) == "is"
            && matches!(word(1), "pleased" | "proud" | "excited" | "thrilled" | "delighted")
            && word(2) == "to"
            && matches!(word(3), "announce" | "welcome");
        if mention.start <= 3 && (today || pleased) && !kind.body {
            let name = fold_name(parsed.slice(mention.start, mention.end));
            self.types.insert(name, NameType { organisation: true, ..NameType::default() });
        }
    }

    /// "Tidepool is a build system": Tidepool is a project. "Quill, a provider of …": an organisation.
    fn learn_definition(&mut self, parsed: &Parsed, mention: Mention, kind: NameType) {
        let after = mention.end;
        let defines = matches!(parsed.lower(after), "is" | "are" | ",")
            && matches!(parsed.lower(after + 1), "a" | "an" | "the");
        if !defines || kind.surely_person {
            return;
        }
        let name = fold_name(parsed.slice(mention.start, mention.end));
        let other = NameType { person: false, surely_person: false, ..kind };
        for at in after + 2..(after + 14).min(parsed.tokens.len()) {
            let word = parsed.lower(at);
            if defines_person(parsed, at, kind) {
                let person = NameType { person: true, surely_person: true, ..NameType::default() };
                self.types.insert(name, person);
                self.learn_person(parsed, mention);
                return;
            }
            if COMPANY_NOUNS.contains(&word) {
                self.types.insert(name, NameType { organisation: true, project: false, ..other });
                return;
            }
            if PROJECT_NOUNS.contains(&word) && parsed.lower(after) != "," {
                self.types.insert(name, NameType { project: true, ..other });
                return;
            }
            if matches!(word, "," | "." | "that" | "which" | "who") {
                return;
            }
        }
    }
}

/// Whether the word at a place of a definition is a person's role. Companies are developers and
/// leaders too, but no Designers.
fn defines_person(parsed: &Parsed, at: usize, kind: NameType) -> bool {
    let role = parsed.mention(at).is_some_and(|m| m.kind == MentionKind::Role);
    let personal =
        (!kind.lone || parsed.tokens[at].capital) && !COMPANY_ROLES.contains(&parsed.lower(at));
    role && personal && (kind.person || kind.lone) && !kind.organisation
}

/// Roles that companies have too.
const COMPANY_ROLES: &[&str] = &[
    "developer",
    "producer",
    "manager",
    "advisor",
    "adviser",
    "consultant",
    "specialist",
    "leader",
    "partner",
];

/// What a definition calls software or a specification.
const PROJECT_NOUNS: &[&str] = &[
    "framework",
    "library",
    "tool",
    "engine",
    "runtime",
    "toolkit",
    "language",
    "compiler",
    "specification",
    "protocol",
    "project",
    "software",
    "package",
    "plugin",
    "api",
    "parser",
    "format",
    "database",
    "distribution",
    "open-source",
];

/// What a definition calls an organisation.
const COMPANY_NOUNS: &[&str] = &[
    "company",
    "provider",
    "leader",
    "firm",
    "organization",
    "organisation",
    "startup",
    "vendor",
    "manufacturer",
    "bank",
    "university",
    "consultancy",
    "agency",
];

/// A number inside the date of publication, `YYYY-MM-DD…`.
fn date_part<T: std::str::FromStr>(article: &Article, digits: std::ops::Range<usize>) -> Option<T> {
    article.published.as_deref()?.get(digits)?.parse().ok()
}

/// "My name is Ana", "I'm Ana": the first person of the text.
fn names_speaker(parsed: &Parsed, at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map_or("", |b| parsed.lower(b));
    before(1) == "is" && before(2) == "name" && before(3) == "my"
        || matches!(before(1), "i'm" | "i’m")
        || before(1) == "am" && before(2) == "i"
}

/// Whether the byline names one person and no team.
fn is_one_person(author: &str, publisher: &str) -> bool {
    let lower = author.to_lowercase();
    let several = [",", " and ", "&", " on behalf of "].iter().any(|s| lower.contains(s));
    let body = [
        "team",
        "foundation",
        "board",
        "staff",
        "committee",
        "admin",
        "council",
        "consortium",
        "editor",
    ]
    .iter()
    .any(|w| lower.contains(w));
    !several
        && !body
        && author.len() < 60
        && author.len() > 2
        && !fold_name(publisher).contains(&fold_name(author))
}

/// Words of a post that reports an election.
pub const ELECTION_WORDS: &[&str] =
    &["elected", "election", "elections", "votes", "ballots", "elect", "elects"];
/// Words of a post that reports a selection.
pub const SELECTION_WORDS: &[&str] = &["selection", "selections", "voted", "vote"];
/// Words of a post that reports the launch of a body.
pub const LAUNCH_WORDS: &[&str] = &["launch", "launched", "founding"];
/// Words by which a publisher speaks of itself.
pub const FIRST_PERSON: &[&str] = &["we", "our", "i", "i'm", "i’m", "we’re", "we're", "us"];

/// Whether the first sentences use a word of the class.
fn tells(sentences: &[&Parsed], class: WordClass) -> bool {
    sentences.iter().take(6).any(|p| p.has(class))
}

impl Names for Context {
    fn can_be_handle(&self, word: &str) -> bool {
        !COMMON_WORDS.contains(&word) && !word.ends_with("ly") && !word.ends_with("ing")
    }

    fn is_own(&self, parsed: &Parsed, at: usize) -> Option<usize> {
        let before = at.checked_sub(1).map_or("", |b| parsed.lower(b));
        if matches!(parsed.lower(at), "us" | "ours") {
            return Some(at + 1);
        }
        let pointed = matches!(before, "the" | "our" | "this" | "its" | "their");
        (pointed && OWN_NOUNS.contains(&parsed.lower(at))).then_some(at + 1)
    }
}

/// Words that follow a welcome and are nobody's handle.
const COMMON_WORDS: &[&str] = &[
    "them",
    "him",
    "her",
    "you",
    "your",
    "everyone",
    "everybody",
    "anyone",
    "someone",
    "back",
    "home",
    "people",
    "contributors",
    "contributions",
    "feedback",
    "newcomers",
    "users",
    "developers",
    "organizations",
    "companies",
    "more",
    "many",
    "another",
    "others",
    "their",
    "these",
    "those",
    "this",
    "that",
    "three",
    "four",
    "five",
    "seven",
    "aboard",
    "into",
    "with",
    "from",
    "folks",
    "community",
    "suggestions",
    "questions",
    "news",
    "change",
    "changes",
];

/// The initials of a name, where the document uses them.
fn acronym_of(publisher: &str, sentences: &[&Parsed]) -> Option<String> {
    let initials: String = publisher
        .split(' ')
        .filter_map(|w| w.chars().next())
        .filter(|c| c.is_uppercase())
        .collect();
    let used = initials.len() >= 3
        && sentences.iter().any(|p| {
            let mut alike = p.tokens.iter().filter(|t| t.span.len() == initials.len());
            alike.any(|t| p.text[t.span.clone()] == initials)
        });
    used.then_some(initials)
}

fn without_head(name: &str) -> Option<String> {
    let short = name.strip_suffix(" Foundation").or_else(|| name.strip_suffix(" Project"))?;
    (short.len() > 2).then(|| short.to_owned())
}

/// Words at the beginning of a publisher's name that name its blog, not itself.
const PUBLISHER_HEADS: &[&str] = &["Planet ", "Bits from ", "News from ", "Notes from "];

/// The same at its end.
const PUBLISHER_TAILS: &[&str] = &[
    " engineering blog",
    " tech blog",
    " Tech Blog",
    " developers' blog",
    " developer blog",
    " Developer Blog",
    " dev news",
    " blog",
    " news",
    " Contributors",
    " Blog",
    " News",
    " Newsroom",
    " Engineering Blog",
    " Press",
    " Announcements",
    " Daily Bulletin",
    " Bulletin",
    " Newsletter",
];

/// In so many first sentences a publisher that reports of itself names itself.
const SPOKEN_SENTENCES_MAX: usize = 8;

/// What an "I" behind it counts.
const COUNTED: &[&str] =
    &["phase", "part", "type", "class", "title", "volume", "chapter", "war", "division", "level"];

/// "We", "our": the publisher speaks, even where it does not name itself. Whoever is quoted speaks for
/// others.
fn speaks_for_itself(sentences: &[&Parsed]) -> bool {
    let mut open = false;
    sentences.iter().take(SPOKEN_SENTENCES_MAX).any(|p| {
        let (mut quoted, mut speaks) = (open, false);
        for (at, token) in p.tokens.iter().enumerate() {
            let opens = match token.lower {
                "“" => true,
                "”" => false,
                "\"" => !open,
                _ => {
                    let counts =
                        token.lower == "i" && COUNTED.contains(&p.lower(at.wrapping_sub(1)));
                    speaks |= p.is(at, WordClass::FIRST_PERSON) && !counts;
                    continue;
                }
            };
            (open, quoted) = (opens, true);
        }
        speaks && !quoted
    })
}

/// The publisher itself where its blog has a name around its own: "Planet Tamarack", "Plover, the site
/// generator".
fn without_blog<'n>(name: &'n str, lexicon: &Lexicon) -> &'n str {
    let head = PUBLISHER_HEADS.iter().find_map(|head| name.strip_prefix(head));
    // Not of the firm "Planet Networks".
    let is_firm = |rest: &str| lexicon.organisation_heads.contains(&rest.to_lowercase());
    let mut name = head.filter(|rest| !rest.is_empty() && !is_firm(rest)).unwrap_or(name);
    if let Some((own, described)) = name.split_once(", ")
        && ["the ", "a ", "an "].iter().any(|article| described.starts_with(article))
    {
        name = own;
    }
    for tail in PUBLISHER_TAILS {
        name = name.strip_suffix(tail).unwrap_or(name);
    }
    name
}

/// The publisher, or on a newswire the organisation that announces.
fn own_body(
    article: &Article,
    sentences: &[&Parsed],
    lexicon: &Lexicon,
    context: &Context,
) -> (Option<String>, bool, OwnBy) {
    let publisher = without_blog(article.publisher.trim(), lexicon);
    let folded = publisher.to_lowercase();
    let wire = publisher.is_empty()
        || lexicon.newswires.iter().any(|w| folded.contains(w.as_str()))
        || folded.split(' ').any(|word| lexicon.newspapers.contains(word));
    let whole = fold_name(publisher);
    let first_word = whole.split(' ').next().unwrap_or_default();
    let acronym: String = publisher
        .split(' ')
        .filter_map(|w| w.chars().next())
        .filter(|c| c.is_uppercase())
        .collect();
    // "Brattlewood Museum" is not the Brattlewood Reporter.
    let other = |p: &Parsed, at: usize| {
        p.mention(at).is_some_and(|m| {
            let name = fold_name(p.slice(m.start, m.end));
            let kind = m.name_type();
            m.end - m.start > 1
                && (kind.organisation || kind.body)
                && !name.starts_with(&whole)
                && !whole.starts_with(&name)
                && !OWN_NOUNS.contains(&p.lower(m.start + 1))
        })
    };
    let spoken = sentences.iter().take(SPOKEN_SENTENCES_MAX).any(|p| {
        p.tokens.iter().enumerate().any(|(at, t)| {
            t.lower == first_word && !other(p, at) || p.text[t.span.clone()] == acronym
        })
    });
    if !wire && (spoken || speaks_for_itself(sentences)) {
        return (Some(publisher.to_owned()), false, OwnBy::Word);
    }
    match announcer(sentences, context) {
        Some(name) => (Some(name), true, OwnBy::Word),
        None if wire => match described(sentences, context) {
            Some(name) => (Some(name), true, OwnBy::Word),
            None => (first_organisation(sentences, context), true, OwnBy::Guess),
        },
        None => {
            let cased = Cased::of(publisher);
            let words = tokens(&cased);
            let known = lexicon.canonical_body(publisher).is_some()
                || lexicon
                    .organisations
                    .longest(&words, 0)
                    .is_some_and(|(_, _, n)| n == words.len())
                || words.iter().any(|t| {
                    lexicon.body_heads.contains(t.lower)
                        || lexicon.organisation_heads.contains(t.lower)
                        // No other word of projects: a paper may be called the Standard.
                        || t.lower == "project"
                });
            // A reporter's text is about those whom it names.
            let told = (!known).then(|| first_organisation(sentences, context)).flatten();
            match told {
                Some(name) => (Some(name), true, OwnBy::Guess),
                None if known => (Some(publisher.to_owned()), false, OwnBy::Silence),
                // Who names nobody else speaks of itself; a title has capitals for any words.
                None if !sentences.iter().skip(1).any(|p| p.mentions().any(is_no_person)) => {
                    (Some(publisher.to_owned()), false, OwnBy::Silence)
                }
                None => (Some(publisher.to_owned()), false, OwnBy::Guess),
            }
        }
    }
}

/// Whether a name can be another's than a person's.
fn is_no_person(mention: Mention) -> bool {
    let kind = mention.name_type();
    matches!(mention.kind, MentionKind::Name(_)) && (kind.body || !kind.person)
}

/// Whom the only heading of a release that says "About Kestrel Systems" describes: they issued it.
fn described(sentences: &[&Parsed], context: &Context) -> Option<String> {
    let mut names = sentences.iter().filter_map(|parsed| about(parsed));
    names.next().filter(|_| names.next().is_none()).map(|name| context.full_name(name))
}

/// "About Kestrel Systems", alone or before a mark.
fn about<'a>(parsed: &'a Parsed) -> Option<&'a str> {
    let named = |m: &Mention| m.start == 1 && matches!(m.kind, MentionKind::Name(_));
    let name = parsed.mentions().find(named).filter(|_| parsed.lower(0) == "about")?;
    let ends = name.end == parsed.tokens.len()
        || matches!(parsed.lower(name.end), ":" | "-" | "–" | "—" | "|" | "(");
    ends.then(|| parsed.slice(name.start, name.end))
}

/// "the Society", with a capital and no more: no name of its own.
fn is_noun_alone(name: &str) -> bool {
    BODY_NOUNS.contains(&name.to_lowercase().as_str())
}

/// The first organisation that the first sentences name; one that is called by a noun alone only where
/// they name no other.
fn first_organisation(sentences: &[&Parsed], context: &Context) -> Option<String> {
    let first = |alone: bool| {
        sentences.iter().take(3).find_map(|parsed| {
            let mut names = parsed.mentions().filter(|m| {
                let kind = context.name_type(parsed, *m);
                (kind.organisation || kind.body)
                    && !kind.surely_person
                    && is_noun_alone(parsed.slice(m.start, m.end)) == alone
            });
            names.next().map(|m| context.full_name(parsed.slice(m.start, m.end)))
        })
    };
    first(false).or_else(|| first(true))
}

/// "… today announced the launch of the Tidepool Foundation": the body right behind a word of
/// launching, in the first sentences.
fn launched(sentences: &[&Parsed], context: &Context) -> Option<String> {
    sentences.iter().take(SPOKEN_SENTENCES_MAX).find_map(|parsed| {
        let mut verbs = (0..parsed.tokens.len()).filter(|at| {
            matches!(
                parsed.lower(*at),
                "launch" | "launches" | "launched" | "formation" | "creation" | "form" | "forms"
            )
        });
        verbs.find_map(|at| {
            let body = parsed.mentions().find(|m| {
                m.start > at && m.start <= at + 5 && matches!(m.kind, MentionKind::Name(_))
            })?;
            let kind = body.name_type();
            let name = parsed.slice(body.start, body.end);
            (kind.body && !context.is_own_body(name)).then(|| context.full_name(name))
        })
    })
}

/// "was elected"; and "Ana Castellan appointed president of …", "… board member of …", in a headline.
fn is_passive(parsed: &Parsed, verb: usize) -> bool {
    let post = |m: Mention| {
        m.kind == MentionKind::Role
            || m.kind == MentionKind::Unit && matches!(parsed.lower(m.end), "member" | "chair")
    };
    let of_whom = matches!(parsed.lower(verb), "appointed" | "elected" | "hired")
        && (matches!(parsed.lower(verb + 1), "as" | "to")
            || parsed.mention(verb + 1).is_some_and(post));
    of_whom
        || matches!(
            parsed.lower(verb.wrapping_sub(1)),
            "been" | "was" | "were" | "be" | "is" | "are" | "being"
        )
}

/// The organisation that announces: the first one before an announcing verb, the text before its
/// title.
fn announcer(sentences: &[&Parsed], context: &Context) -> Option<String> {
    let order = sentences.iter().skip(1).take(6).chain(sentences.iter().take(1));
    for parsed in order {
        for mention in parsed.mentions() {
            let MentionKind::Name(_) = mention.kind else { continue };
            let kind = context.name_type(parsed, mention);
            let role_follows =
                parsed.mention(mention.end).is_some_and(|m| m.kind == MentionKind::Role);
            if kind.surely_person || role_follows && mention.start > 0 {
                continue;
            }
            let name = parsed.slice(mention.start, mention.end);
            // "Ana Castellan of Granite Bank was appointed …" is not the bank's word.
            let before = parsed.lower(mention.start.wrapping_sub(1));
            if matches!(before, "of" | "from" | "at" | "by" | "(") {
                continue;
            }
            let announces = (mention.end..(mention.end + 60).min(parsed.tokens.len())).any(|i| {
                !is_passive(parsed, i)
                    && matches!(
                        parsed.lower(i),
                        "announced"
                            | "announces"
                            | "announce"
                            | "appoints"
                            | "appointed"
                            | "names"
                            | "welcomes"
                            | "joins"
                            | "hires"
                            | "promotes"
                            | "announcing"
                            | "expands"
                    )
            });
            // "Runa Brackwater joins the Academy as treasurer" is told of a person.
            let takes_post = kind.person
                && !kind.organisation
                && !kind.body
                && (mention.end..mention.end + 12).any(|i| {
                    parsed.lower(i) == "as"
                        && (i + 1..i + 4)
                            .any(|r| parsed.mention(r).is_some_and(|m| m.kind == MentionKind::Role))
                })
                && (mention.end..mention.end + 3)
                    .any(|i| matches!(parsed.lower(i), "joins" | "joined" | "appointed"));
            // Whoever elects is sure to be an organisation where its name says so.
            let elects = (kind.organisation || kind.body)
                && (mention.end..(mention.end + 12).min(parsed.tokens.len())).any(|i| {
                    !is_passive(parsed, i)
                        && matches!(
                            parsed.lower(i),
                            "elects" | "elected" | "chooses" | "selects" | "taps"
                        )
                });
            if (announces || elects) && mention.start <= 3 && !takes_post {
                return Some(context.full_name(name));
            }
        }
    }
    None
}
