//! A change of the role structure: what is asked for, what has to be so for it, and what came of it.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Shared;
use super::audit::Note;
use super::authority::{Authority, Forbidden};
use super::edits::{EditRequest, Edited, Expected, ExpectedState, NotEdited, tag};
use super::entity_tag::{Matching, if_match, with_tag};
use super::entry::{self, busy};
use super::problem::{Problem, ProblemFinding};
use crate::config::{self, EditStep, Finding, Kind, Severity};

/// Who asks for a change of what kind.
pub(super) struct Asked {
    pub(super) shared: Shared,
    pub(super) author: Authority,
    pub(super) headers: HeaderMap,
    pub(super) kind: Kind,
    /// Only to say what would come of it.
    pub(super) dry_run: bool,
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

/// A change that is being put together.
pub(super) struct Change<'a> {
    asked: &'a Asked,
    name: String,
    expected: Vec<Expected>,
}

impl<'a> Change<'a> {
    /// Of the entry of that name.
    pub(super) fn of(asked: &'a Asked, name: &str) -> Self {
        Self { asked, name: name.to_owned(), expected: Vec::new() }
    }

    /// The entry has to be so, or nothing is changed.
    pub(super) fn expect(&mut self, state: ExpectedState) {
        self.expect_of(self.name.clone(), state);
    }

    /// The same of another entry of that kind.
    pub(super) fn expect_of(&mut self, name: String, state: ExpectedState) {
        self.expected.push(Expected { kind: self.asked.kind, name, state });
    }

    /// `If-Match` of a client that has looked before; `*` for whatever is there.
    pub(super) fn expect_match(&mut self) -> Result<(), Problem> {
        match if_match(&self.asked.headers)? {
            None => {}
            Some(Matching::Anything) => self.expect(ExpectedState::Present),
            Some(Matching::OneOf(tags)) => self.expect(ExpectedState::Tagged(tags)),
        }
        Ok(())
    }

    /// Has it made.
    pub(super) async fn make(self, steps: Vec<EditStep>, status: StatusCode) -> Result<Response, Problem> {
        let Asked { shared, author, kind, dry_run, .. } = self.asked;
        let before = config::entry_json(&shared.read_model.catalogue(), *kind, &self.name);
        let request = |answer| EditRequest {
            steps,
            about: (*kind, self.name.clone()),
            expected: self.expected.clone(),
            dry_run: *dry_run,
            author: author.clone(),
            answer,
        };
        let answered = shared.editor.edit(request).await.map_err(|_| {
            let detail = "the catalogue can't be changed in time: the daemon is starting, ending, or has too much to do; look \
                          whether it was changed before you try again";
            Problem::new(StatusCode::GATEWAY_TIMEOUT, "outcome_unknown", detail)
        })?;
        let edited = answered.map_err(refused)?;
        let catalogue = shared.read_model.catalogue();
        let entry = config::entry_json(&catalogue, *kind, &self.name).filter(|_| !dry_run);
        let note = Note { before: before.map(Value::Object), after: entry.clone().map(Value::Object) };
        let Edited { version, differences, warnings } = edited;
        let body = CatalogueDone {
            version,
            entry,
            differences: serde_json::to_value(differences).expect("differences are made of texts and numbers"),
            findings: warnings.into_iter().map(ProblemFinding::from).collect(),
        };
        let status = if *dry_run { StatusCode::OK } else { status };
        let tag = tag(&catalogue, *kind, &self.name).filter(|_| !dry_run);
        let mut response = with_tag((status, Json(body)).into_response(), tag.as_deref());
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
        NotEdited::ReadOnly(detail) => conflict("catalogue_read_only", detail),
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
    let others = findings.iter().filter(|finding| finding.severity == Severity::Error).skip(1).count();
    let others = if others == 0 { String::new() } else { format!(" (and {others} more, in `findings`)") };
    let detail = first.map_or_else(String::new, |finding| {
        // What is elsewhere than in the entry that was sent is found by its place in the file.
        let place = if finding.path.is_none() { format!(" ({})", finding.place) } else { String::new() };
        format!("{}{place}{others}", finding.message)
    });
    let path = first.and_then(|finding| finding.path.clone());
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_catalogue", detail);
    let problem = problem.finds(findings.into_iter().map(ProblemFinding::from).collect());
    match path {
        Some(path) => problem.at(path),
        None => problem,
    }
}

/// There is no such entry.
pub(super) fn unknown(kind: Kind, name: &str) -> Problem {
    let code = match kind {
        Kind::Role => "unknown_role",
        Kind::Rule => "unknown_rule",
        Kind::Channel => "unknown_channel",
    };
    Problem::new(StatusCode::NOT_FOUND, code, format!("there is no {} {name:?}", kind.as_str()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_elsewhere_is_said_with_its_place_and_that_there_is_more() {
        let finding = |severity, path: Option<&str>, message: &str| Finding {
            severity,
            path: path.map(str::to_owned),
            place: "rolecall.toml:3:16".to_owned(),
            message: message.to_owned(),
            expected: None,
            help: None,
        };
        let hint = finding(Severity::Warning, None, "nobody has it");
        let own = finding(Severity::Error, Some("$.weight"), "it is none");
        let elsewhere = finding(Severity::Error, None, "the role can't go");
        let detail = |findings: Vec<Finding>| invalid(findings).detail().to_owned();
        assert_eq!(detail(vec![hint.clone(), own.clone()]), "it is none");
        assert_eq!(detail(vec![hint.clone(), elsewhere.clone()]), "the role can't go (rolecall.toml:3:16)");
        let all = detail(vec![elsewhere.clone(), elsewhere, own, hint]);
        assert_eq!(all, "the role can't go (rolecall.toml:3:16) (and 2 more, in `findings`)");
    }
}
