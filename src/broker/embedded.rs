//! The transport that is no broker: a topic exchange in this process, for `rolecall demo` and for tests.
//!
//! It keeps the promises of the real one as far as a process can: bounded everywhere, in order, unsettled deliveries
//! counted, publications confirmed once every subscriber has taken them. A subscriber that does not read holds the line,
//! and one that is dropped is forgotten. Nothing survives the process.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::future::{BoxFuture, FutureExt, ready};
use tokio::sync::{mpsc, watch};

use super::error::PublishError;
use super::message::{Delivery, DeliveryToken, Exchange, Publication};
use super::pattern;
use super::properties::Properties;
use super::status::{LinkState, StatusCell};
use super::transport::{Confirmed, Deliveries, Intake, Link, Publish};

/// There is one channel, and it is never lost.
const EPOCH: u64 = 1;

/// Opens an embedded transport with room for this many deliveries on their way to the daemon.
#[must_use]
pub fn open(capacity: usize) -> (Link, EmbeddedBroker) {
    let (status, watched) = StatusCell::new(LinkState::Up);
    let (deliveries_tx, deliveries_rx) = mpsc::channel(capacity);
    let inner = Arc::new(Inner {
        inbox: Mutex::new(Some(deliveries_tx)),
        tag: tokio::sync::Mutex::new(0),
        settled: watch::Sender::new(0),
        subscriptions: Mutex::new(Vec::new()),
        status,
    });
    let link = Link {
        deliveries: Deliveries::new(deliveries_rx, Arc::new(AtomicU64::new(EPOCH))),
        intake: Arc::new(EmbeddedIntake(Arc::clone(&inner))),
        publisher: Box::new(EmbeddedPublisher { inner: Arc::clone(&inner), sent: Vec::new(), delivering: None }),
        status: watched,
    };
    (link, EmbeddedBroker(inner))
}

/// The outside's hand on it: what an upstream and the agents' desktops would do over AMQP.
#[derive(Clone)]
pub struct EmbeddedBroker(Arc<Inner>);

impl EmbeddedBroker {
    /// Publishes a message to the inbox; waits for room. `None` once the daemon takes no more.
    pub async fn publish(&self, routing_key: &str, properties: Properties, body: Vec<u8>) -> Option<DeliveryToken> {
        let inbox = lock(&self.0.inbox).clone()?;
        let room = inbox.reserve().await.ok()?;
        // The tag is drawn with the room in hand, so that tags arrive in order.
        let mut tag = self.0.tag.lock().await;
        *tag += 1;
        let token = DeliveryToken { epoch: EPOCH, tag: *tag };
        room.send(Delivery {
            token,
            routing_key: routing_key.to_owned(),
            properties,
            body,
            redelivered: false,
            received_at: Instant::now(),
        });
        Some(token)
    }

    /// Resolves once this delivery is acknowledged.
    pub async fn settled(&self, token: DeliveryToken) {
        let mut settled = self.0.settled.subscribe();
        // The sender lives as long as `self`.
        drop(settled.wait_for(|tag| *tag >= token.tag).await);
    }

    /// Binds a queue with room for `capacity` messages to an exchange.
    #[must_use]
    pub fn subscribe(&self, exchange: Exchange, pattern: &str, capacity: usize) -> mpsc::Receiver<Publication> {
        let (queue, messages) = mpsc::channel(capacity);
        lock(&self.0.subscriptions).push(Subscription { exchange, pattern: pattern.to_owned(), queue });
        messages
    }
}

struct Inner {
    inbox: Mutex<Option<mpsc::Sender<Delivery>>>,
    tag: tokio::sync::Mutex<u64>,
    settled: watch::Sender<u64>,
    subscriptions: Mutex<Vec<Subscription>>,
    status: StatusCell,
}

impl Inner {
    /// Whoever wants this publication now. Forgets who went away.
    fn queues_for(&self, publication: &Publication) -> Vec<mpsc::Sender<Publication>> {
        let mut subscriptions = lock(&self.subscriptions);
        subscriptions.retain(|subscription| !subscription.queue.is_closed());
        subscriptions.iter().filter(|it| it.wants(publication)).map(|it| it.queue.clone()).collect()
    }
}

struct Subscription {
    exchange: Exchange,
    pattern: String,
    queue: mpsc::Sender<Publication>,
}

impl Subscription {
    fn wants(&self, publication: &Publication) -> bool {
        self.exchange == publication.exchange
            && (self.exchange == Exchange::Dead || pattern::matches(&self.pattern, &publication.routing_key))
    }
}

struct EmbeddedIntake(Arc<Inner>);

impl Intake for EmbeddedIntake {
    fn settle(&self, token: DeliveryToken) {
        self.0.settled.send_if_modified(|settled| {
            let further = token.epoch == EPOCH && *settled < token.tag;
            if further {
                *settled = token.tag;
            }
            further
        });
    }

    fn stop(&self) -> BoxFuture<'static, ()> {
        lock(&self.0.inbox).take();
        ready(()).boxed()
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        lock(&self.0.inbox).take();
        self.0.status.set_consuming(LinkState::Closed);
        ready(()).boxed()
    }
}

struct EmbeddedPublisher {
    inner: Arc<Inner>,
    /// Sent, and not begun with.
    sent: Vec<Arc<Publication>>,
    /// The delivery of what was sent before. It goes on when whoever waited for it comes back.
    delivering: Option<BoxFuture<'static, Confirmed>>,
}

/// Nobody is there to hold the line for: what no subscriber wants is gone, in the process that would have read it.
async fn deliver(inner: Arc<Inner>, window: Vec<Arc<Publication>>) -> Confirmed {
    let mut confirmed = Confirmed { count: window.len(), let_go: 0 };
    for publication in window {
        let queues = inner.queues_for(&publication);
        if queues.is_empty() {
            confirmed.let_go += 1;
        }
        for queue in queues {
            // A subscriber that goes away meanwhile is like one that never was.
            drop(queue.send(Publication::clone(&publication)).await);
        }
    }
    confirmed
}

impl EmbeddedPublisher {
    async fn next_confirmed(&mut self) -> Confirmed {
        let Self { inner, sent, delivering } = self;
        let under_way = delivering.get_or_insert_with(|| deliver(Arc::clone(inner), std::mem::take(sent)).boxed());
        let confirmed = under_way.await;
        *delivering = None;
        confirmed
    }
}

impl Publish for EmbeddedPublisher {
    fn ready(&mut self) -> BoxFuture<'_, Result<(), PublishError>> {
        self.sent.clear();
        self.delivering = None;
        ready(Ok(())).boxed()
    }

    fn send(&mut self, publications: &[Arc<Publication>]) {
        self.sent.extend_from_slice(publications);
    }

    fn confirmed(&mut self) -> BoxFuture<'_, Result<Confirmed, PublishError>> {
        self.next_confirmed().map(Ok).boxed()
    }

    fn tend(&mut self) -> BoxFuture<'_, ()> {
        std::future::pending().boxed()
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        self.inner.status.set_publishing(LinkState::Closed);
        ready(()).boxed()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publication(exchange: Exchange, routing_key: &str) -> Publication {
        Publication {
            exchange,
            routing_key: routing_key.to_owned(),
            properties: Properties::new().with_message_id(routing_key),
            body: routing_key.as_bytes().to_vec(),
        }
    }

    #[tokio::test]
    async fn what_is_published_comes_in_once_and_in_order_and_is_settled_up_to_a_token() {
        let (mut link, broker) = open(4);
        let mut tokens = Vec::new();
        for key in ["ticket.created", "agent.presence"] {
            tokens.push(broker.publish(key, Properties::new(), b"{}".to_vec()).await.expect("the inbox is open"));
        }
        let first = link.deliveries.recv().await.expect("published");
        let second = link.deliveries.recv().await.expect("published");
        assert_eq!((first.routing_key.as_str(), second.routing_key.as_str()), ("ticket.created", "agent.presence"));
        link.intake.settle(second.token);
        broker.settled(tokens[0]).await;
        broker.settled(tokens[1]).await;
    }

    #[tokio::test]
    async fn subscribers_get_what_their_pattern_matches_and_the_rest_is_let_go() {
        let (mut link, broker) = open(4);
        let mut billing = broker.subscribe(Exchange::Assignments, "assignment.*.billing", 4);
        let mut dead = broker.subscribe(Exchange::Dead, "", 4);
        let window = [
            publication(Exchange::Assignments, "assignment.assigned.sales"),
            publication(Exchange::Assignments, "assignment.assigned.billing"),
            publication(Exchange::Dead, "ticket.created"),
        ];
        let report = link.publisher.publish_window(&window).await.expect("an embedded transport always confirms");
        assert_eq!(report.let_go, 1);
        assert_eq!(billing.recv().await.as_ref(), Some(&window[1]));
        assert_eq!(dead.recv().await.as_ref(), Some(&window[2]));
    }

    #[tokio::test]
    async fn after_a_stop_what_was_published_still_comes_in_and_then_the_deliveries_end() {
        let (mut link, broker) = open(4);
        broker.publish("ticket.created", Properties::new(), Vec::new()).await.expect("the inbox is open");
        link.intake.stop().await;
        assert_eq!(broker.publish("ticket.created", Properties::new(), Vec::new()).await, None);
        assert!(link.deliveries.recv().await.is_some());
        assert_eq!(link.deliveries.recv().await, None);
    }
}
