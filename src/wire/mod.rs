//! JSON and `CloudEvents` in and out, as `docs/events.md` has them.
//!
//! In: [`decode`] makes a [`Command`] of a message. What it returns has been parsed: every name is a name, every number
//! within its bounds; nobody behind it checks again. Out: [`Encoder::encode`] makes a message of an event.
//!
//! Invariants: no input makes this room panic, recurse deeply, or allocate more than a few times the message's size;
//! an unreadable message says where it is wrong and what was expected; equal inputs give equal bytes.
//!
//! This room knows `routing`, and neither the broker nor the journal: it sees bytes and properties.

mod about;
mod agent;
pub mod bounds;
mod context;
mod data;
mod document;
mod envelope;
mod inbound;
mod kind;
mod member;
mod outbound;
mod owning;
mod payload;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
mod ticket;
mod unambiguous;
mod unreadable;

use std::borrow::Cow;

pub use context::Context;
pub use envelope::Form;
pub use kind::EventKind;
pub use outbound::{After, CONTENT_TYPE, Encoder, Outbound};
pub use unambiguous::Unambiguous;
pub use unreadable::{Unreadable, UnreadableCode};

use crate::routing::{Catalogue, Command, Status};

/// A message as the broker delivered it, or as it came over HTTP.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawEvent<'a> {
    /// The body.
    pub body: &'a [u8],
    /// What the body is, where whoever took it in knows. Else its content type says so, and where that says nothing of
    /// `CloudEvents`, its members do.
    pub form: Option<Form>,
    /// AMQP `content_type`.
    pub content_type: Option<&'a str>,
    /// AMQP `type`.
    pub kind: Option<&'a str>,
    /// The routing key.
    pub routing_key: &'a str,
    /// AMQP `message_id`.
    pub message_id: Option<&'a str>,
    /// AMQP `app_id`.
    pub app_id: Option<&'a str>,
    /// The header `traceparent`.
    pub traceparent: Option<&'a str>,
}

/// What a message says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading<'a> {
    /// Its type, which may be none that we know.
    pub kind: Cow<'a, str>,
    /// Its id.
    pub id: Option<Cow<'a, str>>,
}

/// A message that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Inbound {
    /// Its type.
    pub kind: EventKind,
    /// Its id. Without one it can't be recognised as a duplicate.
    pub id: Option<String>,
    /// Where it comes from; empty where nothing was said. Source and id together name an event.
    pub source: String,
    /// What it asks for.
    pub command: Command,
    /// What is passed on to the events that follow from it.
    pub context: Context,
}

/// Reads a message, where this catalogue is in force.
///
/// # Errors
/// Says why the message belongs among the dead letters.
pub fn decode(raw: &RawEvent<'_>, catalogue: &Catalogue) -> Result<Inbound, Unreadable> {
    inbound::decode(raw, &|name| catalogue.statuses.get(name).copied())
}

/// Reads what a message says of itself, and not what it asks for: [`decode`] takes it for the same.
///
/// # Errors
/// Says why the message belongs among the dead letters.
pub fn heading<'a>(raw: &RawEvent<'a>) -> Result<Heading<'a>, Unreadable> {
    inbound::heading(raw)
}

/// What the `data` of such an event may be, as JSON Schema.
#[must_use]
pub fn data_schema(kind: EventKind) -> serde_json::Value {
    inbound::schema(kind).to_value()
}

/// Why a message need not be read at all, where it is larger than any may be ([`bounds::MESSAGE_SIZE_MAX`]).
#[must_use]
pub fn too_large(raw: &RawEvent<'_>) -> Option<Unreadable> {
    inbound::too_large(raw)
}

/// Why a message belongs among the dead letters over which so many processes have died. Its body is not looked at.
#[must_use]
pub fn give_up(raw: &RawEvent<'_>, deaths: u32) -> Unreadable {
    inbound::give_up(raw, deaths)
}

/// Whether a message can be read, where the catalogue is not known: a status that is not ours may be one of the
/// catalogue's.
///
/// # Errors
/// Says why the message belongs among the dead letters.
pub fn check(raw: &RawEvent<'_>) -> Result<(), Unreadable> {
    inbound::decode(raw, &|_| Some(Status::Away)).map(drop)
}
