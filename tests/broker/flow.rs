//! In and out while all is well.

use std::time::Duration;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use rolecall::broker::{
    BrokerOptions, Exchange, OutboxQueue, Properties, Publication, PublishCause, WindowReport, connect_publisher,
};

use crate::client::Client;
use crate::support::eventually;
use crate::{SOON, connect, options, soon, support};

fn publication(exchange: Exchange, routing_key: &str, id: &str) -> Publication {
    Publication {
        exchange,
        routing_key: routing_key.to_owned(),
        properties: Properties::new().with_message_id(id),
        body: id.as_bytes().to_vec(),
    }
}

#[tokio::test]
async fn no_more_than_the_prefetch_is_under_way_and_one_settle_acknowledges_all_before_it() {
    let options = BrokerOptions { prefetch: 10, ..options("prefetch") };
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    let inbox = format!("{}.inbox", options.prefix);
    for number in 0..25_u8 {
        client.publish("", &inbox, BasicProperties::default(), &[number]).await;
    }
    let mut tokens = Vec::new();
    for number in 0..10_u8 {
        let delivery = soon("a delivery", link.deliveries.recv()).await.expect("running");
        assert_eq!(delivery.body, [number]);
        assert!(!delivery.redelivered);
        tokens.push(delivery.token);
    }
    assert_eq!(client.ready(&inbox).await, 15, "the broker holds back the rest");
    assert!(link.deliveries.try_recv().is_err());
    link.intake.settle(tokens[9]);
    for number in 10..20_u8 {
        assert_eq!(soon("a delivery", link.deliveries.recv()).await.expect("running").body, [number]);
    }
    eventually("the rest is held back again", SOON, async || client.ready(&inbox).await == 5).await;
}

#[tokio::test]
async fn what_was_not_settled_when_it_closed_comes_again_as_redelivered() {
    let options = options("redelivery");
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    for body in [b"1", b"2", b"3"] {
        client.publish(&format!("{}.events", options.prefix), "ticket.created", BasicProperties::default(), body).await;
    }
    let first = soon("a delivery", link.deliveries.recv()).await.expect("running");
    soon("a delivery", link.deliveries.recv()).await.expect("running");
    link.intake.settle(first.token);
    soon("stop", link.intake.stop()).await;
    while soon("the end of deliveries", link.deliveries.recv()).await.is_some() {}
    soon("close", link.intake.close()).await;
    soon("close", link.publisher.close()).await;

    let mut link = connect(&options).await;
    for body in [b"2", b"3"] {
        let delivery = soon("a delivery", link.deliveries.recv()).await.expect("running");
        assert_eq!(delivery.body, body);
        assert!(delivery.redelivered);
        assert_eq!(delivery.routing_key, "ticket.created");
    }
}

#[tokio::test]
async fn a_window_arrives_in_order_persistent_and_with_its_ids() {
    let options = options("window");
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    let window: Vec<_> = (0..500)
        .map(|number| publication(Exchange::Assignments, "assignment.assigned.billing", &format!("id-{number}")))
        .collect();
    let report = soon("confirms", link.publisher.publish_window(&window)).await.expect("confirmed");
    assert_eq!(report, WindowReport { let_go: 0 });
    for expected in &window {
        let message = client.get(&format!("{}.outbox", options.prefix)).await.expect("arrived");
        assert_eq!(message.data, expected.body);
        assert_eq!(*message.properties.delivery_mode(), Some(2));
        assert_eq!(
            message.properties.message_id().as_ref().map(lapin::types::ShortString::as_str),
            expected.properties.message_id()
        );
    }
}

#[tokio::test]
async fn what_informs_is_let_go_where_nobody_asked_and_arrives_where_somebody_did() {
    let options = options("informs");
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    let assignments = format!("{}.assignments", options.prefix);
    let listener = format!("{}.listener", options.prefix);
    assert!(client.accepts_queue(&listener, &[]).await);
    client.bind(&listener, &assignments, "ticket.queued.billing").await;
    let window: Vec<_> = (0..100)
        .map(|number| {
            let key = ["agent.changed", "ticket.queued.billing", "assignment.assigned.sales", "ticket.queued.sales"];
            publication(Exchange::Assignments, key[number % 4], &format!("id-{number}"))
        })
        .collect();
    let report = soon("confirms", link.publisher.publish_window(&window)).await.expect("confirmed");
    assert_eq!(report, WindowReport { let_go: 50 });
    assert_eq!(client.ready(&listener).await, 25);
    assert_eq!(client.ready(&format!("{}.outbox", options.prefix)).await, 25);
}

/// What nobody but its consumer knows: what is behind it waits until a queue is bound for it.
async fn holds_the_line_until_a_queue_is_bound(name: &str, held_key: &str, pattern: &str) {
    let options = BrokerOptions {
        outbox_queue: OutboxQueue::LeftOut,
        reconnect_max: Duration::from_millis(200),
        ..options(name)
    };
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    let window = [
        publication(Exchange::Assignments, "agent.changed", "a"),
        publication(Exchange::Assignments, held_key, "b"),
        publication(Exchange::Assignments, held_key, "c"),
    ];
    for _ in 0..3 {
        let error = soon("an answer", link.publisher.publish_window(&window)).await.expect_err("nobody is bound");
        assert_eq!(error.confirmed, 1, "what informs is done with");
        let PublishCause::Returned { routing_key, .. } = &error.cause else { panic!("{error}") };
        assert_eq!(routing_key, held_key);
    }
    let mine = format!("{}.mine", options.prefix);
    assert!(client.accepts_queue(&mine, &[]).await);
    client.bind(&mine, &format!("{}.assignments", options.prefix), pattern).await;
    soon("confirms", link.publisher.publish_window(&window[1..])).await.expect("somebody is bound");
    assert_eq!(client.ready(&mine).await, 2);
}

#[tokio::test]
async fn an_assignment_that_no_queue_takes_holds_the_line_until_one_is_bound() {
    holds_the_line_until_a_queue_is_bound("held", "assignment.assigned.billing", "assignment.#").await;
}

#[tokio::test]
async fn a_callback_that_no_queue_takes_holds_the_line_until_one_is_bound() {
    holds_the_line_until_a_queue_is_bound("held-callback", "ticket.callback.billing", "ticket.callback.#").await;
}

#[tokio::test]
async fn a_dead_letter_keeps_body_and_properties_and_gains_its_reason() {
    let options = options("dead");
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    let mut headers = FieldTable::default();
    headers.insert("traceparent".into(), AMQPValue::LongString("00-1-2-00".into()));
    headers.insert("bytes".into(), AMQPValue::ByteArray(vec![0, 255].into()));
    headers.insert("number".into(), AMQPValue::LongLongInt(-7));
    headers.insert("nothing".into(), AMQPValue::Void);
    let properties = BasicProperties::default()
        .with_content_type("text/plain".into())
        .with_content_encoding("identity".into())
        .with_priority(3)
        .with_correlation_id("c".into())
        .with_reply_to("r".into())
        .with_expiration("600000".into())
        .with_message_id("m".into())
        .with_timestamp(1_234_567)
        .with_type("ticket.created".into())
        .with_user_id("guest".into())
        .with_app_id("a".into())
        .with_delivery_mode(2)
        .with_headers(headers.clone());
    let body = b"\xff\x00 not JSON";
    client.publish(&format!("{}.events", options.prefix), "ticket.created", properties.clone(), body).await;

    let delivery = soon("a delivery", link.deliveries.recv()).await.expect("running");
    assert_eq!(delivery.properties, Properties::from(properties.clone()), "as it was published");
    assert_eq!(delivery.properties.header("traceparent"), Some("00-1-2-00"));
    let dead = Publication {
        exchange: Exchange::Dead,
        routing_key: delivery.routing_key,
        properties: delivery
            .properties
            .with_header("x-rolecall-error", "bad_json")
            .with_header("x-rolecall-detail", "expected a value"),
        body: delivery.body,
    };
    soon("confirms", link.publisher.publish_window(&[dead])).await.expect("confirmed");
    link.intake.settle(delivery.token);

    let message = client.get(&format!("{}.dead", options.prefix)).await.expect("it is in the queue of the dead");
    assert_eq!(message.data, body);
    headers.insert("x-rolecall-error".into(), AMQPValue::LongString("bad_json".into()));
    headers.insert("x-rolecall-detail".into(), AMQPValue::LongString("expected a value".into()));
    // It is to be there until somebody has seen to it.
    headers.insert("x-rolecall-expiration".into(), AMQPValue::LongString("600000".into()));
    let kept_for_ever = message.properties.expiration().is_none();
    assert!(kept_for_ever, "{:?}", message.properties.expiration());
    // The queue of the dead is a quorum queue, which adds this to whatever it hands out.
    let mut kept = message.properties.headers().clone().unwrap_or_default().inner().clone();
    assert_eq!(kept.remove("x-delivery-count"), Some(AMQPValue::LongLongInt(0)));
    let with_its_expiration = message.properties.with_headers(kept.into()).with_expiration("600000".into());
    assert_eq!(with_its_expiration, properties.with_headers(headers));
}

#[tokio::test]
async fn a_publisher_alone_reaches_the_inbox() {
    let options = options("alone");
    let mut link = connect(&options).await;
    let mut publisher = connect_publisher(options).await.expect("the broker is there");
    let window = [publication(Exchange::Events, "ticket.created", "a")];
    soon("confirms", publisher.publish_window(&window)).await.expect("confirmed");
    soon("close", publisher.close()).await;
    assert_eq!(soon("a delivery", link.deliveries.recv()).await.expect("running").body, b"a");
}
