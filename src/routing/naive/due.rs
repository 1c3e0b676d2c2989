//! What happens by itself, and when: every ticket and every agent is asked.

use std::cmp::Reverse;

use super::NaiveEngine;
use super::decide::Place;
use crate::routing::agent::{Agent, SlotUse, Status};
use crate::routing::channel::OwnerGrace;
use crate::routing::escalation::{LOOK_EVERY, StepConditions};
use crate::routing::name::{AgentId, RoleName, TicketId};
use crate::routing::overflow;
use crate::routing::role::Order;
use crate::routing::ticket::{Phase, Ticket};
use crate::routing::time::{Millis, Timestamp};

/// How much longer than their retention ended tickets may be remembered.
const FORGET_SLACK: Millis = Millis::from_secs(60);

/// To whom it happens; of several at one moment, in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Agent(AgentId),
    /// In the order in which they are placed.
    Ticket((Reverse<u32>, Order, Place), TicketId),
    Role(RoleName),
    Doors,
    Ended,
}

/// What happens; of several at one moment, in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    WrapUpEnds(TicketId),
    FallsSilent,
    GoesIdle,
    PaceEnds,
    Expires,
    Starts,
    OfferLapses(AgentId),
    IsAtRisk,
    IsBreached,
    DirectionEnds,
    Overflows,
    BarsLapse,
    /// The automation in this place of the catalogue.
    Automates(usize),
    HasWaited,
    LeavesOwner,
    OwnerIsSilent,
    IsLookedAt,
    Closes,
    Opens,
    AreForgotten,
}

impl NaiveEngine {
    pub(super) fn dues(&self) -> Vec<(Timestamp, Who, What)> {
        let mut dues = Vec::new();
        for agent in self.state.agents() {
            dues.extend(
                self.dues_of_agent(agent).into_iter().map(|(at, what)| (at, Who::Agent(agent.id.clone()), what)),
            );
        }
        for ticket in self.state.tickets() {
            let of_ticket = self.dues_of_ticket(ticket).into_iter();
            let who = Who::Ticket(self.turn_of(ticket), ticket.id.clone());
            dues.extend(of_ticket.map(|(at, what)| (at, who.clone(), what)));
        }
        for role in self.state.catalogue().roles.values() {
            let has_conditions = role.overflow.iter().any(|step| step.conditions != StepConditions::default());
            if has_conditions && !self.queue_of(&role.name).is_empty() {
                let looked = self.state.ground.role_looks.get(&role.name).copied();
                let due = looked.map_or(Timestamp(0), |looked| looked + LOOK_EVERY);
                dues.push((due, Who::Role(role.name.clone()), What::IsLookedAt));
            }
        }
        dues.extend(self.closings());
        dues.extend(self.opening());
        let ended = &self.state.ground.closed;
        let of_many = ended.nth_at(255).map(|last| last + Millis(1));
        if let Some(due) = ended.first_at().map(|first| first + FORGET_SLACK).into_iter().chain(of_many).min() {
            let forgotten = due + self.state.catalogue().closed_retention;
            dues.push((forgotten, Who::Ended, What::AreForgotten));
        }
        dues
    }

    fn dues_of_agent(&self, agent: &Agent) -> Vec<(Timestamp, What)> {
        let mut dues = Vec::new();
        for (ticket, slot) in &agent.slots {
            if let SlotUse::WrapUp { until } = slot.used_for {
                dues.push((until, What::WrapUpEnds(ticket.clone())));
            }
        }
        let timeout = self.state.catalogue().agents.heartbeat_timeout;
        if !timeout.is_zero() && agent.status != Status::Offline {
            dues.push((agent.seen_at + timeout, What::FallsSilent));
        }
        let idle_timeout = self.state.catalogue().agents.idle_timeout;
        if !idle_timeout.is_zero() && agent.status == Status::Online {
            dues.push((agent.acted_at() + idle_timeout, What::GoesIdle));
        }
        dues.extend(agent.given.paced_until().map(|until| (until, What::PaceEnds)));
        dues
    }

    fn dues_of_ticket(&self, ticket: &Ticket) -> Vec<(Timestamp, What)> {
        if ticket.phase == Phase::Intake {
            // It gets its place first.
            return Vec::new();
        }
        let catalogue = self.state.catalogue();
        let mut dues = Vec::new();
        let mut due = |when: Option<Timestamp>, what: What| dues.extend(when.map(|when| (when, what)));
        if ticket.phase.ownership().is_none() {
            due(Self::expiry(ticket), What::Expires);
        }
        match &ticket.phase {
            Phase::Scheduled => due(ticket.spec.beside.not_before, What::Starts),
            Phase::Offered(offers) => {
                for offer in offers {
                    due(Some(offer.expires_at), What::OfferLapses(offer.agent.clone()));
                }
            }
            Phase::Waiting => {
                due(ticket.direction.as_ref().and_then(|direction| direction.until), What::DirectionEnds);
                due(overflow::next_due(ticket, catalogue), What::Overflows);
                due(ticket.bars.iter().filter_map(|bar| bar.until).min(), What::BarsLapse);
            }
            Phase::Assigned(ownership) | Phase::Resuming(ownership) => {
                let owner = self.agent(&ownership.agent);
                if let OwnerGrace::After(grace) = self.owner_grace(ticket)
                    && owner.status == Status::Offline
                    && !(ownership.by_hand && ownership.assigned_at >= owner.status_since)
                {
                    due(Some(owner.status_since + grace), What::LeavesOwner);
                }
                if let Some(within) = self.own_role(ticket).and_then(|role| role.owning.first_reply_within)
                    && matches!(ticket.phase, Phase::Assigned(_))
                {
                    due(ownership.silence.lasts(ownership.assigned_at, within), What::OwnerIsSilent);
                }
            }
            Phase::Intake | Phase::Deferred | Phase::Unroutable(_) | Phase::Paused(_) => {}
        }
        if matches!(ticket.phase, Phase::Waiting | Phase::Unroutable(_))
            && let Some(max_wait) = self.own_role(ticket).and_then(|role| role.admission.max_wait)
        {
            due(Some(ticket.let_in_at.get().unwrap_or(ticket.entered_at) + max_wait), What::HasWaited);
        }
        dues.extend(self.dues_of_promise(ticket));
        let automations = self.dues_of_automations(ticket).into_iter();
        dues.extend(automations.map(|(when, place)| (when, What::Automates(place))));
        dues
    }
}
