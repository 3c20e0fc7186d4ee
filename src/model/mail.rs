//! Messages on their way out.

use chrono::{DateTime, Utc};

/// The state of a message in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// Waits for its first or next attempt.
    Pending,
    /// The server answered 2xx.
    Sent,
    /// The server went silent after DATA: it may have been delivered. Retried with the same
    /// Message-ID (RFC 1047).
    Uncertain,
    /// Refused for good (5xx), or undeliverable past the deadline.
    Failed,
}

impl OutboxState {
    /// The word used in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            OutboxState::Pending => "pending",
            OutboxState::Sent => "sent",
            OutboxState::Uncertain => "uncertain",
            OutboxState::Failed => "failed",
        }
    }
}

/// One frozen message to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxItem {
    /// Its row.
    pub id: i64,
    /// The envelope's recipient.
    pub recipient: String,
    /// The envelope's sender.
    pub sender: String,
    /// The deterministic Message-ID, angle brackets included.
    pub message_id: String,
    /// The whole message, headers and body, CRLF line ends.
    pub bytes: Vec<u8>,
    /// Where it stands.
    pub state: OutboxState,
    /// How many attempts were made.
    pub attempts: u32,
    /// When it was composed: the deadline counts from here.
    pub created: DateTime<Utc>,
    /// Not before this time.
    pub next_attempt: DateTime<Utc>,
}

/// What came of one attempt to hand a message over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Accepted: the server's answer.
    Accepted(String),
    /// Refused for good (5xx): the server's answer.
    Refused(String),
    /// Not now: 4xx, no connection, a time-out before DATA was answered.
    Deferred(String),
    /// DATA was sent and no answer came.
    Unanswered(String),
}

/// The row's next state after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The new state.
    pub state: OutboxState,
    /// When to try again, where it is to be tried again.
    pub next_attempt: Option<DateTime<Utc>>,
    /// What to tell people, one line.
    pub note: String,
}
