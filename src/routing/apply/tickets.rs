//! What becomes true of a ticket alone: it comes, changes, waits, and ends.

use std::sync::Arc;

use super::Applying;
use crate::routing::estimate::Estimate;
use crate::routing::event::{Event, Intake};
use crate::routing::index::Follow;
use crate::routing::name::TicketId;
use crate::routing::ticket::{ClosedTicket, Closing, Phase, Ticket};
use crate::routing::time::{Sometime, Timestamp};

/// How many ended tickets are remembered at most, whatever their age: some 200 MB.
const CLOSED_MAX: usize = 1_000_000;

impl<F: Follow> Applying<'_, F> {
    pub(super) fn apply_to_ticket(&mut self, at: Timestamp, seq: u64, event: &Event) {
        match event {
            Event::TicketCreated { ticket, intake } => self.create_ticket(ticket, intake, at, seq),
            Event::PlaceResumed { ticket, created_at, due_at } => {
                self.ground.take_place(ticket);
                self.change_ticket(ticket, |it| it.count_from(*created_at, *due_at));
            }
            Event::PlaceGivenUp { ticket } => self.ground.keep_place(ticket, at),
            Event::TicketUpdated { ticket, intake } => {
                let at_risk = self.ground.is_at_risk(intake.demand.role(), intake.due_at, at);
                let spec = self.ground.asked.share_in(&intake.spec);
                let demand = self.ground.demands.share(&intake.demand);
                self.change_ticket(ticket, |it| {
                    update(it, intake, at);
                    (it.spec, it.demand) = (spec, demand);
                    it.service.at_risk &= at_risk;
                });
            }
            Event::TicketScheduled { ticket, .. } => self.change_ticket(ticket, |it| {
                (it.let_in_at, it.opens_at) = (Sometime::NEVER, Sometime::NEVER);
                it.phase = Phase::Scheduled;
            }),
            Event::TicketQueued { ticket, direction, .. } => {
                let let_in_at = self.let_in(ticket, at);
                self.change_ticket(ticket, |it| {
                    it.is_foretold(at, Estimate::told_by(event));
                    it.come_in(let_in_at, at);
                    it.phase = Phase::Waiting;
                    it.direction.clone_from(direction);
                });
            }
            Event::TicketUnroutable { ticket, cause, .. } => {
                let let_in_at = self.let_in(ticket, at);
                self.change_ticket(ticket, |it| {
                    it.come_in(let_in_at, at);
                    it.phase = Phase::Unroutable(*cause);
                });
            }
            Event::TicketEscalated { ticket, step, demand, .. } => {
                let demand = self.ground.demands.share(demand);
                self.change_ticket(ticket, |it| {
                    it.take_step(*step);
                    it.demand = demand;
                });
            }
            Event::TicketRedirected { ticket, .. } => self.change_ticket(ticket, |it| redirect(it, event, at)),
            Event::TicketDeferred { ticket, opens_at, due_at, .. } => {
                self.change_ticket(ticket, |it| it.defer(*opens_at, *due_at, at));
            }
            Event::TicketDiverted { ticket, demand, due_at, .. } => {
                self.change_ticket(ticket, |it| it.go_to_role(demand, *due_at, at));
            }
            Event::DirectionEnded { ticket } => self.change_ticket(ticket, |it| it.direction = None),
            Event::AgentBarred { ticket, bar } => self.change_ticket(ticket, |it| {
                if !it.bars.is_empty() {
                    it.bars.retain(|known| known.agent != bar.agent);
                }
                if it.bars.len() == crate::routing::BARS_MAX {
                    it.bars.remove(0);
                }
                it.bars.push(bar.clone());
            }),
            Event::BarsLapsed { ticket } => self.change_ticket(ticket, |it| {
                it.bars.retain(|bar| bar.until.is_none_or(|until| until > at));
            }),
            Event::TicketAtRisk { ticket, .. } => self.change_ticket(ticket, |it| it.service.at_risk = true),
            Event::TicketBreached { ticket, .. } => self.change_ticket(ticket, |it| it.breached = true),
            Event::TicketAutomated { ticket, automation, .. } => {
                self.change_ticket(ticket, |it| it.automated.record(automation, at));
            }
            Event::AutomationInVain { ticket, automation } => {
                self.change_ticket(ticket, |it| it.automated.record_in_vain(automation));
            }
            Event::TicketClosed { ticket, how, .. } => self.close_ticket(ticket, *how, at),
            Event::ResumeAwaited { ticket } => self.change_ticket(ticket, |it| {
                it.phase = match std::mem::replace(&mut it.phase, Phase::Intake) {
                    Phase::Paused(ownership) => Phase::Resuming(ownership),
                    other => unreachable!("a ticket that is {} is not resumed", other.as_str()),
                };
            }),
            other => unreachable!("not an event of a ticket alone: {other:?}"),
        }
    }

    fn create_ticket(&mut self, id: &TicketId, intake: &Intake, at: Timestamp, seq: u64) {
        let (spec, demand) = (self.ground.asked.share_in(&intake.spec), self.ground.demands.share(&intake.demand));
        let ticket = Ticket {
            created_at: intake.created_at,
            due_at: intake.due_at.into(),
            ..Ticket::coming(id.clone(), seq, (spec, demand), at)
        };
        // It is in no place yet: nothing follows from it.
        self.ground.tickets.add(ticket);
    }

    pub(super) fn close_ticket(&mut self, id: &TicketId, how: Closing, at: Timestamp) {
        let tickets = &mut self.ground.tickets;
        let number = tickets.number(id).expect("an event names a ticket that has not ended");
        let ticket = tickets.at(number);
        self.index.leave(number, ticket, &self.ground.catalogue);
        let watched = self.index.watched(ticket);
        tickets.remove(number);
        for role in watched {
            self.index.time_role(&role, self.ground);
        }
        self.index.forget_ticket(number, id);
        self.ground.closed.add(id.clone(), ClosedTicket { how, at });
        while self.ground.closed.len() > CLOSED_MAX {
            self.ground.closed.forget_first();
        }
        self.index.time_closed(self.ground);
    }

    pub(super) fn forget_closed(&mut self, before: Timestamp) {
        while self.ground.closed.first_at().is_some_and(|at| at < before) {
            self.ground.closed.forget_first();
        }
        self.index.time_closed(self.ground);
    }
}

fn update(ticket: &mut Ticket, intake: &Intake, at: Timestamp) {
    if ticket.demand.role() != intake.demand.role() {
        ticket.restart_ladder(at);
    }
    ticket.created_at = intake.created_at;
    ticket.due_at = intake.due_at.into();
    ticket.breached &= intake.due_at.is_some_and(|due| due <= at);
    ticket.automated.ask_again();
}

fn redirect(ticket: &mut Ticket, event: &Event, at: Timestamp) {
    let Event::TicketRedirected { demand, due_at, direction, handover, keeps_steps, .. } = event else {
        unreachable!("not a hand-over: {event:?}")
    };
    if direction.is_none() {
        // From now on this is what upstream asks for: no later look at the ticket takes it back.
        let spec = Arc::make_mut(&mut ticket.spec);
        spec.asked_mut().role = demand.role().cloned();
        spec.asked_mut().priority = demand.priority;
    }
    ticket.demand = Arc::clone(demand);
    ticket.due_at = (*due_at).into();
    ticket.breached = due_at.is_some_and(|due| due <= at);
    let steps = (ticket.steps_taken, ticket.steps_ahead.clone());
    ticket.restart_ladder(at);
    if *keeps_steps {
        (ticket.steps_taken, ticket.steps_ahead) = steps;
    }
    ticket.direction.clone_from(direction);
    if handover.is_some() {
        ticket.handover.clone_from(handover);
    }
    if let Some(direction) = direction {
        ticket.bars.retain(|bar| bar.agent != direction.agent);
    }
}
