//! Entries under numbers that only grow, in pieces that a copy shares: copying one costs as much as its pieces are many, and
//! what changes afterwards costs the copy of a piece at most.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many numbers a piece spans.
const PIECE: u64 = 256;

/// Entries of one piece, by number.
type Piece<V> = VecDeque<(u64, V)>;

/// Entries by number.
#[derive(Debug, Clone)]
pub(super) struct Ledger<V> {
    /// None is empty.
    pieces: BTreeMap<u64, Arc<Piece<V>>>,
    len: usize,
}

impl<V> Default for Ledger<V> {
    fn default() -> Self {
        Self { pieces: BTreeMap::new(), len: 0 }
    }
}

impl<V> Ledger<V> {
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The entry of that number.
    pub(super) fn get(&self, number: u64) -> Option<&V> {
        let piece = self.pieces.get(&(number / PIECE))?;
        place(piece, number).map(|place| &piece[place].1)
    }

    /// The oldest.
    pub(super) fn first(&self) -> Option<&V> {
        let (_, piece) = self.pieces.first_key_value()?;
        piece.front().map(|(_, value)| value)
    }

    /// All entries with their numbers, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &V)> {
        self.pieces.values().flat_map(|piece| piece.iter()).map(|(number, value)| (*number, value))
    }

    /// All entries, oldest first.
    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

impl<V: Clone> Ledger<V> {
    /// Takes an entry in. Its number is larger than any that was ever there.
    pub(super) fn push(&mut self, number: u64, value: V) {
        let last = self.pieces.last_key_value().and_then(|(_, piece)| piece.back());
        debug_assert!(last.is_none_or(|(last, _)| *last < number), "numbers grow");
        let piece = self.pieces.entry(number / PIECE).or_default();
        Arc::make_mut(piece).push_back((number, value));
        self.len += 1;
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, number: u64) -> Option<V> {
        let key = number / PIECE;
        let piece = self.pieces.get_mut(&key)?;
        let place = place(piece, number)?;
        let taken = Arc::make_mut(piece).remove(place);
        if piece.is_empty() {
            self.pieces.remove(&key);
        }
        self.len -= 1;
        taken.map(|(_, value)| value)
    }

    /// Takes the oldest out.
    pub(super) fn pop_first(&mut self) -> Option<V> {
        let mut first = self.pieces.first_entry()?;
        let taken = Arc::make_mut(first.get_mut()).pop_front();
        if first.get().is_empty() {
            first.remove();
        }
        self.len -= 1;
        taken.map(|(_, value)| value)
    }
}

fn place<V>(piece: &Piece<V>, number: u64) -> Option<usize> {
    piece.binary_search_by_key(&number, |(known, _)| *known).ok()
}

impl<V: Clone> FromIterator<(u64, V)> for Ledger<V> {
    /// They come in the order of their numbers.
    fn from_iter<I: IntoIterator<Item = (u64, V)>>(entries: I) -> Self {
        let mut ledger = Self::default();
        entries.into_iter().for_each(|(number, value)| ledger.push(number, value));
        ledger
    }
}

impl<V: Hash> Hash for Ledger<V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len.hash(state);
        self.iter().for_each(|entry| entry.hash(state));
    }
}

impl<V: Serialize> Serialize for Ledger<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, V: Deserialize<'de> + Clone> Deserialize<'de> for Ledger<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::<u64, V>::deserialize(deserializer).map(Self::from_iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_a_tree_says() {
        let (mut ledger, mut tree) = (Ledger::default(), BTreeMap::new());
        for number in 0..5 * PIECE {
            ledger.push(number * 3, number);
            tree.insert(number * 3, number);
            if number % 2 == 0 {
                assert_eq!(ledger.remove(number), tree.remove(&number));
            }
            if number % 7 == 0 {
                assert_eq!(ledger.pop_first(), tree.pop_first().map(|(_, value)| value));
            }
            assert_eq!((ledger.len(), ledger.is_empty()), (tree.len(), tree.is_empty()));
            assert_eq!(ledger.first(), tree.first_key_value().map(|(_, value)| value));
        }
        assert!(ledger.iter().eq(tree.iter().map(|(number, value)| (*number, value))));
        assert!((0..15 * PIECE).all(|number| ledger.get(number) == tree.get(&number)));
    }

    #[test]
    fn a_copy_stays_as_it_was() {
        let mut ledger: Ledger<u64> = (0..3 * PIECE).map(|number| (number, number)).collect();
        let copy = ledger.clone();
        ledger.push(3 * PIECE, 7);
        ledger.remove(PIECE + 1);
        while ledger.pop_first().is_some() {}
        assert!(ledger.is_empty() && ledger.pieces.is_empty());
        assert!(copy.iter().map(|(number, value)| (number, *value)).eq((0..3 * PIECE).map(|number| (number, number))));
    }
}
