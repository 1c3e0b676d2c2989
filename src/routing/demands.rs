//! What tickets demand, kept once: many tickets demand the same, and what upstream says the same of is classified the
//! same. Nothing is decided by what is kept here.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use hashbrown::HashTable;

use super::digest::Digest;
use super::name::{ChannelName, Permission, RoleName, TicketType};
use super::skill::Skills;
use super::ticket::{Demand, Priority, TicketSpec};

/// How many demands are kept at most. Where tickets demand more than that, some are kept several times.
const KEPT_MAX: usize = 4_096;

fn digest(value: &impl Hash) -> u64 {
    let mut digest = Digest::default();
    value.hash(&mut digest);
    digest.finish()
}

/// Demands that several tickets share.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedDemands(HashTable<Arc<Demand>>);

impl SharedDemands {
    /// An equal demand that others have too, or that one, for others to share.
    pub(super) fn share(&mut self, demand: &Arc<Demand>) -> Arc<Demand> {
        if Arc::strong_count(demand) > 1 {
            return Arc::clone(demand);
        }
        let hash = digest(demand);
        if let Some(known) = self.0.find(hash, |known| known == demand) {
            return Arc::clone(known);
        }
        if self.0.len() == KEPT_MAX {
            self.0.retain(|known| Arc::strong_count(known) > 1);
        }
        if self.0.len() == KEPT_MAX {
            self.0.clear();
        }
        self.0.insert_unique(hash, Arc::clone(demand), digest);
        Arc::clone(demand)
    }
}

/// What upstream said of a ticket, as far as it decides what that demands where no rule is asked.
type Said<'s> =
    (Option<&'s RoleName>, Option<&'s TicketType>, &'s ChannelName, Priority, &'s Skills, &'s BTreeSet<Permission>);

fn said(spec: &TicketSpec) -> Said<'_> {
    (spec.role.as_ref(), spec.kind.as_ref(), &spec.channel, spec.priority, &spec.skills, &spec.permissions)
}

/// What was made of what upstream said of earlier tickets, under a catalogue that has no rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Classified(HashTable<(TicketSpec, Arc<Demand>)>);

impl Classified {
    /// What was made of the same.
    pub(super) fn get(&self, spec: &TicketSpec) -> Option<&Arc<Demand>> {
        let said_now = said(spec);
        self.0.find(digest(&said_now), |(known, _)| said(known) == said_now).map(|(_, demand)| demand)
    }

    /// That is made of what upstream says of a ticket.
    pub(super) fn record(&mut self, spec: &TicketSpec, demand: &Arc<Demand>) {
        if self.0.len() == KEPT_MAX {
            self.0.clear();
        }
        let TicketSpec { kind, channel, priority, role, skills, permissions, .. } = spec.clone();
        let known = TicketSpec { kind, priority, role, skills, permissions, ..TicketSpec::on(channel) };
        self.0.insert_unique(digest(&said(spec)), (known, Arc::clone(demand)), |(known, _)| digest(&said(known)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(priority: Priority) -> Arc<Demand> {
        Arc::new(Demand { priority, ..Demand::default() })
    }

    #[test]
    fn equal_demands_are_one() {
        let mut shared = SharedDemands::default();
        let first = shared.share(&demand(Priority::HIGH));
        assert!(Arc::ptr_eq(&first, &shared.share(&demand(Priority::HIGH))));
        assert!(!Arc::ptr_eq(&first, &shared.share(&demand(Priority::LOW))));
        assert!(Arc::ptr_eq(&first, &shared.share(&first)));
    }

    #[test]
    fn what_decides_nothing_does_not_count_and_what_decides_does() {
        let mut classified = Classified::default();
        let mut spec = TicketSpec::on(ChannelName::parse("task").unwrap());
        classified.record(&spec, &demand(Priority::HIGH));
        spec.subject = Some("anything".to_owned());
        assert!(classified.get(&spec).is_some());
        spec.priority = Priority::LOW;
        assert!(classified.get(&spec).is_none());
    }
}
