//! What comes over HTTP: read, recognised and decided like a message from the broker, and answered instead of
//! acknowledged. What can't be read is told to its sender, who is there, and is no dead letter.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::{Replaced, Taken, Writer};
use crate::daemon::duplicates::duplicate_id;
use crate::daemon::keys::Repeat;
use crate::http::{
    Authority, Classified, Expectation, KEY_REUSED, Letter, Outcome, Receipt, RequestDigest, Submission,
};
use crate::journal::{DuplicateId, JournalError};
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
        let inbound = Inbound { source: author.source_of(inbound.source), ..inbound };
        let key = letter.request.zip(inbound.id.as_ref().map(|id| duplicate_id(&inbound.source, id)));
        if !self.is_own_repeat(key.as_ref(), now)?
            && let Err(forbidden) = author.check(&inbound.command, self.engine.state())
        {
            return Ok(Receipt { kind, id, outcome: Outcome::Forbidden { detail: forbidden.detail } });
        }
        let inbound = Inbound { command: author.sign(inbound.command), ..inbound };
        if let Some(outcome) = expected.and_then(|expected| expected.unmet(self.engine.state()))
            && !self.is_repeat(&inbound, now)?
        {
            return Ok(Receipt { kind, id, outcome });
        }
        let taken = self.take(inbound, read_from.unwrap_or_else(Instant::now), read_from, now)?;
        if let Some((request, key)) = key {
            match &taken {
                Taken::Repeated => return Ok(Receipt { outcome: self.outcome_of_repeat(&key, request), kind, id }),
                Taken::Decided(Verdict::Rejected(rejection)) => self.keys.remember(key, request, Some(rejection)),
                Taken::Decided(_) => self.keys.remember(key, request, None),
            }
        }
        let outcome = match taken {
            Taken::Repeated | Taken::Decided(Verdict::Duplicate) => Outcome::Duplicate,
            Taken::Decided(Verdict::Accepted) => Outcome::Accepted,
            Taken::Decided(Verdict::Rejected(rejection)) => rejected(rejection),
        };
        Ok(Receipt { kind, id, outcome })
    }

    /// Whether a sender repeats its own request under a key, which changes nothing. What became of it is still for the sender
    /// to hear, who may not be allowed to ask for it any more: a ticket that it completed is nobody's own.
    fn is_own_repeat(&self, key: Option<&(RequestDigest, DuplicateId)>, now: Timestamp) -> Result<bool, JournalError> {
        match key {
            Some((request, key)) if self.keys.was_for(key, *request) => self.duplicates.knows(key, now),
            _ => Ok(false),
        }
    }

    /// What is said of a request under a key that has come before.
    fn outcome_of_repeat(&self, key: &DuplicateId, request: RequestDigest) -> Outcome {
        match self.keys.repeat(key, request) {
            Repeat::Duplicate => Outcome::Duplicate,
            Repeat::Rejected(rejection) => rejected(rejection.clone()),
            Repeat::Another => {
                let detail = "this Idempotency-Key came with another request before: expected a new key for each request, \
                              and the same address and body where one is repeated";
                Outcome::Rejected { code: KEY_REUSED, detail: detail.to_owned() }
            }
        }
    }
}

fn rejected(rejection: Rejection) -> Outcome {
    Outcome::Rejected { code: rejection.code.as_str(), detail: rejection.detail }
}
