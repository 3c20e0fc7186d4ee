//! Schedules: five-field crontab expressions with crontab's meaning, on top of the `cron` crate.
//!
//! The crate reads Quartz expressions: seconds first, Sunday as 1, day of month AND day of week.
//! People write crontab(5): Sunday is 0 or 7, and a restricted day of month OR a restricted day of
//! week fires. This module translates, and settles the two days a year on which a clock is changed:
//! a daily job fires once, an interval job keeps its interval. It reads no clock.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDateTime, TimeZone, Utc};
pub use chrono_tz::Tz;

/// A schedule as somebody typed it, checked.
#[derive(Clone, Debug)]
pub struct CronSpec {
    typed: Arc<str>,
    /// One schedule, or two of which either fires (day of month OR day of week). Thousands of feeds
    /// share the schedule of the defaults.
    alternatives: Arc<[cron::Schedule]>,
    /// The hour is `*`: the job recurs within the day and follows the running clock.
    recurs: bool,
}

impl PartialEq for CronSpec {
    fn eq(&self, other: &Self) -> bool {
        self.typed == other.typed
    }
}

/// Why an expression is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Not five fields.
    #[error(
        "a schedule has five fields (minute hour day-of-month month day-of-week), this has {0}; for example \"30 7 * * 1-5\" or \"@daily\""
    )]
    Fields(usize),
    /// A field with a value that is out of range or no value.
    #[error("{field}: `{value}` is not understood; it takes {allowed}")]
    Value {
        /// Which field.
        field: &'static str,
        /// What stands in it.
        value: String,
        /// What may stand in it.
        allowed: String,
    },
    /// A word such as `@reboot`.
    #[error("`{0}` is not known; use @hourly, @daily, @weekly, @monthly or @yearly")]
    Word(String),
    /// A date that never comes.
    #[error("no day ever matches this schedule")]
    Never,
}

/// When a feed is polled.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// By the user's schedule …
    pub schedule: CronSpec,
    /// … on the clock of this zone.
    pub timezone: Tz,
    /// Never sooner than this after the last request.
    pub min_interval: std::time::Duration,
    /// Nor, where the server gives no validators, than this.
    pub unconditional_interval: std::time::Duration,
}

struct Field {
    name: &'static str,
    range: RangeInclusive<u32>,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", range: 0..=59, names: &[] },
    Field { name: "hour", range: 0..=23, names: &[] },
    Field { name: "day of month", range: 1..=31, names: &[] },
    Field {
        name: "month",
        range: 1..=12,
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    Field {
        name: "day of week",
        range: 0..=7,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

impl CronSpec {
    /// Reads an expression.
    ///
    /// # Errors
    /// Says which field is wrong and what it takes.
    pub fn parse(typed: &str) -> Result<CronSpec, CronError> {
        let expanded = match typed.trim() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            word if word.starts_with('@') => return Err(CronError::Word(word.to_owned())),
            other => other,
        };
        let fields: Vec<&str> = expanded.split_whitespace().collect();
        if fields.len() != 5 {
            return Err(CronError::Fields(fields.len()));
        }
        let mut values = Vec::new();
        for (field, text) in FIELDS.iter().zip(&fields) {
            values.push(field.read(text)?);
        }
        let open = |i: usize| fields[i].starts_with('*');
        let day_fields: &[(bool, bool)] = match (open(2), open(4)) {
            (false, false) => &[(true, false), (false, true)],
            _ => &[(true, true)],
        };
        let alternatives = day_fields
            .iter()
            .map(|(by_month_day, by_week_day)| quartz(&values, *by_month_day, *by_week_day))
            .collect::<Result<Arc<[_]>, _>>()?;
        let spec = CronSpec {
            typed: typed.trim().into(),
            alternatives,
            recurs: fields[1].starts_with('*'),
        };
        if spec.next_naive(NaiveDateTime::default()).is_none() {
            return Err(CronError::Never);
        }
        Ok(spec)
    }

    /// The first time after `after` at which the schedule fires on a clock of this zone.
    pub fn next_after(&self, tz: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = after.with_timezone(&tz).naive_local();
        let mut from = local;
        // After the hour that is told twice, its times come a second time for a recurring job.
        let again = self.recurs.then(|| self.second_telling(tz, after)).flatten();
        for _ in 0..64 {
            let naive = self.next_naive(from)?;
            let instants = match tz.from_local_datetime(&naive) {
                chrono::LocalResult::Single(t) => vec![t],
                chrono::LocalResult::Ambiguous(first, second) if self.recurs => vec![first, second],
                chrono::LocalResult::Ambiguous(first, _) => vec![first],
                // The hour that is left out: a daily job fires as soon as the clock goes on.
                chrono::LocalResult::None if !self.recurs => {
                    after_gap(tz, naive).into_iter().collect()
                }
                chrono::LocalResult::None => Vec::new(),
            };
            let found =
                instants.into_iter().map(|t| t.with_timezone(&Utc)).filter(|t| *t > after).min();
            if let Some(found) = found {
                return Some(again.map_or(found, |again| again.min(found)));
            }
            from = naive;
        }
        again
    }

    /// The next firing inside the second telling of an hour, when `after` lies in its first.
    fn second_telling(&self, tz: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = after.with_timezone(&tz).naive_local();
        let chrono::LocalResult::Ambiguous(first, second) = tz.from_local_datetime(&local) else {
            return None;
        };
        if first.with_timezone(&Utc) != after {
            return None;
        }
        let shift = second.with_timezone(&Utc) - first.with_timezone(&Utc);
        let mut from = local - shift;
        for _ in 0..240 {
            let naive = self.next_naive(from)?;
            if let chrono::LocalResult::Ambiguous(_, second) = tz.from_local_datetime(&naive) {
                return Some(second.with_timezone(&Utc)).filter(|t| *t > after);
            }
            if naive > local + shift {
                return None;
            }
            from = naive;
        }
        None
    }

    fn next_naive(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        // The crate is asked in UTC with local figures: the clock changes are settled here.
        self.alternatives
            .iter()
            .filter_map(|s| s.after(&from.and_utc()).next())
            .min()
            .map(|t| t.naive_utc())
    }
}

impl fmt::Display for CronSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

fn after_gap(tz: Tz, naive: NaiveDateTime) -> Option<DateTime<Tz>> {
    (1..=180).find_map(|minutes| {
        tz.from_local_datetime(&(naive + Duration::minutes(minutes))).earliest()
    })
}

fn quartz(
    values: &[Vec<u32>],
    by_month_day: bool,
    by_week_day: bool,
) -> Result<cron::Schedule, CronError> {
    let list = |values: &[u32]| values.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let week_days: Vec<u32> = values[4].iter().map(|day| day % 7 + 1).collect();
    let all = "*".to_owned();
    let expression = format!(
        "0 {} {} {} {} {}",
        list(&values[0]),
        list(&values[1]),
        if by_month_day { list(&values[2]) } else { all.clone() },
        list(&values[3]),
        if by_week_day { list(&week_days) } else { all },
    );
    cron::Schedule::from_str(&expression).map_err(|_| CronError::Never)
}

impl Field {
    fn read(&self, text: &str) -> Result<Vec<u32>, CronError> {
        let mut values = Vec::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => {
                    (range, step.parse().ok().filter(|s| *s > 0).ok_or_else(|| self.error(part))?)
                }
                None => (part, 1),
            };
            let (low, high) = if range == "*" {
                (*self.range.start(), *self.range.end() - u32::from(self.names.len() == 7))
            } else if let Some((low, high)) = range.split_once('-') {
                (self.value(low, part)?, self.value(high, part)?)
            } else {
                let value = self.value(range, part)?;
                (value, if part.contains('/') { *self.range.end() } else { value })
            };
            if low > high {
                return Err(self.error(part));
            }
            values.extend((low..=high).step_by(step));
        }
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }

    fn value(&self, text: &str, part: &str) -> Result<u32, CronError> {
        let lower = text.to_lowercase();
        let named = self
            .names
            .iter()
            .position(|name| *name == lower)
            .map(|i| i as u32 + u32::from(self.names.len() == 12));
        let value = named.or_else(|| text.parse().ok()).ok_or_else(|| self.error(part))?;
        if self.range.contains(&value) { Ok(value) } else { Err(self.error(part)) }
    }

    fn error(&self, part: &str) -> CronError {
        let names = match self.names {
            [] => String::new(),
            [first, .., last] => format!(" or {first} to {last}"),
            [one] => format!(" or {one}"),
        };
        CronError::Value {
            field: self.name,
            value: part.to_owned(),
            allowed: format!(
                "{} to {}{names}, ranges (1-5), lists (1,3) and steps (*/10)",
                self.range.start(),
                self.range.end()
            ),
        }
    }
}

/// So many missed firings are counted; more is "many" to any reader.
const MISSED_MAX: usize = 1000;

/// How often a schedule fired after `last` and up to `now`, the first time among them.
pub fn missed(
    spec: &CronSpec,
    tz: Tz,
    last: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<(DateTime<Utc>, usize)> {
    let next = |at: &DateTime<Utc>| spec.next_after(tz, *at).filter(|next| *next <= now);
    let first = next(&last)?;
    Some((first, std::iter::successors(Some(first), next).take(MISSED_MAX).count()))
}

/// When a job is due next: at once when it never ran or missed a firing (several missed firings
/// are one), else at its next firing, `jitter` later.
pub fn next_due(
    spec: &CronSpec,
    tz: Tz,
    last: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    jitter: std::time::Duration,
) -> Option<DateTime<Utc>> {
    let Some(last) = last else { return Some(now) };
    // A last run in the future is a clock that was set back: count from now.
    let next = spec.next_after(tz, last.min(now))?;
    Some(next + Duration::from_std(jitter).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
    }

    fn firings(spec: &str, tz: Tz, after: &str, n: usize) -> Vec<String> {
        let spec = CronSpec::parse(spec).unwrap();
        let mut at = utc(after);
        let mut found = Vec::new();
        for _ in 0..n {
            at = spec.next_after(tz, at).unwrap();
            found.push(at.with_timezone(&tz).format("%a %d %b %H:%M %Z").to_string());
        }
        found
    }

    #[test]
    fn missed_firings_are_counted() {
        let daily = CronSpec::parse("0 7 * * *").unwrap();
        let last = utc("2026-11-20T07:00:03Z");
        for (now, expected) in [
            ("2026-11-21T06:59:59Z", None),
            ("2026-11-21T07:00:00Z", Some(("2026-11-21T07:00:00Z", 1))),
            ("2026-11-24T12:00:00Z", Some(("2026-11-21T07:00:00Z", 4))),
            ("2031-11-24T12:00:00Z", Some(("2026-11-21T07:00:00Z", MISSED_MAX))),
            ("2026-11-19T07:00:00Z", None),
        ] {
            let expected = expected.map(|(at, n)| (utc(at), n));
            assert_eq!(missed(&daily, Tz::UTC, last, utc(now)), expected, "{now}");
        }
    }

    #[test]
    fn crontab_means_what_crontab_says() {
        for (spec, expected) in [
            ("0 9 * * 1", vec!["Mon 30 Nov 09:00 UTC"]),
            ("0 9 * * 0", vec!["Sun 29 Nov 09:00 UTC"]),
            ("0 9 * * 7", vec!["Sun 29 Nov 09:00 UTC"]),
            ("0 9 * * mon-FRI", vec!["Wed 25 Nov 09:00 UTC"]),
            ("0 9 * * 6-7", vec!["Sat 28 Nov 09:00 UTC", "Sun 29 Nov 09:00 UTC"]),
            ("*/30 * * * *", vec!["Tue 24 Nov 12:30 UTC", "Tue 24 Nov 13:00 UTC"]),
            ("5/20 * * * *", vec!["Tue 24 Nov 12:05 UTC", "Tue 24 Nov 12:25 UTC"]),
            // Day of month OR day of week, when both are given.
            ("0 0 26 * 5", vec!["Thu 26 Nov 00:00 UTC", "Fri 27 Nov 00:00 UTC"]),
            ("0 0 1 jan *", vec!["Fri 01 Jan 00:00 UTC"]),
            ("@hourly", vec!["Tue 24 Nov 13:00 UTC"]),
            ("@weekly", vec!["Sun 29 Nov 00:00 UTC"]),
        ] {
            assert_eq!(
                firings(spec, Tz::UTC, "2026-11-24T12:00:00Z", expected.len()),
                expected,
                "{spec}"
            );
        }
    }

    #[test]
    fn wrong_expressions_say_what_is_wrong() {
        for (spec, part) in [
            ("* * * *", "five fields"),
            ("0 0 9 * * 1", "five fields"),
            ("60 * * * *", "minute"),
            ("0 24 * * *", "hour"),
            ("0 0 * * 8", "day of week"),
            ("0 0 * * fun", "sun to sat"),
            ("0 22-4 * * *", "hour"),
            ("*/0 * * * *", "minute"),
            ("@reboot", "@daily"),
            ("0 0 30 2 *", "no day"),
        ] {
            let message = CronSpec::parse(spec).unwrap_err().to_string();
            assert!(message.contains(part), "{spec}: {message}");
        }
    }

    #[test]
    fn a_daily_job_fires_once_on_the_days_the_clocks_change() {
        let tz = Tz::Europe__Berlin;
        assert_eq!(
            firings("30 2 * * *", tz, "2026-03-28T12:00:00Z", 2),
            ["Sun 29 Mar 03:00 CEST", "Mon 30 Mar 02:30 CEST"]
        );
        assert_eq!(
            firings("30 2 * * *", tz, "2026-10-24T12:00:00Z", 2),
            ["Sun 25 Oct 02:30 CEST", "Mon 26 Oct 02:30 CET"]
        );
    }

    #[test]
    fn an_interval_job_keeps_its_interval_when_the_clocks_change() {
        let tz = Tz::Europe__Berlin;
        let spec = CronSpec::parse("*/20 * * * *").unwrap();
        for start in ["2026-10-24T23:00:00Z", "2026-03-29T00:00:00Z"] {
            let mut at = utc(start);
            for _ in 0..12 {
                let next = spec.next_after(tz, at).unwrap();
                assert_eq!(next - at, Duration::minutes(20), "after {at}");
                at = next;
            }
        }
    }

    #[test]
    fn missed_firings_are_one_and_due_at_once() {
        let spec = CronSpec::parse("0 * * * *").unwrap();
        let now = utc("2026-11-24T12:10:00Z");
        let none = std::time::Duration::ZERO;
        for (last, due) in [
            (None, "2026-11-24T12:10:00Z"),
            (Some("2026-11-24T12:05:00Z"), "2026-11-24T13:00:00Z"),
            (Some("2026-11-20T12:05:00Z"), "2026-11-20T13:00:00Z"),
            (Some("2027-01-01T00:00:00Z"), "2026-11-24T13:00:00Z"),
        ] {
            assert_eq!(
                next_due(&spec, Tz::UTC, last.map(utc), now, none),
                Some(utc(due)),
                "{last:?}"
            );
        }
    }
}
