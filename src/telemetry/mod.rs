//! Metrics and logs: what an operator sees of the daemon.
//!
//! Every metric is declared once, in [`metric`]. Whatever is worth a line in the log or a count is a struct in
//! [`occurrence`] with an `emit()` that does both, so that the two never tell different stories. What happens for every
//! ticket goes through [`Meters`], which keeps its handles.
//!
//! Without a recorder all of it works and counts nothing, so tests need none. Nothing here ever sees a secret: an
//! occurrence holds what its author put in, and a broker's URI or a token is never a member.

mod echoes;
pub mod labels;
pub mod logging;
pub mod meters;
pub mod metric;
pub mod occurrence;
pub mod recorder;
pub mod traces;

pub use labels::Labels;
pub use meters::{InboundOutcome, Meters};
pub use recorder::{PrometheusHandle, install_recorder, run_upkeep};
