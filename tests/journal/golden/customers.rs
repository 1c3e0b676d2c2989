//! Agents who are kept for their own role's work, and customers who come back.

use std::sync::Arc;

use rolecall::journal::Entry;
use rolecall::routing::event::Taking;
use rolecall::routing::offer::{FallOut, Reason, Trigger};
use rolecall::routing::returning::Returning;
use rolecall::routing::role::Role;
use rolecall::routing::staffing::Staffing;
use rolecall::routing::ticket::Direction;
use rolecall::routing::{Catalogue, Command, Event, Millis, Timestamp};

use super::{agent, channel, role, taking, ticket};

pub(super) fn reserve() -> Vec<Entry> {
    let keeping = Role { staffing: Staffing { reserve: 2, ..Staffing::default() }, ..Role::named(role()) };
    let catalogue = Arc::new(Catalogue { roles: [(role(), keeping)].into(), ..Catalogue::default() });
    let replaced = Event::CatalogueReplaced { catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1 };
    let fell_out = FallOut { reserved: 2, ..FallOut::default() };
    let reason = Reason { fell_out, ..Reason::clone(&taking().reason) };
    let offered = Event::OfferMade { taking: Taking { reason: reason.into(), ..taking() }, expires_at: Timestamp(8) };
    entries([(Command::ReplaceCatalogue { catalogue }, vec![replaced]), (Command::Elapse, vec![offered])])
}

fn entries(commands: [(Command, Vec<Event>); 2]) -> Vec<Entry> {
    let entry =
        |(place, (command, events))| Entry { first_seq: place, at: Timestamp(1_700_000_000_000), command, events };
    (1..).zip(commands).map(entry).collect()
}

pub(super) fn last_agent() -> Vec<Entry> {
    let returning = Returning { last_agent: Some(Millis(30 * 86_400_000)), ..Returning::default() };
    let asking = Role { returning, ..Role::named(role()) };
    let catalogue = Arc::new(Catalogue { roles: [(role(), asking)].into(), ..Catalogue::default() });
    let replaced = Event::CatalogueReplaced { catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1 };
    let queued = Event::TicketQueued {
        ticket: ticket(),
        role: role(),
        channel: channel(),
        position: 1,
        waiting: 1,
        estimated_wait: None,
        wait_by_pace: None,
        wait_range: None,
        direction: Some(Direction { agent: agent(), until: Some(Timestamp(9)), trigger: Trigger::LastAgent }.into()),
    };
    let reason = Reason { trigger: Trigger::LastAgent, ..Reason::clone(&taking().reason) };
    let offered = Event::OfferMade { taking: Taking { reason: reason.into(), ..taking() }, expires_at: Timestamp(8) };
    entries([(Command::ReplaceCatalogue { catalogue }, vec![replaced]), (Command::Elapse, vec![queued, offered])])
}

pub(super) fn places() -> Vec<Entry> {
    let returning = Returning { resume_within: Some(Millis(60_000)), ..Returning::default() };
    let letting = Role { returning, ..Role::named(role()) };
    let catalogue = Arc::new(Catalogue { roles: [(role(), letting)].into(), ..Catalogue::default() });
    let replaced = Event::CatalogueReplaced { catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1 };
    let given_up = Event::PlaceGivenUp { ticket: ticket() };
    let resumed = Event::PlaceResumed { ticket: ticket(), created_at: Timestamp(5), due_at: Some(Timestamp(9)) };
    entries([
        (Command::ReplaceCatalogue { catalogue }, vec![replaced]),
        (Command::CancelTicket { ticket: ticket(), reason: None }, vec![given_up, resumed]),
    ])
}
