//! The bound on starvation of the order `aged`, as `docs/routing.md` states it.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use rolecall::routing::command::AfterWork;
use rolecall::routing::role::{Order, Role};
use rolecall::routing::{
    AgentId, AgentProfile, Asked, Catalogue, ChannelName, Command, Engine, Event, Identity, Millis, Priority, RoleName,
    Status, TicketId, TicketSpec, Timestamp,
};

/// What happens next, after a while.
#[derive(Debug, Clone)]
enum Next {
    Arrives(Priority),
    IsDone,
}

fn next() -> impl Strategy<Value = (i64, Next)> {
    let arrives = (0_u8..=9).prop_map(|level| Next::Arrives(Priority::new(level).expect("a level")));
    (0_i64..3_000, prop_oneof![3 => arrives, 2 => Just(Next::IsDone)])
}

/// An agent who works on one ticket at a time, in a role of this order.
fn engine(worth: Millis) -> Engine {
    let (role, agent) = (RoleName::parse("care").expect("a name"), AgentId::parse("ana").expect("a name"));
    let aged = Role { order: Order::Aged, priority_worth: worth, ..Role::named(role.clone()) };
    let catalogue =
        Catalogue { roles: [(role.clone(), aged)].into(), default_role: Some(role.clone()), ..Catalogue::default() };
    let mut profile = AgentProfile::of_roles([role]);
    profile.limits.insert(ChannelName::parse("task").expect("a name"), 1);
    let mut engine = Engine::new(Identity { instance: 1, seed: 1 });
    for command in [
        Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) },
        Command::RegisterAgent { agent: agent.clone(), profile: Box::new(profile) },
        Command::SetPresence { agent, status: Status::Online, name: None, reason: None, switches: BTreeMap::new() },
    ] {
        engine.handle(command, Timestamp(0));
    }
    engine
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn nobody_overtakes_beyond_the_bound(worth in 1_i64..2_000, steps in prop::collection::vec(next(), 1..120)) {
        let mut engine = engine(Millis(u64::try_from(worth).expect("positive")));
        let (mut now, mut arrived, mut overtaken) = (0, 0, 0);
        for (wait, next) in steps {
            now += wait;
            let command = match next {
                Next::Arrives(priority) => {
                    arrived += 1;
                    let task = ChannelName::parse("task").expect("a name");
                    let spec = Box::new(TicketSpec::from(Asked { priority, ..Asked::on(task) }));
                    Command::CreateTicket { ticket: TicketId::parse(&format!("t{arrived}")).expect("a name"), spec }
                }
                Next::IsDone => {
                    let Some(owned) = engine.state().tickets().find(|it| it.phase.ownership().is_some()) else { continue };
                    Command::CompleteTicket { ticket: owned.id.clone(), agent: None, outcome: None, then: AfterWork::Ready }
                }
            };
            for event in engine.handle(command, Timestamp(now)).events {
                let Event::TicketAssigned { taking, .. } = event else { continue };
                let winner = engine.state().ticket(&taking.ticket).expect("it was just assigned");
                for other in engine.state().tickets().filter(|it| it.phase.ownership().is_none()) {
                    let levels = i64::from(9 - other.demand.priority.get());
                    let ahead = winner.created_at.0 - other.created_at.0;
                    overtaken += u32::from(ahead > 0);
                    prop_assert!(ahead <= 0 || ahead < levels * worth,
                        "{} of priority {} overtook {} of {}, {ahead} ms older",
                        winner.id, winner.demand.priority.get(), other.id, other.demand.priority.get());
                }
            }
        }
        prop_assume!(overtaken > 0);
    }
}
