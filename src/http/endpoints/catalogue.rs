//! The addresses of the role structure.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use super::super::Shared;
use super::super::authority::{Authority, Right};
use super::super::catalogue::{ChangeQuery, EditQuery, FormatQuery, RemovalQuery, RuleQuery};
use super::super::change::{Asked, CatalogueDone};
use super::super::dry_run::DryRun;
use super::super::endpoint::{Endpoint, JSON, Needs, SchemaOf, Verb};
use super::super::query::Parameters;
use super::super::segment::Named;
use super::super::{catalogue, dry_run, schemas};
use super::{BODY_PROBLEMS, CREATED, NOT_FOUND, OK};
use crate::config::Kind;

/// All of them.
pub(super) fn endpoints() -> Vec<Endpoint> {
    const SEE: Needs = Needs::OneOf(&catalogue::SEE_WHOLE);
    // An agent sees of a role what its desktop needs.
    const SEE_ROLES: Needs =
        Needs::OneOf(&[Right::RolesManage, Right::RulesManage, Right::ReportsView, Right::WorkReadOwn]);
    let mut all = vec![
        Endpoint::new(
            Verb::Get,
            "/v1/catalogue",
            SEE,
            "The whole role structure, for programs or for people",
            catalogue::whole,
        )
        .query::<FormatQuery>()
        .gives_plain(OK, JSON, "as JSON, or with `format` as TOML or Markdown")
        .or_gives("application/toml")
        .or_gives("text/markdown"),
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
    all.extend(entries_of(Kind::Role, SEE_ROLES));
    all.extend(entries_of(Kind::Rule, SEE));
    all.extend(entries_of(Kind::Channel, SEE));
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
    let (one_of, _, all_of) = schemas_of(kind);
    let list = move |State(shared): State<Shared>, Extension(author): Extension<Authority>| async move {
        catalogue::list(&shared, &author, kind)
    };
    let read =
        move |State(shared): State<Shared>,
              Extension(author): Extension<Authority>,
              Named(name): Named,
              headers: HeaderMap| async move { catalogue::read(&shared, &author, &headers, kind, &name) };
    let mut endpoints = vec![
        Endpoint::new(Verb::Get, all, see, of_kind("All of the kind", what), list).gives_as(OK, all_of, "all of them"),
        Endpoint::new(Verb::Get, one, see, of_kind("One", what), read)
            .gives_as(OK, one_of, "its members by the names of the configuration file, and its `ETag`")
            .gives_nothing(StatusCode::NOT_MODIFIED, "it is as `If-None-Match` says")
            .fails(&[NOT_FOUND]),
    ];
    endpoints.extend(match kind {
        Kind::Rule => changes::<RuleQuery>(all, one, manage, kind),
        Kind::Role | Kind::Channel => changes::<EditQuery>(all, one, manage, kind),
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
            .takes_as(JSON, schemas::copied_role, false)
            .gives::<CatalogueDone>(CREATED, "it is in force"),
        );
    }
    endpoints
}

/// The schemas of one, of a new one, and of all.
fn schemas_of(kind: Kind) -> (SchemaOf, SchemaOf, SchemaOf) {
    match kind {
        Kind::Role => (schemas::role, schemas::new_role, schemas::roles),
        Kind::Rule => (schemas::rule, schemas::new_rule, schemas::rules),
        Kind::Channel => (schemas::channel, schemas::new_channel, schemas::channels),
    }
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

/// What each of them is called.
struct Summaries {
    creates: &'static str,
    puts: &'static str,
}

fn changes<Q: ChangeQuery>(all: &'static str, one: &'static str, manage: Needs, kind: Kind) -> Vec<Endpoint> {
    let create = move |State(shared): State<Shared>,
                       Extension(author): Extension<Authority>,
                       Parameters(query): Parameters<Q>,
                       headers: HeaderMap,
                       body: Bytes| async move {
        let (dry_run, before) = query.said();
        catalogue::create(Asked { shared, author, headers, kind, dry_run }, &body, before).await
    };
    let put = move |State(shared): State<Shared>,
                    Extension(author): Extension<Authority>,
                    Named(name): Named,
                    Parameters(query): Parameters<Q>,
                    headers: HeaderMap,
                    body: Bytes| async move {
        let (dry_run, before) = query.said();
        catalogue::put(Asked { shared, author, headers, kind, dry_run }, &name, &body, before).await
    };
    let (one_of, new_one, _) = schemas_of(kind);
    let Summaries { creates, puts } = match kind {
        Kind::Role => Summaries { creates: "A new role", puts: "Creates a role, or puts this one in its place" },
        Kind::Rule => Summaries { creates: "A new rule", puts: "Creates a rule, or puts this one in its place" },
        Kind::Channel => {
            Summaries { creates: "A new channel", puts: "Creates a channel, or puts this one in its place" }
        }
    };
    vec![
        changing(Endpoint::new(Verb::Post, all, manage, creates, create))
            .query::<Q>()
            .takes_as(JSON, new_one, false)
            .gives::<CatalogueDone>(CREATED, "it is in force")
            .gives::<CatalogueDone>(OK, "what would come of it"),
        changing(Endpoint::new(Verb::Put, one, manage, puts, put))
            .query::<Q>()
            .takes_as(JSON, one_of, true)
            .gives::<CatalogueDone>(CREATED, "it is new, and in force")
            .gives::<CatalogueDone>(OK, "it is in force, or of a dry run: what would come of it"),
    ]
}

fn removal(one: &'static str, what: &'static str, manage: Needs, kind: Kind) -> Endpoint {
    let remove = move |State(shared): State<Shared>,
                       Extension(author): Extension<Authority>,
                       Named(name): Named,
                       Parameters(query): Parameters<EditQuery>,
                       headers: HeaderMap| async move {
        let (dry_run, _) = query.said();
        catalogue::remove(Asked { shared, author, headers, kind, dry_run }, name).await
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
