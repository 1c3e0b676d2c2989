//! What few have: where there is nothing, nothing lies there but a pointer. It reads, serialises and hashes as what it
//! holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What can be empty.
pub trait Nothing: PartialEq + Sized + 'static {
    /// It, empty.
    const NOTHING: &'static Self;
}

impl<T: PartialEq + 'static> Nothing for Vec<T> {
    const NOTHING: &'static Self = &Self::new();
}

impl<T: Ord + 'static> Nothing for BTreeSet<T> {
    const NOTHING: &'static Self = &Self::new();
}

impl<K: PartialEq + 'static, V: PartialEq + 'static> Nothing for BTreeMap<K, V> {
    const NOTHING: &'static Self = &Self::new();
}

/// What few have.
#[derive(Clone)]
pub struct Seldom<T>(Option<Box<T>>);

impl<T> Seldom<T> {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }
}

impl<T: Nothing> From<T> for Seldom<T> {
    fn from(something: T) -> Self {
        Self((something != *T::NOTHING).then(|| Box::new(something)))
    }
}

impl<T> Default for Seldom<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Nothing> Deref for Seldom<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::NOTHING)
    }
}

impl<T: Nothing + Default> DerefMut for Seldom<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Nothing> PartialEq for Seldom<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Nothing> PartialEq<T> for Seldom<T> {
    fn eq(&self, other: &T) -> bool {
        **self == *other
    }
}

impl<T: Nothing + Eq> Eq for Seldom<T> {}

impl<T: Nothing + Hash> Hash for Seldom<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: Nothing + fmt::Debug> fmt::Debug for Seldom<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Nothing + Serialize> Serialize for Seldom<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: Nothing + Deserialize<'de>> Deserialize<'de> for Seldom<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_takes_no_room_and_equals_what_is_empty() {
        let (mut changed, empty) = (Seldom::from(vec![1]), Seldom::from(Vec::<i32>::new()));
        assert!(empty.0.is_none() && changed.0.is_some());
        assert_ne!(changed, empty);
        changed.clear();
        assert_eq!((&changed, changed.len()), (&empty, 0));
        changed.push(7);
        assert_eq!(changed, vec![7]);
        assert_eq!(size_of::<Seldom<Vec<i32>>>(), size_of::<usize>());
    }
}
