//! The full life of tickets and calls: every inbound event of `docs/events.md`, and every outbound one.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::ear::Heard;
use crate::place::Place;
use crate::stage::Stage;
use crate::support::eventually;
use crate::upstream::{Form, traced};
use crate::{SOON, life_kinds};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

const CONFIG: &str = r#"
[routing]
default_role = "billing"
[agents]
heartbeat_timeout = "1h"
[channel.call]
offer_timeout = "5m"
wrap_up = "5m"
[channel.chat]
limit = 1
[[role]]
name = "billing"
ticket_types = ["invoice"]
permissions = ["refund.issue"]
[[role]]
name = "technical"
[[role]]
name = "archive"
dispatch = "pull"
[[role]]
name = "brisk"
acceptance = "offer"
offer_timeout = "1s"
[[role]]
name = "slow"
target = { answer_within = "1s", for_share = 0.9 }
overflow = [{ after = "1s", raise_priority = 2 }]
[[rule]]
name = "VIP customers"
when = 'customer.tier == "vip"'
set = { role = "billing", raise_priority = 3 }
"#;

#[tokio::test]
async fn plain_messages_lead_tickets_and_calls_through_their_lives() {
    let stage = Stage::open_with(Place::new("plain", CONFIG), Form::Plain).await;
    lives(stage).await;
}

#[tokio::test]
async fn cloud_events_lead_tickets_and_calls_through_their_lives() {
    let stage = Stage::open_with(Place::new("cloud", CONFIG), Form::Enveloped).await;
    lives(stage).await;
}

async fn lives(mut stage: Stage) {
    a_ticket_is_assigned_paused_handed_over_and_completed(&mut stage).await;
    a_ticket_that_waits_is_changed_and_withdrawn(&mut stage).await;
    an_agent_asks_for_work(&mut stage).await;
    a_call_is_rejected_answered_and_ended(&mut stage).await;
    an_offer_is_declined_accepted_and_missed(&mut stage).await;
    agents_come_and_go(&mut stage).await;
    what_waits_is_escalated_breached_and_expires(&mut stage).await;
    what_cannot_be_done_is_said(&mut stage).await;

    let metrics = stage.daemon.metrics().await;
    for kind in life_kinds::INBOUND {
        let sample = format!(r#"rolecall_events_total{{type="{kind}",outcome="accepted"}}"#);
        assert!(metrics.contains(&sample), "{kind} was accepted: {metrics}");
    }
    for kind in life_kinds::OUTBOUND {
        assert!(stage.ear.all().iter().any(|heard| heard.kind() == *kind), "{kind} was said");
    }
}

async fn a_ticket_is_assigned_paused_handed_over_and_completed(stage: &mut Stage) {
    stage.agent("anna", &["billing"]).await;
    let ticket = json!({
        "ticket_id": "T-1", "type": "invoice", "channel": "chat", "subject": "Wrong amount",
        "customer": { "id": "C-1", "tier": "vip" }, "attributes": { "amount": 119.5, "paid": false }
    });
    let id = stage.say("ticket.created", ticket).await;
    let assigned = stage.hear("assignment.assigned", "T-1").await;
    assert_eq!(assigned.correlation_id(), Some(id.as_str()));
    assert_eq!(assigned.routing_key, "assignment.assigned.billing");
    assert_eq!((assigned.text("agent_id"), assigned.text("channel")), ("anna", "chat"));
    let data = assigned.data();
    assert_eq!((&data["attempt"], &data["priority"]), (&json!(1), &json!(6)), "normal, raised by the rule");
    assert!(data["waited_ms"].is_u64() && data["reason"].is_object(), "{data}");
    assert_eq!(data["permissions"], json!(["refund.issue"]));
    assert_eq!(data["reason"]["rule"], "VIP customers", "{data}");
    let ticket = &data["ticket"];
    assert_eq!((&ticket["type"], &ticket["subject"]), (&json!("invoice"), &json!("Wrong amount")));
    assert_eq!(ticket["customer"]["tier"], "vip");
    assert_eq!(ticket["attributes"], json!({ "amount": 119.5, "paid": false }));
    let load = |used| move |heard: &Heard| heard.data()["load"]["chat"] == json!({ "used": used, "limit": 1 });
    stage.ear.hear_where("agent.changed", load(1)).await;

    let assignment = assigned.text("assignment_id").to_owned();
    stage.say("ticket.paused", json!({ "ticket_id": "T-1" })).await;
    assert_eq!(stage.hear("assignment.paused", "T-1").await.text("assignment_id"), assignment);
    stage.ear.hear_where("agent.changed", load(0)).await;
    stage.say("ticket.resumed", json!({ "ticket_id": "T-1" })).await;
    let resumed = stage.hear("assignment.resumed", "T-1").await;
    assert_eq!((resumed.text("assignment_id"), resumed.text("agent_id")), (assignment.as_str(), "anna"));

    stage.agent("ben", &["technical"]).await;
    let to_ben = json!({ "ticket_id": "T-1", "to_role": "technical", "by": "anna", "note": "a fault" });
    stage.say("ticket.transferred", to_ben).await;
    let revoked = stage.hear("assignment.revoked", "T-1").await;
    assert_eq!((revoked.text("assignment_id"), revoked.text("cause")), (assignment.as_str(), "transferred"));
    let assigned = stage.hear("assignment.assigned", "T-1").await;
    assert_eq!((assigned.text("agent_id"), assigned.text("role")), ("ben", "technical"));

    stage.say("ticket.released", json!({ "ticket_id": "T-1", "agent_id": "ben", "reason": "lunch" })).await;
    assert_eq!(stage.hear("assignment.revoked", "T-1").await.text("cause"), "released");
    let again = stage.hear("assignment.assigned", "T-1").await;
    assert_ne!(again.text("assignment_id"), assigned.text("assignment_id"));
    assert_eq!(again.text("agent_id"), "ben", "nobody else has the role");

    let done = json!({ "ticket_id": "T-1", "agent_id": "ben", "outcome": "refunded" });
    let id = stage.say("ticket.completed", done).await;
    let completed = stage.hear("assignment.completed", "T-1").await;
    assert_eq!((completed.text("agent_id"), completed.text("outcome")), ("ben", "refunded"));
    assert!(completed.data()["waited_ms"].is_u64() && completed.data()["handled_ms"].is_u64());
    assert_eq!(completed.correlation_id(), Some(id.as_str()));
    let story = [
        "assignment.assigned",
        "assignment.paused",
        "assignment.resumed",
        "assignment.revoked",
        "assignment.assigned",
        "assignment.revoked",
        "assignment.assigned",
        "assignment.completed",
    ];
    assert_eq!(stage.ear.story_of("T-1"), story);
}

async fn a_ticket_that_waits_is_changed_and_withdrawn(stage: &mut Stage) {
    for ticket in ["T-2", "T-3", "T-4"] {
        stage.say("ticket.created", json!({ "ticket_id": ticket, "channel": "chat", "role": "technical" })).await;
    }
    assert_eq!(stage.hear("assignment.assigned", "T-2").await.text("agent_id"), "ben");
    for (ticket, position) in [("T-3", 1), ("T-4", 2)] {
        let queued = stage.hear("ticket.queued", ticket).await;
        assert_eq!(queued.routing_key, "ticket.queued.technical");
        assert_eq!((&queued.data()["position"], &queued.data()["waiting"]), (&json!(position), &json!(position)));
        assert!(queued.data().get("estimated_wait_ms").is_some(), "{}", queued.envelope);
    }
    // The younger one becomes urgent, and overtakes the older.
    stage.say("ticket.updated", json!({ "ticket_id": "T-4", "priority": "urgent" })).await;
    stage.say("ticket.completed", json!({ "ticket_id": "T-2" })).await;
    assert_eq!(stage.hear("assignment.assigned", "T-4").await.data()["priority"], 9);
    stage.say("ticket.cancelled", json!({ "ticket_id": "T-3", "reason": "solved by itself" })).await;
    let cancelled = stage.hear("ticket.cancelled", "T-3").await;
    assert_eq!(cancelled.routing_key, "ticket.cancelled.technical");
    assert_eq!(cancelled.text("cause"), "solved by itself");
    stage.say("ticket.completed", json!({ "ticket_id": "T-4" })).await;
    stage.hear("assignment.completed", "T-4").await;
}

async fn an_agent_asks_for_work(stage: &mut Stage) {
    stage.agent("carl", &["archive"]).await;
    for ticket in ["T-5", "T-6"] {
        stage.say("ticket.created", json!({ "ticket_id": ticket, "role": "archive" })).await;
        stage.hear("ticket.queued", ticket).await;
    }
    stage.say("ticket.claimed", json!({ "agent_id": "carl", "ticket_id": "T-6" })).await;
    assert_eq!(stage.hear("assignment.assigned", "T-6").await.text("agent_id"), "carl");
    stage.say("ticket.claimed", json!({ "agent_id": "carl", "role": "archive" })).await;
    assert_eq!(stage.hear("assignment.assigned", "T-5").await.text("agent_id"), "carl");
}

async fn a_call_is_rejected_answered_and_ended(stage: &mut Stage) {
    stage.agent("dora", &["billing"]).await;
    stage.say("call.queued", json!({ "ticket_id": "C-1", "type": "invoice" })).await;
    let offered = stage.hear("assignment.offered", "C-1").await;
    assert_eq!((offered.text("channel"), offered.text("role")), ("call", "billing"));
    let expires_at: jiff::Timestamp = offered.text("expires_at").parse().expect("RFC 3339");
    let time: jiff::Timestamp = offered.envelope["time"].as_str().expect("a time").parse().expect("RFC 3339");
    assert_eq!(expires_at.duration_since(time).as_secs(), 300);
    let first = offered.text("agent_id").to_owned();
    stage.say("call.rejected", json!({ "ticket_id": "C-1", "agent_id": first, "reason": "no headset" })).await;
    let declined = stage.hear("assignment.declined", "C-1").await;
    assert_eq!(declined.text("assignment_id"), offered.text("assignment_id"));

    let offered = stage.hear("assignment.offered", "C-1").await;
    assert_ne!(offered.text("agent_id"), first);
    assert_eq!(offered.data()["attempt"], 2);
    let (second, assignment) = (offered.text("agent_id"), offered.text("assignment_id"));
    let answered = json!({ "ticket_id": "C-1", "agent_id": second, "assignment_id": assignment });
    stage.say("call.answered", answered).await;
    let assigned = stage.hear("assignment.assigned", "C-1").await;
    assert_eq!((assigned.text("assignment_id"), assigned.text("agent_id")), (assignment, second));
    stage.say("call.ended", json!({ "ticket_id": "C-1", "agent_id": second, "outcome": "paid" })).await;
    stage.hear("assignment.completed", "C-1").await;

    // In wrap-up the slot stays taken: the next call goes to nobody, for the one who rejected may take other calls.
    stage.say("call.queued", json!({ "ticket_id": "C-2" })).await;
    assert_eq!(stage.hear("assignment.offered", "C-2").await.text("agent_id"), first);
    stage.say("call.queued", json!({ "ticket_id": "C-3" })).await;
    stage.hear("ticket.queued", "C-3").await;
    stage.say("wrap_up.finished", json!({ "agent_id": second, "ticket_id": "C-1" })).await;
    assert_eq!(stage.hear("assignment.offered", "C-3").await.text("agent_id"), second);
    for call in ["C-2", "C-3"] {
        stage.say("call.abandoned", json!({ "ticket_id": call, "reason": "hung up" })).await;
        assert_eq!(stage.hear("assignment.revoked", call).await.text("cause"), "ticket_cancelled");
        assert_eq!(stage.hear("ticket.cancelled", call).await.text("cause"), "hung up");
    }
}

async fn an_offer_is_declined_accepted_and_missed(stage: &mut Stage) {
    stage.agent("emil", &["brisk"]).await;
    stage.say("ticket.created", json!({ "ticket_id": "T-7", "role": "brisk" })).await;
    let offered = stage.hear("assignment.offered", "T-7").await;
    stage.say("ticket.declined", json!({ "ticket_id": "T-7", "agent_id": "emil" })).await;
    assert_eq!(stage.hear("assignment.declined", "T-7").await.text("cause"), "declined");
    // Who declined may ask for it all the same.
    stage.say("ticket.claimed", json!({ "ticket_id": "T-7", "agent_id": "emil" })).await;
    let owned = stage.hear("assignment.assigned", "T-7").await;
    assert_ne!(owned.text("assignment_id"), offered.text("assignment_id"));
    stage.say("ticket.completed", json!({ "ticket_id": "T-7" })).await;
    stage.say("ticket.created", json!({ "ticket_id": "T-8", "role": "brisk" })).await;
    let offered = stage.hear("assignment.offered", "T-8").await;
    stage.say("ticket.accepted", json!({ "ticket_id": "T-8", "agent_id": "emil" })).await;
    let assigned = stage.hear("assignment.assigned", "T-8").await;
    assert_eq!(assigned.text("assignment_id"), offered.text("assignment_id"));

    stage.say("ticket.created", json!({ "ticket_id": "T-9", "role": "brisk" })).await;
    let offered = stage.hear("assignment.offered", "T-9").await;
    let expired = stage.hear("assignment.expired", "T-9").await;
    assert_eq!((expired.text("cause"), expired.text("agent_id")), ("timeout", "emil"));
    let late = json!({ "ticket_id": "T-9", "agent_id": "emil", "assignment_id": offered.text("assignment_id") });
    let id = stage.say("ticket.accepted", late).await;
    rejected(stage, &id, "stale_assignment").await;
}

async fn agents_come_and_go(stage: &mut Stage) {
    stage.say("agent.heartbeat", json!({ "agent_id": "anna" })).await;
    stage.say("agent.presence", json!({ "agent_id": "anna", "status": "away", "reason": "lunch" })).await;
    let away = |heard: &Heard| heard.text("agent_id") == "anna" && heard.text("status") == "away";
    stage.ear.hear_where("agent.changed", away).await;
    stage.say("ticket.created", json!({ "ticket_id": "T-10", "channel": "chat", "role": "billing" })).await;
    assert_eq!(stage.hear("assignment.assigned", "T-10").await.text("agent_id"), "dora", "anna is away");
    // New skills and roles are looked at at once.
    stage.say("ticket.created", json!({ "ticket_id": "T-11", "role": "slow", "skills": { "fr": 5 } })).await;
    let unroutable = stage.hear("ticket.unroutable", "T-11").await;
    assert_eq!(unroutable.text("cause"), "no_agent_with_role");
    let french = json!({ "agent_id": "ben", "roles": ["technical", "slow"], "skills": { "fr": 6 } });
    stage.say("agent.registered", french).await;
    assert_eq!(stage.hear("assignment.assigned", "T-11").await.text("agent_id"), "ben");
    stage.say("agent.removed", json!({ "agent_id": "dora" })).await;
    assert_eq!(stage.hear("assignment.revoked", "T-10").await.text("agent_id"), "dora");
    stage.say("agent.presence", json!({ "agent_id": "anna", "status": "online" })).await;
    assert_eq!(stage.hear("assignment.assigned", "T-10").await.text("agent_id"), "anna");
}

async fn what_waits_is_escalated_breached_and_expires(stage: &mut Stage) {
    stage.say("agent.presence", json!({ "agent_id": "ben", "status": "busy" })).await;
    let soon = jiff::Timestamp::now() + Duration::from_millis(2_500);
    let ticket = json!({ "ticket_id": "T-12", "role": "slow", "expires_at": soon.to_string() });
    stage.say("ticket.created", ticket).await;
    stage.hear("ticket.queued", "T-12").await;
    let escalated = stage.hear("ticket.escalated", "T-12").await;
    assert_eq!((&escalated.data()["step"], &escalated.data()["priority"]), (&json!(1), &json!(5)));
    assert_eq!(escalated.data()["roles"], json!(["slow"]));
    let breached = stage.hear("ticket.breached", "T-12").await;
    assert!(breached.text("due_at").parse::<jiff::Timestamp>().is_ok());
    stage.hear("ticket.expired", "T-12").await;
    let no_role = json!({ "ticket_id": "T-13", "role": "no such role" });
    stage.say("ticket.created", no_role).await;
    assert_eq!(stage.hear("ticket.unroutable", "T-13").await.text("cause"), "no_role");
}

async fn what_cannot_be_done_is_said(stage: &mut Stage) {
    let cases = [
        ("ticket.completed", json!({ "ticket_id": "unheard of" }), "unknown_ticket"),
        ("agent.presence", json!({ "agent_id": "unheard of", "status": "online" }), "unknown_agent"),
        ("ticket.resumed", json!({ "ticket_id": "T-10" }), "wrong_state"),
        ("ticket.completed", json!({ "ticket_id": "T-10", "agent_id": "ben" }), "stale_assignment"),
        ("ticket.transferred", json!({ "ticket_id": "T-10", "to_agent": "ben" }), "not_eligible"),
        ("ticket.transferred", json!({ "ticket_id": "T-10", "to_role": "unheard of" }), "unknown_role"),
    ];
    for (kind, data, code) in cases {
        let id = stage.say(kind, data).await;
        rejected(stage, &id, code).await;
    }
}

async fn rejected(stage: &mut Stage, id: &str, code: &str) {
    let rejected = stage.ear.hear_where("command.rejected", |heard| heard.correlation_id() == Some(id)).await;
    assert_eq!(rejected.text("code"), code, "{}", rejected.envelope);
    assert!(!rejected.text("detail").is_empty());
}

#[tokio::test]
async fn what_an_event_carries_beside_its_data_is_passed_on() {
    let mut stage = Stage::open("carried", CONFIG).await;
    stage.agent("anna", &["billing"]).await;
    let envelope = json!({
        "specversion": "1.0", "id": "x-1", "source": "/crm", "type": "ticket.created", "tenant": "north", "weight": 3,
        "data": { "ticket_id": "T-1", "no such member": [1, 2] }
    });
    let properties = traced(TRACE).with_content_type("application/cloudevents+json".into());
    // Straight to the inbox, as upstream may.
    let inbox = stage.place.object("inbox");
    stage.upstream.publish("", &inbox, properties, envelope.to_string().as_bytes()).await;
    let assigned = stage.hear("assignment.assigned", "T-1").await;
    assert_eq!((&assigned.envelope["tenant"], &assigned.envelope["weight"]), (&json!("north"), &json!(3)));
    assert_eq!(assigned.traceparent().as_deref(), Some(TRACE), "passed on");

    // A plain message without a type property: its routing key is its type. Without an id it is taken all the same.
    let events = stage.place.object("events");
    for ticket in ["T-2", "T-2"] {
        let body = json!({ "ticket_id": ticket }).to_string();
        stage.upstream.publish(&events, "ticket.created", lapin::BasicProperties::default(), body.as_bytes()).await;
    }
    let assigned = stage.hear("assignment.assigned", "T-2").await;
    assert_eq!(assigned.correlation_id(), None);
    stage.settled().await;
    assert_eq!(stage.ear.story_of("T-2"), ["assignment.assigned"]);
}

#[tokio::test]
async fn an_agent_who_is_free_has_the_ticket_at_once() {
    let mut stage = Stage::open("at-once", CONFIG).await;
    stage.agent("anna", &["billing"]).await;
    let mut took = Vec::new();
    for number in 0..50 {
        let ticket = format!("T-{number}");
        let said_at = Instant::now();
        stage.say("ticket.created", json!({ "ticket_id": ticket, "channel": "chat" })).await;
        took.push(stage.hear("assignment.assigned", &ticket).await.at.duration_since(said_at));
        stage.say("ticket.completed", json!({ "ticket_id": ticket })).await;
        stage.hear("assignment.completed", &ticket).await;
    }
    took.sort();
    println!("from publishing to hearing of the assignment: half within {:?}, all within {:?}", took[25], took[49]);
    // 100 ms is the promise of a machine that does nothing else; this one may build and test.
    assert!(took[25] < Duration::from_secs(1), "{took:?}");
}

#[tokio::test]
async fn the_outbox_queue_keeps_assignments_for_those_who_are_not_there_yet() {
    let mut stage = Stage::open("kept", CONFIG).await;
    stage.agent("anna", &["billing"]).await;
    stage.say("ticket.created", json!({ "ticket_id": "T-1" })).await;
    stage.hear("assignment.assigned", "T-1").await;
    let outbox = stage.place.object("outbox");
    eventually("kept", SOON, async || stage.upstream.ready_count(&outbox).await == 1).await;
    let kept = Heard::new(stage.upstream.get(&outbox).await.expect("kept"));
    assert_eq!((kept.kind(), kept.text("ticket_id")), ("assignment.assigned", "T-1"));
}

#[tokio::test]
async fn the_outbox_queue_keeps_callbacks_for_those_who_are_not_there_yet() {
    let config = "[[role]]\nname = \"billing\"\nmax_waiting = 0\nwhen_full = \"callback\"\n";
    let stage = Stage::open("callback", config).await;
    stage.say("agent.registered", json!({ "agent_id": "anna", "roles": ["billing"] })).await;
    stage.say("ticket.created", json!({ "ticket_id": "T-1", "role": "billing", "customer": { "id": "C-1" } })).await;
    let outbox = stage.place.object("outbox");
    eventually("kept", SOON, async || stage.upstream.ready_count(&outbox).await == 1).await;
    let kept = Heard::new(stage.upstream.get(&outbox).await.expect("kept"));
    assert_eq!((kept.kind(), kept.text("ticket_id")), ("ticket.callback", "T-1"));
}

#[tokio::test]
async fn two_daemons_on_one_inbox_are_told_of_each_other() {
    let stage = Stage::open("shared", CONFIG).await;
    let mut place = Place::new("shared", CONFIG);
    place.prefix.clone_from(&stage.place.prefix);
    let second = place.start().await;
    let told = || second.said("somebody else consumes the inbox");
    eventually("told of the other", SOON, async || !told().is_empty()).await;
    assert_eq!((told().len(), &told()[0]["others"], &told()[0]["level"]), (1, &json!(1), &json!("WARN")));
    assert_eq!(second.metric("rolecall_inbox_consumers").await, 2);
    assert_eq!(stage.daemon.said("somebody else consumes the inbox").len(), 0, "it is alone at its start");
}

#[tokio::test]
async fn a_ticket_that_waits_keeps_what_it_came_with_over_a_restart() {
    let mut stage = Stage::open_with(Place::new("kept", CONFIG), Form::Enveloped).await;
    stage.say("agent.registered", json!({ "agent_id": "anna", "roles": ["billing"] })).await;
    let envelope = json!({
        "specversion": "1.0", "id": "x-1", "source": "/crm", "type": "ticket.created", "tenant": "north",
        "data": { "ticket_id": "T-1" }
    });
    let properties = traced(TRACE).with_content_type("application/cloudevents+json".into());
    stage.upstream.publish("", &stage.place.object("inbox"), properties, envelope.to_string().as_bytes()).await;
    stage.hear("ticket.queued", "T-1").await;

    let mut stage = stage.kill_and_start().await;
    stage.say("agent.presence", json!({ "agent_id": "anna", "status": "online" })).await;
    let assigned = stage.hear("assignment.assigned", "T-1").await;
    assert_eq!(assigned.envelope["tenant"], "north", "{}", assigned.envelope);
    assert_eq!(assigned.traceparent().as_deref(), Some(TRACE), "passed on");
}
