//! A contact centre that lives by itself: what a real journal is full of.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rolecall::journal::Entry;
use rolecall::routing::channel::Acceptance;
use rolecall::routing::command::AfterWork;
use rolecall::routing::role::{Role, ServiceTarget};
use rolecall::routing::ticket::{Customer, Scalar};
use rolecall::routing::{
    AgentId, AgentProfile, Catalogue, ChannelName, Command, Engine, Event, Identity, Millis, Outcome, RoleName, State,
    Status, TicketId, TicketSpec, Timestamp,
};

const ROLES: u64 = 8;
const CHANNELS: [&str; 4] = ["email", "chat", "call", "social"];
/// Agents of an open centre.
const AGENTS: u64 = 400;
/// Tickets that are worked on at a time, once the centre is busy; the oldest is completed for each that comes.
const UNDER_WAY: usize = 600;
/// Between two commands.
const STEP: Millis = Millis(20);

/// An engine, and all that it was told and said.
pub(crate) struct World {
    engine: Engine,
    now: Timestamp,
    created: u64,
    owned: VecDeque<TicketId>,
    offered: VecDeque<(TicketId, AgentId)>,
    entries: Vec<Entry>,
}

impl World {
    /// Nobody is online: whatever comes waits.
    pub(crate) fn closed() -> Self {
        Self::closed_as(Identity { instance: 1, seed: 1 })
    }

    /// As [`World::closed`], for a journal.
    pub(crate) fn closed_as(identity: Identity) -> Self {
        let mut world = Self {
            engine: Engine::new(identity),
            now: Timestamp(1_790_000_000_000),
            created: 0,
            owned: VecDeque::new(),
            offered: VecDeque::new(),
            entries: Vec::new(),
        };
        world.tell(Command::ReplaceCatalogue { catalogue: Arc::new(catalogue()) });
        world
    }

    /// Everybody is there.
    pub(crate) fn open(identity: Identity) -> Self {
        let mut world = Self::closed_as(identity);
        world.register(AGENTS);
        for number in 0..AGENTS {
            world.tell(Command::SetPresence {
                agent: agent(number),
                status: Status::Online,
                name: None,
                reason: None,
                switches: BTreeMap::new(),
            });
        }
        world
    }

    pub(crate) fn state(&self) -> &State {
        self.engine.state()
    }

    /// So many agents, offline, of two roles each.
    pub(crate) fn register(&mut self, count: u64) {
        for number in 0..count {
            let mut profile = AgentProfile::of_roles([role(number % ROLES), role((number + 3) % ROLES)]);
            profile.name = Some(format!("Agent of the {number}th desk"));
            self.tell(Command::RegisterAgent { agent: agent(number), profile: Box::new(profile) });
        }
    }

    /// So many tickets come.
    pub(crate) fn queue(&mut self, count: u64) {
        for _ in 0..count {
            self.create();
        }
    }

    /// Something happens: what is there is completed or answered, what is due happens, or a ticket comes. Gives the
    /// entries.
    pub(crate) fn live(&mut self) -> Vec<Entry> {
        if self.engine.next_timeout().is_some_and(|(due, _)| due <= self.now) {
            self.tell(Command::Elapse);
        } else if let Some((ticket, agent)) = self.offered.pop_front() {
            self.tell(Command::AcceptOffer { ticket, agent, assignment: None });
        } else if self.owned.len() > UNDER_WAY {
            let ticket = self.owned.pop_front().expect("there are many");
            self.tell(Command::CompleteTicket { ticket, agent: None, outcome: None, then: AfterWork::WrapUp });
        } else {
            self.create();
        }
        self.take_entries()
    }

    /// What was said since this was last asked.
    pub(crate) fn take_entries(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.entries)
    }

    fn create(&mut self) {
        let number = self.created;
        self.created += 1;
        let channel = CHANNELS[usize::try_from(number % 4).expect("small")];
        let mut spec = TicketSpec::on(ChannelName::parse(channel).expect("a name"));
        spec.asked_mut().role = Some(role(number % ROLES));
        spec.beside.subject = Some(format!("My invoice {number} of last month names the wrong company"));
        spec.beside.customer =
            Customer { id: Some(format!("c-{}", number % 50_000)), tier: None, language: None }.into();
        spec.beside.attributes.insert("order".to_owned(), Scalar::Int(i64::try_from(number).expect("small")));
        let ticket = TicketId::parse(&format!("ticket-{number:08}")).expect("a name");
        self.tell(Command::CreateTicket { ticket, spec: Box::new(spec) });
    }

    fn tell(&mut self, command: Command) {
        self.now = self.now + STEP;
        let Outcome { first_seq, at, events, .. } = self.engine.handle(command.clone(), self.now);
        for event in &events {
            match event {
                Event::OfferMade { taking, .. } => {
                    self.offered.push_back((taking.ticket.clone(), taking.agent.clone()));
                }
                Event::TicketAssigned { taking, .. } => self.owned.push_back(taking.ticket.clone()),
                _ => {}
            }
        }
        if !events.is_empty() {
            self.entries.push(Entry { first_seq, at, command, events });
        }
    }
}

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    for number in 0..ROLES {
        let mut role = Role::named(role(number));
        role.target =
            Some(ServiceTarget { answer_within: Millis::from_secs(900), for_share_permille: 900, at_risk: None });
        if number % 4 == 2 {
            role.acceptance = Some(Acceptance::Offer);
        }
        catalogue.roles.insert(role.name.clone(), role);
    }
    catalogue
}

fn role(number: u64) -> RoleName {
    RoleName::parse(&format!("role-{number}")).expect("a name")
}

fn agent(number: u64) -> AgentId {
    AgentId::parse(&format!("agent-{number:06}")).expect("a name")
}
