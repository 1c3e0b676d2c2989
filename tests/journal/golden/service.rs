//! What roles promise, and what is told of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rolecall::journal::Entry;
use rolecall::routing::role::{Role, ServiceTarget};
use rolecall::routing::{Catalogue, Command, Event, Millis, Timestamp};

use super::{channel, entries, role, ticket};

/// A target of which is told before it passes.
pub(super) fn at_risk() -> Vec<Entry> {
    let target =
        ServiceTarget { answer_within: Millis(900_000), for_share_permille: 900, at_risk: Some(Millis(180_000)) };
    let promising = Role { target: Some(target), ..Role::named(role()) };
    let catalogue = Arc::new(Catalogue { roles: BTreeMap::from([(role(), promising)]), ..Catalogue::default() });
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
