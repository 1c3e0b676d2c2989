//! Who is free: agents of the same roles, skills and ranks form a group; each group has a bench per channel, on which
//! its free agents sit in the order that the strategies need.
//!
//! Everything here follows from the agents and the catalogue, and can be made anew from them at any time. What is chosen
//! does not depend on how groups are numbered.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::FixedState;

use super::agent::{Agent, AgentProfile, Status};
use super::catalogue::Catalogue;
use super::name::{AgentId, ChannelName, Permission, RoleName};
use super::permission::AccessLevel;
use super::skill::Skills;
use super::strategy::{OrderKey, Ordering};

/// What the members of a group share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupSignature {
    /// Their roles.
    pub roles: BTreeSet<RoleName>,
    /// Their skills.
    pub skills: Skills,
    ranks: BTreeMap<RoleName, u32>,
    access: AccessLevel,
}

impl GroupSignature {
    fn of(profile: &AgentProfile) -> Self {
        Self {
            roles: profile.roles.clone(),
            skills: profile.skills.clone(),
            ranks: profile.ranks.clone(),
            access: profile.access,
        }
    }

    fn fits(&self, profile: &AgentProfile) -> bool {
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

/// How an agent stands to a channel: the first of these that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Not online.
    Offline,
    /// Does not take this channel.
    ChannelOff,
    /// Slots or capacity units are taken.
    NoSlot,
    /// Holds work of a channel that keeps this one's away; may still ask for it.
    Interrupted,
    /// Was given as much as it is to get in so long; may still ask for more.
    Paced,
    /// May be given a ticket.
    Free,
}

impl Standing {
    const COUNT: usize = 6;
    /// All of them, in the order in which they count.
    pub(super) const ALL: [Self; Self::COUNT] =
        [Self::Offline, Self::ChannelOff, Self::NoSlot, Self::Interrupted, Self::Paced, Self::Free];

    /// How this agent stands to that channel.
    #[must_use]
    pub fn of(agent: &Agent, channel: &ChannelName, catalogue: &Catalogue) -> Self {
        if agent.status != Status::Online {
            Self::Offline
        } else if !agent.channel_on(channel, catalogue) {
            Self::ChannelOff
        } else if !agent.has_slot(channel, catalogue) {
            Self::NoSlot
        } else if agent.is_interrupted(channel, catalogue) {
            Self::Interrupted
        } else if agent.given.paced_until().is_some() {
            Self::Paced
        } else {
            Self::Free
        }
    }

    /// Whether an agent who asks for a ticket gets it.
    #[must_use]
    pub fn may_claim(self) -> bool {
        matches!(self, Self::Interrupted | Self::Paced | Self::Free)
    }
}

/// The agents of a group as one channel sees them.
#[derive(Debug, Clone, Default, Eq)]
pub struct Bench {
    counts: [u32; Standing::COUNT],
    free: BTreeMap<Ordering, BTreeMap<OrderKey, AgentId>>,
}

impl PartialEq for Bench {
    /// An order in which nobody sits is as good as none.
    fn eq(&self, other: &Self) -> bool {
        let seated = |bench: &Self| -> Vec<(Ordering, BTreeMap<OrderKey, AgentId>)> {
            bench.free.iter().filter(|(_, free)| !free.is_empty()).map(|(o, f)| (*o, f.clone())).collect()
        };
        self.counts == other.counts && seated(self) == seated(other)
    }
}

impl Bench {
    /// How many stand so.
    #[must_use]
    pub fn count(&self, standing: Standing) -> u32 {
        self.counts[standing as usize]
    }

    /// The free agents in that order; none where no role of the catalogue needs it.
    pub fn free(&self, ordering: Ordering) -> impl Iterator<Item = (&OrderKey, &AgentId)> {
        self.free.get(&ordering).into_iter().flatten()
    }
}

/// Agents who differ only in what they hold and whether they are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What they share.
    pub signature: GroupSignature,
    /// What they may do.
    pub permissions: BTreeSet<Permission>,
    /// Who they are.
    pub members: BTreeSet<AgentId>,
    benches: BTreeMap<ChannelName, Bench>,
}

impl Group {
    /// How many there are.
    #[must_use]
    pub fn size(&self) -> u32 {
        u32::try_from(self.members.len()).expect("agents are counted in 32 bits")
    }

    /// The bench of a channel, where one is kept.
    #[must_use]
    pub fn bench(&self, channel: &ChannelName) -> Option<&Bench> {
        self.benches.get(channel)
    }
}

/// Where an agent sits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Home {
    group: usize,
    seats: Vec<(Standing, [OrderKey; Ordering::ALL.len()])>,
}

/// All agents, in groups.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    orderings: Vec<Ordering>,
    channels: Vec<ChannelName>,
    groups: Vec<Option<Group>>,
    vacant: Vec<usize>,
    numbers: HashMap<GroupSignature, usize, FixedState>,
    by_role: BTreeMap<RoleName, BTreeSet<usize>>,
    homes: HashMap<AgentId, Home, FixedState>,
    /// How many agents of the roles that keep some of them are free, by channel.
    free: BTreeMap<RoleName, Vec<u32>>,
}

impl Pool {
    /// Channels that always have benches, beside those that the catalogue names. For any other the members of a group
    /// are looked at one by one, so that upstream can't make the pool grow by inventing channels.
    const USUAL_CHANNELS: [&'static str; 5] = ["call", "chat", "email", "social", "task"];

    /// An empty pool that serves this catalogue.
    #[must_use]
    pub(super) fn for_catalogue(catalogue: &Catalogue) -> Self {
        let usual = Self::USUAL_CHANNELS.iter().map(|name| ChannelName::parse(name).expect("these are names"));
        let channels: BTreeSet<ChannelName> = catalogue.channels.keys().cloned().chain(usual).collect();
        let orderings: BTreeSet<Ordering> = catalogue.roles.values().map(|role| role.strategy.ordering()).collect();
        let reserving = catalogue.roles.values().filter(|role| role.staffing.reserve > 0);
        Self {
            free: reserving.map(|role| (role.name.clone(), vec![0; channels.len()])).collect(),
            channels: channels.into_iter().collect(),
            orderings: orderings.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The channels that have benches: the usual ones, and those that the catalogue names.
    #[must_use]
    pub fn channels(&self) -> &[ChannelName] {
        &self.channels
    }

    /// The groups that have any of these roles, each once.
    pub fn groups_of<'a>(&'a self, roles: &'a [RoleName]) -> impl Iterator<Item = &'a Group> {
        let mut numbers: Vec<usize> = Vec::new();
        for role in roles {
            numbers.extend(self.by_role.get(role).into_iter().flatten());
        }
        if roles.len() > 1 {
            numbers.sort_unstable();
            numbers.dedup();
        }
        numbers.into_iter().map(|number| self.groups[number].as_ref().expect("a numbered group has members"))
    }

    /// Whether anybody who has one of these roles is online.
    #[must_use]
    pub fn has_online(&self, roles: &[RoleName]) -> bool {
        self.groups_of(roles)
            .any(|group| group.benches.values().any(|bench| group.size() > bench.count(Standing::Offline)))
    }

    /// The roles that keep some of their agents for their own work.
    pub(super) fn reserving(&self) -> impl Iterator<Item = &RoleName> {
        self.free.keys()
    }

    /// How many agents of a role that keeps some are free on a channel that has benches.
    pub(super) fn free_of(&self, role: &RoleName, channel: &ChannelName) -> Option<u32> {
        let index = self.channels.binary_search(channel).ok()?;
        self.free.get(role).map(|free| free[index])
    }

    /// The same of all of them, for comparison with what the agents say.
    pub(super) fn free_counts(&self) -> &BTreeMap<RoleName, Vec<u32>> {
        &self.free
    }

    /// The others of an agent's group.
    pub fn mates<'a>(&'a self, agent: &'a AgentId) -> impl Iterator<Item = &'a AgentId> {
        let group = self.homes.get(agent).map(|home| self.group(home.group));
        group.into_iter().flat_map(|group| &group.members).filter(move |member| *member != agent)
    }

    /// Puts an agent in the group of its profile, new or moved.
    pub(super) fn admit(&mut self, agent: &Agent, catalogue: &Catalogue) {
        if let Some(home) = self.homes.get(&agent.id)
            && self.group(home.group).signature.fits(&agent.profile)
        {
            return self.update(agent, catalogue);
        }
        self.dismiss(&agent.id);
        let signature = GroupSignature::of(&agent.profile);
        let number = self.numbers.get(&signature).copied().unwrap_or_else(|| self.found(signature, agent, catalogue));
        self.group_mut(number).members.insert(agent.id.clone());
        self.homes.insert(agent.id.clone(), Home { group: number, seats: Vec::new() });
        self.update(agent, catalogue);
    }

    /// Takes an agent out.
    pub(super) fn dismiss(&mut self, agent: &AgentId) {
        let Some(home) = self.homes.remove(agent) else { return };
        for index in 0..home.seats.len() {
            self.vacate(&home, index, agent);
        }
        let group = self.group_mut(home.group);
        group.members.remove(agent);
        if group.members.is_empty() {
            self.dissolve(home.group);
        }
    }

    /// Seats an agent anew, after its status, its switches or what it holds has changed.
    pub(super) fn update(&mut self, agent: &Agent, catalogue: &Catalogue) {
        let Some(mut home) = self.homes.remove(&agent.id) else { return };
        let keys = Ordering::ALL.map(|ordering| ordering.key(agent));
        for index in 0..self.channels.len() {
            let seat = (Standing::of(agent, &self.channels[index], catalogue), keys);
            match home.seats.get(index) {
                Some(current) if *current == seat => continue,
                Some(_) => self.vacate(&home, index, &agent.id),
                None => {}
            }
            self.seat(home.group, index, seat, &agent.id);
            if index < home.seats.len() {
                home.seats[index] = seat;
            } else {
                home.seats.push(seat);
            }
        }
        self.homes.insert(agent.id.clone(), home);
    }

    /// The members of all groups with their seats, for comparison with what the agents say.
    pub(super) fn census(&self) -> BTreeMap<&AgentId, (&Group, Vec<Standing>)> {
        let seated = |home: &Home| home.seats.iter().map(|(standing, _)| *standing).collect();
        self.homes.iter().map(|(agent, home)| (agent, (self.group(home.group), seated(home)))).collect()
    }

    fn seat(&mut self, group: usize, index: usize, (standing, keys): (Standing, [OrderKey; 4]), agent: &AgentId) {
        let channel = self.channels[index].clone();
        let orderings = self.orderings.clone();
        let bench = self.group_mut(group).benches.entry(channel).or_default();
        bench.counts[standing as usize] += 1;
        if standing == Standing::Free {
            for ordering in orderings {
                bench.free.entry(ordering).or_default().insert(keys[ordering as usize], agent.clone());
            }
            self.count_free(group, index, |free| *free += 1);
        }
    }

    fn vacate(&mut self, home: &Home, index: usize, agent: &AgentId) {
        let (standing, keys) = home.seats[index];
        let group = self.groups[home.group].as_mut().expect("a numbered group has members");
        let bench = group.benches.get_mut(&self.channels[index]).expect("who has a seat sits on a bench");
        bench.counts[standing as usize] -= 1;
        if standing == Standing::Free {
            for ordering in &self.orderings {
                let left = bench.free.get_mut(ordering).and_then(|free| free.remove(&keys[*ordering as usize]));
                assert_eq!(left.as_ref(), Some(agent), "a free agent sits at its own place");
            }
            self.count_free(home.group, index, |free| *free -= 1);
        }
    }

    fn count_free(&mut self, group: usize, index: usize, count: impl Fn(&mut u32)) {
        let Self { groups, free, .. } = self;
        if free.is_empty() {
            return;
        }
        let group = groups[group].as_ref().expect("a numbered group has members");
        for role in &group.signature.roles {
            free.get_mut(role).into_iter().for_each(|free| count(&mut free[index]));
        }
    }

    fn found(&mut self, signature: GroupSignature, agent: &Agent, catalogue: &Catalogue) -> usize {
        let group = Group {
            permissions: agent.profile.permissions(catalogue),
            signature: signature.clone(),
            members: BTreeSet::new(),
            benches: BTreeMap::new(),
        };
        let number = self.vacant.pop().unwrap_or(self.groups.len());
        if number == self.groups.len() {
            self.groups.push(None);
        }
        for role in &signature.roles {
            self.by_role.entry(role.clone()).or_default().insert(number);
        }
        self.groups[number] = Some(group);
        self.numbers.insert(signature, number);
        number
    }

    fn dissolve(&mut self, number: usize) {
        let group = self.groups[number].take().expect("a numbered group has members");
        for role in &group.signature.roles {
            let numbers = self.by_role.get_mut(role).expect("a group is listed under each of its roles");
            numbers.remove(&number);
            if numbers.is_empty() {
                self.by_role.remove(role);
            }
        }
        self.numbers.remove(&group.signature);
        self.vacant.push(number);
    }

    fn group(&self, number: usize) -> &Group {
        self.groups[number].as_ref().expect("a numbered group has members")
    }

    fn group_mut(&mut self, number: usize) -> &mut Group {
        self.groups[number].as_mut().expect("a numbered group has members")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::pacing::Given;
    use crate::routing::role::{Role, Strategy};
    use crate::routing::time::Timestamp;

    fn role(name: &str) -> RoleName {
        RoleName::parse(name).unwrap()
    }

    fn catalogue() -> Catalogue {
        let roles = ["billing", "technical"].map(|name| (role(name), Role::named(role(name))));
        Catalogue { roles: roles.into(), ..Catalogue::default() }
    }

    fn agent(name: &str, seq: u64, roles: &[&str]) -> Agent {
        Agent {
            id: AgentId::parse(name).unwrap(),
            profile: AgentProfile::of_roles(roles.iter().map(|name| role(name))),
            status: Status::Online,
            status_name: None,
            status_since: Timestamp(0),
            switches: BTreeMap::new(),
            slots: BTreeMap::new(),
            parked: BTreeSet::new(),
            missed_offers: 0,
            idle_since: Timestamp(0),
            idle_seq: seq,
            turn_seq: 0,
            seen_at: Timestamp(0),
            acted_before: None,
            given: Given::default(),
        }
    }

    fn task() -> ChannelName {
        ChannelName::parse("task").unwrap()
    }

    #[test]
    fn who_differs_in_nothing_but_what_it_holds_sits_in_one_group() {
        let (catalogue, mut pool) = (catalogue(), Pool::for_catalogue(&catalogue()));
        let (ben, ana) = (agent("ben", 1, &["billing"]), agent("ana", 2, &["billing"]));
        let mut skilled = agent("cleo", 3, &["billing"]);
        skilled.profile.skills.0.insert("de".parse().unwrap(), crate::routing::skill::SkillLevel::MAX);
        for agent in [&ben, &ana, &skilled] {
            pool.admit(agent, &catalogue);
        }
        let sizes: Vec<u32> = pool.groups_of(&[role("billing")]).map(Group::size).collect();
        assert_eq!(sizes, [2, 1]);
        let billing = [role("billing")];
        let bench = pool.groups_of(&billing).next().unwrap().bench(&task()).unwrap();
        let order: Vec<&str> = bench.free(Strategy::LongestIdle.ordering()).map(|(_, agent)| agent.as_str()).collect();
        assert_eq!(order, ["ben", "ana"]);
        assert_eq!(bench.free(Ordering::Turn).count(), 0, "no role of the catalogue needs that order");
    }

    #[test]
    fn a_group_that_has_two_of_the_roles_is_met_once() {
        let mut pool = Pool::for_catalogue(&catalogue());
        pool.admit(&agent("ana", 1, &["billing", "technical"]), &catalogue());
        assert_eq!(pool.groups_of(&[role("technical"), role("billing"), role("technical")]).count(), 1);
        assert_eq!(pool.groups_of(&[role("nobody's")]).count(), 0);
    }

    #[test]
    fn a_group_is_gone_with_its_last_member() {
        let (catalogue, mut pool) = (catalogue(), Pool::for_catalogue(&catalogue()));
        let (mut ana, ben) = (agent("ana", 1, &["billing"]), agent("ben", 2, &["billing"]));
        pool.admit(&ana, &catalogue);
        pool.admit(&ben, &catalogue);
        assert_eq!(pool.mates(&ana.id).collect::<Vec<_>>(), [&ben.id]);
        pool.dismiss(&ben.id);
        pool.dismiss(&ben.id);
        assert_eq!(pool.mates(&ana.id).count() + pool.mates(&ben.id).count(), 0);
        ana.profile.roles = [role("technical")].into();
        pool.admit(&ana, &catalogue);
        assert_eq!(pool.groups_of(&[role("billing")]).count(), 0);
        assert_eq!(pool.groups_of(&[role("technical")]).count(), 1);
        pool.dismiss(&ana.id);
        assert!(pool.census().is_empty());
    }

    #[test]
    fn a_bench_counts_everybody_by_how_they_stand_and_seats_the_free() {
        let (catalogue, mut pool) = (catalogue(), Pool::for_catalogue(&catalogue()));
        let mut ana = agent("ana", 1, &["billing"]);
        pool.admit(&ana, &catalogue);
        let counts = |pool: &Pool| {
            let billing = [role("billing")];
            let bench = pool.groups_of(&billing).next().unwrap().bench(&task()).unwrap();
            let standings = [Standing::Offline, Standing::ChannelOff, Standing::NoSlot, Standing::Free];
            (standings.map(|standing| bench.count(standing)), bench.free(Ordering::Idle).count())
        };
        assert_eq!(counts(&pool), ([0, 0, 0, 1], 1));
        ana.switches.insert(task(), false);
        pool.update(&ana, &catalogue);
        assert_eq!(counts(&pool), ([0, 1, 0, 0], 0));
        ana.status = Status::Away;
        pool.update(&ana, &catalogue);
        assert_eq!(counts(&pool), ([1, 0, 0, 0], 0));
        (ana.status, ana.idle_seq) = (Status::Online, 9);
        ana.switches.clear();
        pool.update(&ana, &catalogue);
        assert_eq!(counts(&pool), ([0, 0, 0, 1], 1));
    }

    #[test]
    fn no_bench_is_kept_for_a_channel_that_upstream_invents() {
        let mut pool = Pool::for_catalogue(&catalogue());
        pool.admit(&agent("ana", 1, &["billing"]), &catalogue());
        let billing = [role("billing")];
        let group = pool.groups_of(&billing).next().unwrap();
        assert!(group.bench(&ChannelName::parse("smoke signals").unwrap()).is_none());
        assert_eq!(group.bench(&task()).unwrap().count(Standing::Free), 1);
    }
}
