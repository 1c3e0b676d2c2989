//! A map that is nearly always small: the first entry lies in place, the next few in one row, whatever comes beyond them in
//! a tree.
//!
//! It says the same as a tree alone would. A step of the engine touches an agent or two; a new catalogue touches all.

use std::collections::{BTreeMap, btree_map};

/// How many lie in the row: more than most steps touch, few enough to be looked through.
const ROW_MAX: usize = 8;

/// A map that is nearly always small.
#[derive(Debug, Clone)]
pub(super) struct Few<K, V> {
    /// Any of them.
    one: Option<(K, V)>,
    /// In no particular order.
    row: Vec<(K, V)>,
    tree: Option<BTreeMap<K, V>>,
}

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self { one: None, row: Vec::new(), tree: None }
    }
}

impl<K: Ord, V> Few<K, V> {
    #[inline]
    pub(super) fn contains(&self, key: &K) -> bool {
        self.one.as_ref().is_some_and(|(known, _)| known == key) || self.is_beyond(key)
    }

    /// Whether it is among those that do not lie in place.
    fn is_beyond(&self, key: &K) -> bool {
        self.row.iter().any(|(known, _)| known == key) || self.tree.as_ref().is_some_and(|tree| tree.contains_key(key))
    }

    /// Takes in what is not there; what is there stays as it is.
    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.contains(&key) {
            return;
        }
        if self.one.is_none() {
            self.one = Some((key, value));
        } else if self.row.len() < ROW_MAX {
            self.row.push((key, value));
        } else {
            self.tree.get_or_insert_default().insert(key, value);
        }
    }

    /// Takes out the one with the smallest key.
    #[inline]
    pub(super) fn pop_first(&mut self) -> Option<(K, V)> {
        if self.row.is_empty() && self.tree.is_none() { self.one.take() } else { self.pop_first_of_several() }
    }

    fn pop_first_of_several(&mut self) -> Option<(K, V)> {
        let in_row = (0..self.row.len()).min_by(|one, other| self.row[*one].0.cmp(&self.row[*other].0));
        let of_row = in_row.map(|place| &self.row[place].0);
        let of_tree = self.tree.as_ref().and_then(|tree| tree.first_key_value()).map(|(key, _)| key);
        let beyond = of_row.into_iter().chain(of_tree).min();
        if let Some((key, _)) = &self.one
            && beyond.is_none_or(|beyond| key < beyond)
        {
            return self.one.take();
        }
        match (in_row, self.tree.as_mut().and_then(BTreeMap::first_entry)) {
            (Some(place), Some(first)) if *first.key() < self.row[place].0 => Some(first.remove_entry()),
            (Some(place), _) => Some(self.row.swap_remove(place)),
            (None, first) => first.map(btree_map::OccupiedEntry::remove_entry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_taken_out_in_order_and_once() {
        for count in [0, 1, 2, ROW_MAX + 1, ROW_MAX + 2, 5 * ROW_MAX] {
            let mut few = Few::default();
            for key in (0..count).rev().chain(0..count) {
                few.insert(key, key * 10);
                few.insert(key, 0);
            }
            assert!((0..count).all(|key| few.contains(&key)) && !few.contains(&count));
            let taken: Vec<_> = std::iter::from_fn(|| few.pop_first()).collect();
            assert_eq!(taken, (0..count).map(|key| (key, key * 10)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_comes_while_others_leave_keeps_the_order() {
        let mut few = Few::default();
        (0..2 * ROW_MAX).for_each(|key| few.insert(key * 2, ()));
        assert_eq!(few.pop_first(), Some((0, ())));
        few.insert(1, ());
        few.insert(4 * ROW_MAX, ());
        let taken: Vec<_> = std::iter::from_fn(|| few.pop_first()).map(|(key, ())| key).collect();
        assert!(taken.is_sorted() && taken.len() == 2 * ROW_MAX + 1, "{taken:?}");
    }
}
