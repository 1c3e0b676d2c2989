//! The envelope of `CloudEvents` 1.0 in its JSON format, and how it is told from a plain message (`docs/events.md#the-envelope`).
//!
//! Attributes are kept as the JSON that they are until the whole envelope has been seen: `data` may come before `type`.
//! A name that comes twice is refused: two readers of such a message could understand two different events.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::bounds::{
    EVENT_ID_LENGTH_MAX, EXTENSION_NAME_LENGTH_MAX, EXTENSION_TEXT_LENGTH_MAX, EXTENSIONS_MAX, SOURCE_LENGTH_MAX,
    TYPE_LENGTH_MAX,
};
use super::document;
use super::member::Moment;
use super::unreadable::UnreadableCode::BadEnvelope;
use super::unreadable::{Fault, quote};

/// Extension attributes by name.
pub(super) type Extensions = Map<String, Value>;

/// An envelope that has been checked.
pub(super) struct Envelope<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) source: Cow<'a, str>,
    pub(super) kind: Cow<'a, str>,
    pub(super) data: &'a str,
    pub(super) extensions: Extensions,
}

/// What the body of a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An envelope: it has to be a proper one.
    Enveloped,
    /// `data` alone, whatever is in it.
    Plain,
}

impl Form {
    /// What the content type says; where it says nothing of `CloudEvents`, what the members say.
    pub(super) fn tell(content_type: Option<&str>, text: &str) -> Self {
        let claims = content_type.is_some_and(|found| has_prefix_ignoring_case(found, "application/cloudevents"));
        // Nearly all plain messages are told by this search, and need not be parsed twice.
        if claims || (text.contains("\"specversion\"") && looks_enveloped(text)) {
            Self::Enveloped
        } else {
            Self::Plain
        }
    }
}

fn has_prefix_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn looks_enveloped(text: &str) -> bool {
    serde_json::from_str::<Attributes<'_>>(text).is_ok_and(|attributes| {
        let is_text = |value: &RawValue| value.get().starts_with('"');
        attributes.specversion.is_some_and(is_text) && attributes.kind.is_some() && attributes.data.is_some()
    })
}

/// The members of an envelope, as they are written.
#[derive(Default)]
struct Attributes<'a> {
    specversion: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    source: Option<&'a RawValue>,
    kind: Option<&'a RawValue>,
    time: Option<&'a RawValue>,
    datacontenttype: Option<&'a RawValue>,
    dataschema: Option<&'a RawValue>,
    subject: Option<&'a RawValue>,
    data: Option<&'a RawValue>,
    data_base64: Option<&'a RawValue>,
    others: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Attributes<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<&'a RawValue>> {
        Some(match name {
            "specversion" => &mut self.specversion,
            "id" => &mut self.id,
            "source" => &mut self.source,
            "type" => &mut self.kind,
            "time" => &mut self.time,
            "datacontenttype" => &mut self.datacontenttype,
            "dataschema" => &mut self.dataschema,
            "subject" => &mut self.subject,
            "data" => &mut self.data,
            "data_base64" => &mut self.data_base64,
            _ => return None,
        })
    }
}

struct AttributesVisitor;

impl<'de> Visitor<'de> for AttributesVisitor {
    type Value = Attributes<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut attributes = Attributes::default();
        while let Some(Key(name)) = map.next_key()? {
            let value: &'de RawValue = map.next_value()?;
            let is_fine = if let Some(slot) = attributes.slot(&name) {
                slot.replace(value).is_none()
            } else {
                let is_new = attributes.others.iter().all(|(other, _)| *other != name);
                attributes.others.push((name.clone(), value));
                is_new && attributes.others.len() <= EXTENSIONS_MAX
            };
            if !is_fine {
                let name = quote(&name);
                return Err(A::Error::custom(format_args!(
                    "expected every attribute once and at most {EXTENSIONS_MAX} extensions, found {name:?} as well"
                )));
            }
        }
        Ok(attributes)
    }
}

impl<'de> Deserialize<'de> for Attributes<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AttributesVisitor)
    }
}

/// The name of an attribute; borrowed unless it is written with escapes.
struct Key<'a>(Cow<'a, str>);

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Key(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Key(Cow::Owned(text.to_owned())))
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Reads a message that claims to be an envelope.
pub(super) fn parse<'a>(content_type: Option<&str>, text: &'a str) -> Result<Envelope<'a>, Fault> {
    if content_type.is_some_and(|found| has_prefix_ignoring_case(found, "application/cloudevents-batch")) {
        return Err(bad("$", "one event in a message", "a batch"));
    }
    document::check_opening(text)?;
    let attributes: Attributes<'a> = serde_json::from_str(text).map_err(|error| refuse(text, &error))?;
    check_version(attributes.specversion)?;
    let kind = required("type", attributes.kind, TYPE_LENGTH_MAX)?;
    let id = required("id", attributes.id, EVENT_ID_LENGTH_MAX)?;
    let source = required("source", attributes.source, SOURCE_LENGTH_MAX)?;
    check_time(attributes.time)?;
    check_content_type(attributes.datacontenttype)?;
    for (name, value) in [("subject", attributes.subject), ("dataschema", attributes.dataschema)] {
        present(value).map(|value| string(name, value)).transpose()?;
    }
    if attributes.data_base64.is_some() {
        return Err(bad("$.data_base64", "the event in $.data as a JSON object", "base64"));
    }
    let Some(data) = attributes.data else {
        return Err(bad("$.data", "an object", "nothing"));
    };
    Ok(Envelope { id, source, kind, data: data.get(), extensions: extensions(attributes.others)? })
}

fn bad(path: &str, expected: &str, found: &str) -> Fault {
    Fault::new(BadEnvelope, format!("{path}: expected {expected}, found {}", quote(found)))
}

#[cold]
fn refuse(text: &str, error: &serde_json::Error) -> Fault {
    if let Err(fault) = document::check_grammar(text) {
        return fault;
    }
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    Fault::new(BadEnvelope, format!("$: {message}"))
}

/// An attribute that is `null` is one that was not set (`CloudEvents` JSON format, section 2.2).
fn present(value: Option<&RawValue>) -> Option<&RawValue> {
    value.filter(|value| value.get() != "null")
}

fn string<'a>(name: &str, value: &'a RawValue) -> Result<Cow<'a, str>, Fault> {
    let json = value.get();
    let within = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match within {
        Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        Some(_) => match serde_json::from_str(json) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(_) => Err(bad(&format!("$.{name}"), "a string", json)),
        },
        None => Err(bad(&format!("$.{name}"), "a string", json)),
    }
}

fn required<'a>(name: &str, value: Option<&'a RawValue>, length_max: usize) -> Result<Cow<'a, str>, Fault> {
    let expected = || format!("a string of 1 to {length_max} bytes");
    let Some(value) = value else {
        return Err(bad(&format!("$.{name}"), &expected(), "nothing"));
    };
    let text = string(name, value)?;
    if text.is_empty() || text.len() > length_max {
        return Err(bad(&format!("$.{name}"), &expected(), value.get()));
    }
    Ok(text)
}

fn check_version(value: Option<&RawValue>) -> Result<(), Fault> {
    match value.map(RawValue::get) {
        Some("\"1.0\"") => Ok(()),
        found => Err(bad("$.specversion", "\"1.0\"", found.unwrap_or("nothing"))),
    }
}

fn check_time(value: Option<&RawValue>) -> Result<(), Fault> {
    let Some(value) = present(value) else {
        return Ok(());
    };
    match Moment::parse(&string("time", value)?) {
        Some(_) => Ok(()),
        None => Err(bad("$.time", "a time of RFC 3339 such as \"2026-11-22T05:00:00Z\"", value.get())),
    }
}

fn check_content_type(value: Option<&RawValue>) -> Result<(), Fault> {
    let Some(value) = present(value) else {
        return Ok(());
    };
    let text = string("datacontenttype", value)?;
    let media_type = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type.ends_with("/json") || media_type.ends_with("+json") {
        return Ok(());
    }
    Err(bad("$.datacontenttype", "\"application/json\"", value.get()))
}

/// Extension attributes: scalars, as `CloudEvents` has them. What has another name than its rules allow (lower-case
/// letters and digits) could not be passed on in a proper envelope, and is left behind.
fn extensions(others: Vec<(Cow<'_, str>, &RawValue)>) -> Result<Extensions, Fault> {
    let mut extensions = Extensions::new();
    for (name, value) in others {
        let is_name = name.len() <= EXTENSION_NAME_LENGTH_MAX
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if !is_name {
            continue;
        }
        let path = || format!("$.{name}");
        let parsed: Value =
            serde_json::from_str(value.get()).map_err(|_| bad(&path(), "an extension attribute", value.get()))?;
        match parsed {
            Value::Null => continue,
            Value::String(text) if text.len() > EXTENSION_TEXT_LENGTH_MAX => {
                return Err(bad(&path(), &format!("a string of at most {EXTENSION_TEXT_LENGTH_MAX} bytes"), &text));
            }
            Value::Array(_) | Value::Object(_) => {
                return Err(bad(&path(), "a string or a number or a boolean", value.get()));
            }
            scalar => extensions.insert(name.into_owned(), scalar),
        };
    }
    Ok(extensions)
}
