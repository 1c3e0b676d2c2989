//! What a ticket demands: the rules are asked, with the queues as they are at this moment.

use std::sync::Arc;

use super::Step;
use crate::routing::facts::{Facts, QueueFacts};
use crate::routing::name::{ChannelName, RoleName, TicketId};
use crate::routing::overflow;
use crate::routing::pool::{Group, Standing};
use crate::routing::queue::RoleQueue;
use crate::routing::state::State;
use crate::routing::ticket::{Demand, Phase, Priority, Ticket, TicketSpec};
use crate::routing::time::Timestamp;

impl Step<'_> {
    /// What a ticket of that spec demands.
    pub(super) fn classify(&self, id: &TicketId, spec: &TicketSpec, created_at: Timestamp) -> Demand {
        let state = &*self.state;
        let count = |role: &RoleName| count_queue(state, role, id, &spec.asked.channel);
        let facts = Facts::new(id, spec, (created_at, self.at), state.catalogue(), &count);
        state.classifier().classify(&facts, state.identity().seed)
    }

    /// What a ticket of that spec demands under today's rules, after the overflow steps that it has taken in its role.
    pub(super) fn demand_afresh(&self, ticket: &Ticket, spec: &TicketSpec) -> Demand {
        let fresh = self.classify(&ticket.id, spec, self.created_at(spec, ticket.created_at));
        if fresh.role() != ticket.demand.role() {
            return fresh;
        }
        let role = fresh.role().and_then(|role| self.state.catalogue().roles.get(role));
        overflow::widened_as(ticket, fresh, role)
    }

    /// What a ticket demands of who is handed it. Who owns it keeps it as it was; what upstream has said of it since counts
    /// from now on, but where rules alone would make it another role's.
    pub(super) fn demand_by_now(&self, ticket: &Ticket) -> Arc<Demand> {
        if ticket.phase.ownership().is_none() {
            return Arc::clone(&ticket.demand);
        }
        let fresh = self.demand_afresh(ticket, &ticket.spec);
        let is_said = ticket.spec.asked.role.is_some() && fresh.role().is_some();
        if is_said || fresh.role() == ticket.demand.role() { Arc::new(fresh) } else { Arc::clone(&ticket.demand) }
    }

    /// The priority with which a ticket goes to another role.
    pub(super) fn priority_by_now(&self, ticket: &Ticket) -> Priority {
        match ticket.phase.ownership() {
            Some(_) => self.demand_afresh(ticket, &ticket.spec).priority,
            None => ticket.demand.priority,
        }
    }

    /// When a ticket came into being: as upstream says, but never later than now.
    pub(super) fn created_at(&self, spec: &TicketSpec, otherwise: Timestamp) -> Timestamp {
        spec.created_at.map_or(otherwise, |created| created.min(self.at))
    }
}

impl State {
    /// What a ticket of that spec would demand if it came now. Nothing happens.
    #[must_use]
    pub fn would_demand(&self, id: &TicketId, spec: &TicketSpec, now: Timestamp) -> Demand {
        let count = |role: &RoleName| count_queue(self, role, id, &spec.asked.channel);
        let created_at = spec.created_at.map_or(now, |created| created.min(now));
        let facts = Facts::new(id, spec, (created_at, now), self.catalogue(), &count);
        self.classifier().classify(&facts, self.identity().seed)
    }
}

/// Who waits in a role's queue beside that ticket, and who is there for it.
pub(super) fn count_queue(state: &State, role: &RoleName, besides: &TicketId, channel: &ChannelName) -> QueueFacts {
    let waits_here = |ticket: &Ticket| ticket.phase == Phase::Waiting && ticket.demand.roles.contains(role);
    let itself = state.ticket(besides).is_some_and(waits_here);
    let waiting = state.queues().role(role).map_or(0, RoleQueue::len) - usize::from(itself);
    let mut facts = QueueFacts { waiting: u64::try_from(waiting).expect("a length fits"), ..QueueFacts::default() };
    for group in state.pool().groups_of(std::slice::from_ref(role)) {
        let (online, free) = count_group(state, group, channel);
        facts.online += u64::from(online);
        facts.free += u64::from(free);
    }
    facts
}

/// How many of a group are online, and how many of those have a slot free on that channel.
fn count_group(state: &State, group: &Group, channel: &ChannelName) -> (u32, u32) {
    if let Some(bench) = state.pool().bench(group, channel) {
        return (group.size() - bench.count(Standing::Offline), bench.count(Standing::Free));
    }
    let members = group.members.iter().map(|number| state.agent_at(*number));
    let standings = members.map(|agent| Standing::of(agent, channel, state.catalogue()));
    standings.fold((0, 0), |(online, free), standing| match standing {
        Standing::Offline => (online, free),
        Standing::ChannelOff | Standing::NoSlot | Standing::Interrupted | Standing::Paced => (online + 1, free),
        Standing::Free => (online + 1, free + 1),
    })
}
