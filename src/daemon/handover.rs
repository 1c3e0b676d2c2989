//! What has just become durable, handed on in memory to whoever would otherwise read it back from the journal.
//!
//! It is a shortcut and nothing depends on it: whoever does not find what comes next here reads the journal, and meets it
//! here again later. So it may leave out what it has no room for. It keeps what is oldest, which is fetched first: whoever
//! is slower than what comes still finds here as much as there is room for, and reads the rest.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// See the module.
#[derive(Debug)]
pub(super) struct Handover<T> {
    held: Arc<Mutex<Held<T>>>,
    weight_max: usize,
}

#[derive(Debug)]
struct Held<T> {
    items: VecDeque<Item<T>>,
    weight: usize,
}

#[derive(Debug)]
struct Item<T> {
    number: u64,
    /// The number of what comes behind it.
    next: u64,
    weight: usize,
    value: T,
}

impl<T> Clone for Handover<T> {
    fn clone(&self) -> Self {
        Self { held: Arc::clone(&self.held), weight_max: self.weight_max }
    }
}

impl<T> Handover<T> {
    /// One that holds as much as that, in whatever the weights are counted in.
    pub(super) fn new(weight_max: usize) -> Self {
        let held = Held { items: VecDeque::new(), weight: 0 };
        Self { held: Arc::new(Mutex::new(held)), weight_max }
    }

    fn held(&self) -> MutexGuard<'_, Held<T>> {
        // Nothing that holds it leaves it half changed.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These follow: each with its number, the number behind it, and its weight. What there is no room for is left out.
    pub(super) fn add(&self, items: impl IntoIterator<Item = (u64, u64, usize, T)>) {
        let mut held = self.held();
        for (number, next, weight, value) in items {
            let comes_behind = held.items.back().is_none_or(|last| last.next <= number);
            if comes_behind && held.weight + weight <= self.weight_max {
                held.weight += weight;
                held.items.push_back(Item { number, next, weight, value });
            }
        }
    }

    /// What goes on with that number: so many at most, in order; nothing where that is not here.
    pub(super) fn take_from(&self, number: u64, count_max: usize) -> Vec<T> {
        let mut held = self.held();
        while let Some(passed) = held.items.pop_front_if(|item| item.number < number) {
            held.weight -= passed.weight;
        }
        let mut next = number;
        let follows = held.items.iter().take(count_max).take_while(|item| {
            let follows = item.number == next;
            next = item.next;
            follows
        });
        let count = follows.count();
        let taken: Vec<Item<T>> = held.items.drain(..count).collect();
        held.weight -= taken.iter().map(|item| item.weight).sum::<usize>();
        taken.into_iter().map(|item| item.value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Handover;

    fn of(numbers: std::ops::Range<u64>) -> impl Iterator<Item = (u64, u64, usize, u64)> {
        numbers.map(|number| (number, number + 1, 1, number))
    }

    #[test]
    fn what_follows_is_handed_on_in_order_and_once() {
        let handover = Handover::new(100);
        handover.add(of(5..9));
        assert!(handover.take_from(4, 10).is_empty(), "4 is only in the journal");
        assert_eq!(handover.take_from(5, 2), [5, 6]);
        assert!(handover.take_from(5, 2).is_empty(), "it was handed on");
        assert_eq!(handover.take_from(8, 10), [8], "7 was read from the journal");
    }

    #[test]
    fn it_keeps_what_is_oldest_and_goes_on_with_what_comes_when_there_is_room() {
        let handover = Handover::new(4);
        handover.add(of(1..6));
        assert_eq!(handover.take_from(1, 3), [1, 2, 3]);
        handover.add(of(6..9));
        assert_eq!(handover.take_from(4, 10), [4], "5 was left out");
        assert!(handover.take_from(5, 10).is_empty());
        assert_eq!(handover.take_from(6, 10), [6, 7, 8]);
        handover.add([(9, 10, 5, 9), (10, 11, 4, 10)]);
        assert!(handover.take_from(9, 10).is_empty(), "one that is too heavy alone is not held");
        assert_eq!(handover.take_from(10, 10), [10]);
    }

    #[test]
    fn what_is_missing_in_between_is_not_passed_over() {
        let handover = Handover::new(100);
        handover.add(of(1..3));
        handover.add(of(5..7));
        assert_eq!(handover.take_from(1, 10), [1, 2]);
        assert!(handover.take_from(3, 10).is_empty());
        assert_eq!(handover.take_from(5, 10), [5, 6]);
    }
}
