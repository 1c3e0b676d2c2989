//! Hand-overs: as they were first, and such as keep the overflow steps that were taken.

use rolecall::journal::Entry;
use rolecall::routing::command::TransferTo;
use rolecall::routing::offer::Trigger;
use rolecall::routing::ticket::Direction;
use rolecall::routing::{Command, Event, Timestamp};

use super::{agent, demand, handover, ticket};

pub(super) fn redirected(direction: Option<Box<Direction>>) -> Event {
    Event::TicketRedirected {
        ticket: ticket(),
        demand: demand().into(),
        due_at: Some(Timestamp(6)),
        direction,
        handover: Some(handover().into()),
        keeps_steps: false,
    }
}

pub(super) fn entries() -> Vec<Entry> {
    let to = TransferTo::Agent(agent());
    let command = Command::TransferTicket { ticket: ticket(), to, by: None, note: None };
    let redirected = Event::TicketRedirected {
        ticket: ticket(),
        demand: demand().into(),
        due_at: None,
        direction: Some(Direction { agent: agent(), until: None, trigger: Trigger::Directed }.into()),
        handover: None,
        keeps_steps: true,
    };
    vec![Entry { first_seq: 1, at: Timestamp(1_700_000_000_000), command, events: vec![redirected] }]
}
