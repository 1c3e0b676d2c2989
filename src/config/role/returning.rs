//! What a role does for customers who come back.

use crate::routing::Millis;
use crate::routing::returning::Returning;

use super::super::channel::ANY_LENGTH;
use super::super::form::Length;
use super::super::key::Key;
use super::super::section::{Reading, Section};
use super::super::writing::Writing;

/// Nobody comes back in no time at all.
const ANY_TIME: Length = Length { min: Millis::from_secs(1), max: ANY_LENGTH.max };

pub(in super::super) const LAST_AGENT: Key<Length> = Key::optional(
    "last_agent",
    ANY_TIME,
    "nobody is tried first",
    "The agent who had a ticket of the customer within that time is tried first, as a preferred agent is.",
);

pub(super) const RESUME_WITHIN: Key<Length> = Key::optional(
    "resume_within",
    ANY_TIME,
    "a new place",
    "A customer who withdrew a ticket or hung up, and comes back within that time, has its place again.",
);

pub(super) fn read(section: &Section<'_>, reading: &mut Reading<'_>) -> Returning {
    Returning { last_agent: section.take(&LAST_AGENT, reading), resume_within: section.take(&RESUME_WITHIN, reading) }
}

/// The way back.
pub(super) fn write(returning: Returning, writing: &mut Writing) {
    let Returning { last_agent, resume_within } = returning;
    writing.put_some(&LAST_AGENT, last_agent.as_ref());
    writing.put_some(&RESUME_WITHIN, resume_within.as_ref());
}
