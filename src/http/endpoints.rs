//! Every address of the API, with what goes in and what comes out.

use axum::Extension;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};

use super::Shared;
use super::agents::{AgentDone, AgentPermissions};
use super::api::{PageQuery, Queues};
use super::audit::{AuditPage, AuditQuery};
use super::authority::{Authority, Right};
use super::catalogue::{CatalogueDone, EditQuery, Entries, FormatQuery, RemovalQuery, RuleQuery};
use super::dry_run::DryRun;
use super::endpoint::{Endpoint, JSON, Needs, Verb};
use super::events::EventsAnswer;
use super::explanation::{ExplanationBody, ExplanationQuery};
use super::read_model::{AgentPage, AgentRecord, Overview, TicketCard, TicketPage};
use super::reports::{HistoryBody, ReportBody, ReportQuery};
use super::tickets::{TicketDone, TicketQuery};
use super::tokens::{MadeToken, Me, NewToken, TokenBody, TokenList};
use super::{
    agents, api, audit, catalogue, dry_run, events, explanation, openapi, reports, schemas, stream, tickets, tokens,
};
use crate::config::Kind;

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

/// All of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    [views(), of_events(), of_tickets(), of_agents(), of_access(), of_catalogue()].concat()
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
        .gives::<ReportBody>(OK, "the sums; with `format=csv` as `text/csv`")
        .fails(&[StatusCode::SERVICE_UNAVAILABLE]),
        Endpoint::new(Get, "/v1/openapi.json", Needs::Token, "This document", openapi::openapi).gives_plain(
            OK,
            "application/json",
            "OpenAPI 3.1",
        ),
    ]
}

fn of_events() -> Vec<Endpoint> {
    let event = |media_type| (media_type, schemas::event as super::endpoint::SchemaOf);
    let mut post = Endpoint::new(
        Verb::Post,
        "/v1/events",
        Needs::Token,
        "Events of the contract, one or many, for systems that have no AMQP",
        events::post,
    )
    .gives::<EventsAnswer>(OK, "what became of each event, once it is durable")
    .idempotent()
    .fails(&[StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE]);
    for (media_type, schema) in [event("application/cloudevents+json"), event("application/json")] {
        post = post.takes_as(media_type, schema, false);
    }
    vec![post.takes_as("application/cloudevents-batch+json", schemas::events, false)]
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
              Path(id): Path<String>,
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
            .gives::<AgentRecord>(OK, "the agent")
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
        .fails(&body_problems),
        Endpoint::new(
            Verb::Delete,
            "/v1/agents/{id}",
            MANAGE_AGENTS,
            "Removes an agent; its tickets are routed again: `agent.removed`",
            agents::remove,
        )
        .gives::<AgentDone>(OK, "it is gone")
        .idempotent()
        .audited(),
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
                        Path(id): Path<String>,
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
    ]
}

fn of_catalogue() -> Vec<Endpoint> {
    const SEE: Needs = Needs::OneOf(&[Right::RolesManage, Right::RulesManage, Right::ReportsView]);
    let mut all = vec![
        Endpoint::new(
            Verb::Get,
            "/v1/catalogue",
            SEE,
            "The whole role structure, for programs or for people",
            catalogue::whole,
        )
        .query::<FormatQuery>()
        .gives_plain(OK, JSON, "as JSON, or with `format` as `application/toml` or `text/markdown`"),
        Endpoint::new(
            Verb::Post,
            "/v1/rules/dry-run",
            Needs::OneOf(&[Right::RulesManage, Right::TicketsManage]),
            "Which role would this ticket get, and by which rule?",
            dry_run::dry_run,
        )
        .takes_as(JSON, schemas::ticket_created, true)
        .gives::<DryRun>(OK, "what it would demand if it came now")
        .fails(&BODY_PROBLEMS)
        .fails(&[StatusCode::SERVICE_UNAVAILABLE, StatusCode::UNPROCESSABLE_ENTITY]),
    ];
    for kind in [Kind::Role, Kind::Rule, Kind::Channel] {
        all.extend(entries_of(kind, SEE));
    }
    all
}

/// What a change of the catalogue may end in.
const CHANGE_PROBLEMS: [StatusCode; 7] = [
    NOT_FOUND,
    StatusCode::CONFLICT,
    StatusCode::PRECONDITION_FAILED,
    StatusCode::UNPROCESSABLE_ENTITY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
];

/// What may be wrong with a body before it is read.
const BODY_PROBLEMS: [StatusCode; 2] = [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::UNSUPPORTED_MEDIA_TYPE];

fn entries_of(kind: Kind, see: Needs) -> Vec<Endpoint> {
    let manage = match kind {
        Kind::Role | Kind::Channel => Needs::OneOf(&[Right::RolesManage]),
        Kind::Rule => Needs::OneOf(&[Right::RulesManage]),
    };
    let (all, one, what) = match kind {
        Kind::Role => ("/v1/roles", "/v1/roles/{id}", "role"),
        Kind::Rule => ("/v1/rules", "/v1/rules/{id}", "rule"),
        Kind::Channel => ("/v1/channels", "/v1/channels/{id}", "channel"),
    };
    let list = move |State(shared): State<Shared>| async move { catalogue::list(&shared, kind) };
    let read = move |State(shared): State<Shared>, Path(name): Path<String>, headers: HeaderMap| async move {
        catalogue::read(&shared, &headers, kind, &name)
    };
    let mut endpoints = vec![
        Endpoint::new(Verb::Get, all, see, of_kind("All of the kind", what), list).gives::<Entries>(OK, "all of them"),
        Endpoint::new(Verb::Get, one, see, of_kind("One", what), read)
            .gives_plain(OK, JSON, "its members by the names of the configuration file, and its `ETag`")
            .gives_nothing(StatusCode::NOT_MODIFIED, "it is as `If-None-Match` says")
            .fails(&[NOT_FOUND]),
    ];
    endpoints.extend(match kind {
        Kind::Rule => changes_of_rules(all, one, manage),
        Kind::Role | Kind::Channel => changes(all, one, what, manage, kind),
    });
    endpoints.push(match kind {
        Kind::Role => removal_of_roles(one, manage),
        Kind::Rule | Kind::Channel => removal(one, what, manage, kind),
    });
    if kind == Kind::Role {
        endpoints.push(
            changing(Endpoint::new(
                Verb::Post,
                "/v1/roles/{id}/clone",
                manage,
                "A new role like another",
                catalogue::clone_role,
            ))
            .takes_as(JSON, schemas::copy, false)
            .gives::<CatalogueDone>(CREATED, "it is in force"),
        );
    }
    endpoints
}

/// `role: One`
fn of_kind(summary: &'static str, what: &'static str) -> &'static str {
    match (summary, what) {
        ("One", "role") => "One role",
        ("One", "rule") => "One rule",
        ("One", _) => "One channel",
        (_, "role") => "All roles",
        (_, "rule") => "All rules, in the order in which they are tried",
        (_, _) => "All channels",
    }
}

fn changing(endpoint: Endpoint) -> Endpoint {
    endpoint.fails(&CHANGE_PROBLEMS).fails(&BODY_PROBLEMS).audited()
}

fn changes(all: &'static str, one: &'static str, what: &'static str, manage: Needs, kind: Kind) -> Vec<Endpoint> {
    let create = move |State(shared): State<Shared>,
                       Extension(author): Extension<Authority>,
                       query: Result<Query<EditQuery>, QueryRejection>,
                       headers: HeaderMap,
                       body: Bytes| async move {
        let dry_run = EditQuery::parse(query)?;
        catalogue::create(shared, author, headers, body, kind, dry_run, None).await
    };
    let put = move |State(shared): State<Shared>,
                    Extension(author): Extension<Authority>,
                    Path(name): Path<String>,
                    query: Result<Query<EditQuery>, QueryRejection>,
                    headers: HeaderMap,
                    body: Bytes| async move {
        let dry_run = EditQuery::parse(query)?;
        catalogue::put(shared, author, headers, body, kind, name, dry_run, None).await
    };
    let (creates, puts) = match what {
        "role" => ("A new role", "Creates a role, or puts this one in its place"),
        _ => ("A new channel", "Creates a channel, or puts this one in its place"),
    };
    vec![
        changing(Endpoint::new(Verb::Post, all, manage, creates, create))
            .query::<EditQuery>()
            .takes_as(JSON, schemas::entry, false)
            .gives::<CatalogueDone>(CREATED, "it is in force")
            .gives::<CatalogueDone>(OK, "what would come of it"),
        changing(Endpoint::new(Verb::Put, one, manage, puts, put))
            .query::<EditQuery>()
            .takes_as(JSON, schemas::entry, true)
            .gives::<CatalogueDone>(CREATED, "it is new, and in force")
            .gives::<CatalogueDone>(OK, "it is in force, or of a dry run: what would come of it"),
    ]
}

fn changes_of_rules(all: &'static str, one: &'static str, manage: Needs) -> Vec<Endpoint> {
    let kind = Kind::Rule;
    let create = move |State(shared): State<Shared>,
                       Extension(author): Extension<Authority>,
                       query: Result<Query<RuleQuery>, QueryRejection>,
                       headers: HeaderMap,
                       body: Bytes| async move {
        let (dry_run, before) = RuleQuery::parse(query)?;
        catalogue::create(shared, author, headers, body, kind, dry_run, before).await
    };
    let put = move |State(shared): State<Shared>,
                    Extension(author): Extension<Authority>,
                    Path(name): Path<String>,
                    query: Result<Query<RuleQuery>, QueryRejection>,
                    headers: HeaderMap,
                    body: Bytes| async move {
        let (dry_run, before) = RuleQuery::parse(query)?;
        catalogue::put(shared, author, headers, body, kind, name, dry_run, before).await
    };
    vec![
        changing(Endpoint::new(Verb::Post, all, manage, "A new rule", create))
            .query::<RuleQuery>()
            .takes_as(JSON, schemas::entry, false)
            .gives::<CatalogueDone>(CREATED, "it is in force")
            .gives::<CatalogueDone>(OK, "what would come of it"),
        changing(Endpoint::new(Verb::Put, one, manage, "Creates a rule, or puts this one in its place", put))
            .query::<RuleQuery>()
            .takes_as(JSON, schemas::entry, true)
            .gives::<CatalogueDone>(CREATED, "it is new, and in force")
            .gives::<CatalogueDone>(OK, "it is in force, or of a dry run: what would come of it"),
    ]
}

fn removal(one: &'static str, what: &'static str, manage: Needs, kind: Kind) -> Endpoint {
    let remove = move |State(shared): State<Shared>,
                       Extension(author): Extension<Authority>,
                       Path(name): Path<String>,
                       query: Result<Query<EditQuery>, QueryRejection>,
                       headers: HeaderMap| async move {
        let dry_run = EditQuery::parse(query)?;
        catalogue::remove(shared, author, headers, kind, name, dry_run).await
    };
    let summary = if what == "rule" { "Removes a rule" } else { "Removes a channel" };
    changing(Endpoint::new(Verb::Delete, one, manage, summary, remove))
        .query::<EditQuery>()
        .gives::<CatalogueDone>(OK, "it is gone, or of a dry run: what would come of it")
}

fn removal_of_roles(one: &'static str, manage: Needs) -> Endpoint {
    let summary = "Removes a role: refused with what hangs on it, or moved to the role that replaces it";
    changing(Endpoint::new(Verb::Delete, one, manage, summary, catalogue::remove_role))
        .query::<RemovalQuery>()
        .gives::<CatalogueDone>(OK, "it is gone, or of a dry run: what would come of it")
}
