//! Time as the engine sees it: integers of milliseconds that somebody else read off a clock.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Add, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A moment, or none, in the room of a moment: every ticket has several. It reads, serialises and hashes as an
/// `Option<Timestamp>`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sometime(i64);

/// A length of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

/// The longest length of time that configuration takes: ten years. Far above any use, far below overflow.
pub const DURATION_MAX: Millis = Millis(10 * 366 * 24 * 3_600 * 1_000);

impl Timestamp {
    /// The time from `earlier` to `self`; zero where `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Millis {
        Millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Sometime {
    /// No moment at all.
    pub const NEVER: Self = Self(i64::MIN);

    /// The moment, where there is one.
    #[must_use]
    pub const fn get(self) -> Option<Timestamp> {
        if self.0 == Self::NEVER.0 { None } else { Some(Timestamp(self.0)) }
    }

    /// For members that are only written where they say something.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(super) fn is_never(&self) -> bool {
        *self == Self::NEVER
    }
}

impl From<Timestamp> for Sometime {
    /// The first of all moments, 292 million years ago, is told from none by one millisecond.
    fn from(Timestamp(at): Timestamp) -> Self {
        Self(at.max(Self::NEVER.0 + 1))
    }
}

impl From<Option<Timestamp>> for Sometime {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::NEVER, Self::from)
    }
}

impl Default for Sometime {
    fn default() -> Self {
        Self::NEVER
    }
}

impl fmt::Debug for Sometime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl Hash for Sometime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.get().hash(state);
    }
}

impl Serialize for Sometime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sometime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// That many seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * 1_000)
    }

    /// Whether this is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// For members that are only written where they say something.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
pub(super) fn is_zero(length: &Millis) -> bool {
    length.is_zero()
}

impl Add<Millis> for Timestamp {
    type Output = Self;

    fn add(self, length: Millis) -> Self {
        Self(self.0.saturating_add_unsigned(length.0))
    }
}

impl Sub<Millis> for Timestamp {
    type Output = Self;

    fn sub(self, length: Millis) -> Self {
        Self(self.0.saturating_sub_unsigned(length.0))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ms if ms % 3_600_000 == 0 && ms > 0 => write!(f, "{}h", ms / 3_600_000),
            ms if ms % 60_000 == 0 && ms > 0 => write!(f, "{}m", ms / 60_000),
            ms if ms % 1_000 == 0 => write!(f, "{}s", ms / 1_000),
            ms => write!(f, "{ms}ms"),
        }
    }
}
