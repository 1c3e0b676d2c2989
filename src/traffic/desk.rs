//! What agents do with what they are given: answer, work, hand over, wait for the customer, write it up.

use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::json;

use crate::client::Heard;
use crate::routing::{Millis, Timestamp};
use crate::wire::EventKind;

use super::intent::Intent;
use super::{Traffic, scaled};

/// How often a ticket is worked on to its end at once. The rest is handed over, given back, or paused.
const TRANSFERRED: f64 = 0.04;
const RELEASED: f64 = 0.015;
const PAUSED: f64 = 0.05;
/// How often an offer is missed or declined.
const MISSED: f64 = 0.03;
const DECLINED: f64 = 0.04;
/// How long a phone rings, a call is written up, a customer is waited for.
const THINK_USUAL_MS: u64 = 900;
const WRAP_UP_USUAL_MS: u64 = 2_000;
const PAUSE_USUAL_MS: u64 = 9_000;

/// An answer to an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) agent: String,
    ticket: String,
    assignment: String,
    is_call: bool,
    accepts: bool,
}

/// A ticket in somebody's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) agent: String,
    ticket: String,
    role: String,
    channel: String,
    /// Whether it has been paused, or handed over on its way: once is enough.
    was_interrupted: bool,
}

/// How long work on that channel usually takes.
fn usual_ms(channel: &str) -> u64 {
    match channel {
        "call" => 5_200,
        "chat" => 9_200,
        "email" => 7_500,
        _ => 5_800,
    }
}

impl Traffic {
    pub(super) fn on_offered(&mut self, heard: &Heard, now: Timestamp) {
        let (Some(agent), Some(ticket), Some(assignment)) = (heard.agent(), heard.ticket(), heard.assignment()) else {
            return;
        };
        if self.desk_of(agent).is_none() || self.chance(MISSED) {
            return;
        }
        let answer = Answer {
            agent: agent.to_owned(),
            ticket: ticket.to_owned(),
            assignment: assignment.to_owned(),
            is_call: heard.channel() == Some("call"),
            accepts: !self.chance(DECLINED),
        };
        let thought = self.draw_about(THINK_USUAL_MS);
        self.agenda.plan(now + thought, Intent::Answer(answer));
    }

    pub(super) fn answer(&mut self, answer: &Answer, at: Timestamp) {
        let kind = match (answer.accepts, answer.is_call) {
            (true, true) => EventKind::CallAnswered,
            (true, false) => EventKind::TicketAccepted,
            (false, true) => EventKind::CallRejected,
            (false, false) => EventKind::TicketDeclined,
        };
        let data = json!({"ticket_id": answer.ticket, "agent_id": answer.agent, "assignment_id": answer.assignment});
        self.say(kind, at, data);
    }

    pub(super) fn on_assigned(&mut self, heard: &Heard, now: Timestamp) {
        let (Some(agent), Some(ticket), Some(assignment)) = (heard.agent(), heard.ticket(), heard.assignment()) else {
            return;
        };
        self.waiting.remove(ticket);
        if self.desk_of(agent).is_none() || self.work.contains_key(assignment) {
            return;
        }
        self.tally.assigned += 1;
        let work = Work {
            agent: agent.to_owned(),
            ticket: ticket.to_owned(),
            role: heard.role().unwrap_or_default().to_owned(),
            channel: heard.channel().unwrap_or_default().to_owned(),
            was_interrupted: false,
        };
        self.plan_finish(assignment, &work, now);
        self.work.insert(assignment.to_owned(), work);
    }

    fn plan_finish(&mut self, assignment: &str, work: &Work, now: Timestamp) {
        let length = self.draw_work(&work.agent, &work.channel);
        self.agenda.plan(now + length, Intent::Finish { assignment: assignment.to_owned() });
    }

    /// Most work is short, and some is long.
    fn draw_work(&mut self, agent: &str, channel: &str) -> Millis {
        let pace = self.desk_of(agent).map_or(1.0, |desk| self.desks[desk].worker.pace);
        // An exponential above a floor: the mean is one.
        let drawn = 0.4 - 0.6 * (1.0 - self.rng.random::<f64>()).ln();
        Millis(scaled(usual_ms(channel), pace * drawn.min(4.0) * self.tempo()))
    }

    pub(super) fn finish(&mut self, assignment: &str, at: Timestamp) {
        let Some(work) = self.work.get(assignment).cloned() else { return };
        let drawn: f64 = self.rng.random();
        let may_wait = work.channel != "call";
        if work.was_interrupted || drawn > TRANSFERRED + RELEASED + PAUSED {
            self.complete(&work, at);
        } else if drawn < TRANSFERRED && work.channel != "social" {
            self.transfer(&work, at);
        } else if drawn < TRANSFERRED + RELEASED {
            let data = json!({"ticket_id": work.ticket, "agent_id": work.agent, "reason": "out of my depth"});
            self.say(EventKind::TicketReleased, at, data);
        } else if may_wait {
            self.say(EventKind::TicketPaused, at, json!({"ticket_id": work.ticket}));
        } else {
            self.complete(&work, at);
        }
        if let Some(work) = self.work.get_mut(assignment) {
            work.was_interrupted = true;
        }
    }

    fn complete(&mut self, work: &Work, at: Timestamp) {
        let outcome = *["solved", "solved", "solved", "answered", "order placed", "no fault found"]
            .choose(&mut self.rng)
            .expect("the list is not empty");
        let kind = if work.channel == "call" { EventKind::CallEnded } else { EventKind::TicketCompleted };
        self.say(kind, at, json!({"ticket_id": work.ticket, "agent_id": work.agent, "outcome": outcome}));
    }

    fn transfer(&mut self, work: &Work, at: Timestamp) {
        let to_role = match work.role.as_str() {
            "billing" | "vip" => "technical",
            "technical" => "billing",
            _ => ["billing", "technical"].choose(&mut self.rng).expect("the list is not empty"),
        };
        let data = json!({"ticket_id": work.ticket, "to_role": to_role, "by": work.agent, "note": "not mine"});
        self.say(EventKind::TicketTransferred, at, data);
    }

    pub(super) fn on_paused(&mut self, heard: &Heard, now: Timestamp) {
        let Some(assignment) = heard.assignment().filter(|id| self.work.contains_key(*id)).map(str::to_owned) else {
            return;
        };
        let length = self.draw_about(PAUSE_USUAL_MS);
        self.agenda.plan(now + length, Intent::Resume { assignment });
    }

    pub(super) fn resume(&mut self, assignment: &str, at: Timestamp) {
        let Some(work) = self.work.get(assignment) else { return };
        let data = json!({"ticket_id": work.ticket});
        self.say(EventKind::TicketResumed, at, data);
    }

    pub(super) fn on_resumed(&mut self, heard: &Heard, now: Timestamp) {
        let Some(assignment) = heard.assignment() else { return };
        let Some(work) = self.work.get(assignment).cloned() else { return };
        self.plan_finish(assignment, &work, now);
    }

    pub(super) fn on_completed(&mut self, heard: &Heard, now: Timestamp) {
        let Some(work) = heard.assignment().and_then(|assignment| self.work.remove(assignment)) else { return };
        self.tally.completed += 1;
        if work.channel == "call" {
            let length = self.draw_about(WRAP_UP_USUAL_MS);
            let intent = Intent::EndWrapUp { agent: work.agent.clone(), ticket: work.ticket };
            self.agenda.plan(now + length, intent);
        }
        self.maybe_leave(&work.agent, now);
    }

    /// Also of offers; those are not among the work.
    pub(super) fn on_revoked(&mut self, heard: &Heard, now: Timestamp) {
        let Some(work) = heard.assignment().and_then(|assignment| self.work.remove(assignment)) else { return };
        if heard.text("cause") != Some("ticket_cancelled") {
            self.wait_again(&work.ticket, &work.channel, now);
        }
        self.maybe_leave(&work.agent, now);
    }
}
