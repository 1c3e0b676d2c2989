//! Who works when, and how they answer.

use crate::config::{AgentGroup, Distribution};
use crate::routing::hours::Hours;
use crate::routing::{AgentId, AgentProfile, Millis, Timestamp};

/// How an agent answers offers.
#[derive(Debug, Clone, PartialEq)]
pub struct Manner {
    /// How long it takes to accept or decline.
    pub answers_after: Distribution,
    /// Which share of offers it misses.
    pub misses: f64,
    /// Which share of the others it declines.
    pub declines: f64,
    /// How soon it is back, when missed offers have turned it away.
    pub back_after: Millis,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            answers_after: Distribution::Fixed(Millis::from_secs(3)),
            misses: 0.0,
            declines: 0.0,
            back_after: Millis::from_secs(60),
        }
    }
}

/// A week of shifts and breaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Week {
    /// The shifts; `None` for always.
    pub shifts: Option<Hours>,
    /// The breaks.
    pub breaks: Hours,
}

/// When an agent is there.
#[derive(Debug, Clone, PartialEq)]
pub enum Presence {
    /// Always.
    Always,
    /// By the week.
    Weekly(Box<Week>),
    /// From and to these moments, in order.
    Stints(Vec<(Timestamp, Timestamp)>),
}

impl Presence {
    /// Whether it is there at that moment.
    pub(super) fn is_there(&self, at: Timestamp) -> bool {
        match self {
            Self::Always => true,
            Self::Weekly(week) => {
                week.shifts.as_ref().is_none_or(|shifts| shifts.is_open(at)) && !week.breaks.is_open(at)
            }
            Self::Stints(stints) => stints.iter().any(|(from, to)| (*from..*to).contains(&at)),
        }
    }

    /// The next moment after that one at which this may change.
    pub(super) fn changes_after(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Always => None,
            Self::Weekly(week) => {
                let Week { shifts, breaks } = week.as_ref();
                let edge = |hours: &Hours| {
                    if hours.is_open(at) { hours.closes_after(at) } else { hours.opens_at(at) }
                };
                let empty = breaks.week.iter().all(std::collections::BTreeSet::is_empty);
                let breaks = (!empty).then(|| edge(breaks));
                shifts.as_ref().map(edge).into_iter().chain(breaks).min()
            }
            Self::Stints(stints) => stints.iter().flat_map(|(from, to)| [*from, *to]).filter(|edge| *edge > at).min(),
        }
    }
}

/// One who works.
#[derive(Debug, Clone, PartialEq)]
pub struct StaffMember {
    /// Its id.
    pub id: AgentId,
    /// What it is for.
    pub profile: AgentProfile,
    /// When it is there.
    pub presence: Presence,
    /// How it answers.
    pub manner: Manner,
}

/// Everybody of some groups.
pub(super) fn of_groups(groups: &[AgentGroup]) -> Vec<StaffMember> {
    let members = |group: &AgentGroup| {
        let presence = if group.shifts.is_none() && group.breaks.week.iter().all(std::collections::BTreeSet::is_empty) {
            Presence::Always
        } else {
            Presence::Weekly(Box::new(Week { shifts: group.shifts.clone(), breaks: group.breaks.clone() }))
        };
        let manner = Manner {
            answers_after: group.answers_after.clone(),
            misses: group.misses,
            declines: group.declines,
            back_after: group.back_after,
        };
        let member = |id: String| StaffMember {
            id: AgentId::parse(&id).expect("a short name and a number are a name"),
            profile: group.profile.clone(),
            presence: presence.clone(),
            manner: manner.clone(),
        };
        group.ids().map(member).collect::<Vec<_>>()
    };
    groups.iter().flat_map(members).collect()
}
