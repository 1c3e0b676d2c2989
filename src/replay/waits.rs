//! Waits, for people.

/// How long tickets waited, all in one unit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Waits {
    waits: Vec<f64>,
}

impl Waits {
    /// One more.
    pub fn add(&mut self, wait: f64) {
        self.waits.push(wait);
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.waits.len()
    }

    /// The mean; zero where there are none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
    pub fn mean(&self) -> f64 {
        self.waits.iter().sum::<f64>() / self.waits.len().max(1) as f64
    }

    /// The smallest wait that this many percent did not exceed (nearest rank); zero where there are none.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.waits.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let mut waits = Waits::default();
        assert!(waits.percentile(50).abs() < 1e-9 && waits.mean().abs() < 1e-9);
        for seconds in [5.0, 1.0, 4.0, 2.0, 3.0] {
            waits.add(seconds);
        }
        let found = [waits.mean(), waits.percentile(50), waits.percentile(90), waits.percentile(100)];
        assert_eq!(found.map(|s| format!("{s}")), ["3", "3", "5", "5"]);
    }
}
