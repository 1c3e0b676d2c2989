//! Nothing that comes in makes this room panic, and what it says stays within its bounds.

use proptest::prelude::*;

use super::super::bounds::DETAIL_LENGTH_MAX;
use super::super::reference::examples;
use super::super::{EventKind, RawEvent};
use super::decode;

fn survives(raw: &RawEvent<'_>) {
    match decode(raw) {
        Ok(inbound) => assert!(inbound.id.is_none_or(|id| id.len() <= 255)),
        Err(unreadable) => {
            assert!(unreadable.detail.len() <= DETAIL_LENGTH_MAX);
            assert!(!unreadable.detail.is_empty());
        }
    }
}

fn any_kind() -> impl Strategy<Value = EventKind> {
    prop::sample::select(&EventKind::ALL[..])
}

fn any_content_type() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(&[None, Some("application/json"), Some("application/cloudevents+json")][..])
}

/// JSON of any shape, with names that mean something to this room.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<f64>().prop_map(|value| serde_json::json!(value).to_string()),
        any::<String>().prop_map(|value| serde_json::json!(value).to_string()),
        prop::sample::select(
            &["\"T\"", "\"high\"", "\"1.0\"", "1e999", "\"\\ud800\"", "-0", "\"2026-11-22T05:00:00Z\""][..]
        )
        .prop_map(str::to_owned),
    ];
    let name = prop::sample::select(
        &[
            "ticket_id",
            "agent_id",
            "priority",
            "skills",
            "attributes",
            "customer",
            "tier",
            "data",
            "type",
            "specversion",
            "id",
            "source",
            "roles",
            "limits",
            "channels",
            "to_role",
            "due_at",
            "traceparent",
            "x",
        ][..],
    );
    leaf.prop_recursive(4, 64, 8, move |inner| {
        let members = prop::collection::vec((name.clone(), inner.clone()), 0..8);
        prop_oneof![
            prop::collection::vec(inner, 0..8).prop_map(|elements| format!("[{}]", elements.join(","))),
            members.prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// An example as it should be, in an envelope.
fn example(kind: EventKind) -> String {
    let data = examples::inbound(kind);
    format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"{kind}","tenant":"eu","data":{data}}}"#)
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_survived(
        body in prop::collection::vec(any::<u8>(), 0..512),
        content_type in any_content_type(),
        kind in any_kind(),
    ) {
        survives(&RawEvent { body: &body, content_type, kind: Some(kind.as_str()), ..RawEvent::default() });
    }

    #[test]
    fn arbitrary_json_is_survived(body in any_json(), content_type in any_content_type(), kind in any_kind()) {
        survives(&RawEvent { body: body.as_bytes(), content_type, kind: Some(kind.as_str()), ..RawEvent::default() });
    }

    #[test]
    fn arbitrary_properties_are_survived(kind in ".{0,40}", key in ".{0,40}", id in ".{0,300}", app in ".{0,40}") {
        let message_id: String = id.chars().take(80).filter(char::is_ascii).collect();
        let raw = RawEvent { body: b"{}", kind: Some(&kind), routing_key: &key, message_id: Some(&message_id), app_id: Some(&app), ..RawEvent::default() };
        survives(&raw);
    }

    #[test]
    fn a_damaged_example_is_survived(
        kind in any_kind(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
        content_type in any_content_type(),
    ) {
        let mut body = example(kind).into_bytes();
        for (place, byte) in damage {
            let place = place.index(body.len());
            body[place] = byte;
        }
        if let Some(cut) = cut {
            body.truncate(cut.index(body.len()));
        }
        survives(&RawEvent { body: &body, content_type, ..RawEvent::default() });
    }
}

#[test]
fn an_example_cut_anywhere_is_bad_json() {
    for kind in EventKind::ALL {
        let body = example(kind);
        for end in 0..body.len() {
            let content_type = Some("application/cloudevents+json");
            let raw = RawEvent { body: &body.as_bytes()[..end], content_type, ..RawEvent::default() };
            let error = decode(&raw).expect_err("half an event");
            assert_eq!(error.code.as_str(), "bad_json", "{kind} cut at {end}: {}", error.detail);
        }
    }
}
