//! A text that was read before is read again: how what is found today differs from the ledger. Pure.

use std::collections::HashSet;

use super::{Aliases, Reconciled, contradicts, key, may_be_subject, same_news};
use crate::model::{ChangeKind, Detail, Fact, FactId, FactKey, fold, fold_name};

/// So many letters wrong are a misspelt name, where it has so many at least.
const MISSPELT_BY: usize = 2;
const MISSPELT_MIN: usize = 8;

/// What the ledger says that a text told, in its present form.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its row.
    pub id: FactId,
    /// What it says.
    pub fact: Fact,
    /// Whether a person decided on it.
    pub decided: bool,
    /// Whether no other text told it.
    pub only_here: bool,
}

/// One difference between a text as it is read today and the ledger.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// A fact that the ledger does not know.
    New(Fact),
    /// A fact that is read otherwise today.
    Changed(FactId, Fact),
    /// A fact that was too weak to be told and is not today.
    Stronger(FactId, Fact),
}

/// What reading a text again gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Again {
    /// What differs, but for what is gone.
    pub differences: Vec<Difference>,
    /// Facts of the ledger that were found again, here or in what another text told.
    pub found: HashSet<FactId>,
    /// Facts that this text told and does not tell any more: they are gone where no other text does.
    pub missing: Vec<FactId>,
}

/// Holds what was found in a text today against what the ledger says that it told. Facts below
/// `least` are no news, and none that was above it is found again in them.
pub fn again(told: &[Told], found: &[Reconciled], least: f64, aliases: &Aliases) -> Again {
    let mut all = Again::default();
    let mut new: Vec<&Fact> = Vec::new();
    for reconciled in found {
        let fact = &reconciled.fact;
        let Some(head) = reconciled.known.filter(|_| reconciled.kind != ChangeKind::New) else {
            new.extend((fact.confidence >= least).then_some(fact));
            continue;
        };
        if head.decided || fact.confidence >= least || head.confidence < least {
            all.found.insert(head.id);
        }
        if head.decided || fact.confidence < least {
            continue;
        }
        let here = told.iter().find(|t| t.id == head.id);
        if head.confidence < least {
            all.differences.push(Difference::Stronger(head.id, fact.clone()));
        } else if here.is_some_and(|t| t.only_here && says_otherwise(&t.fact, fact)) {
            all.differences.push(Difference::Changed(head.id, fact.clone()));
        }
    }
    for gone in told {
        if gone.decided || gone.fact.confidence < least || all.found.contains(&gone.id) {
            continue;
        }
        // What stands in its place, where something does.
        let place = new.iter().position(|fact| stands_for(&gone.fact, fact, aliases));
        match place.filter(|_| gone.only_here) {
            Some(at) => {
                all.found.insert(gone.id);
                all.differences.push(Difference::Changed(gone.id, new.remove(at).clone()));
            }
            None => all.missing.push(gone.id),
        }
    }
    all.differences.extend(new.into_iter().cloned().map(Difference::New));
    all
}

/// What an edited text told in words that stand in it no more, and a new fact of it stands in the place
/// of: somebody's other office, another body, a name that was misspelt. `found` is all that it tells now.
pub fn corrected<'a>(
    gone: &'a [Told],
    new: &Fact,
    found: &[Fact],
    aliases: &Aliases,
) -> Option<&'a Told> {
    let is_gone = |told: &&Told| {
        told.only_here && !told.decided && !found.iter().any(|fact| same_news(&told.fact, fact))
    };
    let stands_for_it = |told: &&Told| {
        let fact = &told.fact;
        fact.kind() == new.kind()
            && fact.polarity() == new.polarity()
            && (may_be_subject(new, &fact.subject, aliases)
                || is_misspelt(&fact.subject, &new.subject) && same_but_for_the_name(fact, new))
    };
    let mut all = gone.iter().filter(is_gone).filter(stands_for_it);
    // Of two that it may stand for it corrects none.
    all.next().filter(|_| all.next().is_none())
}

fn is_misspelt(a: &str, b: &str) -> bool {
    let (a, b) = (fold_name(a), fold_name(b));
    a.len().min(b.len()) >= MISSPELT_MIN && strsim::damerau_levenshtein(&a, &b) <= MISSPELT_BY
}

fn same_but_for_the_name(a: &Fact, b: &Fact) -> bool {
    let but_for_it = |fact: &Fact| FactKey { subject: String::new(), ..key(fact) };
    but_for_it(a) == but_for_it(b) && !contradicts(a, b)
}

/// Whether a detail differs, or only one of them has it.
fn says_otherwise(known: &Fact, found: &Fact) -> bool {
    let details = |fact: &Fact| {
        let own = |text: Option<&str>| text.map(fold);
        let affiliation = match &fact.detail {
            Detail::Appointment(a) => a.affiliation.as_deref(),
            _ => None,
        };
        [fact.tier(), affiliation, fact.effective.as_deref()].map(own)
    };
    contradicts(known, found) || details(known) != details(found)
}

/// Whether a fact is what another was read as: of one kind and direction, of one subject or from the
/// same words.
fn stands_for(gone: &Fact, new: &Fact, aliases: &Aliases) -> bool {
    gone.kind() == new.kind()
        && gone.polarity() == new.polarity()
        && (may_be_subject(new, &gone.subject, aliases)
            || fold(&gone.evidence.quote) == fold(&new.evidence.quote)
                && fold(&gone.body) == fold(&new.body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Evidence, Head, Membership, MembershipAction};

    fn fact(subject: &str, tier: &str, confidence: f64) -> Fact {
        Fact {
            subject: subject.into(),
            body: "Open Lattice Foundation".into(),
            detail: Detail::Membership(Membership {
                action: MembershipAction::Joined,
                tier: Some(tier.into()),
            }),
            effective: None,
            evidence: Evidence { quote: subject.into(), marks: vec![], rule: "r".into() },
            confidence,
        }
    }

    /// The ledger knows fact 7, told by this text; today the text says `found`, which is fact 7 where
    /// `known`.
    #[test]
    fn a_text_read_again() {
        let gold = || fact("Quill", "Gold", 0.9);
        let weak = || fact("Quill", "Gold", 0.2);
        let silver = || fact("Quill", "Silver", 0.9);
        let other = || fact("Meridian", "Gold", 0.9);
        let named = || fact("Quill.io", "Gold", 0.9);
        for (name, told, decided, found, known, differences, missing) in [
            ("the same", gold(), false, vec![gold()], true, vec![], false),
            ("nothing", gold(), false, vec![], true, vec![], true),
            ("another", gold(), false, vec![other()], false, vec![Difference::New(other())], true),
            (
                "other tier",
                gold(),
                false,
                vec![silver()],
                true,
                vec![Difference::Changed(FactId(7), silver())],
                false,
            ),
            (
                "other name",
                gold(),
                false,
                vec![named()],
                false,
                vec![Difference::Changed(FactId(7), named())],
                false,
            ),
            ("weaker", gold(), false, vec![weak()], true, vec![], true),
            (
                "stronger",
                weak(),
                false,
                vec![gold()],
                true,
                vec![Difference::Stronger(FactId(7), gold())],
                false,
            ),
            ("weak and gone", weak(), false, vec![], true, vec![], false),
            ("decided", gold(), true, vec![silver()], true, vec![], false),
            ("decided and gone", gold(), true, vec![], true, vec![], false),
        ] {
            let head = Head { id: FactId(7), confidence: told.confidence, decided };
            let found: Vec<Reconciled> = found
                .into_iter()
                .map(|fact| Reconciled {
                    fact,
                    kind: if known { ChangeKind::Restated } else { ChangeKind::New },
                    known: known.then_some(head),
                })
                .collect();
            let told = Told { id: FactId(7), fact: told, decided, only_here: true };
            let all = again(&[told], &found, 0.5, &Aliases::default());
            assert_eq!(all.differences, differences, "{name}");
            assert_eq!(!all.missing.is_empty(), missing, "{name}");
        }
    }
}
