//! Where what has a name lies: a table of places, each with enough of its name's hash to move it without reading the name.
//!
//! Names are shared out to many tables, so that one that grows moves a small part of them.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// Into how many tables the names are shared out.
const TABLES: usize = 64;

/// Part of the hash of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NameHash(u32);

impl NameHash {
    #[inline]
    pub(super) fn of<N: Hash>(name: &N) -> Self {
        let hash = FixedState::default().hash_one(name);
        Self(u32::try_from(hash >> 32).expect("the upper half fits"))
    }

    /// By other bits than those that a table looks at first.
    fn table(self) -> usize {
        self.0 as usize % TABLES
    }

    /// As a table wants it: high bits that differ.
    fn spread(self) -> u64 {
        u64::from(self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// That something lies in a place.
#[derive(Debug, Clone, Copy)]
struct Known {
    hash: NameHash,
    place: u32,
}

/// Places by name.
#[derive(Debug, Clone)]
pub(super) struct Directory(Vec<HashTable<Known>>);

impl Default for Directory {
    fn default() -> Self {
        Self(vec![HashTable::new(); TABLES])
    }
}

impl Directory {
    /// The place of what has a name of that hash, and is it.
    pub(super) fn find(&self, hash: NameHash, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let known = self.0[hash.table()].find(hash.spread(), |known| known.hash == hash && is_it(known.place))?;
        Some(known.place)
    }

    /// What has a name of that hash lies there.
    pub(super) fn insert(&mut self, hash: NameHash, place: u32) {
        self.0[hash.table()].insert_unique(hash.spread(), Known { hash, place }, |known| known.hash.spread());
    }

    /// Nothing lies there any more.
    pub(super) fn remove(&mut self, hash: NameHash, place: u32) {
        let known = self.0[hash.table()].find_entry(hash.spread(), |known| known.place == place);
        known.expect("what lies somewhere is listed under its name").remove();
    }
}
