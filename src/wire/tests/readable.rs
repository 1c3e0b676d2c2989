//! What is understood, and as what.

use std::fmt::Write as _;

use serde_json::json;

use super::super::reference::examples;
use super::super::{EventKind, Form, RawEvent, check, heading};
use super::decode;
use super::{enveloped, plain};
use crate::routing::command::{AfterWork, Command, TransferTo};
use crate::routing::ticket::{Customer, Patch, Priority, Scalar, TicketChanges, TicketSpec};
use crate::routing::{AgentId, ChannelName, RoleName, Status, StatusName, Timestamp};

/// The optional members of a ticket, all of them `null`.
fn nulls() -> String {
    let members = [
        "type",
        "channel",
        "priority",
        "role",
        "skills",
        "permissions",
        "customer",
        "preferred_agent",
        "exclude_agents",
        "created_at",
        "due_at",
        "not_before",
        "expires_at",
        "subject",
        "attributes",
    ];
    members.map(|member| format!(",\"{member}\":null")).concat()
}

fn command(kind: EventKind, data: &str) -> Command {
    plain(kind, data).unwrap_or_else(|error| panic!("{data}: {error}")).command
}

fn created(data: &str) -> TicketSpec {
    match command(EventKind::TicketCreated, data) {
        Command::CreateTicket { spec, .. } => *spec,
        other => panic!("{other:?}"),
    }
}

fn updated(data: &str) -> TicketChanges {
    match command(EventKind::TicketUpdated, data) {
        Command::UpdateTicket { changes, .. } => *changes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_example_becomes_its_command() {
    let mut transcript = String::new();
    for kind in EventKind::ALL {
        let data = examples::inbound(kind);
        writeln!(transcript, "{kind} {data}\n=> {:#?}\n", command(kind, data)).unwrap();
    }
    insta::assert_snapshot!("inbound", transcript);
}

#[test]
fn every_example_means_the_same_in_an_envelope() {
    for kind in EventKind::ALL {
        let data = examples::inbound(kind);
        let body = format!(r#"{{"data":{data},"type":"{kind}","source":"/s","id":"1","specversion":"1.0"}}"#);
        assert_eq!(enveloped(&body).expect("an envelope").command, command(kind, data), "{kind}");
    }
}

#[test]
fn an_envelope_is_known_by_its_members_where_the_content_type_says_nothing() {
    let body = br#" {"specversion":"1.0","id":"1","source":"/s","type":"agent.removed","data":{"agent_id":"a"}}"#;
    for content_type in [None, Some("application/json"), Some("Application/CloudEvents+JSON")] {
        let raw = RawEvent { body, content_type, routing_key: "ticket.paused", ..RawEvent::default() };
        let inbound = decode(&raw).expect("an envelope");
        assert_eq!(inbound.kind, EventKind::AgentRemoved);
        assert_eq!((inbound.id.as_deref(), inbound.source.as_str()), (Some("1"), "/s"));
    }
}

#[test]
fn whoever_knows_what_a_message_is_is_believed_whatever_is_in_it() {
    let body = br#"{"specversion":"1.0","id":"1","source":"/s","type":"agent.removed","data":{"agent_id":"b"},"agent_id":"a"}"#;
    let (kind, message_id) = (Some("agent.heartbeat"), Some("m-1"));
    for (form, expected) in [
        (None, (EventKind::AgentRemoved, "1")),
        (Some(Form::Enveloped), (EventKind::AgentRemoved, "1")),
        (Some(Form::Plain), (EventKind::AgentHeartbeat, "m-1")),
    ] {
        let raw = RawEvent { body, form, kind, message_id, ..RawEvent::default() };
        let inbound = decode(&raw).expect("an event");
        assert_eq!((inbound.kind, inbound.id.as_deref()), (expected.0, Some(expected.1)), "{form:?}");
        let heading = heading(&raw).expect("an event");
        assert_eq!((&*heading.kind, heading.id.as_deref()), (expected.0.as_str(), Some(expected.1)), "{form:?}");
    }
}

#[test]
fn a_plain_message_may_have_a_member_of_that_name() {
    let data = r#"{"ticket_id":"T","specversion":"1.0"}"#;
    assert!(matches!(command(EventKind::TicketPaused, data), Command::PauseTicket { .. }));
}

#[test]
fn a_plain_message_takes_its_envelope_from_the_properties() {
    let body = br#"{"agent_id":"a"}"#;
    let bare = RawEvent { body, routing_key: "agent.heartbeat", ..RawEvent::default() };
    let inbound = decode(&bare).expect("a plain message");
    assert_eq!((inbound.kind, inbound.id, inbound.source.as_str()), (EventKind::AgentHeartbeat, None, ""));
    assert_eq!(inbound.context.correlation_id, None);

    let full = RawEvent {
        kind: Some("agent.removed"),
        message_id: Some("m-1"),
        app_id: Some("desk"),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ..bare
    };
    let inbound = decode(&full).expect("a plain message");
    assert_eq!((inbound.kind, inbound.id.as_deref()), (EventKind::AgentRemoved, Some("m-1")));
    assert_eq!(inbound.source, "desk");
    assert_eq!(inbound.context.correlation_id.as_deref(), Some("m-1"));
    assert_eq!(inbound.context.traceparent.as_deref(), full.traceparent);

    let empty = RawEvent { kind: Some(""), message_id: Some(""), app_id: Some(""), ..bare };
    let inbound = decode(&empty).expect("a plain message");
    assert_eq!((inbound.kind, inbound.id, inbound.source.as_str()), (EventKind::AgentHeartbeat, None, ""));
}

#[test]
fn extension_attributes_are_passed_on_where_cloudevents_can_carry_them() {
    let body = r#"{"specversion":"1.0","id":"\u0031","source":"/s","type":"agent.removed","data":{"agent_id":"a"},
        "subject":"x","dataschema":"y","time":"2026-11-22T05:00:00Z","datacontenttype":"application/json; charset=utf-8",
        "tenant":"eu","sampled":true,"sequence":7,"nothing":null,"CamelCase":"left behind"}"#;
    let inbound = enveloped(body).expect("an envelope");
    assert_eq!(inbound.id.as_deref(), Some("1"));
    let expected = json!({ "tenant": "eu", "sampled": true, "sequence": 7 });
    assert_eq!(serde_json::Value::Object(inbound.context.extensions), expected);
}

#[test]
fn an_overlong_traceparent_is_not_passed_on() {
    let long = "0".repeat(257);
    let raw = RawEvent { body: br#"{"agent_id":"a"}"#, routing_key: "agent.removed", ..RawEvent::default() };
    let inbound = decode(&RawEvent { traceparent: Some(&long), ..raw }).expect("an event");
    assert_eq!(inbound.context.traceparent, None);
}

#[test]
fn a_ticket_of_which_little_is_said_has_the_defaults() {
    let task = ChannelName::parse("task").unwrap();
    assert_eq!(created(r#"{"ticket_id":"T"}"#), TicketSpec::on(task.clone()));
    let nulls = nulls();
    assert_eq!(created(&format!("{{\"ticket_id\":\"T\"{nulls}}}")), TicketSpec::on(task));
    let call = command(EventKind::CallQueued, r#"{"ticket_id":"T"}"#);
    assert!(matches!(call, Command::CreateTicket { spec, .. } if spec.asked.channel.as_str() == "call"));
}

#[test]
fn unknown_members_are_ignored() {
    let with_more = r#"{"zzz":{"a":[1,2]},"ticket_id":"T","ticketId":"U","customer":{"tier":"vip","age":40}}"#;
    let customer = Customer { tier: Some("vip".to_owned()), ..Customer::default() };
    assert_eq!(created(with_more).beside.customer, customer);
}

#[test]
fn priorities_are_words_or_numbers() {
    for (value, expected) in [
        ("\"low\"", 1),
        ("\"normal\"", 3),
        ("\"high\"", 6),
        ("\"urgent\"", 9),
        ("0", 0),
        ("9", 9),
        ("4.0", 4),
        ("-0", 0),
    ] {
        let spec = created(&format!(r#"{{"ticket_id":"T","priority":{value}}}"#));
        assert_eq!(spec.asked.priority, Priority::new(expected).unwrap(), "{value}");
    }
}

#[test]
fn attributes_keep_their_values() {
    let spec = created(
        r#"{"ticket_id":"T","attributes":{"a":"x","b":1,"c":-9223372036854775808,"d":1.5,"e":true,"f":null,"g":18446744073709551615}}"#,
    );
    let expected = [
        ("a", Scalar::Text("x".to_owned())),
        ("b", Scalar::Int(1)),
        ("c", Scalar::Int(i64::MIN)),
        ("d", Scalar::Float(1.5)),
        ("e", Scalar::Bool(true)),
        ("f", Scalar::Null),
        ("g", Scalar::Large(u64::MAX)),
    ];
    assert_eq!(*spec.beside.attributes, expected.map(|(name, value)| (name.to_owned(), value)).into());
}

#[test]
fn an_update_keeps_what_it_does_not_name() {
    assert_eq!(updated(r#"{"ticket_id":"T"}"#), TicketChanges::default());
}

#[test]
fn an_update_takes_away_what_is_null() {
    let nulls = nulls();
    let changes = updated(&format!("{{\"ticket_id\":\"T\"{nulls}}}"));
    let before = created(examples::inbound(EventKind::TicketCreated));
    let after = before.with(&changes);
    let unsaid = TicketSpec::on(ChannelName::parse("task").unwrap());
    assert_eq!(after, TicketSpec { created_at: before.created_at, ..unsaid });
}

#[test]
fn an_update_sets_what_it_names() {
    let changes = updated(r#"{"ticket_id":"T","role":"vip","due_at":"1970-01-01T00:00:01Z","priority":0}"#);
    assert_eq!(changes.role, Patch::Set(RoleName::parse("vip").unwrap()));
    assert_eq!(changes.due_at, Patch::Set(Timestamp(1_000)));
    assert_eq!(changes.priority, Priority::new(0));
    assert_eq!(changes.subject, Patch::Keep);
}

#[test]
fn of_what_is_only_for_people_to_read_the_beginning_is_kept() {
    let subject = |letter: &str, count: usize| {
        let spec = created(&format!(r#"{{"ticket_id":"T","subject":"{}"}}"#, letter.repeat(count)));
        spec.beside.subject.clone().expect("a subject")
    };
    assert_eq!(subject("x", 1024), "x".repeat(1024));
    assert_eq!(subject("x", 1025), format!("{}…", "x".repeat(1021)));
    assert_eq!(subject("ü", 600), format!("{}…", "ü".repeat(510)), "between two characters");
}

#[test]
fn the_last_moments_of_rfc_3339_are_the_last_that_there_is() {
    for written in [
        "9999-12-30T22:00:00.999Z",
        "9999-12-31T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T23:59:59-12:00",
        "9999-12-31t23:59:59z",
    ] {
        let spec = created(&format!(r#"{{"ticket_id":"T","expires_at":"{written}"}}"#));
        let last: jiff::Timestamp = "9999-12-30T22:00:00Z".parse().unwrap();
        assert_eq!(spec.beside.expires_at, Some(Timestamp(last.as_millisecond())), "{written}");
        assert_eq!(jiff::Timestamp::from_millisecond(last.as_millisecond()).ok(), Some(last), "it can be said again");
        let envelope = format!(
            r#"{{"specversion":"1.0","id":"1","source":"/a","type":"ticket.paused","time":"{written}","data":{{"ticket_id":"T"}}}}"#
        );
        assert!(enveloped(&envelope).is_ok(), "{written}");
    }
    for written in ["9999-12-32T00:00:00Z", "9999-12-31T24:00:00Z", "9999-13-01T00:00:00Z", "9999-12-31T23:59:59"] {
        let data = format!(r#"{{"ticket_id":"T","expires_at":"{written}"}}"#);
        assert!(plain(EventKind::TicketCreated, &data).is_err(), "{written}");
    }
}

#[test]
fn wrap_up_is_skipped_only_where_the_event_says_so() {
    for (member, expected) in [
        ("", AfterWork::WrapUp),
        (",\"wrap_up\":true", AfterWork::WrapUp),
        (",\"wrap_up\":null", AfterWork::WrapUp),
        (",\"wrap_up\":false", AfterWork::Ready),
    ] {
        let data = format!("{{\"ticket_id\":\"T\"{member}}}");
        let done = command(EventKind::CallEnded, &data);
        assert!(matches!(done, Command::CompleteTicket { then, .. } if then == expected), "{data}");
    }
}

#[test]
fn a_ticket_may_be_handed_to_an_agent() {
    let data = r#"{"ticket_id":"T","to_agent":"ben","to_role":null}"#;
    let expected = TransferTo::Agent(AgentId::parse("ben").unwrap());
    let handed = command(EventKind::TicketTransferred, data);
    assert!(matches!(handed, Command::TransferTicket { to, .. } if to == expected));
}

#[test]
fn a_status_of_the_catalogue_means_one_of_ours_and_keeps_its_name() {
    let read = |status: &str| command(EventKind::AgentPresence, &format!(r#"{{"agent_id":"a","status":"{status}"}}"#));
    for (said, status, name) in [("busy", Status::Busy, None), ("lunch", Status::Away, Some("lunch"))] {
        let Command::SetPresence { status: meant, name: kept, .. } = read(said) else { panic!("a presence is set") };
        assert_eq!((meant, kept.as_ref().map(StatusName::as_str)), (status, name));
    }
}

#[test]
fn where_no_catalogue_is_known_any_status_may_be_one_of_its_own() {
    let body = br#"{"agent_id":"a","status":"yoga"}"#;
    let raw = RawEvent { body, routing_key: "agent.presence", ..RawEvent::default() };
    assert_eq!(check(&raw), Ok(()));
    assert!(decode(&raw).is_err());
}
