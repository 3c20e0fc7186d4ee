//! What becomes of a message after an attempt. Pure.

use chrono::{DateTime, Duration, Utc};

use crate::model::{Attempt, Delivery, OutboxItem, OutboxState, spread};

/// Minutes to wait after the first, second … failed attempt; the last one repeats. RFC 5321 §4.5.4.1
/// wants half an hour and more once a target proved unreachable; the quick ones before are for
/// greylisting and restarts.
const WAITS_MINUTES: &[i64] = &[1, 5, 15, 30, 60, 120, 240, 300];

/// Up to a quarter of a wait is added, by the message, so that many do not come back at once.
const JITTER: i32 = 4;

/// No wait is longer, jitter included.
const WAIT_MAX: Duration = Duration::hours(6);

/// A message is tried for so long (RFC 5321 §4.5.4.1 asks for four to five days) …
const GIVE_UP_AFTER: Duration = Duration::days(5);

/// … and not given up before so many attempts: a machine that was off for a week has not tried.
const ATTEMPTS_MIN: u32 = 8;

/// A recipient for whom so many digests in a row are refused for good gets no more.
const SUSPEND_AFTER: u32 = 3;

/// The state of a message after an attempt. Only a refusal for good or the deadline ends it
/// without delivery, and both are told to the operator.
pub fn after_attempt(item: &OutboxItem, outcome: &Delivery, now: DateTime<Utc>) -> Attempt {
    match outcome {
        Delivery::Accepted(answer) => Attempt {
            state: OutboxState::Sent,
            next_attempt: None,
            note: answer.clone(),
            refused: false,
            suspends: false,
            notice: None,
        },
        Delivery::Refused(answer) => refused(item, answer),
        Delivery::Deferred(reason) => again(item, item.state, reason, now),
        Delivery::Unanswered(reason) => again(item, OutboxState::Uncertain, reason, now),
    }
}

fn refused(item: &OutboxItem, answer: &str) -> Attempt {
    let suspends = item.refused_before + 1 >= SUSPEND_AFTER;
    let to = &item.recipient;
    let notice = match suspends {
        true => format!(
            "{to} gets no more mail: the last {} digests were refused for good ({answer}); `gazetted outbox resume {to}` takes it up again",
            item.refused_before + 1
        ),
        false => format!(
            "a digest to {to} was refused for good ({answer}); `gazetted outbox retry {}` sends it again",
            item.id
        ),
    };
    Attempt {
        state: OutboxState::Failed,
        next_attempt: None,
        note: format!("refused: {answer}"),
        refused: true,
        suspends,
        notice: Some(notice),
    }
}

fn again(item: &OutboxItem, state: OutboxState, reason: &str, now: DateTime<Utc>) -> Attempt {
    let (made, deadline) = (item.attempts + 1, item.created + GIVE_UP_AFTER);
    let over = now >= deadline && made >= ATTEMPTS_MIN;
    let mut next = now + wait(item);
    if now < deadline && next > deadline {
        // The last attempt is made at the deadline, not hours before it.
        next = deadline;
    }
    let days = (now - item.created).num_days();
    Attempt {
        state: if over { OutboxState::Failed } else { state },
        next_attempt: (!over).then_some(next),
        note: if over {
            format!("given up after {made} attempts in {days} days: {reason}")
        } else {
            reason.to_owned()
        },
        refused: false,
        suspends: false,
        notice: over.then(|| {
            format!(
                "a digest to {} was given up after {days} days ({reason}); `gazetted outbox retry {}` sends it again",
                item.recipient, item.id
            )
        }),
    }
}

fn wait(item: &OutboxItem) -> Duration {
    let at = usize::try_from(item.attempts).unwrap_or(usize::MAX).min(WAITS_MINUTES.len() - 1);
    let wait = Duration::minutes(WAITS_MINUTES[at]);
    let window = (wait / JITTER).to_std().unwrap_or_default();
    let jitter = Duration::from_std(spread(&item.message_id, window)).unwrap_or_default();
    (wait + jitter).min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(attempts: u32) -> OutboxItem {
        let created = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        OutboxItem {
            id: 1,
            digest_id: 1,
            recipient: "reader@example.org".into(),
            sender: "gazetted@example.org".into(),
            message_id: "<a@example.org>".into(),
            bytes: Vec::new(),
            state: OutboxState::Pending,
            attempts,
            created,
            refused_before: 0,
            next_attempt: created,
        }
    }

    #[test]
    fn every_outcome_has_its_state() {
        let now = item(0).created + Duration::hours(1);
        let late = item(0).created + Duration::days(6);
        let deferred = || Delivery::Deferred("451".into());
        let silent = || Delivery::Unanswered("silence".into());
        for (outcome, attempts, at, state, retried, told) in [
            (Delivery::Accepted("250".into()), 0, now, OutboxState::Sent, false, false),
            (Delivery::Refused("550".into()), 0, now, OutboxState::Failed, false, true),
            (deferred(), 0, now, OutboxState::Pending, true, false),
            (silent(), 0, now, OutboxState::Uncertain, true, false),
            (deferred(), 20, late, OutboxState::Failed, false, true),
            (silent(), 20, late, OutboxState::Failed, false, true),
            // The machine was off for six days: the first attempt is not the last.
            (deferred(), 0, late, OutboxState::Pending, true, false),
        ] {
            let attempt = after_attempt(&item(attempts), &outcome, at);
            assert_eq!(
                (attempt.state, attempt.next_attempt.is_some(), attempt.notice.is_some()),
                (state, retried, told),
                "{outcome:?} after {attempts}"
            );
        }
        let uncertain = OutboxItem { state: OutboxState::Uncertain, ..item(1) };
        let attempt = after_attempt(&uncertain, &deferred(), now);
        assert_eq!(attempt.state, OutboxState::Uncertain, "a later failure takes no doubt away");
    }

    #[test]
    fn the_third_digest_refused_in_a_row_suspends() {
        for (before, suspends) in [(0, false), (1, false), (2, true), (7, true)] {
            let item = OutboxItem { refused_before: before, ..item(0) };
            let attempt = after_attempt(&item, &Delivery::Refused("550".into()), item.created);
            assert_eq!((attempt.refused, attempt.suspends), (true, suspends), "after {before}");
        }
    }

    /// The schedule, minute by minute, for five days of an outage.
    #[test]
    fn waits_grow_stay_bounded_and_end_at_the_deadline() {
        let (start, deferred) = (item(0).created, Delivery::Deferred("x".into()));
        let (mut now, mut made, mut waits) = (start, 0, Vec::new());
        loop {
            let attempt = after_attempt(&item(made), &deferred, now);
            made += 1;
            let Some(next) = attempt.next_attempt else { break };
            waits.push(next - now);
            now = next;
        }
        assert_eq!(now - start, GIVE_UP_AFTER, "the last attempt is made at the deadline");
        assert!((25..35).contains(&made), "{made} attempts");
        for (wait, minutes) in waits.iter().zip(WAITS_MINUTES) {
            let least = Duration::minutes(*minutes);
            assert!(*wait >= least && *wait <= least + least / 4, "{wait} for {minutes}");
        }
        assert!(waits.iter().all(|w| *w <= WAIT_MAX));
        let other = OutboxItem { message_id: "<b@example.org>".into(), ..item(7) };
        assert_ne!(wait(&item(7)), wait(&other), "two messages do not come back together");
        assert_eq!(wait(&item(7)), wait(&item(7)));
    }
}
