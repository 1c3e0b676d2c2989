//! A ticket is owned: the agent has one more, and whoever waited for it knows how it went.

use std::sync::Arc;

use super::super::agent::SlotUse;
use super::super::event::Taking;
use super::super::index::Follow;
use super::super::offer::{Ownership, Trigger};
use super::super::owning::Silence;
use super::super::service::Answer;
use super::super::ticket::Phase;
use super::super::time::Timestamp;
use super::Applying;

impl<F: Follow> Applying<'_, F> {
    pub(super) fn assign(&mut self, taking: &Taking, answer: Option<&Answer>, at: Timestamp, seq: u64) {
        let known = self.ground.tickets.get(&taking.ticket);
        let offered = known.is_some_and(|it| it.phase.offer_to(&taking.agent).is_some());
        let let_in_at = self.let_in(&taking.ticket, at);
        self.change_ticket(&taking.ticket, |it| {
            it.come_in(let_in_at, at);
            it.phase = Phase::Assigned(Box::new(ownership(taking, at)));
            it.attempt = taking.attempt;
            it.direction = None;
            it.automated.ask_again();
            it.service.answered |= answer.is_some();
            it.service.foretold = None;
        });
        let acted = matches!(taking.reason.trigger, Trigger::Claimed | Trigger::Taken);
        let answered = offered || acted;
        self.take_slot(taking, SlotUse::Assigned, (at, seq), |it| {
            if answered {
                it.missed_offers = 0;
                it.acts(at);
            }
        });
        self.ground.paces.entry(taking.role.clone()).or_default().record(at);
        self.ground.learn(answer.and_then(|answer| answer.wait.as_ref()));
    }
}

fn ownership(taking: &Taking, at: Timestamp) -> Ownership {
    Ownership {
        agent: taking.agent.clone(),
        assignment: taking.assignment.clone(),
        role: taking.role.clone(),
        assigned_at: at,
        by_hand: taking.reason.trigger == Trigger::Taken,
        silence: Silence::default(),
        reason: Some(Arc::clone(&taking.reason)),
    }
}
