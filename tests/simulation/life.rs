//! One life of the daemon, as the world sees it: a connection, signals, and how it ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use rolecall::broker::{Delivery, DeliveryToken, LinkState, Status};
use rolecall::daemon::Signal;
use rolecall::http::Submitter;
use tokio::sync::{Notify, mpsc, watch};

/// The consuming side of the connection.
pub(crate) struct Consuming {
    pub(crate) deliveries: mpsc::Sender<Delivery>,
    pub(crate) is_up: bool,
    pub(crate) is_stopped: bool,
    /// How many may be under way.
    pub(crate) prefetch: usize,
    /// What the daemon wishes it to be from the next channel on.
    pub(crate) wished: Option<usize>,
    /// The number of the newest delivery on this channel.
    pub(crate) tag: u64,
}

pub(crate) struct Life {
    pub(crate) number: u64,
    running: bool,
    pub(crate) steps: u64,
    pub(crate) dies_at: Option<u64>,
    pub(crate) loses_power: bool,
    pub(crate) died: Arc<Notify>,
    pub(crate) consuming: Option<Consuming>,
    pub(crate) epoch: Arc<AtomicU64>,
    pub(crate) settled: DeliveryToken,
    pub(crate) status: watch::Sender<Status>,
    signals: Option<mpsc::UnboundedSender<Signal>>,
    /// Where events are submitted that come over HTTP.
    pub(crate) submitter: Option<Submitter>,
    /// The file that says how far the journal had come when this life began.
    pub(crate) mark_at_start: Option<Vec<u8>>,
    /// The file that counts deaths, when this life began.
    pub(crate) deaths_at_start: Option<Vec<u8>>,
    /// Whether it has its state back.
    pub(crate) has_recovered: bool,
    pub(crate) drain_asked_ms: Option<u64>,
    pub(crate) was_closed_whole: Option<bool>,
}

/// Hashes of live states by the number of their next event: what comes back from the journal is held against them.
pub(crate) type Hashes = HashMap<u64, u64>;

impl Life {
    pub(crate) fn new(number: u64) -> Self {
        let up = Status { consuming: LinkState::Up, publishing: LinkState::Up };
        Self {
            number,
            running: true,
            steps: 0,
            dies_at: None,
            loses_power: false,
            died: Arc::new(Notify::new()),
            consuming: None,
            epoch: Arc::new(AtomicU64::new(1)),
            settled: DeliveryToken { epoch: 0, tag: 0 },
            status: watch::Sender::new(up),
            signals: None,
            submitter: None,
            mark_at_start: None,
            deaths_at_start: None,
            has_recovered: false,
            drain_asked_ms: None,
            was_closed_whole: None,
        }
    }

    /// Before the first.
    pub(crate) fn none() -> Self {
        Self { running: false, ..Self::new(0) }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running
    }

    /// From now on whatever is left of it does nothing.
    pub(crate) fn end(&mut self) {
        self.running = false;
        self.consuming = None;
        self.submitter = None;
        self.died.notify_one();
    }

    pub(crate) fn stop_consuming(&mut self) {
        // What has been handed out is still received; then the deliveries end.
        if let Some(consuming) = &mut self.consuming {
            let (closed, _) = mpsc::channel(1);
            consuming.deliveries = closed;
            consuming.is_stopped = true;
        }
    }

    pub(crate) fn channel_is_up(&self) -> bool {
        self.consuming.as_ref().is_some_and(|consuming| consuming.is_up)
    }

    pub(crate) fn signals(&mut self) -> mpsc::UnboundedReceiver<Signal> {
        let (tx, rx) = mpsc::unbounded_channel();
        self.signals = Some(tx);
        rx
    }

    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(signals) = &self.signals {
            // A life that is about to end hears nothing more.
            let _ = signals.send(signal);
        }
    }
}
