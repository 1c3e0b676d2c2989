//! The machine of one life: its clock, its threads (which are none), its disk.

use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, ready};
use redb::StorageBackend;
use rolecall::broker::Delivery;
use rolecall::daemon::{Host, Planted};
use rolecall::http::Submitter;
use rolecall::journal::{JournalError, JournalOptions, JournalReader, Opened, open_on};
use rolecall::routing::{Identity, State, Timestamp};
use tokio::task::JoinHandle;

use crate::disk::Disk;
use crate::plan::Fault;
use crate::world::{Stage, World};

pub(crate) const IDENTITY: Identity = Identity { instance: 1, seed: 42 };

/// So small that it turns over often, and that some batches are too large for it.
const LOG_BYTES: u64 = 64 << 10;

/// What a disk writes wholly or not at all.
const SECTOR: usize = 512;

pub(crate) struct SimulatedHost {
    pub(crate) stage: Stage,
    pub(crate) life: u64,
    pub(crate) planted: Planted,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl SimulatedHost {
    pub(crate) fn new(stage: &Stage, life: u64, planted: Planted) -> Self {
        Self { stage: stage.clone(), life, planted, tasks: Mutex::default() }
    }

    pub(crate) fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(tokio::spawn(work));
    }

    /// Takes everything down at once. Whether anything had panicked.
    pub(crate) async fn tear_down(&self) -> bool {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.iter().for_each(JoinHandle::abort);
        let mut has_panicked = false;
        for task in tasks {
            has_panicked |= task.await.is_err_and(|error| error.is_panic());
        }
        has_panicked
    }
}

impl Host for SimulatedHost {
    fn now(&self) -> Timestamp {
        let mut world = self.stage.lock();
        let now = world.clock();
        world.latest = world.latest.max(now);
        now
    }

    fn open_journal(&self, path: &Path, options: &JournalOptions) -> Result<Opened, JournalError> {
        {
            let mut world = self.stage.lock();
            if !world.has_journal {
                world.disk.wipe();
                world.log_disk.wipe();
            }
        }
        let options =
            JournalOptions { cache_bytes: 1 << 20, disk_reserve_bytes: 0, log_bytes: LOG_BYTES, ..options.clone() };
        let file = |file| SimulatedDisk { stage: self.stage.clone(), life: Some(self.life), file };
        let opened = open_on(path, file(DiskFile::Database), file(DiskFile::Log), IDENTITY, &options)?;
        let mut world = self.stage.lock();
        world.has_journal |= world.life.is_running();
        world.life.mark_at_start = std::fs::read(path.join("MARK")).ok();
        world.life.deaths_at_start = std::fs::read(path.join("DEATHS")).ok();
        Ok(opened)
    }

    fn on_line(&self, work: BoxFuture<'static, ()>) {
        self.spawn(work);
    }

    fn line_may_wait(&self, _append_takes: Duration) -> bool {
        self.stage.lock().dice.per_mille(500)
    }

    fn on_runtime(&self, work: BoxFuture<'static, ()>) {
        self.spawn(work);
    }

    fn on_pool(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }

    fn witness(&self, state: &State) {
        let mut world = self.stage.lock();
        if world.life.is_running() && world.life.number == self.life {
            world.witness(state);
        }
    }

    fn may_submit(&self, submitter: &Submitter) {
        let mut world = self.stage.lock();
        if world.life.is_running() && world.life.number == self.life {
            world.life.submitter = Some(submitter.clone());
        }
    }

    fn about_to_decide(&self, delivery: &Delivery) {
        if crate::people::is_poison(&delivery.body) {
            self.stage.lock().die_over(self.life);
        }
    }

    fn keep_deaths(&self, journal: &JournalReader, deaths: Option<&[u8]>) -> Result<(), JournalError> {
        if !self.stage.lock().step(self.life) {
            return Err(JournalError::Poisoned { cause: "the process is dead".to_owned() });
        }
        journal.keep_deaths(deaths)
    }

    fn before_append(&self) -> BoxFuture<'static, ()> {
        let mut world = self.stage.lock();
        let slow = world.plan.has(Fault::SlowDisk) && !world.finale && world.dice.per_mille(100);
        let ms = if slow { world.dice.between(10, 5_000) } else { world.dice.between(0, 4) };
        if ms == 0 { ready(()).boxed() } else { tokio::time::sleep(Duration::from_millis(ms)).boxed() }
    }

    fn planted(&self) -> Planted {
        self.planted
    }
}

/// The disk, in the hands of one life, or of whoever looks at it in the end.
#[derive(Clone)]
pub(crate) struct SimulatedDisk {
    pub(crate) stage: Stage,
    pub(crate) life: Option<u64>,
    pub(crate) file: DiskFile,
}

/// Which file on the disk.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DiskFile {
    Database,
    Log,
}

impl std::fmt::Debug for SimulatedDisk {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SimulatedDisk")
    }
}

impl DiskFile {
    fn of(self, world: &mut World) -> &mut Disk {
        match self {
            Self::Database => &mut world.disk,
            Self::Log => &mut world.log_disk,
        }
    }
}

impl SimulatedDisk {
    fn change<T>(&self, change: impl FnOnce(&mut Disk) -> io::Result<T>) -> io::Result<T> {
        let mut world = self.stage.lock();
        match self.life {
            Some(life) if !world.step(life) => Err(io::Error::other("the process is dead")),
            _ => change(self.file.of(&mut world)),
        }
    }

    fn look<T>(&self, look: impl FnOnce(&Disk) -> T) -> T {
        look(self.file.of(&mut self.stage.lock()))
    }
}

impl StorageBackend for SimulatedDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.look(Disk::len))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.look(|disk| disk.read(offset, out))
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.change(|disk| disk.set_len(length))
    }

    fn sync_data(&self) -> io::Result<()> {
        let lies = self.stage.lock().disk_lies;
        self.change(|disk| if lies { disk.pretend_to_sync() } else { disk.sync() })
    }

    /// Sector by sector: a process may die in the middle of a write, and leave it in part.
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let length = match self.file {
            DiskFile::Log => SECTOR,
            DiskFile::Database => data.len().max(1),
        };
        let mut at = offset;
        for sector in data.chunks(length) {
            self.change(|disk| disk.write(at, sector))?;
            at += sector.len() as u64;
        }
        Ok(())
    }
}
