//! What is known of who was let in where.

use super::super::index::Follow;
use super::super::name::TicketId;
use super::super::state::Ground;
use super::super::ticket::Phase;
use super::super::time::Timestamp;
use super::Applying;

impl<F: Follow> Applying<'_, F> {
    /// Since when a ticket may wait for its role: from now on, unless it was let in before. That counts only where the role
    /// lets only some wait, and is not remembered elsewhere.
    pub(super) fn let_in(&self, id: &TicketId, at: Timestamp) -> Option<Timestamp> {
        if !self.index.bounds_admission(&self.ground.catalogue) {
            return None;
        }
        let ticket = self.ground.tickets.get(id).expect("an event names a ticket that has not ended");
        let role = ticket.demand.role().and_then(|role| self.ground.catalogue.roles.get(role));
        let bounded = role.is_some_and(|role| role.admission.is_bounded());
        ticket.let_in_at.get().or_else(|| bounded.then_some(at))
    }
}

impl Ground {
    /// A catalogue comes into force at that moment. Who waits, is offered or is owned then was let in by what held before, and
    /// counts as let in now where its role lets only some wait from now on.
    pub(super) fn let_in_who_was_there(&mut self, at: Timestamp) {
        let catalogue = &self.catalogue;
        if !catalogue.roles.values().any(|role| role.admission.is_bounded()) {
            return;
        }
        for ticket in self.tickets.values_mut() {
            let aside = matches!(ticket.phase, Phase::Intake | Phase::Scheduled | Phase::Deferred);
            let role = ticket.demand.role().and_then(|role| catalogue.roles.get(role));
            if !aside && ticket.let_in_at.is_never() && role.is_some_and(|role| role.admission.is_bounded()) {
                ticket.let_in_at = at.into();
            }
        }
    }
}
