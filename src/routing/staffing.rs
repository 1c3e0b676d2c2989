//! Which of its agents a role asks first, and how many it keeps free for its own work.

use serde::{Deserialize, Serialize};

use super::name::RoleName;
use super::ticket::Demand;

/// How a role draws on its agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Staffing {
    /// At first only agents of at most this rank in the role are asked for its tickets; `None` for all. Overflow steps
    /// widen it. (Asterisk's penalties, Genesys' bullseye rings.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank_max: Option<u32>,
    /// So many agents of the role who are free on a channel are kept for the role's own work; zero for none.
    #[serde(skip_serializing_if = "keeps_nobody")]
    pub reserve: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn keeps_nobody(reserve: &u32) -> bool {
    *reserve == 0
}

impl Staffing {
    /// Whether the role draws on its agents as if nothing were said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether an agent of that rank in that role is asked for work of a role that asks up to that rank.
pub(super) fn asks(own_role: Option<&RoleName>, rank_max: Option<u32>, role: &RoleName, rank: u32) -> bool {
    let beyond = rank_max.is_some_and(|rank_max| rank > rank_max);
    !beyond || own_role != Some(role)
}

impl Demand {
    /// Whether an agent of that rank in that demanded role is asked by now. Only the ticket's own role has tiers.
    #[must_use]
    pub fn asks(&self, role: &RoleName, rank: u32) -> bool {
        asks(self.role(), self.rank_max, role, rank)
    }

    /// Lets agents of at most this rank be asked as well, where only better ones were. It never narrows.
    pub fn widen_rank(&mut self, rank_max: Option<u32>) {
        if let (Some(now), Some(wider)) = (self.rank_max, rank_max) {
            self.rank_max = Some(now.max(wider));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(rank_max: Option<u32>) -> Demand {
        let roles = ["billing", "technical"].map(|name| RoleName::parse(name).unwrap());
        Demand { roles: roles.into(), rank_max, ..Demand::default() }
    }

    #[test]
    fn only_the_tickets_own_role_has_tiers() {
        let demand = demand(Some(2));
        let asks = |role: usize, rank| demand.asks(&demand.roles[role], rank);
        assert_eq!([asks(0, 1), asks(0, 2), asks(0, 3), asks(1, 3)], [true, true, false, true]);
    }

    #[test]
    fn a_tier_is_widened_and_never_narrowed() {
        let after = |before, step| {
            let mut demand = demand(before);
            demand.widen_rank(step);
            demand.rank_max
        };
        assert_eq!(after(Some(1), Some(3)), Some(3));
        assert_eq!(after(Some(3), Some(1)), Some(3));
        assert_eq!(after(Some(3), None), Some(3));
        assert_eq!(after(None, Some(1)), None, "who asks everybody goes on asking everybody");
    }
}
