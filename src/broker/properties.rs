//! The AMQP properties of a message, kept whole.
//!
//! A dead letter goes out with the properties it came with, also those that nobody here reads; therefore this is a shell
//! around lapin's own type rather than a selection of its members.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, LongString, ShortString};
use serde::{Deserialize, Serialize};

use super::headers::{LeftOut, shortened};

/// AMQP's short strings (message id, type, routing key …) hold no more.
pub const SHORT_STRING_LENGTH_MAX_BYTES: usize = 255;

/// `delivery_mode` of a message that survives a restart of the broker.
const PERSISTENT: u8 = 2;

const DELIVERY_COUNT: &str = "x-delivery-count";

/// The headers of what is handed on, in bytes: half of a frame, so that ours and all other properties have room beside them.
const FOREIGN_HEADERS_BYTES_MAX: usize = 64 << 10;

/// All headers, in bytes. Whoever is published again from a journal of before was not shortened when it came in.
const HEADERS_BYTES_MAX: usize = 96 << 10;

/// What is said in a header of such a message.
const LEFT_OUT_HEADER: &str = "x-rolecall-left-out";

/// Who published a dead letter, where that was another user than ours.
const USER_ID_HEADER: &str = "x-rolecall-user-id";

/// How long a dead letter had, in milliseconds, before it was one.
const EXPIRATION_HEADER: &str = "x-rolecall-expiration";

/// The properties and headers of one message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Properties(BasicProperties);

impl Properties {
    /// None set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `content_type`
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.0.content_type().as_ref().map(ShortString::as_str)
    }

    /// The AMQP property `type`: the event's type.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.0.kind().as_ref().map(ShortString::as_str)
    }

    /// `message_id`
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        self.0.message_id().as_ref().map(ShortString::as_str)
    }

    /// `app_id`
    #[must_use]
    pub fn app_id(&self) -> Option<&str> {
        self.0.app_id().as_ref().map(ShortString::as_str)
    }

    /// `correlation_id`
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id().as_ref().map(ShortString::as_str)
    }

    /// `timestamp`, in seconds since the epoch.
    #[must_use]
    pub fn timestamp_s(&self) -> Option<u64> {
        *self.0.timestamp()
    }

    /// A header that holds text; absent too where it is of another type or not UTF-8.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        match self.0.headers().as_ref()?.inner().get(name)? {
            AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok(),
            AMQPValue::ShortString(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// With this `content_type`.
    #[must_use]
    pub fn with_content_type(self, content_type: &str) -> Self {
        Self(match short(content_type) {
            Some(text) => self.0.with_content_type(text),
            None => self.0,
        })
    }

    /// With this `type`.
    #[must_use]
    pub fn with_kind(self, kind: &str) -> Self {
        Self(match short(kind) {
            Some(text) => self.0.with_type(text),
            None => self.0,
        })
    }

    /// With this `message_id`.
    #[must_use]
    pub fn with_message_id(self, message_id: &str) -> Self {
        Self(match short(message_id) {
            Some(text) => self.0.with_message_id(text),
            None => self.0,
        })
    }

    /// With this `app_id`.
    #[must_use]
    pub fn with_app_id(self, app_id: &str) -> Self {
        Self(match short(app_id) {
            Some(text) => self.0.with_app_id(text),
            None => self.0,
        })
    }

    /// With this `correlation_id`; left out where it is longer than AMQP can carry, because a cut id names nothing.
    #[must_use]
    pub fn with_correlation_id(self, correlation_id: &str) -> Self {
        Self(match short(correlation_id) {
            Some(text) => self.0.with_correlation_id(text),
            None => self.0,
        })
    }

    /// With this `timestamp`, in seconds since the epoch.
    #[must_use]
    pub fn with_timestamp_s(self, timestamp_s: u64) -> Self {
        Self(self.0.with_timestamp(timestamp_s))
    }

    /// With this header beside those that are there; one of the same name is replaced.
    #[must_use]
    pub fn with_header(self, name: &str, value: &str) -> Self {
        let mut headers = self.0.headers().clone().unwrap_or_default();
        if let Some(name) = short(name) {
            headers.insert(name, AMQPValue::LongString(LongString::from(value)));
        }
        Self(self.0.with_headers(headers))
    }

    /// Without the header by which a quorum queue counts deliveries: it is about the delivery, not of the message.
    pub(super) fn without_delivery_count(self) -> Self {
        let Some(headers) = self.0.headers().as_ref().filter(|headers| headers.contains_key(DELIVERY_COUNT)) else {
            return self;
        };
        let mut rest = headers.inner().clone();
        rest.remove(DELIVERY_COUNT);
        // lapin can't unset headers: an empty table stands for none, and equals it on the wire but for four bytes.
        Self(self.0.with_headers(rest.into()))
    }

    /// Without the longest of its headers where they leave no room for others beside them; says what was left out.
    #[must_use]
    pub fn with_room_for_headers(self) -> (Self, Option<LeftOut>) {
        self.shortened(FOREIGN_HEADERS_BYTES_MAX)
    }

    fn shortened(self, bytes_max: usize) -> (Self, Option<LeftOut>) {
        match self.0.headers().as_ref().and_then(|headers| shortened(headers, bytes_max)) {
            Some((kept, left_out)) => (Self(self.0.with_headers(kept)), Some(left_out)),
            None => (self, None),
        }
    }

    /// Whether the message survives a restart of the broker.
    #[must_use]
    pub fn is_persistent(&self) -> bool {
        *self.0.delivery_mode() == Some(PERSISTENT)
    }

    /// As lapin wants it, made persistent: nothing leaves the daemon that a restart of the broker would lose.
    ///
    /// Nor that time would. An `expiration`, on a dead letter that its publisher gave one, moves to a header, as RabbitMQ
    /// itself takes it off what it dead-letters.
    ///
    /// A `user_id` other than our own, on a dead letter that another user published, moves to a header: the broker closes
    /// the channel of whoever publishes in another's name, which would hold up everything behind it for ever. So would headers
    /// that do not fit into a frame.
    pub(super) fn to_publish(&self, own_user: &str) -> BasicProperties {
        let (mut properties, left_out) = self.clone().shortened(HEADERS_BYTES_MAX);
        if let Some(LeftOut { count, bytes }) = left_out {
            properties = properties.with_header(LEFT_OUT_HEADER, &format!("{count} headers of {bytes} bytes"));
        }
        let foreign = properties.0.user_id().clone().filter(|user| user.as_str() != own_user);
        if let Some(user) = foreign {
            let moved = properties.with_header(USER_ID_HEADER, user.as_str());
            properties = Self(moved.0.with_user_id(own_user.into()));
        }
        if let Some(expiration) = properties.0.expiration().clone() {
            let moved = properties.with_header(EXPIRATION_HEADER, expiration.as_str());
            properties = Self(without_expiration(&moved.0));
        }
        properties.0.with_delivery_mode(PERSISTENT)
    }
}

/// All the others. lapin can't unset one.
fn without_expiration(all: &BasicProperties) -> BasicProperties {
    let rest = BasicProperties::default();
    let rest = all.content_type().iter().cloned().fold(rest, BasicProperties::with_content_type);
    let rest = all.content_encoding().iter().cloned().fold(rest, BasicProperties::with_content_encoding);
    let rest = all.headers().iter().cloned().fold(rest, BasicProperties::with_headers);
    let rest = all.delivery_mode().iter().copied().fold(rest, BasicProperties::with_delivery_mode);
    let rest = all.priority().iter().copied().fold(rest, BasicProperties::with_priority);
    let rest = all.correlation_id().iter().cloned().fold(rest, BasicProperties::with_correlation_id);
    let rest = all.reply_to().iter().cloned().fold(rest, BasicProperties::with_reply_to);
    let rest = all.message_id().iter().cloned().fold(rest, BasicProperties::with_message_id);
    let rest = all.timestamp().iter().copied().fold(rest, BasicProperties::with_timestamp);
    let rest = all.kind().iter().cloned().fold(rest, BasicProperties::with_type);
    let rest = all.user_id().iter().cloned().fold(rest, BasicProperties::with_user_id);
    let rest = all.app_id().iter().cloned().fold(rest, BasicProperties::with_app_id);
    all.cluster_id().iter().cloned().fold(rest, BasicProperties::with_cluster_id)
}

impl From<BasicProperties> for Properties {
    fn from(properties: BasicProperties) -> Self {
        Self(properties)
    }
}

/// `None` where the text is longer than AMQP can carry (lapin's own conversion panics there).
pub(super) fn short(text: &str) -> Option<ShortString> {
    ShortString::try_new(text).ok()
}

#[cfg(test)]
mod tests {
    use lapin::types::FieldTable;

    use super::*;

    #[test]
    fn nothing_is_published_in_the_name_of_another_user() {
        let theirs = Properties(BasicProperties::default().with_user_id("upstream".into()));
        let published = Properties(theirs.to_publish("rolecall"));
        assert_eq!(published.0.user_id().as_ref().map(ShortString::as_str), Some("rolecall"));
        assert_eq!(published.header(USER_ID_HEADER), Some("upstream"));
        let ours = theirs.to_publish("upstream");
        assert_eq!(ours.user_id(), theirs.0.user_id());
        assert_eq!(ours.headers(), theirs.0.headers());
    }

    #[test]
    fn nothing_is_published_that_ends_by_itself_and_all_else_stays() {
        let every_other = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_content_encoding("utf-8".into())
            .with_headers(FieldTable::default())
            .with_delivery_mode(PERSISTENT)
            .with_priority(4)
            .with_correlation_id("cor".into())
            .with_reply_to("back".into())
            .with_message_id("id-1".into())
            .with_timestamp(1_700_000_000)
            .with_type("ticket.created".into())
            .with_user_id("rolecall".into())
            .with_app_id("/crm".into())
            .with_cluster_id("cluster".into());
        let ending = Properties(every_other.clone().with_expiration("1500".into()));
        let kept = Properties(every_other).with_header(EXPIRATION_HEADER, "1500");
        assert_eq!(ending.to_publish("rolecall"), kept.0);
    }

    #[test]
    fn headers_that_a_frame_has_no_room_for_are_not_published() {
        let long = "x".repeat(130_000);
        let kept = Properties::new().with_header("tenant", "north").with_header("long", &long);
        let published = Properties(kept.to_publish("rolecall"));
        assert_eq!((published.header("tenant"), published.header("long")), (Some("north"), None));
        assert_eq!(published.header(LEFT_OUT_HEADER), Some("1 headers of 130010 bytes"));
    }
}
