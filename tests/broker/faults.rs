//! What a broker can do to us, each time on a node of the test's own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lapin::BasicProperties;
use rolecall::broker::{
    self, BrokerOptions, Exchange, Link, LinkState, Prefetch, Properties, Publication, PublishCause, TransportError,
    Unobserved,
};

use crate::client::Client;
use crate::support::{Node, eventually};
use crate::{SOON, connect, options, soon, support};

/// One node at a time: two of them starting at once on a small machine miss each other's deadlines.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn on(node: &Node) -> BrokerOptions {
    BrokerOptions { uri: node.uri().parse().expect("a URI"), ..BrokerOptions::default() }
}

fn assignment(id: &str) -> Publication {
    Publication {
        exchange: Exchange::Assignments,
        routing_key: "assignment.assigned.billing".to_owned(),
        properties: Properties::new().with_message_id(id),
        body: id.as_bytes().to_vec(),
    }
}

/// As the daemon does it: again, until it is confirmed.
async fn publish_for_good(link: &mut Link, id: &str) {
    let window = [assignment(id)];
    while let Err(error) = link.publisher.publish_window(&window).await {
        println!("again: {error}");
    }
}

#[tokio::test]
async fn a_deleted_inbox_is_made_again_and_consumed_and_old_tokens_do_nothing() {
    let options = options("deleted");
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    let inbox = format!("{}.inbox", options.prefix);
    client.publish("", &inbox, BasicProperties::default(), b"before").await;
    let before = soon("a delivery", link.deliveries.recv()).await.expect("running");

    client.delete_queue(&inbox).await;
    let started_at = Instant::now();
    let again = async {
        link.status.wait_for(|status| !status.is_consuming()).await.expect("watched");
        link.status.wait_for(rolecall::broker::Status::is_consuming).await.expect("watched").clone()
    };
    soon("consuming again", again).await;
    assert!(started_at.elapsed() < Duration::from_secs(10));

    client.publish(&format!("{}.events", options.prefix), "ticket.created", BasicProperties::default(), b"after").await;
    let after = soon("a delivery", link.deliveries.recv()).await.expect("running");
    assert_eq!(after.body, b"after");
    assert!(after.token.epoch > before.token.epoch);
    assert_eq!(after.token.tag, before.token.tag, "the tag alone would acknowledge a stranger");
    link.intake.settle(before.token);
    soon("stop", link.intake.stop()).await;
    soon("close", link.intake.close()).await;
    eventually("what was not settled is back", SOON, async || client.ready(&inbox).await == 1).await;
}

#[tokio::test]
async fn a_deleted_outbox_or_exchange_is_made_again_and_what_was_to_be_sent_arrives() {
    let options = options("deleted-way-out");
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    let outbox = format!("{}.outbox", options.prefix);
    client.delete_queue(&outbox).await;
    soon("publishing", publish_for_good(&mut link, "1")).await;
    assert_eq!(client.get(&outbox).await.expect("it is there").data, b"1");

    client.delete_exchange(&format!("{}.assignments", options.prefix)).await;
    soon("publishing", publish_for_good(&mut link, "2")).await;
    assert_eq!(client.get(&outbox).await.expect("it is bound again").data, b"2");
    assert!(link.status.borrow().is_consuming(), "the way in had no part in it");
}

#[tokio::test]
async fn an_inbox_that_became_another_kind_ends_it_with_a_clear_error() {
    let options = options("replaced");
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    let inbox = format!("{}.inbox", options.prefix);
    client.delete_queue(&inbox).await;
    // Whoever is faster: where ours is back already, it goes once more.
    while !client.accepts_queue(&inbox, &[("x-queue-type", "classic")]).await {
        client.delete_queue(&inbox).await;
    }
    let failed = soon("a failure", link.status.wait_for(|status| status.failure().is_some())).await;
    let failed = failed.expect("watched").clone();
    assert!(matches!(failed.failure(), Some(TransportError::Topology { .. })), "{failed:?}");
    assert_eq!(soon("the end of deliveries", link.deliveries.recv()).await, None);
}

#[tokio::test]
async fn after_a_restart_of_the_broker_all_goes_on_and_what_was_not_settled_comes_again() {
    let _alone = ALONE.lock().await;
    let mut node = Node::start();
    let mut link = connect(&on(&node)).await;
    let client = Client::new(node.uri()).await;
    for body in [b"1", b"2"] {
        client.publish("rolecall.events", "ticket.created", persistent(), body).await;
    }
    let first = soon("a delivery", link.deliveries.recv()).await.expect("running");
    link.intake.settle(first.token);
    eventually("delivered, both", SOON, async || client.ready("rolecall.inbox").await == 0).await;
    // An acknowledgement waits a moment for others.
    tokio::time::sleep(Duration::from_millis(500)).await;

    // Stopped, not killed: RabbitMQ 3.10 that is killed soon after its first start sometimes never confirms again to a
    // quorum queue that it had just made.
    node.order("stop");
    soon("the loss", link.status.wait_for(|status| !status.is_consuming())).await.expect("watched");
    node.order("start");
    let up_at = Instant::now();
    soon("consuming", link.status.wait_for(broker::Status::is_consuming)).await.expect("watched");
    let took = up_at.elapsed();
    assert!(took < Duration::from_secs(10), "consuming again after {took:?}");
    // The second lay in the way in when the connection was lost, and is not handed out twice.
    let again = soon("a delivery", link.deliveries.recv()).await.expect("running");
    assert_eq!((again.body.as_slice(), again.redelivered), (b"2".as_slice(), true));
    soon("publishing", publish_for_good(&mut link, "after")).await;
    let took = up_at.elapsed();
    assert!(took < Duration::from_secs(10), "publishing again after {took:?}");
}

#[tokio::test]
async fn a_frozen_broker_is_noticed_and_left_and_taken_up_when_it_thaws() {
    let _alone = ALONE.lock().await;
    let mut node = Node::start();
    let options = BrokerOptions { reconnect_max: Duration::from_secs(2), ..on(&node) };
    let mut link = connect(&options).await;
    node.order("freeze");
    let frozen_at = Instant::now();
    let noticed = link.status.wait_for(|status| !status.is_consuming());
    tokio::time::timeout(Duration::from_secs(40), noticed).await.expect("noticed").expect("watched");
    let took = frozen_at.elapsed();
    assert!(took < Duration::from_secs(30), "noticed after {took:?}");
    let threads_before = io_threads();
    let window = [assignment("1")];
    let tried = tokio::time::timeout(Duration::from_secs(40), link.publisher.publish_window(&window));
    tried.await.expect("bounded").expect_err("nobody answers");
    eventually("no thread hangs in a handshake", Duration::from_secs(40), async || io_threads() <= threads_before + 1)
        .await;
    node.order("thaw");
    let thawed_at = Instant::now();
    soon("consuming", link.status.wait_for(broker::Status::is_consuming)).await.expect("watched");
    let took = thawed_at.elapsed();
    assert!(took < Duration::from_secs(15), "consuming again after {took:?}");
    soon("publishing", publish_for_good(&mut link, "2")).await;
}

#[tokio::test]
async fn a_broker_short_of_memory_blocks_the_way_out_alone_and_for_no_longer_than_it_is() {
    let _alone = ALONE.lock().await;
    let mut node = Node::start();
    let options = BrokerOptions { confirm_timeout: Duration::from_secs(3), ..on(&node) };
    let mut link = connect(&options).await;
    let client = Client::new(node.uri()).await;
    client.publish("rolecall.events", "ticket.created", persistent(), b"1").await;
    client.publish("rolecall.events", "ticket.created", persistent(), b"2").await;
    node.order("ctl set_vm_memory_high_watermark 0.000001");

    let window = [assignment("a")];
    let mut publishing = link.publisher.publish_window(&window);
    let mut status = link.status.clone();
    let blocked = async {
        let is_blocked = |status: &broker::Status| matches!(status.publishing, LinkState::Blocked { .. });
        status.wait_for(is_blocked).await.expect("watched").clone()
    };
    tokio::select! {
        outcome = &mut publishing => panic!("{outcome:?}"),
        _ = soon("blocked", blocked) => {}
    }
    // Longer than the timeout: a blocked broker is no fault, and what comes in is acknowledged meanwhile.
    let meanwhile = async {
        for _ in 0..2 {
            let delivery = link.deliveries.recv().await.expect("running");
            link.intake.settle(delivery.token);
        }
        tokio::time::sleep(options.confirm_timeout * 2).await;
    };
    tokio::select! {
        outcome = &mut publishing => panic!("{outcome:?}"),
        () = meanwhile => {}
    }
    assert!(link.status.borrow().is_consuming());
    node.order("ctl set_vm_memory_high_watermark 0.6");
    soon("confirmed", publishing).await.expect("the same connection goes on");
    assert_eq!(link.status.borrow().publishing, LinkState::Up);
    soon("close", link.intake.close()).await;
    assert_eq!(Client::new(node.uri()).await.ready("rolecall.inbox").await, 0, "both were acknowledged");
}

#[tokio::test]
async fn a_window_that_was_dropped_half_way_spoils_none_after_it() {
    let options = options("dropped");
    let mut link = connect(&options).await;
    let window: Vec<_> = (0..200).map(|number| assignment(&format!("id-{number}"))).collect();
    let cut = tokio::time::timeout(Duration::from_micros(500), link.publisher.publish_window(&window)).await;
    assert!(cut.is_err(), "it was cut off");
    soon("confirmed", link.publisher.publish_window(&window)).await.expect("on a new connection");
    let client = Client::new(&support::amqp_uri()).await;
    assert!(client.ready(&format!("{}.outbox", options.prefix)).await >= 200);
}

#[tokio::test]
async fn a_broker_that_went_away_while_nothing_was_to_publish_is_reconnected_by_tending() {
    let _alone = ALONE.lock().await;
    let mut node = Node::start();
    let options = BrokerOptions { reconnect_max: Duration::from_secs(1), ..on(&node) };
    let mut link = broker::connect(options, Arc::new(Unobserved), Prefetch::always_full()).await.expect("it is there");
    node.order("ctl close_all_connections test");
    let mut status = link.status.clone();
    let up_again = async {
        status.wait_for(|status| status.publishing != LinkState::Up).await.expect("watched");
        status.wait_for(|status| status.publishing == LinkState::Up).await.expect("watched").clone()
    };
    tokio::select! {
        () = link.publisher.tend() => panic!("it tends without end"),
        _ = soon("up again", up_again) => {}
    }
    node.order("stop");
    let error = soon("an answer", link.publisher.publish_window(&[assignment("1")])).await.expect_err("no broker");
    assert!(matches!(error.cause, PublishCause::Disconnected(_)), "{error}");
}

fn persistent() -> BasicProperties {
    BasicProperties::default().with_delivery_mode(2)
}

/// How many connections' threads this process has.
fn io_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    tasks
        .filter_map(Result::ok)
        .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
        .filter(|name| name.starts_with("lapin"))
        .count()
}
