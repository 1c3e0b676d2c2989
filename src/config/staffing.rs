//! Which of its agents a role asks first, and how many it keeps for its own work: keys of `[[role]]` and of its overflow steps.

use crate::routing::AgentProfile;
use crate::routing::staffing::Staffing;

use super::form::Whole;
use super::key::Key;
use super::section::{Reading, Section};
use super::writing::Writing;

/// A rank, as a registration may give it.
const RANK: Whole<u32> = Whole { min: 1, max: AgentProfile::RANK_MAX };
/// The most agents that a role keeps; far above any use.
const RESERVE_MAX: u32 = 10_000;

pub(super) const RANK_MAX: Key<Whole<u32>> = Key::optional(
    "rank_max",
    RANK,
    "all are asked",
    "At first only agents of at most this rank in the role are asked for its tickets; overflow steps widen it.",
);

pub(super) const STEP_RANK_MAX: Key<Whole<u32>> = Key::optional(
    "rank_max",
    RANK,
    "as before",
    "Agents of the role up to this rank are asked as well. It never narrows.",
);

pub(super) const RESERVE: Key<Whole<u32>> = Key::new(
    "reserve",
    Whole { min: 0, max: RESERVE_MAX },
    "0",
    "So many of its agents who are free are kept for its own work: no work of other roles is given to them.",
);

/// Reads what a role says of its agents.
pub(super) fn read(section: &Section<'_>, reading: &mut Reading<'_>) -> Staffing {
    let reserve = section.take(&RESERVE, reading).unwrap_or_default();
    Staffing { rank_max: section.take(&RANK_MAX, reading), reserve }
}

/// The way back.
pub(super) fn write(staffing: Staffing, writing: &mut Writing) {
    let Staffing { rank_max, reserve } = staffing;
    writing.put_some(&RANK_MAX, rank_max.as_ref());
    writing.put(&RESERVE, reserve);
}
