//! What is told of agents, of the catalogue, and to whoever asked for what could not be done.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::routing::AgentView;
use crate::routing::name::{ChannelName, StatusName};

use super::super::bounds::NOTE_LENGTH_MAX;

const _: () = assert!(NOTE_LENGTH_MAX == 4096, "what is said of a reason names the bound");

/// How much of a channel an agent holds.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(in crate::wire) struct LoadBody {
    /// Slots taken by offers, assignments and wrap-up.
    used: u32,
    /// Slots in all.
    limit: u32,
}

/// An agent's status, the reason of it, its load or wrap-up changed.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct AgentChanged<'a> {
    /// The agent.
    agent_id: &'a str,
    /// `online`, `away`, `busy`, `draining`, `offline`.
    status: &'static str,
    /// What the catalogue calls it, where the agent said so: `lunch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_name: Option<&'a str>,
    /// Why, as it was said with that status, at most 4096 bytes; again with each of these events as long as that status
    /// lasts. rolecall itself says `heartbeat`, `idle`, `missed_offers`, `drained`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// By channel.
    load: BTreeMap<&'a str, LoadBody>,
    /// How many of its slots are in wrap-up.
    wrapping_up: u32,
}

impl<'a> AgentChanged<'a> {
    pub(in crate::wire) fn of(agent_id: &'a str, view: &'a AgentView) -> Self {
        let load = view
            .load
            .iter()
            .map(|(channel, load)| (ChannelName::as_str(channel), LoadBody { used: load.used, limit: load.limit }));
        Self {
            agent_id,
            status: view.status.as_str(),
            status_name: view.status_name.as_ref().map(StatusName::as_str),
            reason: view.reason.as_deref(),
            load: load.collect(),
            wrapping_up: view.wrapping_up,
        }
    }
}

/// What the helpdesk said that an agent owns was not what was known here, and was taken over. Nothing is said where there
/// was no difference.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct ReconciledAgent<'a> {
    /// The agent.
    pub(in crate::wire) agent_id: &'a str,
    /// Tickets that were nobody's or another's, and are its own now.
    pub(in crate::wire) taken: Vec<&'a str>,
    /// Tickets of which nothing was known, and that are its own now.
    pub(in crate::wire) created: Vec<&'a str>,
    /// Tickets that were its own, and are back in their queues.
    pub(in crate::wire) returned: Vec<&'a str>,
    /// Tickets that have ended here, about which nothing was done.
    pub(in crate::wire) ended: Vec<&'a str>,
}

/// An inbound event was well formed and could not be done. The AMQP property `correlation_id` is its id.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct CommandRejected<'a> {
    /// For programs: `unknown_ticket`, `unknown_agent`, `stale_assignment`, `not_eligible`, `wrong_state`,
    /// `unknown_role`, `role_in_use`.
    pub(in crate::wire) code: &'static str,
    /// For people: what was found, and what was expected.
    pub(in crate::wire) detail: &'a str,
    /// The ticket that the event names, where it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) ticket_id: Option<&'a str>,
    /// The agent that the event names, where it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) agent_id: Option<&'a str>,
}

/// Roles, rules or channels changed.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct CatalogueChanged<'a> {
    /// Grows by one with every change.
    pub(in crate::wire) version: u64,
    /// For people: one line a change.
    pub(in crate::wire) changes: &'a [String],
}
