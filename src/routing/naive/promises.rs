//! "Targets": what a role is told of tickets that are late, or soon will be.

use super::NaiveEngine;
use super::due::What;
use crate::routing::estimate::Estimate;
use crate::routing::event::Event;
use crate::routing::name::TicketId;
use crate::routing::service::{Answer, Served, ServiceScore};
use crate::routing::ticket::{Phase, Ticket};
use crate::routing::time::{Millis, Timestamp};

impl NaiveEngine {
    /// When the role of a ticket that nobody owns is told of it: once before it is late, and once when it is.
    pub(super) fn dues_of_promise(&self, ticket: &Ticket) -> Vec<(Timestamp, What)> {
        let nobodys = matches!(ticket.phase, Phase::Waiting | Phase::Unroutable(_) | Phase::Offered(_));
        let Some(role) = self.own_role(ticket) else { return Vec::new() };
        let Some(due_at) = ticket.due_at.get().filter(|_| nobodys && !ticket.breached) else { return Vec::new() };
        if ticket.returned_at.get().is_some_and(|returned_at| returned_at >= due_at) {
            // It was answered before.
            return Vec::new();
        }
        let mut dues = vec![(due_at, What::IsBreached)];
        if let Some(before) = role.target.and_then(|target| target.at_risk)
            && !ticket.service.at_risk
        {
            dues.push((due_at - before, What::IsAtRisk));
        }
        dues
    }

    /// What is late already is not told of as at risk.
    pub(super) fn tell_of_risk(&mut self, id: &TicketId) {
        let ticket = self.known(id);
        let due_at = ticket.due_at.get().expect("only a ticket with a due time is at risk");
        if self.at >= due_at {
            return self.tell_of_breach(id);
        }
        let (role, channel) = self.role_and_channel(id);
        let position = (ticket.phase == Phase::Waiting).then(|| self.position(ticket));
        let estimated_wait = position.and_then(|position| self.likely_wait(ticket, position));
        self.emit(Event::TicketAtRisk { ticket: id.clone(), role, channel, due_at, position, estimated_wait });
    }

    pub(super) fn tell_of_breach(&mut self, id: &TicketId) {
        let (role, channel) = self.role_and_channel(id);
        let due_at = self.known(id).due_at.get().expect("only a ticket with a due time is breached");
        self.emit(Event::TicketBreached { ticket: id.clone(), role, channel, due_at });
    }

    /// What the first owner of a ticket settles.
    pub(super) fn answered(&self, ticket: &Ticket) -> Option<Answer> {
        if ticket.service.answered {
            return None;
        }
        let service = self.settled(ticket, [Served::AnsweredWithin, Served::AnsweredLate]);
        let wait = match (&ticket.service.foretold, ticket.demand.role()) {
            (Some(foretold), Some(role)) => Some(foretold.score(role, self.at)),
            _ => None,
        };
        Some(Answer { service, wait })
    }

    /// What becomes of the promise of a ticket's role: it is kept or broken once, by the first owner or, without one,
    /// by the end.
    pub(super) fn settled(&self, ticket: &Ticket, [kept, broken]: [Served; 2]) -> Option<ServiceScore> {
        let role = self.own_role(ticket)?;
        if role.target.is_none() || ticket.service.answered || matches!(ticket.phase, Phase::Scheduled) {
            return None;
        }
        let in_time = !ticket.breached && ticket.due_at.get().is_none_or(|due_at| self.at <= due_at);
        Some(ServiceScore { role: role.name.clone(), served: if in_time { kept } else { broken } })
    }

    fn role_and_channel(&self, id: &TicketId) -> (crate::routing::RoleName, crate::routing::ChannelName) {
        let ticket = self.known(id);
        let role = self.own_role(ticket).expect("only a ticket with a role has a promise");
        (role.name.clone(), ticket.spec.asked.channel.clone())
    }

    /// The place of a ticket in its role's queue, whether it stands there already or not: 1 for the next.
    pub(super) fn position(&self, ticket: &Ticket) -> u64 {
        let role = self.own_role(ticket).expect("only a ticket with a role has a place");
        let place = Self::place_in(ticket, role);
        let ahead = |other: &&&Ticket| other.id != ticket.id && Self::place_in(other, role) < place;
        let queue = self.queue_of(&role.name);
        u64::try_from(queue.iter().filter(ahead).count() + 1).expect("a count fits")
    }

    /// How long a ticket at that place waits, as far as can be told.
    pub(super) fn estimate(&self, ticket: &Ticket, position: u64) -> Option<Estimate> {
        self.state.estimate(ticket.demand.role()?, ticket.demand.priority, position, self.at)
    }

    pub(super) fn likely_wait(&self, ticket: &Ticket, position: u64) -> Option<Millis> {
        Some(self.estimate(ticket, position)?.likely)
    }
}
