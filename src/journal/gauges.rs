//! How full the journal is, in numbers that cost nothing to read.

use std::sync::atomic::{AtomicU64, Ordering};

/// How full a journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes on disk of all files in the journal's directory: what others keep beside the journal counts as well, the
    /// chronicle, tokens and the audit log.
    pub bytes: u64,
    /// Batches appended over the journal's life.
    pub batches: u64,
    /// Entries kept.
    pub entries: u64,
    /// The number that the next event gets.
    pub next_seq: u64,
    /// Ids of inbound events kept.
    pub duplicates: u64,
    /// Outbox records that the broker has not confirmed yet, as far as the journal was told.
    pub outbox_depth: u64,
    /// The newest outbox record; zero for none yet.
    pub outbox_last: u64,
    /// The broker has confirmed all records up to this one, as far as the journal was told.
    pub published_through: u64,
    /// Events since the newest snapshot.
    pub events_since_snapshot: u64,
}

/// Shared by the one who appends, who sets them after each batch, and those who read.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    pub(super) batches: Gauge,
    pub(super) entries: Gauge,
    pub(super) next_seq: Gauge,
    pub(super) duplicates: Gauge,
    pub(super) outbox_next: Gauge,
    pub(super) published_through: Gauge,
    /// The database has all batches up to this.
    pub(super) applied: Gauge,
    /// Not zero when a half of the log is full.
    pub(super) checkpoint_due: Gauge,
    /// The newest snapshot holds the state before this event.
    pub(super) snapshot_seq: Gauge,
    /// Its length in bytes; zero where there is none.
    pub(super) snapshot_bytes: Gauge,
    /// Entries before this event are needed by nobody, and are dropped some with each checkpoint.
    pub(super) drop_entries_before: Gauge,
}

/// A number that one thread sets and others read. Each stands alone: nothing is concluded from two of them.
#[derive(Debug, Default)]
pub(super) struct Gauge(AtomicU64);

impl Gauge {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// It is zero afterwards.
    pub(super) fn take(&self) -> u64 {
        self.0.swap(0, Ordering::AcqRel)
    }

    pub(super) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Release);
    }
}
