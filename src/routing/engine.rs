//! Commands in, events out.

use super::command::{Command, Rejection};
use super::event::Event;
use super::index;
use super::passed_on::Parted;
use super::state::{Identity, State};
use super::step::Step;
use super::time::Timestamp;
use super::timer::Subject;

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was done.
    Accepted,
    /// It said what was known already, and changed nothing.
    Duplicate,
    /// It could not be done, and changed nothing. The answer is among the events.
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
    /// The tickets that these events ended, of which the state knows no longer what they pass on.
    pub parted: Vec<Parted>,
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

    /// Does one thing, and everything that follows from it. A time before the engine's own counts as the engine's own.
    pub fn handle(&mut self, command: Command, now: Timestamp) -> Outcome {
        let at = now.max(self.state.now());
        let first_seq = self.state.next_seq();
        let mut step = Step::new(&mut self.state, at);
        let verdict = step.run(command);
        let (events, parted) = step.finish();
        Outcome { verdict, first_seq, at, events, parted }
    }

    /// When [`Command::Elapse`] is due, and why.
    #[must_use]
    pub fn next_timeout(&self) -> Option<(Timestamp, &'static str)> {
        let (due, subject) = self.state.timers().first()?;
        let why = match subject {
            Subject::Agent(_) => "agent",
            Subject::Role(role) => self.state.index.role_due(role, &self.state.ground)?.1.as_str(),
            Subject::Doors => "opening",
            Subject::Closed => "retention",
            Subject::Ticket(id) => {
                let ticket = self.state.ticket(id)?;
                let (_, what) = index::ticket_due(ticket, &self.state.ground.agents, &self.state.ground.catalogue)?;
                what.as_str()
            }
        };
        Some((due, why))
    }
}
