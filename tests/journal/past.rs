//! The state of any moment of the past, for as long as the past is kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rolecall::journal::{Journal, JournalError, JournalOptions, JournalReader, open, open_on, verify};
use rolecall::routing::{Identity, Millis, State, Timestamp};

use crate::storage::FaultyStorage;
use crate::support::{Writer, opened, options, quick_directory, take_snapshot};

const RETENTION: Millis = Millis::from_secs(100);
/// Entries between two snapshots: some twelve seconds.
const STRIDE: usize = 7;
/// So many of these take more than three times the retention.
const ROUNDS: usize = 24;
/// Every so many entries the past is looked at: no divisor of the stride, so that it is now here and now there.
const EVERY: usize = 13;
/// So many snapshots are kept at most: one from before the retention, four within it, the last two.
const SNAPSHOTS_MAX: usize = 7;

/// What there was after each entry, in order: when, and the state's hash.
#[derive(Default)]
struct Chronicle {
    moments: Vec<(Timestamp, u64)>,
    state: Option<State>,
}

impl Chronicle {
    /// Follows a writer.
    fn follow(&mut self, writer: &Writer) {
        let state = self.state.get_or_insert_with(|| State::new(writer.reader.identity()));
        for entry in writer.entries.iter().skip(self.moments.len()) {
            entry.events.iter().for_each(|event| state.apply(entry.at, event));
            self.moments.push((entry.at, state.hash()));
        }
    }

    fn now(&self) -> Timestamp {
        self.moments.last().expect("something happened").0
    }

    /// That moment is told as it was, and so are some since.
    #[track_caller]
    fn assert_known_since(&self, since: Timestamp, reader: &JournalReader) {
        let (before, after) = self.moments.split_at(self.moments.partition_point(|(at, _)| *at <= since));
        let first = before.last().map(|(_, hash)| (since, *hash));
        for (at, hash) in first.into_iter().chain(after.iter().copied().step_by(EVERY)) {
            let then = reader.state_at(at).unwrap_or_else(|error| panic!("{}: {error}", at.0));
            assert_eq!(then.hash(), hash, "at {}", at.0);
        }
    }
}

fn keeping() -> JournalOptions {
    JournalOptions { retention: RETENTION, ..options() }
}

fn snapshot_files(home: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(home).expect("the directory is read");
    let paths = files.map(|file| file.expect("the directory is read").path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "snap")).collect();
    paths.sort();
    paths
}

/// Appends some, takes a snapshot at the time of the last, and lets the next batches drop what they may.
fn go_on(writer: &mut Writer, chronicle: &mut Chronicle) {
    writer.append(STRIDE);
    chronicle.follow(writer);
    take_snapshot(&writer.reader, chronicle.now());
    writer.append(1);
    chronicle.follow(writer);
}

#[test]
fn the_state_of_any_moment_is_the_one_that_was() {
    let home = quick_directory();
    let mut writer = Writer::new(opened(home.path()));
    for batches in [4, 3, 5, 2] {
        writer.append(batches);
        // At a time at which nothing is old enough to be dropped.
        take_snapshot(&writer.reader, Timestamp(0));
    }
    let mut state = State::new(writer.reader.identity());
    let mut before = Timestamp(-1);
    for entry in &writer.entries {
        let then = writer.reader.state_at(before).expect("the past is there");
        assert_eq!((then.hash(), then.next_seq()), (state.hash(), entry.first_seq));
        entry.events.iter().for_each(|event| state.apply(entry.at, event));
        before = entry.at;
    }
    assert_eq!(writer.reader.state_at(Timestamp(i64::MAX)).expect("the past is there").hash(), state.hash());
}

#[test]
fn any_moment_within_the_retention_can_be_told_and_little_more_is_kept() {
    let home = quick_directory();
    let mut writer = Writer::new(open(home.path(), &keeping()).expect("the journal opens"));
    let mut chronicle = Chronicle::default();
    for round in 0..ROUNDS {
        go_on(&mut writer, &mut chronicle);
        let now = chronicle.now();
        chronicle.assert_known_since(now - RETENTION, &writer.reader);
        assert!(snapshot_files(home.path()).len() <= SNAPSHOTS_MAX, "round {round}");
        let first = writer.reader.span().expect("the entries are read").expect("there are some").first;
        // A quarter more, and what happens between two snapshots, twice.
        let kept_max = Millis(RETENTION.0 + RETENTION.0 / 4 + 2 * 15_000);
        assert!(now.since(first) <= kept_max, "round {round}: {} ms are kept", now.since(first).0);
    }
    drop(writer);
    assert_eq!(verify(home.path()).expect("the journal is read").problems, Vec::<String>::new());
}

#[test]
fn a_moment_that_is_forgotten_is_told_of_and_never_made_up() {
    let home = quick_directory();
    let mut writer = Writer::new(open(home.path(), &keeping()).expect("the journal opens"));
    let mut chronicle = Chronicle::default();
    for _ in 0..ROUNDS {
        go_on(&mut writer, &mut chronicle);
    }
    let Err(error) = writer.reader.state_at(Timestamp(0)) else { panic!("that moment is forgotten") };
    let JournalError::Forgotten { since: Some(since), .. } = error else { panic!("{error}") };
    assert!(error.to_string().contains("how things stood at 1970-01-01T00:00:00Z: ask for 1970-01-01T"), "{error}");
    assert!(since <= chronicle.now() - RETENTION);
    chronicle.assert_known_since(since, &writer.reader);
    for (at, _) in chronicle.moments.iter().filter(|(at, _)| *at < since) {
        let forgotten = writer.reader.state_at(*at);
        assert!(matches!(forgotten, Err(JournalError::Forgotten { .. })), "at {}: {forgotten:?}", at.0);
    }
}

#[test]
fn a_snapshot_that_is_no_good_does_not_cost_the_past_before_it() {
    let home = quick_directory();
    let mut writer = Writer::new(open(home.path(), &keeping()).expect("the journal opens"));
    let mut chronicle = Chronicle::default();
    for round in 0..ROUNDS {
        go_on(&mut writer, &mut chronicle);
        if round % 5 == 4 {
            // The next from which the past would be told, before what is older than it is let go of.
            let path = &snapshot_files(home.path())[1];
            fs::write(path, b"nothing").expect("the snapshot is written");
        }
        chronicle.assert_known_since(chronicle.now() - RETENTION, &writer.reader);
    }
    assert!(snapshot_files(home.path()).len() <= SNAPSHOTS_MAX);
    let span = writer.reader.span().expect("the entries are read").expect("there are some");
    assert!(!span.is_whole, "something is dropped all the same");
}

#[test]
fn killed_after_a_snapshot_it_goes_on_with_what_is_there() {
    let home = quick_directory();
    let mut writer = Writer::new(open(home.path(), &keeping()).expect("the journal opens"));
    let mut chronicle = Chronicle::default();
    for round in 0..ROUNDS {
        go_on(&mut writer, &mut chronicle);
        let spare = quick_directory();
        for path in snapshot_files(home.path()) {
            fs::copy(&path, spare.path().join(path.file_name().expect("a file has a name"))).expect("it is copied");
        }
        writer.append(STRIDE);
        chronicle.follow(&writer);
        take_snapshot(&writer.reader, chronicle.now());
        if round % 2 == 0 {
            // It died before a file was removed.
            for path in snapshot_files(spare.path()) {
                fs::copy(&path, home.path().join(path.file_name().expect("a file has a name"))).expect("it is copied");
            }
        }
        // And before an entry was dropped.
        let entries = std::mem::take(&mut writer.entries);
        drop(writer);
        writer = Writer::new(open(home.path(), &keeping()).expect("the journal opens"));
        writer.entries = entries;
        assert_eq!(writer.reader.recover().expect("it recovers").state.hash(), writer.state().hash());
        chronicle.assert_known_since(chronicle.now() - RETENTION, &writer.reader);
    }
    go_on(&mut writer, &mut chronicle);
    assert!(snapshot_files(home.path()).len() <= SNAPSHOTS_MAX);
}

#[test]
fn without_power_while_entries_are_dropped_the_past_is_there() {
    let identity = Identity { instance: 7, seed: 9 };
    let broken_after = |operations: u64| {
        let home = quick_directory();
        let (disk, log) = (FaultyStorage::default(), FaultyStorage::default());
        let opened = open_on(home.path(), disk.clone(), log.clone(), identity, &keeping());
        let mut writer = Writer::new(opened.expect("it opens"));
        let mut chronicle = Chronicle::default();
        for _ in 0..14 {
            go_on(&mut writer, &mut chronicle);
        }
        let first = writer.reader.span().expect("the entries are read").expect("there are some").first;
        writer.append(30);
        chronicle.follow(&writer);
        take_snapshot(&writer.reader, chronicle.now());
        disk.break_after(operations, io::ErrorKind::Other);
        let batch = writer.batch(2);
        writer.journal.append(&batch).expect("the log has it");
        let checkpointed = writer.reader.checkpoint().is_ok();
        chronicle.follow(&writer);
        let durable = [&disk, &log].map(|file| FaultyStorage::holding(file.synced()));
        drop(writer);
        let [disk, log] = durable;
        let reader = open_on(home.path(), disk, log, identity, &keeping()).expect("it opens again").reader;
        chronicle.assert_known_since(chronicle.now() - RETENTION, &reader);
        let first_now = reader.span().expect("the entries are read").expect("there are some").first;
        (checkpointed, first_now > first)
    };
    let mut outcomes = Vec::new();
    for operations in 0.. {
        outcomes.push(broken_after(operations));
        if outcomes.last().is_some_and(|(checkpointed, _)| *checkpointed) {
            break;
        }
    }
    assert!(outcomes.len() > 5, "it broke at several places");
    assert_eq!(outcomes.last(), Some(&(true, true)), "the checkpoint that is whole drops entries");
    assert!(outcomes.iter().any(|(_, dropped)| !dropped), "one that is cut off drops none");
}
