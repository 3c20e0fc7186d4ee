//! The steps of a cycle, each a function that tests can call: poll a feed, compose a digest,
//! deliver what is due. Used by `once` and by the daemon's loop.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::config::{Config, DigestConfig};
use crate::detect::{Grammar, UserLexicon};
use crate::digest::{Context, compose, period, render_html, render_text};
use crate::feed;
use crate::fetch::{Accept, Client, FetchError, classify};
use crate::mail::{MailError, Mailer, Outgoing, build_message, message_id};
use crate::model::{Backfill, Delivery, Digest, Feed, FeedState, OutboxState, Outcome, Validators};
use crate::outbox::after_attempt;
use crate::poll::{Body, Findings, body_hash, fresh_entries, plan_poll, wanted_pages};
use crate::store::{Applied, DigestRecord, NewMessage, Store, StoreError};

/// Messages taken from the outbox at a time.
const DELIVERIES_AT_ONCE: u32 = 20;

/// The time, as a value: the system's, or a fixed one for tests.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// Always this time.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// Now.
    #[allow(clippy::disallowed_methods)]
    pub fn now(self) -> DateTime<Utc> {
        match self {
            Clock::System => Utc::now(),
            Clock::Fixed(at) => at,
        }
    }
}

/// Why a step could not be taken at all.
#[derive(Debug, thiserror::Error)]
pub enum CycleError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Fetching could not be set up.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Mail could not be set up or a message not be built.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// A task died; the message says which.
    #[error("{0} failed in an unexpected way; please report it")]
    Task(&'static str),
}

/// What one poll did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollResult {
    /// The feed's name.
    pub feed: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What it changed.
    pub applied: Applied,
    /// What was repaired.
    pub warnings: Vec<String>,
}

/// What composing a digest gave.
#[derive(Clone, Debug, PartialEq)]
pub struct DigestResult {
    /// The digest.
    pub digest: Digest,
    /// Its text part.
    pub text: String,
    /// Its HTML part.
    pub html: String,
}

/// What delivering gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailResult {
    /// Messages accepted.
    pub sent: usize,
    /// Messages that wait for another attempt, with the reason.
    pub waiting: Vec<String>,
    /// Messages refused for good, with the reason.
    pub failed: Vec<String>,
}

/// The parts of a running program, wired together.
#[derive(Clone)]
pub struct Cycle {
    store: Arc<Mutex<Store>>,
    client: Client,
    mailer: Arc<Mailer>,
    config: Arc<Config>,
    grammar: Arc<Grammar>,
    clock: Clock,
    host: String,
}

impl Cycle {
    /// Opens the store, sets up client and mailer, registers feeds and digests.
    ///
    /// # Errors
    /// When one of them cannot be had.
    pub fn new(
        config: Config,
        clock: Clock,
        credentials_directory: Option<&Path>,
    ) -> Result<Cycle, CycleError> {
        let store = Store::open(&config.store_path)?;
        Cycle::with_store(Arc::new(Mutex::new(store)), config, clock, credentials_directory)
    }

    fn with_store(
        store: Arc<Mutex<Store>>,
        config: Config,
        clock: Clock,
        credentials_directory: Option<&Path>,
    ) -> Result<Cycle, CycleError> {
        let client = Client::new(&config.fetch)?;
        let mailer = Arc::new(Mailer::new(&config.mail, credentials_directory)?);
        let host = hostname();
        let words: Vec<UserLexicon> = config.lexicons.iter().map(|l| l.words.clone()).collect();
        let grammar = Arc::new(Grammar::with(&words));
        let cycle = Cycle { store, client, mailer, config: Arc::new(config), grammar, clock, host };
        let feeds: Vec<&Feed> = cycle.config.feeds.iter().map(|f| &f.feed).collect();
        let subscriptions: Vec<_> = cycle.config.digests.iter().map(|d| &d.subscription).collect();
        let mut store = cycle.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.register_feeds(&feeds)?;
        store.register_subscriptions(&subscriptions, clock.now())?;
        drop(store);
        Ok(cycle)
    }

    /// The same store under another configuration.
    ///
    /// # Errors
    /// When the new configuration's client or mailer cannot be had; the old cycle goes on then.
    pub fn reconfigured(
        &self,
        config: Config,
        credentials_directory: Option<&Path>,
    ) -> Result<Cycle, CycleError> {
        Cycle::with_store(Arc::clone(&self.store), config, self.clock, credentials_directory)
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Asks the store something, on a thread that may wait.
    ///
    /// # Errors
    /// The store's.
    pub async fn with<T: Send + 'static>(
        &self,
        doing: &'static str,
        ask: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, CycleError> {
        let store = Arc::clone(&self.store);
        let task = tokio::task::spawn_blocking(move || {
            ask(&mut store.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Ok(task.await.map_err(|_| CycleError::Task(doing))??)
    }

    /// Polls a feed: gather, fetch, decide, apply.
    ///
    /// # Errors
    /// When the store fails. That the feed fails is a result.
    pub async fn poll(&self, feed: &Feed) -> Result<PollResult, CycleError> {
        let name = feed.name.clone();
        let state = self.with("reading a feed's state", move |s| s.feed_state(&name)).await?;
        let reply = self.client.get(&feed.url, &state.validators, Accept::Feed).await;
        let now = self.clock.now();
        let verdict = classify(&reply, &state, now);
        let body = match (&verdict.outcome, reply) {
            (Outcome::Fetched, Ok(reply)) => parse_body(reply, state.body_hash.clone()).await?,
            _ => Body::None,
        };
        let fresh = match &body {
            Body::Feed(parsed, _) => {
                let (id, keys) =
                    (state.id, parsed.entries.iter().map(|e| e.key.clone()).collect::<Vec<_>>());
                let known =
                    self.with("looking up entries", move |s| s.known_versions(id, &keys)).await?;
                fresh_entries(parsed, &known)
            }
            _ => Vec::new(),
        };
        let (pages, page_warnings) = self.pages(feed, &fresh).await;
        let backfill = self.config.backfill;
        let grammar = Arc::clone(&self.grammar);
        let gathered = Gathered {
            feed: feed.clone(),
            state,
            verdict,
            body,
            fresh,
            pages,
            page_warnings,
            backfill,
        };
        let plan = tokio::task::spawn_blocking(move || gathered.plan(&grammar, now))
            .await
            .map_err(|_| CycleError::Task("reading a feed's entries"))?;
        let (outcome, warnings) = (plan.outcome.clone(), plan.warnings.clone());
        let applied = self.with("storing a poll", move |s| s.apply(&plan)).await?;
        Ok(PollResult { feed: feed.name.0.clone(), outcome, applied, warnings })
    }

    async fn pages(
        &self,
        feed: &Feed,
        fresh: &[crate::model::Entry],
    ) -> (HashMap<usize, String>, Vec<String>) {
        let mut pages = HashMap::new();
        let mut warnings = Vec::new();
        for index in wanted_pages(feed, fresh) {
            let Some(link) = &fresh[index].link else { continue };
            match self.client.get(link, &Validators::default(), Accept::Page).await {
                Ok(reply) if reply.status == 200 => {
                    pages.insert(
                        index,
                        feed::decode_page(&reply.body, reply.content_type.as_deref()),
                    );
                }
                Ok(reply) => warnings.push(format!(
                    "the page {link} answered {}; only its summary was read",
                    reply.status
                )),
                Err(error) => warnings.push(format!(
                    "a page could not be fetched, only its summary was read: {error}"
                )),
            }
        }
        (pages, warnings)
    }

    /// Composes the digest of a subscription from what is pending and puts its messages into the
    /// outbox; a quiet period only moves on.
    ///
    /// # Errors
    /// When the store fails or a message cannot be built.
    pub async fn compose(
        &self,
        digest: &DigestConfig,
        late: bool,
    ) -> Result<Option<DigestResult>, CycleError> {
        let until = self.clock.now();
        let (preview, cursor) = self.preview_at(digest, late, until).await?;
        let name = digest.subscription.name.clone();
        let Some(result) = preview else {
            self.with("closing a quiet period", move |s| s.skip_digest(&name, cursor, until))
                .await?;
            return Ok(None);
        };
        let record = DigestRecord {
            subscription: name,
            label: result.digest.label.clone(),
            from: result.digest.period.from,
            until,
            subject: result.digest.subject.clone(),
            composed: until,
            change_ids: result.digest.change_ids.clone(),
            cursor,
        };
        let messages = digest
            .subscription
            .to
            .iter()
            .map(|to| self.message(&result, to, until))
            .collect::<Result<Vec<_>, _>>()?;
        self.with("recording a digest", move |s| s.commit_digest(&record, &messages)).await?;
        Ok(Some(result))
    }

    /// The digest as it would be composed now; nothing is stored.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn preview(&self, digest: &DigestConfig) -> Result<Option<DigestResult>, CycleError> {
        Ok(self.preview_at(digest, false, self.clock.now()).await?.0)
    }

    async fn preview_at(
        &self,
        digest: &DigestConfig,
        late: bool,
        until: DateTime<Utc>,
    ) -> Result<(Option<DigestResult>, i64), CycleError> {
        let name = digest.subscription.name.clone();
        let (state, changes, feeds) = self
            .with("reading changes", move |s| {
                let state = s.subscription_state(&name)?;
                Ok((state, s.pending_changes(state.cursor)?, s.feed_overview()?))
            })
            .await?;
        let cursor = changes.last().map_or(state.cursor, |c| c.id);
        let context = Context {
            feeds_read: feeds.iter().filter(|f| f.last_success.is_some()).count(),
            feeds_failing: feeds.iter().filter(|f| f.failures > 0).count(),
            late,
            host: self.host.clone(),
            contact: self.config.mail.from_address.clone(),
            timezone: digest.timezone,
        };
        let composed = compose(
            &changes,
            &digest.subscription,
            period(state.last_run, until, digest.timezone),
            &context,
        );
        let result = composed.map(|digest| {
            let (text, html) = (render_text(&digest, &context), render_html(&digest, &context));
            DigestResult { digest, text, html }
        });
        Ok((result, cursor))
    }

    /// The message to one reader.
    ///
    /// # Errors
    /// When an address is none.
    pub fn message(
        &self,
        result: &DigestResult,
        recipient: &str,
        date: DateTime<Utc>,
    ) -> Result<NewMessage, MailError> {
        let changes = &result.digest.change_ids;
        let span = (
            changes.first().copied().unwrap_or_default(),
            changes.last().copied().unwrap_or_default(),
        );
        let id = message_id(
            &self.config.mail,
            &result.digest.subscription,
            &result.digest.label,
            span,
            recipient,
        );
        let outgoing = Outgoing {
            subscription: &result.digest.subscription,
            recipient,
            subject: &result.digest.subject,
            text: &result.text,
            html: &result.html,
            date,
            message_id: &id,
        };
        let bytes = build_message(&self.config.mail, &outgoing)?;
        Ok(NewMessage {
            recipient: recipient.to_owned(),
            sender: self.config.mail.from_address.clone(),
            message_id: id,
            bytes,
        })
    }

    /// Hands over every message that is due. One reader's failure holds up no other.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn deliver(&self) -> Result<MailResult, CycleError> {
        let mut result = MailResult::default();
        loop {
            let now = self.clock.now();
            let due = self
                .with("reading the outbox", move |s| s.outbox_due(now, DELIVERIES_AT_ONCE))
                .await?;
            if due.is_empty() {
                return Ok(result);
            }
            for item in due {
                let outcome = self.mailer.deliver(&item).await;
                let attempt = after_attempt(&item, &outcome, self.clock.now());
                let told = format!("{}: {}", item.recipient, attempt.note);
                match attempt.state {
                    OutboxState::Sent => result.sent += 1,
                    OutboxState::Failed => result.failed.push(told),
                    OutboxState::Pending | OutboxState::Uncertain => result.waiting.push(told),
                }
                let accepted = matches!(outcome, Delivery::Accepted(_));
                tracing::info!(recipient = %item.recipient, message_id = %item.message_id, accepted, "{}", attempt.note);
                self.with("recording a delivery", move |s| s.record_attempt(item.id, &attempt))
                    .await?;
            }
        }
    }
}

struct Gathered {
    feed: Feed,
    state: FeedState,
    verdict: crate::fetch::Verdict,
    body: Body,
    fresh: Vec<crate::model::Entry>,
    pages: HashMap<usize, String>,
    page_warnings: Vec<String>,
    backfill: Backfill,
}

impl Gathered {
    fn plan(self, grammar: &Grammar, now: DateTime<Utc>) -> crate::model::PollPlan {
        let findings = Findings {
            feed: &self.feed,
            state: &self.state,
            verdict: self.verdict,
            body: &self.body,
            fresh: self.fresh,
            pages: self.pages,
            page_warnings: self.page_warnings,
            backfill: self.backfill,
        };
        plan_poll(findings, grammar, now)
    }
}

async fn parse_body(
    reply: crate::model::Reply,
    known_hash: Option<String>,
) -> Result<Body, CycleError> {
    let parse = move || {
        let hash = body_hash(&reply.body);
        if known_hash.as_deref() == Some(hash.as_str()) {
            return Body::Same;
        }
        match feed::parse(&reply.body, reply.content_type.as_deref(), &reply.final_url) {
            Ok(parsed) => Body::Feed(parsed, hash),
            Err(error) => Body::Broken(error),
        }
    };
    // A panic in a parser is that feed's error (S9).
    Ok(tokio::task::spawn_blocking(parse).await.unwrap_or(Body::Broken(feed::ParseError::Panic)))
}

fn hostname() -> String {
    std::fs::read_to_string("/etc/hostname")
        .map(|h| h.trim().to_owned())
        .ok()
        .filter(|h| !h.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}
