//! All agents who have one of the demanded roles: how many of them fell out for which reason, and who they are.

use std::collections::BTreeMap;

use crate::routing::name::AgentId;
use crate::routing::offer::FallOut;
use crate::routing::state::State;
use crate::routing::ticket::Ticket;

use super::lacking::{self, Cure};

/// How many agents are listed for one reason: enough for any team that a person looks through, few enough for an answer
/// of some kilobytes.
pub const LISTED_MAX: usize = 50;

/// Who may take a ticket now, and why others may not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Staff {
    /// Agents who have one of the demanded roles, online or not.
    pub considered: u32,
    /// Of those, how many may take it now.
    pub eligible: u32,
    /// Why the others may not, each by the first reason that holds.
    pub fell_out: FallOut,
    /// How far away the nearest of those is: what that one needs most. `None` where one lacks nothing, or nobody has
    /// any of the roles.
    pub nearest: Option<Cure>,
}

/// The agents who fell out for one reason, or for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// A code of [`crate::routing::matching::Lack`], or `eligible`.
    pub code: &'static str,
    /// The first of them by id; at most [`LISTED_MAX`].
    pub agents: Vec<AgentId>,
    /// How many there are beyond those.
    pub more: u32,
}

/// Counts all who have one of the demanded roles, and lists them.
pub(super) fn considered(state: &State, ticket: &Ticket) -> (Staff, Vec<Listed>) {
    let mut staff = Staff::default();
    let mut by_code: BTreeMap<&'static str, Vec<AgentId>> = BTreeMap::new();
    for group in state.pool().groups_of(&ticket.demand.roles) {
        for agent in group.members.iter().map(|number| state.agent_at(*number)) {
            let lacks = lacking::everything(state, agent, ticket);
            staff.considered += 1;
            let code = match lacks.first() {
                None => {
                    staff.eligible += 1;
                    ELIGIBLE
                }
                Some(first) => {
                    *first.lack.count(&mut staff.fell_out).expect("only who has one of the roles is considered") += 1;
                    let needs_most = lacks.iter().map(|it| it.cure).max();
                    staff.nearest = if staff.nearest.is_none() { needs_most } else { staff.nearest.min(needs_most) };
                    first.lack.code()
                }
            };
            by_code.entry(code).or_default().push(agent.id.clone());
        }
    }
    if staff.eligible > 0 {
        staff.nearest = None;
    }
    (staff, by_code.into_iter().map(|(code, agents)| listed(code, agents)).collect())
}

/// The code under which those are listed who lack nothing.
pub const ELIGIBLE: &str = "eligible";

fn listed(code: &'static str, mut agents: Vec<AgentId>) -> Listed {
    agents.sort_unstable();
    let more = u32::try_from(agents.len().saturating_sub(LISTED_MAX)).expect("agents are counted in 32 bits");
    agents.truncate(LISTED_MAX);
    Listed { code, agents, more }
}

impl FallOut {
    /// All counts, each with its name on the wire, in the order in which a reason counts before another.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, u32); 10] {
        let Self { rank, skill, permission, offline, channel_off, no_slot, interrupted, paced, reserved, barred } =
            *self;
        [
            ("rank", rank),
            ("skill", skill),
            ("permission", permission),
            ("offline", offline),
            ("channel_off", channel_off),
            ("no_slot", no_slot),
            ("interrupted", interrupted),
            ("paced", paced),
            ("reserved", reserved),
            ("barred", barred),
        ]
    }
}
