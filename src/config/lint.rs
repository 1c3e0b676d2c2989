//! What is valid and hardly meant.

use std::collections::BTreeSet;

use crate::routing::catalogue::{Rule, RuleActions};
use crate::routing::channel::Channel;
use crate::routing::role::{Order, OverflowStep, Role, Strategy};
use crate::routing::{Catalogue, ChannelName, Permission, RoleName};

use super::catalogue::CatalogueOrigins;
use super::diagnostic::{Diagnostic, Origin};

/// Everything in a valid catalogue that its author should look at.
pub(super) fn check(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    found.extend(channels_nobody_can_work(catalogue, origins));
    found.extend(roles_nothing_leads_to(catalogue, origins));
    found.extend(types_of_two_roles(catalogue, origins));
    found.extend(catalogue.roles.values().flat_map(|role| odd_settings(role, origins)));
    found.extend(rules_that_do_nothing(catalogue, origins));
    found.extend(permissions_nobody_has(catalogue, origins));
    found
}

fn channels_nobody_can_work(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let capacity = catalogue.agents.capacity;
    let too_dear = catalogue.channels.iter().filter(|(_, channel)| channel.cost > capacity);
    let warning = |(name, channel): (&ChannelName, &Channel)| {
        let origin = origins.channels.get(name).cloned().unwrap_or(Origin::Whole);
        let message = format!(
            "a ticket on the channel {:?} costs {}, and agents have a capacity of {capacity}",
            name.as_str(),
            channel.cost
        );
        let help = "only agents whose registration gives them more capacity can ever get one";
        Diagnostic::warning(origin, message).help(Some(help))
    };
    too_dear.map(warning).collect()
}

fn roles_nothing_leads_to(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let by_rule = catalogue.rules.iter().filter_map(|rule| rule.set.role.as_ref());
    let by_overflow = catalogue.roles.values().flat_map(|role| &role.overflow).flat_map(|step| &step.add_roles);
    let reached: BTreeSet<&RoleName> = by_rule.chain(by_overflow).chain(&catalogue.default_role).collect();
    let lost = catalogue.roles.values().filter(|role| role.ticket_types.is_empty() && !reached.contains(&role.name));
    let warning = |role: &Role| {
        let message = format!("nothing leads to the role {:?}", role.name.as_str());
        Diagnostic::warning(name_origin(role, origins), message).help(Some(
            "no ticket type, rule, overflow step or default names it: only tickets that ask for it get there",
        ))
    };
    lost.map(warning).collect()
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

fn odd_settings(role: &Role, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let Some(places) = origins.roles.get(&role.name) else { return Vec::new() };
    let name = role.name.as_str();
    let mut found = Vec::new();
    if let Some(origin) = places.ring_max.clone().filter(|_| role.strategy != Strategy::RingAll) {
        found.push(Diagnostic::warning(origin, "`ring_max` only counts with strategy = \"ring_all\""));
    }
    if let Some(origin) = places.priority_worth.clone().filter(|_| role.order != Order::Aged) {
        found.push(Diagnostic::warning(origin, "`priority_worth` only counts with order = \"aged\""));
    }
    for permission in role.permissions.intersection(&role.permissions_denied) {
        let message = format!("the role {name:?} both grants and denies {permission:?}");
        found.push(Diagnostic::warning(places.permissions_denied.clone(), message).help(Some("it is denied")));
    }
    for step in &role.overflow {
        if let Some(message) = odd_step(role, step) {
            found.push(Diagnostic::warning(places.overflow.clone(), message));
        }
    }
    found
}

fn odd_step(role: &Role, step: &OverflowStep) -> Option<String> {
    let nothing = step.add_roles.is_empty() && !step.drop_skills && step.raise_priority == 0 && step.rank_max.is_none();
    let itself = step.add_roles.contains(&role.name);
    if nothing {
        Some(format!("the overflow step after {} changes nothing", step.after))
    } else if itself {
        Some(format!("the overflow step after {} adds the role {:?} to itself", step.after, role.name))
    } else {
        None
    }
}

fn rules_that_do_nothing(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (index, (rule, places)) in catalogue.rules.iter().zip(&origins.rules).enumerate() {
        let condition = rule.when.trim();
        let hides = |earlier: &&Rule| [condition, "true"].contains(&earlier.when.trim());
        if let Some(earlier) = catalogue.rules[..index].iter().find(hides) {
            let message = format!("the rule {:?} is never reached", rule.name);
            let help = format!("whenever its condition holds, so does that of {:?} before it", earlier.name);
            found.push(Diagnostic::warning(places.when.clone(), message).help(Some(help)));
        } else if condition == "false" {
            let message = format!("the condition of the rule {:?} never holds", rule.name);
            found.push(Diagnostic::warning(places.when.clone(), message));
        }
        if rule.set == RuleActions::default() {
            let message = format!("the rule {:?} sets nothing", rule.name);
            let help = "it only keeps the rules after it from being tried";
            found.push(Diagnostic::warning(places.set.clone(), message).help(Some(help)));
        }
    }
    found
}

fn permissions_nobody_has(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let by_access = catalogue.access.0.values().flatten();
    let by_role = catalogue.roles.values().flat_map(|role| &role.permissions);
    let granted: BTreeSet<&Permission> = by_access.chain(by_role).collect();
    let mut found = Vec::new();
    for (rule, places) in catalogue.rules.iter().zip(&origins.rules) {
        for permission in rule.set.permissions.iter().filter(|permission| !granted.contains(permission)) {
            let message = format!("the rule {:?} demands {permission:?}, which nobody is granted", rule.name);
            let help = "no role and no access level grants it: such tickets are unroutable";
            found.push(Diagnostic::warning(places.set.clone(), message).help(Some(help)));
        }
    }
    found
}

fn name_origin(role: &Role, origins: &CatalogueOrigins) -> Origin {
    origins.roles.get(&role.name).map_or(Origin::Whole, |role| role.name.clone())
}

#[cfg(test)]
mod tests {
    use crate::config::{Overrides, parse};

    /// The first lines of all warnings about a catalogue.
    fn warnings(text: &str) -> Vec<String> {
        let loaded = parse("test", text, &Overrides::none()).unwrap_or_else(|report| panic!("{report}"));
        loaded.warnings.lines().collect()
    }

    #[test]
    fn each_oddity_is_pointed_at() {
        let cases: [(&str, &[&str]); 11] = [
            ("[channel.call]\ncost = 101", &["test:1:10: a ticket on the channel \"call\" costs 101"]),
            ("[[role]]\nname = \"a\"", &["test:2:8: nothing leads to the role \"a\""]),
            (
                "[[role]]\nname = \"a\"\nticket_types = [\"x\"]\n[[role]]\nname = \"b\"\nticket_types = [\"x\"]",
                &["test:6:16: both \"a\" and \"b\" serve tickets of the type \"x\""],
            ),
            (
                "[routing]\ndefault_role = \"a\"\n[[role]]\nname = \"a\"\nring_max = 3\npriority_worth = \"1m\"",
                &["test:5:12: `ring_max` only counts", "test:6:18: `priority_worth` only counts"],
            ),
            (
                "[routing]\ndefault_role = \"a\"\n[[role]]\nname = \"a\"\noverflow = [{ after = \"1m\" }]",
                &["test:5:12: the overflow step after 1m changes nothing"],
            ),
            (
                "[[role]]\nname = \"a\"\noverflow = [{ after = \"1m\", add_roles = [\"a\"] }]",
                &["test:3:12: the overflow step after 1m adds the role \"a\" to itself"],
            ),
            (
                "[routing]\ndefault_role = \"a\"\n[[role]]\nname = \"a\"\npermissions = [\"x.y\"]\npermissions_denied = [\"x.y\"]",
                &["test:6:22: the role \"a\" both grants and denies \"x.y\""],
            ),
            (
                "[[rule]]\nname = \"1\"\nwhen = 'true '\nset = { raise_priority = 1 }\n\
                 [[rule]]\nname = \"2\"\nwhen = 'type == \"x\"'\nset = { raise_priority = 1 }",
                &["test:7:8: the rule \"2\" is never reached"],
            ),
            ("[[rule]]\nname = \"1\"\nwhen = 'type == \"x\"'\nset = {}", &["test:4:7: the rule \"1\" sets nothing"]),
            (
                "[[rule]]\nname = \"1\"\nwhen = 'false'\nset = { raise_priority = 1 }",
                &["test:3:8: the condition of the rule \"1\" never holds"],
            ),
            (
                "[[rule]]\nname = \"1\"\nwhen = 'type == \"x\"'\nset = { permissions = [\"fly.high\"] }",
                &["test:4:7: the rule \"1\" demands \"fly.high\", which nobody is granted"],
            ),
        ];
        for (text, expected) in cases {
            let found = warnings(text);
            assert_eq!(found.len(), expected.len(), "{text}\n{found:#?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.starts_with(expected), "{text}\n{found}\n{expected}");
            }
        }
    }

    #[test]
    fn roles_that_share_a_type_on_different_channels_are_no_oddity() {
        let text = "[[role]]\nname = \"a\"\nticket_types = [\"x\"]\nchannels = [\"call\"]\n\
                    [[role]]\nname = \"b\"\nticket_types = [\"x\"]\nchannels = [\"chat\"]";
        assert_eq!(warnings(text), [""; 0]);
    }
}
