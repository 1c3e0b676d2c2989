//! What falls out of the sieve goes its own way, and is acknowledged when it is where it belongs.

use std::time::Duration;

use lapin::BasicProperties;
use rolecall::broker::{BrokerOptions, Delivery, Exchange, Publication, Sifted, TopologyMode};

use crate::client::Client;
use crate::support::eventually;
use crate::{SOON, connect, options, soon, support};

const LONG: usize = 1_000;

fn sift(delivery: Delivery) -> Sifted {
    if delivery.body.len() < LONG {
        return Sifted::Passed(delivery);
    }
    let Delivery { routing_key, properties, body, .. } = delivery;
    Sifted::Apart(Publication { exchange: Exchange::Dead, routing_key, properties, body })
}

#[tokio::test]
async fn what_goes_apart_delays_nobody_and_is_acknowledged_once_it_is_confirmed() {
    let options = BrokerOptions { sieve: sift, request_timeout: Duration::from_secs(2), ..options("apart") };
    let (inbox, dead) = (format!("{}.inbox", options.prefix), format!("{}.dead", options.prefix));
    connect(&options).await.intake.close().await;
    // One that makes nothing anew.
    let mut link = connect(&BrokerOptions { topology: TopologyMode::Check, ..options.clone() }).await;
    let client = Client::new(&support::amqp_uri()).await;
    // Nobody takes what goes apart: it comes back, and is sent again and again.
    client.delete_queue(&dead).await;
    let long = vec![b' '; LONG];
    for body in [b"1", long.as_slice(), b"2", b"3", long.as_slice(), b"4"] {
        client.publish("", &inbox, BasicProperties::default(), body).await;
    }
    let mut tokens = Vec::new();
    for expected in [b"1", b"2", b"3", b"4"] {
        let delivery = soon("a delivery", link.deliveries.recv()).await.expect("running");
        assert_eq!(delivery.body, expected);
        tokens.push(delivery.token);
    }
    link.intake.settle(tokens[2]);
    soon("stop", link.intake.stop()).await;
    while soon("the end of deliveries", link.deliveries.recv()).await.is_some() {}
    soon("close", link.intake.close()).await;
    soon("close", link.publisher.close()).await;
    eventually("two that nobody took, and one that was not settled", SOON, async || client.ready(&inbox).await == 3)
        .await;

    // The queue is made anew.
    let mut link = connect(&options).await;
    let last = soon("a delivery", link.deliveries.recv()).await.expect("running");
    assert_eq!(last.body, b"4");
    eventually("dead letters", SOON, async || client.ready(&dead).await == 2).await;
    assert_eq!(client.get(&dead).await.expect("there").data, long);
    link.intake.settle(last.token);
    soon("stop", link.intake.stop()).await;
    while soon("the end of deliveries", link.deliveries.recv()).await.is_some() {}
    soon("close", link.intake.close()).await;
    eventually("an empty inbox", SOON, async || client.ready(&inbox).await == 0).await;
}
