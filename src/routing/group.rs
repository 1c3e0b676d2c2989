//! Agents of the same roles, skills, ranks and access: what they share, how many stand how to each channel, and in what
//! order those sit who are free.
//!
//! Who is free on the same channels sits in one row, in each order that a strategy of the catalogue needs. So an agent
//! sits in one row at a time, whatever the number of channels, and the first of a bench is the first of one of few rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::agent::{Agent, AgentProfile};
use super::audience::Asked;
use super::name::{Permission, RoleName};
use super::permission::AccessLevel;
use super::ranked::Ranked;
use super::roster::Number;
use super::skill::Skills;
use super::skillbook::Held;
use super::standing::{LANES_MAX, Moves, Standing, Standings};
use super::strategy::{OrderKey, Ordering, Places};

/// What the members of a group share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupSignature {
    /// Their roles.
    pub roles: Arc<BTreeSet<RoleName>>,
    /// Their skills.
    pub skills: Skills,
    ranks: BTreeMap<RoleName, u32>,
    access: AccessLevel,
}

impl GroupSignature {
    pub(super) fn of(profile: &AgentProfile) -> Self {
        Self {
            roles: profile.roles.clone(),
            skills: profile.skills.clone(),
            ranks: profile.ranks.clone(),
            access: profile.access,
        }
    }

    pub(super) fn fits(&self, profile: &AgentProfile) -> bool {
        self.roles == profile.roles
            && self.skills == profile.skills
            && self.ranks == profile.ranks
            && self.access == profile.access
    }

    /// The members' rank in a role.
    #[must_use]
    pub fn rank(&self, role: &RoleName) -> u32 {
        self.ranks.get(role).copied().unwrap_or(AgentProfile::RANK_DEFAULT)
    }
}

/// On which lanes an agent is free: a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct FreeOn(u64);

impl FreeOn {
    /// As these standings say, of which the first so many count.
    pub(super) fn of(standings: &[Standing]) -> Self {
        let bits = standings.iter().enumerate().filter(|(_, standing)| **standing == Standing::Free);
        Self(bits.fold(0, |bits, (lane, _)| bits | 1 << lane))
    }

    #[inline]
    pub(super) fn includes(self, lane: usize) -> bool {
        self.0 >> lane & 1 == 1
    }

    /// Whether it is on no lane.
    pub(super) fn is_nowhere(self) -> bool {
        self.0 == 0
    }
}

/// In what order agents sit.
type Order = Ranked<OrderKey, Number<Agent>>;

/// Agents who are free on the same lanes.
#[derive(Debug, Clone)]
struct Row {
    free_on: FreeOn,
    /// By [`Ordering`]; those that no strategy needs stay empty.
    orders: [Order; Ordering::ALL.len()],
}

impl Row {
    fn is_empty(&self) -> bool {
        self.orders.iter().all(Order::is_empty)
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        let same_order = |(own, others): (&Order, &Order)| own.iter().eq(others.iter());
        self.free_on == other.free_on && self.orders.iter().zip(&other.orders).all(same_order)
    }
}

/// Agents who differ only in what they hold and whether they are there.
#[derive(Debug, Clone)]
pub struct Group {
    /// What they share.
    pub signature: GroupSignature,
    /// What they may do.
    pub permissions: BTreeSet<Permission>,
    /// Their skills by number.
    pub(super) held: Held,
    /// The audiences of which they are.
    pub(super) asked: Vec<Asked>,
    pub(super) members: BTreeSet<Number<Agent>>,
    /// How many stand how, by lane.
    counts: Vec<[u32; Standing::COUNT]>,
    /// In no particular order. One in which nobody sits any more stays, for the next who need one.
    rows: Vec<Row>,
}

impl PartialEq for Group {
    /// It matters neither in which order the rows stand nor how skills are numbered.
    fn eq(&self, other: &Self) -> bool {
        let rows = |group: &Self| {
            let mut rows: Vec<Row> = group.rows.iter().filter(|row| !row.is_empty()).cloned().collect();
            rows.sort_unstable_by_key(|row| row.free_on);
            rows
        };
        (&self.signature, &self.permissions, &self.members) == (&other.signature, &other.permissions, &other.members)
            && self.counts == other.counts
            && rows(self) == rows(other)
    }
}

impl Eq for Group {}

impl Group {
    pub(super) fn new(signature: GroupSignature, permissions: BTreeSet<Permission>, held: Held, lanes: usize) -> Self {
        assert!(lanes <= LANES_MAX, "a set of lanes has a bit for each");
        let counts = vec![[0; Standing::COUNT]; lanes];
        Self { signature, permissions, held, asked: Vec::new(), members: BTreeSet::new(), counts, rows: Vec::new() }
    }

    /// How many there are.
    #[must_use]
    pub fn size(&self) -> u32 {
        u32::try_from(self.members.len()).expect("agents are counted in 32 bits")
    }

    /// The bench of a lane.
    pub(super) fn bench(&self, lane: usize) -> Bench<'_> {
        Bench { group: self, lane }
    }

    /// On which lanes any of them is free.
    pub(super) fn free_on(&self) -> FreeOn {
        let rows = self.rows.iter().filter(|row| !row.is_empty());
        FreeOn(rows.fold(0, |lanes, row| lanes | row.free_on.0))
    }

    /// Whether any of them is online.
    pub(super) fn has_online(&self) -> bool {
        self.counts.iter().any(|counts| counts[Standing::Offline as usize] < self.size())
    }

    /// One more stands so, on all lanes.
    pub(super) fn count_in(&mut self, standings: &Standings) {
        for (counts, standing) in self.counts.iter_mut().zip(standings) {
            counts[*standing as usize] += 1;
        }
    }

    /// One stands otherwise than before.
    pub(super) fn count(&mut self, moves: &Moves<'_>) {
        moves.recount(&mut self.counts);
    }

    /// How many stand how, by lane.
    pub(super) fn counts(&self) -> &[[u32; Standing::COUNT]] {
        &self.counts
    }

    /// Before which place none of those sits who are free, in an order that is needed. Where nobody is free that is any.
    pub(super) fn front(&self, ordering: Ordering) -> OrderKey {
        let firsts = self.rows.iter().filter_map(|row| row.orders[ordering as usize].first());
        firsts.map(|(key, _)| key).min().unwrap_or_default()
    }

    /// One less stands so.
    pub(super) fn count_out(&mut self, standings: &[Standing]) {
        for (counts, standing) in self.counts.iter_mut().zip(standings) {
            counts[*standing as usize] -= 1;
        }
    }

    /// Seats an agent in the orders that are needed.
    pub(super) fn seat(&mut self, agent: Number<Agent>, free_on: FreeOn, places: Places, needed: &[Ordering]) {
        if free_on.is_nowhere() || needed.is_empty() {
            return;
        }
        let place = self.rows.iter().position(|row| row.free_on == free_on).unwrap_or_else(|| self.lay_row(free_on));
        for ordering in needed {
            let is_new = self.rows[place].orders[*ordering as usize].insert(places.in_order(*ordering), agent);
            assert!(is_new, "no two agents have one place");
        }
    }

    /// A row for those who are free on those lanes.
    fn lay_row(&mut self, free_on: FreeOn) -> usize {
        if let Some(place) = self.rows.iter().position(Row::is_empty) {
            self.rows[place].free_on = free_on;
            return place;
        }
        self.rows.push(Row { free_on, orders: Default::default() });
        self.rows.len() - 1
    }

    /// Takes an agent from where it was seated.
    pub(super) fn unseat(&mut self, agent: Number<Agent>, free_on: FreeOn, places: Places, needed: &[Ordering]) {
        if free_on.is_nowhere() || needed.is_empty() {
            return;
        }
        let place = self.rows.iter().position(|row| row.free_on == free_on).expect("a free agent sits in a row");
        for ordering in needed {
            let left = self.rows[place].orders[*ordering as usize].remove(&places.in_order(*ordering));
            assert_eq!(left, Some(agent), "a free agent sits at its own place");
        }
    }
}

/// The agents of a group as one channel sees them.
#[derive(Debug, Clone, Copy)]
pub struct Bench<'g> {
    group: &'g Group,
    lane: usize,
}

impl<'g> Bench<'g> {
    /// How many stand so.
    #[must_use]
    pub fn count(self, standing: Standing) -> u32 {
        self.counts()[standing as usize]
    }

    /// How many stand how.
    pub(super) fn counts(self) -> &'g [u32; Standing::COUNT] {
        &self.group.counts[self.lane]
    }

    /// The free agents, row by row, each row in that order; none where no role of the catalogue needs it.
    pub(super) fn rows(
        self,
        ordering: Ordering,
    ) -> impl Iterator<Item = impl Iterator<Item = (OrderKey, Number<Agent>)>> {
        let free = move |row: &&Row| row.free_on.includes(self.lane);
        let rows = self.group.rows.iter().filter(free);
        rows.map(move |row| row.orders[ordering as usize].iter())
    }

    /// The first of the free agents in that order.
    #[must_use]
    pub fn first(self, ordering: Ordering) -> Option<(OrderKey, Number<Agent>)> {
        self.rows(ordering).filter_map(|mut row| row.next()).min_by_key(|(key, _)| *key)
    }
}
