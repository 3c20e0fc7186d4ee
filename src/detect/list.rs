//! Names in lists, headings and cells, whose verb, body and role stand only above them.

use std::collections::HashSet;

use super::frame::{clean_role, clean_unit};
use super::gate::is_boilerplate;
use super::lexicon::{LeadWords, Lexicon};
use super::mention::{Mention, MentionKind, Parsed};
use super::pattern::{Names, Want, names_list, skip_bracket};
use super::resolve::Context;
use crate::model::{
    Appointment, AppointmentAction, Detail, Evidence, Fact, Membership, MembershipAction, fold_name,
};
use crate::text::{Block, BlockKind};

/// The longest quotation that joins a lead-in to its item, in bytes.
const QUOTE_BYTES_MAX: usize = 600;

/// What the words above a list say of each item.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lead {
    action: Action,
    tier: Option<String>,
    unit: Option<String>,
    role: Option<String>,
    body: Option<String>,
    /// The block that says it.
    block: usize,
    confidence_percent: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Member,
    Appoint(AppointmentAction),
    /// The list holds no news: candidates, standing members.
    Blocked,
}

/// A parsed block.
pub struct Line<'a> {
    /// Its index among the blocks.
    pub block: usize,
    /// Its sentences.
    pub sentences: Vec<Parsed<'a>>,
}

/// The facts of a document's lists.
pub fn facts(blocks: &[Block], lines: &[Line], context: &Context, lexicon: &Lexicon) -> Vec<Fact> {
    let mut items: Vec<bool> =
        lines.iter().map(|l| is_item(&blocks[l.block], l, context)).collect();
    // A bare name beside a line that is surely one: unusual names in a list of names.
    for at in 1..items.len() {
        let beside = items[at - 1] && blocks[at - 1].kind == blocks[at].kind;
        if beside
            && blocks[at].kind == BlockKind::Paragraph
            && blocks[at].text.len() < 60
            && is_lone_name(&lines[at], context)
        {
            items[at] = true;
        }
    }
    // A post that calls for candidates or votes has no winners yet.
    let undecided = lines
        .first()
        .and_then(|l| l.sentences.first())
        .is_some_and(|p| lexicon.candidacy.find(p.tokens).is_some());
    let leads: Vec<Option<Lead>> = lines
        .iter()
        .map(|line| {
            let open = items[line.block] && !is_boilerplate(blocks, line.block, lexicon);
            open.then(|| lead_of(blocks, lines, &items, line.block, context, &lexicon.leads))
                .flatten()
        })
        .collect();
    // Where one item is surely a person, the unusual names beside it are people too.
    let peopled: HashSet<usize> = lines
        .iter()
        .zip(&leads)
        .filter_map(|(line, lead)| {
            lead.as_ref().filter(|_| names_person(line, context)).map(|l| l.block)
        })
        .collect();
    let mut found = Vec::new();
    for (line, lead) in lines.iter().zip(&leads) {
        let (Some(lead), Some(parsed)) = (lead, line.sentences.first()) else { continue };
        // One name in strong type may be a signature; two are a list.
        let before = line.block > 0 && items[line.block - 1];
        let alone = !before && items.get(line.block + 1) != Some(&true);
        let led = blocks[lead.block].text.ends_with(':')
            || matches!(blocks[lead.block].kind, BlockKind::Heading(_));
        let signature = alone && !led && blocks[line.block].kind == BlockKind::Paragraph;
        if signature || lead.action != Action::Member && !peopled.contains(&lead.block) {
            continue;
        }
        let mut facts = item_facts(blocks, line.block, parsed, lead, context);
        if undecided {
            facts.iter_mut().for_each(|f| f.confidence -= 0.4);
        }
        found.extend(facts);
    }
    found
}

/// Whether a line names somebody who is surely a person: by the name, or by a role behind it.
fn names_person(line: &Line, context: &Context) -> bool {
    line.sentences.first().is_some_and(|p| {
        (0..p.tokens.len().min(6)).any(|at| {
            p.mention_at[at].is_some_and(|m| {
                let MentionKind::Name(_) = m.kind else { return false };
                let kind = context.name_type(p, m);
                let titled = matches!(p.lower(m.end), "(" | "," | "-" | "–" | "—")
                    && p.mention_at
                        .get(m.end + 1)
                        .copied()
                        .flatten()
                        .is_some_and(|r| r.kind == MentionKind::Role);
                kind.surely_person || kind.person && titled
            })
        })
    })
}

/// Blocks that can be one name's line.
fn is_item(block: &Block, line: &Line, context: &Context) -> bool {
    match block.kind {
        BlockKind::ListItem => true,
        BlockKind::Cell { header, .. } => {
            !header && !block.text.starts_with('@') && is_bare_name(block, line, context)
        }
        BlockKind::Heading(_) => block.text.len() < 90 && begins_with_person(line, context),
        BlockKind::Paragraph => {
            block.strong_prefix > 3 && block.strong_prefix < 80 && begins_with_person(line, context)
                || block.text.len() < 60
                    && !block.text.starts_with('@')
                    && is_bare_name(block, line, context)
        }
        _ => false,
    }
}

fn begins_with_person(line: &Line, context: &Context) -> bool {
    line.sentences.first().is_some_and(|p| {
        names_list(p, context, Want::SurePeople, 0).is_some_and(|(names, _)| {
            let end = names[0].end;
            // "Ana has joined …" is a sentence, not a line of a list.
            end >= p.tokens.len()
                || p.tokens[end].kind != crate::text::TokenKind::Word
                || p.trigger_at.iter().all(Option::is_none)
        })
    })
}

/// Nothing but a name that can be a person's, known or not.
fn is_lone_name(line: &Line, context: &Context) -> bool {
    let Some(parsed) = line.sentences.first() else { return false };
    names_list(parsed, context, Want::People, 0).is_some_and(|(names, _)| {
        names.len() == 1 && skip_bracket(parsed, names[0].end) >= parsed.tokens.len()
    })
}

/// Nothing but a person's name, a bracket aside.
fn is_bare_name(block: &Block, line: &Line, context: &Context) -> bool {
    let Some(parsed) = line.sentences.first() else { return false };
    let Some((names, _)) = names_list(parsed, context, Want::People, 0) else { return false };
    let sure = matches!(block.kind, BlockKind::Cell { .. })
        || context.name_type(parsed, names[0]).surely_person;
    names.len() == 1
        && sure
        && line.sentences.len() == 1
        && skip_bracket(parsed, names[0].end) >= parsed.tokens.len()
}

/// The nearest words above that say what the items are: lead-in, headings, title.
fn lead_of(
    blocks: &[Block],
    lines: &[Line],
    items: &[bool],
    index: usize,
    context: &Context,
    words: &LeadWords,
) -> Option<Lead> {
    let mut above = Vec::new();
    let mut group = None;
    let mut climb = blocks[index].lead_in;
    if climb.is_none() {
        climb = (0..index)
            .rev()
            .find(|i| !items[*i] && !matches!(blocks[*i].kind, BlockKind::Cell { .. }))
            .filter(|i| {
                // Between a bare name or a heading and its lead stand at most the other names' texts.
                index - i < 60
            });
    }
    while let Some(at) = climb {
        above.push(at);
        if group.is_none() {
            group = group_name(&blocks[at], &lines[at], context);
        }
        climb = blocks[at].lead_in;
    }
    let mut heading = blocks[index].heading;
    while let Some(at) = heading {
        above.push(at);
        if group.is_none() && at < index {
            group = group_name(&blocks[at], &lines[at], context);
        }
        heading = blocks[at].heading;
    }
    if index != 0 && blocks[0].kind == BlockKind::Title {
        above.push(0);
    }
    let mut found: Option<Lead> = None;
    for at in above {
        if at >= index {
            continue;
        }
        for (back, parsed) in lines[at].sentences.iter().rev().take(3).enumerate() {
            let Some(lead) = classify(parsed, at, context, words) else { continue };
            // Only the words right above a list can say that it is none of ours.
            if back > 0 && lead.action == Action::Blocked {
                continue;
            }
            match &mut found {
                None if lead.action == Action::Blocked => return None,
                None => found = Some(lead),
                Some(found) => {
                    // What the nearest words leave open, the ones above them say.
                    found.unit = found.unit.take().or(lead.unit);
                    found.body = found.body.take().or(lead.body);
                }
            }
            break;
        }
    }
    let mut lead = found?;
    if lead.unit.is_none() && lead.role.is_none() {
        lead.unit = lines.iter().take(3).flat_map(|l| &l.sentences).find_map(unit_in);
    }
    if let (Some(group), Action::Appoint(_)) = (group, lead.action) {
        lead.body = Some(group);
    }
    if lead.body.is_none() {
        lead.body = lead.unit.as_deref().and_then(|unit| body_of_unit(lines, unit, context));
    }
    Some(lead)
}

/// The body that the beginning of the text gives the unit: "the Harbor Foundation's Steering Committee".
fn body_of_unit(lines: &[Line], unit: &str, context: &Context) -> Option<String> {
    let sentences = lines.iter().take(6).flat_map(|l| &l.sentences);
    sentences.into_iter().find_map(|p| {
        let unit = p.mentions().find(|m| {
            m.kind == MentionKind::Unit && p.slice(m.start, m.end).eq_ignore_ascii_case(unit)
        })?;
        let body =
            |m: &Mention| matches!(m.kind, MentionKind::Name(_)) && context.name_type(p, *m).body;
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
fn group_name(block: &Block, line: &Line, context: &Context) -> Option<String> {
    if !matches!(block.kind, BlockKind::ListItem | BlockKind::Heading(_)) {
        return None;
    }
    let parsed = line.sentences.first()?;
    let mention = parsed.mention_at.first().copied().flatten()?;
    let shouted = block.text.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase);
    if !shouted && !matches!(block.kind, BlockKind::ListItem) {
        return None;
    }
    let alone =
        mention.start == 0 && mention.end == parsed.tokens.len() && line.sentences.len() == 1;
    let MentionKind::Name(_) = mention.kind else { return None };
    let kind = context.name_type(parsed, mention);
    (alone && !kind.surely_person).then(|| parsed.slice(0, mention.end).to_owned())
}

fn unit_in(parsed: &Parsed) -> Option<String> {
    parsed
        .mentions()
        .find(|m| m.kind == MentionKind::Unit)
        .map(|m| clean_unit(parsed.slice(m.start, m.end)))
}

/// What a sentence above a list says of the items.
fn classify(parsed: &Parsed, block: usize, context: &Context, words: &LeadWords) -> Option<Lead> {
    let unit = unit_in(parsed);
    let role = first_of(parsed, MentionKind::Role).map(|r| singular(&clean_role(r)));
    let tier = first_of(parsed, MentionKind::Tier).map(str::to_owned);
    let (action, confidence_percent) =
        action_of(parsed, (unit.is_some(), role.is_some()), tier.is_some(), words)?;
    let body = parsed
        .mentions()
        .find(|m| {
            matches!(m.kind, MentionKind::Name(_)) && {
                let kind = context.name_type(parsed, *m);
                kind.body || kind.known_body
            }
        })
        .map(|m| context.body_name(parsed.slice(m.start, m.end)));
    Some(Lead { action, tier, unit, role, body, block, confidence_percent })
}

fn first_of<'a>(parsed: &'a Parsed, kind: MentionKind) -> Option<&'a str> {
    parsed.mentions().find(|m| m.kind == kind).map(|m| parsed.slice(m.start, m.end))
}

/// The action that the words of a lead give, and how sure it is.
fn action_of(
    parsed: &Parsed,
    (has_unit, has_role): (bool, bool),
    tiered: bool,
    words: &LeadWords,
) -> Option<(Action, u8)> {
    let has = |set: &HashSet<String>| parsed.tokens.iter().any(|t| set.contains(&t.lower));
    let election = parsed.tokens.iter().any(|t| t.lower == "election");
    let elected = has(&words.elected);
    let not_chosen = has(&words.candidates) && !has(&words.chosen);
    if has(&words.others)
        || has(&words.staff) && election
        || has(&words.standing) && !elected
        || not_chosen
    {
        return Some((Action::Blocked, 0));
    }
    let titled = has_unit || has_role;
    let position = titled || has(&words.positions);
    let electable = has_unit || has(&words.positions);
    let members = has(&words.members);
    if has(&words.departing) && !has(&words.arriving) && (position || members) {
        return Some((Action::Appoint(AppointmentAction::Departed), 75));
    }
    if has(&words.returning) && position && !has(&words.newcomers) {
        return Some((Action::Appoint(AppointmentAction::Reelected), 80));
    }
    if elected && (electable || has(&words.elections)) {
        return Some((Action::Appoint(AppointmentAction::Elected), 85));
    }
    let fresh = has(&words.fresh);
    let founding = has(&words.founding) && members;
    let projects = parsed.tokens.iter().any(|t| matches!(t.lower.as_str(), "project" | "projects"));
    if !titled
        && !projects
        && (tiered && members || founding || fresh && has(&words.joining_members))
    {
        return Some((Action::Member, if fresh || founding { 75 } else { 45 }));
    }
    (fresh && position).then_some((Action::Appoint(AppointmentAction::Appointed), 70))
}

fn singular(role: &str) -> String {
    match role.strip_suffix('s') {
        Some(one)
            if !role.ends_with("ss") && !role.ends_with("ns") || role.ends_with("chairpersons") =>
        {
            one.to_owned()
        }
        _ => role.to_owned(),
    }
}

fn item_facts(
    blocks: &[Block],
    index: usize,
    parsed: &Parsed,
    lead: &Lead,
    context: &Context,
) -> Vec<Fact> {
    let (role_before, at) = label(parsed);
    let people = |from: usize| names_list(parsed, context, Want::Names, from);
    let limit = (at + 3).min(parsed.tokens.len());
    let Some((names, end)) = (at..limit).find_map(people) else { return Vec::new() };
    let first = names[0];
    let kind = context.name_type(parsed, first);
    let person = kind.surely_person
        || lead.unit.is_some() && lead.tier.is_none() && kind.person && !kind.organisation;
    match lead.action {
        Action::Member if person => {
            let mut lead = lead.clone();
            lead.action = Action::Appoint(AppointmentAction::Appointed);
            appointee(
                blocks,
                index,
                parsed,
                first,
                AppointmentAction::Appointed,
                role_before,
                &lead,
                context,
            )
            .into_iter()
            .filter(|f| f.unit().is_some())
            .collect()
        }
        Action::Member => {
            if !lists_names(blocks, index, parsed, first, end) {
                return Vec::new();
            }
            names.iter().filter_map(|m| member(blocks, index, parsed, *m, lead, context)).collect()
        }
        Action::Appoint(action) => {
            // "@handle, Name, Employer": the name says more than the handle.
            let named = names
                .iter()
                .copied()
                .find(|m| context.name_type(parsed, *m).surely_person)
                .filter(|m| m.start <= first.end + 2);
            appointee(
                blocks,
                index,
                parsed,
                named.unwrap_or(first),
                action,
                role_before,
                lead,
                context,
            )
            .into_iter()
            .collect()
        }
        Action::Blocked => Vec::new(),
    }
}

/// Whether an item is made of names and not a sentence that happens to begin with one.
fn lists_names(
    blocks: &[Block],
    index: usize,
    parsed: &Parsed,
    first: Mention,
    end: usize,
) -> bool {
    if !matches!(blocks[index].kind, BlockKind::ListItem | BlockKind::Cell { .. }) {
        return false;
    }
    let whole = skip_bracket(parsed, end) >= parsed.tokens.len();
    let set_off = matches!(parsed.lower(first.end), ":" | "-" | "–" | "—" | ",")
        && first.end - first.start <= 5;
    let MentionKind::Name(kind) = first.kind else { return false };
    whole || set_off && !kind.surely_person
}

/// "Treasurer: Name": the role, and where the name begins.
fn label(parsed: &Parsed) -> (Option<String>, usize) {
    let colon = (0..parsed.tokens.len().min(8)).find(|i| parsed.lower(*i) == ":");
    match colon {
        Some(colon) => {
            let role = parsed.mention_at[0]
                .filter(|m| m.kind == MentionKind::Role)
                .map(|m| clean_role(parsed.slice(m.start, m.end)));
            (role, colon + 1)
        }
        None => match parsed.mention_at.first().copied().flatten() {
            Some(m) if m.kind == MentionKind::Role => {
                (Some(clean_role(parsed.slice(m.start, m.end))), m.end)
            }
            _ => (None, 0),
        },
    }
}

fn member(
    blocks: &[Block],
    index: usize,
    parsed: &Parsed,
    name: Mention,
    lead: &Lead,
    context: &Context,
) -> Option<Fact> {
    let subject = context.full_name(parsed.slice(name.start, name.end));
    let body = lead.body.clone().or_else(|| context.own_body.clone())?;
    if fold_name(&subject) == fold_name(&body) {
        return None;
    }
    let detail = Detail::Membership(Membership {
        action: MembershipAction::Joined,
        tier: lead.tier.clone(),
    });
    Some(fact(blocks, index, parsed, name, lead, subject, body, detail))
}

#[allow(clippy::too_many_arguments)]
fn appointee(
    blocks: &[Block],
    index: usize,
    parsed: &Parsed,
    name: Mention,
    action: AppointmentAction,
    role_before: Option<String>,
    lead: &Lead,
    context: &Context,
) -> Option<Fact> {
    let kind = context.name_type(parsed, name);
    let lone = name.end - name.start == 1
        && matches!(blocks[index].kind, BlockKind::ListItem | BlockKind::Cell { .. })
        && lead.confidence_percent >= 75
        && skip_bracket(parsed, name.end) >= parsed.tokens.len();
    if !(kind.surely_person || kind.person || lone)
        || (kind.organisation || kind.body) && !kind.surely_person
    {
        return None;
    }
    // A line of running text that only begins with a name is no list of names.
    let whole = skip_bracket(parsed, name.end) >= parsed.tokens.len();
    let weak = !kind.surely_person
        && !whole
        && !matches!(blocks[index].kind, BlockKind::ListItem | BlockKind::Cell { .. });
    if weak {
        return None;
    }
    let after = skip_bracket(parsed, name.end);
    let set_off =
        after >= parsed.tokens.len() || parsed.tokens[after].kind != crate::text::TokenKind::Word;
    if !kind.surely_person && !set_off {
        return None;
    }
    let subject = context.person(parsed.slice(name.start, name.end));
    let body = lead.body.clone().or_else(|| context.own_body.clone())?;
    let lower = parsed.text.to_lowercase();
    let action = if action == AppointmentAction::Elected
        && ["re-elected", "reelected", "incumbent", "returning"].iter().any(|w| lower.contains(w))
    {
        AppointmentAction::Reelected
    } else {
        action
    };
    let role_in_item = parsed
        .mentions()
        .find(|m| m.kind == MentionKind::Role && m.start >= name.end && m.start <= name.end + 2)
        .filter(|m| !matches!(parsed.lower(m.end), "at" | "of" | "from"))
        .map(|m| clean_role(parsed.slice(m.start, m.end)));
    let officer = role_in_item.filter(|r| is_officer(r));
    let role =
        role_before.or(officer).or_else(|| lead.role.clone()).unwrap_or_else(|| "member".into());
    let detail = Detail::Appointment(Appointment {
        action,
        unit: lead.unit.clone(),
        role: Some(role),
        affiliation: affiliation(parsed, name, context)
            .filter(|a| fold_name(a) != fold_name(&body)),
    });
    let mut fact = fact(blocks, index, parsed, name, lead, subject, body, detail);
    if !kind.surely_person {
        fact.confidence -= 0.05;
    }
    Some(fact)
}

/// Roles that an item gives within the unit, not at an employer.
fn is_officer(role: &str) -> bool {
    let role = role.to_lowercase();
    ["chair", "president", "treasurer", "secretary", "vice"].iter().any(|w| role.contains(w))
}

/// "Name (Employer)", "Name, Employer", "Name – Engineer at Employer".
fn affiliation(parsed: &Parsed, name: Mention, context: &Context) -> Option<String> {
    let after = skip_bracket(parsed, name.end);
    let inside = parsed.mentions().find(|m| {
        m.start > name.end
            && m.end < after.max(name.end + 1)
            && matches!(m.kind, MentionKind::Name(_))
            && !parsed.slice(m.start, m.end).starts_with('@')
    });
    let employer = inside.or_else(|| {
        let led = matches!(parsed.lower(after), "," | "-" | "–" | "—" | "|");
        let direct = parsed.mention_at.get(after + 1).copied().flatten().filter(|_| led);
        direct.filter(|m| matches!(m.kind, MentionKind::Name(_))).or_else(|| {
            parsed.mentions().find(|m| {
                m.start > after
                    && matches!(m.kind, MentionKind::Name(_))
                    && matches!(parsed.lower(m.start - 1), "at" | "from")
            })
        })
    })?;
    let kind = context.name_type(parsed, employer);
    (!kind.surely_person).then(|| parsed.slice(employer.start, employer.end).to_owned())
}

#[allow(clippy::too_many_arguments)]
fn fact(
    blocks: &[Block],
    index: usize,
    parsed: &Parsed,
    name: Mention,
    lead: &Lead,
    subject: String,
    body: String,
    detail: Detail,
) -> Fact {
    let item = &blocks[index].text;
    let name_text = parsed.slice(name.start, name.end);
    let mut quote = String::new();
    if lead.block < index {
        let together: usize = blocks[lead.block..=index].iter().map(|b| b.text.len() + 1).sum();
        if together <= QUOTE_BYTES_MAX {
            for block in &blocks[lead.block..index] {
                quote.push_str(&block.text);
                quote.push(' ');
            }
        }
    }
    let first = parsed.tokens.first().map_or(0, |t| t.span.start);
    let last = parsed.tokens.last().map_or(item.len(), |t| t.span.end);
    let offset = quote.len();
    quote.push_str(&item[first..last]);
    let start = offset + parsed.tokens[name.start].span.start - first;
    let rule = match lead.action {
        Action::Member => "list of members: <organisation>",
        _ => "list of people: <person>",
    };
    Fact {
        subject,
        body,
        detail,
        effective: None,
        evidence: Evidence {
            quote,
            marks: vec![(start, start + name_text.len())],
            rule: rule.to_owned(),
        },
        confidence: f64::from(lead.confidence_percent) / 100.0,
    }
}
