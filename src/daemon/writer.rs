//! One writer for all polls: what ends while it writes is written together with the next commit,
//! so that a thousand unchanged feeds cost some dozens of writes to the disk.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::crash;
use crate::model::PollPlan;
use crate::store::{Applied, Store, StoreError};

/// No more plans are written together. Most say only that nothing changed: a thousand of them are
/// written in some milliseconds, and each commit waits for the disk.
pub const TOGETHER_MAX: usize = 256;
/// Nor more text, in bytes: what waits to be written stays in memory.
const TOGETHER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// A poll waits so long for others that are under way, and come by the dozen: each commit writes some
/// large pages beside those that hold the texts, and waits for the disk; writing an unchanged feed by
/// itself would cost more than asking it did.
const LINGER: Duration = Duration::from_millis(100);
/// So often it is looked meanwhile whether all are there.
const LINGER_STEP: Duration = Duration::from_millis(20);

type Job = (PollPlan, oneshot::Sender<Result<Applied, StoreError>>);

/// The way to the writer. Dropping the last of its clones waits until everything is written, and
/// gives the store free.
#[derive(Clone, Debug)]
pub struct Writer(Arc<Thread>);

#[derive(Debug)]
struct Thread {
    /// Taken when the writer is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    handle: Option<JoinHandle<()>>,
    under_way: Arc<AtomicUsize>,
}

/// A poll that will come to the writer, until this is dropped.
#[derive(Debug)]
pub struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(handle) = self.handle.take() {
            // A writer that panicked has told its askers by then.
            let _ = handle.join();
        }
    }
}

impl Writer {
    /// Starts the writer's thread.
    pub fn start(store: Arc<Mutex<Store>>) -> Writer {
        let (jobs, waiting) = mpsc::channel::<Job>(TOGETHER_MAX);
        let under_way = Arc::new(AtomicUsize::new(0));
        let others = Arc::clone(&under_way);
        let handle = std::thread::spawn(move || write_all(&store, waiting, &others));
        Writer(Arc::new(Thread { jobs: Some(jobs), handle: Some(handle), under_way }))
    }

    /// Announces a poll, so that others may wait for it.
    pub fn announce(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(&self.0.under_way))
    }

    /// Writes a plan and says what it changed; `None` when the writer is no more.
    pub async fn apply(&self, plan: PollPlan) -> Option<Result<Applied, StoreError>> {
        let (answer, answered) = oneshot::channel();
        self.0.jobs.as_ref()?.send((plan, answer)).await.ok()?;
        answered.await.ok()
    }
}

fn write_all(store: &Mutex<Store>, mut waiting: mpsc::Receiver<Job>, under_way: &AtomicUsize) {
    while let Some(first) = waiting.blocking_recv() {
        let together = gather(first, &mut waiting, under_way);
        let plans: Vec<&PollPlan> = together.iter().map(|(plan, _)| plan).collect();
        crash::point("writer.before");
        let results = store.lock().unwrap_or_else(PoisonError::into_inner).apply_all(&plans);
        crash::point("writer.after");
        for ((_, answer), result) in together.into_iter().zip(results) {
            // Whoever asked may have been stopped meanwhile; what is written is written.
            let _ = answer.send(result);
        }
    }
}

/// A poll, and those that come while it waits for them.
fn gather(first: Job, waiting: &mut mpsc::Receiver<Job>, under_way: &AtomicUsize) -> Vec<Job> {
    let mut bytes = text_bytes(&first.0);
    let mut together = vec![first];
    let mut left = LINGER;
    loop {
        while together.len() < TOGETHER_MAX && bytes < TOGETHER_BYTES_MAX {
            let Ok(next) = waiting.try_recv() else { break };
            bytes += text_bytes(&next.0);
            together.push(next);
        }
        let full = together.len() >= TOGETHER_MAX || bytes >= TOGETHER_BYTES_MAX;
        // Those that are here are under way until they are written.
        let all = together.len() >= under_way.load(Ordering::Relaxed);
        if full || all || left.is_zero() {
            return together;
        }
        std::thread::sleep(LINGER_STEP);
        left = left.saturating_sub(LINGER_STEP);
    }
}

fn text_bytes(plan: &PollPlan) -> usize {
    plan.entries.iter().map(|entry| entry.html.len() + entry.words.len()).sum()
}
