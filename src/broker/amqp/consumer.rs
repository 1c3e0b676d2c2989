//! The way in: consumes the inbox, acknowledges what is settled, and starts over when the connection is lost.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt};
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Consumer};
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use super::apart::Apart;
use super::backoff::Backoff;
use super::connection::{Connected, Purpose};
use super::fault::Fault;
use super::ledger::{Ledger, Settled};
use super::topology::{self, Names};
use super::{Moment, within};
use crate::broker::message::{Delivery, DeliveryToken};
use crate::broker::options::{BrokerOptions, Sifted};
use crate::broker::properties::Properties;
use crate::broker::status::{LinkState, Observer, StatusCell};
use crate::broker::transport::{Deliveries, Intake};
use crate::kill_point::kill_point;

/// A channel that consumes the inbox.
pub(super) struct Consuming {
    connected: Connected,
    channel: Channel,
    consumer: Consumer,
}

/// Connects, sees to the objects, and starts to consume: in this order, anew each time.
pub(super) async fn open(options: &BrokerOptions) -> Result<Consuming, Fault> {
    let bound = options.request_timeout;
    let connected = Connected::open(options, Purpose::Consume).await?;
    topology::ensure(&connected, options).await?;
    kill_point!(Declared);
    let channel = connected.channel().await?;
    let qos = channel.basic_qos(options.prefetch_bounded(), BasicQosOptions { global: false });
    within(bound, "set the prefetch", qos).await?;
    let inbox = Names::new(&options.prefix).inbox;
    let consume = channel.basic_consume(
        ShortString::try_new(inbox).unwrap_or_default(),
        ShortString::default(),
        BasicConsumeOptions { no_local: false, no_ack: false, exclusive: false, nowait: false },
        FieldTable::default(),
    );
    let consumer = within(bound, "consume", consume).await?;
    Ok(Consuming { connected, channel, consumer })
}

/// Hands the open channel to a task that keeps it up.
pub(super) fn start(
    options: Arc<BrokerOptions>,
    consuming: Consuming,
    status: StatusCell,
    observer: Arc<dyn Observer>,
) -> (Deliveries, AmqpIntake) {
    // As many as the broker sends ahead: what has been received never waits in the connection.
    let (deliveries_tx, deliveries_rx) = mpsc::channel(usize::from(options.prefetch_bounded()));
    let (settled_tx, settled) = watch::channel(DeliveryToken { epoch: 0, tag: 0 });
    let (wanted_tx, wanted) = watch::channel(Stage::Running);
    let (reached, reached_rx) = watch::channel(Stage::Running);
    let epoch = Arc::new(AtomicU64::new(0));
    // Here rather than when the task runs, so that whoever has the link finds it up.
    status.set_consuming(LinkState::Up);
    let supervisor = Supervisor {
        options,
        status,
        observer,
        deliveries: Some(deliveries_tx),
        settled,
        wanted,
        reached,
        epoch: Arc::clone(&epoch),
    };
    tokio::spawn(supervisor.run(consuming));
    let intake = AmqpIntake { settled: settled_tx, wanted: wanted_tx, reached: reached_rx };
    (Deliveries::new(deliveries_rx, epoch), intake)
}

/// How far the end has come. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    Stopped,
    Closed,
}

/// The daemon's hand on the task.
pub(super) struct AmqpIntake {
    settled: watch::Sender<DeliveryToken>,
    wanted: watch::Sender<Stage>,
    reached: watch::Receiver<Stage>,
}

impl AmqpIntake {
    fn go(&self, stage: Stage) -> BoxFuture<'static, ()> {
        self.wanted.send_if_modified(|wanted| {
            let further = *wanted < stage;
            *wanted = stage.max(*wanted);
            further
        });
        let mut reached = self.reached.clone();
        // An error means that the task is gone, and with it the connection: as far as it goes.
        async move { drop(reached.wait_for(|reached| *reached >= stage).await) }.boxed()
    }
}

impl Intake for AmqpIntake {
    fn settle(&self, token: DeliveryToken) {
        self.settled.send_if_modified(|settled| {
            let further = *settled < token;
            *settled = token.max(*settled);
            further
        });
    }

    fn stop(&self) -> BoxFuture<'static, ()> {
        self.go(Stage::Stopped)
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        self.go(Stage::Closed)
    }
}

/// Keeps a consumer up until it is told to close.
struct Supervisor {
    options: Arc<BrokerOptions>,
    status: StatusCell,
    observer: Arc<dyn Observer>,
    /// Dropped once nothing more comes.
    deliveries: Option<mpsc::Sender<Delivery>>,
    settled: watch::Receiver<DeliveryToken>,
    wanted: watch::Receiver<Stage>,
    reached: watch::Sender<Stage>,
    epoch: Arc<AtomicU64>,
}

impl Supervisor {
    async fn run(mut self, first: Consuming) {
        let mut consuming = Some(first);
        while let Some(open) = consuming.take() {
            let Err(fault) = self.serve(open).await else { break };
            // From here on what came in on that channel is nobody's: the broker hands it out again.
            self.epoch.fetch_add(1, Ordering::AcqRel);
            consuming = self.rebuild(fault).await;
        }
        self.deliveries = None;
        self.reached.send_replace(Stage::Closed);
    }

    /// Serves one channel. `Ok` once it is closed because we were told to.
    async fn serve(&mut self, consuming: Consuming) -> Result<(), Fault> {
        let Consuming { connected, channel, consumer } = consuming;
        let epoch = self.epoch.load(Ordering::Acquire) + 1;
        self.epoch.store(epoch, Ordering::Release);
        self.status.set_consuming(LinkState::Up);
        let bound = self.options.request_timeout;
        let mut served = Served { channel, consumer, ledger: Ledger::new(epoch), held: None, apart: None, bound };
        while self.step(&mut served).await?.is_continue() {}
        let settled = *self.settled.borrow_and_update();
        served.acknowledge(settled).await?;
        served.finish_apart().await?;
        connected.close().await?;
        self.status.set_consuming(LinkState::Closed);
        Ok(())
    }

    /// Does whatever comes first. Breaks when it is time to close.
    async fn step(&mut self, served: &mut Served) -> Result<ControlFlow<()>, Fault> {
        match self.next(served).await {
            Next::Wanted(Stage::Running) | Next::HandedOver => {}
            Next::Wanted(Stage::Stopped) => served.cancel().await?,
            Next::Wanted(Stage::Closed) | Next::Unwanted => return Ok(ControlFlow::Break(())),
            Next::Settled(token) => served.acknowledge(token).await?,
            Next::SettledApart(tag) => served.acknowledge_apart(tag).await?,
            Next::Received(Some(Ok(delivery))) => self.sift(*delivery, served),
            Next::Received(Some(Err(error))) => return Err(Fault::from_lapin("consume", error)),
            Next::Received(None) if *self.wanted.borrow() == Stage::Running => return Err(Fault::ConsumerCancelled),
            // Cancelled by us, and all that had been sent is handed out.
            Next::Received(None) => {
                self.deliveries = None;
                self.reached.send_replace(Stage::Stopped);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// A delivery goes to the daemon, or apart.
    fn sift(&self, delivery: lapin::message::Delivery, served: &mut Served) {
        let delivery = served.take_in(delivery);
        let token = delivery.token;
        match (self.options.sieve)(delivery) {
            Sifted::Passed(delivery) => served.held = Some(delivery),
            Sifted::Apart(letter) => {
                self.observer.set_apart(&letter);
                served.ledger.set_apart(token);
                let start = || Apart::start(&self.options, &self.status, &self.observer);
                served.apart.get_or_insert_with(start).send(token.tag, letter);
            }
        }
    }

    async fn next(&mut self, served: &mut Served) -> Next {
        let Some(deliveries) = &self.deliveries else {
            return tokio::select! {
                changed = self.wanted.changed() => wanted_now(changed, &mut self.wanted),
                Ok(()) = self.settled.changed() => Next::Settled(*self.settled.borrow_and_update()),
                tag = Apart::settled(&mut served.apart) => Next::SettledApart(tag),
            };
        };
        let waiting = served.held.is_some();
        tokio::select! {
            biased;
            changed = self.wanted.changed() => wanted_now(changed, &mut self.wanted),
            Ok(()) = self.settled.changed() => Next::Settled(*self.settled.borrow_and_update()),
            tag = Apart::settled(&mut served.apart) => Next::SettledApart(tag),
            room = deliveries.reserve(), if waiting => match (room, served.held.take()) {
                (Ok(room), Some(delivery)) => {
                    room.send(delivery);
                    Next::HandedOver
                }
                _ => Next::Unwanted,
            },
            received = served.consumer.next(), if !waiting => {
                Next::Received(received.map(|delivery| delivery.map(Box::new)))
            }
        }
    }

    /// Pauses and tries, until there is a consumer again. `None` where there shall be none.
    async fn rebuild(&mut self, fault: Fault) -> Option<Consuming> {
        let mut backoff = Backoff::new(self.options.reconnect_min, self.options.reconnect_max);
        let mut fault = fault;
        loop {
            match fault.into_fatal(Moment::Later, &self.options) {
                Ok(fatal) => {
                    self.status.set_consuming(LinkState::Failed(fatal));
                    return None;
                }
                Err(reason) => {
                    warn!(reason, "lost the connection that consumes");
                    self.status.set_consuming(LinkState::Down { reason });
                }
            }
            let pause = backoff.next_pause();
            let options = Arc::clone(&self.options);
            tokio::select! {
                // Stopping while there is no connection: nothing is under way here, and all else comes again.
                _ = self.wanted.wait_for(|wanted| *wanted > Stage::Running) => {
                    self.status.set_consuming(LinkState::Closed);
                    return None;
                }
                opened = async { tokio::time::sleep(pause).await; open(&options).await } => match opened {
                    Ok(consuming) => {
                        info!("consuming again");
                        self.observer.reconnected();
                        return Some(consuming);
                    }
                    Err(again) => fault = again,
                },
            }
        }
    }
}

/// What came first.
enum Next {
    Wanted(Stage),
    Settled(DeliveryToken),
    /// One that was set apart is where it belongs.
    SettledApart(u64),
    /// What was held is on its way to the daemon.
    HandedOver,
    /// Nobody receives any more.
    Unwanted,
    Received(Option<lapin::Result<Box<lapin::message::Delivery>>>),
}

/// An intake that is gone settles and stops nothing any more, which is as good as a close.
fn wanted_now(changed: Result<(), watch::error::RecvError>, wanted: &mut watch::Receiver<Stage>) -> Next {
    Next::Wanted(changed.map_or(Stage::Closed, |()| *wanted.borrow_and_update()))
}

/// One channel while it is served.
struct Served {
    channel: Channel,
    consumer: Consumer,
    ledger: Ledger,
    /// Received, and waiting for room on its way to the daemon.
    held: Option<Delivery>,
    /// The way of what was set apart, from the first on.
    apart: Option<Apart>,
    bound: Duration,
}

impl Served {
    fn take_in(&mut self, delivery: lapin::message::Delivery) -> Delivery {
        Delivery {
            token: self.ledger.hand_out(delivery.delivery_tag),
            routing_key: delivery.routing_key.into(),
            properties: Properties::from(delivery.properties).without_delivery_count(),
            body: delivery.data,
            redelivered: delivery.redelivered,
            received_at: Instant::now(),
        }
    }

    async fn acknowledge(&mut self, token: DeliveryToken) -> Result<(), Fault> {
        match self.ledger.settle(token) {
            None => {}
            Some(Settled::Through(tag)) => self.send(tag, BasicAckOptions { multiple: true }).await?,
            Some(Settled::Each(tags)) => {
                for tag in tags {
                    self.send(tag, BasicAckOptions { multiple: false }).await?;
                }
            }
        }
        Ok(())
    }

    async fn acknowledge_apart(&mut self, tag: u64) -> Result<(), Fault> {
        if self.ledger.settle_apart(tag) {
            self.send(tag, BasicAckOptions { multiple: false }).await?;
        }
        Ok(())
    }

    /// Sends an acknowledgement.
    async fn send(&mut self, tag: u64, options: BasicAckOptions) -> Result<(), Fault> {
        let ack = self.channel.basic_ack(tag, options);
        // `false` says that the channel is gone, which the consumer's stream is about to say with its reason.
        within(self.bound, "acknowledge", ack).await.map(drop)
    }

    /// At the end: what is on its way apart has a last chance. What does not arrive in time, the broker hands out again.
    async fn finish_apart(&mut self) -> Result<(), Fault> {
        let deadline = tokio::time::Instant::now() + self.bound;
        while self.ledger.apart_count() > 0 {
            let settled = Apart::settled(&mut self.apart);
            let Ok(tag) = tokio::time::timeout_at(deadline, settled).await else { break };
            self.acknowledge_apart(tag).await?;
        }
        Ok(())
    }

    async fn cancel(&mut self) -> Result<(), Fault> {
        let cancel = self.channel.basic_cancel(self.consumer.tag(), BasicCancelOptions { nowait: false });
        within(self.bound, "cancel the consumer", cancel).await
    }
}
