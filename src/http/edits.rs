//! Changes of the catalogue: http hands them to whoever keeps the configuration file, over a bounded channel.
//!
//! They are taken one after the other: checked as a whole file, brought into force by the engine as a reload is, and written
//! where it has taken them. The answer comes when the engine's part is durable and the file is.

use std::fmt;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::authority::Authority;
use super::entity_tag;
use crate::config::{Difference, EditStep, Finding, Kind};
use crate::routing::Catalogue;

/// Edits that wait at most: people make them one by one.
const WAITING_MAX: usize = 16;

/// How long an edit may take. The engine looks at every ticket anew under another catalogue.
const DONE_WITHIN: Duration = Duration::from_secs(9);

/// What an entry has to be before it is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Of which kind.
    pub kind: Kind,
    /// Which.
    pub name: String,
    /// What is expected of it.
    pub state: ExpectedState,
}

/// What is expected of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedState {
    /// It is there.
    Present,
    /// It is not.
    Absent,
    /// It has one of these tags: `If-Match`.
    Tagged(Vec<String>),
}

/// A change of the catalogue.
pub struct EditRequest {
    /// What is to be done.
    pub steps: Vec<EditStep>,
    /// The entry that it is about.
    pub about: (Kind, String),
    /// What has to hold before.
    pub expected: Vec<Expected>,
    /// Whether it is only to be looked at what would come of it.
    pub dry_run: bool,
    /// Who asks.
    pub author: Authority,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Result<Edited, NotEdited>>,
}

/// What came of a change, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The catalogue's version in force; none of a dry run.
    pub version: Option<u64>,
    /// What is different.
    pub differences: Vec<Difference>,
    /// What is valid and hardly meant.
    pub warnings: Vec<Finding>,
}

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotEdited {
    /// There is no file to change.
    NoFile,
    /// The file says something else than what is in force, or can't be used.
    FileDiffers(String),
    /// It can't be done to the file as it is written.
    CannotEdit(String),
    /// An entry is not what was expected.
    Unexpected(Expected),
    /// What would come of it can't be used.
    Invalid(Vec<Finding>),
    /// Something hangs on what would go.
    InUse(String),
    /// It would give somebody what its author does not have.
    Forbidden(String),
    /// The file can't be written now.
    Unwritable(String),
    /// The file is not the daemon's to write.
    ReadOnly(String),
}

/// Where whoever keeps the file finds what is to be changed.
pub type EditRequests = mpsc::Receiver<EditRequest>;

/// Whoever holds it may ask for changes.
#[derive(Clone)]
pub struct Editor(mpsc::Sender<EditRequest>);

impl fmt::Debug for Editor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Editor")
    }
}

/// The two ends of the channel.
#[must_use]
pub fn edits() -> (Editor, EditRequests) {
    let (tx, rx) = mpsc::channel(WAITING_MAX);
    (Editor(tx), rx)
}

/// Nobody answered in time: it may have been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unanswered;

impl Editor {
    pub(super) async fn edit(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<Edited, NotEdited>>) -> EditRequest,
    ) -> Result<Result<Edited, NotEdited>, Unanswered> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(request(answer)).map_err(|_| Unanswered)?;
        let answered = tokio::time::timeout(DONE_WITHIN, answered).await.map_err(|_| Unanswered)?;
        answered.map_err(|_| Unanswered)
    }
}

/// Whether the catalogue is as whoever asks expects it.
///
/// # Errors
/// The first entry that is not.
pub fn check_expected(catalogue: &Catalogue, expected: &[Expected]) -> Result<(), NotEdited> {
    for entry in expected {
        let tag = tag(catalogue, entry.kind, &entry.name);
        let holds = match &entry.state {
            ExpectedState::Present => tag.is_some(),
            ExpectedState::Absent => tag.is_none(),
            ExpectedState::Tagged(expected) => tag.is_some_and(|tag| expected.contains(&tag)),
        };
        if !holds {
            return Err(NotEdited::Unexpected(entry.clone()));
        }
    }
    Ok(())
}

/// The tag of an entry: the same as long as the entry says the same, and of a rule, as long as it is tried after the same
/// rule. Its place is part of what it means.
#[must_use]
pub(super) fn tag(catalogue: &Catalogue, kind: Kind, name: &str) -> Option<String> {
    use sha2::{Digest, Sha256};
    let members = serde_json::Value::Object(crate::config::entry_json(catalogue, kind, name)?);
    let mut digest = Sha256::new_with_prefix(members.to_string().as_bytes());
    if kind == Kind::Rule {
        let names: Vec<_> = catalogue.rules.iter().map(|rule| rule.name.as_str()).collect();
        let before = names.iter().take_while(|other| **other != name).last();
        digest.update([0]);
        digest.update(before.copied().unwrap_or_default().as_bytes());
    }
    Some(entity_tag::tag(&entity_tag::letters(digest)))
}
