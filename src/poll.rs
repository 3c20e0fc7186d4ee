//! One poll of one feed, decided: when it is due, which pages to fetch, what to store. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Deref;

use chrono::{DateTime, Duration, Utc};
use sha2::{Digest, Sha256};
use twox_hash::XxHash3_128;

use crate::detect::{Detected, Grammar, Names, could_matter, read};
use crate::feed::{ParseError, ParsedFeed, former_version, is_version};
use crate::fetch::{FRESH_MAX, Move, Verdict};
use crate::ledger::{can_abbreviate, short_forms};
use crate::model::{
    Alias, Article, Backfill, Entry, EntryKey, Fact, Feed, FeedKind, FeedState, FullTextPolicy,
    Kind, Outcome, PageRetry, PlannedEntry, PollPlan, Rekeyed, RequestRecord, Stranger, TextSource,
    fold, fold_name, spread,
};
use crate::schedule::{Timing, next_due};
use crate::text::plain_text;

/// A text shorter than this is a summary, in characters.
const SUMMARY_CHARS_MAX: usize = 600;

/// No excerpt is longer, in bytes of its HTML: of what is, three dots behind a whole sentence cut
/// nothing off.
const EXCERPT_HTML_BYTES_MAX: usize = 2 * 1024;

/// Where "read more" stands in a text that is cut off: so many characters before its end.
const ENDING_CHARS: usize = 40;

/// So many bytes of HTML hold the end of a plain text, of most others, and of all but very decorated ones.
const ENDING_HTML_BYTES: [usize; 4] = [384, 768, 1024, 2 * 1024];
/// So many characters are enough of it.
const ENDING_TEXT_CHARS: usize = 2 * ENDING_CHARS;

/// What WordPress puts under a text begins so.
const TRAILER: &str = "The post ";
/// "The post TITLE appeared first on SITE." is no longer, in bytes.
const TRAILER_BYTES_MAX: usize = 400;

/// Pages fetched for one poll; the newest entries come first, the others wait for the next poll.
pub const PAGES_MAX: usize = 50;

/// A page that could not be had is tried so often; then its summary has to do.
const PAGE_TRIES_MAX: u32 = 6;
/// The wait after a first failed try of a page; doubled with each further one.
const PAGE_WAIT: Duration = Duration::minutes(30);

/// Feeds that share a schedule are spread over this share of its interval (P16).
const JITTER_SHARE: i32 = 10;
/// … but over no more than this.
const JITTER_MAX: std::time::Duration = std::time::Duration::from_secs(30 * 60);

/// A feed with so many unknown entries at once may have given all of them new ids (R12) …
const REIDENTIFIED_MIN: usize = 5;

/// When a feed is to be asked next; never again when its publisher ended it. The latest of the
/// schedule (missed firings are one, P23), the floor (P7) and what the server asks for (P9 to P11).
pub fn due_at(
    timing: &Timing,
    url: &str,
    state: &FeedState,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    if state.gone {
        return None;
    }
    // A last poll in the future is a clock that was set back.
    let last = state.last_poll.filter(|at| *at <= now);
    let jitter = jitter(timing, url, now);
    let due = next_due(&timing.schedule, timing.timezone, state.last_poll, now, jitter)?;
    let floor = last.map(|at| at + floor(timing, url, state));
    let sane = |at: DateTime<Utc>| at.min(now + Duration::days(8));
    Some([floor, state.not_before.map(sane)].into_iter().flatten().fold(due, DateTime::max))
}

fn floor(timing: &Timing, url: &str, state: &FeedState) -> Duration {
    let unconditional =
        state.last_success.is_some() && state.validators == crate::model::Validators::default();
    let floor = if url.starts_with("file:") {
        std::time::Duration::ZERO
    } else if unconditional {
        timing.unconditional_interval.max(timing.min_interval)
    } else {
        timing.min_interval
    };
    Duration::from_std(floor).unwrap_or(FRESH_MAX)
}

fn jitter(timing: &Timing, url: &str, now: DateTime<Utc>) -> std::time::Duration {
    let next = |after| timing.schedule.next_after(timing.timezone, after);
    let interval = next(now).and_then(|n| Some(next(n)? - n)).unwrap_or_default();
    let window = (interval / JITTER_SHARE).to_std().unwrap_or_default().min(JITTER_MAX);
    if window.is_zero() { window } else { spread(url, window) }
}

/// What a fetched body turned out to be.
#[derive(Debug)]
pub enum Body {
    /// No body came (304, an error).
    None,
    /// The same bytes as last time.
    Same,
    /// A feed, with the hash of its bytes.
    Feed(Box<ParsedFeed>, String),
    /// Not a feed.
    Broken(ParseError),
}

/// A hash of a body, to know it again when a server gives no validators. Every body is hashed: a
/// fast hash, for who makes two bodies alike deceives nobody but his own feed.
pub fn body_hash(body: &[u8]) -> String {
    format!("{:032x}", XxHash3_128::oneshot(body))
}

/// A hash of a text that announces something. It says that two feeds tell one thing: nobody may be
/// able to make a text of his own that passes for another's.
fn fingerprint(text: &str) -> String {
    Sha256::digest(text).iter().take(16).map(|b| format!("{b:02x}")).collect()
}

/// The entries whose page is wanted, as indices into `entries`.
pub fn wanted_pages(feed: &Feed, entries: &[Entry]) -> Vec<usize> {
    let wants = |entry: &Entry| {
        let fetchable = entry.link.as_deref().is_some_and(|l| l.starts_with("http"));
        fetchable
            && match feed.full_text {
                FullTextPolicy::Never => false,
                FullTextPolicy::Always => true,
                FullTextPolicy::Auto => {
                    is_summary(entry)
                        && (feed.kind == FeedKind::Foundation
                            || could_matter(&entry.title, &entry.html))
                }
            }
    };
    (0..entries.len()).filter(|i| wants(&entries[*i])).collect()
}

/// Whether the feed gives only the beginning of the text.
fn is_summary(entry: &Entry) -> bool {
    // How long a text is that the feed calls the content does not matter, only how it ends.
    let least = if entry.has_content { ENDING_TEXT_CHARS } else { SUMMARY_CHARS_MAX };
    let text = ending(&entry.html, least);
    let said = without_trailer(&text);
    let from = said.char_indices().rev().nth(ENDING_CHARS - 1).map_or(0, |(at, _)| at);
    let end = said[from..].to_lowercase();
    let is_long = entry.has_content && entry.html.len() > EXCERPT_HTML_BYTES_MAX;
    let cut = ["…", "..."].iter().filter_map(|mark| end.strip_suffix(mark)).any(|before| {
        // Who cuts a text, cuts sentences; behind a whole one an author trails off.
        !is_long || !before.trim_end().ends_with(['.', '!', '?', '—', '–'])
    }) || ["[…]", "[...]"].iter().any(|mark| end.ends_with(mark))
        || ["read more", "continue reading"].iter().any(|p| end.contains(p));
    let is_short = || said.chars().count() < SUMMARY_CHARS_MAX;
    cut || (!entry.has_content && is_short())
}

/// The end of the text of some HTML, with so many characters or all there are: of most without reading
/// the rest, for every new entry is asked.
fn ending(html: &str, least: usize) -> String {
    let html = without_hidden_end(html);
    let of_tail = |bytes: &usize| {
        let from = html.len().checked_sub(*bytes)?;
        let tag = html.as_bytes()[from..].iter().position(|byte| *byte == b'<');
        let tail = &html[from + tag?..];
        Some(tail).filter(|tail| !hides(tail)).map(plain_text)
    };
    let last = html.len().saturating_sub(ENDING_HTML_BYTES[ENDING_HTML_BYTES.len() - 1]);
    let has_trailer = holds(&html.as_bytes()[last..], TRAILER.trim_end());
    let enough = least + if has_trailer { TRAILER_BYTES_MAX } else { 0 };
    let endings = ENDING_HTML_BYTES.iter().filter(|bytes| **bytes >= enough).filter_map(of_tail);
    let mut whole = endings.filter(|text| text.chars().count() >= enough);
    whole.next().unwrap_or_else(|| plain_text(html))
}

/// Some HTML without the scripts and styles at its end, which many sites put there.
fn without_hidden_end(html: &str) -> &str {
    let mut left = html.trim_end();
    'again: loop {
        for (open, close) in [("<script", "</script>"), ("<style", "</style>")] {
            if let Some(begins) = left.strip_suffix(close).and_then(|rest| rest.rfind(open)) {
                left = left[..begins].trim_end();
                continue 'again;
            }
        }
        return left;
    }
}

/// Whether something hidden ends here: then the text may begin inside of it.
fn hides(tail: &str) -> bool {
    let names = ["script", "style", "template", "noscript", "textarea", "title"];
    let bytes = tail.as_bytes();
    let hidden = |at: usize| {
        let named = |name: &&str| {
            let behind = bytes.get(at + 2..at + 2 + name.len());
            behind.is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
        };
        let begins = |at| bytes.get(at).is_some_and(|b| matches!(b | 0x20, b's' | b't' | b'n'));
        bytes.get(at + 1) == Some(&b'/') && begins(at + 2) && names.iter().any(named)
    };
    memchr::memchr_iter(b'<', bytes).any(hidden)
        || memchr::memchr_iter(b'>', bytes).any(|at| bytes[..at].ends_with(b"--"))
}

/// A text without the sentence that WordPress puts under texts and excerpts alike: "The post …
/// appeared first on …".
fn without_trailer(text: &str) -> &str {
    let from = (text.len() + 1).saturating_sub(TRAILER_BYTES_MAX);
    let tail = &text.as_bytes()[from..];
    // To look from the end takes longer, and few texts have one.
    if !holds(tail, TRAILER) {
        return text;
    }
    match memchr::memmem::rfind(tail, TRAILER.as_bytes()) {
        Some(at) if text[from + at..].contains(" first ") => text[..from + at].trim_end(),
        _ => text,
    }
}

fn holds(bytes: &[u8], words: &str) -> bool {
    memchr::memmem::find(bytes, words.as_bytes()).is_some()
}

/// Those of a feed's entries that are new or have another version.
pub fn fresh_entries(mut entries: Vec<Entry>, known: &HashMap<EntryKey, String>) -> Vec<Entry> {
    let is_known = |e: &Entry| known.get(&e.key).is_some_and(|version| is_version(e, version));
    entries.retain(|e| !is_known(e));
    entries
}

/// Of a feed of `all` entries those under unknown keys, by their index in `fresh`, where they are so
/// many that the feed may have given new ids to what was known: to be looked up by link and text (R12).
pub fn maybe_reidentified(
    all: usize,
    known: &HashMap<EntryKey, String>,
    fresh: &[Entry],
) -> Vec<Stranger> {
    let unknown = || fresh.iter().enumerate().filter(|(_, e)| !known.contains_key(&e.key));
    let count = unknown().count();
    let many = count >= REIDENTIFIED_MIN && count * 2 > all;
    if !many {
        return Vec::new();
    }
    let stranger = |(index, entry): (usize, &Entry)| Stranger {
        index,
        link: entry.link.clone(),
        versions: [entry.version.clone(), former_version(&entry.title, &entry.html)],
    };
    unknown().map(stranger).collect()
}

/// Takes twins of known entries out of `fresh`: they keep their history under the new key, and are
/// read again only where their text changed.
pub fn rekey(fresh: &mut Vec<Entry>, twins: Vec<(usize, EntryKey, String)>) -> Vec<Rekeyed> {
    let mut rekeyed = Vec::new();
    let mut same: HashSet<usize> = HashSet::new();
    let mut taken: HashSet<EntryKey> = HashSet::new();
    for (index, old, version) in twins {
        if !taken.insert(old.clone()) {
            continue;
        }
        rekeyed.push(Rekeyed { old, new: fresh[index].key.clone() });
        if is_version(&fresh[index], &version) {
            same.insert(index);
        }
    }
    let mut index = 0;
    fresh.retain(|_| {
        index += 1;
        !same.contains(&(index - 1))
    });
    rekeyed
}

/// What became of the wish for an entry's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// It came: its article, as HTML.
    Article(String),
    /// It may come later.
    Later,
    /// It will not.
    Never,
}

/// An entry that is known from its summary, and what became of another try for its page.
#[derive(Clone, Debug, PartialEq)]
pub struct LatePage {
    /// The entry.
    pub entry: Entry,
    /// Tries that failed before.
    pub tries: u32,
    /// Whether its facts are news.
    pub news: bool,
    /// What became of it.
    pub page: Page,
}

/// Everything that a plan is made from.
pub struct Findings<'a> {
    /// The feed.
    pub feed: &'a Feed,
    /// What was known of it.
    pub state: &'a FeedState,
    /// What its answer means.
    pub verdict: Verdict,
    /// What its redirects say of its address.
    pub moved: Move,
    /// The body.
    pub body: &'a Body,
    /// Entries under new keys.
    pub rekeyed: Vec<Rekeyed>,
    /// New entries and new versions.
    pub fresh: Vec<Entry>,
    /// All entries of the body, where entries of the feed were known before.
    pub shown: Vec<EntryKey>,
    /// Pages of entries, by their index in `fresh`.
    pub pages: HashMap<usize, Page>,
    /// Pages that were missing before.
    pub late: Vec<LatePage>,
    /// When the next of the missing pages is due that were not tried now.
    pub next_page_due: Option<DateTime<Utc>>,
    /// What went wrong with pages.
    pub page_warnings: Vec<String>,
    /// The requests that were made.
    pub requests: Vec<RequestRecord>,
    /// What the first poll reports.
    pub backfill: Backfill,
}

/// Decides what a poll changes. The grammar may be one that is built when it is first asked for,
/// which it is only where there are texts to be read.
pub fn plan_poll(
    findings: Findings,
    grammar: &impl Deref<Target = Grammar>,
    now: DateTime<Utc>,
) -> PollPlan {
    let outcome = match findings.body {
        Body::Same => Outcome::Unchanged,
        Body::Broken(error) => Outcome::Failed(error.to_string()),
        Body::None | Body::Feed(..) => findings.verdict.outcome.clone(),
    };
    let mut state = next_state(&findings, &outcome, now);
    let Findings { feed, body, fresh, pages, late, backfill, .. } = findings;
    let mut entries = Vec::new();
    let mut warnings = None;
    let mut rekeyed = Vec::new();
    for late in late {
        let news = late.news;
        let planned = planned(feed, late.entry, Some(&late.page), late.tries, news, grammar, now);
        entries.push(PlannedEntry { late_page: true, ..planned });
    }
    if let Body::Feed(parsed, _) = body {
        let mut said: Vec<String> =
            parsed.warnings.iter().cloned().chain(findings.page_warnings).collect();
        rekeyed = findings.rekeyed;
        if !rekeyed.is_empty() {
            said.push(format!("the feed gave new ids to {} entries; they were recognised by their links and texts", rekeyed.len()));
        }
        warnings = Some(said);
        // Oldest first, so that the first of two reports is the earlier one.
        for (index, entry) in fresh.into_iter().enumerate().rev() {
            let report =
                findings.state.baseline_done || reported_by_backfill(&entry, backfill, now);
            entries.push(planned(feed, entry, pages.get(&index), 0, report, grammar, now));
        }
    }
    let due = entries.iter().filter_map(|e| e.page_retry?.due).min();
    state.pages_due = due.into_iter().chain(state.pages_due).min();
    let (shown, requests) = (findings.shown, findings.requests);
    state.requests += i64::try_from(requests.len()).unwrap_or_default();
    let quiet = warnings.is_none() && shown.is_empty() && state.is_but_for_times(findings.state);
    PollPlan { at: now, outcome, state, rekeyed, entries, shown, warnings, requests, quiet }
}

/// The feed as it is known after a poll.
fn next_state(findings: &Findings, outcome: &Outcome, now: DateTime<Utc>) -> FeedState {
    let Findings { state, verdict, moved, body, .. } = findings;
    let mut next = FeedState { not_before: verdict.not_before, ..(*state).clone() };
    next.rest_until = verdict.rest_until;
    match outcome {
        Outcome::Postponed(_) => return next,
        Outcome::Fetched | Outcome::Unchanged => {
            next.last_success = Some(now);
            (next.failures, next.failing_since, next.last_error) = (0, None, None);
            next.gone = false;
            next.address.clone_from(&moved.address);
            next.moving.clone_from(&moved.moving);
        }
        Outcome::Gone | Outcome::Failed(_) => {
            next.failures += 1;
            next.failing_since = state.failing_since.or(Some(now));
            next.gone = *outcome == Outcome::Gone;
            next.last_error = Some(match outcome {
                Outcome::Failed(reason) => reason.clone(),
                _ => "the publisher says that the feed is gone (410)".to_owned(),
            });
            if next.address.is_some() && matches!(verdict.status, Some(404 | 410)) {
                // The move was none: back to the address that the user gave.
                (next.address, next.gone) = (None, false);
            }
        }
    }
    next.last_poll = Some(now);
    next.last_status = verdict.status;
    // A body that could not be read keeps the old validators: else the next 304 would hide for ever
    // what could not be read now (P4).
    if let Some(validators) =
        verdict.validators.clone().filter(|_| !matches!(body, Body::Broken(_)))
    {
        next.validators = validators;
    }
    // Pages that are due were tried now; what is still missing is noted anew.
    if state.pages_due.is_some_and(|at| at <= now) {
        next.pages_due = findings.next_page_due;
    }
    if let Body::Feed(parsed, hash) = body {
        next.body_hash = Some(hash.clone());
        next.baseline_done = true;
        next.site = parsed.site.clone().or(next.site);
        let rest = rest_asked(parsed, now);
        next.not_before = next.not_before.into_iter().chain(rest).max();
    }
    next
}

/// Until when the feed itself asks to be left alone: `ttl`, the update period, hours and days to
/// skip (RSS 2.0; RSS 1.0 syndication module), never beyond a day (P9).
fn rest_asked(parsed: &ParsedFeed, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let spans = [parsed.ttl, parsed.update_interval].into_iter().flatten();
    let rest = spans.filter_map(|t| Duration::from_std(t).ok()).max().unwrap_or_default();
    let mut at = now + rest.min(FRESH_MAX);
    let skipped = |at: DateTime<Utc>| {
        use chrono::{Datelike, Timelike};
        let hour = u8::try_from(at.hour()).unwrap_or_default();
        parsed.skip_hours.contains(&hour) || parsed.skip_days.contains(&at.weekday())
    };
    while skipped(at) && at < now + FRESH_MAX {
        use chrono::Timelike;
        let into = Duration::seconds(i64::from(at.minute() * 60 + at.second()));
        at = at - into + Duration::hours(1);
    }
    (at > now).then(|| at.min(now + FRESH_MAX))
}

fn reported_by_backfill(entry: &Entry, backfill: Backfill, now: DateTime<Utc>) -> bool {
    match backfill {
        Backfill::None => false,
        Backfill::All => true,
        Backfill::Span(span) => entry
            .published
            .is_some_and(|p| now - p <= Duration::from_std(span).unwrap_or(Duration::MAX)),
    }
}

fn planned(
    feed: &Feed,
    mut entry: Entry,
    page: Option<&Page>,
    tries: u32,
    report: bool,
    grammar: &Grammar,
    now: DateTime<Utc>,
) -> PlannedEntry {
    let page_retry = (page == Some(&Page::Later)).then(|| {
        let tries = tries + 1;
        let due = (tries < PAGE_TRIES_MAX).then(|| now + PAGE_WAIT * 2_i32.pow(tries - 1));
        PageRetry { tries, due }
    });
    // Moved, not copied: all the texts of a feed together are large.
    let own = std::mem::take(&mut entry.html);
    let (html, text_source) = match page {
        // A page that gives less than the feed did is a consent wall or a stub.
        Some(Page::Article(article)) if plain_text(article).len() > plain_text(&own).len() => {
            (article.clone(), TextSource::Page)
        }
        _ => (own, TextSource::Feed),
    };
    let read = read_again(&feed.publisher, entry, html, text_source, grammar);
    PlannedEntry { report, page_retry, ..read }
}

/// An entry with what its text announces by today's detection.
pub fn read_again(
    publisher: &str,
    entry: Entry,
    html: String,
    text_source: TextSource,
    grammar: &Grammar,
) -> PlannedEntry {
    let article = Article {
        id: entry.key.0.clone(),
        publisher: publisher.to_owned(),
        title: entry.title.clone(),
        published: entry.published.map(|p| p.date_naive().to_string()),
        author: entry.author.clone(),
        url: entry.link.clone(),
        html,
    };
    let Detected { facts, acronyms } = read(&article, grammar);
    let html = article.html;
    let mut words = String::new();
    let mut fingerprint = None;
    let mut aliases = Vec::new();
    if !facts.is_empty() {
        let text = plain_text(&html);
        aliases = self::aliases(&facts, &acronyms, &text, grammar.names());
        let text = fold(&text);
        fingerprint = Some(self::fingerprint(&text));
        words = format!("{} {text}", fold(&entry.title));
    }
    PlannedEntry {
        entry,
        html,
        text_source,
        facts,
        aliases,
        words,
        fingerprint,
        report: true,
        page_retry: None,
        late_page: false,
    }
}

/// What short names of the subjects and bodies of facts stand for, and under which other names they go:
/// by the words of their text and by the lexicons.
pub fn aliases(
    facts: &[Fact],
    acronyms: &[(String, String)],
    text: &str,
    names: &Names,
) -> Vec<Alias> {
    let subjects = facts.iter().filter(|f| f.kind() != Kind::Appointment).map(|f| &f.subject);
    let of_facts: BTreeSet<&String> = subjects.chain(facts.iter().map(|f| &f.body)).collect();
    let mut aliases = BTreeSet::new();
    for name in &of_facts {
        let full = fold_name(name);
        let explained = acronyms
            .iter()
            .filter(|(short, long)| fold_name(long) == full && can_abbreviate(short, long));
        aliases.extend(explained.map(|(short, _)| Alias::learnt(short, name)));
        // A short form that is an organisation of its own is none of this one.
        let forms = short_forms(name, text);
        let others = |short: &str| {
            of_facts.iter().map(|o| fold_name(o)).any(|o| o != full && o.starts_with(short))
                || names.knows(short)
        };
        let own = forms.iter().filter(|short| !others(short));
        aliases.extend(own.map(|short| Alias::learnt(short, name)));
        let known = names.forms(name).into_iter().filter(|form| *form != full);
        aliases.extend(known.map(|form| Alias::known(&form, name)));
    }
    aliases.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FeedName, Validators};

    fn entry(html: &str, has_content: bool) -> Entry {
        Entry {
            key: EntryKey("k".into()),
            guid: None,
            link: Some("https://example.org/a".into()),
            title: "Meridian Cloud joins".into(),
            published: None,
            author: None,
            html: html.into(),
            has_content,
            version: "v".into(),
        }
    }

    fn feed(kind: FeedKind, full_text: FullTextPolicy) -> Feed {
        Feed {
            name: FeedName("f".into()),
            url: "https://example.org/feed".into(),
            publisher: "Open Lattice Foundation".into(),
            kind,
            full_text,
        }
    }

    #[test]
    fn pages_are_fetched_where_the_feed_gives_only_a_summary() {
        use FeedKind::{Foundation, Vendor};
        use FullTextPolicy::{Always, Auto, Never};
        let long = "<p>word ".repeat(400);
        for (name, entry, kind, policy, wanted) in [
            ("a summary", entry("<p>Short", false), Foundation, Auto, true),
            ("a short full text", entry("<p>Short", true), Foundation, Auto, false),
            ("cut off", entry(&format!("{long} [...]"), true), Foundation, Auto, true),
            ("cut in a sentence", entry(&format!("{long}and …"), true), Foundation, Auto, true),
            ("trailing off", entry(&format!("{long}Why not? — …"), true), Foundation, Auto, false),
            ("an excerpt", entry("<p>It joins. …", true), Foundation, Auto, true),
            ("full", entry(&long, true), Foundation, Auto, false),
            (
                "full, by WordPress",
                entry(&format!("{long}<p>The post Meridian appeared first on OLF."), true),
                Foundation,
                Auto,
                false,
            ),
            (
                "an excerpt, by WordPress",
                entry("<p>Meridian [&#8230;]<p>The post A appeared first on B.", true),
                Foundation,
                Auto,
                true,
            ),
            ("a vendor's summary that may matter", entry("<p>Short", false), Vendor, Auto, true),
            ("never", entry("<p>Short", false), Foundation, Never, false),
            ("always", entry(&long, true), Foundation, Always, true),
        ] {
            assert_eq!(
                wanted_pages(&feed(kind, policy), &[entry]).len(),
                usize::from(wanted),
                "{name}"
            );
        }
    }

    #[test]
    fn the_end_of_a_text_is_the_same_read_from_its_end() {
        let long = "<p>word <b>by</b> word ".repeat(400);
        let script = format!("<script>{}</script>", "x = '<p>never shown'; ".repeat(200));
        let decorated = "<p style='color: red; font-weight: bold'><i></i></p>".repeat(100);
        for (name, html) in [
            ("short", "<p>word [...]".to_owned()),
            ("no markup", "word ".repeat(1000)),
            ("long", format!("{long}and an end.")),
            ("cut off", format!("{long}and [&#8230;]")),
            ("a trailer", format!("{long}an end.<p>The post A appeared first on B.")),
            ("behind a script", format!("{long}{script}<p>an end.")),
            ("a script last", format!("{long}an end.{script}")),
            ("nothing but scripts last", format!("an end.{}", script.repeat(3))),
            ("a style and a script", format!("{long}end.<style>p {{}}</style>\n{script} \n")),
            ("a script in a script", format!("{long}an end.<script>a('<script>b')</script>")),
            ("in capitals", format!("{long}{}an end.", script.to_uppercase())),
            ("a comment", format!("{long}<!-- {long} --> an end.")),
            ("decoration", format!("{long}{decorated}an end.{decorated}")),
            ("beyond ASCII", format!("{}<p>é{}", "é".repeat(3000), "é".repeat(600))),
        ] {
            let whole = plain_text(&html);
            for least in [ENDING_TEXT_CHARS, SUMMARY_CHARS_MAX] {
                let end = ending(&html, least);
                // Behind a trailer the text is looked for.
                let chars = if html.contains(TRAILER) { 400 } else { 2 * ENDING_CHARS };
                let from = whole.char_indices().rev().nth(chars).map_or(0, |(at, _)| at);
                assert!(end.ends_with(&whole[from..]), "{name}");
                let is_short = |text| without_trailer(text).chars().count() < least;
                assert_eq!(is_short(&end), is_short(&whole), "{name}");
            }
        }
    }

    fn state(baseline_done: bool) -> FeedState {
        FeedState { baseline_done, ..FeedState::unasked(1, FeedName("f".into())) }
    }

    fn plan(body: &Body, fresh: Vec<Entry>, baseline_done: bool, backfill: Backfill) -> PollPlan {
        let verdict = Verdict {
            outcome: Outcome::Fetched,
            status: Some(200),
            validators: Some(Validators { etag: Some("\"e\"".into()), last_modified: None }),
            not_before: None,
            rest_until: None,
        };
        let feed = feed(FeedKind::Foundation, FullTextPolicy::Never);
        let state = state(baseline_done);
        let findings = Findings {
            feed: &feed,
            state: &state,
            verdict,
            moved: Move { address: None, moving: None },
            body,
            rekeyed: Vec::new(),
            fresh,
            shown: Vec::new(),
            pages: HashMap::new(),
            late: Vec::new(),
            next_page_due: None,
            page_warnings: Vec::new(),
            requests: Vec::new(),
            backfill,
        };
        plan_poll(
            findings,
            &Grammar::built_in(),
            DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
        )
    }

    #[test]
    fn a_first_poll_is_a_baseline_unless_backfill_asks_for_more() {
        let parsed = || Body::Feed(Box::default(), "h".into());
        let fresh = || {
            vec![entry(
                "<p>Meridian Cloud has joined the Open Lattice Foundation as a Gold member.",
                true,
            )]
        };
        for (baseline_done, backfill, report) in [
            (false, Backfill::None, false),
            (false, Backfill::All, true),
            (true, Backfill::None, true),
        ] {
            let plan = plan(&parsed(), fresh(), baseline_done, backfill);
            assert_eq!(plan.entries[0].report, report);
            assert_eq!(plan.entries[0].facts.len(), 1);
            assert!(plan.state.baseline_done);
        }
    }

    #[test]
    fn a_body_that_cannot_be_read_keeps_the_old_validators() {
        let plan = plan(&Body::Broken(ParseError::Page), Vec::new(), true, Backfill::None);
        assert_eq!(plan.state.validators, Validators::default());
        assert!(matches!(plan.outcome, Outcome::Failed(_)));
    }
}
