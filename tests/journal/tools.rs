//! Looking into a journal: what inspect, verify and export say, and that they change nothing.

use std::fs;
use std::path::Path;

use rolecall::journal::{Entry, ExportError, JournalError, export, inspect, verify};
use rolecall::routing::Timestamp;

use crate::support::{Writer, opened, options, take_snapshot};

const DATABASE: &str = "journal.redb";

fn written(path: &Path) -> Writer {
    let mut writer = Writer::new(opened(path));
    writer.append(20);
    take_snapshot(&writer.reader, Timestamp(0)).expect("there is something to take");
    writer.append(20);
    take_snapshot(&writer.reader, Timestamp(0)).expect("there is something to take");
    writer.append(5);
    writer.checkpoint();
    writer
}

#[test]
fn inspect_says_what_the_journal_holds() {
    let home = tempfile::tempdir().expect("a directory");
    let writer = written(home.path());
    let (instance, last_seq) = (format!("{:016x}", writer.reader.identity().instance), writer.next_seq - 1);
    drop(writer);
    let found = inspect(home.path()).expect("the journal is inspected");
    assert_eq!(found.instance, instance);
    assert_eq!((found.batches, found.entries, found.duplicates), (3, 45, 45));
    assert_eq!((found.first_seq, found.last_seq), (Some(1), Some(last_seq)));
    assert_eq!(found.first_at, Some(Timestamp(1_000)));
    assert_eq!((found.outbox_depth, found.outbox_last, found.published_through), (45, 45, 0));
    assert_eq!(found.snapshots.len(), 2);
    assert!(found.bytes > 0);
}

#[test]
fn verify_finds_nothing_wrong_with_a_journal_that_is_whole() {
    let home = tempfile::tempdir().expect("a directory");
    let writer = written(home.path());
    let (hash, events) = (writer.state().hash(), writer.next_seq - 1);
    drop(writer);
    let found = verify(home.path()).expect("the journal is verified");
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    assert_eq!((found.entries, found.events, found.outbox_records, found.duplicates), (45, events, 45, 45));
    assert_eq!((found.snapshots, found.state_hash), (2, Some(hash)));
}

#[test]
fn a_damaged_entry_is_named_by_verify_and_by_whoever_opens_the_journal() {
    let home = tempfile::tempdir().expect("a directory");
    drop(written(home.path()));
    let path = home.path().join(DATABASE);
    let mut bytes = fs::read(&path).expect("the database is read");
    let mut found = Vec::new();
    // The subject is in each entry twice; one in the middle is damaged wherever the file has it.
    let subject = b"ticket-32";
    found.extend(bytes.windows(subject.len()).enumerate().filter(|(_, at)| at == subject).map(|(place, _)| place));
    assert!(!found.is_empty(), "the entry is in the file");
    for place in found {
        bytes[place] ^= 0x20;
    }
    fs::write(&path, bytes).expect("the database is written");
    let report = verify(home.path()).expect("the journal is read");
    assert!(report.problems.iter().any(|problem| problem.contains("entry of event 32")), "{:?}", report.problems);
    let error = rolecall::journal::open(home.path(), &crate::support::options()).expect_err("damage is refused");
    assert!(matches!(error, JournalError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("entry of event 32"), "{error}");
}

#[test]
fn verify_reports_of_all_else_where_the_version_s_file_is_damaged() {
    let home = tempfile::tempdir().expect("a directory");
    let writer = written(home.path());
    let (hash, events) = (writer.state().hash(), writer.next_seq - 1);
    drop(writer);
    let format = home.path().join("FORMAT");
    for damaged in [&b"rolecall-journal \x02"[..], b"rolecall-journal \xb2\n", b""] {
        fs::write(&format, damaged).expect("it is damaged");
        let report = verify(home.path()).expect("all else is read");
        assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
        assert!(report.problems[0].contains("FORMAT does not say a version"), "{:?}", report.problems);
        assert_eq!((report.entries, report.events, report.outbox_records, report.duplicates), (45, events, 45, 45));
        assert_eq!((report.snapshots, report.state_hash), (2, Some(hash)));
        let held = report.inspection.expect("it was opened");
        assert_eq!((held.version, held.entries), (None, 45));
        // Whoever would go on with it does not.
        let refused = [inspect(home.path()).map(drop), rolecall::journal::open(home.path(), &options()).map(drop)];
        for refused in refused {
            assert!(matches!(refused, Err(JournalError::Damaged { .. })), "{refused:?}");
        }
    }
    // Damage elsewhere is named beside it.
    let newest = fs::read_dir(home.path()).expect("it is read").flatten().map(|file| file.path());
    let newest = newest.filter(|path| path.extension().is_some_and(|it| it == "snap")).max().expect("there are two");
    let mut bytes = fs::read(&newest).expect("the snapshot is read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&newest, bytes).expect("the snapshot is written");
    let problems = verify(home.path()).expect("all else is read").problems;
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[1].contains("checksum"), "{problems:?}");
}

#[test]
fn verify_reports_of_all_else_where_the_mark_is_damaged_or_tells_of_batches_that_are_gone() {
    let home = tempfile::tempdir().expect("a directory");
    let writer = written(home.path());
    let hash = writer.state().hash();
    writer.journal.close().expect("the mark is synced");
    drop(writer.reader);
    let mark = home.path().join("MARK");
    let later = 4_u64.to_le_bytes();
    let gone = [&later[..], &crc32fast::hash(&later).to_le_bytes()].concat();
    for (bytes, expected) in [(b"damaged".to_vec(), "MARK does not say"), (gone, "4 batches were written and 3")] {
        fs::write(&mark, bytes).expect("the mark is written");
        let report = verify(home.path()).expect("all else is read");
        assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
        assert!(report.problems[0].contains(expected), "{:?}", report.problems);
        assert_eq!((report.entries, report.snapshots, report.state_hash), (45, 2, Some(hash)));
        assert!(inspect(home.path()).is_err(), "whoever would go on with it does not");
    }
}

#[test]
fn verify_names_a_damaged_snapshot() {
    let home = tempfile::tempdir().expect("a directory");
    drop(written(home.path()));
    let newest = inspect(home.path()).expect("the journal is inspected").snapshots.remove(0).path;
    let mut bytes = fs::read(&newest).expect("the snapshot is read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&newest, bytes).expect("the snapshot is written");
    let report = verify(home.path()).expect("the journal is read");
    assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
    assert!(report.problems[0].contains("checksum"), "{:?}", report.problems);
}

#[test]
fn export_writes_the_entries_of_a_range_as_lines_of_json() {
    let home = tempfile::tempdir().expect("a directory");
    let writer = written(home.path());
    let expected: Vec<Entry> = writer.entries[1..3].to_vec();
    drop(writer);
    let mut lines = Vec::new();
    assert_eq!(export(home.path(), 3..=4, &mut lines).expect("the entries are exported"), 2);
    let lines = String::from_utf8(lines).expect("the lines are text");
    let found: Vec<Entry> = lines.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert_eq!(found, expected);
}

#[test]
fn looking_leaves_a_journal_that_was_killed_as_it_is() {
    let home = tempfile::tempdir().expect("a directory");
    let copy = tempfile::tempdir().expect("a directory");
    let mut writer = written(home.path());
    // Some of it only the log has.
    writer.append(2);
    // A copy of a journal that is open is what a kill leaves.
    for file in fs::read_dir(home.path()).expect("the directory is read") {
        let file = file.expect("the directory is read");
        fs::copy(file.path(), copy.path().join(file.file_name())).expect("the file is copied");
    }
    let before = fs::read(copy.path().join(DATABASE)).expect("the database is read");
    assert!(verify(copy.path()).expect("the journal is verified").is_whole());
    assert_eq!(inspect(copy.path()).expect("the journal is inspected").entries, 47);
    assert!(fs::read(copy.path().join(DATABASE)).expect("the database is read") == before, "it was changed");
    drop(writer);
}

#[test]
fn a_journal_that_a_daemon_has_is_not_looked_into() {
    let home = tempfile::tempdir().expect("a directory");
    let _writer = written(home.path());
    let pid = Some(std::process::id());
    assert!(matches!(inspect(home.path()), Err(JournalError::Locked { pid: held, .. }) if held == pid));
    assert!(matches!(verify(home.path()), Err(JournalError::Locked { .. })));
    let exported = export(home.path(), 1..=2, &mut Vec::new());
    assert!(matches!(exported, Err(ExportError::Journal(JournalError::Locked { .. }))));
}

#[test]
fn where_there_is_no_journal_none_is_made() {
    let home = tempfile::tempdir().expect("a directory");
    assert!(matches!(inspect(home.path()), Err(JournalError::Absent { .. })));
    assert_eq!(fs::read_dir(home.path()).expect("the directory is read").count(), 0);
}
