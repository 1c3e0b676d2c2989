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
    /// May be given a ticket.
    Free,
}

impl Standing {
    const COUNT: usize = 4;

    /// How this agent stands to that channel.
    #[must_use]
    pub fn of(agent: &Agent, channel: &ChannelName, catalogue: &Catalogue) -> Self {
        if agent.status != Status::Online {
            Self::Offline
        } else if !agent.channel_on(channel, catalogue) {
            Self::ChannelOff
        } else if agent.has_slot(channel, catalogue) {
            Self::Free
        } else {
            Self::NoSlot
        }
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
        Self { channels: channels.into_iter().collect(), orderings: orderings.into_iter().collect(), ..Self::default() }
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

    /// Puts an agent in the group of its profile, new or moved. Says whether a group lost its last member.
    pub(super) fn admit(&mut self, agent: &Agent, catalogue: &Catalogue) -> GroupEmptied {
        if let Some(home) = self.homes.get(&agent.id)
            && self.group(home.group).signature.fits(&agent.profile)
        {
            self.update(agent, catalogue);
            return GroupEmptied::No;
        }
        let emptied = self.dismiss(&agent.id);
        let signature = GroupSignature::of(&agent.profile);
        let number = self.numbers.get(&signature).copied().unwrap_or_else(|| self.found(signature, agent, catalogue));
        self.group_mut(number).members.insert(agent.id.clone());
        self.homes.insert(agent.id.clone(), Home { group: number, seats: Vec::new() });
        self.update(agent, catalogue);
        emptied
    }

    /// Takes an agent out.
    pub(super) fn dismiss(&mut self, agent: &AgentId) -> GroupEmptied {
        let Some(home) = self.homes.remove(agent) else { return GroupEmptied::No };
        for index in 0..home.seats.len() {
            self.vacate(&home, index, agent);
        }
        let group = self.group_mut(home.group);
        group.members.remove(agent);
        if group.members.is_empty() {
            self.dissolve(home.group);
            return GroupEmptied::Yes;
        }
        GroupEmptied::No
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

/// Whether the last agent of its kind is gone, so that some tickets may have lost the only one who could take them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupEmptied {
    /// Others of its kind remain, or it stayed.
    No,
    /// It was the last.
    Yes,
}
