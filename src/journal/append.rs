//! Appending: one batch, one transaction, one sync.

use std::sync::Arc;

use redb::{Durability, ReadableTable, ReadableTableMetadata, Table, WriteTransaction};

use super::home::Mark;
use super::open::Position;
use super::read::Shared;
use super::record::{encode_entry, encode_outbox};
use super::tables::{DUPLICATE_TIMES, DUPLICATES, ENTRIES, META, OUTBOX, meta};
use super::{Batch, DuplicateId, Journal, JournalError};
use crate::kill_point::kill_point;
use crate::routing::Timestamp;

/// How many old records one batch drops at most, of each kind, beyond twice what it brings: so that dropping keeps up
/// and no batch is held up by it.
const DROPPED_PER_BATCH: usize = 512;

/// The journal of one process; the only one who writes.
#[derive(Debug)]
pub struct RedbJournal {
    shared: Arc<Shared>,
    mark: Option<Mark>,
    position: Position,
    /// The error after which nothing more is taken.
    poisoned: Option<String>,
    /// Records are encoded here, one after the other.
    buffer: Vec<u8>,
}

/// What a transaction found when it was done.
struct Counts {
    entries: u64,
    duplicates: u64,
}

impl Journal for RedbJournal {
    fn append(&mut self, batch: &Batch) -> Result<(), JournalError> {
        if let Some(cause) = &self.poisoned {
            return Err(JournalError::Poisoned { cause: cause.clone() });
        }
        let result = self.append_once(batch);
        if let Err(error) = &result {
            self.poisoned = Some(error.to_string());
        }
        result
    }
}

impl RedbJournal {
    pub(super) fn new(shared: Arc<Shared>, mark: Option<Mark>, position: &Position) -> Self {
        Self { shared, mark, position: *position, poisoned: None, buffer: Vec::new() }
    }

    /// Ends the work on the journal: the mark is made durable.
    ///
    /// The directory is free again when the last [`super::JournalReader`] is gone as well.
    ///
    /// # Errors
    /// Where the mark can't be synced; what was appended is durable all the same.
    pub fn close(self) -> Result<(), JournalError> {
        self.mark.as_ref().map_or(Ok(()), Mark::sync)
    }

    fn append_once(&mut self, batch: &Batch) -> Result<(), JournalError> {
        let next = self.position.after(batch)?;
        let changes_nothing = next == self.position && batch.duplicates.is_empty();
        if changes_nothing && batch.forget_duplicates_before.is_none() {
            return Ok(());
        }
        let next = Position { batches: next.batches + 1, ..next };
        let counts = self.commit(batch, &next)?;
        if let Some(mark) = &self.mark {
            mark.set(next.batches)?;
        }
        self.position = next;
        let gauges = &self.shared.gauges;
        gauges.batches.set(next.batches);
        gauges.entries.set(counts.entries);
        gauges.duplicates.set(counts.duplicates);
        gauges.next_seq.set(next.next_seq);
        gauges.published_through.set(next.published_through);
        gauges.outbox_next.set(next.outbox_next);
        Ok(())
    }

    fn commit(&mut self, batch: &Batch, next: &Position) -> Result<Counts, JournalError> {
        let failed = "append to the database";
        let mut transaction = self.shared.database.begin_write().map_err(JournalError::storage(failed))?;
        transaction.set_durability(Durability::Immediate).map_err(JournalError::storage(failed))?;
        let entries = self.write_entries(&transaction, batch)?;
        kill_point!(InTransaction);
        self.write_outbox(&transaction, batch, next)?;
        let duplicates = write_duplicates(&transaction, batch, next).map_err(JournalError::storage(failed))?;
        write_position(&transaction, next).map_err(JournalError::storage(failed))?;
        kill_point!(BeforeSync);
        transaction.commit().map_err(JournalError::storage("commit to the database"))?;
        kill_point!(AfterSync);
        Ok(Counts { entries, duplicates })
    }

    fn write_entries(&mut self, transaction: &WriteTransaction, batch: &Batch) -> Result<u64, JournalError> {
        let failed = "append entries";
        let mut table = transaction.open_table(ENTRIES).map_err(JournalError::storage(failed))?;
        for entry in batch.entries.iter().filter(|entry| !entry.events.is_empty()) {
            encode_entry(entry, &mut self.buffer)?;
            table.insert(entry.first_seq, self.buffer.as_slice()).map_err(JournalError::storage(failed))?;
        }
        let before = self.shared.gauges.drop_entries_before.get();
        drop_before(&mut table, before, batch.entries.len()).map_err(JournalError::storage("drop old entries"))?;
        table.len().map_err(JournalError::storage(failed))
    }

    fn write_outbox(
        &mut self,
        transaction: &WriteTransaction,
        batch: &Batch,
        next: &Position,
    ) -> Result<(), JournalError> {
        let failed = "append outbox records";
        let mut table = transaction.open_table(OUTBOX).map_err(JournalError::storage(failed))?;
        for record in &batch.outbox {
            encode_outbox(record, &mut self.buffer);
            table.insert(record.number, self.buffer.as_slice()).map_err(JournalError::storage(failed))?;
        }
        drop_before(&mut table, next.published_through + 1, batch.outbox.len())
            .map_err(JournalError::storage("drop published records"))
    }
}

impl Position {
    /// The position after a batch, where its numbers follow; but for the number of batches.
    fn after(&self, batch: &Batch) -> Result<Self, JournalError> {
        let mut next = *self;
        for entry in batch.entries.iter().filter(|entry| !entry.events.is_empty()) {
            follows("events", next.next_seq, entry.first_seq)?;
            next.next_seq = entry.next_seq();
        }
        for record in &batch.outbox {
            follows("outbox records", next.outbox_next, record.number)?;
            next.outbox_next += 1;
        }
        if batch.published_through >= next.outbox_next {
            follows("published records", next.outbox_next - 1, batch.published_through)?;
        }
        next.published_through = next.published_through.max(batch.published_through);
        Ok(next)
    }
}

fn follows(what: &'static str, expected: u64, found: u64) -> Result<(), JournalError> {
    if expected == found { Ok(()) } else { Err(JournalError::OutOfOrder { what, expected, found }) }
}

/// Drops some of the oldest records of a table.
fn drop_before(
    table: &mut Table<'_, u64, &'static [u8]>,
    before: u64,
    brought: usize,
) -> Result<(), redb::StorageError> {
    let dropped_max = DROPPED_PER_BATCH + 2 * brought;
    let oldest = table.extract_from_if(..before, |_, _| true)?;
    oldest.take(dropped_max).try_for_each(|dropped| dropped.map(drop))
}

fn write_duplicates(transaction: &WriteTransaction, batch: &Batch, next: &Position) -> Result<u64, redb::Error> {
    let mut ids = transaction.open_table(DUPLICATES)?;
    let mut times = transaction.open_table(DUPLICATE_TIMES)?;
    for DuplicateId(id) in &batch.duplicates {
        ids.insert(id, batch.at.0)?;
    }
    if !batch.duplicates.is_empty() {
        let digests: Vec<u8> = batch.duplicates.iter().flat_map(|DuplicateId(id)| *id).collect();
        times.insert((batch.at.0, next.batches), digests.as_slice())?;
    }
    if let Some(before) = batch.forget_duplicates_before {
        forget_duplicates(&mut ids, &mut times, before, batch.duplicates.len())?;
    }
    Ok(ids.len()?)
}

fn forget_duplicates(
    ids: &mut Table<'_, &'static [u8; 16], i64>,
    times: &mut Table<'_, (i64, u64), &'static [u8]>,
    before: Timestamp,
    brought: usize,
) -> Result<(), redb::Error> {
    let mut room = DROPPED_PER_BATCH + 2 * brought;
    while room > 0 {
        let Some((key, digests)) = times.first()?.map(|(key, digests)| (key.value(), digests.value().to_vec())) else {
            break;
        };
        if key.0 >= before.0 {
            break;
        }
        for id in digests.as_chunks::<16>().0 {
            // An id that came again since then has a later time, and stays.
            let same = ids.get(id)?.is_some_and(|at| at.value() == key.0);
            if same {
                ids.remove(id)?;
            }
        }
        times.remove(key)?;
        room = room.saturating_sub(digests.len() / 16);
    }
    Ok(())
}

fn write_position(transaction: &WriteTransaction, next: &Position) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(META)?;
    table.insert(meta::BATCHES, next.batches)?;
    table.insert(meta::NEXT_SEQ, next.next_seq)?;
    table.insert(meta::OUTBOX_NEXT, next.outbox_next)?;
    table.insert(meta::PUBLISHED_THROUGH, next.published_through)?;
    Ok(())
}
