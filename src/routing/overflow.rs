//! Overflow: after a wait, a ticket's demand is widened by the steps of its role's ladder.

use std::sync::Arc;

use super::catalogue::Catalogue;
use super::role::{OverflowStep, Role};
use super::seldom::Seldom;
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
    wider.skills = if step.drop_skills { Skills::default() } else { wider.skills.lowered(step.lower_skills) };
    wider.priority = wider.priority.raised(step.raise_priority);
    wider.widen_rank(step.rank_max);
    wider
}

/// The demand after those steps of its role's ladder that the ticket has taken.
#[must_use]
pub fn widened_as(ticket: &Ticket, demand: Demand, role: Option<&Role>) -> Demand {
    let ladder = role.map_or(&[][..], |role| &role.overflow);
    let taken = (1..=ticket.steps_taken).chain(ticket.steps_ahead.iter().copied());
    let steps = taken.filter_map(|number| ladder.get(usize::from(number) - 1));
    steps.fold(demand, |demand, step| widened(&demand, step))
}

/// The demand now, and after each step that is still to come.
pub fn stages<'a>(ticket: &Ticket, catalogue: &'a Catalogue) -> impl Iterator<Item = Arc<Demand>> + use<'a> {
    let coming = remaining(ticket, catalogue);
    let mut demand = Arc::clone(&ticket.demand);
    let now = Arc::clone(&demand);
    std::iter::once(now).chain(coming.map(move |(_, step)| {
        demand = Arc::new(widened(&demand, step));
        Arc::clone(&demand)
    }))
}

/// When time alone takes the next step, where it takes any.
#[must_use]
pub fn next_due(ticket: &Ticket, catalogue: &Catalogue) -> Option<Timestamp> {
    next_due_in(ticket, ticket.demand.role().and_then(|role| catalogue.roles.get(role)))
}

/// The same, of a ticket whose own role that is.
pub(super) fn next_due_in(ticket: &Ticket, role: Option<&Role>) -> Option<Timestamp> {
    let mut coming = remaining_of(ticket, role).map(|(_, step)| step);
    coming.find(|step| step.conditions.leaves_it_to_time()).map(|step| ticket.entered_at + step.after)
}

/// The steps that are still to come, in their order, each with its number, 1 for the first.
pub fn remaining<'a>(
    ticket: &Ticket,
    catalogue: &'a Catalogue,
) -> impl Iterator<Item = (u8, &'a OverflowStep)> + use<'a> {
    remaining_of(ticket, ticket.demand.role().and_then(|role| catalogue.roles.get(role)))
}

/// The same, of a ticket whose own role that is.
fn remaining_of<'a>(ticket: &Ticket, role: Option<&'a Role>) -> impl Iterator<Item = (u8, &'a OverflowStep)> + use<'a> {
    let ladder = role.map_or(&[][..], |role| &role.overflow);
    let (taken, ahead) = (ticket.steps_taken, Seldom::clone(&ticket.steps_ahead));
    (1_u8..).zip(ladder).skip(taken.into()).filter(move |(number, _)| !ahead.contains(number))
}
