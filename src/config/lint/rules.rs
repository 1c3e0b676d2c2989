//! Rules that never match, are never reached, do nothing, or demand what nobody has.

use std::collections::BTreeSet;

use crate::routing::catalogue::{Rule, RuleActions};
use crate::routing::{Catalogue, Permission};

use super::super::catalogue::CatalogueOrigins;
use super::super::diagnostic::{Diagnostic, Origin};
use super::super::rule::RuleOrigins;
use super::super::suggestion::nearest;
use super::condition::{Asker, Condition};

pub(super) fn check(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let conditions: Vec<Option<Condition>> =
        catalogue.rules.iter().map(|rule| Condition::of(&rule.when, Asker::Rule)).collect();
    let granted = granted(catalogue);
    let mut found = Vec::new();
    for (index, (rule, places)) in catalogue.rules.iter().zip(&origins.rules).enumerate() {
        let earlier: Vec<(usize, &Condition)> =
            conditions[..index].iter().enumerate().filter_map(|(index, one)| Some((index, one.as_ref()?))).collect();
        if let Some(condition) = &conditions[index] {
            found.extend(unreached(rule, condition, &earlier, &catalogue.rules, places));
        }
        if rule.set == RuleActions::default() {
            let message = format!("the rule {:?} sets nothing", rule.name);
            let help = "it only keeps the rules after it from being tried";
            found.push(Diagnostic::warning(places.set.clone(), message).help(Some(help)));
        }
        let of = format!("the rule {:?}", rule.name);
        found.extend(ungranted(&of, &rule.set.permissions, &granted, &places.set));
    }
    found
}

fn unreached(
    rule: &Rule,
    condition: &Condition,
    earlier: &[(usize, &Condition)],
    rules: &[Rule],
    places: &RuleOrigins,
) -> Option<Diagnostic> {
    if condition.never_holds() {
        let message = format!("the condition of the rule {:?} never holds", rule.name);
        let help = condition.obstacle().unwrap_or("write when it is to hold, or leave the rule out");
        return Some(Diagnostic::warning(places.when.clone(), message).help(Some(help)));
    }
    let covering = condition.covered_by(earlier);
    if covering.is_empty() {
        return None;
    }
    let names: Vec<String> = covering.iter().map(|index| format!("{:?}", rules[*index].name)).collect();
    let message = format!("the rule {:?} is never reached", rule.name);
    let help = format!(
        "whenever its condition holds, so does that of {} before it: put the narrower rule first",
        names.join(" or ")
    );
    Some(Diagnostic::warning(places.when.clone(), message).help(Some(help)))
}

/// Every permission that some role or access level grants.
pub(super) fn granted(catalogue: &Catalogue) -> BTreeSet<&Permission> {
    let by_access = catalogue.access.0.values().flatten();
    by_access.chain(catalogue.roles.values().flat_map(|role| &role.permissions)).collect()
}

/// Permissions that are demanded, by a rule for instance, and that nobody has.
pub(super) fn ungranted(
    of: &str,
    demanded: &BTreeSet<Permission>,
    granted: &BTreeSet<&Permission>,
    place: &Origin,
) -> Vec<Diagnostic> {
    let demanded = demanded.iter().filter(|permission| !granted.contains(permission));
    let warning = |permission: &Permission| {
        let message = format!("{of} demands {permission:?}, which nobody is granted");
        let meant = nearest(permission.as_str(), granted.iter().map(|permission| permission.as_str()));
        let help = match meant {
            Some(meant) => format!("did you mean {meant:?}? No role and no access level grants this one"),
            None => "no role and no access level grants it: such tickets are unroutable".to_owned(),
        };
        Diagnostic::warning(place.clone(), message).help(Some(help))
    };
    demanded.map(warning).collect()
}
