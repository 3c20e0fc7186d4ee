//! Names in lists, headings and cells, whose verb, body and role stand only above them.
//!
//! Every block that begins with a name is an item; what happens to it is said by the words above
//! its list ([`lead`]), and whether the names are people's or organisations' by all the items that
//! stand under the same words together.

use std::cell::{LazyCell, OnceCell};
use std::collections::HashMap;

use super::effective::effective;
use super::frame::{clean_role, clean_unit};
use super::gate::{is_boilerplate, objection};
use super::lead::{Action, LeadIn, read};
use super::lexicon::{Lexicon, TriggerClass, WordClass};
use super::mention::{Mention, MentionKind, NameType, Parsed, denies};
use super::pattern::{Match, Want, is_event, names_list, skip_bracket};
use super::resolve::Context;
use super::results::Results;
use super::row::{Column, Tables};
use super::{Report, Step};
use crate::model::{
    Appointment, AppointmentAction, Detail, Evidence, Fact, Membership, MembershipAction, fold_name,
};
use crate::text::{Block, BlockKind, TokenKind};

/// No labelled line of names is longer, in bytes.
const LINE_BYTES_MAX: usize = 300;
/// The longest quotation that joins a lead-in to its item, in bytes.
const QUOTE_BYTES_MAX: usize = 600;
/// Between a list's lead-in and its last item stand at most so many blocks.
const LEAD_DISTANCE_MAX: usize = 80;
/// No enumeration has more members.
const ENUMERATION_MAX: usize = 100;
/// The words on one member of an enumeration are no more.
const DESCRIPTION_TOKENS_MAX: usize = 24;
/// Between two items of one list stand at most so many blocks that describe the first.
const DESCRIPTION_BLOCKS_MAX: usize = 3;

/// What the words above a list say of each item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// What happens to them.
    pub action: Action,
    /// The level of membership.
    pub tier: Option<String>,
    /// The committee.
    pub unit: Option<String>,
    /// The role.
    pub role: Option<String>,
    /// The body.
    pub body: Option<String>,
    /// The block that says it.
    pub block: usize,
    /// Whether it stands right above, and not only in the title or the introduction.
    pub near: bool,
    /// How sure it is.
    pub confidence_percent: u8,
}

impl std::fmt::Display for Lead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {} %", self.action, self.confidence_percent)?;
        let parts = [
            ("body", &self.body),
            ("unit", &self.unit),
            ("role", &self.role),
            ("tier", &self.tier),
        ];
        for (name, part) in parts {
            if let Some(part) = part {
                write!(f, ", {name} {part}")?;
            }
        }
        if self.near { Ok(()) } else { write!(f, ", from afar") }
    }
}

/// A parsed block.
pub struct Line<'a> {
    /// Its index among the blocks.
    pub block: usize,
    /// Its sentences.
    pub sentences: Vec<Parsed<'a>>,
}

/// The name with which a block begins.
#[derive(Clone, Debug)]
struct Head {
    /// The names; more than one where the block enumerates them.
    names: Vec<Mention>,
    /// A role before the name: "Treasurer: Name".
    role: Option<String>,
    /// A level before the names: "Gold members: Name, Name".
    tier: Option<String>,
    /// Whether some other words and a colon stand before the names.
    labelled: bool,
    kind: NameType,
    /// Whether nothing but brackets follows.
    whole: bool,
    /// Whether a mark follows, and not the verb of a sentence.
    set_off: bool,
    /// Whether its paragraph is one of several lines that a line break parts, as good as a list.
    in_run: bool,
}

impl Head {
    /// One of an enumeration.
    fn enumerated(name: Mention, role: Option<String>) -> Head {
        let kind = name.name_type();
        let labelled = role.is_some();
        Head {
            names: vec![name],
            role,
            tier: None,
            labelled,
            kind,
            whole: false,
            set_off: true,
            in_run: false,
        }
    }
}

/// What the items under the same words are, taken together.
#[derive(Clone, Copy, Debug, Default)]
struct Votes {
    items: usize,
    sure_people: usize,
    /// Two to four capitalised words with nothing against their being a person.
    named: usize,
    set_off: usize,
    /// Those with a bracket, a comma or a dash behind the name.
    marked: usize,
    /// Those with more behind a comma that is called a name, and no organisation's: "Acme, Oslo".
    placed: usize,
}

/// What items of one list have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shape {
    Heading,
    Item,
    /// Of this column.
    Cell(u32),
    Paragraph,
}

fn shape(block: &Block) -> Shape {
    match block.kind {
        BlockKind::Title | BlockKind::Heading(_) => Shape::Heading,
        BlockKind::ListItem => Shape::Item,
        BlockKind::Cell { column, .. } => Shape::Cell(column),
        BlockKind::Paragraph | BlockKind::Quote => Shape::Paragraph,
    }
}

impl Votes {
    /// Counts one more item.
    fn count(&mut self, head: &Head) {
        self.items += 1;
        self.sure_people += usize::from(head.kind.surely_person);
        self.named += usize::from(head.kind.person && can_be_person(head.kind));
    }

    /// Some surely are, and nearly all can be: the unusual names beside them are people's too.
    fn are_people(self) -> bool {
        self.sure_people * 2 >= self.items && self.sure_people > 0
            || self.sure_people * 5 >= self.items && self.named * 10 >= self.items * 7
            || self.items > 1 && self.named == self.items && self.marked * 10 >= self.items * 8
    }
}

/// The facts of a document's lists.
pub fn facts(
    blocks: &[Block],
    lines: &[Line],
    results: &Results,
    context: &Context,
    lexicon: &Lexicon,
    report: &mut Report,
) -> Vec<Fact> {
    let tables = Tables::of(blocks);
    let heads: Vec<Option<Head>> = lines
        .iter()
        .map(|l| head(blocks, l, &tables).filter(|_| !results.cover(&blocks[l.block])))
        .collect();
    let heads = confirmed(blocks, heads);
    // A post that calls for candidates or votes has no winners yet.
    let undecided = lines
        .first()
        .and_then(|l| l.sentences.first())
        .is_some_and(|p| p.says(&lexicon.candidacy, WordClass::CANDIDACY, 0..p.tokens.len()));
    let above = Above::new(blocks, lines, &heads, &tables, context);
    let leads: Vec<Option<Lead>> = lines
        .iter()
        .map(|line| {
            let open = heads[line.block].is_some() && !is_boilerplate(blocks, line.block, lexicon);
            open.then(|| lead_of(&above, line.block)).flatten()
        })
        .collect();
    let mut votes: HashMap<(usize, Shape), Votes> = HashMap::new();
    for (index, (head, lead)) in heads.iter().zip(&leads).enumerate() {
        let (Some(head), Some(lead)) = (head, lead) else { continue };
        let vote = votes.entry((lead.block, shape(&blocks[index]))).or_default();
        vote.count(head);
        vote.set_off += usize::from(head.whole || head.set_off);
        let placed = head.names.get(1).is_some_and(|m| !m.name_type().organisation);
        vote.placed += usize::from(placed && !head.labelled);
        vote.marked +=
            usize::from(head.set_off && blocks[index].text.contains(['(', ',', '–', '—']));
    }
    let mut found = Vec::new();
    for (index, (head, lead)) in heads.iter().zip(&leads).enumerate() {
        let (Some(head), Some(lead)) = (head, lead) else { continue };
        let vote = votes[&(lead.block, shape(&blocks[index]))];
        report.add(|| Step::Item {
            item: blocks[index].text.chars().take(120).collect(),
            lead: blocks[lead.block].text.chars().take(160).collect(),
            reading: lead.to_string(),
            votes: format!(
                "{} items, {} surely people, {} like people's names, {} set off",
                vote.items, vote.sure_people, vote.named, vote.set_off
            ),
        });
        let parsed = &lines[index].sentences[0];
        let until = parsed.tokens.len();
        let tables = Some((&tables, lines));
        let item = Item { blocks, tables, index, parsed, until, head, lead, context };
        if item.is_signature(&heads) {
            continue;
        }
        let mut facts = item.facts(votes[&(lead.block, shape(&blocks[index]))]);
        if undecided {
            facts.iter_mut().for_each(|f| f.confidence -= 0.4);
        }
        found.extend(facts);
    }
    found
}

fn can_be_person(kind: NameType) -> bool {
    kind.surely_person || (kind.person || kind.lone) && !kind.organisation && !kind.body
}

/// A paragraph or heading counts as an item where its name is surely one, or stands beside another.
fn confirmed(blocks: &[Block], mut heads: Vec<Option<Head>>) -> Vec<Option<Head>> {
    for at in run_lines(blocks, &heads) {
        if let Some(head) = &mut heads[at] {
            head.in_run = true;
        }
    }
    let marked = |at: usize| blocks[at].strong_prefix > 0 || blocks[at].text.contains(['(', '[']);
    let sure =
        |at: usize| heads.get(at).and_then(Option::as_ref).is_some_and(|h| h.kind.surely_person);
    // A heading of one word among headings that name organisations names one too.
    let among_organisations = |at: usize| {
        let organisation = |other: usize| {
            blocks.get(other).is_some_and(|b| b.kind == blocks[at].kind)
                && heads[other].as_ref().is_some_and(|h| h.whole && h.kind.organisation)
        };
        (1..=2 * DESCRIPTION_BLOCKS_MAX)
            .any(|step| organisation(at + step) || at >= step && organisation(at - step))
    };
    // "We welcome the following new members:" over headings.
    let led_on = |at: usize| {
        (at.saturating_sub(3 * DESCRIPTION_BLOCKS_MAX)..at).any(|above| {
            matches!(blocks[above].kind, BlockKind::Paragraph) && blocks[above].text.ends_with(':')
        })
    };
    let beside = |at: usize| {
        (1..=DESCRIPTION_BLOCKS_MAX).any(|step| {
            let near = |other: Option<usize>| {
                other.is_some_and(|o| {
                    o < blocks.len()
                        && blocks[o].kind == blocks[at].kind
                        && sure(o)
                        && (marked(at) || !marked(o))
                })
            };
            near(at.checked_sub(step)) || near(Some(at + step))
        })
    };
    let keep: Vec<bool> = heads
        .iter()
        .enumerate()
        .map(|(at, head)| {
            let Some(head) = head else { return false };
            match blocks[at].kind {
                BlockKind::ListItem | BlockKind::Cell { .. } => true,
                BlockKind::Heading(_) => {
                    head.kind.surely_person
                        || beside(at)
                        || head.whole && (among_organisations(at) || led_on(at))
                        || !can_be_person(head.kind)
                        || blocks[at].text.contains('(')
                }
                _ => head.in_run || head.kind.surely_person || head.kind.person && beside(at),
            }
        })
        .collect();
    heads.into_iter().zip(keep).map(|(head, keep)| head.filter(|_| keep)).collect()
}

/// The paragraphs that are lines of a list, which line breaks part: "Quill Data (Gold)", "Devices: Ana
/// Castellan; Tom Okafor". Several stand together, and words or a heading lead them on.
fn run_lines(blocks: &[Block], heads: &[Option<Head>]) -> Vec<usize> {
    let is_line = |at: usize| {
        blocks[at].kind == BlockKind::Paragraph && heads[at].as_ref().is_some_and(|h| h.whole)
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < blocks.len() {
        if !is_line(at) {
            at += 1;
            continue;
        }
        let from = at;
        // One line between them names their level.
        let mut lines = Vec::new();
        let mut last = at;
        while at < blocks.len() && at <= last + 2 {
            if is_line(at) {
                lines.push(at);
                last = at;
            } else if blocks[at].kind != BlockKind::Paragraph || blocks[at].text.len() > 40 {
                break;
            }
            at += 1;
        }
        let leads = |above: usize| {
            matches!(blocks[above].kind, BlockKind::Heading(_) | BlockKind::Title)
                || blocks[above].text.ends_with([':', '…'])
        };
        let led = (1..=2).any(|back| from.checked_sub(back).is_some_and(leads));
        // "Special Member", in strong type, over one name.
        let level = from.checked_sub(1).is_some_and(|above| {
            let text = blocks[above].text.to_lowercase();
            matches!(blocks[above].kind, BlockKind::Heading(_))
                && text.len() < 40
                && ["member", "sponsor", "supporter"].iter().any(|noun| text.contains(noun))
        });
        if lines.len() > 1 && led || level {
            found.extend(lines);
        }
        at = at.max(last + 1);
    }
    found
}

/// Whether a block's kind and length allow that it is one name's line.
fn can_be_item(block: &Block) -> bool {
    match block.kind {
        BlockKind::ListItem => true,
        BlockKind::Cell { header, .. } => !header,
        BlockKind::Heading(_) => is_short(block),
        BlockKind::Paragraph | BlockKind::Quote => {
            block.text.len() < LINE_BYTES_MAX || begins_strong(block)
        }
        BlockKind::Title => false,
    }
}

fn is_short(block: &Block) -> bool {
    block.text.len() < 120
}

/// Whether a name's length of the block is set in strong type.
fn begins_strong(block: &Block) -> bool {
    block.strong_prefix > 3 && block.strong_prefix < 80
}

/// The name with which a block begins, where the block can be one name's line.
fn head(blocks: &[Block], line: &Line, tables: &Tables) -> Option<Head> {
    let block = &blocks[line.block];
    let parsed = line.sentences.first()?;
    if !can_be_item(block) {
        return None;
    }
    let label = label(parsed);
    let at = label.at;
    let limit = (at + 3).min(parsed.tokens.len());
    let named = (at..limit).find_map(|from| {
        let leads_in = (at..from).all(|i| {
            parsed.tokens[i].kind != TokenKind::Word
                || parsed.lower(i) == "the"
                // "yarrow7, Priya Raman, Brightwater": a handle before the name.
                || i == at
                    && parsed.lower(i + 1) == ","
                    && !parsed.is(i, WordClass::NEVER_NAME)
                    && matches!(block.kind, BlockKind::ListItem)
        });
        leads_in.then(|| names_list(parsed, Want::Names, from)).flatten()
    });
    let (names, end) = match named {
        Some((names, end)) => (names, end),
        None if matches!(block.kind, BlockKind::ListItem) => lone_handle(parsed, at)?,
        None => return None,
    };
    let first = names[0];
    let after = skip_bracket(parsed, first.end);
    let head = Head {
        whole: only_marks(parsed, skip_bracket(parsed, end)) && line.sentences.len() == 1,
        set_off: after >= parsed.tokens.len() || parsed.tokens[after].kind != TokenKind::Word,
        kind: kind_of_head(parsed, first, line.block, tables, label.is_bare()),
        names,
        role: label.role,
        tier: label.tier,
        labelled: at > 0,
        in_run: false,
    };
    fits(&head, parsed, block, line.block, tables).then_some(head)
}

/// Whether nothing but closing marks stands behind.
fn only_marks(parsed: &Parsed, at: usize) -> bool {
    (at..parsed.tokens.len()).all(|i| matches!(parsed.lower(i), "." | ";" | "," | "*"))
}

/// What the first name of an item is, by the words around it.
fn kind_of_head(
    parsed: &Parsed,
    first: Mention,
    index: usize,
    tables: &Tables,
    labelled: bool,
) -> NameType {
    let mut kind = first.name_type();
    let titled = matches!(parsed.lower(first.end), "(" | "," | "-" | "–" | "—")
        && (parsed.mention(first.end + 1).is_some_and(|m| m.kind == MentionKind::Role)
            || parsed.lower(first.end + 2) == "member");
    if titled && (kind.person || kind.lone) && !kind.organisation {
        kind.surely_person = true;
    }
    let column = tables.column(index);
    // Who has an employer or takes up a post is a person.
    let beside = |kind| tables.words(index, kind).is_some();
    let known_by_row =
        column == Column::Subject && (beside(Column::Affiliation) || beside(Column::NewRole));
    if (column == Column::Name || known_by_row) && kind.person && !kind.organisation {
        kind.surely_person = true;
    }
    let handle = parsed.slice(first.start, first.end).starts_with('@');
    if labelled && (handle || kind.lone) && !kind.organisation {
        kind = NameType::default();
    }
    kind
}

/// Whether a block's kind allows for its name to be an item of its own.
fn fits(head: &Head, parsed: &Parsed, block: &Block, index: usize, tables: &Tables) -> bool {
    let one = head.whole && head.names.len() == 1 && !block.text.starts_with('@');
    match block.kind {
        BlockKind::ListItem => true,
        BlockKind::Cell { header, column, .. } => {
            one && !header
                && match tables.column(index) {
                    Column::Name => !head.kind.organisation,
                    Column::Subject => !head.kind.lone || head.kind.organisation,
                    Column::Organisation => {
                        let about_others = [Column::Name, Column::Subject];
                        !head.kind.surely_person
                            && !about_others.iter().any(|c| tables.has(index, *c))
                    }
                    // Organisations stand in the first column only: behind people they are employers.
                    Column::Unnamed | Column::Other => {
                        can_be_person(head.kind) && !head.kind.lone
                            || column <= 1 && head.kind.organisation
                    }
                    _ => false,
                }
        }
        BlockKind::Heading(_) => {
            is_short(block) && (head.whole || head.set_off && head.kind.person)
        }
        BlockKind::Paragraph | BlockKind::Quote => {
            is_short(block) && one
                || head.whole && head.labelled && block.text.len() < LINE_BYTES_MAX
                || begins_strong(block)
                    && head.names.len() == 1
                    && (head.set_off || parsed.triggers().next().is_none())
        }
        BlockKind::Title => false,
    }
}

/// "yarrow, team member": a handle in small letters, where a mark follows.
fn lone_handle(parsed: &Parsed, at: usize) -> Option<(Vec<Mention>, usize)> {
    let token = parsed.tokens.get(at).filter(|t| t.kind == TokenKind::Word)?;
    let marked = matches!(parsed.lower(at + 1), "," | "(")
        && parsed.mention(at + 2).is_some_and(|m| m.kind == MentionKind::Role)
        || matches!(parsed.lower(at + 1), ",") && parsed.lower(at + 3) == "member";
    let plain = token.lower.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let mention = Mention {
        kind: MentionKind::Name(NameType { lone: true, ..NameType::default() }),
        start: at,
        end: at + 1,
    };
    (marked && plain && token.lower.len() > 2 && parsed.mention(at).is_none())
        .then(|| (vec![mention], at + 1))
}

/// The last so many sentences of a block say what the list under it is.
const LEAD_SENTENCES_MAX: usize = 3;

/// A document's blocks as what may stand above a list. Each is read once, however many items
/// stand under it.
struct Above<'a> {
    blocks: &'a [Block],
    lines: &'a [Line<'a>],
    heads: &'a [Option<Head>],
    tables: &'a Tables<'a>,
    context: &'a Context,
    first_heading: Option<usize>,
    said: Vec<OnceCell<Vec<LeadIn>>>,
}

impl<'a> Above<'a> {
    fn new(
        blocks: &'a [Block],
        lines: &'a [Line<'a>],
        heads: &'a [Option<Head>],
        tables: &'a Tables<'a>,
        context: &'a Context,
    ) -> Self {
        let first_heading = blocks.iter().position(|b| matches!(b.kind, BlockKind::Heading(_)));
        let said = blocks.iter().map(|_| OnceCell::new()).collect();
        Above { blocks, lines, heads, tables, context, first_heading, said }
    }

    /// What the last sentences of a block say, the last one first.
    fn said(&self, at: usize) -> &[LeadIn] {
        self.said[at].get_or_init(|| {
            let sentences = self.lines[at].sentences.iter().rev().take(LEAD_SENTENCES_MAX);
            let read = |p| read(p, 0..p.tokens.len(), self.context);
            sentences.map(read).collect()
        })
    }

    /// A lead that stands in a block, its slots still open.
    fn lead(&self, index: usize, at: usize, rank: usize, action: Action, percent: u8) -> Lead {
        let item = &self.blocks[index];
        Lead {
            action,
            tier: None,
            unit: None,
            role: None,
            body: None,
            block: at,
            near: rank == 0 || Some(at) == item.heading || Some(at) == item.lead_in,
            confidence_percent: percent,
        }
    }

    /// The lead with what the words above say of its slots.
    fn filled(&self, mut lead: Lead, mut open: LeadIn, group: Option<String>) -> Lead {
        if lead.action == Action::Appoint(AppointmentAction::Appointed) && self.context.election {
            lead.action = Action::Appoint(AppointmentAction::Elected);
        }
        if lead.action == Action::Member && self.context.launch && open.tier.is_none() {
            open.tier = Some("Founding".to_owned());
        }
        lead.tier = open.tier;
        lead.unit = open.unit;
        lead.role = open.role;
        lead.body = open.body;
        if lead.unit.is_none() && lead.role.is_none() {
            lead.unit = self.lines.iter().take(3).flat_map(|l| &l.sentences).find_map(unit_in);
        }
        if let (Some(group), Action::Appoint(_)) = (group, lead.action) {
            lead.body = Some(group);
        }
        if lead.body.is_none() {
            lead.body =
                lead.unit.as_deref().and_then(|unit| body_of_unit(self.lines, unit, self.context));
        }
        lead
    }
}

/// The nearest words above that say what the items are: lead-in, headings, title, introduction.
fn lead_of(words: &Above, index: usize) -> Option<Lead> {
    let Above { blocks, lines, heads, context, .. } = *words;
    let above = above(words, index);
    let mut group = None;
    let mut found: Option<(Lead, bool)> = None;
    let mut open = LeadIn::default();
    // A column of new titles says by itself what happened.
    let by_column = || {
        let appointed = Action::Appoint(AppointmentAction::Appointed);
        let over = above.first().copied().unwrap_or(index);
        words.tables.has(index, Column::NewRole).then(|| words.lead(index, over, 0, appointed, 75))
    };
    for (rank, at) in above.iter().copied().enumerate() {
        if group.is_none() {
            group = group_name(&blocks[at], &lines[at]);
        }
        let sentences = lines[at].sentences.iter().rev();
        for (back, (parsed, said)) in sentences.zip(words.said(at)).enumerate() {
            // Only the words right above a list can say that it is none of ours.
            if said.action == Some((Action::Blocked, 0)) {
                if back == 0 && found.is_none() {
                    return by_column().map(|lead| words.filled(lead, open, group));
                }
                continue;
            }
            // A sentence that says nothing of the items speaks of something else, unless it is
            // their label.
            let label = !matches!(blocks[at].kind, BlockKind::Paragraph | BlockKind::Quote)
                || back == 0
                    && (rank == 0 || parsed.tokens.len() <= 6)
                    && !blocks[at].text.ends_with([',', '!']);
            if said.action.is_some() && found.is_none() || label {
                open.tier = open.tier.take().or_else(|| said.tier.clone());
                open.unit = open.unit.take().or_else(|| said.unit.clone());
                open.role = open.role.take().or_else(|| said.role.clone());
            }
            let speaks = said.action.is_some() && found.is_none();
            if speaks {
                open.body = open.body.take().or_else(|| said.body.clone());
            } else if label && said.body.as_deref().is_some_and(|b| context.is_own_body(b)) {
                open.body = open.body.take().or_else(|| context.own_body.clone());
            }
            let Some((action, percent)) = said.action else { continue };
            // "Silver Members" over people's names: whom they represent, not what happens.
            let person = heads[index].as_ref().is_some_and(|h| h.kind.surely_person);
            if person && action == Action::Member && percent < 70 {
                open.tier = None;
                continue;
            }
            match &mut found {
                None => found = Some((words.lead(index, at, rank, action, percent), false)),
                // "Associate Members" under "we welcome the following new members".
                Some((lead, raised))
                    if !*raised && lead.action == action && percent > lead.confidence_percent =>
                {
                    lead.confidence_percent = percent;
                    *raised = true;
                }
                Some(_) => {}
            }
            break;
        }
    }
    let lead = found.map(|(lead, _)| lead).or_else(by_column)?;
    Some(words.filled(lead, open, group))
}

/// The blocks that may speak of an item, nearest first.
fn above(words: &Above, index: usize) -> Vec<usize> {
    let Above { blocks, heads, .. } = *words;
    let mut above = Vec::new();
    let mut climb = blocks[index].lead_in;
    if climb.is_none() || !matches!(blocks[index].kind, BlockKind::ListItem) {
        above.extend(before_run(blocks, heads, index));
    }
    while let Some(at) = climb {
        // A paragraph behind an item describes that item, unless it leads on.
        let describes = matches!(blocks[at].kind, BlockKind::Paragraph | BlockKind::Quote)
            && at > 0
            && heads[at - 1].is_some()
            && shape(&blocks[at - 1]) == shape(&blocks[index])
            && !blocks[at].text.ends_with(':');
        if !describes {
            above.push(at);
        }
        climb = blocks[at].lead_in;
    }
    let describes = above.first().is_some_and(|at| {
        matches!(blocks[*at].kind, BlockKind::Paragraph | BlockKind::Quote)
            && heads[at.saturating_sub(1)].is_some()
    });
    if describes {
        above.extend(before_run(blocks, heads, index));
    }
    let mut heading = blocks[index].heading;
    let mut top = index;
    while let Some(at) = heading {
        above.push(at);
        top = at;
        heading = blocks[at].heading;
    }
    // The introduction, before the first heading or the list.
    let first_heading = words.first_heading.unwrap_or(top);
    above.extend((1..first_heading.min(top).min(8)).rev().filter(|at| {
        matches!(blocks[*at].kind, BlockKind::Paragraph | BlockKind::Quote) && heads[*at].is_none()
    }));
    if index != 0 && blocks[0].kind == BlockKind::Title {
        above.push(0);
    }
    let mut seen = std::collections::HashSet::new();
    above.retain(|at| *at < index && seen.insert(*at));
    above
}

/// The two blocks before the first of the items that run up to this one, descriptions between.
fn before_run(blocks: &[Block], heads: &[Option<Head>], index: usize) -> Vec<usize> {
    let floor = index.saturating_sub(LEAD_DISTANCE_MAX);
    let mut first = index;
    let mut at = index;
    while at > floor && first - at <= DESCRIPTION_BLOCKS_MAX {
        at -= 1;
        if matches!(blocks[at].kind, BlockKind::Title) {
            break;
        }
        if heads[at].is_some() && blocks[at].kind == blocks[index].kind {
            first = at;
        }
    }
    (floor..first)
        .rev()
        .filter(|at| {
            heads[*at].is_none()
                && !matches!(blocks[*at].kind, BlockKind::Cell { .. } | BlockKind::Title)
        })
        .take(2)
        .collect()
}

/// So many sentences before a label are asked what its names do: more labels stand in no paragraph.
const LABELS_MAX: usize = 12;

/// The facts of enumerations inside one sentence: "the new directors are A (Chair), B and C".
pub fn enumerated(
    blocks: &[Block],
    line: &Line,
    title_unit: Option<&str>,
    context: &Context,
    lexicon: &Lexicon,
) -> Vec<Fact> {
    let mut found = Vec::new();
    let boilerplate = LazyCell::new(|| is_boilerplate(blocks, line.block, lexicon));
    for (number, parsed) in line.sentences.iter().enumerate() {
        let mut next = 1;
        let earlier = || line.sentences[..number].iter().rev().take(LABELS_MAX);
        for mention in parsed.mentions() {
            // "… are the Dr.": what may stand before the first name.
            let before = (1..mention.start).rev();
            let passed = before.take_while(|at| is_passed(parsed.lower(*at))).count();
            for at in mention.start - passed..=mention.start {
                if at < next {
                    continue;
                }
                let Some(items) = enumeration(parsed, at) else { continue };
                if *boilerplate {
                    return found;
                }
                next = items.last().map_or(at + 1, |(_, until)| *until).max(at + 1);
                let mut said = read(parsed, clause_start(parsed, at)..at, context);
                let mut items = items;
                if said.action.is_none()
                    && let Some(led) = match label_before(parsed, at) {
                        Some(label) => earlier().find_map(|p| led_by(p, label, context)),
                        None if refers_back(parsed, at) => {
                            earlier().next().and_then(|p| led_on(p, context))
                        }
                        None => None,
                    }
                {
                    // "President: Ana Castellan, Quill Data".
                    if items[0].0.kind.surely_person {
                        items.retain(|(head, _)| head.kind.surely_person);
                    }
                    said = LeadIn { tier: said.tier, role: said.role, ..led };
                }
                found.extend(enumeration_facts(
                    blocks, line.block, parsed, at, &items, &said, title_unit, context, lexicon,
                ));
            }
        }
    }
    found
}

/// What a sentence says of the names that stand behind a label in one that follows: "Nine companies have
/// joined as members. Gold: …", "The assembly elected a new board. Treasurer: …".
fn led_by(parsed: &Parsed, label: MentionKind, context: &Context) -> Option<LeadIn> {
    let mut said = read(parsed, 0..parsed.tokens.len(), context);
    // "Election of the officers. Chair: Ana Castellan."
    let election = parsed.tokens.len() <= 6
        && parsed.tokens.iter().any(|t| matches!(t.lower, "election" | "elections"))
        && label == MentionKind::Role;
    if said.action.is_none() && election {
        said.action = Some((Action::Appoint(AppointmentAction::Elected), 75));
    }
    let fits = match said.action {
        Some((Action::Member, 70..)) => label == MentionKind::Tier,
        Some((Action::Appoint(action), 70..)) => {
            label == MentionKind::Role && action != AppointmentAction::Departed
        }
        _ => false,
    };
    fits.then_some(said)
}

/// Whether "they are" is all that stands before a token.
fn refers_back(parsed: &Parsed, at: usize) -> bool {
    at == 2
        && matches!(parsed.lower(0), "they" | "these" | "those")
        && matches!(parsed.lower(1), "are" | "were" | "include")
        || at == 1 && matches!(parsed.lower(0), "they're" | "they’re")
}

/// What a sentence says of the names that the next one gives: "Three firms have joined. They are …".
fn led_on(parsed: &Parsed, context: &Context) -> Option<LeadIn> {
    Some(read(parsed, 0..parsed.tokens.len(), context))
        .filter(|said| matches!(said.action, Some((_, 70..))))
}

/// The kind of a label that is all that stands before a token: "Gold: Quill Data", "Treasurer: Ana Castellan".
fn label_before(parsed: &Parsed, at: usize) -> Option<MentionKind> {
    let label = parsed.mention(0)?;
    let member = parsed.trigger(label.end).filter(|t| t.class == TriggerClass::Member);
    let end = member.map_or(label.end, |t| t.end);
    (end + 1 == at && ends_label(parsed, end)).then_some(label.kind)
}

/// Words before the name of an enumeration that are no part of it.
fn is_passed(word: &str) -> bool {
    matches!(word, "the" | "dr" | "." | "prof" | "mr" | "ms")
}

/// The names that are enumerated from a token on, each with the token after what is said of it.
fn enumeration(parsed: &Parsed, at: usize) -> Option<Vec<(Head, usize)>> {
    if !introduces(parsed, at) {
        return None;
    }
    let colon = parsed.lower(at - 1) == ":";
    let mut items: Vec<(Head, usize)> = Vec::new();
    let mut next = at;
    while items.len() < ENUMERATION_MAX {
        let (role, start) = prefix(parsed, next);
        let Some(name) = parsed.mention(start).filter(|m| matches!(m.kind, MentionKind::Name(_)))
        else {
            break;
        };
        let kind = name.name_type();
        let after = skip_bracket(parsed, name.end);
        let Some((until, following)) = separator(parsed, after, kind) else {
            items.push((Head::enumerated(name, role), end_of_item(parsed, after)));
            break;
        };
        items.push((Head::enumerated(name, role), until));
        next = following;
    }
    (items.len() >= 2 || colon && items.len() == 1).then_some(items)
}

/// Where the clause begins that ends before a token: behind ", we" and the like.
fn clause_start(parsed: &Parsed, at: usize) -> usize {
    (1..at)
        .rev()
        .find(|i| {
            matches!(parsed.lower(*i - 1), "," | ";" | "–" | "—")
                && matches!(
                    parsed.lower(*i),
                    "we" | "we're"
                        | "we’re"
                        | "we've"
                        | "we’ve"
                        | "i"
                        | "he"
                        | "she"
                        | "they"
                        | "it"
                )
        })
        .unwrap_or(0)
}

/// Whether the words before a token announce an enumeration.
fn introduces(parsed: &Parsed, at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map_or("", |b| parsed.lower(b));
    let noun = |from: usize| {
        at >= from && parsed.trigger(at - from).is_some_and(|t| t.class == TriggerClass::Member)
    };
    match before(1) {
        ":" => true,
        "include" | "includes" | "including" | "are" | "were" | "welcome" | "comprises"
        | "comprising" => true,
        "of" => matches!(
            before(2),
            "comprised" | "comprising" | "composed" | "consists" | "consisting" | "formed"
        ),
        "," | "-" | "–" | "—" => noun(2),
        "the" => matches!(before(2), "include" | "includes" | "including"),
        _ => noun(1),
    }
}

/// "Platinum members", "Chair": what stands before a name of an enumeration.
fn prefix(parsed: &Parsed, at: usize) -> (Option<String>, usize) {
    let mut start = at;
    while is_passed(parsed.lower(start)) {
        start += 1;
    }
    // "Members – Ana Castellan and Tom Okafor" behind the officers.
    let members = parsed.trigger(start).filter(|t| t.class == TriggerClass::Member);
    if let Some(members) = members.filter(|t| ends_label(parsed, t.end)) {
        return (Some("member".to_owned()), members.end + 1);
    }
    let Some(mention) = parsed.mention(start) else {
        return (None, start);
    };
    match mention.kind {
        MentionKind::Tier => {
            let mut end = mention.end;
            while parsed.trigger(end).is_some_and(|t| t.class == TriggerClass::Member)
                || parsed.lower(end) == ":"
            {
                end += 1;
            }
            (Some(parsed.slice(mention.start, mention.end).to_owned()), end)
        }
        MentionKind::Role if parsed.lower(mention.end) != "," => {
            // "President – Ana Castellan", "Treasurer: Tom Okafor".
            let name = mention.end + usize::from(ends_label(parsed, mention.end));
            (Some(clean_role(parsed.slice(mention.start, mention.end))), name)
        }
        _ => (None, start),
    }
}

/// Where the next name of an enumeration begins, and where the words on this one end.
fn separator(parsed: &Parsed, after: usize, kind: NameType) -> Option<(usize, usize)> {
    let limit = (after + DESCRIPTION_TOKENS_MAX).min(parsed.tokens.len());
    for at in after..limit {
        let word = parsed.lower(at);
        let marks = match word {
            "," | ";" | "and" | "&" | "plus" | "•" | "|" => 1,
            _ if at == after && at > 0 && parsed.lower(at - 1) == ")" => 0,
            _ => {
                let verb = parsed.trigger(at).is_some_and(|t| t.class != TriggerClass::Member);
                if verb || matches!(word, "." | "!" | "?" | "who" | "which") {
                    return None;
                }
                continue;
            }
        };
        let mut next = at + marks;
        while matches!(
            parsed.lower(next),
            "," | ";" | "and" | "&" | "as" | "well" | "also" | "finally"
        ) {
            next += 1;
        }
        let (_, start) = prefix(parsed, next);
        let named = parsed.mention(start).filter(|m| matches!(m.kind, MentionKind::Name(_)));
        if let Some(name) = named {
            let other = name.name_type();
            // A person's employer is no next item.
            let alike = at == after || can_be_person(other) && !other.lone && can_be_person(kind);
            if alike
                && !(kind.surely_person
                    && (other.organisation || other.body)
                    && !other.surely_person)
            {
                return Some((at, next));
            }
        }
        let titled = kind.person
            && (after..after + 4)
                .any(|i| parsed.mention(i).is_some_and(|m| m.kind == MentionKind::Role));
        if at == after && !kind.surely_person && !titled {
            return None;
        }
    }
    None
}

fn end_of_item(parsed: &Parsed, after: usize) -> usize {
    (after..(after + DESCRIPTION_TOKENS_MAX).min(parsed.tokens.len()))
        .find(|at| matches!(parsed.lower(*at), ";" | "." | "!" | "?"))
        .unwrap_or((after + DESCRIPTION_TOKENS_MAX).min(parsed.tokens.len()))
}

#[allow(clippy::too_many_arguments)]
fn enumeration_facts(
    blocks: &[Block],
    index: usize,
    parsed: &Parsed,
    at: usize,
    items: &[(Head, usize)],
    said: &LeadIn,
    title_unit: Option<&str>,
    context: &Context,
    lexicon: &Lexicon,
) -> Vec<Fact> {
    let Some((action, percent)) =
        said.action.filter(|(action, percent)| *action != Action::Blocked && *percent >= 70)
    else {
        return Vec::new();
    };
    // "… join a roster of companies including A and B": these were there before.
    let joins_others = action == Action::Member
        && parsed.lower(at - 1) != ":"
        && parsed
            .triggers()
            .take_while(|t| t.start < at)
            .any(|t| t.class == TriggerClass::Join && parsed.lower(t.start) != "joining");
    if joins_others {
        return Vec::new();
    }
    let place = Match { start: at, end: at, trigger: Some((at, at)), ..Match::default() };
    if objection(parsed, &place, context.published(), lexicon).is_some() {
        return Vec::new();
    }
    let action = match action {
        Action::Appoint(AppointmentAction::Appointed) if context.election => {
            Action::Appoint(AppointmentAction::Elected)
        }
        other => other,
    };
    let mut votes = Votes::default();
    items.iter().for_each(|(head, _)| votes.count(head));
    let founding = (0..at).any(|i| parsed.lower(i) == "founding");
    let mut tier = said.tier.clone();
    let mut found = Vec::new();
    for (head, until) in items {
        let tiered = matches!(action, Action::Member | Action::Renew);
        if tiered && head.role.is_some() {
            tier.clone_from(&head.role);
        }
        let lead = Lead {
            action,
            tier: match (&tier, founding) {
                (Some(tier), true) if !tier.to_lowercase().starts_with("founding") => {
                    Some(format!("Founding {tier}"))
                }
                (None, true) => Some("Founding".to_owned()),
                (tier, _) => tier.clone(),
            },
            unit: said.unit.clone().or_else(|| {
                title_unit
                    .filter(|_| said.role.is_none() && action != Action::Member)
                    .map(str::to_owned)
            }),
            role: said.role.clone(),
            body: said.body.clone(),
            block: index,
            near: true,
            confidence_percent: percent,
        };
        let item =
            Item { blocks, tables: None, index, parsed, until: *until, head, lead: &lead, context };
        match action {
            Action::Member | Action::Renew if votes.sure_people == 0 => {
                found.extend(item.member(head.names[0]));
            }
            Action::Appoint(action) if votes.are_people() => found.extend(item.appointee(action)),
            Action::Member if votes.are_people() && context.election => {
                found.extend(item.appointee(AppointmentAction::Elected));
            }
            _ => {}
        }
    }
    found
}

/// One item with all that it is read from.
struct Item<'a> {
    blocks: &'a [Block],
    /// The tables of the document and its lines, where it can be a cell.
    tables: Option<(&'a Tables<'a>, &'a [Line<'a>])>,
    index: usize,
    parsed: &'a Parsed<'a>,
    /// The token after its last.
    until: usize,
    head: &'a Head,
    lead: &'a Lead,
    context: &'a Context,
}

impl Item<'_> {
    /// One name in strong type may be a signature; two are a list.
    fn is_signature(&self, heads: &[Option<Head>]) -> bool {
        let block = &self.blocks[self.index];
        let beside = (self.index.saturating_sub(DESCRIPTION_BLOCKS_MAX)
            ..=self.index + DESCRIPTION_BLOCKS_MAX)
            .any(|at| {
                at != self.index
                    && heads.get(at).is_some_and(Option::is_some)
                    && self.blocks[at].kind == block.kind
            });
        let lead = &self.blocks[self.lead.block];
        let led = lead.text.ends_with(':') || matches!(lead.kind, BlockKind::Heading(_));
        !beside && !led && matches!(block.kind, BlockKind::Paragraph | BlockKind::Quote)
    }

    fn facts(&self, votes: Votes) -> Vec<Fact> {
        let kind = self.head.kind;
        match self.lead.action {
            Action::Member if kind.surely_person || self.is_seat_holder() => self
                .appointee(AppointmentAction::Appointed)
                .into_iter()
                .filter(|f| f.unit().is_some())
                .collect(),
            Action::Member | Action::Renew => self.members(votes),
            Action::Appoint(action) if votes.are_people() => self.appointees(action),
            _ => Vec::new(),
        }
    }

    /// "Members: Ana, Acme; Tom, Quill Data": every part of a labelled item names a person; one
    /// without a label names one.
    fn appointees(&self, action: AppointmentAction) -> Vec<Fact> {
        let first = self.head.names[0];
        let marks = (first.end..self.until).filter(|at| self.parsed.lower(*at) == ";");
        let mut parts: Vec<usize> = marks.collect();
        // "Dr. Ana Castellan, Riga – Prof. Tom Okafor, Oslo".
        let titled = |at: usize| {
            let honorific = self.parsed.is(at + 1, WordClass::HONORIFIC);
            let name = at + 2 + usize::from(self.parsed.lower(at + 2) == ".");
            honorific && self.parsed.mention(name).is_some_and(|m| m.name_type().surely_person)
        };
        let dashes = (first.end..self.until)
            .filter(|at| matches!(self.parsed.lower(*at), "–" | "—") && titled(*at));
        parts.extend(dashes);
        parts.sort_unstable();
        let several_titled = parts.iter().any(|at| titled(*at));
        // "Secretary: Ana Castellan, Quill" has one, "Members: Ana Castellan, Quill Raman" two.
        let several = self.parsed.lower(first.start.saturating_sub(2)).ends_with('s');
        let all_people = self.head.names.iter().enumerate().all(|(number, m)| {
            let kind = m.name_type();
            kind.surely_person || (number == 0 || several) && can_be_person(kind)
        });
        let single = !self.head.labelled && !several_titled;
        let starts: Vec<Mention> = if single || parts.is_empty() && !all_people {
            return self.appointee(action).into_iter().collect();
        } else if parts.is_empty() {
            self.head.names.clone()
        } else {
            let behind =
                parts.iter().filter_map(|at| (at + 1..at + 4).find_map(|i| self.parsed.mention(i)));
            let named = behind.filter(|m| can_be_person(m.name_type()));
            std::iter::once(first).chain(named).collect()
        };
        let ends = starts.iter().skip(1).map(|next| next.start).chain([self.until]);
        let each = starts.iter().zip(ends).filter_map(|(name, until)| {
            let mut head = Head { names: vec![*name], kind: name.name_type(), ..self.head.clone() };
            head.set_off = true;
            Item { head: &head, until, ..*self }.appointee(action)
        });
        each.collect()
    }

    /// Whether it is an item of a list or a table, or a line of what breaks part.
    fn is_listed(&self) -> bool {
        self.head.in_run
            || matches!(self.blocks[self.index].kind, BlockKind::ListItem | BlockKind::Cell { .. })
    }

    fn is_seat_holder(&self) -> bool {
        self.lead.unit.is_some()
            && self.lead.tier.is_none()
            && self.head.kind.person
            && !self.head.kind.organisation
    }

    fn members(&self, votes: Votes) -> Vec<Fact> {
        let block = &self.blocks[self.index];
        let item = self.is_listed();
        let strong = self.lead.confidence_percent >= 75;
        let first = self.head.names[0];
        let set_off = matches!(self.parsed.lower(first.end), ":" | "-" | "–" | "—" | "," | "(")
            && first.end - first.start <= 10;
        // "Acme builds …" under "New Silver members": every item begins with a name.
        let after = self.parsed.lower(first.end);
        let verb = after.len() > 1 && after.ends_with('s') && after != "as";
        let headed = matches!(self.blocks[self.lead.block].kind, BlockKind::Heading(_));
        let told = strong && verb && (votes.items > 1 || headed);
        let heading = matches!(block.kind, BlockKind::Heading(_)) && strong && self.head.whole;
        // "Gold: Quill Data", and only the title says that they are new.
        let lead = &self.blocks[self.lead.block].text;
        let levelled = self.head.tier.is_some()
            && self.lead.confidence_percent >= 75
            && lead.split_whitespace().any(|word| matches!(word, "new" | "New" | "newest"));
        if !(self.lead.near || levelled)
            || votes.items > 2 && votes.set_off * 2 < votes.items && !told
        {
            return Vec::new();
        }
        // "Acme is …", "Quill Data builds …", a paragraph each under "New Gold members".
        let paragraph =
            matches!(block.kind, BlockKind::Paragraph) && told && votes.items > 1 && headed;
        if !(item && (self.head.whole || set_off || told) || heading || paragraph) {
            return Vec::new();
        }
        // "Acme, Oslo", "Quill Data, Riga": each has its place behind it.
        let placed = votes.items > 1 && votes.placed == votes.items;
        let several = self.head.whole || self.head.names.len() > 1 && !told;
        let take = if several && !placed { usize::MAX } else { 1 };
        self.head.names.iter().take(take).filter_map(|m| self.member(*m)).collect()
    }

    fn member(&self, name: Mention) -> Option<Fact> {
        let subject = self.context.full_name(self.parsed.slice(name.start, name.end));
        let founds = self.blocks[self.lead.block].text.to_lowercase().contains("founding");
        let launched = || self.context.launched.clone().filter(|_| founds);
        let body =
            self.lead.body.clone().or_else(launched).or_else(|| self.context.own_body.clone())?;
        let kind = name.name_type();
        if fold_name(&subject) == fold_name(&body)
            || kind.surely_person
            || kind.project && !kind.organisation
            || is_event(&subject)
        {
            return None;
        }
        let bracketed = self
            .parsed
            .mention(name.end + 1)
            .filter(|m| m.kind == MentionKind::Tier && self.parsed.lower(name.end) == "(")
            .map(|m| self.parsed.slice(m.start, m.end).to_owned());
        let detail = Detail::Membership(Membership {
            action: match self.lead.action {
                Action::Renew => MembershipAction::Renewed,
                _ => MembershipAction::Joined,
            },
            tier: bracketed
                .or_else(|| self.head.tier.clone())
                .or_else(|| self.tables.and_then(|(tables, _)| tables.tier(self.index)))
                .or_else(|| self.lead.tier.clone()),
        });
        Some(self.fact(name, subject, body, detail))
    }

    /// The name that says most: "@handle, Name, Employer".
    fn best_name(&self) -> Mention {
        let first = self.head.names[0];
        self.head
            .names
            .iter()
            .copied()
            .find(|m| {
                m.name_type().surely_person
                    && m.start <= first.end + 2
                    && !self.parsed.slice(m.start, m.end).starts_with('@')
            })
            .unwrap_or(first)
    }

    fn appointee(&self, action: AppointmentAction) -> Option<Fact> {
        let (parsed, context) = (self.parsed, self.context);
        let name = self.best_name();
        // "Ken Ames – not elected".
        let lost = |at: usize| {
            matches!(parsed.lower(at), "elected" | "selected" | "successful")
                && denies(parsed.lower(at - 1))
        };
        if (name.end + 1..self.until).any(lost) {
            return None;
        }
        let kind = if name == self.head.names[0] { self.head.kind } else { name.name_type() };
        let inline = self.lead.block == self.index;
        let item = inline || self.is_listed();
        let after = skip_bracket(parsed, name.end);
        let whole = after >= parsed.tokens.len();
        let lone =
            kind.lone && item && (whole || self.head.set_off) && self.lead.confidence_percent >= 70;
        let other = kind.organisation || kind.body;
        if !kind.surely_person && (other || !(kind.person || lone)) {
            return None;
        }
        // What stands only in the title or the introduction speaks of bare names, not of sentences.
        let bare =
            self.blocks[self.index].text.len() < 120 && (self.head.whole || self.head.set_off);
        let sure = kind.surely_person && self.head.set_off;
        if !(self.lead.near || bare || sure) {
            return None;
        }
        // A line of running text that only begins with a name is no list of names.
        if !kind.surely_person
            && (!self.head.set_off
                || !whole
                    && !item
                    && !matches!(self.blocks[self.index].kind, BlockKind::Heading(_)))
        {
            return None;
        }
        if self.stays() || self.blocks[self.index].text.ends_with('?') {
            return None;
        }
        let subject = context.person(parsed.slice(name.start, name.end));
        let body = self.lead.body.clone().or_else(|| context.own_body.clone())?;
        let (unit, role) = self.position(name);
        let detail = Detail::Appointment(Appointment {
            action: self.renewed(action),
            unit,
            role: Some(role),
            affiliation: affiliation(parsed, name, self.until)
                .or_else(|| self.employer_beside())
                .filter(|a| fold_name(a) != fold_name(&body)),
        });
        let mut fact = self.fact(name, subject, body, detail);
        if !kind.surely_person {
            fact.confidence -= 0.05;
        }
        Some(fact)
    }

    /// The employer that the row of a table gives.
    fn employer_beside(&self) -> Option<String> {
        let (tables, _) = self.tables?;
        let of = |kind: Column| tables.words(self.index, kind);
        of(Column::Affiliation).or_else(|| of(Column::Organisation)).map(str::to_owned)
    }

    /// "(From 2021)" in a post of 2022: a member of long standing.
    fn stays(&self) -> bool {
        let Some(year) = self.context.year else { return false };
        (0..self.parsed.tokens.len()).any(|at| {
            matches!(self.parsed.lower(at), "from" | "since")
                && at > 0
                && self.parsed.lower(at - 1) == "("
                && self
                    .parsed
                    .lower(at + 1)
                    .parse::<i32>()
                    .is_ok_and(|told| (1950..year).contains(&told))
        })
    }

    fn renewed(&self, action: AppointmentAction) -> AppointmentAction {
        let lower = self.parsed.slice(self.head.names[0].start, self.until).to_lowercase();
        let marked = [
            "re-elected",
            "reelected",
            "incumbent",
            "returning",
            "re-appointed",
            "reappointed",
            "continuing",
        ]
        .iter()
        .any(|w| lower.contains(w));
        let marked = marked || self.tables.is_some_and(|(tables, _)| tables.again(self.index));
        match action {
            AppointmentAction::Elected | AppointmentAction::Appointed if marked => {
                AppointmentAction::Reelected
            }
            _ => action,
        }
    }

    /// The unit and the role: the role before the name, behind it, or of the lead.
    fn position(&self, name: Mention) -> (Option<String>, String) {
        let parsed = self.parsed;
        let behind = parsed
            .mentions()
            .find(|m| {
                m.kind == MentionKind::Role
                    && m.start > name.end
                    && m.start <= name.end + 2
                    && m.end <= self.until
            })
            .filter(|m| {
                let elsewhere = matches!(parsed.lower(m.end), "at" | "of" | "from" | "for" | ",")
                    && parsed.mentions().any(|n| {
                        n.start > m.end
                            && n.start <= m.end + 2
                            && matches!(n.kind, MentionKind::Name(_))
                            && !self.context.is_own_body(parsed.slice(n.start, n.end))
                    });
                !elsewhere
            })
            .map(|m| clean_role(parsed.slice(m.start, m.end)));
        let unit = self.lead.unit.clone();
        // The staff of a team have titles of their own; the members of a board have them elsewhere.
        let staff = unit.as_deref().is_some_and(|u| u.to_lowercase().ends_with("team"))
            && behind.as_deref().is_some_and(|r| r.contains(' ') && !r.ends_with("member"));
        if staff && let Some(role) = behind {
            return (None, role);
        }
        let untold = unit.is_none() && self.lead.role.is_none();
        let behind = behind.filter(|r| is_officer(r) || untold);
        let row = |(tables, lines): (&Tables, &[Line])| tables.role(self.index, lines);
        let role = self.head.role.clone().or(behind).or_else(|| self.tables.and_then(row));
        let role = role.or_else(|| self.lead.role.clone());
        let group = self.tables.and_then(|(tables, _)| tables.words(self.index, Column::Unit));
        let unit = group.map(str::to_owned).or(unit);
        (unit, role.unwrap_or_else(|| "member".into()))
    }

    fn fact(&self, name: Mention, subject: String, body: String, detail: Detail) -> Fact {
        let item = &self.blocks[self.index].text;
        let name_text = self.parsed.slice(name.start, name.end);
        let mut quote = String::new();
        if self.lead.block < self.index {
            let between = &self.blocks[self.lead.block..self.index];
            let together: usize = between.iter().map(|b| b.text.len() + 1).sum();
            if together + item.len() <= QUOTE_BYTES_MAX {
                for block in between {
                    quote.push_str(&block.text);
                    quote.push(' ');
                }
            }
        }
        let first = self.parsed.tokens.first().map_or(0, |t| t.span.start);
        let last = self.parsed.tokens.last().map_or(item.len(), |t| t.span.end);
        let offset = quote.len();
        quote.push_str(&item[first..last]);
        let start = offset + self.parsed.tokens[name.start].span.start - first;
        let rule = match self.lead.action {
            _ if self.lead.block == self.index => "enumeration: <names>",
            Action::Member | Action::Renew => "list of members: <organisation>",
            _ => "list of people: <person>",
        };
        Fact {
            subject,
            body,
            detail,
            effective: effective(self.parsed.tokens, self.context.published()),
            evidence: Evidence {
                quote,
                marks: vec![(start, start + name_text.len())],
                rule: rule.to_owned(),
            },
            confidence: f64::from(self.lead.confidence_percent) / 100.0,
        }
    }
}

/// The body that the beginning of the text gives the unit: "the Harbor Foundation's Steering Committee".
fn body_of_unit(lines: &[Line], unit: &str, context: &Context) -> Option<String> {
    let sentences = lines.iter().take(3).flat_map(|l| &l.sentences);
    sentences.into_iter().find_map(|p| {
        let unit = p.mentions().find(|m| {
            m.kind == MentionKind::Unit && p.slice(m.start, m.end).eq_ignore_ascii_case(unit)
        })?;
        let body = |m: &Mention| matches!(m.kind, MentionKind::Name(_)) && m.name_type().body;
        let before = p
            .mentions()
            .rev()
            .find(|m| m.end <= unit.start && unit.start - m.end <= 2)
            .filter(body);
        let after =
            p.mentions().find(|m| m.start >= unit.end && m.start - unit.end <= 3).filter(body);
        before.or(after).map(|m| context.body_name(p.slice(m.start, m.end)))
    })
}

/// A list item or heading that is nothing but a name groups the items under it by their body.
fn group_name(block: &Block, line: &Line) -> Option<String> {
    if !matches!(block.kind, BlockKind::ListItem | BlockKind::Heading(_)) {
        return None;
    }
    let parsed = line.sentences.first()?;
    let mention = parsed.mention(0)?;
    let shouted = block.text.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase);
    if !shouted && !matches!(block.kind, BlockKind::ListItem) {
        return None;
    }
    let alone =
        mention.start == 0 && mention.end == parsed.tokens.len() && line.sentences.len() == 1;
    let MentionKind::Name(_) = mention.kind else { return None };
    let kind = mention.name_type();
    (alone && !kind.surely_person).then(|| parsed.slice(0, mention.end).to_owned())
}

fn unit_in(parsed: &Parsed) -> Option<String> {
    parsed
        .mentions()
        .find(|m| m.kind == MentionKind::Unit)
        .map(|m| clean_unit(parsed.slice(m.start, m.end)))
}

/// What stands before the names of an item.
#[derive(Default)]
struct Label {
    role: Option<String>,
    tier: Option<String>,
    /// Where the names begin.
    at: usize,
}

impl Label {
    /// Whether it is neither a role nor a level.
    fn is_bare(&self) -> bool {
        self.at > 0 && self.role.is_none() && self.tier.is_none()
    }
}

/// The mark behind a label.
fn ends_label(parsed: &Parsed, at: usize) -> bool {
    matches!(parsed.lower(at), "–" | "—" | "-" | ":")
}

/// "Treasurer: Name", "Gold members – Name; Name", "Hawksbill level: Name".
fn label(parsed: &Parsed) -> Label {
    let first = parsed.mention(0);
    let role = first
        .filter(|m| m.kind == MentionKind::Role)
        .map(|m| clean_role(parsed.slice(m.start, m.end)));
    let ends = |at: usize| ends_label(parsed, at);
    let noun = |at: usize| {
        parsed.trigger(at).is_some_and(|t| t.class == TriggerClass::Member)
            || matches!(parsed.lower(at), "level" | "tier" | "companies" | "organizations")
    };
    // The level itself, or whatever is called one: "Box Turtle level".
    let levelled = match first.filter(|m| m.kind == MentionKind::Tier) {
        Some(tier) => {
            let end = (tier.end..tier.end + 3).find(|at| !noun(*at)).unwrap_or(tier.end);
            ends(end).then(|| (parsed.slice(0, tier.end).to_owned(), end + 1))
        }
        None => (1..LEVEL_TOKENS_MAX)
            .find(|at| matches!(parsed.lower(*at), "level" | "tier"))
            .filter(|at| parsed.tokens.first().is_some_and(|t| t.capital) && ends(at + 1))
            .map(|at| (parsed.slice(0, at).to_owned(), at + 2)),
    };
    if let Some((tier, at)) = levelled {
        return Label { role: None, tier: Some(tier), at };
    }
    match (0..parsed.tokens.len().min(8)).find(|i| parsed.lower(*i) == ":") {
        Some(colon) => Label { role, tier: None, at: colon + 1 },
        None if role.is_some() => Label { role, tier: None, at: first.map_or(0, |m| m.end) },
        None => Label { at: dash_before_people(parsed), ..Label::default() },
    }
}

/// "Devices — Ana Castellan; Tom Okafor": where people begin behind a label and a dash; else 0.
fn dash_before_people(parsed: &Parsed) -> usize {
    let labelled = |dash: &usize| {
        let person = parsed.mention(dash + 1).is_some_and(|m| m.name_type().surely_person);
        let names = (0..*dash).any(|at| {
            parsed.mention(at).is_some_and(|m| {
                let kind = m.name_type();
                kind.surely_person || kind.organisation || kind.body
            })
        });
        person && !names && parsed.tokens[0].capital
    };
    let several = (0..parsed.tokens.len()).any(|at| parsed.lower(at) == ";");
    let mut dashes =
        (1..parsed.tokens.len().min(7)).filter(|at| matches!(parsed.lower(*at), "–" | "—"));
    dashes.find(|dash| several && labelled(dash)).map_or(0, |dash| dash + 1)
}

/// The name of a level has fewer words.
const LEVEL_TOKENS_MAX: usize = 4;

/// Roles that an item gives within the unit, not at an employer.
fn is_officer(role: &str) -> bool {
    let role = role.to_lowercase();
    ["chair", "president", "treasurer", "secretary", "vice"].iter().any(|w| role.contains(w))
}

/// "Name (Employer)", "Name, Employer", "Name – Engineer at Employer".
fn affiliation(parsed: &Parsed, name: Mention, until: usize) -> Option<String> {
    let after = skip_bracket(parsed, name.end);
    let inside = parsed.mentions().find(|m| {
        m.start > name.end
            && m.end < after.max(name.end + 1)
            && matches!(m.kind, MentionKind::Name(_))
            && !parsed.slice(m.start, m.end).starts_with('@')
    });
    let employer = inside.or_else(|| {
        let led = matches!(parsed.lower(after), "," | "-" | "–" | "—" | "|");
        let direct = parsed.mention(after + 1).filter(|_| led);
        direct.filter(|m| matches!(m.kind, MentionKind::Name(_))).or_else(|| {
            parsed.mentions().find(|m| {
                m.start > after
                    && m.end <= until
                    && matches!(m.kind, MentionKind::Name(_))
                    && matches!(parsed.lower(m.start - 1), "at" | "from")
            })
        })
    })?;
    let kind = employer.name_type();
    (!kind.surely_person).then(|| parsed.slice(employer.start, employer.end).to_owned())
}
