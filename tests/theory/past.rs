//! The past, played again.

use std::collections::BTreeMap;
use std::sync::Arc;

use rolecall::config::{self, Overrides};
use rolecall::routing::command::AfterWork;
use rolecall::routing::{AgentProfile, Command, Engine, Event, Identity, Status, TicketId, TicketSpec, Timestamp};
use rolecall::simulation::{Measure, Past, simulate};

const CATALOGUE: &str = "[channel.task]\nlimit = 1\n\n[[role]]\nname = \"desk\"\nticket_types = [\"x\"]\n";

/// An engine, and all that happened.
struct World {
    engine: Engine,
    events: Vec<(Timestamp, Event)>,
}

impl World {
    fn tell(&mut self, at: i64, command: Command) {
        let outcome = self.engine.handle(command, Timestamp(at * 1_000));
        self.events.extend(outcome.events.into_iter().map(|event| (outcome.at, event)));
    }

    fn create(&mut self, at: i64, id: &str) {
        let mut spec = TicketSpec::on("task".parse().unwrap());
        spec.asked_mut().kind = Some("x".parse().unwrap());
        self.tell(at, Command::CreateTicket { ticket: id.parse().unwrap(), spec: Box::new(spec) });
    }

    fn complete(&mut self, at: i64, id: &str) {
        let ticket: TicketId = id.parse().unwrap();
        self.tell(at, Command::CompleteTicket { ticket, agent: None, outcome: None, then: AfterWork::WrapUp });
    }
}

/// One agent; the second waits 8 s, the third 15 s, the fourth hangs up after 4 s.
fn morning() -> World {
    let mut world = World { engine: Engine::new(Identity { instance: 1, seed: 1 }), events: Vec::new() };
    let catalogue = config::parse("test", CATALOGUE, &Overrides::none()).unwrap().config.catalogue;
    world.tell(0, Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) });
    let profile = Box::new(AgentProfile::of_roles(["desk".parse().unwrap()]));
    let agent = || "ann".parse().unwrap();
    world.tell(0, Command::RegisterAgent { agent: agent(), profile });
    let switches = BTreeMap::new();
    world.tell(0, Command::SetPresence { agent: agent(), status: Status::Online, name: None, reason: None, switches });
    world.create(10, "a");
    world.create(12, "b");
    world.create(15, "c");
    world.complete(20, "a");
    world.create(25, "d");
    world.tell(29, Command::CancelTicket { ticket: "d".parse().unwrap(), reason: None });
    world.complete(30, "b");
    world.complete(60, "c");
    world
}

#[test]
fn the_past_is_played_as_it_was() {
    let mut past = Past::new(Timestamp(0), Timestamp(100_000));
    morning().events.iter().for_each(|(at, event)| past.hear(*at, event));
    let happened = past.happened();
    let played = simulate(&past.scene("as it was", 1, 1), 1, &mut |_| {});
    for report in [&happened, &played] {
        let all = report.all().unwrap();
        let figure = |measure| all.get(measure).unwrap().mean;
        assert!((figure(Measure::Arrived) - 4.0).abs() < 1e-9);
        assert!((figure(Measure::WaitMean) - 23.0 / 3.0).abs() < 1e-9, "{}", figure(Measure::WaitMean));
        assert!((figure(Measure::Abandoned) - 1.0).abs() < 1e-9);
        assert!((figure(Measure::Occupancy) - 0.5).abs() < 1e-9, "{}", figure(Measure::Occupancy));
    }
}

#[test]
fn one_more_agent_of_the_past_would_have_spared_a_wait() {
    let mut past = Past::new(Timestamp(0), Timestamp(100_000));
    morning().events.iter().for_each(|(at, event)| past.hear(*at, event));
    let mut scene = past.scene("with one more", 1, 1);
    let mut more = scene.staff[0].clone();
    more.id = "bob".parse().unwrap();
    scene.staff.push(more);
    let wait = simulate(&scene, 1, &mut |_| {}).all().unwrap().get(Measure::WaitMean).unwrap();
    // The third waits for the first to be completed, five seconds; nobody else waits.
    assert!((wait.mean - 5.0 / 4.0).abs() < 1e-9, "{}", wait.mean);
}
