//! What became of an event, as a collector is told: against a stub that takes what OTLP sends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::SOON;
use crate::ear::Ear;
use crate::place::Place;
use crate::support::eventually;
use crate::upstream::{Form, Upstream, traced};

/// A span as it came.
#[derive(Debug, Clone, Default)]
struct Span {
    trace: String,
    id: String,
    parent: String,
    name: String,
    kind: u64,
    from: u64,
    to: u64,
    attributes: BTreeMap<String, String>,
}

/// Whoever takes spans, and keeps them.
#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
    services: Arc<Mutex<Vec<String>>>,
    keys: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    async fn open() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let collector = Self::default();
        let told = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(told.clone().converse(stream));
            }
        });
        (collector, address)
    }

    async fn converse(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        loop {
            let (mut head, mut length) = (Vec::new(), 0);
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                    return;
                }
                let line = line.trim().to_lowercase();
                if line.is_empty() {
                    break;
                }
                if let Some(value) = line.strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                head.push(line);
            }
            assert!(head[0].starts_with("post /v1/traces "), "{head:?}");
            assert!(head.contains(&"content-type: application/x-protobuf".to_owned()), "{head:?}");
            self.keys
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(head.iter().filter(|it| it.starts_with("x-key")).cloned());
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.expect("a body");
            self.take(&body);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.expect("an answer");
        }
    }

    /// `ExportTraceServiceRequest`
    fn take(&self, body: &[u8]) {
        for resource_spans in messages(body, 1) {
            for resource in messages(resource_spans, 1) {
                let all = attributes(resource, 1);
                let service = format!("{}/{}", all["service.name"], all["service.instance.id"]);
                self.services.lock().unwrap_or_else(PoisonError::into_inner).push(service);
            }
            for scope in messages(resource_spans, 2) {
                let spans = messages(scope, 2).into_iter().map(span);
                self.spans.lock().unwrap_or_else(PoisonError::into_inner).extend(spans);
            }
        }
    }

    fn of(&self, trace: &str) -> Vec<Span> {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().filter(|span| span.trace == trace).cloned().collect()
    }
}

/// A field of a message of protobuf.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn fields(mut rest: &[u8]) -> Vec<(u64, Field<'_>)> {
    fn varint(rest: &mut &[u8]) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = rest[0];
            *rest = &rest[1..];
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return number;
            }
        }
    }
    let mut all = Vec::new();
    while !rest.is_empty() {
        let tag = varint(&mut rest);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut rest)),
            1 => {
                let (fixed, behind) = rest.split_at(8);
                rest = behind;
                Field::Number(u64::from_le_bytes(fixed.try_into().expect("eight bytes")))
            }
            2 => {
                let length = usize::try_from(varint(&mut rest)).expect("small");
                let (bytes, behind) = rest.split_at(length);
                rest = behind;
                Field::Bytes(bytes)
            }
            other => panic!("no such wire type: {other}"),
        };
        all.push((tag >> 3, field));
    }
    all
}

fn messages(message: &[u8], field: u64) -> Vec<&[u8]> {
    let bytes = |(number, value)| match value {
        Field::Bytes(bytes) if number == field => Some(bytes),
        _ => None,
    };
    fields(message).into_iter().filter_map(bytes).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn attributes(message: &[u8], field: u64) -> BTreeMap<String, String> {
    let pair = |pair: &[u8]| {
        let value = messages(messages(pair, 2)[0], 1)[0];
        (text(messages(pair, 1)[0]), text(value))
    };
    messages(message, field).into_iter().map(pair).collect()
}

fn span(message: &[u8]) -> Span {
    let mut span = Span { attributes: attributes(message, 9), ..Span::default() };
    for field in fields(message) {
        match field {
            (1, Field::Bytes(id)) => span.trace = hex(id),
            (2, Field::Bytes(id)) => span.id = hex(id),
            (4, Field::Bytes(id)) => span.parent = hex(id),
            (5, Field::Bytes(name)) => span.name = text(name),
            (6, Field::Number(kind)) => span.kind = kind,
            (7, Field::Number(time)) => span.from = time,
            (8, Field::Number(time)) => span.to = time,
            _ => {}
        }
    }
    span
}

#[tokio::test]
async fn a_collector_is_told_the_way_of_a_ticket_and_whoever_hears_of_it_goes_on_in_its_trace() {
    let (collector, address) = Collector::open().await;
    let place = Place::new("traces", "[[role]]\nname = \"billing\"\nacceptance = \"auto\"\n");
    let mut ear = Ear::new(&place.uri, &place.prefix).await;
    let environment =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str()), ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret")];
    let mut daemon = place.launch_with(&environment);
    daemon.ready().await;
    let upstream = Upstream::new(&place.uri, &place.prefix, Form::Plain).await;
    upstream.say("agent.registered", json!({ "agent_id": "anna", "roles": ["billing"] })).await;
    upstream.say("agent.presence", json!({ "agent_id": "anna", "status": "online" })).await;

    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let body = json!({ "ticket_id": "T-1", "role": "billing" }).to_string();
    let sampled = traced(&format!("00-{trace}-{parent}-01")).with_message_id("m-1".into());
    let events = place.object("events");
    upstream.publish(&events, "ticket.created", sampled, body.as_bytes()).await;
    let assigned = ear.hear("assignment.assigned", "T-1").await;
    let handed_on = assigned.traceparent().expect("it goes on");

    let names = |spans: &[Span]| {
        let mut names: Vec<_> = spans.iter().map(|span| span.name.clone()).collect();
        names.sort();
        names
    };
    let expected = ["decide", "decode", "journal", "process ticket.created"];
    let is_whole = |spans: &[Span]| {
        expected.iter().all(|name| spans.iter().any(|span| span.name == *name))
            && names(spans).contains(&"publish".to_owned())
    };
    eventually("told", SOON, async || is_whole(&collector.of(trace))).await;
    let spans = collector.of(trace);
    let one = |name: &str| spans.iter().find(|span| span.name == name).expect("it was told").clone();
    let process = one("process ticket.created");
    assert_eq!((process.parent.as_str(), process.kind), (parent, 5), "{process:?}");
    assert_eq!(handed_on, format!("00-{trace}-{}-01", process.id), "who hears of it goes on from there");
    assert_eq!(process.attributes["messaging.message.id"], "m-1");
    assert_eq!(process.attributes["rolecall.outcome"], "accepted");
    for name in ["decode", "decide", "journal"] {
        let step = one(name);
        assert_eq!((&step.parent, step.kind), (&process.id, 1), "{step:?}");
        assert!(process.from <= step.from && step.from <= step.to && step.to <= process.to, "{step:?} of {process:?}");
    }
    let told = spans.iter().filter(|span| span.name == "publish");
    let assigned = told.clone().find(|span| span.attributes["messaging.destination.name"].starts_with("assignment."));
    let assigned = assigned.expect("the assignment was sent");
    assert_eq!((&assigned.parent, assigned.kind), (&process.id, 4), "{assigned:?}");
    assert!(one("journal").to <= assigned.from + 1_000_000, "nothing is sent before it is durable");
    let services = collector.services.lock().expect("nobody panicked").clone();
    assert!(services.iter().all(|service| service == "rolecall/rolecall-1"), "{services:?}");
    assert!(collector.keys.lock().expect("nobody panicked").contains(&"x-key: secret".to_owned()));
    assert!(!daemon.log().contains("secret"), "keys are shown nowhere");

    // Whoever does not want to be recorded is not, and is handed on as it came; an event without a trace begins one.
    let other = format!("00-{}-{parent}-00", trace.replace('4', "5"));
    let body = json!({ "ticket_id": "T-2", "role": "billing" }).to_string();
    upstream.publish(&events, "ticket.created", traced(&other), body.as_bytes()).await;
    let heard = ear.hear("assignment.assigned", "T-2").await;
    assert_eq!(heard.traceparent(), Some(other));
    let presence = |span: &Span| span.name == "process agent.presence" && span.parent.is_empty();
    let all = || collector.spans.lock().expect("nobody panicked").clone();
    eventually("a trace of its own", SOON, async || all().iter().any(presence)).await;
    assert!(collector.of(&trace.replace('4', "5")).is_empty());
    let exported = daemon.metric("rolecall_spans_total{outcome=\"exported\"}").await;
    assert!(exported >= 8, "{exported}");
    assert_eq!(daemon.metric("rolecall_spans_total{outcome=\"dropped\"}").await, 0);
}

#[tokio::test]
async fn a_collector_that_is_not_there_delays_nobody_and_a_wrong_address_is_told() {
    let place = Place::new("no-collector", "[[role]]\nname = \"billing\"\n");
    let mut ear = Ear::new(&place.uri, &place.prefix).await;
    let mut daemon = place.launch_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")]);
    daemon.ready().await;
    let upstream = Upstream::new(&place.uri, &place.prefix, Form::Plain).await;
    upstream.say("ticket.created", json!({ "ticket_id": "T-1", "role": "billing" })).await;
    ear.hear("ticket.unroutable", "T-1").await;
    let dropped = async || daemon.metric("rolecall_spans_total{outcome=\"dropped\"}").await;
    eventually("let go", SOON, async || dropped().await > 0).await;
    assert_eq!(daemon.said("the collector takes no traces").len(), 1);

    let mut refused = place.launch_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]);
    assert_eq!(refused.exit_code(SOON).await, 78);
    assert!(refused.log().contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{}", refused.log());
}
