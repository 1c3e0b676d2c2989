//! When a rule of a mapping applies.

use super::reference::Reference;
use super::{Payload, term};

/// What has to be so of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// It is one of these; a number or a truth by the text of it.
    OneOf(Vec<String>),
    /// It is none of these, or is not there.
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
        let is_among = |words: &[String]| {
            found.as_ref().and_then(term::text_of).is_some_and(|text| words.iter().any(|word| **word == text))
        };
        match &self.test {
            Test::OneOf(words) => is_among(words),
            Test::NoneOf(words) => !is_among(words),
            Test::Present(wanted) => found.is_some() == *wanted,
        }
    }
}
