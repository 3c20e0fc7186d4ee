//! One poll of one feed, decided: which pages to fetch, what to store. Pure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::detect::{Grammar, could_matter, detect};
use crate::feed::{ParseError, ParsedFeed};
use crate::fetch::Verdict;
use crate::model::{
    Article, Backfill, Entry, EntryKey, Feed, FeedKind, FeedState, FullTextPolicy, Outcome,
    PlannedEntry, PollPlan, TextSource,
};
use crate::text::{article_html, plain_text};

/// A text shorter than this is a summary, in characters.
const SUMMARY_CHARS_MAX: usize = 600;

/// Pages fetched for one poll; the newest entries come first.
pub const PAGES_MAX: usize = 50;

/// What a fetched body turned out to be.
#[derive(Debug)]
pub enum Body {
    /// No body came (304, an error).
    None,
    /// The same bytes as last time.
    Same,
    /// A feed, with the hash of its bytes.
    Feed(ParsedFeed, String),
    /// Not a feed.
    Broken(ParseError),
}

/// A hash of a body, to know it again when a server gives no validators.
pub fn body_hash(body: &[u8]) -> String {
    Sha256::digest(body).iter().take(16).map(|b| format!("{b:02x}")).collect()
}

/// The entries whose page is to be fetched, as indices into `entries`.
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
    (0..entries.len()).filter(|i| wants(&entries[*i])).take(PAGES_MAX).collect()
}

/// Whether the feed gives only the beginning of the text.
fn is_summary(entry: &Entry) -> bool {
    let text = plain_text(&entry.html);
    let end: String = text
        .chars()
        .rev()
        .take(40)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect::<String>()
        .to_lowercase();
    let cut = ["…", "...", "[…]", "[...]"].iter().any(|e| end.ends_with(e))
        || ["read more", "continue reading", "the post "].iter().any(|p| end.contains(p));
    let short = text.chars().count() < SUMMARY_CHARS_MAX;
    cut || (short && !entry.has_content)
}

/// The entries that are new or have another version.
pub fn fresh_entries(parsed: &ParsedFeed, known: &HashMap<EntryKey, String>) -> Vec<Entry> {
    parsed.entries.iter().filter(|e| known.get(&e.key) != Some(&e.version)).cloned().collect()
}

/// Everything that a plan is made from.
pub struct Findings<'a> {
    /// The feed.
    pub feed: &'a Feed,
    /// What was known of it.
    pub state: &'a FeedState,
    /// What its answer means.
    pub verdict: Verdict,
    /// The body.
    pub body: &'a Body,
    /// New entries and new versions.
    pub fresh: Vec<Entry>,
    /// Pages of entries, by their index in `fresh`.
    pub pages: HashMap<usize, String>,
    /// What went wrong with pages.
    pub page_warnings: Vec<String>,
    /// What the first poll reports.
    pub backfill: Backfill,
}

/// Decides what a poll changes.
pub fn plan_poll(findings: Findings, grammar: &Grammar, now: DateTime<Utc>) -> PollPlan {
    let Findings { feed, state, verdict, body, fresh, pages, page_warnings, backfill } = findings;
    let mut plan = PollPlan {
        feed_id: state.id,
        at: now,
        outcome: verdict.outcome,
        status: verdict.status,
        validators: verdict.validators,
        body_hash: None,
        not_before: verdict.not_before,
        entries: Vec::new(),
        warnings: Vec::new(),
        completes_baseline: false,
    };
    match body {
        Body::None => {}
        Body::Same => plan.outcome = Outcome::Unchanged,
        Body::Broken(error) => {
            // The old validators stay: else the next 304 would hide what could not be read now.
            plan.outcome = Outcome::Failed(error.to_string());
            plan.validators = None;
        }
        Body::Feed(parsed, hash) => {
            plan.body_hash = Some(hash.clone());
            plan.warnings = parsed.warnings.iter().cloned().chain(page_warnings).collect();
            plan.completes_baseline = !state.baseline_done;
            if let Some(ttl) = parsed.ttl.and_then(|t| chrono::Duration::from_std(t).ok()) {
                let rest = now + ttl.min(chrono::Duration::hours(24));
                plan.not_before = Some(plan.not_before.map_or(rest, |at| at.max(rest)));
            }
            // Oldest first, so that the first of two reports is the earlier one.
            for (index, entry) in fresh.into_iter().enumerate().rev() {
                let report = state.baseline_done || reported_by_backfill(&entry, backfill, now);
                plan.entries.push(planned(feed, entry, pages.get(&index), report, grammar));
            }
        }
    }
    plan
}

fn reported_by_backfill(entry: &Entry, backfill: Backfill, now: DateTime<Utc>) -> bool {
    match backfill {
        Backfill::None => false,
        Backfill::All => true,
        Backfill::Span(span) => entry.published.is_some_and(|p| {
            now - p <= chrono::Duration::from_std(span).unwrap_or(chrono::Duration::MAX)
        }),
    }
}

fn planned(
    feed: &Feed,
    entry: Entry,
    page: Option<&String>,
    report: bool,
    grammar: &Grammar,
) -> PlannedEntry {
    let (html, text_source) = match page.map(|p| article_html(p)) {
        // A page that gives less than the feed did is a consent wall or a stub.
        Some(article) if plain_text(&article).len() > plain_text(&entry.html).len() => {
            (article, TextSource::Page)
        }
        _ => (entry.html.clone(), TextSource::Feed),
    };
    let article = Article {
        id: entry.key.0.clone(),
        publisher: feed.publisher.clone(),
        title: entry.title.clone(),
        published: entry.published.map(|p| p.format("%Y-%m-%d").to_string()),
        author: entry.author.clone(),
        url: entry.link.clone(),
        html,
    };
    let facts = detect(&article, grammar);
    PlannedEntry { entry, html: article.html, text_source, facts, report }
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
            ("full", entry(&long, true), Foundation, Auto, false),
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

    fn state(baseline_done: bool) -> FeedState {
        FeedState {
            id: 1,
            name: FeedName("f".into()),
            validators: Validators::default(),
            body_hash: None,
            last_poll: None,
            last_success: None,
            failures: 0,
            not_before: None,
            baseline_done,
            gone: false,
        }
    }

    fn plan(body: &Body, fresh: Vec<Entry>, baseline_done: bool, backfill: Backfill) -> PollPlan {
        let verdict = Verdict {
            outcome: Outcome::Fetched,
            status: Some(200),
            validators: Some(Validators { etag: Some("\"e\"".into()), last_modified: None }),
            not_before: None,
        };
        let feed = feed(FeedKind::Foundation, FullTextPolicy::Never);
        let state = state(baseline_done);
        let findings = Findings {
            feed: &feed,
            state: &state,
            verdict,
            body,
            fresh,
            pages: HashMap::new(),
            page_warnings: Vec::new(),
            backfill,
        };
        plan_poll(
            findings,
            Grammar::built_in(),
            DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
        )
    }

    #[test]
    fn a_first_poll_is_a_baseline_unless_backfill_asks_for_more() {
        let parsed = || {
            Body::Feed(
                ParsedFeed { title: None, entries: Vec::new(), warnings: Vec::new(), ttl: None },
                "h".into(),
            )
        };
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
            assert_eq!(plan.completes_baseline, !baseline_done);
        }
    }

    #[test]
    fn a_body_that_cannot_be_read_keeps_the_old_validators() {
        let plan = plan(&Body::Broken(ParseError::Page), Vec::new(), true, Backfill::None);
        assert_eq!(plan.validators, None);
        assert!(matches!(plan.outcome, Outcome::Failed(_)));
    }
}
