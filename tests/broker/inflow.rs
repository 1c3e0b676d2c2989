//! What a client library would choke on: properties that are no text, more than memory holds, and what comes back to whoever
//! publishes.

use std::time::Duration;

use lapin::BasicProperties;
use rolecall::broker::{BrokerOptions, Exchange, Properties, Publication};

use crate::client::Client;
use crate::raw::RawPublisher;
use crate::support::eventually;
use crate::{SOON, connect, options, soon, support};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn properties_that_are_no_text_arrive_with_a_substitute_and_end_no_connection() {
    let options = options("no-text");
    let mut link = connect(&options).await;
    let events = format!("{}.events", options.prefix);
    let published = tokio::task::spawn_blocking(move || {
        let mut raw = RawPublisher::new(&support::amqp_uri());
        raw.publish(&events, b"ticket.\xff", b"ticket.\xfe\xfd", b"m-\xc3\x28", b"1");
        raw.publish(&events, "ticket.zażółć".as_bytes(), b"", "m-é".as_bytes(), b"2");
    });
    published.await.expect("published");
    let first = soon("a delivery", link.deliveries.recv()).await.expect("running");
    assert_eq!(
        (first.routing_key.as_str(), first.properties.kind(), first.properties.message_id()),
        ("ticket.\u{1a}", Some("ticket.\u{1a}\u{1a}"), Some("m-\u{1a}("))
    );
    let second = soon("a delivery", link.deliveries.recv()).await.expect("running");
    assert_eq!((second.routing_key.as_str(), second.properties.message_id()), ("ticket.zażółć", Some("m-é")));
    assert_eq!((first.body.as_slice(), second.body.as_slice()), (b"1".as_slice(), b"2".as_slice()));
    assert_eq!((first.token.epoch, second.token.epoch), (1, 1), "on the first connection");
    assert!(!first.redelivered && !second.redelivered);
}

/// Longer than what the broker's and the kernel's buffers would hide, and heavy each.
const LENGTH: usize = 256 << 10;
const COUNT: usize = 100;
const HELD: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_read_while_too_much_is_held_and_all_of_it_comes_in_its_order() {
    let held_max = u64::try_from(HELD * LENGTH).expect("a length");
    let options = BrokerOptions { held_max, heartbeat: Duration::from_secs(1), ..options("heavy") };
    let inbox = format!("{}.inbox", options.prefix);
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    for number in 0..COUNT {
        let mut body = vec![b' '; LENGTH];
        body[0] = u8::try_from(number).expect("few");
        client.publish("", &inbox, BasicProperties::default(), &body).await;
    }
    let (mut heard, mut newest) = (0, None);
    // Longer than two heartbeats: neither side takes the other for gone.
    let quiet = Duration::from_secs(3);
    while let Ok(delivery) = tokio::time::timeout(quiet, link.deliveries.recv()).await {
        let delivery = delivery.expect("running");
        assert_eq!(usize::from(delivery.body[0]), heard);
        heard += 1;
        newest = Some(delivery.token);
    }
    // What trickles in while nothing is settled is little.
    assert!((HELD..HELD + 4).contains(&heard), "{heard} were read");
    for number in heard..COUNT {
        if let Some(newest) = newest.take_if(|_| (number - heard) % HELD == 0) {
            link.intake.settle(newest);
        }
        let delivery = soon("a delivery", link.deliveries.recv()).await.expect("running");
        assert_eq!((usize::from(delivery.body[0]), delivery.token.epoch), (number, 1), "on the first connection");
        newest = Some(delivery.token);
    }
    link.intake.settle(newest.expect("the last"));
    soon("stop", link.intake.stop()).await;
    soon("close", link.intake.close()).await;
    eventually("an empty inbox", SOON, async || client.ready(&inbox).await == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_to_whoever_publishes_is_not_held_and_slows_nothing_down() {
    let held_max = u64::try_from(HELD * LENGTH).expect("a length");
    let options = BrokerOptions { held_max, ..options("heavy-returns") };
    let mut link = connect(&options).await;
    // No queue is bound for these: all of each comes back.
    let window: Vec<_> = (0..COUNT)
        .map(|number| Publication {
            exchange: Exchange::Assignments,
            routing_key: "ticket.queued.billing".to_owned(),
            properties: Properties::new().with_message_id(&format!("m-{number}")),
            body: vec![b' '; LENGTH],
        })
        .collect();
    let report = soon("confirms", link.publisher.publish_window(&window)).await.expect("confirmed");
    assert_eq!(report.let_go, COUNT);
}
