//! `[status.NAME]`: a status of one's own, and what it means.

use crate::routing::{Status, StatusName};

use super::diagnostic::{Diagnostic, Origin};
use super::form::{Choice, Name};
use super::key::{Key, Keys};
use super::section::{Reading, Section};
use super::writing::{Member, Writing};

/// A status's name.
pub(super) const STATUS_NAME: Name<StatusName> = Name { of: "a status", parse: StatusName::parse };

const MEANS: Key<Choice<Status>> = Key::required(
    "means",
    Choice {
        of: "status",
        options: &[
            ("online", Status::Online),
            ("away", Status::Away),
            ("busy", Status::Busy),
            ("draining", Status::Draining),
            ("offline", Status::Offline),
        ],
    },
    "The status of rolecall's that it is taken for.",
);

/// The keys of `[status.NAME]`.
pub(super) const KEYS: Keys = &[&MEANS];

/// What a status means. One that has a name of ours can't mean anything else.
pub(super) fn read(
    name: &StatusName,
    origin: Origin,
    section: &Section<'_>,
    reading: &mut Reading<'_>,
) -> Option<Status> {
    if Status::parse(name.as_str()).is_some() {
        let found = Diagnostic::error(origin, format!("{:?} is a status of rolecall's own", name.as_str()));
        reading.report(found.expected("another name"));
    }
    section.take(&MEANS, reading)
}

/// The way back.
pub(super) fn write(means: Status) -> Vec<Member> {
    let mut writing = Writing::default();
    writing.put(&MEANS, means);
    writing.finish(KEYS)
}
