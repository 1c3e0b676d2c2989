//! A copy of all that a daemon keeps, made while it works, and back: the chronicle, the journal, tokens, the audit log.
//!
//! The chronicle goes first. It follows the journal, and must not know of events that the copied journal has not: those get
//! their numbers again.
//!
//! The configuration file is not in it. What a daemon reads at its start is that file, wherever its journal came from.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::archive::{Archive, ArchiveError, ArchiveReader, Record};
use crate::chronicle::{Chronicle, ChronicleError};
use crate::files::private;
use crate::journal::{Copied, JournalError, JournalReader, Restoring};
use crate::records;

/// Where an archive has the lines of files.
const LINES: &str = "lines";

/// Records of the chronicle that are written together.
const RECORDS_PER_COMMIT: usize = 20_000;

/// From what a copy is made.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The journal.
    pub journal: JournalReader,
    /// What its events add up to, where there is that.
    pub chronicle: Option<Chronicle>,
    /// The journal's directory: tokens and audit log are there.
    pub directory: PathBuf,
}

impl Sources {
    /// Writes a copy of all that is durable now.
    ///
    /// # Errors
    /// Where something can't be read, or the copy can't be written: it then has no end, and is none.
    pub fn copy_to(&self, to: impl Write) -> io::Result<Copied> {
        let mut archive = Archive::begin(to)?;
        if let Some(chronicle) = &self.chronicle {
            chronicle.copy_to(&mut archive)?;
        }
        let copied = self.journal.copy_to(&mut archive)?;
        for name in records::FILES {
            copy_lines(&mut archive, &self.directory, name)?;
        }
        archive.end()?;
        Ok(copied)
    }
}

/// Copies the whole lines of a file that may grow meanwhile.
fn copy_lines(archive: &mut Archive<impl Write>, directory: &Path, name: &str) -> io::Result<()> {
    let file = match File::open(directory.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let length = file.metadata()?.len();
    let mut lines = BufReader::new(file.take(length));
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        archive.record(LINES, name.as_bytes(), &line)?;
        line.clear();
    }
    Ok(())
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The copy is not what was written.
    #[error("the copy can't be used")]
    Archive(#[from] ArchiveError),
    /// The journal can't be made of it.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The chronicle can't be made of it.
    #[error(transparent)]
    Chronicle(#[from] ChronicleError),
    /// A file can't be written.
    #[error("could not write {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// It has what this version does not know.
    #[error("the copy has {0:?}, which this version does not know: use the one that made it, or a later one")]
    Unknown(String),
}

/// Makes the directory of a journal, which is empty or not there, of a copy. The journal has that instance from then on.
///
/// # Errors
/// Where the copy is not whole, or can't be written. Of what was made nothing is left then but a note, by which no daemon begins
/// anew where something was to be restored; the next try may go there.
pub fn restore(copy: impl Read, directory: &Path, instance: u64) -> Result<Copied, RestoreError> {
    let mut archive = ArchiveReader::open(BufReader::new(copy))?;
    let beside: Vec<&'static str> = records::FILES.into_iter().chain([Chronicle::FILE]).collect();
    let mut journal = Restoring::begin(directory, &beside)?;
    let mut chronicle = Chronicled { chronicle: Chronicle::open(directory, instance)?, waiting: Vec::new() };
    let mut lines = Lines { directory, open: None };
    while let Some(record) = archive.next_record()? {
        if Chronicle::is_of_one(&record) {
            chronicle.take(record)?;
        } else if record.table == LINES {
            lines.take(&record)?;
        } else {
            let table = record.table.clone();
            if !journal.take(record)? {
                return Err(RestoreError::Unknown(table));
            }
        }
    }
    chronicle.write()?;
    lines.end()?;
    Ok(journal.finish(instance)?)
}

/// The chronicle, some records at a time.
struct Chronicled {
    chronicle: Chronicle,
    waiting: Vec<Record>,
}

impl Chronicled {
    fn take(&mut self, record: Record) -> Result<(), ChronicleError> {
        self.waiting.push(record);
        if self.waiting.len() < RECORDS_PER_COMMIT { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), ChronicleError> {
        self.chronicle.put_back(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }
}

/// Files of lines, one after the other.
struct Lines<'a> {
    directory: &'a Path,
    open: Option<(PathBuf, File)>,
}

impl Lines<'_> {
    fn take(&mut self, record: &Record) -> Result<(), RestoreError> {
        let known = records::FILES.into_iter().find(|name| name.as_bytes() == record.key);
        let known = known.ok_or_else(|| RestoreError::Unknown(String::from_utf8_lossy(&record.key).into_owned()))?;
        let path = self.directory.join(known);
        if self.open.as_ref().is_none_or(|(open, _)| *open != path) {
            self.end()?;
            let made = private().create_new(true).write(true).open(&path);
            let file = made.map_err(|error| RestoreError::File(path.clone(), error))?;
            self.open = Some((path, file));
        }
        let (path, file) = self.open.as_mut().expect("it was opened just now");
        file.write_all(&record.value).map_err(|error| RestoreError::File(path.clone(), error))
    }

    fn end(&mut self) -> Result<(), RestoreError> {
        let Some((path, file)) = self.open.take() else { return Ok(()) };
        file.sync_all().map_err(|error| RestoreError::File(path, error))
    }
}
