//! What happened, in the past tense: the only way that state changes, and all that the journal keeps.
//!
//! An event holds what replay needs to reach the same state without deciding again, and what the outside is told.
//! Adding a member needs `#[serde(default)]` and a golden file of the journal as it was.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::agent::{AgentProfile, AgentView, Status};
use super::automation::Settings;
use super::catalogue::Catalogue;
use super::command::Rejection;
use super::diversion::{CallbackNote, DiversionCause};
use super::escalation::EscalationCause;
use super::estimate::WaitRange;
use super::name::{AgentId, AssignmentId, AutomationName, ChannelName, RoleName, StatusName, TicketId};
use super::offer::{Reason, Remark, RevokeCause};
use super::service::{Answer, ServiceScore};
use super::ticket::{Bar, Closing, Demand, Direction, Handover, Priority, TicketSpec, UnroutableCause};
use super::time::{Millis, Timestamp};

/// What upstream said of a ticket and what classification made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intake {
    /// What upstream said.
    pub spec: Arc<TicketSpec>,
    /// What classification made of it.
    pub demand: Arc<Demand>,
    /// Its age counts from here.
    pub created_at: Timestamp,
    /// When it should have been answered.
    pub due_at: Option<Timestamp>,
}

/// A slot that an event takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taking {
    /// The ticket.
    pub ticket: TicketId,
    /// The agent.
    pub agent: AgentId,
    /// The id that offer and assignment share.
    pub assignment: AssignmentId,
    /// For which role.
    pub role: RoleName,
    /// On which channel.
    pub channel: ChannelName,
    /// What the slot costs, in capacity units.
    pub cost: u32,
    /// How often the ticket was offered or assigned, this time included.
    pub attempt: u32,
    /// Why this agent.
    pub reason: Arc<Reason>,
}

/// The assignment or offer that an event ends or changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The ticket.
    pub ticket: TicketId,
    /// The agent.
    pub agent: AgentId,
    /// The id that offer and assignment share.
    pub assignment: AssignmentId,
    /// For which role.
    pub role: RoleName,
    /// On which channel.
    pub channel: ChannelName,
}

/// Of what kind a sign of life is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Sign {
    /// It is there; it may be idle.
    #[default]
    Heartbeat,
    /// It did something.
    Act,
}

impl Sign {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_heartbeat(&self) -> bool {
        *self == Self::Heartbeat
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Channels, roles or rules changed.
    CatalogueReplaced {
        catalogue: Arc<Catalogue>,
        /// For people: one line a change.
        changes: Vec<String>,
        version: u64,
    },

    /// A ticket came, and was classified. It is not in a queue yet.
    TicketCreated { ticket: TicketId, intake: Box<Intake> },
    /// It has just come, and has the place that its customer gave up a short while ago.
    PlaceResumed { ticket: TicketId, created_at: Timestamp, due_at: Option<Timestamp> },
    /// Its customer withdraws it before anybody owned it, and may come back to its place.
    PlaceGivenUp { ticket: TicketId },
    /// What upstream says of it changed, and it was classified afresh. A waiting ticket stays in the queues.
    TicketUpdated { ticket: TicketId, intake: Box<Intake> },
    /// It waits aside until its `not_before`.
    TicketScheduled { ticket: TicketId, not_before: Timestamp },
    /// It is in the queues of the roles that it demands.
    TicketQueued {
        ticket: TicketId,
        role: RoleName,
        channel: ChannelName,
        /// 1 for the next.
        position: u64,
        /// How many wait in the role's queue, this one included.
        waiting: u64,
        /// `None` until the role has assigned often enough to tell.
        estimated_wait: Option<Millis>,
        /// The same by the pace of its queue alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait_by_pace: Option<Millis>,
        /// What eight of ten wait; `None` until enough have.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait_range: Option<WaitRange>,
        /// The one agent that it waits for, where that is so.
        direction: Option<Box<Direction>>,
    },
    /// Nobody, online or offline, could ever take it.
    TicketUnroutable { ticket: TicketId, role: Option<RoleName>, channel: ChannelName, cause: UnroutableCause },
    /// An overflow step was taken: its demand is wider.
    TicketEscalated {
        ticket: TicketId,
        role: RoleName,
        channel: ChannelName,
        /// 1 for the first of the ladder.
        step: u8,
        demand: Arc<Demand>,
        #[serde(default, skip_serializing_if = "EscalationCause::is_after")]
        cause: EscalationCause,
    },
    /// It was handed to a role, where its ladder starts anew, or to an agent.
    TicketRedirected {
        ticket: TicketId,
        demand: Arc<Demand>,
        due_at: Option<Timestamp>,
        direction: Option<Box<Direction>>,
        /// What the next one is told of it; `None` leaves what an earlier hand-over said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handover: Option<Box<Handover>>,
        /// Whether the overflow steps that it has taken stay taken, for its demand is as wide as before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keeps_steps: bool,
    },
    /// Its role is closed: it waits aside until that opens.
    TicketDeferred {
        ticket: TicketId,
        role: RoleName,
        channel: ChannelName,
        opens_at: Timestamp,
        /// Counted from then, where upstream has not said.
        due_at: Option<Timestamp>,
    },
    /// Its role does not let it wait, and sends it to another, where its ladder starts anew.
    TicketDiverted {
        ticket: TicketId,
        /// The one that does not let it wait.
        role: RoleName,
        channel: ChannelName,
        cause: DiversionCause,
        /// As the other role's.
        demand: Arc<Demand>,
        due_at: Option<Timestamp>,
    },
    /// It waits for one agent no longer.
    DirectionEnded { ticket: TicketId },
    /// Somebody is not asked for it, for a while or for good.
    AgentBarred { ticket: TicketId, bar: Bar },
    /// The bars that lapsed by now are lifted.
    BarsLapsed { ticket: TicketId },
    /// Its service target will pass soon, and nobody owns it.
    TicketAtRisk {
        ticket: TicketId,
        role: RoleName,
        channel: ChannelName,
        due_at: Timestamp,
        /// Where it waits in the queue: 1 for the next.
        position: Option<u64>,
        estimated_wait: Option<Millis>,
    },
    /// Its service target passed while it waited.
    TicketBreached { ticket: TicketId, role: RoleName, channel: ChannelName, due_at: Timestamp },
    /// An automation fired for it; what it set follows.
    TicketAutomated {
        ticket: TicketId,
        role: Option<RoleName>,
        channel: ChannelName,
        automation: AutomationName,
        /// Whose it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
        #[serde(default, skip_serializing_if = "Settings::are_none")]
        set: Box<Settings>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notify: Option<String>,
    },
    /// The time of an automation had come, and its condition did not hold.
    AutomationInVain { ticket: TicketId, automation: AutomationName },
    /// It left the system without having been completed.
    TicketClosed {
        ticket: TicketId,
        role: Option<RoleName>,
        channel: ChannelName,
        how: Closing,
        cause: String,
        /// Where somebody is to call back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        callback: Option<Box<CallbackNote>>,
        /// What became of its role's promise, where nobody had owned it and the role has a target.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<ServiceScore>,
    },

    /// Proposed.
    OfferMade { taking: Taking, expires_at: Timestamp },
    /// The agent said no.
    OfferDeclined { held: Held, reason: Option<String> },
    /// The agent said nothing.
    OfferExpired { held: Held },
    /// Taken back.
    OfferRevoked {
        held: Held,
        cause: RevokeCause,
        #[serde(default, skip_serializing_if = "Remark::is_none")]
        remark: Remark,
    },
    /// Owned.
    TicketAssigned {
        taking: Taking,
        priority: Priority,
        waited: Millis,
        due_at: Option<Timestamp>,
        /// Where nobody had owned it before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<Box<Answer>>,
    },
    /// Owned no longer, and not completed.
    AssignmentRevoked {
        held: Held,
        cause: RevokeCause,
        #[serde(default, skip_serializing_if = "Remark::is_none")]
        remark: Remark,
    },
    /// The owner replied to the customer for the first time.
    OwnerReplied { ticket: TicketId, agent: AgentId },
    /// The slot is free, the owner stays.
    AssignmentPaused { held: Held },
    /// The customer is back; the owner has no slot free yet.
    ResumeAwaited { ticket: TicketId },
    /// The slot is taken again.
    AssignmentResumed { held: Held, cost: u32 },
    /// Done.
    AssignmentCompleted {
        held: Held,
        waited: Millis,
        handled: Millis,
        outcome: Option<String>,
        /// Until when the slot stays taken.
        wrap_up_until: Option<Timestamp>,
    },
    /// The slot of a completed ticket is free.
    WrapUpFinished { agent: AgentId, ticket: TicketId, channel: ChannelName },

    /// An agent is known, or known anew.
    AgentRegistered { agent: AgentId, profile: Box<AgentProfile> },
    /// It is known no longer.
    AgentRemoved { agent: AgentId },
    /// It came, went, or switched channels.
    PresenceChanged {
        agent: AgentId,
        status: Status,
        /// The catalogue's name for it, where the agent used one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<StatusName>,
        switches: std::collections::BTreeMap<ChannelName, bool>,
        /// `heartbeat`, `idle`, `missed_offers` or `drained` where the engine did it, else as upstream said.
        reason: Option<String>,
    },
    /// It was heard of.
    AgentSeen {
        agent: AgentId,
        #[serde(default, skip_serializing_if = "Sign::is_heartbeat")]
        sign: Sign,
    },
    /// The helpdesk's snapshot said otherwise than the engine: what was made of it; changes nothing by itself.
    AgentReconciled {
        agent: AgentId,
        /// Known, and owned by the agent only now.
        taken: Vec<TicketId>,
        /// Not known before.
        created: Vec<TicketId>,
        /// Owned by the agent until now.
        returned: Vec<TicketId>,
        /// Ended already.
        ended: Vec<TicketId>,
    },
    /// It was given as much as it is to get in so long, and may be given more now.
    PaceEnded { agent: AgentId },
    /// What the outside is told of it; changes nothing.
    AgentChanged { agent: AgentId, view: AgentView },

    /// A command could not be done; changes nothing.
    CommandRejected { rejection: Rejection, ticket: Option<TicketId>, agent: Option<AgentId> },
    /// What waits for a role was looked at.
    RoleLooked { role: RoleName },
    /// The hours of a role were looked at: it is closed, or was since the look before.
    HoursLooked { role: RoleName },
    /// Ended tickets that are old enough are forgotten.
    ClosedForgotten { before: Timestamp },
}

impl Event {
    /// How a role's promise turned out, where this is the event that settles it.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceScore> {
        match self {
            Self::TicketAssigned { answer, .. } => answer.as_ref()?.service.as_ref(),
            Self::TicketClosed { service, .. } => service.as_ref(),
            _ => None,
        }
    }
}
