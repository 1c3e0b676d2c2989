//! Snapshots: what they spare recovery, and what happens when they are no good.

use std::fs;
use std::path::{Path, PathBuf};

use rolecall::journal::{Batch, Journal, JournalError, JournalOptions, open};
use rolecall::routing::{Millis, Timestamp};

use crate::support::{Writer, flip_stride, opened, options, quick_directory, take_snapshot};

fn snapshot(writer: &Writer) -> PathBuf {
    let now = Timestamp(i64::from(u32::MAX));
    take_snapshot(&writer.reader, now).expect("there is something to take").path
}

fn snapshot_files(home: &Path) -> usize {
    let files = fs::read_dir(home).expect("the directory is read");
    files
        .filter(|file| file.as_ref().is_ok_and(|file| file.path().extension().is_some_and(|end| end == "snap")))
        .count()
}

#[test]
fn recovery_reads_only_what_happened_since_the_snapshot() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(50);
    snapshot(&writer);
    let seq = writer.next_seq;
    writer.append(7);
    let hash = writer.state().hash();
    drop(writer);
    let recovered = opened(home.path()).reader.recover().expect("the journal recovers");
    assert_eq!(recovered.report.snapshot_seq, Some(seq));
    assert_eq!(recovered.report.entries_replayed, 7);
    assert_eq!(recovered.state.hash(), hash);
}

#[test]
fn the_last_two_snapshots_are_kept() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    for _ in 0..4 {
        writer.append(5);
        snapshot(&writer);
    }
    assert_eq!(snapshot_files(home.path()), 2);
}

#[test]
fn without_news_no_snapshot_is_taken() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    assert_eq!(take_snapshot(&writer.reader, Timestamp(0)), None);
    writer.append(5);
    snapshot(&writer);
    assert_eq!(take_snapshot(&writer.reader, Timestamp(0)), None);
}

#[test]
fn a_snapshot_is_due_after_so_many_events() {
    let home = tempfile::tempdir().expect("a directory");
    let options = JournalOptions { snapshot_every_events: 10, ..options() };
    let mut writer = Writer::new(open(home.path(), &options).expect("the journal opens"));
    writer.append(1);
    assert!(!writer.reader.snapshot_is_due(1));
    writer.append(10);
    assert!(writer.reader.snapshot_is_due(1));
    assert!(!writer.reader.snapshot_is_due(100), "a large state is not written down over and over");
    snapshot(&writer);
    assert!(!writer.reader.snapshot_is_due(1));
}

#[test]
fn a_flipped_bit_anywhere_in_a_snapshot_makes_recovery_fall_back() {
    let home = quick_directory();
    let mut writer = Writer::new(opened(home.path()));
    writer.append(10);
    snapshot(&writer);
    let older = writer.next_seq;
    writer.append(10);
    let newest = snapshot(&writer);
    writer.append(3);
    let hash = writer.state().hash();
    let good = fs::read(&newest).expect("the snapshot is read");
    let stride = flip_stride(good.len().div_ceil(200));
    for place in (0..good.len()).step_by(stride) {
        let mut bad = good.clone();
        bad[place] ^= 1 << (place % 8);
        fs::write(&newest, bad).expect("the snapshot is written");
        let recovered = writer.reader.recover().expect("the journal recovers");
        assert_eq!(recovered.report.snapshot_seq, Some(older), "byte {place}");
        assert_eq!(recovered.report.snapshots_refused[0].path, newest);
        assert_eq!(recovered.state.hash(), hash);
    }
    for length in (0..good.len()).step_by(stride) {
        fs::write(&newest, &good[..length]).expect("the snapshot is written");
        let recovered = writer.reader.recover().expect("the journal recovers");
        assert_eq!(recovered.report.snapshot_seq, Some(older), "cut at {length}");
    }
}

#[test]
fn a_snapshot_holds_the_state_as_it_was_frozen() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(700);
    let (seq, state) = (writer.next_seq, writer.state());
    let frozen = state.freeze();
    let digest = frozen.digest();
    writer.append(9);
    assert_eq!((digest.next_seq, digest.hash), (seq, state.hash()));
    let taken = writer.reader.take_snapshot(frozen, Timestamp(0)).expect("no error");
    assert_eq!(taken.expect("there is something to take").seq, seq);
    let recovered = writer.reader.recover().expect("the journal recovers");
    assert_eq!((recovered.report.snapshot_seq, recovered.report.entries_replayed), (Some(seq), 9));
    assert_eq!(recovered.state.hash(), writer.state().hash());
}

#[test]
fn no_snapshot_is_taken_of_what_is_not_durable() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(5);
    let batch = writer.batch(1);
    let ahead = writer.state().freeze();
    assert_eq!(writer.reader.take_snapshot(ahead.clone(), Timestamp(0)).expect("no error"), None);
    writer.journal.append(&batch).expect("the batch is appended");
    assert!(writer.reader.take_snapshot(ahead, Timestamp(0)).expect("no error").is_some());
}

#[test]
fn of_two_snapshots_that_are_kept_none_is_bad() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(5);
    snapshot(&writer);
    let good = writer.next_seq;
    writer.append(5);
    let newest = snapshot(&writer);
    writer.append(5);
    let state = writer.state();
    let whole = fs::read(&newest).expect("the snapshot is read");
    fs::write(&newest, &whole[..whole.len() - 1]).expect("the snapshot is written");
    writer.reader.take_snapshot(state.freeze(), Timestamp(i64::from(u32::MAX))).expect("the snapshot is taken");
    assert!(!newest.exists(), "what is no good is not kept to fall back to");
    let last = fs::read_dir(home.path()).expect("the directory is read").filter_map(|file| {
        let path = file.expect("the directory is read").path();
        path.extension().is_some_and(|end| end == "snap").then_some(path)
    });
    let last = last.max().expect("there is the last");
    fs::write(last, b"nothing").expect("the snapshot is written");
    let recovered = writer.reader.recover().expect("the one before serves");
    assert_eq!((recovered.report.snapshot_seq, recovered.state.hash()), (Some(good), state.hash()));
}

#[test]
fn without_any_good_snapshot_recovery_starts_from_the_first_entry() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(10);
    let path = snapshot(&writer);
    fs::write(path, b"nothing").expect("the snapshot is written");
    let recovered = writer.reader.recover().expect("the journal recovers");
    assert_eq!(recovered.report.snapshot_seq, None);
    assert_eq!(recovered.state.hash(), writer.state().hash());
}

#[test]
fn a_snapshot_of_another_journal_is_refused() {
    let (home, other) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let mut foreign = Writer::new(opened(other.path()));
    foreign.append(2);
    let path = snapshot(&foreign);
    let mut writer = Writer::new(opened(home.path()));
    writer.append(10);
    fs::copy(&path, home.path().join(path.file_name().expect("a file has a name"))).expect("the file is copied");
    let recovered = writer.reader.recover().expect("the journal recovers");
    assert_eq!(recovered.report.snapshots_refused.len(), 1);
    assert_eq!(recovered.state.hash(), writer.state().hash());
}

#[test]
fn entries_that_no_snapshot_needs_are_dropped_when_they_are_old_enough() {
    let home = tempfile::tempdir().expect("a directory");
    let options = JournalOptions { retention: Millis::from_secs(1), ..options() };
    let mut writer = Writer::new(open(home.path(), &options).expect("the journal opens"));
    writer.append(20);
    snapshot(&writer);
    writer.append(20);
    writer.checkpoint();
    assert_eq!(writer.reader.usage().entries, 40, "the only snapshot may turn out to be bad");
    let older = writer.next_seq;
    snapshot(&writer);
    writer.append(20);
    let newest = snapshot(&writer);
    writer.append(20);
    writer.checkpoint();
    assert_eq!(writer.reader.usage().entries, 40, "what the older of two snapshots needs is kept");
    let hash = writer.state().hash();
    fs::write(&newest, b"nothing").expect("the snapshot is written");
    let recovered = writer.reader.recover().expect("the older snapshot serves");
    assert_eq!((recovered.report.snapshot_seq, recovered.state.hash()), (Some(older), hash));

    for file in fs::read_dir(home.path()).expect("the directory is read") {
        let path = file.expect("the directory is read").path();
        if path.extension().is_some_and(|end| end == "snap") {
            fs::remove_file(path).expect("the snapshot is removed");
        }
    }
    let error = writer.reader.recover().expect_err("the first entries are gone");
    assert!(matches!(error, JournalError::Unrecoverable { .. }), "{error}");
}

#[test]
fn young_entries_are_kept_although_no_snapshot_needs_them() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    for _ in 0..3 {
        writer.append(10);
        let now = writer.entries.last().expect("there are entries").at;
        take_snapshot(&writer.reader, now);
    }
    writer.append(10);
    writer.checkpoint();
    assert_eq!(writer.reader.usage().entries, 40);
}

#[test]
fn snapshots_are_taken_while_batches_are_appended() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(10);
    let reader = writer.reader.clone();
    let taking = std::thread::spawn(move || {
        let mut taken = 0;
        while taken < 3 {
            taken += u32::from(take_snapshot(&reader, Timestamp(0)).is_some());
        }
    });
    while !taking.is_finished() {
        writer.append(3);
    }
    taking.join().expect("the snapshots are taken");
    writer.journal.append(&Batch { published_through: 1, ..Batch::default() }).expect("the batch is appended");
    let recovered = writer.reader.recover().expect("the journal recovers");
    assert_eq!(recovered.state.hash(), writer.state().hash());
}

#[test]
fn what_is_left_of_an_unfinished_snapshot_is_removed_when_the_journal_is_opened() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(5);
    drop(writer);
    let unfinished = home.path().join("snapshot.new");
    fs::write(&unfinished, b"half of it").expect("the file is written");
    rolecall::journal::inspect(home.path()).expect("it is looked into");
    assert!(unfinished.exists(), "looking changes nothing");
    drop(opened(home.path()));
    assert!(!unfinished.exists());
}

#[test]
fn there_is_room_for_a_snapshot_where_the_reserve_is_left() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(open(home.path(), &options()).expect("the journal opens"));
    writer.append(20);
    snapshot(&writer);
    writer.reader.check_room_for_snapshot().expect("there is room");
    drop(writer);
    let scarce = JournalOptions { disk_reserve_bytes: u64::MAX, ..options() };
    let reader = open(home.path(), &scarce).expect("the journal opens").reader;
    let error = reader.check_room_for_snapshot().expect_err("it is all reserve");
    assert!(matches!(error, JournalError::NoRoom { .. }), "{error}");
}
