//! What HTTP, the wallboard and the gauges read: the state as of the last command, in a form that many can read while
//! one writes.
//!
//! The writer calls [`ReadModel::observe`] after every command. What an event touched is looked up in the state and its
//! card replaced, so that the model is what [`ReadModel::rebuild`] would make of the same state, whatever the events
//! were. Only what is counted *today*, the strip charts, the latest assignments and the estimated waits live in the events
//! alone, and begin anew with the process.
//!
//! **Invariant:** every method takes its locks one after the other and gives back values, so that no reader can hold a
//! guard over an await, and no order of locks can end in a deadlock.

mod agent;
mod assignment;
mod day;
pub(crate) mod moment;
mod page;
mod role;
mod strip;
mod ticket;
mod touched;
mod view;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

pub use agent::{AgentCard, HELD_SHOWN_MAX, Held, HeldAs, Room};
pub use assignment::{AssignmentLine, LATEST_MAX};
pub use page::{AgentRecord, Registration, TicketFilter, TicketPage};
pub use role::{RoleView, Service, Staff, Today};
pub use strip::{STEP_MS, STEPS, StripView};
pub use ticket::{Stage, TicketCard};
pub use view::{AgentPage, ChannelView, Delta, Overview, Totals};

use assignment::Context;
use day::Day;
use role::{RoleBoard, Tally};
use touched::Touched;

use crate::routing::ticket::Closing;
use crate::routing::{
    AgentId, AgentProfile, Catalogue, ChannelName, Event, Millis, Priority, RoleName, State, TicketId, Timestamp,
};

/// Slots of one channel over all agents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct ChannelSlots {
    used: u32,
    free: u32,
}

/// What is counted over all roles.
#[derive(Debug, Default)]
struct Sums {
    tally: Tally,
    day: Day,
    latest: VecDeque<AssignmentLine>,
    lines_count: u64,
}

/// What changed since somebody last asked.
#[derive(Debug, Default)]
struct Changes {
    roles: BTreeSet<RoleName>,
    agents: BTreeSet<AgentId>,
    lines_from: u64,
    any: bool,
    /// When that was.
    asked_at: Timestamp,
}

/// The read model. One writer, any number of readers.
#[derive(Debug, Default)]
pub struct ReadModel {
    /// Cards lie beside the tables, half of whose room is empty.
    tickets: DashMap<TicketId, Arc<TicketCard>>,
    agents: DashMap<AgentId, Arc<AgentCard>>,
    /// How they are registered; shared, because most of what happens to an agent leaves it as it is.
    profiles: DashMap<AgentId, Arc<AgentProfile>>,
    catalogue: Mutex<Arc<Catalogue>>,
    roles: DashMap<RoleName, RoleBoard>,
    channels: DashMap<ChannelName, ChannelSlots>,
    sums: Mutex<Sums>,
    changes: Mutex<Changes>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ReadModel {
    /// A model of nothing, whose days are those of the machine's time zone.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what followed from one command. `state` is the state after it.
    pub fn observe(&self, at: Timestamp, events: &[Event], state: &State) {
        self.roll_day(at);
        for event in events {
            self.count(at, event);
        }
        let mut touched = Touched::by(events);
        if touched.catalogue {
            self.adopt(state.catalogue());
            touched.agents.extend(state.agents().map(|agent| agent.id.clone()));
            // Those of a role that was replaced are of another one now, without an event of their own.
            touched.tickets.extend(state.tickets().map(|ticket| ticket.id.clone()));
        }
        let mut changed_roles = BTreeSet::new();
        for ticket in std::mem::take(&mut touched.tickets) {
            self.refresh_ticket(&ticket, state, &mut touched, &mut changed_roles);
        }
        for agent in &touched.agents {
            self.refresh_agent(agent, state, &mut changed_roles);
        }
        for agent in if touched.catalogue { &touched.agents } else { &touched.registered } {
            self.refresh_profile(agent, state);
        }
        if touched.catalogue {
            changed_roles.extend(self.roles.iter().map(|entry| entry.key().clone()));
        }
        self.estimate(at, &changed_roles, state);
        self.mark(touched.agents, changed_roles);
    }

    /// Says anew how long the next ticket of these roles will wait.
    fn estimate(&self, at: Timestamp, roles: &BTreeSet<RoleName>, state: &State) {
        for role in roles {
            let Some(mut board) = self.roles.get_mut(role) else { continue };
            board.expected_wait = match board.next_place() {
                None => Some(Millis(0)),
                Some(place) => state.estimate(role, Priority::NORMAL, place, at).map(|estimate| estimate.likely),
            };
        }
    }

    /// Takes in a whole state, as after recovery. What was counted of the day stays.
    pub fn rebuild(&self, state: &State) {
        let gone_tickets: Vec<_> = self.tickets.iter().map(|entry| entry.key().clone()).collect();
        let gone_agents: Vec<_> = self.agents.iter().map(|entry| entry.key().clone()).collect();
        let mut touched = Touched::default();
        let mut changed_roles = BTreeSet::new();
        self.adopt(state.catalogue());
        for ticket in gone_tickets.iter().chain(state.tickets().map(|ticket| &ticket.id)) {
            self.refresh_ticket(ticket, state, &mut touched, &mut changed_roles);
        }
        for agent in gone_agents.iter().chain(state.agents().map(|agent| &agent.id)) {
            touched.agent(agent);
        }
        for agent in &touched.agents {
            self.refresh_agent(agent, state, &mut changed_roles);
            self.refresh_profile(agent, state);
        }
        changed_roles.extend(self.roles.iter().map(|entry| entry.key().clone()));
        self.mark(touched.agents, changed_roles);
    }

    fn mark(&self, agents: BTreeSet<AgentId>, roles: BTreeSet<RoleName>) {
        let mut changes = lock(&self.changes);
        changes.any |= !agents.is_empty() || !roles.is_empty();
        changes.agents.extend(agents);
        changes.roles.extend(roles);
    }

    /// At midnight the day's counts begin anew.
    fn roll_day(&self, now: Timestamp) {
        {
            let mut sums = lock(&self.sums);
            if !sums.day.roll(now) {
                return;
            }
            sums.tally.today = Today::default();
        }
        self.roles.iter_mut().for_each(|mut board| board.tally.today = Today::default());
        let all_roles: Vec<_> = self.roles.iter().map(|entry| entry.key().clone()).collect();
        let mut changes = lock(&self.changes);
        changes.any = true;
        changes.roles.extend(all_roles);
    }

    fn adopt(&self, catalogue: &Arc<Catalogue>) {
        *lock(&self.catalogue) = Arc::clone(catalogue);
        for name in catalogue.roles.keys() {
            self.roles.entry(name.clone()).or_default();
        }
        self.roles.retain(|name, board| {
            board.configure(catalogue.roles.get(name));
            !board.is_obsolete()
        });
    }

    /// Counts an event in the sums and in its role.
    fn count(&self, at: Timestamp, event: &Event) {
        if let Some(score) = event.service() {
            self.tally(Some(&score.role), |tally| tally.today.service.count(score.served));
        }
        match event {
            Event::TicketCreated { intake, .. } => self.tally(intake.demand.role(), |tally| {
                tally.today.arrived += 1;
                tally.strip.arrived(at);
            }),
            Event::TicketAssigned { taking, waited, due_at, .. } => {
                self.tally(Some(&taking.role), |tally| {
                    tally.today.assigned += 1;
                    tally.today.in_time += u64::from(due_at.is_none_or(|due_at| at <= due_at));
                    tally.today.waited_ms = tally.today.waited_ms.saturating_add(waited.0);
                    tally.strip.assigned(at);
                });
                self.add_line(at, event);
            }
            Event::AssignmentCompleted { held, .. } => self.tally(Some(&held.role), |tally| tally.today.completed += 1),
            Event::TicketBreached { role, .. } => self.tally(Some(role), |tally| tally.today.breached += 1),
            Event::TicketClosed {
                ticket,
                role,
                how: Closing::Cancelled | Closing::Expired | Closing::CalledBack,
                ..
            } => {
                let owned = self.tickets.get(ticket).is_some_and(|card| card.stage.is_owned());
                if !owned {
                    self.tally(role.as_ref(), |tally| tally.today.abandoned += 1);
                }
            }
            _ => {}
        }
    }

    fn tally(&self, role: Option<&RoleName>, count: impl Fn(&mut Tally)) {
        count(&mut lock(&self.sums).tally);
        if let Some(mut board) = role.and_then(|role| self.roles.get_mut(role)) {
            count(&mut board.tally);
        }
    }

    fn add_line(&self, at: Timestamp, event: &Event) {
        let Event::TicketAssigned { taking, waited, .. } = event else { return };
        let agent_name = self.agents.get(&taking.agent).and_then(|card| card.name.clone());
        let mut sums = lock(&self.sums);
        sums.lines_count += 1;
        let context = Context { seq: sums.lines_count, at, agent_name };
        sums.latest.push_back(AssignmentLine::of(taking, *waited, context));
        if sums.latest.len() > LATEST_MAX {
            sums.latest.pop_front();
        }
    }

    fn refresh_ticket(
        &self,
        id: &TicketId,
        state: &State,
        touched: &mut Touched,
        changed_roles: &mut BTreeSet<RoleName>,
    ) {
        let card = state.ticket(id).map(TicketCard::of).map(Arc::new);
        let old = match &card {
            Some(card) => self.tickets.insert(id.clone(), Arc::clone(card)),
            None => self.tickets.remove(id).map(|(_, old)| old),
        };
        if old == card {
            return;
        }
        for side in [&old, &card].into_iter().flatten() {
            changed_roles.extend(side.role.clone());
            side.holders().for_each(|agent| touched.agent(agent));
        }
        if let Some(old) = &old {
            lock(&self.sums).tally.remove_ticket(old.stage);
            self.change_board(old.role.as_ref(), |board| board.remove_ticket(old));
        }
        if let Some(card) = &card {
            lock(&self.sums).tally.add_ticket(card.stage);
            self.change_board(card.role.as_ref(), |board| board.add_ticket(card));
        }
    }

    fn refresh_agent(&self, id: &AgentId, state: &State, changed_roles: &mut BTreeSet<RoleName>) {
        let card = state.agent(id).map(|agent| Arc::new(AgentCard::of(agent, state)));
        let old = match &card {
            Some(card) => self.agents.insert(id.clone(), Arc::clone(card)),
            None => self.agents.remove(id).map(|(_, old)| old),
        };
        if old == card {
            return;
        }
        let roles_of = |card: &Option<Arc<AgentCard>>| card.as_ref().map(|card| Arc::clone(&card.roles));
        let (before, after) = (roles_of(&old), roles_of(&card));
        // Nearly all that happens to an agent leaves it the roles that it has.
        let left = before.filter(|before| after.as_ref() != Some(before));
        for roles in left.into_iter().chain(after) {
            changed_roles.extend(roles.iter().cloned());
        }
        self.move_staff(old.as_deref(), card.as_deref());
        self.move_slots(old.as_deref(), card.as_deref());
    }

    /// Whoever is counted among the staff is counted otherwise from now on.
    fn move_staff(&self, old: Option<&AgentCard>, new: Option<&AgentCard>) {
        let counts_as = |card: &AgentCard| (card.status, card.room, card.roles.clone());
        if old.map(counts_as) == new.map(counts_as) {
            return;
        }
        if let Some(old) = old {
            lock(&self.sums).tally.staff.remove(old);
            old.roles.iter().for_each(|role| self.change_board(Some(role), |board| board.tally.staff.remove(old)));
        }
        if let Some(new) = new {
            lock(&self.sums).tally.staff.add(new);
            new.roles.iter().for_each(|role| self.change_board(Some(role), |board| board.tally.staff.add(new)));
        }
    }

    fn refresh_profile(&self, id: &AgentId, state: &State) {
        match state.agent(id) {
            None => drop(self.profiles.remove(id)),
            Some(agent) if self.profiles.get(id).is_some_and(|known| **known == agent.profile) => {}
            Some(agent) => drop(self.profiles.insert(id.clone(), Arc::new(agent.profile.clone()))),
        }
    }

    /// Changes a role's board, and drops it where nothing hangs on it any more.
    fn change_board(&self, role: Option<&RoleName>, change: impl FnOnce(&mut RoleBoard)) {
        let Some(role) = role else { return };
        let mut entry = match self.roles.entry(role.clone()) {
            Entry::Occupied(entry) => entry,
            Entry::Vacant(entry) => entry.insert_entry(RoleBoard::default()),
        };
        change(entry.get_mut());
        if entry.get().is_obsolete() {
            entry.remove();
        }
    }

    /// Its slots are others from now on, on the channels where they are.
    fn move_slots(&self, old: Option<&AgentCard>, new: Option<&AgentCard>) {
        let slots_of = |card: Option<&AgentCard>, channel: &ChannelName| {
            card.and_then(|card| card.slots().find(|(name, _)| *name == channel)).map(|(_, slots)| slots)
        };
        for (channel, before) in old.into_iter().flat_map(AgentCard::slots) {
            self.change_slots(channel, before, slots_of(new, channel).unwrap_or_default());
        }
        for (channel, after) in new.into_iter().flat_map(AgentCard::slots) {
            if slots_of(old, channel).is_none() {
                self.change_slots(channel, ChannelSlots::default(), after);
            }
        }
    }

    fn change_slots(&self, channel: &ChannelName, before: ChannelSlots, after: ChannelSlots) {
        if before == after {
            return;
        }
        let mut entry = match self.channels.entry(channel.clone()) {
            Entry::Occupied(entry) => entry,
            Entry::Vacant(entry) => entry.insert_entry(ChannelSlots::default()),
        };
        let slots = entry.get_mut();
        *slots =
            ChannelSlots { used: slots.used + after.used - before.used, free: slots.free + after.free - before.free };
        // A ticket may name any channel: what nobody uses takes no memory.
        if *entry.get() == ChannelSlots::default() {
            entry.remove();
        }
    }
}
