//! Why records can't be read or written.

use std::io;
use std::path::PathBuf;

/// Why records can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The file system says no.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A line is not what was written there.
    #[error("{}: line {line} {why}", path.display())]
    Damaged {
        /// In which file.
        path: PathBuf,
        /// Which line, the first being 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}
