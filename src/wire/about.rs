//! Of what the message about an event tells.

use crate::routing::Event;
use crate::routing::name::TicketId;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About<'e> {
    /// The engine's own book-keeping, of which no message is made; of agents, `AgentChanged` tells.
    Nothing,
    /// An agent, the catalogue, or a command, which may have been about a ticket.
    House(Option<&'e TicketId>),
    /// A ticket alone.
    Ticket(&'e TicketId),
    /// A ticket and an agent.
    Assignment(&'e TicketId),
}

impl<'e> About<'e> {
    /// The `ticket_id` of the data, where they have one.
    pub(super) fn ticket(self) -> Option<&'e TicketId> {
        match self {
            Self::Nothing => None,
            Self::House(ticket) => ticket,
            Self::Ticket(ticket) | Self::Assignment(ticket) => Some(ticket),
        }
    }

    /// The ticket whose trace goes on in the message. An answer to a command is the command's alone.
    pub(super) fn follows(self) -> Option<&'e TicketId> {
        match self {
            Self::Nothing | Self::House(_) => None,
            Self::Ticket(ticket) | Self::Assignment(ticket) => Some(ticket),
        }
    }

    pub(super) fn of(event: &'e Event) -> Self {
        match event {
            Event::CatalogueReplaced { .. } | Event::AgentChanged { .. } | Event::AgentReconciled { .. } => {
                Self::House(None)
            }
            Event::CommandRejected { ticket, .. } => Self::House(ticket.as_ref()),
            Event::TicketQueued { ticket, .. }
            | Event::TicketUnroutable { ticket, .. }
            | Event::TicketEscalated { ticket, .. }
            | Event::TicketAtRisk { ticket, .. }
            | Event::TicketDeferred { ticket, .. }
            | Event::TicketDiverted { ticket, .. }
            | Event::TicketBreached { ticket, .. }
            | Event::TicketAutomated { ticket, .. }
            | Event::TicketClosed { ticket, .. } => Self::Ticket(ticket),
            Event::OfferMade { taking, .. } | Event::TicketAssigned { taking, .. } => Self::Assignment(&taking.ticket),
            Event::OfferDeclined { held, .. }
            | Event::OfferExpired { held }
            | Event::OfferRevoked { held, .. }
            | Event::AssignmentRevoked { held, .. }
            | Event::AssignmentPaused { held }
            | Event::AssignmentResumed { held, .. }
            | Event::AssignmentCompleted { held, .. } => Self::Assignment(&held.ticket),
            Event::TicketCreated { .. }
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
            | Event::ClosedForgotten { .. } => Self::Nothing,
        }
    }
}
