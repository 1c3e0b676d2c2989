//! The tables of the database.

use redb::{AccessGuard, ReadOnlyTable, ReadableTable, ReadableTableMetadata, TableDefinition};

use super::JournalError;

/// Single numbers: how far everything has come.
pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// Entries, packed into rows by the number of the first event of the first; see [`super::row`].
pub(super) const ENTRIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("entries");
/// Outbox records, packed into rows by the number of the first.
pub(super) const OUTBOX: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("outbox");
/// When an inbound event came, by the digest of its source and id.
pub(super) const DUPLICATES: TableDefinition<'_, &[u8; 16], i64> = TableDefinition::new("duplicates");
/// The digests of one batch, one after the other, by time and batch: so that old ones are found without a search.
pub(super) const DUPLICATE_TIMES: TableDefinition<'_, (i64, u64), &[u8]> = TableDefinition::new("duplicate_times");

/// Keys of [`META`].
pub(super) mod meta {
    /// [`super::super::SCHEMA_VERSION`] of whoever created the journal.
    pub(crate) const SCHEMA: &str = "schema";
    /// Of the engine's identity.
    pub(crate) const INSTANCE: &str = "instance";
    /// Of the engine's identity.
    pub(crate) const SEED: &str = "seed";
    /// Batches appended.
    pub(crate) const BATCHES: &str = "batches";
    /// The number that the next event gets.
    pub(crate) const NEXT_SEQ: &str = "next_seq";
    /// The number that the next outbox record gets.
    pub(crate) const OUTBOX_NEXT: &str = "outbox_next";
    /// The broker has confirmed all records up to this one.
    pub(crate) const PUBLISHED_THROUGH: &str = "published_through";
    /// How many entries there are; not there as long as each is a row of its own.
    pub(crate) const ENTRIES: &str = "entries";
}

/// How many entries there are.
pub(super) fn entries_kept(
    numbers: &impl ReadableTable<&'static str, u64>,
    rows: &impl ReadableTableMetadata,
) -> Result<u64, redb::StorageError> {
    match numbers.get(meta::ENTRIES)? {
        Some(kept) => Ok(kept.value()),
        None => rows.len(),
    }
}

/// One number of [`META`].
pub(super) fn number(table: &impl ReadableTable<&'static str, u64>, key: &'static str) -> Result<u64, JournalError> {
    let value = table.get(key).map_err(JournalError::storage("read the journal's numbers"))?;
    let value = value.ok_or_else(|| JournalError::Damaged { what: format!("it does not say its {key}") })?;
    Ok(value.value())
}

/// A table of rows of records; see [`super::row`].
pub(super) type Rows = ReadOnlyTable<u64, &'static [u8]>;
/// One of its rows, with its key.
pub(super) type KeyedRow = (AccessGuard<'static, u64>, AccessGuard<'static, &'static [u8]>);

/// The row that holds the record of that number, where one does: the last that does not begin behind it.
pub(super) fn row_around(rows: &Rows, number: u64) -> Result<Option<KeyedRow>, redb::StorageError> {
    rows.range(..=number)?.next_back().transpose()
}

/// The rows from the one on that holds the record of that number.
pub(super) fn rows_from(
    rows: &Rows,
    number: u64,
) -> Result<redb::Range<'static, u64, &'static [u8]>, redb::StorageError> {
    let start = row_around(rows, number)?.map_or(number, |(key, _)| key.value());
    rows.range(start..)
}
