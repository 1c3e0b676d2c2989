//! What becomes of tickets that somebody owns: completed, handed over, given back, paused and resumed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Done, Handled, Step, held_by_owner, reject, wrong_state};
use crate::routing::agent::Status;
use crate::routing::command::{AfterWork, Rejection, RejectionCode, TransferTo};
use crate::routing::event::Event;
use crate::routing::matching;
use crate::routing::name::{AgentId, RoleName, TicketId};
use crate::routing::offer::{Ownership, Remark, RevokeCause, Trigger};
use crate::routing::ticket::{Bar, Demand, Direction, Handover, Phase, Ticket};
use crate::routing::time::Timestamp;

impl Step<'_> {
    pub(super) fn complete_ticket(
        &mut self,
        id: &TicketId,
        agent: Option<&AgentId>,
        outcome: Option<String>,
        then: AfterWork,
    ) -> Handled {
        let ticket = self.ticket(id)?;
        let ownership = self.owner(ticket, agent)?;
        let held = held_by_owner(ticket, ownership);
        let worked_on = matches!(ticket.phase, Phase::Assigned(_));
        let event = Event::AssignmentCompleted {
            waited: ownership.assigned_at.since(ticket.created_at),
            handled: self.at.since(ownership.assigned_at),
            outcome,
            wrap_up_until: self.wrap_up_until(ticket).filter(|_| worked_on && then == AfterWork::WrapUp),
            held: held.clone(),
        };
        self.emit(event);
        self.hungers(&held.agent);
        Ok(Done::Accepted)
    }

    fn wrap_up_until(&self, ticket: &Ticket) -> Option<Timestamp> {
        let by_role = matching::own_role(self.state, ticket).and_then(|role| role.wrap_up);
        let length = by_role.unwrap_or_else(|| self.state.catalogue().channel(&ticket.spec.asked.channel).wrap_up);
        (!length.is_zero()).then(|| self.at + length)
    }

    pub(super) fn release_ticket(&mut self, id: &TicketId, agent: Option<&AgentId>, remark: Remark) -> Handled {
        let ticket = self.ticket(id)?;
        self.owner(ticket, agent)?;
        self.revoke_assignment(id, RevokeCause::Released, remark);
        self.place_again(id);
        Ok(Done::Accepted)
    }

    /// Takes a ticket from its owner. It is in no place then.
    pub(super) fn revoke_assignment(&mut self, id: &TicketId, cause: RevokeCause, remark: Remark) {
        let ticket = self.known(id);
        let ownership = ticket.phase.ownership().expect("only what is owned is taken from its owner");
        let held = held_by_owner(ticket, ownership);
        let agent = held.agent.clone();
        self.emit(Event::AssignmentRevoked { held, cause, remark });
        self.hungers(&agent);
    }

    pub(super) fn transfer_ticket(
        &mut self,
        id: &TicketId,
        to: &TransferTo,
        by: Option<String>,
        note: Option<String>,
    ) -> Handled {
        self.ticket(id)?;
        let (demand, direction) = match to {
            TransferTo::Role(role) => (self.demand_of_known_role(id, role)?, None),
            TransferTo::Agent(agent) => (self.demand_for_agent(id, agent)?, Some(agent)),
        };
        let giver = by.as_deref().and_then(|by| AgentId::parse(by).ok()).filter(|by| self.state.agent(by).is_some());
        let owner = self.known(id).phase.ownership().map(|ownership| ownership.agent.clone());
        self.revoke_all(id, RevokeCause::Transferred, &Remark { by: by.clone(), note: note.clone(), reason: None });
        let handover = Handover { from: owner.clone(), by, note };
        let says_something = handover.giver().is_some() || handover.note.is_some();
        let givers: BTreeSet<AgentId> = owner.into_iter().chain(giver).collect();
        for agent in givers.into_iter().filter(|agent| Some(agent) != direction) {
            let bar = Bar { agent, until: None };
            self.emit(Event::AgentBarred { ticket: id.clone(), bar });
        }
        let ticket = self.known(id);
        let due_at = self.due_at(&ticket.spec, &demand, ticket.created_at);
        let direction =
            direction.map(|agent| Direction { agent: agent.clone(), until: None, trigger: Trigger::Directed }.into());
        self.emit(Event::TicketRedirected {
            ticket: id.clone(),
            keeps_steps: direction.is_some() && demand.role() == ticket.demand.role(),
            demand,
            due_at,
            direction,
            handover: says_something.then(|| Box::new(handover)),
        });
        self.place(id, Trigger::TicketTransferred);
        Ok(Done::Accepted)
    }

    fn demand_of_known_role(&self, id: &TicketId, role: &RoleName) -> Result<Arc<Demand>, Rejection> {
        if !self.state.catalogue().roles.contains_key(role) {
            return Err(reject(RejectionCode::UnknownRole, format!("there is no role {role}")));
        }
        Ok(self.demand_of_role(self.known(id), role))
    }

    /// What a ticket demands as that role's.
    pub(super) fn demand_of_role(&self, ticket: &Ticket, role: &RoleName) -> Arc<Demand> {
        Arc::new(Demand {
            roles: vec![role.clone()],
            rule: None,
            skills: ticket.spec.asked.skills.clone(),
            permissions: BTreeSet::clone(&ticket.spec.asked.permissions),
            priority: self.priority_by_now(ticket),
            rank_max: self.state.catalogue().roles.get(role).and_then(|role| role.staffing.rank_max),
        })
    }

    fn demand_for_agent(&self, id: &TicketId, agent: &AgentId) -> Result<Arc<Demand>, Rejection> {
        self.require_agent(agent)?;
        let ticket = self.known(id);
        if ticket.phase.ownership().is_some_and(|ownership| ownership.agent == *agent) {
            return Err(reject(RejectionCode::NotEligible, format!("agent {agent} owns ticket {id} already")));
        }
        let receiver = self.state.agent(agent).expect("required above");
        let demand = self.demand_by_now(ticket);
        let by_now = Ticket { demand: Arc::clone(&demand), ..ticket.clone() };
        match matching::lasting_lack(self.state, receiver, &by_now) {
            None => Ok(demand),
            Some(lack) => Err(reject(RejectionCode::NotEligible, format!("agent {agent} {lack}"))),
        }
    }

    pub(super) fn pause_ticket(&mut self, id: &TicketId) -> Handled {
        let ticket = self.ticket(id)?;
        let (Phase::Assigned(ownership) | Phase::Resuming(ownership)) = &ticket.phase else {
            return Err(wrong_state(ticket, "assigned"));
        };
        let held = held_by_owner(ticket, ownership);
        let agent = held.agent.clone();
        self.emit(Event::AssignmentPaused { held });
        self.hungers(&agent);
        Ok(Done::Accepted)
    }

    pub(super) fn resume_ticket(&mut self, id: &TicketId) -> Handled {
        let ticket = self.ticket(id)?;
        let Phase::Paused(ownership) = &ticket.phase else { return Err(wrong_state(ticket, "paused")) };
        let agent = self.state.agent(&ownership.agent).expect("what a removed agent owned was taken back");
        let never = !agent.profile.could_hold(&ticket.spec.asked.channel, self.state.catalogue());
        if agent.status == Status::Offline || never {
            self.take_from_gone(id);
            self.place_again(id);
        } else if agent.has_slot(&ticket.spec.asked.channel, self.state.catalogue()) {
            self.resume_assignment(id);
        } else {
            self.emit(Event::ResumeAwaited { ticket: id.clone() });
        }
        Ok(Done::Accepted)
    }

    /// Whose the ticket is; the one named, where one is.
    pub(super) fn owner<'t>(&self, ticket: &'t Ticket, agent: Option<&AgentId>) -> Result<&'t Ownership, Rejection> {
        let ownership = ticket.phase.ownership().ok_or_else(|| wrong_state(ticket, "owned by anybody"))?;
        match agent {
            Some(agent) if *agent != ownership.agent => {
                self.require_agent(agent)?;
                let detail = format!("ticket {} is not agent {agent}'s", ticket.id);
                Err(reject(RejectionCode::StaleAssignment, detail))
            }
            _ => Ok(ownership),
        }
    }
}
