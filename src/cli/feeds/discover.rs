//! `gazetted feeds discover`: the feeds of a site.

use serde_json::{Value, json};

use super::look::{Found, Guess, Look, client, look, settings};
use super::{broken, configured};
use crate::cli::output::print;
use crate::cli::{Failure, Shell, block_on};
use crate::config::{FeedConfig, catalogue};
use crate::feed::discover::{Via, newest, normal_address, typed_address};
use crate::fetch::redact;
use crate::model::{Entry, one_line};

pub const EXAMPLES: &str =
    "Looks at the page, tries the feeds that it names, and, where it names none, common
addresses such as /feed, /rss.xml and /atom.xml. Nothing is stored or changed.

Examples:
  gazetted feeds discover lattice.example
  gazetted feeds discover https://lattice.example/news --json
  gazetted feeds discover --broken            # where did the feeds go that answer 404 or 410?
  gazetted feeds discover --broken --apply    # and write their new addresses

Exit codes: 0 a feed was found, 4 none was found, 1 the page could not be read";

/// Titles of entries are shown no longer, in characters.
const TITLE_CHARS_MAX: usize = 160;

/// Reasons and warnings are shown no longer, in characters.
pub const LINE_CHARS_MAX: usize = 400;

#[derive(clap::Args)]
pub struct Arguments {
    /// A page of the site, or a feed
    #[arg(required_unless_present = "broken", conflicts_with = "broken")]
    url: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// How many of the newest entries of each feed to show
    #[arg(long, value_name = "N", default_value_t = 3)]
    entries: usize,
    /// Try common addresses although the page names a feed
    #[arg(long, conflicts_with = "broken")]
    guess: bool,
    /// Look for the new addresses of the configured feeds that answer 404, 410 or a web page, or moved
    #[arg(long)]
    broken: bool,
    /// Write the new addresses into the configuration
    #[arg(long, requires = "broken")]
    pub apply: bool,
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let Some(typed) = arguments.url.as_deref().filter(|_| !arguments.broken) else {
        return broken::run(shell, arguments);
    };
    let url = String::from(typed_address(typed).map_err(Failure::Failed)?);
    let (fetch, feeds) = settings(shell)?;
    let client = client(&fetch)?;
    let guess = if arguments.guess { Guess::Always } else { Guess::WhenNone };
    let look = block_on(async { Ok(look(&client, &url, guess).await) })?;
    if arguments.json {
        print(&format!("{:#}\n", as_json(&url, &look, &feeds, arguments.entries)))?;
    } else {
        for (candidate, reason) in look.failed.iter().filter(|(c, _)| c.via != Via::Guess) {
            let line = format!("tried ({}): {reason}", candidate.via.as_str());
            shell.say(&one_line(&line, LINE_CHARS_MAX));
        }
        print(&as_text(&look, &feeds, arguments.entries))?;
    }
    outcome(shell, &url, &look)
}

fn outcome(shell: &Shell, url: &str, look: &Look) -> Result<(), Failure> {
    if let Some(first) = look.found.first() {
        if let Some(trouble) = &look.trouble {
            shell.say(&one_line(trouble, LINE_CHARS_MAX));
        }
        shell.say(&format!("add one with `gazetted feeds add {}`", redact(&first.address)));
        return Ok(());
    }
    let guessed = look.failed.iter().filter(|(c, _)| c.via == Via::Guess).count();
    match &look.trouble {
        Some(trouble) if guessed > 0 => Err(Failure::Failed(format!(
            "{trouble}, and there is no feed at {guessed} common addresses beside it"
        ))),
        Some(trouble) => Err(Failure::Failed(trouble.clone())),
        None => Err(Failure::Nothing(format!(
            "no feed was found at {}: it names none that works, and there is none at {guessed} common addresses; look on the site for \"RSS\", or try another page of it",
            redact(url)
        ))),
    }
}

/// How a feed was found, in words.
fn named_by(found: &Found) -> &'static str {
    match found.candidate.via {
        Via::Given => "the address itself",
        Via::Link => "named by the page",
        Via::Anchor => "linked on the page",
        Via::Guess => "a common address",
    }
}

/// The entry of the catalogue with this address.
pub fn catalogue_id(found: &Found) -> Option<&'static str> {
    let addresses = [normal_address(&found.address), normal_address(&found.final_url)];
    let entry = catalogue::entries().iter().find(|e| addresses.contains(&normal_address(&e.url)));
    entry.map(|e| e.id.as_str())
}

fn as_text(look: &Look, feeds: &[FeedConfig], most: usize) -> String {
    let mut text = String::new();
    for found in &look.found {
        text.push_str(&format!("{}\n  {}\n", redact(&found.address), found.title()));
        let format = found.format.map_or("feed", |f| f.as_str());
        let entries = found.parsed.entries.len();
        text.push_str(&format!(
            "  {format}, {entries} {}; {}\n",
            if entries == 1 { "entry" } else { "entries" },
            named_by(found)
        ));
        if let Some(name) = configured(feeds, &[&found.address, &found.final_url]) {
            text.push_str(&format!("  configured already, as \"{}\"\n", one_line(name, 100)));
        } else if let Some(id) = catalogue_id(found) {
            text.push_str(&format!("  in the catalogue, as \"{id}\"\n"));
        }
        for warning in &found.parsed.warnings {
            text.push_str(&format!("  warning: {}\n", one_line(warning, LINE_CHARS_MAX)));
        }
        for entry in newest(&found.parsed.entries, most) {
            text.push_str(&format!("    {}  {}\n", day(entry), title(entry)));
        }
    }
    text
}

fn day(entry: &Entry) -> String {
    entry.published.map_or_else(|| "no date   ".into(), |at| at.format("%Y-%m-%d").to_string())
}

/// An entry's title as one line; its address where it has none.
pub fn title(entry: &Entry) -> String {
    let title = one_line(&entry.title, TITLE_CHARS_MAX);
    if title.is_empty() {
        one_line(entry.link.as_deref().unwrap_or("(no title)"), TITLE_CHARS_MAX)
    } else {
        title
    }
}

fn as_json(url: &str, look: &Look, feeds: &[FeedConfig], most: usize) -> Value {
    let found: Vec<Value> = look.found.iter().map(|f| found_json(f, feeds, most)).collect();
    let failed: Vec<Value> = look
        .failed
        .iter()
        .map(|(c, reason)| json!({"url": redact(&c.url), "via": c.via.as_str(), "problem": reason}))
        .collect();
    json!({"url": redact(url), "problem": look.trouble, "feeds": found, "tried": failed})
}

fn found_json(found: &Found, feeds: &[FeedConfig], most: usize) -> Value {
    let newest: Vec<Value> = newest(&found.parsed.entries, most)
        .into_iter()
        .map(|entry| json!({"title": title(entry), "link": entry.link, "published": entry.published.map(|p| p.to_rfc3339())}))
        .collect();
    json!({
        "url": redact(&found.address),
        "title": found.title(),
        "format": found.format.map(|f| f.as_str()),
        "entries": found.parsed.entries.len(),
        "newest": newest,
        "via": found.candidate.via.as_str(),
        "read_at": redact(&found.final_url),
        "warnings": found.parsed.warnings,
        "configured_as": configured(feeds, &[&found.address, &found.final_url]),
        "catalogue": catalogue_id(found),
    })
}
