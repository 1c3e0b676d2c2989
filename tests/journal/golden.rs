//! Journals of this version, as files: so that every later program is shown to read them.
//!
//! A change to what is journaled fails `what_is_written_is_as_it_was`. Then the files stay as they are, `#[serde(default)]`
//! makes them readable, and the changed form gets files of its own beside them: `ROLECALL_GOLDEN=write` writes those
//! that are missing.

mod agents;
mod automation;
mod capacity;
mod customers;
mod day;
mod diversion;
mod handover;
mod kinds;
mod ladder;
mod passed_on;
mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rolecall::journal::Entry;
use rolecall::routing::agent::{AgentView, ChannelLoad};
use rolecall::routing::command::{AfterWork, TransferTo};
use rolecall::routing::escalation::{EscalationCause, StepConditions};
use rolecall::routing::event::{Held, Intake, Sign, Taking};
use rolecall::routing::offer::{FallOut, Reason, Remark, RevokeCause, Trigger};
use rolecall::routing::role::{OverflowStep, Role, ServiceTarget, Strategy};
use rolecall::routing::skill::{SkillLevel, Skills};
use rolecall::routing::ticket::{Bar, Closing, Customer, Demand, Direction, Handover, Scalar, UnroutableCause};
use rolecall::routing::{
    AgentId, AgentProfile, Asked, AssignmentId, Beside, Catalogue, ChannelName, Command, Event, Identity, Millis,
    Patch, Permission, Priority, Rejection, RejectionCode, RoleName, RuleName, SkillName, Status, TicketChanges,
    TicketId, TicketSpec, TicketType, Timestamp,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

const IDENTITY: Identity = Identity { instance: 0x0123_4567_89ab_cdef, seed: 7 };

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", "journal-v1", name].iter().collect()
}

/// The golden file; where it is missing and that is asked for, it is written first.
fn golden(name: &str, now: &impl Serialize) -> Vec<u8> {
    let path = file(name);
    if !path.exists() && std::env::var("ROLECALL_GOLDEN").is_ok_and(|what| what == "write") {
        fs::create_dir_all(path.parent().expect("a file is in a directory")).expect("the directory is made");
        fs::write(&path, rmp_serde::to_vec_named(now).expect("it can be encoded")).expect("the file is written");
    }
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> T {
    rmp_serde::from_slice(bytes).expect("a later program reads what an earlier one wrote")
}

macro_rules! name {
    ($kind:ident, $text:literal) => {
        $kind::parse($text).expect("a name")
    };
}

fn ticket() -> TicketId {
    name!(TicketId, "T-1")
}

fn agent() -> AgentId {
    name!(AgentId, "ada")
}

fn role() -> RoleName {
    name!(RoleName, "billing")
}

fn channel() -> ChannelName {
    name!(ChannelName, "call")
}

fn skills() -> Skills {
    Skills([(name!(SkillName, "de"), SkillLevel::new(5).expect("a level"))].into())
}

fn spec() -> TicketSpec {
    let asked = Asked {
        kind: Some(name!(TicketType, "invoice")),
        priority: Priority::HIGH,
        role: Some(role()),
        skills: skills(),
        permissions: BTreeSet::from([name!(Permission, "refund.issue")]).into(),
        ..Asked::on(channel())
    };
    let beside = Beside {
        customer: Customer {
            id: Some("C-1".to_owned()),
            tier: Some("vip".to_owned()),
            language: Some("de".to_owned()),
        }
        .into(),
        preferred_agent: Some(agent()),
        exclude_agents: BTreeSet::from([name!(AgentId, "bob")]).into(),
        due_at: Some(Timestamp(2)),
        not_before: Some(Timestamp(3)),
        expires_at: Some(Timestamp(4)),
        subject: Some("Rechnung — falsch".to_owned()),
        attributes: BTreeMap::from([
            ("bool".to_owned(), Scalar::Bool(true)),
            ("float".to_owned(), Scalar::Float(1.5)),
            ("int".to_owned(), Scalar::Int(-3)),
            ("null".to_owned(), Scalar::Null),
            ("text".to_owned(), Scalar::Text("x".to_owned())),
        ])
        .into(),
        passed_on: None,
    };
    TicketSpec { asked: asked.into(), created_at: Some(Timestamp(1)), beside: beside.into() }
}

fn demand() -> Demand {
    Demand {
        roles: vec![role()],
        rule: Some(name!(RuleName, "VIP customers")),
        skills: skills(),
        permissions: BTreeSet::from([name!(Permission, "refund.issue")]),
        priority: Priority::URGENT,
        rank_max: None,
    }
}

fn intake() -> Intake {
    Intake { spec: spec().into(), demand: demand().into(), created_at: Timestamp(5), due_at: Some(Timestamp(6)) }
}

fn taking() -> Taking {
    let fell_out =
        FallOut { skill: 1, permission: 2, offline: 3, channel_off: 4, no_slot: 5, barred: 6, ..FallOut::default() };
    let reason = Reason {
        rule: Some(name!(RuleName, "VIP customers")),
        trigger: Trigger::TicketArrived,
        strategy: Strategy::LongestIdle,
        considered: 9,
        eligible: 2,
        fell_out,
        value: -7,
        runner_up: Some((name!(AgentId, "bob"), 8)),
    };
    let assignment = name!(AssignmentId, "0123456789abcdef-a1");
    Taking {
        ticket: ticket(),
        agent: agent(),
        assignment,
        role: role(),
        channel: channel(),
        cost: 100,
        attempt: 1,
        reason: reason.into(),
    }
}

fn held() -> Held {
    let Taking { ticket, agent, assignment, role, channel, .. } = taking();
    Held { ticket, agent, assignment, role, channel }
}

fn profile() -> AgentProfile {
    AgentProfile {
        name: Some("Ada".to_owned()),
        skills: skills(),
        limits: [(channel(), 2)].into(),
        capacity: Some(200),
        ranks: BTreeMap::from([(role(), 1)]),
        ..AgentProfile::of_roles([role()])
    }
}

fn catalogue() -> Arc<Catalogue> {
    let mut role = Role::named(role());
    role.ticket_types.insert(name!(TicketType, "invoice"));
    role.target = Some(ServiceTarget { answer_within: Millis::from_secs(900), for_share_permille: 900, at_risk: None });
    role.overflow = vec![OverflowStep {
        after: Millis::from_secs(120),
        add_roles: vec![name!(RoleName, "sales")],
        drop_skills: true,
        raise_priority: 3,
        lower_skills: 0,
        rank_max: None,
        conditions: StepConditions::default(),
    }];
    let roles = [role, Role::named(name!(RoleName, "sales"))].map(|role| (role.name.clone(), role));
    Arc::new(Catalogue { roles: roles.into(), ..Catalogue::default() })
}

fn remark() -> Remark {
    let Handover { by, note, .. } = handover();
    Remark { reason: Some("not my field".to_owned()), by, note }
}

fn handover() -> Handover {
    Handover { from: Some(agent()), by: Some("eva".to_owned()), note: Some("has asked twice".to_owned()) }
}

fn direction() -> Direction {
    Direction { agent: agent(), until: Some(Timestamp(9)), trigger: Trigger::Directed }
}

fn every_event() -> Vec<Event> {
    let (ticket, agent, role, channel) = (ticket(), agent(), role(), channel());
    let intake = intake();
    let direction = Some(Box::new(direction()));
    let load = [(channel.clone(), ChannelLoad { used: 1, limit: 2 })].into_iter().collect();
    let rejection = Rejection { code: RejectionCode::StaleAssignment, detail: "it is over".to_owned() };
    vec![
        Event::CatalogueReplaced { catalogue: catalogue(), changes: vec!["role billing".to_owned()], version: 1 },
        Event::TicketCreated { ticket: ticket.clone(), intake: Box::new(intake.clone()) },
        Event::TicketUpdated { ticket: ticket.clone(), intake: Box::new(intake) },
        Event::TicketScheduled { ticket: ticket.clone(), not_before: Timestamp(3) },
        Event::TicketQueued {
            ticket: ticket.clone(),
            role: role.clone(),
            channel: channel.clone(),
            position: 1,
            waiting: 2,
            estimated_wait: Some(Millis(3)),
            wait_by_pace: None,
            wait_range: None,
            direction: direction.clone(),
        },
        Event::TicketUnroutable {
            ticket: ticket.clone(),
            role: Some(role.clone()),
            channel: channel.clone(),
            cause: UnroutableCause::NoAgentWithSkill,
        },
        Event::TicketEscalated {
            ticket: ticket.clone(),
            role: role.clone(),
            channel: channel.clone(),
            step: 1,
            demand: demand().into(),
            cause: EscalationCause::After,
        },
        handover::redirected(direction),
        Event::DirectionEnded { ticket: ticket.clone() },
        Event::AgentBarred { ticket: ticket.clone(), bar: Bar { agent: agent.clone(), until: Some(Timestamp(7)) } },
        Event::BarsLapsed { ticket: ticket.clone() },
        Event::TicketBreached {
            ticket: ticket.clone(),
            role: role.clone(),
            channel: channel.clone(),
            due_at: Timestamp(6),
        },
        Event::TicketClosed {
            ticket: ticket.clone(),
            role: Some(role),
            channel: channel.clone(),
            how: Closing::Cancelled,
            cause: "hung up".to_owned(),
            callback: None,
            service: None,
        },
        Event::OfferMade { taking: taking(), expires_at: Timestamp(8) },
        Event::OfferDeclined { held: held(), reason: Some("busy".to_owned()) },
        Event::OfferExpired { held: held() },
        Event::OfferRevoked { held: held(), cause: RevokeCause::LostRace, remark: Remark::NONE },
        Event::TicketAssigned {
            taking: taking(),
            priority: Priority::HIGH,
            waited: Millis(10),
            due_at: Some(Timestamp(6)),
            answer: None,
        },
        Event::AssignmentRevoked { held: held(), cause: RevokeCause::Transferred, remark: remark() },
        Event::AssignmentPaused { held: held() },
        Event::ResumeAwaited { ticket: ticket.clone() },
        Event::AssignmentResumed { held: held(), cost: 100 },
        Event::AssignmentCompleted {
            held: held(),
            waited: Millis(10),
            handled: Millis(11),
            outcome: Some("solved".to_owned()),
            wrap_up_until: Some(Timestamp(12)),
        },
        Event::WrapUpFinished { agent: agent.clone(), ticket: ticket.clone(), channel: channel.clone() },
        Event::AgentRegistered { agent: agent.clone(), profile: Box::new(profile()) },
        Event::AgentRemoved { agent: agent.clone() },
        Event::PresenceChanged {
            agent: agent.clone(),
            status: Status::Away,
            name: None,
            switches: BTreeMap::from([(channel, false)]),
            reason: Some("missed_offers".to_owned()),
        },
        Event::AgentSeen { agent: agent.clone(), sign: Sign::Heartbeat },
        Event::AgentChanged {
            agent: agent.clone(),
            view: AgentView { status: Status::Online, load, wrapping_up: 1, ..AgentView::default() },
        },
        Event::CommandRejected { rejection, ticket: Some(ticket), agent: Some(agent) },
        Event::ClosedForgotten { before: Timestamp(13) },
    ]
}

fn every_command() -> Vec<Command> {
    let (ticket, agent, assignment) = (ticket(), agent(), Some(held().assignment));
    let changes = TicketChanges {
        kind: Patch::Clear,
        priority: Some(Priority::LOW),
        due_at: Patch::Set(Timestamp(6)),
        ..TicketChanges::default()
    };
    let text = || Some("because".to_owned());
    vec![
        Command::CreateTicket { ticket: ticket.clone(), spec: Box::new(spec()) },
        Command::UpdateTicket { ticket: ticket.clone(), changes: Box::new(changes) },
        Command::CancelTicket { ticket: ticket.clone(), reason: text() },
        Command::AcceptOffer { ticket: ticket.clone(), agent: agent.clone(), assignment: assignment.clone() },
        Command::DeclineOffer { ticket: ticket.clone(), agent: agent.clone(), assignment, reason: text() },
        Command::CompleteTicket {
            ticket: ticket.clone(),
            agent: Some(agent.clone()),
            outcome: text(),
            then: AfterWork::WrapUp,
        },
        Command::TransferTicket { ticket: ticket.clone(), to: TransferTo::Role(role()), by: text(), note: text() },
        Command::ReleaseTicket { ticket: ticket.clone(), agent: Some(agent.clone()), reason: text() },
        Command::PauseTicket { ticket: ticket.clone() },
        Command::ResumeTicket { ticket: ticket.clone() },
        Command::ClaimTicket { agent: agent.clone(), role: Some(role()), ticket: Some(ticket.clone()) },
        Command::RegisterAgent { agent: agent.clone(), profile: Box::new(profile()) },
        Command::RemoveAgent { agent: agent.clone() },
        Command::SetPresence {
            agent: agent.clone(),
            status: Status::Online,
            name: None,
            reason: text(),
            switches: BTreeMap::from([(channel(), true)]),
        },
        Command::Heartbeat { agent: agent.clone() },
        Command::FinishWrapUp { agent, ticket: Some(ticket) },
        Command::ReplaceCatalogue { catalogue: catalogue() },
        Command::Elapse,
    ]
}

/// One entry for each command, the first with every event.
fn every_kind() -> Vec<Entry> {
    let events = every_event();
    let seen = || Event::AgentSeen { agent: agent(), sign: Sign::Heartbeat };
    let entry = |(place, command): (usize, Command)| {
        let events = if place == 0 { events.clone() } else { vec![seen()] };
        Entry { first_seq: 1 + place as u64, at: Timestamp(1_700_000_000_000), command, events }
    };
    every_command().into_iter().enumerate().map(entry).collect()
}

/// What came later, each with a file of its own: new kinds, and new members of old ones.
fn later() -> Vec<(&'static str, Vec<Entry>)> {
    vec![
        ("presence.msgpack", agents::presence()),
        ("leaving.msgpack", agents::leaving()),
        ("by-hand.msgpack", agents::by_hand()),
        ("automation.msgpack", automation::entries()),
        ("capacity.msgpack", capacity::entries()),
        ("ladder.msgpack", ladder::ladder()),
        ("reserve.msgpack", customers::reserve()),
        ("last-agent.msgpack", customers::last_agent()),
        ("places.msgpack", customers::places()),
        ("at-risk.msgpack", service::at_risk()),
        ("diversion.msgpack", diversion::entries()),
        ("service.msgpack", service::scores()),
        ("estimates.msgpack", service::estimates()),
        ("hours.msgpack", diversion::hours()),
        ("handover.msgpack", handover::entries()),
        ("passed-on.msgpack", passed_on::passed_on()),
        ("reason.msgpack", agents::reason()),
    ]
}

fn entries(commands: impl IntoIterator<Item = (Command, Vec<Event>)>) -> Vec<Entry> {
    let entry =
        |(place, (command, events))| Entry { first_seq: place, at: Timestamp(1_700_000_000_000), command, events };
    (1..).zip(commands).map(entry).collect()
}

#[test]
fn what_is_written_is_as_it_was() {
    let now = every_kind();
    let all: Vec<Entry> = now.iter().cloned().chain(later().into_iter().flat_map(|(_, entries)| entries)).collect();
    assert_eq!(kinds::kinds(&all), (43, 22), "every event and every command is in a golden file");
    let written = rmp_serde::to_vec_named(&now).expect("it can be encoded");
    assert!(golden("entries.msgpack", &now) == written, "the journal's form has changed: see the top of this file");
}

#[test]
fn what_came_later_is_written_as_it_was_and_read() {
    for (name, now) in later() {
        let written = rmp_serde::to_vec_named(&now).expect("it can be encoded");
        let kept = golden(name, &now);
        assert!(kept == written, "{name}: the journal's form has changed: see the top of this file");
        assert_eq!(read::<Vec<Entry>>(&kept), now, "{name}");
    }
}

#[test]
fn every_kind_of_entry_is_read() {
    let found: Vec<Entry> = read(&golden("entries.msgpack", &every_kind()));
    assert_eq!(found, every_kind());
}
