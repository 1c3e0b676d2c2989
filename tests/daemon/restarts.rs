//! After a kill and a start every ticket is where it was.

use std::time::Duration;

use serde_json::json;

use crate::ear::Heard;
use crate::stage::Stage;

const CONFIG: &str = r#"
[channel.call]
offer_timeout = "4s"
wrap_up = "4s"
[channel.chat]
cost = 0
limit = 1
[[role]]
name = "billing"
decline_cooldown = "0s"
[[role]]
name = "technical"
"#;

#[tokio::test]
async fn after_a_kill_every_ticket_is_where_it_was() {
    let mut stage = Stage::open("where", CONFIG).await;
    for (agent, role) in [("anna", "billing"), ("ben", "technical")] {
        stage.agent(agent, &[role]).await;
    }
    // Assigned, waiting behind it, and paused.
    let chat = |ticket: &str| json!({ "ticket_id": ticket, "channel": "chat", "role": "technical" });
    stage.say("ticket.created", chat("paused")).await;
    let owner = stage.hear("assignment.assigned", "paused").await;
    stage.say("ticket.paused", json!({ "ticket_id": "paused" })).await;
    stage.say("ticket.created", chat("assigned")).await;
    stage.hear("assignment.assigned", "assigned").await;
    stage.say("ticket.created", chat("waiting")).await;
    stage.hear("ticket.queued", "waiting").await;
    // A call in wrap-up, and one that is offered.
    let call = |ticket: &str, role: &str| json!({ "ticket_id": ticket, "role": role });
    stage.say("call.queued", call("ended", "technical")).await;
    stage.hear("assignment.offered", "ended").await;
    stage.say("call.answered", json!({ "ticket_id": "ended", "agent_id": "ben" })).await;
    stage.say("call.ended", json!({ "ticket_id": "ended" })).await;
    let ended = stage.hear("assignment.completed", "ended").await;
    stage.say("call.queued", call("next", "technical")).await;
    stage.hear("ticket.queued", "next").await;
    stage.say("call.queued", call("offered", "billing")).await;
    let offered = stage.hear("assignment.offered", "offered").await;

    let mut stage = stage.kill_and_start().await;
    // The offer's clock and the wrap-up's went on.
    let expired = stage.hear("assignment.expired", "offered").await;
    assert_eq!(expired.text("assignment_id"), offered.text("assignment_id"));
    assert!(expired.at.duration_since(offered.at) > Duration::from_millis(3_900));
    let again = stage.hear("assignment.offered", "offered").await;
    assert_ne!(again.text("assignment_id"), offered.text("assignment_id"));
    let next = stage.hear("assignment.offered", "next").await;
    assert_eq!(next.text("agent_id"), "ben");
    assert!(next.at.duration_since(ended.at) > Duration::from_millis(3_900), "wrap-up was kept");
    // The one who waits still waits, behind the same one; the paused one has its owner.
    stage.say("ticket.resumed", json!({ "ticket_id": "paused" })).await;
    stage.say("ticket.completed", json!({ "ticket_id": "assigned", "agent_id": "ben" })).await;
    stage.hear("assignment.completed", "assigned").await;
    let resumed = stage.hear("assignment.resumed", "paused").await;
    assert_eq!(resumed.text("assignment_id"), owner.text("assignment_id"));
    stage.say("ticket.completed", json!({ "ticket_id": "paused" })).await;
    let assigned = stage.hear("assignment.assigned", "waiting").await;
    assert_eq!(assigned.text("agent_id"), "ben");
    assert!(assigned.data()["waited_ms"].as_u64().is_some_and(|waited| waited > 3_000), "its age is kept");
}

#[tokio::test]
async fn what_waited_in_the_inbox_is_heard_before_time_passes() {
    const PATIENCE: Duration = Duration::from_secs(5);
    let patience = "[agents]\nheartbeat_timeout = \"5s\"\n[channel.chat]\nowner_grace = \"5s\"\n";
    let config = CONFIG.replace("[channel.chat]\n", patience);
    let mut stage = Stage::open("waited", &config).await;
    stage.agent("anna", &["billing"]).await;
    stage.agent("ben", &["technical"]).await;
    stage.say("ticket.created", json!({ "ticket_id": "chat", "channel": "chat", "role": "billing" })).await;
    let assigned = stage.hear("assignment.assigned", "chat").await;
    stage.say("agent.presence", json!({ "agent_id": "anna", "status": "offline" })).await;
    // Before they came online they were offline, too.
    let offline = |heard: &Heard, agent: &str, after: &Heard| {
        heard.text("agent_id") == agent && heard.text("status") == "offline" && heard.at > after.at
    };
    let left = stage.ear.hear_where("agent.changed", |heard| offline(heard, "anna", &assigned)).await;

    let Stage { daemon, place, upstream, mut ear } = stage;
    daemon.kill();
    upstream.say("agent.presence", json!({ "agent_id": "anna", "status": "online" })).await;
    // By then the owner's grace is over, and ben's heartbeat overdue.
    tokio::time::sleep_until((left.at + PATIENCE + Duration::from_millis(500)).into()).await;
    let _daemon = place.start().await;

    // She came back in time and has her ticket; and nobody could hear him, so he was not silent.
    upstream.say("ticket.completed", json!({ "ticket_id": "chat", "agent_id": "anna" })).await;
    let completed = ear.hear("assignment.completed", "chat").await;
    assert_eq!(completed.text("assignment_id"), assigned.text("assignment_id"));
    let silent = ear.hear_where("agent.changed", |heard| offline(heard, "ben", &assigned)).await;
    assert!(silent.at.duration_since(completed.at) > Duration::from_secs(3), "not at once, but after his patience");
}

#[tokio::test]
async fn a_second_start_does_not_repeat_what_the_broker_has() {
    let mut stage = Stage::open("quiet", CONFIG).await;
    stage.agent("anna", &["billing"]).await;
    for number in 0..20 {
        stage.say("ticket.created", json!({ "ticket_id": format!("T-{number}"), "role": "billing" })).await;
    }
    stage.settled().await;
    let count = stage.ear.all().len();
    stage.daemon.signal("TERM");
    assert_eq!(stage.daemon.exit_code(crate::SOON).await, 0);
    stage.daemon = stage.place.start().await;
    stage.settled().await;
    let new: Vec<_> = stage.ear.all()[count..].iter().map(Heard::kind).collect();
    assert_eq!(new, ["command.rejected"], "the cursor was kept, and an unchanged catalogue is no news");
}
