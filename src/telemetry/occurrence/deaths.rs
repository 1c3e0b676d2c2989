//! What the crash-loop breaker sees and does.

use std::time::Duration;

use metrics::gauge;
use tracing::{error, info, warn};

use crate::telemetry::metric;

/// Processes died one after the other, and this one waits before it takes anything.
#[derive(Debug, Clone, Copy)]
pub struct CrashLoop {
    /// How many, since anything got through.
    pub deaths: u32,
    /// How long it waits.
    pub wait: Duration,
}

impl CrashLoop {
    /// Logs it.
    pub fn emit(self) {
        error!(
            deaths = self.deaths,
            wait_s = self.wait.as_secs(),
            "processes died one after the other before anything that they had taken was durable: waiting, and then \
             taking one message at a time"
        );
    }
}

/// How a process takes messages, by what is known of those before it.
#[derive(Debug, Clone, Copy)]
pub struct CareTaken {
    /// Processes that died since anything got through.
    pub deaths: u32,
    /// Whether messages are taken one at a time.
    pub is_careful: bool,
}

impl CareTaken {
    /// Counts it, and logs what is out of the ordinary.
    pub fn emit(self) {
        gauge!(metric::DEATHS_IN_A_ROW).set(self.deaths);
        gauge!(metric::CAREFUL).set(u8::from(self.is_careful));
        if self.is_careful {
            warn!(deaths = self.deaths, "taking one message at a time, to know over which one processes die");
        } else if self.deaths > 0 {
            warn!(deaths = self.deaths, "a process died before anything that it had taken was durable");
        }
    }
}

/// A message is given up unread, because of the processes that died over it. Its dead letter is counted as all are.
#[derive(Debug, Clone, Copy)]
pub struct MessageGivenUp<'a> {
    /// How many died over it, with nothing else under way.
    pub deaths: u32,
    /// Its id, where it has one.
    pub message_id: Option<&'a str>,
}

impl MessageGivenUp<'_> {
    /// Logs it.
    pub fn emit(self) {
        error!(deaths = self.deaths, message_id = self.message_id, "a message is given up: processes died over it");
    }
}

/// Everything that was under way when processes died has got through, or was given up.
#[derive(Debug, Clone, Copy)]
pub struct CareEnds;

impl CareEnds {
    /// Logs and counts it.
    pub fn emit(self) {
        gauge!(metric::DEATHS_IN_A_ROW).set(0);
        gauge!(metric::CAREFUL).set(0);
        info!("taking messages at full speed again");
    }
}

/// Deaths are not counted, because the file that counts them can't be read or written.
#[derive(Debug, Clone, Copy)]
pub struct DeathsNotCounted<'a> {
    /// Why.
    pub error: &'a str,
}

impl DeathsNotCounted<'_> {
    /// Logs it.
    pub fn emit(self) {
        warn!(error = self.error, "the file DEATHS beside the journal can't be used: deaths are not counted");
    }
}
