//! Random lives of a small contact centre: after each step everything that should hold does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use rolecall::routing::event::Taking;
use rolecall::routing::matching;
use rolecall::routing::offer::{RevokeCause, Trigger};
use rolecall::routing::overflow;
use rolecall::routing::ticket::Demand;
use rolecall::routing::{
    AgentId, BareState, Catalogue, Command, Engine, Event, Identity, Outcome, State, TicketId, Timestamp, Verdict,
};

use crate::world::{self, Move};

const IDENTITY: Identity = Identity { instance: 0xfeed, seed: 42 };

/// Drives an engine through a life, and hands each outcome to `check` with the state before it.
fn live(
    catalogue: &Arc<Catalogue>,
    steps: &[Move],
    mut check: impl FnMut(&State, &Command, &Outcome, &Engine) -> Result<(), TestCaseError>,
) -> Result<Engine, TestCaseError> {
    let mut engine = Engine::new(IDENTITY);
    let mut now = Timestamp(0);
    engine.handle(Command::ReplaceCatalogue { catalogue: Arc::clone(catalogue) }, now);
    for step in steps {
        now = Timestamp(now.0 + step.wait.max(0));
        let elapse = step.in_time.then_some(Command::Elapse);
        for due in elapse.into_iter().map(Some).chain([None]) {
            let command = due.unwrap_or_else(|| step.command(engine.state(), now));
            let before = engine.state().clone();
            let outcome = engine.handle(command.clone(), now);
            check(&before, &command, &outcome, &engine)?;
        }
    }
    Ok(engine)
}

/// Whether the ticket has a slot of the agent already: an offer counts when it is made, not when it is accepted.
fn holds(state: &State, taking: &Taking) -> bool {
    state.agent(&taking.agent).is_some_and(|agent| agent.slots.contains_key(&taking.ticket))
}

/// Whether of these times no more lie within a window that ends with the last than the agent is allowed.
fn is_within_allowances(times: &[Timestamp], state: &State, agent: &AgentId) -> bool {
    let profile = &state.agent(agent).expect("who is given a ticket is known").profile;
    let allowances = state.catalogue().agents.pacing.allowances(profile);
    let last = times.last().copied().unwrap_or_default();
    allowances.into_iter().flatten().all(|allowance| {
        times.iter().filter(|time| **time + allowance.window > last).count() <= allowance.count as usize
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn every_invariant_holds_after_every_step((catalogue, steps) in world::life(60)) {
        live(&catalogue, &steps, |_, command, _, engine| {
            let overdue = engine.next_timeout().is_some_and(|(due, _)| due <= engine.state().now());
            let checked = engine.state().check_invariants();
            prop_assert!(checked.is_ok() || overdue && checked.is_ok(), "{:?} after {command:?}", checked);
            Ok(())
        })?;
    }

    #[test]
    fn replay_reaches_the_state_that_live_reached((catalogue, steps) in world::life(60)) {
        let mut replayed = BareState::new(IDENTITY);
        replayed.apply(Timestamp(0), &Event::CatalogueReplaced {
            catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1,
        });
        live(&catalogue, &steps, |_, command, outcome, engine| {
            prop_assert_eq!(outcome.first_seq, replayed.next_seq());
            outcome.events.iter().for_each(|event| replayed.apply(outcome.at, event));
            prop_assert_eq!(replayed.hash(), engine.state().hash(), "after {:?}", command);
            Ok(())
        })?;
        prop_assert_eq!(replayed.into_state().check_invariants(), Ok(()));
    }

    #[test]
    fn equal_lives_are_equal((catalogue, steps) in world::life(40)) {
        let mut first = Vec::new();
        live(&catalogue, &steps, |_, _, outcome, _| { first.push(outcome.clone()); Ok(()) })?;
        let mut second = Vec::new();
        live(&catalogue, &steps, |_, _, outcome, _| { second.push(outcome.clone()); Ok(()) })?;
        prop_assert_eq!(first, second);
    }

    #[test]
    fn a_rejected_command_changes_nothing((catalogue, steps) in world::life(60)) {
        live(&catalogue, &steps, |before, _, outcome, engine| {
            if let Verdict::Rejected(rejection) = &outcome.verdict {
                prop_assert!(!rejection.detail.is_empty());
                prop_assert!(matches!(&outcome.events[..], [Event::CommandRejected { .. }]), "{:?}", outcome.events);
                prop_assert_eq!(before.tickets().len(), engine.state().tickets().len());
                let untouched = before.agents().all(|agent| engine.state().agent(&agent.id) == Some(agent))
                    && before.tickets().all(|ticket| engine.state().ticket(&ticket.id) == Some(ticket));
                prop_assert!(untouched);
            }
            Ok(())
        })?;
    }

    /// Whoever is given a ticket could take it at that moment, and is over no limit afterwards. Capacity units are
    /// exceeded by interruption only: what is offered fits beside everything but the slots of channels that it interrupts.
    /// Only what is taken by hand, or is still held when a limit is lowered, exceeds a limit.
    #[test]
    fn only_eligible_agents_are_given_tickets((catalogue, steps) in world::life(60)) {
        let mut state = State::new(IDENTITY);
        state.apply(Timestamp(0), &Event::CatalogueReplaced {
            catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1,
        });
        live(&catalogue, &steps, |_, command, outcome, _| {
            for event in &outcome.events {
                let mut room_needed = None;
                if let Event::OfferMade { taking, .. } | Event::TicketAssigned { taking, .. } = event {
                    let ticket = state.ticket(&taking.ticket).expect("a ticket that is given is known");
                    let agent = state.agent(&taking.agent).expect("who is given a ticket is known");
                    let accepted = ticket.phase.offer_to(&agent.id).is_some();
                    let by_hand = taking.reason.trigger == Trigger::Taken;
                    let asked = matches!(command, Command::ClaimTicket { .. });
                    let meant = matches!(taking.reason.trigger, Trigger::Directed | Trigger::LastAgent);
                    let lack = if meant { matching::lack_if_meant } else { matching::lack }(&state, agent, ticket);
                    prop_assert!(
                        accepted || asked || by_hand || lack.is_none(), "{:?} given to {} who {:?}", ticket, agent.id, lack
                    );
                    room_needed = (!accepted && !by_hand).then_some((&taking.agent, &taking.channel));
                }
                if let Event::AssignmentResumed { held, .. } = event && !matches!(command, Command::TakeTicket { .. }) {
                    room_needed = Some((&held.agent, &held.channel));
                }
                state.apply(outcome.at, event);
                if let Some((agent, channel)) = room_needed {
                    let agent = state.agent(agent).expect("who is given a ticket is known");
                    let limit = agent.profile.limit(channel, state.catalogue());
                    prop_assert!(agent.used(channel) <= limit);
                    prop_assert!(agent.units_against(channel, state.catalogue()) <= agent.capacity(state.catalogue()));
                }
            }
            Ok(())
        })?;
    }

    /// In no stretch of time so long is anybody given more than allowed, but for what the agent asks for.
    #[test]
    fn nobody_is_given_more_than_the_pace_allows((catalogue, steps) in world::life(200)) {
        let mut given: BTreeMap<AgentId, Vec<Timestamp>> = BTreeMap::new();
        let mut state = State::new(IDENTITY);
        state.apply(Timestamp(0), &Event::CatalogueReplaced {
            catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1,
        });
        live(&catalogue, &steps, |_, _, outcome, _| {
            for event in &outcome.events {
                match event {
                    // Under other allowances less may be remembered than they count.
                    Event::CatalogueReplaced { .. } => given.clear(),
                    Event::AgentRegistered { agent, .. } => drop(given.remove(agent)),
                    Event::OfferMade { taking, .. } | Event::TicketAssigned { taking, .. } if !holds(&state, taking) => {
                        let times = given.entry(taking.agent.clone()).or_default();
                        times.push(outcome.at);
                        let asked = matches!(taking.reason.trigger, Trigger::Claimed | Trigger::Taken);
                        let within = is_within_allowances(times, &state, &taking.agent);
                        prop_assert!(asked || within, "{} is given {:?} after {times:?}", taking.agent, taking.ticket);
                    }
                    _ => {}
                }
                state.apply(outcome.at, event);
            }
            Ok(())
        })?;
    }

    /// Every ticket that came is waiting, aside, owned or ended: none is lost, none ends twice.
    #[test]
    fn no_ticket_is_lost_or_doubled((catalogue, steps) in world::life(80)) {
        let mut alive = std::collections::BTreeSet::new();
        live(&catalogue, &steps, |_, _, outcome, engine| {
            for event in &outcome.events {
                match event {
                    Event::TicketCreated { ticket, .. } => prop_assert!(alive.insert(ticket.clone())),
                    Event::TicketClosed { ticket, .. } => prop_assert!(alive.remove(ticket)),
                    Event::AssignmentCompleted { held, .. } => prop_assert!(alive.remove(&held.ticket)),
                    _ => {}
                }
            }
            let known: std::collections::BTreeSet<_> = engine.state().tickets().map(|ticket| ticket.id.clone()).collect();
            prop_assert_eq!(&known, &alive);
            Ok(())
        })?;
    }

    /// What nobody owns demands what upstream says of it, widened by the steps that it has taken. (Not shown of rules,
    /// which may ask the clock and the queues.)
    #[test]
    fn what_nobody_owns_demands_what_is_said_of_it((catalogue, steps) in world::life(80)) {
        live(&catalogue, &steps, |_, command, _, engine| {
            let state = engine.state();
            if state.catalogue().rules.is_empty() {
                for ticket in state.tickets().filter(|ticket| ticket.phase.ownership().is_none()) {
                    let fresh = state.would_demand(&ticket.id, &ticket.spec, state.now());
                    let role = fresh.role().and_then(|role| state.catalogue().roles.get(role));
                    let expected = overflow::widened_as(ticket, fresh, role);
                    prop_assert_eq!(&*ticket.demand, &expected, "{:?} after {:?}", ticket, command);
                }
            }
            Ok(())
        })?;
    }

    /// Each step of a ladder is taken once, as long as the ticket stays with its role.
    #[test]
    fn no_step_is_taken_twice((catalogue, steps) in world::life(120)) {
        let mut taken: BTreeMap<TicketId, BTreeSet<u8>> = BTreeMap::new();
        live(&catalogue, &steps, |before, _, outcome, _| {
            let mut state = before.clone();
            for event in &outcome.events {
                let stays = |ticket: &TicketId, demand: &Demand| {
                    state.ticket(ticket).is_some_and(|known| known.demand.role() == demand.role())
                };
                match event {
                    Event::TicketEscalated { ticket, step, .. } => {
                        let is_new = taken.entry(ticket.clone()).or_default().insert(*step);
                        prop_assert!(is_new, "step {} of {}", step, ticket);
                    }
                    Event::TicketRedirected { ticket, keeps_steps: false, .. }
                    | Event::TicketDiverted { ticket, .. }
                    | Event::TicketCreated { ticket, .. } => drop(taken.remove(ticket)),
                    Event::TicketUpdated { ticket, intake } if !stays(ticket, &intake.demand) => drop(taken.remove(ticket)),
                    _ => {}
                }
                state.apply(outcome.at, event);
            }
            Ok(())
        })?;
    }

    /// Who gives a ticket away is not asked for it again, unless somebody hands it to that agent, or it takes it itself.
    #[test]
    fn nobody_is_given_back_what_it_gave_away((catalogue, steps) in world::life(120)) {
        let mut givers: BTreeMap<TicketId, BTreeSet<AgentId>> = BTreeMap::new();
        live(&catalogue, &steps, |before, _, outcome, _| {
            for event in &outcome.events {
                match event {
                    Event::TicketCreated { ticket, .. } => drop(givers.remove(ticket)),
                    Event::AssignmentRevoked { held, cause: RevokeCause::Transferred, .. } => {
                        givers.entry(held.ticket.clone()).or_default().insert(held.agent.clone());
                    }
                    Event::TicketRedirected { ticket, direction: Some(to), .. } => {
                        givers.entry(ticket.clone()).or_default().remove(&to.agent);
                    }
                    Event::OfferMade { taking, .. } | Event::TicketAssigned { taking, .. } => {
                        let gave = givers.entry(taking.ticket.clone()).or_default();
                        if matches!(taking.reason.trigger, Trigger::Claimed | Trigger::Taken) {
                            gave.remove(&taking.agent);
                        }
                        let offered = holds(before, taking);
                        prop_assert!(offered || !gave.contains(&taking.agent), "{} gave {:?}", taking.agent, taking);
                    }
                    _ => {}
                }
            }
            Ok(())
        })?;
    }
}
