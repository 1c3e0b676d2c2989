//! What can't be read as a whole: size, encoding, grammar, envelope, type (`docs/events.md#what-cant-be-read`).

use super::super::bounds::{DETAIL_LENGTH_MAX, MESSAGE_SIZE_MAX};
use super::super::{EventKind, RawEvent, Unambiguous, UnreadableCode};
use super::decode;
use super::{complaint, enveloped, plain};

fn decode_body(body: &[u8]) -> String {
    complaint(decode(&RawEvent { body, routing_key: "ticket.paused", ..RawEvent::default() }))
}

#[test]
fn for_the_log_nothing_is_repeated_of_what_is_in_a_message() {
    for (data, expected) in [
        (r#"{"ticket_id":"T","customer":"Jane Doe, found at 5"}"#, "$.customer: expected an object"),
        (r#"{"ticket_id":"T","customer":{"id":["Jane"]}}"#, "$.customer.id: expected a string of at most 256 bytes"),
        (
            r#"{"ticket_id":"Jane\u0000"}"#,
            "$.ticket_id: expected a string of 1 to 128 bytes without control characters",
        ),
        ("{}", "$.ticket_id: expected a string of 1 to 128 bytes without control characters"),
    ] {
        let unreadable = plain(EventKind::TicketCreated, data).expect_err(data);
        assert_eq!(unreadable.detail_without_content(), expected);
    }
    let unreadable = enveloped(r#""Jane Doe""#).expect_err("no object");
    assert_eq!(unreadable.detail_without_content(), "$: expected an object");
    let mut unreadable = plain(EventKind::TicketCreated, "{").expect_err("no JSON");
    assert_eq!(unreadable.detail_without_content(), unreadable.detail);
    let twice = serde_json::from_str::<Unambiguous>(r#"[{"Jane Doe":1,"Jane Doe":2}]"#).expect_err("twice");
    unreadable.detail = twice.to_string();
    assert_eq!(unreadable.detail_without_content(), "expected every member once");
}

#[test]
fn a_body_that_is_no_json_says_where() {
    for (body, expected) in [
        (&b""[..], "bad_json: expected JSON, found an error: EOF while parsing a value at line 1 column 0"),
        (b"hello", "bad_json: expected JSON, found an error: expected value at line 1 column 1"),
        (b"{", "bad_json: expected JSON, found an error: EOF while parsing an object at line 1 column 1"),
        (
            b"{\"ticket_id\":\"T\"} x",
            "bad_json: expected JSON, found an error: trailing characters at line 1 column 19",
        ),
        (b"{\"ticket_id\":NaN}", "bad_json: expected JSON, found an error: expected value at line 1 column 14"),
        (
            b"{\"ticket_id\":5,\n\"x\":Infinity}",
            "bad_json: expected JSON, found an error: expected value at line 2 column 5",
        ),
        (b"{'ticket_id':'T'}", "bad_json: expected JSON, found an error: key must be a string at line 1 column 2"),
        (
            b"{\"ticket_id\":\"a\nb\"}",
            "bad_json: expected JSON, found an error: control character (\\u0000-\\u001F) found while parsing a string at line 1 column 15",
        ),
        (b"{\"ticket_id\":\"\xff\"}", "bad_json: expected UTF-8, found other bytes at offset 14"),
        (b"\xff\xfe{\0}\0", "bad_json: expected UTF-8, found other bytes at offset 0"),
    ] {
        assert_eq!(decode_body(body), expected, "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_byte_order_mark_is_ignored() {
    let body = "\u{feff}{\"ticket_id\":\"T\"}";
    assert!(plain(EventKind::TicketPaused, body).is_ok());
}

#[test]
fn depth_is_bounded_in_members_that_are_ignored_too() {
    let nested = |depth: usize| format!(r#"{{"ticket_id":"T","x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(plain(EventKind::TicketPaused, &nested(31)).is_ok());
    let expected = "bad_json: expected at most 32 levels of nesting, found more";
    assert_eq!(complaint(plain(EventKind::TicketPaused, &nested(32))), expected);
    assert_eq!(decode_body(&vec![b'['; MESSAGE_SIZE_MAX]), expected);
}

#[test]
fn properties_that_are_no_text_are_named_where_they_are_the_envelope() {
    let body = br#"{"ticket_id":"T"}"#;
    let fine = RawEvent { body, kind: Some("ticket.paused"), routing_key: "\u{1a}", ..RawEvent::default() };
    assert!(decode(&fine).is_ok(), "the routing key is not looked at where there is a type");
    for (raw, name) in [
        (RawEvent { kind: Some("ticket.\u{1a}"), ..fine }, "type"),
        (RawEvent { kind: None, ..fine }, "routing key"),
        (RawEvent { message_id: Some("\u{1a}7"), ..fine }, "message_id"),
        (RawEvent { app_id: Some("\u{1a}"), ..fine }, "app_id"),
    ] {
        let found = complaint(decode(&raw));
        let expected = format!("bad_envelope: the AMQP property {name}: expected UTF-8, found bytes that are none");
        assert!(found.starts_with(&expected), "{found}");
    }
    let body = br#"{"specversion":"1.0","id":"1","source":"/s","type":"ticket.paused","data":{"ticket_id":"T"}}"#;
    assert!(decode(&RawEvent { body, message_id: Some("\u{1a}"), ..fine }).is_ok(), "an envelope says it all itself");
}

#[test]
fn size_is_bounded_before_anything_else_is_looked_at() {
    let body = |size: usize| format!(r#"{{"ticket_id":"T","x":"{}"}}"#, "x".repeat(size - 24));
    assert_eq!(body(MESSAGE_SIZE_MAX).len(), MESSAGE_SIZE_MAX);
    assert!(plain(EventKind::TicketPaused, &body(MESSAGE_SIZE_MAX)).is_ok());
    assert_eq!(
        complaint(plain(EventKind::TicketPaused, &body(MESSAGE_SIZE_MAX + 1))),
        "too_large: expected at most 262144 bytes, found 262145"
    );
    assert_eq!(
        decode_body(&vec![0xff; MESSAGE_SIZE_MAX + 1]),
        "too_large: expected at most 262144 bytes, found 262145"
    );
}

#[test]
fn an_unknown_type_is_named() {
    let read = |kind, routing_key| {
        let raw = RawEvent { body: b"{}", kind, routing_key, ..RawEvent::default() };
        complaint(decode(&raw))
    };
    for (kind, routing_key, found) in [
        (Some("ticket.create"), "ticket.created", "\"ticket.create\""),
        (Some("TICKET.CREATED"), "", "\"TICKET.CREATED\""),
        (Some(""), "rolecall.inbox", "\"rolecall.inbox\""),
        (None, "assignment.assigned", "\"assignment.assigned\""),
        (None, "", "nothing"),
    ] {
        let expected = format!("unknown_type: expected a type such as \"ticket.created\", found {found}");
        assert_eq!(read(kind, routing_key), expected);
    }
    assert_eq!(
        complaint(enveloped(r#"{"specversion":"1.0","id":"1","source":"/s","type":"nope","data":{}}"#)),
        "unknown_type: expected a type such as \"ticket.created\", found \"nope\""
    );
}

#[test]
fn what_claims_to_be_an_envelope_has_to_be_one() {
    for (body, expected) in [
        ("[]", "bad_envelope: $: expected an object, found []"),
        ("\"x\"", "bad_envelope: $: expected an object, found \"x\""),
        ("nul", "bad_json: expected JSON, found an error: EOF while parsing a value at line 1 column 3"),
        ("{}", "bad_envelope: $.specversion: expected \"1.0\", found nothing"),
        (r#"{"specversion":"0.3"}"#, "bad_envelope: $.specversion: expected \"1.0\", found \"0.3\""),
        (r#"{"specversion":1.0}"#, "bad_envelope: $.specversion: expected \"1.0\", found 1.0"),
        (r#"{"specversion":"1.0"}"#, "bad_envelope: $.type: expected a string of 1 to 255 bytes, found nothing"),
        (r#"{"specversion":"1.0","type":""}"#, "bad_envelope: $.type: expected a string of 1 to 255 bytes, found \"\""),
        (r#"{"specversion":"1.0","type":7}"#, "bad_envelope: $.type: expected a string, found 7"),
    ] {
        assert_eq!(complaint(enveloped(body)), expected, "{body}");
    }
}

#[test]
fn attributes_of_an_envelope_are_checked_one_by_one() {
    let long = format!("\"{}\"", "x".repeat(256));
    let quoted = format!("\"{}…", "x".repeat(79));
    let nested = "{\"a\":[1]}";
    for (attribute, value, expected) in [
        ("id", "\"\"", "expected a string of 1 to 255 bytes, found \"\""),
        ("id", "null", "expected a string, found null"),
        ("id", &long, &format!("expected a string of 1 to 255 bytes, found {quoted}")),
        ("source", "\"\"", "expected a string of 1 to 1024 bytes, found \"\""),
        ("source", "[]", "expected a string, found []"),
        ("source", r#""\ud800""#, "expected a string, found \"\\ud800\""),
        ("time", "\"today\"", "expected a time of RFC 3339 such as \"2026-11-22T05:00:00Z\", found \"today\""),
        ("time", "1732251600", "expected a string, found 1732251600"),
        ("datacontenttype", "\"text/xml\"", "expected \"application/json\", found \"text/xml\""),
        ("subject", "{}", "expected a string, found {}"),
        ("data_base64", "\"e30=\"", "expected the event in $.data as a JSON object, found base64"),
        ("comexampleextension", nested, "expected a string or a number or a boolean, found {\"a\":[1]}"),
    ] {
        let mut members = vec![("id", "\"1\""), ("source", "\"/s\""), ("data", "{\"ticket_id\":\"T\"}")];
        members.retain(|(name, _)| *name != attribute);
        members.push((attribute, value));
        let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let body = format!(r#"{{"specversion":"1.0","type":"ticket.paused",{}}}"#, members.join(","));
        assert_eq!(complaint(enveloped(&body)), format!("bad_envelope: $.{attribute}: {expected}"), "{body}");
    }
}

#[test]
fn an_envelope_lacks_neither_id_nor_source_nor_data() {
    for (members, expected) in [
        (r#""source":"/s","data":{}"#, "bad_envelope: $.id: expected a string of 1 to 255 bytes, found nothing"),
        (r#""id":"1","data":{}"#, "bad_envelope: $.source: expected a string of 1 to 1024 bytes, found nothing"),
        (r#""id":"1","source":"/s""#, "bad_envelope: $.data: expected an object, found nothing"),
        (r#""id":"1","source":"/s","data":null"#, "bad_field: $.data: expected an object, found null"),
        (r#""id":"1","source":"/s","data":[]"#, "bad_field: $.data: expected an object, found an array"),
    ] {
        let body = format!(r#"{{"specversion":"1.0","type":"ticket.paused",{members}}}"#);
        assert_eq!(complaint(enveloped(&body)), expected, "{body}");
    }
}

#[test]
fn an_attribute_that_comes_twice_is_refused() {
    let body = r#"{"specversion":"1.0","type":"ticket.paused","id":"1","id":"2","source":"/s","data":{}}"#;
    let expected = "bad_envelope: $: expected every attribute once and at most 32 extensions, found \"id\" as well";
    assert_eq!(complaint(enveloped(body)), expected);
}

#[test]
fn extensions_are_bounded_in_number_and_length() {
    let with = |extensions: &str| {
        complaint(enveloped(&format!(
            r#"{{"specversion":"1.0","type":"ticket.paused","id":"1","source":"/s","data":{{"ticket_id":"T"}}{extensions}}}"#
        )))
    };
    let many = |count: usize| (0..count).map(|number| format!(",\"x{number}\":1")).collect::<Vec<_>>().concat();
    assert!(with(&many(32)).starts_with("understood"));
    assert_eq!(
        with(&many(33)),
        "bad_envelope: $: expected every attribute once and at most 32 extensions, found \"x32\" as well"
    );
    let found = format!("{}…", "y".repeat(80));
    let expected = format!("bad_envelope: $.x: expected a string of at most 1024 bytes, found {found}");
    assert_eq!(with(&format!(",\"x\":\"{}\"", "y".repeat(1025))), expected);
}

#[test]
fn a_batch_is_refused_in_so_many_words() {
    let content_type = Some("application/cloudevents-batch+json");
    let raw = RawEvent { body: b"[]", content_type, ..RawEvent::default() };
    assert_eq!(complaint(decode(&raw)), "bad_envelope: $: expected one event in a message, found a batch");
}

#[test]
fn the_kind_is_known_as_soon_as_it_can_be() {
    let kind_of = |raw: RawEvent<'_>| decode(&raw).expect_err("these are broken").kind;
    let enveloped = br#"{"specversion":"1.0","type":"ticket.paused","id":"1","source":"/s","data":{}}"#;
    assert_eq!(kind_of(RawEvent { body: enveloped, ..RawEvent::default() }), Some(EventKind::TicketPaused));
    let broken = RawEvent { body: b"{", routing_key: "call.ended", ..RawEvent::default() };
    assert_eq!(kind_of(broken), Some(EventKind::CallEnded));
    assert_eq!(kind_of(RawEvent { kind: Some("nope"), ..broken }), None);
}

#[test]
fn a_detail_is_bounded_and_does_not_repeat_the_message() {
    let key = "k".repeat(10_000);
    let body = format!(r#"{{"ticket_id":"T","attributes":{{"{key}":[]}}}}"#);
    let unreadable = plain(EventKind::TicketCreated, &body).expect_err("a nested attribute");
    assert_eq!(unreadable.code, UnreadableCode::BadField);
    assert!(unreadable.detail.len() <= DETAIL_LENGTH_MAX && unreadable.detail.len() < 400, "{}", unreadable.detail);
}
