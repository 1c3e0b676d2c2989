//! What comes in over HTTP and changes something: events, in the form in which the broker would have delivered them.
//!
//! They go to the engine's owner over a bounded channel, are read by the same reader, decided by the same engine, and
//! made durable in the same batches as what comes from the broker. The answer comes when that is done, and not before.

use std::fmt;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::authority::Authority;
use super::registration::Expectation;
use super::request_digest::RequestDigest;
use crate::wire::{Form, RawEvent};

/// Submissions that wait for the engine's owner at most; further ones are told to come again.
const WAITING_MAX: usize = 64;

/// The most events of one submission: what a sync makes durable together with others without their waiting long.
pub(super) const EVENTS_MAX: usize = 100;

/// How long a submission may take until it is durable. A sync takes milliseconds; beyond this the disk is in trouble.
const DURABLE_WITHIN: Duration = Duration::from_secs(8);

/// One event, as its sender wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The body: an envelope, or `data` alone.
    pub body: Vec<u8>,
    /// Which of them it is. Nobody looks into the body for that.
    pub form: Form,
    /// The type, where the body is `data` alone.
    pub kind: String,
    /// The id, where the body is `data` alone.
    pub id: Option<String>,
    /// The source, where the body is `data` alone.
    pub source: String,
    /// The header `traceparent`.
    pub traceparent: Option<String>,
    /// What it asks for, where its id is an `Idempotency-Key`.
    pub request: Option<RequestDigest>,
}

impl Letter {
    /// As `wire` looks at it. Whoever tells of an event and whoever decides it read this.
    pub(crate) fn raw(&self) -> RawEvent<'_> {
        RawEvent {
            body: &self.body,
            form: Some(self.form),
            content_type: None,
            kind: Some(&self.kind),
            routing_key: "",
            message_id: self.id.as_deref(),
            app_id: Some(&self.source),
            traceparent: self.traceparent.as_deref(),
        }
    }
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its type, where that was understood.
    pub kind: Option<&'static str>,
    /// Its id, where it has one.
    pub id: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, and all that follows from it is durable.
    Accepted,
    /// It had come before, and changed nothing.
    Duplicate,
    /// It could be read and not be done.
    Rejected {
        /// As in `command.rejected`, or `changed_meanwhile` or `idempotency_key_reused`.
        code: &'static str,
        /// What was found, and what was expected.
        detail: String,
    },
    /// It could not be read.
    Unreadable {
        /// As in the dead letters.
        code: &'static str,
        /// Where, what was expected, and what was found.
        detail: String,
    },
    /// Its sender may not do this.
    Forbidden {
        /// What is missing.
        detail: String,
    },
}

/// Events to be decided one after the other, and who waits for what becomes of them.
#[derive(Debug)]
pub struct Submission {
    /// The events.
    pub letters: Vec<Letter>,
    /// Who sends them.
    pub author: Authority,
    /// What has to hold when they are decided; a repeat is one all the same.
    pub expected: Option<Expectation>,
    /// Where the answer goes, once it is durable.
    pub answer: oneshot::Sender<Answer>,
}

/// What a submission is answered.
pub type Answer = Result<Vec<Receipt>, HeldBack>;

/// Nothing is taken now: the outbox is full, or the disk of the journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldBack;

impl Submission {
    /// Whether nobody waits for the answer any more. What has not been decided then never is.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.answer.is_closed()
    }
}

/// Where the engine's owner finds what was submitted.
pub type Submissions = mpsc::Receiver<Submission>;

/// Whoever holds it may submit.
#[derive(Clone)]
pub struct Submitter(mpsc::Sender<Submission>);

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Submitter")
    }
}

/// Why it is not known that something was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsubmitted {
    /// It was not taken: too much waits, or nothing is taken now.
    NotTaken,
    /// It was taken, and took too long: it may have been done.
    Unknown,
}

/// The two ends of the channel.
#[must_use]
pub fn submissions() -> (Submitter, Submissions) {
    let (tx, rx) = mpsc::channel(WAITING_MAX);
    (Submitter(tx), rx)
}

impl Submitter {
    /// What became of each event, in their order, once it is durable.
    ///
    /// # Errors
    /// Where that is not known. Events with an id may be submitted again: what has been done is not done twice.
    pub async fn submit(&self, letters: Vec<Letter>, author: Authority) -> Result<Vec<Receipt>, Unsubmitted> {
        self.submit_where(letters, author, None).await
    }

    /// The same, where that has to hold.
    ///
    /// # Errors
    /// As [`Submitter::submit`].
    pub async fn submit_where(
        &self,
        letters: Vec<Letter>,
        author: Authority,
        expected: Option<Expectation>,
    ) -> Result<Vec<Receipt>, Unsubmitted> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Submission { letters, author, expected, answer }).map_err(|_| Unsubmitted::NotTaken)?;
        match tokio::time::timeout(DURABLE_WITHIN, answered).await {
            Ok(Ok(Ok(receipts))) => Ok(receipts),
            Ok(Ok(Err(HeldBack))) => Err(Unsubmitted::NotTaken),
            // The process is about to end, or the disk is in trouble.
            Ok(Err(_)) | Err(_) => Err(Unsubmitted::Unknown),
        }
    }
}
