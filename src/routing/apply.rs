//! What each event makes true. The only place where state changes; it never decides and never fails: an event that does
//! not fit the state is a bug, or a damaged journal, and ends the process.

mod admission;
mod agents;
mod assignment;
mod holding;
mod tickets;

use std::sync::Arc;

use super::agent::Agent;
use super::catalogue::Catalogue;
use super::event::Event;
use super::index::Follow;
use super::name::{AgentId, TicketId};
use super::state::{Ground, State};
use super::succession;
use super::ticket::Ticket;
use super::time::Timestamp;

/// The ground truth while an event is made true, and what is told of it: the index of a state that decides, or nothing
/// in a replay.
pub(super) struct Applying<'a, F> {
    pub(super) ground: &'a mut Ground,
    pub(super) index: &'a mut F,
}

impl State {
    /// Makes an event true. Live and replay share this.
    ///
    /// # Panics
    /// Where the event does not fit the state.
    pub fn apply(&mut self, at: Timestamp, event: &Event) {
        Applying { ground: &mut self.ground, index: &mut self.index }.apply(at, event);
    }
}

impl<F: Follow> Applying<'_, F> {
    pub(super) fn apply(&mut self, at: Timestamp, event: &Event) {
        let seq = self.ground.next_seq;
        self.ground.now = self.ground.now.max(at);
        match event {
            Event::CatalogueReplaced { catalogue, version, .. } => self.replace_catalogue(catalogue, *version, at),
            Event::AgentRegistered { .. }
            | Event::AgentRemoved { .. }
            | Event::PresenceChanged { .. }
            | Event::AgentSeen { .. }
            | Event::PaceEnded { .. }
            | Event::WrapUpFinished { .. } => self.apply_to_agent(at, seq, event),
            Event::OfferMade { .. }
            | Event::OfferDeclined { .. }
            | Event::OfferExpired { .. }
            | Event::OfferRevoked { .. }
            | Event::TicketAssigned { .. }
            | Event::AssignmentRevoked { .. }
            | Event::OwnerReplied { .. }
            | Event::AssignmentPaused { .. }
            | Event::AssignmentResumed { .. }
            | Event::AssignmentCompleted { .. } => self.apply_to_both(at, seq, event),
            Event::ClosedForgotten { before } => self.forget_closed(*before),
            Event::RoleLooked { role } => {
                self.ground.role_looks.insert(role.clone(), at);
                self.index.time_role(role, self.ground);
            }
            Event::HoursLooked { role } => {
                self.ground.hours_looks.insert(role.clone(), at);
                self.index.look_for_closing(role, self.ground);
                self.index.time_role(role, self.ground);
            }
            Event::AgentReconciled { .. } | Event::AgentChanged { .. } | Event::CommandRejected { .. } => {}
            Event::TicketCreated { .. }
            | Event::PlaceResumed { .. }
            | Event::PlaceGivenUp { .. }
            | Event::TicketUpdated { .. }
            | Event::TicketScheduled { .. }
            | Event::TicketQueued { .. }
            | Event::TicketUnroutable { .. }
            | Event::TicketEscalated { .. }
            | Event::TicketRedirected { .. }
            | Event::TicketDeferred { .. }
            | Event::TicketDiverted { .. }
            | Event::DirectionEnded { .. }
            | Event::AgentBarred { .. }
            | Event::BarsLapsed { .. }
            | Event::TicketAtRisk { .. }
            | Event::TicketBreached { .. }
            | Event::TicketAutomated { .. }
            | Event::AutomationInVain { .. }
            | Event::TicketClosed { .. }
            | Event::ResumeAwaited { .. } => self.apply_to_ticket(at, seq, event),
        }
        self.ground.next_seq += 1;
    }

    /// Changes a ticket, and all that follows from it.
    fn change_ticket(&mut self, id: &TicketId, change: impl FnOnce(&mut Ticket)) {
        let ground = &mut *self.ground;
        let number = ground.tickets.number(id).expect("an event names a ticket that has not ended");
        let ticket = ground.tickets.at_mut(number);
        self.index.leave(number, ticket, &ground.catalogue);
        let left = self.index.watched(ticket);
        change(ticket);
        self.index.enter(number, ticket, &ground.catalogue);
        self.index.time_ticket(number, ticket, &ground.agents, &ground.catalogue);
        let watched = self.index.watched(ticket);
        if !left.is_empty() || !watched.is_empty() {
            for role in left.into_iter().chain(watched) {
                self.index.time_role(&role, ground);
            }
        }
    }

    /// Changes an agent, and all that follows from it.
    fn change_agent(&mut self, id: &AgentId, change: impl FnOnce(&mut Agent)) {
        let number = self.ground.agents.number(id).expect("an event names an agent who is registered");
        let agent = self.ground.agents.at_mut(number);
        change(agent);
        self.index.seat(number, agent, &self.ground.catalogue);
        self.index.time_agent(number, agent, &self.ground.catalogue);
    }

    fn replace_catalogue(&mut self, catalogue: &Arc<Catalogue>, version: u64, at: Timestamp) {
        // Whoever was silent did no wrong by what holds from now on.
        let before = &self.ground.catalogue.agents;
        if catalogue.agents.heartbeat_timeout != before.heartbeat_timeout {
            self.ground.agents.values_mut().for_each(|agent| agent.is_heard(at));
        }
        if catalogue.agents.idle_timeout != before.idle_timeout {
            self.ground.agents.values_mut().for_each(|agent| agent.acted_before = Some(at));
        }
        self.ground.excuse_owners(catalogue, at);
        self.ground.reckon_paces(catalogue, at);
        self.ground.forget_automations(catalogue);
        self.ground.catalogue = Arc::clone(catalogue);
        self.ground.catalogue_version = version;
        succession::move_to_successors(self.ground);
        self.ground.let_in_who_was_there(at);
        self.ground.forget_customers(at);
        self.ground.role_looks.retain(|role, _| catalogue.roles.contains_key(role));
        self.ground.hours_looks.clear();
        self.index.begin_anew(self.ground);
    }
}
