//! That a step after a long sleep stays short, also where much of what is due then is over at one moment.

use std::sync::Arc;

use rolecall::config::{self, Overrides};
use rolecall::routing::{Command, Engine, Identity, Timestamp};
use rolecall::wire::{self, RawEvent};

const CATALOGUE: &str = r#"
[[role]]
name = "support"
acceptance = "offer"
offer_timeout = "30s"
"#;
/// As many tickets as agents: each is offered one.
const COUNT: usize = 1_500;
/// What begins before a step has 1,024 events is brought to its end: 256 offers of which three things are told each.
const EVENTS_MAX: usize = 2 * 1_024;

/// An engine in which so many offers are open, all made at the beginning.
fn offering() -> Engine {
    let mut engine = Engine::new(Identity { instance: 1, seed: 1 });
    let loaded = config::parse("catalogue", CATALOGUE, &Overrides::default()).expect("it can be read");
    engine.handle(Command::ReplaceCatalogue { catalogue: Arc::new(loaded.config.catalogue) }, Timestamp(0));
    for number in 0..COUNT {
        say(
            &mut engine,
            "agent.registered",
            &format!(r#"{{"agent_id":"a{number}","roles":["support"],"limits":{{"task":1}}}}"#),
        );
        say(&mut engine, "agent.presence", &format!(r#"{{"agent_id":"a{number}","status":"online"}}"#));
        say(&mut engine, "ticket.created", &format!(r#"{{"ticket_id":"t{number}","role":"support"}}"#));
    }
    engine
}

fn say(engine: &mut Engine, kind: &str, data: &str) {
    let raw = RawEvent { body: data.as_bytes(), kind: Some(kind), routing_key: kind, ..RawEvent::default() };
    let inbound = wire::decode(&raw, engine.state().catalogue()).expect("it can be read");
    engine.handle(inbound.command, Timestamp(0));
}

#[test]
fn after_a_long_sleep_offers_lapse_a_few_hundred_in_a_step() {
    const AWAKE: Timestamp = Timestamp(45_000);
    let mut engine = offering();
    let mut lengths = Vec::new();
    while engine.next_timeout().is_some_and(|(due, _)| due <= AWAKE) {
        lengths.push(engine.handle(Command::Elapse, AWAKE).events.len());
    }
    assert!(lengths.iter().all(|events| *events <= EVENTS_MAX), "no step is long: {lengths:?}");
    assert!(lengths.iter().sum::<usize>() >= 2 * COUNT, "all of them lapsed, and were seen to: {lengths:?}");
}
