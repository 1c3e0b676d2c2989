//! Offers and the assignments that they become: who, when, for which role, and why this agent.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::agent::Agent;
use super::name::{AgentId, AssignmentId, RoleName, RuleName};
use super::owning::Silence;
use super::role::Strategy;
use super::time::Timestamp;

/// A ticket proposed to an agent who has to accept in time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Offer {
    /// To whom.
    pub agent: AgentId,
    /// Shared with the assignment that it may become.
    pub assignment: AssignmentId,
    /// For which role.
    pub role: RoleName,
    /// When it was made.
    pub offered_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// Why this agent, shared with the event that told of it.
    pub reason: Arc<Reason>,
}

/// That an agent owns a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// Who.
    pub agent: AgentId,
    /// The id of the assignment.
    pub assignment: AssignmentId,
    /// For which role.
    pub role: RoleName,
    /// Since when.
    pub assigned_at: Timestamp,
    /// Whether the owner took it by hand: a limit may be exceeded, and its status is no hindrance.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
    /// How long the owner has not replied.
    #[serde(default, skip_serializing_if = "Silence::is_unchanged")]
    pub silence: Silence,
    /// Why this agent, for explanations; shared with the event that told of it. `None` where it was assigned before reasons were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<Reason>>,
}

impl Hash for Ownership {
    /// Leaves the reason out: nothing is decided by it, and states of earlier journals do not have it.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { agent, assignment, role, assigned_at, by_hand, silence, reason: _ } = self;
        (agent, assignment, role, assigned_at, by_hand, silence).hash(state);
    }
}

impl Ownership {
    /// Whether the owner took it by hand without being there: it has not left it since.
    #[must_use]
    pub fn taken_while_away(&self, owner: &Agent) -> bool {
        self.by_hand && self.assigned_at >= owner.status_since
    }
}

/// Why an offer or assignment ended without completion (`docs/events.md#assignmentrevoked`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeCause {
    /// The agent went away or offline, was removed, or switched the channel off.
    AgentOffline,
    /// The customer withdrew the ticket, or it expired.
    TicketCancelled,
    /// It was handed over.
    Transferred,
    /// Its owner gave it back.
    Released,
    /// The agent no longer has the role, or the ticket no longer asks for it.
    RoleChanged,
    /// Another agent accepted first.
    LostRace,
    /// A supervisor decided otherwise.
    Supervisor,
    /// The owner did not reply in time.
    Timeout,
}

impl RevokeCause {
    /// As the wire spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AgentOffline => "agent_offline",
            Self::TicketCancelled => "ticket_cancelled",
            Self::Transferred => "transferred",
            Self::Released => "released",
            Self::RoleChanged => "role_changed",
            Self::LostRace => "lost_race",
            Self::Supervisor => "supervisor",
            Self::Timeout => "timeout",
        }
    }
}

/// What was said when an offer or an assignment was taken back, for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Remark {
    /// Why, in the words of whoever withdrew or released the ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who handed it over, as upstream names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What the next one should know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Remark {
    /// Nothing was said.
    pub const NONE: Self = Self { reason: None, by: None, note: None };

    /// Only why.
    #[must_use]
    pub fn reason(reason: Option<String>) -> Self {
        Self { reason, ..Self::NONE }
    }

    /// Whether nothing was said.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }
}

/// How many of the agents fell out, by the first reason that held, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct FallOut {
    /// Its rank in the ticket's own role is not asked yet.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rank: u32,
    /// Lacks a demanded skill at its level.
    pub skill: u32,
    /// Lacks a demanded permission.
    pub permission: u32,
    /// Not online.
    pub offline: u32,
    /// The channel is switched off, or its limit is zero.
    pub channel_off: u32,
    /// Its slots or its capacity units are taken.
    pub no_slot: u32,
    /// Holds work of a channel that keeps this one's away.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub interrupted: u32,
    /// Was given as much as it is to get in so long.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub paced: u32,
    /// Is kept for the work of another of its roles.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reserved: u32,
    /// Excluded, or declined it a short while ago, or it is meant for another.
    pub barred: u32,
}

/// Whether a count that earlier journals do not have can be left out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Why this agent (`docs/routing.md#why`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reason {
    /// The rule of classification, where one decided.
    pub rule: Option<RuleName>,
    /// What brought ticket and agent together.
    pub trigger: Trigger,
    /// How the winner was chosen.
    pub strategy: Strategy,
    /// Agents who have one of the demanded roles, online or not.
    pub considered: u32,
    /// Of those, how many could have taken it.
    pub eligible: u32,
    /// Why the others could not.
    pub fell_out: FallOut,
    /// The winner's value of the strategy's measure. What it means: [`Strategy`]'s own words; smaller wins.
    pub value: i64,
    /// The next best, and its value.
    pub runner_up: Option<(AgentId, i64)>,
}

/// What brought a ticket and an agent together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The ticket came, and an agent was free.
    TicketArrived,
    /// It came back: declined, missed, released, or taken from an agent who left.
    TicketReturned,
    /// It was handed to a role.
    TicketTransferred,
    /// Another role did not let it wait.
    TicketDiverted,
    /// Upstream said something else of it.
    TicketUpdated,
    /// An automation set something of it.
    Automated,
    /// It had waited aside until its `not_before`.
    NotBeforePassed,
    /// It had waited aside for its role to open.
    RoleOpened,
    /// An overflow step made its demand wider.
    Overflow,
    /// Somebody who had declined or missed it may be asked again.
    CooldownLapsed,
    /// It had waited for one agent, and waits for all now.
    DirectionEnded,
    /// Nobody could take it until agents were registered, changed or removed.
    AgentsChanged,
    /// Roles, rules or channels changed.
    CatalogueChanged,
    /// The agent became free, and the ticket was the best-ranked that it may take.
    AgentFree,
    /// The ticket names this agent as preferred, or was handed to it.
    Directed,
    /// This agent had a ticket of the same customer last.
    LastAgent,
    /// The agent asked for work.
    Claimed,
    /// The agent took it by hand.
    Taken,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::TicketArrived,
        Self::TicketReturned,
        Self::TicketTransferred,
        Self::TicketDiverted,
        Self::TicketUpdated,
        Self::Automated,
        Self::NotBeforePassed,
        Self::RoleOpened,
        Self::Overflow,
        Self::CooldownLapsed,
        Self::DirectionEnded,
        Self::AgentsChanged,
        Self::CatalogueChanged,
        Self::AgentFree,
        Self::Directed,
        Self::LastAgent,
        Self::Claimed,
        Self::Taken,
    ];

    /// As the wire spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TicketArrived => "ticket_arrived",
            Self::TicketReturned => "ticket_returned",
            Self::TicketTransferred => "ticket_transferred",
            Self::TicketDiverted => "ticket_diverted",
            Self::TicketUpdated => "ticket_updated",
            Self::Automated => "automated",
            Self::NotBeforePassed => "not_before_passed",
            Self::RoleOpened => "role_opened",
            Self::Overflow => "overflow",
            Self::CooldownLapsed => "cooldown_lapsed",
            Self::DirectionEnded => "direction_ended",
            Self::AgentsChanged => "agents_changed",
            Self::CatalogueChanged => "catalogue_changed",
            Self::AgentFree => "agent_free",
            Self::Directed => "directed",
            Self::LastAgent => "last_agent",
            Self::Claimed => "claimed",
            Self::Taken => "taken",
        }
    }
}
