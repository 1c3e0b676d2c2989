//! A custom role as one object: what it serves, how its queue is ordered, who is chosen, what is promised, what
//! happens when the promise is in danger, and what its agents may do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::admission::Admission;
use super::channel::Acceptance;
use super::cooldown::{Cooldowns, Refusal};
use super::escalation::StepConditions;
use super::name::{ChannelName, Permission, RoleName, TicketType};
use super::owning::Owning;
use super::returning::Returning;
use super::skill;
use super::staffing::Staffing;
use super::time::Millis;

/// Which of the agents who may take a ticket gets it (`docs/routing.md#who-is-chosen`). Ties go to the agent idle for
/// longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Whoever has gone longest without being given work or finishing some.
    #[default]
    LongestIdle,
    /// Whoever holds the fewest tickets now.
    LeastLoaded,
    /// Whoever holds the most tickets now and still has a free slot: fills one agent before the next.
    MostLoaded,
    /// Whoever was given work least recently, whatever became of it.
    RoundRobin,
    /// Drawn by the engine's seed.
    Random,
    /// The best rank in the role.
    Rank,
    /// The highest sum of levels over the demanded skills.
    MostSkilled,
    /// The fewest roles, which keeps generalists free.
    LeastFlexible,
    /// Offered to all at once; the first to accept has it.
    RingAll,
}

/// How the waiting tickets of a role are ranked (`docs/routing.md#in-what-order-tickets-wait`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Higher priority first, then earlier due, then older.
    #[default]
    Priority,
    /// Earlier due first, then older. What has no due time comes last.
    Deadline,
    /// Older first, where each level of priority counts as `priority_worth` of age.
    Aged,
    /// Older first.
    Fifo,
}

impl Order {
    /// How many there are.
    pub(super) const COUNT: usize = 4;
}

/// Who starts an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dispatch {
    /// The engine gives tickets to agents.
    #[default]
    Push,
    /// Agents ask for tickets (`ticket.claimed`).
    Pull,
}

/// A service target: `for_share_permille` of the tickets are answered within `answer_within`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServiceTarget {
    /// From creation to assignment.
    pub answer_within: Millis,
    /// The share that is promised, in thousandths.
    pub for_share_permille: u16,
    /// How long before a ticket is due its role is told that it is at risk; `None` for not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_risk: Option<Millis>,
}

/// One rung of a role's overflow ladder: after a wait the ticket's demand is widened.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OverflowStep {
    /// How long the ticket has been in this role's queue when the step is taken, at the earliest.
    pub after: Millis,
    /// Agents of these roles may take it as well.
    pub add_roles: Vec<RoleName>,
    /// Its demand for skills is dropped.
    pub drop_skills: bool,
    /// Its priority is raised by so much, up to the highest.
    pub raise_priority: u8,
    /// Its demand for each skill is lowered by so many levels; below the lowest it is dropped.
    #[serde(default, skip_serializing_if = "skill::no_levels")]
    pub lower_skills: u8,
    /// Agents of the ticket's own role up to this rank are asked as well; `None` changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank_max: Option<u32>,
    /// What has to hold beside.
    #[serde(default, skip_serializing_if = "StepConditions::is_none")]
    pub conditions: StepConditions,
}

/// A custom role.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Role {
    /// What it is called everywhere.
    pub name: RoleName,
    /// Roles of earlier catalogues in whose place it comes: agents, tickets and whoever names them mean this one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub replaces: BTreeSet<RoleName>,
    /// What it is for, in a sentence.
    pub description: String,
    /// What its agents do, for people to read.
    pub responsibilities: Vec<String>,
    /// The ticket types that come to it where no rule says otherwise.
    pub ticket_types: BTreeSet<TicketType>,
    /// The channels that it serves; `None` for all.
    pub channels: Option<BTreeSet<ChannelName>>,
    /// Permissions that its agents have beyond their access level's.
    pub permissions: BTreeSet<Permission>,
    /// Permissions that its agents do not have, although their access level or another role grants them.
    pub permissions_denied: BTreeSet<Permission>,
    /// How an agent is chosen.
    pub strategy: Strategy,
    /// How its queue is ordered.
    pub order: Order,
    /// Who starts an assignment.
    pub dispatch: Dispatch,
    /// An agent of several roles serves the role of higher weight first.
    pub weight: u32,
    /// Whether agents are asked; `None` for as the channel says.
    pub acceptance: Option<Acceptance>,
    /// How long an offer lives; `None` for as the channel says.
    pub offer_timeout: Option<Millis>,
    /// How long a slot stays taken after completion; `None` for as the channel says.
    pub wrap_up: Option<Millis>,
    /// With `ring_all`: to how many agents at once.
    pub ring_max: u32,
    /// With order `aged`: the wait that one level of priority is worth.
    pub priority_worth: Millis,
    /// How long a ticket waits for its preferred agent before others may take it.
    pub sticky_wait: Millis,
    /// How long whoever declined or missed a ticket is not asked for it again.
    pub decline_cooldown: Millis,
    /// Where it is another length than after a decline.
    #[serde(default, skip_serializing_if = "Cooldowns::is_none")]
    pub cooldowns: Cooldowns,
    /// What is asked of owners.
    #[serde(default, skip_serializing_if = "Owning::is_none")]
    pub owning: Owning,
    /// What is done for customers who come back.
    #[serde(default, skip_serializing_if = "Returning::is_none")]
    pub returning: Returning,
    /// What is promised.
    pub target: Option<ServiceTarget>,
    /// What happens while the promise is in danger, in the order of `after`.
    pub overflow: Vec<OverflowStep>,
    /// Which of its agents are asked.
    #[serde(default, skip_serializing_if = "Staffing::is_default")]
    pub staffing: Staffing,
    /// Whom it lets wait, and for how long.
    #[serde(default, skip_serializing_if = "Admission::is_default")]
    pub admission: Admission,
}

impl Role {
    /// With `ring_all`, to how many agents at once where nothing else is said.
    pub const RING_MAX_DEFAULT: u32 = 10;
    /// The most that `ring_max` may be; `TaskRouter`'s bound on reservations of one task.
    pub const RING_MAX_MAX: u32 = 50;
    /// With `aged`, what one level of priority is worth where nothing else is said.
    pub const PRIORITY_WORTH_DEFAULT: Millis = Millis::from_secs(5 * 60);
    /// How long a decliner is left alone where nothing else is said.
    pub const DECLINE_COOLDOWN_DEFAULT: Millis = Millis::from_secs(60);

    /// A role of that name with every setting at its default.
    #[must_use]
    pub fn named(name: RoleName) -> Self {
        Self {
            name,
            replaces: BTreeSet::new(),
            description: String::new(),
            responsibilities: Vec::new(),
            ticket_types: BTreeSet::new(),
            channels: None,
            permissions: BTreeSet::new(),
            permissions_denied: BTreeSet::new(),
            strategy: Strategy::default(),
            order: Order::default(),
            dispatch: Dispatch::default(),
            weight: 1,
            acceptance: None,
            offer_timeout: None,
            wrap_up: None,
            ring_max: Self::RING_MAX_DEFAULT,
            priority_worth: Self::PRIORITY_WORTH_DEFAULT,
            sticky_wait: Millis::ZERO,
            decline_cooldown: Self::DECLINE_COOLDOWN_DEFAULT,
            cooldowns: Cooldowns::default(),
            owning: Owning::default(),
            returning: Returning::default(),
            target: None,
            overflow: Vec::new(),
            staffing: Staffing::default(),
            admission: Admission::default(),
        }
    }

    /// How long whoever refused a ticket so is not asked for it again.
    #[must_use]
    pub fn cooldown_after(&self, refusal: Refusal) -> Millis {
        self.cooldowns.after(refusal, self.decline_cooldown)
    }

    /// Whether work of that channel comes to this role by its type.
    #[must_use]
    pub fn serves(&self, channel: &ChannelName) -> bool {
        self.channels.as_ref().is_none_or(|channels| channels.contains(channel))
    }
}
