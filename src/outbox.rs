//! What becomes of a message after an attempt. Pure.

use chrono::{DateTime, Duration, Utc};

use crate::model::{Attempt, Delivery, OutboxItem, OutboxState, spread};

/// Minutes to wait after the first, second … failed attempt; the last one repeats.
const WAITS_MINUTES: &[i64] = &[1, 5, 15, 30, 60, 120, 240];

/// A message is tried for so long (RFC 5321 §4.5.4.1 asks for four to five days).
const GIVE_UP_AFTER: Duration = Duration::days(5);

/// The state of a message after an attempt. Only a refusal for good or the deadline ends it
/// without delivery, and both say so.
pub fn after_attempt(item: &OutboxItem, outcome: &Delivery, now: DateTime<Utc>) -> Attempt {
    let ended = |state, note: String| Attempt { state, next_attempt: None, note };
    let again = |state, note: &str| {
        if now - item.created >= GIVE_UP_AFTER {
            return ended(
                OutboxState::Failed,
                format!("given up after {} days: {note}", GIVE_UP_AFTER.num_days()),
            );
        }
        Attempt { state, next_attempt: Some(now + wait(item)), note: note.to_owned() }
    };
    match outcome {
        Delivery::Accepted(answer) => ended(OutboxState::Sent, answer.clone()),
        Delivery::Refused(answer) => ended(OutboxState::Failed, format!("refused: {answer}")),
        Delivery::Deferred(reason) => again(item.state, reason),
        Delivery::Unanswered(reason) => again(OutboxState::Uncertain, reason),
    }
}

fn wait(item: &OutboxItem) -> Duration {
    let at = usize::try_from(item.attempts).unwrap_or(usize::MAX).min(WAITS_MINUTES.len() - 1);
    let wait = Duration::minutes(WAITS_MINUTES[at]);
    let window = (wait / 4).to_std().unwrap_or_default();
    wait + Duration::from_std(spread(&item.message_id, window)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(attempts: u32) -> OutboxItem {
        let created = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        OutboxItem {
            id: 1,
            recipient: "reader@example.org".into(),
            sender: "gazetted@example.org".into(),
            message_id: "<a@example.org>".into(),
            bytes: Vec::new(),
            state: OutboxState::Pending,
            attempts,
            created,
            next_attempt: created,
        }
    }

    #[test]
    fn every_outcome_has_its_state() {
        let now = item(0).created + Duration::hours(1);
        let late = item(0).created + Duration::days(6);
        for (outcome, at, state, retried) in [
            (Delivery::Accepted("250".into()), now, OutboxState::Sent, false),
            (Delivery::Refused("550".into()), now, OutboxState::Failed, false),
            (Delivery::Deferred("451".into()), now, OutboxState::Pending, true),
            (Delivery::Unanswered("silence".into()), now, OutboxState::Uncertain, true),
            (Delivery::Deferred("451".into()), late, OutboxState::Failed, false),
        ] {
            let attempt = after_attempt(&item(0), &outcome, at);
            assert_eq!(
                (attempt.state, attempt.next_attempt.is_some()),
                (state, retried),
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn waits_grow_and_stay_bounded() {
        let now = item(0).created;
        let wait = |attempts| {
            after_attempt(&item(attempts), &Delivery::Deferred("x".into()), now)
                .next_attempt
                .unwrap()
                - now
        };
        assert!(wait(0) >= Duration::minutes(1) && wait(0) < Duration::minutes(2));
        assert!(wait(1) > wait(0) && wait(4) > wait(3));
        assert!(wait(1_000) <= Duration::hours(5));
    }
}
