//! What can be measured from outside: the metrics of `docs/metrics.md`, the time to get ready, the memory.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::SOON;
use crate::place::Place;
use crate::stage::Stage;
use crate::support::eventually;

const CONFIG: &str = r#"
[channel.chat]
limit = 1
[[role]]
name = "billing"
target = { answer_within = "1s", for_share = 0.9 }
"#;

/// What is promised, by heart, and what we count beyond it: each with a sample that the traffic below leaves, and its least value.
const METRICS: &[(&str, f64)] = &[
    (r#"rolecall_events_total{type="ticket.created",outcome="accepted"}"#, 4.0),
    (r#"rolecall_events_total{type="ticket.created",outcome="duplicate"}"#, 1.0),
    (r#"rolecall_events_total{type="ticket.completed",outcome="rejected"}"#, 1.0),
    (r#"rolecall_events_total{type="other",outcome="dead_lettered"}"#, 1.0),
    (r#"rolecall_routing_latency_seconds_count{role="billing"}"#, 1.0),
    ("rolecall_decision_seconds_count", 1.0),
    (r#"rolecall_ticket_wait_seconds_count{role="billing",channel="chat"}"#, 2.0),
    (r#"rolecall_handle_seconds_count{role="billing",channel="chat"}"#, 1.0),
    (r#"rolecall_queue_depth{role="billing"}"#, 1.0),
    (r#"rolecall_queue_oldest_seconds{role="billing"}"#, 1.0),
    (r#"rolecall_agents{role="billing",status="online"}"#, 1.0),
    (r#"rolecall_slots{channel="chat",state="used"}"#, 1.0),
    (r#"rolecall_assignments_total{role="billing",outcome="assigned"}"#, 2.0),
    (r#"rolecall_assignments_total{role="billing",outcome="completed"}"#, 1.0),
    (r#"rolecall_target_breaches_total{role="billing"}"#, 1.0),
    (r#"rolecall_service_total{role="billing",outcome="answered_within"}"#, 1.0),
    (r#"rolecall_targets_at_risk_total{role="billing"}"#, 0.0),
    ("rolecall_unroutable_tickets", 1.0),
    ("rolecall_journal_sync_seconds_count", 1.0),
    ("rolecall_journal_bytes", 1.0),
    ("rolecall_outbox_depth", 0.0),
    ("rolecall_publish_confirm_seconds_count", 1.0),
    ("rolecall_amqp_reconnects_total", 0.0),
    ("rolecall_inbox_consumers", 1.0),
    ("rolecall_build_info{", 1.0),
];

#[tokio::test]
async fn every_metric_is_there_after_some_traffic() {
    let mut stage = Stage::open("metrics", CONFIG).await;
    stage.agent("agent-of-metrics", &["billing"]).await;
    for number in 1..=3 {
        let ticket = json!({ "ticket_id": format!("ticket-{number}"), "channel": "chat", "role": "billing" });
        stage.say("ticket.created", ticket).await;
    }
    stage.say("ticket.created", json!({ "ticket_id": "ticket-1" })).await;
    stage.say("ticket.created", json!({ "ticket_id": "ticket-4", "role": "unheard of" })).await;
    stage.say("ticket.completed", json!({ "ticket_id": "ticket-1" })).await;
    stage.say("ticket.completed", json!({ "ticket_id": "ticket-9" })).await;
    stage.say("no.such.event", json!({})).await;
    stage.hear("ticket.breached", "ticket-3").await;
    let mut missing = Vec::new();
    let mut text = String::new();
    let all_there = eventually("all metrics", SOON, async || {
        text = stage.daemon.metrics().await;
        missing = METRICS.iter().filter(|(beginning, least)| !has(&text, beginning, *least)).collect();
        missing.is_empty()
    });
    let in_time = tokio::time::timeout(SOON / 2, all_there).await.is_ok();
    assert!(in_time, "missing: {missing:?} in {text}");
    for (beginning, _) in METRICS {
        let name = beginning.split('{').next().unwrap_or(beginning);
        let name = name.strip_suffix("_count").unwrap_or(name);
        assert!(text.contains(&format!("# TYPE {name} ")), "{name} has a type");
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has a help");
    }
    assert!(!text.contains("ticket-") && !text.contains("agent-of-metrics"), "labels are bounded: {text}");
    assert!(text.contains("_bucket{"), "histograms have buckets: {text}");
}

fn has(text: &str, beginning: &str, least: f64) -> bool {
    let lines = text.lines().filter(|line| line.starts_with(beginning));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).any(|value| value >= least)
}

#[tokio::test]
async fn an_empty_daemon_with_the_default_catalogue_is_ready_soon_and_small() {
    let catalogue = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/rolecall.toml");
    let catalogue = std::fs::read_to_string(catalogue).expect("it comes with the sources");
    let place = Place::new("small", &catalogue);
    // The first start makes queues on the broker, which is the broker's time.
    drop(place.start().await);
    let place = place.with_empty_journal();
    let mut daemon = place.launch();
    let launched_at = Instant::now();
    daemon.ready().await;
    let took = launched_at.elapsed();
    let memory = resident_kb(daemon.pid());
    println!("ready after {took:?}, with {memory} kB resident");
    // The promise is the release build's, on a machine that does nothing else.
    let (took_max, memory_max) =
        if cfg!(debug_assertions) { (Duration::from_secs(10), 150_000) } else { (Duration::from_secs(1), 60_000) };
    assert!(took < took_max, "{took:?}");
    assert!(memory < memory_max, "{memory} kB");
}

pub(crate) fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a process has memory");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}
