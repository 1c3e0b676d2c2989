//! What became of one event that came in over HTTP, as its sender is told.

use schemars::JsonSchema;
use serde::Serialize;

use super::entry::json_path;
use super::submission::{Outcome, Receipt};

/// What became of one event.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct EventFate {
    /// `accepted`, `duplicate`, `rejected` (could not be done), `unreadable`, or `forbidden`; of a hook also `ignored` (no
    /// event of its mapping).
    pub(super) outcome: &'static str,
    /// Its type, where that was understood.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// Its id, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Why not: of `command.rejected`, or of the dead letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// Why not, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Where in the event, as a JSON path.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Of a hook: members for which something came that can't be one, each with what was expected and what was found. The event
    /// is without them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
}

impl EventFate {
    /// Of what is nothing to do with us.
    pub(super) const IGNORED: Self =
        Self { outcome: "ignored", kind: None, id: None, code: None, detail: None, path: None, left_out: Vec::new() };

    pub(super) fn of(receipt: Receipt) -> Self {
        let (outcome, code, detail) = match receipt.outcome {
            Outcome::Accepted => ("accepted", None, None),
            Outcome::Duplicate => ("duplicate", None, None),
            Outcome::Rejected { code, detail } => ("rejected", Some(code), Some(detail)),
            Outcome::Unreadable { code, detail } => ("unreadable", Some(code), Some(detail)),
            Outcome::Forbidden { detail } => ("forbidden", Some("forbidden"), Some(detail)),
        };
        let path = detail.as_deref().and_then(json_path);
        Self { outcome, kind: receipt.kind, id: receipt.id, code, detail, path, left_out: Vec::new() }
    }

    /// The same of an event of which something was left out.
    #[must_use]
    pub(super) fn without(self, left_out: Vec<String>) -> Self {
        Self { left_out, ..self }
    }
}
