//! What is written into the audit log of a request, and `GET /api/v1/audit`, which reads it.
//!
//! Before something is done it is written down that it is about to be, and afterwards how it ended: whatever happens in
//! between, nothing is done of which nothing is written. What can't be written down is not done.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, RawPathParams, Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Json, RequestExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Shared;
use super::api::page_limit;
use super::authority::Authority;
use super::entry::{self, busy};
use super::problem::Problem;
use super::query::Parameters;
use super::read_model::moment;
use super::router::BODY_MAX_BYTES;
use super::segment::name_of;
use crate::records::audit::{Deed, Entry};
use crate::routing::{AgentId, TicketId, Timestamp};

/// What an answer says of itself for the log, where it is not about a ticket or an agent.
#[derive(Debug, Clone, Default)]
pub(super) struct Note {
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

/// A deed whose beginning is written down, and whose end is not yet.
pub(super) struct Begun(Deed);

impl Begun {
    /// Writes down that something is about to be done.
    pub(super) async fn write(shared: &Shared, deed: Deed) -> Result<Self, Problem> {
        let end = Deed { asked: None, before: None, ..deed.clone() };
        let written = shared.recorder.write(deed).await;
        let number =
            written.map_err(|_| busy("audit_unavailable", "the audit log can't be written, so nothing is done"))?;
        Ok(Self(Deed { ends: Some(number), ..end }))
    }

    /// Writes down how it ended. It has been done, and its beginning is written: where this can't be, the recorder says
    /// why not.
    pub(super) async fn end(self, shared: &Shared, status: StatusCode, note: Note) {
        let Note { before, after } = note;
        let end = Deed { status: Some(status.as_u16()), before, after, ..self.0 };
        let _ = shared.recorder.write(end).await;
    }
}

/// From where a request comes, as the log has it.
pub(super) fn origin(address: Option<SocketAddr>) -> Option<String> {
    address.map(|address| address.ip().to_canonical().to_string())
}

/// Writes a request down, has it done, and writes down how it ended.
pub(super) async fn record(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let Some(author) = request.extensions().get::<Authority>().cloned() else {
        return Problem::no_such_page().into_response();
    };
    if is_rehearsal(request.method(), request.uri()) {
        return next.run(request).await;
    }
    let from = origin(request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0));
    let subject = Subject::of(&mut request).await;
    let what = format!("{} /api{}", request.method(), request.uri().path_and_query().map_or("", |it| it.as_str()));
    let (parts, body) = request.into_parts();
    let bytes = match entry::whole(body, BODY_MAX_BYTES).await {
        Ok(bytes) => bytes,
        Err(problem) => return problem.into_response(),
    };
    let deed = Deed {
        who: author.subject.clone(),
        token: author.token.clone(),
        from,
        what,
        asked: serde_json::from_slice(&bytes).ok(),
        before: subject.look(&shared),
        ..Deed::default()
    };
    let begun = match Begun::write(&shared, deed).await {
        Ok(begun) => begun,
        Err(problem) => return problem.into_response(),
    };
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    let note = response.extensions().get::<Note>().cloned().unwrap_or_default();
    let is_done = response.status().is_success();
    let after = note.after.or_else(|| subject.look(&shared).filter(|_| is_done));
    begun.end(&shared, response.status(), Note { after, ..note }).await;
    response
}

/// Whether somebody only asks what would come of a change to the catalogue: an editor does so with every word, and nothing
/// is changed. It is this query to the letter, and these addresses, which read it; no other goes unwritten.
fn is_rehearsal(method: &Method, uri: &Uri) -> bool {
    let parts: Vec<&str> = uri.path().split('/').collect();
    let is_entry = matches!(parts.as_slice(), ["", "v1", "roles" | "rules" | "channels", _]);
    method == Method::PUT && is_entry && uri.query() == Some("dry_run=true")
}

/// Whom a request is about, as far as its address says.
enum Subject {
    Ticket(TicketId),
    Agent(AgentId),
    Other,
}

impl Subject {
    async fn of(request: &mut Request) -> Self {
        let is_ticket = request.uri().path().starts_with("/v1/tickets/");
        let is_agent = request.uri().path().starts_with("/v1/agents/");
        let Ok(parameters) = request.extract_parts::<RawPathParams>().await else { return Self::Other };
        let id =
            parameters.iter().find(|(name, _)| *name == "id").map(|(_, id)| name_of(id).to_owned()).unwrap_or_default();
        let ticket = TicketId::parse(&id).ok().filter(|_| is_ticket).map(Self::Ticket);
        let agent = AgentId::parse(&id).ok().filter(|_| is_agent).map(Self::Agent);
        ticket.or(agent).unwrap_or(Self::Other)
    }

    /// As it is now.
    fn look(&self, shared: &Shared) -> Option<Value> {
        match self {
            Self::Ticket(id) => serde_json::to_value(shared.read_model.ticket(id)?).ok(),
            Self::Agent(id) => serde_json::to_value(shared.read_model.agent_record(id)?).ok(),
            Self::Other => None,
        }
    }
}

/// Which entries.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// Only what this one did: the name of a token, or what else did it: `signal:SIGHUP`.
    who: Option<String>,
    /// Only what has this in it: a part of an address, `/roles/billing`.
    what: Option<String>,
    /// Older ones: `before` of the page before.
    before: Option<u64>,
    /// How many at most: 1 to 1000, 100 where nothing is said.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<usize>,
}

/// Some of the audit log.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AuditPage {
    /// The newest first.
    entries: Vec<EntryBody>,
    /// Where older ones are; `null` where the log begins. A page may be short, and even empty, before that.
    before: Option<u64>,
}

/// One entry: that something was about to be done, or (with `ends`) how it ended.
#[derive(Debug, Serialize, JsonSchema)]
struct EntryBody {
    seq: u64,
    #[serde(serialize_with = "moment::rfc3339")]
    at: Timestamp,
    /// The name of the token, or of whoever used the command line, or what it was: `signal:SIGHUP`, `daemon:start`.
    who: String,
    /// The id of the token.
    token: Option<String>,
    /// From which address.
    from: Option<String>,
    /// Method and address, or the subcommand, or a reload or a start with its file.
    what: String,
    /// What was asked for.
    asked: Option<Value>,
    /// How it was before.
    before: Option<Value>,
    /// How it was afterwards.
    after: Option<Value>,
    /// Of which entry this is the end.
    ends: Option<u64>,
    /// With which status it ended; of what did not come over HTTP, with which HTTP would have answered.
    status: Option<u16>,
}

impl From<Entry> for EntryBody {
    fn from(Entry { seq, at, deed }: Entry) -> Self {
        let Deed { who, token, from, what, asked, before, after, ends, status } = deed;
        Self { seq, at, who, token, from, what, asked, before, after, ends, status }
    }
}

pub(super) async fn read(
    State(shared): State<Shared>,
    Parameters(query): Parameters<AuditQuery>,
) -> Result<Json<AuditPage>, Problem> {
    let limit = page_limit(query.limit)?;
    let fits = move |entry: &Entry| {
        query.who.as_ref().is_none_or(|who| entry.deed.who == *who)
            && query.what.as_ref().is_none_or(|what| entry.deed.what.contains(what))
    };
    let looked = tokio::task::spawn_blocking(move || shared.audit.look(query.before, limit, fits)).await;
    let look = looked.expect("looking does not panic").map_err(|error| {
        tracing::error!(%error, "the audit log can't be read");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "audit_unavailable", "the audit log can't be read")
    })?;
    Ok(Json(AuditPage { entries: look.entries.into_iter().map(EntryBody::from).collect(), before: look.before }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_nothing_is_told_from_what_could() {
        let is = |method: Method, uri: &str| is_rehearsal(&method, &uri.parse().expect("an address"));
        assert!(is(Method::PUT, "/v1/roles/billing?dry_run=true"));
        assert!(is(Method::PUT, "/v1/rules/a%2Fb?dry_run=true"));
        for uri in [
            "/v1/roles/billing",
            "/v1/roles/billing?dry_run=false",
            "/v1/roles/billing?dry_run=true&dry_run=false",
            "/v1/roles/billing/clone?dry_run=true",
            "/v1/agents/ana?dry_run=true",
            "/v1/agents/ana/presence?dry_run=true",
        ] {
            assert!(!is(Method::PUT, uri), "{uri}");
        }
        assert!(!is(Method::POST, "/v1/roles/billing?dry_run=true"));
        assert!(!is(Method::DELETE, "/v1/roles/billing?dry_run=true"));
    }
}
