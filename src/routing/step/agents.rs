//! Agents are registered and removed, come and go, and finish their wrap-up.

use super::{Done, Handled, Step, reject};
use crate::routing::agent::{Agent, AgentProfile, SlotUse, Status};
use crate::routing::catalogue::Catalogue;
use crate::routing::channel::OwnerGrace;
use crate::routing::command::{Rejection, RejectionCode};
use crate::routing::event::{Event, Sign};
use crate::routing::matching;
use crate::routing::name::{AgentId, RoleName, TicketId};
use crate::routing::offer::{Remark, RevokeCause, Trigger};
use crate::routing::presence::Presence;
use crate::routing::prospect;
use crate::routing::ticket::{Phase, Ticket};

impl Step<'_> {
    pub(super) fn register_agent(&mut self, id: &AgentId, profile: AgentProfile) -> Handled {
        if let Some(role) = profile.roles.iter().find(|role| !self.state.catalogue().roles.contains_key(role)) {
            return Err(reject(RejectionCode::UnknownRole, format!("there is no role {role}")));
        }
        if self.state.agent(id).is_some_and(|known| known.profile == profile) {
            self.emit(Event::AgentSeen { agent: id.clone(), sign: Sign::Act });
            return Ok(Done::Accepted);
        }
        let lost = self.state.agent(id).map_or(Lost::Nobody, |known| self.loses(known, Some(&profile)));
        self.emit(Event::AgentRegistered { agent: id.clone(), profile: Box::new(profile) });
        let unfit = self.open_offers(id, |step, ticket| {
            let agent = step.state.agent(id).expect("registered above");
            ticket.phase.offer_to(id).is_some_and(|offer| !step.fits(offer, agent, ticket))
        });
        for ticket in &unfit {
            self.revoke_offer(ticket, id, RevokeCause::RoleChanged, Remark::NONE);
        }
        let owned = self.state.agent(id).expect("registered above").owned();
        let left: Vec<TicketId> = owned.filter(|ticket| self.is_resumed_in_vain(self.known(ticket))).cloned().collect();
        for ticket in &left {
            self.take_from_gone(ticket);
        }
        let in_vain = self.end_directions(id, |step, ticket| {
            let agent = step.state.agent(id).expect("registered above");
            matching::lasting_lack(step.state, agent, ticket).is_some()
        });
        self.hungers(id);
        self.place_beside_unroutable(unfit.into_iter().chain(left).chain(in_vain));
        self.place_stranded(lost);
        Ok(Done::Accepted)
    }

    pub(super) fn remove_agent(&mut self, id: &AgentId) -> Handled {
        self.require_agent(id)?;
        let lost = self.state.agent(id).map_or(Lost::Nobody, |known| self.loses(known, None));
        let offered = self.open_offers(id, |_, _| true);
        for ticket in &offered {
            self.revoke_offer(ticket, id, RevokeCause::AgentOffline, Remark::NONE);
        }
        let agent = self.state.agent(id).expect("required above");
        let owned: Vec<TicketId> = agent.owned().cloned().collect();
        for ticket in &owned {
            self.take_from_gone(ticket);
        }
        let directed = self.end_directions(id, |_, _| true);
        self.emit(Event::AgentRemoved { agent: id.clone() });
        self.place_all(offered.into_iter().chain(owned).chain(directed));
        self.place_beside_unroutable([]);
        self.place_stranded(lost);
        Ok(Done::Accepted)
    }

    pub(super) fn set_presence(&mut self, id: &AgentId, presence: Presence) -> Handled {
        self.require_agent(id)?;
        self.change_presence(id, presence);
        Ok(Done::Accepted)
    }

    /// What an agent has done, or finished, changes its status, without a word of its own.
    pub(super) fn turn(&mut self, id: &AgentId, status: Status, reason: &str) {
        self.change_presence(id, Presence::by_itself(status, reason));
    }

    fn change_presence(&mut self, id: &AgentId, presence: Presence) {
        let lost = self.say_presence(id, presence);
        self.place_all(lost);
    }

    /// Says what is said of an agent's presence, and takes from that agent what it loses by it. That is in no place then,
    /// or waits for others too: the caller places it.
    pub(super) fn say_presence(&mut self, id: &AgentId, presence: Presence) -> Vec<TicketId> {
        let agent = self.state.agent(id).expect("checked by the caller");
        let Presence { status, name, reason, switches } = presence;
        let same = (agent.status, &agent.status_name) == (status, &name)
            && switches.iter().all(|(channel, on)| agent.switches.get(channel).copied().unwrap_or(true) == *on);
        if same && agent.is_so_because(reason.as_deref()) {
            self.emit(Event::AgentSeen { agent: id.clone(), sign: Sign::Act });
            return Vec::new();
        }
        self.emit(Event::PresenceChanged { agent: id.clone(), status, name, switches, reason });
        if same {
            return Vec::new();
        }
        let mut lost = self.open_offers(id, |step, ticket| {
            let agent = step.state.agent(id).expect("checked by the caller");
            status.loses_offers() || !agent.channel_on(&ticket.spec.asked.channel, step.state.catalogue())
        });
        for ticket in &lost {
            self.revoke_offer(ticket, id, RevokeCause::AgentOffline, Remark::NONE);
        }
        if status == Status::Offline {
            lost.extend(self.leave_at_once(id));
        }
        self.hungers(id);
        lost
    }

    /// Who goes offline loses at once what has no grace and what its customer is back for, and what only waits for that agent
    /// waits for others too. What is paused stays, for nobody could do anything about it until its customer is back.
    fn leave_at_once(&mut self, id: &AgentId) -> Vec<TicketId> {
        let grace = |step: &Self, ticket: &Ticket| {
            step.state.catalogue().owner_grace(ticket.demand.role(), &ticket.spec.asked.channel)
        };
        let agent = self.state.agent(id).expect("checked by the caller");
        let no_grace =
            |id: &&TicketId| matches!(grace(self, self.known(id)), OwnerGrace::After(grace) if grace.is_zero());
        let lost = |id: &&TicketId| match self.known(id).phase {
            Phase::Paused(_) => false,
            Phase::Resuming(_) => true,
            _ => no_grace(id),
        };
        let owned: Vec<TicketId> = agent.owned().filter(lost).cloned().collect();
        for ticket in &owned {
            self.take_from_gone(ticket);
        }
        let directed = self.end_directions(id, |step, ticket| grace(step, ticket) != OwnerGrace::Keep);
        owned.into_iter().chain(directed).collect()
    }

    /// Tickets that wait for this agent alone, and that the filter names, wait for it no longer.
    fn end_directions(&mut self, id: &AgentId, which: impl Fn(&Self, &Ticket) -> bool) -> Vec<TicketId> {
        let directed = self.state.queues().iter().flat_map(|(_, queue)| queue.directed_to(id));
        let mut tickets: Vec<&Ticket> = directed.map(|ticket| self.state.ticket_at(ticket)).collect();
        tickets.sort_unstable_by_key(|ticket| ticket.arrival_seq);
        tickets.dedup_by_key(|ticket| ticket.arrival_seq);
        let ended: Vec<TicketId> =
            tickets.into_iter().filter(|ticket| which(self, ticket)).map(|ticket| ticket.id.clone()).collect();
        for ticket in &ended {
            self.emit(Event::DirectionEnded { ticket: ticket.clone() });
        }
        ended
    }

    /// Tickets with an open offer to this agent that the filter names.
    fn open_offers(&self, id: &AgentId, which: impl Fn(&Self, &Ticket) -> bool) -> Vec<TicketId> {
        let agent = self.state.agent(id).expect("checked by the caller");
        let offered = agent.slots.iter().filter(|(_, slot)| slot.used_for == SlotUse::Offered);
        offered.map(|(id, _)| id).filter(|id| which(self, self.known(id))).cloned().collect()
    }

    /// Places tickets that lost their place, the most important first. Some may still be offered to others.
    pub(super) fn place_all(&mut self, tickets: impl IntoIterator<Item = TicketId>) {
        let tickets: Vec<TicketId> = tickets.into_iter().collect();
        for id in self.in_turn(tickets.iter().map(|id| self.known(id)).collect()) {
            self.place_if_homeless(&id);
        }
    }

    pub(super) fn place_if_homeless(&mut self, id: &TicketId) {
        match self.known(id).phase {
            Phase::Intake => self.place_again(id),
            Phase::Waiting => self.place_waiting(id, Trigger::DirectionEnded),
            Phase::Scheduled
            | Phase::Deferred
            | Phase::Unroutable(_)
            | Phase::Offered(_)
            | Phase::Assigned(_)
            | Phase::Paused(_)
            | Phase::Resuming(_) => {}
        }
    }

    pub(super) fn hear(&mut self, agent: AgentId, sign: Sign) -> Handled {
        self.require_agent(&agent)?;
        self.emit(Event::AgentSeen { agent, sign });
        Ok(Done::Accepted)
    }

    pub(super) fn finish_wrap_up(&mut self, id: &AgentId, ticket: Option<&TicketId>) -> Handled {
        self.require_agent(id)?;
        let agent = self.state.agent(id).expect("required above");
        let wrapping_up = agent.slots.iter().filter(|(_, slot)| matches!(slot.used_for, SlotUse::WrapUp { .. }));
        let finished: Vec<TicketId> =
            wrapping_up.map(|(id, _)| id.clone()).filter(|id| ticket.is_none_or(|ticket| ticket == id)).collect();
        if finished.is_empty() {
            return Err(self.no_wrap_up(id, ticket));
        }
        for ticket in &finished {
            self.end_wrap_up(id, ticket);
        }
        Ok(Done::Accepted)
    }

    fn no_wrap_up(&self, id: &AgentId, ticket: Option<&TicketId>) -> Rejection {
        let unknown = |id: &&TicketId| self.state.ticket(id).is_none() && self.state.closed_ticket(id).is_none();
        match ticket.filter(unknown) {
            Some(ticket) => reject(RejectionCode::UnknownTicket, format!("there is no ticket {ticket}")),
            None => reject(RejectionCode::WrongState, format!("agent {id} is not in wrap-up")),
        }
    }

    pub(super) fn end_wrap_up(&mut self, agent: &AgentId, ticket: &TicketId) {
        let slots = &self.state.agent(agent).expect("checked by the caller").slots;
        let channel = slots[ticket].channel.clone();
        self.emit(Event::WrapUpFinished { agent: agent.clone(), ticket: ticket.clone(), channel });
        self.hungers(agent);
    }

    /// What tickets lose when an agent leaves, or becomes another.
    fn loses(&self, known: &Agent, after: Option<&AgentProfile>) -> Lost {
        let catalogue = self.state.catalogue();
        if after.is_some_and(|after| covers(after, &known.profile, catalogue)) {
            return Lost::Nobody;
        }
        let number = self.state.ground.agents.number(&known.id).expect("who is known has a number");
        let mut mates = self.state.pool().mates(number).map(|mate| self.state.agent_at(mate));
        let replaced = mates.any(|mate| covers(&mate.profile, &known.profile, catalogue));
        if replaced { Lost::OneOfMany } else { Lost::LastOfItsKind }
    }

    /// Places tickets that lost their place, and looks again at what nobody could take, the most important first: whoever can
    /// do more now may have room for one of them only.
    fn place_beside_unroutable(&mut self, tickets: impl IntoIterator<Item = TicketId>) {
        let mut tickets: Vec<TicketId> = tickets.into_iter().collect();
        tickets.extend(self.state.index.unroutable.values().cloned());
        for id in self.in_turn(tickets.iter().map(|id| self.known(id)).collect()) {
            match self.known(&id).phase {
                Phase::Unroutable(_) => self.place(&id, Trigger::AgentsChanged),
                _ => self.place_if_homeless(&id),
            }
        }
    }

    /// Looks again at what nobody may be able to take now.
    fn place_stranded(&mut self, lost: Lost) {
        let waiting: Vec<&Ticket> = match lost {
            Lost::Nobody => return,
            // Its mates may take whatever it could, but for tickets that bar them.
            Lost::OneOfMany => {
                let barring = self.state.queues().iter().flat_map(|(_, queue)| queue.barring());
                barring.map(|number| self.state.ticket_at(number)).collect()
            }
            Lost::LastOfItsKind => self.state.tickets().filter(|ticket| ticket.phase == Phase::Waiting).collect(),
        };
        let is_stranded = |ticket: &&Ticket| prospect::unroutable(self.state, ticket).is_some();
        let stranded = waiting.into_iter().filter(is_stranded).collect();
        for id in self.in_turn(stranded) {
            self.place(&id, Trigger::AgentsChanged);
        }
    }
}

/// Who could take tickets before, and can no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lost {
    /// Nobody: an agent came, or can do more than before.
    Nobody,
    /// Somebody who has others of its kind, who work on the same channels.
    OneOfMany,
    /// Somebody who has none, at least on some channel.
    LastOfItsKind,
}

/// Whether one can do whatever the other can.
fn covers(one: &AgentProfile, other: &AgentProfile, catalogue: &Catalogue) -> bool {
    let tiers = |role: &RoleName| catalogue.roles.get(role).is_some_and(|role| role.staffing.rank_max.is_some());
    let mut named = one.limits.keys().chain(other.limits.keys());
    one.roles.is_superset(&other.roles)
        && other.roles.iter().all(|role| !tiers(role) || one.rank(role) <= other.rank(role))
        && one.skills.fulfil(&other.skills)
        && one.permissions(catalogue).is_superset(&other.permissions(catalogue))
        && one.capacity(catalogue) >= other.capacity(catalogue)
        && named.all(|channel| one.limit(channel, catalogue) > 0 || other.limit(channel, catalogue) == 0)
}
