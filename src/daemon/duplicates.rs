//! Whether an inbound event has come before: by what is durable, and by what is on its way there.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use crate::journal::{DuplicateId, JournalError, JournalReader};
use crate::routing::{Millis, Timestamp};

use super::{Mistake, Planted};

/// The ids of inbound events. At most one batch is on its way to the journal while the next fills, so two sets bridge
/// the time until a read of the journal sees them.
pub(super) struct Duplicates {
    reader: JournalReader,
    window: Millis,
    under_way: HashSet<DuplicateId, foldhash::fast::RandomState>,
    filling: HashSet<DuplicateId, foldhash::fast::RandomState>,
    planted: Planted,
}

/// The id of an event: a digest of its source and its own id, so that a name of any length is recognised by 16 bytes.
/// 128 bits of SHA-256: two events of a trillion share one with a probability below 10⁻¹⁴.
pub(super) fn duplicate_id(source: &str, id: &str) -> DuplicateId {
    let mut digest = Sha256::new();
    digest.update((source.len() as u64).to_le_bytes());
    digest.update(source.as_bytes());
    digest.update(id.as_bytes());
    let digest = digest.finalize();
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    DuplicateId(short)
}

impl Duplicates {
    pub(super) fn new(reader: JournalReader, window: Millis, planted: Planted) -> Self {
        Self { reader, window, under_way: HashSet::default(), filling: HashSet::default(), planted }
    }

    /// Whether the event has come before, within the window; notes it where it has not.
    pub(super) fn check_and_note(&mut self, id: DuplicateId, now: Timestamp) -> Result<bool, JournalError> {
        let repeated = self.knows(&id, now)?;
        if !repeated {
            self.filling.insert(id);
        }
        Ok(repeated)
    }

    /// Whether the event has come before, within the window.
    pub(super) fn knows(&self, id: &DuplicateId, now: Timestamp) -> Result<bool, JournalError> {
        if self.filling.contains(id) || self.under_way.contains(id) {
            return Ok(true);
        }
        let mut seen_at = self.reader.seen_at(id)?;
        if self.planted.is(Mistake::DuplicatesOfTheBatchOnly) {
            seen_at = None;
        }
        Ok(seen_at.is_some_and(|seen_at| now.since(seen_at) <= self.window))
    }

    /// Ids noted before this need not be kept.
    pub(super) fn forget_before(&self, now: Timestamp) -> Timestamp {
        now - self.window
    }

    /// The batch that fills is sealed; the one before it is durable by now.
    pub(super) fn seal(&mut self) {
        self.under_way = std::mem::take(&mut self.filling);
    }
}

#[cfg(test)]
mod tests {
    use super::duplicate_id;

    #[test]
    fn source_and_id_do_not_run_into_each_other() {
        assert_ne!(duplicate_id("ab", "c"), duplicate_id("a", "bc"));
        assert_eq!(duplicate_id("a", "b"), duplicate_id("a", "b"));
    }
}
