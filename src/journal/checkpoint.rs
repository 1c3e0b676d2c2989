//! The database gets what the log has: many batches in one transaction.

use std::sync::{Arc, PoisonError};

use redb::{
    Database, Durability, ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata, Table,
    WriteTransaction,
};

use crate::kill_point::kill_point;
use crate::leisure::rest_where_due;
use crate::routing::Timestamp;

use super::frame::Frame;
use super::open::Position;
use super::read::{JournalReader, Shared};
use super::row::{pack, reach};
use super::sieve::Sieve;
use super::tables::{DUPLICATE_TIMES, DUPLICATES, ENTRIES, META, OUTBOX, entries_kept, meta};
use super::{DuplicateId, JournalError};

/// How many old records one checkpoint drops at most, of each kind, beyond twice what it brings: so that dropping keeps
/// up and none takes long.
const DROPPED_PER_CHECKPOINT: u64 = 4_096;

/// What a transaction found when it was done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub(super) entries: u64,
    pub(super) duplicates: u64,
}

impl JournalReader {
    /// Brings what the log has into the database, on a thread of the caller's, while batches are appended. Where another
    /// is at it, it is waited for.
    ///
    /// # Errors
    /// Where the database can't be written: then nothing more is appended either. What is in the log stays durable.
    pub fn checkpoint(&self) -> Result<(), JournalError> {
        self.shared.checkpoint(None)
    }

    /// Whether a half of the log has become full since this was asked, so that a checkpoint should begin before the other
    /// is.
    #[must_use]
    pub fn take_checkpoint_due(&self) -> bool {
        self.shared.gauges.checkpoint_due.take() != 0
    }

    /// Whether the log has anything that the database has not got.
    #[must_use]
    pub fn has_recent(&self) -> bool {
        !self.shared.recent().is_empty()
    }
}

impl Shared {
    /// The database gets all that the log has, and after it this frame, which the log has not.
    pub(super) fn checkpoint(&self, behind: Option<&Arc<Frame>>) -> Result<(), JournalError> {
        let _one_at_a_time = self.checkpointing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut frames = self.recent().frames();
        let from_log = frames.len();
        frames.extend(behind.cloned());
        let Some(last) = frames.last() else { return Ok(()) };
        let applied = last.number;
        let brought = apply(&self.database, &frames, self.gauges.drop_entries_before.get())
            .and_then(|counts| Ok((counts, settled_ids(&self.database)?)));
        let (counts, ids) = brought.inspect_err(|error| {
            // Whoever failed first is told of.
            let _ = self.failed.set(error.to_string());
        })?;
        kill_point!(AfterCheckpoint);
        let mut recent = self.recent();
        recent.settle(from_log, ids);
        if let Some(frame) = behind {
            recent.note(frame);
        }
        self.gauges.applied.set(applied);
        self.count(counts, recent.counts());
        Ok(())
    }

    /// How much there is, in the database and beside it.
    pub(super) fn count(&self, counts: Counts, (recent_ids, recent_entries): (u64, u64)) {
        self.gauges.entries.set(counts.entries + recent_entries);
        self.gauges.duplicates.set(counts.duplicates + recent_ids);
    }
}

/// All ids that the database has, noted.
pub(super) fn sieve_of(database: &Database) -> Result<Sieve, JournalError> {
    let action = "read the duplicates";
    let transaction = database.begin_read().map_err(JournalError::storage(action))?;
    let times = transaction.open_table(DUPLICATE_TIMES).map_err(JournalError::storage(action))?;
    let mut sieve = Sieve::new();
    for batch in times.iter().map_err(JournalError::storage(action))? {
        let (key, digests) = batch.map_err(JournalError::storage(action))?;
        let at = Timestamp(key.value().0);
        for id in digests.value().as_chunks::<16>().0 {
            sieve.note(&DuplicateId(*id), at, None);
        }
    }
    Ok(sieve)
}

/// The ids as the database has them now.
pub(super) fn settled_ids(database: &Database) -> Result<ReadOnlyTable<&'static [u8; 16], i64>, JournalError> {
    let action = "read the duplicates";
    let transaction = database.begin_read().map_err(JournalError::storage(action))?;
    transaction.open_table(DUPLICATES).map_err(JournalError::storage(action))
}

/// One transaction with all of these frames, durable when this returns.
pub(super) fn apply(
    database: &Database,
    frames: &[impl AsRef<Frame>],
    drop_entries_before: u64,
) -> Result<Counts, JournalError> {
    let failed = "append to the database";
    let reached = &frames.last().expect("somebody has something to bring").as_ref().reached;
    let mut transaction = database.begin_write().map_err(JournalError::storage(failed))?;
    transaction.set_durability(Durability::Immediate).map_err(JournalError::storage(failed))?;
    let entries =
        write_entries(&transaction, frames, reached, drop_entries_before).map_err(JournalError::storage(failed))?;
    kill_point!(InTransaction);
    write_outbox(&transaction, frames, reached).map_err(JournalError::storage(failed))?;
    let duplicates = write_duplicates(&transaction, frames).map_err(JournalError::storage(failed))?;
    write_position(&transaction, reached).map_err(JournalError::storage(failed))?;
    transaction.commit().map_err(JournalError::storage("commit to the database"))?;
    Ok(Counts { entries, duplicates })
}

fn write_entries(
    transaction: &WriteTransaction,
    frames: &[impl AsRef<Frame>],
    reached: &Position,
    drop_entries_before: u64,
) -> Result<u64, redb::Error> {
    let mut table = transaction.open_table(ENTRIES)?;
    let mut numbers = transaction.open_table(META)?;
    let kept = entries_kept(&numbers, &table)?;
    let entries = frames.iter().flat_map(|frame| frame.as_ref().entries_written());
    let brought = pack(entries, reached.next_seq, |key, row| insert(&mut table, key, row))?;
    let dropped = drop_before(&mut table, drop_entries_before, brought)?;
    let kept = kept + brought - dropped;
    numbers.insert(meta::ENTRIES, kept)?;
    Ok(kept)
}

fn insert(table: &mut Table<'_, u64, &'static [u8]>, key: u64, row: &[u8]) -> Result<(), redb::StorageError> {
    rest_where_due();
    table.insert(key, row).map(drop)
}

/// What is published already by the time it is brought was never in the database, and need not be.
fn write_outbox(
    transaction: &WriteTransaction,
    frames: &[impl AsRef<Frame>],
    reached: &Position,
) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(OUTBOX)?;
    let records = frames.iter().flat_map(|frame| frame.as_ref().outbox_written());
    let unpublished = records.filter(|(number, _)| *number > reached.published_through);
    let brought = pack(unpublished, reached.outbox_next, |key, row| insert(&mut table, key, row))?;
    drop_before(&mut table, reached.published_through + 1, brought)?;
    Ok(())
}

/// Drops some of the oldest rows of a table, those that end before that number. Says how many records they held.
fn drop_before(
    table: &mut Table<'_, u64, &'static [u8]>,
    before: u64,
    brought: u64,
) -> Result<u64, redb::StorageError> {
    let dropped_max = DROPPED_PER_CHECKPOINT + 2 * brought;
    let mut dropped = 0;
    while dropped < dropped_max {
        let Some((end, count)) = table.first()?.map(|(key, row)| reach(key.value(), row.value())) else { break };
        if end > before {
            break;
        }
        rest_where_due();
        table.pop_first()?;
        dropped += count;
    }
    Ok(dropped)
}

fn write_duplicates(transaction: &WriteTransaction, frames: &[impl AsRef<Frame>]) -> Result<u64, redb::Error> {
    let mut ids = transaction.open_table(DUPLICATES)?;
    let mut times = transaction.open_table(DUPLICATE_TIMES)?;
    let mut brought = 0;
    // In their order, so that those that come onto one page follow one another; of an id that came twice, the later last.
    let mut sorted: Vec<([u8; 16], i64)> = Vec::new();
    for frame in frames.iter().map(AsRef::as_ref) {
        sorted.extend(frame.duplicates.iter().map(|DuplicateId(id)| (*id, frame.at.0)));
        if !frame.duplicates.is_empty() {
            let digests: Vec<u8> = frame.duplicates.iter().flat_map(|DuplicateId(id)| *id).collect();
            times.insert((frame.at.0, frame.number), digests.as_slice())?;
        }
        brought += frame.duplicates.len() as u64;
    }
    sorted.sort_by_key(|(id, _)| *id);
    for (id, at) in &sorted {
        rest_where_due();
        ids.insert(id, at)?;
    }
    let before = frames.iter().rev().find_map(|frame| frame.as_ref().forget_duplicates_before);
    if let Some(before) = before {
        forget_duplicates(&mut ids, &mut times, before, brought)?;
    }
    Ok(ids.len()?)
}

fn forget_duplicates(
    ids: &mut Table<'_, &'static [u8; 16], i64>,
    times: &mut Table<'_, (i64, u64), &'static [u8]>,
    before: Timestamp,
    brought: u64,
) -> Result<(), redb::Error> {
    let mut room = DROPPED_PER_CHECKPOINT + 2 * brought;
    while room > 0 {
        let Some((key, digests)) = times.first()?.map(|(key, digests)| (key.value(), digests.value().to_vec())) else {
            break;
        };
        if key.0 >= before.0 {
            break;
        }
        for id in digests.as_chunks::<16>().0 {
            // An id that came again since then has a later time, and stays.
            rest_where_due();
            let same = ids.get(id)?.is_some_and(|at| at.value() == key.0);
            if same {
                ids.remove(id)?;
            }
        }
        times.remove(key)?;
        room = room.saturating_sub(digests.len() as u64 / 16);
    }
    Ok(())
}

fn write_position(transaction: &WriteTransaction, reached: &Position) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(META)?;
    table.insert(meta::BATCHES, reached.batches)?;
    table.insert(meta::NEXT_SEQ, reached.next_seq)?;
    table.insert(meta::OUTBOX_NEXT, reached.outbox_next)?;
    table.insert(meta::PUBLISHED_THROUGH, reached.published_through)?;
    Ok(())
}
