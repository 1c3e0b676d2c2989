//! What another system has, as the member of an event has it: a number as a text and the other way round, names that come as
//! a list, with commas between them, or one alone.

use serde_json::{Map, Number, Value};

use super::left_out::LeftOut;
use super::shape::{Member, Shape};
use super::term::text_of;

impl Shape {
    /// The value as it is there; `None` where it can't be, and is left out. What the reader of events has words for is handed
    /// on to it as it came.
    #[must_use]
    pub fn fit(&self, value: &Value, at: &str, left_out: &mut LeftOut) -> Option<Value> {
        match self {
            Self::Text => text_of(value).map(Value::String).or_else(|| left_out.note(at, "a text", value)),
            Self::Scalar => scalar(value).or_else(|| left_out.note(at, "a text, a number or a truth", value)),
            Self::Flag => Some(flag(value)),
            Self::Number | Self::Level => Some(number(value)),
            Self::Names => Some(names(value).map_or_else(|| value.clone(), list)),
            Self::Skills => Some(skills(value)),
            Self::Rows(members) => Some(rows(members, value, at, left_out)),
            Self::Table(members) => Some(table(members, value, at, left_out)),
            Self::Named(inner) => Some(named(inner, value, at, left_out)),
            Self::Other => Some(value.clone()),
        }
    }

    /// The same of a value that is always there: no payload is wrong where it does not fit.
    #[must_use]
    pub fn always(&self, value: &Value) -> Option<Value> {
        self.fit(value, "$", &mut LeftOut::default())
    }
}

fn list(names: Vec<String>) -> Value {
    names.into_iter().map(Value::String).collect()
}

/// Of a list its values, with commas between them.
fn scalar(value: &Value) -> Option<Value> {
    match value {
        Value::Array(values) => {
            values.iter().map(text_of).collect::<Option<Vec<_>>>().map(|texts| texts.join(", ").into())
        }
        Value::Object(_) => None,
        other => Some(other.clone()),
    }
}

fn flag(value: &Value) -> Value {
    match value.as_str() {
        Some("true") => Value::Bool(true),
        Some("false") => Value::Bool(false),
        _ => value.clone(),
    }
}

/// Digits are a number.
fn number(value: &Value) -> Value {
    let digits = value.as_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let read = digits.and_then(|text| text.parse::<u64>().ok());
    read.map_or_else(|| value.clone(), |number| Value::Number(Number::from(number)))
}

/// The names of a list, of a text with commas between them, or of one alone; `None` where it is none of these.
pub(super) fn names(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => {
            Some(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
        }
        // In a list a comma is part of the name.
        Value::Array(values) => values.iter().filter(|value| !value.is_null()).map(text_of).collect(),
        other => text_of(other).map(|name| vec![name]),
    }
}

fn skills(value: &Value) -> Value {
    match value {
        Value::Object(levels) => levels.iter().map(|(name, level)| (name.clone(), number(level))).collect(),
        other => names(other).map_or_else(|| other.clone(), list),
    }
}

fn rows(members: &[Member], value: &Value, at: &str, left_out: &mut LeftOut) -> Value {
    match value {
        Value::Array(values) => {
            let row = |value: &Value| match text_of(value) {
                Some(name) => Value::String(name),
                None => table(members, value, at, left_out),
            };
            values.iter().map(row).collect()
        }
        other => names(other).map_or_else(|| other.clone(), list),
    }
}

/// Its own members alone: what else is there is nothing to do with us.
fn table(members: &[Member], value: &Value, at: &str, left_out: &mut LeftOut) -> Value {
    let Value::Object(found) = value else { return value.clone() };
    let mut fitted = Map::new();
    for member in members {
        let Some(value) = found.get(&member.name).filter(|value| !value.is_null()) else { continue };
        if let Some(value) = member.shape.fit(value, &format!("{at}.{}", member.name), left_out) {
            fitted.insert(member.name.clone(), value);
        }
    }
    Value::Object(fitted)
}

fn named(inner: &Shape, value: &Value, at: &str, left_out: &mut LeftOut) -> Value {
    let Value::Object(found) = value else { return value.clone() };
    let member =
        |(name, value): (&String, &Value)| Some((name.clone(), inner.fit(value, &format!("{at}.{name}"), left_out)?));
    Value::Object(found.iter().filter_map(member).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fit(shape: &Shape, value: &Value) -> Option<Value> {
        shape.always(value)
    }

    #[test]
    fn names_come_as_a_list_with_commas_between_them_or_alone() {
        for shape in [Shape::Names, Shape::Skills] {
            for (value, expected) in [
                (json!(["de", 7, "a, b", null]), json!(["de", "7", "a, b"])),
                (json!(" de,fr ,,it"), json!(["de", "fr", "it"])),
                (json!("de"), json!(["de"])),
                (json!(7), json!(["7"])),
                // These have to be told of, in the words of the reader.
                (json!([{ "name": "de" }]), json!([{ "name": "de" }])),
            ] {
                assert_eq!(fit(&shape, &value), Some(expected), "{value}");
            }
        }
        assert_eq!(fit(&Shape::Skills, &json!({ "de": "8", "fr": 2 })), Some(json!({ "de": 8, "fr": 2 })));
    }

    #[test]
    fn numbers_and_truths_may_come_as_texts() {
        for (shape, value, expected) in [
            (Shape::Number, json!("40"), json!(40)),
            (Shape::Number, json!("4 of 5"), json!("4 of 5")),
            (Shape::Number, json!(""), json!("")),
            (Shape::Level, json!("7"), json!(7)),
            (Shape::Level, json!("high"), json!("high")),
            (Shape::Flag, json!("false"), json!(false)),
            (Shape::Flag, json!("no"), json!("no")),
            (Shape::Text, json!(81), json!("81")),
            (Shape::Scalar, json!(["a", 2, true]), json!("a, 2, true")),
            (Shape::Scalar, json!(1.5), json!(1.5)),
        ] {
            assert_eq!(fit(&shape, &value), Some(expected), "{value}");
        }
    }
}
