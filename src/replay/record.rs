//! A log's lines as records of tickets.

use std::io::Read;

use csv::StringRecord;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::routing::{Millis, RoleName, Timestamp};

use super::mapping::{Condition, From, Mapping};

/// The most records that are read: a year of a large contact centre, in some gigabytes of memory.
const RECORDS_MAX: usize = 10_000_000;

/// Why a log can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no CSV.
    #[error("not CSV")]
    Csv(#[from] csv::Error),
    /// The mapping names a column that is not there.
    #[error("there is no column {0:?}")]
    NoColumn(String),
    /// A value is not what it should be.
    #[error("line {line}, column {column:?}: expected {expected}, found {found:?}")]
    Value {
        /// Counted from one, the header included.
        line: u64,
        /// By its name.
        column: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// There are too many.
    #[error("more than {RECORDS_MAX} records")]
    TooMany,
}

/// One recorded ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub ticket: String,
    /// Its type.
    pub kind: Option<String>,
    /// How it came.
    pub channel: String,
    /// For which role.
    pub role: Option<String>,
    /// As `ticket.created` spells it.
    pub priority: Option<String>,
    /// When it came.
    pub created_at: Timestamp,
    /// How long it waited.
    pub wait: Millis,
    /// How long somebody worked on it; zero where nobody did.
    pub service: Millis,
    /// Whether the customer went away after `wait`.
    pub is_abandoned: bool,
    /// Who served.
    pub agent: Option<String>,
}

/// A span of recorded time; the end is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

impl Default for Window {
    fn default() -> Self {
        Self { from: Timestamp(i64::MIN), to: Timestamp(i64::MAX) }
    }
}

/// A moment as logs spell it: RFC 3339, or a date, with or without a time, in UTC.
#[must_use]
pub fn parse_moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let civil = || {
        text.parse::<DateTime>()
            .ok()
            .or_else(|| Some(text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight())))
    };
    let at = text
        .parse::<jiff::Timestamp>()
        .ok()
        .or_else(|| civil()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp()))?;
    Some(Timestamp(at.as_millisecond()))
}

/// Reads the tickets of a window, in the order in which they came.
///
/// # Errors
/// Where the log and the mapping do not fit.
pub fn read_records(log: impl Read, mapping: &Mapping, window: Window) -> Result<Vec<Record>, ReadError> {
    let mut reader = csv::Reader::from_reader(log);
    let header = reader.headers()?.clone();
    let mut records = Vec::new();
    for line in reader.into_records() {
        let line = Line { header: &header, record: line? };
        if line.matches_any(&mapping.skip)? {
            continue;
        }
        let record = line.record(mapping)?;
        if (window.from..window.to).contains(&record.created_at) {
            records.push(record);
        }
        if records.len() > RECORDS_MAX {
            return Err(ReadError::TooMany);
        }
    }
    records.sort_by_key(|record| record.created_at);
    Ok(records)
}

/// One line of a log.
struct Line<'a> {
    header: &'a StringRecord,
    record: StringRecord,
}

impl Line<'_> {
    fn record(&self, mapping: &Mapping) -> Result<Record, ReadError> {
        let ticket = &mapping.ticket;
        let optional = |from: &Option<From>| from.as_ref().map(|from| self.value(from)).transpose();
        // An empty cell says nothing.
        let named = |from: &Option<From>| -> Result<Option<String>, ReadError> {
            let value = optional(from)?.filter(|value| !value.is_empty());
            value.map(|value| self.name(from.as_ref(), value)).transpose()
        };
        let created = self.cell(&ticket.created)?;
        let created_at =
            parse_moment(created).ok_or_else(|| self.wrong(&ticket.created, "a date and time", created))?;
        let agent = self.cell(&mapping.agent.column)?;
        Ok(Record {
            ticket: self.value(&ticket.id)?,
            kind: named(&ticket.kind)?,
            channel: self.name(Some(&ticket.channel), self.value(&ticket.channel)?)?,
            role: named(&ticket.role)?,
            priority: optional(&ticket.priority)?,
            created_at,
            wait: ticket.wait_s.as_deref().map_or(Ok(Millis::ZERO), |column| self.seconds(column))?,
            service: self.seconds(&ticket.service_s)?,
            is_abandoned: mapping.abandoned.as_ref().map_or(Ok(false), |condition| self.matches(condition))?,
            agent: Some(agent.to_owned()).filter(|agent| !mapping.agent.nobody.contains(agent)),
        })
    }

    fn cell(&self, column: &str) -> Result<&str, ReadError> {
        let index = self.header.iter().position(|name| name == column);
        let index = index.ok_or_else(|| ReadError::NoColumn(column.to_owned()))?;
        Ok(self.record.get(index).unwrap_or_default().trim())
    }

    fn value(&self, from: &From) -> Result<String, ReadError> {
        match from {
            From::Column(column) => self.cell(column).map(str::to_owned),
            From::Constant { value } => Ok(value.clone()),
            From::Mapped { column, map, default } => {
                let cell = self.cell(column)?;
                let value = map.get(cell).or(default.as_ref());
                value.cloned().ok_or_else(|| self.wrong(column, "one of the values in the mapping", cell))
            }
        }
    }

    /// A value that is to be a name: types, channels and roles are bounded alike.
    fn name(&self, from: Option<&From>, value: String) -> Result<String, ReadError> {
        let column = match from {
            Some(From::Column(column) | From::Mapped { column, .. }) => column,
            Some(From::Constant { .. }) | None => "value",
        };
        match RoleName::parse(&value) {
            Ok(_) => Ok(value),
            Err(_) => Err(self.wrong(column, "a name of 1 to 128 bytes without control characters", &value)),
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds within a thousand years")]
    fn seconds(&self, column: &str) -> Result<Millis, ReadError> {
        let cell = self.cell(column)?;
        let seconds: Option<f64> = if cell.is_empty() { Some(0.0) } else { cell.parse().ok() };
        let seconds = seconds.filter(|seconds| (0.0..1e10).contains(seconds));
        seconds
            .map(|seconds| Millis((seconds * 1_000.0) as u64))
            .ok_or_else(|| self.wrong(column, "a number of seconds", cell))
    }

    fn matches(&self, condition: &Condition) -> Result<bool, ReadError> {
        let cell = self.cell(&condition.column)?;
        Ok(condition.is.iter().any(|value| value == cell))
    }

    fn matches_any(&self, conditions: &[Condition]) -> Result<bool, ReadError> {
        for condition in conditions {
            if self.matches(condition)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn wrong(&self, column: &str, expected: &'static str, found: &str) -> ReadError {
        let line = self.record.position().map_or(0, csv::Position::line);
        ReadError::Value { line, column: column.to_owned(), expected, found: found.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: &str = include_str!("../../tests/replay/calls.csv");

    fn mapping(name: &str) -> Mapping {
        let path = format!("{}/deploy/replay/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        Mapping::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn calls_are_read_as_the_mapping_says() {
        let records = read_records(CALLS.as_bytes(), &mapping("bank"), Window::default()).unwrap();
        assert_eq!(
            records.iter().map(|record| record.ticket.as_str()).collect::<Vec<_>>(),
            ["c1", "c2", "c3", "c4", "c6", "c7"]
        );
        let vip = &records[2];
        assert_eq!((vip.role.as_deref(), vip.priority.as_deref()), (Some("regular"), Some("high")));
        assert_eq!(
            (vip.channel.as_str(), vip.service, vip.agent.as_deref()),
            ("call", Millis::from_secs(90), Some("ADA"))
        );
        let gone = &records[3];
        assert_eq!((gone.is_abandoned, gone.wait, gone.agent.as_deref()), (true, Millis::from_secs(40), None));
    }

    #[test]
    fn a_window_takes_what_came_in_it() {
        let window =
            Window { from: parse_moment("2026-03-02T08:01").unwrap(), to: parse_moment("2026-03-03").unwrap() };
        let records = read_records(CALLS.as_bytes(), &mapping("bank"), window).unwrap();
        assert_eq!(records.iter().map(|record| record.ticket.as_str()).collect::<Vec<_>>(), ["c3", "c4", "c6"]);
    }

    #[test]
    fn incidents_are_read_as_the_mapping_says() {
        let incidents = "SR Number,type,priority,created,closed,first_group,last_group,agent,events,groups,max_level,queued_s,in_progress_s,wait_user_s\n\
            1-1,PROD1,Medium,2012-05-01 14:59:42+00:00,2012-05-10 23:26:15+00:00,A,B,fr-Unit,17,3,L3,1703960.0,2891.5,0.0\n";
        let records = read_records(incidents.as_bytes(), &mapping("bpi2013"), Window::default()).unwrap();
        assert_eq!(records[0].role.as_deref(), Some("third-line"));
        assert_eq!(
            (records[0].service, records[0].created_at),
            (Millis(2_891_500), parse_moment("2012-05-01T14:59:42Z").unwrap())
        );
    }

    #[test]
    fn what_does_not_fit_is_named_by_line_and_column() {
        let mapping = mapping("bank");
        for (from, to, expected) in [
            (
                "2026-03-02T08:00:30",
                "yesterday",
                r#"line 3, column "created": expected a date and time, found "yesterday""#,
            ),
            (",120,ADA", ",two minutes,ADA", r#"line 2, column "service_s": expected a number of seconds"#),
            ("c6,NE", "c6,XX", r#"line 7, column "type": expected one of the values in the mapping, found "XX""#),
            ("outcome", "result", r#"there is no column "outcome""#),
        ] {
            let log = CALLS.replacen(from, to, 1);
            let error = read_records(log.as_bytes(), &mapping, Window::default()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_mapping_with_a_key_that_nobody_knows_is_refused() {
        let error = Mapping::parse("[ticket]\nidd = \"x\"").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("idd"), "{error}");
    }
}
