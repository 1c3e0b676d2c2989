//! In what order tickets wait: a key that is fixed when a ticket is queued, so that nothing is ever re-sorted.

use std::cmp::Reverse;

use super::role::{Order, Role};
use super::ticket::Ticket;
use super::time::Timestamp;

/// A ticket's place in a role's queue; the smallest is the next. Keys of one role compare among themselves only.
///
/// The two keys hold what the role's [`Order`] asks for, the more important first; the order of arrival breaks every
/// tie, so that no two tickets are equal. They are no array, for those are compared in a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    first: i64,
    second: i64,
    arrival_seq: u64,
}

/// Between two priorities, where both are in one number with a time: so many milliseconds are two million years.
const PRIORITY_STEP: i64 = 1 << 56;

impl Rank {
    /// The place of a ticket in that role's queue.
    ///
    /// `aged` is a static key: two tickets that both grow older keep their distance, so "older by `priority_worth` for
    /// each level" is the same as "created that much earlier", for ever. Hence the bound on starvation: a ticket is
    /// overtaken only by tickets created less than `9 × priority_worth` after it.
    #[must_use]
    pub fn of(ticket: &Ticket, role: &Role) -> Self {
        let created = ticket.created_at.0;
        let due = ticket.due_at.get().map_or(i64::MAX, |due| due.0);
        let priority = i64::from(ticket.demand.priority.get());
        let (first, second) = match role.order {
            Order::Priority => (priority_then(priority, due), created),
            Order::Deadline => (due, created),
            Order::Aged => ((ticket.created_at - worth(role, priority)).0, created),
            Order::Fifo => (created, 0),
        };
        Self { first, second, arrival_seq: ticket.arrival_seq }
    }

    /// One made up.
    #[cfg(test)]
    pub(super) fn test([first, second]: [i64; 2], arrival_seq: u64) -> Self {
        Self { first, second, arrival_seq }
    }

    /// The order of arrival alone.
    #[must_use]
    pub fn arrival_seq(&self) -> u64 {
        self.arrival_seq
    }
}

/// The higher priority first, then what is due earlier. What is due in more than a million years is due then.
fn priority_then(priority: i64, due: i64) -> i64 {
    due.clamp(-PRIORITY_STEP / 2, PRIORITY_STEP / 2 - 1) - priority * PRIORITY_STEP
}

fn worth(role: &Role, priority: i64) -> super::time::Millis {
    super::time::Millis(role.priority_worth.0.saturating_mul(priority.unsigned_abs()))
}

/// A ticket's turn among those that are placed at one moment, of whatever roles; the smallest is the first. As an agent who
/// has all these roles would be given them: by the weight of its role, and then as the role's queue has them. Of roles of one
/// weight that are ordered differently, those of one order go before those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Precedence {
    weight: Reverse<u32>,
    order: Order,
    rank: Rank,
}

impl Precedence {
    /// The turn of a ticket of that role; where it has none it is behind all that have.
    pub(super) fn of(ticket: &Ticket, role: Option<&Role>) -> Self {
        let oldest = || Rank { first: ticket.created_at.0, second: 0, arrival_seq: ticket.arrival_seq };
        let rank = role.map_or_else(oldest, |role| Rank::of(ticket, role));
        let (weight, order) = role.map_or((0, Order::Fifo), |role| (role.weight, role.order));
        Self { weight: Reverse(weight), order, rank }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::name::{ChannelName, RoleName, TicketId};
    use crate::routing::ticket::{Demand, Priority, TicketSpec};
    use crate::routing::time::Millis;

    fn role(order: Order) -> Role {
        let priority_worth = Millis::from_secs(60);
        Role { order, priority_worth, ..Role::named(RoleName::parse("billing").unwrap()) }
    }

    fn ticket(arrival_seq: u64, priority: u8, created_at: i64, due_at: Option<i64>) -> Ticket {
        let demand = Demand { priority: Priority::new(priority).unwrap(), ..Demand::default() };
        let said = (TicketSpec::on(ChannelName::parse("task").unwrap()).into(), demand.into());
        let at = Timestamp(created_at);
        let due_at = due_at.map(Timestamp).into();
        Ticket { due_at, ..Ticket::coming(TicketId::parse("t").unwrap(), arrival_seq, said, at) }
    }

    /// Arrival numbers in the order of their ranks.
    fn ranked(order: Order, tickets: &[Ticket]) -> Vec<u64> {
        let mut ranks: Vec<Rank> = tickets.iter().map(|ticket| Rank::of(ticket, &role(order))).collect();
        ranks.sort_unstable();
        ranks.iter().map(Rank::arrival_seq).collect()
    }

    #[test]
    fn priority_comes_before_due_before_age_before_arrival() {
        let tickets = [
            ticket(1, 3, 100, None),
            ticket(2, 3, 100, None),
            ticket(3, 3, 99, None),
            ticket(4, 3, 200, Some(900)),
            ticket(5, 4, 300, None),
        ];
        assert_eq!(ranked(Order::Priority, &tickets), [5, 4, 3, 1, 2]);
    }

    #[test]
    fn by_deadline_what_has_none_comes_last_whatever_its_priority() {
        let tickets = [ticket(1, 9, 0, None), ticket(2, 0, 50, Some(9_000)), ticket(3, 0, 60, Some(8_000))];
        assert_eq!(ranked(Order::Deadline, &tickets), [3, 2, 1]);
    }

    #[test]
    fn an_aged_ticket_is_overtaken_only_by_what_came_less_than_nine_worths_later() {
        let bound = 9 * 60_000;
        let lowest = ticket(1, 0, 0, None);
        assert_eq!(ranked(Order::Aged, &[lowest.clone(), ticket(2, 9, bound - 1, None)]), [2, 1]);
        assert_eq!(ranked(Order::Aged, &[lowest.clone(), ticket(2, 9, bound + 1, None)]), [1, 2]);
        // At the bound itself the older wins.
        assert_eq!(ranked(Order::Aged, &[lowest, ticket(2, 9, bound, None)]), [1, 2]);
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        let mut longest = role(Order::Aged);
        longest.priority_worth = Millis(u64::MAX);
        let first = Rank::of(&ticket(1, 9, i64::MIN, Some(i64::MIN)), &longest);
        let last = Rank::of(&ticket(2, 0, i64::MAX, Some(i64::MAX)), &longest);
        assert!(first < last);
        let by_priority = [(1, 9, Some(i64::MAX)), (2, 9, None), (3, 8, Some(i64::MIN)), (4, 0, Some(0)), (5, 0, None)];
        let by_priority = by_priority.map(|(arrival, priority, due)| ticket(arrival, priority, i64::MAX, due));
        assert_eq!(ranked(Order::Priority, &by_priority), [1, 2, 3, 4, 5]);
    }
}
