//! `/api/v1/roles`, `/rules`, `/channels` and `/catalogue`: the role structure, entry by entry and as a whole.
//!
//! An entry has the members of the configuration file by the same names, and is checked by the same reader and the same
//! lint. What is changed is written into the file and comes into force as a reload does, or is refused whole.

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Shared;
use super::api::bad_request;
use super::audit::Note;
use super::authority::{Authority, Forbidden};
use super::edits::{EditRequest, Edited, Expected, ExpectedState, NotEdited, tag};
use super::entry::{self, busy, insert, members};
use super::problem::{Problem, ProblemFinding};
use crate::config::{self, EditStep, Finding, Kind, Severity};

/// Some of the catalogue.
#[derive(Debug, Serialize, JsonSchema)]
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

/// What came of a change, or would.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CatalogueDone {
    /// The catalogue's version in force; `null` of a dry run.
    version: Option<u64>,
    /// The entry as it is now; `null` where it is gone, and of a dry run.
    entry: Option<Map<String, Value>>,
    /// What is different, table by table and member by member.
    differences: Value,
    /// What is valid and hardly meant.
    findings: Vec<ProblemFinding>,
}

fn parsed<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Problem> {
    query.map(|Query(query)| query).map_err(|rejection| bad_request(rejection.body_text()))
}

/// All entries of a kind.
pub(super) fn list(shared: &Shared, kind: Kind) -> Json<Entries> {
    Json(Entries { entries: config::entries_json(&shared.read_model.catalogue(), kind) })
}

/// One entry, with its tag.
pub(super) fn read(shared: &Shared, headers: &HeaderMap, kind: Kind, name: &str) -> Result<Response, Problem> {
    let catalogue = shared.read_model.catalogue();
    let members = config::entry_json(&catalogue, kind, name).ok_or_else(|| unknown(kind, name))?;
    let tag = tagged(&catalogue, kind, name);
    if tag.is_some() && headers.get(header::IF_NONE_MATCH) == tag.as_ref() {
        return Ok(with_tag(StatusCode::NOT_MODIFIED.into_response(), tag));
    }
    Ok(with_tag(Json(members).into_response(), tag))
}

fn tagged(catalogue: &crate::routing::Catalogue, kind: Kind, name: &str) -> Option<HeaderValue> {
    tag(catalogue, kind, name).and_then(|tag| HeaderValue::from_str(&tag).ok())
}

fn with_tag(mut response: Response, tag: Option<HeaderValue>) -> Response {
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn unknown(kind: Kind, name: &str) -> Problem {
    let code = match kind {
        Kind::Role => "unknown_role",
        Kind::Rule => "unknown_rule",
        Kind::Channel => "unknown_channel",
    };
    Problem::new(StatusCode::NOT_FOUND, code, format!("there is no {} {name:?}", kind.as_str()))
}

/// The whole catalogue.
pub(super) async fn whole(
    State(shared): State<Shared>,
    query: Result<Query<FormatQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let catalogue = shared.read_model.catalogue();
    Ok(match parsed(query)?.format {
        Format::Json => Json(config::export_json(&catalogue)).into_response(),
        Format::Toml => ([(header::CONTENT_TYPE, "application/toml")], config::export_toml(&catalogue)).into_response(),
        Format::Markdown => {
            ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], config::export_markdown(&catalogue))
                .into_response()
        }
    })
}

/// A change that is being put together.
struct Change<'a> {
    shared: &'a Shared,
    author: &'a Authority,
    headers: &'a HeaderMap,
    kind: Kind,
    name: String,
    dry_run: bool,
    expected: Vec<Expected>,
}

impl Change<'_> {
    fn expect(&mut self, state: ExpectedState) {
        self.expected.push(Expected { kind: self.kind, name: self.name.clone(), state });
    }

    /// `If-Match` of a client that has looked before; `*` for whatever is there.
    fn expect_match(&mut self) -> Result<(), Problem> {
        let Some(tag) = self.headers.get(header::IF_MATCH) else { return Ok(()) };
        let tag = tag.to_str().map_err(|_| bad_request("If-Match: expected an entity tag"))?;
        self.expect(if tag == "*" { ExpectedState::Present } else { ExpectedState::Tagged(tag.to_owned()) });
        Ok(())
    }

    async fn make(self, steps: Vec<EditStep>, status: StatusCode) -> Result<Response, Problem> {
        let before = config::entry_json(&self.shared.read_model.catalogue(), self.kind, &self.name);
        let request = |answer| EditRequest {
            steps,
            about: (self.kind, self.name.clone()),
            expected: self.expected.clone(),
            dry_run: self.dry_run,
            author: self.author.clone(),
            answer,
        };
        let answered = self.shared.editor.edit(request).await.map_err(|_| {
            let detail = "the catalogue can't be changed in time: the daemon is starting, ending, or has too much to do; look \
                          whether it was changed before you try again";
            Problem::new(StatusCode::GATEWAY_TIMEOUT, "outcome_unknown", detail)
        })?;
        let edited = answered.map_err(refused)?;
        let catalogue = self.shared.read_model.catalogue();
        let entry = config::entry_json(&catalogue, self.kind, &self.name).filter(|_| !self.dry_run);
        let note = Note { before: before.map(Value::Object), after: entry.clone().map(Value::Object) };
        let Edited { version, differences, warnings } = edited;
        let body = CatalogueDone {
            version,
            entry,
            differences: serde_json::to_value(differences).expect("differences are made of texts and numbers"),
            findings: warnings.into_iter().map(ProblemFinding::from).collect(),
        };
        let status = if self.dry_run { StatusCode::OK } else { status };
        let tag = tagged(&catalogue, self.kind, &self.name).filter(|_| !self.dry_run);
        let mut response = with_tag((status, Json(body)).into_response(), tag);
        response.extensions_mut().insert(note);
        Ok(response)
    }
}

fn refused(why: NotEdited) -> Problem {
    let conflict = |code, detail| Problem::new(StatusCode::CONFLICT, code, detail);
    match why {
        NotEdited::NoFile => conflict(
            "no_catalogue_file",
            "the daemon was started without a configuration file, so there is nothing to write the change into"
                .to_owned(),
        ),
        NotEdited::FileDiffers(detail) => conflict("file_differs", detail),
        NotEdited::CannotEdit(detail) => conflict("cannot_edit", detail),
        NotEdited::InUse(detail) => conflict("role_in_use", detail),
        NotEdited::Unwritable(detail) => busy("catalogue_unwritable", &detail),
        NotEdited::Forbidden(detail) => entry::forbidden(Forbidden { detail }),
        NotEdited::Unexpected(entry) => unexpected(&entry),
        NotEdited::Invalid(findings) => invalid(findings),
    }
}

fn unexpected(entry: &Expected) -> Problem {
    let (kind, name) = (entry.kind.as_str(), &entry.name);
    match &entry.state {
        ExpectedState::Present => unknown(entry.kind, name),
        ExpectedState::Absent => {
            let detail = format!("there is a {kind} {name:?} already: PUT replaces it");
            Problem::new(StatusCode::CONFLICT, "already_there", detail)
        }
        ExpectedState::Tagged(_) => {
            let detail = format!("the {kind} {name:?} has been changed since you looked: look again");
            Problem::new(StatusCode::PRECONDITION_FAILED, "changed_meanwhile", detail)
        }
    }
}

fn invalid(findings: Vec<Finding>) -> Problem {
    let first = findings.iter().find(|finding| finding.severity == Severity::Error);
    let detail = first.map_or_else(String::new, |finding| finding.message.clone());
    let path = first.and_then(|finding| finding.path.clone());
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_catalogue", detail);
    let problem = problem.finds(findings.into_iter().map(ProblemFinding::from).collect());
    match path {
        Some(path) => problem.at(path),
        None => problem,
    }
}

fn named(headers: &HeaderMap, body: &Bytes, kind: Kind, name: &str) -> Result<Map<String, Value>, Problem> {
    let mut members = members(headers, body)?;
    match kind {
        Kind::Role | Kind::Rule => insert(&mut members, "name", name)?,
        Kind::Channel => {}
    }
    Ok(members)
}

/// Creates or replaces an entry.
#[expect(clippy::too_many_arguments, reason = "they are what a request has")]
pub(super) async fn put(
    shared: Shared,
    author: Authority,
    headers: HeaderMap,
    body: Bytes,
    kind: Kind,
    name: String,
    dry_run: bool,
    before: Option<String>,
) -> Result<Response, Problem> {
    let members = named(&headers, &body, kind, &name)?;
    let was_there = tag(&shared.read_model.catalogue(), kind, &name).is_some();
    let mut change = Change {
        shared: &shared,
        author: &author,
        headers: &headers,
        kind,
        name: name.clone(),
        dry_run,
        expected: vec![],
    };
    change.expect_match()?;
    let mut steps = vec![EditStep::Put { kind, name: name.clone(), members }];
    if before.is_some() {
        steps.push(EditStep::MoveRule { name, before });
    }
    change.make(steps, if was_there { StatusCode::OK } else { StatusCode::CREATED }).await
}

/// Creates an entry that is not there yet; its name is in the body.
pub(super) async fn create(
    shared: Shared,
    author: Authority,
    headers: HeaderMap,
    body: Bytes,
    kind: Kind,
    dry_run: bool,
    before: Option<String>,
) -> Result<Response, Problem> {
    let mut members = members(&headers, &body)?;
    let name = members.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    if name.is_empty() {
        let detail = "$.name: expected a name";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_field", detail).at("$.name"));
    }
    if kind == Kind::Channel {
        members.remove("name");
    }
    let mut change = Change {
        shared: &shared,
        author: &author,
        headers: &headers,
        kind,
        name: name.clone(),
        dry_run,
        expected: vec![],
    };
    change.expect(ExpectedState::Absent);
    let mut steps = vec![EditStep::Put { kind, name: name.clone(), members }];
    if before.is_some() {
        steps.push(EditStep::MoveRule { name: name.clone(), before });
    }
    let mut response = change.make(steps, StatusCode::CREATED).await?;
    let location = format!("/api/v1/{}s/{}", kind.as_str(), super::tickets::encoded(&name));
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Removes an entry.
pub(super) async fn remove(
    shared: Shared,
    author: Authority,
    headers: HeaderMap,
    kind: Kind,
    name: String,
    dry_run: bool,
) -> Result<Response, Problem> {
    let mut change = Change {
        shared: &shared,
        author: &author,
        headers: &headers,
        kind,
        name: name.clone(),
        dry_run,
        expected: vec![],
    };
    change.expect(ExpectedState::Present);
    change.expect_match()?;
    change.make(vec![EditStep::Remove { kind, name }], StatusCode::OK).await
}

/// Removes a role; where another replaces it, that one takes over what hangs on it in the same step.
pub(super) async fn remove_role(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Path(name): Path<String>,
    query: Result<Query<RemovalQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = parsed(query)?;
    let Some(heir) = query.replaced_by else {
        return remove(shared, author, headers, Kind::Role, name, query.dry_run).await;
    };
    let catalogue = shared.read_model.catalogue();
    let mut members = config::entry_json(&catalogue, Kind::Role, &heir).ok_or_else(|| unknown(Kind::Role, &heir))?;
    let replaces = members.entry("replaces").or_insert_with(|| Value::Array(Vec::new()));
    if let Some(replaces) = replaces.as_array_mut().filter(|replaces| !replaces.contains(&Value::from(name.as_str()))) {
        replaces.push(name.as_str().into());
    }
    let kind = Kind::Role;
    let heirs_tag = tag(&catalogue, kind, &heir).unwrap_or_default();
    let mut change = Change {
        shared: &shared,
        author: &author,
        headers: &headers,
        kind,
        name: name.clone(),
        dry_run: query.dry_run,
        expected: vec![Expected { kind, name: heir.clone(), state: ExpectedState::Tagged(heirs_tag) }],
    };
    change.expect(ExpectedState::Present);
    change.expect_match()?;
    let steps = vec![EditStep::Remove { kind, name }, EditStep::Put { kind, name: heir, members }];
    change.make(steps, StatusCode::OK).await
}

/// A new role that is like another, but for its name and what the body says.
pub(super) async fn clone_role(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Path(original): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let asked = members(&headers, &body)?;
    let catalogue = shared.read_model.catalogue();
    let original =
        config::entry_json(&catalogue, Kind::Role, &original).ok_or_else(|| unknown(Kind::Role, &original))?;
    let mut members = original;
    // One role has one heir.
    members.remove("replaces");
    members.remove("name");
    members.extend(asked);
    let body = Bytes::from(Value::Object(members).to_string());
    create(shared, author, headers, body, Kind::Role, false, None).await
}

impl EditQuery {
    pub(super) fn parse(query: Result<Query<Self>, QueryRejection>) -> Result<bool, Problem> {
        parsed(query).map(|query| query.dry_run)
    }
}

impl RuleQuery {
    pub(super) fn parse(query: Result<Query<Self>, QueryRejection>) -> Result<(bool, Option<String>), Problem> {
        parsed(query).map(|query| (query.dry_run, query.before))
    }
}

impl From<Finding> for ProblemFinding {
    fn from(finding: Finding) -> Self {
        Self {
            severity: match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            path: finding.path,
            place: finding.place,
            message: finding.message,
            expected: finding.expected,
            help: finding.help,
        }
    }
}
