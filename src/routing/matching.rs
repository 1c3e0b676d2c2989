//! Who may take which ticket: the best agent for a ticket, the best ticket for an agent, and why.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::agent::Agent;
use super::audience::{Audience, Sought};
use super::channel::Acceptance;
use super::group::GroupSignature;
use super::importance::Importance;
use super::name::{AgentId, Permission, RoleName, SkillName, TicketId};
use super::offer::{FallOut, Reason, Trigger};
use super::pool::Standing;
use super::queue::RoleQueue;
use super::race::{Entrants, Race};
use super::rank::{Age, Rank};
use super::role::{Dispatch, Order, Role, Strategy};
use super::roster::Number;
use super::serving::Place;
use super::signature::{Demands, Signature};
use super::state::State;
use super::ticket::{Demand, Ticket};

/// What an agent lacks to take a ticket: the first of these that holds (`docs/routing.md#who-may-take-it`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// None of the demanded roles.
    Role,
    /// A rank in the ticket's own role that is asked by now.
    Rank,
    /// A skill, or a level of it.
    Skill(SkillName),
    /// A permission.
    Permission(Permission),
    /// It is not online.
    Offline,
    /// It does not take this channel.
    ChannelOff,
    /// Its slots or capacity units are taken.
    NoSlot,
    /// It holds work of a channel that keeps this one's away.
    Interrupted,
    /// It was given as much as it is to get in so long.
    Paced,
    /// It is kept for the work of another of its roles.
    Reserved,
    /// It is excluded, or has declined or missed it a short while ago, or gave it away.
    Barred,
    /// The ticket is meant for another agent.
    MeantForAnother,
}

impl std::fmt::Display for Lack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Role => f.write_str("has none of the roles that the ticket demands"),
            Self::Rank => f.write_str("is not asked yet, by its rank in the role"),
            Self::Skill(skill) => write!(f, "lacks the skill {skill} at the level that the ticket demands"),
            Self::Permission(permission) => write!(f, "lacks the permission {permission}"),
            Self::Offline => f.write_str("is not online"),
            Self::ChannelOff => f.write_str("does not take this channel"),
            Self::NoSlot => f.write_str("has no free slot"),
            Self::Interrupted => f.write_str("holds work that keeps this channel's away"),
            Self::Paced => f.write_str("was given as much as it is to get in so long"),
            Self::Reserved => f.write_str("is kept for the work of another of its roles"),
            Self::Barred => f.write_str("is excluded, has just declined or missed it, or gave it away"),
            Self::MeantForAnother => f.write_str("is not the agent that the ticket waits for"),
        }
    }
}

/// Who gets a ticket: one agent, or with `ring_all` several, in the order of the strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The winners; never empty.
    pub agents: Vec<AgentId>,
    /// Why.
    pub reason: Arc<Reason>,
}

/// The best agent for a ticket, of those who may take it now and do not pass it by.
#[must_use]
pub fn choose(state: &State, ticket: &Ticket, trigger: Trigger, passes_by: &dyn Fn(&Agent) -> bool) -> Option<Choice> {
    let role = own_role(state, ticket)?;
    if let Some(direction) = &ticket.direction {
        let agent = state.agent(&direction.agent)?;
        (lack(state, agent, ticket).is_none() && !passes_by(agent)).then_some(())?;
        return Some(choose_only(agent, ticket, role.strategy, direction.trigger));
    }
    let pushed = pushed_roles(state, &ticket.demand, role);
    let winners_max = if role.strategy == Strategy::RingAll { role.ring_max.max(1) as usize } else { 1 };
    let lane = state.pool().lanes().number(&ticket.spec.asked.channel);
    let audience = match &*pushed {
        [only] => state.pool().audience(only, Sought::by(&ticket.demand, only)),
        _ => None,
    };
    if lane.is_some_and(|lane| nobody_is_free(state, &pushed, audience, lane)) {
        return None;
    }
    let demands = Demands::of(ticket);
    let asked = Entrants { roles: &pushed, demands: &demands, audience, lane };
    let mut race = Race::new(state, ticket, role.strategy, asked, winners_max + 1, passes_by);
    race.enter_all();
    race.result(trigger, winners_max)
}

impl State {
    /// Gathers those who are asked for a ticket, where it asks one role for more than being there. Nothing is decided by
    /// whether that was done.
    pub(super) fn gather_audience(&mut self, id: &TicketId) {
        let Some(ticket) = self.ground.tickets.get(id) else { return };
        let [role] = &ticket.demand.roles[..] else { return };
        let sought = Sought::by(&ticket.demand, role);
        if ticket.direction.is_none() && !sought.is_nothing() {
            self.index.pool.gather(role, sought);
        }
    }
}

/// Whether nobody of that audience, or else of any of these roles, is free on that lane.
fn nobody_is_free(state: &State, roles: &[RoleName], audience: Option<&Audience>, lane: usize) -> bool {
    let free = |agents: &Audience| agents.count_of(lane, Standing::Free) > 0;
    match audience {
        Some(audience) => !free(audience),
        None => !roles.iter().any(|role| state.pool().crew(role).is_some_and(free)),
    }
}

/// The demanded roles whose queues the engine gives away by itself. The first of them is known.
fn pushed_roles<'d>(state: &State, demand: &'d Demand, own: &Role) -> Cow<'d, [RoleName]> {
    let is_pushed = |role: &Role| role.dispatch == Dispatch::Push;
    let pushed = |name: &&RoleName| {
        let role = if **name == own.name { Some(own) } else { state.catalogue().roles.get(name) };
        role.is_some_and(is_pushed)
    };
    if demand.roles.iter().all(|name| pushed(&name)) {
        return Cow::Borrowed(&demand.roles);
    }
    demand.roles.iter().filter(pushed).cloned().collect()
}

/// That one agent, for a ticket that is meant for it.
#[must_use]
pub fn choose_only(agent: &Agent, ticket: &Ticket, strategy: Strategy, trigger: Trigger) -> Choice {
    let reason = Reason {
        rule: ticket.demand.rule.clone(),
        trigger,
        strategy,
        considered: 1,
        eligible: 1,
        fell_out: FallOut::default(),
        value: agent.idle_since.0,
        runner_up: None,
    };
    Choice { agents: vec![agent.id.clone()], reason: Arc::new(reason) }
}

/// The role for which this agent serves this ticket: the first demanded one that it has and is asked in. Whoever is not
/// asked, and gets it all the same because it is meant for that agent, serves it for the first that it has.
#[must_use]
pub fn serving_role<'t>(agent: &Agent, demand: &'t Demand) -> Option<&'t RoleName> {
    let held = || demand.roles.iter().filter(|role| agent.profile.roles.contains(*role));
    held().find(|role| demand.asks(role, agent.profile.rank(role))).or_else(|| held().next())
}

/// Whether an agent is asked for this ticket in any of its roles.
pub(super) fn is_asked(agent: &Agent, demand: &Demand) -> bool {
    demand.roles.iter().any(|role| agent.profile.roles.contains(role) && demand.asks(role, agent.profile.rank(role)))
}

/// Whether a group that has one of these roles is asked in any of them.
pub(super) fn asks_group(demand: &Demand, roles: &[RoleName], group: &GroupSignature) -> bool {
    demand.rank_max.is_none()
        || roles.iter().any(|role| group.roles.contains(role) && demand.asks(role, group.rank(role)))
}

/// What this agent lacks to take this ticket now; nothing where it may.
#[must_use]
pub fn lack(state: &State, agent: &Agent, ticket: &Ticket) -> Option<Lack> {
    let not_asked = || ticket.direction.is_none() && !is_asked(agent, &ticket.demand);
    lasting_lack(state, agent, ticket)
        .or_else(|| not_asked().then_some(Lack::Rank))
        .or_else(|| lack_of_room(state, agent, ticket))
        .or_else(|| state.is_kept_from(agent, ticket).then_some(Lack::Reserved))
        .or_else(|| lack_if_meant(state, agent, ticket))
        .or_else(|| {
            let meant = ticket.direction.as_ref().is_some_and(|direction| direction.agent != agent.id);
            meant.then_some(Lack::MeantForAnother)
        })
}

/// What this agent would lack now to take this ticket if it were meant for that agent alone. Ranks and reserves
/// do not count then.
#[must_use]
pub fn lack_if_meant(state: &State, agent: &Agent, ticket: &Ticket) -> Option<Lack> {
    lasting_lack(state, agent, ticket)
        .or_else(|| lack_of_room(state, agent, ticket))
        .or_else(|| ticket.bars.iter().any(|bar| bar.agent == agent.id).then_some(Lack::Barred))
}

/// What keeps this agent from this ticket now, even if the agent asks for it by name.
#[must_use]
pub fn inability(state: &State, agent: &Agent, ticket: &Ticket) -> Option<Lack> {
    let room = || lack_of_room(state, agent, ticket).filter(|lack| !matches!(lack, Lack::Interrupted | Lack::Paced));
    lasting_lack(state, agent, ticket).or_else(room)
}

fn lack_of_room(state: &State, agent: &Agent, ticket: &Ticket) -> Option<Lack> {
    match Standing::of(agent, &ticket.spec.asked.channel, state.catalogue()) {
        Standing::Offline => Some(Lack::Offline),
        Standing::ChannelOff => Some(Lack::ChannelOff),
        Standing::NoSlot => Some(Lack::NoSlot),
        _ if state.keeps_units_from(agent, ticket) => Some(Lack::NoSlot),
        Standing::Interrupted => Some(Lack::Interrupted),
        Standing::Paced => Some(Lack::Paced),
        Standing::Free => None,
    }
}

/// What this agent lacks that waiting does not cure.
#[must_use]
pub fn lasting_lack(state: &State, agent: &Agent, ticket: &Ticket) -> Option<Lack> {
    let demand = &ticket.demand;
    if serving_role(agent, demand).is_none() {
        return Some(Lack::Role);
    }
    if let Some(skill) = agent.profile.skills.first_missing(&demand.skills) {
        return Some(Lack::Skill(skill.clone()));
    }
    let held = || agent.profile.permissions(state.catalogue());
    if !demand.permissions.is_empty()
        && let Some(missing) = demand.permissions.difference(&held()).next()
    {
        return Some(Lack::Permission(missing.clone()));
    }
    if !agent.profile.could_hold(&ticket.spec.asked.channel, state.catalogue()) {
        return Some(Lack::ChannelOff);
    }
    ticket.spec.beside.exclude_agents.contains(&agent.id).then_some(Lack::Barred)
}

/// Which queues an agent's best ticket is looked for in.
#[derive(Debug, Clone, Copy)]
pub enum Search<'a> {
    /// What the engine gives away by itself.
    Pushed,
    /// What an agent who asks may get: also from queues that are worked by asking.
    Claimed(Option<&'a RoleName>),
}

impl Search<'_> {
    /// Whether that role's queue is one of them.
    fn covers(self, role: &RoleName) -> bool {
        match self {
            Self::Pushed | Self::Claimed(None) => true,
            Self::Claimed(Some(only)) => only == role,
        }
    }
}

/// The best-ranked waiting ticket that this agent may take now: of the role that it serves first
/// (see [`super::serving`]), then by rank.
#[must_use]
pub fn best_ticket<'s>(state: &'s State, agent: &Agent, search: Search<'_>) -> Option<&'s Ticket> {
    best_of(state, agent, search, None)
}

/// Whether nothing that waits comes before this ticket, for an agent who may take it.
#[must_use]
pub fn comes_first(state: &State, agent: &Agent, ticket: &Ticket) -> bool {
    best_of(state, agent, Search::Pushed, Some(ticket)).is_none_or(|best| best.id == ticket.id)
}

/// The best of what waits, and of that ticket as if it waited.
fn best_of<'s>(state: &'s State, agent: &Agent, search: Search<'_>, joining: Option<&'s Ticket>) -> Option<&'s Ticket> {
    let seeker = Seeker::new(state, agent, search);
    if joining.is_none() && seeker.has_no_room() {
        return None;
    }
    let mut first: Option<(Place, Bests<'s>)> = None;
    for name in agent.profile.roles.iter().filter(|name| search.covers(name)) {
        let joins = joining.filter(|ticket| ticket.demand.roles.contains(name));
        let queue = state.queues().role(name);
        if queue.is_none() && joins.is_none() {
            continue;
        }
        let Some(role) = state.catalogue().roles.get(name) else { continue };
        let place = state.catalogue().agents.serve_first.place(role, agent);
        match &mut first {
            Some((served, _)) if *served < place => {}
            Some((served, bests)) if *served == place => seeker.look(role, queue, joins, bests),
            _ => {
                let mut bests = [None; Order::COUNT];
                seeker.look(role, queue, joins, &mut bests);
                if bests.iter().any(Option::is_some) {
                    first = Some((place, bests));
                }
            }
        }
    }
    let (_, bests) = first?;
    let tickets = bests.into_iter().flatten().map(|(_, found)| match found {
        Found::Waiting(number) => state.ticket_at(number),
        Found::Joining(ticket) => ticket,
    });
    tickets.min_by_key(|ticket| Age::of(ticket))
}

/// What has been found in a queue.
#[derive(Clone, Copy)]
enum Found<'s> {
    Waiting(Number<Ticket>),
    Joining(&'s Ticket),
}

/// Of roles that an agent serves alike: what is ranked best among those ordered alike.
type Bests<'s> = [Option<(Rank, Found<'s>)>; Order::COUNT];

/// An agent who looks for work.
struct Seeker<'a, 's> {
    agent: &'a Agent,
    state: &'s State,
    asks: bool,
    owes: bool,
    standings: &'s [Standing],
    permissions: std::cell::OnceCell<BTreeSet<Permission>>,
}

impl<'a, 's> Seeker<'a, 's> {
    fn new(state: &'s State, agent: &'a Agent, search: Search<'_>) -> Self {
        let asks = matches!(search, Search::Claimed(_));
        let number = state.ground.agents.number(&agent.id);
        let standings = number.and_then(|number| state.pool().standings(number)).unwrap_or_default();
        let owes = state.owes(agent);
        Self { agent, state, asks, owes, standings, permissions: std::cell::OnceCell::new() }
    }

    /// Who does not ask gets of a role that is worked by asking only what was handed to that agent.
    fn looks_for(&self, role: &Role, meant_for: Option<&AgentId>) -> bool {
        self.asks || role.dispatch == Dispatch::Push || meant_for == Some(&self.agent.id)
    }

    /// Whether that agent has no slot for anything that waits.
    fn has_no_room(&self) -> bool {
        let queues = self.state.queues();
        let has_room = |(lane, standing): (usize, &Standing)| self.lets_take(*standing) && queues.waits_on(lane);
        !queues.stray() && !self.standings.iter().enumerate().any(has_room)
    }

    fn lets_take(&self, standing: Standing) -> bool {
        standing == Standing::Free || self.asks && standing.may_claim()
    }

    /// Looks whether anything is ranked better that waits for a role, or that joins those who do.
    fn look(&self, role: &Role, queue: Option<RoleQueue<'s>>, joins: Option<&'s Ticket>, bests: &mut Bests<'s>) {
        let best = &mut bests[role.order as usize];
        let is_better = |best: &Option<(Rank, Found<'s>)>, rank| best.is_none_or(|(current, _)| rank < current);
        for (rank, head) in queue.iter().flat_map(|queue| queue.heads()) {
            if !is_better(best, rank) {
                continue;
            }
            let (signature, ticket) = head();
            let looks_for = self.looks_for(role, signature.direction.as_ref());
            let may_take = looks_for && self.has_room(signature) && self.may_take(role, signature);
            if may_take && !self.keeps_units(role, signature, ticket) {
                *best = Some((rank, Found::Waiting(ticket)));
            }
        }
        let asks = |ticket: &Ticket| ticket.demand.asks(&role.name, self.agent.profile.rank(&role.name));
        if let Some(ticket) = joins.filter(|ticket| ticket.direction.is_some() || asks(ticket)) {
            let rank = Rank::of(ticket, role);
            let meant_for = ticket.direction.as_ref().map(|direction| &direction.agent);
            if is_better(best, rank) && self.looks_for(role, meant_for) {
                *best = Some((rank, Found::Joining(ticket)));
            }
        }
    }

    /// Whether that agent has a slot for such a ticket.
    fn has_room(&self, signature: &Signature) -> bool {
        let seated = signature.lane.and_then(|lane| self.standings.get(lane).copied());
        let standing = seated.unwrap_or_else(|| Standing::of(self.agent, &signature.channel, self.state.catalogue()));
        self.lets_take(standing)
    }

    /// Whether that agent may take a ticket for which it has a slot.
    fn may_take(&self, role: &Role, signature: &Signature) -> bool {
        let catalogue = self.state.catalogue();
        let permissions = || self.permissions.get_or_init(|| self.agent.profile.permissions(catalogue));
        signature.asks(&role.name, self.agent.profile.rank(&role.name))
            && self.agent.profile.skills.fulfil(&signature.skills)
            && (signature.permissions.is_empty() || signature.permissions.is_subset(permissions()))
            && (signature.barred.is_empty() || !signature.barred.contains(&self.agent.id))
            && signature.direction.as_ref().is_none_or(|direction| *direction == self.agent.id)
            && (self.asks || !self.is_kept_from(signature))
    }

    /// Whether that agent keeps the units for a ticket that it owes. Of a line none goes before that one where the first does not:
    /// in a role that is ordered by priority that is of the highest.
    fn keeps_units(&self, role: &Role, signature: &Signature, first: Number<Ticket>) -> bool {
        let importance = || Importance::of(self.state.ticket_at(first), Some(role));
        self.owes && self.state.keeps_units(self.agent, &signature.channel, importance())
    }

    fn is_kept_from(&self, signature: &Signature) -> bool {
        let own_role = signature.own_role.as_ref();
        signature.direction.is_none() && self.state.is_kept(self.agent, own_role, &signature.channel)
    }
}

/// Whether agents are asked before they own this ticket for this role. `ring_all` always asks.
#[must_use]
pub fn acceptance(state: &State, ticket: &Ticket) -> Acceptance {
    let role = own_role(state, ticket);
    if role.is_some_and(|role| role.strategy == Strategy::RingAll) {
        return Acceptance::Offer;
    }
    state.catalogue().acceptance(role, state.catalogue().channel(&ticket.spec.asked.channel))
}

/// The role whose rules hold for a ticket.
#[inline]
#[must_use]
pub fn own_role<'s>(state: &'s State, ticket: &Ticket) -> Option<&'s Role> {
    ticket.demand.role().and_then(|role| state.catalogue().roles.get(role))
}
