//! What is due when: every feed with what is known of it, in memory, so that a poll costs no more
//! with ten thousand feeds than with ten.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::polling::Subject;
use crate::config::FeedConfig;
use crate::model::{FeedName, FeedState};
use crate::poll::due_at;

/// The feeds of the configuration and when each is due.
#[derive(Debug, Default)]
pub struct Agenda {
    items: Vec<Item>,
    by_name: HashMap<FeedName, usize>,
    under_way: HashSet<FeedName>,
    looked: Option<DateTime<Utc>>,
}

#[derive(Debug)]
struct Item {
    config: FeedConfig,
    state: FeedState,
    due: Option<DateTime<Utc>>,
}

impl Item {
    fn address(&self) -> &str {
        self.state.address.as_deref().unwrap_or(&self.config.feed.url)
    }

    fn plan(&mut self, now: DateTime<Utc>) {
        self.due = due_at(&self.config.timing, &self.config.feed.url, &self.state, now);
    }
}

impl Agenda {
    /// The enabled feeds, each as it is known. What is under way stays so.
    pub fn new(
        feeds: &[FeedConfig],
        mut states: HashMap<FeedName, FeedState>,
        now: DateTime<Utc>,
        before: Option<&Agenda>,
    ) -> Agenda {
        let mut agenda = Agenda::default();
        for config in feeds.iter().filter(|f| f.enabled) {
            let Some(state) = states.remove(&config.feed.name) else { continue };
            let mut item = Item { config: config.clone(), state, due: None };
            item.plan(now);
            agenda.by_name.insert(config.feed.name.clone(), agenda.items.len());
            agenda.items.push(item);
        }
        agenda.under_way = before.map(|b| b.under_way.clone()).unwrap_or_default();
        agenda
    }

    /// Takes up to `most` addresses that are due, each with the feeds that share it.
    pub fn take_due(&mut self, now: DateTime<Utc>, most: usize) -> Vec<Vec<Subject>> {
        // A clock that was set back would leave everything in the future.
        if self.looked.is_some_and(|at| now < at) {
            self.items.iter_mut().for_each(|item| item.plan(now));
        }
        self.looked = Some(now);
        let mut due: Vec<usize> =
            (0..self.items.len()).filter(|i| self.is_due(&self.items[*i], now)).collect();
        due.sort_by_key(|i| self.items[*i].due);
        let mut groups = Vec::new();
        for index in due {
            if groups.len() >= most {
                break;
            }
            if self.under_way.contains(&self.items[index].config.feed.name) {
                continue;
            }
            let address = self.items[index].address().to_owned();
            let group: Vec<Subject> = self
                .items
                .iter()
                .filter(|i| i.address() == address && !i.state.gone)
                .map(|i| Subject { feed: i.config.feed.clone(), state: i.state.clone() })
                .collect();
            self.under_way.extend(group.iter().map(|s| s.feed.name.clone()));
            groups.push(group);
        }
        groups
    }

    fn is_due(&self, item: &Item, now: DateTime<Utc>) -> bool {
        item.due.is_some_and(|at| at <= now) && !self.under_way.contains(&item.config.feed.name)
    }

    /// Notes what a poll made of a feed.
    pub fn ended(&mut self, state: FeedState, now: DateTime<Utc>) {
        self.under_way.remove(&state.name);
        if let Some(item) = self.by_name.get(&state.name).and_then(|i| self.items.get_mut(*i)) {
            item.state = state;
            item.plan(now);
        }
    }

    /// When the next feed is due that is not under way.
    pub fn next(&self) -> Option<DateTime<Utc>> {
        let waiting = |i: &&Item| !self.under_way.contains(&i.config.feed.name);
        self.items.iter().filter(waiting).filter_map(|i| i.due).min()
    }

    /// How many feeds there are, and how many of them fail.
    pub fn count(&self) -> (usize, usize) {
        let failing = self.items.iter().filter(|i| i.state.failures > 0).count();
        (self.items.len(), failing)
    }
}
