//! Hears the answers: one per event, by the number that it repeats, and when it came.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use hdrhistogram::Histogram;
use lapin::options::BasicConsumeOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{Connection, Consumer};
use tokio::sync::Notify;

use super::BenchError;

/// Microseconds that a histogram can tell: a minute, beyond which all is the same.
const LATENCY_MAX_US: u64 = 60_000_000;
/// Digits that are kept.
const DIGITS: u8 = 3;

/// A new histogram of microseconds.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(LATENCY_MAX_US, DIGITS).expect("the bounds are in order")
}

/// What is listened for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    pub(super) first: u64,
    pub(super) count: u64,
    /// When the first was to be sent, and how long after it each next one; `None` where there is no such moment.
    pub(super) pace: Option<(Instant, Duration)>,
    /// Answers to earlier ones are heard, and not measured.
    pub(super) measured_from: u64,
}

/// What was heard.
#[derive(Debug)]
pub(super) struct Heard {
    expected: Expected,
    seen: Vec<bool>,
    pub(super) count: u64,
    pub(super) latency: Histogram<u64>,
    /// When the first and the last came.
    pub(super) first_at: Option<Instant>,
    pub(super) last_at: Option<Instant>,
    /// When a tenth was there, and how many that were.
    pub(super) tenth: Option<(Instant, u64)>,
    pub(super) bytes: u64,
}

impl Heard {
    fn nothing(expected: Expected) -> Self {
        Self {
            expected,
            seen: vec![false; expected.count as usize],
            count: 0,
            latency: histogram(),
            first_at: None,
            last_at: None,
            tenth: None,
            bytes: 0,
        }
    }

    fn note(&mut self, number: u64, bytes: usize, now: Instant) {
        let Some(index) = number.checked_sub(self.expected.first) else { return };
        let Some(seen) = self.seen.get_mut(index as usize) else { return };
        if std::mem::replace(seen, true) {
            return;
        }
        self.count += 1;
        self.bytes += bytes as u64;
        self.first_at.get_or_insert(now);
        self.last_at = Some(now);
        if self.count * 10 >= self.expected.count {
            self.tenth.get_or_insert((now, self.count));
        }
        if let Some((start, interval)) = self.expected.pace
            && number >= self.expected.measured_from
        {
            let due = start + interval.mul_f64(index as f64);
            let took = now.saturating_duration_since(due).as_micros() as u64;
            self.latency.saturating_record(took.max(1));
        }
    }

    fn is_whole(&self) -> bool {
        self.count == self.expected.count
    }
}

/// A consumer of a contestant's outbox.
pub(super) struct Ear {
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    heard: Mutex<Heard>,
    whole: Notify,
}

impl Ear {
    pub(super) async fn open(connection: &Connection, queue: &str) -> Result<Self, BenchError> {
        let channel = connection.create_channel().await?;
        let consumer = channel
            .basic_consume(
                ShortString::try_new(queue).unwrap_or_default(),
                ShortString::default(),
                BasicConsumeOptions { no_local: false, no_ack: true, exclusive: false, nowait: false },
                FieldTable::default(),
            )
            .await?;
        let nothing = Expected { first: 0, count: 0, pace: None, measured_from: 0 };
        let shared = Arc::new(Shared { heard: Mutex::new(Heard::nothing(nothing)), whole: Notify::new() });
        let task = tokio::spawn(listen(consumer, Arc::clone(&shared)));
        Ok(Self { shared, task })
    }

    /// From now on listens for these.
    pub(super) fn expect(&self, expected: Expected) {
        *self.shared.heard() = Heard::nothing(expected);
    }

    /// Waits until all came, or until nothing came for so long. Hands over what was heard.
    pub(super) async fn hear(&self, patience: Duration) -> Heard {
        let mut count = 0;
        loop {
            let waited = tokio::time::timeout(patience, self.shared.whole.notified()).await;
            let mut heard = self.shared.heard();
            if heard.is_whole() || (waited.is_err() && heard.count == count) {
                let nothing = Heard::nothing(Expected { count: 0, ..heard.expected });
                return std::mem::replace(&mut heard, nothing);
            }
            count = heard.count;
        }
    }

    /// How many came so far.
    pub(super) fn count(&self) -> u64 {
        self.shared.heard().count
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn listen(mut consumer: Consumer, shared: Arc<Shared>) {
    while let Some(Ok(delivery)) = consumer.next().await {
        let now = Instant::now();
        let number = delivery.properties.correlation_id().as_ref().and_then(|id| id.as_str().parse().ok());
        let mut heard = shared.heard();
        if let Some(number) = number {
            heard.note(number, delivery.data.len(), now);
        }
        if heard.is_whole() {
            shared.whole.notify_one();
        }
    }
}
