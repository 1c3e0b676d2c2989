//! Mappings as the configuration has them, tried on what helpdesks and switches were recorded to send.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Mapping, Payload};
use crate::config::{Overrides, parse};
use crate::routing::Catalogue;
use crate::wire::{self, RawEvent};

fn mapping(text: &str) -> Mapping {
    let loaded = parse("test", text, &Overrides::none()).unwrap_or_else(|report| panic!("{report}"));
    loaded.config.hooks.into_values().next().expect("a hook").mapping
}

fn map(mapping: &Mapping, body: &Value, headers: &[(&str, &str)]) -> Option<super::Mapped> {
    let bytes = body.to_string();
    let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    mapping.map(&Payload { bytes: bytes.as_bytes(), body, header: &header })
}

/// Every recorded payload of a system: what it becomes is in the file beside it, and is a proper event.
#[test]
fn recorded_payloads_become_the_events_that_they_mean() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut tried = 0;
    for system in ["zammad", "chatwoot", "zendesk", "freeswitch", "asterisk"] {
        let preset = std::fs::read_to_string(root.join(format!("deploy/hooks/{system}.toml"))).expect("it is there");
        let mapping = mapping(&preset);
        let recorded = std::fs::read_to_string(root.join(format!("tests/hooks/{system}.json"))).expect("it is there");
        let recorded: Vec<Value> = serde_json::from_str(&recorded).expect("a list");
        for one in &recorded {
            let what = format!("{system}: {}", one["what"]);
            let mapped = map(&mapping, &one["body"], &[]);
            let found = mapped.as_ref().map_or(Value::Null, |it| json!({ "type": it.kind.as_str(), "data": it.data }));
            assert_eq!(found, one["becomes"], "{what}");
            let Some(mapped) = mapped else { continue };
            let data = serde_json::to_vec(&mapped.data).expect("JSON");
            let raw = RawEvent { body: &data, kind: Some(mapped.kind.as_str()), ..RawEvent::default() };
            wire::decode(&raw, &Catalogue::default()).unwrap_or_else(|unreadable| panic!("{what}: {unreadable}"));
            tried += 1;
        }
        let events: Vec<_> = recorded.iter().filter_map(|one| one["becomes"]["type"].as_str()).collect();
        for rule in &mapping.rules {
            assert!(events.contains(&rule.kind.as_str()), "{system}: nothing recorded becomes {}", rule.kind);
        }
    }
    assert!(tried > 25, "only {tried} payloads");
}

#[test]
fn a_delivery_is_one_event_however_often_it_is_sent() {
    let named = mapping(
        "[hook.a]\nrouting_keys = [\"a\"]\ndelivery = [\"header:x-delivery\", \"$.id\"]\nevent = [{ type = \"ticket.paused\", data = { ticket_id = \"$.ticket\" } }]",
    );
    let id = |body: Value, headers: &[(&str, &str)]| map(&named, &body, headers).expect("it is an event").id;
    let again = json!({ "ticket": "T", "state": "other" });
    assert_eq!(id(json!({ "ticket": "T" }), &[("x-delivery", "d-1")]), "d-1");
    assert_eq!(id(again.clone(), &[("x-delivery", "d-1")]), "d-1");
    assert_eq!(id(json!({ "ticket": "T", "id": 7 }), &[]), "7");
    // Without a name what comes is known by all that it says.
    assert_eq!(id(again.clone(), &[]), id(again.clone(), &[]));
    assert_ne!(id(again, &[]), id(json!({ "ticket": "T" }), &[]));
    assert_eq!(id(json!({ "ticket": "T", "id": "x".repeat(300) }), &[]).len(), 64);
}

#[test]
fn the_first_event_whose_conditions_hold_is_meant_and_what_is_not_there_is_left_out() {
    let all = mapping(
        r#"
        [hook.a]
        routing_keys = ["a"]
        [[hook.a.event]]
        type = "ticket.cancelled"
        when = { "$.state" = ["gone", 404], "$.bot" = { present = false }, "$.lang" = { not = "xx" } }
        data = { ticket_id = "a-{$.id}", reason = "$.why" }
        [[hook.a.event]]
        type = "ticket.created"
        [hook.a.event.data]
        ticket_id = "$.id"
        subject = "$$.not a path {{ {$.title}"
        priority = { from = ["$.none", "$.urgency"], map = { 1 = "urgent", 2 = 5 }, else = "low" }
        created_at = { from = "$.at", as = "unix_seconds" }
        skills = ["{$.lang}", "$.second"]
        permissions = "$.may"
        customer = { id = "$.customer.id", tier = { from = "$.customer.vip", map = { true = "vip" } } }
        attributes = { number = "$.number", from = "{$.customer.name}", always = true }
        "#,
    );
    let cancelled = map(&all, &json!({ "id": 1, "state": 404, "why": "" }), &[]).expect("an event");
    assert_eq!((cancelled.rule, Value::Object(cancelled.data)), (0, json!({ "ticket_id": "a-1" })));
    for other in [json!({ "id": 1, "state": "gone", "bot": 1 }), json!({ "id": 1, "state": "gone", "lang": "xx" })] {
        assert_eq!(map(&all, &other, &[]).map(|it| it.rule), Some(1), "{other}");
    }
    let full = json!({ "id": 9, "title": "T", "urgency": 2, "at": 0, "lang": "de", "may": ["a.b"], "number": 1.5,
        "customer": { "id": 3, "vip": true } });
    let created = map(&all, &full, &[]).expect("an event");
    let expected = json!({ "ticket_id": "9", "subject": "$.not a path { T", "priority": 5,
        "created_at": "1970-01-01T00:00:00Z", "skills": ["de"], "permissions": ["a.b"],
        "customer": { "id": "3", "tier": "vip" }, "attributes": { "number": 1.5, "always": true } });
    assert_eq!(Value::Object(created.data), expected);
    let empty = map(&all, &json!({ "id": 9 }), &[]).expect("an event");
    let expected = json!({ "ticket_id": "9", "priority": "low", "skills": [], "attributes": { "always": true } });
    assert_eq!(Value::Object(empty.data), expected);
}

/// What the members of `ticket.created` become where the mapping has this line and the payload is that.
fn created(line: &str, body: &Value) -> (Value, Vec<String>) {
    let text = format!(
        "[hook.a]\nrouting_keys = [\"a\"]\n[[hook.a.event]]\ntype = \"ticket.created\"\n[hook.a.event.data]\nticket_id = \"T\"\n{line}\n"
    );
    let mapped = map(&mapping(&text), body, &[]).expect("an event");
    let data = serde_json::to_vec(&mapped.data).expect("JSON");
    let raw = RawEvent { body: &data, kind: Some("ticket.created"), ..RawEvent::default() };
    wire::decode(&raw, &Catalogue::default()).unwrap_or_else(|unreadable| panic!("{line}: {unreadable}"));
    let mut data = Value::Object(mapped.data);
    data.as_object_mut().expect("an object").remove("ticket_id");
    (data, mapped.left_out.sentences())
}

#[test]
fn names_are_each_translated_however_they_come() {
    let line = "skills = { from = \"$.tags\", map = { german = \"de\", french = \"fr\", both = \"de, fr\" } }";
    for (tags, expected) in [
        (json!(["german", "urgent", "french"]), json!(["de", "fr"])),
        (json!("german, french"), json!(["de", "fr"])),
        (json!("german"), json!(["de"])),
        (json!("both"), json!(["de", "fr"])),
        (json!(["urgent"]), json!([])),
        (json!({ "german": "8", "urgent": 1 }), json!({ "de": 8 })),
    ] {
        let (data, left_out) = created(line, &json!({ "tags": tags }));
        assert_eq!((data, left_out), (json!({ "skills": expected }), vec![]), "{tags}");
    }
    assert_eq!(created(line, &json!({})).0, json!({}), "where nothing is, nothing is said");
    let (data, _) = created(&line.replace(" } }", " }, else = \"en\" }"), &json!({ "tags": ["urgent"] }));
    assert_eq!(data, json!({ "skills": ["en"] }));
    // GitHub has labels as tables.
    let issue = json!({ "labels": [{ "name": "bug" }, { "name": "german" }] });
    let line = "skills = { from = \"$.labels[*].name\", map = { german = \"de\" } }\ntype = { from = \"$.labels[*].name\", map = { \
                german = \"language\", bug = \"technical\" } }\nattributes = { labels = \"$.labels[*].name\" }\npermissions = \
                \"$.labels[*].name\"";
    let expected = json!({ "skills": ["de"], "type": "technical", "attributes": { "labels": "bug, german" },
        "permissions": ["bug", "german"] });
    assert_eq!(created(line, &issue), (expected, vec![]));
}

#[test]
fn what_is_there_and_can_t_be_the_member_is_left_out_and_told() {
    let line = "created_at = { from = \"$.at\", as = \"unix_seconds\" }\nsubject = \"$.title\"\ncustomer = \"$.user\"\nattributes = \
                \"$.custom\"\nexpires_at = { from = \"$.at\", as = \"unix_seconds\", else = \"2030-01-01T00:00:00Z\" }";
    let body = json!({ "at": "soon", "title": ["a"], "user": { "id": 7, "name": "Ann", "tier": null },
        "custom": { "n": 1, "who": { "id": 3 }, "tags": ["a", "b"] } });
    let (data, left_out) = created(line, &body);
    let expected = json!({ "customer": { "id": "7" }, "attributes": { "n": 1, "tags": "a, b" },
        "expires_at": "2030-01-01T00:00:00Z" });
    assert_eq!(data, expected);
    let told = [
        "$.attributes.who: expected a text, a number or a truth, found an object",
        "$.created_at: expected a count of seconds since 1970, found \"soon\"",
        "$.subject: expected a text, found an array",
    ];
    let mut left_out = left_out;
    left_out.sort();
    assert_eq!(left_out, told);
    assert_eq!(created(line, &json!({})).1, Vec::<String>::new(), "what is not there is not told of");
}

#[test]
fn a_condition_on_a_list_holds_where_one_of_its_elements_is_meant() {
    let all = mapping(
        r#"
        [hook.a]
        routing_keys = ["a"]
        [[hook.a.event]]
        type = "ticket.cancelled"
        when = { "$.labels[*].name" = ["spam", "duplicate"], "$.tags" = { not = "keep" } }
        data = { ticket_id = "T" }
        "#,
    );
    let is_meant = |body: Value| map(&all, &body, &[]).is_some();
    assert!(is_meant(json!({ "labels": [{ "name": "bug" }, { "name": "spam" }], "tags": ["a"] })));
    assert!(!is_meant(json!({ "labels": [{ "name": "bug" }], "tags": [] })));
    assert!(!is_meant(json!({ "labels": [{ "name": "spam" }], "tags": ["a", "keep"] })));
}
