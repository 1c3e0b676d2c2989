//! Lets go of the histories of tickets that ended long ago and of the sums of hours long ago, so that their tables do not
//! grow for ever.
//!
//! Whatever is taken in pays for it: for each ticket to which something happened some others are looked at, in the order of
//! their names, from where the last look ended, and round again. So no second table has to say when which ticket ended, and
//! histories that an earlier version has written go as well. Sums lie in the order of their hours: for each that is written
//! some of the oldest go. What is let go of leaves room in the file, which is used again.

use std::ops::Bound;

use redb::{ReadableTable, Table, TableDefinition};
use serde::Deserialize;

use super::clock::hour;
use super::error::ChronicleError;
use super::store::decode;
use crate::leisure::rest_where_due;
use crate::routing::{Millis, Timestamp};

/// Where looks have ended.
pub(super) const PLACES: TableDefinition<'_, &str, &str> = TableDefinition::new("places");
/// The name of the last ticket that was looked at; not there, or empty, where the next look begins with the first.
const TICKETS: &str = "tickets";

/// For how long what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// A history, after its ticket has ended.
    pub histories: Millis,
    /// The sums of an hour.
    pub sums: Millis,
}

impl Default for Retention {
    /// A quarter of a year, in which somebody may still ask who had a ticket; and three years, so that this year can be held
    /// against the two before it.
    fn default() -> Self {
        let days = |days: u64| Millis::from_secs(days * 24 * 3_600);
        Self { histories: days(90), sums: days(3 * 365) }
    }
}

/// So many are looked at for each ticket to which something happened. With eight every history is looked at once in an eighth
/// of the time for which they are kept, in a centre that has as much to do as it had; it is kept for so much longer at most.
const LOOKS_PER_TICKET: usize = 8;
/// At least so many at a time, so that a table of busier days is gone through as well.
const LOOKS_MIN: usize = 64;
/// At most so many at a time: some ten milliseconds.
const LOOKS_MAX: usize = 4_096;

/// So many old sums go for each that is written, so that they become fewer where a longer time was kept before.
const SUMS_PER_SUM: usize = 4;
/// At least so many at a time.
const SUMS_MIN: usize = 64;
/// At most so many at a time, as of histories.
const SUMS_MAX: usize = 4_096;

/// What is read of a history.
#[derive(Deserialize)]
struct End {
    closed_at: Option<Timestamp>,
}

/// Looks at some histories, so many tickets having been written just now, and removes those of tickets that ended before that.
pub(super) fn forget_histories(
    tickets: &mut Table<'_, &'static str, &'static [u8]>,
    mut places: Table<'_, &'static str, &'static str>,
    written: usize,
    before: Timestamp,
) -> Result<(), ChronicleError> {
    if written == 0 {
        return Ok(());
    }
    let place = places.get(TICKETS).map_err(ChronicleError::of("read"))?.map(|place| place.value().to_owned());
    let looks = (written * LOOKS_PER_TICKET).clamp(LOOKS_MIN, LOOKS_MAX);
    let (old, place) = look(tickets, &place.unwrap_or_default(), looks, before)?;
    for ticket in old {
        rest_where_due();
        tickets.remove(ticket.as_str()).map_err(ChronicleError::of("write"))?;
    }
    places.insert(TICKETS, place.as_str()).map_err(ChronicleError::of("write"))?;
    Ok(())
}

/// Removes some of the sums of hours that ended before that, so many having been written just now.
pub(super) fn forget_sums(
    cells: &mut Table<'_, (i64, &'static str), &'static [u8]>,
    written: usize,
    before: Timestamp,
) -> Result<(), ChronicleError> {
    let most = if written == 0 { 0 } else { (written * SUMS_PER_SUM).clamp(SUMS_MIN, SUMS_MAX) };
    let mut old: Vec<(i64, String)> = Vec::new();
    for found in cells.range(..(hour(before), "")).map_err(ChronicleError::of("read"))?.take(most) {
        let (key, _) = found.map_err(ChronicleError::of("read"))?;
        let (hour, name) = key.value();
        old.push((hour, name.to_owned()));
    }
    for (hour, name) in old {
        rest_where_due();
        cells.remove((hour, name.as_str())).map_err(ChronicleError::of("write"))?;
    }
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
