//! That how long the engine takes and how long people wait are measured apart.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::*;
use crate::broker::{Exchange, Properties};
use crate::config::{Overrides, parse};
use crate::daemon::hooks::{Hooks, prepare};
use crate::http::{Authority, Letter, Outcome, Right, Submission};
use crate::journal::{JournalOptions, open};
use crate::telemetry::recorder::build_recorder;
use crate::wire::Form;

const MINUTE: Millis = Millis::from_secs(60);
const START: Timestamp = Timestamp(1_795_000_000_000);

/// A writer over a journal of its own, which nothing is written to here.
fn writer(directory: &std::path::Path) -> Writer {
    let reader = open(directory, &JournalOptions::default()).expect("the journal opens").reader;
    let recovered = reader.recover().expect("it is empty");
    let planted = Planted::default();
    Writer::new(recovered, reader, "test", Millis::ZERO, Meters::new(), Arc::new(ReadModel::new()), planted)
}

fn deliver(writer: &mut Writer, tag: u64, (kind, data): (&str, &Value), now: Timestamp) {
    deliver_with(writer, tag, Properties::new().with_kind(kind), data, now);
}

fn deliver_with(writer: &mut Writer, tag: u64, properties: Properties, data: &Value, now: Timestamp) {
    let delivery = Delivery {
        token: DeliveryToken { epoch: 1, tag },
        routing_key: properties.kind().unwrap_or_default().to_owned(),
        properties,
        body: serde_json::to_vec(data).expect("it is JSON"),
        redelivered: false,
        received_at: Instant::now(),
    };
    writer.deliver(delivery, now).expect("the journal can be read");
}

/// The value of the series that begins so, as it is written.
fn sample<'s>(scrape: &'s str, series: &str) -> &'s str {
    let line = scrape.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("there is no {series} in {scrape}"))
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

#[test]
fn what_a_decision_takes_is_measured_apart_from_what_people_wait() {
    let recorder = build_recorder().expect("every histogram has buckets");
    let handle = recorder.handle();
    let directory = tempfile::tempdir().expect("a directory");
    let (waits, mut told) = (10_u64, 0);
    metrics::with_local_recorder(&recorder, || {
        let mut writer = writer(directory.path());
        let role = crate::routing::role::Role::named(RoleName::parse("care").expect("a name"));
        let catalogue = Catalogue { roles: [(role.name.clone(), role)].into(), ..Catalogue::default() };
        writer.replace_catalogue(Arc::new(catalogue), START).expect("nothing hangs on what was before");
        let mut now = START;
        let mut tell = |kind: &str, data: &Value, now: Timestamp| {
            told += 1;
            deliver(&mut writer, told, (kind, data), now);
        };
        tell("agent.registered", &json!({ "agent_id": "ana", "roles": ["care"], "limits": { "email": 1 } }), now);
        tell("agent.presence", &json!({ "agent_id": "ana", "status": "online" }), now);
        for number in 0..=waits {
            tell(
                "ticket.created",
                &json!({ "ticket_id": format!("t{number}"), "role": "care", "channel": "email" }),
                now,
            );
        }
        // One after the other: the first at once, the next after a quarter of an hour each.
        for number in 0..waits {
            now = now + Millis(15 * MINUTE.0);
            tell("ticket.completed", &json!({ "ticket_id": format!("t{number}") }), now);
        }
        // What can't be read takes no decision; that time has passed does.
        deliver(&mut writer, told + 1, ("no.such.event", &json!({})), now);
        writer.elapse(now);
    });
    let scrape = handle.render();
    let wait = |what: &str| format!(r#"rolecall_ticket_wait_seconds_{what}{{role="care",channel="email"}}"#);
    assert_eq!(sample(&scrape, &wait("count")), "11", "one for each ticket");
    assert_eq!(sample(&scrape, &wait("sum")), "49500", "a quarter of an hour, and two, and so on");
    let decision = |what: &str| sample(&scrape, &format!("rolecall_decision_seconds_{what}")).to_owned();
    let decisions = (told + 2).to_string();
    assert_eq!(decision("count"), decisions, "one for each command, the catalogue and the clock among them");
    assert!(number(&decision("sum")) < number(sample(&scrape, &wait("sum"))), "no wait is in it: {scrape}");
}

/// A message without a type, as a switch publishes it.
fn of_switch(writer: &mut Writer, tag: u64, routing_key: &str, body: &str) {
    let delivery = Delivery {
        token: DeliveryToken { epoch: 1, tag },
        routing_key: routing_key.to_owned(),
        properties: Properties::new().with_content_type("application/json"),
        body: body.as_bytes().to_vec(),
        redelivered: false,
        received_at: Instant::now(),
    };
    writer.deliver(delivery, START).expect("the journal can be read");
}

#[test]
fn a_switch_s_own_words_are_read_where_the_configuration_has_a_mapping_for_their_routing_key() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut writer = writer(directory.path());
    let hooks = Hooks::default();
    let text = "[hook.pbx]\npreset = \"freeswitch\"\nrouting_keys = [\"*.CUSTOM.#\"]\n";
    let config = parse("test", text, &Overrides::none()).unwrap_or_else(|report| panic!("{report}")).config;
    hooks.install(prepare(&config.hooks).expect("there is no secret to be read"));
    writer.read_also(hooks.inlets.clone());
    let joined = r#"{"Event-Subclass":"callcenter::info","CC-Action":"member-queue-start","Core-UUID":"c","Event-Sequence":"7","CC-Member-Session-UUID":"m-1","CC-Queue":"care"}"#;
    let key = "fs01.CUSTOM.callcenter%3A%3Ainfo.inbound.1000";
    of_switch(&mut writer, 1, key, joined);
    let ticket = crate::routing::TicketId::parse("m-1").expect("a name");
    let found = writer.state().ticket(&ticket).map(|ticket| ticket.spec.asked.channel.to_string());
    assert_eq!(found.as_deref(), Some("call"));

    let dead = |writer: &mut Writer| {
        let sealed = writer.seal(0, START);
        assert_eq!(sealed.settle.len(), 1, "each of them is acknowledged");
        let letters =
            sealed.batch.outbox.iter().map(|record| outbox::decode(record.number, &record.bytes).expect("ours"));
        letters.filter(|letter| letter.exchange == Exchange::Dead).collect::<Vec<_>>()
    };
    assert_eq!(dead(&mut writer).len(), 0);
    // Sent again, or not for us: nothing follows, and nothing is lost that somebody could look for.
    of_switch(&mut writer, 2, key, joined);
    of_switch(&mut writer, 3, key, r#"{"Event-Subclass":"sofia::register"}"#);
    assert_eq!(dead(&mut writer).len(), 0);
    // An event that is none, and words for which nobody has a mapping.
    of_switch(&mut writer, 4, key, r#"{"Event-Subclass":"callcenter::info","CC-Action":"bridge-agent-start"}"#);
    of_switch(&mut writer, 5, "fs01.HEARTBEAT", joined);
    of_switch(&mut writer, 6, key, "{");
    let letters = dead(&mut writer);
    let details: Vec<_> =
        letters.iter().map(|letter| letter.properties.header("x-rolecall-detail").unwrap_or_default()).collect();
    assert_eq!(details.len(), 3, "{details:?}");
    assert!(details[0].starts_with("[hook.pbx], event 2 of its mapping: $.ticket_id: expected"), "{}", details[0]);
    assert!(details[1].starts_with("expected a type such as"), "{}", details[1]);
    assert!(details[2].starts_with("expected JSON"), "{}", details[2]);
    assert!(letters[0].body.starts_with(b"{\"Event-Subclass\""), "as it came");
}

#[test]
fn what_a_desktop_says_in_the_name_of_a_helpdesk_makes_no_repeat_of_the_helpdesks_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut writer = writer(directory.path());
    deliver(&mut writer, 1, ("agent.registered", &json!({ "agent_id": "ana", "roles": [] })), START);
    let (agent, rights) = (AgentId::parse("ana").ok(), [Right::PresenceSetOwn].into());
    let alive = Letter {
        body: br#"{"agent_id":"ana"}"#.to_vec(),
        form: Form::Plain,
        kind: "agent.heartbeat".to_owned(),
        id: Some("e-1".to_owned()),
        source: "/helpdesk/eu".to_owned(),
        traceparent: None,
        request: None,
    };
    let author = Authority { agent, rights, ..Authority::owner("ana") };
    let (answer, mut answered) = tokio::sync::oneshot::channel();
    writer
        .submit(Submission { letters: vec![alive], author, expected: None, answer }, START)
        .expect("the journal can be read");

    let delivery = Delivery {
        token: DeliveryToken { epoch: 1, tag: 2 },
        routing_key: "ticket.created".to_owned(),
        properties: Properties::new().with_message_id("e-1").with_app_id("/helpdesk/eu"),
        body: br#"{"ticket_id":"t1"}"#.to_vec(),
        redelivered: false,
        received_at: Instant::now(),
    };
    writer.deliver(delivery, START).expect("the journal can be read");
    let ticket = crate::routing::TicketId::parse("t1").expect("a name");
    assert!(writer.state().ticket(&ticket).is_some(), "it is taken");
    writer.seal(0, START).answers.give();
    let receipts = answered.try_recv().expect("it is given").expect("it was taken");
    assert_eq!(receipts[0].outcome, Outcome::Accepted);
}

/// What was said of a ticket since the last seal: type, `tenant` and `traceparent`.
fn said_of_tickets(writer: &mut Writer, now: Timestamp) -> Vec<(String, Value, Option<String>)> {
    let sealed = writer.seal(0, now);
    let said = sealed.publications.iter().filter(|(_, (_, ticket))| ticket.is_some());
    said.map(|(_, (said, _))| {
        let envelope: Value = serde_json::from_slice(&said.body).expect("it is JSON");
        let kind = envelope["type"].as_str().expect("a type").to_owned();
        (kind, envelope["tenant"].clone(), said.properties.header("traceparent").map(str::to_owned))
    })
    .collect()
}

/// A role, and agents of it who take one ticket each; then a ticket that waits, and came with a trace and a tenant.
fn somebody_waits(writer: &mut Writer) {
    let role = crate::routing::role::Role::named(RoleName::parse("care").expect("a name"));
    let catalogue = Catalogue { roles: [(role.name.clone(), role)].into(), ..Catalogue::default() };
    writer.replace_catalogue(Arc::new(catalogue), START).expect("nothing hangs on what was before");
    deliver(writer, 1, ("agent.registered", &json!({ "agent_id": "ana", "roles": ["care"] })), START);
    let created = json!({
        "specversion": "1.0", "id": "e-1", "source": "/crm", "type": "ticket.created", "tenant": "eu",
        "data": { "ticket_id": "t1", "role": "care", "expires_at": "2030-01-01T00:00:00Z" }
    });
    let properties = Properties::new().with_content_type("application/cloudevents+json");
    deliver_with(writer, 2, properties.with_header("traceparent", TRACE), &created, START);
}

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn of_the_ticket(kind: &str) -> (String, Value, Option<String>) {
    (kind.to_owned(), json!("eu"), Some(TRACE.to_owned()))
}

#[test]
fn what_a_ticket_came_with_goes_along_with_all_that_is_said_of_it_until_it_ends() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut writer = writer(directory.path());
    somebody_waits(&mut writer);
    assert_eq!(said_of_tickets(&mut writer, START), [of_the_ticket("ticket.queued")]);
    deliver(&mut writer, 3, ("agent.presence", &json!({ "agent_id": "ana", "status": "online" })), START);
    assert_eq!(said_of_tickets(&mut writer, START), [of_the_ticket("assignment.assigned")]);
    let other = TRACE.replace('4', "5");
    let released = Properties::new().with_kind("ticket.released").with_header("traceparent", &other);
    deliver_with(&mut writer, 4, released, &json!({ "ticket_id": "t1" }), START);
    let said = said_of_tickets(&mut writer, START);
    let its_own = |kind: &str| (kind.to_owned(), json!("eu"), Some(other.clone()));
    assert_eq!(said, ["assignment.revoked", "assignment.assigned"].map(its_own), "a trace of its own goes before");
    deliver(&mut writer, 5, ("ticket.accepted", &json!({ "ticket_id": "t1", "agent_id": "ben" })), START);
    let said = said_of_tickets(&mut writer, START);
    assert_eq!(said, [("command.rejected".to_owned(), Value::Null, None)], "an answer is the command's alone");
    deliver(&mut writer, 6, ("ticket.completed", &json!({ "ticket_id": "t1" })), START);
    assert_eq!(said_of_tickets(&mut writer, START), [of_the_ticket("assignment.completed")]);
    deliver(&mut writer, 7, ("ticket.created", &json!({ "ticket_id": "t2", "role": "care" })), START);
    let said = said_of_tickets(&mut writer, START);
    assert_eq!(said, [("assignment.assigned".to_owned(), Value::Null, None)], "and not to another's");
}

#[test]
fn a_ticket_that_ends_by_itself_is_told_of_with_what_it_came_with() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut writer = writer(directory.path());
    somebody_waits(&mut writer);
    said_of_tickets(&mut writer, START);
    let later = Timestamp(1_893_456_000_000);
    writer.elapse(later);
    assert_eq!(said_of_tickets(&mut writer, later), [of_the_ticket("ticket.expired")]);
}
