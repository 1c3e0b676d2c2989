//! What comes over HTTP: read, recognised and decided like a message from the broker, and answered instead of
//! acknowledged. What can't be read is told to its sender, who is there, and is no dead letter.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::{Replaced, Taken, Writer};
use crate::http::{Authority, Classified, Expectation, Letter, Outcome, Receipt, Submission};
use crate::journal::JournalError;
use crate::routing::explanation::Way;
use crate::routing::{Catalogue, Command, Rejection, Timestamp, Verdict};
use crate::wire::{self, EventKind, Inbound, UnreadableCode};

impl Writer {
    /// Takes events that came over HTTP. What becomes of them is answered when the batch is durable.
    ///
    /// # Errors
    /// Where the journal can't be read: the process has to end.
    pub fn submit(&mut self, submission: Submission, now: Timestamp) -> Result<(), JournalError> {
        let Submission { letters, author, expected, answer } = submission;
        let mut receipts = Vec::with_capacity(letters.len());
        for letter in &letters {
            self.inputs += 1;
            receipts.push(self.open(letter, (&author, expected.as_ref()), now)?);
        }
        self.filling.answers.add(answer, Ok(receipts));
        Ok(())
    }

    /// What a ticket would demand, and why, if this came now. Nothing happens.
    ///
    /// # Errors
    /// Says why it can't be read.
    pub fn would_classify(&self, letter: &Letter, now: Timestamp) -> Result<Classified, Outcome> {
        let state = self.engine.state();
        let inbound = wire::decode(&letter.raw(), state.catalogue())
            .map_err(|unreadable| Outcome::Unreadable { code: unreadable.code.as_str(), detail: unreadable.detail })?;
        let Command::CreateTicket { ticket, spec } = inbound.command else {
            let detail = "expected ticket.created".to_owned();
            return Err(Outcome::Unreadable { code: UnreadableCode::UnknownType.as_str(), detail });
        };
        let demand = state.would_demand(&ticket, &spec, now);
        Ok(Classified { way: Way::of(state, &ticket, &spec, &demand), demand })
    }

    /// As [`Writer::replace_catalogue`], answered when it is durable.
    pub(in crate::daemon) fn replace_and_answer(
        &mut self,
        catalogue: Arc<Catalogue>,
        answer: oneshot::Sender<Result<Replaced, Rejection>>,
        now: Timestamp,
    ) {
        let replaced = self.replace_catalogue(catalogue, now);
        self.filling.answers.add(answer, replaced);
    }

    fn open(
        &mut self,
        letter: &Letter,
        (author, expected): (&Authority, Option<&Expectation>),
        now: Timestamp,
    ) -> Result<Receipt, JournalError> {
        let read_from = self.tracer.now();
        let inbound = match wire::decode(&letter.raw(), self.engine.state().catalogue()) {
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
        let (source, command) = (author.source_of(inbound.source), author.sign(inbound.command));
        let inbound = Inbound { source, command, ..inbound };
        if let Some(outcome) = expected.and_then(|expected| expected.unmet(self.engine.state()))
            && !self.is_repeat(&inbound, now)?
        {
            return Ok(Receipt { kind, id, outcome });
        }
        let outcome = match self.take(inbound, read_from.unwrap_or_else(Instant::now), read_from, now)? {
            Taken::Repeated | Taken::Decided(Verdict::Duplicate) => Outcome::Duplicate,
            Taken::Decided(Verdict::Accepted) => Outcome::Accepted,
            Taken::Decided(Verdict::Rejected(rejection)) => {
                Outcome::Rejected { code: rejection.code.as_str(), detail: rejection.detail }
            }
        };
        Ok(Receipt { kind, id, outcome })
    }
}
