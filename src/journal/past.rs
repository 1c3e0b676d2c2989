//! The state at any moment of the past: a snapshot from before it, and the entries up to it.

use crate::routing::{BareState, State, Timestamp};

use super::read::JournalReader;
use super::recover::RecoveryReport;
use super::{JournalError, snapshot};

impl JournalReader {
    /// The state when all that had happened by that moment had happened. Changes nothing.
    ///
    /// # Errors
    /// [`JournalError::Unrecoverable`] where the entries of that time are dropped already, and no snapshot is as old;
    /// [`JournalError::Damaged`] where one of them is not what was written.
    pub fn state_at(&self, at: Timestamp) -> Result<State, JournalError> {
        let end = self.first_seq_since(Timestamp(at.0.saturating_add(1)))?;
        let (mut state, mut report) = self.snapshot_before(end)?;
        self.replay(&mut state, Some(end), &mut report)?;
        Ok(state.into_state())
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
