//! Whom a role lets wait, and for how long; and where the others go.

use toml::de::DeValue;

use crate::routing::admission::Admission;
use crate::routing::diversion::Diversion;
use crate::routing::{Millis, RoleName};

use super::super::channel::ANY_LENGTH;
use super::super::diagnostic::{Diagnostic, Origin};
use super::super::form::{Form, Length, Node, RoleReference, Whole, describe, misfit};
use super::super::key::{Key, Keys};
use super::super::section::{Reading, Section};
use super::super::suggestion::nearest;
use super::super::writing::{Writes, Writing};
use super::super::written::Written;

/// Nobody waits for no time at all; who is to be asked at once or not at all has `max_waiting = 0`.
const WAIT: Length = Length { min: Millis::from_secs(1), max: ANY_LENGTH.max };
/// Beyond this a queue is as good as endless.
const WAITING: Whole<u32> = Whole { min: 0, max: 1_000_000 };

pub(super) const MAX_WAIT: Key<Length> = Key::optional(
    "max_wait",
    WAIT,
    "as long as it takes",
    "The longest that a ticket waits for this role before `when_waited` holds.",
);
pub(super) const WHEN_WAITED: Key<DiversionForm> =
    Key::new("when_waited", DiversionForm, "\"cancel\"", "What becomes of a ticket that has waited for `max_wait`.");
pub(super) const MAX_WAITING: Key<Whole<u32>> = Key::optional(
    "max_waiting",
    WAITING,
    "however many",
    "The most tickets that wait in its queue; for another that nobody can take at once, `when_full` holds.",
);
pub(super) const WHEN_FULL: Key<DiversionForm> =
    Key::new("when_full", DiversionForm, "\"cancel\"", "What becomes of a ticket that comes while `max_waiting` wait.");

/// Where the keys are that only count together with others, if they are written.
#[derive(Debug)]
pub(in crate::config) struct AdmissionOrigins {
    pub(in crate::config) when_waited: Option<Origin>,
    pub(in crate::config) when_full: Option<Origin>,
}

pub(super) fn read(role: &RoleName, section: &Section<'_>, reading: &mut Reading<'_>) -> Admission {
    Admission {
        max_wait: section.take(&MAX_WAIT, reading),
        when_waited: diversion(&WHEN_WAITED, role, section, reading),
        max_waiting: section.take(&MAX_WAITING, reading),
        when_full: diversion(&WHEN_FULL, role, section, reading),
    }
}

/// The way back.
pub(super) fn write(admission: &Admission, writing: &mut Writing) {
    let Admission { max_wait, when_waited, max_waiting, when_full } = admission;
    writing.put_some(&MAX_WAIT, max_wait.as_ref());
    writing.put(&WHEN_WAITED, when_waited);
    writing.put_some(&MAX_WAITING, max_waiting.as_ref());
    writing.put(&WHEN_FULL, when_full);
}

pub(super) fn origins(section: &Section<'_>) -> AdmissionOrigins {
    AdmissionOrigins { when_waited: section.written(&WHEN_WAITED), when_full: section.written(&WHEN_FULL) }
}

/// A role can't send tickets to itself.
fn diversion(key: &Key<DiversionForm>, role: &RoleName, section: &Section<'_>, reading: &mut Reading<'_>) -> Diversion {
    let diversion = section.take(key, reading).unwrap_or_default();
    if diversion.role() == Some(role) {
        let message = format!("the role {role:?} sends its tickets to itself");
        reading.report(Diagnostic::error(section.origin(key), message).expected("another role"));
    }
    diversion
}

/// `"callback"`, `"cancel"`, `{ role = "general" }`
#[derive(Debug, Clone, Copy)]
pub(super) struct DiversionForm;

const ROLE: Key<RoleReference> = Key::required("role", RoleReference, "The role that gets the ticket.");
const KEYS: Keys = &[&ROLE];
const WORDS: [&str; 2] = ["callback", "cancel"];

impl Form for DiversionForm {
    type Value = Diversion;

    fn expected(&self) -> String {
        "\"callback\", \"cancel\" or a role, such as { role = \"general\" }".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Diversion> {
        match node.value {
            DeValue::Table(_) => {
                let section = Section::open("a table that says what then", node, KEYS, reading);
                section.take(&ROLE, reading).map(Diversion::Role)
            }
            DeValue::String(word) if *word == WORDS[0] => Some(Diversion::Callback),
            DeValue::String(word) if *word == WORDS[1] => Some(Diversion::Cancel),
            DeValue::String(word) => {
                let found = Diagnostic::error(node.origin.clone(), format!("{word:?} says nothing of what then"));
                let meant = nearest(word, WORDS).map(|meant| format!("did you mean {meant:?}?"));
                let help = meant.unwrap_or_else(|| format!("a role is written {{ role = {word:?} }}"));
                reading.report(found.expected(self.expected()).help(Some(help)));
                None
            }
            other => misfit(self, node, reading, format!("{} says nothing of what then", describe(other))),
        }
    }
}

impl Writes for DiversionForm {
    fn write(&self, diversion: &Diversion) -> Written {
        match diversion {
            Diversion::Callback => Written::text(WORDS[0]),
            Diversion::Cancel => Written::text(WORDS[1]),
            Diversion::Role(role) => {
                let mut writing = Writing::default();
                writing.put(&ROLE, role);
                writing.into_table(KEYS)
            }
        }
    }
}
