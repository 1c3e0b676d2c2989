//! A ticket: what upstream said of it, what it demands now, and where in its life it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::automation::Automated;
use super::name::{AgentId, AssignmentId, ChannelName, Permission, RoleName, RuleName, TicketId, TicketType};
use super::offer::{Offer, Ownership, Trigger};
use super::roster::Named;
use super::seldom::{Nothing, Seldom};
use super::service::Service;
use super::skill::Skills;
use super::time::Timestamp;

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
            Self::Float(value) => value.to_bits().hash(state),
            Self::Text(value) => value.hash(state),
        }
    }
}

/// What upstream said of a ticket, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TicketSpec {
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
    /// Who asks.
    pub customer: Seldom<Customer>,
    /// Whom to try first.
    pub preferred_agent: Option<AgentId>,
    /// Who must not get it.
    pub exclude_agents: Seldom<BTreeSet<AgentId>>,
    /// When it came into being; its age counts from here. `None` for when the engine first heard of it.
    pub created_at: Option<Timestamp>,
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

impl TicketSpec {
    /// A ticket of which nothing is known but its channel.
    #[must_use]
    pub fn on(channel: ChannelName) -> Self {
        Self {
            kind: None,
            channel,
            priority: Priority::NORMAL,
            role: None,
            skills: Skills::default(),
            permissions: Seldom::new(),
            customer: Seldom::new(),
            preferred_agent: None,
            exclude_agents: Seldom::new(),
            created_at: None,
            due_at: None,
            not_before: None,
            expires_at: None,
            subject: None,
            attributes: Seldom::new(),
        }
    }

    /// This ticket with those changes.
    #[must_use]
    pub fn with(&self, changes: &TicketChanges) -> Self {
        let mut next = self.clone();
        macro_rules! replace {
            ($($member:ident)+) => {$(if let Some(value) = &changes.$member { next.$member = value.clone().into(); })+};
        }
        macro_rules! patch {
            ($($member:ident)+) => {$(changes.$member.apply(&mut next.$member);)+};
        }
        replace!(channel priority skills permissions customer exclude_agents attributes);
        patch!(kind role preferred_agent due_at not_before expires_at subject);
        next.created_at = changes.created_at.or(next.created_at);
        next
    }
}

/// What a ticket demands of an agent now: classification, widened by overflow.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Demand {
    /// Agents of any of these roles; the first is the ticket's own, whose rules hold. Empty where none fits.
    pub roles: Vec<RoleName>,
    /// The rule that decided, where one did.
    pub rule: Option<RuleName>,
    /// At least these skills.
    pub skills: Skills,
    /// These permissions.
    pub permissions: BTreeSet<Permission>,
    /// Its priority now.
    pub priority: Priority,
    /// Of the ticket's own role only agents of at most this rank are asked; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank_max: Option<u32>,
}

impl Demand {
    /// The role whose queue, order, strategy and target hold.
    #[must_use]
    pub fn role(&self) -> Option<&RoleName> {
        self.roles.first()
    }
}

/// An agent who is not asked for this ticket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bar {
    /// Whom.
    pub agent: AgentId,
    /// Until when; `None` for good.
    pub until: Option<Timestamp>,
}

/// The one agent that a ticket is meant for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Direction {
    /// Whom it waits for.
    pub agent: AgentId,
    /// Until when; `None` until somebody takes it.
    pub until: Option<Timestamp>,
    /// Why that agent, as its reason says when that agent is given it.
    #[serde(default = "named", skip_serializing_if = "is_named")]
    pub trigger: Trigger,
}

fn named() -> Trigger {
    Trigger::Directed
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_named(trigger: &Trigger) -> bool {
    *trigger == named()
}

/// The last hand-over of a ticket: whoever takes it next is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Handover {
    /// Whose it was, where somebody owned it.
    pub from: Option<AgentId>,
    /// Who handed it over, as upstream names them.
    pub by: Option<String>,
    /// What the next one should know.
    pub note: Option<String>,
}

impl Handover {
    /// Who handed it over: the one who is named, else the one who owned it.
    #[must_use]
    pub fn giver(&self) -> Option<&str> {
        self.by.as_deref().or(self.from.as_ref().map(AgentId::as_str))
    }
}

/// Why nobody could ever take a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnroutableCause {
    /// No role fits, or the catalogue does not have the one that the ticket names.
    NoRole,
    /// No agent has any of the roles.
    NoAgentWithRole,
    /// None of them is of a rank that is ever asked.
    NoAgentWithRank,
    /// None of them works on the channel.
    NoAgentWithChannel,
    /// None of them has the skills.
    NoAgentWithSkill,
    /// None of them has the permissions.
    NoAgentWithPermission,
    /// All of them are excluded.
    AllExcluded,
}

impl UnroutableCause {
    /// As the wire spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRole => "no_role",
            Self::NoAgentWithRole => "no_agent_with_role",
            Self::NoAgentWithRank => "no_agent_with_rank",
            Self::NoAgentWithChannel => "no_agent_with_channel",
            Self::NoAgentWithSkill => "no_agent_with_skill",
            Self::NoAgentWithPermission => "no_agent_with_permission",
            Self::AllExcluded => "all_excluded",
        }
    }
}

/// Where in its life a ticket stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// Between two places, within one step of the engine only.
    Intake,
    /// Waits aside until its `not_before`.
    Scheduled,
    /// Waits aside until its role opens.
    Deferred,
    /// In the queues of the roles that it demands.
    Waiting,
    /// Nobody could ever take it; looked at again whenever agents or the catalogue change.
    Unroutable(UnroutableCause),
    /// Proposed to one agent, or with `ring_all` to several.
    Offered(Vec<Offer>),
    /// Owned, and worked on.
    Assigned(Box<Ownership>),
    /// Owned; the slot is free while the customer is waited for.
    Paused(Box<Ownership>),
    /// Owned; the customer is back, and the owner has no slot free yet.
    Resuming(Box<Ownership>),
}

impl Phase {
    /// Whose the ticket is.
    #[must_use]
    pub fn ownership(&self) -> Option<&Ownership> {
        match self {
            Self::Assigned(ownership) | Self::Paused(ownership) | Self::Resuming(ownership) => Some(ownership),
            Self::Intake
            | Self::Scheduled
            | Self::Deferred
            | Self::Waiting
            | Self::Unroutable(_)
            | Self::Offered(_) => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn ownership_mut(&mut self) -> Option<&mut Ownership> {
        match self {
            Self::Assigned(ownership) | Self::Paused(ownership) | Self::Resuming(ownership) => Some(ownership),
            Self::Intake
            | Self::Scheduled
            | Self::Deferred
            | Self::Waiting
            | Self::Unroutable(_)
            | Self::Offered(_) => None,
        }
    }

    /// The offers that are open.
    #[must_use]
    pub fn offers(&self) -> &[Offer] {
        match self {
            Self::Offered(offers) => offers,
            _ => &[],
        }
    }

    /// The open offer to this agent.
    #[must_use]
    pub fn offer_to(&self, agent: &AgentId) -> Option<&Offer> {
        self.offers().iter().find(|offer| offer.agent == *agent)
    }

    /// One word for people and reports.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Scheduled => "scheduled",
            Self::Deferred => "deferred",
            Self::Waiting => "waiting",
            Self::Unroutable(_) => "unroutable",
            Self::Offered(_) => "offered",
            Self::Assigned(_) => "assigned",
            Self::Paused(_) => "paused",
            Self::Resuming(_) => "resuming",
        }
    }
}

/// A ticket that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// Its place in the order of arrival, which breaks every tie of rank.
    pub arrival_seq: u64,
    /// What upstream said, shared with the event that told of it.
    pub spec: Arc<TicketSpec>,
    /// What it demands now, shared with the event that told of it.
    pub demand: Arc<Demand>,
    /// Its age counts from here.
    pub created_at: Timestamp,
    /// When it should have been answered.
    pub due_at: Option<Timestamp>,
    /// Since when it has been with its role; overflow counts from here.
    pub entered_at: Timestamp,
    /// Since when it may wait for its role, where that lets only some wait: since it was let in, or came back from an owner.
    /// `None` until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub let_in_at: Option<Timestamp>,
    /// When its role opened for it, or will; `None` where it did not have to wait for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<Timestamp>,
    /// Overflow steps of its role's ladder: the first so many were taken in their order.
    pub steps_taken: u8,
    /// What was taken after those, from 1, in the order in which it was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps_ahead: Seldom<Vec<u8>>,
    /// Whether its service target has passed while it waited.
    pub breached: bool,
    /// What has been told of its service.
    #[serde(default, skip_serializing_if = "Service::is_default")]
    pub service: Service,
    /// How often it was offered or assigned.
    pub attempt: u32,
    /// Who is not asked, beyond `exclude_agents`. At most [`super::BARS_MAX`]; the oldest gives way.
    pub bars: Seldom<Vec<Bar>>,
    /// Whom it waits for.
    pub direction: Option<Box<Direction>>,
    /// How it was last handed over, until it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Box<Handover>>,
    /// When it last came back from an owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_at: Option<Timestamp>,
    /// What it remembers of automations.
    #[serde(default, skip_serializing_if = "Automated::is_nothing")]
    pub automated: Seldom<Automated>,
    /// Where it stands.
    pub phase: Phase,
}

impl Named for Ticket {
    type Name = TicketId;

    fn name(&self) -> &TicketId {
        &self.id
    }
}

impl Ticket {
    /// It comes to a role, whose ladder it has not climbed, and which was told nothing of it.
    pub(super) fn restart_ladder(&mut self, at: Timestamp) {
        self.entered_at = at;
        self.let_in_at = None;
        self.opens_at = None;
        self.steps_taken = 0;
        self.steps_ahead = Seldom::new();
        self.automated.ask_again();
        self.service.at_risk = false;
        self.service.foretold = None;
    }

    /// Since when nobody owns it, where nobody does: since it came to its role, could be worked on, or came back.
    #[must_use]
    pub fn unowned_since(&self) -> Timestamp {
        let later = [self.returned_at, self.spec.not_before].into_iter().flatten();
        later.fold(self.entered_at, Timestamp::max)
    }

    /// It has taken that step, 1 for the first.
    pub(super) fn take_step(&mut self, step: u8) {
        if self.steps_ahead.is_empty() && step == self.steps_taken + 1 {
            self.steps_taken = step;
        } else {
            self.steps_ahead.push(step);
        }
    }
}

/// A ticket that has ended: kept for a while so that a repeated event is known for what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClosedTicket {
    /// How it ended.
    pub how: Closing,
    /// When.
    pub at: Timestamp,
}

/// How a ticket ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// Its owner completed it.
    Completed,
    /// The customer withdrew it.
    Cancelled,
    /// Nobody took it in time.
    Expired,
    /// It was not let wait, and the customer is to be called back.
    CalledBack,
}

impl Closing {
    /// As people read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::CalledBack => "left for a callback",
        }
    }
}

/// An assignment's id is made of the journal's instance and a number that grows, so that it is never used twice.
#[must_use]
pub fn assignment_id(instance: u64, seq: u64) -> AssignmentId {
    /// Sixteen hexadecimal digits, a dash, a letter, and as many digits as the largest number has.
    const LENGTH_MAX: usize = 16 + 2 + 20;
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    // By hand: every offer has one, and formatting machinery costs more than all that it prints.
    let mut text = [0_u8; LENGTH_MAX];
    for (digits, byte) in text[..16].chunks_exact_mut(2).zip(instance.to_be_bytes()) {
        digits.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]]);
    }
    text[16..18].copy_from_slice(b"-a");
    let (mut left, mut begin) = (seq, LENGTH_MAX);
    loop {
        begin -= 1;
        text[begin] = b'0' + u8::try_from(left % 10).expect("a digit");
        left /= 10;
        if left == 0 {
            break;
        }
    }
    text.copy_within(begin.., 18);
    let text = std::str::from_utf8(&text[..18 + LENGTH_MAX - begin]).expect("these are digits and letters");
    AssignmentId::parse(text).expect("hexadecimal digits and a number are a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignments_id_is_the_journals_instance_and_a_number() {
        for (instance, seq) in [(0, 0), (0xfeed, 7), (u64::MAX, u64::MAX), (1 << 60, 10), (5, 1_234_567_890)] {
            assert_eq!(assignment_id(instance, seq).as_str(), format!("{instance:016x}-a{seq}"));
        }
    }
}
