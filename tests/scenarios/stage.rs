//! The stage on which a script is played: the engine under a virtual clock, timers to the millisecond, with a second
//! state beside it that only ever replays.

use std::sync::Arc;

use rolecall::config::{self, Overrides};
use rolecall::routing::explanation::{Closeness, Inquiry};
use rolecall::routing::{BareState, Catalogue, Command, Engine, Identity, Outcome, TicketId, Timestamp, Verdict};
use rolecall::wire::{self, After, Context, Encoder, RawEvent};

use crate::script::{Script, What};
use crate::transcript::Transcript;

const IDENTITY: Identity = Identity { instance: 1, seed: 42 };
/// When every scenario begins: 2026-11-22T05:00:00Z.
pub(crate) const BEGIN: Timestamp = Timestamp(1_795_323_600_000);
/// Far more timers than any scenario has: that many at one moment are a loop without an end.
const TIMERS_MAX: usize = 1_000;

/// Plays a script and returns its transcript, or what went wrong on the way.
pub(crate) fn play(script: &Script) -> Result<String, String> {
    let mut stage = Stage {
        engine: Engine::new(IDENTITY),
        replayed: BareState::new(IDENTITY),
        encoder: Encoder::new("stage", IDENTITY.instance),
        transcript: Transcript::new(BEGIN),
    };
    let first = catalogue(script, "")?;
    stage.handle(Command::ReplaceCatalogue { catalogue: first }, BEGIN, None)?;
    for line in &script.lines {
        let at = Timestamp(BEGIN.0 + line.at_ms);
        if at < stage.engine.state().now() {
            return Err(format!("time runs backwards to {}ms", line.at_ms));
        }
        let heard_first = matches!(line.what, What::Inbox { .. });
        if !heard_first {
            stage.elapse_until(at)?;
        }
        match &line.what {
            What::Elapse => stage.transcript.open(at, "elapse"),
            What::Catalogue(name) => {
                let next = catalogue(script, name)?;
                stage.handle(Command::ReplaceCatalogue { catalogue: next }, at, Some(&format!("catalogue {name}")))?;
            }
            What::Explain { ticket, agents } => stage.explain(ticket, agents, at)?,
            What::Event { kind, data } => stage.receive("", kind, data, at)?,
            What::Inbox { kind, data } => stage.receive("inbox ", kind, data, at)?,
        }
        if !heard_first {
            stage.elapse_until(at)?;
        }
        stage.engine.state().check_invariants().map_err(|broken| format!("at {}ms: {broken}", line.at_ms))?;
    }
    Ok(stage.transcript.finish())
}

fn catalogue(script: &Script, name: &str) -> Result<Arc<Catalogue>, String> {
    let text = script.catalogues.get(name).ok_or_else(|| format!("there is no catalogue {name:?}"))?;
    let loaded = config::parse("catalogue", text, &Overrides::default()).map_err(|report| report.to_string())?;
    Ok(Arc::new(loaded.config.catalogue))
}

struct Stage {
    engine: Engine,
    replayed: BareState,
    encoder: Encoder,
    transcript: Transcript,
}

impl Stage {
    /// Lets everything happen that is due by then, each at its own time.
    fn elapse_until(&mut self, end: Timestamp) -> Result<(), String> {
        for _ in 0..TIMERS_MAX {
            match self.engine.next_timeout() {
                Some((due, why)) if due <= end => {
                    let at = due.max(self.engine.state().now());
                    self.handle(Command::Elapse, at, Some(&format!("({why})")))?;
                }
                _ => return Ok(()),
            }
        }
        Err("timers fire without an end".to_owned())
    }

    fn receive(&mut self, way: &str, kind: &str, data: &str, at: Timestamp) -> Result<(), String> {
        let body = self.transcript.resolve(data).map_err(|error| format!("{kind} {data}: {error}"))?;
        let raw = RawEvent { body: &body, kind: Some(kind), routing_key: kind, ..RawEvent::default() };
        let inbound = wire::decode(&raw, self.engine.state().catalogue())
            .map_err(|unreadable| format!("{kind} {data}: {unreadable}"))?;
        self.handle(inbound.command, at, Some(&format!("{way}{kind} {data}")))
    }

    fn explain(&mut self, ticket: &str, agents: &Closeness, at: Timestamp) -> Result<(), String> {
        let id = TicketId::parse(ticket).map_err(|error| format!("{ticket}: {error}"))?;
        let inquiry = Inquiry { ticket: id, agents: agents.clone() };
        let explained = self.engine.state().explain(&inquiry, at);
        let explanation = explained.map_err(|why| format!("{ticket} can't be explained: {why:?}"))?;
        let about = match agents {
            Closeness::Counted => String::new(),
            Closeness::Listed => " all".to_owned(),
            Closeness::One(agent) => format!(" {agent}"),
        };
        self.transcript.open(at, &format!("explain {ticket}{about}"));
        explanation.sentences().iter().for_each(|sentence| self.transcript.tell(sentence));
        Ok(())
    }

    /// Does one thing, and writes down what the outside hears. Live and replayed state stay equal.
    fn handle(&mut self, command: Command, at: Timestamp, heading: Option<&str>) -> Result<(), String> {
        let Outcome { verdict, first_seq, at, events, parted } = self.engine.handle(command, at);
        if let Some(heading) = heading {
            self.transcript.open(at, heading);
        }
        if verdict == Verdict::Duplicate {
            self.transcript.duplicate();
        }
        for (seq, event) in (first_seq..).zip(&events) {
            let after = After { state: self.engine.state(), parted: &parted };
            let said = self.encoder.encode(event, seq, at, after, &Context::default());
            if let Some(said) = said.filter(|_| heading.is_some()) {
                self.transcript.say(&said)?;
            }
            self.replayed.apply(at, event);
        }
        if self.replayed.hash() != self.engine.state().hash() {
            return Err(format!("replay reaches another state after {heading:?}"));
        }
        Ok(())
    }
}
