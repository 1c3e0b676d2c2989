//! Who is free: agents of the same roles, skills and ranks form a [`Group`]; for each channel that has a lane the group
//! counts how its members stand to it, and seats those who are free in the order that the strategies need.
//!
//! Everything here follows from the agents and the catalogue, and can be made anew from them at any time. What is chosen
//! does not depend on how groups and agents are numbered.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::agent::{Agent, ChannelLoad};
use super::audience::{Audience, Sought};
use super::catalogue::Catalogue;
use super::crew::Crews;
use super::demands::Shared;
use super::group::{FreeOn, GroupSignature};
use super::name::{ChannelName, RoleName};
use super::roster::Number;
use super::skill::Skills;
use super::skillbook::{Demanded, SkillBook};
use super::sorted::Sorted;
use super::standing::{Lanes, Moves, Standings, Terms};
use super::strategy::{OrderKey, Ordering, Places};

pub use super::group::{Bench, Group};
pub use super::standing::Standing;

/// Where an agent sits.
#[derive(Debug, Clone)]
struct Home {
    group: usize,
    /// Shared with others of whom the same counts.
    terms: Arc<Terms>,
    /// By lane.
    standings: Box<[Standing]>,
    free_on: FreeOn,
    places: Places,
}

/// All agents, in groups.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    /// Those that a strategy of the catalogue needs.
    orderings: Vec<Ordering>,
    lanes: Lanes,
    terms: Shared<Terms>,
    skills: SkillBook,
    groups: Vec<Option<Group>>,
    vacant: Vec<usize>,
    numbers: HashMap<GroupSignature, usize, FixedState>,
    crews: Crews,
    /// Where the first of each group sit in each order, by the groups' numbers.
    fronts: [Vec<OrderKey>; Ordering::ALL.len()],
    /// By the agents' numbers.
    homes: Vec<Option<Home>>,
    /// The roles that keep some of their agents for their own work.
    reserving: Vec<RoleName>,
}

impl Pool {
    /// An empty pool that serves this catalogue.
    #[must_use]
    pub(super) fn for_catalogue(catalogue: &Catalogue) -> Self {
        let lanes = Lanes::of(catalogue);
        let orderings: BTreeSet<Ordering> = catalogue.roles.values().map(|role| role.strategy.ordering()).collect();
        let reserving = catalogue.roles.values().filter(|role| role.staffing.reserve > 0);
        Self {
            reserving: reserving.map(|role| role.name.clone()).collect(),
            crews: Crews::with_lanes(lanes.names().len()),
            lanes,
            orderings: orderings.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The channels for which benches are kept.
    pub(super) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// What these skills are by number, as a demand on groups.
    pub(super) fn demanded(&self, skills: &Skills) -> Demanded {
        self.skills.demanded(skills)
    }

    /// The groups that have any of these roles, each once.
    pub fn groups_of<'a>(&'a self, roles: &[RoleName]) -> impl Iterator<Item = &'a Group> + use<'a> {
        let of_role = |role| self.crews.groups_of(role);
        let (one, several) = match roles {
            [role] => (of_role(role), Vec::new()),
            roles => {
                let mut several: Vec<usize> = roles.iter().flat_map(of_role).copied().collect();
                several.sort_unstable();
                several.dedup();
                (&[][..], several)
            }
        };
        one.iter().copied().chain(several).map(|number| self.group(number))
    }

    /// A group's bench for a channel, where one is kept.
    #[must_use]
    pub fn bench<'g>(&self, group: &'g Group, channel: &ChannelName) -> Option<Bench<'g>> {
        self.lanes.number(channel).map(|lane| group.bench(lane))
    }

    /// Whether anybody who has one of these roles is online.
    #[must_use]
    pub fn has_online(&self, roles: &[RoleName]) -> bool {
        self.groups_of(roles).any(Group::has_online)
    }

    /// The roles that keep some of their agents for their own work.
    pub(super) fn reserving(&self) -> impl Iterator<Item = &RoleName> {
        self.reserving.iter()
    }

    /// How many agents of a role that keeps some are free on a channel that has a lane.
    pub(super) fn free_of(&self, role: &RoleName, channel: &ChannelName) -> Option<u32> {
        let lane = self.lanes.number(channel)?;
        Some(self.crews.of(role).map_or(0, |crew| crew.count_of(lane, Standing::Free)))
    }

    /// All agents of a role together, where there are any.
    pub(super) fn crew(&self, role: &RoleName) -> Option<&Audience> {
        self.crews.of(role)
    }

    /// Gathers those agents of a role who are asked for what demands this, so that they are counted as a whole from now
    /// on. Nothing is decided by whether they are.
    pub(super) fn gather(&mut self, role: &RoleName, sought: Sought<'_>) {
        self.crews.gather(&mut self.groups, role, sought);
    }

    /// Those of a role who are asked for what demands this, where they have been gathered.
    pub(super) fn audience(&self, role: &RoleName, sought: Sought<'_>) -> Option<&Audience> {
        self.crews.audience(role, sought)
    }

    /// A group of an audience in which somebody is free.
    pub(super) fn seated(&self, number: usize) -> &Group {
        self.group(number)
    }

    /// Before which place none of a group sits who is free, in an order, by the groups' numbers.
    pub(super) fn fronts(&self, ordering: Ordering) -> &[OrderKey] {
        &self.fronts[ordering as usize]
    }

    /// What the outside is told of an agent's load while it holds nothing.
    pub(super) fn unused(&self, agent: Number<Agent>) -> Option<&Sorted<ChannelName, ChannelLoad>> {
        self.home(agent).map(|home| home.terms.unused())
    }

    /// How agents stand role by role, for comparison with what the agents say.
    pub(super) fn crews(&self) -> &Crews {
        &self.crews
    }

    /// The others of an agent's group.
    pub(super) fn mates(&self, agent: Number<Agent>) -> impl Iterator<Item = Number<Agent>> {
        let group = self.home(agent).map(|home| self.group(home.group));
        group.into_iter().flat_map(|group| group.members.iter().copied()).filter(move |member| *member != agent)
    }

    /// Puts an agent in the group of its profile, new or moved.
    pub(super) fn admit(&mut self, number: Number<Agent>, agent: &Agent, catalogue: &Catalogue) {
        let terms = self.terms.share(&Arc::new(self.lanes.terms(&agent.profile, catalogue)));
        if let Some(home) = self.homes.get_mut(number.place()).and_then(Option::as_mut)
            && self.groups[home.group].as_ref().is_some_and(|group| group.signature.fits(&agent.profile))
        {
            home.terms = terms;
            return self.update(number, agent, catalogue);
        }
        self.dismiss(number);
        let signature = GroupSignature::of(&agent.profile);
        let group = self.numbers.get(&signature).copied().unwrap_or_else(|| self.found(signature, agent, catalogue));
        let standings = self.lanes.standings(agent, &terms, catalogue);
        let kept = &standings[..self.lanes.names().len()];
        let home = Home { group, terms, free_on: FreeOn::of(kept), standings: kept.into(), places: Places::of(agent) };
        let place = number.place();
        if self.homes.len() <= place {
            self.homes.resize(place + 1, None);
        }
        let seat = self.groups[group].as_mut().expect("a numbered group has members");
        seat.members.insert(number);
        seat.count_in(&standings);
        self.crews.count_member(seat, true, &home.standings);
        let (free_on, places) = (home.free_on, home.places);
        self.homes[place] = Some(home);
        self.reseat(group, |group, orderings| group.seat(number, free_on, places, orderings));
    }

    /// Seats members of a group otherwise.
    fn reseat(&mut self, number: usize, seat: impl FnOnce(&mut Group, &[Ordering])) {
        let Self { groups, orderings, crews, fronts, .. } = self;
        let group = groups[number].as_mut().expect("a numbered group has members");
        let before = group.free_on();
        seat(group, orderings);
        for ordering in &*orderings {
            fronts[*ordering as usize][number] = group.front(*ordering);
        }
        let after = group.free_on();
        if after != before {
            crews.seat(groups, number, after);
        }
    }

    /// Takes an agent out.
    pub(super) fn dismiss(&mut self, number: Number<Agent>) {
        let Some(home) = self.homes.get_mut(number.place()).and_then(Option::take) else { return };
        self.reseat(home.group, |group, orderings| group.unseat(number, home.free_on, home.places, orderings));
        let group = self.groups[home.group].as_mut().expect("a numbered group has members");
        group.count_out(&home.standings);
        self.crews.count_member(group, false, &home.standings);
        group.members.remove(&number);
        if group.members.is_empty() {
            self.dissolve(home.group);
        }
    }

    /// Seats an agent anew, after its status, its switches or what it holds has changed.
    pub(super) fn update(&mut self, number: Number<Agent>, agent: &Agent, catalogue: &Catalogue) {
        let Self { homes, groups, orderings, lanes, crews, .. } = self;
        let Some(home) = homes.get_mut(number.place()).and_then(Option::as_mut) else { return };
        let standings: Standings = lanes.standings(agent, &home.terms, catalogue);
        let kept = &standings[..lanes.names().len()];
        let (places_before, places) = (home.places, Places::of(agent));
        let moves = Moves::between(&home.standings, kept);
        let stays = |needed: &Ordering| places.in_order(*needed) == places_before.in_order(*needed);
        if moves.are_none() && orderings.iter().all(stays) {
            return;
        }
        let (group, before) = (home.group, home.free_on);
        home.places = places;
        if !moves.are_none() {
            let members = groups[group].as_mut().expect("a numbered group has members");
            members.count(&moves);
            crews.count(members, &moves);
            home.standings.copy_from_slice(kept);
            home.free_on = FreeOn::of(kept);
        }
        let after = home.free_on;
        if before.is_nowhere() && after.is_nowhere() {
            return;
        }
        self.reseat(group, |group, orderings| {
            group.unseat(number, before, places_before, orderings);
            group.seat(number, after, places, orderings);
        });
    }

    /// How an agent stands to each lane.
    pub(super) fn standings(&self, agent: Number<Agent>) -> Option<&[Standing]> {
        self.home(agent).map(|home| &*home.standings)
    }

    /// The members of all groups with their seats, for comparison with what the agents say.
    pub(super) fn census(&self) -> BTreeMap<Number<Agent>, (&Group, &[Standing])> {
        let members = self.groups.iter().flatten().flat_map(|group| group.members.iter().map(move |it| (*it, group)));
        members.map(|(agent, group)| (agent, (group, self.standings(agent).unwrap_or_default()))).collect()
    }

    fn home(&self, agent: Number<Agent>) -> Option<&Home> {
        self.homes.get(agent.place())?.as_ref()
    }

    fn found(&mut self, signature: GroupSignature, agent: &Agent, catalogue: &Catalogue) -> usize {
        let permissions = agent.profile.permissions(catalogue);
        let number = self.vacant.pop().unwrap_or(self.groups.len());
        if number == self.groups.len() {
            self.groups.push(None);
            self.fronts.iter_mut().for_each(|fronts| fronts.push(OrderKey::default()));
        }
        let held = self.skills.enter(&signature.skills);
        let mut group = Group::new(signature.clone(), permissions, held, self.lanes.names().len());
        self.crews.join(number, &mut group);
        self.groups[number] = Some(group);
        self.numbers.insert(signature, number);
        number
    }

    fn dissolve(&mut self, number: usize) {
        let group = self.groups[number].take().expect("a numbered group has members");
        self.crews.part(&group, number);
        self.skills.leave(&group.signature.skills);
        self.numbers.remove(&group.signature);
        self.vacant.push(number);
    }

    fn group(&self, number: usize) -> &Group {
        self.groups[number].as_ref().expect("a numbered group has members")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::agent::{AgentProfile, Status};
    use crate::routing::grounds::Grounds;
    use crate::routing::name::AgentId;
    use crate::routing::pacing::Given;
    use crate::routing::role::{Role, Strategy};
    use crate::routing::roster::Roster;
    use crate::routing::sorted::Sorted;
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
            grounds: Grounds::default(),
            status_since: Timestamp(0),
            switches: BTreeMap::new(),
            slots: Sorted::new(),
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

    /// A pool of these agents, and the agents.
    fn pool(agents: impl IntoIterator<Item = Agent>) -> (Pool, Roster<Agent>) {
        let (catalogue, mut roster) = (catalogue(), Roster::default());
        let mut pool = Pool::for_catalogue(&catalogue);
        for agent in agents {
            let number = roster.add(agent);
            pool.admit(number, roster.at(number), &catalogue);
        }
        (pool, roster)
    }

    fn number(roster: &Roster<Agent>, name: &str) -> Number<Agent> {
        roster.number(&AgentId::parse(name).unwrap()).unwrap()
    }

    /// Who is free for tasks of the one group of a role, in that order.
    fn free<'r>(pool: &Pool, roster: &'r Roster<Agent>, ordering: Ordering) -> Vec<&'r str> {
        let group = pool.groups_of(&[role("billing")]).next().unwrap();
        let rows = pool.bench(group, &task()).unwrap().rows(ordering);
        rows.flatten().map(|(_, agent)| roster.at(agent).id.as_str()).collect()
    }

    #[test]
    fn who_differs_in_nothing_but_what_it_holds_sits_in_one_group() {
        let mut skilled = agent("cleo", 3, &["billing", "technical"]);
        skilled.profile.skills.0.insert("de".parse().unwrap(), crate::routing::skill::SkillLevel::MAX);
        let (pool, roster) = pool([agent("ben", 1, &["billing"]), agent("ana", 2, &["billing"]), skilled]);
        let sizes: Vec<u32> = pool.groups_of(&[role("billing")]).map(Group::size).collect();
        assert_eq!(sizes, [2, 1]);
        assert_eq!(free(&pool, &roster, Strategy::LongestIdle.ordering()), ["ben", "ana"]);
        assert!(free(&pool, &roster, Ordering::Turn).is_empty(), "no role of the catalogue needs that order");
    }

    #[test]
    fn a_group_that_has_two_of_the_roles_is_met_once() {
        let (pool, _) = pool([agent("ana", 1, &["billing", "technical"])]);
        assert_eq!(pool.groups_of(&[role("technical"), role("billing"), role("technical")]).count(), 1);
        assert_eq!(pool.groups_of(&[role("nobody's")]).count(), 0);
    }

    #[test]
    fn a_group_is_gone_with_its_last_member() {
        let (mut pool, mut roster) = pool([agent("ana", 1, &["billing"]), agent("ben", 2, &["billing"])]);
        let (ana, ben) = (number(&roster, "ana"), number(&roster, "ben"));
        assert_eq!(pool.mates(ana).collect::<Vec<_>>(), [ben]);
        pool.dismiss(ben);
        pool.dismiss(ben);
        assert_eq!(pool.mates(ana).count() + pool.mates(ben).count(), 0);
        roster.at_mut(ana).profile.roles = BTreeSet::from([role("technical")]).into();
        pool.admit(ana, roster.at(ana), &catalogue());
        assert_eq!(pool.groups_of(&[role("billing")]).count(), 0);
        assert_eq!(pool.groups_of(&[role("technical")]).count(), 1);
        pool.dismiss(ana);
        assert!(pool.census().is_empty());
    }

    #[test]
    fn a_bench_counts_everybody_by_how_they_stand_and_seats_the_free() {
        let (mut pool, mut roster) = pool([agent("ana", 1, &["billing"])]);
        let ana = number(&roster, "ana");
        let counts = |pool: &Pool, roster: &Roster<Agent>| {
            let group = pool.groups_of(&[role("billing")]).next().unwrap();
            let bench = pool.bench(group, &task()).unwrap();
            let standings = [Standing::Offline, Standing::ChannelOff, Standing::NoSlot, Standing::Free];
            (standings.map(|standing| bench.count(standing)), free(pool, roster, Ordering::Idle).len())
        };
        assert_eq!(counts(&pool, &roster), ([0, 0, 0, 1], 1));
        let changes: [(fn(&mut Agent), _); 3] = [
            (|ana| ana.switches = [(task(), false)].into(), ([0, 1, 0, 0], 0)),
            (|ana| ana.status = Status::Away, ([1, 0, 0, 0], 0)),
            (
                |ana| {
                    (ana.status, ana.idle_seq) = (Status::Online, 9);
                    ana.switches.clear();
                },
                ([0, 0, 0, 1], 1),
            ),
        ];
        for (change, expected) in changes {
            change(roster.at_mut(ana));
            pool.update(ana, roster.at(ana), &catalogue());
            assert_eq!(counts(&pool, &roster), expected);
        }
    }

    #[test]
    fn who_is_free_where_no_role_needs_an_order_comes_and_goes() {
        let nothing = Catalogue::default();
        let (mut pool, mut roster) = (Pool::for_catalogue(&nothing), Roster::default());
        let agents = [agent("ana", 1, &[]), agent("ben", 2, &[])].map(|agent| roster.add(agent));
        for number in agents {
            pool.admit(number, roster.at(number), &nothing);
        }
        roster.at_mut(agents[0]).switches = [(task(), false)].into();
        pool.update(agents[0], roster.at(agents[0]), &nothing);
        for number in agents {
            pool.dismiss(number);
        }
        assert!(pool.census().is_empty());
    }

    #[test]
    fn the_first_of_a_bench_is_the_first_of_all_who_are_free_there() {
        let mut ana = agent("ana", 1, &["billing"]);
        ana.switches.insert(ChannelName::parse("call").unwrap(), false);
        let (pool, roster) = pool([agent("ben", 2, &["billing"]), ana]);
        let group = pool.groups_of(&[role("billing")]).next().unwrap();
        let first = |channel: &str| {
            let bench = pool.bench(group, &ChannelName::parse(channel).unwrap()).unwrap();
            bench.first(Ordering::Idle).map(|(_, agent)| roster.at(agent).id.as_str())
        };
        assert_eq!((first("task"), first("call")), (Some("ana"), Some("ben")));
    }

    #[test]
    fn no_bench_is_kept_for_a_channel_that_upstream_invents() {
        let (pool, _) = pool([agent("ana", 1, &["billing"])]);
        let group = pool.groups_of(&[role("billing")]).next().unwrap();
        assert!(pool.bench(group, &ChannelName::parse("smoke signals").unwrap()).is_none());
        assert_eq!(pool.bench(group, &task()).unwrap().count(Standing::Free), 1);
    }
}
