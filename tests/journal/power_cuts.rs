//! What was not synced is gone, and the last write is torn: the journal is where the last durable batch left it.

use std::io;

use rolecall::journal::{
    Batch, Entry, Journal, JournalError, JournalOptions, JournalReader, Opened, open_with_backend,
};

use crate::storage::{FaultyStorage, Unsynced, torn};
use crate::support::{Writer, duplicate, entries, options};

/// Entries of the last batch: few, for the journal is opened once for each byte of what they write.
const LAST: usize = 2;
const BEFORE: usize = 40;

/// What a journal is on: a file for the database, and one for the log.
#[derive(Debug, Clone, Default)]
struct Disk {
    database: FaultyStorage,
    log: FaultyStorage,
}

impl Disk {
    fn open(&self) -> Result<Opened, JournalError> {
        open_with_backend(self.database.clone(), self.log.clone(), &options())
    }

    fn writer(&self) -> Writer {
        Writer::new(self.open().expect("the journal opens"))
    }

    /// What a power cut leaves for certain.
    fn synced(&self) -> Self {
        let synced = |file: &FaultyStorage| FaultyStorage::holding(file.synced());
        Self { database: synced(&self.database), log: synced(&self.log) }
    }

    /// What whoever goes on without a power cut finds.
    fn live(&self) -> Self {
        let live = |file: &FaultyStorage| FaultyStorage::holding(file.live());
        Self { database: live(&self.database), log: live(&self.log) }
    }

    fn entries(&self) -> Vec<Entry> {
        entries(&self.open().expect("the journal opens").reader)
    }
}

/// A journal of three batches, all of them in the log alone.
fn three_batches() -> (Disk, Writer) {
    let disk = Disk::default();
    let mut writer = disk.writer();
    writer.append(20);
    writer.append(20);
    writer.append(LAST);
    (disk, writer)
}

/// What became of the last batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    There,
    Gone,
    /// Something of it was found, and cut off, and this was said.
    CutOff,
}

fn assert_before_or_after(disk: &Disk, whole: &Writer, how: &str) -> Last {
    let reader = match disk.open() {
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
    let known = reader.seen_at(&duplicate(last)).expect("the id is looked up");
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
    let (disk, whole) = three_batches();
    let (before, changes) = disk.log.last_sync();
    let [Unsynced::Write { offset, bytes: written }] = changes.as_slice() else {
        panic!("a batch is one write: {}", changes.len())
    };
    let database = disk.database.synced();
    let mut log = before;
    let mut outcomes = [0_usize; 3];
    for cut in 0..=written.len() {
        if cut > 0 {
            log[offset + cut - 1] = written[cut - 1];
        }
        let cut_off =
            Disk { database: FaultyStorage::holding(database.clone()), log: FaultyStorage::holding(log.clone()) };
        outcomes[assert_before_or_after(&cut_off, &whole, &format!("cut at {cut}")) as usize] += 1;
    }
    let [there, gone, cut_off] = outcomes;
    println!("{} disks: there {there} times, cut off {cut_off} times, nothing of it {gone} times", written.len() + 1);
    assert_eq!(there, 1, "it is there only when it is whole");
    assert!(gone <= 20 && cut_off > 1_000, "what was begun and is cut off is told of: {outcomes:?}");
}

#[test]
fn a_checkpoint_of_which_any_writes_are_lost_or_cut_loses_nothing() {
    let (disk, whole) = three_batches();
    whole.checkpoint();
    let (before, changes) = disk.database.last_sync();
    let log = disk.log.synced();
    let assert_all = |database: Vec<u8>, how: &str| {
        let left = Disk { database: FaultyStorage::holding(database), log: FaultyStorage::holding(log.clone()) };
        assert_eq!(assert_before_or_after(&left, &whole, how), Last::There, "{how}");
    };
    let assert_without = |lost: &dyn Fn(usize) -> bool, how: &str| {
        let kept: Vec<Unsynced> =
            changes.iter().enumerate().filter(|(place, _)| !lost(*place)).map(|(_, change)| change.clone()).collect();
        assert_all(torn(&before, &kept, None), how);
    };
    assert!(changes.len() > 5, "a checkpoint writes many pages: {}", changes.len());
    for place in 0..changes.len() {
        assert_without(&|other| other == place, &format!("without write {place}"));
        assert_without(&|other| other < place, &format!("without the writes before {place}"));
        if let Unsynced::Write { bytes, .. } = &changes[place] {
            for cut in (0..bytes.len()).step_by(bytes.len().div_ceil(20).max(1)) {
                let torn = torn(&before, &changes[..place], Some((&changes[place], cut)));
                assert_all(torn, &format!("write {place} cut at {cut}"));
            }
        }
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
    let disk = Disk::default();
    let mut writer = disk.writer();
    for size in [1, 7, 30, 2] {
        writer.append(size);
        assert_eq!(disk.synced().entries(), writer.entries);
        if size == 7 {
            writer.checkpoint();
            assert_eq!(disk.synced().entries(), writer.entries);
        }
    }
}

/// The log is so small that every few batches turn it over, that some do not fit into a half, and that some wait for the
/// database.
#[test]
fn a_log_that_turns_over_again_and_again_loses_nothing() {
    let disk = Disk::default();
    let small = JournalOptions { log_bytes: 16 << 10, ..options() };
    let opened = |disk: &Disk| open_with_backend(disk.database.clone(), disk.log.clone(), &small);
    let mut writer = Writer::new(opened(&disk).expect("the journal opens"));
    let (mut turned_over, mut outbox) = (0, 0);
    for batch in 0..120_usize {
        writer.append(match batch % 17 {
            3 => 40,
            place => 1 + place % 5,
        });
        turned_over += u32::from(writer.reader.take_checkpoint_due());
        if batch % 13 == 0 {
            writer.checkpoint();
        }
        let left = disk.synced();
        let found = opened(&left).unwrap_or_else(|error| panic!("after batch {batch}: {error}")).reader;
        assert!(entries(&found) == writer.entries, "after batch {batch}");
        assert!(entries(&writer.reader) == writer.entries, "read beside it, after batch {batch}");
        let read = |reader: &JournalReader| reader.outbox_after(outbox, 1_000, usize::MAX).expect("the outbox is read");
        let numbers = |reader| read(reader).iter().map(|record| record.number).collect::<Vec<_>>();
        let expected: Vec<u64> = (outbox + 1..writer.outbox_next).collect();
        assert_eq!(numbers(&found), expected, "after batch {batch}");
        assert_eq!(numbers(&writer.reader), expected, "read beside it, after batch {batch}");
        if batch % 7 == 0 {
            outbox = writer.outbox_next - 1;
            let published = Batch { published_through: outbox, ..Batch::default() };
            writer.journal.append(&published).expect("the cursor is moved");
        }
    }
    assert!(turned_over > 10, "it turned over {turned_over} times");
}

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Breaking {
    Database,
    Log,
}

impl Breaking {
    fn of(self, disk: &Disk) -> &FaultyStorage {
        match self {
            Self::Database => &disk.database,
            Self::Log => &disk.log,
        }
    }
}

/// Appends a batch and lets the database have it, on a disk on which something broke before. The first error, and what
/// there was before and is wanted after.
fn append_on_broken_disk(
    breaking: Breaking,
    break_it: impl FnOnce(&FaultyStorage),
) -> (Disk, Option<JournalError>, [Vec<Entry>; 2]) {
    let disk = Disk::default();
    let mut writer = disk.writer();
    writer.append(10);
    let durable = writer.entries.clone();
    break_it(breaking.of(&disk));
    let batch = writer.batch(10);
    let appended = writer.journal.append(&batch).and_then(|_| writer.reader.checkpoint());
    let error = appended.err();
    if error.is_some() {
        let again = writer.journal.append(&batch).expect_err("a poisoned journal takes nothing");
        assert!(matches!(again, JournalError::Poisoned { .. }), "{again:?}");
    }
    // The process ends, and on its way closes the database.
    (disk, error, [durable, writer.entries])
}

/// Breaks the disk at the n-th operation, for every n until it is never reached.
fn broken_at_each_operation(kind: io::ErrorKind) {
    for breaking in [Breaking::Database, Breaking::Log] {
        for operations in 0.. {
            let (disk, error, [durable, whole]) =
                append_on_broken_disk(breaking, |file| file.break_after(operations, kind));
            let after = disk.synced().entries();
            let Some(error) = error else {
                assert_eq!(after, whole);
                assert!(operations >= 2, "{breaking:?} broke {operations} times");
                break;
            };
            assert_eq!(error.is_disk_full(), kind == io::ErrorKind::StorageFull, "{error:?}");
            assert!(after == durable || after == whole, "nothing durable is lost, and nothing is there by half");
            let was_durable = breaking == Breaking::Database;
            assert!(!was_durable || after == whole, "what the log has is durable, whatever becomes of the database");
        }
    }
}

#[test]
fn a_disk_that_fails_at_any_operation_loses_nothing_and_ends_the_journal() {
    broken_at_each_operation(io::ErrorKind::Other);
}

#[test]
fn a_disk_that_fills_up_at_any_operation_loses_nothing_and_says_so() {
    broken_at_each_operation(io::ErrorKind::StorageFull);
}

/// Many disks fail once: the sync after a failed one succeeds, although what the first was to write is gone. So no sync is
/// tried again, and what is on the disk afterwards, whoever closed it, is what was there before or all of the batch.
#[test]
fn a_disk_that_fails_once_and_works_again_is_not_believed() {
    for breaking in [Breaking::Database, Breaking::Log] {
        for operations in 0.. {
            let (disk, error, [durable, whole]) =
                append_on_broken_disk(breaking, |file| file.fail_once_after(operations, io::ErrorKind::Other));
            if error.is_none() {
                assert!(operations >= 2, "{breaking:?} broke {operations} times");
                break;
            }
            for left in [disk.live(), disk.synced()] {
                let after = left.entries();
                assert!(after == durable || after == whole, "operation {operations}: {} entries", after.len());
            }
        }
    }
}
