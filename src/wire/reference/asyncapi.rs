//! The broker's side as `AsyncAPI` 3: exchanges, queues, routing keys, and the messages on them.

use serde_json::{Map, Value, json};

use super::super::{CONTENT_TYPE, UnreadableCode};
use super::schemas::Described;

/// The version of the AMQP bindings of `AsyncAPI`.
const BINDING_VERSION: &str = "0.3.0";

fn exchange(name: &str, kind: &str) -> Value {
    let exchange = json!({ "name": name, "type": kind, "durable": true, "autoDelete": false, "vhost": "/" });
    json!({ "amqp": { "is": "routingKey", "exchange": exchange, "bindingVersion": BINDING_VERSION } })
}

fn queue(name: &str) -> Value {
    let queue = json!({ "name": name, "durable": true, "exclusive": false, "autoDelete": false, "vhost": "/" });
    json!({ "amqp": { "is": "queue", "queue": queue, "bindingVersion": BINDING_VERSION } })
}

/// The key of a message among the components: a type that comes in may go out as well.
fn key(direction: &str, kind: &str) -> String {
    format!("{direction}.{kind}")
}

fn message(direction: &str, event: &Described) -> (String, Value) {
    let data = json!({ "$ref": format!("./schemas/{direction}/{}.json", event.kind) });
    let enveloped = json!({
        "allOf": [
            { "$ref": "./schemas/cloudevent.json" },
            { "properties": { "type": { "const": event.kind }, "data": data } },
        ],
    });
    let example = match event.example.get("specversion") {
        Some(_) => event.example.clone(),
        None => json!({
            "specversion": "1.0", "id": "7f3c-1", "source": "/helpdesk/eu", "type": event.kind, "data": event.example,
        }),
    };
    let value = json!({
        "name": event.kind,
        "title": event.kind,
        "summary": event.meaning(),
        "contentType": CONTENT_TYPE,
        "payload": enveloped,
        "bindings": { "amqp": { "messageType": event.kind, "bindingVersion": BINDING_VERSION } },
        "examples": [{ "payload": example }],
    });
    (key(direction, event.kind), value)
}

fn dead_letter() -> Value {
    let codes = UnreadableCode::ALL.map(UnreadableCode::as_str);
    json!({
        "name": "dead letter",
        "title": "What can't be read",
        "summary": "Body and properties as they came, but for expiration and another's user-id, which are in headers.",
        "headers": {
            "type": "object",
            "properties": {
                "x-rolecall-error": { "type": "string", "enum": codes },
                "x-rolecall-detail": { "type": "string", "description": "Where, what was expected, what was found." },
                "x-rolecall-expiration": { "type": "string", "description": "The expiration it came with, in milliseconds." },
                "x-rolecall-user-id": { "type": "string", "description": "The user-id it came with, where not the daemon's." },
            },
            "required": ["x-rolecall-error", "x-rolecall-detail"],
        },
        "payload": {},
    })
}

fn references(direction: &str, events: &[Described]) -> Map<String, Value> {
    let reference = |event: &Described| {
        let key = key(direction, event.kind);
        let target = json!({ "$ref": format!("#/components/messages/{key}") });
        (key, target)
    };
    events.iter().map(reference).collect()
}

fn parameter(meaning: &str, events: &[Described]) -> Value {
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    json!({ "description": meaning, "enum": kinds })
}

fn channels(inbound: &[Described], outbound: &[Described]) -> Value {
    let is_owed = |kind: &str| kind.starts_with("assignment.") || kind == "ticket.callback";
    let owed: Vec<_> = outbound.iter().filter(|event| is_owed(event.kind)).collect();
    let owed: Map<_, _> = references("out", outbound)
        .into_iter()
        .filter(|(name, _)| owed.iter().any(|event| key("out", event.kind) == *name))
        .collect();
    let dead = json!({ "dead": { "$ref": "#/components/messages/dead" } });
    json!({
        "events": {
            "address": "{type}",
            "description": "Upstream publishes here; the routing key is the type of the event.",
            "parameters": { "type": parameter("The type of the event.", inbound) },
            "messages": references("in", inbound),
            "bindings": exchange("rolecall.events", "topic"),
        },
        "inbox": {
            "address": "rolecall.inbox",
            "description": "What the daemon consumes, bound to rolecall.events with #; upstream may also publish to it \
                            through the default exchange. A quorum queue unless configured otherwise.",
            "messages": references("in", inbound),
            "bindings": queue("rolecall.inbox"),
        },
        "assignments": {
            "address": "{type}.{role}",
            "description": "All that the daemon says; the routing key is the type alone where no role applies.",
            "parameters": {
                "type": parameter("The type of the event.", outbound),
                "role": { "description": "The role of the ticket, as the catalogue names it." },
            },
            "messages": references("out", outbound),
            "bindings": exchange("rolecall.assignments", "topic"),
        },
        "outbox": {
            "address": "rolecall.outbox",
            "description": "Bound to rolecall.assignments with assignment.# and ticket.callback.#, so that nothing is lost \
                            before the first consumer binds a queue of its own.",
            "messages": owed,
            "bindings": queue("rolecall.outbox"),
        },
        "dead": {
            "address": "rolecall.dead",
            "description": "What can't be read. A fanout exchange, and a queue of the same name.",
            "messages": dead,
            "bindings": exchange("rolecall.dead", "fanout"),
        },
    })
}

fn operation(action: &str, channel: &str, summary: &str) -> Value {
    let binding = match action {
        "send" => json!({ "deliveryMode": 2, "mandatory": true, "bindingVersion": BINDING_VERSION }),
        _ => json!({ "ack": true, "bindingVersion": BINDING_VERSION }),
    };
    let channel = format!("#/channels/{channel}");
    json!({ "action": action, "channel": { "$ref": channel }, "summary": summary, "bindings": { "amqp": binding } })
}

/// All of `docs/asyncapi.json`.
pub(super) fn document(inbound: &[Described], outbound: &[Described]) -> Value {
    let messages = inbound.iter().map(|event| message("in", event));
    let messages = messages.chain(outbound.iter().map(|event| message("out", event)));
    let messages: Map<_, _> = messages.chain([("dead".to_owned(), dead_letter())]).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "rolecall",
            "version": "1.0.0",
            "description": "Routes tickets and calls from RabbitMQ to the agents whose role fits. All names start with \
                            amqp.prefix, which is rolecall unless set.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "broker": { "host": "127.0.0.1:5672", "protocol": "amqp", "protocolVersion": "0-9-1", "pathname": "/%2f" },
        },
        "channels": channels(inbound, outbound),
        "operations": {
            "takeEvents": operation("receive", "inbox", "Take what upstream says."),
            "sayWhatHappened": operation("send", "assignments", "Say what happened."),
            "setAsideWhatCannotBeRead": operation("send", "dead", "Set aside what can't be read, with the reason."),
        },
        "components": { "messages": messages },
    })
}
