//! `POST /api/v1/rules/dry-run`: which role would this ticket get, and by which rule?

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Shared;
use super::ask::Classified;
use super::authority::Authority;
use super::entry::{self, busy, members};
use super::problem::Problem;
use super::submission::{Letter, Receipt};
use crate::routing::{Permission, RoleName, RuleName};
use crate::wire::Form;

/// What a ticket would demand if it came now.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DryRun {
    /// The role; `null` where it would be unroutable.
    role: Option<RoleName>,
    /// `own_role`, `rule`, `type`, `default_role`, `unknown_role`, `none`: as in an explanation.
    by: &'static str,
    /// The rule whose condition holds, also where it gives no role.
    rule: Option<RuleName>,
    priority: u8,
    /// Skills with their least level.
    skills: BTreeMap<String, u8>,
    permissions: Vec<Permission>,
}

impl From<Classified> for DryRun {
    fn from(Classified { way, demand }: Classified) -> Self {
        Self {
            role: demand.role().cloned(),
            by: way.code(),
            rule: demand.rule.clone(),
            priority: demand.priority.get(),
            skills: demand.skills.0.iter().map(|(name, level)| (name.to_string(), level.get())).collect(),
            permissions: demand.permissions.iter().cloned().collect(),
        }
    }
}

pub(super) async fn dry_run(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<DryRun>, Problem> {
    let mut members = members(&headers, &body)?;
    members.entry("ticket_id").or_insert_with(|| "dry-run".into());
    let letter = Letter {
        body: serde_json::to_vec(&Value::Object(members)).expect("JSON has string keys"),
        form: Form::Plain,
        kind: "ticket.created".to_owned(),
        id: None,
        source: author.source,
        traceparent: None,
        request: None,
    };
    let answered = shared.asker.classify(letter).await;
    let classified =
        answered.map_err(|_| busy("busy", "the engine can't answer in time: it is starting, or has too much to do"))?;
    match classified {
        Ok(classified) => Ok(Json(classified.into())),
        Err(outcome) => Err(entry::done(Receipt { kind: None, id: None, outcome }).expect_err("it could not be read")),
    }
}
