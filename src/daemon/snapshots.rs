//! Snapshots of the engine's state: the writer's thread freezes it, and when the batch that goes with it is durable somebody
//! else writes it down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::journal::JournalReader;
use crate::routing::{Frozen, State, Timestamp};
use crate::telemetry::occurrence::{SnapshotFailed, SnapshotTaken};

/// Takes snapshots, one at a time.
#[derive(Debug, Clone)]
pub(super) struct Snapshots {
    reader: JournalReader,
    taking: Arc<AtomicBool>,
}

impl Snapshots {
    pub(super) fn of(reader: JournalReader) -> Self {
        Self { reader, taking: Arc::default() }
    }

    /// The state, frozen, where a snapshot of it is to be taken now.
    pub(super) fn begin(&self, state: &State) -> Option<Frozen> {
        let is_due = self.reader.snapshot_is_due(state.size());
        (is_due && !self.taking.swap(true, Ordering::AcqRel)).then(|| state.freeze())
    }

    /// Writes down the state that was frozen when it began, which is durable by now. Takes as long as the disk does.
    pub(super) fn take(&self, state: Frozen, now: Timestamp) {
        let started_at = Instant::now();
        match self.reader.take_snapshot(state, now) {
            Ok(Some(report)) => {
                SnapshotTaken { seq: report.seq, bytes: report.bytes, took: started_at.elapsed() }.emit();
            }
            Ok(None) => {}
            Err(error) => SnapshotFailed { error: &error.to_string() }.emit(),
        }
        self.taking.store(false, Ordering::Release);
    }
}
