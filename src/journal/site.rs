//! Where a journal is restored: a directory in which nothing was, and in which nothing is left where nothing comes of it.
//!
//! **Invariants:** A note is there from before the first other file until the journal is whole, so that no daemon begins anew in
//! its place, neither after a failure nor after a kill. Nothing is removed but what a restore makes, by its name, and only
//! where the note is and by whoever has the lock.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::home::{DATABASE, DATABASE_NEW, FORMAT, Home, LOCK, MARK, make};
use super::{JournalError, snapshot};
use crate::files::private;

/// The note's file.
const NOTE: &str = "RESTORING";
const NOTE_TEXT: &str = "A journal was to be restored here, and is not whole. Restore it again, or remove this file to begin \
                         with nothing.\n";
/// A file system of its own has this from the beginning.
const OF_FILE_SYSTEM: &str = "lost+found";

/// A directory in which a journal is being restored. What was made there is removed with this, unless it was finished.
#[derive(Debug)]
pub(super) struct Site {
    path: PathBuf,
    /// What is restored beside the journal.
    beside: Vec<&'static str>,
    /// Whether what is there may be removed.
    is_ours: bool,
}

impl Site {
    /// Takes a directory that is empty or not there, or has what an earlier try left: that is removed.
    pub(super) fn take(path: &Path, beside: &[&'static str]) -> Result<(Self, Home), JournalError> {
        make(path)?;
        let mut site = Self { path: path.to_owned(), beside: beside.to_vec(), is_ours: false };
        let is_new = !site.note().exists();
        if is_new {
            site.refuse_others(|_| false)?;
            site.write_note()?;
        } else {
            site.refuse_others(|name| site.makes(name))?;
        }
        let home = Home::create(path).inspect_err(|error| {
            if is_new && matches!(error, JournalError::Locked { .. }) {
                // Somebody else has begun there meanwhile.
                let _ = fs::remove_file(site.note());
            }
        })?;
        // Whoever had the lock before may have made a journal there, or finished one.
        if is_new {
            site.refuse_others(|name| [LOCK, FORMAT].contains(&name)).inspect_err(|_| {
                let _ = fs::remove_file(site.note());
            })?;
        } else if !site.note().exists() {
            return Err(site.not_empty());
        }
        site.is_ours = true;
        site.clear(&[LOCK, FORMAT])?;
        home.sync()?;
        Ok((site, home))
    }

    /// The journal is whole: what was made stays, and the note goes.
    pub(super) fn finish(mut self, home: &Home) -> Result<(), JournalError> {
        let note = self.note();
        fs::remove_file(&note).map_err(JournalError::file("remove", &note))?;
        self.is_ours = false;
        home.sync()
    }

    fn note(&self) -> PathBuf {
        self.path.join(NOTE)
    }

    fn write_note(&self) -> Result<(), JournalError> {
        let note = self.note();
        let created = private().write(true).create_new(true).open(&note);
        let mut file = created.map_err(JournalError::file("create", &note))?;
        file.write_all(NOTE_TEXT.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
            let _ = fs::remove_file(&note);
            JournalError::file("write", &note)(error)
        })
    }

    /// Whether a restore makes a file of that name.
    fn makes(&self, name: &str) -> bool {
        let is_new = |of: &str| name.strip_suffix(".new") == Some(of);
        [DATABASE, DATABASE_NEW, FORMAT, LOCK, MARK, snapshot::NAME_NEW].contains(&name)
            || [FORMAT, MARK].into_iter().any(is_new)
            || snapshot::seq_of(name).is_some()
            || self.beside.contains(&name)
    }

    /// Refuses a directory in which anything is but the note and what is allowed.
    fn refuse_others(&self, is_allowed: impl Fn(&str) -> bool) -> Result<(), JournalError> {
        let is_known = |name: &str| [OF_FILE_SYSTEM, NOTE].contains(&name) || is_allowed(name);
        let names = names(&self.path)?;
        if names.iter().all(|name| name.as_deref().is_some_and(is_known)) { Ok(()) } else { Err(self.not_empty()) }
    }

    fn not_empty(&self) -> JournalError {
        JournalError::NotEmpty { path: self.path.clone() }
    }

    /// Removes what a restore makes, but for these.
    fn clear(&self, kept: &[&str]) -> Result<(), JournalError> {
        for name in names(&self.path)?.into_iter().flatten() {
            if !self.makes(&name) || kept.contains(&name.as_str()) {
                continue;
            }
            let path = self.path.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(JournalError::file("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if self.is_ours {
            // The error that matters is the first; what stays is removed by the next try.
            let _ = self.clear(&[]);
        }
    }
}

/// What is in a directory; `None` of what is not UTF-8, which nothing of ours is called.
fn names(directory: &Path) -> Result<Vec<Option<String>>, JournalError> {
    let name = |file: std::io::Result<fs::DirEntry>| file.map(|file| file.file_name().into_string().ok());
    let read = || fs::read_dir(directory)?.map(name).collect::<std::io::Result<_>>();
    read().map_err(JournalError::file("list", directory))
}

/// Refuses a directory in which a restore did not come to its end.
pub(super) fn refuse_unfinished(path: &Path) -> Result<(), JournalError> {
    let note = path.join(NOTE);
    if note.exists() { Err(JournalError::Unrestored { path: path.to_owned(), note }) } else { Ok(()) }
}
