//! What came beside the data of the event that brought a ticket.

use rolecall::journal::Entry;
use rolecall::routing::event::Intake;
use rolecall::routing::{Command, Event, PassedOn};

use super::{intake, spec, ticket};

/// A trace and an extension attribute.
pub(super) fn passed_on() -> Vec<Entry> {
    let (traceparent, extensions) = (Some("00-1".into()), Some(r#"{"tenant":"eu"}"#.into()));
    let mut spec = spec();
    spec.beside.passed_on = Some(PassedOn { traceparent, extensions }.into());
    let intake = Box::new(Intake { spec: spec.clone().into(), ..intake() });
    let created = Event::TicketCreated { ticket: ticket(), intake };
    super::entries([(Command::CreateTicket { ticket: ticket(), spec: Box::new(spec) }, vec![created])])
}
