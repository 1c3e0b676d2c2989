//! Who sends events: what is done is what is written down, and nobody passes for another system.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::access::{of_agent, permissions, spec};
use super::house::{Answered, House};
use crate::http::{Authority, Right};
use crate::records::tokens::TokenSpec;
use crate::routing::command::TransferTo;
use crate::routing::permission::AccessLevel;
use crate::routing::{AgentId, Command, RoleName, TicketId};

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

/// Ways in for an event: an envelope, a list of one, and what goes without saying in headers.
async fn each_way(house: &House, token: &str, kind: &str, data: &Value) -> [(StatusCode, Value); 3] {
    let bearer = format!("Bearer {token}");
    let event = |way: &str| envelope("/desk", &format!("{way}{kind}{data}"), kind, data);
    let alone = say(house, token, event("alone")).await;
    let listed = say(house, token, json!([event("listed")])).await;
    let headers =
        [("authorization", bearer.as_str()), ("ce-specversion", "1.0"), ("ce-type", kind), ("ce-source", "/desk")];
    let bare = house.ask_with(Method::POST, "/events", &headers, Some(data.clone())).await;
    let of_list = listed.body["results"][0].clone();
    [(alone.status, alone.body), (listed.status, of_list), (bare.status, bare.body)]
}

#[tokio::test]
async fn an_agent_speaks_for_nobody_else_whichever_way_it_comes_in() {
    let house = house().await;
    house.done(Method::PUT, "/agents/ben", json!({ "roles": ["billing"] })).await;
    house.done(Method::POST, "/tickets", json!({ "ticket_id": "T-1", "role": "billing" })).await;
    house.done(Method::POST, "/tickets/T-1/assign", json!({ "agent_id": "anna" })).await;
    let anna = house.token(of_agent("anna", AccessLevel::Agent));
    let told = house.get("/agents/ben").await.body;
    let of_ticket = [
        "ticket.accepted",
        "ticket.declined",
        "ticket.completed",
        "ticket.released",
        "ticket.replied",
        "ticket.claimed",
        "call.answered",
        "call.rejected",
        "call.ended",
        "wrap_up.finished",
    ];
    let of_agent = [
        ("agent.presence", json!({ "agent_id": "ben", "status": "away" })),
        ("agent.heartbeat", json!({ "agent_id": "ben" })),
        ("agent.removed", json!({ "agent_id": "ben" })),
    ];
    let of_ticket = of_ticket.map(|kind| (kind, json!({ "ticket_id": "T-1", "agent_id": "ben" })));
    let handed_over = ("ticket.transferred", json!({ "ticket_id": "T-1", "to_role": "billing", "by": "ben" }));
    for (kind, data) in of_ticket.into_iter().chain(of_agent).chain([handed_over]) {
        let [alone, listed, bare] = each_way(&house, &anna, kind, &data).await;
        assert_eq!((alone.0, &alone.1["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")), "{kind}: {}", alone.1);
        assert_eq!((bare.0, &bare.1["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")), "{kind}: {}", bare.1);
        assert_eq!((listed.0, &listed.1["outcome"]), (StatusCode::OK, &json!("forbidden")), "{kind}: {}", listed.1);
    }
    assert_eq!(house.get("/agents/ben").await.body, told, "nothing has happened to him");
    assert_eq!(house.get("/tickets/T-1").await.body["agent_id"], "anna");
}

#[tokio::test]
async fn an_agent_hands_over_in_its_own_name_and_who_manages_tickets_says_whose() {
    let house = house().await;
    // The token is called as another agent is: a name that somebody typed, and no word of who acts.
    let named = TokenSpec { name: "ben".to_owned(), ..of_agent("anna", AccessLevel::Agent) };
    let bearer = format!("Bearer {}", house.token(named));
    let hand_over = async |by: Option<&str>| {
        house.done(Method::POST, "/tickets/T-1/assign", json!({ "agent_id": "anna" })).await;
        let body = json!({ "to_role": "billing", "by": by });
        house.ask_with(Method::POST, "/tickets/T-1/transfer", &[("authorization", &bearer)], Some(body)).await
    };
    house.done(Method::POST, "/tickets", json!({ "ticket_id": "T-1", "role": "billing" })).await;
    house.done(Method::PUT, "/agents/ben", json!({ "roles": ["billing"] })).await;
    let forged = hand_over(Some("ben")).await;
    assert_eq!((forged.status, &forged.body["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")), "{}", forged.body);
    let detail = forged.body["detail"].as_str().expect("a sentence");
    assert!(detail.contains("`by`") && detail.contains("anna") && detail.contains("tickets.manage"), "{detail}");
    assert_eq!(house.get("/tickets/T-1").await.body["agent_id"], "anna", "nothing was done");

    // Ben is online by now, and would not get it if it were he who gave it away.
    house.done(Method::PUT, "/agents/ben/presence", json!({ "status": "online" })).await;
    for by in [Some("anna"), None] {
        let handed_over = hand_over(by).await;
        assert_eq!(handed_over.status, StatusCode::OK, "{}", handed_over.body);
        assert_eq!(handed_over.body["ticket"]["agent_id"], "ben", "{by:?}: {}", handed_over.body);
    }
    let unsaid = json!({ "to_role": "billing" });
    house.done(Method::POST, "/tickets/T-1/assign", json!({ "agent_id": "anna" })).await;
    let unsaid =
        house.ask_with(Method::POST, "/tickets/T-1/transfer", &[("authorization", &bearer)], Some(unsaid)).await;
    assert_eq!(unsaid.body["ticket"]["agent_id"], "ben", "{}", unsaid.body);

    // Whoever may do everything to every ticket passes on what others have done.
    house.done(Method::POST, "/tickets/T-1/assign", json!({ "agent_id": "anna" })).await;
    let told = json!({ "to_role": "billing", "by": "ben" });
    let told = house.done(Method::POST, "/tickets/T-1/transfer", told).await;
    assert_eq!(told["ticket"]["agent_id"], json!(null), "both gave it away: {told}");
}

#[test]
fn a_hand_over_that_says_nothing_is_signed_by_the_agent_who_asks() {
    let hand_over = |by: Option<&str>| Command::TransferTicket {
        ticket: TicketId::parse("T-1").expect("a name"),
        to: TransferTo::Role(RoleName::parse("billing").expect("a name")),
        by: by.map(str::to_owned),
        note: None,
    };
    let agent = AgentId::parse("anna").expect("a name");
    let anna = Authority { rights: [Right::WorkDoOwn].into(), agent: Some(agent), ..Authority::owner("desk-7") };
    assert_eq!(anna.sign(hand_over(None)), hand_over(Some("anna")));
    assert_eq!(anna.sign(hand_over(Some("anna"))), hand_over(Some("anna")));
    // What another system leaves out is not known to it.
    assert_eq!(Authority::owner("helpdesk").sign(hand_over(None)), hand_over(None));
}
