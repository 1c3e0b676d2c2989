//! How entries and outbox records are written: a version, a checksum that covers the number as well, the bytes.
//!
//! Entries are `MessagePack` with field names, so that members can be added with `#[serde(default)]`; a change that this
//! can't express takes the next [`ENTRY_VERSION`].

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::routing::{Command, Event, Timestamp};

use super::replayed::Replayed;
use super::{Entry, JournalError, OutboxRecord};

/// The version of an entry's bytes.
const ENTRY_VERSION: u8 = 1;

const CHECKSUM_LENGTH: usize = 4;

#[derive(Serialize)]
struct EntryOut<'a> {
    at: Timestamp,
    command: &'a Command,
    events: &'a [Event],
}

#[derive(Deserialize)]
struct EntryIn<C, E> {
    at: Timestamp,
    command: C,
    events: Vec<E>,
}

/// What replay needs of an entry: neither the command nor what only tells the outside something; both are skipped unread.
#[derive(Debug)]
pub(super) struct ReplayEntry {
    pub(super) first_seq: u64,
    pub(super) at: Timestamp,
    pub(super) events: Vec<Replayed>,
}

fn checksum(number: u64, version: u8, bytes: &[u8]) -> [u8; CHECKSUM_LENGTH] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(&[version]);
    hasher.update(bytes);
    hasher.finalize().to_le_bytes()
}

/// Takes version and checksum off, and says what is wrong where they do not fit.
fn open(number: u64, value: &[u8]) -> Result<(u8, &[u8]), String> {
    let (version, rest) = value.split_first().ok_or("it is empty")?;
    let (stored, bytes) = rest.split_first_chunk::<CHECKSUM_LENGTH>().ok_or("it is cut short")?;
    if checksum(number, *version, bytes) != *stored {
        return Err("its checksum does not fit".to_owned());
    }
    Ok((*version, bytes))
}

fn seal(number: u64, version: u8, into: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = into.len();
    into.push(version);
    into.extend_from_slice(&[0; CHECKSUM_LENGTH]);
    write(into);
    let record = &mut into[start..];
    let sum = checksum(number, version, &record[1 + CHECKSUM_LENGTH..]);
    record[1..=CHECKSUM_LENGTH].copy_from_slice(&sum);
}

/// Writes an entry behind what is there.
pub(super) fn seal_entry(entry: &Entry, into: &mut Vec<u8>) -> Result<(), JournalError> {
    let out = EntryOut { at: entry.at, command: &entry.command, events: &entry.events };
    let mut result = Ok(());
    seal(entry.first_seq, ENTRY_VERSION, into, |bytes| result = rmp_serde::encode::write_named(bytes, &out));
    result.map_err(|error| JournalError::Encode { what: "an entry", detail: error.to_string() })
}

fn decode<C, E>(first_seq: u64, value: &[u8]) -> Result<EntryIn<C, E>, JournalError>
where
    C: for<'de> Deserialize<'de>,
    E: for<'de> Deserialize<'de>,
{
    let damaged = |how: String| JournalError::Damaged { what: format!("the entry of event {first_seq}: {how}") };
    let (version, bytes) = open(first_seq, value).map_err(damaged)?;
    if version != ENTRY_VERSION {
        return Err(damaged(format!("its version is {version}, not {ENTRY_VERSION}")));
    }
    let entry: EntryIn<C, E> = rmp_serde::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
    if entry.events.is_empty() {
        return Err(damaged("it holds no events".to_owned()));
    }
    Ok(entry)
}

/// Reads a whole entry.
pub(super) fn decode_entry(first_seq: u64, value: &[u8]) -> Result<Entry, JournalError> {
    let EntryIn { at, command, events } = decode::<Command, Event>(first_seq, value)?;
    Ok(Entry { first_seq, at, command, events })
}

/// Reads what replay needs.
pub(super) fn decode_for_replay(first_seq: u64, value: &[u8]) -> Result<ReplayEntry, JournalError> {
    let EntryIn { at, events, command: IgnoredAny } = decode(first_seq, value)?;
    Ok(ReplayEntry { first_seq, at, events })
}

/// Writes an outbox record behind what is there.
pub(super) fn seal_outbox(record: &OutboxRecord, into: &mut Vec<u8>) {
    seal(record.number, ENTRY_VERSION, into, |bytes| bytes.extend_from_slice(&record.bytes));
}

/// Reads an outbox record.
pub(super) fn decode_outbox(number: u64, value: &[u8]) -> Result<OutboxRecord, JournalError> {
    let (_, bytes) =
        open(number, value).map_err(|how| JournalError::Damaged { what: format!("outbox record {number}: {how}") })?;
    Ok(OutboxRecord { number, bytes: bytes.to_vec() })
}
