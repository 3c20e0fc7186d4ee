//! What an answer means for the feed: pure.

use chrono::{DateTime, Duration, Utc};

use super::FetchError;
use crate::model::{FeedState, Outcome, Reply, Validators};

/// A server may ask for no longer a rest than this.
const RETRY_AFTER_MAX: Duration = Duration::days(7);
/// A `max-age` counts for no more than this, so that a silly header cannot silence a feed.
const MAX_AGE_MAX: Duration = Duration::hours(24);
/// The rest after a first failure; doubled with each further one.
const BACK_OFF: Duration = Duration::minutes(10);
/// The longest rest after failures: a feed is never given up.
const BACK_OFF_MAX: Duration = Duration::hours(24);

/// What to remember of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How the poll ended.
    pub outcome: Outcome,
    /// The status, where one came.
    pub status: Option<u16>,
    /// The validators from now on; `None` leaves the stored ones.
    pub validators: Option<Validators>,
    /// Not to be asked before this time.
    pub not_before: Option<DateTime<Utc>>,
}

/// Judges an answer.
pub fn classify(
    reply: &Result<Reply, FetchError>,
    state: &FeedState,
    now: DateTime<Utc>,
) -> Verdict {
    let reply = match reply {
        Err(error) => return failed(None, error.to_string(), None, state, now),
        Ok(reply) => reply,
    };
    let status = Some(reply.status);
    match reply.status {
        200 | 226 => Verdict { outcome: Outcome::Fetched, status, validators: Some(reply.validators.clone()), not_before: fresh_until(reply, now) },
        304 => {
            // A 304 updates the validators that it carries and leaves the others (RFC 9111 §4.3.4).
            let validators = Validators {
                etag: reply.validators.etag.clone().or_else(|| state.validators.etag.clone()),
                last_modified: reply.validators.last_modified.clone().or_else(|| state.validators.last_modified.clone()),
            };
            let changed = validators != state.validators;
            Verdict { outcome: Outcome::Unchanged, status, validators: changed.then_some(validators), not_before: fresh_until(reply, now) }
        }
        410 => Verdict { outcome: Outcome::Gone, status, validators: None, not_before: None },
        429 | 503 => {
            let asked = reply.retry_after.as_deref().and_then(|text| retry_after(text, now));
            failed(status, format!("the server answered {} and asks to be left alone for a while", reply.status), asked, state, now)
        }
        401 | 403 => failed(status, format!("the server answered {}: it does not let us read this feed", reply.status), None, state, now),
        404 => failed(status, "the server answered 404: the feed may have moved; look for its new address on the site".into(), None, state, now),
        other => failed(status, format!("the server answered {other}"), None, state, now),
    }
}

fn failed(
    status: Option<u16>,
    reason: String,
    asked: Option<DateTime<Utc>>,
    state: &FeedState,
    now: DateTime<Utc>,
) -> Verdict {
    let not_before = asked.unwrap_or_else(|| now + back_off(&state.name.0, state.failures));
    Verdict {
        outcome: Outcome::Failed(reason),
        status,
        validators: None,
        not_before: Some(not_before),
    }
}

/// Doubles with each failure in a row; a tenth more or less by the feed's name, so that feeds
/// that failed together do not come back together.
fn back_off(name: &str, failures: u32) -> Duration {
    let doubled = BACK_OFF * 2_i32.pow(failures.min(8));
    let rest = doubled.min(BACK_OFF_MAX);
    let spread = (rest / 5).to_std().unwrap_or_default();
    let shift = Duration::from_std(crate::model::spread(name, spread)).unwrap_or_default();
    rest - rest / 10 + shift
}

/// Seconds, or a date (RFC 9110 §10.2.3).
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let at = match text.parse::<i64>() {
        Ok(seconds) => {
            now + Duration::try_seconds(seconds.clamp(0, RETRY_AFTER_MAX.num_seconds()))?
        }
        Err(_) => DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc),
    };
    Some(at.clamp(now, now + RETRY_AFTER_MAX))
}

/// `Cache-Control: max-age` as a lower bound for the next poll.
fn fresh_until(reply: &Reply, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let header = reply.cache_control.as_deref()?.to_ascii_lowercase();
    let seconds: i64 = header
        .split(',')
        .find_map(|part| part.trim().strip_prefix("max-age=")?.trim_matches('"').parse().ok())?;
    (seconds > 0).then(|| now + Duration::seconds(seconds.min(MAX_AGE_MAX.num_seconds())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FeedName;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap()
    }

    fn state(failures: u32) -> FeedState {
        FeedState {
            id: 1,
            name: FeedName("a".into()),
            validators: Validators {
                etag: Some("\"old\"".into()),
                last_modified: Some("then".into()),
            },
            body_hash: None,
            last_poll: None,
            last_success: None,
            failures,
            not_before: None,
            baseline_done: true,
            gone: false,
        }
    }

    fn reply(status: u16) -> Reply {
        Reply {
            status,
            final_url: "https://example.org/".into(),
            content_type: None,
            validators: Validators::default(),
            retry_after: None,
            cache_control: None,
            body: Vec::new(),
        }
    }

    #[test]
    fn validators_follow_the_rules_of_caching() {
        let fresh = Validators { etag: Some("W/\"new\"".into()), last_modified: None };
        let ok = Reply { validators: fresh.clone(), ..reply(200) };
        assert_eq!(
            classify(&Ok(ok), &state(0), now()).validators,
            Some(fresh.clone()),
            "200 replaces both"
        );
        assert_eq!(
            classify(&Ok(reply(304)), &state(0), now()).validators,
            None,
            "a bare 304 leaves them"
        );
        let renewed = Reply { validators: fresh, ..reply(304) };
        let both =
            Validators { etag: Some("W/\"new\"".into()), last_modified: Some("then".into()) };
        assert_eq!(
            classify(&Ok(renewed), &state(0), now()).validators,
            Some(both),
            "304 updates what it carries"
        );
        for status in [404, 410, 429, 500] {
            assert_eq!(
                classify(&Ok(reply(status)), &state(0), now()).validators,
                None,
                "{status} touches neither"
            );
        }
    }

    #[test]
    fn retry_after_is_kept_in_both_forms_and_bounded() {
        for (text, seconds) in [("120", 120), ("999999999", 7 * 86_400), ("-5", 0)] {
            let busy = Reply { retry_after: Some(text.into()), ..reply(429) };
            assert_eq!(
                classify(&Ok(busy), &state(0), now()).not_before,
                Some(now() + Duration::seconds(seconds)),
                "{text}"
            );
        }
        let at = now() + Duration::hours(3);
        let busy = Reply {
            retry_after: Some(at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
            ..reply(503)
        };
        assert_eq!(classify(&Ok(busy), &state(0), now()).not_before, Some(at));
    }

    #[test]
    fn failures_back_off_and_never_give_up() {
        let rest = |failures| {
            (classify(&Ok(reply(500)), &state(failures), now()).not_before.unwrap() - now())
                .num_minutes()
        };
        assert!((9..=11).contains(&rest(0)), "{}", rest(0));
        assert!(rest(3) > rest(2) && rest(2) > rest(1));
        assert!(rest(100) <= 24 * 60 + 24 * 6);
    }

    #[test]
    fn a_max_age_is_a_lower_bound_with_a_cap() {
        for (header, seconds) in [
            ("public, max-age=600", Some(600)),
            ("max-age=99999999", Some(86_400)),
            ("no-cache", None),
            ("max-age=0", None),
        ] {
            let ok = Reply { cache_control: Some(header.into()), ..reply(200) };
            assert_eq!(
                classify(&Ok(ok), &state(0), now()).not_before,
                seconds.map(|s| now() + Duration::seconds(s)),
                "{header}"
            );
        }
    }

    #[test]
    fn gone_is_gone() {
        assert_eq!(classify(&Ok(reply(410)), &state(0), now()).outcome, Outcome::Gone);
    }
}
