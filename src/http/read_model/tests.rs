//! The model that followed every event is the model that is built from the state, whatever happened.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::view::AGENTS_STREAMED_MAX;
use super::{ReadModel, RoleView, Service, Stage, StripView, TicketCard, Today, Totals};
use crate::routing::command::{AfterWork, TransferTo};
use crate::routing::escalation::StepConditions;
use crate::routing::role::{OverflowStep, Role, ServiceTarget};
use crate::routing::{
    AgentId, AgentProfile, Asked, Catalogue, ChannelName, Command, Engine, Identity, Millis, Priority, RoleName,
    Status, TicketId, TicketSpec, Timestamp,
};

const START: Timestamp = Timestamp(1_795_000_000_000);

fn role(number: u8) -> RoleName {
    RoleName::parse(&format!("role-{number}")).expect("a name")
}

fn agent(number: u8) -> AgentId {
    AgentId::parse(&format!("agent-{number}")).expect("a name")
}

fn ticket(number: u8) -> TicketId {
    TicketId::parse(&format!("T-{number}")).expect("a name")
}

fn catalogue(roles: u8) -> Command {
    let target = Some(ServiceTarget { answer_within: Millis::from_secs(60), for_share_permille: 900, at_risk: None });
    // One of them rings at everybody.
    let strategy = |number: u8| match number {
        2 => crate::routing::role::Strategy::RingAll,
        _ => crate::routing::role::Strategy::LongestIdle,
    };
    let named = |number: u8| (role(number), Role { target, strategy: strategy(number), ..Role::named(role(number)) });
    let channels = ["call", "chat", "email"].map(|name| {
        let name = ChannelName::parse(name).expect("a name");
        (name.clone(), crate::routing::channel::Channel::default_for(&name))
    });
    let roles = (0..roles).map(named).collect();
    Command::ReplaceCatalogue {
        catalogue: Arc::new(Catalogue { roles, channels: channels.into(), ..Catalogue::default() }),
    }
}

fn create(id: u8, of_role: u8, channel: &str, priority: u8) -> Command {
    let channel = ChannelName::parse(channel).expect("a name");
    let priority = Priority::new(priority).expect("up to nine");
    let spec = TicketSpec::from(Asked { role: Some(role(of_role)), priority, ..Asked::on(channel) });
    Command::CreateTicket { ticket: ticket(id), spec: Box::new(spec) }
}

fn any_command() -> impl Strategy<Value = Command> {
    let tickets = || 0..30_u8;
    let agents = || 0..6_u8;
    let status = prop::sample::select(Status::ALL.to_vec());
    let channel = prop::sample::select(vec!["call", "chat", "email", "pigeon"]);
    prop_oneof![
        // Roles are added, never replaced: that has a test of its own.
        1 => Just(catalogue(5)),
        8 => (tickets(), 0..6_u8, channel, 0..10_u8).prop_map(|(id, role, channel, priority)| create(id, role, channel, priority)),
        2 => tickets().prop_map(|id| Command::CancelTicket { ticket: ticket(id), reason: None }),
        4 => (tickets(), agents()).prop_map(|(id, by)| Command::AcceptOffer { ticket: ticket(id), agent: agent(by), assignment: None }),
        2 => (tickets(), agents()).prop_map(|(id, by)| Command::DeclineOffer { ticket: ticket(id), agent: agent(by), assignment: None, reason: None }),
        4 => tickets().prop_map(|id| Command::CompleteTicket { ticket: ticket(id), agent: None, outcome: None, then: AfterWork::WrapUp }),
        1 => tickets().prop_map(|id| Command::ReleaseTicket { ticket: ticket(id), agent: None, reason: None }),
        1 => tickets().prop_map(|id| Command::PauseTicket { ticket: ticket(id) }),
        1 => tickets().prop_map(|id| Command::ResumeTicket { ticket: ticket(id) }),
        1 => (tickets(), 0..5_u8).prop_map(|(id, to)| Command::TransferTicket { ticket: ticket(id), to: TransferTo::Role(role(to)), by: None, note: None }),
        4 => (agents(), prop::collection::btree_set(0..4_u8, 0..3)).prop_map(|(id, roles)| Command::RegisterAgent {
            agent: agent(id), profile: Box::new(AgentProfile::of_roles(roles.into_iter().map(role))),
        }),
        1 => agents().prop_map(|id| Command::RemoveAgent { agent: agent(id) }),
        5 => (agents(), status).prop_map(|(id, status)| Command::SetPresence { agent: agent(id), status, name: None, reason: None, switches: BTreeMap::new() }),
        3 => Just(Command::Elapse),
    ]
}

/// What a state decides alone: all but what is counted of the day and the latest assignments.
fn timeless(model: &ReadModel) -> (Totals, Vec<RoleView>, String, BTreeMap<TicketId, TicketCard>) {
    let overview = model.overview(START);
    let no_strip = || StripView { step_ms: 0, arrived: Vec::new(), assigned: Vec::new() };
    let day = Today::default();
    let without_day = |role: RoleView| RoleView {
        today: day,
        service_level_permille: None,
        estimated_wait_ms: None,
        strip: no_strip(),
        ..role
    };
    let totals = Totals { today: day, service_level_permille: None, ..overview.totals };
    let roles = overview.roles.into_iter().map(without_day).collect();
    let registrations: BTreeMap<_, _> =
        model.profiles.iter().map(|entry| (entry.key().clone(), Arc::clone(entry.value()))).collect();
    let agents_and_channels =
        format!("{:?} {registrations:?} {:?}", model.agents_after(None, 1_000), overview.channels);
    let tickets = model.tickets.iter().map(|entry| (entry.key().clone(), TicketCard::clone(entry.value()))).collect();
    (totals, roles, agents_and_channels, tickets)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn following_every_event_gives_what_a_rebuild_gives(
        steps in prop::collection::vec((any_command(), 0..40_000_u64), 1..120),
    ) {
        let mut engine = Engine::new(Identity { instance: 1, seed: 3 });
        let (followed, mut now) = (ReadModel::new(), START);
        for (command, later) in std::iter::once((catalogue(3), 0)).chain(steps) {
            now = now + Millis(later);
            let outcome = engine.handle(command, now);
            followed.observe(outcome.at, &outcome.events, engine.state());
        }
        let rebuilt = ReadModel::new();
        rebuilt.rebuild(engine.state());
        prop_assert_eq!(timeless(&followed), timeless(&rebuilt));

        // And the rebuilt model of something else is no different.
        followed.rebuild(Engine::new(Identity { instance: 2, seed: 3 }).state());
        prop_assert_eq!(followed.tickets_count(), 0);
        prop_assert!(followed.roles.is_empty() && followed.channels.is_empty() && followed.agents.is_empty());
    }

    #[test]
    fn the_counts_are_those_of_the_state(steps in prop::collection::vec((any_command(), 0..40_000_u64), 1..80)) {
        let mut engine = Engine::new(Identity { instance: 1, seed: 3 });
        let (model, mut now) = (ReadModel::new(), START);
        for (command, later) in std::iter::once((catalogue(3), 0)).chain(steps) {
            now = now + Millis(later);
            let outcome = engine.handle(command, now);
            model.observe(outcome.at, &outcome.events, engine.state());
        }
        let cards: Vec<_> = engine.state().tickets().map(TicketCard::of).collect();
        let waiting: Vec<_> = cards.iter().filter(|card| card.stage == Stage::Waiting).collect();
        let totals = model.overview(now).totals;
        prop_assert_eq!(totals.waiting as usize, waiting.len());
        prop_assert_eq!(totals.oldest_created_at, waiting.iter().map(|card| card.created_at).min());
        prop_assert_eq!(totals.unroutable as usize, engine.state().unroutable_count());
        for view in model.roles(now) {
            let own: Vec<_> = waiting.iter().filter(|card| card.role.as_ref() == Some(&view.role)).collect();
            prop_assert_eq!(view.waiting, own.len());
            prop_assert_eq!(view.oldest_created_at, own.iter().map(|card| card.created_at).min());
            prop_assert_eq!(view.waiting_by_channel.values().sum::<u32>() as usize, own.len());
        }
    }
}

#[test]
fn the_oldest_wait_is_right_after_the_oldest_has_left() {
    let mut engine = Engine::new(Identity { instance: 1, seed: 3 });
    let model = ReadModel::new();
    let mut tell = |command: Command, at: Timestamp| {
        let outcome = engine.handle(command, at);
        model.observe(outcome.at, &outcome.events, engine.state());
    };
    let later = |seconds: u64| START + Millis::from_secs(seconds);
    tell(catalogue(1), START);
    tell(Command::RegisterAgent { agent: agent(1), profile: Box::new(AgentProfile::of_roles([role(0)])) }, START);
    tell(create(1, 0, "chat", 3), later(1));
    tell(create(2, 0, "chat", 9), later(2));
    assert_eq!(model.roles(later(3))[0].oldest_created_at, Some(later(1)));
    tell(Command::CancelTicket { ticket: ticket(1), reason: None }, later(3));
    let view = model.roles(later(3)).remove(0);
    assert_eq!((view.waiting, view.oldest_created_at, view.oldest_ticket_id), (1, Some(later(2)), Some(ticket(2))));
    assert_eq!((view.today.arrived, view.today.abandoned), (2, 1));
}

#[test]
fn who_is_answered_or_gives_up_in_time_counts_for_the_service_level_and_who_is_late_against_it() {
    let service = Service { answered_within: 7, abandoned_within: 1, answered_late: 1, abandoned_late: 1 };
    assert_eq!(Today { service, ..Today::default() }.service_level_permille(), Some(800));
    assert_eq!(Today::default().service_level_permille(), None);
}

#[test]
fn the_service_level_counts_each_ticket_once_and_for_the_role_that_had_promised() {
    let mut engine = Engine::new(Identity { instance: 1, seed: 3 });
    let model = ReadModel::new();
    let mut tell = |command: Command, seconds: u64| {
        let outcome = engine.handle(command, START + Millis::from_secs(seconds));
        model.observe(outcome.at, &outcome.events, engine.state());
    };
    let there = |id: u8, roles: &[u8]| {
        let mut profile = AgentProfile::of_roles(roles.iter().map(|number| role(*number)));
        profile.limits.insert(ChannelName::parse("chat").expect("a name"), 1);
        let (agent, status) = (agent(id), Status::Online);
        [
            Command::RegisterAgent { agent: agent.clone(), profile: Box::new(profile) },
            Command::SetPresence { agent, status, name: None, reason: None, switches: BTreeMap::new() },
        ]
    };
    let cancel = |id: u8| Command::CancelTicket { ticket: ticket(id), reason: None };
    let complete =
        |id: u8| Command::CompleteTicket { ticket: ticket(id), agent: None, outcome: None, then: AfterWork::Ready };
    // Both roles promise a minute; the first helps out for the second after half of it.
    tell(helping_catalogue(), 0);
    for command in there(1, &[0]) {
        tell(command, 0);
    }
    tell(create(1, 0, "chat", 3), 0);
    tell(create(2, 0, "chat", 3), 0);
    tell(Command::ReleaseTicket { ticket: ticket(1), agent: None, reason: None }, 10);
    tell(create(3, 0, "chat", 3), 11);
    tell(create(4, 0, "chat", 3), 11);
    tell(cancel(3), 20);
    tell(Command::Elapse, 71);
    tell(cancel(4), 72);
    tell(complete(1), 73);
    tell(complete(2), 74);
    tell(create(5, 1, "chat", 3), 100);
    tell(Command::Elapse, 130);
    tell(create(6, 1, "chat", 3), 131);
    tell(cancel(6), 132);
    let level = |name: u8| {
        model.roles(START).into_iter().find(|view| view.role == role(name)).map(|view| {
            let Service { answered_within, answered_late, abandoned_within, abandoned_late } = view.today.service;
            ([answered_within, answered_late, abandoned_within, abandoned_late], view.service_level_permille)
        })
    };
    // The first is released and comes back to the same agent, which is one answer.
    assert_eq!(level(0), Some(([1, 1, 1, 1], Some(500))));
    assert_eq!(level(1), Some(([1, 0, 1, 0], Some(1_000))), "agents of another role answered for it");
    assert_eq!(model.overview(START).totals.service_level_permille, Some(666));
}

/// Two roles with a target; the first helps out for the second.
fn helping_catalogue() -> Command {
    let Command::ReplaceCatalogue { catalogue } = catalogue(2) else { unreachable!("that is what it makes") };
    let mut catalogue = (*catalogue).clone();
    let helps = OverflowStep {
        after: Millis::from_secs(30),
        add_roles: vec![role(0)],
        drop_skills: false,
        raise_priority: 0,
        lower_skills: 0,
        rank_max: None,
        conditions: StepConditions::default(),
    };
    catalogue.roles.get_mut(&role(1)).expect("there are two").overflow.push(helps);
    Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) }
}

#[test]
fn a_change_is_told_once_and_nothing_is_told_where_nothing_changed() {
    let mut engine = Engine::new(Identity { instance: 1, seed: 3 });
    let model = ReadModel::new();
    let outcome = engine.handle(catalogue(2), START);
    model.observe(outcome.at, &outcome.events, engine.state());
    assert_eq!(model.take_delta(START).map(|delta| delta.roles.len()), Some(2));
    assert_eq!(model.take_delta(START), None);
    let outcome = engine.handle(create(1, 1, "chat", 3), START);
    model.observe(outcome.at, &outcome.events, engine.state());
    let delta = model.take_delta(START).expect("a ticket came");
    assert_eq!(delta.roles.iter().map(|view| view.role.clone()).collect::<Vec<_>>(), [role(1)]);
}

#[test]
fn of_an_agent_who_changes_roles_those_that_it_leaves_are_told_with_those_that_it_gets() {
    let mut engine = Engine::new(Identity { instance: 1, seed: 3 });
    let model = ReadModel::new();
    let mut told = Vec::new();
    let register = |roles: &[u8]| Command::RegisterAgent {
        agent: agent(1),
        profile: Box::new(AgentProfile::of_roles(roles.iter().map(|number| role(*number)))),
    };
    let online = Command::SetPresence {
        agent: agent(1),
        status: Status::Online,
        name: None,
        reason: None,
        switches: BTreeMap::new(),
    };
    for command in
        [catalogue(4), register(&[0, 1]), online, register(&[1, 2]), Command::RemoveAgent { agent: agent(1) }]
    {
        let outcome = engine.handle(command, START);
        model.observe(outcome.at, &outcome.events, engine.state());
        let delta = model.take_delta(START).expect("something changed");
        told.push(delta.roles.iter().map(|view| view.role.as_str().to_owned()).collect::<Vec<_>>().join(" "));
    }
    let all = "role-0 role-1 role-2 role-3";
    assert_eq!(told, [all, "role-0 role-1", "role-0 role-1", "role-0 role-1 role-2", "role-1 role-2"]);
}

#[test]
fn a_strip_is_told_anew_where_what_is_in_it_has_moved_on_though_nothing_happened() {
    let mut engine = Engine::new(Identity { instance: 1, seed: 3 });
    let model = ReadModel::new();
    let mut tell = |command: Command| {
        let outcome = engine.handle(command, START);
        model.observe(outcome.at, &outcome.events, engine.state());
    };
    let steps = |count: u64| START + Millis(super::STEP_MS.unsigned_abs() * count);
    tell(catalogue(1));
    assert!(model.take_delta(START).is_some());
    assert_eq!(model.take_delta(steps(1)), None, "nothing is in it");
    tell(create(1, 0, "chat", 3));
    assert!(model.take_delta(steps(1)).is_some());
    assert_eq!(model.take_delta(steps(1)), None);
    let delta = model.take_delta(steps(2)).expect("it has moved on");
    assert!(delta.roles.is_empty() && delta.agents.is_empty() && delta.latest.is_empty());
    assert_eq!(delta.strip.arrived.iter().sum::<u32>(), 1);
    let delta = model.take_delta(steps(60)).expect("it has moved out of it");
    assert_eq!(delta.strip.arrived.iter().sum::<u32>(), 0);
    assert_eq!(model.take_delta(steps(61)), None);
}

#[test]
fn what_a_change_has_no_room_for_follows_in_the_next() {
    let mut engine = Engine::new(Identity { instance: 1, seed: 3 });
    let model = ReadModel::new();
    let mut tell = |command: Command| {
        let outcome = engine.handle(command, START);
        model.observe(outcome.at, &outcome.events, engine.state());
    };
    let count = AGENTS_STREAMED_MAX + 100;
    let ids: Vec<_> = (0..count).map(|id| AgentId::parse(&format!("many-{id:04}")).expect("a name")).collect();
    tell(catalogue(1));
    for agent in &ids {
        let profile = Box::new(AgentProfile::of_roles([role(0)]));
        tell(Command::RegisterAgent { agent: agent.clone(), profile });
    }
    let mut told = Vec::new();
    while let Some(delta) = model.take_delta(START) {
        assert!(delta.agents.len() <= AGENTS_STREAMED_MAX);
        told.extend(delta.agents.into_iter().map(|card| card.agent_id));
    }
    assert_eq!(told, ids);
}

#[test]
fn at_midnight_every_role_is_told_anew_though_nothing_happened_to_it() {
    let mut engine = Engine::new(Identity { instance: 1, seed: 3 });
    let model = ReadModel::new();
    for command in [catalogue(2), create(1, 1, "chat", 3)] {
        let outcome = engine.handle(command, START);
        model.observe(outcome.at, &outcome.events, engine.state());
    }
    let today = |delta: &super::Delta| delta.roles.iter().map(|view| view.today.arrived).sum::<u64>();
    assert_eq!(model.take_delta(START).as_ref().map(today), Some(1));
    let delta = model.take_delta(START + Millis::from_secs(86_400)).expect("another day");
    assert_eq!((delta.roles.len(), today(&delta)), (2, 0));
}

#[test]
fn what_hangs_on_a_role_is_shown_under_the_one_that_replaces_it() {
    let mut engine = Engine::new(Identity { instance: 1, seed: 3 });
    let model = ReadModel::new();
    let mut tell = |command: Command| {
        let outcome = engine.handle(command, START);
        model.observe(outcome.at, &outcome.events, engine.state());
        let rebuilt = ReadModel::new();
        rebuilt.rebuild(engine.state());
        assert_eq!(timeless(&model), timeless(&rebuilt));
    };
    let names = || model.roles(START).into_iter().map(|view| view.role).collect::<Vec<_>>();
    tell(catalogue(2));
    tell(Command::RegisterAgent { agent: agent(1), profile: Box::new(AgentProfile::of_roles([role(1)])) });
    tell(create(1, 1, "email", 3));
    let heir = Role { replaces: [role(1)].into(), ..Role::named(role(0)) };
    let roles = [(role(0), heir)].into();
    tell(Command::ReplaceCatalogue { catalogue: Arc::new(Catalogue { roles, ..Catalogue::default() }) });
    assert_eq!(names(), [role(0)]);
    let board = model.roles(START).remove(0);
    assert_eq!((board.waiting + board.unroutable as usize, board.staff.offline), (1, 1));
}

#[test]
fn a_channel_that_an_agent_has_switched_off_is_said_of_it() {
    let mut engine = Engine::new(Identity { instance: 1, seed: 3 });
    let model = ReadModel::new();
    let profile = AgentProfile::of_roles([role(0)]);
    let presence = |is_on| Command::SetPresence {
        agent: agent(0),
        status: Status::Online,
        name: None,
        reason: None,
        switches: [(ChannelName::parse("call").expect("a name"), is_on)].into(),
    };
    let mut off = Vec::new();
    for command in [
        catalogue(1),
        Command::RegisterAgent { agent: agent(0), profile: Box::new(profile) },
        presence(false),
        presence(true),
    ] {
        let outcome = engine.handle(command, START);
        model.observe(outcome.at, &outcome.events, engine.state());
        off.push(model.agent(&agent(0)).map(|card| card.channels_off.len()));
    }
    assert_eq!(off, [None, Some(0), Some(1), Some(0)]);
}

#[test]
fn why_somebody_is_away_is_said_until_another_status_and_may_change_alone() {
    let mut engine = Engine::new(Identity { instance: 1, seed: 3 });
    let model = ReadModel::new();
    let presence = |status, reason: Option<&str>, off: bool| Command::SetPresence {
        agent: agent(0),
        status,
        name: None,
        reason: reason.map(str::to_owned),
        switches: if off { [(ChannelName::parse("call").expect("a name"), false)].into() } else { BTreeMap::new() },
    };
    let profile = Box::new(AgentProfile::of_roles([role(0)]));
    let mut said = Vec::new();
    for command in [
        catalogue(1),
        Command::RegisterAgent { agent: agent(0), profile },
        presence(Status::Away, Some("lunch"), false),
        presence(Status::Away, None, true),
        presence(Status::Away, Some("training"), false),
        presence(Status::Online, None, false),
    ] {
        let outcome = engine.handle(command, START);
        model.observe(outcome.at, &outcome.events, engine.state());
        said.push(model.agent(&agent(0)).and_then(|card| card.reason));
    }
    let said: Vec<_> = said.iter().map(|reason| reason.as_deref()).collect();
    assert_eq!(said, [None, None, Some("lunch"), Some("lunch"), Some("training"), None]);
    let card = serde_json::to_value(model.agent(&agent(0))).expect("it is JSON");
    assert_eq!(card.get("reason"), None, "what is not there is left out");
}
