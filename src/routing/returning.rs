//! Customers who come back: who had a ticket of theirs last, and the places that they gave up. Nothing is remembered while no role of the catalogue asks.

use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use super::event::Event;
use super::memory::Memory;
use super::name::{AgentId, ChannelName, RoleName, TicketId};
use super::offer::RevokeCause;
use super::state::{Ground, State};
use super::ticket::{Phase, Ticket};
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
    /// A customer who withdrew a ticket and comes back within that time has its place again; `None` for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_within: Option<Millis>,
}

/// The most places that are kept: as many customers as give up while a whole country rings at once.
const PLACES_MAX: usize = 100_000;

/// In which queue, and on which channel, a customer gave a place up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct PlaceKey {
    pub(super) customer: String,
    pub(super) role: RoleName,
    pub(super) channel: ChannelName,
}

impl PlaceKey {
    /// Of a ticket whose customer is known.
    pub(super) fn of(ticket: &Ticket) -> Option<Self> {
        let customer = ticket.spec.beside.customer.id.clone()?;
        Some(Self { customer, role: ticket.demand.role()?.clone(), channel: ticket.spec.asked.channel.clone() })
    }
}

/// From when the age counts of tickets that their customers withdrew.
pub(super) type Places = Memory<PlaceKey, Timestamp>;

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

impl Ticket {
    /// It has the place of another, and is as old as that one.
    pub(super) fn count_from(&mut self, created_at: Timestamp, due_at: Option<Timestamp>) {
        std::sync::Arc::make_mut(&mut self.spec).created_at = Some(created_at);
        (self.created_at, self.due_at) = (created_at, due_at.into());
    }
}

impl State {
    /// The agent who is tried first for a ticket, because that one had its customer's ticket last.
    pub(super) fn last_agent(&self, ticket: &Ticket, now: Timestamp) -> Option<&AgentId> {
        let customer = ticket.spec.beside.customer.id.as_ref()?;
        let within = returning(ticket, self.catalogue()).last_agent?;
        let (agent, at) = self.ground.last_agents.get(customer)?;
        (at + within >= now).then_some(agent)
    }

    /// Whether a ticket's customer, who withdraws it, may come back to its place.
    pub(super) fn may_be_resumed(&self, ticket: &Ticket) -> bool {
        let waits = ticket.phase.ownership().is_none() && ticket.phase != Phase::Scheduled && !ticket.service.answered;
        waits && returning(ticket, self.catalogue()).resume_within.is_some() && PlaceKey::of(ticket).is_some()
    }

    /// From when the age of a ticket counts that has just come, where that is earlier, because its customer has withdrawn
    /// another a short while ago.
    pub(super) fn resumes_place_of(&self, ticket: &Ticket, now: Timestamp) -> Option<Timestamp> {
        ticket.spec.beside.customer.id.as_ref()?;
        let within = returning(ticket, self.catalogue()).resume_within?;
        let (created_at, given_up_at) = self.ground.places.get(&PlaceKey::of(ticket)?)?;
        (given_up_at + within >= now && *created_at < ticket.created_at).then_some(*created_at)
    }
}

impl Ground {
    /// Takes down who has a customer's ticket, or has lost it, before the event that says so is applied.
    pub(super) fn remember_last_agent(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::TicketAssigned { taking, .. } => self.note_last_agent(&taking.ticket, &taking.agent, at),
            Event::AssignmentCompleted { held, .. } => self.note_last_agent(&held.ticket, &held.agent, at),
            // Whose customer hangs up has given nobody up, and is the one to ask when that customer is back.
            Event::AssignmentRevoked { cause: RevokeCause::TicketCancelled, .. } => {}
            Event::AssignmentRevoked { held, .. } => self.forget_last_agent(&held.ticket, &held.agent),
            _ => {}
        }
    }

    /// Takes down who owns a ticket, or has completed it, where its role asks for that.
    fn note_last_agent(&mut self, ticket: &TicketId, agent: &AgentId, at: Timestamp) {
        let ticket = self.tickets.get(ticket).expect("an event names a ticket that has not ended");
        let customer = ticket.spec.beside.customer.id.as_ref();
        let customer = customer.filter(|_| returning(ticket, &self.catalogue).last_agent.is_some());
        if let Some(customer) = customer.cloned() {
            self.last_agents.record(customer, agent.clone(), at, self.next_seq);
            self.last_agents.prune(at, longest_last_agent(&self.catalogue), LAST_AGENTS_MAX);
        }
    }

    /// Who loses a ticket is its customer's last agent no longer.
    fn forget_last_agent(&mut self, ticket: &TicketId, agent: &AgentId) {
        let customer = self.tickets.get(ticket).and_then(|ticket| ticket.spec.beside.customer.id.as_ref());
        if let Some(customer) = customer
            && self.last_agents.get(customer).is_some_and(|(last, _)| last == agent)
        {
            self.last_agents.forget(customer);
        }
    }

    /// Keeps the place of a ticket that its customer withdraws.
    pub(super) fn keep_place(&mut self, ticket: &TicketId, at: Timestamp) {
        let ticket = self.tickets.get(ticket).expect("an event names a ticket that has not ended");
        let key = PlaceKey::of(ticket).expect("only a known customer's place is kept");
        self.places.record(key, ticket.created_at, at, self.next_seq);
        self.places.prune(at, longest_resume(&self.catalogue), PLACES_MAX);
    }

    /// A ticket has the place that was kept: nobody else has it.
    pub(super) fn take_place(&mut self, ticket: &TicketId) {
        let key = self.tickets.get(ticket).and_then(PlaceKey::of);
        self.places.forget(&key.expect("only a known customer's place is kept"));
    }

    /// Forgets what no role of the catalogue asks for.
    pub(super) fn forget_customers(&mut self, at: Timestamp) {
        let longest = longest_last_agent(&self.catalogue);
        self.last_agents.prune(at, longest, LAST_AGENTS_MAX);
        self.places.prune(at, longest_resume(&self.catalogue), PLACES_MAX);
    }
}

fn longest_resume(catalogue: &Catalogue) -> Option<Millis> {
    catalogue.roles.values().filter_map(|role| role.returning.resume_within).max()
}

fn longest_last_agent(catalogue: &Catalogue) -> Option<Millis> {
    catalogue.roles.values().filter_map(|role| role.returning.last_agent).max()
}
