//! What readers ask for: values, copied out under one lock after the other.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::role::Tally;
use super::{
    AgentCard, AssignmentLine, Changes, ReadModel, RoleView, Staff, Stage, StripView, TicketCard, Today, lock, moment,
};
use crate::routing::{AgentId, ChannelName, RoleName, Status, TicketId, Timestamp};

/// The most agents that the wallboard shows; a wall has no room for more. The counts are whole.
pub(crate) const AGENTS_STREAMED_MAX: usize = 500;

/// Slots of one channel over all agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChannelView {
    /// The channel.
    pub channel: ChannelName,
    /// Slots taken by offers, assignments and wrap-up.
    pub used: u32,
    /// Slots free at agents who are online.
    pub free: u32,
}

/// What is counted over all roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// Tickets in queues.
    pub waiting: u32,
    /// Since when the oldest of them has existed.
    #[serde(serialize_with = "moment::rfc3339_option")]
    pub oldest_created_at: Option<Timestamp>,
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
    /// Who is there, each agent once.
    pub staff: Staff,
    /// How the day goes.
    pub today: Today,
    /// The share of promises that were kept today, in thousandths; `null` where none was settled.
    pub service_level_permille: Option<u64>,
}

/// Everything but the single tickets and agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Overview {
    /// As of when.
    #[serde(serialize_with = "moment::rfc3339")]
    pub at: Timestamp,
    /// Since when `today` is counted.
    #[serde(serialize_with = "moment::rfc3339")]
    pub today_since: Timestamp,
    /// Over all roles.
    pub totals: Totals,
    /// What came and what was assigned over the last half hour.
    pub strip: StripView,
    /// By role, higher weight first, then by name.
    pub roles: Vec<RoleView>,
    /// By channel.
    pub channels: Vec<ChannelView>,
    /// The latest assignments, oldest first.
    pub latest: Vec<AssignmentLine>,
}

/// Some of the agents, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AgentPage {
    /// The agents.
    pub agents: Vec<AgentCard>,
    /// How many there are in all.
    pub agents_count: usize,
    /// Where to go on; `None` on the last page.
    pub next: Option<AgentId>,
}

/// What changed since the last one: whole cards, so that one that is seen twice does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Delta {
    /// As of when.
    #[serde(serialize_with = "moment::rfc3339")]
    pub at: Timestamp,
    /// Since when `today` is counted.
    #[serde(serialize_with = "moment::rfc3339")]
    pub today_since: Timestamp,
    /// Over all roles.
    pub totals: Totals,
    /// What came and what was assigned over the last half hour.
    pub strip: StripView,
    /// Roles that changed.
    pub roles: Vec<RoleView>,
    /// Roles that are gone.
    pub roles_gone: Vec<RoleName>,
    /// By channel.
    pub channels: Vec<ChannelView>,
    /// Agents that changed; at most [`AGENTS_STREAMED_MAX`], and the others follow in the next.
    pub agents: Vec<AgentCard>,
    /// Agents that are gone.
    pub agents_gone: Vec<AgentId>,
    /// New assignments, oldest first.
    pub latest: Vec<AssignmentLine>,
}

impl ReadModel {
    /// A ticket that has not ended.
    pub fn ticket(&self, id: &TicketId) -> Option<TicketCard> {
        self.tickets.get(id).map(|card| TicketCard::clone(&card))
    }

    /// An agent that is registered.
    pub fn agent(&self, id: &AgentId) -> Option<AgentCard> {
        self.agents.get(id).map(|card| AgentCard::clone(&card))
    }

    /// How many tickets have not ended.
    pub fn tickets_count(&self) -> usize {
        self.tickets.len()
    }

    /// Everything but the single tickets and agents.
    pub fn overview(&self, now: Timestamp) -> Overview {
        self.roll_day(now);
        let roles = self.roles(now);
        let (totals, strip, today_since, latest) = {
            let sums = lock(&self.sums);
            let latest = sums.latest.iter().cloned().collect();
            (totals(&sums.tally, &roles), sums.tally.strip.view(now), sums.day.since(), latest)
        };
        Overview { at: now, today_since, totals, strip, roles, channels: self.channels(), latest }
    }

    /// All roles, higher weight first, then by name.
    pub fn roles(&self, now: Timestamp) -> Vec<RoleView> {
        let mut roles: Vec<_> = self.roles.iter().map(|entry| entry.view(entry.key(), now)).collect();
        roles.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.role.cmp(&b.role)));
        roles
    }

    /// All channels with slots, by name.
    pub fn channels(&self) -> Vec<ChannelView> {
        let view = |channel: &ChannelName, slots: &super::ChannelSlots| ChannelView {
            channel: channel.clone(),
            used: slots.used,
            free: slots.free,
        };
        let mut channels: Vec<_> = self.channels.iter().map(|entry| view(entry.key(), entry.value())).collect();
        channels.sort_by(|a, b| a.channel.cmp(&b.channel));
        channels
    }

    /// Up to `count_max` agents, by id, that come after this one.
    pub fn agents_after(&self, after: Option<&AgentId>, count_max: usize) -> AgentPage {
        let mut ids: Vec<_> = self.agents.iter().map(|entry| entry.key().clone()).collect();
        let agents_count = ids.len();
        ids.retain(|id| after.is_none_or(|after| id > after));
        ids.sort_unstable();
        let is_last = ids.len() <= count_max;
        ids.truncate(count_max);
        let next = if is_last { None } else { ids.last().cloned() };
        AgentPage { agents: self.cards(&ids), agents_count, next }
    }

    /// Up to [`AGENTS_STREAMED_MAX`] agents who are not offline, by id.
    pub fn agents_present(&self) -> Vec<AgentCard> {
        let here = self.agents.iter().filter(|entry| entry.status != Status::Offline);
        let mut ids: Vec<_> = here.map(|entry| entry.key().clone()).collect();
        ids.sort_unstable();
        ids.truncate(AGENTS_STREAMED_MAX);
        self.cards(&ids)
    }

    /// What changed since this was last called; `None` where nothing did. What is in the strip moves on in it by itself.
    pub fn take_delta(&self, now: Timestamp) -> Option<Delta> {
        self.roll_day(now);
        let changes = self.take_changes(now);
        if !changes.any && !lock(&self.sums).tally.strip.has_moved(changes.asked_at, now) {
            return None;
        }
        let all_roles = self.roles(now);
        let (totals, strip, today_since, latest) = {
            let sums = lock(&self.sums);
            let new = sums.latest.iter().filter(|line| line.seq > changes.lines_from);
            (totals(&sums.tally, &all_roles), sums.tally.strip.view(now), sums.day.since(), new.cloned().collect())
        };
        let known: BTreeSet<_> = all_roles.iter().map(|role| role.role.clone()).collect();
        let agent_ids: Vec<_> = changes.agents.into_iter().collect();
        let is_gone = |id: &AgentId| !self.agents.contains_key(id);
        Some(Delta {
            at: now,
            today_since,
            totals,
            strip,
            roles_gone: changes.roles.difference(&known).cloned().collect(),
            roles: all_roles.into_iter().filter(|role| changes.roles.contains(&role.role)).collect(),
            channels: self.channels(),
            agents: self.cards(&agent_ids),
            agents_gone: agent_ids.into_iter().filter(is_gone).collect(),
            latest,
        })
    }

    /// Takes what changed; of agents no more than one change has room for.
    fn take_changes(&self, now: Timestamp) -> Changes {
        let lines_from = lock(&self.sums).lines_count;
        let mut pending = lock(&self.changes);
        let none = Changes { lines_from, asked_at: now, ..Changes::default() };
        let mut taken = std::mem::replace(&mut *pending, none);
        if let Some(first_left) = taken.agents.iter().nth(AGENTS_STREAMED_MAX).cloned() {
            *pending =
                Changes { agents: taken.agents.split_off(&first_left), any: true, ..std::mem::take(&mut *pending) };
        }
        taken
    }

    /// Has nothing to tell of what changed until now: whoever begins to listen begins with how things stand.
    pub fn forget_changes(&self, now: Timestamp) {
        let lines_from = lock(&self.sums).lines_count;
        *lock(&self.changes) = Changes { lines_from, asked_at: now, ..Changes::default() };
    }

    fn cards(&self, ids: &[AgentId]) -> Vec<AgentCard> {
        ids.iter().filter_map(|id| self.agent(id)).collect()
    }
}

fn totals(tally: &Tally, roles: &[RoleView]) -> Totals {
    Totals {
        waiting: tally.stage(Stage::Waiting),
        oldest_created_at: roles.iter().filter_map(|role| role.oldest_created_at).min(),
        offered: tally.stage(Stage::Offered),
        assigned: tally.stage(Stage::Assigned),
        paused: tally.stage(Stage::Paused),
        scheduled: tally.stage(Stage::Scheduled),
        unroutable: tally.stage(Stage::Unroutable),
        staff: tally.staff,
        today: tally.today,
        service_level_permille: tally.today.service_level_permille(),
    }
}
