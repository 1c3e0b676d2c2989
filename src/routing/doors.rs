//! Who waits aside for a role to open, and who comes in first: the tickets of one role by their ranks in its queue, those
//! of several as an agent of all of them would be given them.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::Catalogue;
use super::name::{RoleName, TicketId};
use super::rank::{Age, Rank};
use super::role::Order;
use super::state::Ground;
use super::ticket::{Phase, Ticket};
use super::time::Timestamp;

/// When a ticket comes in, and its rank among those of its role that come in then.
type Turn = (Timestamp, Rank, TicketId);

/// Tickets that wait for their own role to open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Doors {
    roles: BTreeMap<RoleName, BTreeSet<Turn>>,
}

impl Doors {
    pub(super) fn insert(&mut self, ticket: &Ticket, catalogue: &Catalogue) {
        if let Some((role, turn)) = turn(ticket, catalogue) {
            self.roles.entry(role).or_default().insert(turn);
        }
    }

    /// The ticket must be as it was when it was put in.
    pub(super) fn remove(&mut self, ticket: &Ticket, catalogue: &Catalogue) {
        let Some((role, turn)) = turn(ticket, catalogue) else { return };
        let turns = self.roles.get_mut(&role).expect("who waits for a role to open is among those who do");
        turns.remove(&turn);
        if turns.is_empty() {
            self.roles.remove(&role);
        }
    }

    /// When the next door opens.
    pub(super) fn next_opening(&self) -> Option<Timestamp> {
        self.roles.values().filter_map(|turns| turns.first()).map(|(opens_at, ..)| *opens_at).min()
    }

    /// Who comes in first then.
    pub(super) fn first(&self, ground: &Ground) -> Option<&TicketId> {
        let opening = self.next_opening()?;
        let heads = self.roles.iter().filter_map(|(role, turns)| {
            let (opens_at, rank, ticket) = turns.first()?;
            (*opens_at == opening).then_some((ground.catalogue.roles.get(role)?, *rank, ticket))
        });
        let heads: Vec<_> = heads.collect();
        let weight = heads.iter().map(|(role, ..)| role.weight).max()?;
        let mut by_order: BTreeMap<Order, (Rank, &TicketId)> = BTreeMap::new();
        for (role, rank, ticket) in heads.into_iter().filter(|(role, ..)| role.weight == weight) {
            let best = by_order.entry(role.order).or_insert((rank, ticket));
            *best = (rank, ticket).min(*best);
        }
        by_order.into_values().map(|(_, ticket)| ticket).min_by_key(|ticket| Age::of(&ground.tickets[*ticket]))
    }
}

fn turn(ticket: &Ticket, catalogue: &Catalogue) -> Option<(RoleName, Turn)> {
    let opens_at = ticket.opens_at.get().filter(|_| ticket.phase == Phase::Deferred)?;
    let role = catalogue.roles.get(ticket.demand.role()?)?;
    Some((role.name.clone(), (opens_at, Rank::of(ticket, role), ticket.id.clone())))
}
