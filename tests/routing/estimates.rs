//! How well waits are foretold: contact centres with random arrivals, in which what was told is held against what was.
//!
//! Ten agents, calls of three minutes on average, arrivals and lengths exponential (M/M/10), all drawn from a seed. The
//! figures are those of `docs/routing.md`; `cargo test --test routing estimates -- --nocapture` prints them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;

use rolecall::routing::command::AfterWork;
use rolecall::routing::estimate::Foresight;
use rolecall::routing::role::Role;
use rolecall::routing::{
    AgentId, AgentProfile, Catalogue, ChannelName, Command, Engine, Event, Identity, Priority, RoleName, Status,
    TicketId, TicketSpec, Timestamp,
};

const AGENTS: u32 = 10;
const HANDLE_MS: f64 = 180_000.0;
const TICKETS: u64 = 6_000;

/// `SplitMix64`, after Steele, Lea and Flood.
struct Draws(u64);

impl Draws {
    /// From nothing to one.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bits = u32::try_from((mixed ^ (mixed >> 31)) >> 32).expect("32 bits are left");
        (f64::from(bits) + 0.5) / 4_294_967_296.0
    }

    fn exponential_ms(&mut self, mean_ms: f64) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "some minutes in milliseconds")]
        let drawn = (-self.share().ln() * mean_ms) as i64;
        drawn
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Arrives,
    IsDone(TicketId),
    LosesPatience(TicketId),
}

/// What a centre is like.
struct Centre {
    what: &'static str,
    /// Work that comes, as a multiple of what the agents can do.
    load: f64,
    /// Whose priority is high, of all.
    high: f64,
    patience_ms: Option<f64>,
}

/// What was told, held against what was.
#[derive(Debug, Default)]
struct Books {
    told: u32,
    within: u32,
    off_by_pace_ms: f64,
    off_ms: f64,
}

impl Books {
    fn share_within(&self) -> f64 {
        f64::from(self.within) / f64::from(self.told)
    }
}

fn engine() -> Engine {
    let role = RoleName::parse("care").expect("a name");
    let catalogue = Catalogue {
        roles: [(role.clone(), Role::named(role.clone()))].into(),
        default_role: Some(role.clone()),
        ..Catalogue::default()
    };
    let mut engine = Engine::new(Identity { instance: 1, seed: 1 });
    engine.handle(Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) }, Timestamp(0));
    for number in 0..AGENTS {
        let agent = AgentId::parse(&format!("agent-{number}")).expect("a name");
        let mut profile = AgentProfile::of_roles([role.clone()]);
        profile.limits.insert(ChannelName::parse("task").expect("a name"), 1);
        let (status, name, reason, switches) = (Status::Online, None, None, BTreeMap::new());
        let registers = Command::RegisterAgent { agent: agent.clone(), profile: Box::new(profile) };
        engine.handle(registers, Timestamp(0));
        engine.handle(Command::SetPresence { agent, status, name, reason, switches }, Timestamp(0));
    }
    engine
}

/// Lives a centre, and keeps the books of every ticket that was told a range and answered.
fn live(centre: &Centre) -> Books {
    let (mut engine, mut draws, mut books) = (engine(), Draws(42), Books::default());
    let between_ms = HANDLE_MS / (f64::from(AGENTS) * centre.load);
    let mut agenda = BinaryHeap::from([Reverse((0, 0, Next::Arrives))]);
    let (mut arrived, mut planned) = (0, 0);
    let mut told = HashMap::new();
    while let Some(Reverse((now, _, next))) = agenda.pop() {
        let mut plan = |at: i64, next: Next| {
            planned += 1;
            agenda.push(Reverse((at, planned, next)));
        };
        let command = match next {
            Next::Arrives => {
                let ticket = TicketId::parse(&format!("t{arrived}")).expect("a name");
                let mut spec = TicketSpec::on(ChannelName::parse("task").expect("a name"));
                spec.asked_mut().priority = if draws.share() < centre.high { Priority::HIGH } else { Priority::NORMAL };
                arrived += 1;
                if arrived < TICKETS {
                    plan(now + draws.exponential_ms(between_ms), Next::Arrives);
                }
                if let Some(patience_ms) = centre.patience_ms {
                    plan(now + draws.exponential_ms(patience_ms), Next::LosesPatience(ticket.clone()));
                }
                Command::CreateTicket { ticket, spec: Box::new(spec) }
            }
            Next::IsDone(ticket) => {
                Command::CompleteTicket { ticket, agent: None, outcome: None, then: AfterWork::Ready }
            }
            Next::LosesPatience(ticket) => {
                let owned = engine.state().ticket(&ticket).is_none_or(|it| it.phase.ownership().is_some());
                if owned {
                    continue;
                }
                Command::CancelTicket { ticket, reason: None }
            }
        };
        for event in engine.handle(command, Timestamp(now)).events {
            match event {
                Event::TicketQueued { ticket, estimated_wait: Some(likely), wait_by_pace: Some(by_pace), .. } => {
                    told.entry(ticket).or_insert((now, likely, by_pace));
                }
                Event::TicketAssigned { taking, answer, .. } => {
                    plan(now + draws.exponential_ms(HANDLE_MS), Next::IsDone(taking.ticket.clone()));
                    let foresight = answer.and_then(|answer| answer.wait?.foresight);
                    if let (Some((since, likely, by_pace)), Some(foresight)) = (told.remove(&taking.ticket), foresight)
                    {
                        #[expect(clippy::cast_precision_loss, reason = "hours in milliseconds are exact")]
                        let off = |said: u64| ((now - since) as f64 - said as f64).abs();
                        books.told += 1;
                        books.within += u32::from(foresight == Foresight::Within);
                        books.off_ms += off(likely.0);
                        books.off_by_pace_ms += off(by_pace.0);
                    }
                }
                _ => {}
            }
        }
    }
    books
}

#[test]
fn eight_of_ten_waits_are_in_the_range_that_was_told() {
    let centre = |what, load, high, patience_ms| Centre { what, load, high, patience_ms };
    let centres = [
        centre("seven tenths of what the agents can do", 0.7, 0.0, None),
        centre("nine tenths", 0.9, 0.0, None),
        centre("nineteen twentieths, a fifth of it urgent", 0.95, 0.2, None),
        centre("more than they can do, patience of five minutes", 1.1, 0.0, Some(300_000.0)),
    ];
    for centre in &centres {
        let books = live(centre);
        let (off, by_pace) = (books.off_ms / f64::from(books.told), books.off_by_pace_ms / f64::from(books.told));
        let Books { told, .. } = books;
        let within = books.share_within();
        println!(
            "{}: {told} told, {within:.3} within; off by {off:.0} ms, by the pace alone {by_pace:.0} ms",
            centre.what
        );
        assert!((0.72..0.88).contains(&within), "{}: {within}", centre.what);
        assert!(off < by_pace * 1.1, "{}: the correction makes it worse: {off} instead of {by_pace}", centre.what);
    }
}
