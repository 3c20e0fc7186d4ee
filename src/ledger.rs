//! What is new: reconciling found facts with the ledger. Pure.

mod again;
mod names;

use chrono::{DateTime, Duration, Utc};

pub use self::again::{Again, Difference, Told, again, corrected};
pub use self::names::{Aliases, Likeness, can_abbreviate, short_forms};

use crate::model::{
    ChangeKind, Detail, Fact, FactId, FactKey, Head, Kind, KnownFact, SameText, fold, fold_name,
};

/// Told again within this span, a fact is the same fact; later it is news again (a member that
/// left and came back, a second term).
pub const SAME_FACT_WITHIN: Duration = Duration::days(180);

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
    aliases: &Aliases,
    same_entry: impl Fn(FactId) -> bool,
) -> Vec<Reconciled> {
    found
        .iter()
        .map(|fact| {
            let twins = known.iter().rev().map(|k| (k, likeness(k, fact, now, aliases)));
            // A text that gives two names means two, as does one that gives a seat and an office; and of
            // two likely ones none is.
            // A copy tells no more than its original did.
            let exact = |(k, like): &(&KnownFact, Likeness)| match like {
                Likeness::Different => false,
                _ if !same_entry(k.id) || k.same_text == SameText::Copy => true,
                Likeness::Same => !is_seat_beside_office(&k.fact, fact),
                Likeness::Likely => false,
            };
            let twins: Vec<(&KnownFact, Likeness)> = twins.filter(exact).collect();
            let same = twins.iter().find(|(_, like)| *like == Likeness::Same);
            let likely = || {
                let mut names = twins.iter().map(|(k, _)| fold_name(&k.fact.subject));
                let first = names.next();
                twins.first().filter(|_| names.all(|name| Some(name) == first))
            };
            let twin = same.or_else(likely).map(|(k, _)| *k);
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

/// Whether a known fact is what was found, told before: of one subject in one body, one event and one
/// position, in a span in which that is told again.
fn likeness(known: &KnownFact, found: &Fact, now: DateTime<Utc>, aliases: &Aliases) -> Likeness {
    let (theirs, mine, gap) = (&known.fact, found, (now - known.first_seen).abs());
    let alike = || match known.same_text {
        SameText::OwnWord => Likeness::Same,
        _ => names::subjects(mine.kind(), &theirs.subject, &mine.subject, aliases),
    };
    let in_position = || same_position(&key(theirs), &key(mine), gap);
    let told = same_kind(known, mine)
        && theirs.polarity() == mine.polarity()
        && gap <= SAME_FACT_WITHIN
        && same_event(theirs, mine, gap)
        && (known.same_text == SameText::Copy || in_position())
        && (known.same_text != SameText::No || same_body(theirs, mine, aliases));
    match if told { alike() } else { Likeness::Different } {
        // What the names leave open the rest must not.
        Likeness::Likely if gap > OTHER_WORD_WITHIN || !tiers_agree(theirs, mine) => {
            Likeness::Different
        }
        Likeness::Same if !in_position() => Likeness::Likely,
        like => like,
    }
}

/// Whether two facts are of one kind. Whether who joins is a project may depend on who tells it: of the
/// same words that is no matter.
fn same_kind(known: &KnownFact, found: &Fact) -> bool {
    let of_organisations = |fact: &Fact| fact.kind() != Kind::Appointment;
    known.fact.kind() == found.kind()
        || known.same_text != SameText::No
            && of_organisations(&known.fact)
            && of_organisations(found)
            && known.fact.action() == found.action()
}

/// Of whom a fact is told, and by whom.
pub struct Speaker<'a> {
    /// The subject.
    pub subject: &'a str,
    /// The publisher of the feed.
    pub publisher: &'a str,
}

/// Whether a copied text tells of its second publisher only what it told of its first: "we have joined".
/// One that names the second, and not the first, is his own. `words` is the text, folded.
pub fn is_copied_word(first: &Speaker, second: &Speaker, words: &str) -> bool {
    let of_itself = |speaker: &Speaker| {
        // A blog's name has more words than its organisation's.
        let (subject, publisher) = (fold_name(speaker.subject), fold_name(speaker.publisher));
        !subject.is_empty() && publisher.starts_with(&subject)
    };
    of_itself(first) && of_itself(second) && {
        let words = format!(" {words} ");
        let named = |speaker: &Speaker| words.contains(&format!(" {} ", fold(speaker.publisher)));
        named(first) || !named(second)
    }
}

/// Whether two facts that were found in texts of one time tell one thing, by names as they stand.
pub fn same_news(a: &Fact, b: &Fact) -> bool {
    let head = Head { id: FactId(0), confidence: a.confidence, decided: false };
    let first_seen = DateTime::UNIX_EPOCH;
    let known =
        KnownFact { id: head.id, fact: a.clone(), first_seen, same_text: SameText::No, head };
    likeness(&known, b, first_seen, &Aliases::default()) == Likeness::Same
}

/// Whether a known fact can be of the subject and body of one that was found.
pub fn may_be_one(known: &Fact, found: &Fact, same_text: SameText, aliases: &Aliases) -> bool {
    let may_be_its = || may_be_subject(found, &known.subject, aliases);
    match same_text {
        SameText::OwnWord => true,
        SameText::Words | SameText::Copy => may_be_its(),
        SameText::No => same_body(known, found, aliases) && may_be_its(),
    }
}

/// Whether one tells of a seat and the other of an office in one unit.
fn is_seat_beside_office(a: &Fact, b: &Fact) -> bool {
    let office = |fact: &Fact| !key(fact).position.ends_with('|');
    a.kind() == Kind::Appointment && office(a) != office(b)
}

/// Whether a subject can be that of a fact.
pub fn may_be_subject(fact: &Fact, subject: &str, aliases: &Aliases) -> bool {
    names::subjects(fact.kind(), subject, &fact.subject, aliases) > Likeness::Different
}

/// The folded names under which the body of a fact may be known: in full, and without the words that
/// say what kind of body it is.
pub fn body_forms(fact: &Fact, aliases: &Aliases) -> Vec<String> {
    let full = fold_name(&fact.body);
    let mut forms: Vec<String> = aliases.of_name(&full).map(str::to_owned).collect();
    forms.extend(names::shorter_bodies(&full));
    forms.push(full);
    forms.sort();
    forms.dedup();
    forms
}

/// Whether two facts name one body.
fn same_body(a: &Fact, b: &Fact, aliases: &Aliases) -> bool {
    names::bodies(&a.body, &b.body, aliases)
}

/// Whether one tells no other level than the other: the same, in more words or fewer, or none.
fn tiers_agree(a: &Fact, b: &Fact) -> bool {
    let (Some(a), Some(b)) = (a.tier().map(tier), b.tier().map(tier)) else { return true };
    within(&a, &b)
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
        ("chief information security officer", "ciso"),
        ("chief product officer", "cpo"),
        ("general secretary", "secretary general"),
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
        .filter(|w| {
            !matches!(
                *w,
                "member" | "sponsor" | "level" | "tier" | "membership" | "project" | "stage"
            )
        })
        .collect();
    words.join(" ")
}

/// One position told with more or fewer words: "Board" and "Governing Board", a role left open.
fn same_position(a: &FactKey, b: &FactKey, gap: Duration) -> bool {
    let split = |key: &FactKey| {
        let (unit, role) = key.position.split_once('|').unwrap_or_default();
        let (unit, role) = seat_of(unit, role).unwrap_or((unit, role));
        let unit = unit_without(unit, &key.body);
        match holders(&unit).filter(|_| role.is_empty()) {
            // One of "the maintainers" is a maintainer.
            Some(one) => (String::new(), one.to_owned()),
            None => (unit, role.to_owned()),
        }
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

/// The unit of a "council member" where no other is named.
fn seat_of<'a>(unit: &str, role: &'a str) -> Option<(&'a str, &'static str)> {
    let group = role.strip_suffix(" member").filter(|_| unit.is_empty())?;
    let seats = ["board", "committee", "council", "team", "group", "panel"];
    seats.iter().any(|s| group.ends_with(s)).then_some((group, ""))
}

/// Of a group that is called by what each in it is, what each is.
fn holders(unit: &str) -> Option<&str> {
    let one = unit.strip_suffix('s')?;
    let people = [
        "maintainer",
        "committer",
        "developer",
        "reviewer",
        "editor",
        "fellow",
        "organizer",
        "moderator",
        "contributor",
    ];
    people.iter().any(|p| one == *p || one.ends_with(&format!(" {p}"))).then_some(one)
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
        || names::is_abbreviation(short, long)
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
    use crate::model::{
        Appointment, AppointmentAction, Evidence, Hosting, HostingAction, Membership,
        MembershipAction,
    };

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
            let found =
                reconcile(&[known_as(known)], &[found], at(day), &Aliases::default(), |_| edited);
            assert_eq!(found[0].kind, expected, "{name}");
        }
    }

    #[test]
    fn a_copy_tells_no_more_than_its_original() {
        let known = seat("Ana B", None, "President");
        let board = || seat("Ana B", Some("Board"), "member");
        for (name, same_text, found, expected) in [
            ("the same words", SameText::Words, board(), ChangeKind::New),
            ("a copy, read otherwise", SameText::Copy, board(), ChangeKind::Restated),
            (
                "a copy, of somebody else",
                SameText::Copy,
                seat("Tom C", Some("Board"), "member"),
                ChangeKind::New,
            ),
        ] {
            let known = KnownFact { same_text, ..known_as(known.clone()) };
            // The copy has told the other fact before.
            let found = reconcile(&[known], &[found], at(1), &Aliases::default(), |_| true);
            assert_eq!(found[0].kind, expected, "{name}");
        }
    }

    fn known_as(fact: Fact) -> KnownFact {
        let head = Head { id: FactId(1), confidence: fact.confidence, decided: false };
        KnownFact { id: FactId(1), fact, first_seen: at(0), same_text: SameText::No, head }
    }

    #[test]
    fn words_that_are_copied_are_the_same_news_under_any_publisher() {
        let elsewhere =
            Fact { body: "Granite Newswire".into(), ..member("Meridian Cloud", "Gold") };
        let of_another = Fact { subject: "Quill Data".into(), ..elsewhere.clone() };
        let hosted = Hosting { action: HostingAction::Joined, level: None };
        let as_project = Fact { detail: Detail::Hosting(hosted), ..elsewhere.clone() };
        for (name, same_text, found, expected) in [
            ("other words", SameText::No, elsewhere.clone(), ChangeKind::New),
            ("the same words", SameText::Words, elsewhere, ChangeKind::Restated),
            ("of somebody else", SameText::Words, of_another.clone(), ChangeKind::New),
            ("by whoever says we", SameText::OwnWord, of_another, ChangeKind::Restated),
            ("a project in other words", SameText::No, as_project.clone(), ChangeKind::New),
            ("a project in the same", SameText::Words, as_project, ChangeKind::Restated),
        ] {
            let known = KnownFact { same_text, ..known_as(member("Meridian Cloud", "Gold")) };
            assert_eq!(
                reconcile(&[known], &[found], at(1), &Aliases::default(), |_| false)[0].kind,
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn we_in_a_copied_text_are_those_whom_it_names_or_who_had_it_first() {
        let first = || Speaker { subject: "Quill Foundation", publisher: "Quill Foundation Blog" };
        let second = || Speaker { subject: "Kestrel", publisher: "Kestrel" };
        let named = || Speaker { subject: "Meridian Cloud", publisher: "Kestrel" };
        for (name, first, second, words, expected) in [
            ("nobody is named", first(), second(), "we have joined", true),
            ("the first is", first(), second(), "the quill foundation blog says", true),
            ("the second is", first(), second(), "we at kestrel have joined", false),
            ("a longer name is", first(), second(), "kestrels have joined", true),
            ("it is no word of its own", first(), named(), "we have joined", false),
        ] {
            assert_eq!(is_copied_word(&first, &second, words), expected, "{name}");
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
            assert_eq!(
                reconcile(&[known], &[found], at(1), &Aliases::default(), |_| false)[0].kind,
                expected,
                "{name}"
            );
        }
    }
}
