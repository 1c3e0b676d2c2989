//! The forms that values take: each reads a value of TOML, and says what it expects.

use std::fmt::Debug;
use std::path::PathBuf;

use serde_json::{Value, json};
use toml::de::DeValue;

use crate::routing::name::NameError;
use crate::routing::time::DURATION_MAX;
use crate::routing::{Millis, Priority, RoleName};

use super::diagnostic::{Diagnostic, Origin};
use super::duration::{self, DurationError};
use super::schema;
use super::section::Reading;
use super::suggestion::nearest;

/// A value of the configuration, and where it comes from.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    pub(super) value: &'a DeValue<'a>,
    pub(super) origin: Origin,
}

/// What values of a key look like.
pub(super) trait Form: Debug + Copy {
    type Value;

    /// What it reads, with its bounds, in words: `a duration from 1s to 1h`.
    fn expected(&self) -> String;

    /// The same for programs, as JSON Schema; where nothing else is said, in words alone.
    fn schema(&self) -> Value {
        json!({ "title": self.expected() })
    }

    /// Reads a value. Where there is none to be had, what is wrong has been reported.
    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Self::Value>;
}

/// Reports that a value does not have the form, and what was expected.
pub(super) fn misfit<V>(
    form: &impl Form,
    node: &Node<'_>,
    reading: &mut Reading<'_>,
    message: impl Into<String>,
) -> Option<V> {
    reading.report(Diagnostic::error(node.origin.clone(), message).expected(form.expected()));
    None
}

/// A value in the words of people: `the number 5`.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {text:?}"),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(flag) => format!("`{flag}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// `true` or `false`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flag;

impl Form for Flag {
    type Value = bool;

    fn expected(&self) -> String {
        "`true` or `false`".to_owned()
    }

    fn schema(&self) -> Value {
        json!({ "type": "boolean" })
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<bool> {
        match node.value {
            DeValue::Boolean(flag) => Some(*flag),
            other => misfit(self, node, reading, format!("{} is neither true nor false", describe(other))),
        }
    }
}

/// A whole number within bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole<T> {
    pub(super) min: T,
    pub(super) max: T,
}

impl<T: Debug + Copy + Into<u64> + TryFrom<u64>> Form for Whole<T> {
    type Value = T;

    fn expected(&self) -> String {
        format!("a whole number from {} to {}", self.min.into(), self.max.into())
    }

    fn schema(&self) -> Value {
        schema::whole(self.min.into(), self.max.into())
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<T> {
        let DeValue::Integer(written) = node.value else {
            return misfit(self, node, reading, format!("{} is not a whole number", describe(node.value)));
        };
        // A number that does not fit into 64 bits, or is negative, is out of bounds in any case.
        let number = u64::from_str_radix(written.as_str(), written.radix()).ok();
        let bounded = number.filter(|number| (self.min.into()..=self.max.into()).contains(number));
        let Some(value) = bounded.and_then(|number| T::try_from(number).ok()) else {
            return misfit(self, node, reading, format!("{written} is out of bounds"));
        };
        Some(value)
    }
}

/// A duration within bounds: `"90s"`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Length {
    pub(super) min: Millis,
    pub(super) max: Millis,
}

impl Length {
    /// Durations that show the units, each of which would be taken: `"90s", "15m" or "2h"`.
    fn examples(&self) -> String {
        let fits = |text: &&str| duration::parse(text).is_ok_and(|length| (self.min..=self.max).contains(&length));
        let fitting: Vec<String> = ["500ms", "90s", "15m", "2h", "1d"]
            .iter()
            .filter(|text| fits(text))
            .map(|text| format!("{text:?}"))
            .collect();
        match fitting.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => fitting.concat(),
        }
    }
}

impl Form for Length {
    type Value = Millis;

    fn expected(&self) -> String {
        let from = (!self.min.is_zero()).then(|| format!(" from {}", duration::format(self.min)));
        let to = (self.max < DURATION_MAX).then(|| format!(" to {}", duration::format(self.max)));
        let bounds = from.into_iter().chain(to).collect::<String>();
        let years = if self.max < DURATION_MAX { "" } else { ", at most ten years" };
        format!("a duration{bounds}, such as {}{years}", self.examples())
    }

    fn schema(&self) -> Value {
        schema::length(&self.expected())
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Millis> {
        let text = match node.value {
            DeValue::String(text) => text,
            DeValue::Integer(number) => {
                let help = format!("a number needs a unit: \"{number}s\" are seconds, \"{number}m\" minutes");
                let found = Diagnostic::error(node.origin.clone(), format!("{number} has no unit"));
                reading.report(found.expected(self.expected()).help(Some(help)));
                return None;
            }
            other => return misfit(self, node, reading, format!("{} is not a duration", describe(other))),
        };
        match duration::parse(text) {
            Ok(length) if (self.min..=self.max).contains(&length) => Some(length),
            Ok(_) | Err(DurationError::TooLong) => misfit(self, node, reading, format!("{text:?} is out of bounds")),
            Err(error @ DurationError::Form) => misfit(self, node, reading, format!("{text:?} {error}")),
        }
    }
}

/// A text for people, up to a length.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    /// In bytes.
    pub(super) length_max: usize,
}

impl Form for Text {
    type Value = String;

    fn expected(&self) -> String {
        format!("a text of at most {} bytes", self.length_max)
    }

    fn schema(&self) -> Value {
        schema::text(self.length_max)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<String> {
        match node.value {
            DeValue::String(text) if text.len() <= self.length_max => Some(text.to_string()),
            DeValue::String(text) => misfit(self, node, reading, format!("this text has {} bytes", text.len())),
            other => misfit(self, node, reading, format!("{} is not a text", describe(other))),
        }
    }
}

/// The path of a file or a directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct FilePath {
    /// What is there: `a directory`.
    pub(super) of: &'static str,
}

/// A file of certificates or keys.
pub(super) const PEM_FILE: FilePath = FilePath { of: "a file in PEM" };

impl Form for FilePath {
    type Value = PathBuf;

    fn expected(&self) -> String {
        format!("the path of {}", self.of)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<PathBuf> {
        match node.value {
            DeValue::String(text) if !text.is_empty() && !text.contains(['\0', '\n']) => Some(PathBuf::from(&**text)),
            // What was written in its place may be a secret or a key itself: it is not repeated.
            DeValue::String(_) => misfit(self, node, reading, "this is no path"),
            other => misfit(self, node, reading, format!("{} is no path", describe(other))),
        }
    }
}

/// A name of the routing vocabulary.
#[derive(Debug)]
pub(super) struct Name<T> {
    /// What it names: `a channel`.
    pub(super) of: &'static str,
    pub(super) parse: fn(&str) -> Result<T, NameError>,
}

impl<T> Clone for Name<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Name<T> {}

impl<T: Debug> Form for Name<T> {
    type Value = T;

    fn expected(&self) -> String {
        format!("the name of {}: 1 to 128 bytes without control characters", self.of)
    }

    fn schema(&self) -> Value {
        schema::name()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<T> {
        let DeValue::String(text) = node.value else {
            return misfit(self, node, reading, format!("{} is not a name", describe(node.value)));
        };
        match (self.parse)(text) {
            Ok(name) => Some(name),
            Err(error) => misfit(self, node, reading, format!("the name of {} {error}", self.of)),
        }
    }
}

/// The name of a role that the catalogue has to have. Whether it does is checked when all roles are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct RoleReference;

impl Form for RoleReference {
    type Value = RoleName;

    fn expected(&self) -> String {
        "the name of a role of this catalogue".to_owned()
    }

    fn schema(&self) -> Value {
        schema::name()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<RoleName> {
        let name = Name { of: "a role", parse: RoleName::parse }.read(node, reading)?;
        reading.refer_to_role(name.clone(), node.origin.clone());
        Some(name)
    }
}

/// One of a few words.
#[derive(Debug)]
pub(super) struct Choice<T: 'static> {
    /// What it is one of: `strategy`.
    pub(super) of: &'static str,
    pub(super) options: &'static [(&'static str, T)],
}

impl<T> Clone for Choice<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Choice<T> {}

impl<T: Debug + Copy> Form for Choice<T> {
    type Value = T;

    fn expected(&self) -> String {
        let quoted: Vec<String> = self.options.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        format!("one of {}", quoted.join(", "))
    }

    fn schema(&self) -> Value {
        schema::words(self.options.iter().map(|(word, _)| *word))
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<T> {
        let DeValue::String(text) = node.value else {
            return misfit(self, node, reading, format!("{} is not a text", describe(node.value)));
        };
        if let Some((_, value)) = self.options.iter().find(|(word, _)| word == text) {
            return Some(*value);
        }
        let meant = nearest(text, self.options.iter().map(|(word, _)| *word));
        let found = Diagnostic::error(node.origin.clone(), format!("there is no {} {text:?}", self.of));
        reading.report(found.expected(self.expected()).help(meant.map(|word| format!("did you mean \"{word}\"?"))));
        None
    }
}

/// `low`, `normal`, `high`, `urgent`, or 0–9.
#[derive(Debug, Clone, Copy)]
pub(super) struct PriorityForm;

impl PriorityForm {
    pub(super) const NAMED: Choice<Priority> = Choice {
        of: "priority",
        options: &[
            ("low", Priority::LOW),
            ("normal", Priority::NORMAL),
            ("high", Priority::HIGH),
            ("urgent", Priority::URGENT),
        ],
    };
}

impl Form for PriorityForm {
    type Value = Priority;

    fn expected(&self) -> String {
        format!("{}, or a number from 0 to 9", Self::NAMED.expected())
    }

    fn schema(&self) -> Value {
        schema::either(&[Self::NAMED.schema(), schema::whole(0, 9)])
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Priority> {
        match node.value {
            DeValue::String(_) => Self::NAMED.read(node, reading),
            DeValue::Integer(written) => {
                let level = u8::from_str_radix(written.as_str(), written.radix()).ok().and_then(Priority::new);
                level.or_else(|| misfit(self, node, reading, format!("{written} is out of bounds")))
            }
            other => misfit(self, node, reading, format!("{} is not a priority", describe(other))),
        }
    }
}

/// A share above 0 and up to 1, read as thousandths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share;

impl Form for Share {
    type Value = u16;

    fn expected(&self) -> String {
        "a share from 0.001 to 1, such as 0.9".to_owned()
    }

    fn schema(&self) -> Value {
        json!({ "type": "number", "minimum": 0.001, "maximum": 1 })
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<u16> {
        let written = match node.value {
            DeValue::Float(written) => written.as_str(),
            DeValue::Integer(written) => written.as_str(),
            other => return misfit(self, node, reading, format!("{} is not a share", describe(other))),
        };
        match permille(written) {
            Some(share) => Some(share),
            None => misfit(self, node, reading, format!("{written} is out of bounds")),
        }
    }
}

/// A share as written, in thousandths; what is finer is rounded.
fn permille(written: &str) -> Option<u16> {
    let share: f64 = written.parse().ok()?;
    // Beyond these bounds lies nothing that a cast could mangle.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the line before")]
    (0.001..=1.0).contains(&share).then(|| (share * 1_000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_in_thousandths() {
        for (written, expected) in [("0.9", 900), ("1", 1_000), ("1.0", 1_000), ("0.001", 1), ("0.9999", 1_000)] {
            assert_eq!(permille(written), Some(expected), "{written}");
        }
        for written in ["0", "0.0", "-0.5", "1.01", "90", "nan", "inf", "-inf"] {
            assert_eq!(permille(written), None, "{written}");
        }
    }
}
