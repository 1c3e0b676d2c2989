//! Questions that only the engine's owner can answer: http asks over a bounded channel, and waits for a bounded time.
//!
//! Most of what HTTP shows is in the read model. What is worth no place there, because it is asked for seldom and would
//! have to be kept up at every event, is asked here.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::submission::{Letter, Outcome};
use crate::routing::explanation::{Explanation, Inquiry, Unexplained, Way};
use crate::routing::ticket::Demand;

/// Questions that wait for the engine's owner at most; further ones are told to come again.
const QUESTIONS_MAX: usize = 16;

/// How long an answer may take. The writer answers between two batches; beyond this something is wrong with it, or it is
/// still replaying the journal.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A question to the engine's owner.
#[derive(Debug)]
pub enum Question {
    /// Why a ticket is where it is.
    Explain(Inquiry, oneshot::Sender<Result<Explanation, Unexplained>>),
    /// Which role a ticket would get if it came now: a `ticket.created` that is only looked at. What is wrong with it
    /// otherwise.
    Classify(Letter, oneshot::Sender<Result<Classified, Outcome>>),
}

/// What a ticket would demand, and by which of the ways of `docs/routing.md#which-role`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classified {
    /// How it would come to its role.
    pub way: Way,
    /// What it would demand.
    pub demand: Demand,
}

impl Question {
    /// Whether nobody waits for the answer any more.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        match self {
            Self::Explain(_, answer) => answer.is_closed(),
            Self::Classify(_, answer) => answer.is_closed(),
        }
    }
}

/// Where the engine's owner finds what it was asked.
pub type Questions = mpsc::Receiver<Question>;

/// Whoever holds it may ask.
#[derive(Debug, Clone)]
pub struct Asker(mpsc::Sender<Question>);

/// Why there is no answer: there are too many questions, or it took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unanswered;

/// The two ends of the channel.
#[must_use]
pub fn questions() -> (Asker, Questions) {
    let (tx, rx) = mpsc::channel(QUESTIONS_MAX);
    (Asker(tx), rx)
}

impl Asker {
    pub(super) async fn explain(&self, inquiry: Inquiry) -> Result<Result<Explanation, Unexplained>, Unanswered> {
        self.ask(|answer| Question::Explain(inquiry, answer)).await
    }

    pub(super) async fn classify(&self, letter: Letter) -> Result<Result<Classified, Outcome>, Unanswered> {
        self.ask(|answer| Question::Classify(letter, answer)).await
    }

    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Question) -> Result<T, Unanswered> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(question(answer)).map_err(|_| Unanswered)?;
        let answered = tokio::time::timeout(ANSWER_WITHIN, answered).await.map_err(|_| Unanswered)?;
        answered.map_err(|_| Unanswered)
    }
}
