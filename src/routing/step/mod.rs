//! One step of the engine: a command is checked, done, and followed by whatever it makes possible.
//!
//! Every method that changes anything does so by [`Step::emit`]. A command is checked wholly before its first event, so
//! that a rejection changes nothing. At the end of a step no push ticket waits while an agent who may take it is free.

mod agents;
mod automation;
mod catalogue;
mod classification;
mod diversion;
mod door;
mod elapse;
mod intake;
mod ladder;
mod leaving;
mod offers;
mod ownership;
mod place;
mod service;
mod taken;

use std::collections::{BTreeSet, VecDeque};

use super::agent::Agent;
use super::automation::Occasion;
use super::command::{Command, Rejection, RejectionCode};
use super::engine::Verdict;
use super::event::{Event, Held, Sign};
use super::few::Few;
use super::glimpse::Seen;
use super::name::{AgentId, RoleName, TicketId};
use super::offer::{Offer, Ownership, Remark};
use super::passed_on::Parted;
use super::presence::Presence;
use super::state::State;
use super::ticket::Ticket;
use super::time::Timestamp;

/// What became of a command that was not rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// It was done.
    Accepted,
    /// It said what was known.
    Duplicate,
}

/// As many events follow from most commands at most: room for them is made at once.
const EVENTS_USUAL: usize = 4;

type Handled = Result<Done, Rejection>;

/// One step of the engine.
pub(super) struct Step<'s> {
    state: &'s mut State,
    at: Timestamp,
    events: Vec<Event>,
    /// Tickets that ended in this step and have anything to pass on.
    parted: Vec<Parted>,
    /// Agents touched in this step, as they were seen before it.
    before: Few<AgentId, Seen>,
    /// Agents who may have become able to take more.
    hungry: Few<AgentId, ()>,
    /// Tickets whose owner has gone and that have no place yet, and that owner's deputy.
    heirs: Vec<(TicketId, AgentId)>,
    /// The roles that have sent on the ticket that is being placed.
    sent_on: Vec<RoleName>,
    /// What has happened to tickets and no automation was asked about yet.
    noticed: VecDeque<(TicketId, Occasion)>,
}

impl<'s> Step<'s> {
    pub(super) fn new(state: &'s mut State, at: Timestamp) -> Self {
        Self {
            state,
            at,
            events: Vec::with_capacity(EVENTS_USUAL),
            parted: Vec::new(),
            before: Few::default(),
            hungry: Few::default(),
            heirs: Vec::new(),
            sent_on: Vec::new(),
            noticed: VecDeque::new(),
        }
    }

    /// Does a command.
    pub(super) fn run(&mut self, mut command: Command) -> Verdict {
        let (ticket, agent) = subjects(&command);
        command.rename_roles(self.state.catalogue());
        match self.dispatch(command) {
            Ok(Done::Accepted) => {
                self.settle();
                Verdict::Accepted
            }
            Ok(Done::Duplicate) => Verdict::Duplicate,
            Err(rejection) => {
                debug_assert!(self.events.is_empty(), "a command is checked before its first event");
                self.emit(Event::CommandRejected { rejection: rejection.clone(), ticket, agent });
                Verdict::Rejected(rejection)
            }
        }
    }

    /// Tells what changed about the agents that were touched, and hands over what happened.
    pub(super) fn finish(&mut self) -> (Vec<Event>, Vec<Parted>) {
        while let Some((agent, before)) = self.before.pop_first() {
            if let Some(view) = self.state.seen_anew(&agent, &before) {
                self.emit(Event::AgentChanged { agent, view });
            }
        }
        (std::mem::take(&mut self.events), std::mem::take(&mut self.parted))
    }

    fn dispatch(&mut self, command: Command) -> Handled {
        match command {
            Command::CreateTicket { ticket, spec } => Ok(self.create_ticket(&ticket, *spec)),
            Command::UpdateTicket { ticket, changes } => self.update_ticket(&ticket, &changes),
            Command::CancelTicket { ticket, reason } => self.cancel_ticket(&ticket, reason),
            Command::AcceptOffer { ticket, agent, assignment } => {
                self.accept_offer(&ticket, &agent, assignment.as_ref())
            }
            Command::DeclineOffer { ticket, agent, assignment, reason } => {
                self.decline_offer(&ticket, &agent, assignment.as_ref(), reason)
            }
            Command::CompleteTicket { ticket, agent, outcome, then } => {
                self.complete_ticket(&ticket, agent.as_ref(), outcome, then)
            }
            Command::TransferTicket { ticket, to, by, note } => self.transfer_ticket(&ticket, &to, by, note),
            Command::ReleaseTicket { ticket, agent, reason } => {
                self.release_ticket(&ticket, agent.as_ref(), Remark::reason(reason))
            }
            Command::PauseTicket { ticket } => self.pause_ticket(&ticket),
            Command::ResumeTicket { ticket } => self.resume_ticket(&ticket),
            Command::ClaimTicket { agent, role, ticket } => self.claim_ticket(&agent, role.as_ref(), ticket.as_ref()),
            Command::TakeTicket { ticket, agent, role } => self.take_ticket(&ticket, &agent, role.as_ref()),
            Command::ReconcileAgent { agent, tickets, as_of } => self.reconcile_agent(&agent, &tickets, as_of),
            Command::NoteReply { ticket, agent } => self.note_reply(&ticket, agent.as_ref()),
            Command::RegisterAgent { agent, profile } => self.register_agent(&agent, *profile),
            Command::RemoveAgent { agent } => self.remove_agent(&agent),
            Command::SetPresence { agent, status, name, reason, switches } => {
                self.set_presence(&agent, Presence { status, name, reason, switches })
            }
            Command::Heartbeat { agent } => self.hear(agent, Sign::Heartbeat),
            Command::ExcuseSilence { agent } => self.hear(agent, Sign::Act),
            Command::FinishWrapUp { agent, ticket } => self.finish_wrap_up(&agent, ticket.as_ref()),
            Command::ReplaceCatalogue { catalogue } => self.replace_catalogue(&catalogue),
            Command::Elapse => Ok(self.elapse()),
        }
    }

    /// Makes something happen.
    fn emit(&mut self, event: Event) {
        let touched = touched(&event);
        let known = touched.and_then(|agent| self.state.agent(agent));
        if let Some(agent) = touched
            && !self.before.contains(agent)
        {
            let registers = matches!(event, Event::AgentRegistered { .. });
            let seen = if registers { self.state.look(known) } else { Seen::at_a_glimpse(known) };
            self.before.insert(agent.clone(), seen);
        }
        let paced = known.filter(|agent| is_paced(agent)).map(|agent| agent.id.clone());
        let shortages = if self.state.keeps_agents() {
            self.state.shortages(roles_relieved(self.state, &event))
        } else {
            Vec::new()
        };
        self.notice(&event);
        self.parted.extend(Parted::by(&event, self.state));
        self.state.apply(self.at, &event);
        if let Some(agent) = paced.filter(|agent| !self.state.agent(agent).is_some_and(is_paced)) {
            // What it took by hand in the very moment in which its pace ends.
            self.hungers(&agent);
        }
        for (role, channel) in shortages {
            for agent in self.state.released(&role, &channel) {
                self.hungry.insert(agent, ());
            }
        }
        self.events.push(event);
    }

    fn ticket(&self, id: &TicketId) -> Result<&Ticket, Rejection> {
        self.state.ticket(id).ok_or_else(|| match self.state.closed_ticket(id) {
            Some(closed) => {
                reject(RejectionCode::WrongState, format!("ticket {id} has ended: it was {}", closed.how.as_str()))
            }
            None => reject(RejectionCode::UnknownTicket, format!("there is no ticket {id}")),
        })
    }

    /// A ticket that this step itself knows to be there.
    #[inline]
    fn known(&self, id: &TicketId) -> &Ticket {
        self.state.ticket(id).expect("a step follows only tickets that it found")
    }

    fn require_agent(&self, id: &AgentId) -> Result<(), Rejection> {
        match self.state.agent(id) {
            Some(_) => Ok(()),
            None => Err(reject(RejectionCode::UnknownAgent, format!("there is no agent {id}"))),
        }
    }
}

fn is_paced(agent: &Agent) -> bool {
    agent.given.paced_until().is_some()
}

fn reject(code: RejectionCode, detail: impl Into<String>) -> Rejection {
    Rejection { code, detail: detail.into() }
}

fn wrong_state(ticket: &Ticket, expected: &str) -> Rejection {
    reject(RejectionCode::WrongState, format!("ticket {} is {}, not {expected}", ticket.id, ticket.phase.as_str()))
}

fn held_by_offer(ticket: &Ticket, offer: &Offer) -> Held {
    Held {
        ticket: ticket.id.clone(),
        agent: offer.agent.clone(),
        assignment: offer.assignment.clone(),
        role: offer.role.clone(),
        channel: ticket.spec.asked.channel.clone(),
    }
}

fn held_by_owner(ticket: &Ticket, ownership: &Ownership) -> Held {
    Held {
        ticket: ticket.id.clone(),
        agent: ownership.agent.clone(),
        assignment: ownership.assignment.clone(),
        role: ownership.role.clone(),
        channel: ticket.spec.asked.channel.clone(),
    }
}

/// Whom and what a command is about, for its rejection.
fn subjects(command: &Command) -> (Option<TicketId>, Option<AgentId>) {
    match command {
        Command::CreateTicket { ticket, .. }
        | Command::UpdateTicket { ticket, .. }
        | Command::CancelTicket { ticket, .. }
        | Command::TransferTicket { ticket, .. }
        | Command::PauseTicket { ticket }
        | Command::ResumeTicket { ticket } => (Some(ticket.clone()), None),
        Command::AcceptOffer { ticket, agent, .. }
        | Command::DeclineOffer { ticket, agent, .. }
        | Command::TakeTicket { ticket, agent, .. } => (Some(ticket.clone()), Some(agent.clone())),
        Command::CompleteTicket { ticket, agent, .. }
        | Command::ReleaseTicket { ticket, agent, .. }
        | Command::NoteReply { ticket, agent } => (Some(ticket.clone()), agent.clone()),
        Command::ClaimTicket { agent, ticket, .. } | Command::FinishWrapUp { agent, ticket } => {
            (ticket.clone(), Some(agent.clone()))
        }
        Command::RegisterAgent { agent, .. }
        | Command::RemoveAgent { agent }
        | Command::SetPresence { agent, .. }
        | Command::Heartbeat { agent }
        | Command::ExcuseSilence { agent }
        | Command::ReconcileAgent { agent, .. } => (None, Some(agent.clone())),
        Command::ReplaceCatalogue { .. } | Command::Elapse => (None, None),
    }
}

/// The roles of which there may be one free agent more after an event.
fn roles_relieved<'a>(state: &'a State, event: &'a Event) -> &'a BTreeSet<RoleName> {
    static NONE: BTreeSet<RoleName> = BTreeSet::new();
    let agent = match event {
        Event::AgentRegistered { profile, .. } => return &profile.roles,
        Event::PaceEnded { agent } => Some(agent),
        _ => touched(event),
    };
    agent.and_then(|agent| state.agent(agent)).map_or(&NONE, |agent| &agent.profile.roles)
}

/// The agent whose status or load an event changes.
fn touched(event: &Event) -> Option<&AgentId> {
    match event {
        Event::OfferMade { taking, .. } | Event::TicketAssigned { taking, .. } => Some(&taking.agent),
        Event::OfferDeclined { held, .. }
        | Event::OfferExpired { held }
        | Event::OfferRevoked { held, .. }
        | Event::AssignmentRevoked { held, .. }
        | Event::AssignmentPaused { held }
        | Event::AssignmentResumed { held, .. }
        | Event::AssignmentCompleted { held, .. } => Some(&held.agent),
        Event::WrapUpFinished { agent, .. }
        | Event::AgentRegistered { agent, .. }
        | Event::AgentRemoved { agent }
        | Event::PresenceChanged { agent, .. } => Some(agent),
        Event::CatalogueReplaced { .. }
        | Event::TicketCreated { .. }
        | Event::PlaceResumed { .. }
        | Event::PlaceGivenUp { .. }
        | Event::TicketUpdated { .. }
        | Event::TicketScheduled { .. }
        | Event::TicketQueued { .. }
        | Event::TicketUnroutable { .. }
        | Event::TicketEscalated { .. }
        | Event::TicketRedirected { .. }
        | Event::TicketDeferred { .. }
        | Event::TicketDiverted { .. }
        | Event::DirectionEnded { .. }
        | Event::AgentBarred { .. }
        | Event::BarsLapsed { .. }
        | Event::TicketAtRisk { .. }
        | Event::TicketBreached { .. }
        | Event::TicketAutomated { .. }
        | Event::AutomationInVain { .. }
        | Event::TicketClosed { .. }
        | Event::ResumeAwaited { .. }
        | Event::OwnerReplied { .. }
        | Event::AgentSeen { .. }
        | Event::AgentReconciled { .. }
        | Event::PaceEnded { .. }
        | Event::AgentChanged { .. }
        | Event::CommandRejected { .. }
        | Event::RoleLooked { .. }
        | Event::HoursLooked { .. }
        | Event::ClosedForgotten { .. } => None,
    }
}
