//! What is new: reconciling found facts with the ledger. Pure.

use chrono::{DateTime, Duration, Utc};

use crate::model::{
    ChangeKind, Detail, Fact, FactId, FactKey, Head, Kind, KnownFact, fold, fold_name,
};

/// Told again within this span, a fact is the same fact; later it is news again (a member that
/// left and came back, a second term).
const SAME_FACT_WITHIN: Duration = Duration::days(180);

/// So long after, another word for an event ("joined" for "renewed", a title for a seat) is another
/// event.
const OTHER_WORD_WITHIN: Duration = Duration::days(21);

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
            let unit = fold(fact.unit().unwrap_or_default());
            let role = plain_role(&fold(fact.role().unwrap_or_default()));
            let seat = is_seat(&unit, &role);
            format!("{unit}|{}", if seat { "" } else { &role })
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
                    && (same_body(&k.fact, fact) || k.same_words)
                    && now - k.first_seen <= SAME_FACT_WITHIN
                    && same_event(&k.fact, fact, now - k.first_seen)
                    && same_position(&theirs, &mine, now - k.first_seen)
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

/// "Member" of anything, "director" or "representative" of a board: a seat without an office.
fn is_seat(unit: &str, role: &str) -> bool {
    let seats = ["director", "trustee", "representative", "member"];
    let board = ["board", "committee", "council"].iter().any(|w| unit.contains(w));
    let office = ["executive", "managing", "president"].iter().any(|w| role.contains(w));
    role == "member" || board && !office && seats.iter().any(|seat| role.ends_with(seat))
}

/// A role in one of the ways in which it is written: "Chief Executive Officer" is "CEO".
fn plain_role(folded: &str) -> String {
    let spelt = [
        ("chief executive officer", "ceo"),
        ("chief executive", "ceo"),
        ("chief technology officer", "cto"),
        ("chief technical officer", "cto"),
        ("chief financial officer", "cfo"),
        ("chief finance officer", "cfo"),
        ("chief operating officer", "coo"),
        ("chief information officer", "cio"),
        ("chief marketing officer", "cmo"),
        ("vice president", "vp"),
        ("managing director", "md"),
        ("general manager", "gm"),
    ];
    let mut role = folded.to_owned();
    for (long, short) in spelt {
        if role.contains(long) {
            role = role.replace(long, short);
        }
    }
    role
}

/// Whether two facts name one body: the same name, its initials, or the name without the words that
/// say what kind of body it is ("Kelp", "Kelp Project").
pub fn same_body(a: &Fact, b: &Fact) -> bool {
    let (a, b) = (fold_name(&a.body), fold_name(&b.body));
    if a == b {
        return true;
    }
    let (short, long) = if a.len() < b.len() { (&a, &b) } else { (&b, &a) };
    // Two letters stand for too much.
    short.len() > 2 && *short == initials(long, &["of", "for", "and", "the"])
        || long.strip_prefix(short.as_str()).is_some_and(|rest| {
            rest.starts_with(' ') && rest.split_whitespace().all(|w| GENERIC.contains(&w))
        })
}

/// Words that say what kind of body a name is of, and not which.
const GENERIC: &[&str] = &[
    "foundation",
    "project",
    "consortium",
    "association",
    "alliance",
    "community",
    "initiative",
    "open",
    "org",
    "commons",
    "aisbl",
];

/// Whether two words of one direction can tell one event: an upgrade is no second word for joining at
/// another level, two stages of a project are two events.
fn same_event(known: &Fact, found: &Fact, gap: Duration) -> bool {
    let differ = |a: Option<&str>, b: Option<&str>| matches!((a, b), (Some(a), Some(b)) if tier(a) != tier(b));
    let tiers_differ = differ(known.tier(), found.tier());
    let (before, after) = (known.action(), found.action());
    match known.kind() {
        Kind::Appointment => true,
        Kind::Hosting => before == after && !tiers_differ,
        Kind::Membership if before == after => true,
        Kind::Membership => {
            let moves = |action: &str| matches!(action, "upgraded" | "downgraded");
            let opposite = moves(before) && moves(after);
            // A member welcomes "as a Gold member" whom the other side calls upgraded to Gold.
            !opposite && !tiers_differ && gap <= OTHER_WORD_WITHIN
        }
    }
}

/// A level without the word that every level has: "Gold member" is "Gold".
fn tier(tier: &str) -> String {
    let folded = fold(tier);
    let words: Vec<&str> = folded
        .split(' ')
        .filter(|w| !matches!(*w, "member" | "sponsor" | "level" | "tier" | "membership"))
        .collect();
    words.join(" ")
}

/// One position told with more or fewer words: "Board" and "Governing Board", a role left open.
fn same_position(a: &FactKey, b: &FactKey, gap: Duration) -> bool {
    let split = |key: &FactKey| {
        let (unit, role) = key.position.split_once('|').unwrap_or_default();
        (unit_without(unit, &key.body), role.to_owned())
    };
    let ((unit_a, role_a), (unit_b, role_b)) = (split(a), split(b));
    // A title without a unit and a seat without a title are two positions ("Chair", "the board").
    let crossed = |unit: &str, role: &str, other_unit: &str, other_role: &str| {
        unit.is_empty() && !role.is_empty() && !other_unit.is_empty() && other_role.is_empty()
    };
    // Who is on the committee may chair it one day; told at once it is one appointment.
    let risen = role_a.is_empty() != role_b.is_empty() && gap > OTHER_WORD_WITHIN;
    within(&unit_a, &unit_b)
        && within(&role_a, &role_b)
        && !risen
        && !crossed(&unit_a, &role_a, &unit_b, &role_b)
        && !crossed(&unit_b, &role_b, &unit_a, &role_a)
}

/// "Rust Foundation Board" of the Rust Foundation is its "Board".
fn unit_without(unit: &str, body: &str) -> String {
    let own: Vec<&str> = body.split(' ').collect();
    let rest: Vec<&str> = unit.split(' ').filter(|w| !own.contains(w)).collect();
    if rest.is_empty() { unit.to_owned() } else { rest.join(" ") }
}

/// Whether one is the other in fewer words, or its initials. "Vice chair" is no chair, and who was
/// interim becomes permanent.
fn within(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        return true;
    }
    let few: Vec<&str> = short.split(' ').map(plain_word).collect();
    let many: Vec<&str> = long.split(' ').map(plain_word).collect();
    short == initials(long, &["of"])
        || few.iter().all(|w| many.contains(w))
            && !many.iter().any(|w| !few.contains(w) && is_qualifier(w))
}

/// The first letters of the words, but for some.
fn initials(name: &str, without: &[&str]) -> String {
    name.split(' ').filter(|w| !without.contains(w)).filter_map(|w| w.chars().next()).collect()
}

/// "Chairperson", "chairwoman", "chairman" are "chair".
fn plain_word(word: &str) -> &str {
    let chair = word.starts_with("chair") && word.len() > 5 && !word.ends_with('s');
    if chair { "chair" } else { word }
}

/// What makes another post of a post.
fn is_qualifier(word: &str) -> bool {
    matches!(
        word,
        "vice"
            | "deputy"
            | "assistant"
            | "interim"
            | "acting"
            | "elect"
            | "emeritus"
            | "past"
            | "former"
            | "advisory"
            | "associate"
    )
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

    /// Pairs of facts as two sources tell them, labelled by somebody who had not seen the rules. Of
    /// what acronyms mean and which names are one detection has said more before; here the names stand
    /// as they are.
    #[test]
    fn labelled_pairs_merge_where_they_are_one() {
        let text = include_str!("../tests/it/fixtures/announcements/pairs.jsonl");
        let (mut merged, mut right, mut same, mut wrong) = (0, 0, 0, Vec::new());
        for line in text.lines() {
            let pair: serde_json::Value = serde_json::from_str(line).unwrap();
            let (Some(a), Some(b)) = (read(&pair["a"]), read(&pair["b"])) else { panic!("{line}") };
            let one = pair["same"].as_bool().unwrap();
            let known = KnownFact { first_seen: day(&pair["a"]), ..known_as(a) };
            let kind = reconcile(&[known], &[b], day(&pair["b"]), |_| false)[0].kind;
            let is_one = kind != ChangeKind::New;
            merged += usize::from(is_one);
            same += usize::from(one);
            right += usize::from(is_one && one);
            if is_one && !one {
                wrong.push(pair["why"].to_string());
            }
        }
        eprintln!("{right} of {merged} merged are one; {same} pairs are");
        assert!(wrong.len() <= 2, "{right} of {merged} merged are one: {}", wrong.join("\n"));
        assert!(right * 100 >= same * 45, "{right} of {same} that are one were merged");
    }

    fn day(told: &serde_json::Value) -> DateTime<Utc> {
        let day: chrono::NaiveDate = told["published"].as_str().unwrap().parse().unwrap();
        day.and_hms_opt(9, 0, 0).unwrap().and_utc()
    }

    fn read(told: &serde_json::Value) -> Option<Fact> {
        let text = |key: &str| told[key].as_str().map(str::to_owned);
        let detail = match told["kind"].as_str()? {
            "membership" => Detail::Membership(Membership {
                action: serde_json::from_value(told["action"].clone()).ok()?,
                tier: text("tier"),
            }),
            "appointment" => Detail::Appointment(Appointment {
                action: serde_json::from_value(told["action"].clone()).ok()?,
                unit: text("unit"),
                role: text("role"),
                affiliation: text("affiliation"),
            }),
            _ => Detail::Hosting(crate::model::Hosting {
                action: serde_json::from_value(told["action"].clone()).ok()?,
                level: text("tier").or(text("level")),
            }),
        };
        Some(Fact {
            body: text("body")?,
            effective: text("effective"),
            ..fact(&text("subject")?, detail)
        })
    }
}
