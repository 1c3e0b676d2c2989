//! The way in over HTTP, as far as it is the daemon's: an event is submitted, and answered when it is durable. Whoever is
//! not answered does not know what became of it, and submits it again under the same id, to whichever life there is.

use std::sync::Weak;

use rolecall::http::{Authority, Letter, Outcome, Receipt, Unsubmitted};
use rolecall::wire::Form;

use crate::inbox::Message;
use crate::plan::Fault;
use crate::world::{Happening, Stage, World};

/// Of what is said, in a run in which something is said over HTTP.
const OVER_HTTP_PER_MILLE: u32 = 400;
/// Of that, what is published as well, as by a helpdesk that has two ways and does not trust the one.
const BOTH_WAYS_PER_MILLE: u32 = 100;

/// Those who wait for an answer, or for a daemon that could give one.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    waiting: u64,
}

impl Counter {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting == 0
    }
}

impl World {
    /// Whether this is said over HTTP alone; then that is under way.
    pub(crate) fn goes_over_http(&mut self, message: &Message) -> bool {
        let may = self.plan.has(Fault::OverHttp) && self.books.is_sound(&message.body);
        if !may || !self.dice.per_mille(OVER_HTTP_PER_MILLE) {
            return false;
        }
        self.counter.waiting += 1;
        let ms = self.dice.between(1, 15);
        self.plan_in(ms, Happening::Submits(Box::new(message.clone())));
        !self.dice.per_mille(BOTH_WAYS_PER_MILLE)
    }

    pub(crate) fn submit(&mut self, message: Message) {
        let Some(submitter) = self.life.submitter.clone().filter(|_| self.life.is_running()) else {
            return self.submit_again(message);
        };
        self.log(&format!("submitted {message}"));
        let stage = Weak::clone(&self.stage);
        let letter = Letter {
            body: message.body.clone(),
            form: Form::Plain,
            kind: message.kind.to_owned(),
            id: message.id.clone(),
            source: "people".to_owned(),
            traceparent: None,
            request: None,
        };
        tokio::spawn(async move {
            let answer = submitter.submit(vec![letter], Authority::owner("people")).await;
            if let Some(stage) = Stage::upgrade(&stage) {
                stage.lock().answered(message, answer);
            }
        });
    }

    fn answered(&mut self, message: Message, answer: Result<Vec<Receipt>, Unsubmitted>) {
        let id = message.id.clone().unwrap_or_default();
        self.log(&format!("answered {id}: {answer:?}"));
        let Ok(receipts) = answer else { return self.submit_again(message) };
        self.counter.waiting -= 1;
        self.figures.answered += 1;
        let is_well = matches!(
            receipts.as_slice(),
            [Receipt { outcome: Outcome::Accepted | Outcome::Duplicate | Outcome::Rejected { .. }, .. }]
        );
        if !is_well {
            self.books.faults.push(format!("{id} was answered {receipts:?}"));
        }
    }

    fn submit_again(&mut self, message: Message) {
        let ms = self.dice.between(100, 4_000);
        self.plan_in(ms, Happening::Submits(Box::new(message)));
    }
}
