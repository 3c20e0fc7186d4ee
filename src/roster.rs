//! Rosters and histories: what the ledger was told, folded into who is where, and since when.
//!
//! Pure. A word holds until another one ends it; that it still holds is then assumed, and said so.
//! Knows neither the store nor how a roster is printed.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};

use crate::detect::Names;
use crate::model::{Fact, FactId, Kind, Polarity, Sighting, fold, fold_name};

/// A post is published a little ahead of our clock, or in another zone; more is a mistake.
const AHEAD_MAX: Duration = Duration::days(2);
/// No feed is older than the web: an earlier date is a clock that was never set.
const FIRST_YEAR: i32 = 1991;

/// A fact of the ledger with its first source.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its row.
    pub id: FactId,
    /// What it says.
    pub fact: Fact,
    /// When it was first seen.
    pub first_seen: DateTime<Utc>,
    /// What it corrects: that counts no more.
    pub amends: Option<FactId>,
    /// Who told it first.
    pub source: Option<Sighting>,
}

/// What a date is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The announcement says since when.
    Effective,
    /// The day on which it was published.
    Published,
    /// The day on which we first saw it: it bears no date that can be believed.
    Seen,
}

impl Basis {
    /// The word used in JSON and CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Basis::Effective => "effective",
            Basis::Published => "published",
            Basis::Seen => "seen",
        }
    }
}

/// A day or a month, and where it is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// The day; of a month the first.
    pub date: NaiveDate,
    /// As it is known: `YYYY-MM-DD` or `YYYY-MM`.
    pub text: String,
    /// Where it is taken from.
    pub basis: Basis,
}

impl Told {
    /// The day from which it counts: its date of effect, else that of its first source, else when
    /// it was first seen.
    pub fn when(&self) -> When {
        if let Some((date, text)) = self.fact.effective.as_deref().and_then(day_or_month) {
            return When { date, text, basis: Basis::Effective };
        }
        let published = self.source.as_ref().and_then(|s| s.published);
        let credible =
            |at: &DateTime<Utc>| at.year() >= FIRST_YEAR && *at <= self.first_seen + AHEAD_MAX;
        let (at, basis) = match published.filter(credible) {
            Some(at) => (at, Basis::Published),
            None => (self.first_seen, Basis::Seen),
        };
        When { date: at.date_naive(), text: at.format("%Y-%m-%d").to_string(), basis }
    }
}

fn day_or_month(text: &str) -> Option<(NaiveDate, String)> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .or_else(|_| NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d"));
    date.ok().map(|date| (date, text.to_owned()))
}

/// How a stay ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// When.
    pub when: When,
    /// The fact that says so.
    pub fact: FactId,
    /// Where nobody said that it ended: who holds the post now that one person holds at a time.
    pub successor: Option<String>,
}

/// The time for which a subject is in one place: a member of a body, a person in a post, a project
/// in a foundation.
#[derive(Clone, Debug, PartialEq)]
pub struct Stay {
    /// Of what kind it is.
    pub kind: Kind,
    /// The organisation, person or project, by the first word of it.
    pub subject: String,
    /// The body, by the name that stands for all its names.
    pub body: String,
    /// The tier or level that was told last.
    pub tier: Option<String>,
    /// The unit of a post.
    pub unit: Option<String>,
    /// The role of a post; `None` and "member" are a plain seat.
    pub role: Option<String>,
    /// The employer of a person.
    pub affiliation: Option<String>,
    /// Since when; `None` where the first word is of one who was there before.
    pub since: Option<When>,
    /// The last word that it is so.
    pub last_word: When,
    /// Its end, where there is one.
    pub until: Option<End>,
    /// The facts that it is made of, the first one first.
    pub facts: Vec<FactId>,
    /// The proof of the first of them.
    pub quote: String,
    /// The first source of the first of them.
    pub source: Option<Sighting>,
    key: Key,
}

impl Stay {
    /// Whether this is a seat without a title.
    pub fn is_plain(&self) -> bool {
        self.key.role.is_empty()
    }
}

/// Who, where, as what: folded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    kind: Kind,
    subject: String,
    body: String,
    unit: String,
    role: String,
}

impl Key {
    fn same_subject(&self, other: &Key) -> bool {
        self.kind == other.kind && self.subject == other.subject && self.body == other.body
    }

    /// Whether two words of one subject speak of one place. A title is the same with its unit and
    /// without; a seat without a title is another place than a title without a seat.
    fn same_place(&self, other: &Key) -> bool {
        let units = self.unit == other.unit
            || (!self.role.is_empty() && (self.unit.is_empty() || other.unit.is_empty()));
        self.same_subject(other) && self.role == other.role && units
    }

    /// Whether leaving this place is leaving the other: who leaves a board is its chair no more, who
    /// leaves without a word of what has left everything.
    fn takes_along(&self, held: &Key) -> bool {
        let unit = self.unit.is_empty() || self.unit == held.unit;
        let role = self.role.is_empty() || self.role == held.role;
        let titled = !self.role.is_empty() && held.unit.is_empty();
        self.same_subject(held) && role && (unit || titled)
    }
}

/// How sure it is that a stay holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A word of that day or a later one says so.
    Known,
    /// Nobody said anything since its last word.
    Assumed,
}

impl Standing {
    /// The word used in JSON and CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Known => "known",
            Standing::Assumed => "assumed",
        }
    }
}

/// Who is where in a body on a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Roster {
    /// The body's name.
    pub body: String,
    /// The day.
    pub at: NaiveDate,
    /// Its members by tier.
    pub members: Vec<(Stay, Standing)>,
    /// Seats and offices by unit: first those of the body as a whole, titles before plain seats.
    pub posts: Vec<(Stay, Standing)>,
    /// The projects in its care.
    pub projects: Vec<(Stay, Standing)>,
    /// Who was there before, the last to go first.
    pub former: Vec<Stay>,
    /// What was told by that day and takes effect later, the next one first.
    pub to_come: Vec<Told>,
}

/// The roster of a body on a day. `told` are the facts of that body.
pub fn roster(body: &str, told: &[Told], at: NaiveDate, names: &Names) -> Roster {
    let (before, later): (Vec<Told>, Vec<Told>) =
        standing_facts(told).into_iter().cloned().partition(|t| t.when().date <= at);
    let boards = main_boards(told, names);
    let later_keys: Vec<(Key, bool)> =
        later.iter().map(|t| (key(t, names, &boards), opens(&t.fact))).collect();
    let mut roster = Roster {
        body: names.body(body).to_owned(),
        at,
        members: Vec::new(),
        posts: Vec::new(),
        projects: Vec::new(),
        former: Vec::new(),
        to_come: later.into_iter().filter(|t| t.first_seen.date_naive() <= at).collect(),
    };
    for stay in fold_all(&before, names, &boards) {
        if stay.until.is_some() {
            roster.former.push(stay);
            continue;
        }
        let affirmed = later_keys.iter().any(|(later, opens)| {
            !opens && (later.same_place(&stay.key) || later.takes_along(&stay.key))
        });
        let known = stay.last_word.date == at || affirmed;
        let entry = (stay, if known { Standing::Known } else { Standing::Assumed });
        match entry.0.kind {
            Kind::Membership => roster.members.push(entry),
            Kind::Appointment => roster.posts.push(entry),
            Kind::Hosting => roster.projects.push(entry),
        }
    }
    roster.members.sort_by_key(|(s, _)| {
        (names.tier_rank(s.tier.as_deref()), s.tier.as_deref().map(fold), fold(&s.subject))
    });
    roster.projects.sort_by_key(|(s, _)| (s.tier.clone(), fold(&s.subject)));
    roster.posts.sort_by_key(|(s, _)| {
        let main = s.unit.as_deref().map(|unit| !names.is_main_board(unit));
        (main, s.unit.clone(), s.is_plain(), s.role.clone(), fold(&s.subject))
    });
    roster.former.sort_by_key(|s| std::cmp::Reverse(s.until.as_ref().map(|end| end.when.date)));
    roster.to_come.sort_by_key(|t| t.when().date);
    roster
}

/// Every stay that the facts tell of by a day, the oldest first.
pub fn stays(told: &[Told], at: NaiveDate, names: &Names) -> Vec<Stay> {
    let before: Vec<Told> =
        standing_facts(told).into_iter().filter(|t| t.when().date <= at).cloned().collect();
    fold_all(&before, names, &main_boards(told, names))
}

/// The facts in the order in which they count, those left out that were corrected.
pub fn history(told: &[Told]) -> Vec<&Told> {
    standing_facts(told)
}

fn standing_facts(told: &[Told]) -> Vec<&Told> {
    let corrected: HashSet<FactId> = told.iter().filter_map(|t| t.amends).collect();
    let mut facts: Vec<&Told> = told.iter().filter(|t| !corrected.contains(&t.id)).collect();
    // On one day, who goes makes room for who comes: a term that ends and begins again goes on.
    facts.sort_by_key(|t| (t.when().date, t.fact.polarity() == Polarity::In, t.id));
    facts
}

/// Whether a fact begins a stay; the others speak of one that was there before.
fn opens(fact: &Fact) -> bool {
    matches!(fact.action(), "joined" | "appointed" | "elected")
}

/// For each body the one board that is "the Board": none where several are named.
fn main_boards(told: &[Told], names: &Names) -> HashMap<String, String> {
    let mut named: HashMap<String, BTreeSet<String>> = HashMap::new();
    for t in told {
        let Some(unit) = t.fact.unit().filter(|u| fold(u) != "board") else { continue };
        if names.is_main_board(names.unit(unit)) {
            let body = fold_name(names.body(&t.fact.body));
            named.entry(body).or_default().insert(names.unit(unit).to_owned());
        }
    }
    let only = |(body, units): (String, BTreeSet<String>)| {
        (units.len() == 1).then(|| units.into_iter().next().map(|unit| (body, unit))).flatten()
    };
    named.into_iter().filter_map(only).collect()
}

fn unit_name(t: &Told, names: &Names, boards: &HashMap<String, String>) -> Option<String> {
    let unit = t.fact.unit()?;
    if fold(unit) == "board" {
        let body = fold_name(names.body(&t.fact.body));
        return Some(boards.get(&body).cloned().unwrap_or_else(|| "Board".to_owned()));
    }
    Some(names.unit(unit).to_owned())
}

fn key(t: &Told, names: &Names, boards: &HashMap<String, String>) -> Key {
    let kind = t.fact.kind();
    let subject = match kind {
        Kind::Membership => fold_name(names.organisation(&t.fact.subject)),
        Kind::Appointment | Kind::Hosting => fold_name(&t.fact.subject),
    };
    let role = t.fact.role().map(|role| fold(names.role(role))).filter(|role| role != "member");
    Key {
        kind,
        subject,
        body: fold_name(names.body(&t.fact.body)),
        unit: unit_name(t, names, boards).map(|unit| fold(&unit)).unwrap_or_default(),
        role: role.unwrap_or_default(),
    }
}

/// The fold: one word after the other.
fn fold_all(told: &[Told], names: &Names, boards: &HashMap<String, String>) -> Vec<Stay> {
    let mut folding =
        Folding { names, boards, stays: Vec::new(), of: HashMap::new(), in_post: HashMap::new() };
    told.iter().for_each(|t| folding.take(t));
    folding.stays
}

struct Folding<'a> {
    names: &'a Names,
    boards: &'a HashMap<String, String>,
    stays: Vec<Stay>,
    /// The stays of a subject in a body.
    of: HashMap<(Kind, String, String), Vec<usize>>,
    /// The stays in a post that one person holds at a time, by body, unit and role.
    in_post: HashMap<(String, String, String), Vec<usize>>,
}

impl Folding<'_> {
    fn take(&mut self, t: &Told) {
        let key = key(t, self.names, self.boards);
        match t.fact.polarity() {
            Polarity::In => self.arrives(t, key),
            Polarity::Out => self.leaves(t, &key),
        }
    }

    fn mine(&self, key: &Key) -> Vec<usize> {
        let who = (key.kind, key.subject.clone(), key.body.clone());
        self.of.get(&who).cloned().unwrap_or_default()
    }

    fn arrives(&mut self, t: &Told, key: Key) {
        let open =
            |i: &usize| self.stays[*i].until.is_none() && self.stays[*i].key.same_place(&key);
        let Some(known) = self.mine(&key).into_iter().find(open) else {
            let since = opens(&t.fact).then(|| t.when());
            let index = self.begin(t, key, since);
            self.succeed(t, index);
            return;
        };
        let unit = unit_name(t, self.names, self.boards);
        let stay = &mut self.stays[known];
        stay.last_word = t.when();
        stay.facts.push(t.id);
        let newer = |old: &mut Option<String>, new: Option<&str>| {
            if let Some(new) = new {
                *old = Some(new.to_owned());
            }
        };
        newer(&mut stay.tier, t.fact.tier());
        newer(&mut stay.affiliation, t.fact.affiliation());
        if stay.unit.is_none() && unit.is_some() {
            stay.unit = unit;
            stay.key.unit = key.unit;
        }
    }

    fn leaves(&mut self, t: &Told, key: &Key) {
        let end = End { when: t.when(), fact: t.id, successor: None };
        let held = |i: &usize| key.takes_along(&self.stays[*i].key);
        let mine: Vec<usize> = self.mine(key).into_iter().filter(held).collect();
        let open = |i: &usize| self.stays[*i].until.is_none();
        let mut ending: Vec<usize> = mine.iter().copied().filter(open).collect();
        if ending.is_empty() {
            // What was only assumed is now told.
            let assumed = |i: &usize| {
                self.stays[*i].until.as_ref().is_some_and(|end| end.successor.is_some())
            };
            ending.extend(mine.iter().rev().copied().find(assumed));
        }
        if ending.is_empty() {
            let index = self.begin(t, key.clone(), None);
            ending.push(index);
        }
        for index in ending {
            let stay = &mut self.stays[index];
            stay.until = Some(end.clone());
            if !stay.facts.contains(&t.id) {
                stay.facts.push(t.id);
            }
        }
    }

    fn begin(&mut self, t: &Told, key: Key, since: Option<When>) -> usize {
        let index = self.stays.len();
        let who = (key.kind, key.subject.clone(), key.body.clone());
        self.of.entry(who).or_default().push(index);
        self.stays.push(Stay {
            kind: t.fact.kind(),
            subject: t.fact.subject.clone(),
            body: self.names.body(&t.fact.body).to_owned(),
            tier: t.fact.tier().map(str::to_owned),
            unit: unit_name(t, self.names, self.boards),
            role: t.fact.role().map(|role| self.names.role(role).to_owned()),
            affiliation: t.fact.affiliation().map(str::to_owned),
            since,
            last_word: t.when(),
            until: None,
            facts: vec![t.id],
            quote: t.fact.evidence.quote.clone(),
            source: t.source.clone(),
            key,
        });
        index
    }

    /// A post that one person holds at a time has passed on, though nobody may have said so.
    fn succeed(&mut self, t: &Told, index: usize) {
        let key = self.stays[index].key.clone();
        let single = self.stays[index].role.as_deref().is_some_and(|r| self.names.is_single(r));
        if key.kind != Kind::Appointment || !single {
            return;
        }
        let when = t.when();
        let holders = self.in_post.entry((key.body, key.unit, key.role)).or_default();
        for holder in std::mem::replace(holders, vec![index]) {
            let before = &mut self.stays[holder];
            if before.until.is_some() || before.key.subject == key.subject {
                continue;
            }
            if before.last_word.date < when.date {
                let successor = Some(t.fact.subject.clone());
                before.until = Some(End { when: when.clone(), fact: t.id, successor });
            } else {
                // Told on one day, they hold it together.
                holders.push(holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TextSource;
    use crate::model::{
        Appointment, AppointmentAction, Detail, Evidence, Membership, MembershipAction,
    };

    const BODY: &str = "Open Lattice Foundation";

    /// A row: "day action subject [as tier | at unit/role]".
    fn told(id: i64, row: &str) -> Told {
        let (day, rest) = row.split_once(' ').unwrap();
        let (action, rest) = rest.split_once(' ').unwrap();
        let text = |s: &str| Some(s.trim().to_owned()).filter(|s| !s.is_empty());
        let (subject, detail) = if let Some((subject, place)) = rest.split_once(" at ") {
            let (unit, role) = place.split_once('/').unwrap();
            let action = match action {
                "appointed" => AppointmentAction::Appointed,
                "elected" => AppointmentAction::Elected,
                "reelected" => AppointmentAction::Reelected,
                _ => AppointmentAction::Departed,
            };
            let (unit, role) = (text(unit), text(role));
            (subject, Detail::Appointment(Appointment { action, unit, role, affiliation: None }))
        } else {
            let (subject, tier) = rest.split_once(" as ").unwrap_or((rest, ""));
            let action = match action {
                "joined" => MembershipAction::Joined,
                "renewed" => MembershipAction::Renewed,
                "upgraded" => MembershipAction::Upgraded,
                _ => MembershipAction::Left,
            };
            (subject, Detail::Membership(Membership { action, tier: text(tier) }))
        };
        let evidence = Evidence { quote: row.into(), marks: vec![], rule: "r".into() };
        Told {
            id: FactId(id),
            fact: Fact {
                subject: subject.into(),
                body: BODY.into(),
                detail,
                effective: Some(day.into()),
                evidence,
                confidence: 0.9,
            },
            first_seen: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            amends: None,
            source: None,
        }
    }

    fn all(rows: &[&str]) -> Vec<Told> {
        rows.iter().zip(1..).map(|(row, id)| told(id, row)).collect()
    }

    fn day(text: &str) -> NaiveDate {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap()
    }

    /// One line a place: "subject, tier or unit/role, since[, known]".
    fn lines(rows: &[&str], at: &str) -> Vec<String> {
        let roster = roster(BODY, &all(rows), day(at), &Names::with(&[]));
        let line = |(stay, standing): &(Stay, Standing)| {
            let own = |part: &Option<String>| part.clone().unwrap_or_default();
            let place = match stay.kind {
                Kind::Appointment => format!("{}/{}", own(&stay.unit), own(&stay.role)),
                _ => own(&stay.tier),
            };
            let since = stay.since.as_ref().map_or("before", |w| w.text.as_str());
            let known = if *standing == Standing::Known { ", known" } else { "" };
            format!("{}, {place}, {since}{known}", stay.subject)
        };
        roster.members.iter().chain(&roster.posts).map(line).collect()
    }

    #[test]
    fn memberships_fold() {
        for (name, rows, at, expected) in [
            (
                "joins",
                &["2024-01-10 joined Quill Data as Gold"][..],
                "2026-01-01",
                &["Quill Data, Gold, 2024-01-10"][..],
            ),
            ("not yet", &["2024-01-10 joined Quill Data as Gold"], "2024-01-09", &[]),
            (
                "that day",
                &["2024-01-10 joined Quill Data as Gold"],
                "2024-01-10",
                &["Quill Data, Gold, 2024-01-10, known"],
            ),
            (
                "upgrades",
                &[
                    "2024-01-10 joined Quill Data as Gold",
                    "2025-02-01 upgraded Quill Data, Inc. as Platinum",
                ],
                "2025-03-01",
                &["Quill Data, Platinum, 2024-01-10"],
            ),
            (
                "before the upgrade",
                &[
                    "2024-01-10 joined Quill Data as Gold",
                    "2025-02-01 upgraded Quill Data as Platinum",
                ],
                "2025-01-01",
                &["Quill Data, Gold, 2024-01-10, known"],
            ),
            (
                "leaves",
                &["2024-01-10 joined Quill Data", "2025-02-01 left Quill Data"],
                "2025-03-01",
                &[],
            ),
            (
                "comes back",
                &[
                    "2024-01-10 joined Quill Data",
                    "2025-02-01 left Quill Data",
                    "2025-08 joined Quill Data as Silver",
                ],
                "2026-01-01",
                &["Quill Data, Silver, 2025-08"],
            ),
            (
                "renews, and nobody told of its joining",
                &["2025-02-01 renewed Tidewater"],
                "2026-01-01",
                &["Tidewater, , before"],
            ),
            (
                "told again",
                &["2024-01-10 joined Tidewater as Gold", "2025-01-10 joined Tidewater"],
                "2026-01-01",
                &["Tidewater, Gold, 2024-01-10"],
            ),
        ] {
            assert_eq!(lines(rows, at), expected, "{name}");
        }
    }

    #[test]
    fn posts_fold() {
        for (name, rows, at, expected) in [
            (
                "re-elected",
                &[
                    "2023-05-01 elected Priya Raman at Governing Board/member",
                    "2025-05-01 reelected Priya Raman at Board/",
                ][..],
                "2026-01-01",
                &["Priya Raman, Governing Board/member, 2023-05-01"][..],
            ),
            (
                "between two elections",
                &[
                    "2023-05-01 elected Priya Raman at Board/member",
                    "2025-05-01 reelected Priya Raman at Board/member",
                ],
                "2024-01-01",
                &["Priya Raman, Board/member, 2023-05-01, known"],
            ),
            (
                "leaves the board, and with it the chair",
                &[
                    "2023-05-01 elected Priya Raman at Board/member",
                    "2023-06-01 elected Priya Raman at Board/Chair",
                    "2024-05-01 departed Priya Raman at Board/",
                ],
                "2026-01-01",
                &[],
            ),
            (
                "gives up the chair and keeps the seat",
                &[
                    "2023-05-01 elected Priya Raman at Board/member",
                    "2023-06-01 elected Priya Raman at Board/Chair",
                    "2024-05-01 departed Priya Raman at /Chairperson",
                ],
                "2026-01-01",
                &["Priya Raman, Board/member, 2023-05-01"],
            ),
            (
                "two roles",
                &[
                    "2023-05-01 appointed Tom Okafor at /CTO",
                    "2023-05-01 appointed Tom Okafor at Technical Steering Committee/Chair",
                ],
                "2026-01-01",
                &[
                    "Tom Okafor, /Chief Technology Officer, 2023-05-01",
                    "Tom Okafor, Technical Steering Committee/Chair, 2023-05-01",
                ],
            ),
            (
                "one title with its unit and without",
                &[
                    "2023-05-01 elected Tom Okafor at /Chair",
                    "2023-05-20 elected Tom Okafor at Governing Board/Chair",
                ],
                "2026-01-01",
                &["Tom Okafor, Governing Board/Chair, 2023-05-01"],
            ),
        ] {
            assert_eq!(lines(rows, at), expected, "{name}");
        }
    }

    #[test]
    fn posts_of_one_and_of_many_fold() {
        for (name, rows, at, expected) in [
            (
                "a successor",
                &[
                    "2023-05-01 appointed Tom Okafor at /Executive Director",
                    "2024-05-01 appointed Ana Castellan at /Executive Director",
                ][..],
                "2026-01-01",
                &["Ana Castellan, /Executive Director, 2024-05-01"][..],
            ),
            (
                "many hold a seat",
                &[
                    "2023-05-01 elected Tom Okafor at Board/member",
                    "2024-05-01 elected Ana Castellan at Board/member",
                ],
                "2026-01-01",
                &[
                    "Ana Castellan, Board/member, 2024-05-01",
                    "Tom Okafor, Board/member, 2023-05-01",
                ],
            ),
            (
                "two boards, and one that may be either",
                &[
                    "2023-05-01 elected Tom Okafor at Governing Board/member",
                    "2023-05-01 elected Ana Castellan at Board of Directors/member",
                    "2023-05-01 elected Li Wei at Board/member",
                ],
                "2026-01-01",
                &[
                    "Li Wei, Board/member, 2023-05-01",
                    "Ana Castellan, Board of Directors/member, 2023-05-01",
                    "Tom Okafor, Governing Board/member, 2023-05-01",
                ],
            ),
            (
                "leaves, and nobody told of the coming",
                &["2023-05-01 departed Tom Okafor at Board/member"],
                "2026-01-01",
                &[],
            ),
        ] {
            assert_eq!(lines(rows, at), expected, "{name}");
        }
    }

    #[test]
    fn an_end_that_is_assumed_says_by_whom_and_gives_way_to_one_that_is_told() {
        let names = Names::with(&[]);
        let mut rows = vec![
            "2023-05-01 appointed Tom Okafor at /CEO",
            "2024-05-01 appointed Ana Castellan at /Chief Executive Officer",
        ];
        let ended = |rows: &[&str]| {
            let found = stays(&all(rows), day("2026-01-01"), &names);
            found[0].until.clone().map(|end| (end.when.text, end.successor))
        };
        assert_eq!(ended(&rows), Some(("2024-05-01".into(), Some("Ana Castellan".into()))));
        rows.push("2024-06-30 departed Tom Okafor at /CEO");
        assert_eq!(ended(&rows), Some(("2024-06-30".into(), None)));
    }

    #[test]
    fn what_takes_effect_later_is_to_come_and_what_was_corrected_counts_no_more() {
        let mut facts = all(&[
            "2023-12-01 joined Quill Data as Gold",
            "2023-12-01 joined Quill Data as Silver",
            "2024-03 joined Tidewater",
        ]);
        facts[1].amends = Some(FactId(1));
        let roster = roster(BODY, &facts, day("2024-01-01"), &Names::with(&[]));
        assert_eq!(roster.members[0].0.tier.as_deref(), Some("Silver"));
        assert_eq!((roster.members.len(), roster.to_come.len()), (1, 1));
        assert_eq!(roster.to_come[0].fact.subject, "Tidewater");
    }

    #[test]
    fn a_date_is_that_of_effect_else_of_publication_else_of_first_sight() {
        let seen = DateTime::from_timestamp(1_700_000_000, 0).unwrap(); // 2023-11-14
        let published = |days: i64| Some(seen + Duration::days(days));
        for (effective, published, text, basis) in [
            (Some("2024-01"), published(-3), "2024-01", Basis::Effective),
            (Some("soon"), published(-3), "2023-11-11", Basis::Published),
            (None, published(-3), "2023-11-11", Basis::Published),
            (None, published(30), "2023-11-14", Basis::Seen),
            (None, DateTime::from_timestamp(0, 0), "2023-11-14", Basis::Seen),
            (None, None, "2023-11-14", Basis::Seen),
        ] {
            let mut row = told(1, "2024-01-10 joined Quill Data");
            row.fact.effective = effective.map(str::to_owned);
            row.source = Some(Sighting {
                feed: "f".into(),
                publisher: "P".into(),
                title: "T".into(),
                link: None,
                published,
                seen,
                detail: None,
                effective: None,
                text: TextSource::Feed,
            });
            let when = row.when();
            assert_eq!((when.text.as_str(), when.basis), (text, basis));
        }
    }
}
