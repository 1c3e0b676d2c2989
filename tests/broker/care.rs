//! What becomes of the objects while the inbox is consumed, and who else consumes it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lapin::{BasicProperties, ExchangeKind};
use rolecall::broker::{self, BrokerOptions, Link, Observer, Prefetch, TopologyMode, TransportError};

use crate::client::Client;
use crate::support::eventually;
use crate::{SOON, connect, options, soon, support};

fn looking_often(name: &str) -> BrokerOptions {
    BrokerOptions { look_every: Duration::from_millis(200), ..options(name) }
}

/// How many were told to consume the inbox, each time.
#[derive(Default)]
struct Counts(Mutex<Vec<u32>>);

impl Counts {
    fn all(&self) -> Vec<u32> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn last(&self) -> Option<u32> {
        self.all().last().copied()
    }
}

impl Observer for Counts {
    fn inbox_consumers(&self, count: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(count);
    }
}

async fn counted(options: &BrokerOptions) -> (Link, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    let observer: Arc<dyn Observer> = Arc::clone(&counts) as _;
    let link = broker::connect(options.clone(), observer, Prefetch::always_full()).await.expect("the broker is there");
    (link, counts)
}

#[tokio::test]
async fn a_deleted_exchange_of_events_is_made_again_and_bound_and_the_consumer_goes_on() {
    let options = looking_often("care-events");
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    let events = format!("{}.events", options.prefix);
    client.publish(&events, "ticket.created", BasicProperties::default(), b"before").await;
    let before = soon("a delivery", link.deliveries.recv()).await.expect("running");

    client.delete_exchange(&events).await;
    eventually("made again", SOON, async || client.has_exchange(&events).await).await;
    eventually("bound again", SOON, async || client.is_routed(&events, "ticket.created", b"after").await).await;
    let after = soon("a delivery", link.deliveries.recv()).await.expect("running");
    assert_eq!(after.body, b"after");
    assert_eq!(after.token.epoch, before.token.epoch, "on the same channel");
    link.intake.settle(after.token);
    soon("stop", link.intake.stop()).await;
    soon("close", link.intake.close()).await;
    assert_eq!(client.ready(&format!("{}.inbox", options.prefix)).await, 0, "both were acknowledged");
}

#[tokio::test]
async fn a_binding_of_the_inbox_that_was_removed_is_made_again() {
    let options = looking_often("care-binding");
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    let (events, inbox) = (format!("{}.events", options.prefix), format!("{}.inbox", options.prefix));
    client.unbind(&inbox, &events, "#").await;
    eventually("bound again", SOON, async || client.is_routed(&events, "ticket.created", b"1").await).await;
    assert_eq!(soon("a delivery", link.deliveries.recv()).await.expect("running").body, b"1");
}

#[tokio::test]
async fn an_exchange_that_became_another_kind_ends_it_with_a_clear_error() {
    let options = looking_often("care-kind");
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    let events = format!("{}.events", options.prefix);
    client.delete_exchange(&events).await;
    // Whoever is faster: where ours is back already, it goes once more.
    while !client.accepts_exchange(&events, ExchangeKind::Fanout).await {
        client.delete_exchange(&events).await;
    }
    let failed = soon("a failure", link.status.wait_for(|status| status.failure().is_some())).await;
    let failed = failed.expect("watched").clone();
    let Some(TransportError::Topology { object, .. }) = failed.failure() else { panic!("{failed:?}") };
    assert_eq!(*object, format!("exchange {events}"));
    assert_eq!(soon("the end of deliveries", link.deliveries.recv()).await, None);
}

#[tokio::test]
async fn where_the_objects_are_somebody_elses_none_is_made_again_and_what_comes_is_taken() {
    let declaring = looking_often("care-check");
    connect(&declaring).await.intake.close().await;
    let checking = BrokerOptions { topology: TopologyMode::Check, ..declaring.clone() };
    let (mut link, counts) = counted(&checking).await;
    let client = Client::new(&support::amqp_uri()).await;
    let events = format!("{}.events", declaring.prefix);
    client.delete_exchange(&events).await;
    let looks = counts.all().len();
    eventually("some looks later", SOON, async || counts.all().len() > looks + 2).await;
    assert!(!client.has_exchange(&events).await);
    client.publish("", &format!("{}.inbox", declaring.prefix), BasicProperties::default(), b"1").await;
    let delivery = soon("a delivery", link.deliveries.recv()).await.expect("running");
    assert_eq!((delivery.body.as_slice(), delivery.token.epoch), (b"1".as_slice(), 1));
}

#[tokio::test]
async fn all_who_consume_the_inbox_are_counted() {
    let options = looking_often("care-company");
    let (_first, of_first) = counted(&options).await;
    eventually("the first is alone", SOON, async || of_first.last() == Some(1)).await;
    let (second, of_second) = counted(&options).await;
    eventually("the second knows at its start", SOON, async || of_second.all().first() == Some(&2)).await;
    eventually("the first hears of it", SOON, async || of_first.last() == Some(2)).await;
    soon("close", second.intake.close()).await;
    eventually("and of its end", SOON, async || of_first.last() == Some(1)).await;
}
