//! Whoever owns the writer: it waits for whatever comes first, and seals whenever the journal is free.
//!
//! While a batch becomes durable the next one fills: under load batches grow by themselves until the disk keeps up
//! (group commit), and without load each event travels alone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::broker::{Deliveries, Delivery, Status};
use crate::http::{Heartbeat, HeldBack, Question, Questions, Submission, Submissions};
use crate::journal::{JournalError, JournalReader};
use crate::kill_point::kill_point;
use crate::routing::{Catalogue, Rejection, Timestamp};

use super::appending::UnderWay;
use super::breaker::Breaker;
use super::catch_up::{CatchUp, Time};
use super::clock::Clock;
use super::deaths::Fate;
use super::publisher::Cursor;
use super::snapshots::Snapshots;
use super::writer::{Replaced, Writer};
use super::{Host, Mistake};

/// How often the writer shows that it turns, and tells the journal of a cursor that has moved, with nothing else to do.
const TICK: Duration = Duration::from_secs(1);
/// The longest sleep for a timer: a clock that jumps forward is noticed within this.
const NAP_MAX: Duration = Duration::from_secs(1);

/// What the writer is told by others than the broker.
#[derive(Debug)]
pub(super) enum Control {
    /// A new catalogue; answers when it is in force for good, or why it is not.
    Replace(Arc<Catalogue>, oneshot::Sender<Result<Replaced, Rejection>>),
}

/// Everything that the task needs.
pub(super) struct Desk {
    pub(super) host: Arc<dyn Host>,
    pub(super) writer: Writer,
    pub(super) clock: Clock,
    pub(super) ears: Ears,
    pub(super) catch_up: CatchUp,
    pub(super) batches: mpsc::Sender<UnderWay>,
    pub(super) journal_free: Arc<Semaphore>,
    pub(super) reader: JournalReader,
    pub(super) snapshots: Snapshots,
    pub(super) cursor: Cursor,
    pub(super) intake_gate: IntakeGate,
    /// Set when the process was asked to end: what was delivered already is taken, gate or not.
    pub(super) draining: CancellationToken,
    pub(super) heartbeat: Heartbeat,
    /// Says whether a message may be taken, and whether it may be read.
    pub(super) breaker: Breaker,
}

/// What it listens to.
pub(super) struct Ears {
    pub(super) deliveries: Deliveries,
    /// Whether deliveries can come in.
    pub(super) status: watch::Receiver<Status>,
    pub(super) control: mpsc::Receiver<Control>,
    /// What HTTP asks.
    pub(super) questions: Questions,
    /// What came in over HTTP.
    pub(super) submissions: Submissions,
}

/// Whether deliveries are taken: not while the outbox is full or the disk is.
#[derive(Debug, Clone, Default)]
pub(super) struct IntakeGate(Arc<std::sync::atomic::AtomicBool>);

impl IntakeGate {
    pub(super) fn close(&self) {
        self.0.store(true, std::sync::atomic::Ordering::Release);
    }

    pub(super) fn open(&self) {
        self.0.store(false, std::sync::atomic::Ordering::Release);
    }

    fn is_closed(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Acquire)
    }
}

enum Woken {
    JournalFree(tokio::sync::OwnedSemaphorePermit),
    Delivered(Option<Delivery>),
    Told(Control),
    Asked(Question),
    Submitted(Submission),
    CaughtUp,
    Due,
    Tick,
}

impl Desk {
    /// Works until deliveries end, and hands over the last batch.
    ///
    /// # Errors
    /// Where the journal can't be read: the process has to end.
    pub(super) async fn run(mut self) -> Result<(), JournalError> {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut flush = false;
        self.breaker.stand_by();
        loop {
            self.heartbeat.beat();
            match self.wait(&mut tick, flush).await {
                Woken::JournalFree(permit) => {
                    flush = false;
                    self.seal(permit).await;
                }
                Woken::Delivered(Some(delivery)) => {
                    self.catch_up.not_quiet(Instant::now());
                    self.take(delivery)?;
                }
                Woken::Delivered(None) => break,
                Woken::Told(control) => self.obey(control),
                Woken::Asked(question) => {
                    self.answer(question);
                    self.take_next()?;
                }
                Woken::Submitted(submission) => {
                    self.take_submission(submission)?;
                    self.take_next()?;
                }
                Woken::CaughtUp => {
                    self.catch_up.caught_up();
                    let now = self.clock.now();
                    self.writer.resume_listening(now);
                }
                Woken::Due => {
                    let now = self.clock.now();
                    self.writer.elapse(now);
                }
                Woken::Tick => {
                    flush = self.writer.cursor_moved(self.cursor.get());
                    let listens = self.ears.status.borrow().is_consuming() && !self.is_held_back();
                    self.breaker.look_around(listens);
                }
            }
        }
        if self.host.planted().is(Mistake::LastBatchLeftOut) {
            return Ok(());
        }
        let permit = Arc::clone(&self.journal_free).acquire_owned().await;
        self.seal(permit.expect("the semaphore is never closed")).await;
        Ok(())
    }

    async fn wait(&mut self, tick: &mut Interval, flush: bool) -> Woken {
        let has_work = flush || self.writer.has_work();
        let takes = !self.writer.is_full();
        let takes_deliveries = self.takes_deliveries();
        let now = Instant::now();
        if !takes_deliveries {
            self.catch_up.not_quiet(now);
        }
        let time = self.catch_up.time(self.ears.status.borrow_and_update().is_consuming(), now);
        let nap = nap(self.writer.next_timeout(), self.clock.now()).filter(|_| takes && time == Time::Passes);
        let caught_up_at = if let Time::WaitsUntil(at) = time { Some(at) } else { None };
        tokio::select! {
            biased;
            permit = Arc::clone(&self.journal_free).acquire_owned(), if has_work => {
                Woken::JournalFree(permit.expect("the semaphore is never closed"))
            }
            Some(control) = self.ears.control.recv(), if takes => Woken::Told(control),
            Some(question) = self.ears.questions.recv() => Woken::Asked(question),
            Ok(()) = self.ears.status.changed() => Woken::Tick,
            () = self.breaker.free() => Woken::Tick,
            () = pass(caught_up_at.unwrap_or(now).saturating_duration_since(now)), if takes && caught_up_at.is_some() => {
                Woken::CaughtUp
            }
            () = pass(nap.unwrap_or(NAP_MAX)), if nap.is_some() => {
                if self.is_due() { Woken::Due } else { Woken::Tick }
            }
            Some(submission) = self.ears.submissions.recv(), if takes => Woken::Submitted(submission),
            delivery = self.ears.deliveries.recv(), if takes_deliveries => Woken::Delivered(delivery),
            _ = tick.tick() => Woken::Tick,
        }
    }

    fn takes_deliveries(&self) -> bool {
        !self.writer.is_full() && self.breaker.admits() && (self.draining.is_cancelled() || !self.is_held_back())
    }

    fn is_held_back(&self) -> bool {
        self.intake_gate.is_closed() || self.reader.outbox_is_full(self.cursor.get())
    }

    fn is_due(&mut self) -> bool {
        let now = self.clock.now();
        self.writer.next_timeout().is_some_and(|due| due <= now)
    }

    /// Takes a delivery, and those that are there already.
    fn take(&mut self, delivery: Delivery) -> Result<(), JournalError> {
        let now = self.clock.now();
        self.decide(delivery, now)?;
        while !self.writer.is_full()
            && self.breaker.admits()
            && let Ok(delivery) = self.ears.deliveries.try_recv()
        {
            self.decide(delivery, now)?;
        }
        Ok(())
    }

    /// Whoever asks or submits without an end must not keep the broker waiting.
    fn take_next(&mut self) -> Result<(), JournalError> {
        if self.takes_deliveries()
            && let Ok(delivery) = self.ears.deliveries.try_recv()
        {
            self.catch_up.not_quiet(Instant::now());
            self.take(delivery)?;
        }
        Ok(())
    }

    /// Takes what came over HTTP, where anything may be taken and somebody still waits for the answer.
    fn take_submission(&mut self, submission: Submission) -> Result<(), JournalError> {
        if submission.is_stale() {
            return Ok(());
        }
        if self.is_held_back() || self.draining.is_cancelled() {
            // Whoever asked may have gone.
            let _ = submission.answer.send(Err(HeldBack));
            return Ok(());
        }
        let now = self.clock.now();
        self.writer.submit(submission, now)
    }

    fn decide(&mut self, delivery: Delivery, now: Timestamp) -> Result<(), JournalError> {
        match self.breaker.take(&delivery) {
            Fate::Decide => {
                self.host.about_to_decide(&delivery);
                self.writer.deliver(delivery, now)
            }
            Fate::GiveUp { deaths } => {
                self.writer.give_up(delivery, deaths);
                Ok(())
            }
        }
    }

    fn obey(&mut self, control: Control) {
        let now = self.clock.now();
        match control {
            Control::Replace(catalogue, answer) => {
                self.writer.replace_and_answer(catalogue, answer, now);
            }
        }
    }

    /// Answers from what is decided by now; asking changes nothing.
    fn answer(&mut self, question: Question) {
        if question.is_stale() {
            return;
        }
        match question {
            Question::Explain(inquiry, answer) => {
                let now = self.clock.now();
                // Whoever asked may have gone.
                let _ = answer.send(self.writer.state().explain(&inquiry, now));
            }
            Question::Classify(letter, answer) => {
                let now = self.clock.now();
                // Whoever asked may have gone.
                let _ = answer.send(self.writer.would_classify(&letter, now));
            }
        }
    }

    async fn seal(&mut self, permit: tokio::sync::OwnedSemaphorePermit) {
        let now = self.clock.now();
        let sealed = self.writer.seal(self.cursor.get(), now);
        self.host.witness(self.writer.state());
        kill_point!(Sealed);
        let frozen = self.snapshots.begin(self.writer.state());
        // Whoever appends ends before this one only when it failed, and then the process ends.
        let _ = self.batches.send(UnderWay { sealed, permit, frozen }).await;
    }
}

/// Waits for so long, and not at all where that is nothing: a sleep of no length is over only at the runtime's next tick,
/// which never comes while there is always something else to do.
async fn pass(length: Duration) {
    if !length.is_zero() {
        tokio::time::sleep(length).await;
    }
}

/// How long until a timer is due; at most [`NAP_MAX`].
fn nap(due: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    due.map(|due| Duration::from_millis(due.since(now).0).min(NAP_MAX))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_is_due_does_not_wait_behind_what_is_always_there() {
        assert!(pass(Duration::ZERO).now_or_never().is_some());
        assert!(pass(Duration::from_millis(1)).now_or_never().is_none());
    }
}
