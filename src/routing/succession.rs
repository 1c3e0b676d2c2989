//! Roles that leave the catalogue: what hangs on them, and where it goes.
//!
//! A role on which something hangs is only taken out by a catalogue in which another role [`replaces`](Role::replaces)
//! it. Then agents and tickets have the new role in place of the old one from the event that replaces the catalogue, and
//! whoever goes on saying the old name means the new role.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::agent::AgentProfile;
use super::catalogue::Catalogue;
use super::command::{Command, TransferTo};
use super::name::RoleName;
use super::state::{Ground, State};
use super::ticket::{Patch, Phase, Ticket, TicketSpec};

#[cfg(doc)]
use super::role::Role;

impl Catalogue {
    /// The role that replaces one of that name; none where the catalogue has that role itself.
    #[must_use]
    pub fn successor(&self, role: &RoleName) -> Option<&RoleName> {
        if self.roles.contains_key(role) {
            return None;
        }
        self.roles.values().find(|later| later.replaces.contains(role)).map(|later| &later.name)
    }

    /// Every role that another replaces, and that one: by their names of then, what they are called today.
    #[must_use]
    pub fn successors(&self) -> BTreeMap<RoleName, RoleName> {
        let replaced = self.roles.values().flat_map(|later| later.replaces.iter().map(move |role| (role, later)));
        replaced
            .filter(|(role, _)| !self.roles.contains_key(role))
            .map(|(role, later)| (role.clone(), later.name.clone()))
            .collect()
    }

    /// Calls a role by its name of today.
    fn rename(&self, role: &mut RoleName) {
        if let Some(successor) = self.successor(role) {
            role.clone_from(successor);
        }
    }
}

/// What hangs on a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The role.
    pub role: RoleName,
    /// Agents who are registered with it.
    pub agents: usize,
    /// Tickets that ask for it, or were classified as its own, and that nobody owns.
    pub waiting: usize,
    /// The same, owned.
    pub owned: usize,
}

impl Usage {
    fn of(role: &RoleName, state: &State) -> Self {
        let hangs =
            |ticket: &&Ticket| ticket.demand.role() == Some(role) || ticket.spec.asked.role.as_ref() == Some(role);
        let (owned, waiting): (Vec<&Ticket>, Vec<&Ticket>) =
            state.tickets().filter(hangs).partition(|ticket| ticket.phase.ownership().is_some());
        let agents = state.agents().filter(|agent| agent.profile.roles.contains(role)).count();
        Self { role: role.clone(), agents, waiting: waiting.len(), owned: owned.len() }
    }

    /// Of the roles that this catalogue takes out, those on which something hangs.
    pub(super) fn of_removed(state: &State, catalogue: &Catalogue) -> Vec<Self> {
        let removed = state.catalogue().roles.keys().filter(|role| !catalogue.roles.contains_key(role));
        let usages = removed.map(|role| Self::of(role, state));
        usages.filter(|usage| usage.agents + usage.waiting + usage.owned > 0).collect()
    }
}

/// `role billing: 3 agents, 12 tickets (9 waiting, 3 owned)`
impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let Self { role, agents, waiting, owned } = self;
        let (agents, tickets) = (count(*agents, "agent"), count(waiting + owned, "ticket"));
        write!(f, "role {role}: {agents}, {tickets} ({waiting} waiting, {owned} owned)")
    }
}

/// Moves everything that hangs on a replaced role to the one that replaces it.
pub(super) fn move_to_successors(ground: &mut Ground) {
    let catalogue = &ground.catalogue;
    if catalogue.roles.values().all(|role| role.replaces.is_empty()) {
        return;
    }
    ground.agents.values_mut().for_each(|agent| rename_profile(&mut agent.profile, catalogue));
    ground.tickets.values_mut().for_each(|ticket| rename_ticket(ticket, catalogue));
    ground.places.rename(|place| catalogue.rename(&mut place.role));
    for (role, pace) in std::mem::take(&mut ground.paces) {
        match catalogue.successor(&role) {
            // Of a role that was there already the pace is known better.
            Some(successor) => drop(ground.paces.entry(successor.clone()).or_insert(pace)),
            None => drop(ground.paces.insert(role, pace)),
        }
    }
    for (role, outturns) in std::mem::take(&mut ground.outturns) {
        match catalogue.successor(&role) {
            Some(successor) => drop(ground.outturns.entry(successor.clone()).or_insert(outturns)),
            None => drop(ground.outturns.insert(role, outturns)),
        }
    }
}

fn rename_ticket(ticket: &mut Ticket, catalogue: &Catalogue) {
    if ticket.spec.asked.role.as_ref().is_some_and(|role| catalogue.successor(role).is_some()) {
        rename_asked(Arc::make_mut(&mut ticket.spec), catalogue);
    }
    if ticket.demand.roles.iter().any(|role| catalogue.successor(role).is_some()) {
        let demand = Arc::make_mut(&mut ticket.demand);
        demand.roles.iter_mut().for_each(|role| catalogue.rename(role));
        let mut seen = BTreeSet::new();
        demand.roles.retain(|role| seen.insert(role.clone()));
    }
    match &mut ticket.phase {
        Phase::Offered(offers) => offers.iter_mut().for_each(|offer| catalogue.rename(&mut offer.role)),
        Phase::Assigned(owner) | Phase::Paused(owner) | Phase::Resuming(owner) => catalogue.rename(&mut owner.role),
        Phase::Intake | Phase::Scheduled | Phase::Deferred | Phase::Waiting | Phase::Unroutable(_) => {}
    }
}

fn rename_asked(spec: &mut TicketSpec, catalogue: &Catalogue) {
    if let Some(successor) = spec.asked.role.as_ref().and_then(|role| catalogue.successor(role)) {
        spec.asked_mut().role = Some(successor.clone());
    }
}

/// An agent who comes to a role in place of others has the best rank that it had in any of them.
fn rename_profile(profile: &mut AgentProfile, catalogue: &Catalogue) {
    let mut new: BTreeMap<RoleName, u32> = BTreeMap::new();
    for role in &*profile.roles {
        if let Some(successor) = catalogue.successor(role).filter(|successor| !profile.roles.contains(*successor)) {
            let best = new.entry(successor.clone()).or_insert(u32::MAX);
            *best = profile.rank(role).min(*best);
        }
    }
    profile.ranks.retain(|role, _| catalogue.successor(role).is_none());
    if profile.roles.iter().all(|role| catalogue.successor(role).is_none()) {
        return;
    }
    let roles = Arc::make_mut(&mut profile.roles);
    roles.retain(|role| catalogue.successor(role).is_none());
    for (role, rank) in new {
        if rank != AgentProfile::RANK_DEFAULT {
            profile.ranks.entry(role.clone()).or_insert(rank);
        }
        roles.insert(role);
    }
}

impl AgentProfile {
    /// As an agent is registered who asks for this: with roles by their names of today.
    #[must_use]
    pub fn with_roles_of(mut self, catalogue: &Catalogue) -> Self {
        rename_profile(&mut self, catalogue);
        self
    }
}

impl Command {
    /// Calls the roles that are said by their names of today.
    pub(super) fn rename_roles(&mut self, catalogue: &Catalogue) {
        match self {
            Self::CreateTicket { spec, .. } => rename_asked(spec, catalogue),
            Self::UpdateTicket { changes, .. } => {
                if let Patch::Set(role) = &mut changes.role {
                    catalogue.rename(role);
                }
            }
            Self::TransferTicket { to: TransferTo::Role(role), .. } | Self::ClaimTicket { role: Some(role), .. } => {
                catalogue.rename(role);
            }
            Self::TakeTicket { role, .. } => role.iter_mut().for_each(|role| catalogue.rename(role)),
            Self::RegisterAgent { profile, .. } => rename_profile(profile, catalogue),
            Self::ReconcileAgent { tickets, .. } => {
                tickets.iter_mut().flat_map(|owned| &mut owned.role).for_each(|role| catalogue.rename(role));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::role::Role;

    fn role(name: &str) -> RoleName {
        RoleName::parse(name).unwrap()
    }

    /// A catalogue with `finance`, which replaces `billing` and `refunds`.
    fn merged() -> Catalogue {
        let finance = Role { replaces: [role("billing"), role("refunds")].into(), ..Role::named(role("finance")) };
        Catalogue { roles: [(finance.name.clone(), finance)].into(), ..Catalogue::default() }
    }

    fn renamed(roles: &[&str], ranks: &[(&str, u32)]) -> (Vec<String>, Vec<(String, u32)>) {
        let mut profile = AgentProfile::of_roles(roles.iter().map(|name| role(name)));
        profile.ranks = ranks.iter().map(|(name, rank)| (role(name), *rank)).collect();
        rename_profile(&mut profile, &merged());
        let ranks = profile.ranks.into_iter().map(|(role, rank)| (role.to_string(), rank)).collect();
        (profile.roles.iter().map(RoleName::to_string).collect(), ranks)
    }

    #[test]
    fn an_agent_of_several_merged_roles_has_the_best_of_its_ranks() {
        let ranked = |roles: &[&str], ranks: &[(&str, u32)], rank: Option<u32>| {
            let expected =
                (vec!["finance".to_owned()], rank.map(|rank| ("finance".to_owned(), rank)).into_iter().collect());
            assert_eq!(renamed(roles, ranks), expected, "{roles:?} {ranks:?}");
        };
        ranked(&["billing"], &[], None);
        ranked(&["billing"], &[("billing", 3)], Some(3));
        ranked(&["billing", "refunds"], &[("billing", 3), ("refunds", 2)], Some(2));
        ranked(&["billing", "refunds"], &[("billing", 3)], None);
        ranked(&["billing"], &[("billing", 3), ("finance", 2)], Some(2));
        // Who was in it already stays as it was.
        ranked(&["billing", "finance"], &[("billing", 3)], None);
    }

    #[test]
    fn only_a_role_that_is_gone_has_a_successor() {
        let mut catalogue = merged();
        assert_eq!(catalogue.successor(&role("billing")), Some(&role("finance")));
        assert_eq!(catalogue.successor(&role("finance")), None);
        assert_eq!(catalogue.successor(&role("unheard of")), None);
        catalogue.roles.insert(role("billing"), Role::named(role("billing")));
        assert_eq!(catalogue.successor(&role("billing")), None, "it is back");
    }

    #[test]
    fn usage_is_told_in_words() {
        let usage = Usage { role: role("billing"), agents: 1, waiting: 9, owned: 3 };
        assert_eq!(usage.to_string(), "role billing: 1 agent, 12 tickets (9 waiting, 3 owned)");
    }
}
