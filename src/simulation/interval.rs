//! Of several runs: the mean, and how far the truth may be from it.

use serde::Serialize;

/// A mean over runs with its 95 % confidence interval by Student's t.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean over the runs.
    pub mean: f64,
    /// The interval reaches so far to either side; `None` of a single run.
    pub half_width: Option<f64>,
    /// The standard error of the mean; `None` of a single run.
    pub standard_error: Option<f64>,
    /// How many runs had a value.
    pub runs: u32,
}

impl Estimate {
    /// Of these values, one a run; `None` where there is none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        if values.is_empty() {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let standard_error = (values.len() > 1).then(|| (squares / (count - 1.0) / count).sqrt());
        let half_width = standard_error.map(|error| error * student_t_975(values.len() - 1));
        let runs = u32::try_from(values.len()).unwrap_or(u32::MAX);
        Some(Self { mean, half_width, standard_error, runs })
    }

    /// The interval.
    #[must_use]
    pub fn range(&self) -> Option<(f64, f64)> {
        self.half_width.map(|half| (self.mean - half, self.mean + half))
    }
}

/// The 97.5 % quantile of Student's t.
///
/// Exact to three digits for up to ten degrees of freedom, then by the expansion of Cornish and Fisher (Abramowitz and
/// Stegun, 26.7.5), which is exact to four there.
fn student_t_975(degrees: usize) -> f64 {
    const EXACT: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
    const Z: f64 = 1.959_964;
    if let Some(exact) = degrees.checked_sub(1).and_then(|place| EXACT.get(place)) {
        return *exact;
    }
    let degrees = degrees as f64;
    let (z3, z5, z7) = (Z.powi(3), Z.powi(5), Z.powi(7));
    Z + (z3 + Z) / (4.0 * degrees)
        + (5.0 * z5 + 16.0 * z3 + 3.0 * Z) / (96.0 * degrees * degrees)
        + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * Z) / (384.0 * degrees.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (degrees, expected) in [(1, 12.706), (9, 2.262), (11, 2.201), (19, 2.093), (30, 2.042), (100, 1.984)] {
            assert!((student_t_975(degrees) - expected).abs() < 0.001, "{degrees}: {}", student_t_975(degrees));
        }
    }

    #[test]
    fn an_interval_is_that_of_the_values() {
        let estimate = Estimate::of(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert!((estimate.mean - 2.5).abs() < 1e-12);
        assert!((estimate.standard_error.unwrap() - 0.645_497).abs() < 1e-5);
        assert!((estimate.half_width.unwrap() - 2.054).abs() < 1e-3);
        assert_eq!(Estimate::of(&[5.0]).unwrap().half_width, None);
        assert_eq!(Estimate::of(&[]), None);
    }
}
