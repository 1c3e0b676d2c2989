//! A state as it was at one moment, to be written down while the engine goes on: it shares what has not changed since.

use serde::{Deserialize, Deserializer, Serialize};

use super::agent::Agent;
use super::roster::{Entries, SumOf};
use super::state::{Ground, Identity, State};
use super::ticket::Ticket;

/// A state as it was. It is written as a [`State`] is, and read as one.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Frozen(pub(super) Ground<Entries<Ticket>, Entries<Agent>>);

impl Frozen {
    /// What makes this engine's ids its own.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.0.identity
    }

    /// The number that the next event got.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.0.next_seq
    }

    /// What its state hashed to.
    #[must_use]
    pub fn digest(&self) -> StateDigest {
        StateDigest { next_seq: self.0.next_seq, hash: self.0.digest() }
    }
}

impl State {
    /// As it is now, to be written down while it changes: that takes microseconds where the state is small, and a
    /// millisecond where a million tickets wait.
    #[must_use]
    pub fn freeze(&self) -> Frozen {
        Frozen(self.ground.shared())
    }
}

/// What tells one state from another. It can be read from where a state was written, without room for the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateDigest {
    /// The number that the next event gets.
    pub next_seq: u64,
    /// As [`State::hash`].
    pub hash: u64,
}

impl<'de> Deserialize<'de> for StateDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let summed = Ground::<SumOf<Ticket>, SumOf<Agent>>::deserialize(deserializer)?;
        Ok(Self { next_seq: summed.next_seq, hash: summed.digest() })
    }
}
