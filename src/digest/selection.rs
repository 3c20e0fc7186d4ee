//! Which changes a subscription takes, and which of them are watched.

use std::collections::HashSet;

use crate::model::{Change, Kind, Subscription, fold_name};

/// A subscription's filters with every form of the names in them, so that "CNCF" finds what the
/// ledger calls "Cloud Native Computing Foundation".
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// The subscription's name.
    pub name: String,
    kinds: Vec<Kind>,
    min_confidence: f64,
    feeds: Vec<String>,
    /// Folded; `None` for all.
    bodies: Option<HashSet<String>>,
    subjects: Option<HashSet<String>>,
    watched: HashSet<String>,
}

impl Selection {
    /// The filters of a subscription. `forms` gives every folded form of a name, `below` the folded
    /// names of the bodies that belong to a body.
    pub fn new(
        subscription: &Subscription,
        forms: impl Fn(&str) -> Vec<String>,
        below: impl Fn(&str) -> Vec<String>,
    ) -> Selection {
        let all = |names: &[String]| names.iter().flat_map(|name| forms(name)).collect();
        let only = |names: &[String]| (!names.is_empty()).then(|| all(names));
        let mut bodies: Option<HashSet<String>> = only(&subscription.bodies);
        if let Some(bodies) = bodies.as_mut().filter(|_| subscription.include_children) {
            let children = subscription.bodies.iter().flat_map(|body| below(body));
            bodies.extend(children.flat_map(|child| forms(&child)));
        }
        Selection {
            name: subscription.name.clone(),
            kinds: subscription.kinds.clone(),
            min_confidence: subscription.min_confidence,
            feeds: subscription.feeds.clone(),
            bodies,
            subjects: only(&subscription.subjects),
            watched: all(&subscription.watch),
        }
    }

    /// The filters with no other forms of names than the given ones.
    pub fn plain(subscription: &Subscription) -> Selection {
        Selection::new(subscription, |name| vec![fold_name(name)], |_| Vec::new())
    }

    /// Whether it takes a change.
    pub fn takes(&self, change: &Change) -> bool {
        let fact = &change.fact;
        let among = |names: &Option<HashSet<String>>, name: &str| {
            names.as_ref().is_none_or(|names| names.contains(&fold_name(name)))
        };
        self.kinds.contains(&fact.kind())
            && fact.confidence >= self.min_confidence
            // Told already, by weaker words that were enough for this reader.
            && change.was.is_none_or(|was| was < self.min_confidence)
            && among(&self.bodies, &fact.body)
            && among(&self.subjects, &fact.subject)
            && (self.feeds.is_empty()
                || change.sources.iter().any(|s| self.feeds.contains(&s.feed)))
    }

    /// Whether a change is about a watched name: its subject, the organisation that a person belongs
    /// to, or the body.
    pub fn watches(&self, change: &Change) -> bool {
        if self.watched.is_empty() {
            return false;
        }
        let fact = &change.fact;
        [Some(fact.subject.as_str()), fact.affiliation(), Some(&fact.body)]
            .into_iter()
            .flatten()
            .any(|name| self.watched.contains(&fold_name(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::compose::tests::{sample, subscription};
    use super::*;

    fn taken(subscription: &Subscription) -> usize {
        let forms = |name: &str| match fold_name(name).as_str() {
            "olf" | "open lattice foundation" => {
                vec!["olf".to_owned(), "open lattice foundation".to_owned()]
            }
            other => vec![other.to_owned()],
        };
        let below = |body: &str| match fold_name(body).as_str() {
            "lattice union" => vec!["open lattice foundation".to_owned()],
            _ => Vec::new(),
        };
        let selection = Selection::new(subscription, forms, below);
        sample().iter().filter(|change| selection.takes(change)).count()
    }

    #[test]
    fn a_subscription_takes_what_it_asks_for() {
        let base = subscription();
        let bodies = |names: &[&str]| Subscription {
            bodies: names.iter().map(|n| (*n).to_owned()).collect(),
            ..base.clone()
        };
        for (name, subscription, n) in [
            ("all", base.clone(), 5),
            ("a kind", Subscription { kinds: vec![Kind::Membership], ..base.clone() }, 3),
            ("a body", bodies(&["the harbor foundation"]), 2),
            ("a body by its acronym", bodies(&["OLF"]), 3),
            ("a parent alone", bodies(&["Lattice Union"]), 0),
            (
                "a parent with its children",
                Subscription { include_children: true, ..bodies(&["Lattice Union"]) },
                3,
            ),
            (
                "a subject",
                Subscription { subjects: vec!["QUILL DATA, Inc.".into()], ..base.clone() },
                1,
            ),
            ("another feed", Subscription { feeds: vec!["x".into()], ..base.clone() }, 0),
            ("more confidence", Subscription { min_confidence: 0.95, ..base.clone() }, 0),
        ] {
            assert_eq!(taken(&subscription), n, "{name}");
        }
    }

    #[test]
    fn a_watched_name_is_a_subject_an_employer_or_a_body() {
        let mut changes = sample();
        if let crate::model::Detail::Appointment(seat) = &mut changes[3].fact.detail {
            seat.affiliation = Some("Meridian Cloud GmbH".into());
        }
        for (watch, ids) in [
            (vec![], vec![]),
            (vec!["meridian cloud"], vec![1, 4]),
            (vec!["Tom Okafor", "nobody"], vec![5]),
            (vec!["Harbor Foundation"], vec![4, 5]),
        ] {
            let watch = watch.into_iter().map(str::to_owned).collect();
            let selection = Selection::plain(&Subscription { watch, ..subscription() });
            let found: Vec<i64> =
                changes.iter().filter(|c| selection.watches(c)).map(|c| c.id).collect();
            assert_eq!(found, ids);
        }
    }
}
