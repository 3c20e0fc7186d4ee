//! The steps of a cycle, each a function that tests can call: poll a feed, compose a digest,
//! deliver what is due. Used by `once` and by the daemon's loop.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;

use crate::config::{Config, DigestConfig};
use crate::crash;
use crate::detect::{Grammar, Names, UserLexicon};
use crate::digest::{
    Context, Selection, compose, compose_health, compose_quiet, compose_watched, is_quiet_for_long,
    period, render_html, render_text,
};
use crate::fetch::{Client, FetchError};
use crate::health::{judge, line};
use crate::mail::{
    MailError, Mailer, Outgoing, Signer, build_message, message_id, unsubscribe_links,
};
use crate::model::{
    Attempt, Delivery, Digest, Feed, FeedState, FeedStates, Late, Notice, Occasion, OutboxItem,
    OutboxState, Outcome, Period, Subscription, Trouble,
};
use crate::outbox::after_attempt;
use crate::store::{
    Applied, DigestRecord, NewMessage, Progress, Store, StoreError, StoreTrouble, Unsent,
};

use super::writer::{TOGETHER_MAX, Writer};

/// Messages on their way at once: some slow readers' servers hold up nobody, and a server is not
/// flooded (most allow ten connections or more from one client).
const DELIVERIES_AT_ONCE: usize = 8;
/// Digests that could not be mailed are told in the next one, unless they go back further than this: what
/// grows for longer would be given up as a whole (outbox.rs: after five days).
const CATCH_UP_MAX: chrono::Duration = chrono::Duration::days(4);
/// While messages are on their way the outbox is looked at so often for new ones.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(5);

/// The time, as a value: the system's, or one that tests move.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// Seconds since 1970 that a test moves on.
    Simulated(&'static AtomicI64),
}

impl Clock {
    /// Now.
    #[allow(clippy::disallowed_methods)]
    pub fn now(self) -> DateTime<Utc> {
        match self {
            Clock::System => Utc::now(),
            Clock::Simulated(seconds) => {
                DateTime::from_timestamp(seconds.load(Ordering::SeqCst), 0).unwrap_or_default()
            }
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

impl CycleError {
    /// Whether it may be over by itself: the disk is full, read-only or away, or another program holds
    /// the database.
    pub fn may_pass(&self) -> bool {
        matches!(self, CycleError::Store(error) if error.trouble() != StoreTrouble::Other)
    }
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
    /// The feed as it is known from now on.
    pub state: FeedState,
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
    context: Context,
    /// The messages that it corrects: reader and Message-ID, the oldest first.
    pub corrects: Vec<(String, String)>,
}

impl DigestResult {
    fn of(digest: Digest, prepared: &Prepared) -> DigestResult {
        let context = prepared.context.clone();
        let (text, html) = (render_text(&digest, &context), render_html(&digest, &context));
        DigestResult { digest, text, html, context, corrects: prepared.corrects.clone() }
    }
}

/// What the operator is told.
#[derive(Default)]
struct Troubles {
    of_feeds: Vec<Trouble>,
    of_mail: Vec<Notice>,
}

impl Troubles {
    fn is_empty(&self) -> bool {
        self.of_feeds.is_empty() && self.of_mail.is_empty()
    }

    fn lines(&self) -> Vec<String> {
        self.of_feeds.iter().map(line).chain(self.of_mail.iter().map(|n| n.text.clone())).collect()
    }

    /// The name that the message's identity is made of: no other message tells just this.
    fn label(&self) -> String {
        let last = self.of_feeds.iter().map(|t| t.id).max().unwrap_or_default();
        let over = self.of_feeds.iter().filter(|t| t.over.is_some()).count();
        match self.of_mail.last() {
            Some(notice) => format!("health-{last}-{over}-{}", notice.id),
            None => format!("health-{last}-{over}"),
        }
    }
}

/// A digest before it is rendered, and what it was made with.
struct Prepared {
    digest: Option<Digest>,
    context: Context,
    period: Period,
    progress: Progress,
    corrects: Vec<(String, String)>,
    /// Digests that reached nobody and whose changes it holds.
    takes_back: Vec<i64>,
}

impl Prepared {
    /// The record of a digest, or of a message that tells of nothing but health.
    fn record(&self, subscription: String, troubles: &Troubles) -> DigestRecord {
        let (label, subject, change_ids) = match &self.digest {
            Some(digest) => {
                (digest.label.as_str(), digest.subject.as_str(), &digest.change_ids[..])
            }
            None => ("health", "Feed health", &[][..]),
        };
        DigestRecord {
            subscription,
            label: label.to_owned(),
            from: self.period.from,
            until: self.period.until,
            subject: subject.to_owned(),
            composed: self.period.until,
            change_ids: change_ids.to_vec(),
            to_readers: self.digest.is_some(),
            progress: self.progress,
            troubles: troubles.of_feeds.iter().map(|t| t.id).collect(),
            notices: troubles.of_mail.iter().map(|n| n.id).collect(),
            takes_back: self.takes_back.clone(),
        }
    }
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
    pub(super) writer: Writer,
    pub(super) client: Client,
    mailer: Arc<Mailer>,
    signer: Option<Arc<Signer>>,
    pub(super) config: Arc<Config>,
    pub(super) grammar: Arc<LazyGrammar>,
    /// What each digest takes, by its name.
    selections: Arc<HashMap<String, Selection>>,
    /// So many bodies are read at once as there are processors: more would only fill the memory.
    pub(super) readers: Arc<tokio::sync::Semaphore>,
    /// So many polls are on their way to the writer, or wait there with texts: those that wait there
    /// without hold up no others.
    pub(super) turns: Arc<tokio::sync::Semaphore>,
    clock: Clock,
    host: String,
    /// Whether what became of a message is kept until it can be written down.
    patient: bool,
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
        let mut store = Store::open(&config.store_path)?;
        store.settle_interrupted()?;
        Cycle::with_store(Arc::new(Mutex::new(store)), config, clock, credentials_directory)
    }

    fn with_store(
        store: Arc<Mutex<Store>>,
        config: Config,
        clock: Clock,
        credentials_directory: Option<&Path>,
    ) -> Result<Cycle, CycleError> {
        let client = Client::new(&config.fetch)?;
        client.prepare(config.feeds.iter().map(|f| f.feed.url.as_str()))?;
        let mailer = Arc::new(Mailer::new(&config.mail, credentials_directory)?);
        let load = |dkim| Signer::load(dkim, credentials_directory).map(Arc::new);
        let signer = config.mail.dkim.as_ref().map(load).transpose()?;
        let host = hostname();
        let words: Vec<UserLexicon> = config.lexicons.iter().map(|l| l.words.clone()).collect();
        let selections = Arc::new(selections(&config.digests, &words));
        let grammar = grammar(words);
        let writer = Writer::start(Arc::clone(&store));
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let readers = Arc::new(tokio::sync::Semaphore::new(processors));
        let turns = Arc::new(tokio::sync::Semaphore::new(config.fetch.concurrency * 2));
        let config = Arc::new(config);
        let cycle = Cycle {
            store,
            writer,
            client,
            mailer,
            signer,
            config,
            grammar,
            selections,
            readers,
            turns,
            clock,
            host,
            patient: false,
        };
        let feeds: Vec<&Feed> = cycle.config.feeds.iter().map(|f| &f.feed).collect();
        let subscriptions: Vec<_> = cycle.config.digests.iter().map(|d| &d.subscription).collect();
        let mut store = cycle.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.register_feeds(&feeds)?;
        store.register_subscriptions(&subscriptions, clock.now())?;
        let rests = store.host_rests(clock.now())?;
        drop(store);
        crash::point("start.registered");
        cycle.resume_rests(&rests);
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
        let store = Arc::clone(&self.store);
        let cycle = Cycle::with_store(store, config, self.clock, credentials_directory)?;
        Ok(Cycle { patient: self.patient, ..cycle })
    }

    /// One that keeps what became of a message until it can be written down, however long the disk is
    /// full: for a daemon, which goes on then. A command ends instead.
    #[must_use]
    pub fn patient(self) -> Cycle {
        Cycle { patient: true, ..self }
    }

    /// So many polls are worth starting: those on their way, and those that are written together.
    pub fn polls_at_once(&self) -> usize {
        self.config.fetch.concurrency * 2 + TOGETHER_MAX
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

    /// What is known of the feeds.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn states(&self) -> Result<FeedStates, CycleError> {
        self.with("reading the feeds' states", |s| s.feed_states()).await
    }

    /// A host that asked for a rest keeps it over a restart.
    fn resume_rests(&self, rests: &[(String, DateTime<Utc>)]) {
        let now = self.clock.now();
        for (url, until) in rests {
            if let Ok(rest) = (*until - now).to_std() {
                self.client.rest(url, rest);
            }
        }
    }

    /// Composes the digest of a subscription from what is pending and puts its messages into the
    /// outbox; a quiet period only moves on.
    ///
    /// # Errors
    /// When the store fails or a message cannot be built.
    pub async fn compose(
        &self,
        digest: &DigestConfig,
        late: Option<Late>,
    ) -> Result<Option<DigestResult>, CycleError> {
        let until = self.clock.now();
        crash::point("compose.begun");
        let prepared = self.prepare(digest, Occasion::Scheduled, late, until, None).await?;
        let troubles = match self.operator_of(digest) {
            Some(_) => self.troubles(until).await?,
            None => Troubles::default(),
        };
        crash::point("compose.prepared");
        if prepared.digest.is_some()
            && let Some(unsent) = self.unsent(digest, until).await?
        {
            let all = self.prepare(digest, Occasion::Scheduled, None, until, Some(&unsent)).await?;
            let (stored, shown) = self.put_out(digest, &all, &troubles, until).await?;
            if stored {
                tracing::info!(digest = %digest.subscription.name, digests = unsent.digests.len(), "digests that could not be mailed are told in this one");
                return Ok(shown);
            }
        }
        Ok(self.put_out(digest, &prepared, &troubles, until).await?.1)
    }

    /// The digests of a subscription that reached nobody so far.
    async fn unsent(
        &self,
        digest: &DigestConfig,
        until: DateTime<Utc>,
    ) -> Result<Option<Unsent>, CycleError> {
        let name = digest.subscription.name.clone();
        let from = until - CATCH_UP_MAX;
        self.with("looking for unsent digests", move |s| s.unsent_digests(&name, from)).await
    }

    /// Tells at once what there is of watched names; what else there is waits for the schedule.
    ///
    /// # Errors
    /// When the store fails or a message cannot be built.
    pub async fn compose_watched(
        &self,
        digest: &DigestConfig,
    ) -> Result<Option<DigestResult>, CycleError> {
        let until = self.clock.now();
        let prepared = self.prepare(digest, Occasion::Watch, None, until, None).await?;
        Ok(self.put_out(digest, &prepared, &Troubles::default(), until).await?.1)
    }

    /// Records a digest with its messages, or that there was nothing to say. False: it was to tell what
    /// others hold that are on their way meanwhile, and nothing was recorded.
    async fn put_out(
        &self,
        digest: &DigestConfig,
        prepared: &Prepared,
        troubles: &Troubles,
        until: DateTime<Utc>,
    ) -> Result<(bool, Option<DigestResult>), CycleError> {
        let name = digest.subscription.name.clone();
        let shown = prepared.digest.clone().map(|d| DigestResult::of(d, prepared));
        let messages = self.messages(digest, prepared, shown.as_ref(), troubles, until)?;
        crash::point("compose.built");
        if shown.is_none() && messages.is_empty() {
            let progress = prepared.progress;
            let skip = move |s: &mut Store| match progress {
                Progress::Period { cursor } => s.skip_digest(&name, cursor, until),
                Progress::Watched { up_to } => s.skip_watched(&name, up_to),
            };
            self.with("closing a quiet period", skip).await?;
            return Ok((true, None));
        }
        let record = prepared.record(name, troubles);
        let commit = move |s: &mut Store| s.commit_digest(&record, &messages);
        let stored = self.with("recording a digest", commit).await?;
        crash::point("compose.ended");
        Ok((stored, shown))
    }

    /// The operator, where this digest is the one that tells of the feeds' health: one that the
    /// operator reads, else the first.
    fn operator_of(&self, digest: &DigestConfig) -> Option<&str> {
        let operator = self.config.mail.operator.as_deref()?;
        let reads = |d: &DigestConfig| d.subscription.to.iter().any(|to| to == operator);
        let chosen = self.config.digests.iter().find(|d| reads(d)).or(self.config.digests.first());
        let mine = chosen.is_some_and(|d| d.subscription.name == digest.subscription.name);
        mine.then_some(operator)
    }

    /// Looks at the feeds' health; gives what nobody was told of, about mail as well.
    async fn troubles(&self, now: DateTime<Utc>) -> Result<Troubles, CycleError> {
        self.with("looking at the feeds' health", move |store| {
            let turns: Vec<_> = store
                .feed_health()?
                .iter()
                .flat_map(|f| judge(f, now).into_iter().map(|turn| (f.feed_id, turn)))
                .collect();
            store.record_turns(&turns, now)?;
            Ok(Troubles { of_feeds: store.untold_troubles()?, of_mail: store.untold_notices()? })
        })
        .await
    }

    /// A message to each reader; the operator's has the feeds' health in it.
    fn messages(
        &self,
        digest: &DigestConfig,
        prepared: &Prepared,
        shown: Option<&DigestResult>,
        troubles: &Troubles,
        until: DateTime<Utc>,
    ) -> Result<Vec<NewMessage>, CycleError> {
        let operator = self.operator_of(digest).filter(|_| !troubles.is_empty());
        let mut messages = Vec::new();
        if let Some(result) = shown {
            for to in digest.subscription.to.iter().filter(|to| Some(to.as_str()) != operator) {
                messages.push(self.message(result, to, until)?);
            }
        }
        let Some(operator) = operator else { return Ok(messages) };
        let health = troubles.lines();
        let reads = digest.subscription.to.iter().any(|to| to == operator);
        let shown = match prepared.digest.clone().filter(|_| reads) {
            Some(shown) => Digest { health, ..shown },
            None => {
                let (period, context) = (prepared.period.clone(), &prepared.context);
                compose_health(&digest.subscription.name, &health, period, context)
            }
        };
        let mut result = DigestResult::of(shown, prepared);
        if result.digest.change_ids.is_empty() {
            result.digest.label = format!("{}.{}", result.digest.label, troubles.label());
        }
        messages.push(self.message(&result, operator, until)?);
        Ok(messages)
    }

    /// The digest as it would be composed now; nothing is stored.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn preview(&self, digest: &DigestConfig) -> Result<Option<DigestResult>, CycleError> {
        let prepared =
            self.prepare(digest, Occasion::Scheduled, None, self.clock.now(), None).await?;
        Ok(prepared.digest.clone().map(|digest| DigestResult::of(digest, &prepared)))
    }

    async fn prepare(
        &self,
        digest: &DigestConfig,
        occasion: Occasion,
        late: Option<Late>,
        until: DateTime<Utc>,
        unsent: Option<&Unsent>,
    ) -> Result<Prepared, CycleError> {
        let subscription = &digest.subscription;
        let name = subscription.name.clone();
        let before = unsent.cloned();
        let (state, changes, last, (feeds_read, feeds_failing)) = self
            .with("reading changes", move |s| {
                let mut state = s.subscription_state(&name)?;
                let mut taken_back = Vec::new();
                if let Some(before) = before {
                    state.cursor = state.cursor.min(before.cursor);
                    state.last_run = state.last_run.min(before.from);
                    taken_back = before.digests;
                }
                let changes = s.pending_changes(state.cursor, &name, &taken_back)?;
                Ok((state, changes, s.last_change()?, s.feed_counts()?))
            })
            .await?;
        let unsent_since = |u: &Unsent| Late { due: u.from, times: u.digests.len(), unsent: true };
        let context = Context {
            feeds_read,
            feeds_failing,
            late: unsent.map(unsent_since).or(late),
            told_at_once: state.told_at_once,
            host: self.host.clone(),
            stop: unsubscribe_links(&self.config.mail, &subscription.name, "").1,
            timezone: digest.timezone,
        };
        let period = period(state.last_run, until, digest.timezone);
        let selection = self.selections.get(&subscription.name).cloned();
        let selection = selection.unwrap_or_else(|| Selection::plain(subscription));
        let (found, progress) = match occasion {
            Occasion::Watch => (
                compose_watched(&changes, &selection, period.clone(), &context),
                Progress::Watched { up_to: last },
            ),
            Occasion::Scheduled | Occasion::Quiet => (
                compose(&changes, &selection, period.clone(), &context),
                Progress::Period { cursor: last },
            ),
        };
        let quiet = subscription.all_quiet
            && occasion != Occasion::Watch
            && is_quiet_for_long(state.spoke, until, digest.timezone);
        let note = || {
            let silence = self::period(state.spoke, until, digest.timezone);
            compose_quiet(&subscription.name, silence, &context)
        };
        let digest = found.or_else(|| quiet.then(note));
        let corrects = self.corrects(subscription, digest.as_ref()).await?;
        let takes_back = unsent.map(|u| u.digests.clone()).unwrap_or_default();
        Ok(Prepared { digest, context, period, progress, corrects, takes_back })
    }

    /// The messages that first told what a digest corrects.
    async fn corrects(
        &self,
        subscription: &Subscription,
        digest: Option<&Digest>,
    ) -> Result<Vec<(String, String)>, CycleError> {
        let changes = digest.map(|d| d.corrected.clone()).unwrap_or_default();
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let name = subscription.name.clone();
        self.with("looking for what is corrected", move |s| s.first_told(&name, &changes)).await
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
        let to_them = result.corrects.iter().filter(|(reader, _)| reader == recipient);
        let corrects: Vec<String> = to_them.map(|(_, message)| message.clone()).collect();
        // Only a footer that is each reader's own is worth rendering again.
        let own = unsubscribe_links(&self.config.mail, &result.digest.subscription, recipient).0;
        let own = own.map(|stop| {
            let context = Context { stop, ..result.context.clone() };
            (render_text(&result.digest, &context), render_html(&result.digest, &context))
        });
        let (text, html) = own.as_ref().map_or((&result.text, &result.html), |(t, h)| (t, h));
        let outgoing = Outgoing {
            subscription: &result.digest.subscription,
            recipient,
            subject: &result.digest.subject,
            text,
            html,
            date,
            message_id: &id,
            corrects: &corrects,
        };
        let bytes = build_message(&self.config.mail, self.signer.as_deref(), &outgoing)?;
        Ok(NewMessage {
            recipient: recipient.to_owned(),
            sender: self.config.mail.from_address.clone(),
            message_id: id,
            bytes,
        })
    }

    /// Hands over every message that is due, several at a time, to each reader the oldest first. One
    /// reader's failure or slowness holds up no other.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn deliver(&self) -> Result<MailResult, CycleError> {
        let mut result = MailResult::default();
        let mut under_way: JoinSet<Result<(String, Attempt), CycleError>> = JoinSet::new();
        let mut busy: HashSet<String> = HashSet::new();
        let mut failed = None;
        loop {
            if failed.is_none() {
                self.start_due(&mut under_way, &mut busy).await?;
            }
            let ended = tokio::select! {
                Some(ended) = under_way.join_next() => ended,
                () = tokio::time::sleep(LOOK_AGAIN), if !under_way.is_empty() => continue,
                else => break,
            };
            let (recipient, attempt) =
                match ended.map_err(|_| CycleError::Task("handing over a message"))? {
                    Ok(ended) => ended,
                    // What is on its way to others is not cut off: it would be sent twice.
                    Err(error) => {
                        failed.get_or_insert(error);
                        continue;
                    }
                };
            busy.remove(&recipient);
            let told = format!("{recipient}: {}", attempt.note);
            match attempt.state {
                OutboxState::Sent => result.sent += 1,
                OutboxState::Failed => result.failed.push(told),
                OutboxState::Pending | OutboxState::Uncertain => result.waiting.push(told),
            }
        }
        self.mailer.close().await;
        crash::point("deliver.ended");
        failed.map_or(Ok(result), Err)
    }

    /// Begins to hand over what is due to readers to whom nothing is on its way.
    async fn start_due(
        &self,
        under_way: &mut JoinSet<Result<(String, Attempt), CycleError>>,
        busy: &mut HashSet<String>,
    ) -> Result<(), CycleError> {
        let now = self.clock.now();
        let most = u32::try_from(DELIVERIES_AT_ONCE + busy.len()).unwrap_or(u32::MAX);
        let due = self.with("reading the outbox", move |s| s.outbox_due(now, most)).await?;
        crash::point("deliver.read");
        for item in due {
            if under_way.len() < DELIVERIES_AT_ONCE && busy.insert(item.recipient.clone()) {
                let cycle = self.clone();
                under_way.spawn(async move { cycle.hand_over(item).await });
            }
        }
        Ok(())
    }

    /// One attempt: written down, made, its outcome written down.
    async fn hand_over(&self, item: OutboxItem) -> Result<(String, Attempt), CycleError> {
        let (id, message_id, now) = (item.id, item.message_id.clone(), self.clock.now());
        let begin = move |s: &mut Store| s.begin_attempt(id, &message_id, now);
        if !self.with("recording that a delivery begins", begin).await? {
            let outcome = Delivery::Refused(
                "dropped by hand, or told in a later digest, meanwhile".to_owned(),
            );
            let attempt = after_attempt(&item, &outcome, now);
            return Ok((item.recipient, attempt));
        }
        let outcome = self.mailer.deliver(&item).await;
        let now = self.clock.now();
        let mut attempt = after_attempt(&item, &outcome, now);
        if self.config.mail.operator.as_deref() == Some(item.recipient.as_str()) {
            // To tell the operator that mail to the operator fails would never end.
            attempt.notice = None;
        }
        let accepted = matches!(outcome, Delivery::Accepted(_));
        tracing::info!(recipient = %item.recipient, message_id = %item.message_id, accepted, "{}", attempt.note);
        self.write_down(&item, &attempt, now).await?;
        Ok((item.recipient, attempt))
    }

    /// Writes down what came of an attempt; where the disk is full a patient cycle waits for room: what
    /// is not written down would be sent again.
    async fn write_down(
        &self,
        item: &OutboxItem,
        attempt: &Attempt,
        now: DateTime<Utc>,
    ) -> Result<(), CycleError> {
        loop {
            let (item, attempt) = (item.clone(), attempt.clone());
            let record = move |s: &mut Store| s.record_attempt(&item, &attempt, now);
            match self.with("recording a delivery", record).await {
                Err(error) if self.patient && error.may_pass() => {
                    tracing::error!("{error}; it is tried again until there is room");
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                written => return written,
            }
        }
    }
}

/// A grammar that is built when the first text is read: a pass in which nothing changed needs none.
pub(super) type LazyGrammar = LazyLock<Grammar, Box<dyn FnOnce() -> Grammar + Send>>;

/// The built-in words are read once for the whole program.
fn grammar(words: Vec<UserLexicon>) -> Arc<LazyGrammar> {
    fn lazy(words: Vec<UserLexicon>) -> Arc<LazyGrammar> {
        Arc::new(LazyLock::new(Box::new(move || Grammar::with(&words))))
    }
    static BUILT_IN: LazyLock<Arc<LazyGrammar>> = LazyLock::new(|| lazy(Vec::new()));
    if words.is_empty() { Arc::clone(&BUILT_IN) } else { lazy(words) }
}

/// What each digest takes; names are looked up only where some are given.
fn selections(digests: &[DigestConfig], words: &[UserLexicon]) -> HashMap<String, Selection> {
    let names: LazyLock<Names, _> = LazyLock::new(|| Names::with(words));
    let selection = |subscription: &Subscription| {
        Selection::new(subscription, |name| names.forms(name), |body| names.below(body))
    };
    digests.iter().map(|d| (d.subscription.name.clone(), selection(&d.subscription))).collect()
}

fn hostname() -> String {
    std::fs::read_to_string("/etc/hostname")
        .map(|h| h.trim().to_owned())
        .ok()
        .filter(|h| !h.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}
