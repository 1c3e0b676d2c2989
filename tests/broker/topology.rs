//! The objects on the broker are those of the reference, and another's objects are not overrun.

use std::sync::Arc;

use lapin::{BasicProperties, ExchangeKind};
use rolecall::broker::{
    self, BrokerOptions, OutboxQueue, Prefetch, QueueType, TopologyMode, TransportError, Unobserved,
};

use crate::client::Client;
use crate::{connect, options, support};

async fn refused(options: &BrokerOptions) -> TransportError {
    match broker::connect(options.clone(), Arc::new(Unobserved), Prefetch::always_full()).await {
        Ok(_) => panic!("connected"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn the_objects_are_as_the_reference_says() {
    for (queue_type, name) in [(QueueType::Quorum, "quorum"), (QueueType::Classic, "classic")] {
        let options = BrokerOptions { queue_type, ..options(name) };
        let link = connect(&options).await;
        let client = Client::new(&support::amqp_uri()).await;
        let object = |object: &str| format!("{}.{object}", options.prefix);
        assert!(client.accepts_exchange(&object("events"), ExchangeKind::Topic).await);
        assert!(client.accepts_exchange(&object("assignments"), ExchangeKind::Topic).await);
        assert!(client.accepts_exchange(&object("dead"), ExchangeKind::Fanout).await);
        for queue in ["outbox", "dead"] {
            assert!(client.accepts_queue(&object(queue), &[("x-queue-type", name)]).await, "{queue}");
        }
        let dead = object("dead");
        let inbox = [("x-queue-type", name), ("x-dead-letter-exchange", dead.as_str())];
        assert!(client.accepts_queue(&object("inbox"), &inbox).await);

        link.intake.close().await;
        client.publish(&object("events"), "anything.at.all", BasicProperties::default(), b"1").await;
        client.publish("", &object("inbox"), BasicProperties::default(), b"2").await;
        client.publish(&object("assignments"), "assignment.assigned.billing", BasicProperties::default(), b"3").await;
        client.publish(&object("assignments"), "ticket.callback.billing", BasicProperties::default(), b"4").await;
        client.publish(&object("dead"), "whatever", BasicProperties::default(), b"5").await;
        let mut bodies = Vec::new();
        for queue in ["inbox", "inbox", "outbox", "outbox", "dead"] {
            bodies.extend(client.get(&object(queue)).await.expect("routed there").data);
        }
        assert_eq!(bodies, b"12345");
    }
}

#[tokio::test]
async fn the_outbox_queue_can_be_left_out() {
    let options = BrokerOptions { outbox_queue: OutboxQueue::LeftOut, ..options("no-outbox") };
    connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    // Another kind of queue can be declared under its name: there is none.
    assert!(client.accepts_queue(&format!("{}.outbox", options.prefix), &[("x-queue-type", "classic")]).await);
}

#[tokio::test]
async fn an_outbox_that_an_earlier_version_bound_keeps_callbacks_from_the_next_start_on() {
    let options = options("outbox-before");
    let client = Client::new(&support::amqp_uri()).await;
    let object = |object: &str| format!("{}.{object}", options.prefix);
    assert!(client.accepts_exchange(&object("assignments"), ExchangeKind::Topic).await);
    assert!(client.accepts_queue(&object("outbox"), &[("x-queue-type", "quorum")]).await);
    client.bind(&object("outbox"), &object("assignments"), "assignment.#").await;
    connect(&options).await;
    client.publish(&object("assignments"), "ticket.callback", BasicProperties::default(), b"1").await;
    assert_eq!(client.ready(&object("outbox")).await, 1);
}

#[tokio::test]
async fn an_inbox_that_an_upstream_declared_first_is_taken_as_it_is() {
    let options = options("upstream-first");
    let client = Client::new(&support::amqp_uri()).await;
    assert!(client.accepts_queue(&format!("{}.inbox", options.prefix), &[("x-queue-type", "quorum")]).await);
    let link = connect(&options).await;
    assert!(link.status.borrow().is_consuming());
}

#[tokio::test]
async fn an_object_of_another_kind_is_a_clear_error_that_names_it() {
    let options = options("mismatch");
    let client = Client::new(&support::amqp_uri()).await;
    let inbox = format!("{}.inbox", options.prefix);
    assert!(client.accepts_queue(&inbox, &[("x-queue-type", "classic")]).await);
    let error = refused(&options).await;
    assert!(error.is_configuration());
    let text = error.to_string();
    assert!(matches!(error, TransportError::Topology { .. }), "{text}");
    for part in [format!("queue {inbox}"), "x-queue-type".to_owned(), "amqp.queue_type".to_owned()] {
        assert!(text.contains(&part), "{part:?} in {text:?}");
    }
}

#[tokio::test]
async fn without_declare_a_missing_object_is_a_clear_error_and_complete_ones_are_used() {
    let declaring = options("check");
    let checking = BrokerOptions { topology: TopologyMode::Check, ..declaring.clone() };
    let text = refused(&checking).await.to_string();
    assert!(text.contains(&format!("exchange {}.events", checking.prefix)), "{text:?}");
    assert!(text.contains("amqp.declare"), "{text:?}");
    connect(&declaring).await.intake.close().await;
    assert!(connect(&checking).await.status.borrow().is_consuming());
}
