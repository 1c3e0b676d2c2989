//! Several runs, on several threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::routing::Millis;

use super::figures::Tally;
use super::report::Report;
use super::run::run;
use super::scene::Scene;

/// How often it is told how far it has come.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// From 0 to 1.
    pub done: f64,
    /// Since the beginning.
    pub elapsed: Duration,
}

impl Progress {
    /// How long it will still take at this pace.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        (self.done > 0.005).then(|| self.elapsed.mul_f64(((1.0 - self.done) / self.done).max(0.0)))
    }
}

/// Plays a scene as often as it says, on so many threads, and makes a report of it. `tell` hears how far it has come.
#[must_use]
pub fn simulate(scene: &Scene, threads: usize, tell: &mut dyn FnMut(Progress)) -> Report {
    let began = Instant::now();
    let tallies = play(scene, threads, tell);
    Report::of(scene, &tallies, began.elapsed())
}

/// Each run's tally, in the order of their numbers.
pub(super) fn play(scene: &Scene, threads: usize, tell: &mut dyn FnMut(Progress)) -> Vec<Tally> {
    let began = Instant::now();
    let whole_ms = scene.counted_to.since(scene.start).0.saturating_mul(u64::from(scene.replications)).max(1);
    let (next, done_ms, ended) = (AtomicU32::new(0), AtomicU64::new(0), AtomicU32::new(0));
    let tallies: Mutex<Vec<(u32, Tally)>> = Mutex::default();
    let look = |passed: Millis| {
        done_ms.fetch_add(passed.0, Ordering::Relaxed);
    };
    let work = || {
        loop {
            let replication = next.fetch_add(1, Ordering::Relaxed);
            if replication >= scene.replications {
                break;
            }
            let tally = run(scene, replication, &look);
            tallies.lock().expect("no thread panics with it").push((replication, tally));
        }
        ended.fetch_add(1, Ordering::Release);
    };
    let threads = threads.clamp(1, scene.replications as usize);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        while (ended.load(Ordering::Acquire) as usize) < threads
            && !workers.iter().all(std::thread::ScopedJoinHandle::is_finished)
        {
            std::thread::park_timeout(TELL_EVERY.min(Duration::from_millis(20) + began.elapsed()));
            let done = done_ms.load(Ordering::Relaxed) as f64 / whole_ms as f64;
            tell(Progress { done: done.min(1.0), elapsed: began.elapsed() });
        }
    });
    let mut tallies = tallies.into_inner().expect("no thread panics with it");
    tallies.sort_by_key(|(replication, _)| *replication);
    tallies.into_iter().map(|(_, tally)| tally).collect()
}
