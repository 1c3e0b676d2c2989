//! Which tickets and agents a run of events is about.

use std::collections::BTreeSet;

use crate::routing::{AgentId, Event, TicketId};

/// What has to be looked at again.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) tickets: BTreeSet<TicketId>,
    pub(super) agents: BTreeSet<AgentId>,
    /// Those of them whose registration is another one.
    pub(super) registered: BTreeSet<AgentId>,
    /// Limits, capacity and roles may have changed for everybody.
    pub(super) catalogue: bool,
}

impl Touched {
    pub(super) fn by(events: &[Event]) -> Self {
        let mut touched = Self::default();
        for event in events {
            touched.add(event);
        }
        touched
    }

    fn add(&mut self, event: &Event) {
        match event {
            Event::CatalogueReplaced { .. } => self.catalogue = true,
            Event::TicketCreated { ticket, .. }
            | Event::PlaceResumed { ticket, .. }
            | Event::PlaceGivenUp { ticket }
            | Event::TicketUpdated { ticket, .. }
            | Event::TicketScheduled { ticket, .. }
            | Event::TicketQueued { ticket, .. }
            | Event::TicketUnroutable { ticket, .. }
            | Event::TicketEscalated { ticket, .. }
            | Event::TicketRedirected { ticket, .. }
            | Event::TicketDeferred { ticket, .. }
            | Event::TicketDiverted { ticket, .. }
            | Event::DirectionEnded { ticket }
            | Event::AgentBarred { ticket, .. }
            | Event::BarsLapsed { ticket }
            | Event::TicketAtRisk { ticket, .. }
            | Event::TicketBreached { ticket, .. }
            | Event::TicketAutomated { ticket, .. }
            | Event::TicketClosed { ticket, .. }
            | Event::ResumeAwaited { ticket } => self.ticket(ticket),
            Event::OfferMade { taking, .. } | Event::TicketAssigned { taking, .. } => {
                self.ticket(&taking.ticket);
                self.agent(&taking.agent);
            }
            Event::OfferDeclined { held, .. }
            | Event::OfferExpired { held }
            | Event::OfferRevoked { held, .. }
            | Event::AssignmentRevoked { held, .. }
            | Event::AssignmentPaused { held }
            | Event::AssignmentResumed { held, .. }
            | Event::AssignmentCompleted { held, .. } => {
                self.ticket(&held.ticket);
                self.agent(&held.agent);
            }
            Event::AgentRegistered { agent, .. } | Event::AgentRemoved { agent } => {
                self.agent(agent);
                self.registered.insert(agent.clone());
            }
            Event::PaceEnded { agent }
            | Event::WrapUpFinished { agent, .. }
            | Event::PresenceChanged { agent, .. }
            | Event::OwnerReplied { agent, .. }
            | Event::AgentSeen { agent, .. }
            | Event::AgentChanged { agent, .. } => self.agent(agent),
            Event::AutomationInVain { .. }
            | Event::AgentReconciled { .. }
            | Event::RoleLooked { .. }
            | Event::HoursLooked { .. }
            | Event::CommandRejected { .. }
            | Event::ClosedForgotten { .. } => {}
        }
    }

    fn ticket(&mut self, id: &TicketId) {
        if !self.tickets.contains(id) {
            self.tickets.insert(id.clone());
        }
    }

    pub(super) fn agent(&mut self, id: &AgentId) {
        if !self.agents.contains(id) {
            self.agents.insert(id.clone());
        }
    }
}
