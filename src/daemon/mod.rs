//! Wiring: the cycle of polling, composing and delivering, the loop that runs it by schedule, and
//! the conversation with systemd. No rules of the domain.

mod cycle;
mod notify;
mod run;

pub use cycle::{Clock, Cycle, CycleError, DigestResult, MailResult, PollResult};
pub use run::run;
