//! What the helpdesk says of who owns what.

use super::{Handled, NaiveEngine, reject};
use crate::routing::Verdict;
use crate::routing::command::{OwnedTicket, Rejection, RejectionCode};
use crate::routing::event::{Event, Intake, Sign, Taking};
use crate::routing::name::{AgentId, RoleName, TicketId};
use crate::routing::offer::{Remark, RevokeCause, Trigger};
use crate::routing::ticket::{Asked, Demand, Phase, TicketSpec, assignment_id};
use crate::routing::time::Timestamp;

impl NaiveEngine {
    pub(super) fn take(&mut self, id: &TicketId, agent: &AgentId, role: Option<&RoleName>) -> Handled {
        let ticket = self.require_ticket(id)?.clone();
        self.require_agent(agent)?;
        let role = self.role_by_hand(agent, role, &ticket.demand)?;
        let its_own = ticket.phase.ownership().is_some_and(|owner| owner.agent == *agent);
        if !its_own {
            self.make_owner(id, agent, role);
            return Ok(Verdict::Accepted);
        }
        self.emit(Event::AgentSeen { agent: agent.clone(), sign: Sign::Act });
        if !matches!(ticket.phase, Phase::Assigned(_)) {
            self.resume_assignment(id);
        }
        Ok(Verdict::Accepted)
    }

    /// As is said; else the first demanded one that the agent has, the ticket's own, the agent's first.
    fn role_by_hand(&self, agent: &AgentId, said: Option<&RoleName>, demand: &Demand) -> Result<RoleName, Rejection> {
        if let Some(role) = said {
            self.require_role(role)?;
            return Ok(role.clone());
        }
        let has = &self.agent(agent).profile.roles;
        let demanded = demand.roles.iter().find(|role| has.contains(*role)).or(demand.roles.first());
        match demanded.or(has.first()) {
            Some(role) => Ok(role.clone()),
            None => reject(RejectionCode::NotEligible, format!("neither the ticket nor agent {agent} has a role")),
        }
    }

    /// Whoever is offered the ticket or owns it loses it; an offer to this agent is accepted.
    fn make_owner(&mut self, id: &TicketId, agent: &AgentId, role: RoleName) {
        if let Some(offer) = self.known(id).phase.offer_to(agent).cloned() {
            return self.take_offer(id, &offer);
        }
        self.take_back(id, RevokeCause::Supervisor, &Remark::NONE);
        let ticket = self.known(id);
        let taking = Taking {
            ticket: id.clone(),
            agent: agent.clone(),
            assignment: assignment_id(self.state.identity().instance, self.state.next_seq()),
            role,
            channel: ticket.spec.asked.channel.clone(),
            cost: self.state.catalogue().channel(&ticket.spec.asked.channel).cost,
            attempt: ticket.attempt + 1,
            reason: self.reason_of_one(self.agent(agent), ticket, Trigger::Taken).into(),
        };
        self.assigned(taking);
    }

    pub(super) fn reconcile(&mut self, agent: &AgentId, tickets: &[OwnedTicket], as_of: Option<Timestamp>) -> Handled {
        self.require_agent(agent)?;
        let could_know = |at: Timestamp| as_of.is_none_or(|as_of| at < as_of);
        let listed = each_once(tickets);
        let is_listed = |id: &TicketId| listed.iter().any(|owned| owned.ticket == *id);
        let mut returned: Vec<TicketId> = Vec::new();
        for id in self.agent(agent).owned() {
            let owner = self.known(id).phase.ownership().expect("its own");
            if !is_listed(id) && could_know(owner.assigned_at) {
                returned.push(id.clone());
            }
        }
        let (mut taken, mut created, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        for owned in listed {
            let id = owned.ticket.clone();
            if let Some(ticket) = self.state.ticket(&id) {
                let role = self.role_by_hand(agent, owned.role.as_ref(), &ticket.demand)?;
                match ticket.phase.ownership() {
                    Some(owner) if owner.agent == *agent || !could_know(owner.assigned_at) => {}
                    _ => taken.push((id, role)),
                }
            } else if let Some(closed) = self.state.closed_ticket(&id) {
                if could_know(closed.at) {
                    ended.push(id);
                }
            } else {
                let spec = TicketSpec::from(Asked { role: owned.role.clone(), ..Asked::on(owned.channel.clone()) });
                let demand = self.classify(&id, &spec, self.at);
                let role = self.role_by_hand(agent, owned.role.as_ref(), &demand)?;
                let due_at = self.due_at(&spec, &demand, self.at);
                created.push((
                    id,
                    Box::new(Intake { spec: spec.into(), demand: demand.into(), created_at: self.at, due_at }),
                    role,
                ));
            }
        }
        for id in &returned {
            self.take_from_owner(id, RevokeCause::Supervisor);
        }
        for (id, role) in &taken {
            self.make_owner(id, agent, role.clone());
        }
        for (id, intake, role) in &created {
            self.emit(Event::TicketCreated { ticket: id.clone(), intake: intake.clone() });
            self.make_owner(id, agent, role.clone());
        }
        self.place_all(&returned);
        if !(taken.is_empty() && created.is_empty() && returned.is_empty() && ended.is_empty()) {
            let taken = taken.into_iter().map(|(id, _)| id).collect();
            let created = created.into_iter().map(|(id, ..)| id).collect();
            self.emit(Event::AgentReconciled { agent: agent.clone(), taken, created, returned, ended });
        }
        Ok(Verdict::Accepted)
    }
}

/// The tickets by id, what was said first of each.
fn each_once(tickets: &[OwnedTicket]) -> Vec<&OwnedTicket> {
    let mut listed: Vec<&OwnedTicket> = Vec::new();
    for owned in tickets {
        if listed.iter().all(|other| other.ticket != owned.ticket) {
            listed.push(owned);
        }
    }
    listed.sort_by_key(|owned| &owned.ticket);
    listed
}
