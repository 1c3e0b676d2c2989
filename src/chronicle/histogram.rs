//! Lengths of time by size, so that months of them can be added up and asked for a percentile: 32 steps for each power of
//! two, which makes a length that is given back at most a thirty-second longer than the one that was put in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Steps of each power of two, as a power of two.
const STEP_BITS: u32 = 5;

/// How many lengths there are of each size.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(BTreeMap<u16, u64>);

impl Histogram {
    /// Counts a length in milliseconds.
    pub fn count(&mut self, length_ms: u64) {
        *self.0.entry(step(length_ms)).or_default() += 1;
    }

    /// Adds all of another.
    pub fn add(&mut self, other: &Self) {
        for (step, count) in &other.0 {
            *self.0.entry(*step).or_default() += count;
        }
    }

    /// How many were counted.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.values().sum()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The length that so many of a hundred do not exceed (the nearest rank), in milliseconds; `None` of none.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.len() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        self.0.iter().find_map(|(step, count)| {
            seen += count;
            (seen >= rank).then(|| longest(*step))
        })
    }
}

fn step(length_ms: u64) -> u16 {
    let bits = u64::BITS - length_ms.leading_zeros();
    let shift = bits.saturating_sub(STEP_BITS + 1);
    let step = (u64::from(shift) << STEP_BITS) + (length_ms >> shift);
    u16::try_from(step).expect("59 powers of two with 32 steps each fit")
}

/// The longest length of a step.
fn longest(step: u16) -> u64 {
    let step = u64::from(step);
    let shift = (step >> STEP_BITS).saturating_sub(1);
    let first = step - (shift << STEP_BITS);
    (first << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_comes_back_at_most_a_thirty_second_longer() {
        for length in (0..2_000).chain([u64::MAX, u64::MAX / 3, 86_400_000, 1 << 40]) {
            let back = longest(step(length));
            assert!(back >= length && back - length <= length / 32, "{length} came back as {back}");
        }
    }

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(50), None);
        (1..=10).for_each(|length| histogram.count(length));
        assert_eq!(
            (histogram.percentile(50), histogram.percentile(90), histogram.percentile(99)),
            (Some(5), Some(9), Some(10))
        );
        let mut twice = histogram.clone();
        twice.add(&histogram);
        assert_eq!((twice.len(), twice.percentile(50)), (20, Some(5)));
    }
}
