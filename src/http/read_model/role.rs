//! One role as readers see it: who waits, who is there, how the day goes.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::agent::{AgentCard, Room};
use super::moment;
use super::strip::{Strip, StripView};
use super::ticket::{Stage, TicketCard};
use crate::routing::role::Role;
use crate::routing::service::Served;
use crate::routing::{ChannelName, Millis, RoleName, Status, TicketId, Timestamp};

/// Priorities are 0 to 9.
const PRIORITIES: usize = 10;

/// What happened in a role since midnight, or since the start of the process where that is later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Today {
    /// Tickets that came.
    pub arrived: u64,
    /// Assignments.
    pub assigned: u64,
    /// Of those, how many were in time: before the ticket's due time, where it has one.
    pub in_time: u64,
    /// Tickets that ended while they waited: withdrawn, hung up, expired, left for a callback.
    pub abandoned: u64,
    /// Tickets that were completed.
    pub completed: u64,
    /// Tickets whose target passed while they waited.
    pub breached: u64,
    /// Tickets whose promise is settled; of roles with a target only.
    pub service: Service,
    /// The sum of the waits of all assignments.
    pub waited_ms: u64,
}

impl Today {
    /// The share of promises that were kept, in thousandths: see [`Service::level_permille`].
    #[must_use]
    pub fn service_level_permille(&self) -> Option<u64> {
        self.service.level_permille()
    }
}

/// How the promises of a role turned out: each of its tickets once, at its first owner or at its end without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Service {
    /// Owned before they were late.
    pub answered_within: u64,
    /// Owned when they were late.
    pub answered_late: u64,
    /// Ended before they were late.
    pub abandoned_within: u64,
    /// Ended when they were late.
    pub abandoned_late: u64,
}

impl Service {
    pub(super) fn count(&mut self, served: Served) {
        *match served {
            Served::AnsweredWithin => &mut self.answered_within,
            Served::AnsweredLate => &mut self.answered_late,
            Served::AbandonedWithin => &mut self.abandoned_within,
            Served::AbandonedLate => &mut self.abandoned_late,
        } += 1;
    }

    /// Of all that were answered or abandoned the share that was so in time, in thousandths: the second service level
    /// of Asterisk's `app_queue`. `None` until there was one.
    #[must_use]
    pub fn level_permille(&self) -> Option<u64> {
        let within = self.answered_within + self.abandoned_within;
        (within * 1_000).checked_div(within + self.answered_late + self.abandoned_late)
    }
}

/// How many agents of a role are there, and how many could take one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Staff {
    /// Online.
    pub online: u32,
    /// Away.
    pub away: u32,
    /// Busy.
    pub busy: u32,
    /// Draining.
    pub draining: u32,
    /// Offline.
    pub offline: u32,
    /// Online, holding nothing.
    pub idle: u32,
    /// Online, holding something, with a slot free.
    pub some_room: u32,
    /// Online, with no slot free.
    pub full: u32,
}

impl Staff {
    /// How many have this status.
    #[must_use]
    pub fn of_status(&self, status: Status) -> u32 {
        match status {
            Status::Online => self.online,
            Status::Away => self.away,
            Status::Busy => self.busy,
            Status::Draining => self.draining,
            Status::Offline => self.offline,
        }
    }

    fn is_empty(&self) -> bool {
        Status::ALL.iter().all(|status| self.of_status(*status) == 0)
    }

    pub(super) fn add(&mut self, card: &AgentCard) {
        self.counters(card).into_iter().flatten().for_each(|counter| *counter += 1);
    }

    pub(super) fn remove(&mut self, card: &AgentCard) {
        self.counters(card).into_iter().flatten().for_each(|counter| *counter -= 1);
    }

    fn counters(&mut self, card: &AgentCard) -> [Option<&mut u32>; 2] {
        let by_status = match card.status {
            Status::Online => &mut self.online,
            Status::Away => &mut self.away,
            Status::Busy => &mut self.busy,
            Status::Draining => &mut self.draining,
            Status::Offline => &mut self.offline,
        };
        let by_room = match card.room {
            Room::Idle => Some(&mut self.idle),
            Room::Some => Some(&mut self.some_room),
            Room::Full => Some(&mut self.full),
            Room::Away => None,
        };
        [Some(by_status), by_room]
    }
}

/// What is configured of a role and shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Promise {
    description: String,
    weight: u32,
    answer_within: Option<Millis>,
    for_share_permille: Option<u16>,
}

/// What is counted of one role, and of all together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tally {
    stages: [u32; Stage::COUNT],
    pub(super) staff: Staff,
    pub(super) today: Today,
    pub(super) strip: Strip,
}

impl Tally {
    pub(super) fn stage(&self, stage: Stage) -> u32 {
        self.stages[stage as usize]
    }

    pub(super) fn add_ticket(&mut self, stage: Stage) {
        self.stages[stage as usize] += 1;
    }

    pub(super) fn remove_ticket(&mut self, stage: Stage) {
        self.stages[stage as usize] -= 1;
    }
}

/// The live numbers of one role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct RoleBoard {
    /// `None` where the catalogue has no such role (any more).
    promise: Option<Promise>,
    /// Who waits, oldest first.
    waiting: BTreeSet<(Timestamp, TicketId)>,
    waiting_by_priority: [u32; PRIORITIES],
    /// Channels on which somebody waits, and no others: a ticket may name any.
    waiting_by_channel: BTreeMap<ChannelName, u32>,
    waiting_at_risk: u32,
    waiting_breached: u32,
    /// How long the next ticket will wait, as of the last change.
    pub(super) expected_wait: Option<Millis>,
    pub(super) tally: Tally,
}

impl RoleBoard {
    /// In which place of the queue one more ticket would be; `None` where somebody has room and it would not wait.
    pub(super) fn next_place(&self) -> Option<u64> {
        let staff = &self.tally.staff;
        let is_taken_at_once = self.waiting.is_empty() && staff.idle + staff.some_room > 0;
        (!is_taken_at_once).then(|| self.waiting.len() as u64 + 1)
    }

    pub(super) fn configure(&mut self, role: Option<&Role>) {
        self.promise = role.map(|role| Promise {
            description: role.description.clone(),
            weight: role.weight,
            answer_within: role.target.map(|target| target.answer_within),
            for_share_permille: role.target.map(|target| target.for_share_permille),
        });
    }

    /// Whether nothing hangs on the role and the catalogue does not have it.
    pub(super) fn is_obsolete(&self) -> bool {
        self.promise.is_none() && self.tally.staff.is_empty() && self.tally.stages.iter().all(|count| *count == 0)
    }

    pub(super) fn add_ticket(&mut self, card: &TicketCard) {
        self.tally.add_ticket(card.stage);
        if card.stage == Stage::Waiting && self.waiting.insert((card.created_at, card.ticket_id.clone())) {
            self.waiting_by_priority[usize::from(card.priority)] += 1;
            *self.waiting_by_channel.entry(card.channel.clone()).or_default() += 1;
            self.waiting_at_risk += u32::from(card.at_risk);
            self.waiting_breached += u32::from(card.breached);
        }
    }

    pub(super) fn remove_ticket(&mut self, card: &TicketCard) {
        self.tally.remove_ticket(card.stage);
        if card.stage == Stage::Waiting && self.waiting.remove(&(card.created_at, card.ticket_id.clone())) {
            self.waiting_by_priority[usize::from(card.priority)] -= 1;
            self.leave_channel(&card.channel);
            self.waiting_at_risk -= u32::from(card.at_risk);
            self.waiting_breached -= u32::from(card.breached);
        }
    }

    fn leave_channel(&mut self, channel: &ChannelName) {
        if let Some(count) = self.waiting_by_channel.get_mut(channel) {
            *count -= 1;
            if *count == 0 {
                self.waiting_by_channel.remove(channel);
            }
        }
    }

    pub(super) fn view(&self, name: &RoleName, now: Timestamp) -> RoleView {
        let (tally, promise) = (&self.tally, self.promise.as_ref());
        let oldest = self.waiting.first();
        RoleView {
            role: name.clone(),
            description: promise.map(|promise| promise.description.clone()),
            weight: promise.map_or(0, |promise| promise.weight),
            answer_within_ms: promise.and_then(|promise| promise.answer_within).map(|within| within.0),
            for_share_permille: promise.and_then(|promise| promise.for_share_permille),
            waiting: self.waiting.len(),
            waiting_by_priority: self.waiting_by_priority,
            waiting_by_channel: self.waiting_by_channel.clone(),
            waiting_at_risk: self.waiting_at_risk,
            waiting_breached: self.waiting_breached,
            oldest_created_at: oldest.map(|(created_at, _)| *created_at),
            oldest_ticket_id: oldest.map(|(_, ticket)| ticket.clone()),
            estimated_wait_ms: self.expected_wait.map(|wait| wait.0),
            offered: tally.stage(Stage::Offered),
            assigned: tally.stage(Stage::Assigned),
            paused: tally.stage(Stage::Paused),
            scheduled: tally.stage(Stage::Scheduled),
            unroutable: tally.stage(Stage::Unroutable),
            staff: tally.staff,
            today: tally.today,
            service_level_permille: tally.today.service_level_permille(),
            strip: tally.strip.view(now),
        }
    }
}

/// One role at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RoleView {
    /// Its name.
    pub role: RoleName,
    /// What it is for; `None` where the catalogue no longer has it.
    pub description: Option<String>,
    /// Agents of several roles serve the higher weight first.
    pub weight: u32,
    /// The service target, where there is one.
    pub answer_within_ms: Option<u64>,
    /// For which share of the tickets it is promised, in thousandths.
    pub for_share_permille: Option<u16>,
    /// Tickets in its queue.
    pub waiting: usize,
    /// The same by priority, 0 to 9.
    pub waiting_by_priority: [u32; PRIORITIES],
    /// The same by channel.
    pub waiting_by_channel: BTreeMap<ChannelName, u32>,
    /// Of those, how many will be late soon, as the role's target says.
    pub waiting_at_risk: u32,
    /// Waiting tickets whose target has passed.
    pub waiting_breached: u32,
    /// Since when the oldest of them has existed.
    #[serde(serialize_with = "moment::rfc3339_option")]
    pub oldest_created_at: Option<Timestamp>,
    /// The oldest of them.
    pub oldest_ticket_id: Option<TicketId>,
    /// How long a ticket of normal priority would wait that came behind all of them, by the pace at which tickets have left
    /// the queue; 0 where an agent has room, `null` where there is no pace yet.
    pub estimated_wait_ms: Option<u64>,
    /// Tickets proposed to an agent.
    pub offered: u32,
    /// Tickets that are worked on.
    pub assigned: u32,
    /// Tickets that wait for their customer.
    pub paused: u32,
    /// Tickets that wait aside for their time.
    pub scheduled: u32,
    /// Tickets that nobody could ever take.
    pub unroutable: u32,
    /// Who is there.
    pub staff: Staff,
    /// How the day goes.
    pub today: Today,
    /// The share of promises that were kept today, in thousandths; `null` where none was settled.
    pub service_level_permille: Option<u64>,
    /// What came and what was assigned over the last half hour.
    pub strip: StripView,
}
