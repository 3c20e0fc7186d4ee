//! Whose turn it is: few requests at once over all, fewer to one host, a pause between them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;

use super::FetchError;
use crate::model::FetchSettings;

/// Hosts that are remembered; beyond it those that nobody waits for are forgotten.
const HOSTS_MAX: usize = 10_000;

/// The bookkeeping of turns.
#[derive(Debug)]
pub struct Pace {
    all: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<HostPace>>>,
    gap: Duration,
    per_host: usize,
}

#[derive(Debug)]
struct HostPace {
    slots: Arc<Semaphore>,
    next: tokio::sync::Mutex<Option<Instant>>,
    /// Nobody asks before this time.
    rest_until: Mutex<Option<Instant>>,
}

impl HostPace {
    fn rest_left(&self) -> Option<Duration> {
        let until = *self.rest_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.and_then(|at| at.checked_duration_since(Instant::now())).filter(|d| !d.is_zero())
    }
}

/// A turn: the host's part is held while the request is under way, the other for as long as the
/// answer is in memory.
#[derive(Debug)]
pub struct Turn {
    /// One of the host's.
    pub host: OwnedSemaphorePermit,
    /// One of all.
    pub all: OwnedSemaphorePermit,
}

impl Pace {
    /// Turns by the settings.
    pub fn new(settings: &FetchSettings) -> Pace {
        Pace {
            all: Arc::new(Semaphore::new(settings.concurrency.max(1))),
            hosts: Mutex::default(),
            gap: settings.per_host_gap,
            per_host: settings.per_host_concurrency.max(1),
        }
    }

    /// Leaves a host alone for a while.
    pub fn rest(&self, url: &Url, rest: Duration) {
        let host = self.host(url);
        let until = Instant::now() + rest;
        let mut known = host.rest_until.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(known.map_or(until, |at| at.max(until)));
    }

    /// Waits for a turn at the address's host. Waiting for the host holds up no other host.
    ///
    /// # Errors
    /// When the host rests: that is not waited for.
    pub async fn turn(&self, url: &Url) -> Result<Turn, FetchError> {
        let host = self.host(url);
        let rested = || match host.rest_left() {
            None => Ok(()),
            Some(left) => Err(FetchError::Resting {
                host: url.host_str().unwrap_or_default().to_owned(),
                seconds: left.as_secs() + 1,
            }),
        };
        rested()?;
        let slot =
            Arc::clone(&host.slots).acquire_owned().await.expect("the semaphore is never closed");
        if !self.gap.is_zero() {
            let mut next = host.next.lock().await;
            if let Some(at) = *next {
                tokio::time::sleep_until(at).await;
            }
            *next = Some(Instant::now() + self.gap);
        }
        let all =
            Arc::clone(&self.all).acquire_owned().await.expect("the semaphore is never closed");
        // Asked again: who stood in the queue while another was refused is refused as well.
        rested()?;
        Ok(Turn { host: slot, all })
    }

    fn host(&self, url: &Url) -> Arc<HostPace> {
        let key = format!(
            "{}:{}",
            url.host_str().unwrap_or_default(),
            url.port_or_known_default().unwrap_or_default()
        );
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= HOSTS_MAX {
            hosts.retain(|_, host| Arc::strong_count(host) > 1 || host.rest_left().is_some());
        }
        let per_host = self.per_host;
        Arc::clone(hosts.entry(key).or_insert_with(|| {
            Arc::new(HostPace {
                slots: Arc::new(Semaphore::new(per_host)),
                next: tokio::sync::Mutex::new(None),
                rest_until: Mutex::new(None),
            })
        }))
    }
}
