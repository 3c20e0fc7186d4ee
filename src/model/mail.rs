//! Messages on their way out.

use chrono::{DateTime, Utc};

/// The state of a message in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// Waits for its first or next attempt.
    Pending,
    /// The server answered 2xx.
    Sent,
    /// The server went silent after DATA, or the program ended before it had the answer: it may have
    /// been delivered. Retried with the same bytes and Message-ID (RFC 1047).
    Uncertain,
    /// Refused for good (5xx), undeliverable past the deadline, withheld from a suspended recipient,
    /// or dropped by hand. The note says which.
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

    /// The state of a word of the database.
    pub fn parse(word: &str) -> Option<OutboxState> {
        use OutboxState::{Failed, Pending, Sent, Uncertain};
        [Pending, Sent, Uncertain, Failed].into_iter().find(|state| state.as_str() == word)
    }
}

/// One frozen message to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxItem {
    /// Its row.
    pub id: i64,
    /// The digest that it holds.
    pub digest_id: i64,
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
    /// How many attempts were made since `created`.
    pub attempts: u32,
    /// When it was composed, or taken up again by hand: the deadline counts from here.
    pub created: DateTime<Utc>,
    /// How many other digests the server refused for this recipient in a row, for good.
    pub refused_before: u32,
    /// Not before this time.
    pub next_attempt: DateTime<Utc>,
}

/// What came of one attempt to hand a message over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Accepted: the server's answer.
    Accepted(String),
    /// This recipient or this message was refused for good (5xx): the server's answer.
    Refused(String),
    /// Not now: 4xx, no connection, a time-out before the message was sent, a refusal that is about
    /// the login or the sender.
    Deferred(String),
    /// The message was sent and no answer came.
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
    /// Whether the server refused it for good.
    pub refused: bool,
    /// Whether the recipient gets no more mail until somebody looks: later digests are withheld.
    pub suspends: bool,
    /// What the operator is to be told of, once.
    pub notice: Option<String>,
}

/// Something about mail that the operator is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its row.
    pub id: i64,
    /// One line.
    pub text: String,
}
