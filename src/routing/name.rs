//! The names by which the outside world knows things: tickets, agents, roles, channels, skills.
//!
//! A name is parsed once, at the edge, and is then known to be 1–128 bytes of UTF-8 without control characters.
//! Names are cheap to clone and to compare, and are ordered by their bytes. Most are short, and lie where they are
//! mentioned: no memory is taken for them, and none is looked at to compare them. A long one is a shared string.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest name, in bytes of UTF-8 (`docs/events.md#the-envelope`).
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
    let printable = text.bytes().fold(true, |printable, byte| printable & (0x20..0x7f).contains(&byte));
    if !printable && text.chars().any(char::is_control) {
        return Err(NameError::ControlCharacter);
    }
    Ok(())
}

/// How long a name is at most that lies where it is mentioned: what makes it no larger than a string is.
const SHORT_LENGTH_MAX: usize = 22;

/// The same of an assignment's id, which is longer than most: an instance in sixteen digits, a dash, a letter, and as many
/// digits as the largest number has.
pub(super) const ASSIGNMENT_LENGTH_MAX: usize = 16 + 2 + 20;

/// How much of a text is compared at once.
const PIECE: usize = size_of::<u64>();

#[inline]
fn piece<const LENGTH: usize>(bytes: &[u8; LENGTH], begin: usize) -> u64 {
    let piece = bytes[begin..begin + PIECE].try_into().expect("it is as long as a piece");
    u64::from_be_bytes(piece)
}

/// The text of a name that may be so long and lies in place, in pieces that begin there. Equal texts are of one kind, which
/// their length decides. The last two pieces overlap.
macro_rules! text {
    ($text:ident of $length_max:ident in $($begin:expr),+) => {
        #[derive(Clone)]
        enum $text {
            /// Filled up with zeros, of which no name has any: so such texts compare as their bytes do, all at once.
            Short {
                bytes: [u8; $length_max],
                length: u8,
            },
            Long(Arc<str>),
        }

        impl $text {
            /// A text that fulfils the rules of a name.
            fn checked(text: &str) -> Result<Self, NameError> {
                check(text)?;
                let mut bytes = [0; $length_max];
                Ok(match bytes.get_mut(..text.len()) {
                    Some(begin) => {
                        begin.copy_from_slice(text.as_bytes());
                        Self::Short { bytes, length: u8::try_from(text.len()).expect("a short text is short") }
                    }
                    None => Self::Long(Arc::from(text)),
                })
            }

            fn as_bytes(&self) -> &[u8] {
                match self {
                    Self::Short { bytes, length } => &bytes[..usize::from(*length)],
                    Self::Long(text) => text.as_bytes(),
                }
            }

            fn as_str(&self) -> &str {
                match self {
                    Self::Short { .. } => std::str::from_utf8(self.as_bytes()).expect("it was made of a string"),
                    Self::Long(text) => text,
                }
            }

            /// A short text in pieces that compare as it does.
            #[inline]
            fn pieces(bytes: &[u8; $length_max]) -> impl Ord + Hash + use<> {
                ($(piece(bytes, $begin)),+)
            }
        }

        impl PartialEq for $text {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                match (self, other) {
                    (Self::Short { bytes: own, .. }, Self::Short { bytes: others, .. }) => {
                        Self::pieces(own) == Self::pieces(others)
                    }
                    (Self::Long(own), Self::Long(others)) => own == others,
                    (Self::Short { .. }, Self::Long(_)) | (Self::Long(_), Self::Short { .. }) => false,
                }
            }
        }

        impl Eq for $text {}

        impl Ord for $text {
            #[inline]
            fn cmp(&self, other: &Self) -> Ordering {
                match (self, other) {
                    (Self::Short { bytes: own, .. }, Self::Short { bytes: others, .. }) => {
                        Self::pieces(own).cmp(&Self::pieces(others))
                    }
                    _ => self.as_bytes().cmp(other.as_bytes()),
                }
            }
        }

        impl PartialOrd for $text {
            #[inline]
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Hash for $text {
            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                match self {
                    Self::Short { bytes, .. } => Self::pieces(bytes).hash(state),
                    Self::Long(text) => text.hash(state),
                }
            }
        }

        impl Read for $text {
            fn read(text: &str) -> Result<Self, NameError> {
                Self::checked(text)
            }
        }
    };
}

text!(Text of SHORT_LENGTH_MAX in 0, PIECE, SHORT_LENGTH_MAX - PIECE);
text!(AssignmentText of ASSIGNMENT_LENGTH_MAX in 0, PIECE, 2 * PIECE, 3 * PIECE, ASSIGNMENT_LENGTH_MAX - PIECE);

/// What is read from a string.
trait Read: Sized {
    fn read(text: &str) -> Result<Self, NameError>;
}

/// Reads a name without making a string of it first: a journal is full of them.
struct Reader<T>(PhantomData<T>);

impl<T: Read> Visitor<'_> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        T::read(text).map_err(E::custom)
    }
}

macro_rules! names {
    ($text:ident: $($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($text);

        impl $name {
            /// Takes a string that fulfils the rules of a name.
            ///
            /// # Errors
            /// Says which rule of `docs/events.md#the-envelope` the string breaks.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                $text::checked(text).map(Self)
            }

            /// The name as a string.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Reader(PhantomData)).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
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
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }
    )+};
}

names! {
    Text:
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
}

names! {
    AssignmentText:
    /// One offer and the assignment that it becomes; unique over the life of a journal.
    AssignmentId
}

impl AssignmentId {
    /// The first so many of these bytes, where whoever made them knows that they are letters, digits and dashes, and has filled
    /// up the rest with zeros: nobody looks whether that is a name.
    pub(super) fn known(bytes: [u8; ASSIGNMENT_LENGTH_MAX], length: usize) -> Self {
        debug_assert!(bytes[..length].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-'), "{bytes:?}");
        debug_assert!(length > 0 && bytes[length..].iter().all(|byte| *byte == 0), "{bytes:?}");
        Self(AssignmentText::Short { bytes, length: u8::try_from(length).expect("a short text is short") })
    }
}

impl ChannelName {
    /// The name as bytes: cheaper than as a string, and enough to compare it.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
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
    fn names_short_and_long_compare_as_their_strings_do() {
        let lengths = [1, 2, SHORT_LENGTH_MAX - 1, SHORT_LENGTH_MAX, SHORT_LENGTH_MAX + 1, NAME_LENGTH_MAX];
        let texts: Vec<String> =
            lengths.iter().flat_map(|length| ["a", "b", "~"].map(|it| it.repeat(*length))).collect();
        for one in &texts {
            let name = TicketId::parse(one).unwrap();
            assert_eq!((name.as_str(), name.clone()), (one.as_str(), name.clone()));
            for other in &texts {
                assert_eq!(name.cmp(&TicketId::parse(other).unwrap()), one.cmp(other), "{one} {other}");
                assert_eq!(name == TicketId::parse(other).unwrap(), one == other);
            }
        }
        assert!(TicketId::parse("ab").unwrap() < TicketId::parse("ab!").unwrap());
    }

    #[test]
    fn a_name_is_no_larger_than_a_string() {
        assert_eq!(size_of::<TicketId>(), size_of::<String>());
        assert_eq!(size_of::<Option<TicketId>>(), size_of::<String>());
    }

    #[test]
    fn a_name_is_neither_empty_nor_holds_control_characters() {
        assert_eq!(AgentId::parse(""), Err(NameError::Empty));
        assert_eq!(AgentId::parse("a\nb"), Err(NameError::ControlCharacter));
        assert_eq!(AgentId::parse("a\u{85}b"), Err(NameError::ControlCharacter));
    }
}
