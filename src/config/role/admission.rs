//! Whom a role lets wait, when, and for how long; and where the others go.

use serde_json::Value;
use toml::de::DeValue;

use crate::routing::admission::Admission;
use crate::routing::diversion::Diversion;
use crate::routing::{HoursName, Millis, RoleName};

use super::super::channel::ANY_LENGTH;
use super::super::diagnostic::{Diagnostic, Origin};
use super::super::form::{Form, Length, Name, Node, RoleReference, Whole, describe, misfit};
use super::super::hours::HOURS_NAME;
use super::super::key::{Key, Keys};
use super::super::schema;
use super::super::section::{Reading, Section};
use super::super::suggestion::nearest;
use super::super::writing::{Writes, Writing};
use super::super::written::Written;

/// Nobody waits for no time at all; who is to be asked at once or not at all has `max_waiting = 0`.
const WAIT: Length = Length { min: Millis::from_secs(1), max: ANY_LENGTH.max };
/// Beyond this a queue is as good as endless.
const WAITING: Whole<u32> = Whole { min: 0, max: 1_000_000 };

pub(super) const HOURS: Key<Name<HoursName>> =
    Key::optional("hours", HOURS_NAME, "always", "When it is open: the name of `[hours.NAME]`.");
pub(super) const WHEN_CLOSED: Key<DiversionForm> = Key::new(
    "when_closed",
    DiversionForm { words: &["wait", "callback", "cancel"] },
    "\"wait\"",
    "What becomes of a ticket that comes while it is closed, and, unless that is `wait`, of what waits when it closes.",
);
pub(super) const MAX_WAIT: Key<Length> = Key::optional(
    "max_wait",
    WAIT,
    "as long as it takes",
    "The longest that a ticket waits for this role before `when_waited` holds.",
);
pub(super) const WHEN_WAITED: Key<DiversionForm> =
    Key::new("when_waited", UNLESS_IT_WAITS, "\"cancel\"", "What becomes of a ticket that has waited for `max_wait`.");
pub(super) const MAX_WAITING: Key<Whole<u32>> = Key::optional(
    "max_waiting",
    WAITING,
    "however many",
    "The most tickets that wait in its queue; for another that nobody can take at once, `when_full` holds.",
);
pub(super) const WHEN_FULL: Key<DiversionForm> = Key::new(
    "when_full",
    UNLESS_IT_WAITS,
    "\"cancel\"",
    "What becomes of a ticket that comes while `max_waiting` wait.",
);

/// Where the keys are that only count together with others, if they are written.
#[derive(Debug)]
pub(in crate::config) struct AdmissionOrigins {
    pub(in crate::config) hours: Option<Origin>,
    pub(in crate::config) when_closed: Option<Origin>,
    pub(in crate::config) when_waited: Option<Origin>,
    pub(in crate::config) when_full: Option<Origin>,
}

pub(super) fn read(role: &RoleName, section: &Section<'_>, reading: &mut Reading<'_>) -> Admission {
    Admission {
        hours: section.take(&HOURS, reading),
        when_closed: diversion(&WHEN_CLOSED, role, section, reading),
        max_wait: section.take(&MAX_WAIT, reading),
        when_waited: diversion(&WHEN_WAITED, role, section, reading).unwrap_or_default(),
        max_waiting: section.take(&MAX_WAITING, reading),
        when_full: diversion(&WHEN_FULL, role, section, reading).unwrap_or_default(),
    }
}

/// The way back.
pub(super) fn write(admission: &Admission, writing: &mut Writing) {
    let Admission { hours, when_closed, max_wait, when_waited, max_waiting, when_full } = admission;
    writing.put_some(&HOURS, hours.as_ref());
    writing.put(&WHEN_CLOSED, when_closed);
    writing.put_some(&MAX_WAIT, max_wait.as_ref());
    writing.put(&WHEN_WAITED, Some(when_waited.clone()));
    writing.put_some(&MAX_WAITING, max_waiting.as_ref());
    writing.put(&WHEN_FULL, Some(when_full.clone()));
}

pub(super) fn origins(section: &Section<'_>) -> AdmissionOrigins {
    AdmissionOrigins {
        hours: section.written(&HOURS),
        when_closed: section.written(&WHEN_CLOSED),
        when_waited: section.written(&WHEN_WAITED),
        when_full: section.written(&WHEN_FULL),
    }
}

/// A role can't send tickets to itself.
fn diversion(
    key: &Key<DiversionForm>,
    role: &RoleName,
    section: &Section<'_>,
    reading: &mut Reading<'_>,
) -> Option<Diversion> {
    let diversion = section.take(key, reading).flatten();
    if diversion.as_ref().and_then(Diversion::role) == Some(role) {
        let message = format!("the role {role:?} sends its tickets to itself");
        reading.report(Diagnostic::error(section.origin(key), message).expected("another role"));
    }
    diversion
}

/// `"callback"`, `"cancel"`, `{ role = "general" }`; and `"wait"` where that is one of its words, which is no diversion.
#[derive(Debug, Clone, Copy)]
pub(super) struct DiversionForm {
    words: &'static [&'static str],
}

/// Where there is no more waiting.
const UNLESS_IT_WAITS: DiversionForm = DiversionForm { words: &["callback", "cancel"] };

const ROLE: Key<RoleReference> = Key::required("role", RoleReference, "The role that gets the ticket.");
const KEYS: Keys = &[&ROLE];

impl Form for DiversionForm {
    type Value = Option<Diversion>;

    fn expected(&self) -> String {
        let words: Vec<String> = self.words.iter().map(|word| format!("{word:?}")).collect();
        format!("{} or a role, such as {{ role = \"general\" }}", words.join(", "))
    }

    fn schema(&self) -> Value {
        schema::either(&[schema::words(self.words.iter().copied()), schema::table(KEYS)])
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Option<Diversion>> {
        match node.value {
            DeValue::Table(_) => {
                let section = Section::open("a table that says what then", node, KEYS, reading);
                section.take(&ROLE, reading).map(|role| Some(Diversion::Role(role)))
            }
            DeValue::String(word) if self.words.contains(&word.as_ref()) => Some(match word.as_ref() {
                "callback" => Some(Diversion::Callback),
                "cancel" => Some(Diversion::Cancel),
                _ => None,
            }),
            DeValue::String(word) => {
                let found = Diagnostic::error(node.origin.clone(), format!("{word:?} says nothing of what then"));
                let meant = nearest(word, self.words.iter().copied()).map(|meant| format!("did you mean {meant:?}?"));
                let help = meant.unwrap_or_else(|| format!("a role is written {{ role = {word:?} }}"));
                reading.report(found.expected(self.expected()).help(Some(help)));
                None
            }
            other => misfit(self, node, reading, format!("{} says nothing of what then", describe(other))),
        }
    }
}

impl Writes for DiversionForm {
    fn write(&self, diversion: &Option<Diversion>) -> Written {
        match diversion {
            None => Written::text("wait"),
            Some(Diversion::Callback) => Written::text("callback"),
            Some(Diversion::Cancel) => Written::text("cancel"),
            Some(Diversion::Role(role)) => {
                let mut writing = Writing::default();
                writing.put(&ROLE, role);
                writing.into_table(KEYS)
            }
        }
    }
}
