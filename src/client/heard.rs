//! One event that the daemon said (`docs/events.md#what-goes-out`), as a client reads it.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::routing::Timestamp;

/// Why a message is no event of the daemon's.
#[derive(Debug, thiserror::Error)]
pub enum NotHeard {
    /// It is no CloudEvents envelope.
    #[error("not a CloudEvents envelope")]
    Envelope(#[from] serde_json::Error),
    /// Its `time` is no time.
    #[error("`time` is not RFC 3339")]
    Time(#[from] jiff::Error),
}

/// An outbound event. Members are read by name, because a client has to cope with members that it does not know.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The same however often the event is sent.
    pub id: String,
    /// `assignment.assigned` …
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// What it says.
    pub data: Map<String, Value>,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    time: String,
    #[serde(default)]
    data: Map<String, Value>,
}

impl Heard {
    /// Reads a message's body.
    ///
    /// # Errors
    /// Where it is no envelope.
    pub fn parse(body: &[u8]) -> Result<Self, NotHeard> {
        let Envelope { id, kind, time, data } = serde_json::from_slice(body)?;
        let at: jiff::Timestamp = time.parse()?;
        Ok(Self { id, kind, at: Timestamp(at.as_millisecond()), data })
    }

    /// A member that is a string.
    #[must_use]
    pub fn text(&self, member: &str) -> Option<&str> {
        self.data.get(member)?.as_str()
    }

    /// A member that is a whole number.
    #[must_use]
    pub fn number(&self, member: &str) -> Option<u64> {
        self.data.get(member)?.as_u64()
    }

    /// `ticket_id`
    #[must_use]
    pub fn ticket(&self) -> Option<&str> {
        self.text("ticket_id")
    }

    /// `agent_id`
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.text("agent_id")
    }

    /// `assignment_id`
    #[must_use]
    pub fn assignment(&self) -> Option<&str> {
        self.text("assignment_id")
    }

    /// `role`
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.text("role")
    }

    /// `channel`
    #[must_use]
    pub fn channel(&self) -> Option<&str> {
        self.text("channel")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_read_and_members_are_found_by_name() {
        let body = br#"{"specversion":"1.0","id":"1-2","source":"/rolecall/a","type":"assignment.assigned",
            "time":"2026-11-22T05:00:00.120Z","data":{"ticket_id":"t1","waited_ms":12,"new":{"x":1}}}"#;
        let heard = Heard::parse(body).unwrap();
        assert_eq!((heard.ticket(), heard.number("waited_ms"), heard.agent()), (Some("t1"), Some(12), None));
        assert_eq!(crate::client::rfc3339(heard.at), "2026-11-22T05:00:00.120Z");
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        assert!(Heard::parse(b"hello").is_err());
        assert!(Heard::parse(br#"{"id":"1","type":"t","time":"yesterday","data":{}}"#).is_err());
    }
}
