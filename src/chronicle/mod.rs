//! What the events of the journal add up to, for reports and for the history of a ticket: by hour, role, channel and agent.
//!
//! It follows the journal at its own pace and keeps its sums in a database of its own beside it, longer than the journal
//! keeps entries; but nothing for ever: see [`Retention`]. Nothing depends on it: whoever removes `chronicle.redb` gets what
//! the journal still holds. What was taken in and how far it got are written in one transaction, so no event is counted twice
//! or left out.
//!
//! This room knows `routing`, and neither the journal nor HTTP: the daemon brings it the events.

mod cell;
mod clock;
mod error;
mod forgetting;
mod histogram;
mod report;
mod spell;
mod store;

#[cfg(test)]
mod tests;

pub use cell::Cell;
pub use error::ChronicleError;
pub use forgetting::Retention;
pub use histogram::Histogram;
pub use report::{By, Query, Report, Row};
pub use spell::{History, Spell};
pub use store::{Chronicle, Told};
