//! The directory of a journal and the small files in it: version, lock, mark, deaths.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{JournalError, SCHEMA_VERSION, site};
use crate::files::{create_private, make_private_directory, private, sync_directory, sync_directory_of};

/// The database's file.
pub(super) const DATABASE: &str = "journal.redb";
/// The log's file.
pub(super) const LOG: &str = "journal.log";
/// The database while it is being created: it gets its name when it is whole.
pub(super) const DATABASE_NEW: &str = "journal.redb.new";
/// The version's file.
pub(super) const FORMAT: &str = "FORMAT";
const FORMAT_PREFIX: &str = "rolecall-journal ";
/// The lock's file.
pub(super) const LOCK: &str = "LOCK";
/// The mark's file.
pub(super) const MARK: &str = "MARK";
const DEATHS: &str = "DEATHS";
const MARK_LENGTH: usize = 12;
/// In such blocks the system counts what a file has of the disk, whatever the disk's own are.
const BLOCK_LENGTH: u64 = 512;
/// The page of nearly all file systems, which has its room on the disk as a whole or not at all.
const PAGE_LENGTH: usize = 4_096;

/// How often a lock that somebody has is tried again, and after how long: whoever only looks who has it ([`holder`]) has it for
/// a moment.
const LOCK_TRIES: u32 = 5;
const LOCK_TRY_EVERY: Duration = Duration::from_millis(20);

/// A journal's directory, locked for this process.
#[derive(Debug)]
pub(super) struct Home {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl Home {
    /// Takes the directory, creating it where it is missing.
    pub(super) fn create(path: &Path) -> Result<Self, JournalError> {
        make(path)?;
        check_format(path)?;
        let home = Self { path: path.to_owned(), _lock: lock(path)? };
        if format_of(path)? != Some(SCHEMA_VERSION) {
            home.replace(FORMAT, format!("{FORMAT_PREFIX}{SCHEMA_VERSION}\n").as_bytes())?;
        }
        Ok(home)
    }

    /// Takes the directory of a journal that exists.
    pub(super) fn existing(path: &Path) -> Result<Self, JournalError> {
        match Self::existing_of_any_format(path)? {
            (home, None) => Ok(home),
            (_, Some(damage)) => Err(damage),
        }
    }

    /// As [`Self::existing`], also where the version's file is damaged: then it says how, and the rest can be looked at.
    pub(super) fn existing_of_any_format(path: &Path) -> Result<(Self, Option<JournalError>), JournalError> {
        site::refuse_unfinished(path)?;
        let database = path.join(DATABASE);
        if let Err(error) = fs::metadata(&database) {
            return Err(match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory => JournalError::Absent { path: path.to_owned() },
                // Whoever has no right to look can't say that there is none.
                _ => JournalError::file("look at", &database)(error),
            });
        }
        let damage = match check_format(path) {
            Err(error @ JournalError::Damaged { .. }) => Some(error),
            checked => checked.map(|()| None)?,
        };
        Ok((Self { path: path.to_owned(), _lock: lock(path)? }, damage))
    }

    /// The version that the journal is of as it lies there; whoever appends to it makes it this one's. `None` where its file
    /// is damaged.
    pub(super) fn version(&self) -> Result<Option<u32>, JournalError> {
        match format_of(&self.path) {
            Err(JournalError::Damaged { .. }) => Ok(None),
            found => Ok(Some(found?.unwrap_or(SCHEMA_VERSION))),
        }
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Opens the log, creating it where it is missing: then it is there for certain before anything is written to it. One
    /// whose first fill was broken off, or that was copied without its zeros, gets the rest of its room.
    pub(super) fn open_log(&self) -> Result<File, JournalError> {
        let path = self.file(LOG);
        let is_new = !self.has_log();
        let file = private().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(JournalError::file("open", &path))?;
        if is_new {
            self.sync()?;
        }
        fill_holes(&file).map_err(JournalError::file("fill", &path))?;
        Ok(file)
    }

    /// Whether there is a log: a journal of version 1 has none.
    pub(super) fn has_log(&self) -> bool {
        self.file(LOG).exists()
    }

    /// The file of a database that is created; what an earlier attempt left is removed.
    pub(super) fn fresh_database(&self) -> Result<File, JournalError> {
        let path = self.file(DATABASE_NEW);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(JournalError::file("remove", &path)(error));
            }
            _ => {}
        }
        private().read(true).write(true).create_new(true).open(&path).map_err(JournalError::file("create", &path))
    }

    /// Gives the database that was created its name.
    pub(super) fn adopt_database(&self) -> Result<(), JournalError> {
        self.rename(DATABASE_NEW, DATABASE)
    }

    /// Writes a small file so that it is there wholly or not at all.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), JournalError> {
        let new = format!("{name}.new");
        let path = self.file(&new);
        let write = || {
            let mut file = create_private(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(JournalError::file("write", &path))?;
        self.rename(&new, name)
    }

    /// What was put down about processes that died; `None` where nothing was.
    pub(super) fn deaths(&self) -> Result<Option<Vec<u8>>, JournalError> {
        let path = self.file(DEATHS);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(JournalError::file("read", &path)(error)),
        }
    }

    /// Puts it down, or takes it away: wholly or not at all where the process dies. It is not synced.
    pub(super) fn keep_deaths(&self, deaths: Option<&[u8]>) -> Result<(), JournalError> {
        let (path, new) = (self.file(DEATHS), self.file("DEATHS.new"));
        let Some(deaths) = deaths else {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(JournalError::file("remove", &path)(error)),
                _ => Ok(()),
            };
        };
        let write = || create_private(&new)?.write_all(deaths);
        write().map_err(JournalError::file("write", &new))?;
        fs::rename(&new, &path).map_err(JournalError::file("rename to", &path))
    }

    /// Renames, and makes the renaming durable.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), JournalError> {
        let path = self.file(to);
        fs::rename(self.file(from), &path).map_err(JournalError::file("rename to", &path))?;
        self.sync()
    }

    /// Makes durable which files there are.
    pub(super) fn sync(&self) -> Result<(), JournalError> {
        sync_directory(&self.path).map_err(JournalError::file("sync the directory", &self.path))
    }

    /// Bytes on disk of all files in the directory.
    pub(super) fn bytes(&self) -> u64 {
        let Ok(files) = fs::read_dir(&self.path) else { return 0 };
        files.flatten().filter_map(|file| file.metadata().ok()).map(|about| about.blocks() * BLOCK_LENGTH).sum()
    }

    /// Bytes that this user may still write on the directory's file system.
    pub(super) fn free_bytes(&self) -> Result<u64, JournalError> {
        let about = rustix::fs::statvfs(&self.path)
            .map_err(|error| JournalError::file("ask for the free space of", &self.path)(error.into()))?;
        Ok(about.f_bavail.saturating_mul(about.f_frsize))
    }

    /// How many batches were durable; `None` where there is no mark.
    pub(super) fn mark(&self) -> Result<Option<u64>, JournalError> {
        let path = self.file(MARK);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(JournalError::file("read", &path)(error)),
        };
        let batches = <[u8; MARK_LENGTH]>::try_from(bytes).ok().and_then(|bytes| read_mark(&bytes));
        let what = || format!("{} does not say how many batches were durable", path.display());
        batches.map(Some).ok_or_else(|| JournalError::Damaged { what: what() })
    }

    /// Where the mark is.
    pub(super) fn mark_path(&self) -> PathBuf {
        self.file(MARK)
    }

    /// The mark, to be moved; a new one is durable before this returns.
    pub(super) fn open_mark(&self, batches: u64) -> Result<Mark, JournalError> {
        self.replace(MARK, &written_mark(batches))?;
        let path = self.file(MARK);
        let file = OpenOptions::new().write(true).open(&path).map_err(JournalError::file("open", &path))?;
        Ok(Mark { path, file })
    }
}

/// How many batches were durable. It is written after each commit and not synced: after a kill it is exact, after a
/// power cut it may lag, and it is never ahead.
#[derive(Debug)]
pub(super) struct Mark {
    path: PathBuf,
    file: File,
}

impl Mark {
    /// Moves the mark.
    pub(super) fn set(&self, batches: u64) -> Result<(), JournalError> {
        self.file.write_all_at(&written_mark(batches), 0).map_err(JournalError::file("write", &self.path))
    }

    /// Makes it durable.
    pub(super) fn sync(&self) -> Result<(), JournalError> {
        self.file.sync_data().map_err(JournalError::file("sync", &self.path))
    }
}

fn written_mark(batches: u64) -> [u8; MARK_LENGTH] {
    let mut bytes = [0; MARK_LENGTH];
    bytes[..8].copy_from_slice(&batches.to_le_bytes());
    bytes[8..].copy_from_slice(&crc32fast::hash(&batches.to_le_bytes()).to_le_bytes());
    bytes
}

fn read_mark(bytes: &[u8; MARK_LENGTH]) -> Option<u64> {
    let (batches, sum) = bytes.split_first_chunk::<8>()?;
    (crc32fast::hash(batches).to_le_bytes() == *sum).then(|| u64::from_le_bytes(*batches))
}

/// Gives a file the room on the disk that its length says: zeros are written where nothing but zeros is. What else it holds
/// is not touched, so that it does not matter where this is broken off. A file system that keeps zeros in no room at all
/// has it done at each start.
fn fill_holes(file: &File) -> io::Result<()> {
    let about = file.metadata()?;
    if about.blocks() * BLOCK_LENGTH >= about.len() {
        return Ok(());
    }
    let mut piece = [0; PAGE_LENGTH];
    for at in (0..about.len()).step_by(PAGE_LENGTH) {
        let left = usize::try_from(about.len() - at).unwrap_or(PAGE_LENGTH);
        let piece = &mut piece[..left.min(PAGE_LENGTH)];
        file.read_exact_at(piece, at)?;
        if piece.iter().all(|byte| *byte == 0) {
            file.write_all_at(piece, at)?;
        }
    }
    file.sync_all()
}

/// Makes the directory where it is missing, and all above it, so that a power cut leaves them there.
pub(super) fn make(path: &Path) -> Result<(), JournalError> {
    let is_missing = |directory: &&Path| !directory.as_os_str().is_empty() && !directory.exists();
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    make_private_directory(path).map_err(JournalError::file("create the directory", path))?;
    // From above: what is synced is reached by what is.
    for directory in missing.into_iter().rev() {
        sync_directory_of(directory).map_err(JournalError::file("sync the directory of", directory))?;
    }
    Ok(())
}

/// Refuses a journal of a later version, before anything is written.
fn check_format(directory: &Path) -> Result<(), JournalError> {
    match format_of(directory)? {
        Some(found) if found > SCHEMA_VERSION => {
            Err(JournalError::Newer { path: directory.to_owned(), found, supported: SCHEMA_VERSION })
        }
        _ => Ok(()),
    }
}

/// The version of a journal; `None` where there is none yet.
fn format_of(directory: &Path) -> Result<Option<u32>, JournalError> {
    let path = directory.join(FORMAT);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(JournalError::file("read", &path)(error)),
    };
    let text = String::from_utf8_lossy(&bytes);
    let version = text.strip_prefix(FORMAT_PREFIX).and_then(|version| version.trim_end().parse::<u32>().ok());
    let what = || format!("{} does not say a version", path.display());
    version.map(Some).ok_or_else(|| JournalError::Damaged { what: what() })
}

fn lock(directory: &Path) -> Result<File, JournalError> {
    let path = directory.join(LOCK);
    let opened = private().read(true).write(true).create(true).truncate(false).open(&path);
    // A snapshot of a file system, say: nobody writes there, who would have to be told who looks.
    let is_read_only = opened.as_ref().is_err_and(|error| error.kind() == ErrorKind::ReadOnlyFilesystem);
    let opened = if is_read_only { File::open(&path) } else { opened };
    let mut file = opened.map_err(JournalError::file("open", &path))?;
    match try_lock(&file) {
        Ok(()) if is_read_only => return Ok(file),
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Who holds it is only told where it can be read; the lock is what counts.
            let _ = file.read_to_string(&mut text);
            return Err(JournalError::Locked { path: directory.to_owned(), pid: text.trim().parse().ok() });
        }
        Err(TryLockError::Error(error)) => return Err(JournalError::file("lock", &path)(error)),
    }
    let write = |file: &File| {
        file.set_len(0)?;
        file.write_all_at(format!("{}\n", std::process::id()).as_bytes(), 0)
    };
    write(&file).map_err(JournalError::file("write", &path))?;
    Ok(file)
}

fn try_lock(file: &File) -> Result<(), TryLockError> {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_TRY_EVERY),
            ended => return ended,
        }
    }
    file.try_lock()
}

/// Who has a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// That process.
    Process(u32),
    /// A process whose id is not told: the lock is held, and what it is says nothing.
    Unnamed,
}

/// Who has the journal in that directory.
///
/// # Errors
/// Where the lock can't be looked at.
pub fn holder(directory: &Path) -> Result<Holder, JournalError> {
    let path = directory.join(LOCK);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Holder::Nobody),
        Err(error) => return Err(JournalError::file("open", &path)(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Holder::Nobody),
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // The lock is what counts.
            let _ = file.read_to_string(&mut text);
            Ok(text.trim().parse().map_or(Holder::Unnamed, Holder::Process))
        }
        Err(TryLockError::Error(error)) => Err(JournalError::file("lock", &path)(error)),
    }
}
