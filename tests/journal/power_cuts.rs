//! What was not synced is gone, and the last write is torn: the journal is where the last durable batch left it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use rolecall::journal::{Journal, JournalError, JournalReader, open_with_backend};

use crate::storage::{FaultyStorage, Unsynced, torn};
use crate::support::{Writer, duplicate, entries, options};

/// Entries of the last batch: few, for the journal is opened once for each byte of what they write.
const LAST: usize = 2;
const BEFORE: usize = 40;

fn writer(storage: &FaultyStorage) -> Writer {
    Writer::new(open_with_backend(storage.clone(), &options()).expect("the journal opens"))
}

/// A journal of three batches; of the last we know each write. Gives the disk before the last sync, the writes, and
/// how many entries there were before and after.
fn last_batch() -> (Vec<u8>, Vec<Unsynced>, Writer) {
    let storage = FaultyStorage::default();
    let mut writer = writer(&storage);
    writer.append(20);
    writer.append(20);
    writer.append(LAST);
    let (before, changes) = storage.last_sync();
    (before, changes, writer)
}

fn assert_before_or_after(bytes: Vec<u8>, whole: &Writer, how: &str) -> bool {
    let reader = match open_with_backend(FaultyStorage::holding(bytes), &options()) {
        Ok(opened) => opened.reader,
        Err(error) => panic!("{how}: {error}"),
    };
    let found = entries(&reader);
    let all = whole.entries.len();
    assert!(found.len() == BEFORE || found.len() == all, "{how}: {} entries", found.len());
    assert!(found == whole.entries[..found.len()], "{how}: the entries differ");
    let outbox = reader.outbox_after(0, 100, usize::MAX).expect("the outbox is read");
    assert_eq!(outbox.len(), found.len(), "{how}: the outbox is of the same batch");
    let last = whole.entries[all - 1].first_seq;
    let known = reader.view().and_then(|view| view.seen_at(&duplicate(last))).expect("the id is looked up");
    assert_eq!(known.is_some(), found.len() == all, "{how}: the ids are of the same batch");
    let end = reader.recover().expect("the journal recovers").state.next_seq();
    assert_eq!(end, found.last().expect("there are entries").next_seq(), "{how}");
    found.len() == all
}

#[test]
fn a_batch_cut_at_any_byte_is_there_wholly_or_not_at_all() {
    let (before, changes, whole) = last_batch();
    let cut_at_each_byte = |place: usize| {
        let Unsynced::Write { offset, bytes: written } = &changes[place] else { return [0, 0] };
        let mut disk = torn(&before, &changes[..place], Some((&changes[place], 0)));
        let mut outcomes = [0, 0];
        for cut in 0..=written.len() {
            if cut > 0 {
                let (there, byte) = (&mut disk[offset + cut - 1], written[cut - 1]);
                if std::mem::replace(there, byte) == byte {
                    continue; // The disk is as it was one byte earlier.
                }
            }
            let how = format!("write {place} of {}, cut at {cut}", changes.len());
            outcomes[usize::from(assert_before_or_after(disk.clone(), &whole, &how))] += 1;
        }
        outcomes
    };
    let cut_at_each_byte = &cut_at_each_byte;
    let outcomes: Vec<[u32; 2]> = std::thread::scope(|scope| {
        let writes: Vec<_> = (0..changes.len()).map(|place| scope.spawn(move || cut_at_each_byte(place))).collect();
        writes.into_iter().map(|write| write.join().expect("every cut holds")).collect()
    });
    let met = |outcome: usize| outcomes.iter().map(|counts| counts[outcome]).sum::<u32>();
    assert!(met(0) > 1_000 && met(1) > 1_000, "both outcomes were met at many places: {outcomes:?}");
}

#[test]
fn a_batch_of_which_any_writes_are_lost_is_there_wholly_or_not_at_all() {
    let (before, changes, whole) = last_batch();
    let assert_without = |lost: &dyn Fn(usize) -> bool, how: &str| {
        let kept: Vec<Unsynced> =
            changes.iter().enumerate().filter(|(place, _)| !lost(*place)).map(|(_, change)| change.clone()).collect();
        assert_before_or_after(torn(&before, &kept, None), &whole, how);
    };
    for place in 0..changes.len() {
        assert_without(&|other| other == place, &format!("without write {place}"));
        assert_without(&|other| other < place, &format!("without the writes before {place}"));
    }
    for draw in 0..200_u64 {
        let coin = |place: usize| {
            (draw + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(u32::try_from(place % 64).expect("small")) & 1
                == 1
        };
        assert_without(&coin, &format!("draw {draw}"));
    }
}

#[test]
fn what_was_appended_survives_when_all_that_was_not_synced_is_gone() {
    let storage = FaultyStorage::default();
    let mut writer = writer(&storage);
    for size in [1, 7, 30, 2] {
        writer.append(size);
        let opened =
            open_with_backend(FaultyStorage::holding(storage.synced()), &options()).expect("the journal opens");
        assert_eq!(entries(&opened.reader), writer.entries);
    }
}

/// Breaks the disk at the n-th operation, for every n until it is never reached.
fn broken_at_each_operation(kind: io::ErrorKind) -> u64 {
    let broken = AtomicU64::new(0);
    for operations in 0.. {
        let storage = FaultyStorage::default();
        let mut writer = writer(&storage);
        writer.append(10);
        let durable = writer.entries.clone();
        storage.break_after(operations, kind);
        let batch = writer.batch(10);
        let result = writer.journal.append(&batch);
        let after = entries_of(&storage);
        let Err(error) = result else {
            assert_eq!(after, writer.entries);
            break;
        };
        broken.fetch_add(1, Ordering::Relaxed);
        assert_eq!(error.is_disk_full(), kind == io::ErrorKind::StorageFull, "{error:?}");
        assert!(after == durable || after == writer.entries, "nothing durable is lost, and nothing is there by half");
        let again = writer.journal.append(&batch).expect_err("a poisoned journal takes nothing");
        assert!(matches!(again, JournalError::Poisoned { .. }), "{again:?}");
    }
    broken.into_inner()
}

fn entries_of(storage: &FaultyStorage) -> Vec<rolecall::journal::Entry> {
    let opened = open_with_backend(FaultyStorage::holding(storage.synced()), &options()).expect("the journal opens");
    let reader: &JournalReader = &opened.reader;
    entries(reader)
}

#[test]
fn a_disk_that_fails_at_any_operation_loses_nothing_and_ends_the_journal() {
    assert!(broken_at_each_operation(io::ErrorKind::Other) > 3);
}

#[test]
fn a_disk_that_fills_up_at_any_operation_loses_nothing_and_says_so() {
    assert!(broken_at_each_operation(io::ErrorKind::StorageFull) > 3);
}
