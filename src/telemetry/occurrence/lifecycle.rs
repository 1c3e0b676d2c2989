//! The life of the process: start, reload, clock, drain.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use metrics::counter;
use tracing::{error, info, warn};

use crate::telemetry::metric;
use crate::telemetry::recorder::Build;

/// The process started.
#[derive(Debug, Clone, Copy)]
pub struct Started<'a> {
    /// What runs.
    pub build: Build,
    /// The node's name.
    pub node: &'a str,
}

impl Started<'_> {
    /// Logs it.
    pub fn emit(self) {
        info!(version = self.build.version, commit = self.build.commit, node = self.node, "rolecall starts");
    }
}

/// The configuration was read.
#[derive(Debug, Clone, Copy)]
pub struct ConfigLoaded<'a> {
    /// The file, where there is one.
    pub path: Option<&'a Path>,
    /// Roles in the catalogue.
    pub roles_count: usize,
    /// Rules in the catalogue.
    pub rules_count: usize,
    /// Channels in the catalogue.
    pub channels_count: usize,
}

impl ConfigLoaded<'_> {
    /// Logs it.
    pub fn emit(self) {
        let path = self.path.map(|path| path.display().to_string());
        info!(
            path,
            roles = self.roles_count,
            rules = self.rules_count,
            channels = self.channels_count,
            "configuration loaded"
        );
    }
}

/// The HTTP server listens.
#[derive(Debug, Clone, Copy)]
pub struct HttpListening {
    /// Where.
    pub address: SocketAddr,
    /// Whether anybody can use the API.
    pub token_configured: bool,
}

impl HttpListening {
    /// Logs it.
    pub fn emit(self) {
        info!(address = %self.address, wallboard = %format_args!("http://{}/", self.address), "HTTP listens");
        if !self.token_configured {
            warn!("no owner token: the API and the wallboard show nothing until ROLECALL_OWNER_TOKEN is set");
        }
    }
}

/// A new catalogue is in force.
#[derive(Debug, Clone, Copy)]
pub struct CatalogueReloaded<'a> {
    /// Its number.
    pub version: u64,
    /// For people: one line a change.
    pub changes: &'a [String],
}

impl CatalogueReloaded<'_> {
    /// Logs and counts it.
    pub fn emit(self) {
        counter!(metric::CATALOGUE_RELOADS_TOTAL, "outcome" => "applied").increment(1);
        info!(version = self.version, changes = ?self.changes, "catalogue reloaded");
    }
}

/// A new catalogue was refused whole; the old one stays.
#[derive(Debug, Clone, Copy)]
pub struct CatalogueRefused<'a> {
    /// What is wrong with it.
    pub error: &'a str,
}

impl CatalogueRefused<'_> {
    /// Logs and counts it.
    pub fn emit(self) {
        counter!(metric::CATALOGUE_RELOADS_TOTAL, "outcome" => "refused").increment(1);
        error!(error = self.error, "new catalogue refused, the running one stays");
    }
}

/// The wall clock stepped back; time stands still until it has caught up.
#[derive(Debug, Clone, Copy)]
pub struct ClockSteppedBack {
    /// How far.
    pub by: Duration,
}

impl ClockSteppedBack {
    /// Logs and counts it.
    pub fn emit(self) {
        counter!(metric::CLOCK_STEPS_TOTAL).increment(1);
        warn!(by_ms = millis(self.by), "the clock stepped back");
    }
}

/// The process was asked to end: nothing more is taken, and what is under way is finished.
#[derive(Debug, Clone, Copy)]
pub struct DrainStarted {
    /// `SIGTERM`, `SIGINT` …
    pub cause: &'static str,
    /// How long it may take.
    pub timeout: Duration,
}

impl DrainStarted {
    /// Logs it.
    pub fn emit(self) {
        info!(cause = self.cause, timeout_ms = millis(self.timeout), "drain started");
    }
}

/// Everything that was under way is journaled, published and acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct DrainFinished {
    /// How long it took.
    pub took: Duration,
}

impl DrainFinished {
    /// Logs it.
    pub fn emit(self) {
        info!(took_ms = millis(self.took), "drained: nothing was left");
    }
}

/// The drain's time ran out. Nothing is lost: what was left is sent after the next start, under its old ids.
#[derive(Debug, Clone, Copy)]
pub struct DrainCutShort {
    /// How long was waited.
    pub took: Duration,
    /// Outbound records that are durable and not confirmed.
    pub outbox_count: u64,
}

impl DrainCutShort {
    /// Logs it.
    pub fn emit(self) {
        warn!(
            took_ms = millis(self.took),
            outbox = self.outbox_count,
            "drain cut short; what is left follows after the next start"
        );
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
