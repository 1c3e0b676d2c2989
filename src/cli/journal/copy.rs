//! `rolecall journal backup` and `restore`: a copy of all that a daemon keeps, made while it works or while it does not, and
//! back.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::config_args::ConfigArgs;
use super::super::output::print_line;
use super::super::{Exit, Failure, ask};
use super::{PathArg, failure};
use crate::archive::{ArchiveError, ArchiveReader};
use crate::backup::{RestoreError, Sources, restore};
use crate::chronicle::Chronicle;
use crate::config::{HttpConfig, Secret};
use crate::files::{beside, private, sync_directory_of};
use crate::journal::{Holder, JournalError, JournalOptions, JournalReader, holder, open_to_look};

/// Where the daemon has it.
const ADDRESS: &str = "/api/v1/backup";

#[derive(Debug, clap::Args)]
#[command(
    after_help = "A daemon that runs is asked over HTTP, with the token of ROLECALL_OWNER_TOKEN: the owner's, or \
                        one that has the permission journal.backup. A journal that nobody has is read as it lies there.\n\nEXAMPLES:\n  \
                        rolecall journal backup --to /backup/rolecall.backup --config /etc/rolecall/rolecall.toml"
)]
pub(super) struct BackupArgs {
    /// The file to write; it is there wholly or not at all, and replaces what was there
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall journal restore --from /backup/rolecall.backup --path /var/lib/rolecall")]
pub(super) struct RestoreArgs {
    /// A file that `rolecall journal backup` wrote
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    journal: PathArg,
}

/// Copies, and says what.
pub(super) fn back_up(args: &BackupArgs) -> Result<(), Failure> {
    let config = args.config.load_or_fail()?.config;
    let path = &config.journal.path;
    let new = beside(&args.to, ".part");
    let mut file = begun(&new)?;
    let copied = match whose(path) {
        Ok(Whose::Nobodys(journal)) => copy_directory(path, journal, &mut file),
        Ok(Whose::Daemons) => copy_daemon(&config.http, &mut file),
        Ok(Whose::Hidden(why)) => copy_daemon(&config.http, &mut file).map_err(|failure| beside_hidden(&why, &failure)),
        Err(error) => Err(failure(error)),
    };
    let kept = copied.and_then(|()| {
        let kept = file.sync_all().and_then(|()| fs::rename(&new, &args.to)).and_then(|()| sync_directory_of(&args.to));
        kept.map_err(|error| unwritable(&args.to, &error))
    });
    if kept.is_err() {
        // The error that matters is the first.
        let _ = fs::remove_file(&new);
    }
    kept?;
    let bytes = fs::metadata(&args.to).map_or(0, |file| file.len());
    print_line(format_args!("{} has a copy of {bytes} bytes", args.to.display()))
}

/// The part, empty, and nobody else's as long as it is open: of two that write one file, nothing could be restored.
fn begun(new: &Path) -> Result<File, Failure> {
    let failed = |error| unwritable(new, &error);
    loop {
        let file = private().create(true).truncate(false).write(true).open(new).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = format!("{} is being written by another backup: wait for its end", new.display());
                return Err(Failure::new(Exit::Failed, message));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // Whoever had it until now may have given it its name: then it is a backup, and not ours to empty.
        if is_there(&file, new).map_err(failed)? {
            file.set_len(0).map_err(failed)?;
            return Ok(file);
        }
    }
}

/// Whether an open file is the one that is found there.
fn is_there(file: &File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    match fs::metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (opened.dev(), opened.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("could not write {}: {error}", path.display()))
}

/// From whom a copy of a journal is to be had.
enum Whose {
    /// It is there, and nobody has it.
    Nobodys(JournalReader),
    /// A daemon has it, or it is elsewhere.
    Daemons,
    /// Whoever asks has no right to see. It may still ask the daemon.
    Hidden(JournalError),
}

fn whose(path: &Path) -> Result<Whose, JournalError> {
    if !path.exists() {
        return Ok(Whose::Daemons);
    }
    match holder(path) {
        Ok(Holder::Process(_) | Holder::Unnamed) => return Ok(Whose::Daemons),
        Ok(Holder::Nobody) => {}
        Err(error) if is_denied(&error) => return Ok(Whose::Hidden(error)),
        Err(error) => return Err(error),
    }
    match open_to_look(path, &JournalOptions::default()) {
        Ok(journal) => Ok(Whose::Nobodys(journal)),
        // A daemon is just starting, or has come in the meantime.
        Err(JournalError::Absent { .. } | JournalError::Locked { .. }) => Ok(Whose::Daemons),
        Err(error) => Err(error),
    }
}

fn is_denied(error: &JournalError) -> bool {
    matches!(error, JournalError::File { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
}

/// Neither way went: the one who asks may be somebody else than who may look, or the daemon may not run.
fn beside_hidden(why: &JournalError, failed: &Failure) -> Failure {
    Failure::new(failed.exit, format!("{why}: permission denied; and {failed}"))
}

fn copy_directory(path: &Path, journal: JournalReader, file: &mut File) -> Result<(), Failure> {
    let instance = journal.identity().instance;
    // Reports alone depend on it.
    let chronicle = Chronicle::open_to_look(path, instance).unwrap_or_else(|error| {
        eprintln!("the copy has no reports: {}", Failure::new(Exit::Failed, error));
        None
    });
    let sources = Sources { journal, chronicle, directory: path.to_owned() };
    let mut to = BufWriter::new(file);
    let copied = sources.copy_to(&mut to).and_then(|_| to.flush());
    copied.map_err(|error| Failure::new(Exit::JournalIo, error))
}

fn copy_daemon(http: &HttpConfig, file: &mut File) -> Result<(), Failure> {
    let token = http.owner_token.as_ref().map(Secret::reveal);
    let unavailable = |error: &dyn std::fmt::Display| {
        Failure::new(Exit::Unavailable, format!("the daemon at {} does not answer: {error}", http.listen))
    };
    let (status, mut body) = ask::open(http, ADDRESS, token).map_err(|error| unavailable(&error))?;
    if status != 200 {
        let mut text = String::new();
        let _ = body.take(64 << 10).read_to_string(&mut text);
        let problem: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        return Err(Failure::new(Exit::Failed, format!("the daemon gives no copy: {}", ask::refusal(&problem))));
    }
    // It is looked at as a whole on its way: what was cut off is no copy.
    let looked_at = whole(Tee { from: &mut body, to: BufWriter::new(file) });
    looked_at.map_err(|error| Failure::new(Exit::Failed, format!("the daemon's copy can't be used: {error}")))
}

fn whole<R: Read, W: Write>(tee: Tee<R, W>) -> Result<(), ArchiveError> {
    let mut archive = ArchiveReader::open(tee)?;
    while archive.next_record()?.is_some() {}
    Ok(archive.into_inner().to.flush()?)
}

/// Writes down what is read.
struct Tee<R, W> {
    from: R,
    to: W,
}

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let length = self.from.read(bytes)?;
        self.to.write_all(&bytes[..length])?;
        Ok(length)
    }
}

/// Makes a journal of a copy, and says which.
pub(super) fn put_back(args: &RestoreArgs) -> Result<(), Failure> {
    let path = &args.journal.path;
    let copy = File::open(&args.from)
        .map_err(|error| Failure::new(Exit::Failed, format!("could not read {}: {error}", args.from.display())))?;
    let restored = restore(BufReader::new(copy), path, rand::random()).map_err(|error| match error {
        RestoreError::Journal(error) => failure(error),
        other => Failure::new(Exit::JournalIo, other),
    })?;
    print_line(format_args!(
        "{} has the journal as it was before event {}\n\
         its ids are its own from here on; tokens that were revoked since the copy was made are valid again",
        path.display(),
        restored.next_seq
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Seek;

    use redb::{Database, TableDefinition};

    use super::*;
    use crate::journal::open;

    /// A journal that nobody has, with a chronicle beside it. Its instance.
    fn at_rest(path: &Path) -> u64 {
        let reader = open(path, &JournalOptions::default()).expect("the journal opens").reader;
        let instance = reader.identity().instance;
        drop(Chronicle::open(path, instance).expect("it is made"));
        instance
    }

    /// The tables that a copy of what lies there has.
    fn tables_of_copy(path: &Path) -> Vec<String> {
        let Ok(Whose::Nobodys(journal)) = whose(path) else { panic!("nobody has it") };
        let mut file = tempfile::tempfile().expect("a file");
        copy_directory(path, journal, &mut file).expect("it is copied");
        file.rewind().expect("it is read from its beginning");
        let mut archive = ArchiveReader::open(file).expect("it is one");
        let mut tables = Vec::new();
        while let Some(record) = archive.next_record().expect("it is whole") {
            tables.push(record.table);
        }
        tables
    }

    #[test]
    fn a_chronicle_is_copied_as_it_lies_there_and_stays_as_it_is() {
        let directory = tempfile::tempdir().expect("a directory");
        at_rest(directory.path());
        let path = directory.path().join(Chronicle::FILE);
        let before = fs::read(&path).expect("it is there");
        let is_copied = |tables: Vec<String>| tables.iter().any(|table| table.starts_with("chronicle-"));
        assert!(is_copied(tables_of_copy(directory.path())));
        assert!(fs::read(&path).expect("it is there") == before, "it was written to");

        // As a later version leaves it, which this one would empty to begin anew.
        let numbers: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
        let database = Database::open(&path).expect("it opens");
        let transaction = database.begin_write().expect("begun");
        transaction.open_table(numbers).expect("it is there").insert("version", 2).expect("written");
        transaction.commit().expect("written");
        drop(database);
        let later = fs::read(&path).expect("it is there");
        assert!(!is_copied(tables_of_copy(directory.path())), "what this version can't read");
        assert!(fs::read(&path).expect("it is there") == later, "it was written to");
    }

    #[test]
    fn a_daemon_is_asked_only_where_one_may_have_the_journal() {
        let directory = tempfile::tempdir().expect("a directory");
        let nowhere = directory.path().join("nowhere");
        assert!(matches!(whose(&nowhere), Ok(Whose::Daemons)), "it may be on another machine");
        assert!(matches!(whose(directory.path()), Ok(Whose::Daemons)), "or just be starting");
        at_rest(directory.path());
        assert!(matches!(whose(directory.path()), Ok(Whose::Nobodys(_))));
        let lock = directory.path().join("LOCK");
        let held = open(directory.path(), &JournalOptions::default()).expect("the journal opens");
        assert!(matches!(whose(directory.path()), Ok(Whose::Daemons)));
        fs::write(&lock, "no number").expect("written");
        assert!(matches!(whose(directory.path()), Ok(Whose::Daemons)), "the lock is what counts");
        drop(held);
        fs::remove_file(&lock).expect("removed");
        std::os::unix::fs::symlink("LOCK", &lock).expect("linked to itself");
        let Err(error) = whose(directory.path()) else { panic!("nobody knows whether a daemon has it") };
        assert!(error.to_string().contains("LOCK"), "{error}");
    }

    #[test]
    fn two_backups_do_not_write_one_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let new = beside(&directory.path().join("rolecall.backup"), ".part");
        fs::write(&new, "what a backup that was killed left").expect("written");
        let mut first = begun(&new).expect("nobody has it");
        first.write_all(b"first").expect("written");
        assert!(begun(&new).is_err(), "it is being written");
        assert_eq!(fs::read(&new).expect("read"), b"first");
        let named = directory.path().join("rolecall.backup");
        let late = File::open(&new).expect("opened");
        fs::rename(&new, &named).expect("the first is done");
        drop(first);
        assert!(!is_there(&late, &new).expect("looked at"), "it has another name since");
        drop(begun(&new).expect("nobody has it any more"));
        assert_eq!(fs::read(&named).expect("read"), b"first");
    }
}
