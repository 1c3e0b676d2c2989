//! How many agents a role needs in which hour: by theory, and confirmed by the engine itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::{Arrivals, Distribution, Scenario, When};
use crate::routing::split::Split;
use crate::routing::{
    AgentId, Catalogue, ChannelName, Command, Engine, Event, Identity, Millis, RoleName, TicketId, TicketSpec,
    Timestamp,
};

use super::figures::{GroupKind, Measure};
use super::interval::Estimate;
use super::report::Report;
use super::scene::Scene;
use super::staff::{Manner, Presence, StaffMember};
use super::team::{Need, Team, Work, at_once};

/// An hour.
pub(super) const HOUR: Millis = Millis::from_secs(3_600);
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

/// How many agents are needed.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The beginning of each hour.
    pub hours: Vec<Timestamp>,
    /// For each role, its own agents hour by hour.
    pub dedicated: BTreeMap<RoleName, Vec<Need>>,
    /// Agents who have all of these roles of whose tickets they hold equally many, hour by hour.
    pub pooled: Vec<Need>,
    /// The same, team by team: where each role has its own …
    pub teams: Vec<Team>,
    /// … and where all have all roles.
    pub pooled_teams: Vec<Team>,
}

impl Plan {
    /// The longest scenario of which every hour is planned.
    pub const LENGTH_MAX: Millis = Millis(HOUR.0 * HOURS_MAX as u64);

    /// The agents that a scenario's arrivals need, hour by hour of its first [`Self::LENGTH_MAX`]. `None` where no number of agents would do.
    #[must_use]
    pub fn of(scenario: &Scenario, target: Target) -> Option<Self> {
        let count = (scenario.duration.0.div_ceil(HOUR.0) as usize).clamp(1, HOURS_MAX);
        let hours: Vec<Timestamp> = (0..count).map(|hour| scenario.start + Millis(HOUR.0 * hour as u64)).collect();
        let (mut own, mut all) = (Forming::of(scenario, count), Forming::of(scenario, count));
        for (place, hour) in hours.iter().enumerate() {
            let mut sorting = Sorting::at(scenario, *hour + HALF_HOUR);
            for arrivals in &scenario.arrivals {
                for (role, share) in sorting.shares(&arrivals.spec) {
                    let count = share * per_hour(arrivals, *hour, scenario);
                    own.add(place, Some(&role), &role, arrivals, count);
                    all.add(place, None, &role, arrivals, count);
                }
            }
        }
        let (teams, pooled_teams) = (own.teams(target)?, all.teams(target)?);
        let mut dedicated: BTreeMap<RoleName, Vec<Need>> = BTreeMap::new();
        for (role, team) in teams.iter().flat_map(|team| team.roles.iter().map(move |role| (role, team))) {
            let needs = dedicated.entry(role.clone()).or_insert_with(|| vec![Need::default(); count]);
            needs.iter_mut().zip(&team.needs).for_each(|(sum, need)| *sum = sum.and(*need));
        }
        let mut pooled = vec![Need::default(); count];
        for team in &pooled_teams {
            pooled.iter_mut().zip(&team.needs).for_each(|(sum, need)| *sum = sum.and(*need));
        }
        Some(Self { hours, dedicated, pooled, teams, pooled_teams })
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
        let staff = self.staff(&self.teams, scenario);
        Scene { name: "each role its own".to_owned(), staff, ..Scene::of(scenario) }
    }

    /// The scenario with agents who have all roles.
    #[must_use]
    pub fn pooled_scene(&self, scenario: &Scenario) -> Scene {
        let staff = self.staff(&self.pooled_teams, scenario);
        Scene { name: "all roles for all".to_owned(), staff, ..Scene::of(scenario) }
    }

    fn staff(&self, teams: &[Team], scenario: &Scenario) -> Vec<StaffMember> {
        let channels: BTreeSet<ChannelName> = teams.iter().flat_map(|team| team.channels.iter().cloned()).collect();
        let members = |(place, team): (usize, &Team)| {
            let profile = team.profile(&scenario.catalogue, &channels);
            let most = team.needs.iter().map(|need| need.agents).max().unwrap_or_default();
            let member = |number: u32| StaffMember {
                id: AgentId::parse(&format!("{number} of team {place}")).expect("two numbers and words are a name"),
                profile: profile.clone(),
                presence: Presence::Stints(self.stints(&team.needs, number)),
                manner: Manner { answers_after: Distribution::Fixed(Millis::ZERO), ..Manner::default() },
            };
            (1..=most).map(member).collect::<Vec<_>>()
        };
        teams.iter().enumerate().flat_map(members).collect()
    }

    /// When the agent of that number is needed: the first of them in most hours.
    fn stints(&self, needs: &[Need], number: u32) -> Vec<(Timestamp, Timestamp)> {
        let mut stints: Vec<(Timestamp, Timestamp)> = Vec::new();
        for (hour, _) in self.hours.iter().zip(needs).filter(|(_, need)| need.agents >= number) {
            match stints.last_mut().filter(|(_, to)| to == hour) {
                Some((_, to)) => *to = *hour + HOUR,
                None => stints.push((*hour, *hour + HOUR)),
            }
        }
        stints
    }
}

/// Teams, while it is found out who is in them and what comes to them.
struct Forming<'s> {
    catalogue: &'s Catalogue,
    known: Vec<StaffMember>,
    hours: usize,
    /// By the role that is their own, where each has its own, and by how many they hold at once.
    teams: BTreeMap<(Option<RoleName>, u32), (Team, Vec<Work>)>,
}

impl<'s> Forming<'s> {
    fn of(scenario: &'s Scenario, hours: usize) -> Self {
        Self { catalogue: &scenario.catalogue, known: Scene::of(scenario).staff, hours, teams: BTreeMap::new() }
    }

    /// So many come in that hour, of that role, to those whose own it is, or to those of all roles.
    fn add(&mut self, hour: usize, own: Option<&RoleName>, role: &RoleName, arrivals: &Arrivals, count: f64) {
        let channel = &arrivals.spec.asked.channel;
        let at_once = at_once(&self.known, role, channel, self.catalogue);
        let (team, work) = self.teams.entry((own.cloned(), at_once)).or_insert_with(|| {
            let team = Team { roles: BTreeSet::new(), channels: BTreeSet::new(), at_once, needs: Vec::new() };
            (team, vec![Work::default(); self.hours])
        });
        team.roles.insert(role.clone());
        team.channels.insert(channel.clone());
        work[hour].add(count, arrivals.handle.mean_ms(), arrivals.patience.as_ref().map(Distribution::mean_ms));
    }

    /// `None` where no number of agents would do.
    fn teams(self, target: Target) -> Option<Vec<Team>> {
        let planned = |(team, work): (Team, Vec<Work>)| {
            let needs = work.into_iter().map(|work| work.need(team.at_once, target)).collect::<Option<_>>()?;
            Some(Team { needs, ..team })
        };
        self.teams.into_values().map(planned).collect()
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

    const CHATS: &str = "[[role]]\nname = \"support\"\n[[arrivals]]\nname = \"chats\"\nchannel = \"chat\"\nrole = \"support\"\n\
                         rate = \"240 per 1h\"\nhandle = { exponential = \"12m\" }\npatience = { exponential = \"3m\" }\n";
    const CALLS: &str = "[[arrivals]]\nname = \"calls\"\nchannel = \"call\"\nrole = \"support\"\n\
                         rate = \"60 per 1h\"\nhandle = { exponential = \"4m\" }\n";

    fn scenario(rest: &str) -> Scenario {
        let text = format!(
            "[simulation]\nstart = \"2026-01-05\"\nduration = \"8h\"\nwarm_up = \"1h\"\nreplications = 8\n\
             [channel.call]\nwrap_up = \"0s\"\n{rest}"
        );
        crate::config::parse_scenario("staffing", &text, Path::new("")).unwrap_or_else(|error| panic!("{error}"))
    }

    fn planned(scenario: &Scenario) -> Plan {
        Plan::of(scenario, Target { share: 0.8, within: Millis::from_secs(20) }).expect("it can be met")
    }

    /// What the engine answers in time of a role's tickets on a channel.
    fn answered(scene: &Scene, channel: &str) -> f64 {
        let report = crate::simulation::simulate(scene, 1, &mut |_| {});
        confirmed(&report).get(&format!("support, {channel}")).map_or(0.0, |share| share.mean)
    }

    #[test]
    fn agents_who_hold_three_chats_at_once_are_as_few_as_the_engine_needs() {
        let scenario = scenario(CHATS);
        let plan = planned(&scenario);
        let need = plan.dedicated[&RoleName::parse("support").expect("a name")][2];
        assert!(need.agents * 3 >= 46 && need.agents * 3 <= 54, "48 chats at a time: {need:?}");
        let share = answered(&plan.dedicated_scene(&scenario), "chat");
        assert!((share - need.in_time).abs() < 0.03, "the engine answers {share} in time, theory says {need:?}");
        let mut fewer = plan.clone();
        fewer.teams[0].needs.iter_mut().for_each(|need| need.agents -= 1);
        let share = answered(&fewer.dedicated_scene(&scenario), "chat");
        assert!(share < 0.8, "one agent fewer answers {share} in time as well");
    }

    #[test]
    fn what_leaves_no_room_beside_it_has_agents_of_its_own() {
        let scenario = scenario(&format!("{CHATS}{CALLS}"));
        let plan = planned(&scenario);
        let at_once: Vec<_> = plan.teams.iter().map(|team| (team.at_once, team.needs[2].agents)).collect();
        let (_, calls) = at_once[0];
        assert_eq!(
            at_once,
            [
                (1, 7),
                planned(&self::scenario(CHATS))
                    .teams
                    .iter()
                    .map(|team| (3, team.needs[2].agents))
                    .next()
                    .expect("a team")
            ]
        );
        assert_eq!(plan.pooled[2].agents, calls + at_once[1].1);
        let scene = plan.dedicated_scene(&scenario);
        for (channel, team) in [("call", &plan.teams[0]), ("chat", &plan.teams[1])] {
            let share = answered(&scene, channel);
            assert!(
                (share - team.needs[2].in_time).abs() < 0.04,
                "{channel}: {share}, and by theory {:?}",
                team.needs[2]
            );
        }
    }

    #[test]
    fn a_pool_needs_no_more_agents_than_roles_that_have_their_own() {
        let billing = CHATS.replace("support", "billing").replace("chats", "chats of billing");
        let few = "[[agent]]\nname = \"two\"\nroles = [\"billing\"]\nlimits = { chat = 2 }\n";
        for (agents, at_once) in [("", vec![3]), (few, vec![2, 3])] {
            let plan = planned(&scenario(&format!("{CHATS}{CALLS}{billing}{agents}")));
            let pools: Vec<u32> = plan.pooled_teams.iter().map(|team| team.at_once).collect();
            assert_eq!(pools, [vec![1], at_once].concat());
            let (own, all) = plan.agent_hours();
            assert!(all <= own, "{all} agents' hours where all have all roles, {own} where each has its own");
        }
    }

    #[test]
    fn agents_hold_as_many_at_once_as_most_of_those_who_are_known_for_the_role() {
        let agents = |count: u32, role: &str, more: &str| {
            format!("[[agent]]\nname = \"{role} {count}\"\ncount = {count}\nroles = [\"{role}\"]\n{more}\n")
        };
        let at_once = |agents: &[String]| {
            let catalogue = CHATS.replacen("[[arrivals]]", "[[role]]\nname = \"other\"\n[[arrivals]]", 1);
            let plan = planned(&scenario(&format!("{catalogue}{}", agents.concat())));
            assert_eq!(plan.pooled_teams, plan.teams, "there is one role to which any come");
            plan.teams[0].at_once
        };
        assert_eq!(at_once(&[]), 3, "as the catalogue says");
        let (two, none) =
            (agents(3, "support", "limits = { chat = 2 }"), agents(9, "support", "limits = { chat = 0 }"));
        let other = agents(8, "other", "limits = { chat = 5 }\ncapacity = 200");
        assert_eq!(at_once(&[two.clone(), agents(1, "support", ""), none.clone(), other.clone()]), 2);
        assert_eq!(at_once(&[none, other]), 3, "who takes no chats says nothing of how many");
        assert_eq!(
            at_once(&[two, agents(4, "support", "limits = { chat = 9 }\ncapacity = 110")]),
            4,
            "by what they cost"
        );
    }

    #[test]
    fn where_nobody_may_hold_any_no_number_of_agents_will_do() {
        let scenario = scenario(&CHATS.replacen("[[role]]", "[channel.chat]\ncost = 101\n[[role]]", 1));
        assert_eq!(Plan::of(&scenario, Target { share: 0.8, within: Millis::from_secs(20) }), None);
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
