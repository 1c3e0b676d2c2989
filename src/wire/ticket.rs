//! Events about tickets and calls (`docs/events.md#what-comes-in`), as they are written.
//!
//! The comments on members are the reference: `docs/events.md` and the JSON Schemas repeat them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::routing::command::{AfterWork, Command, TransferTo};
use crate::routing::name::{AgentId, AssignmentId, ChannelName, Permission, RoleName, TicketId, TicketType};
use crate::routing::ticket::{Asked, Beside, Customer, Priority, TicketChanges, TicketSpec};

use super::bounds::{EXCLUDE_AGENTS_MAX, PERMISSIONS_MAX};
use super::data::Data;
use super::member::{
    Attributes, Change, Label, Moment, NameSet, Named, Note, Object, PriorityLevel, SkillSet, Subject,
};
use super::unreadable::Fault;

/// The channel of `call.*`.
pub(super) const CALL: &str = "call";
/// The channel of a ticket that names none.
pub(super) const TASK: &str = "task";

pub(super) fn well_known_channel(name: &str) -> ChannelName {
    ChannelName::parse(name).expect("the well-known channels have proper names")
}

/// Who asks.
#[derive(Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct CustomerMembers {
    /// The upstream system's id of the customer.
    id: Option<Label>,
    /// `vip`, `gold` … as upstream names its tiers. Rules read it as `customer.tier`.
    tier: Option<Label>,
    /// A language tag, `de`.
    language: Option<Label>,
}

impl From<Object<CustomerMembers>> for Customer {
    fn from(Object(members): Object<CustomerMembers>) -> Self {
        let text = |label: Option<Label>| label.map(|label| label.0);
        Self { id: text(members.id), tier: text(members.tier), language: text(members.language) }
    }
}

/// Work came in.
#[derive(Deserialize, JsonSchema)]
pub(super) struct TicketCreated {
    /// The upstream system's id of the ticket. A second `ticket.created` with the same id changes nothing.
    ticket_id: Named<TicketId>,
    /// The kind of work, by which roles are found.
    #[serde(rename = "type")]
    kind: Option<Named<TicketType>>,
    /// How the work arrives: `email`, `chat`, `call`, `social`, `task` or any other; `task` where nothing is said. On
    /// `call.queued`, `call` or nothing.
    channel: Option<Named<ChannelName>>,
    /// How urgent, higher first: `low` (1), `normal` (3, where nothing is said), `high` (6), `urgent` (9), or 0 to 9.
    priority: Option<PriorityLevel>,
    /// The role that upstream asks for. Where the catalogue has no such role the ticket is kept, and unroutable.
    role: Option<Named<RoleName>>,
    /// Skills demanded, with their least level (`{"de": 5}`), or their names alone (`["de"]`), which is level 1.
    skills: Option<SkillSet>,
    /// Permissions demanded.
    permissions: Option<NameSet<Permission, PERMISSIONS_MAX>>,
    /// Who asks.
    customer: Option<Object<CustomerMembers>>,
    /// The agent to try first.
    preferred_agent: Option<Named<AgentId>>,
    /// Agents who must not get it.
    exclude_agents: Option<NameSet<AgentId, EXCLUDE_AGENTS_MAX>>,
    /// When it came into being; its age counts from here. Where nothing is said: when the daemon first heard of it.
    created_at: Option<Moment>,
    /// When it should have been answered. Where nothing is said: as the role's target has it.
    due_at: Option<Moment>,
    /// It waits aside until then.
    not_before: Option<Moment>,
    /// It leaves its queue then, if nobody has taken it.
    expires_at: Option<Moment>,
    /// One line for people.
    subject: Option<Subject>,
    /// Anything that rules may read, and that is handed on with the assignment: strings, numbers, booleans, nulls.
    /// Whole numbers from -2^63 to 2^64 - 1 are handed on as they came, all others as the nearest of 64 bits.
    attributes: Option<Attributes>,
}

impl TicketCreated {
    fn into_command(self, channel: ChannelName) -> Command {
        let asked = Asked {
            kind: self.kind.map(|kind| kind.0),
            channel,
            priority: self.priority.map_or(Priority::NORMAL, |priority| priority.0),
            role: self.role.map(|role| role.0),
            skills: self.skills.unwrap_or_default().0,
            permissions: self.permissions.unwrap_or_default().0.into(),
        };
        let beside = Beside {
            customer: Customer::from(self.customer.unwrap_or_default()).into(),
            preferred_agent: self.preferred_agent.map(|agent| agent.0),
            exclude_agents: self.exclude_agents.unwrap_or_default().0.into(),
            due_at: self.due_at.map(|moment| moment.0),
            not_before: self.not_before.map(|moment| moment.0),
            expires_at: self.expires_at.map(|moment| moment.0),
            subject: self.subject.map(|subject| subject.0),
            attributes: self.attributes.unwrap_or_default().0.into(),
            passed_on: None,
        };
        let created_at = self.created_at.map(|moment| moment.0);
        let spec = TicketSpec { asked: Arc::new(asked), created_at, beside: beside.into() };
        Command::CreateTicket { ticket: self.ticket_id.0, spec: Box::new(spec) }
    }

    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let mut members: Self = data.read()?;
        let channel = members.channel.take().map_or_else(|| well_known_channel(TASK), |channel| channel.0);
        Ok(members.into_command(channel))
    }

    pub(super) fn read_call(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        match &members.channel {
            Some(Named(channel)) if channel.as_str() != CALL => {
                Err(data.bad_field(".channel", r#""call" or nothing"#, &format!("{:?}", channel.as_str())))
            }
            _ => Ok(members.into_command(well_known_channel(CALL))),
        }
    }
}

/// Upstream knows more, or something else, of a ticket. An absent member stays as it is; `null` takes it away, as
/// though it had never been said. A waiting ticket is classified afresh and keeps its age; an assigned one keeps its
/// agent, and its priority until it goes on to another or back to its queue.
#[derive(Deserialize, JsonSchema)]
pub(super) struct TicketUpdated {
    /// The ticket.
    ticket_id: Named<TicketId>,
    /// The kind of work.
    #[serde(rename = "type", default)]
    kind: Change<Named<TicketType>>,
    /// How the work arrives; `null` for `task`.
    #[serde(default)]
    channel: Change<Named<ChannelName>>,
    /// How urgent; `null` for `normal`.
    #[serde(default)]
    priority: Change<PriorityLevel>,
    /// The role that upstream asks for.
    #[serde(default)]
    role: Change<Named<RoleName>>,
    /// All skills demanded: they replace what was said.
    #[serde(default)]
    skills: Change<SkillSet>,
    /// All permissions demanded: they replace what was said.
    #[serde(default)]
    permissions: Change<NameSet<Permission, PERMISSIONS_MAX>>,
    /// Who asks: replaces what was said.
    #[serde(default)]
    customer: Change<Object<CustomerMembers>>,
    /// The agent to try first.
    #[serde(default)]
    preferred_agent: Change<Named<AgentId>>,
    /// All agents who must not get it: they replace what was said.
    #[serde(default)]
    exclude_agents: Change<NameSet<AgentId, EXCLUDE_AGENTS_MAX>>,
    /// When it came into being. A ticket always has an age: `null` leaves it.
    created_at: Option<Moment>,
    /// When it should have been answered.
    #[serde(default)]
    due_at: Change<Moment>,
    /// It waits aside until then.
    #[serde(default)]
    not_before: Change<Moment>,
    /// It leaves its queue then, if nobody has taken it.
    #[serde(default)]
    expires_at: Change<Moment>,
    /// One line for people.
    #[serde(default)]
    subject: Change<Subject>,
    /// All attributes: they replace what was said.
    #[serde(default)]
    attributes: Change<Attributes>,
}

impl TicketUpdated {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        let changes = TicketChanges {
            kind: members.kind.into_patch(|kind| kind.0),
            channel: members.channel.or_unsaid(well_known_channel(TASK), |channel| channel.0),
            priority: members.priority.or_unsaid(Priority::NORMAL, |priority| priority.0),
            role: members.role.into_patch(|role| role.0),
            skills: members.skills.or_unsaid(<_>::default(), |skills| skills.0),
            permissions: members.permissions.or_unsaid(<_>::default(), |permissions| permissions.0),
            customer: members.customer.or_unsaid(<_>::default(), Into::into),
            preferred_agent: members.preferred_agent.into_patch(|agent| agent.0),
            exclude_agents: members.exclude_agents.or_unsaid(<_>::default(), |agents| agents.0),
            created_at: members.created_at.map(|moment| moment.0),
            due_at: members.due_at.into_patch(|moment| moment.0),
            not_before: members.not_before.into_patch(|moment| moment.0),
            expires_at: members.expires_at.into_patch(|moment| moment.0),
            subject: members.subject.into_patch(|subject| subject.0),
            attributes: members.attributes.or_unsaid(<_>::default(), |attributes| attributes.0),
        };
        Ok(Command::UpdateTicket { ticket: members.ticket_id.0, changes: Box::new(changes) })
    }
}

/// The customer withdrew, or hung up.
#[derive(Deserialize, JsonSchema)]
pub(super) struct TicketCancelled {
    /// The ticket.
    ticket_id: Named<TicketId>,
    /// Why.
    reason: Option<Note>,
}

impl TicketCancelled {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::CancelTicket { ticket: members.ticket_id.0, reason: members.reason.map(|reason| reason.0) })
    }
}

/// An agent takes an offer.
#[derive(Deserialize, JsonSchema)]
#[expect(clippy::struct_field_names, reason = "the names are those of the wire")]
pub(super) struct TicketAccepted {
    /// The ticket.
    ticket_id: Named<TicketId>,
    /// The agent.
    agent_id: Named<AgentId>,
    /// The offer. Where it is named, an older or newer one is not taken in its place.
    assignment_id: Option<Named<AssignmentId>>,
}

impl TicketAccepted {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::AcceptOffer {
            ticket: members.ticket_id.0,
            agent: members.agent_id.0,
            assignment: members.assignment_id.map(|id| id.0),
        })
    }
}

/// An agent refuses an offer.
#[derive(Deserialize, JsonSchema)]
pub(super) struct TicketDeclined {
    /// The ticket.
    ticket_id: Named<TicketId>,
    /// The agent.
    agent_id: Named<AgentId>,
    /// The offer. Where it is named, an older or newer one is not declined in its place.
    assignment_id: Option<Named<AssignmentId>>,
    /// Why.
    reason: Option<Note>,
}

impl TicketDeclined {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::DeclineOffer {
            ticket: members.ticket_id.0,
            agent: members.agent_id.0,
            assignment: members.assignment_id.map(|id| id.0),
            reason: members.reason.map(|reason| reason.0),
        })
    }
}

/// The work is done.
#[derive(Deserialize, JsonSchema)]
pub(super) struct TicketCompleted {
    /// The ticket.
    ticket_id: Named<TicketId>,
    /// The agent who did it. Where it is named, it has to be the owner.
    agent_id: Option<Named<AgentId>>,
    /// How it ended, in upstream's words; handed on with `assignment.completed`.
    outcome: Option<Note>,
    /// `false` skips wrap-up.
    wrap_up: Option<bool>,
}

impl TicketCompleted {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::CompleteTicket {
            ticket: members.ticket_id.0,
            agent: members.agent_id.map(|agent| agent.0),
            outcome: members.outcome.map(|outcome| outcome.0),
            then: if members.wrap_up.unwrap_or(true) { AfterWork::WrapUp } else { AfterWork::Ready },
        })
    }
}

/// The work is handed over, to a role or to an agent: one of the two has to be named. The old agent's slot is freed,
/// the ticket keeps its age, and the one who gave it away is not offered it again.
#[derive(Deserialize, JsonSchema)]
#[schemars(extend("oneOf" = [
    { "required": ["to_role"], "properties": { "to_role": { "type": "string" } } },
    { "required": ["to_agent"], "properties": { "to_agent": { "type": "string" } } },
]))]
pub(super) struct TicketTransferred {
    /// The ticket.
    ticket_id: Named<TicketId>,
    /// To whoever of this role.
    to_role: Option<Named<RoleName>>,
    /// To this agent.
    to_agent: Option<Named<AgentId>>,
    /// Who handed it over.
    by: Option<Label>,
    /// What the next agent should know.
    note: Option<Note>,
}

impl TicketTransferred {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        let to = match (members.to_role, members.to_agent) {
            (Some(Named(role)), None) => TransferTo::Role(role),
            (None, Some(Named(agent))) => TransferTo::Agent(agent),
            (both, _) => {
                let found = if both.is_some() { "both" } else { "neither" };
                return Err(data.bad_field("", "one of to_role and to_agent", found));
            }
        };
        Ok(Command::TransferTicket {
            ticket: members.ticket_id.0,
            to,
            by: members.by.map(|by| by.0),
            note: members.note.map(|note| note.0),
        })
    }
}

/// The work goes back to its queue, with its age.
#[derive(Deserialize, JsonSchema)]
pub(super) struct TicketReleased {
    /// The ticket.
    ticket_id: Named<TicketId>,
    /// The agent who gives it back. Where it is named, it has to be the owner.
    agent_id: Option<Named<AgentId>>,
    /// Why.
    reason: Option<Note>,
}

impl TicketReleased {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::ReleaseTicket {
            ticket: members.ticket_id.0,
            agent: members.agent_id.map(|agent| agent.0),
            reason: members.reason.map(|reason| reason.0),
        })
    }
}

/// The customer is waited for: the slot is free, the agent stays the owner.
#[derive(Deserialize, JsonSchema)]
pub(super) struct TicketPaused {
    /// The ticket.
    ticket_id: Named<TicketId>,
}

impl TicketPaused {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::PauseTicket { ticket: members.ticket_id.0 })
    }
}

/// The customer is back: the ticket goes to its owner again, before anything else of its rank.
#[derive(Deserialize, JsonSchema)]
pub(super) struct TicketResumed {
    /// The ticket.
    ticket_id: Named<TicketId>,
}

impl TicketResumed {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::ResumeTicket { ticket: members.ticket_id.0 })
    }
}

/// An agent asks for work: the best ticket that it may take, or the one that is named.
#[derive(Deserialize, JsonSchema)]
pub(super) struct TicketClaimed {
    /// The agent.
    agent_id: Named<AgentId>,
    /// Only work of this role.
    role: Option<Named<RoleName>>,
    /// Only this ticket.
    ticket_id: Option<Named<TicketId>>,
}

impl TicketClaimed {
    pub(super) fn read(data: Data<'_>) -> Result<Command, Fault> {
        let members: Self = data.read()?;
        Ok(Command::ClaimTicket {
            agent: members.agent_id.0,
            role: members.role.map(|role| role.0),
            ticket: members.ticket_id.map(|ticket| ticket.0),
        })
    }
}
