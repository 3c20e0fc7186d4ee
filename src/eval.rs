//! How well detection does on a labelled corpus: predicted facts against gold facts.
//!
//! A predicted fact is right (core) when kind, polarity, subject and body are right; it is right
//! in full when action and tier, or action, unit and role are right too. Names compare after
//! folding, against the gold name or any of its aliases. Gold facts that are optional count
//! neither way; hosting is scored apart. Everything here agrees with the corpus's `score.py`,
//! whose folding is not that of `model::fold` and is therefore repeated here to the letter.
//!
//! Reads and prints nothing: `cli::eval` does.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use crate::model::{Article, Kind};
use crate::text::unescape;

/// A part of a fact beside its subject and body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// What happened.
    Action,
    /// The level of a membership, or of a project.
    Tier,
    /// The committee, board or team.
    Unit,
    /// The role.
    Role,
    /// The appointee's employer.
    Affiliation,
}

impl Slot {
    /// The key in a fact's JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Slot::Action => "action",
            Slot::Tier => "tier",
            Slot::Unit => "unit",
            Slot::Role => "role",
            Slot::Affiliation => "affiliation",
        }
    }
}

/// A fact as somebody claims it: what labels and predictions have in common. What is absent or
/// null is `None`.
#[derive(Clone, Debug, Deserialize)]
pub struct Claim {
    /// Its kind.
    pub kind: Kind,
    /// What happened, as a word.
    pub action: Option<String>,
    /// The organisation, person or project.
    pub subject: Option<String>,
    /// The foundation, consortium or company.
    pub body: Option<String>,
    /// The level.
    pub tier: Option<String>,
    /// The committee, board or team.
    pub unit: Option<String>,
    /// The role.
    pub role: Option<String>,
    /// The appointee's employer.
    pub affiliation: Option<String>,
}

impl Claim {
    fn slot(&self, slot: Slot) -> Option<&str> {
        match slot {
            Slot::Action => self.action.as_deref(),
            Slot::Tier => self.tier.as_deref(),
            Slot::Unit => self.unit.as_deref(),
            Slot::Role => self.role.as_deref(),
            Slot::Affiliation => self.affiliation.as_deref(),
        }
    }

    fn takes_out(&self) -> bool {
        matches!(self.action.as_deref(), Some("left" | "departed"))
    }
}

/// A labelled fact.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Value")]
pub struct GoldFact {
    /// What the label says.
    pub claim: Claim,
    /// What is right too, by field; `None` says that leaving the field empty is right.
    pub aliases: HashMap<String, Vec<Option<String>>>,
    /// Whether a reasonable reader could go either way: counts neither as hit nor as miss.
    pub optional: bool,
    /// The label as it was written, to be shown.
    pub raw: Value,
}

impl TryFrom<Value> for GoldFact {
    type Error = String;

    /// Fails where kind, action, subject or body are missing, saying which.
    fn try_from(raw: Value) -> Result<GoldFact, String> {
        #[derive(Deserialize)]
        struct Label {
            aliases: Option<HashMap<String, Vec<Option<String>>>>,
            optional: Option<bool>,
        }
        let claim = Claim::deserialize(&raw).map_err(|e| format!("a fact: {e}"))?;
        let label = Label::deserialize(&raw).map_err(|e| format!("a fact: {e}"))?;
        for (field, value) in
            [("action", &claim.action), ("subject", &claim.subject), ("body", &claim.body)]
        {
            if value.is_none() {
                return Err(format!("a fact has no {field}"));
            }
        }
        let aliases = label.aliases.unwrap_or_default();
        Ok(GoldFact { claim, aliases, optional: label.optional.unwrap_or(false), raw })
    }
}

impl GoldFact {
    fn aliases(&self, field: &str) -> &[Option<String>] {
        self.aliases.get(field).map_or(&[], Vec::as_slice)
    }

    /// What a prediction may say for a field, folded; an empty text accepts absence.
    fn variants(
        &self,
        field: &str,
        value: Option<&str>,
        fold: impl Fn(&str) -> String,
    ) -> Vec<String> {
        std::iter::once(value)
            .chain(self.aliases(field).iter().map(Option::as_deref))
            .map(|v| fold(v.unwrap_or_default()))
            .collect()
    }
}

/// A predicted fact.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Value")]
pub struct PredictedFact {
    /// What the prediction says.
    pub claim: Claim,
    /// The passage given as proof.
    pub evidence: String,
    /// In 0..=1, where the prediction gives it.
    pub confidence: Option<f64>,
    /// The construction that made it, where the prediction gives it.
    pub rule: Option<String>,
    /// The prediction as it was written, to be shown.
    pub raw: Value,
}

impl TryFrom<Value> for PredictedFact {
    type Error = String;

    /// Fails where the kind is missing or none of the three.
    fn try_from(raw: Value) -> Result<PredictedFact, String> {
        #[derive(Deserialize)]
        struct Proof {
            evidence: Option<String>,
            confidence: Option<f64>,
            rule: Option<String>,
        }
        let claim = Claim::deserialize(&raw).map_err(|e| format!("a fact: {e}"))?;
        let proof = Proof::deserialize(&raw).map_err(|e| format!("a fact: {e}"))?;
        Ok(PredictedFact {
            claim,
            evidence: proof.evidence.unwrap_or_default(),
            confidence: proof.confidence,
            rule: proof.rule,
            raw,
        })
    }
}

/// A document's labels: a line of the gold file.
#[derive(Clone, Debug, Deserialize)]
pub struct GoldDocument {
    /// `source/slug`.
    pub id: String,
    /// What it announces.
    pub facts: Vec<GoldFact>,
}

/// A document's predictions: a line of what `gazetted detect` prints.
#[derive(Clone, Debug, Deserialize)]
pub struct PredictedDocument {
    /// The document's identifier.
    pub id: String,
    /// What was found.
    #[serde(default)]
    pub facts: Vec<PredictedFact>,
}

/// Hits and errors of one kind of decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Said, and so.
    pub right: u32,
    /// Said, and not so.
    pub spurious: u32,
    /// So, and not said.
    pub missed: u32,
}

impl Tally {
    /// The share of what was said that is right, 1 where nothing was said; to four decimals.
    pub fn precision(&self) -> f64 {
        four_decimals(share(self.right, self.right + self.spurious))
    }

    /// The share of what is so that was said, 1 where there is nothing to say; to four decimals.
    pub fn recall(&self) -> f64 {
        four_decimals(share(self.right, self.right + self.missed))
    }

    /// The harmonic mean of the two; to four decimals.
    pub fn f1(&self) -> f64 {
        let precision = share(self.right, self.right + self.spurious);
        let recall = share(self.right, self.right + self.missed);
        if precision + recall > 0.0 {
            four_decimals(2.0 * precision * recall / (precision + recall))
        } else {
            0.0
        }
    }
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Those that are right.
    pub right: u32,
    /// All of them.
    pub of: u32,
}

impl Share {
    /// As a number, 1 where there were none; to four decimals.
    pub fn value(self) -> f64 {
        four_decimals(share(self.right, self.of))
    }

    fn count(&mut self, right: bool) {
        self.of += 1;
        self.right += u32::from(right);
    }
}

/// What became of the memberships and appointments that one construction proposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleTally {
    /// Right in core.
    pub right: u32,
    /// Wrong in core.
    pub wrong: u32,
    /// Matched an optional label: neither.
    pub optional: u32,
}

impl RuleTally {
    /// All facts of the construction.
    pub fn count(&self) -> u32 {
        self.right + self.wrong + self.optional
    }

    /// The share of right ones among right and wrong, 1 where there are none; to four decimals.
    pub fn precision(&self) -> f64 {
        four_decimals(share(self.right, self.right + self.wrong))
    }
}

/// The memberships and appointments whose confidence lies in a range: whether the confidence
/// holds what it promises. Those that match an optional label are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// The least confidence in it.
    pub from: f64,
    /// What lies above it belongs to the next; the last takes 1 too.
    pub to: f64,
    /// How many are right in core, of how many.
    pub facts: Share,
    confidence_sum: f64,
}

impl ReliabilityBin {
    /// The mean confidence of its facts, to four decimals; `None` where it has none.
    pub fn confidence(&self) -> Option<f64> {
        (self.facts.of > 0).then(|| four_decimals(self.confidence_sum / f64::from(self.facts.of)))
    }

    /// The share of its facts that are right, to four decimals; `None` where it has none.
    pub fn right(&self) -> Option<f64> {
        (self.facts.of > 0).then(|| self.facts.value())
    }
}

/// The edges of the bins of confidence; the first bin is for what only `--all` shows.
const BIN_EDGES: [f64; 7] = [0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

/// What is wrong with a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissKind {
    /// Right in core, but not in full.
    Slots,
    /// In the gold and not predicted.
    Missed,
    /// Predicted and not in the gold.
    Spurious,
}

impl MissKind {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            MissKind::Slots => "slots",
            MissKind::Missed => "missed",
            MissKind::Spurious => "spurious",
        }
    }
}

/// A fact that is not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Miss {
    /// The document.
    pub id: String,
    /// What is wrong.
    pub kind: MissKind,
    /// The fact; for slots, each wrong one with what is wanted and what was said.
    pub detail: Value,
}

/// The figures of a corpus, micro-averaged.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    /// Memberships and appointments by kind, polarity, subject and body.
    pub core: Tally,
    /// Core, and action, tier, unit and role.
    pub full: Tally,
    /// Whether the document announces a membership or an appointment at all.
    pub document: Tally,
    /// Hosting, by the rule of core.
    pub hosting: Tally,
    /// Core, by kind.
    pub by_kind: BTreeMap<&'static str, Tally>,
    /// Core, by the part of the document's id before its last slash.
    pub by_source: BTreeMap<String, Tally>,
    /// By the construction that proposed the fact.
    pub by_rule: BTreeMap<String, RuleTally>,
    /// By kind and slot: right ones among the pairs, optional ones too.
    pub slots: BTreeMap<(&'static str, &'static str), Share>,
    /// Facts whose evidence is a passage of the document; `None` without documents.
    pub quoted: Option<Share>,
    /// Bins of confidence, ascending; that below 0.5 only where facts are in it.
    pub reliability: Vec<ReliabilityBin>,
    /// Everything that is not as it should be, by document in the order of the gold.
    pub misses: Vec<Miss>,
    /// Documents with labels.
    pub gold_documents: usize,
    /// Documents with predictions.
    pub predicted_documents: usize,
    /// Of these, those without labels; they are not scored.
    pub unknown_documents: usize,
}

/// Scores predictions against labels. Of two lines with one id the later counts. With
/// `documents`, evidence is looked up in them.
pub fn score(
    gold: &[GoldDocument],
    predictions: &[PredictedDocument],
    documents: Option<&[Article]>,
) -> Scores {
    let gold = latest(gold, |d| &d.id);
    let labelled: HashSet<&str> = gold.iter().map(|d| d.id.as_str()).collect();
    let predicted: HashMap<&str, &[PredictedFact]> =
        predictions.iter().map(|p| (p.id.as_str(), p.facts.as_slice())).collect();
    let articles: Option<HashMap<&str, &Article>> =
        documents.map(|all| all.iter().map(|a| (a.id.as_str(), a)).collect());
    let mut scores = Scores {
        quoted: articles.as_ref().map(|_| Share::default()),
        reliability: empty_bins(),
        gold_documents: gold.len(),
        predicted_documents: predicted.len(),
        unknown_documents: predicted.keys().filter(|id| !labelled.contains(*id)).count(),
        ..Scores::default()
    };
    for document in gold {
        let found = predicted.get(document.id.as_str()).copied().unwrap_or_default();
        scores.count_facts(document, found);
        scores.count_document(document, found);
        if let Some(article) = articles.as_ref().and_then(|a| a.get(document.id.as_str())) {
            scores.count_quotes(article, found);
        }
    }
    scores.reliability.retain(|bin| bin.from >= BIN_EDGES[1] || bin.facts.of > 0);
    scores
}

/// Each id once, where it stands first, as it stands last.
fn latest<T>(all: &[T], id: impl Fn(&T) -> &String) -> Vec<&T> {
    let last: HashMap<&String, &T> = all.iter().map(|d| (id(d), d)).collect();
    let mut seen = HashSet::new();
    all.iter().map(id).filter(|i| seen.insert(*i)).map(|i| last[i]).collect()
}

fn empty_bins() -> Vec<ReliabilityBin> {
    BIN_EDGES
        .windows(2)
        .map(|edges| ReliabilityBin {
            from: edges[0],
            to: edges[1],
            facts: Share::default(),
            confidence_sum: 0.0,
        })
        .collect()
}

impl Scores {
    fn count_facts(&mut self, document: &GoldDocument, found: &[PredictedFact]) {
        let source = document.id.rsplit_once('/').map_or(document.id.as_str(), |(s, _)| s);
        let pairs = pair(&document.facts, found);
        let paired_gold: HashSet<usize> = pairs.iter().map(|(g, _)| *g).collect();
        let paired_found: HashSet<usize> = pairs.iter().map(|(_, p)| *p).collect();
        for (g, p) in pairs {
            self.count_pair(&document.id, source, &document.facts[g], &found[p]);
        }
        let unmatched = |paired: HashSet<usize>| move |i: &usize| !paired.contains(i);
        for gold in (0..document.facts.len()).filter(unmatched(paired_gold)) {
            let gold = &document.facts[gold];
            if !gold.optional {
                let kind = gold.claim.kind;
                self.tallies(kind, source).into_iter().for_each(|t| t.missed += 1);
                self.full.missed += u32::from(kind != Kind::Hosting);
                self.miss(&document.id, MissKind::Missed, gold.raw.clone());
            }
        }
        for fact in (0..found.len()).filter(unmatched(paired_found)).map(|p| &found[p]) {
            let kind = fact.claim.kind;
            self.tallies(kind, source).into_iter().for_each(|t| t.spurious += 1);
            self.full.spurious += u32::from(kind != Kind::Hosting);
            self.count_proposal(fact, Verdict::Wrong);
            self.miss(&document.id, MissKind::Spurious, fact.raw.clone());
        }
    }

    fn count_pair(&mut self, id: &str, source: &str, gold: &GoldFact, found: &PredictedFact) {
        let kind = gold.claim.kind;
        for slot in slots_of(kind) {
            let share = self.slots.entry((kind.as_str(), slot.as_str())).or_default();
            share.count(slot_matches(gold, &found.claim, *slot));
        }
        if gold.optional {
            self.count_proposal(found, Verdict::Optional);
            return;
        }
        self.count_proposal(found, Verdict::Right);
        self.tallies(kind, source).into_iter().for_each(|t| t.right += 1);
        if kind == Kind::Hosting {
            return;
        }
        let wrong: Map<String, Value> = full_slots_of(kind)
            .iter()
            .filter(|slot| !slot_matches(gold, &found.claim, **slot))
            .map(|slot| {
                let sides = [gold.claim.slot(*slot), found.claim.slot(*slot)];
                (slot.as_str().to_owned(), Value::from(sides.map(Value::from).to_vec()))
            })
            .collect();
        if wrong.is_empty() {
            self.full.right += 1;
        } else {
            self.full.spurious += 1;
            self.full.missed += 1;
            self.miss(id, MissKind::Slots, Value::Object(wrong));
        }
    }

    /// The tallies that a fact of this kind and source counts in, `full` aside.
    fn tallies(&mut self, kind: Kind, source: &str) -> Vec<&mut Tally> {
        if kind == Kind::Hosting {
            return vec![&mut self.hosting];
        }
        vec![
            &mut self.core,
            self.by_kind.entry(kind.as_str()).or_default(),
            self.by_source.entry(source.to_owned()).or_default(),
        ]
    }

    /// Counts a prediction for its construction and in its bin.
    fn count_proposal(&mut self, found: &PredictedFact, verdict: Verdict) {
        if found.claim.kind == Kind::Hosting {
            return;
        }
        if let Some(rule) = &found.rule {
            let tally = self.by_rule.entry(rule.clone()).or_default();
            match verdict {
                Verdict::Right => tally.right += 1,
                Verdict::Wrong => tally.wrong += 1,
                Verdict::Optional => tally.optional += 1,
            }
        }
        if let (Some(confidence), Verdict::Right | Verdict::Wrong) = (found.confidence, verdict)
            && let Some(bin) = self.reliability.iter_mut().rev().find(|b| confidence >= b.from)
        {
            bin.facts.count(verdict == Verdict::Right);
            bin.confidence_sum += confidence;
        }
    }

    /// A document with optional facts alone may be called an announcement or not.
    fn count_document(&mut self, document: &GoldDocument, found: &[PredictedFact]) {
        let labelled: Vec<&GoldFact> =
            document.facts.iter().filter(|f| f.claim.kind != Kind::Hosting).collect();
        let wanted = labelled.iter().any(|f| !f.optional);
        let grey = !wanted && !labelled.is_empty();
        let said = found.iter().any(|f| f.claim.kind != Kind::Hosting);
        match (wanted, said) {
            (true, true) => self.document.right += 1,
            (true, false) => self.document.missed += 1,
            (false, true) if !grey => self.document.spurious += 1,
            (false, _) => {}
        }
    }

    fn count_quotes(&mut self, article: &Article, found: &[PredictedFact]) {
        if found.is_empty() {
            return;
        }
        let text = letters(&format!("{} {}", article.title, text_of(&article.html)));
        let quoted = self.quoted.get_or_insert_default();
        for fact in found {
            quoted.count(!fact.evidence.is_empty() && text.contains(&letters(&fact.evidence)));
        }
    }

    fn miss(&mut self, id: &str, kind: MissKind, detail: Value) {
        self.misses.push(Miss { id: id.to_owned(), kind, detail });
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Right,
    Wrong,
    Optional,
}

/// The slots that are compared.
fn slots_of(kind: Kind) -> &'static [Slot] {
    match kind {
        Kind::Membership | Kind::Hosting => &[Slot::Action, Slot::Tier],
        Kind::Appointment => &[Slot::Action, Slot::Unit, Slot::Role, Slot::Affiliation],
    }
}

/// The slots that must be right for a fact to be right in full.
fn full_slots_of(kind: Kind) -> &'static [Slot] {
    match kind {
        Kind::Membership => &[Slot::Action, Slot::Tier],
        Kind::Appointment => &[Slot::Action, Slot::Unit, Slot::Role],
        Kind::Hosting => &[Slot::Action],
    }
}

/// One-to-one pairs of gold and predicted facts by index: those that count before the optional
/// ones, and those that agree on most slots first.
fn pair(gold: &[GoldFact], found: &[PredictedFact]) -> Vec<(usize, usize)> {
    let mut cells = Vec::new();
    for (g, label) in gold.iter().enumerate() {
        for (p, fact) in found.iter().enumerate() {
            if core_matches(label, &fact.claim) {
                let agreeing = slots_of(label.claim.kind)
                    .iter()
                    .filter(|slot| slot_matches(label, &fact.claim, **slot))
                    .count();
                cells.push((label.optional, std::cmp::Reverse(agreeing), g, p));
            }
        }
    }
    cells.sort_unstable();
    let (mut taken_gold, mut taken_found) = (HashSet::new(), HashSet::new());
    let mut pairs = Vec::new();
    for (_, _, g, p) in cells {
        if !taken_gold.contains(&g) && !taken_found.contains(&p) {
            taken_gold.insert(g);
            taken_found.insert(p);
            pairs.push((g, p));
        }
    }
    pairs
}

fn core_matches(gold: &GoldFact, found: &Claim) -> bool {
    let claim = &gold.claim;
    let named = |field: &str, wanted: Option<&str>, said: Option<&str>| {
        gold.variants(field, wanted, name).contains(&name(said.unwrap_or_default()))
    };
    claim.kind == found.kind
        && claim.takes_out() == found.takes_out()
        && named("subject", claim.subject.as_deref(), found.subject.as_deref())
        && named("body", claim.body.as_deref(), found.body.as_deref())
}

fn slot_matches(gold: &GoldFact, found: &Claim, slot: Slot) -> bool {
    let (wanted, said) = (gold.claim.slot(slot), found.slot(slot));
    let folded = |fold: fn(&str) -> String| {
        gold.variants(slot.as_str(), wanted, fold).contains(&fold(said.unwrap_or_default()))
    };
    match slot {
        Slot::Action => {
            said == wanted || gold.aliases("action").iter().any(|a| a.as_deref() == said)
        }
        Slot::Affiliation => folded(name),
        Slot::Tier => folded(|text| phrase(text, TIER_NOISE)),
        Slot::Unit | Slot::Role => folded(|text| phrase(text, &[])),
    }
}

/// Legal suffixes that do not tell two organisations apart.
const LEGAL: &[&str] = &[
    "inc",
    "incorporated",
    "ltd",
    "limited",
    "llc",
    "gmbh",
    "corp",
    "corporation",
    "co",
    "company",
    "ag",
    "sa",
    "se",
    "plc",
    "bv",
    "ab",
    "oy",
    "kk",
    "pte",
    "pty",
    "srl",
    "sas",
    "spa",
    "nv",
    "ev",
    "holdings",
];

/// Words before or behind a person's name that do not tell two people apart.
const HONORIFIC: &[&str] =
    &["dr", "prof", "professor", "mr", "mrs", "ms", "mx", "sir", "dame", "phd", "jr", "sr"];

/// Words of a tier that say only that it is one.
const TIER_NOISE: &[&str] = &[
    "member",
    "members",
    "membership",
    "sponsor",
    "sponsors",
    "sponsorship",
    "level",
    "tier",
    "partner",
    "supporter",
];

/// Words of a title or unit that do not tell two apart.
const SMALL_WORDS: &[&str] = &["the", "a", "an", "of", "for", "and"];

/// Case, accents and punctuation aside, words separated by one space. Letters of the Latin blocks
/// that have no decomposition (ø, ł) separate, everything from Greek on is kept.
fn fold(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| canonical_combining_class(*c) == 0).flat_map(case_folded) {
        match c {
            '\'' | '’' => {}
            '&' if spaced.ends_with(' ') => spaced.push_str("and "),
            '&' => spaced.push_str(" and "),
            '0'..='9' | 'a'..='z' | '+' | '#' | '\u{370}'..='\u{10ffff}' => spaced.push(c),
            _ if spaced.ends_with(' ') => {}
            _ => spaced.push(' '),
        }
    }
    spaced.trim().to_owned()
}

/// Unicode's case folding of one decomposed character, where it differs from the small letter in
/// a way that can tell two texts apart.
fn case_folded(c: char) -> impl Iterator<Item = char> {
    let (first, second) = match c {
        'ß' | 'ẞ' => ('s', Some('s')),
        'ς' => ('σ', None),
        '\u{1c80}' => ('в', None),
        '\u{1c81}' => ('д', None),
        '\u{1c82}' => ('о', None),
        '\u{1c83}' => ('с', None),
        '\u{1c84}' | '\u{1c85}' => ('т', None),
        '\u{1c86}' => ('ъ', None),
        '\u{1c87}' => ('ѣ', None),
        '\u{1c88}' => ('ꙋ', None),
        _ => (c, None),
    };
    first.to_lowercase().chain(second)
}

/// [`fold`] for names: without bracketed remarks, honorifics, a leading article, legal suffixes.
fn name(text: &str) -> String {
    let folded = fold(&without_brackets(text));
    let mut words: Vec<&str> =
        folded.split_whitespace().filter(|w| !HONORIFIC.contains(w)).collect();
    if words.first() == Some(&"the") {
        words.remove(0);
    }
    while words.len() > 1 && words.last().is_some_and(|w| LEGAL.contains(w)) {
        words.pop();
    }
    words.join(" ")
}

/// [`fold`] for titles, units and tiers: without small words, `noise`, and the s of a plural.
fn phrase(text: &str, noise: &[&str]) -> String {
    let folded = fold(&without_brackets(text));
    let singular = |word| match str::strip_suffix(word, "s") {
        Some(stem) if word.chars().count() > 3 => stem,
        _ => word,
    };
    folded
        .split_whitespace()
        .filter(|w| !noise.contains(w) && !SMALL_WORDS.contains(w))
        .map(singular)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Drops "(remarks)" with the white space before them, up to the first closing bracket; a bracket
/// that is never closed stays.
fn without_brackets(text: &str) -> String {
    let space = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('(')
        && let Some((_, behind)) = from.split_once(')')
    {
        kept.push_str(before.trim_end_matches(space));
        rest = behind;
    }
    kept + rest
}

/// The letters and digits of a text, folded: what evidence is looked up by.
fn letters(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The text of a body: scripts, styles and tags out, character references read.
fn text_of(html: &str) -> String {
    let body = without_scripts(html);
    let mut text = String::with_capacity(body.len());
    let mut rest = body.as_str();
    while let Some((before, from)) = rest.split_once('<') {
        text.push_str(before);
        match from.char_indices().skip(1).find(|(_, c)| *c == '>') {
            Some((end, _)) if !from.starts_with('>') => {
                text.push(' ');
                rest = &from[end + 1..];
            }
            _ => {
                text.push('<');
                rest = from;
            }
        }
    }
    text.push_str(rest);
    unescape(&text)
}

/// `<script…</script>` and `<style…</style>` out, whatever their case; one that is never closed
/// stays.
fn without_scripts(html: &str) -> String {
    // Folds ASCII only, so that the places in both texts are the same.
    let lower = html.to_ascii_lowercase();
    let mut kept = String::with_capacity(html.len());
    let (mut at, mut copied) = (0, 0);
    while let Some(open) = lower[at..].find('<').map(|i| at + i) {
        at = open + 1;
        for (start, close) in [("<script", "</script>"), ("<style", "</style>")] {
            if lower[open..].starts_with(start)
                && let Some(end) = lower[open..].find(close)
            {
                kept.push_str(&html[copied..open]);
                kept.push(' ');
                at = open + end + close.len();
                copied = at;
            }
        }
    }
    kept + &html[copied..]
}

fn share(right: u32, of: u32) -> f64 {
    if of == 0 { 1.0 } else { f64::from(right) / f64::from(of) }
}

/// Rounded to four decimals, ties of the exact value to the even digit, as Python does.
fn four_decimals(value: f64) -> f64 {
    format!("{value:.4}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Scores one document, all of whose names are made up.
    fn one(gold: &Value, found: &Value) -> Scores {
        let gold = serde_json::from_value(json!({"id": "herald/one", "facts": gold})).unwrap();
        let found = serde_json::from_value(json!({"id": "herald/one", "facts": found})).unwrap();
        score(&[gold], &[found], None)
    }

    fn joined(subject: &str, body: &str) -> Value {
        json!({"kind": "membership", "action": "joined", "subject": subject, "body": body,
               "tier": "Silver", "confidence": 0.75, "rule": "<org> joins <body>"})
    }

    fn appointed(subject: &str, role: &str) -> Value {
        json!({"kind": "appointment", "action": "appointed", "subject": subject,
               "body": "Tidewater Alliance", "unit": null, "role": role, "affiliation": null})
    }

    fn with(mut fact: Value, field: &str, value: Value) -> Value {
        fact[field] = value;
        fact
    }

    fn tally(right: u32, spurious: u32, missed: u32) -> Tally {
        Tally { right, spurious, missed }
    }

    #[test]
    fn folding_is_the_scorers() {
        for (text, folded) in [
            ("L\u{2019}Ami's  Café & Söhne", "lamis cafe and sohne"),
            ("A&B && C", "a and b and and c"),
            ("Straße STRASSE", "strasse strasse"),
            ("ΟΔΟΣ οδος", "οδοσ οδοσ"),
            ("Bjørn Łuk", "bj rn uk"),
            ("C++ / F# - 5\u{b2}", "c++ f# 52"),
            ("one\u{2013}two \u{201c}x\u{201d}", "one\u{2013}two \u{201c}x\u{201d}"),
            ("ﬁve\u{a0}Ⅳ", "five iv"),
            ("", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn names_and_phrases_fold_to_what_the_scorer_holds_equal() {
        for (text, folded) in [
            ("The Quillworks Company, Inc.", "quillworks"),
            ("Dr. Ada Fenwick (she/her), PhD", "ada fenwick"),
            ("The (old) Inc", "inc"),
            ("The", ""),
            ("Fenwick (unclosed", "fenwick unclosed"),
            ("(all of it)", ""),
            ("a (b (c) d)", "a d"),
        ] {
            assert_eq!(name(text), folded, "{text}");
        }
        for (text, noise, folded) in [
            ("Vice President of the Engineering Teams", &[][..], "vice president engineering team"),
            ("Gold Members", TIER_NOISE, "gold"),
            ("Gold Members", &[], "gold member"),
            ("Gas bus boss (acting)", &[], "gas bus bos"),
        ] {
            assert_eq!(phrase(text, noise), folded, "{text}");
        }
    }

    #[test]
    fn the_text_of_a_body_is_what_a_reader_sees() {
        for (html, text) in [
            ("<p>Ada&nbsp;Fenwick</p>", " Ada\u{a0}Fenwick "),
            ("a<SCRIPT>if (1 < 2) x</script >y</Script>b", "a b"),
            ("a<style>p{}</style>b<script>c", "a b c"),
            ("1 <> 2 < 3", "1 <> 2 < 3"),
            ("x < y <b>z", "x  z"),
        ] {
            assert_eq!(text_of(html), text, "{html}");
        }
    }

    #[test]
    fn a_fact_is_right_by_kind_polarity_subject_and_body() {
        let gold = json!([joined("Quillworks", "Tidewater Alliance")]);
        for (found, core, full) in [
            (joined("QUILLWORKS, Inc.", "the Tidewater Alliance"), (1, 0, 0), (1, 0, 0)),
            (
                with(joined("Quillworks", "Tidewater Alliance"), "tier", "Gold".into()),
                (1, 0, 0),
                (0, 1, 1),
            ),
            (
                with(joined("Quillworks", "Tidewater Alliance"), "tier", "silver member".into()),
                (1, 0, 0),
                (1, 0, 0),
            ),
            (
                with(joined("Quillworks", "Tidewater Alliance"), "action", "renewed".into()),
                (1, 0, 0),
                (0, 1, 1),
            ),
            (
                with(joined("Quillworks", "Tidewater Alliance"), "action", "left".into()),
                (0, 1, 1),
                (0, 1, 1),
            ),
            (
                with(joined("Quillworks", "Tidewater Alliance"), "kind", "appointment".into()),
                (0, 1, 1),
                (0, 1, 1),
            ),
            (joined("Quill", "Tidewater Alliance"), (0, 1, 1), (0, 1, 1)),
            (joined("Quillworks", "Tidewater"), (0, 1, 1), (0, 1, 1)),
        ] {
            let scores = one(&gold, &json!([found]));
            assert_eq!(scores.core, tally(core.0, core.1, core.2), "{found}");
            assert_eq!(scores.full, tally(full.0, full.1, full.2), "{found}");
        }
    }

    #[test]
    fn an_alias_is_right_and_a_null_alias_accepts_absence() {
        let aliases = json!({"subject": ["QW"], "tier": [null, "Argent"], "action": ["renewed"]});
        let gold = json!([with(joined("Quillworks", "Tidewater Alliance"), "aliases", aliases)]);
        for (field, value, right) in [
            ("subject", json!("qw"), true),
            ("tier", json!(null), true),
            ("tier", json!("Argent sponsor"), true),
            ("tier", json!("Gold"), false),
            ("action", json!("renewed"), true),
            ("action", json!(null), false),
        ] {
            let found = with(joined("Quillworks", "Tidewater Alliance"), field, value);
            assert_eq!(one(&gold, &json!([found])).full.right == 1, right, "{found}");
        }
        let strict = json!([joined("Quillworks", "Tidewater Alliance")]);
        let absent = with(joined("Quillworks", "Tidewater Alliance"), "tier", json!(null));
        assert_eq!(one(&strict, &json!([absent])).full, tally(0, 1, 1));
    }

    #[test]
    fn an_optional_fact_counts_neither_way() {
        let gold = json!([
            with(joined("Quillworks", "Tidewater Alliance"), "optional", true.into()),
            joined("Penrose Labs", "Tidewater Alliance"),
        ]);
        let both = one(
            &gold,
            &json!([
                joined("Quillworks", "Tidewater Alliance"),
                joined("Penrose Labs", "Tidewater Alliance")
            ]),
        );
        assert_eq!(both.core, tally(1, 0, 0));
        assert_eq!(both.slots[&("membership", "tier")], Share { right: 2, of: 2 });
        assert_eq!(
            both.by_rule["<org> joins <body>"],
            RuleTally { right: 1, wrong: 0, optional: 1 }
        );
        let none = one(&gold, &json!([]));
        assert_eq!(none.core, tally(0, 0, 1));
        assert_eq!(none.misses.len(), 1);
    }

    #[test]
    fn pairs_are_one_to_one_and_the_best_agreement_wins() {
        let gold = json!([
            appointed("Ada Fenwick", "Chair"),
            appointed("Ada Fenwick", "Treasurer"),
            with(appointed("Ada Fenwick", "Secretary"), "optional", true.into()),
        ]);
        let swapped = one(
            &gold,
            &json!([appointed("Ada Fenwick", "treasurer"), appointed("Ada Fenwick", "chair")]),
        );
        assert_eq!(swapped.full, tally(2, 0, 0));
        // The facts that count come before the optional one, although this agrees on more.
        let grey = one(&gold, &json!([appointed("Ada Fenwick", "Secretary")]));
        assert_eq!((grey.core, grey.full), (tally(1, 0, 1), tally(0, 1, 2)));
        let said = appointed("Ada Fenwick", "Chair");
        let thrice = one(&json!([said]), &json!([said, said, said]));
        assert_eq!(thrice.core, tally(1, 2, 0));
    }

    #[test]
    fn hosting_stands_apart() {
        let hosting = json!({"kind": "hosting", "action": "joined", "subject": "Larkspur",
                             "body": "Tidewater Alliance", "confidence": 0.9, "rule": "r"});
        let scores =
            one(&json!([hosting]), &json!([hosting, with(hosting, "subject", "Foxglove".into())]));
        assert_eq!(scores.hosting, tally(1, 1, 0));
        assert_eq!(scores.core, Tally::default());
        assert_eq!(scores.full, Tally::default());
        assert_eq!(scores.document, Tally::default());
        assert!(
            scores.by_rule.is_empty() && scores.by_kind.is_empty() && scores.by_source.is_empty()
        );
        assert!(scores.reliability.iter().all(|b| b.facts.of == 0));
    }

    #[test]
    fn a_document_with_optional_facts_alone_is_grey() {
        let fact = joined("Quillworks", "Tidewater Alliance");
        let optional = with(fact.clone(), "optional", true.into());
        let stranger = joined("Penrose Labs", "Tidewater Alliance");
        for (gold, found, document) in [
            (json!([fact]), json!([stranger]), tally(1, 0, 0)),
            (json!([fact]), json!([]), tally(0, 0, 1)),
            (json!([]), json!([stranger]), tally(0, 1, 0)),
            (json!([optional]), json!([stranger]), tally(0, 0, 0)),
            (json!([optional]), json!([]), tally(0, 0, 0)),
            (json!([]), json!([]), tally(0, 0, 0)),
        ] {
            assert_eq!(one(&gold, &found).document, document, "{gold} {found}");
        }
    }

    #[test]
    fn confidence_is_held_against_what_came_true() {
        let says = |subject: &str, confidence: f64| {
            with(joined(subject, "Tidewater Alliance"), "confidence", confidence.into())
        };
        let gold = json!([
            joined("Quillworks", "Tidewater Alliance"),
            with(joined("Penrose Labs", "Tidewater Alliance"), "optional", true.into()),
        ]);
        let found = json!([
            says("Quillworks", 0.8),
            says("Foxglove", 0.85),
            says("Penrose Labs", 0.88),
            says("Larkspur", 1.0),
        ]);
        let scores = one(&gold, &found);
        let bins: Vec<_> = scores
            .reliability
            .iter()
            .map(|b| (b.from, b.facts.of, b.confidence(), b.right()))
            .collect();
        assert_eq!(
            bins,
            [
                (0.5, 0, None, None),
                (0.6, 0, None, None),
                (0.7, 0, None, None),
                (0.8, 2, Some(0.825), Some(0.5)),
                (0.9, 1, Some(1.0), Some(0.0)),
            ]
        );
        let weak = one(&gold, &json!([says("Quillworks", 0.2)]));
        assert_eq!(weak.reliability[0].facts, Share { right: 1, of: 1 });
    }

    #[test]
    fn evidence_is_looked_up_in_the_document() {
        let article: Article = serde_json::from_value(json!({
            "id": "herald/one", "title": "Quillworks joins",
            "html": "<p>Today <b>Quillworks</b> joined the Tidewater&nbsp;Alliance &mdash; at last.</p>"
        }))
        .unwrap();
        let gold: GoldDocument =
            serde_json::from_value(json!({"id": "herald/one", "facts": []})).unwrap();
        for (evidence, quoted) in [
            ("Quillworks joins", 1),
            ("Today Quillworks joined the Tidewater Alliance - at last", 1),
            ("Quillworks left", 0),
            ("", 0),
        ] {
            let fact = with(joined("Quillworks", "X"), "evidence", evidence.into());
            let found =
                serde_json::from_value(json!({"id": "herald/one", "facts": [fact]})).unwrap();
            let scores =
                score(std::slice::from_ref(&gold), &[found], Some(std::slice::from_ref(&article)));
            assert_eq!(scores.quoted, Some(Share { right: quoted, of: 1 }), "{evidence}");
        }
    }

    #[test]
    fn the_later_of_two_lines_counts_and_strangers_are_counted() {
        let line = |id: &str, facts: Value| json!({"id": id, "facts": facts});
        let gold: Vec<GoldDocument> = serde_json::from_value(json!([
            line("herald/one", json!([])),
            line("herald/one", json!([joined("Quillworks", "Tidewater Alliance")])),
            line("gazette/two", json!([joined("Penrose Labs", "Tidewater Alliance")])),
        ]))
        .unwrap();
        let found: Vec<PredictedDocument> = serde_json::from_value(json!([
            line("herald/one", json!([joined("Quillworks", "Tidewater Alliance")])),
            line("herald/nine", json!([joined("Foxglove", "Tidewater Alliance")])),
        ]))
        .unwrap();
        let scores = score(&gold, &found, None);
        assert_eq!(
            (scores.gold_documents, scores.predicted_documents, scores.unknown_documents),
            (2, 2, 1)
        );
        assert_eq!(scores.core, tally(1, 0, 1));
        assert_eq!(scores.by_source["herald"], tally(1, 0, 0));
        assert_eq!(scores.by_source["gazette"], tally(0, 0, 1));
        assert_eq!(scores.quoted, None);
    }

    #[test]
    fn what_is_no_label_says_what_is_missing() {
        for (fact, message) in [
            (json!({"kind": "membership", "action": "joined", "subject": "Q"}), "no body"),
            (json!({"action": "joined", "subject": "Q", "body": "T"}), "missing field `kind`"),
            (json!({"kind": "wedding"}), "unknown variant `wedding`"),
        ] {
            let error = serde_json::from_value::<GoldFact>(fact).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn figures_round_as_python_rounds() {
        for (value, rounded) in [
            (0.03125, 0.0312),
            (0.09375, 0.0938),
            (0.15625, 0.1562),
            (2.0 / 3.0, 0.6667),
            (1.0, 1.0),
        ] {
            assert!((four_decimals(value) - rounded).abs() < 1e-12, "{value}");
        }
        assert!((Tally::default().f1() - 1.0).abs() < f64::EPSILON);
        assert!(tally(0, 1, 1).f1().abs() < f64::EPSILON);
    }
}
