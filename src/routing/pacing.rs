//! Pacing: how much an agent is given in how long, so that a backlog does not flood whoever comes online, and a fast
//! worker does not get all the work of a day.
//!
//! An agent remembers when it was last given tickets, no more of them than an allowance counts. Once an allowance is
//! used up the agent is *paced* until the oldest of those falls out of the window; a timer ends that.

use serde::{Deserialize, Serialize};

use super::agent::{Agent, AgentProfile};
use super::catalogue::Catalogue;
use super::state::Ground;
use super::time::{Millis, Timestamp};

/// The most that an allowance counts: so many times are remembered for each agent.
pub const COUNT_MAX: u32 = 1_000;

const HOUR: Millis = Millis::from_secs(3_600);

/// At most so many tickets in any stretch of time so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Allowance {
    /// From 1 to [`COUNT_MAX`].
    pub count: u32,
    /// How long.
    pub window: Millis,
}

impl Allowance {
    /// Until when it is used up by what was given at those times, the earliest first.
    fn used_up_until(self, given_at: &[Timestamp]) -> Option<Timestamp> {
        let oldest = given_at.len().checked_sub(self.count as usize)?;
        given_at.get(oldest).map(|at| *at + self.window)
    }
}

/// How much agents are given, where their registrations say nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pacing {
    /// For the moments after an agent has become free; `None` for at once whatever it has slots for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Allowance>,
    /// In any hour; `None` for as many as there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u32>,
}

impl Pacing {
    /// Whether nobody is paced.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What an agent is allowed.
    #[must_use]
    pub fn allowances(&self, profile: &AgentProfile) -> [Option<Allowance>; 2] {
        let per_hour = profile.per_hour.or(self.per_hour);
        [self.ramp, per_hour.map(|count| Allowance { count, window: HOUR })]
    }
}

/// When an agent was given tickets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Given {
    /// The last times, the earliest first, as many as the largest allowance counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    at: Vec<Timestamp>,
    /// Until when it is paced.
    #[serde(skip_serializing_if = "Option::is_none")]
    paced_until: Option<Timestamp>,
}

impl Given {
    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Until when nothing is given to the agent; the timer of that moment says that it is over.
    #[must_use]
    pub fn paced_until(&self) -> Option<Timestamp> {
        self.paced_until
    }

    /// Takes down that something was given.
    pub(super) fn record(&mut self, at: Timestamp, allowances: [Option<Allowance>; 2]) {
        if allowances == [None, None] && self.is_default() {
            return;
        }
        self.at.push(at);
        self.reckon(at, allowances);
    }

    /// Reckons anew, because the allowances may be others.
    pub(super) fn reckon(&mut self, now: Timestamp, allowances: [Option<Allowance>; 2]) {
        let allowances = || allowances.iter().flatten();
        let remembered = allowances().map(|allowance| allowance.count as usize).max().unwrap_or(0);
        self.at.drain(..self.at.len().saturating_sub(remembered));
        let used_up = allowances().filter_map(|allowance| allowance.used_up_until(&self.at)).max();
        self.paced_until = used_up.filter(|until| *until > now);
    }

    /// The agent may be given work again.
    pub(super) fn end_pace(&mut self) {
        self.paced_until = None;
    }
}

impl Ground {
    /// Reckons everybody's pace anew where the next catalogue has other allowances.
    pub(super) fn reckon_paces(&mut self, next: &Catalogue, at: Timestamp) {
        let pacing = next.agents.pacing;
        if pacing == self.catalogue.agents.pacing {
            return;
        }
        let reckon = |agent: &mut Agent| agent.given.reckon(at, pacing.allowances(&agent.profile));
        self.agents.values_mut().for_each(reckon);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAMP: Allowance = Allowance { count: 2, window: Millis(10) };
    const HOURLY: Allowance = Allowance { count: 3, window: Millis(100) };

    fn given(times: &[i64], allowances: [Option<Allowance>; 2]) -> Given {
        let mut given = Given::default();
        for at in times {
            given.record(Timestamp(*at), allowances);
        }
        given
    }

    #[test]
    fn who_has_used_up_an_allowance_waits_until_the_oldest_falls_out_of_the_window() {
        let paced = |times: &[i64]| given(times, [Some(RAMP), None]).paced_until();
        assert_eq!(paced(&[0]), None);
        assert_eq!(paced(&[0, 4]), Some(Timestamp(10)));
        assert_eq!(paced(&[0, 4, 10]), Some(Timestamp(14)));
        assert_eq!(paced(&[0, 10]), None, "the window is open at its end");
    }

    #[test]
    fn of_two_allowances_the_one_that_lasts_longer_counts() {
        let paced = |times: &[i64]| given(times, [Some(RAMP), Some(HOURLY)]).paced_until();
        assert_eq!(paced(&[0, 4]), Some(Timestamp(10)));
        assert_eq!(paced(&[0, 4, 10]), Some(Timestamp(100)));
    }

    #[test]
    fn no_more_is_remembered_than_an_allowance_counts() {
        assert_eq!(given(&[1, 2, 3, 4, 5], [Some(RAMP), Some(HOURLY)]).at, [3, 4, 5].map(Timestamp));
        assert!(given(&[1, 2, 3], [None, None]).is_default());
    }

    #[test]
    fn other_allowances_count_what_is_remembered() {
        let mut given = given(&[0, 4], [Some(RAMP), None]);
        given.reckon(Timestamp(5), [Some(Allowance { count: 1, ..RAMP }), None]);
        assert_eq!(given.paced_until(), Some(Timestamp(14)));
        given.reckon(Timestamp(5), [None, None]);
        assert_eq!(given.paced_until(), None);
    }
}
