//! That automations end, however they are made.

use std::sync::Arc;

use rolecall::routing::automation::{Automation, AutomationActions, FIRINGS_MAX, Occasion, TIMES_MAX};
use rolecall::routing::command::TransferTo;
use rolecall::routing::role::Role;
use rolecall::routing::{
    Asked, AutomationName, Catalogue, ChannelName, Command, Engine, Event, Identity, Millis, RoleName, TicketId,
    TicketSpec, Timestamp,
};

fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a name")
}

/// So many automations on `on`, each as often as it may, that send whatever is in one of two roles to the other.
fn back_and_forth(pairs: u8, on: Occasion) -> Arc<Catalogue> {
    let send = |number: u8, from: &str, to: &str| Automation {
        name: AutomationName::parse(&format!("{number}: {from} to {to}")).expect("a name"),
        on,
        after: if on.is_timed() { Millis::from_secs(1) } else { Millis::ZERO },
        when: Some(format!("role == '{from}'")),
        times: TIMES_MAX,
        set: AutomationActions { role: Some(role(to)), ..AutomationActions::default() },
        notify: None,
    };
    let named = |name: &str| (role(name), Role::named(role(name)));
    Arc::new(Catalogue {
        roles: [named("ping"), named("pong")].into(),
        automations: (0..pairs).flat_map(|n| [send(n, "ping", "pong"), send(n, "pong", "ping")]).collect(),
        ..Catalogue::default()
    })
}

/// How often automations fire for a ticket that is handed from the one role to the other, and left alone for a day.
fn firings(pairs: u8, on: Occasion) -> usize {
    let mut engine = Engine::new(Identity { instance: 1, seed: 1 });
    let ticket = TicketId::parse("t").expect("a name");
    let spec =
        TicketSpec::from(Asked { role: Some(role("pong")), ..Asked::on(ChannelName::parse("task").expect("a name")) });
    let transfer =
        Command::TransferTicket { ticket: ticket.clone(), to: TransferTo::Role(role("ping")), by: None, note: None };
    let commands = [
        Command::ReplaceCatalogue { catalogue: back_and_forth(pairs, on) },
        Command::CreateTicket { ticket, spec: Box::new(spec) },
        transfer,
    ];
    let mut events = Vec::new();
    for command in commands {
        events.extend(engine.handle(command, Timestamp(0)).events);
    }
    while let Some((due, _)) = engine.next_timeout().filter(|(due, _)| *due < Timestamp(86_400_000)) {
        events.extend(engine.handle(Command::Elapse, due.max(engine.state().now())).events);
    }
    engine.state().check_invariants().expect("what always holds");
    events.iter().filter(|event| matches!(event, Event::TicketAutomated { .. })).count()
}

#[test]
fn a_ticket_that_is_sent_back_and_forth_comes_to_rest() {
    for on in [Occasion::RoleChanged, Occasion::Waiting] {
        assert_eq!(firings(1, on), 2 * usize::from(TIMES_MAX), "{on:?}");
    }
}

#[test]
fn all_automations_together_fire_so_often_for_a_ticket_and_no_more() {
    for on in [Occasion::RoleChanged, Occasion::Waiting] {
        assert_eq!(firings(20, on), usize::from(FIRINGS_MAX), "{on:?}");
    }
}
