//! What a role asks of whoever owns one of its tickets.

use crate::routing::Millis;
use crate::routing::owning::Owning;

use super::super::channel::{ANY_LENGTH, OwnerGraceForm};
use super::super::form::Length;
use super::super::key::Key;
use super::super::section::{Reading, Section};
use super::super::writing::Writing;

/// Nobody replies in no time at all.
const REPLY_BOUNDS: Length = Length { min: Millis::from_secs(1), max: ANY_LENGTH.max };

pub(super) const OWNER_GRACE: Key<OwnerGraceForm> = Key::optional(
    "owner_grace",
    OwnerGraceForm,
    "the channel's",
    "How long assigned tickets stay with an agent who went offline, before they go to its deputy, or back to the queue.",
);
pub(super) const FIRST_REPLY_WITHIN: Key<Length> = Key::optional(
    "first_reply_within",
    REPLY_BOUNDS,
    "never",
    "An owner of whom no `ticket.replied` has come for so long loses the ticket.",
);

pub(super) fn read(section: &Section<'_>, reading: &mut Reading<'_>) -> Owning {
    Owning {
        owner_grace: section.take(&OWNER_GRACE, reading),
        first_reply_within: section.take(&FIRST_REPLY_WITHIN, reading),
    }
}

/// The way back.
pub(super) fn write(owning: &Owning, writing: &mut Writing) {
    let Owning { owner_grace, first_reply_within } = owning;
    writing.put_some(&OWNER_GRACE, owner_grace.as_ref());
    writing.put_some(&FIRST_REPLY_WITHIN, first_reply_within.as_ref());
}
