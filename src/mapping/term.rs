//! What a member of an event is made of.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Payload;
use super::moment::Epoch;
use super::reference::{Reference, Template};

/// What a member is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// Always this.
    Constant(Value),
    /// What is there, as it is.
    Reference(Reference),
    /// A text.
    Text(Template),
    /// What is there, in other words.
    Translation {
        /// The first of these that is there.
        from: Vec<Reference>,
        /// What its values mean; where there is nothing here, a value means itself.
        map: BTreeMap<String, Value>,
        /// What all other values mean, and none.
        otherwise: Option<Value>,
        /// It is a time, and so counted.
        epoch: Option<Epoch>,
        /// Whether the member is a text.
        as_text: bool,
    },
    /// A list of what is there of these.
    List(Vec<Term>),
    /// A table of what is there of these.
    Table(Vec<(String, Term)>),
}

impl Term {
    /// What comes of it; `None` where there is nothing, and the member is left out.
    #[must_use]
    pub fn evaluate(&self, payload: &Payload<'_>) -> Option<Value> {
        match self {
            Self::Constant(value) => Some(value.clone()),
            Self::Reference(reference) => reference.find(payload),
            Self::Text(template) => template.render(payload).map(Value::String),
            Self::Translation { from, map, otherwise, epoch, as_text } => {
                let found = from.iter().find_map(|reference| reference.find(payload));
                let said = found.as_ref().and_then(|value| match epoch {
                    Some(epoch) => epoch.rfc3339(value).map(Value::String),
                    None if !map.is_empty() => map.get(&text_of(value)?).cloned(),
                    None if *as_text => text_of(value).map(Value::String),
                    None => Some(value.clone()),
                });
                said.or_else(|| otherwise.clone())
            }
            Self::List(terms) => Some(terms.iter().filter_map(|term| term.evaluate(payload)).collect()),
            Self::Table(terms) => {
                let member = |(name, term): &(String, Self)| Some((name.clone(), term.evaluate(payload)?));
                let members: Map<_, _> = terms.iter().filter_map(member).collect();
                (!members.is_empty()).then_some(Value::Object(members))
            }
        }
    }
}

/// A value as a text, where it is one, a number or a truth.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
