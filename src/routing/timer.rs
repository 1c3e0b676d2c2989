//! When something is due: one timer for each ticket and each agent that something can happen to by itself.
//!
//! A timer holds the earliest moment only. What is due then is read off the subject, so timers can be made anew from the
//! ground truth at any time, and cancelling one is forgetting it.

use std::cmp::Reverse;

use foldhash::fast::FixedState;
use priority_queue::PriorityQueue;

use super::agent::Agent;
use super::name::{AgentId, RoleName, TicketId};
use super::rank::Precedence;
use super::roster::Number;
use super::ticket::Ticket;
use super::time::Timestamp;

/// What a timer is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// An agent whose wrap-up ends, or who falls silent.
    Agent(AgentId),
    /// A ticket to which something happens by itself.
    Ticket(TicketId),
    /// A role whose waiting tickets are looked at now and then, or that closes.
    Role(RoleName),
    /// Tickets that wait for their role to open.
    Doors,
    /// Ended tickets that are old enough to be forgotten.
    Closed,
}

/// What happens to a ticket by itself, in the order in which it happens when several are due at one moment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TicketDue {
    /// When its time to live is over.
    Expiry,
    /// When it stops waiting aside.
    NotBefore,
    /// When this agent's offer lapses.
    Offer(AgentId),
    /// When its service target will pass soon.
    AtRisk,
    /// When its service target passes.
    Breach,
    /// When it stops waiting for one agent.
    Direction,
    /// When the next overflow step is taken.
    Overflow,
    /// When somebody may be asked again.
    Bars,
    /// When the automation of this place in the catalogue fires.
    Automation(usize),
    /// When it has waited for as long as its role lets anything wait.
    MaxWait,
    /// When its owner has been offline for long enough.
    OwnerGrace,
    /// When its owner has not replied for long enough.
    FirstReply,
}

impl TicketDue {
    /// One word for logs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Expiry => "expiry",
            Self::NotBefore => "not_before",
            Self::Offer(_) => "offer",
            Self::AtRisk => "at_risk",
            Self::Breach => "breach",
            Self::Direction => "direction",
            Self::Overflow => "overflow",
            Self::Bars => "bars",
            Self::Automation(_) => "automation",
            Self::MaxWait => "max_wait",
            Self::OwnerGrace => "owner_grace",
            Self::FirstReply => "first_reply",
        }
    }
}

/// What happens to a role by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleDue {
    /// When the conditions of its ladder are looked at.
    Look,
    /// When it closes, and what waits goes elsewhere.
    Closing,
}

impl RoleDue {
    /// One word for logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Look => "role",
            Self::Closing => "closing",
        }
    }
}

/// What happens to an agent by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum AgentDue {
    /// When the wrap-up of this ticket ends.
    WrapUp(TicketId),
    /// When silence turns it offline.
    Heartbeat,
    /// When having done nothing turns it away.
    Idle,
    /// When it may be given work again.
    Pace,
}

/// Of several subjects that are due at one moment, in this order: agents by id, tickets as they are placed where several are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Agent(AgentId),
    Ticket(Precedence),
    Role(RoleName),
    Doors,
    Closed,
}

/// The moment of a timer that does not run.
const NEVER: Timestamp = Timestamp(i64::MAX);

/// The earliest moment of each subject.
#[derive(Debug, Clone)]
pub struct Timers {
    queue: PriorityQueue<Subject, Reverse<(Timestamp, Turn)>, FixedState>,
    /// The same of tickets and agents by their numbers, so that one that stays as it is costs a comparison.
    tickets: Vec<Timestamp>,
    agents: Vec<Timestamp>,
    /// The same of what has ended.
    closed: Option<Timestamp>,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            queue: PriorityQueue::with_hasher(FixedState::default()),
            tickets: Vec::new(),
            agents: Vec::new(),
            closed: None,
        }
    }
}

/// Takes down what is so in a place. Says whether it is otherwise than before.
fn changes<T: Copy + PartialEq>(known: &mut Vec<T>, place: usize, now: T, nothing: T) -> bool {
    if known.len() <= place {
        known.resize(place + 1, nothing);
    }
    std::mem::replace(&mut known[place], now) != now
}

impl Timers {
    /// Sets, moves or forgets a ticket's timer; or only its turn, where that is another.
    pub(super) fn set_ticket(
        &mut self,
        number: Number<Ticket>,
        id: &TicketId,
        due: Option<Timestamp>,
        turn: impl FnOnce() -> Precedence,
    ) {
        let moved = changes(&mut self.tickets, number.place(), due.unwrap_or(NEVER), NEVER);
        if moved || due.is_some() {
            self.put(Subject::Ticket(id.clone()), due.map(|due| (due, Turn::Ticket(turn()))));
        }
    }

    /// A ticket is no more.
    pub(super) fn forget_ticket(&mut self, number: Number<Ticket>, id: &TicketId) {
        if changes(&mut self.tickets, number.place(), NEVER, NEVER) {
            self.queue.remove(&Subject::Ticket(id.clone()));
        }
    }

    /// Sets, moves or forgets an agent's timer.
    pub(super) fn set_agent(&mut self, number: Number<Agent>, id: &AgentId, due: Option<Timestamp>) {
        if changes(&mut self.agents, number.place(), due.unwrap_or(NEVER), NEVER) {
            self.put(Subject::Agent(id.clone()), due.map(|due| (due, Turn::Agent(id.clone()))));
        }
    }

    /// Sets, moves or forgets the timer of what has ended.
    pub(super) fn set_closed(&mut self, due: Option<Timestamp>) {
        if std::mem::replace(&mut self.closed, due) != due {
            self.put(Subject::Closed, due.map(|due| (due, Turn::Closed)));
        }
    }

    /// Sets, moves or forgets a role's timer.
    pub(super) fn set_role(&mut self, role: &RoleName, due: Option<Timestamp>) {
        self.put(Subject::Role(role.clone()), due.map(|due| (due, Turn::Role(role.clone()))));
    }

    /// Sets, moves or forgets the timer of those who wait for their role to open.
    pub(super) fn set_doors(&mut self, due: Option<Timestamp>) {
        self.put(Subject::Doors, due.map(|due| (due, Turn::Doors)));
    }

    fn put(&mut self, subject: Subject, due: Option<(Timestamp, Turn)>) {
        match due.map(Reverse) {
            Some(now) => {
                if self.queue.get_priority(&subject) != Some(&now) {
                    self.queue.push(subject, now);
                }
            }
            None => {
                self.queue.remove(&subject);
            }
        }
    }

    /// The subject that is due first; of several, agents before tickets, and tickets as they are placed.
    #[must_use]
    pub fn first(&self) -> Option<(Timestamp, &Subject)> {
        self.queue.peek().map(|(subject, Reverse((due, _)))| (*due, subject))
    }

    /// How many timers run.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing is due, ever.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// A subject's timer, for comparison with what the subject says.
    pub(super) fn get(&self, subject: &Subject) -> Option<Timestamp> {
        self.queue.get_priority(subject).map(|Reverse((due, _))| *due)
    }
}
