//! Events about agents (`docs/events.md#what-comes-in`), as they are written.
//!
//! The comments on members are the reference: `docs/events.md` and the JSON Schemas repeat them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::routing::Status;
use crate::routing::agent::AgentProfile;
use crate::routing::command::Command;
use crate::routing::name::{AgentId, ChannelName, RoleName, TicketId};
use crate::routing::permission::AccessLevel;

use super::bounds::{CAPACITY_MAX, CHANNELS_MAX, LIMIT_MAX, PER_HOUR_MAX, RANK_MAX, ROLES_MAX};
use super::data::Data;
use super::inbound::StatusMeaning;
use super::member::{Label, NameSet, Named, NamedMap, Note, OneOf, STATUS_EXPECTED, SkillSet, StatusWord, Whole};
use super::unreadable::Fault;

/// An agent is known, or known anew. Replaces what was known, and keeps the status; a new agent is offline.
#[derive(Deserialize, JsonSchema)]
pub(super) struct AgentRegistered {
    /// The agent.
    agent_id: Named<AgentId>,
    /// What the agent is for. The catalogue has to know every one.
    roles: NameSet<RoleName, ROLES_MAX>,
    /// For people.
    name: Option<Label>,
    /// What the agent is good at, with levels (`{"de": 8}`), or names alone (`["de"]`), which is level 1.
    skills: Option<SkillSet>,
    /// How many tickets of a channel it holds at most (`{"chat": 3}`); where nothing is said, as the channel has it.
    limits: Option<NamedMap<ChannelName, Whole<0, LIMIT_MAX>, CHANNELS_MAX>>,
    /// Capacity units; where nothing is said, as the configuration has it.
    capacity: Option<Whole<0, CAPACITY_MAX>>,
    /// What it may do to the system; `agent` where nothing is said.
    access: Option<OneOf<AccessLevel>>,
    /// Its rank in a role (`{"billing": 1}`), 1 the first to be asked. Where nothing is said: 1.
    ranks: Option<NamedMap<RoleName, Whole<1, RANK_MAX>, ROLES_MAX>>,
    /// The agent who is asked first for the tickets that this one leaves.
    deputy: Option<Named<AgentId>>,
    /// How many tickets it is given in any hour at most; where nothing is said, as the configuration has it.
    per_hour: Option<Whole<1, PER_HOUR_MAX>>,
}

impl AgentRegistered {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        let profile = AgentProfile {
            name: members.name.map(|name| name.0),
            roles: members.roles.0.into(),
            skills: members.skills.unwrap_or_default().0,
            limits: numbers(members.limits.unwrap_or_default()).into_iter().collect(),
            capacity: members.capacity.map(|capacity| capacity.0),
            access: members.access.map_or(AccessLevel::Agent, |access| access.0),
            ranks: numbers(members.ranks.unwrap_or_default()),
            deputy: members.deputy.map(|deputy| deputy.0),
            per_hour: members.per_hour.map(|per_hour| per_hour.0),
        };
        Ok(Command::RegisterAgent { agent: members.agent_id.0, profile: Box::new(profile) })
    }
}

/// The same members, as the engine takes them.
fn numbers<K: Ord, const MIN: u32, const MAX: u32, const COUNT_MAX: usize>(
    members: NamedMap<K, Whole<MIN, MAX>, COUNT_MAX>,
) -> std::collections::BTreeMap<K, u32> {
    members.0.into_iter().map(|(name, number)| (name, number.0)).collect()
}

/// An agent is known no longer.
#[derive(Deserialize, JsonSchema)]
pub(super) struct AgentRemoved {
    /// The agent.
    agent_id: Named<AgentId>,
}

impl AgentRemoved {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::RemoveAgent { agent: members.agent_id.0 })
    }
}

/// An agent came, went, or switched channels.
#[derive(Deserialize, JsonSchema)]
pub(super) struct AgentPresence {
    /// The agent.
    agent_id: Named<AgentId>,
    /// Whether it is there: `online`, `away`, `busy`, `draining`, `offline`, or a status of the catalogue's own, which is
    /// taken for one of these. Only who is online gets work.
    status: StatusWord,
    /// Why: told with `agent.changed`, until another status.
    reason: Option<Note>,
    /// Channels to switch on or off (`{"call": false}`); others stay as they are.
    channels: Option<NamedMap<ChannelName, bool, CHANNELS_MAX>>,
}

impl AgentPresence {
    pub(super) fn read(data: Data<'_>, meaning: StatusMeaning<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        let StatusWord(word) = members.status;
        let (status, name) = match Status::parse(word.as_str()) {
            Some(ours) => (ours, None),
            None => match meaning(&word) {
                Some(meant) => (meant, Some(word)),
                None => return Err(data.bad_field(".status", STATUS_EXPECTED, &format!("{:?}", word.as_str()))),
            },
        };
        Ok(Command::SetPresence {
            agent: members.agent_id.0,
            status,
            name,
            reason: members.reason.map(|reason| reason.0),
            switches: members.channels.unwrap_or_default().0,
        })
    }
}

/// An agent's desktop is alive. With `agents.heartbeat_timeout` set, silence turns an agent offline.
#[derive(Deserialize, JsonSchema)]
pub(super) struct AgentHeartbeat {
    /// The agent.
    agent_id: Named<AgentId>,
}

impl AgentHeartbeat {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::Heartbeat { agent: members.agent_id.0 })
    }
}

/// An agent is ready again before wrap-up ends by itself.
#[derive(Deserialize, JsonSchema)]
pub(super) struct WrapUpFinished {
    /// The agent.
    agent_id: Named<AgentId>,
    /// Only the slot of this ticket.
    ticket_id: Option<Named<TicketId>>,
}

impl WrapUpFinished {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::FinishWrapUp { agent: members.agent_id.0, ticket: members.ticket_id.map(|ticket| ticket.0) })
    }
}
