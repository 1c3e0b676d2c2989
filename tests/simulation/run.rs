//! One run: a world and the lives of a daemon in it, to the end; and what there is to say against it.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rolecall::broker::TransportError;
use rolecall::config::{self, Config, Hooks, Overrides};
use rolecall::daemon::{Again, Daemon, DaemonError, Planted, Signal, Signals};
use rolecall::journal::{JournalError, JournalOptions, JournalReader, open_on};
use rolecall::routing::roles::Roles;
use rolecall::routing::{Catalogue, Millis, State, Timestamp};
use rolecall::telemetry::traces::Tracer;
use tokio::sync::mpsc;

use crate::figures::Figures;
use crate::host::{DiskFile, IDENTITY, SimulatedDisk, SimulatedHost};
use crate::link;
use crate::people::CONFIG;
use crate::plan::Plan;
use crate::world::{Stage, World};

/// More lives than any plan asks for: a daemon that does not stay alive.
const LIVES_MAX: u64 = 80;
/// More than so many faults say nothing more.
const FAULTS_MAX: usize = 20;
/// So many moments of the past are looked at in the end, at most.
const MOMENTS: usize = 8;
/// How long a drain may take.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

/// Something that is wrong from the beginning, beside the plan.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flaws {
    pub(crate) planted: Planted,
    pub(crate) disk_lies: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) faults: Vec<String>,
    pub(crate) log_hash: u64,
    pub(crate) figures: Figures,
}

/// Plays a plan to its end.
pub(crate) fn run(plan: &Plan, flaws: Flaws) -> Outcome {
    let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(play(plan, flaws, home.path()))
}

async fn play(plan: &Plan, flaws: Flaws, home: &Path) -> Outcome {
    let stage = Stage::new(plan.clone(), home.to_owned());
    {
        let mut world = stage.lock();
        world.disk_lies = flaws.disk_lies;
        world.let_people_in();
        world.expect_faults();
    }
    let conductor = tokio::spawn({
        let stage = stage.clone();
        async move { stage.go_on().await }
    });
    live(&stage, flaws.planted, home, plan.ends).await;
    conductor.abort();
    // Cancelled, or it panicked and has said so.
    let conducted = conductor.await;
    let mut world = stage.lock();
    if conducted.is_err_and(|error| error.is_panic()) {
        world.books.faults.push("the world panicked".to_owned());
    }
    world.books.close();
    drop(world);
    look_into_journal(&stage, home);
    stage.lock().outcome()
}

/// One life after the other, until nothing is left to do.
async fn live(stage: &Stage, planted: Planted, home: &Path, ends: u64) {
    let mut ends_left = ends;
    for _ in 0..LIVES_MAX {
        let (life, died) = {
            let mut world = stage.lock();
            (world.begin_life(ends_left), Arc::clone(&world.life.died))
        };
        let host = Arc::new(SimulatedHost::new(stage, life, planted));
        let ended = live_once(stage, &host, home, &died).await;
        let has_panicked = host.tear_down().await;
        let Some(pause) = stage.lock().pause_after(ended, has_panicked) else { return };
        ends_left = ends_left.saturating_sub(1);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    stage.lock().books.faults.push("the daemon does not stay alive".to_owned());
}

/// How the daemon ended by itself; `None` where it died.
async fn live_once(
    stage: &Stage,
    host: &Arc<SimulatedHost>,
    home: &Path,
    died: &tokio::sync::Notify,
) -> Option<Result<(), DaemonError>> {
    let (tx, mut ended) = tokio::sync::oneshot::channel();
    let (mut config, other, mut signals) = {
        let mut world = stage.lock();
        let (config, other) = configs(&mut world, home);
        (config, other, ToldSignals(world.life.signals()))
    };
    let mut catalogues = VecDeque::from([other, config.catalogue.clone()]);
    if !stage.lock().has_roles {
        config.catalogue.roles = Roles::default();
    }
    let read_by = stage.clone();
    let reload = move || {
        catalogues.rotate_left(1);
        let mut catalogue = catalogues.back().cloned()?;
        if !read_by.lock().has_roles {
            catalogue.roles = Roles::default();
        }
        Some(Ok(Again { catalogue, has_catalogue: true, hooks: Hooks::new() }))
    };
    let daemon = Daemon {
        host: Arc::clone(host) as Arc<dyn rolecall::daemon::Host>,
        config,
        connect: link::connect(stage, host.life),
        metrics: None,
        reload: Box::new(reload),
        catalogue_file: None,
        tracer: Tracer::off(),
    };
    host.spawn(Box::pin(async move {
        // Nobody listens any more where it died.
        let _ = tx.send(daemon.run(&mut signals).await);
    }));
    tokio::select! {
        biased;
        () = died.notified() => None,
        ended = &mut ended => ended.ok(),
    }
}

/// The configuration, and the same with another catalogue.
fn configs(world: &mut World, home: &Path) -> (Config, Catalogue) {
    static PARSED: OnceLock<(Config, Catalogue)> = OnceLock::new();
    let parse = |text: &str| config::parse("the simulation's", text, &Overrides::none()).map(|loaded| loaded.config);
    let (config, other) = PARSED.get_or_init(|| {
        let other = parse(&CONFIG.replace("order = \"fifo\"", "weight = 3"));
        let config = parse(CONFIG).expect("it is written above");
        (config, other.expect("it is written above").catalogue)
    });
    let (mut config, other) = (config.clone(), other.clone());
    config.node.shutdown_timeout = SHUTDOWN_TIMEOUT;
    home.clone_into(&mut config.journal.path);
    config.journal.snapshot_every = world.dice.between(10, 200);
    config.journal.retention = retention(world.plan.seed);
    (config, other)
}

/// For how long the past is to be told: of two runs in three for a shorter time than they last.
fn retention(seed: u64) -> Duration {
    Duration::from_secs([7 * 24 * 3_600, 240, 20][usize::try_from(seed % 3).expect("less than three")])
}

struct ToldSignals(mpsc::UnboundedReceiver<Signal>);

impl Signals for ToldSignals {
    async fn next(&mut self) -> Signal {
        match self.0.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

impl World {
    /// Judges how a life ended; how many milliseconds pass before the next, where there is one.
    fn pause_after(&mut self, ended: Option<Result<(), DaemonError>>, has_panicked: bool) -> Option<u64> {
        self.judge(ended, has_panicked);
        if self.people.are_done {
            self.hear_the_rest();
        }
        let is_over = self.people.are_done || has_panicked || self.books.faults.len() > FAULTS_MAX;
        self.bury();
        (!is_over).then(|| self.dice.between(50, 3_000))
    }

    /// Whether a life ended as it may.
    fn judge(&mut self, ended: Option<Result<(), DaemonError>>, has_panicked: bool) {
        if has_panicked {
            self.books.faults.push("the daemon panicked".to_owned());
        }
        if let Some(ended) = &ended {
            // Where the journal is differs from run to run.
            let ended = format!("{ended:?}").replace(&*self.home.to_string_lossy(), "HOME");
            self.log(&format!("life {} ends: {ended}", self.life.number));
        }
        match ended {
            None | Some(Err(DaemonError::Broker(TransportError::Unreachable { .. }))) => {}
            Some(Ok(())) => self.judge_drain(),
            Some(Err(DaemonError::Journal(
                JournalError::Storage { .. } | JournalError::File { .. } | JournalError::Poisoned { .. },
            ))) if self.disk.has_failed || self.log_disk.has_failed => {
                self.figures.bad_disks += 1;
                if self.dice.per_mille(500) {
                    self.lose_power();
                }
            }
            Some(Err(error)) => self.books.faults.push(format!("the daemon ended: {error:?}")),
        }
        self.mend_disk();
        self.disk.has_failed = false;
        self.log_disk.has_failed = false;
    }

    pub(crate) fn mend_disk(&mut self) {
        self.disk.mend();
        self.log_disk.mend();
    }

    fn judge_drain(&mut self) {
        let Some(asked_ms) = self.life.drain_asked_ms else {
            return self.books.faults.push("the daemon ended, and nobody had asked it to".to_owned());
        };
        self.figures.drains += 1;
        let took = Duration::from_millis(self.elapsed_ms() - asked_ms);
        if took > SHUTDOWN_TIMEOUT {
            self.books.faults.push(format!("a drain took {took:?}"));
        }
        if self.life.was_closed_whole == Some(false) {
            self.books.faults.push("a drain left deliveries unacknowledged".to_owned());
        }
    }

    /// A state goes into the journal, or comes back: then it has to be what it was.
    pub(crate) fn witness(&mut self, state: &State) {
        let (next_seq, hash) = (state.next_seq(), state.hash());
        if self.life.has_recovered {
            self.hashes.insert(next_seq, hash);
            return;
        }
        self.life.has_recovered = true;
        self.log(&format!("restored before event {next_seq}"));
        match self.hashes.get(&next_seq) {
            Some(before) if *before != hash => {
                self.books.faults.push(format!("the state before event {next_seq} is not what it was"));
            }
            Some(_) => self.figures.restored += 1,
            None if next_seq == 1 => {}
            None => self.books.faults.push(format!("a state before event {next_seq} was never there")),
        }
        // What came after was never durable.
        self.hashes.retain(|seq, _| *seq <= next_seq);
        if let Err(broken) = state.check_invariants() {
            self.books.faults.push(format!("restored, and broken: {broken}"));
        }
    }

    fn outcome(&mut self) -> Outcome {
        let mut figures = self.figures;
        figures.runs = 1;
        figures.virtual_s = self.elapsed_ms() / 1_000;
        figures.tickets = self.books.tickets_count();
        figures.outputs = self.books.heard_count();
        figures.repeats = self.books.repeats;
        figures.redelivered = self.inbox.redelivered();
        Outcome { faults: std::mem::take(&mut self.books.faults), log_hash: self.log_hash(), figures }
    }
}

/// What is in the journal in the end: replayed from the first event, restored, and live are one; nothing is left.
fn look_into_journal(stage: &Stage, home: &Path) {
    let found = look(stage, home);
    let mut world = stage.lock();
    match found {
        Ok(problems) => world.books.faults.extend(problems),
        Err(error) => world.books.faults.push(format!("the journal can't be read in the end: {error}")),
    }
}

fn look(stage: &Stage, home: &Path) -> Result<Vec<String>, JournalError> {
    let file = |file| SimulatedDisk { stage: stage.clone(), life: None, file };
    let options = JournalOptions { cache_bytes: 1 << 20, ..JournalOptions::default() };
    let reader = open_on(home, file(DiskFile::Database), file(DiskFile::Log), IDENTITY, &options)?.reader;
    let mut problems = Vec::new();
    let restored = reader.recover()?.state;
    let is_whole = reader.span()?.is_none_or(|span| span.is_whole);
    let replayed = if is_whole { replayed(&reader)?.hash() } else { restored.hash() };
    // Not while the disk needs the world.
    let since = stage.lock().known_since();
    let told = told(&reader, since)?;
    let mut world = stage.lock();
    world.judge_told(&told, &mut problems);
    world.figures.shortened += u64::from(!is_whole);
    let live = world.hashes.get(&restored.next_seq()).copied();
    if Some(restored.hash()) != live || restored.hash() != replayed {
        let restored = restored.hash();
        problems.push(format!("live, restored and replayed differ: {live:?}, {restored}, {replayed}"));
    }
    if let Some(ticket) = restored.tickets().next() {
        problems.push(format!("ticket {} is left in the state: {ticket:?}", ticket.id));
    }
    let usage = reader.usage();
    let (last, through, told) = (usage.outbox_last, usage.published_through, world.books.heard_count());
    if last != through || !world.books.dead_count().contains(&last.wrapping_sub(told)) {
        problems.push(format!("{last} events were to be told, {through} were published, {told} were heard"));
    }
    if !world.inbox.is_empty() {
        problems.push("the inbox is not empty".to_owned());
    }
    Ok(problems)
}

/// The state that all entries add up to.
fn replayed(reader: &JournalReader) -> Result<State, JournalError> {
    let mut state = State::new(IDENTITY);
    for entry in reader.entries_from(1)? {
        let entry = entry?;
        entry.events.iter().for_each(|event| state.apply(entry.at, event));
    }
    Ok(state)
}

/// A moment of the past, as the journal tells it.
type Told = (Timestamp, Result<State, JournalError>);

/// Some moments of the past, from the first that has to be known.
fn told(reader: &JournalReader, since: Timestamp) -> Result<Vec<Told>, JournalError> {
    let mut moments = vec![since];
    for entry in reader.entries_since(since)? {
        moments.push(entry?.at);
    }
    let some = moments.iter().step_by(moments.len().div_ceil(MOMENTS));
    Ok(some.map(|moment| (*moment, reader.state_at(*moment))).collect())
}

impl World {
    /// From this moment on the past has to be known in the end.
    fn known_since(&self) -> Timestamp {
        let retention = retention(self.plan.seed).as_millis();
        self.latest - Millis(u64::try_from(retention).expect("some days"))
    }

    /// What is told of the past has to be what was.
    fn judge_told(&mut self, told: &[Told], problems: &mut Vec<String>) {
        for (moment, then) in told {
            match then {
                Err(error) => problems.push(format!("how it was at {} can't be told: {error}", moment.0)),
                Ok(then) => match self.hashes.get(&then.next_seq()) {
                    Some(was) if *was != then.hash() => {
                        problems.push(format!("at {} it was not as the journal tells", moment.0));
                    }
                    Some(_) => self.figures.moments += 1,
                    // In the middle of a batch.
                    None => {}
                },
            }
        }
    }
}
