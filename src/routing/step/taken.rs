//! What the helpdesk says of who owns what: a fact, whatever the agent's limit, status or skills.

use std::collections::BTreeMap;

use super::{Done, Handled, Step, reject};
use crate::routing::command::{OwnedTicket, Rejection, RejectionCode};
use crate::routing::event::{Event, Intake, Sign, Taking};
use crate::routing::matching;
use crate::routing::name::{AgentId, RoleName, TicketId};
use crate::routing::offer::{Ownership, Remark, RevokeCause, Trigger};
use crate::routing::ticket::{Asked, Demand, Phase, TicketSpec, assignment_id};
use crate::routing::time::Timestamp;

/// What a snapshot makes different, before anything of it is done.
#[derive(Default)]
struct Drift {
    /// Known, and owned by nobody or by another.
    taken: Vec<(TicketId, RoleName)>,
    /// Not known.
    created: Vec<(TicketId, Intake, RoleName)>,
    /// Owned by the agent, and not in the snapshot.
    returned: Vec<TicketId>,
    /// In the snapshot, and ended.
    ended: Vec<TicketId>,
}

impl Drift {
    /// What is told of it, where there is any.
    fn told(&self, agent: &AgentId) -> Option<Event> {
        let Self { taken, created, returned, ended } = self;
        let none = taken.is_empty() && created.is_empty() && returned.is_empty() && ended.is_empty();
        (!none).then(|| Event::AgentReconciled {
            agent: agent.clone(),
            taken: taken.iter().map(|(id, _)| id.clone()).collect(),
            created: created.iter().map(|(id, ..)| id.clone()).collect(),
            returned: returned.clone(),
            ended: ended.clone(),
        })
    }
}

impl Step<'_> {
    pub(super) fn take_ticket(&mut self, id: &TicketId, agent: &AgentId, role: Option<&RoleName>) -> Handled {
        let demand = self.ticket(id)?.demand.clone();
        self.require_agent(agent)?;
        let role = self.role_by_hand(agent, role, &demand)?;
        match self.known(id).phase.ownership().filter(|ownership| ownership.agent == *agent) {
            Some(_) => self.emit(Event::AgentSeen { agent: agent.clone(), sign: Sign::Act }),
            None => return Ok(self.take(id, agent, role)),
        }
        if matches!(self.known(id).phase, Phase::Paused(_) | Phase::Resuming(_)) {
            self.resume_assignment(id);
            self.hungers(agent);
        }
        Ok(Done::Accepted)
    }

    /// Makes the agent the owner of a ticket that is not its own. An offer that it was asked with is accepted.
    fn take(&mut self, id: &TicketId, agent: &AgentId, role: RoleName) -> Done {
        if let Some(offer) = self.known(id).phase.offer_to(agent).cloned() {
            self.accept(id, &offer);
        } else {
            self.revoke_all(id, RevokeCause::Supervisor, &Remark::NONE);
            self.assign_by_hand(id, agent, role);
        }
        Done::Accepted
    }

    fn assign_by_hand(&mut self, id: &TicketId, agent: &AgentId, role: RoleName) {
        let (ticket, taker) = (self.known(id), self.state.agent(agent).expect("checked by the caller"));
        let strategy = matching::own_role(self.state, ticket).map(|role| role.strategy).unwrap_or_default();
        let taking = Taking {
            ticket: id.clone(),
            agent: agent.clone(),
            assignment: assignment_id(self.state.identity().instance, self.state.next_seq()),
            role,
            channel: ticket.spec.asked.channel.clone(),
            cost: self.state.catalogue().channel(&ticket.spec.asked.channel).cost,
            attempt: ticket.attempt + 1,
            reason: matching::choose_only(taker, ticket, strategy, Trigger::Taken).reason,
        };
        self.own(taking);
    }

    /// The role for which an agent has what it took: as is said, else the first demanded one that it has, else the
    /// ticket's own, else the agent's first.
    fn role_by_hand(&self, agent: &AgentId, said: Option<&RoleName>, demand: &Demand) -> Result<RoleName, Rejection> {
        if let Some(role) = said.filter(|role| !self.state.catalogue().roles.contains_key(role)) {
            return Err(reject(RejectionCode::UnknownRole, format!("there is no role {role}")));
        }
        let taker = self.state.agent(agent).expect("checked by the caller");
        let found = said
            .or_else(|| demand.roles.iter().find(|role| taker.profile.roles.contains(*role)))
            .or_else(|| demand.role())
            .or_else(|| taker.profile.roles.first());
        let none = || reject(RejectionCode::NotEligible, format!("neither the ticket nor agent {agent} has a role"));
        found.cloned().ok_or_else(none)
    }

    /// Takes over what the helpdesk says this agent owns, of all that it could know at that time.
    pub(super) fn reconcile_agent(
        &mut self,
        agent: &AgentId,
        tickets: &[OwnedTicket],
        as_of: Option<Timestamp>,
    ) -> Handled {
        self.require_agent(agent)?;
        let drift = self.drift(agent, tickets, as_of)?;
        let told = drift.told(agent);
        for id in &drift.returned {
            self.take_from_owner(id, RevokeCause::Supervisor);
        }
        for (id, role) in drift.taken {
            self.take(&id, agent, role);
        }
        for (id, intake, role) in drift.created {
            self.emit(Event::TicketCreated { ticket: id.clone(), intake: Box::new(intake) });
            self.assign_by_hand(&id, agent, role);
        }
        self.place_all(drift.returned);
        if let Some(told) = told {
            self.emit(told);
        }
        Ok(Done::Accepted)
    }

    /// All of the snapshot is looked at before anything of it is done.
    fn drift(&self, agent: &AgentId, tickets: &[OwnedTicket], as_of: Option<Timestamp>) -> Result<Drift, Rejection> {
        let seen = |at: Timestamp| as_of.is_none_or(|as_of| at < as_of);
        let seen_owned = |ownership: Option<&Ownership>| ownership.is_none_or(|owner| seen(owner.assigned_at));
        let listed: BTreeMap<&TicketId, &OwnedTicket> =
            tickets.iter().rev().map(|owned| (&owned.ticket, owned)).collect();
        let owner = self.state.agent(agent).expect("checked by the caller");
        let gone = |id: &&TicketId| !listed.contains_key(id) && seen_owned(self.known(id).phase.ownership());
        let mut drift = Drift { returned: owner.owned().filter(gone).cloned().collect(), ..Drift::default() };
        for (id, owned) in listed {
            if let Some(ticket) = self.state.ticket(id) {
                let role = self.role_by_hand(agent, owned.role.as_ref(), &ticket.demand)?;
                let ownership = ticket.phase.ownership();
                if ownership.is_none_or(|ownership| ownership.agent != *agent) && seen_owned(ownership) {
                    drift.taken.push((id.clone(), role));
                }
            } else if let Some(closed) = self.state.closed_ticket(id) {
                drift.ended.extend(seen(closed.at).then(|| id.clone()));
            } else {
                let spec = TicketSpec::from(Asked { role: owned.role.clone(), ..Asked::on(owned.channel.clone()) });
                let intake = self.intake(id, spec);
                let role = self.role_by_hand(agent, owned.role.as_ref(), &intake.demand)?;
                drift.created.push((id.clone(), intake, role));
            }
        }
        Ok(drift)
    }
}
