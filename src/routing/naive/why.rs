//! What explanations say, counted out in the most obvious way.

use std::collections::BTreeSet;

use super::NaiveEngine;
use super::choice;
use super::decide::Lack;
use crate::routing::agent::Agent;
use crate::routing::name::RoleName;
use crate::routing::offer::FallOut;
use crate::routing::ticket::Ticket;

impl NaiveEngine {
    /// Everything that keeps this agent from this ticket now, by its code.
    #[must_use]
    pub fn lack_codes(&self, agent: &Agent, ticket: &Ticket) -> BTreeSet<&'static str> {
        let lacks = self.lacks_and_kept_units(agent, ticket);
        let limit_is_nothing = lacks.contains(&Lack::Channel);
        let told = lacks.iter().filter(|lack| !(limit_is_nothing && **lack == Lack::NoSlot));
        let mut codes: BTreeSet<&'static str> = told.map(code).collect();
        let is_not_asked = !lacks.contains(&Lack::Role) && !Self::is_asked(agent, ticket, |_| true);
        codes.extend(is_not_asked.then_some("rank"));
        codes
    }

    /// The place of a waiting ticket in the queue of a role, and how many wait there.
    #[must_use]
    pub fn position_of(&self, ticket: &Ticket, role: &RoleName) -> (usize, usize) {
        let queue = self.queue_of(role);
        let own = &self.state.catalogue().roles[role];
        let mine = Self::place_in(ticket, own);
        let ahead = queue.iter().filter(|other| Self::place_in(other, own) < mine).count();
        (ahead + 1, queue.len())
    }

    /// How many have one of the roles that a ticket demands, how many of them may take it now, and why others may not.
    #[must_use]
    pub fn census(&self, ticket: &Ticket) -> (u32, u32, FallOut) {
        let demanded = |agent: &&Agent| agent.profile.roles.iter().any(|role| ticket.demand.roles.contains(role));
        let (mut considered, mut eligible, mut fell_out) = (0, 0, FallOut::default());
        for agent in self.state.agents().filter(demanded) {
            considered += 1;
            let lacks = self.lacks_and_kept_units(agent, ticket);
            if !Self::is_asked(agent, ticket, |_| true) {
                fell_out.rank += 1;
            } else if lacks.is_empty() {
                eligible += 1;
            } else {
                choice::count(&mut fell_out, &lacks);
            }
        }
        (considered, eligible, fell_out)
    }

    /// Who keeps units for a ticket that it owes has no slot.
    fn lacks_and_kept_units(&self, agent: &Agent, ticket: &Ticket) -> Vec<Lack> {
        let kept = self.keeps_units(agent, ticket).then_some(Lack::NoSlot);
        self.lacks(agent, ticket).into_iter().chain(kept).collect()
    }
}

fn code(lack: &Lack) -> &'static str {
    match lack {
        Lack::Role => "role",
        Lack::Skill(_) => "skill",
        Lack::Permission(_) => "permission",
        Lack::Channel | Lack::SwitchedOff => "channel_off",
        Lack::Offline => "offline",
        Lack::NoSlot => "no_slot",
        Lack::Interrupted => "interrupted",
        Lack::Paced => "paced",
        Lack::Reserved => "reserved",
        Lack::Excluded | Lack::Barred => "barred",
        Lack::MeantForAnother => "meant_for_another",
    }
}
