//! What a feed says of itself: where it lives and how often it wants to be asked.
//!
//! feed-rs gives `ttl` and links alone; the rest is read off the tags that stand outside entries.

use std::borrow::Cow;
use std::time::Duration;

use chrono::Weekday;
use url::Url;

use super::absolute;
use super::scan::{Tag, attribute, local, unescape};

/// More of one kind than a day has hours or a week has days is nonsense.
const SKIPS_MAX: usize = 24;

/// A feed's own words, as far as they make sense.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// RSS `ttl`.
    pub ttl: Option<Duration>,
    /// Hours of the day, UTC, 0 to 23, in which nothing changes.
    pub skip_hours: Vec<u8>,
    /// Days on which nothing changes.
    pub skip_days: Vec<Weekday>,
    /// `sy:updatePeriod`.
    period: Option<Duration>,
    /// `sy:updateFrequency`: how often in a period.
    frequency: Option<u32>,
    /// The address of the web site, as written.
    site: Option<String>,
    /// Its own address, as written.
    own: Option<String>,
    /// Its WebSub hub, as written.
    hub: Option<String>,
    /// `xml:base` of the root or the channel.
    base: Option<String>,
}

impl Channel {
    /// Takes note of an element outside of entries: its tag, its parent's name, its text, raw.
    pub fn note(&mut self, tag: &Tag<'_>, parent: &str, text: &str) {
        if let Some(base) = attribute(tag.attributes, "xml:base") {
            self.base.get_or_insert_with(|| unescape(base).into_owned());
        }
        let value = || unescape(text.trim());
        match local(tag.name) {
            "ttl" => self.ttl = self.ttl.or_else(|| minutes(&value())),
            "hour" if local(parent) == "skipHours" && self.skip_hours.len() < SKIPS_MAX => {
                // 24 is midnight in feeds of the nineties.
                let hour = value().trim().parse::<u8>().ok().filter(|h| *h <= 24).map(|h| h % 24);
                self.skip_hours.extend(hour.filter(|h| !self.skip_hours.contains(h)));
            }
            "day" if local(parent) == "skipDays" && self.skip_days.len() < SKIPS_MAX => {
                let day = value().trim().parse::<Weekday>().ok();
                self.skip_days.extend(day.filter(|d| !self.skip_days.contains(d)));
            }
            "updatePeriod" => self.period = self.period.or_else(|| period(value().trim())),
            "updateFrequency" => {
                let times = value().trim().parse::<u32>().ok().filter(|times| *times > 0);
                self.frequency = self.frequency.or(times);
            }
            "link" if is_channel(parent) => self.note_link(tag, &value()),
            _ => {}
        }
    }

    fn note_link(&mut self, tag: &Tag<'_>, text: &str) {
        let Some(href) = attribute(tag.attributes, "href") else {
            // An element of another vocabulary (`itunes:link`, `atom:link` without href) is no site.
            if !tag.name.contains(':') && !text.trim().is_empty() {
                self.site.get_or_insert_with(|| text.trim().to_owned());
            }
            return;
        };
        let href = unescape(href).trim().to_owned();
        let place = match attribute(tag.attributes, "rel").map(str::trim) {
            None | Some("alternate" | "") => &mut self.site,
            Some("self") => &mut self.own,
            Some("hub") => &mut self.hub,
            Some(_) => return,
        };
        place.get_or_insert(href);
    }

    /// How often the feed changes by its own word: the period divided by the frequency.
    pub fn update_interval(&self) -> Option<Duration> {
        self.period.map(|period| period / self.frequency.unwrap_or(1))
    }

    /// The web site, absolute.
    pub fn site(&self, feed: Option<&Url>) -> Option<String> {
        absolute(self.site.as_deref()?, self.base.as_deref(), feed)
    }

    /// The feed's own address, absolute.
    pub fn own(&self, feed: Option<&Url>) -> Option<String> {
        absolute(self.own.as_deref()?, self.base.as_deref(), feed)
    }

    /// The WebSub hub, absolute.
    pub fn hub(&self, feed: Option<&Url>) -> Option<String> {
        absolute(self.hub.as_deref()?, self.base.as_deref(), feed)
    }

    /// A JSON feed's word.
    pub fn of_json(site: Option<&str>, own: Option<&str>, hub: Option<&str>) -> Channel {
        let owned = |s: Option<&str>| s.map(str::to_owned);
        Channel { site: owned(site), own: owned(own), hub: owned(hub), ..Channel::default() }
    }
}

fn is_channel(parent: &str) -> bool {
    matches!(local(parent), "channel" | "feed")
}

fn minutes(text: &str) -> Option<Duration> {
    // Some write `60 minutes`, some `60.0`; a negative number is none.
    let digits = text.trim().split(|c: char| !c.is_ascii_digit()).next()?;
    let minutes = digits.parse::<u64>().ok().filter(|m| *m > 0)?;
    Some(Duration::from_secs(minutes.checked_mul(60)?))
}

fn period(text: &str) -> Option<Duration> {
    const DAY: u64 = 24 * 60 * 60;
    let lower: Cow<'_, str> = text.to_ascii_lowercase().into();
    let seconds = match lower.as_ref() {
        "hourly" => 60 * 60,
        "daily" => DAY,
        "weekly" => 7 * DAY,
        "monthly" => 30 * DAY,
        "yearly" => 365 * DAY,
        _ => return None,
    };
    Some(Duration::from_secs(seconds))
}
