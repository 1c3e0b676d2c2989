//! A small contact centre, drawn at random: few names, so that commands meet one another.
#![expect(clippy::unwrap_used, reason = "the names and levels that are drawn from are written here, and are valid")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use rolecall::routing::agent::AgentProfile;
use rolecall::routing::catalogue::{AgentRules, Rule, RuleActions};
use rolecall::routing::channel::{Acceptance, Channel, OwnerGrace};
use rolecall::routing::command::{AfterWork, TransferTo};
use rolecall::routing::role::{Dispatch, Order, OverflowStep, Role, ServiceTarget, Strategy as Choice};
use rolecall::routing::skill::{SkillLevel, Skills};
use rolecall::routing::ticket::{TicketChanges, TicketSpec};
use rolecall::routing::{
    AgentId, Catalogue, ChannelName, Command, Millis, Patch, Permission, Priority, RoleName, RuleName, SkillName,
    Status, TicketId, TicketType, Timestamp,
};

pub(crate) const ROLES: [&str; 3] = ["billing", "technical", "vip"];
pub(crate) const AGENTS: [&str; 5] = ["ana", "ben", "cleo", "dan", "eve"];
pub(crate) const CHANNELS: [&str; 4] = ["call", "chat", "email", "fax"];
const SKILLS: [&str; 2] = ["de", "networking"];
const PERMISSIONS: [&str; 2] = ["refund.issue", "log.read"];
const TICKETS: u32 = 12;

fn one_of(names: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(names)
}

fn role_name() -> impl Strategy<Value = RoleName> {
    one_of(&ROLES).prop_map(|name| RoleName::parse(name).unwrap())
}

fn agent_id() -> impl Strategy<Value = AgentId> {
    one_of(&AGENTS).prop_map(|name| AgentId::parse(name).unwrap())
}

fn ticket_id() -> impl Strategy<Value = TicketId> {
    (0..TICKETS).prop_map(|n| TicketId::parse(&format!("t{n}")).unwrap())
}

fn channel_name() -> impl Strategy<Value = ChannelName> {
    one_of(&CHANNELS).prop_map(|name| ChannelName::parse(name).unwrap())
}

fn some<T: Clone + std::fmt::Debug>(inner: impl Strategy<Value = T>, often: f64) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(often, inner)
}

fn skills(max: u8) -> impl Strategy<Value = Skills> {
    let level = (1..=max).prop_map(|level| SkillLevel::new(level).unwrap());
    let skill = one_of(&SKILLS).prop_map(|name| SkillName::parse(name).unwrap());
    proptest::collection::btree_map(skill, level, 0..2).prop_map(Skills)
}

fn permissions() -> impl Strategy<Value = BTreeSet<Permission>> {
    let permission = one_of(&PERMISSIONS).prop_map(|name| Permission::parse(name).unwrap());
    proptest::collection::btree_set(permission, 0..2)
}

fn millis(seconds_max: u64) -> impl Strategy<Value = Millis> {
    (0..=seconds_max).prop_map(Millis::from_secs)
}

fn channel() -> impl Strategy<Value = Channel> {
    let acceptance = prop_oneof![Just(Acceptance::Auto), Just(Acceptance::Offer)];
    let grace = prop_oneof![Just(OwnerGrace::Keep), millis(90).prop_map(OwnerGrace::After)];
    (0_u32..120, 0_u32..4, acceptance, 1_u64..40, millis(30), grace).prop_map(
        |(cost, limit, acceptance, offer, wrap_up, owner_grace)| Channel {
            cost,
            limit,
            acceptance,
            offer_timeout: Millis::from_secs(offer),
            wrap_up,
            owner_grace,
        },
    )
}

fn strategy() -> impl Strategy<Value = Choice> {
    proptest::sample::select(vec![
        Choice::LongestIdle,
        Choice::LeastLoaded,
        Choice::MostLoaded,
        Choice::RoundRobin,
        Choice::Random,
        Choice::Rank,
        Choice::MostSkilled,
        Choice::LeastFlexible,
        Choice::RingAll,
    ])
}

fn ladder() -> impl Strategy<Value = Vec<OverflowStep>> {
    let step = (proptest::collection::vec(role_name(), 0..2), any::<bool>(), 0_u8..4).prop_map(
        |(add_roles, drop_skills, raise_priority)| OverflowStep {
            after: Millis::ZERO,
            add_roles,
            drop_skills,
            raise_priority,
        },
    );
    proptest::collection::vec(step, 0..3).prop_map(|mut steps| {
        for (n, step) in (1..).zip(&mut steps) {
            step.after = Millis::from_secs(20 * n);
        }
        steps
    })
}

fn role(name: &'static str) -> impl Strategy<Value = Role> {
    let order = proptest::sample::select(vec![Order::Priority, Order::Deadline, Order::Aged, Order::Fifo]);
    let dispatch = prop_oneof![4 => Just(Dispatch::Push), 1 => Just(Dispatch::Pull)];
    let acceptance = some(prop_oneof![Just(Acceptance::Auto), Just(Acceptance::Offer)], 0.5);
    let numbers = (1_u32..3, 1_u32..4, millis(60), millis(20), some(millis(60), 0.5));
    let name = RoleName::parse(name).unwrap();
    (strategy(), order, dispatch, acceptance, numbers, ladder(), permissions()).prop_map(
        move |(strategy, order, dispatch, acceptance, numbers, overflow, permissions)| {
            let (weight, ring_max, decline_cooldown, sticky_wait, answer_within) = numbers;
            Role {
                strategy,
                order,
                dispatch,
                acceptance,
                weight,
                ring_max,
                decline_cooldown,
                sticky_wait,
                overflow,
                permissions,
                ticket_types: [TicketType::parse(name.as_str()).unwrap()].into(),
                target: answer_within.map(|answer_within| ServiceTarget { answer_within, for_share_permille: 900 }),
                ..Role::named(name.clone())
            }
        },
    )
}

/// Any catalogue of the three roles, or of two of them.
pub(crate) fn catalogue() -> impl Strategy<Value = Arc<Catalogue>> {
    let channels = proptest::collection::btree_map(channel_name(), channel(), 0..4);
    let roles = (role(ROLES[0]), role(ROLES[1]), some(role(ROLES[2]), 0.8));
    let rule = Rule {
        name: RuleName::parse("VIP customers").unwrap(),
        when: "customer.tier == 'vip'".to_owned(),
        set: RuleActions { raise_priority: 3, ..RuleActions::default() },
    };
    (channels, roles, some(role_name(), 0.5), 0_u32..3).prop_map(move |(channels, (a, b, c), default_role, missed)| {
        let roles: BTreeMap<_, _> =
            [Some(a), Some(b), c].into_iter().flatten().map(|role| (role.name.clone(), role)).collect();
        let default_role = default_role.filter(|name| roles.contains_key(name));
        let agents = AgentRules { missed_offers_max: missed, ..AgentRules::default() };
        Arc::new(Catalogue { channels, roles, rules: vec![rule.clone()], default_role, agents, ..Catalogue::default() })
    })
}

fn spec(now: i64) -> impl Strategy<Value = TicketSpec> {
    let times = (some(0..=now, 0.2), some(now - 50_000..now + 100_000, 0.1), some(now..now + 60_000, 0.1));
    let agents = (some(agent_id(), 0.2), proptest::collection::btree_set(agent_id(), 0..2));
    let demands = (skills(9), permissions(), 0_u8..10);
    let kind = some(one_of(&ROLES).prop_map(|name| TicketType::parse(name).unwrap()), 0.7);
    let tier = some(Just("vip".to_owned()), 0.2);
    (channel_name(), some(role_name(), 0.4), kind, demands, agents, times, tier).prop_map(
        |(channel, role, kind, (skills, permissions, priority), (preferred, excluded), times, tier)| {
            let (created, expires, not_before) = times;
            let mut spec = TicketSpec::on(channel);
            spec.role = role;
            spec.kind = kind;
            spec.skills = skills;
            spec.permissions = permissions;
            spec.priority = Priority::new(priority).unwrap();
            spec.preferred_agent = preferred;
            spec.exclude_agents = excluded;
            spec.created_at = created.map(Timestamp);
            spec.expires_at = expires.map(Timestamp);
            spec.not_before = not_before.map(Timestamp);
            spec.customer.tier = tier;
            spec
        },
    )
}

fn profile() -> impl Strategy<Value = AgentProfile> {
    let roles = proptest::collection::btree_set(role_name(), 1..3);
    let limits = proptest::collection::btree_map(channel_name(), 0_u32..4, 0..3);
    let ranks = proptest::collection::btree_map(role_name(), 1_u32..3, 0..2);
    (roles, skills(10), limits, some(50_u32..250, 0.5), ranks).prop_map(|(roles, skills, limits, capacity, ranks)| {
        AgentProfile { skills, limits, capacity, ranks, ..AgentProfile::of_roles(roles) }
    })
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![5 => Just(Status::Online), 1 => Just(Status::Away), 1 => Just(Status::Busy), 2 => Just(Status::Offline)]
}

fn changes(now: i64) -> impl Strategy<Value = TicketChanges> {
    let patch_role = prop_oneof![Just(Patch::Keep), Just(Patch::Clear), role_name().prop_map(Patch::Set)];
    let priority = some((0_u8..10).prop_map(|p| Priority::new(p).unwrap()), 0.5);
    let not_before =
        prop_oneof![3 => Just(Patch::Keep), 1 => (now..now + 30_000).prop_map(|t| Patch::Set(Timestamp(t)))];
    (patch_role, priority, some(skills(9), 0.3), some(channel_name(), 0.2), not_before).prop_map(
        |(role, priority, skills, channel, not_before)| TicketChanges {
            role,
            priority,
            skills,
            channel,
            not_before,
            ..TicketChanges::default()
        },
    )
}

/// Any command at that time, answers among them to offers that may or may not be open.
pub(crate) fn command(now: i64) -> impl Strategy<Value = Command> {
    let transfer = prop_oneof![role_name().prop_map(TransferTo::Role), agent_id().prop_map(TransferTo::Agent)];
    let after = prop_oneof![Just(AfterWork::WrapUp), Just(AfterWork::Ready)];
    let switches = proptest::collection::btree_map(channel_name(), any::<bool>(), 0..2);
    prop_oneof![
        8 => (ticket_id(), spec(now)).prop_map(|(ticket, spec)| Command::CreateTicket { ticket, spec: Box::new(spec) }),
        2 => (ticket_id(), changes(now))
            .prop_map(|(ticket, changes)| Command::UpdateTicket { ticket, changes: Box::new(changes) }),
        1 => ticket_id().prop_map(|ticket| Command::CancelTicket { ticket, reason: None }),
        6 => (ticket_id(), agent_id())
            .prop_map(|(ticket, agent)| Command::AcceptOffer { ticket, agent, assignment: None }),
        3 => (ticket_id(), agent_id())
            .prop_map(|(ticket, agent)| Command::DeclineOffer { ticket, agent, assignment: None, reason: None }),
        5 => (ticket_id(), after)
            .prop_map(|(ticket, then)| Command::CompleteTicket { ticket, agent: None, outcome: None, then }),
        2 => (ticket_id(), transfer, some(one_of(&AGENTS), 0.3)).prop_map(|(ticket, to, by)| {
            Command::TransferTicket { ticket, to, by: by.map(str::to_owned), note: None }
        }),
        2 => ticket_id().prop_map(|ticket| Command::ReleaseTicket { ticket, agent: None, reason: None }),
        2 => ticket_id().prop_map(|ticket| Command::PauseTicket { ticket }),
        2 => ticket_id().prop_map(|ticket| Command::ResumeTicket { ticket }),
        2 => (agent_id(), some(role_name(), 0.3), some(ticket_id(), 0.5))
            .prop_map(|(agent, role, ticket)| Command::ClaimTicket { agent, role, ticket }),
        5 => (agent_id(), profile())
            .prop_map(|(agent, profile)| Command::RegisterAgent { agent, profile: Box::new(profile) }),
        1 => agent_id().prop_map(|agent| Command::RemoveAgent { agent }),
        7 => (agent_id(), status(), switches)
            .prop_map(|(agent, status, switches)| Command::SetPresence { agent, status, reason: None, switches }),
        1 => agent_id().prop_map(|agent| Command::Heartbeat { agent }),
        2 => (agent_id(), some(ticket_id(), 0.3)).prop_map(|(agent, ticket)| Command::FinishWrapUp { agent, ticket }),
        1 => catalogue().prop_map(|catalogue| Command::ReplaceCatalogue { catalogue }),
        6 => Just(Command::Elapse),
    ]
}

/// A life: a catalogue, and what happens under it, each with the seconds since the step before.
pub(crate) fn life(steps_max: usize) -> impl Strategy<Value = (Arc<Catalogue>, Vec<(u32, Command)>)> {
    (catalogue(), proptest::collection::vec((0_u32..15_000, command(60_000)), 1..steps_max))
}
