//! `SIGTERM` and `SIGINT`: what is under way is finished, the rest stays in the inbox.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::SOON;
use crate::crowd::{CONFIG, Crowd};
use crate::place::Place;
use crate::support::{Node, eventually};
use crate::upstream::{Form, Upstream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_under_load_leaves_nothing_and_the_inbox_keeps_the_rest() {
    let place = Place::new("drain", CONFIG);
    let mut crowd = Crowd::open(&place, 500.0, 1).await;
    let mut daemon = place.start().await;
    let upstream = Upstream::new(&place.uri, &place.prefix, Form::Plain).await;
    let inbox = place.object("inbox");
    crowd.begin();
    for signal in ["TERM", "INT"] {
        crowd.work_for(Duration::from_secs(2)).await;
        daemon.signal(signal);
        let told_at = Instant::now();
        let code = crowd.work_during(daemon.exit_code(Duration::from_secs(25))).await;
        println!("SIG{signal}: drained and gone after {:?}", told_at.elapsed());
        assert_eq!(code, 0, "{}", daemon.log());
        let started = daemon.said("drain started");
        assert_eq!(started[0]["cause"], format!("SIG{signal}"));
        let drained = daemon.said("nothing was left");
        assert_eq!(drained.len(), 1, "{}", daemon.log());
        assert!(drained[0]["took_ms"].is_u64());
        let waits = crowd
            .work_during(eventually("the inbox keeps the rest", SOON, async || upstream.ready_count(&inbox).await > 0));
        waits.await;
        daemon = place.launch();
        crowd.work_during(daemon.ready()).await;
    }
    let books = crowd.finish(SOON * 2).await;
    assert_eq!(books.repeats, 0, "what was confirmed is not sent again after a drain");
}

/// How long the daemon of the tests below may take over its end.
const SHUTDOWN: &str =
    "[node]\nshutdown_timeout = \"6s\"\n[journal]\noutbox_max = 1000\n[[role]]\nname = \"billing\"\n";

#[tokio::test]
async fn a_drain_ends_in_time_although_the_broker_takes_nothing_and_what_is_left_follows() {
    const TICKETS: u32 = 1_500;
    let mut node = Node::start();
    let place = Place::on(node.uri(), "blocked-drain", SHUTDOWN);
    let mut first = place.start().await;
    first.signal("TERM");
    assert_eq!(first.exit_code(SOON).await, 0);
    let upstream = Upstream::new(&place.uri, &place.prefix, Form::Plain).await;
    upstream.say("agent.registered", json!({ "agent_id": "anna", "roles": ["billing"] })).await;
    for number in 0..TICKETS {
        upstream.say("ticket.created", json!({ "ticket_id": format!("T-{number}"), "role": "billing" })).await;
    }
    node.order("ctl set_vm_memory_high_watermark 0.000001");

    let mut daemon = place.start().await;
    eventually("a full outbox", SOON, async || daemon.metric("rolecall_outbox_depth").await >= 1_000).await;
    daemon.signal("TERM");
    let told_at = Instant::now();
    eventually("draining", SOON, async || {
        let Some((status, reason)) = daemon.get("/readyz").await else { return false };
        status == 503 && reason.contains("draining")
    })
    .await;
    assert_eq!(daemon.status("/healthz").await, Some(200));
    assert_eq!(daemon.exit_code(Duration::from_secs(12)).await, 0, "{}", daemon.log());
    println!("drained after {:?} of 6 s", told_at.elapsed());
    let cut_short = daemon.said("drain cut short");
    assert_eq!(cut_short.len(), 1, "{}", daemon.log());
    assert!(cut_short[0]["outbox"].as_u64().is_some_and(|left| left >= 1_000), "{cut_short:?}");

    node.order("ctl set_vm_memory_high_watermark 0.6");
    let daemon = place.start().await;
    eventually("all are queued", SOON, async || {
        daemon.metric(r#"rolecall_queue_depth{role="billing"}"#).await == u64::from(TICKETS)
            && daemon.metric("rolecall_outbox_depth").await == 0
    })
    .await;
}
