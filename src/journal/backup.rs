//! A copy of a journal, made while it is appended to, and a journal made of that copy.
//!
//! A copy is what was durable at one moment: one read transaction of the database, and the newest snapshot of before that is
//! as it was written: from one that is spoilt nothing could be restored, however well recovery falls back. Pages
//! that are given up meanwhile can't be used again until the copy is made, so that the database grows by as much as is
//! written in that time.
//!
//! **Invariant:** a journal that is made of a copy has an instance of its own. What it decides has other ids than what the
//! original decided after the copy was made, so that no receiver takes the one for a repeat of the other.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use redb::{Database, ReadableDatabase, TableHandle};

use super::home::Home;
use super::open::{new_database, open_new, position};
use super::read::JournalReader;
use super::site::Site;
use super::snapshot::SnapshotFile;
use super::tables::{DUPLICATE_TIMES, DUPLICATES, ENTRIES, META, OUTBOX, meta, number};
use super::{JournalError, JournalOptions, snapshot};
use crate::archive::{Archive, Record, put};
use crate::files::create_private;
use crate::routing::Identity;

/// Where an archive has the pieces of snapshots.
const SNAPSHOT: &str = "journal-snapshot";

/// Records that one transaction writes at most, and their bytes.
const RECORDS_PER_COMMIT: usize = 20_000;
const BYTES_PER_COMMIT: usize = 32 << 20;

/// What was copied, or made of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// The number that the next event gets.
    pub next_seq: u64,
    /// Batches appended.
    pub batches: u64,
}

impl JournalReader {
    /// Writes all that is durable now into an archive.
    ///
    /// # Errors
    /// Where the journal can't be read or the archive can't be written.
    pub fn copy_to(&self, archive: &mut Archive<impl Write>) -> io::Result<Copied> {
        // No snapshot is named or removed between the two looks; open files stay readable when they are removed later.
        let guard = self.shared.snapshotting.lock().unwrap_or_else(PoisonError::into_inner);
        // The database gets what only the log has, so that it has all that any snapshot knows.
        self.checkpoint().map_err(io::Error::other)?;
        let transaction = self.shared.database.begin_read().map_err(io::Error::other)?;
        let snapshots = self.open_snapshots()?;
        drop(guard);

        if let Some((name, file)) = newest_whole(snapshots)? {
            archive.file(SNAPSHOT, &name, file)?;
        }
        let open = |error: redb::TableError| io::Error::other(error);
        archive.table(&name(&ENTRIES), &transaction.open_table(ENTRIES).map_err(open)?)?;
        archive.table(&name(&OUTBOX), &transaction.open_table(OUTBOX).map_err(open)?)?;
        archive.table(&name(&DUPLICATES), &transaction.open_table(DUPLICATES).map_err(open)?)?;
        archive.table(&name(&DUPLICATE_TIMES), &transaction.open_table(DUPLICATE_TIMES).map_err(open)?)?;
        let numbers = transaction.open_table(META).map_err(open)?;
        archive.table(&name(&META), &numbers)?;
        let of = |key| number(&numbers, key).map_err(io::Error::other);
        Ok(Copied { next_seq: of(meta::NEXT_SEQ)?, batches: of(meta::BATCHES)? })
    }

    /// The snapshots by their names, newest first.
    fn open_snapshots(&self) -> io::Result<Vec<(String, File)>> {
        let files = self.shared.home.as_ref().map(snapshot::list).transpose().map_err(io::Error::other)?;
        let open = |snapshot: SnapshotFile| {
            let name = snapshot.path.file_name().and_then(|name| name.to_str()).expect("we named it").to_owned();
            Ok((name, File::open(&snapshot.path)?))
        };
        files.into_iter().flatten().map(open).collect()
    }
}

/// The first of these that is as it was written, to be read from its beginning.
fn newest_whole(snapshots: Vec<(String, File)>) -> io::Result<Option<(String, File)>> {
    for (name, mut file) in snapshots {
        if snapshot::is_whole_file(&file) {
            file.rewind()?;
            return Ok(Some((name, file)));
        }
    }
    Ok(None)
}

/// As it is called in an archive.
fn name(table: &impl TableHandle) -> String {
    format!("journal-{}", table.name())
}

/// A journal that is being made of a copy. Until [`Restoring::finish`] its directory is none that a daemon would start on;
/// where that is never reached, what was made is removed.
#[derive(Debug)]
pub struct Restoring {
    // Before the home, so that what was made is removed while it is still locked.
    site: Site,
    home: Home,
    database: Database,
    waiting: Vec<Record>,
    waiting_bytes: usize,
    snapshot: Option<(PathBuf, File)>,
}

impl Restoring {
    /// Begins in a directory that is empty or not there, or has nothing but what an earlier try left. Files of these names are
    /// restored beside the journal, by whoever calls.
    ///
    /// # Errors
    /// Where there is anything else, or it can't be written.
    pub fn begin(path: &Path, beside: &[&'static str]) -> Result<Self, JournalError> {
        let (site, home) = Site::take(path, beside)?;
        let database = new_database(&home)?;
        Ok(Self { site, home, database, waiting: Vec::new(), waiting_bytes: 0, snapshot: None })
    }

    /// Takes a record in; `false` where it is not of a journal.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn take(&mut self, record: Record) -> Result<bool, JournalError> {
        if record.table == SNAPSHOT {
            self.piece(&record)?;
            return Ok(true);
        }
        if !record.table.starts_with("journal-") {
            return Ok(false);
        }
        self.waiting_bytes += record.value.len();
        self.waiting.push(record);
        if self.waiting.len() >= RECORDS_PER_COMMIT || self.waiting_bytes >= BYTES_PER_COMMIT {
            self.write()?;
        }
        Ok(true)
    }

    fn piece(&mut self, record: &Record) -> Result<(), JournalError> {
        let damaged = || JournalError::Damaged { what: "the copy names a snapshot that is none".to_owned() };
        let name = std::str::from_utf8(&record.key).map_err(|_| damaged())?;
        snapshot::seq_of(name).ok_or_else(damaged)?;
        let path = self.home.file(name);
        let (path, file) = match &mut self.snapshot {
            Some((at, file)) if *at == path => (path, file),
            other => {
                let file = create_private(&path).map_err(JournalError::file("create", &path))?;
                (path.clone(), &mut other.insert((path, file)).1)
            }
        };
        file.write_all(&record.value).map_err(JournalError::file("write", &path))
    }

    fn write(&mut self) -> Result<(), JournalError> {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let write = || -> Result<bool, redb::Error> {
            let transaction = self.database.begin_write()?;
            let mut all_known = true;
            {
                let mut entries = transaction.open_table(ENTRIES)?;
                let mut outbox = transaction.open_table(OUTBOX)?;
                let mut duplicates = transaction.open_table(DUPLICATES)?;
                let mut times = transaction.open_table(DUPLICATE_TIMES)?;
                let mut numbers = transaction.open_table(META)?;
                for record in &waiting {
                    match record.table.as_str() {
                        of if of == name(&ENTRIES) => put(&mut entries, record)?,
                        of if of == name(&OUTBOX) => put(&mut outbox, record)?,
                        of if of == name(&DUPLICATES) => put(&mut duplicates, record)?,
                        of if of == name(&DUPLICATE_TIMES) => put(&mut times, record)?,
                        of if of == name(&META) => put(&mut numbers, record)?,
                        _ => all_known = false,
                    }
                }
            }
            transaction.commit()?;
            Ok(all_known)
        };
        if write().map_err(JournalError::storage("write the copy"))? {
            Ok(())
        } else {
            Err(JournalError::Damaged { what: "the copy has a table that this version does not know".to_owned() })
        }
    }

    /// Makes a journal of it: read as a daemon would, under an instance of its own.
    ///
    /// # Errors
    /// Where what was copied is no journal.
    pub fn finish(mut self, instance: u64) -> Result<Copied, JournalError> {
        self.write()?;
        if let Some((path, file)) = self.snapshot.take() {
            file.sync_all().map_err(JournalError::file("sync", &path))?;
        }
        let Self { site, home, database, .. } = self;
        let path = home.path().to_owned();
        // The old identity is that of the snapshot.
        let reader = open_new(database, home, &JournalOptions::default())?;
        let (state, _) = reader.recovered_state()?;
        let home = reader.shared.home.as_ref().expect("it was opened with one");
        let identity = Identity { instance, ..state.identity() };
        let kept = snapshot::write(home, state.with_identity(identity).freeze())?;
        snapshot::remove_others(home, &[kept.seq])?;
        set_instance(&reader.shared.database, instance)?;
        let found = position(&reader.shared.database, &path)?;
        drop(home.open_mark(found.batches)?);
        home.adopt_database()?;
        site.finish(home)?;
        Ok(Copied { next_seq: found.next_seq, batches: found.batches })
    }
}

fn set_instance(database: &Database, instance: u64) -> Result<(), JournalError> {
    let write = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        transaction.open_table(META)?.insert(meta::INSTANCE, instance)?;
        Ok(transaction.commit()?)
    };
    write().map_err(JournalError::storage("name the journal"))
}
