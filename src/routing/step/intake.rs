//! Tickets come, change, and are withdrawn.

use std::sync::Arc;

use super::automation::Before;
use super::{Done, Handled, Step};
use crate::routing::agent::Agent;
use crate::routing::automation::Occasion;
use crate::routing::event::{Event, Intake};
use crate::routing::matching;
use crate::routing::name::{AgentId, TicketId};
use crate::routing::offer::{Offer, Remark, RevokeCause, Trigger};
use crate::routing::prospect;
use crate::routing::ticket::{Closing, Demand, Ticket, TicketChanges, TicketSpec};
use crate::routing::time::Timestamp;

impl Step<'_> {
    pub(super) fn create_ticket(&mut self, id: &TicketId, spec: TicketSpec) -> Done {
        if self.state.ticket(id).is_some() || self.state.closed_ticket(id).is_some() {
            return Done::Duplicate;
        }
        let intake = Box::new(self.intake(id, spec));
        self.remember_demand(&intake);
        self.emit(Event::TicketCreated { ticket: id.clone(), intake });
        self.resume_place(id);
        self.place(id, Trigger::TicketArrived);
        Done::Accepted
    }

    /// Gives a ticket that has just come the place that its customer gave up a short while ago.
    fn resume_place(&mut self, id: &TicketId) {
        let ticket = self.known(id);
        if let Some(created_at) = self.state.resumes_place_of(ticket, self.at) {
            let due_at = self.due_at(&ticket.spec, &ticket.demand, created_at);
            self.emit(Event::PlaceResumed { ticket: id.clone(), created_at, due_at });
        }
    }

    /// What is made of a ticket that was not known.
    pub(super) fn intake(&self, id: &TicketId, mut spec: TicketSpec) -> Intake {
        let created_at = self.created_at(&spec, self.at);
        let demand = self.first_demand(id, &mut spec, created_at);
        let due_at = self.due_at(&spec, &demand, created_at);
        Intake { spec: Arc::new(spec), demand, created_at, due_at }
    }

    /// What a ticket that was not known demands. Without rules that is what others demanded that asked for the same, and
    /// it shares that with them.
    fn first_demand(&self, id: &TicketId, spec: &mut TicketSpec, created_at: Timestamp) -> Arc<Demand> {
        let asks = !self.state.catalogue().rules.is_empty();
        let known = if asks { None } else { self.state.index.classified.get(&spec.asked) };
        let Some((asked, demand)) = known else { return Arc::new(self.classify(id, spec, created_at)) };
        spec.asked = Arc::clone(asked);
        Arc::clone(demand)
    }

    /// What was made of a ticket will be made of others of which the same is said, unless rules are asked.
    fn remember_demand(&mut self, intake: &Intake) {
        if self.state.catalogue().rules.is_empty() && Arc::strong_count(&intake.demand) == 1 {
            self.state.index.classified.record(&intake.spec.asked, &intake.demand);
        }
    }

    /// When a ticket should be answered: as upstream said, else by its role's target, which counts from when the ticket
    /// may be worked on.
    pub(super) fn due_at(&self, spec: &TicketSpec, demand: &Demand, created_at: Timestamp) -> Option<Timestamp> {
        let role = demand.role().and_then(|role| self.state.catalogue().roles.get(role));
        let target = role.and_then(|role| role.target);
        let workable_at = spec.beside.not_before.map_or(created_at, |not_before| not_before.max(created_at));
        spec.beside.due_at.or_else(|| target.map(|target| workable_at + target.answer_within))
    }

    pub(super) fn update_ticket(&mut self, id: &TicketId, changes: &TicketChanges) -> Handled {
        let ticket = self.ticket(id)?;
        let spec = ticket.spec.with(changes);
        if spec == *ticket.spec {
            return Ok(Done::Accepted);
        }
        self.noticed.push_back((id.clone(), Occasion::Updated));
        self.reclassify(id, Arc::new(spec), Trigger::TicketUpdated);
        Ok(Done::Accepted)
    }

    /// Classifies a ticket afresh. What waits keeps its age and finds its place anew; what is owned keeps its owner.
    pub(super) fn reclassify(&mut self, id: &TicketId, spec: Arc<TicketSpec>, trigger: Trigger) {
        let before = Before::of(self.known(id));
        self.restate(id, spec);
        self.automate(id);
        self.find_place(id, &before, trigger);
    }

    /// Says what upstream says of a ticket now, and what it demands by that.
    pub(super) fn restate(&mut self, id: &TicketId, spec: Arc<TicketSpec>) {
        let ticket = self.known(id);
        let demand = self.demand_afresh(ticket, &spec);
        let created_at = self.created_at(&spec, ticket.created_at);
        let moved = demand.role() != ticket.demand.role();
        let opens_at = ticket.opens_at.get().filter(|_| !moved).unwrap_or(created_at);
        let due_at = self.due_at(&spec, &demand, created_at.max(opens_at));
        let owned = ticket.phase.ownership().is_some();
        let demand = if owned { Arc::clone(&ticket.demand) } else { Arc::new(demand) };
        let intake = Box::new(Intake { spec, demand, created_at, due_at });
        self.emit(Event::TicketUpdated { ticket: id.clone(), intake });
    }

    /// Finds the place of a ticket of which something else is known than before. What waits where it waited goes on
    /// waiting without a word where nothing comes of it.
    pub(super) fn find_place(&mut self, id: &TicketId, before: &Before, trigger: Trigger) {
        if let Some(ownership) = self.known(id).phase.ownership() {
            // On another channel its owner may have a slot for it again, or can never have one.
            let agent = ownership.agent.clone();
            if self.is_resumed_in_vain(self.known(id)) {
                self.take_from_gone(id);
                return self.place_again(id);
            }
            return self.hungers(&agent);
        }
        self.revoke_unfit_offers(id);
        let ticket = self.known(id);
        if ticket.phase.offers().is_empty() {
            if !before.waits_on(ticket) {
                self.place(id, trigger);
            } else if !(before.preferred_another(ticket) && self.turn_to_preferred(id)) {
                self.place_waiting(id, trigger);
            }
        }
    }

    /// Looks again at a ticket that waits, and goes on waiting without a word where nothing comes of it.
    pub(super) fn place_waiting(&mut self, id: &TicketId, trigger: Trigger) {
        self.forget_lapsed(id);
        if self.waits_no_longer(self.known(id)) {
            self.place(id, trigger);
        } else {
            self.try_give(id, trigger);
        }
    }

    /// A ticket that waits names another preferred agent than before, or none: it waits no longer for the one before, but
    /// for that one as long as if it had been named at first. Says whether that one has it, or is waited for. What was
    /// handed to an agent goes on waiting for that agent.
    fn turn_to_preferred(&mut self, id: &TicketId) -> bool {
        self.forget_lapsed(id);
        let ticket = self.known(id);
        if ticket.is_handed_to_an_agent() {
            return false;
        }
        if ticket.direction.is_some() {
            self.emit(Event::DirectionEnded { ticket: id.clone() });
        }
        !self.waits_no_longer(self.known(id)) && self.place_with_somebody(id)
    }

    /// Whether a ticket that waits has to go where it waits no more: it is too early for it, or too late, its role is
    /// closed and sends on, or nobody can take it.
    fn waits_no_longer(&self, ticket: &Ticket) -> bool {
        let later = ticket.spec.beside.not_before.is_some_and(|not_before| not_before > self.at);
        let over = ticket.expires_at().is_some_and(|expiry| expiry <= self.at);
        later || over || self.is_sent_from_closed(ticket) || prospect::unroutable(self.state, ticket).is_some()
    }

    /// Takes back the offers of a ticket to agents who could not take it any more, or who gave it a slot on another
    /// channel than it has now. With the last, it is in no place.
    fn revoke_unfit_offers(&mut self, id: &TicketId) {
        let ticket = self.known(id);
        let unfit = |offer: &&Offer| {
            let agent = self.state.agent(&offer.agent).expect("an offer is open to a registered agent");
            let slot = agent.slots.get(&ticket.id).expect("an open offer takes a slot");
            slot.channel != ticket.spec.asked.channel || !self.fits(offer, agent, ticket)
        };
        let agents: Vec<AgentId> =
            ticket.phase.offers().iter().filter(unfit).map(|offer| offer.agent.clone()).collect();
        for agent in agents {
            self.revoke_offer(id, &agent, RevokeCause::RoleChanged, Remark::NONE);
        }
    }

    /// Whether an agent could still take a ticket as it was offered: for that role.
    pub(super) fn fits(&self, offer: &Offer, agent: &Agent, ticket: &Ticket) -> bool {
        ticket.demand.roles.contains(&offer.role)
            && agent.profile.roles.contains(&offer.role)
            && matching::lasting_lack(self.state, agent, ticket).is_none()
    }

    pub(super) fn cancel_ticket(&mut self, id: &TicketId, reason: Option<String>) -> Handled {
        let ticket = self.ticket(id)?;
        if self.state.may_be_resumed(ticket) {
            self.emit(Event::PlaceGivenUp { ticket: id.clone() });
        }
        self.revoke_all(id, RevokeCause::TicketCancelled, &Remark::reason(reason.clone()));
        self.close(id, Closing::Cancelled, reason.unwrap_or_else(|| "withdrawn".to_owned()));
        Ok(Done::Accepted)
    }

    /// Takes a ticket back from whoever is offered it or owns it.
    pub(super) fn revoke_all(&mut self, id: &TicketId, cause: RevokeCause, remark: &Remark) {
        let phase = &self.known(id).phase;
        let offered = phase.offers().iter().map(|offer| offer.agent.clone());
        let agents: Vec<AgentId> = offered.chain(phase.ownership().map(|ownership| ownership.agent.clone())).collect();
        for agent in &agents {
            if self.known(id).phase.ownership().is_some() {
                self.revoke_assignment(id, cause, remark.clone());
            } else {
                self.revoke_offer(id, agent, cause, remark.clone());
            }
        }
    }
}
