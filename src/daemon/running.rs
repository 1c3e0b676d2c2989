//! A daemon that takes work, until it is told to drain; and the drain.

use std::error::Error as _;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::broker::{Intake, Publish, Status};
use crate::config::{CatalogueFile, NO_CATALOGUE};
use crate::http::{EditRequests, Readiness};
use crate::journal::{Batch, Journal, JournalReader, RedbJournal};
use crate::kill_point::kill_point;
use crate::routing::Catalogue;
use crate::telemetry::occurrence::{CatalogueRefused, CatalogueReloaded, DrainCutShort, DrainFinished, DrainStarted};

use super::catalogue::Keeper;
use super::hooks::{self, Hooks};
use super::observer;
use super::publisher::Cursor;
use super::scribe::{Ending, Occasion, Scribe};
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
    pub(super) scribe: Scribe,
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
    pub(super) shutdown_timeout: Duration,
}

/// That the daemon is to drain.
pub(super) struct Asked {
    cause: &'static str,
    at: Instant,
    /// When it ends by itself, whatever is left.
    deadline: tokio::time::Instant,
}

impl Asked {
    fn now(cause: &'static str, timeout: Duration) -> Self {
        let length = timeout.saturating_sub(SHUTDOWN_RESERVE).max(timeout / 2);
        Self { cause, at: Instant::now(), deadline: tokio::time::Instant::now() + length }
    }
}

/// What was heard while something else was done.
#[derive(Default)]
struct Heard {
    drain_asked: Option<Asked>,
    reload_asked: bool,
}

/// Never, where there is no such moment.
async fn until(moment: Option<tokio::time::Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

impl Running {
    /// Works until it is told to drain. A reload may have been asked for before.
    pub(super) async fn work(
        &mut self,
        signals: &mut impl Signals,
        reload: &mut Reread,
        mut reload_asked: bool,
    ) -> Result<Asked, DaemonError> {
        observer::follow(&self.status.borrow_and_update(), &self.readiness);
        loop {
            if reload_asked {
                let heard = self.hearing(self.reload(reload), signals).await;
                reload_asked = heard.reload_asked;
                if let Some(asked) = heard.drain_asked {
                    return Ok(asked);
                }
                continue;
            }
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
                Some(request) = self.edits.recv() => {
                    let heard = self.hearing(self.keeper.take(request), signals).await;
                    reload_asked = heard.reload_asked;
                    if let Some(asked) = heard.drain_asked {
                        return Ok(asked);
                    }
                }
                signal = signals.next() => match signal {
                    Signal::Drain(cause) => return Ok(Asked::now(cause, self.shutdown_timeout)),
                    Signal::Reload => reload_asked = true,
                },
            }
        }
    }

    /// Does what waits for the disk, and hears meanwhile: the time of a drain runs from the moment at which it is asked for,
    /// and what is not done by its end is given up.
    async fn hearing(&self, doing: impl Future<Output = ()>, signals: &mut impl Signals) -> Heard {
        let mut doing = pin!(doing);
        let mut heard = Heard::default();
        loop {
            let deadline = heard.drain_asked.as_ref().map(|asked| asked.deadline);
            tokio::select! {
                biased;
                () = &mut doing => return heard,
                () = until(deadline) => return heard,
                signal = signals.next() => match signal {
                    Signal::Drain(cause) => {
                        heard.drain_asked.get_or_insert_with(|| Asked::now(cause, self.shutdown_timeout));
                    }
                    Signal::Reload => heard.reload_asked = true,
                },
            }
        }
    }

    /// Reads the configuration again, and says what became of it.
    pub(super) async fn reload(&self, read: &mut Reread) {
        let Some(read) = read() else { return };
        let in_force = self.keeper.read_model.catalogue();
        let file = self.keeper.file.as_ref().map(CatalogueFile::path);
        let read = read.and_then(|again| whole(again, &in_force, file));
        let change = read.as_ref().ok().map(|again| (&*in_force, &again.catalogue));
        let begun = match self.scribe.begin(Occasion::Signal, file, change).await {
            Ok(begun) => begun,
            Err(error) => {
                let error = DaemonError::Audit(error);
                let cause = error.source().map(ToString::to_string).unwrap_or_default();
                return CatalogueRefused { error: &format!("{error}: {cause}") }.emit();
            }
        };
        let ending = match read {
            Ok(again) => self.put_in_force(again).await,
            Err(why) => Ending::Unusable(why),
        };
        if let Ending::Unusable(why) | Ending::InUse(why) = &ending {
            CatalogueRefused { error: why }.emit();
        }
        self.scribe.end(begun, ending).await;
    }

    async fn put_in_force(&self, Again { catalogue, hooks, .. }: Again) -> Ending {
        let prepared = match hooks::prepare(&hooks) {
            Ok(prepared) => prepared,
            Err(error) => return Ending::Unusable(error.to_string()),
        };
        match self.keeper.replace(Arc::new(catalogue)).await {
            Some(Ok(applied)) => {
                self.hooks.install(prepared);
                CatalogueReloaded { version: applied.version, changes: &applied.changes }.emit();
                Ending::InForce
            }
            Some(Err(refused)) => Ending::InUse(refused.to_string()),
            // The daemon is ending.
            None => Ending::Unknown,
        }
    }

    /// No new deliveries; what is under way is journaled, acknowledged and published.
    pub(super) async fn drain(mut self, asked: Asked) -> Result<(), DaemonError> {
        let Asked { cause, at: started_at, deadline } = asked;
        DrainStarted { cause, timeout: self.shutdown_timeout }.emit();
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
        let journal = self.journal.ended().await?;
        kill_point!(DrainDurable);
        self.intake.close().await;
        self.drained.cancel();
        self.publisher.ended().await?.close().await;
        kill_point!(DrainPublished);
        let last = Batch { at: self.host.now(), published_through: self.cursor.get(), ..Batch::default() };
        close(&*self.host, journal, last).await
    }
}

/// What was read, where it says anything of roles: one that does not was hardly written whole, as long as there are any.
fn whole(again: Again, in_force: &Catalogue, file: Option<&Path>) -> Result<Again, String> {
    if again.has_catalogue || in_force.roles.is_empty() {
        return Ok(again);
    }
    let file = file.map_or_else(|| "the configuration".to_owned(), |file| file.display().to_string());
    Err(format!("{file} {NO_CATALOGUE}"))
}

/// Appends the last batch and closes the journal, beside the caller: a disk that stands still holds up nobody but itself.
async fn close(host: &dyn Host, mut journal: RedbJournal, last: Batch) -> Result<(), DaemonError> {
    let (tx, closed) = oneshot::channel();
    host.on_pool(Box::new(move || {
        // Nobody listens any more where time has run out.
        let _ = tx.send(journal.append(&last).and_then(|_| journal.close()));
    }));
    Ok(closed.await.map_err(|_| DaemonError::Panicked("journal"))??)
}

/// Says how a drain ended.
pub(super) fn tell_end(took: Duration, is_unfinished: bool, outbox_count: u64) {
    if is_unfinished || outbox_count > 0 {
        DrainCutShort { took, outbox_count }.emit();
    } else {
        DrainFinished { took }.emit();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use redb::backends::InMemoryBackend;
    use tokio::runtime::Handle;

    use super::*;
    use crate::daemon::Machine;
    use crate::daemon::planned_storage::PlannedStorage;
    use crate::journal::{DuplicateId, JournalOptions, open_with_backend};

    #[test]
    fn a_disk_that_stands_still_keeps_nobody_from_giving_the_journal_up() {
        let disk = Arc::new(Mutex::new(()));
        let held = Arc::clone(&disk);
        let log = PlannedStorage::new(move || drop(held.lock().unwrap_or_else(PoisonError::into_inner)));
        let options = JournalOptions { log_bytes: 64 << 10, ..JournalOptions::default() };
        let journal = open_with_backend(InMemoryBackend::new(), log, &options).expect("the journal opens").journal;
        let last = Batch { duplicates: vec![DuplicateId([1; 16])], ..Batch::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let stands_still = disk.lock().unwrap_or_else(PoisonError::into_inner);
        runtime.block_on(async {
            let host = Machine { http: Handle::current(), line: Handle::current() };
            let given_up = tokio::time::timeout(Duration::from_millis(50), close(&host, journal, last)).await;
            assert!(given_up.is_err(), "it can't have been closed");
        });
        runtime.shutdown_timeout(Duration::from_millis(50));
        drop(stands_still);
    }
}
