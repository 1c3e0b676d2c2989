//! The engine with the wire around it, on a virtual clock: what actors meet in tests instead of a daemon.

use std::sync::Arc;

use crate::config::{self, Overrides};
use crate::routing::{Catalogue, Command, Engine, Identity, Millis, Outcome, Timestamp, Verdict};
use crate::wire::{self, After, Context, Encoder};

use super::{Actor, Form, Heard, Said};

/// When it opens.
pub(crate) const START: Timestamp = Timestamp(1_795_000_000_000);

/// The catalogue of that configuration.
pub(crate) fn catalogue_of(text: &str) -> Catalogue {
    match config::parse("a test's", text, &Overrides::none()) {
        Ok(loaded) => loaded.config.catalogue,
        Err(report) => panic!("{report}\n{text}"),
    }
}

/// An engine, and what it has said and not been heard of yet.
pub(crate) struct House {
    pub(crate) engine: Engine,
    encoder: Encoder,
    heard: Vec<Heard>,
    pub(crate) rejections: Vec<String>,
}

impl House {
    pub(crate) fn new(catalogue: Catalogue) -> Self {
        let identity = Identity { instance: 1, seed: 7 };
        let encoder = Encoder::new("test", identity.instance);
        let mut house = Self { engine: Engine::new(identity), encoder, heard: Vec::new(), rejections: Vec::new() };
        house.handle(Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) }, START, &Context::default());
        house
    }

    fn take(&mut self, said: &Said, now: Timestamp) {
        let message = said.message(Form::Envelope);
        let inbound = wire::decode(&message.raw(), self.engine.state().catalogue())
            .unwrap_or_else(|error| panic!("{}: {error}", said.envelope()));
        self.handle(inbound.command, now, &inbound.context);
    }

    fn handle(&mut self, command: Command, now: Timestamp, context: &Context) {
        let Outcome { verdict, first_seq, at, events, parted } = self.engine.handle(command, now);
        if let Verdict::Rejected(rejection) = verdict {
            self.rejections.push(rejection.to_string());
        }
        for (seq, event) in (first_seq..).zip(&events) {
            let after = After { state: self.engine.state(), parted: &parted };
            let outbound = self.encoder.encode(event, seq, at, after, context);
            self.heard.extend(outbound.map(|outbound| Heard::parse(&outbound.body).unwrap()));
        }
    }

    /// Lets actor and engine act on one another for that long, or until the actor is through. `look` sees the actor
    /// after each step.
    pub(crate) fn live<A: Actor>(&mut self, actor: &mut A, length: Millis, mut look: impl FnMut(&A)) {
        let mut now = START;
        while now <= START + length && !actor.is_through(now) {
            for heard in std::mem::take(&mut self.heard) {
                actor.on_heard(&heard, now);
            }
            for said in actor.actions(now) {
                self.take(&said, now);
            }
            look(actor);
            if !self.heard.is_empty() {
                continue;
            }
            let due = self.engine.next_timeout().map(|(at, _)| at);
            let next = actor.next_at().into_iter().chain(due).min();
            // Where nobody has anything to do, time passes all the same.
            now = next.map_or(now + Millis::from_secs(1), |next| now.max(next));
            if due.is_some_and(|due| due <= now) {
                self.handle(Command::Elapse, now, &Context::default());
            }
        }
    }
}
