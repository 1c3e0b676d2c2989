//! How an agent stands to a channel: whether it may be given a ticket of it, and if not, the first reason.
//!
//! [`Standing::of`] says it of one channel. [`Lanes`] say it of all channels for which benches are kept, in one look at
//! what the agent holds, and must say the same.

use std::collections::BTreeSet;

use super::agent::{Agent, AgentProfile, ChannelLoad, Status};
use super::catalogue::Catalogue;
use super::name::ChannelName;
use super::sorted::Sorted;

/// How an agent stands to a channel: the first of these that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Not online.
    Offline,
    /// Does not take this channel, or could not hold one ticket of it.
    ChannelOff,
    /// Slots or capacity units are taken.
    NoSlot,
    /// Holds work of a channel that keeps this one's away; may still ask for it.
    Interrupted,
    /// Was given as much as it is to get in so long; may still ask for more.
    Paced,
    /// May be given a ticket.
    Free,
}

impl Standing {
    pub(super) const COUNT: usize = 6;
    /// All of them, in the order in which they count.
    pub(super) const ALL: [Self; Self::COUNT] =
        [Self::Offline, Self::ChannelOff, Self::NoSlot, Self::Interrupted, Self::Paced, Self::Free];

    /// How this agent stands to that channel.
    #[must_use]
    pub fn of(agent: &Agent, channel: &ChannelName, catalogue: &Catalogue) -> Self {
        if agent.status != Status::Online {
            Self::Offline
        } else if !agent.channel_on(channel, catalogue) {
            Self::ChannelOff
        } else if !agent.has_slot(channel, catalogue) {
            Self::NoSlot
        } else if agent.is_interrupted(channel, catalogue) {
            Self::Interrupted
        } else if agent.given.paced_until().is_some() {
            Self::Paced
        } else {
            Self::Free
        }
    }

    /// Whether an agent who asks for a ticket gets it.
    #[must_use]
    pub fn may_claim(self) -> bool {
        matches!(self, Self::Interrupted | Self::Paced | Self::Free)
    }
}

/// For how many channels benches are kept at most: as many as a set of them has bits. The usual ones come first.
pub(super) const LANES_MAX: usize = u64::BITS as usize;

/// How an agent stands to each lane.
pub(super) type Standings = [Standing; LANES_MAX];

/// How one agent stands otherwise than before, by lane. Several count the agent, and each looks only at what is different.
#[derive(Debug)]
pub(super) struct Moves<'s> {
    before: &'s [Standing],
    after: &'s [Standing],
    /// A bit for each lane.
    different: u64,
}

impl<'s> Moves<'s> {
    pub(super) fn between(before: &'s [Standing], after: &'s [Standing]) -> Self {
        let pairs = before.iter().zip(after).enumerate();
        let different = pairs.fold(0, |bits, (lane, (before, after))| bits | u64::from(before != after) << lane);
        Self { before, after, different }
    }

    /// Whether it stands as before.
    pub(super) fn are_none(&self) -> bool {
        self.different == 0
    }

    /// The agent is among those who are counted, by lane.
    pub(super) fn recount(&self, counts: &mut [[u32; Standing::COUNT]]) {
        let mut left = self.different;
        while left != 0 {
            let lane = left.trailing_zeros() as usize;
            counts[lane][self.before[lane] as usize] -= 1;
            counts[lane][self.after[lane] as usize] += 1;
            left &= left - 1;
        }
    }
}

/// Channels that always have a lane, beside those that the catalogue names. For any other the members of a group are
/// looked at one by one, so that upstream can't make the pool grow by inventing channels.
const USUAL_CHANNELS: [&str; 5] = ["call", "chat", "email", "social", "task"];

/// The channels for which benches are kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Lanes {
    /// All that the outside is told of, of every agent: the usual ones, and those that the catalogue names.
    told: BTreeSet<ChannelName>,
    names: Vec<ChannelName>,
    costs: Vec<u32>,
    /// Whether work of any channel keeps other work away, so that it matters of what channels an agent's slots are.
    interrupting: bool,
}

/// What of an agent's registration decides how it stands to each lane.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Terms {
    /// How many tickets of each lane at most: none where it could hold none at all.
    limits: Box<[u32]>,
    capacity: u32,
    unused: Sorted<ChannelName, ChannelLoad>,
}

impl Terms {
    /// What the outside is told of an agent's load while it holds nothing.
    pub(super) fn unused(&self) -> &Sorted<ChannelName, ChannelLoad> {
        &self.unused
    }
}

impl Lanes {
    pub(super) fn of(catalogue: &Catalogue) -> Self {
        let usual = USUAL_CHANNELS.map(|name| ChannelName::parse(name).expect("these are names"));
        let configured: BTreeSet<ChannelName> = catalogue.channels.keys().cloned().collect();
        let more: Vec<ChannelName> = configured.iter().filter(|name| !usual.contains(name)).cloned().collect();
        let names: Vec<ChannelName> = usual.iter().cloned().chain(more).take(LANES_MAX).collect();
        Self {
            told: configured.into_iter().chain(usual).collect(),
            costs: names.iter().map(|name| catalogue.channel(name).cost).collect(),
            interrupting: catalogue.channels.values().any(|channel| !channel.interrupts.is_empty()),
            names,
        }
    }

    /// The channels that have lanes.
    pub(super) fn names(&self) -> &[ChannelName] {
        &self.names
    }

    /// The lane of a channel.
    pub(super) fn number(&self, channel: &ChannelName) -> Option<usize> {
        self.names.iter().position(|name| name == channel)
    }

    /// What counts of an agent's registration.
    pub(super) fn terms(&self, profile: &AgentProfile, catalogue: &Catalogue) -> Terms {
        let held_at_most =
            |name: &ChannelName| if profile.could_hold(name, catalogue) { profile.limit(name, catalogue) } else { 0 };
        Terms {
            limits: self.names.iter().map(held_at_most).collect(),
            capacity: profile.capacity(catalogue),
            unused: self.unused(profile, catalogue),
        }
    }

    /// What the outside is told of the load of an agent who holds nothing: of the channels that it is told of of everybody, and
    /// of those that the agent's registration names.
    pub(super) fn unused(&self, profile: &AgentProfile, catalogue: &Catalogue) -> Sorted<ChannelName, ChannelLoad> {
        let told = self.told.iter().chain(profile.limits.keys());
        told.map(|name| (name.clone(), ChannelLoad { used: 0, limit: profile.limit(name, catalogue) })).collect()
    }

    /// How an agent of those terms stands to each lane.
    pub(super) fn standings(&self, agent: &Agent, terms: &Terms, catalogue: &Catalogue) -> Standings {
        let mut standings = [Standing::Offline; LANES_MAX];
        if agent.status != Status::Online {
            return standings;
        }
        if self.interrupting {
            for (standing, name) in standings.iter_mut().zip(&self.names) {
                *standing = Standing::of(agent, name, catalogue);
            }
            return standings;
        }
        let mut used = [0_u32; LANES_MAX];
        let mut units = 0_u32;
        for slot in agent.slots.values() {
            units = units.saturating_add(slot.cost);
            if let Some(lane) = self.number(&slot.channel) {
                used[lane] += 1;
            }
        }
        let room = if agent.given.paced_until().is_some() { Standing::Paced } else { Standing::Free };
        let of_lanes = self.names.iter().zip(&self.costs).zip(&terms.limits).zip(&used);
        for (standing, (((name, cost), limit), used)) in standings.iter_mut().zip(of_lanes) {
            let on = || agent.switches.is_empty() || agent.switches.get(name).copied().unwrap_or(true);
            *standing = if *limit == 0 || !on() {
                Standing::ChannelOff
            } else if used >= limit || units.saturating_add(*cost) > terms.capacity {
                Standing::NoSlot
            } else {
                room
            };
        }
        standings
    }
}
