//! How a ticket compares with one that goes back to its owner.

use super::role::{Order, Role};
use super::ticket::Ticket;

/// What lets a ticket go before one whose customer is back: the weight of a role and, where that is ordered by priority, the
/// ticket's priority. Age and due times do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Importance {
    weight: u32,
    priority: u8,
}

impl Importance {
    /// Of a ticket, as one of that role's. Without a role it goes before nothing.
    pub(super) fn of(ticket: &Ticket, role: Option<&Role>) -> Self {
        let Some(role) = role else { return Self::default() };
        let by_priority = role.order == Order::Priority;
        Self { weight: role.weight, priority: if by_priority { ticket.demand.priority.get() } else { 0 } }
    }
}
