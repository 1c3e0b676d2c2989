//! What people mean to do, and when.

use std::collections::BTreeMap;

use crate::routing::Timestamp;

use super::desk::Answer;
use super::shift::Step;

/// Something that somebody means to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Intent {
    /// The next customer comes.
    Arrive,
    /// A customer who still waits goes away.
    LosePatience {
        ticket: String,
        /// How often this customer had begun to wait by then.
        asked: u32,
    },
    /// An agent answers an offer.
    Answer(Answer),
    /// An agent is through with a ticket.
    Finish { assignment: String },
    /// A customer who was waited for is back.
    Resume { assignment: String },
    /// An agent is ready again.
    EndWrapUp { agent: String, ticket: String },
    /// A shift goes on.
    Shift { desk: usize, step: Step },
    /// An agent comes back who was declared away.
    Return { desk: usize },
}

/// Intents in the order of their time; those of one time in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    intents: BTreeMap<(Timestamp, u64), Intent>,
    planned_count: u64,
}

impl Agenda {
    pub(super) fn plan(&mut self, at: Timestamp, intent: Intent) {
        self.planned_count += 1;
        self.intents.insert((at, self.planned_count), intent);
    }

    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.intents.first_key_value().map(|((at, _), _)| *at)
    }

    /// The first that is due by now, with the time for which it was planned.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, Intent)> {
        let entry = self.intents.first_entry().filter(|entry| entry.key().0 <= now)?;
        let (at, _) = *entry.key();
        Some((at, entry.remove()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_first_comes_first_and_equals_in_the_order_of_planning() {
        let mut agenda = Agenda::default();
        for (at, desk) in [(20, 1), (10, 2), (20, 3), (30, 4)] {
            agenda.plan(Timestamp(at), Intent::Return { desk });
        }
        let due: Vec<_> = std::iter::from_fn(|| agenda.take_due(Timestamp(20))).map(|(at, _)| at.0).collect();
        assert_eq!((due, agenda.next_at()), (vec![10, 20, 20], Some(Timestamp(30))));
    }
}
