//! Those who listen take nothing: what waits for them costs disk and no memory, and stops the intake before it is too
//! much.

use std::time::{Duration, Instant};

use lapin::options::{QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ConnectionProperties};
use serde_json::json;

use crate::SOON;
use crate::books::Deed;
use crate::kills::setting;
use crate::measures::resident_kb;
use crate::place::{Daemon, Place};
use crate::post::Post;
use crate::support::{Node, eventually};

const OUTBOX_MAX: u64 = 1_000;
const CONFIG: &str = r#"
[journal]
outbox_max = 1000
[[role]]
name = "billing"
"#;
/// What the batch under way and the one after it bring, when the outbox is found full.
const BEYOND_MAX: u64 = 2 * 512;
/// Deliveries under way, two windows, and what the allocator keeps; the state itself comes on top, per ticket.
const MEMORY_MAX_KB: u64 = 150_000;
const MEMORY_PER_TICKET_MAX_KB: u64 = 4;
/// A large form may take so long.
const LONG: Duration = Duration::from_mins(10);
/// How long it is looked at while nothing goes on.
const STANDSTILL: Duration = Duration::from_secs(3);

/// Tickets for which there is nobody: each is told of once.
async fn publish(post: &Post, tickets: u32) {
    let registered = json!({ "agent_id": "away", "roles": ["billing"] });
    post.send(Deed { id: "registered/away".to_owned(), kind: "agent.registered", data: registered });
    for number in 0..tickets {
        let ticket = format!("d{number}");
        let data = json!({ "ticket_id": ticket, "role": "billing", "subject": "My invoice names the wrong company" });
        post.send(Deed { id: format!("created/{ticket}"), kind: "ticket.created", data });
    }
    eventually("all is published", LONG, async || post.open_count() == 0).await;
}

/// A queue of somebody who takes nothing and lets nobody leave more than ten messages.
async fn full_queue(place: &Place) -> (Connection, Channel, String) {
    let connection =
        Connection::connect(&place.uri, ConnectionProperties::default()).await.expect("the broker is there");
    let channel = connection.create_channel().await.expect("a channel");
    let queue = place.object("full");
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(10));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    let options =
        QueueDeclareOptions { passive: false, durable: true, exclusive: false, auto_delete: false, nowait: false };
    channel.queue_declare(queue.as_str().into(), options, arguments).await.expect("declared");
    let exchange = place.object("assignments");
    let bind = QueueBindOptions { nowait: false };
    let bound =
        channel.queue_bind(queue.as_str().into(), exchange.as_str().into(), "#".into(), bind, FieldTable::default());
    bound.await.expect("bound");
    (connection, channel, queue)
}

/// Nothing goes out: the intake has to stop, and the memory to stay where it is.
async fn stands_still(what: &str, daemon: &Daemon, tickets: u32) {
    eventually("a full outbox", LONG, async || daemon.metric("rolecall_outbox_depth").await >= OUTBOX_MAX).await;
    let mut memory = Vec::new();
    let (mut deepest, mut taken) = (0, 0);
    let until = Instant::now() + STANDSTILL;
    while Instant::now() < until {
        deepest = daemon.metric("rolecall_outbox_depth").await.max(deepest);
        taken = daemon.metric("rolecall_queue_depth{").await;
        memory.push(resident_kb(daemon.pid()) / 1_024);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    println!("{what}: at most {deepest} in the outbox, {taken} of {tickets} taken, {memory:?} MB resident");
    assert!(deepest <= OUTBOX_MAX + BEYOND_MAX, "{deepest} in the outbox");
    assert!(taken < u64::from(tickets), "the rest waits in the inbox");
    assert_eq!(daemon.status("/healthz").await, Some(200));
}

/// … and then it does: all is taken and told.
async fn goes_on(what: &str, daemon: &Daemon, tickets: u32) {
    let from = Instant::now();
    let mut memory_max_kb = 0;
    eventually("all are taken and told", LONG, async || {
        memory_max_kb = resident_kb(daemon.pid()).max(memory_max_kb);
        daemon.metric("rolecall_queue_depth{").await == u64::from(tickets)
            && daemon.metric("rolecall_outbox_depth").await == 0
    })
    .await;
    let took = from.elapsed();
    println!("{what}: all {tickets} taken and told {took:.1?} later, at most {} MB resident", memory_max_kb / 1_024);
    let bound = MEMORY_MAX_KB + MEMORY_PER_TICKET_MAX_KB * u64::from(tickets);
    assert!(memory_max_kb < bound, "{memory_max_kb} kB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_downstream_that_is_full_stops_the_intake_and_all_goes_on_when_it_has_room() {
    let tickets = setting("ROLECALL_DOWNSTREAM", 8_000);
    let place = Place::new("full", CONFIG);
    let daemon = place.start().await;
    let (_connection, channel, queue) = full_queue(&place).await;
    let post = Post::start(&place.uri, &place.prefix);
    publish(&post, tickets).await;
    stands_still("downstream full", &daemon, tickets).await;
    let options = lapin::options::QueueDeleteOptions { if_unused: false, if_empty: false, nowait: false };
    channel.queue_delete(queue.as_str().into(), options).await.expect("deleted");
    goes_on("downstream full", &daemon, tickets).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_without_memory_stops_the_intake_and_all_goes_on_when_it_has_some() {
    let tickets = setting("ROLECALL_DOWNSTREAM", 8_000);
    let mut node = tokio::task::spawn_blocking(Node::start).await.expect("started");
    let place = Place::on(node.uri(), "alarm", CONFIG);
    let mut first = place.start().await;
    first.signal("TERM");
    assert_eq!(first.exit_code(SOON).await, 0);
    publish(&Post::start(&place.uri, &place.prefix), tickets).await;
    node.order("ctl set_vm_memory_high_watermark 0.000001");
    let mut daemon = place.launch();
    daemon.ready().await;
    stands_still("broker without memory", &daemon, tickets).await;
    node.order("ctl set_vm_memory_high_watermark 0.6");
    goes_on("broker without memory", &daemon, tickets).await;
}
