//! "Who is chosen", as `docs/routing.md` says it: which agent gets a ticket, for which role, and why.

use super::NaiveEngine;
use super::decide::Lack;
use crate::routing::agent::Agent;
use crate::routing::channel::Acceptance;
use crate::routing::name::{AgentId, RoleName};
use crate::routing::offer::{FallOut, Reason, Trigger};
use crate::routing::role::{Dispatch, Strategy};
use crate::routing::strategy::draw;
use crate::routing::ticket::Ticket;

/// "Who is chosen".
impl NaiveEngine {
    /// The winners for a ticket, and why.
    pub(super) fn choose(&self, ticket: &Ticket, trigger: Trigger) -> Option<(Vec<AgentId>, Reason)> {
        let role = self.own_role(ticket)?;
        if let Some(direction) = &ticket.direction {
            let agent = self.state.agent(&direction.agent)?;
            if !self.may_take(agent, ticket) || self.passes_by(agent, ticket) {
                return None;
            }
            return Some((vec![agent.id.clone()], self.reason_of_one(agent, ticket, direction.trigger)));
        }
        let catalogue = self.state.catalogue();
        let pushed = |name: &RoleName| catalogue.roles.get(name).is_some_and(|role| role.dispatch == Dispatch::Push);
        let demanded = |name: &RoleName| ticket.demand.roles.contains(name) && pushed(name);
        let considered = self.state.agents().filter(|agent| agent.profile.roles.iter().any(demanded));
        let mut reason = Reason { considered: 0, eligible: 0, ..self.reason_of_none(ticket, trigger) };
        let mut eligible: Vec<(i64, u64, &Agent)> = Vec::new();
        for agent in considered {
            reason.considered += 1;
            let lacks = self.lacks(agent, ticket);
            if !Self::is_asked(agent, ticket, pushed) {
                reason.fell_out.rank += 1;
            } else if lacks.is_empty() {
                reason.eligible += 1;
                eligible.push((self.measure(role.strategy, agent, ticket), agent.idle_seq, agent));
            } else {
                count(&mut reason.fell_out, &lacks);
            }
        }
        eligible.retain(|(_, _, agent)| !self.passes_by(agent, ticket));
        eligible.sort_by_key(|(measure, idle_seq, _)| (*measure, *idle_seq));
        let value = |place: usize| {
            eligible.get(place).map(|(measure, _, agent)| match role.strategy {
                Strategy::LongestIdle | Strategy::RingAll => (agent.id.clone(), agent.idle_since.0),
                _ => (agent.id.clone(), *measure),
            })
        };
        let winners_max = if role.strategy == Strategy::RingAll { role.ring_max.max(1) as usize } else { 1 };
        (_, reason.value) = value(0)?;
        reason.runner_up = value(winners_max);
        let winners = eligible.iter().take(winners_max).map(|(_, _, agent)| agent.id.clone()).collect();
        Some((winners, reason))
    }

    /// The smallest wins; ties go to whoever is idle for longest.
    fn measure(&self, strategy: Strategy, agent: &Agent, ticket: &Ticket) -> i64 {
        let demand = &ticket.demand;
        let slots = i64::try_from(agent.slots.len()).expect("an agent holds few tickets");
        match strategy {
            Strategy::LongestIdle | Strategy::RingAll => 0,
            Strategy::LeastLoaded => slots,
            Strategy::MostLoaded => -slots,
            Strategy::RoundRobin => i64::try_from(agent.turn_seq).expect("event numbers stay far below 2^63"),
            Strategy::Random => draw(self.state.identity().seed, ticket.arrival_seq, ticket.attempt, &agent.id),
            Strategy::Rank => {
                let held = demand.roles.iter().filter(|role| agent.profile.roles.contains(*role));
                held.map(|role| i64::from(agent.profile.rank(role))).min().expect("who is considered has such a role")
            }
            Strategy::MostSkilled => {
                let levels = demand.skills.0.keys().filter_map(|skill| agent.profile.skills.0.get(skill));
                -levels.map(|level| i64::from(level.get())).sum::<i64>()
            }
            Strategy::LeastFlexible => i64::try_from(agent.profile.roles.len()).expect("an agent has few roles"),
        }
    }

    fn reason_of_none(&self, ticket: &Ticket, trigger: Trigger) -> Reason {
        Reason {
            rule: ticket.demand.rule.clone(),
            trigger,
            strategy: self.own_role(ticket).map(|role| role.strategy).unwrap_or_default(),
            considered: 1,
            eligible: 1,
            fell_out: FallOut::default(),
            value: 0,
            runner_up: None,
        }
    }

    /// Why an agent gets a ticket where nobody else was considered.
    pub(super) fn reason_of_one(&self, agent: &Agent, ticket: &Ticket, trigger: Trigger) -> Reason {
        Reason { value: agent.idle_since.0, ..self.reason_of_none(ticket, trigger) }
    }

    /// The role for which an agent serves a ticket: the first demanded one that it has and is asked in, else has.
    pub(super) fn serving_role(agent: &Agent, ticket: &Ticket) -> RoleName {
        let held = || ticket.demand.roles.iter().filter(|role| agent.profile.roles.contains(*role));
        let asked = held().find(|role| Self::asks(agent, &ticket.demand, |asked| asked == *role));
        asked.or_else(|| held().next()).expect("who is chosen has a demanded role").clone()
    }

    /// `ring_all` always asks; else as the role says, else as the channel says.
    pub(super) fn acceptance(&self, ticket: &Ticket) -> Acceptance {
        let by_channel = self.state.catalogue().channel(&ticket.spec.asked.channel).acceptance;
        match self.own_role(ticket) {
            Some(role) if role.strategy == Strategy::RingAll => Acceptance::Offer,
            Some(role) => role.acceptance.unwrap_or(by_channel),
            None => by_channel,
        }
    }
}

/// Counts an agent under the first reason for which it fell out.
pub(super) fn count(fell_out: &mut FallOut, lacks: &[Lack]) {
    let has = |wanted: fn(&Lack) -> bool| lacks.iter().any(wanted);
    if has(|lack| matches!(lack, Lack::Skill(_))) {
        fell_out.skill += 1;
    } else if has(|lack| matches!(lack, Lack::Permission(_))) {
        fell_out.permission += 1;
    } else if has(|lack| *lack == Lack::Offline) {
        fell_out.offline += 1;
    } else if has(|lack| matches!(lack, Lack::Channel | Lack::SwitchedOff)) {
        fell_out.channel_off += 1;
    } else if has(|lack| *lack == Lack::NoSlot) {
        fell_out.no_slot += 1;
    } else if has(|lack| *lack == Lack::Interrupted) {
        fell_out.interrupted += 1;
    } else if has(|lack| *lack == Lack::Paced) {
        fell_out.paced += 1;
    } else if has(|lack| *lack == Lack::Reserved) {
        fell_out.reserved += 1;
    } else {
        fell_out.barred += 1;
    }
}
