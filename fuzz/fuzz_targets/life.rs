//! A life of a contact centre, each step drawn by eight bytes of the input: the fast engine and the obvious one say the
//! same, every invariant holds, and replay reaches the same state.
//!
//! The first eight bytes draw the catalogue. So the fuzzer can change, leave out, repeat and exchange steps.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rolecall::routing::naive::NaiveEngine;
use rolecall::routing::{Command, Engine, Identity, State, Timestamp};

#[allow(dead_code, reason = "the routing tests use all of it")]
#[path = "../../tests/routing/world.rs"]
mod world;

const IDENTITY: Identity = Identity { instance: 0xfeed, seed: 42 };
const STEPS_MAX: usize = 200;

/// What these eight bytes draw.
fn drawn<T>(strategy: &impl Strategy<Value = T>, by: [u8; 8]) -> T {
    let mut seed = [0; 32];
    seed[..by.len()].copy_from_slice(&by);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng);
    strategy.new_tree(&mut runner).expect("these strategies reject nothing").current()
}

fuzz_target!(|input: &[u8]| {
    let (draws, _) = input.as_chunks::<8>();
    let Some((first, steps)) = draws.split_first() else { return };
    let (catalogue, one_move) = (drawn(&world::catalogue(), *first), world::one_move());

    let (mut fast, mut naive, mut replayed) = (Engine::new(IDENTITY), NaiveEngine::new(IDENTITY), State::new(IDENTITY));
    let mut now = Timestamp(0);
    let mut step = |command: Command, now: Timestamp, state: &mut Engine| {
        let outcome = state.handle(command.clone(), now);
        assert_eq!(outcome, naive.handle(command, now));
        outcome.events.iter().for_each(|event| replayed.apply(outcome.at, event));
        assert_eq!(replayed.hash(), state.state().hash());
        state.state().check_invariants().expect("every invariant holds");
    };
    step(Command::ReplaceCatalogue { catalogue }, now, &mut fast);
    for by in steps.iter().take(STEPS_MAX) {
        let next = drawn(&one_move, *by);
        now = Timestamp(now.0 + next.wait.max(0));
        if next.in_time {
            step(Command::Elapse, now, &mut fast);
        }
        let command = next.command(fast.state(), now);
        step(command, now, &mut fast);
    }
});
