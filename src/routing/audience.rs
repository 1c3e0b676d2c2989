//! An audience: those agents of a role who are asked for tickets that demand the same, counted as a whole. A ticket that
//! demands what others have demanded looks neither at those who lack it nor at those who are not free.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use super::crew::CrewNumber;
use super::digest::Digest;
use super::group::{FreeOn, Group};
use super::name::{Permission, RoleName};
use super::skill::Skills;
use super::sorted::Sorted;
use super::standing::{Moves, Standing};
use super::ticket::Demand;

static NO_SKILLS: Skills = Skills(Sorted::new());
static NO_PERMISSIONS: BTreeSet<Permission> = BTreeSet::new();

/// What is demanded of a role's agents beyond the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Sought<'d> {
    pub(super) skills: &'d Skills,
    pub(super) permissions: &'d BTreeSet<Permission>,
    /// The last rank in the role that is asked; `None` for all.
    pub(super) rank_max: Option<u32>,
}

impl Sought<'_> {
    /// Nothing.
    pub(super) const NOTHING: Sought<'static> =
        Sought { skills: &NO_SKILLS, permissions: &NO_PERMISSIONS, rank_max: None };

    /// What a ticket's demand asks of that role's agents. Only the ticket's own role has tiers.
    pub(super) fn by<'d>(demand: &'d Demand, role: &RoleName) -> Sought<'d> {
        let rank_max = demand.rank_max.filter(|_| demand.role() == Some(role));
        Sought { skills: &demand.skills, permissions: &demand.permissions, rank_max }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.rank_max.is_none() && self.skills.0.is_empty() && self.permissions.is_empty()
    }

    pub(super) fn digest(&self) -> u64 {
        let mut digest = Digest::default();
        self.hash(&mut digest);
        digest.finish()
    }
}

/// That a group is of an audience.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) crew: CrewNumber,
    /// The place of the audience among those of the crew.
    pub(super) audience: usize,
    /// The group's place among those in which somebody is free.
    pub(super) seat: Option<usize>,
}

impl Asked {
    pub(super) fn of(crew: CrewNumber, audience: usize) -> Self {
        Self { crew, audience, seat: None }
    }
}

/// A group of an audience in which somebody is free.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(super) group: usize,
    /// On which lanes anybody of it is. Whoever looks for somebody who is free looks at this alone where nobody is.
    pub(super) free_on: FreeOn,
}

/// Why agents are not of an audience: the first of these that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lacking {
    Rank,
    Skill,
    Permission,
}

/// How many agents of the role are not of an audience, by why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Others {
    pub(super) rank: u32,
    pub(super) skill: u32,
    pub(super) permission: u32,
}

impl Others {
    fn of(&mut self, lacking: Lacking) -> &mut u32 {
        match lacking {
            Lacking::Rank => &mut self.rank,
            Lacking::Skill => &mut self.skill,
            Lacking::Permission => &mut self.permission,
        }
    }
}

/// Those of a role who are asked.
#[derive(Debug, Clone)]
pub(super) struct Audience {
    skills: Skills,
    permissions: BTreeSet<Permission>,
    rank_max: Option<u32>,
    others: Others,
    /// How many stand how, by lane.
    counts: Vec<[u32; Standing::COUNT]>,
    /// The groups in which somebody is free on some lane, in no particular order.
    seated: Vec<Seat>,
}

impl PartialEq for Audience {
    /// It matters not how groups are numbered.
    fn eq(&self, other: &Self) -> bool {
        (self.sought(), self.others, &self.counts) == (other.sought(), other.others, &other.counts)
    }
}

impl Audience {
    /// Nobody, who is asked for that.
    pub(super) fn of(sought: Sought<'_>, lanes: usize) -> Self {
        Self {
            skills: sought.skills.clone(),
            permissions: sought.permissions.clone(),
            rank_max: sought.rank_max,
            others: Others::default(),
            counts: vec![[0; Standing::COUNT]; lanes],
            seated: Vec::new(),
        }
    }

    /// What they are asked for.
    pub(super) fn sought(&self) -> Sought<'_> {
        Sought { skills: &self.skills, permissions: &self.permissions, rank_max: self.rank_max }
    }

    /// Why agents of that group are not asked in that role, where they are not.
    fn lacking(&self, role: &RoleName, group: &Group) -> Option<Lacking> {
        if self.rank_max.is_some_and(|rank_max| group.signature.rank(role) > rank_max) {
            Some(Lacking::Rank)
        } else if !group.signature.skills.fulfil(&self.skills) {
            Some(Lacking::Skill)
        } else if !self.permissions.is_subset(&group.permissions) {
            Some(Lacking::Permission)
        } else {
            None
        }
    }

    /// Whether agents of that group are asked in that role.
    pub(super) fn asks(&self, role: &RoleName, group: &Group) -> bool {
        self.lacking(role, group).is_none()
    }

    /// Counts a group in that was there before the audience was.
    pub(super) fn take_in(&mut self, number: usize, group: &mut Group, mut asked: Asked, role: &RoleName) {
        if let Some(lacking) = self.lacking(role, group) {
            *self.others.of(lacking) += group.size();
            return;
        }
        for (own, theirs) in self.counts.iter_mut().zip(group.counts()) {
            for (own, theirs) in own.iter_mut().zip(theirs) {
                *own += theirs;
            }
        }
        if !group.free_on().is_nowhere() {
            asked.seat = Some(self.seat(Seat { group: number, free_on: group.free_on() }));
        }
        group.asked.push(asked);
    }

    /// One comes to a group, or leaves it, and stands so.
    pub(super) fn count_member(&mut self, role: &RoleName, group: &Group, comes: bool, standings: &[Standing]) {
        let change = |count: &mut u32| if comes { *count += 1 } else { *count -= 1 };
        match self.lacking(role, group) {
            Some(lacking) => change(self.others.of(lacking)),
            None => {
                for (counts, standing) in self.counts.iter_mut().zip(standings) {
                    change(&mut counts[*standing as usize]);
                }
            }
        }
    }

    /// One of them stands otherwise than before.
    pub(super) fn count(&mut self, moves: &Moves<'_>) {
        moves.recount(&mut self.counts);
    }

    /// One of the groups has somebody who is free. Says where it is seated.
    pub(super) fn seat(&mut self, seat: Seat) -> usize {
        self.seated.push(seat);
        self.seated.len() - 1
    }

    /// The group of that seat has somebody who is free on other lanes than before.
    pub(super) fn reseat(&mut self, seat: usize, free_on: FreeOn) {
        self.seated[seat].free_on = free_on;
    }

    /// The group of that seat has nobody who is free any more. Says which has its seat from now on, where one has.
    pub(super) fn unseat(&mut self, seat: usize) -> Option<usize> {
        self.seated.swap_remove(seat);
        self.seated.get(seat).map(|moved| moved.group)
    }

    /// The groups in which somebody is free on some lane, in no particular order.
    pub(super) fn seated(&self) -> &[Seat] {
        &self.seated
    }

    /// How many of the role are not asked.
    pub(super) fn others(&self) -> Others {
        self.others
    }

    /// How many stand so to a lane.
    pub(super) fn count_of(&self, lane: usize, standing: Standing) -> u32 {
        self.counts[lane][standing as usize]
    }

    /// How many stand how to a lane.
    pub(super) fn counts(&self, lane: usize) -> &[u32; Standing::COUNT] {
        &self.counts[lane]
    }
}
