//! What happens next, in the order of time; of one moment in the order in which it was put down.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::routing::{AssignmentId, Timestamp};

/// The number of a ticket in its run.
pub(super) type TicketNumber = u64;
/// The place of an agent in the staff.
pub(super) type AgentNumber = usize;

/// Something that somebody will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// The next of a source comes.
    Arrive(usize),
    /// A customer comes back.
    ComeBack(TicketNumber),
    /// A customer has waited long enough.
    HangUp(TicketNumber),
    /// An agent accepts an offer, or declines it.
    Answer { ticket: TicketNumber, agent: AgentNumber, offer: AssignmentId, accepts: bool },
    /// An agent is done with a ticket.
    Finish { ticket: TicketNumber, assignment: AssignmentId },
    /// An agent may come or go.
    Turn(AgentNumber),
    /// An agent who was turned away is back.
    Back(AgentNumber),
    /// An agent asks for work.
    Claim(AgentNumber),
}

/// What is put down.
#[derive(Debug)]
struct Item {
    at: Timestamp,
    seq: u64,
    deed: Deed,
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.seq) == (other.at, other.seq)
    }
}

impl Eq for Item {}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.seq).cmp(&(other.at, other.seq))
    }
}

/// All that will happen.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<Item>>,
    seq: u64,
}

impl Agenda {
    pub(super) fn put(&mut self, at: Timestamp, deed: Deed) {
        self.seq += 1;
        self.heap.push(Reverse(Item { at, seq: self.seq, deed }));
    }

    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse(item)| item.at)
    }

    pub(super) fn pop(&mut self) -> Option<(Timestamp, Deed)> {
        self.heap.pop().map(|Reverse(item)| (item.at, item.deed))
    }
}
