//! What a journal holds, at a glance.

use std::path::{Path, PathBuf};

use redb::{ReadableDatabase, ReadableTable};
use serde::Serialize;

use crate::routing::Timestamp;

use super::home::Home;
use super::open::open_to_look;
use super::record::decode_for_replay;
use super::row::Row;
use super::tables::ENTRIES;
use super::{JournalError, JournalOptions, JournalReader, SCHEMA_VERSION, snapshot};

/// What a journal holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// Its directory.
    pub path: PathBuf,
    /// The version that it was written in; `None` where the file that says so is damaged.
    pub version: Option<u32>,
    /// By which its ids begin, in hexadecimal.
    pub instance: String,
    /// Bytes on disk of all files in its directory, as [`super::Usage::bytes`].
    pub bytes: u64,
    /// Batches appended over its life.
    pub batches: u64,
    /// Entries kept.
    pub entries: u64,
    /// The first event kept; `None` where there is none.
    pub first_seq: Option<u64>,
    /// When it happened.
    pub first_at: Option<Timestamp>,
    /// The last event kept.
    pub last_seq: Option<u64>,
    /// When it happened.
    pub last_at: Option<Timestamp>,
    /// Outbox records over its life.
    pub outbox_last: u64,
    /// The broker has confirmed all up to this one, as far as the journal was told.
    pub published_through: u64,
    /// Outbox records that are to be sent.
    pub outbox_depth: u64,
    /// Ids of inbound events kept.
    pub duplicates: u64,
    /// Newest first.
    pub snapshots: Vec<InspectedSnapshot>,
}

/// A snapshot file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectedSnapshot {
    /// The file.
    pub path: PathBuf,
    /// It holds the state before this event.
    pub seq: u64,
    /// Its length in bytes.
    pub bytes: u64,
}

/// Looks into the journal in that directory. Changes nothing.
///
/// # Errors
/// [`JournalError::Locked`] while a daemon has it.
pub fn inspect(path: &Path) -> Result<Inspection, JournalError> {
    open_to_look(path, &JournalOptions::default())?.inspection()
}

impl JournalReader {
    pub(super) fn inspection(&self) -> Result<Inspection, JournalError> {
        let usage = self.usage();
        let (first, last) = self.ends()?;
        let path = self.shared.home.as_ref().map(|home| home.path().to_owned()).unwrap_or_default();
        let files = self.shared.home.as_ref().map(snapshot::list).transpose()?.unwrap_or_default();
        let length = |path: &Path| std::fs::metadata(path).map_or(0, |about| about.len());
        let snapshots = files.into_iter();
        let snapshots =
            snapshots.map(|file| InspectedSnapshot { bytes: length(&file.path), seq: file.seq, path: file.path });
        Ok(Inspection {
            path,
            version: self.shared.home.as_ref().map_or(Ok(Some(SCHEMA_VERSION)), Home::version)?,
            instance: format!("{:016x}", self.identity().instance),
            bytes: usage.bytes,
            batches: usage.batches,
            entries: usage.entries,
            first_seq: first.map(|(seq, _)| seq),
            first_at: first.map(|(_, at)| at),
            last_seq: last.map(|(seq, _)| seq),
            last_at: last.map(|(_, at)| at),
            outbox_last: usage.outbox_last,
            published_through: usage.published_through,
            outbox_depth: usage.outbox_depth,
            duplicates: usage.duplicates,
            snapshots: snapshots.collect(),
        })
    }

    /// Number and time of the first and the last event kept.
    #[expect(clippy::type_complexity, reason = "two of the same, named where they are taken apart")]
    fn ends(&self) -> Result<(Option<(u64, Timestamp)>, Option<(u64, Timestamp)>), JournalError> {
        let action = "read entries";
        let transaction = self.shared.database.begin_read().map_err(JournalError::storage(action))?;
        let table = transaction.open_table(ENTRIES).map_err(JournalError::storage(action))?;
        let first = table.first().map_err(JournalError::storage(action))?;
        let read = |(seq, value): (u64, &[u8])| decode_for_replay(seq, value);
        let first = first.map(|(key, row)| read(Row::read(key.value(), row.value())?.first())).transpose()?;
        let last = table.last().map_err(JournalError::storage(action))?;
        let last = last.map(|(key, row)| read(Row::read(key.value(), row.value())?.last())).transpose()?;
        let last_seq = |first_seq: u64, count: usize| first_seq + count as u64 - 1;
        Ok((
            first.map(|entry| (entry.first_seq, entry.at)),
            last.map(|entry| (last_seq(entry.first_seq, entry.events.len()), entry.at)),
        ))
    }
}
