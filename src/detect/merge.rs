//! Merging within a document: a fact told twice is one fact.

use rustc_hash::FxHashMap;

use super::lexicon::Lexicon;
use crate::model::{AppointmentAction, Detail, Fact, Kind, MembershipAction, fold, fold_name};

/// One fact for each that the drafts tell, in the order of their first telling.
pub fn merge(drafts: Vec<Fact>, lexicon: &Lexicon) -> Vec<Fact> {
    let mut merged: Vec<Fact> = Vec::new();
    // Names that are the same begin with the same word: only those are compared.
    let mut by_word: FxHashMap<String, Vec<usize>> = FxHashMap::default();
    for draft in drafts {
        let mut word = fold_name(&draft.subject);
        word.truncate(word.find(' ').unwrap_or(word.len()));
        let alike = by_word.entry(word).or_default();
        match alike.iter().copied().find(|at| same(&merged[*at], &draft, lexicon)) {
            Some(at) => absorb(&mut merged[at], draft),
            None => {
                alike.push(merged.len());
                merged.push(draft);
            }
        }
    }
    let hosted: Vec<(String, String)> = merged
        .iter()
        .filter(|f| f.kind() == Kind::Hosting)
        .map(|f| (fold_name(&f.subject), fold_name(&f.body)))
        .collect();
    merged.retain(|f| {
        f.kind() != Kind::Membership
            || !hosted.contains(&(fold_name(&f.subject), fold_name(&f.body)))
    });
    merged
}

/// Whether two drafts tell one fact.
fn same(a: &Fact, b: &Fact, lexicon: &Lexicon) -> bool {
    a.kind() == b.kind()
        && a.polarity() == b.polarity()
        && same_name(&a.subject, &b.subject)
        && (same_body(&a.body, &b.body, lexicon) && same_position(a, b)
            || a.kind() == Kind::Appointment && (same_title(a, b) || is_vague(a) || is_vague(b)))
}

/// An appointment that names neither unit nor role: whatever else the text says of the person
/// says it better.
fn is_vague(fact: &Fact) -> bool {
    fact.unit().is_none() && fact.role().is_none_or(|r| r == "member")
}

/// The same title in two tellings is one post, however the body is called.
fn same_title(a: &Fact, b: &Fact) -> bool {
    match (a.role(), b.role()) {
        (Some(x), Some(y)) => x != "member" && fold(x) == fold(y),
        _ => false,
    }
}

fn same_name(a: &str, b: &str) -> bool {
    let (a, b) = (fold_name(&without_nickname(a)), fold_name(&without_nickname(b)));
    a == b
        || (!a.is_empty()
            && !b.is_empty()
            && (a.starts_with(&format!("{b} ")) || b.starts_with(&format!("{a} "))))
}

/// "Priya “Wren” Raman" is Priya Raman.
fn without_nickname(name: &str) -> std::borrow::Cow<'_, str> {
    let Some(opens) = name.find([' ']).filter(|_| name.contains(['"', '“'])) else {
        return name.into();
    };
    let rest = &name[opens..];
    match (rest.find(['"', '“']), rest.rfind(['"', '”'])) {
        (Some(from), Some(until)) if from < until => {
            let after = rest[until..].chars().next().map_or(until, |c| until + c.len_utf8());
            format!("{}{}", &name[..opens], &rest[after..]).into()
        }
        _ => name.into(),
    }
}

/// Two names of one body, in full or by the gazetteer.
fn same_body(a: &str, b: &str, lexicon: &Lexicon) -> bool {
    let known = |name: &str| lexicon.canonical_body(name);
    same_name(a, b) || known(a).is_some_and(|a| known(b) == Some(a))
}

fn same_position(a: &Fact, b: &Fact) -> bool {
    if a.kind() != Kind::Appointment {
        return true;
    }
    if is_second_seat(a, b) || is_second_seat(b, a) {
        return false;
    }
    let units = match (a.unit(), b.unit()) {
        (Some(x), Some(y)) => {
            let (x, y) = (fold(x), fold(y));
            x == y || x.contains(&y) || y.contains(&x)
        }
        _ => true,
    };
    let specific = |role: Option<&str>| role.filter(|r| *r != "member").map(fold);
    let roles = match (specific(a.role()), specific(b.role())) {
        (Some(x), Some(y)) => same_role(&x, &y),
        _ => true,
    };
    units && roles
}

/// "… as CFO and member of the Executive Board": a post and a seat, told in one breath.
fn is_second_seat(post: &Fact, seat: &Fact) -> bool {
    let titled = post.unit().is_none() && post.role().is_some_and(|r| r != "member");
    let seated = seat.unit().is_some() && seat.role() == Some("member");
    titled && seated && post.evidence == seat.evidence
}

/// Words that many titles share.
const COMMON_TITLE_WORDS: [&str; 12] = [
    "chief",
    "officer",
    "president",
    "director",
    "senior",
    "executive",
    "and",
    "of",
    "the",
    "manager",
    "lead",
    "head",
];

/// "EVP, Chief Legal Officer" and "Chief Legal Officer and Secretary" are one post; "President"
/// and "Vice President" are two.
fn same_role(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let words = |role: &str| -> Vec<String> { role.split(' ').map(str::to_owned).collect() };
    let (a, b) = (words(a), words(b));
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    let lesser = |role: &[String]| {
        role.iter().any(|w| matches!(w.as_str(), "vice" | "deputy" | "co" | "assistant"))
    };
    if lesser(short) != lesser(long) {
        return false;
    }
    if long.windows(short.len()).any(|w| w == short.as_slice()) {
        return true;
    }
    let telling: Vec<&String> =
        short.iter().filter(|w| !COMMON_TITLE_WORDS.contains(&w.as_str())).collect();
    let shared = telling.iter().filter(|w| long.contains(w)).count();
    !telling.is_empty() && shared * 10 >= telling.len() * 6
}

/// Takes over what the other telling knows better.
fn absorb(known: &mut Fact, other: Fact) {
    let better = other.confidence > known.confidence;
    if is_vague(known) && !is_vague(&other) {
        known.body.clone_from(&other.body);
    }
    match (&mut known.detail, &other.detail) {
        (Detail::Membership(mine), Detail::Membership(theirs)) => {
            if mine.tier.is_none() || (better && theirs.tier.is_some()) {
                mine.tier = theirs.tier.clone().or(mine.tier.take());
            }
            if mine.action == MembershipAction::Joined && theirs.action != MembershipAction::Joined
            {
                mine.action = theirs.action;
            }
        }
        (Detail::Appointment(mine), Detail::Appointment(theirs)) => {
            let vague = mine.role.as_deref().is_none_or(|r| r == "member");
            if vague && theirs.role.is_some() {
                mine.role = theirs.role.clone();
            }
            if mine.unit.is_none() {
                mine.unit = theirs.unit.clone();
            }
            if mine.affiliation.is_none() {
                mine.affiliation = theirs.affiliation.clone();
            }
            match (mine.action, theirs.action) {
                (_, AppointmentAction::Reelected)
                | (AppointmentAction::Appointed, AppointmentAction::Elected) => {
                    mine.action = theirs.action
                }
                _ => {}
            }
        }
        _ => {}
    }
    // "Tidepool Foundation" says more than "Tidepool".
    if other.body.len() > known.body.len()
        && other.body.ends_with(" Foundation")
        && fold_name(&other.body).starts_with(&fold_name(&known.body))
    {
        known.body.clone_from(&other.body);
    }
    if other.subject.len() > known.subject.len() && known.kind() == Kind::Appointment {
        known.subject = other.subject;
    }
    if better {
        known.evidence = other.evidence;
        known.confidence = other.confidence;
    }
}
