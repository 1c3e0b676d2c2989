//! From bytes and properties to a command: the way of a message through this room.

use std::borrow::Cow;

use schemars::Schema;
use schemars::generate::SchemaSettings;

use crate::routing::{Command, Status, StatusName};

use super::agent::{AgentHeartbeat, AgentPresence, AgentRegistered, AgentRemoved, WrapUpFinished};
use super::bounds::TRACEPARENT_LENGTH_MAX;
use super::data::Data;
use super::document;
use super::envelope::{self, Extensions, Form};
use super::kind::EventKind;
use super::owning::{AgentReconciled, TicketReplied, TicketTaken};
use super::ticket::{
    TicketAccepted, TicketCancelled, TicketClaimed, TicketCompleted, TicketCreated, TicketDeclined, TicketPaused,
    TicketReleased, TicketResumed, TicketTransferred, TicketUpdated,
};
use super::unreadable::{Fault, UnreadableCode, quote};
use super::{Context, Heading, Inbound, RawEvent, Unreadable};

/// U+001A SUBSTITUTE: stands for bytes of a property that are no UTF-8 (`broker::amqp::frames` puts it there).
const SUBSTITUTE: char = '\u{1a}';

/// A message with its envelope taken off, if it had one.
struct Message<'a> {
    kind: Cow<'a, str>,
    id: Option<Cow<'a, str>>,
    source: Cow<'a, str>,
    data: Data<'a>,
    extensions: Extensions,
}

/// What a status that is not ours is taken for, if it is known.
pub(super) type StatusMeaning<'a> = &'a dyn Fn(&StatusName) -> Option<Status>;

pub(super) fn decode(raw: &RawEvent<'_>, meaning: StatusMeaning<'_>) -> Result<Inbound, Unreadable> {
    let message = open(raw).map_err(|fault| fault.of(EventKind::parse(claimed_kind(raw))))?;
    let kind = EventKind::parse(&message.kind).ok_or_else(|| unknown_type(&message.kind).of(None))?;
    let command = read(kind, message.data, meaning).map_err(|fault| fault.of(Some(kind)))?;
    let id = message.id.map(Cow::into_owned);
    let context = Context {
        correlation_id: id.clone(),
        traceparent: raw.traceparent.filter(|text| text.len() <= TRACEPARENT_LENGTH_MAX).map(str::to_owned),
        extensions: message.extensions,
        ..Context::default()
    };
    Ok(Inbound { kind, id, source: message.source.into_owned(), command, context })
}

/// What a message says of itself, as [`decode`] reads it.
pub(super) fn heading<'a>(raw: &RawEvent<'a>) -> Result<Heading<'a>, Unreadable> {
    let message = open(raw).map_err(|fault| fault.of(EventKind::parse(claimed_kind(raw))))?;
    Ok(Heading { kind: message.kind, id: message.id })
}

/// What is wrong with a message by its size alone.
pub(super) fn too_large(raw: &RawEvent<'_>) -> Option<Unreadable> {
    let fault = document::check_size(raw.body).err()?;
    Some(fault.of(EventKind::parse(claimed_kind(raw))))
}

/// That an event is not read any more, because of what it did to those who read it. Nothing but its properties is looked
/// at here.
pub(super) fn give_up(raw: &RawEvent<'_>, deaths: u32) -> Unreadable {
    let detail = format!(
        "{deaths} processes died while they had this message and nothing else under way; look at what the last of them \
         said, mend what it shows, and send the message again"
    );
    Fault::new(UnreadableCode::GivenUp, detail).of(EventKind::parse(claimed_kind(raw)))
}

/// What the properties say of the type.
fn claimed_kind<'a>(raw: &RawEvent<'a>) -> &'a str {
    raw.kind.filter(|kind| !kind.is_empty()).unwrap_or(raw.routing_key)
}

fn open<'a>(raw: &RawEvent<'a>) -> Result<Message<'a>, Fault> {
    let text = document::read(raw.body)?;
    match raw.form.unwrap_or_else(|| Form::tell(raw.content_type, text)) {
        Form::Enveloped => {
            let envelope = envelope::parse(raw.content_type, text)?;
            Ok(Message {
                kind: envelope.kind,
                id: Some(envelope.id),
                source: envelope.source,
                data: Data { text: envelope.data, path: "$.data" },
                extensions: envelope.extensions,
            })
        }
        Form::Plain => {
            check_properties(raw)?;
            Ok(Message {
                kind: claimed_kind(raw).into(),
                id: raw.message_id.filter(|id| !id.is_empty()).map(Cow::Borrowed),
                source: raw.app_id.unwrap_or_default().into(),
                data: Data { text, path: "$" },
                extensions: Extensions::new(),
            })
        }
    }
}

/// Where a plain message's properties are its envelope, they have to be text. What was not arrives with
/// [`SUBSTITUTE`] in its place.
fn check_properties(raw: &RawEvent<'_>) -> Result<(), Fault> {
    let properties = [("type", raw.kind), ("message_id", raw.message_id), ("app_id", raw.app_id)];
    let routing_key = raw.kind.is_none_or(str::is_empty).then_some(raw.routing_key);
    let all = properties.into_iter().chain([("routing key", routing_key)]);
    match all.into_iter().find(|(_, text)| text.is_some_and(|text| text.contains(SUBSTITUTE))) {
        None => Ok(()),
        Some((name, text)) => {
            let detail = format!(
                "the AMQP property {name}: expected UTF-8, found bytes that are none, or U+001A ({:?})",
                quote(text.unwrap_or_default())
            );
            Err(Fault::new(UnreadableCode::BadEnvelope, detail))
        }
    }
}

fn unknown_type(found: &str) -> Fault {
    let found = if found.is_empty() { "nothing".into() } else { format!("{:?}", quote(found)) };
    let detail = format!("expected a type such as \"ticket.created\", found {found}");
    Fault::new(UnreadableCode::UnknownType, detail)
}

fn read(kind: EventKind, data: Data<'_>, meaning: StatusMeaning<'_>) -> Result<Command, Fault> {
    match kind {
        EventKind::TicketCreated => TicketCreated::read(data),
        EventKind::TicketUpdated => TicketUpdated::read(data),
        EventKind::TicketCancelled | EventKind::CallAbandoned => TicketCancelled::read(data),
        EventKind::TicketAccepted | EventKind::CallAnswered => TicketAccepted::read(data),
        EventKind::TicketDeclined | EventKind::CallRejected => TicketDeclined::read(data),
        EventKind::TicketCompleted | EventKind::CallEnded => TicketCompleted::read(data),
        EventKind::TicketTransferred => TicketTransferred::read(data),
        EventKind::TicketReleased => TicketReleased::read(data),
        EventKind::TicketPaused => TicketPaused::read(data),
        EventKind::TicketResumed => TicketResumed::read(data),
        EventKind::TicketClaimed => TicketClaimed::read(data),
        EventKind::TicketTaken => TicketTaken::read(data),
        EventKind::AgentReconciled => AgentReconciled::read(data),
        EventKind::TicketReplied => TicketReplied::read(data),
        EventKind::CallQueued => TicketCreated::read_call(data),
        EventKind::AgentRegistered => AgentRegistered::read(data),
        EventKind::AgentRemoved => AgentRemoved::read(data),
        EventKind::AgentPresence => AgentPresence::read(data, meaning),
        EventKind::AgentHeartbeat => AgentHeartbeat::read(data),
        EventKind::WrapUpFinished => WrapUpFinished::read(data),
    }
}

/// What the `data` of such an event may be, as JSON Schema.
pub(super) fn schema(kind: EventKind) -> Schema {
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    macro_rules! of {
        ($kind:ident) => {
            generator.into_root_schema_for::<$kind>()
        };
    }
    match kind {
        EventKind::TicketCreated | EventKind::CallQueued => of!(TicketCreated),
        EventKind::TicketUpdated => of!(TicketUpdated),
        EventKind::TicketCancelled | EventKind::CallAbandoned => of!(TicketCancelled),
        EventKind::TicketAccepted | EventKind::CallAnswered => of!(TicketAccepted),
        EventKind::TicketDeclined | EventKind::CallRejected => of!(TicketDeclined),
        EventKind::TicketCompleted | EventKind::CallEnded => of!(TicketCompleted),
        EventKind::TicketTransferred => of!(TicketTransferred),
        EventKind::TicketReleased => of!(TicketReleased),
        EventKind::TicketPaused => of!(TicketPaused),
        EventKind::TicketResumed => of!(TicketResumed),
        EventKind::TicketClaimed => of!(TicketClaimed),
        EventKind::TicketTaken => of!(TicketTaken),
        EventKind::AgentReconciled => of!(AgentReconciled),
        EventKind::TicketReplied => of!(TicketReplied),
        EventKind::AgentRegistered => of!(AgentRegistered),
        EventKind::AgentRemoved => of!(AgentRemoved),
        EventKind::AgentPresence => of!(AgentPresence),
        EventKind::AgentHeartbeat => of!(AgentHeartbeat),
        EventKind::WrapUpFinished => of!(WrapUpFinished),
    }
}
