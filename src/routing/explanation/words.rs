//! An explanation in sentences, one a line.

use std::fmt;

use crate::routing::name::{AgentId, RoleName, TicketType};
use crate::routing::offer::{FallOut, Offer, Ownership, Reason, Trigger};
use crate::routing::role::Strategy;
use crate::routing::ticket::UnroutableCause;
use crate::routing::time::{Millis, Timestamp};

use super::coming::listed;
use super::{AgentFindings, Explanation, Lacking, Listed, Place, Staff, Stands, WaitsFor, Way};

/// A moment as people and programs read it: `2026-11-22T05:00:00Z`.
pub(super) fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| format!("{} ms", at.0), |at| at.to_string())
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentences().iter().try_for_each(|sentence| writeln!(f, "{sentence}"))
    }
}

impl Explanation {
    /// All of it, for people: which role and why, where it is and what for, who could not take it and why, what comes.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut said = vec![self.role_words()];
        said.extend(self.place_words());
        said.extend(self.stands_words());
        let told = !self.demand.roles.is_empty() && !matches!(self.stands, Stands::Offered(_));
        said.extend(self.staff.as_ref().filter(|_| told).map(staff_words));
        let coming = self.coming.iter().map(|coming| format!("At {} {}.", moment(coming.at), coming.words));
        said.extend(coming);
        let conditional = self.steps.iter().filter(|step| !step.conditions.is_empty()).map(|step| {
            format!("Overflow step {} {}, from {}, {}.", step.step, step.changes, moment(step.from), step.conditions)
        });
        said.extend(conditional);
        said.extend(self.agent.as_ref().map(agent_words));
        said.extend(self.listed.iter().flatten().map(listed_words));
        said
    }

    fn role_words(&self) -> String {
        let by_rule = self.demand.rule.as_ref().map(|rule| format!("the rule {:?}", rule.as_str()));
        let why = match self.way {
            Way::OwnRole => "it asks for it".to_owned(),
            Way::Rule => format!("{} says so", by_rule.clone().unwrap_or_default()),
            Way::Type => format!("its type is {:?}", self.spec.asked.kind.as_ref().map_or("", TicketType::as_str)),
            Way::Default => "that is the default role".to_owned(),
            Way::Earlier => "so it was when it was classified".to_owned(),
            Way::UnknownRole => {
                let asked_for = self.spec.asked.role.as_ref().map_or("", RoleName::as_str);
                return format!("It asks for the role {asked_for:?}, and the catalogue has no such role.");
            }
            Way::None => {
                return "Neither a rule nor its type gives it a role, and there is no default role.".to_owned();
            }
        };
        let own = self.demand.role().map_or("", RoleName::as_str);
        let more = by_rule.filter(|_| self.way != Way::Rule).map(|rule| format!("; {rule} holds as well"));
        format!("It is for {own}: {why}{}.", more.unwrap_or_default())
    }

    fn place_words(&self) -> Option<String> {
        if self.places.is_empty() {
            return None;
        }
        let place = |place: &Place| {
            let estimate = place.estimated_wait.map(|wait| format!(", for about {} s more", wait.0.div_ceil(1_000)));
            let (position, waiting, role) = (place.position, place.waiting, &place.role);
            format!("place {position} of {waiting} for {role}{}", estimate.unwrap_or_default())
        };
        let places: Vec<String> = self.places.iter().map(place).collect();
        // Nobody counts milliseconds of a wait.
        let waited = Millis(self.as_of.since(self.created_at).0 / 1_000 * 1_000);
        Some(format!("It is {waited} old and waits in {}.", listed(places.iter().map(String::as_str))))
    }

    fn stands_words(&self) -> Vec<String> {
        match &self.stands {
            Stands::Aside(until) => vec![format!("It waits aside until {}.", moment(*until))],
            Stands::Closed(until) => {
                vec![format!("Its role is closed: it waits aside until {}, when that opens.", moment(*until))]
            }
            Stands::Waits(what) => vec![waits_words(what)],
            Stands::Unroutable(cause) => vec![format!(
                "Nobody could ever take it: {}. It is looked at again when agents register or leave, or the catalogue \
                 changes.",
                cause_words(*cause)
            )],
            Stands::Offered(offers) => offers.iter().map(offer_words).collect(),
            Stands::Assigned(ownership) => vec![owner_words("It is with", ownership)],
            Stands::Paused(ownership) => vec![owner_words("It is paused, with", ownership)],
            Stands::Resuming(ownership) => {
                vec![owner_words("Its customer is back, and its owner has no slot free yet; it is with", ownership)]
            }
        }
    }
}

fn waits_words(what: &WaitsFor) -> String {
    match what {
        WaitsFor::Agent(direction, lacks) => {
            let until = direction.until.map(|until| format!(" until {}", moment(until))).unwrap_or_default();
            let who = if lacks.is_empty() { String::new() } else { format!(", who {}", lacks_words(lacks)) };
            format!("It waits for {} alone{until}{who}.", direction.agent)
        }
        WaitsFor::Claim => "It waits for an agent to ask for it: its roles give nothing away by themselves.".to_owned(),
        WaitsFor::Room => "It waits for an agent with room.".to_owned(),
        WaitsFor::CoolDown => {
            "It waits for the end of a cool-down: who could take it has just not taken it.".to_owned()
        }
        WaitsFor::Presence => "It waits for an agent who could take it to come.".to_owned(),
        WaitsFor::Step => "It waits for an overflow step: as it is now, nobody could take it.".to_owned(),
    }
}

fn cause_words(cause: UnroutableCause) -> &'static str {
    match cause {
        UnroutableCause::NoRole => "it has no role of the catalogue",
        UnroutableCause::NoAgentWithRole => "nobody has the role, nor one that its ladder adds",
        UnroutableCause::NoAgentWithRank => "nobody who has the role is of a rank that is ever asked",
        UnroutableCause::NoAgentWithChannel => "nobody who has all that it demands works on its channel",
        UnroutableCause::NoAgentWithSkill => "nobody who has the role has the skills",
        UnroutableCause::NoAgentWithPermission => "nobody who has role and skills has the permissions",
        UnroutableCause::AllExcluded => "everybody who could is excluded",
    }
}

/// `3 agents have a role that it asks for: 2 are not online, 1 has no free slot.`
fn staff_words(staff: &Staff) -> String {
    let Staff { considered, eligible, fell_out, nearest: _ } = staff;
    if *considered == 0 {
        return "No agent has a role that it asks for.".to_owned();
    }
    let fell_out = fell_out.counts().into_iter().filter(|(_, count)| *count > 0).map(fell_out_words);
    let may = (*eligible > 0).then(|| format!("{eligible} may take it"));
    let told: Vec<String> = may.into_iter().chain(fell_out).collect();
    let (agents, have) = if *considered == 1 { ("agent", "has") } else { ("agents", "have") };
    format!("{considered} {agents} {have} a role that it asks for: {}.", told.join(", "))
}

fn fell_out_words((code, count): (&'static str, u32)) -> String {
    let one = count == 1;
    let (is, has, lacks) = if one { ("is", "has", "lacks") } else { ("are", "have", "lack") };
    let rest = match code {
        "rank" => format!("{is} not asked yet, by rank"),
        "skill" => format!("{lacks} a skill"),
        "permission" => format!("{lacks} a permission"),
        "offline" => format!("{is} not online"),
        "channel_off" => format!("{} not take the channel", if one { "does" } else { "do" }),
        "no_slot" => format!("{has} no free slot"),
        "interrupted" => format!("{} work that keeps the channel's away", if one { "holds" } else { "hold" }),
        "paced" => format!("{has} been given as much as goes in so long"),
        "reserved" => format!("{is} kept for other work"),
        "barred" => format!("{is} not to be asked"),
        other => format!("{is} out: {other}"),
    };
    format!("{count} {rest}")
}

fn agent_words(findings: &AgentFindings) -> String {
    match findings.lacks.len() {
        0 => format!("{} lacks nothing to take it.", findings.agent),
        _ => format!("{} {}.", findings.agent, lacks_words(&findings.lacks)),
    }
}

fn lacks_words(lacks: &[Lacking]) -> String {
    let words: Vec<&str> = lacks.iter().map(|lacking| lacking.words.as_str()).collect();
    words.join("; ")
}

fn listed_words(listed_agents: &Listed) -> String {
    let Listed { code, agents, more } = listed_agents;
    let names: Vec<&str> = agents.iter().map(AgentId::as_str).collect();
    let more = if *more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{code}: {}{more}.", names.join(", "))
}

fn offer_words(offer: &Offer) -> String {
    let (agent, role, until) = (&offer.agent, &offer.role, moment(offer.expires_at));
    let why = reason_words(&format!("{agent} was asked"), agent.as_str(), &offer.reason);
    format!("It is offered to {agent} for {role} until {until}. {why}")
}

fn owner_words(how: &str, ownership: &Ownership) -> String {
    let (agent, role, since) = (&ownership.agent, &ownership.role, moment(ownership.assigned_at));
    let why = match &ownership.reason {
        Some(reason) => reason_words(&format!("{agent} has it"), agent.as_str(), reason),
        None => "Why was not kept at that time; the journal has it.".to_owned(),
    };
    format!("{how} {agent}, for {role}, since {since}. {why}")
}

/// Why that agent: what brought the two together, by which measure it won over whom, who fell out.
fn reason_words(what: &str, agent: &str, reason: &Reason) -> String {
    let Reason { rule: _, trigger, strategy, considered, eligible, fell_out, value, runner_up } = reason;
    let because = trigger_words(*trigger);
    if matches!(trigger, Trigger::Directed | Trigger::LastAgent | Trigger::Claimed | Trigger::Taken) {
        // Nobody else was considered.
        return format!("{what} because {because}.");
    }
    // Those who are asked at once share a reason, whose value is that of the first.
    let winner = if *strategy == Strategy::RingAll { "the first of those asked" } else { agent };
    let rival =
        runner_up.as_ref().map(|(rival, value)| format!(", before {rival}: {}", measure_words(*strategy, *value)));
    format!(
        "{what} because {because}; of {considered} considered {eligible} could take it{}. By {}, {winner}: {}{}.",
        fell_out_list(fell_out),
        strategy.as_str(),
        measure_words(*strategy, *value),
        rival.unwrap_or_default()
    )
}

fn fell_out_list(fell_out: &FallOut) -> String {
    let counted = fell_out.counts().into_iter().filter(|(_, count)| *count > 0);
    let told: Vec<String> = counted.map(fell_out_words).collect();
    if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) }
}

fn trigger_words(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::TicketArrived => "it came, and an agent was free",
        Trigger::TicketReturned => "it came back, and an agent was free",
        Trigger::TicketTransferred => "it was handed to the role",
        Trigger::TicketDiverted => "another role sent it on",
        Trigger::TicketUpdated => "upstream said something else of it",
        Trigger::Automated => "an automation set something of it",
        Trigger::NotBeforePassed => "its time had come",
        Trigger::RoleOpened => "its role had opened",
        Trigger::Overflow => "an overflow step made its demand wider",
        Trigger::CooldownLapsed => "a cool-down had ended",
        Trigger::DirectionEnded => "it waited for one agent no longer",
        Trigger::AgentsChanged => "agents had registered, changed or left",
        Trigger::CatalogueChanged => "the catalogue had changed",
        Trigger::AgentFree => "an agent had room, and it was the best-ranked",
        Trigger::Directed => "it was meant for that agent",
        Trigger::LastAgent => "that agent had a ticket of the same customer last",
        Trigger::Claimed => "that agent asked for it",
        Trigger::Taken => "that agent took it by hand",
    }
}

/// A strategy's measure in words; what the number is: [`Strategy::value`].
fn measure_words(strategy: Strategy, value: i64) -> String {
    match strategy {
        Strategy::LongestIdle | Strategy::RingAll => format!("idle since {}", moment(Timestamp(value))),
        Strategy::LeastLoaded => format!("{value} slots taken"),
        Strategy::MostLoaded => format!("{} slots taken", value.unsigned_abs()),
        Strategy::RoundRobin if value == 0 => "never given work".to_owned(),
        Strategy::RoundRobin => format!("last given work at event {value}"),
        Strategy::Random => format!("drew {value}"),
        Strategy::Rank => format!("rank {value}"),
        Strategy::MostSkilled => format!("{} levels of the skills", value.unsigned_abs()),
        Strategy::LeastFlexible => format!("{value} roles"),
    }
}
