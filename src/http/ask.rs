//! Questions that only the engine's owner can answer: http asks over a bounded channel, and waits for a bounded time.
//!
//! Most of what HTTP shows is in the read model. What is worth no place there, because it is asked for seldom and would
//! have to be kept up at every event, is asked here.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::routing::explanation::{Explanation, Inquiry, Unexplained};

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
}

impl Question {
    /// Whether nobody waits for the answer any more.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        match self {
            Self::Explain(_, answer) => answer.is_closed(),
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
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Question::Explain(inquiry, answer)).map_err(|_| Unanswered)?;
        let answered = tokio::time::timeout(ANSWER_WITHIN, answered).await.map_err(|_| Unanswered)?;
        answered.map_err(|_| Unanswered)
    }
}
