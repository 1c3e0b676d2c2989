//! The engine and the obvious one live the same random lives, and must do the same, event for event.
//!
//! `ROLECALL_NAIVE_SEQUENCES` says how many lives, `ROLECALL_NAIVE_SEED` which; `make naive-campaign` lives very many.

use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestError, TestRunner};
use rolecall::routing::event::Taking;
use rolecall::routing::matching;
use rolecall::routing::naive::NaiveEngine;
use rolecall::routing::offer::Trigger;
use rolecall::routing::rank::Rank;
use rolecall::routing::role::Dispatch;
use rolecall::routing::{
    Catalogue, Command, Engine, Event, Identity, Outcome, Phase, State, Ticket, TicketId, Timestamp, Verdict,
};

use crate::world::{self, Move};

const IDENTITY: Identity = Identity { instance: 0xfeed, seed: 42 };
/// How many lives where nothing else is said, and how many moves the longest has.
const SEQUENCES: u64 = 1_000;
const MOVES_MAX: usize = 200;

/// Both engines, what is made true by what they say, and what they were told.
struct Pair {
    fast: Engine,
    naive: NaiveEngine,
    replayed: State,
    told: Vec<(Timestamp, Command, Outcome)>,
}

impl Pair {
    fn new() -> Self {
        Self {
            fast: Engine::new(IDENTITY),
            naive: NaiveEngine::new(IDENTITY),
            replayed: State::new(IDENTITY),
            told: Vec::new(),
        }
    }

    fn handle(&mut self, command: &Command, now: Timestamp) -> Result<(), String> {
        let fast = self.fast.handle(command.clone(), now);
        let naive = self.naive.handle(command.clone(), now);
        let difference = (fast != naive).then(|| first_difference(&fast, &naive));
        self.told.push((now, command.clone(), fast));
        if let Some(difference) = difference {
            return Err(difference);
        }
        self.check_ranks()?;
        let (fast, naive) = (self.fast.next_timeout().map(|(due, _)| due), self.naive.next_timeout());
        if fast == naive { Ok(()) } else { Err(format!("due next: fast {fast:?}, naive {naive:?}")) }
    }

    fn live(&mut self, catalogue: &Arc<Catalogue>, moves: &[Move]) -> Result<(), String> {
        let mut now = Timestamp(0);
        self.handle(&Command::ReplaceCatalogue { catalogue: Arc::clone(catalogue) }, now)?;
        for step in moves {
            now = Timestamp(now.0 + step.wait);
            if step.in_time {
                self.handle(&Command::Elapse, now)?;
            }
            self.handle(&step.command(self.fast.state(), now), now)?;
        }
        if self.fast.state().hash() != self.naive.state().hash() {
            return Err("equal events led to states that differ".to_owned());
        }
        self.fast.state().check_invariants()
    }

    /// Of two tickets of one role that an agent may take the better-ranked is given to it first, however it came to have
    /// a free slot (`docs/routing.md#in-what-order-tickets-wait`). Both engines could be wrong about that.
    fn check_ranks(&mut self) -> Result<(), String> {
        let Some((_, command, outcome)) = self.told.last() else { return Ok(()) };
        for event in &outcome.events {
            if let Event::OfferMade { taking, .. } | Event::TicketAssigned { taking, .. } = event
                && !matches!(command, Command::ClaimTicket { .. })
                && taking.reason.trigger != Trigger::Taken
                && let Some(better) = passed_over(&self.replayed, taking)
            {
                return Err(format!("{} gets {} and not {better}", taking.agent, taking.ticket));
            }
            self.replayed.apply(outcome.at, event);
        }
        Ok(())
    }

    /// What happened, but for what nothing followed from.
    fn story(&self) -> String {
        let mut story = String::new();
        for (number, (now, command, outcome)) in self.told.iter().enumerate() {
            let idle = outcome.events.is_empty() || matches!(outcome.verdict, Verdict::Rejected(_));
            if idle && number + 1 < self.told.len() {
                continue;
            }
            let _ = writeln!(story, "{:>8} {command:?}", now.0);
            for event in outcome.events.iter().filter(|event| !matches!(event, Event::AgentChanged { .. })) {
                let _ = writeln!(story, "         -> {event:?}");
            }
        }
        story
    }
}

/// A waiting ticket of the same single role that this agent may take, and that has a better rank.
fn passed_over(state: &State, taking: &Taking) -> Option<TicketId> {
    let (ticket, agent) = (state.ticket(&taking.ticket)?, state.agent(&taking.agent)?);
    if ticket.phase.offer_to(&agent.id).is_some() || ticket.demand.roles.len() != 1 {
        return None;
    }
    let role = state.catalogue().roles.get(ticket.demand.role()?).filter(|role| role.dispatch == Dispatch::Push)?;
    let better = |other: &&Ticket| {
        other.phase == Phase::Waiting
            && other.demand.roles == [role.name.clone()]
            && Rank::of(other, role) < Rank::of(ticket, role)
            && matching::lack(state, agent, other).is_none()
    };
    state.tickets().find(better).map(|other| other.id.clone())
}

/// Where two outcomes part.
fn first_difference(fast: &Outcome, naive: &Outcome) -> String {
    let place = fast.events.iter().zip(&naive.events).take_while(|(one, other)| one == other).count();
    let (one, other) = (fast.events.get(place), naive.events.get(place));
    let verdicts = (&fast.verdict, &naive.verdict);
    format!("event {place} differs:\n fast {one:?}\nnaive {other:?}\nverdicts of fast and naive: {verdicts:?}")
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}

#[test]
fn both_engines_do_the_same_event_for_event() {
    let cases = number("ROLECALL_NAIVE_SEQUENCES").unwrap_or(SEQUENCES);
    let seed = number("ROLECALL_NAIVE_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("{cases} lives of seed {seed}");
    let config = ProptestConfig {
        cases: u32::try_from(cases).expect("a campaign has fewer than 2^32 sequences"),
        max_shrink_iters: 30_000,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let lived = TestRunner::new(config).run(&world::life(MOVES_MAX), |(catalogue, moves)| {
        let mut pair = Pair::new();
        pair.live(&catalogue, &moves).map_err(|why| TestCaseError::fail(format!("{}\n{why}", pair.story())))
    });
    match lived {
        Ok(()) => {}
        Err(TestError::Fail(why, _)) => panic!("seed {seed}:\n{}", why.message()),
        Err(other) => panic!("seed {seed}: {other}"),
    }
}
