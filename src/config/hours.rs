//! `[hours.NAME]`: when roles are open.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeValue;

use crate::routing::hours::{DAY_MINUTES, Day, DayPart, Hours};
use crate::routing::role::Role;
use crate::routing::zone::Zone;
use crate::routing::{HoursName, RoleName};

use super::catalogue::CatalogueOrigins;
use super::diagnostic::{Diagnostic, Origin};
use super::form::{Form, Name, Node, describe, misfit};
use super::key::{Key, Keys};
use super::list::{List, Set};
use super::section::{Reading, Section, quoted_list};
use super::suggestion::nearest;
use super::writing::{Member, Writes, Writing};
use super::written::Written;
use super::zone::ZoneForm;

/// The name of opening hours.
pub(super) const HOURS_NAME: Name<HoursName> = Name { of: "opening hours", parse: HoursName::parse };

/// The most spans of a week, far above any use.
const SPANS_MAX: usize = 100;
/// The most days that are otherwise: the holidays of some years.
const DAYS_MAX: usize = 1_000;
/// As they are written, Monday first.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const TIME_ZONE: Key<ZoneForm> =
    Key::optional("time_zone", ZoneForm, "`routing.time_zone`", "Where the clock is that they go by.");
const OPEN: Key<List<WeekForm>> = Key::new(
    "open",
    List { of: WeekForm, length_max: SPANS_MAX },
    "[]",
    "The hours of an ordinary week. What ends at or before its beginning ends on the next day.",
);
const CLOSED_ON: Key<Set<DayForm>> = Key::new(
    "closed_on",
    Set { of: DayForm, length_max: DAYS_MAX },
    "[]",
    "Holidays: closed from midnight to midnight, whatever began on the day before.",
);
const OPEN_ON: Key<List<DatedForm>> = Key::new(
    "open_on",
    List { of: DatedForm, length_max: DAYS_MAX },
    "[]",
    "Days with hours of their own, in place of those of the week.",
);

/// The keys of `[hours.NAME]`.
pub(super) const KEYS: Keys = &[&TIME_ZONE, &OPEN, &CLOSED_ON, &OPEN_ON];

/// Where hours and their parts are written.
#[derive(Debug)]
pub(super) struct HoursOrigins {
    pub(super) name: Origin,
    pub(super) open_on: Origin,
}

pub(super) fn read(
    zone: &Zone,
    name: Origin,
    section: &Section<'_>,
    reading: &mut Reading<'_>,
) -> (Hours, HoursOrigins) {
    let mut hours = Hours {
        zone: section.take(&TIME_ZONE, reading).unwrap_or_else(|| zone.clone()),
        closed_on: section.take(&CLOSED_ON, reading).unwrap_or_default(),
        ..Hours::default()
    };
    for (days, part) in section.take(&OPEN, reading).unwrap_or_default() {
        for day in days {
            hours.week[day].insert(part);
        }
    }
    for (day, part) in section.take(&OPEN_ON, reading).unwrap_or_default() {
        hours.open_on.entry(day).or_default().insert(part);
    }
    (hours, HoursOrigins { name, open_on: section.origin(&OPEN_ON) })
}

/// The way back.
pub(super) fn write(hours: &Hours) -> Vec<Member> {
    let Hours { zone, week, closed_on, open_on } = hours;
    let mut open: BTreeMap<DayPart, BTreeSet<usize>> = BTreeMap::new();
    for (day, parts) in week.iter().enumerate() {
        for part in parts {
            open.entry(*part).or_default().insert(day);
        }
    }
    let open: Vec<(BTreeSet<usize>, DayPart)> = open.into_iter().map(|(part, days)| (days, part)).collect();
    let dated = open_on.iter().flat_map(|(day, parts)| parts.iter().map(|part| (*day, *part)));
    let mut writing = Writing::default();
    writing.put(&TIME_ZONE, zone);
    writing.put(&OPEN, open);
    writing.put(&CLOSED_ON, closed_on);
    writing.put(&OPEN_ON, dated.collect::<Vec<_>>());
    writing.finish(KEYS)
}

/// Reports every role that names hours which are not there.
pub(super) fn check_references(
    roles: &BTreeMap<RoleName, Role>,
    hours: &BTreeMap<HoursName, Hours>,
    origins: &CatalogueOrigins,
    reading: &mut Reading<'_>,
) {
    for role in roles.values() {
        let place = origins.roles.get(&role.name).and_then(|places| places.admission.hours.clone());
        let Some((name, origin)) = role.admission.hours.as_ref().zip(place) else { continue };
        if hours.contains_key(name) {
            continue;
        }
        let names: Vec<&str> = hours.keys().map(HoursName::as_str).collect();
        let found = Diagnostic::error(origin, format!("there are no hours {name:?}"));
        let expected = match &names[..] {
            [] => format!("hours of this catalogue, which has none: write [hours.{name}]"),
            names => format!("one of {}", quoted_list(names)),
        };
        let meant = nearest(name.as_str(), names.iter().copied()).map(|name| format!("did you mean {name:?}?"));
        reading.report(found.expected(expected).help(meant));
    }
}

/// `"mon-fri 08:00-18:00"`: days of the week, Monday as 0, and a part of each.
#[derive(Debug, Clone, Copy)]
pub(super) struct WeekForm;

impl Form for WeekForm {
    type Value = (BTreeSet<usize>, DayPart);

    fn expected(&self) -> String {
        "days and a time, such as \"mon-fri 08:00-18:00\" or \"sat,sun 22:00-06:00\"".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Self::Value> {
        let text = text_of(self, node, "hours", reading)?;
        match text.split_once(' ').and_then(|(days, part)| Some((weekdays(days)?, day_part(part)?))) {
            Some(read) => Some(read),
            None => misfit(self, node, reading, format!("{text:?} are no hours")),
        }
    }
}

/// `"2026-12-25"`
#[derive(Debug, Clone, Copy)]
struct DayForm;

impl Form for DayForm {
    type Value = Day;

    fn expected(&self) -> String {
        "a day, such as \"2026-12-25\"".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Day> {
        let text = text_of(self, node, "a day", reading)?;
        match Day::parse(text) {
            Some(day) => Some(day),
            None => misfit(self, node, reading, format!("{text:?} is no day of the calendar")),
        }
    }
}

/// `"2026-12-24 08:00-12:00"`
#[derive(Debug, Clone, Copy)]
struct DatedForm;

impl Form for DatedForm {
    type Value = (Day, DayPart);

    fn expected(&self) -> String {
        "a day and a time, such as \"2026-12-24 08:00-12:00\"".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Self::Value> {
        let text = text_of(self, node, "hours of a day", reading)?;
        match text.split_once(' ').and_then(|(day, part)| Some((Day::parse(day)?, day_part(part)?))) {
            Some(read) => Some(read),
            None => misfit(self, node, reading, format!("{text:?} are no hours of a day")),
        }
    }
}

impl Writes for WeekForm {
    fn write(&self, (days, part): &(BTreeSet<usize>, DayPart)) -> Written {
        let days: Vec<&str> = days.iter().map(|day| WEEKDAYS[*day]).collect();
        Written::text(format!("{} {}", days.join(","), shown(*part)))
    }
}

impl Writes for DayForm {
    fn write(&self, day: &Day) -> Written {
        Written::Text(String::from(*day))
    }
}

impl Writes for DatedForm {
    fn write(&self, (day, part): &(Day, DayPart)) -> Written {
        Written::text(format!("{} {}", String::from(*day), shown(*part)))
    }
}

/// `08:00-18:00`
fn shown(DayPart { from, to }: DayPart) -> String {
    format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
}

fn text_of<'n>(form: &impl Form, node: &'n Node<'_>, what: &str, reading: &mut Reading<'_>) -> Option<&'n str> {
    match node.value {
        DeValue::String(text) => Some(text),
        DeValue::Datetime(date) => {
            let found = Diagnostic::error(node.origin.clone(), "a date stands here without quotes");
            reading.report(found.expected(form.expected()).help(Some(format!("write \"{date}\""))));
            None
        }
        other => misfit(form, node, reading, format!("{} is not {what}", describe(other))),
    }
}

/// `mon`, `mon-fri`, `fri-mon`, `mon,wed,fri`
fn weekdays(text: &str) -> Option<BTreeSet<usize>> {
    let number = |name: &str| WEEKDAYS.iter().position(|weekday| *weekday == name);
    let mut days = BTreeSet::new();
    for item in text.split(',') {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (first, last) = (number(first)?, number(last)?);
        let length = (last + WEEKDAYS.len() - first) % WEEKDAYS.len();
        days.extend((first..=first + length).map(|day| day % WEEKDAYS.len()));
    }
    Some(days)
}

/// `08:00-18:00`; what is empty is none.
fn day_part(text: &str) -> Option<DayPart> {
    let (from, to) = text.split_once('-')?;
    let part = DayPart { from: minute(from)?, to: minute(to)? };
    (part.from < DAY_MINUTES && part.from != part.to).then_some(part)
}

/// `08:00` as minutes since midnight; `24:00` is midnight at the end of the day.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hour) || !two_digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY_MINUTES).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_week_are_written_as_people_do() {
        let read = |text: &str| weekdays(text).map(|days| days.into_iter().collect::<Vec<_>>());
        assert_eq!(read("mon"), Some(vec![0]));
        assert_eq!(read("mon-fri"), Some(vec![0, 1, 2, 3, 4]));
        assert_eq!(read("fri-mon"), Some(vec![0, 4, 5, 6]));
        assert_eq!(read("mon-tue,sat,mon"), Some(vec![0, 1, 5]));
        for text in ["", "monday", "Mon", "mon-", "mon-fri-sat", "mon, tue", "mo"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_part_of_a_day_has_four_digits_at_each_end() {
        assert_eq!(day_part("08:00-18:30"), Some(DayPart { from: 480, to: 1_110 }));
        assert_eq!(day_part("22:00-06:00"), Some(DayPart { from: 1_320, to: 360 }));
        assert_eq!(day_part("00:00-24:00"), Some(DayPart { from: 0, to: 1_440 }));
        assert_eq!(day_part("22:00-00:00"), Some(DayPart { from: 1_320, to: 0 }));
        for text in
            ["8-18", "8:00-18:00", "08:00", "08:60-09:00", "24:00-06:00", "25:00-26:00", "08:00-08:00", "08:00–18:00"]
        {
            assert_eq!(day_part(text), None, "{text}");
        }
    }
}
