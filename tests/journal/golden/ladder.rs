//! Overflow ladders with conditions.

use std::sync::Arc;

use rolecall::journal::Entry;
use rolecall::routing::escalation::{EscalationCause, StepConditions};
use rolecall::routing::role::{OverflowStep, Role};
use rolecall::routing::{Catalogue, Command, Event, Millis, RoleName};

use super::{channel, demand, entries, role, ticket};

/// A ladder with conditions, and the second of its steps, taken because so many wait.
pub(super) fn ladder() -> Vec<Entry> {
    let step = |conditions| OverflowStep {
        after: Millis::ZERO,
        add_roles: vec![RoleName::parse("sales").expect("a name")],
        drop_skills: false,
        raise_priority: 0,
        lower_skills: 2,
        rank_max: None,
        conditions,
    };
    let online = StepConditions { unless_offline: true, at_once_if_offline: true, ..StepConditions::default() };
    let crowded = StepConditions {
        waiting_over: Some(20),
        estimated_wait_over: Some(Millis(300_000)),
        ..StepConditions::default()
    };
    let mut billing = Role::named(role());
    billing.overflow = vec![step(online), step(crowded)];
    let catalogue = Arc::new(Catalogue { roles: [(role(), billing)].into(), ..Catalogue::default() });
    let replaced = Event::CatalogueReplaced { catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1 };
    let escalated = Event::TicketEscalated {
        ticket: ticket(),
        role: role(),
        channel: channel(),
        step: 2,
        demand: demand().into(),
        cause: EscalationCause::WaitingOver,
    };
    entries([
        (Command::ReplaceCatalogue { catalogue }, vec![replaced]),
        (Command::Elapse, vec![Event::RoleLooked { role: role() }, escalated]),
    ])
}
