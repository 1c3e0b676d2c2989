//! Batches that are durable in the log and that the database has not got yet, for whoever reads.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use redb::{ReadOnlyTable, ReadableTable};

use crate::routing::Timestamp;

use super::frame::Frame;
use super::sieve::Sieve;
use super::{DuplicateId, JournalError};

/// See the module.
pub(super) struct Recent {
    /// Oldest first.
    frames: VecDeque<Arc<Frame>>,
    /// Their ids, each with its latest time.
    ids: HashMap<DuplicateId, Timestamp, foldhash::fast::RandomState>,
    /// All other ids: those that the database had when the oldest frame was not yet there.
    settled_ids: ReadOnlyTable<&'static [u8; 16], i64>,
    /// Which of both there certainly is not.
    sieve: Sieve,
}

impl std::fmt::Debug for Recent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Recent").field("frames", &self.frames.len()).finish_non_exhaustive()
    }
}

impl Recent {
    pub(super) fn new(settled_ids: ReadOnlyTable<&'static [u8; 16], i64>, sieve: Sieve) -> Self {
        Self { frames: VecDeque::new(), ids: HashMap::default(), settled_ids, sieve }
    }

    /// One more is durable.
    pub(super) fn push(&mut self, frame: Arc<Frame>) {
        self.ids.extend(frame.duplicates.iter().map(|id| (*id, frame.at)));
        self.note(&frame);
        self.frames.push_back(frame);
    }

    /// Its ids are known from now on.
    pub(super) fn note(&mut self, frame: &Frame) {
        for id in &frame.duplicates {
            self.sieve.note(id, frame.at, frame.forget_duplicates_before);
        }
    }

    /// The database has so many of the oldest, and their ids are in that table.
    pub(super) fn settle(&mut self, count: usize, settled_ids: ReadOnlyTable<&'static [u8; 16], i64>) {
        self.frames.drain(..count);
        self.settled_ids = settled_ids;
        self.ids.clear();
        for frame in &self.frames {
            self.ids.extend(frame.duplicates.iter().map(|id| (*id, frame.at)));
        }
    }

    /// When an inbound event of that id was taken in, by what is durable.
    pub(super) fn seen_at(&self, id: &DuplicateId) -> Result<Option<Timestamp>, JournalError> {
        if !self.sieve.passes(id) {
            return Ok(None);
        }
        if let Some(at) = self.ids.get(id) {
            return Ok(Some(*at));
        }
        let found =
            ReadableTable::get(&self.settled_ids, &id.0).map_err(JournalError::storage("read the duplicates"))?;
        Ok(found.map(|at| Timestamp(at.value())))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// All of them.
    pub(super) fn frames(&self) -> Vec<Arc<Frame>> {
        self.frames.iter().cloned().collect()
    }

    /// Those that hold outbox records from that number on.
    pub(super) fn with_outbox_from(&self, number: u64) -> Vec<Arc<Frame>> {
        self.from(|frame| frame.reached.outbox_next <= number)
    }

    /// Those that hold events from that number on.
    pub(super) fn with_events_from(&self, seq: u64) -> Vec<Arc<Frame>> {
        self.from(|frame| frame.reached.next_seq <= seq)
    }

    fn from(&self, is_before: impl FnMut(&Arc<Frame>) -> bool) -> Vec<Arc<Frame>> {
        let first = self.frames.partition_point(is_before);
        self.frames.range(first..).cloned().collect()
    }

    /// How many ids they hold, and how many entries.
    pub(super) fn counts(&self) -> (u64, u64) {
        let entries: usize = self.frames.iter().map(|frame| frame.entries().len()).sum();
        (self.ids.len() as u64, entries as u64)
    }
}
