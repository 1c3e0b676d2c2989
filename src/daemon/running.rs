//! A daemon that takes work, until it is told to drain; and the drain.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::broker::{Intake, Publish, Status};
use crate::http::{EditRequests, Readiness};
use crate::journal::{Batch, Journal, JournalReader, RedbJournal};
use crate::kill_point::kill_point;
use crate::telemetry::occurrence::{CatalogueRefused, CatalogueReloaded, DrainCutShort, DrainFinished, DrainStarted};

use super::catalogue::Keeper;
use super::hooks::{self, Hooks};
use super::observer;
use super::publisher::Cursor;
use super::work::Work;
use super::{Again, DaemonError, Host, Reread, Signal, Signals};

/// What of `shutdown_timeout` is kept back, so that the process ends by itself before somebody ends it.
const SHUTDOWN_RESERVE: Duration = Duration::from_secs(2);

/// A daemon that takes work.
pub(super) struct Running {
    pub(super) host: Arc<dyn Host>,
    pub(super) intake: Arc<dyn Intake>,
    pub(super) status: watch::Receiver<Status>,
    pub(super) keeper: Keeper,
    pub(super) edits: EditRequests,
    pub(super) hooks: Hooks,
    pub(super) writer: Work<()>,
    pub(super) journal: Work<RedbJournal>,
    pub(super) publisher: Work<Box<dyn Publish>>,
    pub(super) draining: CancellationToken,
    pub(super) drained: CancellationToken,
    pub(super) reader: JournalReader,
    pub(super) cursor: Cursor,
    pub(super) readiness: Readiness,
}

impl Running {
    /// Works until a signal to drain, whose cause it returns.
    pub(super) async fn work(
        &mut self,
        signals: &mut impl Signals,
        reload: &mut Reread,
    ) -> Result<&'static str, DaemonError> {
        observer::follow(&self.status.borrow_and_update(), &self.readiness);
        loop {
            tokio::select! {
                biased;
                Ok(()) = self.status.changed() => {
                    let status = self.status.borrow_and_update().clone();
                    observer::follow(&status, &self.readiness);
                    if let Some(failure) = status.failure() {
                        return Err(failure.clone().into());
                    }
                }
                ended = self.journal.ended() => return Err(self.journal.failure(ended)),
                ended = self.writer.ended() => return Err(self.writer.failure(ended)),
                ended = self.publisher.ended() => return Err(self.publisher.failure(ended)),
                Some(request) = self.edits.recv() => self.keeper.take(request).await,
                signal = signals.next() => match signal {
                    Signal::Drain(cause) => return Ok(cause),
                    Signal::Reload => self.reload(reload).await,
                },
            }
        }
    }

    pub(super) async fn reload(&self, read: &mut Reread) {
        let Some(Again { catalogue, hooks }) = read() else { return };
        let prepared = match hooks::prepare(&hooks) {
            Ok(prepared) => prepared,
            Err(error) => return CatalogueRefused { error: &error.to_string() }.emit(),
        };
        match self.keeper.replace(Arc::new(catalogue)).await {
            Some(Ok(applied)) => {
                self.hooks.install(prepared);
                CatalogueReloaded { version: applied.version, changes: &applied.changes }.emit();
            }
            Some(Err(refused)) => CatalogueRefused { error: &refused.to_string() }.emit(),
            // The daemon is ending.
            None => {}
        }
    }

    /// No new deliveries; what is under way is journaled, acknowledged and published.
    pub(super) async fn drain(mut self, cause: &'static str, timeout: Duration) -> Result<(), DaemonError> {
        let started_at = Instant::now();
        let deadline = tokio::time::Instant::now() + timeout.saturating_sub(SHUTDOWN_RESERVE).max(timeout / 2);
        DrainStarted { cause, timeout }.emit();
        self.readiness.draining();
        kill_point!(DrainBegun);
        self.draining.cancel();
        let rest = tokio::time::timeout_at(deadline, self.finish());
        let unfinished = rest.await.map_or(Ok(true), |finished| finished.map(|()| false))?;
        let outbox_count = self.reader.usage().outbox_last.saturating_sub(self.cursor.get());
        let took = started_at.elapsed();
        tell_end(took, unfinished, outbox_count);
        Ok(())
    }

    /// The steps of a drain. Where time runs out in the middle, what is left follows after the next start.
    async fn finish(&mut self) -> Result<(), DaemonError> {
        self.intake.stop().await;
        kill_point!(DrainStopped);
        self.writer.ended().await?;
        let mut journal = self.journal.ended().await?;
        kill_point!(DrainDurable);
        self.intake.close().await;
        self.drained.cancel();
        self.publisher.ended().await?.close().await;
        kill_point!(DrainPublished);
        let last = Batch { at: self.host.now(), published_through: self.cursor.get(), ..Batch::default() };
        journal.append(&last)?;
        Ok(journal.close()?)
    }
}

/// Says how a drain ended.
pub(super) fn tell_end(took: Duration, is_unfinished: bool, outbox_count: u64) {
    if is_unfinished || outbox_count > 0 {
        DrainCutShort { took, outbox_count }.emit();
    } else {
        DrainFinished { took }.emit();
    }
}
