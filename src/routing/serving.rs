//! Which of its roles an agent who has become free serves first, where their weights are equal.
//!
//! Avaya calls the two ways "greatest need" and "skill level"; the routing profiles of Amazon Connect are the second.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::agent::Agent;
use super::role::Role;

/// By what a free agent's next ticket is looked for, of roles of one weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServeFirst {
    /// By the tickets alone: whichever is ranked best.
    #[default]
    GreatestNeed,
    /// By the agent's own rank in the role, and only then by the tickets.
    BestRank,
}

/// Where a role stands among those of an agent: the smallest is served first.
pub(super) type Place = (Reverse<u32>, u32);

impl ServeFirst {
    /// Whether the tickets alone decide.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Where a role stands among those of an agent.
    pub(super) fn place(self, role: &Role, agent: &Agent) -> Place {
        let rank = match self {
            Self::GreatestNeed => 0,
            Self::BestRank => agent.profile.rank(&role.name),
        };
        (Reverse(role.weight), rank)
    }
}
