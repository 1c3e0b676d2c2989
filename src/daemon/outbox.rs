//! What the outbox holds: publications, as bytes that the journal does not look into.

use crate::broker::{Exchange, Properties, Publication};
use crate::journal::JournalError;
use crate::wire::{CONTENT_TYPE, Outbound, Unreadable};

/// The headers that say why an event is among the dead letters (contract §2).
const ERROR_HEADER: &str = "x-rolecall-error";
const DETAIL_HEADER: &str = "x-rolecall-detail";
const TRACE_HEADER: &str = "traceparent";

/// The message about an event.
pub(super) fn publication(outbound: Outbound) -> Publication {
    let mut properties = Properties::new()
        .with_content_type(CONTENT_TYPE)
        .with_message_id(&outbound.id)
        .with_kind(outbound.kind)
        .with_timestamp_s(u64::try_from(outbound.timestamp.0 / 1_000).unwrap_or(0));
    if let Some(correlation_id) = &outbound.correlation_id {
        properties = properties.with_correlation_id(correlation_id);
    }
    if let Some(traceparent) = &outbound.traceparent {
        properties = properties.with_header(TRACE_HEADER, traceparent);
    }
    Publication { exchange: Exchange::Assignments, routing_key: outbound.routing_key, properties, body: outbound.body }
}

/// A message that could not be read, with its body and properties untouched, and the reason.
pub(super) fn dead_letter(
    routing_key: String,
    properties: Properties,
    body: Vec<u8>,
    unreadable: &Unreadable,
) -> Publication {
    let properties =
        properties.with_header(ERROR_HEADER, unreadable.code.as_str()).with_header(DETAIL_HEADER, &unreadable.detail);
    Publication { exchange: Exchange::Dead, routing_key, properties, body }
}

pub(super) fn encode(publication: &Publication) -> Vec<u8> {
    rmp_serde::to_vec_named(publication).expect("a publication has no values that MessagePack lacks")
}

pub(super) fn decode(number: u64, bytes: &[u8]) -> Result<Publication, JournalError> {
    rmp_serde::from_slice(bytes)
        .map_err(|error| JournalError::Damaged { what: format!("outbox record {number} is no publication: {error}") })
}
