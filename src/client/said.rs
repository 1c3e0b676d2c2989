//! One event that somebody says to the daemon (`docs/events.md#what-comes-in`).

use serde_json::{Map, Value, json};

use crate::broker::{Exchange, Properties, Publication};
use crate::routing::Timestamp;
use crate::wire::{self, EventKind, RawEvent, Unreadable};

use super::rfc3339;

/// How an event goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// A CloudEvents envelope in JSON.
    #[default]
    Envelope,
    /// The body is `data` alone; the rest is in AMQP properties.
    Plain,
}

/// Why a line is no event.
#[derive(Debug, thiserror::Error)]
pub enum NotSaid {
    /// The line is no JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The line is JSON and no object.
    #[error("expected an object with `type` and `data`")]
    NoObject,
    /// A member is not what it should be.
    #[error("`{member}`: expected {expected}")]
    Member {
        /// Which.
        member: String,
        /// What it should be.
        expected: &'static str,
    },
}

/// One event for the daemon.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// `ticket.created` …
    pub kind: String,
    /// Source and id together name the event: said again, it changes nothing.
    pub id: String,
    /// Who says it.
    pub source: String,
    /// When, as the envelope spells it.
    pub time: Option<String>,
    /// Extension attributes of the envelope.
    pub extensions: Map<String, Value>,
    /// What it says.
    pub data: Value,
}

/// A message, ready to be published.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The event's type.
    pub routing_key: String,
    /// AMQP properties.
    pub properties: Properties,
    /// As it goes over the wire.
    pub body: Vec<u8>,
}

/// A new id for an event: 128 random bits in hexadecimal.
#[must_use]
pub fn draw_event_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

impl Said {
    /// An event of a known kind.
    #[must_use]
    pub fn new(kind: EventKind, id: String, source: &str, at: Timestamp, data: Value) -> Self {
        Self {
            kind: kind.as_str().to_owned(),
            id,
            source: source.to_owned(),
            time: Some(rfc3339(at)),
            extensions: Map::new(),
            data,
        }
    }

    /// Reads a line of JSON: an envelope, or `{"type":…, "data":…}` with `id`, `source` and `time` if wanted. What is
    /// absent is filled in: the id drawn, the source as given here.
    ///
    /// # Errors
    /// Says what is wrong with the line. Whether the daemon can read the event is for [`Self::check`] to say.
    pub fn parse_line(line: &str, source: &str) -> Result<Self, NotSaid> {
        let Value::Object(mut members) = serde_json::from_str(line)? else { return Err(NotSaid::NoObject) };
        let is_envelope = members.remove("specversion").is_some();
        let mut text = |member: &str| match members.remove(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(NotSaid::Member { member: member.to_owned(), expected: "a string" }),
        };
        let kind = text("type")?.ok_or_else(|| member("type", "the event's type"))?;
        let (id, said_by, time) = (text("id")?, text("source")?, text("time")?);
        members.remove("datacontenttype");
        let data = members.remove("data").ok_or_else(|| member("data", "an object"))?;
        if let Some(unknown) = members.keys().next().filter(|_| !is_envelope) {
            return Err(member(unknown, "`type`, `data`, `id`, `source`, `time`, or an envelope with `specversion`"));
        }
        let id = id.unwrap_or_else(draw_event_id);
        let source = said_by.unwrap_or_else(|| source.to_owned());
        Ok(Self { kind, id, source, time, extensions: members, data })
    }

    /// Whether the daemon will be able to read it.
    ///
    /// # Errors
    /// What its dead letter would say.
    pub fn check(&self, form: Form) -> Result<(), Unreadable> {
        let message = self.message(form);
        message.check()
    }

    /// The envelope as one JSON object.
    #[must_use]
    pub fn envelope(&self) -> Value {
        let mut envelope = Map::new();
        envelope.insert("specversion".to_owned(), json!("1.0"));
        envelope.insert("id".to_owned(), json!(self.id));
        envelope.insert("source".to_owned(), json!(self.source));
        envelope.insert("type".to_owned(), json!(self.kind));
        if let Some(time) = &self.time {
            envelope.insert("time".to_owned(), json!(time));
        }
        envelope.extend(self.extensions.clone());
        envelope.insert("data".to_owned(), self.data.clone());
        Value::Object(envelope)
    }

    /// As it is published.
    #[must_use]
    pub fn message(&self, form: Form) -> Message {
        let properties = Properties::new().with_message_id(&self.id).with_kind(&self.kind);
        let (properties, body) = match form {
            Form::Envelope => (properties.with_content_type(wire::CONTENT_TYPE), self.envelope().to_string()),
            Form::Plain => {
                (properties.with_content_type("application/json").with_app_id(&self.source), self.data.to_string())
            }
        };
        Message { routing_key: self.kind.clone(), properties, body: body.into_bytes() }
    }
}

fn member(member: &str, expected: &'static str) -> NotSaid {
    NotSaid::Member { member: member.to_owned(), expected }
}

impl Message {
    /// Whether the daemon will be able to read it.
    ///
    /// # Errors
    /// What its dead letter would say.
    pub fn check(&self) -> Result<(), Unreadable> {
        wire::check(&self.raw())
    }

    /// As the daemon sees it once the broker has delivered it.
    #[must_use]
    pub fn raw(&self) -> RawEvent<'_> {
        RawEvent {
            body: &self.body,
            form: None,
            content_type: self.properties.content_type(),
            kind: self.properties.kind(),
            routing_key: &self.routing_key,
            message_id: self.properties.message_id(),
            app_id: self.properties.app_id(),
            traceparent: self.properties.header("traceparent"),
        }
    }
}

impl From<Message> for Publication {
    fn from(message: Message) -> Self {
        let Message { routing_key, properties, body } = message;
        Self { exchange: Exchange::Events, routing_key, properties, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_gets_an_id_and_a_source() {
        let said = Said::parse_line(r#"{"type":"ticket.created","data":{"ticket_id":"t1"}}"#, "/here").unwrap();
        assert_eq!((said.kind.as_str(), said.source.as_str(), said.id.len()), ("ticket.created", "/here", 32));
    }

    #[test]
    fn an_envelope_goes_out_as_it_came_in_with_its_extensions() {
        let line = r#"{"specversion":"1.0","id":"7","source":"/a","type":"ticket.created","time":"2026-11-22T05:00:00Z","tenant":"eu","data":{"ticket_id":"t1"}}"#;
        assert_eq!(Said::parse_line(line, "/here").unwrap().envelope().to_string(), line);
    }

    #[test]
    fn a_plain_message_carries_the_rest_in_its_properties() {
        let line = r#"{"type":"ticket.created","id":"7","data":{"ticket_id":"t1"}}"#;
        let message = Said::parse_line(line, "/here").unwrap().message(Form::Plain);
        let properties = &message.properties;
        assert_eq!(message.body, br#"{"ticket_id":"t1"}"#);
        assert_eq!(
            (properties.kind(), properties.message_id(), properties.app_id()),
            (Some("ticket.created"), Some("7"), Some("/here"))
        );
    }

    #[test]
    fn a_line_that_is_no_event_is_refused_with_the_member_that_is_wrong() {
        for (line, expected) in [
            ("hello", "not JSON"),
            ("[]", "expected an object"),
            (r#"{"data":{}}"#, "`type`"),
            (r#"{"type":"ticket.created"}"#, "`data`"),
            (r#"{"type":1,"data":{}}"#, "`type`: expected a string"),
            (r#"{"type":"ticket.created","data":{},"tyme":"now"}"#, "`tyme`"),
        ] {
            let error = Said::parse_line(line, "/here").unwrap_err().to_string();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
