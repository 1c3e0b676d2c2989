//! Tells telemetry what happens on the connections to the broker.

use crate::broker::{Observer, Publication, ReturnFate, Status};
use crate::http::Readiness;
use crate::telemetry::Meters;
use crate::telemetry::occurrence::{BrokerReconnected, InboxConsumersCounted, PublishUnwanted};

use super::oversized;

/// Counts what happens on the connections.
pub(super) struct BrokerObserver {
    pub(super) meters: Meters,
}

impl Observer for BrokerObserver {
    fn reconnected(&self) {
        BrokerReconnected.emit();
    }

    fn inbox_consumers(&self, count: u32) {
        InboxConsumersCounted { count }.emit();
    }

    fn set_apart(&self, letter: &Publication) {
        oversized::tell(letter, &self.meters);
    }

    fn returned(&self, routing_key: &str, fate: ReturnFate) {
        if fate == ReturnFate::LetGo {
            PublishUnwanted { routing_key }.emit();
        }
    }
}

/// Follows the status of the transport into readiness.
pub(super) fn follow(status: &Status, readiness: &Readiness) {
    if status.is_consuming() {
        readiness.consuming();
    } else {
        readiness.not_consuming();
    }
}
