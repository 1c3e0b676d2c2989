//! An agent: what it is for, what it can hold, whether it is there, and what it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use super::grounds::Grounds;
use super::name::{AgentId, ChannelName, Permission, RoleName, StatusName, TicketId};
use super::pacing::Given;
use super::permission::AccessLevel;
use super::roster::Named;
use super::skill::Skills;
use super::sorted::Sorted;
use super::time::Timestamp;

/// Whether an agent is there. Only who is online gets work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Ready for work.
    Online,
    /// Not at the desk; what it owns stays.
    Away,
    /// At the desk and not to be disturbed; open offers stay.
    Busy,
    /// Finishes what it has and gets nothing new; offline when nothing is left.
    Draining,
    /// Gone; `owner_grace` decides about what it owns.
    #[default]
    Offline,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Online, Self::Away, Self::Busy, Self::Draining, Self::Offline];

    /// As the wire spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Draining => "draining",
            Self::Offline => "offline",
        }
    }

    /// The status that this word names, if any.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether open offers are taken back: nobody is there to answer, or nothing new is to be answered.
    #[must_use]
    pub fn loses_offers(self) -> bool {
        matches!(self, Self::Away | Self::Draining | Self::Offline)
    }
}

/// What a registration says of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AgentProfile {
    /// For people.
    pub name: Option<String>,
    /// What the agent is for, shared with others who are for the same.
    pub roles: Arc<BTreeSet<RoleName>>,
    /// What it is good at.
    pub skills: Skills,
    /// How many tickets of a channel it holds at most, where it differs from the channel's own limit.
    pub limits: Sorted<ChannelName, u32>,
    /// Capacity units; `None` for the catalogue's.
    pub capacity: Option<u32>,
    /// What it may do to the system.
    pub access: AccessLevel,
    /// Its rank in a role, 1 the first to be asked. Where nothing is said: 1.
    pub ranks: BTreeMap<RoleName, u32>,
    /// Who is asked first for the tickets that it leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deputy: Option<AgentId>,
    /// How many tickets it is given in any hour at most; `None` for as the catalogue says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u32>,
}

impl AgentProfile {
    /// The rank of an agent in a role where the registration says nothing.
    pub const RANK_DEFAULT: u32 = 1;
    /// The last rank in a role: nobody ranks more than this by hand.
    pub const RANK_MAX: u32 = 1_000;

    /// An agent of these roles, with nothing else said.
    #[must_use]
    pub fn of_roles(roles: impl IntoIterator<Item = RoleName>) -> Self {
        Self {
            name: None,
            roles: Arc::new(roles.into_iter().collect()),
            skills: Skills::default(),
            limits: Sorted::new(),
            capacity: None,
            access: AccessLevel::Agent,
            ranks: BTreeMap::new(),
            deputy: None,
            per_hour: None,
        }
    }

    /// How many tickets of that channel the agent holds at most.
    #[must_use]
    pub fn limit(&self, name: &ChannelName, catalogue: &Catalogue) -> u32 {
        self.limits.get(name).copied().unwrap_or_else(|| catalogue.channel(name).limit)
    }

    /// Whether a ticket of that channel ever fits, when the agent holds nothing else: by its limit and by what it costs.
    #[must_use]
    pub fn could_hold(&self, channel: &ChannelName, catalogue: &Catalogue) -> bool {
        self.limit(channel, catalogue) > 0 && catalogue.channel(channel).cost <= self.capacity(catalogue)
    }

    /// Its capacity units.
    #[must_use]
    pub fn capacity(&self, catalogue: &Catalogue) -> u32 {
        self.capacity.unwrap_or(catalogue.agents.capacity)
    }

    /// What the agent may do: its access level's permissions and its roles', less what its roles deny.
    #[must_use]
    pub fn permissions(&self, catalogue: &Catalogue) -> BTreeSet<Permission> {
        let roles = || self.roles.iter().filter_map(|name| catalogue.roles.get(name));
        let granted = catalogue.access.of(self.access).chain(roles().flat_map(|role| &role.permissions));
        let denied: BTreeSet<_> = roles().flat_map(|role| &role.permissions_denied).collect();
        granted.filter(|permission| !denied.contains(permission)).cloned().collect()
    }

    /// The agent's rank in a role; smaller is asked first.
    #[must_use]
    pub fn rank(&self, role: &RoleName) -> u32 {
        self.ranks.get(role).copied().unwrap_or(Self::RANK_DEFAULT)
    }
}

/// Why a slot is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SlotUse {
    /// An offer is open.
    Offered,
    /// The ticket is worked on.
    Assigned,
    /// The ticket is done, and the agent writes it up.
    WrapUp {
        /// When the slot is free.
        until: Timestamp,
    },
}

/// One slot that is taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// On which channel.
    pub channel: ChannelName,
    /// What it cost when it was taken, in capacity units.
    pub cost: u32,
    /// Why.
    pub used_for: SlotUse,
}

/// An agent that is registered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// What the registration said.
    pub profile: AgentProfile,
    /// Whether it is there.
    pub status: Status,
    /// What the catalogue calls it, where the agent used a name of the catalogue's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_name: Option<StatusName>,
    /// Why, as it was said with this status.
    #[serde(default, skip_serializing_if = "Grounds::are_none")]
    pub grounds: Grounds,
    /// Since when it has had this status.
    pub status_since: Timestamp,
    /// Channels that it switched on or off; what is absent is on.
    pub switches: BTreeMap<ChannelName, bool>,
    /// Slots that are taken, by ticket.
    pub slots: Sorted<TicketId, Slot>,
    /// Tickets that it owns and that take no slot: paused, or waiting to be resumed.
    pub parked: BTreeSet<TicketId>,
    /// Offers missed in a row.
    pub missed_offers: u32,
    /// When it was last given work, finished some, or came online.
    pub idle_since: Timestamp,
    /// The number of the event that set `idle_since`: a total order of idleness.
    pub idle_seq: u64,
    /// The number of the event that last gave it work; zero for never.
    pub turn_seq: u64,
    /// When it was last heard of; or since when its silence counts, where that is later.
    pub seen_at: Timestamp,
    /// When it last did something, where it has only been heard of since: see [`Agent::acted_at`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acted_before: Option<Timestamp>,
    /// When it was given tickets, where that is bounded.
    #[serde(default, skip_serializing_if = "Given::is_default")]
    pub given: Given,
}

impl Named for Agent {
    type Name = AgentId;

    fn name(&self) -> &AgentId {
        &self.id
    }
}

impl Agent {
    /// When it last did something, beyond being heard of; or since when its idleness counts, where that is later.
    #[must_use]
    pub fn acted_at(&self) -> Timestamp {
        self.acted_before.unwrap_or(self.seen_at)
    }

    /// It does something.
    pub(super) fn acts(&mut self, at: Timestamp) {
        (self.seen_at, self.acted_before) = (at, None);
    }

    /// It is heard of, and that is all.
    pub(super) fn is_heard(&mut self, at: Timestamp) {
        self.acted_before = Some(self.acted_at());
        self.seen_at = at;
    }

    /// Whether it was to finish what it had, and has.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.status == Status::Draining && self.slots.is_empty()
    }

    /// Whether it is as it is for that reason, or none is said.
    pub(super) fn is_so_because(&self, reason: Option<&str>) -> bool {
        reason.is_none() || reason == self.grounds.as_str()
    }

    /// Slots taken on that channel.
    #[must_use]
    pub fn used(&self, channel: &ChannelName) -> u32 {
        let count = self.slots.values().filter(|slot| slot.channel == *channel).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Capacity units in all.
    #[must_use]
    pub fn capacity(&self, catalogue: &Catalogue) -> u32 {
        self.profile.capacity(catalogue)
    }

    /// Whether the agent takes work of that channel at all.
    #[must_use]
    pub fn channel_on(&self, channel: &ChannelName, catalogue: &Catalogue) -> bool {
        self.switches.get(channel).copied().unwrap_or(true) && self.profile.could_hold(channel, catalogue)
    }

    /// Whether one more ticket of that channel exceeds neither the limit nor the capacity units.
    #[must_use]
    pub fn has_slot(&self, channel: &ChannelName, catalogue: &Catalogue) -> bool {
        self.used(channel) < self.profile.limit(channel, catalogue) && self.has_units(channel, catalogue)
    }

    /// Whether what a ticket of that channel costs fits into what is left of the capacity units.
    #[must_use]
    pub fn has_units(&self, channel: &ChannelName, catalogue: &Catalogue) -> bool {
        let cost = catalogue.channel(channel).cost;
        self.units_against(channel, catalogue).saturating_add(cost) <= self.capacity(catalogue)
    }

    /// The tickets that the agent owns, worked on or parked.
    pub fn owned(&self) -> impl Iterator<Item = &TicketId> {
        let assigned = |slot: &Slot| slot.used_for == SlotUse::Assigned;
        self.slots.iter().filter(move |(_, slot)| assigned(slot)).map(|(id, _)| id).chain(&self.parked)
    }
}

/// How much of a channel an agent holds, as the outside sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChannelLoad {
    /// Slots taken by offers, assignments and wrap-up.
    pub used: u32,
    /// Slots in all.
    pub limit: u32,
}

/// What `agent.changed` tells.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct AgentView {
    /// Whether it is there.
    pub status: Status,
    /// What the catalogue calls it, where the agent used a name of the catalogue's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_name: Option<StatusName>,
    /// Why, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// Per channel: the usual ones, and those that the catalogue or the agent names.
    pub load: Sorted<ChannelName, ChannelLoad>,
    /// Tickets in wrap-up.
    pub wrapping_up: u32,
}

#[cfg(test)]
mod tests {
    use crate::routing::event::Sign;
    use crate::routing::{AgentId, AgentProfile, Event, Identity, State, Timestamp};

    #[test]
    fn a_heartbeat_is_a_sign_of_life_and_no_act() {
        let mut state = State::new(Identity { instance: 1, seed: 1 });
        let agent = AgentId::parse("ana").unwrap();
        let profile = Box::new(AgentProfile::of_roles([]));
        state.apply(Timestamp(0), &Event::AgentRegistered { agent: agent.clone(), profile });
        let mut seen = |at: i64, sign: Sign| {
            state.apply(Timestamp(at), &Event::AgentSeen { agent: agent.clone(), sign });
            let agent = state.agent(&agent).unwrap();
            (agent.seen_at.0, agent.acted_at().0)
        };
        assert_eq!(seen(10, Sign::Heartbeat), (10, 0));
        assert_eq!(seen(20, Sign::Heartbeat), (20, 0));
        assert_eq!(seen(30, Sign::Act), (30, 30));
        assert_eq!(seen(40, Sign::Heartbeat), (40, 30));
    }
}
