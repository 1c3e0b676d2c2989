//! Who owned a ticket, from when to when, and why no longer.

use serde::{Deserialize, Serialize};

use crate::routing::event::Held;
use crate::routing::offer::RevokeCause;
use crate::routing::ticket::Closing;
use crate::routing::{AgentId, AssignmentId, RoleName, Timestamp};

/// The most owners that are remembered of one ticket; the first ones give way.
const SPELLS_MAX: usize = 64;

/// One ownership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spell {
    /// Who owned it.
    pub agent: AgentId,
    /// For which role.
    pub role: RoleName,
    /// The assignment.
    pub assignment: AssignmentId,
    /// From when.
    pub from: Timestamp,
    /// Until when; `None` while it lasts.
    pub until: Option<Timestamp>,
    /// Why no longer: `completed`, or a cause of `assignment.revoked`.
    pub ended: Option<String>,
    /// Whether it is paused: then it takes no time of its owner.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
}

/// All owners of a ticket, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct History {
    /// Ownerships.
    pub spells: Vec<Spell>,
    /// When the ticket ended, if it has.
    pub closed_at: Option<Timestamp>,
    /// How it ended: a word of [`crate::routing::ticket::Closing`]. What earlier versions wrote down is the cause.
    pub closed: Option<String>,
    /// Why, where more is known than how: what upstream gave as its reason, or what its role did not let it wait for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

impl History {
    /// Whether somebody owned it when it ended at that moment. What is withdrawn is taken from its owner first, in the same
    /// step.
    pub(super) fn was_owned_at(&self, end: Timestamp) -> bool {
        self.spells.last().is_some_and(|spell| {
            let was_withdrawn = spell.ended.as_deref() == Some(RevokeCause::TicketCancelled.as_str());
            spell.until.is_none() || (was_withdrawn && spell.until == Some(end))
        })
    }

    /// Somebody owns it from now on. One that had ended is there again, under the name of before.
    pub(super) fn begin(&mut self, spell: Spell) {
        (self.closed_at, self.closed, self.cause) = (None, None, None);
        if self.spells.len() >= SPELLS_MAX {
            self.spells.remove(0);
        }
        self.spells.push(spell);
    }

    pub(super) fn close(&mut self, at: Timestamp, how: Closing, cause: &str) {
        self.closed_at = Some(at);
        self.closed = Some(how.as_str().to_owned());
        self.cause = Some(cause.to_owned()).filter(|cause| !cause.is_empty());
    }

    /// Says whether its owner had worked on it until then, and not paused it.
    pub(super) fn end(&mut self, held: &Held, at: Timestamp, why: &str) -> bool {
        let Some(spell) = self.spell(held) else { return true };
        spell.until = Some(at);
        spell.ended = Some(why.to_owned());
        !std::mem::take(&mut spell.paused)
    }

    pub(super) fn pause(&mut self, held: &Held) {
        self.spell(held).into_iter().for_each(|spell| spell.paused = true);
    }

    pub(super) fn resume(&mut self, held: &Held) {
        self.spell(held).into_iter().for_each(|spell| spell.paused = false);
    }

    fn spell(&mut self, held: &Held) -> Option<&mut Spell> {
        self.spells.iter_mut().rev().find(|spell| spell.assignment == held.assignment)
    }
}
