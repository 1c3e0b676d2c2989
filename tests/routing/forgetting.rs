//! That what has ended is forgotten a little at a time.

use std::sync::Arc;

use rolecall::routing::{Catalogue, ChannelName, Command, Engine, Identity, Millis, TicketId, TicketSpec, Timestamp};

const RETENTION: Millis = Millis::from_secs(10);

fn id(number: i64) -> TicketId {
    TicketId::parse(&format!("t{number}")).expect("a name")
}

/// An engine in which so many tickets have ended, one in each millisecond.
fn ended(count: i64) -> Engine {
    let mut engine = Engine::new(Identity { instance: 1, seed: 1 });
    let catalogue = Catalogue { closed_retention: RETENTION, ..Catalogue::default() };
    engine.handle(Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) }, Timestamp(0));
    let spec = TicketSpec::on(ChannelName::parse("task").expect("a name"));
    for number in 0..count {
        let create = Command::CreateTicket { ticket: id(number), spec: Box::new(spec.clone()) };
        engine.handle(create, Timestamp(number));
        engine.handle(Command::CancelTicket { ticket: id(number), reason: None }, Timestamp(number));
    }
    engine
}

fn remembered(engine: &Engine, count: i64) -> usize {
    (0..count).filter(|number| engine.state().closed_ticket(&id(*number)).is_some()).count()
}

#[test]
fn after_a_long_sleep_no_step_forgets_more_than_1024() {
    const COUNT: i64 = 3_000;
    let mut engine = ended(COUNT);
    let mut left = Vec::new();
    while let Some((due, _)) = engine.next_timeout() {
        assert!(due <= Timestamp(1_000_000), "what is old enough is due at once");
        engine.handle(Command::Elapse, Timestamp(1_000_000));
        left.push(remembered(&engine, COUNT));
    }
    assert_eq!(left, [1_976, 952, 0]);
}

#[test]
fn who_is_awake_forgets_256_as_soon_as_they_may_be_and_a_few_after_a_minute() {
    const COUNT: i64 = 300;
    let mut engine = ended(COUNT);
    let mut steps = Vec::new();
    while let Some((due, _)) = engine.next_timeout() {
        engine.handle(Command::Elapse, due);
        steps.push((due.0, remembered(&engine, COUNT)));
    }
    // The 256th ended at 255; the 257th at 256, and the last 43 ms later.
    assert_eq!(steps, [(10_256, 44), (70_256, 0)]);
}
