//! `/api/v1`: what is there now, to be read.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::problem::Problem;
use super::query::{self, Parameters};
use super::read_model::{AgentPage, Overview, RoleView};
use crate::routing::AgentId;

/// Entries on one page where the query says nothing.
const PAGE_DEFAULT: usize = 100;

/// The most entries on one page.
pub(super) const PAGE_MAX: usize = 1_000;

/// The queues of all roles.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Queues {
    queues: Vec<RoleView>,
}

/// Which page of the agents.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    /// Those behind this id: `next` of the page before.
    after: Option<AgentId>,
    /// How many at most: 1 to 1000, 100 where nothing is said.
    #[schemars(range(min = 1, max = 1000))]
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
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<AgentPage>, Problem> {
    let limit = page_limit(query.limit)?;
    Ok(Json(shared.read_model.agents_after(query.after.as_ref(), limit)))
}

/// How many entries a page has.
pub(super) fn page_limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked.unwrap_or(PAGE_DEFAULT) {
        limit if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        limit => Err(query::wrong("limit", &format!("a whole number from 1 to {PAGE_MAX}"), &limit.to_string())),
    }
}

pub(super) fn bad_request(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_request", detail)
}
