//! `gazetted feeds import` and `export`: lists of feeds, from and for other readers.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use url::Url;

use super::add::current;
use super::look::host;
use super::{KindArgument, RELOAD, reader};
use crate::cli::output::print;
use crate::cli::{Failure, Shell};
use crate::config::edit::{self, NewFeed, kind_word};
use crate::config::{self, Config};
use crate::feed::decode_page;
use crate::feed::discover::{normal_address, typed_address};
use crate::fetch::redact;
use crate::model::{FeedKind, one_line};
use crate::opml::{self, BYTES_MAX, Outline};

pub const IMPORT_EXAMPLES: &str =
    "Nothing is fetched. Feeds that are configured already are told and skipped; folders become
comments. Check what came in with `gazetted poll` or `gazetted feeds test NAME`.

Examples:
  gazetted feeds import subscriptions.opml --dry-run
  gazetted feeds import vendors.opml --kind vendor
  curl -s https://reader.example/export.opml | gazetted feeds import -";

pub const EXPORT_EXAMPLES: &str = "Disabled feeds are marked isComment=\"true\". User names and passwords in addresses are left out
unless --with-passwords is given.

Examples:
  gazetted feeds export > feeds.opml
  gazetted feeds export --output feeds.opml";

/// Names are cut here, in characters.
const NAME_CHARS_MAX: usize = 80;

#[derive(clap::Args)]
pub struct ImportArguments {
    /// The OPML file; `-` for standard input
    file: PathBuf,
    /// What sort of publishers these are, where the file does not say [default: foundation]
    #[arg(long)]
    kind: Option<KindArgument>,
    /// Show what would be added and skipped, and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(clap::Args)]
pub struct ExportArguments {
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep user names and passwords in addresses
    #[arg(long)]
    with_passwords: bool,
}

/// What becomes of an outline.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    Add(NewFeed),
    Skip(String),
}

pub fn import(shell: &Shell, arguments: &ImportArguments) -> Result<(), Failure> {
    let path = shell.needed_config_path()?;
    let old = edit::read(&path)?;
    let config = current(shell, &old)?;
    let bytes = read(&arguments.file)?;
    let wrong = |e: opml::OpmlError| Failure::Failed(format!("{}: {e}", arguments.file.display()));
    let list = opml::read(&decode_page(&bytes, None)).map_err(wrong)?;
    for warning in &list.warnings {
        shell.say(&format!("{}: {warning}", arguments.file.display()));
    }
    let fates = decide(list.outlines, &config, arguments.kind.map(Into::into));
    let mut added = Vec::new();
    let mut shown = String::new();
    for fate in &fates {
        match fate {
            Fate::Skip(reason) => shell.say(&format!("skipped: {reason}")),
            Fate::Add(feed) => {
                let state = if feed.disabled { ", disabled" } else { "" };
                shown.push_str(&format!("{}  {}{state}\n", feed.name, redact(&feed.url)));
                added.push(feed.clone());
            }
        }
    }
    let skipped = fates.len() - added.len();
    if added.is_empty() {
        shell.say(&format!("nothing to add: {skipped} skipped"));
        return Ok(());
    }
    let new = edit::append_feeds(&old, &added)?;
    let count = added.len();
    if arguments.dry_run {
        config::check_text(&new, &path, &shell.environment)?;
        print(&shown)?;
        shell.say(&format!("{count} would be added, {skipped} skipped; nothing was written"));
        return Ok(());
    }
    edit::save(&path, &old, &new, &shell.environment)?;
    print(&shown)?;
    shell.say(&format!("{count} added to {}, {skipped} skipped", path.display()));
    shell.say(RELOAD);
    Ok(())
}

/// The bytes of a file, no more than a list may have.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |e: std::io::Error| Failure::Io(format!("{} cannot be read: {e}", path.display()));
    let mut bytes = Vec::new();
    // One more than allowed, so that a file that is too large is known as such.
    let most = BYTES_MAX as u64 + 1;
    if path == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() > BYTES_MAX {
        let error = opml::OpmlError::TooLarge;
        return Err(Failure::Failed(format!("{}: {error}", path.display())));
    }
    Ok(bytes)
}

/// What becomes of each outline: new addresses under names that are free.
fn decide(outlines: Vec<Outline>, config: &Config, kind: Option<FeedKind>) -> Vec<Fate> {
    let mut addresses: HashSet<String> =
        config.feeds.iter().map(|f| normal_address(&f.feed.url)).collect();
    let taken = config.feeds.iter().map(|f| f.feed.name.0.clone()).collect();
    let mut names = Names { taken, next: HashMap::new() };
    let mut fates = Vec::new();
    for outline in outlines {
        let shown = one_line(&outline.title, NAME_CHARS_MAX);
        let url = match typed_address(&outline.url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => url,
            // A list from somewhere else has no say over files of this machine.
            Ok(url) => {
                let scheme = url.scheme();
                fates.push(Fate::Skip(format!("\"{shown}\": `{scheme}` addresses are not imported; add it with `gazetted feeds add`")));
                continue;
            }
            Err(reason) => {
                fates.push(Fate::Skip(format!("\"{shown}\": {reason}")));
                continue;
            }
        };
        if !addresses.insert(normal_address(url.as_str())) {
            let url = redact(url.as_str());
            fates.push(Fate::Skip(format!("\"{shown}\": {url} is there already")));
            continue;
        }
        let name = names.take(&shown, &url);
        fates.push(Fate::Add(new_feed(outline, name, url, kind)));
    }
    fates
}

fn new_feed(outline: Outline, name: String, url: Url, kind: Option<FeedKind>) -> NewFeed {
    let own_kind = [FeedKind::Foundation, FeedKind::Vendor, FeedKind::Newswire]
        .into_iter()
        .find(|kind| outline.kind.as_deref() == Some(kind_word(*kind)));
    let folders = outline.folders.join(" / ");
    NewFeed {
        publisher: outline.publisher.filter(|publisher| *publisher != name),
        name,
        url: url.into(),
        kind: own_kind.or(kind),
        disabled: outline.commented,
        comment: (!folders.is_empty()).then(|| format!("Folder: {folders}")),
    }
}

/// The names that are taken.
struct Names {
    taken: HashSet<String>,
    /// The next number behind a name that is taken: counted on, so that ten thousand blogs called
    /// "Blog" cost no more than others.
    next: HashMap<String, u32>,
}

impl Names {
    /// The title, else the host; with the host and then a number behind it where that is taken.
    fn take(&mut self, title: &str, url: &Url) -> String {
        let host = host(url.as_str());
        let plain = if title.is_empty() { host.clone() } else { title.to_owned() };
        let with_host = format!("{plain} ({host})");
        let mut name = if self.taken.contains(&plain) { with_host.clone() } else { plain };
        let next = self.next.entry(with_host.clone()).or_insert(2);
        while self.taken.contains(&name) {
            name = format!("{with_host} {next}");
            *next += 1;
        }
        self.taken.insert(name.clone());
        name
    }
}

pub fn export(shell: &Shell, arguments: &ExportArguments) -> Result<(), Failure> {
    let config = shell.config()?;
    // The sites are known where the feeds were polled.
    let known = match reader(&config.store_path)? {
        Some(store) => store.feed_overview()?,
        None => Vec::new(),
    };
    let site = |name: &str| known.iter().find(|k| k.name == name).and_then(|k| k.site.clone());
    let mut hidden = 0;
    let outlines: Vec<Outline> = config
        .feeds
        .iter()
        .map(|feed| {
            let shown = redact(&feed.feed.url);
            hidden += usize::from(shown != feed.feed.url);
            Outline {
                title: feed.feed.name.0.clone(),
                url: if arguments.with_passwords { feed.feed.url.clone() } else { shown },
                publisher: Some(feed.feed.publisher.clone()),
                kind: Some(kind_word(feed.feed.kind).to_owned()),
                site: site(&feed.feed.name.0).map(|url| redact(&url)),
                commented: !feed.enabled,
                folders: Vec::new(),
            }
        })
        .collect();
    let text = opml::write("Feeds of gazetted", &outlines);
    if hidden > 0 && !arguments.with_passwords {
        shell.say(&format!("{hidden} addresses were written without their user and password; --with-passwords keeps them"));
    }
    match &arguments.output {
        None => Ok(print(&text)?),
        Some(path) => {
            edit::write_file(path, &text)
                .map_err(|e| Failure::Io(format!("{} cannot be written: {e}", path.display())))?;
            shell.say(&format!("{} feeds written to {}", outlines.len(), path.display()));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    #[test]
    fn outlines_become_feeds_under_free_names_or_are_skipped_with_a_reason() {
        let text = "[store]\npath = \"x\"\n[[feed]]\nname = \"Lattice\"\nurl = \"https://lattice.example/feed\"\n";
        let config =
            config::parse(text, Path::new("/etc/g.toml"), &Environment::default()).unwrap();
        let outline = |title: &str, url: &str| Outline {
            title: title.into(),
            url: url.into(),
            ..Outline::default()
        };
        let outlines = vec![
            outline("Quill Data", "https://quill.example/rss"),
            outline("Lattice", "http://www.lattice.example/feed/"),
            outline("Lattice", "https://other.example/feed"),
            outline("Lattice", "https://other.example/feed2"),
            outline("", "https://tidewater.example/feed"),
            outline("Again", "https://quill.example/rss#x"),
            outline("Secrets", "file:///etc/passwd"),
            outline("Broken", "no address"),
        ];
        let fates: Vec<String> = decide(outlines, &config, None)
            .into_iter()
            .map(|fate| match fate {
                Fate::Add(feed) => format!("+ {}", feed.name),
                Fate::Skip(reason) => format!("- {reason}"),
            })
            .collect();
        let expected = [
            "+ Quill Data",
            "- \"Lattice\": http://www.lattice.example/feed/ is there already",
            "+ Lattice (other.example)",
            "+ Lattice (other.example) 2",
            "+ tidewater.example",
            "- \"Again\": https://quill.example/rss#x is there already",
            "- \"Secrets\": `file` addresses are not imported",
            "- \"Broken\": `no address` is no address",
        ];
        assert_eq!(fates.len(), expected.len());
        for (fate, expected) in fates.iter().zip(expected) {
            assert!(fate.starts_with(expected), "{fate}\n{expected}");
        }
    }

    #[test]
    fn what_an_outline_says_of_its_publisher_is_kept() {
        let outline = Outline {
            title: "News".into(),
            publisher: Some("Meridian Cloud".into()),
            kind: Some("vendor".into()),
            commented: true,
            folders: vec!["A".into(), "B".into()],
            ..Outline::default()
        };
        let url = Url::parse("https://m.example/").unwrap();
        let feed = new_feed(outline, "News".into(), url, Some(FeedKind::Newswire));
        let expected = NewFeed {
            name: "News".into(),
            url: "https://m.example/".into(),
            publisher: Some("Meridian Cloud".into()),
            kind: Some(FeedKind::Vendor),
            disabled: true,
            comment: Some("Folder: A / B".into()),
        };
        assert_eq!(feed, expected);
    }
}
