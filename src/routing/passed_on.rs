//! What came with the event that brought a ticket beside its data, for all that is said of the ticket later: a trace, a tenant.
//! The engine keeps it with the ticket, so that a restart loses none of it, and knows not what is in it: nothing is decided by it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::name::TicketId;
use super::state::State;

/// What a ticket passes on. As text, which takes less room than what it says would, and is told as it came.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PassedOn {
    /// Its trace, as the header `traceparent` of W3C Trace Context has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Box<str>>,
    /// Extension attributes of `CloudEvents`: a JSON object of scalars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extensions: Option<Box<str>>,
}

/// A ticket that ended in a step, and what it passes on to what is said of it: the state no longer knows either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parted {
    /// The ticket.
    pub ticket: TicketId,
    /// What it passes on.
    pub passed_on: Arc<PassedOn>,
}

impl Parted {
    /// The ticket that an event is about to end, where it has anything to pass on.
    pub(super) fn by(event: &Event, state: &State) -> Option<Self> {
        let ticket = match event {
            Event::TicketClosed { ticket, .. } => ticket,
            Event::AssignmentCompleted { held, .. } => &held.ticket,
            _ => return None,
        };
        let passed_on = state.ticket(ticket)?.spec.beside.passed_on.clone()?;
        Some(Self { ticket: ticket.clone(), passed_on })
    }
}
