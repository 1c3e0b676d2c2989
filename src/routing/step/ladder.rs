//! Overflow steps are taken: by time, and by what the queue and the agents are like.

use super::Step;
use crate::routing::escalation::EscalationCause;
use crate::routing::event::Event;
use crate::routing::name::{RoleName, TicketId};
use crate::routing::offer::Trigger;
use crate::routing::overflow;
use crate::routing::pool::Pool;
use crate::routing::queue::RoleQueue;
use crate::routing::role::OverflowStep;
use crate::routing::ticket::{Phase, Ticket};

impl Step<'_> {
    /// Looks at what waits in the queue of a role whose ladder has conditions, the best-ranked first: whom a step opens it
    /// to may have room for one of them only.
    pub(super) fn look_at_role(&mut self, role: &RoleName) {
        self.emit(Event::RoleLooked { role: role.clone() });
        let waiting = self.own_waiting(role).iter().map(|id| self.known(id)).collect();
        for id in self.in_turn(waiting) {
            self.climb(&id);
        }
    }

    /// The role's own tickets that wait, in the order in which they arrived.
    pub(super) fn own_waiting(&self, role: &RoleName) -> Vec<TicketId> {
        let queue = self.state.queues().role(role).into_iter().flat_map(RoleQueue::tickets);
        let tickets = queue.map(|number| self.state.ticket_at(number));
        let mut waiting: Vec<&Ticket> = tickets.filter(|ticket| ticket.demand.role() == Some(role)).collect();
        waiting.sort_unstable_by_key(|ticket| ticket.arrival_seq);
        waiting.into_iter().map(|ticket| ticket.id.clone()).collect()
    }

    /// Takes every step of its ladder that a waiting ticket may take now, until somebody has it.
    pub(super) fn climb(&mut self, id: &TicketId) {
        while self.state.ticket(id).is_some_and(|ticket| ticket.phase == Phase::Waiting) && self.escalate(id) {}
    }

    /// Takes the next step of its ladder, where one is to be taken now.
    pub(super) fn escalate(&mut self, id: &TicketId) -> bool {
        let ticket = self.known(id);
        let taken_now = |step: &OverflowStep| self.is_due(ticket, step) && self.conditions_hold(ticket, step);
        let found = overflow::remaining(ticket, self.state.catalogue()).find(|(_, step)| taken_now(step));
        let Some((number, step)) = found else { return false };
        let event = Event::TicketEscalated {
            ticket: id.clone(),
            role: ticket.demand.role().expect("who has a ladder has a role").clone(),
            channel: ticket.spec.asked.channel.clone(),
            step: number,
            demand: overflow::widened(&ticket.demand, step).into(),
            cause: EscalationCause::of(step, self.at.since(ticket.entered_at)),
        };
        self.emit(event);
        self.try_give(id, Trigger::Overflow);
        true
    }

    fn is_due(&self, ticket: &Ticket, step: &OverflowStep) -> bool {
        let online = |ticket: &Ticket| self.state.pool().has_online(&ticket.demand.roles);
        ticket.entered_at + step.after <= self.at || step.conditions.at_once_if_offline && !online(ticket)
    }

    fn conditions_hold(&self, ticket: &Ticket, step: &OverflowStep) -> bool {
        let Some(role) = ticket.demand.role() else { return false };
        let conditions = &step.conditions;
        let crowded = |over: u32| {
            let waiting = self.state.queues().role(role).map_or(0, RoleQueue::len);
            waiting > usize::try_from(over).expect("32 bits fit")
        };
        let slow = |over| self.likely_wait(ticket).is_some_and(|wait| wait > over);
        let pool: &Pool = self.state.pool();
        conditions.waiting_over.is_none_or(crowded)
            && conditions.estimated_wait_over.is_none_or(slow)
            && (!conditions.unless_offline || pool.has_online(&step.add_roles))
    }
}
