//! What the words above a list, or before an enumeration, say of each item.

use std::ops::Range;

use super::frame::{clean_role, clean_unit};
use super::lexicon::{LeadSet, LeadSets, TriggerClass, WordClass};
use super::mention::{MentionKind, Parsed, denies, is_numeral};
use super::resolve::Context;
use crate::model::{AppointmentAction, fold};
use crate::text::Token;

/// Words that say that somebody goes on in a post.
pub const AGAIN: &[&str] = &["re-elected", "reelected", "reappointed", "re-appointed"];

/// What happens to the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// They become members.
    Member,
    /// They stay members for another term.
    Renew,
    /// They take up or give up a position.
    Appoint(AppointmentAction),
    /// Nothing: they are candidates, or were there before.
    Blocked,
}

/// What some words say; each part may be left open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeadIn {
    /// What happens, and how sure that is in per cent.
    pub action: Option<(Action, u8)>,
    /// The level of membership.
    pub tier: Option<String>,
    /// The committee.
    pub unit: Option<String>,
    /// The role.
    pub role: Option<String>,
    /// The body.
    pub body: Option<String>,
}

/// Reads the tokens of a range.
pub fn read(parsed: &Parsed, range: Range<usize>, context: &Context) -> LeadIn {
    let Range { start: from, end: until } = range;
    let mentions = || parsed.mentions().filter(|m| m.start >= from && m.end <= until);
    let first_of = |kind: MentionKind| {
        mentions().find(|m| m.kind == kind).map(|m| parsed.slice(m.start, m.end))
    };
    let unit = first_of(MentionKind::Unit).map(clean_unit);
    let role = first_of(MentionKind::Role)
        .map(|r| singular(&clean_role(r)))
        .filter(|r| !is_seat(r))
        .or_else(|| founding_member(parsed, from..until))
        .or_else(|| new_post(parsed, from..until));
    let tier = tier_of(
        mentions().filter(|m| m.kind == MentionKind::Tier).map(|m| parsed.slice(m.start, m.end)),
    );
    let bodies =
        || mentions().filter(|m| matches!(m.kind, MentionKind::Name(_)) && m.name_type().body);
    let body = bodies()
        .find(|m| context.is_own_body(parsed.slice(m.start, m.end)))
        .or_else(|| bodies().next())
        .map(|m| context.body_name(parsed.slice(m.start, m.end)));
    let told = Told {
        formed: context.selection || context.launch,
        selection: context.selection,
        unit: unit.is_some(),
        role: role.is_some(),
        tiered: first_of(MentionKind::Tier).is_some(),
    };
    let action = action_of(parsed, &(from..until), &told);
    LeadIn { action, tier, unit, role, body }
}

/// "founding members of the committee": the role that the lead gives every item.
fn founding_member(parsed: &Parsed, mut range: Range<usize>) -> Option<String> {
    range
        .find(|at| parsed.lower(*at) == "founding" && parsed.lower(at + 1) == "members")
        .map(|_| "founding member".to_owned())
}

/// "… were welcomed as new corporators: …": a post that no list has.
fn new_post(parsed: &Parsed, range: Range<usize>) -> Option<String> {
    let last = range.end.checked_sub(2).filter(|at| *at > range.start + 1)?;
    let plain = |at: usize| parsed.tokens.get(at).is_some_and(|t| !t.capital);
    let posted = parsed.lower(last + 1) == ":"
        && parsed.lower(last - 1) == "new"
        && parsed.lower(last - 2) == "as"
        && plain(last)
        && parsed.trigger(last).is_none();
    posted.then(|| singular(parsed.lower(last)))
}

/// Words that say no more than that one sits there.
fn is_seat(role: &str) -> bool {
    matches!(
        fold(role).as_str(),
        "director" | "trustee" | "board member" | "board director" | "representative" | "officer"
    )
}

/// The tier, where the words give one only.
fn tier_of<'a>(mut tiers: impl Iterator<Item = &'a str>) -> Option<String> {
    let first = tiers.next()?;
    tiers.all(|t| t.eq_ignore_ascii_case(first)).then(|| first.to_owned())
}

struct Told {
    formed: bool,
    selection: bool,
    unit: bool,
    role: bool,
    tiered: bool,
}

fn action_of(parsed: &Parsed, range: &Range<usize>, told: &Told) -> Option<(Action, u8)> {
    let tokens = &parsed.tokens[range.clone()];
    let sets = range.clone().map(|at| parsed.known(at).leads);
    let sets = sets.fold(LeadSets::default(), LeadSets::or);
    let has = |set: LeadSet| sets.has(set);
    let elected = has(LeadSet::Elected) || has(LeadSet::Winners) && has(LeadSet::Elections);
    let most_votes = says_most_votes(parsed, range);
    let not_chosen = has(LeadSet::Candidates) && !has(LeadSet::Chosen) && !most_votes;
    // "The board consists of" is news after an election or at a launch only.
    let fresh = range.clone().any(|at| {
        parsed.known(at).leads.has(LeadSet::Fresh)
            && (told.formed || !matches!(parsed.lower(at), "consists" | "comprises" | "comprised"))
    });
    if has(LeadSet::Others)
        || has(LeadSet::Staff) && tokens.iter().any(|t| t.lower == "election")
        || stands(parsed, range.clone()) && !elected
        || not_chosen
        || chosen_by_others(parsed, range.clone())
        || seats_are_free(tokens) && !elected
        || not_elected(tokens)
    {
        return Some((Action::Blocked, 0));
    }
    let titled = told.unit || told.role;
    let position = titled || has(LeadSet::Positions);
    let electable = told.unit || has(LeadSet::Positions);
    let members = has(LeadSet::Members);
    if (has(LeadSet::Departing) || leaves(parsed, range))
        && !has(LeadSet::Arriving)
        && (position || members)
    {
        return Some((Action::Appoint(AppointmentAction::Departed), 75));
    }
    if has(LeadSet::Returning) && position && !has(LeadSet::Newcomers) {
        return Some((Action::Appoint(AppointmentAction::Reelected), 80));
    }
    let again = range.clone().any(|at| parsed.is(at, WordClass::AGAIN));
    if again
        && (electable || members || has(LeadSet::Elections))
        && !tokens.iter().any(|t| t.lower == "elected")
    {
        return Some((Action::Appoint(AppointmentAction::Reelected), 85));
    }
    let they = parsed.lower(range.start) == "they" && has(LeadSet::Elected) || most_votes;
    if elected && (electable || has(LeadSet::Elections))
        || they
        || names_winners(sets, tokens, told)
    {
        return Some((Action::Appoint(AppointmentAction::Elected), 85));
    }
    if renews(parsed, range)
        && !titled
        && (members || has(LeadSet::JoiningMembers))
        && !calls_for(tokens)
    {
        return Some((Action::Renew, 75));
    }
    let founding = has(LeadSet::Founding) && members;
    if !titled
        && !is_of_projects(parsed, range)
        && (told.tiered && members
            || founding
            || fresh && newly_joined(parsed, range.clone())
            || came_in(parsed, range))
    {
        return Some((Action::Member, if fresh || founding || !told.tiered { 75 } else { 45 }));
    }
    let access = gives_access(parsed, range.clone()) || have_started(parsed, range);
    (fresh && position || access).then_some((
        Action::Appoint(AppointmentAction::Appointed),
        if founding || access || has(LeadSet::Following) { 75 } else { 70 },
    ))
}

/// "The five candidates with the most votes were …".
fn says_most_votes(parsed: &Parsed, range: &Range<usize>) -> bool {
    range.clone().any(|at| parsed.lower(at) == "most" && parsed.lower(at + 1) == "votes")
}

fn renews(parsed: &Parsed, range: &Range<usize>) -> bool {
    parsed.triggers().any(|t| range.contains(&t.start) && t.class == TriggerClass::Renew)
        || range.clone().any(|at| parsed.lower(at) == "renewals")
}

/// Whether projects are spoken of, by more than a name: "Tern Project".
fn is_of_projects(parsed: &Parsed, range: &Range<usize>) -> bool {
    let in_name = |at: usize| {
        parsed.mention_around(at).is_some_and(|m| matches!(m.kind, MentionKind::Name(_)))
    };
    range.clone().any(|at| matches!(parsed.lower(at), "project" | "projects") && !in_name(at))
}

/// Whether somebody leaves, and not only time is left.
fn leaves(parsed: &Parsed, range: &Range<usize>) -> bool {
    parsed
        .triggers()
        .filter(|t| range.contains(&t.start))
        .filter(|t| t.start == 0 || !is_time(parsed.lower(t.start - 1)))
        .any(|t| matches!(t.class, TriggerClass::Depart | TriggerClass::Departure))
}

/// "with one year left of their term": what is left is time.
fn is_time(word: &str) -> bool {
    matches!(
        word,
        "year" | "years" | "month" | "months" | "week" | "weeks" | "quarter" | "term" | "terms"
    )
}

/// "Projects are chosen by an access committee: …": who sits there, and not who is chosen.
fn chosen_by_others(parsed: &Parsed, range: Range<usize>) -> bool {
    let last_unit = parsed.mentions().rev().find(|m| m.end <= range.end);
    let Some(unit) = last_unit.filter(|m| m.kind == MentionKind::Unit) else { return false };
    let closes = (unit.end..range.end).all(|at| matches!(parsed.lower(at), ":" | "," | "–" | "—"));
    let before = |back: usize| unit.start.checked_sub(back).map_or("", |at| parsed.lower(at));
    closes && (1..=3).any(|at| matches!(before(at), "a" | "an") && before(at + 1) == "by")
}

/// "Renew your membership: …": what a member is to do.
fn calls_for(tokens: &[Token]) -> bool {
    tokens.iter().any(|t| matches!(t.lower, "your" | "you" | "how" | "please" | "must" | "can"))
}

/// "Two seats became free: …": who leaves them, and not who takes them.
fn seats_are_free(tokens: &[Token]) -> bool {
    let any = |words: &[&str]| tokens.iter().any(|t| words.contains(&t.lower));
    any(&["seat", "seats", "place", "places"]) && any(&["free", "vacant", "empty"])
}

/// "the new Harbor Foundation members": a fresh word close before the members.
fn newly_joined(parsed: &Parsed, range: Range<usize>) -> bool {
    let is = |at: usize, set: LeadSet| parsed.known(at).leads.has(set);
    let from = range.start;
    // "Please consider joining our community of members …".
    if range.clone().any(|at| parsed.lower(at) == "consider") {
        return false;
    }
    // "the following organizations, all of which joined this quarter".
    let joins =
        parsed.triggers().any(|t| range.contains(&t.start) && t.class == TriggerClass::Join);
    range.into_iter().any(|at| {
        let noun = is(at, LeadSet::JoiningMembers)
            || joins && is(at, LeadSet::Members)
            || matches!(parsed.lower(at), "member" | "sponsor") && is(at + 1, LeadSet::Members);
        noun && (at.saturating_sub(8).max(from)..at).any(|i| is(i, LeadSet::Fresh))
    })
}

/// "The following people have been elected: …", and "The winners are: …" where an election is told.
fn names_winners(sets: LeadSets, tokens: &[Token], told: &Told) -> bool {
    let elected = sets.has(LeadSet::Chosen) && sets.has(LeadSet::Elected);
    elected && points(tokens) || told.selection && (elected || sets.has(LeadSet::Winners))
}

/// Whether the words point at what stands under them.
fn points(tokens: &[Token]) -> bool {
    tokens.iter().any(|t| matches!(t.lower, "following" | "below" | "listed" | "these"))
}

/// "These candidates were not elected: …".
fn not_elected(tokens: &[Token]) -> bool {
    tokens.windows(2).any(|pair| pair[1].lower == "elected" && denies(pair[0].lower))
        || tokens.iter().any(|t| t.lower == "unsuccessful")
}

/// Whether the words tell how the members came, with no fresh word before them.
fn came_in(parsed: &Parsed, range: &Range<usize>) -> bool {
    let is_members = |at: usize| parsed.known(at).leads.has(LeadSet::Members);
    let begins = |at: usize, class| parsed.trigger(at).is_some_and(|t| t.class == class);
    let any = |holds: &dyn Fn(usize) -> bool| range.clone().any(holds);
    // "This month two companies became members: …".
    let turned = |at: usize| begins(at, TriggerClass::Become) && is_members(at + 1);
    // "The Fund grew by these companies: …".
    let grew = |at: usize| {
        matches!(parsed.lower(at), "grew" | "grown" | "expanded") && parsed.lower(at + 1) == "by"
    };
    // "The following organizations have joined us: …", "The companies admitted since May are listed below."
    let arrive = |at: usize| {
        is_members(at)
            && (at + 1..at + 5).any(|i| {
                let boarded = matches!(parsed.lower(i), "came" | "come" | "coming")
                    && (parsed.lower(i + 1) == "aboard" || parsed.lower(i + 2) == "board");
                boarded
                    || begins(i, TriggerClass::Join)
                    || parsed.lower(i) == "admitted"
                    || parsed.lower(i) == "signed" && parsed.lower(i + 1) == "up"
            })
    };
    // "Three companies joined us: …".
    let counted = |at: usize| {
        arrive(at) && at > range.start && is_number(parsed.lower(at - 1)) && !is_occasion(parsed)
    };
    // "Here is who joined between July and September:".
    let who = |at: usize| {
        parsed.lower(at) == "who"
            && at > range.start
            && matches!(parsed.lower(at - 1), "is" | "'s" | "’s" | "are" | "here" | "see")
            && (begins(at + 1, TriggerClass::Join)
                || parsed.lower(at + 1) == "signed" && matches!(parsed.lower(at + 2), "up" | "on"))
    };
    any(&turned)
        || any(&who)
        || any(&grew) && any(&is_members)
        || any(&counted)
        || any(&arrive) && points(&parsed.tokens[range.clone()])
}

fn is_number(word: &str) -> bool {
    (1..=3).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit()) || is_numeral(word)
}

/// Whether a sentence tells of something that is over when it is: who joins that is no member.
fn is_occasion(parsed: &Parsed) -> bool {
    parsed.tokens.iter().any(|t| {
        matches!(
            t.lower,
            "call" | "webinar" | "session" | "event" | "panel" | "workshop" | "sprint" | "summit"
        )
    })
}

/// "Three people started with us this month: …".
fn have_started(parsed: &Parsed, range: &Range<usize>) -> bool {
    range.clone().skip(1).any(|at| {
        matches!(parsed.lower(at), "people" | "colleagues" | "faces" | "engineers")
            && (is_number(parsed.lower(at - 1)) || parsed.lower(at - 1) == "new")
            && (at + 1..at + 4).any(|i| {
                matches!(parsed.lower(i), "started" | "joined" | "joining" | "starting")
                    && (i + 1..i + 4).any(|us| matches!(parsed.lower(us), "us" | "our" | "team"))
            })
    })
}

/// "The following people have received commit access: …".
fn gives_access(parsed: &Parsed, range: Range<usize>) -> bool {
    range.clone().any(|at| {
        matches!(parsed.lower(at), "commit" | "push" | "merge" | "write")
            && matches!(parsed.lower(at + 1), "access" | "rights" | "bit" | "bits" | "privileges")
            && (at.saturating_sub(4).max(range.start)..at).any(|i| {
                matches!(
                    parsed.lower(i),
                    "given" | "granted" | "got" | "received" | "gained" | "earned" | "awarded"
                )
            })
    })
}

/// Whether the items were there before: "the continuing members", not "the new members as well as
/// the existing ones".
fn stands(parsed: &Parsed, mut range: Range<usize>) -> bool {
    range.any(|at| {
        let joined = (1..=2).any(|back| {
            at.checked_sub(back).is_some_and(|b| matches!(parsed.lower(b), "as" | "and" | "or"))
        });
        // "In the past month".
        let time = parsed.lower(at) == "past"
            && (is_time(parsed.lower(at + 1)) || is_time(parsed.lower(at + 2)));
        // "We look forward to continuing to work with them."
        let goes_on = parsed.lower(at + 1) == "to"
            && !matches!(
                parsed.lower(at + 2),
                "serve" | "be" | "hold" | "sit" | "represent" | "act" | "lead"
            );
        parsed.known(at).leads.has(LeadSet::Standing) && !joined && !goes_on && !time
    })
}

/// "Maintainers" over a list makes each a maintainer.
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
