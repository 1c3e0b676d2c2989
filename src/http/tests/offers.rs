//! A ticket that rings at several agents is each one's to look at, until one of them has it.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::access::of_agent;
use super::house::House;
use crate::routing::permission::AccessLevel;

const CATALOGUE: &str = "[[role]]\nname = \"billing\"\nstrategy = \"ring_all\"\nacceptance = \"offer\"\n";

/// Where a ticket rings at anna and at ben, and not at carl.
async fn house() -> House {
    let house = House::with(CATALOGUE);
    for (agent, status) in [("anna", "online"), ("ben", "online"), ("carl", "away")] {
        house.done(Method::PUT, &format!("/agents/{agent}"), json!({ "roles": ["billing"] })).await;
        house.done(Method::PUT, &format!("/agents/{agent}/presence"), json!({ "status": status })).await;
    }
    house.done(Method::POST, "/tickets", json!({ "ticket_id": "T-1", "role": "billing", "channel": "call" })).await;
    house
}

#[tokio::test]
async fn everybody_whom_a_ticket_rings_at_sees_it_until_one_has_it() {
    let house = house().await;
    let agents = ["anna", "ben", "carl"];
    let bearers = agents.map(|name| format!("Bearer {}", house.token(of_agent(name, AccessLevel::Agent))));
    let sees = async |bearer: &str| {
        let get = async |path: &str| house.ask_with(Method::GET, path, &[("authorization", bearer)], None).await;
        let mut seen = Vec::new();
        for path in ["/tickets/T-1", "/tickets/T-1/explanation", "/tickets/T-1/history"] {
            // Nobody here explains or keeps a history; who may not ask is told so before.
            seen.push(get(path).await.status != StatusCode::FORBIDDEN);
        }
        seen.push(get("/tickets").await.body["tickets_count"] == 1);
        seen
    };
    for (name, bearer, is_rung) in
        [("anna", &bearers[0], true), ("ben", &bearers[1], true), ("carl", &bearers[2], false)]
    {
        assert_eq!(sees(bearer).await, [is_rung; 4], "{name}");
    }
    for (name, count) in [("anna", 1), ("ben", 1), ("carl", 0)] {
        let page = house.get(&format!("/tickets?agent={name}&stage=offered")).await.body;
        assert_eq!(page["tickets_count"], count, "{name}: {page}");
    }
    let shown = house.get("/tickets/T-1").await.body;
    assert_eq!((&shown["stage"], &shown["also_offered"]), (&json!("offered"), &Value::Null));

    house.done(Method::POST, "/tickets/T-1/accept", json!({ "agent_id": "ben" })).await;
    for (name, bearer, has_it) in [("anna", &bearers[0], false), ("ben", &bearers[1], true)] {
        assert_eq!(sees(bearer).await, [has_it; 4], "{name}");
    }
}
