//! What happens between the daemon and the broker. No member holds the broker's URI: it has a password in it.

use std::time::Duration;

use metrics::counter;
use tracing::{error, info, warn};

use crate::telemetry::metric;

/// A connection was established.
#[derive(Debug, Clone, Copy)]
pub struct BrokerConnected<'a> {
    /// Host and port, and nothing else of the URI.
    pub address: &'a str,
    /// `consume` or `publish`.
    pub purpose: &'static str,
    /// 1 for the first since the start; later ones are reconnects.
    pub epoch: u64,
    /// How long it took since the last one was lost, or since the start.
    pub after: Duration,
}

impl BrokerConnected<'_> {
    /// Logs it, and counts it where it is a reconnect.
    pub fn emit(self) {
        if self.epoch > 1 {
            counter!(metric::AMQP_RECONNECTS_TOTAL).increment(1);
        }
        info!(
            address = self.address,
            purpose = self.purpose,
            epoch = self.epoch,
            after_ms = millis(self.after),
            "connected to the broker"
        );
    }
}

/// An attempt to connect failed; another follows.
#[derive(Debug, Clone, Copy)]
pub struct BrokerConnectFailed<'a> {
    /// Host and port, and nothing else of the URI.
    pub address: &'a str,
    /// What went wrong.
    pub error: &'a str,
    /// When the next attempt is made.
    pub retry_in: Duration,
}

impl BrokerConnectFailed<'_> {
    /// Logs it.
    pub fn emit(self) {
        warn!(
            address = self.address,
            error = self.error,
            retry_in_ms = millis(self.retry_in),
            "broker not reached, trying again"
        );
    }
}

/// A connection was lost.
#[derive(Debug, Clone, Copy)]
pub struct BrokerDisconnected<'a> {
    /// `consume` or `publish`.
    pub purpose: &'static str,
    /// Which connection it was.
    pub epoch: u64,
    /// What went wrong.
    pub error: &'a str,
}

impl BrokerDisconnected<'_> {
    /// Logs it.
    pub fn emit(self) {
        warn!(purpose = self.purpose, epoch = self.epoch, error = self.error, "connection to the broker lost");
    }
}

/// The broker takes no publishes for now.
#[derive(Debug, Clone, Copy)]
pub struct BrokerBlocked<'a> {
    /// What the broker says, `low on memory`.
    pub reason: &'a str,
}

impl BrokerBlocked<'_> {
    /// Logs it.
    pub fn emit(self) {
        warn!(reason = self.reason, "the broker blocks publishes; what follows from events waits in the outbox");
    }
}

/// The broker takes publishes again.
#[derive(Debug, Clone, Copy)]
pub struct BrokerUnblocked {
    /// For how long it did not.
    pub after: Duration,
}

impl BrokerUnblocked {
    /// Logs it.
    pub fn emit(self) {
        info!(after_ms = millis(self.after), "the broker takes publishes again");
    }
}

/// The broker ended the consumer: its queue was deleted, or a timeout ran out.
#[derive(Debug, Clone, Copy)]
pub struct ConsumerCancelled<'a> {
    /// The queue.
    pub queue: &'a str,
    /// Which connection it was.
    pub epoch: u64,
}

impl ConsumerCancelled<'_> {
    /// Logs it.
    pub fn emit(self) {
        error!(queue = self.queue, epoch = self.epoch, "the broker cancelled the consumer; building it anew");
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

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
