//! The part of the file that is about routing: channels, roles, rules, access, and what holds for all of them.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use crate::routing::catalogue::{AgentRules, Rule};
use crate::routing::channel::Channel;
use crate::routing::hours::Hours;
use crate::routing::role::Role;
use crate::routing::serving::ServeFirst;
use crate::routing::zone::Zone;
use crate::routing::{Catalogue, ChannelName, HoursName, RoleName, RuleName, Status, StatusName};

use super::automation::{self, AutomationOrigins};
use super::channel::{self, ANY_LENGTH, CHANNEL_NAME};
use super::diagnostic::{Diagnostic, Origin};
use super::document::{Document, Heading, Part};
use super::form::{Choice, Form, Length, Name, Node, RoleReference, Whole, describe};
use super::hours::{self, HOURS_NAME, HoursOrigins};
use super::key::{Key, Keys};
use super::role::{self, RoleOrigins};
use super::rule::{self, RuleOrigins};
use super::section::{Reading, Section};
use super::status::{self, STATUS_NAME};
use super::writing::{Member, Writing};
use super::zone::ZoneForm;
use super::{access, file, pacing, succession};

/// The most roles, rules and channels of a catalogue: far above any contact centre, far below a burden.
const ENTRIES_MAX: usize = 1_000;

pub(super) mod routing {
    use super::{ANY_LENGTH, Key, Keys, Length, RoleReference, ZoneForm};

    pub(crate) const DEFAULT_ROLE: Key<RoleReference> = Key::optional(
        "default_role",
        RoleReference,
        "none: such tickets are unroutable",
        "The role of tickets that name none and that no rule or type gives one.",
    );
    pub(crate) const CLOSED_RETENTION: Key<Length> = Key::new(
        "closed_retention",
        ANY_LENGTH,
        "\"1d\"",
        "How long an ended ticket is remembered, so that a repeated `ticket.created` does not bring it back.",
    );
    pub(crate) const TIME_ZONE: Key<ZoneForm> = Key::new(
        "time_zone",
        ZoneForm,
        "\"UTC\"",
        "Where the hours, weekdays and dates of conditions are those of the clock on the wall.",
    );
    pub(crate) const KEYS: Keys = &[&DEFAULT_ROLE, &CLOSED_RETENTION, &TIME_ZONE];
}

pub(super) mod agents {
    use super::{ANY_LENGTH, Choice, Key, Keys, Length, ServeFirst, Whole, pacing};

    pub(crate) const CAPACITY: Key<Whole<u32>> = Key::new(
        "capacity",
        Whole { min: 0, max: 1_000_000 },
        "100",
        "Capacity units of an agent whose registration says nothing else.",
    );
    pub(crate) const MISSED_OFFERS_MAX: Key<Whole<u32>> = Key::new(
        "missed_offers_max",
        Whole { min: 0, max: 1_000 },
        "3",
        "After so many offers missed in a row an agent is turned `away`; 0 for never.",
    );
    pub(crate) const HEARTBEAT_TIMEOUT: Key<Length> = Key::new(
        "heartbeat_timeout",
        ANY_LENGTH,
        "\"0s\"",
        "Silence for so long turns an agent offline; `\"0s\"` for never.",
    );
    pub(crate) const IDLE_TIMEOUT: Key<Length> = Key::new(
        "idle_timeout",
        ANY_LENGTH,
        "\"0s\"",
        "Having done nothing for so long turns an online agent away; heartbeats are nothing. `\"0s\"` for never.",
    );
    pub(crate) const SERVE_FIRST: Key<Choice<ServeFirst>> = Key::new(
        "serve_first",
        Choice {
            of: "way to serve",
            options: &[("greatest_need", ServeFirst::GreatestNeed), ("best_rank", ServeFirst::BestRank)],
        },
        "\"greatest_need\"",
        "What a free agent gets of its roles of equal weight: the best-ranked ticket, or one of the role in which its own rank is best.",
    );
    pub(crate) const KEYS: Keys = &[
        &CAPACITY,
        &MISSED_OFFERS_MAX,
        &HEARTBEAT_TIMEOUT,
        &IDLE_TIMEOUT,
        &pacing::RAMP,
        &pacing::PER_HOUR,
        &SERVE_FIRST,
    ];
}

/// Where the parts of a catalogue are written.
#[derive(Debug, Default)]
pub(super) struct CatalogueOrigins {
    pub(super) channels: BTreeMap<ChannelName, Origin>,
    pub(super) hours: BTreeMap<HoursName, HoursOrigins>,
    pub(super) roles: BTreeMap<RoleName, RoleOrigins>,
    /// In the order of the catalogue's rules.
    pub(super) rules: Vec<RuleOrigins>,
    /// In the order of the catalogue's automations.
    pub(super) automations: Vec<AutomationOrigins>,
}

/// Reads all that is about routing.
pub(super) fn read(root: &DeTable<'_>, reading: &mut Reading<'_>) -> (Catalogue, CatalogueOrigins) {
    let mut origins = CatalogueOrigins::default();
    let routing_section = file::section(root, "routing", routing::KEYS, reading);
    let agents_section = file::section(root, "agents", agents::KEYS, reading);
    let access_section = file::section(root, "access", access::KEYS, reading);
    let default = Catalogue::default();
    let time_zone = routing_section.take(&routing::TIME_ZONE, reading).unwrap_or_default();
    let catalogue = Catalogue {
        hours: read_hours(root, &time_zone, &mut origins, reading),
        channels: read_channels(root, &mut origins, reading),
        roles: read_roles(root, &mut origins, reading).into(),
        rules: read_rules(root, &mut origins, reading),
        automations: automation::read_all(root, &mut origins.automations, reading),
        default_role: routing_section.take(&routing::DEFAULT_ROLE, reading),
        access: access::read(&access_section, reading),
        agents: read_agents(&agents_section, reading),
        statuses: read_statuses(root, reading),
        closed_retention: routing_section.take(&routing::CLOSED_RETENTION, reading).unwrap_or(default.closed_retention),
        time_zone,
    };
    reading.check_role_references(&catalogue);
    hours::check_references(&catalogue.roles, &catalogue.hours, &origins, reading);
    succession::check(&catalogue.roles, &origins, reading);
    (catalogue, origins)
}

fn read_agents(section: &Section<'_>, reading: &mut Reading<'_>) -> AgentRules {
    let default = AgentRules::default();
    AgentRules {
        capacity: section.take(&agents::CAPACITY, reading).unwrap_or(default.capacity),
        missed_offers_max: section.take(&agents::MISSED_OFFERS_MAX, reading).unwrap_or(default.missed_offers_max),
        heartbeat_timeout: section.take(&agents::HEARTBEAT_TIMEOUT, reading).unwrap_or(default.heartbeat_timeout),
        idle_timeout: section.take(&agents::IDLE_TIMEOUT, reading).unwrap_or(default.idle_timeout),
        pacing: pacing::read(section, reading),
        serve_first: section.take(&agents::SERVE_FIRST, reading).unwrap_or(default.serve_first),
    }
}

/// The way back: a table for each thing that a catalogue has.
pub(super) fn write(catalogue: &Catalogue) -> Document {
    let Catalogue {
        channels,
        roles,
        rules,
        automations,
        default_role,
        access,
        agents: rules_for_agents,
        statuses,
        hours,
        closed_retention,
        time_zone,
    } = catalogue;
    let mut routing = Writing::default();
    routing.put_some(&routing::DEFAULT_ROLE, default_role.as_ref());
    routing.put(&routing::CLOSED_RETENTION, closed_retention);
    routing.put(&routing::TIME_ZONE, time_zone);
    let mut parts = vec![
        Part { heading: Heading::Single("routing"), members: routing.finish(routing::KEYS) },
        Part { heading: Heading::Single("agents"), members: write_agents(rules_for_agents) },
        Part { heading: Heading::Single("access"), members: access::write(access) },
    ];
    let named = |kind, name: String, members| Part { heading: Heading::Named(kind, name), members };
    parts.extend(statuses.iter().map(|(name, means)| named("status", name.to_string(), status::write(*means))));
    parts.extend(hours.iter().map(|(name, hours)| named("hours", name.to_string(), hours::write(hours))));
    parts.extend(channels.iter().map(|(name, channel)| named("channel", name.to_string(), channel::write(channel))));
    let entry = |kind, name: String, members| Part { heading: Heading::Entry(kind, name), members };
    parts.extend(roles.values().map(|role| entry("role", role.name.to_string(), role::write(role))));
    parts.extend(rules.iter().map(|rule| entry("rule", rule.name.to_string(), rule::write(rule))));
    parts.extend(automations.iter().map(|it| entry("automation", it.name.to_string(), automation::write(it))));
    Document { parts }
}

fn write_agents(rules: &AgentRules) -> Vec<Member> {
    let AgentRules { capacity, missed_offers_max, heartbeat_timeout, idle_timeout, pacing, serve_first } = rules;
    let mut writing = Writing::default();
    writing.put(&agents::CAPACITY, capacity);
    writing.put(&agents::MISSED_OFFERS_MAX, missed_offers_max);
    writing.put(&agents::HEARTBEAT_TIMEOUT, heartbeat_timeout);
    writing.put(&agents::IDLE_TIMEOUT, idle_timeout);
    pacing::write(pacing, &mut writing);
    writing.put(&agents::SERVE_FIRST, serve_first);
    writing.finish(agents::KEYS)
}

fn read_channels(
    root: &DeTable<'_>,
    origins: &mut CatalogueOrigins,
    reading: &mut Reading<'_>,
) -> BTreeMap<ChannelName, Channel> {
    let mut channels = BTreeMap::new();
    for entry in named_tables(root, "channel", CHANNEL_NAME, reading) {
        let section = entry.open(channel::KEYS, reading);
        channels.insert(entry.name.clone(), channel::read(&entry.name, &section, reading));
        origins.channels.insert(entry.name, entry.origin);
    }
    channels
}

fn read_statuses(root: &DeTable<'_>, reading: &mut Reading<'_>) -> BTreeMap<StatusName, Status> {
    let entries = named_tables(root, "status", STATUS_NAME, reading);
    let means = entries.into_iter().filter_map(|entry| {
        let section = entry.open(status::KEYS, reading);
        Some((entry.name.clone(), status::read(&entry.name, entry.origin, &section, reading)?))
    });
    means.collect()
}

fn read_hours(
    root: &DeTable<'_>,
    zone: &Zone,
    origins: &mut CatalogueOrigins,
    reading: &mut Reading<'_>,
) -> BTreeMap<HoursName, Hours> {
    let mut all = BTreeMap::new();
    for entry in named_tables(root, "hours", HOURS_NAME, reading) {
        let section = entry.open(hours::KEYS, reading);
        let (hours, places) = hours::read(zone, entry.origin, &section, reading);
        origins.hours.insert(entry.name.clone(), places);
        all.insert(entry.name, hours);
    }
    all
}

/// One table of many that have names: `[channel.call]`.
pub(super) struct NamedTable<'a, T> {
    /// Of which kind: `channel`.
    kind: &'static str,
    pub(super) name: T,
    /// Where the name is written.
    pub(super) origin: Origin,
    node: Node<'a>,
}

impl<'a, T: std::fmt::Display> NamedTable<'a, T> {
    pub(super) fn open(&self, keys: Keys, reading: &mut Reading<'_>) -> Section<'a> {
        Section::open(format!("{}.{}", self.kind, self.name), &self.node, keys, reading)
    }
}

/// The tables of a kind, those whose names are proper.
pub(super) fn named_tables<'a, T>(
    root: &'a DeTable<'a>,
    kind: &'static str,
    form: Name<T>,
    reading: &mut Reading<'_>,
) -> Vec<NamedTable<'a, T>>
where
    Name<T>: Form<Value = T>,
{
    let Some(value) = root.get(kind) else { return Vec::new() };
    let DeValue::Table(table) = value.get_ref() else {
        let message = format!("`{kind}` is {}", describe(value.get_ref()));
        let found = Diagnostic::error(Origin::File(value.span()), message);
        reading.report(found.expected(format!("a table [{kind}.NAME]")));
        return Vec::new();
    };
    let mut tables = Vec::new();
    for (name, value) in table.iter().take(ENTRIES_MAX) {
        let origin = Origin::File(name.span());
        let text = DeValue::String(name.get_ref().clone());
        let Some(name) = form.read(&Node { value: &text, origin: origin.clone() }, reading) else { continue };
        let node = Node { value: value.get_ref(), origin: Origin::File(value.span()) };
        tables.push(NamedTable { kind, name, origin, node });
    }
    refuse_more(&format!("[{kind}.NAME]"), table.len(), Origin::File(value.span()), reading);
    tables
}

fn read_roles(
    root: &DeTable<'_>,
    origins: &mut CatalogueOrigins,
    reading: &mut Reading<'_>,
) -> BTreeMap<RoleName, Role> {
    let mut roles = BTreeMap::new();
    for node in entries(root, "role", reading) {
        let section = Section::open("role", &node, role::KEYS, reading);
        let Some((role, places)) = role::read(&section, reading) else { continue };
        if roles.contains_key(&role.name) {
            let message = format!("there are two roles {:?}", role.name.as_str());
            reading.report(Diagnostic::error(places.name, message).expected("a name that no other role has"));
            continue;
        }
        origins.roles.insert(role.name.clone(), places);
        roles.insert(role.name.clone(), role);
    }
    roles
}

fn read_rules(root: &DeTable<'_>, origins: &mut CatalogueOrigins, reading: &mut Reading<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut names: BTreeSet<RuleName> = BTreeSet::new();
    for node in entries(root, "rule", reading) {
        let section = Section::open("rule", &node, rule::KEYS, reading);
        let Some((rule, places)) = rule::read(&section, reading) else { continue };
        if !names.insert(rule.name.clone()) {
            let message = format!("there are two rules {:?}", rule.name.as_str());
            let found = Diagnostic::error(places.name.clone(), message);
            reading.report(found.expected("a name that no other rule has, so that explanations are clear"));
        }
        rules.push(rule);
        origins.rules.push(places);
    }
    rules
}

/// The tables of an array of tables.
pub(super) fn entries<'a>(root: &'a DeTable<'a>, name: &str, reading: &mut Reading<'_>) -> Vec<Node<'a>> {
    let Some(value) = root.get(name) else { return Vec::new() };
    let DeValue::Array(values) = value.get_ref() else {
        let message = format!("`{name}` is {}, not a list of tables", describe(value.get_ref()));
        let found = Diagnostic::error(Origin::File(value.span()), message);
        reading.report(found.expected(format!("[[{name}]] before each one")));
        return Vec::new();
    };
    refuse_more(&format!("[[{name}]]"), values.len(), Origin::File(value.span()), reading);
    let node =
        |value: &'a toml::Spanned<DeValue<'a>>| Node { value: value.get_ref(), origin: Origin::File(value.span()) };
    values.iter().take(ENTRIES_MAX).map(node).collect()
}

fn refuse_more(what: &str, count: usize, origin: Origin, reading: &mut Reading<'_>) {
    if count > ENTRIES_MAX {
        let found = Diagnostic::error(origin, format!("there are {count} {what}"));
        reading.report(found.expected(format!("at most {ENTRIES_MAX}")));
    }
}
