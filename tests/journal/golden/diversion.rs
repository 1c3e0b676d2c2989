//! Roles that let only some tickets wait, and where the others go.

use std::collections::BTreeMap;
use std::sync::Arc;

use rolecall::journal::Entry;
use rolecall::routing::admission::Admission;
use rolecall::routing::diversion::{CallbackNote, Diversion, DiversionCause};
use rolecall::routing::offer::{Reason, Trigger};
use rolecall::routing::role::Role;
use rolecall::routing::ticket::Closing;
use rolecall::routing::{Catalogue, Command, Event, Millis, RoleName, Timestamp};

use super::{channel, demand, entries as numbered, role, spec, taking, ticket};

pub(super) fn entries() -> Vec<Entry> {
    let general = RoleName::parse("general").expect("a name");
    let admission = Admission {
        max_wait: Some(Millis(600_000)),
        when_waited: Diversion::Callback,
        max_waiting: Some(50),
        when_full: Diversion::Role(general.clone()),
    };
    let bounded = Role { admission, ..Role::named(role()) };
    let roles = BTreeMap::from([(role(), bounded), (general.clone(), Role::named(general))]);
    let catalogue = Arc::new(Catalogue { roles, ..Catalogue::default() });
    let replaced = Event::CatalogueReplaced { catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1 };
    let diverted = Event::TicketDiverted {
        ticket: ticket(),
        role: role(),
        channel: channel(),
        cause: DiversionCause::Full,
        demand: demand(),
        due_at: Some(Timestamp(6)),
    };
    let reason = Reason { trigger: Trigger::TicketDiverted, ..taking().reason };
    let offered =
        Event::OfferMade { taking: rolecall::routing::event::Taking { reason, ..taking() }, expires_at: Timestamp(8) };
    let closed = Event::TicketClosed {
        ticket: ticket(),
        role: Some(role()),
        channel: channel(),
        how: Closing::CalledBack,
        cause: "waited".to_owned(),
        callback: Some(Box::new(CallbackNote { waited: Millis(600_000), spec: spec() })),
        service: None,
    };
    numbered([
        (Command::ReplaceCatalogue { catalogue }, vec![replaced]),
        (Command::CreateTicket { ticket: ticket(), spec: Box::new(spec()) }, vec![diverted, offered]),
        (Command::Elapse, vec![closed]),
    ])
}
