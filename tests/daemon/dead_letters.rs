//! What can't be read: kept whole, with a reason, and in nobody's way.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use serde_json::json;

use crate::SOON;
use crate::ear::Heard;
use crate::stage::Stage;
use crate::support::eventually;

const CONFIG: &str = r#"
[[role]]
name = "billing"
"#;

struct Letter {
    key: &'static str,
    properties: BasicProperties,
    body: Vec<u8>,
    code: &'static str,
    detail_names: &'static str,
}

fn letters() -> Vec<Letter> {
    let json_type = "application/cloudevents+json";
    let letter = |key, properties, body: &[u8], code, detail_names| Letter {
        key,
        properties,
        body: body.to_vec(),
        code,
        detail_names,
    };
    let envelope = BasicProperties::default().with_content_type(json_type.into());
    vec![
        letter("ticket.created", every_property(), b"{\"ticket_id\": \"T", "bad_json", "line"),
        letter("ticket.created", BasicProperties::default(), b"\xff\xfe\x00", "bad_json", "UTF-8"),
        letter("ticket.created", BasicProperties::default(), b"", "bad_json", ""),
        letter("ticket.created", envelope.clone(), b"{\"specversion\":\"1.0\",\"data\":{}}", "bad_envelope", "$.type"),
        letter(
            "x",
            envelope,
            br#"{"specversion":"1.0","id":"1","source":"/x","type":"no.such","data":{}}"#,
            "unknown_type",
            "no.such",
        ),
        letter("no.such.type", custom_headers(), b"{}", "unknown_type", "no.such.type"),
        letter("ticket.created", custom_headers(), b"{\"ticket_id\":7}", "bad_field", "$.ticket_id"),
        letter("ticket.created", BasicProperties::default(), b"{}", "bad_field", "$.ticket_id"),
        letter("ticket.created", every_property(), &vec![b'x'; 1 << 20], "too_large", "262144"),
    ]
}

/// Each property that AMQP has, but `user_id`, which the broker wants to be true.
fn every_property() -> BasicProperties {
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_content_encoding("utf-8".into())
        .with_delivery_mode(2)
        .with_priority(4)
        .with_correlation_id("cor".into())
        .with_reply_to("back".into())
        .with_expiration("600000".into())
        .with_message_id("id-1".into())
        .with_timestamp(1_700_000_000)
        .with_type("ticket.created".into())
        .with_app_id("/crm".into())
        .with_cluster_id("cluster".into())
        .with_headers(custom_headers().headers().clone().expect("set"))
}

fn custom_headers() -> BasicProperties {
    let mut inner = FieldTable::default();
    inner.insert("deep".into(), AMQPValue::LongLongInt(-5));
    let mut headers = FieldTable::default();
    headers.insert("tenant".into(), AMQPValue::LongString("nörth".into()));
    headers.insert("count".into(), AMQPValue::LongInt(7));
    headers.insert("flag".into(), AMQPValue::Boolean(true));
    headers.insert("share".into(), AMQPValue::Double(0.25));
    headers.insert("bytes".into(), AMQPValue::LongString(vec![0xff_u8, 0, 1].into()));
    headers.insert("table".into(), AMQPValue::FieldTable(inner));
    headers.insert("nothing".into(), AMQPValue::Void);
    BasicProperties::default().with_headers(headers).with_delivery_mode(2)
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_whole_with_its_reason_and_neighbours_pass() {
    let mut stage = Stage::open("dead", CONFIG).await;
    stage.agent("anna", &["billing"]).await;
    let (events, dead) = (stage.place.object("events"), stage.place.object("dead"));
    for (number, letter) in letters().into_iter().enumerate() {
        let ticket = format!("T-{number}");
        stage.upstream.publish(&events, letter.key, letter.properties.clone(), &letter.body).await;
        stage.say("ticket.created", json!({ "ticket_id": ticket, "role": "billing" })).await;
        stage.hear("assignment.assigned", &ticket).await;
        stage.say("ticket.completed", json!({ "ticket_id": ticket })).await;
        stage.hear("assignment.completed", &ticket).await;

        let mut found = None;
        eventually("a dead letter", SOON, async || {
            found = stage.upstream.get(&dead).await;
            found.is_some()
        })
        .await;
        let found = found.expect("found");
        let what = format!("letter {number}, {}", letter.code);
        assert_eq!(found.data, letter.body, "{what}");
        let headers = found.properties.headers().clone().expect("headers").inner().clone();
        let text = |name: &str| match headers.get(name) {
            Some(AMQPValue::LongString(text)) => text.to_string(),
            other => panic!("{what}: {name} is {other:?}"),
        };
        assert_eq!(text("x-rolecall-error"), letter.code, "{what}");
        let detail = text("x-rolecall-detail");
        assert!(!detail.is_empty() && detail.contains(letter.detail_names), "{what}: {detail}");

        let mut untouched = headers;
        untouched.remove("x-rolecall-error");
        untouched.remove("x-rolecall-detail");
        // By which a quorum queue counts whom it gave the message to: us.
        untouched.remove("x-delivery-count");
        // Nobody has seen to it yet, so it may not end by itself.
        assert_eq!(*found.properties.expiration(), None, "{what}");
        let ended = untouched.remove("x-rolecall-expiration");
        let its_own = letter.properties.expiration().as_ref().map(|text| AMQPValue::LongString(text.as_str().into()));
        assert_eq!(ended, its_own, "{what}");
        let before = letter.properties.headers().clone().unwrap_or_default();
        assert_eq!(untouched, *before.inner(), "{what}: its own headers");
        assert_eq!(without_end(found.properties), without_end(letter.properties), "{what}");
    }
    assert_eq!(stage.upstream.ready_count(&dead).await, 0, "one for each");
    let metrics = stage.daemon.metrics().await;
    let dead_lettered = metrics.lines().filter(|line| line.contains(r#"outcome="dead_lettered""#));
    let sum: u64 = dead_lettered.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum();
    assert_eq!(sum, 9, "{metrics}");
}

/// Dead letters survive a restart of the broker and whatever time they had, whatever they were.
fn without_end(properties: BasicProperties) -> BasicProperties {
    properties.with_headers(FieldTable::default()).with_delivery_mode(2).with_expiration("".into())
}

#[tokio::test]
async fn a_message_of_a_mebibyte_between_good_ones_delays_none_of_them() {
    let mut stage = Stage::open("large", CONFIG).await;
    stage.agent("anna", &["billing"]).await;
    let events = stage.place.object("events");
    let large = vec![b' '; 1 << 20];
    for number in 0..20 {
        stage.upstream.publish(&events, "ticket.created", BasicProperties::default(), &large).await;
        stage.say("ticket.created", json!({ "ticket_id": format!("T-{number}"), "role": "billing" })).await;
        stage.upstream.publish(&events, "ticket.created", BasicProperties::default(), &large).await;
        stage.say("ticket.completed", json!({ "ticket_id": format!("T-{number}") })).await;
    }
    for number in 0..20 {
        let ticket = format!("T-{number}");
        stage.hear("assignment.completed", &ticket).await;
        let kinds: Vec<_> = stage.ear.about(&ticket).map(Heard::kind).collect();
        assert_eq!(kinds, ["assignment.assigned", "assignment.completed"]);
    }
    let dead = stage.place.object("dead");
    eventually("all are kept", SOON, async || stage.upstream.ready_count(&dead).await == 40).await;
}

#[tokio::test]
async fn a_message_whose_headers_fill_a_frame_is_kept_without_the_longest_and_stops_nobody() {
    let mut stage = Stage::open("long-headers", CONFIG).await;
    let (events, dead) = (stage.place.object("events"), stage.place.object("dead"));
    let mut headers = FieldTable::default();
    // A frame has 131,072 bytes at most: with the reason beside them these would not fit into one.
    headers.insert("long".into(), AMQPValue::LongString("x".repeat(130_900).into()));
    headers.insert("tenant".into(), AMQPValue::LongString("north".into()));
    let properties = BasicProperties::default().with_headers(headers).with_delivery_mode(2);
    stage.upstream.publish(&events, "ticket.created", properties, b"no JSON").await;
    stage.agent("anna", &["billing"]).await;
    let mut found = None;
    eventually("a dead letter", SOON, async || {
        found = stage.upstream.get(&dead).await;
        found.is_some()
    })
    .await;
    let found = found.expect("found");
    assert_eq!(found.data, b"no JSON");
    let headers = found.properties.headers().clone().expect("headers").inner().clone();
    assert!(headers.contains_key("tenant") && !headers.contains_key("long"), "{:?}", headers.keys());
    let detail = headers.get("x-rolecall-detail").expect("a reason");
    let AMQPValue::LongString(detail) = detail else { panic!("{detail:?}") };
    assert!(detail.to_string().contains("left out"), "{detail}");
}
