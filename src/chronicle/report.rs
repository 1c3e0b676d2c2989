//! Sums over a period, by whatever is asked for.

use std::collections::BTreeMap;

use redb::{ReadableDatabase, ReadableTable};

use super::cell::Cell;
use super::clock::{AgentClock, HOUR_MS, by_hour, hour};
use super::error::ChronicleError;
use super::store::{AGENTS, BETWEEN, CELLS, Chronicle, decode, through};
use crate::routing::{AgentId, ChannelName, RoleName, Timestamp};

/// By what sums are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// One sum of all.
    #[default]
    Nothing,
    /// By role.
    Role,
    /// By channel.
    Channel,
    /// By agent.
    Agent,
    /// By hour.
    Hour,
    /// By day of UTC.
    Day,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// From the hour in which this lies.
    pub from: Timestamp,
    /// To the end of the hour in which this lies, or this is the end of one.
    pub to: Timestamp,
    /// Of this role alone.
    pub role: Option<RoleName>,
    /// Of this channel alone.
    pub channel: Option<ChannelName>,
    /// Of this agent alone.
    pub agent: Option<AgentId>,
    /// Told apart by this.
    pub by: By,
    /// Roles by the names that they had, and what they are called now: what was counted of the one counts for the other.
    pub successors: BTreeMap<RoleName, RoleName>,
}

/// One sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Of which role, channel, agent, or of the hour or day that begins then; empty where it is of all, or of none.
    pub of: String,
    /// What was counted.
    pub cell: Cell,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// From.
    pub from: Timestamp,
    /// To.
    pub to: Timestamp,
    /// The sums, by what they are of.
    pub rows: Vec<Row>,
    /// The number of the last event that is in it.
    pub through: u64,
}

impl Chronicle {
    /// Adds up a period. Whoever is online or at work at its end counts up to `now`.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn report(&self, query: &Query, now: Timestamp) -> Result<Report, ChronicleError> {
        let (first, end) = (hour(query.from), (query.to.0 + HOUR_MS - 1).div_euclid(HOUR_MS));
        let transaction = self.database.begin_read().map_err(ChronicleError::of("be read"))?;
        let through = through(&transaction)?;
        let cells = transaction.open_table(CELLS).map_err(ChronicleError::of("be read"))?;
        let mut sums: BTreeMap<String, Cell> = BTreeMap::new();
        for found in cells.range((first, "")..(end, "")).map_err(ChronicleError::of("be read"))? {
            let (key, value) = found.map_err(ChronicleError::of("be read"))?;
            let (hour, name) = key.value();
            if let Some(of) = query.of(hour, name) {
                sums.entry(of).or_default().add(&decode(value.value())?);
            }
        }
        let agents = transaction.open_table(AGENTS).map_err(ChronicleError::of("be read"))?;
        for found in agents.iter().map_err(ChronicleError::of("be read"))? {
            let (agent, clock) = found.map_err(ChronicleError::of("be read"))?;
            let clock: AgentClock = decode(clock.value())?;
            let name = format!("{BETWEEN}{BETWEEN}{}", agent.value());
            for (since, is_online) in [(clock.online_since, true), (clock.busy_since, false)] {
                let Some(since) = since else { continue };
                for (hour, length) in by_hour(since, now.max(since)).filter(|(hour, _)| (first..end).contains(hour)) {
                    let Some(of) = query.of(hour, &name) else { continue };
                    let cell = sums.entry(of).or_default();
                    *(if is_online { &mut cell.online_ms } else { &mut cell.busy_ms }) += length;
                }
            }
        }
        let rows = sums.into_iter().map(|(of, cell)| Row { of, cell }).collect();
        Ok(Report { from: Timestamp(first * HOUR_MS), to: Timestamp(end * HOUR_MS), rows, through })
    }
}

impl Query {
    /// Into which sum a cell goes; `None` where it does not count.
    fn of(&self, hour: i64, name: &str) -> Option<String> {
        let mut parts = name.split(BETWEEN);
        let (role, channel, agent) = (self.role_of(parts.next()?)?, parts.next()?, parts.next()?);
        let counts = self.channel.as_ref().is_none_or(|it| it.as_str() == channel)
            && self.agent.as_ref().is_none_or(|it| it.as_str() == agent);
        let of = match self.by {
            By::Nothing => String::new(),
            By::Role => role.to_owned(),
            By::Channel => channel.to_owned(),
            By::Agent => agent.to_owned(),
            By::Hour => moment(hour * HOUR_MS),
            By::Day => moment(hour.div_euclid(24) * 24 * HOUR_MS),
        };
        counts.then_some(of)
    }

    /// For which role something counts that was counted under that name: for the one that is asked for by the name itself, or
    /// for the one that the role is now. `None` where another role is asked for.
    fn role_of<'n>(&'n self, counted: &'n str) -> Option<&'n str> {
        let now = || RoleName::parse(counted).ok().and_then(|role| self.successors.get(&role)).map(RoleName::as_str);
        match &self.role {
            Some(asked) if asked.as_str() == counted => Some(counted),
            Some(asked) => now().filter(|now| *now == asked.as_str()),
            None => Some(now().unwrap_or(counted)),
        }
    }
}

fn moment(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| String::new(), |moment| moment.to_string())
}
