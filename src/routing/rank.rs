//! In what order tickets wait: a key that is fixed when a ticket is queued, so that nothing is ever re-sorted.

use super::role::{Order, Role};
use super::ticket::Ticket;
use super::time::Timestamp;

/// A ticket's place in a role's queue; the smallest is the next. Keys of one role compare among themselves only.
///
/// The three numbers hold what the role's [`Order`] asks for, most important first; the order of arrival breaks every
/// tie, so that no two tickets are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    keys: [i64; 3],
    arrival_seq: u64,
}

impl Rank {
    /// The place of a ticket in that role's queue.
    ///
    /// `aged` is a static key: two tickets that both grow older keep their distance, so "older by `priority_worth` for
    /// each level" is the same as "created that much earlier", for ever. Hence the bound on starvation: a ticket is
    /// overtaken only by tickets created less than `9 × priority_worth` after it.
    #[must_use]
    pub fn of(ticket: &Ticket, role: &Role) -> Self {
        let created = ticket.created_at.0;
        let due = ticket.due_at.map_or(i64::MAX, |due| due.0);
        let priority = i64::from(ticket.demand.priority.get());
        let keys = match role.order {
            Order::Priority => [-priority, due, created],
            Order::Deadline => [due, created, 0],
            Order::Aged => [(ticket.created_at - worth(role, priority)).0, created, 0],
            Order::Fifo => [created, 0, 0],
        };
        Self { keys, arrival_seq: ticket.arrival_seq }
    }

    /// The order of arrival alone.
    #[must_use]
    pub fn arrival_seq(&self) -> u64 {
        self.arrival_seq
    }
}

fn worth(role: &Role, priority: i64) -> super::time::Millis {
    super::time::Millis(role.priority_worth.0.saturating_mul(priority.unsigned_abs()))
}

/// How heads of queues compare that are ordered differently: the older first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age {
    created_at: Timestamp,
    arrival_seq: u64,
}

impl Age {
    /// A ticket's age.
    #[must_use]
    pub fn of(ticket: &Ticket) -> Self {
        Self { created_at: ticket.created_at, arrival_seq: ticket.arrival_seq }
    }
}
