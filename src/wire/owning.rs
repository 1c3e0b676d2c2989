//! Events about who owns what, beyond offers and hand-overs, as they are written.
//!
//! The comments on members are the reference: `docs/events.md` and the JSON Schemas repeat them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::routing::command::Command;
use crate::routing::name::{AgentId, TicketId};

use super::data::Data;
use super::member::Named;
use super::unreadable::Fault;

/// The owner has replied to the customer. Where the role has a `first_reply_within`, an owner of whom this is not said
/// in time loses the ticket.
#[derive(Deserialize, JsonSchema)]
pub(super) struct TicketReplied {
    /// The ticket.
    ticket_id: Named<TicketId>,
    /// The agent who replied. Where it is named, it has to be the owner.
    agent_id: Option<Named<AgentId>>,
}

impl TicketReplied {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::NoteReply { ticket: members.ticket_id.0, agent: members.agent_id.map(|agent| agent.0) })
    }
}
