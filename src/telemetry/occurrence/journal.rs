//! What happens to the journal.

use std::path::Path;
use std::time::Duration;

use tracing::{error, info, warn};

/// The journal was read, and the state is what it was.
#[derive(Debug, Clone, Copy)]
pub struct JournalRecovered<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// The number of the last event in the snapshot; zero where there was none.
    pub snapshot_seq: u64,
    /// A batch that was not durable yet was found in part, and cut off: as after a loss of power.
    pub torn_batch_cut: bool,
    /// How many events were replayed after it.
    pub replayed_count: u64,
    /// Tickets that have not ended.
    pub tickets_count: usize,
    /// Registered agents.
    pub agents_count: usize,
    /// Outbound records that are still to be sent.
    pub outbox_count: u64,
    /// How long it took.
    pub took: Duration,
}

impl JournalRecovered<'_> {
    /// Logs it.
    pub fn emit(self) {
        info!(
            path = %self.path.display(),
            snapshot_seq = self.snapshot_seq,
            torn_batch_cut = self.torn_batch_cut,
            replayed = self.replayed_count,
            tickets = self.tickets_count,
            agents = self.agents_count,
            outbox = self.outbox_count,
            took_ms = millis(self.took),
            "journal recovered"
        );
    }
}

/// A snapshot can't be used; the one before, or the events alone, serve.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotRefused<'a> {
    /// The file.
    pub path: &'a Path,
    /// Why.
    pub why: &'a str,
}

impl SnapshotRefused<'_> {
    /// Logs it.
    pub fn emit(self) {
        error!(path = %self.path.display(), why = self.why, "snapshot refused, going on without it");
    }
}

/// A snapshot was written.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotTaken {
    /// The number of the last event in it.
    pub seq: u64,
    /// Its size.
    pub bytes: u64,
    /// How long it took.
    pub took: Duration,
}

impl SnapshotTaken {
    /// Logs it.
    pub fn emit(self) {
        info!(seq = self.seq, bytes = self.bytes, took_ms = millis(self.took), "snapshot taken");
    }
}

/// A snapshot could not be written or read; the one before, or the events alone, serve.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotFailed<'a> {
    /// What went wrong.
    pub error: &'a str,
}

impl SnapshotFailed<'_> {
    /// Logs it.
    pub fn emit(self) {
        error!(error = self.error, "snapshot failed, going on without it");
    }
}

/// An append or a sync failed. The process ends: what was not made durable must not be acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct JournalFailed<'a> {
    /// What went wrong.
    pub error: &'a str,
}

impl JournalFailed<'_> {
    /// Logs it.
    pub fn emit(self) {
        error!(error = self.error, "journal failed, ending the process; nothing acknowledged is lost");
    }
}

/// There is too little room on the disk: nothing more is taken.
#[derive(Debug, Clone, Copy)]
pub struct OutOfRoom;

impl OutOfRoom {
    /// Logs it.
    pub fn emit(self) {
        error!("too little room on the journal's disk: taking no more events until there is");
    }
}

/// There is room on the disk again.
#[derive(Debug, Clone, Copy)]
pub struct RoomAgain;

impl RoomAgain {
    /// Logs it.
    pub fn emit(self) {
        warn!("room on the journal's disk again: going on");
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
