//! rolecall's engine and its oracle, with all that they do besides: events, ids, explanations, timers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use rolecall::routing::command::AfterWork;
use rolecall::routing::naive::NaiveEngine;
use rolecall::routing::role::Role;
use rolecall::routing::skill::{SkillLevel, Skills};
use rolecall::routing::{
    AgentId, AgentProfile, Catalogue, ChannelName, Command, Engine, Event, Identity, Millis, Outcome, Priority,
    RoleName, Status, TicketId, TicketSpec, Timestamp,
};

use crate::Decider;
use crate::demand::{ROLES, Size, agent, ticket};

/// Ended tickets are forgotten soon: what is measured is routing, not how much is remembered.
const CLOSED_RETENTION: Millis = Millis::from_secs(60);

pub(crate) fn fast(size: Size) -> impl Decider {
    Centre::saturated(Engine::new(IDENTITY), size)
}

pub(crate) fn naive(size: Size) -> impl Decider {
    Centre::saturated(NaiveEngine::new(IDENTITY), size)
}

const IDENTITY: Identity = Identity { instance: 1, seed: 42 };

/// What both engines are to the outside.
trait Handles {
    fn handle(&mut self, command: Command, now: Timestamp) -> Outcome;
    fn due(&self, now: Timestamp) -> bool;
}

impl Handles for Engine {
    fn handle(&mut self, command: Command, now: Timestamp) -> Outcome {
        Self::handle(self, command, now)
    }

    fn due(&self, now: Timestamp) -> bool {
        self.next_timeout().is_some_and(|(due, _)| due <= now)
    }
}

impl Handles for NaiveEngine {
    fn handle(&mut self, command: Command, now: Timestamp) -> Outcome {
        Self::handle(self, command, now)
    }

    fn due(&self, now: Timestamp) -> bool {
        self.next_timeout().is_some_and(|due| due <= now)
    }
}

struct Centre<E> {
    engine: E,
    now: Timestamp,
    arrived: u32,
    owned: VecDeque<TicketId>,
}

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("names for measurements are names")
}

fn role(number: u32) -> RoleName {
    name(&format!("role-{number}"))
}

fn language(number: u32, level: u8) -> Skills {
    let language = name(["de", "en", "fr", "pl"][number as usize % 4]);
    Skills([(language, SkillLevel::new(level).expect("a level"))].into())
}

fn catalogue() -> Catalogue {
    let roles = (0..ROLES).map(|number| {
        let ticket_types = BTreeSet::from([name(&format!("type-{number}"))]);
        (role(number), Role { ticket_types, ..Role::named(role(number)) })
    });
    Catalogue { roles: roles.collect(), closed_retention: CLOSED_RETENTION, ..Catalogue::default() }
}

impl<E: Handles> Centre<E> {
    fn saturated(engine: E, size: Size) -> Self {
        let mut centre = Self { engine, now: Timestamp(1_795_323_600_000), arrived: 0, owned: VecDeque::new() };
        centre.tell(Command::ReplaceCatalogue { catalogue: Arc::new(catalogue()) });
        for number in 0..size.agents {
            let about = agent(number);
            let mut profile = AgentProfile::of_roles(about.roles.map(role));
            profile.skills = language(about.language, 5);
            profile.limits.insert(name("task"), 1);
            let agent: AgentId = name(&format!("agent-{number:06}"));
            centre.tell(Command::RegisterAgent { agent: agent.clone(), profile: Box::new(profile) });
            let status = Status::Online;
            centre.tell(Command::SetPresence { agent, status, name: None, reason: None, switches: BTreeMap::new() });
        }
        for _ in 0..size.agents + size.waiting {
            centre.arrive();
        }
        centre
    }

    fn arrive(&mut self) {
        let about = ticket(self.arrived);
        self.arrived += 1;
        let mut spec = TicketSpec::on(name::<ChannelName>("task"));
        spec.asked_mut().kind = Some(name(&format!("type-{}", about.role)));
        spec.asked_mut().priority = Priority::new(u8::try_from(about.priority).expect("a digit")).expect("a level");
        if let Some(number) = about.language {
            spec.asked_mut().skills = language(number, 3);
        }
        self.tell(Command::CreateTicket { ticket: name(&format!("ticket-{:09}", about.number)), spec: Box::new(spec) });
    }

    fn tell(&mut self, command: Command) {
        self.now = self.now + Millis(1);
        while self.engine.due(self.now) {
            self.engine.handle(Command::Elapse, self.now);
        }
        for event in &self.engine.handle(command, self.now).events {
            if let Event::TicketAssigned { taking, .. } = event {
                self.owned.push_back(taking.ticket.clone());
            }
        }
    }
}

impl<E: Handles> Decider for Centre<E> {
    fn decide(&mut self) {
        if let Some(ticket) = self.owned.pop_front() {
            self.tell(Command::CompleteTicket { ticket, agent: None, outcome: None, then: AfterWork::Ready });
        }
        self.arrive();
    }
}
