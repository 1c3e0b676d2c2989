//! Who sends events: what is done is what is written down, and nobody passes for another system.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::access::{of_agent, permissions, spec};
use super::house::{Answered, House};
use crate::records::tokens::TokenSpec;
use crate::routing::permission::AccessLevel;

/// A house where anna is registered.
async fn house() -> House {
    let house = House::with("[[role]]\nname = \"billing\"\n");
    house.done(Method::PUT, "/agents/anna", json!({ "roles": ["billing"] })).await;
    house
}

fn envelope(source: &str, id: &str, kind: &str, data: &Value) -> Value {
    json!({ "specversion": "1.0", "id": id, "source": source, "type": kind, "data": data })
}

/// The end of anna, which calls itself a sign that she is alive.
fn disguised() -> Value {
    let mut event = envelope("/helpdesk/eu", "x", "agent.removed", &json!({ "agent_id": "anna" }));
    event["agent_id"] = json!("anna");
    event
}

/// What the audit log has of events, the newest first: which types and ids were asked for.
async fn written(house: &House) -> Vec<(Value, Value)> {
    let entries = house.get("/audit?what=/events").await.body["entries"].clone();
    let begun = entries.as_array().expect("a list").iter().filter(|entry| entry["ends"].is_null());
    let events = begun.filter(|entry| entry["what"] == "POST /api/v1/events");
    events.map(|entry| (entry["asked"]["types"].clone(), entry["asked"]["ids"].clone())).collect()
}

#[tokio::test]
async fn what_hides_in_the_data_of_another_event_is_not_done() {
    let house = house().await;
    let bare = [("ce-specversion", "1.0"), ("ce-type", "agent.heartbeat"), ("ce-id", "h-1")];
    let alive = house.ask_with(Method::POST, "/events", &bare, Some(disguised())).await;
    let expected = json!({ "outcome": "accepted", "type": "agent.heartbeat", "id": "h-1" });
    assert_eq!((alive.status, &alive.body["results"][0]), (StatusCode::OK, &expected), "{}", alive.body);
    let alive = house.ask(Method::POST, "/agents/anna/heartbeat", Some(disguised())).await;
    assert_eq!((alive.status, &alive.body["outcome"]), (StatusCode::OK, &json!("accepted")), "{}", alive.body);
    assert_eq!(house.get("/agents/anna").await.status, StatusCode::OK, "she is still there");
    // And of what is no more than a sign of life, nothing need be written down.
    assert!(written(&house).await.is_empty());

    let ended = envelope("/helpdesk/eu", "y", "ticket.cancelled", &json!({ "ticket_id": "T-1" }));
    house.done(Method::POST, "/tickets", json!({ "ticket_id": "T-1", "role": "billing" })).await;
    let updated = house.ask(Method::PATCH, "/tickets/T-1", Some(ended)).await;
    assert_eq!((updated.status, &updated.body["ticket"]["stage"]), (StatusCode::OK, &json!("waiting")));
}

#[tokio::test]
async fn an_envelope_is_written_down_as_what_is_done_whatever_stands_beside_it() {
    let house = house().await;
    let says_so = [("content-type", "application/cloudevents+json")];
    let beside = [("ce-specversion", "1.0"), ("ce-type", "agent.heartbeat"), ("ce-id", "h-1")];
    let removed = house.ask_with(Method::POST, "/events", &[&says_so[..], &beside].concat(), Some(disguised())).await;
    assert_eq!(removed.body["results"][0]["type"], "agent.removed", "{}", removed.body);
    assert_eq!(house.get("/agents/anna").await.status, StatusCode::NOT_FOUND);
    assert_eq!(written(&house).await, [(json!({ "agent.removed": 1 }), json!(["x"]))]);
    // What can't be read is no sign of life, whatever it calls itself.
    let unread = house.ask(Method::POST, "/events", Some(json!([{ "type": "agent.heartbeat" }]))).await;
    assert_eq!(unread.body["failed"], 1, "{}", unread.body);
    assert_eq!(written(&house).await[0], (json!({ "unreadable": 1 }), json!([])));
}

/// As whoever shows this token.
async fn say(house: &House, token: &str, event: Value) -> Answered {
    let bearer = format!("Bearer {token}");
    house.ask_with(Method::POST, "/events", &[("authorization", &bearer)], Some(event)).await
}

#[tokio::test]
async fn whoever_may_not_speak_for_another_system_has_none_of_its_events_taken_for_repeats() {
    let house = house().await;
    let anna = house.token(of_agent("anna", AccessLevel::Agent));
    let upstream =
        |name: &str| TokenSpec { permissions: permissions(&["tickets.manage"]), ..spec(name, AccessLevel::Agent) };
    let (helpdesk, standby) = (house.token(upstream("helpdesk")), house.token(upstream("standby")));
    let alive = |source: &str, id: &str| envelope(source, id, "agent.heartbeat", &json!({ "agent_id": "anna" }));
    let outcome = async |token: &str, event: Value| {
        let answered = say(&house, token, event).await;
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
        answered.body["results"][0]["outcome"].clone()
    };
    let created = |id: &str| envelope("/helpdesk/eu", id, "ticket.created", &json!({ "ticket_id": format!("T-{id}") }));
    // A repeat is told here from what was said just before it alone.
    assert_eq!(outcome(&anna, alive("/helpdesk/eu", "e-1")).await, "accepted");
    assert_eq!(outcome(&helpdesk, created("e-1")).await, "accepted", "in an envelope");
    assert_eq!(outcome(&standby, created("e-1")).await, "duplicate", "one system may have two tokens");

    let bearers = [&anna, &helpdesk].map(|token| format!("Bearer {token}"));
    let headers = [
        ("authorization", bearers[0].as_str()),
        ("ce-specversion", "1.0"),
        ("ce-type", "agent.heartbeat"),
        ("ce-id", "e-2"),
        ("ce-source", "/helpdesk/eu"),
    ];
    let bare = house.ask_with(Method::POST, "/events", &headers, Some(json!({ "agent_id": "anna" }))).await;
    assert_eq!(bare.body["accepted"], 1, "{}", bare.body);
    assert_eq!(outcome(&helpdesk, created("e-2")).await, "accepted", "in headers");

    assert_eq!(outcome(&anna, alive("/rolecall/http/helpdesk", "k-1")).await, "accepted");
    let headers = [("authorization", bearers[1].as_str()), ("idempotency-key", "k-1")];
    let made = house.ask_with(Method::POST, "/tickets", &headers, Some(json!({ "role": "billing" }))).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);

    assert_eq!(outcome(&anna, alive("/helpdesk/eu", "e-3")).await, "accepted");
    assert_eq!(outcome(&anna, alive("/helpdesk/us", "e-3")).await, "accepted", "what she says apart stays apart");
    assert_eq!(outcome(&anna, alive("/helpdesk/us", "e-3")).await, "duplicate");
}
