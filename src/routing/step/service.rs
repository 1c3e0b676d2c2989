//! What a role is told of the tickets that are late, or soon will be.

use super::Step;
use crate::routing::event::Event;
use crate::routing::name::TicketId;
use crate::routing::ticket::Phase;

impl Step<'_> {
    /// A ticket will be late soon; one that is late by now is told of as that alone.
    pub(super) fn warn(&mut self, id: &TicketId) {
        let ticket = self.known(id);
        let due_at = ticket.due_at.expect("only a ticket with a due time is at risk");
        if due_at <= self.at {
            return self.breach(id);
        }
        let role = ticket.demand.role().expect("only a ticket with a role is at risk");
        let waits = ticket.phase == Phase::Waiting;
        let position = self.state.position(ticket, role).filter(|_| waits);
        let event = Event::TicketAtRisk {
            ticket: id.clone(),
            role: role.clone(),
            channel: ticket.spec.channel.clone(),
            due_at,
            position,
            estimated_wait: position.and_then(|position| self.state.estimated_wait(role, position, self.at)),
        };
        self.emit(event);
    }

    /// A ticket is late.
    pub(super) fn breach(&mut self, id: &TicketId) {
        let ticket = self.known(id);
        let event = Event::TicketBreached {
            ticket: id.clone(),
            role: ticket.demand.role().expect("only a ticket with a role is breached").clone(),
            channel: ticket.spec.channel.clone(),
            due_at: ticket.due_at.expect("only a ticket with a due time is breached"),
        };
        self.emit(event);
    }
}
