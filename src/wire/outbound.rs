//! What the daemon says: an engine's event as a message for the broker (`docs/events.md#what-goes-out`).

use serde::Serialize;
use serde_json::{Map, Value};

use crate::routing::diversion::CallbackNote;
use crate::routing::name::{AgentId, ChannelName, RoleName, TicketId};
use crate::routing::ticket::Closing;
use crate::routing::{Catalogue, Event, Parted, PassedOn, State, Ticket, Timestamp};

use super::Context;
use super::about::About;
use super::payload::{
    AgentChanged, Assigned, AssignmentAssigned, AssignmentCompleted, AssignmentDeclined, AssignmentEnded,
    AssignmentHeld, AssignmentOffered, AssignmentRevoked, CatalogueChanged, CommandRejected, ReconciledAgent,
    TicketAtRisk, TicketAutomated, TicketBreached, TicketCallback, TicketClosed, TicketDeferred, TicketDiverted,
    TicketEscalated, TicketQueued, TicketUnroutable, Time, WaitRangeBody,
};

/// The content type of everything that is published.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// One message for the exchange `PREFIX.assignments`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// The same however often the message is sent: AMQP `message_id`.
    pub id: String,
    /// The type: AMQP `type`.
    pub kind: &'static str,
    /// Of which it tells: the `ticket_id` of its data.
    pub ticket: Option<TicketId>,
    /// `<type>.<role>`, or `<type>` where no role applies.
    pub routing_key: String,
    /// When it happened: AMQP `timestamp`, which has seconds only.
    pub timestamp: Timestamp,
    /// The id of the inbound event that caused it, where one did and it had one.
    pub correlation_id: Option<String>,
    /// The header `traceparent`: that event's, or the ticket's.
    pub traceparent: Option<String>,
    /// The envelope, as JSON.
    pub body: Vec<u8>,
}

/// What holds after the step in which an event happened.
#[derive(Debug, Clone, Copy)]
pub struct After<'a> {
    /// What the engine knows.
    pub state: &'a State,
    /// The tickets that the step ended ([`Outcome::parted`](crate::routing::Outcome::parted)).
    pub parted: &'a [Parted],
}

impl<'a> After<'a> {
    /// What a ticket passes on, of which the state may know no longer.
    fn passed_on(self, id: &TicketId, ticket: Option<&'a Ticket>) -> Option<&'a PassedOn> {
        match ticket {
            Some(ticket) => ticket.spec.beside.passed_on.as_deref(),
            None => self.parted.iter().find(|parted| parted.ticket == *id).map(|parted| &*parted.passed_on),
        }
    }
}

/// Makes messages of events. The same event with the same number gives the same bytes.
#[derive(Debug, Clone)]
pub struct Encoder {
    source: String,
    instance: u64,
}

impl Encoder {
    /// An encoder for the node of this name, and for the journal of this instance
    /// ([`State::identity`](crate::routing::State::identity)).
    #[must_use]
    pub fn new(node: &str, instance: u64) -> Self {
        Self { source: format!("/rolecall/{node}"), instance }
    }

    /// The message about an event, or `None` where the outside is not told of it.
    ///
    /// `seq` is the event's number, `at` when it happened, `after` what holds after it, and `context` comes from the
    /// inbound event that caused it ([`Context::default`] where time alone did).
    #[must_use]
    pub fn encode(
        &self,
        event: &Event,
        seq: u64,
        at: Timestamp,
        after: After<'_>,
        context: &Context,
    ) -> Option<Outbound> {
        let followed = About::of(event).follows();
        let ticket = followed.and_then(|id| after.state.ticket(id));
        let context = context.along_with(followed.and_then(|id| after.passed_on(id, ticket)));
        let known = Known { ticket, catalogue: after.state.catalogue() };
        self.encode_with(event, seq, at, &known, &context)
    }

    /// The same, with what is known beyond the event given by hand.
    pub(super) fn encode_with(
        &self,
        event: &Event,
        seq: u64,
        at: Timestamp,
        known: &Known<'_>,
        context: &Context,
    ) -> Option<Outbound> {
        let (sheet, about) = (Sheet { encoder: self, seq, at, context }, About::of(event));
        let message = match about {
            About::Nothing => None,
            About::House(_) => sheet.about_house(event),
            About::Ticket(_) => sheet.about_ticket(event),
            About::Assignment(_) => sheet.about_assignment(event, known),
        };
        Some(Outbound { ticket: about.ticket().cloned(), ..message? })
    }
}

fn ids(tickets: &[TicketId]) -> Vec<&str> {
    tickets.iter().map(TicketId::as_str).collect()
}

/// What is known of the ticket and the roles beyond what the event says.
pub(super) struct Known<'a> {
    pub(super) ticket: Option<&'a Ticket>,
    pub(super) catalogue: &'a Catalogue,
}

/// One message to be written.
struct Sheet<'a> {
    encoder: &'a Encoder,
    seq: u64,
    at: Timestamp,
    context: &'a Context,
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    time: Time,
    #[serde(flatten)]
    extensions: &'a Map<String, Value>,
    data: &'a T,
}

/// Room for most messages, so that a body seldom grows while it is written.
const BODY_SIZE_USUAL: usize = 1024;

impl Sheet<'_> {
    fn about_house(&self, event: &Event) -> Option<Outbound> {
        Some(match event {
            Event::CatalogueReplaced { changes, version, .. } => {
                self.message("catalogue.changed", None, &CatalogueChanged { version: *version, changes })
            }
            Event::AgentChanged { agent, view } => {
                self.message("agent.changed", None, &AgentChanged::of(agent.as_str(), view))
            }
            Event::AgentReconciled { agent, taken, created, returned, ended } => {
                let data = ReconciledAgent {
                    agent_id: agent.as_str(),
                    taken: ids(taken),
                    created: ids(created),
                    returned: ids(returned),
                    ended: ids(ended),
                };
                self.message("agent.reconciled", None, &data)
            }
            Event::CommandRejected { rejection, ticket, agent } => {
                let data = CommandRejected {
                    code: rejection.code.as_str(),
                    detail: &rejection.detail,
                    ticket_id: ticket.as_ref().map(TicketId::as_str),
                    agent_id: agent.as_ref().map(AgentId::as_str),
                };
                self.message("command.rejected", None, &data)
            }
            _ => return None,
        })
    }

    fn message(&self, kind: &'static str, role: Option<&RoleName>, data: &impl Serialize) -> Outbound {
        let id = format!("{:016x}-{}", self.encoder.instance, self.seq);
        let envelope = Envelope {
            specversion: "1.0",
            id: &id,
            source: &self.encoder.source,
            kind,
            time: Time(self.at),
            extensions: &self.context.extensions,
            data,
        };
        let mut body = Vec::with_capacity(BODY_SIZE_USUAL);
        serde_json::to_writer(&mut body, &envelope).expect("strings and numbers can be written to memory as JSON");
        Outbound {
            routing_key: role.map_or_else(|| kind.to_owned(), |role| format!("{kind}.{role}")),
            id,
            kind,
            ticket: None,
            timestamp: self.at,
            correlation_id: self.context.correlation_id.clone(),
            traceparent: self.context.trace().map(str::to_owned),
            body,
        }
    }

    fn about_ticket(&self, event: &Event) -> Option<Outbound> {
        Some(match event {
            Event::TicketQueued { ticket, role, channel, position, waiting, estimated_wait, wait_range, .. } => {
                let data = TicketQueued {
                    ticket_id: ticket.as_str(),
                    role: role.as_str(),
                    channel: channel.as_str(),
                    position: *position,
                    waiting: *waiting,
                    estimated_wait_ms: estimated_wait.map(|wait| wait.0),
                    estimated_wait_range_ms: wait_range.map(WaitRangeBody::of),
                };
                self.message("ticket.queued", Some(role), &data)
            }
            Event::TicketUnroutable { ticket, role, channel, cause } => {
                let data = TicketUnroutable {
                    ticket_id: ticket.as_str(),
                    role: role.as_ref().map(RoleName::as_str),
                    channel: channel.as_str(),
                    cause: cause.as_str(),
                };
                self.message("ticket.unroutable", role.as_ref(), &data)
            }
            Event::TicketEscalated { ticket, role, channel, step, demand, cause } => {
                let data =
                    TicketEscalated::of(ticket.as_str(), (role.as_str(), channel.as_str()), (*step, *cause), demand);
                self.message("ticket.escalated", Some(role), &data)
            }
            Event::TicketAtRisk { ticket, role, channel, due_at, position, estimated_wait } => {
                let data = TicketAtRisk {
                    ticket_id: ticket.as_str(),
                    role: role.as_str(),
                    channel: channel.as_str(),
                    due_at: Time(*due_at),
                    remaining_ms: due_at.since(self.at).0,
                    position: *position,
                    estimated_wait_ms: estimated_wait.map(|wait| wait.0),
                };
                self.message("ticket.at_risk", Some(role), &data)
            }
            Event::TicketBreached { ticket, role, channel, due_at } => {
                let data = TicketBreached {
                    ticket_id: ticket.as_str(),
                    role: role.as_str(),
                    channel: channel.as_str(),
                    due_at: Time(*due_at),
                };
                self.message("ticket.breached", Some(role), &data)
            }
            Event::TicketDeferred { ticket, role, channel, opens_at, .. } => {
                let data = TicketDeferred {
                    ticket_id: ticket.as_str(),
                    role: role.as_str(),
                    channel: channel.as_str(),
                    opens_at: Time(*opens_at),
                };
                self.message("ticket.deferred", Some(role), &data)
            }
            Event::TicketDiverted { ticket, role, channel, cause, demand, .. } => {
                let data = TicketDiverted {
                    ticket_id: ticket.as_str(),
                    role: role.as_str(),
                    to_role: demand.role().expect("a ticket is sent to a role").as_str(),
                    channel: channel.as_str(),
                    cause: cause.as_str(),
                };
                self.message("ticket.diverted", Some(role), &data)
            }
            Event::TicketAutomated { role, .. } => {
                self.message("ticket.automated", role.as_ref(), &TicketAutomated::of(event)?)
            }
            Event::TicketClosed { ticket, role, channel, how, cause, callback, .. } => {
                let about = (role.as_ref(), channel);
                return match callback {
                    Some(note) => Some(self.about_callback(ticket, about, cause, note)),
                    None => self.about_closing(ticket, about, *how, cause),
                };
            }
            _ => return None,
        })
    }

    fn about_closing(
        &self,
        ticket: &TicketId,
        (role, channel): (Option<&RoleName>, &ChannelName),
        how: Closing,
        cause: &str,
    ) -> Option<Outbound> {
        let kind = match how {
            Closing::Cancelled => "ticket.cancelled",
            Closing::Expired => "ticket.expired",
            // `assignment.completed` has said so, and `ticket.callback` says so.
            Closing::Completed | Closing::CalledBack => return None,
        };
        let data = TicketClosed {
            ticket_id: ticket.as_str(),
            role: role.map(RoleName::as_str),
            channel: channel.as_str(),
            cause,
        };
        Some(self.message(kind, role, &data))
    }

    fn about_callback(
        &self,
        ticket: &TicketId,
        (role, channel): (Option<&RoleName>, &ChannelName),
        cause: &str,
        note: &CallbackNote,
    ) -> Outbound {
        let about = (role.map(RoleName::as_str), channel.as_str());
        self.message("ticket.callback", role, &TicketCallback::of(ticket.as_str(), about, cause, note))
    }

    fn about_assignment(&self, event: &Event, known: &Known<'_>) -> Option<Outbound> {
        Some(match event {
            Event::OfferMade { taking, expires_at } => {
                let data = AssignmentOffered::of(taking, (self.at, *expires_at), known.ticket, known.catalogue);
                self.message("assignment.offered", Some(&taking.role), &data)
            }
            Event::TicketAssigned { taking, priority, waited, due_at, .. } => {
                let assigned = Assigned { priority: priority.get(), waited_ms: waited.0, due_at: *due_at };
                let data = AssignmentAssigned::of(taking, &assigned, known.ticket, known.catalogue);
                self.message("assignment.assigned", Some(&taking.role), &data)
            }
            Event::OfferDeclined { held, reason } => {
                let data = AssignmentDeclined::of(held, reason.as_deref());
                self.message("assignment.declined", Some(&held.role), &data)
            }
            Event::OfferExpired { held } => {
                self.message("assignment.expired", Some(&held.role), &AssignmentEnded::of(held, "timeout"))
            }
            Event::OfferRevoked { held, cause, remark } | Event::AssignmentRevoked { held, cause, remark } => {
                let data = AssignmentRevoked::of(held, *cause, remark);
                self.message("assignment.revoked", Some(&held.role), &data)
            }
            Event::AssignmentPaused { held } => {
                self.message("assignment.paused", Some(&held.role), &AssignmentHeld::of(held))
            }
            Event::AssignmentResumed { held, .. } => {
                self.message("assignment.resumed", Some(&held.role), &AssignmentHeld::of(held))
            }
            Event::AssignmentCompleted { held, waited, handled, outcome, .. } => {
                let data = AssignmentCompleted::of(held, waited.0, handled.0, outcome.as_deref());
                self.message("assignment.completed", Some(&held.role), &data)
            }
            _ => return None,
        })
    }
}
