//! When a rule of a mapping applies.

use serde_json::Value;

use super::reference::Reference;
use super::{Payload, term};

/// What has to be so of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// It is one of these; a number or a truth by the text of it. Of a list: any of its elements is.
    OneOf(Vec<String>),
    /// It is none of these, or is not there. Of a list: none of its elements is.
    NoneOf(Vec<String>),
    /// It is there, or is not.
    Present(bool),
}

/// That something is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Of which value.
    pub of: Reference,
    /// What.
    pub test: Test,
}

impl Condition {
    /// Whether it is so.
    #[must_use]
    pub fn holds(&self, payload: &Payload<'_>) -> bool {
        let found = self.of.find(payload);
        let is_word = |value: &Value, words: &[String]| term::text_of(value).is_some_and(|text| words.contains(&text));
        let is_among = |words: &[String]| match &found {
            Some(Value::Array(elements)) => elements.iter().any(|element| is_word(element, words)),
            Some(value) => is_word(value, words),
            None => false,
        };
        match &self.test {
            Test::OneOf(words) => is_among(words),
            Test::NoneOf(words) => !is_among(words),
            Test::Present(wanted) => found.is_some() == *wanted,
        }
    }
}
