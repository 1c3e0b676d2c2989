//! One run: the virtual clock, which drives an engine of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::routing::command::AfterWork;
use crate::routing::event::Taking;
use crate::routing::role::Dispatch;
use crate::routing::{
    AgentId, ChannelName, Command, Engine, Event, Identity, Millis, Outcome, RoleName, Status, TicketId, Timestamp,
    Verdict,
};

use super::agenda::{Agenda, AgentNumber, Deed, TicketNumber};
use super::books::{Books, Fate};
use super::dice::{Dice, seed_of, spread};
use super::figures::Tally;
use super::scene::Scene;
use super::workload::{Ticket, Workload};

/// How many deeds pass between two looks at how far it has come.
const DEEDS_PER_LOOK: u64 = 4_096;
/// An engine whose own time does not go on after so many steps is broken.
const STEPS_OF_A_MOMENT_MAX: u32 = 10_000_000;
/// How long an agent of a role that is worked by asking takes to ask.
const CLAIMS_AFTER: Millis = Millis::from_secs(1);

/// What becomes of a ticket while it is here.
#[derive(Debug)]
struct Life {
    ticket: Ticket,
    offers: u32,
    is_answered: bool,
    has_hung_up: bool,
}

/// Those who are here, by number; most of those who left lie at the front.
#[derive(Debug, Default)]
struct Lives {
    first: TicketNumber,
    lives: VecDeque<Option<Life>>,
}

impl Lives {
    fn put(&mut self, life: Life) -> TicketNumber {
        self.lives.push_back(Some(life));
        self.first + self.lives.len() as u64 - 1
    }

    fn get(&mut self, number: TicketNumber) -> Option<&mut Life> {
        self.lives.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)?.as_mut()
    }

    fn take(&mut self, number: TicketNumber) -> Option<Life> {
        let life = self.lives.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)?.take();
        while let Some(None) = self.lives.front() {
            self.lives.pop_front();
            self.first += 1;
        }
        life
    }
}

/// Hears what an engine was told, and what followed from it.
pub type Listener<'l> = &'l mut dyn FnMut(Command, Outcome);

/// Plays a scene once, and says what came of it. `look` is told how much virtual time has passed since it was told last.
#[must_use]
pub fn run(scene: &Scene, replication: u32, look: &dyn Fn(Millis)) -> Tally {
    let seed = seed_of(scene.seed, replication);
    play(scene, Identity { instance: 1, seed }, seed, look, None)
}

/// Plays the first run of a scene with an engine of that identity, and tells all that it does.
#[must_use]
pub fn run_aloud(scene: &Scene, identity: Identity, look: &dyn Fn(Millis), listener: Listener<'_>) -> Tally {
    play(scene, identity, seed_of(scene.seed, 0), look, Some(listener))
}

fn play(scene: &Scene, identity: Identity, seed: u64, look: &dyn Fn(Millis), listener: Option<Listener<'_>>) -> Tally {
    let mut run = Run {
        engine: Engine::new(identity),
        listener,
        agenda: Agenda::default(),
        workload: scene.workload(seed),
        books: Books::new(scene),
        agents: scene.staff.iter().enumerate().map(|(number, member)| (member.id.clone(), number)).collect(),
        lives: Lives::default(),
        coming_back: BTreeMap::new(),
        hungry: BTreeSet::new(),
        pulls: scene.catalogue.roles.values().any(|role| role.dispatch == Dispatch::Pull),
        now: scene.start,
        scene,
        seed,
    };
    run.open();
    run.play(look);
    run.books.close(run.now)
}

struct Run<'s, 'l> {
    scene: &'s Scene,
    seed: u64,
    engine: Engine,
    listener: Option<Listener<'l>>,
    agenda: Agenda,
    workload: Box<dyn Workload + 's>,
    books: Books<'s>,
    agents: HashMap<AgentId, AgentNumber, FixedState>,
    lives: Lives,
    coming_back: BTreeMap<TicketNumber, Ticket>,
    /// Agents who asked for work, and there was none.
    hungry: BTreeSet<AgentNumber>,
    /// Whether any role is worked by asking.
    pulls: bool,
    now: Timestamp,
}

impl Run<'_, '_> {
    /// Everybody is known, those whose shift it is are there, and the first of each source is on its way.
    fn open(&mut self) {
        self.tell(Command::ReplaceCatalogue { catalogue: Arc::clone(&self.scene.catalogue) });
        let staff = &self.scene.staff;
        for member in staff {
            let profile = Box::new(member.profile.clone());
            self.tell(Command::RegisterAgent { agent: member.id.clone(), profile });
        }
        for number in 0..staff.len() {
            self.turn(number);
        }
        for source in 0..self.workload.sources() {
            self.expect(source);
        }
    }

    fn play(&mut self, look: &dyn Fn(Millis)) {
        let (mut deeds, mut looked_at) = (0, self.now);
        loop {
            self.elapse();
            let at = self.agenda.next_at().unwrap_or(self.scene.ends + Millis(1));
            if at > self.scene.ends || self.books.is_settled(at) {
                self.now = self.now.max(at.min(self.scene.ends));
                break;
            }
            self.now = at;
            let (_, deed) = self.agenda.pop().expect("there is a next");
            self.act(deed);
            deeds += 1;
            if u64::is_multiple_of(deeds, DEEDS_PER_LOOK) {
                look(self.now.since(looked_at));
                looked_at = self.now;
            }
        }
        look(self.scene.counted_to.since(looked_at));
    }

    /// What the engine does by itself before anybody does anything.
    fn elapse(&mut self) {
        let mut steps = 0;
        let ends = self.scene.ends;
        let until = |agenda: &Agenda| agenda.next_at().unwrap_or(ends);
        while let Some((due, why)) = self.engine.next_timeout().filter(|(due, _)| *due <= until(&self.agenda)) {
            steps = if due > self.now { 0 } else { steps + 1 };
            assert!(steps < STEPS_OF_A_MOMENT_MAX, "the engine does not get past {why}");
            self.now = self.now.max(due);
            self.tell(Command::Elapse);
        }
    }

    fn expect(&mut self, source: usize) {
        if let Some(at) = self.workload.next_at(source) {
            self.agenda.put(at, Deed::Arrive(source));
        }
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Arrive(source) => {
                let ticket = self.workload.take(source);
                self.expect(source);
                self.arrive(ticket);
            }
            Deed::ComeBack(number) => {
                if let Some(ticket) = self.coming_back.remove(&number) {
                    self.arrive(Ticket { at: self.now, ..ticket });
                }
            }
            Deed::HangUp(number) => self.hang_up(number),
            Deed::Answer { ticket, agent, offer, accepts } => {
                let (ticket, agent) = (id_of(ticket), self.scene.staff[agent].id.clone());
                self.tell(if accepts {
                    Command::AcceptOffer { ticket, agent, assignment: Some(offer) }
                } else {
                    Command::DeclineOffer { ticket, agent, assignment: Some(offer), reason: None }
                });
            }
            Deed::Finish { ticket, assignment } => {
                let id = id_of(ticket);
                let owned = self.engine.state().ticket(&id).and_then(|it| it.phase.ownership());
                // Where it was taken away meanwhile, somebody else works on it, and finishes another time.
                if owned.is_some_and(|owned| owned.assignment == assignment) {
                    self.tell(Command::CompleteTicket {
                        ticket: id,
                        agent: None,
                        outcome: None,
                        then: AfterWork::WrapUp,
                    });
                }
            }
            Deed::Turn(agent) => self.turn(agent),
            Deed::Back(agent) => {
                if self.scene.staff[agent].presence.is_there(self.now) {
                    self.set_presence(agent, Status::Online);
                }
            }
            Deed::Claim(agent) => self.claim(agent),
        }
    }

    fn arrive(&mut self, ticket: Ticket) {
        self.books.arrive(ticket.source, self.now, ticket.returned > 0);
        let (spec, patience) = (Box::new(ticket.spec.as_ref().clone()), ticket.patience);
        let life = Life { ticket, offers: 0, is_answered: false, has_hung_up: false };
        let number = self.lives.put(life);
        if let Some(patience) = patience {
            self.agenda.put(self.now + patience, Deed::HangUp(number));
        }
        self.tell(Command::CreateTicket { ticket: id_of(number), spec });
    }

    fn hang_up(&mut self, number: TicketNumber) {
        let Some(life) = self.lives.get(number).filter(|life| !life.is_answered) else { return };
        life.has_hung_up = true;
        let gone = Ticket { at: self.now, ..life.ticket.clone() };
        self.tell(Command::CancelTicket { ticket: id_of(number), reason: None });
        if let Some(back) = self.workload.comes_back(&gone) {
            self.agenda.put(back.at, Deed::ComeBack(number));
            self.coming_back.insert(number, back);
        }
    }

    /// An agent comes or goes, as its shift says.
    fn turn(&mut self, agent: AgentNumber) {
        let presence = &self.scene.staff[agent].presence;
        let status = if presence.is_there(self.now) { Status::Online } else { Status::Draining };
        if let Some(at) = presence.changes_after(self.now) {
            self.agenda.put(at, Deed::Turn(agent));
        }
        let is_known = self.engine.state().agent(&self.scene.staff[agent].id);
        let is_gone = is_known.is_some_and(|agent| agent.status == Status::Offline);
        if !(is_gone && status == Status::Draining) {
            self.set_presence(agent, status);
        }
    }

    fn set_presence(&mut self, agent: AgentNumber, status: Status) {
        let agent = self.scene.staff[agent].id.clone();
        self.tell(Command::SetPresence { agent, status, name: None, reason: None, switches: BTreeMap::new() });
    }

    fn claim(&mut self, agent: AgentNumber) {
        let id = self.scene.staff[agent].id.clone();
        if self.tell(Command::ClaimTicket { agent: id, role: None, ticket: None }) == Verdict::Accepted {
            self.agenda.put(self.now + CLAIMS_AFTER, Deed::Claim(agent));
        } else {
            self.hungry.insert(agent);
        }
    }

    fn tell(&mut self, command: Command) -> Verdict {
        let repeated = self.listener.is_some().then(|| command.clone());
        let outcome = self.engine.handle(command, self.now);
        for event in &outcome.events {
            self.hear(event);
        }
        let verdict = outcome.verdict.clone();
        if let (Some(listener), Some(command)) = (&mut self.listener, repeated) {
            listener(command, outcome);
        }
        verdict
    }

    fn hear(&mut self, event: &Event) {
        match event {
            Event::TicketCreated { ticket, intake } => {
                let number = number_of(ticket);
                let Some(life) = self.lives.get(number) else { return };
                self.books.classify(number, &life.ticket, intake.demand.role(), &intake.spec.asked.channel, self.now);
            }
            Event::TicketQueued { role, .. } if self.pulls => self.wake(role),
            Event::TicketEscalated { ticket, .. } | Event::TicketDiverted { ticket, .. } => {
                self.books.overflow(number_of(ticket));
            }
            Event::OfferMade { taking, .. } => self.offered(taking),
            Event::OfferExpired { held } => self.books.missed(number_of(&held.ticket)),
            Event::OfferDeclined { held, .. } => self.books.declined(number_of(&held.ticket)),
            Event::TicketAssigned { taking, .. } => self.assigned(taking),
            Event::AssignmentRevoked { held, .. } => {
                let agent = self.agents[&held.agent];
                self.books.stop_work(agent, number_of(&held.ticket), self.now);
            }
            Event::AssignmentCompleted { held, wrap_up_until, .. } => {
                let (number, agent) = (number_of(&held.ticket), self.agents[&held.agent]);
                self.lives.take(number);
                if wrap_up_until.is_none() {
                    self.books.stop_work(agent, number, self.now);
                    self.think_of_claiming(agent);
                }
            }
            Event::WrapUpFinished { agent, ticket, .. } => {
                let agent = self.agents[agent];
                self.books.stop_work(agent, number_of(ticket), self.now);
                self.think_of_claiming(agent);
            }
            Event::TicketClosed { ticket, .. } => {
                let number = number_of(ticket);
                let Some(life) = self.lives.take(number) else { return };
                if !life.is_answered {
                    let fate = if life.has_hung_up { Fate::Abandoned } else { Fate::TurnedAway };
                    self.books.end(number, fate, self.now);
                }
            }
            Event::PresenceChanged { agent, status, reason, .. } => {
                let agent = self.agents[agent];
                self.books.turn(agent, *status, self.now);
                if *status == Status::Online {
                    self.think_of_claiming(agent);
                }
                if reason.as_deref() == Some("missed_offers") {
                    self.agenda.put(self.now + self.scene.staff[agent].manner.back_after, Deed::Back(agent));
                }
            }
            _ => {}
        }
    }

    /// Whoever is asked answers, or does not. What it does follows from seed, ticket, agent and attempt alone.
    fn offered(&mut self, taking: &Taking) {
        let (number, agent) = (number_of(&taking.ticket), self.agents[&taking.agent]);
        let Some(life) = self.lives.get(number) else { return };
        life.offers += 1;
        let mixed = spread(self.seed ^ number) ^ spread(agent as u64 ^ (u64::from(life.offers) << 32));
        let mut dice = Dice::of(mixed, 0);
        let manner = &self.scene.staff[agent].manner;
        if dice.happens(manner.misses) {
            return;
        }
        let accepts = !dice.happens(manner.declines);
        let at = self.now + dice.length(&manner.answers_after);
        let offer = taking.assignment.clone();
        self.agenda.put(at, Deed::Answer { ticket: number, agent, offer, accepts });
    }

    fn assigned(&mut self, taking: &Taking) {
        let (number, agent) = (number_of(&taking.ticket), self.agents[&taking.agent]);
        self.books.start_work(agent, number, &taking.channel, self.now);
        let Some(life) = self.lives.get(number) else { return };
        if !life.is_answered {
            life.is_answered = true;
            self.books.answer(number, agent, &taking.role, self.now);
        }
        let finish = Deed::Finish { ticket: number, assignment: taking.assignment.clone() };
        let at = self.now + life.ticket.handle;
        self.agenda.put(at, finish);
    }

    fn think_of_claiming(&mut self, agent: AgentNumber) {
        let pulls =
            |role: &RoleName| self.scene.catalogue.roles.get(role).is_some_and(|role| role.dispatch == Dispatch::Pull);
        if self.pulls && self.scene.staff[agent].profile.roles.iter().any(pulls) {
            self.hungry.remove(&agent);
            self.agenda.put(self.now + CLAIMS_AFTER, Deed::Claim(agent));
        }
    }

    /// Something waits for a role that is worked by asking: one of those who have nothing to do asks.
    fn wake(&mut self, role: &RoleName) {
        let is_pulled = self.scene.catalogue.roles.get(role).is_some_and(|role| role.dispatch == Dispatch::Pull);
        let asks = |agent: &&AgentNumber| self.scene.staff[**agent].profile.roles.contains(role);
        if let Some(agent) = self.hungry.iter().find(asks).copied().filter(|_| is_pulled) {
            self.hungry.remove(&agent);
            self.agenda.put(self.now + CLAIMS_AFTER, Deed::Claim(agent));
        }
    }
}

/// The share of an agent that a ticket takes: of its capacity units, or of its slots on that channel.
pub(super) fn share_of(scene: &Scene, agent: AgentNumber, channel: &ChannelName) -> f64 {
    let (profile, catalogue) = (&scene.staff[agent].profile, &scene.catalogue);
    let capacity = f64::from(profile.capacity.unwrap_or(catalogue.agents.capacity).max(1));
    let of_units = f64::from(catalogue.channel(channel).cost) / capacity;
    of_units.max(1.0 / f64::from(profile.limit(channel, catalogue).max(1)))
}

fn id_of(number: TicketNumber) -> TicketId {
    TicketId::parse(&format!("t{number}")).expect("a letter and a number are a name")
}

fn number_of(id: &TicketId) -> TicketNumber {
    id.as_str()[1..].parse().expect("all tickets were named here")
}
