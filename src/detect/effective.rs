//! The date from which a fact holds, where a sentence gives one: "effective March 1", "as of the
//! end of the month", "(… ) — 2026-03-20".
//!
//! Only dates behind a word that says so count; a date by itself is when something was announced or
//! happened long ago. Vague dates ("early next year") are none.

use crate::text::{Token, TokenKind};

/// Tokens between the word that announces a date and the date.
const GAP_MAX: usize = 3;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A year and a month, perhaps a day, as the text names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Date {
    year: i32,
    month: u32,
    day: Option<u32>,
}

impl Date {
    /// ISO 8601, `YYYY-MM-DD` or `YYYY-MM`.
    fn iso(self) -> String {
        match self.day {
            Some(day) => format!("{:04}-{:02}-{day:02}", self.year, self.month),
            None => format!("{:04}-{:02}", self.year, self.month),
        }
    }
}

/// The date of effect that the tokens give, as ISO date or year and month. `published` is the year
/// and month of publication: what is said without a year is said of the nearest one.
pub fn effective(tokens: &[Token], published: (Option<i32>, Option<u32>)) -> Option<String> {
    for at in 0..tokens.len() {
        let Some(from) = cue_end(tokens, at) else { continue };
        for start in from..(from + GAP_MAX).min(tokens.len()) {
            if let Some(date) = date_at(tokens, start, published) {
                return Some(date.iso());
            }
        }
    }
    None
}

/// The token after words that announce a date of effect.
fn cue_end(tokens: &[Token], at: usize) -> Option<usize> {
    let word = |i: usize| tokens.get(i).map_or("", |t| t.lower);
    match word(at) {
        "effective" | "beginning" | "starting" | "commencing" => Some(at + 1),
        "as" if matches!(word(at + 1), "of" | "from") => Some(at + 2),
        "with" if word(at + 1) == "effect" => Some(at + 3),
        "term" | "role" | "position" | "duties" if word(at + 1) == "on" => Some(at + 2),
        "concluded" | "expires" | "ends" | "ended" | "begins" | "starts"
            if matches!(word(at + 1), "on" | "in") =>
        {
            Some(at + 2)
        }
        "until" | "on" if word(at + 1).len() > 2 && at > 0 && retires(tokens, at) => Some(at + 1),
        // "Ana Castellan (wren) — 2026-03-20": a list of dates.
        "—" | "–" | "-" if at + 2 == tokens.len() => Some(at + 1),
        _ => None,
    }
}

/// "will retire on June 30": a verb of leaving or beginning that lies ahead.
fn retires(tokens: &[Token], at: usize) -> bool {
    let near = &tokens[at.saturating_sub(4)..at];
    let ahead = near.iter().any(|t| matches!(t.lower, "will" | "to"));
    let verb = near
        .iter()
        .any(|t| matches!(t.lower, "retire" | "leave" | "depart" | "start" | "begin" | "down"));
    ahead && verb
}

fn date_at(tokens: &[Token], at: usize, published: (Option<i32>, Option<u32>)) -> Option<Date> {
    let word = |i: usize| tokens.get(i).map_or("", |t| t.lower);
    if let Some(date) = iso_date(word(at)) {
        return Some(date);
    }
    // "1 March 2026"
    if let (Some(day), Some(month)) = (day(word(at)), month(tokens, at + 1)) {
        let next = at + 2 + usize::from(word(at + 2) == ",");
        return Some(Date {
            year: year_or_near(word(next), month, published)?,
            month,
            day: Some(day),
        });
    }
    let named = month(tokens, at)?;
    // "March 1, 2026", "March 1"
    if let Some(day) = day(word(at + 1)) {
        let next = at + 2 + usize::from(word(at + 2) == ",");
        let year = year_or_near(word(next), named, published)?;
        return Some(Date { year, month: named, day: Some(day) });
    }
    Some(Date { year: year_or_near(word(at + 1), named, published)?, month: named, day: None })
}

fn iso_date(word: &str) -> Option<Date> {
    let mut parts = word.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let valid = year.len() == 4 && parts.next().is_none();
    let date = Date { year: year.parse().ok()?, month: month.parse().ok()?, day: day.parse().ok() };
    (valid && (1..=12).contains(&date.month)).then_some(date)
}

/// "1", "1st": a day of a month.
fn day(word: &str) -> Option<u32> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let suffix = &word[digits.len()..];
    let day: u32 = digits.parse().ok().filter(|day| (1..=31).contains(day))?;
    matches!(suffix, "" | "st" | "nd" | "rd" | "th").then_some(day)
}

/// A month's name with a capital: "may" is a verb, "May" a month.
fn month(tokens: &[Token], at: usize) -> Option<u32> {
    let token = tokens.get(at).filter(|t| t.kind == TokenKind::Word && t.capital)?;
    month_number(token.lower)
}

/// The number of a month by its name in lower case; January is 1.
pub fn month_number(word: &str) -> Option<u32> {
    let found = MONTHS.iter().position(|m| *m == word)?;
    u32::try_from(found + 1).ok()
}

/// Whether a word is a month's name or short for one: "nov".
pub fn is_month(word: &str) -> bool {
    word.len() > 2 && MONTHS.iter().any(|month| month.starts_with(word))
}

/// The year that a word names; else the one that puts the month nearest to the publication.
fn year_or_near(word: &str, month: u32, published: (Option<i32>, Option<u32>)) -> Option<i32> {
    if let Some(year) = word.parse().ok().filter(|year| (1990..2100).contains(year)) {
        return Some(year);
    }
    let (year, now) = (published.0?, published.1?);
    Some(match i64::from(month) - i64::from(now) {
        ahead if ahead > 6 => year - 1,
        ahead if ahead < -6 => year + 1,
        _ => year,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Cased, tokens};

    #[test]
    fn only_dates_of_effect_count() {
        for (text, expected) in [
            ("She becomes Chair, effective 16 April, 2026.", Some("2026-04-16")),
            ("appointed Chief Architect effective March 1", Some("2026-03-01")),
            ("effective as of January 1st, 2027", Some("2027-01-01")),
            ("with effect from May 1, 2026", Some("2026-05-01")),
            ("Beginning November, Ana will work full-time", Some("2025-11")),
            ("whose terms concluded on 1 February 2026", Some("2026-02-01")),
            ("Tom will retire on June 30, 2026", Some("2026-06-30")),
            ("Ana Castellan (wren) — 2026-03-20", Some("2026-03-20")),
            ("announced on March 3, 2026 that Ana was elected", None),
            ("effective immediately", None),
            ("she may join", None),
        ] {
            let found = effective(&tokens(&Cased::of(text)), (Some(2026), Some(3)));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
