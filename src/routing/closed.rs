//! Tickets that have ended and are remembered for a while, by id and in the order in which they ended.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::directory::{Directory, NameHash};
use super::ledger::Ledger;
use super::name::TicketId;
use super::ticket::ClosedTicket;
use super::time::Timestamp;

/// What has ended. It is written as a map by id, in the order in which they ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Closed {
    /// By the lower half of their numbers.
    directory: Directory,
    in_order: Ledger<(TicketId, ClosedTicket)>,
    /// How many there ever were: the number of the next.
    count: u64,
}

impl Closed {
    /// The same, to be written down: nothing is found in it by id.
    pub(super) fn shared(&self) -> Self {
        Self { directory: Directory::default(), in_order: self.in_order.clone(), count: self.count }
    }

    pub(super) fn get(&self, id: &TicketId) -> Option<&ClosedTicket> {
        let is_it = |place| self.at(place).is_some_and(|(known, _)| known == id);
        let place = self.directory.find(NameHash::of(id), is_it)?;
        self.at(place).map(|(_, closed)| closed)
    }

    /// Of those whose numbers have that lower half the last.
    fn at(&self, place: u32) -> Option<&(TicketId, ClosedTicket)> {
        let back = lower_half(self.count).wrapping_sub(place);
        self.in_order.get(self.count.checked_sub(u64::from(back))?)
    }

    pub(super) fn len(&self) -> usize {
        self.in_order.len()
    }

    /// When the first of those that are remembered ended.
    pub(super) fn first_at(&self) -> Option<Timestamp> {
        self.in_order.first().map(|(_, closed)| closed.at)
    }

    /// When that one ended of those that are remembered, of which the first is 0.
    pub(super) fn nth_at(&self, nth: usize) -> Option<Timestamp> {
        let forgotten = self.count - self.len() as u64;
        self.in_order.get(forgotten + nth as u64).map(|(_, closed)| closed.at)
    }

    /// One has ended that is not remembered yet.
    pub(super) fn add(&mut self, id: TicketId, closed: ClosedTicket) {
        self.directory.insert(NameHash::of(&id), lower_half(self.count));
        self.in_order.push(self.count, (id, closed));
        self.count += 1;
    }

    pub(super) fn forget_first(&mut self) {
        let first = self.count - self.len() as u64;
        if let Some((id, _)) = self.in_order.pop_first() {
            self.directory.remove(NameHash::of(&id), lower_half(first));
        }
    }

    /// In that order instead, as earlier versions wrote it down beside the map.
    pub(super) fn ordered_by(self, order: &[(Timestamp, TicketId)]) -> Self {
        if order.is_empty() {
            return self;
        }
        let mut ordered = Self::default();
        for (_, id) in order {
            if let Some(closed) = self.get(id) {
                ordered.add(id.clone(), *closed);
            }
        }
        ordered
    }
}

/// At most a million are remembered, so that no two of them are alike in that.
fn lower_half(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).expect("the lower half fits")
}

impl Hash for Closed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.in_order.values().for_each(|entry| entry.hash(state));
    }
}

impl Serialize for Closed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.in_order.values().map(|(id, closed)| (id, closed)))
    }
}

impl<'de> Deserialize<'de> for Closed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

/// Reads what has ended in the order in which it is written.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Closed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of ended tickets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Closed, A::Error> {
        let mut closed = Closed::default();
        while let Some((id, how)) = map.next_entry()? {
            closed.add(id, how);
        }
        Ok(closed)
    }
}
