//! That the scenarios together show everything that has a name on the wire.

use std::collections::BTreeSet;

use rolecall::routing::RejectionCode;
use rolecall::routing::offer::{RevokeCause, Trigger};
use rolecall::routing::role::Strategy;
use rolecall::routing::ticket::UnroutableCause;
use rolecall::wire::EventKind;

use crate::{directory, names, play};

/// `docs/events.md#what-goes-out`, as a script can cause it.
const OUTBOUND: [&str; 24] = [
    "ticket.queued",
    "ticket.escalated",
    "ticket.at_risk",
    "ticket.deferred",
    "ticket.diverted",
    "ticket.callback",
    "ticket.breached",
    "ticket.automated",
    "ticket.unroutable",
    "ticket.expired",
    "ticket.cancelled",
    "assignment.offered",
    "assignment.assigned",
    "assignment.declined",
    "assignment.expired",
    "assignment.revoked",
    "assignment.paused",
    "assignment.resumed",
    "assignment.completed",
    "agent.changed",
    "agent.reconciled",
    "command.rejected",
    "catalogue.changed",
    "(changed nothing)",
];

fn every_play() -> Vec<(String, String)> {
    let played =
        names(&directory("scripts")).into_iter().map(|name| play(&name).map_err(|why| format!("{name}: {why}")));
    played.collect::<Result<_, _>>().expect("every script can be played")
}

fn missing<'a>(wanted: impl IntoIterator<Item = &'a str>, shown: impl Fn(&str) -> bool) -> BTreeSet<&'a str> {
    wanted.into_iter().filter(|word| !shown(word)).collect()
}

#[test]
fn the_scenarios_show_everything_that_has_a_name_on_the_wire() {
    let plays = every_play();
    let written = |text: &str| plays.iter().any(|(script, _)| script.contains(text));
    let said = |text: &str| plays.iter().any(|(_, transcript)| transcript.contains(text));

    let kinds = EventKind::ALL.map(EventKind::as_str);
    assert_eq!(missing(kinds, |kind| written(&format!(" {kind} "))), BTreeSet::new(), "of the inbound events");
    assert_eq!(missing(OUTBOUND, |kind| said(&format!("    {kind}"))), BTreeSet::new(), "of the outbound events");

    let codes = [
        RejectionCode::UnknownTicket,
        RejectionCode::UnknownAgent,
        RejectionCode::StaleAssignment,
        RejectionCode::NotEligible,
        RejectionCode::WrongState,
        RejectionCode::UnknownRole,
        RejectionCode::RoleInUse,
    ];
    let codes = codes.map(RejectionCode::as_str);
    assert_eq!(missing(codes, |code| said(&format!("code={code} "))), BTreeSet::new(), "of the rejections");

    let causes = [
        RevokeCause::AgentOffline,
        RevokeCause::TicketCancelled,
        RevokeCause::Transferred,
        RevokeCause::Released,
        RevokeCause::RoleChanged,
        RevokeCause::LostRace,
        RevokeCause::Supervisor,
    ];
    let causes = causes.map(RevokeCause::as_str).into_iter().chain(["declined", "timeout"]);
    let ended = |cause: &str| said(&format!("cause={cause}\n")) || said(&format!("cause={cause} "));
    assert_eq!(missing(causes, ended), BTreeSet::new(), "of the causes");

    let causes = [
        UnroutableCause::NoRole,
        UnroutableCause::NoAgentWithRole,
        UnroutableCause::NoAgentWithRank,
        UnroutableCause::NoAgentWithChannel,
        UnroutableCause::NoAgentWithSkill,
        UnroutableCause::NoAgentWithPermission,
        UnroutableCause::AllExcluded,
    ];
    let causes = causes.map(UnroutableCause::as_str);
    assert_eq!(missing(causes, |cause| said(&format!("cause={cause}\n"))), BTreeSet::new(), "of the unroutable");
}

#[test]
fn the_scenarios_show_everything_that_brings_ticket_and_agent_together() {
    let plays = every_play();
    let said = |text: &str| plays.iter().any(|(_, transcript)| transcript.contains(text));
    let triggers = Trigger::ALL.map(Trigger::as_str);
    assert_eq!(missing(triggers, |trigger| said(&format!("why=({trigger} "))), BTreeSet::new(), "of the triggers");
}

#[test]
fn the_scenarios_show_every_strategy_and_order() {
    let plays = every_play();
    let said = |text: &str| plays.iter().any(|(_, transcript)| transcript.contains(text));
    let strategies = [
        Strategy::LongestIdle,
        Strategy::LeastLoaded,
        Strategy::MostLoaded,
        Strategy::RoundRobin,
        Strategy::Random,
        Strategy::Rank,
        Strategy::MostSkilled,
        Strategy::LeastFlexible,
        Strategy::RingAll,
    ];
    // One that had somebody to choose from.
    let chosen = |strategy: &str| {
        said(&format!("why=(ticket_arrived {strategy} 2 ")) || said(&format!("why=(ticket_arrived {strategy} 3 "))
    };
    assert_eq!(missing(strategies.map(Strategy::as_str), chosen), BTreeSet::new(), "of the strategies");
    let orders = ["deadline", "aged", "fifo", "priority"];
    let written = |order: &str| plays.iter().any(|(script, _)| script.contains(&format!("order = \"{order}\"")));
    assert_eq!(missing(orders, written), BTreeSet::new(), "of the orders");
}
