//! What the daemon says: an engine's event as a message for the broker (contract §5).

use crate::routing::{Event, State, Timestamp};

use super::Context;

/// The content type of everything that is published.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// One message for the exchange `PREFIX.assignments`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// The same however often the message is sent: AMQP `message_id`.
    pub id: String,
    /// The type: AMQP `type`.
    pub kind: &'static str,
    /// `<type>.<role>`, or `<type>` where no role applies.
    pub routing_key: String,
    /// When it happened: AMQP `timestamp`, which has seconds only.
    pub timestamp: Timestamp,
    /// The id of the inbound event that caused it, where one did and it had one.
    pub correlation_id: Option<String>,
    /// The header `traceparent` of that event.
    pub traceparent: Option<String>,
    /// The envelope, as JSON.
    pub body: Vec<u8>,
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
    /// `seq` is the event's number, `at` when it happened, `state` what holds after it, and `context` comes from the
    /// inbound event that caused it ([`Context::default`] where time alone did).
    #[must_use]
    pub fn encode(
        &self,
        _event: &Event,
        _seq: u64,
        _at: Timestamp,
        _state: &State,
        _context: &Context,
    ) -> Option<Outbound> {
        let _ = (&self.source, self.instance);
        None
    }
}
