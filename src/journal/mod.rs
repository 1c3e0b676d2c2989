//! What is durable: entries, duplicates' ids, the outbox, snapshots.
//!
//! One thread owns the [`RedbJournal`] and calls [`Journal::append`]: a [`Batch`] is one write to the log and one sync, and
//! is durable when the call returns. The database gets what the log has a little later, many batches at once
//! ([`JournalReader::checkpoint`], on another thread), and when the journal is opened. Whoever reads has a
//! [`JournalReader`], as many as there are, and sees both as one. A journal is a directory:
//!
//! | file | holds |
//! | --- | --- |
//! | `FORMAT` | the version, so that a journal of a later program is refused before anything is written |
//! | `LOCK` | the id of the process that has the journal; locked as long as it runs |
//! | `journal.log` | the log: the latest batches, of which the database has not all yet |
//! | `journal.redb` | the database: entries, duplicates' ids, outbox, and where each of them stands |
//! | `MARK` | how many batches were durable: a last batch that is damaged looks like one that was written in part, and this tells one from the other |
//! | `DEATHS` | how often processes died before anything that they had taken was durable; not there where none did |
//! | `snapshot-<seq>.snap` | the state before the event of that number: the last two, and up to five that the past within the retention is told from |
//! | `RESTORING` | that a journal is being restored there and is not whole; gone when it is |
//!
//! # Invariants
//! - Events are numbered from 1 without a gap, and so are outbox records; an append that breaks this is refused.
//! - Every batch, entry, outbox record and snapshot carries a checksum of its own, and its number is part of it.
//! - The log is written over only where the database has what stood there, durably.
//! - After a failed write or sync nothing more is appended. A sync is never retried.
//! - Replay applies events and never decides.
//! - There is no clock here: times come with the batches.
//!
//! Knows [`crate::routing`] and how copies are kept, [`crate::archive`], and of the outbox nothing but numbers and bytes.

mod append;
mod backup;
mod checkpoint;
mod error;
mod export;
mod frame;
mod gauges;
mod home;
mod inspect;
mod kept;
mod log;
mod open;
mod past;
mod read;
mod recent;
mod record;
mod recover;
mod replayed;
mod row;
mod sieve;
mod site;
mod snapshot;
mod tables;
mod verify;

use serde::{Deserialize, Serialize};

use crate::routing::{Command, Event, Millis, Timestamp};

pub use append::RedbJournal;
pub use backup::{Copied, Restoring};
pub use error::JournalError;
pub use export::{ExportError, export};
pub use gauges::Usage;
pub use home::{Holder, holder};
pub use inspect::{InspectedSnapshot, Inspection, inspect};
pub use open::{Opened, open, open_on, open_to_look, open_with_backend};
pub use past::Span;
pub use read::{Entries, JournalReader};
pub use recover::{Recovered, RecoveryReport};
pub use snapshot::{RefusedSnapshot, SnapshotReport};
pub use verify::{Verification, verify};

/// The version of all that is written. Read: this and every one before it. Version 1 had no log.
pub const SCHEMA_VERSION: u32 = 2;

/// One command and what followed from it; the unit of the journal.
///
/// A command that no event followed from changes nothing, and is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The number of the first event; the others follow without a gap.
    pub first_seq: u64,
    /// When.
    pub at: Timestamp,
    /// What was to be done. For people; replay does not look at it.
    pub command: Command,
    /// What happened.
    pub events: Vec<Event>,
}

impl Entry {
    /// The number of the event after the last of this entry.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.first_seq + self.events.len() as u64
    }
}

/// By what an inbound event is recognised when it comes again: a digest of its source and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DuplicateId(pub [u8; 16]);

/// Something to send, until the broker confirms it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRecord {
    /// Its place in the order of sending; 1 for the first of a journal, without gaps.
    pub number: u64,
    /// Opaque to the journal.
    pub bytes: Vec<u8>,
}

/// What becomes durable together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// The writer's time, which stamps the duplicates' ids and by which old entries are dropped.
    pub at: Timestamp,
    /// In the order of their numbers.
    pub entries: Vec<Entry>,
    /// Ids of the inbound events that led to this batch.
    pub duplicates: Vec<DuplicateId>,
    /// In the order of their numbers.
    pub outbox: Vec<OutboxRecord>,
    /// The broker has confirmed all records up to this one: they are dropped. Zero for none; never goes back.
    pub published_through: u64,
    /// Ids stamped before this are dropped, some with each batch.
    pub forget_duplicates_before: Option<Timestamp>,
}

/// Takes batches, and makes them durable.
pub trait Journal: Send {
    /// Appends a batch with one sync; it is durable when this returns.
    ///
    /// # Errors
    /// After any error the journal is poisoned: it takes nothing more, and whether the batch is durable is known only
    /// when the journal is opened anew.
    fn append(&mut self, batch: &Batch) -> Result<Appended, JournalError>;
}

/// What was appended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Appended {
    /// How long each entry of the batch that holds events is in the journal, in bytes.
    pub entry_lengths: Vec<usize>,
}

/// What can be set of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalOptions {
    /// A snapshot is due after so many events, or as many as the state is large; 100,000 are replayed in well under a second.
    /// At least 1.
    pub snapshot_every_events: u64,
    /// The past can be told for so long: the state at any moment, and what happened since.
    pub retention: Millis,
    /// The most records that wait in the outbox before the daemon takes nothing more in.
    pub outbox_records_max: u64,
    /// Memory of the database's page cache, in bytes.
    pub cache_bytes: usize,
    /// The length of a new log, in bytes. A half of it is what waits for a checkpoint while the other is filled.
    pub log_bytes: u64,
    /// The disk counts as low when less than this is free, in bytes.
    pub disk_reserve_bytes: u64,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            snapshot_every_events: 100_000,
            retention: Millis::from_secs(7 * 24 * 3_600),
            outbox_records_max: 1_000_000,
            cache_bytes: 64 << 20,
            log_bytes: 16 << 20,
            disk_reserve_bytes: 256 << 20,
        }
    }
}
