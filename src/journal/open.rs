//! Opening a journal: take the directory, check version and pages, bring what the log has into the database, check the mark,
//! draw an identity where it is new.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::{FileBackend, InMemoryBackend};
use redb::{Builder, Database, ReadableDatabase, ReadableTableMetadata, StorageBackend, TableError};

use crate::leisure::Restful;
use crate::overlay::Overlay;
use crate::routing::Identity;

use super::checkpoint::{apply, settled_ids, sieve_of};
use super::gauges::Gauges;
use super::home::{DATABASE, Home, LOG, Mark};
use super::log::{Log, Remains, damaged, remains};
use super::read::Shared;
use super::recent::Recent;
use super::tables::{DUPLICATE_TIMES, DUPLICATES, ENTRIES, META, OUTBOX, entries_kept, meta, number};
use super::{JournalError, JournalOptions, JournalReader, RedbJournal, SCHEMA_VERSION, site, snapshot, verify};

/// A journal that is open: one to append, and as many as needed to read.
#[derive(Debug)]
pub struct Opened {
    /// For the thread that appends.
    pub journal: RedbJournal,
    /// For all others; cheap to clone.
    pub reader: JournalReader,
}

/// Opens the journal in that directory, creating it where it is missing.
///
/// Every page is checked, as after a crash it has to be: the time grows with the database's size. What only the log has is
/// brought into the database.
///
/// # Errors
/// [`JournalError::Locked`], [`JournalError::Newer`] before anything is written; [`JournalError::Damaged`] and
/// [`JournalError::Lost`] where what is there is not what was written.
pub fn open(path: &Path, options: &JournalOptions) -> Result<Opened, JournalError> {
    let home = take(path)?;
    let file = home.file(DATABASE);
    if !file.exists() {
        create(&home, options)?;
    }
    let file = OpenOptions::new().read(true).write(true).open(&file).map_err(JournalError::file("open", &file))?;
    let backend = FileBackend::new(file).map_err(JournalError::storage("open the database"))?;
    let (database, tail) = open_database(Restful(backend), options).map_err(|error| located(error, &home))?;
    let log = home.open_log()?;
    let log = FileBackend::new(log).map_err(JournalError::storage("open the log"))?;
    occupy(home, database, tail, Box::new(log), options)
}

/// Takes the directory, and the room in it that an unfinished snapshot has: it may be needed for what follows.
fn take(path: &Path) -> Result<Home, JournalError> {
    site::refuse_unfinished(path)?;
    let home = Home::create(path)?;
    snapshot::remove_unfinished(&home)?;
    Ok(home)
}

/// Brings what only the log has into the database, checks the mark, and goes on from there.
fn occupy(
    home: Home,
    database: Database,
    tail: Tail,
    log: Box<dyn StorageBackend>,
    options: &JournalOptions,
) -> Result<Opened, JournalError> {
    let path = home.file(LOG);
    let (found, tail) = catch_up(&database, tail, &*log, home.path(), Some(&home))?;
    let mark = home.open_mark(found.batches)?;
    let log = Log::start(log, &path, options.log_bytes, found.batches)?;
    let shared = assemble(database, tail, &found, Some(home), options)?;
    Ok(opened(shared, log, Some(mark), &found))
}

fn opened(shared: Arc<Shared>, log: Log, mark: Option<Mark>, found: &Position) -> Opened {
    let reader = JournalReader::new(Arc::clone(&shared));
    Opened { journal: RedbJournal::new(shared, log, mark, found), reader }
}

/// The database gets what only the log has. Says where the journal stands then, and how its last batch ended.
fn catch_up(
    database: &Database,
    tail: Tail,
    log: &dyn StorageBackend,
    path: &Path,
    home: Option<&Home>,
) -> Result<(Position, Tail), JournalError> {
    let left = Left::find(database, log, path)?;
    home.map_or(Ok(()), |home| left.check_mark(home))?;
    left.bring(database, tail)
}

/// What only the log has, and where the journal stands with it.
struct Left {
    remains: Remains,
    reached: Position,
}

impl Left {
    fn find(database: &Database, log: &dyn StorageBackend, path: &Path) -> Result<Self, JournalError> {
        let applied = position(database, path)?;
        let remains = remains(log, &path.join(LOG), applied.identity, applied.batches)?;
        let reached = remains.frames.last().map_or(applied, |frame| frame.reached);
        Ok(Self { remains, reached })
    }

    /// A last batch that is damaged looks like one that was written in part. The mark tells whether it was durable.
    fn check_mark(&self, home: &Home) -> Result<(), JournalError> {
        let found = self.reached.batches;
        match (home.mark()?, self.remains.cut_at) {
            (Some(marked), Some(at)) if marked > found => {
                let how = format!("batch {}, at byte {at}, is not what was written", found + 1);
                Err(damaged(&home.file(LOG), &how))
            }
            (Some(marked), None) if marked > found => Err(JournalError::Lost { marked, found, mark: home.mark_path() }),
            _ => Ok(()),
        }
    }

    /// The database gets it.
    fn bring(self, database: &Database, tail: Tail) -> Result<(Position, Tail), JournalError> {
        let Remains { frames, cut_at } = self.remains;
        if frames.is_empty() {
            return Ok((self.reached, if cut_at.is_some() { Tail::Cut } else { tail }));
        }
        apply(database, &frames, 0)?;
        // Where the database had to fall back, the log had what it lost.
        Ok((self.reached, if cut_at.is_some() { Tail::Cut } else { Tail::Whole }))
    }
}

/// As [`open`], with database and log on storage of any kind, and under that identity where the journal is new: for
/// simulations, which draw nothing and lose power.
///
/// # Errors
/// As [`open`].
pub fn open_on(
    path: &Path,
    database: impl StorageBackend,
    log: impl StorageBackend,
    identity: Identity,
    options: &JournalOptions,
) -> Result<Opened, JournalError> {
    let home = take(path)?;
    let (database, tail) = open_database(database, options)?;
    if is_blank(&database)? {
        initialise(&database, identity)?;
    }
    occupy(home, database, tail, Box::new(log), options)
}

/// Opens the journal in that directory to look into it, and changes nothing but its lock. What an unclean end left to
/// be repaired is repaired in memory.
///
/// # Errors
/// As [`open`], and [`JournalError::Absent`].
pub fn open_to_look(path: &Path, options: &JournalOptions) -> Result<JournalReader, JournalError> {
    look(Home::existing(path)?, options)
}

fn look(home: Home, options: &JournalOptions) -> Result<JournalReader, JournalError> {
    match look_at_all(home, options)? {
        (reader, None) => Ok(reader),
        (_, Some(missed)) => Err(missed),
    }
}

/// As [`open_to_look`], in a directory that is taken already, and also where by the mark something is missing: then it says
/// what, and the rest can be looked at.
pub(super) fn look_at_all(
    home: Home,
    options: &JournalOptions,
) -> Result<(JournalReader, Option<JournalError>), JournalError> {
    let database = looked_at(&home.file(DATABASE))?;
    let (database, tail) = open_database(database, options).map_err(|error| located(error, &home))?;
    let log: Box<dyn StorageBackend> =
        if home.has_log() { Box::new(looked_at(&home.file(LOG))?) } else { Box::new(InMemoryBackend::new()) };
    let left = Left::find(&database, &*log, home.path())?;
    let missed = match left.check_mark(&home) {
        Err(error @ (JournalError::Damaged { .. } | JournalError::Lost { .. })) => Some(error),
        checked => checked.map(|()| None)?,
    };
    let (found, tail) = left.bring(&database, tail)?;
    Ok((JournalReader::new(assemble(database, tail, &found, Some(home), options)?), missed))
}

/// A file whose changes stay in memory.
pub(super) fn looked_at(path: &Path) -> Result<Overlay, JournalError> {
    Overlay::open(path).map_err(JournalError::file("open", path))
}

/// Names the damaged record, where the pages' checksums only say that there is damage.
fn located(error: JournalError, home: &Home) -> JournalError {
    let JournalError::Damaged { what } = &error else { return error };
    match verify::damaged_records(&home.file(DATABASE)).first() {
        Some(record) => JournalError::Damaged { what: format!("{record} ({what})") },
        None => error,
    }
}

/// Opens a journal on storage of any kind: in memory, or with faults. It has no directory: no lock, no mark, and no
/// snapshots.
///
/// # Errors
/// As [`open`].
pub fn open_with_backend(
    database: impl StorageBackend,
    log: impl StorageBackend,
    options: &JournalOptions,
) -> Result<Opened, JournalError> {
    let path = Path::new("in memory");
    let (database, tail) = open_database(database, options)?;
    if is_blank(&database)? {
        initialise(&database, drawn_identity())?;
    }
    let (found, tail) = catch_up(&database, tail, &log, path, None)?;
    let log = Log::start(Box::new(log), &path.join(LOG), options.log_bytes, found.batches)?;
    Ok(opened(assemble(database, tail, &found, None, options)?, log, None, &found))
}

/// Creates the database under another name: a kill on the way leaves nothing that looks like a journal.
fn create(home: &Home, options: &JournalOptions) -> Result<(), JournalError> {
    if home.mark()?.is_some_and(|batches| batches > 0) {
        return Err(JournalError::Damaged { what: format!("{} is missing", home.file(DATABASE).display()) });
    }
    let action = "create the database";
    let file = FileBackend::new(home.fresh_database()?).map_err(JournalError::storage(action))?;
    let database = Builder::new().set_cache_size(options.cache_bytes).create_with_backend(file);
    let database = database.map_err(JournalError::storage(action))?;
    initialise(&database, drawn_identity())?;
    database.close().map_err(JournalError::storage(action))?;
    home.adopt_database()
}

/// A database with nothing in it, under the name that it has until it is adopted.
pub(super) fn new_database(home: &Home) -> Result<Database, JournalError> {
    let action = "create the database";
    let file = FileBackend::new(home.fresh_database()?).map_err(JournalError::storage(action))?;
    Builder::new().create_with_backend(file).map_err(JournalError::storage(action))
}

/// A journal whose database was written just now, to be read.
pub(super) fn open_new(
    database: Database,
    home: Home,
    options: &JournalOptions,
) -> Result<JournalReader, JournalError> {
    let found = position(&database, home.path())?;
    Ok(JournalReader::new(assemble(database, Tail::Whole, &found, Some(home), options)?))
}

/// How the last commit was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// Whole, or not begun.
    Whole,
    /// In part: the database is where the commit before left it.
    Cut,
}

/// Opens the database, and says how it ended.
fn open_database(backend: impl StorageBackend, options: &JournalOptions) -> Result<(Database, Tail), JournalError> {
    let cut = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&cut);
    let database = Builder::new()
        .set_cache_size(options.cache_bytes)
        .set_check_integrity_on_open(true)
        // The check of all pages tells how far it is: at the beginning, in the last third and at the end. A third of the
        // way is told only where the last commit has not proved to be whole.
        .set_repair_callback(move |session| {
            if session.progress() > 0.0 && session.progress() < 0.5 {
                noted.store(true, Ordering::Relaxed);
            }
        })
        .create_with_backend(backend)
        .map_err(JournalError::storage("open the database"))?;
    let tail = if cut.load(Ordering::Relaxed) { Tail::Cut } else { Tail::Whole };
    Ok((database, tail))
}

fn is_blank(database: &Database) -> Result<bool, JournalError> {
    let action = "read the journal's numbers";
    let transaction = database.begin_read().map_err(JournalError::storage(action))?;
    match transaction.open_table(META) {
        Ok(_) => Ok(false),
        Err(TableError::TableDoesNotExist(_)) => Ok(true),
        Err(error) => Err(JournalError::storage(action)(error)),
    }
}

fn drawn_identity() -> Identity {
    Identity { instance: rand::random(), seed: rand::random() }
}

fn initialise(database: &Database, identity: Identity) -> Result<(), JournalError> {
    let write = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        {
            let mut table = transaction.open_table(META)?;
            table.insert(meta::SCHEMA, u64::from(SCHEMA_VERSION))?;
            table.insert(meta::INSTANCE, identity.instance)?;
            table.insert(meta::SEED, identity.seed)?;
            table.insert(meta::BATCHES, 0)?;
            table.insert(meta::NEXT_SEQ, 1)?;
            table.insert(meta::OUTBOX_NEXT, 1)?;
            table.insert(meta::PUBLISHED_THROUGH, 0)?;
            transaction.open_table(ENTRIES)?;
            transaction.open_table(OUTBOX)?;
            transaction.open_table(DUPLICATES)?;
            transaction.open_table(DUPLICATE_TIMES)?;
        }
        Ok(transaction.commit()?)
    };
    write().map_err(JournalError::storage("create the database"))
}

/// How far a journal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) identity: Identity,
    pub(super) batches: u64,
    pub(super) next_seq: u64,
    pub(super) outbox_next: u64,
    pub(super) published_through: u64,
}

/// Reads how far the journal has come; refuses one of a later version.
pub(super) fn position(database: &Database, path: &Path) -> Result<Position, JournalError> {
    let action = "read the journal's numbers";
    let transaction = database.begin_read().map_err(JournalError::storage(action))?;
    let table = transaction.open_table(META).map_err(JournalError::storage(action))?;
    let schema = number(&table, meta::SCHEMA)?;
    if schema > u64::from(SCHEMA_VERSION) {
        let found = u32::try_from(schema).unwrap_or(u32::MAX);
        return Err(JournalError::Newer { path: path.to_owned(), found, supported: SCHEMA_VERSION });
    }
    Ok(Position {
        identity: Identity { instance: number(&table, meta::INSTANCE)?, seed: number(&table, meta::SEED)? },
        batches: number(&table, meta::BATCHES)?,
        next_seq: number(&table, meta::NEXT_SEQ)?,
        outbox_next: number(&table, meta::OUTBOX_NEXT)?,
        published_through: number(&table, meta::PUBLISHED_THROUGH)?,
    })
}

fn assemble(
    database: Database,
    tail: Tail,
    found: &Position,
    home: Option<Home>,
    options: &JournalOptions,
) -> Result<Arc<Shared>, JournalError> {
    let gauges = Gauges::default();
    gauges.batches.set(found.batches);
    gauges.applied.set(found.batches);
    gauges.next_seq.set(found.next_seq);
    gauges.outbox_next.set(found.outbox_next);
    gauges.published_through.set(found.published_through);
    let action = "count the journal's records";
    let transaction = database.begin_read().map_err(JournalError::storage(action))?;
    let entries = transaction.open_table(ENTRIES).map_err(JournalError::storage(action))?;
    let duplicates = transaction.open_table(DUPLICATES).map_err(JournalError::storage(action))?;
    let numbers = transaction.open_table(META).map_err(JournalError::storage(action))?;
    gauges.entries.set(entries_kept(&numbers, &entries).map_err(JournalError::storage(action))?);
    gauges.duplicates.set(duplicates.len().map_err(JournalError::storage(action))?);
    drop(transaction);
    let recent = Recent::new(settled_ids(&database)?, sieve_of(&database)?);
    if let Some(home) = &home {
        let newest = snapshot::list(home)?.into_iter().next();
        gauges.snapshot_seq.set(newest.as_ref().map_or(0, |newest| newest.seq));
        let length = newest.and_then(|newest| std::fs::metadata(newest.path).ok()).map_or(0, |about| about.len());
        gauges.snapshot_bytes.set(length);
    }
    Ok(Arc::new(Shared::new(database, recent, tail, found.identity, options.clone(), gauges, home)))
}
