//! Looking for feeds at an address: the page, what it names, and common places; each tried with
//! the product's own client.

use std::collections::HashSet;

use crate::cli::{Failure, Shell};
use crate::config::{self, FeedConfig};
use crate::feed::discover::{
    Candidate, Format, Via, candidates, format, guesses, normal_address, same_posts,
};
use crate::feed::{ParseError, ParsedFeed, decode_page, parse};
use crate::fetch::{Accept, Client, redact};
use crate::model::{FetchSettings, Reply, Validators, one_line};
use crate::poll::body_hash;

/// Titles are shown no longer, in characters.
const TITLE_CHARS_MAX: usize = 100;

/// When addresses are tried that no page names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// Where the page names no feed that works.
    WhenNone,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

/// A feed that was fetched and parsed.
pub struct Found {
    /// How it was found.
    pub candidate: Candidate,
    /// The address to configure: the one that was found, or where it leads on the same host when
    /// only `https`, `www.` or a slash differ.
    pub address: String,
    /// Where it was read, after redirects.
    pub final_url: String,
    /// Its dialect.
    pub format: Option<Format>,
    /// What it holds.
    pub parsed: ParsedFeed,
    hash: String,
}

impl Found {
    /// Its title as one line: its own, else the page's word for it, else its host.
    pub fn title(&self) -> String {
        let own = self.parsed.title.as_deref().map(|t| one_line(t, TITLE_CHARS_MAX));
        own.filter(|t| !t.is_empty())
            .or_else(|| self.candidate.title.clone())
            .unwrap_or_else(|| host(&self.address))
    }
}

/// The host of an address, for people.
pub fn host(url: &str) -> String {
    let parsed = url::Url::parse(url).ok();
    parsed.and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_else(|| redact(url))
}

/// What a look gave.
#[derive(Default)]
pub struct Look {
    /// The feeds, best first.
    pub found: Vec<Found>,
    /// What was tried and is none, with the reason.
    pub failed: Vec<(Candidate, String)>,
    /// Why the address itself could not be read.
    pub trouble: Option<String>,
}

/// The settings of the configuration where there is one, else the defaults, and its feeds.
pub fn settings(shell: &Shell) -> Result<(FetchSettings, Vec<FeedConfig>), Failure> {
    if shell.config_path().is_none() {
        return Ok((config::default_fetch_settings(), Vec::new()));
    }
    let config = shell.config()?;
    Ok((config.fetch, config.feeds))
}

/// The client.
pub fn client(settings: &FetchSettings) -> Result<Client, Failure> {
    Client::new(settings).map_err(|e| Failure::Config(e.to_string()))
}

/// Looks at an address: it may be a feed itself, or a page that names some.
pub async fn look(client: &Client, url: &str, guess: Guess) -> Look {
    let mut look = Look::default();
    let mut base = url.to_owned();
    let mut named = Vec::new();
    // Only what is asked for as a feed may be a file: this address is the user's own.
    let accept = if url.starts_with("file:") { Accept::Feed } else { Accept::Page };
    match client.get(url, &Validators::default(), accept).await {
        Err(error) => {
            look.trouble = Some(error.to_string());
            return look;
        }
        Ok(reply) if reply.status == 200 => {
            base.clone_from(&reply.final_url);
            let given = Candidate { url: url.to_owned(), title: None, via: Via::Given };
            match read(given, &reply) {
                Ok(found) => {
                    look.found.push(found);
                    return look;
                }
                Err(_) => {
                    let page = decode_page(&reply.body, reply.content_type.as_deref());
                    named = candidates(&page, &reply.final_url);
                }
            }
        }
        // The site may have a feed although this page of it is missing.
        Ok(reply) => {
            look.trouble = Some(format!("{} answered {}", redact(url), reply.status));
        }
    }
    let mut asked: HashSet<String> = HashSet::new();
    for candidate in named {
        asked.insert(normal_address(&candidate.url));
        look.attempt(client, candidate).await;
    }
    if guess == Guess::Always || (guess == Guess::WhenNone && look.found.is_empty()) {
        for candidate in guesses(&base) {
            if !asked.insert(normal_address(&candidate.url)) {
                continue;
            }
            if look.attempt(client, candidate).await {
                // The other common places mostly lead to the same feed, and each is a request.
                break;
            }
        }
    }
    look
}

impl Look {
    /// Fetches a candidate; true where it is a feed that was not found yet.
    async fn attempt(&mut self, client: &Client, candidate: Candidate) -> bool {
        let reply = client.get(&candidate.url, &Validators::default(), Accept::Feed).await;
        let failed = candidate.clone();
        let result = match reply {
            Err(error) => Err(error.to_string()),
            Ok(reply) if reply.status == 200 => read(candidate, &reply),
            Ok(reply) => Err(format!("{} answered {}", redact(&candidate.url), reply.status)),
        };
        match result {
            Err(reason) => {
                self.failed.push((failed, reason));
                false
            }
            Ok(found) => {
                let known = self.found.iter().any(|other| {
                    other.hash == found.hash
                        || normal_address(&other.final_url) == normal_address(&found.final_url)
                });
                if !known {
                    self.found.push(found);
                }
                !known
            }
        }
    }

    /// The feeds with different posts: of the RSS and the Atom feed of one blog, the first.
    pub fn distinct(&self) -> Vec<&Found> {
        let mut distinct: Vec<&Found> = Vec::new();
        for found in &self.found {
            let same = |other: &&Found| same_posts(&other.parsed.entries, &found.parsed.entries);
            if !distinct.iter().any(same) {
                distinct.push(found);
            }
        }
        distinct
    }
}

/// A feed from an answer; an empty one counts where it says that it is one.
fn read(candidate: Candidate, reply: &Reply) -> Result<Found, String> {
    let shown = redact(&candidate.url);
    let parsed =
        parse(&reply.body, reply.content_type.as_deref(), &reply.final_url).map_err(|error| {
            match error {
                ParseError::Page => format!("{shown} is a web page, not a feed"),
                other => format!("{shown}: {other}"),
            }
        })?;
    let format = format(&decode_page(&reply.body, reply.content_type.as_deref()));
    if parsed.entries.is_empty() && format.is_none() {
        return Err(format!("{shown} is no feed"));
    }
    let same = normal_address(&candidate.url) == normal_address(&reply.final_url);
    let address = if same { reply.final_url.clone() } else { candidate.url.clone() };
    let hash = body_hash(&reply.body);
    Ok(Found { address, final_url: reply.final_url.clone(), format, parsed, hash, candidate })
}
