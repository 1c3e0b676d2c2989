//! A team: agents who take tickets of the same channels and hold equally many of them at once.
//!
//! What leaves an agent room for others is planned for apart from what does not. Of agents who may have both, how many are
//! needed no formula tells: one chat keeps a call away from an agent who could hold two chats more.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::routing::{AgentProfile, Catalogue, ChannelName, RoleName};

use super::erlang::{Load, agents_for};
use super::staff::StaffMember;
use super::staffing::{HOUR, Target};

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

impl Need {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let arrivals = self.arrivals + other.arrivals;
        let answered = self.in_time * self.arrivals + other.in_time * other.arrivals;
        let in_time = if arrivals > 0.0 { answered / arrivals } else { 1.0 };
        Self { arrivals, agents: self.agents + other.agents, in_time }
    }
}

/// Agents who take tickets of the same channels and hold equally many of them at once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Team {
    /// What they are for.
    pub roles: BTreeSet<RoleName>,
    /// What they take.
    pub channels: BTreeSet<ChannelName>,
    /// How many tickets each of them holds at once.
    pub at_once: u32,
    /// How many of them are needed, hour by hour.
    pub needs: Vec<Need>,
}

impl Team {
    /// An agent of the team: it holds so many of the team's tickets, and takes no others.
    pub(super) fn profile(&self, catalogue: &Catalogue, channels: &BTreeSet<ChannelName>) -> AgentProfile {
        let limit = |channel: &ChannelName| if self.channels.contains(channel) { self.at_once } else { 0 };
        let dearest = self.channels.iter().map(|channel| catalogue.channel(channel).cost).max().unwrap_or_default();
        AgentProfile {
            limits: channels.iter().map(|channel| (channel.clone(), limit(channel))).collect(),
            capacity: Some(dearest.saturating_mul(self.at_once)),
            ..AgentProfile::of_roles(self.roles.iter().cloned())
        }
    }
}

/// How many tickets of a channel an agent with that role holds at once: as many as most of the agents who may have some, or as
/// many as the catalogue says where no such agent is known. Zero where nobody may have one.
pub(super) fn at_once(staff: &[StaffMember], role: &RoleName, channel: &ChannelName, catalogue: &Catalogue) -> u32 {
    let has_role = |member: &&StaffMember| member.profile.roles.contains(role);
    let mut agents: BTreeMap<u32, usize> = BTreeMap::new();
    for member in staff.iter().filter(has_role) {
        *agents.entry(held_by(&member.profile, channel, catalogue)).or_default() += 1;
    }
    agents.remove(&0);
    let most = agents.into_iter().max_by_key(|(held, count)| (*count, std::cmp::Reverse(*held)));
    most.map_or_else(|| held_by(&AgentProfile::of_roles([]), channel, catalogue), |(held, _)| held)
}

/// By the limit, and by what they cost.
fn held_by(profile: &AgentProfile, channel: &ChannelName, catalogue: &Catalogue) -> u32 {
    let (limit, cost) = (profile.limit(channel, catalogue), catalogue.channel(channel).cost);
    profile.capacity(catalogue).checked_div(cost).map_or(limit, |by_units| by_units.min(limit))
}

/// What comes to a team in an hour.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Work {
    arrivals: f64,
    handle_ms: f64,
    /// Hang-ups of an hour's waiting, weighed by arrivals; none of those who wait without end.
    hang_ups: f64,
}

impl Work {
    pub(super) fn add(&mut self, arrivals: f64, handle_ms: f64, patience_ms: Option<f64>) {
        self.arrivals += arrivals;
        self.handle_ms += arrivals * handle_ms;
        self.hang_ups += patience_ms.map_or(0.0, |patience| arrivals / patience.max(1.0));
    }

    /// `None` where no number of agents would do.
    pub(super) fn need(self, at_once: u32, target: Target) -> Option<Need> {
        if self.arrivals <= 0.0 {
            return Some(Need { arrivals: 0.0, agents: 0, in_time: 1.0 });
        }
        let patience = (self.hang_ups > 0.0).then(|| self.arrivals / self.hang_ups);
        let load = Load { arrivals: self.arrivals / HOUR.0 as f64, handle: self.handle_ms / self.arrivals, patience };
        let (agents, in_time) = agents_for(load, at_once, target.share, target.within.0 as f64)?;
        Some(Need { arrivals: self.arrivals, agents, in_time })
    }
}
