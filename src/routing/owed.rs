//! What agents owe: tickets whose customers are back, and which wait until their owners have room for them.
//!
//! While such a ticket lacks capacity units, the units that it needs count as taken for whatever else would take of them.
//! Else smaller tickets could take each unit that becomes free, and what is to go back before them never would. Who owes
//! what follows from the tickets.

use std::collections::{BTreeMap, BTreeSet};

use super::agent::Agent;
use super::importance::Importance;
use super::matching;
use super::name::{AgentId, ChannelName, TicketId};
use super::state::State;
use super::ticket::Ticket;

/// The tickets that wait to be resumed, by their owners: of nearly nobody, nearly always.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Owed(BTreeMap<AgentId, BTreeSet<TicketId>>);

impl Owed {
    /// A ticket waits for its owner.
    pub(super) fn insert(&mut self, owner: &AgentId, ticket: &TicketId) {
        self.0.entry(owner.clone()).or_default().insert(ticket.clone());
    }

    /// A ticket waits for its owner no longer.
    pub(super) fn remove(&mut self, owner: &AgentId, ticket: &TicketId) {
        let Some(owed) = self.0.get_mut(owner) else { return };
        owed.remove(ticket);
        if owed.is_empty() {
            self.0.remove(owner);
        }
    }
}

impl State {
    /// Whether any ticket waits for this agent to be resumed.
    pub(super) fn owes(&self, agent: &Agent) -> bool {
        !self.index.owed.0.is_empty() && self.index.owed.0.contains_key(&agent.id)
    }

    /// The tickets that wait for this agent to be resumed.
    pub(super) fn owed_by(&self, agent: &Agent) -> impl Iterator<Item = &Ticket> {
        self.index.owed.0.get(&agent.id).into_iter().flatten().filter_map(|id| self.ticket(id))
    }

    /// Whether this agent keeps the units that this ticket would take for one that it owes. What is of higher rank in a role
    /// for which the agent is asked goes before that one.
    pub(super) fn keeps_units_from(&self, agent: &Agent, ticket: &Ticket) -> bool {
        if !self.owes(agent) {
            return false;
        }
        let (demand, profile) = (&ticket.demand, &agent.profile);
        let asked = demand.roles.iter().filter(|role| {
            profile.roles.contains(*role) && (ticket.direction.is_some() || demand.asks(role, profile.rank(role)))
        });
        let roles = asked.filter_map(|role| self.catalogue().roles.get(role));
        let importance = roles.map(|role| Importance::of(ticket, Some(role))).max();
        self.keeps_units(agent, &ticket.spec.asked.channel, importance.unwrap_or_default())
    }

    /// The same, for a ticket of that channel and importance.
    pub(super) fn keeps_units(&self, agent: &Agent, channel: &ChannelName, importance: Importance) -> bool {
        let catalogue = self.catalogue();
        let goes_first = |owed: &Ticket| Importance::of(owed, matching::own_role(self, owed)) >= importance;
        let competes = |back_on: &ChannelName| {
            !agent.has_units(back_on, catalogue)
                && !catalogue.interrupts(channel, back_on)
                && !catalogue.interrupts(back_on, channel)
        };
        catalogue.channel(channel).cost > 0
            && self.owed_by(agent).any(|owed| competes(&owed.spec.asked.channel) && goes_first(owed))
    }
}
