//! The transport that is a RabbitMQ.

mod allowance;
mod apart;
mod backoff;
mod caretaker;
mod connection;
mod consumer;
mod fault;
mod flight;
mod frames;
mod inflow;
mod ledger;
mod publisher;
mod runtime;
mod served;
mod tap;
mod topology;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;
use tracing::warn;

use self::backoff::Backoff;
use self::connection::Purpose;
use self::fault::Fault;
use super::error::TransportError;
use super::options::{BrokerOptions, TopologyMode};
use super::status::{LinkState, Observer, StatusCell};
use super::transport::{Link, Prefetch, Publish};

pub use tap::{Tap, Tapped, connect_tap};

/// Reaches the broker within `connect_timeout`, sees to its objects, starts to consume, and keeps it all up from then on.
///
/// Must be called within a tokio runtime; what it starts lives there.
///
/// # Errors
/// A broker that can't be reached in time, or whose answer only a person can change. Once this has succeeded, a broker
/// that goes away is waited for without end; what can't be waited out shows as [`LinkState::Failed`].
pub async fn connect(
    options: BrokerOptions,
    observer: Arc<dyn Observer>,
    prefetch: watch::Receiver<Prefetch>,
) -> Result<Link, TransportError> {
    let (status, watched) = StatusCell::new(LinkState::Connecting);
    let options = Arc::new(options);
    let wished = *prefetch.borrow();
    let (consumer, publisher) = first_connections(&options, wished).await?;
    let publisher =
        publisher::AmqpPublisher::new(Arc::clone(&options), publisher, status.clone(), Arc::clone(&observer));
    let (deliveries, intake) = consumer::start(options, consumer, status, observer, prefetch);
    Ok(Link { deliveries, intake: Arc::new(intake), publisher: Box::new(publisher), status: watched })
}

/// A publisher alone, for commands that only speak. The objects must be there already.
///
/// # Errors
/// As [`connect`].
pub async fn connect_publisher(options: BrokerOptions) -> Result<Box<dyn Publish>, TransportError> {
    let (status, _) = StatusCell::new(LinkState::Connecting);
    // Whoever only speaks makes nothing, also when the connection is lost.
    let options = Arc::new(BrokerOptions { topology: TopologyMode::Check, ..options });
    let connection = persist(&options, || publisher::open(&options, Purpose::Publish)).await?;
    Ok(Box::new(publisher::AmqpPublisher::new(options, connection, status, Arc::new(super::status::Unobserved))))
}

/// Makes the daemon's objects and nothing else, for whoever measures on them.
///
/// # Errors
/// As [`connect`].
pub async fn declare(options: &BrokerOptions) -> Result<(), TransportError> {
    let make = || async {
        let connected = connection::Connected::open(options, Purpose::Publish).await?;
        topology::ensure(&connected, options, topology::InboxForm::default()).await?;
        connected.close().await
    };
    persist(options, make).await
}

async fn first_connections(
    options: &Arc<BrokerOptions>,
    prefetch: Prefetch,
) -> Result<(consumer::Consuming, publisher::Publishing), TransportError> {
    let consuming = persist(options, || consumer::open(options, prefetch)).await?;
    let publishing = persist(options, || publisher::open(options, Purpose::Publish)).await?;
    Ok((consuming, publishing))
}

/// Tries until it works, says that it can't, or `connect_timeout` is over.
async fn persist<T, F: Future<Output = Result<T, Fault>>>(
    options: &BrokerOptions,
    attempt: impl Fn() -> F,
) -> Result<T, TransportError> {
    let give_up_at = Instant::now() + options.connect_timeout;
    let mut backoff = Backoff::new(options.reconnect_min, options.reconnect_max);
    let mut last = "no answer".to_owned();
    loop {
        let left = give_up_at.saturating_duration_since(Instant::now());
        match timeout(left, attempt()).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(fault)) => match fault.into_fatal(Moment::Start, options) {
                Ok(fatal) => return Err(fatal),
                Err(reason) => last = reason,
            },
            Err(_) => {}
        }
        let left = give_up_at.saturating_duration_since(Instant::now());
        if left <= options.reconnect_min {
            return Err(TransportError::Unreachable {
                endpoint: options.uri.to_string(),
                waited: options.connect_timeout,
                reason: last,
            });
        }
        warn!(reason = last, left_s = left.as_secs(), "no broker yet");
        // Cut short where time is: a broker that comes late is found by a last try.
        let pause = backoff.next_pause().min(left.saturating_sub(options.reconnect_min));
        tokio::time::sleep(pause).await;
    }
}

/// When a fault happened: a refusal is an answer at the start, and a passing state of the broker later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Start,
    Later,
}

/// Never wait for the broker without a bound.
async fn within<T>(
    bound: Duration,
    what: &'static str,
    future: impl Future<Output = lapin::Result<T>>,
) -> Result<T, Fault> {
    match timeout(bound, future).await {
        Ok(result) => result.map_err(|error| Fault::from_lapin(what, error)),
        Err(_) => Err(Fault::Timeout { what, bound }),
    }
}
