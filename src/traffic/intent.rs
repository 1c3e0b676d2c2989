//! What people mean to do.

use super::desk::Answer;
use super::shift::Step;

/// Something that somebody means to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Intent {
    /// The next customer comes.
    Arrive,
    /// A customer who still waits goes away.
    LosePatience {
        ticket: String,
        /// How often this customer had begun to wait by then.
        asked: u32,
    },
    /// An agent answers an offer.
    Answer(Answer),
    /// An agent is through with a ticket.
    Finish { assignment: String },
    /// A customer who was waited for is back.
    Resume { assignment: String },
    /// An agent is ready again.
    EndWrapUp { agent: String, ticket: String },
    /// A shift goes on.
    Shift { desk: usize, step: Step },
    /// An agent comes back who was declared away.
    Return { desk: usize },
}
