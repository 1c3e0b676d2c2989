//! The task that takes the outbox to the broker: in order, window by window, until each record is confirmed.
//!
//! It reads the journal's outbox and nothing else, so that what is sent after a restart takes the same way as what is
//! sent at once, and a broker that takes nothing for a day costs disk and no memory.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::broker::{Publication, Publish, PublishCause, PublishError};
use crate::journal::{JournalError, JournalReader};
use crate::kill_point::kill_point;
use crate::telemetry::Meters;
use crate::telemetry::occurrence::{PublishFailed, PublishFailure};

use super::writer::Promise;
use super::{Host, Mistake, outbox};

/// The most records of a window: enough to hide a round trip, few enough that an abandoned window is sent again soon.
const WINDOW_RECORDS_MAX: usize = 512;
/// The most bytes of a window, but for a single record that is larger.
const WINDOW_BYTES_MAX: usize = 4 << 20;
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
    /// Read from the outbox, and not sent: what did not fit into the last window.
    pub(super) ahead: VecDeque<Publication>,
}

impl Publisher {
    /// Publishes until `drained` and the outbox is empty.
    ///
    /// # Errors
    /// Where the outbox can't be read, or the broker refuses for good.
    pub(super) async fn run(mut self, drained: CancellationToken) -> Result<Box<dyn Publish>, super::DaemonError> {
        loop {
            self.durable.borrow_and_update();
            let window = self.next_window()?;
            if !window.is_empty() {
                self.publish(&window).await?;
            } else if drained.is_cancelled() {
                return Ok(self.link);
            } else {
                tokio::select! {
                    biased;
                    changed = self.durable.changed() => {
                        // The journal's thread has ended: nothing more will become durable.
                        if changed.is_err() {
                            drained.cancelled().await;
                        }
                    }
                    () = drained.cancelled() => {}
                    () = self.link.tend() => {}
                }
            }
        }
    }

    /// The next records, of each ticket one at most: where one of a window fails, those behind it have been sent
    /// already, and a later event of its ticket would be heard before it.
    fn next_window(&mut self) -> Result<Vec<Publication>, JournalError> {
        if self.ahead.is_empty() {
            let records = self.reader.outbox_after(self.cursor.get(), WINDOW_RECORDS_MAX, WINDOW_BYTES_MAX)?;
            let read = records.iter().map(|record| outbox::decode(record.number, &record.bytes));
            self.ahead = read.collect::<Result<_, _>>()?;
        }
        let planted = self.host.planted();
        let mut tickets = HashSet::new();
        let mut is_first = |publication: &Publication| {
            let ticket = outbox::ticket(publication);
            planted.is(Mistake::TicketTwiceInAWindow) || ticket.is_none_or(|ticket| tickets.insert(ticket))
        };
        let length = self.ahead.iter().position(|publication| !is_first(publication)).unwrap_or(self.ahead.len());
        let mut window: Vec<Publication> = self.ahead.drain(..length).collect();
        if planted.is(Mistake::WindowBackwards) {
            window.reverse();
        }
        if planted.is(Mistake::RepeatsStampedAnew) {
            let now_s = u64::try_from(self.host.now().0 / 1_000).unwrap_or(0);
            for publication in &mut window {
                publication.properties = publication.properties.clone().with_timestamp_s(now_s);
            }
        }
        Ok(window)
    }

    /// Tries until the whole window is confirmed, under the same ids.
    async fn publish(&mut self, window: &[Publication]) -> Result<(), super::DaemonError> {
        let planted = self.host.planted();
        if planted.is(Mistake::CursorBeforeConfirm) {
            self.cursor.set(self.cursor.get() + window.len() as u64);
        }
        let mut left = window;
        while !left.is_empty() {
            kill_point!(BeforePublish);
            let started_at = Instant::now();
            let confirmed = match self.link.publish_window(left).await {
                Ok(_) => left.len(),
                Err(PublishError { cause: PublishCause::Fatal(error), .. }) => return Err(error.into()),
                Err(error) => {
                    tell(&error, left);
                    let passed_over = match error.cause {
                        PublishCause::Returned { .. } => planted.is(Mistake::ReturnedCountsAsSent),
                        PublishCause::Nacked => planted.is(Mistake::RefusedCountsAsSent),
                        _ => false,
                    };
                    error.confirmed + usize::from(passed_over)
                }
            };
            if confirmed > 0 && !planted.is(Mistake::CursorBeforeConfirm) {
                kill_point!(AfterConfirm);
                self.meters.publish_confirmed(started_at.elapsed());
                self.cursor.set(self.cursor.get() + confirmed as u64);
                kill_point!(AfterCursor);
                self.promises.kept(self.cursor.get(), &self.meters);
            }
            left = &left[confirmed..];
        }
        Ok(())
    }
}

fn tell(error: &PublishError, window: &[Publication]) {
    let Some(first) = window.get(error.confirmed) else { return };
    let (cause, messages_count) = match error.cause {
        PublishCause::Returned { .. } => (PublishFailure::Returned, 1),
        PublishCause::Nacked => (PublishFailure::Nacked, 1),
        PublishCause::Timeout(_) | PublishCause::Disconnected(_) | PublishCause::Fatal(_) => {
            (PublishFailure::Unconfirmed, (window.len() - error.confirmed) as u64)
        }
    };
    let exchange = format!("{:?}", first.exchange).to_lowercase();
    let message_id = first.properties.message_id();
    PublishFailed { cause, exchange: &exchange, routing_key: &first.routing_key, message_id, messages_count }.emit();
}
