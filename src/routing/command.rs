//! What the engine can be told to do, in the imperative, and the reasons for which it declines.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::agent::{AgentProfile, Status};
use super::catalogue::Catalogue;
use super::name::{AgentId, AssignmentId, ChannelName, RoleName, StatusName, TicketId};
use super::ticket::{TicketChanges, TicketSpec};
use super::time::Timestamp;

/// To whom a ticket is handed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransferTo {
    /// To whoever of this role.
    Role(RoleName),
    /// To this agent.
    Agent(AgentId),
}

/// A ticket that an agent owns, as the helpdesk says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedTicket {
    /// The ticket.
    pub ticket: TicketId,
    /// How it arrived, where the engine does not know it.
    pub channel: ChannelName,
    /// For which role the agent has it; `None` for as the engine finds.
    pub role: Option<RoleName>,
}

/// What happens to the slot of a completed ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AfterWork {
    /// It stays taken for as long as role and channel say.
    WrapUp,
    /// It is free at once.
    Ready,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// `ticket.created`, `call.queued`
    CreateTicket { ticket: TicketId, spec: Box<TicketSpec> },
    /// `ticket.updated`
    UpdateTicket { ticket: TicketId, changes: Box<TicketChanges> },
    /// `ticket.cancelled`, `call.abandoned`
    CancelTicket { ticket: TicketId, reason: Option<String> },
    /// `ticket.accepted`, `call.answered`
    AcceptOffer { ticket: TicketId, agent: AgentId, assignment: Option<AssignmentId> },
    /// `ticket.declined`, `call.rejected`
    DeclineOffer { ticket: TicketId, agent: AgentId, assignment: Option<AssignmentId>, reason: Option<String> },
    /// `ticket.completed`, `call.ended`
    CompleteTicket { ticket: TicketId, agent: Option<AgentId>, outcome: Option<String>, then: AfterWork },
    /// `ticket.transferred`
    TransferTicket { ticket: TicketId, to: TransferTo, by: Option<String>, note: Option<String> },
    /// `ticket.released`
    ReleaseTicket { ticket: TicketId, agent: Option<AgentId>, reason: Option<String> },
    /// `ticket.paused`
    PauseTicket { ticket: TicketId },
    /// `ticket.resumed`
    ResumeTicket { ticket: TicketId },
    /// `ticket.claimed`
    ClaimTicket { agent: AgentId, role: Option<RoleName>, ticket: Option<TicketId> },
    /// `ticket.taken`
    TakeTicket { ticket: TicketId, agent: AgentId, role: Option<RoleName> },
    /// `agent.reconciled`
    ReconcileAgent {
        agent: AgentId,
        tickets: Vec<OwnedTicket>,
        /// When the helpdesk looked; what happened since stays.
        as_of: Option<Timestamp>,
    },
    /// `ticket.replied`
    NoteReply { ticket: TicketId, agent: Option<AgentId> },
    /// `agent.registered`
    RegisterAgent { agent: AgentId, profile: Box<AgentProfile> },
    /// `agent.removed`
    RemoveAgent { agent: AgentId },
    /// `agent.presence`
    SetPresence {
        agent: AgentId,
        status: Status,
        /// The catalogue's name for it, where the agent used one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<StatusName>,
        reason: Option<String>,
        /// Channels to switch on or off; others stay as they are.
        switches: BTreeMap<ChannelName, bool>,
    },
    /// `agent.heartbeat`
    Heartbeat { agent: AgentId },
    /// Nobody could hear this agent until now: its silence and its idleness count anew.
    ExcuseSilence { agent: AgentId },
    /// `wrap_up.finished`
    FinishWrapUp { agent: AgentId, ticket: Option<TicketId> },
    /// The configuration was read (again).
    ReplaceCatalogue { catalogue: Arc<Catalogue> },
    /// Time passed: whatever is due happens.
    Elapse,
}

/// The stable codes of `command.rejected` (`docs/events.md#commandrejected`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionCode {
    /// No such ticket.
    UnknownTicket,
    /// No such agent.
    UnknownAgent,
    /// The offer or assignment that the event answers is over.
    StaleAssignment,
    /// The agent may not take this ticket.
    NotEligible,
    /// The ticket is not where this could be done to it.
    WrongState,
    /// No such role: on a transfer, a claim or a registration.
    UnknownRole,
    /// A catalogue takes a role out on which something hangs, and none of its roles replaces it.
    RoleInUse,
}

impl RejectionCode {
    /// As the wire spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownTicket => "unknown_ticket",
            Self::UnknownAgent => "unknown_agent",
            Self::StaleAssignment => "stale_assignment",
            Self::NotEligible => "not_eligible",
            Self::WrongState => "wrong_state",
            Self::UnknownRole => "unknown_role",
            Self::RoleInUse => "role_in_use",
        }
    }
}

/// That a command could not be done, and why, for the one who sent it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {detail}", code.as_str())]
pub struct Rejection {
    /// For programs.
    pub code: RejectionCode,
    /// For people: what was found, and what was expected.
    pub detail: String,
}
