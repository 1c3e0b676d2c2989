//! What a role is told of the tickets that are late, or soon will be.

use super::Step;
use crate::routing::event::Event;
use crate::routing::matching;
use crate::routing::name::TicketId;
use crate::routing::service::{Answer, Served, ServiceScore};
use crate::routing::ticket::{Phase, Ticket};
use crate::routing::time::Millis;

impl Step<'_> {
    /// A ticket will be late soon; one that is late by now is told of as that alone.
    pub(super) fn warn(&mut self, id: &TicketId) {
        let ticket = self.known(id);
        let due_at = ticket.due_at.get().expect("only a ticket with a due time is at risk");
        if due_at <= self.at {
            return self.breach(id);
        }
        let role = ticket.demand.role().expect("only a ticket with a role is at risk");
        let waits = ticket.phase == Phase::Waiting;
        let position = self.state.position(ticket, role).filter(|_| waits);
        let event = Event::TicketAtRisk {
            ticket: id.clone(),
            role: role.clone(),
            channel: ticket.spec.asked.channel.clone(),
            due_at,
            position,
            estimated_wait: self.likely_wait(ticket).filter(|_| waits),
        };
        self.emit(event);
    }

    /// How long a ticket will wait where it stands, or would stand, in its role's queue.
    pub(super) fn likely_wait(&self, ticket: &Ticket) -> Option<Millis> {
        let role = ticket.demand.role()?;
        let position = self.state.position(ticket, role)?;
        self.state.estimate(role, ticket.demand.priority, position, self.at).map(|estimate| estimate.likely)
    }

    /// What it means that a ticket is owned now, where nobody has owned it before.
    pub(super) fn first_answer(&self, ticket: &Ticket) -> Option<Answer> {
        let service = self.score(ticket, [Served::AnsweredWithin, Served::AnsweredLate]);
        let foretold = ticket.service.foretold.as_ref().zip(ticket.demand.role());
        let wait = foretold.map(|(foretold, role)| foretold.score(role, self.at));
        (!ticket.service.answered).then_some(Answer { service, wait })
    }

    /// How the promise of a ticket's role turns out now that it is first owned, or ends: the one or, where it is late,
    /// the other. It is settled once; what waits aside was promised nothing yet.
    pub(super) fn score(&self, ticket: &Ticket, [in_time, late]: [Served; 2]) -> Option<ServiceScore> {
        let role = matching::own_role(self.state, ticket).filter(|role| role.target.is_some())?;
        if ticket.service.answered || ticket.phase == Phase::Scheduled {
            return None;
        }
        let is_late = ticket.breached || ticket.due_at.get().is_some_and(|due_at| due_at < self.at);
        Some(ServiceScore { role: role.name.clone(), served: if is_late { late } else { in_time } })
    }

    /// A ticket is late.
    pub(super) fn breach(&mut self, id: &TicketId) {
        let ticket = self.known(id);
        let event = Event::TicketBreached {
            ticket: id.clone(),
            role: ticket.demand.role().expect("only a ticket with a role is breached").clone(),
            channel: ticket.spec.asked.channel.clone(),
            due_at: ticket.due_at.get().expect("only a ticket with a due time is breached"),
        };
        self.emit(event);
    }
}
