//! What this room promises, from the outside.

mod fuzz;
mod out;
mod readable;
mod unreadable;
mod unreadable_members;

use super::{EventKind, Inbound, RawEvent, Unreadable};
use crate::routing::{Catalogue, Status, StatusName};

/// Reads a message under a catalogue that has one status of its own.
fn decode(raw: &RawEvent<'_>) -> Result<Inbound, Unreadable> {
    let lunch = StatusName::parse("lunch").expect("a name");
    super::decode(raw, &Catalogue { statuses: [(lunch, Status::Away)].into(), ..Catalogue::default() })
}

/// Reads a plain message of that type.
fn plain(kind: EventKind, data: &str) -> Result<Inbound, Unreadable> {
    decode(&RawEvent { body: data.as_bytes(), kind: Some(kind.as_str()), ..RawEvent::default() })
}

/// Reads an envelope by its content type.
fn enveloped(body: &str) -> Result<Inbound, Unreadable> {
    let content_type = Some("application/cloudevents+json; charset=utf-8");
    decode(&RawEvent { body: body.as_bytes(), content_type, ..RawEvent::default() })
}

/// Code and detail of the error that comes of it.
fn complaint(result: Result<Inbound, Unreadable>) -> String {
    match result {
        Ok(inbound) => format!("understood: {:?}", inbound.command),
        Err(unreadable) => unreadable.to_string(),
    }
}
