//! From changes to a digest: which, in what order, in which words.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, Duration, Months, Utc};
use chrono_tz::Tz;

use super::selection::Selection;
use crate::model::{
    Appointment, AppointmentAction, Change, ChangeKind, Detail, Digest, DigestItem, DigestSection,
    Fact, HostingAction, Kind, Late, MembershipAction, Occasion, Period, Polarity, Sighting,
    SourceLink, TextSource, fold, fold_name,
};

/// Facts below this confidence are shown as unconfirmed.
pub const CONFIRMED: f64 = 0.65;

/// A quotation is cut to about this many characters around its marked words.
const QUOTE_CHARS_MAX: usize = 280;
/// A subject line is no longer, in characters.
const SUBJECT_CHARS_MAX: usize = 120;
/// No more names stand in it.
const SUBJECT_NAMES_MAX: usize = 3;
/// Sources named under an item; the rest is counted.
const SOURCES_MAX: usize = 4;

/// What a digest says beside its changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Feeds read in the period.
    pub feeds_read: usize,
    /// Feeds that fail now.
    pub feeds_failing: usize,
    /// That the digest goes out later than its schedule asked.
    pub late: Option<Late>,
    /// Changes of the period that were told at once.
    pub told_at_once: u32,
    /// The machine that sends it.
    pub host: String,
    /// The address that ends the subscription: `https:` or `mailto:`.
    pub stop: String,
    /// The reader's clock.
    pub timezone: Tz,
}

/// The period from one run to the next, with the reader's days.
pub fn period(from: DateTime<Utc>, until: DateTime<Utc>, timezone: Tz) -> Period {
    let day = |at: DateTime<Utc>| at.with_timezone(&timezone).date_naive();
    // A period that ends at midnight ends with the day before.
    let last_day = day((until - Duration::seconds(1)).max(from));
    Period { from, until, first_day: day(from).min(last_day), last_day }
}

/// Composes the digest of a subscription; `None` when there is nothing to say.
pub fn compose(
    changes: &[Change],
    selection: &Selection,
    period: Period,
    context: &Context,
) -> Option<Digest> {
    let wanted: Vec<&Change> = changes.iter().filter(|c| selection.takes(c)).collect();
    let digest = of_changes(&wanted, selection, Occasion::Scheduled, period, context)?;
    Some(Digest { told_at_once: context.told_at_once, ..digest })
}

/// Composes what is told at once of watched names; `None` when there is nothing. What is not
/// confirmed waits for the digest: nobody is alarmed by a guess.
pub fn compose_watched(
    changes: &[Change],
    selection: &Selection,
    period: Period,
    context: &Context,
) -> Option<Digest> {
    let alarming =
        |c: &&Change| selection.takes(c) && selection.watches(c) && c.fact.confidence >= CONFIRMED;
    let wanted: Vec<&Change> = changes.iter().filter(alarming).collect();
    let digest = of_changes(&wanted, selection, Occasion::Watch, period, context)?;
    let label = format!("watch-{}", digest.period.last_day);
    let subject = match &digest.watched[..] {
        [only] if digest.corrections.is_empty() => {
            only.headline.iter().map(|(text, _)| text.as_str()).collect()
        }
        _ => digest.subject,
    };
    Some(Digest { label, subject: crate::model::one_line(&subject, SUBJECT_CHARS_MAX), ..digest })
}

fn of_changes(
    wanted: &[&Change],
    selection: &Selection,
    occasion: Occasion,
    period: Period,
    context: &Context,
) -> Option<Digest> {
    if wanted.is_empty() {
        return None;
    }
    let (corrected, news): (Vec<&Change>, Vec<&Change>) =
        wanted.iter().partition(|c| c.kind == ChangeKind::Amended);
    let (sure, unsure): (Vec<&Change>, Vec<&Change>) =
        news.into_iter().partition(|c| c.fact.confidence >= CONFIRMED);
    let arrivals: Vec<&Change> = sure.iter().copied().filter(|c| selection.watches(c)).collect();
    // Whoever a watched person succeeds is told of in the same line.
    let makes_room = |gone: &Change| arrivals.iter().any(|a| succeeds(&a.fact, &gone.fact));
    let (watched, others): (Vec<&Change>, Vec<&Change>) =
        sure.iter().partition(|c| selection.watches(c) || makes_room(c));
    let counts = counts(&sure, unsure.len(), corrected.len());
    let leading: Vec<&Change> =
        watched.iter().chain(&leading(&others)).chain(&unsure).chain(&corrected).copied().collect();
    let mut change_ids: Vec<i64> =
        wanted.iter().flat_map(|c| c.earlier.iter().copied().chain([c.id])).collect();
    change_ids.sort_unstable();
    Some(Digest {
        subscription: one_line(&selection.name),
        label: label(&period),
        subject: subject(&counts, &leading),
        counts,
        occasion,
        watched: items(&watched, context, Manner::Watched),
        sections: sections(&others, context),
        unconfirmed: items(&unsure, context, Manner::Unconfirmed),
        corrections: items(&corrected, context, Manner::Correction),
        late: context.late.map(|late| lateness(late, context.timezone)),
        told_at_once: 0,
        change_ids,
        corrected: corrected.iter().map(|c| c.id).collect(),
        feeds_read: context.feeds_read,
        feeds_failing: context.feeds_failing,
        health: Vec::new(),
        period,
    })
}

/// A digest that holds nothing but the health of the feeds, for the operator.
pub fn compose_health(
    subscription: &str,
    health: &[String],
    period: Period,
    context: &Context,
) -> Digest {
    let many = if health.len() == 1 { "1 feed needs" } else { "some feeds need" };
    let counts = format!("Feed health: {many} a look");
    Digest {
        subscription: one_line(subscription),
        label: label(&period),
        subject: counts.clone(),
        counts,
        occasion: Occasion::Scheduled,
        watched: Vec::new(),
        sections: Vec::new(),
        unconfirmed: Vec::new(),
        corrections: Vec::new(),
        late: None,
        told_at_once: 0,
        change_ids: Vec::new(),
        corrected: Vec::new(),
        feeds_read: context.feeds_read,
        feeds_failing: context.feeds_failing,
        health: health.iter().map(|l| one_line(l)).collect(),
        period,
    }
}

/// Whether readers who were told nothing since `spoke` are to hear that all is quiet: from the same day
/// of the next month on.
pub fn is_quiet_for_long(spoke: DateTime<Utc>, now: DateTime<Utc>, timezone: Tz) -> bool {
    let day = |at: DateTime<Utc>| at.with_timezone(&timezone).date_naive();
    day(spoke).checked_add_months(Months::new(1)).is_some_and(|month| month <= day(now))
}

/// A digest that says that there was nothing to say.
pub fn compose_quiet(subscription: &str, period: Period, context: &Context) -> Digest {
    let since = period.first_day.format("%-d %B");
    Digest {
        label: format!("quiet-{}", period.last_day),
        subject: format!("All quiet: nothing new since {since}"),
        counts: "All quiet".to_owned(),
        occasion: Occasion::Quiet,
        late: context.late.map(|late| lateness(late, context.timezone)),
        ..compose_health(subscription, &[], period, context)
    }
}

/// That a digest is late, in words.
fn lateness(late: Late, timezone: Tz) -> String {
    if late.unsent {
        let since = late.due.with_timezone(&timezone).format("%-d %B %Y");
        return format!(
            "This digest catches up: what was told since {since} could not be mailed before, and stands here with what is new."
        );
    }
    let due = late.due.with_timezone(&timezone).format("%-d %B %Y at %H:%M");
    let more = match late.times {
        0 | 1 => String::new(),
        times => format!(" It stands for {times} digests."),
    };
    format!("This digest is late: it was due on {due}, and gazetted was not running then.{more}")
}

/// One day by its date, a week by its ISO week, anything else by its last day.
fn label(period: &Period) -> String {
    let days = (period.last_day - period.first_day).num_days();
    if (5..=8).contains(&days) {
        let week = period.last_day.iso_week();
        return format!("{}-W{:02}", week.year(), week.week());
    }
    period.last_day.to_string()
}

/// "4 joined, 1 left, 1 correction".
fn counts(changes: &[&Change], unconfirmed: usize, corrections: usize) -> String {
    let count = |test: &dyn Fn(&Fact) -> bool| changes.iter().filter(|c| test(&c.fact)).count();
    let membership = |fact: &Fact, wanted: &[MembershipAction]| matches!(&fact.detail, Detail::Membership(m) if wanted.contains(&m.action));
    let seat = |fact: &Fact, out: bool| {
        fact.kind() == Kind::Appointment && (fact.polarity() == Polarity::Out) == out
    };
    let joined = count(&|f| membership(f, &[MembershipAction::Joined]));
    let renewed = count(&|f| membership(f, &[MembershipAction::Renewed]));
    let moved =
        count(&|f| membership(f, &[MembershipAction::Upgraded, MembershipAction::Downgraded]));
    let left = count(&|f| membership(f, &[MembershipAction::Left]));
    let appointed = count(&|f| seat(f, false));
    let departed = count(&|f| seat(f, true));
    let hosted = count(&|f| f.kind() == Kind::Hosting);
    let plural =
        |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    [
        (joined, plural(joined, "joined", "joined")),
        (renewed, plural(renewed, "renewed", "renewed")),
        (moved, plural(moved, "changed tier", "changed tier")),
        (left, plural(left, "left", "left")),
        (appointed, plural(appointed, "appointment", "appointments")),
        (departed, plural(departed, "departure", "departures")),
        (hosted, plural(hosted, "project", "projects")),
        (unconfirmed, format!("{unconfirmed} unconfirmed")),
        (corrections, plural(corrections, "correction", "corrections")),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(_, text)| text)
    .collect::<Vec<_>>()
    .join(", ")
}

/// Those whose names lead: the first of the memberships and the first of the appointments, then all.
fn leading<'a>(changes: &[&'a Change]) -> Vec<&'a Change> {
    let order = |c: &&Change| (c.fact.kind(), c.fact.polarity());
    let mut sorted = changes.to_vec();
    sorted.sort_by_key(order);
    let firsts = [Kind::Membership, Kind::Appointment]
        .iter()
        .filter_map(|k| sorted.iter().find(|c| c.fact.kind() == *k).copied());
    firsts.chain(sorted.iter().copied()).collect()
}

/// "4 joined, 1 left: Meridian Cloud, Ana Castellan and others".
fn subject(counts: &str, changes: &[&Change]) -> String {
    let mut names: Vec<String> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for change in changes {
        let name = one_line(&change.fact.subject);
        let folded = fold_name(&name);
        if !seen.contains(&folded) {
            names.push(name);
            seen.push(folded);
        }
        // One more than are shown says that there are others.
        if names.len() > SUBJECT_NAMES_MAX {
            break;
        }
    }
    let mut shown = names.len().min(SUBJECT_NAMES_MAX);
    loop {
        let rest = if shown < names.len() { " and others" } else { "" };
        let line = format!("{counts}: {}{rest}", names[..shown].join(", "));
        if line.chars().count() <= SUBJECT_CHARS_MAX || shown == 0 {
            return if shown == 0 { counts.to_owned() } else { line };
        }
        shown -= 1;
    }
}

fn sections(changes: &[&Change], context: &Context) -> Vec<DigestSection> {
    let mut bodies: Vec<(String, Vec<&Change>)> = Vec::new();
    for change in changes {
        let key = fold_name(&change.fact.body);
        match bodies.iter_mut().find(|(k, _)| *k == key) {
            Some((_, list)) => list.push(change),
            None => bodies.push((key, vec![change])),
        }
    }
    bodies.sort_by(|a, b| a.0.cmp(&b.0));
    bodies
        .into_iter()
        .map(|(_, list)| DigestSection {
            body: one_line(&list[0].fact.body),
            fact_count: list.len(),
            items: items(&list, context, Manner::News),
        })
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    News,
    Watched,
    Unconfirmed,
    Correction,
}

/// The items of some changes: those that one sentence tells alike stand together, and so do both
/// sides of a succession.
fn items(changes: &[&Change], context: &Context, manner: Manner) -> Vec<DigestItem> {
    let mut sorted = changes.to_vec();
    sorted.sort_by_key(|c| (c.fact.kind(), c.fact.polarity(), c.id));
    let mut groups: Vec<Vec<&Change>> = Vec::new();
    let mut successions: Vec<Option<&Change>> = Vec::new();
    // Only changes in one body stand together: a digest of thousands looks at those, not at all.
    let mut of_body: HashMap<String, Vec<usize>> = HashMap::new();
    for change in sorted {
        let near = of_body.entry(fold_name(&change.fact.body)).or_default();
        let together = near.iter().copied().find(|at| {
            manner != Manner::Correction && groups[*at].iter().all(|c| alike(c, change))
        });
        if let Some(at) = together {
            groups[at].push(change);
            continue;
        }
        if change.fact.polarity() == Polarity::Out
            && matches!(manner, Manner::News | Manner::Watched)
        {
            let successor = near.iter().copied().find(|at| {
                successions[*at].is_none()
                    && groups[*at].len() == 1
                    && succeeds(&groups[*at][0].fact, &change.fact)
            });
            if let Some(at) = successor {
                successions[at] = Some(change);
                continue;
            }
        }
        near.push(groups.len());
        groups.push(vec![change]);
        successions.push(None);
    }
    groups
        .iter()
        .zip(&successions)
        .map(|(group, gone)| item(group, *gone, context, manner))
        .collect()
}

/// Changes that one line can tell: same action and slots, from the same sources, in one sentence or
/// list.
fn alike(one: &Change, other: &Change) -> bool {
    let (a, b) = (&one.fact, &other.fact);
    fn seat(detail: &Detail) -> Option<(AppointmentAction, Option<&String>, Option<&String>)> {
        match detail {
            Detail::Appointment(x) => Some((x.action, x.unit.as_ref(), x.role.as_ref())),
            _ => None,
        }
    }
    let same_slots = match (&a.detail, &b.detail) {
        (Detail::Appointment(_), Detail::Appointment(_)) => seat(&a.detail) == seat(&b.detail),
        _ => a.detail == b.detail,
    };
    // Of a list each has the words up to itself.
    let (p, q) = (&a.evidence.quote, &b.evidence.quote);
    fn places(change: &Change) -> impl Iterator<Item = (&str, Option<&str>)> {
        change.sources.iter().map(|s| (s.feed.as_str(), s.link.as_deref()))
    }
    let before = |change: &Change| change.before.as_ref().map(|was| as_before(was, &change.fact));
    // What costs little is asked first.
    same_slots
        && before(one) == before(other)
        && a.effective == b.effective
        && places(one).eq(places(other))
        && (p.starts_with(q.as_str()) || q.starts_with(p.as_str()) || is_bare(a) || is_bare(b))
        && fold_name(&a.body) == fold_name(&b.body)
}

/// Whether a fact is proved by a name under a heading that says what it is: the words around it are
/// those of its neighbours.
fn is_bare(fact: &Fact) -> bool {
    fold(&fact.evidence.quote) == fold(&fact.subject)
}

/// Somebody comes into the position that somebody else leaves.
fn succeeds(arrival: &Fact, departure: &Fact) -> bool {
    let (Detail::Appointment(a), Detail::Appointment(b)) = (&arrival.detail, &departure.detail)
    else {
        return false;
    };
    let position = |x: &Appointment| (x.unit.as_deref().map(fold), x.role.as_deref().map(fold));
    let titled = a.role.as_deref().is_some_and(|r| r != "member");
    arrival.polarity() == Polarity::In
        && titled
        && position(a) == position(b)
        && fold_name(&arrival.body) == fold_name(&departure.body)
}

fn item(
    group: &[&Change],
    succession: Option<&Change>,
    context: &Context,
    manner: Manner,
) -> DigestItem {
    let first = group[0];
    let mut headline: Vec<(String, bool)> = Vec::new();
    for (i, change) in group.iter().enumerate() {
        if i > 0 {
            headline.push((if i + 1 == group.len() { " and ".into() } else { ", ".into() }, false));
        }
        headline.push((one_line(&change.fact.subject), true));
        if let Some(affiliation) = change.fact.affiliation() {
            headline.push((format!(" ({})", one_line(affiliation)), false));
        }
    }
    headline.extend(predicate(&first.fact, group.len(), manner));
    if let Some(gone) = succession {
        headline.push(("; succeeds ".into(), false));
        headline.push((one_line(&gone.fact.subject), true));
    }
    if let (Manner::Correction, Some(before)) = (manner, &first.before) {
        headline.push((format!("; reported before as {}", as_before(before, &first.fact)), false));
    }
    if manner != Manner::News {
        headline.push((format!(" · {}", one_line(&first.fact.body)), false));
    }
    DigestItem {
        headline,
        quote: quote(group),
        sources: sources(&first.fact, &first.sources, context.timezone),
        effective: first.fact.effective.clone(),
        confidence: first.fact.confidence,
    }
}

/// What a fact was told as, by the first of its parts that is another now.
fn as_before(before: &Fact, now: &Fact) -> String {
    let position = |fact: &Fact| match &fact.detail {
        Detail::Appointment(a) => {
            let parts = [a.role.as_deref(), a.unit.as_deref()];
            Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
        }
        _ => fact.tier().map(str::to_owned),
    };
    let parts = |fact: &Fact| {
        [
            Some(fact.subject.clone()),
            position(fact),
            Some(fact.body.clone()),
            fact.affiliation().map(str::to_owned),
            fact.effective.clone(),
        ]
    };
    let differs = |(was, is): (Option<String>, Option<String>)| {
        was.filter(|was| !was.is_empty() && fold(was) != fold(is.as_deref().unwrap_or_default()))
    };
    let first = parts(before).into_iter().zip(parts(now)).find_map(differs);
    first.map_or_else(|| "something else".to_owned(), |was| one_line(&was))
}

/// "joined as Platinum member", as runs.
fn predicate(fact: &Fact, subjects: usize, manner: Manner) -> Vec<(String, bool)> {
    let may = if manner == Manner::Unconfirmed { " may have" } else { "" };
    let plain = |text: &str| (text.to_owned(), false);
    match &fact.detail {
        Detail::Membership(m) => {
            let verb = match m.action {
                MembershipAction::Joined => "joined",
                MembershipAction::Renewed => "renewed",
                MembershipAction::Upgraded => "moved up",
                MembershipAction::Downgraded => "moved down",
                MembershipAction::Left => "left",
            };
            match (&m.tier, m.action) {
                (Some(tier), MembershipAction::Joined | MembershipAction::Renewed) => {
                    vec![
                        plain(&format!("{may} {verb} as ")),
                        (one_line(tier), true),
                        plain(if subjects > 1 { " members" } else { " member" }),
                    ]
                }
                (Some(tier), MembershipAction::Left) => {
                    vec![plain(&format!("{may} {verb} (was ")), (one_line(tier), false), plain(")")]
                }
                (Some(tier), _) => {
                    vec![plain(&format!("{may} {verb} to ")), (one_line(tier), true)]
                }
                (None, _) => vec![plain(&format!("{may} {verb}"))],
            }
        }
        Detail::Appointment(a) => appointment(a, may),
        Detail::Hosting(h) => {
            let verb = match h.action {
                HostingAction::Joined => "became a project",
                HostingAction::Advanced => "advanced",
                HostingAction::Left => "left as a project",
            };
            let level =
                h.level.as_deref().map(|l| format!(" ({})", one_line(l))).unwrap_or_default();
            vec![plain(&format!("{may} {verb}{level}"))]
        }
    }
}

fn appointment(a: &Appointment, may: &str) -> Vec<(String, bool)> {
    let verb = match a.action {
        AppointmentAction::Appointed => "appointed",
        AppointmentAction::Elected => "elected",
        AppointmentAction::Reelected => "re-elected",
        AppointmentAction::Departed => "leaves",
    };
    let may = if may.is_empty() || a.action == AppointmentAction::Departed {
        may.to_owned()
    } else {
        " may have been".to_owned()
    };
    let verb =
        if may.is_empty() || a.action != AppointmentAction::Departed { verb } else { "left" };
    let role = a.role.as_deref().map(one_line).filter(|r| fold(r) != "member");
    let unit = a.unit.as_deref().map(one_line);
    let mut runs = vec![(format!("{may} {verb} "), false)];
    match (role, unit, a.action) {
        (Some(role), Some(unit), AppointmentAction::Departed) => {
            runs.extend([("as ".into(), false), (role, true), (format!(", {unit}"), false)])
        }
        (Some(role), None, AppointmentAction::Departed) => {
            runs.extend([("as ".into(), false), (role, true)])
        }
        (Some(role), Some(unit), _) => runs.extend([(role, true), (format!(", {unit}"), false)]),
        (Some(role), None, _) => runs.push((role, true)),
        (None, Some(unit), AppointmentAction::Departed) => {
            runs.extend([("the ".into(), false), (unit, true)])
        }
        (None, Some(unit), _) => runs.extend([("to the ".into(), false), (unit, true)]),
        (None, None, AppointmentAction::Departed) => runs = vec![(format!("{may} {verb}"), false)],
        (None, None, _) => {
            runs = vec![(format!("{may} joined the team").replace("been joined", "joined"), false)]
        }
    }
    runs
}

/// The evidence of facts that are told together, cut around its marked words. Of a list each has the
/// words up to itself: the longest has those of all.
fn quote(group: &[&Change]) -> Vec<(String, bool)> {
    let evidence = || group.iter().map(|change| &change.fact.evidence);
    let text = evidence().map(|e| e.quote.as_str()).max_by_key(|q| q.len()).unwrap_or_default();
    let mut marks: Vec<(usize, usize)> = evidence()
        .filter(|e| text.starts_with(e.quote.as_str()))
        .filter_map(|e| e.marks.first().copied())
        .filter(|(s, e)| {
            s < e && *e <= text.len() && text.is_char_boundary(*s) && text.is_char_boundary(*e)
        })
        .collect();
    marks.sort_unstable();
    let (start, first_end) = marks.first().copied().unwrap_or((0, 0));
    let ends = marks.iter().map(|mark| mark.1).take_while(|end| end - start <= QUOTE_CHARS_MAX);
    let end = ends.max().unwrap_or(first_end);
    // What one side does not need is the other's.
    let spare = QUOTE_CHARS_MAX.saturating_sub(end - start);
    let before = start.min((spare / 2).max(spare.saturating_sub(text.len() - end)));
    let after = spare - before;
    let from = boundary_before(text, start - before, start);
    let until = boundary_after(text, (end + after).min(text.len()), end);
    let mut runs = Vec::new();
    let mut at = from;
    for (start, end) in marks.into_iter().filter(|(_, end)| *end <= until) {
        if start >= at {
            runs.extend([(spaced(&text[at..start]), false), (spaced(&text[start..end]), true)]);
            at = end;
        }
    }
    runs.push((spaced(&text[at..until]), false));
    if from > 0 {
        runs.insert(0, ("… ".to_owned(), false));
    }
    if until < text.len() {
        runs.push((" …".to_owned(), false));
    }
    // Names that stand elsewhere in the article.
    let mut more = 0;
    for name in evidence().map(|e| e.quote.as_str()).filter(|quote| !text.starts_with(quote)) {
        more += name.len();
        let cut = more > QUOTE_CHARS_MAX;
        runs.push((" … ".to_owned(), false));
        if cut {
            break;
        }
        runs.push((spaced(name), true));
    }
    runs.retain(|(text, _)| !text.is_empty());
    runs
}

/// The last word boundary at or after `at`, before `limit`.
fn boundary_before(text: &str, at: usize, limit: usize) -> usize {
    if at == 0 {
        return 0;
    }
    text.char_indices()
        .map(|(i, _)| i)
        .find(|i| *i >= at && *i <= limit && text[..*i].ends_with(' '))
        .unwrap_or(limit)
}

/// The first word boundary at or before `at`, after `limit`.
fn boundary_after(text: &str, at: usize, limit: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    text.char_indices()
        .map(|(i, _)| i)
        .rfind(|i| *i <= at && *i >= limit && text[*i..].starts_with(' '))
        .unwrap_or(limit)
}

fn sources(fact: &Fact, sightings: &[Sighting], timezone: Tz) -> Vec<SourceLink> {
    let link = |s: &Sighting| {
        let url = s.link.clone().filter(|l| {
            (l.starts_with("https://") || l.starts_with("http://"))
                && !l.contains(char::is_whitespace)
        });
        SourceLink {
            label: one_line(if s.publisher.is_empty() { &s.feed } else { &s.publisher }),
            deep_url: url.as_deref().map(|url| deep_url(url, &fact.evidence.quote)),
            url,
            says: differs(fact, s),
            // A date in the future or before feeds is no date (R14).
            day: s
                .published
                .filter(|p| *p <= s.seen && p.year() > 1990)
                .unwrap_or(s.seen)
                .with_timezone(&timezone)
                .date_naive(),
            from_page: s.text == TextSource::Page,
        }
    };
    sightings.iter().take(SOURCES_MAX).map(link).collect()
}

/// What a source says otherwise than the fact does, in the details that both give.
fn differs(fact: &Fact, sighting: &Sighting) -> Option<String> {
    let other = |mine: Option<&str>, theirs: Option<&str>| {
        let (mine, theirs) = (mine?, theirs?);
        (fold(mine) != fold(theirs)).then(|| one_line(theirs))
    };
    let theirs = sighting.detail.as_ref()?;
    let detail = match (&fact.detail, theirs) {
        (Detail::Membership(a), Detail::Membership(b)) => {
            other(a.tier.as_deref(), b.tier.as_deref()).map(|tier| format!("{tier} member"))
        }
        (Detail::Appointment(a), Detail::Appointment(b)) => {
            other(a.affiliation.as_deref(), b.affiliation.as_deref()).map(|of| format!("of {of}"))
        }
        _ => None,
    };
    let date = other(fact.effective.as_deref(), sighting.effective.as_deref())
        .map(|date| format!("effective {date}"));
    let said: Vec<String> = detail.into_iter().chain(date).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// The words at both ends of the evidence, by which a browser finds it in the page (the text
/// fragments of WICG's scroll-to-text-fragment).
fn deep_url(url: &str, quote: &str) -> String {
    const WORDS: usize = 5;
    let words: Vec<&str> = quote.split_whitespace().collect();
    if url.contains('#') || words.is_empty() {
        return url.to_owned();
    }
    let encoded = |words: &[&str]| {
        let mut out = String::new();
        for byte in words.join(" ").bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'~' => {
                    out.push(byte.into())
                }
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
        out
    };
    if words.len() <= 2 * WORDS {
        return format!("{url}#:~:text={}", encoded(&words));
    }
    let (start, end) = (encoded(&words[..WORDS]), encoded(&words[words.len() - WORDS..]));
    format!("{url}#:~:text={start},{end}")
}

/// Text from the network as one clean line (invariant 11).
fn one_line(text: &str) -> String {
    spaced(text).trim().to_owned()
}

fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        {
            continue;
        }
        let c = if c.is_control() || c.is_whitespace() { ' ' } else { c };
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::{Evidence, Membership, Subscription};

    pub fn at(day: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap() + Duration::days(day)
    }

    pub fn context() -> Context {
        Context {
            feeds_read: 142,
            feeds_failing: 1,
            late: None,
            told_at_once: 0,
            host: "host.example.org".into(),
            stop: "mailto:ops@example.org?subject=unsubscribe".into(),
            timezone: Tz::UTC,
        }
    }

    pub fn subscription() -> Subscription {
        Subscription {
            name: "Boards, weekly".into(),
            to: vec!["reader@example.org".into()],
            kinds: vec![Kind::Membership, Kind::Appointment],
            bodies: vec![],
            include_children: false,
            subjects: vec![],
            feeds: vec![],
            min_confidence: 0.5,
            watch: vec![],
            watch_immediately: false,
            all_quiet: false,
        }
    }

    pub fn change(id: i64, subject: &str, body: &str, detail: Detail, quote: &str) -> Change {
        let start = quote.find(subject).unwrap_or(0);
        let marks = vec![(start, start + subject.len().min(quote.len() - start))];
        let fact = Fact {
            subject: subject.into(),
            body: body.into(),
            detail,
            effective: None,
            evidence: Evidence { quote: quote.into(), marks, rule: "r".into() },
            confidence: 0.9,
        };
        let source = Sighting {
            feed: "blog".into(),
            publisher: format!("{body} blog"),
            title: "t".into(),
            link: Some("https://example.org/a".into()),
            text: TextSource::Feed,
            published: Some(at(0)),
            seen: at(0),
            detail: None,
            effective: None,
        };
        Change {
            id,
            kind: ChangeKind::New,
            fact,
            before: None,
            sources: vec![source],
            at: at(0),
            was: None,
            earlier: vec![],
        }
    }

    pub fn joined(id: i64, subject: &str, body: &str, tier: &str, quote: &str) -> Change {
        let detail = Detail::Membership(Membership {
            action: MembershipAction::Joined,
            tier: Some(tier.into()),
        });
        change(id, subject, body, detail, quote)
    }

    pub fn seat(
        id: i64,
        subject: &str,
        body: &str,
        action: AppointmentAction,
        unit: &str,
        role: &str,
        quote: &str,
    ) -> Change {
        let detail = Detail::Appointment(Appointment {
            action,
            unit: Some(unit.into()),
            role: Some(role.into()),
            affiliation: None,
        });
        change(id, subject, body, detail, quote)
    }

    pub fn sample() -> Vec<Change> {
        let succession = "Ana Castellan was elected Chair; she succeeds Tom Okafor.";
        vec![
            joined(
                1,
                "Meridian Cloud",
                "Open Lattice Foundation",
                "Platinum",
                "Today Meridian Cloud joins as Platinum member.",
            ),
            joined(
                2,
                "Tidewater Labs",
                "Open Lattice Foundation",
                "Silver",
                "New Silver members are Tidewater Labs and Quill Data.",
            ),
            joined(
                3,
                "Quill Data",
                "Open Lattice Foundation",
                "Silver",
                "New Silver members are Tidewater Labs and Quill Data.",
            ),
            seat(
                4,
                "Ana Castellan",
                "Harbor Foundation",
                AppointmentAction::Elected,
                "Governing Board",
                "Chair",
                succession,
            ),
            seat(
                5,
                "Tom Okafor",
                "Harbor Foundation",
                AppointmentAction::Departed,
                "Governing Board",
                "Chair",
                succession,
            ),
        ]
    }

    fn line(item: &DigestItem) -> String {
        item.headline.iter().map(|(t, _)| t.as_str()).collect()
    }

    #[test]
    fn changes_become_sections_and_lines() {
        let digest = compose(
            &sample(),
            &Selection::plain(&subscription()),
            period(at(-7), at(0), Tz::UTC),
            &context(),
        )
        .unwrap();
        assert_eq!(digest.counts, "3 joined, 1 appointment, 1 departure");
        assert_eq!(
            digest.subject,
            "3 joined, 1 appointment, 1 departure: Meridian Cloud, Ana Castellan, Tidewater Labs and others"
        );
        let lines: Vec<(String, Vec<String>)> = digest
            .sections
            .iter()
            .map(|s| (s.body.clone(), s.items.iter().map(line).collect()))
            .collect();
        assert_eq!(
            lines,
            [
                (
                    "Harbor Foundation".to_owned(),
                    vec![
                        "Ana Castellan elected Chair, Governing Board; succeeds Tom Okafor"
                            .to_owned()
                    ]
                ),
                (
                    "Open Lattice Foundation".to_owned(),
                    vec![
                        "Meridian Cloud joined as Platinum member".to_owned(),
                        "Tidewater Labs and Quill Data joined as Silver members".to_owned()
                    ]
                ),
            ]
        );
        assert_eq!(digest.change_ids, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn watched_names_stand_at_the_top_and_only_there() {
        let watch = vec!["Tidewater Labs".into(), "Ana Castellan".into()];
        let selection = Selection::plain(&Subscription { watch, ..subscription() });
        let span = || period(at(-7), at(0), Tz::UTC);
        let digest = compose(&sample(), &selection, span(), &context()).unwrap();
        let lines = |items: &[DigestItem]| items.iter().map(line).collect::<Vec<_>>();
        assert_eq!(
            lines(&digest.watched),
            [
                "Tidewater Labs joined as Silver member · Open Lattice Foundation",
                "Ana Castellan elected Chair, Governing Board; succeeds Tom Okafor · Harbor Foundation"
            ]
        );
        assert_eq!(digest.sections.len(), 1);
        assert_eq!(
            lines(&digest.sections[0].items),
            ["Meridian Cloud joined as Platinum member", "Quill Data joined as Silver member"]
        );
        assert_eq!(digest.counts, "3 joined, 1 appointment, 1 departure");
        assert!(digest.subject.contains(": Tidewater Labs, Ana Castellan"), "{}", digest.subject);
        assert_eq!(digest.change_ids, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_is_told_at_once_is_watched_and_certain() {
        let watch = vec!["Tidewater Labs".into()];
        let selection = Selection::plain(&Subscription { watch, ..subscription() });
        let alarm = |change: Change| {
            let span = period(at(-7), at(0), Tz::UTC);
            compose_watched(&[sample().remove(0), change], &selection, span, &context())
        };
        let told = sample().remove(1);
        let digest = alarm(Change { earlier: vec![1], ..told.clone() }).unwrap();
        assert_eq!(
            digest.subject,
            "Tidewater Labs joined as Silver member · Open Lattice Foundation"
        );
        assert_eq!((digest.change_ids, digest.sections.len()), (vec![1, 2], 0));
        let corrected = Change { kind: ChangeKind::Amended, ..told.clone() };
        assert_eq!(alarm(corrected).unwrap().subject, "1 correction: Tidewater Labs");
        let mut doubtful = told;
        doubtful.fact.confidence = CONFIRMED - 0.01;
        assert_eq!(alarm(doubtful), None);
    }

    #[test]
    fn nothing_to_say_is_no_digest() {
        assert_eq!(
            compose(
                &[],
                &Selection::plain(&subscription()),
                period(at(-1), at(0), Tz::UTC),
                &context()
            ),
            None
        );
    }

    #[test]
    fn a_late_digest_says_since_when_and_for_how_many() {
        let late = |times| Late { due: at(0), times, unsent: false };
        for (times, more) in [(1, ""), (4, " It stands for 4 digests.")] {
            assert_eq!(
                lateness(late(times), Tz::Asia__Tokyo),
                format!(
                    "This digest is late: it was due on 18 November 2026 at 20:06, and gazetted was not running then.{more}"
                )
            );
        }
    }

    #[test]
    fn a_month_of_quiet_ends_on_the_same_day_of_the_next_month() {
        let day = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        for (spoke, now, long) in [
            ("2026-10-26T07:00:09Z", "2026-11-26T07:00:01Z", true),
            ("2026-10-26T07:00:09Z", "2026-11-25T23:59:59Z", false),
            ("2027-01-31T07:00:00Z", "2027-02-28T07:00:00Z", true),
            ("2026-10-26T07:00:00Z", "2026-10-20T07:00:00Z", false),
        ] {
            assert_eq!(is_quiet_for_long(day(spoke), day(now), Tz::UTC), long, "{spoke} {now}");
        }
    }

    #[test]
    fn doubtful_facts_stand_apart() {
        let mut changes = sample();
        changes[0].fact.confidence = 0.55;
        let digest = compose(
            &changes,
            &Selection::plain(&subscription()),
            period(at(-1), at(0), Tz::UTC),
            &context(),
        )
        .unwrap();
        assert_eq!(
            line(&digest.unconfirmed[0]),
            "Meridian Cloud may have joined as Platinum member · Open Lattice Foundation"
        );
        assert!(digest.counts.starts_with("2 joined"));
    }

    /// As detection gives it: each member with the words of the list up to itself.
    #[test]
    fn the_members_of_a_list_stand_in_one_line_under_the_whole_list() {
        let list = "New Silver members Quill Data Tidewater Labs Fjord Compute";
        let upto = |id: i64, name: &str| {
            let end = list.find(name).unwrap() + name.len();
            joined(id, name, "Open Lattice Foundation", "Silver", &list[..end])
        };
        let mut changes =
            vec![upto(1, "Quill Data"), upto(2, "Tidewater Labs"), upto(3, "Fjord Compute")];
        let told = |changes: &[Change]| {
            let selection = Selection::plain(&subscription());
            let span = period(at(-1), at(0), Tz::UTC);
            compose(changes, &selection, span, &context()).unwrap().sections.remove(0).items
        };
        let items = told(&changes);
        assert_eq!(items.len(), 1);
        assert_eq!(
            line(&items[0]),
            "Quill Data, Tidewater Labs and Fjord Compute joined as Silver members"
        );
        let mark = |text: &str| (text.to_owned(), true);
        let between = |text: &str| (text.to_owned(), false);
        assert_eq!(
            items[0].quote,
            [
                between("New Silver members "),
                mark("Quill Data"),
                between(" "),
                mark("Tidewater Labs"),
                between(" "),
                mark("Fjord Compute")
            ]
        );
        // A list whose members are headings: each has but its own name.
        let mut headings = changes.clone();
        headings[1].fact.evidence.quote = "Tidewater Labs".into();
        headings[1].fact.evidence.marks = vec![(0, 14)];
        let items = told(&headings);
        assert_eq!((items.len(), items[0].quote.last()), (1, Some(&mark("Tidewater Labs"))));
        // Somebody else told of one of them as well: its line has its own sources.
        let wire = Sighting { feed: "wire".into(), ..changes[1].sources[0].clone() };
        changes[1].sources.push(wire);
        assert_eq!(told(&changes).len(), 2);
    }

    #[test]
    fn long_quotations_are_cut_around_their_marks() {
        let text =
            format!("{} Meridian Cloud joined {}", "before ".repeat(80), "after ".repeat(80));
        let runs = quote(&[&joined(1, "Meridian Cloud", "B", "Gold", &text)]);
        let whole: String = runs.iter().map(|(t, _)| t.as_str()).collect();
        assert!(
            whole.starts_with("… before")
                && whole.ends_with('…')
                && whole.contains("Meridian Cloud joined"),
            "{whole}"
        );
        assert!(whole.chars().count() < 320);
        assert_eq!(
            runs.iter().filter(|(_, m)| *m).map(|(t, _)| t.as_str()).collect::<String>(),
            "Meridian Cloud"
        );
    }
}
