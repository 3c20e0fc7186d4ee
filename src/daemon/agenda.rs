//! What is due when: every feed with what is known of it, in memory, so that a poll costs no more
//! with ten thousand feeds than with ten.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::polling::Subject;
use crate::config::FeedConfig;
use crate::model::{FeedName, FeedState, FeedStates};
use crate::poll::due_at;
use crate::schedule::Timing;

/// The feeds of the configuration and when each is due.
#[derive(Debug, Default)]
pub struct Agenda {
    items: Vec<Item>,
    by_name: HashMap<FeedName, usize>,
    by_address: HashMap<String, Vec<usize>>,
    /// What waits for its time, the earliest first.
    waiting: BTreeSet<(DateTime<Utc>, usize)>,
    under_way: HashSet<FeedName>,
    looked: Option<DateTime<Utc>>,
}

#[derive(Debug)]
struct Item {
    subject: Subject,
    timing: Timing,
    due: Option<DateTime<Utc>>,
}

impl Agenda {
    /// The enabled feeds, each as it is known. What is under way stays so.
    pub fn new(
        feeds: &[FeedConfig],
        mut states: FeedStates,
        now: DateTime<Utc>,
        before: Option<&Agenda>,
    ) -> Agenda {
        let under_way = before.map(|b| b.under_way.clone()).unwrap_or_default();
        let mut agenda = Agenda { under_way, ..Agenda::default() };
        for config in feeds.iter().filter(|f| f.enabled) {
            let Some(state) = states.remove(&config.feed.name) else { continue };
            let index = agenda.items.len();
            let subject = Subject { feed: config.feed.clone(), state };
            agenda.by_name.insert(config.feed.name.clone(), index);
            agenda.by_address.entry(subject.address().to_owned()).or_default().push(index);
            agenda.items.push(Item { subject, timing: config.timing.clone(), due: None });
            agenda.plan(index, now);
        }
        agenda
    }

    /// Settles when a feed is due, and lets it wait for that unless it is under way.
    fn plan(&mut self, index: usize, now: DateTime<Utc>) {
        self.unplan(index);
        let item = &mut self.items[index];
        let Subject { feed, state } = &item.subject;
        item.due = due_at(&item.timing, &feed.url, state, now);
        if let Some(due) = item.due.filter(|_| !self.under_way.contains(&feed.name)) {
            self.waiting.insert((due, index));
        }
    }

    /// Lets a feed wait no more.
    fn unplan(&mut self, index: usize) {
        if let Some(due) = self.items[index].due {
            self.waiting.remove(&(due, index));
        }
    }

    /// Takes up to `most` addresses that are due, each with the feeds that share it.
    pub fn take_due(&mut self, now: DateTime<Utc>, most: usize) -> Vec<Vec<Subject>> {
        // A clock that was set back would leave everything in the future.
        if self.looked.is_some_and(|at| now < at) {
            (0..self.items.len()).for_each(|index| self.plan(index, now));
        }
        self.looked = Some(now);
        let mut groups = Vec::new();
        while groups.len() < most
            && let Some((_, first)) = self.waiting.first().filter(|(at, _)| *at <= now)
        {
            let address = self.items[*first].subject.address();
            let mut group = Vec::new();
            for index in self.by_address.get(address).cloned().unwrap_or_default() {
                self.unplan(index);
                let subject = &self.items[index].subject;
                if !subject.state.gone {
                    self.under_way.insert(subject.feed.name.clone());
                    group.push(subject.clone());
                }
            }
            groups.push(group);
        }
        groups
    }

    /// Notes what a poll made of a feed.
    pub fn ended(&mut self, state: FeedState, now: DateTime<Utc>) {
        self.under_way.remove(&state.name);
        let Some(index) = self.by_name.get(&state.name).copied() else { return };
        let subject = &mut self.items[index].subject;
        let before = subject.address().to_owned();
        subject.state = state;
        if subject.address() != before {
            let after = subject.address().to_owned();
            self.by_address.entry(before).or_default().retain(|other| *other != index);
            let sharing = self.by_address.entry(after).or_default();
            sharing.push(index);
            // In the order of the configuration, as at the start.
            sharing.sort_unstable();
        }
        self.plan(index, now);
    }

    /// When the next feed is due that is not under way.
    pub fn next(&self) -> Option<DateTime<Utc>> {
        self.waiting.first().map(|(at, _)| *at)
    }

    /// How many feeds there are, and how many of them fail.
    pub fn count(&self) -> (usize, usize) {
        let failing = self.items.iter().filter(|i| i.subject.state.failures > 0).count();
        (self.items.len(), failing)
    }
}
