//! Makes batches durable, and then, and only then, lets the world know.
//!
//! Where the disk is quick, the line itself waits for it: handing a batch to another thread and back would take longer. Where it
//! is not, a thread of the pool waits, and the line goes on deciding.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

use crate::broker::{DeliveryToken, Intake};
use crate::http::Heartbeat;
use crate::journal::{Appended, Batch, Entry, Journal, JournalError, JournalReader};
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

/// Who is told of what is durable.
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
pub(super) async fn run<J: Journal + 'static>(
    mut pen: Pen<J>,
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
        let (batch, appended) = pen.append(std::mem::take(&mut sealed.batch)).await?;
        sealed.batch = batch;
        let Appended { entry_lengths } = match appended {
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
    pen.put_down()
}

/// The journal in the hand of whoever appends.
pub(super) struct Pen<J> {
    host: Arc<dyn Host>,
    heartbeat: Heartbeat,
    /// `None` while a thread of the pool has it, and for ever where that one panicked.
    journal: Option<J>,
    /// How long the disk takes for a batch, in the mean of late; not known at first.
    takes: Option<Duration>,
}

/// One of so many batches is what the last one counts in the mean.
const MEAN_OVER: u32 = 8;

impl<J: Journal + 'static> Pen<J> {
    pub(super) fn new(host: Arc<dyn Host>, heartbeat: Heartbeat, journal: J) -> Self {
        Self { host, heartbeat, journal: Some(journal), takes: None }
    }

    /// Appends a batch, which is given back.
    async fn append(&mut self, batch: Batch) -> Result<(Batch, Result<Appended, JournalError>), DaemonError> {
        let mut journal = self.journal.take().ok_or(PANICKED)?;
        let write = move || {
            let started_at = Instant::now();
            kill_point!(BeforeAppend);
            let appended = journal.append(&batch);
            (journal, batch, appended, started_at.elapsed())
        };
        let (journal, batch, appended, took) = if self.takes.is_some_and(|takes| self.host.line_may_wait(takes)) {
            self.heartbeat.wait_for_disk();
            let written = write();
            self.heartbeat.beat();
            written
        } else {
            let (tx, written) = oneshot::channel();
            self.host.on_pool(Box::new(move || {
                // Nobody listens any more where the process is ending.
                let _ = tx.send(write());
            }));
            written.await.map_err(|_| PANICKED)?
        };
        self.journal = Some(journal);
        self.takes = Some(self.takes.map_or(took, |takes| (takes * (MEAN_OVER - 1) + took) / MEAN_OVER));
        Ok((batch, appended))
    }

    /// The journal, when nothing more is to be appended.
    fn put_down(self) -> Result<J, DaemonError> {
        self.journal.ok_or(PANICKED)
    }
}

const PANICKED: DaemonError = DaemonError::Panicked("journal");

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
    use std::collections::HashSet;
    use std::path::Path;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures_util::future::BoxFuture;
    use redb::backends::InMemoryBackend;
    use tokio::runtime::Handle;

    use super::*;
    use crate::daemon::Machine;
    use crate::daemon::planned_storage::PlannedStorage;
    use crate::journal::{DuplicateId, JournalOptions, Opened, RedbJournal, open_with_backend};
    use crate::routing::Timestamp;

    /// A machine on which it is known how quick the disk is.
    struct Known {
        machine: Machine,
        line_may_wait: AtomicBool,
        /// What it was told that the disk takes.
        told: Mutex<Vec<Duration>>,
    }

    impl Host for Known {
        fn now(&self) -> Timestamp {
            self.machine.now()
        }

        fn open_journal(&self, path: &Path, options: &JournalOptions) -> Result<Opened, JournalError> {
            self.machine.open_journal(path, options)
        }

        fn on_line(&self, work: BoxFuture<'static, ()>) {
            self.machine.on_line(work);
        }

        fn line_may_wait(&self, append_takes: Duration) -> bool {
            self.told.lock().expect("nobody panicked").push(append_takes);
            self.line_may_wait.load(Ordering::Acquire)
        }

        fn on_runtime(&self, work: BoxFuture<'static, ()>) {
            self.machine.on_runtime(work);
        }

        fn on_pool(&self, work: Box<dyn FnOnce() + Send>) {
            self.machine.on_pool(work);
        }
    }

    /// A pen on a journal in memory, whose log does that whenever it is written or synced.
    fn pen_whose_log(does: impl Fn() + Send + Sync + 'static) -> (Arc<Known>, Heartbeat, Pen<RedbJournal>) {
        let options = JournalOptions { log_bytes: 64 << 10, ..JournalOptions::default() };
        let opened = open_with_backend(InMemoryBackend::new(), PlannedStorage::new(does), &options);
        let machine = Machine { http: Handle::current(), line: Handle::current() };
        let host = Arc::new(Known { machine, line_may_wait: AtomicBool::new(true), told: Mutex::default() });
        let heartbeat = Heartbeat::default();
        let pen = Pen::new(Arc::<Known>::clone(&host), heartbeat.clone(), opened.expect("the journal opens").journal);
        (host, heartbeat, pen)
    }

    fn batch_of_one() -> Batch {
        Batch { duplicates: vec![DuplicateId([1; 16])], ..Batch::default() }
    }

    #[tokio::test]
    async fn the_line_waits_for_a_quick_disk_itself_and_for_no_other() {
        let synced_by = Arc::new(Mutex::new(HashSet::new()));
        let notes = Arc::clone(&synced_by);
        let here = std::thread::current().id();
        let (host, heartbeat, mut pen) = pen_whose_log(move || {
            notes.lock().expect("nobody panicked").insert(std::thread::current().id());
        });
        let mut threads_of_one = async |line_may_wait| {
            synced_by.lock().expect("nobody panicked").clear();
            host.line_may_wait.store(line_may_wait, Ordering::Release);
            let (given_back, appended) = pen.append(batch_of_one()).await.expect("nobody panicked");
            appended.expect("appended");
            assert_eq!(given_back, batch_of_one());
            synced_by.lock().expect("nobody panicked").clone()
        };
        assert!(!threads_of_one(true).await.contains(&here), "of the first it is not known how quick the disk is");
        assert!(heartbeat.silence().is_none(), "nobody on the line waited");
        assert_eq!(threads_of_one(true).await, HashSet::from([here]));
        assert!(heartbeat.silence().is_some());
        assert!(!threads_of_one(false).await.contains(&here));
    }

    #[tokio::test]
    async fn how_long_the_disk_takes_is_a_mean_of_late() {
        const SLOW: Duration = Duration::from_millis(200);
        let is_slow = Arc::new(AtomicBool::new(false));
        let found_slow = Arc::clone(&is_slow);
        let (host, _, mut pen) = pen_whose_log(move || {
            if found_slow.load(Ordering::Acquire) {
                std::thread::sleep(SLOW);
            }
        });
        is_slow.store(true, Ordering::Release);
        for _ in 0..3 {
            let (_, appended) = pen.append(batch_of_one()).await.expect("nobody panicked");
            appended.expect("appended");
            is_slow.store(false, Ordering::Release);
        }
        let told = host.told.lock().expect("nobody panicked").clone();
        assert_eq!(told.len(), 2, "of the first nothing was known: {told:?}");
        assert!(told[0] >= SLOW, "{told:?}");
        assert!(told[1] < told[0] && told[1] > told[0] / 2, "a quick one takes a little off it: {told:?}");
    }

    #[tokio::test]
    async fn a_journal_over_which_the_pool_panicked_is_never_asked_again() {
        let is_rotten = Arc::new(AtomicBool::new(false));
        let found_rotten = Arc::clone(&is_rotten);
        let (_, _, mut pen) = pen_whose_log(move || assert!(!found_rotten.load(Ordering::Acquire), "as planned"));
        is_rotten.store(true, Ordering::Release);
        for _ in 0..2 {
            let error = pen.append(batch_of_one()).await.expect_err("it panicked");
            assert!(matches!(error, DaemonError::Panicked("journal")), "{error}");
            is_rotten.store(false, Ordering::Release);
        }
        assert!(pen.put_down().is_err());
    }

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
