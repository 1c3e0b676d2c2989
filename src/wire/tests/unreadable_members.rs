//! What can't be read of `data`: a table of members, each with everything that it is not.

use super::super::EventKind;
use super::{complaint, enveloped, plain};

const NAME: &str = "a string of 1 to 128 bytes without control characters";
const TIME: &str = "a time of RFC 3339 such as \"2026-11-22T05:00:00Z\"";
const PRIORITY: &str = "\"low\", \"normal\", \"high\", \"urgent\" or a number from 0 to 9";
const SKILLS: &str = "an object of skills with levels from 1 to 10 or an array of skills";
const STATUS: &str = "\"online\", \"away\", \"busy\", \"draining\", \"offline\" or a status of the catalogue";
const CREATED: EventKind = EventKind::TicketCreated;
const UPDATED: EventKind = EventKind::TicketUpdated;
const REGISTERED: EventKind = EventKind::AgentRegistered;
const PRESENCE: EventKind = EventKind::AgentPresence;
const RECONCILED: EventKind = EventKind::AgentReconciled;

/// Members without which the event would be refused for another reason.
fn required(kind: EventKind) -> &'static [(&'static str, &'static str)] {
    match kind {
        EventKind::AgentRegistered => &[("agent_id", "\"a\""), ("roles", "[]")],
        EventKind::AgentPresence => &[("agent_id", "\"a\""), ("status", "\"away\"")],
        EventKind::AgentRemoved | EventKind::AgentHeartbeat | EventKind::WrapUpFinished | EventKind::TicketClaimed => {
            &[("agent_id", "\"a\"")]
        }
        EventKind::TicketAccepted
        | EventKind::CallAnswered
        | EventKind::TicketDeclined
        | EventKind::CallRejected
        | EventKind::TicketTaken => &[("ticket_id", "\"T\""), ("agent_id", "\"a\"")],
        EventKind::AgentReconciled => &[("agent_id", "\"a\""), ("tickets", "[]")],
        EventKind::TicketTransferred => &[("ticket_id", "\"T\""), ("to_role", "\"r\"")],
        _ => &[("ticket_id", "\"T\"")],
    }
}

/// The event with this member in place of the proper one, or without it.
fn event(kind: EventKind, member: &str, value: Option<&str>) -> String {
    let others = required(kind).iter().filter(|(name, _)| *name != member).copied();
    let members = others.chain(value.map(|value| (member, value)));
    let members: Vec<_> = members.map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn check(kind: EventKind, member: &str, value: Option<&str>, expected: &str) {
    let data = event(kind, member, value);
    assert_eq!(complaint(plain(kind, &data)), format!("bad_field: ${expected}"), "{kind} {data}");
    let body = format!(r#"{{"data":{data},"specversion":"1.0","id":"1","source":"/s","type":"{kind}"}}"#);
    assert_eq!(complaint(enveloped(&body)), format!("bad_field: $.data{expected}"), "{body}");
}

#[test]
fn every_required_member_is_missed() {
    for kind in EventKind::ALL {
        for (member, _) in required(kind) {
            let expected = match *member {
                "to_role" => {
                    check(kind, member, None, ": expected one of to_role and to_agent, found neither");
                    continue;
                }
                "roles" => "an array of names",
                "tickets" => "an array of tickets",
                "status" => STATUS,
                _ => NAME,
            };
            check(kind, member, None, &format!(".{member}: expected {expected}, found nothing"));
        }
    }
}

#[test]
fn every_member_of_the_wrong_type_is_named_with_its_path() {
    let text = |length: u32| format!("a string of at most {length} bytes");
    let (subject, note, label) = ("a string", "a string", text(256));
    for (kind, member, expected) in [
        (CREATED, "ticket_id", NAME),
        (CREATED, "type", NAME),
        (CREATED, "channel", NAME),
        (CREATED, "priority", PRIORITY),
        (CREATED, "role", NAME),
        (CREATED, "skills", SKILLS),
        (CREATED, "permissions", "an array of at most 64 names"),
        (CREATED, "customer", "an object"),
        (CREATED, "preferred_agent", NAME),
        (CREATED, "exclude_agents", "an array of at most 64 names"),
        (CREATED, "created_at", TIME),
        (CREATED, "due_at", TIME),
        (CREATED, "not_before", TIME),
        (CREATED, "expires_at", TIME),
        (CREATED, "subject", subject),
        (CREATED, "attributes", "an object of at most 64 strings and numbers and booleans and nulls"),
        (UPDATED, "ticket_id", NAME),
        (UPDATED, "type", NAME),
        (UPDATED, "channel", NAME),
        (UPDATED, "priority", PRIORITY),
        (UPDATED, "role", NAME),
        (UPDATED, "skills", SKILLS),
        (UPDATED, "permissions", "an array of at most 64 names"),
        (UPDATED, "customer", "an object"),
        (UPDATED, "preferred_agent", NAME),
        (UPDATED, "exclude_agents", "an array of at most 64 names"),
        (UPDATED, "created_at", TIME),
        (UPDATED, "due_at", TIME),
        (UPDATED, "not_before", TIME),
        (UPDATED, "expires_at", TIME),
        (UPDATED, "subject", subject),
        (UPDATED, "attributes", "an object of at most 64 strings and numbers and booleans and nulls"),
        (EventKind::TicketCancelled, "reason", note),
        (EventKind::CallAbandoned, "reason", note),
        (EventKind::TicketAccepted, "agent_id", NAME),
        (EventKind::TicketAccepted, "assignment_id", NAME),
        (EventKind::CallAnswered, "assignment_id", NAME),
        (EventKind::TicketDeclined, "agent_id", NAME),
        (EventKind::TicketDeclined, "assignment_id", NAME),
        (EventKind::TicketDeclined, "reason", note),
        (EventKind::CallRejected, "reason", note),
        (EventKind::TicketCompleted, "agent_id", NAME),
        (EventKind::TicketCompleted, "outcome", note),
        (EventKind::CallEnded, "outcome", note),
        (EventKind::TicketTransferred, "to_role", NAME),
        (EventKind::TicketTransferred, "to_agent", NAME),
        (EventKind::TicketTransferred, "by", &label),
        (EventKind::TicketTransferred, "note", note),
        (EventKind::TicketReleased, "agent_id", NAME),
        (EventKind::TicketReleased, "reason", note),
        (EventKind::TicketPaused, "ticket_id", NAME),
        (EventKind::TicketResumed, "ticket_id", NAME),
        (EventKind::TicketClaimed, "agent_id", NAME),
        (EventKind::TicketClaimed, "role", NAME),
        (EventKind::TicketClaimed, "ticket_id", NAME),
        (REGISTERED, "agent_id", NAME),
        (REGISTERED, "roles", "an array of at most 64 names"),
        (REGISTERED, "name", &label),
        (REGISTERED, "skills", SKILLS),
        (REGISTERED, "limits", "an object of at most 64 members"),
        (REGISTERED, "capacity", "a whole number from 0 to 100000"),
        (REGISTERED, "access", "\"agent\", \"admin\" or \"owner\""),
        (REGISTERED, "ranks", "an object of at most 64 members"),
        (REGISTERED, "deputy", NAME),
        (EventKind::TicketTaken, "ticket_id", NAME),
        (EventKind::TicketTaken, "agent_id", NAME),
        (EventKind::TicketTaken, "role", NAME),
        (RECONCILED, "agent_id", NAME),
        (RECONCILED, "tickets", "an array of at most 1000 elements"),
        (RECONCILED, "as_of", TIME),
        (EventKind::TicketReplied, "ticket_id", NAME),
        (EventKind::TicketReplied, "agent_id", NAME),
        (EventKind::AgentRemoved, "agent_id", NAME),
        (PRESENCE, "agent_id", NAME),
        (PRESENCE, "status", STATUS),
        (PRESENCE, "reason", note),
        (PRESENCE, "channels", "an object of at most 64 members"),
        (EventKind::AgentHeartbeat, "agent_id", NAME),
        (EventKind::WrapUpFinished, "agent_id", NAME),
        (EventKind::WrapUpFinished, "ticket_id", NAME),
    ] {
        check(kind, member, Some("true"), &format!(".{member}: expected {expected}, found true"));
    }
    for kind in [EventKind::TicketCompleted, EventKind::CallEnded] {
        check(kind, "wrap_up", Some("\"no\""), ".wrap_up: expected a boolean, found \"no\"");
    }
}

#[test]
fn a_required_member_is_not_null() {
    check(CREATED, "ticket_id", Some("null"), &format!(".ticket_id: expected {NAME}, found null"));
    check(REGISTERED, "roles", Some("null"), ".roles: expected an array of at most 64 names, found null");
    check(PRESENCE, "status", Some("null"), &format!(".status: expected {STATUS}, found null"));
}

#[test]
fn names_are_neither_empty_nor_long_nor_hold_control_characters() {
    let long = format!("\"{}\"", "é".repeat(65));
    let quoted = format!("\"{}…", "é".repeat(39));
    for (value, found) in [
        ("\"\"", "\"\""),
        (&long, quoted.as_str()),
        (r#""a\nb""#, r#""a\nb""#),
        (r#""\u0000""#, r#""\0""#),
        (r#""a\u0085""#, r#""a\u{85}""#),
        ("17", "17"),
        ("1.5", "1.5"),
        ("[]", "an array"),
        ("{}", "an object"),
    ] {
        check(CREATED, "ticket_id", Some(value), &format!(".ticket_id: expected {NAME}, found {found}"));
    }
    let longest = event(CREATED, "ticket_id", Some(&format!("\"{}\"", "é".repeat(64))));
    assert!(plain(CREATED, &longest).is_ok());
}

#[test]
fn numbers_are_whole_and_within_their_bounds() {
    for (value, found) in [
        ("10", "10"),
        ("-1", "-1"),
        ("3.5", "3.5"),
        ("1e2", "100"),
        ("18446744073709551616", "1.8446744073709552e+19"),
        ("\"hgih\"", "\"hgih\""),
        ("\"5\"", "\"5\""),
        ("{}", "an object"),
    ] {
        check(CREATED, "priority", Some(value), &format!(".priority: expected {PRIORITY}, found {found}"));
    }
    check(CREATED, "priority", Some("1e999"), ".priority: expected a value, found number out of range");
    for (member, value, expected) in [
        ("limits", r#"{"chat":1001}"#, ".limits.chat: expected a whole number from 0 to 1000, found 1001"),
        ("limits", r#"{"chat":-1}"#, ".limits.chat: expected a whole number from 0 to 1000, found -1"),
        ("limits", r#"{"web chat":"3"}"#, ".limits[\"web chat\"]: expected a whole number from 0 to 1000, found \"3\""),
        ("ranks", r#"{"billing":0}"#, ".ranks.billing: expected a whole number from 1 to 1000, found 0"),
        ("skills", r#"{"de":11}"#, ".skills.de: expected a whole number from 1 to 10, found 11"),
        ("skills", r#"{"de":0}"#, ".skills.de: expected a whole number from 1 to 10, found 0"),
        ("skills", r#"{"de":null}"#, ".skills.de: expected a whole number from 1 to 10, found null"),
        ("capacity", "100001", ".capacity: expected a whole number from 0 to 100000, found 100001"),
    ] {
        check(REGISTERED, member, Some(value), expected);
    }
}

#[test]
fn elements_and_names_of_members_are_checked_too() {
    for (kind, member, value, expected) in [
        (REGISTERED, "roles", r#"["a",""]"#, format!(".roles[1]: expected {NAME}, found \"\"")),
        (REGISTERED, "skills", r#"["de",5]"#, format!(".skills[1]: expected {NAME}, found 5")),
        (
            CREATED,
            "skills",
            r#"{"":5}"#,
            format!(".skills[\"\"]: expected every member's name to be {NAME}, found \"\""),
        ),
        (CREATED, "exclude_agents", "[null]", format!(".exclude_agents[0]: expected {NAME}, found null")),
        (
            CREATED,
            "customer",
            r#"{"tier":7}"#,
            ".customer.tier: expected a string of at most 256 bytes, found 7".into(),
        ),
        (CREATED, "customer", r#"["C-1","vip"]"#, ".customer: expected an object, found an array".into()),
        (RECONCILED, "tickets", "[\"T\",7]", format!(".tickets[1]: expected {NAME} or an object, found 7")),
        (RECONCILED, "tickets", "[\"\"]", format!(".tickets[0]: expected {NAME} or an object, found \"\"")),
        (RECONCILED, "tickets", "[{}]", format!(".tickets[0].ticket_id: expected {NAME}, found nothing")),
        (
            RECONCILED,
            "tickets",
            r#"[{"ticket_id":"T","role":5}]"#,
            format!(".tickets[0].role: expected {NAME}, found 5"),
        ),
        (PRESENCE, "channels", r#"{"call":"off"}"#, ".channels.call: expected a boolean, found \"off\"".into()),
        (
            REGISTERED,
            "access",
            "\"root\"",
            ".access: expected \"agent\", \"admin\" or \"owner\", found \"root\"".into(),
        ),
        (PRESENCE, "status", "\"Online\"", format!(".status: expected {STATUS}, found \"Online\"")),
        (CREATED, "due_at", "\"tomorrow\"", format!(".due_at: expected {TIME}, found \"tomorrow\"")),
        (CREATED, "due_at", "1732251600", format!(".due_at: expected {TIME}, found 1732251600")),
    ] {
        check(kind, member, Some(value), &expected);
    }
}

#[test]
fn attributes_are_scalars() {
    let expected = "expected a string of at most 4096 bytes or a number or a boolean or null";
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(4097));
    let quoted = format!("\"{}…", "x".repeat(79));
    for (value, found) in [(r#"{"a":[1]}"#, "an array"), (r#"{"a":{}}"#, "an object"), (&long, &quoted)] {
        check(CREATED, "attributes", Some(value), &format!(".attributes.a: {expected}, found {found}"));
    }
    check(CREATED, "attributes", Some(r#"{"a":-1e400}"#), ".attributes.a: expected a value, found number out of range");
}

#[test]
fn counts_are_bounded() {
    let names = |count: usize| (0..count).map(|number| format!("\"n{number}\"")).collect::<Vec<_>>().join(",");
    let members = |count: usize| (0..count).map(|number| format!("\"n{number}\":1")).collect::<Vec<_>>().join(",");
    for (kind, member) in
        [(CREATED, "permissions"), (CREATED, "exclude_agents"), (CREATED, "skills"), (REGISTERED, "roles")]
    {
        let data = event(kind, member, Some(&format!("[{}]", names(64))));
        assert!(plain(kind, &data).is_ok(), "{data}");
        let more = format!("[{}]", names(65));
        check(kind, member, Some(&more), &format!(".{member}: expected at most 64 elements, found more"));
    }
    for (kind, member) in [(CREATED, "attributes"), (CREATED, "skills"), (REGISTERED, "limits"), (REGISTERED, "ranks")]
    {
        let data = event(kind, member, Some(&format!("{{{}}}", members(64))));
        assert!(plain(kind, &data).is_ok(), "{data}");
        let more = format!("{{{}}}", members(65));
        check(kind, member, Some(&more), &format!(".{member}: expected at most 64 members, found more"));
    }
}

#[test]
fn lengths_are_bounded() {
    let text = |length: usize| format!("\"{}\"", "x".repeat(length));
    assert!(plain(REGISTERED, &event(REGISTERED, "name", Some(&text(256)))).is_ok());
    let quoted = format!("\"{}…", "x".repeat(79));
    let expected = format!(".name: expected a string of at most 256 bytes, found {quoted}");
    check(REGISTERED, "name", Some(&text(257)), &expected);
}

#[test]
fn a_member_that_comes_twice_is_refused() {
    let twice = complaint(plain(EventKind::TicketPaused, r#"{"ticket_id":"T","ticket_id":"U"}"#));
    assert_eq!(twice, "bad_field: $.ticket_id: expected the member once, found it twice");
    for (member, value) in [("skills", r#"{"de":1,"fr":2,"de":9}"#), ("attributes", r#"{"de":1,"d\u0065":null}"#)] {
        check(CREATED, member, Some(value), &format!(".{member}: expected every member once, found \"de\" twice"));
    }
    assert!(plain(EventKind::TicketPaused, r#"{"ticket_id":"T","x":1,"x":2}"#).is_ok(), "what is ignored is ignored");
}

#[test]
fn a_transfer_goes_to_a_role_or_to_an_agent() {
    let read =
        |members: &str| complaint(plain(EventKind::TicketTransferred, &format!("{{\"ticket_id\":\"T\"{members}}}")));
    let expected = |found: &str| format!("bad_field: $: expected one of to_role and to_agent, found {found}");
    assert_eq!(read(""), expected("neither"));
    assert_eq!(read(r#","to_role":null,"to_agent":null"#), expected("neither"));
    assert_eq!(read(r#","to_role":"r","to_agent":"a""#), expected("both"));
}

#[test]
fn a_call_is_on_the_channel_call() {
    let kind = EventKind::CallQueued;
    check(kind, "channel", Some("\"chat\""), ".channel: expected \"call\" or nothing, found \"chat\"");
    assert!(plain(kind, &event(kind, "channel", Some("\"call\""))).is_ok());
    assert!(plain(kind, &event(kind, "channel", Some("null"))).is_ok());
}

#[test]
fn data_is_an_object() {
    for (data, found) in [("[\"T\"]", "an array"), ("\"T\"", "\"T\""), ("null", "null"), ("7", "7"), ("true", "true")] {
        let expected = format!("bad_field: $: expected an object, found {found}");
        assert_eq!(complaint(plain(EventKind::TicketPaused, data)), expected);
    }
}

#[test]
fn what_a_sender_writes_does_not_confuse_the_explanation() {
    let value = r#""x`, expected y at line 1 column 2""#;
    let expected = format!(".status: expected {STATUS}, found \"x`, expected y at line 1 column 2\"");
    check(PRESENCE, "status", Some(value), &expected);
}
