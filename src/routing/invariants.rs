//! What always holds, checked from the ground truth up: for tests and for simulation.

use std::collections::BTreeSet;

use super::agent::{Agent, SlotUse};
use super::index::{self, Index};
use super::matching::{self, Search};
use super::pool::Standing;
use super::prospect;
use super::state::State;
use super::ticket::{Phase, Ticket};
use super::timer::Subject;

impl State {
    /// Checks everything that holds between two steps.
    ///
    /// # Errors
    /// The first thing found that does not hold.
    pub fn check_invariants(&self) -> Result<(), String> {
        self.tickets().try_for_each(|ticket| self.check_ticket(ticket))?;
        self.agents().try_for_each(|agent| self.check_agent(agent))?;
        self.check_index()?;
        self.check_work_conserving()
    }

    fn check_ticket(&self, ticket: &Ticket) -> Result<(), String> {
        let slot = |agent: &super::AgentId| self.agent(agent).and_then(|agent| agent.slots.get(&ticket.id));
        let parked = |agent: &super::AgentId| self.agent(agent).is_some_and(|agent| agent.parked.contains(&ticket.id));
        let holds = match &ticket.phase {
            Phase::Intake => false,
            Phase::Scheduled | Phase::Deferred | Phase::Waiting | Phase::Unroutable(_) => true,
            Phase::Offered(offers) => {
                let agents: BTreeSet<_> = offers.iter().map(|offer| &offer.agent).collect();
                !offers.is_empty()
                    && agents.len() == offers.len()
                    && agents.iter().all(|agent| slot(agent).is_some_and(|slot| slot.used_for == SlotUse::Offered))
            }
            Phase::Assigned(owner) => slot(&owner.agent).is_some_and(|slot| slot.used_for == SlotUse::Assigned),
            Phase::Paused(owner) | Phase::Resuming(owner) => parked(&owner.agent) && slot(&owner.agent).is_none(),
        };
        if !holds {
            return Err(format!("ticket {} is {:?}, which its agents know nothing of", ticket.id, ticket.phase));
        }
        if let Phase::Resuming(owner) = &ticket.phase
            && !self
                .agent(&owner.agent)
                .is_some_and(|it| it.profile.could_hold(&ticket.spec.asked.channel, self.catalogue()))
        {
            return Err(format!("ticket {} waits for agent {}, who can never hold it", ticket.id, owner.agent));
        }
        let waits = ticket.phase == Phase::Waiting;
        if waits && let Some(cause) = prospect::unroutable(self, ticket) {
            return Err(format!("ticket {} waits although nobody can take it: {}", ticket.id, cause.as_str()));
        }
        let meant_for = ticket.direction.as_ref().filter(|_| waits).map(|direction| &direction.agent);
        let can = |agent| self.agent(agent).is_some_and(|agent| matching::lasting_lack(self, agent, ticket).is_none());
        if let Some(agent) = meant_for.filter(|agent| !can(agent)) {
            return Err(format!("ticket {} waits for agent {agent}, who can never take it", ticket.id));
        }
        if ticket.automated.total() > super::automation::FIRINGS_MAX {
            return Err(format!("automations fired {} times for ticket {}", ticket.automated.total(), ticket.id));
        }
        if self.closed_ticket(&ticket.id).is_some() {
            return Err(format!("ticket {} has ended and has not", ticket.id));
        }
        Ok(())
    }

    fn check_agent(&self, agent: &Agent) -> Result<(), String> {
        if let Some(gone) = agent.profile.roles.iter().find(|role| !self.catalogue().roles.contains_key(role)) {
            return Err(format!("agent {} has the role {gone}, which is gone", agent.id));
        }
        for (id, slot) in &agent.slots {
            let phase = self.ticket(id).map(|ticket| &ticket.phase);
            let holds = match slot.used_for {
                SlotUse::Offered => phase.is_some_and(|phase| phase.offer_to(&agent.id).is_some()),
                SlotUse::Assigned => {
                    matches!(phase, Some(Phase::Assigned(owner)) if owner.agent == agent.id)
                }
                SlotUse::WrapUp { .. } => phase.is_none(),
            };
            if !holds {
                return Err(format!("agent {} has a slot for {id}, which is {phase:?}", agent.id));
            }
        }
        if agent.is_drained() {
            return Err(format!("agent {} drains although nothing is left", agent.id));
        }
        let owner = |id: &super::TicketId| self.ticket(id).and_then(|ticket| ticket.phase.ownership());
        match agent.parked.iter().find(|id| owner(id).is_none_or(|owner| owner.agent != agent.id)) {
            Some(id) => Err(format!("agent {} has parked {id}, which is not its own", agent.id)),
            None => Ok(()),
        }
    }

    /// What follows from the ground truth is what it would be if it were made anew.
    fn check_index(&self) -> Result<(), String> {
        let mut anew = Index::of(&self.ground);
        for (role, sought) in self.index.pool.crews().gathered() {
            anew.pool.gather(role, sought);
        }
        if self.index.queues.census() != anew.queues.census() || self.index.queues.counts() != anew.queues.counts() {
            return Err("the queues are not what the tickets say".to_owned());
        }
        if self.index.unroutable != anew.unroutable {
            return Err("the unroutable are not what the tickets say".to_owned());
        }
        if self.index.doors != anew.doors || self.index.timers.get(&Subject::Doors) != anew.timers.get(&Subject::Doors)
        {
            return Err("who waits for a role to open is not what the tickets say".to_owned());
        }
        if self.index.owed != anew.owed {
            return Err("what agents owe is not what the tickets say".to_owned());
        }
        let (kept, fresh) = (self.index.pool.census(), anew.pool.census());
        if let Some((agent, _)) = kept.iter().find(|(agent, seat)| fresh.get(*agent) != Some(seat)) {
            return Err(format!("agent {} does not sit where it should", self.agent_at(*agent).id));
        }
        for (agent, (_, standings)) in &kept {
            let agent = self.agent_at(*agent);
            let stands = |channel| Standing::of(agent, channel, self.catalogue());
            if !self.pool().lanes().names().iter().map(stands).eq(standings.iter().copied()) {
                return Err(format!("agent {} stands otherwise than it is seated", agent.id));
            }
        }
        if self.index.pool.crews() != anew.pool.crews() {
            return Err("roles keep other agents than are free".to_owned());
        }
        if kept.len() != fresh.len() || self.index.timers.len() != anew.timers.len() {
            return Err("agents or timers are missing".to_owned());
        }
        let late = self.tickets().find(|ticket| {
            let due = index::ticket_due(ticket, &self.ground.agents, &self.ground.catalogue).map(|(due, _)| due);
            self.index.timers.get(&Subject::Ticket(ticket.id.clone())) != due
        });
        if let Some(ticket) = late {
            return Err(format!("the timer of ticket {} is wrong", ticket.id));
        }
        let fresh = |role: &&super::RoleName| anew.timers.get(&Subject::Role((*role).clone()));
        let kept = |role: &&super::RoleName| self.index.timers.get(&Subject::Role((*role).clone()));
        if let Some(role) = self.catalogue().roles.keys().find(|role| kept(role) != fresh(role)) {
            return Err(format!("the timer of role {role} is wrong"));
        }
        let late = self.agents().find(|agent| {
            let due = index::agent_due(agent, &self.ground.catalogue).map(|(due, _)| due);
            self.index.timers.get(&Subject::Agent(agent.id.clone())) != due
        });
        late.map_or(Ok(()), |agent| Err(format!("the timer of agent {} is wrong", agent.id)))
    }

    /// No ticket waits in a pushed queue while an agent who may take it has a free slot.
    fn check_work_conserving(&self) -> Result<(), String> {
        for agent in self.agents() {
            if let Some(ticket) = matching::best_ticket(self, agent, Search::Pushed) {
                return Err(format!("ticket {} waits although agent {} may take it", ticket.id, agent.id));
            }
            let free = |ticket: &&Ticket| {
                matches!(&ticket.phase, Phase::Resuming(owner) if owner.agent == agent.id)
                    && agent.status == super::Status::Online
                    && Standing::of(agent, &ticket.spec.asked.channel, self.catalogue()) == Standing::Free
            };
            if let Some(ticket) = agent.parked.iter().filter_map(|id| self.ticket(id)).find(free) {
                return Err(format!("ticket {} waits for its owner {}, who is free", ticket.id, agent.id));
            }
        }
        Ok(())
    }
}
