//! What each command does. Whatever is decided on the way, [`super::decide`] decides.

mod agents;
mod diversion;
mod hours;
mod leaving;
mod offers;
mod owners;
mod roles;
mod taken;
mod tickets;

use std::sync::Arc;

use super::due::{What, Who};
use super::{Handled, NaiveEngine};
use crate::routing::Verdict;
use crate::routing::agent::{Agent, Status};
use crate::routing::catalogue::Catalogue;
use crate::routing::channel::Acceptance;
use crate::routing::command::{Command, Rejection, RejectionCode};
use crate::routing::condition::Condition;
use crate::routing::diversion::DiversionCause;
use crate::routing::escalation::StepConditions;
use crate::routing::event::{Event, Held, Sign, Taking};
use crate::routing::facts::RULE_VARIABLES;
use crate::routing::name::{AgentId, AssignmentId, RoleName, TicketId};
use crate::routing::offer::{Reason, Remark, RevokeCause, Trigger};
use crate::routing::presence::Presence;
use crate::routing::service::Served;
use crate::routing::ticket::{Closing, Phase, Ticket, TicketSpec, assignment_id};
use crate::routing::time::Timestamp;

/// How many things happen by themselves in one step at most.
const ELAPSED_MAX: usize = 256;
/// After how many events nothing more happens by itself in one step.
const EVENTS_ENOUGH: usize = 1_024;

fn reject<T>(code: RejectionCode, detail: String) -> Result<T, Rejection> {
    Err(Rejection { code, detail })
}

fn wrong_state<T>(ticket: &Ticket, expected: &str) -> Result<T, Rejection> {
    let detail = format!("ticket {} is {}, not {expected}", ticket.id, ticket.phase.as_str());
    reject(RejectionCode::WrongState, detail)
}

fn held(ticket: &Ticket, agent: &AgentId, assignment: &AssignmentId, role: &RoleName) -> Held {
    Held {
        ticket: ticket.id.clone(),
        agent: agent.clone(),
        assignment: assignment.clone(),
        role: role.clone(),
        channel: ticket.spec.asked.channel.clone(),
    }
}

impl NaiveEngine {
    pub(super) fn act(&mut self, command: Command) -> Handled {
        match self.in_todays_names(command) {
            Command::CreateTicket { ticket, spec } => Ok(self.create(&ticket, *spec)),
            Command::UpdateTicket { ticket, changes } => self.update(&ticket, &changes),
            Command::CancelTicket { ticket, reason } => self.cancel(&ticket, reason.as_deref()),
            Command::AcceptOffer { ticket, agent, assignment } => self.accept(&ticket, &agent, assignment.as_ref()),
            Command::DeclineOffer { ticket, agent, assignment, reason } => {
                self.decline(&ticket, &agent, assignment.as_ref(), reason)
            }
            Command::CompleteTicket { ticket, agent, outcome, then } => {
                self.complete(&ticket, agent.as_ref(), outcome, then)
            }
            Command::TransferTicket { ticket, to, by, note } => self.transfer(&ticket, &to, by, note),
            Command::ReleaseTicket { ticket, agent, reason } => self.release(&ticket, agent.as_ref(), reason),
            Command::PauseTicket { ticket } => self.pause(&ticket),
            Command::ResumeTicket { ticket } => self.resume(&ticket),
            Command::ClaimTicket { agent, role, ticket } => self.claim(&agent, role.as_ref(), ticket.as_ref()),
            Command::TakeTicket { ticket, agent, role } => self.take(&ticket, &agent, role.as_ref()),
            Command::ReconcileAgent { agent, tickets, as_of } => self.reconcile(&agent, &tickets, as_of),
            Command::NoteReply { ticket, agent } => self.note_reply(&ticket, agent.as_ref()),
            Command::RegisterAgent { agent, profile } => self.register(&agent, *profile),
            Command::RemoveAgent { agent } => self.remove(&agent),
            Command::SetPresence { agent, status, name, reason, switches } => {
                self.require_agent(&agent)?;
                self.change_presence(&agent, Presence { status, name, reason, switches });
                Ok(Verdict::Accepted)
            }
            Command::Heartbeat { agent } => self.hear(agent, Sign::Heartbeat),
            Command::ExcuseSilence { agent } => self.hear(agent, Sign::Act),
            Command::FinishWrapUp { agent, ticket } => self.finish_wrap_up(&agent, ticket.as_ref()),
            Command::ReplaceCatalogue { catalogue } => self.replace_catalogue(catalogue),
            Command::Elapse => Ok(self.elapse()),
        }
    }

    fn require_ticket(&self, id: &TicketId) -> Result<&Ticket, Rejection> {
        match (self.state.ticket(id), self.state.closed_ticket(id)) {
            (Some(ticket), _) => Ok(ticket),
            (None, Some(ended)) => {
                reject(RejectionCode::WrongState, format!("ticket {id} has ended: it was {}", ended.how.as_str()))
            }
            (None, None) => reject(RejectionCode::UnknownTicket, format!("there is no ticket {id}")),
        }
    }

    fn require_agent(&self, id: &AgentId) -> Result<(), Rejection> {
        match self.state.agent(id) {
            Some(_) => Ok(()),
            None => reject(RejectionCode::UnknownAgent, format!("there is no agent {id}")),
        }
    }

    fn require_role(&self, role: &RoleName) -> Result<(), Rejection> {
        match self.state.catalogue().roles.get(role) {
            Some(_) => Ok(()),
            None => reject(RejectionCode::UnknownRole, format!("there is no role {role}")),
        }
    }

    fn replace_catalogue(&mut self, catalogue: Arc<Catalogue>) -> Handled {
        if *self.state.catalogue() == catalogue {
            return Ok(Verdict::Duplicate);
        }
        let moves = self.moves(&catalogue)?;
        let compiled = |when: &str| Condition::compile(when, RULE_VARIABLES).expect("rules were checked before");
        self.conditions = catalogue.rules.iter().map(|rule| compiled(&rule.when)).collect();
        let conditions = catalogue.automations.iter().map(|automation| automation.when.as_deref().map(compiled));
        self.automation_conditions = conditions.collect();
        let changes = [catalogue.changes_since(self.state.catalogue()), moves].concat();
        let version = self.state.catalogue_version() + 1;
        self.emit(Event::CatalogueReplaced { catalogue, changes, version });
        for id in self.in_order_of_arrival(|ticket| self.is_back_in_vain(ticket)) {
            self.take_from_gone(&id);
        }
        for id in self.unowned_in_turn() {
            let spec = TicketSpec::clone(&self.known(&id).spec);
            self.reclassify(&id, spec, Trigger::CatalogueChanged);
        }
        Ok(Verdict::Accepted)
    }

    fn hear(&mut self, agent: AgentId, sign: Sign) -> Handled {
        self.require_agent(&agent)?;
        self.emit(Event::AgentSeen { agent, sign });
        Ok(Verdict::Accepted)
    }

    /// Whatever is due happens, one thing after the other.
    fn elapse(&mut self) -> Verdict {
        for _ in 0..ELAPSED_MAX {
            match self.dues().into_iter().min() {
                Some((due, who, what)) if due <= self.at && self.events.len() < EVENTS_ENOUGH => {
                    self.happens(due, &who, what);
                    if who == Who::Ended {
                        break;
                    }
                }
                _ => break,
            }
            self.settle();
        }
        Verdict::Accepted
    }

    /// All to whom that happens at that moment: they are gone before anything of theirs goes to somebody else.
    fn leave_together(&mut self, due: Timestamp, what: &What, status: Status, reason: &str) {
        let mut lost = Vec::new();
        for _ in 0..ELAPSED_MAX {
            match self.dues().into_iter().min() {
                Some((at, Who::Agent(agent), next)) if at == due && next == *what => {
                    lost.extend(self.lose_by_presence(&agent, Presence::by_itself(status, reason)));
                }
                _ => break,
            }
        }
        self.place_all(&lost);
    }

    /// All offers that lapse now: who misses too many with them is away before anything is given to anybody.
    fn lapse_together(&mut self) {
        let mut missed = Vec::new();
        for _ in 0..ELAPSED_MAX {
            match self.dues().into_iter().min() {
                Some((at, Who::Ticket(.., id), What::OfferLapses(agent))) if at <= self.at => {
                    self.miss(&id, &agent);
                    missed.push((id, agent));
                }
                _ => break,
            }
        }
        self.after_missing(&missed);
    }

    fn happens(&mut self, due: Timestamp, who: &Who, what: What) {
        match (who, what) {
            (Who::Agent(agent), What::WrapUpEnds(ticket)) => self.end_wrap_up(agent, &ticket),
            (Who::Agent(agent), What::PaceEnds) => self.emit(Event::PaceEnded { agent: agent.clone() }),
            (Who::Agent(_), what @ What::GoesIdle) => self.leave_together(due, &what, Status::Away, "idle"),
            (Who::Agent(_), what) => self.leave_together(due, &what, Status::Offline, "heartbeat"),
            (Who::Ended, _) => {
                let old_enough = self.at - self.state.catalogue().closed_retention;
                let last = self.state.ground.closed.nth_at(1_023).map(|last| last + crate::routing::time::Millis(1));
                self.emit(Event::ClosedForgotten { before: last.map_or(old_enough, |last| last.min(old_enough)) });
            }
            (Who::Ticket(.., id), What::Expires) => {
                self.take_back(id, RevokeCause::TicketCancelled, &Remark::NONE);
                self.close(id, Closing::Expired, "expires_at");
            }
            (Who::Ticket(.., id), What::Starts) => self.place(id, Trigger::NotBeforePassed),
            (Who::Ticket(..), What::OfferLapses(_)) => self.lapse_together(),
            (Who::Ticket(.., id), What::IsAtRisk) => self.tell_of_risk(id),
            (Who::Ticket(.., id), What::IsBreached) => self.tell_of_breach(id),
            (Who::Ticket(.., id), What::DirectionEnds) => {
                self.emit(Event::DirectionEnded { ticket: id.clone() });
                self.look_again(id, Trigger::DirectionEnded);
            }
            (Who::Ticket(.., id), What::Overflows) => {
                self.escalate(id);
            }
            (Who::Role(role), What::Closes) => self.look_at_hours(role),
            (Who::Doors, _) => {
                let id = self.first_at_the_doors().expect("somebody waits there");
                self.place(&id, Trigger::RoleOpened);
            }
            (Who::Role(role), _) => {
                self.emit(Event::RoleLooked { role: role.clone() });
                let own = |ticket: &Ticket| Self::is_waiting(ticket) && ticket.demand.role() == Some(role);
                for id in self.in_turn(own) {
                    self.climb(&id);
                }
            }
            (Who::Ticket(.., id), What::BarsLapse) => {
                self.emit(Event::BarsLapsed { ticket: id.clone() });
                self.try_give(id, Trigger::CooldownLapsed);
            }
            (Who::Ticket(.., id), What::HasWaited) => {
                self.divert(id, DiversionCause::Waited);
            }
            (Who::Ticket(.., id), What::Automates(place)) => self.automation_is_due(id, place),
            (Who::Ticket(.., id), What::OwnerIsSilent) => self.take_from_silent(id),
            (Who::Ticket(.., id), _) => {
                self.take_from_gone(id);
                self.place_again(id);
            }
        }
    }

    /// Gives every agent what it may take, until nothing is left to give. Who drains and has nothing left goes offline.
    pub(super) fn feed(&mut self) {
        let agents: Vec<AgentId> = self.state.agents().map(|agent| agent.id.clone()).collect();
        for agent in &agents {
            while self.feed_once(agent) {}
        }
        let is_drained = |agent: &&Agent| agent.status == Status::Draining && agent.slots.is_empty();
        let drained: Vec<AgentId> = self.state.agents().filter(is_drained).map(|agent| agent.id.clone()).collect();
        for agent in &drained {
            self.turn(agent, Status::Offline, "drained");
        }
        if !drained.is_empty() {
            self.feed();
        }
    }

    /// What comes back to its owner goes before what waits, unless that is more important.
    fn feed_once(&mut self, agent: &AgentId) -> bool {
        let agent = self.agent(agent);
        let (best, returning) = (self.best_pushed(agent, None), self.best_to_resume(agent));
        match (best, returning) {
            (Some(best), Some(returning)) if self.importance(best) > self.importance(returning) => {
                self.try_give(&best.id.clone(), Trigger::AgentFree)
            }
            (_, Some(returning)) => {
                self.resume_assignment(&returning.id.clone());
                true
            }
            (Some(best), None) => self.try_give(&best.id.clone(), Trigger::AgentFree),
            (None, None) => false,
        }
    }

    /// Takes the next step of its ladder, where one is to be taken now.
    fn escalate(&mut self, id: &TicketId) -> bool {
        let Some(event) = self.next_step(self.known(id)) else { return false };
        self.emit(event);
        self.try_give(id, Trigger::Overflow);
        true
    }

    /// Takes all of them, until somebody has it.
    fn climb(&mut self, id: &TicketId) {
        while self.state.ticket(id).is_some_and(Self::is_waiting) && self.escalate(id) {}
    }

    fn try_give(&mut self, id: &TicketId, trigger: Trigger) -> bool {
        match self.choose(self.known(id), trigger) {
            Some((winners, reason)) => {
                self.give(id, &winners, &reason);
                true
            }
            None => false,
        }
    }

    fn give(&mut self, id: &TicketId, winners: &[AgentId], reason: &Reason) {
        let attempt = self.known(id).attempt + 1;
        match self.acceptance(self.known(id)) {
            Acceptance::Auto => self.assign(id, &winners[0], reason),
            Acceptance::Offer => {
                self.offer(id, &winners[0], reason, attempt);
                for agent in &winners[1..] {
                    // Offers take slots, and so may leave no more free agents than one of their roles keeps.
                    if !self.is_kept_from(self.agent(agent), self.known(id)) {
                        self.offer(id, agent, reason, attempt);
                    }
                }
            }
        }
    }

    fn assign(&mut self, id: &TicketId, agent: &AgentId, reason: &Reason) {
        let taking = self.taking(id, agent, reason, self.known(id).attempt + 1);
        self.assigned(taking);
    }

    fn assigned(&mut self, taking: Taking) {
        let ticket = self.known(&taking.ticket);
        let (priority, due_at) = (ticket.demand.priority, ticket.due_at.get());
        let waited = self.at.since(ticket.created_at);
        let answer = self.answered(ticket);
        self.emit(Event::TicketAssigned { taking, priority, waited, due_at, answer: answer.map(Box::new) });
    }

    fn offer(&mut self, id: &TicketId, agent: &AgentId, reason: &Reason, attempt: u32) {
        let by_channel = self.state.catalogue().channel(&self.known(id).spec.asked.channel).offer_timeout;
        let timeout = self.own_role(self.known(id)).and_then(|role| role.offer_timeout).unwrap_or(by_channel);
        let taking = self.taking(id, agent, reason, attempt);
        self.emit(Event::OfferMade { taking, expires_at: self.at + timeout });
    }

    fn taking(&self, id: &TicketId, agent: &AgentId, reason: &Reason, attempt: u32) -> Taking {
        let ticket = self.known(id);
        Taking {
            ticket: id.clone(),
            agent: agent.clone(),
            assignment: assignment_id(self.state.identity().instance, self.state.next_seq()),
            role: Self::serving_role(self.agent(agent), ticket),
            channel: ticket.spec.asked.channel.clone(),
            cost: self.state.catalogue().channel(&ticket.spec.asked.channel).cost,
            attempt,
            reason: reason.clone().into(),
        }
    }

    /// How many other tickets wait in the queue of a role.
    fn others_in_line(&self, ticket: &Ticket, role: &RoleName) -> usize {
        self.queue_of(role).into_iter().filter(|other| other.id != ticket.id).count()
    }

    /// Whether its role's queue is full for a ticket that comes to it.
    fn is_turned_away(&self, ticket: &Ticket) -> bool {
        let by_name = ticket.direction.as_ref().is_some_and(|direction| direction.until.is_none());
        let Some(role) = self.own_role(ticket).filter(|_| !by_name && ticket.let_in_at.get().is_none()) else {
            return false;
        };
        role.admission.max_waiting.is_some_and(|max| self.others_in_line(ticket, &role.name) >= max as usize)
    }

    /// Puts a ticket in its queues, and says where it stands.
    fn queue(&mut self, id: &TicketId, direction: Option<Box<crate::routing::ticket::Direction>>) {
        if self.is_turned_away(self.known(id)) && self.divert(id, DiversionCause::Full) {
            return;
        }
        let ticket = self.known(id);
        let role = self.own_role(ticket).expect("a ticket without a role is unroutable");
        let others = self.others_in_line(ticket, &role.name);
        let position = self.position(ticket);
        let estimate = self.estimate(ticket, position);
        let event = Event::TicketQueued {
            ticket: id.clone(),
            role: role.name.clone(),
            channel: ticket.spec.asked.channel.clone(),
            position,
            waiting: u64::try_from(others + 1).expect("a count fits"),
            estimated_wait: estimate.map(|it| it.likely),
            wait_by_pace: estimate.map(|it| it.by_pace),
            wait_range: estimate.and_then(|it| it.range),
            direction,
        };
        let has_conditions = role.overflow.iter().any(|step| step.conditions != StepConditions::default());
        self.emit(event);
        if has_conditions {
            self.climb(id);
        }
    }

    fn close(&mut self, id: &TicketId, how: Closing, cause: &str) {
        let ticket = self.known(id);
        let (role, channel) = (ticket.demand.role().cloned(), ticket.spec.asked.channel.clone());
        let service = self.settled(ticket, [Served::AbandonedWithin, Served::AbandonedLate]);
        self.emit(Event::TicketClosed {
            ticket: id.clone(),
            role,
            channel,
            how,
            cause: cause.to_owned(),
            callback: None,
            service,
        });
    }

    /// Takes a ticket from everybody who is offered it or owns it.
    pub(super) fn take_back(&mut self, id: &TicketId, cause: RevokeCause, remark: &Remark) {
        let ticket = self.known(id).clone();
        for offer in ticket.phase.offers() {
            let held = held(&ticket, &offer.agent, &offer.assignment, &offer.role);
            self.emit(Event::OfferRevoked { held, cause, remark: remark.clone() });
        }
        if let Some(owner) = ticket.phase.ownership() {
            let held = held(&ticket, &owner.agent, &owner.assignment, &owner.role);
            self.emit(Event::AssignmentRevoked { held, cause, remark: remark.clone() });
        }
    }

    /// Takes back the offer of a ticket to one agent.
    fn take_back_offer(&mut self, id: &TicketId, agent: &AgentId, cause: RevokeCause) {
        let ticket = self.known(id);
        let offer = ticket.phase.offer_to(agent).expect("only an open offer is taken back");
        let held = held(ticket, agent, &offer.assignment, &offer.role);
        self.emit(Event::OfferRevoked { held, cause, remark: Remark::NONE });
    }

    /// In the order in which they are placed.
    fn in_turn(&self, which: impl Fn(&Ticket) -> bool) -> Vec<TicketId> {
        let mut tickets: Vec<&Ticket> = self.state.tickets().filter(|ticket| which(ticket)).collect();
        tickets.sort_by_key(|ticket| self.turn_of(ticket));
        tickets.into_iter().map(|ticket| ticket.id.clone()).collect()
    }

    /// What nobody owns, in the order in which it is placed: what has no role goes by what it would demand now.
    fn unowned_in_turn(&self) -> Vec<TicketId> {
        let unowned = self.state.tickets().filter(|ticket| ticket.phase.ownership().is_none());
        let mut tickets: Vec<(_, &TicketId)> = unowned
            .map(|ticket| {
                let has_role = self.own_role(ticket).is_some();
                let demand =
                    if has_role { ticket.demand.clone() } else { self.demand_afresh(ticket, &ticket.spec).into() };
                (self.turn_of(&Ticket { demand, ..ticket.clone() }), &ticket.id)
            })
            .collect();
        tickets.sort();
        tickets.into_iter().map(|(_, id)| id.clone()).collect()
    }

    /// Tickets in the order in which they arrived.
    fn in_order_of_arrival(&self, which: impl Fn(&Ticket) -> bool) -> Vec<TicketId> {
        let mut tickets: Vec<&Ticket> = self.state.tickets().filter(|ticket| which(ticket)).collect();
        tickets.sort_by_key(|ticket| ticket.arrival_seq);
        tickets.into_iter().map(|ticket| ticket.id.clone()).collect()
    }

    fn is_waiting(ticket: &Ticket) -> bool {
        ticket.phase == Phase::Waiting
    }
}
