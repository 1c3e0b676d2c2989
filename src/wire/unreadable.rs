//! Why an event can't be read: what its dead letter says (`docs/events.md#what-cant-be-read`).

use super::bounds::{DETAIL_LENGTH_MAX, QUOTE_LENGTH_MAX};
use super::kind::EventKind;

/// The stable codes in the header `x-rolecall-error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnreadableCode {
    /// The body is no UTF-8, no JSON, or nested too deep.
    BadJson,
    /// The body is no `CloudEvents` 1.0 envelope, although it claims to be one.
    BadEnvelope,
    /// No such type of event.
    UnknownType,
    /// A member of `data` is missing or is not what it should be.
    BadField,
    /// The body is larger than [`super::bounds::MESSAGE_SIZE_MAX`].
    TooLarge,
    /// It was not read again: processes died over it.
    GivenUp,
}

impl UnreadableCode {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::BadJson, Self::BadEnvelope, Self::UnknownType, Self::BadField, Self::TooLarge, Self::GivenUp];

    /// As the header spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::BadEnvelope => "bad_envelope",
            Self::UnknownType => "unknown_type",
            Self::BadField => "bad_field",
            Self::TooLarge => "too_large",
            Self::GivenUp => "given_up",
        }
    }
}

/// That an event can't be read, and why, for the one who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", code.as_str())]
pub struct Unreadable {
    /// For programs: the header `x-rolecall-error`.
    pub code: UnreadableCode,
    /// For people: the header `x-rolecall-detail`. Where in the body, what was expected, what was found. At most
    /// [`super::bounds::DETAIL_LENGTH_MAX`] bytes.
    pub detail: String,
    /// The type of the event, as far as it was understood: a bounded label for metrics.
    pub kind: Option<EventKind>,
}

impl Unreadable {
    /// The same of something that is looked at in a place that has to be named first.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        self.detail = format!("{place}: {}", self.detail);
        self.detail.truncate(self.detail.floor_char_boundary(DETAIL_LENGTH_MAX));
        self
    }

    /// The detail without what was found, where that is a piece of the message: for the log, in which nothing of a ticket or an
    /// agent may be.
    #[must_use]
    pub fn detail_without_content(&self) -> &str {
        match self.code {
            UnreadableCode::BadEnvelope | UnreadableCode::BadField => {
                self.detail.split_once(", found ").map_or(&self.detail, |(expected, _)| expected)
            }
            // Where something of it is quoted, that is the name of a member.
            UnreadableCode::BadJson => {
                self.detail.split_once(", found \"").map_or(&self.detail, |(expected, _)| expected)
            }
            UnreadableCode::UnknownType | UnreadableCode::TooLarge | UnreadableCode::GivenUp => &self.detail,
        }
    }
}

/// What is wrong, before it is known of which event.
#[derive(Debug)]
pub(super) struct Fault {
    code: UnreadableCode,
    detail: String,
}

impl Fault {
    /// A fault with its detail, cut to its bound.
    pub(super) fn new(code: UnreadableCode, mut detail: String) -> Self {
        detail.truncate(detail.floor_char_boundary(DETAIL_LENGTH_MAX));
        Self { code, detail }
    }

    /// The same, of an event of this kind.
    pub(super) fn of(self, kind: Option<EventKind>) -> Unreadable {
        Unreadable { code: self.code, detail: self.detail, kind }
    }
}

/// A piece of the message, short enough to be repeated.
pub(super) fn quote(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= QUOTE_LENGTH_MAX {
        return text.into();
    }
    format!("{}…", &text[..text.floor_char_boundary(QUOTE_LENGTH_MAX)]).into()
}
