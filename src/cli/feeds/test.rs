//! `gazetted feeds test`: one feed fetched, parsed and read as the daemon would do it, told in
//! full. Nothing is stored, and the stored state is only read, so a daemon may poll meanwhile.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::discover::{LINE_CHARS_MAX, title};
use super::look::client;
use super::reader;
use crate::cli::detect::record;
use crate::cli::output::print;
use crate::cli::{Failure, Shell, block_on};
use crate::config::{Config, FeedConfig};
use crate::daemon::Clock;
use crate::detect::{DEFAULT_MIN_CONFIDENCE, Grammar, UserLexicon};
use crate::feed::discover::format;
use crate::feed::{decode_page, parse};
use crate::fetch::{Accept, Client, FetchError, classify, moved, redact};
use crate::model::{
    Entry, EntryKey, Feed, FeedState, Outcome, PlannedEntry, PollPlan, Reply, TextSource,
    Validators, one_line,
};
use crate::poll::{Body, Findings, Page, body_hash, plan_poll, wanted_pages};
use crate::store::Store;
use crate::text::article_html;

pub const EXAMPLES: &str =
    "Sends one request for the feed, without the stored validators, so that a body comes (with
--conditional exactly as the daemon would), and one for each page that is read. Nothing is stored.

Examples:
  gazetted feeds test \"Open Lattice blog\"
  gazetted feeds test lattice --pages 0
  gazetted feeds test lattice --json | jq '.facts[] | {subject, confidence}'

Exit codes: 0 the feed was read, 3 it failed";

#[derive(clap::Args)]
pub struct Arguments {
    /// The feed's name in the configuration
    name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// How many entries to read, in the feed's order
    #[arg(long, value_name = "N", default_value_t = 20)]
    entries: usize,
    /// How many pages of entries to fetch at most
    #[arg(long, value_name = "N", default_value_t = 5)]
    pages: usize,
    /// Send the stored validators, as the daemon does; an unchanged feed then gives no body
    #[arg(long)]
    conditional: bool,
}

/// Everything that one test found out.
struct Trial<'a> {
    feed: &'a Feed,
    /// The address that was asked: the configured one, or where the feed moved for good.
    address: String,
    arguments: &'a Arguments,
    agent: &'a str,
    state: FeedState,
    answer: Option<Answer>,
    plan: PollPlan,
    /// The feed's own title and dialect and the number of its entries, where it could be parsed.
    parsed: Option<(Option<String>, Option<&'static str>, usize)>,
    /// What is stored of the entries.
    known: HashMap<EntryKey, String>,
    pages: Pages,
}

/// An answer without its body.
struct Answer {
    status: u16,
    final_url: String,
    /// The redirects on the way there: status and address.
    hops: Vec<(u16, String)>,
    content_type: Option<String>,
    validators: Validators,
    cache_control: Option<String>,
    bytes: usize,
    /// Whether the body is the one of the last poll.
    same: bool,
}

/// The pages of the entries that were read.
#[derive(Default)]
struct Pages {
    wanted: Vec<String>,
    read: HashMap<usize, Page>,
    warnings: Vec<String>,
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let config = shell.config()?;
    let feed = chosen(&config, &arguments.name)?;
    let words: Vec<UserLexicon> = config.lexicons.iter().map(|l| l.words.clone()).collect();
    let grammar = Grammar::with(&words);
    let client = client(&config.fetch)?;
    let trial = block_on(attempt(&config, &feed.feed, arguments, &client, &grammar))?;
    let text = if arguments.json { format!("{:#}\n", trial.as_json()) } else { trial.as_text() };
    print(&text)?;
    match &trial.plan.outcome {
        Outcome::Fetched | Outcome::Unchanged => Ok(()),
        Outcome::Gone => Err(Failure::Partial(format!(
            "{}: the publisher says that this feed is gone; try `gazetted feeds discover --broken` after a poll",
            feed.feed.name
        ))),
        Outcome::Failed(reason) | Outcome::Postponed(reason) => {
            Err(Failure::Partial(format!("{}: {reason}", feed.feed.name)))
        }
    }
}

fn chosen<'a>(config: &'a Config, name: &str) -> Result<&'a FeedConfig, Failure> {
    let found = config.feeds.iter().find(|f| f.feed.name.0 == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = config.feeds.iter().map(|f| f.feed.name.0.as_str()).collect();
        let close = names.iter().find(|n| n.to_lowercase().contains(&name.to_lowercase()));
        let help = match close {
            Some(close) if !name.is_empty() => format!("did you mean \"{close}\"?"),
            _ => "see `gazetted feeds`; an address that is not configured is tried with `gazetted feeds discover URL`".to_owned(),
        };
        Failure::Failed(format!("no feed is called `{name}`; {help}"))
    })
}

async fn attempt<'a>(
    config: &'a Config,
    feed: &'a Feed,
    arguments: &'a Arguments,
    client: &Client,
    grammar: &Grammar,
) -> Result<Trial<'a>, Failure> {
    let store = reader(&config.store_path)?;
    let stored = match &store {
        Some(store) => stored_state(store, feed)?,
        None => None,
    };
    let state = stored.clone().unwrap_or_else(|| FeedState::unasked(0, feed.name.clone()));
    // Where it moved for good, as the daemon asks.
    let address = state.address_of(feed).to_owned();
    let none = Validators::default();
    let sent = if arguments.conditional { &state.validators } else { &none };
    let reply = client.get(&address, sent, Accept::Feed).await;
    let now = Clock::System.now();
    let verdict = classify(&reply, &state, now);
    let moved = moved(&address, &reply, &state, now);
    let answer = reply.as_ref().ok().map(|reply| Answer::of(reply, &state));
    let (body, parsed) = body(&verdict.outcome, &reply);
    let mut fresh: Vec<Entry> = Vec::new();
    if let Body::Feed(parsed, _) = &body {
        fresh.extend(parsed.entries.iter().take(arguments.entries).cloned());
    }
    let keys: Vec<EntryKey> = match &body {
        Body::Feed(parsed, _) => parsed.entries.iter().map(|e| e.key.clone()).collect(),
        _ => Vec::new(),
    };
    let known = match (&store, &stored) {
        (Some(store), Some(state)) => store.known_versions(state.id, &keys)?,
        _ => HashMap::new(),
    };
    let pages = read_pages(feed, &fresh, arguments.pages, client).await;
    let findings = Findings {
        feed,
        state: &state,
        verdict,
        moved,
        body: &body,
        rekeyed: Vec::new(),
        fresh,
        shown: Vec::new(),
        pages: pages.read.clone(),
        late: Vec::new(),
        next_page_due: None,
        page_warnings: pages.warnings.clone(),
        requests: Vec::new(),
        backfill: config.backfill,
    };
    let plan = plan_poll(findings, &grammar, now);
    let agent = &config.fetch.user_agent;
    Ok(Trial { feed, address, arguments, agent, state, answer, plan, parsed, known, pages })
}

/// What is stored of a feed. Under another address than the configuration has now, only what the
/// daemon will keep when it reads that: its entries.
fn stored_state(store: &Store, feed: &Feed) -> Result<Option<FeedState>, Failure> {
    let overview = store.feed_overview()?;
    let Some(known) = overview.into_iter().find(|known| known.name == feed.name.0) else {
        return Ok(None);
    };
    let state = store.feed_state(&feed.name)?;
    if known.url == feed.url {
        return Ok(Some(state));
    }
    let unasked = FeedState::unasked(state.id, feed.name.clone());
    Ok(Some(FeedState { baseline_done: state.baseline_done, ..unasked }))
}

type Parsed = Option<(Option<String>, Option<&'static str>, usize)>;

fn body(outcome: &Outcome, reply: &Result<Reply, FetchError>) -> (Body, Parsed) {
    let (Outcome::Fetched, Ok(reply)) = (outcome, reply) else { return (Body::None, None) };
    match parse(&reply.body, reply.content_type.as_deref(), &redact(&reply.final_url)) {
        Err(error) => (Body::Broken(error), None),
        Ok(feed) => {
            let text = decode_page(&reply.body, reply.content_type.as_deref());
            let title = feed.title.as_deref().map(|t| one_line(t, LINE_CHARS_MAX));
            let told = (title, format(&text).map(|f| f.as_str()), feed.entries.len());
            (Body::Feed(Box::new(feed), body_hash(&reply.body)), Some(told))
        }
    }
}

async fn read_pages(feed: &Feed, entries: &[Entry], most: usize, client: &Client) -> Pages {
    let mut pages = Pages::default();
    for index in wanted_pages(feed, entries) {
        let Some(link) = &entries[index].link else { continue };
        pages.wanted.push(link.clone());
        if pages.wanted.len() > most {
            continue;
        }
        match client.get(link, &Validators::default(), Accept::Page).await {
            Ok(reply) if reply.status == 200 => {
                let page = decode_page(&reply.body, reply.content_type.as_deref());
                let article = article_html(&page, &entries[index].title);
                pages.read.insert(index, Page::Article(article));
            }
            Ok(reply) => {
                pages.warnings.push(format!("the page {} answered {}", redact(link), reply.status));
            }
            Err(error) => pages.warnings.push(error.to_string()),
        }
    }
    pages
}

impl Answer {
    fn of(reply: &Reply, state: &FeedState) -> Answer {
        let same = reply.status == 304
            || (!reply.body.is_empty() && state.body_hash == Some(body_hash(&reply.body)));
        Answer {
            status: reply.status,
            final_url: redact(&reply.final_url),
            hops: reply.hops.iter().map(|hop| (hop.status, redact(&hop.to))).collect(),
            content_type: reply.content_type.clone(),
            validators: reply.validators.clone(),
            cache_control: reply.cache_control.clone(),
            bytes: reply.body.len(),
            same,
        }
    }
}

impl Trial<'_> {
    /// The headers that the daemon sends; the flag says whether this test sent them.
    fn headers(&self) -> Vec<(&'static str, String, bool)> {
        let conditional = self.arguments.conditional;
        let Validators { etag, last_modified } = &self.state.validators;
        let own = [
            ("User-Agent", Some(self.agent.to_owned()), true),
            ("Accept", Some(Accept::Feed.header().to_owned()), true),
            ("If-None-Match", etag.clone(), conditional),
            ("If-Modified-Since", last_modified.clone(), conditional),
        ];
        own.into_iter().filter_map(|(name, value, sent)| Some((name, value?, sent))).collect()
    }

    /// The entries that were read, in the feed's order: the plan has the oldest first.
    fn entries(&self) -> impl Iterator<Item = &PlannedEntry> {
        self.plan.entries.iter().rev()
    }

    fn entry_state(&self, entry: &Entry) -> &'static str {
        match self.known.get(&entry.key) {
            None => "new",
            Some(version) if *version == entry.version => "known",
            Some(_) => "edited",
        }
    }

    fn as_text(&self) -> String {
        let mut text = format!("request\n  GET {}\n", redact(&self.address));
        if self.address != self.feed.url {
            text.push_str(&format!(
                "  (the configured address, {}, moved there for good)\n",
                redact(&self.feed.url)
            ));
        }
        for (name, value, sent) in self.headers() {
            let note =
                if sent { "" } else { "   (stored; the daemon sends it, this test does not)" };
            text.push_str(&format!("  {name}: {}{note}\n", one_line(&value, LINE_CHARS_MAX)));
        }
        if let Some(answer) = &self.answer {
            text.push_str(&answer.as_text());
        }
        if let Some(after) = self.state.not_before.filter(|at| *at > self.plan.at) {
            text.push_str(&format!(
                "  the daemon waits until {}\n",
                after.format("%Y-%m-%d %H:%M UTC")
            ));
        }
        if let Some((title, format, entries)) = &self.parsed {
            text.push_str(&format!(
                "feed\n  {} ({})\n  {entries} entries, {} of them not stored yet; {} read here\n",
                title.as_deref().unwrap_or("(no title)"),
                format.unwrap_or("feed"),
                entries - self.known.len().min(*entries),
                self.plan.entries.len(),
            ));
        }
        for warning in self.plan.warnings.iter().flatten() {
            text.push_str(&format!("  warning: {}\n", one_line(warning, LINE_CHARS_MAX)));
        }
        if !self.pages.wanted.is_empty() {
            text.push_str("pages\n");
            for (number, link) in self.pages.wanted.iter().enumerate() {
                let note = if number < self.arguments.pages {
                    ""
                } else {
                    "   (not fetched here; --pages)"
                };
                text.push_str(&format!("  {}{note}\n", one_line(link, LINE_CHARS_MAX)));
            }
        }
        text.push_str(&self.facts_text());
        text
    }

    fn facts_text(&self) -> String {
        let mut text = String::new();
        for planned in self.entries().filter(|planned| !planned.facts.is_empty()) {
            let entry = &planned.entry;
            let state = self.entry_state(entry);
            text.push_str(&format!("entry ({state}, {})\n  {}\n", source(planned), title(entry)));
            for fact in &planned.facts {
                let weak =
                    if fact.confidence < DEFAULT_MIN_CONFIDENCE { ", unconfirmed" } else { "" };
                let slots = [fact.tier(), fact.role(), fact.unit()];
                let slots: Vec<&str> = slots.into_iter().flatten().collect();
                let detail = if slots.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", slots.join(", "))
                };
                text.push_str(&format!(
                    "  {} {}: {} / {}{detail}\n    confidence {:.2}{weak}, by `{}`\n    \"{}\"\n",
                    fact.kind().as_str(),
                    fact.action(),
                    one_line(&fact.subject, LINE_CHARS_MAX),
                    one_line(&fact.body, LINE_CHARS_MAX),
                    fact.confidence,
                    fact.evidence.rule,
                    one_line(&fact.evidence.quote, LINE_CHARS_MAX),
                ));
            }
        }
        if self.parsed.is_some() {
            let facts: usize = self.plan.entries.iter().map(|e| e.facts.len()).sum();
            let entries = self.plan.entries.len();
            text.push_str(&format!("{facts} facts in {entries} entries; nothing was stored\n"));
        }
        text
    }

    fn as_json(&self) -> Value {
        let headers: Vec<Value> = self
            .headers()
            .into_iter()
            .map(|(name, value, sent)| json!({"name": name, "value": value, "sent": sent}))
            .collect();
        let entries: Vec<Value> = self
            .entries()
            .map(|planned| {
                let entry = &planned.entry;
                json!({
                    "title": title(entry),
                    "link": entry.link,
                    "published": entry.published.map(|p| p.to_rfc3339()),
                    "state": self.entry_state(entry),
                    "text": source(planned),
                })
            })
            .collect();
        let facts: Vec<Value> = self
            .entries()
            .flat_map(|planned| planned.facts.iter().map(move |fact| (planned, fact)))
            .map(|(planned, fact)| {
                let mut fact = record(fact);
                fact["entry"] = planned.entry.link.clone().into();
                fact
            })
            .collect();
        let (outcome, reason) = match &self.plan.outcome {
            Outcome::Fetched => ("fetched", None),
            Outcome::Unchanged => ("unchanged", None),
            Outcome::Gone => ("gone", None),
            Outcome::Failed(reason) => ("failed", Some(reason)),
            Outcome::Postponed(reason) => ("postponed", Some(reason)),
        };
        let (title, format, count) = self.parsed.clone().unwrap_or_default();
        json!({
            "feed": self.feed.name,
            "request": {"url": redact(&self.address), "configured_url": redact(&self.feed.url), "headers": headers},
            "answer": self.answer.as_ref().map(Answer::as_json),
            "outcome": outcome,
            "problem": reason,
            "title": title,
            "format": format,
            "entries_in_feed": count,
            "entries": entries,
            "warnings": self.plan.warnings.clone().unwrap_or_default(),
            "pages": self.pages.wanted.iter().enumerate().map(|(n, link)| json!({"url": link, "asked": n < self.arguments.pages})).collect::<Vec<_>>(),
            "facts": facts,
        })
    }
}

impl Answer {
    fn as_text(&self) -> String {
        let mut text =
            format!("answer\n  {} from {}, {} bytes\n", self.status, self.final_url, self.bytes);
        for (status, to) in &self.hops {
            text.push_str(&format!("  by a redirect ({status}) to {to}\n"));
        }
        let Validators { etag, last_modified } = &self.validators;
        for (name, value) in [
            ("Content-Type", &self.content_type),
            ("ETag", etag),
            ("Last-Modified", last_modified),
            ("Cache-Control", &self.cache_control),
        ] {
            if let Some(value) = value {
                text.push_str(&format!("  {name}: {}\n", one_line(value, LINE_CHARS_MAX)));
            }
        }
        if etag.is_none() && last_modified.is_none() && self.status == 200 {
            text.push_str("  no validators: every poll will fetch the whole feed\n");
        }
        if self.same {
            text.push_str("  the same as at the last poll: the daemon would read no further\n");
        }
        text
    }

    fn as_json(&self) -> Value {
        json!({
            "status": self.status,
            "final_url": self.final_url,
            "redirects": self.hops.iter().map(|(status, to)| json!({"status": status, "to": to})).collect::<Vec<_>>(),
            "content_type": self.content_type,
            "bytes": self.bytes,
            "etag": self.validators.etag,
            "last_modified": self.validators.last_modified,
            "cache_control": self.cache_control,
            "same_as_last_poll": self.same,
        })
    }
}

fn source(planned: &PlannedEntry) -> &'static str {
    match planned.text_source {
        TextSource::Feed => "text of the feed",
        TextSource::Page => "text of its page",
    }
}
