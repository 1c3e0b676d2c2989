//! Recovery: the newest snapshot that is whole, and the entries since. And new snapshots.

use std::sync::{MutexGuard, PoisonError, mpsc};

use redb::{ReadableDatabase, ReadableTable};

use crate::kill_point::kill_point;
use crate::routing::{BareState, Frozen, State, Timestamp};

use super::JournalError;
use super::open::Tail;
use super::read::JournalReader;
use super::record::decode_for_replay;
use super::replayed::Replayed;
use super::row::Row;
use super::snapshot::{self, RefusedSnapshot, SnapshotReport};
use super::tables::ENTRIES;

/// By so many tenths a snapshot may be longer than the one before, where there has to be room for it.
const SNAPSHOT_GROWTH_TENTHS: u64 = 3;

/// How many reads are decoded before they are applied, at most.
const READS_AHEAD: usize = 4;

/// The state as it was when the last batch became durable.
#[derive(Debug)]
pub struct Recovered {
    /// What the engine goes on from.
    pub state: State,
    /// The number that the next outbox record gets.
    pub outbox_next: u64,
    /// The broker has confirmed all outbox records up to this one; what follows is to be sent.
    pub published_through: u64,
    /// How it went.
    pub report: RecoveryReport,
}

/// How a recovery went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecoveryReport {
    /// The snapshot that was used holds the state before this event; `None` where none was.
    pub snapshot_seq: Option<u64>,
    /// Snapshots that could not be used, newest first.
    pub snapshots_refused: Vec<RefusedSnapshot>,
    /// The last batch was written in part: it was never durable, nobody heard of it, and it was cut off.
    pub torn_batch_cut: bool,
    /// Entries applied since the snapshot.
    pub entries_replayed: u64,
    /// Events applied since the snapshot.
    pub events_replayed: u64,
}

impl JournalReader {
    /// The state that the journal holds: the newest snapshot that is whole, and what happened since.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] names the first entry that is not what was written;
    /// [`JournalError::Unrecoverable`] where no snapshot can be used and the first entries are gone.
    pub fn recover(&self) -> Result<Recovered, JournalError> {
        let gauges = &self.shared.gauges;
        let (published_through, outbox_next) = (gauges.published_through.get(), gauges.outbox_next.get());
        let (state, report) = self.recovered_state()?;
        gauges.snapshot_seq.set(report.snapshot_seq.unwrap_or(0));
        self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&report.snapshots_refused);
        Ok(Recovered { state: state.into_state(), outbox_next, published_through, report })
    }

    /// Whether so many events happened since the newest snapshot that the next should be taken, of a state of so many
    /// tickets and agents: no sooner than after as many events, so that writing down a large state over and over costs
    /// each event no more than being replayed once.
    #[must_use]
    pub fn snapshot_is_due(&self, state_size: u64) -> bool {
        let due_after = self.shared.options.snapshot_every_events.max(state_size);
        self.shared.home.is_some() && self.usage_since_snapshot() >= due_after
    }

    /// Takes a snapshot of a state that was frozen when the engine was there, on a thread of the caller's, while batches
    /// are appended. Afterwards it lets go of snapshots and entries that neither recovery nor the past within the
    /// retention needs.
    ///
    /// `None` where not all of the state is durable, where nothing happened since the last, where another thread is at it,
    /// or where the journal has no directory.
    ///
    /// # Errors
    /// A snapshot that failed leaves journal and earlier snapshots as they were, and can be tried again.
    pub fn take_snapshot(&self, state: Frozen, now: Timestamp) -> Result<Option<SnapshotReport>, JournalError> {
        let gauges = &self.shared.gauges;
        let (Some(home), Some(_guard)) = (&self.shared.home, self.start_snapshot()) else { return Ok(None) };
        let is_news = gauges.snapshot_seq.get().max(1) < state.next_seq();
        if !is_news || gauges.next_seq.get() < state.next_seq() {
            return Ok(None);
        }
        kill_point!(SnapshotBegun);
        let report = snapshot::write(home, state)?;
        gauges.snapshot_seq.set(report.seq);
        gauges.snapshot_bytes.set(report.bytes);
        kill_point!(SnapshotNamed);
        self.let_go(home, now, &report)?;
        Ok(Some(report))
    }

    /// Whether a snapshot that is somewhat longer than the last leaves the disk its reserve, which is for what is under way.
    /// A system that does not say how much is free keeps nobody from trying.
    ///
    /// # Errors
    /// [`JournalError::NoRoom`] where it does not.
    pub fn check_room_for_snapshot(&self) -> Result<(), JournalError> {
        let Some(home) = &self.shared.home else { return Ok(()) };
        let Ok(free_bytes) = home.free_bytes() else { return Ok(()) };
        let last_bytes = self.shared.gauges.snapshot_bytes.get();
        let expected_bytes = last_bytes.saturating_add(last_bytes / 10 * SNAPSHOT_GROWTH_TENTHS);
        let needed_bytes = self.shared.options.disk_reserve_bytes.saturating_add(expected_bytes);
        if free_bytes > needed_bytes {
            return Ok(());
        }
        Err(JournalError::NoRoom { path: home.path().to_owned(), free_bytes, needed_bytes })
    }

    fn start_snapshot(&self) -> Option<MutexGuard<'_, ()>> {
        match self.shared.snapshotting.try_lock() {
            Ok(guard) => Some(guard),
            // A panic while a snapshot was taken left nothing half done that the next would build on.
            Err(std::sync::TryLockError::Poisoned(error)) => Some(PoisonError::into_inner(error)),
            Err(std::sync::TryLockError::WouldBlock) => None,
        }
    }

    pub(super) fn recovered_state(&self) -> Result<(BareState, RecoveryReport), JournalError> {
        let end = self.shared.gauges.next_seq.get();
        let (mut state, mut report) = self.newest_snapshot(end)?;
        self.replay(&mut state, None, &mut report)?;
        if state.next_seq() < end {
            return Err(gap(state.next_seq(), end, &report));
        }
        Ok((state, report))
    }

    /// Applies the entries since the state, all or those before one event; ends where one is missing. One thread reads
    /// and decodes, this one applies.
    pub(super) fn replay(
        &self,
        state: &mut BareState,
        before: Option<u64>,
        report: &mut RecoveryReport,
    ) -> Result<(), JournalError> {
        let mut entries = self.replay_from(state.next_seq());
        std::thread::scope(|scope| {
            let (ahead, read) = mpsc::sync_channel(READS_AHEAD);
            scope.spawn(move || {
                // Nobody takes more where one was missing, or comes too late.
                while let Some(some) = entries.next_read()
                    && ahead.send(some).is_ok()
                {}
            });
            for some in read {
                for entry in some? {
                    if before.is_some_and(|before| entry.first_seq >= before) {
                        return Ok(());
                    }
                    if entry.first_seq != state.next_seq() {
                        return Err(gap(state.next_seq(), entry.first_seq, report));
                    }
                    for event in &entry.events {
                        match event {
                            Replayed(Some(event)) => state.apply(entry.at, event),
                            Replayed(None) => state.pass(entry.at),
                        }
                    }
                    report.entries_replayed += 1;
                    report.events_replayed += entry.events.len() as u64;
                }
            }
            Ok(())
        })
    }

    fn newest_snapshot(&self, end: u64) -> Result<(BareState, RecoveryReport), JournalError> {
        let mut report = RecoveryReport { torn_batch_cut: self.shared.tail == Tail::Cut, ..RecoveryReport::default() };
        let files = self.shared.home.as_ref().map(snapshot::list).transpose()?.unwrap_or_default();
        for file in files {
            match snapshot::read(&file.path, self.shared.identity) {
                Ok(state) if state.next_seq() > end => {
                    let what =
                        format!("{} knows event {}, the entries end before {end}", file.path.display(), file.seq - 1);
                    return Err(JournalError::Damaged { what });
                }
                Ok(state) => {
                    report.snapshot_seq = Some(state.next_seq());
                    return Ok((state, report));
                }
                Err(why) => report.snapshots_refused.push(RefusedSnapshot { path: file.path, why }),
            }
        }
        Ok((BareState::new(self.shared.identity), report))
    }

    /// The first event of the first entry that is not older than that; the next event's number where all are.
    /// The database gets what the log has first, so that it has all of them.
    pub(super) fn first_seq_since(&self, since: Timestamp) -> Result<u64, JournalError> {
        self.checkpoint()?;
        let action = "read entries";
        let transaction = self.shared.database.begin_read().map_err(JournalError::storage(action))?;
        let table = transaction.open_table(ENTRIES).map_err(JournalError::storage(action))?;
        let first = table.first().map_err(JournalError::storage(action))?.map(|(key, _)| key.value());
        let end = self.shared.gauges.next_seq.get();
        // The last row whose first entry is older: the entry that is looked for is in it, or the first behind it.
        let mut older = None;
        let (mut low, mut high) = (first.unwrap_or(end), end);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = table.range(low..=middle).map_err(JournalError::storage(action))?.next_back().transpose();
            let Some((key, row)) = found.map_err(JournalError::storage(action))? else {
                low = middle + 1;
                continue;
            };
            let (first_seq, value) = Row::read(key.value(), row.value())?.first();
            if decode_for_replay(first_seq, value)?.at < since {
                low = key.value() + 1;
                older = Some((key, row));
            } else {
                high = key.value();
            }
        }
        let Some((key, row)) = older else { return Ok(first.unwrap_or(end)) };
        let mut seq = end;
        for (first_seq, value) in Row::read(key.value(), row.value())?.records {
            let entry = decode_for_replay(first_seq, value)?;
            if entry.at >= since {
                return Ok(first_seq);
            }
            seq = first_seq + entry.events.len() as u64;
        }
        Ok(seq.min(end))
    }

    fn usage_since_snapshot(&self) -> u64 {
        let gauges = &self.shared.gauges;
        gauges.next_seq.get().saturating_sub(gauges.snapshot_seq.get().max(1))
    }
}

/// Events are missing: because they were dropped and the snapshots are no good, or because of damage.
fn gap(expected: u64, found: u64, report: &RecoveryReport) -> JournalError {
    if report.entries_replayed == 0 && report.snapshot_seq.is_none() && expected == 1 {
        let refused = report.snapshots_refused.iter().map(|file| format!("{}: {}", file.path.display(), file.why));
        let refused = refused.collect::<Vec<_>>().join("; ");
        let refused = if refused.is_empty() { "there is none".to_owned() } else { refused };
        return JournalError::Unrecoverable { first_seq: found, refused };
    }
    JournalError::Damaged { what: format!("after event {} comes {found}", expected - 1) }
}
