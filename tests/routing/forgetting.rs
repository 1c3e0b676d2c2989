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

/// Lets time pass until nothing is due any more: for each step when it was due, and how many are remembered after it.
fn steps(mut engine: Engine, count: i64, awake_at: impl Fn(Timestamp) -> Timestamp) -> Vec<(i64, usize)> {
    let mut steps = Vec::new();
    while let Some((due, _)) = engine.next_timeout() {
        engine.handle(Command::Elapse, awake_at(due));
        let is_remembered = |number: &i64| engine.state().closed_ticket(&id(*number)).is_some();
        steps.push((due.0, (0..count).filter(is_remembered).count()));
    }
    steps
}

#[test]
fn after_a_long_sleep_no_step_forgets_more_than_1024() {
    const COUNT: i64 = 3_000;
    const AWAKE: Timestamp = Timestamp(1_000_000);
    let steps = steps(ended(COUNT), COUNT, |_| AWAKE);
    assert!(steps.iter().all(|(due, _)| *due <= AWAKE.0), "what is old enough is due at once: {steps:?}");
    assert_eq!(steps.iter().map(|(_, left)| *left).collect::<Vec<_>>(), [1_976, 952, 0]);
}

#[test]
fn who_is_awake_forgets_256_as_soon_as_they_may_be_and_a_few_after_a_minute() {
    const COUNT: i64 = 300;
    // The 256th ended at 255; the 257th at 256, and the last 43 ms later.
    assert_eq!(steps(ended(COUNT), COUNT, |due| due), [(10_256, 44), (70_256, 0)]);
}
