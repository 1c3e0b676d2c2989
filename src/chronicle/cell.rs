//! What is counted of one hour, role, channel and agent.

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use crate::routing::service::Served;

macro_rules! cell {
    ($($(#[$doc:meta])* $count:ident)+) => {
        /// Sums.
        #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Cell {
            $($(#[$doc])* #[serde(skip_serializing_if = "is_zero")] pub $count: u64,)+
            /// How long those waited who were given to somebody.
            #[serde(skip_serializing_if = "Histogram::is_empty")]
            pub waits: Histogram,
        }

        impl Cell {
            /// Adds all of another.
            pub fn add(&mut self, other: &Self) {
                $(self.$count += other.$count;)+
                self.waits.add(&other.waits);
            }
        }
    };
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

cell! {
    /// Tickets that came.
    arrived
    /// Assignments.
    assigned
    /// Tickets that ended while nobody owned them: withdrawn, hung up, expired, left for a callback.
    abandoned
    /// Tickets that were completed.
    completed
    /// Assignments that were handed on.
    transferred
    /// Assignments that ended in any other way.
    returned
    /// Offers that were made.
    offered
    /// Offers that nobody answered in time.
    offers_missed
    /// Offers that were refused.
    offers_declined
    /// Owned before they were late.
    answered_within
    /// Owned when they were late.
    answered_late
    /// Ended before they were late, without an owner.
    abandoned_within
    /// Ended when they were late, without an owner.
    abandoned_late
    /// The sum of the waits of all assignments.
    waited_ms
    /// The sum of the times from assignment to completion.
    handled_ms
    /// For how long an agent was online.
    online_ms
    /// For how long of that it had something to work on.
    busy_ms
}

impl Cell {
    pub(super) fn count_served(&mut self, served: Served) {
        match served {
            Served::AnsweredWithin => self.answered_within += 1,
            Served::AnsweredLate => self.answered_late += 1,
            Served::AbandonedWithin => self.abandoned_within += 1,
            Served::AbandonedLate => self.abandoned_late += 1,
        }
    }

    /// The share of promises that were kept, in thousandths; `None` where none was settled.
    #[must_use]
    pub fn level_permille(&self) -> Option<u64> {
        let within = self.answered_within + self.abandoned_within;
        (within * 1_000).checked_div(within + self.answered_late + self.abandoned_late)
    }
}
