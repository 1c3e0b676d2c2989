//! Who may do what: every address with every kind of token, and what is written down of it.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::house::House;
use super::{NOW, TOKEN};
use crate::http::access::Pass;
use crate::http::endpoints::endpoints;
use crate::http::session;
use crate::http::{App, OwnerToken};
use crate::records::tokens::TokenSpec;
use crate::routing::permission::AccessLevel;
use crate::routing::{AgentId, Permission, Timestamp};

const CATALOGUE: &str = r#"
[[role]]
name = "billing"
[[role]]
name = "lead"
permissions = ["reports.view", "finance.view"]
[[role]]
name = "trainee"
permissions_denied = ["work.do-own"]
[[role]]
name = "keeper"
permissions = ["tokens.manage"]
replaces = ["caretaker"]
"#;

/// Every address with its method, and whether an agent (about itself and its own), an admin and an owner get past the
/// door. Written down by hand: what the code says of itself proves nothing.
const MATRIX: [(&str, &str, [bool; 3]); 59] = [
    ("GET", "/overview", [false, true, true]),
    ("GET", "/queues", [false, true, true]),
    ("GET", "/stream", [false, true, true]),
    ("GET", "/openapi.json", [true, true, true]),
    ("POST", "/events", [true, true, true]),
    ("GET", "/tickets", [true, true, true]),
    ("POST", "/tickets", [false, true, true]),
    ("GET", "/tickets/{id}", [true, true, true]),
    ("PATCH", "/tickets/{id}", [false, true, true]),
    ("GET", "/tickets/{id}/explanation", [true, true, true]),
    ("POST", "/tickets/{id}/accept", [true, true, true]),
    ("POST", "/tickets/{id}/assign", [false, true, true]),
    ("POST", "/tickets/{id}/cancel", [false, true, true]),
    ("POST", "/tickets/{id}/complete", [true, true, true]),
    ("POST", "/tickets/{id}/decline", [true, true, true]),
    ("POST", "/tickets/{id}/pause", [true, true, true]),
    ("POST", "/tickets/{id}/release", [true, true, true]),
    ("POST", "/tickets/{id}/reply", [true, true, true]),
    ("POST", "/tickets/{id}/resume", [true, true, true]),
    ("POST", "/tickets/{id}/transfer", [true, true, true]),
    ("GET", "/agents", [false, true, true]),
    ("GET", "/agents/{id}", [true, true, true]),
    ("PUT", "/agents/{id}", [false, true, true]),
    ("DELETE", "/agents/{id}", [false, true, true]),
    ("PUT", "/agents/{id}/presence", [true, true, true]),
    ("GET", "/agents/{id}/permissions", [true, true, true]),
    ("POST", "/agents/{id}/claim", [true, true, true]),
    ("POST", "/agents/{id}/finish-wrap-up", [true, true, true]),
    ("POST", "/agents/{id}/heartbeat", [true, true, true]),
    ("GET", "/me", [true, true, true]),
    ("GET", "/sessions", [true, true, true]),
    ("DELETE", "/sessions", [true, true, true]),
    ("GET", "/tokens", [false, false, true]),
    ("POST", "/tokens", [false, false, true]),
    ("DELETE", "/tokens/{id}", [false, false, true]),
    ("GET", "/audit", [false, true, true]),
    ("GET", "/backup", [false, false, true]),
    ("GET", "/reports", [false, true, true]),
    ("GET", "/tickets/{id}/history", [true, true, true]),
    ("GET", "/catalogue", [false, true, true]),
    ("POST", "/rules/dry-run", [false, true, true]),
    ("GET", "/roles", [true, true, true]),
    ("POST", "/roles", [false, true, true]),
    ("GET", "/roles/{id}", [true, true, true]),
    ("PUT", "/roles/{id}", [false, true, true]),
    ("DELETE", "/roles/{id}", [false, true, true]),
    ("GET", "/rules", [false, true, true]),
    ("POST", "/rules", [false, true, true]),
    ("GET", "/rules/{id}", [false, true, true]),
    ("PUT", "/rules/{id}", [false, true, true]),
    ("DELETE", "/rules/{id}", [false, true, true]),
    ("GET", "/channels", [false, true, true]),
    ("POST", "/channels", [false, true, true]),
    ("GET", "/channels/{id}", [false, true, true]),
    ("PUT", "/channels/{id}", [false, true, true]),
    ("DELETE", "/channels/{id}", [false, true, true]),
    ("POST", "/roles/{id}/clone", [false, true, true]),
    // What is not there is asked for by nobody either.
    ("GET", "/no-such-thing", [true, true, true]),
    ("GET", "/tickets/{id}/no-such-thing", [true, true, true]),
];

/// What is open to whoever shows no token: by these one becomes known. `tests/sessions.rs` and `tests/hooks.rs` try them.
const DOORS: [(&str, &str); 2] = [("POST", "/sessions"), ("POST", "/hooks/{name}")];

pub(super) fn spec(name: &str, level: AccessLevel) -> TokenSpec {
    TokenSpec {
        name: name.to_owned(),
        level,
        agent: None,
        permissions: BTreeSet::new(),
        permissions_denied: BTreeSet::new(),
        expires_at: None,
    }
}

pub(super) fn of_agent(name: &str, level: AccessLevel) -> TokenSpec {
    TokenSpec { agent: Some(AgentId::parse(name).expect("a name")), ..spec(name, level) }
}

pub(super) fn permissions(names: &[&str]) -> BTreeSet<Permission> {
    names.iter().map(|name| Permission::parse(name).expect("a name")).collect()
}

/// A house where anna and ben are online, and each has a ticket.
async fn house() -> House {
    let house = House::with(CATALOGUE);
    for (agent, ticket) in [("anna", "T-anna"), ("ben", "T-ben")] {
        house.done(Method::PUT, &format!("/agents/{agent}"), json!({ "roles": ["billing"] })).await;
        house.done(Method::POST, "/tickets", json!({ "ticket_id": ticket, "role": "billing" })).await;
        house.done(Method::POST, &format!("/tickets/{ticket}/assign"), json!({ "agent_id": agent })).await;
    }
    house
}

#[test]
fn the_matrix_has_every_address_that_there_is() {
    let declared: BTreeSet<_> = endpoints()
        .iter()
        .map(|endpoint| (endpoint.verb.as_str().to_uppercase(), endpoint.path.trim_start_matches("/v1").to_owned()))
        .collect();
    let written: BTreeSet<_> = MATRIX
        .iter()
        .filter(|(_, path, _)| !path.ends_with("no-such-thing"))
        .map(|(method, path, _)| (*method, *path))
        .chain(DOORS)
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    assert_eq!(declared, written);
}

#[tokio::test]
async fn every_address_opens_to_those_who_may_and_to_nobody_else() {
    let mut client = 0;
    for (method, path, allowed) in MATRIX {
        // A house of its own for each: some of what is allowed changes who may.
        let house = house().await;
        let id = if path.starts_with("/tickets") { "T-anna" } else { "anna" };
        let path = path.replace("{id}", id);
        let expired = TokenSpec { expires_at: Some(NOW), ..spec("expired", AccessLevel::Owner) };
        let a_moment_ago = Timestamp(NOW.0 - 1);
        let (_, expired) = house.tokens.make(expired, "owner", a_moment_ago).expect("it can be made");
        let expired = expired.reveal();
        let revoked = house.token(spec("revoked", AccessLevel::Owner));
        house.tokens.revoke("revoked", "owner", NOW).expect("written").expect("it was valid");
        let almost = format!("{}0", &TOKEN[..TOKEN.len() - 1]);
        let shut_out = [None, Some("wrong"), Some(&*almost), Some("rct_00_00"), Some(expired), Some(&*revoked)];
        for token in shut_out {
            client += 1;
            let status = house.status(method, &path, token, client).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} with {token:?}");
        }
        let over = [
            ("rolecall_session=wrong".to_owned(), session::csrf("wrong")),
            house.session(Pass::Owner, Some(NOW)),
            house.session_of(expired),
            house.session_of(&revoked),
        ];
        for (cookie, csrf) in over {
            client += 1;
            let headers = [("cookie", cookie.as_str()), ("x-rolecall-csrf", csrf.as_str())];
            let status = house.status_with(method, &path, &headers, client).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} with {cookie:?}");
        }
        let agent = house.token(of_agent("anna", AccessLevel::Agent));
        let tokens =
            [agent, house.token(spec("admin", AccessLevel::Admin)), house.token(spec("owner-2", AccessLevel::Owner))];
        for (index, token) in tokens.iter().enumerate() {
            client += 1;
            let status = house.status(method, &path, Some(token), client).await;
            let is_open = status != StatusCode::FORBIDDEN && status != StatusCode::UNAUTHORIZED;
            assert_eq!(is_open, allowed[index], "{method} {path} with level {index}: {status}");
        }
    }
}

#[tokio::test]
async fn a_session_opens_what_its_token_opens_and_changes_nothing_without_its_second_secret() {
    let mut client = 0;
    for (method, path, allowed) in MATRIX {
        let house = house().await;
        let id = if path.starts_with("/tickets") { "T-anna" } else { "anna" };
        let path = path.replace("{id}", id);
        let agent = house.token(of_agent("anna", AccessLevel::Agent));
        let tokens =
            [agent, house.token(spec("admin", AccessLevel::Admin)), house.token(spec("owner-2", AccessLevel::Owner))];
        for (index, token) in tokens.iter().enumerate() {
            let (cookie, csrf) = house.session_of(token);
            let cookie = ("cookie", cookie.as_str());
            client += 1;
            let status = house.status_with(method, &path, &[cookie], client).await;
            let status_of_guess =
                house.status_with(method, &path, &[cookie, ("x-rolecall-csrf", "guess")], client).await;
            if method != "GET" {
                assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path} with level {index}, by the cookie alone");
                assert_eq!(status_of_guess, StatusCode::FORBIDDEN, "{method} {path} with level {index}");
            }
            let status = house.status_with(method, &path, &[cookie, ("x-rolecall-csrf", &csrf)], client).await;
            let is_open = status != StatusCode::FORBIDDEN && status != StatusCode::UNAUTHORIZED;
            assert_eq!(is_open, allowed[index], "{method} {path} with level {index}: {status}");
        }
    }
}

#[tokio::test]
async fn an_agent_has_its_own_and_nobody_elses() {
    let house = house().await;
    let bearer = format!("Bearer {}", house.token(of_agent("anna", AccessLevel::Agent)));
    let as_anna = async |method: Method, path: &str, body: Value| {
        house.ask_with(method, path, &[("authorization", &bearer)], Some(body)).await
    };
    let post = Method::POST;
    let forbidden = [
        (Method::GET, "/tickets/T-ben", json!({})),
        (Method::GET, "/tickets/T-nobody", json!({})),
        (Method::GET, "/tickets/T-ben/explanation", json!({})),
        (Method::GET, "/tickets/T-anna/explanation?agent=ben", json!({})),
        (Method::GET, "/tickets/T-anna/explanation?agents=all", json!({})),
        (Method::GET, "/tickets?agent=ben", json!({})),
        (Method::GET, "/agents/ben", json!({})),
        (Method::GET, "/agents/nobody", json!({})),
        (Method::GET, "/agents/ben/permissions", json!({})),
        (Method::PUT, "/agents/ben/presence", json!({ "status": "offline" })),
        (post.clone(), "/agents/ben/heartbeat", json!({})),
        (post.clone(), "/agents/ben/claim", json!({})),
        (post.clone(), "/tickets/T-ben/release", json!({})),
        (post.clone(), "/tickets/T-ben/complete", json!({ "agent_id": "ben" })),
        (post.clone(), "/tickets/T-ben/transfer", json!({ "to_agent": "anna" })),
        (post.clone(), "/tickets/T-anna/complete", json!({ "agent_id": "ben" })),
        (post.clone(), "/tickets/T-ben/accept", json!({ "agent_id": "ben" })),
        (post.clone(), "/events", event("ticket.created", &json!({ "ticket_id": "T-9" }))),
        (
            post.clone(),
            "/events",
            event("agent.registered", &json!({ "agent_id": "anna", "roles": [], "access": "owner" })),
        ),
        (post.clone(), "/events", event("ticket.taken", &json!({ "ticket_id": "T-ben", "agent_id": "anna" }))),
        (post.clone(), "/events", event("agent.reconciled", &json!({ "agent_id": "anna", "tickets": ["T-ben"] }))),
    ];
    for (method, path, body) in forbidden {
        let answered = as_anna(method.clone(), path, body.clone()).await;
        let case = format!("{method} {path} {body}: {} {}", answered.status, answered.body);
        assert_eq!(answered.status, StatusCode::FORBIDDEN, "{case}");
        assert_eq!(answered.body["code"], "forbidden", "{case}");
    }
    let own = as_anna(Method::GET, "/tickets", json!({})).await.body;
    assert_eq!(own["tickets_count"], 1);
    assert_eq!(own["tickets"][0]["ticket_id"], "T-anna");
    let allowed = [
        (Method::PUT, "/agents/anna/presence", json!({ "status": "away" })),
        (post.clone(), "/tickets/T-anna/pause", json!({})),
        (post.clone(), "/tickets/T-anna/resume", json!({})),
        (post.clone(), "/events", event("ticket.replied", &json!({ "ticket_id": "T-anna", "agent_id": "anna" }))),
        (post, "/tickets/T-anna/transfer", json!({ "to_role": "billing" })),
    ];
    for (method, path, body) in allowed {
        let answered = as_anna(method, path, body).await;
        assert_eq!(answered.status, StatusCode::OK, "{path}: {}", answered.body);
    }
}

#[tokio::test]
async fn who_repeats_what_they_may_not_do_any_more_is_told_so_and_shown_nobody() {
    let house = house().await;
    house.done(Method::PUT, "/agents/adam", json!({ "roles": [], "access": "admin" })).await;
    let bearer = format!("Bearer {}", house.token(of_agent("adam", AccessLevel::Owner)));
    let headers = [("authorization", &*bearer), ("idempotency-key", "k-1")];
    let away =
        async || house.ask_with(Method::PUT, "/agents/ben/presence", &headers, Some(json!({ "status": "away" }))).await;
    assert_eq!(away().await.body["agent"]["agent_id"], "ben");
    house.done(Method::PUT, "/agents/adam", json!({ "roles": [] })).await;
    let repeated = away().await;
    assert_eq!((repeated.status, &repeated.body["outcome"]), (StatusCode::OK, &json!("duplicate")));
    assert_eq!(repeated.body["agent"], Value::Null);
}

fn event(kind: &str, data: &Value) -> Value {
    json!({ "specversion": "1.0", "id": format!("{kind}{data}"), "source": "/desk", "type": kind, "data": data })
}

#[tokio::test]
async fn roles_add_permissions_and_take_them_away_and_so_do_tokens() {
    let house = house().await;
    house.done(Method::PUT, "/agents/lea", json!({ "roles": ["billing", "lead"] })).await;
    house.done(Method::PUT, "/agents/tim", json!({ "roles": ["billing", "trainee"] })).await;
    house.done(Method::PUT, "/agents/adam", json!({ "roles": [], "access": "admin" })).await;
    let desk = TokenSpec { permissions: permissions(&["tickets.manage"]), ..spec("desk", AccessLevel::Agent) };
    let blind = TokenSpec { permissions_denied: permissions(&["audit.view"]), ..spec("blind", AccessLevel::Admin) };
    let cases = [
        (of_agent("lea", AccessLevel::Agent), vec![("/queues", true), ("/audit", false)]),
        (of_agent("tim", AccessLevel::Owner), vec![("/queues", false), ("/tickets", true)]),
        (of_agent("adam", AccessLevel::Owner), vec![("/audit", true), ("/tokens", false)]),
        (of_agent("nobody", AccessLevel::Owner), vec![("/me", true), ("/tickets", false)]),
        (desk, vec![("/tickets", true), ("/queues", false)]),
        (blind, vec![("/agents", true), ("/audit", false)]),
    ];
    for (client, (spec, addresses)) in (100..).zip(cases) {
        let name = spec.name.clone();
        let token = house.token(spec);
        for (path, allowed) in addresses {
            let status = house.status("GET", path, Some(&token), client).await;
            assert_eq!(status == StatusCode::OK, allowed, "{name} {path}: {status}");
        }
    }
    // The level of an agent's token is a bound: adam is an admin only where the token lets him be one.
    let bounded = TokenSpec { name: "adam-2".to_owned(), ..of_agent("adam", AccessLevel::Agent) };
    let token = house.token(bounded);
    assert_eq!(house.status("GET", "/audit", Some(&token), 200).await, StatusCode::FORBIDDEN);
    // What a role takes away is taken at once, from a token that was made before.
    let tim = TokenSpec { name: "tim-2".to_owned(), ..of_agent("tim", AccessLevel::Agent) };
    let tim = format!("Bearer {}", house.token(tim));
    let claim =
        async || house.ask_with(Method::POST, "/agents/tim/claim", &[("authorization", &tim)], None).await.status;
    assert_eq!(claim().await, StatusCode::FORBIDDEN);
    house.done(Method::PUT, "/agents/tim", json!({ "roles": ["billing"] })).await;
    assert_ne!(claim().await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_have() {
    let house = house().await;
    house.done(Method::PUT, "/agents/olga", json!({ "roles": [], "access": "owner" })).await;
    let admin = format!("Bearer {}", house.token(spec("admin", AccessLevel::Admin)));
    let as_admin = async |method: Method, path: &str, body: Value| {
        house.ask_with(method, path, &[("authorization", &admin)], Some(body)).await.status
    };
    let put = Method::PUT;
    assert_eq!(as_admin(put.clone(), "/agents/x", json!({ "roles": ["billing"] })).await, StatusCode::CREATED);
    for body in [
        json!({ "roles": [], "access": "admin" }),
        json!({ "roles": [], "access": "owner" }),
        json!({ "roles": ["keeper"] }),
        json!({ "roles": ["caretaker"] }),
    ] {
        assert_eq!(as_admin(put.clone(), "/agents/x", body.clone()).await, StatusCode::FORBIDDEN, "{body}");
    }
    assert_eq!(as_admin(put, "/agents/olga", json!({ "roles": [] })).await, StatusCode::FORBIDDEN, "she is an owner");
    assert_eq!(as_admin(Method::DELETE, "/agents/olga", json!({})).await, StatusCode::FORBIDDEN);
    // Who may make tokens makes none that can do more.
    house.done(Method::PUT, "/agents/kim", json!({ "roles": ["keeper"] })).await;
    let kim = format!("Bearer {}", house.token(of_agent("kim", AccessLevel::Agent)));
    let as_kim = async |body: Value| {
        house.ask_with(Method::POST, "/tokens", &[("authorization", &kim)], Some(body)).await.status
    };
    assert_eq!(as_kim(json!({ "name": "a", "level": "admin" })).await, StatusCode::FORBIDDEN);
    assert_eq!(
        as_kim(json!({ "name": "a", "level": "agent", "permissions": ["audit.view"] })).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(as_kim(json!({ "name": "a", "level": "agent", "agent_id": "olga" })).await, StatusCode::CREATED);
    let olgas = house.tokens.list().into_iter().find(|token| token.spec.name == "a").expect("made");
    assert_eq!(olgas.spec.level, AccessLevel::Agent, "which binds it to what an agent may do");
}

#[tokio::test]
async fn a_token_is_made_shown_once_used_and_revoked() {
    let house = house().await;
    let asked = json!({ "name": "helpdesk", "level": "agent", "permissions": ["tickets.manage"], "expires_at": "2027-01-01T00:00:00Z" });
    let made = house.ask(Method::POST, "/tokens", Some(asked)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let token = made.body["token"].as_str().expect("shown").to_owned();
    let secret = token.rsplit('_').next().expect("a secret");
    let bearer = format!("Bearer {token}");
    let me = house.ask_with(Method::GET, "/me", &[("authorization", &bearer)], None).await.body;
    assert_eq!(
        (&me["name"], &me["permissions"]),
        (&json!("helpdesk"), &json!(["work.read-own", "work.do-own", "presence.set-own", "tickets.manage"]))
    );
    let listed = house.get("/tokens").await.body;
    assert_eq!((&listed["tokens"][0]["standing"], &listed["tokens"][0]["made_by"]), (&json!("valid"), &json!("owner")));
    let again = house.ask(Method::POST, "/tokens", Some(json!({ "name": "helpdesk", "level": "agent" }))).await;
    assert_eq!((again.status, &again.body["code"]), (StatusCode::CONFLICT, &json!("name_taken")));
    let id = made.body["token_id"].as_str().expect("an id");
    let revoked = house.ask(Method::DELETE, &format!("/tokens/{id}"), None).await;
    assert_eq!((revoked.status, &revoked.body["standing"]), (StatusCode::OK, &json!("revoked")));
    let shut_out = house.ask_with(Method::GET, "/me", &[("authorization", &bearer)], None).await;
    assert_eq!((shut_out.status, &shut_out.body["code"]), (StatusCode::UNAUTHORIZED, &json!("revoked_token")));
    assert_eq!(house.ask(Method::DELETE, &format!("/tokens/{id}"), None).await.status, StatusCode::NOT_FOUND);
    let written = format!("{listed}{}{}", revoked.body, house.get("/audit").await.body);
    assert!(!written.contains(secret), "it is shown once and never again");
    for (body, place) in [
        (json!({ "name": "a b", "level": "agent" }), "$.name"),
        (json!({ "name": "b", "level": "king" }), "$.level"),
        (json!({ "name": "b", "level": "agent", "expires_at": "tomorrow" }), "$.expires_at"),
        (json!({ "name": "b", "level": "agent", "agent_id": "anna", "permissions": ["audit.view"] }), "$.permissions"),
    ] {
        let refused = house.ask(Method::POST, "/tokens", Some(body.clone())).await;
        assert_eq!((refused.status.as_u16(), &refused.body["path"]), (422, &json!(place)), "{body} {}", refused.body);
    }
}

#[tokio::test]
async fn a_token_that_would_be_over_when_it_is_shown_is_not_made() {
    let house = house().await;
    // This moment, by the clock of these tests, and years before it.
    for (past, read) in [
        ("2026-11-18T12:06:40+01:00", "2026-11-18T11:06:40.000Z"),
        ("2021-01-01T00:00:00Z", "2021-01-01T00:00:00.000Z"),
    ] {
        let asked = json!({ "name": "late", "level": "agent", "expires_at": past });
        let refused = house.ask(Method::POST, "/tokens", Some(asked)).await;
        assert_eq!((refused.status.as_u16(), &refused.body["code"]), (422, &json!("bad_field")), "{}", refused.body);
        assert_eq!(refused.body["path"], "$.expires_at");
        let detail = refused.body["detail"].as_str().expect("a sentence");
        assert!(detail.contains(&format!("found {read}")), "it says what came: {detail}");
        assert!(detail.contains("it is 2026-11-18T11:06:40.000Z here"), "and what time it is: {detail}");
    }
    assert!(house.tokens.list().is_empty());
}

#[tokio::test]
async fn who_shares_an_address_with_somebody_who_guesses_works_on() {
    let house = house().await;
    let anna = house.token(of_agent("anna", AccessLevel::Agent));
    let late = house.token(spec("late", AccessLevel::Admin));
    assert_eq!(house.status("GET", "/me", Some(&anna), 1).await, StatusCode::OK);
    for _ in 0..10 {
        assert_eq!(house.status("GET", "/me", Some("guess"), 1).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(house.status("GET", "/me", Some("guess"), 1).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(house.status("GET", "/me", Some(&anna), 1).await, StatusCode::OK, "she was there before");
    assert_eq!(house.status("GET", "/me", Some(&late), 1).await, StatusCode::OK, "and nobody guesses 256 bits");
    let last = if late.ends_with('0') { "1" } else { "0" };
    let almost = format!("{}{last}", &late[..late.len() - 1]);
    for wrong in ["guess", &almost, "rct_00_00"] {
        assert_eq!(house.status("GET", "/me", Some(wrong), 1).await, StatusCode::TOO_MANY_REQUESTS, "{wrong}");
    }
    assert_eq!(house.status("GET", "/me", None, 1).await, StatusCode::UNAUTHORIZED, "whoever is about to log in");
    assert_eq!(
        house.status("GET", "/me", Some("guess"), 2).await,
        StatusCode::UNAUTHORIZED,
        "elsewhere nobody guessed"
    );
}

#[tokio::test]
async fn an_owners_token_that_can_be_guessed_is_not_compared_while_somebody_guesses_and_another_is() {
    const LONG: &str = "5f3c9d0a1b7e42688c1d6f";
    let of_owner = |token: &'static str| move |app: App| App { owner_token: OwnerToken::new(token), ..app };
    for (token, expected) in [(LONG, StatusCode::OK), (&LONG[1..], StatusCode::TOO_MANY_REQUESTS)] {
        let house = House::made(CATALOGUE, of_owner(token));
        assert_eq!(house.status("GET", "/me", Some(token), 2).await, StatusCode::OK);
        for client in [1, 2] {
            for _ in 0..10 {
                assert_eq!(house.status("GET", "/me", Some("guess"), client).await, StatusCode::UNAUTHORIZED);
            }
        }
        assert_eq!(house.status("GET", "/me", Some(token), 1).await, expected, "{token}");
        assert_eq!(house.status("GET", "/me", Some(token), 2).await, StatusCode::OK, "the owner was there before");
        assert_eq!(house.status("GET", "/me", Some(&LONG[2..]), 2).await, StatusCode::TOO_MANY_REQUESTS);
    }
}

#[tokio::test]
async fn every_change_is_written_down_before_and_after_and_that_somebody_read_it_too() {
    let house = house().await;
    let admin = format!("Bearer {}", house.token(spec("adam", AccessLevel::Admin)));
    let headers = [("authorization", admin.as_str())];
    house.done(Method::POST, "/tickets", json!({ "ticket_id": "T-waits", "role": "lead" })).await;
    house.ask_with(Method::PATCH, "/tickets/T-waits", &headers, Some(json!({ "priority": "urgent" }))).await;
    house.ask_with(Method::PUT, "/agents/anna", &headers, Some(json!({ "roles": ["nobody's"] }))).await;
    let page = house.ask_with(Method::GET, "/audit?who=adam", &headers, None).await.body;
    let entries = page["entries"].as_array().expect("a list");
    let told: Vec<_> =
        entries.iter().map(|entry| (entry["what"].as_str().expect("a text"), entry["status"].clone())).collect();
    assert_eq!(
        told,
        [
            ("GET /api/v1/audit?who=adam", json!(null)),
            ("PUT /api/v1/agents/anna", json!(422)),
            ("PUT /api/v1/agents/anna", json!(null)),
            ("PATCH /api/v1/tickets/T-waits", json!(200)),
            ("PATCH /api/v1/tickets/T-waits", json!(null)),
        ]
    );
    let (end, begin) = (&entries[3], &entries[4]);
    assert_eq!(end["ends"], begin["seq"]);
    assert_eq!((&begin["before"]["priority"], &end["after"]["priority"]), (&json!(3), &json!(9)));
    assert_eq!(begin["asked"], json!({ "priority": "urgent" }));
    assert_eq!(entries[1]["after"], json!(null), "nothing was changed");
    let roles = house.get("/audit?what=/agents/&limit=1").await.body;
    assert_eq!(roles["entries"].as_array().map(Vec::len), Some(1));
    assert!(house.audit.verify(None).expect("whole").entries_count >= 5);
}

#[tokio::test]
async fn what_can_not_be_written_down_is_not_done() {
    let house = house().await;
    let _ = std::fs::remove_file(house.audit_path());
    std::fs::create_dir(house.audit_path()).expect("something else in its place");
    let refused = house.ask(Method::POST, "/tickets/T-anna/cancel", None).await;
    assert_eq!((refused.status, &refused.body["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("audit_unavailable")));
    assert_eq!(house.get("/tickets/T-anna").await.status, StatusCode::OK, "it is still there");
}

#[test]
fn the_time_of_these_tests_lies_before_the_expiry_that_they_ask_for() {
    assert!(NOW < Timestamp(1_798_761_600_000));
}
