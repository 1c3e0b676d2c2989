//! The made-up contact centre against the real engine, on a virtual clock.

use std::sync::Arc;

use crate::client::{Form, Heard, Said};
use crate::config::{self, Overrides};
use crate::routing::{Catalogue, Command, Engine, Identity, Millis, Outcome, Timestamp, Verdict};
use crate::wire::{self, Context, Encoder};

use super::*;

const START: Timestamp = Timestamp(1_795_000_000_000);
const HOUR: Millis = Millis::from_secs(3_600);

fn catalogue(speed: u32) -> Catalogue {
    hastened(&config::parse("example", config::EXAMPLE, &Overrides::none()).unwrap().config.catalogue, speed)
}

/// The engine with the wire around it, as the daemon has it.
struct House {
    engine: Engine,
    encoder: Encoder,
    heard: Vec<Heard>,
    rejections: Vec<String>,
}

impl House {
    fn new(catalogue: Catalogue) -> Self {
        let identity = Identity { instance: 1, seed: 7 };
        let encoder = Encoder::new("test", identity.instance);
        let mut house = Self { engine: Engine::new(identity), encoder, heard: Vec::new(), rejections: Vec::new() };
        house.handle(Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) }, START, &Context::default());
        house
    }

    fn take(&mut self, said: &Said, now: Timestamp) {
        let message = said.message(Form::Envelope);
        let inbound = wire::decode(&message.raw()).unwrap_or_else(|error| panic!("{}: {error}", said.envelope()));
        self.handle(inbound.command, now, &inbound.context);
    }

    fn handle(&mut self, command: Command, now: Timestamp, context: &Context) {
        let Outcome { verdict, first_seq, at, events } = self.engine.handle(command, now);
        if let Verdict::Rejected(rejection) = verdict {
            self.rejections.push(rejection.to_string());
        }
        for (seq, event) in (first_seq..).zip(&events) {
            let outbound = self.encoder.encode(event, seq, at, self.engine.state(), context);
            self.heard.extend(outbound.map(|outbound| Heard::parse(&outbound.body).unwrap()));
        }
    }
}

/// Lets people and engine act on one another for that long. Returns the house, and the longest queue of customers.
fn live(traffic: &mut Traffic, house: &mut House, length: Millis) -> (usize, usize) {
    let (mut longest, mut drained_count) = (0, 0);
    let mut now = START;
    loop {
        for heard in std::mem::take(&mut house.heard) {
            traffic.on_heard(&heard, now);
        }
        for said in traffic.actions(now) {
            house.take(&said, now);
        }
        longest = longest.max(traffic.waiting_count());
        drained_count += usize::from(traffic.waiting_count() == 0);
        let due = house.engine.next_timeout().map(|(at, _)| at);
        now = match (traffic.next_at(), due) {
            _ if !house.heard.is_empty() => continue,
            (Some(next), Some(due)) => now.max(next.min(due)),
            (Some(next), None) => now.max(next),
            (None, _) => panic!("there is always another customer"),
        };
        if now > START + length {
            return (longest, drained_count);
        }
        if due.is_some_and(|due| due <= now) {
            house.handle(Command::Elapse, now, &Context::default());
        }
    }
}

#[test]
fn a_simulated_hour_stays_alive() {
    let mut house = House::new(catalogue(10));
    let mut traffic = Traffic::new(11, TrafficOptions::named("t".to_owned()), START);
    let (longest, drained_count) = live(&mut traffic, &mut house, HOUR);
    let tally = traffic.tally();
    eprintln!("{tally:?}, longest {longest}, drained {drained_count}");
    assert!((6_000..9_000).contains(&tally.arrived), "{tally:?}");
    assert!(tally.completed * 100 > tally.arrived * 80, "most customers are served: {tally:?}");
    assert!(tally.gave_up * 100 > tally.arrived, "some lose patience: {tally:?}");
    assert!((10..150).contains(&longest), "queues build up, and not without end: {longest}");
    assert!(drained_count > 100, "queues drain: {drained_count}");
    assert!(tally.breached > 20, "some wait for too long: {tally:?}");
    // What a rejected command met was a race that any client can lose: the other side had moved on already.
    let benign = ["stale_assignment", "wrong_state", "unknown_ticket"];
    let odd: Vec<_> =
        house.rejections.iter().filter(|text| !benign.iter().any(|code| text.starts_with(code))).collect();
    assert!(odd.is_empty(), "{odd:#?}");
    assert!(tally.rejected * 100 < tally.arrived, "{} rejected: {:#?}", tally.rejected, &house.rejections[..20]);
}

#[test]
fn equal_seeds_give_equal_days() {
    let hash = |seed| {
        let mut house = House::new(catalogue(10));
        let mut traffic = Traffic::new(seed, TrafficOptions::named("t".to_owned()), START);
        live(&mut traffic, &mut house, Millis::from_secs(120));
        (house.engine.state().hash(), traffic.tally())
    };
    assert_eq!(hash(3), hash(3));
    assert_ne!(hash(3), hash(4));
}

#[test]
fn whoever_takes_over_gets_what_was_left_lying() {
    let mut house = House::new(catalogue(10));
    let mut before = Traffic::new(1, TrafficOptions::named("before".to_owned()), START);
    live(&mut before, &mut house, Millis::from_secs(60));
    assert!(house.engine.state().tickets().len() > 5, "something was left lying");
    let options = TrafficOptions { predecessors: Predecessors::Removed, ..TrafficOptions::named("after".to_owned()) };
    let mut after = Traffic::new(2, options, START);
    live(&mut after, &mut house, Millis::from_secs(300));
    let left = |ticket: &&crate::routing::Ticket| ticket.id.as_str().starts_with("before-");
    let forgotten: Vec<_> =
        house.engine.state().tickets().filter(left).filter(|ticket| ticket.phase.ownership().is_some()).collect();
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}
