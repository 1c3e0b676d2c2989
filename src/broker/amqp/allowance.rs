//! How much may have been received and not be settled: what keeps a queue of huge messages out of memory.
//!
//! The broker bounds what it sends ahead by number alone, and lapin keeps all that comes. So once too much is held, no more
//! is read from the socket, and TCP holds the broker back until something is settled.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;

use super::ledger::Settled;

/// Shorter bodies are not counted: the prefetch bounds them, to 125 MiB in all.
pub(super) const HEAVY: u64 = 64 << 10;

/// What one connection holds.
#[derive(Debug)]
pub(super) struct Allowance {
    /// All that the heavier ones may weigh together.
    held_max: u64,
    held: AtomicU64,
    reader: Mutex<Option<Waker>>,
}

impl Allowance {
    pub(super) fn new(held_max: u64) -> Self {
        Self { held_max, held: AtomicU64::new(0), reader: Mutex::default() }
    }

    /// A body of that length begins to come.
    pub(super) fn begins(&self, length: u64) {
        if length >= HEAVY {
            self.held.fetch_add(length, Ordering::AcqRel);
        }
    }

    /// So much of it is settled.
    pub(super) fn give_back(&self, length: u64) {
        if length > 0 {
            self.held.fetch_sub(length, Ordering::AcqRel);
            if let Some(reader) = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take() {
                reader.wake();
            }
        }
    }

    /// Whether no more should be read, while a body of that length is coming. That alone is always let in, since
    /// nothing could be settled before it.
    pub(super) fn is_used_up(&self, coming: u64) -> bool {
        let held = self.held.load(Ordering::Acquire);
        held > self.held_max && held > coming
    }

    /// As [`is_used_up`](Self::is_used_up); where it is, whoever reads is woken when something was given back.
    pub(super) fn waits(&self, coming: u64, reader: &Waker) -> bool {
        if !self.is_used_up(coming) {
            return false;
        }
        *self.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(reader.clone());
        // It may have been given back in between.
        self.is_used_up(coming)
    }
}

/// What each of the heavy deliveries weighs that are not acknowledged, by tag.
#[derive(Debug, Default)]
pub(super) struct Burden(BTreeMap<u64, u64>);

impl Burden {
    pub(super) fn take_up(&mut self, tag: u64, length: usize) {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        if length >= HEAVY {
            self.0.insert(tag, length);
        }
    }

    /// Whether none of them is heavy.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What those weighed that are settled now.
    pub(super) fn put_down(&mut self, settled: &Settled) -> u64 {
        match settled {
            Settled::Through(tag) => {
                let rest = self.0.split_off(&tag.saturating_add(1));
                std::mem::replace(&mut self.0, rest).into_values().sum()
            }
            Settled::Each(tags) => tags.iter().filter_map(|tag| self.0.remove(tag)).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heavy_counts_until_it_is_settled_and_one_alone_is_let_in() {
        let max = 1 << 20;
        let allowance = Allowance::new(max);
        allowance.begins(HEAVY - 1);
        allowance.begins(max + 1);
        assert!(!allowance.is_used_up(max + 1), "nothing else is held");
        allowance.begins(HEAVY);
        assert!(allowance.waits(HEAVY, Waker::noop()));
        allowance.give_back(max + 1);
        assert!(!allowance.waits(HEAVY, Waker::noop()));
    }

    #[test]
    fn each_is_put_down_once() {
        let mut burden = Burden::default();
        for tag in 1..=4 {
            burden.take_up(tag, 100_000);
        }
        burden.take_up(5, 10);
        assert_eq!(burden.put_down(&Settled::Each(vec![2, 5])), 100_000);
        assert_eq!(burden.put_down(&Settled::Through(3)), 200_000);
        assert_eq!(burden.put_down(&Settled::Through(5)), 100_000);
    }
}
