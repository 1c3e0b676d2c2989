//! Logging in with a browser.

use axum::http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};

use super::house::{Answered, House};
use super::{NOW, TOKEN};
use crate::records::tokens::TokenSpec;
use crate::routing::Timestamp;
use crate::routing::permission::AccessLevel;

const JSON: (&str, &str) = ("content-type", "application/json");

fn house() -> House {
    House::with("[[role]]\nname = \"billing\"\n")
}

fn spec(name: &str) -> TokenSpec {
    TokenSpec {
        name: name.to_owned(),
        level: AccessLevel::Admin,
        agent: None,
        permissions: [].into(),
        permissions_denied: [].into(),
        expires_at: None,
    }
}

async fn log_in(house: &House, token: &str) -> Answered {
    let headers = [JSON, ("cookie", "theme=dark")];
    house.ask_with(Method::POST, "/sessions", &headers, Some(json!({ "token": token }))).await
}

/// The pair that a browser sends back.
fn cookie(headers: &HeaderMap) -> String {
    let set = headers[header::SET_COOKIE].to_str().expect("ASCII");
    set.split_once(';').expect("attributes").0.to_owned()
}

#[tokio::test]
async fn whoever_logs_in_goes_on_without_the_token_until_they_log_out() {
    let house = house();
    let adam = house.token(spec("adam"));
    let begun = log_in(&house, &adam).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.body);
    let set = begun.headers[header::SET_COOKIE].to_str().expect("ASCII");
    assert!(set.contains("; HttpOnly; SameSite=Strict") && set.contains("; Max-Age=604800"), "{set}");
    assert!(!set.contains(&adam), "the token is in no cookie");
    assert_eq!((&begun.body["name"], &begun.body["level"]), (&json!("adam"), &json!("admin")));
    assert!(begun.body["permissions"].as_array().is_some_and(|all| all.contains(&json!("roles.manage"))));

    let cookie = cookie(&begun.headers);
    let csrf = begun.body["csrf"].as_str().expect("a secret");
    let by_cookie = [("cookie", cookie.as_str())];
    let changing = [("cookie", cookie.as_str()), ("x-rolecall-csrf", csrf)];
    let current = house.ask_with(Method::GET, "/sessions", &by_cookie, None).await;
    assert_eq!((current.status, &current.body), (StatusCode::OK, &begun.body), "a page that is loaded again finds it");

    let ticket = json!({ "ticket_id": "T-1" });
    let refused = house.ask_with(Method::POST, "/tickets", &by_cookie, Some(ticket.clone())).await;
    assert_eq!((refused.status, &refused.body["code"]), (StatusCode::FORBIDDEN, &json!("csrf")));
    let made = house.ask_with(Method::POST, "/tickets", &changing, Some(ticket)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let who = house.get("/audit?who=adam&limit=1").await.body;
    assert_eq!(who["entries"][0]["who"], "adam");

    let over = house.ask_with(Method::DELETE, "/sessions", &changing, None).await;
    assert_eq!(over.status, StatusCode::NO_CONTENT);
    assert!(
        over.headers[header::SET_COOKIE].to_str().expect("ASCII").starts_with("rolecall_session=; Path=/; Max-Age=0")
    );
    let refused = house.ask_with(Method::GET, "/sessions", &by_cookie, None).await;
    assert_eq!((refused.status, &refused.body["code"]), (StatusCode::UNAUTHORIZED, &json!("session_over")));
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let house = house();
    let (adam, eve) = (house.token(spec("adam")), spec("eve"));
    let eve = house.token(TokenSpec { expires_at: Some(Timestamp(NOW.0 + 60_000)), ..eve });
    let adams = cookie(&log_in(&house, &adam).await.headers);
    house.tokens.revoke("adam", "owner", NOW).expect("written").expect("it was valid");
    for _ in 0..2 {
        let refused = house.ask_with(Method::GET, "/me", &[("cookie", &adams)], None).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    }
    let begun = log_in(&house, &eve).await;
    assert_eq!(begun.body["expires_at"], "2026-11-18T11:07:40.000Z", "no later than the token");
    assert!(begun.headers[header::SET_COOKIE].to_str().expect("ASCII").contains("Max-Age=60;"));
    let shown = house.ask_with(Method::GET, "/sessions", &[("authorization", &format!("Bearer {eve}"))], None).await;
    assert_eq!((&shown.body["csrf"], &shown.body["name"]), (&Value::Null, &json!("eve")));
    assert_eq!(shown.body["expires_at"], begun.body["expires_at"]);
}

#[tokio::test]
async fn logging_in_is_slowed_for_whoever_guesses_and_takes_nothing_but_a_token() {
    let house = house();
    let ask = async |headers: &[(&str, &str)], body: Value| {
        let headers = [&[("cookie", "a=b")], headers].concat();
        house.ask_with(Method::POST, "/sessions", &headers, Some(body)).await.status.as_u16()
    };
    assert_eq!(ask(&[], json!({ "token": TOKEN })).await, 415, "a page of another site can send this unasked");
    assert_eq!(ask(&[("content-type", "text/plain")], json!({ "token": TOKEN })).await, 415);
    for body in [json!({}), json!({ "token": 7 }), json!({ "token": TOKEN, "level": "owner" })] {
        assert_eq!(ask(&[JSON], body).await, 422);
    }
    assert_eq!(ask(&[JSON], json!({ "token": "x".repeat(32 * 1024) })).await, 413, "nobody is known yet");
    let adam = house.token(spec("adam"));
    let adams = cookie(&log_in(&house, &adam).await.headers);
    for _ in 0..10 {
        assert_eq!(log_in(&house, "guess").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(log_in(&house, "guess").await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(log_in(&house, TOKEN).await.status, StatusCode::TOO_MANY_REQUESTS);
    let still = house.ask_with(Method::GET, "/me", &[("cookie", &adams)], None).await;
    assert_eq!(still.status, StatusCode::OK, "who is logged in goes on");
    assert_eq!(log_in(&house, &adam).await.status, StatusCode::CREATED, "and so does who was there before");
    let late = house.token(spec("late"));
    assert_eq!(log_in(&house, &late).await.status, StatusCode::CREATED, "and whoever has what can't be guessed");
}

#[tokio::test]
async fn that_somebody_logged_in_is_written_down_and_their_token_is_not() {
    let house = house();
    let adam = house.token(spec("adam"));
    log_in(&house, &adam).await;
    let page = house.get("/audit?who=adam").await.body;
    let told: Vec<_> =
        page["entries"].as_array().expect("a list").iter().map(|entry| entry["status"].clone()).collect();
    assert_eq!(told, [json!(201), Value::Null]);
    assert_eq!(page["entries"][0]["who"], "adam");
    assert!(!page.to_string().contains(&adam));
    let _ = std::fs::remove_file(house.audit_path());
    std::fs::create_dir(house.audit_path()).expect("something else in its place");
    assert_eq!(log_in(&house, &adam).await.status, StatusCode::SERVICE_UNAVAILABLE);
}
