//! Events about who owns what, beyond offers and hand-overs, as they are written.
//!
//! The comments on members are the reference: `docs/events.md` and the JSON Schemas repeat them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::routing::command::{Command, OwnedTicket};
use crate::routing::name::{AgentId, ChannelName, RoleName, TicketId};

use super::bounds::OWNED_TICKETS_MAX;
use super::data::Data;
use super::member::{Bounded, Moment, Named, NamedOr};
use super::ticket::{TASK, well_known_channel};
use super::unreadable::Fault;

/// An agent has taken a ticket by hand: a fact, not a request. It owns the ticket from now on, whatever its limits, status
/// or skills. Open offers and another owner's assignment are revoked (`supervisor`).
#[derive(Deserialize, JsonSchema)]
pub(super) struct TicketTaken {
    /// The ticket.
    ticket_id: Named<TicketId>,
    /// The agent.
    agent_id: Named<AgentId>,
    /// For which role. Where nothing is said: the first that the ticket demands and the agent has, else the ticket's own.
    role: Option<Named<RoleName>>,
}

impl TicketTaken {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::TakeTicket {
            ticket: members.ticket_id.0,
            agent: members.agent_id.0,
            role: members.role.map(|role| role.0),
        })
    }
}

/// One ticket that an agent owns.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
struct Owned {
    /// The ticket.
    ticket_id: Named<TicketId>,
    /// How it arrived, where rolecall does not know it yet; `task` where nothing is said.
    channel: Option<Named<ChannelName>>,
    /// For which role the agent has it.
    role: Option<Named<RoleName>>,
}

impl From<NamedOr<TicketId, Owned>> for OwnedTicket {
    fn from(owned: NamedOr<TicketId, Owned>) -> Self {
        let (ticket, channel, role) = match owned {
            NamedOr::Name(ticket) => (ticket, None, None),
            NamedOr::Members(members) => (members.ticket_id.0, members.channel, members.role),
        };
        let channel = channel.map_or_else(|| well_known_channel(TASK), |channel| channel.0);
        Self { ticket, channel, role: role.map(|role| role.0) }
    }
}

/// All that an agent owns, as the helpdesk says. It is taken over: what is listed and not the agent's own here becomes so,
/// as after `ticket.taken`, and is created where it is not known; what is its own here and not listed goes back to its
/// queue. Where anything was different, `agent.reconciled` says what.
#[derive(Deserialize, JsonSchema)]
pub(super) struct AgentReconciled {
    /// The agent.
    agent_id: Named<AgentId>,
    /// Every ticket that it owns: its id, or an object.
    tickets: Bounded<NamedOr<TicketId, Owned>, OWNED_TICKETS_MAX>,
    /// When the helpdesk looked: what was assigned, taken or ended since stays as it is here. Where nothing is said: now.
    as_of: Option<Moment>,
}

impl AgentReconciled {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::ReconcileAgent {
            agent: members.agent_id.0,
            tickets: members.tickets.0.into_iter().map(OwnedTicket::from).collect(),
            as_of: members.as_of.map(|moment| moment.0),
        })
    }
}

/// The owner has replied to the customer. Where the role has a `first_reply_within`, an owner of whom this is not said
/// in time loses the ticket.
#[derive(Deserialize, JsonSchema)]
pub(super) struct TicketReplied {
    /// The ticket.
    ticket_id: Named<TicketId>,
    /// The agent who replied. Where it is named, it has to be the owner.
    agent_id: Option<Named<AgentId>>,
}

impl TicketReplied {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::NoteReply { ticket: members.ticket_id.0, agent: members.agent_id.map(|agent| agent.0) })
    }
}
