//! `/api/v1/roles`, `/rules`, `/channels` and `/catalogue`: the role structure, entry by entry and as a whole.
//!
//! An entry has the members of the configuration file by the same names, and is checked by the same reader and the same
//! lint. What is changed is written into the file and comes into force as a reload does, or is refused whole.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Shared;
use super::authority::{Authority, Right};
use super::change::{Asked, Change, unknown};
use super::edits::{ExpectedState, tag};
use super::entity_tag::{self, with_tag};
use super::entry::{insert, members};
use super::problem::Problem;
use super::query::Parameters;
use super::segment::{Named, segment};
use crate::config::{self, EditStep, Kind};

/// Some of the catalogue.
#[derive(Debug, Serialize)]
pub(super) struct Entries {
    /// Each with the members of the configuration file; what is as by default is left out. Rules stand in the order in
    /// which they are tried.
    entries: Vec<Map<String, Value>>,
}

/// How an entry is to be changed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EditQuery {
    /// Only say what would come of it.
    #[serde(default)]
    dry_run: bool,
}

/// The same for rules.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleQuery {
    /// Only say what would come of it.
    #[serde(default)]
    dry_run: bool,
    /// The rule before which it is to be tried; where nothing is said it stays, and a new one is the last.
    before: Option<String>,
}

/// How a role is to be removed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RemovalQuery {
    /// Only say what would come of it.
    #[serde(default)]
    dry_run: bool,
    /// The role that takes over its agents and its tickets.
    replaced_by: Option<String>,
}

/// Which form the catalogue is wanted in.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FormatQuery {
    #[serde(default)]
    format: Format,
}

/// A form of the catalogue.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// For programs.
    #[default]
    Json,
    /// As a configuration file.
    Toml,
    /// As a page for people.
    Markdown,
}

/// Who sees entries with all that they have.
pub(super) const SEE_WHOLE: [Right; 3] = [Right::RolesManage, Right::RulesManage, Right::ReportsView];

/// What an agent's desktop needs of a role: to show what a ticket is about, and to whom it can be handed.
const OF_ROLES_FOR_AGENTS: [&str; 8] =
    ["name", "description", "responsibilities", "ticket_types", "channels", "acceptance", "offer_timeout", "wrap_up"];

fn sees_whole(author: &Authority) -> bool {
    SEE_WHOLE.iter().any(|right| author.may(*right))
}

/// Those of the members that this one may see.
fn seen(author: &Authority, mut members: Map<String, Value>) -> Map<String, Value> {
    if !sees_whole(author) {
        members.retain(|name, _| OF_ROLES_FOR_AGENTS.contains(&name.as_str()));
    }
    members
}

/// All entries of a kind.
pub(super) fn list(shared: &Shared, author: &Authority, kind: Kind) -> Json<Entries> {
    let entries = config::entries_json(&shared.read_model.catalogue(), kind);
    Json(Entries { entries: entries.into_iter().map(|members| seen(author, members)).collect() })
}

/// One entry, with its tag.
pub(super) fn read(
    shared: &Shared,
    author: &Authority,
    headers: &HeaderMap,
    kind: Kind,
    name: &str,
) -> Result<Response, Problem> {
    let catalogue = shared.read_model.catalogue();
    let members = config::entry_json(&catalogue, kind, name).ok_or_else(|| unknown(kind, name))?;
    let tag = if sees_whole(author) { tag(&catalogue, kind, name) } else { None };
    let members = Value::Object(seen(author, members));
    // Of some of the members the tag is another than of all.
    let tag = tag.unwrap_or_else(|| entity_tag::tag(&entity_tag::letters_of(members.to_string().as_bytes())));
    let response = if entity_tag::is_known(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(members).into_response()
    };
    Ok(with_tag(response, Some(&tag)))
}

/// The whole catalogue.
pub(super) async fn whole(State(shared): State<Shared>, Parameters(query): Parameters<FormatQuery>) -> Response {
    let catalogue = shared.read_model.catalogue();
    match query.format {
        Format::Json => Json(config::export_json(&catalogue)).into_response(),
        Format::Toml => ([(header::CONTENT_TYPE, "application/toml")], config::export_toml(&catalogue)).into_response(),
        Format::Markdown => {
            ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], config::export_markdown(&catalogue))
                .into_response()
        }
    }
}

fn named(asked: &Asked, body: &Bytes, name: &str) -> Result<Map<String, Value>, Problem> {
    let mut members = members(&asked.headers, body)?;
    match asked.kind {
        Kind::Role | Kind::Rule => insert(&mut members, "name", name)?,
        Kind::Channel => {}
    }
    Ok(members)
}

/// Puts an entry there, and a rule before another where that is said.
fn steps(kind: Kind, name: &str, members: Map<String, Value>, before: Option<String>) -> Vec<EditStep> {
    let put = EditStep::Put { kind, name: name.to_owned(), members };
    let moved = before.map(|before| EditStep::MoveRule { name: name.to_owned(), before: Some(before) });
    [put].into_iter().chain(moved).collect()
}

/// Creates or replaces an entry.
pub(super) async fn put(asked: Asked, name: &str, body: &Bytes, before: Option<String>) -> Result<Response, Problem> {
    let members = named(&asked, body, name)?;
    let was_there = tag(&asked.shared.read_model.catalogue(), asked.kind, name).is_some();
    let mut change = Change::of(&asked, name);
    change.expect_match()?;
    let status = if was_there { StatusCode::OK } else { StatusCode::CREATED };
    change.make(steps(asked.kind, name, members, before), status).await
}

/// Creates an entry that is not there yet; its name is in the body.
pub(super) async fn create(asked: Asked, body: &Bytes, before: Option<String>) -> Result<Response, Problem> {
    let kind = asked.kind;
    let mut members = members(&asked.headers, body)?;
    let name = members.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    if name.is_empty() {
        let detail = "$.name: expected a name";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_field", detail).at("$.name"));
    }
    if kind == Kind::Channel {
        members.remove("name");
    }
    let mut change = Change::of(&asked, &name);
    change.expect(ExpectedState::Absent);
    let mut response = change.make(steps(kind, &name, members, before), StatusCode::CREATED).await?;
    let location = format!("/api/v1/{}s/{}", kind.as_str(), segment(&name));
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Removes an entry.
pub(super) async fn remove(asked: Asked, name: String) -> Result<Response, Problem> {
    let kind = asked.kind;
    let mut change = Change::of(&asked, &name);
    change.expect(ExpectedState::Present);
    change.expect_match()?;
    change.make(vec![EditStep::Remove { kind, name }], StatusCode::OK).await
}

/// Removes a role; where another replaces it, that one takes over what hangs on it in the same step.
pub(super) async fn remove_role(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Named(name): Named,
    Parameters(query): Parameters<RemovalQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let kind = Kind::Role;
    let asked = Asked { shared, author, headers, kind, dry_run: query.dry_run };
    let Some(heir) = query.replaced_by else {
        return remove(asked, name).await;
    };
    let catalogue = asked.shared.read_model.catalogue();
    let mut members = config::entry_json(&catalogue, kind, &heir).ok_or_else(|| unknown(kind, &heir))?;
    let replaces = members.entry("replaces").or_insert_with(|| Value::Array(Vec::new()));
    if let Some(replaces) = replaces.as_array_mut().filter(|replaces| !replaces.contains(&Value::from(name.as_str()))) {
        replaces.push(name.as_str().into());
    }
    let mut change = Change::of(&asked, &name);
    let heirs_tag = tag(&catalogue, kind, &heir).unwrap_or_default();
    change.expect_of(heir.clone(), ExpectedState::Tagged(vec![heirs_tag]));
    change.expect(ExpectedState::Present);
    change.expect_match()?;
    let steps = vec![EditStep::Remove { kind, name }, EditStep::Put { kind, name: heir, members }];
    change.make(steps, StatusCode::OK).await
}

/// A new role that is like another, but for its name and what the body says.
pub(super) async fn clone_role(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Named(original): Named,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let kind = Kind::Role;
    let different = members(&headers, &body)?;
    let catalogue = shared.read_model.catalogue();
    let original = config::entry_json(&catalogue, kind, &original).ok_or_else(|| unknown(kind, &original))?;
    let mut members = original;
    // One role has one heir.
    members.remove("replaces");
    members.remove("name");
    members.extend(different);
    let body = Bytes::from(Value::Object(members).to_string());
    create(Asked { shared, author, headers, kind, dry_run: false }, &body, None).await
}

/// What the query of a change says: whether it is only to be said what would come of it, and before which entry it is to
/// stand.
pub(super) trait ChangeQuery: DeserializeOwned + JsonSchema + Send + 'static {
    fn said(self) -> (bool, Option<String>);
}

impl ChangeQuery for EditQuery {
    fn said(self) -> (bool, Option<String>) {
        (self.dry_run, None)
    }
}

impl ChangeQuery for RuleQuery {
    fn said(self) -> (bool, Option<String>) {
        (self.dry_run, self.before)
    }
}
