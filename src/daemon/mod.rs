//! Wiring: the cycle of polling, composing and delivering, the loop that runs it by schedule, and
//! the conversation with systemd. No rules of the domain.

mod agenda;
mod cycle;
mod notify;
mod polling;
mod run;
mod upkeep;
mod writer;

pub use agenda::Agenda;
pub use cycle::{Clock, Cycle, CycleError, DigestResult, MailResult, PollResult};
pub use polling::{Subject, by_address};
pub use run::run;
pub use upkeep::{UpkeepResult, keep_up};
