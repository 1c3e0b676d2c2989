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

/// What became of the last batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    There,
    Gone,
    /// Something of it was found, and cut off, and this was said.
    CutOff,
}

fn assert_before_or_after(bytes: Vec<u8>, whole: &Writer, how: &str) -> Last {
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
    let recovered = reader.recover().expect("the journal recovers");
    let (end, cut) = (recovered.state.next_seq(), recovered.report.torn_batch_cut);
    assert_eq!(end, found.last().expect("there are entries").next_seq(), "{how}");
    match (found.len() == all, cut) {
        (true, false) => Last::There,
        (false, false) => Last::Gone,
        (false, true) => Last::CutOff,
        (true, true) => panic!("{how}: it is there, and was cut off"),
    }
}

#[test]
fn a_batch_cut_at_any_byte_is_there_wholly_or_not_at_all() {
    let (before, changes, whole) = last_batch();
    let cut_at_each_byte = |place: usize| {
        let Unsynced::Write { offset, bytes: written } = &changes[place] else { return [0; 3] };
        let mut disk = torn(&before, &changes[..place], Some((&changes[place], 0)));
        let mut outcomes = [0; 3];
        for cut in 0..=written.len() {
            if cut > 0 {
                let (there, byte) = (&mut disk[offset + cut - 1], written[cut - 1]);
                if std::mem::replace(there, byte) == byte {
                    continue; // The disk is as it was one byte earlier.
                }
            }
            let how = format!("write {place} of {}, cut at {cut}", changes.len());
            outcomes[assert_before_or_after(disk.clone(), &whole, &how) as usize] += 1;
        }
        outcomes
    };
    let cut_at_each_byte = &cut_at_each_byte;
    let outcomes: Vec<[u32; 3]> = std::thread::scope(|scope| {
        let writes: Vec<_> = (0..changes.len()).map(|place| scope.spawn(move || cut_at_each_byte(place))).collect();
        writes.into_iter().map(|write| write.join().expect("every cut holds")).collect()
    });
    let met = |last: Last| outcomes.iter().map(|counts| counts[last as usize]).sum::<u32>();
    // In which order a batch is written differs from run to run: where its last write is one that it can't do without, it
    // is there only when that is whole.
    let (there, cut_off, gone) = (met(Last::There), met(Last::CutOff), met(Last::Gone));
    println!(
        "{} disks: there {there} times, cut off {cut_off} times, nothing of it {gone} times",
        there + cut_off + gone
    );
    assert!(there > 0 && cut_off > 1_000, "both were met: {outcomes:?}");
    assert!(gone < 100, "what was begun and is cut off is told of: {outcomes:?}");
}

#[test]
fn a_batch_of_which_any_writes_are_lost_is_there_wholly_or_not_at_all() {
    let (before, changes, whole) = last_batch();
    let mut cut_off = 0;
    let mut assert_without = |lost: &dyn Fn(usize) -> bool, how: &str| {
        let kept: Vec<Unsynced> =
            changes.iter().enumerate().filter(|(place, _)| !lost(*place)).map(|(_, change)| change.clone()).collect();
        cut_off += u32::from(assert_before_or_after(torn(&before, &kept, None), &whole, how) == Last::CutOff);
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
    assert!(cut_off > 50, "a batch of which something is there is told of: {cut_off} times");
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

/// Many disks fail once: the sync after a failed one succeeds, although what the first was to write is gone. So no sync is
/// tried again, and what is on the disk afterwards, whoever closed it, is what was there before or all of the batch.
#[test]
fn a_disk_that_fails_once_and_works_again_is_not_believed() {
    let mut failures = 0;
    for operations in 0.. {
        let storage = FaultyStorage::default();
        let mut writer = writer(&storage);
        writer.append(10);
        let durable = writer.entries.clone();
        storage.fail_once_after(operations, io::ErrorKind::Other);
        let batch = writer.batch(10);
        let result = writer.journal.append(&batch);
        let whole = writer.entries.clone();
        if result.is_ok() {
            break;
        }
        failures += 1;
        let again = writer.journal.append(&batch).expect_err("a poisoned journal takes nothing");
        assert!(matches!(again, JournalError::Poisoned { .. }), "{again:?}");
        // The process ends, and on its way closes the database.
        drop(writer);
        for bytes in [storage.live(), storage.synced()] {
            let opened = open_with_backend(FaultyStorage::holding(bytes), &options()).expect("the journal opens");
            let after = entries(&opened.reader);
            assert!(after == durable || after == whole, "operation {operations}: {} entries", after.len());
        }
    }
    assert!(failures > 3, "{failures}");
}
