//! Brings the chronicle what the journal has made durable, on a thread of its own and at its own pace.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::chronicle::{Chronicle, ChronicleError, Told};
use crate::journal::{Entry, JournalError, JournalReader};

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
}

/// Follows the journal until told to end.
pub(super) fn start(chronicle: Chronicle, journal: JournalReader, fresh: Handover<Entry>, end: CancellationToken) {
    let follow = move || {
        if let Err(cause) = fall_back(&chronicle, &journal) {
            error!(error = %cause, "the chronicle does not follow: reports lack what happened since");
        }
        while !end.is_cancelled() {
            match take_some(&chronicle, &journal, &fresh) {
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

/// It must not wait for numbers that the journal gives a second time, as though it had them already.
fn fall_back(chronicle: &Chronicle, journal: &JournalReader) -> Result<(), ChronicleError> {
    let lost = chronicle.go_back_to(journal.usage().next_seq)?;
    if lost > 0 {
        warn!(events = lost, "the chronicle knew of events that the journal has lost");
    }
    Ok(())
}

fn take_some(chronicle: &Chronicle, journal: &JournalReader, fresh: &Handover<Entry>) -> Result<usize, NotFollowed> {
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
    use super::*;
    use crate::journal::{Batch, Journal, JournalOptions, Opened, open};
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
