//! Roles that are closed, that close, and that open.

use super::super::due::{What, Who};
use super::NaiveEngine;
use crate::routing::diversion::{Diversion, DiversionCause};
use crate::routing::event::Event;
use crate::routing::hours::Hours;
use crate::routing::name::{RoleName, TicketId};
use crate::routing::role::Role;
use crate::routing::ticket::{Demand, Phase, Ticket};
use crate::routing::time::Timestamp;

impl NaiveEngine {
    fn hours(&self, role: &Role) -> Option<&Hours> {
        self.state.catalogue().hours.get(role.admission.hours.as_ref()?)
    }

    /// Whether its role is closed for a ticket now. Who was handed to an agent waits for that agent, not for the role.
    fn finds_it_closed(&self, ticket: &Ticket) -> bool {
        let handed_over = ticket.direction.as_ref().is_some_and(|direction| direction.until.is_none());
        let hours = self.own_role(ticket).and_then(|role| self.hours(role));
        !handed_over && hours.is_some_and(|hours| !hours.is_open(self.at))
    }

    /// Whether a closed role sends what waits somewhere else.
    pub(super) fn sent_away_by_hours(&self, ticket: &Ticket) -> bool {
        let sends = self.own_role(ticket).is_some_and(|role| role.admission.when_closed.is_some());
        sends && self.finds_it_closed(ticket)
    }

    /// A closed role sends tickets elsewhere, or lets those that were not in before wait for its opening.
    pub(super) fn is_kept_out(&mut self, id: &TicketId) -> bool {
        let ticket = self.known(id);
        if !self.finds_it_closed(ticket) {
            return false;
        }
        if self.sent_away_by_hours(ticket) {
            return self.divert(id, DiversionCause::Closed);
        }
        if ticket.let_in_at.get().is_some() {
            return false;
        }
        let role = self.own_role(ticket).expect("a role is closed");
        let opens_at = self.hours(role).expect("by its hours").opens_at(self.at);
        if ticket.phase != Phase::Deferred || ticket.opens_at.get() != Some(opens_at) {
            let due_at = self.due_at(&ticket.spec, &ticket.demand, ticket.created_at.max(opens_at));
            let (role, channel) = (role.name.clone(), ticket.spec.asked.channel.clone());
            self.emit(Event::TicketDeferred { ticket: id.clone(), role, channel, opens_at, due_at });
        }
        true
    }

    /// When roles close that send what waits somewhere else: the first time since somebody looked.
    pub(in crate::routing::naive) fn closings(&self) -> Vec<(Timestamp, Who, What)> {
        let mut closings = Vec::new();
        for role in self.state.catalogue().roles.values() {
            let Some(hours) = self.hours(role) else { continue };
            if role.admission.when_closed.is_none() || self.queue_of(&role.name).is_empty() {
                continue;
            }
            let closing = match self.state.ground.hours_looks.get(&role.name) {
                Some(looked) => hours.closes_after(*looked),
                None => Timestamp(0),
            };
            closings.push((closing, Who::Role(role.name.clone()), What::Closes));
        }
        closings
    }

    pub(super) fn look_at_hours(&mut self, role: &RoleName) {
        self.emit(Event::HoursLooked { role: role.clone() });
        for id in self.in_order_of_leaving(role) {
            if self.sent_away_by_hours(self.known(&id)) {
                self.divert(&id, DiversionCause::Closed);
            }
        }
    }

    /// What waits for a role that closes: as the role has it that gets it, else as it arrived.
    fn in_order_of_leaving(&self, role: &RoleName) -> Vec<TicketId> {
        let mut leaving = self.own_waiting(role);
        if let Some(Diversion::Role(to)) = &self.state.catalogue().roles[role].admission.when_closed {
            leaving.sort_by_key(|id| {
                let ticket = self.known(id);
                let demand = Demand { roles: vec![to.clone()], ..Demand::clone(&ticket.demand) };
                let due_at = self.due_at(&ticket.spec, &demand, ticket.created_at).into();
                self.turn_of(&Ticket { demand: demand.into(), due_at, ..ticket.clone() })
            });
        }
        leaving
    }

    /// When the first of those comes in who wait for their roles to open.
    pub(in crate::routing::naive) fn opening(&self) -> Option<(Timestamp, Who, What)> {
        let ticket = self.known(&self.first_at_the_doors()?);
        Some((ticket.opens_at.get().expect("it waits for that"), Who::Doors, What::Opens))
    }

    /// Of those who come in next the one of the heaviest role; of several with one order the best-ranked, of those with
    /// different orders the oldest.
    pub(super) fn first_at_the_doors(&self) -> Option<TicketId> {
        let deferred = self.state.tickets().filter(|ticket| ticket.phase == Phase::Deferred);
        let mut found: Vec<(&Role, &Ticket)> =
            deferred.filter_map(|ticket| Some((self.own_role(ticket)?, ticket))).collect();
        let opens_at = found.iter().map(|(_, ticket)| ticket.opens_at.get()).min()?;
        found.retain(|(_, ticket)| ticket.opens_at.get() == opens_at);
        let weight = found.iter().map(|(role, _)| role.weight).max()?;
        found.retain(|(role, _)| role.weight == weight);
        let first_in_its_order = |(role, ticket): &&(&Role, &Ticket)| {
            let mut others = found.iter().filter(|(other, _)| other.order == role.order);
            others.all(|(other, rival)| Self::place_in(ticket, role) <= Self::place_in(rival, other))
        };
        let firsts = found.iter().filter(first_in_its_order);
        let oldest = firsts.map(|(_, ticket)| *ticket).min_by_key(|ticket| (ticket.created_at, ticket.arrival_seq))?;
        Some(oldest.id.clone())
    }
}
