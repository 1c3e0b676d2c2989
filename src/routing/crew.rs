//! All agents of a role together: how many stand how to each lane, and which groups have somebody who is free. What is
//! asked of a role as a whole costs the same however many agents and groups it has.
//!
//! The same is kept of those of a role who are asked for what demands the same: see [`Audience`].

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashTable;

use super::audience::{Asked, Audience, Seat, Sought};
use super::digest::ByRole;
use super::group::{FreeOn, Group};
use super::name::{Permission, RoleName};
use super::skill::Skills;
use super::standing::{Moves, Standing};

/// A crew's number: an index, the same as long as the pool is. Nothing is decided by it.
pub(super) type CrewNumber = usize;

/// For how many demands a role's audiences are kept at most. When there is one more all are forgotten, so that whoever
/// invents demands has each of them looked for as often as if none were kept.
const AUDIENCES_MAX: usize = 256;

/// The agents of a role.
#[derive(Debug, Clone)]
struct Crew {
    role: RoleName,
    groups: Vec<usize>,
    /// The first is everybody.
    audiences: Vec<Audience>,
    /// All but the first, by what they are asked for.
    listed: HashTable<usize>,
}

impl Crew {
    fn new(role: RoleName, lanes: usize) -> Self {
        let everybody = Audience::of(Sought::NOTHING, lanes);
        Self { role, groups: Vec::new(), audiences: vec![everybody], listed: HashTable::new() }
    }

    fn everybody(&self) -> &Audience {
        self.audiences.first().expect("a crew is an audience of its own")
    }

    fn place_of(&self, sought: Sought<'_>) -> Option<usize> {
        if sought.is_nothing() {
            return Some(0);
        }
        let is_it = |place: &usize| self.audiences[*place].sought() == sought;
        self.listed.find(sought.digest(), is_it).copied()
    }
}

/// The agents of every role.
#[derive(Debug, Clone, Default)]
pub(super) struct Crews {
    /// A crew stays when nobody is of it any more.
    all: Vec<Crew>,
    numbers: ByRole<CrewNumber>,
    lanes: usize,
}

/// A role, and what was demanded of its agents.
pub(super) type Gathered<'c> = (&'c RoleName, Sought<'c>);

/// What is known of the agents of a role: how many groups they are, and what of each audience.
type Known<'c> = (usize, BTreeMap<(&'c Skills, &'c BTreeSet<Permission>, Option<u32>), (&'c Audience, usize)>);

impl PartialEq for Crews {
    /// It matters neither how crews and groups are numbered nor whether a crew of nobody is remembered.
    fn eq(&self, other: &Self) -> bool {
        fn known(crew: &Crew) -> Known<'_> {
            let audiences = crew.audiences.iter().map(|audience| {
                let Sought { skills, permissions, rank_max } = audience.sought();
                ((skills, permissions, rank_max), (audience, audience.seated().len()))
            });
            (crew.groups.len(), audiences.collect())
        }
        let peopled = |crews: &Self| crews.all.iter().filter(|crew| !crew.groups.is_empty()).count();
        let same = |crew: &Crew| {
            let others = other.numbers.get(&crew.role).map(|number| &other.all[*number]);
            crew.groups.is_empty() || others.is_some_and(|others| known(crew) == known(others))
        };
        peopled(self) == peopled(other) && self.all.iter().all(same)
    }
}

impl Crews {
    /// Of nobody, with so many lanes.
    pub(super) fn with_lanes(lanes: usize) -> Self {
        Self { lanes, ..Self::default() }
    }

    fn crew(&self, role: &RoleName) -> Option<&Crew> {
        self.numbers.get(role).map(|number| &self.all[*number])
    }

    /// All agents of a role, where anybody ever was of it.
    pub(super) fn of(&self, role: &RoleName) -> Option<&Audience> {
        self.crew(role).map(Crew::everybody)
    }

    /// The groups of a role's agents, by number.
    pub(super) fn groups_of(&self, role: &RoleName) -> &[usize] {
        self.crew(role).map_or(&[], |crew| &crew.groups)
    }

    /// Those of a role who are asked for what demands this, where they have been gathered.
    pub(super) fn audience(&self, role: &RoleName, sought: Sought<'_>) -> Option<&Audience> {
        let crew = self.crew(role)?;
        crew.place_of(sought).map(|place| &crew.audiences[place])
    }

    /// What was gathered, for comparison.
    pub(super) fn gathered(&self) -> impl Iterator<Item = Gathered<'_>> {
        self.all.iter().flat_map(|crew| {
            let audiences = crew.audiences.iter().skip(1);
            audiences.map(move |audience| (&crew.role, audience.sought()))
        })
    }

    /// Gathers those of a role who are asked for what demands this, where that was not done before.
    pub(super) fn gather(&mut self, groups: &mut [Option<Group>], role: &RoleName, sought: Sought<'_>) {
        let Some(number) = self.numbers.get(role).copied() else { return };
        let crew = &mut self.all[number];
        if crew.place_of(sought).is_some() {
            return;
        }
        if crew.audiences.len() > AUDIENCES_MAX {
            crew.audiences.truncate(1);
            crew.listed.clear();
            for group in &crew.groups {
                member_group(groups, *group).asked.retain(|asked| asked.crew != number || asked.audience == 0);
            }
        }
        let place = crew.audiences.len();
        let mut audience = Audience::of(sought, self.lanes);
        for member in &crew.groups {
            audience.take_in(*member, member_group(groups, *member), Asked::of(number, place), &crew.role);
        }
        crew.audiences.push(audience);
        let audiences = &crew.audiences;
        crew.listed.insert_unique(sought.digest(), place, |place| audiences[*place].sought().digest());
    }

    /// A group in which nobody is yet is of its roles from now on.
    pub(super) fn join(&mut self, number: usize, group: &mut Group) {
        let mut asked = Vec::new();
        for role in &*group.signature.roles {
            let crew = *self.numbers.entry(role.clone()).or_insert_with(|| {
                self.all.push(Crew::new(role.clone(), self.lanes));
                self.all.len() - 1
            });
            self.all[crew].groups.push(number);
            let audiences = self.all[crew].audiences.iter().enumerate();
            let asking = audiences.filter(|(_, audience)| audience.asks(role, group));
            asked.extend(asking.map(|(place, _)| Asked::of(crew, place)));
        }
        group.asked = asked;
    }

    /// A group in which nobody is any more is no more.
    pub(super) fn part(&mut self, group: &Group, number: usize) {
        for role in &*group.signature.roles {
            let crew = self.numbers[role];
            self.all[crew].groups.retain(|listed| *listed != number);
        }
    }

    /// One comes to a group, or leaves it, and stands so.
    pub(super) fn count_member(&mut self, group: &Group, comes: bool, standings: &[Standing]) {
        for role in &*group.signature.roles {
            let crew = &mut self.all[self.numbers[role]];
            for audience in &mut crew.audiences {
                audience.count_member(role, group, comes, standings);
            }
        }
    }

    /// A member of a group stands otherwise than before.
    pub(super) fn count(&mut self, group: &Group, moves: &Moves<'_>) {
        for asked in &group.asked {
            self.all[asked.crew].audiences[asked.audience].count(moves);
        }
    }

    /// On other lanes than before somebody of a group is free.
    pub(super) fn seat(&mut self, groups: &mut [Option<Group>], number: usize, free_on: FreeOn) {
        for place in 0..member_group(groups, number).asked.len() {
            let asked = &mut member_group(groups, number).asked[place];
            let audience = &mut self.all[asked.crew].audiences[asked.audience];
            match asked.seat {
                Some(seat) if free_on.is_nowhere() => {
                    let (crew, left) = (asked.crew, asked.audience);
                    asked.seat = None;
                    if let Some(moved) = audience.unseat(seat) {
                        let mut asked = member_group(groups, moved).asked.iter_mut();
                        let same = asked.find(|asked| (asked.crew, asked.audience) == (crew, left));
                        same.expect("who is seated is asked").seat = Some(seat);
                    }
                }
                Some(seat) => audience.reseat(seat, free_on),
                None => asked.seat = Some(audience.seat(Seat { group: number, free_on })),
            }
        }
    }
}

fn member_group(groups: &mut [Option<Group>], number: usize) -> &mut Group {
    groups[number].as_mut().expect("a numbered group has members")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::agent::AgentProfile;
    use crate::routing::group::GroupSignature;
    use crate::routing::skill::SkillLevel;
    use crate::routing::skillbook::SkillBook;

    fn role() -> RoleName {
        RoleName::parse("billing").unwrap()
    }

    fn german(level: u8) -> Skills {
        Skills([("de".parse().unwrap(), SkillLevel::new(level).unwrap())].into())
    }

    fn sought(skills: &Skills, rank_max: Option<u32>) -> Sought<'_> {
        Sought { skills, rank_max, ..Sought::NOTHING }
    }

    /// A group of one who is free on the one lane, and one of one who is offline: one speaks German, the other does not.
    fn crews() -> (Crews, Vec<Option<Group>>) {
        let (mut crews, mut book) = (Crews::with_lanes(1), SkillBook::default());
        let groups = [(german(5), Standing::Free), (Skills::default(), Standing::Offline)].map(|(skills, standing)| {
            let profile = AgentProfile { skills, ..AgentProfile::of_roles([role()]) };
            let held = book.enter(&profile.skills);
            (Group::new(GroupSignature::of(&profile), BTreeSet::new(), held, 1), standing)
        });
        let mut all = Vec::new();
        for (number, (mut group, standing)) in groups.into_iter().enumerate() {
            crews.join(number, &mut group);
            group.count_in(&[standing; crate::routing::standing::LANES_MAX]);
            crews.count_member(&group, true, &[standing]);
            all.push(Some(group));
        }
        (crews, all)
    }

    #[test]
    fn an_audience_counts_who_is_asked_whenever_it_was_gathered() {
        let (mut crews, mut groups) = crews();
        let skills = german(3);
        crews.gather(&mut groups, &role(), sought(&skills, None));
        let counts = |crews: &Crews| {
            let audience = crews.audience(&role(), sought(&german(3), None)).unwrap();
            [Standing::Free, Standing::NoSlot, Standing::Offline].map(|standing| audience.count_of(0, standing))
        };
        assert_eq!(counts(&crews), [1, 0, 0]);
        for (number, before, after) in [(0, Standing::Free, Standing::NoSlot), (1, Standing::Offline, Standing::Free)] {
            crews.count(groups[number].as_ref().unwrap(), &Moves::between(&[before], &[after]));
        }
        assert_eq!(counts(&crews), [0, 1, 0]);
        assert_eq!(crews.of(&role()).unwrap().count_of(0, Standing::Free), 1, "the other is of the crew all the same");
        assert!(crews.audience(&role(), sought(&german(4), None)).is_none());
        assert!(crews.audience(&role(), sought(&skills, Some(1))).is_none());
    }

    #[test]
    fn when_there_are_too_many_audiences_all_are_forgotten() {
        let (mut crews, mut groups) = crews();
        let demands = 1..=u32::try_from(AUDIENCES_MAX).unwrap() + 1;
        for rank_max in demands.clone() {
            crews.gather(&mut groups, &role(), sought(&Skills::default(), Some(rank_max)));
        }
        let kept = |rank_max: &u32| crews.audience(&role(), sought(&Skills::default(), Some(*rank_max))).is_some();
        assert_eq!(demands.clone().filter(kept).collect::<Vec<_>>(), [*demands.end()]);
        assert!(groups.iter().flatten().all(|group| group.asked.len() == 2));
    }
}
