//! What several runs say together.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::figures::{GroupKind, GroupName, HourFigures, HourTally, Measure, Tally};
use super::interval::Estimate;
use super::scene::Scene;

/// Some tickets, and all that is told of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupReport {
    /// Which.
    #[serde(flatten)]
    pub name: GroupName,
    /// What there is to tell.
    #[serde(serialize_with = "by_name")]
    pub measures: BTreeMap<Measure, Estimate>,
    /// The same, run by run, for comparisons.
    #[serde(skip)]
    pub runs: BTreeMap<Measure, Vec<Option<f64>>>,
}

fn by_name<S: Serializer>(measures: &BTreeMap<Measure, Estimate>, to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(measures.len()))?;
    for (measure, estimate) in measures {
        map.serialize_entry(measure.described().0, estimate)?;
    }
    map.end()
}

/// What is told of an agent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgentReport {
    /// Who.
    pub agent: String,
    /// Time in work and wrap-up, of the time in which it is there.
    pub occupancy: Option<Estimate>,
    /// The same, run by run.
    #[serde(skip)]
    pub runs: Vec<Option<f64>>,
    /// Tickets of a run.
    pub answered: Option<Estimate>,
}

/// What is told of an hour of the day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HourReport {
    /// From 0 to 23, by the clock of the catalogue.
    pub hour: u8,
    /// Tickets that came in it, in a run.
    pub arrived: Option<Estimate>,
    /// How long those waited who were answered.
    pub wait_mean_s: Option<Estimate>,
    /// Answered in time.
    pub in_time_share: Option<Estimate>,
    /// Hung up.
    pub abandon_share: Option<Estimate>,
}

/// What several runs say together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What was played.
    pub scenario: String,
    /// How often.
    pub replications: u32,
    /// With which seed.
    pub seed: u64,
    /// How long it took, on the clock on the wall.
    pub took_s: f64,
    /// Tickets of all runs together, those of the warm-up included.
    pub tickets: u64,
    /// The time that counts in one run.
    pub counted_s: f64,
    /// All tickets, by source, and by role and channel.
    pub groups: Vec<GroupReport>,
    /// Every agent.
    pub agents: Vec<AgentReport>,
    /// The hours of the day in which somebody came.
    pub hours: Vec<HourReport>,
    /// Waits of those who were answered, of all runs: how long, and which share waited no longer.
    pub distribution: Vec<(f64, f64)>,
}

/// How many points a curve of waits has.
const CURVE_POINTS: usize = 100;

impl Report {
    pub(super) fn of(scene: &Scene, tallies: &[Tally], took: Duration) -> Self {
        let mut names: Vec<GroupName> =
            tallies.iter().flat_map(|it| it.groups.iter().map(|(name, _)| name.clone())).collect();
        names.sort_by(|a, b| (a.kind, &a.role, &a.channel).cmp(&(b.kind, &b.role, &b.channel)));
        // Sources stay in the order of the scenario: sorting is stable, and each run has all of them.
        let mut seen: Vec<GroupName> = Vec::new();
        names.retain(|name| {
            let is_new = !seen.contains(name);
            if is_new {
                seen.push(name.clone());
            }
            is_new
        });
        Self {
            scenario: scene.name.clone(),
            replications: scene.replications,
            seed: scene.seed,
            took_s: took.as_secs_f64(),
            tickets: tallies.iter().map(|tally| tally.tickets).sum(),
            counted_s: scene.counted_to.since(scene.counted_from).0 as f64 / 1_000.0,
            groups: names.into_iter().map(|name| group(name, tallies)).collect(),
            agents: scene.staff.iter().enumerate().map(|(number, it)| agent(it.id.as_str(), number, tallies)).collect(),
            hours: (0..24).filter_map(|number| hour(number, tallies)).collect(),
            distribution: curve(tallies),
        }
    }

    /// Tickets a second of one thread's time would be this divided by the threads.
    #[must_use]
    pub fn tickets_per_second(&self) -> f64 {
        self.tickets as f64 / self.took_s.max(1e-9)
    }

    /// A group by its kind and name.
    #[must_use]
    pub fn group(&self, kind: GroupKind, name: &str) -> Option<&GroupReport> {
        self.groups.iter().find(|group| group.name.kind == kind && group.name.name == name)
    }

    /// All tickets together.
    #[must_use]
    pub fn all(&self) -> Option<&GroupReport> {
        self.group(GroupKind::All, "all")
    }
}

impl GroupReport {
    /// A figure, where there is one.
    #[must_use]
    pub fn get(&self, measure: Measure) -> Option<Estimate> {
        self.measures.get(&measure).copied()
    }
}

fn estimate(values: impl Iterator<Item = Option<f64>>) -> Option<Estimate> {
    Estimate::of(&values.flatten().collect::<Vec<f64>>())
}

fn group(name: GroupName, tallies: &[Tally]) -> GroupReport {
    let runs: BTreeMap<Measure, Vec<Option<f64>>> = Measure::ALL
        .into_iter()
        .map(|measure| (measure, tallies.iter().map(|tally| tally.measure(&name, measure)).collect()))
        .collect();
    let measures = runs
        .iter()
        .filter_map(|(measure, values): (_, &Vec<Option<f64>>)| Some((*measure, estimate(values.iter().copied())?)))
        .collect();
    GroupReport { name, measures, runs }
}

fn agent(id: &str, number: usize, tallies: &[Tally]) -> AgentReport {
    let runs: Vec<Option<f64>> = tallies.iter().map(|tally| tally.agents[number].occupancy()).collect();
    AgentReport {
        agent: id.to_owned(),
        occupancy: estimate(runs.iter().copied()),
        runs,
        answered: estimate(tallies.iter().map(|tally| Some(tally.agents[number].answered as f64))),
    }
}

fn hour(number: usize, tallies: &[Tally]) -> Option<HourReport> {
    let of = |value: fn(HourFigures) -> Option<f64>| {
        estimate(tallies.iter().map(|tally| value(HourTally::figures(tally.hours[number]))))
    };
    let arrived = of(|hour| Some(hour.arrived)).filter(|arrived| arrived.mean > 0.0)?;
    Some(HourReport {
        hour: number as u8,
        arrived: Some(arrived),
        wait_mean_s: of(|hour| hour.wait_mean_s),
        in_time_share: of(|hour| hour.in_time),
        abandon_share: of(|hour| hour.abandon_share),
    })
}

fn curve(tallies: &[Tally]) -> Vec<(f64, f64)> {
    let all = |tally: &Tally| tally.groups.first().map(|(_, group)| group.waits_ms.clone()).unwrap_or_default();
    let mut waits: Vec<u32> = tallies.iter().flat_map(all).collect();
    waits.sort_unstable();
    let point = |place: usize| {
        let rank = (waits.len() * place).div_ceil(CURVE_POINTS).max(1);
        let wait = waits.get(rank - 1)?;
        Some((f64::from(*wait) / 1_000.0, place as f64 / CURVE_POINTS as f64))
    };
    (0..=CURVE_POINTS).filter_map(point).collect()
}
