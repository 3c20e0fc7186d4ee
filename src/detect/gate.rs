//! The news gate: what keeps a well-formed sentence from being news.

use std::ops::Range;

use super::effective::month_number;
use super::lexicon::{Lexicon, TriggerClass, WordClass};
use super::mention::{Parsed, denies};
use super::pattern::{Match, Slot};
use crate::text::{Block, BlockKind, Token};

/// Why a match is no news; `None` is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// It stands under a heading such as "About" or "Candidates".
    Boilerplate,
    /// It speaks of candidates.
    Candidacy,
    /// It tells the past.
    History,
    /// It tells of a wish, a condition or an offer.
    Modality,
    /// It says that it did not happen.
    Negation,
    /// It asks.
    Question,
    /// It tells of a guest.
    Visit,
}

impl Objection {
    /// The word for it in an explanation.
    pub fn as_str(self) -> &'static str {
        match self {
            Objection::Boilerplate => "boilerplate",
            Objection::Candidacy => "candidacy",
            Objection::History => "history",
            Objection::Modality => "modality",
            Objection::Negation => "negation",
            Objection::Question => "question",
            Objection::Visit => "visit",
        }
    }
}

/// Whether a block stands under a heading that takes it out of the news.
pub fn is_boilerplate(blocks: &[Block], index: usize, lexicon: &Lexicon) -> bool {
    let mut heading = match blocks[index].kind {
        BlockKind::Heading(_) => Some(index),
        _ => blocks[index].heading,
    };
    while let Some(at) = heading {
        let text = blocks[at].text.to_lowercase();
        let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
        let hit = lexicon.boilerplate_headings.iter().any(|h| {
            text.strip_prefix(h.as_str())
                .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        });
        // "About the newest Silver Members" is the list itself.
        let newcomers = text.starts_with("about the new") && text.contains("member");
        let hit = hit || text.ends_with("years ago");
        if hit && !newcomers && text.len() < 80 {
            return true;
        }
        heading = blocks[at].heading;
    }
    let text = blocks[index].text.as_str();
    text.starts_with("About ")
        && matches!(blocks[index].kind, BlockKind::Paragraph)
        && text.len() > 60
}

/// The first objection to a match in its sentence.
pub fn objection(
    parsed: &Parsed,
    found: &Match,
    published: (Option<i32>, Option<u32>),
    lexicon: &Lexicon,
) -> Option<Objection> {
    let tokens = parsed.tokens;
    if tokens.last().is_some_and(|t| t.lower == "?") {
        return Some(Objection::Question);
    }
    // "03:40 How Ana joined the foundation" announces an answer.
    let first = tokens.iter().find(|t| t.lower.chars().all(char::is_alphabetic));
    if first.is_some_and(|t| matches!(t.lower, "how" | "why")) {
        return Some(Objection::Question);
    }
    // "After a search with ninety applications, …": what went before.
    let after = parsed.lower(0) == "after";
    let comma = || tokens.iter().position(|t| t.lower == ",");
    let from = after.then(comma).flatten().unwrap_or(0);
    if parsed.says(&lexicon.candidacy, WordClass::CANDIDACY, from..tokens.len())
        && !stands_no_more(tokens)
        && !tells_outcome(tokens)
    {
        return Some(Objection::Candidacy);
    }
    let (trigger_start, trigger_end) = found.trigger.unwrap_or((found.start, found.end));
    let from = found.start.saturating_sub(8);
    // What stands inside the match before its trigger is mostly an apposition: only the words
    // right at the trigger and those before the subject speak of the event.
    // Behind its closing comma: "Ana Castellan, formerly of Quill Data, is now …".
    let closed = (found.start..trigger_start.min(tokens.len()))
        .rev()
        .find(|at| tokens[*at].lower == ",")
        .map_or(from, |comma| comma + 1);
    let near_start = trigger_start.saturating_sub(5).max(from).max(closed);
    let near = near_start..trigger_end.min(tokens.len());
    let lead = from..found.start;
    // The trigger itself may say "will not renew".
    if parsed.says(&lexicon.negation, WordClass::NEGATION, near_start..trigger_start) {
        return Some(Objection::Negation);
    }
    if modal(parsed, near.clone(), lexicon) || modal(parsed, lead.clone(), lexicon) {
        return Some(Objection::Modality);
    }
    if is_habit(parsed, trigger_start) {
        return Some(Objection::History);
    }
    let joins = parsed.trigger(trigger_start).is_some_and(|t| t.class == TriggerClass::Join);
    if joins && is_visit(parsed, found.end) {
        return Some(Objection::Visit);
    }
    let posted = found.fillers.iter().any(|f| matches!(f.slot, Slot::Role | Slot::Unit));
    // "…, who has just started with us as Programme Officer".
    let just = || {
        found.trigger.is_none()
            && (found.start..found.end).any(|at| matches!(parsed.lower(at), "just" | "recently"))
    };
    let recent =
        posted && (joins && is_recent(parsed, trigger_start, trigger_end) || !joins && just());
    let history = |range| !recent && parsed.says(&lexicon.history, WordClass::HISTORY, range);
    if history(near) || history(lead) || told_of_the_past(parsed, found, published) {
        return Some(Objection::History);
    }
    None
}

/// "Ana, who joined us last week": no history yet.
fn is_recent(parsed: &Parsed, start: usize, end: usize) -> bool {
    (start.saturating_sub(2)..end + 4).any(|at| match parsed.lower(at) {
        "recently" | "just" | "yesterday" | "today" => true,
        "last" | "this" => matches!(parsed.lower(at + 1), "week" | "month" | "morning"),
        _ => false,
    })
}

/// "Members elect a chair every year": what is always done, and not what was done now.
fn is_habit(parsed: &Parsed, trigger: usize) -> bool {
    let verb = matches!(
        parsed.lower(trigger),
        "elect" | "elects" | "appoint" | "appoints" | "choose" | "chooses" | "select" | "selects"
    );
    verb && (trigger..parsed.tokens.len()).any(|at| {
        let times = matches!(
            parsed.lower(at + 1),
            "year"
                | "month"
                | "spring"
                | "autumn"
                | "fall"
                | "summer"
                | "two"
                | "three"
                | "november"
        );
        times && matches!(parsed.lower(at), "every" | "each") || parsed.lower(at) == "annually"
    })
}

/// "Ana joined the Harbor Podcast to share her story": a guest.
fn is_visit(parsed: &Parsed, behind: usize) -> bool {
    let talks = |at: usize| {
        matches!(
            parsed.lower(at),
            "share"
                | "talk"
                | "discuss"
                | "speak"
                | "explain"
                | "explore"
                | "chat"
                | "tell"
                | "reflect"
        )
    };
    (behind..behind + 4).any(|at| parsed.lower(at) == "to" && talks(at + 1))
}

/// "… is not standing for another term": no candidate any more.
fn stands_no_more(tokens: &[Token]) -> bool {
    (1..tokens.len()).any(|at| {
        let denied = |back: usize| {
            at >= back && matches!(tokens[at - back].lower, "not" | "won't" | "won’t" | "isn't")
        };
        matches!(tokens[at].lower, "standing" | "stand" | "running" | "run" | "seeking" | "seek")
            && (denied(1) || denied(2))
    })
}

/// "The following candidates were elected", "the three open seats go to …": who stood for it, and how it
/// ended.
fn tells_outcome(tokens: &[Token]) -> bool {
    let at = |i: usize| tokens.get(i).map_or("", |t| t.lower);
    let still_open = |word: &str| {
        matches!(
            word,
            "nominated"
                | "nominate"
                | "nomination"
                | "nominations"
                | "running"
                | "standing"
                | "stand"
                | "eligible"
                | "apply"
                | "applicants"
                | "applications"
                | "call"
                | "vote"
                | "positions"
        )
    };
    let decided = |i: usize| match at(i) {
        "elected" | "chosen" | "selected" => {
            let before = |back: usize| i.checked_sub(back).map_or("", at);
            !(1..=2).any(|b| matches!(before(b), "be" | "not" | "to" | "being" | "if" | "when"))
                && !denies(before(1))
        }
        "seat" | "seats" => matches!(at(i + 1), "go" | "goes" | "went" | "were" | "was"),
        _ => false,
    };
    (0..tokens.len()).any(decided) && !tokens.iter().any(|t| still_open(t.lower))
}

/// Whether the words leave it open that it happened. "We would like to thank" and "we want to
/// welcome" leave nothing open.
fn modal(parsed: &Parsed, range: Range<usize>, lexicon: &Lexicon) -> bool {
    let (start, tokens) = (range.start, &parsed.tokens[range]);
    (0..tokens.len()).any(|at| {
        if !parsed.is(start + at, WordClass::MODALITY) || parsed.is_in_person(start + at) {
            return false;
        }
        let Some((_, _, length)) = lexicon.modality.longest(tokens, at) else { return false };
        let rest = &parsed.tokens[start + at + length..];
        let behind = || rest.iter().take(4).map(|t| t.lower);
        let polite = match tokens[at].lower {
            // The month.
            "may" => {
                let numbered = rest.first().is_some_and(|t| t.lower.as_bytes()[0].is_ascii_digit());
                let month = tokens[at].capital && (start + at > 0 || numbered);
                month || behind().any(|w| matches!(w, "have" | "know" | "remember" | "recall"))
            }
            // "… said that its director would leave in May" tells of what is decided.
            "would" => {
                let said = parsed.tokens[..start + at]
                    .iter()
                    .any(|t| matches!(t.lower, "said" | "announced" | "confirmed" | "says"));
                said || behind().any(|w| matches!(w, "like" | "love"))
            }
            "want" | "wants" | "wanted" => behind().any(|w| POLITE_VERBS.contains(&w)),
            // "I invite everyone to welcome …"
            "invite" | "inviting" => {
                tokens.last().is_some_and(|t| t.lower == "to")
                    || behind().any(|w| matches!(w, "welcome" | "congratulate" | "thank"))
            }
            // "Please join me in welcoming …"
            "please" => {
                let mut after = behind();
                matches!(after.next(), Some("me" | "us")) && after.next() == Some("in")
            }
            // "As you may have guessed", "You may know that …".
            "might" => behind().any(|w| matches!(w, "have" | "know" | "remember" | "recall")),
            // "Your new steering council: …": whose it is, and not what they are to do.
            "your" => {
                matches!(parsed.lower(start + at + 1), "new" | "newest" | "next" | "newly")
                    && (start + at).checked_sub(1).is_none_or(|before| parsed.lower(before) != "to")
            }
            "you" => behind().any(|w| matches!(w, "may" | "might" | "know" | "probably")),
            // "We took the opportunity to thank …"
            "opportunity" => {
                behind().any(|w| matches!(w, "welcome" | "thank" | "congratulate" | "announce"))
            }
            // "Ana Castellan to become Chair", "… has accepted an offer to become …".
            "to" if tokens.get(at + 1).is_some_and(|t| t.lower == "become") => {
                let named = parsed.mentions().any(|m| m.end == start + at && m.name_type().person);
                // "… is the first bank to become a member".
                let before = |back: usize| at.checked_sub(back).map_or("", |b| tokens[b].lower);
                let ordinal = (2..=3).any(|back| {
                    matches!(before(back), "first" | "second" | "third" | "latest" | "newest")
                        && before(back + 1) == "the"
                        && matches!(before(back + 2), "is" | "are" | "was" | "were")
                });
                let agreed = ordinal
                    || tokens[at.saturating_sub(3)..at].iter().any(|t| {
                        matches!(t.lower, "accepted" | "accepts" | "agreed" | "agrees" | "set")
                    });
                named || agreed
            }
            // "… plans to step down" is how leaving is announced.
            "plan" | "plans" | "planning" => behind()
                .any(|w| matches!(w, "step" | "retire" | "resign" | "leave" | "depart" | "stand")),
            "why" => at > 0 && matches!(tokens[at - 1].lower, "that's" | "that’s" | "is" | "'s"),
            _ => false,
        };
        !polite
    })
}

/// What one wants to do and thereby does.
const POLITE_VERBS: &[&str] = &[
    "thank",
    "extend",
    "express",
    "welcome",
    "congratulate",
    "acknowledge",
    "recognize",
    "recognise",
    "introduce",
    "share",
    "announce",
    "say",
    "take",
    "give",
    "offer",
];

/// So many months after it happened a change is no news any more.
const NEWS_MONTHS: i64 = 5;

/// "joined in 2019", "has been a member since 2020", "in March 2025" in a post of December.
fn told_of_the_past(parsed: &Parsed, found: &Match, published: (Option<i32>, Option<u32>)) -> bool {
    let (Some(year), month) = published else { return false };
    let (start, end) = found.trigger.unwrap_or((found.start, found.end));
    let from = start.saturating_sub(6);
    let until = (found.end.max(end) + 14).min(parsed.tokens.len());
    // "2015: Granite Bank becomes our first sponsor", in a list of years; the text of a sentence is
    // that of its block.
    let dated = parsed.text.trim_start().split_at_checked(4).is_some_and(|(digits, rest)| {
        let told = digits.parse().ok().filter(|told| (1950..year).contains(told));
        let behind = rest.trim_start();
        let marked = behind.starts_with([':', '-', '–', '—', '|'])
            && !rest.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
        // "2015 Granite Bank becomes …"; last year's election may be told of now.
        let plain = |told: i32| told + 1 < year && behind.starts_with(char::is_uppercase);
        told.is_some_and(|told| marked || plain(told))
    });
    // "On a wet Saturday in 2001, nineteen people met and elected …".
    let opening = matches!(parsed.lower(0), "in" | "on" | "back" | "early" | "late" | "during")
        && (1..8.min(start)).any(|i| {
            parsed.lower(i + 1) == ","
                && matches!(parsed.lower(i - 1), "in" | "on" | "of")
                && year_of(&parsed.tokens[i]).is_some_and(|told| told + 1 < year)
        });
    let ago = dated || opening || (end..until).any(|i| parsed.lower(i) == "ago");
    ago || (from..until).any(|i| {
        let Some(told) = year_of(&parsed.tokens[i]) else { return false };
        // "Granite Bank, a sponsor since 2015, has renewed …"
        if i < start && parsed.lower(i.wrapping_sub(1)) == "since" {
            return false;
        }
        // "… from Tom Okafor, who has led the board since 2021": the year is that of another story.
        if i > end && parsed.lower(i - 1) == "since" && (end..i).any(|at| parsed.lower(at) == "who")
        {
            return false;
        }
        // "March 2025", "March 4, 2025".
        let named = (1..=3)
            .find_map(|back| i.checked_sub(back).and_then(|b| month_number(parsed.lower(b))));
        match (named, month) {
            (Some(named), Some(month)) => {
                i64::from(year - told) * 12 + i64::from(month) - i64::from(named) > NEWS_MONTHS
            }
            (Some(_), None) => told < year - 1,
            (None, _) => {
                told < year
                    && matches!(
                        parsed.lower(i.wrapping_sub(1)),
                        "in" | "since" | "from" | "of" | "until"
                    )
            }
        }
    })
}

fn year_of(token: &Token) -> Option<i32> {
    let year: i32 = token.lower.parse().ok()?;
    (1950..2100).contains(&year).then_some(year)
}
