//! Agents are registered and removed, come and go, and finish their wrap-up.

use super::{Handled, NaiveEngine, reject};
use crate::routing::Verdict;
use crate::routing::agent::{AgentProfile, SlotUse, Status};
use crate::routing::channel::OwnerGrace;
use crate::routing::command::RejectionCode;
use crate::routing::event::{Event, Sign};
use crate::routing::name::{AgentId, ChannelName, TicketId};
use crate::routing::offer::{RevokeCause, Trigger};
use crate::routing::presence::Presence;
use crate::routing::ticket::{Phase, Ticket};
use crate::routing::time::Millis;

impl NaiveEngine {
    pub(super) fn register(&mut self, id: &AgentId, profile: AgentProfile) -> Handled {
        profile.roles.iter().try_for_each(|role| self.require_role(role))?;
        if self.state.agent(id).is_some_and(|agent| agent.profile == profile) {
            self.emit(Event::AgentSeen { agent: id.clone(), sign: Sign::Act });
            return Ok(Verdict::Accepted);
        }
        self.emit(Event::AgentRegistered { agent: id.clone(), profile: Box::new(profile) });
        let can_never = |ticket: &Ticket| self.lasting_lack(self.agent(id), ticket).is_some();
        let mut unfit = self.offered_to(id, |ticket| self.is_unfit(self.agent(id), ticket));
        unfit.extend(self.agent(id).owned().filter(|ticket| self.is_back_in_vain(self.known(ticket))).cloned());
        let in_vain = self.waiting_for(id, can_never);
        self.lose(id, &unfit, RevokeCause::RoleChanged, &in_vain);
        self.look_at_all_again(&[unfit, in_vain].concat());
        Ok(Verdict::Accepted)
    }

    pub(super) fn remove(&mut self, id: &AgentId) -> Handled {
        self.require_agent(id)?;
        let mut lost = self.offered_to(id, |_| true);
        lost.extend(self.agent(id).owned().cloned());
        let directed = self.waiting_for(id, |_| true);
        self.lose(id, &lost, RevokeCause::AgentOffline, &directed);
        self.emit(Event::AgentRemoved { agent: id.clone() });
        self.place_all(&[lost, directed].concat());
        self.look_at_all_again(&[]);
        Ok(Verdict::Accepted)
    }

    pub(super) fn turn(&mut self, id: &AgentId, status: Status, reason: &str) {
        self.change_presence(id, Presence::by_itself(status, reason));
    }

    /// "When an agent leaves".
    pub(super) fn change_presence(&mut self, id: &AgentId, presence: Presence) {
        let lost = self.lose_by_presence(id, presence);
        self.place_all(&lost);
    }

    /// What it loses by that, to be placed anew.
    pub(super) fn lose_by_presence(&mut self, id: &AgentId, presence: Presence) -> Vec<TicketId> {
        let Presence { status, name, reason, switches } = presence;
        let agent = self.agent(id);
        let is_on = |channel: &ChannelName| agent.switches.get(channel) != Some(&false);
        let unchanged = agent.status == status
            && agent.status_name == name
            && switches.iter().all(|(channel, on)| is_on(channel) == *on);
        let nothing_new = reason.is_none() || reason.as_deref() == agent.grounds.as_str();
        if unchanged && nothing_new {
            self.emit(Event::AgentSeen { agent: id.clone(), sign: Sign::Act });
            return Vec::new();
        }
        self.emit(Event::PresenceChanged { agent: id.clone(), status, name, switches, reason });
        if unchanged {
            return Vec::new();
        }
        let catalogue = self.state.catalogue();
        let gone = matches!(status, Status::Away | Status::Draining | Status::Offline);
        let mut lost =
            self.offered_to(id, |ticket| gone || !self.agent(id).channel_on(&ticket.spec.asked.channel, catalogue));
        let mut directed = Vec::new();
        if status == Status::Offline {
            let at_once = |ticket: &Ticket| match ticket.phase {
                Phase::Paused(_) => false,
                Phase::Resuming(_) => true,
                _ => self.owner_grace(ticket) == OwnerGrace::After(Millis::ZERO),
            };
            lost.extend(self.agent(id).owned().filter(|ticket| at_once(self.known(ticket))).cloned());
            directed = self.waiting_for(id, |ticket| self.owner_grace(ticket) != OwnerGrace::Keep);
        }
        self.lose(id, &lost, RevokeCause::AgentOffline, &directed);
        [lost, directed].concat()
    }

    /// Takes from an agent what it loses; whoever calls places it.
    fn lose(&mut self, id: &AgentId, lost: &[TicketId], cause: RevokeCause, directed: &[TicketId]) {
        for ticket in lost {
            if self.known(ticket).phase.offer_to(id).is_some() {
                self.take_back_offer(ticket, id, cause);
            } else {
                self.take_from_gone(ticket);
            }
        }
        for ticket in directed {
            self.emit(Event::DirectionEnded { ticket: ticket.clone() });
        }
    }

    /// Tickets with an open offer to that agent, by id.
    fn offered_to(&self, id: &AgentId, which: impl Fn(&Ticket) -> bool) -> Vec<TicketId> {
        let mut offered: Vec<&Ticket> = self.state.tickets().filter(|it| it.phase.offer_to(id).is_some()).collect();
        offered.sort_by_key(|ticket| &ticket.id);
        offered.into_iter().filter(|ticket| which(ticket)).map(|ticket| ticket.id.clone()).collect()
    }

    /// Tickets that wait for that agent alone.
    fn waiting_for(&self, id: &AgentId, which: impl Fn(&Ticket) -> bool) -> Vec<TicketId> {
        let waits_for = |ticket: &Ticket| ticket.direction.as_ref().is_some_and(|direction| direction.agent == *id);
        self.in_order_of_arrival(|ticket| Self::is_waiting(ticket) && waits_for(ticket) && which(ticket))
    }

    /// Places what lost its place and what nobody could take, then what nobody can take now.
    fn look_at_all_again(&mut self, lost: &[TicketId]) {
        let could_nobody = |ticket: &Ticket| matches!(ticket.phase, Phase::Unroutable(_));
        for id in self.in_turn(|ticket| could_nobody(ticket) || lost.contains(&ticket.id)) {
            if could_nobody(self.known(&id)) {
                self.place(&id, Trigger::AgentsChanged);
            } else {
                self.place_all(&[id]);
            }
        }
        for id in self.in_turn(Self::is_waiting) {
            if self.unroutable(self.known(&id)).is_some() {
                self.place(&id, Trigger::AgentsChanged);
            }
        }
    }

    pub(super) fn finish_wrap_up(&mut self, id: &AgentId, ticket: Option<&TicketId>) -> Handled {
        self.require_agent(id)?;
        let mut finished: Vec<TicketId> = Vec::new();
        for (wrapped_up, slot) in &self.agent(id).slots {
            if matches!(slot.used_for, SlotUse::WrapUp { .. }) && ticket.is_none_or(|ticket| ticket == wrapped_up) {
                finished.push(wrapped_up.clone());
            }
        }
        if finished.is_empty() {
            let unknown = |id: &&TicketId| self.state.ticket(id).is_none() && self.state.closed_ticket(id).is_none();
            return match ticket.filter(unknown) {
                Some(ticket) => reject(RejectionCode::UnknownTicket, format!("there is no ticket {ticket}")),
                None => reject(RejectionCode::WrongState, format!("agent {id} is not in wrap-up")),
            };
        }
        for ticket in &finished {
            self.end_wrap_up(id, ticket);
        }
        Ok(Verdict::Accepted)
    }

    pub(super) fn end_wrap_up(&mut self, agent: &AgentId, ticket: &TicketId) {
        let channel = self.agent(agent).slots[ticket].channel.clone();
        self.emit(Event::WrapUpFinished { agent: agent.clone(), ticket: ticket.clone(), channel });
    }
}
