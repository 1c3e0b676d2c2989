//! Everything that an agent lacks to take a ticket, and what would have to change.

use crate::routing::agent::{Agent, SlotUse};
use crate::routing::matching::{self, Lack};
use crate::routing::name::ChannelName;
use crate::routing::offer::FallOut;
use crate::routing::pool::Standing;
use crate::routing::skill::Skills;
use crate::routing::state::State;
use crate::routing::ticket::Ticket;
use crate::routing::time::Timestamp;

use super::words::moment;

/// What would have to change for a lack to be gone; the later, the farther away the ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cure {
    /// The agent finishes something, or may be given more.
    Room,
    /// A cool-down ends.
    CoolDown,
    /// The agent comes, or switches the channel on.
    Presence,
    /// Another registration, another catalogue, or an overflow step.
    Change,
}

impl Cure {
    /// For programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Room => "room",
            Self::CoolDown => "cool_down",
            Self::Presence => "presence",
            Self::Change => "change",
        }
    }
}

/// One thing that an agent lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// What.
    pub lack: Lack,
    /// What would have to change.
    pub cure: Cure,
    /// When it is over by itself, where that is known.
    pub until: Option<Timestamp>,
    /// For people, after the agent's name: `has no free slot: it holds 3 of 3 on chat`.
    pub words: String,
}

impl Lack {
    /// For programs; those that explanations count have the name of their count.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Rank => "rank",
            Self::Skill(_) => "skill",
            Self::Permission(_) => "permission",
            Self::Offline => "offline",
            Self::ChannelOff => "channel_off",
            Self::NoSlot => "no_slot",
            Self::Interrupted => "interrupted",
            Self::Paced => "paced",
            Self::Reserved => "reserved",
            Self::Barred => "barred",
            Self::MeantForAnother => "meant_for_another",
        }
    }

    /// Where an agent is counted that falls out for this. Whoever has none of the roles is not considered at all.
    pub(super) fn count<'f>(&self, fell_out: &'f mut FallOut) -> Option<&'f mut u32> {
        Some(match self {
            Self::Role => return None,
            Self::Rank => &mut fell_out.rank,
            Self::Skill(_) => &mut fell_out.skill,
            Self::Permission(_) => &mut fell_out.permission,
            Self::Offline => &mut fell_out.offline,
            Self::ChannelOff => &mut fell_out.channel_off,
            Self::NoSlot => &mut fell_out.no_slot,
            Self::Interrupted => &mut fell_out.interrupted,
            Self::Paced => &mut fell_out.paced,
            Self::Reserved => &mut fell_out.reserved,
            Self::Barred | Self::MeantForAnother => &mut fell_out.barred,
        })
    }
}

/// Everything that this agent lacks to take this ticket now, in the order in which reasons count who fell out.
#[must_use]
pub(super) fn everything(state: &State, agent: &Agent, ticket: &Ticket) -> Vec<Lacking> {
    let catalogue = state.catalogue();
    let demand = &ticket.demand;
    let mut lacks = Vec::new();
    let serves = matching::serving_role(agent, demand).is_some();
    if !serves {
        lacks.push(Lack::Role);
    }
    if serves && ticket.direction.is_none() && !matching::is_asked(agent, demand) {
        lacks.push(Lack::Rank);
    }
    lacks.extend(missing_skills(&agent.profile.skills, &demand.skills));
    if !demand.permissions.is_empty() {
        let held = agent.profile.permissions(catalogue);
        lacks.extend(demand.permissions.difference(&held).cloned().map(Lack::Permission));
    }
    lacks.extend(Standing::ALL.into_iter().filter(|it| holds(*it, state, agent, ticket)).filter_map(lack_of));
    if state.is_kept_from(agent, ticket) {
        lacks.push(Lack::Reserved);
    }
    if ticket.spec.beside.exclude_agents.contains(&agent.id) || ticket.bars.iter().any(|bar| bar.agent == agent.id) {
        lacks.push(Lack::Barred);
    }
    if ticket.direction.as_ref().is_some_and(|direction| direction.agent != agent.id) {
        lacks.push(Lack::MeantForAnother);
    }
    lacks.into_iter().map(|lack| explained(lack, state, agent, ticket)).collect()
}

fn missing_skills(held: &Skills, demanded: &Skills) -> Vec<Lack> {
    let is_missing = |(name, level): &(&_, &_)| held.0.get(*name).is_none_or(|held| held < level);
    demanded.0.iter().filter(is_missing).map(|(name, _)| Lack::Skill(name.clone())).collect()
}

/// Whether it is so, whatever else is so as well.
fn holds(standing: Standing, state: &State, agent: &Agent, ticket: &Ticket) -> bool {
    let (catalogue, channel) = (state.catalogue(), &ticket.spec.asked.channel);
    match standing {
        Standing::Offline => agent.status != crate::routing::Status::Online,
        Standing::ChannelOff => !agent.channel_on(channel, catalogue),
        // Who could never hold one has no slot either, which goes without saying.
        Standing::NoSlot => {
            let has_slot = agent.has_slot(channel, catalogue) && !state.keeps_units_from(agent, ticket);
            agent.profile.could_hold(channel, catalogue) && !has_slot
        }
        Standing::Interrupted => agent.is_interrupted(channel, catalogue),
        Standing::Paced => agent.given.paced_until().is_some(),
        Standing::Free => false,
    }
}

fn lack_of(standing: Standing) -> Option<Lack> {
    match standing {
        Standing::Offline => Some(Lack::Offline),
        Standing::ChannelOff => Some(Lack::ChannelOff),
        Standing::NoSlot => Some(Lack::NoSlot),
        Standing::Interrupted => Some(Lack::Interrupted),
        Standing::Paced => Some(Lack::Paced),
        Standing::Free => None,
    }
}

fn explained(lack: Lack, state: &State, agent: &Agent, ticket: &Ticket) -> Lacking {
    let (cure, until, more) = match &lack {
        Lack::Role | Lack::Permission(_) => (Cure::Change, None, String::new()),
        Lack::Rank => (Cure::Change, None, rank_words(agent, ticket)),
        Lack::Skill(skill) => {
            let demanded = ticket.demand.skills.0.get(skill).map_or(0, |level| level.get());
            let held = agent.profile.skills.0.get(skill);
            let held = held.map_or("not at all".to_owned(), |level| format!("at {}", level.get()));
            (Cure::Change, None, format!(": {demanded} is demanded, and it has it {held}"))
        }
        Lack::Offline => (Cure::Presence, None, status_words(agent)),
        Lack::ChannelOff => {
            let (channel, catalogue) = (&ticket.spec.asked.channel, state.catalogue());
            let (cost, capacity) = (catalogue.channel(channel).cost, agent.capacity(catalogue));
            let (cure, why) = if agent.profile.limit(channel, catalogue) == 0 {
                (Cure::Change, "its limit is 0".to_owned())
            } else if cost > capacity {
                (Cure::Change, format!("it costs {cost} capacity units, and it has {capacity} in all"))
            } else {
                (Cure::Presence, "it is switched off".to_owned())
            };
            (cure, None, format!(": {why}"))
        }
        Lack::NoSlot => (Cure::Room, None, slot_words(state, agent, &ticket.spec.asked.channel)),
        Lack::Interrupted | Lack::Reserved => (Cure::Room, None, String::new()),
        Lack::Paced => {
            let until = agent.given.paced_until();
            (Cure::Room, until, until.map(|until| format!(", until {}", moment(until))).unwrap_or_default())
        }
        Lack::Barred => {
            let bar = ticket.bars.iter().find(|bar| bar.agent == agent.id);
            return match bar.and_then(|bar| bar.until) {
                _ if ticket.spec.beside.exclude_agents.contains(&agent.id) => barred(Cure::Change, None, "is excluded"),
                None => barred(Cure::Change, None, "gave it away"),
                until => barred(Cure::CoolDown, until, "has just declined or missed it"),
            };
        }
        Lack::MeantForAnother => {
            let direction = ticket.direction.as_ref();
            let why = direction.map(|direction| format!(": that is {}", direction.agent)).unwrap_or_default();
            (Cure::CoolDown, direction.and_then(|direction| direction.until), why)
        }
    };
    let words = format!("{lack}{more}");
    Lacking { lack, cure, until, words }
}

fn barred(cure: Cure, until: Option<Timestamp>, why: &str) -> Lacking {
    let again = until.map(|until| format!(", and may be asked again at {}", moment(until))).unwrap_or_default();
    Lacking { lack: Lack::Barred, cure, until, words: format!("{why}{again}") }
}

fn rank_words(agent: &Agent, ticket: &Ticket) -> String {
    match (ticket.demand.role(), ticket.demand.rank_max) {
        (Some(role), Some(rank_max)) => {
            format!(": it is of rank {} in {role}, and ranks to {rank_max} are asked", agent.profile.rank(role))
        }
        _ => String::new(),
    }
}

fn status_words(agent: &Agent) -> String {
    let own = agent.status_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    format!(": {}{own} since {}", agent.status.as_str(), moment(agent.status_since))
}

/// What its slots are taken by: limit or units, and which of them wrap-up takes.
fn slot_words(state: &State, agent: &Agent, channel: &ChannelName) -> String {
    let catalogue = state.catalogue();
    let (used, limit) = (agent.used(channel), agent.profile.limit(channel, catalogue));
    let (units, cost) = (agent.units_against(channel, catalogue), catalogue.channel(channel).cost);
    let units_words = || format!("{units} of {} capacity units are taken, and", agent.capacity(catalogue));
    let taken = if used >= limit {
        format!("it holds {used} of {limit} on {channel}")
    } else if agent.has_units(channel, catalogue) {
        let owed: Vec<_> = state.owed_by(agent).map(|ticket| ticket.id.as_str()).collect();
        format!("{} the others are kept for its own that comes back: {}", units_words(), owed.join(", "))
    } else {
        format!("{} {channel} costs {cost}", units_words())
    };
    let wrap_ups = agent.slots.values().filter_map(|slot| match slot.used_for {
        SlotUse::WrapUp { until } => Some(until),
        SlotUse::Offered | SlotUse::Assigned => None,
    });
    let wrap_up = wrap_ups.min().map(|until| format!("; a wrap-up ends at {}", moment(until)));
    format!(": {taken}{}", wrap_up.unwrap_or_default())
}
