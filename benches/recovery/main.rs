//! How long a start takes, how much memory a state takes, and whether a snapshot stops routing: promise P5 of
//! docs/reliability.md.
//!
//!     cargo bench --bench recovery                                   10 M events, 1 M waiting tickets
//!     cargo bench --bench recovery -- --events 1000000 --tickets 100000
//!     cargo bench --bench recovery -- --events 0                     the waiting tickets alone; and the other way round
//!
//! All data comes from driving the engine. Journals are made in a directory of the system's temporary directory
//! (`TMPDIR`): 10 M events take some 4 GB there.

mod memory;
mod world;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rolecall::journal::{
    Batch, Journal, JournalOptions, JournalReader, Opened, RecoveryReport, RedbJournal, SnapshotReport, open,
};
use rolecall::routing::{State, Timestamp};

use memory::Memory;
use world::World;

/// As the daemon fills them under load.
const ENTRIES_PER_BATCH: usize = 512;
/// Events that are appended while a snapshot is taken, before and after, to see how long a batch takes.
const LIVE_BATCH_ENTRIES: usize = 20;

fn main() {
    let number = |name: &str, default: u64| {
        let mut arguments = std::env::args().skip_while(|argument| argument != name);
        arguments.nth(1).map_or(default, |text| text.parse().expect("a number"))
    };
    let events = number("--events", 10_000_000);
    let tickets = number("--tickets", 1_000_000);
    if tickets > 0 {
        measure_memory(tickets);
    }
    if events > 0 {
        measure_replay(events);
    }
    if tickets > 0 {
        measure_snapshot(tickets);
    }
}

fn measure_memory(tickets: u64) {
    let mut world = World::closed();
    let agents = tickets / 10;
    let used = Memory::of(|| world.register(agents));
    println!("memory: {} bytes an agent ({agents} registered)", used / agents);
    let used = Memory::of(|| world.queue(tickets));
    println!("memory: {} bytes a waiting ticket ({tickets} waiting)", used / tickets);
}

fn measure_replay(events: u64) {
    let home = tempfile::tempdir().expect("a directory");
    let Opened { journal, reader } = opened(home.path());
    let mut world = World::open(reader.identity());
    let took = timed(|| fill(journal, &mut world, events));
    println!("replay: {} events made and appended in {:.1} s", reader.usage().next_seq - 1, took.1.as_secs_f64());
    let (bytes, hash) = (reader.usage().bytes, world.state().hash());
    drop((reader, world));
    let (reader, opening) = timed(|| open(home.path(), &JournalOptions::default()).expect("it opens").reader);
    let (recovered, took) = timed(|| reader.recover().expect("it recovers"));
    assert_eq!(recovered.state.hash(), hash, "what is replayed is what was lived");
    tell_recovery("replay", &recovered.report, opening, took, bytes);
    drop(recovered);
    let (state, took) = timed(|| replay_with_index(&reader));
    assert_eq!(state.hash(), hash, "both ways lead to the same state");
    println!("replay: by one thread that keeps the index with every event: {:.1} s", took.as_secs_f64());
}

/// What replay would take if every event went through a state that could decide.
fn replay_with_index(reader: &JournalReader) -> State {
    let mut state = State::new(reader.identity());
    for entry in reader.entries_from(1).expect("the entries are read") {
        let entry = entry.expect("the entry is whole");
        entry.events.iter().for_each(|event| state.apply(entry.at, event));
    }
    state
}

fn measure_snapshot(tickets: u64) {
    let home = tempfile::tempdir().expect("a directory");
    let Opened { mut journal, reader } = opened(home.path());
    let mut world = World::closed_as(reader.identity());
    world.register(1_000);
    world.queue(tickets);
    fill_from(&mut journal, &mut world);
    let quiet = appending(&mut journal, &mut world, |_| 200);
    println!("snapshot: without one, a batch takes {quiet}");
    let (report, worst, took) = snapshot_beside(&mut journal, &mut world, &reader);
    println!(
        "snapshot: of {tickets} waiting tickets: {:.1} s, {} MB; meanwhile a batch takes {worst}",
        took.as_secs_f64(),
        report.bytes >> 20,
    );
    let (_, worst, took) = snapshot_beside(&mut journal, &mut world, &reader);
    println!("snapshot: the next: {:.1} s; meanwhile a batch takes {worst}", took.as_secs_f64());
    let frozen = world.state().freeze();
    let (taken, took) = timed(|| reader.take_snapshot(frozen, Timestamp(0)).expect("taken").expect("something new"));
    println!("snapshot: in quiet: {:.1} s, {} MB", took.as_secs_f64(), taken.bytes >> 20);
    let (bytes, hash) = (reader.usage().bytes, world.state().hash());
    drop((journal, reader, world));
    let (reader, opening) = timed(|| open(home.path(), &JournalOptions::default()).expect("it opens").reader);
    let (recovered, took) = timed(|| reader.recover().expect("it recovers"));
    assert_eq!(recovered.state.hash(), hash, "what is restored is what was lived");
    assert_eq!(recovered.report.snapshot_seq, Some(taken.seq), "all of it from the snapshot");
    assert!(recovered.state.tickets().len() as u64 >= tickets);
    tell_recovery("restore", &recovered.report, opening, took, bytes);
}

fn tell_recovery(what: &str, report: &RecoveryReport, opening: Duration, took: Duration, bytes: u64) {
    let seconds = took.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let rate = report.events_replayed as f64 / seconds;
    println!(
        "{what}: {} MB opened in {:.1} s; snapshot {:?} and {} events recovered in {seconds:.1} s ({rate:.0} events/s)",
        bytes >> 20,
        opening.as_secs_f64(),
        report.snapshot_seq,
        report.events_replayed,
    );
}

fn opened(path: &Path) -> Opened {
    open(path, &JournalOptions::default()).expect("a journal is made")
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started_at = Instant::now();
    (work(), started_at.elapsed())
}

/// Lives until so many events are appended.
fn fill(mut journal: RedbJournal, world: &mut World, events: u64) {
    while world.state().next_seq() <= events {
        let mut batch = Batch::default();
        while batch.entries.len() < ENTRIES_PER_BATCH {
            batch.entries.extend(world.live());
        }
        journal.append(&batch).expect("the batch is appended");
    }
}

/// Appends what the world has done so far.
fn fill_from(journal: &mut RedbJournal, world: &mut World) {
    let entries = world.take_entries();
    for entries in entries.chunks(ENTRIES_PER_BATCH) {
        journal.append(&Batch { entries: entries.to_vec(), ..Batch::default() }).expect("the batch is appended");
    }
}

/// How long deciding and appending a small batch took.
#[derive(Default)]
struct Latencies(Vec<Duration>);

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = |permille: usize| sorted.get(sorted.len() * permille / 1_000).copied().unwrap_or_default();
        let worst = sorted.last().copied().unwrap_or_default();
        write!(f, "{:.1?} (half), {:.1?} (99 %), {worst:.1?} at worst of {}", at(500), at(990), sorted.len())
    }
}

/// Decides and appends small batches, one after the other, while the count of those appended is below what is asked.
fn appending(journal: &mut RedbJournal, world: &mut World, mut until: impl FnMut(usize) -> usize) -> Latencies {
    let mut latencies = Latencies::default();
    while latencies.0.len() < until(latencies.0.len()) {
        let ((), took) = timed(|| {
            let mut batch = Batch::default();
            for _ in 0..LIVE_BATCH_ENTRIES {
                batch.entries.extend(world.live());
            }
            journal.append(&batch).expect("the batch is appended");
        });
        latencies.0.push(took);
    }
    latencies
}

/// Takes a snapshot on a thread of its own, as the daemon does, and appends meanwhile.
fn snapshot_beside(
    journal: &mut RedbJournal,
    world: &mut World,
    reader: &JournalReader,
) -> (SnapshotReport, Latencies, Duration) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (frozen, freezing) = timed(|| world.state().freeze());
        println!("snapshot: the state is frozen in {freezing:?}");
        let taking = scope.spawn(|| {
            let taken = timed(|| reader.take_snapshot(frozen, Timestamp(0)).expect("taken").expect("something new"));
            done.store(true, Ordering::Release);
            taken
        });
        let latencies = appending(journal, world, |count| if done.load(Ordering::Acquire) { 0 } else { count + 1 });
        let (report, took) = taking.join().expect("the snapshot is taken");
        (report, latencies, took)
    })
}
