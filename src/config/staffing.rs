//! Which of its agents a role asks first: keys of `[[role]]` and of its overflow steps.

use crate::routing::AgentProfile;
use crate::routing::staffing::Staffing;

use super::form::Whole;
use super::key::Key;
use super::section::{Reading, Section};

/// A rank, as a registration may give it.
const RANK: Whole<u32> = Whole { min: 1, max: AgentProfile::RANK_MAX };

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

/// Reads what a role says of its agents.
pub(super) fn read(section: &Section<'_>, reading: &mut Reading<'_>) -> Staffing {
    Staffing { rank_max: section.take(&RANK_MAX, reading) }
}
