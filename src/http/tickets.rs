//! `/api/v1/tickets`: to be found, created, and acted upon. What acts builds the event of the same meaning.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::api::{PAGE_MAX, bad_request, page_limit};
use super::authority::{Authority, Forbidden, Right};
use super::endpoint::SchemaOf;
use super::entry::{self, Done, EventId, insert, members, submit};
use super::problem::Problem;
use super::query::Parameters;
use super::read_model::{Stage, TicketCard, TicketFilter, TicketPage};
use super::schemas;
use super::segment::{Named, segment};
use crate::routing::{AgentId, ChannelName, RoleName, TicketId};

/// Something that can be done to a ticket: an address, and the event that says it.
pub(super) struct Action {
    pub(super) path: &'static str,
    pub(super) kind: &'static str,
    pub(super) summary: &'static str,
    pub(super) schema: SchemaOf,
    /// Whether an agent may do it to what it has.
    pub(super) is_own_work: bool,
}

macro_rules! action {
    ($path:literal, $kind:literal, $summary:literal, $schema:ident, $is_own_work:literal) => {
        Action {
            path: concat!("/v1/tickets/{id}/", $path),
            kind: $kind,
            summary: concat!($summary, ": `", $kind, "`"),
            schema: schemas::$schema,
            is_own_work: $is_own_work,
        }
    };
}

/// What can be done to a ticket.
pub(super) const ACTIONS: [Action; 10] = [
    action!("accept", "ticket.accepted", "An agent takes an offer", ticket_accepted, true),
    action!("assign", "ticket.taken", "Gives a ticket to an agent by hand, whatever its limits", ticket_taken, false),
    action!("cancel", "ticket.cancelled", "The customer withdrew", ticket_cancelled, false),
    action!("complete", "ticket.completed", "The work is done", ticket_completed, true),
    action!("decline", "ticket.declined", "An agent refuses an offer", ticket_declined, true),
    action!("pause", "ticket.paused", "The customer is waited for: the slot is free", ticket_paused, true),
    action!("release", "ticket.released", "Back to its queue with its age", ticket_released, true),
    action!("reply", "ticket.replied", "The owner has replied to the customer", ticket_replied, true),
    action!("resume", "ticket.resumed", "The customer is back", ticket_resumed, true),
    action!("transfer", "ticket.transferred", "Hands it over, to a role or to an agent", ticket_transferred, true),
];

/// Which tickets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TicketQuery {
    /// Only those of this role.
    role: Option<RoleName>,
    /// Only those that stand there.
    stage: Option<Stage>,
    /// Only those that arrived so.
    channel: Option<ChannelName>,
    /// Only those that this agent owns or is offered.
    agent: Option<AgentId>,
    /// Those behind this id: `next` of the page before.
    after: Option<TicketId>,
    /// How many at most: 1 to 1000, 100 where nothing is said.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<usize>,
}

/// What became of what was asked for, and the ticket as it is now.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TicketDone {
    ticket_id: TicketId,
    /// `accepted`, or `duplicate`: it had come before, and changed nothing.
    outcome: &'static str,
    /// The id of the event: the `correlation_id` of what follows from it.
    event_id: String,
    /// The ticket; `null` where it has ended, and where a repeat is told of one that is not for its sender to see any more.
    ticket: Option<TicketCard>,
}

pub(super) fn parse_ticket(id: &str) -> Result<TicketId, Problem> {
    TicketId::parse(id).map_err(|error| bad_request(format!("a ticket's id {error}")))
}

/// Those who manage tickets or look at reports see all; an agent sees its own.
pub(super) async fn list(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Parameters(query): Parameters<TicketQuery>,
) -> Result<Json<TicketPage>, Problem> {
    let limit = page_limit(query.limit)?;
    let agent = if sees_all(&author) {
        query.agent
    } else {
        if query.agent.as_ref().is_some_and(|agent| !author.is(agent)) {
            return Err(entry::forbidden(Forbidden { detail: "these are not your tickets".to_owned() }));
        }
        author.agent.clone()
    };
    if !sees_all(&author) && agent.is_none() {
        return Err(entry::forbidden(Forbidden {
            detail: "this token acts for no agent, so it has no tickets".to_owned(),
        }));
    }
    let filter = TicketFilter { role: query.role, stage: query.stage, channel: query.channel, agent };
    // A million tickets are looked at in a tenth of a second: not on a thread that others wait for.
    let page =
        tokio::task::spawn_blocking(move || shared.read_model.tickets_after(query.after.as_ref(), &filter, limit));
    Ok(Json(page.await.expect("looking at tickets does not panic")))
}

pub(super) fn sees_all(author: &Authority) -> bool {
    author.may(Right::TicketsManage) || author.may(Right::ReportsView)
}

/// An agent sees a ticket that it has or is offered, and learns nothing of others.
pub(super) fn visible(shared: &Shared, author: &Authority, id: &TicketId) -> Result<(), Problem> {
    if sees_all(author) {
        return Ok(());
    }
    let card = shared.read_model.ticket(id);
    if card.is_some_and(|card| author.agent.as_ref().is_some_and(|agent| card.is_of(agent))) {
        return Ok(());
    }
    Err(entry::forbidden(Forbidden { detail: "this is not one of your tickets".to_owned() }))
}

pub(super) async fn read(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Named(id): Named,
) -> Result<Json<TicketCard>, Problem> {
    let id = parse_ticket(&id)?;
    visible(&shared, &author, &id)?;
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "unknown_ticket", "no such ticket, or it has ended");
    shared.read_model.ticket(&id).map(Json).ok_or_else(unknown)
}

/// `ticket.created`. Without a `ticket_id` one is made, the same for every repeat with the same `Idempotency-Key`.
pub(super) async fn create(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let id = EventId::of(&headers)?;
    let mut members = members(&headers, &body)?;
    let name = if let Some(named) = members.get("ticket_id") {
        named.as_str().unwrap_or_default().to_owned()
    } else {
        let name = id.name(&author);
        members.insert("ticket_id".to_owned(), name.clone().into());
        name
    };
    let done = submit(&shared, &author, "ticket.created", &id, &headers, members).await?;
    let ticket = parse_ticket(&name)?;
    let location = format!("/api/v1/tickets/{}", segment(ticket.as_str()));
    let status = if done == Done::Accepted { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = (status, Json(answer(&shared, &author, ticket, done, id))).into_response();
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `ticket.updated`: any of the members of a ticket, its priority among them.
pub(super) async fn update(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Named(ticket): Named,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<TicketDone>, Problem> {
    act(&shared, &author, "ticket.updated", &ticket, &headers, &body).await
}

/// What is said of a ticket: one of [`ACTIONS`], among others.
pub(super) async fn act(
    shared: &Shared,
    author: &Authority,
    kind: &str,
    ticket: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Json<TicketDone>, Problem> {
    let ticket = parse_ticket(ticket)?;
    let id = EventId::of(headers)?;
    let mut members = members(headers, body)?;
    insert(&mut members, "ticket_id", ticket.as_str())?;
    complete(&mut members, kind, author);
    let done = submit(shared, author, kind, &id, headers, members).await?;
    Ok(Json(answer(shared, author, ticket, done, id)))
}

/// What goes without saying: an agent speaks of itself, and a hand-over says who handed over.
fn complete(members: &mut serde_json::Map<String, serde_json::Value>, kind: &str, author: &Authority) {
    if kind == "ticket.transferred" && !members.contains_key("by") {
        members.insert("by".to_owned(), author.name().into());
    }
    if let Some(agent) = &author.agent
        && ["ticket.accepted", "ticket.declined", "ticket.completed", "ticket.released", "ticket.replied"]
            .contains(&kind)
        && !author.may(Right::TicketsManage)
        && !members.contains_key("agent_id")
    {
        members.insert("agent_id".to_owned(), agent.as_str().into());
    }
}

fn answer(shared: &Shared, author: &Authority, ticket_id: TicketId, done: Done, id: EventId) -> TicketDone {
    let told = done == Done::Accepted || visible(shared, author, &ticket_id).is_ok();
    let ticket = if told { shared.read_model.ticket(&ticket_id) } else { None };
    TicketDone { ticket_id, outcome: done.as_str(), event_id: id.id, ticket }
}

// The comment on the limit says the number.
const _: () = assert!(PAGE_MAX == 1_000);
