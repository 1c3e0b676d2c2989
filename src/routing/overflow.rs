//! Overflow: after a wait, a ticket's demand is widened by the steps of its role's ladder.

use super::catalogue::Catalogue;
use super::role::{OverflowStep, Role};
use super::skill::Skills;
use super::ticket::{Demand, Ticket};
use super::time::Timestamp;

/// The demand after one more step.
#[must_use]
pub fn widened(demand: &Demand, step: &OverflowStep) -> Demand {
    let mut wider = demand.clone();
    for role in &step.add_roles {
        if !wider.roles.contains(role) {
            wider.roles.push(role.clone());
        }
    }
    if step.drop_skills {
        wider.skills = Skills::default();
    }
    wider.priority = wider.priority.raised(step.raise_priority);
    wider.widen_rank(step.rank_max);
    wider
}

/// The demand after the first `steps_taken` steps of its role's ladder.
#[must_use]
pub fn widened_by(demand: Demand, role: Option<&Role>, steps_taken: u8) -> Demand {
    let ladder = role.map_or(&[][..], |role| &role.overflow);
    ladder.iter().take(usize::from(steps_taken)).fold(demand, |demand, step| widened(&demand, step))
}

/// The demand now, and after each step that is still to come.
pub fn stages<'a>(ticket: &Ticket, catalogue: &'a Catalogue) -> impl Iterator<Item = Demand> + use<'a> {
    let coming = remaining(ticket, catalogue);
    let mut demand = ticket.demand.clone();
    let now = demand.clone();
    std::iter::once(now).chain(coming.iter().map(move |step| {
        demand = widened(&demand, step);
        demand.clone()
    }))
}

/// When the next step is due, where there is one.
#[must_use]
pub fn next_due(ticket: &Ticket, catalogue: &Catalogue) -> Option<Timestamp> {
    remaining(ticket, catalogue).first().map(|step| ticket.entered_at + step.after)
}

/// The steps that are still to come.
#[must_use]
pub fn remaining<'a>(ticket: &Ticket, catalogue: &'a Catalogue) -> &'a [OverflowStep] {
    let role = ticket.demand.role().and_then(|role| catalogue.roles.get(role));
    role.and_then(|role| role.overflow.get(usize::from(ticket.steps_taken)..)).unwrap_or(&[])
}
