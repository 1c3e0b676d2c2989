//! A contact centre of a given size for measurements: the same in every run, with steady work to do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use rolecall::routing::command::AfterWork;
use rolecall::routing::role::Role;
use rolecall::routing::skill::{SkillLevel, Skills};
use rolecall::routing::{
    AgentId, AgentProfile, Catalogue, ChannelName, Command, Engine, Event, Identity, Millis, Outcome, Priority,
    RoleName, Status, TicketId, TicketSpec, TicketType, Timestamp,
};

/// How many roles there are; each agent has two of them.
const ROLES: usize = 8;
/// Ended tickets are forgotten soon: what is measured is routing, not how much is remembered.
const CLOSED_RETENTION: Millis = Millis::from_secs(60);

/// How many agents, and how many tickets wait where there is a backlog.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) name: &'static str,
    pub(crate) agents: usize,
    pub(crate) waiting: usize,
}

pub(crate) const SMALL: Size = Size { name: "1k_10k", agents: 1_000, waiting: 10_000 };
pub(crate) const MIDDLE: Size = Size { name: "10k_100k", agents: 10_000, waiting: 100_000 };
pub(crate) const LARGE: Size = Size { name: "100k_1m", agents: 100_000, waiting: 1_000_000 };

/// An engine at work, and who says what to it.
pub(crate) struct Centre {
    pub(crate) engine: Engine,
    now: Timestamp,
    arrived: u64,
    /// Whom offers were made to; some may be over.
    pub(crate) offered: VecDeque<(TicketId, AgentId)>,
    /// What is owned; some of it may have been taken back.
    pub(crate) owned: VecDeque<TicketId>,
    pub(crate) specs: Vec<TicketSpec>,
}

pub(crate) fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("names for measurements are names")
}

pub(crate) fn role(number: usize) -> RoleName {
    name(&format!("role-{}", number % ROLES))
}

pub(crate) fn catalogue() -> Catalogue {
    let roles = (0..ROLES).map(|number| {
        let ticket_types = BTreeSet::from([name::<TicketType>(&format!("type-{number}"))]);
        (role(number), Role { ticket_types, ..Role::named(role(number)) })
    });
    Catalogue { roles: roles.collect(), closed_retention: CLOSED_RETENTION, ..Catalogue::default() }
}

/// An agent's id.
pub(crate) fn agent(number: usize) -> AgentId {
    name(&format!("agent-{number:06}"))
}

/// Every agent has two roles, one of four languages, and one slot for tasks.
pub(crate) fn profile(number: usize) -> AgentProfile {
    let mut profile = AgentProfile::of_roles([role(number), role(number / ROLES)]);
    let language = name(["de", "en", "fr", "pl"][number / 3 % 4]);
    profile.skills = Skills([(language, SkillLevel::new(5).expect("a level"))].into());
    profile.limits.insert(name("task"), 1);
    profile
}

/// What tickets demand: a type, one of ten priorities, and one in four of them a language.
pub(crate) fn specs() -> Vec<TicketSpec> {
    let spec = |number: usize| {
        let mut spec = TicketSpec::on(name::<ChannelName>("task"));
        spec.asked_mut().kind = Some(name(&format!("type-{}", number % ROLES)));
        spec.asked_mut().priority =
            Priority::new(u8::try_from(number / ROLES % 10).expect("a digit")).expect("a level");
        if number.is_multiple_of(4) {
            let language = name(["de", "en", "fr", "pl"][number / 4 % 4]);
            spec.asked_mut().skills = Skills([(language, SkillLevel::new(3).expect("a level"))].into());
        }
        spec
    };
    (0..ROLES * 10 * 7).map(spec).collect()
}

impl Centre {
    /// All agents are there, and nothing waits.
    pub(crate) fn open(size: Size) -> Self {
        let mut centre = Self::of(catalogue(), specs());
        for number in 0..size.agents {
            centre.register(number, profile(number));
            centre.turn(agent(number), Status::Online);
        }
        centre
    }

    /// Nobody is there.
    pub(crate) fn of(catalogue: Catalogue, specs: Vec<TicketSpec>) -> Self {
        let mut centre = Self {
            engine: Engine::new(Identity { instance: 1, seed: 42 }),
            now: Timestamp(1_795_323_600_000),
            arrived: 0,
            offered: VecDeque::new(),
            owned: VecDeque::new(),
            specs,
        };
        centre.tell(Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) });
        centre
    }

    /// An agent is known, and not there.
    pub(crate) fn register(&mut self, number: usize, profile: AgentProfile) {
        self.tell(Command::RegisterAgent { agent: agent(number), profile: Box::new(profile) });
    }

    /// An agent comes or goes.
    pub(crate) fn turn(&mut self, agent: AgentId, status: Status) -> Outcome {
        self.tell(Command::SetPresence { agent, status, name: None, reason: None, switches: BTreeMap::new() })
    }

    /// Everybody works, and so many tickets wait.
    pub(crate) fn saturated(size: Size) -> Self {
        let mut centre = Self::open(size);
        for _ in 0..size.agents + size.waiting {
            centre.arrive();
        }
        centre
    }

    /// Half the agents work, and nothing waits.
    pub(crate) fn half_busy(size: Size) -> Self {
        let mut centre = Self::open(size);
        for _ in 0..size.agents / 2 {
            centre.arrive();
        }
        centre
    }

    /// A ticket comes.
    pub(crate) fn arrive(&mut self) -> Outcome {
        let command = self.next_ticket();
        self.tell(command)
    }

    /// What is said when the next ticket comes.
    pub(crate) fn next_ticket(&mut self) -> Command {
        let ticket = name(&format!("ticket-{:012}", self.arrived));
        let spec = self.specs[usize::try_from(self.arrived).expect("it fits") % self.specs.len()].clone();
        self.arrived += 1;
        Command::CreateTicket { ticket, spec: Box::new(spec) }
    }

    /// The ticket that has been owned for longest is done.
    pub(crate) fn complete(&mut self) -> Option<Outcome> {
        let ticket = self.owned.pop_front()?;
        Some(self.tell(Command::CompleteTicket { ticket, agent: None, outcome: None, then: AfterWork::Ready }))
    }

    /// Says something, a millisecond after the last thing that was said.
    pub(crate) fn tell(&mut self, command: Command) -> Outcome {
        self.now = self.now + Millis(1);
        while self.engine.next_timeout().is_some_and(|(due, _)| due <= self.now) {
            self.engine.handle(Command::Elapse, self.now);
        }
        let outcome = self.engine.handle(command, self.now);
        for event in &outcome.events {
            match event {
                Event::TicketAssigned { taking, .. } => self.owned.push_back(taking.ticket.clone()),
                Event::OfferMade { taking, .. } => {
                    self.offered.push_back((taking.ticket.clone(), taking.agent.clone()));
                }
                _ => {}
            }
        }
        outcome
    }
}
