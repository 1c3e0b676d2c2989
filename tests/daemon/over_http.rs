//! What comes in over HTTP goes the way of what comes from the broker.

use serde_json::{Value, json};

use crate::SOON;
use crate::stage::Stage;
use crate::support::eventually;

const CATALOGUE: &str = "[[role]]\nname = \"billing\"\n";

#[tokio::test]
async fn a_ticket_over_http_is_told_on_the_broker_like_any_other() {
    let mut stage = Stage::open("over-http", CATALOGUE).await;
    stage.agent("anna", &["billing"]).await;
    let (status, made) = stage.daemon.ask("POST", "/tickets", &json!({ "role": "billing" })).await.expect("an answer");
    assert_eq!(status, 201, "{made}");
    let ticket = made["ticket_id"].as_str().expect("an id").to_owned();
    let assigned = stage.hear("assignment.assigned", &ticket).await;
    assert_eq!(assigned.text("agent_id"), "anna");
    assert_eq!(assigned.correlation_id(), made["event_id"].as_str());
    // One who is known on the one way is known on the other.
    stage.say("ticket.completed", json!({ "ticket_id": ticket })).await;
    stage.hear("assignment.completed", &ticket).await;
    let (status, _) = stage.daemon.ask("GET", &format!("/tickets/{ticket}"), &Value::Null).await.expect("an answer");
    assert_eq!(status, 404);
    let (status, refused) = stage.daemon.ask("POST", "/tickets/T-0/cancel", &Value::Null).await.expect("an answer");
    assert_eq!((status, &refused["code"]), (404, &json!("unknown_ticket")));
    let rejected = stage.ear.hear_where("command.rejected", |_| true).await;
    assert_eq!(rejected.text("code"), "unknown_ticket", "the bus hears of it as well");
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_kill() {
    let mut stage = Stage::open("answered", CATALOGUE).await;
    for round in 0..5 {
        let mut answered = Vec::new();
        for number in 0..20 {
            let id = format!("T-{round}-{number}");
            let made = stage.daemon.ask("POST", "/tickets", &json!({ "ticket_id": id, "role": "billing" })).await;
            assert_eq!(made.expect("an answer").0, 201);
            answered.push(id);
        }
        stage = stage.kill_and_start().await;
        for id in answered {
            let found = stage.daemon.ask("GET", &format!("/tickets/{id}"), &Value::Null).await.expect("an answer");
            assert_eq!((found.0, &found.1["ticket_id"]), (200, &json!(id)));
        }
    }
}

#[tokio::test]
async fn a_drain_answers_what_it_took_and_takes_nothing_more() {
    let mut stage = Stage::open("drain-http", CATALOGUE).await;
    stage.daemon.ask("POST", "/tickets", &json!({ "ticket_id": "T-1", "role": "billing" })).await.expect("an answer");
    stage.daemon.signal("TERM");
    let asked = async |daemon: &crate::place::Daemon| {
        daemon.ask("POST", "/tickets", &json!({ "ticket_id": "T-2" })).await.map(|(status, _)| status)
    };
    // Until it is gone it says that it takes nothing, or nothing at all.
    let mut said = asked(&stage.daemon).await;
    eventually("refused", SOON, async || {
        said = asked(&stage.daemon).await;
        said.is_none_or(|status| status >= 500)
    })
    .await;
    assert_eq!(stage.daemon.exit_code(SOON).await, 0);
}

#[tokio::test]
async fn a_ticket_that_has_ended_has_a_history_and_counts_in_the_report() {
    let mut stage = Stage::open("reports", CATALOGUE).await;
    stage.agent("anna", &["billing"]).await;
    stage.say("ticket.created", json!({ "ticket_id": "T-1", "role": "billing", "channel": "email" })).await;
    stage.hear("assignment.assigned", "T-1").await;
    stage.say("ticket.completed", json!({ "ticket_id": "T-1" })).await;
    stage.hear("assignment.completed", "T-1").await;
    let mut stage = stage.kill_and_start().await;
    let mut history = Value::Null;
    eventually("the chronicle follows", SOON, async || {
        history = stage.daemon.ask("GET", "/tickets/T-1/history", &Value::Null).await.expect("an answer").1;
        !history["closed_at"].is_null()
    })
    .await;
    let owner = &history["owners"][0];
    assert_eq!((&owner["agent_id"], &owner["ended"]), (&json!("anna"), &json!("completed")), "{history}");
    let (_, report) = stage.daemon.ask("GET", "/reports?by=role&role=billing", &Value::Null).await.expect("an answer");
    let row = &report["rows"][0];
    assert_eq!((&row["of"], &row["arrived"], &row["completed"]), (&json!("billing"), &json!(1), &json!(1)), "{report}");
    let (_, head, _) = stage
        .daemon
        .request(crate::place::OWNER_TOKEN, "GET /reports?format=csv", "", &Value::Null)
        .await
        .expect("an answer");
    assert!(head.contains("text/csv"), "{head}");
    stage.settled().await;
}
