//! `gazetted feeds`: the configured feeds and their state, the catalogue, and what one does with
//! feeds: find, add, try, import, export.

mod add;
mod broken;
mod discover;
mod look;
mod opml;
mod test;

use super::output::{minute, print, table};
use super::{Failure, Shell};
use crate::config::{FeedConfig, catalogue};
use crate::feed::discover::normal_address;
use crate::model::{FeedKind, FeedName};
use crate::store::{FeedOverview, Store, StoreError};

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// List the catalogue of feeds that ships with gazetted
    #[arg(long)]
    catalogue: bool,
    /// Show how politely each feed was treated, by its own record of requests
    #[arg(long)]
    politeness: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Find the feeds of a site, try each and show its newest entries
    #[command(after_help = discover::EXAMPLES)]
    Discover(discover::Arguments),
    /// Add a feed to the configuration; of a page, the feed that it names
    #[command(after_help = add::EXAMPLES)]
    Add(add::Arguments),
    /// Add the feeds of an OPML file to the configuration
    #[command(after_help = opml::IMPORT_EXAMPLES)]
    Import(opml::ImportArguments),
    /// Write the configured feeds as OPML
    #[command(after_help = opml::EXPORT_EXAMPLES)]
    Export(opml::ExportArguments),
    /// Fetch, parse and detect once, as the daemon would; nothing is stored
    #[command(after_help = test::EXAMPLES)]
    Test(test::Arguments),
    /// Ask again a feed that its publisher ended, or whose server asked for a rest
    Resume {
        /// Its name
        name: String,
    },
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        None => list(shell, arguments),
        Some(Command::Discover(arguments)) => discover::run(shell, arguments),
        Some(Command::Add(arguments)) => add::run(shell, arguments),
        Some(Command::Import(arguments)) => opml::import(shell, arguments),
        Some(Command::Export(arguments)) => opml::export(shell, arguments),
        Some(Command::Test(arguments)) => test::run(shell, arguments),
        Some(Command::Resume { name }) => resume(shell, name),
    }
}

fn resume(shell: &Shell, name: &str) -> Result<(), Failure> {
    let mut store = shell.corrector()?;
    if !store.resume_feed(&FeedName(name.to_owned()))? {
        return Err(Failure::Failed(format!("no feed is called `{name}`; see `gazetted feeds`")));
    }
    shell.say(&format!(
        "{name} is asked again; a daemon that runs takes that over at its next reload (systemctl reload gazetted)"
    ));
    Ok(())
}

fn list(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.catalogue {
        return Ok(print(&catalogue_table())?);
    }
    let config = shell.config()?;
    if arguments.politeness {
        return Ok(print(&super::politeness::report(&config, &shell.reader()?)?)?);
    }
    let known = match reader(&config.store_path)? {
        Some(store) => store.feed_overview()?,
        None => Vec::new(),
    };
    let mut rows =
        vec![["FEED", "STATE", "LAST POLL", "ENTRIES", "ADDRESS"].map(str::to_owned).to_vec()];
    for feed in &config.feeds {
        let found = known.iter().find(|k| k.name == feed.feed.name.0);
        rows.push(vec![
            feed.feed.name.0.clone(),
            if feed.enabled { state(found) } else { "disabled".into() },
            found.and_then(|k| k.last_poll).map_or_else(|| "never".into(), minute),
            found.map_or(0, |k| k.entries).to_string(),
            crate::fetch::redact(&feed.feed.url),
        ]);
    }
    let mut text = table(&rows);
    for feed in &known {
        for trouble in feed.last_error.iter().chain(&feed.warnings) {
            text.push_str(&format!("{}: {trouble}\n", feed.name));
        }
    }
    Ok(print(&text)?)
}

/// The store for reading; none where nothing was ever polled.
fn reader(path: &std::path::Path) -> Result<Option<Store>, Failure> {
    match Store::open_read_only(path) {
        Ok(store) => Ok(Some(store)),
        Err(StoreError::Open { .. }) if !path.exists() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What `--kind` takes.
#[derive(Clone, Copy, clap::ValueEnum)]
enum KindArgument {
    /// A foundation, consortium or project: every entry may matter
    Foundation,
    /// A company's newsroom or blog
    Vendor,
    /// A newswire that carries many companies' releases
    Newswire,
}

impl From<KindArgument> for FeedKind {
    fn from(kind: KindArgument) -> FeedKind {
        match kind {
            KindArgument::Foundation => FeedKind::Foundation,
            KindArgument::Vendor => FeedKind::Vendor,
            KindArgument::Newswire => FeedKind::Newswire,
        }
    }
}

/// The configured feed that reads one of these addresses.
fn configured<'a>(feeds: &'a [FeedConfig], addresses: &[&str]) -> Option<&'a str> {
    let wanted: Vec<String> = addresses.iter().map(|url| normal_address(url)).collect();
    let found = feeds.iter().find(|f| wanted.contains(&normal_address(&f.feed.url)))?;
    Some(&found.feed.name.0)
}

/// What makes a changed file count.
const RELOAD: &str =
    "next: `gazetted check`, then reload a running daemon (`systemctl reload gazetted`, or SIGHUP)";

fn state(feed: Option<&FeedOverview>) -> String {
    match feed {
        None => "not polled yet".into(),
        Some(f) if f.gone => "gone".into(),
        Some(f) if f.failures > 0 => format!("failing ({} in a row)", f.failures),
        Some(f) if f.last_success.is_none() => "not polled yet".into(),
        Some(f) if !f.warnings.is_empty() => "read, with repairs".into(),
        Some(_) => "read".into(),
    }
}

fn catalogue_table() -> String {
    let mut rows = vec![
        ["ID", "PUBLISHER", "ADDRESS (unverified until polled)", "SEEN AT"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(
        catalogue::entries()
            .iter()
            .map(|e| vec![e.id.clone(), e.publisher.clone(), e.url.clone(), e.seen_at.clone()]),
    );
    table(&rows)
}
