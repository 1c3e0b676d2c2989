//! The words of those outside: what upstream and desktops say to the daemon, and what they hear from it.
//!
//! The commands that try rolecall out (`publish`, `watch`, `traffic`, `replay-csv`, `demo`) speak through this room, as
//! any client would: [`Said`] is one event for `PREFIX.events`, [`Heard`] one from `PREFIX.assignments`, [`Post`] sends
//! until the broker has confirmed, and [`Line`] is both directions at once, over AMQP or within the process. An
//! [`Actor`] decides what to say, and [`converse`] brings the two together.
//!
//! Must not know: the engine's state, the journal, the daemon. What `docs/events.md` does not say can't be used here.

mod agenda;
mod converse;
mod heard;
#[cfg(test)]
pub(crate) mod house;
mod line;
mod post;
mod said;

pub use agenda::Agenda;
pub use converse::{Actor, converse};
pub use heard::{Heard, NotHeard};
pub use line::{Line, LineError};
pub use post::{Post, PostError, WINDOW_LENGTH_MAX};
pub use said::{Form, Message, NotSaid, Said, draw_event_id};

use crate::routing::Timestamp;

/// The time of day of this machine.
#[must_use]
pub fn clock() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

/// RFC 3339 with milliseconds, in UTC.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    format!("{at:.3}")
}
