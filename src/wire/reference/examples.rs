//! One example of every event: shown in the reference, and run by the tests.

use std::collections::BTreeSet;

use crate::routing::agent::ChannelLoad;
use crate::routing::automation::Settings;
use crate::routing::command::{Command, Rejection};
use crate::routing::diversion::{CallbackNote, DiversionCause};
use crate::routing::escalation::EscalationCause;
use crate::routing::estimate::WaitRange;
use crate::routing::event::{Held, Taking};
use crate::routing::name::{
    AgentId, AssignmentId, AutomationName, ChannelName, Permission, RoleName, SkillName, TicketId,
};
use crate::routing::offer::{FallOut, Reason, Remark, RevokeCause, Trigger};
use crate::routing::role::{Role, Strategy};
use crate::routing::skill::{SkillLevel, Skills};
use crate::routing::ticket::{Closing, Demand, Handover, UnroutableCause};
use crate::routing::{
    AgentView, Catalogue, Event, Millis, Phase, Priority, RejectionCode, Status, Ticket, TicketSpec, Timestamp,
};

use super::super::outbound::Known;
use super::super::{Context, Encoder, EventKind, Outbound, RawEvent, decode};

/// The `data` of an inbound event.
#[must_use]
pub(in crate::wire) fn inbound(kind: EventKind) -> &'static str {
    match kind {
        EventKind::TicketCreated => {
            r#"{
  "ticket_id": "T-1001",
  "type": "invoice",
  "channel": "email",
  "priority": "high",
  "skills": { "de": 5 },
  "customer": { "id": "C-77", "tier": "vip", "language": "de" },
  "preferred_agent": "anna",
  "exclude_agents": ["ben"],
  "created_at": "2026-11-22T05:00:00Z",
  "due_at": "2026-11-22T05:15:00Z",
  "subject": "Wrong amount on invoice 4711",
  "attributes": { "amount": 119.5, "currency": "EUR", "reminders": 2, "paid": false }
}"#
        }
        EventKind::TicketUpdated => {
            r#"{ "ticket_id": "T-1001", "priority": "urgent", "due_at": null, "skills": ["de", "sepa"] }"#
        }
        EventKind::TicketCancelled => r#"{ "ticket_id": "T-1001", "reason": "solved by the customer" }"#,
        EventKind::TicketAccepted => {
            r#"{ "ticket_id": "T-1001", "agent_id": "anna", "assignment_id": "00000000000000a1-a7" }"#
        }
        EventKind::TicketDeclined => r#"{ "ticket_id": "T-1001", "agent_id": "anna", "reason": "on the phone" }"#,
        EventKind::TicketCompleted => r#"{ "ticket_id": "T-1001", "agent_id": "anna", "outcome": "refunded" }"#,
        EventKind::TicketTransferred => {
            r#"{ "ticket_id": "T-1001", "to_role": "technical", "by": "anna", "note": "the portal shows an error" }"#
        }
        EventKind::TicketReleased => r#"{ "ticket_id": "T-1001", "agent_id": "anna", "reason": "end of shift" }"#,
        EventKind::TicketPaused | EventKind::TicketResumed => r#"{ "ticket_id": "T-1001" }"#,
        EventKind::TicketClaimed => r#"{ "agent_id": "anna", "role": "billing" }"#,
        EventKind::TicketTaken => r#"{ "ticket_id": "T-1001", "agent_id": "anna", "role": "billing" }"#,
        EventKind::AgentReconciled => {
            r#"{
  "agent_id": "anna",
  "as_of": "2026-11-22T05:00:00Z",
  "tickets": ["T-1001", { "ticket_id": "T-1002", "channel": "email", "role": "billing" }]
}"#
        }
        EventKind::TicketReplied => r#"{ "ticket_id": "T-1001", "agent_id": "anna" }"#,
        EventKind::CallQueued => {
            r#"{ "ticket_id": "call-42", "type": "payment", "customer": { "language": "fr" }, "skills": ["fr"] }"#
        }
        EventKind::CallAnswered => r#"{ "ticket_id": "call-42", "agent_id": "anna" }"#,
        EventKind::CallRejected => r#"{ "ticket_id": "call-42", "agent_id": "anna", "reason": "no headset" }"#,
        EventKind::CallAbandoned => r#"{ "ticket_id": "call-42", "reason": "hung up" }"#,
        EventKind::CallEnded => r#"{ "ticket_id": "call-42", "agent_id": "anna", "wrap_up": false }"#,
        EventKind::AgentRegistered => {
            r#"{
  "agent_id": "anna",
  "name": "Anna Schmidt",
  "roles": ["billing", "vip"],
  "skills": { "de": 10, "fr": 6 },
  "limits": { "chat": 3, "call": 1 },
  "capacity": 100,
  "access": "agent",
  "ranks": { "billing": 1 },
  "deputy": "ben"
}"#
        }
        EventKind::AgentRemoved | EventKind::AgentHeartbeat => r#"{ "agent_id": "anna" }"#,
        EventKind::AgentPresence => r#"{ "agent_id": "anna", "status": "online", "channels": { "call": false } }"#,
        EventKind::WrapUpFinished => r#"{ "agent_id": "anna", "ticket_id": "call-42" }"#,
    }
}

/// The time at which the examples happen.
pub(in crate::wire) const AT: Timestamp = Timestamp(1_795_323_612_345);

fn ticket_id() -> TicketId {
    TicketId::parse("T-1001").expect("a name")
}

fn agent_id() -> AgentId {
    AgentId::parse("anna").expect("a name")
}

fn role_name() -> RoleName {
    RoleName::parse("billing").expect("a name")
}

fn channel() -> ChannelName {
    ChannelName::parse("email").expect("a name")
}

fn spec() -> TicketSpec {
    let body = inbound(EventKind::TicketCreated).as_bytes();
    let raw = RawEvent { body, kind: Some("ticket.created"), ..RawEvent::default() };
    match decode(&raw, &Catalogue::default()).expect("the example is a proper event").command {
        Command::CreateTicket { spec, .. } => *spec,
        other => panic!("a created ticket is to be created, not {other:?}"),
    }
}

fn demand() -> Demand {
    Demand {
        roles: vec![role_name(), RoleName::parse("technical").expect("a name")],
        rule: None,
        skills: Skills([(SkillName::parse("de").expect("a name"), SkillLevel::MIN)].into()),
        permissions: BTreeSet::new(),
        priority: Priority::URGENT,
        rank_max: Some(2),
    }
}

/// The ticket that the examples are about, as the engine knows it.
fn ticket() -> Ticket {
    let spec = spec();
    let created_at = spec.created_at.expect("the example says when");
    let handover = Handover { from: None, by: Some("ben".to_owned()), note: Some("has asked twice before".to_owned()) };
    let demand = Demand { priority: spec.asked.priority, ..demand() };
    Ticket {
        due_at: spec.beside.due_at.into(),
        attempt: 1,
        handover: Some(Box::new(handover)),
        phase: Phase::Waiting,
        ..Ticket::coming(ticket_id(), 40, (spec.into(), demand.into()), created_at)
    }
}

fn catalogue() -> Catalogue {
    let permissions = ["finance.view", "refund.issue"].map(|name| Permission::parse(name).expect("a name"));
    let role = Role { permissions: permissions.into(), ..Role::named(role_name()) };
    Catalogue { roles: [(role_name(), role)].into(), ..Catalogue::default() }
}

fn taking() -> Taking {
    Taking {
        ticket: ticket_id(),
        agent: agent_id(),
        assignment: AssignmentId::parse("00000000000000a1-a7").expect("a name"),
        role: role_name(),
        channel: channel(),
        cost: 0,
        attempt: 1,
        reason: std::sync::Arc::new(Reason {
            rule: None,
            trigger: Trigger::TicketArrived,
            strategy: Strategy::LongestIdle,
            considered: 5,
            eligible: 2,
            fell_out: FallOut { skill: 1, offline: 2, ..FallOut::default() },
            value: 1_795_323_000_000,
            runner_up: Some((AgentId::parse("carla").expect("a name"), 1_795_323_400_000)),
        }),
    }
}

fn held() -> Held {
    let Taking { ticket, agent, assignment, role, channel, .. } = taking();
    Held { ticket, agent, assignment, role, channel }
}

fn about_tickets() -> Vec<Event> {
    let (ticket, role, channel) = (ticket_id(), role_name(), channel());
    vec![
        Event::TicketQueued {
            ticket: ticket.clone(),
            role: role.clone(),
            channel: channel.clone(),
            position: 3,
            waiting: 12,
            estimated_wait: Some(Millis::from_secs(90)),
            wait_by_pace: Some(Millis::from_secs(120)),
            wait_range: Some(WaitRange { low: Millis::from_secs(40), high: Millis::from_secs(210) }),
            direction: None,
        },
        Event::TicketEscalated {
            ticket: ticket.clone(),
            role: role.clone(),
            channel: channel.clone(),
            step: 1,
            demand: demand().into(),
            cause: EscalationCause::After,
        },
        Event::TicketAtRisk {
            ticket: ticket.clone(),
            role: role.clone(),
            channel: channel.clone(),
            due_at: AT + Millis::from_secs(180),
            position: Some(2),
            estimated_wait: Some(Millis::from_secs(240)),
        },
        Event::TicketDeferred {
            ticket: ticket.clone(),
            role: role.clone(),
            channel: channel.clone(),
            opens_at: Timestamp(1_795_503_600_000),
            due_at: None,
        },
        Event::TicketDiverted {
            ticket: ticket.clone(),
            role: role.clone(),
            channel: channel.clone(),
            cause: DiversionCause::Full,
            demand: Demand { roles: vec![RoleName::parse("general").expect("a name")], ..demand() }.into(),
            due_at: None,
        },
        Event::TicketClosed {
            ticket: ticket.clone(),
            role: Some(role.clone()),
            channel: channel.clone(),
            how: Closing::CalledBack,
            cause: DiversionCause::Waited.as_str().to_owned(),
            callback: Some(Box::new(CallbackNote { waited: Millis::from_secs(600), spec: spec() })),
            service: None,
        },
        Event::TicketBreached {
            ticket: ticket.clone(),
            role: role.clone(),
            channel: channel.clone(),
            due_at: Timestamp(1_795_323_600_000),
        },
        Event::TicketAutomated {
            ticket: ticket.clone(),
            role: Some(role.clone()),
            channel: channel.clone(),
            automation: AutomationName::parse("VIP waits too long").expect("a name"),
            agent: None,
            set: Box::new(Settings {
                role: Some(RoleName::parse("supervisors").expect("a name")),
                priority: Some(Priority::URGENT),
                ..Settings::default()
            }),
            notify: Some("A VIP has been waiting for five minutes".to_owned()),
        },
        Event::TicketUnroutable {
            ticket: ticket.clone(),
            role: Some(role.clone()),
            channel: channel.clone(),
            cause: UnroutableCause::NoAgentWithSkill,
        },
        Event::TicketClosed {
            ticket: ticket.clone(),
            role: Some(role.clone()),
            channel: channel.clone(),
            how: Closing::Expired,
            cause: "expired".to_owned(),
            callback: None,
            service: None,
        },
        Event::TicketClosed {
            ticket,
            role: Some(role),
            channel,
            how: Closing::Cancelled,
            cause: "solved by the customer".to_owned(),
            callback: None,
            service: None,
        },
    ]
}

fn about_assignments() -> Vec<Event> {
    let taking = taking();
    vec![
        Event::OfferMade { taking: taking.clone(), expires_at: AT + Millis::from_secs(30) },
        Event::TicketAssigned {
            taking,
            priority: Priority::HIGH,
            waited: Millis(12_345),
            due_at: ticket().due_at.get(),
            answer: None,
        },
        Event::OfferDeclined { held: held(), reason: Some("on the phone".to_owned()) },
        Event::OfferExpired { held: held() },
        Event::AssignmentRevoked {
            held: held(),
            cause: RevokeCause::Transferred,
            remark: Remark {
                by: Some("anna".to_owned()),
                note: Some("the portal shows an error".to_owned()),
                ..Remark::NONE
            },
        },
        Event::AssignmentPaused { held: held() },
        Event::AssignmentResumed { held: held(), cost: 0 },
        Event::AssignmentCompleted {
            held: held(),
            waited: Millis(12_345),
            handled: Millis(271_828),
            outcome: Some("refunded".to_owned()),
            wrap_up_until: None,
        },
    ]
}

fn about_others() -> Vec<Event> {
    let load = ["chat", "email"].map(|name| ChannelName::parse(name).expect("a name"));
    let view = AgentView {
        status: Status::Online,
        status_name: None,
        reason: None,
        load: load
            .into_iter()
            .zip([(2, 3), (0, 5)])
            .map(|(name, (used, limit))| (name, ChannelLoad { used, limit }))
            .collect(),
        wrapping_up: 1,
    };
    vec![
        Event::AgentChanged { agent: agent_id(), view },
        Event::AgentReconciled {
            agent: agent_id(),
            taken: vec![ticket_id()],
            created: vec![TicketId::parse("T-1002").expect("a name")],
            returned: Vec::new(),
            ended: Vec::new(),
        },
        Event::CommandRejected {
            rejection: Rejection {
                code: RejectionCode::StaleAssignment,
                detail: "the offer to anna has lapsed".to_owned(),
            },
            ticket: Some(ticket_id()),
            agent: Some(agent_id()),
        },
        Event::CatalogueReplaced {
            catalogue: std::sync::Arc::new(catalogue()),
            changes: vec!["role billing: strategy longest_idle → rank".to_owned()],
            version: 4,
        },
    ]
}

/// One message of every type that goes out, in the order in which the page has them.
#[must_use]
pub(in crate::wire) fn outbound() -> Vec<Outbound> {
    let encoder = Encoder::new("rolecall-1", 0xa1);
    let (ticket, catalogue) = (ticket(), catalogue());
    let known = Known { ticket: Some(&ticket), catalogue: &catalogue };
    let context = Context { correlation_id: Some("7f3c-1".to_owned()), ..Context::default() };
    let events = about_tickets().into_iter().chain(about_assignments()).chain(about_others());
    events
        .zip(41..)
        .map(|(event, seq)| encoder.encode_with(&event, seq, AT, &known, &context).expect("the outside is told of it"))
        .collect()
}
