//! What other systems say in words of their own, over HTTP and by the broker, on its whole way.

use lapin::types::AMQPValue;
use serde_json::{Value, json};

use crate::SOON;
use crate::place::Place;
use crate::stage::Stage;
use crate::support::eventually;
use crate::upstream::Form;

/// A hook of a shop, with its secret in that file; and the switch.
fn config(secret: &str, ticket: &str) -> String {
    format!(
        r#"
[[role]]
name = "care"
ticket_types = ["support@default"]
[hook.shop]
secret_file = "{secret}"
signature = {{ algorithm = "token", header = "X-Token" }}
delivery = ["header:X-Delivery"]
event = [{{ type = "ticket.created", when = {{ "$.kind" = "question" }}, data = {{ ticket_id = "{ticket}-{{$.id}}", role = "care" }} }}]
[hook.switch]
preset = "freeswitch"
routing_keys = ["*.CUSTOM.#"]
"#
    )
}

async fn post(stage: &Stage, token: &str, delivery: &str, body: &Value) -> (u16, Value) {
    let lines = format!("X-Token: {token}\r\nX-Delivery: {delivery}\r\n");
    let answered = stage.daemon.request("nobody's", "POST /hooks/shop", &lines, body).await;
    let (status, _, body) = answered.expect("an answer");
    (status, body)
}

#[tokio::test]
async fn a_shop_over_http_and_a_switch_by_the_broker_get_their_agents() {
    let home = tempfile::tempdir().expect("a directory");
    let secret = home.path().join("secret");
    let write = |text: &str| std::fs::write(&secret, text).expect("it is written");
    write("the first secret of all");
    let secret_path = secret.to_str().expect("UTF-8").to_owned();
    let place = Place::new("integrations", &config(&secret_path, "shop"));
    let mut stage = Stage::open_with(place, Form::Plain).await;
    stage.agent("anna", &["care"]).await;

    let question = json!({ "kind": "question", "id": 7 });
    let (status, answer) = post(&stage, "the first secret of all", "d-1", &question).await;
    assert_eq!((status, &answer["outcome"], &answer["id"]), (200, &json!("accepted"), &json!("d-1")), "{answer}");
    let assigned = stage.hear("assignment.assigned", "shop-7").await;
    assert_eq!((assigned.text("agent_id"), assigned.correlation_id()), ("anna", Some("d-1")));
    let (_, again) = post(&stage, "the first secret of all", "d-1", &question).await;
    assert_eq!(again["outcome"], "duplicate");
    assert_eq!(post(&stage, "a guess", "d-2", &question).await.0, 401);

    // A switch, whose exchange is ours: what its module writes comes with a routing key of its own and no type.
    let events = stage.place.object("events");
    let words = |action: &str, seq: u32| {
        json!({ "Event-Subclass": "callcenter::info", "CC-Action": action, "Core-UUID": "c", "Event-Sequence": seq.to_string(),
            "CC-Member-Session-UUID": "call-1", "CC-Queue": "support@default", "CC-Cause": "Cancel", "CC-Cancel-Reason": "BREAK_OUT" })
    };
    let key = "fs01.CUSTOM.callcenter%3A%3Ainfo.inbound.5000";
    let plain = || lapin::BasicProperties::default().with_content_type("application/json".into());
    stage.upstream.publish(&events, key, plain(), words("member-queue-start", 1).to_string().as_bytes()).await;
    stage.hear("assignment.offered", "call-1").await;
    stage.upstream.publish(&events, key, plain(), words("members-count", 2).to_string().as_bytes()).await;
    stage.upstream.publish(&events, key, plain(), words("member-queue-end", 3).to_string().as_bytes()).await;
    let revoked = stage.hear("assignment.revoked", "call-1").await;
    assert_eq!(revoked.text("cause"), "ticket_cancelled");
    for (outcome, count) in [("accepted", 2), ("ignored", 1), ("unreadable", 0)] {
        let series = format!("rolecall_hooks_total{{hook=\"switch\",outcome=\"{outcome}\"}}");
        assert_eq!(stage.daemon.metric(&series).await, count, "{series}");
    }

    // The secret is changed, and the words, while the daemon works; a file without a secret changes nothing.
    write("the second secret of all\n");
    stage.place.configure(&config(&secret_path, "store"));
    stage.daemon.signal("HUP");
    eventually("read again", SOON, async || !stage.daemon.said("catalogue reloaded").is_empty()).await;
    assert_eq!(post(&stage, "the first secret of all", "d-3", &question).await.0, 401);
    assert_eq!(post(&stage, "the second secret of all", "d-3", &question).await.1["outcome"], "accepted");
    stage.hear("assignment.assigned", "store-7").await;
    std::fs::remove_file(&secret).expect("it was there");
    stage.daemon.signal("HUP");
    eventually("refused", SOON, async || !stage.daemon.said("new catalogue refused").is_empty()).await;
    let said = stage.daemon.said("new catalogue refused")[0]["error"].to_string();
    assert!(said.contains("[hook.shop]") && said.contains(&secret_path), "{said}");
    assert_eq!(post(&stage, "the second secret of all", "d-3", &question).await.1["outcome"], "duplicate");

    // Nothing of all this was lost, or went to the dead letters.
    let dead = stage.place.object("dead");
    assert!(stage.upstream.get(&dead).await.is_none());

    // Of what can be read in two ways one reader would take the first, and another the last.
    let twice = words("member-queue-start", 4).to_string().replacen('{', r#"{"CC-Action":"members-count","#, 1);
    stage.upstream.publish(&events, key, plain(), twice.as_bytes()).await;
    eventually("set aside", SOON, async || stage.upstream.ready_count(&dead).await == 1).await;
    let letter = stage.upstream.get(&dead).await.expect("it is there");
    let headers = letter.properties.headers().clone().expect("headers");
    let header = |name: &str| match headers.inner().get(name) {
        Some(AMQPValue::LongString(text)) => text.to_string(),
        other => panic!("{name} is {other:?}"),
    };
    let (code, detail) = (header("x-rolecall-error"), header("x-rolecall-detail"));
    assert!(code == "bad_json" && detail.starts_with("expected every member once"), "{code}: {detail}");
    assert_eq!(letter.data, twice.as_bytes());
    let told = stage.daemon.said("event dead-lettered")[0]["detail"].to_string();
    assert!(!told.contains("CC-Action"), "nothing of a message is in the log: {told}");
}

#[tokio::test]
async fn a_hook_without_its_secret_keeps_the_daemon_from_starting() {
    let place = Place::new("no-secret", &config("/nowhere/at/all", "shop"));
    let mut daemon = place.launch();
    assert_eq!(daemon.exit_code(SOON).await, 78);
    assert!(daemon.log().contains("/nowhere/at/all"), "{}", daemon.log());
}
