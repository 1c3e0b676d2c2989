//! The race for a ticket: the agents of all groups that are considered, compared by one strategy, and counted by what
//! they lack. Looks at the first few of each group only.

use std::collections::BTreeMap;

use super::agent::Agent;
use super::matching::{Choice, asks_group};
use super::name::{AgentId, RoleName};
use super::offer::{FallOut, Reason, Trigger};
use super::pool::{Group, GroupSignature, Standing};
use super::queue::Signature;
use super::role::Strategy;
use super::state::State;
use super::strategy::{self, OrderKey};
use super::ticket::Ticket;

type Contender = (i64, OrderKey, AgentId);

/// Who has entered, and who leads.
pub(super) struct Race<'a> {
    state: &'a State,
    ticket: &'a Ticket,
    strategy: Strategy,
    roles: &'a [RoleName],
    signature: &'a Signature,
    /// Whose agents are kept for their own work.
    short: Vec<&'a RoleName>,
    passes_by: &'a dyn Fn(&AgentId) -> bool,
    keep: usize,
    leaders: Vec<Contender>,
    considered: u32,
    free: u32,
    fell_out: FallOut,
}

impl<'a> Race<'a> {
    pub(super) fn new(
        state: &'a State,
        ticket: &'a Ticket,
        strategy: Strategy,
        (roles, signature): (&'a [RoleName], &'a Signature),
        keep: usize,
        passes_by: &'a dyn Fn(&AgentId) -> bool,
    ) -> Self {
        let leaders = Vec::with_capacity(keep + 1);
        Self {
            state,
            ticket,
            strategy,
            roles,
            signature,
            short: state.short_roles(signature.own_role.as_ref(), &signature.channel),
            passes_by,
            keep,
            leaders,
            considered: 0,
            free: 0,
            fell_out: FallOut::default(),
        }
    }

    pub(super) fn enter(&mut self, group: &'a Group) {
        let size = group.size();
        self.considered += size;
        if !asks_group(&self.ticket.demand, self.roles, &group.signature) {
            self.fell_out.rank += size;
        } else if !group.signature.skills.fulfil(&self.signature.skills) {
            self.fell_out.skill += size;
        } else if !self.signature.permissions.is_subset(&group.permissions) {
            self.fell_out.permission += size;
        } else if let Some(bench) = group.bench(&self.signature.channel) {
            self.fell_out.offline += bench.count(Standing::Offline);
            self.fell_out.channel_off += bench.count(Standing::ChannelOff);
            self.fell_out.no_slot += bench.count(Standing::NoSlot);
            self.fell_out.interrupted += bench.count(Standing::Interrupted);
            self.fell_out.paced += bench.count(Standing::Paced);
            if self.keeps(&group.signature) {
                self.fell_out.reserved += bench.count(Standing::Free);
                return;
            }
            self.free += bench.count(Standing::Free);
            self.enter_members(group, bench.free(self.strategy.ordering()).map(|(key, agent)| (*key, agent)));
        } else {
            self.enter_one_by_one(group);
        }
    }

    /// Whether these agents are kept for the work of another of their roles.
    fn keeps(&self, group: &GroupSignature) -> bool {
        self.short.iter().any(|role| group.roles.contains(*role))
    }

    /// On a channel for which no bench is kept.
    fn enter_one_by_one(&mut self, group: &'a Group) {
        let keeps = self.keeps(&group.signature);
        let mut free = BTreeMap::new();
        for agent in group.members.iter().filter_map(|id| self.state.agent(id)) {
            match Standing::of(agent, &self.signature.channel, self.state.catalogue()) {
                Standing::Offline => self.fell_out.offline += 1,
                Standing::ChannelOff => self.fell_out.channel_off += 1,
                Standing::NoSlot => self.fell_out.no_slot += 1,
                Standing::Interrupted => self.fell_out.interrupted += 1,
                Standing::Paced => self.fell_out.paced += 1,
                Standing::Free if keeps => self.fell_out.reserved += 1,
                Standing::Free => {
                    self.free += 1;
                    free.insert(self.strategy.ordering().key(agent), &agent.id);
                }
            }
        }
        self.enter_members(group, free.into_iter());
    }

    fn enter_members(&mut self, group: &'a Group, free: impl Iterator<Item = (OrderKey, &'a AgentId)>) {
        let measure = self.strategy.group_measure(&group.signature, &self.ticket.demand);
        let barred = &self.signature.barred;
        let passes_by = self.passes_by;
        let contenders = free.filter(|(_, agent)| !barred.contains(*agent) && !passes_by(agent));
        if self.strategy == Strategy::Random {
            for ((_, idle_seq), agent) in contenders {
                let seed = self.state.identity().seed;
                let drawn = strategy::draw(seed, self.ticket.arrival_seq, self.ticket.attempt, agent);
                self.place(0, (drawn, idle_seq), agent);
            }
        } else {
            for (key, agent) in contenders.take(self.keep) {
                self.place(measure, key, agent);
            }
        }
    }

    fn place(&mut self, measure: i64, key: OrderKey, agent: &AgentId) {
        let behind = |leader: &Contender| (leader.0, leader.1) > (measure, key);
        let position = self.leaders.iter().position(behind).unwrap_or(self.leaders.len());
        if position < self.keep {
            self.leaders.insert(position, (measure, key, agent.clone()));
            self.leaders.truncate(self.keep);
        }
    }

    pub(super) fn result(mut self, trigger: Trigger, winners_max: usize) -> Option<Choice> {
        let (measure, key, first) = self.leaders.first()?.clone();
        let catalogue = self.state.catalogue();
        let barred_free = |id: &&AgentId| {
            let free = |a: &Agent| Standing::of(a, &self.signature.channel, catalogue) == Standing::Free;
            let demand = &self.ticket.demand;
            let asks = |r: &RoleName, a: &Agent| a.profile.roles.contains(r) && demand.asks(r, a.profile.rank(r));
            self.state.agent(id).is_some_and(|a| {
                free(a)
                    && !self.short.iter().any(|role| a.profile.roles.contains(*role))
                    && self.roles.iter().any(|role| asks(role, a))
                    && a.profile.skills.fulfil(&self.signature.skills)
                    && self.signature.permissions.is_subset(&a.profile.permissions(catalogue))
            })
        };
        let barred = self.signature.barred.iter().filter(barred_free).count();
        self.fell_out.barred = u32::try_from(barred).expect("few are barred");
        let value = |measure: i64, key: OrderKey, id: &AgentId| {
            let agent = self.state.agent(id).expect("who sits on a bench is registered");
            self.strategy.value(measure, key.0, agent)
        };
        let runner_up = self.leaders.get(winners_max).map(|(m, k, id)| (id.clone(), value(*m, *k, id)));
        let reason = Reason {
            rule: self.ticket.demand.rule.clone(),
            trigger,
            strategy: self.strategy,
            considered: self.considered,
            eligible: self.free - self.fell_out.barred,
            fell_out: self.fell_out,
            value: value(measure, key, &first),
            runner_up,
        };
        let agents = self.leaders.into_iter().take(winners_max).map(|(_, _, agent)| agent).collect();
        Some(Choice { agents, reason })
    }
}
