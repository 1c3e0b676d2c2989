//! The lengths for which whoever did not take a ticket is left alone.

use crate::routing::Millis;
use crate::routing::cooldown::Cooldowns;

use super::super::channel::ANY_LENGTH;
use super::super::form::Length;
use super::super::key::Key;
use super::super::section::{Reading, Section};
use super::super::writing::Writing;

pub(super) const DECLINE: Key<Length> = Key::new(
    "decline_cooldown",
    ANY_LENGTH,
    "\"1m\"",
    "How long whoever declined or missed a ticket is not asked for it again.",
);
pub(super) const NO_ANSWER: Key<Length> =
    Key::optional("no_answer_cooldown", ANY_LENGTH, "`decline_cooldown`", "The same, after an offer that was missed.");
pub(super) const BUSY: Key<Length> = Key::optional(
    "busy_cooldown",
    ANY_LENGTH,
    "`decline_cooldown`",
    "The same, after a decline with the reason `busy`.",
);

/// After a decline, and what differs from it.
pub(super) fn read(default: Millis, section: &Section<'_>, reading: &mut Reading<'_>) -> (Millis, Cooldowns) {
    let decline = section.take(&DECLINE, reading).unwrap_or(default);
    (decline, Cooldowns { no_answer: section.take(&NO_ANSWER, reading), busy: section.take(&BUSY, reading) })
}

/// The way back.
pub(super) fn write(decline: Millis, cooldowns: &Cooldowns, writing: &mut Writing) {
    let Cooldowns { no_answer, busy } = cooldowns;
    writing.put(&DECLINE, decline);
    writing.put_some(&NO_ANSWER, no_answer.as_ref());
    writing.put_some(&BUSY, busy.as_ref());
}
