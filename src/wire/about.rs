//! Of which ticket the message about an event tells.

use crate::routing::Event;
use crate::routing::name::TicketId;

/// The `ticket_id` of the data; `None` where they have none, or where no message is made of the event.
pub(super) fn ticket(event: &Event) -> Option<&TicketId> {
    match event {
        Event::TicketQueued { ticket, .. }
        | Event::TicketUnroutable { ticket, .. }
        | Event::TicketEscalated { ticket, .. }
        | Event::TicketAtRisk { ticket, .. }
        | Event::TicketDeferred { ticket, .. }
        | Event::TicketDiverted { ticket, .. }
        | Event::TicketBreached { ticket, .. }
        | Event::TicketAutomated { ticket, .. }
        | Event::TicketClosed { ticket, .. } => Some(ticket),
        Event::OfferMade { taking, .. } | Event::TicketAssigned { taking, .. } => Some(&taking.ticket),
        Event::OfferDeclined { held, .. }
        | Event::OfferExpired { held }
        | Event::OfferRevoked { held, .. }
        | Event::AssignmentRevoked { held, .. }
        | Event::AssignmentPaused { held }
        | Event::AssignmentResumed { held, .. }
        | Event::AssignmentCompleted { held, .. } => Some(&held.ticket),
        Event::CommandRejected { ticket, .. } => ticket.as_ref(),
        Event::CatalogueReplaced { .. }
        | Event::AgentChanged { .. }
        | Event::AgentReconciled { .. }
        | Event::TicketCreated { .. }
        | Event::PlaceResumed { .. }
        | Event::PlaceGivenUp { .. }
        | Event::TicketUpdated { .. }
        | Event::TicketScheduled { .. }
        | Event::TicketRedirected { .. }
        | Event::DirectionEnded { .. }
        | Event::AgentBarred { .. }
        | Event::BarsLapsed { .. }
        | Event::AutomationInVain { .. }
        | Event::ResumeAwaited { .. }
        | Event::OwnerReplied { .. }
        | Event::PaceEnded { .. }
        | Event::WrapUpFinished { .. }
        | Event::AgentRegistered { .. }
        | Event::AgentRemoved { .. }
        | Event::PresenceChanged { .. }
        | Event::AgentSeen { .. }
        | Event::RoleLooked { .. }
        | Event::HoursLooked { .. }
        | Event::ClosedForgotten { .. } => None,
    }
}
