//! The latest assignments, each with its reason in a few words.

use schemars::JsonSchema;
use serde::Serialize;

use super::moment;
use crate::routing::event::Taking;
use crate::routing::offer::{Reason, Trigger};
use crate::routing::role::Strategy;
use crate::routing::{AgentId, ChannelName, Millis, RoleName, TicketId, Timestamp};

/// How many of the latest assignments are kept.
pub const LATEST_MAX: usize = 40;

/// One assignment, as a line to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AssignmentLine {
    /// Grows with every assignment, so that a reader can drop what it has.
    pub seq: u64,
    /// When.
    #[serde(serialize_with = "moment::rfc3339")]
    pub at: Timestamp,
    /// The ticket.
    pub ticket_id: TicketId,
    /// Its owner.
    pub agent_id: AgentId,
    /// The owner's name, for people.
    pub agent_name: Option<String>,
    /// For which role.
    pub role: RoleName,
    /// On which channel.
    pub channel: ChannelName,
    /// From creation to assignment.
    pub waited_ms: u64,
    /// Why this agent, in a few words.
    pub why: String,
}

/// What a line is made of, beyond the event.
pub(super) struct Context {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) agent_name: Option<String>,
}

impl AssignmentLine {
    pub(super) fn of(taking: &Taking, waited: Millis, context: Context) -> Self {
        Self {
            seq: context.seq,
            at: context.at,
            ticket_id: taking.ticket.clone(),
            agent_id: taking.agent.clone(),
            agent_name: context.agent_name,
            role: taking.role.clone(),
            channel: taking.channel.clone(),
            waited_ms: waited.0,
            why: why(&taking.reason, context.at),
        }
    }
}

/// Why this agent, in a few words: what decided, and out of how many.
fn why(reason: &Reason, at: Timestamp) -> String {
    match reason.trigger {
        Trigger::Directed => return "meant for this agent".to_owned(),
        Trigger::LastAgent => return "the customer's last agent".to_owned(),
        Trigger::Claimed => return "asked for work".to_owned(),
        Trigger::Taken => return "taken by hand".to_owned(),
        Trigger::AgentFree => return "next in the queue".to_owned(),
        Trigger::TicketArrived
        | Trigger::TicketReturned
        | Trigger::TicketTransferred
        | Trigger::TicketDiverted
        | Trigger::TicketUpdated
        | Trigger::Automated
        | Trigger::NotBeforePassed
        | Trigger::RoleOpened
        | Trigger::Overflow
        | Trigger::CooldownLapsed
        | Trigger::DirectionEnded
        | Trigger::AgentsChanged
        | Trigger::CatalogueChanged => {}
    }
    if reason.eligible <= 1 {
        return format!("the only one free, of {}", reason.considered.max(1));
    }
    let measure = match reason.strategy {
        // The measure is the moment since which the agent has been idle.
        Strategy::LongestIdle => format!("longest idle, {}", moment::spoken(at.since(Timestamp(reason.value)))),
        Strategy::LeastLoaded => "least loaded".to_owned(),
        Strategy::MostLoaded => "most loaded".to_owned(),
        Strategy::RoundRobin => "next in turn".to_owned(),
        Strategy::Random => "drawn".to_owned(),
        Strategy::Rank => "first in rank".to_owned(),
        Strategy::MostSkilled => "most skilled".to_owned(),
        Strategy::LeastFlexible => "fewest roles".to_owned(),
        Strategy::RingAll => "first to accept".to_owned(),
    };
    format!("{measure}, of {} free", reason.eligible)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::offer::FallOut;

    fn why(strategy: Strategy, eligible: u32, trigger: Trigger) -> String {
        let fell_out = FallOut::default();
        let reason =
            Reason { rule: None, trigger, strategy, considered: 5, eligible, fell_out, value: 1_000, runner_up: None };
        super::why(&reason, Timestamp(253_000))
    }

    #[test]
    fn the_reason_says_what_decided() {
        let arrived = |strategy, eligible| why(strategy, eligible, Trigger::TicketArrived);
        assert_eq!(arrived(Strategy::LongestIdle, 3), "longest idle, 4m12s, of 3 free");
        assert_eq!(arrived(Strategy::LeastLoaded, 3), "least loaded, of 3 free");
        assert_eq!(arrived(Strategy::LongestIdle, 1), "the only one free, of 5");
        assert_eq!(why(Strategy::Random, 3, Trigger::Directed), "meant for this agent");
        assert_eq!(why(Strategy::LongestIdle, 1, Trigger::AgentFree), "next in the queue");
    }
}
