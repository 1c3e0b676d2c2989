//! What is told of an automation that fired.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::routing::automation::Settings;
use crate::routing::event::Event;
use crate::routing::name::{AgentId, Permission, RoleName};

use super::ticket::skill_levels;

/// An automation fired: it set something of a ticket, or only tells.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct TicketAutomated<'a> {
    /// The ticket.
    ticket_id: &'a str,
    /// Its own role until now; absent where it had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    /// How it arrived.
    channel: &'a str,
    /// The name of the automation.
    automation: &'a str,
    /// Who owned it; absent where nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<&'a str>,
    /// What people are to be told, as the catalogue says.
    #[serde(skip_serializing_if = "Option::is_none")]
    notify: Option<&'a str>,
    /// What is different of the ticket by it; absent where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<AutomatedSet<'a>>,
}

impl<'a> TicketAutomated<'a> {
    /// What is told of this event, where it is about an automation that fired.
    pub(in crate::wire) fn of(event: &'a Event) -> Option<Self> {
        let Event::TicketAutomated { ticket, role, channel, automation, agent, set, notify } = event else {
            return None;
        };
        Some(Self {
            ticket_id: ticket.as_str(),
            role: role.as_ref().map(RoleName::as_str),
            channel: channel.as_str(),
            automation: automation.as_str(),
            agent_id: agent.as_ref().map(AgentId::as_str),
            notify: notify.as_deref(),
            set: AutomatedSet::of(set),
        })
    }
}

/// What is different of a ticket.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct AutomatedSet<'a> {
    /// The role to which it goes: at once, or when it comes back from its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    /// Its own priority, from which rules go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 9))]
    priority: Option<u8>,
    /// Skills that it demands now, and did not, or not at that level.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    skills: BTreeMap<&'a str, u8>,
    /// Permissions that it demands now, and did not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    permissions: Vec<&'a str>,
    /// Whether it was taken from its owner and goes back to its queue.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    released: bool,
}

impl<'a> AutomatedSet<'a> {
    fn of(settings: &'a Settings) -> Option<Self> {
        (!settings.are_none()).then(|| Self {
            role: settings.role.as_ref().map(RoleName::as_str),
            priority: settings.priority.map(u8::from),
            skills: skill_levels(&settings.skills),
            permissions: settings.permissions.iter().map(Permission::as_str).collect(),
            released: settings.released,
        })
    }
}
