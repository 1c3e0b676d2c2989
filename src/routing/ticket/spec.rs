//! What upstream says of a ticket, and what of that it changes later.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::routing::name::{AgentId, ChannelName, Permission, RoleName, TicketType};
use crate::routing::passed_on::PassedOn;
use crate::routing::seldom::{Nothing, Seldom};
use crate::routing::skill::Skills;
use crate::routing::time::Timestamp;

/// How urgent: 0 to 9, higher first. `low` = 1, `normal` = 3, `high` = 6, `urgent` = 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Priority(u8);

impl Priority {
    /// The highest priority.
    pub const MAX: Self = Self(9);
    /// `low`
    pub const LOW: Self = Self(1);
    /// `normal`: where a ticket says nothing.
    pub const NORMAL: Self = Self(3);
    /// `high`
    pub const HIGH: Self = Self(6);
    /// `urgent`
    pub const URGENT: Self = Self(9);

    /// A priority within its bounds.
    #[must_use]
    pub fn new(level: u8) -> Option<Self> {
        (level <= Self::MAX.0).then_some(Self(level))
    }

    /// The priority as a number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }

    /// Raised by so many levels, up to the highest.
    #[must_use]
    pub fn raised(self, levels: u8) -> Self {
        Self(self.0.saturating_add(levels).min(Self::MAX.0))
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}

impl TryFrom<u8> for Priority {
    type Error = &'static str;

    fn try_from(level: u8) -> Result<Self, Self::Error> {
        Self::new(level).ok_or("a priority is a number from 0 to 9")
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> Self {
        priority.0
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Customer {
    /// The upstream system's id of the customer.
    pub id: Option<String>,
    /// `vip`, `gold` … as upstream names its tiers.
    pub tier: Option<String>,
    /// A language tag, `de`.
    pub language: Option<String>,
}

impl Nothing for Customer {
    const NOTHING: &'static Self = &Self { id: None, tier: None, language: None };
}

/// The value of an attribute: a JSON scalar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that is too large for that. Rules see the nearest number of floating point, which they may compare.
    Large(u64),
    /// Any other number. Rules may compare it; the engine itself never does.
    Float(f64),
    /// A string.
    Text(String),
}

impl Eq for Scalar {}

impl std::hash::Hash for Scalar {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Null => {}
            Self::Bool(value) => value.hash(state),
            Self::Int(value) => value.hash(state),
            Self::Large(value) => value.hash(state),
            Self::Float(value) => value.to_bits().hash(state),
            Self::Text(value) => value.hash(state),
        }
    }
}

/// What upstream asks for a ticket: what decides which agents may take it. Many tickets ask for the same, and share this.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asked {
    /// The kind of work, by which roles are found.
    pub kind: Option<TicketType>,
    /// How it arrived; `task` where upstream says nothing.
    pub channel: ChannelName,
    /// As upstream said; rules and overflow may raise it.
    pub priority: Priority,
    /// The role that upstream asks for.
    pub role: Option<RoleName>,
    /// Skills demanded.
    pub skills: Skills,
    /// Permissions demanded.
    pub permissions: Seldom<BTreeSet<Permission>>,
}

impl Asked {
    /// Nothing but an agent who works on that channel.
    #[must_use]
    pub fn on(channel: ChannelName) -> Self {
        let (priority, skills) = (Priority::NORMAL, Skills::default());
        Self { kind: None, channel, priority, role: None, skills, permissions: Seldom::new() }
    }
}

/// What upstream says of one ticket and not of the next, where it says any of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beside {
    /// Who asks.
    pub customer: Seldom<Customer>,
    /// Whom to try first.
    pub preferred_agent: Option<AgentId>,
    /// Who must not get it.
    pub exclude_agents: Seldom<BTreeSet<AgentId>>,
    /// When it should have been answered; `None` for by the role's target.
    pub due_at: Option<Timestamp>,
    /// It waits aside until then.
    pub not_before: Option<Timestamp>,
    /// It leaves its queue then.
    pub expires_at: Option<Timestamp>,
    /// For people.
    pub subject: Option<String>,
    /// For rules, and handed on with the assignment.
    pub attributes: Seldom<BTreeMap<String, Scalar>>,
    /// What the event that brought it passes on to all that is said of it. No later event changes that.
    pub passed_on: Option<Arc<PassedOn>>,
}

impl Nothing for Beside {
    const NOTHING: &'static Self = &Self {
        customer: Seldom::new(),
        preferred_agent: None,
        exclude_agents: Seldom::new(),
        due_at: None,
        not_before: None,
        expires_at: None,
        subject: None,
        attributes: Seldom::new(),
        passed_on: None,
    };
}

/// What upstream said of a ticket, with defaults filled in. It is written as one record of all its members.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Read")]
pub struct TicketSpec {
    /// What it asks for.
    pub asked: Arc<Asked>,
    /// When it came into being; its age counts from here. `None` for when the engine first heard of it.
    pub created_at: Option<Timestamp>,
    /// What else it said.
    pub beside: Seldom<Beside>,
}

/// A [`TicketSpec`] as it is written and hashed.
#[derive(Hash, Serialize)]
struct Written<'s> {
    kind: &'s Option<TicketType>,
    channel: &'s ChannelName,
    priority: Priority,
    role: &'s Option<RoleName>,
    skills: &'s Skills,
    permissions: &'s BTreeSet<Permission>,
    customer: &'s Customer,
    preferred_agent: &'s Option<AgentId>,
    exclude_agents: &'s BTreeSet<AgentId>,
    created_at: Option<Timestamp>,
    due_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    subject: &'s Option<String>,
    attributes: &'s BTreeMap<String, Scalar>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passed_on: &'s Option<Arc<PassedOn>>,
}

/// A [`TicketSpec`] as it is read.
#[derive(Deserialize)]
struct Read {
    kind: Option<TicketType>,
    channel: ChannelName,
    priority: Priority,
    role: Option<RoleName>,
    skills: Skills,
    permissions: Seldom<BTreeSet<Permission>>,
    customer: Seldom<Customer>,
    preferred_agent: Option<AgentId>,
    exclude_agents: Seldom<BTreeSet<AgentId>>,
    created_at: Option<Timestamp>,
    due_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    subject: Option<String>,
    attributes: Seldom<BTreeMap<String, Scalar>>,
    #[serde(default)]
    passed_on: Option<Arc<PassedOn>>,
}

impl From<Read> for TicketSpec {
    fn from(read: Read) -> Self {
        let Read { kind, channel, priority, role, skills, permissions, .. } = read;
        let Read { customer, preferred_agent, exclude_agents, due_at, not_before, expires_at, subject, .. } = read;
        let Read { attributes, passed_on, .. } = read;
        Self {
            asked: Arc::new(Asked { kind, channel, priority, role, skills, permissions }),
            created_at: read.created_at,
            beside: Beside {
                customer,
                preferred_agent,
                exclude_agents,
                due_at,
                not_before,
                expires_at,
                subject,
                attributes,
                passed_on,
            }
            .into(),
        }
    }
}

impl TicketSpec {
    fn written(&self) -> Written<'_> {
        let (asked, beside) = (&*self.asked, &*self.beside);
        Written {
            kind: &asked.kind,
            channel: &asked.channel,
            priority: asked.priority,
            role: &asked.role,
            skills: &asked.skills,
            permissions: &asked.permissions,
            customer: &beside.customer,
            preferred_agent: &beside.preferred_agent,
            exclude_agents: &beside.exclude_agents,
            created_at: self.created_at,
            due_at: beside.due_at,
            not_before: beside.not_before,
            expires_at: beside.expires_at,
            subject: &beside.subject,
            attributes: &beside.attributes,
            passed_on: &beside.passed_on,
        }
    }
}

impl Serialize for TicketSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written().serialize(serializer)
    }
}

impl Hash for TicketSpec {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.written().hash(state);
    }
}

/// What a change does to an optional member.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Patch<T> {
    /// Leaves it as it is.
    #[default]
    Keep,
    /// Takes it away.
    Clear,
    /// Gives it this value.
    Set(T),
}

impl<T: Clone> Patch<T> {
    fn apply(&self, member: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *member = None,
            Self::Set(value) => *member = Some(value.clone()),
        }
    }
}

/// A change of some members of a [`TicketSpec`]. `None` and [`Patch::Keep`] leave a member as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketChanges {
    pub kind: Patch<TicketType>,
    pub channel: Option<ChannelName>,
    pub priority: Option<Priority>,
    pub role: Patch<RoleName>,
    pub skills: Option<Skills>,
    pub permissions: Option<BTreeSet<Permission>>,
    pub customer: Option<Customer>,
    pub preferred_agent: Patch<AgentId>,
    pub exclude_agents: Option<BTreeSet<AgentId>>,
    pub created_at: Option<Timestamp>,
    pub due_at: Patch<Timestamp>,
    pub not_before: Patch<Timestamp>,
    pub expires_at: Patch<Timestamp>,
    pub subject: Patch<String>,
    pub attributes: Option<BTreeMap<String, Scalar>>,
}

impl From<Asked> for TicketSpec {
    /// A ticket of which nothing is known but that.
    fn from(asked: Asked) -> Self {
        Self { asked: Arc::new(asked), created_at: None, beside: Seldom::new() }
    }
}

impl TicketSpec {
    /// A ticket of which nothing is known but its channel.
    #[must_use]
    pub fn on(channel: ChannelName) -> Self {
        Asked::on(channel).into()
    }

    /// What it asks for, to be changed.
    pub fn asked_mut(&mut self) -> &mut Asked {
        Arc::make_mut(&mut self.asked)
    }

    /// This ticket with those changes.
    #[must_use]
    pub fn with(&self, changes: &TicketChanges) -> Self {
        let (mut asked, mut beside) = (Asked::clone(&self.asked), Beside::clone(&self.beside));
        macro_rules! replace {
            ($($part:ident.$member:ident)+) => {
                $(if let Some(value) = &changes.$member { $part.$member = value.clone().into(); })+
            };
        }
        macro_rules! patch {
            ($($part:ident.$member:ident)+) => {$(changes.$member.apply(&mut $part.$member);)+};
        }
        replace!(asked.channel asked.priority asked.skills asked.permissions);
        replace!(beside.customer beside.exclude_agents beside.attributes);
        patch!(asked.kind asked.role);
        patch!(beside.preferred_agent beside.due_at beside.not_before beside.expires_at beside.subject);
        Self { asked: Arc::new(asked), created_at: changes.created_at.or(self.created_at), beside: beside.into() }
    }
}
