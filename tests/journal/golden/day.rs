//! A day as the engine decided it, and the snapshot at its end.

use std::collections::BTreeMap;

use rolecall::journal::Entry;
use rolecall::routing::command::{AfterWork, TransferTo};
use rolecall::routing::{
    AgentProfile, Asked, ChannelName, Command, Engine, RoleName, State, Status, TicketId, TicketSpec, Timestamp,
};

use super::{IDENTITY, agent, catalogue, channel, golden, read, role};

/// A short day: a catalogue, an agent, and tickets that the engine decides about.
fn day() -> (Vec<Entry>, State) {
    let mut engine = Engine::new(IDENTITY);
    let email = |number: u32| Command::CreateTicket {
        ticket: TicketId::parse(&format!("E-{number}")).expect("a name"),
        spec: Box::new(TicketSpec::from(Asked {
            role: Some(role()),
            ..Asked::on(ChannelName::parse("email").expect("a name"))
        })),
    };
    let call = Command::CreateTicket {
        ticket: TicketId::parse("C-1").expect("a name"),
        spec: Box::new(TicketSpec::from(Asked { role: Some(role()), ..Asked::on(channel()) })),
    };
    let commands = [
        Command::ReplaceCatalogue { catalogue: catalogue() },
        email(1),
        Command::RegisterAgent { agent: agent(), profile: Box::new(AgentProfile::of_roles([role()])) },
        Command::SetPresence {
            agent: agent(),
            status: Status::Online,
            name: None,
            reason: None,
            switches: BTreeMap::new(),
        },
        email(2),
        email(3),
        call,
        Command::AcceptOffer { ticket: TicketId::parse("C-1").expect("a name"), agent: agent(), assignment: None },
        Command::CompleteTicket {
            ticket: TicketId::parse("E-1").expect("a name"),
            agent: None,
            outcome: None,
            then: AfterWork::Ready,
        },
        Command::PauseTicket { ticket: TicketId::parse("E-2").expect("a name") },
        Command::CancelTicket { ticket: TicketId::parse("E-9").expect("a name"), reason: None },
        Command::TransferTicket {
            ticket: TicketId::parse("E-3").expect("a name"),
            to: TransferTo::Role(RoleName::parse("sales").expect("a name")),
            by: None,
            note: Some("wants an offer".to_owned()),
        },
        Command::CompleteTicket {
            ticket: TicketId::parse("C-1").expect("a name"),
            agent: None,
            outcome: None,
            then: AfterWork::WrapUp,
        },
    ];
    let mut entries = Vec::new();
    for (place, command) in (1_i64..).zip(commands) {
        let outcome = engine.handle(command.clone(), Timestamp(1_700_000_000_000 + 1_000 * place));
        entries.push(Entry { first_seq: outcome.first_seq, at: outcome.at, command, events: outcome.events });
    }
    (entries, engine.state().clone())
}

#[test]
fn a_day_is_replayed_to_the_state_that_its_snapshot_holds() {
    let (entries, state) = day();
    let entries: Vec<Entry> = read(&golden("day.msgpack", &entries));
    let snapshot: State = read(&golden("day-state.msgpack", &state));
    let mut replayed = State::new(IDENTITY);
    for entry in &entries {
        entry.events.iter().for_each(|event| replayed.apply(entry.at, event));
    }
    assert!(replayed.next_seq() > 20, "the day is not empty");
    assert_eq!(snapshot.next_seq(), replayed.next_seq());
    assert_eq!(snapshot.hash(), replayed.hash());
}
