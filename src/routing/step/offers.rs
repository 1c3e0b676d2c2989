//! Offers are accepted, declined, missed and taken back; agents ask for work.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Done, Handled, Step, held_by_offer, reject, wrong_state};
use crate::routing::agent::Status;
use crate::routing::command::{Rejection, RejectionCode};
use crate::routing::cooldown::Refusal;
use crate::routing::event::{Event, Taking};
use crate::routing::matching::{self, Search};
use crate::routing::name::{AgentId, AssignmentId, RoleName, TicketId};
use crate::routing::offer::{FallOut, Offer, Reason, Remark, RevokeCause, Trigger};
use crate::routing::presence::{self, Presence};
use crate::routing::ticket::{Bar, Phase, Ticket};

impl Step<'_> {
    pub(super) fn accept_offer(
        &mut self,
        id: &TicketId,
        agent: &AgentId,
        assignment: Option<&AssignmentId>,
    ) -> Handled {
        let ticket = self.answered(id)?;
        self.require_agent(agent)?;
        let repeated = ticket.phase.ownership().is_some_and(|ownership| {
            ownership.agent == *agent && assignment.is_none_or(|answered| *answered == ownership.assignment)
        });
        if repeated {
            return Ok(Done::Accepted);
        }
        let offer = open_offer(ticket, agent, assignment)?.clone();
        self.accept(id, &offer);
        Ok(Done::Accepted)
    }

    /// The ticket that an answer to an offer is about. Where it has ended, the answer comes too late.
    fn answered(&self, id: &TicketId) -> Result<&Ticket, Rejection> {
        let too_late = |rejection: Rejection| match rejection.code {
            RejectionCode::WrongState => Rejection { code: RejectionCode::StaleAssignment, ..rejection },
            _ => rejection,
        };
        self.ticket(id).map_err(too_late)
    }

    /// The offer becomes an assignment; whoever else was asked has lost the race.
    pub(super) fn accept(&mut self, id: &TicketId, offer: &Offer) {
        let others: Vec<AgentId> = self
            .known(id)
            .phase
            .offers()
            .iter()
            .filter(|other| other.agent != offer.agent)
            .map(|other| other.agent.clone())
            .collect();
        for other in others {
            self.revoke_offer(id, &other, RevokeCause::LostRace, Remark::NONE);
        }
        let ticket = self.known(id);
        let agent = self.state.agent(&offer.agent).expect("an offer is open to a registered agent");
        let slot = agent.slots.get(id).expect("an open offer takes a slot");
        let taking = Taking {
            ticket: id.clone(),
            agent: offer.agent.clone(),
            assignment: offer.assignment.clone(),
            role: offer.role.clone(),
            channel: ticket.spec.asked.channel.clone(),
            cost: slot.cost,
            attempt: ticket.attempt,
            reason: Arc::clone(&offer.reason),
        };
        self.own(taking);
    }

    pub(super) fn decline_offer(
        &mut self,
        id: &TicketId,
        agent: &AgentId,
        assignment: Option<&AssignmentId>,
        reason: Option<String>,
    ) -> Handled {
        let ticket = self.answered(id)?;
        self.require_agent(agent)?;
        if ticket.phase.ownership().is_some_and(|ownership| ownership.agent == *agent) {
            return Err(wrong_state(ticket, "offered; an owner gives it back with ticket.released"));
        }
        let offer = open_offer(ticket, agent, assignment)?;
        let held = held_by_offer(ticket, offer);
        let refusal = Refusal::declined_with(reason.as_deref());
        self.emit(Event::OfferDeclined { held, reason });
        self.keep_from(id, agent, refusal);
        self.place_refused(id);
        Ok(Done::Accepted)
    }

    /// The offer lapsed without an answer. What comes of it [`Self::after_missing`] sees to.
    pub(super) fn expire_offer(&mut self, id: &TicketId, agent: &AgentId) {
        let ticket = self.known(id);
        let offer = ticket.phase.offer_to(agent).expect("only an open offer lapses");
        let held = held_by_offer(ticket, offer);
        self.emit(Event::OfferExpired { held });
        self.keep_from(id, agent, Refusal::NoAnswer);
    }

    /// Turns those away who have missed too many, and places what was missed and what they lost by that at the same moment,
    /// the most important first.
    pub(super) fn after_missing(&mut self, missed: &[(TicketId, AgentId)]) {
        let lost: Vec<TicketId> = missed.iter().flat_map(|(_, agent)| self.turn_away(agent)).collect();
        let (missed, lost): (BTreeSet<&TicketId>, BTreeSet<&TicketId>) =
            (missed.iter().map(|(ticket, _)| ticket).collect(), lost.iter().collect());
        for id in self.in_turn(missed.union(&lost).map(|id| self.known(id)).collect()) {
            if missed.contains(&id) { self.place_refused(&id) } else { self.place_if_homeless(&id) }
        }
    }

    /// Has an agent be away who has missed too many offers in a row, and says what it loses by that.
    fn turn_away(&mut self, agent: &AgentId) -> Vec<TicketId> {
        let missed_max = self.state.catalogue().agents.missed_offers_max;
        let missed = self.state.agent(agent).map_or(0, |agent| agent.missed_offers);
        if missed_max == 0 || missed < missed_max {
            return Vec::new();
        }
        self.say_presence(agent, Presence::by_itself(Status::Away, presence::MISSED_OFFERS))
    }

    /// Who declined or missed a ticket is not asked for it again for a while.
    fn keep_from(&mut self, id: &TicketId, agent: &AgentId, refusal: Refusal) {
        let ticket = self.known(id);
        let cooldown = matching::own_role(self.state, ticket).map(|role| role.cooldown_after(refusal));
        if let Some(cooldown) = cooldown.filter(|cooldown| !cooldown.is_zero()) {
            let bar = Bar { agent: agent.clone(), until: Some(self.at + cooldown) };
            self.emit(Event::AgentBarred { ticket: id.clone(), bar });
        }
        self.hungers(agent);
    }

    /// With nobody left to answer, a ticket goes back to its place.
    fn place_refused(&mut self, id: &TicketId) {
        if self.known(id).phase == Phase::Intake {
            self.place(id, Trigger::TicketReturned);
        }
    }

    /// Takes back an open offer.
    pub(super) fn revoke_offer(&mut self, id: &TicketId, agent: &AgentId, cause: RevokeCause, remark: Remark) {
        let ticket = self.known(id);
        let offer = ticket.phase.offer_to(agent).expect("only an open offer is taken back");
        let held = held_by_offer(ticket, offer);
        self.emit(Event::OfferRevoked { held, cause, remark });
        self.hungers(agent);
    }

    pub(super) fn claim_ticket(
        &mut self,
        agent: &AgentId,
        role: Option<&RoleName>,
        ticket: Option<&TicketId>,
    ) -> Handled {
        self.require_agent(agent)?;
        if let Some(role) = role {
            self.check_claimed_role(agent, role)?;
        }
        let id = match ticket {
            Some(id) => self.claimable(agent, role, id)?,
            None => self.best_claim(agent, role)?,
        };
        if let Some(offer) = self.known(&id).phase.offer_to(agent).cloned() {
            self.accept(&id, &offer);
            return Ok(Done::Accepted);
        }
        let claimant = self.state.agent(agent).expect("checked above");
        let reason = claimed(self.known(&id), claimant.idle_since.0, self.state);
        self.assign(&id, &matching::Choice { agents: vec![agent.clone()], reason: Arc::new(reason) });
        Ok(Done::Accepted)
    }

    fn check_claimed_role(&self, agent: &AgentId, role: &RoleName) -> Result<(), Rejection> {
        if !self.state.catalogue().roles.contains_key(role) {
            return Err(reject(RejectionCode::UnknownRole, format!("there is no role {role}")));
        }
        let has = self.state.agent(agent).is_some_and(|agent| agent.profile.roles.contains(role));
        if has { Ok(()) } else { Err(reject(RejectionCode::NotEligible, format!("agent {agent} has no role {role}"))) }
    }

    fn best_claim(&self, agent: &AgentId, role: Option<&RoleName>) -> Result<TicketId, Rejection> {
        let agent = self.state.agent(agent).expect("checked by the caller");
        let best = matching::best_ticket(self.state, agent, Search::Claimed(role));
        let nothing = || format!("nothing waits that agent {} may take now", agent.id);
        best.map(|best| best.id.clone()).ok_or_else(|| reject(RejectionCode::NotEligible, nothing()))
    }

    /// An agent who asks for a ticket by name gets it even if it declined it before, or the ticket waits for another.
    fn claimable(&self, agent: &AgentId, role: Option<&RoleName>, id: &TicketId) -> Result<TicketId, Rejection> {
        let ticket = self.ticket(id)?;
        if ticket.phase.offer_to(agent).is_some() {
            return Ok(id.clone());
        }
        if !matches!(ticket.phase, Phase::Waiting | Phase::Unroutable(_)) {
            return Err(wrong_state(ticket, "waiting"));
        }
        if let Some(role) = role
            && !ticket.demand.roles.contains(role)
        {
            return Err(reject(RejectionCode::NotEligible, format!("ticket {id} does not wait for the role {role}")));
        }
        let claimant = self.state.agent(agent).expect("checked by the caller");
        match matching::inability(self.state, claimant, ticket) {
            None => Ok(id.clone()),
            Some(lack) => Err(reject(RejectionCode::NotEligible, format!("agent {agent} {lack}"))),
        }
    }
}

/// The open offer that an answer is about. It stays open until time is let pass, whatever its `expires_at`: the
/// answer may have waited in the inbox while nobody heard it.
fn open_offer<'t>(
    ticket: &'t Ticket,
    agent: &AgentId,
    assignment: Option<&AssignmentId>,
) -> Result<&'t Offer, Rejection> {
    let answered = |offer: &&Offer| assignment.is_none_or(|id| *id == offer.assignment);
    ticket.phase.offer_to(agent).filter(answered).ok_or_else(|| {
        let detail = match assignment {
            Some(assignment) => {
                format!("the offer {assignment} of ticket {} to agent {agent} is not open", ticket.id)
            }
            None => format!("no offer of ticket {} to agent {agent} is open", ticket.id),
        };
        reject(RejectionCode::StaleAssignment, detail)
    })
}

fn claimed(ticket: &Ticket, value: i64, state: &crate::routing::State) -> Reason {
    Reason {
        rule: ticket.demand.rule.clone(),
        trigger: Trigger::Claimed,
        strategy: matching::own_role(state, ticket).map(|role| role.strategy).unwrap_or_default(),
        considered: 1,
        eligible: 1,
        fell_out: FallOut::default(),
        value,
        runner_up: None,
    }
}
