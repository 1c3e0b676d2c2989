//! A ticket: what upstream said of it, what it demands now, and where in its life it stands.

mod demand;
mod spec;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use demand::{Bar, Demand, Direction, Handover, UnroutableCause};
pub use spec::{Asked, Beside, Customer, Patch, Priority, Scalar, TicketChanges, TicketSpec};

use super::automation::Automated;
use super::name::{ASSIGNMENT_LENGTH_MAX, AgentId, AssignmentId, TicketId};
use super::offer::{Offer, Ownership};
use super::roster::Named;
use super::seldom::Seldom;
use super::service::Service;
use super::time::{Sometime, Timestamp};

/// Where in its life a ticket stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// Between two places, within one step of the engine only.
    Intake,
    /// Waits aside until its `not_before`.
    Scheduled,
    /// Waits aside until its role opens.
    Deferred,
    /// In the queues of the roles that it demands.
    Waiting,
    /// Nobody could ever take it; looked at again whenever agents or the catalogue change.
    Unroutable(UnroutableCause),
    /// Proposed to one agent, or with `ring_all` to several.
    Offered(Vec<Offer>),
    /// Owned, and worked on.
    Assigned(Box<Ownership>),
    /// Owned; the slot is free while the customer is waited for.
    Paused(Box<Ownership>),
    /// Owned; the customer is back, and the owner has no slot free yet.
    Resuming(Box<Ownership>),
}

impl Phase {
    /// Whose the ticket is.
    #[must_use]
    pub fn ownership(&self) -> Option<&Ownership> {
        match self {
            Self::Assigned(ownership) | Self::Paused(ownership) | Self::Resuming(ownership) => Some(ownership),
            Self::Intake
            | Self::Scheduled
            | Self::Deferred
            | Self::Waiting
            | Self::Unroutable(_)
            | Self::Offered(_) => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn ownership_mut(&mut self) -> Option<&mut Ownership> {
        match self {
            Self::Assigned(ownership) | Self::Paused(ownership) | Self::Resuming(ownership) => Some(ownership),
            Self::Intake
            | Self::Scheduled
            | Self::Deferred
            | Self::Waiting
            | Self::Unroutable(_)
            | Self::Offered(_) => None,
        }
    }

    /// The offers that are open.
    #[must_use]
    pub fn offers(&self) -> &[Offer] {
        match self {
            Self::Offered(offers) => offers,
            _ => &[],
        }
    }

    /// The open offer to this agent.
    #[must_use]
    pub fn offer_to(&self, agent: &AgentId) -> Option<&Offer> {
        self.offers().iter().find(|offer| offer.agent == *agent)
    }

    /// One word for people and reports.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Scheduled => "scheduled",
            Self::Deferred => "deferred",
            Self::Waiting => "waiting",
            Self::Unroutable(_) => "unroutable",
            Self::Offered(_) => "offered",
            Self::Assigned(_) => "assigned",
            Self::Paused(_) => "paused",
            Self::Resuming(_) => "resuming",
        }
    }
}

/// A ticket that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// Its place in the order of arrival, which breaks every tie of rank.
    pub arrival_seq: u64,
    /// What upstream said, shared with the event that told of it.
    pub spec: Arc<TicketSpec>,
    /// What it demands now, shared with the event that told of it.
    pub demand: Arc<Demand>,
    /// Its age counts from here.
    pub created_at: Timestamp,
    /// When it should have been answered.
    pub due_at: Sometime,
    /// Since when it has been with its role; overflow counts from here.
    pub entered_at: Timestamp,
    /// Since when it may wait for its role, where that lets only some wait: since it was let in, or came back from an owner.
    /// `None` until then.
    #[serde(default, skip_serializing_if = "Sometime::is_never")]
    pub let_in_at: Sometime,
    /// When its role opened for it, or will; `None` where it did not have to wait for that.
    #[serde(default, skip_serializing_if = "Sometime::is_never")]
    pub opens_at: Sometime,
    /// Overflow steps of its role's ladder: the first so many were taken in their order.
    pub steps_taken: u8,
    /// What was taken after those, from 1, in the order in which it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps_ahead: Seldom<Vec<u8>>,
    /// Whether its service target has passed while it waited.
    pub breached: bool,
    /// What has been told of its service.
    #[serde(default, skip_serializing_if = "Service::is_default")]
    pub service: Service,
    /// How often it was offered or assigned.
    pub attempt: u32,
    /// Who is not asked, beyond `exclude_agents`. At most [`super::BARS_MAX`]; the oldest gives way.
    pub bars: Seldom<Vec<Bar>>,
    /// Whom it waits for.
    pub direction: Option<Box<Direction>>,
    /// How it was last handed over, until it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Box<Handover>>,
    /// When it last came back from an owner.
    #[serde(default, skip_serializing_if = "Sometime::is_never")]
    pub returned_at: Sometime,
    /// What it remembers of automations.
    #[serde(default, skip_serializing_if = "Automated::is_nothing")]
    pub automated: Seldom<Automated>,
    /// Where it stands.
    pub phase: Phase,
}

impl Named for Ticket {
    type Name = TicketId;

    fn name(&self) -> &TicketId {
        &self.id
    }
}

impl Ticket {
    /// One that comes at that moment and is not due: nothing has been made of it yet.
    pub(crate) fn coming(
        id: TicketId,
        arrival_seq: u64,
        (spec, demand): (Arc<TicketSpec>, Arc<Demand>),
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            arrival_seq,
            spec,
            demand,
            created_at: at,
            due_at: Sometime::NEVER,
            entered_at: at,
            let_in_at: Sometime::NEVER,
            opens_at: Sometime::NEVER,
            steps_taken: 0,
            steps_ahead: Seldom::new(),
            breached: false,
            service: Service::default(),
            attempt: 0,
            bars: Seldom::new(),
            direction: None,
            handover: None,
            returned_at: Sometime::NEVER,
            automated: Seldom::new(),
            phase: Phase::Intake,
        }
    }

    /// It comes to a role, whose ladder it has not climbed, and which was told nothing of it.
    pub(super) fn restart_ladder(&mut self, at: Timestamp) {
        self.entered_at = at;
        self.let_in_at = Sometime::NEVER;
        self.opens_at = Sometime::NEVER;
        self.steps_taken = 0;
        self.steps_ahead = Seldom::new();
        self.automated.ask_again();
        self.service.at_risk = false;
        self.service.foretold = None;
    }

    /// When it leaves its queue by itself, unless somebody owns it. What has passed while somebody did counts no more: by then
    /// it was taken.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        let back_at = self.returned_at.get().map_or(self.entered_at, |returned_at| returned_at.max(self.entered_at));
        let outlived = |expires_at: Timestamp| self.service.answered && expires_at <= back_at;
        self.spec.beside.expires_at.filter(|expires_at| !outlived(*expires_at))
    }

    /// Since when nobody owns it, where nobody does: since it came to its role, could be worked on, or came back.
    #[must_use]
    pub fn unowned_since(&self) -> Timestamp {
        let later = [self.returned_at.get(), self.spec.beside.not_before].into_iter().flatten();
        later.fold(self.entered_at, Timestamp::max)
    }

    /// It has taken that step, 1 for the first.
    pub(super) fn take_step(&mut self, step: u8) {
        if self.steps_ahead.is_empty() && step == self.steps_taken + 1 {
            self.steps_taken = step;
        } else {
            self.steps_ahead.push(step);
        }
    }
}

/// A ticket that has ended: kept for a while so that a repeated event is known for what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClosedTicket {
    /// How it ended.
    pub how: Closing,
    /// When.
    pub at: Timestamp,
}

/// How a ticket ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// Its owner completed it.
    Completed,
    /// The customer withdrew it.
    Cancelled,
    /// Nobody took it in time.
    Expired,
    /// It was not let wait, and the customer is to be called back.
    CalledBack,
}

impl Closing {
    /// As people read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::CalledBack => "left for a callback",
        }
    }
}

/// An assignment's id is made of the journal's instance and a number that grows, so that it is never used twice.
#[must_use]
pub fn assignment_id(instance: u64, seq: u64) -> AssignmentId {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    // By hand: every offer has one, and formatting machinery costs more than all that it prints.
    let mut text = [0_u8; ASSIGNMENT_LENGTH_MAX];
    for (digits, byte) in text[..16].chunks_exact_mut(2).zip(instance.to_be_bytes()) {
        digits.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]]);
    }
    text[16..18].copy_from_slice(b"-a");
    let length = 18 + seq.checked_ilog10().map_or(1, |tens| tens as usize + 1);
    let mut left = seq;
    for digit in text[18..length].iter_mut().rev() {
        *digit = DIGITS[(left % 10) as usize];
        left /= 10;
    }
    AssignmentId::known(text, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignments_id_is_the_journals_instance_and_a_number() {
        for (instance, seq) in [(0, 0), (0xfeed, 9), (u64::MAX, u64::MAX), (1 << 60, 10), (5, 1_234_567_890)] {
            let text = format!("{instance:016x}-a{seq}");
            assert_eq!(Ok(assignment_id(instance, seq)), AssignmentId::parse(&text));
        }
    }
}
