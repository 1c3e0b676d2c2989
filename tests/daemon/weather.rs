//! What happens to the broker while the daemon works, and how soon it is over.

use std::time::{Duration, Instant};

use crate::SOON;
use crate::crowd::{CONFIG, Crowd};
use crate::place::{Daemon, Place};
use crate::proxy::Proxy;
use crate::support::{self, Node, eventually};
use crate::upstream::{Form, Upstream};

/// Reliability: consuming again within this of the broker's return.
const AGAIN_MAX: Duration = Duration::from_secs(10);
/// … and within this where nobody says that a connection is gone: it takes two heartbeats to notice.
const HALF_OPEN_MAX: Duration = Duration::from_secs(30);

/// Where the way is slow, so many tickets at most have not come to their end.
const UNDONE_MAX: usize = 300;

/// A node of one's own with a crowd at work.
async fn at_work(name: &str) -> (Node, Place, Daemon, Crowd) {
    let node = tokio::task::spawn_blocking(Node::start).await.expect("started");
    let place = Place::on(node.uri(), name, CONFIG);
    let mut crowd = Crowd::open(&place, 300.0, 1).await;
    let daemon = place.start().await;
    crowd.begin();
    crowd.work_for(Duration::from_secs(2)).await;
    (node, place, daemon, crowd)
}

/// Something is done to the node while the crowd goes on.
async fn order(crowd: &mut Crowd, mut node: Node, orders: &'static [&'static str]) -> Node {
    let ordered = tokio::task::spawn_blocking(move || {
        for order in orders {
            node.order(order);
        }
        node
    });
    crowd.work_during(ordered).await.expect("done")
}

async fn ready_again(crowd: &mut Crowd, daemon: &mut Daemon, what: &str) {
    let up_at = Instant::now();
    crowd.work_during(daemon.ready()).await;
    let took = up_at.elapsed();
    println!("{what}: ready {took:?} after the broker");
    assert!(took < AGAIN_MAX, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_stopped_and_started_under_load_costs_time_and_nothing_else() {
    let (node, _place, mut daemon, mut crowd) = at_work("restart").await;
    let node = order(&mut crowd, node, &["stop"]).await;
    let noticed = eventually("not ready", SOON, async || daemon.status("/readyz").await == Some(503));
    crowd.work_during(noticed).await;
    assert_eq!(daemon.status("/healthz").await, Some(200));
    let _node = order(&mut crowd, node, &["start"]).await;
    ready_again(&mut crowd, &mut daemon, "restart").await;
    assert!(daemon.metric("rolecall_amqp_reconnects_total").await >= 1);
    crowd.work_for(Duration::from_secs(1)).await;
    crowd.finish(SOON * 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_stands_still_or_takes_nothing_for_a_while_costs_time_and_nothing_else() {
    let (node, _place, mut daemon, mut crowd) = at_work("still").await;
    let node = order(&mut crowd, node, &["freeze"]).await;
    crowd.work_for(Duration::from_secs(4)).await;
    assert_eq!(daemon.status("/healthz").await, Some(200));
    let node = order(&mut crowd, node, &["thaw"]).await;
    ready_again(&mut crowd, &mut daemon, "frozen").await;
    crowd.work_for(Duration::from_secs(1)).await;

    let node = order(&mut crowd, node, &["ctl set_vm_memory_high_watermark 0.000001"]).await;
    crowd.work_for(Duration::from_secs(4)).await;
    assert_eq!(daemon.status("/healthz").await, Some(200));
    let _node = order(&mut crowd, node, &["ctl set_vm_memory_high_watermark 0.6"]).await;
    ready_again(&mut crowd, &mut daemon, "short of memory").await;
    crowd.work_for(Duration::from_secs(1)).await;
    crowd.finish(SOON * 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_that_somebody_deletes_is_made_again() {
    let place = Place::new("deleted", CONFIG);
    let mut crowd = Crowd::open(&place, 300.0, 1).await;
    let mut daemon = place.start().await;
    let upstream = Upstream::new(&place.uri, &place.prefix, Form::Plain).await;
    crowd.begin();
    crowd.work_for(Duration::from_secs(1)).await;
    // What lies in a queue when it is deleted is gone by its deleter's wish: the crowd waits for it to be empty.
    crowd.rest(SOON).await;
    for _ in 0..3 {
        let reconnects = daemon.metric("rolecall_amqp_reconnects_total").await;
        upstream.delete_queue(&place.object("inbox")).await;
        let deleted_at = Instant::now();
        eventually("consuming again", AGAIN_MAX, async || {
            daemon.metric("rolecall_amqp_reconnects_total").await > reconnects
        })
        .await;
        daemon.ready().await;
        println!("deleted: ready after {:?}", deleted_at.elapsed());
        assert!(deleted_at.elapsed() < AGAIN_MAX);
        crowd.work_for(Duration::from_millis(500)).await;
        crowd.rest(SOON).await;
    }
    crowd.finish(SOON).await;
}

/// Both connections are made anew, within a bound of what happened.
async fn reconnected(crowd: &mut Crowd, daemon: &mut Daemon, before: u64, bound: Duration, what: &str) {
    let happened_at = Instant::now();
    let again = eventually(what, bound, async || daemon.metric("rolecall_amqp_reconnects_total").await >= before + 2);
    crowd.work_during(again).await;
    crowd.work_during(daemon.ready()).await;
    let took = happened_at.elapsed();
    println!("{what}: consuming and publishing again after {took:?}");
    assert!(took < bound, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_to_the_broker_that_is_cut_slow_or_half_open_costs_time_and_nothing_else() {
    let proxy = Proxy::start(&support::amqp_uri()).await;
    let place = Place::new("proxy", CONFIG);
    let mut crowd = Crowd::open(&place, 300.0, 1).await.with_undone_max(UNDONE_MAX);
    let mut daemon = place.launch_with(&[("ROLECALL_AMQP_URI", proxy.uri())]);
    daemon.ready().await;
    crowd.begin();
    crowd.work_for(Duration::from_secs(1)).await;
    for _ in 0..3 {
        let before = daemon.metric("rolecall_amqp_reconnects_total").await;
        proxy.cut();
        reconnected(&mut crowd, &mut daemon, before, AGAIN_MAX, "cut").await;
        crowd.work_for(Duration::from_millis(500)).await;
    }
    proxy.slow(Duration::from_millis(20));
    crowd.work_for(Duration::from_secs(3)).await;
    assert_eq!(daemon.status("/readyz").await, Some(200), "slow is no fault");
    proxy.slow(Duration::ZERO);
    let before = daemon.metric("rolecall_amqp_reconnects_total").await;
    proxy.strand();
    reconnected(&mut crowd, &mut daemon, before, HALF_OPEN_MAX, "half open").await;
    crowd.work_for(Duration::from_secs(1)).await;
    crowd.finish(SOON * 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_an_administrator_closes_are_made_anew() {
    let (node, _place, mut daemon, mut crowd) = at_work("closed").await;
    let before = daemon.metric("rolecall_amqp_reconnects_total").await;
    let _node = order(&mut crowd, node, &["ctl close_all_connections weather"]).await;
    reconnected(&mut crowd, &mut daemon, before, AGAIN_MAX, "closed by an administrator").await;
    crowd.work_for(Duration::from_secs(1)).await;
    crowd.finish(SOON * 2).await;
}
