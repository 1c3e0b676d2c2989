//! `[[role]]`: a custom role as one object.

pub(super) mod admission;
mod cooldown;
pub(super) mod overflow;
mod owning;
mod returning;

use serde_json::Value;

use crate::routing::channel::Acceptance;
use crate::routing::role::{Dispatch, Order, Role, ServiceTarget, Strategy};
use crate::routing::{ChannelName, Millis, RoleName, TicketType};

use self::admission::AdmissionOrigins;
use super::channel::{ACCEPTANCE_FORM, ANY_LENGTH, CHANNEL_NAME, OFFER_TIMEOUT_BOUNDS};
use super::diagnostic::Origin;
use super::form::{Choice, Form, Length, Name, Node, Share, Text, Whole};
use super::key::{Key, Keys};
use super::list::{List, Set};
use super::permission::PermissionForm;
use super::schema;
use super::section::{Reading, Section};
use super::staffing;
use super::writing::{Member, Writes, Writing};
use super::written::Written;

/// The most texts of a list that people read.
const TEXTS_MAX: usize = 100;
/// The most names in a list of a role; far above any use.
const NAMES_MAX: usize = 1_000;
/// Some permissions.
pub(super) const PERMISSION_SET: Set<PermissionForm> = Set { of: PermissionForm, length_max: NAMES_MAX };
/// By how much a priority is raised.
pub(super) const RAISE: Whole<u8> = Whole { min: 0, max: 9 };

const NAME: Key<Name<RoleName>> =
    Key::required("name", Name { of: "a role", parse: RoleName::parse }, "What the role is called everywhere.");
const REPLACES: Key<Set<Name<RoleName>>> = Key::new(
    "replaces",
    Set { of: Name { of: "a role", parse: RoleName::parse }, length_max: NAMES_MAX },
    "[]",
    "Roles of earlier catalogues in whose place it comes: their agents and tickets move to it, and their names mean it.",
);
const DESCRIPTION: Key<Text> =
    Key::new("description", Text { length_max: 2_000 }, "\"\"", "What the role is for, in a sentence.");
const RESPONSIBILITIES: Key<List<Text>> = Key::new(
    "responsibilities",
    List { of: Text { length_max: 2_000 }, length_max: TEXTS_MAX },
    "[]",
    "What its agents do, for people to read.",
);
const TICKET_TYPES: Key<Set<Name<TicketType>>> = Key::new(
    "ticket_types",
    Set { of: Name { of: "a ticket type", parse: TicketType::parse }, length_max: NAMES_MAX },
    "[]",
    "The ticket types that come to this role where neither the ticket nor a rule names a role.",
);
const CHANNELS: Key<Set<Name<ChannelName>>> = Key::optional(
    "channels",
    Set { of: CHANNEL_NAME, length_max: NAMES_MAX },
    "all",
    "The channels on which those types come to this role.",
);
const PERMISSIONS: Key<Set<PermissionForm>> =
    Key::new("permissions", PERMISSION_SET, "[]", "What its agents may do beyond their access level.");
const PERMISSIONS_DENIED: Key<Set<PermissionForm>> = Key::new(
    "permissions_denied",
    PERMISSION_SET,
    "[]",
    "What its agents may not do, although their access level or another of their roles grants it.",
);
const STRATEGY: Key<Choice<Strategy>> = Key::new(
    "strategy",
    Choice {
        of: "strategy",
        options: &[
            ("longest_idle", Strategy::LongestIdle),
            ("least_loaded", Strategy::LeastLoaded),
            ("most_loaded", Strategy::MostLoaded),
            ("round_robin", Strategy::RoundRobin),
            ("random", Strategy::Random),
            ("rank", Strategy::Rank),
            ("most_skilled", Strategy::MostSkilled),
            ("least_flexible", Strategy::LeastFlexible),
            ("ring_all", Strategy::RingAll),
        ],
    },
    "\"longest_idle\"",
    "Which of the agents who may take a ticket gets it.",
);
const ORDER: Key<Choice<Order>> = Key::new(
    "order",
    Choice {
        of: "order",
        options: &[
            ("priority", Order::Priority),
            ("deadline", Order::Deadline),
            ("aged", Order::Aged),
            ("fifo", Order::Fifo),
        ],
    },
    "\"priority\"",
    "How its waiting tickets are ranked.",
);
const DISPATCH: Key<Choice<Dispatch>> = Key::new(
    "dispatch",
    Choice { of: "dispatch", options: &[("push", Dispatch::Push), ("pull", Dispatch::Pull)] },
    "\"push\"",
    "Whether tickets are given to agents, or agents ask for them with `ticket.claimed`.",
);
const WEIGHT: Key<Whole<u32>> = Key::new(
    "weight",
    Whole { min: 0, max: 1_000 },
    "1",
    "An agent of several roles serves the role of higher weight first.",
);
const ACCEPTANCE: Key<Choice<Acceptance>> =
    Key::optional("acceptance", ACCEPTANCE_FORM, "the channel's", "Whether agents are asked before they own a ticket.");
const OFFER_TIMEOUT: Key<Length> =
    Key::optional("offer_timeout", OFFER_TIMEOUT_BOUNDS, "the channel's", "How long an offer lives.");
const WRAP_UP: Key<Length> =
    Key::optional("wrap_up", ANY_LENGTH, "the channel's", "How long the slot stays taken after a ticket is completed.");
const RING_MAX: Key<Whole<u32>> = Key::new(
    "ring_max",
    Whole { min: 1, max: Role::RING_MAX_MAX },
    "10",
    "With strategy `ring_all`: to how many agents a ticket is offered at once.",
);
const PRIORITY_WORTH: Key<Length> = Key::new(
    "priority_worth",
    ANY_LENGTH,
    "\"5m\"",
    "With order `aged`: the wait that one level of priority is worth, which bounds how long anything starves.",
);
const STICKY_WAIT: Key<Length> = Key::new(
    "sticky_wait",
    ANY_LENGTH,
    "\"0s\"",
    "How long a ticket waits for its preferred agent before others may take it.",
);
const TARGET: Key<TargetForm> =
    Key::optional("target", TargetForm, "none is promised", "The service target: a share of tickets answered in time.");
/// The keys of `[[role]]`.
pub(super) const KEYS: Keys = &[
    &NAME,
    &REPLACES,
    &DESCRIPTION,
    &RESPONSIBILITIES,
    &TICKET_TYPES,
    &CHANNELS,
    &PERMISSIONS,
    &PERMISSIONS_DENIED,
    &STRATEGY,
    &ORDER,
    &DISPATCH,
    &WEIGHT,
    &ACCEPTANCE,
    &OFFER_TIMEOUT,
    &WRAP_UP,
    &RING_MAX,
    &PRIORITY_WORTH,
    &STICKY_WAIT,
    &cooldown::DECLINE,
    &cooldown::NO_ANSWER,
    &cooldown::BUSY,
    &owning::OWNER_GRACE,
    &owning::FIRST_REPLY_WITHIN,
    &returning::LAST_AGENT,
    &returning::RESUME_WITHIN,
    &TARGET,
    &overflow::LADDER,
    &staffing::RANK_MAX,
    &staffing::RESERVE,
    &admission::HOURS,
    &admission::WHEN_CLOSED,
    &admission::MAX_WAIT,
    &admission::WHEN_WAITED,
    &admission::MAX_WAITING,
    &admission::WHEN_FULL,
];

/// Where a role and its parts are written.
#[derive(Debug)]
pub(super) struct RoleOrigins {
    pub(super) name: Origin,
    pub(super) replaces: Origin,
    pub(super) ticket_types: Origin,
    pub(super) permissions_denied: Origin,
    /// Where each step of the ladder is.
    pub(super) overflow: Vec<Origin>,
    pub(super) target: Origin,
    /// Where the keys are that only count together with others, if they are written.
    pub(super) channels: Option<Origin>,
    pub(super) offer_timeout: Option<Origin>,
    pub(super) ring_max: Option<Origin>,
    pub(super) priority_worth: Option<Origin>,
    pub(super) sticky_wait: Option<Origin>,
    pub(super) last_agent: Option<Origin>,
    pub(super) admission: AdmissionOrigins,
}

/// Reads a role. Without a name there is none.
pub(super) fn read(section: &Section<'_>, reading: &mut Reading<'_>) -> Option<(Role, RoleOrigins)> {
    let name = section.take(&NAME, reading);
    // The rest is read even where the name is wrong, for what else is wrong.
    let base = Role::named(name.clone().unwrap_or_else(|| RoleName::parse("unnamed").expect("a word is a name")));
    let ladder = section.take(&overflow::LADDER, reading).unwrap_or_default();
    let steps = ladder.iter().map(|(_, origin)| origin.clone()).collect();
    let (decline_cooldown, cooldowns) = cooldown::read(base.decline_cooldown, section, reading);
    let admission = admission::read(&base.name, section, reading);
    let role = Role {
        name: base.name,
        replaces: section.take(&REPLACES, reading).unwrap_or(base.replaces),
        description: section.take(&DESCRIPTION, reading).unwrap_or(base.description),
        responsibilities: section.take(&RESPONSIBILITIES, reading).unwrap_or(base.responsibilities),
        ticket_types: section.take(&TICKET_TYPES, reading).unwrap_or(base.ticket_types),
        channels: section.take(&CHANNELS, reading).or(base.channels),
        permissions: section.take(&PERMISSIONS, reading).unwrap_or(base.permissions),
        permissions_denied: section.take(&PERMISSIONS_DENIED, reading).unwrap_or(base.permissions_denied),
        strategy: section.take(&STRATEGY, reading).unwrap_or(base.strategy),
        order: section.take(&ORDER, reading).unwrap_or(base.order),
        dispatch: section.take(&DISPATCH, reading).unwrap_or(base.dispatch),
        weight: section.take(&WEIGHT, reading).unwrap_or(base.weight),
        acceptance: section.take(&ACCEPTANCE, reading).or(base.acceptance),
        offer_timeout: section.take(&OFFER_TIMEOUT, reading).or(base.offer_timeout),
        wrap_up: section.take(&WRAP_UP, reading).or(base.wrap_up),
        ring_max: section.take(&RING_MAX, reading).unwrap_or(base.ring_max),
        priority_worth: section.take(&PRIORITY_WORTH, reading).unwrap_or(base.priority_worth),
        sticky_wait: section.take(&STICKY_WAIT, reading).unwrap_or(base.sticky_wait),
        decline_cooldown,
        cooldowns,
        owning: owning::read(section, reading),
        returning: returning::read(section, reading),
        target: section.take(&TARGET, reading).or(base.target),
        overflow: overflow::in_order(ladder, reading),
        staffing: staffing::read(section, reading),
        admission,
    };
    name.map(|_| (role, origins(section, steps)))
}

/// The way back: every key of a role.
pub(super) fn write(role: &Role) -> Vec<Member> {
    let Role {
        name,
        replaces,
        description,
        responsibilities,
        ticket_types,
        channels,
        permissions,
        permissions_denied,
        strategy,
        order,
        dispatch,
        weight,
        acceptance,
        offer_timeout,
        wrap_up,
        ring_max,
        priority_worth,
        sticky_wait,
        decline_cooldown,
        cooldowns,
        owning,
        returning,
        target,
        overflow,
        staffing,
        admission,
    } = role;
    let mut writing = Writing::default();
    writing.put(&NAME, name);
    writing.put(&REPLACES, replaces);
    writing.put(&DESCRIPTION, description);
    writing.put(&RESPONSIBILITIES, responsibilities);
    writing.put(&TICKET_TYPES, ticket_types);
    writing.put_some(&CHANNELS, channels.as_ref());
    writing.put(&PERMISSIONS, permissions);
    writing.put(&PERMISSIONS_DENIED, permissions_denied);
    writing.put(&STRATEGY, strategy);
    writing.put(&ORDER, order);
    writing.put(&DISPATCH, dispatch);
    writing.put(&WEIGHT, weight);
    writing.put_some(&ACCEPTANCE, acceptance.as_ref());
    writing.put_some(&OFFER_TIMEOUT, offer_timeout.as_ref());
    writing.put_some(&WRAP_UP, wrap_up.as_ref());
    writing.put(&RING_MAX, ring_max);
    writing.put(&PRIORITY_WORTH, priority_worth);
    writing.put(&STICKY_WAIT, sticky_wait);
    cooldown::write(*decline_cooldown, cooldowns, &mut writing);
    owning::write(owning, &mut writing);
    returning::write(*returning, &mut writing);
    writing.put_some(&TARGET, target.as_ref());
    let steps: Vec<_> = overflow.iter().map(|step| (step.clone(), Origin::Whole)).collect();
    writing.put(&overflow::LADDER, steps);
    staffing::write(*staffing, &mut writing);
    admission::write(admission, &mut writing);
    writing.finish(KEYS)
}

fn origins(section: &Section<'_>, overflow: Vec<Origin>) -> RoleOrigins {
    RoleOrigins {
        name: section.origin(&NAME),
        replaces: section.origin(&REPLACES),
        ticket_types: section.origin(&TICKET_TYPES),
        permissions_denied: section.origin(&PERMISSIONS_DENIED),
        overflow,
        target: section.origin(&TARGET),
        channels: section.written(&CHANNELS),
        offer_timeout: section.written(&OFFER_TIMEOUT),
        ring_max: section.written(&RING_MAX),
        priority_worth: section.written(&PRIORITY_WORTH),
        sticky_wait: section.written(&STICKY_WAIT),
        last_agent: section.written(&returning::LAST_AGENT),
        admission: admission::origins(section),
    }
}

pub(super) mod target {
    use super::{Key, Keys, Length, Share};

    pub(crate) const ANSWER_WITHIN: Key<Length> =
        Key::required("answer_within", super::TARGET_BOUNDS, "From the ticket's creation to its assignment.");
    pub(crate) const FOR_SHARE: Key<Share> =
        Key::required("for_share", Share, "The share of tickets for which that is promised.");
    pub(crate) const AT_RISK: Key<Length> = Key::optional(
        "at_risk",
        super::TARGET_BOUNDS,
        "not at all",
        "How long before a ticket is due `ticket.at_risk` says so, while nobody owns it.",
    );
    pub(crate) const KEYS: Keys = &[&ANSWER_WITHIN, &FOR_SHARE, &AT_RISK];
}

/// A promise of no time at all could not be kept.
const TARGET_BOUNDS: Length = Length { min: Millis::from_secs(1), max: ANY_LENGTH.max };

/// `{ answer_within = "15m", for_share = 0.9 }`
#[derive(Debug, Clone, Copy)]
struct TargetForm;

impl Form for TargetForm {
    type Value = ServiceTarget;

    fn expected(&self) -> String {
        "a table such as { answer_within = \"15m\", for_share = 0.9 }".to_owned()
    }

    fn schema(&self) -> Value {
        schema::table(target::KEYS)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<ServiceTarget> {
        let section = Section::open("the target of a role", node, target::KEYS, reading);
        let answer_within = section.take(&target::ANSWER_WITHIN, reading);
        let for_share_permille = section.take(&target::FOR_SHARE, reading);
        let at_risk = section.take(&target::AT_RISK, reading);
        Some(ServiceTarget { answer_within: answer_within?, for_share_permille: for_share_permille?, at_risk })
    }
}

impl Writes for TargetForm {
    fn write(&self, target: &ServiceTarget) -> Written {
        let ServiceTarget { answer_within, for_share_permille, at_risk } = target;
        let mut writing = Writing::default();
        writing.put(&target::ANSWER_WITHIN, answer_within);
        writing.put(&target::FOR_SHARE, for_share_permille);
        writing.put_some(&target::AT_RISK, at_risk.as_ref());
        writing.into_table(target::KEYS)
    }
}
