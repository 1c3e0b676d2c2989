//! The figures of one run.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::routing::{ChannelName, RoleName};

/// By what tickets are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// All tickets together.
    All,
    /// By where they come from.
    Source,
    /// By role and channel.
    Role,
}

/// Which tickets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GroupName {
    /// By what they are grouped.
    pub kind: GroupKind,
    /// For people.
    pub name: String,
    /// Their role as they came, of a group by role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleName>,
    /// Their channel, of a group by role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
}

/// What is counted of some tickets.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct GroupTally {
    pub(super) arrived: u64,
    /// Of those who were answered, the shortest first when the books are closed.
    pub(super) waits_ms: Vec<u32>,
    pub(super) in_time: u64,
    pub(super) by_others: u64,
    pub(super) by_first_rank: u64,
    pub(super) abandoned: u64,
    pub(super) abandoned_late: u64,
    pub(super) abandoned_wait_ms: u64,
    pub(super) turned_away: u64,
    pub(super) turned_away_at_once: u64,
    pub(super) turned_away_wait_ms: u64,
    pub(super) left: u64,
    pub(super) returned: u64,
    pub(super) overflows: u64,
    pub(super) missed: u64,
    pub(super) declined: u64,
    pub(super) queue_ms: u64,
}

/// What is counted of an agent.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct AgentTally {
    pub(super) answered: u64,
    pub(super) busy_ms: f64,
    pub(super) there_ms: u64,
    pub(super) roles: BTreeSet<RoleName>,
}

impl AgentTally {
    /// Which share of the time in which it was there it worked or wrapped up.
    pub(super) fn occupancy(&self) -> Option<f64> {
        (self.there_ms > 0).then(|| self.busy_ms / self.there_ms as f64)
    }
}

/// What is counted of an hour of the day, by when tickets came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct HourTally {
    pub(super) arrived: u64,
    pub(super) answered: u64,
    pub(super) in_time: u64,
    pub(super) abandoned: u64,
    pub(super) wait_ms: u64,
}

/// What came of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    pub(super) groups: Vec<(GroupName, GroupTally)>,
    pub(super) agents: Vec<AgentTally>,
    pub(super) hours: Vec<HourTally>,
    /// All tickets that came, counted or not.
    pub(super) tickets: u64,
    /// The time that counts.
    pub(super) counted_ms: u64,
}

/// In what a figure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A count of a run.
    Count,
    /// Seconds.
    Seconds,
    /// From 0 to 1.
    Share,
}

/// One figure of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "`meaning` says it, in the reference too")]
pub enum Measure {
    Arrived,
    Answered,
    Abandoned,
    TurnedAway,
    LeftWaiting,
    Returned,
    WaitMean,
    WaitMedian,
    WaitP90,
    WaitP99,
    WaitMeanAll,
    WaitMeanAbandoned,
    WaitMeanWaited,
    ShareWaiting,
    ServiceLevel,
    InTime,
    AbandonShare,
    TurnedAwayShare,
    OverflowShare,
    ByOthersShare,
    FirstRankShare,
    Missed,
    Declined,
    QueueLength,
    Occupancy,
}

impl Measure {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 25] = [
        Self::Arrived,
        Self::Answered,
        Self::Abandoned,
        Self::TurnedAway,
        Self::LeftWaiting,
        Self::Returned,
        Self::WaitMean,
        Self::WaitMedian,
        Self::WaitP90,
        Self::WaitP99,
        Self::WaitMeanAll,
        Self::WaitMeanAbandoned,
        Self::WaitMeanWaited,
        Self::ShareWaiting,
        Self::ServiceLevel,
        Self::InTime,
        Self::AbandonShare,
        Self::TurnedAwayShare,
        Self::OverflowShare,
        Self::ByOthersShare,
        Self::FirstRankShare,
        Self::Missed,
        Self::Declined,
        Self::QueueLength,
        Self::Occupancy,
    ];

    /// As JSON calls it, its unit, and what it means.
    #[must_use]
    pub fn described(self) -> (&'static str, Unit, &'static str) {
        use Unit::{Count, Seconds, Share};
        match self {
            Self::Arrived => ("arrived", Count, "tickets that came"),
            Self::Answered => ("answered", Count, "tickets that an agent had"),
            Self::Abandoned => ("abandoned", Count, "customers who hung up before that"),
            Self::TurnedAway => {
                ("turned_away", Count, "tickets that the catalogue ended: queue full, closed, waited too long")
            }
            Self::LeftWaiting => {
                ("left_waiting", Count, "tickets that still waited when it was over; in none of the waits")
            }
            Self::Returned => ("returned", Count, "customers who came back after having hung up"),
            Self::WaitMean => ("wait_mean_s", Seconds, "wait of those who were answered, mean"),
            Self::WaitMedian => ("wait_median_s", Seconds, "the same, half of them wait longer"),
            Self::WaitP90 => ("wait_p90_s", Seconds, "the same, a tenth waits longer"),
            Self::WaitP99 => ("wait_p99_s", Seconds, "the same, a hundredth waits longer"),
            Self::WaitMeanAll => {
                ("wait_mean_all_s", Seconds, "wait of all, answered or not, who were not turned away at once; mean")
            }
            Self::WaitMeanAbandoned => ("wait_mean_abandoned_s", Seconds, "wait of those who hung up, mean"),
            Self::WaitMeanWaited => {
                ("wait_mean_waited_s", Seconds, "wait of those who were answered and not at once, mean")
            }
            Self::ShareWaiting => {
                ("share_waiting", Share, "who were not answered at once, of all who were not turned away at once")
            }
            Self::ServiceLevel => {
                ("service_level", Share, "answered in time, of those answered or hung up after that time")
            }
            Self::InTime => {
                ("in_time_share", Share, "answered in time, of all who came and were not turned away at once")
            }
            Self::AbandonShare => ("abandon_share", Share, "hung up, of all who came"),
            Self::TurnedAwayShare => ("turned_away_share", Share, "turned away, of all who came"),
            Self::OverflowShare => ("overflows_per_ticket", Share, "overflow steps and diversions per ticket"),
            Self::ByOthersShare => {
                ("by_others_share", Share, "answered for another role than the ticket's own, of those answered")
            }
            Self::FirstRankShare => {
                ("first_rank_share", Share, "answered by an agent whose rank in the role is 1, of those answered")
            }
            Self::Missed => ("offers_missed", Count, "offers that nobody answered"),
            Self::Declined => ("offers_declined", Count, "offers that were declined"),
            Self::QueueLength => ("queue_length", Count, "tickets that wait, on average over time"),
            Self::Occupancy => (
                "occupancy",
                Share,
                "agents' time in work and wrap-up, of the time in which they are there; of a role, all work of the agents who have it",
            ),
        }
    }
}

/// A part of a whole, where there is a whole.
fn part(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl GroupTally {
    fn answered(&self) -> u64 {
        self.waits_ms.len() as u64
    }

    /// Who had to be answered or to give up.
    fn let_in(&self) -> u64 {
        self.answered() + self.abandoned + self.turned_away - self.turned_away_at_once
    }

    fn waited_ms(&self) -> u64 {
        self.waits_ms.iter().map(|it| u64::from(*it)).sum()
    }

    fn percentile(&self, percent: usize) -> Option<f64> {
        // The smallest value that so many do not exceed.
        let rank = (self.waits_ms.len() * percent).div_ceil(100).max(1);
        self.waits_ms.get(rank - 1).map(|ms| f64::from(*ms) / 1_000.0)
    }
}

impl Tally {
    /// A figure of a group; `None` where there is nothing to tell. A group of which nothing came is one of no tickets: runs
    /// without any count as much as the others.
    pub(super) fn measure(&self, name: &GroupName, measure: Measure) -> Option<f64> {
        let absent = GroupTally::default();
        let group = self.groups.iter().find(|(other, _)| other == name).map_or(&absent, |(_, group)| group);
        let seconds = |ms: Option<f64>| ms.map(|ms| ms / 1_000.0);
        let at_once = group.waits_ms.partition_point(|ms| *ms == 0) as u64;
        let not_answered_ms = group.abandoned_wait_ms + group.turned_away_wait_ms;
        match measure {
            Measure::Arrived => Some(group.arrived as f64),
            Measure::Answered => Some(group.answered() as f64),
            Measure::Abandoned => Some(group.abandoned as f64),
            Measure::TurnedAway => Some(group.turned_away as f64),
            Measure::LeftWaiting => Some(group.left as f64),
            Measure::Returned => Some(group.returned as f64),
            Measure::WaitMean => seconds(part(group.waited_ms(), group.answered())),
            Measure::WaitMedian => group.percentile(50),
            Measure::WaitP90 => group.percentile(90),
            Measure::WaitP99 => group.percentile(99),
            Measure::WaitMeanAll => seconds(part(group.waited_ms() + not_answered_ms, group.let_in())),
            Measure::WaitMeanAbandoned => seconds(part(group.abandoned_wait_ms, group.abandoned)),
            Measure::WaitMeanWaited => seconds(part(group.waited_ms(), group.answered() - at_once)),
            Measure::ShareWaiting => part(group.let_in() - at_once, group.let_in()),
            Measure::ServiceLevel => part(group.in_time, group.answered() + group.abandoned_late),
            Measure::InTime => part(group.in_time, group.let_in()),
            Measure::AbandonShare => part(group.abandoned, group.arrived),
            Measure::TurnedAwayShare => part(group.turned_away, group.arrived),
            Measure::OverflowShare => part(group.overflows, group.arrived),
            Measure::ByOthersShare => part(group.by_others, group.answered()),
            Measure::FirstRankShare => part(group.by_first_rank, group.answered()),
            Measure::Missed => Some(group.missed as f64),
            Measure::Declined => Some(group.declined as f64),
            Measure::QueueLength => part(group.queue_ms, self.counted_ms),
            Measure::Occupancy => self.occupancy(name),
        }
    }

    fn occupancy(&self, name: &GroupName) -> Option<f64> {
        let counts = |agent: &&AgentTally| match (name.kind, &name.role) {
            (GroupKind::All, _) => true,
            (GroupKind::Role, Some(role)) => agent.roles.contains(role),
            (GroupKind::Source | GroupKind::Role, _) => false,
        };
        let (busy, there) = self
            .agents
            .iter()
            .filter(counts)
            .fold((0.0, 0_u64), |(busy, there), agent| (busy + agent.busy_ms, there + agent.there_ms));
        (there > 0).then(|| busy / there as f64)
    }
}

/// The figures of an hour of the day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HourFigures {
    /// Tickets that came.
    pub arrived: f64,
    /// How long those waited who were answered.
    pub wait_mean_s: Option<f64>,
    /// Answered in time, of those answered or gone.
    pub in_time: Option<f64>,
    /// Hung up, of all who came.
    pub abandon_share: Option<f64>,
}

impl HourTally {
    pub(super) fn figures(self) -> HourFigures {
        HourFigures {
            arrived: self.arrived as f64,
            wait_mean_s: part(self.wait_ms, self.answered).map(|ms| ms / 1_000.0),
            in_time: part(self.in_time, self.answered + self.abandoned),
            abandon_share: part(self.abandoned, self.arrived),
        }
    }
}
