//! What becomes true of a ticket and an agent: one is offered to the other, owned, paused, and let go.

use std::sync::Arc;

use super::Applying;
use crate::routing::agent::{Agent, Slot, SlotUse};
use crate::routing::event::{Event, Held, Taking};
use crate::routing::index::Follow;
use crate::routing::offer::{Offer, Ownership, RevokeCause};
use crate::routing::ticket::{Closing, Phase, Ticket};
use crate::routing::time::Timestamp;

impl<F: Follow> Applying<'_, F> {
    pub(super) fn apply_to_both(&mut self, at: Timestamp, seq: u64, event: &Event) {
        self.ground.remember_last_agent(at, event);
        match event {
            Event::OfferMade { taking, expires_at } => {
                let offer = offer(taking, at, *expires_at);
                let let_in_at = self.let_in(&taking.ticket, at);
                self.change_ticket(&taking.ticket, |it| {
                    it.come_in(let_in_at, at);
                    add_offer(it, offer, taking.attempt);
                });
                self.take_slot(taking, SlotUse::Offered, (at, seq), |_| {});
            }
            Event::OfferDeclined { held, .. } => {
                self.end_offer(held);
                self.change_agent(&held.agent, |it| {
                    it.missed_offers = 0;
                    it.acts(at);
                });
            }
            Event::OfferExpired { held } => {
                self.end_offer(held);
                self.change_agent(&held.agent, |it| it.missed_offers += 1);
            }
            Event::OfferRevoked { held, .. } => self.end_offer(held),
            Event::TicketAssigned { taking, answer, .. } => self.assign(taking, answer.as_deref(), at, seq),
            Event::AssignmentRevoked { held, cause, .. } => {
                self.change_ticket(&held.ticket, |it| leave_owner(it, *cause, at));
                let acts = *cause == RevokeCause::Released;
                self.free_slot(held, (at, seq), |it| {
                    if acts {
                        it.acts(at);
                    }
                });
            }
            Event::OwnerReplied { ticket, agent } => {
                self.change_ticket(ticket, |it| owned_mut(&mut it.phase).silence.end());
                self.change_agent(agent, |it| it.acts(at));
            }
            Event::AssignmentPaused { held } => {
                let asked = self.ground.asks_for_reply(&held.ticket);
                let is_worked_on = |it: &Ticket| matches!(it.phase, Phase::Assigned(_));
                let worked_on = self.ground.tickets.get(&held.ticket).is_some_and(is_worked_on);
                self.change_ticket(&held.ticket, |it| {
                    let mut ownership = owned(&mut it.phase);
                    if asked && worked_on {
                        ownership.silence.pause(ownership.assigned_at, at);
                    }
                    it.phase = Phase::Paused(ownership);
                });
                // Whose customer was back, and is waited for again, has no slot.
                if worked_on {
                    self.free_slot(held, (at, seq), |it| {
                        it.parked.insert(held.ticket.clone());
                    });
                }
            }
            Event::AssignmentResumed { held, cost } => {
                let asked = self.ground.asks_for_reply(&held.ticket);
                self.change_ticket(&held.ticket, |it| {
                    let mut ownership = owned(&mut it.phase);
                    if asked {
                        ownership.silence.go_on(at);
                    }
                    it.phase = Phase::Assigned(ownership);
                });
                let slot = Slot { channel: held.channel.clone(), cost: *cost, used_for: SlotUse::Assigned };
                self.change_agent(&held.agent, |it| {
                    it.parked.remove(&held.ticket);
                    it.slots.insert(held.ticket.clone(), slot);
                    (it.idle_since, it.idle_seq) = (at, seq);
                });
            }
            Event::AssignmentCompleted { held, wrap_up_until, .. } => {
                self.close_ticket(&held.ticket, Closing::Completed, at);
                match wrap_up_until {
                    Some(until) => self.change_agent(&held.agent, |it| {
                        let slot = it.slots.get_mut(&held.ticket).expect("wrap-up follows work that took a slot");
                        slot.used_for = SlotUse::WrapUp { until: *until };
                        it.acts(at);
                    }),
                    None => self.free_slot(held, (at, seq), |it| it.acts(at)),
                }
            }
            other => unreachable!("not an event of a ticket and an agent: {other:?}"),
        }
    }

    /// An agent has one slot less, and whatever else changes about it by that.
    pub(super) fn take_slot(
        &mut self,
        taking: &Taking,
        used_for: SlotUse,
        (at, seq): (Timestamp, u64),
        change: impl FnOnce(&mut Agent),
    ) {
        let pacing = self.ground.catalogue.agents.pacing;
        self.change_agent(&taking.agent, |it| {
            let slot = Slot { channel: taking.channel.clone(), cost: taking.cost, used_for };
            let offered = it.slots.insert(taking.ticket.clone(), slot).is_some();
            if !offered {
                it.turn_seq = seq;
                it.given.record(at, pacing.allowances(&it.profile));
            }
            (it.idle_since, it.idle_seq) = (at, seq);
            change(it);
        });
    }

    /// An agent has one slot more, and whatever else changes about it by that.
    fn free_slot(&mut self, held: &Held, (at, seq): (Timestamp, u64), change: impl FnOnce(&mut Agent)) {
        self.change_agent(&held.agent, |it| {
            let slot = it.slots.remove(&held.ticket).is_some();
            let parked = it.parked.remove(&held.ticket);
            assert!(slot || parked, "what is freed was held");
            (it.idle_since, it.idle_seq) = (at, seq);
            change(it);
        });
    }

    /// An open offer is over. That it was made counts as having been given work.
    fn end_offer(&mut self, held: &Held) {
        self.change_ticket(&held.ticket, |it| {
            let Phase::Offered(offers) = &mut it.phase else { unreachable!("only an open offer ends") };
            offers.retain(|offer| offer.assignment != held.assignment);
            if offers.is_empty() {
                it.phase = Phase::Intake;
            }
        });
        self.change_agent(&held.agent, |it| {
            it.slots.remove(&held.ticket).expect("an open offer takes a slot");
        });
    }
}

/// Nobody owns it any more. Who is handed a ticket did not get it back.
fn leave_owner(ticket: &mut Ticket, cause: RevokeCause, at: Timestamp) {
    ticket.let_in_at = ticket.let_in_at.get().map(|_| at).into();
    ticket.phase = Phase::Intake;
    if cause != RevokeCause::Transferred {
        ticket.returned_at = at.into();
    }
    ticket.automated.ask_again();
}

fn offer(taking: &Taking, at: Timestamp, expires_at: Timestamp) -> Offer {
    Offer {
        agent: taking.agent.clone(),
        assignment: taking.assignment.clone(),
        role: taking.role.clone(),
        offered_at: at,
        expires_at,
        reason: Arc::clone(&taking.reason),
    }
}

fn add_offer(ticket: &mut Ticket, offer: Offer, attempt: u32) {
    ticket.attempt = attempt;
    ticket.direction = None;
    match &mut ticket.phase {
        Phase::Offered(offers) => offers.push(offer),
        other => *other = Phase::Offered(vec![offer]),
    }
}

/// Takes what is owned out of its phase, to be put into another.
fn owned(phase: &mut Phase) -> Box<Ownership> {
    match std::mem::replace(phase, Phase::Intake) {
        Phase::Assigned(ownership) | Phase::Paused(ownership) | Phase::Resuming(ownership) => ownership,
        other => unreachable!("what is {} is neither paused nor resumed", other.as_str()),
    }
}

fn owned_mut(phase: &mut Phase) -> &mut Ownership {
    phase.ownership_mut().expect("only an owner replies")
}
