//! Automations that never fire, of which nobody notices anything, or whose settings change nothing.

use crate::routing::Catalogue;
use crate::routing::automation::{Automation, AutomationActions, Occasion};
use crate::routing::catalogue::Rule;
use crate::routing::role::{Order, Role};

use super::super::automation::AutomationOrigins;
use super::super::catalogue::CatalogueOrigins;
use super::super::diagnostic::Diagnostic;
use super::condition::{Asker, Condition};
use super::rules;

pub(super) fn check(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let granted = rules::granted(catalogue);
    let mut found = Vec::new();
    for (automation, places) in catalogue.automations.iter().zip(&origins.automations) {
        found.extend(never_fires(automation, places));
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
