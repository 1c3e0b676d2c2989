//! The role structure for people: what each role is for, what comes to it and why, who gets it, what is promised, and what
//! its agents may do; which rules there are, and which channels.
//!
//! What people ask for first is told in words. Everything else that differs from its default follows as its key with the
//! meaning that the reference gives it, so that no setting can be missing here.

use std::fmt::Write;

use crate::routing::catalogue::{Rule, RuleActions};
use crate::routing::channel::{Acceptance, Channel, OwnerGrace};
use crate::routing::explanation::{step_changes, step_conditions};
use crate::routing::permission::AccessLevel;
use crate::routing::role::{Dispatch, Order, Role, Strategy};
use crate::routing::{Catalogue, ChannelName, Permission, TicketType};

use super::document::{Document, Heading, Part};
use super::duration;

/// Keys of a role that are told in words; the others follow as they are.
const TOLD_IN_WORDS: [&str; 12] = [
    "name",
    "description",
    "responsibilities",
    "ticket_types",
    "channels",
    "permissions",
    "permissions_denied",
    "strategy",
    "order",
    "dispatch",
    "target",
    "overflow",
];

/// The page.
pub(super) fn page(catalogue: &Catalogue, document: &Document) -> String {
    let mut page = "# Role structure\n\n".to_owned();
    page.push_str(&overview(catalogue));
    for role in catalogue.roles.values() {
        let heading = Heading::Entry("role", role.name.to_string());
        let part = document.parts.iter().find(|part| part.heading == heading);
        page.push_str(&role_section(role, catalogue, part));
    }
    page.push_str(&rules_section(catalogue));
    page.push_str(&channels_section(catalogue));
    page.push_str(&access_section(catalogue));
    page.push_str(&rest_section(document));
    page
}

fn overview(catalogue: &Catalogue) -> String {
    let mut table = "| role | for | target | given to |\n| --- | --- | --- | --- |\n".to_owned();
    for role in catalogue.roles.values() {
        let target = target_words(role).unwrap_or_else(|| "none".to_owned());
        let row = [cell(role.name.as_str()), cell(&role.description), target, strategy_words(role.strategy).to_owned()];
        line(&mut table, format_args!("| {} |", row.join(" | ")));
    }
    if catalogue.roles.is_empty() { "There are no roles.\n".to_owned() } else { table }
}

fn role_section(role: &Role, catalogue: &Catalogue, part: Option<&Part>) -> String {
    let mut section = format!("\n## {}\n", role.name);
    if !role.description.is_empty() {
        line(&mut section, format_args!("\n{}", role.description));
    }
    if !role.responsibilities.is_empty() {
        section.push_str("\nResponsible for:\n\n");
        role.responsibilities.iter().for_each(|what| line(&mut section, format_args!("- {what}")));
    }
    section.push_str("\n| | |\n| --- | --- |\n");
    for (what, words) in facts(role, catalogue) {
        line(&mut section, format_args!("| {what} | {words} |"));
    }
    if !role.overflow.is_empty() {
        section.push_str("\nWhile a ticket waits:\n\n");
        for step in &role.overflow {
            let conditions = step_conditions(step);
            let conditions = if conditions.is_empty() { String::new() } else { format!(", {conditions}") };
            let (after, changes) = (duration::format(step.after), step_changes(step));
            line(&mut section, format_args!("1. after {after}{conditions}: {changes}"));
        }
    }
    let others = part.into_iter().flat_map(Part::told).filter(|(it, _)| !TOLD_IN_WORDS.contains(&it.key));
    section.push_str(&settings_table(others.map(|(it, value)| (it.key, value.to_string(), it.meaning))));
    section
}

/// What is told of every role.
fn facts(role: &Role, catalogue: &Catalogue) -> Vec<(&'static str, String)> {
    let rules: Vec<String> = (catalogue.rules.iter())
        .filter(|rule| rule.set.roles().any(|name| *name == role.name))
        .map(|rule| cell(rule.name.as_str()))
        .collect();
    let is_default = catalogue.default_role.as_ref() == Some(&role.name);
    let mut facts = vec![
        ("ticket types", names(role.ticket_types.iter().map(TicketType::as_str), "none")),
        (
            "channels of those",
            match &role.channels {
                Some(channels) => names(channels.iter().map(ChannelName::as_str), "none"),
                None => "all".to_owned(),
            },
        ),
        ("comes by rule", if rules.is_empty() { "none".to_owned() } else { rules.join(", ") }),
    ];
    if is_default {
        facts.push(("also", "everything that has no other role".to_owned()));
    }
    facts.push(("target", target_words(role).unwrap_or_else(|| "none is promised".to_owned())));
    facts.push(("order", order_words(role)));
    facts.push(("given to", format!("{}{}", strategy_words(role.strategy), dispatch_words(role.dispatch))));
    facts.push(("permissions", names(role.permissions.iter().map(Permission::as_str), "none of its own")));
    if !role.permissions_denied.is_empty() {
        facts.push(("taken away", names(role.permissions_denied.iter().map(Permission::as_str), "none")));
    }
    facts
}

fn rules_section(catalogue: &Catalogue) -> String {
    let mut section = "\n## Which role a ticket gets\n\nThe first of these that gives one:\n\n".to_owned();
    section.push_str("1. the role that the ticket names\n");
    for rule in &catalogue.rules {
        line(&mut section, format_args!("1. {}", rule_words(rule)));
    }
    section.push_str("1. the role that has its type, on its channel\n");
    match &catalogue.default_role {
        Some(role) => line(&mut section, format_args!("1. {role}")),
        None => section.push_str("1. none: nobody gets it\n"),
    }
    section
}

/// `**VIP customers**, where ``customer.tier == "vip"``: role vip, priority raised by 3`
fn rule_words(rule: &Rule) -> String {
    // Every member of a rule's actions is named, so that a new one is not forgotten here.
    let RuleActions { role, split, priority, raise_priority, skills, permissions } = &rule.set;
    let mut sets = Vec::new();
    sets.extend(role.as_ref().map(|role| format!("role {role}")));
    if !split.is_empty() {
        let shares = split.0.iter().map(|(role, weight)| format!("{role} {weight}"));
        sets.push(format!("shared out between {}, of {}", shares.collect::<Vec<_>>().join(", "), split.total()));
    }
    sets.extend(priority.map(|priority| format!("priority {}", priority.get())));
    sets.extend((*raise_priority > 0).then(|| format!("priority raised by {raise_priority}")));
    let skills: Vec<String> = skills.0.iter().map(|(name, level)| format!("{name} {}", level.get())).collect();
    sets.extend((!skills.is_empty()).then(|| format!("skills {}", skills.join(", "))));
    if !permissions.is_empty() {
        sets.push(format!("only who may {}", names(permissions.iter().map(Permission::as_str), "")));
    }
    let sets = if sets.is_empty() { "nothing".to_owned() } else { sets.join("; ") };
    let goes_on = if rule.set.roles().next().is_none() { " (and the search for a role goes on)" } else { "" };
    format!("**{}**, where {}: {sets}{goes_on}", rule.name, code(&rule.when))
}

fn channels_section(catalogue: &Catalogue) -> String {
    if catalogue.channels.is_empty() {
        return String::new();
    }
    let mut section = "\n## Channels\n\n| channel | at once | costs | accepted | written up for | kept by who leaves \
                       | interrupts |\n| --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for (name, channel) in &catalogue.channels {
        let Channel { cost, limit, acceptance, offer_timeout, wrap_up, owner_grace, interrupts } = channel;
        let accepted = match acceptance {
            Acceptance::Auto => "at once".to_owned(),
            Acceptance::Offer => format!("within {}", duration::format(*offer_timeout)),
        };
        let kept = match owner_grace {
            OwnerGrace::After(length) => duration::format(*length),
            OwnerGrace::Keep => "for good".to_owned(),
        };
        let interrupts = names(interrupts.iter().map(ChannelName::as_str), "none");
        let (name, wrap_up) = (cell(name.as_str()), duration::format(*wrap_up));
        line(
            &mut section,
            format_args!("| {name} | {limit} | {cost} | {accepted} | {wrap_up} | {kept} | {interrupts} |"),
        );
    }
    section
}

fn access_section(catalogue: &Catalogue) -> String {
    let mut section = "\n## Access levels\n\n| level | may |\n| --- | --- |\n".to_owned();
    for level in AccessLevel::ALL {
        let may = names(catalogue.access.of(level).map(Permission::as_str), "nothing");
        line(&mut section, format_args!("| {} | {may} |", level.as_str()));
    }
    section
}

/// What is said of the whole house, and of whatever has no section above.
fn rest_section(document: &Document) -> String {
    let told_above = ["role", "rule", "channel", "access"];
    let mut section = String::new();
    for part in document.parts.iter().filter(|part| !told_above.contains(&part.heading.kind())) {
        let name = part.heading.name().map(|name| format!(" {name}")).unwrap_or_default();
        let table = settings_table(part.told().map(|(it, value)| (it.key, value.to_string(), it.meaning)));
        if !table.is_empty() {
            write!(section, "\n## {}{name}\n{table}", part.heading.kind()).expect("a string takes everything");
        }
    }
    section
}

fn settings_table(settings: impl Iterator<Item = (&'static str, String, &'static str)>) -> String {
    let rows = settings.map(|(key, value, meaning)| format!("| `{key}` | {} | {meaning} |\n", cell(&code(&value))));
    let rows: String = rows.collect();
    if rows.is_empty() { rows } else { format!("\n| setting | is | |\n| --- | --- | --- |\n{rows}") }
}

fn target_words(role: &Role) -> Option<String> {
    let target = role.target?;
    let (whole, tenths) = (target.for_share_permille / 10, target.for_share_permille % 10);
    let share = if tenths == 0 { whole.to_string() } else { format!("{whole}.{tenths}") };
    Some(format!("{share} % within {}", duration::format(target.answer_within)))
}

fn order_words(role: &Role) -> String {
    match role.order {
        Order::Priority => "higher priority first, then due earlier, then older".to_owned(),
        Order::Deadline => "due earlier first, then older".to_owned(),
        Order::Aged => {
            format!("older first; a level of priority is worth {} of age", duration::format(role.priority_worth))
        }
        Order::Fifo => "older first".to_owned(),
    }
}

fn strategy_words(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::LongestIdle => "who is idle for longest",
        Strategy::LeastLoaded => "who holds the least",
        Strategy::MostLoaded => "who holds the most and has room",
        Strategy::RoundRobin => "who was given work longest ago",
        Strategy::Random => "whoever is drawn",
        Strategy::Rank => "the best rank",
        Strategy::MostSkilled => "the most skilled",
        Strategy::LeastFlexible => "who has the fewest roles",
        Strategy::RingAll => "the first of all who are asked to accept",
    }
}

fn dispatch_words(dispatch: Dispatch) -> &'static str {
    match dispatch {
        Dispatch::Push => "",
        Dispatch::Pull => ", of those who ask for a ticket",
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>, none: &str) -> String {
    let names: Vec<String> = names.map(cell).collect();
    if names.is_empty() { none.to_owned() } else { names.join(", ") }
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A text as code, in more backticks than it has itself.
fn code(text: &str) -> String {
    let text = text.replace('\n', " ");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    writeln!(text, "{words}").expect("a string takes everything");
}

#[cfg(test)]
mod tests {
    use crate::config::{Overrides, export_markdown, parse};

    #[test]
    fn a_condition_is_told_as_it_is_written_and_in_tables_so_that_they_stay_whole() {
        let text = "[[role]]\nname = \"a\"\nhours = \"x|y\"\n[hours.\"x|y\"]\nopen = [\"mon 08:00-09:00\"]\n\
                    [[rule]]\nname = \"r\"\nwhen = \"type == 'x' || type == 'y'\"\nset = { role = \"a\" }\n";
        let loaded = parse("test", text, &Overrides::none()).unwrap_or_else(|report| panic!("{report}"));
        let page = export_markdown(&loaded.config.catalogue);
        assert!(page.contains("where `type == 'x' || type == 'y'`: role a"), "{page}");
        assert!(page.contains("| `hours` | `\"x\\|y\"` |"), "{page}");
    }
}
