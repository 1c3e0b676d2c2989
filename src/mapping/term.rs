//! What a member of an event is made of.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Payload;
use super::fit;
use super::left_out::LeftOut;
use super::moment::Epoch;
use super::reference::{Gap, Reference, Template};
use super::shape::Shape;

/// What a member is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// Always this.
    Constant(Value),
    /// A text with what is there in it, and what the member is.
    Text(Template, Shape),
    /// What is there, in other words.
    Found(Found),
    /// A list of what is there of these; of one that is a list itself each element.
    List(Vec<Term>),
    /// A table of what is there of these.
    Table(Vec<(String, Term)>),
}

/// What is there, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The first of these that is there.
    pub from: Vec<Reference>,
    /// What its values mean; where there is nothing here, a value means itself.
    pub map: BTreeMap<String, Value>,
    /// What all other values mean, and none.
    pub otherwise: Option<Value>,
    /// It is a time, and so counted.
    pub epoch: Option<Epoch>,
    /// What the member is.
    pub shape: Shape,
}

impl Term {
    /// What is there, as it is.
    #[must_use]
    pub fn of(reference: Reference, shape: Shape) -> Self {
        let from = vec![reference];
        Self::Found(Found { from, map: BTreeMap::new(), otherwise: None, epoch: None, shape })
    }

    /// What comes of it for the member `at`; `None` where there is nothing, and the member is left out. What is there and
    /// can't be that member is noted.
    #[must_use]
    pub fn evaluate(&self, payload: &Payload<'_>, at: &str, left_out: &mut LeftOut) -> Option<Value> {
        match self {
            Self::Constant(value) => Some(value.clone()),
            Self::Text(template, shape) => match template.render(payload) {
                Ok(text) => shape.fit(&Value::String(text), at, left_out),
                Err(Gap::Nothing) => None,
                Err(Gap::NoText(found)) => {
                    left_out.note(at, "a text, a number or a truth to put into the text", &found)
                }
            },
            Self::Found(found) => found.evaluate(payload, at, left_out),
            Self::List(terms) => {
                let found = terms.iter().filter_map(|term| term.evaluate(payload, at, left_out));
                Some(found.flat_map(elements).collect())
            }
            Self::Table(terms) => {
                let member = |(name, term): &(String, Self)| {
                    Some((name.clone(), term.evaluate(payload, &format!("{at}.{name}"), left_out)?))
                };
                let members: Map<_, _> = terms.iter().filter_map(member).collect();
                (!members.is_empty()).then_some(Value::Object(members))
            }
        }
    }
}

fn elements(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        other => vec![other],
    }
}

impl Found {
    fn evaluate(&self, payload: &Payload<'_>, at: &str, left_out: &mut LeftOut) -> Option<Value> {
        let before = left_out.count();
        let found = self.from.iter().find_map(|reference| reference.find(payload));
        let said = found.and_then(|value| self.meaning(&value, at, left_out));
        if said.is_none() && self.otherwise.is_some() {
            left_out.forget_since(before);
        }
        said.or_else(|| self.otherwise.clone())
    }

    fn meaning(&self, value: &Value, at: &str, left_out: &mut LeftOut) -> Option<Value> {
        if let Some(epoch) = self.epoch {
            let moment = epoch.rfc3339(value).map(Value::String);
            return moment.or_else(|| left_out.note(at, epoch.expected(), value));
        }
        if self.map.is_empty() {
            return self.shape.fit(value, at, left_out);
        }
        match (&self.shape, value) {
            (Shape::Skills, Value::Object(levels)) => Some(self.each_level(levels)),
            (Shape::Names | Shape::Skills | Shape::Rows(_), _) => self.each_name(value),
            // Of several the first that means something.
            (_, Value::Array(values)) => values.iter().find_map(|value| self.map.get(&text_of(value)?).cloned()),
            _ => match text_of(value) {
                Some(text) => self.map.get(&text).cloned(),
                None => left_out.note(at, "a text, a number or a truth", value),
            },
        }
    }

    /// Names, each with its meaning; those that mean nothing are left out.
    fn each_name(&self, value: &Value) -> Option<Value> {
        let Some(names) = fit::names(value) else { return Some(value.clone()) };
        let meant: Vec<Value> =
            names.iter().filter_map(|name| self.map.get(name)).cloned().flat_map(elements).collect();
        // None of them is something that is said, too: an update takes them all away.
        (!meant.is_empty() || self.otherwise.is_none()).then_some(Value::Array(meant))
    }

    /// Skills that come with their levels; of two that mean the same the higher counts.
    fn each_level(&self, levels: &Map<String, Value>) -> Value {
        let mut meant: Map<String, Value> = Map::new();
        for (name, level) in levels {
            let level = Shape::Number.always(level).unwrap_or_default();
            for skill in self.map.get(name).cloned().map(elements).unwrap_or_default() {
                let Some(skill) = text_of(&skill) else { continue };
                let is_lower = meant.get(&skill).is_some_and(|known| known.as_u64() >= level.as_u64());
                if !is_lower {
                    meant.insert(skill, level.clone());
                }
            }
        }
        Value::Object(meant)
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
