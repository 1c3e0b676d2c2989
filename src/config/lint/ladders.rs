//! Ladders that lead nowhere.

use std::collections::BTreeSet;

use crate::routing::role::{Order, OverflowStep, Role};
use crate::routing::{Catalogue, Millis, RoleName};

use super::super::catalogue::CatalogueOrigins;
use super::super::diagnostic::Diagnostic;

/// A priority ends at 9, so a ladder that has raised it by so much can't raise it further.
const RAISED_MAX: u8 = 9;

pub(super) fn check(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for role in catalogue.roles.values() {
        let Some(places) = origins.roles.get(&role.name) else { continue };
        for (idle, place) in climb(role).into_iter().zip(&places.overflow) {
            let warning = |(message, help): Idle| Diagnostic::warning(place.clone(), message).help(Some(help));
            found.extend(idle.into_iter().map(warning));
        }
    }
    found
}

/// What a ticket's demand has come to after the steps so far.
struct Widened<'r> {
    roles: BTreeSet<&'r RoleName>,
    without_skills: bool,
    raised: u8,
    /// `None` where agents of any rank are asked.
    rank_max: Option<u32>,
}

/// What is idle, and what to do.
type Idle = (String, String);

/// What of each step changes nothing.
fn climb(role: &Role) -> Vec<Vec<Idle>> {
    let mut widened = Widened {
        roles: BTreeSet::from([&role.name]),
        without_skills: false,
        raised: 0,
        rank_max: role.staffing.rank_max,
    };
    let mut found = Vec::new();
    for step in &role.overflow {
        found.push(idle_parts(role, step, &widened));
        if !step.conditions.leaves_it_to_time() {
            continue; // It may never be taken.
        }
        widened.roles.extend(&step.add_roles);
        widened.without_skills |= step.drop_skills;
        widened.raised = widened.raised.saturating_add(step.raise_priority);
        widened.rank_max = widened.rank_max.map(|before| before.max(step.rank_max.unwrap_or(before)));
    }
    found
}

/// What of a step changes nothing, since the ticket's demand is as wide already.
fn idle_parts(role: &Role, step: &OverflowStep, widened: &Widened<'_>) -> Vec<Idle> {
    // By name, so that whatever a step learns to do is looked at here.
    let OverflowStep { after, add_roles, drop_skills, lower_skills, raise_priority, rank_max, conditions: _ } = step;
    let widens = *drop_skills || *lower_skills > 0 || *raise_priority > 0 || rank_max.is_some();
    if add_roles.is_empty() && !widens {
        let help = "let it add roles, drop or lower skills, raise the priority or the rank, or leave it out";
        return vec![(format!("the overflow step after {after} changes nothing"), help.to_owned())];
    }
    let mut idle: Vec<Idle> =
        add_roles.iter().filter_map(|added| idle_addition(role, added, *after, widened)).collect();
    if *drop_skills && widened.without_skills {
        let message = format!("the overflow step after {after} drops the skills once more");
        idle.push((message, "an earlier step has dropped them".to_owned()));
    }
    if *lower_skills > 0 && (*drop_skills || widened.without_skills) {
        let message = format!("the overflow step after {after} lowers skills that are dropped by then");
        idle.push((message, "no skill is demanded any more".to_owned()));
    }
    idle.extend((*raise_priority > 0).then(|| idle_raise(role, *after, widened)).flatten());
    idle.extend(rank_max.and_then(|rank_max| idle_tier(rank_max, *after, widened)));
    idle
}

fn idle_addition(role: &Role, added: &RoleName, after: Millis, widened: &Widened<'_>) -> Option<Idle> {
    if *added == role.name {
        let message = format!("the overflow step after {after} adds the role {added:?} to itself");
        return Some((message, "the ticket is in the queue of that role already".to_owned()));
    }
    widened.roles.contains(added).then(|| {
        let message = format!("the overflow step after {after} adds the role {added:?} once more");
        (message, "an earlier step has added it".to_owned())
    })
}

fn idle_raise(role: &Role, after: Millis, widened: &Widened<'_>) -> Option<Idle> {
    if matches!(role.order, Order::Deadline | Order::Fifo) {
        let message =
            format!("the overflow step after {after} raises a priority, and {:?} does not order by it", role.name);
        return Some((message, "the orders `priority` and `aged` look at priorities".to_owned()));
    }
    (widened.raised >= RAISED_MAX).then(|| {
        let message = format!("the overflow step after {after} raises a priority that is the highest by then");
        (message, format!("the steps before it raise it by {}, and priorities end at 9", widened.raised))
    })
}

fn idle_tier(rank_max: u32, after: Millis, widened: &Widened<'_>) -> Option<Idle> {
    let message = || format!("the overflow step after {after} asks nobody more by its `rank_max`");
    match widened.rank_max {
        None => {
            Some((message(), "agents of any rank are asked from the beginning: give the role a `rank_max`".to_owned()))
        }
        Some(before) if rank_max <= before => {
            Some((message(), format!("agents up to rank {before} are asked before it")))
        }
        Some(_) => None,
    }
}
