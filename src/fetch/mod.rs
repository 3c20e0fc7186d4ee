//! The polite HTTP client: one for the whole program, one request at a time per host, addresses
//! checked before a connection is made, everything bounded.
//!
//! Decides nothing about feeds beyond [`classify`], which is pure.

mod address;
mod classify;
mod pace;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RETRY_AFTER, USER_AGENT,
};
use url::Url;

pub use classify::{Verdict, classify};

use crate::model::{FetchSettings, Reply, Validators};
use address::{Allowed, Guard};
use pace::Pace;

/// A chain of redirects is followed no further (RFC 9110 §15.4 leaves the number to us).
const REDIRECTS_MAX: usize = 5;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// A feed.
    Feed,
    /// An entry's page.
    Page,
}

impl Accept {
    fn header(self) -> &'static str {
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
    http: reqwest::Client,
    allowed: Arc<Allowed>,
    pace: Arc<Pace>,
    timeout: Duration,
    body_bytes_max: u64,
}

impl Client {
    /// Sets up the client.
    ///
    /// # Errors
    /// When the settings hold an entry that cannot be understood, or TLS cannot be set up.
    pub fn new(settings: &FetchSettings) -> Result<Client, FetchError> {
        // A second installation says Err and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let allowed = Arc::new(Allowed::new(&settings.allow_private).map_err(FetchError::Setup)?);
        let agent = HeaderValue::from_str(&settings.user_agent)
            .map_err(|e| FetchError::Setup(e.to_string()))?;
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, agent);
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(Guard::new(Arc::clone(&allowed))))
            .no_proxy()
            .referer(false)
            .connect_timeout(settings.timeout)
            .pool_max_idle_per_host(settings.per_host_concurrency)
            .build()
            .map_err(|e| FetchError::Setup(e.to_string()))?;
        Ok(Client {
            http,
            allowed,
            pace: Arc::new(Pace::new(settings)),
            timeout: settings.timeout,
            body_bytes_max: settings.body_bytes_max,
        })
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
        let parsed = Url::parse(url)
            .map_err(|e| FetchError::Address { url: redact(url), reason: e.to_string() })?;
        if parsed.scheme() == "file" {
            return self.read_file(&parsed).await;
        }
        let mut at = parsed;
        for _ in 0..=REDIRECTS_MAX {
            self.allowed.check(&at)?;
            let _turn = self.pace.turn(&at).await;
            let request = self.exchange(&at, validators, accept);
            let step = tokio::time::timeout(self.timeout, request).await.map_err(|_| {
                FetchError::Timeout { url: redact(at.as_str()), seconds: self.timeout.as_secs() }
            })??;
            match step {
                Step::Done(reply) => return Ok(reply),
                Step::Redirect(next) => at = next,
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
        let failed = |e: reqwest::Error| transport_error(url, &e);
        let mut request = self.http.get(url.clone()).header(ACCEPT, accept.header());
        for (name, value) in
            [(IF_NONE_MATCH, &validators.etag), (IF_MODIFIED_SINCE, &validators.last_modified)]
        {
            if let Some(value) =
                value.as_deref().and_then(|v| HeaderValue::from_bytes(v.as_bytes()).ok())
            {
                request = request.header(name, value);
            }
        }
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        if matches!(status, 301 | 302 | 303 | 307 | 308) {
            let location = text(response.headers(), LOCATION.as_str());
            let next = location.and_then(|l| url.join(&l).ok());
            return match next {
                Some(next) if matches!(next.scheme(), "http" | "https") => Ok(Step::Redirect(next)),
                _ => Err(FetchError::Address {
                    url: redact(url.as_str()),
                    reason: format!("answered {status} without an address that can be followed"),
                }),
            };
        }
        let headers = response.headers().clone();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() as u64 + chunk.len() as u64 > self.body_bytes_max {
                return Err(FetchError::TooLarge {
                    url: redact(url.as_str()),
                    limit: self.body_bytes_max,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Step::Done(Reply {
            status,
            final_url: url.to_string(),
            content_type: text(&headers, CONTENT_TYPE.as_str()),
            validators: Validators {
                etag: text(&headers, ETAG.as_str()),
                last_modified: text(&headers, LAST_MODIFIED.as_str()),
            },
            retry_after: text(&headers, RETRY_AFTER.as_str()),
            cache_control: text(&headers, CACHE_CONTROL.as_str()),
            body,
        }))
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
        Ok(Reply {
            status: 200,
            final_url: url.to_string(),
            content_type: None,
            validators: Validators::default(),
            retry_after: None,
            cache_control: None,
            body,
        })
    }
}

enum Step {
    Done(Reply),
    Redirect(Url),
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
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
