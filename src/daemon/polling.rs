//! Polling: gather, fetch, decide, apply. Feeds that share an address are asked together (P20).

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::cycle::{Cycle, CycleError, PollResult};
use crate::crash;
use crate::feed;
use crate::fetch::{Accept, FetchError, classify, moved};
use crate::model::{
    Entry, EntryKey, Feed, FeedName, FeedState, FeedStates, Outcome, PollPlan, Rekeyed, Reply,
    RequestRecord, Validators,
};
use crate::poll::{
    Body, Findings, LatePage, PAGES_MAX, Page, body_hash, fresh_entries, maybe_reidentified,
    plan_poll, rekey, wanted_pages,
};
use crate::store::Store;
use crate::text::article_html;

/// A feed and what is known of it.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The feed.
    pub feed: Feed,
    /// What is known of it.
    pub state: FeedState,
}

impl Subject {
    /// The address that is asked.
    pub fn address(&self) -> &str {
        self.state.address_of(&self.feed)
    }
}

/// Feeds by the address that they share, in the order of their first.
pub fn by_address(
    feeds: impl IntoIterator<Item = Feed>,
    mut states: FeedStates,
) -> Vec<Vec<Subject>> {
    let mut groups: Vec<Vec<Subject>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for feed in feeds {
        let Some(state) = states.remove(&feed.name) else { continue };
        let subject = Subject { feed, state };
        match places.get(subject.address()).and_then(|place| groups.get_mut(*place)) {
            Some(group) => group.push(subject),
            None => {
                places.insert(subject.address().to_owned(), groups.len());
                groups.push(vec![subject]);
            }
        }
    }
    groups
}

/// What one request brought, for every feed that shares it.
struct Answer {
    reply: Result<Reply, FetchError>,
    body: Body,
    record: RequestRecord,
}

/// The entries of an answer: taken out of it by whoever has it for itself, else copied.
fn entries_of(answer: &mut Arc<Answer>) -> Vec<Entry> {
    match Arc::get_mut(answer).map(|own| &mut own.body) {
        Some(Body::Feed(parsed, _)) => return std::mem::take(&mut parsed.entries),
        Some(_) => return Vec::new(),
        None => {}
    }
    match &answer.body {
        Body::Feed(parsed, _) => parsed.entries.clone(),
        _ => Vec::new(),
    }
}

/// Pages that were fetched for a feed.
#[derive(Default)]
struct Pages {
    of_fresh: HashMap<usize, Page>,
    late: Vec<LatePage>,
    /// When the next of those is due that were not tried now.
    next_due: Option<DateTime<Utc>>,
    warnings: Vec<String>,
    requests: Vec<RequestRecord>,
}

impl Cycle {
    /// Polls the feeds of one address.
    ///
    /// # Errors
    /// When the store fails. That the feed fails is a result.
    pub async fn poll(&self, group: Vec<Subject>) -> Result<Vec<PollResult>, CycleError> {
        let Some(first) = group.first() else { return Ok(Vec::new()) };
        let address = first.address().to_owned();
        let mut turn = self.turns.acquire().await.ok();
        let _under_way = self.writer.announce();
        // Another feed of the same address may know another answer: then none is vouched for.
        let same = group.iter().all(|s| s.state.validators == first.state.validators);
        let validators = if same { first.state.validators.clone() } else { Validators::default() };
        let at = self.now();
        let record = RequestRecord {
            at,
            held: first.state.validators != Validators::default(),
            conditional: validators != Validators::default(),
            early: group.iter().any(|s| s.state.not_before.is_some_and(|rest| at < rest)),
            ..RequestRecord::default()
        };
        crash::point("poll.before-fetch");
        let mut fetched = self.client.fetch(&address, &validators, Accept::Feed).await;
        crash::point("poll.fetched");
        let hashes = group.iter().map(|s| s.state.body_hash.clone()).collect();
        let reply = std::mem::replace(&mut fetched.reply, Ok(Reply::default()));
        let answer = Arc::new(self.read(reply, record, hashes).await?);
        crash::point("poll.parsed");
        // The bytes are gone: others may fetch, this feed's pages among them.
        drop(fetched);
        let count = group.len();
        let mut results = Vec::with_capacity(count);
        // The last one has the answer for itself, and so the only one in most cases.
        for (subject, answer) in group.into_iter().zip(std::iter::repeat_n(answer, count)) {
            let name = subject.feed.name.clone();
            let plan = self.plan(subject, &address, answer).await?;
            if results.len() + 1 == count && plan.entries.is_empty() {
                // What is left to do is the writer's: others may begin. Where there are texts they
                // are in memory until they are written, and nobody takes their place there.
                drop(turn.take());
            }
            results.push(self.write(name, plan).await?);
        }
        Ok(results)
    }

    /// Parses what came, away from the threads that wait for the network.
    async fn read(
        &self,
        reply: Result<Reply, FetchError>,
        record: RequestRecord,
        hashes: Vec<Option<String>>,
    ) -> Result<Answer, CycleError> {
        let mut reply = match reply {
            Ok(reply) => reply,
            Err(error) => return Ok(Answer { reply: Err(error), body: Body::None, record }),
        };
        let record = RequestRecord {
            status: Some(reply.status),
            bytes: reply.body.len() as u64,
            redirects: u32::try_from(reply.hops.len()).unwrap_or(u32::MAX),
            ..record
        };
        if reply.status != 200 {
            return Ok(Answer { reply: Ok(reply), body: Body::None, record });
        }
        let bytes = std::mem::take(&mut reply.body);
        // Relative links are resolved against it, and shown to readers: without the password.
        let (content_type, base) =
            (reply.content_type.clone(), crate::fetch::redact(&reply.final_url));
        let parse = move || {
            let hash = body_hash(&bytes);
            if hashes.iter().all(|known| known.as_deref() == Some(hash.as_str())) {
                return Body::Same;
            }
            match feed::parse(&bytes, content_type.as_deref(), &base) {
                Ok(parsed) => Body::Feed(Box::new(parsed), hash),
                Err(error) => Body::Broken(error),
            }
        };
        let _turn = self.readers.acquire().await;
        // A panic in a parser is that feed's error (S9).
        let body = tokio::task::spawn_blocking(parse)
            .await
            .unwrap_or(Body::Broken(feed::ParseError::Panic));
        Ok(Answer { reply: Ok(reply), body, record })
    }

    /// What the answer means for one feed.
    async fn plan(
        &self,
        subject: Subject,
        address: &str,
        mut answer: Arc<Answer>,
    ) -> Result<PollPlan, CycleError> {
        let Subject { feed, state } = subject;
        let now = self.now();
        let verdict = classify(&answer.reply, &state, now);
        if verdict.status == Some(429)
            && let Some(rest) = verdict.rest_until.and_then(|until| (until - now).to_std().ok())
        {
            self.client.rest(address, rest);
        }
        let moved = moved(address, &answer.reply, &state, now);
        let (fresh, rekeyed, shown) = self.fresh(&state, entries_of(&mut answer)).await?;
        crash::point("poll.looked-up");
        let pages = self.pages(&feed, &state, &fresh, now).await?;
        crash::point("poll.pages");
        let requests = match &verdict.outcome {
            Outcome::Postponed(_) => Vec::new(),
            _ => std::iter::once(answer.record.clone()).chain(pages.requests).collect(),
        };
        let grammar = Arc::clone(&self.grammar);
        let backfill = self.config.backfill;
        let has_texts = !fresh.is_empty() || !pages.late.is_empty();
        let plan = move || {
            let findings = Findings {
                feed: &feed,
                state: &state,
                verdict,
                moved,
                body: &answer.body,
                rekeyed,
                fresh,
                shown,
                pages: pages.of_fresh,
                late: pages.late,
                next_page_due: pages.next_due,
                page_warnings: pages.warnings,
                requests,
                backfill,
            };
            plan_poll(findings, &*grammar, now)
        };
        let plan = if has_texts {
            let _turn = self.readers.acquire().await;
            let read = tokio::task::spawn_blocking(plan).await;
            read.map_err(|_| CycleError::Task("reading a feed's entries"))?
        } else {
            // Nothing to read, as with most answers: not worth the way to another thread.
            plan()
        };
        crash::point("poll.planned");
        Ok(plan)
    }

    /// Writes down what a poll changes.
    async fn write(&self, feed: FeedName, plan: PollPlan) -> Result<PollResult, CycleError> {
        let (outcome, state) = (plan.outcome.clone(), plan.state.clone());
        let warnings = plan.warnings.clone().unwrap_or_default();
        let applied = self.writer.apply(plan).await.ok_or(CycleError::Task("storing a poll"))??;
        Ok(PollResult { feed: feed.0, outcome, applied, warnings, state })
    }

    /// What of a feed's entries is new or changed, which entries have new keys, and the keys of all where
    /// some were known before.
    async fn fresh(
        &self,
        state: &FeedState,
        entries: Vec<Entry>,
    ) -> Result<(Vec<Entry>, Vec<Rekeyed>, Vec<EntryKey>), CycleError> {
        // Before its first answer was stored a feed has no entries.
        if entries.is_empty() || !state.baseline_done {
            return Ok((entries, Vec::new(), Vec::new()));
        }
        let (id, count) = (state.id, entries.len());
        let keys = entries.iter().map(|e| e.key.clone()).collect::<Vec<_>>();
        let look_up = move |s: &mut Store| Ok((s.known_versions(id, &keys)?, keys));
        let (known, keys) = self.with("looking up entries", look_up).await?;
        let mut fresh = fresh_entries(entries, &known);
        let unknown = maybe_reidentified(count, &known, &fresh);
        if unknown.is_empty() {
            return Ok((fresh, Vec::new(), keys));
        }
        let twins = self
            .with("looking for entries under other keys", move |s| s.twins(id, &unknown))
            .await?;
        let rekeyed = rekey(&mut fresh, twins);
        Ok((fresh, rekeyed, keys))
    }

    /// Fetches the pages that are wanted, and those that are due again.
    async fn pages(
        &self,
        feed: &Feed,
        state: &FeedState,
        fresh: &[Entry],
        now: DateTime<Utc>,
    ) -> Result<Pages, CycleError> {
        let mut pages = Pages::default();
        for (number, index) in wanted_pages(feed, fresh).into_iter().enumerate() {
            let page = match &fresh[index].link {
                Some(link) if number < PAGES_MAX => {
                    self.page(link, &fresh[index].title, &mut pages).await
                }
                _ => Page::Later,
            };
            pages.of_fresh.insert(index, page);
        }
        if state.pages_due.is_none_or(|at| at > now) {
            return Ok(pages);
        }
        let id = state.id;
        let (due, later) =
            self.with("looking for pages", move |s| s.due_pages(id, now, PAGES_MAX)).await?;
        pages.next_due = later;
        for due in due.into_iter().filter(|d| fresh.iter().all(|e| e.key != d.entry.key)) {
            let page = match &due.entry.link {
                Some(link) => self.page(link, &due.entry.title, &mut pages).await,
                None => Page::Never,
            };
            let (entry, tries, news) = (due.entry, due.tries, due.news);
            pages.late.push(LatePage { entry, tries, news, page });
        }
        Ok(pages)
    }

    async fn page(&self, link: &str, title: &str, pages: &mut Pages) -> Page {
        let at = self.now();
        let mut fetched = self.client.fetch(link, &Validators::default(), Accept::Page).await;
        let mut record = RequestRecord { at, page: true, ..RequestRecord::default() };
        let page = match &mut fetched.reply {
            Ok(reply) => {
                record.status = Some(reply.status);
                record.bytes = reply.body.len() as u64;
                match reply.status {
                    200 => {
                        let body = std::mem::take(&mut reply.body);
                        self.article(body, reply.content_type.clone(), title.to_owned()).await
                    }
                    429 | 500..=599 => Page::Later,
                    _ => Page::Never,
                }
            }
            Err(
                FetchError::Timeout { .. }
                | FetchError::Transport { .. }
                | FetchError::Resting { .. },
            ) => Page::Later,
            Err(_) => Page::Never,
        };
        if !matches!(fetched.reply, Err(FetchError::Resting { .. })) {
            pages.requests.push(record);
        }
        let what = match (&page, &fetched.reply) {
            (Page::Article(_), _) => return page,
            (_, Ok(reply)) => {
                format!("the page {} answered {}", crate::fetch::redact(link), reply.status)
            }
            (_, Err(error)) => format!("a page could not be fetched: {error}"),
        };
        let next = if page == Page::Later { "it is tried again" } else { "its summary has to do" };
        pages.warnings.push(format!("{what}; {next}"));
        page
    }

    /// The article of this title in a page, found away from the threads that wait for the network.
    async fn article(&self, body: Vec<u8>, content_type: Option<String>, title: String) -> Page {
        let find = move || {
            let page = feed::decode_page(&body, content_type.as_deref());
            article_html(&page, &title)
        };
        let _turn = self.readers.acquire().await;
        // A page that the reader fails on is given up; its summary has to do.
        tokio::task::spawn_blocking(find).await.map_or(Page::Never, Page::Article)
    }
}
