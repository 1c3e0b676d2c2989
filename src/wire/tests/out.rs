//! What goes out, byte for byte.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::super::reference::examples;
use super::super::{After, Context, Encoder, Outbound};
use crate::routing::event::Sign;
use crate::routing::ticket::Closing;
use crate::routing::{AgentId, AgentView, ChannelName, Event, Identity, RoleName, State, Status, TicketId, Timestamp};

fn body(message: &Outbound) -> Value {
    serde_json::from_slice(&message.body).expect("what goes out is JSON")
}

#[test]
fn every_outbound_event_is_written_as_it_always_was() {
    let mut transcript = String::new();
    for message in examples::outbound() {
        writeln!(transcript, "{}\n{:#}\n", message.routing_key, body(&message)).unwrap();
    }
    insta::assert_snapshot!("outbound", transcript);
}

#[test]
fn the_properties_repeat_the_envelope() {
    for message in examples::outbound() {
        let envelope = body(&message);
        assert_eq!(envelope["id"], message.id.as_str());
        assert_eq!(envelope["type"], message.kind);
        assert_eq!(envelope["source"], "/rolecall/rolecall-1");
        assert_eq!(envelope["specversion"], "1.0");
        assert_eq!(envelope["time"], "2026-11-22T05:00:12.345Z");
        assert_eq!(message.timestamp, examples::AT);
        assert_eq!(message.correlation_id.as_deref(), Some("7f3c-1"));
        let role = envelope["data"]["role"].as_str().map(|role| format!("{}.{role}", message.kind));
        assert_eq!(message.routing_key, role.unwrap_or(message.kind.to_owned()));
    }
}

#[test]
fn what_has_nothing_to_say_is_left_out() {
    for message in examples::outbound() {
        assert!(!String::from_utf8_lossy(&message.body).contains("null"), "{}", message.kind);
    }
}

#[test]
fn an_estimate_is_always_said_even_where_nothing_is_known() {
    let event = Event::TicketQueued {
        ticket: TicketId::parse("T").unwrap(),
        role: RoleName::parse("billing").unwrap(),
        channel: ChannelName::parse("call").unwrap(),
        position: 1,
        waiting: 1,
        estimated_wait: None,
        wait_by_pace: None,
        wait_range: None,
        direction: None,
    };
    let message = encode(&event, Timestamp(0), &Context::default()).expect("a message");
    assert_eq!(body(&message)["data"].get("estimated_wait_ms"), Some(&Value::Null));
    assert_eq!(body(&message)["data"].get("estimated_wait_range_ms"), Some(&Value::Null));
}

#[test]
fn a_message_knows_the_ticket_that_its_data_name() {
    let messages = examples::outbound();
    assert!(messages.iter().any(|message| message.ticket.is_none()));
    for message in messages {
        let told = body(&message)["data"].get("ticket_id").and_then(Value::as_str).map(str::to_owned);
        assert_eq!(message.ticket.as_ref().map(TicketId::as_str), told.as_deref(), "{}", message.kind);
    }
}

fn state() -> State {
    State::new(Identity { instance: 0xfeed, seed: 1 })
}

fn encode(event: &Event, at: Timestamp, context: &Context) -> Option<Outbound> {
    Encoder::new("n", 0xfeed).encode(event, 7, at, After { state: &state(), parted: &[] }, context)
}

fn agent_changed() -> Event {
    let view = AgentView { status: Status::Away, ..AgentView::default() };
    Event::AgentChanged { agent: AgentId::parse("a").unwrap(), view }
}

#[test]
fn the_id_is_made_of_instance_and_number_and_the_bytes_are_always_the_same() {
    let first = encode(&agent_changed(), Timestamp(0), &Context::default()).expect("a message");
    assert_eq!(first.id, "000000000000feed-7");
    assert_eq!(encode(&agent_changed(), Timestamp(0), &Context::default()), Some(first));
}

#[test]
fn extension_attributes_and_trace_are_handed_on() {
    let Value::Object(extensions) = json!({ "tenant": "eu", "sequence": 7 }) else { unreachable!("an object") };
    let context = Context { traceparent: Some("00-1".to_owned()), extensions, ..Context::default() };
    let message = encode(&agent_changed(), Timestamp(0), &context).expect("a message");
    assert_eq!((&body(&message)["tenant"], &body(&message)["sequence"]), (&json!("eu"), &json!(7)));
    assert_eq!(message.traceparent.as_deref(), Some("00-1"));
    assert_eq!(message.correlation_id, None);
}

#[test]
fn times_beyond_the_calendar_do_not_stop_the_daemon() {
    for (at, expected) in [
        (i64::MIN, "-009999-01-02T01:59:59.000Z"),
        (i64::MAX, "9999-12-30T22:00:00.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ] {
        let message = encode(&agent_changed(), Timestamp(at), &Context::default()).expect("a message");
        assert_eq!(body(&message)["time"], expected);
    }
}

#[test]
fn what_is_the_engines_own_stays_inside() {
    let ticket = TicketId::parse("T").unwrap();
    let channel = ChannelName::parse("call").unwrap();
    for event in [
        Event::AgentSeen { agent: AgentId::parse("a").unwrap(), sign: Sign::Heartbeat },
        Event::ClosedForgotten { before: Timestamp(1) },
        Event::TicketClosed {
            ticket,
            role: None,
            channel,
            how: Closing::Completed,
            cause: String::new(),
            callback: None,
            service: None,
        },
    ] {
        assert_eq!(encode(&event, Timestamp(0), &Context::default()), None, "{event:?}");
    }
}

#[test]
fn a_ticket_without_a_role_has_the_type_alone_as_routing_key() {
    let event = Event::TicketClosed {
        ticket: TicketId::parse("T").unwrap(),
        role: None,
        channel: ChannelName::parse("call").unwrap(),
        how: Closing::Cancelled,
        cause: "hung up".to_owned(),
        callback: None,
        service: None,
    };
    let message = encode(&event, Timestamp(0), &Context::default()).expect("a message");
    assert_eq!(message.routing_key, "ticket.cancelled");
    assert_eq!(body(&message)["data"], json!({ "ticket_id": "T", "channel": "call", "cause": "hung up" }));
}
