//! What a condition may ask about: the ticket by the names of its members on the wire, the time, the queues.
//!
//! A fact is looked up when a condition asks for it and not before, so a rule that reads the ticket alone pays neither
//! for the calendar nor for counting agents. What a ticket lacks is `null`.

use std::collections::HashMap;
use std::sync::OnceLock;

use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use jiff::civil::Weekday;

use super::catalogue::Catalogue;
use super::name::{AgentId, Permission, RoleName, TicketId, TicketType};
use super::ticket::{Scalar, TicketSpec};
use super::time::Timestamp;

/// What the condition of a rule may refer to.
pub const RULE_VARIABLES: &[&str] = &[
    "type",
    "channel",
    "priority",
    "role",
    "skills",
    "permissions",
    "customer",
    "preferred_agent",
    "exclude_agents",
    "subject",
    "attributes",
    "age",
    "due_in",
    "starts_in",
    "expires_in",
    "hour",
    "weekday",
    "date",
    "queue",
];
/// The members of variables that have the same ones always.
pub(super) const MEMBERS: [(&str, &[&str]); 2] =
    [("customer", &["id", "tier", "language"]), ("queue[…]", &["waiting", "online", "free"])];

/// A role's queue and its agents at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueFacts {
    /// Tickets that wait in it, but for the one that is asked about.
    pub waiting: u64,
    /// Agents who have the role and are online.
    pub online: u64,
    /// Of those, who has a slot free on the ticket's channel.
    pub free: u64,
}

/// Counts the queue of a role.
pub type CountQueue<'a> = &'a (dyn Fn(&RoleName) -> QueueFacts + Send + Sync);

/// All that can be asked about one ticket at one moment.
pub struct Facts<'a> {
    /// Which ticket.
    pub(super) ticket: &'a TicketId,
    /// What upstream said of it.
    pub(super) spec: &'a TicketSpec,
    created_at: Timestamp,
    now: Timestamp,
    catalogue: &'a Catalogue,
    count_queue: CountQueue<'a>,
    queues: OnceLock<CelMap<'static>>,
}

impl<'a> Facts<'a> {
    /// About a ticket that is as `spec` says, under this catalogue.
    #[must_use]
    pub fn new(
        ticket: &'a TicketId,
        spec: &'a TicketSpec,
        (created_at, now): (Timestamp, Timestamp),
        catalogue: &'a Catalogue,
        count_queue: CountQueue<'a>,
    ) -> Self {
        Self { ticket, spec, created_at, now, catalogue, count_queue, queues: OnceLock::new() }
    }

    /// The catalogue under which it is asked.
    #[must_use]
    pub fn catalogue(&self) -> &'a Catalogue {
        self.catalogue
    }

    /// Seconds from now; less than nothing where it has passed.
    fn seconds_until(&self, moment: Option<Timestamp>) -> Fact<'_> {
        let seconds = |moment: Timestamp| moment.0.saturating_sub(self.now.0).div_euclid(1_000);
        moment.map_or_else(null, |moment| int(seconds(moment)))
    }

    fn queues(&self) -> &CelMap<'static> {
        self.queues.get_or_init(|| {
            let queue = |role: &RoleName| {
                let QueueFacts { waiting, online, free } = (self.count_queue)(role);
                let count = |count: u64| int(i64::try_from(count).expect("tickets and agents are counted in 63 bits"));
                let members = map([("waiting", count(waiting)), ("online", count(online)), ("free", count(free))]);
                (CelMapKey::from(role.as_str().to_owned()), Box::new(members) as Fact<'static>)
            };
            CelMap::from(self.catalogue.roles.keys().map(queue).collect::<HashMap<_, _>>())
        })
    }

    fn fact(&self, variable: &str) -> Option<Fact<'_>> {
        let (spec, customer) = (self.spec, &self.spec.beside.customer);
        let local = || self.catalogue.time_zone.local(self.now);
        Some(match variable {
            "type" => text(spec.asked.kind.as_ref().map(TicketType::as_str)),
            "channel" => text(Some(spec.asked.channel.as_str())),
            "priority" => int(spec.asked.priority.get().into()),
            "role" => text(spec.asked.role.as_ref().map(RoleName::as_str)),
            "skills" => {
                let levels = spec.asked.skills.0.iter();
                Box::new(map(levels.map(|(name, level)| (name.as_str(), int(level.get().into())))))
            }
            "permissions" => list(spec.asked.permissions.iter().map(Permission::as_str)),
            "customer" => Box::new(map([
                ("id", text(customer.id.as_deref())),
                ("tier", text(customer.tier.as_deref())),
                ("language", text(customer.language.as_deref())),
            ])),
            "preferred_agent" => text(spec.beside.preferred_agent.as_ref().map(AgentId::as_str)),
            "exclude_agents" => list(spec.beside.exclude_agents.iter().map(AgentId::as_str)),
            "subject" => text(spec.beside.subject.as_deref()),
            "attributes" => {
                let attributes = spec.beside.attributes.iter();
                Box::new(map(attributes.map(|(name, value)| (name.as_str(), scalar(value)))))
            }
            "age" => int(self.now.0.saturating_sub(self.created_at.0).div_euclid(1_000)),
            "due_in" => self.seconds_until(spec.beside.due_at),
            "starts_in" => self.seconds_until(spec.beside.not_before),
            "expires_in" => self.seconds_until(spec.beside.expires_at),
            "hour" => int(local().hour().into()),
            "weekday" => text(Some(weekday(local().weekday()))),
            "date" => Box::new(CelString::from(local().date().to_string())),
            _ => return None,
        })
    }
}

impl VariableResolver for Facts<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        match variable {
            "queue" => Some(CowVal::Borrowed(self.queues())),
            other => self.fact(other).map(CowVal::Owned),
        }
    }
}

/// A value as conditions see it.
type Fact<'v> = Box<dyn Val + 'v>;

fn null<'v>() -> Fact<'v> {
    Box::new(CelNull)
}

fn int<'v>(number: i64) -> Fact<'v> {
    Box::new(CelInt::from(number))
}

fn text(text: Option<&str>) -> Fact<'_> {
    text.map_or_else(null, |text| Box::new(CelString::from(text)))
}

fn list<'v>(texts: impl Iterator<Item = &'v str>) -> Fact<'v> {
    Box::new(CelList::from(texts.map(|each| text(Some(each))).collect::<Vec<_>>()))
}

fn map<'v>(members: impl IntoIterator<Item = (&'v str, Fact<'v>)>) -> CelMap<'v> {
    CelMap::from(members.into_iter().map(|(name, value)| (CelMapKey::from(name), value)).collect::<HashMap<_, _>>())
}

fn scalar(value: &Scalar) -> Fact<'_> {
    match value {
        Scalar::Null => null(),
        Scalar::Bool(value) => Box::new(CelBool::from(*value)),
        Scalar::Int(value) => int(*value),
        #[expect(clippy::cast_precision_loss, reason = "the nearest is near enough to be compared")]
        Scalar::Large(value) => Box::new(CelDouble::from(*value as f64)),
        Scalar::Float(value) => Box::new(CelDouble::from(*value)),
        Scalar::Text(value) => text(Some(value)),
    }
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "mon",
        Weekday::Tuesday => "tue",
        Weekday::Wednesday => "wed",
        Weekday::Thursday => "thu",
        Weekday::Friday => "fri",
        Weekday::Saturday => "sat",
        Weekday::Sunday => "sun",
    }
}
