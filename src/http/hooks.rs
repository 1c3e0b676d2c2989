//! `POST /api/v1/hooks/{name}`: what other systems say in words of their own, read by the mapping of the configuration.
//!
//! What comes in is believed for its signature alone: nobody logs in here. Then it is mapped, and goes the way of
//! `POST /api/v1/events`, as the sender `hook:NAME`, who may do what its mapping can ask for and no more. What can never be
//! done is answered with 200: a helpdesk that is told of an error sends the same again, and in the end nothing more.

mod door;
mod signature;

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::Shared;
use super::audit::{self, Note};
use super::entry::{self, submit_all, traceparent};
use super::fate::EventFate;
use super::problem::Problem;
use super::router::BODY_MAX_BYTES;
use super::segment::Named;
use super::submission::{Letter, Outcome, Receipt};
use crate::mapping::{Mapped, Payload};
use crate::records::audit::Deed;
use crate::telemetry::occurrence::{HookDealtWith, HookLeftOut, HookOutcome, HookRefused};
use crate::wire::Form;

pub use door::{Doors, HookError, OpenDoors};

use door::Door;
use signature::NotShown;

pub(super) async fn post(
    State(shared): State<Shared>,
    address: Option<Extension<ConnectInfo<SocketAddr>>>,
    Named(name): Named,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<EventFate>, Problem> {
    let Some(door) = shared.doors.find(&name) else {
        let detail = "there is no such hook: look at [hook.NAME] of the configuration, which needs a `secret_file`";
        return Err(Problem::new(StatusCode::NOT_FOUND, "unknown_hook", detail));
    };
    // Not before it is known that there is somebody for whom it could be.
    let body = entry::whole(body, BODY_MAX_BYTES).await?;
    if let Err(why) = door.verify(&headers, &body, (shared.clock)()) {
        HookRefused { hook: &name, why: why.code() }.emit();
        return Err(refusal(&why));
    }
    let count = |outcome| HookDealtWith { hook: &name, outcome }.emit();
    let read = entry::json(&body).map_err(|problem| {
        count(HookOutcome::Unreadable);
        problem.at("$")
    })?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Some(mapped) = door.mapping.map(&Payload { bytes: &body, body: &read, header: &header }) else {
        count(HookOutcome::Ignored);
        return Ok(Json(EventFate::IGNORED));
    };
    let address = address.map(|Extension(ConnectInfo(address))| address);
    let answered = hand_over(&shared, &door, mapped, address, &headers).await;
    let outcome = answered.as_ref().map_or_else(|(outcome, _)| *outcome, |answer| outcome_of(answer.outcome));
    if let Some(outcome) = outcome {
        count(outcome);
    }
    answered.map(Json).map_err(|(_, problem)| *problem)
}

fn outcome_of(word: &str) -> Option<HookOutcome> {
    HookOutcome::ALL.into_iter().find(|outcome| outcome.as_str() == word)
}

fn refusal(why: &NotShown) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, why.code(), why.to_string())
}

/// What it was in the end, where that is known, and what is said of it.
type NotDone = (Option<HookOutcome>, Box<Problem>);

/// Has the event decided, and writes down who asked for it.
async fn hand_over(
    shared: &Shared,
    door: &Door,
    mapped: Mapped,
    address: Option<SocketAddr>,
    headers: &HeaderMap,
) -> Result<EventFate, NotDone> {
    let Mapped { kind, id, data, left_out, rule } = mapped;
    HookLeftOut { hook: &door.name, members: left_out.iter().map(|note| &*note.path) }.emit();
    let left_out = left_out.sentences();
    let about = data.get("ticket_id").or_else(|| data.get("agent_id")).cloned();
    let letter = Letter {
        body: serde_json::to_vec(&Value::Object(data)).expect("JSON has string keys"),
        form: Form::Plain,
        kind: kind.as_str().to_owned(),
        id: Some(id.clone()),
        source: door.author.source.clone(),
        traceparent: traceparent(headers),
        request: None,
    };
    let deed = Deed {
        who: door.author.subject.clone(),
        from: audit::origin(address),
        what: format!("POST /api/v1/hooks/{}", door.name),
        asked: Some(json!({ "type": kind.as_str(), "id": id, "about": about })),
        ..Deed::default()
    };
    let unknown = |problem| (None, Box::new(problem));
    // That a desktop is alive is no deed.
    let is_deed = kind != crate::wire::EventKind::AgentHeartbeat;
    let begun = if is_deed { Some(audit::Begun::write(shared, deed).await.map_err(unknown)?) } else { None };
    let submitted = submit_all(shared, vec![letter], &door.author).await.map_err(unknown);
    let answered = submitted.and_then(|mut receipts| {
        let receipt = receipts.pop().expect("one receipt for one event");
        answer(receipt).map_err(|problem| (Some(HookOutcome::Unreadable), Box::new(problem)))
    });
    let answered = answered.map_err(|(outcome, problem)| {
        let place = format!("[hook.{}], event {} of its mapping ({kind})", door.name, rule + 1);
        (outcome, if outcome.is_some() { Box::new(problem.within(&place).besides(&left_out)) } else { problem })
    });
    if let Some(begun) = begun {
        let status = answered.as_ref().map_or_else(|(_, problem)| problem.status(), |_| StatusCode::OK);
        let after = answered.as_ref().ok().map(|answer| json!({ "outcome": answer.outcome }));
        begun.end(shared, status, Note { before: None, after }).await;
    }
    answered.map(|answer| answer.without(left_out))
}

/// What can never be done is told as what was done is; what can't be read, or may not be asked for, is not.
fn answer(receipt: Receipt) -> Result<EventFate, Problem> {
    if !matches!(receipt.outcome, Outcome::Rejected { .. }) {
        entry::done(receipt.clone())?;
    }
    Ok(EventFate::of(receipt))
}
