//! The race for a ticket: the agents of all groups that are considered, compared by one strategy, and counted by what
//! they lack. Looks at the first few of each group only.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::agent::Agent;
use super::audience::{Audience, Seat};
use super::group::GroupSignature;
use super::matching::{Choice, asks_group};
use super::name::RoleName;
use super::offer::{FallOut, Reason, Trigger};
use super::pool::{Group, Standing};
use super::role::Strategy;
use super::roster::Number;
use super::signature::Demands;
use super::skillbook::Demanded;
use super::state::State;
use super::strategy::{self, OrderKey};
use super::ticket::Ticket;

/// How many groups are looked at before those that are behind: the winner's, the runner-up's, and some for those who pass
/// the ticket by.
const NEAREST: usize = 3;

/// Behind everybody's place.
const LAST: OrderKey = (i64::MAX, u64::MAX);

type Contender = (i64, OrderKey, Number<Agent>);

/// Who is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entrants<'a> {
    /// Agents of these roles.
    pub(super) roles: &'a [RoleName],
    /// Who have what the ticket demands.
    pub(super) demands: &'a Demands<'a>,
    /// Where one role is asked: those of it who are, if they have been gathered.
    pub(super) audience: Option<&'a Audience>,
    /// The lane of the ticket's channel, where that has one.
    pub(super) lane: Option<usize>,
}

/// Who has entered, and who leads.
pub(super) struct Race<'a> {
    state: &'a State,
    ticket: &'a Ticket,
    strategy: Strategy,
    entrants: Entrants<'a>,
    /// What it demands by number, once groups are looked at one by one.
    skills: Demanded,
    /// Whose agents are kept for their own work.
    short: Vec<&'a RoleName>,
    passes_by: &'a dyn Fn(&Agent) -> bool,
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
        entrants: Entrants<'a>,
        keep: usize,
        passes_by: &'a dyn Fn(&Agent) -> bool,
    ) -> Self {
        let leaders = Vec::with_capacity(keep + 1);
        Self {
            state,
            ticket,
            strategy,
            entrants,
            skills: Demanded::TooMuch,
            short: state.short_roles(entrants.demands.own_role, entrants.demands.channel),
            passes_by,
            keep,
            leaders,
            considered: 0,
            free: 0,
            fell_out: FallOut::default(),
        }
    }

    /// Enters everybody who has one of the roles.
    pub(super) fn enter_all(&mut self) {
        let Entrants { roles, demands, audience, lane } = self.entrants;
        if let (Some(audience), Some(lane), true) = (audience, lane, self.short.is_empty()) {
            return self.enter_audience(audience, lane);
        }
        self.skills = self.state.pool().demanded(demands.skills);
        for group in self.state.pool().groups_of(roles) {
            self.enter(group);
        }
    }

    /// Enters all who are asked: counts them at once, and looks at those groups only in which somebody is free.
    fn enter_audience(&mut self, audience: &'a Audience, lane: usize) {
        let (counts, others) = (audience.counts(lane), audience.others());
        self.considered += counts.iter().sum::<u32>() + others.rank + others.skill + others.permission;
        self.fell_out.rank += others.rank;
        self.fell_out.skill += others.skill;
        self.fell_out.permission += others.permission;
        self.count_out(counts);
        self.free += counts[Standing::Free as usize];
        if self.strategy.compares_agents_alone() {
            return self.enter_nearest(audience.seated(), lane);
        }
        for group in free_groups(audience.seated(), lane) {
            self.enter_free(self.state.pool().seated(group), lane);
        }
    }

    /// Enters groups that differ in nothing but where their agents sit: those first whose agents may sit first, and no
    /// more of them than it takes.
    fn enter_nearest(&mut self, seated: &'a [Seat], lane: usize) {
        let pool = self.state.pool();
        let fronts = pool.fronts(self.strategy.ordering());
        let mut nearest = [(LAST, 0); NEAREST];
        for number in free_groups(seated, lane) {
            let mut next = (fronts[number], number);
            if next.0 >= nearest[NEAREST - 1].0 {
                continue;
            }
            for place in &mut nearest {
                if next.0 < place.0 {
                    std::mem::swap(place, &mut next);
                }
            }
        }
        for (key, number) in nearest {
            if key == LAST || self.is_behind_all(0, key) {
                return;
            }
            self.enter_free(pool.seated(number), lane);
        }
        let (last, _) = nearest[NEAREST - 1];
        for number in free_groups(seated, lane) {
            if fronts[number] > last && !self.is_behind_all(0, fronts[number]) {
                self.enter_free(pool.seated(number), lane);
            }
        }
    }

    fn enter(&mut self, group: &'a Group) {
        let size = group.size();
        self.considered += size;
        if !asks_group(&self.ticket.demand, self.entrants.roles, &group.signature) {
            self.fell_out.rank += size;
        } else if !group.held.fulfil(&self.skills) {
            self.fell_out.skill += size;
        } else if !self.entrants.demands.permissions.is_empty()
            && !self.entrants.demands.permissions.is_subset(&group.permissions)
        {
            self.fell_out.permission += size;
        } else if let Some(lane) = self.entrants.lane {
            self.enter_bench(group, lane);
        } else {
            self.enter_one_by_one(group);
        }
    }

    fn enter_bench(&mut self, group: &'a Group, lane: usize) {
        let counts = group.bench(lane).counts();
        self.count_out(counts);
        let free = counts[Standing::Free as usize];
        if self.keeps(&group.signature) {
            self.fell_out.reserved += free;
        } else if free > 0 {
            self.free += free;
            self.enter_free(group, lane);
        }
    }

    /// Enters those of a group who are free on a lane.
    fn enter_free(&mut self, group: &'a Group, lane: usize) {
        for row in group.bench(lane).rows(self.strategy.ordering()) {
            self.enter_members(group, row);
        }
    }

    /// Counts those who stand so that they are not in the race.
    fn count_out(&mut self, counts: &[u32; Standing::COUNT]) {
        let count = |standing: Standing| counts[standing as usize];
        self.fell_out.offline += count(Standing::Offline);
        self.fell_out.channel_off += count(Standing::ChannelOff);
        self.fell_out.no_slot += count(Standing::NoSlot);
        self.fell_out.interrupted += count(Standing::Interrupted);
        self.fell_out.paced += count(Standing::Paced);
    }

    /// Whether these agents are kept for the work of another of their roles.
    fn keeps(&self, group: &GroupSignature) -> bool {
        self.short.iter().any(|role| group.roles.contains(*role))
    }

    /// On a channel for which no bench is kept.
    fn enter_one_by_one(&mut self, group: &'a Group) {
        let keeps = self.keeps(&group.signature);
        let mut free = BTreeMap::new();
        for number in &group.members {
            let agent = self.state.agent_at(*number);
            match Standing::of(agent, self.entrants.demands.channel, self.state.catalogue()) {
                Standing::Offline => self.fell_out.offline += 1,
                Standing::ChannelOff => self.fell_out.channel_off += 1,
                Standing::NoSlot => self.fell_out.no_slot += 1,
                Standing::Interrupted => self.fell_out.interrupted += 1,
                Standing::Paced => self.fell_out.paced += 1,
                Standing::Free if keeps => self.fell_out.reserved += 1,
                Standing::Free => {
                    self.free += 1;
                    free.insert(self.strategy.ordering().key(agent), *number);
                }
            }
        }
        self.enter_members(group, free.into_iter());
    }

    /// Enters members of a group who sit in the order of the strategy.
    fn enter_members(&mut self, group: &'a Group, free: impl Iterator<Item = (OrderKey, Number<Agent>)>) {
        if self.strategy == Strategy::Random {
            for ((_, idle_seq), number) in free {
                let agent = self.state.agent_at(number);
                if self.is_in_the_race(agent) {
                    let seed = self.state.identity().seed;
                    let drawn = strategy::draw(seed, self.ticket.arrival_seq, self.ticket.attempt, &agent.id);
                    self.place(0, (drawn, idle_seq), number);
                }
            }
            return;
        }
        let measure = self.strategy.group_measure(&group.signature, &self.ticket.demand);
        let mut entered = 0;
        for (key, number) in free {
            if entered == self.keep || self.is_behind_all(measure, key) {
                return;
            }
            if self.is_in_the_race(self.state.agent_at(number)) {
                self.place(measure, key, number);
                entered += 1;
            }
        }
    }

    /// Whether a free agent may take the ticket, and has nothing better to do.
    fn is_in_the_race(&self, agent: &Agent) -> bool {
        let barred = &self.entrants.demands.barred;
        (barred.is_empty() || !barred.contains(&agent.id)) && !(self.passes_by)(agent)
    }

    /// Whether as many lead as are kept, and all of them before that place.
    fn is_behind_all(&self, measure: i64, key: OrderKey) -> bool {
        let last = self.leaders.get(self.keep - 1);
        last.is_some_and(|last| (last.0, last.1) < (measure, key))
    }

    fn place(&mut self, measure: i64, key: OrderKey, agent: Number<Agent>) {
        let behind = |leader: &Contender| (leader.0, leader.1) > (measure, key);
        let position = self.leaders.iter().position(behind).unwrap_or(self.leaders.len());
        if position < self.keep {
            self.leaders.insert(position, (measure, key, agent));
            self.leaders.truncate(self.keep);
        }
    }

    pub(super) fn result(mut self, trigger: Trigger, winners_max: usize) -> Option<Choice> {
        let (measure, key, first) = *self.leaders.first()?;
        let catalogue = self.state.catalogue();
        let barred_free = |id: &&super::name::AgentId| {
            let free = |a: &Agent| Standing::of(a, self.entrants.demands.channel, catalogue) == Standing::Free;
            let demand = &self.ticket.demand;
            let asks = |r: &RoleName, a: &Agent| a.profile.roles.contains(r) && demand.asks(r, a.profile.rank(r));
            self.state.agent(id).is_some_and(|a| {
                free(a)
                    && !self.short.iter().any(|role| a.profile.roles.contains(*role))
                    && self.entrants.roles.iter().any(|role| asks(role, a))
                    && a.profile.skills.fulfil(self.entrants.demands.skills)
                    && self.entrants.demands.permissions.is_subset(&a.profile.permissions(catalogue))
            })
        };
        let barred = self.entrants.demands.barred.iter().filter(barred_free).count();
        self.fell_out.barred = u32::try_from(barred).expect("few are barred");
        let value =
            |(measure, key, number): Contender| self.strategy.value(measure, key.0, self.state.agent_at(number));
        let id = |(_, _, number): Contender| self.state.agent_at(number).id.clone();
        let runner_up = self.leaders.get(winners_max).map(|second| (id(*second), value(*second)));
        let reason = Reason {
            rule: self.ticket.demand.rule.clone(),
            trigger,
            strategy: self.strategy,
            considered: self.considered,
            eligible: self.free - self.fell_out.barred,
            fell_out: self.fell_out,
            value: value((measure, key, first)),
            runner_up,
        };
        let agents = self.leaders.iter().take(winners_max).map(|winner| id(*winner)).collect();
        Some(Choice { agents, reason: Arc::new(reason) })
    }
}

/// The groups in which somebody is free on that lane.
fn free_groups(seated: &[Seat], lane: usize) -> impl Iterator<Item = usize> {
    seated.iter().filter(move |seat| seat.free_on.includes(lane)).map(|seat| seat.group)
}
