//! A journal of what was played, as the daemon would have written it.

use std::path::Path;

use crate::journal::{Batch, Entry, Journal, JournalError, JournalOptions, RedbJournal, open};
use crate::routing::Millis;
use crate::simulation::{Scene, run_aloud};

use crate::cli::{Exit, Failure};

/// Entries that become durable together.
const BATCH_ENTRIES: usize = 4_096;

/// Plays the first run of a scene, and writes a new journal of it in that directory.
pub(super) fn write(scene: &Scene, directory: &Path, look: &dyn Fn(Millis)) -> Result<(), Failure> {
    let failure = |error| Failure::new(Exit::JournalIo, error);
    let opened = open(directory, &JournalOptions::default()).map_err(failure)?;
    if opened.reader.usage().next_seq > 1 {
        let message = format!("{}: there is a journal already; name a directory that is empty", directory.display());
        return Err(Failure::new(Exit::JournalIo, message));
    }
    let mut pen = Pen { journal: opened.journal, batch: Batch::default(), failed: None };
    let identity = opened.reader.identity();
    let _ = run_aloud(scene, identity, look, &mut |command, outcome| {
        let entry = Entry { first_seq: outcome.first_seq, at: outcome.at, command, events: outcome.events };
        pen.put(entry);
    });
    pen.end().map_err(failure)
}

/// Who writes, and the error after which nothing more is written.
struct Pen {
    journal: RedbJournal,
    batch: Batch,
    failed: Option<JournalError>,
}

impl Pen {
    fn put(&mut self, entry: Entry) {
        self.batch.at = entry.at;
        self.batch.entries.push(entry);
        if self.batch.entries.len() >= BATCH_ENTRIES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.failed.is_none() {
            self.failed = self.journal.append(&self.batch).err();
        }
        self.batch.entries.clear();
    }

    fn end(mut self) -> Result<(), JournalError> {
        self.flush();
        self.failed.map_or(Ok(()), Err)?;
        self.journal.close()
    }
}
