//! What tickets demand of an agent beyond the role. Tickets that demand the same are of one signature, which has a number
//! while any of them waits.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hash};
use std::num::NonZero;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::name::{AgentId, ChannelName, Permission, RoleName};
use super::skill::Skills;
use super::staffing;
use super::ticket::Ticket;

/// What a ticket demands of an agent beyond the role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Signature {
    /// Whose own work it is, which counts where agents have tiers.
    pub own_role: Option<RoleName>,
    /// The last rank in its own role that is asked.
    pub rank_max: Option<u32>,
    /// How it arrived.
    pub channel: ChannelName,
    /// At least these skills.
    pub skills: Skills,
    /// These permissions.
    pub permissions: BTreeSet<Permission>,
    /// Who must not get it: excluded by upstream, or barred for having declined.
    pub barred: BTreeSet<AgentId>,
    /// The one who may, where it waits for one.
    pub direction: Option<AgentId>,
    /// The lane of its channel, where that has one.
    pub lane: Option<usize>,
}

impl Signature {
    /// Whether an agent of that rank in the role in whose queue it waits is asked. Who is meant is, whatever the rank.
    #[must_use]
    pub(super) fn asks(&self, role: &RoleName, rank: u32) -> bool {
        self.direction.is_some() || staffing::asks(self.own_role.as_ref(), self.rank_max, role, rank)
    }

    fn demands(&self) -> Demands<'_> {
        Demands {
            own_role: self.own_role.as_ref(),
            rank_max: self.rank_max,
            channel: &self.channel,
            skills: &self.skills,
            permissions: &self.permissions,
            barred: Cow::Borrowed(&self.barred),
            direction: self.direction.as_ref(),
        }
    }
}

/// The same, seen in a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Demands<'t> {
    pub(super) own_role: Option<&'t RoleName>,
    rank_max: Option<u32>,
    pub(super) channel: &'t ChannelName,
    pub(super) skills: &'t Skills,
    pub(super) permissions: &'t BTreeSet<Permission>,
    pub(super) barred: Cow<'t, BTreeSet<AgentId>>,
    direction: Option<&'t AgentId>,
}

impl<'t> Demands<'t> {
    /// What this ticket demands now.
    pub(super) fn of(ticket: &'t Ticket) -> Self {
        let mut barred = Cow::Borrowed(&*ticket.spec.beside.exclude_agents);
        if !ticket.bars.is_empty() {
            barred.to_mut().extend(ticket.bars.iter().map(|bar| bar.agent.clone()));
        }
        Self {
            own_role: ticket.demand.role(),
            rank_max: ticket.demand.rank_max,
            channel: &ticket.spec.asked.channel,
            skills: &ticket.demand.skills,
            permissions: &ticket.demand.permissions,
            barred,
            direction: ticket.direction.as_ref().map(|direction| &direction.agent),
        }
    }

    fn to_signature(&self, lane: Option<usize>) -> Signature {
        Signature {
            own_role: self.own_role.cloned(),
            rank_max: self.rank_max,
            channel: self.channel.clone(),
            skills: self.skills.clone(),
            permissions: self.permissions.clone(),
            barred: self.barred.clone().into_owned(),
            direction: self.direction.cloned(),
            lane,
        }
    }
}

/// The number of a signature: an index and one more, so that none takes no room beside it. It is given to another when its
/// last ticket has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SignatureNumber(NonZero<u32>);

impl SignatureNumber {
    fn of(index: u32) -> Self {
        Self(NonZero::<u32>::MIN.checked_add(index).expect("signatures are counted in 32 bits"))
    }

    fn index(self) -> u32 {
        self.0.get() - 1
    }
}

/// The signatures of all that wait.
#[derive(Debug, Clone, Default)]
pub(super) struct Signatures {
    /// With how many tickets are of each.
    entries: Vec<Option<(Signature, u32)>>,
    vacant: Vec<u32>,
    numbers: HashTable<u32>,
    /// How many of them are of each lane.
    of_lanes: Vec<usize>,
    /// How many of them are of channels that have no lanes.
    stray: usize,
}

impl Signatures {
    /// Whether any of them is of that lane.
    pub(super) fn any_of(&self, lane: usize) -> bool {
        self.of_lanes.get(lane).is_some_and(|signatures| *signatures > 0)
    }

    /// Whether any of them is of a channel that has no lane.
    pub(super) fn stray(&self) -> bool {
        self.stray > 0
    }

    /// One more ticket demands this, on a channel of that lane.
    pub(super) fn enter(&mut self, demands: &Demands<'_>, lane: Option<usize>) -> SignatureNumber {
        let Self { entries, vacant, numbers, .. } = self;
        let hash = hash_of(demands);
        let is_it = |number: &u32| signature(entries, *number).demands() == *demands;
        if let Some(number) = numbers.find(hash, is_it).copied() {
            entries[number as usize].as_mut().expect("a numbered signature is known").1 += 1;
            return SignatureNumber::of(number);
        }
        let number = vacant.pop().unwrap_or_else(|| {
            entries.push(None);
            u32::try_from(entries.len() - 1).expect("signatures are counted in 32 bits")
        });
        entries[number as usize] = Some((demands.to_signature(lane), 1));
        numbers.insert_unique(hash, number, |number| hash_of(&signature(entries, *number).demands()));
        *self.count_of(lane) += 1;
        SignatureNumber::of(number)
    }

    /// One of its tickets has left.
    pub(super) fn leave(&mut self, number: SignatureNumber) {
        let number = number.index();
        let entry = &mut self.entries[number as usize];
        let (signature, tickets) = entry.as_mut().expect("a numbered signature is known");
        *tickets -= 1;
        if *tickets == 0 {
            let listed = self.numbers.find_entry(hash_of(&signature.demands()), |known| *known == number);
            listed.expect("a signature is listed under what it demands").remove();
            let lane = signature.lane;
            *entry = None;
            self.vacant.push(number);
            *self.count_of(lane) -= 1;
        }
    }

    /// How many of them are of that lane, or have none.
    fn count_of(&mut self, lane: Option<usize>) -> &mut usize {
        let Some(lane) = lane else { return &mut self.stray };
        if self.of_lanes.len() <= lane {
            self.of_lanes.resize(lane + 1, 0);
        }
        &mut self.of_lanes[lane]
    }

    /// The signature of that number.
    pub(super) fn at(&self, number: SignatureNumber) -> &Signature {
        signature(&self.entries, number.index())
    }

    /// All of them, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Signature> {
        self.entries.iter().flatten().map(|(signature, _)| signature)
    }
}

fn signature(entries: &[Option<(Signature, u32)>], number: u32) -> &Signature {
    &entries[number as usize].as_ref().expect("a numbered signature is known").0
}

fn hash_of(demands: &Demands<'_>) -> u64 {
    FixedState::default().hash_one(demands)
}
