//! All agents of a role together: how many stand how to each lane, and which groups have somebody who is free. What is
//! asked of a role as a whole costs the same however many agents and groups it has.

use std::collections::{BTreeMap, BTreeSet};

use super::digest::ByRole;
use super::group::Group;
use super::name::RoleName;
use super::standing::Standing;

/// A crew's number: an index, the same as long as the pool is. Nothing is decided by it.
pub(super) type CrewNumber = usize;

/// The agents of a role.
#[derive(Debug, Clone, Default)]
pub(super) struct Crew {
    groups: Vec<usize>,
    /// Of these, the groups in which somebody is free on some lane.
    seated: BTreeSet<usize>,
    /// How many stand how, by lane.
    counts: Vec<[u32; Standing::COUNT]>,
}

impl Crew {
    /// The groups of its agents, by number.
    pub(super) fn groups(&self) -> &[usize] {
        &self.groups
    }

    /// The groups in which somebody is free on some lane.
    pub(super) fn seated(&self) -> impl Iterator<Item = usize> {
        self.seated.iter().copied()
    }

    /// How many stand so to a lane.
    pub(super) fn count(&self, lane: usize, standing: Standing) -> u32 {
        self.counts[lane][standing as usize]
    }

    /// How many stand how to a lane.
    pub(super) fn counts(&self, lane: usize) -> &[u32; Standing::COUNT] {
        &self.counts[lane]
    }
}

/// The agents of every role.
#[derive(Debug, Clone, Default)]
pub(super) struct Crews {
    /// A crew stays when nobody is of it any more.
    crews: Vec<Crew>,
    numbers: ByRole<CrewNumber>,
}

impl PartialEq for Crews {
    /// It matters neither how crews and groups are numbered nor whether a crew of nobody is remembered.
    fn eq(&self, other: &Self) -> bool {
        fn known(crews: &Crews) -> BTreeMap<&RoleName, (usize, usize, &[[u32; Standing::COUNT]])> {
            let peopled = crews.numbers.iter().map(|(role, number)| (role, &crews.crews[*number]));
            let peopled = peopled.filter(|(_, crew)| !crew.groups.is_empty());
            peopled.map(|(role, crew)| (role, (crew.groups.len(), crew.seated.len(), &*crew.counts))).collect()
        }
        known(self) == known(other)
    }
}

impl Crews {
    /// The crew of a role, where anybody ever was of it.
    pub(super) fn of(&self, role: &RoleName) -> Option<&Crew> {
        self.numbers.get(role).map(|number| &self.crews[*number])
    }

    /// A group is of that role from now on.
    pub(super) fn join(&mut self, role: &RoleName, group: usize, lanes: usize) -> CrewNumber {
        let number = *self.numbers.entry(role.clone()).or_insert_with(|| {
            self.crews.push(Crew { counts: vec![[0; Standing::COUNT]; lanes], ..Crew::default() });
            self.crews.len() - 1
        });
        self.crews[number].groups.push(group);
        number
    }

    /// A group is no more. Nobody of it is counted any more.
    pub(super) fn part(&mut self, group: &Group, number: usize) {
        for crew in &group.crews {
            let crew = &mut self.crews[*crew];
            crew.groups.retain(|listed| *listed != number);
            crew.seated.remove(&number);
        }
    }

    /// A member of a group stands otherwise than before, and is seated as it stands; of one who comes or goes there is
    /// nothing before or after.
    pub(super) fn count(&mut self, number: usize, group: &Group, before: &[Standing], after: &[Standing]) {
        for crew in &group.crews {
            let crew = &mut self.crews[*crew];
            for (counts, standing) in crew.counts.iter_mut().zip(before) {
                counts[*standing as usize] -= 1;
            }
            for (counts, standing) in crew.counts.iter_mut().zip(after) {
                counts[*standing as usize] += 1;
            }
            if group.is_seated() {
                crew.seated.insert(number);
            } else {
                crew.seated.remove(&number);
            }
        }
    }
}
