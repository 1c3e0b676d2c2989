//! Snapshots of the engine's state: the writer freezes it, and when the batch that goes with it is durable somebody
//! else writes it down.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::journal::JournalReader;
use crate::routing::{Frozen, State, Timestamp};
use crate::telemetry::occurrence::{SnapshotFailed, SnapshotTaken};

use super::turn::{OneAtATime, Turn};
use super::{DaemonError, Host};

/// How long after a failure the next is not begun: what failed writes as much as a snapshot is long, and would again.
const REST: Duration = Duration::from_mins(1);

/// Takes snapshots, one at a time.
#[derive(Debug, Clone)]
pub(super) struct Snapshots {
    reader: JournalReader,
    taking: OneAtATime,
    /// Until when none is begun, since the last failed.
    rests_until: Arc<Mutex<Option<Instant>>>,
}

/// A snapshot that is to be taken.
#[derive(Debug)]
pub(super) struct Begun {
    state: Frozen,
    turn: Turn,
}

impl Snapshots {
    pub(super) fn of(reader: JournalReader) -> Self {
        Self { reader, taking: OneAtATime::default(), rests_until: Arc::default() }
    }

    /// The state, frozen, where a snapshot of it is to be taken now.
    pub(super) fn begin(&self, state: &State) -> Option<Begun> {
        if !self.reader.snapshot_is_due(state.size()) || self.rests() {
            return None;
        }
        let turn = self.taking.take_turn()?;
        match self.reader.check_room_for_snapshot() {
            Ok(()) => Some(Begun { state: state.freeze(), turn }),
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    /// Has the state written down that was frozen when it began, which is durable by now.
    pub(super) fn take_on(&self, host: &dyn Host, begun: Begun) {
        let (this, now) = (self.clone(), host.now());
        if let Err(source) = host.in_background("snapshot", Box::new(move || this.take(begun, now))) {
            self.failed(&DaemonError::System { what: "start a thread", source });
        }
    }

    /// Writes down the state that was frozen when it began, which is durable by now. Takes as long as the disk does.
    fn take(&self, begun: Begun, now: Timestamp) {
        let started_at = Instant::now();
        let Begun { state, turn } = begun;
        // A panic would end the thread, and nobody hear of it. A snapshot that is half made is nobody's.
        match catch_unwind(AssertUnwindSafe(|| self.reader.take_snapshot(state, now))) {
            Ok(Ok(taken)) => {
                self.rest_until(None);
                if let Some(report) = taken {
                    SnapshotTaken { seq: report.seq, bytes: report.bytes, took: started_at.elapsed() }.emit();
                }
            }
            Ok(Err(error)) => self.failed(&error),
            Err(_) => self.failed(&DaemonError::Panicked("snapshot")),
        }
        drop(turn);
    }

    fn failed(&self, error: &impl std::error::Error) {
        SnapshotFailed { error: &error.to_string() }.emit();
        self.rest_until(Some(Instant::now() + REST));
    }

    fn rest_until(&self, moment: Option<Instant>) {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = moment;
    }

    fn rests(&self) -> bool {
        let rests_until = *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        rests_until.is_some_and(|until| Instant::now() < until)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};

    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::daemon::planned_storage::PlannedStorage;
    use crate::journal::{Batch, Entry, Journal, JournalOptions, Opened, RedbJournal, open, open_on};
    use crate::routing::{Command, Event, Identity, Rejection, RejectionCode};

    /// A journal of which a snapshot is due, and the state that it is due of.
    fn due(directory: &Path, options: &JournalOptions) -> (RedbJournal, Snapshots, State) {
        let options = JournalOptions { snapshot_every_events: 1, ..options.clone() };
        due_of(open(directory, &options).expect("the journal opens"))
    }

    fn due_of(opened: Opened) -> (RedbJournal, Snapshots, State) {
        let Opened { mut journal, reader } = opened;
        let rejection = Rejection { code: RejectionCode::UnknownTicket, detail: "no such ticket".to_owned() };
        let events = vec![Event::CommandRejected { rejection, ticket: None, agent: None }; 2];
        let entry = Entry { first_seq: 1, at: Timestamp(1), command: Command::Elapse, events };
        journal.append(&Batch { entries: vec![entry], ..Batch::default() }).expect("appended");
        let state = reader.recover().expect("the journal recovers").state;
        (journal, Snapshots::of(reader), state)
    }

    #[test]
    fn a_snapshot_that_panics_or_is_never_taken_is_not_the_last() {
        let directory = tempfile::tempdir().expect("a directory");
        let (_journal, snapshots, state) = due(directory.path(), &JournalOptions::default());
        let begun = snapshots.begin(&state).expect("it is due");
        assert!(snapshots.begin(&state).is_none(), "one at a time");
        let panicking = std::thread::spawn(move || {
            let _begun = begun;
            panic!("as planned");
        });
        assert!(panicking.join().is_err());
        drop(snapshots.begin(&state).expect("nobody is at it"));
        let begun = snapshots.begin(&state).expect("nobody is at it");
        snapshots.take(begun, Timestamp(1));
        assert!(snapshots.begin(&state).is_none(), "it was taken");
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_the_next_waits_a_minute() {
        let directory = tempfile::tempdir().expect("a directory");
        let (_journal, snapshots, state) = due(directory.path(), &JournalOptions::default());
        // In its way, so that it can't be written.
        let new = directory.path().join("snapshot.new");
        std::fs::create_dir(&new).expect("made");
        snapshots.take(snapshots.begin(&state).expect("it is due"), Timestamp(1));
        std::fs::remove_dir(&new).expect("removed");
        assert!(snapshots.begin(&state).is_none(), "it failed just now");
        tokio::time::advance(REST / 2).await;
        assert!(snapshots.begin(&state).is_none(), "it failed a moment ago");
        tokio::time::advance(REST / 2).await;
        assert!(snapshots.begin(&state).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_panics_while_it_is_taken_is_told_of_and_rests_as_one_that_fails() {
        let directory = tempfile::tempdir().expect("a directory");
        let options = JournalOptions { snapshot_every_events: 1, log_bytes: 64 << 10, ..JournalOptions::default() };
        let is_rotten = Arc::new(AtomicBool::new(false));
        let found_rotten = Arc::clone(&is_rotten);
        let rotten = PlannedStorage::new(move || assert!(!found_rotten.load(Ordering::Acquire), "as planned"));
        let identity = Identity { instance: 1, seed: 1 };
        let opened = open_on(directory.path(), rotten, InMemoryBackend::new(), identity, &options);
        let (_journal, snapshots, state) = due_of(opened.expect("the journal opens"));
        is_rotten.store(true, Ordering::Release);
        // What is taken in was in the log alone; a snapshot has the database get it.
        snapshots.take(snapshots.begin(&state).expect("it is due"), Timestamp(1));
        is_rotten.store(false, Ordering::Release);
        assert!(snapshots.rests(), "it failed");
        tokio::time::advance(REST).await;
        assert!(!snapshots.rests());
    }

    #[tokio::test(start_paused = true)]
    async fn none_is_begun_where_it_would_use_the_reserve() {
        let directory = tempfile::tempdir().expect("a directory");
        let options = JournalOptions { disk_reserve_bytes: u64::MAX, ..JournalOptions::default() };
        let (_journal, snapshots, state) = due(directory.path(), &options);
        assert!(snapshots.begin(&state).is_none());
        tokio::time::advance(REST).await;
        assert!(snapshots.begin(&state).is_none(), "there is no more room than before");
        assert!(!directory.path().join("snapshot.new").exists());
    }
}
