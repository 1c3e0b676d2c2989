//! Roles that leave the catalogue, and those that come in their place.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{NaiveEngine, reject};
use crate::routing::agent::AgentProfile;
use crate::routing::catalogue::Catalogue;
use crate::routing::command::{Command, Rejection, RejectionCode, TransferTo};
use crate::routing::name::RoleName;
use crate::routing::ticket::Patch;

/// The role that comes in the place of one that is gone.
fn successor(catalogue: &Catalogue, gone: &RoleName) -> Option<RoleName> {
    catalogue.roles.values().find(|role| role.replaces.contains(gone)).map(|role| role.name.clone())
}

impl NaiveEngine {
    /// What moves when this catalogue comes into force; it must not, where something would be left behind.
    pub(super) fn moves(&self, next: &Catalogue) -> Result<Vec<String>, Rejection> {
        let (mut moves, mut left_behind) = (Vec::new(), Vec::new());
        for gone in self.state.catalogue().roles.keys().filter(|role| !next.roles.contains_key(role)) {
            let agents = self.state.agents().filter(|agent| agent.profile.roles.contains(gone)).count();
            let (mut waiting, mut owned) = (0, 0);
            for ticket in self.state.tickets() {
                if ticket.spec.asked.role.as_ref() == Some(gone) || ticket.demand.role() == Some(gone) {
                    *if ticket.phase.ownership().is_some() { &mut owned } else { &mut waiting } += 1;
                }
            }
            if agents == 0 && waiting == 0 && owned == 0 {
                continue;
            }
            let (some_agents, tickets) = (if agents == 1 { "agent" } else { "agents" }, waiting + owned);
            let some_tickets = if tickets == 1 { "ticket" } else { "tickets" };
            let hangs = format!(
                "role {gone}: {agents} {some_agents}, {tickets} {some_tickets} ({waiting} waiting, {owned} owned)"
            );
            match successor(next, gone) {
                Some(role) => moves.push(format!("{hangs} moved to {role}")),
                None => left_behind.push(hangs),
            }
        }
        if left_behind.is_empty() {
            return Ok(moves);
        }
        let detail = format!("{}; a role that takes over names it in `replaces`", left_behind.join("; "));
        reject(RejectionCode::RoleInUse, detail)
    }

    /// What a role is called today.
    fn today(&self, role: &RoleName) -> RoleName {
        let catalogue = self.state.catalogue();
        let gone = !catalogue.roles.contains_key(role);
        successor(catalogue, role).filter(|_| gone).unwrap_or_else(|| role.clone())
    }

    /// What was said, with roles as they are called today.
    pub(super) fn in_todays_names(&self, mut said: Command) -> Command {
        match &mut said {
            Command::CreateTicket { spec, .. } => {
                spec.asked_mut().role = spec.asked.role.as_ref().map(|role| self.today(role));
            }
            Command::UpdateTicket { changes, .. } => {
                if let Patch::Set(role) = &changes.role {
                    changes.role = Patch::Set(self.today(role));
                }
            }
            Command::TransferTicket { to: TransferTo::Role(role), .. }
            | Command::ClaimTicket { role: Some(role), .. } => {
                *role = self.today(role);
            }
            Command::TakeTicket { role: Some(role), .. } => *role = self.today(role),
            Command::RegisterAgent { profile, .. } => **profile = self.profile_today(profile),
            Command::ReconcileAgent { tickets, .. } => {
                for owned in tickets {
                    owned.role = owned.role.as_ref().map(|role| self.today(role));
                }
            }
            _ => {}
        }
        said
    }

    /// In a role that comes in the place of others an agent has the best of its ranks in those, unless it was in that
    /// role before, or is given a rank in it.
    fn profile_today(&self, said: &AgentProfile) -> AgentProfile {
        let mut profile = said.clone();
        profile.roles = Arc::new(said.roles.iter().map(|role| self.today(role)).collect());
        profile.ranks.retain(|role, _| self.today(role) == *role);
        for role in profile.roles.difference(&said.roles).cloned().collect::<BTreeSet<_>>() {
            let old = said.roles.iter().filter(|old| self.today(old) == role);
            let best = old.map(|old| said.rank(old)).min().expect("it came in the place of one");
            if best > AgentProfile::RANK_DEFAULT && !profile.ranks.contains_key(&role) {
                profile.ranks.insert(role, best);
            }
        }
        profile
    }
}
