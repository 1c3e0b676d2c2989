//! Many seeds; a failing one is shrunk, and printed so that it can be played again.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::figures::Figures;
use crate::plan::Plan;
use crate::run::{Flaws, Outcome, run};

/// Without `ROLECALL_SIM_SEEDS`: so many from the first, and as many that nobody has seen.
const SEEDS_USUAL: u64 = 25;
/// Runs that shrinking may take.
const SHRINKING_MAX: usize = 200;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Takes away whatever the failure does not need.
fn shrink(plan: &Plan, flaws: Flaws) -> (Plan, Outcome) {
    let (mut plan, mut outcome) = (plan.clone(), run(plan, flaws));
    let mut runs_left = SHRINKING_MAX;
    'smaller: loop {
        for smaller in plan.smaller() {
            if runs_left == 0 {
                break 'smaller;
            }
            runs_left -= 1;
            let again = run(&smaller, flaws);
            if !again.faults.is_empty() {
                (plan, outcome) = (smaller, again);
                continue 'smaller;
            }
        }
        break;
    }
    (plan, outcome)
}

/// Plays them on as many threads as there are cores, until one fails.
fn play_seeds(seeds: &[u64]) -> Figures {
    let next = AtomicUsize::new(0);
    let figures = Mutex::new(Figures::default());
    let failed = Mutex::new(None);
    let work = || {
        while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let plan = Plan::of(*seed);
            let outcome = run(&plan, Flaws::default());
            *figures.lock().expect("nobody panics with it") += outcome.figures;
            if !outcome.faults.is_empty() {
                next.store(seeds.len(), Ordering::Relaxed);
                failed.lock().expect("nobody panics with it").get_or_insert((plan, outcome));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(work);
        }
    });
    if let Some((plan, outcome)) = failed.into_inner().expect("nobody panics with it") {
        let (small, shrunk) = shrink(&plan, Flaws::default());
        panic!(
            "seed {}: {:#?}\nshrunk: {:#?}\nagain: ROLECALL_SIM_TRACE=1 ROLECALL_SIM_PLAN=\"{small}\" cargo test --test \
             simulation campaign::plan -- --nocapture",
            plan.seed, outcome.faults, shrunk.faults
        );
    }
    figures.into_inner().expect("nobody panics with it")
}

#[test]
fn seeds() {
    let started_at = Instant::now();
    let figures = match (setting("ROLECALL_SIM_FROM"), setting("ROLECALL_SIM_SEEDS")) {
        (None, seeds) => {
            let count = seeds.unwrap_or(SEEDS_USUAL);
            let fresh = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            let fresh = fresh * 1_000_000;
            println!("seeds 1 to {count} and {fresh} to {}", fresh + count - 1);
            play_seeds(&(1..=count).chain(fresh..fresh + count).collect::<Vec<_>>())
        }
        (Some(from), seeds) => play_seeds(&(from..from + seeds.unwrap_or(SEEDS_USUAL)).collect::<Vec<_>>()),
    };
    println!("{figures}; {:?}", started_at.elapsed());
}

/// Plans that have failed, as they were shrunk, and what was wrong.
const ONCE_FAILED: [(&str, &str); 1] = [(
    "211233 23 2 1 SlowDisk LostConsumer Blocked Unbound Twice ClockJump Drain Reload",
    "a drain that was asked for while the catalogue was read again took as long as both",
)];

#[test]
fn what_has_failed_once_holds() {
    for (text, what) in ONCE_FAILED {
        let plan = Plan::parse(text).expect("a plan as a failure prints it");
        let outcome = run(&plan, Flaws::default());
        assert!(outcome.faults.is_empty(), "{what}: {:#?}", outcome.faults);
    }
}

#[test]
fn plan() {
    let Ok(text) = std::env::var("ROLECALL_SIM_PLAN") else { return };
    let plan = Plan::parse(&text).expect("a plan as a failure prints it");
    let outcome = run(&plan, Flaws::default());
    println!("{}", outcome.figures);
    assert!(outcome.faults.is_empty(), "{:#?}", outcome.faults);
}

#[test]
fn equal_seeds_give_equal_runs() {
    for seed in 1..=10 {
        let plan = Plan::of(seed);
        assert_eq!(run(&plan, Flaws::default()), run(&plan, Flaws::default()), "seed {seed}");
    }
}
