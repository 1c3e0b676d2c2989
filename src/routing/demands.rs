//! What tickets ask for and demand, kept once: many ask for the same and demand the same, and what asks for the same is
//! classified the same. Nothing is decided by what is kept here.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use hashbrown::HashTable;

use super::digest::Digest;
use super::ticket::{Asked, Demand, TicketSpec};

/// How many different ones are kept at most. Where tickets differ more than that, some are kept several times.
const KEPT_MAX: usize = 4_096;

fn digest(value: &impl Hash) -> u64 {
    let mut digest = Digest::default();
    value.hash(&mut digest);
    digest.finish()
}

/// What several tickets share.
#[derive(Debug, Clone)]
pub(super) struct Shared<T>(HashTable<Arc<T>>);

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(HashTable::new())
    }
}

impl<T: Hash + Eq> Shared<T> {
    /// An equal one that others have too, or that one, for others to share.
    pub(super) fn share(&mut self, one: &Arc<T>) -> Arc<T> {
        if Arc::strong_count(one) > 1 {
            return Arc::clone(one);
        }
        let hash = digest(one);
        if let Some(known) = self.0.find(hash, |known| known == one) {
            return Arc::clone(known);
        }
        if self.0.len() == KEPT_MAX {
            self.0.retain(|known| Arc::strong_count(known) > 1);
        }
        if self.0.len() == KEPT_MAX {
            self.0.clear();
        }
        self.0.insert_unique(hash, Arc::clone(one), digest);
        Arc::clone(one)
    }
}

impl Shared<Asked> {
    /// What upstream said of a ticket, with what it asks for shared.
    pub(super) fn share_in(&mut self, spec: &Arc<TicketSpec>) -> Arc<TicketSpec> {
        let asked = self.share(&spec.asked);
        if Arc::ptr_eq(&asked, &spec.asked) {
            return Arc::clone(spec);
        }
        Arc::new(TicketSpec { asked, ..TicketSpec::clone(spec) })
    }
}

/// What was made of what earlier tickets asked for, under a catalogue that has no rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Classified(HashTable<(Arc<Asked>, Arc<Demand>)>);

impl Classified {
    /// What was made of the same, and the same as those tickets have it.
    pub(super) fn get(&self, asked: &Asked) -> Option<&(Arc<Asked>, Arc<Demand>)> {
        self.0.find(digest(asked), |(known, _)| **known == *asked)
    }

    /// That is made of what a ticket asks for.
    pub(super) fn record(&mut self, asked: &Arc<Asked>, demand: &Arc<Demand>) {
        if self.0.len() == KEPT_MAX {
            self.0.clear();
        }
        let known = (Arc::clone(asked), Arc::clone(demand));
        self.0.insert_unique(digest(asked), known, |(known, _)| digest(known));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::name::ChannelName;
    use crate::routing::ticket::Priority;

    fn demand(priority: Priority) -> Arc<Demand> {
        Arc::new(Demand { priority, ..Demand::default() })
    }

    #[test]
    fn equal_demands_are_one() {
        let mut shared = Shared::default();
        let first = shared.share(&demand(Priority::HIGH));
        assert!(Arc::ptr_eq(&first, &shared.share(&demand(Priority::HIGH))));
        assert!(!Arc::ptr_eq(&first, &shared.share(&demand(Priority::LOW))));
        assert!(Arc::ptr_eq(&first, &shared.share(&first)));
    }

    #[test]
    fn what_is_asked_for_is_shared_and_what_else_is_said_is_not() {
        let mut shared = Shared::default();
        let spec = |subject: &str| {
            let mut spec = TicketSpec::on(ChannelName::parse("task").unwrap());
            spec.beside.subject = Some(subject.to_owned());
            Arc::new(spec)
        };
        let [one, other] = ["one", "other"].map(|subject| shared.share_in(&spec(subject)));
        assert!(Arc::ptr_eq(&one.asked, &other.asked));
        assert_eq!((one, other), (spec("one"), spec("other")));
    }

    #[test]
    fn what_asks_for_the_same_was_classified_and_what_asks_for_more_was_not() {
        let mut classified = Classified::default();
        let mut asked = Asked::on(ChannelName::parse("task").unwrap());
        classified.record(&Arc::new(asked.clone()), &demand(Priority::HIGH));
        assert!(classified.get(&asked).is_some());
        asked.priority = Priority::LOW;
        assert!(classified.get(&asked).is_none());
    }
}
