//! Reads `data` into a struct; where that fails, says at which path, what was expected and what was found.
//!
//! What is right is read once, as fast as can be. What is wrong is read again, with a look at every step.

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::document;
use super::member::{NAME_EXPECTED, Object, STATUS_EXPECTED};
use super::unreadable::{Fault, UnreadableCode, quote};

/// The `data` of an event, and where in the message it is.
#[derive(Clone, Copy)]
pub(super) struct Data<'a> {
    /// As JSON.
    pub(super) text: &'a str,
    /// `$.data` in an envelope, `$` in a plain message.
    pub(super) path: &'static str,
}

impl Data<'_> {
    /// The members that `T` names; others are ignored.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        match serde_json::from_str::<Object<T>>(self.text) {
            Ok(Object(members)) => Ok(members),
            Err(error) => Err(self.explain::<T>(&error)),
        }
    }

    /// That a member is not what it should be.
    pub(super) fn bad_field(&self, member: &str, expected: &str, found: &str) -> Fault {
        let detail = format!("{}{member}: expected {expected}, found {}", self.path, quote(found));
        Fault::new(UnreadableCode::BadField, detail)
    }

    #[cold]
    fn explain<T: DeserializeOwned>(&self, first: &serde_json::Error) -> Fault {
        if let Err(fault) = document::check_grammar(self.text) {
            return fault;
        }
        let mut parser = serde_json::Deserializer::from_str(self.text);
        let (mut path, message) = match serde_path_to_error::deserialize::<_, Object<T>>(&mut parser) {
            Err(error) => (render(error.path()), error.inner().to_string()),
            Ok(_) => (String::new(), first.to_string()),
        };
        let complaint = Complaint::parse(&message);
        if let Some(member) = &complaint.member {
            push_member(&mut path, member);
        }
        self.bad_field(&path, &complaint.expected, &complaint.found)
    }
}

/// What serde has to say, in our words. The forms that it uses are those of `serde::de::Error` and are pinned by the
/// tests of every member.
struct Complaint {
    member: Option<String>,
    expected: String,
    found: String,
}

impl Complaint {
    fn parse(message: &str) -> Self {
        let message = without_position(message);
        if let Some(member) = between_ticks(message, "missing field ") {
            return Self::of(Some(member), what_is_required(member), "nothing");
        }
        if let Some(member) = between_ticks(message, "duplicate field ") {
            return Self::of(Some(member), "the member once", "it twice");
        }
        if let Some((expected, found)) = message.strip_prefix("expected ").and_then(|rest| rest.split_once(", found "))
        {
            return Self::of(None, expected, found);
        }
        let complaint = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
        match complaint.and_then(|complaint| complaint.rsplit_once(", expected ")) {
            Some((found, expected)) => Self::of(None, expected, plain(found)),
            // A number or an escape within a string that the grammar allows, and that has no value.
            None => Self::of(None, "a value", message),
        }
    }

    fn of(member: Option<&str>, expected: &str, found: &str) -> Self {
        Self { member: member.map(str::to_owned), expected: expected.to_owned(), found: found.to_owned() }
    }
}

/// Without the " at line 1 column 5" at the end: of `data` alone that would mislead, and the path says it better.
fn without_position(message: &str) -> &str {
    let is_position = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == ' ' || "column".contains(c));
    match message.rsplit_once(" at line ") {
        Some((before, position)) if is_position(position) => before,
        _ => message,
    }
}

fn between_ticks<'a>(message: &'a str, prefix: &str) -> Option<&'a str> {
    message.strip_prefix(prefix)?.strip_prefix('`')?.strip_suffix('`')
}

/// What a member without which an event says nothing should have been.
fn what_is_required(member: &str) -> &'static str {
    match member {
        "roles" => "an array of names",
        "tickets" => "an array of tickets",
        "status" => STATUS_EXPECTED,
        _ => NAME_EXPECTED,
    }
}

/// What was found, as JSON calls it.
fn plain(found: &str) -> &str {
    let value = ["string ", "integer `", "floating point `", "boolean `"];
    match value.iter().find_map(|kind| found.strip_prefix(kind)) {
        Some(value) => value.strip_suffix('`').unwrap_or(value),
        None => match found {
            "map" => "an object",
            "sequence" => "an array",
            other => other,
        },
    }
}

fn render(path: &Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => write!(text, "[{index}]").expect("a string can be written to"),
            Segment::Map { key } => push_member(&mut text, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    text
}

/// `.name`, or `["a name"]` where a dot would mislead.
fn push_member(path: &mut String, name: &str) {
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        write!(path, ".{}", quote(name)).expect("a string can be written to");
    } else {
        write!(path, "[{:?}]", quote(name)).expect("a string can be written to");
    }
}
