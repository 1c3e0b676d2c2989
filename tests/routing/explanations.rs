//! What explanations say is so: held to the obvious engine, and to what the engine itself would do, after every step of
//! random lives.

use proptest::prelude::*;
use rolecall::routing::explanation::{Closeness, Explanation, Inquiry, Stands, WaitsFor};
use rolecall::routing::matching;
use rolecall::routing::naive::NaiveEngine;
use rolecall::routing::{Command, Identity, Phase, Ticket, Timestamp};

use crate::world;

const IDENTITY: Identity = Identity { instance: 0xfeed, seed: 42 };
const LIVES: u32 = 100;
const MOVES_MAX: usize = 80;

fn explain(engine: &NaiveEngine, ticket: &Ticket, agents: Closeness) -> Explanation {
    let inquiry = Inquiry { ticket: ticket.id.clone(), agents };
    engine.state().explain(&inquiry, engine.state().now()).expect("ticket and agents are there")
}

fn check(engine: &NaiveEngine) -> Result<(), TestCaseError> {
    let state = engine.state();
    for ticket in state.tickets() {
        let whole = explain(engine, ticket, Closeness::Listed);
        let (considered, eligible, fell_out) = engine.census(ticket);
        if let Some(staff) = &whole.staff {
            prop_assert_eq!((staff.considered, staff.eligible, staff.fell_out), (considered, eligible, fell_out));
        }
        let listed = whole.listed.iter().flatten().map(|listed| listed.agents.len()).sum::<usize>();
        prop_assert_eq!(listed, considered as usize, "everybody who is considered is listed once");
        for place in &whole.places {
            let (position, waiting) = engine.position_of(ticket, &place.role);
            prop_assert_eq!((place.position, place.waiting), (position as u64, waiting as u64));
        }
        if matches!(ticket.phase, Phase::Assigned(_)) {
            let kept = ticket.phase.ownership().is_some_and(|ownership| ownership.reason.is_some());
            prop_assert!(kept, "why {} has its owner is kept", ticket.id);
        }
        if let Stands::Waits(waits_for) = &whole.stands {
            let is_directed = matches!(waits_for, WaitsFor::Agent(..));
            prop_assert_eq!(is_directed, ticket.direction.is_some());
            prop_assert!(is_directed || *waits_for == WaitsFor::Claim || eligible == 0, "{}", &whole);
        }
        for agent in state.agents() {
            let one = explain(engine, ticket, Closeness::One(agent.id.clone()));
            let lacks = one.agent.expect("that agent was asked about").lacks;
            let codes: std::collections::BTreeSet<_> = lacks.iter().map(|it| it.lack.code()).collect();
            prop_assert_eq!(codes, engine.lack_codes(agent, ticket), "of {} for {}", &agent.id, &ticket.id);
            let first = matching::lack(state, agent, ticket);
            prop_assert_eq!(first.is_none(), lacks.is_empty(), "{:?}", first);
            prop_assert!(first.is_none_or(|first| lacks.iter().any(|it| it.lack == first)));
        }
    }
    Ok(())
}

#[test]
fn explanations_say_what_the_obvious_engine_counts() {
    let config = ProptestConfig { cases: LIVES, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((catalogue, moves) in world::life(MOVES_MAX))| {
        let mut engine = NaiveEngine::new(IDENTITY);
        let mut now = Timestamp(0);
        engine.handle(Command::ReplaceCatalogue { catalogue }, now);
        for step in &moves {
            now = Timestamp(now.0 + step.wait);
            if step.in_time {
                engine.handle(Command::Elapse, now);
            }
            let command = step.command(engine.state(), now);
            engine.handle(command, now);
            check(&engine)?;
        }
    });
}
