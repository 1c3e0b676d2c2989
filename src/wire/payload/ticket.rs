//! What is told of a ticket.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::routing::escalation::EscalationCause;
use crate::routing::estimate::WaitRange;
use crate::routing::name::{RoleName, TicketType};
use crate::routing::skill::Skills;
use crate::routing::ticket::{Customer, Demand, Scalar, TicketSpec};

use super::{Time, TimeSchema};

/// No agent could take the ticket at once.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct TicketQueued<'a> {
    /// The ticket.
    pub(in crate::wire) ticket_id: &'a str,
    /// In whose queue it waits.
    pub(in crate::wire) role: &'a str,
    /// How it arrived.
    pub(in crate::wire) channel: &'a str,
    /// Its place in the queue, 1 for the next.
    pub(in crate::wire) position: u64,
    /// How many wait in the queue, this one included.
    pub(in crate::wire) waiting: u64,
    /// How long it may take; `null` until the role has assigned often enough to tell.
    pub(in crate::wire) estimated_wait_ms: Option<u64>,
    /// Eight of ten of its role and priority wait so long; `null` until enough of them have been told how long.
    pub(in crate::wire) estimated_wait_range_ms: Option<WaitRangeBody>,
}

/// At least so long, and at most so long.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::wire) struct WaitRangeBody {
    /// One of ten waits less.
    low: u64,
    /// One of ten waits more.
    high: u64,
}

impl WaitRangeBody {
    pub(in crate::wire) fn of(range: WaitRange) -> Self {
        Self { low: range.low.0, high: range.high.0 }
    }
}

pub(super) fn skill_levels(skills: &Skills) -> BTreeMap<&str, u8> {
    skills.0.iter().map(|(name, level)| (name.as_str(), level.get())).collect()
}

/// An overflow step was taken: more agents may take the ticket, or it is more urgent.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct TicketEscalated<'a> {
    /// The ticket.
    pub(in crate::wire) ticket_id: &'a str,
    /// Its own role.
    pub(in crate::wire) role: &'a str,
    /// How it arrived.
    pub(in crate::wire) channel: &'a str,
    /// Which step of the role's ladder, 1 for the first.
    pub(in crate::wire) step: u8,
    /// What took it: `after` (its time had come), `waiting_over`, `estimated_wait_over`, or `nobody_online`, where it did
    /// not wait for its time.
    pub(in crate::wire) cause: &'static str,
    /// The roles whose agents may take it now; its own is the first.
    pub(in crate::wire) roles: Vec<&'a str>,
    /// The skills that it demands now, with their least level.
    pub(in crate::wire) skills: BTreeMap<&'a str, u8>,
    /// How urgent it is now, 0 to 9.
    #[schemars(range(min = 0, max = 9))]
    pub(in crate::wire) priority: u8,
    /// The last rank in its own role that is asked now; absent where all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) rank_max: Option<u32>,
}

impl<'a> TicketEscalated<'a> {
    pub(in crate::wire) fn of(
        ticket_id: &'a str,
        (role, channel): (&'a str, &'a str),
        (step, cause): (u8, EscalationCause),
        demand: &'a Demand,
    ) -> Self {
        let roles = demand.roles.iter().map(RoleName::as_str).collect();
        let (skills, priority) = (skill_levels(&demand.skills), demand.priority.get());
        let cause = cause.as_str();
        Self { ticket_id, role, channel, step, cause, roles, skills, priority, rank_max: demand.rank_max }
    }
}

/// The service target will pass soon, and nobody owns the ticket: said once, so long before as the role's target says.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct TicketAtRisk<'a> {
    /// The ticket.
    pub(in crate::wire) ticket_id: &'a str,
    /// Whose target it is.
    pub(in crate::wire) role: &'a str,
    /// How it arrived.
    pub(in crate::wire) channel: &'a str,
    /// When it should be answered.
    #[schemars(with = "TimeSchema")]
    pub(in crate::wire) due_at: Time,
    /// How long that is from now.
    pub(in crate::wire) remaining_ms: u64,
    /// Its place in the queue, 1 for the next; absent where it is offered to somebody, or nobody could ever take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) position: Option<u64>,
    /// How long it may take; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) estimated_wait_ms: Option<u64>,
}

/// The service target passed while the ticket waited.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct TicketBreached<'a> {
    /// The ticket.
    pub(in crate::wire) ticket_id: &'a str,
    /// In whose queue it waits.
    pub(in crate::wire) role: &'a str,
    /// How it arrived.
    pub(in crate::wire) channel: &'a str,
    /// When it should have been answered.
    #[schemars(with = "TimeSchema")]
    pub(in crate::wire) due_at: Time,
}

/// Nobody, online or offline, could ever take the ticket, or no role fits. It stays in the system, and is looked at
/// again whenever agents or the catalogue change.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct TicketUnroutable<'a> {
    /// The ticket.
    pub(in crate::wire) ticket_id: &'a str,
    /// Its role, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) role: Option<&'a str>,
    /// How it arrived.
    pub(in crate::wire) channel: &'a str,
    /// `no_role`, `no_agent_with_role`, `no_agent_with_rank`, `no_agent_with_channel`, `no_agent_with_skill`,
    /// `no_agent_with_permission`, `all_excluded`.
    pub(in crate::wire) cause: &'static str,
}

/// The ticket left the system without having been completed.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct TicketClosed<'a> {
    /// The ticket.
    pub(in crate::wire) ticket_id: &'a str,
    /// Its role, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) role: Option<&'a str>,
    /// How it arrived.
    pub(in crate::wire) channel: &'a str,
    /// Why: as upstream said, or in a word.
    pub(in crate::wire) cause: &'a str,
}

/// What upstream said of the ticket, as it came.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::wire) struct TicketBody<'a> {
    /// The kind of work.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    /// One line for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    /// Who asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<CustomerBody<'a>>,
    /// Strings, numbers, booleans, nulls.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, AttributeSchema>>")]
    attributes: Option<&'a BTreeMap<String, Scalar>>,
}

/// The schema of an attribute's value.
struct AttributeSchema;

impl JsonSchema for AttributeSchema {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Attribute".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "number", "boolean", "null"] })
    }
}

/// Who asks.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct CustomerBody<'a> {
    /// The upstream system's id of the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    /// `vip`, `gold` … as upstream names its tiers.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<&'a str>,
    /// A language tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
}

impl<'a> TicketBody<'a> {
    pub(super) fn of(spec: &'a TicketSpec) -> Self {
        let Customer { id, tier, language } = &*spec.beside.customer;
        let said = id.is_some() || tier.is_some() || language.is_some();
        let customer = CustomerBody { id: id.as_deref(), tier: tier.as_deref(), language: language.as_deref() };
        Self {
            kind: spec.asked.kind.as_ref().map(TicketType::as_str),
            subject: spec.beside.subject.as_deref(),
            customer: said.then_some(customer),
            attributes: Some(&*spec.beside.attributes).filter(|attributes| !attributes.is_empty()),
        }
    }
}
