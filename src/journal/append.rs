//! Appending: one batch, one write to the log, one sync.

use std::sync::Arc;

use super::frame::Frame;
use super::home::Mark;
use super::log::Log;
use super::open::Position;
use super::read::Shared;
use super::{Appended, Batch, Journal, JournalError};
use crate::kill_point::kill_point;

/// The journal of one process; the only one who writes.
#[derive(Debug)]
pub struct RedbJournal {
    shared: Arc<Shared>,
    log: Log,
    mark: Option<Mark>,
    position: Position,
    /// The error after which nothing more is taken.
    poisoned: Option<String>,
}

impl Journal for RedbJournal {
    fn append(&mut self, batch: &Batch) -> Result<Appended, JournalError> {
        if let Some(cause) = self.poisoned.as_ref().or(self.shared.failed.get()) {
            return Err(JournalError::Poisoned { cause: cause.clone() });
        }
        let result = self.append_once(batch);
        if let Err(error) = &result {
            self.poisoned = Some(error.to_string());
        }
        result
    }
}

impl RedbJournal {
    pub(super) fn new(shared: Arc<Shared>, log: Log, mark: Option<Mark>, position: &Position) -> Self {
        Self { shared, log, mark, position: *position, poisoned: None }
    }

    /// Ends the work on the journal: the database gets what the log has, and the mark is made durable.
    ///
    /// The directory is free again when the last [`super::JournalReader`] is gone as well.
    ///
    /// # Errors
    /// Where the database can't be written or the mark can't be synced; what was appended is durable all the same.
    pub fn close(self) -> Result<(), JournalError> {
        self.shared.checkpoint(None)?;
        self.mark.as_ref().map_or(Ok(()), Mark::sync)
    }

    fn append_once(&mut self, batch: &Batch) -> Result<Appended, JournalError> {
        let next = self.position.after(batch)?;
        let changes_nothing = next == self.position && batch.duplicates.is_empty();
        if changes_nothing && batch.forget_duplicates_before.is_none() {
            return Ok(Appended::default());
        }
        let next = Position { batches: next.batches + 1, ..next };
        let frame = Arc::new(Frame::of(batch, &next)?);
        let appended = Appended { entry_lengths: frame.entries().map(|(_, bytes)| bytes.len()).collect() };
        if self.log.can_hold(&frame) {
            self.append_to_log(frame)?;
        } else {
            // It takes the long way, behind all that the log has.
            self.shared.checkpoint(Some(&frame))?;
            self.log.skip(next.batches);
        }
        if let Some(mark) = &self.mark {
            mark.set(next.batches)?;
        }
        self.position = next;
        let gauges = &self.shared.gauges;
        gauges.batches.set(next.batches);
        gauges.next_seq.set(next.next_seq);
        gauges.published_through.set(next.published_through);
        gauges.outbox_next.set(next.outbox_next);
        Ok(appended)
    }

    fn append_to_log(&mut self, frame: Arc<Frame>) -> Result<(), JournalError> {
        if !self.log.has_room(&frame) {
            if self.shared.gauges.applied.get() < self.log.other_through() {
                // The disk is slower than what comes: whoever appends waits.
                self.shared.checkpoint(None)?;
            }
            self.log.turn_over();
            self.shared.gauges.checkpoint_due.set(1);
        }
        self.log.write(&frame)?;
        kill_point!(BeforeSync);
        self.log.sync()?;
        kill_point!(AfterSync);
        self.shared.add_recent(frame);
        Ok(())
    }
}

impl Position {
    /// The position after a batch, where its numbers follow; but for the number of batches.
    fn after(&self, batch: &Batch) -> Result<Self, JournalError> {
        let mut next = *self;
        for entry in batch.entries.iter().filter(|entry| !entry.events.is_empty()) {
            follows("events", next.next_seq, entry.first_seq)?;
            next.next_seq = entry.next_seq();
        }
        for record in &batch.outbox {
            follows("outbox records", next.outbox_next, record.number)?;
            next.outbox_next += 1;
        }
        if batch.published_through >= next.outbox_next {
            follows("published records", next.outbox_next - 1, batch.published_through)?;
        }
        next.published_through = next.published_through.max(batch.published_through);
        Ok(next)
    }
}

fn follows(what: &'static str, expected: u64, found: u64) -> Result<(), JournalError> {
    if expected == found { Ok(()) } else { Err(JournalError::OutOfOrder { what, expected, found }) }
}
