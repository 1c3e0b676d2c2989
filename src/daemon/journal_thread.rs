//! The thread that makes batches durable, and then, and only then, lets the world know.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use crate::broker::{DeliveryToken, Intake};
use crate::journal::{Appended, Entry, Journal, JournalReader};
use crate::kill_point::kill_point;
use crate::telemetry::Meters;
use crate::telemetry::traces::Tracer;

use super::breaker::Breaker;
use super::chronicler;
use super::handover::Handover;
use super::outbox::Outgoing;
use super::publisher::Promises;
use super::snapshots::{Begun, Snapshots};
use super::writer::Sealed;
use super::{DaemonError, Host, Mistake};

/// A batch on its way.
pub(super) struct UnderWay {
    pub(super) sealed: Sealed,
    /// While it lives, the writer fills the next batch and does not seal it.
    pub(super) permit: OwnedSemaphorePermit,
    /// The state behind the batch, where a snapshot is to be taken of it.
    pub(super) frozen: Option<Begun>,
}

/// What the thread tells of what is durable.
pub(super) struct Heralds {
    pub(super) host: Arc<dyn Host>,
    pub(super) intake: Arc<dyn Intake>,
    /// The number of the newest outbox record that is durable.
    pub(super) outbox: watch::Sender<u64>,
    pub(super) promises: Promises,
    /// Knows what it means that something got through.
    pub(super) breaker: Breaker,
    pub(super) meters: Meters,
    /// To the publisher.
    pub(super) publications: Handover<Outgoing>,
    /// To the chronicle, where there is one.
    pub(super) entries: Option<Handover<Entry>>,
    pub(super) checkpointer: Checkpointer,
    pub(super) snapshots: Snapshots,
    /// Why a checkpoint failed.
    pub(super) failures: mpsc::Receiver<DaemonError>,
    pub(super) tracer: Tracer,
}

/// Appends batches until there are no more.
///
/// # Errors
/// The first that the journal or a checkpoint of it reports. Nothing is acknowledged or published after it.
pub(super) async fn run<J: Journal>(
    mut journal: J,
    mut batches: mpsc::Receiver<UnderWay>,
    mut heralds: Heralds,
) -> Result<J, DaemonError> {
    let planted = heralds.host.planted();
    let mut settled = DeliveryToken { epoch: 0, tag: 0 };
    loop {
        let under_way = tokio::select! {
            biased;
            Some(error) = heralds.failures.recv() => return Err(error),
            under_way = batches.recv() => under_way,
        };
        let Some(UnderWay { mut sealed, permit, frozen }) = under_way else { break };
        heralds.host.before_append().await;
        if planted.is(Mistake::AcknowledgedBeforeAppend) {
            sealed.settle.iter().for_each(|token| heralds.intake.settle(*token));
        }
        if planted.is(Mistake::AnsweredBeforeAppend) {
            std::mem::take(&mut sealed.answers).give();
        }
        let started_at = Instant::now();
        kill_point!(BeforeAppend);
        let Appended { entry_lengths } = match journal.append(&sealed.batch) {
            Err(_) if planted.is(Mistake::FailedAppendPassedOver) => Appended::default(),
            appended => appended?,
        };
        let durable_at = Instant::now();
        heralds.meters.journal_synced(durable_at.duration_since(started_at));
        if heralds.checkpointer.reader.take_checkpoint_due() {
            let checkpointer = heralds.checkpointer.clone();
            heralds.host.on_pool(Box::new(move || checkpointer.checkpoint()));
        }
        if let Some(frozen) = frozen {
            heralds.snapshots.take_on(&*heralds.host, frozen);
        }
        heralds.promises.add(sealed.promises);
        drop(permit);
        kill_point!(BeforeAcknowledge);
        let takes_progress = !sealed.settle.is_empty();
        for token in sealed.settle {
            let tag = if planted.is(Mistake::EpochIgnored) { settled.tag.max(token.tag) } else { token.tag };
            settled = DeliveryToken { tag, ..token };
            heralds.intake.settle(settled);
        }
        sealed.answers.give();
        if takes_progress {
            heralds.breaker.get_through();
        }
        kill_point!(AfterAcknowledge);
        let publications = sealed.publications.into_iter();
        let publications = publications.map(|(number, sent)| (number, number + 1, sent.0.body.len(), sent));
        heralds.publications.add(publications);
        if let Some(entries) = &heralds.entries {
            let told = sealed.batch.entries.into_iter().filter(|entry| !entry.events.is_empty());
            let told = told.zip(entry_lengths).map(|(entry, length)| {
                let weight = chronicler::weight(&entry, length);
                (entry.first_seq, entry.next_seq(), weight, entry)
            });
            entries.add(told);
        }
        if let Some(newest) = sealed.batch.outbox.last() {
            heralds.outbox.send_replace(newest.number);
        }
        heralds.tracer.durable(sealed.traced, (started_at, durable_at));
    }
    Ok(journal)
}

/// Has the database get what the log has, and tells of it where that fails or panics: then the process ends.
#[derive(Debug, Clone)]
pub(super) struct Checkpointer {
    reader: JournalReader,
    failures: mpsc::Sender<DaemonError>,
}

impl Checkpointer {
    /// One, and where its first failure is heard of.
    pub(super) fn new(reader: JournalReader) -> (Self, mpsc::Receiver<DaemonError>) {
        let (failures, heard) = mpsc::channel(1);
        (Self { reader, failures }, heard)
    }

    /// Takes as long as the disk does.
    pub(super) fn checkpoint(&self) {
        let watch = PanicWatch(&self.failures);
        if let Err(error) = self.reader.checkpoint() {
            // One is enough to end the process.
            let _ = self.failures.try_send(error.into());
        }
        drop(watch);
    }

    /// Whether there is anything to do.
    pub(super) fn has_work(&self) -> bool {
        self.reader.has_recent()
    }
}

/// Tells of a panic on a thread of the pool, where nobody else would hear of it.
struct PanicWatch<'f>(&'f mpsc::Sender<DaemonError>);

impl Drop for PanicWatch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.0.try_send(DaemonError::Panicked("checkpoint"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::daemon::planned_storage::PlannedStorage;
    use crate::journal::{Batch, DuplicateId, JournalOptions, open_with_backend};

    #[test]
    fn a_checkpoint_that_panics_is_told_of_as_one_that_fails() {
        let is_rotten = Arc::new(AtomicBool::new(false));
        let found_rotten = Arc::clone(&is_rotten);
        let database = PlannedStorage::new(move || assert!(!found_rotten.load(Ordering::Acquire), "as planned"));
        let options = JournalOptions { log_bytes: 64 << 10, ..JournalOptions::default() };
        let opened = open_with_backend(database, InMemoryBackend::new(), &options).expect("the journal opens");
        let mut journal = opened.journal;
        journal.append(&Batch { duplicates: vec![DuplicateId([1; 16])], ..Batch::default() }).expect("appended");
        let (checkpointer, mut failures) = Checkpointer::new(opened.reader);
        is_rotten.store(true, Ordering::Release);
        let on_the_pool = checkpointer.clone();
        assert!(std::thread::spawn(move || on_the_pool.checkpoint()).join().is_err());
        is_rotten.store(false, Ordering::Release);
        let told = failures.try_recv().expect("it was told of");
        assert!(matches!(told, DaemonError::Panicked("checkpoint")), "{told}");
    }
}
