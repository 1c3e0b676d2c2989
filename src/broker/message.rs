//! What comes in and what goes out, before anybody has read it.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::properties::Properties;

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
    /// True of assignments, dead letters and whatever clients publish. Not of what merely informs (`agent.changed`,
    /// `ticket.queued` …): a topic exchange at which nobody asked for it has delivered it to all who did.
    #[must_use]
    pub fn must_be_routed(&self) -> bool {
        match self.exchange {
            Exchange::Dead | Exchange::Events => true,
            Exchange::Assignments => self.routing_key.starts_with("assignment."),
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
