//! Lets go of the histories of tickets that ended long ago, so that their table does not grow for ever.
//!
//! Whatever is taken in pays for it: for each ticket to which something happened some others are looked at, in the order of
//! their names, from where the last look ended, and round again. So no second table has to say when which ticket ended, and
//! histories that an earlier version has written go as well.

use std::ops::Bound;

use redb::{ReadableTable, Table, TableDefinition};
use serde::Deserialize;

use super::error::ChronicleError;
use super::store::decode;
use crate::routing::{Millis, Timestamp};

/// Where looks have ended.
pub(super) const PLACES: TableDefinition<'_, &str, &str> = TableDefinition::new("places");
/// The name of the last ticket that was looked at; not there, or empty, where the next look begins with the first.
const TICKETS: &str = "tickets";

/// For so long after a ticket has ended its history is kept: a quarter of a year, in which somebody may still ask who had a
/// ticket. In that time histories come to the room that the journal has for a week of entries by default: some 200 bytes a
/// ticket for 90 days, some 3 kB for seven.
pub(super) const KEPT: Millis = Millis::from_secs(90 * 24 * 3_600);

/// So many are looked at for each ticket to which something happened. With eight every history is looked at once a fortnight,
/// in a centre that has as much to do as it had; it is kept for so much longer at most.
const LOOKS_PER_TICKET: usize = 8;
/// At least so many at a time, so that a table of busier days is gone through as well.
const LOOKS_MIN: usize = 64;
/// At most so many at a time: some ten milliseconds.
const LOOKS_MAX: usize = 4_096;

/// What is read of a history.
#[derive(Deserialize)]
struct End {
    closed_at: Option<Timestamp>,
}

/// Looks at some histories, so many tickets having been written just now, and removes those that need not be kept.
pub(super) fn forget(
    tickets: &mut Table<'_, &'static str, &'static [u8]>,
    mut places: Table<'_, &'static str, &'static str>,
    written: usize,
    now: Timestamp,
) -> Result<(), ChronicleError> {
    if written == 0 {
        return Ok(());
    }
    let place = places.get(TICKETS).map_err(ChronicleError::of("read"))?.map(|place| place.value().to_owned());
    let looks = (written * LOOKS_PER_TICKET).clamp(LOOKS_MIN, LOOKS_MAX);
    let (old, place) = look(tickets, &place.unwrap_or_default(), looks, now - KEPT)?;
    for ticket in old {
        tickets.remove(ticket.as_str()).map_err(ChronicleError::of("write"))?;
    }
    places.insert(TICKETS, place.as_str()).map_err(ChronicleError::of("write"))?;
    Ok(())
}

/// Of so many tickets behind that one, those that ended before that; and where the next look goes on.
fn look(
    tickets: &impl ReadableTable<&'static str, &'static [u8]>,
    behind: &str,
    looks: usize,
    before: Timestamp,
) -> Result<(Vec<String>, String), ChronicleError> {
    let range = tickets.range::<&str>((Bound::Excluded(behind), Bound::Unbounded));
    let (mut old, mut last, mut seen) = (Vec::new(), String::new(), 0);
    for found in range.map_err(ChronicleError::of("read"))?.take(looks) {
        let (ticket, history) = found.map_err(ChronicleError::of("read"))?;
        ticket.value().clone_into(&mut last);
        seen += 1;
        // One that can't be read is for whoever asks for it.
        if decode::<End>(history.value()).is_ok_and(|end| end.closed_at.is_some_and(|at| at < before)) {
            old.push(last.clone());
        }
    }
    Ok((old, if seen < looks { String::new() } else { last }))
}
