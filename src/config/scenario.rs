//! A scenario for the simulation: a catalogue, who comes with what, and who works when.
//!
//! The same reader, declarations and errors as the configuration's. The catalogue is the scenario's own (`[[role]]`,
//! `[channel.NAME]` … in the same file) or that of the file which `simulation.catalogue` names.

pub(super) mod arrivals;
pub(super) mod distribution;
pub(super) mod staff;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Time};
use toml::de::{DeTable, DeValue};

use crate::routing::{Catalogue, Millis, Timestamp};

pub use self::arrivals::{Arrivals, Recorded, Returns, When};
pub use self::distribution::Distribution;
pub use self::staff::AgentGroup;

use super::channel::ANY_LENGTH;
use super::diagnostic::{Diagnostic, Origin, Report, Severity};
use super::form::{Form, Length, Node, Text, Whole, describe, misfit};
use super::key::{Key, Keys};
use super::overrides::Overrides;
use super::section::{Reading, Section};
use super::{ConfigError, catalogue, conditions, file};

/// The longest path that is read, in bytes: that of Linux.
const PATH_LENGTH_MAX: usize = 4_096;
/// A Monday, so that the weeks of a scenario without a date begin with one.
const START_DEFAULT: &str = "\"2026-01-05\"";
/// The most tickets of one run, on average: a centre that gets a thousand a second has fewer in a day.
const TICKETS_MAX: f64 = 1e8;
/// What a scenario may have at its top beside the tables of a catalogue.
const SECTIONS: [&str; 3] = ["simulation", "agent", "arrivals"];

/// What is simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// As the file is called, for people.
    pub name: String,
    /// What is configured about routing.
    pub catalogue: Arc<Catalogue>,
    /// When the virtual clock begins.
    pub start: Timestamp,
    /// For how long; tickets that come later are not counted.
    pub duration: Millis,
    /// The first part of it, in which nothing is counted.
    pub warm_up: Millis,
    /// For how long afterwards it is waited for what becomes of the last that are counted.
    pub settle: Millis,
    /// How often it is played, each time with other random numbers.
    pub replications: u32,
    /// Equal seeds give equal runs.
    pub seed: u64,
    /// What counts as in time for tickets of a role without a target.
    pub answer_within: Millis,
    /// Who works.
    pub agents: Vec<AgentGroup>,
    /// Who comes with what.
    pub arrivals: Vec<Arrivals>,
}

const CATALOGUE: Key<Text> = Key::optional(
    "catalogue",
    Text { length_max: PATH_LENGTH_MAX },
    "the roles of this file",
    "The configuration whose catalogue is tried; a path that is relative begins where the scenario is.",
);
const START: Key<StartForm> =
    Key::new("start", StartForm, START_DEFAULT, "When the virtual clock begins, by the clock of `routing.time_zone`.");
const DURATION: Key<Length> = Key::required(
    "duration",
    Length { min: Millis::from_secs(1), max: ANY_LENGTH.max },
    "For how long; a ticket that comes later is not counted.",
);
const WARM_UP: Key<Length> =
    Key::new("warm_up", ANY_LENGTH, "\"0s\"", "The first part of it, in which nothing is counted.");
const SETTLE: Key<Length> = Key::new(
    "settle",
    ANY_LENGTH,
    "\"1d\"",
    "For how long after the end it goes on at most, so that those who came before it are answered.",
);
const REPLICATIONS: Key<Whole<u32>> = Key::new(
    "replications",
    Whole { min: 1, max: 100_000 },
    "10",
    "How often it is played, each time with other random numbers.",
);
const SEED: Key<Whole<u64>> =
    Key::new("seed", Whole { min: 0, max: u64::MAX >> 1 }, "1", "Equal seeds give equal runs, on every machine.");
const ANSWER_WITHIN: Key<Length> =
    Key::new("answer_within", ANY_LENGTH, "\"20s\"", "What counts as in time for a role without a target.");

/// The keys of `[simulation]`.
pub(super) const KEYS: Keys = &[&CATALOGUE, &START, &DURATION, &WARM_UP, &SETTLE, &REPLICATIONS, &SEED, &ANSWER_WITHIN];

/// Reads a scenario from a file.
///
/// # Errors
/// Where it or the catalogue that it names can't be read, or anything is wrong with either.
pub fn load_scenario(path: &Path) -> Result<Scenario, ConfigError> {
    let (name, text) = super::read_text(path)?;
    parse_scenario(&name, &text, path.parent().unwrap_or(Path::new("")))
}

/// Reads the text of a scenario; `name` is what findings call it, and paths in it begin at `base`.
///
/// # Errors
/// All that is wrong with it, or with the catalogue that it names.
pub fn parse_scenario(name: &str, text: &str, base: &Path) -> Result<Scenario, ConfigError> {
    let root = super::parse_toml(name, text).map_err(ConfigError::Invalid)?;
    let root = root.get_ref();
    let overrides = Overrides::none();
    let mut reading = Reading::new(&overrides);
    file::report_unknown_sections(root, &SECTIONS, &mut reading);
    let section = file::section(root, "simulation", KEYS, &mut reading);
    if !root.contains_key("simulation") {
        let found = Diagnostic::error(Origin::Whole, "there is no [simulation]");
        reading.report(found.expected("[simulation] with at least `duration`"));
    }
    let named = section.take(&CATALOGUE, &mut reading);
    let mut found = Vec::new();
    let catalogue = if let Some(path) = named {
        refuse_both(root, &section, &mut reading);
        super::load(Some(&base.join(path)), &overrides)?.config.catalogue
    } else {
        let (catalogue, origins) = catalogue::read(root, &mut reading);
        found = conditions::check(&catalogue, &origins, text);
        catalogue
    };
    let scenario = read(name, base, root, &section, catalogue, &mut reading);
    found.extend(reading.into_diagnostics());
    match scenario.filter(|_| found.iter().all(|it| it.severity != Severity::Error)) {
        Some(scenario) => Ok(scenario),
        None => Err(ConfigError::Invalid(Report::new(name, text, found))),
    }
}

/// Reads a file that has nothing but `[[agent]]`: people beside those who are there, for the roles of a catalogue.
///
/// # Errors
/// Where it can't be read, or anything is wrong with it.
pub fn load_staff(path: &Path, catalogue: &Catalogue) -> Result<Vec<AgentGroup>, ConfigError> {
    let (name, text) = super::read_text(path)?;
    let root = super::parse_toml(&name, &text).map_err(ConfigError::Invalid)?;
    let root = root.get_ref();
    let overrides = Overrides::none();
    let mut reading = Reading::new(&overrides);
    for (key, _) in root.iter().filter(|(key, _)| key.get_ref().as_ref() != "agent") {
        let found = Diagnostic::error(Origin::File(key.span()), format!("there is a `{}` here", key.get_ref()));
        reading.report(found.expected("[[agent]] and nothing else"));
    }
    let groups = staff::read_all(root, catalogue, &mut reading);
    reading.check_role_references(catalogue);
    match reading.into_diagnostics() {
        found if found.is_empty() => Ok(groups),
        found => Err(ConfigError::Invalid(Report::new(&name, &text, found))),
    }
}

fn refuse_both(root: &DeTable<'_>, section: &Section<'_>, reading: &mut Reading<'_>) {
    if let Some(table) = file::CATALOGUE_SECTIONS.into_iter().find(|it| root.contains_key(*it)) {
        let message = format!("a scenario has `catalogue`, and `{table}` of its own");
        let found = Diagnostic::error(section.origin(&CATALOGUE), message);
        reading.report(found.expected("one of the two"));
    }
}

fn read(
    name: &str,
    base: &Path,
    root: &DeTable<'_>,
    section: &Section<'_>,
    catalogue: Catalogue,
    reading: &mut Reading<'_>,
) -> Option<Scenario> {
    let start = section.take(&START, reading).unwrap_or_else(|| DateTime::constant(2026, 1, 5, 0, 0, 0, 0));
    let duration = section.take(&DURATION, reading);
    let warm_up = section.take(&WARM_UP, reading).unwrap_or_default();
    if duration.is_some_and(|duration| warm_up >= duration) {
        let found = Diagnostic::error(section.origin(&WARM_UP), "nothing is left after the warm-up");
        reading.report(found.expected("less than `duration`"));
    }
    let settle = section.take(&SETTLE, reading).unwrap_or(Millis::from_secs(24 * 3_600));
    let replications = section.take(&REPLICATIONS, reading).unwrap_or(10);
    let seed = section.take(&SEED, reading).unwrap_or(1);
    let answer_within = section.take(&ANSWER_WITHIN, reading).unwrap_or(Millis::from_secs(20));
    let agents = staff::read_all(root, &catalogue, reading);
    let arrivals = arrivals::read_all(root, base, &catalogue, reading);
    if let Some(duration) = duration {
        bound_tickets(section, duration, &arrivals, reading);
    }
    reading.check_role_references(&catalogue);
    Some(Scenario {
        name: name.to_owned(),
        start: catalogue.time_zone.first_moment(start),
        catalogue: Arc::new(catalogue),
        duration: duration?,
        warm_up,
        settle,
        replications,
        seed,
        answer_within,
        agents,
        arrivals,
    })
}

/// Refuses a scenario whose runs would have no end that anybody lives to see.
#[expect(clippy::cast_precision_loss, reason = "ten years in milliseconds are below 2^53")]
fn bound_tickets(section: &Section<'_>, duration: Millis, arrivals: &[Arrivals], reading: &mut Reading<'_>) {
    let hours = duration.0 as f64 / 3_600_000.0;
    let tickets = arrivals.iter().map(Arrivals::mean_per_hour).sum::<f64>() * hours;
    if tickets > TICKETS_MAX {
        let message = format!("in this `duration` {tickets:.0} tickets would come by the rates of [[arrivals]]");
        let found = Diagnostic::error(section.origin(&DURATION), message);
        reading.report(found.expected(format!("at most {TICKETS_MAX} tickets: a shorter `duration`, or lower rates")));
    }
}

/// `"2026-01-05"` or `"2026-01-05T08:00"`
#[derive(Debug, Clone, Copy)]
struct StartForm;

impl Form for StartForm {
    type Value = DateTime;

    fn expected(&self) -> String {
        "a day, or a day and a time, such as \"2026-01-05\" or \"2026-01-05T08:00\"".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<DateTime> {
        let text = match node.value {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(moment) => moment.to_string(),
            other => return misfit(self, node, reading, format!("{} is no day", describe(other))),
        };
        let day = || Some(text.parse::<Date>().ok()?.to_datetime(Time::midnight()));
        match text.parse::<DateTime>().ok().or_else(day) {
            Some(start) => Some(start),
            None => misfit(self, node, reading, format!("{text:?} is no day of the calendar")),
        }
    }
}

/// A number that need not be whole, within bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Form for Number {
    type Value = f64;

    fn expected(&self) -> String {
        format!("a number from {} to {}", self.min, self.max)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<f64> {
        let written = match node.value {
            DeValue::Float(written) => written.as_str(),
            DeValue::Integer(written) => written.as_str(),
            other => return misfit(self, node, reading, format!("{} is not a number", describe(other))),
        };
        match written.parse().ok().filter(|number| (self.min..=self.max).contains(number)) {
            Some(number) => Some(number),
            None => misfit(self, node, reading, format!("{written} is out of bounds")),
        }
    }
}

/// A path of another file, from where the scenario is.
fn beside(base: &Path, path: &str) -> PathBuf {
    base.join(path)
}
