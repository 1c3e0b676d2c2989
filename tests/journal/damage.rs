//! Flipped bits and files that are not what was written: found and named, never believed.

use std::fs;
use std::path::Path;

use rolecall::journal::{Entry, JournalError, open};

use crate::support::{Writer, duplicate, entries, flip_stride, opened, options, outbox_bytes, quick_directory};

const DATABASE: &str = "journal.redb";
/// What the database uses of its first page.
const HEADER_LENGTH: usize = 320;

/// What the journal said when it was whole.
struct Whole {
    entries: Vec<Entry>,
    hash: u64,
    outbox: u64,
}

/// A journal of three batches, and its database before and after it was closed.
fn three_batches(path: &Path) -> (Whole, [Vec<u8>; 2]) {
    let mut writer = Writer::new(opened(path));
    writer.append(20);
    writer.append(20);
    writer.append(12);
    let whole = Whole { hash: writer.state().hash(), outbox: writer.outbox_next, entries: writer.entries };
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
    let view = reader.view().expect("the journal is read");
    for entry in &found {
        let seen = view.seen_at(&duplicate(entry.first_seq)).expect("the id is looked up");
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
    let before = fs::read(home.path().join(DATABASE)).expect("the database is read");
    writer.append(1);
    drop(writer);
    fs::write(home.path().join(DATABASE), before).expect("the database is written");
    let error = open(home.path(), &options()).expect_err("a journal that lost a batch is refused");
    assert!(matches!(error, JournalError::Lost { marked: 2, found: 1, .. }), "{error}");
    fs::remove_file(home.path().join("MARK")).expect("the mark is removed");
    assert_eq!(entries(&opened(home.path()).reader).len(), 20, "whoever removes the mark accepts the loss");
}
