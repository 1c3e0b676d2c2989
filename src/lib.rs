//! rolecall decides, in a contact centre, who gets which ticket and which call.
//!
//! The rooms of the house, in reading order. Who may know whom is in `docs/architecture.md`; the first rule, that
//! [`routing`] knows nobody, is held by the compiler: without default features the library is that room alone.
#![forbid(unsafe_code)]

// The engine: pure and deterministic. Commands in, events out.
pub mod routing;

// Where a test can have the process die. Nothing in a release build.
#[cfg(feature = "daemon")]
pub mod kill_point;

// JSON and CloudEvents in and out.
#[cfg(feature = "daemon")]
pub mod wire;

// Records and files as one stream, for copies of what is kept.
#[cfg(feature = "daemon")]
pub mod archive;

// What is durable: entries, duplicates, outbox, snapshots.
#[cfg(feature = "daemon")]
pub mod journal;

// What is kept beside the journal: who may come in, and who did what.
#[cfg(feature = "daemon")]
pub mod records;

// What the events of the journal add up to, for reports.
#[cfg(feature = "daemon")]
pub mod chronicle;

// A copy of all that is kept, and back.
#[cfg(feature = "daemon")]
pub mod backup;

// AMQP, and the embedded transport that stands in for it.
#[cfg(feature = "daemon")]
pub mod broker;

// The words of those outside: what clients say and hear.
#[cfg(feature = "daemon")]
pub mod client;

// A made-up contact centre, for whoever tries it out.
#[cfg(feature = "daemon")]
pub mod traffic;

// Recorded tickets, said again at any speed, and the books about what became of them.
#[cfg(feature = "daemon")]
pub mod replay;

// What other systems say in words of their own, as events of ours.
#[cfg(feature = "daemon")]
pub mod mapping;

// JSON Schemas as their readers want them.
#[cfg(feature = "daemon")]
mod schema;

// Files that are written for a daemon: whose they are, who may read them, and that they outlive a loss of power.
#[cfg(feature = "daemon")]
mod files;

// Files that are looked at, and whose changes stay in memory.
#[cfg(feature = "daemon")]
mod overlay;

// Work that lets everybody else go first.
#[cfg(feature = "daemon")]
mod leisure;

// Certificates and keys, for whoever speaks TLS.
#[cfg(feature = "daemon")]
mod pem;

// The configuration: as written, and as resolved.
#[cfg(feature = "daemon")]
pub mod config;

// The engine on a virtual clock: what would be, and what theory says of it.
#[cfg(feature = "daemon")]
pub mod simulation;

// Metrics and logs: one struct per occurrence.
#[cfg(feature = "daemon")]
pub mod telemetry;

// Health, metrics and the wallboard.
#[cfg(feature = "daemon")]
pub mod http;

// The pipeline: where all rooms meet.
#[cfg(feature = "daemon")]
pub mod daemon;

// One page of HTML for whoever tells figures.
#[cfg(feature = "daemon")]
mod page;

// Routing through a real broker, measured beside what the broker itself allows.
#[cfg(feature = "daemon")]
pub mod bench;

// One file per subcommand.
#[cfg(feature = "daemon")]
pub mod cli;
