//! `/api/v1/tokens`: who may come in, and `/api/v1/me`: as whom one has come in.

use std::collections::BTreeSet;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::audit::Note;
use super::authority::{Authority, Right, named};
use super::entry::{self, busy, check_media_type};
use super::problem::Problem;
use super::read_model::moment;
use super::segment::Named;
use crate::records::tokens::{NotMade, Standing, Token, TokenSpec};
use crate::routing::permission::AccessLevel;
use crate::routing::{AgentId, Permission, Timestamp};

/// The most permissions of a token.
const PERMISSIONS_MAX: usize = 64;

/// What a token is to be for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// Who shows it: 1 to 64 letters a–z, digits, or . _ - @. No other valid token has the same.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9._@-]+$"))]
    name: String,
    /// What its bearer may do: `agent`, `admin` or `owner`.
    level: AccessLevel,
    /// The agent for whom its bearer acts. What that agent may not do its token may not do either, whatever its level.
    #[serde(default)]
    agent_id: Option<AgentId>,
    /// Permissions beyond those of the level; not for an agent's token.
    #[serde(default)]
    permissions: BTreeSet<Permission>,
    /// Permissions taken away.
    #[serde(default)]
    permissions_denied: BTreeSet<Permission>,
    /// From when on it is no longer valid (RFC 3339); never where nothing is said.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    expires_at: Option<String>,
}

/// A token without its secret.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TokenBody {
    /// By which it is revoked, and named in the audit log.
    token_id: String,
    name: String,
    level: AccessLevel,
    agent_id: Option<AgentId>,
    permissions: BTreeSet<Permission>,
    permissions_denied: BTreeSet<Permission>,
    #[serde(serialize_with = "moment::rfc3339")]
    made_at: Timestamp,
    made_by: String,
    #[serde(serialize_with = "moment::rfc3339_option")]
    expires_at: Option<Timestamp>,
    #[serde(serialize_with = "moment::rfc3339_option")]
    revoked_at: Option<Timestamp>,
    /// `valid`, `expired` or `revoked`.
    standing: &'static str,
}

/// A token with its secret: the only time that it is shown.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MadeToken {
    /// What its bearer sends as `Authorization: Bearer …`.
    token: String,
    #[serde(flatten)]
    about: TokenBody,
}

/// All tokens.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TokenList {
    tokens: Vec<TokenBody>,
}

/// As whom one has come in.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Me {
    /// The token's name.
    name: String,
    level: AccessLevel,
    agent_id: Option<AgentId>,
    /// Those that the API asks for.
    permissions: Vec<&'static str>,
}

impl TokenBody {
    fn of(token: Token, now: Timestamp) -> Self {
        let standing = match token.standing(now) {
            Standing::Valid => "valid",
            Standing::Expired => "expired",
            Standing::Revoked => "revoked",
        };
        let Token { id, spec, made_at, made_by, revoked_at, .. } = token;
        let TokenSpec { name, level, agent, permissions, permissions_denied, expires_at } = spec;
        Self {
            token_id: id,
            name,
            level,
            agent_id: agent,
            permissions,
            permissions_denied,
            made_at,
            made_by,
            expires_at,
            revoked_at,
            standing,
        }
    }
}

impl Me {
    pub(super) fn of(author: Authority) -> Self {
        let permissions = author.rights.iter().map(|right| right.as_str()).collect();
        Self { name: author.subject, level: author.level, agent_id: author.agent, permissions }
    }
}

pub(super) async fn me(Extension(author): Extension<Authority>) -> Json<Me> {
    Json(Me::of(author))
}

pub(super) async fn list(State(shared): State<Shared>) -> Json<TokenList> {
    let now = (shared.clock)();
    Json(TokenList { tokens: shared.tokens.list().into_iter().map(|token| TokenBody::of(token, now)).collect() })
}

pub(super) async fn make(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    check_media_type(&headers, &[super::endpoint::JSON])?;
    let spec = spec(&body)?;
    check(&shared, &author, &spec)?;
    let now = (shared.clock)();
    let by = author.subject;
    let tokens = shared.tokens.clone();
    let made = tokio::task::spawn_blocking(move || tokens.make(spec, &by, now)).await;
    let (token, shown) = made.expect("making a token does not panic").map_err(not_made)?;
    let about = TokenBody::of(token, now);
    let note = Note { after: serde_json::to_value(&about).ok(), ..Note::default() };
    let mut response =
        (StatusCode::CREATED, Json(MadeToken { token: shown.reveal().to_owned(), about })).into_response();
    response.extensions_mut().insert(note);
    Ok(response)
}

fn spec(body: &Bytes) -> Result<TokenSpec, Problem> {
    let bad = |path: String, detail: String| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_field", format!("{path}: {detail}")).at(path)
    };
    let asked: NewToken = entry::read_whole(body).map_err(|error| {
        if error.inner().is_data() {
            return bad(entry::dollar(error.path()), error.inner().to_string());
        }
        Problem::new(StatusCode::BAD_REQUEST, "bad_json", format!("expected JSON: {}", error.inner()))
    })?;
    let expires_at = match &asked.expires_at {
        None => None,
        Some(text) => {
            let moment = text.parse::<jiff::Timestamp>();
            let moment =
                moment.map_err(|_| bad("$.expires_at".to_owned(), "expected a time of RFC 3339".to_owned()))?;
            Some(Timestamp(moment.as_millisecond()))
        }
    };
    if asked.agent_id.is_some() && !asked.permissions.is_empty() {
        let detail = "expected none: what an agent's token may do is what that agent may do".to_owned();
        return Err(bad("$.permissions".to_owned(), detail));
    }
    for (path, set) in [("$.permissions", &asked.permissions), ("$.permissions_denied", &asked.permissions_denied)] {
        if set.len() > PERMISSIONS_MAX {
            return Err(bad(path.to_owned(), format!("expected at most {PERMISSIONS_MAX}")));
        }
    }
    Ok(TokenSpec {
        name: asked.name,
        level: asked.level,
        agent: asked.agent_id,
        permissions: asked.permissions,
        permissions_denied: asked.permissions_denied,
        expires_at,
    })
}

/// Nobody makes a token that may do more than one may oneself.
fn check(shared: &Shared, author: &Authority, spec: &TokenSpec) -> Result<(), Problem> {
    let needed = match spec.level {
        AccessLevel::Agent => None,
        AccessLevel::Admin => Some(Right::AdminsManage),
        AccessLevel::Owner => Some(Right::OwnersManage),
    };
    if let Some(right) = needed {
        author.require(right).map_err(entry::forbidden)?;
    }
    let asked = Authority::of_spec(spec, &shared.read_model);
    let beyond = asked.rights.iter().chain(&named(&spec.permissions)).find(|right| !author.may(**right)).copied();
    match beyond {
        Some(right) => author.require(right).map_err(entry::forbidden),
        None => Ok(()),
    }
}

fn not_made(why: NotMade) -> Problem {
    let detail = why.to_string();
    match why {
        NotMade::BadName => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_field", detail).at("$.name"),
        NotMade::Over { .. } => {
            let detail = format!("$.expires_at: {detail}");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_field", detail).at("$.expires_at")
        }
        NotMade::NameTaken => Problem::new(StatusCode::CONFLICT, "name_taken", detail).at("$.name"),
        NotMade::TooMany => Problem::new(StatusCode::CONFLICT, "too_many_tokens", detail),
        NotMade::Records(error) => {
            tracing::error!(%error, "a token can't be made");
            busy("tokens_unavailable", "the tokens can't be written")
        }
    }
}

pub(super) async fn revoke(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Named(id): Named,
) -> Result<Response, Problem> {
    let now = (shared.clock)();
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "unknown_token", "there is no such token, or it is revoked");
    let known = shared.tokens.list().into_iter().find(|token| token.id == id).ok_or_else(unknown)?;
    check(&shared, &author, &known.spec)?;
    let (tokens, by) = (shared.tokens.clone(), author.subject);
    let before = serde_json::to_value(TokenBody::of(known, now)).ok();
    let revoked = tokio::task::spawn_blocking(move || tokens.revoke(&id, &by, now)).await;
    let revoked = revoked.expect("revoking a token does not panic").map_err(|error| {
        tracing::error!(%error, "a token can't be revoked");
        busy("tokens_unavailable", "the tokens can't be written")
    })?;
    let body = TokenBody::of(revoked.ok_or_else(unknown)?, now);
    let note = Note { before, after: serde_json::to_value(&body).ok() };
    let mut response = Json(body).into_response();
    response.extensions_mut().insert(note);
    Ok(response)
}
