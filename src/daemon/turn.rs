//! Work that is done by one at a time, and never waited for: whoever does not get the turn lets it be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody is at it. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct OneAtATime(Arc<AtomicBool>);

/// The right to be the one. Given back when it is dropped: also where the work ends in a panic, or is never done.
#[derive(Debug)]
pub(super) struct Turn(Arc<AtomicBool>);

impl OneAtATime {
    /// The turn, where nobody has it.
    pub(super) fn take_turn(&self) -> Option<Turn> {
        (!self.0.swap(true, Ordering::AcqRel)).then(|| Turn(Arc::clone(&self.0)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_given_back_when_the_work_is_done_and_when_it_panics() {
        let work = OneAtATime::default();
        let turn = work.take_turn().expect("nobody is at it");
        assert!(work.take_turn().is_none());
        drop(turn);
        let turn = work.take_turn().expect("it is done");
        let panicking = std::thread::spawn(move || {
            let _turn = turn;
            panic!("as planned");
        });
        assert!(panicking.join().is_err());
        assert!(work.take_turn().is_some());
    }
}
