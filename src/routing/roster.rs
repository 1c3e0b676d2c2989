//! What the outside knows by name, kept under numbers of our own: a name is looked up once, and whatever follows from it
//! goes by the number, which is an index.
//!
//! A number is dense, stays the same as long as its entry is there, and is given to another afterwards. Numbers follow
//! from the order in which entries came and went: a state that was restored numbers its entries otherwise, so nothing
//! may be decided by them, and they are never told or written down.
//!
//! Both the entries and the table of names grow piece by piece, so that no single addition moves all that is there.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Index;
use std::sync::atomic::{AtomicU32, Ordering};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What has a name by which the outside knows it.
pub(super) trait Named {
    /// The type of its name.
    type Name: Eq + Ord + Hash;
    /// Its name, which never changes.
    fn name(&self) -> &Self::Name;
}

/// The number of an entry.
pub struct Number<T>(u32, PhantomData<fn() -> T>);

impl<T> Number<T> {
    fn new(place: usize) -> Self {
        Self(u32::try_from(place).expect("entries are counted in 32 bits"), PhantomData)
    }

    /// As an index.
    pub(super) fn place(self) -> usize {
        self.0 as usize
    }
}

impl<T> Clone for Number<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Number<T> {}

impl<T> PartialEq for Number<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Number<T> {}

impl<T> PartialOrd for Number<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Number<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> fmt::Debug for Number<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// How many entries lie in one piece.
const PIECE: usize = 256;
/// Into how many tables the names are shared out: one that grows moves this part of the names.
const TABLES: usize = 64;

/// A name's number, and enough of its hash to move it without reading the name.
#[derive(Debug, Clone, Copy)]
struct Known {
    hash: u32,
    place: u32,
}

impl Known {
    /// As a table wants it: high bits that differ.
    fn spread(hash: u32) -> u64 {
        u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Where the last name was found. It is a guess, which the name there confirms or not, so no order among those who read
/// and write it is needed.
#[derive(Debug)]
struct Recent(AtomicU32);

impl Default for Recent {
    fn default() -> Self {
        Self(AtomicU32::new(u32::MAX))
    }
}

impl Clone for Recent {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Entries by name and by number.
#[derive(Debug, Clone)]
pub(super) struct Roster<T> {
    pieces: Vec<Vec<Option<T>>>,
    vacant: Vec<u32>,
    tables: Vec<HashTable<Known>>,
    recent: Recent,
    len: usize,
}

impl<T> Default for Roster<T> {
    fn default() -> Self {
        let tables = vec![HashTable::new(); TABLES];
        Self { pieces: Vec::new(), vacant: Vec::new(), tables, recent: Recent::default(), len: 0 }
    }
}

impl<T: Named> Roster<T> {
    /// The number of what has this name.
    #[inline]
    pub(super) fn number(&self, name: &T::Name) -> Option<Number<T>> {
        self.find(name).map(|(number, _)| number)
    }

    /// What has this name, and its number. A step asks for the same few again and again.
    #[inline]
    fn find(&self, name: &T::Name) -> Option<(Number<T>, &T)> {
        let recent = self.recent.0.load(Ordering::Relaxed);
        match self.entry(recent as usize) {
            Some(entry) if entry.name() == name => Some((Number(recent, PhantomData), entry)),
            _ => self.look_up(name).map(|number| (number, self.at(number))),
        }
    }

    fn look_up(&self, name: &T::Name) -> Option<Number<T>> {
        let hash = hash_of(name);
        let is_it = |known: &Known| known.hash == hash && self.holds(known.place, name);
        let known = self.tables[table_of(hash)].find(Known::spread(hash), is_it)?;
        self.recent.0.store(known.place, Ordering::Relaxed);
        Some(Number(known.place, PhantomData))
    }

    fn holds(&self, place: u32, name: &T::Name) -> bool {
        self.entry(place as usize).is_some_and(|entry| entry.name() == name)
    }

    #[inline]
    fn entry(&self, place: usize) -> Option<&T> {
        self.pieces.get(place / PIECE)?.get(place % PIECE)?.as_ref()
    }

    /// What has this name.
    #[inline]
    pub(super) fn get(&self, name: &T::Name) -> Option<&T> {
        self.find(name).map(|(_, entry)| entry)
    }

    /// What has this number.
    pub(super) fn at(&self, number: Number<T>) -> &T {
        self.entry(number.place()).expect("a number is that of an entry")
    }

    /// The same, to be changed.
    pub(super) fn at_mut(&mut self, number: Number<T>) -> &mut T {
        let place = number.place();
        self.pieces[place / PIECE][place % PIECE].as_mut().expect("a number is that of an entry")
    }

    /// Takes in what was not known.
    pub(super) fn add(&mut self, entry: T) -> Number<T> {
        let hash = hash_of(entry.name());
        let is_it = |known: &Known| known.hash == hash && self.holds(known.place, entry.name());
        let known = self.tables[table_of(hash)].find(Known::spread(hash), is_it);
        assert!(known.is_none(), "what is added was not known");
        let place = self.vacant.pop().unwrap_or_else(|| self.append());
        self.pieces[place as usize / PIECE][place as usize % PIECE] = Some(entry);
        self.tables[table_of(hash)]
            .insert_unique(Known::spread(hash), Known { hash, place }, |known| Known::spread(known.hash));
        self.len += 1;
        self.recent.0.store(place, Ordering::Relaxed);
        Number(place, PhantomData)
    }

    fn append(&mut self) -> u32 {
        if self.pieces.last().is_none_or(|piece| piece.len() == PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        let before = (self.pieces.len() - 1) * PIECE;
        let piece = self.pieces.last_mut().expect("one was pushed where none had room");
        piece.push(None);
        Number::<T>::new(before + piece.len() - 1).0
    }

    /// Takes out what has this name.
    pub(super) fn remove(&mut self, name: &T::Name) -> Option<(Number<T>, T)> {
        let number = self.number(name)?;
        let hash = hash_of(name);
        let is_it = |known: &Known| known.place == number.0;
        let known = self.tables[table_of(hash)].find_entry(Known::spread(hash), is_it);
        known.expect("what has a number is listed under its name").remove();
        let place = number.place();
        let entry = self.pieces[place / PIECE][place % PIECE].take().expect("a number is that of an entry");
        self.vacant.push(number.0);
        self.len -= 1;
        Some((number, entry))
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All entries with their numbers, in no particular order: decide nothing by it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Number<T>, &T)> {
        let places = self.pieces.iter().flatten().enumerate();
        places.filter_map(|(place, entry)| Some((Number::new(place), entry.as_ref()?)))
    }

    /// All entries, in no particular order: decide nothing by it.
    pub(super) fn values(&self) -> impl ExactSizeIterator<Item = &T> {
        Values { left: self.len, entries: self.pieces.iter().flatten() }
    }

    /// All entries, to be changed.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.pieces.iter_mut().flatten().flatten()
    }

    /// All entries by name.
    pub(super) fn by_name(&self) -> Vec<&T> {
        let mut entries: Vec<&T> = self.values().collect();
        entries.sort_unstable_by(|one, other| one.name().cmp(other.name()));
        entries
    }
}

/// Entries that are counted.
struct Values<I> {
    left: usize,
    entries: I,
}

impl<'r, T: 'r, I: Iterator<Item = &'r Option<T>>> Iterator for Values<I> {
    type Item = &'r T;

    fn next(&mut self) -> Option<&'r T> {
        let next = self.entries.by_ref().flatten().next()?;
        self.left -= 1;
        Some(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<'r, T: 'r, I: Iterator<Item = &'r Option<T>>> ExactSizeIterator for Values<I> {}

fn hash_of<N: Hash>(name: &N) -> u32 {
    let hash = FixedState::default().hash_one(name);
    u32::try_from(hash >> 32).expect("the upper half fits")
}

/// By other bits than those that a table looks at first.
fn table_of(hash: u32) -> usize {
    hash as usize % TABLES
}

impl<T: Named> Index<&T::Name> for Roster<T> {
    type Output = T;

    fn index(&self, name: &T::Name) -> &T {
        self.get(name).expect("who asks by index knows that it is there")
    }
}

impl<T: Named + Hash> Hash for Roster<T> {
    /// By name, so that equal entries hash alike however they are numbered.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.by_name().hash(state);
    }
}

impl<T: Named<Name: Serialize> + Serialize> Serialize for Roster<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.values().map(|entry| (entry.name(), entry)))
    }
}

impl<'de, T> Deserialize<'de> for Roster<T>
where
    T: Named<Name: Deserialize<'de>> + Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// Reads entries as a map writes them.
struct Entries<T>(PhantomData<T>);

impl<'de, T> Visitor<'de> for Entries<T>
where
    T: Named<Name: Deserialize<'de>> + Deserialize<'de>,
{
    type Value = Roster<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Roster<T>, A::Error> {
        let mut roster = Roster::default();
        while let Some((name, entry)) = map.next_entry::<T::Name, T>()? {
            if *entry.name() != name || roster.number(&name).is_some() {
                return Err(A::Error::custom("an entry stands under its own name, and once"));
            }
            roster.add(entry);
        }
        Ok(roster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Named for String {
        type Name = String;

        fn name(&self) -> &String {
            self
        }
    }

    fn roster(names: impl IntoIterator<Item = usize>) -> Roster<String> {
        let mut roster = Roster::default();
        for name in names {
            roster.add(name.to_string());
        }
        roster
    }

    #[test]
    fn every_entry_is_found_by_its_name_and_by_its_number() {
        let count = 3 * PIECE + 1;
        let roster = roster(0..count);
        assert_eq!(roster.len(), count);
        for name in (0..count).map(|name| name.to_string()) {
            let number = roster.number(&name).unwrap();
            assert_eq!((roster.at(number), roster.get(&name)), (&name, Some(&name)));
        }
        assert_eq!(roster.number(&count.to_string()), None);
    }

    #[test]
    fn the_number_of_one_who_is_gone_is_given_to_the_next() {
        let mut roster = roster(0..10);
        let (number, _) = roster.remove(&"4".to_owned()).unwrap();
        assert_eq!((roster.len(), roster.get(&"4".to_owned()), roster.values().len()), (9, None, 9));
        assert!(roster.remove(&"4".to_owned()).is_none());
        assert_eq!(roster.add("eleven".to_owned()), number);
        assert_eq!(roster.at(number), "eleven");
    }

    #[test]
    fn equal_entries_hash_alike_whatever_their_numbers() {
        let hash = |roster: &Roster<String>| FixedState::default().hash_one(roster);
        let (one, mut other) = (roster(0..10), roster((0..10).rev()));
        assert_eq!(hash(&one), hash(&other));
        other.remove(&"3".to_owned());
        assert_ne!(hash(&one), hash(&other));
    }
}
