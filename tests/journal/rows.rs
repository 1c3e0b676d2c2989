//! Entries and outbox records are packed into rows: whatever is asked for is found, wherever in a row it stands.

use std::fs;
use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use rolecall::journal::{Batch, Journal, JournalOptions, SCHEMA_VERSION, open, verify};
use rolecall::routing::{State, Timestamp};

use crate::support::{Writer, entries, opened, options, outbox_bytes, quick_directory, take_snapshot};

/// So many entries take several rows, and so many outbox records two.
const MANY: usize = 700;
/// Every so many of them are asked for: no divisor of what fits into a row.
const EVERY: usize = 149;

type Rows = TableDefinition<'static, u64, &'static [u8]>;
const ENTRIES: Rows = TableDefinition::new("entries");
const OUTBOX: Rows = TableDefinition::new("outbox");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// Before the first record of a row.
const HEADER_LENGTH: usize = 13;

/// Three checkpoints of many rows each, and some that only the log has.
fn written(path: &Path) -> Writer {
    let mut writer = Writer::new(open(path, &roomy()).expect("the journal opens"));
    for _ in 0..3 {
        writer.append(MANY);
        writer.checkpoint();
    }
    writer.append(20);
    writer
}

fn roomy() -> JournalOptions {
    JournalOptions { log_bytes: 16 << 20, ..options() }
}

/// Asks for all that the writer has written, from here and from there.
#[track_caller]
fn assert_found(writer: &Writer) {
    let reader = &writer.reader;
    assert!(entries(reader) == writer.entries, "the entries differ");
    for (place, entry) in writer.entries.iter().enumerate().step_by(EVERY) {
        for seq in entry.first_seq..entry.next_seq() {
            let found = reader.entries_from(seq).expect("they are found").next().expect("there is one");
            assert_eq!(found.expect("it is read").first_seq, entry.first_seq, "event {seq}");
        }
        let since = reader.entries_since(entry.at).expect("they are found").next().expect("there is one");
        assert_eq!(since.expect("it is read").first_seq, entry.first_seq, "at {}", entry.at.0);
        let later = reader.entries_since(Timestamp(entry.at.0 + 1)).expect("they are found").next();
        let later = later.map(|entry| entry.expect("it is read").first_seq);
        assert_eq!(later, writer.entries.get(place + 1).map(|entry| entry.first_seq), "after {}", entry.at.0);
    }
    assert!(reader.entries_from(writer.next_seq).expect("they are found").next().is_none());
    for number in (0..writer.outbox_next).step_by(13) {
        let found = reader.outbox_after(number, 3, usize::MAX).expect("the outbox is read");
        let expected: Vec<u64> = (number + 1..writer.outbox_next).take(3).collect();
        assert_eq!(found.iter().map(|record| record.number).collect::<Vec<_>>(), expected);
        assert!(found.iter().all(|record| record.bytes == outbox_bytes(record.number)));
    }
    assert_eq!(reader.usage().entries, writer.entries.len() as u64);
    let span = reader.span().expect("the entries are read").expect("there are some");
    assert!(span.is_whole);
    let ends = (writer.entries[0].at, writer.entries[writer.entries.len() - 1].at);
    assert_eq!((span.first, span.last), ends);
}

fn rows_of(path: &Path, table: Rows) -> Vec<(u64, Vec<u8>)> {
    let database = Database::create(path.join("journal.redb")).expect("the database opens");
    let transaction = database.begin_read().expect("it is read");
    let rows = transaction.open_table(table).expect("there is that table");
    let rows = rows.iter().expect("it is read").map(|row| {
        let (key, row) = row.expect("it is read");
        (key.value(), row.value().to_vec())
    });
    rows.collect()
}

/// The database as version 1 had it: each record is a row of its own.
fn made_version_1(path: &Path) {
    for table in [ENTRIES, OUTBOX] {
        let rows = rows_of(path, table);
        let database = Database::create(path.join("journal.redb")).expect("the database opens");
        let transaction = database.begin_write().expect("it is written");
        transaction.open_table(META).expect("there is that table").remove("entries").expect("it is written");
        let mut single = transaction.open_table(table).expect("there is that table");
        for (key, row) in rows {
            single.remove(key).expect("it is written");
            let mut rest = &row[HEADER_LENGTH..];
            while let Some((number, behind)) = rest.split_first_chunk::<8>() {
                let (length, behind) = behind.split_first_chunk::<4>().expect("a record has a length");
                let length = usize::try_from(u32::from_le_bytes(*length)).expect("it is short");
                single.insert(u64::from_le_bytes(*number), &behind[..length]).expect("it is written");
                rest = &behind[length..];
            }
        }
        drop(single);
        transaction.commit().expect("it is written");
    }
    fs::write(path.join("FORMAT"), "rolecall-journal 1\n").expect("the version is written");
    fs::remove_file(path.join("journal.log")).expect("the log is removed");
}

#[test]
fn whatever_is_asked_for_is_found_within_a_row_and_across_rows() {
    let home = quick_directory();
    let writer = written(home.path());
    assert_found(&writer);
    writer.checkpoint();
    assert_found(&writer);
    writer.journal.close().expect("the journal is closed");
    drop(writer.reader);
    let (rows, records) = (rows_of(home.path(), ENTRIES).len(), rows_of(home.path(), OUTBOX).len());
    assert!((8..80).contains(&rows), "{rows} rows of entries");
    assert!((4..20).contains(&records), "{records} rows of outbox records");
    assert_eq!(verify(home.path()).expect("the journal is read").problems, Vec::<String>::new());
}

#[test]
fn what_version_1_wrote_is_read_and_goes_on_in_rows_of_many() {
    let home = quick_directory();
    let before = written(home.path());
    let (written, hash) = (before.entries.clone(), before.state().hash());
    before.journal.close().expect("the journal is closed");
    drop(before.reader);
    made_version_1(home.path());
    assert_eq!(rows_of(home.path(), ENTRIES).len(), written.len());
    assert_eq!(verify(home.path()).expect("the journal is read").problems, Vec::<String>::new());
    let mut writer = Writer::new(opened(home.path()));
    writer.entries = written;
    assert_eq!(writer.reader.recover().expect("the state is there").state.hash(), hash);
    assert_found(&writer);
    for _ in 0..3 {
        writer.append(40);
        writer.checkpoint();
        assert_found(&writer);
    }
    drop(writer);
    assert_eq!(verify(home.path()).expect("the journal is read").problems, Vec::<String>::new());
    let format = fs::read_to_string(home.path().join("FORMAT")).expect("the version is read");
    assert_eq!(format, format!("rolecall-journal {SCHEMA_VERSION}\n"));
}

#[test]
fn a_row_goes_when_nothing_of_it_is_needed_and_not_before() {
    let home = quick_directory();
    let mut writer = written(home.path());
    let last = writer.outbox_next - 1;
    for through in (0..last).step_by(197) {
        let batch = Batch { published_through: through, at: Timestamp(1), ..Batch::default() };
        writer.journal.append(&batch).expect("the batch is appended");
        writer.checkpoint();
        let found = writer.reader.outbox_after(0, MANY * 4, usize::MAX).expect("the outbox is read");
        assert_eq!(
            found.iter().map(|record| record.number).collect::<Vec<_>>(),
            (through + 1..=last).collect::<Vec<_>>()
        );
    }
    let batch = Batch { published_through: last, at: Timestamp(1), ..Batch::default() };
    writer.journal.append(&batch).expect("the batch is appended");
    writer.checkpoint();
    drop(writer);
    assert_eq!(rows_of(home.path(), OUTBOX), []);
}

#[test]
fn the_state_of_any_moment_is_told_from_rows() {
    let home = quick_directory();
    let writer = written(home.path());
    take_snapshot(&writer.reader, Timestamp(0)).expect("something happened");
    let mut state = State::new(writer.reader.identity());
    for (place, entry) in writer.entries.iter().enumerate() {
        entry.events.iter().for_each(|event| state.apply(entry.at, event));
        if place % 211 == 0 {
            let then = writer.reader.state_at(entry.at).expect("the past is there");
            assert_eq!((then.hash(), then.next_seq()), (state.hash(), entry.next_seq()));
        }
    }
}

#[test]
fn a_damaged_first_entry_is_told_of_with_all_else_that_is_wrong() {
    let home = quick_directory();
    let mut writer = Writer::new(opened(home.path()));
    writer.append(5);
    take_snapshot(&writer.reader, Timestamp(0)).expect("there is something to take");
    writer.append(5);
    writer.journal.close().expect("the journal is closed");
    drop(writer.reader);
    // Under pages that are in order: memory that was no good, and no disk.
    let (key, mut row) = rows_of(home.path(), ENTRIES).swap_remove(0);
    row[HEADER_LENGTH + 30] ^= 1;
    let database = Database::create(home.path().join("journal.redb")).expect("the database opens");
    let transaction = database.begin_write().expect("it is written");
    transaction.open_table(ENTRIES).expect("it is there").insert(key, row.as_slice()).expect("it is written");
    transaction.commit().expect("it is written");
    drop(database);
    let found = verify(home.path()).expect("damage is no error, but in the report");
    assert!(found.problems.iter().any(|problem| problem.contains("entry of event 1")), "{:?}", found.problems);
    assert_eq!(found.snapshots, 1, "what is behind it was looked at");
}
