//! What other systems send: who is believed, what comes of it, and what is said of what can't be.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use ring::hmac;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::house::House;
use super::{App, NOW};
use crate::config::{Hooks, Overrides, parse};
use crate::http::{Doors, OpenDoors};

const SECRET: &str = "it is secret, really";

/// What helpdesks are known to sign, tried with `openssl dgst -hmac`.
const BODY: &str = r#"{"id":45,"event":"conversation_created","status":"open"}"#;

/// A house with these hooks, each with the same secret, and where it lies.
fn house(hooks: &str) -> (House, TempDir) {
    let home = tempfile::tempdir().expect("a directory");
    std::fs::write(home.path().join("secret"), format!("{SECRET}\n")).expect("it is written");
    let hooks = hooks.replace("SECRET_FILE", home.path().join("secret").to_str().expect("UTF-8"));
    let doors = Doors::default();
    doors.replace(OpenDoors::open(&configured(&hooks)).expect("the secret is there"));
    let catalogue = "[routing]\ndefault_role = \"all\"\n[[role]]\nname = \"all\"\nacceptance = \"auto\"\n[[role]]\n\
                     name = \"keeper\"\npermissions = [\"tokens.manage\"]\n";
    (House::made(catalogue, |app| App { doors, ..app }), home)
}

fn configured(text: &str) -> Hooks {
    parse("test", text, &Overrides::none()).unwrap_or_else(|report| panic!("{report}")).config.hooks
}

fn presets() -> (House, TempDir) {
    let hook = |name: &str| format!("[hook.{name}]\npreset = \"{name}\"\nsecret_file = \"SECRET_FILE\"\n");
    house(&["zammad", "chatwoot", "zendesk", "freeswitch"].map(hook).concat())
}

async fn send(house: &House, hook: &str, headers: &[(&str, &str)], body: &str) -> (StatusCode, Value) {
    let mut request = Request::builder().method("POST").uri(format!("/api/v1/hooks/{hook}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).expect("a request");
    let response = house.router.clone().oneshot(request).await.expect("a router answers everything");
    let status = response.status();
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

fn sha256(secret: &str, signed: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), signed.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The headers of a delivery of Chatwoot's, at that time.
fn of_chatwoot(secret: &str, seconds: i64, delivery: &str, body: &str) -> [(String, String); 3] {
    let signature = format!("sha256={}", hex(sha256(secret, &format!("{seconds}.{body}")).as_ref()));
    [
        ("x-chatwoot-signature", signature),
        ("x-chatwoot-timestamp", seconds.to_string()),
        ("x-chatwoot-delivery", delivery.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn recorded(system: &str, what: &str) -> String {
    let path = format!("{}/tests/hooks/{system}.json", env!("CARGO_MANIFEST_DIR"));
    let all: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).expect("it is there")).expect("a list");
    let one = all.into_iter().find(|one| one["what"] == what).unwrap_or_else(|| panic!("{system} has no {what:?}"));
    one["body"].to_string()
}

#[tokio::test]
async fn what_each_helpdesk_signs_is_believed_as_openssl_signs_it() {
    let (house, _home) = presets();
    let zammad = [("x-hub-signature", "sha1=f200703746803398ff778ffc6ea210313e34fe4d")];
    let chatwoot = [
        ("x-chatwoot-signature", "sha256=7a358347ff5b264f57f100d92a7272ea3652bfc46ed4edecdc2cb0001d0577bb"),
        ("x-chatwoot-timestamp", "1795000000"),
    ];
    let zendesk = [
        ("x-zendesk-webhook-signature", "SdaeaV368J8f/WsoMzu/gnJcmOmql0Svs+jhlRHiERM="),
        ("x-zendesk-webhook-signature-timestamp", "2026-11-18T11:06:40Z"),
    ];
    let bearer = [("authorization", "Bearer it is secret, really")];
    for (hook, headers) in
        [("zammad", &zammad[..]), ("chatwoot", &chatwoot), ("zendesk", &zendesk), ("freeswitch", &bearer)]
    {
        let (status, answer) = send(&house, hook, headers, BODY).await;
        // Whatever it means to each of them, it is known to be theirs.
        assert_ne!(status, StatusCode::UNAUTHORIZED, "{hook}: {answer}");
        let (status, answer) = send(&house, hook, headers, &BODY.replace("45", "46")).await;
        let is_signed = hook != "freeswitch";
        assert_eq!(status == StatusCode::UNAUTHORIZED, is_signed, "{hook}: {answer}");
    }
}

#[tokio::test]
async fn a_delivery_becomes_a_ticket_once_and_is_written_down() {
    let (house, _home) = presets();
    house.done(Method::PUT, "/agents/ana", json!({ "roles": ["all"] })).await;
    house.done(Method::PUT, "/agents/ana/presence", json!({ "status": "online" })).await;
    let body = recorded("chatwoot", "a mail of somebody of a tier, urgent, for a team");
    let headers = of_chatwoot(SECRET, NOW.0 / 1_000, "d-1", &body);
    let (status, first) = send(&house, "chatwoot", &borrowed(&headers), &body).await;
    let expected = json!({ "outcome": "accepted", "type": "ticket.created", "id": "d-1" });
    assert_eq!((status, &first), (StatusCode::OK, &expected));
    let ticket = house.get("/tickets/chatwoot-45").await.body;
    assert_eq!(
        (&ticket["agent_id"], &ticket["channel"], &ticket["priority"]),
        (&json!("ana"), &json!("email"), &json!(9))
    );
    // It is sent again, at another time and with another body: the delivery is the same.
    let later = body.replace("carla@example.com", "c@example.com");
    let headers = of_chatwoot(SECRET, NOW.0 / 1_000 + 9, "d-1", &later);
    let (status, again) = send(&house, "chatwoot", &borrowed(&headers), &later).await;
    assert_eq!((status, &again["outcome"]), (StatusCode::OK, &json!("duplicate")));
    let log = house.get("/audit?who=hook:chatwoot").await.body;
    let entries = log["entries"].as_array().expect("a list");
    assert_eq!(entries.len(), 4, "{log}");
    assert_eq!(entries[3]["what"], "POST /api/v1/hooks/chatwoot");
    assert_eq!(entries[3]["asked"], json!({ "type": "ticket.created", "id": "d-1", "about": "chatwoot-45" }));
    assert_eq!((&entries[2]["status"], &entries[2]["after"]["outcome"]), (&json!(200), &json!("accepted")));
}

#[tokio::test]
async fn what_is_sent_to_no_hook_is_not_even_waited_for() {
    let (house, _home) = presets();
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let request = Request::builder().method("POST").uri("/api/v1/hooks/nobody").body(Body::from_stream(never));
    let asked = house.router.clone().oneshot(request.expect("a request"));
    let answered = tokio::time::timeout(std::time::Duration::from_secs(5), asked).await.expect("an answer at once");
    assert_eq!(answered.expect("a router answers everything").status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_does_not_show_the_secret_is_not_even_read() {
    let (house, _home) = presets();
    let body = recorded("chatwoot", "somebody writes on the web site");
    let seconds = NOW.0 / 1_000;
    let right = of_chatwoot(SECRET, seconds, "d", &body);
    let refused = async |headers: Vec<(&str, &str)>, body: &str, code: &str| {
        let (status, answer) = send(&house, "chatwoot", &headers, body).await;
        assert_eq!((status, answer["code"].as_str()), (StatusCode::UNAUTHORIZED, Some(code)), "{answer}");
        assert!(!answer.to_string().contains(SECRET), "{answer}");
    };
    refused(vec![], &body, "no_signature").await;
    refused(borrowed(&right[..1]), &body, "no_signature").await;
    refused(borrowed(&of_chatwoot("another secret, really", seconds, "d", &body)), &body, "wrong_signature").await;
    refused(borrowed(&right), "{}", "wrong_signature").await;
    let later = [right[0].clone(), ("x-chatwoot-timestamp".to_owned(), (seconds + 1).to_string())];
    refused(borrowed(&later), &body, "wrong_signature").await;
    for signature in ["", "sha256=", "sha256=zz", "sha1=00", "sha256=00"] {
        refused(vec![("x-chatwoot-signature", signature), borrowed(&right)[1]], &body, "wrong_signature").await;
    }
    for seconds in [seconds - 301, seconds + 301] {
        refused(borrowed(&of_chatwoot(SECRET, seconds, "d", &body)), &body, "stale_signature").await;
    }
    let unix = sha256(SECRET, &format!("soon.{body}"));
    let unix = format!("sha256={}", hex(unix.as_ref()));
    refused(vec![("x-chatwoot-signature", &unix), ("x-chatwoot-timestamp", "soon")], &body, "stale_signature").await;
    assert_eq!(house.get("/tickets/chatwoot-45").await.status, StatusCode::NOT_FOUND);
    for seconds in [seconds - 300, seconds + 300] {
        let headers = of_chatwoot(SECRET, seconds, "d", &body);
        assert_eq!(send(&house, "chatwoot", &borrowed(&headers), &body).await.0, StatusCode::OK);
    }
    let (status, answer) = send(&house, "nobody", &borrowed(&right), &body).await;
    assert_eq!((status, answer["code"].as_str()), (StatusCode::NOT_FOUND, Some("unknown_hook")));
    // An owner's token opens no hook.
    let token = format!("Bearer {}", super::TOKEN);
    refused(vec![("authorization", &token)], &body, "no_signature").await;
}

#[tokio::test]
async fn what_is_no_event_is_ignored_what_can_t_be_done_is_told_and_what_does_not_fit_is_refused() {
    let (house, _home) = presets();
    let sent = async |body: &str| {
        let headers = of_chatwoot(SECRET, NOW.0 / 1_000, "", body);
        send(&house, "chatwoot", &borrowed(&headers), body).await
    };
    assert_eq!(sent(r#"{"event":"contact_created"}"#).await, (StatusCode::OK, json!({ "outcome": "ignored" })));
    let (status, answer) = sent(&recorded("chatwoot", "the end")).await;
    assert_eq!(
        (status, &answer["outcome"], &answer["code"]),
        (StatusCode::OK, &json!("rejected"), &json!("unknown_ticket"))
    );
    let (status, answer) = sent(r#"{"event":"conversation_updated"}"#).await;
    assert_eq!((status, answer["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("bad_field")));
    let detail = answer["detail"].as_str().expect("words");
    assert!(
        detail.starts_with("[hook.chatwoot], event 6 of its mapping (ticket.updated): $.ticket_id: expected"),
        "{detail}"
    );
    let (status, answer) = sent("{\"event\":").await;
    assert_eq!((status, answer["code"].as_str()), (StatusCode::BAD_REQUEST, Some("bad_json")));
    // Signed, and of two readers one would take it for the end and another for a beginning.
    let twice = recorded("chatwoot", "the end").replacen('{', r#"{"event":"conversation_created","#, 1);
    let (status, answer) = sent(&twice).await;
    assert_eq!((status, answer["code"].as_str()), (StatusCode::BAD_REQUEST, Some("bad_json")));
    let detail = answer["detail"].as_str().expect("words");
    assert!(detail.starts_with(r#"expected every member once, found "event" twice at line 1"#), "{detail}");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(sent(&deep).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(sent(&" ".repeat(2 * 1024 * 1024)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn while_a_secret_is_changed_both_are_right_and_several_signatures_may_be_sent() {
    let hook = "[hook.shop]\nsecret_file = \"SECRET_FILE\"\nsignature = { header = \"webhook-signature\", prefix = \"v1,\", \
                encoding = \"base64\", signed = \"{header:webhook-id}.{timestamp}.{body}\", timestamp_header = \
                \"webhook-timestamp\" }\nevent = [{ type = \"ticket.created\", data = { ticket_id = \"{$.id}\" } }]\n";
    let (house, home) = house(hook);
    let file = home.path().join("secret");
    std::fs::write(&file, format!("another secret, really\n{SECRET}\n")).expect("it is written");
    let text = hook.replace("SECRET_FILE", file.to_str().expect("UTF-8"));
    house.shared.doors.replace(OpenDoors::open(&configured(&text)).expect("two secrets"));
    let signed = |secret: &str| {
        let signed = format!("m-1.{}.{{\"id\":1}}", NOW.0 / 1_000);
        format!("v1,{}", STANDARD.encode(sha256(secret, &signed).as_ref()))
    };
    let (one, other, third) = (signed(SECRET), signed("another secret, really"), signed("a third secret, really"));
    for (signature, expected) in [
        (one.clone(), StatusCode::OK),
        (other, StatusCode::OK),
        (third.clone(), StatusCode::UNAUTHORIZED),
        (format!("{third} v2,x {one}"), StatusCode::OK),
        (one.replace("v1,", ""), StatusCode::UNAUTHORIZED),
    ] {
        let time = (NOW.0 / 1_000).to_string();
        let headers = [("webhook-id", "m-1"), ("webhook-timestamp", &*time), ("webhook-signature", &*signature)];
        assert_eq!(send(&house, "shop", &headers, "{\"id\":1}").await.0, expected, "{signature}");
    }
}

#[tokio::test]
async fn a_hook_may_do_what_its_mapping_asks_for_and_no_more() {
    let (house, _home) = house(
        "[hook.staff]\nsecret_file = \"SECRET_FILE\"\nsignature = { algorithm = \"token\", header = \"x-token\" }\n\
         [[hook.staff.event]]\ntype = \"agent.registered\"\ndata = { agent_id = \"$.id\", roles = \"$.roles\" }\n",
    );
    let token = [("x-token", SECRET)];
    let (status, answer) = send(&house, "staff", &token, r#"{"id":"ana","roles":["all"]}"#).await;
    assert_eq!((status, &answer["outcome"]), (StatusCode::OK, &json!("accepted")), "{answer}");
    let (status, answer) = send(&house, "staff", &token, r#"{"id":"ben","roles":["keeper"]}"#).await;
    assert_eq!((status, &answer["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")), "{answer}");
    assert_eq!(send(&house, "staff", &[("x-token", "it is secret")], "{}").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(send(&house, "staff", &[("x-token", "")], "{}").await.0, StatusCode::UNAUTHORIZED);
}

/// What GitHub, Freshdesk and Zendesk send by webhooks that their admins set up, with mappings as the documentation shows them.
#[tokio::test]
async fn what_helpdesks_without_a_preset_send_becomes_tickets() {
    let (house, _home) = house(include_str!("../../../tests/hooks/without-presets.toml"));
    // Who asks for no language gets ana, who has waited longest.
    for (agent, skills) in [("ana", json!([])), ("dora", json!(["de"]))] {
        house.done(Method::PUT, &format!("/agents/{agent}"), json!({ "roles": ["all"], "skills": skills })).await;
        house.done(Method::PUT, &format!("/agents/{agent}/presence"), json!({ "status": "online" })).await;
    }
    let github = r#"{"action":"opened","issue":{"number":1347,"title":"Found a bug","created_at":"2026-11-18T11:06:40Z",
        "user":{"login":"octocat","id":1},"labels":[{"id":208045946,"name":"bug"},{"id":2,"name":"german"}]},
        "repository":{"full_name":"octocat/hello","id":1296269}}"#;
    let signature = format!("sha256={}", hex(sha256(SECRET, github).as_ref()));
    let headers =
        [("x-github-event", "issues"), ("x-github-delivery", "72d3162e"), ("x-hub-signature-256", &*signature)];
    let (status, answer) = send(&house, "github", &headers, github).await;
    let expected = json!({ "outcome": "accepted", "type": "ticket.created", "id": "72d3162e" });
    assert_eq!((status, &answer), (StatusCode::OK, &expected));
    assert_eq!(house.get("/tickets/github-octocat%2Fhello-1347").await.body["agent_id"], "dora");

    let token = [("x-token", SECRET)];
    let freshdesk = r#"{"freshdesk_webhook":{"ticket_id":17,"ticket_subject":"Invoice 7","ticket_priority":"Urgent",
        "ticket_source":"Phone","ticket_tags":"german, vip","ticket_requester_email":"ann@example.com"}}"#;
    let (status, answer) = send(&house, "freshdesk", &token, freshdesk).await;
    assert_eq!((status, &answer["outcome"]), (StatusCode::OK, &json!("accepted")), "{answer}");
    let ticket = house.get("/tickets/freshdesk-17").await.body;
    let found = (&ticket["agent_id"], &ticket["priority"], &ticket["channel"]);
    assert_eq!(found, (&json!("dora"), &json!(9), &json!("call")), "{ticket}");

    // A trigger of Zendesk sends what is written into it: tags are one text with blanks, and a time is what was chosen.
    let zendesk = r#"{"id":"35436","title":"Help","tags":"german","updated":"3 minutes ago"}"#;
    let (status, answer) = send(&house, "zendesk-trigger", &token, zendesk).await;
    assert_eq!((status, &answer["outcome"]), (StatusCode::OK, &json!("accepted")), "{answer}");
    let told = json!(["$.created_at: expected a count of seconds since 1970, found \"3 minutes ago\""]);
    assert_eq!(answer["left_out"], told);
    let (status, answer) = send(&house, "zendesk-trigger", &token, r#"{"id":{"n":1},"title":"Help"}"#).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let detail = answer["detail"].as_str().expect("words");
    assert!(
        detail.ends_with(
            "left out was $.ticket_id: expected a text, a number or a truth to put into the text, found an object"
        ),
        "{detail}"
    );
}

#[test]
fn a_secret_that_is_none_is_told_of_with_its_file() {
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("secret");
    let hook = |more: &str| {
        let file = file.to_str().expect("UTF-8");
        let signature = format!("signature = {{ header = \"x\"{more} }}");
        format!(
            "[hook.a]\nsecret_file = \"{file}\"\n{signature}\nevent = [{{ type = \"ticket.paused\", data = {{ ticket_id = \"$.a\" }} }}]\n"
        )
    };
    let told = |more: &str| OpenDoors::open(&configured(&hook(more))).expect_err("it is no secret").to_string();
    assert!(told("").contains("[hook.a]") && told("").contains(file.to_str().expect("UTF-8")), "{}", told(""));
    for (text, more) in [("\n \n", ""), ("a\nb\nc\nd\ne\n", ""), ("not hex\n", ", secret_encoding = \"hex\"")] {
        std::fs::write(&file, text).expect("it is written");
        assert!(told(more).contains("secret_file of [hook.a]"), "{text:?}");
        assert!(!told(more).contains("not hex"), "the secret itself is not told");
    }
}
