//! A strip chart: what came and what was assigned, in steps, over the last half hour.

use schemars::JsonSchema;
use serde::Serialize;

use crate::routing::Timestamp;

/// One step of a strip.
pub const STEP_MS: i64 = 30_000;

/// Steps in a strip: half an hour.
pub const STEPS: usize = 60;

/// What happened in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Step {
    arrived: u32,
    assigned: u32,
}

/// The last [`STEPS`] steps, as a ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Strip {
    ring: [Step; STEPS],
    /// The number of the newest step since the epoch.
    newest: i64,
}

/// A strip as it is drawn: oldest first, the last step is the one that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StripView {
    /// Length of a step in milliseconds.
    pub step_ms: i64,
    /// Tickets that came, by step.
    pub arrived: Vec<u32>,
    /// Assignments, by step.
    pub assigned: Vec<u32>,
}

impl Default for Strip {
    fn default() -> Self {
        Self { ring: [Step::default(); STEPS], newest: 0 }
    }
}

impl Strip {
    pub(super) fn arrived(&mut self, at: Timestamp) {
        self.step_at(at).arrived += 1;
    }

    pub(super) fn assigned(&mut self, at: Timestamp) {
        self.step_at(at).assigned += 1;
    }

    /// The strip as of `now`: steps in which nothing happened are zeros.
    pub(super) fn view(&self, now: Timestamp) -> StripView {
        let mut shown = self.clone();
        shown.step_at(now);
        let oldest_first = (1..=STEPS).map(|back| shown.ring[slot(shown.newest, back)]);
        let (arrived, assigned) = oldest_first.map(|step| (step.arrived, step.assigned)).unzip();
        StripView { step_ms: STEP_MS, arrived, assigned }
    }

    /// Whether it looks otherwise `now` than it did `then`, without anything having been added.
    pub(super) fn has_moved(&self, then: Timestamp, now: Timestamp) -> bool {
        self.view(then) != self.view(now)
    }

    /// The step of a moment, wiping those that it has moved past. What is older than the newest counts there.
    fn step_at(&mut self, at: Timestamp) -> &mut Step {
        let number = at.0.div_euclid(STEP_MS).max(self.newest);
        let passed = usize::try_from(number - self.newest).unwrap_or(STEPS).min(STEPS);
        for ahead in 0..passed {
            self.ring[slot(number, STEPS - ahead)] = Step::default();
        }
        self.newest = number;
        &mut self.ring[slot(number, STEPS)]
    }
}

/// The place in the ring of the `position`-th oldest step, [`STEPS`] for the newest.
fn slot(newest: i64, position: usize) -> usize {
    let back = i64::try_from(STEPS - position).expect("a position in the strip is small");
    let steps = i64::try_from(STEPS).expect("a strip is short");
    usize::try_from((newest - back).rem_euclid(steps)).expect("a remainder is not negative")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(step: i64) -> Timestamp {
        Timestamp(step * STEP_MS + 7)
    }

    #[test]
    fn the_newest_step_is_last_and_gaps_are_zeros() {
        let mut strip = Strip::default();
        strip.arrived(at(1_000));
        strip.arrived(at(1_000));
        strip.assigned(at(1_002));
        let view = strip.view(at(1_003));
        assert_eq!(view.arrived.len(), STEPS);
        assert_eq!(view.arrived[STEPS - 4..], [2, 0, 0, 0]);
        assert_eq!(view.assigned[STEPS - 4..], [0, 0, 1, 0]);
    }

    #[test]
    fn what_is_older_than_the_strip_is_gone() {
        let mut strip = Strip::default();
        strip.arrived(at(1_000));
        let steps = i64::try_from(STEPS).expect("small");
        assert_eq!(strip.view(at(1_000 + steps - 1)).arrived[0], 1);
        assert_eq!(strip.view(at(1_000 + steps)).arrived.iter().sum::<u32>(), 0);
        assert_eq!(strip.view(at(1_000_000)).arrived.iter().sum::<u32>(), 0);
    }
}
