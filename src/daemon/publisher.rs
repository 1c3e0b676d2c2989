//! The task that takes the outbox to the broker: in order, many under way at a time, until each record is confirmed.
//!
//! What it sends is the journal's outbox, and a broker that takes nothing for a day costs disk and no memory. What has just
//! become durable is handed to it as well, so that it need not read that back.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::broker::{Confirmed, Publication, Publish, PublishCause, PublishError};
use crate::journal::JournalReader;
use crate::kill_point::kill_point;
use crate::telemetry::Meters;
use crate::telemetry::occurrence::{PublishFailed, PublishFailure};
use crate::telemetry::traces::Tracer;

use super::flight::{Flight, Together};
use super::handover::Handover;
use super::outbox::Outgoing;
use super::writer::Promise;
use super::{DaemonError, Host, Mistake};

/// The most bytes of publications that are held in memory until they are sent: some seconds of what a broker carries. What
/// is beyond is read from the journal.
pub(super) const FRESH_BYTES_MAX: usize = 32 << 20;
/// The most assignments whose latency is waited for. Beyond it (a broker that takes nothing) the oldest are given up.
const PROMISES_MAX: usize = 100_000;

/// The newest outbox record that the broker has confirmed, as the publisher knows it.
#[derive(Debug, Clone, Default)]
pub(super) struct Cursor(Arc<AtomicU64>);

impl Cursor {
    pub(super) fn at(number: u64) -> Self {
        Self(Arc::new(AtomicU64::new(number)))
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, number: u64) {
        self.0.store(number, Ordering::Release);
    }
}

/// Assignments that are durable and not confirmed, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Promises(Arc<Mutex<VecDeque<Promise>>>);

impl Promises {
    pub(super) fn add(&self, promises: Vec<Promise>) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.extend(promises);
        let surplus = open.len().saturating_sub(PROMISES_MAX);
        open.drain(..surplus);
    }

    /// All up to this record are confirmed.
    fn kept(&self, number: u64, meters: &Meters) {
        let now = Instant::now();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(promise) = open.pop_front_if(|promise| promise.number <= number) {
            meters.routed(&promise.role, now.duration_since(promise.received_at));
        }
    }
}

/// Everything that the task needs.
pub(super) struct Publisher {
    pub(super) host: Arc<dyn Host>,
    pub(super) link: Box<dyn Publish>,
    pub(super) reader: JournalReader,
    pub(super) durable: watch::Receiver<u64>,
    pub(super) cursor: Cursor,
    pub(super) promises: Promises,
    pub(super) meters: Meters,
    pub(super) flight: Flight,
    /// What has just become durable, without reading it.
    pub(super) fresh: Handover<Outgoing>,
    pub(super) tracer: Tracer,
}

/// What the task waits for.
enum Woken {
    /// More is durable, or it is time to end.
    More,
    /// Whoever appends has ended: nothing more will become durable.
    NoMore,
    Said(Result<Confirmed, PublishError>),
}

impl Publisher {
    /// Publishes until `drained` and the outbox is empty.
    ///
    /// # Errors
    /// Where the outbox can't be read, or the broker refuses for good.
    pub(super) async fn run(mut self, drained: CancellationToken) -> Result<Box<dyn Publish>, DaemonError> {
        let mut grows = true;
        loop {
            self.durable.borrow_and_update();
            self.send_next().await?;
            if self.flight.is_empty() && drained.is_cancelled() {
                return Ok(self.link);
            }
            match self.wait(&drained, grows).await {
                Woken::More => {}
                Woken::NoMore => grows = false,
                Woken::Said(outcome) => self.settle(outcome)?,
            }
        }
    }

    async fn wait(&mut self, drained: &CancellationToken, grows: bool) -> Woken {
        let more = |changed: Result<(), _>| if changed.is_ok() { Woken::More } else { Woken::NoMore };
        if self.flight.is_empty() {
            return tokio::select! {
                biased;
                changed = self.durable.changed(), if grows => more(changed),
                () = drained.cancelled() => Woken::More,
                () = self.link.tend() => Woken::More,
            };
        }
        tokio::select! {
            biased;
            outcome = self.link.confirmed() => Woken::Said(outcome),
            changed = self.durable.changed(), if grows && self.flight.waits_for_more() => more(changed),
        }
    }

    /// Sends what may go now.
    async fn send_next(&mut self) -> Result<(), DaemonError> {
        let planted = self.host.planted();
        let is_first = self.flight.is_empty();
        let together =
            if planted.is(Mistake::TicketTwiceInAWindow) { Together::Whatever } else { Together::OneOfEachTicket };
        let mut next = self.flight.next(&self.reader, &self.fresh, together)?;
        if next.is_empty() {
            return Ok(());
        }
        if planted.is(Mistake::WindowBackwards) {
            next.reverse();
        }
        if planted.is(Mistake::RepeatsStampedAnew) {
            for publication in &mut next {
                *publication = self.stamped_anew(publication);
            }
        }
        if is_first {
            self.get_ready().await?;
        }
        kill_point!(BeforePublish);
        self.link.send(&next);
        if planted.is(Mistake::CursorBeforeConfirm) {
            self.cursor.set(self.cursor.get() + next.len() as u64);
        }
        Ok(())
    }

    fn stamped_anew(&self, publication: &Publication) -> Arc<Publication> {
        let now_s = u64::try_from(self.host.now().0 / 1_000).unwrap_or(0);
        let mut stamped = publication.clone();
        stamped.properties = stamped.properties.with_timestamp_s(now_s);
        Arc::new(stamped)
    }

    /// Tries until there is a connection.
    async fn get_ready(&mut self) -> Result<(), DaemonError> {
        while let Err(error) = self.link.ready().await {
            if let PublishCause::Fatal(error) = error.cause {
                return Err(error.into());
            }
            self.tell(&error);
        }
        Ok(())
    }

    /// Moves the cursor over what is confirmed; what is not will be sent again, under the same ids.
    fn settle(&mut self, outcome: Result<Confirmed, PublishError>) -> Result<(), DaemonError> {
        let planted = self.host.planted();
        match outcome {
            Ok(confirmed) => self.confirm(confirmed.count),
            Err(PublishError { cause: PublishCause::Fatal(error), .. }) => return Err(error.into()),
            Err(error) => {
                self.tell(&error);
                let passed_over = match error.cause {
                    PublishCause::Returned { .. } => planted.is(Mistake::ReturnedCountsAsSent),
                    PublishCause::Nacked => planted.is(Mistake::RefusedCountsAsSent),
                    _ => false,
                };
                self.confirm(error.confirmed + usize::from(passed_over));
                self.flight.abandon();
            }
        }
        Ok(())
    }

    fn confirm(&mut self, count: usize) {
        let tracer = &self.tracer;
        let told = |publication: &Publication, sent_at| {
            if tracer.is_on() {
                let properties = &publication.properties;
                let (traceparent, id) = (properties.header("traceparent"), properties.message_id());
                tracer.published(traceparent, &publication.routing_key, id, sent_at);
            }
        };
        let Some(sent_at) = self.flight.confirm(count, told) else { return };
        if count == 0 || self.host.planted().is(Mistake::CursorBeforeConfirm) {
            return;
        }
        kill_point!(AfterConfirm);
        self.meters.publish_confirmed(sent_at.elapsed());
        self.cursor.set(self.cursor.get() + count as u64);
        kill_point!(AfterCursor);
        self.promises.kept(self.cursor.get(), &self.meters);
    }

    fn tell(&self, error: &PublishError) {
        let Some(first) = self.flight.oldest(error.confirmed) else { return };
        let (cause, messages_count) = match error.cause {
            PublishCause::Returned { .. } => (PublishFailure::Returned, 1),
            PublishCause::Nacked => (PublishFailure::Nacked, 1),
            PublishCause::Timeout(_) | PublishCause::Disconnected(_) | PublishCause::Fatal(_) => {
                (PublishFailure::Unconfirmed, (self.flight.length() - error.confirmed) as u64)
            }
        };
        let exchange = format!("{:?}", first.exchange).to_lowercase();
        let message_id = first.properties.message_id();
        PublishFailed { cause, exchange: &exchange, routing_key: &first.routing_key, message_id, messages_count }
            .emit();
    }
}
