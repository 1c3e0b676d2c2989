//! What becomes of tickets that may not wait: keys that never count, circles, ladders that outlast the wait.

use crate::routing::diversion::DiversionCause;
use crate::routing::role::{Dispatch, Role};
use crate::routing::{Catalogue, RoleName};

use super::super::catalogue::CatalogueOrigins;
use super::super::diagnostic::Diagnostic;
use super::super::role::RoleOrigins;

pub(super) fn check(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for role in catalogue.roles.values() {
        let Some(places) = origins.roles.get(&role.name) else { continue };
        found.extend(keys_without_their_condition(role, places));
        found.extend(steps_that_come_too_late(role, places));
        found.extend(wait_for_one_that_outlasts_it(role, places));
        for cause in DiversionCause::ALL {
            found.extend(circle(role, cause, catalogue, places));
        }
    }
    found
}

fn keys_without_their_condition(role: &Role, places: &RoleOrigins) -> Vec<Diagnostic> {
    let admission = &role.admission;
    let idle = [
        (&places.admission.when_closed, admission.hours.is_none(), "`when_closed` only counts with `hours`"),
        (&places.admission.when_waited, admission.max_wait.is_none(), "`when_waited` only counts with `max_wait`"),
        (&places.admission.when_full, admission.max_waiting.is_none(), "`when_full` only counts with `max_waiting`"),
    ];
    let idle = idle.into_iter().filter(|(_, does_nothing, _)| *does_nothing);
    let help = format!("for the role {:?} it changes nothing", role.name);
    idle.filter_map(|(place, _, message)| Some(Diagnostic::warning(place.clone()?, message).help(Some(help.clone()))))
        .collect()
}

fn steps_that_come_too_late(role: &Role, places: &RoleOrigins) -> Vec<Diagnostic> {
    let Some(max_wait) = role.admission.max_wait else { return Vec::new() };
    let late = role.overflow.iter().zip(&places.overflow).filter(|(step, _)| step.after > max_wait);
    let warning = |place: &super::super::diagnostic::Origin, after| {
        let message = format!("the overflow step after {after} is hardly ever taken");
        let help = format!("tickets of {:?} wait for {max_wait} at most", role.name);
        Diagnostic::warning(place.clone(), message).help(Some(help))
    };
    late.map(|(step, place)| warning(place, step.after)).collect()
}

/// A ticket that waits for its preferred agent leaves before anybody else may take it.
fn wait_for_one_that_outlasts_it(role: &Role, places: &RoleOrigins) -> Option<Diagnostic> {
    let max_wait = role.admission.max_wait.filter(|_| role.dispatch == Dispatch::Push)?;
    let place = places.sticky_wait.clone().filter(|_| role.sticky_wait > max_wait)?;
    let message =
        format!("tickets of {:?} that wait for a preferred agent leave before others may take them", role.name);
    let help = format!("they wait for {max_wait} at most: let `sticky_wait` be a part of `max_wait`");
    Some(Diagnostic::warning(place, message).help(Some(help)))
}

/// Where a role sends tickets for that reason, if it ever does.
fn next(role: &Role, cause: DiversionCause) -> Option<&RoleName> {
    let admission = &role.admission;
    let ever = match cause {
        DiversionCause::Closed => admission.hours.is_some(),
        DiversionCause::Waited => admission.max_wait.is_some(),
        DiversionCause::Full => admission.max_waiting.is_some(),
    };
    admission.then(cause)?.role().filter(|_| ever)
}

/// A way on which tickets that are sent on for one reason come back; told once, at the first of its roles by name.
fn circle(role: &Role, cause: DiversionCause, catalogue: &Catalogue, places: &RoleOrigins) -> Option<Diagnostic> {
    let mut way = vec![&role.name];
    loop {
        let to = next(catalogue.roles.get(*way.last()?)?, cause)?;
        if *to == role.name {
            break;
        }
        if *to < role.name || way.contains(&to) {
            return None;
        }
        // Roles with other hours may well stand in for each other.
        let open_with_it = catalogue.roles.get(to)?.admission.hours == role.admission.hours;
        if cause == DiversionCause::Closed && !open_with_it {
            return None;
        }
        way.push(to);
    }
    let (place, bound) = match cause {
        DiversionCause::Closed => (&places.admission.when_closed, "find it closed"),
        DiversionCause::Waited => (&places.admission.when_waited, "have waited too long"),
        DiversionCause::Full => (&places.admission.when_full, "find no room"),
    };
    let names: Vec<String> = way.iter().skip(1).map(|name| format!("{name:?}")).collect();
    let message = format!("tickets of {:?} that {bound} come back to it", role.name);
    let help = format!("by way of {}: let the last of them end it", names.join(", "));
    Some(Diagnostic::warning(place.clone()?, message).help(Some(help)))
}
