//! What the OpenAPI document says of the engine's words, and of the events that come in, whose schemas are those of
//! `docs/schemas`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::config::{Kind, entry_schema};
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
    schema(value)
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

macro_rules! entries_of {
    ($($kind:ident: $one:ident $new:ident $all:ident;)+) => {$(
        /// One with the members of the configuration file: `docs/configuration.md` is their reference.
        pub(super) fn $one(generator: &mut SchemaGenerator) -> Schema {
            component(generator, stringify!($kind), entry_schema(Kind::$kind, false))
        }

        /// One that is to be, with its name.
        pub(super) fn $new(generator: &mut SchemaGenerator) -> Schema {
            component(generator, concat!("New", stringify!($kind)), entry_schema(Kind::$kind, true))
        }

        /// All of them.
        pub(super) fn $all(generator: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "type": "object",
                "description": "Each with the members of the configuration file; what is as by default is left out.",
                "properties": { "entries": { "type": "array", "items": $one(generator) } },
                "required": ["entries"],
            })
        }
    )+};
}

entries_of! {
    Role: role new_role roles;
    Rule: rule new_rule rules;
    Channel: channel new_channel channels;
}

fn schema(value: Value) -> Schema {
    Schema::try_from(value).expect("it is a schema")
}

/// A schema that stands once in the document, and a reference to it.
fn component(generator: &mut SchemaGenerator, name: &str, schema: Value) -> Schema {
    generator.definitions_mut().insert(name.to_owned(), schema);
    json_schema!({ "$ref": format!("#/components/schemas/{name}") })
}

/// What a copy of a role is to be called, and what is to be different in it; `null` for none.
pub(super) fn copied_role(_: &mut SchemaGenerator) -> Schema {
    let mut copy = entry_schema(Kind::Role, true);
    let members = copy.get_mut("properties").and_then(Value::as_object_mut).expect("a role has members");
    for (name, member) in members {
        if let Some(about) = member.as_object_mut().filter(|_| name != "name") {
            // What the copy does not say is as the original has it.
            about.remove("default");
            let description = about.remove("description");
            *member = json!({ "anyOf": [member, { "type": "null" }], "description": description });
        }
    }
    schema(copy)
}

/// An event in its envelope.
pub(super) fn event(_: &mut SchemaGenerator) -> Schema {
    data(include_str!("../../docs/schemas/cloudevent.json"))
}

/// What its sender likes: a mapping of the configuration reads it.
pub(super) fn anything(_: &mut SchemaGenerator) -> Schema {
    json_schema!({})
}

/// Many of them.
pub(super) fn events(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "minItems": 1, "maxItems": super::submission::EVENTS_MAX, "items": event(generator) })
}
