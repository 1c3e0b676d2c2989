//! Every decision but who is chosen, as `docs/routing.md` says it: which role, who may take a ticket, which ticket comes
//! first, whether anybody ever could take it.

use std::cmp::Reverse;

use super::NaiveEngine;
use crate::routing::agent::{Agent, Slot, SlotUse, Status};
use crate::routing::facts::{Facts, QueueFacts};
use crate::routing::name::{ChannelName, Permission, RoleName, SkillName, TicketId};
use crate::routing::overflow;
use crate::routing::role::{Dispatch, Order, Role};
use crate::routing::serving::ServeFirst;
use crate::routing::skill::Skills;
use crate::routing::ticket::{Demand, Ticket, TicketSpec, UnroutableCause};
use crate::routing::time::Timestamp;

/// Something that keeps an agent from a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lack {
    Role,
    Skill(SkillName),
    Permission(Permission),
    /// Its limit on the channel is nothing.
    Channel,
    Excluded,
    Offline,
    SwitchedOff,
    NoSlot,
    /// It holds work of a channel that keeps this one's away.
    Interrupted,
    /// It was given as much as it is to get in so long.
    Paced,
    /// It is kept for the work of another of its roles.
    Reserved,
    /// It declined or missed the ticket a short while ago, or gave it away.
    Barred,
    MeantForAnother,
}

impl Lack {
    /// Whether the agent only has no room for the ticket at this moment.
    pub(super) fn is_of_room(&self) -> bool {
        matches!(self, Self::NoSlot | Self::Interrupted | Self::Paced)
    }

    /// Whether an agent who asks for the ticket gets it all the same.
    pub(super) fn is_no_matter_to_who_asks(&self) -> bool {
        matches!(self, Self::Interrupted | Self::Paced | Self::Reserved)
    }

    /// Whether waiting does not cure it.
    pub(super) fn is_lasting(&self) -> bool {
        matches!(self, Self::Role | Self::Skill(_) | Self::Permission(_) | Self::Channel | Self::Excluded)
    }
}

impl std::fmt::Display for Lack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Role => f.write_str("has none of the roles that the ticket demands"),
            Self::Skill(skill) => write!(f, "lacks the skill {skill} at the level that the ticket demands"),
            Self::Permission(permission) => write!(f, "lacks the permission {permission}"),
            Self::Offline => f.write_str("is not online"),
            Self::Channel | Self::SwitchedOff => f.write_str("does not take this channel"),
            Self::NoSlot => f.write_str("has no free slot"),
            Self::Interrupted => f.write_str("holds work that keeps this channel's away"),
            Self::Paced => f.write_str("was given as much as it is to get in so long"),
            Self::Reserved => f.write_str("is kept for the work of another of its roles"),
            Self::Excluded | Self::Barred => {
                f.write_str("is excluded, has just declined or missed it, or gave it away")
            }
            Self::MeantForAnother => f.write_str("is not the agent that the ticket waits for"),
        }
    }
}

/// Where a ticket stands in a role's queue: the smallest is next.
pub(super) type Place = (i64, i64, i64, u64);

/// "Which role".
impl NaiveEngine {
    pub(super) fn classify(&self, id: &TicketId, spec: &TicketSpec, created_at: Timestamp) -> Demand {
        let catalogue = self.state.catalogue();
        let mut demand = Demand {
            roles: Vec::new(),
            rule: None,
            skills: spec.asked.skills.clone(),
            permissions: spec.asked.permissions.iter().cloned().collect(),
            priority: spec.asked.priority,
            rank_max: None,
        };
        let by_type = spec.asked.kind.as_ref().and_then(|kind| {
            let mut roles = catalogue.roles.values();
            let on_channel = |role: &Role| role.channels.as_ref().is_none_or(|all| all.contains(&spec.asked.channel));
            roles.find(|role| role.ticket_types.contains(kind) && on_channel(role)).map(|role| role.name.clone())
        });
        let mut found = spec.asked.role.clone();
        if found.is_none() {
            let count = |role: &RoleName| self.count_queue(role, id, &spec.asked.channel);
            let facts = Facts::new(id, spec, (created_at, self.at), catalogue, &count);
            let mut rules = self.conditions.iter().zip(&catalogue.rules);
            if let Some((_, rule)) = rules.find(|(condition, _)| condition.holds(&facts)) {
                found = rule.set.role_of(self.state.identity().seed, &rule.name, id).cloned();
                demand.rule = Some(rule.name.clone());
                demand.skills = both(&spec.asked.skills, &rule.set.skills);
                demand.permissions.extend(rule.set.permissions.iter().cloned());
                demand.priority = rule.set.priority.unwrap_or(spec.asked.priority).raised(rule.set.raise_priority);
            }
            found = found.or(by_type).or_else(|| catalogue.default_role.clone());
        }
        demand.roles = found.into_iter().filter(|role| catalogue.roles.contains_key(role)).collect();
        demand.rank_max = demand.role().and_then(|role| catalogue.roles[role].staffing.rank_max);
        demand
    }

    /// Who waits for a role beside that ticket, who has the role and is there, and who of them has a slot free.
    pub(super) fn count_queue(&self, role: &RoleName, besides: &TicketId, channel: &ChannelName) -> QueueFacts {
        let waiting = self.queue_of(role).into_iter().filter(|ticket| ticket.id != *besides).count();
        let online: Vec<&Agent> = (self.state.agents())
            .filter(|agent| agent.profile.roles.contains(role) && agent.status == Status::Online)
            .collect();
        let free = online.iter().filter(|agent| self.is_free(agent, channel)).count();
        let count = |number: usize| u64::try_from(number).expect("a count fits");
        QueueFacts { waiting: count(waiting), online: count(online.len()), free: count(free) }
    }

    pub(super) fn own_role(&self, ticket: &Ticket) -> Option<&Role> {
        self.state.catalogue().roles.get(ticket.demand.role()?)
    }
}

/// The skills of both, each at its higher level.
fn both(own: &Skills, more: &Skills) -> Skills {
    let mut all = own.clone();
    for (skill, level) in &more.0 {
        if all.0.get(skill).is_none_or(|held| held < level) {
            all.0.insert(skill.clone(), *level);
        }
    }
    all
}

/// "Who may take it".
impl NaiveEngine {
    /// Everything that keeps this agent from this ticket now.
    pub(super) fn lacks(&self, agent: &Agent, ticket: &Ticket) -> Vec<Lack> {
        self.lacks_for(agent, ticket, &ticket.demand)
    }

    fn lacks_for(&self, agent: &Agent, ticket: &Ticket, demand: &Demand) -> Vec<Lack> {
        let (catalogue, channel) = (self.state.catalogue(), &ticket.spec.asked.channel);
        let cost = catalogue.channel(channel).cost;
        let mut lacks = Vec::new();
        if !demand.roles.iter().any(|role| agent.profile.roles.contains(role)) {
            lacks.push(Lack::Role);
        }
        for (skill, level) in &demand.skills.0 {
            if agent.profile.skills.0.get(skill).is_none_or(|held| held < level) {
                lacks.push(Lack::Skill(skill.clone()));
            }
        }
        let held = agent.profile.permissions(catalogue);
        lacks.extend(demand.permissions.difference(&held).cloned().map(Lack::Permission));
        let conditions = [
            (agent.profile.limit(channel, catalogue) == 0 || cost > agent.capacity(catalogue), Lack::Channel),
            (ticket.spec.beside.exclude_agents.contains(&agent.id), Lack::Excluded),
        ];
        lacks.extend(conditions.into_iter().filter(|(holds, _)| *holds).map(|(_, lack)| lack));
        lacks.extend(self.lacks_of_room(agent, channel));
        let conditions = [
            (ticket.direction.is_none() && self.is_kept_from(agent, ticket), Lack::Reserved),
            (ticket.bars.iter().any(|bar| bar.agent == agent.id), Lack::Barred),
            (ticket.direction.as_ref().is_some_and(|direction| direction.agent != agent.id), Lack::MeantForAnother),
        ];
        lacks.extend(conditions.into_iter().filter(|(holds, _)| *holds).map(|(_, lack)| lack));
        lacks
    }

    /// Whether it may be given anything on that channel.
    fn is_free(&self, agent: &Agent, channel: &ChannelName) -> bool {
        self.lacks_of_room(agent, channel).is_empty()
    }

    /// What keeps this agent from anything on that channel now.
    fn lacks_of_room(&self, agent: &Agent, channel: &ChannelName) -> Vec<Lack> {
        let catalogue = self.state.catalogue();
        let limit = agent.profile.limit(channel, catalogue);
        let interrupts = |one: &ChannelName, other: &ChannelName| catalogue.channel(one).interrupts.contains(other);
        let others = agent.slots.values().filter(|slot| !interrupts(channel, &slot.channel));
        let units = others.map(|slot| slot.cost).sum::<u32>() + catalogue.channel(channel).cost;
        let wraps_up = |slot: &Slot| matches!(slot.used_for, SlotUse::WrapUp { .. });
        let interrupted = agent.slots.values().any(|slot| !wraps_up(slot) && interrupts(&slot.channel, channel));
        let conditions = [
            (agent.status != Status::Online, Lack::Offline),
            (agent.switches.get(channel) == Some(&false), Lack::SwitchedOff),
            (agent.used(channel) >= limit || units > agent.capacity(catalogue), Lack::NoSlot),
            (interrupted, Lack::Interrupted),
            (agent.given.paced_until().is_some(), Lack::Paced),
        ];
        conditions.into_iter().filter(|(holds, _)| *holds).map(|(_, lack)| lack).collect()
    }

    /// "Reserve": whether it has another role than the ticket's own of which no more agents are free than it keeps.
    pub(super) fn is_kept_from(&self, agent: &Agent, ticket: &Ticket) -> bool {
        let others = agent.profile.roles.iter().filter(|role| ticket.demand.role() != Some(*role));
        let others = others.filter_map(|role| self.state.catalogue().roles.get(role));
        others.filter(|role| role.staffing.reserve > 0).any(|role| {
            let has_it = self.state.agents().filter(|agent| agent.profile.roles.contains(&role.name));
            let free = has_it.filter(|agent| self.is_free(agent, &ticket.spec.asked.channel)).count();
            free <= role.staffing.reserve as usize
        })
    }

    /// "Tiers": whether it is asked in one of these roles, by its rank or because the ticket is meant for it.
    pub(super) fn is_asked(agent: &Agent, ticket: &Ticket, roles: impl Fn(&RoleName) -> bool) -> bool {
        ticket.direction.is_some() || Self::asks(agent, &ticket.demand, roles)
    }

    pub(super) fn asks(agent: &Agent, demand: &Demand, roles: impl Fn(&RoleName) -> bool) -> bool {
        let in_tier = |role: &RoleName| demand.rank_max.is_none_or(|rank_max| agent.profile.rank(role) <= rank_max);
        let held = demand.roles.iter().enumerate().filter(|(_, role)| agent.profile.roles.contains(*role));
        held.filter(|(_, role)| roles(role)).any(|(place, role)| place > 0 || in_tier(role))
    }

    pub(super) fn may_take(&self, agent: &Agent, ticket: &Ticket) -> bool {
        self.lacks(agent, ticket).is_empty()
    }

    /// Whether it gets the ticket when it asks for it.
    pub(super) fn may_claim(&self, agent: &Agent, ticket: &Ticket) -> bool {
        self.lacks(agent, ticket).iter().all(Lack::is_no_matter_to_who_asks)
    }

    pub(super) fn lasting_lack(&self, agent: &Agent, ticket: &Ticket) -> Option<Lack> {
        self.lacks(agent, ticket).into_iter().find(Lack::is_lasting)
    }

    /// "Unroutable": the cause that came nearest, where nobody could take it now or after any step of its ladder.
    pub(super) fn unroutable(&self, ticket: &Ticket) -> Option<UnroutableCause> {
        if ticket.demand.roles.is_empty() {
            return Some(UnroutableCause::NoRole);
        }
        let meant_for = ticket.direction.as_ref().and_then(|direction| self.state.agent(&direction.agent));
        if meant_for.is_some_and(|agent| self.lasting_lack(agent, ticket).is_none()) {
            return None;
        }
        let mut nearest = 0;
        for demand in overflow::stages(ticket, self.state.catalogue()) {
            for agent in self.state.agents() {
                let lacks = self.lacks_for(agent, ticket, &demand);
                let for_good = ticket.bars.iter().any(|bar| bar.agent == agent.id && bar.until.is_none());
                let came = match lacks.iter().find(|lack| lack.is_lasting()) {
                    Some(Lack::Role) => 0,
                    _ if !Self::asks(agent, &demand, |_| true) => 1,
                    Some(Lack::Skill(_)) => 2,
                    Some(Lack::Permission(_)) => 3,
                    Some(Lack::Channel) => 4,
                    Some(_) => 5,
                    None if for_good => 5,
                    None => return None,
                };
                nearest = nearest.max(came);
            }
        }
        let causes = [
            UnroutableCause::NoAgentWithRole,
            UnroutableCause::NoAgentWithRank,
            UnroutableCause::NoAgentWithSkill,
            UnroutableCause::NoAgentWithPermission,
            UnroutableCause::NoAgentWithChannel,
            UnroutableCause::AllExcluded,
        ];
        Some(causes[nearest])
    }
}

/// "In what order tickets wait".
impl NaiveEngine {
    pub(super) fn place_in(ticket: &Ticket, role: &Role) -> Place {
        let (created, arrival) = (ticket.created_at.0, ticket.arrival_seq);
        let due = ticket.due_at.get().map_or(i64::MAX, |due| due.0);
        let priority = ticket.demand.priority.get();
        match role.order {
            Order::Priority => (-i64::from(priority), due, created, arrival),
            Order::Deadline => (due, created, 0, arrival),
            Order::Aged => {
                let worth = role.priority_worth.0 * u64::from(priority);
                (created.saturating_sub_unsigned(worth), created, 0, arrival)
            }
            Order::Fifo => (created, 0, 0, arrival),
        }
    }

    /// Which is placed first of several that are placed at one moment: by the weight of their roles, then as their queues have
    /// them; what has no role is last.
    pub(super) fn turn_of(&self, ticket: &Ticket) -> (Reverse<u32>, Order, Place) {
        match self.own_role(ticket) {
            Some(role) => (Reverse(role.weight), role.order, Self::place_in(ticket, role)),
            None => (Reverse(0), Order::Fifo, (ticket.created_at.0, 0, 0, ticket.arrival_seq)),
        }
    }

    /// The tickets that wait for a role.
    pub(super) fn queue_of(&self, role: &RoleName) -> Vec<&Ticket> {
        let waits = |ticket: &&Ticket| ticket.phase == crate::routing::Phase::Waiting;
        self.state.tickets().filter(waits).filter(|ticket| ticket.demand.roles.contains(role)).collect()
    }

    /// The ticket that this agent gets next of these roles' queues, and of one more as if it waited.
    pub(super) fn best_ticket(
        &self,
        agent: &Agent,
        roles: impl Fn(&Role, &Ticket) -> bool,
        takes: impl Fn(&Ticket) -> bool,
        joining: Option<&TicketId>,
    ) -> Option<&Ticket> {
        let catalogue = self.state.catalogue();
        let mut found: Vec<(&Role, &Ticket)> = Vec::new();
        for role in agent.profile.roles.iter().filter_map(|name| catalogue.roles.get(name)) {
            let is_asked = |ticket: &&Ticket| Self::is_asked(agent, ticket, |asked| *asked == role.name);
            let joins = joining.map(|id| self.known(id)).filter(|ticket| ticket.demand.roles.contains(&role.name));
            let joins = joins.filter(is_asked);
            let waits = self.queue_of(&role.name).into_iter().filter(|ticket| takes(ticket)).filter(is_asked);
            found.extend(waits.chain(joins).filter(|ticket| roles(role, ticket)).map(|ticket| (role, ticket)));
        }
        let weight = found.iter().map(|(role, _)| role.weight).max()?;
        found.retain(|(role, _)| role.weight == weight);
        if catalogue.agents.serve_first == ServeFirst::BestRank {
            let best = found.iter().map(|(role, _)| agent.profile.rank(&role.name)).min()?;
            found.retain(|(role, _)| agent.profile.rank(&role.name) == best);
        }
        let first_in_its_order = |(role, ticket): &&(&Role, &Ticket)| {
            let mut others = found.iter().filter(|(other, _)| other.order == role.order);
            others.all(|(other, rival)| Self::place_in(ticket, role) <= Self::place_in(rival, other))
        };
        let firsts = found.iter().filter(first_in_its_order);
        firsts.map(|(_, ticket)| *ticket).min_by_key(|ticket| (ticket.created_at, ticket.arrival_seq))
    }

    /// What the engine gives an agent by itself: of roles whose agents ask only what was handed to this one.
    pub(super) fn best_pushed(&self, agent: &Agent, joining: Option<&TicketId>) -> Option<&Ticket> {
        let pushed = |role: &Role, ticket: &Ticket| {
            let joins = joining == Some(&ticket.id);
            let given = role.dispatch == Dispatch::Push || ticket.direction.is_some();
            given && (joins || !self.keeps_units_in(agent, ticket, role))
        };
        self.best_ticket(agent, pushed, |ticket| self.may_take(agent, ticket), joining)
    }

    /// Whether something else comes before this ticket for an agent who may take it.
    pub(super) fn passes_by(&self, agent: &Agent, ticket: &Ticket) -> bool {
        let best = self.best_pushed(agent, Some(&ticket.id));
        best.is_some_and(|best| best.id != ticket.id)
            || self.keeps_units(agent, ticket)
            || self.best_to_resume(agent).is_some_and(|it| self.importance(ticket) <= self.importance(it))
    }

    /// "Owning": whether the units that this ticket would take are kept for one whose customer is back, whatever the agent's
    /// role for which it would take it.
    pub(super) fn keeps_units(&self, agent: &Agent, ticket: &Ticket) -> bool {
        let roles = agent.profile.roles.iter().filter_map(|role| self.state.catalogue().roles.get(role));
        let demanded = roles.filter(|role| ticket.demand.roles.contains(&role.name));
        let mut asked = demanded.filter(|role| Self::is_asked(agent, ticket, |asked| *asked == role.name)).peekable();
        match asked.peek() {
            Some(_) => asked.all(|role| self.keeps_units_in(agent, ticket, role)),
            None => self.keeps_units_from(agent, ticket, (0, 0)),
        }
    }

    /// The same, where it would take it as one of that role's.
    pub(super) fn keeps_units_in(&self, agent: &Agent, ticket: &Ticket, role: &Role) -> bool {
        self.keeps_units_from(agent, ticket, Self::importance_in(ticket, role))
    }

    fn keeps_units_from(&self, agent: &Agent, ticket: &Ticket, importance: (u32, u8)) -> bool {
        let (catalogue, channel) = (self.state.catalogue(), &ticket.spec.asked.channel);
        let interrupts = |one: &ChannelName, other: &ChannelName| catalogue.channel(one).interrupts.contains(other);
        let lacks_units = |channel: &ChannelName| {
            let others = agent.slots.values().filter(|slot| !interrupts(channel, &slot.channel));
            let units = others.map(|slot| slot.cost).sum::<u32>();
            units + catalogue.channel(channel).cost > agent.capacity(catalogue)
        };
        let mut owed = self
            .state
            .tickets()
            .filter(|it| matches!(&it.phase, crate::routing::Phase::Resuming(owner) if owner.agent == agent.id));
        catalogue.channel(channel).cost > 0
            && owed.any(|owed| {
                let back_on = &owed.spec.asked.channel;
                let apart = interrupts(channel, back_on) || interrupts(back_on, channel);
                lacks_units(back_on) && !apart && self.importance(owed) >= importance
            })
    }

    /// The ticket that this agent owns, whose customer is back, and for which it has a slot.
    pub(super) fn best_to_resume(&self, agent: &Agent) -> Option<&Ticket> {
        let back = |ticket: &&Ticket| {
            matches!(&ticket.phase, crate::routing::Phase::Resuming(owner) if owner.agent == agent.id)
                && agent.has_slot(&ticket.spec.asked.channel, self.state.catalogue())
        };
        self.state.tickets().filter(back).min_by_key(|ticket| self.turn_of(ticket))
    }

    /// The role's weight and, in a role ordered by priority, the priority.
    pub(super) fn importance(&self, ticket: &Ticket) -> (u32, u8) {
        self.own_role(ticket).map_or((0, 0), |role| Self::importance_in(ticket, role))
    }

    fn importance_in(ticket: &Ticket, role: &Role) -> (u32, u8) {
        (role.weight, if role.order == Order::Priority { ticket.demand.priority.get() } else { 0 })
    }
}

/// "Targets".
impl NaiveEngine {
    /// When a ticket should be answered.
    pub(super) fn due_at(&self, spec: &TicketSpec, demand: &Demand, created_at: Timestamp) -> Option<Timestamp> {
        if spec.beside.due_at.is_some() {
            return spec.beside.due_at;
        }
        let target = self.state.catalogue().roles.get(demand.role()?)?.target?;
        Some(spec.beside.not_before.unwrap_or(created_at).max(created_at) + target.answer_within)
    }
}
