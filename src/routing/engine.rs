//! Commands in, events out.

use super::command::{Command, Rejection};
use super::event::Event;
use super::state::{Identity, State};
use super::time::Timestamp;

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was done.
    Accepted,
    /// It said what was known already, and changed nothing.
    Duplicate,
    /// It could not be done, and changed nothing.
    Rejected(Rejection),
}

/// What a command led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What became of it.
    pub verdict: Verdict,
    /// The number of the first of `events`; the others follow without a gap.
    pub first_seq: u64,
    /// The time at which they happened: that of the command, or the engine's own where that is later.
    pub at: Timestamp,
    /// What happened, in order; applied already.
    pub events: Vec<Event>,
}

/// The engine: a value, with no global state.
#[derive(Debug, Clone)]
pub struct Engine {
    state: State,
}

impl Engine {
    /// An engine that knows nothing.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self { state: State::new(identity) }
    }

    /// An engine that goes on from a state.
    #[must_use]
    pub fn resume(state: State) -> Self {
        Self { state }
    }

    /// What the engine knows.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Does one thing, and everything that follows from it.
    pub fn handle(&mut self, _command: Command, now: Timestamp) -> Outcome {
        Outcome { verdict: Verdict::Accepted, first_seq: self.state.next_seq(), at: now, events: Vec::new() }
    }

    /// When [`Command::Elapse`] is due, and why.
    #[must_use]
    pub fn next_timeout(&self) -> Option<(Timestamp, &'static str)> {
        None
    }
}
