//! How an agent was seen, as far as it takes to know whether it is seen otherwise now. What the outside is told of an agent
//! is only made where it is.

use std::sync::Arc;

use super::agent::{Agent, AgentView, SlotUse, Status};
use super::name::{AgentId, ChannelName, StatusName};
use super::state::State;

/// How an agent was seen before it was touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// It was not there.
    Nowhere,
    /// Its limits stay as they are: what else there is to see.
    Holding(Glimpse),
    /// Its limits may change too.
    Whole(AgentView),
}

/// What is seen of an agent, but for its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glimpse {
    status: Status,
    status_name: Option<StatusName>,
    reason: Option<Arc<str>>,
    used: Used,
    wrapping_up: usize,
}

/// On how many channels slots are taken, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Used {
    None,
    /// All of one channel.
    One(ChannelName, usize),
    /// Of several, by name.
    Several(Vec<(ChannelName, usize)>),
}

impl Used {
    fn of(agent: &Agent) -> Self {
        let mut channels = agent.slots.values().map(|slot| &slot.channel);
        let Some(first) = channels.next() else { return Self::None };
        if channels.all(|channel| channel == first) {
            return Self::One(first.clone(), agent.slots.len());
        }
        let mut used: Vec<(ChannelName, usize)> = Vec::new();
        for slot in agent.slots.values() {
            match used.iter_mut().find(|(channel, _)| *channel == slot.channel) {
                Some((_, count)) => *count += 1,
                None => used.push((slot.channel.clone(), 1)),
            }
        }
        used.sort_unstable();
        Self::Several(used)
    }
}

impl Glimpse {
    fn of(agent: &Agent) -> Self {
        let wrapping_up = agent.slots.values().filter(|slot| matches!(slot.used_for, SlotUse::WrapUp { .. })).count();
        Self {
            status: agent.status,
            status_name: agent.status_name.clone(),
            reason: agent.grounds.reason(),
            used: Used::of(agent),
            wrapping_up,
        }
    }
}

impl Seen {
    /// How an agent, where it is there, is seen before something happens to it that leaves its limits as they are.
    pub(super) fn at_a_glimpse(agent: Option<&Agent>) -> Self {
        agent.map_or(Self::Nowhere, |agent| Self::Holding(Glimpse::of(agent)))
    }
}

impl State {
    /// How an agent, where it is there, is seen before something happens to it that may change its limits.
    pub(super) fn look(&self, agent: Option<&Agent>) -> Seen {
        agent.map_or(Seen::Nowhere, |agent| Seen::Whole(self.agent_view(agent)))
    }

    /// What the outside is told of an agent, where that is not what was seen before. Nothing is told as what is seen of
    /// somebody who is not there.
    pub(super) fn seen_anew(&self, agent: &AgentId, before: &Seen) -> Option<AgentView> {
        match (self.agent(agent), before) {
            (None, Seen::Nowhere) => None,
            (None, _) => Some(AgentView::default()),
            (Some(agent), Seen::Nowhere) => Some(self.agent_view(agent)),
            (Some(agent), Seen::Holding(before)) => (Glimpse::of(agent) != *before).then(|| self.agent_view(agent)),
            (Some(agent), Seen::Whole(before)) => Some(self.agent_view(agent)).filter(|now| now != before),
        }
    }
}
