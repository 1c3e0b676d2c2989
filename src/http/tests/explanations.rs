//! Why a ticket is where it is, as a client asks for it.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::json;

use super::{App, NOW, TOKEN, app, busy_engine, get, json, routes};
use crate::http::ask::{Asker, Question, questions};

/// The engine's owner, answering from the engine of the other tests.
fn answering() -> Asker {
    let (asker, mut questions) = questions();
    let (engine, _) = busy_engine();
    tokio::spawn(async move {
        while let Some(question) = questions.recv().await {
            if let Question::Explain(inquiry, answer) = question {
                let _ = answer.send(engine.state().explain(&inquiry, NOW));
            }
        }
    });
    asker
}

fn explaining() -> axum::Router {
    routes(App { asker: answering(), read_model: Arc::clone(&busy_engine().1), ..app(Some(TOKEN)) })
}

#[tokio::test]
async fn a_waiting_ticket_says_what_it_waits_for_and_an_owned_one_why_that_agent() {
    let router = explaining();
    let waiting = json(get(&router, "/api/v1/tickets/T-2/explanation?agent=ana").await).await;
    let member = |pointer: &str| waiting.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(member("/phase"), "waiting");
    assert_eq!(member("/waited_ms"), 90_000);
    assert_eq!(member("/classification"), json!({ "role": "billing", "by": "own_role" }));
    assert_eq!(member("/queues"), json!([{ "role": "billing", "position": 1, "waiting": 1 }]));
    assert_eq!(member("/waits_for"), json!({ "code": "agent_with_room" }));
    assert_eq!(
        (member("/considered"), member("/eligible"), member("/fell_out/no_slot")),
        (json!(1), json!(0), json!(1))
    );
    let lack = json!({ "code": "no_slot", "cure": "room", "detail": "has no free slot: it holds 1 of 1 on call" });
    assert_eq!(member("/agent"), json!({ "agent_id": "ana", "may_take": false, "lacks": [lack] }));
    assert_eq!(member("/summary/2"), "It waits for an agent with room.");

    let owned = json(get(&router, "/api/v1/tickets/T-1/explanation?agents=all").await).await;
    let member = |pointer: &str| owned.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!((member("/phase"), member("/assignment/agent_id")), (json!("assigned"), json!("ana")));
    assert_eq!(member("/assignment/reason/trigger"), "ticket_arrived");
    assert_eq!(member("/assignment/reason/strategy"), "longest_idle");
    assert_eq!(member("/agents"), json!([{ "code": "no_slot", "agents": ["ana"], "more": 0 }]));
    assert_eq!(member("/considered"), json!(null), "who could take it now says nothing of why it has its owner");
}

#[tokio::test]
async fn what_is_not_known_or_not_asked_properly_is_told() {
    let router = explaining();
    for (query, status, code) in [
        ("T-9/explanation", StatusCode::NOT_FOUND, "unknown_ticket"),
        ("T-1/explanation?agent=zed", StatusCode::NOT_FOUND, "unknown_agent"),
        ("T-1/explanation?agents=some", StatusCode::BAD_REQUEST, "bad_request"),
        ("T-1/explanation?agents=all&agent=ana", StatusCode::BAD_REQUEST, "bad_request"),
        ("T-1/explanation?agnet=ana", StatusCode::BAD_REQUEST, "bad_request"),
    ] {
        let response = get(&router, &format!("/api/v1/tickets/{query}")).await;
        assert_eq!(response.status(), status, "{query}");
        assert_eq!(json(response).await["code"], code, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_answer_in_time_is_busy_and_nobody_waits_longer() {
    let (asker, questions) = questions();
    let router = routes(App { asker, ..app(Some(TOKEN)) });
    let response = get(&router, "/api/v1/tickets/T-1/explanation").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(json(response).await["code"], "busy");
    let mut questions = questions;
    assert!(questions.try_recv().is_ok_and(|question| question.is_stale()), "what nobody waits for is not worked out");
    drop(questions);
    let ended = get(&router, "/api/v1/tickets/T-1/explanation").await;
    assert_eq!(ended.status(), StatusCode::SERVICE_UNAVAILABLE);
}
