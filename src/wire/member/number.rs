//! Numbers: limits, levels, ranks, priorities.

use std::fmt;

use schemars::{JsonSchema, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use crate::routing::ticket::Priority;

use super::inline_schema;

/// A number as JSON Schema understands "integer": `3` and `3.0` are the same.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded and whole, as just checked")]
fn whole(number: f64) -> Option<u64> {
    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    fits.then_some(number as u64)
}

/// A whole number from `MIN` to `MAX`.
pub(in crate::wire) struct Whole<const MIN: u32, const MAX: u32>(pub(in crate::wire) u32);

struct WholeVisitor<const MIN: u32, const MAX: u32>;

impl<const MIN: u32, const MAX: u32> Visitor<'_> for WholeVisitor<MIN, MAX> {
    type Value = Whole<MIN, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {MIN} to {MAX}")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        let fitting = u32::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
        fitting.map(Whole).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        match whole(number) {
            Some(number) => self.visit_u64(number),
            None => Err(E::invalid_value(Unexpected::Float(number), &self)),
        }
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor)
    }
}

impl<const MIN: u32, const MAX: u32> JsonSchema for Whole<MIN, MAX> {
    inline_schema!("Whole", json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX }));
}

/// A priority: a word or a number.
pub(in crate::wire) struct PriorityLevel(pub(in crate::wire) Priority);

impl PriorityLevel {
    const WORDS: [(&'static str, Priority); 4] =
        [("low", Priority::LOW), ("normal", Priority::NORMAL), ("high", Priority::HIGH), ("urgent", Priority::URGENT)];
}

struct PriorityVisitor;

impl Visitor<'_> for PriorityVisitor {
    type Value = PriorityLevel;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#""low", "normal", "high", "urgent" or a number from 0 to 9"#)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let found = PriorityLevel::WORDS.iter().find(|(word, _)| *word == text);
        found
            .map(|(_, priority)| PriorityLevel(*priority))
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        let priority = u8::try_from(number).ok().and_then(Priority::new);
        priority.map(PriorityLevel).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        match whole(number) {
            Some(number) => self.visit_u64(number),
            None => Err(E::invalid_value(Unexpected::Float(number), &self)),
        }
    }
}

impl<'de> Deserialize<'de> for PriorityLevel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PriorityVisitor)
    }
}

impl JsonSchema for PriorityLevel {
    inline_schema!("Priority", {
        let words = Self::WORDS.map(|(word, _)| word);
        json_schema!({ "anyOf": [
            { "type": "string", "enum": words },
            { "type": "integer", "minimum": 0, "maximum": Priority::MAX.get() },
        ] })
    });
}
