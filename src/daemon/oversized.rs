//! Bodies that are longer than any event may be: they go to the dead letters apart from all else.
//!
//! Nothing follows from them, so the journal need not know of them: until the broker has confirmed the dead letter, the
//! message is in the inbox. On the way of the others sixteen megabytes would take a sync of their own and a window of their
//! own, and everybody behind them would wait.

use crate::broker::{Delivery, Publication, Sifted};
use crate::telemetry::Meters;
use crate::telemetry::occurrence::EventDeadLettered;
use crate::wire::{self, EventKind};

use super::outbox::{self, DETAIL_HEADER, ERROR_HEADER};
use super::writer::{UNKNOWN_KIND, raw};

/// What is too large becomes its dead letter at once; all else goes on.
pub(super) fn sift(delivery: Delivery) -> Sifted {
    let Some(unreadable) = wire::too_large(&raw(&delivery)) else { return Sifted::Passed(delivery) };
    let Delivery { routing_key, properties, body, .. } = delivery;
    Sifted::Apart(outbox::dead_letter(routing_key, properties, body, &unreadable))
}

/// Logs and counts one.
pub(super) fn tell(letter: &Publication, meters: &Meters) {
    let kind = letter.properties.kind().filter(|kind| !kind.is_empty()).unwrap_or(&letter.routing_key);
    let kind = EventKind::parse(kind).map_or(UNKNOWN_KIND, EventKind::as_str);
    let header = |name| letter.properties.header(name).unwrap_or_default();
    EventDeadLettered { kind, code: header(ERROR_HEADER), detail: header(DETAIL_HEADER) }.emit(meters);
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::broker::{DeliveryToken, Exchange, Properties};
    use crate::wire::bounds::MESSAGE_SIZE_MAX;

    fn delivery(length: usize) -> Delivery {
        Delivery {
            token: DeliveryToken { epoch: 1, tag: 1 },
            routing_key: "ticket.created".to_owned(),
            properties: Properties::new().with_message_id("m-1"),
            body: vec![b' '; length],
            redelivered: false,
            received_at: Instant::now(),
        }
    }

    #[test]
    fn only_what_is_too_large_goes_apart_and_whole() {
        assert!(matches!(sift(delivery(MESSAGE_SIZE_MAX)), Sifted::Passed(_)));
        let Sifted::Apart(letter) = sift(delivery(MESSAGE_SIZE_MAX + 1)) else { panic!("it is too large") };
        assert_eq!((letter.exchange, letter.body.len()), (Exchange::Dead, MESSAGE_SIZE_MAX + 1));
        assert_eq!(letter.properties.message_id(), Some("m-1"));
        assert_eq!(letter.properties.header(ERROR_HEADER), Some("too_large"));
    }
}
