//! The catalogue: all that an admin configures about routing, as one value that is replaced as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::agent::Status;
use super::automation::Automation;
use super::channel::{Acceptance, Channel, OwnerGrace};
use super::hours::Hours;
use super::name::{ChannelName, HoursName, Permission, RoleName, RuleName, StatusName, TicketId, TicketType};
use super::pacing::Pacing;
use super::permission::AccessGrants;
use super::role::Role;
use super::roles::Roles;
use super::serving::ServeFirst;
use super::skill::Skills;
use super::split::Split;
use super::ticket::Priority;
use super::time::{self, Millis};
use super::zone::Zone;

/// What a matching rule sets. An absent member leaves the ticket as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct RuleActions {
    /// The role that the ticket goes to.
    pub role: Option<RoleName>,
    /// The roles that tickets are shared out between, in place of `role`.
    #[serde(default, skip_serializing_if = "Split::is_empty")]
    pub split: Split,
    /// The priority, whatever the ticket said.
    pub priority: Option<Priority>,
    /// Added to the priority, up to the highest.
    pub raise_priority: u8,
    /// Demanded beyond the ticket's own; the higher level counts.
    pub skills: Skills,
    /// Demanded beyond the ticket's own.
    pub permissions: BTreeSet<Permission>,
}

impl RuleActions {
    /// The role that they give a ticket, by themselves or by lot.
    #[must_use]
    pub fn role_of(&self, seed: u64, rule: &RuleName, ticket: &TicketId) -> Option<&RoleName> {
        self.role.as_ref().or_else(|| self.split.role_of(seed, rule, ticket))
    }

    /// Every role that they may give a ticket.
    pub fn roles(&self) -> impl Iterator<Item = &RoleName> {
        self.role.iter().chain(self.split.0.keys())
    }
}

/// A rule of classification: the first whose condition holds applies.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rule {
    /// Its name, as explanations show it.
    pub name: RuleName,
    /// The condition, in CEL, over the members of the ticket.
    pub when: String,
    /// What it sets.
    pub set: RuleActions,
}

/// What holds for all agents.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AgentRules {
    /// Capacity units of an agent that says nothing else.
    pub capacity: u32,
    /// After so many offers missed in a row an agent is turned `away`; zero for never.
    pub missed_offers_max: u32,
    /// Silence for so long turns an agent offline; zero for never.
    pub heartbeat_timeout: Millis,
    /// Having done nothing for so long turns an online agent away; zero for never.
    #[serde(default, skip_serializing_if = "time::is_zero")]
    pub idle_timeout: Millis,
    /// How much they are given in how long.
    #[serde(default, skip_serializing_if = "Pacing::is_default")]
    pub pacing: Pacing,
    /// Which of its roles a free agent serves first.
    #[serde(default, skip_serializing_if = "ServeFirst::is_default")]
    pub serve_first: ServeFirst,
}

impl Default for AgentRules {
    fn default() -> Self {
        Self {
            capacity: 100,
            missed_offers_max: 3,
            heartbeat_timeout: Millis::ZERO,
            idle_timeout: Millis::ZERO,
            pacing: Pacing::default(),
            serve_first: ServeFirst::default(),
        }
    }
}

/// Channels, roles, rules and permissions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Catalogue {
    /// Channels that the configuration names. Any other has [`Channel::default_for`].
    pub channels: BTreeMap<ChannelName, Channel>,
    /// Roles by name.
    pub roles: Roles,
    /// Rules in the order in which they are tried.
    pub rules: Vec<Rule>,
    /// Automations in the order in which they fire where several do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub automations: Vec<Automation>,
    /// The role of tickets that nothing else gives one.
    pub default_role: Option<RoleName>,
    /// What access levels may do.
    pub access: AccessGrants,
    /// What holds for all agents.
    pub agents: AgentRules,
    /// Statuses beyond ours, and what each is taken for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: BTreeMap<StatusName, Status>,
    /// When roles are open that name these.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hours: BTreeMap<HoursName, Hours>,
    /// How long an ended ticket is remembered, so that a repeated `ticket.created` changes nothing.
    pub closed_retention: Millis,
    /// Where hours and dates are those of the clock on the wall.
    #[serde(default, skip_serializing_if = "Zone::is_default")]
    pub time_zone: Zone,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self {
            channels: BTreeMap::new(),
            roles: Roles::default(),
            rules: Vec::new(),
            automations: Vec::new(),
            default_role: None,
            access: AccessGrants::default(),
            agents: AgentRules::default(),
            statuses: BTreeMap::new(),
            hours: BTreeMap::new(),
            closed_retention: Millis::from_secs(24 * 3_600),
            time_zone: Zone::default(),
        }
    }
}

impl Catalogue {
    /// The rules of a channel, configured or by default.
    #[must_use]
    pub fn channel(&self, name: &ChannelName) -> &Channel {
        self.channels.get(name).unwrap_or_else(|| Channel::default_of(name))
    }

    /// The first role, by name, that serves this type on this channel.
    #[must_use]
    pub fn role_for_type(&self, kind: &TicketType, channel: &ChannelName) -> Option<&RoleName> {
        let fits = |role: &&Role| role.ticket_types.contains(kind) && role.serves(channel);
        self.roles.values().find(fits).map(|role| &role.name)
    }

    /// Whether agents are asked before they own a ticket of this role and channel.
    #[must_use]
    pub fn acceptance(&self, role: Option<&Role>, channel: &Channel) -> Acceptance {
        role.and_then(|role| role.acceptance).unwrap_or(channel.acceptance)
    }

    /// How long a ticket of this role and channel stays with an owner who went offline.
    #[must_use]
    pub fn owner_grace(&self, role: Option<&RoleName>, channel: &ChannelName) -> OwnerGrace {
        let by_role = role.and_then(|role| self.roles.get(role)).and_then(|role| role.owning.owner_grace);
        by_role.unwrap_or_else(|| self.channel(channel).owner_grace)
    }

    /// When this role is open; `None` for always.
    #[must_use]
    pub fn hours_of(&self, role: &Role) -> Option<&Hours> {
        self.hours.get(role.admission.hours.as_ref()?)
    }

    /// What is different from an earlier catalogue, one line a change, for people and for the audit.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        describe("channel", &before.channels, &self.channels, &mut changes);
        describe("status", &before.statuses, &self.statuses, &mut changes);
        describe("hours", &before.hours, &self.hours, &mut changes);
        describe("role", &before.roles, &self.roles, &mut changes);
        let rule = |rule: &Rule| rule.name.clone();
        let rules_moved = describe_list("rule", (&before.rules, &self.rules), rule, &mut changes);
        let automation = |automation: &Automation| automation.name.clone();
        let automations = (&before.automations[..], &self.automations[..]);
        let automations_moved = describe_list("automation", automations, automation, &mut changes);
        let settings = [
            (rules_moved, "the order of the rules changed"),
            (automations_moved, "the order of the automations changed"),
            (before.default_role != self.default_role, "the default role changed"),
            (before.access != self.access, "the permissions of access levels changed"),
            (before.agents != self.agents, "the rules for all agents changed"),
            (before.closed_retention != self.closed_retention, "the retention of ended tickets changed"),
            (before.time_zone != self.time_zone, "the time zone changed"),
        ];
        changes.extend(settings.into_iter().filter(|(changed, _)| *changed).map(|(_, line)| line.to_owned()));
        changes
    }
}

fn describe<K: Ord + std::fmt::Display, V: PartialEq>(
    noun: &str,
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
    changes: &mut Vec<String>,
) {
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        changes.push(format!("{noun} {name} was removed"));
    }
    for (name, value) in after {
        match before.get(name) {
            None => changes.push(format!("{noun} {name} was added")),
            Some(earlier) if earlier != value => changes.push(format!("{noun} {name} changed")),
            Some(_) => {}
        }
    }
}

/// The same of what has an order. Says whether nothing but the order changed which of them there are.
fn describe_list<K: Ord + std::fmt::Display, V: PartialEq + Clone>(
    noun: &str,
    (before, after): (&[V], &[V]),
    name: impl Fn(&V) -> K,
    changes: &mut Vec<String>,
) -> bool {
    let by_name = |all: &[V]| -> BTreeMap<K, V> { all.iter().map(|one| (name(one), one.clone())).collect() };
    describe(noun, &by_name(before), &by_name(after), changes);
    let same = by_name(before).keys().eq(by_name(after).keys());
    same && !before.iter().map(&name).eq(after.iter().map(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> (RoleName, Role) {
        let name = RoleName::parse(name).unwrap();
        (name.clone(), Role::named(name))
    }

    fn rule(name: &str, when: &str) -> Rule {
        Rule { name: RuleName::parse(name).unwrap(), when: when.to_owned(), set: RuleActions::default() }
    }

    fn catalogue(roles: &[&str], conditions: &[(&str, &str)]) -> Catalogue {
        Catalogue {
            roles: roles.iter().map(|name| role(name)).collect(),
            rules: conditions.iter().map(|(name, when)| rule(name, when)).collect(),
            ..Catalogue::default()
        }
    }

    #[test]
    fn equal_catalogues_have_no_changes_between_them() {
        let one = catalogue(&["billing"], &[("a", "true")]);
        assert_eq!(one.changes_since(&one.clone()), Vec::<String>::new());
    }

    #[test]
    fn what_was_removed_added_and_changed_is_named() {
        let before = catalogue(&["billing", "sales", "vip"], &[("a", "true"), ("b", "true")]);
        let mut after = catalogue(&["billing", "legal", "vip"], &[("a", "false"), ("c", "true")]);
        after.roles.values_mut().next().unwrap().weight = 2;
        after
            .channels
            .insert(ChannelName::parse("fax").unwrap(), Channel::default_for(&ChannelName::parse("fax").unwrap()));
        let expected = [
            "channel fax was added",
            "role sales was removed",
            "role billing changed",
            "role legal was added",
            "rule b was removed",
            "rule a changed",
            "rule c was added",
        ];
        assert_eq!(after.changes_since(&before), expected);
    }

    #[test]
    fn rules_that_only_changed_places_are_told_as_that() {
        let before = catalogue(&[], &[("a", "true"), ("b", "true")]);
        let after = catalogue(&[], &[("b", "true"), ("a", "true")]);
        assert_eq!(after.changes_since(&before), ["the order of the rules changed"]);
    }

    #[test]
    fn settings_that_are_not_a_list_are_told_in_a_line_each() {
        let before = catalogue(&["billing"], &[]);
        let after = Catalogue {
            default_role: Some(RoleName::parse("billing").unwrap()),
            agents: AgentRules { missed_offers_max: 9, ..AgentRules::default() },
            closed_retention: Millis::ZERO,
            time_zone: Zone::parse("Europe/Berlin").unwrap(),
            ..before.clone()
        };
        let expected = [
            "the default role changed",
            "the rules for all agents changed",
            "the retention of ended tickets changed",
            "the time zone changed",
        ];
        assert_eq!(after.changes_since(&before), expected);
    }
}
