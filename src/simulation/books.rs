//! The books of one run: what became of each ticket, and what each agent did.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use crate::routing::{AgentProfile, ChannelName, Millis, RoleName, Status, Timestamp};

use super::agenda::{AgentNumber, TicketNumber};
use super::figures::{AgentTally, GroupKind, GroupName, GroupTally, HourTally, Tally};
use super::run::share_of;
use super::scene::Scene;
use super::workload::Ticket;

/// How a ticket left without having been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its customer hung up.
    Abandoned,
    /// The catalogue did not let it wait, or no longer.
    TurnedAway,
}

/// What is known of a ticket that has not been answered.
#[derive(Debug)]
struct Open {
    came_at: Timestamp,
    source: usize,
    /// The place of its role and channel among the groups.
    group: usize,
    in_time: Millis,
    is_counted: bool,
}

/// What an agent is doing.
#[derive(Debug, Default)]
struct Desk {
    there_since: Option<Timestamp>,
    /// Tickets in hand: since when, and which share of the agent each takes.
    work: Vec<(TicketNumber, Timestamp, f64)>,
    tally: AgentTally,
}

/// The books of one run.
#[derive(Debug)]
pub struct Books<'s> {
    scene: &'s Scene,
    groups: Vec<(GroupName, GroupTally)>,
    by_role: HashMap<(Option<RoleName>, ChannelName), usize, FixedState>,
    open: HashMap<TicketNumber, Open, FixedState>,
    /// Counted tickets of which is not known yet how they end.
    unsettled: u64,
    desks: Vec<Desk>,
    hours: Vec<HourTally>,
    tickets: u64,
    last_hour: Option<(Timestamp, usize)>,
}

impl<'s> Books<'s> {
    pub(super) fn new(scene: &'s Scene) -> Self {
        let all = GroupName { kind: GroupKind::All, name: "all".to_owned(), role: None, channel: None };
        let sources = scene.sources.iter().map(|name| GroupName {
            kind: GroupKind::Source,
            name: name.clone(),
            role: None,
            channel: None,
        });
        Self {
            scene,
            groups: std::iter::once(all).chain(sources).map(|name| (name, GroupTally::default())).collect(),
            by_role: HashMap::default(),
            open: HashMap::default(),
            unsettled: 0,
            desks: scene.staff.iter().map(|_| Desk::default()).collect(),
            hours: vec![HourTally::default(); 24],
            tickets: 0,
            last_hour: None,
        }
    }

    /// Whether all that is counted by then is settled.
    pub(super) fn is_settled(&self, at: Timestamp) -> bool {
        at >= self.scene.counted_to && self.unsettled == 0
    }

    pub(super) fn arrive(&mut self, source: usize, at: Timestamp, has_come_back: bool) {
        self.tickets += 1;
        if has_come_back && self.counts(at) {
            for group in [0, source + 1] {
                self.groups[group].1.returned += 1;
            }
        }
    }

    fn counts(&self, at: Timestamp) -> bool {
        (self.scene.counted_from..self.scene.counted_to).contains(&at)
    }

    /// A ticket is here, and this is its role.
    pub(super) fn classify(
        &mut self,
        number: TicketNumber,
        ticket: &Ticket,
        role: Option<&RoleName>,
        channel: &ChannelName,
        at: Timestamp,
    ) {
        let group = self.group_of(role, channel);
        let target = role.and_then(|role| self.scene.catalogue.roles.get(role)?.target.as_ref());
        let in_time = target.map_or(self.scene.answer_within, |target| target.answer_within);
        let is_counted = self.counts(at);
        if is_counted {
            self.unsettled += 1;
            for group in [0, ticket.source + 1, group] {
                self.groups[group].1.arrived += 1;
            }
            let hour = self.hour(at);
            self.hours[hour].arrived += 1;
        }
        self.open.insert(number, Open { came_at: at, source: ticket.source, group, in_time, is_counted });
    }

    fn group_of(&mut self, role: Option<&RoleName>, channel: &ChannelName) -> usize {
        if let Some(group) = self.by_role.get(&(role.cloned(), channel.clone())) {
            return *group;
        }
        let name = format!("{}, {channel}", role.map_or("no role", RoleName::as_str));
        let name = GroupName { kind: GroupKind::Role, name, role: role.cloned(), channel: Some(channel.clone()) };
        self.groups.push((name, GroupTally::default()));
        self.by_role.insert((role.cloned(), channel.clone()), self.groups.len() - 1);
        self.groups.len() - 1
    }

    /// The hour of the day.
    fn hour(&mut self, at: Timestamp) -> usize {
        const HOUR: Millis = Millis::from_secs(3_600);
        if let Some((_, hour)) = self.last_hour.filter(|(from, _)| (*from..*from + HOUR).contains(&at)) {
            return hour;
        }
        let shown = self.scene.catalogue.time_zone.local(at);
        let (minute, second, ms) = (shown.minute(), shown.second(), shown.millisecond());
        let within = i64::from(minute) * 60_000 + i64::from(second) * 1_000 + i64::from(ms);
        let hour = usize::try_from(shown.hour()).unwrap_or_default();
        self.last_hour = Some((Timestamp(at.0 - within), hour));
        hour
    }

    fn groups_of(&mut self, number: TicketNumber, mut count: impl FnMut(&mut GroupTally)) {
        let Some(open) = self.open.get(&number).filter(|open| open.is_counted) else { return };
        for group in [0, open.source + 1, open.group] {
            count(&mut self.groups[group].1);
        }
    }

    pub(super) fn overflow(&mut self, number: TicketNumber) {
        self.groups_of(number, |group| group.overflows += 1);
    }

    pub(super) fn missed(&mut self, number: TicketNumber) {
        self.groups_of(number, |group| group.missed += 1);
    }

    pub(super) fn declined(&mut self, number: TicketNumber) {
        self.groups_of(number, |group| group.declined += 1);
    }

    /// An agent has a ticket for the first time, for that role.
    pub(super) fn answer(&mut self, number: TicketNumber, agent: AgentNumber, role: &RoleName, at: Timestamp) {
        let is_first_rank = self.scene.staff[agent].profile.rank(role) == AgentProfile::RANK_DEFAULT;
        let Some(open) = self.settle(number, at) else { return };
        let (waited, is_in_time) = (at.since(open.came_at), at.since(open.came_at) <= open.in_time);
        let is_by_others = self.groups[open.group].0.role.as_ref() != Some(role);
        for group in [0, open.source + 1, open.group] {
            let tally = &mut self.groups[group].1;
            tally.by_others += u64::from(is_by_others);
            tally.by_first_rank += u64::from(is_first_rank);
            tally.waits_ms.push(u32::try_from(waited.0).unwrap_or(u32::MAX));
            tally.in_time += u64::from(is_in_time);
        }
        self.desks[agent].tally.answered += 1;
        let hour = self.hour(open.came_at);
        let hour = &mut self.hours[hour];
        hour.answered += 1;
        hour.in_time += u64::from(is_in_time);
        hour.wait_ms += waited.0;
    }

    /// A ticket leaves without having been answered.
    pub(super) fn end(&mut self, number: TicketNumber, fate: Fate, at: Timestamp) {
        let Some(open) = self.settle(number, at) else { return };
        let waited = at.since(open.came_at);
        for group in [0, open.source + 1, open.group] {
            let tally = &mut self.groups[group].1;
            match fate {
                Fate::Abandoned => {
                    tally.abandoned += 1;
                    tally.abandoned_late += u64::from(waited > open.in_time);
                    tally.abandoned_wait_ms += waited.0;
                }
                Fate::TurnedAway => {
                    tally.turned_away += 1;
                    tally.turned_away_wait_ms += waited.0;
                    tally.turned_away_at_once += u64::from(waited.is_zero());
                }
            }
        }
        let hour = self.hour(open.came_at);
        self.hours[hour].abandoned += u64::from(fate == Fate::Abandoned);
    }

    /// Its wait is over; the ticket where it counts.
    fn settle(&mut self, number: TicketNumber, at: Timestamp) -> Option<Open> {
        let open = self.open.remove(&number)?;
        self.count_queue(&open, at);
        open.is_counted.then(|| {
            self.unsettled -= 1;
            open
        })
    }

    fn count_queue(&mut self, open: &Open, until: Timestamp) {
        let waited = self.within(open.came_at, until);
        for group in [0, open.source + 1, open.group] {
            self.groups[group].1.queue_ms += waited;
        }
    }

    /// How much of it lies in the time that counts.
    fn within(&self, from: Timestamp, to: Timestamp) -> u64 {
        to.min(self.scene.counted_to).since(from.max(self.scene.counted_from)).0
    }

    pub(super) fn start_work(
        &mut self,
        agent: AgentNumber,
        number: TicketNumber,
        channel: &ChannelName,
        at: Timestamp,
    ) {
        let share = share_of(self.scene, agent, channel);
        self.desks[agent].work.push((number, at, share));
    }

    pub(super) fn stop_work(&mut self, agent: AgentNumber, number: TicketNumber, at: Timestamp) {
        let desk = &mut self.desks[agent];
        let Some(place) = desk.work.iter().position(|(held, ..)| *held == number) else { return };
        let (_, since, share) = desk.work.swap_remove(place);
        let worked = self.within(since, at) as f64 * share;
        self.desks[agent].tally.busy_ms += worked;
    }

    /// An agent comes or goes. Who finishes what it has is there.
    pub(super) fn turn(&mut self, agent: AgentNumber, status: Status, at: Timestamp) {
        let is_there = !matches!(status, Status::Offline | Status::Away);
        match self.desks[agent].there_since {
            None if is_there => self.desks[agent].there_since = Some(at),
            Some(since) if !is_there => {
                let there = self.within(since, at);
                let desk = &mut self.desks[agent];
                desk.tally.there_ms += there;
                desk.there_since = None;
            }
            _ => {}
        }
    }

    /// The books, closed at that moment.
    pub(super) fn close(mut self, now: Timestamp) -> Tally {
        let open: BTreeMap<TicketNumber, Open> = std::mem::take(&mut self.open).into_iter().collect();
        for open in open.values() {
            self.count_queue(open, now);
            for group in [0, open.source + 1, open.group] {
                self.groups[group].1.left += u64::from(open.is_counted);
            }
        }
        for agent in 0..self.desks.len() {
            let work: Vec<TicketNumber> = self.desks[agent].work.iter().map(|(number, ..)| *number).collect();
            for number in work {
                self.stop_work(agent, number, now);
            }
            self.turn(agent, Status::Offline, now);
        }
        for (_, group) in &mut self.groups {
            group.waits_ms.sort_unstable();
        }
        let roles = self.scene.staff.iter().map(|member| std::collections::BTreeSet::clone(&member.profile.roles));
        let mut agents: Vec<AgentTally> = self.desks.into_iter().map(|desk| desk.tally).collect();
        agents.iter_mut().zip(roles).for_each(|(tally, roles)| tally.roles = roles);
        Tally {
            groups: self.groups,
            agents,
            hours: self.hours,
            tickets: self.tickets,
            counted_ms: self.scene.counted_to.since(self.scene.counted_from).0,
        }
    }
}
