//! What a ticket demands of an agent, whom it keeps out or waits for, and why nobody could take it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Priority;
use crate::routing::name::{AgentId, Permission, RoleName, RuleName};
use crate::routing::offer::Trigger;
use crate::routing::skill::Skills;
use crate::routing::time::Timestamp;

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
