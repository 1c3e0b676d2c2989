//! `POST /api/v1/events`: events of `docs/events.md`, one or many, for systems that have no AMQP.
//!
//! A `CloudEvents` envelope, a batch of them, or `data` alone with its attributes in `ce-` headers: the three modes of the
//! HTTP binding of `CloudEvents` 1.0.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Shared;
use super::audit::{self, Note};
use super::authority::Authority;
use super::entry::{self, check_media_type, submit_all, traceparent};
use super::fate::EventFate;
use super::problem::Problem;
use super::submission::{EVENTS_MAX, Letter, Receipt};
use crate::records::audit::Deed;
use crate::wire::{self, Form};

const ENVELOPE: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";
const PLAIN: &str = "application/json";

/// What became of each event, in their order.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct EventsAnswer {
    /// How many were done.
    accepted: usize,
    /// How many had come before.
    duplicate: usize,
    /// How many could not be done or read, or are not for this sender to ask for.
    failed: usize,
    results: Vec<EventFate>,
}

impl EventsAnswer {
    fn counts(&self) -> Value {
        json!({ "accepted": self.accepted, "duplicate": self.duplicate, "failed": self.failed })
    }

    fn of(receipts: Vec<Receipt>) -> Self {
        let results: Vec<_> = receipts.into_iter().map(EventFate::of).collect();
        let count = |outcome: &str| results.iter().filter(|result| result.outcome == outcome).count();
        let (accepted, duplicate) = (count("accepted"), count("duplicate"));
        Self { accepted, duplicate, failed: results.len() - accepted - duplicate, results }
    }
}

/// One event is answered by a status of its own; many are answered one by one within the body.
pub(super) async fn post(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    address: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    check_media_type(&headers, &[ENVELOPE, BATCH, PLAIN])?;
    let many = is_batch(&headers, &body);
    let letters = if many { batch(&headers, &body)? } else { vec![single(&headers, &body, &author)] };
    let told = Told::of(&letters);
    if told.is_only_heartbeats() {
        return answer(submit_all(&shared, letters, &author).await?, many);
    }
    let deed = Deed {
        who: author.subject.clone(),
        token: author.token.clone(),
        from: audit::origin(address.map(|Extension(ConnectInfo(address))| address)),
        what: "POST /api/v1/events".to_owned(),
        asked: serde_json::to_value(&told).ok(),
        ..Deed::default()
    };
    let begun = audit::Begun::write(&shared, deed).await?;
    let receipts = submit_all(&shared, letters, &author).await;
    let after = receipts.as_ref().ok().map(|receipts| EventsAnswer::of(receipts.clone()).counts());
    let answered = receipts.and_then(|receipts| answer(receipts, many));
    let status = answered.as_ref().map_or_else(Problem::status, Response::status);
    begun.end(&shared, status, Note { before: None, after }).await;
    answered
}

fn answer(mut receipts: Vec<Receipt>, many: bool) -> Result<Response, Problem> {
    if !many {
        let receipt = receipts.pop().expect("one receipt for one event");
        entry::done(receipt.clone())?;
        receipts.push(receipt);
    }
    Ok(Json(EventsAnswer::of(receipts)).into_response())
}

/// The longest type or id that the audit log has; the rest is cut off.
const TOLD_LENGTH_MAX: usize = 128;

/// What the audit log says of events: their bodies are in the journal.
#[derive(Debug, Serialize)]
struct Told {
    /// How many.
    events: usize,
    /// How many of each type.
    types: BTreeMap<String, usize>,
    /// Their ids, of those that have one.
    ids: Vec<String>,
}

impl Told {
    /// Of at most [`EVENTS_MAX`], by the reader of whoever decides them: what is told is what is done.
    fn of(letters: &[Letter]) -> Self {
        let mut told = Self { events: letters.len(), types: BTreeMap::new(), ids: Vec::new() };
        for letter in letters {
            let raw = letter.raw();
            let heading = wire::heading(&raw).ok().filter(|heading| !heading.kind.is_empty());
            let kind = heading.as_ref().map_or("unreadable", |heading| &*heading.kind);
            *told.types.entry(cut(kind)).or_default() += 1;
            told.ids.extend(heading.and_then(|heading| heading.id).map(|id| cut(&id)));
        }
        told
    }

    /// That a desktop is alive is no deed.
    fn is_only_heartbeats(&self) -> bool {
        self.types.keys().all(|kind| kind == "agent.heartbeat")
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(TOLD_LENGTH_MAX)].to_owned()
}

/// Whether the header `Content-Type` begins so.
fn says(headers: &HeaderMap, media_type: &str) -> bool {
    let found = headers.get(header::CONTENT_TYPE).and_then(|found| found.to_str().ok()).unwrap_or_default();
    found.get(..media_type.len()).is_some_and(|start| start.eq_ignore_ascii_case(media_type))
}

fn is_batch(headers: &HeaderMap, body: &[u8]) -> bool {
    says(headers, BATCH) || body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}

fn batch(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Letter>, Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "bad_json", detail).at("$");
    let events: Vec<&RawValue> =
        serde_json::from_slice(body).map_err(|error| bad(format!("expected a list of events: {error}")))?;
    if events.is_empty() || events.len() > EVENTS_MAX {
        return Err(bad(format!("expected 1 to {EVENTS_MAX} events, found {}", events.len())));
    }
    let letter = |event: &&RawValue| Letter {
        body: event.get().as_bytes().to_vec(),
        form: Form::Enveloped,
        kind: String::new(),
        id: None,
        source: String::new(),
        traceparent: traceparent(headers),
        request: None,
    };
    Ok(events.iter().map(letter).collect())
}

/// An envelope, or `data` alone with its attributes in headers; never both, whatever is in the body.
fn single(headers: &HeaderMap, body: &[u8], author: &Authority) -> Letter {
    let attribute = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let is_bare = headers.contains_key("ce-specversion") && !says(headers, ENVELOPE);
    Letter {
        body: body.to_vec(),
        form: if is_bare { Form::Plain } else { Form::Enveloped },
        kind: attribute("ce-type").unwrap_or_default(),
        id: attribute("ce-id"),
        source: attribute("ce-source").unwrap_or_else(|| author.source.clone()),
        traceparent: traceparent(headers),
        request: None,
    }
}
