//! When an overflow step is taken that asks for more than time: on the length of the queue or the estimated wait (Azure
//! Job Router's exception triggers), and by who is there (`TaskRouter`'s `skip_if`).

use serde::{Deserialize, Serialize};

use super::role::{OverflowStep, Role};
use super::time::Millis;

/// How long a queue is left alone between two looks at the conditions of its role's ladder: short beside the minutes in
/// which ladders are written, long beside what a look costs.
pub const LOOK_EVERY: Millis = Millis::from_secs(10);

/// What has to hold for an overflow step beyond its `after`. All of them count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StepConditions {
    /// More than so many wait in the role's queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_over: Option<u32>,
    /// The ticket's estimated wait is known, and longer than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_wait_over: Option<Millis>,
    /// Somebody who has one of the roles that the step adds is online.
    pub unless_offline: bool,
    /// While nobody who has a demanded role is online, the step does not wait for its `after`.
    pub at_once_if_offline: bool,
}

impl StepConditions {
    /// Whether time alone takes the step.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether time takes the step for certain, although something else may before.
    #[must_use]
    pub fn leaves_it_to_time(&self) -> bool {
        Self { at_once_if_offline: false, ..*self }.is_none()
    }
}

/// What took an overflow step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalationCause {
    /// Its time had come.
    #[default]
    After,
    /// So many were waiting.
    WaitingOver,
    /// The estimated wait was so long.
    EstimatedWaitOver,
    /// Nobody who has a demanded role was online.
    NobodyOnline,
}

impl EscalationCause {
    /// As the wire spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::After => "after",
            Self::WaitingOver => "waiting_over",
            Self::EstimatedWaitOver => "estimated_wait_over",
            Self::NobodyOnline => "nobody_online",
        }
    }

    /// What took this step of a ticket that has been with its role for so long: the first that had to come about.
    #[must_use]
    pub fn of(step: &OverflowStep, waited: Millis) -> Self {
        if waited < step.after {
            Self::NobodyOnline
        } else if step.conditions.waiting_over.is_some() {
            Self::WaitingOver
        } else if step.conditions.estimated_wait_over.is_some() {
            Self::EstimatedWaitOver
        } else {
            Self::After
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(super) fn is_after(&self) -> bool {
        *self == Self::After
    }
}

impl Role {
    /// Whether its ladder has to be looked at because of more than time.
    #[must_use]
    pub fn watches_its_queue(&self) -> bool {
        self.overflow.iter().any(|step| !step.conditions.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_left_to_time_where_it_has_no_condition_that_may_never_hold() {
        let at_once = StepConditions { at_once_if_offline: true, ..StepConditions::default() };
        assert!(at_once.leaves_it_to_time() && !at_once.is_none());
        let crowded = StepConditions { waiting_over: Some(20), ..at_once };
        assert!(!crowded.leaves_it_to_time());
        assert!(StepConditions::default().leaves_it_to_time());
    }
}
