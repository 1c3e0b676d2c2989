//! JSON Schemas of `data`, from the structs that are read and written.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::super::bounds::{EVENT_ID_LENGTH_MAX, SOURCE_LENGTH_MAX, TYPE_LENGTH_MAX};
use super::super::payload::{
    AgentChanged, AssignmentAssigned, AssignmentCompleted, AssignmentDeclined, AssignmentEnded, AssignmentHeld,
    AssignmentOffered, AssignmentRevoked, CatalogueChanged, CommandRejected, ReconciledAgent, TicketAtRisk,
    TicketAutomated, TicketBreached, TicketCallback, TicketClosed, TicketDeferred, TicketDiverted, TicketEscalated,
    TicketQueued, TicketUnroutable,
};
use super::super::{EventKind, Outbound, inbound};
use super::examples;
use crate::schema::{on_one_line, refuse_null};

/// One event, as the reference shows it.
pub(super) struct Described {
    pub(super) kind: &'static str,
    /// The schema of its `data`.
    pub(super) schema: Schema,
    /// Its `data`, or all of the message.
    pub(super) example: Value,
    /// The routing key of the example.
    pub(super) routing_key: String,
}

impl Described {
    /// What the event says, in a sentence or two.
    pub(super) fn meaning(&self) -> &str {
        self.schema.get("description").and_then(Value::as_str).unwrap_or_default()
    }
}

fn schema_of<T: JsonSchema>(kind: &str, settings: SchemaSettings, meaning: Option<&str>) -> Schema {
    told(settings.into_generator().into_root_schema_for::<T>(), kind, meaning)
}

fn told(mut schema: Schema, kind: &str, meaning: Option<&str>) -> Schema {
    schema.insert("title".to_owned(), json!(kind));
    if let Some(meaning) = meaning {
        schema.insert("description".to_owned(), json!(meaning));
    }
    let mut value = schema.to_value();
    on_one_line(&mut value);
    Schema::try_from(value).expect("a schema with other line breaks is a schema")
}

/// An optional member is left out, never `null`; one that is always there may be.
fn without_null(value: &mut Value) {
    let Value::Object(members) = value else { return };
    let required = members.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        for (name, property) in properties {
            if !required.contains(&json!(name)) {
                refuse_null(property);
            }
            without_null(property);
        }
    }
}

fn inbound_schema(kind: EventKind) -> Schema {
    let meaning = match kind {
        EventKind::CallQueued => Some("A call waits: as `ticket.created`, on the channel `call`."),
        EventKind::CallAnswered => Some("An agent picked up: as `ticket.accepted`."),
        EventKind::CallRejected => Some("An agent did not take the call: as `ticket.declined`."),
        EventKind::CallAbandoned => Some("The caller hung up before anybody answered: as `ticket.cancelled`."),
        EventKind::CallEnded => Some("The call is over: as `ticket.completed`."),
        _ => None,
    };
    told(inbound::schema(kind), kind.as_str(), meaning)
}

/// Everything that upstream may send, in the order in which the page has it.
pub(super) fn inbound() -> Vec<Described> {
    let describe = |kind: EventKind| Described {
        kind: kind.as_str(),
        schema: inbound_schema(kind),
        example: serde_json::from_str(examples::inbound(kind)).expect("the examples are JSON"),
        routing_key: kind.as_str().to_owned(),
    };
    EventKind::ALL.map(describe).into()
}

fn outbound_schema(kind: &str) -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    macro_rules! of {
        ($kind:ident) => {
            schema_of::<$kind<'static>>(kind, settings, None)
        };
        ($kind:ident, $meaning:literal) => {
            schema_of::<$kind<'static>>(kind, settings, Some($meaning))
        };
    }
    let schema = match kind {
        "ticket.queued" => of!(TicketQueued),
        "ticket.escalated" => of!(TicketEscalated),
        "ticket.at_risk" => of!(TicketAtRisk),
        "ticket.deferred" => of!(TicketDeferred),
        "ticket.diverted" => of!(TicketDiverted),
        "ticket.callback" => of!(TicketCallback),
        "ticket.breached" => of!(TicketBreached),
        "ticket.automated" => of!(TicketAutomated),
        "ticket.unroutable" => of!(TicketUnroutable),
        "ticket.expired" => of!(TicketClosed, "The ticket left its queue: nobody took it before its `expires_at`."),
        "ticket.cancelled" => of!(
            TicketClosed,
            "The ticket left the system: the customer withdrew, or hung up; or its role did not let it wait (cause as in `ticket.diverted`)."
        ),
        "assignment.offered" => of!(AssignmentOffered),
        "assignment.assigned" => of!(AssignmentAssigned),
        "assignment.declined" => of!(AssignmentDeclined),
        "assignment.expired" => of!(AssignmentEnded, "The agent let the offer lapse."),
        "assignment.revoked" => of!(AssignmentRevoked),
        "assignment.paused" => of!(AssignmentHeld, "The customer is waited for: the slot is free, the owner stays."),
        "assignment.resumed" => of!(AssignmentHeld, "The customer is back: the same owner has taken the slot again."),
        "assignment.completed" => of!(AssignmentCompleted, "The work is done."),
        "agent.changed" => of!(AgentChanged),
        "agent.reconciled" => of!(ReconciledAgent),
        "command.rejected" => of!(CommandRejected),
        "catalogue.changed" => of!(CatalogueChanged),
        other => panic!("{other} has no schema"),
    };
    let mut value = schema.to_value();
    without_null(&mut value);
    Schema::try_from(value).expect("a schema with fewer types is a schema")
}

/// Everything that the daemon says, in the order in which the page has it.
pub(super) fn outbound() -> Vec<Described> {
    let describe = |message: Outbound| Described {
        kind: message.kind,
        schema: outbound_schema(message.kind),
        example: serde_json::from_slice(&message.body).expect("what goes out is JSON"),
        routing_key: message.routing_key,
    };
    examples::outbound().into_iter().map(describe).collect()
}

/// The schema of the envelope, without `data`.
pub(super) fn envelope() -> Value {
    let text = |length_max: usize| json!({ "type": "string", "minLength": 1, "maxLength": length_max });
    let extension = json!({ "type": ["string", "number", "boolean", "null"] });
    let members = BTreeMap::from([
        ("specversion", json!({ "const": "1.0" })),
        ("id", text(EVENT_ID_LENGTH_MAX)),
        ("source", text(SOURCE_LENGTH_MAX)),
        ("type", text(TYPE_LENGTH_MAX)),
        ("time", json!({ "type": ["string", "null"], "format": "date-time" })),
        ("datacontenttype", json!({ "type": ["string", "null"] })),
        ("dataschema", json!({ "type": ["string", "null"] })),
        ("subject", json!({ "type": ["string", "null"] })),
        ("data", json!({ "type": "object" })),
    ]);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "CloudEvents 1.0 in JSON, as rolecall reads and writes it",
        "type": "object",
        "properties": members,
        "required": ["specversion", "id", "source", "type", "data"],
        "additionalProperties": extension,
    })
}
