//! The same story on a classic inbox as on a quorum one: what is used of the broker both have.

use serde_json::json;

use crate::place::Place;
use crate::stage::Stage;
use crate::upstream::Form;

async fn is_told_to_its_end(kind: &str) {
    let config = format!("[amqp]\nqueue_type = \"{kind}\"\n[[role]]\nname = \"billing\"\n");
    let mut stage = Stage::open_with(Place::new(&format!("inbox-{kind}"), &config), Form::Plain).await;
    stage.agent("anna", &["billing"]).await;
    stage.say("ticket.created", json!({ "ticket_id": "T-1", "role": "billing" })).await;
    assert_eq!(stage.hear("assignment.assigned", "T-1").await.text("agent_id"), "anna");
    // What can't be read, in the middle.
    stage.say("no.such.event", json!({ "ticket_id": "T-1" })).await;
    let mut stage = stage.kill_and_start().await;
    let again = stage.say("ticket.created", json!({ "ticket_id": "T-1", "role": "billing" })).await;
    stage.say("ticket.completed", json!({ "ticket_id": "T-1" })).await;
    stage.hear("assignment.completed", "T-1").await;
    stage.settled().await;
    assert!(stage.ear.all().iter().all(|heard| heard.correlation_id() != Some(&again)), "it was known");
    let letter = stage.upstream.get(&stage.place.object("dead")).await.expect("a dead letter");
    assert_eq!(letter.routing_key.as_str(), "no.such.event");
    assert!(stage.upstream.get(&stage.place.object("inbox")).await.is_none(), "all is acknowledged");
}

#[tokio::test]
async fn on_a_classic_inbox_nothing_is_lost_or_doubled() {
    is_told_to_its_end("classic").await;
}

#[tokio::test]
async fn on_a_quorum_inbox_nothing_is_lost_or_doubled() {
    is_told_to_its_end("quorum").await;
}
