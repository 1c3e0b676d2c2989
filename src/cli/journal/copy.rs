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
use crate::journal::{JournalError, JournalOptions, JournalReader, holder, open_to_look};

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
    let copied = match lying_there(path) {
        Ok(Some(journal)) => copy_directory(path, journal, &mut file),
        Ok(None) => copy_daemon(&config.http, &mut file),
        Err(failure) => Err(failure),
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

/// A journal that is there and that nobody has.
fn lying_there(path: &Path) -> Result<Option<JournalReader>, Failure> {
    if !path.exists() || !matches!(holder(path), Ok(None)) {
        return Ok(None);
    }
    match open_to_look(path, &JournalOptions::default()) {
        Err(JournalError::Absent { .. }) => Ok(None),
        opened => opened.map(Some).map_err(failure),
    }
}

fn copy_directory(path: &Path, journal: JournalReader, file: &mut File) -> Result<(), Failure> {
    // Reports alone depend on it.
    let chronicle = Chronicle::is_in(path).then(|| Chronicle::open(path, journal.identity().instance).ok()).flatten();
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
    use super::*;

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
