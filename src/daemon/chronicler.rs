//! Brings the chronicle what the journal has made durable, on a thread of its own and at its own pace.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::chronicle::{Chronicle, ChronicleError, Told};
use crate::journal::{Entry, JournalError, JournalReader};
use crate::leisure::at_leisure;

use super::handover::Handover;

/// How often it looks for something new.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long it waits after something went wrong.
const WAIT_AFTER_ERROR: Duration = Duration::from_secs(10);
/// The most bytes of entries that are held for it in memory: some seconds of a busy centre. What it has not fetched by then
/// it reads.
pub(super) const FRESH_BYTES_MAX: usize = 32 << 20;
/// The most entries that it takes at once.
const ENTRIES_MAX: usize = 4_096;
/// What it leaves to others between two of those: it may have millions to catch up with.
const BREATH: Duration = Duration::from_millis(20);

/// What an entry of that length in the journal weighs in memory, in bytes: what it is of, and as much as was written for what
/// hangs on it.
pub(super) fn weight(entry: &Entry, length: usize) -> usize {
    size_of::<Entry>() + size_of_val(entry.events.as_slice()) + length
}

#[derive(Debug, thiserror::Error)]
enum NotFollowed {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Chronicle(#[from] ChronicleError),
    #[error("it ended in a panic; what that said is on the standard error")]
    Panicked,
}

/// Follows the journal until told to end.
pub(super) fn start(chronicle: Chronicle, journal: JournalReader, fresh: Handover<Entry>, end: CancellationToken) {
    let follow = move || {
        if let Err(cause) = watched(|| fall_back(&chronicle, &journal)) {
            error!(error = %cause, "the chronicle does not follow: reports lack what happened since");
        }
        while !end.is_cancelled() {
            match watched(|| at_leisure(|| take_some(&chronicle, &journal, &fresh))) {
                Ok(count) if count == ENTRIES_MAX => std::thread::sleep(BREATH),
                Ok(_) => std::thread::sleep(LOOK_EVERY),
                Err(cause) => {
                    error!(error = %cause, "the chronicle does not follow: reports lack what happened since");
                    std::thread::sleep(WAIT_AFTER_ERROR);
                }
            }
        }
    };
    if let Err(cause) = std::thread::Builder::new().name("chronicle".to_owned()).spawn(follow) {
        error!(error = %cause, "no thread for the chronicle");
    }
}

/// Does it, and takes a panic for a failure: it would end the thread, and nobody hear of it. It does not end the process, as
/// elsewhere: reports alone depend on the chronicle, whose database may panic over a damaged page after every start. Where it
/// was in the middle of writing, nothing more can be written before the next.
fn watched<T>(work: impl FnOnce() -> Result<T, NotFollowed>) -> Result<T, NotFollowed> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(NotFollowed::Panicked))
}

/// It must not wait for numbers that the journal gives a second time, as though it had them already.
fn fall_back(chronicle: &Chronicle, journal: &JournalReader) -> Result<(), NotFollowed> {
    let lost = chronicle.go_back_to(journal.usage().next_seq)?;
    if lost > 0 {
        warn!(events = lost, "the chronicle knew of events that the journal has lost");
    }
    Ok(())
}

/// Takes what comes next, and says how many entries. Where the disk is low it takes none: the reserve is the journal's, for
/// what is under way there, and a chronicle that has much to catch up with would use it up.
fn take_some(chronicle: &Chronicle, journal: &JournalReader, fresh: &Handover<Entry>) -> Result<usize, NotFollowed> {
    // A system that does not say how much is free keeps nobody from working.
    if journal.disk_is_low().unwrap_or(false) {
        return Ok(0);
    }
    let through = chronicle.through()?;
    let mut entries = fresh.take_from(through + 1, ENTRIES_MAX);
    if entries.is_empty() {
        entries = journal.entries_from(through + 1)?.take(ENTRIES_MAX).collect::<Result<_, _>>()?;
    }
    let told: Vec<Told> =
        entries.into_iter().map(|Entry { first_seq, at, events, .. }| Told { first_seq, at, events }).collect();
    if told.is_empty() {
        return Ok(0);
    }
    chronicle.take(&told)?;
    Ok(told.len())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::daemon::planned_storage::PlannedStorage;
    use crate::journal::{Batch, Journal, JournalOptions, Opened, open, open_with_backend};
    use crate::routing::{Command, Event, RoleName, Timestamp};

    #[test]
    fn of_large_entries_fewer_are_held() {
        const LENGTH: usize = 1 << 20;
        let fresh = Handover::new(FRESH_BYTES_MAX);
        let role = RoleName::parse("billing").expect("a name");
        for first_seq in 1..=100 {
            let events = vec![Event::RoleLooked { role: role.clone() }];
            let entry = Entry { first_seq, at: Timestamp(0), command: Command::Elapse, events };
            fresh.add([(first_seq, entry.next_seq(), weight(&entry, LENGTH), entry)]);
        }
        assert_eq!(fresh.take_from(1, 100).len(), FRESH_BYTES_MAX / LENGTH - 1);
    }

    #[test]
    fn a_panic_is_a_failure_that_is_told_of_and_leaves_what_there_was() {
        let is_rotten = Arc::new(AtomicBool::new(false));
        let found_rotten = Arc::clone(&is_rotten);
        let rotten = PlannedStorage::new(move || assert!(!found_rotten.load(Ordering::Acquire), "as planned"));
        let chronicle = Chronicle::open_with_backend(rotten, 1).expect("it can be made");
        let options = JournalOptions { log_bytes: 64 << 10, ..JournalOptions::default() };
        let opened = open_with_backend(InMemoryBackend::new(), InMemoryBackend::new(), &options);
        let Opened { mut journal, reader } = opened.expect("the journal opens");
        let events = vec![Event::RoleLooked { role: RoleName::parse("billing").expect("a name") }; 2];
        let entry = Entry { first_seq: 1, at: Timestamp(2), command: Command::Elapse, events };
        journal.append(&Batch { entries: vec![entry], ..Batch::default() }).expect("appended");

        let fresh = Handover::new(FRESH_BYTES_MAX);
        is_rotten.store(true, Ordering::Release);
        let told = watched(|| take_some(&chronicle, &reader, &fresh)).expect_err("it panics");
        assert!(matches!(told, NotFollowed::Panicked), "{told}");
        is_rotten.store(false, Ordering::Release);
        assert_eq!(chronicle.through().expect("it is read"), 0);
        // Where it was in the middle of writing, the database wants to be opened anew before it takes any more.
        let told = watched(|| take_some(&chronicle, &reader, &fresh)).expect_err("it takes no more");
        assert!(matches!(told, NotFollowed::Chronicle(_)), "{told}");
    }

    #[test]
    fn it_leaves_the_reserve_of_the_disk_to_the_journal() {
        let home = tempfile::tempdir().expect("a directory");
        let options = JournalOptions { log_bytes: 64 << 10, ..JournalOptions::default() };
        let fresh = Handover::new(FRESH_BYTES_MAX);
        for (disk_reserve_bytes, expected) in [(u64::MAX, 0), (0, 1)] {
            let options = JournalOptions { disk_reserve_bytes, ..options.clone() };
            let Opened { mut journal, reader } = open(home.path(), &options).expect("the journal opens");
            let chronicle = Chronicle::open(home.path(), reader.identity().instance).expect("it can be made");
            if reader.usage().next_seq == 1 {
                let events = vec![Event::RoleLooked { role: RoleName::parse("billing").expect("a name") }];
                let entry = Entry { first_seq: 1, at: Timestamp(2), command: Command::Elapse, events };
                journal.append(&Batch { entries: vec![entry], ..Batch::default() }).expect("appended");
            }
            assert_eq!(take_some(&chronicle, &reader, &fresh).expect("nothing fails"), expected);
            assert_eq!(chronicle.through().expect("it is read"), expected as u64);
        }
    }

    #[test]
    fn what_comes_under_the_numbers_of_what_the_journal_has_lost_is_taken() {
        let home = tempfile::tempdir().expect("a directory");
        let options = JournalOptions { log_bytes: 64 << 10, ..JournalOptions::default() };
        let Opened { mut journal, reader } = open(home.path(), &options).expect("the journal opens");
        let chronicle = Chronicle::open(home.path(), reader.identity().instance).expect("it can be made");
        let looked = || Event::RoleLooked { role: RoleName::parse("billing").expect("a name") };
        let lost = Told { first_seq: 1, at: Timestamp(1), events: vec![looked(); 10] };
        chronicle.take(&[lost]).expect("it is taken");

        fall_back(&chronicle, &reader).expect("it falls back");
        let entry = Entry { first_seq: 1, at: Timestamp(2), command: Command::Elapse, events: vec![looked(); 2] };
        journal.append(&Batch { entries: vec![entry], ..Batch::default() }).expect("appended");
        let fresh = Handover::new(FRESH_BYTES_MAX);
        assert_eq!(take_some(&chronicle, &reader, &fresh).expect("it follows"), 1);
        assert_eq!(chronicle.through().expect("it is read"), 2);
    }
}
