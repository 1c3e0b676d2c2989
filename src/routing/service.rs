//! What a role promises of its tickets, and how each of them stands by it: when it is at risk, when it is late.

use serde::{Deserialize, Serialize};

use super::estimate::{Foretold, WaitScore};
use super::name::RoleName;
use super::role::{Role, ServiceTarget};
use super::state::Ground;
use super::ticket::{Phase, Ticket};
use super::time::Timestamp;

/// How what a role promised a ticket turned out. Told once for each ticket: at its first assignment, or when it ends
/// without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Served {
    /// Owned before it was late.
    AnsweredWithin,
    /// Owned when it was late.
    AnsweredLate,
    /// Ended before it was late.
    AbandonedWithin,
    /// Ended when it was late.
    AbandonedLate,
}

impl Served {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::AnsweredWithin, Self::AnsweredLate, Self::AbandonedWithin, Self::AbandonedLate];

    /// As metrics and reports spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AnsweredWithin => "answered_within",
            Self::AnsweredLate => "answered_late",
            Self::AbandonedWithin => "abandoned_within",
            Self::AbandonedLate => "abandoned_late",
        }
    }
}

/// Whose promise it was, and how it turned out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceScore {
    /// The ticket's own role, whoever answered.
    pub role: RoleName,
    /// How it turned out.
    pub served: Served,
}

/// What it means that a ticket is owned for the first time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// What became of its role's promise; `None` where the role has no target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceScore>,
    /// What became of what was said of its wait; `None` where nothing was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<WaitScore>,
}

/// What has been told of a ticket's service, and what has come of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Its role was told that it is at risk, and it still is or is late.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub at_risk: bool,
    /// It has been owned.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub answered: bool,
    /// What was said of its wait when it came into its role's queue, until it is owned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foretold: Option<Box<Foretold>>,
}

impl Service {
    /// Whether nothing has been told.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl ServiceTarget {
    /// When a ticket that is due then is at risk.
    #[must_use]
    pub fn at_risk_from(&self, due_at: Timestamp) -> Option<Timestamp> {
        self.at_risk.map(|at_risk| due_at - at_risk)
    }
}

/// When a ticket's role is told that it is at risk.
pub(super) fn at_risk_due(ticket: &Ticket, role: Option<&Role>) -> Option<Timestamp> {
    let told = ticket.service.at_risk;
    let target = role?.target?;
    breach_due(ticket).filter(|_| !told).and_then(|due_at| target.at_risk_from(due_at))
}

/// When a ticket is late, unless somebody owns it by then. What was due before it came back from an owner was not late
/// while it waited.
pub(super) fn breach_due(ticket: &Ticket) -> Option<Timestamp> {
    let counts = ticket.phase.ownership().is_none() && !matches!(ticket.phase, Phase::Scheduled | Phase::Deferred);
    let has_role = ticket.demand.role().is_some();
    let waited_for = |due_at: &Timestamp| ticket.returned_at.get().is_none_or(|returned_at| *due_at > returned_at);
    ticket.due_at.get().filter(|_| counts && has_role && !ticket.breached).filter(waited_for)
}

impl Ground {
    /// Whether a ticket of that role that is due then is at risk or late at this moment.
    pub(super) fn is_at_risk(&self, role: Option<&RoleName>, due_at: Option<Timestamp>, at: Timestamp) -> bool {
        let target = role.and_then(|role| self.catalogue.roles.get(role)).and_then(|role| role.target);
        target.zip(due_at).and_then(|(target, due_at)| target.at_risk_from(due_at)).is_some_and(|from| from <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::time::Millis;

    #[test]
    fn a_ticket_is_at_risk_so_long_before_it_is_late() {
        let target = |at_risk| ServiceTarget { answer_within: Millis(900), for_share_permille: 900, at_risk };
        assert_eq!(target(Some(Millis(200))).at_risk_from(Timestamp(1_000)), Some(Timestamp(800)));
        assert_eq!(target(None).at_risk_from(Timestamp(1_000)), None);
    }
}
