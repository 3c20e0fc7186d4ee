//! `gazetted feeds discover --broken`: where the feeds went that answer 404, 410 or a web page, or
//! that moved for good.

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Value, json};
use url::Url;

use super::discover::{Arguments, LINE_CHARS_MAX};
use super::look::{Found, Guess, client, look};
use super::{RELOAD, configured, reader};
use crate::cli::output::print;
use crate::cli::{Failure, Shell, block_on};
use crate::config::{Config, FeedConfig, edit};
use crate::feed::ParseError;
use crate::feed::discover::{is_comments, normal_address, pages_above, same_posts};
use crate::fetch::{Client, redact};
use crate::model::{EntryKey, FeedName, one_line};
use crate::store::{FactFilter, FeedOverview, Store};

/// Pages that are looked at for one feed: each is a request, and each feed that it names another.
const PAGES_MAX: usize = 5;

/// A feed that may be the lost one.
struct Heir {
    found: Found,
    /// How many of its entries are known from the lost feed: what proves that it is the same.
    known: usize,
}

/// What was found out about one broken feed.
struct Case<'a> {
    feed: &'a FeedConfig,
    index: usize,
    problem: String,
    pages: Vec<String>,
    heirs: Vec<Heir>,
    failed: Vec<String>,
    /// Whether the feed answers, from where it moved for good by its redirects.
    moved: bool,
}

impl Case<'_> {
    /// The feed that takes the lost one's place: the one with the most known entries; where none
    /// has any, the only one, comments and second dialects aside.
    fn heir(&self) -> Option<&Heir> {
        let proven = self.heirs.iter().rev().max_by_key(|h| h.known).filter(|h| h.known > 0);
        if proven.is_some() {
            return proven;
        }
        let posts: Vec<&Heir> = self
            .heirs
            .iter()
            .filter(|h| !is_comments(&h.found.address, Some(&h.found.title())))
            .collect();
        let (first, others) = posts.split_first()?;
        let first_posts = &first.found.parsed.entries;
        others.iter().all(|h| same_posts(first_posts, &h.found.parsed.entries)).then_some(*first)
    }

    /// How sure that is.
    fn proof(&self, heir: &Heir) -> String {
        let entries = heir.found.parsed.entries.len();
        match heir.known {
            _ if self.moved => format!(
                "it moved there for good by its own redirects; {} of its {entries} entries are known",
                heir.known
            ),
            0 => format!(
                "none of its {entries} entries is known; it is the only feed that the site names"
            ),
            known => format!("{known} of its {entries} entries are known from this feed"),
        }
    }
}

pub fn run(shell: &Shell, arguments: &Arguments) -> Result<(), Failure> {
    let path = shell.needed_config_path()?;
    let old = edit::read(&path)?;
    let config = shell.config()?;
    let Some(store) = reader(&config.store_path)? else {
        return nothing_broken(
            shell,
            arguments,
            "nothing was polled yet, so no feed is known to be broken; run `gazetted poll`",
        );
    };
    let overview = store.feed_overview()?;
    let broken: Vec<(usize, &FeedConfig, &FeedOverview)> = config
        .feeds
        .iter()
        .enumerate()
        .filter(|(_, feed)| feed.enabled)
        .filter_map(|(n, feed)| Some((n, feed, overview.iter().find(|o| is_broken(feed, o))?)))
        .collect();
    if broken.is_empty() {
        return nothing_broken(
            shell,
            arguments,
            "no feed answers 404, 410 or a web page, and none moved for good",
        );
    }
    let client = client(&config.fetch)?;
    let mut cases = Vec::new();
    for (index, feed, known) in broken {
        shell.say(&format!("looking for \"{}\"", feed.feed.name));
        let look = look_for(&client, &store, &config, feed, known);
        let (pages, heirs, failed) = block_on(look)?;
        let moved = known.address.is_some();
        cases.push(Case { feed, index, problem: problem(known), pages, heirs, failed, moved });
    }
    report(shell, arguments, &path, &old, &cases)
}

fn nothing_broken(shell: &Shell, arguments: &Arguments, why: &str) -> Result<(), Failure> {
    shell.say(why);
    if arguments.json {
        print("[]\n")?;
    }
    Ok(())
}

/// Whether the last poll says that the feed stands no more where it stood: it is missing there, or
/// it redirected from there for so long that the move is proven.
fn is_broken(feed: &FeedConfig, known: &FeedOverview) -> bool {
    let missing = matches!(known.last_status, Some(404 | 410)) || known.gone || is_page(known);
    let failing = (known.failures > 0 || known.gone) && missing;
    // An address that was edited and not yet polled is not the one that failed.
    let same = known.name == feed.feed.name.0 && known.url == feed.feed.url;
    same && feed.feed.url.starts_with("http") && (failing || known.address.is_some())
}

fn is_page(known: &FeedOverview) -> bool {
    known.last_error.as_deref() == Some(ParseError::Page.to_string().as_str())
}

fn problem(known: &FeedOverview) -> String {
    if known.address.is_some() {
        return "moved for good, by its redirects; the configuration has the old address"
            .to_owned();
    }
    let error = known.last_error.as_deref().unwrap_or("failed");
    format!("{} (failures in a row: {})", one_line(error, LINE_CHARS_MAX), known.failures)
}

/// Looks at the pages that may name the feed, nearest first, until one names a feed that is proven
/// to be the lost one. Common addresses are tried at the last page only.
async fn look_for(
    client: &Client,
    store: &Store,
    config: &Config,
    feed: &FeedConfig,
    known: &FeedOverview,
) -> Result<(Vec<String>, Vec<Heir>, Vec<String>), Failure> {
    let pages = pages(store, feed, known)?;
    let lost = normal_address(&feed.feed.url);
    let (mut asked, mut heirs, mut failed) = (Vec::new(), Vec::<Heir>::new(), Vec::new());
    let mut seen: HashSet<String> = HashSet::new();
    for (number, page) in pages.iter().enumerate() {
        let last = number + 1 == pages.len() && heirs.is_empty();
        let guess = if last { Guess::WhenNone } else { Guess::Never };
        let look = look(client, page, guess).await;
        asked.push(redact(page));
        failed.extend(look.trouble);
        for found in look.found {
            let address = normal_address(&found.address);
            let others = configured(&config.feeds, &[&found.address, &found.final_url]);
            let other = others.is_some_and(|name| name != feed.feed.name.0);
            // The lost address itself cannot be the new one, unless the feed says so (http to
            // https); another feed's is taken.
            if (address == lost && known.address.is_none())
                || other
                || !seen.insert(normal_address(&found.final_url))
            {
                continue;
            }
            let keys: Vec<EntryKey> = found.parsed.entries.iter().map(|e| e.key.clone()).collect();
            let known = known_entries(store, &feed.feed.name, &keys)?;
            heirs.push(Heir { found, known });
        }
        if heirs.iter().any(|h| h.known > 0) {
            break;
        }
    }
    Ok((asked, heirs, failed))
}

fn known_entries(store: &Store, name: &FeedName, keys: &[EntryKey]) -> Result<usize, Failure> {
    let state = store.feed_state(name)?;
    Ok(store.known_versions(state.id, keys)?.len())
}

/// The pages to look at: the address itself where it is a page now, the site by the feed's own word,
/// what stands above the address, and the sites that its facts were read at, which differ where
/// somebody else serves the feed. Where it moved for good, only the place where it is now.
fn pages(store: &Store, feed: &FeedConfig, known: &FeedOverview) -> Result<Vec<String>, Failure> {
    if let Some(address) = &known.address {
        return Ok(vec![address.clone()]);
    }
    let mut pages: Vec<String> =
        is_page(known).then(|| feed.feed.url.clone()).into_iter().collect();
    pages.extend(known.site.clone().filter(|site| site.starts_with("http")));
    pages.extend(pages_above(&feed.feed.url));
    let filter = FactFilter { feed: Some(feed.feed.name.0.clone()), ..FactFilter::default() };
    let facts = store.facts(&filter)?;
    let links = facts.iter().flat_map(|f| &f.sources).filter(|s| s.feed == feed.feed.name.0);
    pages.extend(links.filter_map(|s| s.link.as_deref()).filter_map(|link| {
        let mut url = Url::parse(link).ok().filter(|u| matches!(u.scheme(), "http" | "https"))?;
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        Some(url.to_string())
    }));
    let mut seen = HashSet::new();
    pages.retain(|page| seen.insert(normal_address(page)));
    pages.truncate(PAGES_MAX);
    Ok(pages)
}

fn report(
    shell: &Shell,
    arguments: &Arguments,
    path: &Path,
    old: &str,
    cases: &[Case],
) -> Result<(), Failure> {
    let mut new = old.to_owned();
    let mut patches = 0;
    let mut text = String::new();
    let mut listed = Vec::new();
    for case in cases {
        let patch = match case.heir() {
            None => None,
            Some(heir) => {
                let changed = edit::set_url(old, case.index, &heir.found.address)?;
                new = edit::set_url(&new, case.index, &heir.found.address)?;
                patches += 1;
                Some((heir, changed))
            }
        };
        text.push_str(&case_text(case, patch.as_ref(), path, old));
        listed.push(case_json(case, patch.as_ref(), path, old, arguments.apply));
    }
    if arguments.apply && patches > 0 {
        edit::save(path, old, &new, &shell.environment)?;
    }
    let text = if arguments.json { format!("{:#}\n", Value::from(listed)) } else { text };
    print(&text)?;
    let lost = cases.len() - patches;
    if patches > 0 {
        shell.say(&match arguments.apply {
            true => format!("{patches} addresses written to {}\n{RELOAD}", path.display()),
            false => "nothing was changed; --apply writes the new addresses".to_owned(),
        });
    }
    match (patches, lost) {
        (0, lost) => {
            Err(Failure::Nothing(format!("no new address was found for {lost} broken feeds")))
        }
        (_, 0) => Ok(()),
        (_, lost) => Err(Failure::Partial(format!(
            "no new address was found for {lost} of {} broken feeds",
            cases.len()
        ))),
    }
}

fn case_text(case: &Case, patch: Option<&(&Heir, String)>, path: &Path, old: &str) -> String {
    let feed = &case.feed.feed;
    let mut text = format!("{}  {}\n  {}\n", feed.name, redact(&feed.url), case.problem);
    match patch {
        Some((heir, new)) => {
            let found = &heir.found;
            text.push_str(&format!("  found: {} ({})\n", redact(&found.address), found.title()));
            text.push_str(&format!("  {}\n", case.proof(heir)));
            let line = edit::changed_line(old, new);
            text.push_str(&format!(
                "  {}:{line}: url = \"{}\"\n",
                path.display(),
                redact(&found.address)
            ));
            text.push_str(&edit::unified_diff(path, old, new));
        }
        None if case.heirs.is_empty() => {
            text.push_str(&format!("  no feed was found at {}\n", case.pages.join(", ")));
            for reason in &case.failed {
                text.push_str(&format!("  {}\n", one_line(reason, LINE_CHARS_MAX)));
            }
        }
        None => {
            text.push_str("  the site has several feeds, and no entry of theirs is known; choose one and set its url by hand:\n");
            for heir in &case.heirs {
                let found = &heir.found;
                text.push_str(&format!("    {} ({})\n", redact(&found.address), found.title()));
            }
        }
    }
    text
}

fn case_json(
    case: &Case,
    patch: Option<&(&Heir, String)>,
    path: &Path,
    old: &str,
    applied: bool,
) -> Value {
    let heirs: Vec<Value> = case
        .heirs
        .iter()
        .map(|heir| {
            let found = &heir.found;
            json!({"url": redact(&found.address), "title": found.title(), "format": found.format.map(|f| f.as_str()), "entries": found.parsed.entries.len(), "known_entries": heir.known})
        })
        .collect();
    let patch = patch.map(|(heir, new)| {
        json!({
            "file": path.display().to_string(),
            "line": edit::changed_line(old, new),
            "url": redact(&heir.found.address),
            "reason": case.proof(heir),
            "diff": edit::unified_diff(path, old, new),
            "applied": applied,
        })
    });
    json!({
        "feed": case.feed.feed.name,
        "url": redact(&case.feed.feed.url),
        "problem": case.problem,
        "looked_at": case.pages,
        "trouble": case.failed,
        "found": heirs,
        "patch": patch,
    })
}
