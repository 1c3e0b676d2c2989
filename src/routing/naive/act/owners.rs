//! What becomes of tickets that somebody owns.

use std::collections::BTreeSet;

use super::{Handled, NaiveEngine, held, reject, wrong_state};
use crate::routing::Verdict;
use crate::routing::agent::{Agent, Status};
use crate::routing::command::{AfterWork, Rejection, RejectionCode, TransferTo};
use crate::routing::event::Event;
use crate::routing::name::{AgentId, TicketId};
use crate::routing::offer::{Ownership, Remark, RevokeCause, Trigger};
use crate::routing::ticket::{Bar, Demand, Direction, Handover, Phase, Ticket};

impl NaiveEngine {
    pub(super) fn complete(
        &mut self,
        id: &TicketId,
        agent: Option<&AgentId>,
        outcome: Option<String>,
        then: AfterWork,
    ) -> Handled {
        let ticket = self.require_ticket(id)?;
        let owner = self.require_owner(ticket, agent)?;
        let by_channel = self.state.catalogue().channel(&ticket.spec.asked.channel).wrap_up;
        let length = self.own_role(ticket).and_then(|role| role.wrap_up).unwrap_or(by_channel);
        let wraps_up = matches!(ticket.phase, Phase::Assigned(_)) && then == AfterWork::WrapUp && !length.is_zero();
        let event = Event::AssignmentCompleted {
            held: held(ticket, &owner.agent, &owner.assignment, &owner.role),
            waited: owner.assigned_at.since(ticket.created_at),
            handled: self.at.since(owner.assigned_at),
            outcome,
            wrap_up_until: wraps_up.then(|| self.at + length),
        };
        self.emit(event);
        Ok(Verdict::Accepted)
    }

    pub(super) fn release(&mut self, id: &TicketId, agent: Option<&AgentId>, reason: Option<String>) -> Handled {
        self.require_owner(self.require_ticket(id)?, agent)?;
        self.take_back(id, RevokeCause::Released, &Remark::reason(reason));
        self.place_again(id);
        Ok(Verdict::Accepted)
    }

    /// To a role: as that role's. To an agent: as upstream says that it is, for that agent alone.
    pub(super) fn transfer(
        &mut self,
        id: &TicketId,
        to: &TransferTo,
        by: Option<String>,
        note: Option<String>,
    ) -> Handled {
        let ticket = self.require_ticket(id)?.clone();
        let owner = ticket.phase.ownership().map(|owner| owner.agent.clone());
        let (demand, receiver) = match to {
            TransferTo::Role(role) => {
                self.require_role(role)?;
                let demand = Demand {
                    roles: vec![role.clone()],
                    rule: None,
                    skills: ticket.spec.asked.skills.clone(),
                    permissions: BTreeSet::clone(&ticket.spec.asked.permissions),
                    priority: self.priority_by_now(&ticket),
                    rank_max: self.state.catalogue().roles[role].staffing.rank_max,
                };
                (demand.into(), None)
            }
            TransferTo::Agent(agent) => {
                self.require_agent(agent)?;
                if owner.as_ref() == Some(agent) {
                    return reject(RejectionCode::NotEligible, format!("agent {agent} owns ticket {id} already"));
                }
                let by_now = Ticket { demand: self.demand_by_now(&ticket), ..ticket.clone() };
                if let Some(lack) = self.lasting_lack(self.agent(agent), &by_now) {
                    return reject(RejectionCode::NotEligible, format!("agent {agent} {lack}"));
                }
                (by_now.demand, Some(agent.clone()))
            }
        };
        let remark = Remark { reason: None, by: by.clone(), note: note.clone() };
        self.take_back(id, RevokeCause::Transferred, &remark);
        let known =
            self.state.agents().map(|agent| &agent.id).find(|agent| Some(agent.as_str()) == by.as_deref()).cloned();
        let givers: BTreeSet<AgentId> = owner.clone().into_iter().chain(known).collect();
        for agent in givers.into_iter().filter(|giver| Some(giver) != receiver.as_ref()) {
            self.emit(Event::AgentBarred { ticket: id.clone(), bar: Bar { agent, until: None } });
        }
        let due_at = self.due_at(&ticket.spec, &demand, ticket.created_at);
        let receiver_is_named = receiver.is_some();
        let direction = receiver.map(|agent| Direction { agent, until: None, trigger: Trigger::Directed }.into());
        let keeps_steps = receiver_is_named && demand.role() == ticket.demand.role();
        let nothing_said = owner.is_none() && by.is_none() && note.is_none();
        let handover = (!nothing_said).then_some(Handover { from: owner, by, note });
        self.emit(Event::TicketRedirected {
            ticket: id.clone(),
            demand,
            due_at,
            direction,
            handover: handover.map(Box::new),
            keeps_steps,
        });
        self.place(id, Trigger::TicketTransferred);
        Ok(Verdict::Accepted)
    }

    pub(super) fn pause(&mut self, id: &TicketId) -> Handled {
        let ticket = self.require_ticket(id)?;
        let (Phase::Assigned(owner) | Phase::Resuming(owner)) = &ticket.phase else {
            return wrong_state(ticket, "assigned");
        };
        let held = held(ticket, &owner.agent, &owner.assignment, &owner.role);
        self.emit(Event::AssignmentPaused { held });
        Ok(Verdict::Accepted)
    }

    pub(super) fn resume(&mut self, id: &TicketId) -> Handled {
        let ticket = self.require_ticket(id)?;
        let Phase::Paused(owner) = &ticket.phase else { return wrong_state(ticket, "paused") };
        let agent = self.agent(&owner.agent);
        if agent.status == Status::Offline || !self.ever_fits(agent, ticket) {
            self.take_from_gone(id);
            self.place_again(id);
        } else if agent.has_slot(&ticket.spec.asked.channel, self.state.catalogue()) {
            self.resume_assignment(id);
        } else {
            self.emit(Event::ResumeAwaited { ticket: id.clone() });
        }
        Ok(Verdict::Accepted)
    }

    /// Whether the agent has a slot for it when it holds nothing else.
    fn ever_fits(&self, agent: &Agent, ticket: &Ticket) -> bool {
        let (channel, catalogue) = (&ticket.spec.asked.channel, self.state.catalogue());
        agent.profile.limit(channel, catalogue) > 0 && catalogue.channel(channel).cost <= agent.capacity(catalogue)
    }

    /// Whether its customer is back in vain: its owner can never have a slot for it.
    pub(super) fn is_back_in_vain(&self, ticket: &Ticket) -> bool {
        matches!(&ticket.phase, Phase::Resuming(owner) if !self.ever_fits(self.agent(&owner.agent), ticket))
    }

    pub(super) fn resume_assignment(&mut self, id: &TicketId) {
        let ticket = self.known(id);
        let owner = ticket.phase.ownership().expect("only what is owned is resumed");
        let held = held(ticket, &owner.agent, &owner.assignment, &owner.role);
        let cost = self.state.catalogue().channel(&ticket.spec.asked.channel).cost;
        self.emit(Event::AssignmentResumed { held, cost });
    }

    /// Whose the ticket is; the one named, where one is.
    pub(super) fn require_owner<'t>(
        &self,
        ticket: &'t Ticket,
        agent: Option<&AgentId>,
    ) -> Result<&'t Ownership, Rejection> {
        let Some(owner) = ticket.phase.ownership() else { return wrong_state(ticket, "owned by anybody") };
        let another = agent.filter(|agent| **agent != owner.agent);
        let Some(another) = another else { return Ok(owner) };
        self.require_agent(another)?;
        reject(RejectionCode::StaleAssignment, format!("ticket {} is not agent {another}'s", ticket.id))
    }
}
