//! Flipped bits and files that are not what was written: found and named, never believed.

use std::fs;
use std::path::Path;

use rolecall::journal::{Entry, JournalError, open};

use crate::support::{
    LOG_BYTES, Writer, duplicate, entries, flip_stride, opened, options, outbox_bytes, quick_directory,
};

const DATABASE: &str = "journal.redb";
const LOG: &str = "journal.log";
/// What the database uses of its first page.
const HEADER_LENGTH: usize = 320;

/// What the journal said when it was whole.
struct Whole {
    entries: Vec<Entry>,
    hash: u64,
    outbox: u64,
}

/// A journal of three batches, all in its database, before and after it was closed.
fn three_batches(path: &Path) -> (Whole, [Vec<u8>; 2]) {
    let mut writer = Writer::new(opened(path));
    writer.append(20);
    writer.append(20);
    writer.append(12);
    let whole = Whole { hash: writer.state().hash(), outbox: writer.outbox_next, entries: writer.entries };
    writer.reader.checkpoint().expect("the database is written");
    // What the log had is written over, as it is sooner or later.
    fs::write(path.join(LOG), vec![0; usize::try_from(LOG_BYTES).expect("a length")]).expect("the log is written");
    let killed = fs::read(path.join(DATABASE)).expect("the database is read");
    writer.journal.close().expect("the mark is synced");
    drop(writer.reader);
    (whole, [killed, fs::read(path.join(DATABASE)).expect("the database is read")])
}

enum Outcome {
    Refused,
    Same,
}

/// Whether the journal is refused or exactly what was durable; anything else fails the test.
fn outcome(path: &Path, whole: &Whole, how: &str) -> Outcome {
    let reader = match open(path, &options()) {
        Ok(opened) => opened.reader,
        Err(_) => return Outcome::Refused,
    };
    let found = reader.entries_from(1).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let outbox = reader.outbox_after(0, 1_000, usize::MAX);
    let (Ok(found), Ok(outbox), Ok(recovered)) = (found, outbox, reader.recover()) else { return Outcome::Refused };
    assert!(found == whole.entries, "{how}: the entries differ");
    assert_eq!(recovered.state.hash(), whole.hash, "{how}");
    assert_eq!((recovered.outbox_next, recovered.published_through), (whole.outbox, 0), "{how}");
    assert_eq!(outbox.len(), found.len(), "{how}: the outbox differs");
    assert!(outbox.iter().all(|record| record.bytes == outbox_bytes(record.number)), "{how}: the outbox differs");
    for entry in &found {
        let seen = reader.seen_at(&duplicate(entry.first_seq)).expect("the id is looked up");
        assert!(seen.is_some(), "{how}: an id is gone");
    }
    Outcome::Same
}

#[test]
fn a_flipped_bit_anywhere_in_the_database_is_found_or_changes_nothing() {
    let home = quick_directory();
    let (whole, databases) = three_batches(home.path());
    let mark = fs::read(home.path().join("MARK")).expect("the mark is read");
    for good in databases {
        let mut refused = 0;
        // Every byte of the header, and of the rest those that hold something: a stride that meets every place in a
        // page sooner or later, and is prime; or every one of them.
        let rest = (HEADER_LENGTH..good.len()).filter(|place| good[*place] != 0).step_by(flip_stride(509));
        for place in (0..HEADER_LENGTH).chain(rest) {
            let mut bad = good.clone();
            bad[place] ^= 1 << (place % 8);
            fs::write(home.path().join(DATABASE), &bad).expect("the database is written");
            fs::write(home.path().join("MARK"), &mark).expect("the mark is written");
            match outcome(home.path(), &whole, &format!("byte {place}")) {
                Outcome::Refused => refused += 1,
                Outcome::Same => {}
            }
        }
        println!("{refused} refused");
        assert!(refused > 100, "only {refused} refused");
    }
}

#[test]
fn a_last_batch_that_was_durable_and_is_damaged_is_missed() {
    let home = quick_directory();
    let mut writer = Writer::new(opened(home.path()));
    writer.append(20);
    let before = fs::read(home.path().join(LOG)).expect("the log is read");
    writer.append(1);
    drop(writer);
    fs::write(home.path().join(LOG), before).expect("the log is written");
    let error = open(home.path(), &options()).expect_err("a journal that lost a batch is refused");
    assert!(matches!(error, JournalError::Lost { marked: 2, found: 1, .. }), "{error}");
    fs::remove_file(home.path().join("MARK")).expect("the mark is removed");
    assert_eq!(entries(&opened(home.path()).reader).len(), 20, "whoever removes the mark accepts the loss");
}

#[test]
fn a_flipped_bit_anywhere_in_the_log_is_found() {
    let home = quick_directory();
    let mut writer = Writer::new(opened(home.path()));
    writer.append(4);
    writer.append(3);
    writer.append(2);
    let whole = Whole { hash: writer.state().hash(), outbox: writer.outbox_next, entries: writer.entries };
    drop((writer.journal, writer.reader));
    let read = |name: &str| fs::read(home.path().join(name)).expect("the file is read");
    let (log, database, mark) = (read(LOG), read(DATABASE), read("MARK"));
    let end = log.iter().rposition(|byte| *byte != 0).expect("something is written");
    assert!(end > 4_000, "{end}");
    for place in (0..=end).step_by(flip_stride(7)) {
        let mut bad = log.clone();
        bad[place] ^= 1 << (place % 8);
        for (name, bytes) in [(LOG, &bad), (DATABASE, &database), ("MARK", &mark)] {
            fs::write(home.path().join(name), bytes).expect("the file is written");
        }
        match open(home.path(), &options()) {
            Ok(_) => panic!("byte {place} was believed"),
            Err(error @ (JournalError::Damaged { .. } | JournalError::Lost { .. })) => {
                // But for what tells a frame by, the place is named.
                let named = error.to_string().contains("journal.log: batch");
                assert!(
                    named || matches!(error, JournalError::Lost { .. }) || error.to_string().contains("comes"),
                    "{error}"
                );
            }
            Err(error) => panic!("byte {place}: {error}"),
        }
    }
    // What was read was not changed on the way.
    for (name, bytes) in [(LOG, &log), (DATABASE, &database), ("MARK", &mark)] {
        fs::write(home.path().join(name), bytes).expect("the file is written");
    }
    assert!(matches!(outcome(home.path(), &whole, "as it was"), Outcome::Same));
}

#[test]
fn a_batch_damaged_in_the_middle_of_the_log_is_told_from_one_that_was_cut_off_even_without_a_mark() {
    let home = quick_directory();
    let mut writer = Writer::new(opened(home.path()));
    writer.append(4);
    let middle = fs::read(home.path().join(LOG)).expect("the log is read").iter().rposition(|byte| *byte != 0);
    writer.append(4);
    writer.append(4);
    drop(writer);
    let mut log = fs::read(home.path().join(LOG)).expect("the log is read");
    log[middle.expect("something is written") + 200] ^= 1;
    fs::write(home.path().join(LOG), log).expect("the log is written");
    fs::remove_file(home.path().join("MARK")).expect("the mark is removed");
    let error = open(home.path(), &options()).expect_err("the damage is found").to_string();
    assert!(error.contains("journal.log: batch 2, at byte"), "{error}");
}
