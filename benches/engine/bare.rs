//! The choice of an agent and nothing else: the first of each group that fits, and of these the one idle for longest.
//! No counts, no reasons, no runner-up: what an explanation costs is the difference.

use rolecall::routing::role::Strategy;
use rolecall::routing::{AgentId, State, Ticket};

/// Whom the strategy `longest_idle` chooses, for a ticket from which nobody is barred.
pub(crate) fn choose<'s>(state: &'s State, ticket: &'s Ticket) -> Option<&'s AgentId> {
    let demand = &ticket.demand;
    let fits = state.pool().groups_of(&demand.roles).filter(|group| {
        let asks = |role| group.signature.roles.contains(role) && demand.asks(role, group.signature.rank(role));
        (demand.rank_max.is_none() || demand.roles.iter().any(asks))
            && group.signature.skills.fulfil(&demand.skills)
            && demand.permissions.is_subset(&group.permissions)
    });
    let firsts = fits.filter_map(|group| {
        state.pool().bench(group, &ticket.spec.asked.channel)?.first(Strategy::LongestIdle.ordering())
    });
    firsts.min_by_key(|(key, _)| *key).map(|(_, agent)| &state.agent_at(agent).id)
}
