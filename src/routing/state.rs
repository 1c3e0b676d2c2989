//! The ground truth, and the one place where it changes: [`State::apply`].

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::agent::Agent;
use super::catalogue::Catalogue;
use super::event::Event;
use super::name::{AgentId, TicketId};
use super::ticket::{ClosedTicket, Ticket};
use super::time::Timestamp;

/// What makes one engine's ids and draws its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Different for each journal, so that no id is ever used twice.
    pub instance: u64,
    /// From which the strategy `random` draws.
    pub seed: u64,
}

/// Everything that the engine knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    identity: Identity,
    /// The number of the next event.
    next_seq: u64,
    now: Timestamp,
    catalogue: Arc<Catalogue>,
    tickets: BTreeMap<TicketId, Ticket>,
    closed: BTreeMap<TicketId, ClosedTicket>,
    agents: BTreeMap<AgentId, Agent>,
}

impl State {
    /// Nothing known, nothing configured.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            next_seq: 1,
            now: Timestamp::default(),
            catalogue: Arc::default(),
            tickets: BTreeMap::new(),
            closed: BTreeMap::new(),
            agents: BTreeMap::new(),
        }
    }

    /// What makes this engine's ids its own.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The number that the next event gets; numbers start at 1 and have no gaps.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The latest time that the state has seen.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The catalogue in force.
    #[must_use]
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// A ticket that has not ended.
    #[must_use]
    pub fn ticket(&self, id: &TicketId) -> Option<&Ticket> {
        self.tickets.get(id)
    }

    /// A ticket that has ended and is still remembered.
    #[must_use]
    pub fn closed_ticket(&self, id: &TicketId) -> Option<&ClosedTicket> {
        self.closed.get(id)
    }

    /// A registered agent.
    #[must_use]
    pub fn agent(&self, id: &AgentId) -> Option<&Agent> {
        self.agents.get(id)
    }

    /// All tickets that have not ended, in no particular order.
    pub fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets.values()
    }

    /// All registered agents, by id.
    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.values()
    }

    /// A digest of the ground truth: equal for equal states, within one build.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.next_seq
    }

    /// Makes an event true. Never decides: live and replay share this.
    pub fn apply(&mut self, at: Timestamp, _event: &Event) {
        self.now = self.now.max(at);
        self.next_seq += 1;
    }
}
