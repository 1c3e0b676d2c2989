//! What values look like, for programs: JSON Schema, made from the same declarations as the reader and the reference.

use serde_json::{Map, Value, json};

use crate::routing::name::NAME_LENGTH_MAX;

use super::key::{Absent, Described, Keys};
use super::{Kind, channel, role, rule};

/// An entry of the catalogue with the members of the file. Where it is created its name is among them; elsewhere the
/// address may say it.
#[must_use]
pub fn entry_schema(kind: Kind, is_new: bool) -> Value {
    let keys = match kind {
        Kind::Role => role::KEYS,
        Kind::Rule => rule::KEYS,
        Kind::Channel => channel::KEYS,
    };
    let mut schema = table(keys);
    let required = schema["required"].as_array_mut().expect("a table says what it requires");
    match (kind, is_new) {
        (Kind::Role | Kind::Rule, true) => {}
        (Kind::Role | Kind::Rule, false) => required.retain(|name| name != "name"),
        (Kind::Channel, is_new) => {
            required.extend(is_new.then(|| "name".into()));
            schema["properties"]["name"] = name();
        }
    }
    schema
}

/// A table with these keys.
pub(super) fn table(keys: Keys) -> Value {
    let is_required = |key: &&&dyn Described| matches!(key.absent(), Absent::Required);
    let required: Vec<_> = keys.iter().filter(is_required).map(|key| key.name()).collect();
    let properties: Map<_, _> = keys.iter().map(|key| (key.name().to_owned(), member(*key))).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn member(key: &dyn Described) -> Value {
    let mut schema = key.schema();
    let about = match key.absent() {
        Absent::Default(_) | Absent::Required => key.meaning().to_owned(),
        Absent::Means(what) => format!("{} Where it is absent: {what}.", key.meaning()),
    };
    schema["description"] = about.into();
    if let Absent::Default(written) = key.absent() {
        schema["default"] = value(written);
    }
    schema
}

/// A value as a file has it.
fn value(written: &str) -> Value {
    let table: toml::Table = toml::from_str(&format!("it = {written}")).expect("a default is TOML");
    serde_json::to_value(&table["it"]).expect("a value of a file is one of JSON")
}

/// A text of at most so many bytes, which are at least as many as its characters.
pub(super) fn text(length_max: usize) -> Value {
    json!({ "type": "string", "maxLength": length_max })
}

/// A name of the routing vocabulary.
pub(super) fn name() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": NAME_LENGTH_MAX, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$" })
}

/// A whole number within bounds.
pub(super) fn whole(min: u64, max: u64) -> Value {
    json!({ "type": "integer", "minimum": min, "maximum": max })
}

/// A length of time.
pub(super) fn length(expected: &str) -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{1,12}(d|h|m|s|ms)$", "title": expected })
}

/// One of these.
pub(super) fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Value {
    let words: Vec<_> = words.into_iter().collect();
    json!({ "type": "string", "enum": words })
}

/// A list of these.
pub(super) fn list(of: &Value, length_max: usize, is_set: bool) -> Value {
    json!({ "type": "array", "items": of, "maxItems": length_max, "uniqueItems": is_set })
}

/// A table of names and values of that kind.
pub(super) fn by_name(of: &Value, length_max: usize) -> Value {
    json!({ "type": "object", "propertyNames": name(), "additionalProperties": of, "maxProperties": length_max })
}

/// Either of these.
pub(super) fn either(schemas: &[Value]) -> Value {
    json!({ "anyOf": schemas })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_an_entry_has_a_schema_that_says_more_than_words() {
        for kind in [Kind::Role, Kind::Rule, Kind::Channel] {
            let schema = entry_schema(kind, true);
            for (name, member) in schema["properties"].as_object().expect("an object") {
                let says = ["type", "anyOf"].iter().any(|word| member.get(word).is_some());
                assert!(says, "{} {name}: {member}", kind.as_str());
            }
            assert!(schema["required"].as_array().expect("a list").contains(&"name".into()));
        }
        assert_eq!(entry_schema(Kind::Role, false)["required"], json!([]));
    }

    #[test]
    fn defaults_and_bounds_are_those_of_the_declaration() {
        let role = entry_schema(Kind::Role, false);
        let member = |name: &str| role["properties"][name].clone();
        assert_eq!((&member("weight")["default"], &member("weight")["maximum"]), (&json!(1), &json!(1_000)));
        assert_eq!(member("priority_worth")["default"], "5m");
        assert_eq!(member("overflow")["items"]["properties"]["raise_priority"]["maximum"], 9);
        assert_eq!(member("target")["required"], json!(["answer_within", "for_share"]));
    }
}
