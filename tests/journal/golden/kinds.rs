//! How many kinds of entries there are: none without a golden file.

use std::collections::HashSet;
use std::mem::discriminant;

use rolecall::journal::Entry;
use rolecall::routing::{Command, Event};

/// How many kinds of events and of commands there are. A new one does not compile here, until it is named, counted and
/// given an example.
pub(super) fn kinds(entries: &[Entry]) -> (usize, usize) {
    for entry in entries {
        let (Command::CreateTicket { .. }
        | Command::UpdateTicket { .. }
        | Command::CancelTicket { .. }
        | Command::AcceptOffer { .. }
        | Command::DeclineOffer { .. }
        | Command::CompleteTicket { .. }
        | Command::TransferTicket { .. }
        | Command::ReleaseTicket { .. }
        | Command::PauseTicket { .. }
        | Command::ResumeTicket { .. }
        | Command::ClaimTicket { .. }
        | Command::NoteReply { .. }
        | Command::TakeTicket { .. }
        | Command::ReconcileAgent { .. }
        | Command::RegisterAgent { .. }
        | Command::RemoveAgent { .. }
        | Command::SetPresence { .. }
        | Command::Heartbeat { .. }
        | Command::ExcuseSilence { .. }
        | Command::FinishWrapUp { .. }
        | Command::ReplaceCatalogue { .. }
        | Command::Elapse) = &entry.command;
        for event in &entry.events {
            let (Event::CatalogueReplaced { .. }
            | Event::TicketCreated { .. }
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
            | Event::OfferMade { .. }
            | Event::OfferDeclined { .. }
            | Event::OfferExpired { .. }
            | Event::OfferRevoked { .. }
            | Event::TicketAssigned { .. }
            | Event::AssignmentRevoked { .. }
            | Event::OwnerReplied { .. }
            | Event::AssignmentPaused { .. }
            | Event::ResumeAwaited { .. }
            | Event::AssignmentResumed { .. }
            | Event::AssignmentCompleted { .. }
            | Event::WrapUpFinished { .. }
            | Event::AgentRegistered { .. }
            | Event::AgentRemoved { .. }
            | Event::PresenceChanged { .. }
            | Event::AgentSeen { .. }
            | Event::AgentReconciled { .. }
            | Event::PaceEnded { .. }
            | Event::AgentChanged { .. }
            | Event::CommandRejected { .. }
            | Event::RoleLooked { .. }
            | Event::HoursLooked { .. }
            | Event::ClosedForgotten { .. }) = event;
        }
    }
    let events: HashSet<_> = entries.iter().flat_map(|entry| &entry.events).map(discriminant).collect();
    let commands: HashSet<_> = entries.iter().map(|entry| discriminant(&entry.command)).collect();
    (events.len(), commands.len())
}
