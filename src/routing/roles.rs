//! The roles of a catalogue. A decision asks for the same few by name a dozen times, so beside the map by name there is a
//! table in which a role is found at once. It is made when somebody first asks, and forgotten with every change.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::digest::ByRole;
use super::name::RoleName;
use super::role::Role;

/// The roles of a catalogue, by name: a map, but for how one is looked up.
#[derive(Debug, Clone, Default)]
pub struct Roles {
    by_name: BTreeMap<RoleName, Role>,
    found: OnceLock<Found>,
}

/// The same roles, found at once: a step asks for the same few again and again.
#[derive(Debug)]
struct Found {
    roles: Vec<Role>,
    places: ByRole<usize>,
    /// Where the last was found. It is a guess, which the name there confirms or not, so no order among those who read and
    /// write it is needed.
    recent: AtomicUsize,
}

impl Found {
    fn of(roles: &BTreeMap<RoleName, Role>) -> Self {
        Self {
            places: roles.keys().cloned().zip(0..).collect(),
            roles: roles.values().cloned().collect(),
            recent: AtomicUsize::new(0),
        }
    }

    #[inline]
    fn get(&self, name: &RoleName) -> Option<&Role> {
        // A role lies under its own name.
        let guess = self.roles.get(self.recent.load(Ordering::Relaxed)).filter(|role| role.name == *name);
        guess.or_else(|| self.look_up(name))
    }

    #[inline(never)]
    fn look_up(&self, name: &RoleName) -> Option<&Role> {
        let place = *self.places.get(name)?;
        self.recent.store(place, Ordering::Relaxed);
        Some(&self.roles[place])
    }
}

impl Clone for Found {
    fn clone(&self) -> Self {
        Self { roles: self.roles.clone(), places: self.places.clone(), recent: AtomicUsize::new(0) }
    }
}

impl Roles {
    /// The role of that name.
    #[inline]
    #[must_use]
    pub fn get(&self, name: &RoleName) -> Option<&Role> {
        self.found.get_or_init(|| Found::of(&self.by_name)).get(name)
    }

    /// Whether there is a role of that name.
    #[must_use]
    pub fn contains_key(&self, name: &RoleName) -> bool {
        self.get(name).is_some()
    }
}

impl Deref for Roles {
    type Target = BTreeMap<RoleName, Role>;

    fn deref(&self) -> &Self::Target {
        &self.by_name
    }
}

impl DerefMut for Roles {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.found.take();
        &mut self.by_name
    }
}

impl From<BTreeMap<RoleName, Role>> for Roles {
    fn from(by_name: BTreeMap<RoleName, Role>) -> Self {
        Self { by_name, found: OnceLock::new() }
    }
}

impl<const COUNT: usize> From<[(RoleName, Role); COUNT]> for Roles {
    fn from(roles: [(RoleName, Role); COUNT]) -> Self {
        BTreeMap::from(roles).into()
    }
}

impl FromIterator<(RoleName, Role)> for Roles {
    fn from_iter<I: IntoIterator<Item = (RoleName, Role)>>(roles: I) -> Self {
        roles.into_iter().collect::<BTreeMap<_, _>>().into()
    }
}

impl<'r> IntoIterator for &'r Roles {
    type Item = (&'r RoleName, &'r Role);
    type IntoIter = std::collections::btree_map::Iter<'r, RoleName, Role>;

    fn into_iter(self) -> Self::IntoIter {
        self.by_name.iter()
    }
}

impl PartialEq for Roles {
    fn eq(&self, other: &Self) -> bool {
        self.by_name == other.by_name
    }
}

impl Eq for Roles {}

impl Hash for Roles {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.by_name.hash(state);
    }
}

impl Serialize for Roles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.by_name.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> (RoleName, Role) {
        let name = RoleName::parse(name).unwrap();
        (name.clone(), Role::named(name))
    }

    #[test]
    fn a_role_is_found_as_the_map_has_it_before_and_after_a_change() {
        let long = "l".repeat(100);
        let mut roles = Roles::from([role("billing"), role(&long)]);
        let names = ["billing", &long, "sales"].map(|name| RoleName::parse(name).unwrap());
        let weights = |roles: &Roles| names.each_ref().map(|name| roles.get(name).map(|role| role.weight));
        assert_eq!(weights(&roles), [Some(1), Some(1), None]);
        roles.values_mut().for_each(|role| role.weight = 7);
        roles.insert(names[2].clone(), Role::named(names[2].clone()));
        assert_eq!(weights(&roles), [Some(7), Some(7), Some(1)]);
        roles.remove(&names[0]);
        assert!(!roles.contains_key(&names[0]));
        assert_eq!((roles.len(), (&roles).into_iter().count()), (2, 2));
    }
}
