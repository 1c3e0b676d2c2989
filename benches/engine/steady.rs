//! A workload for so many decisions and nothing else, for instruments that look from outside: `valgrind`, `perf`.
//!
//! Workloads are those of the bench, and `morning`: a backlog is met by agents who come one after the other. `weight` does
//! nothing, and says what an agent, a ticket that is owned and one that waits weigh in a centre of that size.
//! `ROLECALL_BENCH_STEADY=saturated/10k_100k/200000` has the bench do so many decisions of that workload at that size, and
//! say how long they took, how long the longest commands took, and what a centre of that size weighs. Beside the clock on
//! the wall it reads how long the thread was on a core, which a machine that is shared disturbs less.

use std::time::{Duration, Instant};

use rolecall::routing::{Command, Outcome};

use crate::centre::{Centre, LARGE, MIDDLE, SMALL, Size};
use crate::day::{Day, Morning};

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
    if wish.workload == "weight" {
        weigh(&text, wish.size);
        return true;
    }
    let before = resident_bytes();
    let mut workload = Workload::of(&wish);
    let weighs = resident_bytes().saturating_sub(before);
    let coming = workload.coming(wish.decisions);
    let (begun, computed) = (Instant::now(), computed_ns());
    let took = match &mut workload {
        Workload::Light(centre) => light(centre, coming),
        Workload::Saturated(centre) => saturated(centre, coming),
        Workload::Day(day) => several(wish.decisions, || day.go_on()),
        Workload::Morning(morning) => several(wish.decisions, || morning.go_on()),
    };
    let computed = computed_ns().saturating_sub(computed);
    report(&text, (begun.elapsed(), computed), wish.decisions, took, weighs);
    true
}

/// What is done.
enum Workload {
    Light(Centre),
    Saturated(Centre),
    Day(Day),
    Morning(Morning),
}

impl Workload {
    fn of(wish: &Wish) -> Self {
        match wish.workload.as_str() {
            "light" => Self::Light(Centre::half_busy(wish.size)),
            "saturated" => Self::Saturated(Centre::saturated(wish.size)),
            "mixed" => Self::Day(Day::mixed(wish.size)),
            "hostile" => Self::Day(Day::hostile(wish.size)),
            "morning" => Self::Morning(Morning::before(wish.size)),
            other => panic!("no workload is called {other}"),
        }
    }

    /// What is said of the tickets that come, made before it is said: that is upstream's work.
    fn coming(&mut self, decisions: usize) -> Vec<Command> {
        match self {
            Self::Light(centre) | Self::Saturated(centre) => (0..decisions).map(|_| centre.next_ticket()).collect(),
            Self::Day(_) | Self::Morning(_) => Vec::new(),
        }
    }
}

/// Of a day each decision is one command.
#[inline(never)]
fn several(decisions: usize, mut go_on: impl FnMut() -> Option<Outcome>) -> Vec<Duration> {
    (0..decisions).map(|_| timed(|| drop(go_on()))).collect()
}

/// The part that instruments are told to look at (`--toggle-collect='*steady*light*'`).
#[inline(never)]
fn light(centre: &mut Centre, coming: Vec<Command>) -> Vec<Duration> {
    let mut took = Vec::with_capacity(coming.len() * 2);
    for ticket in coming {
        took.push(timed(|| drop(centre.tell(ticket))));
        took.push(timed(|| drop(centre.complete())));
    }
    took
}

/// As above.
#[inline(never)]
fn saturated(centre: &mut Centre, coming: Vec<Command>) -> Vec<Duration> {
    let mut took = Vec::with_capacity(coming.len() * 2);
    for ticket in coming {
        took.push(timed(|| drop(centre.complete())));
        took.push(timed(|| drop(centre.tell(ticket))));
    }
    took
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// What each of a centre weighs, its own id with it.
fn weigh(text: &str, size: Size) {
    let mut stood = resident_bytes();
    let mut each = |count: usize| {
        let (before, now) = (stood, resident_bytes());
        stood = now;
        now.saturating_sub(before) / count
    };
    let mut centre = Centre::open(size);
    let agent = each(size.agents);
    (0..size.agents).for_each(|_| drop(centre.arrive()));
    let owned = each(size.agents);
    (0..size.waiting).for_each(|_| drop(centre.arrive()));
    let waiting = each(size.waiting);
    println!("{text}: an agent {agent} B, a ticket that is owned {owned} B, one that waits {waiting} B");
}

fn report(text: &str, (whole, computed): (Duration, u128), decisions: usize, mut took: Vec<Duration>, weighs: usize) {
    took.sort_unstable();
    let permille = |permille: usize| took[(took.len() * permille / 1_000).min(took.len() - 1)].as_nanos();
    let each = |whole: u128| whole / u128::try_from(decisions.max(1)).expect("a count fits");
    println!(
        "{text}: {} ns a decision, {} ns of them on a core; a command: median {} ns, p99 {} ns, p99.9 {} ns, longest {} ns; {} MB",
        each(whole.as_nanos()),
        each(computed),
        permille(500),
        permille(990),
        permille(999),
        permille(1_000),
        weighs / 1_000_000,
    );
}

/// How long this thread has been on a core; zero where the system does not say.
fn computed_ns() -> u128 {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    schedule.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// What the process holds of the machine's memory; zero where the system does not say.
fn resident_bytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<usize>().ok());
    pages.unwrap_or(0) * 4_096
}
