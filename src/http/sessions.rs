//! `/api/v1/sessions`: a browser logs in with a token, asks as whom it is logged in, and logs out.

use std::net::SocketAddr;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::access::{self, Admission};
use super::audit::{self, Note};
use super::authority::Authority;
use super::entry;
use super::problem::Problem;
use super::read_model::moment;
use super::session;
use super::tokens::Me;
use crate::records::audit::Deed;
use crate::routing::Timestamp;

/// The largest body of a log-in, of whoever is not known yet: twice what a header may have that shows a token.
const LOG_IN_MAX_BYTES: usize = 32 * 1024;

/// What one logs in with.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSession {
    /// A token as it would be sent with `Authorization: Bearer`.
    token: String,
}

/// As whom one has come in, and for how long.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SessionBody {
    #[serde(flatten)]
    me: Me,
    /// What changes something shows this as `X-Rolecall-CSRF`; `null` where one has come in by a token.
    csrf: Option<String>,
    /// When one has to log in again; `null` for never.
    #[serde(serialize_with = "moment::rfc3339_option")]
    expires_at: Option<Timestamp>,
}

/// Logs in.
pub(super) async fn begin(
    State(shared): State<Shared>,
    address: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let body = entry::whole(body, LOG_IN_MAX_BYTES).await.map_err(IntoResponse::into_response)?;
    let address = address.map(|Extension(ConnectInfo(address))| address);
    let NewSession { token } = asked(&headers, &body).map_err(IntoResponse::into_response)?;
    let admitted = access::admit(&shared, access::client(address), Some(&token), Instant::now()).await;
    let Admission { author, pass, until, .. } = admitted.map_err(access::refuse)?;
    let deed = Deed {
        who: author.subject.clone(),
        token: author.token.clone(),
        from: audit::origin(address),
        what: "POST /api/v1/sessions".to_owned(),
        ..Deed::default()
    };
    let written = audit::Begun::write(&shared, deed).await.map_err(IntoResponse::into_response)?;
    let now = (shared.clock)();
    let begun = shared.sessions.begin(pass, until, shared.session.lifetime, now);
    let status = StatusCode::CREATED;
    written.end(&shared, status, Note::default()).await;
    let body = SessionBody { me: Me::of(author), csrf: Some(begun.csrf()), expires_at: Some(begun.ends_at) };
    let cookie = begun.cookie(shared.session, now);
    Ok((status, [(header::SET_COOKIE, cookie)], Json(body)).into_response())
}

/// The body has to say that it is JSON: what a page of another site can have sent without asking never does.
fn asked(headers: &HeaderMap, body: &Bytes) -> Result<NewSession, Problem> {
    if !headers.contains_key(header::CONTENT_TYPE) {
        let detail = "expected the header Content-Type to be application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
    }
    entry::check_media_type(headers, &[super::endpoint::JSON])?;
    entry::read_whole(body).map_err(|error| {
        let path = entry::dollar(error.path());
        if error.inner().is_data() {
            // The text of the error could repeat what is no token but a mistyped one.
            let detail = format!("{path}: expected {{\"token\": \"…\"}} and nothing else");
            return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_field", detail).at(path);
        }
        Problem::new(StatusCode::BAD_REQUEST, "bad_json", "expected JSON: {\"token\": \"…\"}").at("$")
    })
}

/// As whom one has come in, by whatever means.
pub(super) async fn current(Extension(author): Extension<Authority>, Extension(it): Extension<Admission>) -> Response {
    let csrf = it.session.map(|session| session.csrf);
    Json(SessionBody { me: Me::of(author), csrf, expires_at: it.until }).into_response()
}

/// Logs out. Whoever came in by a token has no session, and nothing ends.
pub(super) async fn end(State(shared): State<Shared>, Extension(it): Extension<Admission>) -> Response {
    if let Some(session) = it.session {
        shared.sessions.end(session.key);
    }
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, session::forgotten(shared.session))]).into_response()
}
