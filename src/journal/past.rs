//! The state at any moment of the past: a snapshot from before it, and the entries up to it.

use redb::{ReadableDatabase, ReadableTable};

use crate::routing::{BareState, State, Timestamp};

use super::read::{Entries, JournalReader};
use super::record::decode_for_replay;
use super::recover::RecoveryReport;
use super::row::Row;
use super::tables::ENTRIES;
use super::{Entry, JournalError, snapshot};

/// What part of the past a journal's entries tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When the first of them was written.
    pub first: Timestamp,
    /// When the last of them was.
    pub last: Timestamp,
    /// Whether none is dropped: they begin with the first event of all.
    pub is_whole: bool,
}

impl JournalReader {
    /// What part of the past the entries tell; `None` where there is none. The database gets what the log has first.
    ///
    /// # Errors
    /// Where the database can't be written or read or the first or the last entry is damaged.
    pub fn span(&self) -> Result<Option<Span>, JournalError> {
        self.checkpoint()?;
        let action = "read entries";
        let transaction = self.shared.database.begin_read().map_err(JournalError::storage(action))?;
        let table = transaction.open_table(ENTRIES).map_err(JournalError::storage(action))?;
        let first = table.first().map_err(JournalError::storage(action))?;
        let last = table.last().map_err(JournalError::storage(action))?;
        let Some(((first_key, first), (last_key, last))) = first.zip(last) else { return Ok(None) };
        let (first_seq, first) = Row::read(first_key.value(), first.value())?.first();
        let (last_seq, last) = Row::read(last_key.value(), last.value())?.last();
        Ok(Some(Span {
            first: decode_for_replay(first_seq, first)?.at,
            last: decode_for_replay(last_seq, last)?.at,
            is_whole: first_seq == 1,
        }))
    }

    /// All entries of that moment and later, oldest first.
    ///
    /// # Errors
    /// As [`Self::entries_from`].
    pub fn entries_since(&self, at: Timestamp) -> Result<Entries<Entry>, JournalError> {
        self.entries_from(self.first_seq_since(at)?)
    }

    /// The state when all that had happened by that moment had happened. Changes nothing.
    ///
    /// # Errors
    /// [`JournalError::Forgotten`] where the entries of that time are dropped already, and no snapshot is as old;
    /// [`JournalError::Damaged`] where one of them is not what was written.
    pub fn state_at(&self, at: Timestamp) -> Result<State, JournalError> {
        let end = self.first_seq_since(Timestamp(at.0.saturating_add(1)))?;
        let (mut state, mut report) = self.snapshot_before(end)?;
        match self.replay(&mut state, Some(end), &mut report) {
            Err(JournalError::Unrecoverable { .. }) => return Err(self.forgotten(at)?),
            replayed => replayed?,
        }
        let state = state.into_state();
        // Where the entries before the first are dropped, a state that ends there may already know what came later.
        let is_of_then = state.next_seq() == end && (end == 1 || state.now() <= at);
        if is_of_then { Ok(state) } else { Err(self.forgotten(at)?) }
    }

    /// That nobody knows any more how things stood then; it says since when somebody does.
    fn forgotten(&self, at: Timestamp) -> Result<JournalError, JournalError> {
        let files = self.shared.home.as_ref().map(snapshot::list).transpose()?.unwrap_or_default();
        let oldest = files.iter().rev().find_map(|file| snapshot::read(&file.path, self.shared.identity).ok());
        Ok(JournalError::Forgotten { at, since: oldest.map(|state| state.into_state().now()) })
    }

    /// The newest snapshot that knows nothing of that event or a later one; else a state that knows nothing.
    fn snapshot_before(&self, seq: u64) -> Result<(BareState, RecoveryReport), JournalError> {
        let files = self.shared.home.as_ref().map(snapshot::list).transpose()?.unwrap_or_default();
        let mut usable = files.iter().filter(|file| file.seq <= seq);
        let found = usable.find_map(|file| snapshot::read(&file.path, self.shared.identity).ok());
        let report =
            RecoveryReport { snapshot_seq: found.as_ref().map(BareState::next_seq), ..RecoveryReport::default() };
        Ok((found.unwrap_or_else(|| BareState::new(self.shared.identity)), report))
    }
}
