//! How many agents a role needs in which hour: by theory, and confirmed by the engine itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::config::{Arrivals, Distribution, Scenario, When};
use crate::routing::{AgentId, AgentProfile, Command, Engine, Event, Identity, Millis, RoleName, TicketId, Timestamp};

use super::erlang::{Load, agents_for};
use super::figures::{GroupKind, Measure};
use super::interval::Estimate;
use super::report::Report;
use super::scene::Scene;
use super::staff::{Manner, Presence, StaffMember};

/// An hour.
const HOUR: Millis = Millis::from_secs(3_600);
/// The most hours that are looked at: a month.
const HOURS_MAX: usize = 24 * 31;

/// A share of tickets that is to be answered in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// From 0 to 1.
    pub share: f64,
    /// How soon.
    pub within: Millis,
}

/// What an hour needs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Need {
    /// Tickets that come in it.
    pub arrivals: f64,
    /// Agents by whom the target is met.
    pub agents: u32,
    /// The share that they answer in time, by theory.
    pub in_time: f64,
}

/// How many agents are needed.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The beginning of each hour.
    pub hours: Vec<Timestamp>,
    /// For each role, its own agents hour by hour.
    pub dedicated: BTreeMap<RoleName, Vec<Need>>,
    /// Agents who have all of these roles, hour by hour.
    pub pooled: Vec<Need>,
}

/// What comes to a role in an hour.
#[derive(Debug, Clone, Copy, Default)]
struct Work {
    arrivals: f64,
    handle_ms: f64,
    /// Hang-ups of an hour's waiting, weighed by arrivals; none of those who wait without end.
    hang_ups: f64,
}

impl Work {
    fn add(&mut self, arrivals: f64, handle_ms: f64, patience_ms: Option<f64>) {
        self.arrivals += arrivals;
        self.handle_ms += arrivals * handle_ms;
        self.hang_ups += patience_ms.map_or(0.0, |patience| arrivals / patience.max(1.0));
    }

    fn need(self, target: Target) -> Option<Need> {
        if self.arrivals <= 0.0 {
            return Some(Need { arrivals: 0.0, agents: 0, in_time: 1.0 });
        }
        let patience = (self.hang_ups > 0.0).then(|| self.arrivals / self.hang_ups);
        let load = Load { arrivals: self.arrivals / HOUR.0 as f64, handle: self.handle_ms / self.arrivals, patience };
        let (agents, in_time) = agents_for(load, target.share, target.within.0 as f64)?;
        Some(Need { arrivals: self.arrivals, agents, in_time })
    }
}

impl Plan {
    /// The longest scenario of which every hour is planned.
    pub const LENGTH_MAX: Millis = Millis(HOUR.0 * HOURS_MAX as u64);

    /// The agents that a scenario's arrivals need, hour by hour of its first [`Self::LENGTH_MAX`]. `None` where no number of agents would do.
    #[must_use]
    pub fn of(scenario: &Scenario, target: Target) -> Option<Self> {
        let count = (scenario.duration.0.div_ceil(HOUR.0) as usize).clamp(1, HOURS_MAX);
        let hours: Vec<Timestamp> = (0..count).map(|hour| scenario.start + Millis(HOUR.0 * hour as u64)).collect();
        let roles = roles_of(scenario);
        let mut work: BTreeMap<RoleName, Vec<Work>> = BTreeMap::new();
        let mut all = vec![Work::default(); count];
        for (arrivals, role) in scenario.arrivals.iter().zip(roles) {
            let Some(role) = role else { continue };
            let of_role = work.entry(role).or_insert_with(|| vec![Work::default(); count]);
            let (handle, patience) = (arrivals.handle.mean_ms(), arrivals.patience.as_ref().map(Distribution::mean_ms));
            for (place, hour) in hours.iter().enumerate() {
                let arrivals = per_hour(arrivals, *hour, scenario);
                of_role[place].add(arrivals, handle, patience);
                all[place].add(arrivals, handle, patience);
            }
        }
        let needs = |work: Vec<Work>| work.into_iter().map(|hour| hour.need(target)).collect::<Option<Vec<Need>>>();
        let dedicated = work.into_iter().map(|(role, work)| Some((role, needs(work)?))).collect::<Option<_>>()?;
        Some(Self { hours, dedicated, pooled: needs(all)? })
    }

    /// Hours of agents, each role with its own, and all together.
    #[must_use]
    pub fn agent_hours(&self) -> (u32, u32) {
        let sum = |needs: &[Need]| needs.iter().map(|need| need.agents).sum::<u32>();
        (self.dedicated.values().map(|needs| sum(needs)).sum(), sum(&self.pooled))
    }

    /// The scenario with the agents of the plan, each role with its own.
    #[must_use]
    pub fn dedicated_scene(&self, scenario: &Scenario) -> Scene {
        let staff = self.dedicated.iter().flat_map(|(role, needs)| self.staff(role.as_str(), [role.clone()], needs));
        Scene { name: "each role its own".to_owned(), staff: staff.collect(), ..Scene::of(scenario) }
    }

    /// The scenario with agents who have all roles.
    #[must_use]
    pub fn pooled_scene(&self, scenario: &Scenario) -> Scene {
        let roles: Vec<RoleName> = self.dedicated.keys().cloned().collect();
        let staff = self.staff("pool", roles, &self.pooled);
        Scene { name: "all roles for all".to_owned(), staff, ..Scene::of(scenario) }
    }

    /// So many agents in each hour, the first of them in most.
    fn staff(&self, name: &str, roles: impl IntoIterator<Item = RoleName>, needs: &[Need]) -> Vec<StaffMember> {
        let profile = AgentProfile::of_roles(roles);
        let most = needs.iter().map(|need| need.agents).max().unwrap_or_default();
        let member = |number: u32| {
            let mut stints: Vec<(Timestamp, Timestamp)> = Vec::new();
            for (hour, _) in self.hours.iter().zip(needs).filter(|(_, need)| need.agents >= number) {
                match stints.last_mut().filter(|(_, to)| to == hour) {
                    Some((_, to)) => *to = *hour + HOUR,
                    None => stints.push((*hour, *hour + HOUR)),
                }
            }
            let id: String = format!("{number} {name}").chars().take(100).collect();
            StaffMember {
                id: AgentId::parse(&id).unwrap_or_else(|_| AgentId::parse("agent").expect("a word is a name")),
                profile: profile.clone(),
                presence: Presence::Stints(stints),
                manner: Manner { answers_after: Distribution::Fixed(Millis::ZERO), ..Manner::default() },
            }
        };
        (1..=most).map(member).collect()
    }
}

/// The share of each role that was answered in time, in a report of a plan.
#[must_use]
pub fn confirmed(report: &Report) -> BTreeMap<String, Estimate> {
    let of_role = report.groups.iter().filter(|group| group.name.kind == GroupKind::Role);
    of_role.filter_map(|group| Some((group.name.name.clone(), group.get(Measure::InTime)?))).collect()
}

/// The role that the catalogue gives each of a scenario's arrivals.
fn roles_of(scenario: &Scenario) -> Vec<Option<RoleName>> {
    let mut engine = Engine::new(Identity { instance: 1, seed: scenario.seed });
    engine.handle(Command::ReplaceCatalogue { catalogue: Arc::clone(&scenario.catalogue) }, scenario.start);
    let mut role = |(number, arrivals): (usize, &Arrivals)| {
        let ticket = TicketId::parse(&format!("t{number}")).expect("a letter and a number are a name");
        let spec = Box::new(arrivals.spec.clone());
        let outcome = engine.handle(Command::CreateTicket { ticket, spec }, scenario.start);
        outcome.events.iter().find_map(|event| match event {
            Event::TicketCreated { intake, .. } => intake.demand.role().cloned(),
            _ => None,
        })
    };
    scenario.arrivals.iter().enumerate().map(&mut role).collect()
}

/// How many come in the hour that begins then.
fn per_hour(arrivals: &Arrivals, hour: Timestamp, scenario: &Scenario) -> f64 {
    match &arrivals.when {
        When::Every(mean_ms) => HOUR.0 as f64 / mean_ms,
        When::Renewing(every) => HOUR.0 as f64 / every.mean_ms(),
        When::Hourly(hours) => {
            let shown = scenario.catalogue.time_zone.local(hour);
            let weekday = usize::try_from(shown.weekday().to_monday_zero_offset()).unwrap_or_default();
            hours[(weekday * 24 + usize::try_from(shown.hour()).unwrap_or_default()) % hours.len()]
        }
        When::Recorded(_) => 0.0,
    }
}
