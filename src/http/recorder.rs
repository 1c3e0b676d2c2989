//! Writes the audit log of what comes over HTTP, on a thread of its own: many deeds that come at once are made durable by one sync.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tracing::error;

use crate::records::audit::{AuditLog, Deed};
use crate::routing::Timestamp;

/// Deeds that wait for the log at most.
const WAITING_MAX: usize = 256;

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
        let (tx, rx) = mpsc::channel(WAITING_MAX);
        let started = std::thread::Builder::new().name("audit".to_owned()).spawn(move || write(&log, clock, rx));
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

fn write(log: &AuditLog, clock: fn() -> Timestamp, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH_MAX
            && let Ok(next) = jobs.try_recv()
        {
            batch.push(next);
        }
        let (deeds, waiting): (Vec<_>, Vec<_>) = batch.into_iter().map(|job| (job.deed, job.written)).unzip();
        match log.append(deeds, clock()) {
            Ok(numbers) => {
                for (waiting, number) in waiting.into_iter().zip(numbers) {
                    // Whoever asked may have gone.
                    let _ = waiting.send(number);
                }
            }
            Err(cause) => error!(error = %cause, "the audit log can't be written: nothing is changed over HTTP"),
        }
    }
}
