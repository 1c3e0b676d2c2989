//! What members an event has, so that a mapping is known to fit before anything comes.

use serde_json::Value;

use crate::wire::{EventKind, data_schema};

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// A word or a whole number, as priorities are.
    Level,
    /// A text, a number or a truth, as attributes are.
    Scalar,
    /// A list of names.
    Names,
    /// A list of names, or a table of them with their levels.
    Skills,
    /// A list of names, or of tables with these members.
    Rows(Vec<Member>),
    /// A table with these members.
    Table(Vec<Member>),
    /// A table of whatever names, whose values are all of one shape.
    Named(Box<Shape>),
    /// Something else, as the reference says.
    Other,
}

/// A member of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// What it is.
    pub shape: Shape,
    /// Whether the event is none without it.
    pub is_required: bool,
}

/// The members of an event's `data`.
#[must_use]
pub fn members(kind: EventKind) -> Vec<Member> {
    of_object(&data_schema(kind))
}

/// Members of which an event has to have exactly one; none for most events.
#[must_use]
pub fn alternatives(kind: EventKind) -> Vec<String> {
    let schema = data_schema(kind);
    let named = |one: &Value| one["required"][0].as_str().map(str::to_owned);
    schema["oneOf"].as_array().into_iter().flatten().filter_map(named).collect()
}

fn of_object(schema: &Value) -> Vec<Member> {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let members = schema["properties"].as_object().into_iter().flatten();
    members
        .map(|(name, schema)| Member {
            name: name.clone(),
            shape: shape(schema),
            is_required: required.contains(&name.as_str()),
        })
        .collect()
}

fn shape(schema: &Value) -> Shape {
    if let Some(choices) = schema["anyOf"].as_array() {
        return of_choice(choices);
    }
    match &kinds(schema)[..] {
        ["string"] => Shape::Text,
        ["boolean"] => Shape::Flag,
        ["integer"] => Shape::Number,
        ["array"] => of_list(&schema["items"]),
        ["object"] if schema.get("properties").is_some() => Shape::Table(of_object(schema)),
        ["object"] => Shape::Named(Box::new(shape(&schema["additionalProperties"]))),
        [_, _, ..] => Shape::Scalar,
        _ => Shape::Other,
    }
}

/// Of what may be this or that. That it may be `null` as well is how an update takes it away, and no choice.
fn of_choice(choices: &[Value]) -> Shape {
    let shapes: Vec<Shape> =
        choices.iter().filter(|it| !kinds(it).is_empty() || it["anyOf"].is_array()).map(shape).collect();
    match &shapes[..] {
        [only] => only.clone(),
        [Shape::Text, Shape::Number] => Shape::Level,
        [Shape::Named(_), Shape::Names] => Shape::Skills,
        _ => Shape::Other,
    }
}

fn of_list(elements: &Value) -> Shape {
    let choices: Vec<Shape> = elements["anyOf"].as_array().into_iter().flatten().map(shape).collect();
    match (&choices[..], shape(elements)) {
        ([Shape::Text, Shape::Table(members)], _) => Shape::Rows(members.clone()),
        (_, Shape::Text) => Shape::Names,
        _ => Shape::Other,
    }
}

/// What it may be, but for `null`.
fn kinds(schema: &Value) -> Vec<&str> {
    let all: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        only => only.as_str().into_iter().collect(),
    };
    all.into_iter().filter(|kind| *kind != "null").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_of_events_are_those_that_are_documented() {
        let shape_of = |kind: EventKind, name: &str| {
            members(kind).into_iter().find(|member| member.name == name).map(|member| member.shape)
        };
        for kind in [EventKind::TicketCreated, EventKind::TicketUpdated, EventKind::CallQueued] {
            assert_eq!(shape_of(kind, "ticket_id"), Some(Shape::Text));
            assert_eq!(shape_of(kind, "created_at"), Some(Shape::Text));
            assert_eq!(shape_of(kind, "priority"), Some(Shape::Level));
            assert_eq!(shape_of(kind, "skills"), Some(Shape::Skills));
            assert_eq!(shape_of(kind, "permissions"), Some(Shape::Names));
            assert_eq!(shape_of(kind, "attributes"), Some(Shape::Named(Box::new(Shape::Scalar))));
            assert!(matches!(shape_of(kind, "customer"), Some(Shape::Table(members)) if members.len() == 3));
        }
        assert_eq!(shape_of(EventKind::AgentRegistered, "limits"), Some(Shape::Named(Box::new(Shape::Number))));
        assert_eq!(shape_of(EventKind::AgentRegistered, "access"), Some(Shape::Text));
        assert_eq!(shape_of(EventKind::AgentPresence, "channels"), Some(Shape::Named(Box::new(Shape::Flag))));
        assert_eq!(shape_of(EventKind::TicketCompleted, "wrap_up"), Some(Shape::Flag));
        assert!(matches!(shape_of(EventKind::AgentReconciled, "tickets"), Some(Shape::Rows(of)) if of.len() == 3));
        let created = members(EventKind::TicketCreated);
        let required: Vec<_> = created.iter().filter(|it| it.is_required).map(|it| it.name.as_str()).collect();
        assert_eq!(required, ["ticket_id"]);
        assert_eq!(alternatives(EventKind::TicketTransferred), ["to_role", "to_agent"]);
        for kind in EventKind::ALL {
            assert!(!members(kind).is_empty(), "{kind}");
            for member in members(kind) {
                assert_ne!(member.shape, Shape::Other, "{kind}: {}", member.name);
            }
        }
    }
}
