//! Merging within a document: a fact told twice is one fact.

use super::lexicon::Lexicon;
use crate::model::{AppointmentAction, Detail, Fact, Kind, MembershipAction, fold, fold_name};

/// One fact for each that the drafts tell, in the order of their first telling.
pub fn merge(drafts: Vec<Fact>, lexicon: &Lexicon) -> Vec<Fact> {
    let mut merged: Vec<Fact> = Vec::new();
    for draft in drafts {
        match merged.iter_mut().find(|known| same(known, &draft, lexicon)) {
            Some(known) => absorb(known, draft),
            None => merged.push(draft),
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
        && same_body(&a.body, &b.body, lexicon)
        && same_position(a, b)
}

fn same_name(a: &str, b: &str) -> bool {
    let (a, b) = (fold_name(a), fold_name(b));
    a == b
        || (!a.is_empty()
            && !b.is_empty()
            && (a.starts_with(&format!("{b} ")) || b.starts_with(&format!("{a} "))))
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
    let compatible = |x: Option<&str>, y: Option<&str>| match (x, y) {
        (Some(x), Some(y)) => {
            let (x, y) = (fold(x), fold(y));
            x == y || x.contains(&y) || y.contains(&x)
        }
        _ => true,
    };
    let specific = |role: Option<&str>| role.filter(|r| *r != "member").map(str::to_owned);
    let (role_a, role_b) = (specific(a.role()), specific(b.role()));
    compatible(a.unit(), b.unit()) && compatible(role_a.as_deref(), role_b.as_deref())
}

/// Takes over what the other telling knows better.
fn absorb(known: &mut Fact, other: Fact) {
    let better = other.confidence > known.confidence;
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
