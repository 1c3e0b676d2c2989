//! What the outside knows by name, kept under numbers of our own: a name is looked up once, and whatever follows from it
//! goes by the number, which is an index.
//!
//! A number is dense, stays the same as long as its entry is there, and is given to another afterwards. Numbers follow
//! from the order in which entries came and went: a state that was restored numbers its entries otherwise, so nothing
//! may be decided by them, and they are never told or written down.
//!
//! Both the entries and the table of names grow piece by piece, so that no single addition moves all that is there. A copy of
//! the entries shares their pieces: whoever writes all of them down does so while they change, and what changes first costs
//! the copy of a piece.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Index;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::directory::{Directory, NameHash};

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

/// What a piece weighs at most: so much is copied where an entry changes while somebody else has its piece.
const PIECE_BYTES: usize = 16 << 10;
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

/// Entries by number.
#[derive(Debug)]
pub(super) struct Entries<T> {
    pieces: Vec<Arc<[Option<T>]>>,
    /// How many numbers were ever given.
    numbers: usize,
    len: usize,
}

impl<T> Clone for Entries<T> {
    fn clone(&self) -> Self {
        Self { pieces: self.pieces.clone(), numbers: self.numbers, len: self.len }
    }
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), numbers: 0, len: 0 }
    }
}

impl<T> Entries<T> {
    /// How many entries lie in one piece: a power of two, so that a place is found without a division.
    const PIECE: usize = match PIECE_BYTES / size_of::<Option<T>>() {
        0 => 1,
        fit => 1 << fit.ilog2(),
    };

    #[inline]
    fn get(&self, place: usize) -> Option<&T> {
        self.pieces.get(place / Self::PIECE)?.get(place % Self::PIECE)?.as_ref()
    }

    /// Room for one more.
    fn append(&mut self) -> u32 {
        if self.numbers == self.pieces.len() * Self::PIECE {
            self.pieces.push((0..Self::PIECE).map(|_| None).collect());
        }
        self.numbers += 1;
        Number::<T>::new(self.numbers - 1).0
    }

    /// All of them, in no particular order: decide nothing by it.
    fn values(&self) -> impl ExactSizeIterator<Item = &T> {
        Values { left: self.len, entries: self.pieces.iter().flat_map(|piece| piece.iter()) }
    }
}

impl<T: Clone> Entries<T> {
    /// The entry in that place, or nothing, to be changed.
    #[inline]
    fn slot(&mut self, place: usize) -> &mut Option<T> {
        &mut Arc::make_mut(&mut self.pieces[place / Self::PIECE])[place % Self::PIECE]
    }
}

/// Entries by name and by number.
#[derive(Debug, Clone)]
pub(super) struct Roster<T> {
    entries: Entries<T>,
    vacant: Vec<u32>,
    directory: Directory,
    recent: Recent,
}

impl<T> Default for Roster<T> {
    fn default() -> Self {
        let (entries, directory) = (Entries::default(), Directory::default());
        Self { entries, vacant: Vec::new(), directory, recent: Recent::default() }
    }
}

impl<T: Named> Roster<T> {
    /// The entries as they are now, for whoever writes them down.
    pub(super) fn shared(&self) -> Entries<T> {
        self.entries.clone()
    }

    /// The number of what has this name.
    #[inline]
    pub(super) fn number(&self, name: &T::Name) -> Option<Number<T>> {
        self.find(name).map(|(number, _)| number)
    }

    /// What has this name, and its number. A step asks for the same few again and again.
    #[inline]
    fn find(&self, name: &T::Name) -> Option<(Number<T>, &T)> {
        let recent = self.recent.0.load(Ordering::Relaxed);
        match self.entries.get(recent as usize) {
            Some(entry) if entry.name() == name => Some((Number(recent, PhantomData), entry)),
            _ => self.look_up(name).map(|number| (number, self.at(number))),
        }
    }

    #[inline(never)]
    fn look_up(&self, name: &T::Name) -> Option<Number<T>> {
        let place = self.directory.find(NameHash::of(name), |place| self.holds(place, name))?;
        self.recent.0.store(place, Ordering::Relaxed);
        Some(Number(place, PhantomData))
    }

    fn holds(&self, place: u32, name: &T::Name) -> bool {
        self.entries.get(place as usize).is_some_and(|entry| entry.name() == name)
    }

    /// What has this name.
    #[inline]
    pub(super) fn get(&self, name: &T::Name) -> Option<&T> {
        self.find(name).map(|(_, entry)| entry)
    }

    /// What has this number. It is likely to be asked for by its name next.
    pub(super) fn at(&self, number: Number<T>) -> &T {
        self.recent.0.store(number.0, Ordering::Relaxed);
        self.entries.get(number.place()).expect("a number is that of an entry")
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len
    }

    /// All entries with their numbers, in no particular order: decide nothing by it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Number<T>, &T)> {
        let places = self.entries.pieces.iter().flat_map(|piece| piece.iter()).enumerate();
        places.filter_map(|(place, entry)| Some((Number::new(place), entry.as_ref()?)))
    }

    /// All entries, in no particular order: decide nothing by it.
    pub(super) fn values(&self) -> impl ExactSizeIterator<Item = &T> {
        self.entries.values()
    }

    /// All entries by name.
    pub(super) fn by_name(&self) -> Vec<&T> {
        let mut entries: Vec<&T> = self.values().collect();
        entries.sort_unstable_by(|one, other| one.name().cmp(other.name()));
        entries
    }
}

impl<T: Named + Clone> Roster<T> {
    /// What has this number, to be changed.
    pub(super) fn at_mut(&mut self, number: Number<T>) -> &mut T {
        self.entries.slot(number.place()).as_mut().expect("a number is that of an entry")
    }

    /// Takes in what was not known.
    pub(super) fn add(&mut self, entry: T) -> Number<T> {
        let hash = NameHash::of(entry.name());
        let known = self.directory.find(hash, |place| self.holds(place, entry.name()));
        assert!(known.is_none(), "what is added was not known");
        let place = self.vacant.pop().unwrap_or_else(|| self.entries.append());
        *self.entries.slot(place as usize) = Some(entry);
        self.directory.insert(hash, place);
        self.entries.len += 1;
        self.recent.0.store(place, Ordering::Relaxed);
        Number(place, PhantomData)
    }

    /// Takes out what has this number.
    pub(super) fn remove(&mut self, number: Number<T>) {
        let slot = self.entries.slot(number.place());
        let entry = slot.as_ref().expect("a number is that of an entry");
        self.directory.remove(NameHash::of(entry.name()), number.0);
        *slot = None;
        self.vacant.push(number.0);
        self.entries.len -= 1;
    }

    /// All entries, to be changed.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.pieces.iter_mut().flat_map(Arc::make_mut).flatten()
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

impl<T: Named> Index<&T::Name> for Roster<T> {
    type Output = T;

    fn index(&self, name: &T::Name) -> &T {
        self.get(name).expect("who asks by index knows that it is there")
    }
}

/// Entries whose sum is known, however they are numbered: equal entries have equal sums.
pub(super) trait Summed {
    /// It.
    fn sum(&self) -> Sum;
}

/// What entries come to. They may be added in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Sum {
    hashes: u64,
    len: u64,
}

impl Sum {
    fn add<T: Hash>(self, entry: &T) -> Self {
        let mut hasher = DefaultHasher::new();
        entry.hash(&mut hasher);
        Self { hashes: self.hashes.wrapping_add(hasher.finish()), len: self.len + 1 }
    }
}

impl<T: Hash> Summed for Entries<T> {
    fn sum(&self) -> Sum {
        self.values().fold(Sum::default(), Sum::add)
    }
}

impl<T: Hash> Summed for Roster<T> {
    fn sum(&self) -> Sum {
        self.entries.sum()
    }
}

impl<T: Named<Name: Serialize> + Serialize> Serialize for Entries<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.values().map(|entry| (entry.name(), entry)))
    }
}

impl<T: Named<Name: Serialize> + Serialize> Serialize for Roster<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries.serialize(serializer)
    }
}

/// What is made of entries as they are read.
trait Gather<T>: Default {
    /// One more; says no where it may not be there.
    fn gather(&mut self, entry: T) -> bool;
}

impl<T: Named + Clone> Gather<T> for Roster<T> {
    fn gather(&mut self, entry: T) -> bool {
        let is_new = self.number(entry.name()).is_none();
        if is_new {
            self.add(entry);
        }
        is_new
    }
}

/// Entries that were read and summed up, and are not kept.
#[derive(Debug)]
pub(super) struct SumOf<T>(Sum, PhantomData<fn() -> T>);

impl<T> Default for SumOf<T> {
    fn default() -> Self {
        Self(Sum::default(), PhantomData)
    }
}

impl<T> Summed for SumOf<T> {
    fn sum(&self) -> Sum {
        self.0
    }
}

impl<T: Hash> Gather<T> for SumOf<T> {
    fn gather(&mut self, entry: T) -> bool {
        self.0 = self.0.add(&entry);
        true
    }
}

impl<'de, T> Deserialize<'de> for Roster<T>
where
    T: Named<Name: Deserialize<'de>> + Deserialize<'de> + Clone,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reading(PhantomData))
    }
}

impl<'de, T> Deserialize<'de> for SumOf<T>
where
    T: Named<Name: Deserialize<'de>> + Deserialize<'de> + Hash,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reading(PhantomData))
    }
}

/// Reads entries as a map writes them.
struct Reading<T, G>(PhantomData<fn() -> (T, G)>);

impl<'de, T, G: Gather<T>> Visitor<'de> for Reading<T, G>
where
    T: Named<Name: Deserialize<'de>> + Deserialize<'de>,
{
    type Value = G;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<G, A::Error> {
        let mut gathered = G::default();
        while let Some((name, entry)) = map.next_entry::<T::Name, T>()? {
            if *entry.name() != name || !gathered.gather(entry) {
                return Err(A::Error::custom("an entry stands under its own name, and once"));
            }
        }
        Ok(gathered)
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
        let count = 3 * Entries::<String>::PIECE + 1;
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
        let number = roster.number(&"4".to_owned()).unwrap();
        roster.remove(number);
        assert_eq!((roster.len(), roster.get(&"4".to_owned()), roster.values().len()), (9, None, 9));
        assert_eq!(roster.add("eleven".to_owned()), number);
        assert_eq!(roster.at(number), "eleven");
    }

    #[test]
    fn equal_entries_hash_alike_whatever_their_numbers() {
        let (one, mut other) = (roster(0..10), roster((0..10).rev()));
        assert_eq!(one.sum(), other.sum());
        other.remove(other.number(&"3".to_owned()).unwrap());
        assert_ne!(one.sum(), other.sum());
    }

    #[test]
    fn what_is_shared_stays_as_it_was() {
        let count = 2 * Entries::<String>::PIECE;
        let mut roster = roster(0..count);
        let (shared, sum) = (roster.shared(), roster.sum());
        let number = roster.number(&"3".to_owned()).unwrap();
        roster.remove(roster.number(&"7".to_owned()).unwrap());
        roster.add("one more".to_owned());
        roster.add("and one".to_owned());
        roster.values_mut().filter(|entry| *entry == "5").for_each(|entry| entry.push('!'));
        roster.at_mut(number).push('?');
        assert_eq!((shared.sum(), shared.values().len()), (sum, count));
        assert_eq!((roster.at(number).as_str(), roster.len()), ("3?", count + 1));
        assert_ne!(roster.sum(), sum);
    }
}
