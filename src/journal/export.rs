//! Entries as lines of JSON.

use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::Path;

use super::open::open_to_look;
use super::{JournalError, JournalOptions};

/// Why entries could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// They could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// They could not be written.
    #[error("could not write the entries")]
    Write(#[from] io::Error),
}

/// Writes each entry that holds one of these events as a line of JSON, oldest first, and says how many. Changes nothing
/// in the journal.
///
/// # Errors
/// [`JournalError::Locked`] while a daemon has the journal; [`JournalError::Damaged`] after the last entry that is
/// whole.
pub fn export(path: &Path, events: RangeInclusive<u64>, to: &mut dyn Write) -> Result<u64, ExportError> {
    let reader = open_to_look(path, &JournalOptions::default())?;
    let mut count = 0;
    for entry in reader.entries_from(*events.start())? {
        let entry = entry?;
        if entry.first_seq > *events.end() {
            break;
        }
        serde_json::to_writer(&mut *to, &entry).map_err(io::Error::from)?;
        to.write_all(b"\n")?;
        count += 1;
    }
    to.flush()?;
    Ok(count)
}
