//! Writes the audit log of what comes over HTTP, on a thread of its own: many deeds that come at once are made durable by one sync.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tracing::error;

use crate::records::audit::{AuditLog, Deed};
use crate::routing::Timestamp;

/// Deeds that wait for the log at most.
const WAITING_MAX: usize = 256;

/// With less than this free, half of what the journal keeps for itself, nothing is written: whoever is refused again and again
/// must not use up what the journal needs to go on.
const FREE_MIN_BYTES: u64 = 128 << 20;

/// Deeds that one sync makes durable.
const BATCH_MAX: usize = 64;

/// A deed, and who waits until it is written.
struct Job {
    deed: Deed,
    written: oneshot::Sender<u64>,
}

/// Whoever holds it may have deeds written.
#[derive(Clone)]
pub(super) struct Recorder(mpsc::Sender<Job>);

/// The log can't be written: what would have been in it must not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotWritten;

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl Recorder {
    /// Writes to this log until it is dropped with all its clones.
    pub(super) fn start(log: Arc<AuditLog>, clock: fn() -> Timestamp) -> Self {
        let disk = Arc::clone(&log);
        Self::start_on(log, clock, move || disk.free_bytes())
    }

    /// The same, on a disk with so much free.
    fn start_on(
        log: Arc<AuditLog>,
        clock: fn() -> Timestamp,
        free_bytes: impl Fn() -> Option<u64> + Send + 'static,
    ) -> Self {
        let (tx, rx) = mpsc::channel(WAITING_MAX);
        let write = move || write(&log, clock, &free_bytes, rx);
        let started = std::thread::Builder::new().name("audit".to_owned()).spawn(write);
        if let Err(cause) = started {
            // The channel is closed, so nothing is done that would have to be written down.
            error!(error = %cause, "no thread for the audit log");
        }
        Self(tx)
    }

    /// The number of the entry, once it is durable.
    pub(super) async fn write(&self, deed: Deed) -> Result<u64, NotWritten> {
        let (written, waiting) = oneshot::channel();
        self.0.send(Job { deed, written }).await.map_err(|_| NotWritten)?;
        waiting.await.map_err(|_| NotWritten)
    }
}

fn write(
    log: &AuditLog,
    clock: fn() -> Timestamp,
    free_bytes: &dyn Fn() -> Option<u64>,
    mut jobs: mpsc::Receiver<Job>,
) {
    let mut is_told = false;
    while let Some(first) = jobs.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX
            && let Ok(next) = jobs.try_recv()
        {
            batch.push(next);
        }
        let has_room = free_bytes().is_none_or(|free| free >= FREE_MIN_BYTES);
        if !has_room && !is_told {
            error!("too little room on the disk of the audit log: nothing is changed over HTTP");
        }
        is_told = !has_room;
        if has_room {
            append(log, batch, clock());
        }
    }
}

fn append(log: &AuditLog, batch: Vec<Job>, now: Timestamp) {
    let (deeds, waiting): (Vec<_>, Vec<_>) = batch.into_iter().map(|job| (job.deed, job.written)).unzip();
    match log.append(deeds, now) {
        Ok(numbers) => {
            for (waiting, number) in waiting.into_iter().zip(numbers) {
                // Whoever asked may have gone.
                let _ = waiting.send(number);
            }
        }
        Err(cause) => error!(error = %cause, "the audit log can't be written: nothing is changed over HTTP"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn where_there_is_too_little_room_nothing_is_written_and_nothing_done() {
        let directory = tempfile::tempdir().expect("a directory");
        let log = Arc::new(AuditLog::open(directory.path()));
        let on = |free: Option<u64>| Recorder::start_on(Arc::clone(&log), || Timestamp(0), move || free);
        let deed = || Deed { who: "ana".to_owned(), what: "POST".to_owned(), ..Deed::default() };
        assert_eq!(on(Some(FREE_MIN_BYTES - 1)).write(deed()).await, Err(NotWritten));
        assert_eq!(on(Some(FREE_MIN_BYTES)).write(deed()).await, Ok(1));
        assert_eq!(on(None).write(deed()).await, Ok(2), "who can't ask the disk finds out by writing");
        assert!(log.free_bytes().is_some_and(|free| free > 0));
    }
}
