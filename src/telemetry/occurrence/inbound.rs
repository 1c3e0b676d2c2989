//! What becomes of an inbound event: four outcomes, one count each.

use tracing::{debug, info};

use crate::routing::Rejection;
use crate::telemetry::meters::{InboundOutcome, Meters};

/// An inbound event was done.
#[derive(Debug, Clone, Copy)]
pub struct EventAccepted<'a> {
    /// Its type as it came.
    pub kind: &'a str,
    /// Its id, where it has one.
    pub id: Option<&'a str>,
    /// How many events followed from it.
    pub events_count: usize,
}

impl EventAccepted<'_> {
    /// Logs and counts it.
    pub fn emit(self, meters: &Meters) {
        meters.inbound(self.kind, InboundOutcome::Accepted);
        debug!(kind = self.kind, id = self.id, events = self.events_count, "event accepted");
    }
}

/// An inbound event was known already, and changed nothing.
#[derive(Debug, Clone, Copy)]
pub struct EventDuplicate<'a> {
    /// Its type as it came.
    pub kind: &'a str,
    /// Its id, where it has one.
    pub id: Option<&'a str>,
}

impl EventDuplicate<'_> {
    /// Logs and counts it.
    pub fn emit(self, meters: &Meters) {
        meters.inbound(self.kind, InboundOutcome::Duplicate);
        debug!(kind = self.kind, id = self.id, "event is a duplicate");
    }
}

/// An inbound event could not be done; its sender is told.
#[derive(Debug, Clone, Copy)]
pub struct EventRejected<'a> {
    /// Its type as it came.
    pub kind: &'a str,
    /// Its id, where it has one.
    pub id: Option<&'a str>,
    /// Why.
    pub rejection: &'a Rejection,
}

impl EventRejected<'_> {
    /// Logs and counts it.
    pub fn emit(self, meters: &Meters) {
        meters.inbound(self.kind, InboundOutcome::Rejected);
        let code = self.rejection.code.as_str();
        debug!(kind = self.kind, id = self.id, code, detail = %self.rejection.detail, "event rejected");
    }
}

/// An inbound event could not be read, and goes to the dead letters.
#[derive(Debug, Clone, Copy)]
pub struct EventDeadLettered<'a> {
    /// Its type, where that could be read.
    pub kind: &'a str,
    /// One of the codes of `docs/events.md#what-cant-be-read`.
    pub code: &'a str,
    /// Where it is wrong and what was expected, and nothing of what is in it.
    pub detail: &'a str,
}

impl EventDeadLettered<'_> {
    /// Logs and counts it.
    pub fn emit(self, meters: &Meters) {
        meters.inbound(self.kind, InboundOutcome::DeadLettered);
        info!(kind = self.kind, code = self.code, detail = self.detail, "event dead-lettered");
    }
}
