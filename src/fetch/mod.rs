//! The polite HTTP client: one for the whole program, one request at a time per host, addresses
//! checked before a connection is made, everything bounded.
//!
//! Decides nothing about feeds beyond [`classify`], which is pure.

mod address;
mod classify;
mod pace;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{
    ACCEPT, AGE, CACHE_CONTROL, CONTENT_TYPE, DATE, ETAG, EXPIRES, HeaderMap, HeaderName,
    HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RETRY_AFTER,
    USER_AGENT,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

pub use classify::{FRESH_MAX, Move, Verdict, classify, moved};

use crate::model::{FetchSettings, Hop, Reply, Validators};
pub use address::Lookup;

use address::{Allowed, Guard};
use pace::{Pace, Turn};

/// A chain of redirects is followed no further (RFC 9110 §15.4 leaves the number to us).
const REDIRECTS_MAX: usize = 5;
/// So many bytes are asked for before a body comes; the system gives what is written to.
const BODY_BYTES: usize = 256 * 1024;

/// A body beyond this, in bytes, is a large one: few feeds in a hundred are.
const LARGE_BODY: usize = 1024 * 1024;
/// So many large bodies are in memory at once, whatever the concurrency.
const LARGE_AT_ONCE: usize = 2;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// A feed.
    Feed,
    /// An entry's page.
    Page,
}

impl Accept {
    /// The `Accept` header.
    pub const fn header(self) -> &'static str {
        match self {
            Accept::Feed => {
                "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1"
            }
            Accept::Page => "text/html, application/xhtml+xml;q=0.9, */*;q=0.1",
        }
    }
}

/// Why nothing came back.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FetchError {
    /// The address is none, or of a scheme that is not read.
    #[error("{url}: {reason}")]
    Address {
        /// The address, without user and password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It leads into a private network.
    #[error(
        "{url}: leads to the private address {address}; if that is meant, add \"{host}\" to fetch.allow_private"
    )]
    Private {
        /// The address, without user and password.
        url: String,
        /// Where it leads.
        address: String,
        /// What to allow.
        host: String,
    },
    /// Redirected more than five times.
    #[error("{url}: redirected more than {REDIRECTS_MAX} times")]
    Redirects {
        /// The first address.
        url: String,
    },
    /// The answer is larger than allowed.
    #[error(
        "{url}: the answer is larger than {limit} bytes; raise fetch.max_body if that is meant"
    )]
    TooLarge {
        /// The address.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// No complete answer in time.
    #[error("{url}: no complete answer within {seconds} s")]
    Timeout {
        /// The address.
        url: String,
        /// The limit in seconds.
        seconds: u64,
    },
    /// The host asked for a rest, and it is not over: nothing was asked.
    #[error("{host} asked to be left alone for another {seconds} s")]
    Resting {
        /// The host.
        host: String,
        /// What is left of the rest.
        seconds: u64,
    },
    /// Connecting or reading failed.
    #[error("{url}: {reason}")]
    Transport {
        /// The address.
        url: String,
        /// What failed.
        reason: String,
    },
    /// The client cannot be made.
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(String),
}

/// The client. Cheap to clone: all clones share connections and pacing.
#[derive(Clone, Debug)]
pub struct Client {
    http: Arc<Http>,
    allowed: Arc<Allowed>,
    pace: Arc<Pace>,
    large: Arc<Semaphore>,
    timeout: Duration,
    body_bytes_max: u64,
}

/// What a request brought, and its share of the memory for bodies, which is given back when this
/// is dropped: keep it for as long as the body is kept.
#[derive(Debug)]
pub struct Fetched {
    /// The answer. A status of 4xx or 5xx is one.
    pub reply: Result<Reply, FetchError>,
    _hold: Option<Hold>,
}

#[derive(Debug)]
struct Hold {
    _all: OwnedSemaphorePermit,
    _large: Option<OwnedSemaphorePermit>,
}

impl Client {
    /// Sets up the client.
    ///
    /// # Errors
    /// When the settings hold an entry that cannot be understood, or TLS cannot be set up.
    pub fn new(settings: &FetchSettings) -> Result<Client, FetchError> {
        Client::build(settings, None)
    }

    /// Sets up a client that asks `lookup` for the addresses of names, for tests: what it answers is
    /// checked as the system's answers are.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn with_resolver(settings: &FetchSettings, lookup: Lookup) -> Result<Client, FetchError> {
        Client::build(settings, Some(lookup))
    }

    fn build(settings: &FetchSettings, lookup: Option<Lookup>) -> Result<Client, FetchError> {
        // A second installation says Err and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let allowed = Arc::new(Allowed::new(&settings.allow_private).map_err(FetchError::Setup)?);
        let http = Http::new(settings, Guard::new(Arc::clone(&allowed), lookup))?;
        Ok(Client {
            http: Arc::new(http),
            allowed,
            pace: Arc::new(Pace::new(settings)),
            large: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
            timeout: settings.timeout,
            body_bytes_max: settings.body_bytes_max,
        })
    }

    /// Sets up TLS at once if an address needs it, so that what is wrong with it is told before
    /// anything is asked.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn prepare<'u>(&self, urls: impl IntoIterator<Item = &'u str>) -> Result<(), FetchError> {
        match urls.into_iter().any(|url| url.starts_with("https:")) {
            true => self.http.secure().map(drop),
            false => Ok(()),
        }
    }

    /// Leaves a host alone for a while, whatever asks for it: it answered 429 (P15).
    pub fn rest(&self, url: &str, rest: Duration) {
        if let Ok(url) = Url::parse(url) {
            self.pace.rest(&url, rest);
        }
    }

    /// Asks for an address, with the validators of its last answer.
    ///
    /// # Errors
    /// When no complete answer came: see [`FetchError`]. A status of 4xx or 5xx is an answer.
    pub async fn get(
        &self,
        url: &str,
        validators: &Validators,
        accept: Accept,
    ) -> Result<Reply, FetchError> {
        self.fetch(url, validators, accept).await.reply
    }

    /// Asks for an address, with the validators of its last answer.
    pub async fn fetch(&self, url: &str, validators: &Validators, accept: Accept) -> Fetched {
        match self.follow(url, validators, accept).await {
            Ok((reply, hold)) => Fetched { reply: Ok(reply), _hold: hold },
            Err(error) => Fetched { reply: Err(error), _hold: None },
        }
    }

    /// Follows redirects to an answer. Waiting for a turn costs nothing of the time that the
    /// servers have together.
    async fn follow(
        &self,
        url: &str,
        validators: &Validators,
        accept: Accept,
    ) -> Result<(Reply, Option<Hold>), FetchError> {
        let parsed = Url::parse(url)
            .map_err(|e| FetchError::Address { url: redact(url), reason: e.to_string() })?;
        // A feed may be a file, since the user named it; a page is named by somebody else.
        if parsed.scheme() == "file" && accept == Accept::Feed {
            return Ok((self.read_file(&parsed).await?, None));
        }
        let mut at = parsed;
        let mut hops = Vec::new();
        let mut left = self.timeout;
        for _ in 0..=REDIRECTS_MAX {
            self.allowed.check(&at)?;
            let Turn { all, host: _host } = self.pace.turn(&at).await?;
            let begun = tokio::time::Instant::now();
            let request = self.exchange(&at, validators, accept);
            let step = tokio::time::timeout(left, request).await.map_err(|_| {
                FetchError::Timeout { url: redact(at.as_str()), seconds: self.timeout.as_secs() }
            })??;
            left = left.saturating_sub(begun.elapsed());
            match step {
                Step::Done(reply, large) => {
                    let hold = Hold { _all: all, _large: large };
                    return Ok((Reply { hops, ..reply }, Some(hold)));
                }
                Step::Redirect(status, next) => {
                    hops.push(Hop { status, to: redact(next.as_str()) });
                    at = next;
                }
            }
        }
        Err(FetchError::Redirects { url: redact(url) })
    }

    async fn exchange(
        &self,
        url: &Url,
        validators: &Validators,
        accept: Accept,
    ) -> Result<Step, FetchError> {
        let mut request = self
            .http
            .of(url)?
            .get(url.clone())
            .header(ACCEPT, HeaderValue::from_static(accept.header()));
        for (name, value) in
            [(IF_NONE_MATCH, &validators.etag), (IF_MODIFIED_SINCE, &validators.last_modified)]
        {
            if let Some(value) =
                value.as_deref().and_then(|v| HeaderValue::from_bytes(v.as_bytes()).ok())
            {
                request = request.header(name, value);
            }
        }
        let response = request.send().await.map_err(|e| transport_error(url, &e))?;
        let status = response.status().as_u16();
        if matches!(status, 301 | 302 | 303 | 307 | 308) {
            let location = text(response.headers(), LOCATION);
            let next = location.and_then(|l| url.join(&l).ok());
            return match next {
                Some(next) if matches!(next.scheme(), "http" | "https") => {
                    Ok(Step::Redirect(status, next))
                }
                _ => Err(FetchError::Address {
                    url: redact(url.as_str()),
                    reason: format!("answered {status} without an address that can be followed"),
                }),
            };
        }
        let header = |name| text(response.headers(), name);
        let reply = Reply {
            status,
            final_url: url.to_string(),
            hops: Vec::new(),
            content_type: header(CONTENT_TYPE),
            validators: Validators { etag: header(ETAG), last_modified: header(LAST_MODIFIED) },
            retry_after: header(RETRY_AFTER),
            cache_control: header(CACHE_CONTROL),
            expires: header(EXPIRES),
            date: header(DATE),
            age: header(AGE),
            body: Vec::new(),
        };
        let (body, large) = self.body(url, response).await?;
        Ok(Step::Done(Reply { body, ..reply }, large))
    }

    /// Reads a body up to the limit, which counts what comes out of decompression. A large one
    /// waits until few others are in memory.
    async fn body(
        &self,
        url: &Url,
        mut response: reqwest::Response,
    ) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), FetchError> {
        let mut body = Vec::new();
        let mut large = None;
        while let Some(chunk) = response.chunk().await.map_err(|e| transport_error(url, &e))? {
            if body.len() as u64 + chunk.len() as u64 > self.body_bytes_max {
                return Err(FetchError::TooLarge {
                    url: redact(url.as_str()),
                    limit: self.body_bytes_max,
                });
            }
            if large.is_none() && body.len() + chunk.len() > LARGE_BODY {
                large = Arc::clone(&self.large).acquire_owned().await.ok();
            }
            if body.is_empty() {
                // Most feeds fit in without being copied while they grow.
                body.reserve(BODY_BYTES);
            }
            body.extend_from_slice(&chunk);
        }
        Ok((body, large))
    }

    async fn read_file(&self, url: &Url) -> Result<Reply, FetchError> {
        let failed = |reason: String| FetchError::Transport { url: redact(url.as_str()), reason };
        let path = url.to_file_path().map_err(|()| FetchError::Address {
            url: redact(url.as_str()),
            reason: "is no path on this machine".into(),
        })?;
        let found = tokio::fs::metadata(&path).await.map_err(|e| failed(e.to_string()))?;
        if !found.is_file() {
            return Err(failed("is not a file".into()));
        }
        if found.len() > self.body_bytes_max {
            return Err(FetchError::TooLarge {
                url: redact(url.as_str()),
                limit: self.body_bytes_max,
            });
        }
        let body = tokio::fs::read(&path).await.map_err(|e| failed(e.to_string()))?;
        Ok(Reply { status: 200, final_url: url.to_string(), body, ..Reply::default() })
    }
}

/// The connections. Those with TLS are set up when the first address asks for them: reading the
/// system's certificates takes longer than asking a hundred unchanged feeds.
#[derive(Debug)]
struct Http {
    plain: reqwest::Client,
    secure: OnceLock<Result<reqwest::Client, String>>,
    settings: FetchSettings,
    agent: HeaderValue,
    guard: Guard,
}

impl Http {
    fn new(settings: &FetchSettings, guard: Guard) -> Result<Http, FetchError> {
        let failed = |e: &dyn std::fmt::Display| FetchError::Setup(e.to_string());
        let agent = HeaderValue::from_str(&settings.user_agent).map_err(|e| failed(&e))?;
        // It never meets a certificate.
        let plain = builder(settings, &agent, &guard).tls_certs_only([]);
        let plain = plain.build().map_err(|e| failed(&e))?;
        let secure = OnceLock::new();
        Ok(Http { plain, secure, settings: settings.clone(), agent, guard })
    }

    /// The connections for an address.
    fn of(&self, url: &Url) -> Result<&reqwest::Client, FetchError> {
        if url.scheme() == "http" { Ok(&self.plain) } else { self.secure() }
    }

    fn secure(&self) -> Result<&reqwest::Client, FetchError> {
        let made = self.secure.get_or_init(|| {
            let builder = builder(&self.settings, &self.agent, &self.guard);
            builder.build().map_err(|e| e.to_string())
        });
        made.as_ref().map_err(|e| FetchError::Setup(e.clone()))
    }
}

fn builder(settings: &FetchSettings, agent: &HeaderValue, guard: &Guard) -> reqwest::ClientBuilder {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, agent.clone());
    reqwest::Client::builder()
        .default_headers(headers)
        .redirect(reqwest::redirect::Policy::none())
        .dns_resolver(Arc::new(guard.clone()))
        .no_proxy()
        .referer(false)
        .connect_timeout(settings.timeout)
        .pool_max_idle_per_host(settings.per_host_concurrency)
}

enum Step {
    Done(Reply, Option<OwnedSemaphorePermit>),
    Redirect(u16, Url),
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())
}

fn transport_error(url: &Url, error: &reqwest::Error) -> FetchError {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    let mut last = error.to_string();
    while let Some(inner) = source {
        if let Some(private) = inner.downcast_ref::<address::PrivateAddress>() {
            let host = url.host_str().unwrap_or_default().to_owned();
            return FetchError::Private {
                url: redact(url.as_str()),
                address: private.0.to_string(),
                host,
            };
        }
        last = inner.to_string();
        source = inner.source();
    }
    FetchError::Transport { url: redact(url.as_str()), reason: last }
}

/// An address as it may be shown: without user and password.
pub fn redact(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
            // Both can only fail for addresses that cannot hold a user in the first place.
            let _ = parsed.set_username("");
            let _ = parsed.set_password(None);
            parsed.to_string()
        }
        _ => url.to_owned(),
    }
}
