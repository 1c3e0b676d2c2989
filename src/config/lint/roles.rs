//! Roles to which nothing leads, which share what only one can have, or whose settings don't go together.

use std::collections::BTreeSet;

use crate::routing::channel::Acceptance;
use crate::routing::role::{Dispatch, Order, Role, Strategy};
use crate::routing::{Catalogue, RoleName};

use super::super::catalogue::CatalogueOrigins;
use super::super::diagnostic::{Diagnostic, Origin};
use super::super::role::RoleOrigins;

pub(super) fn check(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let mut found = roles_nothing_leads_to(catalogue, origins);
    found.extend(types_of_two_roles(catalogue, origins));
    for role in catalogue.roles.values() {
        let Some(places) = origins.roles.get(&role.name) else { continue };
        found.extend(settings_that_do_nothing(role, places));
        found.extend(targets_that_the_role_itself_breaks(role, places));
    }
    found
}

fn roles_nothing_leads_to(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let by_rule = catalogue.rules.iter().flat_map(|rule| rule.set.roles());
    let by_overflow = catalogue.roles.values().flat_map(roles_that_it_adds);
    let by_diversion = catalogue.roles.values().flat_map(|role| role.admission.roles());
    let by_automation = catalogue.automations.iter().filter_map(|automation| automation.set.role.as_ref());
    let by_another = by_overflow.chain(by_diversion);
    let reached: BTreeSet<&RoleName> =
        by_rule.chain(by_another).chain(by_automation).chain(&catalogue.default_role).collect();
    let lost = catalogue.roles.values().filter(|role| role.ticket_types.is_empty() && !reached.contains(&role.name));
    let warning = |role: &Role| {
        let message = format!("nothing leads to the role {:?}", role.name.as_str());
        let origin = origins.roles.get(&role.name).map_or(Origin::Whole, |role| role.name.clone());
        Diagnostic::warning(origin, message).help(Some(
            "no ticket type, rule, automation, overflow step, diversion or default names it: only tickets that ask for it \
             get there",
        ))
    };
    lost.map(warning).collect()
}

/// The other roles to which the ladder of a role leads.
fn roles_that_it_adds(role: &Role) -> impl Iterator<Item = &RoleName> {
    role.overflow.iter().flat_map(|step| &step.add_roles).filter(|added| **added != role.name)
}

fn types_of_two_roles(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    // In the order in which the engine looks: the first role by name has the type.
    let roles: Vec<&Role> = catalogue.roles.values().collect();
    for (index, later) in roles.iter().enumerate() {
        for kind in &later.ticket_types {
            let claims = |earlier: &&&Role| earlier.ticket_types.contains(kind) && share_a_channel(earlier, later);
            let Some(earlier) = roles[..index].iter().find(claims) else { continue };
            let message = format!("both {:?} and {:?} serve tickets of the type {:?}", earlier.name, later.name, kind);
            let origin = origins.roles.get(&later.name).map_or(Origin::Whole, |role| role.ticket_types.clone());
            let help = format!("{:?} gets them, as the first of the two by name", earlier.name);
            found.push(Diagnostic::warning(origin, message).help(Some(help)));
        }
    }
    found
}

fn share_a_channel(one: &Role, other: &Role) -> bool {
    match (&one.channels, &other.channels) {
        (Some(one), Some(other)) => !one.is_disjoint(other),
        (None, _) | (_, None) => true,
    }
}

/// Whether the role, not only a channel, says that nobody is asked.
fn asks_nobody(role: &Role) -> bool {
    role.acceptance == Some(Acceptance::Auto) && role.strategy != Strategy::RingAll
}

fn settings_that_do_nothing(role: &Role, places: &RoleOrigins) -> Vec<Diagnostic> {
    let name = role.name.as_str();
    let idle = [
        (&places.ring_max, role.strategy != Strategy::RingAll, "`ring_max` only counts with strategy = \"ring_all\""),
        (&places.priority_worth, role.order != Order::Aged, "`priority_worth` only counts with order = \"aged\""),
        (
            &places.last_agent,
            role.dispatch == Dispatch::Pull,
            "`last_agent` only counts where tickets are given to agents",
        ),
        (&places.offer_timeout, asks_nobody(role), "`offer_timeout` only counts where agents are asked"),
        (
            &places.channels,
            role.ticket_types.is_empty(),
            "`channels` only says on which channels the ticket types come",
        ),
    ];
    let mut found = Vec::new();
    for (place, does_nothing, message) in idle {
        if let Some(origin) = place.clone().filter(|_| does_nothing) {
            found.push(
                Diagnostic::warning(origin, message).help(Some(format!("for the role {name:?} it changes nothing"))),
            );
        }
    }
    for permission in role.permissions.intersection(&role.permissions_denied) {
        let message = format!("the role {name:?} both grants and denies {permission:?}");
        found.push(Diagnostic::warning(places.permissions_denied.clone(), message).help(Some("it is denied")));
    }
    found
}

fn targets_that_the_role_itself_breaks(role: &Role, places: &RoleOrigins) -> Vec<Diagnostic> {
    let Some(target) = role.target else { return Vec::new() };
    let within = target.answer_within;
    let mut found = Vec::new();
    if let Some(origin) =
        places.offer_timeout.clone().filter(|_| role.offer_timeout >= Some(within) && !asks_nobody(role))
    {
        let message =
            format!("a single missed offer takes the {within} in which tickets of {:?} are to be answered", role.name);
        found.push(Diagnostic::warning(origin, message).help(Some("let `offer_timeout` be a part of `answer_within`")));
    }
    if let Some(origin) = places.sticky_wait.clone().filter(|_| role.sticky_wait >= within) {
        let message = format!(
            "the wait for a preferred agent takes the {within} in which tickets of {:?} are to be answered",
            role.name
        );
        found.push(Diagnostic::warning(origin, message).help(Some("let `sticky_wait` be a part of `answer_within`")));
    }
    if target.at_risk >= Some(within) {
        let message = format!("tickets of {:?} are at risk as soon as they come", role.name);
        let help = format!("they are to be answered within {within}: let `at_risk` be a part of it");
        found.push(Diagnostic::warning(places.target.clone(), message).help(Some(help)));
    }
    let first = role.overflow.first().zip(places.overflow.first());
    if let Some((first, place)) = first.filter(|(step, _)| step.after >= within) {
        let message =
            format!("the ladder of {:?} begins after {}, when its tickets are late already", role.name, first.after);
        let help = format!("they are to be answered within {within}: begin earlier");
        found.push(Diagnostic::warning(place.clone(), message).help(Some(help)));
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::config::{Overrides, parse};

    #[test]
    fn roles_that_share_a_type_on_different_channels_are_no_oddity() {
        let text = "[[role]]\nname = \"a\"\nticket_types = [\"x\"]\nchannels = [\"call\"]\n\
                    [[role]]\nname = \"b\"\nticket_types = [\"x\"]\nchannels = [\"chat\"]";
        let loaded = parse("test", text, &Overrides::none()).unwrap_or_else(|report| panic!("{report}"));
        assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    }
}
