//! Work in no hurry, in small steps with a rest after each.
//!
//! Who computes for some milliseconds without a rest keeps a core for as long: Linux takes it away at the next tick (every
//! 4 ms at 250 Hz), and who was woken on that core meanwhile waits, also where another core has nothing to do. An event
//! that goes from process to process meets that on its way. A nicer thread does not help: what a niceness weighs is
//! compared within one session or control group, and the broker is in another. A thread that sleeps does.

use std::cell::Cell;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use redb::StorageBackend;

/// So long a step takes, and a little more: until whatever it is at looks.
const STEP: Duration = Duration::from_micros(400);
/// As short as sleep gets; a timer of Linux comes some 50 µs late.
const REST: Duration = Duration::from_micros(50);
/// So often a piece of work rests, at most. One that is as large as that is waited for by somebody, or soon will be.
const RESTS_MAX: u32 = 1_000;

thread_local! {
    static STEPS: Cell<Option<Steps>> = const { Cell::new(None) };
}

/// How far this thread's work has come.
#[derive(Debug, Clone, Copy)]
struct Steps {
    since: Instant,
    rests_left: u32,
}

/// Does a piece of work that rests wherever it says [`rest_where_due`], or writes to a [`Restful`] storage.
pub(crate) fn at_leisure<T>(work: impl FnOnce() -> T) -> T {
    let _leisure = Leisure { before: STEPS.replace(Some(Steps { since: Instant::now(), rests_left: RESTS_MAX })) };
    work()
}

/// Ends with the work, also where that panics: a thread of the pool does something else afterwards.
struct Leisure {
    before: Option<Steps>,
}

impl Drop for Leisure {
    fn drop(&mut self) {
        STEPS.set(self.before);
    }
}

/// Rests, where this thread works at leisure and its step has taken long enough. Costs anybody else nothing.
pub(crate) fn rest_where_due() {
    let Some(Steps { since, rests_left }) = STEPS.get() else { return };
    if rests_left > 0 && since.elapsed() >= STEP {
        thread::sleep(REST);
        STEPS.set(Some(Steps { since: Instant::now(), rests_left: rests_left - 1 }));
    }
}

/// Whether this thread works at leisure.
#[cfg(test)]
pub(crate) fn is_at_leisure() -> bool {
    STEPS.get().is_some()
}

/// A storage to which a database's pages are written at leisure: a commit is half of what a checkpoint takes.
#[derive(Debug)]
pub(crate) struct Restful<S>(pub(crate) S);

impl<S: StorageBackend> StorageBackend for Restful<S> {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)?;
        rest_where_due();
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;

    fn rests_left() -> Option<u32> {
        STEPS.get().map(|steps| steps.rests_left)
    }

    fn busy() {
        let begun = Instant::now();
        while begun.elapsed() < STEP {}
    }

    #[test]
    fn a_step_that_took_long_enough_is_followed_by_one_rest() {
        at_leisure(|| {
            let step = STEPS.get().expect("at leisure");
            busy();
            rest_where_due();
            assert_eq!(rests_left(), Some(RESTS_MAX - 1));
            assert!(STEPS.get().is_some_and(|next| next.since >= step.since + STEP + REST), "it slept");
        });
    }

    #[test]
    fn writing_pages_is_work_too() {
        let storage = Restful(InMemoryBackend::new());
        storage.set_len(4_096).expect("there is room");
        at_leisure(|| {
            busy();
            storage.write(0, &[7; 4_096]).expect("there is room");
            assert_eq!(rests_left(), Some(RESTS_MAX - 1));
        });
    }

    #[test]
    fn what_never_ends_rests_no_more() {
        at_leisure(|| {
            STEPS.set(Some(Steps { since: Instant::now(), rests_left: 0 }));
            busy();
            let before = STEPS.get().map(|steps| steps.since);
            rest_where_due();
            assert_eq!(STEPS.get().map(|steps| steps.since), before, "it went on at once");
        });
    }

    #[test]
    fn nobody_else_rests_not_even_the_same_thread_after_a_panic() {
        let failed = std::panic::catch_unwind(|| at_leisure(|| panic!("as planned")));
        assert!(failed.is_err());
        assert_eq!(rests_left(), None);
        rest_where_due();
        assert_eq!(rests_left(), None);
    }
}
