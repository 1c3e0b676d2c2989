//! "Overflow": which step a waiting ticket takes now.

use super::NaiveEngine;
use crate::routing::agent::Status;
use crate::routing::escalation::EscalationCause;
use crate::routing::event::Event;
use crate::routing::name::{RoleName, TicketId};
use crate::routing::overflow;
use crate::routing::role::OverflowStep;
use crate::routing::ticket::{Phase, Ticket};

impl NaiveEngine {
    /// The role's own tickets that wait, in the order in which they arrived.
    pub(super) fn own_waiting(&self, role: &RoleName) -> Vec<TicketId> {
        let own = |ticket: &&Ticket| ticket.phase == Phase::Waiting && ticket.demand.role() == Some(role);
        let mut tickets: Vec<&Ticket> = self.state.tickets().filter(own).collect();
        tickets.sort_by_key(|ticket| ticket.arrival_seq);
        tickets.into_iter().map(|ticket| ticket.id.clone()).collect()
    }

    /// The event of the step that this ticket takes now: the first that it has not taken, that is due and whose
    /// conditions hold.
    pub(super) fn next_step(&self, ticket: &Ticket) -> Option<Event> {
        let role = self.own_role(ticket)?;
        let is_taken = |number: u8| number <= ticket.steps_taken || ticket.steps_ahead.contains(&number);
        for (number, step) in (1_u8..).zip(&role.overflow).filter(|(number, _)| !is_taken(*number)) {
            let at_once = step.conditions.at_once_if_offline && !self.somebody_online(&ticket.demand.roles);
            let due = at_once || ticket.entered_at + step.after <= self.at;
            if due && self.step_holds(ticket, &role.name, step) {
                return Some(Event::TicketEscalated {
                    ticket: ticket.id.clone(),
                    role: role.name.clone(),
                    channel: ticket.spec.asked.channel.clone(),
                    step: number,
                    demand: overflow::widened(&ticket.demand, step).into(),
                    cause: EscalationCause::of(step, self.at.since(ticket.entered_at)),
                });
            }
        }
        None
    }

    fn step_holds(&self, ticket: &Ticket, role: &RoleName, step: &OverflowStep) -> bool {
        let queue = self.queue_of(role);
        if step.conditions.waiting_over.is_some_and(|over| queue.len() <= over as usize) {
            return false;
        }
        if step.conditions.unless_offline && !self.somebody_online(&step.add_roles) {
            return false;
        }
        let Some(over) = step.conditions.estimated_wait_over else { return true };
        self.likely_wait(ticket, self.position(ticket)).is_some_and(|wait| wait > over)
    }

    fn somebody_online(&self, roles: &[RoleName]) -> bool {
        let mut online = self.state.agents().filter(|agent| agent.status == Status::Online);
        online.any(|agent| roles.iter().any(|role| agent.profile.roles.contains(role)))
    }
}
