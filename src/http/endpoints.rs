//! Every address of the API, with what goes in and what comes out.

mod catalogue;

use axum::Extension;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use super::Shared;
use super::agents::{AgentDone, AgentPermissions};
use super::api::{PageQuery, Queues};
use super::audit::{AuditPage, AuditQuery};
use super::authority::{Authority, Right};
use super::endpoint::{Endpoint, Needs, SchemaOf, Verb};
use super::events::EventsAnswer;
use super::explanation::{ExplanationBody, ExplanationQuery};
use super::fate::EventFate;
use super::read_model::{AgentPage, AgentRecord, Overview, TicketCard, TicketPage};
use super::reports::{HistoryBody, ReportBody, ReportQuery};
use super::segment::Named;
use super::sessions::{NewSession, SessionBody};
use super::tickets::{TicketDone, TicketQuery};
use super::tokens::{MadeToken, Me, NewToken, TokenBody, TokenList};
use super::{
    agents, api, audit, backup, events, explanation, hooks, openapi, reports, schemas, sessions, stream, tickets,
    tokens,
};

const SEE_ALL: Needs = Needs::OneOf(&[Right::ReportsView]);
const SEE_AGENTS: Needs = Needs::OneOf(&[Right::AgentsManage, Right::ReportsView]);
const SEE_OWN_AGENT: Needs = Needs::OneOf(&[Right::AgentsManage, Right::ReportsView, Right::WorkReadOwn]);
const SEE_TICKETS: Needs = Needs::OneOf(&[Right::TicketsManage, Right::ReportsView, Right::WorkReadOwn]);
const MANAGE_TICKETS: Needs = Needs::OneOf(&[Right::TicketsManage]);
const MANAGE_AGENTS: Needs = Needs::OneOf(&[Right::AgentsManage]);
const WORK: Needs = Needs::OneOf(&[Right::TicketsManage, Right::WorkDoOwn]);
const BE_PRESENT: Needs = Needs::OneOf(&[Right::AgentsManage, Right::PresenceSetOwn]);

const OK: StatusCode = StatusCode::OK;
const CREATED: StatusCode = StatusCode::CREATED;
const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;

/// What may be wrong with a body before it is read.
const BODY_PROBLEMS: [StatusCode; 2] = [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE];

/// All of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    [views(), of_events(), of_tickets(), of_agents(), of_access(), catalogue::endpoints()].concat()
}

fn views() -> Vec<Endpoint> {
    use Verb::Get;
    vec![
        Endpoint::new(Get, "/v1/overview", SEE_ALL, "Everything that the wallboard shows", api::overview)
            .gives::<Overview>(OK, "as of now"),
        Endpoint::new(Get, "/v1/queues", SEE_ALL, "Each role: who waits, who is there, how the day went", api::queues)
            .gives::<Queues>(OK, "the queues of all roles"),
        Endpoint::new(Get, "/v1/stream", SEE_ALL, "What changes, as server-sent events", stream::stream)
            .gives_plain(OK, "text/event-stream", "a `snapshot`, then a `change` whenever something did")
            .fails(&[StatusCode::SERVICE_UNAVAILABLE]),
        Endpoint::new(
            Get,
            "/v1/reports",
            SEE_ALL,
            "How a period went: volume, waits, service level, handle time, occupancy",
            reports::report,
        )
        .query::<ReportQuery>()
        .gives::<ReportBody>(OK, "the sums, as JSON or with `format=csv` as a table")
        .or_gives("text/csv")
        .fails(&[StatusCode::SERVICE_UNAVAILABLE]),
        Endpoint::new(Get, "/v1/openapi.json", Needs::Token, "This document", openapi::openapi).gives_plain(
            OK,
            "application/json",
            "OpenAPI 3.1",
        ),
    ]
}

fn of_events() -> Vec<Endpoint> {
    let event = |media_type| (media_type, schemas::event as SchemaOf);
    let mut post = Endpoint::new(
        Verb::Post,
        "/v1/events",
        Needs::Token,
        "Inbound events, one or many, for systems that have no AMQP",
        events::post,
    )
    .gives::<EventsAnswer>(OK, "what became of each event, once it is durable")
    .idempotent()
    .fails(&[StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE]);
    for (media_type, schema) in [event("application/cloudevents+json"), event("application/json")] {
        post = post.takes_as(media_type, schema, false);
    }
    let hook = Endpoint::new(
        Verb::Post,
        "/v1/hooks/{name}",
        Needs::Nothing,
        "What another system sends in words of its own, signed: read by the mapping `[hook.NAME]` of the configuration",
        hooks::post,
    )
    .takes_as("application/json", schemas::anything, false)
    .gives::<EventFate>(OK, "what became of it, once it is durable; what can never be done is told so too")
    .fails(&[NOT_FOUND, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNPROCESSABLE_ENTITY])
    .fails(&[StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT]);
    vec![post.takes_as("application/cloudevents-batch+json", schemas::events, false), hook]
}

fn of_tickets() -> Vec<Endpoint> {
    let mut all = vec![
        Endpoint::new(Verb::Get, "/v1/tickets", SEE_TICKETS, "Tickets by id, a page at a time", tickets::list)
            .query::<TicketQuery>()
            .gives::<TicketPage>(OK, "some of the tickets that have not ended"),
        Endpoint::new(Verb::Post, "/v1/tickets", MANAGE_TICKETS, "A new ticket: `ticket.created`", tickets::create)
            .takes_as("application/json", schemas::ticket_created, false)
            .gives::<TicketDone>(CREATED, "it is new; `Location` says where it is")
            .gives::<TicketDone>(OK, "it was known, and nothing is changed")
            .idempotent()
            .audited()
            .fails(&[StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE]),
        Endpoint::new(Verb::Get, "/v1/tickets/{id}", SEE_TICKETS, "One ticket that has not ended", tickets::read)
            .gives::<TicketCard>(OK, "the ticket")
            .fails(&[NOT_FOUND]),
        Endpoint::new(
            Verb::Patch,
            "/v1/tickets/{id}",
            MANAGE_TICKETS,
            "Changes what is said of a ticket, its priority for instance: `ticket.updated`",
            tickets::update,
        )
        .takes_as("application/json", schemas::ticket_updated, false)
        .gives::<TicketDone>(OK, "it is changed")
        .idempotent()
        .audited()
        .fails(&[StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE]),
        Endpoint::new(
            Verb::Get,
            "/v1/tickets/{id}/explanation",
            SEE_TICKETS,
            "Why a ticket is where it is",
            explanation::explanation,
        )
        .query::<ExplanationQuery>()
        .gives::<ExplanationBody>(OK, "the explanation")
        .fails(&[NOT_FOUND, StatusCode::SERVICE_UNAVAILABLE]),
    ];
    all.push(
        Endpoint::new(
            Verb::Get,
            "/v1/tickets/{id}/history",
            SEE_TICKETS,
            "Who owned a ticket, ended or not",
            reports::history,
        )
        .gives::<HistoryBody>(OK, "its owners, oldest first")
        .fails(&[NOT_FOUND, StatusCode::SERVICE_UNAVAILABLE]),
    );
    all.extend(tickets::ACTIONS.iter().map(ticket_action));
    all
}

fn ticket_action(action: &tickets::Action) -> Endpoint {
    let kind = action.kind;
    let handler =
        move |State(shared): State<Shared>,
              Extension(author): Extension<Authority>,
              Named(id): Named,
              headers: HeaderMap,
              body: Bytes| async move { tickets::act(&shared, &author, kind, &id, &headers, &body).await };
    let needs = if action.is_own_work { WORK } else { MANAGE_TICKETS };
    Endpoint::new(Verb::Post, action.path, needs, action.summary, handler)
        .takes_as("application/json", action.schema, true)
        .gives::<TicketDone>(OK, "it is done, or had been done")
        .idempotent()
        .audited()
        .fails(&[StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE])
}

fn of_agents() -> Vec<Endpoint> {
    let body_problems = [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE];
    let mut all = vec![
        Endpoint::new(Verb::Get, "/v1/agents", SEE_AGENTS, "Agents by id, a page at a time", api::agents)
            .query::<PageQuery>()
            .gives::<AgentPage>(OK, "some of the agents"),
        Endpoint::new(Verb::Get, "/v1/agents/{id}", SEE_OWN_AGENT, "One agent, and how it is registered", agents::read)
            .gives::<AgentRecord>(OK, "the agent, and its `ETag`")
            .gives_nothing(StatusCode::NOT_MODIFIED, "it is as `If-None-Match` says")
            .fails(&[NOT_FOUND]),
        Endpoint::new(
            Verb::Put,
            "/v1/agents/{id}",
            MANAGE_AGENTS,
            "Registers an agent, or replaces what is known of it: `agent.registered`",
            agents::register,
        )
        .takes_as("application/json", schemas::agent_registered, false)
        .gives::<AgentDone>(CREATED, "it was not known")
        .gives::<AgentDone>(OK, "it was known, and is known anew")
        .idempotent()
        .audited()
        .fails(&body_problems)
        .fails(&[StatusCode::PRECONDITION_FAILED]),
        Endpoint::new(
            Verb::Delete,
            "/v1/agents/{id}",
            MANAGE_AGENTS,
            "Removes an agent; its tickets are routed again: `agent.removed`",
            agents::remove,
        )
        .gives::<AgentDone>(OK, "it is gone")
        .idempotent()
        .audited()
        .fails(&[StatusCode::PRECONDITION_FAILED]),
        Endpoint::new(
            Verb::Put,
            "/v1/agents/{id}/presence",
            BE_PRESENT,
            "Says whether an agent is there, and on which channels: `agent.presence`",
            agents::set_presence,
        )
        .takes_as("application/json", schemas::agent_presence, false)
        .gives::<AgentDone>(OK, "it is known")
        .idempotent()
        .audited()
        .fails(&body_problems),
        Endpoint::new(
            Verb::Get,
            "/v1/agents/{id}/permissions",
            SEE_OWN_AGENT,
            "What an agent may do by its access level and its roles, for other systems",
            agents::permissions,
        )
        .gives::<AgentPermissions>(OK, "its permissions")
        .fails(&[NOT_FOUND]),
    ];
    all.extend(agents::ACTIONS.iter().map(agent_action));
    all
}

fn agent_action(action: &agents::Action) -> Endpoint {
    let kind = action.kind;
    let handler = move |State(shared): State<Shared>,
                        Extension(author): Extension<Authority>,
                        Named(id): Named,
                        headers: HeaderMap,
                        body: Bytes| async move {
        let agent = agents::parse_agent(&id)?;
        agents::act(&shared, &author, kind, agent, &headers, &body).await.map(Json)
    };
    let is_heartbeat = kind == "agent.heartbeat";
    let needs = if is_heartbeat { BE_PRESENT } else { WORK };
    let endpoint = Endpoint::new(Verb::Post, action.path, needs, action.summary, handler)
        .takes_as("application/json", action.schema, true)
        .gives::<AgentDone>(OK, "it is done, or had been done")
        .idempotent()
        .fails(&[StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE]);
    // That a desktop is alive is no deed.
    if is_heartbeat { endpoint } else { endpoint.audited() }
}

fn of_access() -> Vec<Endpoint> {
    const MANAGE_TOKENS: Needs = Needs::OneOf(&[Right::TokensManage]);
    const SEE_AUDIT: Needs = Needs::OneOf(&[Right::AuditView]);
    vec![
        Endpoint::new(Verb::Get, "/v1/me", Needs::Token, "As whom one has come in", tokens::me)
            .gives::<Me>(OK, "whoever shows the token"),
        Endpoint::new(Verb::Get, "/v1/sessions", Needs::Token, "As whom one is logged in", sessions::current)
            .gives::<SessionBody>(OK, "whoever shows the token, or is logged in"),
        Endpoint::new(Verb::Post, "/v1/sessions", Needs::Nothing, "Logs a browser in with a token", sessions::begin)
            .takes::<NewSession>()
            .gives::<SessionBody>(CREATED, "logged in, by the cookie that is set")
            .fails(&BODY_PROBLEMS)
            .fails(&[StatusCode::UNPROCESSABLE_ENTITY, StatusCode::SERVICE_UNAVAILABLE]),
        Endpoint::new(Verb::Delete, "/v1/sessions", Needs::Token, "Logs out", sessions::end)
            .gives_nothing(StatusCode::NO_CONTENT, "nobody is logged in by this cookie any more")
            .audited(),
        Endpoint::new(Verb::Get, "/v1/tokens", MANAGE_TOKENS, "All tokens, without their secrets", tokens::list)
            .gives::<TokenList>(OK, "all that were ever made"),
        Endpoint::new(Verb::Post, "/v1/tokens", MANAGE_TOKENS, "Makes a token, and shows it once", tokens::make)
            .takes::<NewToken>()
            .gives::<MadeToken>(CREATED, "the token, which is not shown again")
            .audited()
            .fails(&[
                StatusCode::CONFLICT,
                StatusCode::PAYLOAD_TOO_LARGE,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                StatusCode::UNPROCESSABLE_ENTITY,
            ]),
        Endpoint::new(Verb::Delete, "/v1/tokens/{id}", MANAGE_TOKENS, "Revokes a token", tokens::revoke)
            .gives::<TokenBody>(OK, "it is revoked")
            .audited()
            .fails(&[NOT_FOUND]),
        Endpoint::new(Verb::Get, "/v1/audit", SEE_AUDIT, "Who did what; that somebody looked is in it", audit::read)
            .query::<AuditQuery>()
            .gives::<AuditPage>(OK, "the newest first")
            .audited(),
        Endpoint::new(
            Verb::Get,
            "/v1/backup",
            Needs::OneOf(&[Right::JournalBackup]),
            "A copy of all that is kept, made while the daemon works",
            backup::backup,
        )
        .gives_plain(OK, backup::MEDIA_TYPE, "for `rolecall journal restore`; one without its end is none")
        .audited(),
    ]
}
