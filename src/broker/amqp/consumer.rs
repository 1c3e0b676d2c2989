//! The way in: consumes the inbox, acknowledges what is settled, and starts over when the connection is lost, or when
//! another prefetch is wished.
//!
//! Nothing is ever refused, and no consumer cancelled while anything may be on its way to it: a quorum queue puts what it
//! gets back so behind everything else, and a ticket's events would be heard out of their order. What it gets back because
//! a connection is closed stands in its old place, but may stand there too late for a consumer that comes at once.

use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt};
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Consumer};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tracing::{info, warn};

use super::apart::Apart;
use super::backoff::Backoff;
use super::caretaker::Caretaker;
use super::connection::{Connected, Purpose};
use super::fault::Fault;
use super::served::{Served, to_acknowledge};
use super::topology::{self, Inbox, InboxForm, Names};
use super::{Moment, within};
use crate::broker::message::{Delivery, DeliveryToken};
use crate::broker::options::{BrokerOptions, Sifted};
use crate::broker::status::{LinkState, Observer, StatusCell};
use crate::broker::transport::{Deliveries, Intake, Prefetch};
use crate::kill_point::kill_point;

/// How long another connection is tried for before the daemon counts as not consuming.
const RENEWAL_MAX: Duration = Duration::from_secs(1);

/// Where nothing is acknowledged and nothing comes for so long, nothing is on its way.
const QUIET: Duration = Duration::from_millis(50);

/// A channel that consumes the inbox.
pub(super) struct Consuming {
    connected: Connected,
    channel: Channel,
    consumer: Consumer,
    prefetch: Prefetch,
    /// As it was before we consumed it.
    inbox: Inbox,
}

/// Connects, sees to the objects, and starts to consume: in this order, anew each time.
pub(super) async fn open(options: &BrokerOptions, prefetch: Prefetch) -> Result<Consuming, Fault> {
    let bound = options.request_timeout;
    let connected = Connected::open(options, Purpose::Consume).await?;
    let inbox = topology::ensure(&connected, options, InboxForm::default()).await?;
    kill_point!(Declared);
    let channel = connected.channel().await?;
    let qos = channel.basic_qos(prefetch.of(options.prefetch_bounded()), BasicQosOptions { global: false });
    within(bound, "set the prefetch", qos).await?;
    let consume = channel.basic_consume(
        ShortString::try_new(Names::new(&options.prefix).inbox).unwrap_or_default(),
        ShortString::default(),
        BasicConsumeOptions { no_local: false, no_ack: false, exclusive: false, nowait: false },
        FieldTable::default(),
    );
    let consumer = within(bound, "consume", consume).await?;
    Ok(Consuming { connected, channel, consumer, prefetch, inbox })
}

/// Hands the open channel to a task that keeps it up.
pub(super) fn start(
    options: Arc<BrokerOptions>,
    consuming: Consuming,
    status: StatusCell,
    observer: Arc<dyn Observer>,
    prefetch: watch::Receiver<Prefetch>,
) -> (Deliveries, AmqpIntake) {
    // As many as the broker sends ahead: what has been received never waits in the connection.
    let (deliveries_tx, deliveries_rx) = mpsc::channel(usize::from(options.prefetch_bounded()));
    let (settled_tx, settled) = watch::channel(DeliveryToken { epoch: 0, tag: 0 });
    let (wanted_tx, wanted) = watch::channel(Stage::Running);
    let (reached, reached_rx) = watch::channel(Stage::Running);
    let epoch = Arc::new(AtomicU64::new(0));
    // Here rather than when the task runs, so that whoever has the link finds it up.
    status.set_consuming(LinkState::Up);
    let caretaker = Caretaker::new(Arc::clone(&options), Arc::clone(&observer));
    let supervisor = Supervisor {
        options,
        status,
        observer,
        deliveries: Some(deliveries_tx),
        settled,
        wanted,
        reached,
        epoch: Arc::clone(&epoch),
        prefetch,
    };
    tokio::spawn(supervisor.run(consuming, caretaker));
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
    prefetch: watch::Receiver<Prefetch>,
}

/// How a channel came to its end in good order.
enum Ended {
    Closed,
    ToBeRenewed,
}

impl Supervisor {
    async fn run(mut self, first: Consuming, mut caretaker: Caretaker) {
        let mut consuming = Some(first);
        while let Some(open) = consuming.take() {
            consuming = match self.serve(open, &mut caretaker).await {
                Ok(Ended::Closed) => break,
                Ok(Ended::ToBeRenewed) => self.renew().await,
                Err(fault) => {
                    // From here on what came in on that channel is nobody's: the broker hands it out again.
                    self.epoch.fetch_add(1, Ordering::AcqRel);
                    self.rebuild(fault).await
                }
            };
        }
        self.deliveries = None;
        self.reached.send_replace(Stage::Closed);
    }

    /// Serves one channel, until it is closed because we were told to, or given up for one with another prefetch.
    async fn serve(&mut self, consuming: Consuming, caretaker: &mut Caretaker) -> Result<Ended, Fault> {
        let Consuming { connected, channel, consumer, prefetch, inbox } = consuming;
        let epoch = self.epoch.load(Ordering::Acquire) + 1;
        self.epoch.store(epoch, Ordering::Release);
        self.status.set_consuming(LinkState::Up);
        let bound = self.options.request_timeout;
        let prefetch_count = prefetch.of(self.options.prefetch_bounded());
        let allowance = Arc::clone(connected.allowance());
        let mut served = Served::new((channel, consumer, prefetch), prefetch_count, epoch, allowance, bound);
        caretaker.begin(inbox);
        let ended = {
            let mut looking = pin!(caretaker.look_after(&connected));
            loop {
                tokio::select! {
                    biased;
                    // A step that is cut off by it loses nothing: the connection goes with it.
                    fault = &mut looking => return Err(fault),
                    stepped = self.step(&mut served) => if let ControlFlow::Break(ended) = stepped? {
                        break ended;
                    },
                }
            }
        };
        match ended {
            Ended::Closed => {
                let settled = *self.settled.borrow_and_update();
                served.acknowledge(settled).await?;
                served.finish_apart().await?;
                connected.close().await?;
                self.status.set_consuming(LinkState::Closed);
            }
            Ended::ToBeRenewed => {
                // Where that takes too long it is as when a connection is lost: what is not acknowledged comes again.
                if let Ok(finished) = timeout(bound, self.finish(&mut served)).await {
                    finished?;
                }
                self.epoch.fetch_add(1, Ordering::AcqRel);
                connected.close().await?;
            }
        }
        Ok(ended)
    }

    /// Comes to an end with a channel: it acknowledges nothing until nothing more can come, cancels the consumer, and waits
    /// until all that came is settled. Then nothing is left to come again.
    async fn finish(&mut self, served: &mut Served) -> Result<(), Fault> {
        let Some(deliveries) = self.deliveries.clone() else { return Ok(()) };
        loop {
            if let Some(delivery) = served.held.take() {
                // Nobody receives any more where this fails, and then nothing is waited for either.
                drop(deliveries.send(delivery).await);
            }
            if served.is_full() {
                break;
            }
            match timeout(QUIET, served.consumer.next()).await {
                Ok(Some(Ok(delivery))) => self.sift(delivery, served),
                Ok(Some(Err(error))) => return Err(Fault::from_lapin("consume", error)),
                Ok(None) => return Err(Fault::ConsumerCancelled),
                Err(_) => break,
            }
        }
        served.cancel().await?;
        while let Some(delivery) = self.take_what_is_there(served) {
            drop(deliveries.send(delivery).await);
        }
        let newest = served.ledger.newest();
        // The sender lives as long as somebody settles.
        drop(self.settled.wait_for(|settled| newest.tag == 0 || *settled >= newest).await);
        let settled = *self.settled.borrow_and_update();
        served.acknowledge(settled).await?;
        served.finish_apart().await
    }

    /// The channel was given up for one with another prefetch.
    async fn renew(&mut self) -> Option<Consuming> {
        let prefetch = *self.prefetch.borrow_and_update();
        let what = "consume with another prefetch";
        let opened = timeout(RENEWAL_MAX, open(&self.options, prefetch)).await;
        match opened.unwrap_or(Err(Fault::Timeout { what, bound: RENEWAL_MAX })) {
            Ok(consuming) => {
                info!(prefetch = prefetch.of(self.options.prefetch_bounded()), "consuming with another prefetch");
                Some(consuming)
            }
            Err(fault) => self.rebuild(fault).await,
        }
    }

    /// Does whatever comes first. Breaks when it is time to close.
    async fn step(&mut self, served: &mut Served) -> Result<ControlFlow<Ended>, Fault> {
        match self.next(served).await {
            Next::Wanted(Stage::Stopped) => self.stop(served),
            Next::Wanted(Stage::Closed) | Next::Unwanted => return Ok(ControlFlow::Break(Ended::Closed)),
            Next::Wished(prefetch) if prefetch != served.prefetch && self.is_wanted() => {
                return Ok(ControlFlow::Break(Ended::ToBeRenewed));
            }
            Next::Wanted(Stage::Running) | Next::HandedOver | Next::Wished(_) => {}
            Next::Settled(token) => served.settle(token).await?,
            Next::AcknowledgeDue(token) => served.acknowledge(token).await?,
            Next::SettledApart(tag) => served.acknowledge_apart(tag).await?,
            Next::Received(Some(Ok(delivery))) => self.sift(*delivery, served),
            Next::Received(Some(Err(error))) => return Err(Fault::from_lapin("consume", error)),
            Next::Received(None) => return Err(Fault::ConsumerCancelled),
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

    /// Whether nobody has told us to stop.
    fn is_wanted(&self) -> bool {
        *self.wanted.borrow() == Stage::Running
    }

    /// Hands out what has come, and nothing more. What comes from now on stays where it is, and is given back at the end.
    fn stop(&mut self, served: &mut Served) {
        if let Some(deliveries) = self.deliveries.take() {
            while let Some(delivery) = served.held.take().or_else(|| self.take_what_is_there(served)) {
                // There is room for all that can be under way; a fault is met when the channel is closed.
                if deliveries.try_send(delivery).is_err() {
                    break;
                }
            }
        }
        self.reached.send_replace(Stage::Stopped);
    }

    /// The next delivery for the daemon, where it has come already.
    fn take_what_is_there(&self, served: &mut Served) -> Option<Delivery> {
        while served.held.is_none() {
            let received = served.consumer.next().now_or_never()??.ok()?;
            self.sift(received, served);
        }
        served.held.take()
    }

    async fn next(&mut self, served: &mut Served) -> Next {
        let Some(deliveries) = &self.deliveries else {
            return tokio::select! {
                changed = self.wanted.changed() => wanted_now(changed, &mut self.wanted),
                Ok(()) = self.settled.changed() => Next::Settled(*self.settled.borrow_and_update()),
                token = to_acknowledge(served.settled) => Next::AcknowledgeDue(token),
                tag = Apart::settled(&mut served.apart) => Next::SettledApart(tag),
            };
        };
        let waiting = served.held.is_some();
        tokio::select! {
            biased;
            changed = self.wanted.changed() => wanted_now(changed, &mut self.wanted),
            Ok(()) = self.settled.changed() => Next::Settled(*self.settled.borrow_and_update()),
            token = to_acknowledge(served.settled) => Next::AcknowledgeDue(token),
            tag = Apart::settled(&mut served.apart) => Next::SettledApart(tag),
            Ok(()) = self.prefetch.changed() => Next::Wished(*self.prefetch.borrow_and_update()),
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
            let (options, prefetch) = (Arc::clone(&self.options), *self.prefetch.borrow());
            tokio::select! {
                // Stopping while there is no connection: nothing is under way here, and all else comes again.
                _ = self.wanted.wait_for(|wanted| *wanted > Stage::Running) => {
                    self.status.set_consuming(LinkState::Closed);
                    return None;
                }
                opened = async { tokio::time::sleep(pause).await; open(&options, prefetch).await } => match opened {
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
    /// What was settled has waited long enough for others.
    AcknowledgeDue(DeliveryToken),
    /// One that was set apart is where it belongs.
    SettledApart(u64),
    Wished(Prefetch),
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
