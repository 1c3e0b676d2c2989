//! What can go wrong with a transport, and what that means for the process.
//!
//! No text here ever holds the broker's URI as written, because it has a password in it. Where the place must be named, it
//! is as [`BrokerUri`](super::options::BrokerUri) prints itself.

use std::path::PathBuf;
use std::time::Duration;

/// Why a transport could not be started, or had to give up while it ran.
///
/// All else (connections lost, a broker that restarts) is met by reconnecting, and shows in the status only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The URI in the configuration can't be read.
    #[error("amqp.uri is not an AMQP URI: {reason}")]
    Uri {
        /// Without the URI's text.
        reason: String,
    },
    /// A file for TLS to the broker can't be used.
    #[error("{}: {reason}", file.display())]
    Tls {
        /// As configured.
        file: PathBuf,
        /// What was expected of it.
        reason: String,
    },
    /// Nobody answered in time.
    #[error("no broker at {endpoint} within {waited:?}: {reason}")]
    Unreachable {
        /// Host, port and virtual host.
        endpoint: String,
        /// `connect_timeout`
        waited: Duration,
        /// What the last try ended with.
        reason: String,
    },
    /// A listener's connection or queue is gone, and what was in the queue with it.
    #[error("lost the broker at {endpoint}: {reason}")]
    Lost {
        /// Host, port and virtual host.
        endpoint: String,
        /// What ended it.
        reason: String,
    },
    /// The broker knows us and says no: wrong password, no such virtual host, no permission on an object.
    #[error("the broker at {endpoint} refuses: {reason}")]
    Refused {
        /// Host, port and virtual host.
        endpoint: String,
        /// In the broker's own words, and what to do.
        reason: String,
    },
    /// An object exists with other arguments, or (with `amqp.declare = false`) not at all.
    #[error("{object} on the broker is not as configured: {reason}")]
    Topology {
        /// `queue rolecall.inbox`
        object: String,
        /// In the broker's own words, and what to do.
        reason: String,
    },
}

impl TransportError {
    /// Whether the configuration has to change before it can work (exit code 78), rather than the world (69).
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Uri { .. } | Self::Tls { .. } | Self::Refused { .. } | Self::Topology { .. } => true,
            Self::Unreachable { .. } | Self::Lost { .. } => false,
        }
    }
}

/// Why a window was not confirmed whole. Call again with what is left, under the same message ids.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{confirmed} of the window confirmed, then {cause}")]
pub struct PublishError {
    /// How many from the front of the window are done with; the rest may or may not have arrived.
    pub confirmed: usize,
    /// What happened to the one after them.
    pub cause: PublishCause,
}

/// What kept a publication from being confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishCause {
    /// No queue is bound for it.
    #[error("returned as unroutable: {routing_key} ({reply})")]
    Returned {
        /// For which no queue is bound.
        routing_key: String,
        /// The broker's words.
        reply: String,
    },
    /// The broker refuses to take it (a queue at its limit that rejects, or a fault of its own).
    #[error("refused by the broker (nack)")]
    Nacked,
    /// No confirm in time; the connection has been thrown away.
    #[error("not confirmed within {0:?}")]
    Timeout(Duration),
    /// The connection is not there.
    #[error("no connection: {0}")]
    Disconnected(String),
    /// It could not work however often it were tried.
    #[error("{0}")]
    Fatal(TransportError),
}
