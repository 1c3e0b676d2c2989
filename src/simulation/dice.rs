//! Chance, from a seed: the same on every machine.
//!
//! `ChaCha8` is specified bit by bit, and has 2^64 streams for one seed. Exponential and normal numbers come from
//! `rand_distr`'s ziggurats, which multiply; the one exponential that is left comes from `libm`, not from the machine's
//! mathematics.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Exp1, StandardNormal};

use crate::config::Distribution;
use crate::routing::Millis;

/// Longer than this is nobody's work or patience: ten years.
const LONGEST_MS: f64 = 316_224_000_000.0;

/// A row of random numbers.
#[derive(Debug, Clone)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The row of that number, of a seed.
    pub(super) fn of(seed: u64, stream: u64) -> Self {
        let mut chacha = ChaCha8Rng::seed_from_u64(seed);
        chacha.set_stream(stream);
        Self(chacha)
    }

    /// Memoryless, with a mean of one.
    pub(super) fn exponential(&mut self) -> f64 {
        self.0.sample(Exp1)
    }

    /// Whether something of that probability happens.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.0.random::<f64>() < probability
    }

    /// How long it takes this time.
    pub(super) fn length(&mut self, distribution: &Distribution) -> Millis {
        let ms = match distribution {
            Distribution::Fixed(length) => return *length,
            Distribution::Exponential(mean) => mean.0 as f64 * self.exponential(),
            Distribution::Lognormal { mean, scv } => {
                let variance = libm::log1p(*scv);
                let normal: f64 = self.0.sample(StandardNormal);
                mean.0 as f64 * libm::exp(normal * libm::sqrt(variance) - variance / 2.0)
            }
            Distribution::Empirical(values) => return values[self.0.random_range(0..values.len() as u32) as usize],
        };
        Millis(ms.min(LONGEST_MS).round() as u64)
    }
}

/// The seed of one replication: far from those of its neighbours.
pub(super) fn seed_of(seed: u64, replication: u32) -> u64 {
    spread(seed ^ u64::from(replication).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood, OOPSLA 2014).
pub(super) fn spread(mixed: u64) -> u64 {
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_numbers_follows_from_seed_and_stream_alone() {
        let drawn = |seed, stream| Dice::of(seed, stream).length(&Distribution::Exponential(Millis(1_000_000)));
        assert_eq!(drawn(1, 2), drawn(1, 2));
        assert!(drawn(1, 2) != drawn(1, 3) && drawn(1, 2) != drawn(2, 2));
    }

    #[test]
    fn means_and_variances_are_as_they_should_be() {
        let mut dice = Dice::of(7, 3);
        for (distribution, scv) in [
            (Distribution::Exponential(Millis(60_000)), 1.0),
            (Distribution::Lognormal { mean: Millis(60_000), scv: 2.0 }, 2.0),
            (Distribution::Fixed(Millis(60_000)), 0.0),
            (Distribution::Empirical([Millis(30_000), Millis(90_000)].into()), 0.25),
        ] {
            let drawn: Vec<f64> = (0..200_000).map(|_| dice.length(&distribution).0 as f64 / 60_000.0).collect();
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            let variance = drawn.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / drawn.len() as f64;
            assert!((mean - 1.0).abs() < 0.02 && (variance - scv).abs() < 0.3, "{distribution:?}: {mean}, {variance}");
        }
    }
}
