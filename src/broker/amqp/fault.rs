//! What ends a connection, and whether another one can help.

use std::time::Duration;

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::{Error, ErrorKind};

use super::Moment;
use crate::broker::error::TransportError;
use crate::broker::options::BrokerOptions;

/// Why a connection has to be thrown away.
#[derive(Debug)]
pub(super) enum Fault {
    /// The library's, or the broker's words through it.
    Lapin { what: &'static str, error: Error },
    /// The broker did not answer a request.
    Timeout { what: &'static str, bound: Duration },
    /// The server ended our consumer: its queue was deleted, or its node went away. The connection looks sound.
    ConsumerCancelled,
    /// An object is not as configured.
    Topology { object: String, reason: String },
    /// An object is not there, and it is not for us to make it.
    Missing { object: String, reason: String },
    /// The broker refuses an operation on an object.
    Forbidden { object: String, reason: String },
}

impl Fault {
    pub(super) fn from_lapin(what: &'static str, error: Error) -> Self {
        Self::Lapin { what, error }
    }

    /// The error that only a person can mend, or else the reason to try again.
    pub(super) fn into_fatal(self, moment: Moment, options: &BrokerOptions) -> Result<TransportError, String> {
        let endpoint = options.uri.to_string();
        match (self, moment) {
            (Self::Topology { object, reason }, _) | (Self::Missing { object, reason }, Moment::Start) => {
                Ok(TransportError::Topology { object, reason })
            }
            (Self::Forbidden { object, reason }, Moment::Start) => {
                Ok(TransportError::Refused { endpoint, reason: format!("{object}: {reason}") })
            }
            (Self::Lapin { error, .. }, Moment::Start) if is_refusal(&error) => {
                Ok(TransportError::Refused { endpoint, reason: refusal(&error) })
            }
            (fault, _) => Err(fault.to_string()),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lapin { what, error } => write!(formatter, "{what}: {error}"),
            Self::Timeout { what, bound } => write!(formatter, "{what}: no answer within {bound:?}"),
            Self::ConsumerCancelled => {
                formatter.write_str("the broker cancelled the consumer (was the inbox deleted?)")
            }
            Self::Topology { object, reason }
            | Self::Missing { object, reason }
            | Self::Forbidden { object, reason } => {
                write!(formatter, "{object}: {reason}")
            }
        }
    }
}

/// What the broker said by its error, where it was the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// `NOT_FOUND`
    NotFound,
    /// `PRECONDITION_FAILED`, or `RESOURCE_LOCKED`: there is another one of this name.
    Unequal,
    /// `ACCESS_REFUSED`
    Refused,
    /// Anything else.
    Other,
}

pub(super) fn answer(error: &Error) -> (Answer, String) {
    let ErrorKind::ProtocolError(protocol) = error.kind() else {
        return (Answer::Other, error.to_string());
    };
    let text = protocol.get_message().to_string();
    let answer = match protocol.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => Answer::NotFound,
        AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED | AMQPSoftError::RESOURCELOCKED) => Answer::Unequal,
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => Answer::Refused,
        _ => Answer::Other,
    };
    (answer, text)
}

/// Whether the broker turned the connection itself down: the password, the virtual host, or our rights in it.
fn is_refusal(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(protocol) => matches!(
            protocol.kind(),
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) | AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED)
        ),
        _ => false,
    }
}

fn refusal(error: &Error) -> String {
    let (_, text) = answer(error);
    format!("{text}; check user, password and virtual host in amqp.uri, and the user's permissions there")
}
