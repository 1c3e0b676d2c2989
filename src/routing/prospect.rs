//! Whether a ticket has any prospect: whether anybody, online or not, could ever take it. Who may take it now is another
//! question, and [`super::matching`]'s.

use super::agent::Agent;
use super::audience::Sought;
use super::matching::{asks_group, lasting_lack};
use super::overflow;
use super::pool::{Group, Standing};
use super::state::State;
use super::ticket::{Bar, Demand, Ticket, UnroutableCause};

/// Why nobody could ever take a ticket, now or after any overflow step; `None` where somebody could.
#[must_use]
pub fn unroutable(state: &State, ticket: &Ticket) -> Option<UnroutableCause> {
    if ticket.demand.roles.is_empty() {
        return Some(UnroutableCause::NoRole);
    }
    if is_meant_for_somebody(state, ticket) {
        return None;
    }
    let mut farthest = nearest_miss(state, ticket, &ticket.demand)?;
    for demand in overflow::stages(ticket, state.catalogue()).skip(1) {
        let cause = nearest_miss(state, ticket, &demand)?;
        if progress(cause) > progress(farthest) {
            farthest = cause;
        }
    }
    Some(farthest)
}

/// Why nobody could take a ticket that demanded this; of several causes the one that came nearest.
fn nearest_miss(state: &State, ticket: &Ticket, demand: &Demand) -> Option<UnroutableCause> {
    if somebody_is_there(state, ticket, demand) {
        return None;
    }
    let mut farthest = UnroutableCause::NoAgentWithRole;
    for group in state.pool().groups_of(&demand.roles) {
        let cause = obstacle(state, ticket, demand, group)?;
        if progress(cause) > progress(farthest) {
            farthest = cause;
        }
    }
    Some(farthest)
}

/// Whether somebody who is asked by that demand is online and takes the channel, as far as they are counted as a whole.
fn somebody_is_there(state: &State, ticket: &Ticket, demand: &Demand) -> bool {
    let [role] = &demand.roles[..] else { return false };
    let Some(lane) = state.pool().lanes().number(&ticket.spec.asked.channel) else { return false };
    let barred = !ticket.bars.is_empty() || !ticket.spec.beside.exclude_agents.is_empty();
    let audience = state.pool().audience(role, Sought::by(demand, role)).filter(|_| !barred);
    let takes_it = [Standing::NoSlot, Standing::Interrupted, Standing::Paced, Standing::Free];
    audience.is_some_and(|audience| takes_it.iter().any(|standing| audience.count_of(lane, *standing) > 0))
}

/// Whether it waits for an agent who can take it, whatever that agent's rank.
fn is_meant_for_somebody(state: &State, ticket: &Ticket) -> bool {
    let agent = ticket.direction.as_ref().and_then(|direction| state.agent(&direction.agent));
    agent.is_some_and(|agent| lasting_lack(state, agent, ticket).is_none())
}

fn obstacle(state: &State, ticket: &Ticket, demand: &Demand, group: &Group) -> Option<UnroutableCause> {
    if !asks_group(demand, &demand.roles, &group.signature) {
        return Some(UnroutableCause::NoAgentWithRank);
    }
    if !group.signature.skills.fulfil(&demand.skills) {
        return Some(UnroutableCause::NoAgentWithSkill);
    }
    if !demand.permissions.is_empty() && !demand.permissions.is_subset(&group.permissions) {
        return Some(UnroutableCause::NoAgentWithPermission);
    }
    let channel = &ticket.spec.asked.channel;
    let barred = |agent: &Agent| {
        let for_good = |bar: &Bar| bar.agent == agent.id && bar.until.is_none();
        ticket.spec.beside.exclude_agents.contains(&agent.id) || ticket.bars.iter().any(for_good)
    };
    let members = group.members.iter().map(|number| state.agent_at(*number));
    let mut able = members.filter(|agent| agent.profile.could_hold(channel, state.catalogue())).peekable();
    if able.peek().is_none() {
        return Some(UnroutableCause::NoAgentWithChannel);
    }
    able.all(barred).then_some(UnroutableCause::AllExcluded)
}

/// How near somebody came to taking the ticket.
fn progress(cause: UnroutableCause) -> u8 {
    match cause {
        UnroutableCause::NoRole => 0,
        UnroutableCause::NoAgentWithRole => 1,
        UnroutableCause::NoAgentWithRank => 2,
        UnroutableCause::NoAgentWithSkill => 3,
        UnroutableCause::NoAgentWithPermission => 4,
        UnroutableCause::NoAgentWithChannel => 5,
        UnroutableCause::AllExcluded => 6,
    }
}
