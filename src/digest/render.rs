//! A digest as text and as HTML.

use askama::Template;
use chrono::{Datelike, NaiveDate};

use super::compose::Context;
use crate::model::{Digest, DigestItem, Occasion, Period, SourceLink};

/// Lines of the text part are no longer, URLs aside.
const WIDTH: usize = 72;

/// What a reader is told in a month without news.
const NOTHING: &str =
    "Nothing that this digest asks for was announced in this time. The feeds are read as before.";

#[derive(Template)]
#[template(path = "digest.html", config = "src/digest/askama.toml")]
struct Html<'a> {
    digest: &'a Digest,
    context: &'a Context,
    span: String,
    /// A number stays on the line of what it counts.
    counts: String,
    summary: String,
    preview: String,
    feeds: String,
    title: String,
    told_at_once: Option<String>,
    nothing: Option<&'static str>,
}

impl Html<'_> {
    fn day(&self, day: &NaiveDate) -> String {
        day_month(*day)
    }
}

/// The HTML part.
pub fn render_html(digest: &Digest, context: &Context) -> String {
    let watched = (!digest.watched.is_empty()).then_some(("Watched", digest.watched.len()));
    let news = digest.sections.iter().map(|s| (s.body.as_str(), s.fact_count));
    let summary = watched
        .into_iter()
        .chain(news)
        .map(|(title, n)| format!("{title}\u{a0}{n}"))
        .collect::<Vec<_>>()
        .join(" · ");
    let news = digest.sections.iter().flat_map(|s| &s.items);
    let preview =
        digest.watched.iter().chain(news).take(3).map(headline).collect::<Vec<_>>().join("; ");
    let html = Html {
        digest,
        context,
        span: span(&digest.period),
        counts: bound(&digest.counts),
        summary,
        preview,
        feeds: feeds(digest),
        title: title(digest),
        told_at_once: told_at_once(digest),
        nothing: (digest.occasion == Occasion::Quiet).then_some(NOTHING),
    };
    html.render().expect("writing to a string cannot fail")
}

/// Each number bound to the word behind it by a space that does not break.
fn bound(counts: &str) -> String {
    let parts = counts.split(", ").map(|part| part.replacen(' ', "\u{a0}", 1));
    parts.collect::<Vec<_>>().join(", ")
}

/// The text part: no markup, no broken addresses.
pub fn render_text(digest: &Digest, context: &Context) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    line(&digest.counts);
    line(&format!("{}: {}", digest.subscription, span(&digest.period)));
    if let Some(late) = &digest.late {
        line(&wrap(late, "", ""));
    }
    if digest.occasion == Occasion::Quiet {
        line("");
        line(&wrap(NOTHING, "", ""));
    }
    let watched = (!digest.watched.is_empty()).then_some(("Watched", &digest.watched));
    let news = digest.sections.iter().map(|s| (s.body.as_str(), &s.items));
    for (title, items) in watched.into_iter().chain(news) {
        line("");
        line(&title.to_uppercase());
        for item in items {
            line("");
            line(&item_text(item, false));
        }
    }
    for (title, items, confidence) in
        [("UNCONFIRMED", &digest.unconfirmed, true), ("CORRECTIONS", &digest.corrections, false)]
    {
        if !items.is_empty() {
            line("");
            line(title);
        }
        for item in items {
            line("");
            line(&item_text(item, confidence));
        }
    }
    if !digest.health.is_empty() {
        line("");
        line("FEED HEALTH");
        line("");
    }
    for trouble in &digest.health {
        line(&wrap(trouble, "* ", "  "));
    }
    if let Some(told) = told_at_once(digest) {
        line("");
        line(&wrap(&told, "", ""));
    }
    line("");
    line("-- ");
    line(&wrap(
        &format!("{}. {} of \"{}\".", feeds(digest), title(digest), digest.subscription),
        "",
        "",
    ));
    line(&wrap(
        &format!("You get this because gazetted on {} lists you as its reader.", context.host),
        "",
        "",
    ));
    line(&format!("To stop: {}", context.stop));
    out
}

fn item_text(item: &DigestItem, confidence: bool) -> String {
    let mut head = headline(item);
    if confidence {
        head.push_str(&format!(" (confidence {:.2})", item.confidence));
    }
    let quote: String = item.quote.iter().map(|(t, _)| t.as_str()).collect();
    let mut text = wrap(&head, "* ", "  ");
    text.push('\n');
    text.push_str(&wrap(&format!("\"{quote}\""), "  ", "  "));
    for (i, source) in item.sources.iter().enumerate() {
        text.push('\n');
        text.push_str(&source_text(source, i == 0 && item.sources.len() > 1));
    }
    if let Some(effective) = &item.effective {
        text.push_str(&format!("\n  effective {effective}"));
    }
    text
}

fn source_text(source: &SourceLink, first: bool) -> String {
    let lead = if first { "first reported by " } else { "" };
    let url = source.url.as_deref().map(|u| format!(" <{u}>")).unwrap_or_default();
    let says = source.says.as_deref().map(|s| format!(" (says: {s})")).unwrap_or_default();
    let page = if source.from_page { " (read from the page)" } else { "" };
    format!("  {lead}{}, {}{page}{says}{url}", source.label, day_month(source.day))
}

fn headline(item: &DigestItem) -> String {
    item.headline.iter().map(|(t, _)| t.as_str()).collect()
}

fn feeds(digest: &Digest) -> String {
    let failing = if digest.feeds_failing > 0 {
        format!(", {} failing", digest.feeds_failing)
    } else {
        String::new()
    };
    format!(
        "{} feed{} read{failing}",
        digest.feeds_read,
        if digest.feeds_read == 1 { "" } else { "s" }
    )
}

/// What the message is: "Digest 2026-W47", or what was watched for.
fn title(digest: &Digest) -> String {
    match digest.occasion {
        Occasion::Scheduled => format!("Digest {}", digest.label),
        Occasion::Quiet => "A monthly note".to_owned(),
        Occasion::Watch => "Sent at once for the watch list".to_owned(),
    }
}

/// What else there was in the period.
fn told_at_once(digest: &Digest) -> Option<String> {
    match digest.told_at_once {
        0 => None,
        1 => Some("1 more change was told at once, since its name is watched.".to_owned()),
        n => Some(format!("{n} more changes were told at once, since their names are watched.")),
    }
}

fn day_month(day: NaiveDate) -> String {
    day.format("%-d %b").to_string()
}

/// "16 – 22 November 2026".
fn span(period: &Period) -> String {
    let (first, last) = (period.first_day, period.last_day);
    let end = last.format("%-d %B %Y").to_string();
    if first == last {
        end
    } else if (first.year(), first.month()) == (last.year(), last.month()) {
        format!("{} – {end}", first.day())
    } else if first.year() == last.year() {
        format!("{} – {end}", first.format("%-d %B"))
    } else {
        format!("{} – {end}", first.format("%-d %B %Y"))
    }
}

fn wrap(text: &str, first: &str, rest: &str) -> String {
    let mut lines = vec![first.to_owned()];
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let line = lines.last_mut().expect("there is always a line");
        let bare = line.trim().is_empty() || line == first;
        if !bare && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(format!("{rest}{word}"));
        } else {
            if !bare {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::compose::tests::{at, context, joined, sample, subscription};
    use super::super::{Selection, compose, period};
    use super::*;
    use chrono_tz::Tz;

    fn digest(changes: &[crate::model::Change]) -> Digest {
        compose(
            changes,
            &Selection::plain(&subscription()),
            period(at(-7), at(0), Tz::UTC),
            &context(),
        )
        .unwrap()
    }

    #[test]
    fn the_text_reads_like_a_letter() {
        let text = render_text(&digest(&sample()), &context());
        for part in [
            "3 joined, 1 appointment, 1 departure\nBoards, weekly: 11 – 18 November 2026\n",
            "OPEN LATTICE FOUNDATION\n\n* Meridian Cloud joined as Platinum member\n  \"Today Meridian Cloud joins as Platinum member.\"\n  Open Lattice Foundation blog, 18 Nov <https://example.org/a>\n",
            "142 feeds read, 1 failing.",
            "To stop: mailto:ops@example.org?subject=unsubscribe",
        ] {
            assert!(text.contains(part), "{part}\nis missing in\n{text}");
        }
        assert!(text.lines().all(|l| l.chars().count() <= WIDTH || l.contains("http")), "{text}");
    }

    #[test]
    fn the_html_marks_its_evidence_and_links_its_source() {
        let html = render_html(&digest(&sample()), &context());
        for part in [
            "<mark",
            ">Meridian Cloud</mark>",
            "href=\"https://example.org/a#:~:text=",
            "<b>Platinum</b>",
            "prefers-color-scheme: dark",
            "mailto:ops@example.org?subject=unsubscribe",
        ] {
            assert!(html.contains(part), "{part} is missing in\n{html}");
        }
        assert!(!html.contains("<img"));
    }

    #[test]
    fn what_comes_from_the_network_is_inert() {
        let mut hostile = joined(
            1,
            "<script>alert(1)</script>",
            "B\u{202e}ody {{ 7 }}",
            "Gold",
            "<img src=x onerror=alert(1)> quote",
        );
        hostile.sources[0].link = Some("javascript:alert(1)".into());
        hostile.sources[0].publisher = "\"><svg onload=alert(1)>".into();
        let html = render_html(&digest(&[hostile]), &context());
        for part in ["<script", "<img", "<svg", "javascript:", "\u{202e}"] {
            assert!(!html.contains(part), "{part} is in\n{html}");
        }
    }
}
