//! How long to pause between tries: full jitter, so that a hundred daemons do not come back in step.
//!
//! M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

use std::time::Duration;

use rand::Rng;

/// A bound that doubles with every try, and a pause drawn evenly below it.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
    bound: Duration,
}

impl Backoff {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, bound: min }
    }

    /// Draws the next pause, and doubles the bound.
    pub(super) fn next_pause(&mut self) -> Duration {
        let pause = self.bound.mul_f64(rand::rng().random::<f64>());
        self.bound = self.bound.saturating_mul(2).min(self.max);
        pause
    }

    /// It worked: begin small again.
    pub(super) fn reset(&mut self) {
        self.bound = self.min;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_below_a_bound_that_doubles_up_to_its_maximum() {
        let (min, max) = (Duration::from_millis(200), Duration::from_secs(30));
        let mut backoff = Backoff::new(min, max);
        let mut bound = min;
        for _ in 0..20 {
            assert!(backoff.next_pause() <= bound);
            bound = (bound * 2).min(max);
        }
        assert_eq!(backoff.bound, max);
        backoff.reset();
        assert!(backoff.next_pause() <= min);
    }
}
