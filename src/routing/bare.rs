//! A state that decides nothing: the ground truth alone, for replay and for snapshots. What follows from it is made once,
//! when somebody is to decide, and not kept up with every event of a past in which everything is decided.

use serde::{Deserialize, Deserializer, Serialize};

use super::apply::Applying;
use super::event::Event;
use super::frozen::Frozen;
use super::index::Nobody;
use super::state::{Ground, Identity, State};
use super::time::Timestamp;

/// The ground truth alone.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct BareState(Ground);

impl<'de> Deserialize<'de> for BareState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ground::deserialize(deserializer).map(Ground::in_order).map(Self)
    }
}

impl BareState {
    /// Nothing known, nothing configured.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self(Ground::new(identity))
    }

    /// Makes an event true, as [`State::apply`] does.
    ///
    /// # Panics
    /// Where the event does not fit the state.
    pub fn apply(&mut self, at: Timestamp, event: &Event) {
        Applying { ground: &mut self.0, index: &mut Nobody }.apply(at, event);
    }

    /// Counts an event that makes nothing true.
    pub fn pass(&mut self, at: Timestamp) {
        self.0.now = self.0.now.max(at);
        self.0.next_seq += 1;
    }

    /// What makes this engine's ids its own.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.0.identity
    }

    /// The same for another engine, whose ids are its own from here on.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.0.identity = identity;
        self
    }

    /// The number that the next event gets.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.0.next_seq
    }

    /// As [`State::hash`].
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.0.digest()
    }

    /// As it is now, to be written down.
    #[must_use]
    pub fn freeze(&self) -> Frozen {
        Frozen(self.0.shared())
    }

    /// A state that can decide.
    #[must_use]
    pub fn into_state(self) -> State {
        State::of(self.0)
    }
}
