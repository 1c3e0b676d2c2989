//! `POST /api/v1/events`: events of the contract, one or many, for systems that have no AMQP.
//!
//! A `CloudEvents` envelope, a batch of them, or `data` alone with its attributes in `ce-` headers: the three modes of the
//! HTTP binding of `CloudEvents` 1.0.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::Shared;
use super::authority::Authority;
use super::entry::{self, check_media_type, submit_all, traceparent};
use super::problem::Problem;
use super::submission::{EVENTS_MAX, Letter, Outcome, Receipt};

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
    results: Vec<ResultBody>,
}

/// What became of one event.
#[derive(Debug, Serialize, JsonSchema)]
struct ResultBody {
    /// `accepted`, `duplicate`, `rejected` (could not be done), `unreadable`, or `forbidden`.
    outcome: &'static str,
    /// Its type, where that was understood.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// Its id, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Why not: of `command.rejected`, or of the dead letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// Why not, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Where in the event, as a JSON path.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

impl ResultBody {
    fn of(receipt: Receipt) -> Self {
        let (outcome, code, detail) = match receipt.outcome {
            Outcome::Accepted => ("accepted", None, None),
            Outcome::Duplicate => ("duplicate", None, None),
            Outcome::Rejected { code, detail } => ("rejected", Some(code), Some(detail)),
            Outcome::Unreadable { code, detail } => ("unreadable", Some(code), Some(detail)),
            Outcome::Forbidden { detail } => ("forbidden", Some("forbidden"), Some(detail)),
        };
        let path = detail.as_deref().and_then(entry::json_path);
        Self { outcome, kind: receipt.kind, id: receipt.id, code, detail, path }
    }
}

impl EventsAnswer {
    fn of(receipts: Vec<Receipt>) -> Self {
        let results: Vec<_> = receipts.into_iter().map(ResultBody::of).collect();
        let count = |outcome: &str| results.iter().filter(|result| result.outcome == outcome).count();
        let (accepted, duplicate) = (count("accepted"), count("duplicate"));
        Self { accepted, duplicate, failed: results.len() - accepted - duplicate, results }
    }
}

/// One event is answered by a status of its own; many are answered one by one within the body.
pub(super) async fn post(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    check_media_type(&headers, &[ENVELOPE, BATCH, PLAIN])?;
    let many = is_batch(&headers, &body);
    let letters = if many { batch(&headers, &body)? } else { vec![single(&headers, &body, &author)] };
    let mut receipts = submit_all(&shared, letters, &author).await?;
    if !many {
        let receipt = receipts.pop().expect("one receipt for one event");
        entry::done(receipt.clone())?;
        receipts.push(receipt);
    }
    Ok(Json(EventsAnswer::of(receipts)).into_response())
}

fn is_batch(headers: &HeaderMap, body: &[u8]) -> bool {
    let says_so = headers.get(header::CONTENT_TYPE).is_some_and(|found| found.as_bytes().starts_with(BATCH.as_bytes()));
    says_so || body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
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
        content_type: Some(ENVELOPE.to_owned()),
        kind: String::new(),
        id: None,
        source: String::new(),
        traceparent: traceparent(headers),
    };
    Ok(events.iter().map(letter).collect())
}

/// An envelope, or `data` alone with its attributes in headers.
fn single(headers: &HeaderMap, body: &[u8], author: &Authority) -> Letter {
    let attribute = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let is_bare = headers.contains_key("ce-specversion");
    Letter {
        body: body.to_vec(),
        content_type: (!is_bare).then(|| ENVELOPE.to_owned()),
        kind: attribute("ce-type").unwrap_or_default(),
        id: attribute("ce-id"),
        source: attribute("ce-source").unwrap_or_else(|| entry::source(author)),
        traceparent: traceparent(headers),
    }
}
