//! What is new: reconciling found facts with the ledger. Pure.

use chrono::{DateTime, Duration, Utc};

use crate::model::{
    ChangeKind, Detail, Fact, FactId, FactKey, Head, Kind, KnownFact, fold, fold_name,
};

/// Told again within this span, a fact is the same fact; later it is news again (a member that
/// left and came back, a second term).
const SAME_FACT_WITHIN: Duration = Duration::days(180);

/// A restatement counts as stronger from this difference of confidence on.
const STRONGER_BY: f64 = 0.05;

/// Evidence with fewer letters is too common to be known again by its words alone.
const SAME_WORDS_MIN: usize = 40;

/// A found fact and how it stands to the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Reconciled {
    /// The fact.
    pub fact: Fact,
    /// New, restated, amended or strengthened.
    pub kind: ChangeKind,
    /// The known fact that it restates, amends or strengthens, in its present form.
    pub known: Option<Head>,
}

/// What makes two reports one fact.
pub fn key(fact: &Fact) -> FactKey {
    let position = match fact.kind() {
        Kind::Appointment => {
            let role = fact.role().filter(|r| *r != "member").unwrap_or_default();
            format!("{}|{}", fold(fact.unit().unwrap_or_default()), fold(role))
        }
        Kind::Membership | Kind::Hosting => String::new(),
    };
    FactKey {
        kind: fact.kind(),
        polarity: fact.polarity(),
        subject: fold_name(&fact.subject),
        body: fold_name(&fact.body),
        position,
    }
}

/// The evidence as one knows it again in another feed: a wire copies the sentence and drops the
/// publisher, so that "our board" becomes somebody else's. Empty where it is too short for that.
pub fn quote_key(fact: &Fact) -> String {
    let folded = fold(&fact.evidence.quote);
    if folded.len() < SAME_WORDS_MIN { String::new() } else { folded }
}

/// Reconciles the facts of one entry with what the ledger knows under the same subjects and either
/// the same bodies or the same words. `same_entry` says that the known facts' entry was edited:
/// only then does a different detail correct it; another publisher's different word is another voice.
pub fn reconcile(
    known: &[KnownFact],
    found: &[Fact],
    now: DateTime<Utc>,
    same_entry: impl Fn(FactId) -> bool,
) -> Vec<Reconciled> {
    found
        .iter()
        .map(|fact| {
            let mine = key(fact);
            let twin = known.iter().rev().find(|k| {
                let theirs = key(&k.fact);
                theirs.kind == mine.kind
                    && theirs.polarity == mine.polarity
                    && theirs.subject == mine.subject
                    && (theirs.body == mine.body || k.same_words)
                    && same_position(&theirs.position, &mine.position)
                    && now - k.first_seen <= SAME_FACT_WITHIN
            });
            let kind = match twin {
                None => ChangeKind::New,
                Some(twin) if twin.head.decided => ChangeKind::Restated,
                Some(twin) if same_entry(twin.id) && contradicts(&twin.fact, fact) => {
                    ChangeKind::Amended
                }
                Some(twin) if fact.confidence >= twin.head.confidence + STRONGER_BY => {
                    ChangeKind::Strengthened
                }
                Some(_) => ChangeKind::Restated,
            };
            Reconciled { fact: fact.clone(), kind, known: twin.map(|t| t.head) }
        })
        .collect()
}

/// One position told with more or fewer words: "Board" and "Governing Board", a role left open.
fn same_position(a: &str, b: &str) -> bool {
    let split =
        |p: &str| p.split_once('|').map(|(u, r)| (u.to_owned(), r.to_owned())).unwrap_or_default();
    let ((unit_a, role_a), (unit_b, role_b)) = (split(a), split(b));
    let within = |x: &str, y: &str| x.is_empty() || y.is_empty() || x.contains(y) || y.contains(x);
    // A title without a unit and a seat without a title are two positions ("Chair", "the board").
    let crossed = |unit: &str, role: &str, other_unit: &str, other_role: &str| {
        unit.is_empty() && !role.is_empty() && !other_unit.is_empty() && other_role.is_empty()
    };
    within(&unit_a, &unit_b)
        && within(&role_a, &role_b)
        && !crossed(&unit_a, &role_a, &unit_b, &role_b)
        && !crossed(&unit_b, &role_b, &unit_a, &role_a)
}

/// Whether a detail that both give differs.
fn contradicts(known: &Fact, found: &Fact) -> bool {
    let differ = |a: Option<&str>, b: Option<&str>| matches!((a, b), (Some(a), Some(b)) if fold(a) != fold(b));
    match (&known.detail, &found.detail) {
        (Detail::Membership(a), Detail::Membership(b)) => {
            differ(a.tier.as_deref(), b.tier.as_deref())
                || differ(known.effective.as_deref(), found.effective.as_deref())
        }
        (Detail::Appointment(a), Detail::Appointment(b)) => {
            differ(a.affiliation.as_deref(), b.affiliation.as_deref())
                || differ(known.effective.as_deref(), found.effective.as_deref())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Appointment, AppointmentAction, Evidence, Membership, MembershipAction};

    fn member(subject: &str, tier: &str) -> Fact {
        fact(
            subject,
            Detail::Membership(Membership {
                action: MembershipAction::Joined,
                tier: Some(tier.into()),
            }),
        )
    }

    fn seat(subject: &str, unit: Option<&str>, role: &str) -> Fact {
        let detail = Appointment {
            action: AppointmentAction::Appointed,
            unit: unit.map(str::to_owned),
            role: Some(role.into()),
            affiliation: None,
        };
        fact(subject, Detail::Appointment(detail))
    }

    fn fact(subject: &str, detail: Detail) -> Fact {
        let evidence = Evidence { quote: "q".into(), marks: vec![], rule: "r".into() };
        Fact {
            subject: subject.into(),
            body: "Open Lattice Foundation".into(),
            detail,
            effective: None,
            evidence,
            confidence: 0.9,
        }
    }

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap() + Duration::days(day)
    }

    #[test]
    fn the_same_news_is_one_fact_and_other_news_is_another() {
        use ChangeKind::{Amended, New, Restated};
        let known = member("Meridian Cloud, Inc.", "Gold");
        for (name, known, found, day, edited, expected) in [
            ("again", known.clone(), member("meridian cloud", "Gold"), 3, false, Restated),
            (
                "another voice, another tier",
                known.clone(),
                member("Meridian Cloud", "Silver"),
                3,
                false,
                Restated,
            ),
            (
                "the entry was edited",
                known.clone(),
                member("Meridian Cloud", "Silver"),
                3,
                true,
                Amended,
            ),
            ("a year later", known.clone(), member("Meridian Cloud", "Gold"), 365, false, New),
            ("somebody else", known, member("Quill Data", "Gold"), 3, false, New),
            (
                "one seat in two words",
                seat("Ana B", Some("Governing Board"), "member"),
                seat("Ana B", Some("Board"), "member"),
                1,
                false,
                Restated,
            ),
            ("two posts", seat("Ana B", None, "CTO"), seat("Ana B", None, "Chair"), 1, false, New),
            (
                "a post and a seat",
                seat("Ana B", Some("Board"), "Chair"),
                seat("Ana B", Some("Core Team"), "member"),
                1,
                false,
                New,
            ),
        ] {
            let found = reconcile(&[known_as(known)], &[found], at(day), |_| edited);
            assert_eq!(found[0].kind, expected, "{name}");
        }
    }

    fn known_as(fact: Fact) -> KnownFact {
        let head = Head { id: FactId(1), confidence: fact.confidence, decided: false };
        KnownFact { id: FactId(1), fact, first_seen: at(0), same_words: false, head }
    }

    #[test]
    fn words_that_are_copied_are_the_same_news_under_any_publisher() {
        let elsewhere =
            Fact { body: "Granite Newswire".into(), ..member("Meridian Cloud", "Gold") };
        for (name, same_words, found, expected) in [
            ("other words", false, elsewhere.clone(), ChangeKind::New),
            ("the same words", true, elsewhere.clone(), ChangeKind::Restated),
            (
                "of somebody else",
                true,
                Fact { subject: "Quill Data".into(), ..elsewhere },
                ChangeKind::New,
            ),
        ] {
            let known = KnownFact { same_words, ..known_as(member("Meridian Cloud", "Gold")) };
            assert_eq!(reconcile(&[known], &[found], at(1), |_| false)[0].kind, expected, "{name}");
        }
    }

    #[test]
    fn stronger_words_strengthen_and_a_decision_of_a_person_stays() {
        for (name, known, found, decided, expected) in [
            ("a hint, then the announcement", 0.15, 0.95, false, ChangeKind::Strengthened),
            ("the announcement, then a hint", 0.95, 0.15, false, ChangeKind::Restated),
            ("as strong", 0.93, 0.95, false, ChangeKind::Restated),
            ("rejected by a person", 0.15, 0.95, true, ChangeKind::Restated),
        ] {
            let mut known =
                known_as(Fact { confidence: known, ..member("Meridian Cloud", "Gold") });
            known.head.decided = decided;
            let found = Fact { confidence: found, ..member("Meridian Cloud", "Gold") };
            assert_eq!(reconcile(&[known], &[found], at(1), |_| false)[0].kind, expected, "{name}");
        }
    }
}
