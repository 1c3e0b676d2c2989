//! For how long an agent is online, and for how long of that it has something to work on.

use serde::{Deserialize, Serialize};

use crate::routing::{Status, Timestamp};

/// An hour.
pub(super) const HOUR_MS: i64 = 3_600_000;

/// What is known of an agent now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct AgentClock {
    /// Since when it has been online.
    pub(super) online_since: Option<Timestamp>,
    /// Since when it has had something to work on while online.
    pub(super) busy_since: Option<Timestamp>,
    /// How many tickets it works on.
    pub(super) held: u32,
}

/// A stretch of time that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stretch {
    Online(Timestamp),
    Busy(Timestamp),
}

impl AgentClock {
    /// It has this status from now on. Gives back what is over.
    pub(super) fn turn(&mut self, status: Status, at: Timestamp) -> Vec<Stretch> {
        let is_online = status == Status::Online;
        let mut over = Vec::new();
        if is_online {
            self.online_since.get_or_insert(at);
            if self.held > 0 {
                self.busy_since.get_or_insert(at);
            }
        } else {
            over.extend(self.online_since.take().map(Stretch::Online));
            over.extend(self.busy_since.take().map(Stretch::Busy));
        }
        over
    }

    /// It has one ticket more to work on.
    pub(super) fn take(&mut self, at: Timestamp) {
        self.held += 1;
        if self.online_since.is_some() {
            self.busy_since.get_or_insert(at);
        }
    }

    /// It has one ticket fewer to work on.
    pub(super) fn give(&mut self) -> Option<Stretch> {
        self.held = self.held.saturating_sub(1);
        if self.held == 0 { self.busy_since.take().map(Stretch::Busy) } else { None }
    }
}

/// The hour in which that moment lies.
pub(super) fn hour(at: Timestamp) -> i64 {
    at.0.div_euclid(HOUR_MS)
}

/// How much of a stretch lies in each hour.
pub(super) fn by_hour(from: Timestamp, until: Timestamp) -> impl Iterator<Item = (i64, u64)> {
    (hour(from)..=hour(until)).filter_map(move |hour| {
        let begin = from.0.max(hour * HOUR_MS);
        let end = until.0.min((hour + 1) * HOUR_MS);
        let length = u64::try_from(end - begin).unwrap_or(0);
        (length > 0).then_some((hour, length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_shared_out_between_the_hours_that_it_touches() {
        let parts: Vec<_> = by_hour(Timestamp(HOUR_MS - 10), Timestamp(3 * HOUR_MS)).collect();
        assert_eq!(parts, [(0, 10), (1, 3_600_000), (2, 3_600_000)]);
        assert_eq!(by_hour(Timestamp(5), Timestamp(5)).count(), 0);
    }

    #[test]
    fn whoever_has_two_is_busy_until_the_second_is_gone() {
        let mut clock = AgentClock::default();
        assert!(clock.turn(Status::Online, Timestamp(1)).is_empty());
        clock.take(Timestamp(2));
        clock.take(Timestamp(3));
        assert_eq!(clock.give(), None);
        assert_eq!(clock.give(), Some(Stretch::Busy(Timestamp(2))));
        clock.take(Timestamp(9));
        assert_eq!(
            clock.turn(Status::Away, Timestamp(12)),
            [Stretch::Online(Timestamp(1)), Stretch::Busy(Timestamp(9))]
        );
        assert!(clock.turn(Status::Online, Timestamp(20)).is_empty());
        assert_eq!(clock.busy_since, Some(Timestamp(20)), "it still has it");
    }
}
