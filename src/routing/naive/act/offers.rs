//! Offers are accepted, declined and missed; agents ask for work.

use super::{Handled, NaiveEngine, held, reject, wrong_state};
use crate::routing::Verdict;
use crate::routing::agent::Status;
use crate::routing::command::{Rejection, RejectionCode};
use crate::routing::cooldown::Refusal;
use crate::routing::event::{Event, Taking};
use crate::routing::naive::decide::Lack;
use crate::routing::name::{AgentId, AssignmentId, RoleName, TicketId};
use crate::routing::offer::{Offer, RevokeCause, Trigger};
use crate::routing::presence::Presence;
use crate::routing::role::Role;
use crate::routing::ticket::{Bar, Phase, Ticket};

impl NaiveEngine {
    pub(super) fn accept(&mut self, id: &TicketId, agent: &AgentId, assignment: Option<&AssignmentId>) -> Handled {
        let ticket = self.require_answered(id)?;
        self.require_agent(agent)?;
        let owner = ticket.phase.ownership().filter(|owner| owner.agent == *agent);
        if owner.is_some_and(|owner| assignment.is_none_or(|assignment| *assignment == owner.assignment)) {
            return Ok(Verdict::Accepted);
        }
        let offer = open_offer(ticket, agent, assignment)?.clone();
        self.take_offer(id, &offer);
        Ok(Verdict::Accepted)
    }

    pub(super) fn decline(
        &mut self,
        id: &TicketId,
        agent: &AgentId,
        assignment: Option<&AssignmentId>,
        reason: Option<String>,
    ) -> Handled {
        let ticket = self.require_answered(id)?;
        self.require_agent(agent)?;
        if ticket.phase.ownership().is_some_and(|owner| owner.agent == *agent) {
            return wrong_state(ticket, "offered; an owner gives it back with ticket.released");
        }
        let offer = open_offer(ticket, agent, assignment)?;
        let held = held(ticket, agent, &offer.assignment, &offer.role);
        let busy = reason.as_deref() == Some("busy");
        self.emit(Event::OfferDeclined { held, reason });
        self.bar_for_a_while(id, agent, if busy { Refusal::Busy } else { Refusal::Declined });
        self.place_unless_asked(id);
        Ok(Verdict::Accepted)
    }

    /// The offer lapsed.
    pub(super) fn miss(&mut self, id: &TicketId, agent: &AgentId) {
        let ticket = self.known(id);
        let offer = ticket.phase.offer_to(agent).expect("only an open offer lapses");
        let held = held(ticket, agent, &offer.assignment, &offer.role);
        self.emit(Event::OfferExpired { held });
        self.bar_for_a_while(id, agent, Refusal::NoAnswer);
    }

    /// So many in a row turn an agent away. All that was missed, and lost by that, comes back at one moment.
    pub(super) fn after_missing(&mut self, missed: &[(TicketId, AgentId)]) {
        let missed_max = self.state.catalogue().agents.missed_offers_max;
        let mut lost = Vec::new();
        for (_, agent) in missed {
            if missed_max > 0 && self.agent(agent).missed_offers >= missed_max {
                lost.extend(self.lose_by_presence(agent, Presence::by_itself(Status::Away, "missed_offers")));
            }
        }
        let was_missed = |id: &TicketId| missed.iter().any(|(ticket, _)| ticket == id);
        for ticket in self.in_turn(|ticket| was_missed(&ticket.id) || lost.contains(&ticket.id)) {
            if was_missed(&ticket) {
                self.place_unless_asked(&ticket);
            } else {
                self.place_all(&[ticket]);
            }
        }
    }

    /// An answer to a ticket that has ended comes too late.
    fn require_answered(&self, id: &TicketId) -> Result<&Ticket, Rejection> {
        self.require_ticket(id).map_err(|rejection| match rejection.code {
            RejectionCode::WrongState => Rejection { code: RejectionCode::StaleAssignment, ..rejection },
            _ => rejection,
        })
    }

    /// The first to accept has it, the others have lost.
    pub(super) fn take_offer(&mut self, id: &TicketId, offer: &Offer) {
        let ticket = self.known(id).clone();
        for other in ticket.phase.offers().iter().filter(|other| other.agent != offer.agent) {
            self.take_back_offer(id, &other.agent, RevokeCause::LostRace);
        }
        self.assigned(Taking {
            ticket: id.clone(),
            agent: offer.agent.clone(),
            assignment: offer.assignment.clone(),
            role: offer.role.clone(),
            channel: ticket.spec.asked.channel.clone(),
            cost: self.agent(&offer.agent).slots[id].cost,
            attempt: ticket.attempt,
            reason: offer.reason.clone(),
        });
    }

    /// Who refused is not asked again for a while.
    fn bar_for_a_while(&mut self, id: &TicketId, agent: &AgentId, refusal: Refusal) {
        if let Some(role) = self.own_role(self.known(id)) {
            let cooldown = match refusal {
                Refusal::Declined => role.decline_cooldown,
                Refusal::Busy => role.cooldowns.busy.unwrap_or(role.decline_cooldown),
                Refusal::NoAnswer => role.cooldowns.no_answer.unwrap_or(role.decline_cooldown),
            };
            if !cooldown.is_zero() {
                let bar = Bar { agent: agent.clone(), until: Some(self.at + cooldown) };
                self.emit(Event::AgentBarred { ticket: id.clone(), bar });
            }
        }
    }

    /// Without another open offer a ticket that was refused goes back.
    fn place_unless_asked(&mut self, id: &TicketId) {
        if self.known(id).phase == Phase::Intake {
            self.place(id, Trigger::TicketReturned);
        }
    }

    pub(super) fn claim(&mut self, id: &AgentId, role: Option<&RoleName>, ticket: Option<&TicketId>) -> Handled {
        self.require_agent(id)?;
        let agent = self.agent(id);
        if let Some(role) = role {
            self.require_role(role)?;
            if !agent.profile.roles.contains(role) {
                return reject(RejectionCode::NotEligible, format!("agent {id} has no role {role}"));
            }
        }
        let claimed = if let Some(ticket) = ticket {
            self.require_claimable(id, role, ticket)?
        } else {
            let of_role = |its: &Role, ticket: &Ticket| {
                role.is_none_or(|only| *only == its.name) && !self.keeps_units_in(agent, ticket, its)
            };
            let best = self.best_ticket(agent, of_role, |ticket| self.may_claim(agent, ticket), None);
            let nothing = || reject(RejectionCode::NotEligible, format!("nothing waits that agent {id} may take now"));
            best.map_or_else(nothing, Ok)?
        };
        let ticket = claimed.id.clone();
        if let Some(offer) = claimed.phase.offer_to(id).cloned() {
            self.take_offer(&ticket, &offer);
        } else {
            let reason = self.reason_of_one(agent, claimed, Trigger::Claimed);
            self.assign(&ticket, id, &reason);
        }
        Ok(Verdict::Accepted)
    }

    /// By name an agent gets also what it declined, and what waits for another.
    fn require_claimable(&self, agent: &AgentId, role: Option<&RoleName>, id: &TicketId) -> Result<&Ticket, Rejection> {
        let ticket = self.require_ticket(id)?;
        if ticket.phase.offer_to(agent).is_some() {
            return Ok(ticket);
        }
        if !matches!(ticket.phase, Phase::Waiting | Phase::Unroutable(_)) {
            return wrong_state(ticket, "waiting");
        }
        if let Some(role) = role.filter(|role| !ticket.demand.roles.contains(role)) {
            return reject(RejectionCode::NotEligible, format!("ticket {id} does not wait for the role {role}"));
        }
        let mut lacks = self.lacks(self.agent(agent), ticket);
        lacks.retain(|lack| !matches!(lack, Lack::Barred | Lack::MeantForAnother) && !lack.is_no_matter_to_who_asks());
        let kept = self.keeps_units(self.agent(agent), ticket).then_some(Lack::NoSlot);
        match lacks.first().or(kept.as_ref()) {
            None => Ok(ticket),
            Some(lack) => reject(RejectionCode::NotEligible, format!("agent {agent} {lack}")),
        }
    }
}

fn open_offer<'t>(
    ticket: &'t Ticket,
    agent: &AgentId,
    assignment: Option<&AssignmentId>,
) -> Result<&'t Offer, Rejection> {
    for offer in ticket.phase.offers() {
        let answered = assignment.is_none_or(|assignment| *assignment == offer.assignment);
        if offer.agent == *agent && answered {
            return Ok(offer);
        }
    }
    let id = &ticket.id;
    let detail = match assignment {
        Some(assignment) => format!("the offer {assignment} of ticket {id} to agent {agent} is not open"),
        None => format!("no offer of ticket {id} to agent {agent} is open"),
    };
    reject(RejectionCode::StaleAssignment, detail)
}
