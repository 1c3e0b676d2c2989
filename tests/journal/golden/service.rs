//! What roles promise, and what is told of it.

use std::sync::Arc;

use rolecall::journal::Entry;
use rolecall::routing::estimate::{Foresight, WaitRange, WaitScore};
use rolecall::routing::role::{Role, ServiceTarget};
use rolecall::routing::service::{Answer, Served, ServiceScore};
use rolecall::routing::ticket::Closing;
use rolecall::routing::{Catalogue, Command, Event, Millis, Priority, Timestamp};

use super::{channel, entries, role, taking, ticket};

/// A target of which is told before it passes.
pub(super) fn at_risk() -> Vec<Entry> {
    let target =
        ServiceTarget { answer_within: Millis(900_000), for_share_permille: 900, at_risk: Some(Millis(180_000)) };
    let promising = Role { target: Some(target), ..Role::named(role()) };
    let catalogue = Arc::new(Catalogue { roles: [(role(), promising)].into(), ..Catalogue::default() });
    let replaced = Event::CatalogueReplaced { catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1 };
    let told = Event::TicketAtRisk {
        ticket: ticket(),
        role: role(),
        channel: channel(),
        due_at: Timestamp(1_700_000_900_000),
        position: Some(2),
        estimated_wait: Some(Millis(240_000)),
    };
    entries([(Command::ReplaceCatalogue { catalogue }, vec![replaced]), (Command::Elapse, vec![told])])
}

/// Promises that were kept and broken.
pub(super) fn scores() -> Vec<Entry> {
    let service = |served| Some(ServiceScore { role: role(), served });
    let assigned = Event::TicketAssigned {
        taking: taking(),
        priority: Priority::HIGH,
        waited: Millis(10),
        due_at: Some(Timestamp(6)),
        answer: Some(Box::new(Answer { service: service(Served::AnsweredLate), wait: None })),
    };
    let closed = Event::TicketClosed {
        ticket: ticket(),
        role: Some(role()),
        channel: channel(),
        how: Closing::Cancelled,
        cause: "hung up".to_owned(),
        callback: None,
        service: service(Served::AbandonedWithin),
    };
    entries([(Command::Elapse, vec![assigned]), (Command::Elapse, vec![closed])])
}

/// A wait that was foretold with a range, and how that turned out.
pub(super) fn estimates() -> Vec<Entry> {
    let queued = Event::TicketQueued {
        ticket: ticket(),
        role: role(),
        channel: channel(),
        position: 2,
        waiting: 3,
        estimated_wait: Some(Millis(60_000)),
        wait_by_pace: Some(Millis(80_000)),
        wait_range: Some(WaitRange { low: Millis(20_000), high: Millis(90_000) }),
        direction: None,
    };
    let wait = WaitScore {
        role: role(),
        priority: Priority::HIGH,
        ratio_permille: 1_250,
        told_permille: 1_667,
        foresight: Some(Foresight::Late),
    };
    let assigned = Event::TicketAssigned {
        taking: taking(),
        priority: Priority::HIGH,
        waited: Millis(100_000),
        due_at: None,
        answer: Some(Box::new(Answer { service: None, wait: Some(wait) })),
    };
    entries([(Command::Elapse, vec![queued]), (Command::Elapse, vec![assigned])])
}
