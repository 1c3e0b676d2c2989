//! Why an agent got a ticket (`docs/routing.md#why`).

use schemars::JsonSchema;
use serde::Serialize;

use crate::routing::event::Taking;
use crate::routing::name::RuleName;
use crate::routing::offer::{FallOut, Reason};

/// How many agents fell out, by the first reason that held, in this order.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct FellOut {
    /// Its rank in the ticket's own role is not asked yet.
    rank: u32,
    /// Lacks a demanded skill at its level.
    skill: u32,
    /// Lacks a demanded permission.
    permission: u32,
    /// Not online.
    offline: u32,
    /// The channel is switched off, or its limit is zero.
    channel_off: u32,
    /// Its slots or its capacity units are taken.
    no_slot: u32,
    /// Holds work of a channel that keeps this one's away.
    interrupted: u32,
    /// Was given as much as it is to get in so long.
    paced: u32,
    /// Is kept for the work of another of its roles.
    reserved: u32,
    /// Excluded, or declined it a short while ago, or it is meant for another.
    barred: u32,
}

impl From<FallOut> for FellOut {
    fn from(counts: FallOut) -> Self {
        let FallOut { rank, skill, permission, offline, channel_off, no_slot, interrupted, paced, reserved, barred } =
            counts;
        Self { rank, skill, permission, offline, channel_off, no_slot, interrupted, paced, reserved, barred }
    }
}

/// The next best.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct RunnerUp<'a> {
    /// The agent.
    agent_id: &'a str,
    /// Its value of the strategy's measure.
    value: i64,
}

/// Why this agent.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct ReasonBody<'a> {
    /// The rule of classification, where one decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    /// The role for which the agent got it.
    role: &'a str,
    /// What brought ticket and agent together: `ticket_arrived`, `ticket_returned`, `ticket_transferred`,
    /// `ticket_diverted`, `ticket_updated`, `automated`, `not_before_passed`, `role_opened`, `overflow`,
    /// `cooldown_lapsed`, `direction_ended`, `agents_changed`, `catalogue_changed`, `agent_free`, `directed`,
    /// `last_agent`, `claimed`, `taken`.
    trigger: &'static str,
    /// How the winner was chosen.
    strategy: &'static str,
    /// Agents who have one of the demanded roles, online or not.
    considered: u32,
    /// Of those, how many could have taken it.
    eligible: u32,
    /// Why the others could not.
    fell_out: FellOut,
    /// The winner's value of the strategy's measure; smaller wins.
    value: i64,
    /// The next best.
    #[serde(skip_serializing_if = "Option::is_none")]
    runner_up: Option<RunnerUp<'a>>,
}

impl<'a> ReasonBody<'a> {
    pub(super) fn of(taking: &'a Taking) -> Self {
        let Reason { rule, trigger, strategy, considered, eligible, fell_out, value, runner_up } = &*taking.reason;
        let runner_up = runner_up.as_ref().map(|(agent, value)| RunnerUp { agent_id: agent.as_str(), value: *value });
        Self {
            rule: rule.as_ref().map(RuleName::as_str),
            role: taking.role.as_str(),
            trigger: trigger.as_str(),
            strategy: strategy.as_str(),
            considered: *considered,
            eligible: *eligible,
            fell_out: (*fell_out).into(),
            value: *value,
            runner_up,
        }
    }
}
