//! What can go wrong with a journal, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::routing::Timestamp;

/// Why the journal could not do what it was asked.
///
/// None of these is retried: after a failed append the journal is poisoned, and the process ends. Only what
/// [`JournalError::is_disk_full`] tells of can be met by waiting, and only before it happens
/// ([`super::JournalReader::disk_is_low`]).
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// One process per journal, and it is another.
    #[error(
        "the journal {} is held by {}, and only one process may have it: stop that one, or name another directory",
        path.display(), holder(*pid)
    )]
    Locked {
        /// The journal's directory.
        path: PathBuf,
        /// Who holds it, where the lock file says so.
        pid: Option<u32>,
    },
    /// A later version of the program wrote it. Nothing was written.
    #[error(
        "the journal {} has version {found}, and this program reads versions up to {supported}: \
         run the program that wrote it, or a later one", path.display()
    )]
    Newer {
        /// The journal's directory.
        path: PathBuf,
        /// The version that it has.
        found: u32,
        /// The latest that this program reads.
        supported: u32,
    },
    /// There is no journal where one was asked for.
    #[error("there is no journal in {}", path.display())]
    Absent {
        /// The directory.
        path: PathBuf,
    },
    /// A journal can't be made where something is.
    #[error("{} is not empty: a journal is restored into a directory that is empty or not there", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A restore did not come to its end.
    #[error(
        "a journal was to be restored into {}, and that was broken off: restore it again, or remove {} to begin with nothing",
        path.display(), note.display()
    )]
    Unrestored {
        /// The directory.
        path: PathBuf,
        /// The file that tells.
        note: PathBuf,
    },
    /// A file beside the database could not be read or written.
    #[error("could not {action} {}", path.display())]
    File {
        /// In the infinitive.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database failed.
    #[error("could not {action}")]
    Storage {
        /// In the infinitive.
        action: &'static str,
        /// What the database said.
        source: Box<redb::Error>,
    },
    /// What was read is not what was written.
    #[error("the journal is damaged: {what}; restore it from a copy")]
    Damaged {
        /// Which record or file, and how it shows.
        what: String,
    },
    /// Batches that were durable are gone: the database fell back to an older commit.
    #[error(
        "the journal has lost what was durable: {marked} batches were written and {found} are there; restore it from \
         a copy, or remove {} to go on without them", mark.display()
    )]
    Lost {
        /// Batches that were durable by the mark.
        marked: u64,
        /// Batches that the database holds.
        found: u64,
        /// The file that tells.
        mark: PathBuf,
    },
    /// Neither a snapshot nor the entries reach back far enough.
    #[error("no snapshot can be used and the entries before {first_seq} are gone: {refused}")]
    Unrecoverable {
        /// The first event that an entry holds.
        first_seq: u64,
        /// Why each snapshot was refused.
        refused: String,
    },
    /// What happened then is dropped.
    #[error("the journal does not know any more how things stood at {}{}", time(*at), known_since(*since))]
    Forgotten {
        /// The moment that was asked for.
        at: Timestamp,
        /// From this moment on it knows; `None` where not even that is known.
        since: Option<Timestamp>,
    },
    /// The disk's reserve would be used for what can wait.
    #[error(
        "{free_bytes} bytes are free in {}, and a snapshot is not begun with less than {needed_bytes}: make room",
        path.display()
    )]
    NoRoom {
        /// The journal's directory.
        path: PathBuf,
        /// As the system says.
        free_bytes: u64,
        /// The reserve, and what it would take.
        needed_bytes: u64,
    },
    /// A bug of the caller: numbers that should follow one another do not.
    #[error("{what} should go on with {expected}, and goes on with {found}")]
    OutOfOrder {
        /// Which numbers.
        what: &'static str,
        /// The number that has its turn.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// A value that can't be written as `MessagePack` or JSON.
    #[error("could not encode {what}: {detail}")]
    Encode {
        /// What.
        what: &'static str,
        /// What the encoder said.
        detail: String,
    },
    /// An earlier append failed; whether it is durable is unknown until the journal is opened anew.
    #[error("the journal takes nothing more, because an earlier write failed: {cause}")]
    Poisoned {
        /// The earlier error.
        cause: String,
    },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| format!("{} ms", at.0), |at| at.to_string())
}

fn known_since(since: Option<Timestamp>) -> String {
    let since = since.map(|since| format!(": ask for {} or later", time(since)));
    since.unwrap_or_default() + " (`journal.retention` says how long the past is kept)"
}

impl JournalError {
    /// Whether the disk, or the share of it that this user may have, is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        let full =
            |error: &io::Error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        match self {
            Self::File { source, .. } => full(source),
            Self::Storage { source, .. } => matches!(&**source, redb::Error::Io(error) if full(error)),
            _ => false,
        }
    }

    /// For `map_err` on what the database returns: damage is told apart from failure.
    pub(super) fn storage<E: Into<redb::Error>>(action: &'static str) -> impl FnOnce(E) -> Self {
        move |error| match error.into() {
            redb::Error::Corrupted(detail) => Self::Damaged { what: format!("the database says: {detail}") },
            source => Self::Storage { action, source: Box::new(source) },
        }
    }

    /// For `map_err` on files.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { action, path: path.to_owned(), source }
    }
}
