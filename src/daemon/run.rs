//! The daemon's loop: what is due is started, what ended is told, signals are heard.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

use super::agenda::Agenda;
use super::cycle::{Cycle, CycleError, PollResult};
use super::notify;
use super::upkeep::{DAILY, UpkeepResult, keep_up, upkeep_is_due};
use crate::config::{self, DigestConfig, Environment};
use crate::model::{Late, Outcome};
use crate::schedule::{missed, next_due};
use crate::store::{Store, SubscriptionState};

type Polls = JoinSet<Result<Vec<PollResult>, CycleError>>;

/// The loop looks at what is due at least this often, so that a clock that jumps is noticed.
const LOOK_AGAIN: Duration = Duration::from_secs(20);
/// Polls that are under way when the daemon is told to stop may take so long to end.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// A digest sent this long after its time says that it is late.
const LATE_AFTER: chrono::Duration = chrono::Duration::minutes(15);

/// While the database cannot be written it is tried so often.
const ROOM_AGAIN: Duration = Duration::from_secs(5);

/// Runs until SIGTERM or SIGINT. While the database cannot be written, for the disk is full or another
/// program holds it, nothing is polled, composed or sent, and what was under way is taken up again after.
///
/// # Errors
/// When the store fails otherwise: systemd starts the daemon again.
pub async fn run(
    cycle: Cycle,
    environment: Environment,
    credentials_directory: Option<PathBuf>,
) -> Result<(), CycleError> {
    let mut signals = Signals::listen()?;
    let cycle = cycle.patient();
    let mut daemon = Daemon {
        agenda: agenda(&cycle, None).await?,
        cycle,
        environment,
        credentials_directory,
        running: Running::default(),
        watchdog: tokio::time::interval(
            notify::watchdog_interval().unwrap_or(Duration::from_secs(3600)),
        ),
    };
    notify::ready();
    tracing::info!(
        feeds = daemon.cycle.config().feeds.len(),
        digests = daemon.cycle.config().digests.len(),
        "started"
    );
    loop {
        let turn = match daemon.turn(&mut signals).await {
            Err(error) if error.may_pass() => daemon.pause(&error, &mut signals).await?,
            turn => turn?,
        };
        if turn == Turn::Last {
            break;
        }
    }
    notify::stopping();
    tracing::info!("stopping");
    stop(daemon.running.polls, daemon.running.mail).await
}

/// What the daemon is told from outside.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> Result<Signals, CycleError> {
        let listen = |kind| signal(kind).map_err(|_| CycleError::Task("listening for signals"));
        Ok(Signals {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }
}

/// Whether the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Next,
    Last,
}

/// What is under way beside the loop.
#[derive(Default)]
struct Running {
    polls: Polls,
    mail: Mail,
    upkeep: JoinSet<Result<UpkeepResult, CycleError>>,
}

struct Daemon {
    cycle: Cycle,
    agenda: Agenda,
    running: Running,
    watchdog: tokio::time::Interval,
    environment: Environment,
    credentials_directory: Option<PathBuf>,
}

impl Daemon {
    /// Starts what is due, and waits until something ends, is due or is said.
    async fn turn(&mut self, signals: &mut Signals) -> Result<Turn, CycleError> {
        let Daemon { cycle, agenda, running, watchdog, .. } = self;
        start_polls(cycle, &mut running.polls, agenda);
        let times = Times::read(cycle).await?;
        running.mail.start(cycle, &times);
        if running.upkeep.is_empty() && upkeep_is_due(cycle, times.upkeep).await? {
            let cycle = cycle.clone();
            running.upkeep.spawn(async move { keep_up(&cycle).await });
        }
        let wait = next_look(agenda, &times, cycle.now());
        let Running { polls, mail, upkeep } = running;
        tokio::select! {
            _ = signals.terminate.recv() => return Ok(Turn::Last),
            _ = signals.interrupt.recv() => return Ok(Turn::Last),
            _ = signals.hangup.recv() => return self.reload().await,
            _ = watchdog.tick() => notify::alive(),
            Some(ended) = polls.join_next(), if !polls.is_empty() => {
                // Polls end by the dozen, for they are written together.
                let mut next = Some(ended);
                while let Some(ended) = next {
                    for result in ended.map_err(|_| CycleError::Task("a poll"))?? {
                        tell(&result);
                        agenda.ended(result.state, cycle.now());
                    }
                    next = polls.try_join_next();
                }
                notify::status(&status(agenda, &times));
            }
            Some(ended) = mail.composing.join_next(), if !mail.composing.is_empty() => mailed(ended)?,
            Some(ended) = mail.delivering.join_next(), if !mail.delivering.is_empty() => mailed(ended)?,
            Some(ended) = upkeep.join_next(), if !upkeep.is_empty() => { ended.map_err(|_| CycleError::Task("upkeep"))??; }
            () = tokio::time::sleep(wait) => {}
        }
        Ok(Turn::Next)
    }

    async fn reload(&mut self) -> Result<Turn, CycleError> {
        let cycle = self.cycle.clone();
        self.cycle = reload(cycle, &self.environment, self.credentials_directory.as_deref());
        self.agenda = agenda(&self.cycle, Some(&self.agenda)).await?;
        Ok(Turn::Next)
    }

    /// Does nothing until the database can be written again. Polls and digests that were under way are
    /// dropped: nothing of them was stored, so that they are due again. Messages that were handed over
    /// wait for being written down.
    async fn pause(
        &mut self,
        error: &CycleError,
        signals: &mut Signals,
    ) -> Result<Turn, CycleError> {
        tracing::error!(
            "{error}; nothing is polled, composed or sent until the database can be written again"
        );
        notify::status(&format!("PAUSED, the database cannot be written: {error}"));
        self.running.polls = JoinSet::new();
        self.running.mail.composing = JoinSet::new();
        self.running.upkeep = JoinSet::new();
        // Not a sleep in the loop: each tick of the watchdog would begin it anew.
        let mut again = tokio::time::interval(ROOM_AGAIN);
        again.reset();
        loop {
            tokio::select! {
                _ = signals.terminate.recv() => return Ok(Turn::Last),
                _ = signals.interrupt.recv() => return Ok(Turn::Last),
                // A new configuration would be written to the database: it is read after.
                _ = self.watchdog.tick() => notify::alive(),
                _ = again.tick() => {
                    match self.cycle.with("trying to write", |s| s.try_to_write()).await {
                        Err(error) if error.may_pass() => {}
                        tried => { tried?; break; }
                    }
                }
            }
        }
        tracing::info!("the database can be written again; going on");
        self.agenda = agenda(&self.cycle, None).await?;
        notify::status("going on");
        Ok(Turn::Next)
    }
}

/// Lets what is under way end: each poll is one transaction, and a delivery that is cut off would
/// be made twice.
async fn stop(mut polls: Polls, mut mail: Mail) -> Result<(), CycleError> {
    let finish = async {
        while let Some(ended) = mail.composing.join_next().await {
            mailed(ended)?;
        }
        while let Some(ended) = mail.delivering.join_next().await {
            mailed(ended)?;
        }
        while let Some(ended) = polls.join_next().await {
            ended.map_err(|_| CycleError::Task("a poll"))??.iter().for_each(tell);
        }
        Ok(())
    };
    // What takes longer is dropped before its transaction: a poll's validators are not stored, so the
    // next start asks for it again; a message that was on its way is known to be uncertain.
    tokio::time::timeout(STOP_PATIENCE, finish).await.unwrap_or(Ok(()))
}

async fn agenda(cycle: &Cycle, before: Option<&Agenda>) -> Result<Agenda, CycleError> {
    let states = cycle.states().await?;
    Ok(Agenda::new(&cycle.config().feeds, states, cycle.now(), before))
}

fn start_polls(cycle: &Cycle, polls: &mut Polls, agenda: &mut Agenda) {
    let free = cycle.polls_at_once().saturating_sub(polls.len());
    for group in agenda.take_due(cycle.now(), free) {
        let cycle = cycle.clone();
        // In a box: a task is moved several times before it runs.
        polls.spawn(Box::pin(async move { cycle.poll(group).await }));
    }
}

/// Composing and handing over, side by side: a mail server that is slow to answer holds up no digest.
#[derive(Default)]
struct Mail {
    composing: JoinSet<Result<(), CycleError>>,
    delivering: JoinSet<Result<(), CycleError>>,
}

impl Mail {
    /// Starts what is due and not under way.
    fn start(&mut self, cycle: &Cycle, times: &Times) {
        let now = cycle.now();
        let is_due = |time: Option<DateTime<Utc>>| time.is_some_and(|at| at <= now);
        if self.composing.is_empty() && (is_due(times.digest) || times.watched) {
            let cycle = cycle.clone();
            self.composing.spawn(async move { compose_due(&cycle).await });
        }
        if self.delivering.is_empty() && is_due(times.outbox) {
            let cycle = cycle.clone();
            self.delivering.spawn(async move { deliver_due(&cycle).await });
        }
    }
}

/// When what is no poll is due, by one look into the store for each turn of the loop.
struct Times {
    /// The next digest.
    digest: Option<DateTime<Utc>>,
    /// Whether there are changes that were not looked through for watched names.
    watched: bool,
    /// The next message.
    outbox: Option<DateTime<Utc>>,
    /// The last daily upkeep.
    upkeep: Option<DateTime<Utc>>,
}

impl Times {
    async fn read(cycle: &Cycle) -> Result<Times, CycleError> {
        let now = cycle.now();
        let digests: Vec<String> =
            cycle.config().digests.iter().map(|d| d.subscription.name.clone()).collect();
        let look = move |store: &mut Store| {
            let states = digests.iter().map(|name| store.subscription_state(name));
            let states = states.collect::<Result<Vec<_>, _>>()?;
            let last = store.last_change()?;
            Ok((states, last, store.next_outbox_time()?, store.upkeep_done(DAILY)?))
        };
        let (states, last, outbox, upkeep) = cycle.with("looking what is due", look).await?;
        let digests = || cycle.config().digests.iter().zip(&states);
        let digest = digests().filter_map(|(d, state)| digest_time(d, state.last_run, now)).min();
        let watched = digests().any(|(digest, state)| is_to_watch(digest, state, last));
        Ok(Times { digest, watched, outbox, upkeep })
    }
}

fn mailed(ended: Result<Result<(), CycleError>, tokio::task::JoinError>) -> Result<(), CycleError> {
    ended.map_err(|_| CycleError::Task("mailing"))?
}

/// Whether there are changes that a digest has not looked through for names to tell of at once.
fn is_to_watch(digest: &DigestConfig, state: &SubscriptionState, last_change: i64) -> bool {
    digest.subscription.watch_immediately && state.watched < last_change
}

/// Composes the digests whose time has come, and what is to be told before.
async fn compose_due(cycle: &Cycle) -> Result<(), CycleError> {
    for digest in &cycle.config().digests {
        let now = cycle.now();
        let name = digest.subscription.name.clone();
        let look = move |s: &mut Store| Ok((s.subscription_state(&name)?, s.last_change()?));
        let (state, last) = cycle.with("reading a digest's state", look).await?;
        let due = digest_time(digest, state.last_run, now).filter(|at| *at <= now);
        let result = match due {
            Some(_) => cycle.compose(digest, lateness(digest, state.last_run, now)).await?,
            None if is_to_watch(digest, &state, last) => cycle.compose_watched(digest).await?,
            None => None,
        };
        if let Some(result) = result {
            tracing::info!(digest = %result.digest.subscription, label = %result.digest.label, "{}", result.digest.subject);
        }
    }
    Ok(())
}

/// That a digest goes out after its time, where it does.
fn lateness(digest: &DigestConfig, last_run: DateTime<Utc>, now: DateTime<Utc>) -> Option<Late> {
    let (due, times) = missed(&digest.schedule, digest.timezone, last_run, now)?;
    (now - due > LATE_AFTER).then_some(Late { due, times, unsent: false })
}

/// Hands over what is due.
async fn deliver_due(cycle: &Cycle) -> Result<(), CycleError> {
    let result = cycle.deliver().await?;
    for reason in result.failed.iter().chain(&result.waiting) {
        tracing::warn!("mail: {reason}");
    }
    Ok(())
}

fn digest_time(
    digest: &DigestConfig,
    last_run: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    next_due(&digest.schedule, digest.timezone, Some(last_run), now, Duration::ZERO)
}

/// How long nothing will be due.
fn next_look(agenda: &Agenda, times: &Times, now: DateTime<Utc>) -> Duration {
    let later = |time: Option<DateTime<Utc>>| time.filter(|at| *at > now);
    // A feed that is due already waits for another poll to end, a message that is due already is on
    // its way: that task looks at the outbox by itself.
    let next = [later(agenda.next()), times.digest, later(times.outbox)];
    let next = next.into_iter().flatten().min();
    let wait = next.map_or(LOOK_AGAIN, |at| (at - now).to_std().unwrap_or_default());
    wait.clamp(Duration::from_millis(200), LOOK_AGAIN)
}

/// The new configuration, or the old one where the new is wrong.
fn reload(cycle: Cycle, environment: &Environment, credentials_directory: Option<&Path>) -> Cycle {
    notify::reloading();
    let path = cycle.config().path.clone();
    let outcome = config::load(&path, environment).map_err(|e| e.to_string()).and_then(|config| {
        if config.store_path != cycle.config().store_path {
            return Err("the database cannot be changed while running; restart for that".to_owned());
        }
        cycle.reconfigured(config, credentials_directory).map_err(|e| e.to_string())
    });
    match outcome {
        Ok(new) => {
            tracing::info!(
                feeds = new.config().feeds.len(),
                digests = new.config().digests.len(),
                lexicons = new.config().lexicons.len(),
                "configuration reloaded"
            );
            notify::ready();
            new
        }
        Err(reason) => {
            tracing::error!("the new configuration is wrong, the old one stays in use:\n{reason}");
            notify::status(
                "running with the old configuration: the new one is wrong (see the log)",
            );
            notify::ready();
            cycle
        }
    }
}

fn status(agenda: &Agenda, times: &Times) -> String {
    let (feeds, failing) = agenda.count();
    let digest = times
        .digest
        .map(|at| format!(", next digest {}", at.format("%Y-%m-%d %H:%M UTC")))
        .unwrap_or_default();
    format!("{feeds} feeds, {failing} failing{digest}")
}

/// One line for a poll: changes at info, the rest at debug.
fn tell(result: &PollResult) {
    let feed = &result.feed;
    match &result.outcome {
        Outcome::Failed(reason) => tracing::warn!(feed, "{reason}"),
        Outcome::Postponed(reason) => tracing::info!(feed, "{reason}"),
        Outcome::Gone => {
            tracing::warn!(feed, "the publisher says that this feed is gone; it is asked no more")
        }
        _ if result.applied.changes > 0 => tracing::info!(
            feed,
            facts = result.applied.new_facts,
            changes = result.applied.changes,
            "news"
        ),
        _ => tracing::debug!(feed, entries = result.applied.new_entries, "polled"),
    }
    for warning in &result.warnings {
        tracing::debug!(feed, "{warning}");
    }
}
