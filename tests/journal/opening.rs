//! Who may open a journal: one process, of a version that can read it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rolecall::backup::{Sources, restore};
use rolecall::chronicle::Chronicle;
use rolecall::journal::{Batch, Journal, JournalError, SCHEMA_VERSION, open};
use rolecall::records::audit::{AuditLog, Deed};
use rolecall::routing::Timestamp;

use crate::support::{LOG_BYTES, Writer, entries, opened, options, take_snapshot, ticket_entry};

#[test]
fn the_directory_is_made_for_its_owner_alone() {
    let parent = tempfile::tempdir().expect("a directory");
    let path = parent.path().join("a").join("journal");
    drop(opened(&path));
    let mode = fs::metadata(&path).expect("the directory is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn whatever_is_made_in_a_directory_that_was_there_is_for_its_owner_alone() {
    let parent = tempfile::tempdir().expect("a directory");
    let made_before = |name: &str| {
        let path = parent.path().join(name);
        fs::create_dir(&path).expect("it is made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode is set");
        path
    };
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let path = made_before("journal");
    let mut writer = Writer::new(opened(&path));
    writer.append(5);
    take_snapshot(&writer.reader, Timestamp(0)).expect("there is something to take");
    writer.reader.keep_deaths(Some(b"{}")).expect("it is written down");
    let chronicle = Chronicle::open(&path, 1).expect("it is made");
    AuditLog::open(&path).append(vec![Deed::default()], Timestamp(0)).expect("it is written");
    let sources = Sources { journal: writer.reader.clone(), chronicle: Some(chronicle), directory: path.clone() };
    let mut copy = Vec::new();
    sources.copy_to(&mut copy).expect("the copy is made");
    let restored = made_before("restored");
    restore(&copy[..copy.len() - 1], &restored, 7).expect_err("it is cut off");
    assert_eq!(open_to_all(&restored), Vec::<String>::new(), "of a restore that failed");
    restore(copy.as_slice(), &restored, 7).expect("it is whole");
    for (path, count) in [(path, 9), (restored, 6)] {
        let made = fs::read_dir(&path).expect("the directory is read").count();
        assert!(made >= count, "{made} files");
        assert_eq!(open_to_all(&path), Vec::<String>::new());
    }
}

/// The files of a directory that others than their owner may read or write.
fn open_to_all(path: &Path) -> Vec<String> {
    let files = fs::read_dir(path).expect("the directory is read").map(|file| file.expect("the directory is read"));
    let is_open = |file: &fs::DirEntry| file.metadata().expect("it is there").permissions().mode() & 0o077 != 0;
    files.filter(is_open).map(|file| file.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_second_one_is_told_who_has_the_journal() {
    let home = tempfile::tempdir().expect("a directory");
    let first = opened(home.path());
    let error = open(home.path(), &options()).expect_err("the journal is held");
    assert!(matches!(&error, JournalError::Locked { pid, .. } if *pid == Some(std::process::id())), "{error}");
    assert!(error.to_string().contains("stop that one"), "{error}");
    drop(first);
    drop(opened(home.path()));
}

#[test]
fn whoever_only_looks_who_has_the_journal_is_in_nobodys_way() {
    let home = tempfile::tempdir().expect("a directory");
    drop(opened(home.path()));
    let look = fs::File::open(home.path().join("LOCK")).expect("the lock is there");
    look.try_lock_shared().expect("nobody has it");
    let looking = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(30));
        drop(look);
    });
    drop(opened(home.path()));
    looking.join().expect("it looked");
}

#[test]
fn a_journal_of_a_later_version_is_refused_and_nothing_is_written() {
    let home = tempfile::tempdir().expect("a directory");
    drop(opened(home.path()));
    let format = home.path().join("FORMAT");
    fs::write(&format, format!("rolecall-journal {}\n", SCHEMA_VERSION + 1)).expect("the version is written");
    let contents = || -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let files = fs::read_dir(home.path()).expect("the directory is read");
        let mut files: Vec<_> = files.map(|file| file.expect("the directory is read").path()).collect();
        files.sort();
        files.into_iter().map(|path| (path.clone(), fs::read(path).expect("the file is read"))).collect()
    };
    let before = contents();
    let error = open(home.path(), &options()).expect_err("the journal is refused");
    let expected = SCHEMA_VERSION + 1;
    assert!(matches!(error, JournalError::Newer { found, .. } if found == expected), "{error}");
    assert!(contents() == before, "something was written");
}

#[test]
fn a_kill_while_a_journal_is_made_leaves_nothing_in_the_way() {
    let home = tempfile::tempdir().expect("a directory");
    fs::write(home.path().join("journal.redb.new"), b"half a database").expect("the file is written");
    let mut opened = opened(home.path());
    let batch = Batch { entries: vec![ticket_entry(1)], ..Batch::default() };
    opened.journal.append(&batch).expect("the batch is appended");
}

/// Bytes that a file has of the disk.
fn room_of(path: &Path) -> u64 {
    fs::metadata(path).expect("the file is there").blocks() * 512
}

#[test]
fn a_log_whose_first_fill_was_broken_off_is_filled_by_the_next_start() {
    let home = tempfile::tempdir().expect("a directory");
    let log = home.path().join("journal.log");
    drop(opened(home.path()));
    assert!(room_of(&log) >= LOG_BYTES, "it is filled where nothing goes wrong");
    // As a kill or a full disk leaves it: of its length already, and without room for most of it.
    for filled in [0, 4_096, LOG_BYTES / 2 + 100] {
        let file = fs::OpenOptions::new().write(true).open(&log).expect("the log opens");
        file.set_len(filled).and_then(|()| file.set_len(LOG_BYTES)).expect("it is made hollow");
        drop(file);
        assert!(room_of(&log) < LOG_BYTES, "{filled} bytes are filled");
        drop(opened(home.path()));
        assert!(room_of(&log) >= LOG_BYTES, "it has room for {} bytes, after {filled}", room_of(&log));
    }
}

#[test]
fn what_a_hollow_log_holds_is_there_when_it_is_filled() {
    let home = tempfile::tempdir().expect("a directory");
    let log = home.path().join("journal.log");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(20);
    writer.append(3);
    let written = writer.entries;
    let end = fs::read(&log).expect("the log is read").iter().rposition(|byte| *byte != 0).expect("it holds something");
    // A kill: the database has nothing of it yet.
    let copy = tempfile::tempdir().expect("a directory");
    for file in fs::read_dir(home.path()).expect("the directory is read") {
        let file = file.expect("the directory is read");
        fs::copy(file.path(), copy.path().join(file.file_name())).expect("the file is copied");
    }
    let log = copy.path().join("journal.log");
    let file = fs::OpenOptions::new().write(true).open(&log).expect("the log opens");
    file.set_len(end as u64 + 1).and_then(|()| file.set_len(LOG_BYTES)).expect("it is made hollow");
    drop(file);
    assert!(room_of(&log) < LOG_BYTES);
    let again = opened(copy.path());
    assert_eq!(entries(&again.reader), written);
    assert!(room_of(&log) >= LOG_BYTES);
}

#[test]
fn a_journal_whose_database_is_gone_is_not_begun_anew() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(1);
    drop(writer);
    fs::remove_file(home.path().join("journal.redb")).expect("the database is removed");
    let error = open(home.path(), &options()).expect_err("the journal is refused");
    assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
}

#[test]
fn a_mark_that_can_not_be_read_is_damage() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(1);
    drop(writer);
    let mark = home.path().join("MARK");
    let good = fs::read(&mark).expect("the mark is read");
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 1;
        fs::write(&mark, bad).expect("the mark is written");
        let error = open(home.path(), &options()).expect_err("the journal is refused");
        assert!(matches!(error, JournalError::Damaged { .. }), "byte {place}: {error}");
    }
}

#[test]
fn a_journal_of_version_1_is_read_and_is_of_this_version_from_then_on() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(5);
    let written = writer.entries;
    writer.journal.close().expect("the journal is closed");
    drop(writer.reader);
    // As version 1 left it: all is in the database, and there is no log.
    fs::remove_file(home.path().join("journal.log")).expect("the log is removed");
    let format = home.path().join("FORMAT");
    fs::write(&format, "rolecall-journal 1\n").expect("the version is written");
    assert_eq!(rolecall::journal::inspect(home.path()).expect("it is looked into").entries, 5);
    assert_eq!(
        fs::read_to_string(&format).expect("the version is read"),
        "rolecall-journal 1\n",
        "looking changes nothing"
    );
    let again = opened(home.path());
    assert_eq!(entries(&again.reader), written);
    let expected = format!("rolecall-journal {SCHEMA_VERSION}\n");
    assert_eq!(fs::read_to_string(&format).expect("the version is read"), expected, "version 1 would not read the log");
}
