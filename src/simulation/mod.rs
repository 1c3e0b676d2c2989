//! The engine on a virtual clock: what a catalogue, a staffing or a strategy would do, before customers feel it.
//!
//! # How it works
//! A [`Workload`] says who comes when, with what and how patiently, and who works when: drawn from a scenario, or taken
//! from the past. [`run`] plays it to a [`crate::routing::Engine`] of its own: a heap of what happens next on one side,
//! the engine's own timers on the other, whichever is earlier. The engine is the one that the daemon runs. [`Books`]
//! keep what became of each ticket and agent; of a run they make a [`Tally`] of figures, of several runs [`Estimate`]s
//! with their intervals.
//!
//! # Invariants
//! - Equal scenarios and seeds give equal figures on every machine: random numbers come from `ChaCha8` by streams with
//!   numbers, logarithms from a library of our own and not from the machine's.
//! - Whatever is random of a ticket is drawn from its own source's streams in the order of arrival, or from its number;
//!   so two catalogues meet the same customers, and their difference is not blurred by chance (common random numbers).
//! - Runs share nothing. They are counted in the order of their numbers, whichever thread played them.
//!
//! Knows `routing`, and what `config` resolves. Must not know: the daemon, the broker, the journal, the time of day.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people, of times far below 2^53 ms"
)]

mod agenda;
mod books;
mod comparison;
mod dice;
mod erlang;
mod figures;
mod fit;
mod interval;
mod page;
mod past;
mod replicate;
mod report;
mod run;
mod scene;
mod staff;
mod staffing;
mod team;
mod text;
mod workload;

pub use books::{Books, Fate};
pub use comparison::{Comparison, Difference};
pub use erlang::{Load, agents_for, in_time};
pub use figures::{GroupKind, GroupName, HourFigures, Measure, Tally, Unit};
pub use fit::typical;
pub use interval::Estimate;
pub use page::{comparison_page, page};
pub use past::Past;
pub use replicate::{Progress, simulate};
pub use report::{AgentReport, GroupReport, HourReport, Report};
pub use run::{Listener, run, run_aloud};
pub use scene::{Coming, Scene};
pub use staff::{Manner, Presence, StaffMember, Week};
pub use staffing::{Plan, Target, confirmed};
pub use team::{Need, Team};
pub use text::{comparison_text, text};
pub use workload::{Recorded, Ticket, Workload};
