//! Whom a role lets into its queue, and for how long; and what becomes of the others.

use serde::{Deserialize, Serialize};

use super::diversion::{Diversion, DiversionCause};
use super::role::Role;
use super::ticket::{Phase, Ticket};
use super::time::{Millis, Timestamp};

/// What keeps tickets from waiting for a role. By default nothing does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Admission {
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
        self.max_wait.is_some() || self.max_waiting.is_some()
    }

    /// What becomes of a ticket that may not wait for that reason.
    #[must_use]
    pub fn then(&self, cause: DiversionCause) -> &Diversion {
        match cause {
            DiversionCause::Waited => &self.when_waited,
            DiversionCause::Full => &self.when_full,
        }
    }

    /// Every role to which it may send tickets.
    pub fn roles(&self) -> impl Iterator<Item = &super::name::RoleName> {
        [&self.when_waited, &self.when_full].into_iter().filter_map(Diversion::role)
    }
}

impl Ticket {
    /// Since when it has waited for its role, offers included: since it was let in, or came back from an owner.
    #[must_use]
    pub fn waits_since(&self) -> Timestamp {
        self.let_in_at.unwrap_or(self.entered_at)
    }

    /// When it has waited for as long as its role lets anything wait. An open offer is let ring.
    pub(super) fn wait_ends(&self, role: Option<&Role>) -> Option<Timestamp> {
        let waits = matches!(self.phase, Phase::Waiting | Phase::Unroutable(_));
        let max_wait = role?.admission.max_wait.filter(|_| waits)?;
        Some(self.waits_since() + max_wait)
    }
}
