//! What happens between the daemon and the broker, as far as it is counted. The broker's room itself logs how its
//! connections come and go. No member holds the broker's URI: it has a password in it.

use metrics::{counter, gauge};
use tracing::{debug, warn};

use crate::telemetry::metric;

/// A connection that was lost is back.
#[derive(Debug, Clone, Copy)]
pub struct BrokerReconnected;

impl BrokerReconnected {
    /// Counts it; the broker's room has logged it.
    pub fn emit(self) {
        counter!(metric::AMQP_RECONNECTS_TOTAL).increment(1);
    }
}

/// What merely informs came back, because no queue is bound for it: all who asked have had it.
#[derive(Debug, Clone, Copy)]
pub struct PublishUnwanted<'a> {
    /// For which no queue is bound.
    pub routing_key: &'a str,
}

impl PublishUnwanted<'_> {
    /// Counts and logs it.
    pub fn emit(self) {
        counter!(metric::PUBLISH_UNWANTED_TOTAL).increment(1);
        debug!(routing_key = self.routing_key, "published, and wanted by nobody");
    }
}

/// The broker said how many consume the inbox, this daemon included.
#[derive(Debug, Clone, Copy)]
pub struct InboxConsumersCounted {
    /// So many.
    pub count: u32,
}

impl InboxConsumersCounted {
    /// Counts them; the broker's room says what is to be said of it.
    pub fn emit(self) {
        gauge!(metric::INBOX_CONSUMERS).set(self.count);
    }
}

/// Why a publish failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishFailure {
    /// No queue was bound where it went.
    Returned,
    /// The broker refused it.
    Nacked,
    /// The broker said nothing in time.
    Unconfirmed,
}

impl PublishFailure {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Returned, Self::Nacked, Self::Unconfirmed];

    /// As the label spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Nacked => "nacked",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}

/// A publish failed; it stays in the outbox and is tried again.
#[derive(Debug, Clone, Copy)]
pub struct PublishFailed<'a> {
    /// Why.
    pub cause: PublishFailure,
    /// The exchange it went to.
    pub exchange: &'a str,
    /// Its routing key.
    pub routing_key: &'a str,
    /// Its message id, where one message is meant.
    pub message_id: Option<&'a str>,
    /// How many messages are meant.
    pub messages_count: u64,
}

impl PublishFailed<'_> {
    /// Logs and counts it.
    pub fn emit(self) {
        counter!(metric::PUBLISH_FAILURES_TOTAL, "cause" => self.cause.as_str()).increment(self.messages_count);
        warn!(
            cause = self.cause.as_str(),
            exchange = self.exchange,
            routing_key = self.routing_key,
            message_id = self.message_id,
            messages = self.messages_count,
            "publish failed, trying again"
        );
    }
}
