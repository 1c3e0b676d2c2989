//! What is changed over HTTP, as a client does it.

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::access::of_agent;
use super::house::House;
use super::{App, TOKEN, app_in, ask, routes};
use crate::http::submissions;
use crate::routing::permission::AccessLevel;

const CATALOGUE: &str = "[[role]]\nname = \"billing\"\nchannels = [\"email\"]\n[[role]]\nname = \"technical\"\nring_max = 5\n\
                         [channel.email]\nlimit = 2\n[channel.call]\nacceptance = \"offer\"\nlimit = 1\n";

/// A house where anna of billing is online.
async fn house() -> House {
    let house = House::with(CATALOGUE);
    house.done(Method::PUT, "/agents/anna", json!({ "roles": ["billing"], "skills": { "de": 5 } })).await;
    house.done(Method::PUT, "/agents/anna/presence", json!({ "status": "online" })).await;
    house
}

#[tokio::test]
async fn a_ticket_that_is_created_says_where_it_is_and_a_repeat_changes_nothing() {
    let house = house().await;
    let body = json!({ "role": "billing", "channel": "email" });
    let key = [("idempotency-key", "k-1")];
    let first = house.ask_with(Method::POST, "/tickets", &key, Some(body.clone())).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    assert_eq!(first.body["outcome"], "accepted");
    assert_eq!(first.body["event_id"], "k-1");
    assert_eq!(
        (&first.body["ticket"]["stage"], &first.body["ticket"]["agent_id"]),
        (&json!("assigned"), &json!("anna"))
    );
    let place = first.headers[header::LOCATION].to_str().expect("ASCII").to_owned();
    let found = house.get(place.strip_prefix("/api/v1").expect("below the API")).await;
    assert_eq!(found.body["ticket_id"], first.body["ticket_id"]);

    let again = house.ask_with(Method::POST, "/tickets", &key, Some(body.clone())).await;
    assert_eq!((again.status, &again.body["outcome"]), (StatusCode::OK, &json!("duplicate")));
    assert_eq!(again.body["ticket_id"], first.body["ticket_id"], "the same name for the same key");
    let named = json!({ "ticket_id": first.body["ticket_id"], "role": "technical" });
    let known = house.ask(Method::POST, "/tickets", Some(named)).await;
    assert_eq!((known.status, &known.body["ticket"]["role"]), (StatusCode::OK, &json!("billing")));
    let other = house.ask(Method::POST, "/tickets", Some(body)).await;
    assert_eq!(other.status, StatusCode::CREATED);
    assert_ne!(other.body["ticket_id"], first.body["ticket_id"]);
}

#[tokio::test]
async fn a_repeat_of_what_was_rejected_is_rejected_alike_whatever_has_changed_since() {
    let house = house().await;
    let pause = async |key: &str| {
        house.ask_with(Method::POST, "/tickets/T-1/pause", &[("idempotency-key", key)], Some(json!({}))).await
    };
    let unknown = pause("k-1").await;
    assert_eq!((unknown.status, &unknown.body["code"]), (StatusCode::NOT_FOUND, &json!("unknown_ticket")));
    house.done(Method::POST, "/tickets", json!({ "ticket_id": "T-1", "role": "technical" })).await;
    let waiting = pause("k-2").await;
    assert_eq!((waiting.status, &waiting.body["code"]), (StatusCode::CONFLICT, &json!("wrong_state")));
    house.done(Method::POST, "/tickets/T-1/assign", json!({ "agent_id": "anna" })).await;
    for (key, first) in [("k-1", &unknown), ("k-2", &waiting)] {
        let again = pause(key).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
    }
    assert_eq!(house.get("/tickets/T-1").await.body["stage"], "assigned", "nothing was done by the repeats");
    let new = pause("k-3").await;
    assert_eq!((new.status, &new.body["outcome"]), (StatusCode::OK, &json!("accepted")));
    let again = pause("k-3").await;
    assert_eq!((again.status, &again.body["outcome"]), (StatusCode::OK, &json!("duplicate")));
}

#[tokio::test]
async fn an_agent_hears_again_what_became_of_a_ticket_that_is_no_longer_its_own() {
    let house = house().await;
    let token = format!("Bearer {}", house.token(of_agent("anna", AccessLevel::Agent)));
    let post = async |path: &str, key: &str| {
        let headers = [("authorization", token.as_str()), ("idempotency-key", key)];
        house.ask_with(Method::POST, path, &headers, Some(json!({}))).await
    };
    for ticket in ["T-1", "T-2"] {
        let body = json!({ "ticket_id": ticket, "role": "billing", "channel": "email" });
        house.done(Method::POST, "/tickets", body).await;
    }
    for (path, key) in [("/tickets/T-1/complete", "k-1"), ("/tickets/T-2/release", "k-2")] {
        let first = post(path, key).await;
        assert_eq!((first.status, &first.body["outcome"]), (StatusCode::OK, &json!("accepted")), "{}", first.body);
    }
    house.done(Method::PUT, "/agents/ben", json!({ "roles": ["billing"] })).await;
    house.done(Method::POST, "/tickets/T-2/assign", json!({ "agent_id": "ben" })).await;
    for (path, key) in [("/tickets/T-1/complete", "k-1"), ("/tickets/T-2/release", "k-2")] {
        let again = post(path, key).await;
        assert_eq!((again.status, &again.body["outcome"]), (StatusCode::OK, &json!("duplicate")), "{}", again.body);
        assert_eq!(again.body["ticket"], json!(null), "it is not for anna to see");
    }
    // Under a key of something else, or of nothing, it stays what is not for anna to do.
    for key in ["k-1", "k-3"] {
        assert_eq!(post("/tickets/T-2/release", key).await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn a_key_is_good_for_one_request() {
    let house = house().await;
    let key = [("idempotency-key", "k-1")];
    let ask = async |method, path: &str, body| house.ask_with(method, path, &key, Some(body)).await;
    let first =
        ask(Method::POST, "/tickets", json!({ "ticket_id": "T-1", "role": "billing", "channel": "email" })).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    let repeated = ask(Method::POST, "/tickets", json!({ "channel": "email", "role": "billing", "ticket_id": "T-1" }));
    let repeated = repeated.await;
    assert_eq!((repeated.status, &repeated.body["outcome"]), (StatusCode::OK, &json!("duplicate")), "in another order");
    for (method, path, body) in [
        (Method::POST, "/tickets", json!({ "ticket_id": "T-1", "role": "technical", "channel": "email" })),
        (Method::POST, "/tickets", json!({ "ticket_id": "T-2", "role": "billing", "channel": "email" })),
        (Method::PATCH, "/tickets/T-1", json!({ "role": "billing", "channel": "email" })),
        (Method::POST, "/tickets/T-1/pause", json!({})),
        (Method::PUT, "/agents/ben", json!({ "roles": [] })),
    ] {
        let refused = ask(method, path, body).await;
        let expected = (StatusCode::UNPROCESSABLE_ENTITY, &json!("idempotency_key_reused"));
        assert_eq!((refused.status, &refused.body["code"]), expected, "{path}: {}", refused.body);
    }
    assert_eq!(house.get("/tickets/T-1").await.body["stage"], "assigned", "nothing was done");
    assert_eq!(house.get("/agents/ben").await.status, StatusCode::NOT_FOUND);
    // An event that says so itself is known by its source and id alone.
    let event = json!({ "specversion": "1.0", "id": "k-1", "source": "/rolecall/http/owner", "type": "ticket.paused",
                        "data": { "ticket_id": "T-1" } });
    let event = house.ask(Method::POST, "/events", Some(event)).await;
    assert_eq!((event.status, &event.body["results"][0]["outcome"]), (StatusCode::OK, &json!("duplicate")));
}

#[tokio::test]
async fn what_can_be_done_to_a_ticket_over_the_broker_can_be_done_over_http() {
    let house = house().await;
    // Somebody could do it, and is not there.
    house.done(Method::PUT, "/agents/carl", json!({ "roles": ["technical"] })).await;
    let post = async |path: &str, body| house.done(Method::POST, path, body).await;
    post("/tickets", json!({ "ticket_id": "T-1", "role": "billing", "channel": "email" })).await;
    let paused = post("/tickets/T-1/pause", json!({})).await;
    assert_eq!(paused["ticket"]["stage"], "paused");
    post("/tickets/T-1/resume", json!({})).await;
    post("/tickets/T-1/reply", json!({ "agent_id": "anna" })).await;
    let handed_on = post("/tickets/T-1/transfer", json!({ "to_role": "technical", "note": "not an invoice" })).await;
    assert_eq!((&handed_on["ticket"]["role"], &handed_on["ticket"]["stage"]), (&json!("technical"), &json!("waiting")));
    let raised = house.done(Method::PATCH, "/tickets/T-1", json!({ "priority": "urgent" })).await;
    assert_eq!(raised["ticket"]["priority"], 9);
    let by_hand = post("/tickets/T-1/assign", json!({ "agent_id": "anna", "role": "technical" })).await;
    assert_eq!(by_hand["ticket"]["agent_id"], "anna");
    let released = post("/tickets/T-1/release", json!({ "reason": "lunch" })).await;
    assert_eq!(released["ticket"]["stage"], "waiting");
    post("/tickets/T-1/assign", json!({ "agent_id": "anna" })).await;
    let ended = post("/tickets/T-1/complete", json!({ "agent_id": "anna", "outcome": "solved" })).await;
    assert_eq!(ended["ticket"], json!(null));
    assert_eq!(house.get("/tickets/T-1").await.status, StatusCode::NOT_FOUND);

    post("/tickets", json!({ "ticket_id": "T-2", "role": "technical", "channel": "call" })).await;
    house.done(Method::PUT, "/agents/ben", json!({ "roles": ["technical"] })).await;
    house.done(Method::PUT, "/agents/ben/presence", json!({ "status": "online" })).await;
    assert_eq!(house.get("/tickets/T-2").await.body["stage"], "offered");
    let declined = post("/tickets/T-2/decline", json!({ "agent_id": "ben" })).await;
    assert_eq!(declined["ticket"]["stage"], "waiting");
    assert_eq!(post("/tickets/T-2/cancel", json!({ "reason": "hung up" })).await["ticket"], json!(null));
}

#[tokio::test]
async fn an_agent_is_registered_read_sent_away_and_removed() {
    let house = house().await;
    let known = house.get("/agents/anna").await.body;
    assert_eq!((&known["status"], &known["registration"]["skills"]["de"]), (&json!("online"), &json!(5)));
    let anew = house.ask(Method::PUT, "/agents/anna", Some(json!({ "roles": ["billing", "technical"] }))).await;
    assert_eq!(anew.status, StatusCode::OK);
    let new = house.ask(Method::PUT, "/agents/ben", Some(json!({ "roles": [] }))).await;
    assert_eq!(new.status, StatusCode::CREATED);
    let away = house.done(Method::PUT, "/agents/anna/presence", json!({ "status": "away" })).await;
    assert_eq!(away["agent"]["status"], "away");
    let permissions = house.get("/agents/anna/permissions").await.body;
    assert_eq!(permissions["roles"], json!(["billing", "technical"]));
    assert_eq!(permissions["permissions"], json!(["presence.set-own", "work.do-own", "work.read-own"]));
    let gone = house.ask(Method::DELETE, "/agents/anna", None).await;
    assert_eq!((gone.status, &gone.body["agent"]), (StatusCode::OK, &json!(null)));
    assert_eq!(house.get("/agents/anna").await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.ask(Method::DELETE, "/agents/anna", None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_has_looked_at_an_older_registration_overwrites_nothing() {
    let house = house().await;
    let seen = house.get("/agents/anna").await.headers[header::ETAG].clone();
    let tag = seen.to_str().expect("ASCII");
    house.done(Method::PUT, "/agents/anna/presence", json!({ "status": "away" })).await;
    // What it does is there to be seen, and is no registration.
    assert_ne!(house.get("/agents/anna").await.headers[header::ETAG], tag);

    let put = |tag: &str, key: &str, roles: Value| {
        let headers = [("if-match".to_owned(), tag.to_owned()), ("idempotency-key".to_owned(), key.to_owned())];
        let (house, body) = (&house, json!({ "roles": roles }));
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            house.ask_with(Method::PUT, "/agents/anna", &headers, Some(body)).await
        }
    };
    let first = put(&format!("\"another\", {tag}"), "first", json!(["technical"])).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    // What was done is not refused where it is only said again.
    let again = put(tag, "first", json!(["technical"])).await;
    assert_eq!((again.status, &again.body["outcome"]), (StatusCode::OK, &json!("duplicate")));
    let newer = house.get("/agents/anna").await.headers[header::ETAG].clone();
    assert_eq!((first.headers[header::ETAG] == newer, newer == tag), (true, false), "as it is from now on");
    let second = put(tag, "second", json!(["billing"])).await;
    assert_eq!((second.status, &second.body["code"]), (StatusCode::PRECONDITION_FAILED, &json!("changed_meanwhile")));
    assert_eq!(house.get("/agents/anna").await.body["roles"], json!(["technical"]));
    // A key that was refused has been used by nobody.
    let second = put(newer.to_str().expect("ASCII"), "second", json!(["billing"])).await;
    assert_eq!((second.status, &second.body["outcome"]), (StatusCode::OK, &json!("accepted")), "{}", second.body);

    let removal = [("if-match", tag)];
    let removed = house.ask_with(Method::DELETE, "/agents/anna", &removal, None).await;
    assert_eq!(removed.status, StatusCode::PRECONDITION_FAILED);
    let whatever = [("if-match", "*")];
    let removed = house.ask_with(Method::DELETE, "/agents/anna", &whatever, None).await;
    assert_eq!(removed.status, StatusCode::OK, "{}", removed.body);
    let new = house.ask_with(Method::PUT, "/agents/anna", &whatever, Some(json!({ "roles": [] }))).await;
    assert_eq!((new.status, &new.body["code"]), (StatusCode::NOT_FOUND, &json!("unknown_agent")));
    let gone = put(tag, "third", json!([])).await;
    assert_eq!(gone.status, StatusCode::PRECONDITION_FAILED, "{}", gone.body);
}

#[tokio::test]
async fn who_has_what_is_there_still_is_told_so_and_nothing_more() {
    let house = house().await;
    let agent = house.token(of_agent("anna", AccessLevel::Agent));
    let ask = async |path: &str, token: &str, known: &str| {
        let bearer = format!("Bearer {token}");
        house.ask_with(Method::GET, path, &[("authorization", &bearer), ("if-none-match", known)], None).await
    };
    let mut tags = Vec::new();
    for (path, token) in [("/agents/anna", TOKEN), ("/roles/technical", TOKEN), ("/roles/technical", &agent)] {
        let seen = ask(path, token, "\"another\"").await;
        let tag = seen.headers[header::ETAG].to_str().expect("ASCII").to_owned();
        assert!(seen.status == StatusCode::OK && seen.body.is_object(), "{path}: {}", seen.body);
        // A proxy that packs an answer makes its tag a weak one.
        for known in [tag.clone(), format!("W/{tag}"), format!("\"another\", {tag}"), "*".to_owned()] {
            let again = ask(path, token, &known).await;
            assert_eq!((again.status, &again.body), (StatusCode::NOT_MODIFIED, &Value::Null), "{path}: {known}");
            assert_eq!(again.headers[header::ETAG], tag);
        }
        tags.push(tag);
    }
    assert_ne!(tags[1], tags[2], "who sees less of it sees something else");
    // What an agent does is to be seen, though it is registered as it was.
    house.done(Method::PUT, "/agents/anna/presence", json!({ "status": "away" })).await;
    let later = ask("/agents/anna", TOKEN, &tags[0]).await;
    assert_eq!((later.status, &later.body["status"]), (StatusCode::OK, &json!("away")));
    assert_eq!(ask("/agents/nobody", TOKEN, "*").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn names_that_are_steps_in_an_address_have_a_mark_there() {
    let house = house().await;
    for (name, part) in [(".", "~."), ("..", "~.."), ("~..", "~~..")] {
        let body = json!({ "ticket_id": name, "role": "billing", "channel": "email" });
        let created = house.ask(Method::POST, "/tickets", Some(body)).await;
        assert_eq!(created.headers[header::LOCATION], format!("/api/v1/tickets/{part}"));
        let found = house.get(&format!("/tickets/{part}")).await;
        assert_eq!((found.status, &found.body["ticket_id"]), (StatusCode::OK, &json!(name)));
        let done = house.done(Method::POST, &format!("/tickets/{part}/cancel"), json!({})).await;
        assert_eq!((&done["ticket_id"], &done["ticket"]), (&json!(name), &Value::Null));
        let agent = house.done(Method::PUT, &format!("/agents/{part}"), json!({ "roles": ["billing"] })).await;
        assert_eq!(agent["agent_id"], name);
        let written = house.get("/audit?limit=5").await.body;
        let after = written["entries"].as_array().expect("a list").iter().find_map(|entry| entry["after"].as_object());
        assert_eq!(after.expect("as it is now")["agent_id"], name, "{written}");
    }
    // As it is, where nobody has resolved it.
    assert_eq!(house.get("/agents/..").await.body["agent_id"], "..");
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_code_and_its_place() {
    let house = house().await;
    let cases = [
        (Method::POST, "/tickets", json!({ "priority": 10 }), 422, "bad_field", Some("$.priority")),
        (Method::POST, "/tickets", json!({ "ticket_id": 5 }), 422, "bad_field", Some("$.ticket_id")),
        (Method::POST, "/tickets", json!([1]), 400, "bad_json", Some("$")),
        (Method::PUT, "/agents/x", json!({ "agent_id": "y", "roles": [] }), 400, "bad_request", Some("$.agent_id")),
        (Method::PUT, "/agents/x", json!({ "roles": ["nobody's"] }), 422, "unknown_role", None),
        (Method::PUT, "/agents/x", json!({}), 422, "bad_field", Some("$.roles")),
        (Method::PUT, "/agents/anna/presence", json!({ "status": "gone" }), 422, "bad_field", Some("$.status")),
        (Method::PUT, "/agents/x/presence", json!({ "status": "online" }), 404, "unknown_agent", None),
        (Method::POST, "/tickets/T-9/pause", json!({}), 404, "unknown_ticket", None),
        (Method::POST, "/tickets/T-9/transfer", json!({}), 422, "bad_field", Some("$")),
    ];
    for (method, path, body, status, code, place) in cases {
        let answered = house.ask(method, path, Some(body.clone())).await;
        let case = format!("{path} {body}: {} {}", answered.status, answered.body);
        assert_eq!(answered.status.as_u16(), status, "{case}");
        assert_eq!(answered.body["code"], code, "{case}");
        assert_eq!(answered.body["path"].as_str(), place, "{case}");
        assert_eq!(answered.headers[header::CONTENT_TYPE], "application/problem+json", "{case}");
    }
    house.done(Method::POST, "/tickets", json!({ "ticket_id": "T-1" })).await;
    let wrong_state = house.ask(Method::POST, "/tickets/T-1/pause", None).await;
    assert_eq!((wrong_state.status, &wrong_state.body["code"]), (StatusCode::CONFLICT, &json!("wrong_state")));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let refused = house.ask_with(Method::POST, "/tickets", &form, Some(json!({}))).await;
    assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let long = "k".repeat(300);
    let refused = house.ask_with(Method::POST, "/tickets", &[("idempotency-key", &long)], Some(json!({}))).await;
    assert_eq!(refused.body["code"], "bad_idempotency_key");
}

#[tokio::test]
async fn what_is_wrong_in_a_query_is_said_with_the_parameter_what_came_and_what_is_expected() {
    let house = house().await;
    let cases = [
        (Method::GET, "/tickets?limit=abc", "limit: expected a whole number from 1 to 1000, found \"abc\"", "?limit"),
        (
            Method::GET,
            "/tickets?role=billing&limit=0",
            "limit: expected a whole number from 1 to 1000, found \"0\"",
            "?limit",
        ),
        (Method::GET, "/agents?limit=-1", "limit: expected a whole number from 1 to 1000, found \"-1\"", "?limit"),
        (Method::GET, "/agents?limit=2&limit=3", "limit: expected once, and it is there more than once", "?limit"),
        (Method::GET, "/audit?before=now", "before: expected a whole number, 0 or more, found \"now\"", "?before"),
        (
            Method::GET,
            "/tickets?stage=b%C3%BCro",
            "stage: expected scheduled, waiting, unroutable, offered, assigned or paused, found \"büro\"",
            "?stage",
        ),
        (
            Method::GET,
            "/tickets?limt=5",
            "there is no parameter \"limt\": expected role, stage, channel, agent, after or limit",
            "?limt",
        ),
        (Method::GET, "/agents?after=", "after: ", "?after"),
        (Method::GET, "/catalogue?format=yaml", "format: expected json, toml or markdown, found \"yaml\"", "?format"),
        (
            Method::GET,
            "/reports?by=week",
            "by: expected nothing, role, channel, agent, hour or day, found \"week\"",
            "?by",
        ),
        (
            Method::GET,
            "/reports?from=monday",
            "from: expected a time such as 2026-11-22T05:00:00Z, found \"monday\"",
            "?from",
        ),
        (Method::PUT, "/roles/vip?dry_run=1", "dry_run: expected true or false, found \"1\"", "?dry_run"),
        (
            Method::DELETE,
            "/roles/vip?heir=a",
            "there is no parameter \"heir\": expected dry_run or replaced_by",
            "?heir",
        ),
    ];
    for (method, path, detail, place) in cases {
        let refused = house.ask(method, path, None).await;
        assert_eq!((refused.status.as_u16(), &refused.body["code"]), (400, &json!("bad_request")), "{path}");
        let found = refused.body["detail"].as_str().expect("a sentence");
        assert!(found.starts_with(detail), "{path}: {found}");
        assert_eq!(refused.body["path"], place, "{path}");
        assert_eq!(refused.headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
    }
    let long = house.get(&format!("/tickets?limit={}", "9".repeat(1_000))).await;
    assert!(long.body["detail"].as_str().is_some_and(|detail| detail.len() < 200), "{}", long.body);
}

#[tokio::test]
async fn events_come_alone_many_at_once_or_bare_and_each_is_answered() {
    let house = house().await;
    let event = |id: &str, kind: &str, data: serde_json::Value| json!({ "specversion": "1.0", "id": id, "source": "/desk", "type": kind, "data": data });
    let created = event("e-1", "ticket.created", json!({ "ticket_id": "T-1" }));
    let one = house.ask(Method::POST, "/events", Some(created.clone())).await;
    assert_eq!((one.status, &one.body["accepted"]), (StatusCode::OK, &json!(1)), "{}", one.body);
    assert_eq!(one.body["results"][0]["id"], "e-1");
    let bad = house.ask(Method::POST, "/events", Some(event("e-2", "ticket.created", json!({})))).await;
    assert_eq!((bad.status.as_u16(), &bad.body["path"]), (422, &json!("$.data.ticket_id")), "{}", bad.body);

    let many = json!([
        created,
        event("e-3", "ticket.created", json!({ "ticket_id": "T-3" })),
        event("e-4", "ticket.paused", json!({ "ticket_id": "T-3" })),
        event("e-5", "no.such", json!({})),
        { "id": "e-6" },
    ]);
    let many = house.ask(Method::POST, "/events", Some(many)).await;
    assert_eq!(many.status, StatusCode::OK);
    let outcome = |index: usize, member: &str| many.body["results"][index][member].clone();
    let outcomes: Vec<_> = (0..5).map(|index| outcome(index, "outcome")).collect();
    assert_eq!(outcomes, ["duplicate", "accepted", "rejected", "unreadable", "unreadable"]);
    let codes: Vec<_> = (2..5).map(|index| outcome(index, "code")).collect();
    assert_eq!(codes, ["wrong_state", "unknown_type", "bad_envelope"]);
    assert_eq!(
        (&many.body["accepted"], &many.body["duplicate"], &many.body["failed"]),
        (&json!(1), &json!(1), &json!(3))
    );

    let bare = [("ce-specversion", "1.0"), ("ce-type", "ticket.created"), ("ce-id", "e-7"), ("ce-source", "/desk")];
    let bare = house.ask_with(Method::POST, "/events", &bare, Some(json!({ "ticket_id": "T-7" }))).await;
    assert_eq!(bare.body["results"][0]["outcome"], "accepted", "{}", bare.body);
    let too_many = json!(vec![json!({}); 101]);
    assert_eq!(house.ask(Method::POST, "/events", Some(too_many)).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(house.ask(Method::POST, "/events", Some(json!([]))).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn tickets_are_found_by_where_they_stand_a_page_at_a_time() {
    let house = house().await;
    for number in 1..=5 {
        let channel = if number % 2 == 0 { "call" } else { "email" };
        let body = json!({ "ticket_id": format!("T-{number}"), "role": "billing", "channel": channel });
        house.done(Method::POST, "/tickets", body).await;
    }
    let ids = |body: &serde_json::Value| -> Vec<String> {
        let tickets = body["tickets"].as_array().expect("a list");
        tickets.iter().map(|ticket| ticket["ticket_id"].as_str().expect("an id").to_owned()).collect()
    };
    let first = house.get("/tickets?limit=2").await.body;
    assert_eq!(
        (ids(&first), &first["tickets_count"], &first["next"]),
        (vec!["T-1".into(), "T-2".into()], &json!(5), &json!("T-2"))
    );
    let last = house.get("/tickets?limit=3&after=T-2").await.body;
    assert_eq!((ids(&last), &last["next"]), (vec!["T-3".into(), "T-4".into(), "T-5".into()], &json!(null)));
    assert_eq!(ids(&house.get("/tickets?agent=anna&stage=assigned").await.body), ["T-1", "T-3"]);
    assert_eq!(ids(&house.get("/tickets?channel=call").await.body), ["T-2", "T-4"]);
    assert!(ids(&house.get("/tickets?role=technical").await.body).is_empty());
    assert_eq!(house.get("/tickets?stage=nowhere").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn nothing_is_answered_as_done_that_may_not_be_durable() {
    let bearer = format!("Bearer {TOKEN}");
    let (submitter, mut taken) = submissions();
    let directory = tempfile::tempdir().expect("a directory");
    let app = App { submitter, ..app_in(directory.path(), Some(TOKEN)) };
    let (readiness, heartbeat) = (app.readiness.clone(), app.heartbeat.clone());
    let router = routes(app);
    let post = || ask(&router, Method::POST, "/api/v1/tickets/T-1/pause", Some(&bearer));
    assert_eq!(post().await.status(), StatusCode::SERVICE_UNAVAILABLE, "the journal is replayed");
    readiness.journal_replayed();
    assert_eq!(post().await.status(), StatusCode::SERVICE_UNAVAILABLE, "there is no writer yet");
    heartbeat.beat();
    let (answered, ()) = tokio::join!(post(), async { drop(taken.recv().await) });
    assert_eq!(answered.status(), StatusCode::GATEWAY_TIMEOUT, "it was taken, and its batch was lost");
    drop(taken);
    assert_eq!(post().await.status(), StatusCode::SERVICE_UNAVAILABLE, "it can't have been taken");
    readiness.draining();
    assert_eq!(super::json(post().await).await["code"], "draining");
}
