//! Tickets come, change, are withdrawn, and find their place.

use std::sync::Arc;

use super::{Handled, NaiveEngine};
use crate::routing::Verdict;
use crate::routing::agent::Agent;
use crate::routing::automation::Occasion;
use crate::routing::event::{Event, Intake};
use crate::routing::naive::decide::Lack;
use crate::routing::name::{AgentId, TicketId};
use crate::routing::offer::{Remark, RevokeCause, Trigger};
use crate::routing::overflow;
use crate::routing::returning::PlaceKey;
use crate::routing::role::Dispatch;
use crate::routing::ticket::{Closing, Demand, Direction, Phase, Priority, Ticket, TicketChanges, TicketSpec};
use crate::routing::time::Timestamp;

impl NaiveEngine {
    pub(super) fn create(&mut self, id: &TicketId, spec: TicketSpec) -> Verdict {
        if self.state.ticket(id).is_some() || self.state.closed_ticket(id).is_some() {
            return Verdict::Duplicate;
        }
        let created_at = self.created_at(&spec, self.at);
        let demand = self.classify(id, &spec, created_at);
        let due_at = self.due_at(&spec, &demand, created_at);
        let intake = Box::new(Intake { spec: spec.into(), demand: demand.into(), created_at, due_at });
        self.emit(Event::TicketCreated { ticket: id.clone(), intake });
        if let Some(created_at) = self.place_of_customer(id) {
            let ticket = self.known(id);
            let due_at = self.due_at(&ticket.spec, &ticket.demand, created_at);
            self.emit(Event::PlaceResumed { ticket: id.clone(), created_at, due_at });
        }
        self.place(id, Trigger::TicketArrived);
        Verdict::Accepted
    }

    /// From when a ticket counts that the same customer withdrew from the same queue and channel, so short a while ago
    /// that this one has its place.
    fn place_of_customer(&self, id: &TicketId) -> Option<Timestamp> {
        let ticket = self.known(id);
        let role = self.own_role(ticket)?;
        let customer = ticket.spec.beside.customer.id.clone()?;
        let key = PlaceKey { customer, role: role.name.clone(), channel: ticket.spec.asked.channel.clone() };
        let (created_at, given_up_at) = self.state.ground.places.get(&key)?;
        let in_time = self.at.since(given_up_at) <= role.returning.resume_within?;
        Some(*created_at).filter(|created_at| in_time && *created_at < ticket.created_at)
    }

    pub(super) fn update(&mut self, id: &TicketId, changes: &TicketChanges) -> Handled {
        let ticket = self.require_ticket(id)?;
        let spec = ticket.spec.with(changes);
        if spec != *ticket.spec {
            self.noticed.push((id.clone(), Occasion::Updated));
            self.reclassify(id, spec, Trigger::TicketUpdated);
        }
        Ok(Verdict::Accepted)
    }

    pub(super) fn cancel(&mut self, id: &TicketId, reason: Option<&str>) -> Handled {
        let ticket = self.require_ticket(id)?;
        let aside = ticket.phase == Phase::Scheduled;
        let waits = !aside && ticket.phase.ownership().is_none() && !ticket.service.answered;
        let asks = self.own_role(ticket).is_some_and(|role| role.returning.resume_within.is_some());
        if waits && asks && ticket.spec.beside.customer.id.is_some() {
            self.emit(Event::PlaceGivenUp { ticket: id.clone() });
        }
        self.take_back(id, RevokeCause::TicketCancelled, &Remark::reason(reason.map(str::to_owned)));
        self.close(id, Closing::Cancelled, reason.unwrap_or("withdrawn"));
        Ok(Verdict::Accepted)
    }

    /// Classifies a ticket afresh. Who owns it keeps it; who is offered it keeps the offer while it fits.
    pub(super) fn reclassify(&mut self, id: &TicketId, spec: TicketSpec, because: Trigger) {
        let before = self.known(id).clone();
        self.say_anew(id, spec);
        self.automate(id);
        self.place_as_changed(id, &before, because);
    }

    /// What upstream says of it is another now.
    pub(in crate::routing::naive) fn say_anew(&mut self, id: &TicketId, spec: TicketSpec) {
        let ticket = self.known(id).clone();
        let owned = ticket.phase.ownership().is_some();
        let fresh = self.demand_afresh(&ticket, &spec);
        let created_at = self.created_at(&spec, ticket.created_at);
        let moved = fresh.role() != ticket.demand.role();
        let workable = if moved { created_at } else { ticket.opens_at.get().unwrap_or(created_at).max(created_at) };
        let due_at = self.due_at(&spec, &fresh, workable);
        let demand = if owned { ticket.demand.clone() } else { fresh.into() };
        let intake = Box::new(Intake { spec: spec.into(), demand, created_at, due_at });
        self.emit(Event::TicketUpdated { ticket: id.clone(), intake });
    }

    /// Finds the place of a ticket that is another than before. What waits for the same role goes on waiting.
    pub(in crate::routing::naive) fn place_as_changed(&mut self, id: &TicketId, before: &Ticket, because: Trigger) {
        let ticket = self.known(id).clone();
        if self.is_back_in_vain(&ticket) {
            self.take_from_gone(id);
            return self.place_again(id);
        }
        if ticket.phase.ownership().is_some() {
            return;
        }
        for offer in ticket.phase.offers() {
            let (now, agent) = (self.known(id), self.agent(&offer.agent));
            if agent.slots[id].channel != now.spec.asked.channel || self.is_unfit(agent, now) {
                self.take_back_offer(id, &offer.agent, RevokeCause::RoleChanged);
            }
        }
        if !self.known(id).phase.offers().is_empty() {
            return;
        }
        let waits_on = before.phase == Phase::Waiting && ticket.phase == Phase::Waiting;
        if waits_on && before.demand.role() == ticket.demand.role() {
            let preferred_another = before.spec.beside.preferred_agent != ticket.spec.beside.preferred_agent;
            if preferred_another && self.turns_to_preferred(id) {
                return;
            }
            self.look_again(id, because);
        } else {
            self.place(id, because);
        }
    }

    /// Whether this agent could not take the ticket any more for the role for which it was offered.
    pub(in crate::routing::naive) fn is_unfit(&self, agent: &Agent, ticket: &Ticket) -> bool {
        let offer = ticket.phase.offer_to(&agent.id).expect("it is offered to that agent");
        let demanded = ticket.demand.roles.contains(&offer.role);
        let held = agent.profile.roles.contains(&offer.role);
        !demanded || !held || self.lasting_lack(agent, ticket).is_some()
    }

    fn created_at(&self, spec: &TicketSpec, otherwise: Timestamp) -> Timestamp {
        spec.created_at.map_or(otherwise, |created| created.min(self.at))
    }

    /// What a ticket demands under today's rules, after the steps that it has taken in its role.
    pub(super) fn demand_afresh(&self, ticket: &Ticket, spec: &TicketSpec) -> Demand {
        let created_at = self.created_at(spec, ticket.created_at);
        let mut demand = self.classify(&ticket.id, spec, created_at);
        if demand.role() == ticket.demand.role()
            && let Some(role) = demand.role().and_then(|role| self.state.catalogue().roles.get(role))
        {
            for number in (1..=ticket.steps_taken).chain(ticket.steps_ahead.iter().copied()) {
                if let Some(step) = role.overflow.get(usize::from(number) - 1) {
                    demand = overflow::widened(&demand, step);
                }
            }
        }
        demand
    }

    /// What a ticket demands of who is handed it: where somebody owned it, with what was said of it since. Rules alone make
    /// it no other role's.
    pub(super) fn demand_by_now(&self, ticket: &Ticket) -> Arc<Demand> {
        let fresh = self.demand_afresh(ticket, &ticket.spec);
        let named = ticket.spec.asked.role.as_ref().is_some_and(|role| self.state.catalogue().roles.contains_key(role));
        let stays = fresh.role() == ticket.demand.role();
        if ticket.phase.ownership().is_some() && (named || stays) { fresh.into() } else { ticket.demand.clone() }
    }

    /// The priority with which a ticket goes to another role.
    pub(in crate::routing::naive) fn priority_by_now(&self, ticket: &Ticket) -> Priority {
        let is_owned = ticket.phase.ownership().is_some();
        if is_owned { self.demand_afresh(ticket, &ticket.spec).priority } else { ticket.demand.priority }
    }

    /// A ticket that waits goes on waiting without a word where nothing comes of it.
    pub(super) fn look_again(&mut self, id: &TicketId, because: Trigger) {
        self.forget_lapsed(id);
        if self.is_to_leave(self.known(id)) {
            self.place(id, because);
        } else {
            self.try_give(id, because);
        }
    }

    /// Whether a ticket that waits may not go on waiting there.
    fn is_to_leave(&self, ticket: &Ticket) -> bool {
        let scheduled = ticket.spec.beside.not_before.is_some_and(|not_before| not_before > self.at);
        let expired = Self::expiry(ticket).is_some_and(|expires_at| expires_at <= self.at);
        scheduled || expired || self.sent_away_by_hours(ticket) || self.unroutable(ticket).is_some()
    }

    /// A ticket that waits prefers somebody else by now, whom it tries and waits for in place of the one before; unless it
    /// was handed over to an agent.
    fn turns_to_preferred(&mut self, id: &TicketId) -> bool {
        self.forget_lapsed(id);
        match &self.known(id).direction {
            Some(direction) if direction.until.is_none() => return false,
            Some(_) => self.emit(Event::DirectionEnded { ticket: id.clone() }),
            None => {}
        }
        if self.is_to_leave(self.known(id)) {
            return false;
        }
        self.try_agent_in_mind(id)
    }

    /// When it expires. Whoever owned it at its expiry had taken it in time, and after that it does not expire.
    pub(in crate::routing::naive) fn expiry(ticket: &Ticket) -> Option<Timestamp> {
        let expires_at = ticket.spec.beside.expires_at?;
        let was_owned = ticket.service.answered;
        let back_since = [Some(ticket.entered_at), ticket.returned_at.get()];
        let passed_meanwhile = back_since.into_iter().flatten().any(|since| expires_at <= since);
        if was_owned && passed_meanwhile { None } else { Some(expires_at) }
    }

    /// Finds the place of a ticket: ended, aside, with an agent, among what nobody can take, or in its queues.
    pub(super) fn place(&mut self, id: &TicketId, because: Trigger) {
        self.automate(id);
        let ticket = self.known(id);
        if ticket.demand.role().is_some() && self.own_role(ticket).is_none() {
            return self.reclassify(id, TicketSpec::clone(&ticket.spec), because);
        }
        self.forget_lapsed(id);
        let ticket = self.known(id).clone();
        if Self::expiry(&ticket).is_some_and(|expires_at| expires_at <= self.at) {
            return self.close(id, Closing::Expired, "expires_at");
        }
        if let Some(not_before) = ticket.spec.beside.not_before.filter(|not_before| *not_before > self.at) {
            if ticket.phase != Phase::Scheduled {
                self.emit(Event::TicketScheduled { ticket: id.clone(), not_before });
            }
            return;
        }
        if self.is_kept_out(id) {
            return;
        }
        if self.try_agent_in_mind(id) || self.try_give(id, because) {
            return;
        }
        match self.unroutable(&ticket) {
            None => self.queue(id, ticket.direction),
            Some(cause) if ticket.phase == Phase::Unroutable(cause) => {}
            Some(cause) => {
                let (role, channel) = (ticket.demand.role().cloned(), ticket.spec.asked.channel.clone());
                self.emit(Event::TicketUnroutable { ticket: id.clone(), role, channel, cause });
            }
        }
    }

    /// A ticket that comes back from somebody: meanwhile its rules may have changed.
    pub(super) fn place_again(&mut self, id: &TicketId) {
        self.place_afresh(id, Trigger::TicketReturned);
    }

    pub(in crate::routing::naive) fn place_afresh(&mut self, id: &TicketId, because: Trigger) {
        let ticket = self.known(id);
        if self.demand_afresh(ticket, &ticket.spec) == *ticket.demand {
            self.place(id, because);
        } else {
            self.reclassify(id, TicketSpec::clone(&ticket.spec), because);
        }
    }

    /// Places tickets, the most important first, that wait, or are in no place now.
    pub(super) fn place_all(&mut self, ids: &[TicketId]) {
        for id in self.in_turn(|ticket| ids.contains(&ticket.id)) {
            match self.known(&id).phase {
                Phase::Intake => self.place_again(&id),
                Phase::Waiting => self.look_again(&id, Trigger::DirectionEnded),
                _ => {}
            }
        }
    }

    /// Cool-downs that are over, and waiting for an agent who can never take it.
    fn forget_lapsed(&mut self, id: &TicketId) {
        if self.known(id).bars.iter().any(|bar| bar.until.is_some_and(|until| until <= self.at)) {
            self.emit(Event::BarsLapsed { ticket: id.clone() });
        }
        let ticket = self.known(id);
        if let Some(direction) = &ticket.direction
            && self.state.agent(&direction.agent).is_none_or(|agent| self.lasting_lack(agent, ticket).is_some())
        {
            self.emit(Event::DirectionEnded { ticket: id.clone() });
        }
    }

    /// Tries the deputy of an owner who has gone, then the preferred agent; where none is named, the customer's last.
    fn try_agent_in_mind(&mut self, id: &TicketId) -> bool {
        let ticket = self.known(id);
        let was_aside = matches!(ticket.phase, Phase::Scheduled | Phase::Deferred);
        let entered_at = if was_aside { self.at } else { ticket.entered_at };
        let preferred = ticket.spec.beside.preferred_agent.clone();
        let in_mind = match preferred {
            Some(preferred) => Some((preferred, Trigger::Directed)),
            None => self.last_agent_of(ticket).map(|last| (last, Trigger::LastAgent)),
        };
        let deputy = self.deputies.remove(id);
        deputy.is_some_and(|deputy| self.try_agent(id, &deputy, self.at, Trigger::Directed))
            || in_mind.is_some_and(|(agent, why)| self.try_agent(id, &agent, entered_at, why))
    }

    /// Who had the customer's ticket last, no longer ago than the ticket's role asks for.
    fn last_agent_of(&self, ticket: &Ticket) -> Option<AgentId> {
        let within = self.own_role(ticket)?.returning.last_agent?;
        let (agent, had_it_at) = self.state.ground.last_agents.get(ticket.spec.beside.customer.id.as_ref()?)?;
        (self.at.since(had_it_at) <= within).then(|| agent.clone())
    }

    /// Tries one agent before all others, and waits for it where it only has no slot free.
    fn try_agent(&mut self, id: &TicketId, agent: &AgentId, waits_from: Timestamp, why: Trigger) -> bool {
        let ticket = self.known(id);
        let (Some(role), Some(agent)) = (self.own_role(ticket), self.state.agent(agent)) else { return false };
        if ticket.direction.is_some() || role.dispatch == Dispatch::Pull {
            return false;
        }
        let until = waits_from + role.sticky_wait;
        let agent_id: AgentId = agent.id.clone();
        // It is meant for that agent, whom no reserve of another role keeps from it.
        let mut lacks = self.lacks(agent, ticket);
        lacks.retain(|lack| *lack != Lack::Reserved);
        match lacks.as_slice() {
            [] if !self.passes_by(agent, ticket) => {
                let reason = self.reason_of_one(agent, ticket, why);
                self.give(id, &[agent_id], &reason);
                true
            }
            lacks if until > self.at && lacks.iter().all(Lack::is_of_room) && !self.is_turned_away(ticket) => {
                self.queue(id, Some(Direction { agent: agent_id, until: Some(until), trigger: why }.into()));
                true
            }
            _ => false,
        }
    }
}
