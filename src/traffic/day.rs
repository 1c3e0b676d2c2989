//! The working day, from seven to twenty-two o'clock, in a few minutes; then the next one begins.

use std::time::Duration;

use crate::routing::{Millis, Timestamp};

/// When the doors open.
const OPENS_AT_HOUR: f64 = 7.0;
/// How many hours they are open.
const HOURS: f64 = 15.0;
/// When the first day begins: with the morning rush, so that there is something to see.
const BEGINS_AT_HOUR: f64 = 8.5;

/// How busy each hour is, as a share of the mean: two waves, as contact centres have them.
const INTENSITY: [f64; 16] = [0.4, 0.7, 1.0, 1.45, 1.55, 1.3, 0.95, 0.9, 1.1, 1.35, 1.3, 1.05, 0.8, 0.6, 0.45, 0.4];
/// The most that there is of [`INTENSITY`].
pub(super) const INTENSITY_MAX: f64 = 1.55;

/// How times of this machine and hours of the made-up day belong together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day {
    opened_at: Timestamp,
    length: Millis,
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "made-up times"
)]
impl Day {
    pub(super) fn from(now: Timestamp, length: Duration) -> Self {
        let length = Millis(u64::try_from(length.as_millis()).unwrap_or(u64::MAX).max(1));
        let begun = (BEGINS_AT_HOUR - OPENS_AT_HOUR) / HOURS * length.0 as f64;
        Self { opened_at: now - Millis(begun as u64), length }
    }

    pub(super) fn length(&self) -> Millis {
        self.length
    }

    /// The hour of the made-up day.
    pub(super) fn hour(&self, now: Timestamp) -> f64 {
        let into_day = now.since(self.opened_at).0 % self.length.0;
        OPENS_AT_HOUR + into_day as f64 / self.length.0 as f64 * HOURS
    }

    /// How busy it is now, as a share of the mean.
    pub(super) fn intensity(&self, now: Timestamp) -> f64 {
        let hours = self.hour(now) - OPENS_AT_HOUR;
        let index = (hours as usize).min(INTENSITY.len() - 2);
        let share = hours - index as f64;
        INTENSITY[index] * (1.0 - share) + INTENSITY[index + 1] * share
    }

    /// When it is that hour next.
    pub(super) fn next(&self, hour: f64, now: Timestamp) -> Timestamp {
        let wanted = ((hour - OPENS_AT_HOUR) / HOURS * self.length.0 as f64) as u64;
        let into_day = now.since(self.opened_at).0 % self.length.0;
        let wait = if wanted > into_day { wanted - into_day } else { self.length.0 - into_day + wanted };
        now + Millis(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_in_the_morning_and_ends_where_the_next_begins() {
        let day = Day::from(Timestamp(1_000_000), Duration::from_secs(150));
        assert!((day.hour(Timestamp(1_000_000)) - 8.5).abs() < 0.01);
        assert!((day.hour(Timestamp(1_000_000 + 140_000)) - 7.5).abs() < 0.01);
        let at_noon = day.next(12.0, Timestamp(1_000_000));
        assert!((day.hour(at_noon) - 12.0).abs() < 0.01 && at_noon == Timestamp(1_035_000));
        let in_the_morning = day.next(8.0, Timestamp(1_000_000));
        assert!((day.hour(in_the_morning) - 8.0).abs() < 0.01 && in_the_morning == Timestamp(1_145_000));
    }

    #[test]
    fn the_intensity_of_the_hours_is_about_one_in_the_mean() {
        let day = Day::from(Timestamp(0), Duration::from_secs(150));
        let samples: Vec<f64> = (0..150).map(|s| day.intensity(Timestamp(s * 1_000))).collect();
        let mean = samples.iter().sum::<f64>() / 150.0;
        assert!((0.9..1.1).contains(&mean), "{mean}");
        assert!(samples.iter().all(|intensity| *intensity <= INTENSITY_MAX));
    }
}
