//! One ticket as readers see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moment;
use crate::routing::{AgentId, ChannelName, Phase, RoleName, Ticket, TicketId, Timestamp};

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Waits aside until its `not_before`, or until its role opens.
    Scheduled,
    /// In its role's queue.
    Waiting,
    /// Nobody could ever take it.
    Unroutable,
    /// Proposed to an agent.
    Offered,
    /// Owned, and worked on.
    Assigned,
    /// Owned; the customer is waited for, or is back and the owner has no slot free.
    Paused,
}

impl Stage {
    /// How many there are.
    pub(super) const COUNT: usize = 6;

    fn of(phase: &Phase) -> Self {
        match phase {
            // Between two places within one step of the engine; seen from outside it is on its way to a queue.
            Phase::Intake | Phase::Waiting => Self::Waiting,
            Phase::Scheduled | Phase::Deferred => Self::Scheduled,
            Phase::Unroutable(_) => Self::Unroutable,
            Phase::Offered(_) => Self::Offered,
            Phase::Assigned(_) => Self::Assigned,
            Phase::Paused(_) | Phase::Resuming(_) => Self::Paused,
        }
    }

    /// Whether an agent owns the ticket.
    pub(super) fn is_owned(self) -> bool {
        matches!(self, Self::Assigned | Self::Paused)
    }
}

/// One ticket that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TicketCard {
    /// Its id.
    pub ticket_id: TicketId,
    /// The role it belongs to; `None` where none fits.
    pub role: Option<RoleName>,
    /// How it arrived.
    pub channel: ChannelName,
    /// Its priority, 0 to 9; of one that is owned that with which it was given. What is said of it since counts as soon as it
    /// goes on.
    pub priority: u8,
    /// Where it stands.
    pub stage: Stage,
    /// Its owner, or the one it is offered to; with `ring_all` the first of them.
    pub agent_id: Option<AgentId>,
    /// The others that it is offered to.
    #[serde(skip)]
    pub(super) also_offered: Box<[AgentId]>,
    /// Its age counts from here.
    #[serde(serialize_with = "moment::rfc3339")]
    pub created_at: Timestamp,
    /// When it should have been answered.
    #[serde(serialize_with = "moment::rfc3339_option")]
    pub due_at: Option<Timestamp>,
    /// Whether that will pass soon.
    pub at_risk: bool,
    /// Whether that passed while it waited.
    pub breached: bool,
}

impl TicketCard {
    pub(super) fn of(ticket: &Ticket) -> Self {
        let owner = ticket.phase.ownership().map(|ownership| &ownership.agent);
        let mut offered = ticket.phase.offers().iter().map(|offer| &offer.agent);
        Self {
            ticket_id: ticket.id.clone(),
            role: ticket.demand.role().cloned(),
            channel: ticket.spec.asked.channel.clone(),
            priority: ticket.demand.priority.get(),
            stage: Stage::of(&ticket.phase),
            agent_id: owner.or_else(|| offered.next()).cloned(),
            also_offered: offered.cloned().collect(),
            created_at: ticket.created_at,
            due_at: ticket.due_at.get(),
            at_risk: ticket.service.at_risk && !ticket.breached,
            breached: ticket.breached,
        }
    }

    /// Its owner, or all whom it is offered to.
    pub(super) fn holders(&self) -> impl Iterator<Item = &AgentId> {
        self.agent_id.iter().chain(&*self.also_offered)
    }

    /// Whether this agent owns it or is offered it.
    pub fn is_of(&self, agent: &AgentId) -> bool {
        self.holders().any(|holder| holder == agent)
    }
}
