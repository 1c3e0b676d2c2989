//! Automation: when something happens to a ticket, or has lasted for so long, something is set of it and somebody is told.
//!
//! It always ends: an automation fires for one ticket at most [`Automation::times`] times, all of them together at most
//! [`FIRINGS_MAX`] times, and nothing but a firing follows from a firing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use super::condition::{Condition, Fault};
use super::facts::RULE_VARIABLES;
use super::name::{AutomationName, Permission, RoleName};
use super::seldom::{Nothing, Seldom};
use super::skill::Skills;
use super::state::Ground;
use super::ticket::{Phase, Priority, Ticket};
use super::time::{Millis, Timestamp};

/// How often one automation may fire for one ticket at most: enough for reminders, too little for a storm.
pub const TIMES_MAX: u8 = 10;
/// How often all automations together fire for one ticket at most, whatever each may: a ticket that comes near was sent
/// around in circles long before.
pub const FIRINGS_MAX: u8 = 100;

/// What an automation watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// Nobody has owned it for so long.
    Waiting,
    /// Somebody has owned it for so long.
    Owned,
    /// Its owner has not replied for so long.
    Silent,
    /// It came.
    Created,
    /// Upstream said something else of it.
    Updated,
    /// It is another role's than before.
    RoleChanged,
    /// It came back from an offer or an owner.
    Returned,
    /// It is due soon, and nobody owns it.
    AtRisk,
    /// It was due while nobody owned it.
    Breached,
}

impl Occasion {
    /// Whether it comes about by time alone.
    #[must_use]
    pub fn is_timed(self) -> bool {
        matches!(self, Self::Waiting) || self.is_of_owner()
    }

    /// Whether it is about an owner, from whom a ticket may be taken then.
    #[must_use]
    pub fn is_of_owner(self) -> bool {
        matches!(self, Self::Owned | Self::Silent)
    }
}

/// What an automation sets. An absent member leaves the ticket as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AutomationActions {
    /// The role to which it is handed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleName>,
    /// The priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Added to the priority, up to the highest.
    pub raise_priority: u8,
    /// Demanded beyond the ticket's own; the higher level counts.
    pub skills: Skills,
    /// Demanded beyond the ticket's own.
    pub permissions: BTreeSet<Permission>,
    /// Whether it is taken from its owner.
    pub release: bool,
}

/// When that comes about, do this.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Automation {
    /// Its name, as events show it.
    pub name: AutomationName,
    /// What it watches.
    pub on: Occasion,
    /// How long that has lasted; zero where it is no matter of time.
    #[serde(default, skip_serializing_if = "super::time::is_zero")]
    pub after: Millis,
    /// In CEL, what has to hold of the ticket; `None` for whatever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// How often it fires for one ticket at most.
    pub times: u8,
    /// What it sets.
    #[serde(default)]
    pub set: AutomationActions,
    /// What the outside is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<String>,
}

impl Automation {
    /// When it fires for a ticket that is like this, if only time passes.
    #[must_use]
    pub fn due(&self, ticket: &Ticket) -> Option<Timestamp> {
        let lasted = self.lasted(ticket)?;
        if !ticket.automated.lets_fire(self) || ticket.automated.in_vain.contains(&self.name) {
            return None;
        }
        let before = ticket.automated.fired.get(&self.name).map(|firing| firing.at + self.after);
        Some(before.map_or(lasted, |before| before.max(lasted)))
    }

    /// When what it watches has lasted for so long.
    fn lasted(&self, ticket: &Ticket) -> Option<Timestamp> {
        match (self.on, &ticket.phase) {
            (Occasion::Waiting, Phase::Waiting | Phase::Offered(_) | Phase::Unroutable(_)) => {
                Some(ticket.unowned_since() + self.after)
            }
            (Occasion::Owned, phase) => phase.ownership().map(|ownership| ownership.assigned_at + self.after),
            (Occasion::Silent, Phase::Assigned(ownership)) => {
                ownership.silence.lasts(ownership.assigned_at, self.after)
            }
            _ => None,
        }
    }
}

/// What a firing sets of a ticket: only what is different from before.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The role to which it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleName>,
    /// Its priority, as if upstream had said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Skills that it did not demand, or not at this level.
    #[serde(skip_serializing_if = "no_skills")]
    pub skills: Skills,
    /// Permissions that it did not demand.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub permissions: BTreeSet<Permission>,
    /// Whether its owner loses it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
}

impl Settings {
    /// Whether nothing is set.
    #[must_use]
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

fn no_skills(skills: &Skills) -> bool {
    skills.0.is_empty()
}

/// The automations of this catalogue that time alone lets fire for a ticket, by their places.
pub(super) fn dues(ticket: &Ticket, catalogue: &Catalogue) -> impl Iterator<Item = (Timestamp, usize)> {
    let all = catalogue.automations.iter().enumerate();
    all.filter_map(|(place, automation)| Some((automation.due(ticket)?, place)))
}

/// How often an automation fired for a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Firing {
    times: u8,
    /// The last time.
    at: Timestamp,
}

/// What a ticket remembers of automations.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Automated {
    /// Those that fired.
    fired: BTreeMap<AutomationName, Firing>,
    /// Those whose time had come while their condition did not hold. They are asked again when the ticket changes.
    in_vain: BTreeSet<AutomationName>,
    /// How often any fired, those included that the catalogue no longer has.
    total: u8,
}

impl Nothing for Automated {
    const NOTHING: &'static Self = &Self { fired: BTreeMap::new(), in_vain: BTreeSet::new(), total: 0 };
}

impl Seldom<Automated> {
    /// The ticket changed: conditions that did not hold may hold now.
    pub(super) fn ask_again(&mut self) {
        if !self.in_vain.is_empty() {
            self.in_vain.clear();
        }
    }
}

impl Automated {
    /// Whether there is nothing to remember.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it may fire once more.
    #[must_use]
    pub fn lets_fire(&self, automation: &Automation) -> bool {
        self.total < FIRINGS_MAX && self.times(&automation.name) < automation.times
    }

    /// How often it fired.
    #[must_use]
    pub fn times(&self, automation: &AutomationName) -> u8 {
        self.fired.get(automation).map_or(0, |firing| firing.times)
    }

    /// How often all of them fired.
    #[must_use]
    pub fn total(&self) -> u8 {
        self.total
    }

    /// When it fired for the last time.
    #[must_use]
    pub fn last(&self, automation: &AutomationName) -> Option<Timestamp> {
        self.fired.get(automation).map(|firing| firing.at)
    }

    /// Whether its condition did not hold when its time had come, and the ticket is as it was then.
    #[must_use]
    pub fn was_in_vain(&self, automation: &AutomationName) -> bool {
        self.in_vain.contains(automation)
    }

    pub(super) fn record(&mut self, automation: &AutomationName, at: Timestamp) {
        let firing = self.fired.entry(automation.clone()).or_insert(Firing { times: 0, at });
        *firing = Firing { times: firing.times.saturating_add(1), at };
        self.total = self.total.saturating_add(1);
    }

    pub(super) fn record_in_vain(&mut self, automation: &AutomationName) {
        self.in_vain.insert(automation.clone());
    }
}

impl Catalogue {
    /// Whether any automation watches whether owners reply.
    pub(super) fn watches_silence(&self) -> bool {
        self.automations.iter().any(|automation| automation.on == Occasion::Silent)
    }
}

impl Ground {
    /// Tickets forget automations that this catalogue does not have; conditions are asked anew.
    pub(super) fn forget_automations(&mut self, next: &Catalogue) {
        let names: BTreeSet<&AutomationName> = next.automations.iter().map(|automation| &automation.name).collect();
        for ticket in self.tickets.values_mut().filter(|ticket| !ticket.automated.is_nothing()) {
            ticket.automated.fired.retain(|name, _| names.contains(name));
            ticket.automated.ask_again();
        }
    }
}

/// The conditions of automations, in the catalogue's order; `None` where anything will do.
///
/// # Errors
/// The first that can't be used.
pub(super) fn compile(automations: &[Automation]) -> Result<Vec<Option<Condition>>, Fault> {
    let compiled = |when: &String| Condition::compile(when, RULE_VARIABLES);
    automations.iter().map(|automation| automation.when.as_ref().map(compiled).transpose()).collect()
}
