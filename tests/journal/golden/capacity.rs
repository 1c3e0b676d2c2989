//! Tiers by rank, interruption, pace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rolecall::journal::Entry;
use rolecall::routing::catalogue::AgentRules;
use rolecall::routing::channel::Channel;
use rolecall::routing::escalation::StepConditions;
use rolecall::routing::event::{Intake, Taking};
use rolecall::routing::offer::{FallOut, Reason};
use rolecall::routing::pacing::{Allowance, Pacing};
use rolecall::routing::role::{OverflowStep, Role};
use rolecall::routing::staffing::Staffing;
use rolecall::routing::ticket::{Demand, UnroutableCause};
use rolecall::routing::{AgentProfile, Catalogue, ChannelName, Command, Event, Millis, Timestamp};

use super::{agent, channel, demand, profile, role, spec, taking, ticket};

pub(super) fn entries() -> Vec<Entry> {
    let widened = OverflowStep {
        after: Millis(60_000),
        add_roles: Vec::new(),
        drop_skills: false,
        raise_priority: 0,
        lower_skills: 0,
        rank_max: Some(2),
        conditions: StepConditions::default(),
    };
    let tiered = Role {
        staffing: Staffing { rank_max: Some(1), ..Staffing::default() },
        overflow: vec![widened],
        ..Role::named(role())
    };
    let calls = Channel {
        interrupts: BTreeSet::from([ChannelName::parse("chat").expect("a name")]),
        ..Channel::default_for(&channel())
    };
    let ramp = Some(Allowance { count: 1, window: Millis(10_000) });
    let catalogue = Arc::new(Catalogue {
        channels: BTreeMap::from([(channel(), calls)]),
        roles: [(role(), tiered)].into(),
        agents: AgentRules { pacing: Pacing { ramp, per_hour: Some(12) }, ..AgentRules::default() },
        ..Catalogue::default()
    });
    let replaced = Event::CatalogueReplaced { catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1 };
    let demand = Demand { rank_max: Some(1), ..demand() }.into();
    let intake = Intake { spec: spec().into(), demand, created_at: Timestamp(5), due_at: None };
    let fell_out = FallOut { rank: 1, interrupted: 2, paced: 3, ..FallOut::default() };
    let reason = Reason { fell_out, ..Reason::clone(&taking().reason) };
    let unroutable = Event::TicketUnroutable {
        ticket: ticket(),
        role: Some(role()),
        channel: channel(),
        cause: UnroutableCause::NoAgentWithRank,
    };
    let profile = Box::new(AgentProfile { per_hour: Some(3), ..profile() });
    let registered = Event::AgentRegistered { agent: agent(), profile: profile.clone() };
    let commands = [
        (Command::ReplaceCatalogue { catalogue }, vec![replaced]),
        (
            Command::CreateTicket { ticket: ticket(), spec: Box::new(spec()) },
            vec![
                Event::TicketCreated { ticket: ticket(), intake: Box::new(intake) },
                unroutable,
                Event::OfferMade { taking: Taking { reason: reason.into(), ..taking() }, expires_at: Timestamp(8) },
            ],
        ),
        (Command::RegisterAgent { agent: agent(), profile }, vec![registered]),
        (Command::Elapse, vec![Event::PaceEnded { agent: agent() }]),
    ];
    let entry =
        |(place, (command, events))| Entry { first_seq: place, at: Timestamp(1_700_000_000_000), command, events };
    (1..).zip(commands).map(entry).collect()
}
