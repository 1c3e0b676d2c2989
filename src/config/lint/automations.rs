//! Automations that never fire, of which nobody notices anything, or whose settings change nothing.

use crate::routing::Catalogue;
use crate::routing::automation::{Automation, AutomationActions, Occasion};
use crate::routing::catalogue::Rule;
use crate::routing::role::{Order, Role};

use super::super::automation::AutomationOrigins;
use super::super::catalogue::CatalogueOrigins;
use super::super::diagnostic::Diagnostic;
use super::super::succession::instead_of;
use super::condition::{Asker, Condition};
use super::rules;

pub(super) fn check(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let granted = rules::granted(catalogue);
    let mut found = Vec::new();
    for (automation, places) in catalogue.automations.iter().zip(&origins.automations) {
        found.extend(never_fires(automation, places));
        found.extend(asks_for_lost_roles(automation, catalogue, places));
        found.extend(never_at_risk(automation, catalogue, places));
        found.extend(goes_too_late(automation, catalogue, places));
        found.extend(says_nothing(automation, places));
        found.extend(raises_nothing(automation, catalogue, places));
        let of = format!("the automation {:?}", automation.name);
        found.extend(rules::ungranted(&of, &automation.set.permissions, &granted, &places.set));
    }
    found
}

fn never_fires(automation: &Automation, places: &AutomationOrigins) -> Option<Diagnostic> {
    let condition = Condition::of(automation.when.as_deref()?, Asker::Automation)?;
    if condition.never_holds() {
        let message = format!("the condition of the automation {:?} never holds", automation.name);
        let help = condition.obstacle().unwrap_or("write when it is to hold, or leave the automation out");
        return Some(Diagnostic::warning(places.when.clone(), message).help(Some(help)));
    }
    let here = automation.set.role.as_ref().filter(|role| condition.wants_role(role.as_str()))?;
    let message = format!("the automation {:?} hands tickets to the role {here:?}, whose they are", automation.name);
    let help = "its condition only holds for tickets of that role: they stay where they are";
    Some(Diagnostic::warning(places.set.clone(), message).help(Some(help)))
}

/// A condition that compares the ticket's role with one that is not there, as after a role was renamed: it never is that.
fn asks_for_lost_roles(automation: &Automation, catalogue: &Catalogue, places: &AutomationOrigins) -> Vec<Diagnostic> {
    let condition = automation.when.as_deref().and_then(|when| Condition::of(when, Asker::Automation));
    let is_there = |name: &str| catalogue.roles.keys().any(|role| role.as_str() == name);
    let named = condition.iter().flat_map(Condition::roles_named);
    let lost = named.filter(|name| !is_there(name));
    lost.map(|name| {
        let message = format!("the automation {:?} asks about the role {name:?}, which is not there", automation.name);
        let help = instead_of(name, catalogue)
            .unwrap_or_else(|| "no ticket is ever of it: name a role of this catalogue".to_owned());
        Diagnostic::warning(places.when.clone(), message).help(Some(help))
    })
    .collect()
}

/// Where no role whose tickets it may be asked about is ever told that one is at risk.
fn never_at_risk(automation: &Automation, catalogue: &Catalogue, places: &AutomationOrigins) -> Option<Diagnostic> {
    if automation.on != Occasion::AtRisk || catalogue.roles.is_empty() {
        return None;
    }
    let condition = automation.when.as_deref().and_then(|when| Condition::of(when, Asker::Automation));
    let is_told = |role: &Role| role.target.as_ref().is_some_and(|target| target.at_risk.is_some());
    // What is at risk in one role may be of another by the time at which this one is asked.
    let is_handed_on = |role: &Role| catalogue.automations.iter().any(|it| it.set.role.as_ref() == Some(&role.name));
    let may_be_asked = |role: &Role| condition.as_ref().is_none_or(|it| it.may_hold_for(role.name.as_str()));
    let fires = |role: &Role| (is_told(role) || is_handed_on(role)) && may_be_asked(role);
    if catalogue.roles.values().any(is_told) && catalogue.roles.values().any(fires) {
        return None;
    }
    let message = format!(
        "the automation {:?} never fires: no role that it is about has `at_risk` in its target",
        automation.name
    );
    let help = "say how long before: target = { …, at_risk = \"3m\" }";
    Some(Diagnostic::warning(places.name.clone(), message).help(Some(help)))
}

/// Where every role takes a ticket from a silent owner earlier.
fn goes_too_late(automation: &Automation, catalogue: &Catalogue, places: &AutomationOrigins) -> Option<Diagnostic> {
    let earlier = |role: &Role| role.owning.first_reply_within.is_some_and(|within| within < automation.after);
    let mut roles = catalogue.roles.values();
    if automation.on != Occasion::Silent || catalogue.roles.is_empty() || !roles.all(earlier) {
        return None;
    }
    let message = format!("the automation {:?} comes too late for every role", automation.name);
    let help = "each takes the ticket from a silent owner before, by its `first_reply_within`";
    Some(Diagnostic::warning(places.name.clone(), message).help(Some(help)))
}

fn says_nothing(automation: &Automation, places: &AutomationOrigins) -> Option<Diagnostic> {
    if automation.notify.is_some() || automation.set != AutomationActions::default() {
        return None;
    }
    let message = format!("the automation {:?} sets nothing and tells nobody anything", automation.name);
    let help = "give it a `set`, or a `notify` for people to read";
    Some(Diagnostic::warning(places.name.clone(), message).help(Some(help)))
}

/// Priorities at which nobody looks, or that rules set whatever the ticket says.
fn raises_nothing(automation: &Automation, catalogue: &Catalogue, places: &AutomationOrigins) -> Option<Diagnostic> {
    let set = &automation.set;
    if set.priority.is_none() && set.raise_priority == 0 {
        return None;
    }
    let unordered = |role: &Role| matches!(role.order, Order::Deadline | Order::Fifo);
    let goes_to = set.role.as_ref().and_then(|role| catalogue.roles.get(role));
    if let Some(role) = goes_to.filter(|role| unordered(role)) {
        let message = format!(
            "the automation {:?} changes a priority, and {:?} does not order by it",
            automation.name, role.name
        );
        let help = "the orders `priority` and `aged` look at priorities";
        return Some(Diagnostic::warning(places.set.clone(), message).help(Some(help)));
    }
    let fixed: Vec<&Rule> = catalogue.rules.iter().filter(|rule| rule.set.priority.is_some()).collect();
    let rule = fixed.first().filter(|_| set.role.is_none())?;
    let message = format!(
        "the automation {:?} changes a priority, and the rule {:?} sets it whatever the ticket says",
        automation.name, rule.name
    );
    let help =
        "where that rule applies nothing is raised: let the rule have a `raise_priority`, or hand the ticket to a role";
    Some(Diagnostic::warning(places.set.clone(), message).help(Some(help)))
}
