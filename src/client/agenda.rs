//! What somebody means to do, and when.

use std::collections::BTreeMap;

use crate::routing::Timestamp;

/// Intents in the order of their time; those of one time in the order in which they were made.
#[derive(Debug)]
pub struct Agenda<I> {
    intents: BTreeMap<(Timestamp, u64), I>,
    planned_count: u64,
}

impl<I> Default for Agenda<I> {
    fn default() -> Self {
        Self { intents: BTreeMap::new(), planned_count: 0 }
    }
}

impl<I> Agenda<I> {
    /// Means to do something at that time.
    pub fn plan(&mut self, at: Timestamp, intent: I) {
        self.planned_count += 1;
        self.intents.insert((at, self.planned_count), intent);
    }

    /// When the first of them is due.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.intents.first_key_value().map(|((at, _), _)| *at)
    }

    /// The first that is due by now, with the time for which it was planned.
    pub fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, I)> {
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
        for (at, what) in [(20, 'b'), (10, 'a'), (20, 'c'), (30, 'd')] {
            agenda.plan(Timestamp(at), what);
        }
        let due: String = std::iter::from_fn(|| agenda.take_due(Timestamp(20))).map(|(_, what)| what).collect();
        assert_eq!((due.as_str(), agenda.next_at()), ("abc", Some(Timestamp(30))));
    }
}
