//! Whose turn it is: few requests at once over all, fewer to one host, a pause between them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;

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
}

/// A turn: held while the request is under way.
#[derive(Debug)]
pub struct Turn {
    _host: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
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

    /// Waits for a turn at the address's host. Waiting for the host holds up no other host.
    pub async fn turn(&self, url: &Url) -> Turn {
        let host = self.host(url);
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
        Turn { _host: slot, _all: all }
    }

    fn host(&self, url: &Url) -> Arc<HostPace> {
        let key = format!(
            "{}:{}",
            url.host_str().unwrap_or_default(),
            url.port_or_known_default().unwrap_or_default()
        );
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= HOSTS_MAX {
            hosts.retain(|_, host| Arc::strong_count(host) > 1);
        }
        let per_host = self.per_host;
        Arc::clone(hosts.entry(key).or_insert_with(|| {
            Arc::new(HostPace {
                slots: Arc::new(Semaphore::new(per_host)),
                next: tokio::sync::Mutex::new(None),
            })
        }))
    }
}
