//! The engine: who gets which ticket.
//!
//! # The determinism contract
//!
//! The engine has no clock, no thread, no file, no environment and no randomness of its own: time and seed are
//! arguments. Equal commands at equal times give equal [`Event`]s and an equal [`State::hash`], on every machine.
//! Nothing is decided by the order of a hash map, and no decision uses a floating-point number. A condition of a rule
//! may compare numbers that upstream sent; what it decided is in the event, so replay never evaluates it again.
//!
//! # How it is used
//!
//! ```
//! use rolecall::routing::{Command, Engine, Identity, Timestamp};
//!
//! let mut engine = Engine::new(Identity { instance: 1, seed: 7 });
//! let outcome = engine.handle(Command::Elapse, Timestamp(1_000));
//! assert!(outcome.events.is_empty());
//! assert_eq!(engine.next_timeout(), None);
//! ```
//!
//! [`Engine::handle`] takes one [`Command`] and the time, and returns the events that followed. They are applied
//! already. Whoever owns the engine makes them durable before anybody acts on them, and calls `handle` with
//! [`Command::Elapse`] no later than [`Engine::next_timeout`]. To replay, apply the same events to an empty [`State`]:
//! [`State::apply`] never decides.

pub mod admission;
pub mod agent;
mod apply;
mod audience;
pub mod automation;
pub mod bare;
pub mod catalogue;
pub mod channel;
pub mod classify;
mod closed;
pub mod command;
pub mod condition;
pub mod cooldown;
mod crew;
mod demands;
mod digest;
mod directory;
pub mod diversion;
mod doors;
mod draw;
pub mod engine;
pub mod escalation;
pub mod estimate;
pub mod event;
pub mod explanation;
pub mod facts;
mod few;
pub mod frozen;
mod glimpse;
pub mod grounds;
mod group;
pub mod hours;
mod importance;
mod index;
mod interruption;
mod invariants;
mod ledger;
pub mod matching;
mod memory;
#[cfg(any(test, debug_assertions, feature = "naive"))]
pub mod naive;
pub mod name;
pub mod offer;
pub mod overflow;
mod owed;
pub mod owning;
pub mod pacing;
pub mod passed_on;
pub mod permission;
pub mod pool;
mod presence;
pub mod prospect;
pub mod queue;
mod race;
pub mod rank;
mod ranked;
mod reserve;
pub mod returning;
pub mod role;
pub mod roles;
mod roster;
pub mod seldom;
pub mod service;
pub mod serving;
mod signature;
pub mod skill;
mod skillbook;
pub mod sorted;
pub mod split;
pub mod staffing;
mod standing;
pub mod state;
mod step;
pub mod strategy;
pub mod succession;
pub mod ticket;
pub mod time;
pub mod timer;
pub mod zone;

pub use agent::{Agent, AgentProfile, AgentView, Status};
pub use bare::BareState;
pub use catalogue::Catalogue;
pub use command::{Command, Rejection, RejectionCode};
pub use engine::{Engine, Outcome, Verdict};
pub use event::Event;
pub use frozen::{Frozen, StateDigest};
pub use name::{
    AgentId, AssignmentId, AutomationName, ChannelName, HoursName, Permission, RoleName, RuleName, SkillName,
    StatusName, TicketId, TicketType,
};
pub use passed_on::{Parted, PassedOn};
pub use state::{Identity, State};
pub use ticket::{Asked, Beside, Patch, Phase, Priority, Ticket, TicketChanges, TicketSpec};
pub use time::{Millis, Timestamp};

/// The most agents that one ticket remembers not to ask again, beyond its `exclude_agents`.
pub const BARS_MAX: usize = 64;
