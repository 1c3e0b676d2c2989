//! Measures routing through a real broker against the broker's own limit, in one run.
//!
//! In turns, on the same broker and with the same messages: the *passthrough* (a process that consumes, parses,
//! publishes one message, waits for its confirm and acknowledges, by lapin, with the best settings found), the
//! *passthrough that says as much* (one message that is routed and one for which no queue is bound, as rolecall says
//! two things of each event of this load), and *rolecall*, its journal on disk and syncing. Each is a process of its own,
//! so that its CPU can be told from the broker's and the load generator's.
//!
//! **The load.** Tickets that are assigned at once, and completed some hundred tickets later: half of the events are of
//! either kind, and each leads to exactly one message in the outbox. So an event's latency is from the moment at which
//! it was *to be* sent to the arrival of that message at a consumer, whoever is late in between (open loop; Gil Tene's
//! "coordinated omission").
//!
//! Must not know: the daemon, the engine, the journal. What is measured is measured from outside.
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people: three digits of them are looked at"
)]

mod contestant;
mod ear;
mod figures;
mod machine;
mod node;
mod page;
mod passthrough;
mod plan;
mod run;
mod script;
mod sender;
mod text;

pub use figures::Report;
pub use node::Node;
pub use page::page;
pub use passthrough::{PassthroughOptions, passthrough};
pub use plan::{Kind, Other, Plan};
pub use run::run;
pub use text::text;

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The broker, at some request.
    #[error("the broker: {0}")]
    Broker(#[from] lapin::Error),
    /// The broker is not there.
    #[error(transparent)]
    Transport(#[from] crate::broker::TransportError),
    /// A file or a process.
    #[error("{what}")]
    System {
        /// What was tried.
        what: String,
        /// What it ended with.
        source: std::io::Error,
    },
    /// A process under measurement did not do its part.
    #[error("{0}")]
    Contestant(String),
}

impl BenchError {
    fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}
