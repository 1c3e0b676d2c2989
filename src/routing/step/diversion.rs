//! Tickets that their role does not let wait: whether there is room for one more, and where they go instead.

use super::Step;
use crate::routing::diversion::{CallbackNote, DIVERSIONS_MAX, Diversion, DiversionCause};
use crate::routing::event::Event;
use crate::routing::matching;
use crate::routing::name::{RoleName, TicketId};
use crate::routing::offer::Trigger;
use crate::routing::queue::RoleQueue;
use crate::routing::service::Served;
use crate::routing::ticket::{Closing, Phase, Ticket, TicketSpec};

impl Step<'_> {
    /// Whether so many wait for its role that a ticket is not let in. Who was let in before comes back to its place, and who
    /// was handed to an agent by name waits for that one.
    pub(super) fn is_turned_away(&self, ticket: &Ticket) -> bool {
        if ticket.is_handed_to_an_agent() {
            return false;
        }
        let Some(role) = matching::own_role(self.state, ticket) else { return false };
        let Some(max) = role.admission.max_waiting.filter(|_| ticket.let_in_at.get().is_none()) else { return false };
        let waiting = self.state.queues().role(&role.name).map_or(0, RoleQueue::len);
        let others = waiting - usize::from(ticket.phase == Phase::Waiting);
        others >= usize::try_from(max).expect("32 bits fit")
    }

    /// Sends a ticket where its role says, for that reason. Says whether it could: no ticket comes to a role that has
    /// sent it on in the same go, and none is sent on more than [`DIVERSIONS_MAX`] times.
    pub(super) fn divert(&mut self, id: &TicketId, cause: DiversionCause) -> bool {
        let role = matching::own_role(self.state, self.known(id)).expect("only a role lets tickets wait or not");
        let Some(then) = role.admission.then(cause).cloned() else { return false };
        match then {
            Diversion::Cancel => self.close(id, Closing::Cancelled, cause.as_str()),
            Diversion::Callback => self.leave_for_callback(id, cause),
            Diversion::Role(to) => {
                let from = role.name.clone();
                if to == from || self.sent_on.contains(&to) || self.sent_on.len() == DIVERSIONS_MAX {
                    return false;
                }
                let is_first = self.sent_on.is_empty();
                self.sent_on.push(from.clone());
                self.send_on(id, from, &to, cause);
                if is_first {
                    self.sent_on.clear();
                }
            }
        }
        true
    }

    fn send_on(&mut self, id: &TicketId, from: RoleName, to: &RoleName, cause: DiversionCause) {
        let ticket = self.known(id);
        let demand = self.demand_of_role(ticket, to);
        let due_at = self.due_at(&ticket.spec, &demand, ticket.created_at);
        let channel = ticket.spec.asked.channel.clone();
        self.emit(Event::TicketDiverted { ticket: id.clone(), role: from, channel, cause, demand, due_at });
        self.place(id, Trigger::TicketDiverted);
    }

    fn leave_for_callback(&mut self, id: &TicketId, cause: DiversionCause) {
        let ticket = self.known(id);
        let note = CallbackNote { waited: self.at.since(ticket.created_at), spec: TicketSpec::clone(&ticket.spec) };
        let (role, channel) = (ticket.demand.role().cloned(), ticket.spec.asked.channel.clone());
        let callback = Some(Box::new(note));
        let (how, cause) = (Closing::CalledBack, cause.as_str().to_owned());
        let service = self.score(ticket, [Served::AbandonedWithin, Served::AbandonedLate]);
        self.emit(Event::TicketClosed { ticket: id.clone(), role, channel, how, cause, callback, service });
    }
}
