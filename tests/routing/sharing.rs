//! That what many say the same is kept once: live, after a restart, and under another catalogue. Nothing is decided by it, but
//! a million tickets weigh half as much.

use std::sync::Arc;

use rolecall::routing::role::Role;
use rolecall::routing::{
    AgentId, AgentProfile, Catalogue, ChannelName, Command, Engine, Identity, Millis, RoleName, State, TicketId,
    TicketSpec, Timestamp,
};

const EACH: usize = 3;

fn role() -> RoleName {
    RoleName::parse("billing").expect("a name")
}

fn ticket(number: usize) -> TicketId {
    TicketId::parse(&format!("t{number}")).expect("a name")
}

fn agent(number: usize) -> AgentId {
    AgentId::parse(&format!("a{number}")).expect("a name")
}

/// Agents of one profile who are not there, and tickets that ask for the same and differ in nothing but their subjects.
fn engine() -> Engine {
    let mut engine = Engine::new(Identity { instance: 1, seed: 1 });
    replace_catalogue(&mut engine, 0);
    for number in 0..EACH {
        let profile = Box::new(AgentProfile::of_roles([role()]));
        engine.handle(Command::RegisterAgent { agent: agent(number), profile }, Timestamp(1));
        let mut spec = TicketSpec::on(ChannelName::parse("task").expect("a name"));
        spec.asked_mut().role = Some(role());
        spec.beside.subject = Some(format!("subject {number}"));
        engine.handle(Command::CreateTicket { ticket: ticket(number), spec: Box::new(spec) }, Timestamp(2));
    }
    engine
}

/// One that differs in how long what has ended is remembered.
fn replace_catalogue(engine: &mut Engine, closed_retention: u64) {
    let role = Role::named(role());
    let roles = [(role.name.clone(), role)].into();
    let closed_retention = Millis(closed_retention);
    let catalogue = Catalogue { roles, closed_retention, ..Catalogue::default() };
    engine.handle(Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) }, Timestamp(3));
}

#[track_caller]
fn shares(state: &State) {
    let (one, agent_one) = (state.ticket(&ticket(0)).expect("there"), state.agent(&agent(0)).expect("there"));
    for number in 1..EACH {
        let other = state.ticket(&ticket(number)).expect("there");
        assert_ne!(one.spec, other.spec, "their subjects differ");
        assert!(Arc::ptr_eq(&one.spec.asked, &other.spec.asked), "what they ask for is one");
        assert!(Arc::ptr_eq(&one.demand, &other.demand), "what they demand is one");
        let other = state.agent(&agent(number)).expect("there");
        assert!(Arc::ptr_eq(&agent_one.profile.roles, &other.profile.roles), "the agents' roles are one");
    }
}

#[test]
fn what_is_said_the_same_is_kept_once_live_restored_and_under_another_catalogue() {
    let mut engine = engine();
    shares(engine.state());
    replace_catalogue(&mut engine, 1);
    shares(engine.state());
    let written = serde_json::to_vec(engine.state()).expect("a state can be written");
    shares(&serde_json::from_slice(&written).expect("and read"));
}
