//! Plays the customers and the agents of a log.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::client::{Actor, Agenda, Heard, Said};
use crate::routing::{Millis, Timestamp};
use crate::wire::EventKind;

use super::Speed;
use super::books::Books;
use super::record::Record;
use super::staff::{Staff, Stint};

/// The most actions that one call returns.
const ACTIONS_MAX: usize = 512;
/// Between the agents' coming and the first ticket: for the daemon to take them in.
const LEAD: Millis = Millis(1_000);
/// How long somebody who was about to be answered puts off hanging up, and an agent who was declared away is away.
const MOMENT: Millis = Millis(200);

/// How to play.
#[derive(Debug, Clone, PartialEq)]
pub struct PlayerOptions {
    /// How many times faster than recorded.
    pub speed: Speed,
    /// What ids of events and tickets begin with; different for every run.
    pub run: String,
    /// Whether agents are there all the time.
    pub always_online: bool,
    /// It is over when nothing has happened for so long, although tickets are open.
    pub settle: Millis,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Intent {
    /// A ticket comes.
    Arrive { record: usize },
    /// A customer goes away, if nobody has answered.
    HangUp { ticket: String },
    /// An agent takes an offer.
    Answer { ticket: String, agent: String, assignment: String },
    /// An agent is through with a ticket.
    Finish { assignment: String },
    /// An agent comes to work, or back to it.
    Come { desk: usize },
    /// An agent goes home.
    Go { desk: usize },
    /// All tickets have come; whoever is at home comes back until they are done.
    Overtime,
}

/// Where an agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Home,
    Work,
    /// On the way home, once their hands are empty.
    Door,
}

struct Desk {
    agent: String,
    place: Place,
}

/// A ticket's customer.
#[derive(Debug, Clone, Copy)]
struct Customer {
    record: usize,
    is_answered: bool,
}

/// A ticket in somebody's hands.
struct Work {
    ticket: String,
    agent: String,
}

/// Plays a log.
pub struct Player {
    options: PlayerOptions,
    records: Vec<Record>,
    staff: Staff,
    agenda: Agenda<Intent>,
    desks: Vec<Desk>,
    customers: HashMap<String, Customer>,
    work: HashMap<String, Work>,
    books: Books,
    said: Vec<Said>,
    events_count: u64,
    arrived_count: usize,
    is_overtime: bool,
    progress_at: Timestamp,
}

impl Player {
    /// Gets ready: agents come now, the first ticket a moment later.
    #[must_use]
    pub fn new(records: Vec<Record>, options: PlayerOptions, now: Timestamp) -> Self {
        let staff = Staff::of(&records);
        let mut player = Self {
            desks: staff.stints.keys().map(|agent| Desk { agent: agent.clone(), place: Place::Home }).collect(),
            options,
            staff,
            records,
            agenda: Agenda::default(),
            customers: HashMap::new(),
            work: HashMap::new(),
            books: Books::default(),
            said: Vec::new(),
            events_count: 0,
            arrived_count: 0,
            is_overtime: false,
            progress_at: now,
        };
        player.plan_all(now);
        player
    }

    fn plan_all(&mut self, now: Timestamp) {
        let Some(first_at) = self.records.first().map(|record| record.created_at) else { return };
        let speed = self.options.speed;
        let begin_at = now + LEAD;
        let moment = |at: Timestamp| begin_at + speed.shorten(at.since(first_at));
        for (desk, (agent, stint)) in self.staff.stints.clone().into_iter().enumerate() {
            self.register(&agent, &stint, now);
            if self.options.always_online || speed == Speed::Max {
                self.agenda.plan(now, Intent::Come { desk });
            } else {
                self.agenda.plan(moment(stint.from), Intent::Come { desk });
                self.agenda.plan(moment(stint.until), Intent::Go { desk });
            }
        }
        let mut last_at = begin_at;
        for (record, created_at) in self.records.iter().map(|record| record.created_at).enumerate() {
            last_at = moment(created_at);
            self.agenda.plan(last_at, Intent::Arrive { record });
        }
        self.agenda.plan(last_at, Intent::Overtime);
    }

    fn register(&mut self, agent: &str, stint: &Stint, now: Timestamp) {
        self.say(EventKind::AgentRegistered, now, json!({"agent_id": agent, "roles": stint.roles}));
    }

    /// What was published and what was heard.
    #[must_use]
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// The agents of the log.
    #[must_use]
    pub fn staff(&self) -> &Staff {
        &self.staff
    }

    /// The records that are played.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// How many tickets have come.
    #[must_use]
    pub fn arrived_count(&self) -> usize {
        self.arrived_count
    }

    fn act(&mut self, intent: Intent, at: Timestamp) {
        match intent {
            Intent::Arrive { record } => self.arrive(record, at),
            Intent::HangUp { ticket } => self.hang_up(&ticket, at),
            Intent::Answer { ticket, agent, assignment } => {
                let kind = if self.is_call(&ticket) { EventKind::CallAnswered } else { EventKind::TicketAccepted };
                let data = json!({"ticket_id": ticket, "agent_id": agent, "assignment_id": assignment});
                self.say(kind, at, data);
            }
            Intent::Finish { assignment } => self.finish(&assignment, at),
            Intent::Come { desk } => self.go_to(desk, Place::Work, at),
            Intent::Go { .. } if self.is_overtime => {}
            Intent::Go { desk } => self.leave(desk, at),
            Intent::Overtime => {
                self.is_overtime = true;
                for desk in 0..self.desks.len() {
                    if self.desks[desk].place != Place::Work {
                        self.go_to(desk, Place::Work, at);
                    }
                }
            }
        }
    }

    fn arrive(&mut self, index: usize, at: Timestamp) {
        let record = self.records[index].clone();
        let ticket = format!("{}-{}", self.options.run, record.ticket);
        self.arrived_count += 1;
        self.books.enter(&ticket);
        self.customers.insert(ticket.clone(), Customer { record: index, is_answered: false });
        if record.is_abandoned && self.options.speed != Speed::Max {
            let patience = self.options.speed.shorten(record.wait);
            self.agenda.plan(at + patience, Intent::HangUp { ticket: ticket.clone() });
        }
        let mut data = json!({"ticket_id": ticket, "channel": record.channel});
        let kind = if record.channel == "call" { EventKind::CallQueued } else { EventKind::TicketCreated };
        for (member, value) in [("type", record.kind), ("role", record.role)] {
            if let Some(value) = value {
                data[member] = Value::String(value);
            }
        }
        if let Some(priority) = record.priority {
            data["priority"] = priority.parse::<u8>().map_or_else(|_| json!(priority), |level| json!(level));
        }
        self.say(kind, at, data);
    }

    fn hang_up(&mut self, ticket: &str, at: Timestamp) {
        if self.customers.get(ticket).is_none_or(|customer| customer.is_answered) {
            return;
        }
        let kind = if self.is_call(ticket) { EventKind::CallAbandoned } else { EventKind::TicketCancelled };
        self.say(kind, at, json!({"ticket_id": ticket, "reason": "as recorded"}));
    }

    fn finish(&mut self, assignment: &str, at: Timestamp) {
        let Some(Work { ticket, agent }) = self.work.get(assignment) else { return };
        let kind = if self.is_call(ticket) { EventKind::CallEnded } else { EventKind::TicketCompleted };
        let data = json!({"ticket_id": ticket, "agent_id": agent, "outcome": "as recorded"});
        self.say(kind, at, data);
    }

    fn is_call(&self, ticket: &str) -> bool {
        self.customers.get(ticket).is_some_and(|customer| self.records[customer.record].channel == "call")
    }

    fn leave(&mut self, desk: usize, at: Timestamp) {
        let agent = &self.desks[desk].agent;
        let is_idle = !self.work.values().any(|work| work.agent == *agent);
        self.go_to(desk, if is_idle { Place::Home } else { Place::Door }, at);
    }

    fn go_to(&mut self, desk: usize, place: Place, at: Timestamp) {
        let status = match place {
            Place::Home => "offline",
            Place::Work => "online",
            Place::Door => "busy",
        };
        self.desks[desk].place = place;
        let data = json!({"agent_id": self.desks[desk].agent, "status": status});
        self.say(EventKind::AgentPresence, at, data);
    }

    fn say(&mut self, kind: EventKind, at: Timestamp, data: Value) {
        self.events_count += 1;
        let id = format!("{}-e{}", self.options.run, self.events_count);
        self.said.push(Said::new(kind, id, "/rolecall/replay", at, data));
    }

    fn on_offered(&mut self, heard: &Heard, now: Timestamp) {
        let (Some(agent), Some(ticket), Some(assignment)) = (heard.agent(), heard.ticket(), heard.assignment()) else {
            return;
        };
        if self.customers.contains_key(ticket) {
            let (ticket, agent, assignment) = (ticket.to_owned(), agent.to_owned(), assignment.to_owned());
            self.agenda.plan(now, Intent::Answer { ticket, agent, assignment });
        }
    }

    fn on_assigned(&mut self, heard: &Heard, now: Timestamp) {
        let (Some(agent), Some(ticket), Some(assignment)) = (heard.agent(), heard.ticket(), heard.assignment()) else {
            return;
        };
        let Some(customer) = self.customers.get_mut(ticket) else { return };
        customer.is_answered = true;
        let service = self.staff.service(&self.records[customer.record]);
        let work = Work { ticket: ticket.to_owned(), agent: agent.to_owned() };
        if self.work.insert(assignment.to_owned(), work).is_none() {
            let intent = Intent::Finish { assignment: assignment.to_owned() };
            self.agenda.plan(now + self.options.speed.shorten(service), intent);
        }
    }

    fn on_work_ended(&mut self, heard: &Heard, now: Timestamp) {
        let Some(work) = heard.assignment().and_then(|assignment| self.work.remove(assignment)) else { return };
        if let Some(desk) = self.desk_of(&work.agent)
            && self.desks[desk].place == Place::Door
        {
            self.leave(desk, now);
        }
    }

    /// Whoever was declared away, while the daemon was down and offers were missed, is there.
    fn on_agent_changed(&mut self, heard: &Heard, now: Timestamp) {
        let Some(desk) = heard.agent().and_then(|agent| self.desk_of(agent)) else { return };
        if heard.text("status") == Some("away") && self.desks[desk].place == Place::Work {
            self.agenda.plan(now + MOMENT, Intent::Come { desk });
        }
    }

    fn desk_of(&self, agent: &str) -> Option<usize> {
        self.desks.iter().position(|desk| desk.agent == agent)
    }
}

impl Actor for Player {
    fn next_at(&self) -> Option<Timestamp> {
        if self.said.is_empty() { self.agenda.next_at() } else { Some(Timestamp(i64::MIN)) }
    }

    fn actions(&mut self, now: Timestamp) -> Vec<Said> {
        while self.said.len() < ACTIONS_MAX
            && let Some((at, intent)) = self.agenda.take_due(now)
        {
            self.act(intent, at);
        }
        if !self.said.is_empty() {
            self.progress_at = now;
        }
        let rest = self.said.split_off(self.said.len().min(ACTIONS_MAX));
        std::mem::replace(&mut self.said, rest)
    }

    fn on_heard(&mut self, heard: &Heard, now: Timestamp) {
        if !self.books.hear(heard) {
            return;
        }
        self.progress_at = now;
        match heard.kind.as_str() {
            "assignment.offered" => self.on_offered(heard, now),
            "assignment.assigned" => self.on_assigned(heard, now),
            "assignment.completed" | "assignment.revoked" => self.on_work_ended(heard, now),
            "agent.changed" => self.on_agent_changed(heard, now),
            _ => {}
        }
    }

    fn is_through(&self, now: Timestamp) -> bool {
        let all_said = self.arrived_count == self.records.len() && self.said.is_empty();
        let is_quiet = now.since(self.progress_at) > self.options.settle && self.agenda.next_at().is_none();
        all_said && (self.books.open_count() == 0 || is_quiet)
    }
}
