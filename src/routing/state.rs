//! The ground truth: everything that the engine knows, what follows from it, and how both are kept honest.
//!
//! [`Ground`] is what events made true, and what a snapshot holds. [`Index`] follows from it: queues, benches, timers,
//! compiled rules. The one place where either changes is [`State::apply`], in [`super::apply`].

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::agent::{Agent, AgentView, ChannelLoad, SlotUse};
use super::catalogue::Catalogue;
use super::classify::Classifier;
use super::closed::Closed;
use super::demands::Shared;
use super::estimate::{OutturnsByRole, Pace};
use super::index::{Index, RoleLooks};
use super::name::{AgentId, RoleName, TicketId};
use super::pool::Pool;
use super::queue::Queues;
use super::rank::Rank;
use super::returning::{LastAgents, Places};
use super::roster::{Entries, Number, Roster, Summed};
use super::ticket::{Asked, ClosedTicket, Demand, Ticket};
use super::time::Timestamp;
use super::timer::Timers;

/// What makes one engine's ids and draws its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Different for each journal, so that no id is ever used twice.
    pub instance: u64,
    /// From which the strategy `random` draws.
    pub seed: u64,
}

/// What events made true, with tickets and agents in whatever holds them: a [`Roster`], or what it is written down from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ground<T = Roster<Ticket>, A = Roster<Agent>> {
    pub(super) identity: Identity,
    pub(super) next_seq: u64,
    pub(super) now: Timestamp,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) catalogue_version: u64,
    pub(super) tickets: T,
    pub(super) closed: Closed,
    /// As snapshots of earlier versions hold it, whose map of the closed has no order.
    #[serde(default, skip_serializing)]
    pub(super) closed_order: Vec<(Timestamp, TicketId)>,
    pub(super) agents: A,
    pub(super) paces: BTreeMap<RoleName, Pace>,
    /// How the waits of which something was said turned out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) outturns: OutturnsByRole,
    /// When the queues of roles whose ladder has conditions were last looked at.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) role_looks: RoleLooks,
    /// Who had the tickets of which customer last, while a role asks.
    #[serde(default, skip_serializing_if = "LastAgents::is_empty")]
    pub(super) last_agents: LastAgents,
    /// The places that customers gave up, while a role lets them come back.
    #[serde(default, skip_serializing_if = "Places::is_empty")]
    pub(super) places: Places,
    /// When the hours of roles that send tickets elsewhere while they are closed were last looked at.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) hours_looks: RoleLooks,
    /// What tickets demand: a table by which equal demands are one.
    #[serde(skip)]
    pub(super) demands: Shared<Demand>,
    /// The same for what upstream asks for them.
    #[serde(skip)]
    pub(super) asked: Shared<Asked>,
    /// The same for the roles of agents.
    #[serde(skip)]
    pub(super) roles: Shared<BTreeSet<RoleName>>,
}

/// Everything that the engine knows.
#[derive(Debug, Clone)]
pub struct State {
    pub(super) ground: Ground,
    pub(super) index: Index,
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.ground.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ground::deserialize(deserializer).map(Ground::in_order).map(Self::of)
    }
}

impl State {
    /// Nothing known, nothing configured.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self::of(Ground::new(identity))
    }

    /// The ground truth, and what follows from it.
    pub(super) fn of(mut ground: Ground) -> Self {
        let Ground { tickets, agents, demands, asked, roles, .. } = &mut ground;
        for ticket in tickets.values_mut() {
            ticket.demand = demands.share(&ticket.demand);
            ticket.spec = asked.share_in(&ticket.spec);
        }
        for agent in agents.values_mut() {
            agent.profile.roles = roles.share(&agent.profile.roles);
        }
        let index = Index::of(&ground);
        Self { ground, index }
    }

    /// What makes this engine's ids its own.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.ground.identity
    }

    /// The number that the next event gets; numbers start at 1 and have no gaps.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.ground.next_seq
    }

    /// The latest time that the state has seen.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.ground.now
    }

    /// The catalogue in force.
    #[must_use]
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.ground.catalogue
    }

    /// How often the catalogue has been replaced.
    #[must_use]
    pub fn catalogue_version(&self) -> u64 {
        self.ground.catalogue_version
    }

    /// A ticket that has not ended.
    #[inline]
    #[must_use]
    pub fn ticket(&self, id: &TicketId) -> Option<&Ticket> {
        self.ground.tickets.get(id)
    }

    /// The ticket of that number.
    pub(super) fn ticket_at(&self, number: Number<Ticket>) -> &Ticket {
        self.ground.tickets.at(number)
    }

    /// A ticket that has ended and is still remembered.
    #[must_use]
    pub fn closed_ticket(&self, id: &TicketId) -> Option<&ClosedTicket> {
        self.ground.closed.get(id)
    }

    /// A registered agent.
    #[inline]
    #[must_use]
    pub fn agent(&self, id: &AgentId) -> Option<&Agent> {
        self.ground.agents.get(id)
    }

    /// All tickets that have not ended, in no particular order: decide nothing by it.
    pub fn tickets(&self) -> impl ExactSizeIterator<Item = &Ticket> {
        self.ground.tickets.values()
    }

    /// All registered agents, by id.
    pub fn agents(&self) -> impl ExactSizeIterator<Item = &Agent> {
        self.ground.agents.by_name().into_iter()
    }

    /// The agent of that number.
    #[must_use]
    pub fn agent_at(&self, number: Number<Agent>) -> &Agent {
        self.ground.agents.at(number)
    }

    /// How many tickets and agents there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        (self.ground.tickets.len() + self.ground.agents.len()) as u64
    }

    /// How many agents are registered.
    #[must_use]
    pub fn agents_count(&self) -> usize {
        self.ground.agents.len()
    }

    /// Who waits.
    #[must_use]
    pub fn queues(&self) -> &Queues {
        &self.index.queues
    }

    /// Who is free.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.index.pool
    }

    /// What is due.
    #[must_use]
    pub fn timers(&self) -> &Timers {
        &self.index.timers
    }

    /// The rules, ready to be asked.
    #[must_use]
    pub fn classifier(&self) -> &Classifier {
        &self.index.classifier
    }

    /// How many tickets nobody could ever take.
    #[must_use]
    pub fn unroutable_count(&self) -> usize {
        self.index.unroutable.len()
    }

    /// The pace at which a role's tickets leave its queue.
    #[must_use]
    pub fn pace(&self, role: &RoleName) -> Option<&Pace> {
        self.ground.paces.get(role)
    }

    /// The place that a ticket has, or would have, in a role's queue: 1 for the next.
    #[must_use]
    pub fn position(&self, ticket: &Ticket, role: &RoleName) -> Option<u64> {
        let rank = Rank::of(ticket, self.catalogue().roles.get(role)?);
        let ahead = self.queues().role(role).map_or(0, |queue| queue.ahead_of(&rank));
        u64::try_from(ahead + 1).ok()
    }

    /// What the outside is told of an agent.
    #[must_use]
    pub fn agent_view(&self, agent: &Agent) -> AgentView {
        let (pool, catalogue) = (&self.index.pool, &self.ground.catalogue);
        let unused = self.ground.agents.number(&agent.id).and_then(|number| pool.unused(number)).cloned();
        let mut load = unused.unwrap_or_else(|| pool.lanes().unused(&agent.profile, catalogue));
        for slot in agent.slots.values() {
            if let Some(load) = load.get_mut(&slot.channel) {
                load.used += 1;
            } else {
                let limit = agent.profile.limit(&slot.channel, catalogue);
                load.insert(slot.channel.clone(), ChannelLoad { used: 1, limit });
            }
        }
        let wrapping_up = |slot: &&super::agent::Slot| matches!(slot.used_for, SlotUse::WrapUp { .. });
        AgentView {
            status: agent.status,
            status_name: agent.status_name.clone(),
            reason: agent.grounds.reason(),
            load,
            wrapping_up: u32::try_from(agent.slots.values().filter(wrapping_up).count()).unwrap_or(u32::MAX),
        }
    }

    /// A digest of the ground truth: equal for equal states, within one build.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.ground.digest()
    }
}

impl Ground {
    /// Nothing known, nothing configured.
    pub(super) fn new(identity: Identity) -> Self {
        Self {
            identity,
            next_seq: 1,
            now: Timestamp::default(),
            catalogue: Arc::default(),
            catalogue_version: 0,
            tickets: Roster::default(),
            closed: Closed::default(),
            closed_order: Vec::new(),
            agents: Roster::default(),
            paces: BTreeMap::new(),
            outturns: BTreeMap::new(),
            role_looks: BTreeMap::new(),
            last_agents: LastAgents::default(),
            places: Places::default(),
            hours_looks: BTreeMap::new(),
            demands: Shared::default(),
            asked: Shared::default(),
            roles: Shared::default(),
        }
    }

    /// As it was read, with what has ended in its order.
    pub(super) fn in_order(mut self) -> Self {
        let order = std::mem::take(&mut self.closed_order);
        self.closed = self.closed.ordered_by(&order);
        self
    }

    /// As it is now, to be written down while it changes. It costs as much as its pieces are many.
    pub(super) fn shared(&self) -> Ground<Entries<Ticket>, Entries<Agent>> {
        Ground {
            identity: self.identity,
            next_seq: self.next_seq,
            now: self.now,
            catalogue: Arc::clone(&self.catalogue),
            catalogue_version: self.catalogue_version,
            tickets: self.tickets.shared(),
            closed: self.closed.shared(),
            closed_order: Vec::new(),
            agents: self.agents.shared(),
            paces: self.paces.clone(),
            outturns: self.outturns.clone(),
            role_looks: self.role_looks.clone(),
            last_agents: self.last_agents.shared(),
            places: self.places.shared(),
            hours_looks: self.hours_looks.clone(),
            demands: Shared::default(),
            asked: Shared::default(),
            roles: Shared::default(),
        }
    }
}

impl<T: Summed, A: Summed> Ground<T, A> {
    /// See [`State::hash`].
    pub(super) fn digest(&self) -> u64 {
        let ground = self;
        let mut hasher = DefaultHasher::new();
        (ground.identity, ground.next_seq, ground.now, ground.catalogue_version).hash(&mut hasher);
        ground.catalogue.hash(&mut hasher);
        (ground.tickets.sum(), &ground.closed, ground.agents.sum(), &ground.role_looks).hash(&mut hasher);
        (&ground.paces, &ground.outturns, &ground.last_agents, &ground.places).hash(&mut hasher);
        ground.hours_looks.hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::agent::{AgentProfile, Status};
    use crate::routing::event::Event;

    #[test]
    fn an_agent_is_seen_with_every_channel_on_which_it_may_ever_hold_something() {
        let mut state = State::new(Identity { instance: 1, seed: 1 });
        let mut profile = AgentProfile::of_roles([]);
        profile.limits.insert("fax".parse().unwrap(), 2);
        let agent: AgentId = "ana".parse().unwrap();
        state.apply(Timestamp(0), &Event::AgentRegistered { agent: agent.clone(), profile: Box::new(profile) });
        let view = state.agent_view(state.agent(&agent).unwrap());
        let load: Vec<(&str, u32, u32)> =
            view.load.iter().map(|(channel, load)| (channel.as_str(), load.used, load.limit)).collect();
        assert_eq!(
            load,
            [("call", 0, 1), ("chat", 0, 3), ("email", 0, 5), ("fax", 0, 2), ("social", 0, 5), ("task", 0, 5)]
        );
        assert_eq!((view.status, view.wrapping_up), (Status::Offline, 0));
    }
}
