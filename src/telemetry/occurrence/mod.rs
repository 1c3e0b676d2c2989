//! What is worth a line in the log or a count: one struct each, and `emit()` does both.
//!
//! Levels: `error` where somebody has to act, `warn` where something was lost or may soon be, `info` for what happens a
//! few times a day, `debug` for what happens for every event.

mod broker;
mod deaths;
mod hooks;
mod identity;
mod inbound;
mod journal;
mod lifecycle;

pub use broker::{BrokerReconnected, InboxConsumersCounted, PublishFailed, PublishFailure, PublishUnwanted};
pub use deaths::{CareEnds, CareTaken, CrashLoop, DeathsNotCounted, MessageGivenUp};
pub use hooks::{HookDealtWith, HookKnown, HookLeftOut, HookOutcome, HookRefused};
pub use identity::{IdentityKeysRead, IdentityKeysUnreadable};
pub use inbound::{EventAccepted, EventDeadLettered, EventDuplicate, EventRejected};
pub use journal::{
    JournalFailed, JournalRecovered, OutOfRoom, RoomAgain, SnapshotFailed, SnapshotRefused, SnapshotTaken,
};
pub use lifecycle::{
    CatalogueRefused, CatalogueReloaded, ClockSteppedBack, ConfigLoaded, DrainCutShort, DrainFinished, DrainStarted,
    HttpListening, Started,
};
