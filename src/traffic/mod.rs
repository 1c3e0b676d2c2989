//! A made-up contact centre: agents who work in shifts, and customers with more or less patience.
//!
//! It is for whoever tries rolecall out and wants to see something move, and it is a client like any other: it knows
//! what `docs/events.md` says and nothing of the engine. [`Traffic`] is an [`Actor`]: it has neither clock nor
//! transport, and equal seeds, times and events give equal actions.
//!
//! **Scale.** A working day passes in minutes, and a call takes seconds. The times of a catalogue that is meant for real
//! days are far too long for that; [`hastened`] divides them.

mod customer;
mod day;
mod desk;
mod haste;
mod intent;
mod shift;
mod staff;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

pub use haste::hastened;
pub use staff::{STAFF, Worker};

use crate::client::{Actor, Agenda, Heard, Said};
use crate::routing::{Millis, Timestamp};
use crate::wire::EventKind;

use customer::Customer;
use day::Day;
use desk::Work;
use intent::Intent;
use shift::Duty;

/// The most actions that one call returns: a driver that has fallen behind catches up piece by piece.
pub const ACTIONS_MAX: usize = 512;

/// The rate for which the handling times were chosen: the staff is busy, and at its limit about noon.
const RATE_USUAL: f64 = 2.0;
/// The length of the day for which customers' patience was chosen.
const DAY_USUAL: Duration = Duration::from_mins(10);

/// Who worked at these desks before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predecessors {
    /// Nobody: the journal is new.
    None,
    /// The same agents, who left their tickets lying: they are removed first, so that these go back to their queues.
    Removed,
}

/// How much there is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct TrafficOptions {
    /// Tickets per second over a day; between half of it in the morning and twice as much about noon.
    pub rate: f64,
    /// How long a working day takes.
    pub day: Duration,
    /// The source of all events.
    pub source: String,
    /// What ids of events and tickets begin with. Different for every run, or its events are taken for repeats.
    pub run: String,
    /// Who was here before.
    pub predecessors: Predecessors,
}

impl TrafficOptions {
    /// Two tickets a second, a day in ten minutes.
    #[must_use]
    pub fn named(run: String) -> Self {
        Self {
            rate: RATE_USUAL,
            day: DAY_USUAL,
            source: "/rolecall/traffic".to_owned(),
            run,
            predecessors: Predecessors::None,
        }
    }
}

/// What has happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Customers who came.
    pub arrived: u64,
    /// Assignments made.
    pub assigned: u64,
    /// Tickets done.
    pub completed: u64,
    /// Customers who lost patience.
    pub gave_up: u64,
    /// Customers who hung up because they are to be called back.
    pub to_be_called_back: u64,
    /// Service targets missed.
    pub breached: u64,
    /// What we said and the daemon could not do.
    pub rejected: u64,
}

/// The whole centre.
pub struct Traffic {
    options: TrafficOptions,
    rng: StdRng,
    day: Day,
    agenda: Agenda<Intent>,
    desks: Vec<Desk>,
    /// Customers who have not been answered.
    waiting: BTreeMap<String, Customer>,
    /// What is being worked on, by assignment.
    work: BTreeMap<String, Work>,
    said: Vec<Said>,
    events_count: u64,
    tally: Tally,
}

/// One agent's place.
struct Desk {
    worker: &'static Worker,
    duty: Duty,
    /// Whether a return from an absence that the daemon decreed is planned already.
    is_returning: bool,
}

impl Traffic {
    /// Opens at that time.
    #[must_use]
    pub fn new(seed: u64, options: TrafficOptions, now: Timestamp) -> Self {
        let desks = STAFF.iter().map(|worker| Desk { worker, duty: Duty::Off, is_returning: false });
        let mut traffic = Self {
            rng: StdRng::seed_from_u64(seed),
            day: Day::from(now, options.day),
            options,
            agenda: Agenda::default(),
            desks: desks.collect(),
            waiting: BTreeMap::new(),
            work: BTreeMap::new(),
            said: Vec::new(),
            events_count: 0,
            tally: Tally::default(),
        };
        traffic.open(now);
        traffic
    }

    fn open(&mut self, now: Timestamp) {
        for index in 0..self.desks.len() {
            self.register(index, now);
            self.begin_shifts(index, now);
        }
        self.agenda.plan(now, Intent::Arrive);
    }

    fn register(&mut self, index: usize, now: Timestamp) {
        let worker = self.desks[index].worker;
        if self.options.predecessors == Predecessors::Removed {
            self.say(EventKind::AgentRemoved, now, json!({"agent_id": worker.id}));
        }
        self.say(EventKind::AgentRegistered, now, worker.registration());
    }

    /// What has happened so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// How many customers wait for an answer.
    #[must_use]
    pub fn waiting_count(&self) -> usize {
        self.waiting.len()
    }

    fn act(&mut self, intent: Intent, at: Timestamp) {
        match intent {
            Intent::Arrive => self.arrive(at),
            Intent::LosePatience { ticket, asked } => self.lose_patience(&ticket, asked, at),
            Intent::Answer(answer) => self.answer(&answer, at),
            Intent::Finish { assignment } => self.finish(&assignment, at),
            Intent::Resume { assignment } => self.resume(&assignment, at),
            Intent::EndWrapUp { agent, ticket } => {
                self.say(EventKind::WrapUpFinished, at, json!({"agent_id": agent, "ticket_id": ticket}));
            }
            Intent::Shift { desk, step } => self.shift(desk, step, at),
            Intent::Return { desk } => self.return_to_desk(desk, at),
        }
    }

    fn say(&mut self, kind: EventKind, at: Timestamp, data: Value) {
        self.events_count += 1;
        let id = format!("{}-e{}", self.options.run, self.events_count);
        self.said.push(Said::new(kind, id, &self.options.source, at, data));
    }

    fn desk_of(&self, agent: &str) -> Option<usize> {
        self.desks.iter().position(|desk| desk.worker.id == agent)
    }

    /// Something between half and one and a half of this, in what handling times are measured in.
    fn draw_about(&mut self, usual_ms: u64) -> Millis {
        let factor = self.rng.random_range(0.5..1.5) * self.tempo();
        Millis(scaled(usual_ms, factor))
    }

    /// Where there is more to do than usual, people are quicker.
    fn tempo(&self) -> f64 {
        RATE_USUAL / self.options.rate
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.rng.random_bool(probability)
    }
}

impl Actor for Traffic {
    fn next_at(&self) -> Option<Timestamp> {
        if self.said.is_empty() { self.agenda.next_at() } else { Some(Timestamp(i64::MIN)) }
    }

    fn actions(&mut self, now: Timestamp) -> Vec<Said> {
        while self.said.len() < ACTIONS_MAX
            && let Some((at, intent)) = self.agenda.take_due(now)
        {
            self.act(intent, at);
        }
        let rest = self.said.split_off(self.said.len().min(ACTIONS_MAX));
        std::mem::replace(&mut self.said, rest)
    }

    fn on_heard(&mut self, heard: &Heard, now: Timestamp) {
        match heard.kind.as_str() {
            "assignment.offered" => self.on_offered(heard, now),
            "assignment.assigned" => self.on_assigned(heard, now),
            "assignment.paused" => self.on_paused(heard, now),
            "assignment.resumed" => self.on_resumed(heard, now),
            "assignment.completed" => self.on_completed(heard, now),
            "assignment.revoked" => self.on_revoked(heard, now),
            "ticket.cancelled" | "ticket.expired" => {
                heard.ticket().and_then(|ticket| self.waiting.remove(ticket));
            }
            "ticket.callback" => self.on_callback(heard),
            "ticket.breached" => self.tally.breached += 1,
            "agent.changed" => self.on_agent_changed(heard, now),
            "command.rejected" => self.tally.rejected += 1,
            _ => {}
        }
    }

    /// There is always another customer.
    fn is_through(&self, _now: Timestamp) -> bool {
        false
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "made-up times"
)]
fn scaled(ms: u64, factor: f64) -> u64 {
    (ms as f64 * factor) as u64
}
