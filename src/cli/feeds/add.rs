//! `gazetted feeds add`: one feed more in the configuration.

use url::Url;

use super::look::{Found, Guess, Look, client, host, look};
use super::{KindArgument, RELOAD, configured, discover};
use crate::cli::output::print;
use crate::cli::{Failure, Shell, block_on};
use crate::config::edit::{self, NewFeed};
use crate::config::{self, Config};
use crate::feed::discover::{is_comments, typed_address};
use crate::fetch::redact;
use crate::model::one_line;

pub const EXAMPLES: &str =
    "Fetches the address. A feed is added as it is; of a page, the one feed that it names. The
[[feed]] table is put behind the last one; comments and everything else stay as they are. The
result is checked first, and a wrong one is not written.

Examples:
  gazetted feeds add https://lattice.example/feed.xml --publisher \"Open Lattice Foundation\"
  gazetted feeds add meridian.example --kind vendor --dry-run
  gazetted feeds add https://tidewater.example/rss --name Tidewater --unchecked";

/// Names that are taken from a feed are cut here, in characters: they stand in tables and mails.
const NAME_CHARS_MAX: usize = 80;

#[derive(clap::Args)]
pub struct Arguments {
    /// A feed, or a page that names one
    url: String,
    /// Its name, which is its identity [default: the feed's title]
    #[arg(long)]
    name: Option<String>,
    /// Whose feed it is: "our board" is the publisher's [default: the name]
    #[arg(long)]
    publisher: Option<String>,
    /// What sort of publisher that is [default: foundation]
    #[arg(long)]
    kind: Option<KindArgument>,
    /// Show the change and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Add the address as it is, without fetching it
    #[arg(long)]
    unchecked: bool,
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let path = shell.needed_config_path()?;
    let url = typed_address(&arguments.url).map_err(Failure::Failed)?;
    let old = edit::read(&path)?;
    let config = current(shell, &old)?;
    refuse_known(&config, arguments.name.as_deref(), &[url.as_str()])?;
    let (url, title) = if arguments.unchecked {
        (String::from(url), None)
    } else {
        let client = client(&config.fetch)?;
        let look = block_on(async { Ok(look(&client, url.as_str(), Guess::WhenNone).await) })?;
        let found = the_one(&url, &look)?;
        refuse_known(&config, None, &[&found.address, &found.final_url])?;
        tell(shell, found);
        (found.address.clone(), Some(found.title()))
    };
    let named = arguments.name.clone().or(title).unwrap_or_else(|| host(&url));
    let name = one_line(&named, NAME_CHARS_MAX);
    if name.is_empty() {
        return Err(Failure::Failed("the name is empty; give one with --name".into()));
    }
    refuse_known(&config, Some(&name), &[])?;
    let feed = NewFeed {
        name: name.clone(),
        url,
        publisher: arguments.publisher.clone(),
        kind: arguments.kind.map(Into::into),
        ..NewFeed::default()
    };
    let new = edit::append_feeds(&old, std::slice::from_ref(&feed))?;
    if arguments.dry_run {
        config::check_text(&new, &path, &shell.environment)?;
        print(&edit::unified_diff(&path, &old, &new))?;
        shell.say("nothing was written");
        return Ok(());
    }
    edit::save(&path, &old, &new, &shell.environment)?;
    print(&format!("added \"{name}\" ({}) to {}\n", redact(&feed.url), path.display()))?;
    if feed.publisher.is_none() {
        shell.say(&format!("its publisher is taken to be \"{name}\"; if that is no organisation's name, set `publisher`: \"our board\" is the publisher's"));
    }
    shell.say(RELOAD);
    Ok(())
}

/// The configuration as it stands. One without any feed is none yet, so it is checked with a feed
/// that is not written.
pub fn current(shell: &Shell, text: &str) -> Result<Config, Failure> {
    let path = shell.needed_config_path()?;
    if edit::count_feeds(text)? > 0 {
        return shell.config();
    }
    let (name, url) = ("first".into(), "https://example.org/".into());
    let with_one = edit::append_feeds(text, &[NewFeed { name, url, ..NewFeed::default() }])?;
    let config = config::check_text(&with_one, &path, &shell.environment)?;
    Ok(Config { feeds: Vec::new(), ..config })
}

/// Refuses an address or a name that is configured.
fn refuse_known(config: &Config, name: Option<&str>, addresses: &[&str]) -> Result<(), Failure> {
    if let Some(known) = configured(&config.feeds, addresses) {
        return Err(Failure::Failed(format!(
            "{} is configured already, as \"{known}\"; nothing was changed",
            redact(addresses.first().copied().unwrap_or_default())
        )));
    }
    match name.filter(|name| config.feeds.iter().any(|f| f.feed.name.0 == *name)) {
        Some(name) => Err(Failure::Failed(format!(
            "a feed is called \"{name}\" already; choose another with --name (a name is a feed's identity)"
        ))),
        None => Ok(()),
    }
}

/// The feed that is meant: the only one, comments and second dialects aside.
fn the_one<'a>(url: &Url, look: &'a Look) -> Result<&'a Found, Failure> {
    let distinct = look.distinct();
    let posts: Vec<&Found> =
        distinct.iter().copied().filter(|f| !is_comments(&f.address, Some(&f.title()))).collect();
    match (posts.as_slice(), distinct.as_slice()) {
        ([one], _) | ([], [one]) => Ok(*one),
        ([], []) => Err(match &look.trouble {
            Some(trouble) => Failure::Failed(format!(
                "{trouble}; nothing was changed (--unchecked adds an address that cannot be read now)"
            )),
            None => Failure::Nothing(format!(
                "no feed was found at {}; nothing was changed",
                redact(url.as_str())
            )),
        }),
        (several, _) => {
            let several = if several.is_empty() { distinct.as_slice() } else { several };
            let listed: String = several
                .iter()
                .map(|f| format!("\n  gazetted feeds add {}  # {}", redact(&f.address), f.title()))
                .collect();
            Err(Failure::Failed(format!(
                "the page names several feeds; nothing was changed. Add the one that you mean:{listed}"
            )))
        }
    }
}

fn tell(shell: &Shell, found: &Found) {
    let format = found.format.map_or("feed", |f| f.as_str());
    let entries = found.parsed.entries.len();
    shell.say(&format!("found {}: {format}, {entries} entries", redact(&found.address)));
    for warning in &found.parsed.warnings {
        shell.say(&one_line(&format!("warning: {warning}"), discover::LINE_CHARS_MAX));
    }
    if let Some(id) = discover::catalogue_id(found) {
        shell.say(&format!("the catalogue has it too: catalogue = \"{id}\""));
    }
}
