//! One agent as readers see it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::{ChannelSlots, moment};
use crate::routing::agent::{ChannelLoad, SlotUse};
use crate::routing::sorted::Sorted;
use crate::routing::{
    Agent, AgentId, Catalogue, ChannelName, RoleName, State, Status, StatusName, TicketId, Timestamp,
};

/// The most tickets that an agent's card lists; the count is always whole.
pub const HELD_SHOWN_MAX: usize = 50;

/// Why an agent holds a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeldAs {
    /// It is asked whether it takes it.
    Offered,
    /// It works on it.
    Assigned,
    /// It writes it up.
    WrapUp,
    /// It owns it, and waits for the customer.
    Paused,
}

/// One ticket that an agent holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Held {
    /// The ticket.
    pub ticket_id: TicketId,
    /// On which channel; `None` where it takes no slot.
    pub channel: Option<ChannelName>,
    /// Why.
    pub held_as: HeldAs,
}

/// Whether an agent could take one more ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// It is online and holds nothing.
    Idle,
    /// It is online, holds something, and has a slot free.
    Some,
    /// It is online and has no slot free.
    Full,
    /// It is not online.
    Away,
}

/// One registered agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AgentCard {
    /// Its id.
    pub agent_id: AgentId,
    /// For people.
    pub name: Option<String>,
    /// Whether it is there.
    pub status: Status,
    /// What the catalogue calls it, where the agent used a name of the catalogue's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_name: Option<StatusName>,
    /// Why, where that was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<std::sync::Arc<str>>,
    /// Since when it has had this status.
    #[serde(serialize_with = "moment::rfc3339")]
    pub status_since: Timestamp,
    /// When it was last given work, finished some, or came online.
    #[serde(serialize_with = "moment::rfc3339")]
    pub idle_since: Timestamp,
    /// What it is for.
    pub roles: std::sync::Arc<BTreeSet<RoleName>>,
    /// Whether it could take one more.
    pub room: Room,
    /// Channels that it has switched off, by `agent.presence`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub channels_off: BTreeSet<ChannelName>,
    /// Slots by channel, of those that the catalogue or the agent names.
    #[schemars(with = "BTreeMap<ChannelName, ChannelLoad>")]
    pub load: Sorted<ChannelName, ChannelLoad>,
    /// How many tickets it holds.
    pub held_count: usize,
    /// The first [`HELD_SHOWN_MAX`] of them, by id.
    pub held: Vec<Held>,
    /// Slots it could take now, of each channel of `load`, in their order.
    #[serde(skip)]
    free: Box<[u32]>,
}

impl AgentCard {
    pub(super) fn of(agent: &Agent, state: &State) -> Self {
        let catalogue = state.catalogue();
        let load = state.agent_view(agent).load;
        let free: Box<[u32]> = load.iter().map(|(channel, load)| free(agent, channel, *load, catalogue)).collect();
        Self {
            agent_id: agent.id.clone(),
            name: agent.profile.name.clone(),
            status: agent.status,
            status_name: agent.status_name.clone(),
            reason: agent.grounds.reason(),
            status_since: agent.status_since,
            idle_since: agent.idle_since,
            roles: agent.profile.roles.clone(),
            room: room(agent, has_room(agent, &load, &free, catalogue)),
            channels_off: switched_off(agent),
            load,
            held_count: agent.slots.len() + agent.parked.len(),
            held: held(agent).take(HELD_SHOWN_MAX).collect(),
            free,
        }
    }

    /// By channel, how many slots it uses and how many it could take now.
    pub(super) fn slots(&self) -> impl Iterator<Item = (&ChannelName, ChannelSlots)> {
        let slots = |(load, free): (&ChannelLoad, &u32)| ChannelSlots { used: load.used, free: *free };
        self.load.keys().zip(self.load.values().zip(&self.free).map(slots))
    }
}

fn switched_off(agent: &Agent) -> BTreeSet<ChannelName> {
    agent.switches.iter().filter(|(_, is_on)| !**is_on).map(|(channel, _)| channel.clone()).collect()
}

/// Whether there is a free slot on a channel that somebody cares about: one that the catalogue or the agent names, or
/// where neither names any, any.
fn has_room(agent: &Agent, load: &Sorted<ChannelName, ChannelLoad>, free: &[u32], catalogue: &Catalogue) -> bool {
    let named =
        |channel: &ChannelName| catalogue.channels.contains_key(channel) || agent.profile.limits.contains_key(channel);
    let any_named = load.keys().any(named);
    load.keys().zip(free).any(|(channel, slots)| *slots > 0 && (!any_named || named(channel)))
}

/// How many more tickets of that channel the agent could take, by its limit and by its capacity units.
fn free(agent: &Agent, channel: &ChannelName, load: ChannelLoad, catalogue: &Catalogue) -> u32 {
    let there = agent.status == Status::Online && agent.channel_on(channel, catalogue);
    if !there || agent.is_interrupted(channel, catalogue) {
        return 0;
    }
    let by_limit = load.limit.saturating_sub(load.used);
    let units_free = agent.capacity(catalogue).saturating_sub(agent.units_against(channel, catalogue));
    match catalogue.channel(channel).cost {
        0 => by_limit,
        cost => by_limit.min(units_free / cost),
    }
}

fn room(agent: &Agent, has_slot: bool) -> Room {
    match agent.status {
        Status::Away | Status::Busy | Status::Draining | Status::Offline => Room::Away,
        Status::Online if !has_slot => Room::Full,
        Status::Online if agent.slots.is_empty() => Room::Idle,
        Status::Online => Room::Some,
    }
}

fn held(agent: &Agent) -> impl Iterator<Item = Held> {
    let in_slots = agent.slots.iter().map(|(ticket, slot)| Held {
        ticket_id: ticket.clone(),
        channel: Some(slot.channel.clone()),
        held_as: match slot.used_for {
            SlotUse::Offered => HeldAs::Offered,
            SlotUse::Assigned => HeldAs::Assigned,
            SlotUse::WrapUp { .. } => HeldAs::WrapUp,
        },
    });
    let parked =
        agent.parked.iter().map(|ticket| Held { ticket_id: ticket.clone(), channel: None, held_as: HeldAs::Paused });
    in_slots.chain(parked)
}
