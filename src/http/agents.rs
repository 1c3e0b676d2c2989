//! `/api/v1/agents`: who they are, whether they are there, what they may do.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;

use super::Shared;
use super::api::bad_request;
use super::authority::{Authority, Forbidden, Right};
use super::endpoint::{JSON, SchemaOf};
use super::entity_tag::{is_known, with_tag};
use super::entry::{self, Done, EventId, insert, members, submit_where};
use super::problem::Problem;
use super::read_model::AgentCard;
use super::registration::{self, Expectation};
use super::schemas;
use super::segment::Named;
use crate::routing::permission::AccessLevel;
use crate::routing::{AgentId, Permission, RoleName};

/// Something that an agent can do: an address, and the event that says it.
pub(super) struct Action {
    pub(super) path: &'static str,
    pub(super) kind: &'static str,
    pub(super) summary: &'static str,
    pub(super) schema: SchemaOf,
}

/// What an agent can do.
pub(super) const ACTIONS: [Action; 3] = [
    Action {
        path: "/v1/agents/{id}/claim",
        kind: "ticket.claimed",
        summary: "Asks for work: the best ticket that the agent may take, or the one named: `ticket.claimed`",
        schema: schemas::ticket_claimed,
    },
    Action {
        path: "/v1/agents/{id}/finish-wrap-up",
        kind: "wrap_up.finished",
        summary: "The agent is ready again before wrap-up ends by itself: `wrap_up.finished`",
        schema: schemas::wrap_up_finished,
    },
    Action {
        path: "/v1/agents/{id}/heartbeat",
        kind: "agent.heartbeat",
        summary: "The agent's desktop is alive: `agent.heartbeat`",
        schema: schemas::agent_heartbeat,
    },
];

/// What became of what was asked for, and the agent as it is now.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AgentDone {
    agent_id: AgentId,
    /// `accepted`, or `duplicate`: it had come before, and changed nothing.
    outcome: &'static str,
    /// The id of the event: the `correlation_id` of what follows from it.
    event_id: String,
    /// The agent; `null` where it is removed, or is not for who asks to see any more.
    agent: Option<AgentCard>,
}

/// What an agent may do, for other systems.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AgentPermissions {
    agent_id: AgentId,
    access: AccessLevel,
    roles: BTreeSet<RoleName>,
    /// Those of its access level and its roles, less what its roles deny.
    permissions: BTreeSet<Permission>,
}

pub(super) fn parse_agent(id: &str) -> Result<AgentId, Problem> {
    AgentId::parse(id).map_err(|error| bad_request(format!("an agent's id {error}")))
}

fn unknown_agent() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown_agent", "there is no such agent")
}

/// An agent sees itself, and learns nothing of others.
fn visible(author: &Authority, agent: &AgentId) -> Result<(), Problem> {
    let sees_all = author.may(Right::AgentsManage) || author.may(Right::ReportsView);
    if sees_all || (author.is(agent) && author.may(Right::WorkReadOwn)) {
        return Ok(());
    }
    Err(entry::forbidden(Forbidden { detail: "this is another agent".to_owned() }))
}

pub(super) async fn read(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Named(id): Named,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let agent = parse_agent(&id)?;
    visible(&author, &agent)?;
    let (shown, tag) = shown(&shared, &agent).ok_or_else(unknown_agent)?;
    let response = if is_known(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, JSON)], shown).into_response()
    };
    Ok(with_tag(response, Some(&tag)))
}

/// An agent as it is shown, and its tag. The registration is asked for first: what is newer than its tag is not overwritten
/// by it.
fn shown(shared: &Shared, agent: &AgentId) -> Option<(Vec<u8>, String)> {
    let profile = shared.read_model.profile(agent)?;
    let record = shared.read_model.agent_record(agent)?;
    let shown = serde_json::to_vec(&record).expect("it is made of names, numbers and times");
    let tag = registration::tag(&profile, &shown);
    Some((shown, tag))
}

pub(super) async fn permissions(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Named(id): Named,
) -> Result<Json<AgentPermissions>, Problem> {
    let agent_id = parse_agent(&id)?;
    visible(&author, &agent_id)?;
    let profile = shared.read_model.profile(&agent_id).ok_or_else(unknown_agent)?;
    let permissions = profile.permissions(&shared.read_model.catalogue());
    let (access, roles) = (profile.access, BTreeSet::clone(&profile.roles));
    Ok(Json(AgentPermissions { agent_id, access, roles, permissions }))
}

/// `agent.registered`: 201 for an agent who was not known.
pub(super) async fn register(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Named(id): Named,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let agent = parse_agent(&id)?;
    let was_known = shared.read_model.agent(&agent).is_some();
    let expected = Expectation::of(&headers, &agent)?;
    let done = act_where(&shared, &author, ("agent.registered", expected), agent.clone(), &headers, &body).await?;
    let status = if was_known { StatusCode::OK } else { StatusCode::CREATED };
    let tag = shown(&shared, &agent).map(|(_, tag)| tag);
    Ok(with_tag((status, Json(done)).into_response(), tag.as_deref()))
}

/// `agent.removed`
pub(super) async fn remove(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Named(id): Named,
    headers: HeaderMap,
) -> Result<Json<AgentDone>, Problem> {
    let agent = parse_agent(&id)?;
    let expected = Expectation::of(&headers, &agent)?;
    act_where(&shared, &author, ("agent.removed", expected), agent, &headers, &Bytes::new()).await.map(Json)
}

/// `agent.presence`
pub(super) async fn set_presence(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Named(id): Named,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<AgentDone>, Problem> {
    let agent = parse_agent(&id)?;
    act(&shared, &author, "agent.presence", agent, &headers, &body).await.map(Json)
}

/// What is said of an agent. Who may say nothing of it learns nothing of it either.
pub(super) async fn act(
    shared: &Shared,
    author: &Authority,
    kind: &str,
    agent: AgentId,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<AgentDone, Problem> {
    act_where(shared, author, (kind, None), agent, headers, body).await
}

/// The same, where that has to hold.
async fn act_where(
    shared: &Shared,
    author: &Authority,
    (kind, expected): (&str, Option<Expectation>),
    agent: AgentId,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<AgentDone, Problem> {
    let id = EventId::of(headers)?;
    let mut members = members(headers, body)?;
    insert(&mut members, "agent_id", agent.as_str())?;
    let done = submit_where(shared, author, kind, (&id, expected), headers, members).await?;
    // A repeat is told so also to whoever may not ask for it any more.
    let told = done == Done::Accepted || visible(author, &agent).is_ok();
    let card = if told { shared.read_model.agent(&agent) } else { None };
    Ok(AgentDone { agent_id: agent, outcome: done.as_str(), event_id: id.id, agent: card })
}
