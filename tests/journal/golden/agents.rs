//! Agents: their presence, what is asked of them as owners, and what they take by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use rolecall::journal::Entry;
use rolecall::routing::agent::AgentView;
use rolecall::routing::catalogue::AgentRules;
use rolecall::routing::channel::OwnerGrace;
use rolecall::routing::command::OwnedTicket;
use rolecall::routing::event::{Sign, Taking};
use rolecall::routing::offer::{Reason, Remark, RevokeCause, Trigger};
use rolecall::routing::owning::Owning;
use rolecall::routing::role::Role;
use rolecall::routing::{
    AgentId, AgentProfile, Catalogue, Command, Event, Millis, Priority, Status, StatusName, TicketId, Timestamp,
};

use super::{agent, channel, entries, held, profile, role, taking, ticket};

/// Statuses of the catalogue's own, draining, idleness.
pub(super) fn presence() -> Vec<Entry> {
    let lunch = || StatusName::parse("lunch").expect("a name");
    let catalogue = Catalogue {
        agents: AgentRules { idle_timeout: Millis(1_800_000), ..AgentRules::default() },
        statuses: BTreeMap::from([(lunch(), Status::Away)]),
        ..Catalogue::default()
    };
    let replaced = Event::CatalogueReplaced { catalogue: Arc::new(catalogue.clone()), changes: Vec::new(), version: 1 };
    let (name, switches, reason) = (Some(lunch()), BTreeMap::new(), None);
    let changed = Event::PresenceChanged { agent: agent(), status: Status::Draining, name, switches, reason };
    let view = AgentView { status: Status::Draining, status_name: Some(lunch()), ..AgentView::default() };
    let told = Event::AgentChanged { agent: agent(), view };
    let seen = Event::AgentSeen { agent: agent(), sign: Sign::Act };
    let (name, switches, reason) = (Some(lunch()), BTreeMap::new(), None);
    let commands = [
        (Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) }, vec![replaced]),
        (
            Command::SetPresence { agent: agent(), status: Status::Draining, name, reason, switches },
            vec![changed, told],
        ),
        (Command::ExcuseSilence { agent: agent() }, vec![seen]),
    ];
    entries(commands)
}

/// Why somebody is away, as it is told.
pub(super) fn reason() -> Vec<Entry> {
    let (name, switches, reason) = (None, BTreeMap::new(), Some("lunch".to_owned()));
    let command = Command::SetPresence {
        agent: agent(),
        status: Status::Away,
        name: None,
        reason: reason.clone(),
        switches: BTreeMap::new(),
    };
    let changed = Event::PresenceChanged { agent: agent(), status: Status::Away, name, switches, reason };
    let view = AgentView { status: Status::Away, reason: Some("lunch".into()), ..AgentView::default() };
    entries([(command, vec![changed, Event::AgentChanged { agent: agent(), view }])])
}

/// Deputies, and what is asked of owners.
pub(super) fn leaving() -> Vec<Entry> {
    let mut role = Role::named(role());
    let owner_grace = Some(OwnerGrace::After(Millis(60_000)));
    role.owning = Owning { owner_grace, first_reply_within: Some(Millis(600_000)) };
    let catalogue = Catalogue { roles: [(role.name.clone(), role)].into(), ..Catalogue::default() };
    let replaced = Event::CatalogueReplaced { catalogue: Arc::new(catalogue.clone()), changes: Vec::new(), version: 1 };
    let profile = Box::new(AgentProfile { deputy: Some(AgentId::parse("ben").expect("a name")), ..profile() });
    let registered = Event::AgentRegistered { agent: agent(), profile: profile.clone() };
    let replied = Event::OwnerReplied { ticket: ticket(), agent: agent() };
    let revoked = Event::AssignmentRevoked { held: held(), cause: RevokeCause::Timeout, remark: Remark::NONE };
    entries([
        (Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) }, vec![replaced]),
        (Command::RegisterAgent { agent: agent(), profile }, vec![registered]),
        (Command::NoteReply { ticket: ticket(), agent: Some(agent()) }, vec![replied]),
        (Command::Elapse, vec![revoked]),
    ])
}

/// What agents take by hand, and what the helpdesk says that they own.
pub(super) fn by_hand() -> Vec<Entry> {
    let owned = OwnedTicket { ticket: ticket(), channel: channel(), role: Some(role()) };
    let reason = Reason { trigger: Trigger::Taken, ..Reason::clone(&taking().reason) };
    let assigned = Event::TicketAssigned {
        taking: Taking { reason: reason.into(), ..taking() },
        priority: Priority::NORMAL,
        waited: Millis(10),
        due_at: None,
        answer: None,
    };
    let revoked = Event::AssignmentRevoked { held: held(), cause: RevokeCause::Supervisor, remark: Remark::NONE };
    let reconciled = Event::AgentReconciled {
        agent: agent(),
        taken: vec![ticket()],
        created: vec![TicketId::parse("T-2").expect("a name")],
        returned: vec![TicketId::parse("T-3").expect("a name")],
        ended: vec![TicketId::parse("T-4").expect("a name")],
    };
    entries([
        (Command::TakeTicket { ticket: ticket(), agent: agent(), role: Some(role()) }, vec![assigned]),
        (
            Command::ReconcileAgent { agent: agent(), tickets: vec![owned], as_of: Some(Timestamp(5)) },
            vec![revoked, reconciled],
        ),
    ])
}
