//! The way of what fell out of the sieve: one letter after the other, on a connection that is there while it is needed.
//!
//! It belongs to one consuming channel and ends with it: what it had not told by then is unacknowledged, and comes again.

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::warn;

use super::connection::Purpose;
use super::publisher::AmqpPublisher;
use crate::broker::error::{PublishCause, TransportError};
use crate::broker::message::Publication;
use crate::broker::options::BrokerOptions;
use crate::broker::status::{LinkState, Observer, StatusCell};
use crate::broker::transport::Publish;

/// With nothing to send for so long the connection is closed: such letters come in bursts, or never again.
const IDLE: Duration = Duration::from_secs(10);

/// The hand on the task. Dropped, it ends the task, and with it the connection.
pub(super) struct Apart {
    letters: mpsc::Sender<(u64, Publication)>,
    sent: mpsc::Receiver<u64>,
    task: JoinHandle<()>,
}

impl Apart {
    pub(super) fn start(options: &Arc<BrokerOptions>, status: &StatusCell, observer: &Arc<dyn Observer>) -> Self {
        // As many as the broker sends ahead: none waits here, and none is refused.
        let room = usize::from(options.prefetch_bounded());
        let (letters, taken) = mpsc::channel(room);
        let (sent_tx, sent) = mpsc::channel(room);
        // A status of its own: that a letter waits is no reason to take no tickets.
        let (own, _) = StatusCell::new(LinkState::Connecting);
        let publisher =
            AmqpPublisher::unconnected(Arc::clone(options), Purpose::PublishApart, own, Arc::clone(observer));
        let carrier = Carrier { publisher, taken, sent: sent_tx, status: status.clone() };
        Self { letters, sent, task: tokio::spawn(carrier.run()) }
    }

    /// Sends a delivery of that tag on its way.
    pub(super) fn send(&self, tag: u64, letter: Publication) {
        // There is room for all that are unacknowledged. A task that has ended has said why, and the process ends.
        drop(self.letters.try_send((tag, letter)));
    }

    /// The tag of the next that the broker has confirmed. Waits for ever where there is none. Cancel safe.
    pub(super) async fn settled(apart: &mut Option<Self>) -> u64 {
        if let Some(apart) = apart
            && let Some(tag) = apart.sent.recv().await
        {
            return tag;
        }
        std::future::pending().await
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Carrier {
    publisher: AmqpPublisher,
    taken: mpsc::Receiver<(u64, Publication)>,
    sent: mpsc::Sender<u64>,
    /// Of the whole transport, for what only a person can change.
    status: StatusCell,
}

impl Carrier {
    async fn run(mut self) {
        loop {
            let next = if let Ok(next) = timeout(IDLE, self.taken.recv()).await {
                next
            } else {
                self.publisher.close().await;
                self.taken.recv().await
            };
            let Some((tag, letter)) = next else { return };
            if let Err(fatal) = self.send(&letter).await {
                self.status.set_publishing(LinkState::Failed(fatal));
                return;
            }
            if self.sent.send(tag).await.is_err() {
                return;
            }
        }
    }

    /// Tries until the broker has it; each try pauses first, ever longer.
    async fn send(&mut self, letter: &Publication) -> Result<(), TransportError> {
        loop {
            match self.publisher.publish_window(slice::from_ref(letter)).await {
                Ok(_) => return Ok(()),
                Err(error) => match error.cause {
                    PublishCause::Fatal(fatal) => return Err(fatal),
                    cause => warn!(%cause, "a dead letter was not taken; it is sent again"),
                },
            }
        }
    }
}
