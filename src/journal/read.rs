//! Reading beside the writer: duplicates, the outbox, entries, how full it is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use redb::{Database, ReadableDatabase};

use crate::routing::{Identity, Timestamp};

use super::frame::Frame;
use super::gauges::{Gauges, Usage};
use super::home::Home;
use super::open::Tail;
use super::recent::Recent;
use super::record::{ReplayEntry, decode_entry, decode_for_replay, decode_outbox};
use super::row::Row;
use super::snapshot::RefusedSnapshot;
use super::tables::{ENTRIES, OUTBOX, row_around, rows_from};
use super::{DuplicateId, Entry, JournalError, JournalOptions, OutboxRecord};

/// Entries that one read transaction reads, but for the rest of a row: an open one keeps pages from being used again.
const ENTRIES_PER_READ: usize = 1_024;

/// What the one who appends and those who read have in common.
#[derive(Debug)]
pub(super) struct Shared {
    /// What the log has and the database has not. Declared before the database, in which it has a transaction open.
    recent: Mutex<Recent>,
    pub(super) database: Database,
    pub(super) tail: Tail,
    pub(super) identity: Identity,
    pub(super) options: JournalOptions,
    pub(super) gauges: Gauges,
    /// Declared after the database: the lock is given back last.
    pub(super) home: Option<Home>,
    /// Held while a snapshot is taken: one at a time.
    pub(super) snapshotting: Mutex<()>,
    /// The snapshots that recovery could not use.
    pub(super) refused: Mutex<Vec<RefusedSnapshot>>,
    /// Held while the database gets what the log has: one at a time.
    pub(super) checkpointing: Mutex<()>,
    /// Why a checkpoint failed: nothing more is appended then.
    pub(super) failed: OnceLock<String>,
}

impl Shared {
    pub(super) fn new(
        database: Database,
        recent: Recent,
        tail: Tail,
        identity: Identity,
        options: JournalOptions,
        gauges: Gauges,
        home: Option<Home>,
    ) -> Self {
        Self {
            recent: Mutex::new(recent),
            database,
            tail,
            identity,
            options,
            gauges,
            home,
            snapshotting: Mutex::new(()),
            refused: Mutex::default(),
            checkpointing: Mutex::new(()),
            failed: OnceLock::new(),
        }
    }

    /// What the log has and the database has not. Whoever reads both looks here first: what goes from here to the database
    /// in between is there then.
    pub(super) fn recent(&self) -> MutexGuard<'_, Recent> {
        // Nothing that holds it leaves it half changed.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A batch is durable.
    pub(super) fn add_recent(&self, frame: Arc<Frame>) {
        let mut recent = self.recent();
        let (ids, entries) = (frame.duplicates.len() as u64, frame.entries().len() as u64);
        recent.push(frame);
        self.gauges.entries.set(self.gauges.entries.get() + entries);
        self.gauges.duplicates.set(self.gauges.duplicates.get() + ids);
    }
}

/// Reads a journal, on any thread, while another appends. Sees what is durable, and nothing else.
#[derive(Debug, Clone)]
pub struct JournalReader {
    pub(super) shared: Arc<Shared>,
}

impl JournalReader {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// What was put down about processes that died; `None` where nothing was. Not looked into here.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn deaths(&self) -> Result<Option<Vec<u8>>, JournalError> {
        self.shared.home.as_ref().map_or(Ok(None), Home::deaths)
    }

    /// Puts something down about processes that died, or takes it away. It is there when this process dies, and may be
    /// lost in a power cut. A journal without a directory keeps nothing.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn keep_deaths(&self, deaths: Option<&[u8]>) -> Result<(), JournalError> {
        self.shared.home.as_ref().map_or(Ok(()), |home| home.keep_deaths(deaths))
    }

    /// What makes the ids of this journal's engine its own.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.shared.identity
    }

    /// When an inbound event of that id was taken in, by what is durable now; `None` where none was, or it is forgotten.
    ///
    /// With a pipeline the writer has to remember the ids of batches that are under way itself.
    ///
    /// # Errors
    /// Where the database can't be read.
    pub fn seen_at(&self, id: &DuplicateId) -> Result<Option<Timestamp>, JournalError> {
        self.shared.recent().seen_at(id)
    }

    /// The outbox records after that number that are not published as far as the journal was told, oldest first: at most
    /// so many, and no more bytes than that but for the first.
    ///
    /// # Errors
    /// Where the database can't be read or a record is damaged.
    pub fn outbox_after(
        &self,
        number: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<OutboxRecord>, JournalError> {
        let number = number.max(self.shared.gauges.published_through.get());
        let recent = self.shared.recent().with_outbox_from(number + 1);
        let mut records = Records { found: Vec::new(), bytes: 0, count_max: records_max, bytes_max };
        let recent_from = recent.iter().find_map(|frame| frame.outbox().next()).map(|(first, _)| first);
        if recent_from.is_none_or(|first| first > number + 1) {
            self.outbox_of_database(number, &mut records)?;
        }
        for (key, value) in recent.iter().flat_map(|frame| frame.outbox()) {
            let last = records.found.last().map_or(number, |record| record.number);
            if key > last && !records.take(key, value)? {
                break;
            }
        }
        Ok(records.found)
    }

    fn outbox_of_database(&self, number: u64, records: &mut Records) -> Result<(), JournalError> {
        let action = "read the outbox";
        let transaction = self.shared.database.begin_read().map_err(JournalError::storage(action))?;
        let table = transaction.open_table(OUTBOX).map_err(JournalError::storage(action))?;
        for found in rows_from(&table, number + 1).map_err(JournalError::storage(action))? {
            let (key, row) = found.map_err(JournalError::storage(action))?;
            let row = Row::read(key.value(), row.value())?;
            for (found, record) in row.records.into_iter().filter(|(found, _)| *found > number) {
                if !records.take(found, record)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// All entries from the one that holds that event, oldest first.
    ///
    /// # Errors
    /// Where the database can't be read or that entry is damaged.
    pub fn entries_from(&self, seq: u64) -> Result<Entries<Entry>, JournalError> {
        let action = "read entries";
        let recent = self.shared.recent().with_events_from(seq);
        let in_recent = recent.iter().flat_map(|frame| frame.entries()).map(|(first, _)| first);
        if let Some(start) = in_recent.take_while(|first| *first <= seq).last() {
            return Ok(Entries::new(self, start, decode_entry));
        }
        let transaction = self.shared.database.begin_read().map_err(JournalError::storage(action))?;
        let table = transaction.open_table(ENTRIES).map_err(JournalError::storage(action))?;
        let Some((key, row)) = row_around(&table, seq).map_err(JournalError::storage(action))? else {
            return Ok(Entries::new(self, seq, decode_entry));
        };
        let row = Row::read(key.value(), row.value())?;
        let start = match row.last_through(seq) {
            Some((first_seq, value)) if decode_entry(first_seq, value)?.next_seq() > seq => first_seq,
            _ => seq,
        };
        Ok(Entries::new(self, start, decode_entry))
    }

    /// The entries whose first event is that or a later one, for replay.
    pub(super) fn replay_from(&self, seq: u64) -> Entries<ReplayEntry> {
        Entries::new(self, seq, decode_for_replay)
    }

    /// How full the journal is. Costs nothing but a look at its directory.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let gauges = &self.shared.gauges;
        let outbox_last = gauges.outbox_next.get() - 1;
        let next_seq = gauges.next_seq.get();
        Usage {
            bytes: self.shared.home.as_ref().map_or(0, Home::bytes),
            batches: gauges.batches.get(),
            entries: gauges.entries.get(),
            next_seq,
            duplicates: gauges.duplicates.get(),
            outbox_depth: self.outbox_depth(),
            outbox_last,
            published_through: gauges.published_through.get(),
            events_since_snapshot: next_seq.saturating_sub(gauges.snapshot_seq.get().max(1)),
        }
    }

    /// Outbox records that are durable and not confirmed, as far as the journal was told.
    #[must_use]
    pub fn outbox_depth(&self) -> u64 {
        let published_through = self.shared.gauges.published_through.get();
        (self.shared.gauges.outbox_next.get() - 1).saturating_sub(published_through)
    }

    /// Whether so much waits in the outbox that nothing more should be taken in, where all up to that record are
    /// confirmed: the journal is told of that later.
    #[must_use]
    pub fn outbox_is_full(&self, confirmed_through: u64) -> bool {
        let waiting = (self.shared.gauges.outbox_next.get() - 1).saturating_sub(confirmed_through);
        waiting.min(self.outbox_depth()) >= self.shared.options.outbox_records_max
    }

    /// Whether less is free than the reserve: nothing more should be taken in until there is room.
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn disk_is_low(&self) -> Result<bool, JournalError> {
        let free = self.shared.home.as_ref().map(Home::free_bytes).transpose()?;
        Ok(free.is_some_and(|bytes| bytes < self.shared.options.disk_reserve_bytes))
    }
}

/// Outbox records that are read, up to a bound.
struct Records {
    found: Vec<OutboxRecord>,
    bytes: usize,
    count_max: usize,
    bytes_max: usize,
}

impl Records {
    /// Takes one more; says whether there was room.
    fn take(&mut self, number: u64, value: &[u8]) -> Result<bool, JournalError> {
        if self.found.len() >= self.count_max {
            return Ok(false);
        }
        let record = decode_outbox(number, value)?;
        self.bytes += record.bytes.len();
        if self.bytes > self.bytes_max && !self.found.is_empty() {
            return Ok(false);
        }
        self.found.push(record);
        Ok(true)
    }
}

type Decode<T> = fn(u64, &[u8]) -> Result<T, JournalError>;

/// Entries in order; see [`JournalReader::entries_from`]. Ends after the first error.
pub struct Entries<T> {
    reader: JournalReader,
    /// Entries from this event on have not been read; `None` when all have.
    from: Option<u64>,
    read: VecDeque<T>,
    decode: Decode<T>,
}

impl<T> Entries<T> {
    fn new(reader: &JournalReader, seq: u64, decode: Decode<T>) -> Self {
        Self { reader: reader.clone(), from: Some(seq), read: VecDeque::new(), decode }
    }

    /// The next entries that are read together, in order; `None` after the last, and after an error.
    pub(super) fn next_read(&mut self) -> Option<Result<VecDeque<T>, JournalError>> {
        match self.read_more() {
            Ok(()) if self.read.is_empty() => None,
            Ok(()) => Some(Ok(std::mem::take(&mut self.read))),
            Err(error) => Some(Err(error)),
        }
    }

    /// Reads on, where there is more.
    fn read_more(&mut self) -> Result<(), JournalError> {
        let Some(seq) = self.from.take() else { return Ok(()) };
        let action = "read entries";
        let recent = self.reader.shared.recent().with_events_from(seq);
        let transaction = self.reader.shared.database.begin_read().map_err(JournalError::storage(action))?;
        let table = transaction.open_table(ENTRIES).map_err(JournalError::storage(action))?;
        let mut last = None;
        for found in rows_from(&table, seq).map_err(JournalError::storage(action))? {
            let (key, row) = found.map_err(JournalError::storage(action))?;
            let row = Row::read(key.value(), row.value())?;
            for (first_seq, value) in row.records.into_iter().filter(|(first_seq, _)| *first_seq >= seq) {
                self.read.push_back((self.decode)(first_seq, value)?);
                last = Some(first_seq);
            }
            if self.read.len() >= ENTRIES_PER_READ {
                break;
            }
        }
        for (first_seq, value) in recent.iter().flat_map(|frame| frame.entries()) {
            if self.read.len() >= ENTRIES_PER_READ {
                break;
            }
            if first_seq >= seq && last.is_none_or(|last| first_seq > last) {
                self.read.push_back((self.decode)(first_seq, value)?);
                last = Some(first_seq);
            }
        }
        self.from = last.map(|last| last + 1);
        Ok(())
    }
}

impl<T> Iterator for Entries<T> {
    type Item = Result<T, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.read.is_empty()
            && let Err(error) = self.read_more()
        {
            return Some(Err(error));
        }
        self.read.pop_front().map(Ok)
    }
}
