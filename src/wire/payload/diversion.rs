//! What is told of tickets that their role does not let wait.

use schemars::JsonSchema;
use serde::Serialize;

use crate::routing::diversion::CallbackNote;

use super::ticket::TicketBody;
use super::{Time, TimeSchema};

/// The ticket's role is closed: it waits aside until that opens, and comes into its queue then.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct TicketDeferred<'a> {
    /// The ticket.
    pub(in crate::wire) ticket_id: &'a str,
    /// The role that is closed.
    pub(in crate::wire) role: &'a str,
    /// How it arrived.
    pub(in crate::wire) channel: &'a str,
    /// When the role opens.
    #[schemars(with = "TimeSchema")]
    pub(in crate::wire) opens_at: Time,
}

/// The ticket's role does not let it wait, and sends it to another, as if it had been handed over: its ladder starts anew,
/// its age stays.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct TicketDiverted<'a> {
    /// The ticket.
    pub(in crate::wire) ticket_id: &'a str,
    /// The role that does not let it wait.
    pub(in crate::wire) role: &'a str,
    /// The role that it goes to.
    pub(in crate::wire) to_role: &'a str,
    /// How it arrived.
    pub(in crate::wire) channel: &'a str,
    /// Why: `closed` (the role is), `waited` (for the role's `max_wait`), `full` (its `max_waiting` were waiting).
    pub(in crate::wire) cause: &'static str,
}

/// The ticket left the system because its role does not let it wait: whoever hears this is to see that somebody calls the
/// customer back.
#[derive(Serialize, JsonSchema)]
pub(in crate::wire) struct TicketCallback<'a> {
    /// The ticket.
    ticket_id: &'a str,
    /// The role that does not let it wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    /// How it arrived.
    channel: &'a str,
    /// Why: as in `ticket.diverted`.
    cause: &'a str,
    /// From its creation until now.
    waited_ms: u64,
    /// What upstream said of it, as it came.
    ticket: TicketBody<'a>,
}

impl<'a> TicketCallback<'a> {
    pub(in crate::wire) fn of(
        ticket_id: &'a str,
        (role, channel): (Option<&'a str>, &'a str),
        cause: &'a str,
        note: &'a CallbackNote,
    ) -> Self {
        Self { ticket_id, role, channel, cause, waited_ms: note.waited.0, ticket: TicketBody::of(&note.spec) }
    }
}
