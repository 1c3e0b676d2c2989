//! Errors as RFC 9457 problem details: what happened, for programs and for people.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

/// The media type of RFC 9457.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A problem, as the client sees it. `code` is stable; `detail` is for people, and never holds what the client sent
/// unless it needs it to understand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// `about:blank`: the title says what the status says.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: Box<str>,
    /// Where in what the client sent, as a JSON path.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Box<str>>,
    /// All that is wrong, where it is more than one thing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<ProblemFinding>,
    #[serde(skip)]
    retry_after_seconds: Option<u32>,
}

/// One thing that is wrong, or hardly meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct ProblemFinding {
    /// `error` or `warning`.
    pub(super) severity: &'static str,
    /// Where in what the client sent, as a JSON path; `null` where it is elsewhere.
    pub(super) path: Option<String>,
    /// Where in the file as it would be.
    pub(super) place: String,
    /// What is wrong.
    pub(super) message: String,
    /// What would have been right.
    pub(super) expected: Option<String>,
    /// What was probably meant.
    pub(super) help: Option<String>,
}

impl Problem {
    /// A problem of that status.
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail: detail.into().into(),
            path: None,
            findings: Vec::new(),
            retry_after_seconds: None,
        }
    }

    /// Says when it is worth trying again.
    #[must_use]
    pub(super) fn retry_after_seconds(self, seconds: u64) -> Self {
        Self { retry_after_seconds: Some(u32::try_from(seconds).unwrap_or(u32::MAX)), ..self }
    }

    /// Says where in what the client sent.
    #[must_use]
    pub(super) fn at(self, path: impl Into<String>) -> Self {
        Self { path: Some(path.into().into()), ..self }
    }

    /// Says first where that is which is wrong.
    #[must_use]
    pub(super) fn within(self, place: &str) -> Self {
        Self { detail: format!("{place}: {}", self.detail).into(), ..self }
    }

    /// Says behind it what was left out: it may be what is missing.
    #[must_use]
    pub(super) fn besides(self, left_out: &[String]) -> Self {
        if left_out.is_empty() {
            return self;
        }
        Self { detail: format!("{}; left out was {}", self.detail, left_out.join("; ")).into(), ..self }
    }

    /// Lists all that is wrong.
    #[must_use]
    pub(super) fn finds(self, findings: Vec<ProblemFinding>) -> Self {
        Self { findings, ..self }
    }

    /// What it says to people.
    #[cfg(test)]
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// Its status.
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).expect("made from a status")
    }

    /// In place of a refusal that is none of ours: a path that is no UTF-8, a body that is too large, a time that is over.
    pub(super) fn in_place_of(response: Response) -> Response {
        let status = response.status();
        let is_ours = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| *kind == MEDIA_TYPE);
        if is_ours || !(status.is_client_error() || status.is_server_error()) {
            return response;
        }
        let (code, detail) = match status {
            StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "the body is larger than any may be"),
            StatusCode::GATEWAY_TIMEOUT => ("timed_out", "it took too long"),
            StatusCode::BAD_REQUEST => ("bad_request", "the request can't be read"),
            _ => ("refused", "this can't be done"),
        };
        Self::new(status, code, detail).into_response()
    }

    /// There is nothing at this address.
    pub(super) fn no_such_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
    }

    /// There is something at this address, and this can't be done to it.
    pub(super) fn no_such_method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "this address does not take this method: the header Allow says which it takes",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let retry_after = self.retry_after_seconds;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
