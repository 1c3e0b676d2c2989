//! The `data` of outbound events (`docs/events.md#what-goes-out`), as it is written.
//!
//! The comments on members are the reference: `docs/events.md` and the JSON Schemas repeat them. A member that has
//! nothing to say is left out, never `null`; but for `estimated_wait_ms` and its range, which displays can count on.

mod agent;
mod assignment;
mod automation;
mod diversion;
mod reason;
mod ticket;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::routing::time::Timestamp;

pub(super) use agent::{AgentChanged, CatalogueChanged, CommandRejected, ReconciledAgent};
pub(super) use assignment::{
    Assigned, AssignmentAssigned, AssignmentCompleted, AssignmentDeclined, AssignmentEnded, AssignmentHeld,
    AssignmentOffered, AssignmentRevoked,
};
pub(super) use automation::TicketAutomated;
pub(super) use diversion::{TicketCallback, TicketDeferred, TicketDiverted};
pub(super) use ticket::{
    TicketAtRisk, TicketBreached, TicketClosed, TicketEscalated, TicketQueued, TicketUnroutable, WaitRangeBody,
};

/// The schema of [`Time`].
pub(super) struct TimeSchema;

impl JsonSchema for TimeSchema {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// A moment as RFC 3339, in UTC, with milliseconds.
#[derive(Clone, Copy)]
pub(super) struct Time(pub(super) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const PRINTER: jiff::fmt::temporal::DateTimePrinter =
            jiff::fmt::temporal::DateTimePrinter::new().precision(Some(3));
        let end = if self.0.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        let moment = jiff::Timestamp::from_millisecond(self.0.0).unwrap_or(end);
        let mut text = String::with_capacity(24);
        PRINTER.print_timestamp(&moment, &mut text).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&text)
    }
}
