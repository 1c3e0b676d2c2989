//! The names by which the outside world knows things: tickets, agents, roles, channels, skills.
//!
//! A name is parsed once, at the edge, and is then known to be 1–128 bytes of UTF-8 without control characters.
//! Names are cheap to clone (a shared string) and are ordered by their bytes.

use std::fmt;
use std::sync::Arc;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest name, in bytes of UTF-8 (contract §4).
pub const NAME_LENGTH_MAX: usize = 128;

/// Why a string is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The string has no characters.
    #[error("is empty")]
    Empty,
    /// The string is longer than [`NAME_LENGTH_MAX`].
    #[error("is longer than {NAME_LENGTH_MAX} bytes")]
    TooLong,
    /// The string holds a control character, such as a line break.
    #[error("holds a control character")]
    ControlCharacter,
}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > NAME_LENGTH_MAX {
        return Err(NameError::TooLong);
    }
    // Most names are printable ASCII, which is seen without decoding.
    let printable = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !printable && text.chars().any(char::is_control) {
        return Err(NameError::ControlCharacter);
    }
    Ok(())
}

/// Reads a name without making a string of it first: a journal is full of them.
struct Text;

impl Visitor<'_> for Text {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Arc<str>, E> {
        check(text).map_err(E::custom)?;
        Ok(Arc::from(text))
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes a string that fulfils the rules of a name.
            ///
            /// # Errors
            /// Says which rule of contract §4 the string breaks.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                check(text)?;
                Ok(Self(Arc::from(text)))
            }

            /// The name as a string.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Text).map(Self)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                check(&text)?;
                Ok(Self(Arc::from(text)))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    )+};
}

names! {
    /// A ticket's id, chosen by the upstream system.
    TicketId
    /// An agent's id, chosen by the upstream system.
    AgentId
    /// What an agent is *for*: `billing`, `technical`, `vip` …
    RoleName
    /// How work arrives: `email`, `chat`, `call`, `social`, `task`, or any other.
    ChannelName
    /// Something an agent is good at, with a level: `de`, `networking` …
    SkillName
    /// A named right, `noun.verb`: `refund.issue`.
    Permission
    /// The kind of a ticket, by which roles are found: `invoice`, `outage` …
    TicketType
    /// A rule's name, as explanations show it.
    RuleName
    /// An automation's name, as events show it.
    AutomationName
    /// A status of the catalogue's own: `lunch`, `training` …
    StatusName
    /// Opening hours of the catalogue: `office`, `hotline` …
    HoursName
    /// One offer and the assignment that it becomes; unique over the life of a journal.
    AssignmentId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_bounded_in_bytes_not_in_characters() {
        assert!(TicketId::parse(&"é".repeat(64)).is_ok());
        assert_eq!(TicketId::parse(&"é".repeat(65)), Err(NameError::TooLong));
    }

    #[test]
    fn a_name_is_neither_empty_nor_holds_control_characters() {
        assert_eq!(AgentId::parse(""), Err(NameError::Empty));
        assert_eq!(AgentId::parse("a\nb"), Err(NameError::ControlCharacter));
        assert_eq!(AgentId::parse("a\u{85}b"), Err(NameError::ControlCharacter));
    }
}
