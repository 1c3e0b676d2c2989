//! Tickets a page at a time, and what is registered of an agent.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{AgentCard, ReadModel, Stage, TicketCard, lock};
use crate::routing::permission::AccessLevel;
use crate::routing::{AgentId, AgentProfile, Catalogue, ChannelName, RoleName, TicketId};

/// Some of the tickets, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TicketPage {
    /// The tickets.
    pub tickets: Vec<TicketCard>,
    /// How many there are in all that fit.
    pub tickets_count: usize,
    /// Where to go on; `null` on the last page.
    pub next: Option<TicketId>,
}

/// Which tickets; what is `None` does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TicketFilter {
    /// Of which role.
    pub role: Option<RoleName>,
    /// Where they stand.
    pub stage: Option<Stage>,
    /// How they arrived.
    pub channel: Option<ChannelName>,
    /// Who owns them or is offered them.
    pub agent: Option<AgentId>,
}

impl TicketFilter {
    fn fits(&self, card: &TicketCard) -> bool {
        (self.role.is_none() || self.role == card.role)
            && self.stage.is_none_or(|stage| stage == card.stage)
            && self.channel.as_ref().is_none_or(|channel| *channel == card.channel)
            && self.agent.as_ref().is_none_or(|agent| card.is_of(agent))
    }
}

/// A card in the order of ids.
struct ById(TicketCard);

impl PartialEq for ById {
    fn eq(&self, other: &Self) -> bool {
        self.0.ticket_id == other.0.ticket_id
    }
}

impl Eq for ById {}

impl PartialOrd for ById {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ById {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.ticket_id.cmp(&other.0.ticket_id)
    }
}

/// How an agent is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Registration {
    /// What it may do to the system.
    pub access: AccessLevel,
    /// What it is good at, with levels.
    pub skills: BTreeMap<String, u8>,
    /// How many tickets of a channel it holds at most, where that is not as the channel has it.
    pub limits: BTreeMap<ChannelName, u32>,
    /// Capacity units; `null` for as the configuration has it.
    pub capacity: Option<u32>,
    /// Its rank in a role, where it is not 1.
    pub ranks: BTreeMap<RoleName, u32>,
    /// Who is asked first for the tickets that it leaves.
    pub deputy: Option<AgentId>,
    /// How many tickets it is given in any hour at most; `null` for as the configuration has it.
    pub per_hour: Option<u32>,
}

impl Registration {
    fn of(profile: &AgentProfile) -> Self {
        Self {
            access: profile.access,
            skills: profile.skills.0.iter().map(|(name, level)| (name.to_string(), level.get())).collect(),
            limits: profile.limits.iter().map(|(name, limit)| (name.clone(), *limit)).collect(),
            capacity: profile.capacity,
            ranks: profile.ranks.clone(),
            deputy: profile.deputy.clone(),
            per_hour: profile.per_hour,
        }
    }
}

/// One agent: how it is, and how it is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AgentRecord {
    /// How it is.
    #[serde(flatten)]
    pub card: AgentCard,
    /// How it is registered.
    pub registration: Registration,
}

impl ReadModel {
    /// Up to `count_max` tickets that fit, by id, that come after this one. Looks at every ticket, and keeps no more
    /// than it gives back.
    pub fn tickets_after(&self, after: Option<&TicketId>, filter: &TicketFilter, count_max: usize) -> TicketPage {
        let mut first = BinaryHeap::new();
        let mut tickets_count = 0;
        let mut has_more = false;
        for card in self.tickets.iter().filter(|card| filter.fits(card)) {
            tickets_count += 1;
            if after.is_some_and(|after| card.ticket_id <= *after) {
                continue;
            }
            if first.len() < count_max {
                first.push(ById(TicketCard::clone(&card)));
                continue;
            }
            has_more = true;
            if first.peek().is_some_and(|last| card.ticket_id < last.0.ticket_id) {
                first.pop();
                first.push(ById(TicketCard::clone(&card)));
            }
        }
        let tickets: Vec<_> = first.into_sorted_vec().into_iter().map(|ById(card)| card).collect();
        let next = if has_more { tickets.last().map(|card| card.ticket_id.clone()) } else { None };
        TicketPage { tickets, tickets_count, next }
    }

    /// How an agent is registered.
    pub fn profile(&self, id: &AgentId) -> Option<Arc<AgentProfile>> {
        self.profiles.get(id).map(|profile| Arc::clone(&profile))
    }

    /// An agent, and how it is registered.
    pub fn agent_record(&self, id: &AgentId) -> Option<AgentRecord> {
        let registration = Registration::of(&*self.profile(id)?);
        Some(AgentRecord { card: self.agent(id)?, registration })
    }

    /// The catalogue in force.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&lock(&self.catalogue))
    }
}
