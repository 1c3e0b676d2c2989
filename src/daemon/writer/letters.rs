//! What comes over HTTP: read, recognised and decided like a message from the broker, and answered instead of
//! acknowledged. What can't be read is told to its sender, who is there, and is no dead letter.

use std::time::Instant;

use super::{Taken, Writer};
use crate::http::{Authority, Letter, Outcome, Receipt, Submission};
use crate::journal::JournalError;
use crate::routing::{Timestamp, Verdict};
use crate::wire::{self, EventKind, RawEvent};

impl Writer {
    /// Takes events that came over HTTP. What becomes of them is answered when the batch is durable.
    ///
    /// # Errors
    /// Where the journal can't be read: the process has to end.
    pub fn submit(&mut self, submission: Submission, now: Timestamp) -> Result<(), JournalError> {
        let Submission { letters, author, answer } = submission;
        let mut receipts = Vec::with_capacity(letters.len());
        for letter in &letters {
            self.inputs += 1;
            receipts.push(self.open(letter, &author, now)?);
        }
        self.filling.answers.add(answer, Ok(receipts));
        Ok(())
    }

    fn open(&mut self, letter: &Letter, author: &Authority, now: Timestamp) -> Result<Receipt, JournalError> {
        let inbound = match wire::decode(&raw(letter), self.engine.state().catalogue()) {
            Ok(inbound) => inbound,
            Err(unreadable) => {
                let outcome = Outcome::Unreadable { code: unreadable.code.as_str(), detail: unreadable.detail };
                return Ok(Receipt { kind: unreadable.kind.map(EventKind::as_str), id: letter.id.clone(), outcome });
            }
        };
        let (kind, id) = (Some(inbound.kind.as_str()), inbound.id.clone());
        if let Err(forbidden) = author.check(&inbound.command, self.engine.state()) {
            return Ok(Receipt { kind, id, outcome: Outcome::Forbidden { detail: forbidden.detail } });
        }
        let outcome = match self.take(inbound, Instant::now(), now)? {
            Taken::Repeated | Taken::Decided(Verdict::Duplicate) => Outcome::Duplicate,
            Taken::Decided(Verdict::Accepted) => Outcome::Accepted,
            Taken::Decided(Verdict::Rejected(rejection)) => {
                Outcome::Rejected { code: rejection.code.as_str(), detail: rejection.detail }
            }
        };
        Ok(Receipt { kind, id, outcome })
    }
}

/// A letter as `wire` looks at it.
fn raw(letter: &Letter) -> RawEvent<'_> {
    RawEvent {
        body: &letter.body,
        content_type: letter.content_type.as_deref(),
        kind: Some(&letter.kind),
        routing_key: "",
        message_id: letter.id.as_deref(),
        app_id: Some(&letter.source),
        traceparent: letter.traceparent.as_deref(),
    }
}
