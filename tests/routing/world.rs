//! A small contact centre, drawn at random: few names, so that commands meet one another.
#![expect(clippy::unwrap_used, reason = "the names and levels that are drawn from are written here, and are valid")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use rolecall::routing::admission::Admission;
use rolecall::routing::agent::AgentProfile;
use rolecall::routing::automation::{Automation, AutomationActions, Occasion};
use rolecall::routing::catalogue::{AgentRules, Rule, RuleActions};
use rolecall::routing::channel::{Acceptance, Channel, OwnerGrace};
use rolecall::routing::command::{AfterWork, OwnedTicket, TransferTo};
use rolecall::routing::cooldown::Cooldowns;
use rolecall::routing::diversion::Diversion;
use rolecall::routing::escalation::StepConditions;
use rolecall::routing::hours::{Day, DayPart, Hours};
use rolecall::routing::owning::Owning;
use rolecall::routing::pacing::{Allowance, Pacing};
use rolecall::routing::permission::{AccessGrants, AccessLevel};
use rolecall::routing::returning::Returning;
use rolecall::routing::role::{Dispatch, Order, OverflowStep, Role, ServiceTarget, Strategy as Choice};
use rolecall::routing::roles::Roles;
use rolecall::routing::serving::ServeFirst;
use rolecall::routing::skill::{SkillLevel, Skills};
use rolecall::routing::split::Split;
use rolecall::routing::staffing::Staffing;
use rolecall::routing::ticket::{Customer, Phase, TicketChanges, TicketSpec};
use rolecall::routing::zone::Zone;
use rolecall::routing::{
    AgentId, AssignmentId, AutomationName, Catalogue, ChannelName, Command, HoursName, Millis, PassedOn, Patch,
    Permission, Priority, RoleName, RuleName, SkillName, State, Status, StatusName, TicketId, TicketType, Timestamp,
};

pub(crate) const ROLES: [&str; 3] = ["billing", "technical", "vip"];
pub(crate) const AGENTS: [&str; 5] = ["ana", "ben", "cleo", "dan", "eve"];
pub(crate) const CHANNELS: [&str; 4] = ["call", "chat", "email", "fax"];
const SKILLS: [&str; 2] = ["de", "networking"];
const PERMISSIONS: [&str; 2] = ["refund.issue", "log.read"];
/// Few, for commands to meet them; more than are alive at once, for an ended one stays ended for a while.
const TICKETS: u32 = 30;

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
    proptest::collection::btree_map(skill, level, 0..2).prop_map(|levels| Skills(levels.into_iter().collect()))
}

fn permission() -> impl Strategy<Value = Permission> {
    one_of(&PERMISSIONS).prop_map(|name| Permission::parse(name).unwrap())
}

fn permissions() -> impl Strategy<Value = BTreeSet<Permission>> {
    proptest::collection::btree_set(permission(), 0..2)
}

fn access() -> impl Strategy<Value = AccessLevel> {
    proptest::sample::select(AccessLevel::ALL.to_vec())
}

fn priority() -> impl Strategy<Value = Priority> {
    (0_u8..10).prop_map(|level| Priority::new(level).unwrap())
}

fn millis(seconds_max: u64) -> impl Strategy<Value = Millis> {
    (0..=seconds_max).prop_map(Millis::from_secs)
}

fn channel() -> impl Strategy<Value = Channel> {
    let acceptance = prop_oneof![Just(Acceptance::Auto), Just(Acceptance::Offer)];
    let interrupts =
        prop_oneof![2 => Just(BTreeSet::new()), 1 => proptest::collection::btree_set(channel_name(), 1..3)];
    (0_u32..120, 0_u32..4, acceptance, 1_u64..40, millis(30), grace(), interrupts).prop_map(
        |(cost, limit, acceptance, offer, wrap_up, owner_grace, interrupts)| Channel {
            cost,
            limit,
            acceptance,
            offer_timeout: Millis::from_secs(offer),
            wrap_up,
            owner_grace,
            interrupts,
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

fn conditions() -> impl Strategy<Value = StepConditions> {
    (some(0_u32..4, 0.3), some(millis(30), 0.2), proptest::bool::weighted(0.2), proptest::bool::weighted(0.2)).prop_map(
        |(waiting_over, estimated_wait_over, unless_offline, at_once_if_offline)| StepConditions {
            waiting_over,
            estimated_wait_over,
            unless_offline,
            at_once_if_offline,
        },
    )
}

fn ladder() -> impl Strategy<Value = Vec<OverflowStep>> {
    let conditions = prop_oneof![1 => Just(StepConditions::default()), 1 => conditions()];
    let widening = (proptest::collection::vec(role_name(), 0..2), any::<bool>(), 0_u8..4, some(1_u32..4, 0.4));
    let step = (widening, prop_oneof![2 => Just(0_u8), 1 => 1_u8..6], conditions).prop_map(
        |((add_roles, drop_skills, raise_priority, rank_max), lower_skills, conditions)| OverflowStep {
            after: Millis::ZERO,
            add_roles,
            drop_skills,
            raise_priority,
            lower_skills,
            rank_max,
            conditions,
        },
    );
    proptest::collection::vec((step, any::<bool>()), 0..4).prop_map(|steps| {
        let mut after = Millis::from_secs(0);
        let timed = |(mut step, later): (OverflowStep, bool)| {
            after = if later || step.conditions.is_none() { Millis(after.0 + 20_000) } else { after };
            step.after = after;
            step
        };
        steps.into_iter().map(timed).collect()
    })
}

fn grace() -> impl Strategy<Value = OwnerGrace> {
    prop_oneof![Just(OwnerGrace::Keep), millis(90).prop_map(OwnerGrace::After)]
}

fn owning() -> impl Strategy<Value = Owning> {
    (some(grace(), 0.3), some(1_u64..90, 0.3))
        .prop_map(|(owner_grace, within)| Owning { owner_grace, first_reply_within: within.map(Millis::from_secs) })
}

fn returning() -> impl Strategy<Value = Returning> {
    (some(1_u64..120, 0.4), some(1_u64..120, 0.4)).prop_map(|(last_agent, resume_within)| Returning {
        last_agent: last_agent.map(Millis::from_secs),
        resume_within: resume_within.map(Millis::from_secs),
    })
}

/// Few, so that customers come back.
fn customer_id() -> impl Strategy<Value = Option<String>> {
    some(one_of(&["carl", "cora", "curt"]).prop_map(str::to_owned), 0.7)
}

fn cooldowns() -> impl Strategy<Value = Cooldowns> {
    (some(millis(60), 0.3), some(millis(60), 0.3)).prop_map(|(no_answer, busy)| Cooldowns { no_answer, busy })
}

/// Of some tickets it is said that they are at risk as soon as they come.
fn target() -> impl Strategy<Value = ServiceTarget> {
    let at_risk = some((1_u64..60).prop_map(Millis::from_secs), 0.6);
    (millis(60), at_risk).prop_map(|(answer_within, at_risk)| ServiceTarget {
        answer_within,
        for_share_permille: 900,
        at_risk,
    })
}

fn diversion() -> impl Strategy<Value = Diversion> {
    prop_oneof![
        3 => role_name().prop_map(Diversion::Role),
        1 => Just(Diversion::Callback),
        1 => Just(Diversion::Cancel),
    ]
}

/// In most roles everything may wait.
fn admission() -> impl Strategy<Value = Admission> {
    let hours = (some(one_of(&HOURS), 0.6), some(diversion(), 0.6));
    let bounded = (hours, some(1_u64..60, 0.5), diversion(), some(0_u32..4, 0.5), diversion()).prop_map(
        |((hours, when_closed), max_wait, when_waited, max_waiting, when_full)| Admission {
            hours: hours.map(|name| HoursName::parse(name).unwrap()),
            when_closed,
            max_wait: max_wait.map(Millis::from_secs),
            when_waited,
            max_waiting,
            when_full,
        },
    );
    prop_oneof![2 => Just(Admission::default()), 1 => bounded]
}

const HOURS: [&str; 2] = ["office", "hotline"];

/// Some minutes of the first hours of the calendar, on which lives are lived; seldom that day is closed.
fn hours() -> impl Strategy<Value = BTreeMap<HoursName, Hours>> {
    let part = (0_u16..60, 1_u16..20);
    let parts = proptest::collection::vec(part, 1..4);
    let hours = (time_zone(), parts, proptest::bool::weighted(0.1)).prop_map(|(zone, parts, closed)| {
        let ahead = if zone.is_default() { 0 } else { 60 };
        let parts = parts.iter().map(|(from, length)| DayPart { from: from + ahead, to: from + ahead + length });
        let day = Day::parse("1970-01-01").unwrap();
        let mut hours = Hours { zone, closed_on: closed.then_some(day).into_iter().collect(), ..Hours::default() };
        hours.week[3] = parts.collect();
        hours
    });
    let named = one_of(&HOURS).prop_map(|name| HoursName::parse(name).unwrap());
    proptest::collection::btree_map(named, hours, 0..3)
}

/// No role sends its tickets to itself.
fn without_own_role(mut admission: Admission, own: &RoleName) -> Admission {
    let diversions = [&mut admission.when_waited, &mut admission.when_full];
    for diversion in admission.when_closed.iter_mut().chain(diversions) {
        if diversion.role() == Some(own) {
            *diversion = Diversion::Callback;
        }
    }
    admission
}

fn role(name: &'static str) -> impl Strategy<Value = Role> {
    let order = proptest::sample::select(vec![Order::Priority, Order::Deadline, Order::Aged, Order::Fifo]);
    let dispatch = prop_oneof![4 => Just(Dispatch::Push), 1 => Just(Dispatch::Pull)];
    let acceptance = some(prop_oneof![Just(Acceptance::Auto), Just(Acceptance::Offer)], 0.5);
    let numbers = (1_u32..3, 1_u32..4, millis(60), millis(20), some(target(), 0.5));
    let lengths = (some(1_u64..40, 0.3), some(millis(30), 0.3), millis(60), (cooldowns(), owning(), returning()));
    let narrowed = (some(proptest::collection::btree_set(channel_name(), 1..3), 0.2), some(permission(), 0.1));
    let staffing = (some(1_u32..3, 0.4), prop_oneof![2 => Just(0_u32), 1 => 1_u32..3]);
    let staffing = staffing.prop_map(|(rank_max, reserve)| Staffing { rank_max, reserve });
    let staffing = (staffing, admission().boxed());
    let name = RoleName::parse(name).unwrap();
    (strategy(), order, dispatch, acceptance, numbers, (ladder(), staffing), permissions(), lengths, narrowed).prop_map(
        move |(
            strategy,
            order,
            dispatch,
            acceptance,
            numbers,
            (overflow, (staffing, admission)),
            permissions,
            lengths,
            narrowed,
        )| {
            let (weight, ring_max, decline_cooldown, sticky_wait, target) = numbers;
            let (offer_timeout, wrap_up, priority_worth, (cooldowns, owning, returning)) = lengths;
            let (channels, denied) = narrowed;
            Role {
                offer_timeout: offer_timeout.map(Millis::from_secs),
                wrap_up,
                priority_worth,
                channels,
                permissions_denied: denied.into_iter().collect(),
                strategy,
                order,
                dispatch,
                acceptance,
                weight,
                ring_max,
                decline_cooldown,
                cooldowns,
                owning,
                returning,
                sticky_wait,
                overflow,
                staffing,
                admission: without_own_role(admission, &name),
                permissions,
                ticket_types: [TicketType::parse(name.as_str()).unwrap()].into(),
                target,
                ..Role::named(name.clone())
            }
        },
    )
}

/// Rules that set a bit of everything, each there or not.
fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let rule = (one_of(&CONDITIONS), actions()).prop_map(|(when, set)| Rule {
        name: RuleName::parse(when).unwrap(),
        when: when.to_owned(),
        set,
    });
    proptest::collection::vec(rule, 0..4)
}

/// What rules ask about: the ticket, the time, the queues.
const CONDITIONS: [&str; 8] = [
    "customer.tier == 'vip'",
    "channel == 'chat' && priority < 3",
    "age > 30 || due_in < 10",
    "hour == 1 && weekday == 'thu' && date == '1970-01-01'",
    "'ana' in exclude_agents && starts_in == null",
    "queue.billing.waiting > 1",
    "queue['technical'].free == 0",
    "queue.exists(role, queue[role].online > 2)",
];

fn actions() -> impl Strategy<Value = RuleActions> {
    let split = proptest::collection::btree_map(role_name(), 0_u32..3, 0..3).prop_map(Split);
    let set = (some(role_name(), 0.4), split, some(priority(), 0.2), 0_u8..4, skills(5), permissions());
    set.prop_map(|(role, split, priority, raise_priority, skills, permissions)| RuleActions {
        role,
        split,
        priority,
        raise_priority,
        skills,
        permissions,
    })
}

/// Automations that set a bit of everything, often none.
fn automations() -> impl Strategy<Value = Vec<Automation>> {
    let occasion = proptest::sample::select(vec![
        Occasion::Waiting,
        Occasion::Owned,
        Occasion::Silent,
        Occasion::Created,
        Occasion::Updated,
        Occasion::RoleChanged,
        Occasion::Returned,
        Occasion::AtRisk,
        Occasion::Breached,
    ]);
    let demands = (some(priority(), 0.2), prop_oneof![2 => Just(0_u8), 1 => 1_u8..4], skills(5), permissions());
    let set = (some(role_name(), 0.5), demands, any::<bool>());
    let when = some(one_of(&AUTOMATION_CONDITIONS), 0.5);
    let one = (occasion, 1_u64..60, when, 1_u8..4, set, some(Just("look".to_owned()), 0.5)).prop_map(
        |(on, after, when, times, (role, (priority, raise_priority, skills, permissions), release), notify)| {
            let set = AutomationActions { role, priority, raise_priority, skills, permissions, release };
            let after = if on.is_timed() { Millis::from_secs(after) } else { Millis::ZERO };
            let name = AutomationName::parse("unnamed").unwrap();
            Automation { name, on, after, when: when.map(str::to_owned), times, set, notify }
        },
    );
    let named = |mut all: Vec<Automation>| {
        for (number, automation) in all.iter_mut().enumerate() {
            automation.name = AutomationName::parse(&format!("automation {number}")).unwrap();
        }
        all
    };
    prop_oneof![1 => Just(Vec::new()), 1 => proptest::collection::vec(one, 1..5).prop_map(named)]
}

/// What automations ask about beyond what rules do.
const AUTOMATION_CONDITIONS: [&str; 5] = [
    "customer.tier == 'vip'",
    "role == 'billing'",
    "role != 'technical' && priority < 6",
    "queue.billing.waiting > 1 || age > 20",
    "channel == 'chat' || channel == 'email'",
];

/// In one of them it is an hour later.
fn time_zone() -> impl Strategy<Value = Zone> {
    one_of(&["UTC", "Europe/Berlin"]).prop_map(|name| Zone::parse(name).unwrap())
}

fn agent_rules() -> impl Strategy<Value = AgentRules> {
    let silence = prop_oneof![4 => Just(Millis::ZERO), 1 => (30_u64..300).prop_map(Millis::from_secs)];
    let idleness = prop_oneof![4 => Just(Millis::ZERO), 1 => (30_u64..300).prop_map(Millis::from_secs)];
    let ramp = (1_u32..4, 1_u64..40).prop_map(|(count, s)| Allowance { count, window: Millis::from_secs(s) });
    let pacing = (some(ramp, 0.3), some(2_u32..10, 0.1)).prop_map(|(ramp, per_hour)| Pacing { ramp, per_hour });
    let serve_first = prop_oneof![2 => Just(ServeFirst::GreatestNeed), 1 => Just(ServeFirst::BestRank)];
    (0_u32..3, prop_oneof![Just(100), 20_u32..300], silence, idleness, pacing, serve_first).prop_map(
        |(missed_offers_max, capacity, heartbeat_timeout, idle_timeout, pacing, serve_first)| AgentRules {
            capacity,
            missed_offers_max,
            heartbeat_timeout,
            idle_timeout,
            pacing,
            serve_first,
        },
    )
}

/// Any catalogue of the three roles, or of two of them, one of which may come in the place of the third; rarely of none.
pub(crate) fn catalogue() -> impl Strategy<Value = Arc<Catalogue>> {
    let channels = proptest::collection::btree_map(channel_name(), channel(), 0..4).boxed();
    // Boxed, for what is drawn stands on the stack of a test, which is small.
    let role = |name| role(name).boxed();
    let roles = (
        role(ROLES[0]),
        role(ROLES[1]),
        some(role(ROLES[2]), 0.8),
        some(0_usize..2, 0.8),
        proptest::bool::weighted(0.06),
    );
    let grants = proptest::collection::btree_map(access(), permissions(), 0..2).prop_map(AccessGrants);
    let numbers = (10_u64..600, time_zone(), (automations(), hours()).boxed());
    (channels, roles, some(role_name(), 0.5), rules(), agent_rules().boxed(), grants, numbers).prop_map(
        move |(
            channels,
            (a, b, c, heir, has_none),
            default_role,
            rules,
            agents,
            access,
            (retention, time_zone, (automations, hours)),
        )| {
            let mut roles: rolecall::routing::roles::Roles =
                [Some(a), Some(b), c].into_iter().flatten().map(|role| (role.name.clone(), role)).collect();
            if let Some(heir) = heir.filter(|_| roles.len() < ROLES.len()) {
                roles.values_mut().nth(heir).unwrap().replaces.insert(RoleName::parse(ROLES[2]).unwrap());
            }
            if has_none {
                roles = Roles::default();
            }
            let default_role = default_role.filter(|name| roles.contains_key(name));
            let closed_retention = Millis::from_secs(retention);
            Arc::new(Catalogue {
                channels,
                roles,
                rules,
                automations,
                default_role,
                access,
                agents,
                closed_retention,
                time_zone,
                hours,
                ..Catalogue::default()
            })
        },
    )
}

/// Why an agent has its status, where it says so.
fn reason() -> impl Strategy<Value = Option<String>> {
    some(one_of(&["a break", "a meeting"]).prop_map(str::to_owned), 0.3)
}

fn spec(now: i64) -> impl Strategy<Value = TicketSpec> {
    let times = (
        some(0..=now, 0.2),
        some(now - 50_000..now + 100_000, 0.1),
        some(now..now + 60_000, 0.1),
        some(now - 20_000..now + 60_000, 0.2),
    );
    let agents = (some(agent_id(), 0.2), proptest::collection::btree_set(agent_id(), 0..2));
    let demands = (skills(9), permissions(), priority());
    let kind = some(one_of(&ROLES).prop_map(|name| TicketType::parse(name).unwrap()), 0.7);
    let customer = (some(Just("vip".to_owned()), 0.2), customer_id());
    let passed_on = some(Just(PassedOn { traceparent: Some("00-1".into()), extensions: None }), 0.3);
    (channel_name(), some(role_name(), 0.4), kind, demands, agents, times, (customer, passed_on)).prop_map(
        |(channel, role, kind, demands, (preferred, excluded), times, ((tier, id), passed_on))| {
            let (skills, permissions, priority) = demands;
            let (created, expires, not_before, due) = times;
            let mut spec = TicketSpec::on(channel);
            spec.asked_mut().role = role;
            spec.asked_mut().kind = kind;
            spec.asked_mut().skills = skills;
            spec.asked_mut().permissions = permissions.into();
            spec.asked_mut().priority = priority;
            spec.beside.preferred_agent = preferred;
            spec.beside.exclude_agents = excluded.into();
            spec.created_at = created.map(Timestamp);
            spec.beside.expires_at = expires.map(Timestamp);
            spec.beside.not_before = not_before.map(Timestamp);
            spec.beside.due_at = due.map(Timestamp);
            spec.beside.customer = Customer { id, tier, language: None }.into();
            spec.beside.passed_on = passed_on.map(Arc::new);
            spec
        },
    )
}

fn profile() -> impl Strategy<Value = AgentProfile> {
    let roles = proptest::collection::btree_set(role_name(), 1..3);
    let limits = proptest::collection::btree_map(channel_name(), 0_u32..4, 0..3);
    let ranks = proptest::collection::btree_map(role_name(), 1_u32..4, 0..3);
    let access = prop_oneof![3 => Just(AccessLevel::Agent), 1 => access()];
    let bounds = (some(50_u32..250, 0.5), some(1_u32..8, 0.1));
    (roles, skills(10), limits, bounds, ranks, access, some(agent_id(), 0.5)).prop_map(
        |(roles, skills, limits, (capacity, per_hour), ranks, access, deputy)| AgentProfile {
            deputy,
            skills,
            limits: limits.into_iter().collect(),
            capacity,
            per_hour,
            ranks,
            access,
            ..AgentProfile::of_roles(roles)
        },
    )
}

/// Few, so that agents of one profile are met.
fn common_profile() -> impl Strategy<Value = AgentProfile> {
    (role_name(), 0_u32..3).prop_map(|(role, limit)| {
        let mut profile = AgentProfile::of_roles([role]);
        if limit < 2 {
            profile.limits.insert(ChannelName::parse(CHANNELS[1]).unwrap(), limit);
        }
        profile
    })
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        6 => Just(Status::Online),
        1 => Just(Status::Away),
        1 => Just(Status::Busy),
        1 => Just(Status::Draining),
        2 => Just(Status::Offline),
    ]
}

fn patch<T: Clone + std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Patch<T>> {
    prop_oneof![6 => Just(Patch::Keep), 1 => Just(Patch::Clear), 2 => value.prop_map(Patch::Set)]
}

/// A change of any member, of most none.
fn changes(now: i64) -> impl Strategy<Value = TicketChanges> {
    let kind = patch(one_of(&ROLES).prop_map(|name| TicketType::parse(name).unwrap()));
    let classifying = (patch(role_name()), kind, some(priority(), 0.3), some(channel_name(), 0.2));
    let excluded = proptest::collection::btree_set(agent_id(), 0..2);
    let demands = (some(skills(9), 0.2), some(permissions(), 0.2), patch(agent_id()), some(excluded, 0.2));
    let at = |from: i64, to: i64| patch((now + from..now + to).prop_map(Timestamp));
    let times = (at(-20_000, 60_000), at(0, 30_000), at(-5_000, 60_000), some(0..=now, 0.1));
    let customer = some((some(Just("vip".to_owned()), 0.5), customer_id()), 0.1);
    (classifying, demands, times, customer).prop_map(|(classifying, demands, times, customer)| {
        let (role, kind, priority, channel) = classifying;
        let (skills, permissions, preferred_agent, exclude_agents) = demands;
        let (due_at, not_before, expires_at, created_at) = times;
        TicketChanges {
            kind,
            channel,
            priority,
            role,
            skills,
            permissions,
            customer: customer.map(|(tier, id)| Customer { id, tier, language: None }),
            preferred_agent,
            exclude_agents,
            created_at: created_at.map(Timestamp),
            due_at,
            not_before,
            expires_at,
            ..TicketChanges::default()
        }
    })
}

fn owned_ticket() -> impl Strategy<Value = OwnedTicket> {
    (ticket_id(), channel_name(), some(role_name(), 0.3)).prop_map(|(ticket, channel, role)| OwnedTicket {
        ticket,
        channel,
        role,
    })
}

/// Any command at that time, answers among them to offers that may or may not be open.
fn command(now: i64) -> impl Strategy<Value = Command> {
    let transfer = prop_oneof![role_name().prop_map(TransferTo::Role), agent_id().prop_map(TransferTo::Agent)];
    let after = prop_oneof![Just(AfterWork::WrapUp), Just(AfterWork::Ready)];
    let switches = proptest::collection::btree_map(channel_name(), any::<bool>(), 0..2);
    prop_oneof![
        8 => (ticket_id(), spec(now)).prop_map(|(ticket, spec)| Command::CreateTicket { ticket, spec: Box::new(spec) }),
        2 => (ticket_id(), changes(now))
            .prop_map(|(ticket, changes)| Command::UpdateTicket { ticket, changes: Box::new(changes) }),
        2 => ticket_id().prop_map(|ticket| Command::CancelTicket { ticket, reason: None }),
        6 => (ticket_id(), agent_id())
            .prop_map(|(ticket, agent)| Command::AcceptOffer { ticket, agent, assignment: None }),
        3 => (ticket_id(), agent_id(), some(one_of(&["busy", "lunch"]), 0.5)).prop_map(|(ticket, agent, reason)| {
            Command::DeclineOffer { ticket, agent, assignment: None, reason: reason.map(str::to_owned) }
        }),
        5 => (ticket_id(), some(agent_id(), 0.3), after)
            .prop_map(|(ticket, agent, then)| Command::CompleteTicket { ticket, agent, outcome: None, then }),
        2 => (ticket_id(), transfer, some(one_of(&AGENTS), 0.3)).prop_map(|(ticket, to, by)| {
            Command::TransferTicket { ticket, to, by: by.map(str::to_owned), note: by.map(|by| format!("ask {by}")) }
        }),
        2 => (ticket_id(), some(agent_id(), 0.2))
            .prop_map(|(ticket, agent)| Command::ReleaseTicket { ticket, agent, reason: Some("lunch".to_owned()) }),
        2 => ticket_id().prop_map(|ticket| Command::PauseTicket { ticket }),
        2 => ticket_id().prop_map(|ticket| Command::ResumeTicket { ticket }),
        2 => (agent_id(), some(role_name(), 0.3), some(ticket_id(), 0.5))
            .prop_map(|(agent, role, ticket)| Command::ClaimTicket { agent, role, ticket }),
        3 => (ticket_id(), agent_id(), some(role_name(), 0.3))
            .prop_map(|(ticket, agent, role)| Command::TakeTicket { ticket, agent, role }),
        3 => (agent_id(), proptest::collection::vec(owned_ticket(), 0..6), some(now - 20_000..now + 5_000, 0.5))
            .prop_map(|(agent, tickets, as_of)| {
                Command::ReconcileAgent { agent, tickets, as_of: as_of.map(Timestamp) }
            }),
        3 => (ticket_id(), some(agent_id(), 0.3)).prop_map(|(ticket, agent)| Command::NoteReply { ticket, agent }),
        5 => (agent_id(), prop_oneof![2 => profile().boxed(), 1 => common_profile()])
            .prop_map(|(agent, profile)| Command::RegisterAgent { agent, profile: Box::new(profile) }),
        1 => agent_id().prop_map(|agent| Command::RemoveAgent { agent }),
        7 => (agent_id(), status(), some(one_of(&["lunch", "training"]), 0.2), reason(), switches)
            .prop_map(|(agent, status, name, reason, switches)| {
                let name = name.map(|name| StatusName::parse(name).unwrap());
                Command::SetPresence { agent, status, name, reason, switches }
            }),
        1 => agent_id().prop_map(|agent| Command::Heartbeat { agent }),
        1 => agent_id().prop_map(|agent| Command::ExcuseSilence { agent }),
        2 => (agent_id(), some(ticket_id(), 0.3)).prop_map(|(agent, ticket)| Command::FinishWrapUp { agent, ticket }),
        2 => catalogue().boxed().prop_map(|catalogue| Command::ReplaceCatalogue { catalogue }),
        6 => Just(Command::Elapse),
    ]
}

/// When the commands of a life are drawn to happen; a step moves their times to when it does.
const DRAWN_AT: i64 = 60_000;

/// Which assignment id an answer names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answered {
    None,
    Right,
    Wrong,
}

/// What happens, and when.
#[derive(Debug, Clone)]
pub(crate) struct Move {
    /// Milliseconds since the step before; less than nothing where the clock was set back.
    pub(crate) wait: i64,
    /// Whether what is due by then happens first.
    pub(crate) in_time: bool,
    command: Command,
    /// Which of the tickets to which the command can be done it is about; any ticket where `None`.
    aim: Option<prop::sample::Index>,
    answered: Answered,
}

impl Move {
    fn at_once(command: Command) -> Self {
        Self { wait: 0, in_time: true, command, aim: None, answered: Answered::None }
    }

    /// The command, when it is said at that time to an engine in that state.
    pub(crate) fn command(&self, state: &State, now: Timestamp) -> Command {
        let mut command = self.command.clone();
        move_times(&mut command, now.0 - DRAWN_AT);
        if let Some(aim) = self.aim {
            point(&mut command, state, aim);
            leave_unknown_roles(&mut command, state);
        }
        if let Command::CompleteTicket { ticket, agent, .. }
        | Command::ReleaseTicket { ticket, agent, .. }
        | Command::NoteReply { ticket, agent } = &mut command
            && matches!(self.answered, Answered::Right)
        {
            let owner = state.ticket(ticket).and_then(|ticket| ticket.phase.ownership());
            *agent = owner.map(|owner| owner.agent.clone());
        }
        if let Command::AcceptOffer { ticket, agent, assignment }
        | Command::DeclineOffer { ticket, agent, assignment, .. } = &mut command
        {
            *assignment = self.assignment(state, ticket, agent);
        }
        command
    }

    fn assignment(&self, state: &State, ticket: &TicketId, agent: &AgentId) -> Option<AssignmentId> {
        let phase = state.ticket(ticket).map(|ticket| &ticket.phase);
        let offered = phase.and_then(|phase| phase.offer_to(agent)).map(|offer| &offer.assignment);
        let right = offered.or(phase.and_then(Phase::ownership).map(|owner| &owner.assignment)).cloned();
        match self.answered {
            Answered::None => None,
            Answered::Right => right,
            Answered::Wrong => Some(AssignmentId::parse("of-another-time").unwrap()),
        }
    }
}

/// Points a command at a ticket, and an agent, that it fits.
fn point(command: &mut Command, state: &State, aim: prop::sample::Index) {
    let mut tickets: Vec<_> = state.tickets().filter(|it| fits(command, &it.phase)).collect();
    tickets.sort_by_key(|ticket| &ticket.id);
    if tickets.is_empty() {
        return;
    }
    let aimed = aim.get(&tickets);
    match command {
        Command::AcceptOffer { ticket, agent, .. } | Command::DeclineOffer { ticket, agent, .. } => {
            agent.clone_from(&aim.get(aimed.phase.offers()).agent);
            ticket.clone_from(&aimed.id);
        }
        Command::CompleteTicket { ticket, .. }
        | Command::TransferTicket { ticket, .. }
        | Command::ReleaseTicket { ticket, .. }
        | Command::NoteReply { ticket, .. }
        | Command::TakeTicket { ticket, .. }
        | Command::UpdateTicket { ticket, .. }
        | Command::CancelTicket { ticket, .. }
        | Command::PauseTicket { ticket }
        | Command::ResumeTicket { ticket }
        | Command::ClaimTicket { ticket: Some(ticket), .. } => ticket.clone_from(&aimed.id),
        _ => {}
    }
}

/// An agent is registered for what there is: under a catalogue without roles for none.
fn leave_unknown_roles(command: &mut Command, state: &State) {
    if let Command::RegisterAgent { profile, .. } = command {
        Arc::make_mut(&mut profile.roles).retain(|role| state.catalogue().roles.contains_key(role));
    }
}

/// Whether that can be done to a ticket in that phase.
fn fits(command: &Command, phase: &Phase) -> bool {
    match command {
        Command::AcceptOffer { .. } | Command::DeclineOffer { .. } => !phase.offers().is_empty(),
        Command::CompleteTicket { .. } | Command::ReleaseTicket { .. } | Command::NoteReply { .. } => {
            phase.ownership().is_some()
        }
        Command::PauseTicket { .. } => matches!(phase, Phase::Assigned(_)),
        Command::ResumeTicket { .. } => matches!(phase, Phase::Paused(_)),
        Command::ClaimTicket { .. } => matches!(phase, Phase::Waiting | Phase::Unroutable(_) | Phase::Offered(_)),
        _ => true,
    }
}

fn move_times(command: &mut Command, by: i64) {
    let shift = |time: &mut Timestamp| time.0 += by;
    match command {
        Command::CreateTicket { spec, .. } => {
            let beside = &mut *spec.beside;
            let times = [&mut spec.created_at, &mut beside.due_at, &mut beside.not_before, &mut beside.expires_at];
            times.into_iter().flatten().for_each(shift);
        }
        Command::ReconcileAgent { as_of, .. } => as_of.iter_mut().for_each(shift),
        Command::UpdateTicket { changes, .. } => {
            changes.created_at.iter_mut().for_each(shift);
            for patch in [&mut changes.due_at, &mut changes.not_before, &mut changes.expires_at] {
                if let Patch::Set(time) = patch {
                    shift(time);
                }
            }
        }
        _ => {}
    }
}

fn move_of(command: impl Strategy<Value = Command>) -> impl Strategy<Value = Move> {
    let wait = prop_oneof![3 => Just(0), 10 => 0_i64..15_000, 1 => 0_i64..120_000, 1 => -5_000_i64..0];
    let answered = prop_oneof![4 => Just(Answered::None), 2 => Just(Answered::Right), 1 => Just(Answered::Wrong)];
    (wait, proptest::bool::weighted(0.8), command, some(any::<prop::sample::Index>(), 0.8), answered)
        .prop_map(|(wait, in_time, command, aim, answered)| Move { wait, in_time, command, aim, answered })
}

pub(crate) fn one_move() -> impl Strategy<Value = Move> {
    move_of(command(DRAWN_AT))
}

/// What happens before there are roles: agents, many of them alike, come and go, and tickets wait for a role.
fn move_before_roles() -> impl Strategy<Value = Move> {
    let register = |agent, profile| Command::RegisterAgent { agent, profile: Box::new(profile) };
    let switches = proptest::collection::btree_map(channel_name(), any::<bool>(), 0..2);
    move_of(prop_oneof![
        4 => (agent_id(), common_profile()).prop_map(move |(agent, profile)| register(agent, profile)),
        6 => (agent_id(), status(), reason(), switches)
            .prop_map(|(agent, status, reason, switches)| Command::SetPresence {
                agent, status, name: None, reason, switches
            }),
        1 => agent_id().prop_map(|agent| Command::RemoveAgent { agent }),
        3 => command(DRAWN_AT).boxed(),
    ])
}

/// What happens where capacity units are short: tickets come, and customers leave and come back.
fn move_on_units() -> impl Strategy<Value = Move> {
    move_of(prop_oneof![
        6 => (ticket_id(), spec(DRAWN_AT))
            .prop_map(|(ticket, spec)| Command::CreateTicket { ticket, spec: Box::new(spec) }),
        4 => ticket_id().prop_map(|ticket| Command::PauseTicket { ticket }),
        4 => ticket_id().prop_map(|ticket| Command::ResumeTicket { ticket }),
        2 => ticket_id().prop_map(|ticket| Command::CompleteTicket {
            ticket, agent: None, outcome: None, then: AfterWork::Ready
        }),
        4 => command(DRAWN_AT).boxed(),
    ])
}

/// The same centre, whose tickets take up the better part of an agent, and go to agents without being asked for.
fn short_of_units(catalogue: &Catalogue) -> Catalogue {
    let mut short = catalogue.clone();
    short.agents.capacity = 100;
    for (name, cost) in CHANNELS.iter().zip([100, 25, 50]) {
        let name = ChannelName::parse(name).unwrap();
        let channel = short.channels.entry(name.clone()).or_insert_with(|| Channel::default_for(&name));
        (channel.cost, channel.limit, channel.acceptance) = (cost, 3, Acceptance::Auto);
    }
    short.roles.values_mut().for_each(|role| role.acceptance = Some(Acceptance::Auto));
    short
}

/// Two agents who do all work of that centre are there.
fn two_for_everything(catalogue: &Catalogue) -> impl Iterator<Item = Move> {
    AGENTS[..2].iter().map(|name| AgentId::parse(name).unwrap()).flat_map(|agent| {
        let profile = Box::new(AgentProfile::of_roles(catalogue.roles.keys().cloned()));
        let status = Status::Online;
        [
            Command::RegisterAgent { agent: agent.clone(), profile },
            Command::SetPresence { agent, status, name: None, reason: None, switches: BTreeMap::new() },
        ]
        .map(Move::at_once)
    })
}

/// A life: a catalogue, and what happens under it. Now and then one begins before there are roles, and now and then
/// capacity units are short.
pub(crate) fn life(steps_max: usize) -> impl Strategy<Value = (Arc<Catalogue>, Vec<Move>)> {
    let before_roles = proptest::collection::vec(move_before_roles(), 1..=steps_max.div_ceil(3));
    let moves = proptest::collection::vec(one_move(), 1..=steps_max);
    let on_units = proptest::collection::vec(move_on_units(), 1..=steps_max);
    let ordinary = (catalogue(), some(before_roles, 0.06), moves).prop_map(|(catalogue, before_roles, moves)| {
        let Some(mut all) = before_roles else { return (catalogue, moves) };
        let none = Arc::new(Catalogue { roles: Roles::default(), default_role: None, ..Catalogue::clone(&catalogue) });
        all.push(Move::at_once(Command::ReplaceCatalogue { catalogue }));
        all.extend(moves);
        (none, all)
    });
    let short = (catalogue(), on_units).prop_map(|(catalogue, moves)| {
        let catalogue = Arc::new(short_of_units(&catalogue));
        let all = two_for_everything(&catalogue).chain(moves).collect();
        (catalogue, all)
    });
    prop_oneof![6 => ordinary.boxed(), 1 => short.boxed()]
}
