//! A workload for so many decisions and nothing else, for instruments that look from outside: `valgrind`, `perf`.
//!
//! `ROLECALL_BENCH_STEADY=saturated/10k_100k/200000` has the bench do so many decisions of that workload at that size, and
//! say how long they took, how long the longest commands took, and what a centre of that size weighs.

use std::time::{Duration, Instant};

use crate::centre::{Centre, LARGE, MIDDLE, SMALL, Size};

/// What was asked for.
struct Wish {
    workload: String,
    size: Size,
    decisions: usize,
}

impl Wish {
    fn of(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (workload, size, decisions) = (parts.next()?.to_owned(), parts.next()?, parts.next()?);
        let size = [SMALL, MIDDLE, LARGE].into_iter().find(|known| known.name == size)?;
        Some(Self { workload, size, decisions: decisions.parse().ok()? })
    }
}

/// Does what the environment asks for, where it asks.
pub(crate) fn ran() -> bool {
    let Ok(text) = std::env::var("ROLECALL_BENCH_STEADY") else { return false };
    let wish = Wish::of(&text).expect("ROLECALL_BENCH_STEADY is WORKLOAD/SIZE/DECISIONS, as in light/10k_100k/200000");
    let before = resident_bytes();
    let mut centre = match wish.workload.as_str() {
        "light" => Centre::half_busy(wish.size),
        "saturated" => Centre::saturated(wish.size),
        other => panic!("no workload is called {other}"),
    };
    let weighs = resident_bytes().saturating_sub(before);
    let begun = Instant::now();
    let took = match wish.workload.as_str() {
        "light" => light(&mut centre, wish.decisions),
        _ => saturated(&mut centre, wish.decisions),
    };
    report(&text, begun.elapsed(), wish.decisions, took, weighs);
    true
}

/// The part that instruments are told to look at (`--toggle-collect='*steady*light*'`).
#[inline(never)]
fn light(centre: &mut Centre, decisions: usize) -> Vec<Duration> {
    let mut took = Vec::with_capacity(decisions * 2);
    for _ in 0..decisions {
        took.push(timed(|| drop(centre.arrive())));
        took.push(timed(|| drop(centre.complete())));
    }
    took
}

/// As above.
#[inline(never)]
fn saturated(centre: &mut Centre, decisions: usize) -> Vec<Duration> {
    let mut took = Vec::with_capacity(decisions * 2);
    for _ in 0..decisions {
        took.push(timed(|| drop(centre.complete())));
        took.push(timed(|| drop(centre.arrive())));
    }
    took
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn report(text: &str, whole: Duration, decisions: usize, mut took: Vec<Duration>, weighs: usize) {
    took.sort_unstable();
    let permille = |permille: usize| took[(took.len() * permille / 1_000).min(took.len() - 1)].as_nanos();
    let each = whole.as_nanos() / u128::try_from(decisions.max(1)).expect("a count fits");
    println!(
        "{text}: {each} ns a decision; a command: median {} ns, p99 {} ns, p99.9 {} ns, longest {} ns; {} MB",
        permille(500),
        permille(990),
        permille(999),
        permille(1_000),
        weighs / 1_000_000,
    );
}

/// What the process holds of the machine's memory; zero where the system does not say.
fn resident_bytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<usize>().ok());
    pages.unwrap_or(0) * 4_096
}
