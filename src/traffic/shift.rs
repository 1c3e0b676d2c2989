//! When agents come, take a break and go.

use serde_json::json;

use crate::client::Heard;
use crate::routing::Timestamp;
use crate::wire::EventKind;

use super::Traffic;
use super::intent::Intent;

/// How long a break takes, in hours of the day.
const BREAK_HOURS: f64 = 0.4;
/// How long an agent is gone who was declared away for missing offers.
const ABSENCE_USUAL_MS: u64 = 12_000;

/// What an agent means to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    /// At home.
    Off,
    /// At work.
    On,
    /// Having a coffee.
    Break,
    /// Going home once their hands are empty.
    Leaving,
}

/// A step of a shift; the same time each day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Come,
    TakeBreak,
    EndBreak,
    Leave,
}

impl Traffic {
    /// Plans the shifts of a desk; whoever should be there by now is.
    pub(super) fn begin_shifts(&mut self, desk: usize, now: Timestamp) {
        let hours = self.desks[desk].worker.hours;
        let steps = [
            (hours.from, Step::Come),
            (hours.break_at, Step::TakeBreak),
            (hours.break_at + BREAK_HOURS, Step::EndBreak),
            (hours.until, Step::Leave),
        ];
        for (hour, step) in steps {
            self.agenda.plan(self.day.next(hour, now), Intent::Shift { desk, step });
        }
        if (hours.from..hours.until).contains(&self.day.hour(now)) {
            self.turn(desk, Duty::On, now);
        }
    }

    pub(super) fn shift(&mut self, desk: usize, step: Step, at: Timestamp) {
        self.agenda.plan(at + self.day.length(), Intent::Shift { desk, step });
        match (step, self.desks[desk].duty) {
            (Step::Come, _) | (Step::EndBreak, Duty::Break) => self.turn(desk, Duty::On, at),
            (Step::TakeBreak, Duty::On) => self.turn(desk, Duty::Break, at),
            (Step::Leave, Duty::On | Duty::Break) if self.is_idle(desk) => self.turn(desk, Duty::Off, at),
            (Step::Leave, Duty::On | Duty::Break) => self.turn(desk, Duty::Leaving, at),
            (Step::TakeBreak | Step::EndBreak | Step::Leave, _) => {}
        }
    }

    /// Whoever is on the way home goes when the last ticket is done.
    pub(super) fn maybe_leave(&mut self, agent: &str, at: Timestamp) {
        let Some(desk) = self.desk_of(agent) else { return };
        if self.desks[desk].duty == Duty::Leaving && self.is_idle(desk) {
            self.turn(desk, Duty::Off, at);
        }
    }

    /// An agent who was declared away, although they are at work, notices it after a while.
    pub(super) fn on_agent_changed(&mut self, heard: &Heard, now: Timestamp) {
        let Some(index) = heard.agent().and_then(|agent| self.desk_of(agent)) else { return };
        let desk = &self.desks[index];
        if heard.text("status") == Some("away") && desk.duty == Duty::On && !desk.is_returning {
            self.desks[index].is_returning = true;
            let absence = self.draw_about(ABSENCE_USUAL_MS);
            self.agenda.plan(now + absence, Intent::Return { desk: index });
        }
    }

    pub(super) fn return_to_desk(&mut self, desk: usize, at: Timestamp) {
        self.desks[desk].is_returning = false;
        if self.desks[desk].duty == Duty::On {
            self.turn(desk, Duty::On, at);
        }
    }

    fn is_idle(&self, desk: usize) -> bool {
        let id = self.desks[desk].worker.id;
        !self.work.values().any(|work| work.agent == id)
    }

    fn turn(&mut self, desk: usize, duty: Duty, at: Timestamp) {
        self.desks[desk].duty = duty;
        let (status, reason) = match duty {
            Duty::On => ("online", "at work"),
            Duty::Break => ("away", "break"),
            Duty::Leaving => ("busy", "end of shift"),
            Duty::Off => ("offline", "end of shift"),
        };
        let agent = self.desks[desk].worker.id;
        self.say(EventKind::AgentPresence, at, json!({"agent_id": agent, "status": status, "reason": reason}));
    }
}
