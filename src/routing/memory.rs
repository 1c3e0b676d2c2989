//! What is remembered for a while, one thing for each key: the oldest is forgotten first.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ledger::Ledger;
use super::time::{Millis, Timestamp};

/// Something remembered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Entry<K, V> {
    key: K,
    value: V,
    at: Timestamp,
}

/// What is remembered, by key.
#[derive(Debug, Clone)]
pub(super) struct Memory<K, V> {
    /// In the order in which it was taken down.
    entries: Ledger<Entry<K, V>>,
    numbers: BTreeMap<K, u64>,
}

impl<K, V> Default for Memory<K, V> {
    fn default() -> Self {
        Self { entries: Ledger::default(), numbers: BTreeMap::new() }
    }
}

impl<K: Ord + Clone, V: Clone> Memory<K, V> {
    /// The same entries, to be written down: nothing is found in it by its key.
    pub(super) fn shared(&self) -> Self {
        Self { entries: self.entries.clone(), numbers: BTreeMap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What was taken down for this key, and when.
    pub(super) fn get(&self, key: &K) -> Option<(&V, Timestamp)> {
        self.entries.get(*self.numbers.get(key)?).map(|entry| (&entry.value, entry.at))
    }

    /// Takes something down, in place of what was known for that key. The number is larger than any before.
    pub(super) fn record(&mut self, key: K, value: V, at: Timestamp, number: u64) {
        self.forget(&key);
        self.numbers.insert(key.clone(), number);
        self.entries.push(number, Entry { key, value, at });
    }

    pub(super) fn forget(&mut self, key: &K) {
        if let Some(number) = self.numbers.remove(key) {
            self.entries.remove(number);
        }
    }

    /// Forgets what is older than that, and the oldest until no more are left than that. Without an age, everything.
    pub(super) fn prune(&mut self, now: Timestamp, age_max: Option<Millis>, length_max: usize) {
        let is_old = |entry: &Entry<K, V>| age_max.is_none_or(|age_max| entry.at + age_max < now);
        while self.entries.first().is_some_and(&is_old) || self.entries.len() > length_max {
            let Some(oldest) = self.entries.pop_first() else { return };
            self.numbers.remove(&oldest.key);
        }
    }

    /// Calls what is remembered by other keys. Of two that become one the later is kept.
    pub(super) fn rename(&mut self, rename: impl Fn(&mut K)) {
        let mut renamed: Vec<(u64, Entry<K, V>)> =
            self.entries.iter().map(|(number, entry)| (number, entry.clone())).collect();
        for (_, entry) in &mut renamed {
            rename(&mut entry.key);
        }
        self.numbers = renamed.iter().map(|(number, entry)| (entry.key.clone(), *number)).collect();
        renamed.retain(|(number, entry)| self.numbers.get(&entry.key) == Some(number));
        self.entries = renamed.into_iter().collect();
    }
}

impl<K: std::hash::Hash, V: std::hash::Hash> std::hash::Hash for Memory<K, V> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.entries.hash(state);
    }
}

impl<K: Serialize, V: Serialize> Serialize for Memory<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries.serialize(serializer)
    }
}

impl<'de, K: Deserialize<'de> + Ord + Clone, V: Deserialize<'de> + Clone> Deserialize<'de> for Memory<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries: Ledger<Entry<K, V>> = Ledger::deserialize(deserializer)?;
        let numbers = entries.iter().map(|(number, entry)| (entry.key.clone(), number)).collect();
        Ok(Self { entries, numbers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Option<Millis> = Some(Millis(100));

    fn memory(things: &[(&'static str, i64)]) -> Memory<&'static str, usize> {
        let mut memory = Memory::default();
        for (number, (key, at)) in things.iter().enumerate() {
            memory.record(*key, number, Timestamp(*at), u64::try_from(number).unwrap());
        }
        memory
    }

    fn keys(memory: &Memory<&'static str, usize>) -> Vec<&'static str> {
        assert_eq!(memory.entries.len(), memory.numbers.len());
        memory.entries.values().map(|entry| entry.key).collect()
    }

    #[test]
    fn the_latest_counts_and_makes_it_young_again() {
        let mut memory = memory(&[("ana", 0), ("ben", 10), ("ana", 20)]);
        assert_eq!(memory.get(&"ana"), Some((&2, Timestamp(20))));
        assert_eq!(keys(&memory), ["ben", "ana"]);
        memory.forget(&"ana");
        memory.forget(&"ana");
        assert_eq!((memory.get(&"ana"), keys(&memory)), (None, vec!["ben"]));
    }

    #[test]
    fn the_oldest_is_forgotten_by_age_and_by_number() {
        let mut memory = memory(&[("ana", 0), ("ben", 10), ("cleo", 20)]);
        memory.prune(Timestamp(100), DAY, 3);
        assert_eq!(keys(&memory), ["ana", "ben", "cleo"], "what is as old as that is not older");
        memory.prune(Timestamp(101), DAY, 3);
        assert_eq!(keys(&memory), ["ben", "cleo"]);
        memory.prune(Timestamp(101), DAY, 1);
        assert_eq!(keys(&memory), ["cleo"]);
        memory.prune(Timestamp(101), None, 9);
        assert!(memory.is_empty());
    }

    #[test]
    fn of_two_keys_that_become_one_the_later_is_kept() {
        let mut memory = memory(&[("ana", 0), ("ben", 10), ("cleo", 20)]);
        memory.rename(|key| *key = if *key == "cleo" { "cleo" } else { "dan" });
        assert_eq!((keys(&memory), memory.get(&"dan")), (vec!["dan", "cleo"], Some((&1, Timestamp(10)))));
    }
}
