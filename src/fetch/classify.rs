//! What an answer means for the feed: pure.

use chrono::{DateTime, Duration, Utc};

use super::FetchError;
use crate::model::{FeedState, Moving, Outcome, Reply, Validators, spread};

/// A server may ask for no longer a rest than this.
const RETRY_AFTER_MAX: Duration = Duration::days(7);
/// What caching says counts for no more than this, so that a silly header cannot silence a feed.
pub const FRESH_MAX: Duration = Duration::hours(24);
/// The rest after a first failure; doubled with each further one.
const BACK_OFF: Duration = Duration::minutes(10);
/// The longest rest after failures: a feed is never given up.
const BACK_OFF_MAX: Duration = Duration::hours(24);
/// A permanent redirect is believed after so many polls in a row …
const MOVED_POLLS: u32 = 5;
/// … over at least so long a time: servers send 301 by mistake, and for an hour.
const MOVED_AFTER: Duration = Duration::days(7);

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
    /// Until when the server asked in so many words to be left alone.
    pub rest_until: Option<DateTime<Utc>>,
}

/// Judges an answer.
pub fn classify(
    reply: &Result<Reply, FetchError>,
    state: &FeedState,
    now: DateTime<Utc>,
) -> Verdict {
    let reply = match reply {
        Err(FetchError::Resting { host, seconds }) => return postponed(host, *seconds, now),
        Err(error) => {
            return failed(None, error.to_string(), now + back_off(state, state.failures));
        }
        Ok(reply) => reply,
    };
    let status = reply.status;
    let later = now + back_off(state, state.failures);
    match status {
        200 => fine(Outcome::Fetched, reply, Some(reply.validators.clone()), now),
        304 => {
            // A 304 updates the validators that it carries and leaves the others (RFC 9111 §4.3.4).
            let (sent, known) = (&reply.validators, &state.validators);
            let validators = Validators {
                etag: sent.etag.clone().or_else(|| known.etag.clone()),
                last_modified: sent.last_modified.clone().or_else(|| known.last_modified.clone()),
            };
            let changed = validators != *known;
            fine(Outcome::Unchanged, reply, changed.then_some(validators), now)
        }
        410 => Verdict {
            outcome: Outcome::Gone,
            not_before: None,
            ..failed(Some(status), String::new(), now)
        },
        429 | 503 => busy(reply, state, now),
        401 | 403 => failed(
            Some(status),
            format!("the server answered {status}: it does not let us read this feed"),
            refused_rest(state, now),
        ),
        404 => failed(
            Some(status),
            "the server answered 404: the feed may have moved; `gazetted feeds discover --broken` looks for its new address".into(),
            refused_rest(state, now),
        ),
        // 226 (RFC 3229) among them: we never ask for it.
        other => failed(Some(other), format!("the server answered {other}"), later),
    }
}

fn fine(
    outcome: Outcome,
    reply: &Reply,
    validators: Option<Validators>,
    now: DateTime<Utc>,
) -> Verdict {
    let not_before = fresh_until(reply, now);
    Verdict { outcome, status: Some(reply.status), validators, not_before, rest_until: None }
}

fn failed(status: Option<u16>, reason: String, not_before: DateTime<Utc>) -> Verdict {
    Verdict {
        outcome: Outcome::Failed(reason),
        status,
        validators: None,
        not_before: Some(not_before),
        rest_until: None,
    }
}

fn postponed(host: &str, seconds: u64, now: DateTime<Utc>) -> Verdict {
    let rest = i64::try_from(seconds).ok().and_then(Duration::try_seconds);
    let until = now + rest.unwrap_or(RETRY_AFTER_MAX).min(RETRY_AFTER_MAX);
    let said =
        format!("{host} asked to be left alone until {}", until.format("%Y-%m-%d %H:%M UTC"));
    Verdict {
        outcome: Outcome::Postponed(said),
        status: None,
        validators: None,
        not_before: Some(until),
        rest_until: Some(until),
    }
}

/// 429 and 503: the server's own word, else longer and longer rests of which the first is short,
/// each drawn from its whole span ("full jitter"), so that feeds refused together come back apart.
fn busy(reply: &Reply, state: &FeedState, now: DateTime<Utc>) -> Verdict {
    let asked = reply.retry_after.as_deref().and_then(|text| retry_after(text, now));
    let reason = format!("the server answered {}", reply.status);
    match asked {
        Some(until) => {
            let when = until.format("%Y-%m-%d %H:%M UTC");
            let reason = format!("{reason} and asks to be left alone until {when}");
            Verdict { rest_until: Some(until), ..failed(Some(reply.status), reason, until) }
        }
        None => {
            let rest = doubled(state.failures);
            let drawn = drawn(state, rest);
            failed(Some(reply.status), format!("{reason}: it is busy"), now + drawn)
        }
    }
}

/// A refusal can be a mistake of an hour; one that stays is asked about once a day.
fn refused_rest(state: &FeedState, now: DateTime<Utc>) -> DateTime<Utc> {
    now + if state.failures == 0 { back_off(state, 0) } else { BACK_OFF_MAX }
}

/// Doubles with each failure in a row, up to a day; the second half is drawn.
fn back_off(state: &FeedState, failures: u32) -> Duration {
    let rest = doubled(failures);
    rest / 2 + drawn(state, rest / 2)
}

fn doubled(failures: u32) -> Duration {
    (BACK_OFF * 2_i32.pow(failures.min(8))).min(BACK_OFF_MAX)
}

/// A part of a span: another for each feed and each failure, and the same on every machine.
fn drawn(state: &FeedState, span: Duration) -> Duration {
    let seed = format!("{} {}", state.name, state.failures);
    Duration::from_std(spread(&seed, span.to_std().unwrap_or_default())).unwrap_or_default()
}

/// Seconds, or a date in one of the three forms (RFC 9110 §10.2.3, §5.6.7).
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let at = match text.parse::<i64>() {
        Ok(seconds) => {
            now + Duration::try_seconds(seconds.clamp(0, RETRY_AFTER_MAX.num_seconds()))?
        }
        Err(_) => http_date(text)?,
    };
    Some(at.clamp(now, now + RETRY_AFTER_MAX))
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    httpdate::parse_http_date(text.trim()).ok().map(DateTime::from)
}

/// Until when the answer says that it is fresh: `max-age` less `Age`, else `Expires` less `Date`
/// (RFC 9111 §4.2.1, §4.2.3). A lower bound for the next poll, never beyond [`FRESH_MAX`].
fn fresh_until(reply: &Reply, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let cache_control = reply.cache_control.as_deref().unwrap_or_default().to_ascii_lowercase();
    let directives: Vec<&str> = cache_control.split(',').map(str::trim).collect();
    if directives.iter().any(|d| matches!(*d, "no-cache" | "no-store")) {
        return None;
    }
    let seconds = |text: &str| text.trim_matches('"').trim().parse::<i64>().ok();
    let max_age = directives.iter().find_map(|d| seconds(d.strip_prefix("max-age=")?));
    let fresh = match max_age {
        Some(max_age) => {
            let age = reply.age.as_deref().and_then(seconds).unwrap_or(0).max(0);
            Duration::try_seconds(max_age.saturating_sub(age))?
        }
        None => {
            let expires = http_date(reply.expires.as_deref()?)?;
            expires - reply.date.as_deref().and_then(http_date).unwrap_or(now)
        }
    };
    (fresh > Duration::zero()).then(|| now + fresh.min(FRESH_MAX))
}

/// A move that is believed, and what is known of one that is not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The proven address.
    pub address: Option<String>,
    /// A redirect under watch.
    pub moving: Option<Moving>,
}

/// What the redirects of a poll that gave a feed say of the feed's address (P13): only an unbroken
/// chain of permanent ones counts, never from https to http, and only after days of the same.
pub fn moved(
    asked: &str,
    reply: &Result<Reply, FetchError>,
    state: &FeedState,
    now: DateTime<Utc>,
) -> Move {
    let known = Move { address: state.address.clone(), moving: None };
    let Ok(reply) = reply else { return known };
    let permanent = !reply.hops.is_empty() && reply.hops.iter().all(|hop| hop.is_permanent());
    let weaker = asked.starts_with("https:") && !reply.final_url.starts_with("https:")
        || reply.hops.iter().any(|hop| asked.starts_with("https:") && hop.to.starts_with("http:"));
    if !permanent || weaker {
        return known;
    }
    let watched = state.moving.clone().filter(|m| m.to == reply.final_url);
    let mut moving =
        watched.unwrap_or_else(|| Moving { to: reply.final_url.clone(), since: now, polls: 0 });
    moving.polls += 1;
    if moving.polls >= MOVED_POLLS && now - moving.since >= MOVED_AFTER {
        Move { address: Some(moving.to), moving: None }
    } else {
        Move { moving: Some(moving), ..known }
    }
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
            validators: Validators {
                etag: Some("\"old\"".into()),
                last_modified: Some("then".into()),
            },
            failures,
            ..FeedState::unasked(1, FeedName("a".into()))
        }
    }

    fn reply(status: u16) -> Reply {
        Reply { status, final_url: "https://example.org/".into(), ..Reply::default() }
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
        assert!((5..=10).contains(&rest(0)), "{}", rest(0));
        assert!(rest(3) >= rest(2) && rest(2) >= rest(1));
        assert!((12 * 60..=24 * 60).contains(&rest(100)));
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
