//! What the daemon asks of a transport, whichever it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};

use super::error::PublishError;
use super::message::{Delivery, DeliveryToken, Publication};
use super::status::Status;

/// A transport that has been started: its ends, to be handed to whoever needs which.
pub struct Link {
    /// What comes in.
    pub deliveries: Deliveries,
    /// Acknowledges it, and ends it.
    pub intake: Arc<dyn Intake>,
    /// Takes out what the outbox holds.
    pub publisher: Box<dyn Publish>,
    /// How both are.
    pub status: watch::Receiver<Status>,
}

/// The bounded way in. Ends (`None`) after [`Intake::stop`], or when the transport has failed for good (see
/// [`Status::failure`]).
///
/// Deliveries of a channel that is gone are left out: the broker sends them again on the next one, and what has no id
/// could not be told from a new event.
#[derive(Debug)]
pub struct Deliveries {
    rx: mpsc::Receiver<Delivery>,
    epoch: Arc<AtomicU64>,
}

impl Deliveries {
    /// What a transport puts into that channel, as long as its epoch is this one.
    #[must_use]
    pub fn new(rx: mpsc::Receiver<Delivery>, epoch: Arc<AtomicU64>) -> Self {
        Self { rx, epoch }
    }

    /// The next one. Cancel safe.
    pub async fn recv(&mut self) -> Option<Delivery> {
        loop {
            let delivery = self.rx.recv().await?;
            if self.is_current(&delivery) {
                return Some(delivery);
            }
        }
    }

    /// The next one, from a thread outside the runtime.
    pub fn blocking_recv(&mut self) -> Option<Delivery> {
        loop {
            let delivery = self.rx.blocking_recv()?;
            if self.is_current(&delivery) {
                return Some(delivery);
            }
        }
    }

    /// The next one if it is there already.
    pub fn try_recv(&mut self) -> Result<Delivery, mpsc::error::TryRecvError> {
        loop {
            let delivery = self.rx.try_recv()?;
            if self.is_current(&delivery) {
                return Ok(delivery);
            }
        }
    }

    fn is_current(&self, delivery: &Delivery) -> bool {
        delivery.token.epoch == self.epoch.load(Ordering::Acquire)
    }
}

/// How many deliveries may be under way at a time, as the daemon wishes while it runs. The transport follows a change of
/// the wish by a new channel, in an epoch of its own: nothing more is asked for on the old one, and what came is handed
/// out, waited for and acknowledged. So nothing is lost, nothing is done twice, and all stays in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefetch {
    /// As configured.
    Full,
    /// No more than so many, and no more than configured.
    AtMost(u16),
}

impl Prefetch {
    /// A wish that never changes.
    #[must_use]
    pub fn always_full() -> watch::Receiver<Self> {
        watch::channel(Self::Full).1
    }

    /// What is wished, where so many are configured.
    #[must_use]
    pub fn of(self, configured: u16) -> u16 {
        match self {
            Self::Full => configured,
            Self::AtMost(count) => count.clamp(1, configured),
        }
    }
}

/// The hand on the inbox. Legal order: any number of [`settle`](Self::settle), then [`stop`](Self::stop), the rest of the
/// `settle`s, then [`close`](Self::close).
pub trait Intake: Send + Sync + 'static {
    /// This delivery *and all before it in its epoch* are durable, with all that follows from them: acknowledge them.
    /// Never blocks; a token of an epoch that is over does nothing.
    fn settle(&self, token: DeliveryToken);

    /// Take no more. Resolves once nothing more comes in; what had come is still handed out before [`Deliveries`] ends, so
    /// keep receiving meanwhile.
    fn stop(&self) -> BoxFuture<'static, ()>;

    /// Acknowledge what is settled, and close. What is not settled, the broker will hand out again. Bounded in time.
    fn close(&self) -> BoxFuture<'static, ()>;
}

/// The way out. Publications are under way side by side, persistent and mandatory, and are confirmed from the front.
///
/// Legal order: [`ready`](Self::ready); then [`send`](Self::send) and [`confirmed`](Self::confirmed) as often as there is
/// something; after an error `ready` again.
pub trait Publish: Send + 'static {
    /// Sees to it that there is a connection. One try; after a failure the next one first pauses, ever longer. What is
    /// under way still, is given up.
    fn ready(&mut self) -> BoxFuture<'_, Result<(), PublishError>>;

    /// Sends these in order, behind what is under way. Does not wait.
    fn send(&mut self, publications: &[Arc<Publication>]);

    /// Waits until the broker has confirmed one or more of the oldest. While the broker is blocked this waits without end,
    /// and so it does with nothing under way. Cancel safe.
    ///
    /// # Errors
    /// Why the oldest was not confirmed. Then nothing is under way any more, and all that was has to be sent again, under
    /// the same ids.
    fn confirmed(&mut self) -> BoxFuture<'_, Result<Confirmed, PublishError>>;

    /// Publishes these in order, and waits until the broker has confirmed every one.
    ///
    /// So a caller's loop is: call, move on by `confirmed`, call again with what is left, without end. Dropping the future
    /// is safe: what was under way counts as not sent, and will arrive under the same id again.
    fn publish_window<'a>(
        &'a mut self,
        window: &'a [Publication],
    ) -> BoxFuture<'a, Result<WindowReport, PublishError>> {
        let publish = async move {
            self.ready().await?;
            let window: Vec<Arc<Publication>> = window.iter().cloned().map(Arc::new).collect();
            self.send(&window);
            let (mut count, mut let_go) = (0, 0);
            while count < window.len() {
                let confirmed = self.confirmed().await.map_err(|error| {
                    let PublishError { confirmed, cause } = error;
                    PublishError { confirmed: count + confirmed, cause }
                })?;
                count += confirmed.count;
                let_go += confirmed.let_go;
            }
            Ok(WindowReport { let_go })
        };
        Box::pin(publish)
    }

    /// Keep the connection up while there is nothing to publish. Never resolves; drop it when there is.
    fn tend(&mut self) -> BoxFuture<'_, ()>;

    /// Close the connection. Bounded in time.
    fn close(&mut self) -> BoxFuture<'_, ()>;
}

/// How many of the oldest publications are done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Confirmed {
    /// All of them.
    pub count: usize,
    /// Those that came back because nobody asked for them (see [`Publication::must_be_routed`]).
    pub let_go: usize,
}

/// That a whole window is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WindowReport {
    /// How many came back because nobody asked for them (see [`Publication::must_be_routed`]).
    pub let_go: usize,
}
