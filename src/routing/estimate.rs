//! How long a ticket will wait: by the pace at which its role's tickets have been leaving the queue.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::time::{Millis, Timestamp};

/// How many of the latest departures make the pace: enough to smooth chance, few enough to follow the hour.
const DEPARTURES_MAX: usize = 32;
/// Fewer departures than this are no pace.
const DEPARTURES_MIN: usize = 3;

/// The latest departures from a role's queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pace {
    departures: VecDeque<Timestamp>,
}

impl Pace {
    /// A ticket was assigned.
    pub(super) fn record(&mut self, at: Timestamp) {
        if self.departures.len() == DEPARTURES_MAX {
            self.departures.pop_front();
        }
        self.departures.push_back(at);
    }

    /// How long the ticket at that position (1 is the next) will wait, where the pace is known.
    #[must_use]
    pub fn estimate(&self, position: u64, now: Timestamp) -> Option<Millis> {
        let first = *self.departures.front()?;
        let count = u64::try_from(self.departures.len()).expect("a bounded length fits");
        if self.departures.len() < DEPARTURES_MIN {
            return None;
        }
        Some(Millis((now.since(first).0 / count).saturating_mul(position)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_departure_every_ten_seconds_makes_the_third_wait_half_a_minute() {
        let mut pace = Pace::default();
        (0..6).for_each(|n| pace.record(Timestamp(n * 10_000)));
        assert_eq!(pace.estimate(3, Timestamp(60_000)), Some(Millis(30_000)));
    }

    #[test]
    fn nothing_is_said_before_there_is_a_pace() {
        let mut pace = Pace::default();
        pace.record(Timestamp(0));
        assert_eq!(pace.estimate(1, Timestamp(1_000)), None);
    }
}
