//! Roles that let only some tickets wait, and where the others go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rolecall::journal::Entry;
use rolecall::routing::admission::Admission;
use rolecall::routing::diversion::{CallbackNote, Diversion, DiversionCause};
use rolecall::routing::hours::{Day, DayPart, Hours};
use rolecall::routing::offer::{Reason, Trigger};
use rolecall::routing::role::Role;
use rolecall::routing::ticket::Closing;
use rolecall::routing::zone::Zone;
use rolecall::routing::{Catalogue, Command, Event, HoursName, Millis, RoleName, Timestamp};

use super::{channel, demand, entries as numbered, role, spec, taking, ticket};

pub(super) fn entries() -> Vec<Entry> {
    let general = RoleName::parse("general").expect("a name");
    let admission = Admission {
        max_wait: Some(Millis(600_000)),
        when_waited: Diversion::Callback,
        max_waiting: Some(50),
        when_full: Diversion::Role(general.clone()),
        ..Admission::default()
    };
    let bounded = Role { admission, ..Role::named(role()) };
    let roles = rolecall::routing::roles::Roles::from([(role(), bounded), (general.clone(), Role::named(general))]);
    let catalogue = Arc::new(Catalogue { roles, ..Catalogue::default() });
    let replaced = Event::CatalogueReplaced { catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1 };
    let diverted = Event::TicketDiverted {
        ticket: ticket(),
        role: role(),
        channel: channel(),
        cause: DiversionCause::Full,
        demand: demand().into(),
        due_at: Some(Timestamp(6)),
    };
    let reason = Reason { trigger: Trigger::TicketDiverted, ..Reason::clone(&taking().reason) };
    let offered = Event::OfferMade {
        taking: rolecall::routing::event::Taking { reason: reason.into(), ..taking() },
        expires_at: Timestamp(8),
    };
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

/// A role with hours, a ticket that comes too early, and one that is still there when it closes.
pub(super) fn hours() -> Vec<Entry> {
    let office = HoursName::parse("office").expect("a name");
    let day = |text: &str| Day::parse(text).expect("a day");
    let part = |from, to| BTreeSet::from([DayPart { from, to }]);
    let mut hours = Hours {
        zone: Zone::parse("Europe/Berlin").expect("a time zone"),
        closed_on: BTreeSet::from([day("2026-12-25")]),
        open_on: BTreeMap::from([(day("2026-12-24"), part(480, 720))]),
        ..Hours::default()
    };
    hours.week[4] = part(1_320, 360);
    let admission =
        Admission { hours: Some(office.clone()), when_closed: Some(Diversion::Callback), ..Admission::default() };
    let role_with_hours = Role { admission, ..Role::named(role()) };
    let catalogue = Arc::new(Catalogue {
        roles: [(role(), role_with_hours)].into(),
        hours: BTreeMap::from([(office, hours)]),
        ..Catalogue::default()
    });
    let replaced = Event::CatalogueReplaced { catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1 };
    let deferred = Event::TicketDeferred {
        ticket: ticket(),
        role: role(),
        channel: channel(),
        opens_at: Timestamp(9),
        due_at: Some(Timestamp(10)),
    };
    let diverted = Event::TicketDiverted {
        ticket: ticket(),
        role: role(),
        channel: channel(),
        cause: DiversionCause::Closed,
        demand: demand().into(),
        due_at: None,
    };
    let reason = Reason { trigger: Trigger::RoleOpened, ..Reason::clone(&taking().reason) };
    let offered = Event::OfferMade {
        taking: rolecall::routing::event::Taking { reason: reason.into(), ..taking() },
        expires_at: Timestamp(8),
    };
    numbered([
        (Command::ReplaceCatalogue { catalogue }, vec![replaced]),
        (Command::CreateTicket { ticket: ticket(), spec: Box::new(spec()) }, vec![deferred]),
        (Command::Elapse, vec![offered, Event::HoursLooked { role: role() }, diverted]),
    ])
}
