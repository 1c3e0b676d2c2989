//! The configuration as resolved: every value validated, every default filled in.
//!
//! Plain values that know neither the broker nor the journal: the daemon hands each room what it needs.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::routing::Catalogue;

use super::access;
use super::hook::Hooks;
use super::oidc::OidcConfig;
use super::secret::{BrokerUri, Secret};

/// Everything that an operator sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `[node]`: this daemon.
    pub node: NodeConfig,
    /// `[log]`: what it says of itself.
    pub log: LogConfig,
    /// `[amqp]`: the broker.
    pub amqp: AmqpConfig,
    /// `[journal]`: what is durable.
    pub journal: JournalConfig,
    /// `[http]`: health, metrics, API.
    pub http: HttpConfig,
    /// `[dedupe]`: repeated events.
    pub dedupe: DedupeConfig,
    /// `[oidc]`: an identity provider, where there is one.
    pub oidc: Option<OidcConfig>,
    /// `[hook.NAME]`: systems that say things in words of their own. They are read again on `SIGHUP` as well.
    pub hooks: Hooks,
    /// Channels, roles, rules and permissions: the part that is read again on `SIGHUP`.
    pub catalogue: Catalogue,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            node: NodeConfig::default(),
            log: LogConfig::default(),
            amqp: AmqpConfig::default(),
            journal: JournalConfig::default(),
            http: HttpConfig::default(),
            dedupe: DedupeConfig::default(),
            oidc: None,
            hooks: Hooks::new(),
            catalogue: Catalogue { access: access::default_grants(), ..Catalogue::default() },
        }
    }
}

impl Config {
    /// The sections outside the catalogue that differ: they take effect at the next start only.
    #[must_use]
    pub fn sections_changed(&self, other: &Self) -> Vec<&'static str> {
        let sections = [
            ("node", self.node == other.node),
            ("log", self.log == other.log),
            ("amqp", self.amqp == other.amqp),
            ("journal", self.journal == other.journal),
            ("http", self.http == other.http),
            ("dedupe", self.dedupe == other.dedupe),
            ("oidc", self.oidc == other.oidc),
        ];
        sections.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
    }
}

/// This daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeConfig {
    /// Its name: the last part of the `source` of everything that it says.
    pub name: String,
    /// How long a drain may take before the process ends anyway.
    pub shutdown_timeout: Duration,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self { name: "rolecall-1".to_owned(), shutdown_timeout: Duration::from_secs(30) }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object per line.
    Json,
}

/// From which severity on log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LogLevel {
    /// What needs somebody now.
    Error,
    /// What somebody should look at.
    Warn,
    /// The story of the daemon's life.
    #[default]
    Info,
    /// What led to each decision.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// As `tracing` spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// What the daemon says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogConfig {
    /// For people or for machines.
    pub format: LogFormat,
    /// How much of it.
    pub level: LogLevel,
}

/// The kind of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueType {
    /// Replicated, for what must not be lost.
    #[default]
    Quorum,
    /// On one node of the broker.
    Classic,
}

impl QueueType {
    /// As the broker's argument `x-queue-type` spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quorum => "quorum",
            Self::Classic => "classic",
        }
    }
}

/// The broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmqpConfig {
    /// Where it is, and who we are there.
    pub uri: BrokerUri,
    /// Authorities whose certificates are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The certificate that is shown to a broker that asks for one.
    pub identity: Option<CertificateFiles>,
    /// What the names of exchanges and queues begin with.
    pub prefix: String,
    /// The kind of the inbox.
    pub queue_type: QueueType,
    /// How many deliveries may be unacknowledged.
    pub prefetch: u16,
    /// Whether exchanges and queues are declared at the start, or only checked.
    pub declare: bool,
    /// Whether there is a queue that holds assignments until somebody binds their own.
    pub outbox_queue: bool,
    /// How long the broker may be out of reach at the start.
    pub connect_timeout: Duration,
    /// How long a published message may go without a confirm before the connection is thrown away.
    pub confirm_timeout: Duration,
}

/// A certificate and its key, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, and those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Default for AmqpConfig {
    fn default() -> Self {
        Self {
            uri: BrokerUri::new("amqp://guest:guest@127.0.0.1:5672/%2f"),
            ca_file: None,
            identity: None,
            prefix: "rolecall".to_owned(),
            queue_type: QueueType::Quorum,
            prefetch: 2_000,
            declare: true,
            outbox_queue: true,
            connect_timeout: Duration::from_secs(30),
            confirm_timeout: Duration::from_secs(30),
        }
    }
}

/// What is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalConfig {
    /// The directory, which one process at a time owns.
    pub path: PathBuf,
    /// A snapshot is taken after so many entries, or as many as there are tickets and agents, where that is more.
    pub snapshot_every: u64,
    /// For how long the past is kept, for who looks into it.
    pub retention: Duration,
    /// With so many messages waiting to be published no new events are taken.
    pub outbox_max: u64,
    /// For how long after a ticket has ended it is kept who owned it.
    pub histories_retention: Duration,
    /// For how long an hour is kept of which reports are made.
    pub reports_retention: Duration,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::from("data"),
            snapshot_every: 100_000,
            retention: Duration::from_hours(7 * 24),
            outbox_max: 1_000_000,
            histories_retention: Duration::from_hours(90 * 24),
            reports_retention: Duration::from_hours(3 * 365 * 24),
        }
    }
}

/// Health, metrics, API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// With it HTTP is spoken over TLS, and not without.
    pub identity: Option<CertificateFiles>,
    /// The token that has the rights of an owner; from the environment only.
    pub owner_token: Option<Secret>,
    /// After so long a browser has to log in again.
    pub session_lifetime: Duration,
    /// Whether browsers send their cookie over TLS only.
    pub secure_cookies: bool,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8_080)),
            identity: None,
            owner_token: None,
            session_lifetime: Duration::from_hours(7 * 24),
            secure_cookies: false,
        }
    }
}

/// Repeated events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DedupeConfig {
    /// For how long the ids of events are remembered.
    pub window: Duration,
}

impl Default for DedupeConfig {
    fn default() -> Self {
        Self { window: Duration::from_hours(24) }
    }
}
