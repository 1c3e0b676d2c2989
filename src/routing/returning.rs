//! Customers who come back: who had a ticket of theirs last. Nothing is remembered while no role of the catalogue asks.

use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use super::event::Event;
use super::memory::Memory;
use super::name::{AgentId, TicketId};
use super::state::{Ground, State};
use super::ticket::Ticket;
use super::time::{Millis, Timestamp};

/// Of how many customers the last agent is remembered at most: some 200 MB.
const LAST_AGENTS_MAX: usize = 1_000_000;

/// The last agent of each customer, by the customer's id.
pub(super) type LastAgents = Memory<String, AgentId>;

/// What a role does for customers who come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Returning {
    /// The agent who had a ticket of the customer within that time is tried first; `None` for nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_agent: Option<Millis>,
}

impl Returning {
    /// Whether nothing is done.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What a ticket's own role does for customers who come back.
fn returning(ticket: &Ticket, catalogue: &Catalogue) -> Returning {
    let role = ticket.demand.role().and_then(|role| catalogue.roles.get(role));
    role.map(|role| role.returning).unwrap_or_default()
}

impl State {
    /// The agent who is tried first for a ticket, because that one had its customer's ticket last.
    pub(super) fn last_agent(&self, ticket: &Ticket, now: Timestamp) -> Option<&AgentId> {
        let within = returning(ticket, self.catalogue()).last_agent?;
        let (agent, at) = self.ground.last_agents.get(ticket.spec.customer.id.as_ref()?)?;
        (at + within >= now).then_some(agent)
    }
}

impl Ground {
    /// Takes down who has a customer's ticket, or has lost it, before the event that says so is applied.
    pub(super) fn remember_last_agent(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::TicketAssigned { taking, .. } => self.note_last_agent(&taking.ticket, &taking.agent, at),
            Event::AssignmentCompleted { held, .. } => self.note_last_agent(&held.ticket, &held.agent, at),
            Event::AssignmentRevoked { held, .. } => self.forget_last_agent(&held.ticket, &held.agent),
            _ => {}
        }
    }

    /// Takes down who owns a ticket, or has completed it, where its role asks for that.
    fn note_last_agent(&mut self, ticket: &TicketId, agent: &AgentId, at: Timestamp) {
        let ticket = self.tickets.get(ticket).expect("an event names a ticket that has not ended");
        let asks = returning(ticket, &self.catalogue).last_agent.is_some();
        if let Some(customer) = ticket.spec.customer.id.clone().filter(|_| asks) {
            self.last_agents.record(customer, agent.clone(), at, self.next_seq);
            self.last_agents.prune(at, longest_last_agent(&self.catalogue), LAST_AGENTS_MAX);
        }
    }

    /// Who loses a ticket is its customer's last agent no longer.
    fn forget_last_agent(&mut self, ticket: &TicketId, agent: &AgentId) {
        let customer = self.tickets.get(ticket).and_then(|ticket| ticket.spec.customer.id.as_ref());
        if let Some(customer) = customer
            && self.last_agents.get(customer).is_some_and(|(last, _)| last == agent)
        {
            self.last_agents.forget(customer);
        }
    }

    /// Forgets what no role of the catalogue asks for.
    pub(super) fn forget_customers(&mut self, at: Timestamp) {
        let longest = longest_last_agent(&self.catalogue);
        self.last_agents.prune(at, longest, LAST_AGENTS_MAX);
    }
}

fn longest_last_agent(catalogue: &Catalogue) -> Option<Millis> {
    catalogue.roles.values().filter_map(|role| role.returning.last_agent).max()
}
