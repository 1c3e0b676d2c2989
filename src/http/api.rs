//! `/api/v1`: what is there now, to be read. Everything here needs the owner's token.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::problem::Problem;
use super::read_model::{AgentPage, Overview, RoleView, TicketCard};
use crate::routing::{AgentId, TicketId};

/// Agents on one page where the query says nothing.
const PAGE_DEFAULT: usize = 100;

/// The most agents on one page.
const PAGE_MAX: usize = 1_000;

/// The queues of all roles.
#[derive(Debug, Serialize)]
pub(super) struct Queues {
    queues: Vec<RoleView>,
}

/// Which page of the agents.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    after: Option<AgentId>,
    limit: Option<usize>,
}

pub(super) async fn overview(State(shared): State<Shared>) -> Json<Overview> {
    Json(shared.read_model.overview((shared.clock)()))
}

pub(super) async fn queues(State(shared): State<Shared>) -> Json<Queues> {
    Json(Queues { queues: shared.read_model.roles((shared.clock)()) })
}

pub(super) async fn agents(
    State(shared): State<Shared>,
    query: Result<Query<PageQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<AgentPage>, Problem> {
    let Query(query) = query.map_err(|rejection| bad_request(rejection.body_text()))?;
    let limit = query.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(bad_request(format!("limit: expected a number from 1 to {PAGE_MAX}")));
    }
    Ok(Json(shared.read_model.agents_after(query.after.as_ref(), limit)))
}

pub(super) async fn ticket(State(shared): State<Shared>, Path(id): Path<String>) -> Result<Json<TicketCard>, Problem> {
    let id = TicketId::parse(&id).map_err(|error| bad_request(format!("a ticket's id {error}")))?;
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "unknown_ticket", "no such ticket, or it has ended");
    shared.read_model.ticket(&id).map(Json).ok_or_else(unknown)
}

pub(super) fn bad_request(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_request", detail)
}
