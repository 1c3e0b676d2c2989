//! The page for people: every event, its members, an example.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::super::UnreadableCode;
use super::super::bounds::{
    ATTRIBUTES_MAX, CHANNELS_MAX, DEPTH_MAX, EVENT_ID_LENGTH_MAX, EXCLUDE_AGENTS_MAX, EXTENSIONS_MAX, MESSAGE_SIZE_MAX,
    PERMISSIONS_MAX, ROLES_MAX, SKILLS_MAX, SOURCE_LENGTH_MAX,
};
use super::schemas::Described;

const OPENING: &str = r#"# Events

What rolecall understands, and what it says. This page is made from the code: `ROLECALL_BLESS=1 cargo test docs_are`.
The same as JSON Schemas: [`schemas/in`](schemas/in), [`schemas/out`](schemas/out); the broker's side as AsyncAPI 3:
[`asyncapi.json`](asyncapi.json).

## The envelope

A body is UTF-8 JSON: a [CloudEvent 1.0](https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md)
with content type `application/cloudevents+json`, or a plain message, whose body is `data` alone.

```json
{"specversion":"1.0","id":"7f3c-1","source":"/helpdesk/eu","type":"ticket.paused","data":{"ticket_id":"T-1001"}}
```

| | in an envelope | in a plain message |
| --- | --- | --- |
| type | `type` | the property `type`; where that is empty, the routing key |
| id | `id` | the property `message_id`; may be absent |
| source | `source` | the property `app_id`; may be absent |
| members | `data` | the body |

How they are told apart: by the content type; where it says nothing of CloudEvents, an object with a string
`specversion`, a `type` and `data` is an envelope too.

- Source and id together name an event: what comes twice changes nothing. Without an id it can't be told, and is taken.
- Extension attributes (lower-case letters and digits; strings, numbers, booleans) and the header `traceparent` are
  passed on to the events that follow at once, and those of `ticket.created` to all that is said of the ticket until it
  ends: an event about a ticket carries what its cause carried and, of what that did not, what the ticket came with. A trace
  (`traceparent`, by header or extension, and `tracestate`) is the cause's or the ticket's, never some of both.
  `command.rejected` carries its cause's alone. With [traces](deploying.md#traces) what is passed on of a sampled trace is the
  daemon's own span of it.
- `time`, `subject`, `dataschema` may be there and are checked for their type; `datacontenttype` has to be JSON;
  `data_base64` and batches are refused.
- Unknown members of `data` are ignored. A member that comes twice is refused: two readers could understand two events.
- Where a member may be absent it may be `null` as well, which means the same; but see `ticket.updated`.
- What people write for people (a subject, a reason, a note, an outcome) is cut where it is longer than its bound, and ends with
  `…` then; everything else that is too long is refused.
- Names (ids, roles, channels, skills, permissions, types) have 1 to 128 bytes and no control characters. Times are
  RFC 3339; what is finer than a millisecond is cut off, and what is later than 9999-12-30T22:00Z is taken for that moment:
  `9999-12-31T23:59:59Z` may stand for never.
"#;

const DEAD_LETTERS: &str = r#"
## What can't be read

goes to `PREFIX.dead` with body and properties as they came, and with two headers: `x-rolecall-error`, a code, and
`x-rolecall-detail`, a sentence with the path, what was expected and what was found, for example

    $.data.priority: expected "low", "normal", "high", "urgent" or a number from 0 to 9, found "hgih"

Three things are not as they came. Of headers beyond 64 KiB in all the longest are left out, and the sentence says so. A dead
letter stays until somebody takes it: an `expiration` is taken off it, as RabbitMQ does where it dead-letters, and is in the header
`x-rolecall-expiration`, in milliseconds. And nobody may publish in another user's name: where `user_id` was not the daemon's own, it is
in the header `x-rolecall-user-id`, and the property names the daemon's user.

| code | |
| --- | --- |
"#;

fn bounds() -> String {
    let mut text = String::from("\n| bound | at most |\n| --- | --- |\n");
    for (what, most, unit) in [
        ("a message", MESSAGE_SIZE_MAX, "bytes"),
        ("nesting", DEPTH_MAX, "levels"),
        ("`id` of an event", EVENT_ID_LENGTH_MAX, "bytes"),
        ("`source` of an event", SOURCE_LENGTH_MAX, "bytes"),
        ("extension attributes", EXTENSIONS_MAX, ""),
        ("skills of a ticket or an agent", SKILLS_MAX, ""),
        ("permissions that a ticket demands", PERMISSIONS_MAX, ""),
        ("agents that a ticket excludes", EXCLUDE_AGENTS_MAX, ""),
        ("attributes of a ticket", ATTRIBUTES_MAX, ""),
        ("roles of an agent", ROLES_MAX, ""),
        ("channels that a registration limits or a presence switches", CHANNELS_MAX, ""),
    ] {
        writeln!(text, "| {what} | {} |", format!("{most} {unit}").trim_end()).expect("a string can be written to");
    }
    text
}

fn what_a_code_means(code: UnreadableCode) -> &'static str {
    match code {
        UnreadableCode::BadJson => {
            "no UTF-8, no JSON, or nested too deep; of what a [mapping](integrations.md) reads, a member that comes twice, however deep"
        }
        UnreadableCode::BadEnvelope => {
            "not the envelope that it claims to be, or with AMQP properties for an envelope that are no UTF-8 (each byte of them arrives as U+001A)"
        }
        UnreadableCode::UnknownType => "no such type",
        UnreadableCode::BadField => "a member of `data` is missing, or is not what it should be",
        UnreadableCode::TooLarge => "too many bytes",
        UnreadableCode::GivenUp => "processes died over it, one after the other, with nothing else under way",
    }
}

/// All of `docs/events.md`.
pub(super) fn page(inbound: &[Described], outbound: &[Described]) -> String {
    let mut page = OPENING.to_owned();
    page.push_str(&bounds());
    page.push_str(
        "\n## What comes in\n\nTo the exchange `PREFIX.events` (`rolecall.events`), with the type as routing key.\n",
    );
    for event in inbound {
        page.push_str(&section(event));
    }
    page.push_str(DEAD_LETTERS);
    for code in UnreadableCode::ALL {
        writeln!(page, "| `{}` | {} |", code.as_str(), what_a_code_means(code)).expect("a string can be written to");
    }
    page.push_str(
        "\n## What goes out\n\nFrom the exchange `PREFIX.assignments` (`rolecall.assignments`), persistent and confirmed, \
         with routing key `<type>.<role>`, or `<type>` where no role applies.\nThe `id` is the same however often an event \
         is sent, so that a receiver can drop repeats; the events of one ticket go out in the order in which they \
         happened.\n\n`assignment.*` and `ticket.callback` are owed to somebody. `PREFIX.outbox` is bound for them; where no \
         queue is, such an event is sent again until one is bound, and what comes behind it waits. All else informs \
         (`ticket.*` but `ticket.callback`, `agent.*`, `command.*`, `catalogue.*`): where no queue is bound for it, nobody has \
         asked, and it is let go.\n",
    );
    for event in outbound {
        page.push_str(&section(event));
    }
    page
}

fn section(event: &Described) -> String {
    let mut text = format!("\n### `{}`\n\n{}\n\n| member | | |\n| --- | --- | --- |\n", event.kind, event.meaning());
    rows(&mut text, "", event.schema.as_value());
    write!(text, "\n```json\n{:#}\n```\n", event.example).expect("a string can be written to");
    if event.example.get("specversion").is_some() {
        writeln!(text, "\nRouting key: `{}`", event.routing_key).expect("a string can be written to");
    }
    text
}

/// One row for each member; those of members that are objects follow, with their path.
fn rows(text: &mut String, prefix: &str, schema: &Value) {
    let empty = Map::new();
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    for (name, member) in schema["properties"].as_object().unwrap_or(&empty) {
        let path = format!("{prefix}{name}");
        let is_required = required.iter().any(|required| required == name);
        let shown = if is_required { format!("**`{path}`**") } else { format!("`{path}`") };
        let meaning = member["description"].as_str().unwrap_or_default();
        writeln!(text, "| {shown} | {} | {meaning} |", kind(member)).expect("a string can be written to");
        let object = std::iter::once(member).chain(member["anyOf"].as_array().into_iter().flatten());
        let object = object.filter(|schema| schema["properties"].is_object());
        object.for_each(|schema| rows(text, &format!("{path}."), schema));
        if member["additionalProperties"]["properties"].is_object() {
            rows(text, &format!("{path}.*."), &member["additionalProperties"]);
        }
    }
}

/// The type of a member, as people say it. `null` is left out: the page says once what it means.
fn kind(schema: &Value) -> String {
    if let Some(choices) = schema["anyOf"].as_array() {
        let choices: Vec<_> = choices.iter().filter(|choice| choice["type"] != "null").map(kind).collect();
        return choices.join(" or ");
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
        return words.join(", ");
    }
    let types: Vec<_> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect(),
        one => one.as_str().into_iter().collect(),
    };
    let kinds: Vec<_> = types.iter().map(|kind| one_kind(kind, schema)).collect();
    kinds.join(" or ")
}

fn one_kind(kind_name: &str, schema: &Value) -> String {
    match kind_name {
        "string" if schema["format"] == "date-time" => "time".to_owned(),
        "string" if !schema["pattern"].is_null() => "name".to_owned(),
        "string" => match (schema["maxLength"].as_u64(), schema["x-cut-at"].as_u64()) {
            (Some(most), _) => format!("string (≤ {most} bytes)"),
            (None, Some(most)) => format!("string (cut at {most} bytes)"),
            (None, None) => "string".to_owned(),
        },
        "integer" => match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
            // What has eight bits has a bound that means nothing.
            (Some(least), Some(most)) if most != u64::from(u8::MAX) => format!("{least}–{most}"),
            _ => "number".to_owned(),
        },
        "array" => format!("array of {}s", kind(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("object of {}", kind(&schema["additionalProperties"]))
        }
        other => other.to_owned(),
    }
}
