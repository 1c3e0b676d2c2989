//! The tables of the database.

use redb::{ReadableTable, TableDefinition};

use super::JournalError;

/// Single numbers: how far everything has come.
pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// Entries by the number of their first event.
pub(super) const ENTRIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("entries");
/// Outbox records by number.
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
}

/// One number of [`META`].
pub(super) fn number(table: &impl ReadableTable<&'static str, u64>, key: &'static str) -> Result<u64, JournalError> {
    let value = table.get(key).map_err(JournalError::storage("read the journal's numbers"))?;
    let value = value.ok_or_else(|| JournalError::Damaged { what: format!("it does not say its {key}") })?;
    Ok(value.value())
}
