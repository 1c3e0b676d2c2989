//! What the outbox holds: publications, as bytes that the journal does not look into.

use std::borrow::Cow;
use std::hash::BuildHasher;
use std::sync::Arc;

use serde::Deserialize;

use crate::broker::{Exchange, LeftOut, Properties, Publication};
use crate::journal::JournalError;
use crate::wire::{CONTENT_TYPE, Outbound, Unreadable};

/// The headers that say why an event is among the dead letters (`docs/events.md#what-cant-be-read`).
pub(super) const ERROR_HEADER: &str = "x-rolecall-error";
pub(super) const DETAIL_HEADER: &str = "x-rolecall-detail";
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

/// A message that could not be read, with its body and properties untouched, and the reason. Only where its headers leave no
/// room for that are some left out, and the reason says so.
pub(super) fn dead_letter(
    routing_key: String,
    properties: Properties,
    body: Vec<u8>,
    unreadable: &Unreadable,
) -> Publication {
    let (properties, left_out) = properties.with_room_for_headers();
    let detail = match left_out {
        None => Cow::Borrowed(&unreadable.detail),
        Some(LeftOut { count, bytes }) => {
            Cow::Owned(format!("{} ({count} of its headers, of {bytes} bytes, are left out)", unreadable.detail))
        }
    };
    let properties = properties.with_header(ERROR_HEADER, unreadable.code.as_str()).with_header(DETAIL_HEADER, &detail);
    Publication { exchange: Exchange::Dead, routing_key, properties, body }
}

/// Stands for a ticket. Two tickets may share one: then they wait for each other, which does no harm.
pub(super) type Subject = u64;

/// A publication, and the ticket of which it tells.
pub(super) type Outgoing = (Arc<Publication>, Option<Subject>);

/// What stands for a ticket.
pub(super) fn subject_of(ticket: &str) -> Subject {
    foldhash::fast::FixedState::default().hash_one(ticket.as_bytes())
}

/// The ticket of which a message tells, where it tells of one: its messages are published in their order
/// (`docs/events.md#what-goes-out`). For what is read back; whoever makes a message knows.
pub(super) fn subject(publication: &Publication) -> Option<Subject> {
    #[derive(Deserialize)]
    struct Told<'a> {
        #[serde(borrow)]
        data: About<'a>,
    }
    #[derive(Deserialize)]
    struct About<'a> {
        #[serde(borrow)]
        ticket_id: Option<Cow<'a, str>>,
    }
    // Half of all that is said is of agents, and has nothing to be looked for.
    if publication.exchange != Exchange::Assignments || publication.routing_key.starts_with("agent.") {
        return None;
    }
    // Whatever is no event of ours has no order to keep.
    let told = serde_json::from_slice::<Told<'_>>(&publication.body).ok()?;
    Some(subject_of(&told.data.ticket_id?))
}

/// Room for what goes with most bodies, so that a record seldom grows while it is written.
const BESIDE_BODY_USUAL: usize = 512;

pub(super) fn encode(publication: &Publication) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(publication.body.len() + BESIDE_BODY_USUAL);
    rmp_serde::encode::write_named(&mut bytes, publication)
        .expect("a publication has no values that MessagePack lacks");
    bytes
}

pub(super) fn decode(number: u64, bytes: &[u8]) -> Result<Publication, JournalError> {
    rmp_serde::from_slice(bytes)
        .map_err(|error| JournalError::Damaged { what: format!("outbox record {number} is no publication: {error}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::Timestamp;
    use crate::wire::UnreadableCode;

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/outbox-v1");

    fn samples() -> [(&'static str, Publication); 2] {
        let outbound = Outbound {
            id: "00000000000000fe-7".to_owned(),
            kind: "assignment.assigned",
            ticket: Some("t-1".parse().expect("a name")),
            routing_key: "assignment.assigned.billing".to_owned(),
            timestamp: Timestamp(1_795_338_287_977),
            correlation_id: Some("7f3c".to_owned()),
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
            body: br#"{"specversion":"1.0"}"#.to_vec(),
        };
        let unreadable =
            Unreadable { code: UnreadableCode::BadJson, detail: "expected a value".to_owned(), kind: None };
        let properties = Properties::new().with_kind("ticket.created").with_header("x-own", "kept");
        let dead = dead_letter("ticket.created".to_owned(), properties, vec![0xff, 0x00], &unreadable);
        [("assigned", publication(outbound)), ("dead-letter", dead)]
    }

    /// A journal holds what an earlier version wanted to send: this version has to be able to.
    #[test]
    fn the_outbox_of_version_1_is_read() {
        for (name, expected) in samples() {
            let path = format!("{GOLDEN}/{name}.msgpack");
            if std::env::var_os("ROLECALL_BLESS").is_some() {
                std::fs::create_dir_all(GOLDEN).expect("the golden files have a directory");
                std::fs::write(&path, encode(&expected)).expect("the golden file is written");
            }
            let bytes = std::fs::read(&path).expect("the golden file is there");
            assert_eq!(decode(1, &bytes).expect("an old record is read"), expected, "{path}");
        }
    }

    #[test]
    fn headers_that_leave_no_room_for_the_reason_are_left_out_of_a_dead_letter() {
        let unreadable = Unreadable { code: UnreadableCode::BadJson, detail: "not JSON".to_owned(), kind: None };
        let long = "x".repeat(100_000);
        let properties = Properties::new().with_header("long", &long).with_header("tenant", "north");
        let letter = dead_letter("ticket.created".to_owned(), properties, Vec::new(), &unreadable).properties;
        assert_eq!((letter.header("long"), letter.header("tenant")), (None, Some("north")));
        let detail = letter.header(DETAIL_HEADER).expect("there is a reason");
        assert_eq!(detail, "not JSON (1 of its headers, of 100010 bytes, are left out)");
    }

    #[test]
    fn damage_is_an_error_that_names_the_record() {
        let error = decode(7, &[0xc1]).expect_err("0xc1 is no MessagePack").to_string();
        assert!(error.contains("record 7"), "{error}");
    }
}
