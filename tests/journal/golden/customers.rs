//! Agents who are kept for their own role's work.

use std::collections::BTreeMap;
use std::sync::Arc;

use rolecall::journal::Entry;
use rolecall::routing::event::Taking;
use rolecall::routing::offer::{FallOut, Reason};
use rolecall::routing::role::Role;
use rolecall::routing::staffing::Staffing;
use rolecall::routing::{Catalogue, Command, Event, Timestamp};

use super::{role, taking};

pub(super) fn reserve() -> Vec<Entry> {
    let keeping = Role { staffing: Staffing { reserve: 2, ..Staffing::default() }, ..Role::named(role()) };
    let catalogue = Arc::new(Catalogue { roles: BTreeMap::from([(role(), keeping)]), ..Catalogue::default() });
    let replaced = Event::CatalogueReplaced { catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1 };
    let fell_out = FallOut { reserved: 2, ..FallOut::default() };
    let reason = Reason { fell_out, ..taking().reason };
    let offered = Event::OfferMade { taking: Taking { reason, ..taking() }, expires_at: Timestamp(8) };
    let commands = [(Command::ReplaceCatalogue { catalogue }, vec![replaced]), (Command::Elapse, vec![offered])];
    let entry =
        |(place, (command, events))| Entry { first_seq: place, at: Timestamp(1_700_000_000_000), command, events };
    (1..).zip(commands).map(entry).collect()
}
