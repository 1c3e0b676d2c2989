//! Opening hours: a week, and the days that are otherwise, on the clock on the wall of a place.
//!
//! Whether it is open is a function of the moment, and is stored nowhere. Every span is turned into moments by itself: it
//! begins and ends at the first moment at which the clock shows its time or a later one. So a span that begins within the
//! hour that is skipped in spring begins when the clock has jumped; one that ends within the hour that comes twice in
//! autumn ends the first time; and a night that a change lies in is an hour shorter or longer, and has no gap.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::time::{Millis, Timestamp};
use super::zone::Zone;

/// How many days are looked through for the next opening or closing: more than a year, so that every holiday has come
/// once. What has not changed by then is looked at again then.
const DAYS_MAX: usize = 400;
/// The same as a length of time.
const HORIZON: Millis = Millis::from_secs(DAYS_MAX as u64 * 24 * 3_600);
/// Minutes of a day: midnight at its end.
pub const DAY_MINUTES: u16 = 24 * 60;

/// A part of a day, in minutes since midnight. One that ends at or before its beginning ends on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DayPart {
    /// The first minute.
    pub from: u16,
    /// The minute at which it is over, up to [`DAY_MINUTES`].
    pub to: u16,
}

/// When a place is open.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Hours {
    /// Where.
    pub zone: Zone,
    /// On each day of an ordinary week, Monday first.
    pub week: [BTreeSet<DayPart>; 7],
    /// Days that are closed from midnight to midnight, whatever began on the day before.
    pub closed_on: BTreeSet<Day>,
    /// Days that have these hours in place of the week's.
    pub open_on: BTreeMap<Day, BTreeSet<DayPart>>,
}

/// A day of the calendar, as people write it: `2026-12-24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

impl Day {
    /// Reads `2026-12-24`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        text.parse().ok().filter(|_| is_plain).map(Self)
    }
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is no day"))
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.0.to_string()
    }
}

/// From the first moment to the one at which it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    from: Timestamp,
    to: Timestamp,
}

impl Stretch {
    fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

impl Hours {
    /// Whether it is open at that moment.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.stretch_at(at).is_some()
    }

    /// The first moment from then on at which it is open; where that is very far off, a moment to ask again.
    #[must_use]
    pub fn opens_at(&self, at: Timestamp) -> Timestamp {
        if self.is_open(at) {
            return at;
        }
        let mut days = days_from(self.zone.local(at).date());
        let first =
            days.find_map(|day| self.stretches(day).into_iter().map(|it| it.from).filter(|from| *from > at).min());
        first.unwrap_or(at + HORIZON)
    }

    /// The first moment after that one at which it closes; where that is very far off, a moment to ask again.
    #[must_use]
    pub fn closes_after(&self, at: Timestamp) -> Timestamp {
        let mut end = self.opens_at(at);
        let horizon = at + HORIZON;
        while let Some(stretch) = self.stretch_at(end).filter(|_| end < horizon) {
            end = stretch.to;
        }
        end.min(horizon)
    }

    /// Of the stretches that hold that moment the one that lasts longest.
    fn stretch_at(&self, at: Timestamp) -> Option<Stretch> {
        let today = self.zone.local(at).date();
        let days = today.yesterday().into_iter().chain([today]);
        days.flat_map(|day| self.stretches(day)).filter(|it| it.holds(at)).max_by_key(|it| it.to)
    }

    /// What begins on that day.
    fn stretches(&self, day: Date) -> Vec<Stretch> {
        if self.closed_on.contains(&Day(day)) {
            return Vec::new();
        }
        let monday_first = usize::try_from(day.weekday().to_monday_zero_offset()).expect("a week has seven days");
        let hours = self.open_on.get(&Day(day)).unwrap_or(&self.week[monday_first]);
        let stretches = hours.iter().map(|part| self.stretch(day, *part));
        stretches.filter(|it| it.from < it.to).collect()
    }

    fn stretch(&self, day: Date, part: DayPart) -> Stretch {
        let next = day.tomorrow().ok().filter(|next| !self.closed_on.contains(&Day(*next)));
        let to = match next {
            Some(next) if part.to <= part.from => self.moment(next, part.to),
            Some(_) => self.moment(day, part.to),
            None => self.moment(day, if part.to <= part.from { DAY_MINUTES } else { part.to }),
        };
        Stretch { from: self.moment(day, part.from), to }
    }

    /// The first moment at which the clock shows that minute of that day, or a later one.
    fn moment(&self, day: Date, minute: u16) -> Timestamp {
        let (day, minute) = if minute == DAY_MINUTES { (day.tomorrow().unwrap_or(day), 0) } else { (day, minute) };
        let hour_minute = |number: u16| i8::try_from(number).expect("hours and minutes are small");
        let shown = day.at(hour_minute(minute / 60), hour_minute(minute % 60), 0, 0);
        self.zone.first_moment(shown)
    }
}

fn days_from(first: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(first), |day| day.tomorrow().ok()).take(DAYS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> DayPart {
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':').unwrap();
            hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
        };
        let (from, to) = text.split_once('-').unwrap();
        DayPart { from: minute(from), to: minute(to) }
    }

    /// On every day, in Berlin.
    fn daily(parts: &[&str]) -> Hours {
        let day: BTreeSet<DayPart> = parts.iter().map(|text| part(text)).collect();
        Hours {
            zone: Zone::parse("Europe/Berlin").unwrap(),
            week: std::array::from_fn(|_| day.clone()),
            ..Hours::default()
        }
    }

    /// `2026-03-29T01:59:00+01:00`
    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[track_caller]
    fn check(hours: &Hours, opens: &str, closes: &str) {
        let (opens, closes) = (at(opens), at(closes));
        let before = opens - Millis(1);
        assert_eq!(hours.opens_at(before), opens);
        assert_eq!(hours.closes_after(before), closes);
        assert!(!hours.is_open(before) && hours.is_open(opens));
        assert!(hours.is_open(closes - Millis(1)) && !hours.is_open(closes));
    }

    #[test]
    fn a_week_has_its_days_and_a_day_its_parts() {
        let mut office = daily(&["08:00-12:00", "13:00-18:00"]);
        office.week[6] = BTreeSet::new();
        office.week[5] = BTreeSet::from([part("09:00-12:00")]);
        check(&office, "2026-11-27T08:00:00+01:00", "2026-11-27T12:00:00+01:00");
        check(&office, "2026-11-27T13:00:00+01:00", "2026-11-27T18:00:00+01:00");
        check(&office, "2026-11-28T09:00:00+01:00", "2026-11-28T12:00:00+01:00");
        // From Saturday noon to Monday morning.
        assert_eq!(office.opens_at(at("2026-11-28T12:00:00+01:00")), at("2026-11-30T08:00:00+01:00"));
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let mut night = daily(&[]);
        night.week[4] = BTreeSet::from([part("22:00-06:00")]);
        check(&night, "2026-11-27T22:00:00+01:00", "2026-11-28T06:00:00+01:00");
        assert_eq!(night.opens_at(at("2026-11-28T06:00:00+01:00")), at("2026-12-04T22:00:00+01:00"));
    }

    #[test]
    fn what_ends_at_midnight_goes_on_where_the_next_day_begins_with_it() {
        let always = daily(&["00:00-24:00"]);
        let now = at("2026-11-27T13:37:00+01:00");
        assert!(always.is_open(now) && always.is_open(at("2026-11-27T23:59:59.999+01:00")));
        assert_eq!(always.closes_after(now), now + HORIZON);
        let mut until_sunday = daily(&["00:00-24:00"]);
        until_sunday.week[6] = BTreeSet::new();
        check(&until_sunday, "2026-11-30T00:00:00+01:00", "2026-12-06T00:00:00+01:00");
        assert_eq!(daily(&["00:00-00:00"]).closes_after(now), now + HORIZON);
    }

    #[test]
    fn a_holiday_is_closed_from_midnight_to_midnight() {
        let mut night = daily(&["22:00-06:00"]);
        night.closed_on = [day("2026-12-25"), day("2027-01-01")].into();
        check(&night, "2026-12-24T22:00:00+01:00", "2026-12-25T00:00:00+01:00");
        assert_eq!(night.opens_at(at("2026-12-25T00:00:00+01:00")), at("2026-12-26T22:00:00+01:00"));
        assert!(!night.is_open(at("2026-12-26T03:00:00+01:00")), "it would have begun on the holiday");
    }

    #[test]
    fn an_exception_replaces_what_begins_on_that_day() {
        let mut office = daily(&["08:00-18:00"]);
        office.open_on = [(day("2026-12-24"), BTreeSet::from([part("10:00-13:00")]))].into();
        check(&office, "2026-12-24T10:00:00+01:00", "2026-12-24T13:00:00+01:00");
        check(&office, "2026-12-25T08:00:00+01:00", "2026-12-25T18:00:00+01:00");
        office.closed_on = [day("2026-12-24")].into();
        assert_eq!(office.opens_at(at("2026-12-23T18:00:00+01:00")), at("2026-12-25T08:00:00+01:00"));
    }

    #[test]
    fn in_spring_what_begins_or_ends_in_the_hour_that_is_skipped_does_when_the_clock_has_jumped() {
        let jump = "2026-03-29T03:00:00+02:00";
        check(&daily(&["02:30-05:00"]), jump, "2026-03-29T05:00:00+02:00");
        check(&daily(&["01:00-02:30"]), "2026-03-29T01:00:00+01:00", jump);
        // Both ends lie in it: there is no such time on that day.
        let lost = daily(&["02:10-02:50"]);
        assert_eq!(lost.opens_at(at("2026-03-28T03:00:00+01:00")), at("2026-03-30T02:10:00+02:00"));
        // A night of seven hours.
        check(&daily(&["22:00-06:00"]), "2026-03-28T22:00:00+01:00", "2026-03-29T06:00:00+02:00");
    }

    #[test]
    fn in_autumn_what_begins_or_ends_in_the_hour_that_comes_twice_does_the_first_time() {
        check(&daily(&["02:30-05:00"]), "2026-10-25T02:30:00+02:00", "2026-10-25T05:00:00+01:00");
        check(&daily(&["01:00-02:30"]), "2026-10-25T01:00:00+02:00", "2026-10-25T02:30:00+02:00");
        assert!(!daily(&["01:00-02:30"]).is_open(at("2026-10-25T02:10:00+01:00")), "it has closed for good");
        assert!(daily(&["02:30-05:00"]).is_open(at("2026-10-25T02:10:00+01:00")), "it is open already");
        // A night of nine hours.
        check(&daily(&["22:00-06:00"]), "2026-10-24T22:00:00+02:00", "2026-10-25T06:00:00+01:00");
    }

    #[test]
    fn what_never_opens_is_asked_again_in_a_year() {
        let never = daily(&[]);
        let now = at("2026-11-27T00:00:00+01:00");
        assert_eq!((never.opens_at(now), never.closes_after(now)), (now + HORIZON, now + HORIZON));
    }

    #[test]
    fn the_ends_of_the_calendar_do_not_stop_it() {
        for end in [Timestamp(i64::MIN), Timestamp(i64::MAX)] {
            let hours = daily(&["22:00-06:00"]);
            let _ = (hours.is_open(end), hours.opens_at(end), hours.closes_after(end));
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { cases: 48, ..Default::default() })]

        /// Minute by minute over both nights on which the clock is changed.
        #[test]
        fn the_next_opening_and_closing_are_those_that_are_found_by_looking_at_every_minute(
            parts in proptest::collection::btree_set((0_u16..1440, 1_u16..=1440), 0..4),
            closed in proptest::collection::btree_set(0_usize..4, 0..2),
            spring in proptest::bool::ANY,
        ) {
            let days = if spring {
                ["2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31"]
            } else {
                ["2026-10-24", "2026-10-25", "2026-10-26", "2026-10-27"]
            };
            let mut hours = daily(&[]);
            hours.week = std::array::from_fn(|_| parts.iter().map(|(from, to)| DayPart { from: *from, to: *to }).collect());
            hours.closed_on = closed.iter().map(|place| day(days[*place])).collect();
            let begin = at(&format!("{}T00:00:00Z", days[0]));
            let minutes: Vec<Timestamp> = (0..3 * 1440).map(|n| begin + Millis::from_secs(60 * n)).collect();
            let open: Vec<bool> = minutes.iter().map(|minute| hours.is_open(*minute)).collect();
            for (place, now) in minutes.iter().enumerate().step_by(97) {
                let opens = (place..open.len()).find(|later| open[*later]);
                if let Some(opens) = opens {
                    proptest::prop_assert_eq!(hours.opens_at(*now), minutes[opens]);
                    if let Some(closes) = (opens..open.len()).find(|later| !open[*later]) {
                        proptest::prop_assert_eq!(hours.closes_after(*now), minutes[closes]);
                    }
                }
            }
        }
    }
}
