//! `[[agent]]`: who works, when, and how they answer.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use crate::routing::hours::Hours;
use crate::routing::name::NameError;
use crate::routing::permission::AccessLevel;
use crate::routing::{AgentId, AgentProfile, Catalogue, ChannelName, Millis, RoleName};

use super::super::catalogue::entries;
use super::super::channel::CHANNEL_NAME;
use super::super::diagnostic::{Diagnostic, Origin};
use super::super::form::{Choice, Form, Name, Node, RoleReference, Text, Whole, describe, misfit};
use super::super::hours::WeekForm;
use super::super::key::{Key, Keys};
use super::super::list::{List, Set};
use super::super::rule::SkillsForm;
use super::super::section::{Reading, Section};
use super::Number;
use super::distribution::{Distribution, DistributionForm};

/// The most agents of one kind; the engine is measured with as many.
const COUNT_MAX: u32 = 100_000;
/// Spans of a week.
const SPANS_MAX: usize = 100;
const NAMES_MAX: usize = 1_000;
/// A share, none included.
const PART: Number = Number { min: 0.0, max: 1.0 };

/// Some agents who are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentGroup {
    /// What their ids begin with; one alone is called so.
    pub name: String,
    /// How many.
    pub count: u32,
    /// What they are for.
    pub profile: AgentProfile,
    /// When they are there; `None` for always.
    pub shifts: Option<Hours>,
    /// When they are not, within their shifts.
    pub breaks: Hours,
    /// How long they take to accept or decline an offer.
    pub answers_after: Distribution,
    /// Which share of offers they miss.
    pub misses: f64,
    /// Which share of the others they decline.
    pub declines: f64,
    /// How soon they are back, when missed offers have turned them away.
    pub back_after: Millis,
}

impl AgentGroup {
    /// Their ids.
    pub fn ids(&self) -> impl Iterator<Item = String> {
        let name = |number: u32| if self.count == 1 { self.name.clone() } else { format!("{}-{number}", self.name) };
        (1..=self.count).map(name)
    }
}

const NAME: Key<Text> =
    Key::required("name", Text { length_max: 100 }, "The agent's id; of several, what their ids begin with.");
const COUNT: Key<Whole<u32>> = Key::new("count", Whole { min: 1, max: COUNT_MAX }, "1", "How many of them there are.");
const ROLES: Key<Set<RoleReference>> =
    Key::required("roles", Set { of: RoleReference, length_max: NAMES_MAX }, "What they are for.");
const RANKS: Key<Levels<RoleName>> =
    Key::new("ranks", Levels::of("a role", RoleName::parse, 1_000), "{}", "Their rank in a role, where it is not 1.");
const SKILLS: Key<SkillsForm> = Key::new("skills", SkillsForm, "{}", "What they are good at.");
const LIMITS: Key<Levels<ChannelName>> = Key::new(
    "limits",
    Levels { name: CHANNEL_NAME, max: 10_000 },
    "{}",
    "How many tickets of a channel they hold at most, where that is not as the channel says.",
);
const CAPACITY: Key<Whole<u32>> =
    Key::optional("capacity", Whole { min: 0, max: 1_000_000 }, "as `[agents]` says", "Their capacity units.");
const ACCESS: Key<Choice<AccessLevel>> = Key::new(
    "access",
    Choice {
        of: "access level",
        options: &[("agent", AccessLevel::Agent), ("admin", AccessLevel::Admin), ("owner", AccessLevel::Owner)],
    },
    "\"agent\"",
    "Their access level, for permissions.",
);
const SHIFTS: Key<List<WeekForm>> = Key::optional(
    "shifts",
    List { of: WeekForm, length_max: SPANS_MAX },
    "always there",
    "When they are there. At the end they finish what they have, and get nothing new.",
);
const BREAKS: Key<List<WeekForm>> =
    Key::new("breaks", List { of: WeekForm, length_max: SPANS_MAX }, "[]", "When they have a break.");
const ANSWERS_AFTER: Key<DistributionForm> =
    Key::new("answers_after", DistributionForm, "\"3s\"", "How long they take to accept an offer, or to decline it.");
const MISSES: Key<Number> = Key::new("misses", PART, "0", "Which share of offers they let pass without an answer.");
const DECLINES: Key<Number> = Key::new("declines", PART, "0", "Which share of the others they decline.");
const BACK_AFTER: Key<super::super::form::Length> = Key::new(
    "back_after",
    super::ANY_LENGTH,
    "\"1m\"",
    "How soon they are online again, when missed offers have turned them away.",
);

/// The keys of `[[agent]]`.
pub(in crate::config) const KEYS: Keys = &[
    &NAME,
    &COUNT,
    &ROLES,
    &RANKS,
    &SKILLS,
    &LIMITS,
    &CAPACITY,
    &ACCESS,
    &SHIFTS,
    &BREAKS,
    &ANSWERS_AFTER,
    &MISSES,
    &DECLINES,
    &BACK_AFTER,
];

pub(super) fn read_all(root: &DeTable<'_>, catalogue: &Catalogue, reading: &mut Reading<'_>) -> Vec<AgentGroup> {
    let mut groups: Vec<AgentGroup> = Vec::new();
    let mut ids = BTreeSet::new();
    for node in entries(root, "agent", reading) {
        let section = Section::open("agent", &node, KEYS, reading);
        let Some(group) = read(&section, catalogue, reading) else { continue };
        let twice = group.ids().find(|id| !ids.insert(id.clone()));
        if let Some(twice) =
            twice.or_else(|| groups.iter().any(|other| other.name == group.name).then(|| group.name.clone()))
        {
            let found = Diagnostic::error(section.origin(&NAME), format!("there are two agents {twice:?}"));
            reading.report(found.expected("a name that no other has, with or without a number behind it"));
        }
        groups.push(group);
    }
    groups
}

fn read(section: &Section<'_>, catalogue: &Catalogue, reading: &mut Reading<'_>) -> Option<AgentGroup> {
    let name = section.take(&NAME, reading).filter(|name| {
        let fault = AgentId::parse(name).err();
        if let Some(fault) = &fault {
            let found = Diagnostic::error(section.origin(&NAME), format!("the name of an agent {fault}"));
            reading.report(found.expected("1 to 100 bytes without control characters"));
        }
        fault.is_none()
    });
    let mut profile = AgentProfile::of_roles(section.take(&ROLES, reading).unwrap_or_default());
    profile.ranks = section.take(&RANKS, reading).unwrap_or_default();
    if let Some(other) = profile.ranks.keys().find(|role| !profile.roles.is_empty() && !profile.roles.contains(*role)) {
        let found = Diagnostic::error(section.origin(&RANKS), format!("it has a rank in {other}, and not the role"));
        reading.report(found.expected("ranks in roles that it has"));
    }
    profile.skills = section.take(&SKILLS, reading).unwrap_or_default();
    profile.limits = section.take(&LIMITS, reading).unwrap_or_default().into_iter().collect();
    profile.capacity = section.take(&CAPACITY, reading);
    profile.access = section.take(&ACCESS, reading).unwrap_or_default();
    let week = |spans: Vec<<WeekForm as Form>::Value>| {
        let mut hours = Hours { zone: catalogue.time_zone.clone(), ..Hours::default() };
        for (days, part) in spans {
            for day in days {
                hours.week[day].insert(part);
            }
        }
        hours
    };
    let shifts = section.take(&SHIFTS, reading).map(week);
    Some(AgentGroup {
        count: section.take(&COUNT, reading).unwrap_or(1),
        profile,
        shifts,
        breaks: week(section.take(&BREAKS, reading).unwrap_or_default()),
        answers_after: section.take(&ANSWERS_AFTER, reading).unwrap_or(Distribution::Fixed(Millis::from_secs(3))),
        misses: section.take(&MISSES, reading).unwrap_or_default(),
        declines: section.take(&DECLINES, reading).unwrap_or_default(),
        back_after: section.take(&BACK_AFTER, reading).unwrap_or(Millis::from_secs(60)),
        name: name?,
    })
}

/// `{ billing = 1, vip = 2 }`: a number for each name.
#[derive(Debug)]
struct Levels<T> {
    name: Name<T>,
    max: u32,
}

impl<T> Levels<T> {
    const fn of(of: &'static str, parse: fn(&str) -> Result<T, NameError>, max: u32) -> Self {
        Self { name: Name { of, parse }, max }
    }
}

impl<T> Clone for Levels<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Levels<T> {}

impl<T: std::fmt::Debug + Ord> Form for Levels<T> {
    type Value = BTreeMap<T, u32>;

    fn expected(&self) -> String {
        format!("a table with numbers up to {}, each under the name of {}", self.max, self.name.of)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Self::Value> {
        let DeValue::Table(table) = node.value else {
            return misfit(self, node, reading, format!("{} is not a table", describe(node.value)));
        };
        let mut levels = BTreeMap::new();
        for (name, value) in table {
            let text = DeValue::String(name.get_ref().clone());
            let key = self.name.read(&Node { value: &text, origin: Origin::File(name.span()) }, reading);
            let number = Whole { min: 0, max: self.max };
            let level = number.read(&Node { value: value.get_ref(), origin: Origin::File(value.span()) }, reading);
            levels.extend(key.zip(level));
        }
        Some(levels)
    }
}
