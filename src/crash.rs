//! Named points at which a test lets the program die, so that what a crash leaves can be looked at.
//!
//! Only in builds with debug assertions: `GAZETTED_KILL_AT=name`, or `name:n` for the n-th passage,
//! makes the process kill itself there with SIGKILL, which nothing can catch: what a power cut or the
//! kernel's out-of-memory killer would do. A release build has none of this.

/// Every point, in the order in which a cycle passes them. The tests kill the program at each.
pub const POINTS: &[&str] = &[
    "start.registered",
    "poll.before-fetch",
    "poll.fetched",
    "poll.parsed",
    "poll.looked-up",
    "poll.pages",
    "poll.planned",
    "writer.before",
    "store.poll.begun",
    "store.poll.entry",
    "store.poll.fact",
    "store.poll.change",
    "store.poll.state",
    "store.poll.before-commit",
    "store.poll.committed",
    "writer.after",
    "compose.begun",
    "compose.prepared",
    "compose.built",
    "store.digest.begun",
    "store.digest.changes",
    "store.digest.message",
    "store.digest.before-commit",
    "store.digest.committed",
    "compose.ended",
    "deliver.read",
    "store.attempt.begun",
    "mail.before-connect",
    "mail.connected",
    "mail.sender",
    "mail.recipient",
    "mail.data",
    "mail.content-sent",
    "mail.answered",
    "store.attempt.before-commit",
    "store.attempt.committed",
    "deliver.ended",
];

/// Dies here, if a test asked for it.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn point(_name: &'static str) {}

/// Dies here, if a test asked for it.
#[cfg(debug_assertions)]
pub fn point(name: &'static str) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static PASSED: AtomicU32 = AtomicU32::new(0);
    debug_assert!(POINTS.contains(&name), "the point {name} is not in the list");
    if let Some((wanted, passage)) = asked()
        && wanted == name
        && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *passage
    {
        die();
    }
}

/// Whether a test asked for death at this point: for those that only time can tell apart.
#[cfg(debug_assertions)]
pub fn is_asked(name: &'static str) -> bool {
    asked().as_ref().is_some_and(|(wanted, _)| wanted == name)
}

/// The point that was asked for and the number of the passage; the environment is read once.
#[cfg(debug_assertions)]
#[allow(clippy::disallowed_methods)]
fn asked() -> &'static Option<(String, u32)> {
    static ASKED: std::sync::OnceLock<Option<(String, u32)>> = std::sync::OnceLock::new();
    ASKED.get_or_init(|| {
        let typed = std::env::var("GAZETTED_KILL_AT").ok()?;
        let (name, passage) = typed.rsplit_once(':').unwrap_or((&typed, "1"));
        Some((name.to_owned(), passage.parse().unwrap_or(1)))
    })
}

/// SIGKILL to oneself takes unsafe code or a second program; this is the second program.
#[cfg(debug_assertions)]
fn die() {
    let id = std::process::id().to_string();
    loop {
        let _ = std::process::Command::new("kill").args(["-KILL", &id]).status();
    }
}
