//! What comes twice changes nothing.

use serde_json::json;

use crate::SOON;
use crate::place::Place;
use crate::stage::Stage;
use crate::support::eventually;
use crate::upstream::{Form, Upstream};

const CONFIG: &str = r#"
[[role]]
name = "billing"
"#;

#[tokio::test]
async fn an_event_that_comes_twice_changes_nothing_in_either_form_and_across_a_restart() {
    for form in [Form::Plain, Form::Enveloped] {
        let mut stage = Stage::open_with(Place::new("twice", CONFIG), form).await;
        stage.agent("anna", &["billing"]).await;
        let created = json!({ "ticket_id": "T-1", "role": "billing" });
        for _ in 0..3 {
            stage.upstream.say_as("once", "ticket.created", created.clone()).await;
        }
        stage.hear("assignment.assigned", "T-1").await;
        let released = json!({ "ticket_id": "T-1" });
        for _ in 0..2 {
            stage.upstream.say_as("released once", "ticket.released", released.clone()).await;
        }
        stage.hear("assignment.revoked", "T-1").await;
        stage.hear("assignment.assigned", "T-1").await;
        stage.settled().await;
        let story = ["assignment.assigned", "assignment.revoked", "assignment.assigned"];
        assert_eq!(stage.ear.story_of("T-1"), story);

        let mut stage = stage.kill_and_start().await;
        stage.upstream.say_as("released once", "ticket.released", released.clone()).await;
        stage.upstream.say_as("once", "ticket.created", created.clone()).await;
        stage.settled().await;
        assert_eq!(stage.ear.story_of("T-1"), story, "nothing new");
        let line = r#"rolecall_events_total{type="ticket.released",outcome="duplicate"} 1"#;
        assert!(stage.daemon.metrics().await.contains(line));
    }
}

#[tokio::test]
async fn the_same_id_from_another_source_is_another_event() {
    let mut stage = Stage::open("sources", CONFIG).await;
    stage.agent("anna", &["billing"]).await;
    for (source, ticket) in [("/helpdesk/eu", "T-1"), ("/helpdesk/us", "T-2"), ("", "T-3")] {
        let body = json!({ "ticket_id": ticket, "role": "billing" }).to_string();
        let properties = lapin::BasicProperties::default().with_message_id("1".into()).with_app_id(source.into());
        stage.upstream.publish(&stage.place.object("events"), "ticket.created", properties, body.as_bytes()).await;
        stage.hear("assignment.assigned", ticket).await;
    }
}

#[tokio::test]
async fn a_ticket_that_is_known_or_was_is_not_created_again() {
    let mut stage = Stage::open("known", CONFIG).await;
    stage.agent("anna", &["billing"]).await;
    stage.say("ticket.created", json!({ "ticket_id": "T-1", "role": "billing" })).await;
    stage.hear("assignment.assigned", "T-1").await;
    stage.say("ticket.created", json!({ "ticket_id": "T-1", "role": "billing", "priority": "urgent" })).await;
    stage.say("ticket.completed", json!({ "ticket_id": "T-1" })).await;
    stage.hear("assignment.completed", "T-1").await;
    stage.say("ticket.created", json!({ "ticket_id": "T-1", "role": "billing" })).await;
    stage.settled().await;
    assert_eq!(stage.ear.story_of("T-1"), ["assignment.assigned", "assignment.completed"]);
    let line = r#"rolecall_events_total{type="ticket.created",outcome="duplicate"} 2"#;
    assert!(stage.daemon.metrics().await.contains(line));
}

#[tokio::test]
async fn a_window_that_is_over_lets_the_same_id_pass() {
    let config = format!("[dedupe]\nwindow = \"1s\"\n{CONFIG}");
    let stage = Stage::open("window", &config).await;
    let upstream = Upstream::new(&stage.place.uri, &stage.place.prefix, Form::Plain).await;
    let taken = r#"rolecall_events_total{type="agent.registered",outcome="accepted"}"#;
    eventually("taken a second time", SOON, async || {
        upstream.say_as("1", "agent.registered", json!({ "agent_id": "anna", "roles": ["billing"] })).await;
        stage.daemon.metric(taken).await >= 2
    })
    .await;
    assert!(stage.daemon.metric(r#"rolecall_events_total{type="agent.registered",outcome="duplicate"}"#).await > 0);
}
