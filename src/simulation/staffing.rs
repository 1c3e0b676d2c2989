//! How many agents a role needs in which hour: by theory, and confirmed by the engine itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::config::{Arrivals, Distribution, Scenario, When};
use crate::routing::split::Split;
use crate::routing::{
    AgentId, AgentProfile, Catalogue, Command, Engine, Event, Identity, Millis, RoleName, TicketId, TicketSpec,
    Timestamp,
};

use super::erlang::{Load, agents_for};
use super::figures::{GroupKind, Measure};
use super::interval::Estimate;
use super::report::Report;
use super::scene::Scene;
use super::staff::{Manner, Presence, StaffMember};

/// An hour.
const HOUR: Millis = Millis::from_secs(3_600);
/// In the middle of an hour its rules and opening hours are asked.
const HALF_HOUR: Millis = Millis(HOUR.0 / 2);
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
        let mut work: BTreeMap<RoleName, Vec<Work>> = BTreeMap::new();
        let mut all = vec![Work::default(); count];
        for (place, hour) in hours.iter().enumerate() {
            let mut sorting = Sorting::at(scenario, *hour + HALF_HOUR);
            for arrivals in &scenario.arrivals {
                let (handle, patience) =
                    (arrivals.handle.mean_ms(), arrivals.patience.as_ref().map(Distribution::mean_ms));
                for (role, share) in sorting.shares(&arrivals.spec) {
                    let of_role = work.entry(role).or_insert_with(|| vec![Work::default(); count]);
                    let arrivals = share * per_hour(arrivals, *hour, scenario);
                    of_role[place].add(arrivals, handle, patience);
                    all[place].add(arrivals, handle, patience);
                }
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

/// What the engine makes of tickets that come at one moment, while nobody is there.
struct Sorting<'s> {
    engine: Engine,
    catalogue: &'s Catalogue,
    at: Timestamp,
    asked: u64,
}

impl<'s> Sorting<'s> {
    fn at(scenario: &'s Scenario, at: Timestamp) -> Self {
        let mut engine = Engine::new(Identity { instance: 1, seed: scenario.seed });
        engine.handle(Command::ReplaceCatalogue { catalogue: Arc::clone(&scenario.catalogue) }, at);
        Self { engine, catalogue: &scenario.catalogue, at, asked: 0 }
    }

    /// Which share of such tickets each role gets. None where they leave at once, or have no role.
    fn shares(&mut self, spec: &TicketSpec) -> Vec<(RoleName, f64)> {
        let events = self.create(spec.clone());
        let Some(split) = self.split_of(&events) else {
            return role_after(&events).map(|role| (role, 1.0)).into_iter().collect();
        };
        let total = split.total() as f64;
        let mut shares = Vec::new();
        for (role, weight) in split.0.iter().filter(|(_, weight)| **weight > 0) {
            let mut spec = spec.clone();
            spec.asked_mut().role = Some(role.clone());
            let role = role_after(&self.create(spec));
            shares.extend(role.map(|role| (role, f64::from(*weight) / total)));
        }
        shares
    }

    fn create(&mut self, spec: TicketSpec) -> Vec<Event> {
        self.asked += 1;
        let ticket = TicketId::parse(&format!("t{}", self.asked)).expect("a letter and a number are a name");
        self.engine.handle(Command::CreateTicket { ticket, spec: Box::new(spec) }, self.at).events
    }

    /// Between which roles the rule shares out that held for a ticket.
    fn split_of(&self, events: &[Event]) -> Option<&'s Split> {
        let rule = events.iter().find_map(|event| match event {
            Event::TicketCreated { intake, .. } => intake.demand.rule.as_ref(),
            _ => None,
        })?;
        let rule = self.catalogue.rules.iter().find(|it| it.name == *rule)?;
        Some(&rule.set.split).filter(|split| !split.is_empty())
    }
}

/// The role that a ticket has in the end: that by which it came, another to which an automation hands it, or the one that
/// stands in for a role that is closed. None where a closed role ends it.
fn role_after(events: &[Event]) -> Option<RoleName> {
    let mut role = None;
    for event in events {
        match event {
            Event::TicketCreated { intake, .. } => role = intake.demand.role(),
            Event::TicketDiverted { demand, .. } | Event::TicketRedirected { demand, .. } => role = demand.role(),
            Event::TicketClosed { .. } => role = None,
            _ => {}
        }
    }
    role.cloned()
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// How many come to a role in each hour of a day, by the plan.
    fn arrivals(catalogue: &str, role: &str) -> Vec<f64> {
        let text = format!(
            "{catalogue}\n[simulation]\nstart = \"2026-01-05\"\nduration = \"1d\"\n[[arrivals]]\nname = \"all\"\n\
             type = \"order\"\nrate = \"60 per 1h\"\nhandle = \"3m\"\n"
        );
        let scenario = crate::config::parse_scenario("staffing", &text, Path::new(""));
        let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
        let plan = Plan::of(&scenario, Target { share: 0.8, within: Millis::from_secs(20) }).expect("it can be met");
        let needs = plan.dedicated.get(&RoleName::parse(role).expect("a name"));
        needs.map_or_else(|| vec![0.0; 24], |needs| needs.iter().map(|need| need.arrivals).collect())
    }

    #[test]
    fn a_split_is_planned_for_by_its_weights() {
        let catalogue = "[[role]]\nname = \"a\"\n[[role]]\nname = \"b\"\n[[rule]]\nname = \"vendors\"\n\
                         when = 'type == \"order\"'\nset = { split = { a = 75, b = 25 } }\n";
        assert_eq!((arrivals(catalogue, "a"), arrivals(catalogue, "b")), (vec![45.0; 24], vec![15.0; 24]));
    }

    #[test]
    fn each_hour_is_planned_for_by_the_rules_and_opening_hours_of_that_hour() {
        let by_rule = "[routing]\ndefault_role = \"day\"\n[[role]]\nname = \"day\"\n[[role]]\nname = \"night\"\n\
                       [[rule]]\nname = \"at night\"\nwhen = 'hour < 8'\nset = { role = \"night\" }\n";
        let by_hours = "[routing]\ndefault_role = \"day\"\n[hours.day]\nopen = [\"mon-sun 08:00-24:00\"]\n\
                        [[role]]\nname = \"day\"\nhours = \"day\"\nwhen_closed = { role = \"night\" }\n\
                        [[role]]\nname = \"night\"\n";
        let leaving = by_hours.replace("{ role = \"night\" }", "\"callback\"");
        let day: Vec<f64> = (0..24).map(|hour| if hour < 8 { 0.0 } else { 60.0 }).collect();
        let night: Vec<f64> = day.iter().map(|arrivals| 60.0 - arrivals).collect();
        for catalogue in [by_rule, by_hours] {
            assert_eq!((arrivals(catalogue, "day"), arrivals(catalogue, "night")), (day.clone(), night.clone()));
        }
        assert_eq!((arrivals(&leaving, "day"), arrivals(&leaving, "night")), (day, vec![0.0; 24]));
    }
}
