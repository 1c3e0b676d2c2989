//! What members an event has, so that a mapping is known to fit before anything comes.

use serde_json::Value;

use crate::wire::{EventKind, data_schema};

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A text: numbers are taken for their digits.
    Text,
    /// A table: with these members, where they are given by name.
    Table(Option<Vec<Member>>),
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
    if is(schema, "string") {
        return Shape::Text;
    }
    if is(schema, "object") {
        return Shape::Table(schema.get("properties").map(|_| of_object(schema)));
    }
    Shape::Other
}

/// Whether that is what it is, but for `null`.
fn is(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::String(only) => only == kind,
        Value::Array(kinds) => kinds.iter().all(|it| it == kind || it == "null"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_of_events_are_those_that_are_documented() {
        let created = members(EventKind::TicketCreated);
        let shape_of = |name: &str| created.iter().find(|member| member.name == name).map(|member| &member.shape);
        assert_eq!(shape_of("ticket_id"), Some(&Shape::Text));
        assert_eq!(shape_of("created_at"), Some(&Shape::Text));
        assert_eq!(shape_of("priority"), Some(&Shape::Other));
        assert_eq!(shape_of("attributes"), Some(&Shape::Table(None)));
        assert!(matches!(shape_of("customer"), Some(Shape::Table(Some(members))) if members.len() == 3));
        let required: Vec<_> = created.iter().filter(|it| it.is_required).map(|it| it.name.as_str()).collect();
        assert_eq!(required, ["ticket_id"]);
        for kind in EventKind::ALL {
            assert!(!members(kind).is_empty(), "{kind}");
        }
    }
}
