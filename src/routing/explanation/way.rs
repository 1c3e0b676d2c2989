//! By which of the ways of `docs/routing.md#which-role` a ticket came to its role.

use crate::routing::name::TicketId;
use crate::routing::state::State;
use crate::routing::ticket::{Demand, Ticket, TicketSpec};

/// How a ticket came to its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It asks for it, or was handed to it.
    OwnRole,
    /// A rule set it.
    Rule,
    /// The role serves its type.
    Type,
    /// `routing.default_role`.
    Default,
    /// A rule or catalogue gave it that holds no longer.
    Earlier,
    /// It asks for a role that the catalogue does not have.
    UnknownRole,
    /// Nothing gives it a role.
    None,
}

impl Way {
    /// For programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::OwnRole => "own_role",
            Self::Rule => "rule",
            Self::Type => "type",
            Self::Default => "default_role",
            Self::Earlier => "earlier",
            Self::UnknownRole => "unknown_role",
            Self::None => "none",
        }
    }
}

/// How this ticket came to its role. Which rule held is in its demand; everything else is read off the catalogue.
pub(super) fn of(state: &State, ticket: &Ticket) -> Way {
    Way::of(state, &ticket.id, &ticket.spec, &ticket.demand)
}

impl Way {
    /// How a ticket of that spec, which demands this, comes to its role.
    #[must_use]
    pub fn of(state: &State, id: &TicketId, spec: &TicketSpec, demand: &Demand) -> Self {
        way(state, id, spec, demand)
    }
}

fn way(state: &State, id: &TicketId, spec: &TicketSpec, demand: &Demand) -> Way {
    let catalogue = state.catalogue();
    let Some(role) = demand.role() else {
        return if spec.asked.role.is_some() { Way::UnknownRole } else { Way::None };
    };
    if spec.asked.role.as_ref() == Some(role) {
        return Way::OwnRole;
    }
    let matched = demand.rule.as_ref().and_then(|name| catalogue.rules.iter().find(|rule| rule.name == *name));
    let by_rule = matched.and_then(|rule| rule.set.role_of(state.identity().seed, &rule.name, id));
    let by_type = || spec.asked.kind.as_ref().and_then(|kind| catalogue.role_for_type(kind, &spec.asked.channel));
    if by_rule == Some(role) {
        Way::Rule
    } else if by_type() == Some(role) {
        Way::Type
    } else if catalogue.default_role.as_ref() == Some(role) {
        Way::Default
    } else {
        Way::Earlier
    }
}
