//! The day whose events are counted: from local midnight, or from the start of the process where that is later.

use jiff::ToSpan;
use jiff::tz::TimeZone;

use crate::routing::Timestamp;

/// A day under way.
#[derive(Debug)]
pub(super) struct Day {
    time_zone: TimeZone,
    since: Timestamp,
    /// The next midnight; `None` before the first event.
    ends_at: Option<Timestamp>,
}

impl Default for Day {
    fn default() -> Self {
        Self::of(TimeZone::system())
    }
}

impl Day {
    fn of(time_zone: TimeZone) -> Self {
        Self { time_zone, since: Timestamp::default(), ends_at: None }
    }

    /// Since when is counted.
    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    /// Moves on where the day has ended, and says whether it has.
    pub(super) fn roll(&mut self, now: Timestamp) -> bool {
        if self.ends_at.is_some_and(|ends_at| now < ends_at) {
            return false;
        }
        let first = self.ends_at.is_none();
        let midnights = self.midnights(now);
        self.since = if first { now } else { midnights.map_or(now, |(last, _)| last) };
        // A moment that no calendar can say counts as one endless day.
        self.ends_at = Some(midnights.map_or(Timestamp(i64::MAX), |(_, next)| next));
        true
    }

    /// The midnight before and the one after a moment.
    fn midnights(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let moment = jiff::Timestamp::from_millisecond(now.0).ok()?.to_zoned(self.time_zone.clone());
        let last = moment.start_of_day().ok()?;
        let next = last.checked_add(1.day()).ok()?.start_of_day().ok()?;
        Some((Timestamp(last.timestamp().as_millisecond()), Timestamp(next.timestamp().as_millisecond())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().expect("a moment").as_millisecond())
    }

    #[test]
    fn a_day_ends_at_local_midnight() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let mut day = Day::of(berlin);
        assert!(day.roll(at("2026-11-22T20:00:00Z")));
        assert!(!day.roll(at("2026-11-22T22:59:59Z")));
        assert!(day.roll(at("2026-11-22T23:00:01Z")));
        assert_eq!(day.since(), at("2026-11-22T23:00:00Z"));
    }

    #[test]
    fn the_first_day_counts_from_the_start_of_the_process() {
        let mut day = Day::of(TimeZone::UTC);
        assert!(day.roll(at("2026-11-22T20:00:00Z")));
        assert_eq!(day.since(), at("2026-11-22T20:00:00Z"));
    }
}
