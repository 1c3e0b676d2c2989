//! What the OpenAPI document says of the engine's words, and of the events that come in, whose schemas are those of
//! `docs/schemas`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::routing::agent::ChannelLoad;
use crate::routing::name::NAME_LENGTH_MAX;
use crate::routing::permission::AccessLevel;
use crate::routing::{
    AgentId, AssignmentId, ChannelName, Permission, RoleName, RuleName, SkillName, Status, StatusName, TicketId,
    Timestamp,
};

macro_rules! names {
    ($($name:ident)+) => {$(
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "minLength": 1, "maxLength": NAME_LENGTH_MAX })
            }
        }
    )+};
}

names! { AgentId AssignmentId ChannelName Permission RoleName RuleName SkillName StatusName TicketId }

macro_rules! words {
    ($($name:ident)+) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let words: Vec<_> = $name::ALL.into_iter().map($name::as_str).collect();
                json_schema!({ "type": "string", "enum": words })
            }
        }
    )+};
}

words! { AccessLevel Status }

impl JsonSchema for ChannelLoad {
    fn schema_name() -> Cow<'static, str> {
        "ChannelLoad".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let whole = json_schema!({ "type": "integer", "minimum": 0 });
        json_schema!({
            "type": "object",
            "properties": { "used": whole, "limit": whole },
            "required": ["used", "limit"],
        })
    }
}

impl JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// The schema of an event's `data` where the address says whom it is about.
fn data(text: &str) -> Schema {
    let mut value: Value = serde_json::from_str(text).expect("a test wrote it");
    for member in ["$schema", "$id"] {
        value.as_object_mut().expect("a schema is an object").remove(member);
    }
    Schema::try_from(value).expect("it is a schema")
}

fn without(text: &str, members: &[&str]) -> Schema {
    let mut schema = data(text);
    let required = schema.get_mut("required").and_then(Value::as_array_mut);
    if let Some(required) = required {
        required.retain(|name| name.as_str().is_none_or(|name| !members.contains(&name)));
    }
    schema
}

macro_rules! data_of {
    ($($name:ident = $kind:literal without $members:expr;)+) => {$(
        pub(super) fn $name(_: &mut SchemaGenerator) -> Schema {
            without(include_str!(concat!("../../docs/schemas/in/", $kind, ".json")), &$members)
        }
    )+};
}

data_of! {
    ticket_created = "ticket.created" without ["ticket_id"];
    ticket_updated = "ticket.updated" without ["ticket_id"];
    ticket_accepted = "ticket.accepted" without ["ticket_id", "agent_id"];
    ticket_taken = "ticket.taken" without ["ticket_id"];
    ticket_cancelled = "ticket.cancelled" without ["ticket_id"];
    ticket_completed = "ticket.completed" without ["ticket_id"];
    ticket_declined = "ticket.declined" without ["ticket_id", "agent_id"];
    ticket_paused = "ticket.paused" without ["ticket_id"];
    ticket_released = "ticket.released" without ["ticket_id"];
    ticket_replied = "ticket.replied" without ["ticket_id"];
    ticket_resumed = "ticket.resumed" without ["ticket_id"];
    ticket_transferred = "ticket.transferred" without ["ticket_id"];
    ticket_claimed = "ticket.claimed" without ["agent_id"];
    wrap_up_finished = "wrap_up.finished" without ["agent_id"];
    agent_heartbeat = "agent.heartbeat" without ["agent_id"];
    agent_presence = "agent.presence" without ["agent_id"];
    agent_registered = "agent.registered" without ["agent_id"];
}

/// An entry of the catalogue: `docs/configuration.md` is its reference.
pub(super) fn entry(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "description": "The members of the configuration file, by the same names." })
}

/// What a copy of an entry is to be called, and what is to be different in it.
pub(super) fn copy(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "description": "The new name, and the members that are different; `null` for none.",
        "properties": { "name": { "type": "string", "minLength": 1, "maxLength": NAME_LENGTH_MAX } },
        "required": ["name"],
    })
}

/// An event in its envelope.
pub(super) fn event(_: &mut SchemaGenerator) -> Schema {
    data(include_str!("../../docs/schemas/cloudevent.json"))
}

/// Many of them.
pub(super) fn events(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "minItems": 1, "maxItems": super::submission::EVENTS_MAX, "items": event(generator) })
}
