//! Whom a role lets into its queue, when, and for how long; and what becomes of the others.

use serde::{Deserialize, Serialize};

use super::diversion::{Diversion, DiversionCause};
use super::name::{HoursName, RoleName};
use super::role::Role;
use super::ticket::{Phase, Ticket};
use super::time::{Millis, Sometime, Timestamp};

/// What keeps tickets from waiting for a role. By default nothing does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Admission {
    /// When it is open; `None` for always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<HoursName>,
    /// What becomes of tickets while it is closed; `None` for that they wait for it to open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when_closed: Option<Diversion>,
    /// The longest that a ticket waits; `None` for as long as it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_wait: Option<Millis>,
    /// What becomes of a ticket that has waited for so long.
    #[serde(skip_serializing_if = "Diversion::is_cancel")]
    pub when_waited: Diversion,
    /// The most that wait in its queue when another comes; `None` for however many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_waiting: Option<u32>,
    /// What becomes of a ticket that comes while so many wait.
    #[serde(skip_serializing_if = "Diversion::is_cancel")]
    pub when_full: Diversion,
}

impl Admission {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anybody may be kept from waiting, so that it counts who has been let in, and when.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.max_wait.is_some() || self.max_waiting.is_some() || self.hours.is_some()
    }

    /// What becomes of a ticket that may not wait for that reason.
    #[must_use]
    pub fn then(&self, cause: DiversionCause) -> Option<&Diversion> {
        match cause {
            DiversionCause::Closed => self.when_closed.as_ref(),
            DiversionCause::Waited => Some(&self.when_waited),
            DiversionCause::Full => Some(&self.when_full),
        }
    }

    /// Whether what waits is sent elsewhere when it closes.
    #[must_use]
    pub fn sends_when_closed(&self) -> bool {
        self.hours.is_some() && self.when_closed.is_some()
    }

    /// Every role to which it may send tickets.
    pub fn roles(&self) -> impl Iterator<Item = &RoleName> {
        self.when_closed.iter().chain([&self.when_waited, &self.when_full]).filter_map(Diversion::role)
    }
}

impl Ticket {
    /// Since when it has been with its role: from now on, where it waits aside until it comes in.
    pub(super) fn with_role_since(&self, now: Timestamp) -> Timestamp {
        if matches!(self.phase, Phase::Scheduled | Phase::Deferred) { now } else { self.entered_at }
    }

    /// It is let in, or has been before.
    pub(super) fn come_in(&mut self, let_in_at: Option<Timestamp>, at: Timestamp) {
        self.entered_at = self.with_role_since(at);
        self.let_in_at = let_in_at.into();
    }

    /// It waits aside for its role to open.
    pub(super) fn defer(&mut self, opens_at: Timestamp, due_at: Option<Timestamp>, at: Timestamp) {
        self.phase = Phase::Deferred;
        self.let_in_at = Sometime::NEVER;
        self.opens_at = opens_at.into();
        self.due_at = due_at.into();
        self.breached &= due_at.is_some_and(|due| due <= at);
        self.service.at_risk = false;
    }

    /// Whether it waits for one agent to whom it was handed by name.
    #[must_use]
    pub fn is_handed_to_an_agent(&self) -> bool {
        self.direction.as_ref().is_some_and(|direction| direction.until.is_none())
    }

    /// Since when it has waited for its role, offers included: since it was let in, or came back from an owner.
    #[must_use]
    pub fn waits_since(&self) -> Timestamp {
        self.let_in_at.get().unwrap_or(self.entered_at)
    }

    /// When it has waited for as long as its role lets anything wait. An open offer is let ring.
    pub(super) fn wait_ends(&self, role: Option<&Role>) -> Option<Timestamp> {
        let waits = matches!(self.phase, Phase::Waiting | Phase::Unroutable(_));
        let max_wait = role?.admission.max_wait.filter(|_| waits)?;
        Some(self.waits_since() + max_wait)
    }
}
