//! What is told of offers and assignments.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::routing::Catalogue;
use crate::routing::event::{Held, Taking};
use crate::routing::name::Permission;
use crate::routing::offer::{Remark, RevokeCause};
use crate::routing::ticket::{Handover, Ticket};
use crate::routing::time::Timestamp;

use super::reason::ReasonBody;
use super::ticket::TicketBody;
use super::{Time, TimeSchema};

fn permissions_text(permissions: &BTreeSet<Permission>) -> Vec<&str> {
    permissions.iter().map(Permission::as_str).collect()
}

/// The ticket is proposed to an agent, who has to accept before `expires_at`.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct AssignmentOffered<'a> {
    /// The ticket.
    ticket_id: &'a str,
    /// The role for which the agent gets it.
    role: &'a str,
    /// How the ticket arrived.
    channel: &'a str,
    /// The offer, and the assignment that it may become.
    assignment_id: &'a str,
    /// The agent.
    agent_id: &'a str,
    /// When the offer lapses.
    #[schemars(with = "TimeSchema")]
    expires_at: Time,
    /// How often the ticket was offered or assigned, this time included.
    attempt: u32,
    /// How urgent, 0 to 9, higher first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 9))]
    priority: Option<u8>,
    /// How long it has waited so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    waited_ms: Option<u64>,
    /// When it should have been answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<TimeSchema>")]
    due_at: Option<Time>,
    /// Who handed it over last, where somebody did: the one named by `by`, else the owner who had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    transferred_by: Option<&'a str>,
    /// What the next one should know, as that one said.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    /// What the role grants for it.
    permissions: Vec<&'a str>,
    /// Why this agent.
    reason: ReasonBody<'a>,
    /// What upstream said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<TicketBody<'a>>,
}

/// What the role of a taking grants, according to the catalogue in force.
fn granted<'a>(taking: &Taking, catalogue: &'a Catalogue) -> Vec<&'a str> {
    catalogue.roles.get(&taking.role).map(|role| permissions_text(&role.permissions)).unwrap_or_default()
}

fn handover(ticket: Option<&Ticket>) -> Option<&Handover> {
    ticket.and_then(|ticket| ticket.handover.as_deref())
}

impl<'a> AssignmentOffered<'a> {
    pub(in crate::wire) fn of(
        taking: &'a Taking,
        (at, expires_at): (Timestamp, Timestamp),
        ticket: Option<&'a Ticket>,
        catalogue: &'a Catalogue,
    ) -> Self {
        Self {
            ticket_id: taking.ticket.as_str(),
            role: taking.role.as_str(),
            channel: taking.channel.as_str(),
            assignment_id: taking.assignment.as_str(),
            agent_id: taking.agent.as_str(),
            expires_at: Time(expires_at),
            attempt: taking.attempt,
            priority: ticket.map(|ticket| ticket.demand.priority.get()),
            waited_ms: ticket.map(|ticket| at.since(ticket.created_at).0),
            due_at: ticket.and_then(|ticket| ticket.due_at.get()).map(Time),
            transferred_by: handover(ticket).and_then(Handover::giver),
            note: handover(ticket).and_then(|handover| handover.note.as_deref()),
            permissions: granted(taking, catalogue),
            reason: ReasonBody::of(taking),
            ticket: ticket.map(|ticket| TicketBody::of(&ticket.spec)),
        }
    }
}

/// The agent owns the ticket: at once, or because it accepted the offer.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct AssignmentAssigned<'a> {
    /// The ticket.
    ticket_id: &'a str,
    /// The role for which the agent gets it.
    role: &'a str,
    /// How the ticket arrived.
    channel: &'a str,
    /// The assignment; the same as that of the offer, where there was one.
    assignment_id: &'a str,
    /// The agent.
    agent_id: &'a str,
    /// How often the ticket was offered or assigned, this time included.
    attempt: u32,
    /// How urgent, 0 to 9, higher first.
    #[schemars(range(min = 0, max = 9))]
    priority: u8,
    /// From creation to assignment.
    waited_ms: u64,
    /// When it should have been answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<TimeSchema>")]
    due_at: Option<Time>,
    /// Who handed it over last, where somebody did: the one named by `by`, else the owner who had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    transferred_by: Option<&'a str>,
    /// What the next one should know, as that one said.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    /// What the role grants for it.
    permissions: Vec<&'a str>,
    /// Why this agent.
    reason: ReasonBody<'a>,
    /// What upstream said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<TicketBody<'a>>,
}

/// What an assignment's event says beside the taking itself.
pub(in crate::wire) struct Assigned {
    pub(in crate::wire) priority: u8,
    pub(in crate::wire) waited_ms: u64,
    pub(in crate::wire) due_at: Option<Timestamp>,
}

impl<'a> AssignmentAssigned<'a> {
    pub(in crate::wire) fn of(
        taking: &'a Taking,
        assigned: &Assigned,
        ticket: Option<&'a Ticket>,
        catalogue: &'a Catalogue,
    ) -> Self {
        Self {
            ticket_id: taking.ticket.as_str(),
            role: taking.role.as_str(),
            channel: taking.channel.as_str(),
            assignment_id: taking.assignment.as_str(),
            agent_id: taking.agent.as_str(),
            attempt: taking.attempt,
            priority: assigned.priority,
            waited_ms: assigned.waited_ms,
            due_at: assigned.due_at.map(Time),
            transferred_by: handover(ticket).and_then(Handover::giver),
            note: handover(ticket).and_then(|handover| handover.note.as_deref()),
            permissions: granted(taking, catalogue),
            reason: ReasonBody::of(taking),
            ticket: ticket.map(|ticket| TicketBody::of(&ticket.spec)),
        }
    }
}

/// The offer or assignment is over, without completion.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct AssignmentEnded<'a> {
    /// The ticket.
    ticket_id: &'a str,
    /// The role for which the agent had it.
    role: &'a str,
    /// How the ticket arrived.
    channel: &'a str,
    /// The offer or assignment.
    assignment_id: &'a str,
    /// The agent.
    agent_id: &'a str,
    /// `declined`, `timeout`, `agent_offline`, `ticket_cancelled`, `transferred`, `released`, `role_changed`,
    /// `lost_race`, `supervisor`.
    cause: &'static str,
}

impl<'a> AssignmentEnded<'a> {
    pub(in crate::wire) fn of(held: &'a Held, cause: &'static str) -> Self {
        Self {
            ticket_id: held.ticket.as_str(),
            role: held.role.as_str(),
            channel: held.channel.as_str(),
            assignment_id: held.assignment.as_str(),
            agent_id: held.agent.as_str(),
            cause,
        }
    }
}

/// The agent refused the offer.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct AssignmentDeclined<'a> {
    #[serde(flatten)]
    ended: AssignmentEnded<'a>,
    /// Why, in the agent's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> AssignmentDeclined<'a> {
    pub(in crate::wire) fn of(held: &'a Held, reason: Option<&'a str>) -> Self {
        Self { ended: AssignmentEnded::of(held, "declined"), reason }
    }
}

/// The offer or assignment was taken back.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct AssignmentRevoked<'a> {
    #[serde(flatten)]
    ended: AssignmentEnded<'a>,
    /// Why, in the words of whoever withdrew or released the ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// Who handed the ticket over, as upstream said.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    /// What was said for the next one to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

impl<'a> AssignmentRevoked<'a> {
    pub(in crate::wire) fn of(held: &'a Held, cause: RevokeCause, remark: &'a Remark) -> Self {
        let Remark { reason, by, note } = remark;
        let ended = AssignmentEnded::of(held, cause.as_str());
        Self { ended, reason: reason.as_deref(), by: by.as_deref(), note: note.as_deref() }
    }
}

/// The slot is freed, or taken again by the same owner.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct AssignmentHeld<'a> {
    /// The ticket.
    ticket_id: &'a str,
    /// The role for which the agent has it.
    role: &'a str,
    /// How the ticket arrived.
    channel: &'a str,
    /// The assignment.
    assignment_id: &'a str,
    /// The owner.
    agent_id: &'a str,
}

impl<'a> AssignmentHeld<'a> {
    pub(in crate::wire) fn of(held: &'a Held) -> Self {
        Self {
            ticket_id: held.ticket.as_str(),
            role: held.role.as_str(),
            channel: held.channel.as_str(),
            assignment_id: held.assignment.as_str(),
            agent_id: held.agent.as_str(),
        }
    }
}

/// Done.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct AssignmentCompleted<'a> {
    /// The ticket.
    ticket_id: &'a str,
    /// The role for which the agent had it.
    role: &'a str,
    /// How the ticket arrived.
    channel: &'a str,
    /// The assignment.
    assignment_id: &'a str,
    /// The agent.
    agent_id: &'a str,
    /// From creation to assignment.
    waited_ms: u64,
    /// From assignment to completion.
    handled_ms: u64,
    /// How it ended, in upstream's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a str>,
}

impl<'a> AssignmentCompleted<'a> {
    pub(in crate::wire) fn of(held: &'a Held, waited_ms: u64, handled_ms: u64, outcome: Option<&'a str>) -> Self {
        Self {
            ticket_id: held.ticket.as_str(),
            role: held.role.as_str(),
            channel: held.channel.as_str(),
            assignment_id: held.assignment.as_str(),
            agent_id: held.agent.as_str(),
            waited_ms,
            handled_ms,
            outcome,
        }
    }
}
