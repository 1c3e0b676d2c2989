//! The engine beside what a user might take instead, on the same tickets and agents, in one run and in turns.
//!
//! `cargo bench --features naive --bench compare`. One decision: an agent completes a ticket and is given the best that
//! waits and that it may take, and another ticket comes and waits. Everybody works; so many tickets wait as the size says.
//!
//! * *naive*: rolecall's oracle, which decides by looking at everything, with all that the engine does besides.
//! * *scan*: a binary heap per role, and a scan over all agents for whoever is free. No events, no explanation, nothing
//!   but the choice; so it is for the two that follow.
//! * *bare*: a priority queue per role and language, and the idle agents in order. What the structures allow.
//! * *`PostgreSQL`*: `SELECT … FOR UPDATE SKIP LOCKED` in a function, by `pgbench`, on one connection and on eight, with
//!   and without waiting for the disk.
//! * *Redis*: sorted sets and a Lua script, by `redis-benchmark`, with and without pipelining and an append-only file.
//!
//! Servers are started from Debian's packages in a directory of their own and ended afterwards; where one is not
//! installed a line says so. `ROLECALL_COMPARE_ROUNDS` (3), `ROLECALL_COMPARE_MS` (1,000) per turn.

mod bare;
mod demand;
mod engines;
mod postgres;
mod redis;
mod scan;
mod server;
mod table;

use std::time::{Duration, Instant};

use self::demand::{MIDDLE, SMALL, Size, TINY};
use self::table::Table;

// As the daemon.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Whoever decides.
trait Decider {
    /// An agent completes what it has, is given the best that waits, and another ticket comes.
    fn decide(&mut self);
}

/// Decisions a second, on one core, for about so long.
fn measure(decider: &mut dyn Decider, length: Duration) -> f64 {
    let started_at = Instant::now();
    let mut decisions = 0_u32;
    let mut batch = 1;
    loop {
        for _ in 0..batch {
            decider.decide();
        }
        decisions += batch;
        let passed = started_at.elapsed();
        if passed >= length {
            return f64::from(decisions) / passed.as_secs_f64();
        }
        // So that the clock is not what is measured.
        batch = (batch * 2).min(256);
    }
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn within_one_process(table: &mut Table, size: Size, rounds: u64, length: Duration) {
    let mut deciders: Vec<(&str, Box<dyn Decider>)> = vec![
        ("rolecall's engine", Box::new(engines::fast(size))),
        ("scan", Box::new(scan::Scan::saturated(size))),
        ("bare", Box::new(bare::Bare::saturated(size))),
    ];
    if size.agents <= TINY.agents {
        // At the next size it takes minutes until all tickets are there.
        deciders.push(("naive", Box::new(engines::naive(size))));
    }
    for round in 0..rounds {
        for (name, decider) in &mut deciders {
            let decisions = measure(decider.as_mut(), length);
            table.note(size, name, decisions);
            eprintln!("{} round {}: {name}: {decisions:.0} decisions/s", size.name, round + 1);
        }
    }
}

fn main() {
    // `cargo test --benches` wants to know that it runs, and `cargo bench` says so by an argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let rounds = from_environment("ROLECALL_COMPARE_ROUNDS", 3);
    let length = Duration::from_millis(from_environment("ROLECALL_COMPARE_MS", 1_000));
    let mut table = Table::default();
    within_one_process(&mut table, TINY, rounds, length);
    for size in [SMALL, MIDDLE] {
        within_one_process(&mut table, size, rounds, length);
        postgres::measure(&mut table, size, rounds, length);
        redis::measure(&mut table, size, rounds, length);
    }
    print!("{table}");
}
