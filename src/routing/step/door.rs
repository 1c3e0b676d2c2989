//! At the door of a role that is closed, or closes, or opens.

use super::Step;
use crate::routing::diversion::{Diversion, DiversionCause};
use crate::routing::event::Event;
use crate::routing::matching;
use crate::routing::name::{RoleName, TicketId};
use crate::routing::offer::Trigger;
use crate::routing::ticket::{Phase, Ticket};
use crate::routing::time::Timestamp;

/// What a closed door does to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closed {
    /// It waits aside until then.
    Until(Timestamp),
    /// It goes where the role says.
    Sends,
}

impl Step<'_> {
    /// Keeps a ticket out of a role that is closed. Says whether it has found another place.
    pub(super) fn stops_at_closed_door(&mut self, id: &TicketId) -> bool {
        match self.closed_door(self.known(id)) {
            None => false,
            Some(Closed::Sends) => self.divert(id, DiversionCause::Closed),
            Some(Closed::Until(opens_at)) => {
                self.defer(id, opens_at);
                true
            }
        }
    }

    /// Whether a ticket may not wait for its role at this moment, whether it was let in before or not.
    pub(super) fn is_sent_from_closed(&self, ticket: &Ticket) -> bool {
        self.closed_door(ticket) == Some(Closed::Sends)
    }

    /// Who was let in stays, unless the role sends what waits elsewhere. Who was handed to an agent by name passes.
    fn closed_door(&self, ticket: &Ticket) -> Option<Closed> {
        let role = matching::own_role(self.state, ticket)?;
        let hours = self.state.catalogue().hours_of(role)?;
        if ticket.is_handed_to_an_agent() || hours.is_open(self.at) {
            return None;
        }
        match role.admission.when_closed {
            Some(_) => Some(Closed::Sends),
            None => ticket.let_in_at.get().is_none().then(|| Closed::Until(hours.opens_at(self.at))),
        }
    }

    fn defer(&mut self, id: &TicketId, opens_at: Timestamp) {
        let ticket = self.known(id);
        if ticket.phase == Phase::Deferred && ticket.opens_at.get() == Some(opens_at) {
            return;
        }
        let role = ticket.demand.role().expect("what is closed is a role").clone();
        let due_at = self.due_at(&ticket.spec, &ticket.demand, ticket.created_at.max(opens_at));
        let channel = ticket.spec.asked.channel.clone();
        self.emit(Event::TicketDeferred { ticket: id.clone(), role, channel, opens_at, due_at });
    }

    /// A role has opened: who waited for that comes in, the best-ranked first, one at a time.
    pub(super) fn open_door(&mut self) {
        let doors = &self.state.index.doors;
        let id = doors.first(&self.state.ground).expect("a timer runs for somebody at the door").clone();
        self.place(&id, Trigger::RoleOpened);
    }

    /// Looks whether a role has closed, and sends what waits for it elsewhere.
    pub(super) fn look_at_hours(&mut self, role: &RoleName) {
        self.emit(Event::HoursLooked { role: role.clone() });
        for id in self.leaving(role) {
            if self.is_sent_from_closed(self.known(&id)) {
                self.divert(&id, DiversionCause::Closed);
            }
        }
    }

    /// What waits for a role that closes, in the order in which it is sent on: as the queue has it to which it goes, whose
    /// agents may have room for one of them only; else as it arrived.
    fn leaving(&self, role: &RoleName) -> Vec<TicketId> {
        let waiting = self.own_waiting(role);
        let then = self.state.catalogue().roles.get(role).and_then(|role| role.admission.when_closed.as_ref());
        let Some(to) = then.and_then(Diversion::role) else { return waiting };
        let there: Vec<Ticket> = waiting.iter().map(|id| self.as_sent_to(to, self.known(id))).collect();
        self.in_turn(there.iter().collect())
    }

    /// A ticket as it would stand in that role's queue.
    fn as_sent_to(&self, to: &RoleName, ticket: &Ticket) -> Ticket {
        let demand = self.demand_of_role(ticket, to);
        let due_at = self.due_at(&ticket.spec, &demand, ticket.created_at).into();
        Ticket { demand, due_at, ..ticket.clone() }
    }
}
