//! What happened, from a journal's events: as a scene that can be played under another catalogue, and as figures.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;

use crate::routing::ticket::Closing;
use crate::routing::{
    AgentId, AgentProfile, Catalogue, Event, Millis, Priority, RoleName, State, Status, TicketId, Timestamp,
};

use super::books::{Books, Fate};
use super::report::Report;
use super::scene::{Coming, Scene};
use super::staff::{Manner, Presence, StaffMember};
use super::workload::{Recorded, Ticket};

/// After the end so long is waited for what became of the last.
const SETTLE: Millis = Millis::from_secs(24 * 3_600);

/// One ticket of the past.
#[derive(Debug)]
struct Life {
    role: Option<RoleName>,
    recorded: Recorded,
    is_ended: bool,
}

/// One agent of the past.
#[derive(Debug, Default)]
struct Career {
    profile: Option<AgentProfile>,
    stints: Vec<(Timestamp, Timestamp)>,
    there_since: Option<Timestamp>,
    /// Whether anything was heard of it.
    is_known: bool,
}

/// Reads the events of a journal, in order, and remembers what a simulation needs.
#[derive(Debug)]
pub struct Past {
    from: Timestamp,
    to: Timestamp,
    /// Whether it is unknown who was there at the beginning.
    begins_unknown: bool,
    catalogue: Arc<Catalogue>,
    lives: Vec<(TicketId, Life)>,
    by_id: HashMap<TicketId, usize, FixedState>,
    agents: BTreeMap<AgentId, Career>,
    /// What the books are told again when everything is known.
    told: Vec<(Timestamp, Told)>,
}

/// What the books are told of what happened.
#[derive(Debug)]
enum Told {
    Came(usize),
    Answered(usize, AgentId, RoleName),
    Stopped(usize, AgentId),
    Ended(usize, Fate),
    Overflowed(usize),
    Missed(usize),
    Declined(usize),
    Turned(AgentId, Status),
}

/// What reports call tickets of its kind: its role, and for whom or how urgent it is where that is anything but usual.
fn class_of(life: &Life) -> String {
    let role = life.role.as_ref().map_or("no role", RoleName::as_str);
    let spec = &life.recorded.spec;
    let priority = match spec.asked.priority {
        Priority::NORMAL => None,
        Priority::LOW => Some("low".to_owned()),
        Priority::HIGH => Some("high".to_owned()),
        Priority::URGENT => Some("urgent".to_owned()),
        other => Some(format!("priority {}", other.get())),
    };
    let more = spec.beside.customer.tier.clone().into_iter().chain(priority);
    more.fold(role.to_owned(), |name, more| format!("{name}, {more}"))
}

impl Past {
    /// Nothing has been read. Tickets count that come from the first moment on and before the second.
    #[must_use]
    pub fn new(from: Timestamp, to: Timestamp) -> Self {
        Self {
            from,
            to,
            begins_unknown: false,
            catalogue: Arc::default(),
            lives: Vec::new(),
            by_id: HashMap::default(),
            agents: BTreeMap::new(),
            told: Vec::new(),
        }
    }

    /// How things stood when it began: the catalogue, and who was there. Tickets from before do not count.
    pub fn begin_with(&mut self, state: &State) {
        self.know(state);
        for agent in state.agents() {
            self.turn(&agent.id, agent.status, self.from);
        }
    }

    /// How things stood at the end, where it is not known how they stood at the beginning.
    pub fn begin_without(&mut self, state: &State) {
        self.know(state);
        self.begins_unknown = true;
    }

    fn know(&mut self, state: &State) {
        self.catalogue = Arc::clone(state.catalogue());
        for agent in state.agents() {
            self.agents.entry(agent.id.clone()).or_default().profile = Some(agent.profile.clone());
        }
    }

    /// Whether nothing counts any more that happens then.
    #[must_use]
    pub fn is_over(&self, at: Timestamp) -> bool {
        at >= self.to + SETTLE
    }

    /// How many tickets came in that time.
    #[must_use]
    pub fn tickets(&self) -> usize {
        self.lives.len()
    }

    /// The catalogue that was in force at the end.
    #[must_use]
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Something happened.
    pub fn hear(&mut self, at: Timestamp, event: &Event) {
        if self.is_over(at) {
            return;
        }
        match event {
            Event::CatalogueReplaced { catalogue, .. } if at < self.to => self.catalogue = Arc::clone(catalogue),
            Event::AgentRegistered { agent, profile } if at < self.to => {
                self.agents.entry(agent.clone()).or_default().profile = Some(profile.as_ref().clone());
            }
            Event::AgentRemoved { agent } => self.turn(agent, Status::Offline, at),
            Event::PresenceChanged { agent, status, .. } => self.turn(agent, *status, at),
            Event::TicketCreated { ticket, intake } if (self.from..self.to).contains(&at) => {
                let recorded =
                    Recorded { at, spec: Arc::clone(&intake.spec), handle: None, gave_up_after: None, waited: None };
                self.by_id.insert(ticket.clone(), self.lives.len());
                self.told.push((at, Told::Came(self.lives.len())));
                let role = intake.demand.role().cloned();
                self.lives.push((ticket.clone(), Life { role, recorded, is_ended: false }));
            }
            _ => self.hear_of_ticket(at, event),
        }
    }

    fn hear_of_ticket(&mut self, at: Timestamp, event: &Event) {
        let number = |id: &TicketId| self.by_id.get(id).copied();
        let told = match event {
            Event::TicketAssigned { taking, .. } => {
                let Some(number) = number(&taking.ticket) else { return };
                // Who is given something without having come was there.
                self.note_seen(&taking.agent, true);
                let recorded = &mut self.lives[number].1.recorded;
                recorded.waited = recorded.waited.or(Some(at.since(recorded.at)));
                Told::Answered(number, taking.agent.clone(), taking.role.clone())
            }
            Event::AssignmentCompleted { held, handled, wrap_up_until, .. } => {
                let Some(number) = number(&held.ticket) else { return };
                let life = &mut self.lives[number].1;
                (life.recorded.handle, life.is_ended) = (Some(*handled), true);
                if wrap_up_until.is_some() {
                    return;
                }
                Told::Stopped(number, held.agent.clone())
            }
            Event::WrapUpFinished { agent, ticket, .. } => {
                let Some(number) = number(ticket) else { return };
                Told::Stopped(number, agent.clone())
            }
            Event::AssignmentRevoked { held, .. } => {
                let Some(number) = number(&held.ticket) else { return };
                Told::Stopped(number, held.agent.clone())
            }
            Event::TicketClosed { ticket, how, .. } => {
                let Some(number) = number(ticket) else { return };
                let life = &mut self.lives[number].1;
                if life.is_ended || life.recorded.waited.is_some() {
                    return;
                }
                life.is_ended = true;
                let hung_up = *how == Closing::Cancelled;
                if hung_up {
                    life.recorded.gave_up_after = Some(at.since(life.recorded.at));
                }
                Told::Ended(number, if hung_up { Fate::Abandoned } else { Fate::TurnedAway })
            }
            Event::TicketEscalated { ticket, .. } | Event::TicketDiverted { ticket, .. } => {
                let Some(number) = number(ticket) else { return };
                Told::Overflowed(number)
            }
            Event::OfferExpired { held } => {
                let Some(number) = number(&held.ticket) else { return };
                Told::Missed(number)
            }
            Event::OfferDeclined { held, .. } => {
                let Some(number) = number(&held.ticket) else { return };
                Told::Declined(number)
            }
            _ => return,
        };
        self.told.push((at, told));
    }

    /// The first that is heard of an agent; where nobody knows how it began, that may tell that it was there.
    fn note_seen(&mut self, agent: &AgentId, was_there: bool) {
        let career = self.agents.entry(agent.clone()).or_default();
        if !std::mem::replace(&mut career.is_known, true) && self.begins_unknown && was_there {
            career.there_since = Some(self.from);
            self.told.push((self.from, Told::Turned(agent.clone(), Status::Online)));
        }
    }

    fn turn(&mut self, agent: &AgentId, status: Status, at: Timestamp) {
        let is_there = matches!(status, Status::Online | Status::Busy | Status::Draining);
        // Who leaves without having come was there.
        self.note_seen(agent, !is_there);
        let career = self.agents.entry(agent.clone()).or_default();
        match career.there_since {
            None if is_there => career.there_since = Some(at),
            Some(since) if !is_there => {
                career.stints.push((since, at));
                career.there_since = None;
            }
            _ => {}
        }
        self.told.push((at, Told::Turned(agent.clone(), status)));
    }

    /// The past as a scene under the catalogue that was in force: the same tickets with the same work, the same agents at
    /// the same times. How long whoever was answered would have waited is drawn, and so is the work of whoever was not
    /// served; hence several runs.
    #[must_use]
    pub fn scene(&self, name: &str, replications: u32, seed: u64) -> Scene {
        let mut sources: Vec<String> = Vec::new();
        let mut tickets = Vec::with_capacity(self.lives.len());
        for (_, life) in &self.lives {
            let name = class_of(life);
            let source = sources.iter().position(|known| *known == name).unwrap_or_else(|| {
                sources.push(name);
                sources.len() - 1
            });
            tickets.push((source, life.recorded.clone()));
        }
        let ends = self.to + SETTLE;
        let member = |(id, career): (&AgentId, &Career)| {
            let open = career.there_since.map(|since| (since, ends));
            let stints = career.stints.iter().copied().chain(open).filter(|(_, to)| *to > self.from).collect();
            Some(StaffMember {
                id: id.clone(),
                profile: career.profile.clone()?,
                presence: Presence::Stints(stints),
                manner: Manner::default(),
            })
        };
        Scene {
            name: name.to_owned(),
            catalogue: super::scene::forgetful(&self.catalogue),
            start: self.from,
            counted_from: self.from,
            counted_to: self.to,
            ends,
            replications,
            seed,
            answer_within: Millis::from_secs(20),
            staff: self.agents.iter().filter_map(member).collect(),
            sources,
            coming: Coming::Replayed(tickets),
        }
    }

    /// What happened, by the same books.
    #[must_use]
    pub fn happened(&self) -> Report {
        let scene = Scene { replications: 1, ..self.scene("what happened", 1, 0) };
        let agents: HashMap<&AgentId, usize, FixedState> =
            scene.staff.iter().enumerate().map(|(number, member)| (&member.id, number)).collect();
        let Coming::Replayed(tickets) = &scene.coming else { unreachable!("the past is replayed") };
        let mut books = Books::new(&scene);
        for (at, told) in &self.told {
            match told {
                Told::Came(number) => {
                    let (source, recorded) = &tickets[*number];
                    let ticket = Ticket {
                        at: *at,
                        source: *source,
                        spec: Arc::clone(&recorded.spec),
                        handle: Millis::ZERO,
                        patience: None,
                        returned: 0,
                    };
                    books.arrive(*source, *at, false);
                    let role = self.lives[*number].1.role.as_ref();
                    books.classify(*number as u64, &ticket, role, &recorded.spec.asked.channel, *at);
                }
                Told::Answered(number, agent, role) => {
                    let (_, life) = &self.lives[*number];
                    let Some(agent) = agents.get(agent) else { continue };
                    books.start_work(*agent, *number as u64, &life.recorded.spec.asked.channel, *at);
                    books.answer(*number as u64, *agent, role, *at);
                }
                Told::Stopped(number, agent) => {
                    let Some(agent) = agents.get(agent) else { continue };
                    books.stop_work(*agent, *number as u64, *at);
                }
                Told::Ended(number, fate) => books.end(*number as u64, *fate, *at),
                Told::Overflowed(number) => books.overflow(*number as u64),
                Told::Missed(number) => books.missed(*number as u64),
                Told::Declined(number) => books.declined(*number as u64),
                Told::Turned(agent, status) => {
                    let Some(agent) = agents.get(agent) else { continue };
                    books.turn(*agent, *status, *at);
                }
            }
        }
        let end = self.told.last().map_or(self.to, |(at, _)| (*at).max(self.to));
        Report::of(&scene, &[books.close(end)], Duration::ZERO)
    }
}
