//! The way in and the way out: AMQP 0-9-1 by lapin, and the embedded transport that stands in for it.
//!
//! This room moves bytes. It knows neither tickets nor the journal, and reads no body; the daemon brings them together.
//! It promises that a delivery is acknowledged only when it was [settled](Intake::settle), and that a publication counts
//! as sent only when the broker has confirmed it.
//!
//! **Two connections**, one to consume and one to publish, because a broker short of memory stops reading from whoever
//! publishes, and acknowledgements must not hang behind that. lapin's automatic recovery is off: it hides a dead broker for
//! longer than a minute. Instead every wait has a timeout, a fault throws the whole connection away (its socket is shut
//! down, so that nothing lingers), and a supervisor builds a new one after a pause with full jitter, without end.
//!
//! **What goes apart.** Whoever connects may name a [`Sieve`]: what falls out of it is published as it says on a third
//! connection, which is there while it is needed, and its deliveries are acknowledged one by one. So a body of many
//! megabytes takes the broker's time and nobody else's.
//!
//! **What is unroutable.** All is published as mandatory. Where a publication comes back because no queue is bound for
//! it, it depends on what it was ([`Publication::must_be_routed`]). Assignments, callbacks and dead letters are owed to
//! somebody: they hold the line and are tried again until a queue is bound (with `PREFIX.outbox` and `PREFIX.dead` there is
//! always one). What merely informs (`agent.changed`, `ticket.queued` …) is counted as returned and let go: at a topic exchange,
//! nobody bound means that nobody asked, and all who did have had it. Trying it again later would send the events of a
//! ticket out of their order, and holding the line for it would stop assignments for a dashboard that does not exist.
//!
//! Must not know: any other room.

mod amqp;
pub mod embedded;
mod error;
mod headers;
mod message;
mod options;
mod pattern;
mod properties;
mod status;
mod tls;
mod transport;

pub use amqp::{Tap, Tapped, connect, connect_publisher, connect_tap, declare};
pub use error::{PublishCause, PublishError, TransportError};
pub use headers::LeftOut;
pub use message::{Delivery, DeliveryToken, Exchange, Publication};
pub use options::{BrokerOptions, BrokerUri, OutboxQueue, PREFETCH_MAX, QueueType, Sieve, Sifted, TopologyMode};
pub use pattern::matches as routing_key_matches;
pub use properties::{Properties, SHORT_STRING_LENGTH_MAX_BYTES};
pub use status::{LinkState, Observer, ReturnFate, Status, Unobserved};
pub use tls::{Identity, TlsFiles};
pub use transport::{Confirmed, Deliveries, Intake, Link, Prefetch, Publish, WindowReport};
