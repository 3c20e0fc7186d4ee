//! Detection: from an article to the facts that it announces.
//!
//! The stages stand in [`detect`], in order; each is a function of its arguments. Words are data
//! in `lexicon/`, constructions in `constructions.toml`. No I/O, no clock, never fails.

mod construct;
mod effective;
mod filter;
mod frame;
mod gate;
mod lexicon;
mod lead;
mod list;
mod mention;
mod merge;
mod names;
mod own;
mod pattern;
mod resolve;
mod results;
mod row;
mod sift;
mod stems;

use std::cell::LazyCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{LazyLock, OnceLock};

pub use self::lexicon::UserLexicon;
pub use self::names::Names;
pub use self::stems::could_matter;

use crate::model::{Article, Detail, Fact, Kind, MembershipAction, Polarity, fold_name};
use crate::text::{Block, BlockKind, Cased, Sentences, any_block, blocks, span_of};

use self::construct::Table;
use self::frame::{Reading, clean_unit};
use self::gate::{Objection, is_boilerplate, objection};
use self::lexicon::{Known, Lexicon};
use self::list::Line;
use self::mention::{MentionKind, Parsed, parse};
use self::pattern::{Budget, Cues, Ground, is_event};
use self::resolve::Context;
use self::results::Results;
use self::sift::Sieve;

/// Facts below this confidence are stored, and shown only where they are asked for.
pub const DEFAULT_MIN_CONFIDENCE: f64 = 0.5;

/// No document tells more facts, before they are merged: the longest lists of members have some
/// hundreds, and what has more is made to be long.
const DRAFTS_MAX: usize = 5_000;

/// "She succeeds him" looks back at so many facts.
const PREVIOUS_MAX: usize = 50;

/// The words and constructions that detection works with.
#[derive(Debug)]
pub struct Grammar {
    lexicon: Lexicon,
    constructions: &'static Table,
    sieve: Sieve,
    words: Vec<UserLexicon>,
    names: OnceLock<Names>,
}

impl Grammar {
    /// The built-in grammar.
    pub fn built_in() -> &'static Grammar {
        static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::with(&[]));
        &GRAMMAR
    }

    /// Which names are one.
    pub fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::with(&self.words))
    }

    /// The built-in grammar with the words of users.
    pub fn with(words: &[UserLexicon]) -> Grammar {
        let lexicon = Lexicon::built_in().expect("a test reads the built-in lexicons");
        let lexicon = lexicon.extended(words);
        let constructions = construct::built_in();
        let sieve = Sieve::of(&lexicon, constructions);
        Grammar { lexicon, constructions, sieve, words: words.to_vec(), names: OnceLock::new() }
    }
}

/// What an article says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detected {
    /// Its facts, in reading order, each with its evidence; the weak ones included.
    pub facts: Vec<Fact>,
    /// The short names that it explains, each with what it stands for.
    pub acronyms: Vec<(String, String)>,
}

/// The facts of an article, in reading order, each with its evidence; the weak ones included.
pub fn detect(article: &Article, grammar: &Grammar) -> Vec<Fact> {
    read(article, grammar).facts
}

/// The facts of an article, and the short names that it explains.
pub fn read(article: &Article, grammar: &Grammar) -> Detected {
    run(article, grammar, &mut Report(None))
}

/// One step of detection, for people who improve it.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase", tag = "step")]
pub enum Step {
    /// A sentence with a match that was looked at.
    Match {
        /// The sentence.
        sentence: String,
        /// Its mentions, as "kind: text".
        mentions: Vec<String>,
        /// The construction.
        rule: String,
        /// Why it is no news, where it is none.
        objection: Option<&'static str>,
        /// The facts that it gave, as "action subject @ body".
        facts: Vec<String>,
    },
    /// A sentence with the words of news that no construction fits.
    Unmatched {
        /// The sentence.
        sentence: String,
        /// Its mentions, as "kind: text".
        mentions: Vec<String>,
        /// The words, with their class.
        triggers: Vec<String>,
    },
    /// A line that begins with a name, under words that say what becomes of it.
    Item {
        /// The line.
        item: String,
        /// The words.
        lead: String,
        /// What they say.
        reading: String,
        /// What the lines under the same words are.
        votes: String,
    },
    /// A fact that an enumeration or a list gave.
    Listed {
        /// The rule.
        rule: String,
        /// What it is read from.
        evidence: String,
        /// The fact, as "action subject @ body".
        fact: String,
    },
    /// What the user's own words leave out.
    Ignored {
        /// The name or the sentence.
        text: String,
        /// The key of `[ignore]` that lists it.
        listed: &'static str,
    },
}

/// The steps, where somebody wants to know them: else none is put together.
struct Report(Option<Vec<Step>>);

impl Report {
    fn add(&mut self, step: impl FnOnce() -> Step) {
        if let Some(steps) = &mut self.0 {
            steps.push(step());
        }
    }
}

/// What detection did with an article.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Explanation {
    /// The article.
    pub id: String,
    /// The document's own body.
    pub steps: Vec<Step>,
    /// What came out.
    pub facts: Vec<Fact>,
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.id)?;
        for step in &self.steps {
            match step {
                Step::Match { sentence, mentions, rule, objection, facts } => {
                    writeln!(f, "  “{sentence}”")?;
                    writeln!(f, "    mentions   {}", mentions.join(" · "))?;
                    writeln!(f, "    rule       {rule}")?;
                    writeln!(f, "    gate       {}", objection.unwrap_or("passed"))?;
                    for fact in facts {
                        writeln!(f, "    gives      {fact}")?;
                    }
                }
                Step::Unmatched { sentence, mentions, triggers } => {
                    writeln!(f, "  “{sentence}”")?;
                    writeln!(f, "    mentions   {}", mentions.join(" · "))?;
                    writeln!(f, "    triggers   {}", triggers.join(" · "))?;
                    writeln!(f, "    rule       none fits")?;
                }
                Step::Item { item, lead, reading, votes } => {
                    writeln!(f, "  • {item}")?;
                    writeln!(f, "    under      “{lead}”: {reading}")?;
                    writeln!(f, "    votes      {votes}")?;
                }
                Step::Listed { rule, evidence, fact } => {
                    writeln!(f, "  “{evidence}”")?;
                    writeln!(f, "    rule       {rule}")?;
                    writeln!(f, "    gives      {fact}")?;
                }
                Step::Ignored { text, listed } => {
                    writeln!(f, "  “{text}”")?;
                    writeln!(f, "    ignored    by `{listed}` in [ignore]")?;
                }
            }
        }
        for fact in &self.facts {
            writeln!(f, "  = {:.2} {}", fact.confidence, outline(fact))?;
        }
        Ok(())
    }
}

/// What detection saw, tried and rejected.
pub fn explain(article: &Article, grammar: &Grammar) -> Explanation {
    let mut report = Report(Some(Vec::new()));
    let Detected { facts, .. } = run(article, grammar, &mut report);
    Explanation { id: article.id.clone(), steps: report.0.unwrap_or_default(), facts }
}

fn outline(fact: &Fact) -> String {
    let position = [fact.tier(), fact.unit(), fact.role()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ");
    format!(
        "{} {} @ {} [{position}] by {}",
        fact.action(),
        fact.subject,
        fact.body,
        fact.evidence.rule
    )
}

/// A text of so many bytes names those whom its title names.
const NAMES_ITS_PEOPLE: usize = 500;
/// The name of a site has no more words.
const SITE_WORDS_MAX: usize = 4;

/// What stands between a title and the name of its site.
const SITE_MARKS: [&str; 6] = [" – ", " — ", " - ", " | ", " :: ", " · "];

/// A title without the name of the site behind it: "A new director – Granite Wire". That is the name of
/// the publisher, or one of which the text has no word, where that is long enough or the name a medium's: a
/// copy stands under others' names.
fn headline<'a>(article: &'a Article, lexicon: &Lexicon) -> &'a str {
    let Article { title, publisher, html, .. } = article;
    // One of these bytes is in each of the marks, and in few titles.
    if !title.bytes().any(|b| matches!(b, b'-' | b'|' | b':' | 0xc2 | 0xe2)) {
        return title;
    }
    let behind: Vec<(&str, &str)> =
        SITE_MARKS.iter().filter_map(|mark| title.rsplit_once(mark)).collect();
    if behind.is_empty() {
        return title;
    }
    let site = fold_name(publisher);
    let is_name = |tail: &str| {
        tail.split(' ').count() <= SITE_WORDS_MAX
            && tail.split(' ').all(|word| word.starts_with(char::is_uppercase))
    };
    let is_medium = |tail: &str| {
        let last = fold_name(tail.rsplit(' ').next().unwrap_or_default());
        lexicon.newspapers.contains(last.as_str()) || lexicon.newswires.contains(&last)
    };
    let is_site = |tail: &str| {
        !site.is_empty() && fold_name(tail) == site
            || (html.len() >= NAMES_ITS_PEOPLE || is_medium(tail))
                && is_name(tail)
                && !tail.split(' ').any(|word| html.contains(word))
    };
    let found = behind.into_iter().filter(|(_, last)| is_site(last));
    found.map(|(head, _)| head).min_by_key(|head| head.len()).unwrap_or(title)
}

/// The stages, in order.
fn run(article: &Article, grammar: &Grammar, report: &mut Report) -> Detected {
    let title = headline(article, &grammar.lexicon);
    let mut can_tell =
        |text: &str| grammar.sieve.lets_through(text, &grammar.lexicon, grammar.constructions);
    // Whoever asks for an explanation wants to see the sentences that tell nothing, too.
    if report.0.is_none() && !any_block(title, &article.html, &mut can_tell) {
        return Detected::default();
    }
    let blocks = blocks(title, &article.html);
    let cased: Vec<Cased> = blocks.iter().map(|b| Cased::of(&b.text)).collect();
    let split = Sentences::of(&cased, article.html.len());
    let known: Vec<Known> = split.tokens().iter().map(|t| grammar.lexicon.known(t.lower)).collect();
    let mut lines = parsed_lines(&blocks, &split, &known, &grammar.lexicon, report);
    let ignored = own::hide(&mut lines, &grammar.lexicon.own);
    let all: Vec<&Parsed> = lines.iter().flat_map(|l| &l.sentences).collect();
    let context = Context::new(article, &all, &grammar.lexicon);
    let own_in_small = context.own_name_in_small_letters();
    for parsed in lines.iter_mut().flat_map(|l| l.sentences.iter_mut()) {
        if let Some(own) = own_in_small {
            parsed.note_name(own);
        }
        context.settle(parsed);
    }
    refer_back(&mut lines, &context);
    own::show(&mut lines, ignored);
    let inherited = inherited(&blocks, &lines);
    let mut drafts = sentence_facts(&blocks, &lines, &inherited, &context, grammar, report);
    let from = drafts.len();
    for line in &lines {
        let title_unit = inherited.unit.as_deref();
        drafts.extend(list::enumerated(&blocks, line, title_unit, &context, &grammar.lexicon));
    }
    let results = Results::read(&blocks, &lines, &context, inherited.unit.as_deref());
    let mut listed = list::facts(&blocks, &lines, &results, &context, &grammar.lexicon, report);
    listed.extend(results.facts);
    // An item that is a sentence with a verb of its own has said it already.
    let news = unsaid(&drafts, listed);
    for fact in drafts[from..].iter().chain(&news) {
        report.add(|| Step::Listed {
            rule: fact.evidence.rule.clone(),
            evidence: fact.evidence.quote.clone(),
            fact: outline(fact),
        });
    }
    drafts.extend(news);
    seat_at_joined(&mut drafts, &context);
    drafts.retain(|fact| !is_of_itself(fact) && !is_of_event(fact));
    let drafts = own::settle(drafts, &grammar.lexicon.own, report);
    let mut facts = merge::merge(drafts, &grammar.lexicon);
    facts.iter_mut().for_each(|f| f.confidence = calibrated(f.confidence));
    let acronyms = if facts.is_empty() { Vec::new() } else { context.acronyms() };
    Detected { facts, acronyms }
}

/// "Quill Data joins us for CatkinConf": who sponsors an event is no member of it.
fn is_of_event(fact: &Fact) -> bool {
    // A congress may be a union's.
    fact.kind() == Kind::Membership && is_event(&fact.body) && !fact.body.ends_with("ongress")
}

/// "Kestrel was named a Leader", in the news of Kestrel Systems: nothing becomes a member of itself.
fn is_of_itself(fact: &Fact) -> bool {
    let (subject, body) = (fold_name(&fact.subject), fold_name(&fact.body));
    let short = || body.strip_prefix(&subject).is_some_and(|rest| rest.starts_with(' '));
    subject == body || !subject.contains(' ') && short() && fact.polarity() == Polarity::In
}

/// A company that tells of its membership and of "a seat on the Governing Board" means the board of
/// what it joins.
fn seat_at_joined(drafts: &mut [Fact], context: &Context) {
    let Some(own) = &context.own_body else { return };
    let own_name = fold_name(own);
    let joined = drafts.iter().find_map(|f| match &f.detail {
        Detail::Membership(m)
            if f.polarity() == Polarity::In
                && m.action != MembershipAction::Renewed
                && fold_name(&f.subject) == own_name =>
        {
            Some(f.body.clone())
        }
        _ => None,
    });
    let Some(joined) = joined else { return };
    for fact in drafts.iter_mut().filter(|f| f.body == *own) {
        let unit = fact.unit().map(str::to_lowercase).unwrap_or_default();
        let theirs = ["governing", "technical", "steering", "oversight"];
        let words = fact.evidence.quote.to_lowercase();
        let said = ["foundation", "alliance", "consortium", "association", "represent"];
        if theirs.iter().any(|w| unit.starts_with(w))
            || !unit.is_empty()
                && said.iter().any(|w| words.contains(w))
                && !own_name.contains("foundation")
        {
            fact.body.clone_from(&joined);
        }
    }
}

/// Where a fact's score becomes the share of such facts that are right. A construction's score only
/// ranks; the shares are those of the development corpus and of ordinary posts labelled beside it
/// (docs/DETECTION.md shows the table). 0.5 stays the line between reported and unconfirmed.
const CALIBRATION: [(f64, f64); 5] =
    [(0.0, 0.0), (0.49, 0.15), (0.5, 0.8), (0.7, 0.93), (1.0, 0.96)];

/// The share of facts with this score that are right, between the points of the table in a straight
/// line.
fn calibrated(score: f64) -> f64 {
    let score = score.clamp(0.0, 1.0);
    let above = CALIBRATION.iter().position(|(from, _)| *from >= score).unwrap_or(0);
    let (x1, y1) = CALIBRATION[above];
    let (x0, y0) = CALIBRATION[above.saturating_sub(1)];
    if x1 > x0 { y0 + (score - x0) / (x1 - x0) * (y1 - y0) } else { y1 }
}

/// The sentences of every block, without those that the user ignores.
fn parsed_lines<'a>(
    blocks: &'a [Block],
    split: &'a Sentences,
    known: &'a [Known],
    lexicon: &Lexicon,
    report: &mut Report,
) -> Vec<Line<'a>> {
    let mut lines = Vec::with_capacity(blocks.len());
    for (block, b) in blocks.iter().enumerate() {
        let found = split.text(block);
        let mut sentences = Vec::with_capacity(found.len());
        for place in found {
            let tokens = &split.tokens()[place.clone()];
            if lexicon.own.ignores_sentence(tokens) {
                let text = || b.text[span_of(tokens)].to_owned();
                report.add(|| Step::Ignored { text: text(), listed: "sentences" });
                continue;
            }
            sentences.push(parse(&b.text, tokens, &known[place], is_headline(b), lexicon));
        }
        lines.push(Line { block, sentences });
    }
    lines
}

/// Notes for every sentence the person and the organisation of whom the text spoke last.
fn refer_back(lines: &mut [Line], context: &Context) {
    let mut last: Option<Rc<str>> = None;
    let mut organisation: Option<(Rc<str>, usize)> = None;
    for parsed in lines.iter_mut().flat_map(|l| l.sentences.iter_mut()) {
        parsed.antecedent.clone_from(&last);
        let named = parsed
            .mentions()
            .find(|m| matches!(m.kind, MentionKind::Name(_)) && m.name_type().surely_person)
            .map(|m| context.person(parsed.slice(m.start, m.end)).into());
        last = named.or(last);
        let spoken_of = organisation_spoken_of(parsed, context);
        if let Some((name, ago)) = organisation.filter(|(_, ago)| *ago < REFERENCE_SENTENCES_MAX) {
            parsed.refer(&name);
            organisation = Some((name, ago + 1));
        } else {
            organisation = None;
        }
        organisation = spoken_of.map(|name| (name, 0)).or(organisation);
    }
}

/// "The company" stands for one that was named so many sentences before, no more.
const REFERENCE_SENTENCES_MAX: usize = 3;

/// The organisation with whose name a sentence begins.
fn organisation_spoken_of(parsed: &Parsed, context: &Context) -> Option<Rc<str>> {
    let first = parsed.mentions().find(|m| matches!(m.kind, MentionKind::Name(_)))?;
    let kind = first.name_type();
    let names = kind.organisation || kind.body || kind.lone && !kind.person;
    let name = parsed.slice(first.start, first.end);
    let other = first.start <= 1 && names && !kind.surely_person && !kind.project;
    other.then(|| context.full_name(name).into())
}

/// Those of a list's facts that no sentence of their own item has told.
fn unsaid(told: &[Fact], listed: Vec<Fact>) -> Vec<Fact> {
    let key = |f: &Fact| (f.kind(), f.polarity(), fold_name(&f.subject));
    let mut quotes: HashMap<_, Vec<&str>> = HashMap::new();
    for fact in told {
        quotes.entry(key(fact)).or_default().push(&fact.evidence.quote);
    }
    listed
        .into_iter()
        .filter(|f| {
            let said = quotes.get(&key(f));
            !said.is_some_and(|all| all.iter().any(|q| f.evidence.quote.ends_with(q)))
        })
        .collect()
}

/// Blocks in which every word may begin with a capital.
fn is_headline(block: &Block) -> bool {
    matches!(block.kind, BlockKind::Title | BlockKind::Heading(_))
}

/// What the title says for the sentences that leave it open.
struct Inherited {
    unit: Option<String>,
    tier: Option<String>,
}

/// Reads the title for the sentences that leave a slot open.
fn inherited(blocks: &[Block], lines: &[Line]) -> Inherited {
    let title = lines
        .first()
        .filter(|l| blocks[l.block].kind == BlockKind::Title)
        .and_then(|l| l.sentences.first());
    Inherited {
        unit: title.and_then(|p| {
            let unit = p.mentions().find(|m| m.kind == MentionKind::Unit)?;
            Some(clean_unit(p.slice(unit.start, unit.end)))
        }),
        tier: title.and_then(|p| {
            let mut tiers = p.mentions().filter(|m| m.kind == MentionKind::Tier);
            let first = tiers.next().filter(|_| tiers.next().is_none())?;
            Some(p.slice(first.start, first.end).to_owned())
        }),
    }
}

/// The facts of constructions inside single sentences.
fn sentence_facts(
    blocks: &[Block],
    lines: &[Line],
    inherited: &Inherited,
    context: &Context,
    grammar: &Grammar,
    report: &mut Report,
) -> Vec<Fact> {
    let mut drafts: Vec<Fact> = Vec::new();
    let budget = Budget::default();
    for line in lines {
        if budget.is_spent() || drafts.len() >= DRAFTS_MAX {
            break;
        }
        let boilerplate = LazyCell::new(|| is_boilerplate(blocks, line.block, &grammar.lexicon));
        let mut before = 0;
        for parsed in &line.sentences {
            if parsed.mentions().next().is_none() {
                continue;
            }
            let words = grammar.constructions.cues();
            let possible = grammar.constructions.possible(&Cues::of(parsed, words));
            let ground = LazyCell::new(|| Ground::new(parsed, context, words));
            let from = drafts.len();
            let mut matched = false;
            for (construction, alternatives) in possible {
                let mut at = 0;
                while let Some(found) = ground.find(&alternatives, at, &budget) {
                    at = found.end.max(found.start + 1);
                    matched = true;
                    let recent = drafts.len().saturating_sub(PREVIOUS_MAX).max(before);
                    let reading = Reading {
                        parsed,
                        context,
                        construction,
                        found: &found,
                        inherited_unit: inherited.unit.as_deref(),
                        inherited_tier: inherited.tier.as_deref(),
                        previous: &drafts[recent.min(drafts.len())..],
                    };
                    let facts = read_match(&reading, &boilerplate, grammar, report);
                    drafts.extend(facts);
                }
            }
            if !matched && parsed.triggers().next().is_some() {
                report.add(|| unmatched(parsed));
            }
            before = if drafts.len() > from { from } else { before };
        }
    }
    drafts
}

/// The facts of a match, unless something speaks against them.
fn read_match(
    reading: &Reading,
    boilerplate: &LazyCell<bool, impl FnOnce() -> bool>,
    grammar: &Grammar,
    report: &mut Report,
) -> Vec<Fact> {
    let parsed = reading.parsed;
    let refused = if **boilerplate {
        Some(Objection::Boilerplate)
    } else {
        objection(parsed, reading.found, reading.context.published(), &grammar.lexicon)
    };
    let facts = if refused.is_none() { frame::facts(reading) } else { Vec::new() };
    report.add(|| Step::Match {
        sentence: parsed.slice(0, parsed.tokens.len()).to_owned(),
        mentions: mentions_of(parsed),
        rule: reading.construction.name.clone(),
        objection: refused.map(Objection::as_str),
        facts: facts.iter().map(outline).collect(),
    });
    facts
}

fn mentions_of(parsed: &Parsed) -> Vec<String> {
    parsed
        .mentions()
        .map(|m| {
            let kind = match m.kind {
                MentionKind::Role => "role",
                MentionKind::Unit => "unit",
                MentionKind::Tier => "tier",
                MentionKind::Name(kind) if kind.surely_person => "person",
                MentionKind::Name(kind) if kind.body => "body",
                MentionKind::Name(kind) if kind.organisation => "organisation",
                MentionKind::Name(kind) if kind.person => "person or organisation",
                MentionKind::Name(_) => "name",
            };
            format!("{kind}: {}", parsed.slice(m.start, m.end))
        })
        .collect()
}

fn unmatched(parsed: &Parsed) -> Step {
    let triggers = parsed.triggers();
    Step::Unmatched {
        sentence: parsed.slice(0, parsed.tokens.len()).to_owned(),
        mentions: mentions_of(parsed),
        triggers: triggers
            .map(|t| format!("{:?}: {}", t.class, parsed.slice(t.start, t.end)).to_lowercase())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts_of(sentence: &str) -> Vec<Fact> {
        let article = Article {
            id: "test".into(),
            publisher: "Open Lattice Foundation".into(),
            title: String::new(),
            published: Some("2026-11-20".into()),
            author: None,
            url: None,
            html: format!("<p>{sentence}</p>"),
        };
        detect(&article, Grammar::built_in())
    }

    /// How announcements are written, and what each announces; the file says how it is read.
    const PHRASEBOOK: &str = include_str!("phrasebook.txt");

    #[test]
    fn the_name_of_the_site_is_no_part_of_a_title() {
        let long = format!("<p>{}</p>", "Priya <b>Raman</b> is our new chair. ".repeat(20));
        for (title, publisher, html, expected) in [
            ("A new director – Granite Wire", "Granite Wire", "", "A new director"),
            ("A new director | GRANITE WIRE, Inc.", "Granite Wire", "", "A new director"),
            ("Our new chair – Priya Raman", "Granite Wire", "", "Our new chair – Priya Raman"),
            ("Our new chair – Priya Raman", "Quill Data", &long, "Our new chair – Priya Raman"),
            ("Our new chair – Granite Wire", "Quill Data", &long, "Our new chair"),
            ("Our new chair – the results", "Quill Data", &long, "Our new chair – the results"),
            ("Our new chair – Granite Wire", "Quill Data", "", "Our new chair"),
            ("Our new chair – Granite Bank", "Quill Data", "", "Our new chair – Granite Bank"),
            ("Quill Data joins Granite Wire", "Granite Wire", "", "Quill Data joins Granite Wire"),
            ("A - B", "", "", "A - B"),
        ] {
            let article = Article {
                id: String::new(),
                publisher: publisher.into(),
                title: title.into(),
                published: None,
                author: None,
                url: None,
                html: html.into(),
            };
            assert_eq!(headline(&article, &Grammar::built_in().lexicon), expected, "{title}");
        }
    }

    #[test]
    fn a_text_that_is_cut_off_anywhere_is_read() {
        let texts = PHRASEBOOK.lines().filter(|l| !l.is_empty() && !l.starts_with(['#', '=', '<']));
        for text in texts {
            // Behind a mark, where a rule looks for what follows.
            for (mark, _) in text.match_indices([',', ':', '–', '(', '\'', '&', '*']) {
                let end = text[mark..].chars().next().map_or(mark, |c| mark + c.len_utf8());
                let article = Article {
                    id: String::new(),
                    publisher: "Open Lattice Foundation".into(),
                    title: "News".into(),
                    published: None,
                    author: None,
                    url: None,
                    html: format!("<p>{}<br>", &text[..end]),
                };
                // That it ends without a panic is all that is asked.
                detect(&article, Grammar::built_in());
            }
        }
    }

    #[test]
    fn scores_become_shares_in_their_order() {
        for (score, share) in
            [(0.0, 0.0), (0.25, 0.077), (0.5, 0.8), (0.7, 0.93), (0.9, 0.95), (2.0, 0.96)]
        {
            assert!((calibrated(score) - share).abs() < 0.001, "{score}: {}", calibrated(score));
        }
    }

    #[test]
    fn the_phrasebook_is_understood() {
        let mut wrong = Vec::new();
        let rows = PHRASEBOOK.split("\n\n").map(|row| {
            let lines = row.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
            lines.collect::<Vec<_>>()
        });
        for row in rows.filter(|row| !row.is_empty()) {
            let value = |key: &str| row.iter().find_map(|l| l.strip_prefix(key));
            let wanted: Vec<&str> = row.iter().filter_map(|l| l.strip_prefix("= ")).collect();
            let text = row.iter().filter(|l| {
                !["= ", "publisher: ", "title: ", "author: "].iter().any(|key| l.starts_with(key))
            });
            let html = text.map(|l| paragraph(l)).collect::<String>();
            let article = Article {
                id: "phrase".into(),
                publisher: value("publisher: ").unwrap_or("Open Lattice Foundation").into(),
                title: value("title: ").unwrap_or("News").into(),
                published: Some("2026-03-04".into()),
                author: value("author: ").map(str::to_owned),
                url: None,
                html,
            };
            let mut wanted: Vec<String> = wanted.iter().map(|f| (*f).to_owned()).collect();
            let mut found: Vec<String> = detect(&article, Grammar::built_in())
                .iter()
                .filter(|f| f.confidence >= DEFAULT_MIN_CONFIDENCE)
                .map(|f| format!("{} {} @ {}", f.action(), f.subject, f.body))
                .collect();
            wanted.sort();
            found.sort();
            // Whose page is never fetched cannot be read either.
            if !wanted.is_empty() && !could_matter(&article.title, &article.html) {
                wrong.push(format!("{}\n   holds no stem", article.html));
            }
            if wanted != found {
                wrong.push(format!("{}\n   wanted {wanted:?}\n   found  {found:?}", article.html));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn paragraph(line: &str) -> String {
        if line.starts_with('<') { line.to_owned() } else { format!("<p>{line}</p>") }
    }

    #[test]
    fn a_text_made_to_be_long_gives_a_bounded_answer_and_always_the_same() {
        for html in [
            format!("{}we join{}", "<div>".repeat(20_000), "</div>".repeat(20_000)),
            format!("<p>New members:</p><ul>{}", "<li>Quill Data".repeat(2_000)),
            "Priya Raman and Tom Okafor join the board and welcome, ".repeat(400),
            format!("Priya Raman {} joins the board", "(".repeat(5_000)),
        ] {
            let article = Article {
                id: "long".into(),
                publisher: "Open Lattice Foundation".into(),
                title: "New members".into(),
                published: None,
                author: None,
                url: None,
                html,
            };
            let found = detect(&article, Grammar::built_in());
            assert!(found.len() <= DRAFTS_MAX);
            assert_eq!(found, detect(&article, Grammar::built_in()));
        }
    }

    #[test]
    fn every_example_of_a_construction_gives_its_fact() {
        let mut wrong = Vec::new();
        for construction in construct::built_in().constructions.iter() {
            for example in &construction.yes {
                let (sentence, fact) =
                    example.split_once(" => ").expect("an example says its fact");
                let found = facts_of(sentence);
                if !found.iter().any(|f| format!("{} @ {}", f.subject, f.body) == fact) {
                    wrong.push(format!(
                        "{}: {sentence}\n   wanted {fact}\n   found {:?}",
                        construction.name,
                        found.iter().map(outline).collect::<Vec<_>>()
                    ));
                }
            }
            for example in &construction.no {
                let found = facts_of(example);
                if !found.is_empty() {
                    wrong.push(format!(
                        "{}: {example}\n   wanted nothing\n   found {:?}",
                        construction.name,
                        found.iter().map(outline).collect::<Vec<_>>()
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
