//! Appending and reading back.

use rolecall::journal::{Batch, Journal, JournalError, OutboxRecord};
use rolecall::routing::{Command, Timestamp};

use crate::support::{Writer, agent_entry, duplicate, entries, opened, outbox_bytes, ticket_entry};

#[test]
fn what_was_appended_is_there_after_the_journal_is_opened_again() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    let identity = writer.reader.identity();
    writer.append(3);
    writer.append(2);
    let (written, hash) = (writer.entries.clone(), writer.state().hash());
    drop(writer);

    let again = opened(home.path());
    assert_eq!(again.reader.identity(), identity);
    assert_eq!(entries(&again.reader), written);
    let recovered = again.reader.recover().expect("the journal recovers");
    assert_eq!(recovered.state.hash(), hash);
    assert_eq!((recovered.outbox_next, recovered.published_through), (6, 0));
    assert_eq!(recovered.report.entries_replayed, 5);
    let outbox = again.reader.outbox_after(2, 10, 1 << 20).expect("the outbox is read");
    assert_eq!(outbox.iter().map(|record| record.number).collect::<Vec<_>>(), [3, 4, 5]);
    assert!(outbox.iter().all(|record| record.bytes == outbox_bytes(record.number)));
}

#[test]
fn two_journals_have_two_identities() {
    let (one, other) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    assert_ne!(opened(one.path()).reader.identity(), opened(other.path()).reader.identity());
}

#[test]
fn numbers_that_do_not_follow_are_refused_and_poison_the_journal() {
    let home = tempfile::tempdir().expect("a directory");
    let mut opened = opened(home.path());
    let gap = Batch { entries: vec![ticket_entry(1), ticket_entry(4)], ..Batch::default() };
    let refused = opened.journal.append(&gap).expect_err("a gap is refused");
    assert!(matches!(refused, JournalError::OutOfOrder { what: "events", expected: 3, found: 4 }), "{refused}");
    let fits = Batch { entries: vec![ticket_entry(1)], ..Batch::default() };
    assert!(matches!(opened.journal.append(&fits), Err(JournalError::Poisoned { .. })));
    assert_eq!(opened.reader.usage().next_seq, 1, "nothing of it was written");
}

#[test]
fn outbox_numbers_that_do_not_follow_are_refused() {
    let home = tempfile::tempdir().expect("a directory");
    let outbox = vec![OutboxRecord { number: 2, bytes: vec![1] }];
    let refused = opened(home.path()).journal.append(&Batch { outbox, ..Batch::default() });
    assert!(matches!(refused, Err(JournalError::OutOfOrder { expected: 1, found: 2, .. })));
}

#[test]
fn confirms_of_what_was_never_in_the_outbox_are_refused() {
    let home = tempfile::tempdir().expect("a directory");
    let refused = opened(home.path()).journal.append(&Batch { published_through: 1, ..Batch::default() });
    assert!(matches!(refused, Err(JournalError::OutOfOrder { expected: 0, found: 1, .. })));
}

#[test]
fn a_command_without_events_leaves_no_entry() {
    let home = tempfile::tempdir().expect("a directory");
    let mut opened = opened(home.path());
    let mut silent = agent_entry(1);
    silent.events.clear();
    silent.command = Command::Elapse;
    let batch = Batch { entries: vec![silent], duplicates: vec![duplicate(1)], ..Batch::default() };
    opened.journal.append(&batch).expect("the batch is appended");
    assert_eq!(entries(&opened.reader), []);
    assert!(
        opened.reader.seen_at(&duplicate(1)).expect("the id is looked up").is_some(),
        "its id is kept all the same"
    );
}

#[test]
fn an_empty_batch_costs_no_transaction() {
    let home = tempfile::tempdir().expect("a directory");
    let mut opened = opened(home.path());
    opened.journal.append(&Batch { at: Timestamp(5), ..Batch::default() }).expect("the batch is appended");
    assert_eq!(opened.reader.usage().batches, 0);
}

#[test]
fn published_records_leave_the_outbox_and_the_cursor_is_kept() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(5);
    writer.journal.append(&Batch { published_through: 3, ..Batch::default() }).expect("the cursor is moved");
    assert_eq!(writer.reader.outbox_depth(), 2);
    let left = writer.reader.outbox_after(0, 10, 1 << 20).expect("the outbox is read");
    assert_eq!(left.iter().map(|record| record.number).collect::<Vec<_>>(), [4, 5]);
    writer.journal.append(&Batch { published_through: 5, ..Batch::default() }).expect("the cursor is moved");
    drop(writer);

    let mut writer = Writer::new(opened(home.path()));
    let recovered = writer.reader.recover().expect("the journal recovers");
    assert_eq!((recovered.outbox_next, recovered.published_through), (6, 5));
    writer.append(1);
    let left = writer.reader.outbox_after(5, 10, 1 << 20).expect("the outbox is read");
    assert_eq!(left.len(), 1, "numbers go on after the outbox was empty");
}

#[test]
fn the_outbox_is_read_up_to_a_bound_of_bytes_and_at_least_one_record() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(4);
    let length = outbox_bytes(1).len();
    let numbers = |records_max, bytes_max| -> Vec<u64> {
        let records = writer.reader.outbox_after(0, records_max, bytes_max).expect("the outbox is read");
        records.iter().map(|record| record.number).collect()
    };
    assert_eq!(numbers(10, 1), [1]);
    assert_eq!(numbers(10, 2 * length), [1, 2]);
    assert_eq!(numbers(3, usize::MAX), [1, 2, 3]);
}

#[test]
fn ids_are_found_until_they_are_forgotten() {
    let home = tempfile::tempdir().expect("a directory");
    let mut opened = opened(home.path());
    let seen = |at: i64, numbers: &[u64]| Batch {
        at: Timestamp(at),
        duplicates: numbers.iter().map(|number| duplicate(*number)).collect(),
        ..Batch::default()
    };
    opened.journal.append(&seen(100, &[1, 2])).expect("the batch is appended");
    opened.journal.append(&seen(200, &[3])).expect("the batch is appended");
    // The first came again: its time is the later one.
    opened.journal.append(&seen(300, &[1])).expect("the batch is appended");
    let forget = Batch { forget_duplicates_before: Some(Timestamp(200)), ..Batch::default() };
    opened.journal.append(&forget).expect("the batch is appended");

    let at = |number| opened.reader.seen_at(&duplicate(number)).expect("the id is looked up");
    assert_eq!([at(1), at(3)], [Some(Timestamp(300)), Some(Timestamp(200))], "before the database has them");
    opened.reader.checkpoint().expect("the database is written");
    assert_eq!([at(1), at(2), at(3)], [Some(Timestamp(300)), None, Some(Timestamp(200))]);
    assert_eq!(opened.reader.usage().duplicates, 2);
}

#[test]
fn entries_are_read_from_the_one_that_holds_an_event() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    // Events 1, 2–3, 4–5.
    writer.append(3);
    let first_from = |seq| {
        let mut found = writer.reader.entries_from(seq).expect("the entries are found");
        found.next().map(|entry| entry.expect("the entry is read").first_seq)
    };
    assert_eq!([1, 2, 3, 4, 5, 6].map(first_from), [Some(1), Some(2), Some(2), Some(4), Some(4), None]);
}

#[test]
fn more_entries_than_one_transaction_reads_come_all_and_in_order() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    for _ in 0..5 {
        writer.append(500);
    }
    assert_eq!(entries(&writer.reader), writer.entries);
}
