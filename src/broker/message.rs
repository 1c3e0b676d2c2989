//! What comes in and what goes out, before anybody has read it.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::pattern;
use super::properties::Properties;

/// What is owed to somebody, of all that goes to the exchange of assignments, as patterns of routing keys: `PREFIX.outbox` is
/// bound with each of them, and none of it is let go. Assignments, because an agent waits for them; callbacks, because a
/// ticket that leaves for one is known to nobody else.
pub(super) const OWED: [&str; 2] = ["assignment.#", "ticket.callback.#"];

/// Names one delivery for its acknowledgement.
///
/// A delivery tag counts from one on every channel, so that it means nothing without the channel's epoch: a token of an
/// epoch that is over is ignored, and never acknowledges a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryToken {
    /// Which consuming channel, counted from one since the process started.
    pub epoch: u64,
    /// The delivery's number on that channel, counted from one.
    pub tag: u64,
}

/// One message taken from the inbox and not yet acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// To be given to [`Intake::settle`](super::Intake::settle) once all that follows from it is durable.
    pub token: DeliveryToken,
    /// As published; the inbox's name where a publisher used the default exchange.
    pub routing_key: String,
    /// All AMQP properties, kept whole.
    pub properties: Properties,
    /// Not looked at: may be anything, of any size the broker lets through.
    pub body: Vec<u8>,
    /// That the broker handed it out before. Its absence proves nothing: a publisher that lost a confirm sends again.
    pub redelivered: bool,
    /// When it came off the connection.
    pub received_at: Instant,
}

/// Where a publication goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Exchange {
    /// `PREFIX.assignments`, a topic exchange: all that the daemon says.
    Assignments,
    /// `PREFIX.dead`, a fanout exchange: events that could not be read.
    Dead,
    /// `PREFIX.events`, a topic exchange: what clients say (the commands `publish` and `bench`).
    Events,
}

/// One message to publish. This is also what the outbox stores, so it changes only with a golden file of the old form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Publication {
    /// Where to.
    pub exchange: Exchange,
    /// `<event type>.<role>` or `<event type>`; at most 255 bytes.
    pub routing_key: String,
    /// Must carry a message id that is unique among the publications under way: returns are matched by it.
    pub properties: Properties,
    /// As it goes over the wire.
    #[serde(with = "bytes")]
    pub body: Vec<u8>,
}

impl Publication {
    /// Whether a return (no queue is bound for it) is a failure that holds the line until somebody binds one.
    ///
    /// True of assignments, callbacks, dead letters and whatever clients publish. Not of what merely informs (every other
    /// `ticket.…`, `agent.…`, `command.…`, `catalogue.…`): a topic exchange at which nobody asked for it has delivered it to
    /// all who did.
    #[must_use]
    pub fn must_be_routed(&self) -> bool {
        match self.exchange {
            Exchange::Dead | Exchange::Events => true,
            Exchange::Assignments => OWED.iter().any(|owed| pattern::matches(owed, &self.routing_key)),
        }
    }
}

/// Bodies as one run of bytes rather than as an array of numbers.
mod bytes {
    use std::fmt;

    use serde::de::{SeqAccess, Visitor};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(body)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_byte_buf(Bytes)
    }

    struct Bytes;

    impl<'de> Visitor<'de> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("bytes")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
            Ok(bytes.to_vec())
        }

        fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Self::Value, E> {
            Ok(bytes)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
            let mut bytes = Vec::new();
            while let Some(byte) = sequence.next_element()? {
                bytes.push(byte);
            }
            Ok(bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_must_be_routed_and_what_informs_need_not() {
        for (routing_key, must_be_routed) in [
            ("assignment.assigned.billing", true),
            ("assignment.offered", true),
            ("ticket.callback.billing", true),
            ("ticket.callback.second.level", true),
            ("ticket.callback", true),
            ("ticket.queued.billing", false),
            ("ticket.cancelled.callback", false),
            ("agent.changed", false),
            ("agent.reconciled", false),
            ("command.rejected", false),
            ("catalogue.changed", false),
        ] {
            let publication = Publication {
                exchange: Exchange::Assignments,
                routing_key: routing_key.to_owned(),
                properties: Properties::new(),
                body: Vec::new(),
            };
            assert_eq!(publication.must_be_routed(), must_be_routed, "{routing_key}");
        }
    }
}
